//! Complex arrays, which programs know as arrays of floats with one more axis, the last, of two: the real and the
//! imaginary parts, as they lie in memory. So nothing below this room computes with complex numbers, and their
//! arithmetic is written here and in `functions` as operations on parts, which fuse like any other.
//!
//! A lazy complex array is always put together of two parts: a view of them side by side. Taking a part of it is
//! taking what it was put together of (`opt/simplify.rs`).

mod functions;

use smallvec::{SmallVec, smallvec};

use crate::array::Array;
use crate::array::build;
use crate::array::fallible::{fallible, fallible_functions, within};
use crate::array::manipulate::part as part_of;
use crate::array::operand::{Arg, Operand};
use crate::array::views::{self, permuted};
use crate::base::promotion::Weak;
use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::graph::{Op, View, infer};
use crate::op::{Binary, Fold, HostOp, Unary, Update};

fallible! {
    /// The real parts of complex numbers, in the floats that they are made of; the array as it is if it holds none.
    ///
    /// # Examples
    /// ```
    /// use broadloom::{c64, prelude::*};
    ///
    /// let z = array![c64::new(1.0, 2.0), c64::new(3.0, -0.5)];
    /// assert_eq!(z.real().to_vec::<f32>()?, [1.0, 3.0]);
    /// assert_eq!(z.imag().to_vec::<f32>()?, [2.0, -0.5]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn real(&self) {
        Ok(if self.is_complex() { part(self, 0) } else { self.clone() })
    }

    /// The imaginary parts of complex numbers; 0 of all others.
    pub fn imag(&self) {
        if self.is_complex() { Ok(part(self, 1)) } else { Array::try_zeros(self.shape(), self.dtype()) }
    }

    /// Complex numbers with the sign of the imaginary part changed; the array as it is if it holds none.
    #[doc(alias = "conjugate")]
    pub fn conj(&self) {
        if !self.is_complex() {
            return Ok(self.clone());
        }
        let Parts { re, im } = Parts::of(self);
        Ok(Parts { re, im: im.try_negative()? }.array())
    }

    /// The angle of complex numbers with the first axis, in radians, in [-pi, pi]; of floats 0, pi or NaN.
    #[doc(alias = "arg")]
    #[doc(alias = "phase")]
    pub fn angle(&self) {
        if self.is_complex() {
            let Parts { re, im } = Parts::of(self);
            return im.try_atan2(re);
        }
        within("angle", build::binary(Binary::Atan2, 0.0.operand(), self.operand()))
    }
}

fallible_functions! {
    /// The complex numbers of these real and imaginary parts, under broadcasting and promotion: `c64` of floats of
    /// up to 32 bits, `c128` of all else.
    ///
    /// # Examples
    /// ```
    /// use broadloom::{c128, complex, prelude::*};
    ///
    /// let z = complex(array![3.0, 0.0], 4.0);
    /// assert_eq!(z.to_vec::<c128>()?, [c128::new(3.0, 4.0), c128::new(0.0, 4.0)]);
    /// assert_eq!(z.abs().to_vec::<f64>()?, [5.0, 4.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn complex(re: impl Operand, im: impl Operand) {
        let (re, im) = (re.operand(), im.operand());
        let given = build::meeting_dtype("complex", &[&re, &im])?;
        if given.is_complex() {
            return Err(infer::takes_no("complex", given));
        }
        let dtype = given.to_float().to_complex();
        let ty = Type::checked("complex", dtype, build::meeting_shape("complex", &[&re, &im])?)?;
        let re = build::spread("complex", re, dtype.part(), &ty.shape)?;
        let im = build::spread("complex", im, dtype.part(), &ty.shape)?;
        Ok(Parts { re, im }.array())
    }
}

impl Array {
    /// Whether the elements are complex numbers.
    ///
    /// # Examples
    /// ```
    /// use broadloom::{complex, prelude::*};
    ///
    /// assert!(complex(array![1.0], 2.0).is_complex() && !array![1.0].is_complex());
    /// ```
    #[doc(alias = "iscomplexobj")]
    pub fn is_complex(&self) -> bool {
        self.dtype().is_complex()
    }
}

/// The type that values of `ty` have in a program.
pub(super) fn in_programs(ty: &Type) -> Type {
    if !ty.dtype.is_complex() {
        return ty.clone();
    }
    Type::new(ty.dtype.part(), ty.shape.iter().copied().chain([2]).collect::<Shape>())
}

/// The parts of a complex array along one more axis. It is the same memory.
#[track_caller]
pub(super) fn as_floats(array: &Array) -> Array {
    Array::lazy(Op::View(View::Reshape), smallvec![array.clone()], in_programs(array.ty()))
}

/// The complex numbers whose parts are along the last axis, which has two.
#[track_caller]
pub(super) fn as_complex(floats: &Array) -> Array {
    let shape = &floats.shape()[..floats.ndim() - 1];
    let ty = Type::new(floats.dtype().to_complex(), shape);
    Array::lazy(Op::View(View::Reshape), smallvec![floats.clone()], ty)
}

/// Part 0 or 1 of complex numbers.
#[track_caller]
fn part(array: &Array, number: i64) -> Array {
    let floats = as_floats(array);
    let slices = (0..array.ndim()).map(|_| (0, 1)).chain([(number, 1)]).collect();
    let shape = array.shape().iter().copied().chain([1]).collect();
    let column = build::view(View::Slice(slices), &floats, shape);
    build::reshaped(&column, array.ty().shape.clone())
}

/// Real and imaginary parts: floats of one type.
#[derive(Clone)]
struct Parts {
    re: Array,
    im: Array,
}

impl Parts {
    /// Those of complex numbers.
    #[track_caller]
    fn of(array: &Array) -> Self {
        Self { re: part(array, 0), im: part(array, 1) }
    }

    /// The complex numbers that have them.
    #[track_caller]
    fn array(self) -> Array {
        let column: Shape = self.re.shape().iter().copied().chain([1]).collect();
        let pair: Shape = self.re.shape().iter().copied().chain([2]).collect();
        let ty = Type::new(self.re.dtype(), pair);
        let axis = self.re.ndim() as u32;
        let columns = smallvec![build::reshaped(&self.re, column.clone()), build::reshaped(&self.im, column)];
        as_complex(&Array::lazy(Op::Join { axis }, columns, ty))
    }

    /// Those of an operand as an array of `dtype`, which is complex, and `shape`.
    #[track_caller]
    fn spread(op: &str, arg: Arg, dtype: DType, shape: &Shape) -> Result<Self> {
        let (re, im) = match arg {
            Arg::Weak(value) => {
                let (re, im) = value.parts();
                (Arg::Weak(re), Arg::Weak(im))
            }
            Arg::Array(array) if array.is_complex() => {
                let Parts { re, im } = Self::of(&array);
                (Arg::Array(re), Arg::Array(im))
            }
            real => (real, 0.0.operand()),
        };
        let re = build::spread(op, re, dtype.part(), shape)?;
        Ok(Self { re, im: build::spread(op, im, dtype.part(), shape)? })
    }

    /// Where both are 0, `bool`.
    #[track_caller]
    fn are_zero(&self) -> Result<Array> {
        self.re.try_equal(0)?.try_logical_and(self.im.try_equal(0)?)
    }

    /// Where either is not 0, `bool`.
    #[track_caller]
    fn are_not_zero(&self) -> Result<Array> {
        self.re.try_not_equal(0)?.try_logical_or(self.im.try_not_equal(0)?)
    }
}

/// The complex numbers of these parts, which have one type.
#[track_caller]
pub(super) fn of_parts(re: Array, im: Array) -> Array {
    Parts { re, im }.array()
}

/// A number at every element, of `dtype`, which is complex.
#[track_caller]
pub(super) fn constant(op: &str, value: Arg, dtype: DType, shape: &Shape) -> Result<Array> {
    let ty = Type::checked(op, dtype, shape.clone())?;
    Ok(Parts::spread(op, value, dtype, &ty.shape)?.array())
}

/// A conversion of complex numbers, or to them.
#[track_caller]
pub(super) fn cast(op: &str, array: &Array, dtype: DType) -> Result<Array> {
    if dtype.is_complex() {
        let ty = Type::checked(op, dtype, array.ty().shape.clone())?;
        return Ok(Parts::spread(op, array.operand(), dtype, &ty.shape)?.array());
    }
    if dtype == DType::Bool {
        return Parts::of(array).are_not_zero();
    }
    let message =
        format!("{op}: {} is no {dtype}: take the real() or imag() part, or the abs()", array.dtype());
    Err(Error::new(ErrorKind::DType, message))
}

/// Complex numbers seen through a view.
#[track_caller]
pub(super) fn view(view: &View, array: &Array, shape: &Shape) -> Array {
    let Parts { re, im } = Parts::of(array);
    let re = build::view(view.clone(), &re, shape.clone());
    Parts { re, im: build::view(view.clone(), &im, shape.clone()) }.array()
}

/// Complex arrays of one dtype side by side.
#[track_caller]
pub(super) fn joined(op: &str, arrays: &[Array], axis: usize) -> Result<Array> {
    let (mut re, mut im): (SmallVec<[Array; 2]>, SmallVec<[Array; 2]>) = (SmallVec::new(), SmallVec::new());
    for array in arrays {
        re.push(part(array, 0));
        im.push(part(array, 1));
    }
    Ok(Parts { re: views::joined(op, re, axis)?, im: views::joined(op, im, axis)? }.array())
}

/// `mask ? yes : no`, of `dtype`, which is complex.
#[track_caller]
pub(super) fn select(op: &str, mask: &Array, yes: Arg, no: Arg, dtype: DType) -> Result<Array> {
    let ty = Type::checked(op, dtype, mask.ty().shape.clone())?;
    let yes = Parts::spread(op, yes, dtype, &ty.shape)?;
    let no = Parts::spread(op, no, dtype, &ty.shape)?;
    let re = build::select(op, mask.operand(), yes.re.into(), no.re.into())?;
    Ok(Parts { re, im: build::select(op, mask.operand(), yes.im.into(), no.im.into())? }.array())
}

/// What host operations move or add up of complex arrays, as rows of two.
#[track_caller]
pub(super) fn host(op: &str, host: HostOp, mut args: SmallVec<[Array; 2]>) -> Result<Array> {
    let host = match host {
        HostOp::Compress { .. }
        | HostOp::Gather { .. }
        | HostOp::Scatter { update: Update::Set | Update::Add, .. } => host,
        HostOp::Assign { update: update @ (Update::Set | Update::Add), mut window } => {
            window.push((0, 2, 1));
            HostOp::Assign { update, window }
        }
        HostOp::Scan(Fold::Sum) => {
            let Parts { re, im } = Parts::of(&args[0]);
            let re = build::host(op, HostOp::Scan(Fold::Sum), smallvec![re])?;
            return Ok(Parts { re, im: build::host(op, HostOp::Scan(Fold::Sum), smallvec![im])? }.array());
        }
        HostOp::Scan(Fold::Prod) => return running_products(&args[0]),
        HostOp::Scatter { .. } | HostOp::Assign { .. } => {
            return Err(infer::takes_no(op, args[0].dtype()));
        }
        _ => return Err(no_order(op)),
    };
    for arg in &mut args {
        if arg.is_complex() {
            *arg = as_floats(arg);
        }
    }
    Ok(as_complex(&build::host(op, host, args)?))
}

/// Complex numbers combined over `axes`.
#[track_caller]
pub(super) fn reduce(fold: Fold, array: &Array, axes: &[u32]) -> Result<Array> {
    match fold {
        Fold::Sum => {
            let Parts { re, im } = Parts::of(array);
            let re = build::reduce(fold, &re, axes)?;
            Ok(Parts { re, im: build::reduce(fold, &im, axes)? }.array())
        }
        Fold::Any | Fold::All => build::reduce(fold, &Parts::of(array).are_not_zero()?, axes),
        Fold::Prod => prod(array, axes),
        Fold::Max | Fold::Min | Fold::Argmax | Fold::Argmin => Err(no_order(fold.name())),
        Fold::Deviations => Err(infer::takes_no(fold.name(), array.dtype())),
    }
}

/// The product over `axes`: of the elements in row-major order each of the first half with the one as far into the
/// second, until one is left; of an odd number the last waits.
#[track_caller]
fn prod(array: &Array, axes: &[u32]) -> Result<Array> {
    let reduced = |axis: &usize| axes.contains(&(*axis as u32));
    let kept: SmallVec<[usize; 4]> = (0..array.ndim()).filter(|axis| !reduced(axis)).collect();
    let order: SmallVec<[usize; 4]> = kept.iter().copied().chain((0..array.ndim()).filter(reduced)).collect();
    let shape: Shape = kept.iter().map(|&axis| array.shape()[axis]).collect();
    let mut left: usize = axes.iter().map(|&axis| array.shape()[axis as usize]).product();
    if left == 0 {
        return build::number("prod", Weak::Int(1), array.dtype(), shape);
    }
    let rows: Shape = shape.iter().copied().chain([left]).collect();
    let mut factors = build::reshaped(&permuted(array, &order), rows);
    while left > 1 {
        let half = left / 2;
        let axis = shape.rank();
        let first = part_of(&factors, axis, (0, 1), half);
        let second = part_of(&factors, axis, (half as i64, 1), half);
        let mut products = build::binary(Binary::Multiply, first.into(), second.into())?;
        if left % 2 == 1 {
            let last = part_of(&factors, axis, (left as i64 - 1, 1), 1);
            products = views::joined("prod", smallvec![products, last], axis)?;
        }
        (factors, left) = (products, left - half);
    }
    Ok(build::reshaped(&factors, shape))
}

/// The products of the elements along the last axis up to each: those at odd places are the running products of pairs,
/// and those at even ones the product before them times the element.
#[track_caller]
fn running_products(array: &Array) -> Result<Array> {
    let axis = array.ndim() - 1;
    let pairs_of = |factors: &Array, half| {
        let (first, second) = (part_of(factors, axis, (0, 2), half), part_of(factors, axis, (1, 2), half));
        build::binary(Binary::Multiply, first.into(), second.into())
    };
    // Each level has the products of the pairs of the one before.
    let mut levels: SmallVec<[Array; 8]> = smallvec![array.clone()];
    while let Some(last) = levels.last().filter(|last| last.shape()[axis] > 1) {
        let pairs = pairs_of(last, last.shape()[axis] / 2)?;
        levels.push(pairs);
    }
    let mut products = levels.pop().expect("the array itself is one");
    for factors in levels.iter().rev() {
        let (count, half) = (factors.shape()[axis], factors.shape()[axis] / 2);
        let later = (count - 1) / 2;
        let before = part_of(&products, axis, (0, 1), later);
        let own = part_of(factors, axis, (2, 2), later);
        let later = build::binary(Binary::Multiply, before.into(), own.into())?;
        let even =
            views::joined("cumulative_prod", smallvec![part_of(factors, axis, (0, 1), 1), later], axis)?;
        let mut woven =
            views::try_stack([&part_of(&even, axis, (0, 1), half), &products], axis as isize + 1)?;
        woven = build::reshaped(&woven, woven.shape()[..axis].iter().copied().chain([2 * half]).collect());
        products = match count % 2 {
            0 => woven,
            _ => views::joined(
                "cumulative_prod",
                smallvec![woven, part_of(&even, axis, (half as i64, 1), 1)],
                axis,
            )?,
        };
    }
    Ok(products)
}

/// Complex numbers divided by a count, each part rounded once.
#[track_caller]
pub(super) fn divided(array: &Array, count: f64) -> Result<Array> {
    let Parts { re, im } = Parts::of(array);
    Ok(Parts { re: re.try_divide(count)?, im: im.try_divide(count)? }.array())
}

/// The sum of products of complex numbers, given those of real parts, of imaginary parts, of real and imaginary
/// parts, and of imaginary and real ones; with `conjugate`, of the conjugates of the first numbers.
#[track_caller]
pub(super) fn product(of_parts: [Array; 4], conjugate: bool) -> Result<Array> {
    let [re, im, re_im, im_re] = of_parts;
    let parts = match conjugate {
        false => Parts { re: re.try_subtract(im)?, im: re_im.try_add(im_re)? },
        true => Parts { re: re.try_add(im)?, im: re_im.try_subtract(im_re)? },
    };
    Ok(parts.array())
}

/// The real and the imaginary parts of complex numbers.
#[track_caller]
pub(super) fn parts(array: &Array) -> (Array, Array) {
    (part(array, 0), part(array, 1))
}

/// The error of what asks for the larger of two complex numbers.
pub(super) fn no_order(op: &str) -> Error {
    Error::new(ErrorKind::DType, format!("{op}: complex numbers have no order"))
}

/// `op` of every complex number.
#[track_caller]
pub(super) fn unary(op: Unary, array: &Array) -> Result<Array> {
    let z = Parts::of(array);
    let Parts { re, im } = &z;
    let parts = match op {
        Unary::Negative => Parts { re: re.try_negative()?, im: im.try_negative()? },
        Unary::Round => Parts { re: re.try_round()?, im: im.try_round()? },
        Unary::Abs => return re.try_hypot(im),
        Unary::IsNan => return re.try_isnan()?.try_logical_or(im.try_isnan()?),
        Unary::IsInf => return re.try_isinf()?.try_logical_or(im.try_isinf()?),
        Unary::IsFinite => return re.try_isfinite()?.try_logical_and(im.try_isfinite()?),
        Unary::LogicalNot => return z.are_zero(),
        Unary::Floor | Unary::Ceil | Unary::Trunc => return Err(no_order(op.name())),
        _ => match z.function(op)? {
            Some(parts) => parts,
            None => return Err(infer::takes_no(op.name(), array.dtype())),
        },
    };
    Ok(parts.array())
}

/// `op` of every pair of numbers that meet in `dtype`, which is complex.
#[track_caller]
pub(super) fn binary(op: Binary, a: Arg, b: Arg, dtype: DType, shape: &Shape) -> Result<Array> {
    let name = op.name();
    match op {
        Binary::Add
        | Binary::Subtract
        | Binary::Multiply
        | Binary::Divide
        | Binary::Pow
        | Binary::Equal
        | Binary::NotEqual
        | Binary::LogicalAnd
        | Binary::LogicalOr
        | Binary::LogicalXor => {}
        Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual
        | Binary::Maximum
        | Binary::Minimum => return Err(no_order(name)),
        _ => return Err(infer::takes_no(name, dtype)),
    }
    Type::checked(name, dtype, shape.clone())?;
    let a = Parts::spread(name, a, dtype, shape)?;
    let b = Parts::spread(name, b, dtype, shape)?;
    let parts = match op {
        Binary::Add => Parts { re: a.re.try_add(b.re)?, im: a.im.try_add(b.im)? },
        Binary::Subtract => Parts { re: a.re.try_subtract(b.re)?, im: a.im.try_subtract(b.im)? },
        Binary::Multiply => a.times(&b)?,
        Binary::Divide => a.over(&b)?,
        Binary::Pow => a.to_the(&b)?,
        Binary::Equal => return a.re.try_equal(b.re)?.try_logical_and(a.im.try_equal(b.im)?),
        Binary::NotEqual => return a.re.try_not_equal(b.re)?.try_logical_or(a.im.try_not_equal(b.im)?),
        truth => {
            let (a, b) = (a.are_not_zero()?, b.are_not_zero()?);
            return build::binary(truth, a.into(), b.into());
        }
    };
    Ok(parts.array())
}
