//! Sets: the different values of arrays, and what they have in common.

use crate::array::fallible::fallible;
use crate::array::{Array, build, eval};
use crate::base::Result;

/// The different values of an array, with where they are. See [`Array::unique_all`].
#[derive(Clone, Debug)]
pub struct Unique {
    /// The values, ascending, of shape `[n]`.
    pub values: Array,
    /// Where each stands first among the elements in row-major order, `i64[n]`.
    pub indices: Array,
    /// For every element the place of its value, `i64` of the array's shape.
    pub inverse: Array,
    /// How often each occurs, `i64[n]`.
    pub counts: Array,
}

fallible! {
    /// Whether each element is among those of `others`, `bool` of the array's shape. NaN is not.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// assert_eq!(array![1, 5, 2].isin(&array![2, 1]).to_vec::<bool>()?, [true, false, true]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn isin(&self, others: &Array) {
        if others.size() == 0 {
            return Array::try_zeros(self.shape(), crate::base::DType::Bool);
        }
        let sorted = others.try_ravel()?.try_sort(0)?;
        let place = sorted.try_searchsorted(self)?.try_minimum(others.size() as i64 - 1)?;
        sorted.try_take(&place, 0)?.try_equal(self)
    }
}

/// These evaluate when they are called, since how many values there are depends on data.
impl Array {
    /// The different values, ascending, of shape `[n]`. Every NaN is a value of its own.
    ///
    /// # Errors
    /// If evaluation fails.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// assert_eq!(array![3, 1, 3, 2].unique_values()?.to_vec::<i32>()?, [1, 2, 3]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "unique")]
    #[track_caller]
    pub fn unique_values(&self) -> Result<Array> {
        let sorted = self.try_ravel()?.try_sort(0)?;
        let [sorted, first] = eval([sorted.clone(), starts(&sorted)?])?;
        sorted.mask(&first)
    }

    /// The different values, ascending, and how often each occurs, `i64`: both of shape `[n]`.
    ///
    /// # Errors
    /// If evaluation fails.
    #[track_caller]
    pub fn unique_counts(&self) -> Result<(Array, Array)> {
        let Unique { values, counts, .. } = self.uniques()?;
        let [values, counts] = eval([values, counts])?;
        Ok((values, counts))
    }

    /// The different values, ascending, and for every element the place of its value among them, `i64` of
    /// the array's shape.
    ///
    /// # Errors
    /// If evaluation fails.
    #[track_caller]
    pub fn unique_inverse(&self) -> Result<(Array, Array)> {
        let Unique { values, inverse, .. } = self.uniques()?;
        let [values, inverse] = eval([values, inverse])?;
        Ok((values, inverse))
    }

    /// The different values with where they are and how often.
    ///
    /// # Errors
    /// If evaluation fails.
    #[track_caller]
    pub fn unique_all(&self) -> Result<Unique> {
        let Unique { values, indices, inverse, counts } = self.uniques()?;
        let [values, indices, inverse, counts] = eval([values, indices, inverse, counts])?;
        Ok(Unique { values, indices, inverse, counts })
    }

    /// The same, evaluated as far as it takes to count the values.
    #[track_caller]
    fn uniques(&self) -> Result<Unique> {
        let flat = self.try_ravel()?;
        let order = flat.try_argsort(0)?;
        let sorted = flat.try_take(&order, 0)?;
        let [order, sorted, first] = eval([order, sorted.clone(), starts(&sorted)?])?;
        let places = first.nonzero()?.swap_remove(0);
        let ends = crate::array::try_concat(
            [
                places.try_slice(crate::s![1.min(places.size() as isize)..])?,
                Array::from_vec(vec![flat.size() as i64], 1)?,
            ],
            0,
        )?;
        let ends = ends.try_slice(crate::s![..places.size() as isize])?;
        let number = first.try_astype(crate::base::DType::I64)?.try_cumulative_sum(0)?.try_subtract(1)?;
        let inverse = order.zeros_like().at(&order).try_set(&number)?.try_reshape(self.shape())?;
        Ok(Unique {
            values: sorted.try_take(&places, 0)?,
            indices: order.try_take(&places, 0)?,
            inverse,
            counts: ends.try_subtract(&places)?,
        })
    }

    /// The different values that are in both arrays, ascending.
    ///
    /// # Errors
    /// If evaluation fails.
    #[track_caller]
    pub fn intersect1d(&self, other: &Array) -> Result<Array> {
        let dtype = build::common_of("intersect1d", self.dtype(), other.dtype())?;
        let values = self.try_astype(dtype)?.unique_values()?;
        values.mask(&values.try_isin(other)?)
    }

    /// The different values that are in either array, ascending.
    ///
    /// # Errors
    /// If evaluation fails.
    #[track_caller]
    pub fn union1d(&self, other: &Array) -> Result<Array> {
        crate::array::try_concat([self.try_ravel()?, other.try_ravel()?], 0)?.unique_values()
    }

    /// The different values that are in this array and not in the other, ascending.
    ///
    /// # Errors
    /// If evaluation fails.
    #[track_caller]
    pub fn setdiff1d(&self, other: &Array) -> Result<Array> {
        let values = self.unique_values()?;
        values.mask(&values.try_isin(other)?.try_logical_not()?)
    }
}

/// Where elements of an array of rank 1 differ from the one before; the first does.
#[track_caller]
fn starts(sorted: &Array) -> Result<Array> {
    let first = Array::try_ones(sorted.size().min(1), crate::base::DType::Bool)?;
    let last = sorted.size().saturating_sub(1) as isize;
    let from = 1.min(sorted.size() as isize);
    let (before, after) = (sorted.try_slice(crate::s![..last])?, sorted.try_slice(crate::s![from..])?);
    crate::array::try_concat([first, after.try_not_equal(before)?], 0)
}
