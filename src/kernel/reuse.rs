//! What becomes of memory that dies, and of results that nobody reads soon: which buffers a kernel
//! may write over, and which results go past the caches.

use std::cell::LazyCell;

use rustc_hash::FxHashMap;

use crate::base::Keyed;
use crate::kernel::loops::{Factor, Finish, Gather, Kernel, Link, Map, Reduce, Tiles, Work};
use crate::kernel::plan::links;
use crate::kernel::schedule::streams;
use crate::kernel::{Chain, Place, Plan, Slot, Stage, Strip};

impl Plan {
    /// The buffers that a kernel may write over ones it reads last.
    pub(super) fn in_place(&self, number: usize) -> Vec<(u32, u32)> {
        let kernel = &self.kernels[number];
        let accesses = LazyCell::new(|| accesses(&kernel.stages, &self.strips));
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for &written in &kernel.writes {
            let fits = |&read: &u32| {
                let (from, to) = (&self.buffers[read as usize], &self.buffers[written as usize]);
                from.last_use == Some(number)
                    && from.bytes == to.bytes
                    && read != written
                    && from.ty.dtype.size() == to.ty.dtype.size()
                    && !pairs.iter().any(|pair| pair.1 == read)
                    && reads_before_it_writes(kernel, &accesses, (written, read))
            };
            // Inputs last: whether they may be written over is known only when the plan runs.
            let inputs = |is: bool| {
                kernel.reads.iter().filter(move |read| self.buffers[**read as usize].input.is_some() == is)
            };
            if let Some(&read) = inputs(false).chain(inputs(true)).find(|read| fits(read)) {
                pairs.push((written, read));
            }
        }
        pairs
    }

    /// Lets elementwise stages write past the caches where that pays (`schedule::streams`), and
    /// nobody is about to read the lines: what is written over memory just read stays in them.
    /// `near` is what near caches hold, in bytes; `donated` says which inputs may be written over.
    pub fn stream(&mut self, near: usize, donated: impl Fn(u32) -> bool) {
        if self.buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.bytes)) <= near {
            return;
        }
        let mut users = vec![0; self.strips.len()];
        let stages = || self.kernels.iter().flat_map(|kernel| &kernel.stages);
        stages().flat_map(|stage| links(&stage.work)).for_each(|link| users[link.strip] += 1);
        for kernel in &mut self.kernels {
            let touched = touched(kernel, &self.strips);
            let taken = |pair: &&(u32, u32)| self.buffers[pair.1 as usize].input.is_none_or(&donated);
            let taken: Vec<u32> = kernel.in_place.iter().filter(taken).map(|pair| pair.0).collect();
            let leaves = |place: &Place| match place.slot {
                Slot::Buffer(buffer) => !taken.contains(&buffer) && !kernel.reads.contains(&buffer),
                _ => false,
            };
            for stage in &mut kernel.stages {
                let Work::Map(Map { column, tiles, chain, .. }) = &mut stage.work else { continue };
                for link in &mut chain.links {
                    let strip = &self.strips[link.strip];
                    let row = match tiles {
                        Some(Tiles { run: true, rows, columns, .. }) => *rows * *columns,
                        Some(Tiles { columns, .. }) => *columns,
                        None => stage.extents[*column],
                    };
                    let row = row * strip.outputs()[0].dtype.size();
                    if !streams(touched, row, near) || !link.places[strip.arguments..].iter().all(leaves) {
                        continue;
                    }
                    let streaming = Keyed::new(Strip { streams: true, ..Strip::clone(strip) });
                    if users[link.strip] == 1 {
                        self.strips[link.strip] = streaming;
                        continue;
                    }
                    users[link.strip] -= 1;
                    link.strip =
                        self.strips.iter().position(|known| *known == streaming).unwrap_or_else(|| {
                            self.strips.push(streaming);
                            users.push(0);
                            self.strips.len() - 1
                        });
                    users[link.strip] += 1;
                }
            }
        }
    }
}

/// Bytes of the buffers that a kernel reads and writes, each once.
fn touched(kernel: &Kernel, strips: &[Keyed<Strip>]) -> usize {
    let mut bytes: FxHashMap<u32, usize> = FxHashMap::default();
    for access in accesses(&kernel.stages, strips) {
        let Slot::Buffer(buffer) = access.place.slot else { continue };
        let extents = kernel.stages[access.stage].extents.iter().zip(&access.place.steps);
        let moved = extents.filter(|(_, step)| **step != 0).map(|(extent, _)| *extent);
        let known = bytes.entry(buffer).or_default();
        *known = (*known).max(moved.product::<usize>().saturating_mul(access.size));
    }
    bytes.into_values().fold(0, usize::saturating_add)
}

/// A place that a kernel reads or writes.
pub(super) struct Access<'a> {
    stage: usize,
    /// When in its stage, for each element of the result or block of a chain.
    step: usize,
    /// In what and where.
    pub place: &'a Place,
    /// Bytes of an element.
    size: usize,
    /// Or it is read.
    pub writes: bool,
}

/// When a factor of a product is read, or what is gathered: before and after anything else.
const ANY_TIME: usize = usize::MAX;

/// All places of a kernel's stages.
pub(super) fn accesses<'a>(stages: &'a [Stage], strips: &[Keyed<Strip>]) -> Vec<Access<'a>> {
    let mut found = Vec::new();
    for (stage, of) in stages.iter().enumerate() {
        let mut note = |step: usize, place: &'a Place, size: usize, writes: bool| {
            found.push(Access { stage, step, place, size, writes });
        };
        // An index is read where it stands, and before anything is written; what it says, anywhere.
        let gather = |note: &mut dyn FnMut(usize, &'a Place, usize, bool), step: usize, of: &'a Gather| {
            of.indices.iter().for_each(|index| note(step, &index.place, index.dtype.size(), false));
            note(ANY_TIME, &of.from, of.dtype.size(), false);
        };
        let link = |note: &mut dyn FnMut(usize, &'a Place, usize, bool), step: usize, link: &'a Link| {
            let strip = &strips[link.strip];
            for (at, (place, operand)) in link.places.iter().zip(&strip.operands).enumerate() {
                note(step, place, operand.dtype.size(), at >= strip.arguments);
            }
            link.rows.iter().for_each(|row| gather(note, step, row));
        };
        let copy = |note: &mut dyn FnMut(usize, &'a Place, usize, bool),
                    step: usize,
                    (of, to): &'a (Gather, Place)| {
            gather(note, step, of);
            note(step, to, of.dtype.size(), true);
        };
        let chain = |note: &mut dyn FnMut(usize, &'a Place, usize, bool), first: usize, of: &'a Chain| {
            (first..).zip(&of.copies).for_each(|(step, of)| copy(note, step, of));
            (first + of.copies.len()..).zip(&of.links).for_each(|(step, of)| link(note, step, of));
        };
        match &of.work {
            Work::Map(map) => {
                map.staged.iter().for_each(|staged| note(0, &staged.place, staged.dtype.size(), false));
                chain(&mut note, 0, &map.chain);
            }
            Work::Reduce(reduce) => {
                let Reduce { each, accumulate, combine, then, .. } = &**reduce;
                each.iter().flat_map(|each| &each.copies).for_each(|of| copy(&mut note, 0, of));
                let each = each.iter().flat_map(|each| &each.links);
                each.chain([accumulate, combine]).for_each(|of| link(&mut note, 0, of));
                chain(&mut note, 1, &then.chain);
            }
            Work::Host(host) => {
                for (at, (place, ty)) in host.args.iter().enumerate() {
                    // Only the first may be written over, and that by whoever reads it where it writes.
                    let step = if at == 0 && host.op.may_be_in_place() { 0 } else { ANY_TIME };
                    note(step, place, ty.dtype.size(), false);
                }
                note(1, &host.out.0, host.out.1.dtype.size(), true);
            }
            Work::Matmul(matmul) => {
                for factor in [&matmul.lhs, &matmul.rhs] {
                    match factor {
                        Factor::Memory(place) => note(ANY_TIME, place, matmul.dtype.size(), false),
                        Factor::Chain { chain, .. } => {
                            chain.copies.iter().for_each(|of| copy(&mut note, ANY_TIME, of));
                            chain.links.iter().for_each(|of| link(&mut note, ANY_TIME, of));
                        }
                    }
                }
                match &matmul.then {
                    Finish::Store(place) => note(1, place, matmul.dtype.size(), true),
                    Finish::Chain(of) => chain(&mut note, 1, of),
                }
            }
        }
    }
    found
}

/// Whether a kernel reads every element of one buffer before it writes what lies there in the other:
/// in the same stage at the same place, and no later; in stages before it, within the same row of
/// the outer axes, of which each task has its own.
fn reads_before_it_writes(kernel: &Kernel, accesses: &[Access], (written, read): (u32, u32)) -> bool {
    let of = |buffer: u32, writes: bool| {
        let of = move |access: &&Access| access.place.slot == Slot::Buffer(buffer) && access.writes == writes;
        accesses.iter().filter(of)
    };
    let outer = kernel.outer_axes;
    of(written, true).all(|write| {
        of(read, false).all(|access| {
            let (from, to) = (access.place, write.place);
            if access.stage == write.stage {
                return access.step <= write.step && (from.offset, &from.steps) == (to.offset, &to.steps);
            }
            // A row's elements, as bytes from where the row begins.
            let extents = &kernel.stages[access.stage].extents;
            let inner = extents.iter().zip(&from.steps).skip(outer);
            let (mut first, mut end) =
                (from.offset - to.offset, from.offset - to.offset + access.size as i64);
            for (&extent, &step) in inner {
                let span = step * (extent as i64 - 1);
                (first, end) = (first + span.min(0), end + span.max(0));
            }
            access.stage < write.stage
                && access.step != ANY_TIME
                && outer > 0
                && from.steps[..outer] == to.steps[..outer]
                && (first >= 0 && end <= to.steps[outer - 1])
        })
    })
}
