//! The sizes of this machine's caches, as far as the system or the processor tells.

use std::sync::LazyLock;

/// Bytes of a cache line, on most machines.
pub const LINE: usize = 64;

/// Bytes of the second-level cache of a core.
pub fn second_level() -> Option<usize> {
    static BYTES: LazyLock<Option<usize>> = LazyLock::new(|| of_level(2).or_else(by_processor));
    *BYTES
}

/// Bytes of the third-level cache, where it takes what is written about as fast as the second level
/// does: so it is in AMD's processors, where few cores share one that lies beside them. In Intel's,
/// cores share it across a mesh that is little faster than memory.
pub fn near_third_level() -> Option<usize> {
    static BYTES: LazyLock<Option<usize>> = LazyLock::new(|| if is_amd() { of_level(3) } else { None });
    *BYTES
}

/// Bytes of the cache of a level, if the system has a file that says so.
fn of_level(level: usize) -> Option<usize> {
    // The first two are the first level: data and instructions.
    let file = format!("/sys/devices/system/cpu/cpu0/cache/index{level}/size");
    let size = std::fs::read_to_string(file).ok()?;
    let kilobytes: usize = size.trim().strip_suffix('K')?.parse().ok()?;
    kilobytes.checked_mul(1 << 10)
}

/// Bytes of the second-level cache, if the processor says.
fn by_processor() -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::__cpuid;
        const FIRST_EXTENDED: u32 = 0x8000_0000;
        const CACHES: u32 = 0x8000_0006;
        if __cpuid(FIRST_EXTENDED).eax >= CACHES {
            let kilobytes = (__cpuid(CACHES).ecx >> 16) as usize;
            return (kilobytes > 0).then_some(kilobytes << 10);
        }
    }
    None
}

/// Whether the processor is AMD's: no other has these instructions.
fn is_amd() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("sse4a")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}
