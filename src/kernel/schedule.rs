//! How loops run: which axis strips run along, which way a reduction goes, when work is worth a
//! second core. Decisions are plain data; lowering and running obey them.

use smallvec::SmallVec;

use crate::base::strip::Step;

/// Loop axes with the steps of every operand, in bytes (index steps for iotas).
#[derive(Clone, Debug, Default)]
pub struct Axes {
    /// The extents.
    pub extents: SmallVec<[usize; 4]>,
    /// Per operand its step along each axis.
    pub steps: Vec<SmallVec<[i64; 4]>>,
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
    /// four, a price for each operand that is not side by side, and a price for each row.
    fn cost(&self, column: usize, candidates: &[usize], sizes: &[(usize, bool)]) -> f64 {
        let n = self.extents[column] as f64;
        let total: f64 = candidates.iter().map(|&axis| self.extents[axis] as f64).product();
        let operands: f64 = (self.steps.iter().zip(sizes))
            .map(|(steps, &(size, written))| match class(steps[column], size) {
                _ if self.extents[column] == 1 => 1.0,
                Step::Zero if !written => 0.1,
                Step::Unit => 1.0,
                Step::MinusUnit | Step::Pair => 1.5,
                _ => 5.0,
            })
            .sum();
        let rows = total / n.max(1.0);
        rows * ((n / 4.0).ceil() * (1.0 + operands) + ROW_COST)
    }

    /// The axis among `candidates` that strips run along, and the one that is their rows: the inner
    /// of the others. `sizes` are the operands' element sizes (0 for iotas) and whether they are
    /// written.
    pub fn column_and_row(&self, candidates: &[usize], sizes: &[(usize, bool)]) -> (usize, Option<usize>) {
        let cost = |axis: &usize| self.cost(*axis, candidates, sizes);
        let column = candidates.iter().rev().copied().min_by(|a, b| cost(a).total_cmp(&cost(b)));
        let column = column.expect("there is an axis");
        (column, candidates.iter().rev().copied().find(|&axis| axis != column))
    }
}

/// What beginning a row costs, in vector instructions.
const ROW_COST: f64 = 6.0;

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

/// Longest reduction, in elements, that runs across kept columns though no operand lies that way:
/// shorter rows would each fill and empty the lanes for a few elements.
pub const SHORT_REDUCTION: usize = 64;

/// Work that is worth a second core, in additions: about 20 µs, several times what waking one
/// costs.
pub const PARALLEL_WORK: usize = 1 << 17;

/// Work of a task, in additions: large against the cost of starting it, small against all there is.
pub const TASK_WORK: usize = 1 << 15;

/// Columns that make a task of a reduction across columns: narrower ones would leave each of them
/// short pieces of every row, which memory gives at a fraction of its speed.
pub const TASK_COLUMNS: usize = 256;

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
