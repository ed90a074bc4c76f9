//! Work so small that all besides the loops counts.
//!
//! The times of `s_build_node`, `s_drop_node` and `s_capture_node` are those of one node.

use std::hint::black_box;
use std::time::{Duration, Instant};

use broadloom::prelude::*;

use crate::Bench;
use crate::contest::Row;
use crate::real::{Input, Number};

/// Elements of all arrays here.
const TEN: usize = 10;

/// Nodes that are built at a time.
const BUILT: usize = 1000;

/// Nodes of a large graph.
const MANY: usize = 100_000;

pub fn all(bench: &Bench) {
    let [x, y] = [1, 2].map(|seed| Input::<f32>::random(seed, [TEN], -1.0..1.0));
    let (x, y) = (&x.array(), &y.array());
    let chain = |nodes| (0..nodes).fold(x.clone(), |sum, _| sum + y);

    bench.time("s_build_node", "1000", BUILT, || {
        let start = Instant::now();
        let chain = black_box(chain(BUILT));
        let time = start.elapsed();
        drop(chain);
        time
    });
    bench.time("s_drop_node", "1000", BUILT, || {
        let chain = black_box(chain(BUILT));
        timed(|| drop(chain))
    });
    bench.time("s_item", "1", 1, || {
        let (a, b) = (x.i(0).eval().expect("an element"), y.i(0).eval().expect("an element"));
        timed(|| _ = black_box((&a * &b + 1.0).item::<f32>().expect("a number")))
    });
    bench.time("s_capture_node", "100000", MANY, || {
        // Captured, found among the programs, and run on next to nothing.
        let chain = chain(MANY);
        timed(|| drop(chain.eval().expect("a chain evaluates")))
    });
    ten_nodes(bench);
    softmax(bench);
}

/// How long it takes.
pub fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// A known expression of ten operations.
fn ten_nodes(bench: &Bench) {
    let Some(row) = Row::of(bench, "s_ten_nodes", "10", F32) else { return };
    let [x, y] = [1, 2].map(|seed| Input::<f32>::random(seed, [TEN], -1.0..1.0));
    let mut contest = row.contest(&[x.bytes(), y.bytes()], TEN, 0.0);
    let (xs, ys) = (x.values(), y.values());
    let element = |x: f32, y: f32| (((x * y + x) * y - x) * x + y) * (x - y) * (x + y);
    let arrays = (x.array(), y.array());
    contest
        .expect(move |place| element(xs[place], ys[place]).wide())
        .broadloom(move || {
            let (x, y) = (&arrays.0, &arrays.1);
            (((x * y + x) * y - x) * x + y) * (x - y) * (x + y)
        })
        .peer("loop", move || xs.iter().zip(ys).map(|(&x, &y)| element(x, y)).collect::<Vec<f32>>());
    contest.run();
}

/// The softmax of ten numbers: several loops.
fn softmax(bench: &Bench) {
    let Some(row) = Row::of(bench, "s_softmax", "10", F32) else { return };
    let x = Input::<f32>::random(1, [TEN], -1.0..1.0);
    let mut contest = row.contest(&[x.bytes()], TEN, 0.0);
    let (array, xs) = (x.array(), x.values());
    contest
        .expect(|place| {
            let sum: f64 = xs.iter().map(|x| x.wide().exp()).sum();
            xs[place].wide().exp() / sum
        })
        .broadloom(move || array.softmax(-1))
        .peer("loop", || {
            let top = xs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f32> = xs.iter().map(|x| (x - top).exp()).collect();
            let sum: f32 = powers.iter().sum();
            powers.into_iter().map(|power| power / sum).collect::<Vec<f32>>()
        });
    contest.run();
}
