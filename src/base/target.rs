//! The machine code is made for.

use std::fmt;

/// A machine: this one, or a named one that code can be shown for but not run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// This machine with all it can do.
    Host,
    /// `x86_64` with AVX2 and FMA, and nothing beyond: a stable target for texts.
    X86_64,
    /// `aarch64` as every such machine is: a stable target for texts.
    Aarch64,
}

impl Target {
    /// The named targets, in the order they are printed.
    pub const NAMED: &[Target] = &[Target::X86_64, Target::Aarch64];
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Target::Host => "host",
            Target::X86_64 => "x86_64",
            Target::Aarch64 => "aarch64",
        })
    }
}
