//! One row by a right operand whose k are side by side, as those of a matrix that is multiplied by a
//! vector, or of a transposed one: squares of it are turned in registers, so that lanes are columns and
//! sums run over ascending k like all others.

#![allow(unsafe_code)]

use super::{Lanes, Step};

/// Columns a multiple of so many bytes apart fall into one set of a first-level cache, which has room for
/// the lines of [`WAYS`].
const SAME_SET: isize = 4096;
/// See there.
const WAYS: usize = 8;

/// What turns the right operand.
pub(super) trait Turn: Lanes {
    /// Four vectors, of as many k that are side by side at the addresses of the lanes.
    ///
    /// # Safety
    /// As [`Lanes`]; four elements must be readable at every lane.
    unsafe fn turn(at: impl Fn(usize) -> *const u8) -> [Self; 4];
    /// The elements at the addresses of the lanes.
    ///
    /// # Safety
    /// As [`Lanes`].
    unsafe fn gather(at: impl Fn(usize) -> *const u8) -> Self;
}

/// The body of the micro-kernels.
///
/// # Safety
/// As [`super::TileFn`], for one row and [`Step::columns`] columns; `b_k` must be an element.
#[inline(always)]
pub(super) unsafe fn turned<V: Turn>(step: &Step) {
    // Two sums run side by side, as one waits for itself; more would not see each other for all the turning
    // between them.
    let two = step.b_column % SAME_SET != 0 || 2 * V::LANES <= WAYS;
    let mut column = 0;
    // SAFETY: the caller's promise, for a part of the columns.
    unsafe {
        while column < step.columns {
            let left = step.columns - column;
            column += match () {
                () if two && left >= 2 * V::LANES => chains::<V, 2, true>(step, column, 2 * V::LANES),
                () if left >= V::LANES => chains::<V, 1, true>(step, column, V::LANES),
                () => chains::<V, 1, false>(step, column, left),
            };
        }
    }
}

/// `N` vectors of columns from `first` on, of which `columns` exist: all of them if `WHOLE`. Returns
/// `columns`.
///
/// # Safety
/// As [`turned`].
#[inline(always)]
unsafe fn chains<V: Turn, const N: usize, const WHOLE: bool>(
    step: &Step,
    first: usize,
    columns: usize,
) -> usize {
    let element = size_of::<V::Element>();
    // SAFETY: the caller's promise. Lanes that do not exist read the last column that does, and are
    // neither loaded from the accumulators nor stored to them.
    unsafe {
        let mask = V::mask(columns.min(V::LANES));
        let c = |n: usize| step.c.add((first + n * V::LANES) * element);
        let mut sums = [V::zero(); N];
        if step.resume {
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum = if WHOLE { V::load(c(n)) } else { V::load_some(c(n), mask) };
            }
        }
        let b = step.b.offset(first as isize * step.b_column);
        let lane = |j: usize| {
            let j = if WHOLE { j } else { j.min(columns - 1) };
            b.offset(j as isize * step.b_column)
        };
        let mut k = 0;
        let line = 64 / element;
        while k + line <= step.depth {
            for (n, sum) in sums.iter_mut().enumerate() {
                for k in (k..k + line).step_by(4) {
                    let right = V::turn(|j| lane(n * V::LANES + j).add(k * element));
                    for (d, right) in right.into_iter().enumerate() {
                        let left = V::splat(step.a.offset((k + d) as isize * step.a_k));
                        *sum = sum.fma(left, right);
                    }
                }
            }
            k += line;
        }
        while k < step.depth {
            let left = V::splat(step.a.offset(k as isize * step.a_k));
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum = sum.fma(left, V::gather(|j| lane(n * V::LANES + j).add(k * element)));
            }
            k += 1;
        }
        for (n, sum) in sums.into_iter().enumerate() {
            if WHOLE { sum.store(c(n)) } else { sum.store_some(c(n), mask) }
        }
    }
    columns
}
