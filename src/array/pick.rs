//! Picking elements by index arrays, and by masks, whose shapes depend on data.

use std::borrow::Borrow;

use smallvec::{SmallVec, smallvec};

use crate::array::fallible::fallible;
use crate::array::{Array, build};
use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::graph::infer;
use crate::op::HostOp;

fallible! {
    /// The elements at `indices` along `axis`; negative ones count from the end. The axis becomes the axes
    /// of `indices`.
    ///
    /// An index that is out of range is an error of evaluation.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1, 2], [3, 4], [5, 6]];
    /// assert_eq!(x.take(&array![2, 0, -1], 0).to_vec::<i32>()?, [5, 6, 1, 2, 5, 6]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn take(&self, indices: &Array, axis: isize) {
        let at = infer::axis("take", self.ty(), self.ndim(), axis)?;
        let indices = build::indices("take", indices)?;
        let first = self.try_moveaxis(axis, 0)?;
        let rank = indices.ndim();
        let taken = build::host("take", HostOp::Gather { axis: at as u32 }, smallvec![first, indices])?;
        // The axes of the indices stand first; they belong where the axis was.
        let order: SmallVec<[isize; 6]> =
            (rank..rank + at).chain(0..rank).chain(rank + at..taken.ndim()).map(|axis| axis as isize).collect();
        taken.try_permute_dims(&order[..])
    }

    /// The elements whose place along `axis` is in `indices`, and whose other places are those in
    /// `indices`, which have the same rank; other axes broadcast.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[30, 10, 20], [7, 9, 8]];
    /// assert_eq!(x.take_along_axis(&x.argsort(-1), -1).to_vec::<i32>()?, [10, 20, 30, 7, 8, 9]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn take_along_axis(&self, indices: &Array, axis: isize) {
        const OP: &str = "take_along_axis";
        let at = infer::axis(OP, self.ty(), self.ndim(), axis)?;
        if indices.ndim() != self.ndim() {
            let message = format!("{OP}: {} has not the rank of {}", indices.ty(), self.ty());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        let indices = build::indices(OP, indices)?;
        // Both broadcast along the other axes.
        let mut shape: SmallVec<[usize; 4]> = indices.shape().into();
        let mut whole: SmallVec<[usize; 4]> = self.shape().into();
        for other in (0..self.ndim()).filter(|other| *other != at) {
            let (m, n) = (shape[other], whole[other]);
            let extent = if m == 1 { n } else { m };
            if n != 1 && n != extent {
                let message = format!("{OP}: cannot broadcast {} with {}: axis {other} has {m} and {n}", indices.ty(), self.ty());
                return Err(Error::new(ErrorKind::Shape, message));
            }
            (shape[other], whole[other]) = (extent, extent);
        }
        let (x, indices) = (self.try_broadcast_to(&whole[..])?, indices.try_broadcast_to(&shape[..])?);
        // The axis first: its index is the one that may be wrong.
        let mut args: SmallVec<[Array; 2]> = smallvec![x.try_moveaxis(at as isize, 0)?, indices];
        for other in (0..x.ndim()).filter(|other| *other != at) {
            let mut along: SmallVec<[usize; 4]> = smallvec![1; x.ndim()];
            along[other] = shape[other];
            let places = Array::try_arange(0..shape[other] as i64)?.try_reshape(&along[..])?;
            args.push(places.try_broadcast_to(&shape[..])?);
        }
        build::host(OP, HostOp::Gather { axis: at as u32 }, args)
    }
}

/// By several index arrays.
impl Array {
    /// The elements at these indices of the first axes, one array of integers for each, which broadcast
    /// with each other; negative ones count from the end. NumPy's `x[i, j]`. The shape is that of the
    /// indices, then the axes that are left.
    ///
    /// # Panics
    /// Where [`try_index`](Array::try_index) returns an error.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = Array::arange(0..12).reshape([3, 4]);
    /// let (rows, columns) = (array![0, 2], array![1, -1]);
    /// assert_eq!(x.index([&rows, &columns]).to_vec::<i64>()?, [1, 11]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn index(&self, indices: impl IntoIterator<Item = impl Borrow<Array>>) -> Array {
        crate::array::fallible::settle(self.try_index(indices))
    }

    /// [`index`](Array::index) that returns errors.
    ///
    /// # Errors
    /// If there are more index arrays than axes or none, they are no integers, or do not broadcast.
    #[track_caller]
    pub fn try_index(&self, indices: impl IntoIterator<Item = impl Borrow<Array>>) -> Result<Array> {
        let given: SmallVec<[Array; 2]> = indices.into_iter().map(|array| array.borrow().clone()).collect();
        let indices = index_arrays("index", self.ty(), &given, build::indices)?;
        let args = std::iter::once(self.clone()).chain(indices).collect();
        build::host("index", HostOp::Gather { axis: 0 }, args)?.sound()
    }
}

/// Index arrays for the first axes of an array of type `ty`: what `integers` makes of each, of one shape.
#[track_caller]
pub(super) fn index_arrays(
    op: &str,
    ty: &Type,
    given: &[Array],
    integers: fn(&str, &Array) -> Result<Array>,
) -> Result<SmallVec<[Array; 2]>> {
    if given.is_empty() || given.len() > ty.shape.rank() {
        let message =
            format!("{op}: {} index arrays for {ty}, which has rank {}", given.len(), ty.shape.rank());
        return Err(Error::new(ErrorKind::Index, message));
    }
    let types: SmallVec<[&Type; 4]> = given.iter().map(Array::ty).collect();
    let shape = infer::broadcast_types(op, &types)?;
    let mut indices = SmallVec::new();
    for array in given {
        indices.push(build::broadcast(op, &integers(op, array)?, &shape)?);
    }
    Ok(indices)
}

/// What has a shape that depends on data: it evaluates what decides the shape when it is called.
impl Array {
    /// The elements where `mask` is true, in row-major order: of shape `[n]`, then the axes beyond those of
    /// the mask. Evaluates the mask, to count it; picking the elements stays lazy.
    ///
    /// # Errors
    /// If the mask is not `bool`, its axes are not the array's first, or evaluating it fails.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![-1.0, 2.0, -3.0, 4.0];
    /// assert_eq!(x.mask(&x.greater(0.0))?.to_vec::<f64>()?, [2.0, 4.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn mask(&self, mask: &Array) -> Result<Array> {
        let ty = self.ty();
        if !ty.shape.starts_with(mask.shape()) {
            let message = format!("mask: {} is no mask for {ty}: its axes are not the first", mask.ty());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        let (_, count) = truths("mask", mask)?;
        let (rows, row) = (mask.size(), &ty.shape[mask.ndim()..]);
        let given = build::reshaped(self, std::iter::once(rows).chain(row.iter().copied()).collect());
        let mask = build::reshaped(mask, Shape::new([rows]));
        build::host("mask", HostOp::Compress { count }, smallvec![given, mask])
    }

    /// The slices along `axis` where `mask`, of rank 1, is true. Evaluates the mask.
    ///
    /// # Errors
    /// As for [`mask`](Array::mask), and if there is no such axis.
    #[track_caller]
    pub fn compress(&self, mask: &Array, axis: isize) -> Result<Array> {
        let at = infer::axis("compress", self.ty(), self.ndim(), axis)?;
        if mask.shape() != [self.shape()[at]] {
            let message = format!("compress: {} is no mask for axis {at} of {}", mask.ty(), self.ty());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        self.try_take(&true_places("compress", mask)?, axis)
    }

    /// The indices of the elements that are not zero, in row-major order: per axis an array `i64[n]`.
    /// Evaluates the array.
    ///
    /// # Errors
    /// If evaluation fails.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let places = array![[0, 1], [2, 0]].nonzero()?;
    /// assert_eq!(places[0].to_vec::<i64>()?, [0, 1]);
    /// assert_eq!(places[1].to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn nonzero(&self) -> Result<Vec<Array>> {
        let flat = true_places("nonzero", &self.try_not_equal(0)?)?;
        let strides = self.ty().shape.strides();
        let axes = strides.into_iter().zip(self.shape());
        axes.map(|(stride, &extent)| flat.try_floor_divide(stride.max(1))?.try_remainder(extent.max(1)))
            .collect()
    }

    /// The same as one array, `i64[n, rank]`.
    ///
    /// # Errors
    /// If evaluation fails.
    #[track_caller]
    pub fn argwhere(&self) -> Result<Array> {
        let places = self.nonzero()?;
        if places.is_empty() {
            let count = self.try_not_equal(0)?.try_astype(DType::I64)?.item::<i64>()?;
            return Array::try_zeros([count as usize, 0], DType::I64);
        }
        crate::array::try_stack(places, 1)
    }
}

/// The elements of a mask, which is evaluated and keeps them, and how many are true, which it keeps too.
fn truths<'m>(op: &str, mask: &'m Array) -> Result<(&'m [bool], usize)> {
    if mask.dtype() != DType::Bool {
        return Err(Error::new(ErrorKind::DType, format!("{op}: the mask is {}, not bool", mask.dtype())));
    }
    mask.force()?;
    let values = mask.as_slice::<bool>()?;
    let count = mask.0.trues.get_or_init(|| values.iter().filter(|value| **value).count());
    Ok((values, *count))
}

/// The places in row-major order where `mask` is true, `i64` of rank 1; the mask is evaluated and kept.
#[track_caller]
fn true_places(op: &str, mask: &Array) -> Result<Array> {
    let (values, count) = truths(op, mask)?;
    let mut places: Vec<i64> = Vec::new();
    places.try_reserve_exact(count + 1).map_err(|_| Error::out_of_memory(8 * count))?;
    places.resize(count + 1, 0);
    // Every place is written, and kept if the next goes elsewhere: no processor foresees a mask.
    let mut next = 0;
    for (place, value) in values.iter().enumerate() {
        places[next] = place as i64;
        next += usize::from(*value);
    }
    places.truncate(count);
    Array::from_vec(places, count)
}
