//! Results past the caches: which outputs, and a first iteration that brings them to where the
//! instructions for that can write.

use super::assemble::{Alu, Gpr, Label, Mem, Move, When};
use super::body::Place;
use super::emit::slot;
use super::forms::Op;
use super::frame::Frame;
use super::placed::{At, Placed};
use crate::base::DType;

impl<'a> Frame<'a> {
    /// The outputs that are written past the caches. Truth values are too small for that, and so is what
    /// is narrower in memory than in registers.
    pub(super) fn streamed(&self) -> impl Iterator<Item = usize> + use<'a> {
        let strip = self.strip;
        let whole = |dtype: DType| dtype != DType::Bool && !dtype.is_packed();
        let streams = move |k: &usize| strip.streams(*k) && whole(strip.operands[*k].dtype);
        (strip.arguments..strip.operands.len()).filter(streams)
    }

    /// Runs as many iterations as it takes for `first` to be at a multiple of its vectors, one in which
    /// only these lanes exist. Goes to `plain` if any output that is streamed is at no such multiple
    /// then. `rax` is the number of columns, before and after.
    pub(super) fn align(&mut self, first: usize, last: &[Placed], plain: Label) {
        let size = |frame: &Self, k: usize| frame.strip.operands[k].dtype.size() as i32;
        let lanes = i32::from(self.lanes);
        self.load(Gpr::RCX, self.tracks[first].row);
        self.asm.negate(Gpr::RCX);
        self.asm.alu_imm(Alu::And, Gpr::RCX, lanes * size(self, first) - 1);
        self.asm.test_imm(Gpr::RCX, size(self, first) - 1);
        self.asm.jump(When::NotEqual, plain);
        let aligned = self.asm.label();
        self.asm.shift(false, Gpr::RCX, size(self, first).trailing_zeros() as u8);
        self.asm.jump(When::Equal, aligned);
        self.asm.copy(Gpr::RBX, Gpr::RCX);
        self.store(Gpr::RBX, self.peeled);
        self.begin_last(last);
        // The column is moved on only afterwards.
        self.asm.alu(Alu::Xor, Gpr::RBX, Gpr::RBX);
        for placed in last {
            self.placed(placed, 0, true);
        }
        self.load(Gpr::RBX, self.peeled);
        for k in 0..self.tracks.len() {
            let track = self.tracks[k];
            if track.ahead.is_none() {
                continue;
            }
            self.load(Gpr::RAX, track.step);
            self.asm.multiply(Gpr::RAX, slot(self.peeled));
            match track.at {
                Ok(register) => self.asm.alu(Alu::Add, register, Gpr::RAX),
                Err(at) => self.asm.alu_to_mem(Alu::Add, 8, slot(at), Gpr::RAX),
            }
        }
        self.asm.bind(aligned);
        self.load(Gpr::RAX, self.count);
        for k in self.streamed() {
            self.load(Gpr::RCX, self.tracks[k].row);
            let scale = size(self, k) as u8;
            let at = Mem::Indexed { base: Gpr::RCX, index: Gpr::RBX, scale, disp: 0 };
            self.asm.mov(Move::Address, 8, Gpr::RCX, at);
            self.asm.test_imm(Gpr::RCX, lanes * size(self, k) - 1);
            self.asm.jump(When::NotEqual, plain);
        }
    }

    /// The instruction, past the caches if it stores an output that is streamed.
    pub(super) fn past_caches(&self, placed: &Placed) -> Placed {
        let mut placed = placed.clone();
        if let Placed::Vector { op: op @ Op::Store, rm: At::Place(Place::Operand { operand, .. }), .. } =
            &mut placed
            && self.streamed().any(|k| k == *operand)
        {
            *op = Op::StoreStream;
        }
        placed
    }
}
