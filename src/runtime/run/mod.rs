//! Runs the kernels of a plan: cuts them into tasks, gives each its memory, and lets rayon run
//! them. Which task computes what changes no value.
//!
//! | file | holds |
//! |---|---|
//! | `execute` | a plan's kernels in order, buffers coming and going |
//! | `walk` | the loops around strips: addresses and elementwise stages |
//! | `reduce` | the tree of a reduction |
//! | `share` | work shared among threads |
//! | `gather` | what is read where index arrays say |
//! | `stage` | copies of what does not lie as a walk goes |
//! | `host` | what no strip does: sorting, scanning, indices |
//! | `product` | what a matrix product reads and writes |
//! | `strips` | strips that can be called: machine code, or the interpreter |
#![allow(unsafe_code)]

pub mod execute;
mod gather;
mod host;
mod product;
mod reduce;
pub mod share;
mod stage;
pub mod strips;
pub mod walk;

use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use smallvec::SmallVec;

use crate::base::strip::{ROUNDS, strip_error};
use crate::base::{Error, Result};
use crate::kernel::loops::{Direction, Kernel, Map, Matmul, Reduce, Stage, Tiles, Work};
use crate::kernel::schedule::{TASK_COLUMNS, are_cut, pieces};
use crate::runtime::{Buffer, engine};
use product::{Part, Product};
use reduce::{Reduction, batch, layout, total};
use walk::{Context, Memory, for_each, work_bytes};

/// Runs a kernel on `threads` threads of the current pool.
///
/// # Errors
/// If memory cannot be had, or a strip reports an error.
///
/// # Safety
/// The context's buffers have the sizes the plan says, what the kernel writes is touched by nobody
/// else, and what it reads is written by nobody meanwhile.
pub unsafe fn run(context: &Context, kernel: &Kernel, threads: usize) -> Result<()> {
    let run = Run { context, kernel, threads, errors: AtomicU32::new(0) };
    // SAFETY: the caller's promise.
    unsafe {
        match &kernel.stages[..] {
            [stage @ Stage { work: Work::Matmul(matmul), .. }] => run.matmul(stage, matmul)?,
            [Stage { work: Work::Host(host), .. }] => run.host(host)?,
            [stage] if kernel.outer_axes == 0 => {
                let count = pieces(kernel.weight, threads);
                run.spread(stage, &whole(&stage.extents), count, &Scratch::default())?;
            }
            _ => run.rows()?,
        }
    }
    let error = context.wrong.error().or_else(|| strip_error(run.errors.into_inner()));
    error.map_or(Ok(()), Err)
}

struct Run<'a> {
    context: &'a Context<'a>,
    kernel: &'a Kernel,
    threads: usize,
    errors: AtomicU32,
}

/// Memory of a task, and the buffer it works in.
struct Owned {
    memory: Memory,
    _work: Option<Buffer>,
}

// SAFETY: a task's working memory is its own; it moves to the thread that runs the task. Rows are
// its own too, or tasks write disjoint parts of them.
unsafe impl Send for Owned {}
// SAFETY: shared only to be combined after the tasks that wrote it have ended.
unsafe impl Sync for Owned {}

/// A block of every row that only the stages of a group see.
#[derive(Default)]
struct Scratch(SmallVec<[Buffer; 4]>);

impl Run<'_> {
    /// Rows for one task of a group, or for all that share them.
    fn scratch(&self) -> Result<Scratch> {
        let block = |bytes: &usize| Buffer::allocate(bytes.saturating_mul(self.kernel.block).max(1));
        Ok(Scratch(self.kernel.scratch.iter().map(block).collect::<Result<_>>()?))
    }

    /// Memory for one task of the kernel, which sees these rows, from number `first` on.
    fn memory(&self, rows: &Scratch, first: usize) -> Result<Owned> {
        let bytes = self.kernel.stages.iter().map(work_bytes).max().unwrap_or(0);
        let buffer = (bytes != 0).then(|| Buffer::allocate(bytes)).transpose()?;
        let work = buffer.as_ref().map_or(std::ptr::null_mut(), Buffer::as_mut_ptr);
        let memory = Memory { scratch: rows.0.iter().map(Buffer::as_mut_ptr).collect(), work };
        Ok(Owned { memory: memory.at_row(first, &self.kernel.scratch), _work: buffer })
    }

    /// Runs tasks `0..count`, on several threads if there are several.
    fn tasks(&self, count: usize, task: impl Fn(usize) -> Result<u32> + Sync) -> Result<()> {
        let failed: OnceLock<Error> = OnceLock::new();
        let guarded = |number: usize| {
            if failed.get().is_none() {
                let _state = FloatState::set_default();
                match task(number) {
                    Ok(errors) => drop(self.errors.fetch_or(errors, Relaxed)),
                    Err(error) => drop(failed.set(error)),
                }
            }
        };
        match count {
            0 => {}
            1 => guarded(0),
            _ => engine().share(count, self.threads, &guarded),
        }
        failed.into_inner().map_or(Ok(()), Err)
    }

    /// Runs a stage over `limits` in about `count` pieces: a reduction cut along its results if there
    /// are enough, else along what it reduces.
    unsafe fn spread(
        &self,
        stage: &Stage,
        limits: &[Range<usize>],
        count: usize,
        rows: &Scratch,
    ) -> Result<()> {
        let first = self.kernel.outer_axes.checked_sub(1).map_or(0, |axis| limits[axis].start);
        let axes: SmallVec<[usize; 6]> = match &stage.work {
            Work::Reduce(reduce) => {
                let share = |axis: usize| match reduce.direction {
                    Direction::Across(column) if column == axis => limits[axis].len() / TASK_COLUMNS,
                    _ => limits[axis].len(),
                };
                let shares = (0..reduce.kept).map(share).max().unwrap_or(1);
                let few = shares < self.threads * 2 && total(stage, reduce) > ROUNDS * reduce.lanes;
                if count > 1 && few {
                    // SAFETY: the caller's promise.
                    return unsafe { self.reduce(stage, reduce, limits, count, (rows, first)) };
                }
                (0..reduce.kept).collect()
            }
            // Runs take the rows they are made of whole.
            Work::Map(Map { column, tiles: Some(Tiles { run: true, .. }), .. }) => {
                (0..limits.len()).filter(|axis| axis != column).collect()
            }
            _ => (0..limits.len()).collect(),
        };
        let pieces = cut(limits, &axes, count);
        self.tasks(pieces.len(), |piece| {
            let owned = self.memory(rows, first)?;
            // SAFETY: the caller's promise; pieces are disjoint.
            Ok(unsafe { self.stage(stage, &pieces[piece], &owned.memory) })
        })
    }

    /// Runs a stage over `limits`.
    unsafe fn stage(&self, stage: &Stage, limits: &[Range<usize>], memory: &Memory) -> u32 {
        // SAFETY: the caller's promise.
        unsafe {
            match &stage.work {
                Work::Map(map) => self.context.map(map, limits, memory),
                Work::Reduce(reduce) => {
                    let layout = layout(stage, reduce);
                    Reduction::new(self.context, stage, reduce, &layout, memory).run(limits)
                }
                Work::Host(_) | Work::Matmul(_) => unreachable!("they are kernels of their own"),
            }
        }
    }

    /// Runs a group: all stages at each index of the outer axes. Tasks share out the rows; where
    /// rows are few and long, they share out each stage of a block of them.
    unsafe fn rows(&self) -> Result<()> {
        let outer = whole(&self.kernel.stages[0].extents[..self.kernel.outer_axes]);
        let rows: usize = outer.iter().map(Range::len).product();
        if are_cut(rows, self.kernel.weight, self.threads) {
            let scratch = self.scratch()?;
            let count = pieces(self.kernel.weight / rows, self.threads);
            return self.blocks(&outer, |stage, limits| {
                // SAFETY: the caller's promise; a stage has ended when the next one begins.
                unsafe { self.spread(stage, limits, count, &scratch) }
            });
        }
        let axes: SmallVec<[usize; 6]> = (0..outer.len()).collect();
        let tasks = cut(&outer, &axes, pieces(self.kernel.weight, self.threads));
        self.tasks(tasks.len(), |task| {
            let scratch = self.scratch()?;
            let owned = self.memory(&scratch, 0)?;
            let mut errors = 0;
            self.blocks(&tasks[task], |stage, limits| {
                let first = limits[..outer.len()].last().map_or(0, |rows| rows.start);
                let memory = owned.memory.at_row(first, &self.kernel.scratch);
                // SAFETY: the caller's promise; tasks have disjoint rows, and their scratch has a
                // block of them.
                errors |= unsafe { self.stage(stage, limits, &memory) };
                Ok(())
            })?;
            Ok(errors)
        })
    }

    /// Calls `run` for every stage of a group, block after block of the rows `outer`: blocks of the
    /// last outer axis, at each index of those before it.
    fn blocks(
        &self,
        outer: &[Range<usize>],
        mut run: impl FnMut(&Stage, &[Range<usize>]) -> Result<()>,
    ) -> Result<()> {
        let (last, block) = (outer.len().checked_sub(1), self.kernel.block);
        let mut outcome = Ok(());
        for_each(
            outer,
            |axis| Some(axis) == last,
            |index| {
                let rows = last.map_or(0..1, |last| outer[last].clone());
                for first in rows.clone().step_by(block) {
                    for stage in &self.kernel.stages {
                        let mut limits = whole(&stage.extents);
                        for (limit, &at) in limits.iter_mut().zip(index) {
                            *limit = at..at + 1;
                        }
                        if let Some(last) = last {
                            limits[last] = first..(first + block).min(rows.end);
                        }
                        if outcome.is_ok() {
                            outcome = run(stage, &limits);
                        }
                    }
                }
            },
        );
        outcome
    }

    /// Runs a reduction over `limits`, cut along what it reduces.
    unsafe fn reduce(
        &self,
        stage: &Stage,
        reduce: &Reduce,
        limits: &[Range<usize>],
        count: usize,
        (rows, first): (&Scratch, usize),
    ) -> Result<()> {
        let (total, block) = (total(stage, reduce), ROUNDS * reduce.lanes);
        // Aligned subtrees: a power of two of blocks each.
        let size = total.div_ceil(block).div_ceil(count).next_power_of_two() * block;
        let parts: Vec<Range<usize>> =
            (0..total).step_by(size).map(|at| at..(at + size).min(total)).collect();
        let owned = (0..parts.len()).map(|_| self.memory(rows, first)).collect::<Result<Vec<Owned>>>()?;
        let layout = layout(stage, reduce);
        let part = |part: usize| Reduction::new(self.context, stage, reduce, &layout, &owned[part].memory);
        let column = reduce.then.column;
        let mut outcome = Ok(());
        for_each(
            limits,
            |axis| axis == column || axis >= reduce.kept,
            |index| {
                let mut index: SmallVec<[usize; 6]> = index.into();
                while index[column] < limits[column].end && outcome.is_ok() {
                    let n = batch(reduce).min(limits[column].end - index[column]);
                    outcome = self.tasks(parts.len(), |number| {
                        // SAFETY: the caller's promise; parts have memory of their own.
                        Ok(unsafe { part(number).accumulate(&index, n, parts[number].clone()) })
                    });
                    let _state = FloatState::set_default();
                    // The tasks have ended; what they left is combined here, in an aligned tree.
                    let mut apart = 1;
                    while apart < parts.len() {
                        for left in (0..parts.len() - apart).step_by(2 * apart) {
                            // SAFETY: both parts have accumulated.
                            unsafe { part(left).take(&part(left + apart), n) };
                        }
                        apart *= 2;
                    }
                    // SAFETY: the caller's promise.
                    self.errors.fetch_or(unsafe { part(0).complete(&index, n) }, Relaxed);
                    index[column] += n;
                }
            },
        );
        outcome
    }

    /// Runs a product: every batch cut into rectangles of its result.
    unsafe fn matmul(&self, stage: &Stage, work: &Matmul) -> Result<()> {
        let outer = &stage.extents[..stage.extents.len() - 3];
        let count: usize = outer.iter().product();
        // Many products are shared out whole, few are cut.
        let share = pieces(self.kernel.weight, self.threads);
        let within = if share == 1 || count >= self.threads * 2 { 1 } else { self.threads };
        let product = Product::new(stage, work);
        let parts = product.parts(within);
        let bytes = parts.iter().map(Part::scratch_bytes).max().unwrap_or(0);
        let total = count * parts.len();
        let per_piece = if share == 1 { total } else { total.div_ceil(share.max(self.threads * 2)).max(1) };
        self.tasks(total.div_ceil(per_piece), |piece| {
            let owned = self.memory(&Scratch::default(), 0)?;
            let scratch = if bytes > 0 { Some(Buffer::allocate(bytes)?) } else { None };
            let scratch = match &scratch {
                // SAFETY: the buffer is this task's alone and has these bytes, of any contents.
                Some(scratch) => unsafe {
                    std::slice::from_raw_parts_mut(scratch.as_mut_ptr().cast::<MaybeUninit<u8>>(), bytes)
                },
                None => &mut [],
            };
            let mut errors = 0;
            for number in piece * per_piece..((piece + 1) * per_piece).min(total) {
                let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, outer.len());
                let mut batch = number / parts.len();
                for (index, extent) in index.iter_mut().zip(outer).rev() {
                    *index = batch % extent;
                    batch /= extent;
                }
                let part = &parts[number % parts.len()];
                // SAFETY: the caller's promise; parts are disjoint.
                errors |= unsafe { self.context.matmul(product, part, &index, scratch, &owned.memory) };
            }
            Ok(errors)
        })
    }
}

/// All of loops of these extents.
fn whole(extents: &[usize]) -> SmallVec<[Range<usize>; 6]> {
    extents.iter().map(|&extent| 0..extent).collect()
}

/// Limits cut into about `count` pieces along `axes`, the outer ones first: in `count` pieces where
/// an axis has so many, else in as many as it has and along the next axis too.
fn cut(whole: &[Range<usize>], axes: &[usize], count: usize) -> Vec<SmallVec<[Range<usize>; 6]>> {
    let mut pieces: Vec<SmallVec<[Range<usize>; 6]>> = vec![whole.into()];
    let mut left = count;
    for &axis in axes {
        let Range { start, end } = whole[axis];
        let ways = left.min(end - start);
        if ways <= 1 {
            continue;
        }
        left = left.div_ceil(ways);
        // Strips may run along the axis: whole vectors, and whole cache lines of any dtype.
        let unit = if (end - start) / ways >= 256 { 64 } else { 1 };
        let units = (end - start).div_ceil(unit);
        let at = |piece: usize| (start + units * piece / ways * unit).min(end);
        let along = |piece: SmallVec<[Range<usize>; 6]>| {
            (0..ways).map(move |nth| {
                let mut piece = piece.clone();
                piece[axis] = at(nth)..at(nth + 1);
                piece
            })
        };
        pieces = pieces.into_iter().flat_map(along).collect();
    }
    pieces
}

/// The caller's floating-point state, put back when dropped. Kernels run with the default one:
/// nearest rounding, subnormals kept, nothing trapped.
struct FloatState {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    saved: u64,
}

impl FloatState {
    #[cfg(target_arch = "x86_64")]
    fn set_default() -> Self {
        let mut saved = 0_u32;
        // SAFETY: reads the control register to memory of ours.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut saved, options(nostack, preserves_flags)) };
        Self::load(0x1f80);
        Self { saved: saved.into() }
    }

    #[cfg(target_arch = "x86_64")]
    fn load(state: u32) {
        // SAFETY: sets rounding, masks and flushing to a valid state; put back on drop.
        unsafe {
            std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const state, options(nostack, preserves_flags))
        };
    }

    #[cfg(target_arch = "aarch64")]
    fn set_default() -> Self {
        let saved: u64;
        // SAFETY: reads the control register and clears it: the default state; put back on drop.
        unsafe { std::arch::asm!("mrs {}, fpcr", "msr fpcr, xzr", out(reg) saved, options(nostack, nomem)) };
        Self { saved }
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn set_default() -> Self {
        Self {}
    }
}

impl Drop for FloatState {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        Self::load(self.saved as u32);
        #[cfg(target_arch = "aarch64")]
        // SAFETY: puts back what was there.
        unsafe {
            std::arch::asm!("msr fpcr, {}", in(reg) self.saved, options(nostack, nomem));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_cut_evenly_into_disjoint_pieces_along_as_many_axes_as_it_takes() {
        for (extents, axes, count, pieces) in [
            (&[10, 3][..], &[0, 1][..], 8, 8),
            (&[2, 10_000_000], &[0, 1], 8, 8),
            (&[10_000_000, 2], &[0], 8, 8),
            (&[3, 5, 7], &[0, 1, 2], 64, 75),
            (&[1, 1], &[0, 1], 8, 1),
            (&[5, 5], &[0, 1], 1, 1),
            (&[4, 100], &[0], 16, 4),
        ] {
            let whole: Vec<Range<usize>> = extents.iter().map(|&n: &usize| 0..n).collect();
            let cut = cut(&whole, axes, count);
            assert_eq!(cut.len(), pieces, "{extents:?} in {count}");
            let size = |piece: &[Range<usize>]| piece.iter().map(Range::len).product::<usize>();
            assert_eq!(cut.iter().map(|piece| size(piece)).sum::<usize>(), size(&whole));
            let apart = |a: &[Range<usize>], b: &[Range<usize>]| {
                a.iter().zip(b).any(|(a, b)| a.end <= b.start || b.end <= a.start)
            };
            for (at, piece) in cut.iter().enumerate() {
                assert!(cut[..at].iter().all(|other| apart(other, piece)), "{piece:?}");
                let fair = size(&whole) / pieces;
                assert!(size(piece) <= 2 * fair + 64, "{piece:?}");
            }
        }
    }
}
