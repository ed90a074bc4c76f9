//! Matrix products: places become sources and sinks, chains become prologues and epilogues.

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use super::walk::{Context, Local, Memory, Rect, temps_bytes};
use crate::kernel::loops::{Factor, Finish, Matmul};
use crate::kernel::{Place, Stage};
use crate::matmul;

pub(super) fn matmul_temps(matmul: &Matmul) -> usize {
    let factor = |factor: &Factor| match factor {
        Factor::Memory(_) => 0,
        Factor::Chain { chain, .. } => temps_bytes(chain),
    };
    let then = match &matmul.then {
        Finish::Store(_) => 0,
        Finish::Chain(chain) => temps_bytes(chain),
    };
    factor(&matmul.lhs).max(factor(&matmul.rhs)).max(then)
}

/// The product of a stage: at every index of the axes before the last three.
#[derive(Clone, Copy)]
pub(super) struct Product<'a> {
    stage: &'a Stage,
    work: &'a Matmul,
}

/// What of a product one task computes, and how.
pub(super) struct Part {
    task: matmul::Task,
    plan: matmul::Plan,
}

impl Part {
    /// Bytes of scratch that [`Context::matmul`] needs.
    pub fn scratch_bytes(&self) -> usize {
        self.plan.scratch_bytes()
    }
}

impl<'a> Product<'a> {
    pub fn new(stage: &'a Stage, work: &'a Matmul) -> Self {
        Self { stage, work }
    }

    /// The product cut for `threads` threads.
    pub fn parts(self, threads: usize) -> SmallVec<[Part; 4]> {
        let nowhere = |_: &Place| std::ptr::null_mut();
        let (lhs, rhs) = self.sources(nowhere, &|_| 0, &|_| 0);
        let (product, sink) = (self.product(), self.sink(nowhere, &|_| 0));
        let part = |task| Part { plan: matmul::plan(product, &task, lhs, rhs, sink), task };
        matmul::split(product, threads, lhs, rhs).into_iter().map(part).collect()
    }

    fn product(self) -> matmul::Product {
        let [m, n, k] = self.axes().map(|axis| self.stage.extents[axis]);
        matmul::Product { dtype: self.work.dtype, m, n, k }
    }

    /// The axes of rows, columns and the sum.
    fn axes(self) -> [usize; 3] {
        let rank = self.stage.extents.len();
        [rank - 3, rank - 2, rank - 1]
    }

    /// The factors, memory at an address or panels.
    fn sources<'f>(
        self,
        at: impl Fn(&Place) -> *mut u8,
        lhs: &'f (dyn Fn(matmul::Panel) -> u32 + Sync),
        rhs: &'f (dyn Fn(matmul::Panel) -> u32 + Sync),
    ) -> (matmul::Source<'f>, matmul::Source<'f>) {
        let [m, n, k] = self.axes();
        let source = |factor: &Factor, row: usize, column: usize, write| match factor {
            Factor::Memory(place) => matmul::Source::Memory {
                base: at(place),
                row: place.steps[row] as isize,
                column: place.steps[column] as isize,
            },
            Factor::Chain { along, .. } => matmul::Source::Strip { write, along_k: *along == k },
        };
        (source(&self.work.lhs, m, k, lhs), source(&self.work.rhs, k, n, rhs))
    }

    fn sink<'f>(
        self,
        at: impl Fn(&Place) -> *mut u8,
        finish: &'f (dyn Fn(matmul::Tile) -> u32 + Sync),
    ) -> matmul::Sink<'f> {
        match &self.work.then {
            Finish::Store(place) => {
                matmul::Sink::Memory { base: at(place), row: place.steps[self.axes()[0]] as isize }
            }
            Finish::Chain(_) => matmul::Sink::Finish(finish),
        }
    }
}

impl Context<'_> {
    /// Computes a part of the product at `batch`, the index of the axes before the last three.
    ///
    /// # Safety
    /// As [`Context::link`]; `scratch` has what the part needs, and nobody else computes it.
    pub(super) unsafe fn matmul(
        &self,
        product: Product,
        part: &Part,
        batch: &[usize],
        scratch: &mut [MaybeUninit<u8>],
        memory: &Memory,
    ) -> u32 {
        let work = product.work;
        let [m, n, k] = product.axes();
        let mut origin: SmallVec<[usize; 6]> = batch.into();
        origin.extend([0, 0, 0]);
        let size = work.dtype.size() as isize;
        let at = |place: &Place| {
            let rect = Rect { index: &origin, column: n, n: 1, row: None, rows: 1, every: 1, locals: &[] };
            self.address(place, &rect, memory, memory.work).0
        };
        let moved = |axis: usize, by: usize, other: usize, other_by: usize| {
            let mut index = origin.clone();
            index[axis] += by;
            index[other] += other_by;
            index
        };
        let memory = Shareable(memory);
        let panel = |factor: &Factor, axis: usize, panel: matmul::Panel| {
            let Factor::Chain { chain, along } = factor else { return 0 };
            let index = moved(axis, panel.first, k, panel.first_k);
            let (lane, step) = (panel.lane as isize * size, panel.k as isize * size);
            let ((column, n), (row, rows)) = match *along == k {
                true => ((step, panel.depth), (lane, panel.width)),
                false => ((lane, panel.width), (step, panel.depth)),
            };
            let local = Local { base: panel.to, column, row };
            let across = if *along == k { axis } else { k };
            let rect = Rect {
                index: &index,
                column: *along,
                n,
                row: Some(across),
                rows,
                every: 1,
                locals: &[local],
            };
            // SAFETY: the panel is part of the task's product and has room.
            unsafe { self.chain(chain, rect, memory.get(), memory.get().work) }
        };
        let lhs = |given: matmul::Panel| panel(&work.lhs, m, given);
        let rhs = |given: matmul::Panel| panel(&work.rhs, n, given);
        let (lhs, rhs) = product.sources(at, &lhs, &rhs);
        let finish = |tile: matmul::Tile| {
            let Finish::Chain(chain) = &work.then else { return 0 };
            let local = Local { base: tile.at.cast_mut(), column: size, row: tile.stride as isize * size };
            let index = moved(m, tile.row, n, tile.column);
            let rect = Rect {
                index: &index,
                column: n,
                n: tile.columns,
                row: Some(m),
                rows: tile.rows,
                every: 1,
                locals: &[local],
            };
            // SAFETY: the tile is part of the task's product.
            unsafe { self.chain(chain, rect, memory.get(), memory.get().work) }
        };
        let sink = product.sink(at, &finish);
        // SAFETY: places are inside their slots, tasks are disjoint, and scratch is large enough.
        unsafe { matmul::run(product.product(), &part.plan, &part.task, lhs, rhs, sink, scratch) }
    }
}

/// A task's memory, named in closures that must be `Sync` though one task calls them.
struct Shareable<'a>(&'a Memory);

// SAFETY: the closures are called by the task that owns the memory, one at a time.
unsafe impl Sync for Shareable<'_> {}

impl Shareable<'_> {
    fn get(&self) -> &Memory {
        self.0
    }
}
