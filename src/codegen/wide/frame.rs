//! The function around a body: its frame on the stack, the loops over rows and columns, and the last
//! iteration of a row, in which only some lanes exist.
//!
//! The column stands in `rbx`, the last column from which a whole pass can run in `rbp`. Operands
//! have general registers as long as there are any; the others' addresses are on the stack. What lies
//! side by side is addressed by the column, everything else by an address that moves.

use super::allocate::{ACTIVE, allocate};
use super::assemble::{Alu, Assembler, Gpr, Mem, Move, Rm, Vector, When};
use super::body::{Body, Class, Fixed, Home};
use super::emit::{Cold, slot, vector};
use super::file::{File, registers};
use super::forms::Op;
use super::placed::{At, Placed};
use super::select::Selector;
use super::{Machine, lanes};
use crate::base::DType;
use crate::base::strip::{Step, StripArgs};
use crate::codegen::memory::known_step;
use crate::kernel::Strip;

/// Registers that hold operands' addresses, those first that need not be put back.
pub(super) const ADDRESSES: [Gpr; 10] =
    [Gpr::RSI, Gpr::RDI, Gpr(8), Gpr(9), Gpr(10), Gpr(11), Gpr(12), Gpr(13), Gpr(14), Gpr(15)];

/// Of them, those that a routine may change.
pub(super) const CALLER_SAVED: usize = 6;

/// Longest body, in instructions, that is in the code twice for a pass. Measured on a chain of five
/// operations in the first-level cache: 8 % less time, since a pass is then 3 cycles and not 2.
const UNROLLED: usize = 24;

/// Fewest passes of a row for which results are written past the caches. Rows of tiles, four vectors
/// long, are among them: a transposing copy of 4096 x 4096 `f32` takes 9 ms instead of 26.
const FEWEST_STREAMED: i32 = 2;

/// Memory of the frame, from its lower end on.
#[derive(Debug, Default)]
pub(super) struct Slots {
    bytes: i32,
    /// Where registers are kept while a routine is called out of line.
    kept: Vec<((Class, u8), i32)>,
}

impl Slots {
    /// A slot for so many bytes, aligned for vectors of that width.
    pub(super) fn vector(&mut self, width: u8) -> i32 {
        let width = i32::from(width.max(8));
        let at = (self.bytes + width - 1) / width * width;
        self.bytes = at + width;
        at
    }

    /// Where this register is kept while a routine is called out of line: one place for all calls.
    pub(super) fn kept(&mut self, class: Class, reg: u8) -> i32 {
        let known = self.kept.iter().find(|(key, _)| *key == (class, reg)).map(|(_, at)| *at);
        known.unwrap_or_else(|| {
            let at = self.vector(64);
            self.kept.push(((class, reg), at));
            at
        })
    }

    fn word(&mut self) -> i32 {
        self.vector(8)
    }
}

/// Where an operand's address is, and how it moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    /// Of the row's first element.
    pub(super) row: i32,
    /// Where the address is that an iteration uses.
    pub(super) at: Result<Gpr, i32>,
    /// Bytes from one element to the next, if it lies side by side.
    pub(super) scale: Option<u8>,
    /// Where the step of an iteration is, if the address moves.
    pub(super) ahead: Option<i32>,
    /// Where the step is, if it moves.
    pub(super) step: i32,
}

/// The function under construction.
pub(super) struct Frame<'a> {
    pub(super) asm: Assembler,
    pub(super) machine: Machine,
    pub(super) strip: &'a Strip,
    pub(super) lanes: u8,
    pub(super) tracks: Vec<Track>,
    pub(super) fixed: Vec<(Fixed, u8)>,
    pub(super) file: File,
    pub(super) args: i32,
    pub(super) count: i32,
    pub(super) rows: i32,
    /// How many lanes exist in the last iteration, and which as bits.
    pub(super) active: i32,
    pub(super) bits: i32,
    /// How many elements were done first to align an output.
    pub(super) peeled: i32,
    pub(super) errors: i32,
    pub(super) stack: i32,
    /// For calls: the lanes left, the lane, and the registers of addresses.
    pub(super) call: [i32; 2],
    pub(super) kept: i32,
    /// What is out of line.
    pub(super) cold: Vec<Cold>,
}

/// Emits a strip that stores its body's outputs element by element.
pub(super) fn map(asm: Assembler, machine: Machine, strip: &Strip) -> Assembler {
    let lanes = lanes(machine, strip);
    let mut slots = Slots::default();
    let mut fixed = Vec::new();
    let [body, last] =
        [false, true].map(|last| Selector::iteration(machine, strip, last, &mut fixed, &mut slots));
    let mut frame = Frame::new(asm, machine, strip, lanes, fixed, slots, &[&body, &last]);
    let mut slots = Slots { bytes: frame.stack, kept: Vec::new() };
    let main = allocate(&body, &frame.file, &mut slots);
    let last = allocate(&last, &frame.file, &mut slots);
    frame.stack = slots.bytes;
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

impl<'a> Frame<'a> {
    fn new(
        asm: Assembler,
        machine: Machine,
        strip: &'a Strip,
        lanes: u8,
        fixed: Vec<(Fixed, u8)>,
        mut slots: Slots,
        bodies: &[&Body],
    ) -> Self {
        let mut addresses = ADDRESSES.iter();
        let tracks = strip
            .operands
            .iter()
            .enumerate()
            .map(|(k, operand)| {
                let row = slots.word();
                let side_by_side = operand.step == Step::Unit;
                let stands = operand.step == Step::Zero && k < strip.arguments;
                let moves = !(side_by_side || stands);
                let at = match addresses.next().filter(|_| moves || side_by_side) {
                    Some(register) => Ok(*register),
                    // What does not move stays where the row begins.
                    None => Err(if moves { slots.word() } else { row }),
                };
                let scale = side_by_side.then_some(operand.dtype.size() as u8);
                Track {
                    row,
                    at,
                    scale,
                    ahead: moves.then(|| slots.word()),
                    step: if moves { slots.word() } else { 0 },
                }
            })
            .collect();
        let file = registers(machine, &fixed, &mut slots, bodies);
        let mut word = || slots.word();
        let [args, count, rows, active, bits, peeled, errors] = std::array::from_fn(|_| word());
        let call = [word(), word()];
        // One word follows the other.
        let [kept, ..] = [(); CALLER_SAVED].map(|()| word());
        Self {
            asm,
            machine,
            strip,
            lanes,
            tracks,
            fixed,
            file,
            args,
            count,
            rows,
            active,
            bits,
            peeled,
            errors,
            stack: slots.bytes,
            call,
            kept,
            cold: Vec::new(),
        }
    }

    fn function(&mut self, main: &[Placed], last: &[Placed], copies: u8) {
        let used = self.tracks.iter().filter_map(|track| track.at.ok());
        let saved: Vec<Gpr> =
            [Gpr::RBX, Gpr::RBP].into_iter().chain(used.filter(|register| register.0 >= 12)).collect();
        let (exit, row) = (self.asm.label(), self.asm.label());
        self.enter(&saved);
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

        // The next row.
        self.load(Gpr::RAX, self.args);
        let outer = std::mem::offset_of!(StripArgs, outer) as i32;
        self.asm.mov(Move::Load, 8, Gpr::RAX, Mem::At { base: Gpr::RAX, disp: outer });
        for k in 0..self.tracks.len() {
            self.asm.mov(Move::Load, 8, Gpr::RCX, Mem::At { base: Gpr::RAX, disp: 8 * k as i32 });
            self.asm.alu_to_mem(Alu::Add, 8, slot(self.tracks[k].row), Gpr::RCX);
        }
        self.asm.alu_mem_imm(Alu::Sub, 8, slot(self.rows), 1);
        self.asm.jump(When::NotEqual, row);
        self.asm.bind(exit);
        self.leave(&saved);
        self.cold();
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

    /// Saves what has to be put back, makes the frame, and puts away the arguments. Without rows or
    /// columns the function ends here.
    fn enter(&mut self, saved: &[Gpr]) {
        let work = self.asm.label();
        let field = |offset: usize| Mem::At { base: Gpr::RDI, disp: offset as i32 };
        self.asm.mov(Move::Load, 8, Gpr::RDX, field(std::mem::offset_of!(StripArgs, rows)));
        let none = self.asm.label();
        self.asm.test(8, Gpr::RDX);
        self.asm.jump(When::Equal, none);
        self.asm.test(8, Gpr::RSI);
        self.asm.jump(When::NotEqual, work);
        self.asm.bind(none);
        self.asm.set(Gpr::RAX, 0);
        self.asm.ret();
        self.asm.bind(work);
        saved.iter().for_each(|register| self.asm.push(*register));
        self.asm.copy(Gpr::RAX, Gpr::RSP);
        let before = self.stack;
        let bytes = (before + 8 + 63) / 64 * 64;
        // Pages of the stack are touched in order.
        for page in 1..=bytes / 4096 {
            self.asm.mov(Move::Store, 8, Gpr::RAX, Mem::At { base: Gpr::RAX, disp: -4096 * page });
        }
        self.asm.alu_imm(Alu::Sub, Gpr::RSP, bytes);
        self.asm.alu_imm(Alu::And, Gpr::RSP, -64);
        self.store(Gpr::RAX, before);
        self.store(Gpr::RDI, self.args);
        self.store(Gpr::RSI, self.count);
        self.store(Gpr::RDX, self.rows);
        self.asm.alu(Alu::Xor, Gpr::RAX, Gpr::RAX);
        self.store(Gpr::RAX, self.errors);
        self.asm.mov(Move::Load, 8, Gpr::RAX, field(std::mem::offset_of!(StripArgs, base)));
        self.asm.mov(Move::Load, 8, Gpr::RDX, field(std::mem::offset_of!(StripArgs, inner)));
        for k in 0..self.tracks.len() {
            let track = self.tracks[k];
            self.asm.mov(Move::Load, 8, Gpr::RCX, Mem::At { base: Gpr::RAX, disp: 8 * k as i32 });
            self.store(Gpr::RCX, track.row);
            if let Some(ahead) = track.ahead {
                let operand = self.strip.operands[k];
                match known_step(operand.step, operand.dtype) {
                    Some(step) => self.asm.set(Gpr::RCX, step as i32),
                    None => {
                        self.asm.mov(Move::Load, 8, Gpr::RCX, Mem::At { base: Gpr::RDX, disp: 8 * k as i32 });
                    }
                }
                self.store(Gpr::RCX, track.step);
                self.asm.shift(true, Gpr::RCX, self.lanes.trailing_zeros() as u8);
                self.store(Gpr::RCX, ahead);
            }
        }
    }

    fn leave(&mut self, saved: &[Gpr]) {
        self.zero_upper();
        if self.streamed().next().is_some() {
            self.asm.fence();
        }
        let at = self.stack;
        self.asm.mov(Move::Load, 4, Gpr::RAX, slot(self.errors));
        self.load(Gpr::RSP, at);
        saved.iter().rev().for_each(|register| self.asm.pop(*register));
        self.asm.ret();
    }

    /// Fixed values that no row changes.
    fn per_call(&mut self) {
        self.load(Gpr::RAX, self.args);
        let scalars = std::mem::offset_of!(StripArgs, scalars) as i32;
        self.asm.mov(Move::Load, 8, Gpr::RDX, Mem::At { base: Gpr::RAX, disp: scalars });
        for number in 0..self.fixed.len() {
            let (fixed, width) = self.fixed[number].clone();
            let reg = self.file.permanent[number];
            match fixed {
                Fixed::Splat { .. } | Fixed::Table(_) => {
                    if let Some(reg) = reg {
                        self.refill(number, reg, width);
                    }
                }
                Fixed::Scalar(scalar) => {
                    let at = Mem::At { base: Gpr::RDX, disp: 8 * scalar as i32 };
                    self.spread(number, self.strip.scalars[scalar], at, width);
                }
                Fixed::Ladder { operand, second } => {
                    let Home::Slot(home) = self.file.homes[number] else { unreachable!("it has a slot") };
                    let steps = i32::from(width / 8);
                    self.load(Gpr::RAX, self.tracks[operand].step);
                    if second {
                        self.asm.copy(Gpr::RCX, Gpr::RAX);
                        self.asm.shift(true, Gpr::RCX, steps.trailing_zeros() as u8);
                    } else {
                        self.asm.alu(Alu::Xor, Gpr::RCX, Gpr::RCX);
                    }
                    for step in 0..steps {
                        self.store(Gpr::RCX, home + 8 * step);
                        self.asm.alu(Alu::Add, Gpr::RCX, Gpr::RAX);
                    }
                    if let Some(reg) = reg {
                        self.refill(number, reg, width);
                    }
                }
                Fixed::Uniform(_) | Fixed::Tail { .. } => {}
            }
        }
    }

    /// Addresses and fixed values at the beginning of a row.
    fn begin_row(&mut self) {
        for k in 0..self.tracks.len() {
            let track = self.tracks[k];
            match track.at {
                Ok(register) => self.load(register, track.row),
                Err(at) if at != track.row => {
                    self.load(Gpr::RAX, track.row);
                    self.store(Gpr::RAX, at);
                }
                Err(_) => {}
            }
        }
        for number in 0..self.fixed.len() {
            if let (Fixed::Uniform(operand), width) = self.fixed[number].clone() {
                self.load(Gpr::RAX, self.tracks[operand].row);
                let at = Mem::At { base: Gpr::RAX, disp: 0 };
                self.spread(number, self.strip.operands[operand].dtype, at, width);
            }
        }
        self.asm.alu(Alu::Xor, Gpr::RBX, Gpr::RBX);
    }

    /// Which lanes exist: as many as `rcx` says, at most all.
    pub(super) fn begin_last(&mut self, last: &[Placed]) {
        let lanes = i32::from(self.lanes);
        self.asm.set(Gpr::RAX, (1 << lanes) - 1);
        self.asm.low_bits(Gpr::RAX, Gpr::RCX);
        if self.machine == Machine::Avx512 {
            self.vector(Op::MaskFromGpr, self.mask_size(), 16, ACTIVE, Rm::Reg(Gpr::RAX.0));
        }
        if last.iter().any(|placed| !matches!(placed, Placed::Vector { .. })) {
            self.store(Gpr::RAX, self.bits);
        }
        let tails = self.fixed.iter().any(|(fixed, _)| matches!(fixed, Fixed::Tail { .. }));
        if tails || last.iter().any(|placed| matches!(placed, Placed::Stage { .. })) {
            let few = self.asm.label();
            self.asm.alu_imm(Alu::Cmp, Gpr::RCX, lanes);
            self.asm.jump(When::BelowOrEqual, few);
            self.asm.set(Gpr::RCX, lanes);
            self.asm.bind(few);
            self.store(Gpr::RCX, self.active);
        }
        for number in 0..self.fixed.len() {
            if let (Fixed::Tail { size }, width) = self.fixed[number].clone() {
                // A window on ones followed by zeros.
                let window: Vec<u8> =
                    [0xff, 0].iter().flat_map(|byte| vec![*byte; usize::from(width)]).collect();
                let table = self.asm.constant(&window);
                self.asm.mov(Move::Address, 8, Gpr::RDX, Mem::Pool(table));
                self.asm.set(Gpr::RAX, lanes);
                self.asm.alu_mem(Alu::Sub, 8, Gpr::RAX, slot(self.active));
                let at = Mem::Indexed { base: Gpr::RDX, index: Gpr::RAX, scale: size, disp: 0 };
                self.vector(Op::Load, 4, width, 0, Rm::Mem(at));
                let Home::Slot(home) = self.file.homes[number] else { unreachable!("it has a slot") };
                self.vector(Op::Store, 4, width, 0, Rm::Mem(slot(home)));
            }
        }
    }

    /// Moves addresses on by an iteration.
    fn advance(&mut self) {
        for k in 0..self.tracks.len() {
            let track = self.tracks[k];
            match (track.ahead, track.at) {
                (Some(ahead), Ok(register)) => self.asm.alu_mem(Alu::Add, 8, register, slot(ahead)),
                (Some(ahead), Err(at)) => {
                    self.load(Gpr::RAX, ahead);
                    self.asm.alu_to_mem(Alu::Add, 8, slot(at), Gpr::RAX);
                }
                (None, _) => {}
            }
        }
    }

    /// Puts the element at `at` into every lane of a fixed value.
    fn spread(&mut self, number: usize, dtype: DType, at: Mem, width: u8) {
        // The first register changes and is nobody's now.
        let reg = self.file.permanent[number].unwrap_or(0);
        match dtype {
            DType::Bool => {
                // Bytes of ones where it is not zero.
                self.vector(Op::BroadcastByte, 4, width, reg, Rm::Mem(at));
                let scratch = if reg == 0 { 1 } else { 0 };
                let zero = Vector { vvvv: scratch, ..vector(Op::Xor, 4, width, scratch, Rm::Reg(scratch)) };
                self.asm.vector(&zero);
                let less = vector(Op::ISub, 4, width, reg, Rm::Reg(reg));
                // 0 - 0x01010101 is no mask of bytes, but its sign is right; spread that.
                self.asm.vector(&Vector { vvvv: scratch, ..less });
                self.asm.vector(&Vector {
                    vvvv: reg,
                    imm: 31,
                    ..vector(Op::ShiftArithmetic, 4, width, 0, Rm::Reg(reg))
                });
            }
            _ => self.vector(Op::Broadcast, dtype.size() as u8, width, reg, Rm::Mem(at)),
        }
        if let Home::Slot(home) = self.file.homes[number] {
            self.vector(Op::Store, 4, width, reg, Rm::Mem(slot(home)));
        }
    }

    /// Loads a fixed value from its home.
    fn refill(&mut self, number: usize, reg: u8, width: u8) {
        let rm = At::Home(self.file.homes[number]);
        let (op, size) = match self.file.homes[number] {
            Home::Splat { size, .. } => (Op::Broadcast, size),
            _ => (Op::Load, 4),
        };
        let placed = Placed::Vector { op, size, width, reg, vvvv: 0, rm, mask: 0, zero: false, imm: 0 };
        self.placed(&placed, 0, false);
    }
}
