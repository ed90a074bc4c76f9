//! Rows picked by a mask, block by block: the rows of each block are counted, and then written behind those of
//! the blocks before.

use super::{Run, Shared};
use crate::base::Result;
use crate::op::HostOp;

/// Rows of a block: its mask lies in the first-level cache while it is counted and used.
const BLOCK: usize = 1 << 13;

impl Run<'_> {
    /// The rows of `given` where `mask` is 1, which are `count`.
    ///
    /// # Errors
    /// If they are not.
    pub(super) fn compress<T: Copy + Send + Sync>(
        &self,
        given: &[T],
        mask: &[u8],
        result: &mut [T],
        count: usize,
    ) -> Result<()> {
        let row = given.len().checked_div(mask.len()).unwrap_or(0);
        let block = |number: usize| number * BLOCK..mask.len().min((number + 1) * BLOCK);
        let blocks = mask.len().div_ceil(BLOCK);
        let mut kept = vec![0_usize; blocks];
        let counts = Shared(kept.as_mut_ptr());
        self.pieces(blocks, &|numbers| {
            for number in numbers {
                // SAFETY: every block has a number of its own.
                let count = unsafe { counts.part(number, 1) };
                count[0] = mask[block(number)].iter().map(|&keeps| u32::from(keeps)).sum::<u32>() as usize;
            }
            Ok(())
        })?;
        let mut before = Vec::with_capacity(blocks);
        let total = kept.iter().fold(0_usize, |sum, rows| {
            before.push(sum);
            sum + rows
        });
        if total != count {
            return Err(HostOp::miscounted(total, count));
        }
        let all = Shared(result.as_mut_ptr());
        self.pieces(blocks, &|numbers| {
            for number in numbers {
                let rows = block(number);
                // SAFETY: the blocks' parts follow each other, as long as their rows are, `count` together.
                let to = unsafe { all.part(before[number] * row, kept[number] * row) };
                match row {
                    1 => keep_elements(&given[rows.clone()], &mask[rows], to),
                    _ => keep_rows(&given[rows.start * row..rows.end * row], &mask[rows], to, row),
                }
            }
            Ok(())
        })
    }
}

/// The elements where the mask is 1, which fill `to`.
fn keep_elements<T: Copy>(given: &[T], mask: &[u8], to: &mut [T]) {
    let mut next = 0;
    for (value, keeps) in given.iter().zip(mask) {
        // Every element is written, and stays if the next goes elsewhere: no processor foresees a mask.
        let Some(place) = to.get_mut(next) else { break };
        *place = *value;
        next += usize::from(*keeps);
    }
}

/// The rows where the mask is 1, which fill `to`.
fn keep_rows<T: Copy>(given: &[T], mask: &[u8], to: &mut [T], row: usize) {
    if row == 0 {
        return;
    }
    let kept = given.chunks_exact(row).zip(mask).filter(|(_, keeps)| **keeps != 0);
    to.chunks_exact_mut(row).zip(kept).for_each(|(to, (values, _))| to.copy_from_slice(values));
}
