//! The bytes of instructions: VEX and EVEX by the rows of `forms`, the old encoding, and operands in
//! memory. See Intel's manual, volume 2, chapter 2.

use super::assemble::{Assembler, Constant, Mem, Rm, Vector};
use super::forms::{Form, Op, Shape, Size, Space, form};
use super::text::text;

impl Assembler {
    /// A vector instruction.
    pub(super) fn vector(&mut self, v: &Vector) {
        let form = form(v.op, v.size);
        let evex = self.evex && matches!(form.space, Space::Both | Space::Evex);
        let reg = if let Shape::Vm(number) = form.shape { number } else { v.reg };
        let vvvv = match form.shape {
            Shape::Rvm | Shape::Vm(_) | Shape::Rvmr | Shape::Mvr => v.vvvv,
            Shape::Rm | Shape::Mr | Shape::Zo => 0,
        };
        if matches!(form.shape, Shape::Zo) {
            self.bytes.extend([0xc5, 0xf8, form.opcode]);
        } else if evex {
            self.evex(&form, v, reg, vvvv);
        } else {
            let l = match form.space {
                Space::VexL(l) => l,
                _ => u8::from(v.width == 32),
            };
            // The one row whose W differs; halves of 32 bytes have an opcode of their own.
            let w = if matches!(v.op, Op::Broadcast | Op::InsertHalf | Op::ExtractHalf) { 0 } else { form.w };
            let opcode =
                if matches!(v.op, Op::InsertHalf | Op::ExtractHalf) { form.opcode - 2 } else { form.opcode };
            let tail = u8::from(form.imm || form.shape == Shape::Rvmr);
            // A gather in VEX code has its mask in vvvv.
            self.vex(form.prefix, form.map, w, l, reg, vvvv, v.rm, opcode, tail);
        }
        if form.imm {
            self.bytes.push(v.imm);
        } else if form.shape == Shape::Rvmr {
            self.bytes.push(v.mask << 4);
        }
        self.say(|| text(&form, v, evex));
    }

    fn evex(&mut self, form: &Form, v: &Vector, reg: u8, vvvv: u8) {
        let (rm, splat) = match v.rm {
            Rm::Splat(at) => (Rm::Mem(at), true),
            rm => (rm, false),
        };
        let gather = form.sizes[2] == Size::Indexed;
        let vvvv = if gather { 0 } else { vvvv };
        let (x, b, index4) = match rm {
            Rm::Reg(reg) => (reg >> 4 & 1, reg >> 3 & 1, 0),
            Rm::Mem(Mem::At { base, .. }) => (0, base.0 >> 3, 0),
            Rm::Mem(Mem::Indexed { base, index, .. }) => (index.0 >> 3, base.0 >> 3, 0),
            Rm::Mem(Mem::Lanes { base, index, .. }) => (index >> 3 & 1, base.0 >> 3, index >> 4 & 1),
            Rm::Mem(Mem::Pool(_)) | Rm::Splat(_) => (0, 0, 0),
        };
        let l = match v.width {
            16 => 0,
            32 => 1,
            _ => 2,
        };
        let high = if gather { index4 } else { vvvv >> 4 & 1 };
        self.bytes.extend([
            0x62,
            (!reg >> 3 & 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (!reg >> 4 & 1) << 4 | form.map,
            form.w << 7 | (!vvvv & 15) << 3 | 4 | form.prefix,
            u8::from(v.zero) << 7 | l << 5 | u8::from(splat) << 4 | (high ^ 1) << 3 | v.mask,
        ]);
        // Halves of 32 bytes have W 0 and an opcode of their own.
        let halves = matches!(v.op, Op::InsertHalf | Op::ExtractHalf) && v.width == 32;
        if halves {
            let w = self.bytes.len() - 2;
            self.bytes[w] &= 0x7f;
        }
        self.bytes.push(if halves { form.opcode - 2 } else { form.opcode });
        let unit = if splat { v.size } else { memory_bytes(form, v) };
        self.mod_rm(reg & 7, rm, i32::from(unit), u8::from(form.imm));
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of the encoding")]
    pub(super) fn vex(
        &mut self,
        prefix: u8,
        map: u8,
        w: u8,
        l: u8,
        reg: u8,
        vvvv: u8,
        rm: Rm,
        opcode: u8,
        tail: u8,
    ) {
        let (x, b) = extension(rm);
        let r = reg >> 3 & 1;
        let rest = (!vvvv & 15) << 3 | l << 2 | prefix;
        if map == 1 && w == 0 && x == 0 && b == 0 {
            self.bytes.extend([0xc5, (r ^ 1) << 7 | rest]);
        } else {
            self.bytes.extend([0xc4, (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | map, w << 7 | rest]);
        }
        self.bytes.push(opcode);
        self.mod_rm(reg & 7, rm, 1, tail);
    }

    pub(super) fn general(&mut self, size: u8, escape: &[u8], opcode: u8, reg: u8, rm: Rm) {
        let (x, b) = extension(rm);
        let rex = 0x40 | u8::from(size == 8) << 3 | (reg >> 3) << 2 | x << 1 | b;
        if rex != 0x40 {
            self.bytes.push(rex);
        }
        self.bytes.extend(escape);
        self.bytes.push(opcode);
        self.mod_rm(reg & 7, rm, 1, 0);
    }

    /// The operand bytes. Short distances count in `unit`s; `tail` bytes follow in the instruction.
    fn mod_rm(&mut self, reg: u8, rm: Rm, unit: i32, tail: u8) {
        let reg = (reg & 7) << 3;
        let at = match rm {
            Rm::Reg(rm) => return self.bytes.push(0xc0 | reg | rm & 7),
            Rm::Mem(at) | Rm::Splat(at) => at,
        };
        let (base, index, disp) = match at {
            Mem::Pool(Constant(offset)) => {
                self.bytes.push(reg | 5);
                let place = self.bytes.len() as u32;
                self.bytes.extend([0; 4]);
                return self.uses.push((place, place + 4 + u32::from(tail), offset));
            }
            Mem::At { base, disp } => (base, None, disp),
            Mem::Indexed { base, index, scale, disp } => {
                (base, Some((scale.trailing_zeros() as u8) << 6 | (index.0 & 7) << 3), disp)
            }
            Mem::Lanes { base, index, disp } => (base, Some((index & 7) << 3), disp),
        };
        let short = (disp % unit == 0).then(|| i8::try_from(disp / unit).ok()).flatten();
        let mode = match short {
            Some(0) if base.0 & 7 != 5 => 0,
            Some(_) => 0x40,
            None => 0x80,
        };
        match index {
            None if base.0 & 7 != 4 => self.bytes.push(mode | reg | base.0 & 7),
            index => self.bytes.extend([mode | reg | 4, index.unwrap_or(4 << 3) | base.0 & 7]),
        }
        match (mode, short) {
            (0, _) => {}
            (0x40, Some(short)) => self.bytes.push(short as u8),
            _ => self.bytes.extend(disp.to_le_bytes()),
        }
    }
}

/// Bytes of memory that the operand in `rm` is.
fn memory_bytes(form: &Form, v: &Vector) -> u8 {
    match form.sizes[2] {
        Size::F => v.width,
        Size::H => v.width / 2,
        Size::Q => v.width / 4,
        Size::X => 16,
        Size::S(bytes) => bytes,
        Size::Indexed => v.size,
        Size::K | Size::G => 1,
    }
}

/// The fourth bits of the registers in an operand: of the index, and of the base or register.
fn extension(rm: Rm) -> (u8, u8) {
    match rm {
        Rm::Reg(reg) => (0, reg >> 3 & 1),
        Rm::Mem(at) | Rm::Splat(at) => match at {
            Mem::At { base, .. } => (0, base.0 >> 3),
            Mem::Indexed { base, index, .. } => (index.0 >> 3, base.0 >> 3),
            Mem::Lanes { base, index, .. } => (index >> 3 & 1, base.0 >> 3),
            Mem::Pool(_) => (0, 0),
        },
    }
}
