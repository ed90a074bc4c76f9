//! Copying operands into panels: `width` rows of the left operand, or columns of the right one,
//! side by side for each k, so that a micro-kernel reads forward only.
//!
//! Both operands are packed by the same code, which calls rows (left) or columns (right) lanes.
//! Elements are moved, never computed with, so their size is all that matters of their dtype.

#![allow(unsafe_code)]

use std::ops::Range;

use super::plan::{Form, Side};
use super::{Kernel, Panel, Source};

/// How many k of memory whose lanes are side by side are packed together.
const RUNS: usize = 16;

/// How many k of a strip's rows are written to the stage before they are turned into a panel: with
/// the widest panel the stage stays in the first-level cache.
const STAGED: usize = 64;

/// Bytes of the stage where a strip leaves rows of k that become panels of lanes.
pub(super) fn stage_bytes(kernel: &Kernel) -> usize {
    kernel.columns * STAGED * kernel.dtype.size()
}

/// An operand as packing and micro-kernels see it; steps are in bytes.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a> {
    Memory { base: *const u8, lane: isize, k: isize },
    Strip { write: &'a (dyn Fn(Panel) -> u32 + Sync), along_k: bool },
}

impl<'a> Operand<'a> {
    /// The operand of this side.
    pub fn new(source: Source<'a>, side: Side) -> Self {
        match (source, side) {
            (Source::Memory { base, row, column }, Side::Left) => {
                Operand::Memory { base, lane: row, k: column }
            }
            (Source::Memory { base, row, column }, Side::Right) => {
                Operand::Memory { base, lane: column, k: row }
            }
            (Source::Strip { write, along_k }, _) => Operand::Strip { write, along_k },
        }
    }

    /// Packs `lanes` by `ks` into panels, one after the other; lanes that the last panel lacks
    /// become zeros. Returns error bits.
    ///
    /// # Safety
    /// Memory must be readable wherever `lanes` and `ks` say; `to` must be writable for all panels,
    /// and `stage` for [`stage_bytes`] if a strip runs along k where panels do not.
    pub unsafe fn pack(self, kernel: &Kernel, form: Form, block: Block, to: *mut u8, stage: *mut u8) -> u32 {
        let size = kernel.dtype.size();
        let Block { side, lanes, ks } = block;
        let depth = ks.len();
        if depth == 0 {
            return 0;
        }
        let few = match self {
            // Memory whose lanes are side by side is read a few k at a time over all panels: long
            // runs, and no more of them than the machine translates and prefetches well.
            Operand::Memory { lane, .. } if lane == size as isize => RUNS,
            Operand::Strip { along_k: true, .. } if form == Form::Lanes => STAGED,
            _ => depth,
        };
        let mut errors = 0;
        for above in (0..depth).step_by(few) {
            let mut first = lanes.start;
            while first < lanes.end {
                let width = kernel.panel(side, lanes.end - first);
                let (lane, k) = match form {
                    Form::Lanes => (1, width),
                    Form::Ks => (depth, 1),
                };
                let panel = Panel {
                    // SAFETY: the caller promises room for all panels.
                    to: unsafe { to.add(((first - lanes.start) * depth + above * k) * size) },
                    lane,
                    k,
                    first,
                    width: width.min(lanes.end - first),
                    first_k: ks.start + above,
                    depth: few.min(depth - above),
                };
                match self {
                    Operand::Strip { write, along_k: true } if form == Form::Lanes => {
                        errors |= write(Panel { to: stage, lane: STAGED, k: 1, ..panel });
                        // SAFETY: the strip has just written what the panel is copied from.
                        unsafe { copy(size, stage, (STAGED * size) as isize, size as isize, panel) };
                    }
                    Operand::Strip { write, .. } => errors |= write(panel),
                    Operand::Memory { base, lane, k } => {
                        let (row, column) = (panel.first as isize * lane, panel.first_k as isize * k);
                        // SAFETY: the caller's promise, for a part of one panel.
                        unsafe { copy(size, base.wrapping_offset(row + column), lane, k, panel) }
                    }
                }
                if panel.width < width {
                    for d in 0..panel.depth {
                        // SAFETY: within the panel, after the lanes that are there: only panels of
                        // lanes are wider than what they hold.
                        unsafe {
                            let missing = panel.to.add((d * width + panel.width) * size);
                            missing.write_bytes(0, (width - panel.width) * size);
                        }
                    }
                }
                first += panel.width;
            }
        }
        errors
    }
}

/// What of an operand is packed at once.
pub(super) struct Block {
    pub side: Side,
    pub lanes: Range<usize>,
    pub ks: Range<usize>,
}

/// Copies one panel, or the part of one that `panel` says, whose first element is at `from`.
///
/// # Safety
/// As [`Operand::pack`].
unsafe fn copy(size: usize, from: *const u8, lane: isize, k: isize, panel: Panel) {
    let unit = size as isize;
    if panel.k == 1 {
        // A panel of rows of k: what a panel of lanes is, with the two exchanged.
        let turned = Panel { lane: 1, k: panel.lane, width: panel.depth, depth: panel.width, ..panel };
        // SAFETY: the caller's promise.
        return unsafe { copy_runs(size, from, k, lane, turned) };
    }
    // SAFETY: the caller's promise. Lengths are those the panels of the kernels have.
    unsafe {
        match panel.width * size {
            32 if lane == unit => copy_rows::<32>(from, k, panel, size),
            48 if lane == unit => copy_rows::<48>(from, k, panel, size),
            64 if lane == unit => copy_rows::<64>(from, k, panel, size),
            128 if lane == unit => copy_rows::<128>(from, k, panel, size),
            192 if lane == unit => copy_rows::<192>(from, k, panel, size),
            _ => copy_runs(size, from, lane, k, panel),
        }
    }
}

/// Copies a panel of any width and steps; `panel.lane` is 1.
///
/// # Safety
/// As [`Operand::pack`].
unsafe fn copy_runs(size: usize, from: *const u8, lane: isize, k: isize, panel: Panel) {
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            _ if lane == size as isize => {
                for d in 0..panel.depth {
                    let run = from.wrapping_offset(d as isize * k);
                    let to = panel.to.add(d * panel.k * size);
                    std::ptr::copy_nonoverlapping(run, to, panel.width * size);
                }
            }
            4 => transpose::<u32, 4>(from, lane, k, panel, transpose_4x4),
            _ => transpose::<u64, 2>(from, lane, k, panel, transpose_2x2),
        }
    }
}

/// Copies a panel whose lanes are side by side, `BYTES` of them.
///
/// # Safety
/// As [`Operand::pack`].
unsafe fn copy_rows<const BYTES: usize>(from: *const u8, k: isize, panel: Panel, size: usize) {
    for d in 0..panel.depth {
        // SAFETY: the caller's promise, for one k.
        unsafe {
            let row = from.wrapping_offset(d as isize * k).cast::<[u8; BYTES]>().read_unaligned();
            panel.to.add(d * panel.k * size).cast::<[u8; BYTES]>().write_unaligned(row);
        }
    }
}

/// Copies a panel whose lanes are apart; `square` transposes `SIDE` by `SIDE` elements whose k are
/// side by side, from rows a step apart (in bytes) to rows a stride apart (in elements).
///
/// # Safety
/// As [`Operand::pack`].
unsafe fn transpose<T: Copy, const SIDE: usize>(
    from: *const u8,
    lane: isize,
    k: isize,
    panel: Panel,
    square: unsafe fn(*const u8, isize, *mut T, usize),
) {
    let to = panel.to.cast::<T>();
    let adjacent = k == size_of::<T>() as isize;
    // A cache line of k at a time, so that a line is used up while it is there, however many lanes
    // fall into the same set.
    let line = 64 / size_of::<T>();
    for first in (0..panel.depth).step_by(line) {
        let end = panel.depth.min(first + line);
        let mut j = 0;
        while j < panel.width {
            let wide = panel.width - j >= SIDE;
            let column = from.wrapping_offset(j as isize * lane);
            let mut d = first;
            while adjacent && wide && d + SIDE <= end {
                // SAFETY: `SIDE` lanes and `SIDE` k are there.
                unsafe {
                    square(column.wrapping_offset(d as isize * k), lane, to.add(d * panel.k + j), panel.k)
                }
                d += SIDE;
            }
            let lanes = if wide { SIDE } else { panel.width - j };
            for d in d..end {
                for i in 0..lanes {
                    let at = column.wrapping_offset(i as isize * lane + d as isize * k);
                    // SAFETY: one element of the panel.
                    unsafe { to.add(d * panel.k + j + i).write(at.cast::<T>().read_unaligned()) }
                }
            }
            j += lanes;
        }
    }
}

/// # Safety
/// Four rows of four elements must be readable and writable.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_4x4(from: *const u8, step: isize, to: *mut u32, stride: usize) {
    use std::arch::x86_64::*;
    // SAFETY: the caller's promise; SSE2 is part of x86-64.
    unsafe {
        let row = |i: isize| _mm_loadu_si128(from.wrapping_offset(i * step).cast());
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        let (ab_low, ab_high) = (_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
        _mm_storeu_si128(to.cast(), _mm_unpacklo_epi64(ab_low, cd_low));
        _mm_storeu_si128(to.add(stride).cast(), _mm_unpackhi_epi64(ab_low, cd_low));
        _mm_storeu_si128(to.add(2 * stride).cast(), _mm_unpacklo_epi64(ab_high, cd_high));
        _mm_storeu_si128(to.add(3 * stride).cast(), _mm_unpackhi_epi64(ab_high, cd_high));
    }
}

/// # Safety
/// Four rows of four elements must be readable and writable.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn transpose_4x4(from: *const u8, step: isize, to: *mut u32, stride: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let row = |i: isize| from.wrapping_offset(i * step).cast::<[u32; 4]>().read_unaligned();
        let rows = [row(0), row(1), row(2), row(3)];
        for d in 0..4 {
            to.add(d * stride).cast::<[u32; 4]>().write_unaligned(rows.map(|row| row[d]));
        }
    }
}

/// # Safety
/// Two rows of two elements must be readable and writable.
#[inline(always)]
unsafe fn transpose_2x2(from: *const u8, step: isize, to: *mut u64, stride: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let [a, b] = from.cast::<[u64; 2]>().read_unaligned();
        let [c, d] = from.wrapping_offset(step).cast::<[u64; 2]>().read_unaligned();
        to.cast::<[u64; 2]>().write_unaligned([a, c]);
        to.add(stride).cast::<[u64; 2]>().write_unaligned([b, d]);
    }
}
