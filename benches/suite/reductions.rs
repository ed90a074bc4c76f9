//! Reductions of vectors: `w7`; `axes.rs` has those over axes.
//!
//! Plain loops keep sixteen accumulators, so that they vectorize.

use ndarray::ArrayView1;
use rayon::prelude::*;

use crate::Bench;
use crate::contest::Row;
use crate::elementwise::CHUNK;
use crate::real::{Input, Real};

const SIZES: [usize; 4] = [1000, 100_000, 1_000_000, 10_000_000];

/// Accumulators of a plain loop.
const LANES: usize = 16;

pub fn all(bench: &Bench) {
    vectors::<f32>(bench);
    vectors::<f64>(bench);
    sqdiff::<f32>(bench);
    sqdiff::<f64>(bench);
}

/// The accumulations of all values from `start` on, joined.
fn lanes<T: Real>(values: &[T], start: T, step: impl Fn(T, T) -> T, join: impl Fn(T, T) -> T) -> T {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane = step(*lane, *value);
        }
    }
    let rest = rest.iter().fold(start, |all, value| step(all, *value));
    lanes.into_iter().fold(rest, join)
}

pub fn sum<T: Real>(values: &[T], of: impl Fn(T) -> T) -> T {
    lanes(values, T::of(0.0), |sum, value| sum + of(value), |a, b| a + b)
}

pub fn max<T: Real>(values: &[T]) -> T {
    // `if`, as `f32::max` looks after NaN, which costs the loop its vectors.
    let larger = |a, b| if a > b { a } else { b };
    lanes(values, T::of(f64::NEG_INFINITY), larger, larger)
}

/// The sum, all threads at it.
fn sum_by_all<T: Real>(values: &[T], of: impl Fn(T) -> T + Sync) -> T {
    values.par_chunks(CHUNK).map(|values| sum(values, &of)).sum()
}

/// The sum of terms, as the check has it.
fn wide_sum<T: Real>(values: &[T], of: impl Fn(f64) -> f64) -> f64 {
    values.iter().map(|value| of(value.wide())).sum()
}

/// Sum, mean, maximum and standard deviation of vectors.
fn vectors<T: Real>(bench: &Bench) {
    let size = |n: usize| T::of(n as f64);
    for n in SIZES {
        let row = |name| Row::of(bench, name, &n.to_string(), T::DTYPE);
        let vector = || Input::<T>::random(1, [n], -1.0..1.0);
        if let Some(row) = row("w7_sum") {
            let x = vector();
            let (array, view) = (x.array(), ArrayView1::from(x.values()));
            let mut contest = row.contest(&[x.bytes()], 1, n as f64);
            contest
                .expect(|_| wide_sum(x.values(), |x| x))
                .broadloom(move || array.sum(..))
                .peer("ndarray", move || view.sum())
                .peers("loop", || sum(x.values(), |x| x), || sum_by_all(x.values(), |x| x));
            contest.run();
        }
        if let Some(row) = row("w7_mean") {
            let x = vector();
            let (array, view) = (x.array(), ArrayView1::from(x.values()));
            let mut contest = row.contest(&[x.bytes()], 1, n as f64);
            contest
                .expect(|_| wide_sum(x.values(), |x| x) / n as f64)
                .broadloom(move || array.mean(..))
                .peer("ndarray", move || view.sum() / size(n))
                .peers(
                    "loop",
                    || sum(x.values(), |x| x) / size(n),
                    || sum_by_all(x.values(), |x| x) / size(n),
                );
            contest.run();
        }
        if let Some(row) = row("w7_max") {
            let x = vector();
            let (array, view) = (x.array(), ArrayView1::from(x.values()));
            let mut contest = row.contest(&[x.bytes()], 1, n as f64);
            contest
                .expect(|_| x.values().iter().map(|x| x.wide()).fold(f64::NEG_INFINITY, f64::max))
                .broadloom(move || array.max(..))
                .peer("ndarray", move || {
                    view.fold(T::of(f64::NEG_INFINITY), |a, b| if a > *b { a } else { *b })
                })
                .peers(
                    "loop",
                    || max(x.values()),
                    || {
                        let parts = x.values().par_chunks(CHUNK).map(max);
                        parts.reduce(|| T::of(f64::NEG_INFINITY), |a, b| if a > b { a } else { b })
                    },
                );
            contest.run();
        }
        if let Some(row) = row("w7_std") {
            let x = vector();
            let (array, view) = (x.array(), ArrayView1::from(x.values()));
            let mut contest = row.contest(&[x.bytes()], 1, 3.0 * n as f64);
            contest
                .expect(|_| {
                    let mean = wide_sum(x.values(), |x| x) / n as f64;
                    (wide_sum(x.values(), |x| (x - mean) * (x - mean)) / n as f64).sqrt()
                })
                .broadloom(move || array.std(..))
                .peer("ndarray", move || {
                    let mean = view.sum() / size(n);
                    Real::sqrt(view.mapv(|x| (x - mean) * (x - mean)).sum() / size(n))
                })
                .peers(
                    "loop",
                    || {
                        let mean = sum(x.values(), |x| x) / size(n);
                        Real::sqrt(sum(x.values(), |x| (x - mean) * (x - mean)) / size(n))
                    },
                    || {
                        let mean = sum_by_all(x.values(), |x| x) / size(n);
                        Real::sqrt(sum_by_all(x.values(), |x| (x - mean) * (x - mean)) / size(n))
                    },
                );
            contest.run();
        }
    }
}

/// The sum of squared differences.
fn sqdiff<T: Real>(bench: &Bench) {
    fn plain<T: Real>(a: &[T], b: &[T]) -> T {
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        let mut lanes = [T::of(0.0); LANES];
        for (a, b) in a.iter().zip(b) {
            for (lane, (&a, &b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                *lane += (a - b) * (a - b);
            }
        }
        let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| (a - b) * (a - b));
        lanes.into_iter().chain(rest).sum()
    }

    for n in SIZES {
        let Some(row) = Row::of(bench, "w7_sqdiff", &n.to_string(), T::DTYPE) else { continue };
        let [a, b] = [1, 2].map(|seed| Input::<T>::random(seed, [n], -1.0..1.0));
        let mut contest = row.contest(&[a.bytes(), b.bytes()], 1, 3.0 * n as f64);
        let arrays = (a.array(), b.array());
        contest
            .expect(|_| a.values().iter().zip(b.values()).map(|(a, b)| (a.wide() - b.wide()).powi(2)).sum())
            .broadloom(move || (&arrays.0 - &arrays.1).square().sum(..))
            .peer("ndarray", || {
                let difference = &ArrayView1::from(a.values()) - &ArrayView1::from(b.values());
                difference.mapv_into(|x| x * x).sum()
            })
            .peers(
                "loop",
                || plain(a.values(), b.values()),
                || {
                    let chunks = a.values().par_chunks(CHUNK).zip(b.values().par_chunks(CHUNK));
                    chunks.map(|(a, b)| plain(a, b)).sum::<T>()
                },
            );
        contest.run();
    }
}
