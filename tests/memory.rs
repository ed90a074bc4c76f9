//! Is executable memory freed, and is none of it writable?
#![cfg(all(target_os = "linux", feature = "jit"))]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use broadloom::engine;
use broadloom::prelude::*;

/// Kernels compiled and dropped. `BROADLOOM_KERNELS=100000` sets another number.
const KERNELS: usize = 10_000;

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// The mappings of this process that can be written and executed.
fn writable_and_executable() -> Vec<String> {
    let text = std::fs::read_to_string("/proc/self/maps").unwrap();
    let both = |line: &&str| {
        line.split_whitespace().nth(1).is_some_and(|mode| mode.contains('w') && mode.contains('x'))
    };
    text.lines().filter(both).map(str::to_owned).collect()
}

/// A chain of ops that no other number gives.
fn chain(x: &Array, y: &Array, number: usize) -> Array {
    let mut value = x.clone();
    let mut rest = number;
    for _ in 0..6 {
        value = match rest % 7 {
            0 => value + y,
            1 => value - y,
            2 => value * y,
            3 => value.maximum(y),
            4 => value.minimum(y),
            5 => value.abs() - x,
            _ => y - value,
        };
        rest /= 7;
    }
    value
}

#[test]
fn ten_thousand_kernels_leave_memory_flat_and_no_page_is_writable_and_executable() {
    let kernels = std::env::var("BROADLOOM_KERNELS").ok().and_then(|n| n.parse().ok()).unwrap_or(KERNELS);
    // Large enough to be compiled at once.
    let n = 1 << 14;
    let x = Array::from_vec((0..n).map(|i| i as f32).collect(), n).unwrap();
    let y = Array::from_vec(vec![0.5_f32; n], n).unwrap();
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Looks while code is being placed, too.
        let watch = scope.spawn(|| {
            let mut found = Vec::new();
            while !ends.load(Relaxed) && found.is_empty() {
                found = writable_and_executable();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            found
        });
        let before = engine().stats().strips_compiled;
        let mut early = 0;
        for number in 0..kernels {
            let value = chain(&x, &y, number).eval().unwrap();
            assert_eq!(value.size(), n);
            if number == kernels / 10 {
                early = resident();
            }
            if number % 64 == 0 {
                assert_eq!(writable_and_executable(), [""; 0]);
            }
        }
        let late = resident();
        ends.store(true, Relaxed);
        assert_eq!(watch.join().unwrap(), [""; 0]);
        let compiled = engine().stats().strips_compiled - before;
        println!("{compiled} strips compiled; {} kB resident, then {} kB", early / 1024, late / 1024);
        // A few chains are equal after all: a maximum of a maximum.
        let enough = compiled as usize > kernels / 2 || !engine().compiles();
        assert!(enough, "{compiled} of {kernels} compiled");
        let growth = late.saturating_sub(early);
        assert!(growth <= 32 << 20, "{} kB more resident memory", growth / 1024);
    });
}
