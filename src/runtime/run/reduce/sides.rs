//! Where the accumulators of a reduction lie, and what is staged for them: one place for each.

use smallvec::SmallVec;

use super::super::walk::Local;
use crate::base::DType;
use crate::op::PerAccumulator;

/// The lanes of each accumulator, or what is staged of elements: by address, or by place.
pub(super) type Sides<T = *mut u8> = PerAccumulator<T>;

/// Each side, of one of `dtypes`, moved on by so many elements.
pub(super) fn moved(sides: &[*mut u8], dtypes: &[DType], elements: usize) -> Sides {
    sides.iter().zip(dtypes).map(|(side, dtype)| side.wrapping_add(elements * dtype.size())).collect()
}

/// The sides as locals, `column` elements from one column to the next and `row` from row to row.
pub(super) fn locals(sides: &[*mut u8], dtypes: &[DType], column: usize, row: usize) -> SmallVec<[Local; 6]> {
    let local = |(base, dtype): (&*mut u8, &DType)| Local {
        base: *base,
        column: (column * dtype.size()) as isize,
        row: (row * dtype.size()) as isize,
    };
    sides.iter().zip(dtypes).map(local).collect()
}
