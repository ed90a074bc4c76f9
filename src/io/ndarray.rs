//! Arrays of the crate `ndarray`, in and out, behind the crate feature `ndarray-0_17`.

use ndarray_0_17 as ndarray;
use ndarray_0_17::{ArrayBase, ArrayView, Data, Dimension, IxDyn, OwnedRepr};

use crate::array::Array;
use crate::base::{Element, Error, ErrorKind, Result};

/// The same array. Its memory is taken over where its elements lie in row-major order without gaps, or in the
/// order in which the first axis runs fastest; others are copied.
///
/// # Panics
/// If it has no elements, and its other extents count more than memory can address.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
/// use ndarray_0_17 as ndarray;
///
/// let x = Array::from(ndarray::array![[1.0, 2.0], [3.0, 4.0]]);
/// let y: ndarray::Array2<f64> = (&(&x * 2.0)).try_into()?;
/// assert_eq!(y, ndarray::array![[2.0, 4.0], [6.0, 8.0]]);
/// # Ok::<(), broadloom::Error>(())
/// ```
impl<T: Element, D: Dimension> From<ndarray::Array<T, D>> for Array {
    #[track_caller]
    fn from(array: ndarray::Array<T, D>) -> Self {
        let mut shape = array.shape().to_vec();
        let transposed = !array.is_standard_layout() && array.t().is_standard_layout();
        if !transposed && !array.is_standard_layout() {
            return Array::from(&array);
        }
        if transposed {
            shape.reverse();
        }
        let count = array.len();
        let (mut values, start) = array.into_raw_vec_and_offset();
        // A part of an array holds the elements around it too.
        values.truncate(start.unwrap_or(0) + count);
        values.drain(..start.unwrap_or(0));
        let array = stored(values, &shape);
        if transposed { array.t() } else { array }
    }
}

/// The same array, copied.
///
/// # Panics
/// As for owned arrays.
impl<T: Element, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Array {
    #[track_caller]
    fn from(array: &ArrayBase<S, D>) -> Self {
        let values = match array.as_slice() {
            Some(values) => values.to_vec(),
            None => array.iter().copied().collect(),
        };
        stored(values, array.shape())
    }
}

#[track_caller]
fn stored<T: Element>(values: Vec<T>, shape: &[usize]) -> Array {
    Array::from_vec(values, shape).unwrap_or_else(|error| panic!("{error}"))
}

/// The same array, evaluated and copied.
impl<T: Element, D: Dimension> TryFrom<&Array> for ArrayBase<OwnedRepr<T>, D> {
    type Error = Error;

    fn try_from(array: &Array) -> Result<Self> {
        Ok(ArrayView::try_from(array)?.to_owned())
    }
}

/// The same array, evaluated; its memory is borrowed.
impl<'a, T: Element, D: Dimension> TryFrom<&'a Array> for ArrayView<'a, T, D> {
    type Error = Error;

    fn try_from(array: &'a Array) -> Result<Self> {
        let rank = array.ndim();
        if let Some(wanted) = D::NDIM.filter(|wanted| *wanted != rank) {
            let message = format!("ndarray: {array:?} has rank {rank}, not {wanted}");
            return Err(Error::new(ErrorKind::Shape, message));
        }
        array.force()?;
        let view = ArrayView::from_shape(IxDyn(array.shape()), array.as_slice::<T>()?);
        let view = view.and_then(ArrayView::into_dimensionality);
        view.map_err(|error| Error::new(ErrorKind::Shape, format!("ndarray: {error}")).caused_by(error))
    }
}
