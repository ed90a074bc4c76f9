//! What depends on the order of elements along an axis: sorting and searching, running sums, medians,
//! counts.

use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use crate::array::args::{Over, ToAxes};
use crate::array::build;
use crate::array::fallible::{fallible, fallible_pairs, within};
use crate::array::manipulate::row_or_axis;
use crate::array::{Array, Operand};
use crate::base::{DType, Error, ErrorKind, Result};
use crate::graph::infer;
use crate::op::{Fold, HostOp};

fallible! {
    /// The elements in ascending order along `axis`. Equal elements stay in order, NaN comes last, and both
    /// zeros are equal.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[3, 1, 2], [9, 8, 7]];
    /// assert_eq!(x.sort(-1).to_vec::<i32>()?, [1, 2, 3, 7, 8, 9]);
    /// assert_eq!(x.argsort(-1).to_vec::<i64>()?, [1, 2, 0, 2, 1, 0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn sort(&self, axis: isize) {
        along("sort", self, axis, HostOp::Sort { descending: false })
    }

    /// The elements in descending order along `axis`. Equal elements stay in order, and NaN comes last.
    pub fn sort_descending(&self, axis: isize) {
        along("sort_descending", self, axis, HostOp::Sort { descending: true })
    }

    /// The places, in `i64`, that the elements along `axis` have in ascending order: as
    /// [`sort`](Array::sort) orders them.
    pub fn argsort(&self, axis: isize) {
        along("argsort", self, axis, HostOp::Argsort { descending: false })
    }

    /// The places, in `i64`, that the elements along `axis` have in descending order.
    pub fn argsort_descending(&self, axis: isize) {
        along("argsort_descending", self, axis, HostOp::Argsort { descending: true })
    }

    /// The elements along `axis` around the one that comes at place `k` when they are sorted, a negative place
    /// counting from the end: that one is at its place, before it are none that come after it, and behind it
    /// none that come before. Quicker than [`sort`](Array::sort).
    ///
    /// Those that come before it, those equal to it and those that come after it are in the order they had.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![7, 9, 1, 8, 2];
    /// assert_eq!(x.partition(2, 0).to_vec::<i32>()?, [1, 2, 7, 9, 8]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn partition(&self, k: isize, axis: isize) {
        let at = infer::axis("partition", self.ty(), self.ndim(), axis)?;
        let n = self.shape()[at];
        let place = if k < 0 { k.checked_add_unsigned(n) } else { Some(k) };
        match place.and_then(|place| usize::try_from(place).ok()).filter(|place| *place < n) {
            Some(at) => along("partition", self, axis, HostOp::Partition { at }),
            None => {
                let message = format!("partition: place {k} is out of range for axis {at} of {}, which has {n}", self.ty());
                Err(Error::new(ErrorKind::Index, message))
            }
        }
    }

    /// The sums of each element along `axis` and all before it. Integers and truth values add up in `i64`,
    /// and wrap; [`over`](crate::array::over)`(axis).dtype(F64)` adds up in `F64`. The order of float sums is
    /// documented in `docs/numerics.md`. Of `..`, all elements as one row.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// assert_eq!(array![1, 2, 3].cumulative_sum(0).to_vec::<i64>()?, [1, 3, 6]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "cumsum")]
    pub fn cumulative_sum(&self, axis: impl ToAxes) {
        scan("cumulative_sum", self, axis.over(), Fold::Sum)
    }

    /// The products of each element along `axis` and all before it, as for
    /// [`cumulative_sum`](Array::cumulative_sum).
    #[doc(alias = "cumprod")]
    pub fn cumulative_prod(&self, axis: impl ToAxes) {
        scan("cumulative_prod", self, axis.over(), Fold::Prod)
    }

    /// The largest of each element along `axis` and all before it; NaN from the first one on.
    #[doc(alias = "maximum.accumulate")]
    pub fn cumulative_max(&self, axis: impl ToAxes) {
        scan("cumulative_max", self, axis.over(), Fold::Max)
    }

    /// The smallest of each element along `axis` and all before it; NaN from the first one on.
    #[doc(alias = "minimum.accumulate")]
    pub fn cumulative_min(&self, axis: impl ToAxes) {
        scan("cumulative_min", self, axis.over(), Fold::Min)
    }

    /// Where each of `values` belongs in this array of rank 1, which is in ascending order: how many
    /// elements are less. `i64` of the shape of `values`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let edges = array![0.0, 1.0, 2.0];
    /// assert_eq!(edges.searchsorted(array![0.5, 1.0, 9.0]).to_vec::<i64>()?, [1, 1, 3]);
    /// assert_eq!(edges.searchsorted_right(array![0.5, 1.0, 9.0]).to_vec::<i64>()?, [1, 2, 3]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn searchsorted(&self, values: impl Operand) {
        searched("searchsorted", self, values, false)
    }

    /// The same, but how many elements are less or equal.
    pub fn searchsorted_right(&self, values: impl Operand) {
        searched("searchsorted_right", self, values, true)
    }

    /// The number of the bin that each element falls in, `i64`: bin `i` reaches from `edges[i - 1]` to
    /// before `edges[i]`, `edges` being in ascending order.
    pub fn digitize(&self, edges: &Array) {
        searched("digitize", edges, self, true)
    }

    /// The middle element over `axes`, or the mean of the middle two; NaN if an element is.
    ///
    /// # Shapes
    /// As for [`sum`](Array::sum).
    pub fn median(&self, axes: impl ToAxes) {
        let sorted = Sorted::of("median", self, axes.over())?;
        let n = sorted.count;
        let (low, high) = (sorted.place((n - 1) / 2)?, sorted.place(n / 2)?);
        // One middle element is itself: twice the largest numbers is infinite.
        let middle = if n % 2 == 1 { low } else { low.try_add(&high)?.try_multiply(0.5)? };
        sorted.finish(&middle)
    }

    /// The value that a share of `q` of the elements over `axes` are below, between 0 and 1, by linear
    /// interpolation; NaN if an element is.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![4.0, 1.0, 3.0, 2.0];
    /// assert_eq!(x.quantile(0.5, ..).item::<f64>()?, 2.5);
    /// assert_eq!(x.median(..).item::<f64>()?, 2.5);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn quantile(&self, q: f64, axes: impl ToAxes) {
        quantile("quantile", self, q, axes.over())
    }

    /// [`quantile`](Array::quantile) of `percent` hundredths.
    pub fn percentile(&self, percent: f64, axes: impl ToAxes) {
        quantile("percentile", self, percent / 100.0, axes.over())
    }
}

fallible_pairs! {
    /// The `k` largest elements along `axis` in descending order, and their places in `i64`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let (values, places) = array![3.0, 9.0, 5.0].topk(2, -1);
    /// assert_eq!(values.to_vec::<f64>()?, [9.0, 5.0]);
    /// assert_eq!(places.to_vec::<i64>()?, [1, 2]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn topk(&self, k: usize, axis: isize) {
        let at = infer::axis("topk", self.ty(), self.ndim(), axis)?;
        if k > self.shape()[at] {
            let message =
                format!("topk: {k} largest of {}, which has {} along axis {at}", self.ty(), self.shape()[at]);
            return Err(Error::new(ErrorKind::Value, message));
        }
        let last = self.try_moveaxis(axis, -1)?;
        let items = crate::s![..., ..k as isize];
        let places = last.try_argsort_descending(-1)?.try_slice(items)?;
        let values = last.try_take_along_axis(&places, -1)?;
        Ok((values.try_moveaxis(-1, axis)?, places.try_moveaxis(-1, axis)?))
    }

    /// How many elements are in each of `bins` bins of equal width over `range`, `i64` of shape `[bins]`,
    /// and the edges of the bins, `f64` of shape `[bins + 1]`. Elements beyond the range count nowhere; the
    /// last bin holds its upper edge too. No bins, or a range that is empty or not finite, is an error.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let (counts, edges) = array![0.1, 0.2, 0.7, 1.0].histogram(2, 0.0..1.0);
    /// assert_eq!(counts.to_vec::<i64>()?, [2, 2]);
    /// assert_eq!(edges.to_vec::<f64>()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn histogram(&self, bins: usize, range: Range<f64>) {
        let width = range.end - range.start;
        if bins == 0 || !width.is_finite() || width <= 0.0 {
            return Err(Error::new(ErrorKind::Value, format!("histogram: {bins} bins over {range:?}")));
        }
        let edges = Array::try_linspace(range.start, range.end, bins + 1)?;
        let x = self.try_ravel()?.try_astype(DType::F64)?;
        let bin = edges.try_searchsorted_right(&x)?.try_subtract(1)?;
        // The upper edge is in the last bin; what is outside, and NaN, in one more.
        let bin = bin.try_minimum(bins as i64 - 1)?;
        let inside = x.try_greater_equal(range.start)?.try_logical_and(x.try_less_equal(range.end)?)?;
        let bin = crate::array::try_where_(&inside, bin, bins as i64)?;
        let counts = counted("histogram", &bin, bins + 1)?;
        Ok((counts.try_slice(crate::s![..bins as isize])?, edges))
    }
}

/// What has a shape that depends on data: it evaluates what decides the shape when it is called.
impl Array {
    /// How often each number from 0 on is among the elements, integers that are not negative: `i64` of
    /// shape `[n]`, with n one more than the largest, and at least `minlength`. Evaluates the largest.
    ///
    /// # Errors
    /// If the elements are no integers or some are negative, or evaluation fails.
    #[track_caller]
    pub fn bincount(&self, minlength: usize) -> Result<Array> {
        let numbers = build::integers("bincount", self)?.try_ravel()?;
        let most = match numbers.size() {
            0 => -1,
            _ => {
                let [least, most] = crate::array::eval([numbers.try_min(..)?, numbers.try_max(..)?])?;
                if least.item::<i64>()? < 0 {
                    let message = format!("bincount: {} is negative", least.item::<i64>()?);
                    return Err(Error::new(ErrorKind::Value, message));
                }
                most.item::<i64>()?
            }
        };
        let length = minlength.max(most.wrapping_add(1) as usize);
        counted("bincount", &numbers, length)
    }
}

/// How often each of `0..length` is among `numbers`, of rank 1.
#[track_caller]
fn counted(op: &str, numbers: &Array, length: usize) -> Result<Array> {
    let zeros = Array::try_zeros(length, DType::I64)?;
    let ones = numbers.ones_like();
    let add = HostOp::Scatter { axis: 0, update: crate::op::Update::Add };
    build::host(op, add, smallvec![zeros, numbers.clone(), ones])
}

/// `host` of the rows along `axis`.
#[track_caller]
pub(super) fn along(op: &str, array: &Array, axis: isize, host: HostOp) -> Result<Array> {
    infer::axis(op, array.ty(), array.ndim(), axis)?;
    let last = array.try_moveaxis(axis, -1)?;
    build::host(op, host, smallvec![last])?.try_moveaxis(-1, axis)
}

#[track_caller]
fn scan(op: &str, array: &Array, over: Over, fold: Fold) -> Result<Array> {
    let (dtype, over) = over.split_dtype();
    let array = build::cast(op, array, dtype.unwrap_or(array.dtype()))?;
    // Narrow integers are combined in wider ones, which end in the same bits.
    let result = dtype.unwrap_or(fold.results_in(array.dtype()));
    let (array, axis) = row_or_axis(op, &array, &over)?;
    let array = build::cast(op, &array, fold.computes_in(array.dtype()))?;
    build::cast(op, &along(op, &array, axis as isize, HostOp::Scan(fold))?, result)
}

#[track_caller]
fn searched(op: &str, sorted: &Array, values: impl Operand, right: bool) -> Result<Array> {
    if sorted.ndim() != 1 {
        let message = format!("{op}: {} is not of rank 1", sorted.ty());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    let (sorted, values) = (crate::array::operand::Arg::Array(sorted.clone()), values.operand());
    let dtype = build::meeting_dtype(op, &[&sorted, &values])?;
    let shape = |arg: &crate::array::operand::Arg| build::meeting_shape(op, &[arg]);
    let (sorted_shape, values_shape) = (shape(&sorted)?, shape(&values)?);
    let sorted = build::spread(op, sorted, dtype, &sorted_shape)?;
    let values = build::spread(op, values, dtype, &values_shape)?;
    build::host(op, HostOp::Searchsorted { right }, smallvec![sorted, values])
}

/// `q`, which is a share.
pub(super) fn share(op: &str, q: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&q) {
        return Err(Error::new(ErrorKind::Value, format!("{op}: a share of {q} is not between 0 and 1")));
    }
    Ok(q)
}

#[track_caller]
pub(super) fn quantile(op: &str, array: &Array, q: f64, over: Over) -> Result<Array> {
    let q = share(op, q)?;
    let sorted = Sorted::of(op, array, over)?;
    let at = q * (sorted.count - 1) as f64;
    let (below, share) = (at.floor(), at - at.floor());
    let low = sorted.place(below as usize)?;
    let high = sorted.place((below as usize + 1).min(sorted.count - 1))?;
    // From the nearer end, as NumPy does it, so that both ends are exact.
    let apart = high.try_subtract(&low)?;
    let value = if share < 0.5 {
        low.try_add(apart.try_multiply(share)?)?
    } else {
        high.try_subtract(apart.try_multiply(1.0 - share)?)?
    };
    sorted.finish(&value)
}

/// All elements over some axes, in order along the last axis, in floats.
pub(super) struct Sorted {
    sorted: Array,
    count: usize,
    /// The dtype of results.
    dtype: DType,
    /// The shape of results.
    shape: SmallVec<[usize; 4]>,
}

impl Sorted {
    #[track_caller]
    pub(super) fn of(op: &str, array: &Array, over: Over) -> Result<Self> {
        let (axes, keepdims) = over.resolve(op, array.ty())?;
        let reduced = |axis: usize| axes.contains(&(axis as u32));
        let order: SmallVec<[isize; 4]> = (0..array.ndim())
            .filter(|&axis| !reduced(axis))
            .chain((0..array.ndim()).filter(|&axis| reduced(axis)))
            .map(|axis| axis as isize)
            .collect();
        let kept: SmallVec<[usize; 4]> =
            (0..array.ndim()).filter(|&axis| !reduced(axis)).map(|axis| array.shape()[axis]).collect();
        let count: usize = axes.iter().map(|&axis| array.shape()[axis as usize]).product();
        if count == 0 {
            let message = format!("{op}: {} has no elements along the reduced axes", array.ty());
            return Err(Error::new(ErrorKind::Value, message));
        }
        let mut rows: SmallVec<[usize; 4]> = kept.clone();
        rows.push(count);
        let dtype = array.dtype().to_float();
        // What is between two floats of 16 bits is rounded once, at the end.
        let x = build::cast(op, array, dtype.carrier())?;
        let flat = within(op, x.try_permute_dims(&order[..])?.try_reshape(&rows[..]))?;
        let shape = match keepdims {
            true => {
                (0..array.ndim()).map(|axis| if reduced(axis) { 1 } else { array.shape()[axis] }).collect()
            }
            false => kept,
        };
        Ok(Self { sorted: flat.try_sort(-1)?, count, dtype, shape })
    }

    /// The elements at this place in order.
    #[track_caller]
    fn place(&self, place: usize) -> Result<Array> {
        self.sorted.try_slice(crate::s![..., place as isize])
    }

    /// The elements at these places in order, one per row: of rank one more than results, as `places`.
    #[track_caller]
    pub(super) fn places(&self, places: &Array) -> Result<Array> {
        self.sorted.try_take_along_axis(places, -1)
    }

    /// How many elements of each row are not NaN, in the shape of [`places`](Sorted::places).
    #[track_caller]
    pub(super) fn numbers(&self) -> Result<Array> {
        let numbers = self.sorted.try_isnan()?.try_logical_not()?;
        numbers.try_sum(crate::array::over(-1).keepdims())
    }

    /// The dtype of elements.
    pub(super) fn dtype(&self) -> DType {
        self.sorted.dtype()
    }

    /// `values`, NaN where an element is, in the shape of results.
    #[track_caller]
    fn finish(&self, values: &Array) -> Result<Array> {
        // NaN is last.
        let last = self.place(self.count - 1)?;
        self.shaped(&crate::array::try_where_(last.try_isnan()?, &last, values)?)
    }

    /// `values` in the shape and dtype of results.
    #[track_caller]
    pub(super) fn shaped(&self, values: &Array) -> Result<Array> {
        values.try_reshape(&self.shape[..])?.try_astype(self.dtype)
    }
}
