//! The function around a body: its frame on the stack, the loops over rows and columns, and the last
//! iteration of a row, in which only some lanes exist.
//!
//! The column stands in `rbx`, the last column from which a whole pass can run in `rbp`. Operands
//! have general registers as long as there are any; the others' addresses are on the stack. What lies
//! side by side is addressed by the column, everything else by an address that moves.

use super::Machine;
use super::allocate::{ACTIVE, allocate};
use super::assemble::{Alu, Assembler, Gpr, Label, Mem, Move, Rm, Vector, When};
use super::body::{Body, Class, Fixed, Home};
use super::emit::{Cold, slot, vector};
use super::file::{File, registers};
use super::forms::Op;
use super::placed::{At, Placed};
use crate::base::DType;
use crate::base::strip::{Step, StripArgs};
use crate::codegen::memory::known_step;
use crate::kernel::{Strip, StripKind};

/// Registers that hold operands' addresses, those first that need not be put back.
pub(super) const ADDRESSES: [Gpr; 10] =
    [Gpr::RSI, Gpr::RDI, Gpr(8), Gpr(9), Gpr(10), Gpr(11), Gpr(12), Gpr(13), Gpr(14), Gpr(15)];

/// Of them, those that a routine may change.
pub(super) const CALLER_SAVED: usize = 6;

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

    pub(super) fn word(&mut self) -> i32 {
        self.vector(8)
    }

    /// So many bytes, aligned for any vector.
    pub(super) fn area(&mut self, bytes: usize) -> i32 {
        let at = self.vector(64);
        self.bytes = at + bytes as i32;
        at
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
    pub(super) slots: Slots,
    /// The lane that accumulators in memory begin with.
    pub(super) lane: i32,
    /// For calls: the lanes left, the lane, and the registers of addresses.
    pub(super) call: [i32; 2],
    pub(super) kept: i32,
    /// What is out of line.
    pub(super) cold: Vec<Cold>,
}

impl<'a> Frame<'a> {
    #[expect(clippy::too_many_arguments, reason = "all that a function is made of")]
    pub(super) fn new(
        asm: Assembler,
        machine: Machine,
        strip: &'a Strip,
        lanes: u8,
        fixed: Vec<(Fixed, u8)>,
        mut slots: Slots,
        bodies: &[&Body],
        carried: usize,
    ) -> Self {
        let mut addresses = ADDRESSES.iter();
        let reduces_rows = matches!(strip.kind, StripKind::Fold(_));
        let reduces_columns = matches!(strip.kind, StripKind::Columns(_));
        let tracks = strip
            .operands
            .iter()
            .enumerate()
            .map(|(k, operand)| {
                let row = slots.word();
                // The results of rows are stored by themselves.
                let result = reduces_rows && (strip.arguments..strip.stored().start).contains(&k);
                let side_by_side = operand.step == Step::Unit && !result;
                let stands = result || operand.step == Step::Zero && k < strip.arguments;
                let moves = !(side_by_side || stands);
                let at = match addresses.next().filter(|_| moves || side_by_side) {
                    Some(register) => Ok(*register),
                    // What does not move stays where the row begins.
                    None => Err(if moves || reduces_columns { slots.word() } else { row }),
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
        let file = registers(machine, &fixed, &mut slots, bodies, carried);
        let mut word = || slots.word();
        let [args, count, rows, active, bits, peeled, errors, lane] = std::array::from_fn(|_| word());
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
            lane,
            slots,
            call,
            kept,
            cold: Vec::new(),
        }
    }

    /// These bodies on registers; what they carry is in those at the places `carried`.
    pub(super) fn allocated<const N: usize>(
        &mut self,
        bodies: [&Body; N],
        carried: &[u8],
    ) -> [Vec<Placed>; N] {
        bodies.map(|body| allocate(body, &self.file, &mut self.slots, carried))
    }

    /// The same of one body, with the registers of another file.
    pub(super) fn allocated_in(&mut self, file: &File, body: &Body, carried: &[u8]) -> Vec<Placed> {
        allocate(body, file, &mut self.slots, carried)
    }

    /// Goes to `row` with the operands of the next one, if there is one.
    pub(super) fn next_row(&mut self, row: Label) {
        self.load(Gpr::RAX, self.args);
        let outer = std::mem::offset_of!(StripArgs, outer) as i32;
        self.asm.mov(Move::Load, 8, Gpr::RAX, Mem::At { base: Gpr::RAX, disp: outer });
        for k in 0..self.tracks.len() {
            self.asm.mov(Move::Load, 8, Gpr::RCX, Mem::At { base: Gpr::RAX, disp: 8 * k as i32 });
            self.asm.alu_to_mem(Alu::Add, 8, slot(self.tracks[k].row), Gpr::RCX);
        }
        self.asm.alu_mem_imm(Alu::Sub, 8, slot(self.rows), 1);
        self.asm.jump(When::NotEqual, row);
    }

    /// The registers that have to be put back.
    fn saved(&self) -> impl DoubleEndedIterator<Item = Gpr> + use<> {
        let used: Vec<Gpr> = self.tracks.iter().filter_map(|track| track.at.ok()).collect();
        [Gpr::RBX, Gpr::RBP].into_iter().chain(used.into_iter().filter(|register| register.0 >= 12))
    }

    /// Saves what has to be put back, makes the frame, and puts away the arguments. Without rows the
    /// function ends here, and without columns if it `needs_columns`.
    pub(super) fn enter(&mut self, needs_columns: bool) {
        let work = self.asm.label();
        let field = |offset: usize| Mem::At { base: Gpr::RDI, disp: offset as i32 };
        self.asm.mov(Move::Load, 8, Gpr::RDX, field(std::mem::offset_of!(StripArgs, rows)));
        let none = self.asm.label();
        self.asm.test(8, Gpr::RDX);
        self.asm.jump(When::Equal, none);
        if needs_columns {
            self.asm.test(8, Gpr::RSI);
        }
        self.asm.jump(When::NotEqual, work);
        self.asm.bind(none);
        self.asm.set(Gpr::RAX, 0);
        self.asm.ret();
        self.asm.bind(work);
        self.saved().for_each(|register| self.asm.push(register));
        self.asm.copy(Gpr::RAX, Gpr::RSP);
        let before = self.slots.bytes;
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

    /// Puts everything back and returns; then what is out of line.
    pub(super) fn leave(&mut self) {
        self.zero_upper();
        if self.streamed().next().is_some() {
            self.asm.fence();
        }
        let at = self.slots.bytes;
        self.asm.mov(Move::Load, 4, Gpr::RAX, slot(self.errors));
        self.load(Gpr::RSP, at);
        self.saved().rev().for_each(|register| self.asm.pop(register));
        self.asm.ret();
        self.cold();
    }

    /// Fixed values that no row changes.
    pub(super) fn per_call(&mut self) {
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
                Fixed::Inverse { of, size } => {
                    if let Fixed::Scalar(scalar) = *of {
                        self.invert(number, size, Mem::At { base: Gpr::RDX, disp: 8 * scalar as i32 }, width);
                    }
                }
                Fixed::Uniform(_) | Fixed::Tail { .. } => {}
            }
        }
    }

    /// Addresses and fixed values at the beginning of a row.
    pub(super) fn begin_row(&mut self) {
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
            let (fixed, width) = self.fixed[number].clone();
            let Some(operand) = fixed.operand() else { continue };
            self.load(Gpr::RAX, self.tracks[operand].row);
            let at = Mem::At { base: Gpr::RAX, disp: 0 };
            match fixed {
                Fixed::Inverse { size, .. } => self.invert(number, size, at, width),
                _ => self.spread(number, self.strip.operands[operand].dtype, at, width),
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
    pub(super) fn advance(&mut self) {
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
    pub(super) fn spread(&mut self, number: usize, dtype: DType, at: Mem, width: u8) {
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
            // Of what is narrower than a lane, as often as it fits.
            _ => match dtype.size() {
                1 => self.vector(Op::BroadcastByte, 4, width, reg, Rm::Mem(at)),
                2 => self.vector(Op::BroadcastShort, 4, width, reg, Rm::Mem(at)),
                size => self.vector(Op::Broadcast, size as u8, width, reg, Rm::Mem(at)),
            },
        }
        self.bring_home(number, reg, width);
    }

    /// Stores a fixed value that is in `reg` where it lies otherwise.
    pub(super) fn bring_home(&mut self, number: usize, reg: u8, width: u8) {
        if let Home::Slot(home) = self.file.homes[number] {
            self.vector(Op::Store, 4, width, reg, Rm::Mem(slot(home)));
        }
    }

    /// Loads a fixed value from its home.
    fn refill(&mut self, number: usize, reg: u8, width: u8) {
        let rm = At::Home(self.file.homes[number]);
        let (op, size) = match self.file.homes[number] {
            Home::Splat { size, .. } if size < width / 2 => (Op::Broadcast, size),
            _ => (Op::Load, 4),
        };
        let placed = Placed::Vector { op, size, width, reg, vvvv: 0, rm, mask: 0, zero: false, imm: 0 };
        self.placed(&placed, 0, false);
    }
}
