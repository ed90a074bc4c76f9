//! The machines code is made for: settings, and one shared description per target.
//!
//! The named targets set every feature by hand. Cranelift's presets for recent x86-64 processors
//! leave out AVX, and without it a fused multiply-add becomes four library calls.

use std::sync::{Arc, OnceLock};

use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable, Flags};
use target_lexicon::{Architecture, Triple};

use crate::base::{Error, ErrorKind, Result, Target};

/// What the named `x86_64` target can do: the features of every processor with AVX2.
const AVX2: &[&str] = &[
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_fma",
    "has_bmi1",
    "has_bmi2",
    "has_lzcnt",
];

/// Which instructions are at hand, where that changes what is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arch {
    /// x86-64 with AVX and FMA.
    X86_64,
    /// 64-bit ARM.
    Aarch64,
}

/// The instruction set of `target`.
///
/// # Errors
/// If this machine lacks what generated code relies on: see [`host_supported`].
pub fn isa(target: &Target) -> Result<OwnedTargetIsa> {
    static HOST: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    static X86_64: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    static AARCH64: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let found = match target {
        Target::Host | Target::HostWith(_) => HOST.get_or_init(host),
        Target::X86_64 | Target::X86_64V3 | Target::X86_64V4 => {
            X86_64.get_or_init(|| named("x86_64-unknown-linux-gnu", AVX2))
        }
        Target::Aarch64 => AARCH64.get_or_init(|| named("aarch64-unknown-linux-gnu", &[])),
    };
    found
        .clone()
        .map_err(|why| Error::new(ErrorKind::Compile, format!("no machine code for {target}: {why}")))
}

/// Whether code can be made for, and so run on, this machine.
///
/// # Errors
/// If it is neither a 64-bit ARM nor an x86-64 with AVX and FMA: without those a rounding or a
/// fused multiply-add would be a call per element, and the interpreter is as good.
pub fn host_supported() -> Result<()> {
    isa(&Target::Host).map(|_| ())
}

pub(super) fn arch(isa: &OwnedTargetIsa) -> Arch {
    match isa.triple().architecture {
        Architecture::Aarch64(_) => Arch::Aarch64,
        _ => Arch::X86_64,
    }
}

fn host() -> Result<OwnedTargetIsa, String> {
    let isa = finish(cranelift_native::builder()?)?;
    match isa.triple().architecture {
        Architecture::Aarch64(_) => Ok(isa),
        Architecture::X86_64 => {
            let has =
                |name| isa.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(true));
            if has("has_avx") && has("has_fma") {
                Ok(isa)
            } else {
                Err("the processor has no AVX or no FMA".to_owned())
            }
        }
        other => Err(format!("{other} is not supported")),
    }
}

fn named(triple: &str, features: &[&str]) -> Result<OwnedTargetIsa, String> {
    let triple: Triple = triple.parse().map_err(|error| format!("{error}"))?;
    let mut builder = isa::lookup(triple).map_err(|error| error.to_string())?;
    for feature in features {
        builder.enable(feature).map_err(|error| error.to_string())?;
    }
    finish(builder)
}

fn finish(builder: isa::Builder) -> Result<Arc<dyn isa::TargetIsa>, String> {
    let verify = if cfg!(debug_assertions) { "true" } else { "false" };
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", "speed"),
        ("enable_verifier", verify),
        ("enable_alias_analysis", "true"),
        ("enable_nan_canonicalization", "false"),
        ("enable_probestack", "false"),
        ("is_pic", "false"),
        ("unwind_info", "false"),
        ("use_colocated_libcalls", "false"),
        // A cache line: loop headers cannot be aligned, so at least functions are.
        ("log2_min_function_alignment", "6"),
    ] {
        flags.set(name, value).map_err(|error| error.to_string())?;
    }
    builder.finish(Flags::new(flags)).map_err(|error| error.to_string())
}
