//! Code under construction: the few instructions of general registers that loops need, jumps to labels,
//! and a pool of constants after the code. Vector instructions are in `encode`.

use std::fmt::Write;

use super::forms::Op;
use super::text::mem;
use crate::base::DType;
use crate::codegen::{Code, Relocation, symbol};
use crate::op::Routine;

/// A general register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gpr(pub(super) u8);

impl Gpr {
    pub(super) const RAX: Gpr = Gpr(0);
    pub(super) const RCX: Gpr = Gpr(1);
    pub(super) const RDX: Gpr = Gpr(2);
    pub(super) const RBX: Gpr = Gpr(3);
    pub(super) const RSP: Gpr = Gpr(4);
    pub(super) const RBP: Gpr = Gpr(5);
    pub(super) const RSI: Gpr = Gpr(6);
    pub(super) const RDI: Gpr = Gpr(7);
}

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mem {
    /// `[base + disp]`.
    At { base: Gpr, disp: i32 },
    /// `[base + index * scale + disp]`.
    Indexed { base: Gpr, index: Gpr, scale: u8, disp: i32 },
    /// `[base + lane of a vector + disp]`.
    Lanes { base: Gpr, index: u8, disp: i32 },
    /// An entry of the pool.
    Pool(Constant),
}

/// An entry of the pool of constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Constant(pub(super) u32);

/// The operand that may be in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rm {
    Reg(u8),
    Mem(Mem),
    /// One element in memory that stands for all.
    Splat(Mem),
}

/// A vector instruction on registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector {
    pub(super) op: Op,
    /// Of its elements, 4 or 8 bytes.
    pub(super) size: u8,
    /// Of the vector, 16, 32 or 64 bytes.
    pub(super) width: u8,
    pub(super) reg: u8,
    pub(super) vvvv: u8,
    pub(super) rm: Rm,
    /// The mask register, 0 for none; or of a blend in VEX code the vector that chooses.
    pub(super) mask: u8,
    /// Whether lanes that the mask leaves out become zero, and do not keep their value.
    pub(super) zero: bool,
    pub(super) imm: u8,
}

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(u32);

/// When a jump is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    Below = 2,
    AboveOrEqual = 3,
    Equal = 4,
    NotEqual = 5,
    BelowOrEqual = 6,
}

/// Arithmetic on general registers, by its number in the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alu {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

impl Alu {
    fn name(self) -> &'static str {
        match self {
            Alu::Add => "add",
            Alu::Or => "or",
            Alu::And => "and",
            Alu::Sub => "sub",
            Alu::Xor => "xor",
            Alu::Cmp => "cmp",
        }
    }
}

/// What moves or computes with one register and one of memory or register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Load,
    Store,
    LoadByte,
    StoreByte,
    /// Two bytes.
    LoadShort,
    StoreShort,
    Address,
    TrailingZeros,
    /// From the double in memory, towards zero.
    TruncateF64,
    /// An integer in memory to a float in the vector register of this number, the rest of which stays.
    ToF32,
}

/// Code under construction.
pub(super) struct Assembler {
    /// Whether vectors are encoded for AVX-512.
    pub(super) evex: bool,
    pub(super) bytes: Vec<u8>,
    labels: Vec<Option<u32>>,
    /// Where the distance to a label belongs.
    jumps: Vec<(u32, Label)>,
    pool: Vec<u8>,
    /// Where a distance to the pool belongs, the end of its instruction, and the offset in the pool.
    pub(super) uses: Vec<(u32, u32, u32)>,
    relocations: Vec<Relocation>,
    /// The text, if it is wanted.
    text: Option<String>,
}

impl Assembler {
    pub(super) fn new(evex: bool, with_text: bool) -> Self {
        Self {
            evex,
            bytes: Vec::with_capacity(1024),
            labels: Vec::new(),
            jumps: Vec::new(),
            pool: Vec::new(),
            uses: Vec::new(),
            relocations: Vec::new(),
            text: with_text.then(String::new),
        }
    }

    /// The finished code and its text.
    pub(super) fn finish(mut self) -> (Code, String) {
        while !self.bytes.len().is_multiple_of(64) {
            self.bytes.push(0xcc);
        }
        let pool = self.bytes.len() as u32;
        for (at, label) in std::mem::take(&mut self.jumps) {
            let target = self.labels[label.0 as usize].expect("a label that is jumped to is somewhere");
            self.patch(at, target.wrapping_sub(at + 4));
        }
        for (at, end, offset) in std::mem::take(&mut self.uses) {
            self.patch(at, (pool + offset).wrapping_sub(end));
        }
        if let Some(text) = &mut self.text {
            for (number, chunk) in self.pool.chunks(16).enumerate() {
                let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
                let _ = writeln!(text, "c{}: {}", 16 * number, hex.join(" "));
            }
        }
        self.bytes.extend(&self.pool);
        let code = Code { bytes: self.bytes, alignment: 64, relocations: self.relocations };
        (code, self.text.unwrap_or_default())
    }

    /// Bytes in the pool, placed at a multiple of their length.
    pub(super) fn constant(&mut self, bytes: &[u8]) -> Constant {
        let length = bytes.len();
        let found = (0..self.pool.len())
            .step_by(length)
            .find(|&at| self.pool.get(at..at + length).is_some_and(|known| known == bytes));
        let at = found.unwrap_or_else(|| {
            let at = self.pool.len().next_multiple_of(length);
            self.pool.resize(at, 0);
            self.pool.extend(bytes);
            at
        });
        Constant(at as u32)
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    /// Puts `label` here.
    pub(super) fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = Some(self.bytes.len() as u32);
        if let Some(text) = &mut self.text {
            let _ = writeln!(text, "l{}:", label.0);
        }
    }

    /// Puts `label` at the next multiple of 32: the head of a loop, which is fetched in such pieces.
    pub(super) fn bind_aligned(&mut self, label: Label) {
        const NOPS: [&[u8]; 8] = [
            &[0x90],
            &[0x66, 0x90],
            &[0x0f, 0x1f, 0x00],
            &[0x0f, 0x1f, 0x40, 0x00],
            &[0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x0f, 0x1f, 0x80, 0, 0, 0, 0],
            &[0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
        ];
        let mut left = self.bytes.len().next_multiple_of(32) - self.bytes.len();
        while left > 0 {
            let nop = NOPS[left.min(8) - 1];
            self.bytes.extend(nop);
            left -= nop.len();
        }
        self.bind(label);
    }

    pub(super) fn jump(&mut self, when: When, to: Label) {
        let name = match when {
            When::Always => "jmp",
            When::Below => "jb",
            When::AboveOrEqual => "jae",
            When::Equal => "je",
            When::NotEqual => "jne",
            When::BelowOrEqual => "jbe",
        };
        match when {
            When::Always => self.bytes.push(0xe9),
            when => self.bytes.extend([0x0f, 0x80 | when as u8]),
        }
        self.jumps.push((self.bytes.len() as u32, to));
        self.bytes.extend([0; 4]);
        self.say(|| format!("{name} l{}", to.0));
    }

    /// `a = a op b`, or the comparison of the two.
    pub(super) fn alu(&mut self, op: Alu, a: Gpr, b: Gpr) {
        self.general(8, &[], (op as u8) << 3 | 3, a.0, Rm::Reg(b.0));
        self.say(|| format!("{} {}, {}", op.name(), a.name(8), b.name(8)));
    }

    /// The same with `b` in memory, on values of `size` bytes.
    pub(super) fn alu_mem(&mut self, op: Alu, size: u8, a: Gpr, b: Mem) {
        self.general(size, &[], (op as u8) << 3 | 3, a.0, Rm::Mem(b));
        self.say(|| format!("{} {}, {}", op.name(), a.name(size), mem(b)));
    }

    /// The same where the memory is changed.
    pub(super) fn alu_to_mem(&mut self, op: Alu, size: u8, a: Mem, b: Gpr) {
        self.general(size, &[], (op as u8) << 3 | 1, b.0, Rm::Mem(a));
        self.say(|| format!("{} {}, {}", op.name(), mem(a), b.name(size)));
    }

    /// The same with a constant.
    pub(super) fn alu_imm(&mut self, op: Alu, a: Gpr, value: i32) {
        self.alu_rm_imm(op, 8, Rm::Reg(a.0), value);
        self.say(|| format!("{} {}, {value}", op.name(), a.name(8)));
    }

    /// The same on memory of `size` bytes.
    pub(super) fn alu_mem_imm(&mut self, op: Alu, size: u8, a: Mem, value: i32) {
        self.alu_rm_imm(op, size, Rm::Mem(a), value);
        self.say(|| format!("{} {}, {value}", op.name(), mem(a)));
    }

    fn alu_rm_imm(&mut self, op: Alu, size: u8, a: Rm, value: i32) {
        debug_assert!(!matches!(a, Rm::Mem(Mem::Pool(_))));
        match i8::try_from(value) {
            Ok(value) => {
                self.general(size, &[], 0x83, op as u8, a);
                self.bytes.push(value as u8);
            }
            Err(_) => {
                self.general(size, &[], 0x81, op as u8, a);
                self.bytes.extend(value.to_le_bytes());
            }
        }
    }

    /// Sets the flags by `a & a`, of `size` bytes.
    pub(super) fn test(&mut self, size: u8, a: Gpr) {
        self.general(size, &[], 0x85, a.0, Rm::Reg(a.0));
        self.say(|| format!("test {0}, {0}", a.name(size)));
    }

    /// Shifts left or right.
    pub(super) fn shift(&mut self, left: bool, a: Gpr, by: u8) {
        self.general(8, &[], 0xc1, if left { 4 } else { 5 }, Rm::Reg(a.0));
        self.bytes.push(by);
        self.say(|| format!("{} {}, {by}", if left { "shl" } else { "shr" }, a.name(8)));
    }

    /// `a = b`.
    pub(super) fn copy(&mut self, a: Gpr, b: Gpr) {
        self.general(8, &[], 0x8b, a.0, Rm::Reg(b.0));
        self.say(|| format!("mov {}, {}", a.name(8), b.name(8)));
    }

    /// `a = value`.
    pub(super) fn set(&mut self, a: Gpr, value: i32) {
        self.general(8, &[], 0xc7, 0, Rm::Reg(a.0));
        self.bytes.extend(value.to_le_bytes());
        self.say(|| format!("mov {}, {value}", a.name(8)));
    }

    /// Clears the bits of `a` from the `count`-th on.
    pub(super) fn low_bits(&mut self, a: Gpr, count: Gpr) {
        // bzhi a, a, count
        self.vex(0, 2, 1, 0, a.0, count.0, Rm::Reg(a.0), 0xf5, 0);
        self.say(|| format!("bzhi {0}, {0}, {1}", a.name(8), count.name(8)));
    }

    /// Clears the lowest bit that is set.
    pub(super) fn clear_lowest(&mut self, a: Gpr) {
        self.vex(0, 2, 1, 0, 1, a.0, Rm::Reg(a.0), 0xf3, 0);
        self.say(|| format!("blsr {0}, {0}", a.name(8)));
    }

    /// A move of `size` bytes between a register and memory.
    pub(super) fn mov(&mut self, op: Move, size: u8, reg: Gpr, at: Mem) {
        let rm = Rm::Mem(at);
        match op {
            Move::Load => self.general(size, &[], 0x8b, reg.0, rm),
            Move::Store => self.general(size, &[], 0x89, reg.0, rm),
            Move::LoadByte => self.general(size, &[0x0f], 0xb6, reg.0, rm),
            // The low bytes of the first four registers need no prefix; others are not asked for.
            Move::StoreByte => self.general(4, &[], 0x88, reg.0, rm),
            Move::LoadShort => self.general(size, &[0x0f], 0xb7, reg.0, rm),
            Move::StoreShort => {
                self.bytes.push(0x66);
                self.general(4, &[], 0x89, reg.0, rm);
            }
            Move::Address => self.general(8, &[], 0x8d, reg.0, rm),
            Move::TrailingZeros => {
                self.bytes.push(0xf3);
                self.general(size, &[0x0f], 0xbc, reg.0, rm);
            }
            Move::TruncateF64 => self.vex(3, 1, 1, 0, reg.0, 0, rm, 0x2c, 0),
            Move::ToF32 => self.vex(2, 1, 1, 0, reg.0, reg.0, rm, 0x2a, 0),
        }
        self.say(|| {
            const LOW: [&str; 4] = ["al", "cl", "dl", "bl"];
            const SHORT: [&str; 4] = ["ax", "cx", "dx", "bx"];
            let reg_low = reg.0;
            let (reg, at) = (reg.name(size), mem(at));
            match op {
                Move::Load => format!("mov {reg}, {at}"),
                Move::Store => format!("mov {at}, {reg}"),
                Move::LoadByte | Move::LoadShort => format!("movzx {reg}, {at}"),
                Move::StoreShort => format!("mov {at}, {}", &SHORT[usize::from(reg_low)]),
                Move::StoreByte => format!("mov {at}, {}", &LOW[usize::from(reg_low)]),
                Move::Address => format!("lea {reg}, {at}"),
                Move::TrailingZeros => format!("tzcnt {reg}, {at}"),
                Move::TruncateF64 => format!("vcvttsd2si {reg}, {at}"),
                Move::ToF32 => format!("vcvtsi2ss xmm{reg_low}, xmm{reg_low}, {at}"),
            }
        });
    }

    pub(super) fn push(&mut self, a: Gpr) {
        if a.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.push(0x50 | a.0 & 7);
        self.say(|| format!("push {}", a.name(8)));
    }

    pub(super) fn pop(&mut self, a: Gpr) {
        if a.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.push(0x58 | a.0 & 7);
        self.say(|| format!("pop {}", a.name(8)));
    }

    /// `a = a * b` with `b` in memory.
    pub(super) fn multiply(&mut self, a: Gpr, b: Mem) {
        self.general(8, &[0x0f], 0xaf, a.0, Rm::Mem(b));
        self.say(|| format!("imul {}, {}", a.name(8), mem(b)));
    }

    /// Sets the flags by `a & value`.
    pub(super) fn test_imm(&mut self, a: Gpr, value: i32) {
        self.general(8, &[], 0xf7, 0, Rm::Reg(a.0));
        self.bytes.extend(value.to_le_bytes());
        self.say(|| format!("test {}, {value}", a.name(8)));
    }

    /// Waits until what was written past the caches can be seen.
    pub(super) fn fence(&mut self) {
        self.bytes.extend([0x0f, 0xae, 0xf8]);
        self.say(|| "sfence".to_owned());
    }

    /// Asks for the line at an address, which need not be anyone's.
    pub(super) fn prefetch(&mut self, at: Mem) {
        self.general(4, &[0x0f], 0x18, 1, Rm::Mem(at));
        self.say(|| format!("prefetcht0 {}", mem(at)));
    }

    pub(super) fn negate(&mut self, a: Gpr) {
        self.general(8, &[], 0xf7, 3, Rm::Reg(a.0));
        self.say(|| format!("neg {}", a.name(8)));
    }

    pub(super) fn ret(&mut self) {
        self.bytes.push(0xc3);
        self.say(|| "ret".to_owned());
    }

    /// Calls a routine, by way of `rax`.
    pub(super) fn call(&mut self, routine: Routine, dtype: DType) {
        self.bytes.extend([0x48, 0xb8]);
        let offset = self.bytes.len() as u32;
        self.relocations.push(Relocation { offset, routine, dtype, addend: 0 });
        self.bytes.extend([0; 8]);
        self.bytes.extend([0xff, 0xd0]);
        self.say(|| format!("call {}", symbol(routine, dtype)));
    }

    fn patch(&mut self, at: u32, value: u32) {
        self.bytes[at as usize..at as usize + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub(super) fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(text) = &mut self.text {
            let _ = writeln!(text, "  {}", line());
        }
    }
}
