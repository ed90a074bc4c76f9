//! Elements at indices and in windows: scattered, assigned.

use super::super::gather::{index_at, is_inside, out_of_range};
use super::numbers::{Number, combination};
use super::{Run, Shared};
use crate::base::{Error, ErrorKind, Result};
use crate::kernel::loops::Host;
use crate::op::host::Update;

impl Run<'_> {
    /// A gather of nothing: looks whether indices are in range all the same.
    ///
    /// # Safety
    /// As `run::run`.
    pub(super) unsafe fn gather(&self, host: &Host, axis: u32) -> Result<()> {
        let (x, indices) = host.args.split_first().expect("an array comes first");
        for number in 0..indices.first().map_or(0, |(_, ty)| ty.shape.size()) {
            for ((index, &extent), axis) in indices.iter().zip(x.1.shape.iter()).zip(axis..) {
                let at = self.memory_of(&index.0).wrapping_add(number * index.1.dtype.size());
                // SAFETY: the caller's promise: buffers have the sizes of their types.
                let index = unsafe { index_at(index.1.dtype, at) };
                if !is_inside(index, extent) {
                    return Err(out_of_range(index, axis, extent));
                }
            }
        }
        Ok(())
    }

    /// The result with other elements in a window.
    pub(super) fn assign<T: Number>(&self, result: &mut [T], of: &Window<T>, update: Update) -> Result<()> {
        let combine = combination::<T>(update);
        let Some((&(first, count, step), outer)) = of.window.split_last() else {
            // A single value.
            // SAFETY: there is one of it.
            result[0] = combine(result[0], unsafe { of.values.part(0, 1) }[0]);
            return Ok(());
        };
        let (rows, row) = (outer.iter().map(|(_, count, _)| count).product(), of.shape[outer.len()]);
        let all = Shared(result.as_mut_ptr());
        self.pieces(if count == 0 { 0 } else { rows }, &|numbers| {
            for number in numbers {
                let (mut rest, mut place, mut stride) = (number, 0, 1);
                for (&(first, count, step), extent) in outer.iter().zip(of.shape).rev() {
                    place += (first + step * (rest % count) as i64) as usize * stride;
                    (rest, stride) = (rest / count, stride * extent);
                }
                // SAFETY: rows of the window are rows of the result, each another one; and the values have
                // as many.
                let (to, values) =
                    unsafe { (all.part(place * row, row), &*of.values.part(number * count, count)) };
                let mut at = first as usize;
                if step == 1 {
                    let to = &mut to[at..at + count];
                    to.iter_mut().zip(values).for_each(|(old, value)| *old = combine(*old, *value));
                    continue;
                }
                for value in values {
                    to[at] = combine(to[at], *value);
                    at = at.wrapping_add_signed(step as isize);
                }
            }
            Ok(())
        })
    }
}

/// Updates one after the other.
pub(super) fn scatter<T: Number>(
    result: &mut [T],
    indices: &Indices,
    values: &[T],
    update: Update,
) -> Result<()> {
    if let Some(number) = (0..indices.count()).find(|number| indices.place(*number).is_none()) {
        return Err(indices.error(number));
    }
    let combine = combination::<T>(update);
    let inner = indices.inner();
    for number in 0..indices.count() {
        let Some(place) = indices.place(number) else { continue };
        let to = &mut result[place * inner..][..inner];
        to.iter_mut().zip(&values[number * inner..]).for_each(|(old, value)| *old = combine(*old, *value));
    }
    Ok(())
}

/// A window of an array of this shape, and the values for it.
pub(super) struct Window<'a, T> {
    pub window: &'a [(i64, usize, i64)],
    pub shape: &'a [usize],
    pub values: Shared<T>,
}

/// Tuples of indices of the first axes of an array.
pub(super) struct Indices<'a> {
    pub lists: Vec<&'a [i64]>,
    pub shape: &'a [usize],
    /// What the user calls the first axis.
    pub axis: u32,
}

impl Indices<'_> {
    /// How many there are.
    fn count(&self) -> usize {
        self.lists.first().map_or(0, |list| list.len())
    }

    /// Elements of a row of the axes that are left.
    fn inner(&self) -> usize {
        self.shape[self.lists.len()..].iter().product()
    }

    /// Which of those rows tuple `number` points at; `None` if one of its indices is out of range.
    #[inline]
    fn place(&self, number: usize) -> Option<usize> {
        self.lists.iter().zip(self.shape).try_fold(0, |place, (list, &extent)| {
            let index = list[number];
            let index = if index < 0 { index.wrapping_add(extent as i64) } else { index };
            ((index as u64) < extent as u64).then(|| place * extent + index as usize)
        })
    }

    /// What is wrong with tuple `number`.
    fn error(&self, number: usize) -> Error {
        let bad = self.lists.iter().zip(self.shape).zip(self.axis..);
        let bad = bad.map(|((list, &extent), axis)| (list[number], extent, axis));
        let Some((index, extent, axis)) =
            bad.into_iter().find(|(index, extent, _)| !is_inside(*index, *extent))
        else {
            return Error::new(ErrorKind::Internal, "an index that is in range");
        };
        out_of_range(index, axis, extent)
    }
}
