//! How nodes are made. Every implicit conversion of the user's language becomes a node of its own
//! here: promotion a cast, broadcasting a view, a Rust scalar a constant of the right type; so the
//! compiler's graph has no rules of dtypes or shapes but equality.
//!
//! What is constant is computed here, on one element: casts, views and elementwise ops of constants
//! are constants.

use smallvec::{SmallVec, smallvec};

use crate::array::Array;
use crate::array::complex;
use crate::array::operand::Arg;
use crate::base::promotion::{Weak, promote, promote_all, promote_weak};
use crate::base::{DType, Error, ErrorKind, Kind, Result, Scalar, Shape, Type};
use crate::graph::{Element, Op, View, infer};
use crate::op::{Binary, Fold, HostOp, Unary, Values, eval};

/// `value` at every element.
#[track_caller]
pub(super) fn constant(op: &str, value: Scalar, shape: Shape) -> Result<Array> {
    let ty = Type::checked(op, value.dtype(), shape)?;
    Ok(Array::lazy(Op::Const(value), SmallVec::new(), ty))
}

/// `value` at every element, in `dtype`.
#[track_caller]
pub(super) fn number(op: &str, value: Weak, dtype: DType, shape: Shape) -> Result<Array> {
    if dtype.is_complex() {
        return complex::constant(op, Arg::Weak(value), dtype, &shape);
    }
    constant(op, weak(op, value, dtype)?, shape)
}

/// `weak` as a value of `dtype`, which is not complex.
pub(super) fn weak(op: &str, weak: Weak, dtype: DType) -> Result<Scalar> {
    weak.to_scalar(dtype).ok_or_else(|| {
        let message = match weak {
            Weak::Int(value) => format!("{op}: {value} does not fit {dtype}"),
            _ => format!("{op}: a complex number is no {dtype}"),
        };
        Error::new(ErrorKind::DType, message)
    })
}

/// `array` converted to `dtype`.
#[track_caller]
pub(super) fn cast(op: &str, array: &Array, dtype: DType) -> Result<Array> {
    if array.dtype() == dtype {
        return Ok(array.clone());
    }
    if array.is_complex() || dtype.is_complex() {
        return complex::cast(op, array, dtype);
    }
    if let Some(value) = array.0.constant() {
        return constant(op, value.cast(dtype), array.ty().shape.clone());
    }
    let ty = Type::checked(op, dtype, array.ty().shape.clone())?;
    Ok(Array::lazy(Op::Elementwise(Element::Cast), smallvec![array.clone()], ty))
}

/// The dtype in which routines of other crates compute with numbers of `dtype`.
#[cfg(any(feature = "fft", feature = "linalg"))]
pub(super) fn computes_in(dtype: DType) -> DType {
    if dtype.is_complex() {
        return dtype;
    }
    if dtype.is_float() && dtype.size() < DType::F64.size() { DType::F32 } else { DType::F64 }
}

/// `array` read as `shape`, which it broadcasts to.
#[track_caller]
pub(super) fn broadcast(op: &str, array: &Array, shape: &Shape) -> Result<Array> {
    let ty = Type::checked(op, array.dtype(), shape.clone())?;
    Ok(view(View::Broadcast, array, ty.shape))
}

/// `array` seen through `view` as `shape`. The caller has checked that it can be.
#[track_caller]
pub(super) fn view(view: View, array: &Array, shape: Shape) -> Array {
    let same = array.ty().shape == shape;
    let changes_nothing = match &view {
        View::Reshape | View::Broadcast => same,
        View::Permute(axes) => axes.iter().enumerate().all(|(result, &axis)| result == axis as usize),
        View::Slice(slices) => same && slices.iter().all(|&slice| slice == (0, 1)),
        View::Affine(map) => same && map.is_identity(),
    };
    if changes_nothing {
        return array.clone();
    }
    if array.is_complex() {
        return complex::view(&view, array, &shape);
    }
    let ty = Type::new(array.dtype(), shape);
    match array.0.constant() {
        Some(value) => Array::lazy(Op::Const(value), SmallVec::new(), ty),
        None => Array::lazy(Op::View(view), smallvec![array.clone()], ty),
    }
}

/// `array` under another shape of as many elements.
#[track_caller]
pub(super) fn reshaped(array: &Array, shape: Shape) -> Array {
    view(View::Reshape, array, shape)
}

/// `array`, of whole numbers, as indices.
#[track_caller]
pub(super) fn integers(op: &str, array: &Array) -> Result<Array> {
    if array.dtype().kind() != Kind::Int {
        return Err(Error::new(ErrorKind::DType, format!("{op}: {} holds no integers", array.ty())));
    }
    cast(op, array, DType::I64)
}

/// An array of integers as indices that are read, not computed: as it is, but for `u64`.
#[track_caller]
pub(super) fn indices(op: &str, array: &Array) -> Result<Array> {
    match array.dtype() {
        dtype if dtype.kind() == Kind::Int && dtype != DType::U64 => Ok(array.clone()),
        _ => integers(op, array),
    }
}

/// `host` of arrays that it takes.
#[track_caller]
pub(super) fn host(op: &str, host: HostOp, args: SmallVec<[Array; 2]>) -> Result<Array> {
    if args[0].is_complex() {
        return complex::host(op, host, args);
    }
    let ty = {
        let types: SmallVec<[&Type; 4]> = args.iter().map(Array::ty).collect();
        let wrong = || Error::new(ErrorKind::Internal, format!("{op}: {host} of {types:?}"));
        host.result(&types).ok_or_else(wrong)?
    };
    let ty = Type::checked(op, ty.dtype, ty.shape)?;
    Ok(Array::lazy(Op::Host(host), args, ty))
}

/// A scalar op on arrays of the shape of its result, of the dtypes it takes.
#[track_caller]
fn elementwise(element: Element, args: SmallVec<[Array; 2]>, ty: Type) -> Array {
    if args.iter().all(|arg| arg.0.constant().is_some()) {
        let constants: SmallVec<[Scalar; 3]> = args.iter().filter_map(|arg| arg.0.constant()).collect();
        if let Some(value) = fold(element, &constants) {
            return Array::lazy(Op::Const(value), SmallVec::new(), ty);
        }
    }
    Array::lazy(Op::Elementwise(element), args, ty)
}

/// The value of `element` on one element of each argument; `None` if running it is an error, which
/// then is one of running.
fn fold(element: Element, args: &[Scalar]) -> Option<Scalar> {
    let columns: SmallVec<[Values; 3]> = args.iter().map(|&arg| Values::splat(arg, 1)).collect();
    let mut errors = 0;
    let value = match (element, &columns[..]) {
        (Element::Unary(op), [a]) => eval::unary(op, a, &mut errors),
        (Element::Binary(op), [a, b]) => eval::binary(op, a, b, &mut errors),
        (Element::Select, [mask, yes, no]) => Values::select(mask.as_bool(), yes, no),
        _ => return None,
    };
    (errors == 0).then(|| value.get(0))
}

/// `op` of every element.
#[track_caller]
pub(super) fn unary(op: Unary, array: &Array) -> Result<Array> {
    if array.is_complex() {
        return complex::unary(op, array);
    }
    let (computes, result) = infer::unary(op, array.dtype())?;
    let array = cast(op.name(), array, computes)?;
    let ty = Type::checked(op.name(), result, array.ty().shape.clone())?;
    Ok(elementwise(Element::Unary(op), smallvec![array], ty))
}

/// `op` of every pair of elements.
#[track_caller]
pub(super) fn binary(op: Binary, a: Arg, b: Arg) -> Result<Array> {
    if let (Binary::Pow, Arg::Array(base), Arg::Weak(exponent)) = (op, &a, &b)
        && let Some(power) = small_power(base, *exponent)
    {
        return power;
    }
    let name = op.name();
    let shape = meeting_shape(name, &[&a, &b])?;
    let met = meeting_dtype(name, &[&a, &b])?;
    if met.is_complex() {
        return complex::binary(op, a, b, met, &shape);
    }
    let (computes, result) = infer::binary(op, met)?;
    let a = spread(name, a, computes, &shape)?;
    let b = spread(name, b, computes, &shape)?;
    Ok(elementwise(Element::Binary(op), smallvec![a, b], Type::checked(name, result, shape)?))
}

/// `yes` where `mask` is true, else `no`.
#[track_caller]
pub(super) fn select(op: &str, mask: Arg, yes: Arg, no: Arg) -> Result<Array> {
    let shape = meeting_shape(op, &[&mask, &yes, &no])?;
    let given = meeting_dtype(op, &[&mask])?;
    if given != DType::Bool {
        return Err(Error::new(ErrorKind::DType, format!("{op}: the mask is {given}, not bool")));
    }
    let dtype = meeting_dtype(op, &[&yes, &no])?;
    let mask = spread(op, mask, DType::Bool, &shape)?;
    if dtype.is_complex() {
        return complex::select(op, &mask, yes, no, dtype);
    }
    let yes = spread(op, yes, dtype, &shape)?;
    let no = spread(op, no, dtype, &shape)?;
    Ok(elementwise(Element::Select, smallvec![mask, yes, no], Type::checked(op, dtype, shape)?))
}

/// A power with a small whole exponent, as products; an error for integers to a negative power;
/// `None` for all others, which are powers.
#[track_caller]
fn small_power(base: &Array, exponent: Weak) -> Option<Result<Array>> {
    let dtype = promote_weak(base.dtype(), exponent);
    let whole = match exponent {
        Weak::Int(n) => n,
        Weak::Float(x) if x.fract() == 0.0 && x.abs() < 1e9 => x as i128,
        _ => return None,
    };
    if whole < 0 && dtype.kind() < Kind::Float {
        let message = format!("pow: {dtype} cannot be raised to the negative power {whole}");
        return Some(Err(Error::new(ErrorKind::Value, message)));
    }
    // No closures: they would not pass the caller's place on.
    if (-4..0).contains(&whole) && dtype.is_complex() {
        return match product(base, dtype, -whole) {
            Ok(product) => Some(unary(Unary::Reciprocal, &product)),
            failed => Some(failed),
        };
    }
    if (0..=4).contains(&whole) { Some(product(base, dtype, whole)) } else { None }
}

#[track_caller]
fn product(base: &Array, dtype: DType, factors: i128) -> Result<Array> {
    let base = cast("pow", base, dtype)?;
    let shape = &base.ty().shape;
    match factors {
        0 => number("pow", Weak::Int(1), dtype, shape.clone()),
        1 => Ok(base),
        2 => unary(Unary::Square, &base),
        3 => binary(Binary::Multiply, Arg::Array(unary(Unary::Square, &base)?), Arg::Array(base)),
        _ => unary(Unary::Square, &unary(Unary::Square, &base)?),
    }
}

/// The shape in which operands meet.
pub(super) fn meeting_shape(op: &str, args: &[&Arg]) -> Result<Shape> {
    let types: SmallVec<[&Type; 3]> = args
        .iter()
        .filter_map(|arg| match arg {
            Arg::Array(array) => Some(array.ty()),
            Arg::Weak(_) => None,
        })
        .collect();
    infer::broadcast_types(op, &types)
}

/// The dtype in which operands meet: that of the arrays, raised by scalars of a higher kind.
pub(super) fn meeting_dtype(op: &str, args: &[&Arg]) -> Result<DType> {
    let arrays = args.iter().filter_map(|arg| match arg {
        Arg::Array(array) => Some(array.dtype()),
        Arg::Weak(_) => None,
    });
    let scalars = args.iter().filter_map(|arg| match arg {
        Arg::Weak(weak) => Some(*weak),
        Arg::Array(_) => None,
    });
    match common(op, arrays)? {
        Some(dtype) => Ok(scalars.fold(dtype, promote_weak)),
        None => Ok(common(op, scalars.map(Weak::default_dtype))?.unwrap_or(DType::F64)),
    }
}

/// The dtype in which arrays of `a` and `b` meet.
pub(super) fn common_of(op: &str, a: DType, b: DType) -> Result<DType> {
    promote(a, b).map_err(|error| infer::within(op, &error))
}

/// The dtype in which arrays of these dtypes meet; `None` of none.
pub(super) fn common(op: &str, dtypes: impl IntoIterator<Item = DType>) -> Result<Option<DType>> {
    promote_all(dtypes).map_err(|error| infer::within(op, &error))
}

/// The operand as an array of exactly `dtype` and `shape`.
#[track_caller]
pub(super) fn spread(op: &str, arg: Arg, dtype: DType, shape: &Shape) -> Result<Array> {
    match arg {
        Arg::Array(array) if array.dtype() == dtype && array.ty().shape == *shape => Ok(array),
        // Narrow before wide: a cast of a row is cheaper than one of all its copies.
        Arg::Array(array) => broadcast(op, &cast(op, &array, dtype)?, shape),
        Arg::Weak(value) => number(op, value, dtype, shape.clone()),
    }
}

/// `array` combined over `axes`, which disappear.
#[track_caller]
pub(super) fn reduce(fold: Fold, array: &Array, axes: &[u32]) -> Result<Array> {
    if array.is_complex() {
        return complex::reduce(fold, array, axes);
    }
    let given = array.dtype();
    let result = accumulated(fold, array, axes)?;
    cast(fold.name(), &result, fold.results_in(given))
}

/// The same in the dtype in which it accumulates.
#[track_caller]
fn accumulated(fold: Fold, array: &Array, axes: &[u32]) -> Result<Array> {
    let (computes, ty) = infer::reduce(fold, array.ty(), axes)?;
    let ty = Type::checked(fold.name(), ty.dtype, ty.shape)?;
    let array = cast(fold.name(), array, computes)?;
    if axes.is_empty() {
        // The only element is the result, its index is 0, and so is its distance from itself.
        return match fold {
            Fold::Deviations => binary(Binary::Subtract, array.clone().into(), array.into()),
            _ if fold.takes_index() => constant(fold.name(), Scalar::from(0_i64), ty.shape),
            _ => Ok(array),
        };
    }
    let over: usize = axes.iter().map(|&axis| array.shape()[axis as usize]).product();
    if over == 0 {
        let value = fold.empty(computes).expect("inference refuses folds without a value");
        return constant(fold.name(), value, ty.shape);
    }
    Ok(Array::lazy(Op::Reduce { fold, axes: axes.into() }, smallvec![array], ty))
}
