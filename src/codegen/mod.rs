//! Code generation: a strip becomes CLIF, and that relocatable machine code.
//!
//! Input is loops over memory, output is bytes, offsets and symbols: no absolute address, so the
//! same code can be placed now, cached or written to a file, and strips compile in parallel. This
//! room knows nothing of graphs and broadcasting. Invariants: no generated instruction traps, and
//! what is computed equals `op::eval` bit for bit, all NaNs being one value.
//!
//! - `isa`: the targets.
//! - `nest`: the frame of a strip and its rows; `stretch`: the columns of one, with the last one to
//!   three; `fold` and `columns`: rows and columns that are reduced, of which `element` says what joins.
//! - `memory`: four elements in and out of memory by step.
//! - `lanes`: four elements in registers, and the walk over a body; `arms`: THE ARMS, one per row of
//!   the table, of which `select`, `cast` and `call` are parts.

mod arms;
mod call;
mod cast;
mod columns;
mod element;
mod fold;
mod isa;
mod lanes;
mod memory;
mod nest;
mod select;
mod stretch;
#[cfg(test)]
mod tests;
mod wide;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{AbiParam, ExternalName, Function, Signature, UserFuncName, types};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::{Context, FinalizedRelocTarget};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use crate::base::{DType, Error, ErrorKind, Result, Target};
use crate::kernel::{Strip, StripKind};
use crate::op::Routine;

pub use isa::{host_supported, isa};

/// Machine code of one strip, a `base::strip::StripFn`, that runs wherever it is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The function, its constants after it.
    pub bytes: Vec<u8>,
    /// What its address must be a multiple of.
    pub alignment: usize,
    /// Where addresses are to be filled in.
    pub relocations: Vec<Relocation>,
}

/// A place in [`Code`] that the absolute address of a routine belongs to, as eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Where, from the start of the code.
    pub offset: u32,
    /// Whose address.
    pub routine: Routine,
    /// The routine's form for this dtype.
    pub dtype: DType,
    /// What is added to it.
    pub addend: i64,
}

/// The texts of one strip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// CLIF as it was emitted; of strips in wider vectors the instructions on values.
    pub clif: String,
    /// The machine instructions.
    pub asm: String,
}

/// The machine code of `strip` on `target`.
///
/// # Errors
/// If code cannot be made for `target`.
pub fn compile(strip: &Strip, target: &Target) -> Result<Code> {
    let isa = isa(target)?;
    if let Some(machine) = wide::machine(strip, target) {
        return Ok(wide::compile(strip, machine));
    }
    let (function, routines) = emit(strip, &isa);
    let mut context = Context::for_function(function);
    let compiled = match context.compile(&*isa, &mut ControlPlane::default()) {
        Ok(compiled) => compiled,
        Err(error) => return Err(failed(&error.inner.to_string())),
    };
    let relocations = compiled.buffer.relocs().iter().map(|reloc| {
        let symbol = match &reloc.target {
            FinalizedRelocTarget::ExternalName(ExternalName::TestCase(name)) => {
                routines.iter().find(|(routine, dtype)| symbol(*routine, *dtype).as_bytes() == name.raw())
            }
            _ => None,
        };
        match (symbol, reloc.kind) {
            (Some(&(routine, dtype)), Reloc::Abs8) => {
                Ok(Relocation { offset: reloc.offset, routine, dtype, addend: reloc.addend })
            }
            _ => Err(failed(&format!("unexpected relocation {reloc:?}"))),
        }
    });
    Ok(Code {
        relocations: relocations.collect::<Result<_>>()?,
        bytes: compiled.code_buffer().to_vec(),
        alignment: compiled.buffer.alignment as usize,
    })
}

/// The texts of `strip` on `target`: the same on every machine for a named target.
///
/// # Errors
/// If code cannot be made for `target`.
pub fn texts(strip: &Strip, target: &Target) -> Result<Texts> {
    let isa = isa(target)?;
    if let Some(machine) = wide::machine(strip, target) {
        return Ok(wide::texts(strip, machine));
    }
    let (function, _) = emit(strip, &isa);
    let clif = function.display().to_string();
    let mut context = Context::for_function(function);
    context.set_disasm(true);
    match context.compile(&*isa, &mut ControlPlane::default()) {
        Ok(compiled) => Ok(Texts { clif, asm: compiled.vcode.clone().unwrap_or_default() }),
        Err(error) => Err(failed(&error.inner.to_string())),
    }
}

/// The name under which code refers to a routine: `Exp_f32`.
pub fn symbol(routine: Routine, dtype: DType) -> String {
    format!("{routine}_{dtype}")
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Compile, format!("a kernel could not be compiled: {why}"))
}

/// The CLIF of `strip`, and the routines it refers to.
fn emit(strip: &Strip, isa: &OwnedTargetIsa) -> (Function, Vec<(Routine, DType)>) {
    let call_conv = CallConv::triple_default(isa.triple());
    let mut signature = Signature::new(call_conv);
    signature.params.extend([AbiParam::new(types::I64), AbiParam::new(types::I64)]);
    signature.returns.push(AbiParam::new(types::I32));
    let mut function = Function::with_name_signature(UserFuncName::testcase("strip"), signature);
    let mut context = FunctionBuilderContext::new();
    let builder = FunctionBuilder::new(&mut function, &mut context);
    let mut emitter = lanes::Emitter::new(builder, isa::arch(isa), call_conv);
    match strip.kind {
        StripKind::Map => nest::map(&mut emitter, strip),
        StripKind::Fold(fold) => fold::fold(&mut emitter, strip, fold),
        StripKind::Columns(fold) => columns::columns(&mut emitter, strip, fold),
    }
    let routines = emitter.finish(isa);
    (function, routines)
}
