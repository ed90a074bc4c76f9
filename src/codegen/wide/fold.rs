//! Reductions of rows, as `StripKind::Fold` defines them: lanes, rounds, blocks, and the tree of blocks.
//!
//! A round of lanes is a few vectors, a group of lanes each, whose accumulators stay in registers from
//! round to round, of all groups or of some at a time. What is left of a row after whole rounds joins
//! lanes in memory. Finished blocks are merged as a binary counter counts, see `codegen::fold`: the levels
//! on the left, in the scratch, the block's lanes on the right, in registers. A complete row ends with
//! its lanes halved between vectors and then inside them.

use std::ops::Range;

use super::assemble::{Alu, Assembler, Gpr, Label, Mem, Move, Rm, Vector, When};
use super::body::{Body, Class, Fixed};
use super::emit::{slot, vector};
use super::forms::Op;
use super::frame::{Frame, Slots};
use super::join::{Accumulator, QUICKLY, Reduction};
use super::placed::Placed;
use super::select::Selector;
use super::steady::Steady;
use super::{Machine, lanes};
use crate::base::DType;
use crate::base::strip::{LANE_BYTES, StripArgs};
use crate::kernel::Strip;
use crate::op::Fold;

/// The code of a row's parts.
struct Parts {
    /// Per group held; empty if whole rounds are steady.
    main: Vec<Vec<Placed>>,
    /// The same as long as all elements are numbers; empty if there is no such way.
    quick: Vec<Vec<Placed>>,
    /// Whole rounds of a fold that counts, if there are registers for it.
    steady: Option<Steady>,
    last: Vec<Placed>,
    /// Per group.
    merges: Vec<Vec<Placed>>,
    halve: Vec<Placed>,
}

/// Emits a strip that reduces each row.
pub(super) fn fold(asm: Assembler, machine: Machine, strip: &Strip, fold: Fold) -> Assembler {
    let (mut slots, mut fixed) = (Slots::default(), Vec::new());
    let reduction = Reduction::new(machine, strip, fold, &mut slots);
    let mut selector = |last: bool, select: &dyn Fn(Selector) -> Body| {
        select(Selector::new(machine, strip, last, &mut fixed, &mut slots))
    };
    let main = selector(false, &|s| reduction.join(s, fold));
    let last = selector(true, &|s| reduction.join_last(s, fold));
    let truths = reduction.block.is_none();
    let trees = if truths { 0 } else { reduction.groups };
    let merges: Vec<Body> = (0..trees).map(|group| selector(false, &|s| reduction.merge(s, group))).collect();
    let halve = if truths { Body::default() } else { selector(false, &|s| reduction.halve(s)) };

    let quick = reduction.quick.then(|| selector(false, &|s| reduction.join_quickly(s, fold)));

    let uncounted = fold
        .counts()
        .then(|| [true, false].map(|first| selector(false, &|s| reduction.join_uncounted(s, fold, first))));

    let carried = reduction.held * if quick.is_some() { QUICKLY } else { reduction.accumulators.len() };
    let mut frame =
        Frame::new(asm, machine, strip, lanes(machine, strip), fixed, slots, &[&main, &last], carried);
    let steady = uncounted.and_then(|bodies| frame.steady(&reduction, &bodies));
    let registers = frame.file.carried.clone();
    let each = reduction.accumulators.len();
    let of = |group: usize| &registers[group % reduction.held * each..][..each];
    // What is carried beside the accumulators has the registers after all of those.
    let quickly = |group: usize| [0, 1].map(|k| registers[k * reduction.held + group]);
    let mut place = |body: &Body, carried: &[u8]| {
        let [placed] = frame.allocated([body], carried);
        placed
    };
    let mut parts = Parts {
        main: match steady {
            Some(_) => Vec::new(),
            None => (0..reduction.held).map(|group| place(&main, of(group))).collect(),
        },
        merges: merges.iter().enumerate().map(|(group, merge)| place(merge, of(group))).collect(),
        last: place(&last, &[]),
        halve: place(&halve, &[]),
        quick: Vec::new(),
        steady,
    };
    if let Some(quick) = &quick {
        parts.quick = (0..reduction.held).map(|group| place(quick, &quickly(group))).collect();
    }
    frame.reduce(&reduction, &parts);
    frame.asm
}

/// The text of what a vector of elements does, before registers are given out.
pub(super) fn selected(machine: Machine, strip: &Strip, fold: Fold) -> String {
    let (mut slots, mut fixed): (_, Vec<(Fixed, u8)>) = (Slots::default(), Vec::new());
    let reduction = Reduction::new(machine, strip, fold, &mut slots);
    let body = reduction.join(Selector::new(machine, strip, false, &mut fixed, &mut slots), fold);
    body.text(&fixed)
}

impl Frame<'_> {
    fn reduce(&mut self, r: &Reduction, parts: &Parts) {
        let [row, block, unmerged, in_memory] = std::array::from_fn(|_| self.asm.label());
        self.enter(false);
        self.per_call();
        let field = |base: Gpr, offset: usize| Mem::At { base, disp: offset as i32 };
        self.load(Gpr::RAX, self.args);
        self.asm.mov(Move::Load, 8, Gpr::RDX, field(Gpr::RAX, std::mem::offset_of!(StripArgs, inner)));
        self.asm.mov(Move::Load, 8, Gpr::RCX, field(Gpr::RDX, 8 * self.strip.arguments));
        self.store(Gpr::RCX, r.told);
        self.asm.mov(Move::Load, 8, Gpr::RCX, field(Gpr::RAX, std::mem::offset_of!(StripArgs, scratch)));
        self.store(Gpr::RCX, r.scratch);

        self.asm.bind(row);
        self.begin_row();
        self.asm.alu(Alu::Xor, Gpr::RAX, Gpr::RAX);
        self.store(Gpr::RAX, r.number);
        if r.quick {
            self.store(Gpr::RAX, r.exact);
        }

        // How far whole rounds of this block reach, and how many elements are left after the last block's.
        self.asm.bind(block);
        self.store(Gpr::RBX, r.start);
        self.load(Gpr::RCX, self.count);
        self.asm.alu(Alu::Sub, Gpr::RCX, Gpr::RBX);
        self.store(Gpr::RCX, r.rest);
        if let Some(block) = r.block {
            let few = self.asm.label();
            self.asm.alu_imm(Alu::Cmp, Gpr::RCX, block as i32);
            self.asm.jump(When::BelowOrEqual, few);
            self.asm.set(Gpr::RCX, block as i32);
            self.asm.bind(few);
        }
        self.asm.copy(Gpr::RDX, Gpr::RCX);
        self.asm.alu_imm(Alu::And, Gpr::RDX, r.round as i32 - 1);
        self.store(Gpr::RDX, r.left);
        self.asm.alu(Alu::Sub, Gpr::RCX, Gpr::RDX);
        self.asm.copy(Gpr::RBP, Gpr::RBX);
        self.asm.alu(Alu::Add, Gpr::RBP, Gpr::RCX);
        let whole = self.asm.label();
        if let Some(steady) = &parts.steady {
            self.steady_rounds(r, steady, whole);
        }
        for (number, part) in r.parts().enumerate() {
            if number > 0 {
                self.load(Gpr::RBX, r.start);
            }
            self.rounds(r, parts, part.clone());
            if !r.is_one_part() {
                self.lanes_to_memory(r, part, true);
            }
        }
        self.asm.bind(whole);
        self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.left), 0);
        self.asm.jump(When::Equal, unmerged);
        if r.is_one_part() {
            self.lanes_to_memory(r, 0..r.groups, true);
        }
        self.left_over(r, &parts.last);
        if r.block.is_some() {
            self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.number), 0);
            self.asm.jump(When::Equal, in_memory);
        }
        if r.is_one_part() {
            self.lanes_to_memory(r, 0..r.groups, false);
        }
        self.asm.bind(unmerged);
        if let Some(length) = r.block {
            self.merge_block(r, parts, length);
            self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.rest), length as i32);
            self.asm.jump(When::BelowOrEqual, in_memory);
            self.asm.alu_mem_imm(Alu::Add, 8, slot(r.number), 1);
            self.asm.jump(When::Always, block);
            self.asm.bind(in_memory);
            self.row_to_results(r, &parts.halve);
        } else {
            self.truths_to_results(r);
        }
        self.next_row(row);
        self.leave();
    }

    /// The whole rounds of a block, up to column `rbp`, for these groups of lanes.
    fn rounds(&mut self, r: &Reduction, parts: &Parts, groups: Range<usize>) {
        let (exactly, none) = (self.asm.label(), self.asm.label());
        if r.quick {
            self.quick_rounds(r, parts, exactly, none);
            self.asm.bind(exactly);
        }
        for h in 0..r.held {
            for (k, a) in r.accumulators.iter().enumerate() {
                let truth = a.dtype == DType::Bool && a.identity.to_bool();
                let bits = if truth { u64::MAX } else { a.identity.bits() };
                self.fill(self.carried(r, h, k), a.size, a.width, bits);
            }
        }
        // Steady rounds have left none.
        if parts.steady.is_none() {
            self.asm.alu(Alu::Cmp, Gpr::RBX, Gpr::RBP);
            self.asm.jump(When::Equal, none);
            self.repeat_rounds(r, &parts.main, groups);
        }
        self.asm.bind(none);
    }

    /// Rounds by these bodies until column `rbp`; there is one at least.
    pub(super) fn repeat_rounds(&mut self, r: &Reduction, bodies: &[Vec<Placed>], groups: Range<usize>) {
        let head = self.asm.label();
        self.asm.bind_aligned(head);
        self.round(r, bodies, groups);
        self.asm.alu(Alu::Cmp, Gpr::RBX, Gpr::RBP);
        self.asm.jump(When::Below, head);
    }

    /// A round by these bodies, one per group of lanes.
    pub(super) fn round(&mut self, r: &Reduction, bodies: &[Vec<Placed>], groups: Range<usize>) {
        for (body, group) in bodies.iter().zip(groups) {
            for placed in body {
                self.placed(placed, group as u8, false);
            }
            self.advance();
        }
        self.asm.alu_imm(Alu::Add, Gpr::RBX, r.round as i32);
    }

    /// Whole rounds as `Reduction::join_quickly` does them, unless that was in vain before in this row;
    /// then to `done`. If it turns out to be, or where there is no round, to `exactly`.
    fn quick_rounds(&mut self, r: &Reduction, parts: &Parts, exactly: Label, done: Label) {
        let a = r.accumulators[0];
        let (held, vain) = (r.held as u8, self.asm.label());
        let first = self.file.carried[0];
        debug_assert!(held >= 3, "sums have registers to spare once they are one");
        self.asm.alu(Alu::Cmp, Gpr::RBX, Gpr::RBP);
        self.asm.jump(When::Equal, exactly);
        self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.exact), 0);
        self.asm.jump(When::NotEqual, exactly);
        for h in 0..held {
            self.fill(first + h, a.size, a.width, a.identity.bits());
            self.fill(first + held + h, a.size, a.width, 0);
        }
        self.repeat_rounds(r, &parts.quick, 0..r.held);
        // NaN in any sum makes the total one. Of lanes that are zero the sign is not known.
        let (total, zeros, zero) = (first + held, first + held + 1, first + held + 2);
        let of = |frame: &mut Self, op: Op, reg: u8, a1: u8, a2: u8, imm: u8| {
            frame.asm.vector(&Vector { vvvv: a1, imm, ..vector(op, a.size, a.width, reg, Rm::Reg(a2)) });
        };
        for other in 1..held {
            of(self, Op::Add, total, total, total + other, 0);
        }
        of(self, Op::CmpLanes, total, total, total, 3);
        self.fill(zero, a.size, a.width, 0);
        for h in 0..held {
            of(self, Op::CmpLanes, zeros, first + h, zero, 0);
            of(self, Op::Or, total, total, zeros, 0);
        }
        self.mask_to_bits(total, Class::Vector, a.size, a.width);
        self.asm.test(4, Gpr::RAX);
        self.asm.jump(When::NotEqual, vain);
        self.asm.jump(When::Always, done);
        self.asm.bind(vain);
        self.asm.alu_mem_imm(Alu::Add, 8, slot(r.exact), 1);
        self.load(Gpr::RBX, r.start);
    }

    /// Puts these bits into every lane of a register.
    fn fill(&mut self, reg: u8, size: u8, width: u8, bits: u64) {
        if bits == 0 {
            self.asm.vector(&Vector { vvvv: reg, ..vector(Op::Xor, 4, width, reg, Rm::Reg(reg)) });
        } else {
            let constant = self.asm.constant(&bits.to_le_bytes()[..usize::from(size)]);
            self.vector(Op::Broadcast, size, width, reg, Rm::Mem(Mem::Pool(constant)));
        }
    }

    /// The elements after the last whole round join their lanes in memory. There is one at least.
    fn left_over(&mut self, r: &Reduction, last: &[Placed]) {
        let (head, done) = (self.asm.label(), self.asm.label());
        let lanes = i32::from(self.lanes);
        self.asm.alu(Alu::Xor, Gpr::RAX, Gpr::RAX);
        self.store(Gpr::RAX, self.lane);
        self.load(Gpr::RCX, r.left);
        self.asm.bind(head);
        self.begin_last(last);
        for placed in last {
            self.placed(placed, 0, true);
        }
        self.advance();
        self.asm.alu_imm(Alu::Add, Gpr::RBX, lanes);
        self.asm.alu_mem_imm(Alu::Add, 8, slot(self.lane), lanes);
        self.load(Gpr::RCX, r.left);
        self.asm.alu_imm(Alu::Sub, Gpr::RCX, lanes);
        self.asm.jump(When::BelowOrEqual, done);
        self.store(Gpr::RCX, r.left);
        self.asm.jump(When::Always, head);
        self.asm.bind(done);
    }

    /// Takes up the levels that a block completes, or at the end of a row all there are, and puts the
    /// lanes where they belong: to a level, or on the stack.
    fn merge_block(&mut self, r: &Reduction, parts: &Parts, length: usize) {
        let level_bytes = r.accumulators.len() * LANE_BYTES;
        // The level whose number is that of the lowest bit in a slot.
        let level = |frame: &mut Self, at: i32| {
            frame.asm.mov(Move::TrailingZeros, 8, Gpr::RDX, slot(at));
            frame.asm.shift(true, Gpr::RDX, level_bytes.trailing_zeros() as u8);
            frame.asm.alu_mem(Alu::Add, 8, Gpr::RDX, slot(r.scratch));
        };
        for part in r.parts() {
            let [head, merged, last, next] = std::array::from_fn(|_| self.asm.label());
            if !r.is_one_part() {
                self.lanes_to_memory(r, part.clone(), false);
            }
            // Of a block that is not the last, one level per trailing one of its number.
            self.load(Gpr::RAX, r.number);
            self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.rest), length as i32);
            self.asm.jump(When::BelowOrEqual, head);
            self.asm.copy(Gpr::RCX, Gpr::RAX);
            self.asm.alu_imm(Alu::Add, Gpr::RCX, 1);
            self.asm.alu(Alu::Xor, Gpr::RAX, Gpr::RCX);
            self.asm.shift(false, Gpr::RAX, 1);
            self.asm.bind(head);
            self.asm.test(8, Gpr::RAX);
            self.asm.jump(When::Equal, merged);
            self.store(Gpr::RAX, r.levels);
            level(self, r.levels);
            self.asm.clear_lowest(Gpr::RAX);
            for group in part.clone() {
                for placed in &parts.merges[group] {
                    self.placed(placed, 0, false);
                }
            }
            self.asm.jump(When::Always, head);

            self.asm.bind(merged);
            self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.rest), length as i32);
            self.asm.jump(When::BelowOrEqual, last);
            self.load(Gpr::RAX, r.number);
            self.asm.alu_imm(Alu::Add, Gpr::RAX, 1);
            self.store(Gpr::RAX, r.levels);
            level(self, r.levels);
            for (h, group) in part.clone().enumerate() {
                for (k, a) in r.accumulators.iter().enumerate() {
                    let disp = (k * LANE_BYTES + group * usize::from(a.width)) as i32;
                    let at = Mem::At { base: Gpr::RDX, disp };
                    let reg = self.carried(r, h, k);
                    self.vector(Op::Store, 4, a.width, reg, Rm::Mem(at));
                }
            }
            self.asm.jump(When::Always, next);
            self.asm.bind(last);
            self.lanes_to_memory(r, part, true);
            self.asm.bind(next);
        }
    }

    /// The lanes on the stack, as they are or combined, to the outputs.
    fn row_to_results(&mut self, r: &Reduction, halve: &[Placed]) {
        let (one, done) = (self.asm.label(), self.asm.label());
        self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.told), 0);
        self.asm.jump(When::Equal, one);
        for (k, a) in r.accumulators.iter().enumerate() {
            self.load(Gpr::RCX, self.tracks[self.strip.arguments + k].row);
            for disp in (0..r.groups as i32).map(|group| group * i32::from(a.width)) {
                self.vector(Op::Load, 4, a.width, 0, Rm::Mem(slot(a.area + disp)));
                self.vector(Op::Store, 4, a.width, 0, Rm::Mem(Mem::At { base: Gpr::RCX, disp }));
            }
        }
        self.asm.jump(When::Always, done);
        self.asm.bind(one);
        for placed in halve {
            self.placed(placed, 0, false);
        }
        for (k, a) in r.accumulators.iter().enumerate() {
            self.load(Gpr::RCX, self.tracks[self.strip.arguments + k].row);
            self.asm.mov(Move::Load, a.size, Gpr::RAX, slot(r.results + 8 * k as i32));
            self.asm.mov(Move::Store, a.size, Gpr::RAX, Mem::At { base: Gpr::RCX, disp: 0 });
        }
        self.asm.bind(done);
    }

    /// Truth values in registers to the output: the first of its lanes has the result.
    fn truths_to_results(&mut self, r: &Reduction) {
        let [one, known] = std::array::from_fn(|_| self.asm.label());
        let a = r.accumulators[0];
        let all = a.identity.to_bool();
        let first = self.carried(r, 0, 0);
        let op = if all { Op::And } else { Op::Or };
        for h in 1..r.held {
            let other = Rm::Reg(self.carried(r, h, 0));
            self.asm.vector(&Vector { vvvv: first, ..vector(op, 4, a.width, first, other) });
        }
        let out = self.tracks[self.strip.arguments].row;
        self.load(Gpr::RCX, out);
        self.asm.alu_mem_imm(Alu::Cmp, 8, slot(r.told), 0);
        self.asm.jump(When::Equal, one);
        let others = self.asm.constant(&[u8::from(all); 4]);
        for disp in (0..LANE_BYTES as i32).step_by(32) {
            let fill = self.carried(r, 1, 0);
            self.vector(Op::Broadcast, 4, 32, fill, Rm::Mem(Mem::Pool(others)));
            self.vector(Op::Store, 4, 32, fill, Rm::Mem(Mem::At { base: Gpr::RCX, disp }));
        }
        self.asm.bind(one);
        self.mask_to_bits(first, Class::Vector, 4, a.width);
        self.asm.set(Gpr::RDX, 1);
        if all {
            self.asm.alu_imm(Alu::Cmp, Gpr::RAX, (1 << self.lanes) - 1);
            self.asm.jump(When::Equal, known);
        } else {
            self.asm.test(4, Gpr::RAX);
            self.asm.jump(When::NotEqual, known);
        }
        self.asm.set(Gpr::RDX, 0);
        self.asm.bind(known);
        self.asm.mov(Move::StoreByte, 4, Gpr::RDX, Mem::At { base: Gpr::RCX, disp: 0 });
    }

    /// Stores the accumulators of these groups on the stack, or loads them.
    fn lanes_to_memory(&mut self, r: &Reduction, groups: Range<usize>, store: bool) {
        let op = if store { Op::Store } else { Op::Load };
        for (h, group) in groups.enumerate() {
            for (k, a) in r.accumulators.iter().enumerate() {
                self.lane_group(op, a, group, self.carried(r, h, k));
            }
        }
    }

    /// Stores or loads one group of an accumulator's lanes on the stack.
    pub(super) fn lane_group(&mut self, op: Op, a: &Accumulator, group: usize, reg: u8) {
        let at = slot(a.area + group as i32 * i32::from(a.width));
        self.vector(op, 4, a.width, reg, Rm::Mem(at));
    }

    /// The register of accumulator `k` of the `h`-th group that is held.
    pub(super) fn carried(&self, r: &Reduction, h: usize, k: usize) -> u8 {
        self.file.carried[h * r.accumulators.len() + k]
    }
}
