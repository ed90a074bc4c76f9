//! Reductions: elements to lanes, lanes to blocks, blocks to a tree, and at last lanes to results.
//!
//! The order is that of the meaning: element `i` joins lane `i mod lanes` of its block, blocks
//! combine in an aligned binary tree, lanes by halving. Along the last axis one call of a strip does
//! all of that for many rows; across columns, and between parts, the tree is built here.

mod scan;
mod sides;
mod tree;

use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use super::walk::{Context, Local, Memory, Rect, for_each, temps_bytes};
use crate::base::strip::{LANE_BYTES, ROUNDS, fold_levels};
use crate::base::{DType, Scalar};
use crate::kernel::Stage;
use crate::kernel::loops::{Direction, Reduce};
use sides::{Sides, moved};
use tree::Tree;

/// Columns that a reduction across columns takes at a time, of one accumulator. Memory gives long pieces
/// of rows faster: summing 4096 x 4096 `f32` over its rows takes a sixth longer by 1,024 columns. With 32
/// lanes of them a level of the tree is 512 KiB, which is written once for 16 rows that are read.
const ACROSS: usize = 4096;

/// Rows whose lanes a reduction along rows combines at a time.
const BATCH: usize = 32;

/// Results that a staged reduction takes at a time: their rows often lie end to end.
const STAGED: usize = 8;

/// Blocks that a staged reduction gathers before it combines them, of all results together; a power
/// of two. With 4-byte elements 16 KiB, which stay in a first-level cache.
const STAGED_BLOCKS: usize = 8;

/// Where a reduction's working memory is, in bytes from its start.
pub struct Layout {
    temps: usize,
    /// Per accumulator the lanes.
    left: Sides<usize>,
    /// Per accumulator the staged elements.
    staged: Sides<usize>,
    /// Fold strips' own scratch.
    fold: usize,
    /// The extremes of the pieces of a row.
    extremes: usize,
    /// Levels of the tree, each as large as a left side.
    levels: usize,
    level_bytes: usize,
    /// All of it.
    pub bytes: usize,
}

/// The working memory of a reduction.
pub fn layout(stage: &Stage, reduce: &Reduce) -> Layout {
    let total = total(stage, reduce);
    let width = batch(reduce).min(stage.extents[reduce.then.column]);
    let mut at = 0;
    let mut take = |bytes: usize| {
        let start = at;
        at += bytes.next_multiple_of(64);
        start
    };
    let sides = |take: &mut dyn FnMut(usize) -> usize, count: usize, dtypes: &[DType]| -> Sides<usize> {
        dtypes.iter().map(|dtype| take(count * dtype.size())).collect()
    };
    let chains = reduce.each.iter().chain([&reduce.then.chain]);
    let temps = take(chains.map(temps_bytes).max().unwrap_or(0));
    let left_start = take(0);
    let left = sides(&mut take, width * reduce.lanes, &reduce.accumulators);
    let level_bytes = take(0) - left_start;
    let staged_elements = match (&reduce.each, reduce.direction) {
        (None, _) => 0,
        (Some(_), Direction::Along) => STAGED_BLOCKS * ROUNDS * reduce.lanes,
        (Some(_), Direction::Across(_)) => width,
    };
    let staged = sides(&mut take, staged_elements, &reduce.elements);
    let fold = take(match reduce.direction {
        Direction::Along => fold_levels(total, reduce.lanes) * LANE_BYTES * reduce.accumulators.len(),
        Direction::Across(_) => 0,
    });
    let extremes = take(if reduce.scan.is_some() { 8 * (total.isqrt() + 2) } else { 0 });
    let blocks = total.div_ceil(ROUNDS * reduce.lanes).max(1);
    let levels = take(0);
    take((blocks.ilog2() as usize + 2) * level_bytes);
    Layout { temps, left, staged, fold, extremes, levels, level_bytes, bytes: at }
}

/// A reduction, and the memory one task has for it.
#[derive(Clone, Copy)]
pub struct Reduction<'a> {
    context: &'a Context<'a>,
    stage: &'a Stage,
    reduce: &'a Reduce,
    layout: &'a Layout,
    memory: &'a Memory,
    /// Elements per result.
    total: usize,
}

impl<'a> Reduction<'a> {
    /// A reduction in `memory`, whose working memory is laid out as `layout` says.
    pub fn new(
        context: &'a Context<'a>,
        stage: &'a Stage,
        reduce: &'a Reduce,
        layout: &'a Layout,
        memory: &'a Memory,
    ) -> Self {
        Self { context, stage, reduce, layout, memory, total: total(stage, reduce) }
    }

    /// Runs it over `limits` of the kept axes, and all of the reduced ones. Returns error bits.
    ///
    /// # Safety
    /// As [`Context::link`], for all of `limits`; the memory has the stage's `work_bytes`.
    pub unsafe fn run(&self, limits: &[Range<usize>]) -> u32 {
        let column = self.reduce.then.column;
        let inner = |axis: usize| axis == column || axis >= self.reduce.kept;
        let mut errors = 0;
        for_each(limits, inner, |index| {
            let mut index: SmallVec<[usize; 6]> = index.into();
            while index[column] < limits[column].end {
                let left = limits[column].end - index[column];
                // SAFETY: this piece of the column axis is part of the caller's limits.
                index[column] += unsafe {
                    if self.whole_rows() {
                        let n = left.min(BATCH * self.reduce.lanes);
                        errors |= self.fold(&index, n);
                        n
                    } else {
                        let n = left.min(batch(self.reduce));
                        errors |= self.accumulate(&index, n, 0..self.total);
                        errors |= self.complete(&index, n);
                        n
                    }
                };
            }
        });
        errors
    }

    /// Where the accumulators are.
    fn lanes(&self) -> Sides {
        self.layout.left.iter().map(|at| self.work(*at)).collect()
    }

    /// The working memory from byte `at` on.
    fn work(&self, at: usize) -> *mut u8 {
        self.memory.work.wrapping_add(at)
    }

    /// The lanes of each accumulator moved on by so many elements.
    fn moved(&self, lanes: &[*mut u8], elements: usize) -> Sides {
        moved(lanes, &self.reduce.accumulators, elements)
    }

    /// The lanes of each accumulator as locals, `column` elements from one column to the next and
    /// `row` from row to row.
    fn locals(&self, lanes: &[*mut u8], column: usize, row: usize) -> SmallVec<[Local; 6]> {
        sides::locals(lanes, &self.reduce.accumulators, column, row)
    }

    /// Reduces rows to `n` results from `index` on along the epilogue's column, and computes their
    /// outputs: one call of each strip. Returns error bits.
    unsafe fn fold(&self, index: &[usize], n: usize) -> u32 {
        // SAFETY: the caller's promise; where lanes go there is room for a value each.
        unsafe {
            let errors = if let Some(scan) = self.searched() {
                self.search(scan, index, n)
            } else if self.scan(self.total).is_some() {
                self.scan_each(index, n)
            } else {
                let (fold, locals) = (self.work(self.layout.fold), self.locals(&self.lanes(), 0, 1));
                let rect = self.whole_rows_from(index, n, &locals);
                self.context.link(&self.reduce.accumulate, rect, self.memory, fold, fold)
            };
            errors | self.epilogue(index, n)
        }
    }

    /// Reduces `elements` of the reduced axes for `n` results from `index` on along the epilogue's
    /// column, to the lanes: for each result in turn its lanes, or for each lane the results.
    /// Returns error bits.
    ///
    /// # Safety
    /// As [`Reduction::run`].
    pub unsafe fn accumulate(&self, index: &[usize], n: usize, elements: Range<usize>) -> u32 {
        let mut index: SmallVec<[usize; 6]> = index.into();
        let lanes = self.lanes();
        match self.reduce.direction {
            Direction::Along if self.whole_rows() => (0..n).fold(0, |errors, result| {
                let to = self.moved(&lanes, result * self.reduce.lanes);
                // SAFETY: the caller's promise.
                let more = unsafe { self.row(&mut index, elements.clone(), &self.locals(&to, 1, 0)) };
                index[self.reduce.then.column] += 1;
                errors | more
            }),
            // SAFETY: the caller's promise.
            Direction::Along => unsafe { self.along(&mut index, n, elements, &lanes) },
            // SAFETY: the caller's promise.
            Direction::Across(_) => unsafe { self.across(&mut index, n, elements, &lanes) },
        }
    }

    /// So many rows of whole results from `index` on along the epilogue's column.
    fn whole_rows_from<'r>(&self, index: &'r [usize], rows: usize, locals: &'r [Local]) -> Rect<'r> {
        let column = self.stage.extents.len() - 1;
        Rect { index, column, n: self.total, row: Some(self.reduce.then.column), rows, every: 1, locals }
    }

    /// Whether a fold strip takes all elements of a result at once, as one row.
    fn whole_rows(&self) -> bool {
        let axes = self.stage.extents.len() - self.reduce.kept;
        self.reduce.direction == Direction::Along && self.reduce.each.is_none() && axes == 1
    }

    /// Reduces elements of `n` results along the last axis to their lanes, piece by piece: what
    /// passes through a stage, or lies in rows of whole blocks that are not one row.
    unsafe fn along(&self, index: &mut [usize], n: usize, elements: Range<usize>, to: &[*mut u8]) -> u32 {
        let (reduce, extents) = (self.reduce, &self.stage.extents);
        let (last, row) = (extents.len() - 1, Some(reduce.then.column));
        let (block, fold) = (ROUNDS * reduce.lanes, self.work(self.layout.fold));
        let staged = self.staged();
        let temps = self.work(self.layout.temps);
        let mut errors = 0;
        let mut tree = Tree::new(to);
        let mut first = elements.start;
        while first < elements.end {
            set_position(index, extents, reduce.kept, first);
            let (number, lanes) = tree.begin(self);
            let rect = Rect { index: &[], column: last, n: 0, row, rows: n, every: 1, locals: &[] };
            // SAFETY: the caller's promise; the stage has room for a chunk of every result, and
            // levels for the lanes of all blocks.
            unsafe {
                let (count, height) = if let Some(each) = &reduce.each {
                    let chunk = (STAGED_BLOCKS / n.next_power_of_two()).max(1) * block;
                    let count = chunk.min(elements.end - first);
                    // Rows of the reduced axes, one after the other, side by side in the stage.
                    let mut done = 0;
                    while done < count {
                        set_position(index, extents, reduce.kept, first + done);
                        let run = (extents[last] - index[last]).min(count - done);
                        let locals = self.with_staged(&lanes, &moved(&staged, &reduce.elements, done), chunk);
                        let rect = Rect { index, n: run, locals: &locals, ..rect };
                        errors |= self.context.chain(each, rect, self.memory, temps);
                        done += run;
                    }
                    let locals = self.with_staged(&lanes, &staged, chunk);
                    let rect = Rect { index, n: count, locals: &locals, ..rect };
                    errors |= self.context.link(&reduce.accumulate, rect, self.memory, temps, fold);
                    (count, 0)
                } else {
                    // As many blocks of a row as make a node of the tree.
                    let run = (extents[last] - index[last]).min(elements.end - first);
                    let height =
                        (run / block).ilog2().min(((first - elements.start) / block).trailing_zeros());
                    let locals = self.locals(&lanes, 1, reduce.lanes);
                    let rect = Rect { index, n: block << height, locals: &locals, ..rect };
                    errors |= self.context.link(&reduce.accumulate, rect, self.memory, temps, fold);
                    (block << height, height as usize)
                };
                tree.push(self, number, height, n * reduce.lanes);
                first += count;
            }
        }
        set_position(index, extents, reduce.kept, 0);
        // SAFETY: as above.
        unsafe { tree.finish(self, n * reduce.lanes) };
        errors
    }

    /// Where elements are staged.
    fn staged(&self) -> Sides {
        self.layout.staged.iter().map(|at| self.work(*at)).collect()
    }

    /// Locals of a staged strip: accumulators on the left and right, and the stage with so many
    /// elements from result to result.
    fn with_staged(&self, to: &[*mut u8], staged: &[*mut u8], apart: usize) -> SmallVec<[Local; 6]> {
        let mut locals = self.locals(to, 1, self.reduce.lanes);
        locals.extend_from_slice(&locals.clone());
        locals.extend(sides::locals(staged, &self.reduce.elements, 1, apart));
        locals
    }

    /// Reduces elements of `n` columns to lanes of columns.
    unsafe fn across(&self, index: &mut [usize], n: usize, elements: Range<usize>, to: &[*mut u8]) -> u32 {
        let (reduce, extents) = (self.reduce, &self.stage.extents);
        let last = extents.len() - 1;
        let (block, present) = (ROUNDS * reduce.lanes, reduce.lanes.min(self.total));
        let mut errors = 0;
        let mut tree = Tree::new(to);
        for first in elements.clone().step_by(block) {
            let count = block.min(elements.end - first);
            let (number, lanes) = tree.begin(self);
            for (lanes, identity) in lanes.iter().zip(&reduce.identity) {
                // SAFETY: a side has room for all lanes of all columns.
                unsafe { fill(*lanes, *identity, present * n) };
            }
            let mut done = 0;
            while done < count {
                set_position(index, extents, reduce.kept, first + done);
                let run = (extents[last] - index[last]).min(count - done);
                // SAFETY: the caller's promise; a run is part of a block.
                errors |= unsafe { self.rows(index, n, run, done % reduce.lanes, &lanes) };
                done += run;
            }
            // SAFETY: sides have room for the lanes of all columns.
            unsafe { tree.push(self, number, 0, present * n) };
        }
        // SAFETY: as above.
        unsafe { tree.finish(self, present * n) };
        errors
    }

    /// Takes `run` rows of `n` columns that lie side by side along the last axis, the first of which
    /// joins lane `lane`.
    unsafe fn rows(&self, index: &mut [usize], n: usize, run: usize, lane: usize, lanes: &[*mut u8]) -> u32 {
        let (reduce, last) = (self.reduce, index.len() - 1);
        let (column, every, temps) = (reduce.then.column, reduce.lanes, self.work(self.layout.temps));
        let start = index[last];
        let mut errors = 0;
        if let Some(each) = &reduce.each {
            for row in 0..run {
                index[last] = start + row;
                let to = self.moved(lanes, (lane + row) % every * n);
                let locals = self.with_staged(&to, &self.staged(), 0);
                let rect = Rect { index, column, n, row: None, rows: 1, every: 1, locals: &locals };
                // SAFETY: the caller's promise; the stage has room for a row.
                unsafe {
                    errors |= self.context.chain(each, rect, self.memory, temps);
                    errors |= self.context.link(&reduce.accumulate, rect, self.memory, temps, temps);
                }
            }
            return errors;
        }
        let mut call = |start: usize, columns: usize, rows: usize, lane: usize| {
            let locals = self.locals(&self.moved(lanes, lane * n), 1, 0);
            for first in (0..rows).step_by(STREAMS) {
                index[last] = start + first * every;
                let rows = STREAMS.min(rows - first);
                let rect = Rect { index, column, n: columns, row: Some(last), rows, every, locals: &locals };
                // SAFETY: the caller's promise.
                errors |= unsafe { self.context.link(&reduce.accumulate, rect, self.memory, temps, temps) };
            }
        };
        if reduce.end_to_end && lane == 0 && n == self.stage.extents[column] {
            // A round of rows is one row of as many columns.
            let (rounds, rest) = (run / every, run % every);
            if rounds != 0 {
                call(start, every * n, rounds, 0);
            }
            if rest != 0 {
                call(start + rounds * every, rest * n, 1, 0);
            }
        } else {
            for row in 0..every.min(run) {
                call(start + row, n, (run - row).div_ceil(every), (lane + row) % every);
            }
        }
        errors
    }

    /// Combines `rows` rows of `n` accumulators, `apart` elements from row to row: what is on the
    /// left becomes left with right.
    ///
    /// # Safety
    /// Both sides have room.
    unsafe fn combine(&self, left: &[*mut u8], right: &[*mut u8], (rows, n, apart): (usize, usize, usize)) {
        let mut locals = self.locals(left, 1, apart);
        locals.extend(self.locals(right, 1, apart));
        // The strip's places have the stage's axes; a column and a row of locals need none of them.
        let index: SmallVec<[usize; 6]> = smallvec![0; self.stage.extents.len()];
        let rect =
            Rect { index: &index, column: index.len() - 1, n, row: None, rows, every: 1, locals: &locals };
        let unused = self.memory.work;
        // SAFETY: the caller gives sides of this size.
        unsafe { self.context.link(&self.reduce.combine, rect, self.memory, unused, unused) };
    }

    /// Takes the lanes that `later` has accumulated for the same `n` results from later elements.
    ///
    /// # Safety
    /// Both have accumulated.
    pub unsafe fn take(&self, later: &Reduction, n: usize) {
        let lanes = match self.reduce.direction {
            Direction::Along => self.reduce.lanes,
            Direction::Across(_) => self.reduce.lanes.min(self.total),
        };
        // SAFETY: both have lanes for `n` results.
        unsafe { self.combine(&self.lanes(), &later.lanes(), (1, n * lanes, 0)) };
    }

    /// Combines the lanes of `n` results by halving, and computes their outputs. Returns error bits.
    ///
    /// # Safety
    /// As [`Reduction::run`], after [`Reduction::accumulate`].
    pub unsafe fn complete(&self, index: &[usize], n: usize) -> u32 {
        let reduce = self.reduce;
        let lanes = self.lanes();
        let mut present = reduce.lanes.min(self.total);
        let mut half = reduce.lanes / 2;
        while half != 0 {
            if half < present {
                // Lane `j` takes lane `j + half`, where there is one.
                let (skip, shape) = match reduce.direction {
                    Direction::Along => (half, (n, present - half, reduce.lanes)),
                    Direction::Across(_) => (half * n, (1, (present - half) * n, 0)),
                };
                // SAFETY: both halves are inside the lanes.
                unsafe { self.combine(&lanes, &self.moved(&lanes, skip), shape) };
                present = half;
            }
            half /= 2;
        }
        if reduce.direction == Direction::Along {
            // First lanes move together, those of the first results first.
            for result in 1..n {
                let from = self.moved(&lanes, result * reduce.lanes);
                // SAFETY: this is a place of an earlier result, which has moved.
                unsafe { self.copy(&from, &self.moved(&lanes, result), 1) };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.epilogue(index, n) }
    }

    /// Computes the outputs of `n` results, whose accumulators lie side by side. Returns error bits.
    unsafe fn epilogue(&self, index: &[usize], n: usize) -> u32 {
        let then = &self.reduce.then;
        let locals = self.locals(&self.lanes(), 1, 0);
        let rect = Rect { index, column: then.column, n, row: None, rows: 1, every: 1, locals: &locals };
        // SAFETY: the caller's promise.
        unsafe { self.context.chain(&then.chain, rect, self.memory, self.work(self.layout.temps)) }
    }

    /// Where level `level` of the tree of blocks is.
    fn level(&self, level: usize) -> Sides {
        let start = self.layout.levels + level * self.layout.level_bytes;
        let left = &self.layout.left;
        left.iter().map(|at| self.work(start + at - left[0])).collect()
    }

    /// Copies `n` of each accumulator.
    ///
    /// # Safety
    /// Both sides have room for them, and are different memory.
    unsafe fn copy(&self, from: &[*mut u8], to: &[*mut u8], n: usize) {
        for ((from, to), dtype) in from.iter().zip(to).zip(&self.reduce.accumulators) {
            // SAFETY: the caller's promise.
            unsafe { std::ptr::copy_nonoverlapping(*from, *to, n * dtype.size()) };
        }
    }
}

/// Elements that a reduction combines into one.
pub fn total(stage: &Stage, reduce: &Reduce) -> usize {
    stage.extents[reduce.kept..].iter().product()
}

/// Rows that are read side by side by a reduction across columns: more keep accumulators in registers for
/// longer, but are more than memory gives well. Summing 4096 x 4096 `f32` over its rows takes a sixth longer by 16.
const STREAMS: usize = 4;

/// Results that a reduction takes at a time along its epilogue's column.
pub fn batch(reduce: &Reduce) -> usize {
    match reduce.direction {
        Direction::Along if reduce.each.is_some() => STAGED,
        Direction::Along => BATCH,
        Direction::Across(_) => ACROSS / reduce.accumulators.len(),
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
