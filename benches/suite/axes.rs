//! Reductions over one axis: `w7`, of a matrix's columns and rows and of the middle of three axes.
//!
//! Plain loops go through memory once, or twice for variances, and vectorize.

use crate::Bench;
use crate::contest::Row;
use crate::real::{Input, Real};
use crate::reductions::{max, sum};

/// The sides of a matrix.
const N: usize = 4096;

/// Three axes.
const MIDDLE: [usize; 3] = [64, 512, 512];

pub fn all(bench: &Bench) {
    extremes::<f32>(bench);
    extremes::<f64>(bench);
    variances::<f32>(bench);
    variances::<f64>(bench);
    middle::<f32>(bench);
    middle::<f64>(bench);
}

/// For every column what the rows make of `start`, one after the other.
fn columns<T: Real>(values: &[T], start: T, step: impl Fn(usize, T, T) -> T) -> Vec<T> {
    let mut all = vec![start; N];
    for row in values.chunks_exact(N) {
        for (column, (all, value)) in all.iter_mut().zip(row).enumerate() {
            *all = step(column, *all, *value);
        }
    }
    all
}

fn larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// Where the first of the largest elements is.
fn argmax<T: Real>(row: &[T]) -> i64 {
    let mut best = 0;
    for (at, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = at;
        }
    }
    best as i64
}

/// The maxima of columns and rows, and where those of rows are.
fn extremes<T: Real>(bench: &Bench) {
    let row = |name| Row::of(bench, name, "4096x4096", T::DTYPE);
    let matrix = || Input::<T>::random(1, [N, N], -1.0..1.0);
    let work = (N * N) as f64;
    if let Some(row) = row("w7_max_ax0") {
        let x = matrix();
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|j| x.values()[j..].iter().step_by(N).map(|x| x.wide()).fold(f64::NEG_INFINITY, f64::max))
            .broadloom(move || array.max(0))
            .peer("loop", || columns(x.values(), T::of(f64::NEG_INFINITY), |_, a, b| larger(a, b)));
        contest.run();
    }
    if let Some(row) = row("w7_max_ax1") {
        let x = matrix();
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|i| x.values()[i * N..][..N].iter().map(|x| x.wide()).fold(f64::NEG_INFINITY, f64::max))
            .broadloom(move || array.max(1))
            .peer("loop", || x.values().chunks_exact(N).map(max).collect::<Vec<T>>());
        contest.run();
    }
    if let Some(row) = row("w7_argmax_ax1") {
        let x = matrix();
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|i| argmax(&x.values()[i * N..][..N]) as f64)
            .broadloom(move || array.argmax(1))
            .peer("loop", || x.values().chunks_exact(N).map(argmax).collect::<Vec<i64>>());
        contest.run();
    }
}

/// The variances of columns and rows.
fn variances<T: Real>(bench: &Bench) {
    let row = |name| Row::of(bench, name, "4096x4096", T::DTYPE);
    let matrix = || Input::<T>::random(1, [N, N], -1.0..1.0);
    let (work, count) = ((3 * N * N) as f64, T::of(N as f64));
    let wide = |values: &mut dyn Iterator<Item = f64>| {
        let values: Vec<f64> = values.collect();
        let mean = values.iter().sum::<f64>() / N as f64;
        values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / N as f64
    };
    if let Some(row) = row("w7_var_ax0") {
        let x = matrix();
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|j| wide(&mut x.values()[j..].iter().step_by(N).map(|x| x.wide())))
            .broadloom(move || array.var(0))
            .peer("loop", || {
                let mut means = columns(x.values(), T::of(0.0), |_, a, b| a + b);
                means.iter_mut().for_each(|mean| *mean /= count);
                let distance = |j: usize, sum, x| sum + (x - means[j]) * (x - means[j]);
                let mut sums = columns(x.values(), T::of(0.0), distance);
                sums.iter_mut().for_each(|sum| *sum /= count);
                sums
            });
        contest.run();
    }
    if let Some(row) = row("w7_var_ax1") {
        let x = matrix();
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|i| wide(&mut x.values()[i * N..][..N].iter().map(|x| x.wide())))
            .broadloom(move || array.var(1))
            .peer("loop", || {
                let one = |row: &[T]| {
                    let mean = sum(row, |x| x) / count;
                    sum(row, |x| (x - mean) * (x - mean)) / count
                };
                x.values().chunks_exact(N).map(one).collect::<Vec<T>>()
            });
        contest.run();
    }
}

/// Sums over the middle of three axes.
fn middle<T: Real>(bench: &Bench) {
    let [a, b, c] = MIDDLE;
    let Some(row) = Row::of(bench, "w7_sum_mid", &format!("{a}x{b}x{c}"), T::DTYPE) else { return };
    let x = Input::<T>::random(1, MIDDLE, -1.0..1.0);
    let xs = x.values();
    let mut contest = row.contest(&[x.bytes()], a * c, (a * b * c) as f64);
    let array = x.array();
    contest
        .expect(|at| xs[at / c * b * c + at % c..].iter().step_by(c).take(b).map(|x| x.wide()).sum())
        .broadloom(move || array.sum(1))
        .peer("loop", || {
            let mut sums = vec![T::of(0.0); a * c];
            for (sums, matrix) in sums.chunks_exact_mut(c).zip(xs.chunks_exact(b * c)) {
                for row in matrix.chunks_exact(c) {
                    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += *value);
                }
            }
            sums
        });
    contest.run();
}
