//! Arrays seen through windows and along diagonals: views, in which one element may be read at many
//! places. Nothing is copied.

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{ToAxes, ToShape, extents};
use crate::array::build::view;
use crate::array::fallible::fallible;
use crate::array::views::axis_error;
use crate::base::{Affine, Error, ErrorKind, IndexMap, Result, Shape, Type};
use crate::graph::{View, infer};

fallible! {
    /// All windows of shape `window` onto these axes, which overlap. `..` is for all axes.
    ///
    /// # Shapes
    /// An axis of extent n seen through a window of w becomes one of n - w + 1; the axes of the window
    /// come last, in their order.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![1.0, 2.0, 3.0, 4.0];
    /// let windows = x.sliding_window_view(2, 0);
    /// assert_eq!(windows.shape(), [3, 2]);
    /// assert_eq!(windows.mean(-1).to_vec::<f64>()?, [1.5, 2.5, 3.5]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn sliding_window_view(&self, window: impl ToShape, axes: impl ToAxes) {
        let window = extents("sliding_window_view", window)?;
        let axes = axes.over().plain("sliding_window_view", self.ty())?;
        if axes.len() != window.rank() {
            let why = format!("a window of {} axes onto {}", window.rank(), axes.len());
            return Err(axis_error("sliding_window_view", why));
        }
        let mut slides: SmallVec<[(usize, usize, usize); 4]> = SmallVec::new();
        for (&axis, &size) in axes.iter().zip(window.iter()) {
            slides.push((infer::axis("sliding_window_view", self.ty(), self.ndim(), axis)?, size, 1));
        }
        through("sliding_window_view", self, &slides)
    }

    /// The windows of `size` onto an axis, each `step` after the one before; the axis of the window comes
    /// last.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let pairs = Array::arange(0..7).unfold(0, 2, 3);
    /// assert_eq!(pairs.to_vec::<i64>()?, [0, 1, 3, 4]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn unfold(&self, axis: isize, size: usize, step: usize) {
        let axis = infer::axis("unfold", self.ty(), self.ndim(), axis)?;
        if step == 0 {
            return Err(Error::new(ErrorKind::Value, "unfold: the step is 0"));
        }
        through("unfold", self, &[(axis, size, step)])
    }

    /// The elements on a diagonal of the matrices along the last two axes, `offset` columns to the right of
    /// the main one, or to the left if it is negative. Other axes: [`moveaxis`](Array::moveaxis) first.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![[1, 2, 3], [4, 5, 6]];
    /// assert_eq!(x.diagonal(0).to_vec::<i32>()?, [1, 5]);
    /// assert_eq!(x.diagonal(1).to_vec::<i32>()?, [2, 6]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "diag")]
    pub fn diagonal(&self, offset: isize) {
        diagonal("diagonal", self, offset)
    }
}

/// `array` through windows: per window the axis, its size and how far it moves.
#[track_caller]
fn through(op: &str, array: &Array, slides: &[(usize, usize, usize)]) -> Result<Array> {
    let mut map = IndexMap::identity(array.ndim());
    let mut shape: SmallVec<[usize; 4]> = array.shape().into();
    for &(axis, size, step) in slides {
        let n = shape[axis];
        if size > n {
            let why = format!(
                "{op}: a window of {size} is wider than axis {axis} of {}, which has {n}",
                array.ty()
            );
            return Err(Error::new(ErrorKind::Shape, why));
        }
        shape[axis] = (n - size) / step + 1;
        // With one place there is no step.
        let step = if shape[axis] > 1 { step as i64 } else { 1 };
        let start = Affine::constant(0).plus(step, &map.0[axis]);
        map.0[axis] = start.plus(1, &Affine::axis(shape.len()));
        shape.push(size);
    }
    let ty = Type::checked(op, array.dtype(), Shape::new(shape))?;
    Ok(view(View::Affine(Box::new(map)), array, ty.shape))
}

#[track_caller]
pub(super) fn diagonal(op: &str, array: &Array, offset: isize) -> Result<Array> {
    let &[ref leading @ .., rows, columns] = array.shape() else {
        return Err(Error::new(ErrorKind::Shape, format!("{op}: {} is no matrix", array.ty())));
    };
    let (down, right) = if offset < 0 { (offset.unsigned_abs(), 0) } else { (0, offset.unsigned_abs()) };
    let count = rows.saturating_sub(down).min(columns.saturating_sub(right));
    let along = leading.len();
    let mut map = IndexMap::identity(along);
    for first in [down, right] {
        map.0.push(Affine::scaled(along, 1, if count == 0 { 0 } else { first as i64 }));
    }
    let shape = leading.iter().copied().chain([count]).collect();
    Ok(view(View::Affine(Box::new(map)), array, shape))
}
