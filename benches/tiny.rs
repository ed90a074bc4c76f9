//! Arrays of ten elements, evaluated again and again: what an evaluation costs besides its loops.

use broadloom::prelude::*;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn ten() -> Vec<f32> {
    (0..10).map(|n| n as f32 * 0.25).collect()
}

fn array() -> Array {
    Array::from_vec(ten(), 10).unwrap()
}

/// Writing `2 x + 1` down, without evaluating it.
#[divan::bench]
fn build_only(bencher: Bencher) {
    let x = array();
    bencher.bench_local(|| &x * 2.0 + 1.0);
}

/// `2 x + 1`.
#[divan::bench]
fn two_ops(bencher: Bencher) {
    let x = array();
    bencher.bench_local(|| (&x * 2.0 + 1.0).eval().unwrap());
}

/// The same in a plain loop, into a fresh `Vec`.
#[divan::bench]
fn two_ops_plain_loop(bencher: Bencher) {
    let x = ten();
    bencher.bench_local(|| black_box(&x).iter().map(|x| x * 2.0 + 1.0).collect::<Vec<f32>>());
}

/// `relu(x y + z) - x / 2`.
#[divan::bench]
fn five_ops(bencher: Bencher) {
    let (x, y, z) = (array(), array(), array());
    bencher.bench_local(|| ((&x * &y + &z).relu() - 0.5 * &x).eval().unwrap());
}

/// The sum, as a Rust number.
#[divan::bench]
fn sum(bencher: Bencher) {
    let x = array();
    bencher.bench_local(|| x.sum(..).item::<f32>().unwrap());
}

#[divan::bench]
fn softmax(bencher: Bencher) {
    let x = array();
    bencher.bench_local(|| x.softmax(-1).eval().unwrap());
}

/// `[3, 3] @ [3, 3]`.
#[divan::bench]
fn matmul(bencher: Bencher) {
    let x = Array::eye(3, F32).eval().unwrap();
    bencher.bench_local(|| x.matmul(&x).eval().unwrap());
}
