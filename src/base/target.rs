//! The machine code is made for.

use std::fmt;

/// A machine: this one, or a named one that code can be shown for but not run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// This machine with all it can do.
    Host,
    /// This machine with vectors of this width, or the next narrower ones that it has.
    HostWith(Vector),
    /// `x86_64` with vectors of 128 bits, and with AVX2 and FMA: a stable target for texts.
    X86_64,
    /// `x86_64` with AVX2 and FMA in vectors of 256 bits: a stable target for texts.
    X86_64V3,
    /// `x86_64` with AVX-512 in vectors of 512 bits: a stable target for texts.
    X86_64V4,
    /// `aarch64` as every such machine is: a stable target for texts.
    Aarch64,
}

impl Target {
    /// The named targets, in the order they are printed.
    pub const NAMED: &[Target] = &[Target::X86_64, Target::X86_64V3, Target::X86_64V4, Target::Aarch64];

    /// How wide vectors are in code for it.
    pub fn vector(&self) -> Vector {
        match self {
            Target::Host => Vector::widest(),
            Target::HostWith(vector) => (*vector).min(Vector::widest()),
            Target::X86_64 | Target::Aarch64 => Vector::V128,
            Target::X86_64V3 => Vector::V256,
            Target::X86_64V4 => Vector::V512,
        }
    }
}

/// How wide the vectors of machine code are. No value depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vector {
    /// 128 bits: what every machine has.
    V128,
    /// 256 bits, by AVX2, FMA and F16C.
    V256,
    /// 512 bits, by AVX-512 F, VL, DQ and BW.
    V512,
}

impl Vector {
    /// Every width, the narrowest first.
    pub const ALL: &[Vector] = &[Vector::V128, Vector::V256, Vector::V512];

    /// The widest that code for this machine can have.
    ///
    /// On Windows routines are called in another way than such code does it, so it is 128 bits there.
    pub fn widest() -> Self {
        #[cfg(all(target_arch = "x86_64", unix))]
        {
            let has_256 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2");
            let has_512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw");
            match (has_256, has_512) {
                (true, true) => return Vector::V512,
                (true, false) => return Vector::V256,
                (false, _) => {}
            }
        }
        Vector::V128
    }

    /// Its width in bits.
    pub fn bits(self) -> usize {
        match self {
            Vector::V128 => 128,
            Vector::V256 => 256,
            Vector::V512 => 512,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Host => f.write_str("host"),
            Target::HostWith(vector) => write!(f, "host with vectors of {} bits", vector.bits()),
            Target::X86_64 => f.write_str("x86_64"),
            Target::X86_64V3 => f.write_str("x86_64-v3"),
            Target::X86_64V4 => f.write_str("x86_64-v4"),
            Target::Aarch64 => f.write_str("aarch64"),
        }
    }
}
