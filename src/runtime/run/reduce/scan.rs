//! Finding the place of an extreme: a row is scanned in pieces for the extreme alone, which is cheap,
//! and only the first piece that has it is looked through for its place. The result is that of
//! looking through all, since it does not depend on the order in which elements meet.

use std::ops::Range;

use super::super::walk::{Local, Rect};
use super::Reduction;
use crate::base::DType;
use crate::base::dtype::typed;
use crate::kernel::Link;
use crate::op::Fold;

/// Fewest elements of a row that are scanned for an extreme before its place is looked for: fewer
/// are looked through in about the time of two calls.
const SCANNED: usize = 512;

impl<'a> Reduction<'a> {
    /// Reduces elements of one result along the last axis to its lanes, or to one value where the steps
    /// of the locals say so; for the place of an extreme, those elements that may have it.
    ///
    /// # Safety
    /// As [`Reduction::run`].
    pub(super) unsafe fn row(&self, index: &mut [usize], elements: Range<usize>, to: &[Local]) -> u32 {
        let (last, fold) = (index.len() - 1, self.work(self.layout.fold));
        let mut errors = 0;
        // SAFETY: the caller's promise.
        unsafe {
            let elements = self.narrowed(index, elements, &mut errors);
            index[last] = elements.start;
            let n = elements.len();
            let rect = Rect { index, column: last, n, row: None, rows: 1, every: 1, locals: to };
            errors |= self.context.link(&self.reduce.accumulate, rect, self.memory, fold, fold);
        }
        index[last] = 0;
        errors
    }

    /// What finds the extreme of so many elements whose place is asked for, if that is worth it.
    pub(super) fn scan(&self, elements: usize) -> Option<&'a Link> {
        self.reduce.scan.as_ref().filter(|_| elements >= SCANNED)
    }

    /// The piece of `elements` of one result that holds the place of an extreme, where that is what
    /// is asked for: the first piece whose own extreme is that of all.
    ///
    /// # Safety
    /// As [`Reduction::run`].
    unsafe fn narrowed(&self, index: &mut [usize], elements: Range<usize>, errors: &mut u32) -> Range<usize> {
        let Some(scan) = self.scan(elements.len()) else { return elements };
        let last = index.len() - 1;
        // As many pieces as there are vectors in one.
        let piece = (2 * elements.len().isqrt()).next_multiple_of(64);
        let (whole, rest) = (elements.len() / piece, elements.len() % piece);
        let (extremes, fold) = (self.work(self.layout.extremes), self.work(self.layout.fold));
        let size = self.reduce.accumulators[0].size();
        for (first, rows, n) in [(0, whole, piece), (whole, 1, rest)] {
            if n == 0 {
                continue;
            }
            index[last] = elements.start + first * piece;
            let to = Local { base: extremes.wrapping_add(first * size), column: 0, row: size as isize };
            let rect = Rect { index, column: last, n, row: Some(last), rows, every: piece, locals: &[to] };
            // SAFETY: the caller's promise; there is room for an extreme of every piece.
            *errors |= unsafe { self.context.link(scan, rect, self.memory, fold, fold) };
        }
        let count = whole + usize::from(rest != 0);
        // SAFETY: all of them have been written.
        let first = unsafe { first_extreme(extremes, self.reduce.fold, self.reduce.accumulators[0], count) };
        let start = elements.start + first * piece;
        start..(start + piece).min(elements.end)
    }
}

/// Which of `count` values is the first extreme, as `Fold::Argmax` and `Fold::Argmin` mean it.
///
/// # Safety
/// There are so many values of `dtype`, aligned.
unsafe fn first_extreme(at: *const u8, fold: Fold, dtype: DType, count: usize) -> usize {
    fn search<T: Copy + PartialOrd>(fold: Fold, values: &[T]) -> usize {
        let mut best = 0;
        for (place, value) in values.iter().enumerate() {
            let beyond = if fold == Fold::Argmax { *value > values[best] } else { *value < values[best] };
            if value.partial_cmp(value).is_none() {
                return place;
            }
            if beyond {
                best = place;
            }
        }
        best
    }
    // SAFETY: the caller's promise; truth values are bytes that are 0 or 1.
    typed!(dtype, T => search(fold, unsafe { std::slice::from_raw_parts(at.cast::<T>(), count) }))
}
