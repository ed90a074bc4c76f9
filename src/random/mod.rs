//! Random numbers: NumPy's streams, bit for bit, and a stream that any number of threads computes.
//!
//! - [`default_rng`] gives a [`Generator`], NumPy's `np.random.default_rng(seed)`.
//! - [`seed`] gives a [`RandomState`], NumPy's `np.random.seed(seed)` and the functions beside it, as a
//!   value: there is no global state.
//! - [`stream`] gives a [`Stream`]: lazy arrays whose elements depend on their place alone.
//!
//! The first two draw when they are called, on the calling thread, since every number depends on those
//! before it. Some of their distributions take logarithms and exponentials from the system, as NumPy does:
//! with another C library the last bit of a few numbers may differ, as it does for NumPy.
//!
//! # Examples
//! ```
//! use broadloom::prelude::*;
//! use broadloom::random;
//!
//! let mut rng = random::default_rng(42);
//! let x = rng.standard_normal([2, 2])?;
//! assert_eq!(x.to_vec::<f64>()?[..2], [0.30471707975443135, -1.0399841062404955]);
//! let dice = rng.integers(1..7, 3)?;
//! assert!(dice.to_vec::<i64>()?.iter().all(|eyes| (1..7).contains(eyes)));
//! # Ok::<(), broadloom::Error>(())
//! ```

mod bits;
mod generator;
mod legacy;
mod stream;
mod tables;
mod ziggurat;

use std::ops::Range;

use crate::array::{Array, ToShape, extents};
use crate::base::{Element, Error, ErrorKind, Result, Type};

pub use generator::{Generator, default_rng};
pub use legacy::{RandomState, seed};
pub use stream::{Stream, stream};

/// The array of `shape` of what `next` gives, in row-major order.
#[track_caller]
fn drawn<T: Element>(op: &str, shape: impl ToShape, next: impl FnMut() -> T) -> Result<Array> {
    let ty = Type::checked(op, T::DTYPE, extents(op, shape)?)?;
    let mut values = room(op, ty.shape.size())?;
    values.extend(std::iter::repeat_with(next).take(ty.shape.size()));
    Array::from_vec(values, &ty.shape[..])
}

/// A list with room for `count` elements.
fn room<T>(op: &str, count: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    match values.try_reserve_exact(count) {
        Ok(()) => Ok(values),
        Err(_) => Err(Error::new(ErrorKind::Memory, format!("{op}: no memory for {count} numbers"))),
    }
}

/// Checks that `scale`, a deviation or a mean, is no negative number.
fn check_scale(op: &str, scale: f64) -> Result<()> {
    if scale.is_nan() || scale.is_sign_negative() {
        return Err(wrong(op, format!("a scale of {scale} is not positive")));
    }
    Ok(())
}

/// How wide a range of floats is.
fn width(op: &str, range: &Range<f64>) -> Result<f64> {
    let width = range.end - range.start;
    if !width.is_finite() {
        return Err(wrong(op, format!("the range {range:?} is not finite")));
    }
    Ok(width)
}

/// How far the last of a range of integers is from the first.
fn reach(op: &str, range: &Range<i64>) -> Result<u64> {
    if range.is_empty() {
        return Err(wrong(op, format!("the range {range:?} is empty")));
    }
    Ok(range.end.wrapping_sub(range.start) as u64 - 1)
}

/// An error of `op` about what it was given.
fn wrong(op: &str, why: String) -> Error {
    Error::new(ErrorKind::Value, format!("{op}: {why}"))
}
