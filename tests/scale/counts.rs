//! What planning asks of the allocator, counted per thread: how often, and how much at once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts, and passes on to the system.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a thread has done.
#[derive(Clone, Copy, Default)]
struct Counts {
    allocations: usize,
    /// Bytes allocated less bytes freed, which may be another thread's, and the most that ever was.
    live: isize,
    peak: isize,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, live: 0, peak: 0 }) };
}

fn count(allocations: usize, bytes: isize) {
    // A thread that ends has nothing to count any more.
    let _ = COUNTS.try_with(|counts| {
        let Counts { allocations: before, live, peak } = counts.get();
        let live = live + bytes;
        counts.set(Counts { allocations: before + allocations, live, peak: peak.max(live) });
    });
}

// SAFETY: every block is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: the caller's promise; the block is the system's.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks exist for a moment.
        count(1, size as isize);
        count(0, -(layout.size() as isize));
        // SAFETY: the caller's promise; the block is the system's.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// How often `work` allocates on this thread, and how many bytes it holds at most at once, beyond what
/// was there.
pub fn counted(work: impl FnOnce()) -> (usize, usize) {
    let before = COUNTS.get();
    COUNTS.set(Counts { peak: before.live, ..before });
    work();
    let after = COUNTS.get();
    // The peak is never below what was there at first.
    (after.allocations - before.allocations, (after.peak - before.live).unsigned_abs())
}
