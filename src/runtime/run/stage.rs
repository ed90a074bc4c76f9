//! Staging: copies of tiles in which elements lie side by side in the order of a walk, whatever
//! order they have in memory. So strips see unit steps.
//!
//! Elements are moved by their bits; only their size counts.

use crate::base::caches::LINE;

/// Bytes past the end of a copy that may be written.
pub const SLACK: usize = SPLAT * 8;

/// Elements that are written at once where one is repeated.
const SPLAT: usize = 8;

/// A tile of an operand.
#[derive(Clone, Copy)]
pub struct Tile {
    /// Bytes of an element.
    pub size: usize,
    /// The address of the first.
    pub from: *const u8,
    /// Bytes from column to column.
    pub column: isize,
    /// Bytes from row to row.
    pub row: isize,
    /// Columns.
    pub n: usize,
    /// Rows.
    pub rows: usize,
    /// The tile that comes after this one.
    pub next: Next,
}

/// A tile that will be copied next.
#[derive(Clone, Copy)]
pub struct Next {
    /// Bytes from the first element of this tile to its first.
    pub at: isize,
    /// Its columns; none if there is no such tile.
    pub n: usize,
    /// Its rows.
    pub rows: usize,
}

/// What a stage holds: a tile that repeats one row for ever is copied once.
#[derive(Clone, Copy, Default)]
pub struct Copied {
    row: Option<(usize, usize)>,
    rows: usize,
}

impl Copied {
    /// Copies a tile to `to`, row after row without gaps.
    ///
    /// # Safety
    /// The tile's elements are readable. `to` is aligned for them and has room for all of them and
    /// [`SLACK`] more bytes, and holds what it held after the last call.
    pub unsafe fn copy(&mut self, tile: Tile, to: *mut u8) {
        let row = (tile.row == 0).then_some((tile.from.addr(), tile.n));
        if row.is_some() && self.row == row && tile.rows <= self.rows {
            return;
        }
        (self.row, self.rows) = (row, tile.rows);
        // SAFETY: the caller's promise.
        unsafe {
            match tile.size {
                1 => copy(tile, to),
                2 => copy(tile, to.cast::<u16>()),
                4 => copy(tile, to.cast::<u32>()),
                _ => copy(tile, to.cast::<u64>()),
            }
        }
    }
}

/// # Safety
/// As [`Copied::copy`].
unsafe fn copy<T: Copy>(tile: Tile, to: *mut T) {
    let Tile { size, from, column, row, n, rows, .. } = tile;
    let at = |i: usize, j: usize| {
        from.wrapping_offset(row * i as isize).wrapping_offset(column * j as isize).cast::<T>()
    };
    // SAFETY: elements are those of the tile, and places those of the copy.
    unsafe {
        if row == 0 && rows > 1 {
            // One row, then twice as many as there are.
            copy(Tile { rows: 1, ..tile }, to);
            let (mut done, all) = (n, n * rows);
            while done < all {
                let more = done.min(all - done);
                to.copy_to_nonoverlapping(to.add(done), more);
                done += more;
            }
        } else if column == 0 {
            // Whole vectors, each over the end of the one before.
            for i in 0..rows {
                let value = at(i, 0).read_unaligned();
                for j in (0..n).step_by(SPLAT) {
                    to.add(i * n + j).cast::<[T; SPLAT]>().write_unaligned([value; SPLAT]);
                }
            }
        } else if column == size as isize {
            for i in 0..rows {
                at(i, 0).cast::<u8>().copy_to_nonoverlapping(to.add(i * n).cast(), n * size);
            }
        } else if row == size as isize {
            cross(tile, to);
        } else {
            for i in 0..rows {
                for j in 0..n {
                    to.add(i * n + j).write(at(i, j).read_unaligned());
                }
            }
        }
    }
}

/// Transposes a tile whose rows lie side by side.
///
/// # Safety
/// As [`Copied::copy`].
unsafe fn cross<T: Copy>(tile: Tile, to: *mut T) {
    let Tile { size, from, column, n, rows, next, .. } = tile;
    // Ahead of the next tile: lines so far apart are fetched by no hardware.
    for j in 0..next.n {
        for byte in (0..next.rows * size).step_by(LINE) {
            prefetch(from.wrapping_offset(next.at + column * j as isize).wrapping_add(byte));
        }
    }
    let at = |i: usize, j: usize| from.wrapping_offset(column * j as isize).cast::<T>().wrapping_add(i);
    let (whole_rows, whole_columns) = (rows - rows % SQUARE, n - n % SQUARE);
    // SAFETY: elements are those of the tile, and places those of the copy.
    unsafe {
        for j in (0..whole_columns).step_by(SQUARE) {
            squares(at(0, j).cast(), size, column, whole_rows, to.add(j).cast(), n);
        }
        for j in 0..n {
            let first = if j < whole_columns { whole_rows } else { 0 };
            for i in first..rows {
                to.add(i * n + j).write(at(i, j).read_unaligned());
            }
        }
    }
}

/// Rows and columns of what is transposed in registers.
const SQUARE: usize = 8;

/// Asks for a line that will be read; any address will do.
pub(super) fn prefetch(line: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(line.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// Transposes squares one below the other: `rows` rows, elements of a row `column` bytes apart, to
/// rows of `n` elements.
///
/// # Safety
/// As [`Copied::copy`]; `rows` is a multiple of [`SQUARE`].
unsafe fn squares(from: *const u8, size: usize, column: isize, rows: usize, to: *mut u8, n: usize) {
    #[cfg(target_arch = "x86_64")]
    if size >= 4 && std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has what is used; the rest is the caller's promise.
        return unsafe {
            match size {
                4 => avx2::fours(from, column, rows, to.cast(), n),
                _ => avx2::eights(from, column, rows, to.cast(), n),
            }
        };
    }
    for i in 0..rows {
        for j in 0..SQUARE {
            let from = from.wrapping_offset(column * j as isize).wrapping_add(i * size);
            // SAFETY: the caller's promise.
            unsafe { from.copy_to_nonoverlapping(to.add((i * n + j) * size), size) };
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    /// [`super::squares`] of elements of four bytes.
    ///
    /// # Safety
    /// As there.
    #[target_feature(enable = "avx2")]
    pub unsafe fn fours(from: *const u8, column: isize, rows: usize, to: *mut f32, n: usize) {
        for i in (0..rows).step_by(4) {
            // SAFETY: four elements of eight columns, and eight elements of four rows.
            unsafe {
                // Of columns `j` and `j + 4` the four elements from row `i` on.
                let pair = |j: isize| {
                    let at = |j: isize| _mm_loadu_ps(from.wrapping_offset(column * j).cast::<f32>().add(i));
                    _mm256_set_m128(at(j + 4), at(j))
                };
                let (a, b, c, d) = (pair(0), pair(1), pair(2), pair(3));
                let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
                let (ef, gh) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
                let low = |x, y| _mm256_unpacklo_pd(_mm256_castps_pd(x), _mm256_castps_pd(y));
                let high = |x, y| _mm256_unpackhi_pd(_mm256_castps_pd(x), _mm256_castps_pd(y));
                for (row, x) in [low(ab, cd), high(ab, cd), low(ef, gh), high(ef, gh)].into_iter().enumerate()
                {
                    _mm256_storeu_ps(to.add((i + row) * n), _mm256_castpd_ps(x));
                }
            }
        }
    }

    /// [`super::squares`] of elements of eight bytes.
    ///
    /// # Safety
    /// As there.
    #[target_feature(enable = "avx2")]
    pub unsafe fn eights(from: *const u8, column: isize, rows: usize, to: *mut f64, n: usize) {
        for i in (0..rows).step_by(2) {
            for j in [0, 4] {
                // SAFETY: two elements of four columns, and four elements of two rows.
                unsafe {
                    let pair = |j: isize| {
                        let at =
                            |j: isize| _mm_loadu_pd(from.wrapping_offset(column * j).cast::<f64>().add(i));
                        _mm256_set_m128d(at(j + 2), at(j))
                    };
                    let (a, b) = (pair(j), pair(j + 1));
                    let to = to.add(i * n + j as usize);
                    _mm256_storeu_pd(to, _mm256_unpacklo_pd(a, b));
                    _mm256_storeu_pd(to.add(n), _mm256_unpackhi_pd(a, b));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The copy of a tile of `values`, of which element `(i, j)` is at `first + row * i + column * j`.
    fn copied<T: Copy + Default + PartialEq + std::fmt::Debug>(
        values: &[T],
        first: usize,
        (rows, row): (usize, isize),
        (n, column): (usize, isize),
    ) {
        let size = size_of::<T>();
        let mut to = vec![T::default(); rows * n + SPLAT];
        let bytes = |step: isize| step * size as isize;
        let from = values[first..].as_ptr().cast();
        let tile = Tile {
            size,
            from,
            row: bytes(row),
            column: bytes(column),
            n,
            rows,
            next: Next { at: 0, n, rows: 2 },
        };
        // SAFETY: all elements are among the values, and there is room.
        unsafe { Copied::default().copy(tile, to.as_mut_ptr().cast()) };
        for i in 0..rows {
            for j in 0..n {
                let at = first as isize + row * i as isize + column * j as isize;
                assert_eq!(to[i * n + j], values[at as usize], "{rows} x {n}, {row} and {column}: {i}, {j}");
            }
        }
    }

    #[test]
    fn a_copy_has_every_element_in_its_place() {
        fn all<T: Copy + Default + PartialEq + std::fmt::Debug>(values: &[T]) {
            for (rows, n) in [(1, 1), (3, 5), (8, 8), (9, 17), (16, 8), (33, 31), (64, 3), (2, 64)] {
                for step in [0, 1, 2, 70] {
                    for other in [0, 1, 3, 71] {
                        copied(values, 0, (rows, step), (n, other));
                        copied(values, 0, (rows, other), (n, step));
                        copied(values, (rows - 1) * 70, (rows, -70), (n, other));
                        copied(values, (n - 1) * 70, (rows, step), (n, -70));
                    }
                }
            }
        }
        let numbers = || 0..10_000_u32;
        all(&numbers().collect::<Vec<u32>>());
        all(&numbers().map(|n| u64::from(n) << 33 | 1).collect::<Vec<u64>>());
        all(&numbers().map(|n| n as u16).collect::<Vec<u16>>());
        all(&numbers().map(|n| (n % 251) as u8).collect::<Vec<u8>>());
    }

    #[test]
    fn a_row_that_stays_is_copied_again_for_more_rows_or_another_place() {
        let values: Vec<u32> = (0..100).collect();
        let mut to = vec![0_u32; 64];
        let mut copied = Copied::default();
        let mut copy = |first: usize, rows: usize| {
            let from = values[first..].as_ptr().cast();
            let next = Next { at: 0, n: 0, rows: 0 };
            let tile = Tile { size: 4, from, column: 4, row: 0, n: 3, rows, next };
            // SAFETY: the values are there, and there is room.
            unsafe { copied.copy(tile, to.as_mut_ptr().cast()) };
            to[..rows * 3].to_vec()
        };
        assert_eq!(copy(0, 2), [0, 1, 2, 0, 1, 2]);
        assert_eq!(copy(0, 4), [0, 1, 2].repeat(4));
        assert_eq!(copy(0, 3), [0, 1, 2].repeat(3));
        assert_eq!(copy(7, 3), [7, 8, 9].repeat(3));
    }
}
