//! The pool of freed buffers: a later evaluation reuses memory whose pages are already there
//! (touching fresh pages costs several times what writing known ones does).
//!
//! Sizes are rounded up to classes, four to each power of two, so that a freed block serves
//! the next request of nearly its size. The pool keeps at most `KEPT_BYTES`, of what was freed last.
#![allow(unsafe_code)]

use std::alloc::{alloc, dealloc};
use std::collections::VecDeque;
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

/// A freed block.
struct Block {
    address: usize,
    /// How many had been freed before it.
    number: u64,
}

#[derive(Default)]
struct Free {
    /// By class the blocks, the one freed last at the end: it is taken first, being in cache.
    blocks: FxHashMap<usize, VecDeque<Block>>,
    bytes: usize,
    freed: u64,
}

impl Free {
    /// Takes the block freed last of a class.
    fn take(&mut self, class: Class) -> Option<usize> {
        let block = self.blocks.get_mut(&class.0)?.pop_back()?;
        self.bytes -= class.0;
        Some(block.address)
    }

    /// Keeps a block. Returns those that have to go so that not too much is kept: the ones freed
    /// longest ago, of whatever class.
    fn keep(&mut self, address: usize, class: Class) -> Vec<(usize, Class)> {
        if class.0 > KEPT_BYTES {
            return vec![(address, class)];
        }
        self.freed += 1;
        self.bytes += class.0;
        self.blocks.entry(class.0).or_default().push_back(Block { address, number: self.freed });
        let mut gone = Vec::new();
        while self.bytes > KEPT_BYTES {
            let oldest =
                self.blocks.iter().filter_map(|(class, blocks)| Some((blocks.front()?.number, *class)));
            let (_, class) = oldest.min().expect("what is kept has bytes");
            let block = self.blocks.get_mut(&class).and_then(VecDeque::pop_front).expect("it was seen");
            self.bytes -= class;
            gone.push((block.address, Class(class)));
        }
        gone
    }
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
    let known = with_free(|free| free.take(class));
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
    for (address, class) in with_free(|free| free.keep(at.as_ptr().expose_provenance(), class)) {
        let layout = block_layout(class).expect("it was allocated with this layout");
        // SAFETY: the block was allocated by `fresh` with the same layout, and nobody uses it: it is
        // the one given back, or was in the pool.
        unsafe { dealloc(std::ptr::with_exposed_provenance_mut(address), layout) };
    }
}

fn with_free<R>(f: impl FnOnce(&mut Free) -> R) -> R {
    // A panic while the lock is held leaves the lists whole: every step above is a push or a pop.
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

    #[test]
    fn what_was_freed_last_is_taken_first_and_what_was_freed_first_goes_first() {
        let mut free = Free::default();
        let (small, large) = (Class::of(1 << 10).unwrap(), Class::of(KEPT_BYTES - (1 << 10)).unwrap());
        assert!(free.keep(1, small).is_empty() && free.keep(2, small).is_empty());
        assert_eq!(free.take(small), Some(2));
        assert!(free.keep(3, small).is_empty());
        let gone: Vec<usize> = free.keep(4, large).into_iter().map(|block| block.0).collect();
        assert_eq!((gone, free.bytes <= KEPT_BYTES), (vec![1, 3], true));
        assert_eq!((free.take(small), free.take(large), free.bytes), (None, Some(4), 0));
        let huge = Class::of(KEPT_BYTES + 1).unwrap();
        assert_eq!(free.keep(5, huge).len(), 1);
        assert_eq!(free.take(huge), None);
    }
}
