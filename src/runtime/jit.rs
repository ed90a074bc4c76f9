//! Placed code: machine code in executable memory, and the function it is.
//!
//! Each [`Native`] owns pages of its own, so dropping it returns them. Pages are written, then made
//! executable, never both at once. The addresses of routines are filled in before that; nothing is
//! looked up in the process.
#![allow(unsafe_code)]

use std::fmt;

use cranelift_jit::{BranchProtection, JITMemoryKind, JITMemoryProvider, SystemMemoryProvider};

use crate::base::strip::StripFn;
use crate::base::{Error, ErrorKind, Result};
use crate::codegen::{self, Code};

/// A strip that can be called.
pub struct Native {
    memory: SystemMemoryProvider,
    entry: StripFn,
}

/// Puts `code`, made for [`Target::Host`](crate::base::Target::Host), into executable memory.
///
/// # Errors
/// If this machine's code cannot be placed: no executable memory may be had, or a routine that the
/// code calls does not exist.
pub fn place(code: &Code) -> Result<Native> {
    let bytes = linked(code)?;
    let mut pages = Pages(Some(SystemMemoryProvider::new()));
    let memory = pages.0.as_mut().expect("it is taken only afterwards");
    let denied = |why: &dyn fmt::Display| {
        Error::new(ErrorKind::Compile, format!("machine code cannot be placed: {why}"))
    };
    let at = memory
        .allocate(bytes.len(), code.alignment as u64, JITMemoryKind::Executable)
        .map_err(|error| denied(&error).caused_by(error))?;
    // SAFETY: `at` is the start of `bytes.len()` bytes that were allocated for this, writable until
    // `finalize`.
    unsafe { at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    memory.finalize(BranchProtection::None).map_err(|error| denied(&error).caused_by(error))?;
    // SAFETY: the bytes at `at` are a function of this type in the target's calling convention, which
    // `extern "C"` is; whoever holds the memory keeps them in place.
    let entry = unsafe { std::mem::transmute::<*mut u8, StripFn>(at) };
    Ok(Native { memory: pages.0.take().expect("it is taken once"), entry })
}

/// The bytes of `code` with the addresses of the routines it calls.
fn linked(code: &Code) -> Result<Vec<u8>> {
    let mut bytes = code.bytes.clone();
    for relocation in &code.relocations {
        let address = relocation.routine.address(relocation.dtype).ok_or_else(|| {
            let name = codegen::symbol(relocation.routine, relocation.dtype);
            Error::new(ErrorKind::Internal, format!("there is no routine {name}"))
        })?;
        let value = (address as u64).wrapping_add_signed(relocation.addend);
        let offset = relocation.offset as usize;
        bytes[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
    }
    Ok(bytes)
}

impl Native {
    /// The function; it may be called as long as this value lives.
    pub fn entry(&self) -> StripFn {
        self.entry
    }
}

/// Pages that nobody has seen: given up unless taken.
struct Pages(Option<SystemMemoryProvider>);

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(memory) = &mut self.0 {
            // SAFETY: no pointer into the pages has left `place`.
            unsafe { memory.free_memory() }
        }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: the only pointer into the pages is `entry`, given out with the promise that the
        // `Native` outlives every call.
        unsafe { self.memory.free_memory() }
    }
}

// SAFETY: the memory is only kept, and freed by whoever drops the last `Native`, with `&mut`; the
// code behind `entry` is immutable and has no state. `SystemMemoryProvider` itself is `Send`.
unsafe impl Sync for Native {}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Native")
    }
}

#[cfg(test)]
mod tests;
