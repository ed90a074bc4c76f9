//! Work so small that all besides the loops counts.
//!
//! The times of `s_build_node`, `s_drop_node` and `s_capture_node` are those of one node, that of
//! `s_call_into` is one of a call.

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

/// Calls that are timed together: one takes about as long as looking at the clock.
const CALLS: usize = 100;

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
    for n in [10, 100, 1000] {
        called(bench, n);
    }
}

/// A compiled function, `relu(a b + c) - d / 2`: into a new array, and into memory there is.
fn called(bench: &Bench, n: usize) {
    let [a, b, c, d] = [1, 2, 3, 4].map(|seed| Input::<f32>::random(seed, [n], -1.0..1.0));
    let arrays = [&a, &b, &c, &d].map(Input::array);
    let chain = || {
        broadloom::function(|a: &Array, b: &Array, c: &Array, d: &Array| (a * b + c).relu() - 0.5 * d)
            .expect("a function of arrays")
    };
    let element = |a: f32, b: f32, c: f32, d: f32| (a * b + c).max(0.0) - 0.5 * d;
    if let Some(row) = Row::of(bench, "s_call", &n.to_string(), F32) {
        let inputs = [&a, &b, &c, &d].map(Input::values);
        let at = |place: usize| {
            let [a, b, c, d] = inputs.map(|values| values[place]);
            element(a, b, c, d)
        };
        let mut contest = row.contest(&[a.bytes(), b.bytes(), c.bytes(), d.bytes()], n, 0.0);
        let (f, [a, b, c, d]) = (chain(), &arrays);
        contest
            .expect(|place| at(place).wide())
            .broadloom(move || f.call(a, b, c, d).expect("a call of the function"))
            .peer("loop", move || (0..n).map(at).collect::<Vec<f32>>());
        contest.run();
    }
    let (f, [a, b, c, d], mut out) = (chain(), &arrays, vec![0.0_f32; n]);
    bench.time("s_call_into", &n.to_string(), CALLS, || {
        timed(|| (0..CALLS).for_each(|_| f.call_into(a, b, c, d, &mut out).expect("a call of the function")))
    });
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
