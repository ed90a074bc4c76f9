//! What a first evaluation costs: planning, and making machine code where there is none yet.
//!
//! Every evaluation is of an expression that was never seen before. The arrays are so large that it is
//! compiled, not interpreted, and so small that running it takes little. Broadloom warns once that one
//! line makes so many programs, which here is the point.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use broadloom::prelude::*;
use divan::Bencher;

/// Elements.
const SIZE: usize = 20_000;

fn main() {
    divan::main();
}

/// A number that was never given before.
fn fresh() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Relaxed)
}

/// `x`, and then `length` operations with `y`, other ones for every `seed` below `4.pow(length)`.
fn chain(x: &Array, y: &Array, length: usize, seed: usize) -> Array {
    let mut code = seed;
    let mut result = x.clone();
    for _ in 0..length {
        result = match code % 4 {
            0 => &result + y,
            1 => &result * y,
            2 => result.maximum(y),
            _ => y - &result,
        };
        code /= 4;
    }
    result
}

fn array(size: usize) -> Array {
    Array::from_vec(vec![1.0_f32; size], size).unwrap()
}

/// A chain of new structure: one strip is compiled.
#[divan::bench(args = [8, 32, 128], sample_count = 50)]
fn new_chain(bencher: Bencher, length: usize) {
    let (x, y) = (array(SIZE), array(SIZE));
    bencher.with_inputs(|| chain(&x, &y, length, fresh())).bench_local_values(|chain| chain.eval().unwrap());
}

/// A dense layer with a new chain behind it: epilogues are compiled.
#[divan::bench(sample_count = 50)]
fn new_dense_layer(bencher: Bencher) {
    let [x, w, b] = [[100, 64], [64, 64], [1, 64]].map(|shape| Array::ones(shape, F32).eval().unwrap());
    bencher
        .with_inputs(|| chain(&(x.matmul(&w) + &b).relu(), &b, 8, fresh()))
        .bench_local_values(|layer| layer.eval().unwrap());
}

/// The softmax of a new chain: several strips are compiled.
#[divan::bench(sample_count = 50)]
fn new_softmax(bencher: Bencher) {
    let [x, y] = [0, 1].map(|_| Array::ones([20, 1000], F32).eval().unwrap());
    bencher
        .with_inputs(|| chain(&x, &y, 8, fresh()).softmax(-1))
        .bench_local_values(|softmax| softmax.eval().unwrap());
}

/// A known chain of arrays of a new length: a program is planned, nothing is compiled.
#[divan::bench(args = [8, 32, 128], sample_count = 50)]
fn known_strips_new_length(bencher: Bencher, length: usize) {
    bencher
        .with_inputs(|| {
            let size = SIZE + fresh();
            chain(&array(size), &array(size), length, 27)
        })
        .bench_local_values(|chain| chain.eval().unwrap());
}

/// A chain that was evaluated before.
#[divan::bench(args = [8, 32, 128], sample_count = 50)]
fn known_program(bencher: Bencher, length: usize) {
    let (x, y) = (array(SIZE), array(SIZE));
    chain(&x, &y, length, 27).eval().unwrap();
    bencher.with_inputs(|| chain(&x, &y, length, 27)).bench_local_values(|chain| chain.eval().unwrap());
}
