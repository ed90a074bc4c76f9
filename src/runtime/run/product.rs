//! Matrix products: places become sources and sinks, chains become prologues and epilogues.

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use super::walk::{Context, Local, Memory, Rect, temps_bytes};
use crate::kernel::loops::{Factor, Finish, Matmul};
use crate::kernel::{Chain, Place, Stage};
use crate::matmul;

pub(super) fn matmul_temps(matmul: &Matmul) -> usize {
    let factor = |factor: &Factor| match factor {
        Factor::Memory(_) => 0,
        Factor::Chain(chain) => temps_bytes(chain),
    };
    let then = match &matmul.then {
        Finish::Store(_) => 0,
        Finish::Chain(chain) => temps_bytes(chain),
    };
    factor(&matmul.lhs).max(factor(&matmul.rhs)).max(then)
}

impl Context<'_> {
    /// Runs one task of a product at `batch`, the index of the axes before the last three.
    ///
    /// # Safety
    /// As [`Context::link`]; `scratch` has what the task needs.
    pub unsafe fn matmul(
        &self,
        stage: &Stage,
        work: &Matmul,
        batch: &[usize],
        task: &matmul::Task,
        scratch: &mut [MaybeUninit<u8>],
        memory: &Memory,
    ) -> u32 {
        let rank = stage.extents.len();
        let (m, n, k) = (rank - 3, rank - 2, rank - 1);
        let mut origin: SmallVec<[usize; 6]> = batch.into();
        origin.extend([0, 0, 0]);
        let size = work.dtype.size();
        let at = |place: &Place| {
            let rect = Rect { index: &origin, column: n, n: 1, row: None, rows: 1, locals: &[] };
            self.address(place, &rect, memory, memory.work).0
        };
        let moved = |axis: usize, by: usize, other: usize, other_by: usize| {
            let mut index = origin.clone();
            index[axis] += by;
            index[other] += other_by;
            index
        };
        let memory = Shareable(memory);
        let panel = |chain: &Chain, axis: usize, panel: matmul::Panel| {
            let local = Local { base: panel.to, column: size as isize, row: (panel.stride * size) as isize };
            let index = moved(axis, panel.first, k, panel.first_k);
            let rect = Rect {
                index: &index,
                column: axis,
                n: panel.width,
                row: Some(k),
                rows: panel.depth,
                locals: &[local],
            };
            // SAFETY: the panel is part of the task's product and has room.
            unsafe { self.chain(chain, rect, memory.get(), memory.get().work) }
        };
        let lhs_panel = |given: matmul::Panel| match &work.lhs {
            Factor::Chain(chain) => panel(chain, m, given),
            Factor::Memory(_) => 0,
        };
        let rhs_panel = |given: matmul::Panel| match &work.rhs {
            Factor::Chain(chain) => panel(chain, n, given),
            Factor::Memory(_) => 0,
        };
        let lhs = source(&work.lhs, at, (m, k), &lhs_panel);
        let rhs = source(&work.rhs, at, (k, n), &rhs_panel);
        let finish = |tile: matmul::Tile| {
            let Finish::Chain(chain) = &work.then else { return 0 };
            let row = (tile.stride * size) as isize;
            let local = Local { base: tile.at.cast_mut(), column: size as isize, row };
            let index = moved(m, tile.row, n, tile.column);
            let rect = Rect {
                index: &index,
                column: n,
                n: tile.columns,
                row: Some(m),
                rows: tile.rows,
                locals: &[local],
            };
            // SAFETY: the tile is part of the task's product.
            unsafe { self.chain(chain, rect, memory.get(), memory.get().work) }
        };
        let sink = match &work.then {
            Finish::Store(place) => matmul::Sink::Memory { base: at(place), row: place.steps[m] as isize },
            Finish::Chain(_) => matmul::Sink::Finish(&finish),
        };
        let (rows, columns) = (stage.extents[m], stage.extents[n]);
        let product = matmul::Product { dtype: work.dtype, m: rows, n: columns, k: stage.extents[k] };
        // SAFETY: places are inside their slots, tasks are disjoint, and scratch is large enough.
        unsafe { matmul::run(product, task, lhs, rhs, sink, scratch) }
    }
}

/// A factor as what a product reads: memory whose rows and columns are these axes, or panels.
fn source<'a>(
    factor: &Factor,
    at: impl Fn(&Place) -> *mut u8,
    (row, column): (usize, usize),
    panels: &'a (dyn Fn(matmul::Panel) -> u32 + Sync),
) -> matmul::Source<'a> {
    match factor {
        Factor::Memory(place) => matmul::Source::Memory {
            base: at(place),
            row: place.steps[row] as isize,
            column: place.steps[column] as isize,
        },
        Factor::Chain(_) => matmul::Source::Strip(panels),
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
