//! How loops run: which axis strips run along, which way a reduction goes, when work is worth a
//! second core. Decisions are plain data; lowering and running obey them.

use smallvec::SmallVec;

use crate::base::strip::Step;
use crate::kernel::loops::{Slot, Tiles};
use crate::op::Expr;

/// Loop axes with the steps of every operand, in bytes (index steps for iotas).
#[derive(Clone, Debug, Default)]
pub struct Axes {
    /// The extents.
    pub extents: SmallVec<[usize; 4]>,
    /// Per operand its step along each axis.
    pub steps: Vec<SmallVec<[i64; 4]>>,
    /// Operands that are read by indices, each with an operand that holds one.
    pub picked: SmallVec<[(usize, usize); 2]>,
}

impl Axes {
    /// Drops unit axes and merges neighbours that every operand walks as one, among the axes from
    /// `fixed` on; an axis is never merged into one before `borders`, where the order of axes means
    /// something. Returns how many of the axes before each border remain.
    pub fn normalize(&mut self, fixed: usize, borders: &mut [usize]) {
        let mut axis = fixed;
        while axis < self.extents.len() {
            if self.extents[axis] == 1 {
                self.remove(axis, borders);
            } else {
                axis += 1;
            }
        }
        let mut axis = fixed + 1;
        while axis < self.extents.len() {
            let inner = self.extents[axis] as i64;
            let merges = !borders.contains(&axis)
                && self.steps.iter().all(|steps| steps[axis - 1] == steps[axis].wrapping_mul(inner));
            if merges {
                self.extents[axis] *= self.extents[axis - 1];
                self.remove(axis - 1, borders);
            } else {
                axis += 1;
            }
        }
    }

    fn remove(&mut self, axis: usize, borders: &mut [usize]) {
        self.extents.remove(axis);
        self.steps.iter_mut().for_each(|steps| {
            steps.remove(axis);
        });
        borders.iter_mut().filter(|border| **border > axis).for_each(|border| *border -= 1);
    }

    /// Adds an axis of extent 1 at `axis`, so that there is one.
    pub fn insert_unit(&mut self, axis: usize) {
        self.extents.insert(axis, 1);
        self.steps.iter_mut().for_each(|steps| steps.insert(axis, 0));
    }

    /// What running strips along `column` costs, in vector instructions: all elements in vectors of
    /// four, what `operand` says each operand costs, and a price for each row.
    fn cost(&self, column: usize, candidates: &[usize], operand: impl Fn(usize) -> f64) -> f64 {
        let n = self.extents[column] as f64;
        let rows = self.total(candidates) / n.max(1.0);
        let operands: f64 = (0..self.steps.len()).map(operand).sum();
        rows * ((n / 4.0).ceil() * (1.0 + operands) + ROW_COST)
    }

    fn total(&self, candidates: &[usize]) -> f64 {
        candidates.iter().map(|&axis| self.extents[axis] as f64).product()
    }

    /// What a vector of an operand costs where it lies.
    fn direct(&self, operand: usize, column: usize, (size, written): (usize, bool)) -> f64 {
        match class(self.steps[operand][column], size) {
            _ if self.extents[column] == 1 => 1.0,
            _ if self.is_picked(operand, |index| self.steps[index][column] != 0) => APART,
            Step::Zero if !written => 0.1,
            Step::Unit => 1.0,
            Step::MinusUnit | Step::Pair => 1.5,
            _ => APART,
        }
    }

    /// Whether an operand is read by indices of which one is held by such an operand.
    pub fn is_picked(&self, operand: usize, by: impl Fn(usize) -> bool) -> bool {
        self.picked.iter().any(|&(picked, index)| picked == operand && by(index))
    }

    /// The axis among `candidates` that strips run along, and the one that is their rows: the inner
    /// of the others. `sizes` are the operands' element sizes (0 for iotas) and whether they are
    /// written.
    pub fn column_and_row(&self, candidates: &[usize], sizes: &[(usize, bool)]) -> (usize, Option<usize>) {
        let direct = |column: usize, operand: usize| self.direct(operand, column, sizes[operand]);
        let (column, _) = self.cheapest(candidates, direct);
        (column, candidates.iter().rev().copied().find(|&axis| axis != column))
    }

    /// The cheapest column and its cost, given what each operand costs along one.
    fn cheapest(&self, candidates: &[usize], operand: impl Fn(usize, usize) -> f64) -> (usize, f64) {
        let cost = |&column: &usize| (column, self.cost(column, candidates, |at| operand(column, at)));
        let columns = candidates.iter().rev().map(cost);
        columns.min_by(|(_, a), (_, b)| a.total_cmp(b)).expect("there is an axis")
    }

    /// How an elementwise stage walks the axes `candidates`; `sizes` as for
    /// [`Axes::column_and_row`].
    ///
    /// Operands that do not lie along the columns are staged where that pays: they are copied tile
    /// by tile into memory in which they do. A tile is as wide as the cache lines of what crosses.
    /// Where rows are short and follow one another in all that is written, a tile is one run.
    pub fn walk(&self, candidates: &[usize], sizes: &[(usize, bool)]) -> Walk {
        let price = |column: usize, operand: usize| match self.lies_along(operand, column, candidates, sizes)
        {
            Some(_) => CROSSING,
            None => self.direct(operand, column, sizes[operand]),
        };
        let (column, cost) = self.cheapest(candidates, price);
        if let Some((walk, run)) = self.run(candidates, sizes)
            && run < cost
        {
            return walk;
        }
        let lying = |operand: usize| self.lies_along(operand, column, candidates, sizes);
        let Some(row) = (0..sizes.len()).find_map(lying) else {
            let row = candidates.iter().rev().copied().find(|&axis| axis != column);
            return Walk { column, row, tiles: None, staged: SmallVec::new() };
        };
        let staged: SmallVec<[usize; 4]> =
            (0..sizes.len()).filter(|&operand| lying(operand) == Some(row)).collect();
        let size = staged.iter().map(|&operand| sizes[operand].0).max().unwrap_or(1);
        // Each tile of what is read as it lies is on pages of its own, unless tiles go along its rows.
        let along = (0..sizes.len()).any(|operand| {
            let (size, written) = sizes[operand];
            let steps = &self.steps[operand];
            !written && size != 0 && !staged.contains(&operand) && steps[row] != 0 && steps[column] != 0
        });
        let crosses = |&operand: &usize| self.steps[operand][row] != 0;
        let columns = if staged.iter().any(crosses) { CROSSING_COLUMNS } else { REPEATED_COLUMNS };
        let tiles = Tiles { rows: CROSSING_BYTES / size, columns, run: false, along };
        Walk { column, row: Some(row), tiles: Some(tiles), staged }
    }

    /// The axis along which an argument lies side by side, or is the same again and again, if along `column` it is
    /// far apart.
    fn lies_along(
        &self,
        operand: usize,
        column: usize,
        candidates: &[usize],
        sizes: &[(usize, bool)],
    ) -> Option<usize> {
        let (size, written) = sizes[operand];
        let steps = &self.steps[operand];
        let apart = size != 0
            && !written
            && class(steps[column], size) == Step::General
            && !self.is_picked(operand, |_| true);
        let others = || candidates.iter().copied().filter(|&axis| apart && axis != column);
        let repeats = |&axis: &usize| steps[axis] == 0 && self.extents[axis] >= REPEATED;
        others().find(|&axis| steps[axis] == size as i64).or_else(|| others().find(repeats))
    }

    /// The walk along runs of short rows, if all that is written lies so, and what it costs.
    fn run(&self, candidates: &[usize], sizes: &[(usize, bool)]) -> Option<(Walk, f64)> {
        let &column = candidates.last()?;
        if !self.picked.is_empty() {
            return None;
        }
        let n = self.extents[column];
        let follows = |operand: usize, row: usize| {
            let steps = &self.steps[operand];
            steps[row] == steps[column].wrapping_mul(n as i64)
        };
        let outs = || (0..sizes.len()).filter(|&operand| sizes[operand].1);
        let row = candidates.iter().rev().copied().find(|&row| {
            row != column
                && outs().all(|out| follows(out, row) && self.steps[out][column] == sizes[out].0 as i64)
        })?;
        let staged: SmallVec<[usize; 4]> =
            (0..sizes.len()).filter(|&operand| !follows(operand, row)).collect();
        if n > LONGEST_SHORT_ROW || staged.iter().any(|&operand| sizes[operand].0 == 0) {
            return None;
        }
        let price = |operand: usize| {
            let steps = &self.steps[operand];
            match () {
                () if !staged.contains(&operand) => self.direct(operand, column, sizes[operand]),
                () if steps[row] == 0 => 1.0,
                () if steps[column] == 0 => CROSSING,
                () if steps[row] == sizes[operand].0 as i64 => CROSSING + 1.0,
                // It is copied element by element, and read again.
                () => APART + 1.0,
            }
        };
        let vectors = self.total(candidates) / 4.0;
        let cost = vectors * (1.0 + (0..sizes.len()).map(price).sum::<f64>()) + ROW_COST;
        let size = staged.iter().map(|&operand| sizes[operand].0).max().unwrap_or(1);
        let tiles = Tiles { rows: (RUN_BYTES / size / n).max(1), columns: n, run: true, along: false };
        Some((Walk { column, row: Some(row), tiles: Some(tiles), staged }, cost))
    }
}

/// How an elementwise stage is walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The axis strips run along.
    pub column: usize,
    /// The axis a strip's rows are, if there is one.
    pub row: Option<usize>,
    /// How rows and columns are cut into tiles, if they are.
    pub tiles: Option<Tiles>,
    /// The operands that are staged.
    pub staged: SmallVec<[usize; 4]>,
}

/// What beginning a row costs, in vector instructions.
const ROW_COST: f64 = 6.0;

/// What a vector of elements that are far apart costs, in vector instructions.
const APART: f64 = 5.0;

/// What a vector costs that is staged from whole cache lines, or by repeating an element.
const CROSSING: f64 = 2.0;

/// Rows of a tile of which an argument crosses, in bytes: four cache lines, so that what is fetched
/// with a line (its neighbour, on most machines) is used. Transposing copies of 4096 x 4096 f32 by
/// tiles of 32 to 64 rows and as many columns run as fast as plain copies; by 16 rows, or by 256
/// columns, at half to three quarters of that.
const CROSSING_BYTES: usize = 256;

/// Columns of a tile of which an argument crosses.
const CROSSING_COLUMNS: usize = 64;

/// Fewest rows that read the same elements for which these are staged.
const REPEATED: usize = 8;

/// Columns of a tile of which what is staged is the same in every row.
const REPEATED_COLUMNS: usize = 1024;

/// Longest row, in elements, that is taken together with others in a run.
const LONGEST_SHORT_ROW: usize = 64;

/// Bytes of a run: with two staged arguments, what a first-level cache holds beside all else that
/// passes, and long against the call of a strip.
const RUN_BYTES: usize = 1 << 14;

/// The class of a step of `step` bytes between elements of `size` bytes.
pub fn class(step: i64, size: usize) -> Step {
    let size = size as i64;
    match step {
        0 => Step::Zero,
        _ if step == size => Step::Unit,
        _ if step == -size => Step::MinusUnit,
        _ if step == 2 * size => Step::Pair,
        _ => Step::General,
    }
}

/// Longest reduction, in elements, that runs across kept columns though no operand lies that way, for every two
/// accumulators: such rows would each fill and empty the lanes for a few elements. Reading across costs more from
/// there on: on an Emerald Rapids core, sums of rows of 64 `f32` took 1.15 ms for 10^6 elements across and 0.15
/// along, of 16 elements 0.82 and 0.41; variances, of four accumulators, of 16 elements 2.1 and 2.6.
pub const SHORT_REDUCTION: usize = 15;

/// Whether results are written past the caches: by a kernel that touches `touched` bytes in all, in
/// rows of `row` bytes, where the near caches hold `near`.
///
/// An ordinary store first fetches the line it writes to. On a server core of 2 MiB of second-level
/// cache and a third level far away, `a * s + b` ran 1.3 to 1.5 times as fast past the caches from the
/// size on at which its three arrays fill the second level; reading the result back right after took no
/// longer than it saved. On one with 16 MiB of a third level to itself, up to that size `a * s + b` ran as
/// fast either way, `where` 1.4 times and the squares of `arange` 2.6 times as fast through the caches. In
/// the near caches results were written half as fast past them, and so was what is written over memory just
/// read, at any size.
pub fn streams(touched: usize, row: usize, near: usize) -> bool {
    touched > near && row >= STREAMED_ROW
}

/// Shortest row that is written past the caches, in bytes: its ends share lines with other rows,
/// and such a line is fetched after all.
const STREAMED_ROW: usize = 256;

/// Reads of one array side by side, at different places, from which on its neighbours are what is computed
/// with.
const NEIGHBOURS: usize = 3;

/// Work of a read, in additions, up to which reading takes longer than computing.
const READING: usize = 4;

/// Whether a map of `body` that reads these side by side takes vectors of 256 bits where there are wider ones.
///
/// At most one of an element's neighbours begins a cache line, so wide vectors read across two lines every
/// time, those of 256 bits every other time. A step of Jacobi's method on 2048 x 2048 `f32` takes two thirds
/// of the time so on a Zen 5 core.
pub fn is_narrow(read: impl Iterator<Item = Slot>, body: &Expr) -> bool {
    let mut buffers: SmallVec<[u32; 8]> = SmallVec::new();
    buffers.extend(read.filter_map(|slot| match slot {
        Slot::Buffer(buffer) => Some(buffer),
        _ => None,
    }));
    buffers.sort_unstable();
    let most = buffers.chunk_by(|a, b| a == b).map(<[u32]>::len).max();
    most >= Some(NEIGHBOURS) && body.weight() <= READING * buffers.len()
}

/// Bytes that near caches hold, of a machine that cannot be asked: two cores of 2 MiB each.
pub const NEAR: usize = 4 << 20;

/// Work that is worth a second core, in additions: some 20 µs of wide vectors in near caches, and
/// several times that in memory; waking a thread takes from 5 to 50 µs.
pub const PARALLEL_WORK: usize = 1 << 19;

/// Work of a task, in additions: large against the cost of starting it, small against all there is.
pub const TASK_WORK: usize = 1 << 15;

/// Columns that make a task of a reduction across columns: narrower ones would leave each of them
/// short pieces of every row, which memory gives at a fraction of its speed. Two threads sum 4096 x 4096 `f32`
/// over its rows no faster than one by 1,024 columns a task.
pub const TASK_COLUMNS: usize = 4096;

/// Work of a row of a group from which on it is cut itself, in additions: each of some stages is
/// worth a second core several times.
const LONG_ROW_WORK: usize = 8 * PARALLEL_WORK;

/// Whether each row of a group is cut among `threads` threads, since there are too few rows to share
/// out; `weight` is the work of all.
pub fn are_cut(rows: usize, weight: usize, threads: usize) -> bool {
    threads > 1 && rows < threads * 2 && weight / rows.max(1) >= LONG_ROW_WORK
}

/// Into how many pieces work of `weight` additions is cut for `threads` threads: one, or some for
/// each thread so that a slow one does not hold up the rest.
pub fn pieces(weight: usize, threads: usize) -> usize {
    if threads <= 1 || weight < PARALLEL_WORK { 1 } else { (weight / TASK_WORK).clamp(2, threads * 4) }
}
