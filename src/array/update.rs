//! Updates: an array with some elements replaced, `x.at(where).set(value)`.
//!
//! An array never changes: what comes back is another one. But `at` takes the handle, and where nobody
//! else holds the array, the update happens in its memory.

use smallvec::{SmallVec, smallvec};

use crate::array::args::sealed::Sealed;
use crate::array::fallible::{settle, within};
use crate::array::index::Sliced;
use crate::array::operand::Arg;
use crate::array::pick::index_arrays;
use crate::array::{Array, Operand, SliceItem, build};
use crate::base::{DType, Error, ErrorKind, Kind, Result, Shape};
use crate::graph::infer;
use crate::op::{HostOp, Update};

/// Where an update happens: a slice, a mask, or arrays of indices.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where to update",
    label = "expected a slice, a mask or index arrays",
    note = "an update is at `s![1..-1, 0]`, at a mask `&x.less(0.0)`, or at index arrays `[&rows, &columns]`"
)]
pub trait Target: Sealed {
    #[doc(hidden)]
    fn target(self) -> Place;
}

/// Where an update happens, taken in.
#[doc(hidden)]
pub enum Place {
    /// A slice.
    Slice(SmallVec<[SliceItem; 4]>),
    /// A mask, or an index array for the first axis.
    Array(Array),
    /// Index arrays for the first axes.
    Indices(SmallVec<[Array; 2]>),
}

impl<const N: usize> Target for [SliceItem; N] {
    fn target(self) -> Place {
        Place::Slice(self.into_iter().collect())
    }
}
impl Target for &[SliceItem] {
    fn target(self) -> Place {
        Place::Slice(self.iter().cloned().collect())
    }
}
impl Target for &Array {
    fn target(self) -> Place {
        Place::Array(self.clone())
    }
}
impl Target for Array {
    fn target(self) -> Place {
        Place::Array(self)
    }
}
impl<const N: usize> Target for [&Array; N] {
    fn target(self) -> Place {
        Place::Indices(self.into_iter().cloned().collect())
    }
}

/// An array and where it is to be updated; made by [`Array::at`].
#[must_use = "an update is a new array: `x = x.at(…).set(…)`"]
pub struct At {
    array: Array,
    place: Place,
}

impl Array {
    /// The array together with a place, for an update: `x.at(s![0]).set(1.0)` is `x` with its first row
    /// replaced. The place is a slice, a mask of `bool` whose axes are the array's first, an array of
    /// integers that are indices of the first axis, or several such arrays for the first axes.
    ///
    /// Takes the handle, so that an array nobody else holds is updated where it lies.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = Array::zeros([2, 3], F64);
    /// let x = x.at(s![.., 1]).set(5.0);
    /// let low = x.less(1.0);
    /// let x = x.at(&low).add(2.0);
    /// assert_eq!(x.to_vec::<f64>()?, [2.0, 5.0, 2.0, 2.0, 5.0, 2.0]);
    ///
    /// let counts = Array::zeros(4, I64).at(&array![0, 2, 2]).add(1);
    /// assert_eq!(counts.to_vec::<i64>()?, [1, 0, 2, 0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn at(self, place: impl Target) -> At {
        At { array: self, place: place.target() }
    }
}

macro_rules! updates { ($( $(#[$doc:meta])* $name:ident $Update:ident; )*) => { pastey::paste! {
    #[expect(clippy::should_implement_trait, reason = "an update at a place is no operator")]
    impl At { $(
        $(#[$doc])*
        ///
        /// # Panics
        #[doc = concat!("Where [`try_", stringify!($name), "`](At::try_", stringify!($name), ") returns an error.")]
        #[track_caller]
        pub fn $name(self, values: impl Operand) -> Array {
            settle(self.[<try_ $name>](values))
        }

        #[doc = concat!("[`", stringify!($name), "`](At::", stringify!($name), ") that returns errors.")]
        ///
        /// # Errors
        /// If the place is not in the array, or the values do not broadcast to it or would raise its dtype.
        #[track_caller]
        pub fn [<try_ $name>](self, values: impl Operand) -> Result<Array> {
            self.updated(concat!("at.", stringify!($name)), Update::$Update, values.operand())?.sound()
        }
    )* }
} } }
updates! {
    /// The array with these values there, which broadcast to the place and take the array's dtype. Of
    /// index arrays that name a place twice, the last value stays.
    set Set;
    /// The array with these values added there. Of index arrays that name a place twice, both are.
    add Add;
    /// The array multiplied by these values there.
    mul Multiply;
    /// The smaller of the array's elements and these values there.
    min Minimum;
    /// The larger of the array's elements and these values there.
    max Maximum;
}

impl At {
    #[track_caller]
    fn updated(self, op: &str, update: Update, values: Arg) -> Result<Array> {
        let Self { array, place } = self;
        // What the array's own dtype cannot hold would be lost.
        let dtype = array.dtype();
        let met = build::meeting_dtype(op, &[&Arg::Array(array.clone()), &values])?;
        if met != dtype {
            let message =
                format!("{op}: the values make {met} of {}: convert them or the array first", array.ty());
            return Err(Error::new(ErrorKind::DType, message));
        }
        match place {
            Place::Slice(items) => {
                let Sliced { slices, extents, shape } = Sliced::of(op, array.ty(), &items)?;
                let values = fitted(op, values, dtype, &Shape::new(shape))?;
                let values = build::reshaped(&values, Shape::new(extents.iter().copied()));
                let window =
                    slices.iter().zip(&extents).map(|(&(first, step), &n)| (first, n, step)).collect();
                build::host(op, HostOp::Assign { update, window }, smallvec![array, values])
            }
            Place::Array(mask) if mask.dtype() == DType::Bool => masked(op, update, array, &mask, values),
            Place::Array(indices) if indices.dtype().kind() == Kind::Int => {
                scattered(op, update, array, &[indices], values)
            }
            Place::Array(other) => {
                let message = format!("{op}: {} is neither a mask nor indices", other.ty());
                Err(Error::new(ErrorKind::DType, message))
            }
            Place::Indices(indices) => scattered(op, update, array, &indices, values),
        }
    }
}

/// `values` for a place of this shape.
#[track_caller]
fn fitted(op: &str, values: Arg, dtype: DType, shape: &Shape) -> Result<Array> {
    if let Arg::Array(array) = &values
        && infer::broadcast_to(array.ty(), shape).is_err()
    {
        let message = format!("{op}: cannot broadcast {} to the place, of shape {shape}", array.ty());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    build::spread(op, values, dtype, shape)
}

/// Where the mask is true: a choice, which fuses like any other.
#[track_caller]
fn masked(op: &str, update: Update, array: Array, mask: &Array, values: Arg) -> Result<Array> {
    let ty = array.ty();
    if !ty.shape.starts_with(mask.shape()) {
        let message = format!("{op}: {} is no mask for {ty}: its axes are not the first", mask.ty());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    let padded = mask.shape().iter().copied().chain(std::iter::repeat_n(1, array.ndim() - mask.ndim()));
    let mask = build::reshaped(mask, padded.collect());
    let values = fitted(op, values, ty.dtype, &ty.shape)?;
    let new = within(
        op,
        match update {
            Update::Set => Ok(values),
            Update::Add => array.try_add(&values),
            Update::Multiply => array.try_multiply(&values),
            Update::Minimum => array.try_minimum(&values),
            Update::Maximum => array.try_maximum(&values),
        },
    )?;
    build::select(op, Arg::Array(mask), Arg::Array(new), Arg::Array(array))
}

#[track_caller]
fn scattered(op: &str, update: Update, array: Array, indices: &[Array], values: Arg) -> Result<Array> {
    let indices = index_arrays(op, array.ty(), indices, build::integers)?;
    let place: Shape = indices[0].shape().iter().chain(&array.shape()[indices.len()..]).copied().collect();
    let values = fitted(op, values, array.dtype(), &place)?;
    let args = std::iter::once(array).chain(indices).chain([values]).collect();
    build::host(op, HostOp::Scatter { axis: 0, update }, args)
}
