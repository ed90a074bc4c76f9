//! Warnings of ways to write that cost more than they need to, once for each line that does so.

use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::Captured;

/// Nodes of one evaluation from which on it probably should have been several.
const MANY_NODES: usize = 50_000;

/// Structures that one line may have compiled before it probably builds a new one at every step.
const MANY_STRUCTURES: usize = 16;

/// What a line has done so far.
#[derive(Default)]
struct Habits {
    compiled: usize,
    was_large: bool,
}

/// What lines have done, if there is anything to say about them.
static LINES: Mutex<Option<FxHashMap<Location<'static>, Habits>>> = Mutex::new(None);

fn of_line<R>(origin: Location<'static>, note: impl FnOnce(&mut Habits) -> R) -> R {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    note(lines.get_or_insert_default().entry(origin).or_default())
}

/// Called for every evaluation.
pub(super) fn of_size(captured: &Captured) {
    let nodes = captured.graph.len();
    let Some(origin) = captured.origin.filter(|_| nodes > MANY_NODES) else { return };
    if !of_line(*origin, |habits| std::mem::replace(&mut habits.was_large, true)) {
        eprintln!(
            "broadloom: {origin}: one evaluation of {nodes} operations; evaluate now and then in long loops"
        );
    }
}

/// Called for every program that needed code no other had.
pub(super) fn of_structure(origin: Option<&'static Location<'static>>) {
    let Some(origin) = origin else { return };
    let count = of_line(*origin, |habits| {
        habits.compiled += 1;
        habits.compiled
    });
    if count == MANY_STRUCTURES + 1 {
        eprintln!(
            "broadloom: {origin}: more than {MANY_STRUCTURES} structures compiled; a loop that never evaluates its \
             state builds a longer one at every step"
        );
    }
}
