//! Reductions: elements to lanes, lanes to blocks, blocks to a tree, and at last lanes to results.
//!
//! The order is that of the meaning: element `i` joins lane `i mod lanes` of its block, blocks
//! combine in an aligned binary tree, lanes by halving. Strips do the first two along the last axis;
//! across columns, and between parts, the tree is built here.

use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use super::walk::{Context, Local, Memory, Rect, for_each, temps_bytes};
use crate::base::strip::{FOLD_LEVELS, LANE_BYTES, ROUNDS};
use crate::base::{DType, Scalar};
use crate::kernel::Stage;
use crate::kernel::loops::{Direction, Reduce};

/// Columns that a reduction across columns takes at a time: with 32 lanes of 4 bytes, 32 KiB per
/// level of its tree.
const ACROSS: usize = 256;

/// Finished rows that a reduction along rows combines at a time.
const BATCH: usize = 32;

/// Blocks that a staged reduction gathers before it combines them; a power of two.
const STAGED_BLOCKS: usize = 4;

/// Where a reduction's working memory is, in bytes from its start.
pub struct Layout {
    temps: usize,
    /// Per accumulator the lanes.
    left: [usize; 2],
    /// Per accumulator the staged elements.
    staged: [usize; 2],
    /// Fold strips' own scratch.
    fold: usize,
    /// Levels of the tree, each as large as a left side.
    levels: usize,
    level_bytes: usize,
    /// All of it.
    pub bytes: usize,
}

/// The working memory of a reduction of `total` elements per result.
pub fn layout(reduce: &Reduce, total: usize) -> Layout {
    let width = batch(reduce);
    let mut at = 0;
    let mut take = |bytes: usize| {
        let start = at;
        at += bytes.next_multiple_of(64);
        start
    };
    let sides = |take: &mut dyn FnMut(usize) -> usize, elements: usize| {
        let mut starts = [0; 2];
        for (start, dtype) in starts.iter_mut().zip(&reduce.accumulators) {
            *start = take(elements * dtype.size());
        }
        starts
    };
    let chains = reduce.each.iter().chain([&reduce.then.chain]);
    let temps = take(chains.map(temps_bytes).max().unwrap_or(0));
    let left_start = take(0);
    let left = sides(&mut take, width * reduce.lanes);
    let level_bytes = take(0) - left_start;
    let staged_elements = match (&reduce.each, reduce.direction) {
        (None, _) => 0,
        (Some(_), Direction::Along) => STAGED_BLOCKS * ROUNDS * reduce.lanes,
        (Some(_), Direction::Across(_)) => ACROSS,
    };
    let staged = sides(&mut take, staged_elements);
    let fold = take(match reduce.direction {
        Direction::Along => FOLD_LEVELS * LANE_BYTES * reduce.accumulators.len(),
        Direction::Across(_) => 0,
    });
    let blocks = total.div_ceil(ROUNDS * reduce.lanes).max(1);
    let levels = take(0);
    take((blocks.ilog2() as usize + 2) * level_bytes);
    Layout { temps, left, staged, fold, levels, level_bytes, bytes: at }
}

impl Context<'_> {
    /// Runs a reduction over `limits` of its kept axes, and all of the reduced ones.
    ///
    /// # Safety
    /// As [`Context::link`], for all of `limits`; `memory.work` has the stage's [`work_bytes`].
    pub unsafe fn reduce(
        &self,
        stage: &Stage,
        reduce: &Reduce,
        limits: &[Range<usize>],
        memory: &Memory,
    ) -> u32 {
        let total: usize = stage.extents[reduce.kept..].iter().product();
        let layout = layout(reduce, total);
        let column = reduce.then.column;
        let width = batch(reduce);
        let mut errors = 0;
        for_each(
            limits,
            |axis| axis == column || axis >= reduce.kept,
            |index| {
                let mut index: SmallVec<[usize; 6]> = index.into();
                let end = limits[column].end;
                while index[column] < end {
                    let n = width.min(end - index[column]);
                    let lanes = lanes_at(reduce, &layout, memory);
                    // SAFETY: this piece of the column axis is part of the caller's limits.
                    unsafe {
                        errors |=
                            self.accumulate(stage, reduce, &index, n, 0..total, &lanes, &layout, memory);
                        errors |= self.complete(reduce, &index, n, total, &lanes, &layout, memory);
                    }
                    index[column] += n;
                }
            },
        );
        errors
    }

    /// Reduces `elements` of the reduced axes for `n` results from `index` on along the epilogue's
    /// column, to lanes at `to`: for each result in turn its lanes, or for each lane the results.
    ///
    /// # Safety
    /// As [`Context::link`].
    #[expect(clippy::too_many_arguments, reason = "a piece of a reduction")]
    pub unsafe fn accumulate(
        &self,
        stage: &Stage,
        reduce: &Reduce,
        index: &[usize],
        n: usize,
        elements: Range<usize>,
        to: &[*mut u8],
        layout: &Layout,
        memory: &Memory,
    ) -> u32 {
        let mut errors = 0;
        match reduce.direction {
            Direction::Along => {
                let mut index: SmallVec<[usize; 6]> = index.into();
                for result in 0..n {
                    let to: SmallVec<[*mut u8; 2]> = (to.iter().zip(&reduce.accumulators))
                        .map(|(to, dtype)| to.wrapping_add(result * reduce.lanes * dtype.size()))
                        .collect();
                    // SAFETY: the caller's promise.
                    errors |= unsafe {
                        self.along(stage, reduce, &mut index, elements.clone(), &to, layout, memory)
                    };
                    index[reduce.then.column] += 1;
                }
            }
            Direction::Across(_) => {
                // SAFETY: the caller's promise.
                errors |= unsafe { self.across(stage, reduce, index, n, elements, to, layout, memory) };
            }
        }
        errors
    }

    /// Reduces elements of one result along the last axis to its lanes.
    #[expect(clippy::too_many_arguments, reason = "a piece of a reduction")]
    unsafe fn along(
        &self,
        stage: &Stage,
        reduce: &Reduce,
        index: &mut [usize],
        elements: Range<usize>,
        to: &[*mut u8],
        layout: &Layout,
        memory: &Memory,
    ) -> u32 {
        let last = stage.extents.len() - 1;
        let fold = memory.work.wrapping_add(layout.fold);
        let local = |base: *mut u8, size: usize| Local { base, column: size as isize, row: 0 };
        let outs: SmallVec<[Local; 6]> =
            to.iter().zip(&reduce.accumulators).map(|(to, dtype)| local(*to, dtype.size())).collect();
        let Some(each) = &reduce.each else {
            index[last] = elements.start;
            let rect = Rect { index, column: last, n: elements.len(), row: None, rows: 1, locals: &outs };
            // SAFETY: the caller's promise.
            let errors = unsafe { self.link(&reduce.accumulate, rect, memory, memory.work, fold) };
            index[last] = 0;
            return errors;
        };
        let staged: SmallVec<[*mut u8; 2]> =
            (0..to.len()).map(|a| memory.work.wrapping_add(layout.staged[a])).collect();
        let mut errors = 0;
        let chunk = STAGED_BLOCKS * ROUNDS * reduce.lanes;
        let mut tree = Tree::default();
        for first in elements.clone().step_by(chunk) {
            let count = chunk.min(elements.end - first);
            // Rows of the reduced axes, one after the other, side by side in the stage.
            let mut done = 0;
            while done < count {
                set_position(index, &stage.extents, reduce.kept, first + done);
                let run = (stage.extents[last] - index[last]).min(count - done);
                let mut locals: SmallVec<[Local; 6]> =
                    smallvec![local(std::ptr::null_mut(), 0); 2 * to.len()];
                locals.extend(
                    (staged.iter().zip(&reduce.accumulators))
                        .map(|(base, dtype)| local(base.wrapping_add(done * dtype.size()), dtype.size())),
                );
                let rect = Rect { index, column: last, n: run, row: None, rows: 1, locals: &locals };
                let temps = memory.work.wrapping_add(layout.temps);
                // SAFETY: the caller's promise; the stage has room for a chunk.
                errors |= unsafe { self.chain(each, rect, memory, temps) };
                done += run;
            }
            let mut locals: SmallVec<[Local; 6]> = outs.clone();
            locals.extend_from_slice(&outs);
            locals.extend(
                staged.iter().zip(&reduce.accumulators).map(|(base, dtype)| local(*base, dtype.size())),
            );
            let rect = Rect { index, column: last, n: count, row: None, rows: 1, locals: &locals };
            // SAFETY: as above.
            errors |= unsafe { self.link(&reduce.accumulate, rect, memory, memory.work, fold) };
            // SAFETY: levels have room for the lanes of all blocks.
            unsafe { tree.push(self, reduce, to, reduce.lanes, layout, memory) };
        }
        set_position(index, &stage.extents, reduce.kept, 0);
        // SAFETY: as above.
        unsafe { tree.finish(self, reduce, to, reduce.lanes, layout, memory) };
        errors
    }

    /// Reduces elements of `n` columns, row after row, to lanes of columns.
    #[expect(clippy::too_many_arguments, reason = "a piece of a reduction")]
    unsafe fn across(
        &self,
        stage: &Stage,
        reduce: &Reduce,
        index: &[usize],
        n: usize,
        elements: Range<usize>,
        to: &[*mut u8],
        layout: &Layout,
        memory: &Memory,
    ) -> u32 {
        let mut errors = 0;
        let mut index: SmallVec<[usize; 6]> = index.into();
        let last = stage.extents.len() - 1;
        let column = reduce.then.column;
        let total: usize = stage.extents[reduce.kept..].iter().product();
        let (block, present) = (ROUNDS * reduce.lanes, reduce.lanes.min(total));
        let mut tree = Tree::default();
        for first in elements.clone().step_by(block) {
            let count = block.min(elements.end - first);
            for (to, identity) in to.iter().zip(&reduce.identity) {
                // SAFETY: a side has room for all lanes of all columns.
                unsafe { fill(*to, *identity, present * n) };
            }
            let mut done = 0;
            while done < count {
                set_position(&mut index, &stage.extents, reduce.kept, first + done);
                let lane = done % reduce.lanes;
                let run = (stage.extents[last] - index[last]).min(count - done).min(reduce.lanes - lane);
                let lanes = |skip: usize| -> SmallVec<[Local; 6]> {
                    let side = |(to, dtype): (&*mut u8, &DType)| Local {
                        base: to.wrapping_add((lane + skip) * n * dtype.size()),
                        column: dtype.size() as isize,
                        row: (n * dtype.size()) as isize,
                    };
                    to.iter().zip(&reduce.accumulators).map(side).collect()
                };
                match &reduce.each {
                    None => {
                        let locals = lanes(0);
                        let rect =
                            Rect { index: &index, column, n, row: Some(last), rows: run, locals: &locals };
                        // SAFETY: the caller's promise.
                        errors |=
                            unsafe { self.link(&reduce.accumulate, rect, memory, memory.work, memory.work) };
                    }
                    Some(each) => {
                        for row in 0..run {
                            let mut locals = lanes(row);
                            locals.extend(lanes(row));
                            locals.extend((0..to.len()).map(|a| Local {
                                base: memory.work.wrapping_add(layout.staged[a]),
                                column: reduce.accumulators[a].size() as isize,
                                row: 0,
                            }));
                            let rect = Rect { index: &index, column, n, row: None, rows: 1, locals: &locals };
                            let temps = memory.work.wrapping_add(layout.temps);
                            // SAFETY: the caller's promise; the stage has room for a row.
                            unsafe {
                                errors |= self.chain(each, rect, memory, temps);
                                errors |= self.link(&reduce.accumulate, rect, memory, temps, temps);
                            }
                            index[last] += 1;
                        }
                    }
                }
                done += run;
            }
            // SAFETY: levels have room for the lanes of all blocks.
            unsafe { tree.push(self, reduce, to, present * n, layout, memory) };
        }
        // SAFETY: as above.
        unsafe { tree.finish(self, reduce, to, present * n, layout, memory) };
        errors
    }

    /// Combines `rows` rows of `n` accumulators: `left = left with right`, each a base per
    /// accumulator and a number of elements from row to row.
    ///
    /// # Safety
    /// Both sides have room.
    pub unsafe fn combine(
        &self,
        reduce: &Reduce,
        (left, right): (&[*mut u8], &[*mut u8]),
        (rows, n, apart): (usize, usize, usize),
        memory: &Memory,
    ) {
        let local = |(base, dtype): (&*mut u8, &DType)| Local {
            base: *base,
            column: dtype.size() as isize,
            row: (apart * dtype.size()) as isize,
        };
        let locals: SmallVec<[Local; 6]> = (left.iter().zip(&reduce.accumulators).map(local))
            .chain(right.iter().zip(&reduce.accumulators).map(local))
            .collect();
        // The strip's places have the stage's axes; a column and a row of locals need none of them.
        let rank = reduce.combine.places[0].steps.len();
        let index: SmallVec<[usize; 6]> = smallvec![0; rank];
        let rect = Rect { index: &index, column: rank - 1, n, row: None, rows, locals: &locals };
        // SAFETY: the caller gives sides of this size.
        unsafe { self.link(&reduce.combine, rect, memory, memory.work, memory.work) };
    }

    /// Combines the lanes of `n` results by halving, and computes their outputs.
    ///
    /// # Safety
    /// As [`Context::link`].
    #[expect(clippy::too_many_arguments, reason = "a piece of a reduction")]
    pub unsafe fn complete(
        &self,
        reduce: &Reduce,
        index: &[usize],
        n: usize,
        total: usize,
        lanes: &[*mut u8],
        layout: &Layout,
        memory: &Memory,
    ) -> u32 {
        let mut present = reduce.lanes.min(total);
        let mut half = reduce.lanes / 2;
        while half != 0 {
            if half < present {
                // Lane `j` takes lane `j + half`, where there is one.
                let (skip, shape) = match reduce.direction {
                    Direction::Along => (half, (n, present - half, reduce.lanes)),
                    Direction::Across(_) => (half * n, (1, (present - half) * n, 0)),
                };
                let right: SmallVec<[*mut u8; 2]> = (lanes.iter().zip(&reduce.accumulators))
                    .map(|(base, dtype)| base.wrapping_add(skip * dtype.size()))
                    .collect();
                // SAFETY: both halves are inside the lanes.
                unsafe { self.combine(reduce, (lanes, &right), shape, memory) };
                present = half;
            }
            half /= 2;
        }
        let apart = if reduce.direction == Direction::Along { reduce.lanes } else { 1 };
        let local = |(base, dtype): (&*mut u8, &DType)| Local {
            base: *base,
            column: (apart * dtype.size()) as isize,
            row: 0,
        };
        let locals: SmallVec<[Local; 6]> = lanes.iter().zip(&reduce.accumulators).map(local).collect();
        let rect = Rect { index, column: reduce.then.column, n, row: None, rows: 1, locals: &locals };
        let temps = memory.work.wrapping_add(layout.temps);
        // SAFETY: the caller's promise.
        unsafe { self.chain(&reduce.then.chain, rect, memory, temps) }
    }
}

/// Where a reduction's accumulators are.
pub fn lanes_at(reduce: &Reduce, layout: &Layout, memory: &Memory) -> SmallVec<[*mut u8; 2]> {
    (0..reduce.accumulators.len()).map(|a| memory.work.wrapping_add(layout.left[a])).collect()
}

/// Results that a reduction takes at a time along its epilogue's column.
pub fn batch(reduce: &Reduce) -> usize {
    match reduce.direction {
        Direction::Along => BATCH,
        Direction::Across(_) => ACROSS,
    }
}

/// Blocks combined as a binary counter counts: level `l` holds `2^l` of what is pushed.
#[derive(Default)]
struct Tree {
    pushed: usize,
}

impl Tree {
    /// Takes the lanes at `lanes`, `n` of each accumulator; they may be overwritten after.
    unsafe fn push(
        &mut self,
        context: &Context,
        reduce: &Reduce,
        lanes: &[*mut u8],
        n: usize,
        layout: &Layout,
        memory: &Memory,
    ) {
        let mut level = 0;
        while self.pushed >> level & 1 == 1 {
            let left = self.level(level, layout, memory, lanes.len());
            // SAFETY: a level holds as many lanes as are given.
            unsafe {
                context.combine(reduce, (&left, lanes), (1, n, 0), memory);
                copy(reduce, &left, lanes, n);
            }
            level += 1;
        }
        let to = self.level(level, layout, memory, lanes.len());
        // SAFETY: as above.
        unsafe { copy(reduce, lanes, &to, n) };
        self.pushed += 1;
    }

    /// Leaves all that was pushed, combined, at `lanes`.
    unsafe fn finish(
        &self,
        context: &Context,
        reduce: &Reduce,
        lanes: &[*mut u8],
        n: usize,
        layout: &Layout,
        memory: &Memory,
    ) {
        let levels = (0..usize::BITS as usize).filter(|level| self.pushed >> level & 1 == 1);
        for (nth, level) in levels.enumerate() {
            let left = self.level(level, layout, memory, lanes.len());
            // SAFETY: a level holds as many lanes as are given.
            unsafe {
                if nth != 0 {
                    context.combine(reduce, (&left, lanes), (1, n, 0), memory);
                }
                copy(reduce, &left, lanes, n);
            }
        }
    }

    fn level(
        &self,
        level: usize,
        layout: &Layout,
        memory: &Memory,
        accumulators: usize,
    ) -> SmallVec<[*mut u8; 2]> {
        let start = layout.levels + level * layout.level_bytes;
        (0..accumulators).map(|a| memory.work.wrapping_add(start + layout.left[a] - layout.left[0])).collect()
    }
}

/// Copies `n` of each accumulator.
unsafe fn copy(reduce: &Reduce, from: &[*mut u8], to: &[*mut u8], n: usize) {
    for ((from, to), dtype) in from.iter().zip(to).zip(&reduce.accumulators) {
        // SAFETY: both sides have room for `n`, and are different memory.
        unsafe { std::ptr::copy_nonoverlapping(*from, *to, n * dtype.size()) };
    }
}

/// Writes `count` times `value`.
unsafe fn fill(to: *mut u8, value: Scalar, count: usize) {
    // SAFETY: the caller gives room for `count` values, aligned to 64 bytes.
    unsafe {
        match value.dtype().size() {
            1 => std::slice::from_raw_parts_mut(to, count).fill(value.bits() as u8),
            4 => std::slice::from_raw_parts_mut(to.cast::<u32>(), count).fill(value.bits() as u32),
            _ => std::slice::from_raw_parts_mut(to.cast::<u64>(), count).fill(value.bits()),
        }
    }
}

/// Sets the axes from `first` on to the `at`-th position of their row-major order.
fn set_position(index: &mut [usize], extents: &[usize], first: usize, mut at: usize) {
    for axis in (first..extents.len()).rev() {
        index[axis] = at % extents[axis];
        at /= extents[axis];
    }
}
