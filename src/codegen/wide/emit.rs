//! Instructions on registers, written out: where their operands are, and what takes more than one
//! instruction: copies of single elements, routines, and what is out of line.

use super::Machine;
use super::allocate::ACTIVE;
use super::assemble::{Alu, Gpr, Label, Mem, Move, Rm, Vector, When};
use super::body::{Class, Convert, Fixed, Home, Place};
use super::forms::{Op, Size, Space, form};
use super::frame::{ADDRESSES, CALLER_SAVED, Frame};
use super::placed::{At, Placed, Saved};
use crate::base::DType;
use crate::op::Routine;

/// Code out of line, between two labels.
pub(super) struct Cold {
    enter: Label,
    back: Label,
    what: Placed,
    last: bool,
}

impl Frame<'_> {
    pub(super) fn load(&mut self, register: Gpr, at: i32) {
        self.asm.mov(Move::Load, 8, register, slot(at));
    }

    pub(super) fn store(&mut self, register: Gpr, at: i32) {
        self.asm.mov(Move::Store, 8, register, slot(at));
    }

    pub(super) fn vector(&mut self, op: Op, size: u8, width: u8, reg: u8, rm: Rm) {
        self.asm.vector(&vector(op, size, width, reg, rm));
    }

    pub(super) fn mask_size(&self) -> u8 {
        if self.lanes == 16 { 4 } else { 8 }
    }

    pub(super) fn zero_upper(&mut self) {
        self.vector(Op::ZeroUpper, 4, 16, 0, Rm::Reg(0));
    }

    /// The register that holds an operand's address, which may have to be loaded.
    pub(super) fn base(&mut self, operand: usize) -> Gpr {
        match self.tracks[operand].at {
            Ok(register) => register,
            Err(at) => {
                self.load(Gpr::RAX, at);
                Gpr::RAX
            }
        }
    }

    /// The address of a place, in the `copy`-th iteration of a pass.
    pub(super) fn address(&mut self, place: Place, copy: u8) -> Mem {
        match place {
            Place::Slot(at) => slot(at),
            Place::Lanes { operand, index } => Mem::Lanes { base: self.base(operand), index, disp: 0 },
            Place::Level(disp) => Mem::At { base: Gpr::RDX, disp },
            Place::Accumulators { area, size } => {
                let lane = self.lane;
                self.load(Gpr::RDX, lane);
                Mem::Indexed { base: Gpr::RSP, index: Gpr::RDX, scale: size, disp: area }
            }
            Place::Operand { operand, disp } => {
                let base = self.base(operand);
                match self.tracks[operand].scale {
                    Some(scale) => {
                        let disp = disp + i32::from(copy) * i32::from(self.lanes) * i32::from(scale);
                        Mem::Indexed { base, index: Gpr::RBX, scale, disp }
                    }
                    None => Mem::At { base, disp },
                }
            }
        }
    }

    /// Emits an instruction.
    pub(super) fn placed(&mut self, placed: &Placed, copy: u8, last: bool) {
        match *placed {
            Placed::Vector {
                op: Op::BroadcastGpr,
                width,
                reg,
                rm: At::Place(Place::Operand { operand, .. }),
                ..
            } => {
                let base = self.base(operand);
                if self.machine == Machine::Avx512 {
                    self.vector(Op::BroadcastGpr, 8, width, reg, Rm::Reg(base.0));
                } else {
                    self.vector(Op::FromGpr, 8, 16, reg, Rm::Reg(base.0));
                    self.vector(Op::Broadcast, 8, width, reg, Rm::Reg(reg));
                }
            }
            Placed::Vector { op, size, width, reg, vvvv, rm, mask, zero, imm } => {
                let mut v = Vector { op, size, width, reg, vvvv, rm: Rm::Reg(0), mask, zero, imm };
                v.rm = match rm {
                    At::Reg(register) => Rm::Reg(register),
                    At::Place(place) => Rm::Mem(self.address(place, copy)),
                    At::Home(Home::Slot(at)) => Rm::Mem(slot(at)),
                    At::Home(Home::Table(number)) => {
                        let Fixed::Table(bytes) = &self.fixed[number].0 else { unreachable!("it is one") };
                        Rm::Mem(Mem::Pool(self.asm.constant(bytes)))
                    }
                    At::Home(Home::Splat { size, bits }) => self.splat(&v, size, bits),
                };
                self.asm.vector(&v);
            }
            Placed::Stage { operand, out, size, slot: at } => self.stage(operand, out, size, at, copy, last),
            Placed::Convert { reg, from, to, what, count } => {
                for lane in 0..i32::from(count) {
                    match what {
                        Convert::F64ToI64 => {
                            self.asm.mov(Move::TruncateF64, 8, Gpr::RAX, slot(from + 8 * lane));
                            self.store(Gpr::RAX, to + 8 * lane);
                        }
                        Convert::I64ToF32 => {
                            self.asm.mov(Move::ToF32, 8, Gpr(reg), slot(from + 8 * lane));
                            self.vector(Op::StoreScalar, 4, 16, reg, Rm::Mem(slot(to + 4 * lane)));
                        }
                    }
                }
            }
            Placed::Call { ref args, result, routine, dtype } => {
                match last {
                    true => self.asm.mov(Move::Load, 4, Gpr::RAX, slot(self.bits)),
                    false => self.asm.set(Gpr::RAX, (1 << self.lanes) - 1),
                }
                self.call_lanes(args, result, routine, dtype);
                if last && self.machine == Machine::Avx512 {
                    self.asm.mov(Move::Load, 4, Gpr::RAX, slot(self.bits));
                    let size = self.mask_size();
                    self.vector(Op::MaskFromGpr, size, 16, ACTIVE, Rm::Reg(Gpr::RAX.0));
                }
            }
            Placed::Quotient { ok, .. } => {
                let size = self.mask_size();
                // Carries if all bits are set.
                self.vector(Op::MaskTest, size, 16, ok, Rm::Reg(ok));
                self.out_of_line(When::AboveOrEqual, placed, last);
            }
            Placed::Rare { mask, mask_info, .. } => {
                self.mask_to_flags(mask, mask_info.class, mask_info.size, mask_info.width);
                self.out_of_line(When::NotEqual, placed, last);
            }
            Placed::Check { ok, ok_info, .. } => {
                self.mask_to_bits(ok, ok_info.class, ok_info.size, ok_info.width);
                // The lanes that exist less those that are right.
                match last {
                    true => self.asm.mov(Move::Load, 4, Gpr::RCX, slot(self.bits)),
                    false => self.asm.set(Gpr::RCX, (1 << self.lanes) - 1),
                }
                self.asm.alu(Alu::And, Gpr::RAX, Gpr::RCX);
                self.asm.alu(Alu::Cmp, Gpr::RAX, Gpr::RCX);
                self.out_of_line(When::NotEqual, placed, last);
            }
        }
    }

    /// Goes to where `placed` is out of line and comes back, if the flags say so.
    fn out_of_line(&mut self, when: When, placed: &Placed, last: bool) {
        let (enter, back) = (self.asm.label(), self.asm.label());
        self.asm.jump(when, enter);
        self.asm.bind(back);
        self.cold.push(Cold { enter, back, what: placed.clone(), last });
    }

    /// A constant for all lanes as an operand: one element where the instruction can spread it, else
    /// the whole vector.
    pub(super) fn splat(&mut self, v: &Vector, size: u8, bits: u64) -> Rm {
        let row = form(v.op, v.size);
        let element = &bits.to_le_bytes()[..usize::from(size)];
        let evex = self.machine == Machine::Avx512 && row.space != Space::Vex;
        match row.sizes[2] {
            Size::S(_) => Rm::Mem(Mem::Pool(self.asm.constant(element))),
            Size::F if evex && row.splats && v.size == size => {
                Rm::Splat(Mem::Pool(self.asm.constant(element)))
            }
            whole => {
                let bytes = if whole == Size::H { v.width / 2 } else { v.width };
                let vector = element.repeat(usize::from(bytes / size));
                Rm::Mem(Mem::Pool(self.asm.constant(&vector)))
            }
        }
    }

    /// The bits of a mask in `eax`.
    pub(super) fn mask_to_bits(&mut self, mask: u8, class: Class, size: u8, width: u8) {
        match class {
            Class::Mask => {
                let size = self.mask_size();
                self.vector(Op::MaskToGpr, size, 16, Gpr::RAX.0, Rm::Reg(mask));
            }
            Class::Vector => self.vector(Op::MoveMask, size, width, Gpr::RAX.0, Rm::Reg(mask)),
        }
    }

    /// Sets the flags to not equal if any lane of a mask is set.
    pub(super) fn mask_to_flags(&mut self, mask: u8, class: Class, size: u8, width: u8) {
        match class {
            Class::Mask => {
                let size = self.mask_size();
                self.vector(Op::MaskTest, size, 16, mask, Rm::Reg(mask));
            }
            Class::Vector => {
                self.mask_to_bits(mask, class, size, width);
                self.asm.test(4, Gpr::RAX);
            }
        }
    }

    /// Copies elements one by one between an operand and a slot.
    pub(super) fn stage(&mut self, operand: usize, out: bool, size: u8, at: i32, copy: u8, last: bool) {
        let track = self.tracks[operand];
        let from = self.address(Place::Operand { operand, disp: 0 }, copy);
        self.asm.mov(Move::Address, 8, Gpr::RAX, from);
        self.asm.alu(Alu::Xor, Gpr::RCX, Gpr::RCX);
        let head = self.asm.label();
        self.asm.bind(head);
        let element = Mem::At { base: Gpr::RAX, disp: 0 };
        let staged = Mem::Indexed { base: Gpr::RSP, index: Gpr::RCX, scale: size, disp: at };
        let (from, to) = if out { (staged, element) } else { (element, staged) };
        match size {
            1 => {
                self.asm.mov(Move::LoadByte, 4, Gpr::RDX, from);
                self.asm.mov(Move::StoreByte, 4, Gpr::RDX, to);
            }
            2 => {
                self.asm.mov(Move::LoadShort, 4, Gpr::RDX, from);
                self.asm.mov(Move::StoreShort, 4, Gpr::RDX, to);
            }
            size => {
                self.asm.mov(Move::Load, size, Gpr::RDX, from);
                self.asm.mov(Move::Store, size, Gpr::RDX, to);
            }
        }
        match track.ahead {
            Some(_) => self.asm.alu_mem(Alu::Add, 8, Gpr::RAX, slot(track.step)),
            None => self.asm.alu_imm(Alu::Add, Gpr::RAX, i32::from(size)),
        }
        self.asm.alu_imm(Alu::Add, Gpr::RCX, 1);
        match last {
            true => self.asm.alu_mem(Alu::Cmp, 8, Gpr::RCX, slot(self.active)),
            false => self.asm.alu_imm(Alu::Cmp, Gpr::RCX, i32::from(self.lanes)),
        }
        self.asm.jump(When::Below, head);
    }

    /// Calls a routine for every lane whose bit is set in `eax`, from slots to a slot.
    pub(super) fn call_lanes(&mut self, args: &[i32], result: i32, routine: Routine, dtype: DType) {
        let held: Vec<Gpr> = ADDRESSES[..CALLER_SAVED]
            .iter()
            .copied()
            .filter(|register| self.tracks.iter().any(|track| track.at == Ok(*register)))
            .collect();
        let [left, lane] = self.call;
        let done = self.asm.label();
        self.store(Gpr::RAX, left);
        for (number, register) in held.iter().enumerate() {
            self.store(*register, self.kept + 8 * number as i32);
        }
        self.zero_upper();
        let head = self.asm.label();
        self.asm.bind(head);
        self.load(Gpr::RCX, left);
        self.asm.test(8, Gpr::RCX);
        self.asm.jump(When::Equal, done);
        self.asm.mov(Move::TrailingZeros, 8, Gpr::RDX, slot(left));
        self.asm.clear_lowest(Gpr::RCX);
        self.store(Gpr::RCX, left);
        self.store(Gpr::RDX, lane);
        let size = dtype.size() as u8;
        let at = |slot: i32| Mem::Indexed { base: Gpr::RSP, index: Gpr::RDX, scale: size, disp: slot };
        for (number, arg) in args.iter().enumerate() {
            match dtype.is_float() {
                true => self.vector(Op::LoadScalar, size, 16, number as u8, Rm::Mem(at(*arg))),
                false => self.asm.mov(Move::Load, size, [Gpr::RDI, Gpr::RSI][number], at(*arg)),
            }
        }
        self.asm.call(routine, dtype);
        self.load(Gpr::RDX, lane);
        match dtype.is_float() {
            true => self.vector(Op::StoreScalar, size, 16, 0, Rm::Mem(at(result))),
            false => self.asm.mov(Move::Store, size, Gpr::RAX, at(result)),
        }
        self.asm.jump(When::Always, head);
        self.asm.bind(done);
        for (number, register) in held.iter().enumerate() {
            self.load(*register, self.kept + 8 * number as i32);
        }
    }

    /// What is out of line, at the end.
    pub(super) fn cold(&mut self) {
        for Cold { enter, back, what, last } in std::mem::take(&mut self.cold) {
            self.asm.bind(enter);
            match what {
                Placed::Check { error, .. } => {
                    self.asm.alu_mem_imm(Alu::Or, 4, slot(self.errors), error as i32);
                }
                Placed::Rare { mask, mask_info, saved, arg, result, routine, dtype } => {
                    self.mask_to_bits(mask, mask_info.class, mask_info.size, mask_info.width);
                    let widest = self.file.widest;
                    for kept in saved.iter().chain([&arg, &result]) {
                        self.keep(kept, widest, true);
                    }
                    if last {
                        self.asm.alu_mem(Alu::And, 4, Gpr::RAX, slot(self.bits));
                    }
                    self.call_lanes(&[arg.slot], result.slot, routine, dtype);
                    for kept in saved.iter().chain([&result]) {
                        self.keep(kept, widest, false);
                    }
                    if last && self.machine == Machine::Avx512 {
                        self.asm.mov(Move::Load, 4, Gpr::RAX, slot(self.bits));
                        let size = self.mask_size();
                        self.vector(Op::MaskFromGpr, size, 16, ACTIVE, Rm::Reg(Gpr::RAX.0));
                    }
                }
                Placed::Quotient { reg, a, b, size, width, .. } => {
                    let (op, zero) = (Op::Div, false);
                    let divide =
                        Placed::Vector { op, size, width, reg, vvvv: a, rm: b, mask: 0, zero, imm: 0 };
                    self.placed(&divide, 0, last);
                }
                _ => unreachable!("only what is rare is out of line"),
            }
            self.asm.jump(When::Always, back);
        }
    }

    /// Saves a register, or puts it back.
    pub(super) fn keep(&mut self, kept: &Saved, width: u8, save: bool) {
        let op = match (kept.class, save) {
            (Class::Vector, true) => Op::Store,
            (Class::Vector, false) => Op::Load,
            (Class::Mask, true) => Op::MaskStore,
            (Class::Mask, false) => Op::MaskLoad,
        };
        self.vector(op, 4, width, kept.reg, Rm::Mem(slot(kept.slot)));
    }
}

/// A slot's address.
pub(super) fn slot(at: i32) -> Mem {
    Mem::At { base: Gpr::RSP, disp: at }
}

/// An instruction of one source.
pub(super) fn vector(op: Op, size: u8, width: u8, reg: u8, rm: Rm) -> Vector {
    Vector { op, size, width, reg, vvvv: 0, rm, mask: 0, zero: false, imm: 0 }
}
