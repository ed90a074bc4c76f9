//! Strips that store what their bodies compute, element by element: whole passes of a row, then the last
//! iteration.

use super::assemble::{Alu, Assembler, Gpr, When};
use super::frame::{Frame, Slots};
use super::placed::Placed;
use super::select::Selector;
use super::{Machine, lanes};
use crate::kernel::Strip;

/// Longest body, in instructions, that is in the code twice for a pass. Measured on a chain of five
/// operations in the first-level cache: 8 % less time, since a pass is then 3 cycles and not 2.
const UNROLLED: usize = 24;

/// Fewest passes of a row for which results are written past the caches. Rows of tiles, four vectors
/// long, are among them: a transposing copy of 4096 x 4096 `f32` takes 9 ms instead of 26.
const FEWEST_STREAMED: i32 = 2;

/// Emits a strip that stores its body's outputs element by element.
pub(super) fn map(asm: Assembler, machine: Machine, strip: &Strip) -> Assembler {
    let lanes = lanes(machine, strip);
    let mut slots = Slots::default();
    let mut fixed = Vec::new();
    let [body, last] =
        [false, true].map(|last| Selector::iteration(machine, strip, last, &mut fixed, &mut slots));
    let mut frame = Frame::new(asm, machine, strip, lanes, fixed, slots, &[&body, &last], 0);
    let [main, last] = frame.allocated([&body, &last], &[]);
    let copies = if body.insts.len() <= UNROLLED { 2 } else { 1 };
    frame.function(&main, &last, copies);
    frame.asm
}

/// The text of what whole iterations do, before registers are given out.
pub(super) fn selected(machine: Machine, strip: &Strip) -> String {
    let mut fixed = Vec::new();
    let body = Selector::iteration(machine, strip, false, &mut fixed, &mut Slots::default());
    body.text(&fixed)
}

impl Frame<'_> {
    fn function(&mut self, main: &[Placed], last: &[Placed], copies: u8) {
        let row = self.asm.label();
        self.enter(true);
        let lanes = i32::from(self.lanes);
        let pass = lanes * i32::from(copies);

        // The limit of whole passes; below zero if there is none.
        self.load(Gpr::RBP, self.count);
        self.asm.alu_imm(Alu::Sub, Gpr::RBP, pass);
        self.per_call();

        self.asm.bind(row);
        self.begin_row();
        let (plain, tail, done) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.load(Gpr::RAX, self.count);
        if let Some(first) = self.streamed().next() {
            self.asm.alu_imm(Alu::Cmp, Gpr::RAX, FEWEST_STREAMED * pass);
            self.asm.jump(When::Below, plain);
            self.align(first, last, plain);
            let streamed: Vec<Placed> = main.iter().map(|placed| self.past_caches(placed)).collect();
            self.passes(&streamed, copies);
            self.asm.jump(When::Always, tail);
        }
        self.asm.bind(plain);
        // An unsigned comparison would take a limit below zero for a large one.
        self.asm.alu_imm(Alu::Cmp, Gpr::RAX, pass);
        self.asm.jump(When::Below, tail);
        self.passes(main, copies);

        self.asm.bind(tail);
        self.load(Gpr::RCX, self.count);
        self.asm.alu(Alu::Sub, Gpr::RCX, Gpr::RBX);
        self.asm.jump(When::BelowOrEqual, done);
        self.begin_last(last);
        for placed in last {
            self.placed(placed, 0, true);
        }
        if copies > 1 {
            self.advance();
            self.asm.alu_imm(Alu::Add, Gpr::RBX, lanes);
            self.asm.jump(When::Always, tail);
        }
        self.asm.bind(done);
        self.next_row(row);
        self.leave();
    }

    /// The loop of whole passes, of which there is one at least.
    fn passes(&mut self, main: &[Placed], copies: u8) {
        let head = self.asm.label();
        self.asm.bind_aligned(head);
        for copy in 0..copies {
            for placed in main {
                self.placed(placed, copy, false);
            }
            self.advance();
        }
        self.asm.alu_imm(Alu::Add, Gpr::RBX, i32::from(self.lanes) * i32::from(copies));
        self.asm.alu(Alu::Cmp, Gpr::RBX, Gpr::RBP);
        self.asm.jump(When::BelowOrEqual, head);
    }
}
