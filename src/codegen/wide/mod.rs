//! Strips in vectors of 256 or 512 bits: the second maker of code under the contract of
//! `base::strip`, for x86-64.
//!
//! The code of a strip is two straight lines, one for whole iterations and one for the last, within
//! two loops. So there is no need of a compiler: instructions are selected for values, values get
//! registers in one walk, and instructions are written out.
//!
//! - `select`: the walk over a body; `arms`: the instructions of every row of the table, of which
//!   `masks`, `cast` and `quotient` are parts; `memory`: elements in and out.
//! - `body`: what is selected, straight-line instructions on values.
//! - `file`: registers for fixed values; `allocate`: for the others; `placed`: what
//!   comes of that.
//! - `frame`: the function around it; `map`, `fold` and `columns`: its loops, by what becomes of the values,
//!   of which `join` is the part that reduces, `steady` the rounds that need no count, and `stream` writes
//!   results past the caches; `emit`: its instructions written out.
//! - `forms`: the instructions, a row each; `encode`: their bytes; `text`: their text; `assemble`: labels
//!   and constants.

mod allocate;
mod arms;
mod assemble;
mod body;
mod cast;
mod columns;
mod emit;
mod encode;
mod file;
mod fold;
mod forms;
mod frame;
mod join;
mod map;
mod masks;
mod memory;
mod placed;
mod quotient;
mod select;
mod steady;
mod stream;
#[cfg(test)]
mod tests;
mod text;

use super::{Code, Texts};
use crate::base::strip::Step;
use crate::base::{DType, Target, Vector};
use crate::kernel::{Operand, Strip, StripKind};
use crate::op::{Expr, Inst};
use assemble::Assembler;

/// What the processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Machine {
    /// AVX2, FMA and BMI2: 16 registers of 256 bits, masks in them.
    Avx2,
    /// AVX-512 F, VL, DQ and BW too: 32 registers of 512 bits, and registers of masks.
    Avx512,
}

/// What code for `strip` is made for here; none if vectors of 128 bits are asked for, or where CLIF does
/// as well.
pub(super) fn machine(strip: &Strip, target: &Target) -> Option<Machine> {
    let machine = match target.vector() {
        Vector::V128 => return None,
        Vector::V256 => Machine::Avx2,
        Vector::V512 => Machine::Avx512,
    };
    if !taken(strip) {
        return None;
    }
    match strip.kind {
        StripKind::Map if strip.narrow => Some(Machine::Avx2),
        StripKind::Map => Some(machine),
        StripKind::Fold(_) | StripKind::Columns(_) => {
            // Extremes found by two instructions wait for loads, which wider vectors do not hasten; truth values
            // are taken from registers by an instruction that ends at 256 bits.
            let truths = strip.accumulators().iter().all(|output| output.dtype == DType::Bool);
            let machine = if truths || join::is_quick(strip) { Machine::Avx2 } else { machine };
            reduces(machine, strip).then_some(machine)
        }
    }
}

/// Whether code for the reduction `strip` is made here. Not where a body calls routines for every
/// element, which would have to keep all accumulators; nor of truth values next to others; nor of those that
/// are stored, which combine sixteen at a time there.
fn reduces(machine: Machine, strip: &Strip) -> bool {
    let outputs = strip.accumulators();
    let truths = outputs.iter().filter(|output| output.dtype == DType::Bool).count();
    let arguments = &strip.operands[..strip.arguments];
    let stored = strip.body.len() == 1 && arguments.iter().all(|argument| argument.dtype == DType::Bool);
    let (groups, held) = join::groups(machine, strip);
    let moves = |operand: &Operand| !join::stays(operand.step);
    let by_parts = matches!(strip.kind, StripKind::Fold(_)) && groups != held;
    outputs.len().is_power_of_two()
        && (truths == 0 || truths == outputs.len() && !stored)
        && !(by_parts && arguments.iter().any(moves))
        && !strip.body.calls()
}

/// Whether all that is narrower in memory than in registers lies side by side or is one value: the rest is left to
/// CLIF.
fn taken(strip: &Strip) -> bool {
    let near = |(k, operand): (usize, &Operand)| {
        let one = operand.step == Step::Zero && k < strip.arguments;
        !operand.dtype.is_packed() || operand.step == Step::Unit || one
    };
    strip.operands.iter().enumerate().all(near)
}

/// The machine code of `strip`.
pub(super) fn compile(strip: &Strip, machine: Machine) -> Code {
    emit(Assembler::new(machine == Machine::Avx512, false), strip, machine).finish().0
}

/// The texts of `strip`.
pub(super) fn texts(strip: &Strip, machine: Machine) -> Texts {
    let (_, asm) = emit(Assembler::new(machine == Machine::Avx512, true), strip, machine).finish();
    let clif = match strip.kind {
        StripKind::Map => map::selected(machine, strip),
        StripKind::Fold(fold) => fold::selected(machine, strip, fold),
        StripKind::Columns(fold) => columns::selected(machine, strip, fold),
    };
    Texts { clif, asm }
}

fn emit(asm: Assembler, strip: &Strip, machine: Machine) -> Assembler {
    match strip.kind {
        StripKind::Map => map::map(asm, machine, strip),
        StripKind::Fold(fold) => fold::fold(asm, machine, strip, fold),
        StripKind::Columns(fold) => columns::columns(asm, machine, strip, fold),
    }
}

/// Elements of an iteration: as many of the widest dtype as a vector holds.
fn lanes(machine: Machine, strip: &Strip) -> u8 {
    let operands = strip.operands.iter().map(|operand| operand.dtype.carrier().size());
    let widest = operands.chain([widest(&strip.body)]).max().unwrap_or(4).max(4) as u8;
    match machine {
        Machine::Avx2 => 32 / widest,
        Machine::Avx512 => 64 / widest,
    }
}

/// Bytes of the widest values, definitions expanded.
fn widest(expr: &Expr) -> usize {
    let of = |(inst, dtype): (&Inst, DType)| {
        let inner = expr.definition(inst, dtype).map_or(0, widest);
        inner.max(dtype.carrier().size())
    };
    expr.iter().map(of).max().unwrap_or(0)
}
