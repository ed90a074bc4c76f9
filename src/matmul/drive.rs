//! The loops around a micro-kernel: columns, then rows and k in the order the plan says, then
//! panels of rows, then tiles. Operands are packed on the way, when the plan wants them packed and
//! they are not there yet.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use smallvec::SmallVec;

use super::kernels::Step;
use super::pack::{Block, Operand};
use super::plan::{self, Form, Packing, Plan, Side, Way};
use super::{Kernel, Product, SCRATCH_ALIGN, Sink, Source, Task, Tile};

impl Kernel {
    /// As [`super::split`], for this kernel.
    pub fn split(&self, product: Product, threads: usize, lhs: Source, rhs: Source) -> SmallVec<[Task; 4]> {
        plan::split(self, product, threads, lhs, rhs)
    }

    /// As [`super::plan`], for this kernel.
    pub fn plan(&self, product: Product, task: &Task, lhs: Source, rhs: Source, sink: Sink) -> Plan {
        if plan::is_swapped(self, product, lhs, sink) {
            let (task, lhs, rhs) = (swap_task(task), swap(rhs), swap(lhs));
            let mut plan = Plan::new(self, product.k, &task, lhs, rhs, sink);
            plan.swapped = true;
            return plan;
        }
        Plan::new(self, product.k, task, lhs, rhs, sink)
    }

    /// As [`super::run`], on this kernel.
    ///
    /// # Safety
    /// As [`super::run`].
    ///
    /// # Panics
    /// If scratch is too small or not aligned.
    #[allow(clippy::too_many_arguments)]
    pub unsafe fn run(
        &self,
        product: Product,
        plan: &Plan,
        task: &Task,
        lhs: Source,
        rhs: Source,
        sink: Sink,
        scratch: &mut [MaybeUninit<u8>],
    ) -> u32 {
        debug_assert_eq!(product.dtype, self.dtype);
        debug_assert!(task.rows.end <= product.m && task.columns.end <= product.n);
        if task.rows.is_empty() || task.columns.is_empty() {
            return 0;
        }
        if plan.swapped {
            let row = Product { m: product.n, n: product.m, ..product };
            let mut plan = *plan;
            plan.swapped = false;
            let (task, lhs, rhs) = (&swap_task(task), swap(rhs), swap(lhs));
            let column = |tile: Tile| match sink {
                Sink::Finish(finish) => finish(Tile {
                    at: tile.at,
                    stride: 1,
                    row: tile.column,
                    rows: tile.columns,
                    column: tile.row,
                    columns: tile.rows,
                }),
                Sink::Memory { .. } => 0,
            };
            let sink = if let Sink::Finish(_) = sink { Sink::Finish(&column) } else { sink };
            // SAFETY: the caller's promise: it is the same product, and its results, side by side in
            // either, are at the same places.
            return unsafe { self.run(row, &plan, task, lhs, rhs, sink, scratch) };
        }
        let bytes = plan.scratch_bytes();
        let scratch_fits = scratch.len() >= bytes;
        let scratch_aligned = bytes == 0 || scratch.as_ptr().addr().is_multiple_of(SCRATCH_ALIGN);
        assert!(scratch_fits && scratch_aligned, "matmul: scratch of {} bytes is not enough", scratch.len());
        let run = Run {
            kernel: self,
            plan,
            k: product.k,
            task,
            left: Operand::new(lhs, Side::Left),
            right: Operand::new(rhs, Side::Right),
            sink,
            scratch: scratch.as_mut_ptr().cast(),
            size: self.dtype.size(),
        };
        // SAFETY: the caller's promise; scratch is large enough for the plan.
        unsafe { run.all() }
    }
}

/// The task, if rows and columns change places.
fn swap_task(task: &Task) -> Task {
    Task { rows: task.columns.clone(), columns: task.rows.clone() }
}

/// An operand that becomes the other one, if rows and columns of the result change places.
fn swap(source: Source) -> Source {
    match source {
        Source::Memory { base, row, column } => Source::Memory { base, row: column, column: row },
        strip @ Source::Strip { .. } => strip,
    }
}

/// A task being run.
struct Run<'a> {
    kernel: &'a Kernel,
    plan: &'a Plan,
    k: usize,
    task: &'a Task,
    left: Operand<'a>,
    right: Operand<'a>,
    sink: Sink<'a>,
    scratch: *mut u8,
    /// Bytes of an element.
    size: usize,
}

/// A block of an operand as micro-kernels read it; steps are in bytes.
#[derive(Clone, Copy)]
struct Ready {
    /// The first lane at the first k.
    at: *const u8,
    /// From one lane's panel to the next lane's: to the next panel, divided by the width of this one.
    panel: isize,
    /// From one lane to the next, and from one k to the next; the width of a panel if that is where
    /// the next k is.
    lane: isize,
    k: Option<isize>,
}

impl Ready {
    /// From one k to the next, in a panel of `width` lanes of `size` bytes.
    fn k(&self, width: usize, size: usize) -> isize {
        self.k.unwrap_or((width * size) as isize)
    }
}

/// The accumulators of a block.
#[derive(Clone, Copy)]
struct Sums {
    /// The first row and column.
    at: *mut u8,
    /// Bytes from one row to the next.
    row: isize,
    /// Whether panels of rows take turns in one place.
    turns: bool,
    /// Whether an earlier block of k has left sums to go on from.
    resume: bool,
    /// Whether this block of k is the last.
    finish: bool,
}

impl Run<'_> {
    /// # Safety
    /// As [`super::run`].
    unsafe fn all(&self) -> u32 {
        let (plan, task) = (self.plan, self.task);
        if plan.rows >= task.rows.len() && plan.columns >= task.columns.len() && plan.depth >= self.k {
            // SAFETY: the caller's promise.
            return unsafe { self.block(task.rows.clone(), task.columns.clone(), 0..self.k) };
        }
        let row_blocks = task.rows.len().div_ceil(plan.rows);
        // A product over no k still writes its zeros.
        let k_blocks = self.k.div_ceil(plan.depth).max(1);
        let mut errors = 0;
        for first in task.columns.clone().step_by(plan.columns) {
            let columns = first..task.columns.end.min(first + plan.columns);
            for nth in 0..row_blocks * k_blocks {
                let (row_block, k_block) = match plan.k_outer {
                    true => (nth % row_blocks, nth / row_blocks),
                    false => (nth / k_blocks, nth % k_blocks),
                };
                let first = task.rows.start + row_block * plan.rows;
                let rows = first..task.rows.end.min(first + plan.rows);
                let ks = k_block * plan.depth..self.k.min((k_block + 1) * plan.depth);
                // SAFETY: the caller's promise, for a part of the task.
                errors |= unsafe { self.block(rows, columns.clone(), ks) };
            }
        }
        errors
    }

    /// Adds one block of k to the sums of one block of rows and columns.
    ///
    /// # Safety
    /// As [`super::run`]; blocks must come in the plan's order.
    unsafe fn block(&self, rows: Range<usize>, columns: Range<usize>, ks: Range<usize>) -> u32 {
        let (plan, size) = (self.plan, self.size);
        let mut errors = 0;

        let padded_columns = columns.len().next_multiple_of(self.kernel.lanes);
        let kept_left =
            ((rows.start - self.task.rows.start) * self.k + rows.len() * ks.start) * size + plan.left_at;
        let left_at = if plan.left == Packing::Kept { kept_left } else { plan.left_at };
        let first_columns = columns.start == self.task.columns.start;
        let pack_left = plan.left == Packing::Block || first_columns;

        let kept_right = padded_columns * ks.start * size + plan.right_at;
        let right_at = if plan.right == Packing::Kept { kept_right } else { plan.right_at };
        let first_rows = rows.start == self.task.rows.start;
        // All k of a block of rows before the next rows: the area has seen other k since.
        let overwritten = plan.right == Packing::Block && !plan.k_outer && self.k > plan.depth;
        let pack_right = first_rows || overwritten;

        let left_block = Block { side: Side::Left, lanes: rows.clone(), ks: ks.clone() };
        let right_block = Block { side: Side::Right, lanes: columns.clone(), ks: ks.clone() };
        // SAFETY: the plan's areas lie inside scratch and apart; operands are the caller's promise.
        let (left, right) = unsafe {
            let left_to = (plan.left != Packing::Direct).then_some((left_at, pack_left));
            let right_to = (plan.right != Packing::Direct).then_some((right_at, pack_right));
            (
                self.ready(self.left, left_block, plan.left_form, left_to, &mut errors),
                self.ready(self.right, right_block, Form::Lanes, right_to, &mut errors),
            )
        };
        let (resume, finish) = (ks.start > 0, ks.end == self.k);
        let sums = match self.sink {
            Sink::Memory { base, row } => Sums {
                at: base.wrapping_offset(rows.start as isize * row + (columns.start * size) as isize),
                row,
                turns: false,
                resume,
                finish,
            },
            Sink::Finish(_) => {
                let row = (plan.sums_stride * size) as isize;
                let turns = self.k <= plan.depth;
                // SAFETY: the plan's area lies inside scratch.
                Sums { at: unsafe { self.scratch.add(plan.sums_at) }, row, turns, resume, finish }
            }
        };
        // SAFETY: operands and sums are ready for this block.
        errors | unsafe { self.panels(left, right, sums, rows, columns, ks.len()) }
    }

    /// Makes a block of an operand ready to be read: in memory, where it is, or packed at `to` in
    /// scratch, if it is not there yet.
    ///
    /// # Safety
    /// As [`super::run`]; the area in scratch must have room, or hold the block already.
    unsafe fn ready(
        &self,
        operand: Operand,
        block: Block,
        form: Form,
        to: Option<(usize, bool)>,
        errors: &mut u32,
    ) -> Ready {
        let (size, depth) = (self.size as isize, block.ks.len() as isize);
        match (operand, to) {
            (Operand::Memory { base, lane, k }, None) => {
                let offset = block.lanes.start as isize * lane + block.ks.start as isize * k;
                Ready { at: base.wrapping_offset(offset), panel: lane, lane, k: Some(k) }
            }
            (_, to) => {
                let (at, pack) = to.expect("only memory is read where it is");
                // SAFETY: the plan's areas lie inside scratch.
                let (at, stage) = unsafe { (self.scratch.add(at), self.scratch.add(self.plan.stage_at)) };
                if pack {
                    // SAFETY: the caller's promise.
                    *errors |= unsafe { operand.pack(self.kernel, form, block, at, stage) };
                }
                match form {
                    Form::Lanes => Ready { at, panel: depth * size, lane: size, k: None },
                    Form::Ks => Ready { at, panel: depth * size, lane: depth * size, k: Some(size) },
                }
            }
        }
    }

    /// Runs micro-kernels over one block, panel of rows by panel of rows: a panel of the left
    /// operand stays in the first-level cache while the right operand passes by.
    ///
    /// # Safety
    /// Operands and sums must be valid for the block.
    unsafe fn panels(
        &self,
        left: Ready,
        right: Ready,
        sums: Sums,
        rows: Range<usize>,
        columns: Range<usize>,
        depth: usize,
    ) -> u32 {
        let (kernel, size) = (self.kernel, self.size);
        let vectors = columns.len().div_ceil(kernel.lanes);
        let rest = columns.len() - (vectors - 1) * kernel.lanes;
        let whole = columns.len() / kernel.lanes;
        let mut errors = 0;
        let mut row = 0;
        while row < rows.len() {
            let height = kernel.height(rows.len() - row);
            // Panels that take turns lie where the first one does.
            let at = if sums.turns { sums.at } else { sums.at.wrapping_offset(row as isize * sums.row) };
            let mut step = Step {
                depth,
                a: left.at.wrapping_offset(row as isize * left.panel),
                a_row: left.lane,
                a_k: left.k(height.rows, size),
                b: right.at,
                b_k: right.k.unwrap_or(0),
                b_column: right.lane,
                c: at,
                c_row: sums.row,
                next: at,
                columns: columns.len(),
                rest,
                resume: sums.resume,
            };
            let once = match self.plan.way {
                Way::Tiles => None,
                Way::Along => height.along,
                Way::Turned => kernel.turned,
            };
            if let Some(run) = once {
                // SAFETY: these rows and all columns are there, and the kernel is one this machine can
                // run.
                unsafe { run(&step) };
            }
            let mut done = if once.is_some() { vectors } else { 0 };
            while done < vectors {
                let (taken, run) = match height.wide {
                    Some((wide, run)) if right.k.is_some() && done + wide <= whole => (wide, run),
                    _ => {
                        let taken = kernel.vectors(vectors - done);
                        let tiles = if done + taken > whole { height.partial } else { height.whole };
                        (taken, tiles[taken - 1])
                    }
                };
                let width = taken * kernel.lanes;
                done += taken;
                step.b_k = right.k(width, size);
                let next_row = at.wrapping_offset(height.rows as isize * sums.row);
                step.next = if done < vectors { step.c.wrapping_add(width * size) } else { next_row };
                // SAFETY: `height.rows` rows and these columns are there, and the kernel is one this
                // machine can run.
                unsafe { run(&step) };
                step.b = step.b.wrapping_offset(width as isize * right.panel);
                step.c = step.c.wrapping_add(width * size);
            }
            if let (Sink::Finish(finish), true) = (self.sink, sums.finish) {
                errors |= finish(Tile {
                    at,
                    stride: self.plan.sums_stride,
                    row: rows.start + row,
                    rows: height.rows,
                    column: columns.start,
                    columns: columns.len(),
                });
            }
            row += height.rows;
        }
        errors
    }
}
