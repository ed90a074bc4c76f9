//! Placed code: machine code in executable memory, and the function it is.
//!
//! Each [`Native`] owns a module of its own, so dropping it returns its memory. Pages are written,
//! then made executable, never both at once. The routines code refers to are given by address;
//! nothing is looked up in the process.
#![allow(unsafe_code)]

use std::fmt;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::Signature;
use cranelift_codegen::isa::CallConv;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, ModuleError, ModuleReloc};

use crate::base::strip::StripFn;
use crate::base::{Error, ErrorKind, Result, Target};
use crate::codegen::{self, Code};

/// A strip that can be called.
pub struct Native {
    /// Whose memory the code is in; `None` only while it is dropped.
    module: Option<JITModule>,
    entry: StripFn,
}

/// Puts `code`, made for [`Target::Host`], into executable memory.
///
/// # Errors
/// If this machine's code cannot be placed: no executable memory may be had, or a routine that the
/// code calls does not exist.
pub fn place(code: &Code) -> Result<Native> {
    let isa = codegen::isa(&Target::Host)?;
    let mut builder = JITBuilder::with_isa(isa, Box::new(|libcall| format!("no_library_{libcall}")));
    for relocation in &code.relocations {
        let name = codegen::symbol(relocation.routine, relocation.dtype);
        let address = relocation
            .routine
            .address(relocation.dtype)
            .ok_or_else(|| Error::new(ErrorKind::Internal, format!("there is no routine {name}")))?;
        builder.symbol(name, address);
    }
    let mut placing = Placing(Some(JITModule::new(builder)));
    let entry = placing.define(code).map_err(|error| {
        Error::new(ErrorKind::Compile, format!("machine code cannot be placed: {error}")).caused_by(*error)
    })?;
    Ok(Native { module: placing.0.take(), entry })
}

impl Native {
    /// The function; it may be called as long as this value lives.
    pub fn entry(&self) -> StripFn {
        self.entry
    }
}

/// A module that nobody has seen: given up unless taken.
struct Placing(Option<JITModule>);

impl Placing {
    fn define(&mut self, code: &Code) -> Result<StripFn, Box<ModuleError>> {
        let module = self.0.as_mut().expect("it is taken only afterwards");
        // Signatures are not looked at: the bytes are there already.
        let signature = Signature::new(CallConv::triple_default(module.isa().triple()));
        let mut relocations = Vec::with_capacity(code.relocations.len());
        for relocation in &code.relocations {
            let name = codegen::symbol(relocation.routine, relocation.dtype);
            let routine = module.declare_function(&name, Linkage::Import, &signature)?;
            relocations.push(ModuleReloc {
                offset: relocation.offset,
                kind: Reloc::Abs8,
                name: routine.into(),
                addend: relocation.addend,
            });
        }
        let function = module.declare_anonymous_function(&signature)?;
        module.define_function_bytes(function, code.alignment as u64, &code.bytes, &relocations)?;
        module.finalize_definitions()?;
        let entry = module.get_finalized_function(function);
        // SAFETY: the bytes at `entry` are a function of this type in the target's calling
        // convention, which `extern "C"` is; the module keeps them in place.
        Ok(unsafe { std::mem::transmute::<*const u8, StripFn>(entry) })
    }
}

impl Drop for Placing {
    fn drop(&mut self) {
        free(self.0.take());
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        free(self.module.take());
    }
}

fn free(module: Option<JITModule>) {
    if let Some(module) = module {
        // SAFETY: the only pointer into the module is `entry`, given out with the promise that the
        // `Native` outlives every call.
        unsafe { module.free_memory() }
    }
}

// SAFETY: the module is only kept, and dropped by whoever drops the last `Native`, with `&mut`;
// the code behind `entry` is immutable and has no state. `JITModule` itself is `Send`.
unsafe impl Sync for Native {}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Native")
    }
}

#[cfg(test)]
mod tests;
