//! Arrays made from where their elements are: identities, triangles, diagonals, grids, functions of
//! indices. They are never buffers: index arithmetic inside the loop that uses them.

use std::borrow::Borrow;

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{ToShape, extents, extents_of};
use crate::array::build::{self, reshaped};
use crate::array::fallible::{fallible, settle, settle_list};
use crate::array::operand::{Arg, Operand};
use crate::array::ranges::{iota, with_scalar};
use crate::array::views::joined;
use crate::array::windows::diagonal;
use crate::base::promotion::Weak;
use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::graph::infer;
use crate::op::Binary;

fallible! {
    /// The identity matrix, `[n, n]` of `dtype`: 1 on the diagonal, 0 elsewhere. It takes no memory.
    #[doc(alias = "identity")]
    pub fn eye(n: usize, dtype: DType) {
        eye(n, n, 0, dtype)
    }

    /// The matrix `[rows, columns]` of `dtype` that is 1 on the diagonal `offset` columns to the right of the
    /// main one, to the left if it is negative, and 0 elsewhere. It takes no memory.
    pub fn eye_with(rows: usize, columns: usize, offset: isize, dtype: DType) {
        eye(rows, columns, offset, dtype)
    }
}

fallible! {
    /// The lower triangles of the matrices along the last two axes: 0 above the diagonal `offset` columns to
    /// the right of the main one, or to the left if it is negative.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::ones([2, 3], I32).tril(0).to_vec::<i32>()?, [1, 0, 0, 1, 1, 0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "tri")]
    pub fn tril(&self, offset: isize) {
        triangle("tril", self, Binary::LessEqual, offset)
    }

    /// The upper triangles of the matrices along the last two axes: 0 below the diagonal `offset` columns to
    /// the right of the main one, or to the left if it is negative.
    pub fn triu(&self, offset: isize) {
        triangle("triu", self, Binary::GreaterEqual, offset)
    }

    /// The square matrix with this vector on a diagonal and 0 elsewhere; of a matrix, its diagonal. The
    /// diagonal is `offset` columns to the right of the main one, to the left if that is negative.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![3, 4].diag(0);
    /// assert_eq!(x.to_vec::<i32>()?, [3, 0, 0, 4]);
    /// assert_eq!(x.diag(0).to_vec::<i32>()?, [3, 4]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn diag(&self, offset: isize) {
        match self.ndim() {
            1 => diagonal_matrix(self, offset),
            2 => diagonal("diag", self, offset),
            _ => {
                let why = format!("diag: {} is neither a vector nor a matrix", self.ty());
                Err(Error::new(ErrorKind::Shape, why))
            }
        }
    }
}

/// The coordinates of a grid from those along its axes, as the axes of a plot: the first array runs along
/// the columns (axis 1), the second along the rows (axis 0). [`meshgrid_ij`] runs along axes in order.
///
/// # Panics
/// Where `try_meshgrid` returns an error.
///
/// # Examples
/// ```
/// use broadloom::{meshgrid, prelude::*};
///
/// let grid = meshgrid([array![1, 2, 3], array![10, 20]]);
/// assert_eq!(grid[0].to_vec::<i32>()?, [1, 2, 3, 1, 2, 3]);
/// assert_eq!(grid[1].to_vec::<i32>()?, [10, 10, 10, 20, 20, 20]);
/// # Ok::<(), broadloom::Error>(())
/// ```
#[track_caller]
pub fn meshgrid(arrays: impl IntoIterator<Item = impl Borrow<Array>>) -> Vec<Array> {
    let arrays: Vec<Array> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    settle_list(grid("meshgrid", &arrays, true), arrays.len())
}

/// `meshgrid` that returns errors.
///
/// # Errors
/// If an array has more than one axis.
#[track_caller]
pub fn try_meshgrid(arrays: impl IntoIterator<Item = impl Borrow<Array>>) -> Result<Vec<Array>> {
    let arrays: Vec<Array> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    grid("meshgrid", &arrays, true)
}

/// The coordinates of a grid from those along its axes, axis k from the k-th array: `meshgrid` with
/// `indexing="ij"`.
///
/// # Panics
/// Where `try_meshgrid_ij` returns an error.
#[track_caller]
pub fn meshgrid_ij(arrays: impl IntoIterator<Item = impl Borrow<Array>>) -> Vec<Array> {
    let arrays: Vec<Array> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    settle_list(grid("meshgrid_ij", &arrays, false), arrays.len())
}

/// `meshgrid_ij` that returns errors.
///
/// # Errors
/// If an array has more than one axis.
#[track_caller]
pub fn try_meshgrid_ij(arrays: impl IntoIterator<Item = impl Borrow<Array>>) -> Result<Vec<Array>> {
    let arrays: Vec<Array> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    grid("meshgrid_ij", &arrays, false)
}

/// Functions of indices.
impl Array {
    /// For each axis of `shape` the array of that shape that says where along it each element is, in `i64`.
    ///
    /// # Panics
    /// Where [`try_indices`](Array::try_indices) returns an error.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(Array::indices([2, 2])[1].to_vec::<i64>()?, [0, 1, 0, 1]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn indices(shape: impl ToShape) -> Vec<Array> {
        let shape = shape.integers();
        let rank = shape.len();
        settle_list(extents_of("indices", &shape).and_then(|shape| indices("indices", &shape)), rank)
    }

    /// [`indices`](Array::indices) that returns errors.
    ///
    /// # Errors
    /// If `shape` is none.
    #[track_caller]
    pub fn try_indices(shape: impl ToShape) -> Result<Vec<Array>> {
        indices("indices", &extents("indices", shape)?)
    }

    /// The array of `shape` whose elements are what `function` makes of their indices, given as one array per
    /// axis (see [`indices`](Array::indices)). It is called once.
    ///
    /// # Panics
    /// Where [`try_from_fn`](Array::try_from_fn) returns an error.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let table = Array::from_fn([3, 3], |at| (&at[0] + 1) * (&at[1] + 1));
    /// assert_eq!(table.to_vec::<i64>()?, [1, 2, 3, 2, 4, 6, 3, 6, 9]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "fromfunction")]
    #[track_caller]
    pub fn from_fn(shape: impl ToShape, function: impl FnOnce(&[Array]) -> Array) -> Array {
        settle(Array::try_from_fn(shape, function))
    }

    /// [`from_fn`](Array::from_fn) that returns errors.
    ///
    /// # Errors
    /// If what `function` makes does not broadcast to `shape`.
    #[track_caller]
    pub fn try_from_fn(shape: impl ToShape, function: impl FnOnce(&[Array]) -> Array) -> Result<Array> {
        let shape = extents("from_fn", shape)?;
        let made = function(&indices("from_fn", &shape)?).sound()?;
        infer::broadcast_to(made.ty(), &shape).map_err(|_| {
            Error::new(ErrorKind::Shape, format!("from_fn: {} is not of shape {shape}", made.ty()))
        })?;
        build::broadcast("from_fn", &made, &shape)
    }
}

#[track_caller]
fn indices(op: &str, shape: &Shape) -> Result<Vec<Array>> {
    Type::checked(op, DType::I64, shape.clone())?;
    let mut all = Vec::with_capacity(shape.rank());
    for axis in 0..shape.rank() {
        all.push(build::broadcast(op, &along(op, shape.rank(), axis, shape[axis])?, shape)?);
    }
    Ok(all)
}

/// `0..n` along one of `rank` axes.
#[track_caller]
fn along(op: &str, rank: usize, axis: usize, n: usize) -> Result<Array> {
    let shape = (0..rank).map(|other| if other == axis { n } else { 1 }).collect();
    Ok(reshaped(&iota(op, n)?, shape))
}

/// Whether, per element of a matrix, its column stands to row + `offset` as `compare` says.
#[track_caller]
fn mask(op: &str, rows: usize, columns: usize, compare: Binary, offset: isize) -> Result<Array> {
    // Beyond the corners nothing changes any more.
    let offset = offset.clamp(-(rows as isize), columns as isize);
    let row = with_scalar(op, Binary::Add, along(op, 2, 0, rows)?, (offset as i64).into())?;
    build::binary(compare, along(op, 2, 1, columns)?.into(), row.into())
}

#[track_caller]
fn eye(rows: usize, columns: usize, offset: isize, dtype: DType) -> Result<Array> {
    Type::checked("eye", dtype, Shape::new([rows, columns]))?;
    build::cast("eye", &mask("eye", rows, columns, Binary::Equal, offset)?, dtype)
}

#[track_caller]
fn triangle(op: &str, array: &Array, compare: Binary, offset: isize) -> Result<Array> {
    let &[.., rows, columns] = array.shape() else {
        return Err(Error::new(ErrorKind::Shape, format!("{op}: {} is no matrix", array.ty())));
    };
    let kept = mask(op, rows, columns, compare, offset)?;
    build::select(op, kept.into(), Arg::Array(array.clone()), false.operand())
}

/// The vector, moved on by 0s as far as the diagonal begins down its rows, or before its columns.
#[track_caller]
fn diagonal_matrix(vector: &Array, offset: isize) -> Result<Array> {
    let away = offset.unsigned_abs();
    let n = vector.size().saturating_add(away);
    Type::checked("diag", vector.dtype(), Shape::new([n, n]))?;
    let mut parts: SmallVec<[Array; 2]> = SmallVec::from_elem(vector.clone(), 1);
    if away > 0 {
        parts.push(build::number("diag", Weak::Int(0), vector.dtype(), Shape::new([away]))?);
    }
    let line = joined("diag", parts, 0)?;
    // Above the main diagonal element k is in row k, below it in column k.
    let shape = if offset < 0 { [1, n] } else { [n, 1] };
    let spread = build::broadcast("diag", &reshaped(&line, Shape::new(shape)), &Shape::new([n, n]))?;
    let on = mask("diag", n, n, Binary::Equal, offset)?;
    build::select("diag", on.into(), spread.into(), false.operand())
}

/// The arrays, each along its axis and the same along all others; `plot` exchanges the first two axes.
#[track_caller]
fn grid(op: &str, arrays: &[Array], plot: bool) -> Result<Vec<Array>> {
    if let Some(array) = arrays.iter().find(|array| array.ndim() > 1) {
        let why = format!("{op}: {} is not along one axis", array.ty());
        return Err(Error::new(ErrorKind::Shape, why));
    }
    let rank = arrays.len();
    let place = |nth: usize| if plot && rank > 1 && nth < 2 { 1 - nth } else { nth };
    let shape: Shape = (0..rank).map(|axis| arrays[place(axis)].size()).collect();
    let mut all = Vec::with_capacity(rank);
    for (nth, array) in arrays.iter().enumerate() {
        let axis = place(nth);
        let line = (0..rank).map(|other| if other == axis { array.size() } else { 1 }).collect();
        all.push(build::broadcast(op, &reshaped(array, line), &shape)?.sound()?);
    }
    Ok(all)
}
