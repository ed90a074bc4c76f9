//! Work shared among threads: the caller's and those of a pool.
//!
//! The caller works too, from the first moment, and returns once everything is done and nobody is
//! at it any more. A helper that comes late finds the work closed and touches nothing. So work that
//! ends before another thread is awake costs no more than asking it.
//!
//! Tasks are numbered. Every thread has its own stretch of numbers, the same at every run of so
//! many, so that it finds what it touched last time in its cache; who has finished takes from the
//! others.
#![allow(unsafe_code)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

/// Set in `Shared::inside` once nobody may begin any more.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// How often a caller looks whether all have left before it sleeps: a few microseconds.
const LOOKS: usize = 1 << 10;

struct Shared {
    /// The caller's, who waits for all that are inside; used by nobody else.
    task: *const (dyn Fn(usize) + Sync),
    count: usize,
    /// Per thread how many tasks of its stretch have been taken.
    taken: Vec<AtomicUsize>,
    /// How many helpers are inside, and [`CLOSED`].
    inside: AtomicUsize,
    caller: Thread,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: the task is `Sync`; all else is.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// Calls `task` with every number below `count`, on this thread and on up to `threads - 1` others,
/// which `spawn` asks to run what it is given.
///
/// # Panics
/// If a task does, after all have ended.
pub fn share(
    count: usize,
    threads: usize,
    task: &(dyn Fn(usize) + Sync),
    spawn: impl Fn(Box<dyn FnOnce() + Send>),
) {
    // SAFETY: only the lifetime is changed. The task is called by this function, and by helpers that
    // are inside; `Closing` waits for them before the borrow ends.
    let task =
        unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(task) };
    let threads = threads.clamp(1, count.max(1));
    let shared = Arc::new(Shared {
        task,
        count,
        taken: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
        inside: AtomicUsize::new(0),
        caller: thread::current(),
        panic: Mutex::new(None),
    });
    for number in 1..threads {
        let shared = Arc::clone(&shared);
        spawn(Box::new(move || shared.help(number)));
    }
    let closing = Closing(&shared);
    shared.work(0, task);
    drop(closing);
    let panic = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

/// Closes the work when dropped, and waits until nobody is inside.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let shared = self.0;
        let mut looks = 0;
        shared.inside.fetch_or(CLOSED, AcqRel);
        while shared.inside.load(Acquire) != CLOSED {
            looks += 1;
            if looks < LOOKS { std::hint::spin_loop() } else { thread::park() }
        }
    }
}

impl Shared {
    /// Helps, if there is still something to do.
    fn help(&self, number: usize) {
        if self.inside.fetch_add(1, AcqRel) & CLOSED == 0 {
            // SAFETY: the work was not closed when this thread was counted, so the caller waits.
            let task = unsafe { &*self.task };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(number, task))) {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
        }
        if self.inside.fetch_sub(1, AcqRel) == CLOSED + 1 {
            self.caller.unpark();
        }
    }

    /// Takes tasks until there are none: of the stretch `number`, then of those after it.
    fn work(&self, number: usize, task: &(dyn Fn(usize) + Sync)) {
        let threads = self.taken.len();
        for stretch in (number..threads).chain(0..number) {
            let at = |stretch: usize| self.count * stretch / threads;
            let (first, end) = (at(stretch), at(stretch + 1));
            loop {
                let next = first + self.taken[stretch].fetch_add(1, Relaxed);
                if next >= end {
                    break;
                }
                task(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_however_many_help_and_however_late() {
        for (count, threads) in [(0, 3), (1, 1), (1, 4), (7, 3), (100, 8), (64, 2)] {
            for late in [false, true] {
                let runs: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                let kept = Mutex::new(Vec::new());
                let task = |number: usize| {
                    runs[number].fetch_add(1, Relaxed);
                };
                share(count, threads, &task, |job| match late {
                    true => kept.lock().unwrap().push(job),
                    false => drop(thread::spawn(job)),
                });
                // Whoever comes after the end finds nothing to do.
                kept.into_inner().unwrap().into_iter().for_each(|job| job());
                assert!(runs.iter().all(|runs| runs.load(Relaxed) == 1), "{count} by {threads}, {late}");
            }
        }
    }

    #[test]
    fn a_panic_of_a_helper_reaches_the_caller_after_all_have_ended() {
        let caller = thread::current().id();
        let ended = AtomicUsize::new(0);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let task = |_: usize| {
                while thread::current().id() == caller && ended.load(Acquire) == 0 {
                    thread::yield_now();
                }
                ended.fetch_add(1, AcqRel);
                assert!(thread::current().id() == caller, "a helper fails");
            };
            share(2, 2, &task, |job| drop(thread::spawn(job)));
        }));
        let message = *result.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!((message, ended.into_inner()), ("a helper fails", 2));
    }
}
