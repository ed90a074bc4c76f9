//! Reductions, softmax and layer norm, and as plain loops.
//!
//! The plain loops run on one thread. Those that sum keep eight sums, so that they vectorise.

use broadloom::prelude::*;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

/// Rows and columns.
const SIZES: [(usize, usize); 3] = [(100, 100), (1_000, 1_000), (100_000, 10)];

fn main() {
    divan::main();
}

fn floats((rows, columns): (usize, usize)) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..rows * columns).map(|_| random.f32() * 4.0 - 2.0).collect()
}

fn array(size: (usize, usize)) -> Array {
    Array::from_vec(floats(size), size).unwrap()
}

fn items((rows, columns): (usize, usize)) -> ItemsCount {
    ItemsCount::new(rows * columns)
}

/// The sum of `term` of all values, in eight sums.
fn sum_of(values: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let (blocks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for block in blocks {
        for (sum, x) in sums.iter_mut().zip(block) {
            *sum += term(*x);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|x| term(*x)).sum::<f32>()
}

/// The sum of all elements.
mod sum {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: (usize, usize)) {
        let x = array(size);
        bencher.counter(items(size)).bench_local(|| x.sum(..).item::<f32>().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: (usize, usize)) {
        let x = floats(size);
        bencher.counter(items(size)).bench_local(|| sum_of(black_box(&x), |x| x));
    }
}

/// The sum of squared distances, which reads two arrays once and writes one number.
mod squared_distance {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: (usize, usize)) {
        let (x, y) = (array(size), array(size).flip(0).eval().unwrap());
        bencher.counter(items(size)).bench_local(|| (&x - &y).square().sum(..).item::<f32>().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn one_op_at_a_time(bencher: Bencher, size: (usize, usize)) {
        let (x, y) = (array(size), array(size).flip(0).eval().unwrap());
        bencher.counter(items(size)).bench_local(|| {
            let distance = (&x - &y).eval().unwrap();
            let square = distance.square().eval().unwrap();
            square.sum(..).item::<f32>().unwrap()
        });
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: (usize, usize)) {
        let (x, mut y) = (floats(size), floats(size));
        y.reverse();
        bencher.counter(items(size)).bench_local(|| {
            let mut sums = [0.0; 8];
            for (x, y) in black_box(&x).chunks(8).zip(black_box(&y).chunks(8)) {
                for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                    *sum += (x - y) * (x - y);
                }
            }
            sums.iter().sum::<f32>()
        });
    }
}

/// The sums of the columns.
mod sum_axis_0 {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: (usize, usize)) {
        let x = array(size);
        bencher.counter(items(size)).bench_local(|| x.sum(0).eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: (usize, usize)) {
        let (x, mut sums) = (floats(size), vec![0.0; size.1]);
        bencher.counter(items(size)).bench_local(|| {
            sums.fill(0.0);
            for row in x.chunks(size.1) {
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += x;
                }
            }
            black_box(&mut sums);
        });
    }
}

/// The sums of the rows.
mod sum_axis_1 {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: (usize, usize)) {
        let x = array(size);
        bencher.counter(items(size)).bench_local(|| x.sum(1).eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: (usize, usize)) {
        let (x, mut sums) = (floats(size), vec![0.0; size.0]);
        bencher.counter(items(size)).bench_local(|| {
            for (sum, row) in sums.iter_mut().zip(x.chunks(size.1)) {
                *sum = sum_of(row, |x| x);
            }
            black_box(&mut sums);
        });
    }
}

/// The softmax of the rows.
mod softmax {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: (usize, usize)) {
        let x = array(size);
        bencher.counter(items(size)).bench_local(|| x.softmax(-1).eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn one_op_at_a_time(bencher: Bencher, size: (usize, usize)) {
        let x = array(size);
        bencher.counter(items(size)).bench_local(|| {
            let highest = x.max(over(-1).keepdims()).eval().unwrap();
            let powers = (&x - highest).eval().unwrap();
            let powers = powers.exp().eval().unwrap();
            let total = powers.sum(over(-1).keepdims()).eval().unwrap();
            (powers / total).eval().unwrap()
        });
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: (usize, usize)) {
        let (x, mut out) = (floats(size), vec![0.0; size.0 * size.1]);
        bencher.counter(items(size)).bench_local(|| {
            for (out, row) in out.chunks_mut(size.1).zip(x.chunks(size.1)) {
                let highest = row.iter().copied().fold(f32::MIN, f32::max);
                for (out, x) in out.iter_mut().zip(row) {
                    *out = (x - highest).exp();
                }
                let total = sum_of(out, |x| x);
                out.iter_mut().for_each(|x| *x /= total);
            }
            black_box(&mut out);
        });
    }
}

/// The rows with mean 0 and variance 1.
mod layer_norm {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: (usize, usize)) {
        let x = array(size);
        bencher.counter(items(size)).bench_local(|| x.layer_norm(-1, 1.0, 0.0, 1e-5).eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn one_op_at_a_time(bencher: Bencher, size: (usize, usize)) {
        let x = array(size);
        bencher.counter(items(size)).bench_local(|| {
            let center = x.mean(over(-1).keepdims()).eval().unwrap();
            let distance = (&x - center).eval().unwrap();
            let square = distance.square().eval().unwrap();
            let variance = square.mean(over(-1).keepdims()).eval().unwrap();
            let spread = (variance + 1e-5).eval().unwrap();
            let spread = spread.sqrt().eval().unwrap();
            (distance / spread).eval().unwrap()
        });
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: (usize, usize)) {
        let (x, mut out) = (floats(size), vec![0.0; size.0 * size.1]);
        bencher.counter(items(size)).bench_local(|| {
            for (out, row) in out.chunks_mut(size.1).zip(x.chunks(size.1)) {
                let center = sum_of(row, |x| x) / size.1 as f32;
                let variance = sum_of(row, |x| (x - center) * (x - center)) / size.1 as f32;
                let spread = (variance + 1e-5).sqrt();
                for (out, x) in out.iter_mut().zip(row) {
                    *out = (x - center) / spread;
                }
            }
            black_box(&mut out);
        });
    }
}
