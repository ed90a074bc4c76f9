//! Arrays taken apart and rearranged: split, rolled, turned, repeated, differences of neighbours.

use std::borrow::Borrow;

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{Over, ToAxes, ToShape, clamp, extents};
use crate::array::build::{self, reshaped, view};
use crate::array::fallible::{fallible, fallible_lists, settle_list};
use crate::array::views::{axis_error, in_order, joined, permuted};
use crate::base::shape::broadcast;
use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::graph::{Slices, View, infer};
use crate::op::Binary;

/// The arrays, all read as the shape they broadcast to together.
///
/// # Panics
/// Where `try_broadcast_arrays` returns an error.
///
/// # Examples
/// ```
/// use broadloom::{broadcast_arrays, prelude::*};
///
/// let both = broadcast_arrays([array![[1], [2]], array![[10, 20, 30]]]);
/// assert_eq!((both[0].shape(), both[1].shape()), (&[2, 3][..], &[2, 3][..]));
/// ```
#[track_caller]
pub fn broadcast_arrays(arrays: impl IntoIterator<Item = impl Borrow<Array>>) -> Vec<Array> {
    let arrays: Vec<Array> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    settle_list(try_broadcast_arrays(&arrays), arrays.len())
}

/// `broadcast_arrays` that returns errors.
///
/// # Errors
/// If the shapes do not broadcast.
#[track_caller]
pub fn try_broadcast_arrays(arrays: impl IntoIterator<Item = impl Borrow<Array>>) -> Result<Vec<Array>> {
    let mut arrays: Vec<Array> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    let shape = {
        let types: SmallVec<[&Type; 4]> = arrays.iter().map(Array::ty).collect();
        infer::broadcast_types("broadcast_arrays", &types)?
    };
    for array in &mut arrays {
        *array = build::broadcast("broadcast_arrays", array, &shape)?.sound()?;
    }
    Ok(arrays)
}

/// The shape in which arrays of these shapes meet.
///
/// # Errors
/// If an axis clashes.
///
/// # Examples
/// ```
/// assert_eq!(broadloom::broadcast_shapes([&[2, 1][..], &[3]])?, [2, 3]);
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn broadcast_shapes(shapes: impl IntoIterator<Item = impl ToShape>) -> Result<Vec<usize>> {
    let mut met = Shape::default();
    for shape in shapes {
        let shape = extents("broadcast_shapes", shape)?;
        met = broadcast(&met, &shape).map_err(|(axis, m, n)| {
            let why =
                format!("broadcast_shapes: cannot broadcast {met} with {shape}: axis {axis} has {m} and {n}");
            Error::new(ErrorKind::Shape, why)
        })?;
    }
    Ok(met.to_vec())
}

fallible_lists! {
    /// The parts at every index of an axis, which disappears.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let columns = array![[1, 2, 3], [4, 5, 6]].unstack(1);
    /// assert_eq!(columns[2].to_vec::<i32>()?, [3, 6]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn unstack(&self, axis: isize) of 1 {
        let axis = infer::axis("unstack", self.ty(), self.ndim(), axis)?;
        let mut parts = Vec::with_capacity(self.shape()[axis]);
        for index in 0..self.shape()[axis] {
            parts.push(at(self, axis, index));
        }
        Ok(parts)
    }

    /// The array cut along an axis into `count` parts of one length.
    #[doc(alias = "chunk")]
    pub fn split(&self, count: usize, axis: isize) of count {
        let axis = infer::axis("split", self.ty(), self.ndim(), axis)?;
        let n = self.shape()[axis];
        if count == 0 || !n.is_multiple_of(count) {
            let why = format!("split: axis {axis} of {} has {n}, which is no multiple of {count}", self.ty());
            return Err(Error::new(ErrorKind::Shape, why));
        }
        Ok(cut(self, axis, (1..count).map(|nth| nth * (n / count))))
    }

    /// The array cut along an axis before each of these indices, which ascend; negative ones count from
    /// the end.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let parts = Array::arange(0..5).split_at([1, -1], 0);
    /// assert_eq!(parts[1].to_vec::<i64>()?, [1, 2, 3]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "array_split")]
    pub fn split_at(&self, indices: impl ToShape, axis: isize) of 1 {
        let axis = infer::axis("split_at", self.ty(), self.ndim(), axis)?;
        let n = self.shape()[axis];
        let mut places: SmallVec<[usize; 4]> = SmallVec::new();
        for index in indices.integers() {
            let absolute = if index < 0 { index + n as i128 } else { index };
            let place = usize::try_from(absolute).ok();
            let place = place.filter(|place| (places.last().copied().unwrap_or(0)..=n).contains(place));
            places.push(place.ok_or_else(|| {
                let why = format!("{index} is out of range or order for axis {axis} of {}, which has {n}", self.ty());
                Error::new(ErrorKind::Index, format!("split_at: {why}"))
            })?);
        }
        Ok(cut(self, axis, places))
    }
}

fallible! {
    /// The array with its elements moved on by `shift` places along axes, those that leave it at one end
    /// coming back at the other. One shift is for all axes named; `..` rolls all elements as one row.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::arange(0..5).roll(2, 0).to_vec::<i64>()?, [3, 4, 0, 1, 2]);
    /// let x = array![[1, 2], [3, 4]];
    /// assert_eq!(x.roll((1, -1), (0, 1)).to_vec::<i32>()?, [4, 3, 2, 1]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn roll(&self, shift: impl ToShape, axes: impl ToAxes) {
        let (shifts, over) = (shift.integers(), axes.over());
        if over.is_all() {
            over.plain("roll", self.ty())?;
            let row = reshaped(self, Shape::new([self.size()]));
            return Ok(reshaped(&rolled(&row, 0, shifts.iter().sum())?, self.ty().shape.clone()));
        }
        let axes = over.plain("roll", self.ty())?;
        if shifts.len() != 1 && axes.len() != 1 && shifts.len() != axes.len() {
            let why = format!("{} shifts for {} axes", shifts.len(), axes.len());
            return Err(axis_error("roll", why));
        }
        // What one axis is moved by, all in all: it may be named twice.
        let mut total: SmallVec<[i128; 4]> = smallvec::smallvec![0; self.ndim()];
        for nth in 0..axes.len().max(shifts.len()) {
            let axis = infer::axis("roll", self.ty(), self.ndim(), axes[nth % axes.len()])?;
            total[axis] += shifts[nth % shifts.len()];
        }
        let mut moved = self.clone();
        for (axis, shift) in total.into_iter().enumerate() {
            moved = rolled(&moved, axis, shift)?;
        }
        Ok(moved)
    }

    /// The array turned `times` quarter turns, from the first of two axes towards the second; backwards
    /// where `times` is negative.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![[1, 2], [3, 4]];
    /// assert_eq!(x.rot90(1, (0, 1)).to_vec::<i32>()?, [2, 4, 1, 3]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn rot90(&self, times: isize, axes: impl ToAxes) {
        let axes = in_order("rot90", self, &axes.over())?;
        let &[one, other] = &axes[..] else {
            return Err(axis_error("rot90", format!("turns in 2 axes, not {}", axes.len())));
        };
        let mut turned: SmallVec<[usize; 4]> = (0..self.ndim()).collect();
        turned.swap(one, other);
        match times.rem_euclid(4) {
            0 => Ok(self.clone()),
            1 => Ok(permuted(&reversed(self, other), &turned)),
            2 => Ok(reversed(&reversed(self, one), other)),
            _ => Ok(reversed(&permuted(self, &turned), other)),
        }
    }

    /// Every element `counts` times in a row along an axis; of `..`, all elements as one row. Several counts
    /// are one for each element; if they are in an array, see [`repeat_each`](Array::repeat_each).
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(array![1, 2].repeat(3, 0).to_vec::<i32>()?, [1, 1, 1, 2, 2, 2]);
    /// assert_eq!(array![1, 2, 3].repeat([2, 0, 1], 0).to_vec::<i32>()?, [1, 1, 3]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn repeat(&self, counts: impl ToShape, axes: impl ToAxes) {
        let (array, axis) = row_or_axis("repeat", self, &axes.over())?;
        let counts = counts.integers();
        let &[count] = &counts[..] else { return repeated("repeat", &array, axis, &counts) };
        let count = usize::try_from(count).map_err(|_| negative("repeat", count))?;
        let mut shape: SmallVec<[usize; 4]> = array.shape().into();
        shape.insert(axis + 1, 1);
        let array = reshaped(&array, shape.iter().copied().collect());
        shape[axis + 1] = count;
        let spread = build::broadcast("repeat", &array, &shape.iter().copied().collect())?;
        shape[axis] *= shape.remove(axis + 1);
        Ok(reshaped(&spread, shape.into_iter().collect()))
    }

    /// The array laid side by side with itself, so many times along each axis; numbers of times and axes
    /// are aligned at the end, and what is missing on either side counts as 1.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(array![1, 2].tile(2).to_vec::<i32>()?, [1, 2, 1, 2]);
    /// assert_eq!(array![1, 2].tile([2, 1]).shape(), [2, 2]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn tile(&self, times: impl ToShape) {
        let times = extents("tile", times)?;
        let rank = times.rank().max(self.ndim());
        let padded = |extents: &[usize], axis: usize| match axis.checked_sub(rank - extents.len()) {
            Some(axis) => extents[axis],
            None => 1,
        };
        let (mut apart, mut spread, mut whole) = (Shape::default().to_vec(), Vec::new(), Vec::new());
        for axis in 0..rank {
            let (count, n) = (padded(&times, axis), padded(self.shape(), axis));
            if count != 1 {
                apart.push(1);
                spread.push(count);
            }
            apart.push(n);
            spread.push(n);
            whole.push(count.saturating_mul(n));
        }
        let whole = Type::checked("tile", self.dtype(), Shape::new(whole))?;
        let spread = build::broadcast("tile", &reshaped(self, Shape::new(apart)), &Shape::new(spread))?;
        Ok(reshaped(&spread, whole.shape))
    }

    /// The differences between neighbours along an axis, taken `times` times; of truth values, whether
    /// neighbours differ. The axis becomes so much shorter.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(array![1, 4, 9, 16].diff(1, -1).to_vec::<i32>()?, [3, 5, 7]);
    /// assert_eq!(array![1, 4, 9, 16].diff(2, -1).to_vec::<i32>()?, [2, 2]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn diff(&self, times: usize, axis: isize) {
        let axis = infer::axis("diff", self.ty(), self.ndim(), axis)?;
        let op = if self.dtype() == DType::Bool { Binary::NotEqual } else { Binary::Subtract };
        let mut array = self.clone();
        // Past the last element there is nothing more to take differences of.
        for _ in 0..times.min(self.shape()[axis]) {
            let count = array.shape()[axis] - 1;
            let (later, earlier) = (part(&array, axis, (1, 1), count), part(&array, axis, (0, 1), count));
            array = build::binary(op, later.into(), earlier.into())?;
        }
        Ok(array)
    }
}

/// What has a shape that depends on data: it evaluates what decides the shape when it is called.
impl Array {
    /// Every element along an axis as often as its number in `counts`, of rank 1, says; of `..`, all elements
    /// as one row. Evaluates the counts; picking the elements stays lazy.
    ///
    /// # Errors
    /// If the counts are not one integer for each element, some are negative, or evaluating them fails.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let counts = array![1, 2, 3];
    /// assert_eq!(counts.repeat_each(&counts, 0)?.to_vec::<i32>()?, [1, 2, 2, 3, 3, 3]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn repeat_each(&self, counts: &Array, axes: impl ToAxes) -> Result<Array> {
        const OP: &str = "repeat_each";
        let (array, axis) = row_or_axis(OP, self, &axes.over())?;
        if counts.ndim() != 1 {
            return Err(Error::new(ErrorKind::Shape, format!("{OP}: {} is not of rank 1", counts.ty())));
        }
        let counts = build::integers(OP, counts)?.to_vec::<i64>()?;
        let counts: Vec<i128> = counts.into_iter().map(i128::from).collect();
        repeated(OP, &array, axis, &counts)
    }
}

/// The array and one axis of it; for `..`, its elements as one row.
#[track_caller]
pub(super) fn row_or_axis(op: &str, array: &Array, over: &Over) -> Result<(Array, usize)> {
    let axes = over.plain(op, array.ty())?;
    match &axes[..] {
        _ if over.is_all() => Ok((reshaped(array, Shape::new([array.size()])), 0)),
        &[axis] => Ok((array.clone(), infer::axis(op, array.ty(), array.ndim(), axis)?)),
        _ => Err(axis_error(op, format!("takes one axis or `..`, not {}", axes.len()))),
    }
}

/// Every element along `axis` as often as its count says.
#[track_caller]
fn repeated(op: &str, array: &Array, axis: usize, counts: &[i128]) -> Result<Array> {
    let n = array.shape()[axis];
    if counts.len() != n {
        let why = format!("{op}: {} counts for axis {axis} of {}, which has {n}", counts.len(), array.ty());
        return Err(Error::new(ErrorKind::Shape, why));
    }
    if let Some(&count) = counts.iter().find(|count| **count < 0) {
        return Err(negative(op, count));
    }
    let all = counts.iter().fold(0_i128, |sum, count| sum.saturating_add(*count));
    let all = usize::try_from(all).unwrap_or(usize::MAX);
    let extents = array.shape().iter().enumerate();
    let shape = extents.map(|(other, &n)| if other == axis { all } else { n }).collect();
    Type::checked(op, array.dtype(), shape)?;
    let mut places: Vec<i64> = Vec::new();
    places.try_reserve_exact(all).map_err(|_| Error::out_of_memory(all.saturating_mul(8)))?;
    for (place, &count) in counts.iter().enumerate() {
        places.extend(std::iter::repeat_n(place as i64, count as usize));
    }
    array.try_take(&Array::from_vec(places, all)?, axis as isize)
}

fn negative(op: &str, count: i128) -> Error {
    Error::new(ErrorKind::Value, format!("{op}: a count of {count} is negative"))
}

/// `count` elements along `axis`, from the first on in steps.
#[track_caller]
pub(super) fn part(array: &Array, axis: usize, (first, step): (i64, i64), count: usize) -> Array {
    let rank = array.ndim();
    let slice = match count {
        // Nothing is read, and what is read once has no step.
        0 => (0, 1),
        1 => (first, 1),
        _ => (first, step),
    };
    let slices: Slices = (0..rank).map(|other| if other == axis { slice } else { (0, 1) }).collect();
    let extents = array.shape().iter().enumerate();
    let shape = extents.map(|(other, &n)| if other == axis { count } else { n }).collect();
    view(View::Slice(slices), array, shape)
}

/// The part at `index` of an axis, which disappears.
#[track_caller]
pub(super) fn at(array: &Array, axis: usize, index: usize) -> Array {
    let single = part(array, axis, (index as i64, 1), 1);
    let shape = single.ty().shape.without(|other| other == axis);
    reshaped(&single, shape)
}

#[track_caller]
fn reversed(array: &Array, axis: usize) -> Array {
    let n = array.shape()[axis];
    part(array, axis, (n as i64 - 1, -1), n)
}

/// The parts of `array` between these places of an axis, which ascend.
#[track_caller]
fn cut(array: &Array, axis: usize, places: impl IntoIterator<Item = usize>) -> Vec<Array> {
    let n = array.shape()[axis];
    let mut parts = Vec::new();
    let mut start = 0;
    for end in places.into_iter().chain([n]) {
        parts.push(part(array, axis, (start as i64, 1), end - start));
        start = end;
    }
    parts
}

#[track_caller]
fn rolled(array: &Array, axis: usize, shift: i128) -> Result<Array> {
    let n = array.shape()[axis];
    let shift = if n == 0 { 0 } else { clamp(shift.rem_euclid(n as i128)) as usize };
    if shift == 0 {
        return Ok(array.clone());
    }
    let last = part(array, axis, ((n - shift) as i64, 1), shift);
    let first = part(array, axis, (0, 1), n - shift);
    joined("roll", smallvec::smallvec![last, first], axis)
}
