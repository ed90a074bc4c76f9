//! Walks: the loops around strips. Every stage of a kernel is a rectangle of loops; a walk steps
//! through the outer ones, works out addresses and calls strips for the rest.
use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use super::gather::{AHEAD, Rows, Wrong};
use super::product::matmul_temps;
use super::reduce::layout;
use super::stage;
use super::strips::Shared;
use crate::base::strip::{OUT_OF_RANGE, StripArgs};
use crate::kernel::loops::{BLOCK, Chain, Link, Map, Place, Slot, Stage, Staged, Tiles, Work};
use crate::runtime::buffer::ALIGNMENT;

/// Elements of a block of a chain that only copies: many against the addresses worked out for it.
const COPIED: usize = 8 * BLOCK;

/// What a kernel runs with: the same for all its tasks.
pub struct Context<'a> {
    /// The strips of the plan, in order.
    pub strips: &'a [Shared],
    /// Whether to interpret them even where there is code.
    pub interpret: bool,
    /// The addresses of the plan's buffers.
    pub buffers: &'a [*mut u8],
    /// The graph's scalars, by their bits.
    pub scalars: &'a [u64],
    /// The first index out of range that the kernel has met.
    pub wrong: Wrong,
}

// SAFETY: addresses are only used under the walks' contract: tasks write disjoint places.
unsafe impl Sync for Context<'_> {}

/// Memory of one task.
pub struct Memory {
    /// Rows that only a group's stages see.
    pub scratch: SmallVec<[*mut u8; 4]>,
    /// What reductions, products and long chains work in.
    pub work: *mut u8,
}

impl Memory {
    /// The same memory, its scratch holding rows from `first` on.
    pub(super) fn at_row(&self, first: usize, row_bytes: &[usize]) -> Memory {
        let moved = |(at, bytes): (&*mut u8, &usize)| at.wrapping_sub(first * bytes);
        Memory { scratch: self.scratch.iter().zip(row_bytes).map(moved).collect(), work: self.work }
    }
}

/// Memory a walk hands to a strip.
#[derive(Clone, Copy)]
pub(super) struct Local {
    pub base: *mut u8,
    pub column: isize,
    pub row: isize,
}

/// A rectangle of iterations: from `index` on, along a column axis and perhaps a row axis.
#[derive(Clone, Copy)]
pub(super) struct Rect<'a> {
    pub index: &'a [usize],
    pub column: usize,
    pub n: usize,
    pub row: Option<usize>,
    pub rows: usize,
    /// How many indices of the row axis are from one row to the next.
    pub every: usize,
    pub locals: &'a [Local],
}

/// Elements of working memory a chain needs for what passes between its strips.
pub(super) fn temps_bytes(chain: &Chain) -> usize {
    chain.temps.len() * BLOCK * 8
}

/// Bytes of working memory a task needs for a stage, given the elements reduced at most and the
/// product it computes.
pub fn work_bytes(stage: &Stage) -> usize {
    match &stage.work {
        Work::Map(map) => staging(map).0,
        Work::Reduce(reduce) => layout(stage, reduce).bytes,
        Work::Host(_) => 0,
        Work::Matmul(matmul) => matmul_temps(matmul),
    }
}

/// Bytes of working memory an elementwise stage needs, and where in it each staged argument is:
/// after what passes between strips.
fn staging(map: &Map) -> (usize, SmallVec<[usize; 4]>) {
    let mut end = temps_bytes(&map.chain);
    let elements = map.tiles.map_or(0, |tiles| tiles.rows * tiles.columns);
    let place = |staged: &Staged| {
        let start = end.next_multiple_of(ALIGNMENT);
        end = start + elements * staged.dtype.size() + stage::SLACK;
        start
    };
    let starts = map.staged.iter().map(place).collect();
    (end, starts)
}

impl Context<'_> {
    /// Calls a strip on a rectangle.
    ///
    /// # Safety
    /// The stage's places are inside their slots for this rectangle, nobody else writes them
    /// meanwhile, and locals, temps and scratch have room.
    pub(super) unsafe fn link(
        &self,
        link: &Link,
        rect: Rect,
        memory: &Memory,
        temps: *mut u8,
        fold: *mut u8,
    ) -> u32 {
        let callable = &self.strips[link.strip];
        let count = link.places.len();
        let mut base: SmallVec<[*mut u8; 8]> = SmallVec::with_capacity(count);
        let mut inner: SmallVec<[isize; 8]> = SmallVec::with_capacity(count);
        let mut outer: SmallVec<[isize; 8]> = SmallVec::with_capacity(count);
        for place in &link.places {
            let (at, column, row) = self.address(place, &rect, memory, temps);
            base.push(at);
            inner.push(column);
            outer.push(row);
        }
        let scalars: SmallVec<[u64; 8]> =
            link.scalars.iter().map(|&scalar| self.scalars[scalar as usize]).collect();
        let call = |base: &[*mut u8], rows: usize| {
            let (inner, outer, scalars) = (inner.as_ptr(), outer.as_ptr(), scalars.as_ptr());
            let args = StripArgs { base: base.as_ptr(), inner, outer, rows, scalars, scratch: fold };
            // SAFETY: the addresses are those of the rectangle's first iteration, or of a row's, and the
            // caller vouches for the rest.
            unsafe { callable.call(&args, rect.n, self.interpret) }
        };
        if link.rows.is_empty() {
            return call(&base, rect.rows);
        }
        let picked = link.rows.iter().map(|of| self.rows(of, &rect, memory, temps));
        let picked: SmallVec<[Rows; 2]> = picked.collect();
        let mut errors = 0;
        for row in 0..rect.rows {
            for rows in picked.iter().filter(|_| row + AHEAD < rect.rows) {
                // SAFETY: the row is the rectangle's.
                unsafe { rows.fetch(row + AHEAD, rect.n) };
            }
            let mut there = true;
            for (base, place) in base.iter_mut().zip(&link.places) {
                let Slot::Picked(number) = place.slot else { continue };
                // SAFETY: the row is the rectangle's.
                match unsafe { self.row(&picked[number as usize], &rect, row) } {
                    Some(at) => *base = at,
                    None => there = false,
                }
            }
            errors |= if there { call(&base, 1) } else { OUT_OF_RANGE };
            base.iter_mut().zip(&outer).for_each(|(base, step)| *base = base.wrapping_offset(*step));
        }
        errors
    }

    /// The address of an operand at the rectangle's first iteration, and its steps.
    pub(super) fn address(
        &self,
        place: &Place,
        rect: &Rect,
        memory: &Memory,
        temps: *mut u8,
    ) -> (*mut u8, isize, isize) {
        let offset = || {
            let steps = place.steps.iter().zip(rect.index);
            steps.fold(place.offset, |sum, (&step, &at)| sum.wrapping_add(step.wrapping_mul(at as i64)))
                as isize
        };
        let column = place.steps[rect.column] as isize;
        let row = rect.row.map_or(0, |row| place.steps[row] as isize * rect.every as isize);
        match place.slot {
            Slot::Buffer(buffer) => (self.buffers[buffer as usize].wrapping_offset(offset()), column, row),
            Slot::Scratch(scratch) => {
                (memory.scratch[scratch as usize].wrapping_offset(offset()), column, row)
            }
            Slot::Iota => (std::ptr::without_provenance_mut(offset() as usize), column, row),
            Slot::Local(local) => {
                let Local { base, column, row } = rect.locals[local as usize];
                (base, column, row)
            }
            Slot::Temp(temp) => (temps.wrapping_add(temp as usize * BLOCK * 8), column, 0),
            // Each row is looked for when its turn comes.
            Slot::Picked(_) => (std::ptr::null_mut(), column, 0),
        }
    }

    /// Calls the strips of a chain on a rectangle: block by block if there are several, or copies.
    ///
    /// # Safety
    /// As [`Context::link`].
    pub(super) unsafe fn chain(&self, chain: &Chain, rect: Rect, memory: &Memory, temps: *mut u8) -> u32 {
        if let ([link], []) = (&chain.links[..], &chain.copies[..]) {
            // SAFETY: the caller's promise.
            return unsafe { self.link(link, rect, memory, temps, std::ptr::null_mut()) };
        }
        let mut errors = 0;
        let mut index: SmallVec<[usize; 6]> = rect.index.into();
        // What is copied to where it stays needs no room in between.
        let block = if chain.links.is_empty() { COPIED } else { BLOCK };
        for row in 0..rect.rows {
            if let Some(axis) = rect.row {
                index[axis] = rect.index[axis] + row * rect.every;
            }
            for first in (0..rect.n).step_by(block) {
                index[rect.column] = rect.index[rect.column] + first;
                let moved = |local: &Local| Local {
                    base: local
                        .base
                        .wrapping_offset(local.row * row as isize + local.column * first as isize),
                    ..*local
                };
                let locals: SmallVec<[Local; 6]> = rect.locals.iter().map(moved).collect();
                let n = block.min(rect.n - first);
                let part = Rect { index: &index, n, rows: 1, locals: &locals, ..rect };
                // SAFETY: the block is part of the caller's rectangle.
                if !chain.copies.iter().all(|copy| unsafe { self.copy(copy, &part, memory, temps) }) {
                    errors |= OUT_OF_RANGE;
                    continue;
                }
                for link in &chain.links {
                    // SAFETY: the block is part of the caller's rectangle.
                    errors |= unsafe { self.link(link, part, memory, temps, std::ptr::null_mut()) };
                }
            }
        }
        errors
    }

    /// Runs an elementwise stage over `limits`.
    ///
    /// # Safety
    /// As [`Context::link`], for all of `limits`.
    pub unsafe fn map(&self, map: &Map, limits: &[Range<usize>], memory: &Memory) -> u32 {
        let mut errors = 0;
        let (n, rows) = (limits[map.column].len(), map.row.map_or(1, |row| limits[row].len()));
        let inner = |axis: usize| axis == map.column || Some(axis) == map.row;
        for_each(limits, inner, |index| {
            let rect = Rect { index, column: map.column, n, row: map.row, rows, every: 1, locals: &[] };
            // SAFETY: the rectangle is part of the caller's limits.
            errors |= unsafe {
                match map.tiles {
                    None => self.chain(&map.chain, rect, memory, memory.work),
                    Some(tiles) => self.tiles(map, tiles, rect, memory),
                }
            };
        });
        errors
    }

    /// Runs an elementwise stage over a rectangle, tile by tile.
    ///
    /// # Safety
    /// As [`Context::link`]; the memory has the stage's `work_bytes`.
    unsafe fn tiles(&self, map: &Map, tiles: Tiles, rect: Rect, memory: &Memory) -> u32 {
        let mut errors = 0;
        let starts = staging(map).1;
        let mut copies: SmallVec<[stage::Copied; 4]> = smallvec![stage::Copied::default(); starts.len()];
        let mut index: SmallVec<[usize; 6]> = rect.index.into();
        let (wide, high) = (rect.n.div_ceil(tiles.columns), rect.rows.div_ceil(tiles.rows));
        for nth in 0..wide * high {
            let (across, down) =
                if tiles.along { (nth % wide, nth / wide) } else { (nth / high, nth % high) };
            let (first_column, first_row) = (across * tiles.columns, down * tiles.rows);
            index[rect.column] = rect.index[rect.column] + first_column;
            if let Some(row) = rect.row {
                index[row] = rect.index[row] + first_row;
            }
            let n = tiles.columns.min(rect.n - first_column);
            let rows = tiles.rows.min(rect.rows - first_row);
            let tile = Rect { index: &index, n, rows, ..rect };
            let mut locals: SmallVec<[Local; 6]> = SmallVec::new();
            for ((staged, &start), copied) in map.staged.iter().zip(&starts).zip(&mut copies) {
                let (from, column, row) = self.address(&staged.place, &tile, memory, memory.work);
                let (to, size) = (memory.work.wrapping_add(start), staged.dtype.size());
                let next = match tiles.along {
                    true => {
                        let left = rect.n - first_column - n;
                        stage::Next { at: column * n as isize, n: left.min(tiles.columns), rows }
                    }
                    false => {
                        let left = rect.rows - first_row - rows;
                        stage::Next { at: row * rows as isize, n, rows: left.min(tiles.rows) }
                    }
                };
                // One row does for all, unless they are to follow one another.
                let once = row == 0 && !tiles.run;
                let (rows, apart) = if once { (1, 0) } else { (rows, (n * size) as isize) };
                // SAFETY: the place is the caller's, and the stage has room for a tile.
                unsafe { copied.copy(stage::Tile { size, from, column, row, n, rows, next }, to) };
                locals.push(Local { base: to, column: size as isize, row: apart });
            }
            let tile = match tiles.run {
                true => Rect { n: n * rows, row: None, rows: 1, locals: &locals, ..tile },
                false => Rect { locals: &locals, ..tile },
            };
            // SAFETY: the tile is part of the caller's rectangle; of a run, every operand's rows
            // follow one another.
            errors |= unsafe { self.chain(&map.chain, tile, memory, memory.work) };
        }
        errors
    }
}

/// Calls `f` at every index of `limits` along the axes that are not `inner`; along those the index
/// stays at the start.
pub fn for_each(limits: &[Range<usize>], inner: impl Fn(usize) -> bool, mut f: impl FnMut(&[usize])) {
    if limits.iter().any(Range::is_empty) {
        return;
    }
    let mut index: SmallVec<[usize; 6]> = limits.iter().map(|limit| limit.start).collect();
    loop {
        f(&index);
        let mut axis = limits.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            if inner(axis) {
                continue;
            }
            index[axis] += 1;
            if index[axis] < limits[axis].end {
                break;
            }
            index[axis] = limits[axis].start;
        }
    }
}
