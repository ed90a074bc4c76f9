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
                // So few that a byte holds how many they are.
                let some = mask[block(number)].chunks(128);
                count[0] = some.map(|keeps| usize::from(keeps.iter().sum::<u8>())).sum();
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
    let (seen, mut next) = keep_vectors(given, mask, to);
    for (value, keeps) in given.iter().zip(mask).skip(seen) {
        // Every element is written, and stays if the next goes elsewhere: no processor foresees a mask.
        let Some(place) = to.get_mut(next) else { break };
        *place = *value;
        next += usize::from(*keeps);
    }
}

/// Keeps elements a vector at a time while there is room for whole vectors, where the processor has instructions
/// for their size. Returns how many it has seen, and how many of them it has kept.
fn keep_vectors<T: Copy>(given: &[T], mask: &[u8], to: &mut [T]) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    if [4, 8].contains(&size_of::<T>()) {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the processor has these instructions.
            return unsafe { avx512::keep(given, mask, to) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
            // SAFETY: the processor has these instructions.
            return unsafe { avx2::keep(given, mask, to) };
        }
    }
    let _ = (given, mask, to);
    (0, 0)
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        _mm_loadl_epi64, _mm_loadu_si128, _mm_test_epi8_mask, _mm512_loadu_epi32, _mm512_loadu_epi64,
        _mm512_maskz_compress_epi32, _mm512_maskz_compress_epi64, _mm512_storeu_epi32, _mm512_storeu_epi64,
    };

    /// As [`keep_vectors`](super::keep_vectors), of elements of 4 or 8 bytes.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,popcnt")]
    pub(super) fn keep<T: Copy>(given: &[T], mask: &[u8], to: &mut [T]) -> (usize, usize) {
        let lanes = 64 / size_of::<T>();
        let n = given.len().min(mask.len());
        let (mut seen, mut next) = (0, 0);
        while seen + lanes <= n && next + lanes <= to.len() {
            let (from, bytes) = (given[seen..].as_ptr(), mask[seen..].as_ptr());
            let kept = to[next..].as_mut_ptr();
            // SAFETY: a vector of elements, a byte for each and room for as many are there.
            let count = unsafe {
                match size_of::<T>() {
                    4 => {
                        let keeps = _mm_loadu_si128(bytes.cast());
                        let keeps = _mm_test_epi8_mask(keeps, keeps);
                        let values = _mm512_maskz_compress_epi32(keeps, _mm512_loadu_epi32(from.cast()));
                        _mm512_storeu_epi32(kept.cast(), values);
                        keeps.count_ones()
                    }
                    _ => {
                        let keeps = _mm_loadl_epi64(bytes.cast());
                        let keeps = _mm_test_epi8_mask(keeps, keeps) as u8;
                        let values = _mm512_maskz_compress_epi64(keeps, _mm512_loadu_epi64(from.cast()));
                        _mm512_storeu_epi64(kept.cast(), values);
                        keeps.count_ones()
                    }
                }
            };
            seen += lanes;
            next += count as usize;
        }
        (seen, next)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        _mm_loadl_epi64, _mm_loadu_si32, _mm256_castsi256_ps, _mm256_cvtepu8_epi32, _mm256_cvtepu8_epi64,
        _mm256_loadu_si256, _mm256_movemask_ps, _mm256_permutevar8x32_epi32, _mm256_setzero_si256,
        _mm256_storeu_si256, _mm256_sub_epi32, _mm256_sub_epi64,
    };

    /// For every set of a vector's eight words, a bit each: the words in it, in order.
    static IN_ORDER: [[u8; 8]; 256] = in_order();

    const fn in_order() -> [[u8; 8]; 256] {
        let mut all = [[0; 8]; 256];
        let mut set = 0;
        while set < 256 {
            let (mut lane, mut next) = (0, 0);
            while lane < 8 {
                if set >> lane & 1 == 1 {
                    all[set][next] = lane as u8;
                    next += 1;
                }
                lane += 1;
            }
            set += 1;
        }
        all
    }

    /// As [`keep_vectors`](super::keep_vectors), of elements of 4 or 8 bytes. One of 8 moves as two of 4.
    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn keep<T: Copy>(given: &[T], mask: &[u8], to: &mut [T]) -> (usize, usize) {
        let lanes = 32 / size_of::<T>();
        let n = given.len().min(mask.len());
        let (mut seen, mut next) = (0, 0);
        let zero = _mm256_setzero_si256();
        while seen + lanes <= n && next + lanes <= to.len() {
            let (from, bytes) = (given[seen..].as_ptr(), mask[seen..].as_ptr());
            let kept = to[next..].as_mut_ptr();
            // SAFETY: a vector of elements, a byte for each and room for as many are there.
            let set = unsafe {
                let keeps = match size_of::<T>() {
                    4 => _mm256_sub_epi32(zero, _mm256_cvtepu8_epi32(_mm_loadl_epi64(bytes.cast()))),
                    _ => _mm256_sub_epi64(zero, _mm256_cvtepu8_epi64(_mm_loadu_si32(bytes.cast()))),
                };
                let set = _mm256_movemask_ps(_mm256_castsi256_ps(keeps));
                let order = _mm_loadl_epi64(IN_ORDER[set as usize].as_ptr().cast());
                let values = _mm256_loadu_si256(from.cast());
                let values = _mm256_permutevar8x32_epi32(values, _mm256_cvtepu8_epi32(order));
                _mm256_storeu_si256(kept.cast(), values);
                set
            };
            seen += lanes;
            next += set.count_ones() as usize * 4 / size_of::<T>();
        }
        (seen, next)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements of `given`, of any length up to 200, that a mask keeps, against a filter.
    fn keeps<T: Copy + PartialEq + std::fmt::Debug>(of: impl Fn(usize) -> T) {
        for n in 0..200_usize {
            for every in [1, 2, 3, 7, 1000] {
                let given: Vec<T> = (0..n).map(&of).collect();
                let mask: Vec<u8> =
                    (0..n).map(|i| u8::from((i * i + 1) % every == 0 || every == 1)).collect();
                let kept: Vec<T> = given
                    .iter()
                    .zip(&mask)
                    .filter(|(_, keeps)| **keeps == 1)
                    .map(|(value, _)| *value)
                    .collect();
                // What lies behind the part of a block is another block's.
                let mut to = vec![of(201); kept.len() + 20];
                keep_elements(&given, &mask, &mut to[..kept.len()]);
                assert_eq!(to[..kept.len()], kept, "{n} by {every}");
                assert!(to[kept.len()..].iter().all(|value| *value == of(201)), "{n} by {every}");
            }
        }
    }

    #[test]
    fn masks_of_any_length_keep_elements_of_any_size_and_write_nothing_else() {
        keeps(|i| i as u8);
        keeps(|i| i as u16);
        keeps(|i| i as u32 * 0x01_01_01);
        keeps(|i| i as u64 * 0x01_01_01_01_01);
    }
}
