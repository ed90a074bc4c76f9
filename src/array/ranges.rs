//! Values in a row: ranges, and numbers at equal distances or ratios.
//!
//! They are never buffers: index arithmetic inside the loop that uses them.

use std::ops::Range;

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::sealed::Sealed;
use crate::array::build::{self, constant};
use crate::array::fallible::fallible;
use crate::array::operand::Arg;
use crate::base::{DType, Error, ErrorKind, Result, Scalar, Shape, Type};
use crate::graph::Op;
use crate::op::Binary;

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
        linspace(start, stop, count, true)
    }

    /// `count` values of `f64` in equal steps from `start` to before `stop`: `linspace` with
    /// `endpoint=False`.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::linspace_open(0.0, 1.0, 4).to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn linspace_open(start: f64, stop: f64, count: usize) {
        linspace(start, stop, count, false)
    }

    /// `count` values of `f64` from `base` to the power `start` to `base` to the power `stop`, in equal steps
    /// of the exponent.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::logspace(0.0, 3.0, 4, 10.0).to_vec::<f64>()?, [1.0, 10.0, 100.0, 1000.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn logspace(start: f64, stop: f64, count: usize, base: f64) {
        let exponents = linspace(start, stop, count, true)?;
        let base = constant("logspace", base.into(), exponents.ty().shape.clone())?;
        build::binary(Binary::Pow, base.into(), exponents.into())
    }

    /// `count` values of `f64` in equal ratios from `start` to `stop`, both included. They are of one sign,
    /// and not 0.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = Array::geomspace(1.0, 8.0, 4);
    /// assert!(x.allclose(&array![1.0, 2.0, 4.0, 8.0])?);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn geomspace(start: f64, stop: f64, count: usize) {
        geomspace(start, stop, count)
    }
}

/// `[0, 1, 2, …]` of `i64`.
#[track_caller]
pub(super) fn iota(op: &str, count: usize) -> Result<Array> {
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

/// With its end, the last element is `stop` itself, not what rounding makes of it.
#[track_caller]
fn linspace(start: f64, stop: f64, count: usize, with_end: bool) -> Result<Array> {
    let index = iota("linspace", count)?;
    let steps = if with_end { count.saturating_sub(1) } else { count };
    if steps == 0 {
        return constant("linspace", start.into(), Shape::new([count]));
    }
    let step = (stop - start) / steps as f64;
    let values = build::cast("linspace", &index, DType::F64)?;
    let values = with_scalar("linspace", Binary::Multiply, values, step.into())?;
    let values = with_scalar("linspace", Binary::Add, values, start.into())?;
    if !with_end {
        return Ok(values);
    }
    ended("linspace", &index, values, steps, stop)
}

/// `values` with `end` at index `last`, where they end.
#[track_caller]
fn ended(op: &str, index: &Array, values: Array, last: usize, end: f64) -> Result<Array> {
    let before_last = with_scalar(op, Binary::Less, index.clone(), (last as i64).into())?;
    let end = constant(op, end.into(), values.ty().shape.clone())?;
    build::select(op, Arg::Array(before_last), Arg::Array(values), Arg::Array(end))
}

/// Powers of 10 between logarithms; both ends are exact.
#[track_caller]
fn geomspace(start: f64, stop: f64, count: usize) -> Result<Array> {
    let sign = start.signum();
    // Of no numbers too, where neither NaN nor 0 has a sign.
    if !(sign * start > 0.0 && sign * stop > 0.0) {
        let why = format!("geomspace: no ratios lead from {start} to {stop}");
        return Err(Error::new(ErrorKind::Value, why));
    }
    let logarithm = |bound: f64| -> Result<f64> {
        let value = Array::scalar(bound.abs()).try_log10()?;
        Ok(value.0.constant().map_or(bound.abs().log10(), Scalar::to_f64))
    };
    let exponents = linspace(logarithm(start)?, logarithm(stop)?, count, true)?;
    let shape = exponents.ty().shape.clone();
    let base = constant("geomspace", 10.0.into(), shape.clone())?;
    let values = build::binary(Binary::Pow, base.into(), exponents.into())?;
    let values = with_scalar("geomspace", Binary::Multiply, values, sign.into())?;
    let index = iota("geomspace", count)?;
    let values = match count {
        0 | 1 => values,
        _ => ended("geomspace", &index, values, count - 1, stop)?,
    };
    let after_first = with_scalar("geomspace", Binary::Greater, index, 0_i64.into())?;
    let start = constant("geomspace", start.into(), shape)?;
    build::select("geomspace", Arg::Array(after_first), Arg::Array(values), Arg::Array(start))
}

/// `op` of every element and `value`, of one dtype.
#[track_caller]
pub(super) fn with_scalar(name: &str, op: Binary, values: Array, value: Scalar) -> Result<Array> {
    let value = constant(name, value, values.ty().shape.clone())?;
    build::binary(op, Arg::Array(values), Arg::Array(value))
}
