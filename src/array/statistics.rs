//! Statistics that are made of reductions: those that pass over NaN, weighted means, covariances, norms.

use smallvec::{SmallVec, smallvec};

use crate::array::args::{Over, ToAxes};
use crate::array::fallible::{fallible, within};
use crate::array::order::{Sorted, quantile, share};
use crate::array::reduce::{accumulated, count, mean, mean_of, reduced, variance};
use crate::array::{Array, build, over, try_where_};
use crate::base::{DType, Error, ErrorKind, Result, Shape};
use crate::graph::infer;
use crate::op::Fold;

fallible! {
    /// [`sum`](Array::sum) of the elements that are not NaN; of none, 0.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1.0, f64::NAN], [3.0, 4.0]];
    /// assert_eq!(x.nansum(0).to_vec::<f64>()?, [4.0, 4.0]);
    /// assert_eq!(x.nanmean(1).to_vec::<f64>()?, [1.0, 3.5]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn nansum(&self, axes: impl ToAxes) {
        accumulated("nansum", Fold::Sum, &without_nan(self, 0.0)?, axes.over())
    }

    /// [`prod`](Array::prod) of the elements that are not NaN; of none, 1.
    pub fn nanprod(&self, axes: impl ToAxes) {
        accumulated("nanprod", Fold::Prod, &without_nan(self, 1.0)?, axes.over())
    }

    /// [`max`](Array::max) of the elements that are not NaN; NaN where all are.
    pub fn nanmax(&self, axes: impl ToAxes) {
        nan_extreme("nanmax", Fold::Max, self, &axes.over())
    }

    /// [`min`](Array::min) of the elements that are not NaN; NaN where all are.
    pub fn nanmin(&self, axes: impl ToAxes) {
        nan_extreme("nanmin", Fold::Min, self, &axes.over())
    }

    /// [`argmax`](Array::argmax) of the elements that are not NaN; −1 where all are: as an index, that is the
    /// last of them.
    pub fn nanargmax(&self, axes: impl ToAxes) {
        nan_extreme_place("nanargmax", Fold::Argmax, self, &axes.over())
    }

    /// [`argmin`](Array::argmin) of the elements that are not NaN; −1 where all are: as an index, that is the
    /// last of them.
    pub fn nanargmin(&self, axes: impl ToAxes) {
        nan_extreme_place("nanargmin", Fold::Argmin, self, &axes.over())
    }

    /// [`mean`](Array::mean) of the elements that are not NaN; NaN where all are.
    pub fn nanmean(&self, axes: impl ToAxes) {
        const OP: &str = "nanmean";
        real("nanmean", self)?;
        let (dtype, over) = axes.over().split_dtype();
        let x = mean_of(OP, self, dtype)?;
        if !self.dtype().is_float() {
            return mean(OP, &x, &over);
        }
        nan_mean(OP, &x, &over)
    }

    /// [`var`](Array::var) of the elements that are not NaN; NaN where there are no more of them than the
    /// correction. Reads the elements twice.
    pub fn nanvar(&self, axes: impl ToAxes) {
        nan_variance("nanvar", self, axes.over())
    }

    /// The square root of [`nanvar`](Array::nanvar).
    pub fn nanstd(&self, axes: impl ToAxes) {
        nan_variance("nanstd", self, axes.over())?.try_sqrt()
    }

    /// [`median`](Array::median) of the elements that are not NaN; NaN where all are.
    pub fn nanmedian(&self, axes: impl ToAxes) {
        const OP: &str = "nanmedian";
        if !self.dtype().is_float() {
            return within(OP, self.try_median(axes));
        }
        let sorted = Sorted::of(OP, self, axes.over())?;
        let numbers = sorted.numbers()?;
        // Where there are none, the first place: NaN as all others.
        let below = numbers.try_subtract(1)?.try_bitwise_right_shift(1)?.try_maximum(0)?;
        let above = numbers.try_bitwise_right_shift(1)?;
        let (low, high) = (sorted.places(&below)?, sorted.places(&above)?);
        let between = low.try_add(&high)?.try_multiply(0.5)?;
        // One middle element is itself: twice the largest numbers is infinite.
        sorted.shaped(&try_where_(below.try_equal(&above)?, &low, between)?)
    }

    /// [`quantile`](Array::quantile) of the elements that are not NaN; NaN where all are.
    pub fn nanquantile(&self, q: f64, axes: impl ToAxes) {
        nan_quantile("nanquantile", self, q, axes.over())
    }

    /// [`nanquantile`](Array::nanquantile) of `percent` hundredths.
    pub fn nanpercentile(&self, percent: f64, axes: impl ToAxes) {
        nan_quantile("nanpercentile", self, percent / 100.0, axes.over())
    }

    /// How far the elements along `axes` reach: the largest less the smallest. Integers wrap.
    #[doc(alias = "peak_to_peak")]
    pub fn ptp(&self, axes: impl ToAxes) {
        let over = axes.over();
        let (most, least) = (reduced("ptp", Fold::Max, self, &over), reduced("ptp", Fold::Min, self, &over));
        within("ptp", within("ptp", most)?.try_subtract(within("ptp", least)?))
    }

    /// The mean over `axes` in which each element counts as often as its weight says, in the float dtype that
    /// elements and weights promote to. Where the weights add up to 0, it is infinite or NaN.
    ///
    /// # Shapes
    /// As for [`sum`](Array::sum). The weights have the array's shape, or the extents of the axes in the order
    /// they are written.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1.0, 2.0], [3.0, 6.0]];
    /// assert_eq!(x.average(&array![3, 1], 0).to_vec::<f64>()?, [1.5, 3.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn average(&self, weights: &Array, axes: impl ToAxes) {
        const OP: &str = "average";
        let over = axes.over();
        let dtype = build::common_of(OP, self.dtype(), weights.dtype())?.to_float();
        let x = build::cast(OP, self, dtype.carrier())?;
        let weights = alongside(OP, &build::cast(OP, weights, dtype.carrier())?, &x, &over)?;
        let sum = reduced(OP, Fold::Sum, &x.try_multiply(&weights)?, &over)?;
        build::cast(OP, &sum.try_divide(reduced(OP, Fold::Sum, &weights, &over)?)?, dtype)
    }

    /// The covariances of the rows of an array of rank 2 with each other, each row being a variable and each
    /// column an observation. The sums of products are divided by `correction` less than the number of
    /// observations: 1 for a sample, 0 for a whole population.
    ///
    /// # Shapes
    /// `[m, n] -> [m, m]`; of a single variable, of rank 1, its variance, of rank 0.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1.0, 1.0, 3.0, 3.0], [6.0, 6.0, 2.0, 2.0]];
    /// assert_eq!(x.cov(0).to_vec::<f64>()?, [1.0, -2.0, -2.0, 4.0]);
    /// assert_eq!(x.corrcoef().to_vec::<f64>()?, [1.0, -1.0, -1.0, 1.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "covariance")]
    pub fn cov(&self, correction: impl Into<f64>) {
        const OP: &str = "cov";
        let products = Products::of(OP, self)?;
        let divisor = (products.observations as f64 - correction.into()).max(0.0);
        let divisor = Array::scalar(divisor).try_astype(products.sums.dtype())?;
        products.shaped(&products.sums.try_divide(divisor)?)
    }

    /// The correlations of the rows of an array of rank 2 with each other, between −1 and 1: their
    /// [covariances](Array::cov) divided by the standard deviations of both. NaN where a row is constant.
    #[doc(alias = "correlation")]
    pub fn corrcoef(&self) {
        let products = Products::of("corrcoef", self)?;
        let lengths = products.sums.try_diagonal(0)?.try_sqrt()?;
        let of_rows = products.sums.try_divide(lengths.try_expand_dims(1)?)?;
        products.shaped(&of_rows.try_divide(lengths)?.try_clip(-1, 1)?)
    }

    /// The logarithm of the sum of `exp(x)` over `axes`, of `x` less its maximum, so that nothing overflows;
    /// `-inf` of no elements.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![1000.0, 1000.0];
    /// assert_eq!(x.logsumexp(..).item::<f64>()?, 1000.0 + 2.0_f64.ln());
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn logsumexp(&self, axes: impl ToAxes) {
        const OP: &str = "logsumexp";
        let over = axes.over();
        let dtype = self.dtype().to_float();
        let x = build::cast(OP, self, dtype.carrier())?;
        if count(OP, &x, &over)? == 0 {
            return build::cast(OP, &reduced(OP, Fold::Sum, &x, &over)?.try_log()?, dtype);
        }
        let most = reduced(OP, Fold::Max, &x, &over.kept())?;
        // An infinity less itself would be NaN.
        let most = try_where_(most.try_isfinite()?, &most, 0)?;
        let sum = reduced(OP, Fold::Sum, &x.try_subtract(&most)?.try_exp()?, &over)?;
        let most = build::reshaped(&most, sum.ty().shape.clone());
        build::cast(OP, &sum.try_log()?.try_add(most)?, dtype)
    }

    /// The norm of the vectors along `axes`, of this order: 2 is the length, 1 the sum of the absolute values,
    /// infinity their maximum, minus infinity their minimum, 0 how many are not zero, and any other p the sum
    /// of their powers p, to the power 1 / p. All but the extremes may overflow on the way.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[3.0, -4.0], [0.0, 2.0]];
    /// assert_eq!(x.vector_norm(2, -1).to_vec::<f64>()?, [5.0, 2.0]);
    /// assert_eq!(x.vector_norm(f64::INFINITY, ..).item::<f64>()?, 4.0);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "norm")]
    pub fn vector_norm(&self, order: impl Into<f64>, axes: impl ToAxes) {
        const OP: &str = "vector_norm";
        let (order, over) = (order.into(), axes.over());
        let dtype = self.dtype().to_float().part();
        let x = if self.is_complex() { self.try_abs()? } else { build::cast(OP, self, dtype.carrier())? };
        let norm = match order {
            f64::INFINITY => reduced(OP, Fold::Max, &x.try_abs()?, &over),
            f64::NEG_INFINITY => reduced(OP, Fold::Min, &x.try_abs()?, &over),
            0.0 => reduced(OP, Fold::Sum, &x.try_not_equal(0)?, &over)?.try_astype(x.dtype()),
            1.0 => reduced(OP, Fold::Sum, &x.try_abs()?, &over),
            2.0 => reduced(OP, Fold::Sum, &x.try_square()?, &over)?.try_sqrt(),
            p => reduced(OP, Fold::Sum, &x.try_abs()?.try_pow(p)?, &over)?.try_pow(1.0 / p),
        };
        build::cast(OP, &within(OP, norm)?, dtype)
    }
}

/// An error if the elements are complex numbers, of which `op` does not know.
fn real(op: &str, array: &Array) -> Result<()> {
    if array.is_complex() { Err(infer::takes_no(op, array.dtype())) } else { Ok(()) }
}

/// The elements, and `instead` of each NaN; of integers there is none.
#[track_caller]
fn without_nan(array: &Array, instead: f64) -> Result<Array> {
    if !array.dtype().is_float() && !array.is_complex() {
        return Ok(array.clone());
    }
    try_where_(array.try_isnan()?, instead, array)
}

/// How many elements are not NaN, in the dtype of the elements.
#[track_caller]
fn numbers(op: &str, x: &Array, over: &Over) -> Result<Array> {
    reduced(op, Fold::Sum, &x.try_isnan()?.try_logical_not()?, over)?.try_astype(x.dtype())
}

#[track_caller]
fn nan_mean(op: &str, x: &Array, over: &Over) -> Result<Array> {
    let wide = build::cast(op, x, x.dtype().carrier())?;
    let mean =
        reduced(op, Fold::Sum, &without_nan(&wide, 0.0)?, over)?.try_divide(numbers(op, &wide, over)?)?;
    build::cast(op, &mean, x.dtype())
}

#[track_caller]
fn nan_variance(op: &str, array: &Array, over: Over) -> Result<Array> {
    real(op, array)?;
    if !array.dtype().is_float() {
        return variance(op, array, over);
    }
    let (correction, over) = over.split_correction();
    let (dtype, over) = over.split_dtype();
    let x = mean_of(op, array, dtype)?;
    let dtype = x.dtype();
    // A number of elements may be more than a float of 16 bits holds.
    let x = build::cast(op, &x, dtype.carrier())?;
    let distances = x.try_subtract(nan_mean(op, &x, &over.kept())?)?;
    let squares = try_where_(x.try_isnan()?, 0, distances.try_square()?)?;
    let divisor = numbers(op, &x, &over)?.try_subtract(correction)?;
    let divisor = try_where_(divisor.try_greater(0)?, &divisor, f64::NAN)?;
    build::cast(op, &reduced(op, Fold::Sum, &squares, &over)?.try_divide(divisor)?, dtype)
}

#[track_caller]
fn nan_extreme(op: &str, fold: Fold, array: &Array, over: &Over) -> Result<Array> {
    if !array.dtype().is_float() {
        return within(op, reduced(op, fold, array, over));
    }
    let last = if fold == Fold::Max { f64::NEG_INFINITY } else { f64::INFINITY };
    let extreme = within(op, reduced(op, fold, &without_nan(array, last)?, over))?;
    let all = reduced(op, Fold::All, &array.try_isnan()?, over)?;
    try_where_(all, f64::NAN, extreme)
}

#[track_caller]
fn nan_extreme_place(op: &str, fold: Fold, array: &Array, over: &Over) -> Result<Array> {
    if !array.dtype().is_float() {
        return within(op, reduced(op, fold, array, over));
    }
    let extreme = fold.extreme().expect("it looks for one");
    let kept = nan_extreme(op, extreme, array, &over.kept())?;
    // The first that equals it; an infinity in place of NaN could come before one that is there.
    let place = reduced(op, Fold::Argmax, &array.try_equal(&kept)?, over)?;
    let none = build::reshaped(&kept.try_isnan()?, place.ty().shape.clone());
    try_where_(none, -1, place)
}

#[track_caller]
fn nan_quantile(op: &str, array: &Array, q: f64, over: Over) -> Result<Array> {
    if !array.dtype().is_float() {
        return quantile(op, array, q, over);
    }
    let q = share(op, q)?;
    let sorted = Sorted::of(op, array, over)?;
    let last = sorted.numbers()?.try_subtract(1)?.try_maximum(0)?;
    let at = last.try_astype(DType::F64)?.try_multiply(q)?;
    let below = at.try_floor()?;
    let share = at.try_subtract(&below)?;
    let (dtype, below) = (sorted.dtype(), below.try_astype(DType::I64)?);
    let low = sorted.places(&below)?;
    let high = sorted.places(&below.try_add(1)?.try_minimum(last)?)?;
    let apart = high.try_subtract(&low)?;
    let rest = share.try_negative()?.try_add(1)?.try_astype(dtype)?;
    let from_low = low.try_add(apart.try_multiply(share.try_astype(dtype)?)?)?;
    let from_high = high.try_subtract(apart.try_multiply(rest)?)?;
    sorted.shaped(&try_where_(share.try_less(0.5)?, from_low, from_high)?)
}

/// `weights` as they stand next to `x`: of its shape, or with extent 1 where it has axes that are not averaged.
#[track_caller]
fn alongside(op: &str, weights: &Array, x: &Array, over: &Over) -> Result<Array> {
    if weights.shape() == x.shape() {
        return Ok(weights.clone());
    }
    let mut axes: SmallVec<[(usize, isize); 4]> = SmallVec::new();
    for (nth, axis) in over.written(x.ty()).into_iter().enumerate() {
        axes.push((infer::axis(op, x.ty(), x.ndim(), axis)?, nth as isize));
    }
    let fits = axes.len() == weights.ndim()
        && axes.iter().zip(weights.shape()).all(|(&(axis, _), &extent)| x.shape()[axis] == extent);
    if !fits {
        let message =
            format!("{op}: weights {} are neither one for each of {} nor of its axes", weights.ty(), x.ty());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    axes.sort_unstable();
    let order: SmallVec<[isize; 4]> = axes.iter().map(|&(_, nth)| nth).collect();
    let mut shape: SmallVec<[usize; 4]> = smallvec![1; x.ndim()];
    for &(axis, _) in &axes {
        shape[axis] = x.shape()[axis];
    }
    Ok(build::reshaped(&weights.try_permute_dims(&order[..])?, Shape::new(shape)))
}

/// The sums of products of variables, each less its mean.
struct Products {
    sums: Array,
    /// The dtype of results.
    dtype: DType,
    observations: usize,
    /// Whether there is one variable, which is no matrix.
    single: bool,
}

impl Products {
    #[track_caller]
    fn of(op: &str, array: &Array) -> Result<Self> {
        real(op, array)?;
        let (variables, observations) = match *array.shape() {
            [] => (1, 1),
            [n] => (1, n),
            [m, n] => (m, n),
            _ => {
                let message = format!("{op}: {} is not of rank 2", array.ty());
                return Err(Error::new(ErrorKind::Shape, message));
            }
        };
        let dtype = array.dtype().to_float();
        let x = build::cast(op, array, dtype.carrier())?;
        let x = build::reshaped(&x, Shape::new([variables, observations]));
        let x = x.try_subtract(mean(op, &x, &over(1).keepdims())?)?;
        Ok(Self { sums: x.try_matmul(&x.try_t()?)?, dtype, observations, single: array.ndim() < 2 })
    }

    #[track_caller]
    fn shaped(&self, matrix: &Array) -> Result<Array> {
        let matrix = matrix.try_astype(self.dtype)?;
        if self.single { matrix.try_reshape(()) } else { Ok(matrix) }
    }
}
