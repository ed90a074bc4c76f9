//! The pool of freed buffers: a later evaluation reuses memory whose pages are already there
//! (touching fresh pages costs several times what writing known ones does).
//!
//! Sizes are rounded up to classes, four to each power of two, so that a freed block serves
//! the next request of nearly its size. The pool keeps at most `KEPT_BYTES`.
#![allow(unsafe_code)]

use std::alloc::{alloc, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::layout;

/// Most bytes the pool keeps for reuse.
const KEPT_BYTES: usize = 1 << 30;

/// From this size on, blocks are aligned to and advised as huge pages: 2 MiB on x86-64 and on
/// aarch64 with 4 KiB pages.
const HUGE_PAGE: usize = 2 << 20;

/// The size class of a block: its true size, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class(usize);

impl Class {
    /// The class that holds `bytes`; `None` past what memory can address.
    fn of(bytes: usize) -> Option<Self> {
        let bytes = bytes.max(64);
        let step = (bytes.checked_next_power_of_two()? / 8).max(64);
        let size = bytes.div_ceil(step).checked_mul(step)?;
        isize::try_from(size).is_ok().then_some(Self(size))
    }
}

#[derive(Default)]
struct Free {
    blocks: FxHashMap<usize, Vec<usize>>,
    bytes: usize,
}

static FREE: Mutex<Option<Free>> = Mutex::new(None);

/// What memory has been asked for and given, in bytes since the process began.
#[derive(Default)]
pub struct Counters {
    /// Fresh from the system.
    pub allocated: AtomicU64,
    /// Taken from the pool.
    pub reused: AtomicU64,
    /// In use now.
    pub live: AtomicUsize,
    /// The most that was ever in use.
    pub peak: AtomicUsize,
}

/// The counters of the pool.
pub static COUNTERS: Counters = Counters {
    allocated: AtomicU64::new(0),
    reused: AtomicU64::new(0),
    live: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
};

/// A block of at least `bytes` bytes, of any contents; `None` if there is no memory.
pub(super) fn take(bytes: usize) -> Option<(NonNull<u8>, Class)> {
    let class = Class::of(bytes)?;
    let known = with_free(|free| {
        let block = free.blocks.get_mut(&class.0)?.pop()?;
        free.bytes -= class.0;
        Some(block)
    });
    let at = match known.and_then(|address| NonNull::new(std::ptr::with_exposed_provenance_mut(address))) {
        Some(at) => {
            COUNTERS.reused.fetch_add(class.0 as u64, Relaxed);
            at
        }
        None => {
            let at = fresh(class)?;
            COUNTERS.allocated.fetch_add(class.0 as u64, Relaxed);
            at
        }
    };
    let live = COUNTERS.live.fetch_add(class.0, Relaxed) + class.0;
    COUNTERS.peak.fetch_max(live, Relaxed);
    Some((at, class))
}

/// Gives a block back.
///
/// # Safety
/// The block came from [`take`] with this class and nobody uses it any more.
pub(super) unsafe fn give_back(at: NonNull<u8>, class: Class) {
    COUNTERS.live.fetch_sub(class.0, Relaxed);
    let kept = with_free(|free| {
        let fits = free.bytes + class.0 <= KEPT_BYTES;
        if fits {
            free.bytes += class.0;
            free.blocks.entry(class.0).or_default().push(at.as_ptr().expose_provenance());
        }
        fits
    });
    if !kept {
        let layout = block_layout(class).expect("it was allocated with this layout");
        // SAFETY: the block was allocated by `fresh` with the same layout and is not used any more.
        unsafe { dealloc(at.as_ptr(), layout) };
    }
}

fn with_free<R>(f: impl FnOnce(&mut Free) -> R) -> R {
    // A panic while the lock is held leaves the lists whole: every step above is one push or pop.
    let mut guard = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    f(guard.get_or_insert_default())
}

fn block_layout(class: Class) -> Option<std::alloc::Layout> {
    let layout = layout(class.0)?;
    if class.0 >= HUGE_PAGE { layout.align_to(HUGE_PAGE).ok() } else { Some(layout) }
}

/// A new block from the system's allocator; large ones on huge pages where the system has them.
fn fresh(class: Class) -> Option<NonNull<u8>> {
    // SAFETY: the layout is not of size zero.
    let at = NonNull::new(unsafe { alloc(block_layout(class)?) })?;
    #[cfg(target_os = "linux")]
    if class.0 >= HUGE_PAGE {
        // SAFETY: advice on memory we own; a refusal changes nothing.
        unsafe { libc::madvise(at.as_ptr().cast(), class.0, libc::MADV_HUGEPAGE) };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_waste_little() {
        for bytes in (1..100_000).step_by(7).chain([1 << 30, (1 << 30) + 1]) {
            let class = Class::of(bytes).unwrap();
            assert!(class.0 >= bytes && class.0 <= bytes + bytes / 3 + 64, "{bytes} -> {}", class.0);
        }
    }
}
