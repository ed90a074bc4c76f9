//! Reductions: many elements become one, over some axes or all.

use crate::array::Array;
use crate::array::args::{Over, ToAxes};
use crate::array::build;
use crate::array::complex;
use crate::array::fallible::fallible;
use crate::base::{DType, Error, ErrorKind, Result, Scalar, Shape};
use crate::op::{Binary, Fold, Unary};

fallible! {
    /// The sum over `axes`. Integers and truth values add up in `i64`, and wrap;
    /// [`over`](crate::array::over)`(axes).dtype(F64)` adds up in `F64`.
    ///
    /// # Shapes
    /// The axes disappear; with [`over`](crate::array::over)`(axes).keepdims()` they stay with extent 1. So in
    /// every reduction.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1, 2, 3], [4, 5, 6]];
    /// assert_eq!(x.sum(0).to_vec::<i64>()?, [5, 7, 9]);
    /// assert_eq!(x.sum(over(-1).keepdims()).shape(), [2, 1]);
    /// assert_eq!(x.sum(..).item::<i64>()?, 21);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn sum(&self, axes: impl ToAxes) {
        accumulated("sum", Fold::Sum, self, axes.over())
    }

    /// The product over `axes`. Integers and truth values multiply in `i64`, and wrap; a dtype may be named as
    /// for [`sum`](Array::sum).
    pub fn prod(&self, axes: impl ToAxes) {
        accumulated("prod", Fold::Prod, self, axes.over())
    }

    /// The largest element along `axes`; NaN if any is. Of none there is none: that is an error.
    #[doc(alias = "amax")]
    pub fn max(&self, axes: impl ToAxes) {
        fold(Fold::Max, self, &axes.over())
    }

    /// The smallest element along `axes`; NaN if any is. Of none there is none: that is an error.
    #[doc(alias = "amin")]
    pub fn min(&self, axes: impl ToAxes) {
        fold(Fold::Min, self, &axes.over())
    }

    /// Whether any element along `axes` is true, or not zero.
    pub fn any(&self, axes: impl ToAxes) {
        fold(Fold::Any, self, &axes.over())
    }

    /// Whether all elements along `axes` are true, or not zero.
    pub fn all(&self, axes: impl ToAxes) {
        fold(Fold::All, self, &axes.over())
    }

    /// The index, in `i64`, of the first largest element along `axes`, or of the first NaN. Over
    /// several axes it counts in row-major order.
    pub fn argmax(&self, axes: impl ToAxes) {
        fold(Fold::Argmax, self, &axes.over())
    }

    /// The index, in `i64`, of the first smallest element along `axes`, or of the first NaN. Over
    /// several axes it counts in row-major order.
    pub fn argmin(&self, axes: impl ToAxes) {
        fold(Fold::Argmin, self, &axes.over())
    }

    /// How many elements along `axes` are not zero, in `i64`. Those of a mask that [`mask`](Array::mask) has counted
    /// are not counted again.
    pub fn count_nonzero(&self, axes: impl ToAxes) {
        const OP: &str = "count_nonzero";
        let (truths, over) = (build::cast(OP, self, DType::Bool)?, axes.over());
        match truths.0.trues.get() {
            Some(&count) if over.resolve(OP, self.ty())? == ((0..self.ndim() as u32).collect(), false) => {
                build::constant(OP, Scalar::from(count as i64), Shape::default())
            }
            _ => reduced(OP, Fold::Sum, &truths, &over),
        }
    }

    /// The mean over `axes`, of integers and truth values in `f64`; NaN of no elements. A float dtype may be
    /// named as for [`sum`](Array::sum).
    pub fn mean(&self, axes: impl ToAxes) {
        let (dtype, over) = axes.over().split_dtype();
        mean("mean", &mean_of("mean", self, dtype)?, &over)
    }

    /// The variance over `axes`: the mean of the squared distances from the mean, computed while the
    /// elements are read once, and as accurately as by reading them twice.
    /// [`over`](crate::array::over)`(axes).correction(1)` divides by one less than the number of
    /// elements.
    pub fn var(&self, axes: impl ToAxes) {
        variance("var", self, axes.over())
    }

    /// The standard deviation over `axes`, the square root of [`var`](Array::var).
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![1.0, 3.0];
    /// assert_eq!(x.std(..).item::<f64>()?, 1.0);
    /// assert_eq!(x.std(over(..).correction(1)).item::<f64>()?, 2.0_f64.sqrt());
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn std(&self, axes: impl ToAxes) {
        build::unary(Unary::Sqrt, &variance("std", self, axes.over())?)
    }
}

#[track_caller]
fn fold(fold: Fold, array: &Array, over: &Over) -> Result<Array> {
    reduced(fold.name(), fold, array, over)
}

/// `array` combined over axes that stay if asked for.
#[track_caller]
pub(super) fn reduced(op: &str, fold: Fold, array: &Array, over: &Over) -> Result<Array> {
    let (axes, keepdims) = over.resolve(op, array.ty())?;
    let result = build::reduce(fold, array, &axes)?;
    if !keepdims {
        return Ok(result);
    }
    let extents = array.shape().iter().enumerate();
    let kept: Shape = extents.map(|(axis, &n)| if axes.contains(&(axis as u32)) { 1 } else { n }).collect();
    Ok(build::reshaped(&result, kept))
}

/// A sum or product in the dtype that `over` asks for.
#[track_caller]
pub(super) fn accumulated(op: &str, fold: Fold, array: &Array, over: Over) -> Result<Array> {
    let (dtype, over) = over.split_dtype();
    let Some(dtype) = dtype else { return reduced(op, fold, array, &over) };
    // Narrow integers are combined in wider ones, which end in the same bits.
    build::cast(op, &reduced(op, fold, &build::cast(op, array, dtype)?, &over)?, dtype)
}

/// The floats that a mean is taken of, in `dtype` if one is asked for.
#[track_caller]
pub(super) fn mean_of(op: &str, array: &Array, dtype: Option<DType>) -> Result<Array> {
    match dtype {
        Some(dtype) if !dtype.is_float() && !dtype.is_complex() => {
            Err(Error::new(ErrorKind::DType, format!("{op}: a mean is no {dtype}")))
        }
        _ => build::cast(op, array, dtype.unwrap_or(array.dtype().to_float())),
    }
}

/// How many elements `over` combines into one.
pub(super) fn count(op: &str, array: &Array, over: &Over) -> Result<usize> {
    let (axes, _) = over.resolve(op, array.ty())?;
    Ok(axes.iter().map(|&axis| array.shape()[axis as usize]).product())
}

#[track_caller]
pub(super) fn mean(op: &str, array: &Array, over: &Over) -> Result<Array> {
    let count = count(op, array, over)?;
    let array = mean_of(op, array, None)?;
    let float = array.dtype();
    // What accumulates in a wider float is rounded only once.
    let array = build::cast(op, &array, float.carrier())?;
    build::cast(op, &divided(op, reduced(op, Fold::Sum, &array, over)?, count as f64)?, float)
}

#[track_caller]
pub(super) fn variance(op: &str, array: &Array, over: Over) -> Result<Array> {
    let (correction, over) = over.split_correction();
    let (dtype, over) = over.split_dtype();
    let array = &mean_of(op, array, dtype)?;
    if array.is_complex() {
        let over = over.correction(correction);
        let (re, im) = complex::parts(array);
        return variance(op, &re, over.clone())?.try_add(variance(op, &im, over)?);
    }
    let count = count(op, array, &over)?;
    let float = array.dtype();
    let array = build::cast(op, array, float.carrier())?;
    let sum = reduced(op, Fold::Deviations, &array, &over)?;
    build::cast(op, &divided(op, sum, (count as f64 - correction).max(0.0))?, float)
}

/// `sum / count`, rounded once.
#[track_caller]
fn divided(op: &str, sum: Array, count: f64) -> Result<Array> {
    if sum.is_complex() {
        return complex::divided(&sum, count);
    }
    let count = build::constant(op, Scalar::new(sum.dtype(), count), sum.ty().shape.clone())?;
    build::binary(Binary::Divide, sum.into(), count.into())
}
