//! Where arrays come from: data of the caller, and values that can be computed from an index.
//!
//! The second kind is never a buffer: `zeros`, `arange` and their like are constants and index
//! arithmetic inside the loop that uses them.

use std::ops::Range;

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{ToShape, clamp, extents, extents_of, sealed::Sealed};
use crate::array::build::{self, constant};
use crate::array::fallible::fallible;
use crate::array::operand::{Arg, Scalarlike};
use crate::base::{DType, Element, Error, ErrorKind, Result, Scalar, Shape, Type};
use crate::graph::Op;
use crate::op::Binary;
use crate::runtime::Buffer;

/// Arrays from data.
impl Array {
    /// The array of these values in row-major order, of shape `shape`. The memory of `values` is
    /// taken over, not copied.
    ///
    /// # Errors
    /// If `shape` has not as many elements as there are values; one extent may be -1.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = Array::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
    /// let y = Array::from_vec(vec![true, false], -1)?;
    /// # assert_eq!((x.shape(), y.shape()), (&[2, 3][..], &[2][..]));
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn from_vec<T: Element>(values: Vec<T>, shape: impl ToShape) -> Result<Array> {
        let ty = data_type::<T>("from_vec", values.len(), shape)?;
        Ok(Array::stored(ty, Buffer::from_vec(values)))
    }

    /// The array of a copy of these values in row-major order, of shape `shape`.
    ///
    /// # Errors
    /// If `shape` has not as many elements as there are values, or memory runs out.
    #[doc(alias = "asarray")]
    #[track_caller]
    pub fn from_slice<T: Element>(values: &[T], shape: impl ToShape) -> Result<Array> {
        let ty = data_type::<T>("from_slice", values.len(), shape)?;
        Ok(Array::stored(ty, Buffer::from_slice(values)?))
    }

    /// The array of nested Rust arrays, of their dtype: what [`array!`](crate::array!) expands to.
    #[track_caller]
    pub fn from_nested<N: Nested>(values: N) -> Array {
        let mut shape = SmallVec::new();
        N::shape(&mut shape);
        let mut flat = Vec::with_capacity(shape.iter().product());
        values.flatten(&mut flat);
        Array::stored(Type::new(N::Item::DTYPE, Shape::new(shape)), Buffer::from_vec(flat))
    }

    /// The array of rank 0 that holds `value`, of exactly its dtype: unlike a plain Rust number in
    /// an expression, it takes part in promotion.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = Array::zeros(3, F32);
    /// assert_eq!((&x * 2.0).dtype(), F32);
    /// assert_eq!((&x * Array::scalar(2.0)).dtype(), F64);
    /// ```
    #[track_caller]
    pub fn scalar<T: Element + Into<Scalar>>(value: T) -> Array {
        let value: Scalar = value.into();
        Array::lazy(Op::Const(value), SmallVec::new(), Type::new(value.dtype(), Shape::default()))
    }
}

fn data_type<T: Element>(op: &str, len: usize, shape: impl ToShape) -> Result<Type> {
    let written = shape.integers();
    let wrong = |why: String| Error::new(ErrorKind::Shape, format!("{op}: {why}"));
    let shape = if written.contains(&-1) {
        let all = Type::new(T::DTYPE, &[len][..]);
        let asked: SmallVec<[isize; 4]> = written.iter().map(|&n| clamp(n)).collect();
        crate::graph::infer::reshape(&all, &asked)
            .map_err(|_| wrong(format!("{len} values cannot have the shape {:?}", &written[..])))?
    } else {
        extents_of(op, &written)?
    };
    let ty = Type::checked(op, T::DTYPE, shape)?;
    if ty.shape.size() != len {
        return Err(wrong(format!("{ty} has {} elements, but there are {len} values", ty.shape.size())));
    }
    Ok(ty)
}

/// Rust arrays of rank 0 and up, nested: `1.0`, `[1.0, 2.0]`, `[[1, 2], [3, 4]]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the elements of an `Array`",
    label = "not a number, a truth value, or an array of such",
    note = "elements are `bool`, `i32`, `i64`, `f32` or `f64`, all of one type, in rows of one length"
)]
pub trait Nested {
    /// The type of the elements.
    #[doc(hidden)]
    type Item: Element;
    /// Appends the lengths, outermost first.
    #[doc(hidden)]
    fn shape(shape: &mut SmallVec<[usize; 4]>);
    /// Appends the elements in row-major order.
    #[doc(hidden)]
    fn flatten(self, values: &mut Vec<Self::Item>);
}

impl<T: Element> Nested for T {
    type Item = T;
    fn shape(_: &mut SmallVec<[usize; 4]>) {}
    fn flatten(self, values: &mut Vec<T>) {
        values.push(self);
    }
}

impl<N: Nested, const COUNT: usize> Nested for [N; COUNT] {
    type Item = N::Item;
    fn shape(shape: &mut SmallVec<[usize; 4]>) {
        shape.push(COUNT);
        N::shape(shape);
    }
    fn flatten(self, values: &mut Vec<N::Item>) {
        self.into_iter().for_each(|row| row.flatten(values));
    }
}

/// The array of these elements: `array![1.0, 2.0]`, `array![[1, 2], [3, 4]]`, `array![0.5; 8]`.
///
/// Literals have the types Rust gives them: integers are `i32`, floats `f64`. Write `1_i64` or
/// `1.0_f32` for others.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// assert_eq!(array![1, 2].dtype(), I32);
/// assert_eq!(array![[1.0_f32, 2.0], [3.0, 4.0]].shape(), [2, 2]);
/// assert_eq!(array![[[true], [false]]].shape(), [1, 2, 1]);
/// ```
#[macro_export]
macro_rules! array {
    ($value:expr; $count:expr) => { $crate::Array::from_nested([$value; $count]) };
    ($($value:expr),+ $(,)?) => { $crate::Array::from_nested([$($value),+]) };
}

/// The type of the bounds of [`Array::arange`] and [`Array::linspace`]: `i64` or `f64`, what integer
/// and float literals become here.
#[diagnostic::on_unimplemented(
    message = "a range of `{Self}` cannot be an `Array`",
    label = "expected `i64` or `f64`",
    note = "ranges are of `i64` or `f64`, so that literals need no suffix: write `0..n as i64`"
)]
pub trait Bound: Sealed + Copy {
    /// How many steps reach from `start` to before `end`.
    #[doc(hidden)]
    fn count(start: Self, end: Self, step: Self) -> Result<usize>;
    #[doc(hidden)]
    fn scalar(self) -> Scalar;
    #[doc(hidden)]
    const ONE: Self;
}

impl Bound for i64 {
    const ONE: Self = 1;
    fn count(start: i64, end: i64, step: i64) -> Result<usize> {
        let (start, end, step) = (i128::from(start), i128::from(end), i128::from(step));
        if step == 0 {
            return Err(zero_step());
        }
        let distance = (end - start) * step.signum();
        let count = if distance <= 0 { 0 } else { (distance - 1) / step.abs() + 1 };
        usize::try_from(count).map_err(|_| too_many())
    }
    fn scalar(self) -> Scalar {
        self.into()
    }
}

impl Bound for f64 {
    const ONE: Self = 1.0;
    fn count(start: f64, end: f64, step: f64) -> Result<usize> {
        if step == 0.0 {
            return Err(zero_step());
        }
        let count = ((end - start) / step).ceil();
        match count {
            _ if count.is_nan() => Err(Error::new(
                ErrorKind::Value,
                format!("arange: from {start} to {end} by {step} is no range"),
            )),
            _ if count >= isize::MAX as f64 => Err(too_many()),
            _ => Ok(count.max(0.0) as usize),
        }
    }
    fn scalar(self) -> Scalar {
        self.into()
    }
}

fn zero_step() -> Error {
    Error::new(ErrorKind::Value, "arange: the step is 0")
}

fn too_many() -> Error {
    Error::new(ErrorKind::Shape, "arange: more elements than memory can address")
}

fallible! {
    /// The array of `shape` and `dtype` that is 0 everywhere. It takes no memory.
    pub fn zeros(shape: impl ToShape, dtype: DType) {
        constant("zeros", Scalar::new(dtype, 0.0), extents("zeros", shape)?)
    }

    /// The array of `shape` and `dtype` that is 1 everywhere. It takes no memory.
    pub fn ones(shape: impl ToShape, dtype: DType) {
        constant("ones", Scalar::new(dtype, 1.0), extents("ones", shape)?)
    }

    /// The array of `shape` and `dtype` that is `value` everywhere. It takes no memory.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = Array::full([2, 2], 0.5, F32);
    /// assert_eq!(x.to_vec::<f32>()?, [0.5; 4]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn full(shape: impl ToShape, value: impl Scalarlike, dtype: DType) {
        constant("full", build::weak("full", value.weak(), dtype)?, extents("full", shape)?)
    }

    /// The values from the range's start to before its end, by 1: `i64` of a range of integers, `f64`
    /// of a range of floats.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::arange(2..5).to_vec::<i64>()?, [2, 3, 4]);
    /// assert_eq!(Array::arange(0.0..2.5).to_vec::<f64>()?, [0.0, 1.0, 2.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn arange<T: Bound>(range: Range<T>) {
        steps(range, T::ONE)
    }

    /// The values from the range's start to before its end, by `step`, which may be negative. (Clippy
    /// takes a range of literals that runs down for a mistake: `#[allow(clippy::reversed_empty_ranges)]`.)
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::arange_step(5..0, -2).to_vec::<i64>()?, [5, 3, 1]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn arange_step<T: Bound>(range: Range<T>, step: T) {
        steps(range, step)
    }

    /// `count` values of `f64` in equal steps from `start` to `stop`, both included.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::linspace(0.0, 1.0, 5).to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn linspace(start: f64, stop: f64, count: usize) {
        linspace(start, stop, count)
    }

    /// The identity matrix, `[n, n]` of `dtype`: 1 on the diagonal, 0 elsewhere. It takes no memory.
    #[doc(alias = "identity")]
    pub fn eye(n: usize, dtype: DType) {
        eye(n, dtype)
    }
}

/// Creators after an array's type.
impl Array {
    /// The array of the shape and dtype of `self` that is 0 everywhere.
    #[track_caller]
    pub fn zeros_like(&self) -> Array {
        Array::zeros(self.shape(), self.dtype())
    }

    /// The array of the shape and dtype of `self` that is 1 everywhere.
    #[track_caller]
    pub fn ones_like(&self) -> Array {
        Array::ones(self.shape(), self.dtype())
    }

    /// The array of the shape and dtype of `self` that is `value` everywhere.
    ///
    /// # Panics
    /// If `value` is an integer that does not fit the dtype.
    #[track_caller]
    pub fn full_like(&self, value: impl Scalarlike) -> Array {
        Array::full(self.shape(), value, self.dtype())
    }
}

/// `[0, 1, 2, …]` of `i64`.
#[track_caller]
fn iota(op: &str, count: usize) -> Result<Array> {
    let ty = Type::checked(op, DType::I64, Shape::new([count]))?;
    Ok(Array::lazy(Op::Iota, SmallVec::new(), ty))
}

/// `start + index * step`, computed in the dtype of the bounds. Every element is one product and
/// one sum of exact numbers, so errors do not add up along the array.
#[track_caller]
fn steps<T: Bound>(range: Range<T>, step: T) -> Result<Array> {
    let count = T::count(range.start, range.end, step)?;
    let (start, one, step) = (range.start.scalar(), T::ONE.scalar(), step.scalar());
    let mut values = build::cast("arange", &iota("arange", count)?, start.dtype())?;
    if step != one {
        values = with_scalar("arange", Binary::Multiply, values, step)?;
    }
    // From 0 downwards too: 0 * step is -0 then, and the first element is the start.
    if start != Scalar::new(start.dtype(), 0.0) || step.to_f64() < 0.0 {
        values = with_scalar("arange", Binary::Add, values, start)?;
    }
    Ok(values)
}

/// The last element is `stop` itself, not what rounding makes of it.
#[track_caller]
fn linspace(start: f64, stop: f64, count: usize) -> Result<Array> {
    let index = iota("linspace", count)?;
    if count < 2 {
        return constant("linspace", start.into(), Shape::new([count]));
    }
    let step = (stop - start) / (count - 1) as f64;
    let values = build::cast("linspace", &index, DType::F64)?;
    let values = with_scalar("linspace", Binary::Multiply, values, step.into())?;
    let values = with_scalar("linspace", Binary::Add, values, start.into())?;
    let before_last = with_scalar("linspace", Binary::Less, index, ((count - 1) as i64).into())?;
    let stop = constant("linspace", stop.into(), values.ty().shape.clone())?;
    build::select("linspace", Arg::Array(before_last), Arg::Array(values), Arg::Array(stop))
}

#[track_caller]
fn eye(n: usize, dtype: DType) -> Result<Array> {
    let ty = Type::checked("eye", dtype, Shape::new([n, n]))?;
    let index = iota("eye", n)?;
    let row = build::reshaped(&index, Shape::new([n, 1]));
    let diagonal = build::binary(Binary::Equal, Arg::Array(row), Arg::Array(index))?;
    build::cast("eye", &diagonal, ty.dtype)
}

/// `op` of every element and `value`, of one dtype.
#[track_caller]
fn with_scalar(name: &str, op: Binary, values: Array, value: Scalar) -> Result<Array> {
    let value = constant(name, value, values.ty().shape.clone())?;
    build::binary(op, Arg::Array(values), Arg::Array(value))
}
