//! The loops around a micro-kernel: columns, then rows and k in the order the plan says, then
//! panels of rows, then tiles. Operands are packed on the way, when the plan wants them packed and
//! they are not there yet.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use smallvec::SmallVec;

use super::kernels::Step;
use super::pack::Operand;
use super::plan::{self, Access, Packing, Plan};
use super::{Kernel, Product, SCRATCH_ALIGN, Sink, Source, Task, Tile};

impl Kernel {
    /// As [`super::split`], for this kernel.
    pub fn split(&self, product: Product, threads: usize) -> SmallVec<[Task; 4]> {
        plan::split(self, product, threads)
    }

    /// As [`super::scratch_bytes`], for this kernel.
    pub fn scratch_bytes(&self, product: Product, task: &Task) -> usize {
        Plan::most_bytes(self, task.rows.len(), task.columns.len(), product.k)
    }

    /// As [`super::run`], on this kernel.
    ///
    /// # Safety
    /// As [`super::run`].
    ///
    /// # Panics
    /// If scratch is too small or not aligned.
    pub unsafe fn run(
        &self,
        product: Product,
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
        let (left, right) = (Operand::left(lhs), Operand::right(rhs));
        let size = self.dtype.size();
        let access = Access {
            left_direct: matches!(left, Operand::Memory { .. }),
            right_direct: matches!(right, Operand::Memory { lane, .. } if lane == size as isize),
            in_place: matches!(sink, Sink::Memory { .. }),
        };
        let plan = Plan::new(self, task.rows.len(), task.columns.len(), product.k, access);
        let scratch_fits = scratch.len() >= plan.bytes;
        let scratch_aligned = plan.bytes == 0 || scratch.as_ptr().addr().is_multiple_of(SCRATCH_ALIGN);
        assert!(scratch_fits && scratch_aligned, "matmul: scratch of {} bytes is not enough", scratch.len());
        let scratch = scratch.as_mut_ptr().cast();
        let run = Run { kernel: self, plan, k: product.k, task, left, right, sink, scratch, size };
        // SAFETY: the caller's promise; scratch is large enough for the plan.
        unsafe { run.all() }
    }
}

/// A task being run.
struct Run<'a> {
    kernel: &'a Kernel,
    plan: Plan,
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
    /// From one tile's lanes to the next's.
    tile: isize,
    /// From one lane to the next.
    lane: isize,
    /// From one k to the next.
    k: isize,
    packed: bool,
}

/// The accumulators of a block.
#[derive(Clone, Copy)]
struct Sums {
    /// The first row and column.
    at: *mut u8,
    /// Bytes from one row to the next.
    row: isize,
    /// Bytes from one panel of rows to the next; 0 if panels take turns.
    panel: isize,
    /// Whether an earlier block of k has left sums to go on from.
    resume: bool,
    /// Whether this block of k is the last.
    finish: bool,
}

impl Run<'_> {
    /// # Safety
    /// As [`super::run`].
    unsafe fn all(&self) -> u32 {
        let (plan, task) = (&self.plan, self.task);
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
        let (plan, size) = (&self.plan, self.size);
        let mut errors = 0;

        let (padded_rows, padded_columns) = (
            rows.len().next_multiple_of(self.kernel.rows),
            columns.len().next_multiple_of(self.kernel.columns),
        );
        let kept_left =
            ((rows.start - self.task.rows.start) * self.k + padded_rows * ks.start) * size + plan.left_at;
        let left_at = if plan.left == Packing::Kept { kept_left } else { plan.left_at };
        let first_columns = columns.start == self.task.columns.start;
        let pack_left = plan.left == Packing::Block || first_columns;

        let kept_right = padded_columns * ks.start * size + plan.right_at;
        let right_at = if plan.right == Packing::Kept { kept_right } else { plan.right_at };
        let first_rows = rows.start == self.task.rows.start;
        // All k of a block of rows before the next rows: the area has seen other k since.
        let overwritten = plan.right == Packing::Block && !plan.k_outer && self.k > plan.depth;
        let pack_right = first_rows || overwritten;

        // SAFETY: the plan's areas lie inside scratch and apart; operands are the caller's promise.
        let (left, right) = unsafe {
            (
                self.ready(
                    self.left,
                    plan.left,
                    self.kernel.rows,
                    left_at,
                    pack_left,
                    rows.clone(),
                    ks.clone(),
                    &mut errors,
                ),
                self.ready(
                    self.right,
                    plan.right,
                    self.kernel.columns,
                    right_at,
                    pack_right,
                    columns.clone(),
                    ks.clone(),
                    &mut errors,
                ),
            )
        };
        let (resume, finish) = (ks.start > 0, ks.end == self.k);
        let sums = match self.sink {
            Sink::Memory { base, row } => Sums {
                at: base.wrapping_offset(rows.start as isize * row + (columns.start * size) as isize),
                row,
                panel: self.kernel.rows as isize * row,
                resume,
                finish,
            },
            Sink::Finish(_) => {
                let row = (plan.sums_stride * size) as isize;
                let panel = if self.k <= plan.depth { 0 } else { self.kernel.rows as isize * row };
                // SAFETY: the plan's area lies inside scratch.
                Sums { at: unsafe { self.scratch.add(plan.sums_at) }, row, panel, resume, finish }
            }
        };
        // SAFETY: operands and sums are ready for this block.
        errors | unsafe { self.panels(left, right, sums, rows, columns, ks.len()) }
    }

    /// Makes a block of an operand ready to be read, packing it if `pack`.
    ///
    /// # Safety
    /// As [`super::run`]; the area at `at` in scratch must have room, or hold the block already.
    #[allow(clippy::too_many_arguments)]
    unsafe fn ready(
        &self,
        operand: Operand,
        packing: Packing,
        width: usize,
        at: usize,
        pack: bool,
        lanes: Range<usize>,
        ks: Range<usize>,
        errors: &mut u32,
    ) -> Ready {
        match (operand, packing) {
            (Operand::Memory { base, lane, k }, Packing::Direct) => Ready {
                at: base.wrapping_offset(lanes.start as isize * lane + ks.start as isize * k),
                tile: width as isize * lane,
                lane,
                k,
                packed: false,
            },
            _ => {
                let depth = ks.len();
                // SAFETY: the caller's promise.
                let to = unsafe { self.scratch.add(at) };
                if pack {
                    // SAFETY: the caller's promise.
                    *errors |= unsafe { operand.pack(self.size, width, lanes, ks, to) };
                }
                Ready {
                    at: to,
                    tile: (width * depth * self.size) as isize,
                    lane: self.size as isize,
                    k: (width * self.size) as isize,
                    packed: true,
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
        let Kernel { rows: tall, columns: wide, lanes, .. } = *self.kernel;
        let mut errors = 0;
        for (nth, first) in rows.clone().step_by(tall).enumerate() {
            let present = tall.min(rows.end - first);
            let panel = left.at.wrapping_offset(nth as isize * left.tile);
            let panel_sums = sums.at.wrapping_offset(nth as isize * sums.panel);
            let mut step = Step {
                depth,
                a: panel,
                a_row: left.lane,
                a_k: left.k,
                b: right.at,
                b_k: right.k,
                c: panel_sums,
                c_row: sums.row,
                rest: 0,
                resume: sums.resume,
            };
            for (tile, column) in (0..columns.len()).step_by(wide).enumerate() {
                step.b = right.at.wrapping_offset(tile as isize * right.tile);
                let c = panel_sums.wrapping_add(column * self.size);
                let width = wide.min(columns.len() - column);
                if width == wide && present == tall && left.packed {
                    (step.a, step.c) = (panel, c);
                    // SAFETY: a full packed tile, and the kernel is one this machine can run.
                    unsafe { (self.kernel.packed)(&step) };
                    continue;
                }
                let vectors = width.div_ceil(lanes);
                step.rest = width - (vectors - 1) * lanes;
                let mut row = 0;
                for height in self.kernel.heights {
                    let run = if width == wide { height.whole } else { height.partial[vectors - 1] };
                    while row + height.rows <= present {
                        step.a = panel.wrapping_offset(row as isize * left.lane);
                        step.c = c.wrapping_offset(row as isize * sums.row);
                        // SAFETY: `height.rows` rows and `width` columns are there.
                        unsafe { run(&step) };
                        row += height.rows;
                    }
                }
            }
            if let (Sink::Finish(finish), true) = (self.sink, sums.finish) {
                errors |= finish(Tile {
                    at: panel_sums,
                    stride: self.plan.sums_stride,
                    row: first,
                    rows: present,
                    column: columns.start,
                    columns: columns.len(),
                });
            }
        }
        errors
    }
}
