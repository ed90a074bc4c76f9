//! Strips in vectors of 256 or 512 bits: the second maker of code under the contract of
//! `base::strip`, for x86-64.
//!
//! The code of a strip is two straight lines, one for whole iterations and one for the last, within
//! two loops. So there is no need of a compiler: instructions are selected for values, values get
//! registers in one walk, and instructions are written out.
//!
//! - `select`: the walk over a body; `arms`: the instructions of every row of the table, of which
//!   `masks` and `cast` are parts; `memory`: elements in and out.
//! - `body`: what is selected, straight-line instructions on values.
//! - `file`: registers for fixed values; `allocate`: for the others; `placed`: what
//!   comes of that.
//! - `frame`: the function around it; `emit`: its instructions written out; `stream`: results past the
//!   caches.
//! - `forms`: the instructions, a row each; `encode`: their bytes; `text`: their text; `assemble`: labels
//!   and constants.

mod allocate;
mod arms;
mod assemble;
mod body;
mod cast;
mod emit;
mod encode;
mod file;
mod forms;
mod frame;
mod masks;
mod memory;
mod placed;
mod select;
mod stream;
#[cfg(test)]
mod tests;
mod text;

use super::{Code, Texts};
use crate::base::{DType, Target, Vector};
use crate::kernel::{Strip, StripKind};
use crate::op::{Expr, Inst, math};
use assemble::Assembler;

/// What the processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Machine {
    /// AVX2, FMA and BMI2: 16 registers of 256 bits, masks in them.
    Avx2,
    /// AVX-512 F, VL, DQ and BW too: 32 registers of 512 bits, and registers of masks.
    Avx512,
}

/// What code for `strip` is made for here; none if vectors of 128 bits are asked for, or if it is a
/// fold.
pub(super) fn machine(strip: &Strip, target: &Target) -> Option<Machine> {
    let machine = match target.vector() {
        Vector::V128 => return None,
        Vector::V256 => Machine::Avx2,
        Vector::V512 => Machine::Avx512,
    };
    (strip.kind == StripKind::Map).then_some(machine)
}

/// The machine code of `strip`.
pub(super) fn compile(strip: &Strip, machine: Machine) -> Code {
    frame::map(Assembler::new(machine == Machine::Avx512, false), machine, strip).finish().0
}

/// The texts of `strip`.
pub(super) fn texts(strip: &Strip, machine: Machine) -> Texts {
    let (_, asm) = frame::map(Assembler::new(machine == Machine::Avx512, true), machine, strip).finish();
    Texts { clif: frame::selected(machine, strip), asm }
}

/// Elements of an iteration: as many of the widest dtype as a vector holds.
fn lanes(machine: Machine, strip: &Strip) -> u8 {
    let operands = strip.operands.iter().map(|operand| operand.dtype.size());
    let widest = operands.chain([widest(&strip.body)]).max().unwrap_or(4).max(4) as u8;
    match machine {
        Machine::Avx2 => 32 / widest,
        Machine::Avx512 => 64 / widest,
    }
}

/// Bytes of the widest values, elementary functions expanded.
fn widest(expr: &Expr) -> usize {
    let of = |(inst, dtype): (&Inst, DType)| {
        let inner = match inst {
            Inst::Unary(op, a) if op.is_math() => widest(math::unary(*op, expr.dtype(*a))),
            Inst::Binary(op, a, _) if op.is_math() => widest(math::binary(*op, expr.dtype(*a))),
            _ => 0,
        };
        inner.max(dtype.size())
    };
    expr.iter().map(of).max().unwrap_or(0)
}
