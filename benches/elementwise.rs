//! Elementwise chains: fused, one operation at a time, and as a plain loop.
//!
//! The plain loops run on one thread and write into memory that is there already.

use broadloom::prelude::*;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const SIZES: [usize; 4] = [1_000, 100_000, 1_000_000, 10_000_000];

fn main() {
    divan::main();
}

/// `size` floats between -2 and 2, others for another `seed`.
fn floats(seed: u64, size: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..size).map(|_| random.f32() * 4.0 - 2.0).collect()
}

fn array(values: &[f32]) -> Array {
    Array::from_slice(values, values.len()).unwrap()
}

/// `2 x + y`.
mod axpy {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: usize) {
        let (x, y) = (array(&floats(1, size)), array(&floats(2, size)));
        bencher.counter(ItemsCount::new(size)).bench_local(|| (&x * 2.0 + &y).eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn one_op_at_a_time(bencher: Bencher, size: usize) {
        let (x, y) = (array(&floats(1, size)), array(&floats(2, size)));
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            let twice = (&x * 2.0).eval().unwrap();
            (twice + &y).eval().unwrap()
        });
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: usize) {
        let (x, y, mut out) = (floats(1, size), floats(2, size), vec![0.0; size]);
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            for ((out, x), y) in out.iter_mut().zip(&x).zip(&y) {
                *out = x * 2.0 + y;
            }
            black_box(&mut out);
        });
    }
}

/// `relu(a b + c) - d / 2`.
mod relu_chain {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: usize) {
        let [a, b, c, d] = [1, 2, 3, 4].map(|seed| array(&floats(seed, size)));
        bencher
            .counter(ItemsCount::new(size))
            .bench_local(|| ((&a * &b + &c).relu() - 0.5 * &d).eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn one_op_at_a_time(bencher: Bencher, size: usize) {
        let [a, b, c, d] = [1, 2, 3, 4].map(|seed| array(&floats(seed, size)));
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            let x = (&a * &b).eval().unwrap();
            let x = (x + &c).eval().unwrap();
            let x = x.relu().eval().unwrap();
            let half = (0.5 * &d).eval().unwrap();
            (x - half).eval().unwrap()
        });
    }

    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: usize) {
        let [a, b, c, d] = [1, 2, 3, 4].map(|seed| floats(seed, size));
        let mut out = vec![0.0; size];
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            for ((((out, a), b), c), d) in out.iter_mut().zip(&a).zip(&b).zip(&c).zip(&d) {
                *out = (a * b + c).max(0.0) - 0.5 * d;
            }
            black_box(&mut out);
        });
    }
}

/// `x (1 + erf(x / sqrt 2)) / 2`.
mod gelu {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn broadloom(bencher: Bencher, size: usize) {
        let x = array(&floats(1, size));
        bencher.counter(ItemsCount::new(size)).bench_local(|| x.gelu().eval().unwrap());
    }

    #[divan::bench(args = SIZES)]
    fn one_op_at_a_time(bencher: Bencher, size: usize) {
        let x = array(&floats(1, size));
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            let bell = (&x * std::f64::consts::FRAC_1_SQRT_2).eval().unwrap();
            let bell = bell.erf().eval().unwrap();
            let bell = (bell + 1).eval().unwrap();
            let half = (&x * 0.5).eval().unwrap();
            (half * bell).eval().unwrap()
        });
    }

    /// With an error function of about six digits, as a loop without a library has it.
    #[divan::bench(args = SIZES)]
    fn plain_loop(bencher: Bencher, size: usize) {
        let (x, mut out) = (floats(1, size), vec![0.0; size]);
        bencher.counter(ItemsCount::new(size)).bench_local(|| {
            for (out, x) in out.iter_mut().zip(&x) {
                *out = 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
            }
            black_box(&mut out);
        });
    }

    /// Abramowitz and Stegun, "Handbook of mathematical functions", 1964, 7.1.26.
    fn erf(x: f32) -> f32 {
        let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
        let series =
            t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
        (1.0 - series * (-x * x).exp()).copysign(x)
    }
}
