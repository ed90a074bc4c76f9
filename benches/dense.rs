//! Matrix products and dense layers, and as plain loops.
//!
//! The plain loops run on one thread, rows of the right matrix innermost, so that they vectorise.

use broadloom::prelude::*;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

/// `[m, k] @ [k, n]`.
const SIZES: [[usize; 3]; 4] = [[64, 64, 64], [256, 256, 256], [1024, 1024, 1024], [1797, 64, 128]];

fn main() {
    divan::main();
}

fn floats(seed: u64, size: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..size).map(|_| random.f32() * 2.0 - 1.0).collect()
}

fn arrays([m, k, n]: [usize; 3]) -> [Array; 3] {
    let array = |seed, shape: &[usize]| Array::from_vec(floats(seed, shape.iter().product()), shape).unwrap();
    [array(1, &[m, k]), array(2, &[k, n]), array(3, &[n])]
}

/// Additions and multiplications.
fn operations([m, k, n]: [usize; 3]) -> ItemsCount {
    ItemsCount::new(2 * m * k * n)
}

fn product(out: &mut [f32], x: &[f32], w: &[f32], [_, k, n]: [usize; 3]) {
    for (out, x) in out.chunks_mut(n).zip(x.chunks(k)) {
        out.fill(0.0);
        for (x, w) in x.iter().zip(w.chunks(n)) {
            for (out, w) in out.iter_mut().zip(w) {
                *out += x * w;
            }
        }
    }
}

/// `x @ w`.
mod matmul {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: [usize; 3]) {
        let [x, w, _] = arrays(size);
        bencher.counter(operations(size)).bench_local(|| x.matmul(&w).eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: [usize; 3]) {
        let [m, k, n] = size;
        let (x, w, mut out) = (floats(1, m * k), floats(2, k * n), vec![0.0; m * n]);
        bencher.counter(operations(size)).bench_local(|| {
            product(&mut out, &x, &w, size);
            black_box(&mut out);
        });
    }
}

/// `relu(x @ w + b)`.
mod layer {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: [usize; 3]) {
        let [x, w, b] = arrays(size);
        bencher.counter(operations(size)).bench_local(|| (x.matmul(&w) + &b).relu().eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn one_op_at_a_time(bencher: Bencher, size: [usize; 3]) {
        let [x, w, b] = arrays(size);
        bencher.counter(operations(size)).bench_local(|| {
            let y = x.matmul(&w).eval().unwrap();
            let y = (y + &b).eval().unwrap();
            y.relu().eval().unwrap()
        });
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: [usize; 3]) {
        let [m, k, n] = size;
        let (x, w, b) = (floats(1, m * k), floats(2, k * n), floats(3, n));
        let mut out = vec![0.0; m * n];
        bencher.counter(operations(size)).bench_local(|| {
            product(&mut out, &x, &w, size);
            for row in out.chunks_mut(n) {
                for (out, b) in row.iter_mut().zip(&b) {
                    *out = (*out + b).max(0.0);
                }
            }
            black_box(&mut out);
        });
    }
}
