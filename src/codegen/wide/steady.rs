//! Whole rounds of reductions that count their elements, as variances of rows do, without the count.
//!
//! Only the first round of a block finds lanes without an element. So it is code of its own, which reads no
//! accumulators; the rounds after it look for no first element; and how many there were, which is every lane's
//! count, is known when they end. That halves the instructions of an element. Without counts the accumulators
//! of all groups of lanes fit in registers together, so that one's chain of additions fills another's waits.

use super::assemble::{Alu, Gpr, Label, Mem, Move, Rm, When};
use super::body::{Body, Inst};
use super::emit::slot;
use super::file::{File, pressure};
use super::forms::Op;
use super::frame::Frame;
use super::join::Reduction;
use super::placed::Placed;
use super::select::Selector;
use crate::base::Scalar;
use crate::base::strip::ROUNDS;
use crate::codegen::element::with_element_by;
use crate::op::Fold;

/// The code of whole rounds, per group of lanes.
pub(super) struct Steady {
    begin: Vec<Vec<Placed>>,
    go_on: Vec<Vec<Placed>>,
    /// The registers of a group's accumulators, but for the count.
    registers: Vec<Vec<u8>>,
}

impl Reduction {
    /// What the first element of every lane does, or else a further one, to the accumulators but for the count.
    pub(super) fn join_uncounted(&self, mut s: Selector, fold: Fold, first: bool) -> Body {
        let counted = self.accumulators.len() - 1;
        let step = with_element_by(s.strip, |b, accumulated, element| match first {
            true => fold.begin(b, element),
            false => fold.go_on(b, &accumulated[..counted], element),
        });
        let before = &self.fresh(&mut s)[..counted];
        let after = s.joined_by(&step, before);
        s.carry(before, &after);
        s.finish()
    }
}

impl Frame<'_> {
    /// Registers for the bodies of whole rounds: `None` if there are too few for all groups.
    pub(super) fn steady(&mut self, r: &Reduction, [begin, go_on]: &[Body; 2]) -> Option<Steady> {
        let counted = r.accumulators.len() - 1;
        // Where groups are held in turn, the registers below those of what is held serve too.
        let (each, more) = match r.is_one_part() {
            true => (counted + 1, 0),
            false => (counted, (r.groups * counted).saturating_sub(self.file.carried.len()) as u8),
        };
        let needed = pressure(begin).max(pressure(go_on)) as u8 + 1;
        let calls =
            [begin, go_on].iter().any(|body| body.insts.iter().any(|inst| matches!(inst, Inst::Call { .. })));
        if calls || self.file.vectors < needed + more {
            return None;
        }
        let mut carried: Vec<u8> = (self.file.vectors - more..self.file.vectors).collect();
        carried.extend(&self.file.carried);
        let file = File { vectors: self.file.vectors - more, carried, ..self.file.clone() };
        let registers: Vec<Vec<u8>> =
            (0..r.groups).map(|group| file.carried[group * each..][..counted].to_vec()).collect();
        let [begin, go_on] = [begin, go_on]
            .map(|body| registers.iter().map(|at| self.allocated_in(&file, body, at)).collect());
        Some(Steady { begin, go_on, registers })
    }

    /// The whole rounds of a block, up to column `rbp`, for all groups of lanes. Then to `done`, with accumulators
    /// where [`Frame::rounds`] leaves them, and on without having done anything if there is no round.
    pub(super) fn steady_rounds(&mut self, r: &Reduction, steady: &Steady, done: Label) {
        let [none, counted] = std::array::from_fn(|_| self.asm.label());
        self.asm.alu(Alu::Cmp, Gpr::RBX, Gpr::RBP);
        self.asm.jump(When::Equal, none);
        self.round(r, &steady.begin, 0..r.groups);
        self.asm.alu(Alu::Cmp, Gpr::RBX, Gpr::RBP);
        self.asm.jump(When::Equal, counted);
        self.repeat_rounds(r, &steady.go_on, 0..r.groups);
        self.asm.bind(counted);

        let (count, k) = (r.accumulators[r.accumulators.len() - 1], r.accumulators.len() - 1);
        let numbers: Vec<u8> = (1..=ROUNDS)
            .flat_map(|rounds| {
                let bits = Scalar::new(count.dtype, rounds as f64).bits().to_le_bytes();
                bits[..usize::from(count.size)].to_vec()
            })
            .collect();
        let numbers = self.asm.constant(&numbers);
        self.asm.mov(Move::Address, 8, Gpr::RDX, Mem::Pool(numbers));
        self.asm.copy(Gpr::RCX, Gpr::RBX);
        self.asm.alu_mem(Alu::Sub, 8, Gpr::RCX, slot(r.start));
        self.asm.shift(false, Gpr::RCX, r.round.trailing_zeros() as u8);
        let disp = -i32::from(count.size);
        let at = Mem::Indexed { base: Gpr::RDX, index: Gpr::RCX, scale: count.size, disp };
        if r.is_one_part() {
            for group in 0..r.groups {
                let reg = self.carried(r, group, k);
                self.vector(Op::Broadcast, count.size, count.width, reg, Rm::Mem(at));
            }
        } else {
            for (group, registers) in steady.registers.iter().enumerate() {
                for (a, reg) in r.accumulators.iter().zip(registers) {
                    self.lane_group(Op::Store, a, group, *reg);
                }
            }
            // Nothing is in registers any more.
            self.vector(Op::Broadcast, count.size, count.width, 0, Rm::Mem(at));
            for group in 0..r.groups {
                self.lane_group(Op::Store, &count, group, 0);
            }
        }
        self.asm.jump(When::Always, done);
        self.asm.bind(none);
    }
}
