//! The same elements under other axes, and arrays side by side. Nothing here moves memory: views
//! are index maps in the loop that reads them.

use std::borrow::Borrow;

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{Over, ToAxes, ToShape, clamp, extents};
use crate::array::build::{self, reshaped, view};
use crate::array::complex;
use crate::array::fallible::{fallible, fallible_functions};
use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::graph::{Op, View, infer};

fallible! {
    /// The same elements in row-major order under another shape. One extent may be -1 and is then
    /// computed.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = Array::arange(0..6).reshape([2, 3]);
    /// let n: usize = 3;
    /// assert_eq!(x.reshape((n, -1)).shape(), [3, 2]);
    /// ```
    pub fn reshape(&self, shape: impl ToShape) {
        let asked: SmallVec<[isize; 4]> = shape.integers().into_iter().map(clamp).collect();
        let shape = infer::reshape(self.ty(), &asked)?;
        Ok(reshaped(self, Type::checked("reshape", self.dtype(), shape)?.shape))
    }

    /// All elements in row-major order, `[size]`.
    #[doc(alias = "flatten")]
    pub fn ravel(&self) {
        Ok(reshaped(self, Shape::new([self.size()])))
    }

    /// The array with its axes in another order: axis `a` of the result is axis `axes[a]` of `self`.
    #[doc(alias = "transpose")]
    pub fn permute_dims(&self, axes: impl ToAxes) {
        let axes = in_order("permute_dims", self, &axes.over())?;
        if axes.len() != self.ndim() {
            let message = format!("{} has rank {}, axes given: {}", self.ty(), self.ndim(), axes.len());
            return Err(axis_error("permute_dims", message));
        }
        Ok(permuted(self, &axes))
    }

    /// The array with two axes exchanged.
    pub fn swapaxes(&self, one: isize, other: isize) {
        let rank = self.ndim();
        let one = infer::axis("swapaxes", self.ty(), rank, one)?;
        let other = infer::axis("swapaxes", self.ty(), rank, other)?;
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(one, other);
        Ok(permuted(self, &axes))
    }

    /// The array with an axis moved to another place, the others keeping their order.
    pub fn moveaxis(&self, from: isize, to: isize) {
        let rank = self.ndim();
        let from = infer::axis("moveaxis", self.ty(), rank, from)?;
        let to = infer::axis("moveaxis", self.ty(), rank, to)?;
        let mut axes: Vec<usize> = (0..rank).filter(|&axis| axis != from).collect();
        axes.insert(to, from);
        Ok(permuted(self, &axes))
    }

    /// The array with all its axes in reverse order, as NumPy's `.T`.
    #[doc(alias = "T")]
    #[doc(alias = "transpose")]
    pub fn t(&self) {
        Ok(permuted(self, &(0..self.ndim()).rev().collect::<Vec<_>>()))
    }

    /// The transposes of the matrices along the last two axes, `[.., m, n] -> [.., n, m]`.
    #[doc(alias = "mT")]
    pub fn matrix_transpose(&self) {
        let rank = self.ndim();
        if rank < 2 {
            return Err(Error::new(ErrorKind::Shape, format!("matrix_transpose: {} is no matrix", self.ty())));
        }
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(rank - 2, rank - 1);
        Ok(permuted(self, &axes))
    }

    /// The array with new axes of extent 1, at these places of the result.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::zeros(3, F32).expand_dims([0, -1]).shape(), [1, 3, 1]);
    /// ```
    #[doc(alias = "unsqueeze")]
    pub fn expand_dims(&self, axes: impl ToAxes) {
        let over = axes.over();
        if over.is_all() {
            return Err(axis_error("expand_dims", "name the places of the new axes".into()));
        }
        let named = over.plain("expand_dims", self.ty())?;
        let rank = self.ndim() + named.len();
        let places = distinct("expand_dims", self.ty(), rank, &named)?;
        let mut extents = self.shape().iter();
        let shape = (0..rank).map(|axis| {
            if places.contains(&axis) { 1 } else { *extents.next().expect("as many axes as before remain") }
        });
        Ok(reshaped(self, shape.collect()))
    }

    /// The array without these axes, which must have extent 1; `..` drops every axis that has.
    pub fn squeeze(&self, axes: impl ToAxes) {
        let over = axes.over();
        let drop = if over.is_all() {
            (0..self.ndim()).filter(|&axis| self.shape()[axis] == 1).collect()
        } else {
            in_order("squeeze", self, &over)?
        };
        if let Some(&axis) = drop.iter().find(|&&axis| self.shape()[axis] != 1) {
            let (ty, n) = (self.ty(), self.shape()[axis]);
            return Err(Error::new(ErrorKind::Shape, format!("squeeze: axis {axis} of {ty} has {n}, not 1")));
        }
        Ok(reshaped(self, self.ty().shape.without(|axis| drop.contains(&axis))))
    }

    /// The array read as `shape`: axes aligned at the end, extents of 1 repeated.
    #[doc(alias = "expand")]
    pub fn broadcast_to(&self, shape: impl ToShape) {
        let shape = extents("broadcast_to", shape)?;
        infer::broadcast_to(self.ty(), &shape)?;
        build::broadcast("broadcast_to", self, &shape)
    }

    /// The array with the elements along these axes in reverse order.
    #[doc(alias = "reverse")]
    pub fn flip(&self, axes: impl ToAxes) {
        let axes = in_order("flip", self, &axes.over())?;
        let slices = self.shape().iter().enumerate().map(|(axis, &n)| {
            if axes.contains(&axis) && n > 0 { (n as i64 - 1, -1) } else { (0, 1) }
        });
        Ok(view(View::Slice(slices.collect()), self, self.ty().shape.clone()))
    }
}

fallible_functions! {
    /// The arrays side by side along an axis, in their common dtype. Other axes must agree.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let (a, b) = (Array::zeros([2, 3], F32), Array::ones([1, 3], F32));
    /// assert_eq!(concat([&a, &b], 0).shape(), [3, 3]);
    /// ```
    #[doc(alias = "concatenate")]
    #[doc(alias = "hstack")]
    #[doc(alias = "vstack")]
    pub fn concat(arrays: impl IntoIterator<Item = impl Borrow<Array>>, axis: isize) {
        let arrays: SmallVec<[Array; 2]> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
        let arrays = same_dtype("concat", arrays)?;
        let axis = match arrays.first() {
            Some(first) => infer::axis("concat", first.ty(), first.ndim(), axis)?,
            None => 0,
        };
        joined("concat", arrays, axis)
    }

    /// The arrays, all of one shape, one behind the other along a new axis at place `axis`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let row = Array::arange(0..3);
    /// assert_eq!(stack([&row, &row], 0).shape(), [2, 3]);
    /// ```
    pub fn stack(arrays: impl IntoIterator<Item = impl Borrow<Array>>, axis: isize) {
        let arrays: SmallVec<[Array; 2]> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
        let arrays = same_dtype("stack", arrays)?;
        let Some(first) = arrays.first().cloned() else {
            return infer::join("stack", &[], 0).map(|_| unreachable!("no arrays cannot be joined"));
        };
        if let Some(other) = arrays.iter().find(|array| array.shape() != first.shape()) {
            let message = format!("stack: {} and {} differ", first.ty(), other.ty());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        let axis = infer::axis("stack", first.ty(), first.ndim() + 1, axis)?;
        let mut extents: SmallVec<[usize; 4]> = first.shape().into();
        extents.insert(axis, 1);
        let shape = Shape::new(extents);
        let mut rows: SmallVec<[Array; 2]> = SmallVec::with_capacity(arrays.len());
        for array in &arrays {
            rows.push(reshaped(array, shape.clone()));
        }
        joined("stack", rows, axis)
    }
}

#[track_caller]
fn same_dtype(op: &str, arrays: SmallVec<[Array; 2]>) -> Result<SmallVec<[Array; 2]>> {
    let dtype = build::common(op, arrays.iter().map(Array::dtype))?.unwrap_or(DType::F64);
    let mut cast = SmallVec::with_capacity(arrays.len());
    for array in &arrays {
        cast.push(build::cast(op, array, dtype)?);
    }
    Ok(cast)
}

#[track_caller]
pub(super) fn joined(op: &str, arrays: SmallVec<[Array; 2]>, axis: usize) -> Result<Array> {
    let ty = {
        let types: SmallVec<[&Type; 2]> = arrays.iter().map(Array::ty).collect();
        infer::join(op, &types, axis)?
    };
    if let [single] = &arrays[..] {
        return Ok(single.clone());
    }
    if ty.dtype.is_complex() {
        return complex::joined(op, &arrays, axis);
    }
    Ok(Array::lazy(Op::Join { axis: axis as u32 }, arrays, ty))
}

/// Axis `a` of the result is axis `axes[a]` of `array`.
#[track_caller]
pub(super) fn permuted(array: &Array, axes: &[usize]) -> Array {
    let shape = axes.iter().map(|&axis| array.shape()[axis]).collect();
    view(View::Permute(axes.iter().map(|&axis| axis as u32).collect()), array, shape)
}

/// The axes of `array` that `over` names, in the order it names them.
pub(super) fn in_order(op: &str, array: &Array, over: &Over) -> Result<SmallVec<[usize; 4]>> {
    distinct(op, array.ty(), array.ndim(), &over.plain(op, array.ty())?)
}

/// The axes named, among `rank`, in order.
fn distinct(op: &str, ty: &Type, rank: usize, named: &[isize]) -> Result<SmallVec<[usize; 4]>> {
    let mut found: SmallVec<[usize; 4]> = SmallVec::new();
    for &axis in named {
        let absolute = infer::axis(op, ty, rank, axis)?;
        if found.contains(&absolute) {
            return Err(axis_error(op, format!("axis {axis} of {ty} is named twice")));
        }
        found.push(absolute);
    }
    Ok(found)
}

pub(super) fn axis_error(op: &str, message: String) -> Error {
    Error::new(ErrorKind::Axis, format!("{op}: {message}"))
}
