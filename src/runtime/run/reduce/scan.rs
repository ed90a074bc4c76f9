//! Finding the place of an extreme: a row is scanned for the extreme alone, which is cheap, and then looked
//! through for its place. A row of few bytes that lies in memory as it is is scanned whole and searched until the
//! extreme is met; any other is scanned in pieces, of which only the first that has the extreme is computed again.
//! The result is that of looking through all, since it does not depend on the order in which elements meet.

use std::ops::Range;

use smallvec::SmallVec;

use super::super::walk::{Local, Rect};
use super::Reduction;
use crate::base::DType;
use crate::base::dtype::typed;
use crate::kernel::Link;
use crate::op::Fold;

/// Bytes of the rows that are scanned together before they are searched: they are in the second-level cache then.
const SEARCHED: usize = 128 << 10;

/// Fewest elements of a row that are scanned for an extreme before its place is looked for: fewer
/// are looked through in about the time of two calls.
const SCANNED: usize = 512;

impl<'a> Reduction<'a> {
    /// Reduces rows to `n` results from `index` on along the epilogue's column, each scanned in pieces. Returns error
    /// bits.
    ///
    /// # Safety
    /// As [`Reduction::run`].
    pub(super) unsafe fn scan_each(&self, index: &[usize], n: usize) -> u32 {
        let mut index: SmallVec<[usize; 6]> = index.into();
        (0..n).fold(0, |errors, result| {
            let to = self.moved(&self.lanes(), result);
            // SAFETY: the caller's promise; there is room for the accumulators of `n` results.
            let more = unsafe { self.row(&mut index, 0..self.total, &self.locals(&to, 0, 0)) };
            index[self.reduce.then.column] += 1;
            errors | more
        })
    }

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

    /// What finds the extremes of whole rows whose places are asked for, if rows lie in memory as they are and are
    /// few bytes: then each is found again by looking.
    pub(super) fn searched(&self) -> Option<&'a Link> {
        let few = self.total * self.reduce.accumulators[0].size() <= SEARCHED;
        self.reduce.scan.as_ref().filter(|_| self.reduce.searchable && few)
    }

    /// Reduces rows to `n` results from `index` on along the epilogue's column, as [`Reduction::searched`] says: the
    /// extremes of some rows, and then their places. Returns error bits.
    ///
    /// # Safety
    /// As [`Reduction::run`].
    pub(super) unsafe fn search(&self, scan: &Link, index: &[usize], n: usize) -> u32 {
        let (fold, dtype) = (self.work(self.layout.fold), self.reduce.accumulators[0]);
        let together = (SEARCHED / (self.total * dtype.size())).max(1);
        let mut index: SmallVec<[usize; 6]> = index.into();
        let mut errors = 0;
        for first in (0..n).step_by(together) {
            let rows = together.min(n - first);
            let to = self.moved(&self.lanes(), first);
            let locals = self.locals(&to, 0, 1);
            let rect = self.whole_rows_from(&index, rows, &locals);
            // SAFETY: the caller's promise; there is room for the accumulators of `n` rows, and the rows that the
            // scan has read have `total` elements each, side by side.
            unsafe {
                errors |= self.context.link(scan, rect, self.memory, fold, fold);
                let (at, _, step) = self.context.address(&scan.places[0], &rect, self.memory, fold);
                typed!(dtype, T => for row in 0..rows {
                    let values = std::slice::from_raw_parts(at.wrapping_offset(step * row as isize).cast::<T>(), self.total);
                    let place = place_of(values, *to[0].cast::<T>().add(row));
                    to[1].cast::<i64>().add(row).write(place as i64);
                });
            }
            index[self.reduce.then.column] += rows;
        }
        errors
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

/// The place of the first of `values` that is `extreme`, which is one of them. Pieces are looked through whole: their
/// comparisons go side by side.
fn place_of<T: Copy + PartialOrd>(values: &[T], extreme: T) -> usize {
    fn first<T: Copy>(values: &[T], is: impl Fn(T) -> bool) -> Option<usize> {
        const PIECE: usize = 64;
        let (pieces, rest) = values.as_chunks::<PIECE>();
        let whole = pieces.iter().position(|piece| piece.iter().fold(false, |any, value| any | is(*value)));
        let (start, piece) = match whole {
            Some(number) => (number * PIECE, &pieces[number][..]),
            None => (pieces.len() * PIECE, rest),
        };
        piece.iter().position(|value| is(*value)).map(|place| start + place)
    }
    let is_nan = extreme.partial_cmp(&extreme).is_none();
    let place = match is_nan {
        true => first(values, |value| value.partial_cmp(&value).is_none()),
        false => first(values, |value| value == extreme),
    };
    place.unwrap_or(0)
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
