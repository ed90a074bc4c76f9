//! Reductions over one axis: `w7`, of a matrix's columns and rows and of the middle of three axes.
//!
//! Plain loops go through memory once, or twice for variances, and vectorize. Those with several threads share out
//! rows; for columns every thread makes a row of its own of its part, and these are joined.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use crate::Bench;
use crate::contest::{Contest, Row};
use crate::output::Output;
use crate::real::{Input, Real};
use crate::reductions::{max, sum};

/// The sides of a matrix.
const N: usize = 4096;

/// Three axes.
const MIDDLE: [usize; 3] = [64, 512, 512];

pub fn all(bench: &Bench) {
    sums::<f32>(bench);
    sums::<f64>(bench);
    extremes::<f32>(bench);
    extremes::<f64>(bench);
    variances::<f32>(bench);
    variances::<f64>(bench);
    middle::<f32>(bench);
    middle::<f64>(bench);
}

/// Takes every column a step along the rows, one after the other.
#[inline(always)] // Where it is known how many columns there are, `step` may look one up without a check.
fn walk<T: Real>(columns: &mut [T], rows: &[T], step: impl Fn(usize, T, T) -> T) {
    for row in rows.chunks_exact(columns.len()) {
        for (at, (column, value)) in columns.iter_mut().zip(row).enumerate() {
            *column = step(at, *column, *value);
        }
    }
}

/// What a walk along the rows of a matrix makes of `start`; of so many parts of them, what `join` makes of theirs.
fn columns<T: Real>(
    matrix: &[T],
    parts: usize,
    start: T,
    step: impl Fn(usize, T, T) -> T + Sync,
    join: impl Fn(T, T) -> T + Sync,
) -> Vec<T> {
    let part = |rows: &[T]| {
        let mut columns = vec![start; N];
        walk(&mut columns, rows, &step);
        columns
    };
    if parts == 1 {
        return part(matrix);
    }
    let found = matrix.par_chunks(N * N.div_ceil(parts)).map(part);
    let joined = found.reduce_with(|mut all, part| {
        walk(&mut all, &part, |_, a, b| join(a, b));
        all
    });
    joined.expect("a matrix has rows")
}

/// The loop over columns, given how many parts of the rows are taken at a time.
fn by_columns<'a, T: Real>(contest: &mut Contest<'a>, of: impl Fn(usize) -> Vec<T> + Copy + Send + 'a) {
    contest.peers("loop", move || of(1), move || of(rayon::current_num_threads()));
}

/// The loop that finds something of every row.
fn by_rows<'a, T: Real, R: Send + 'a>(
    contest: &mut Contest<'a>,
    matrix: &'a [T],
    of: impl Fn(&[T]) -> R + Copy + Send + Sync + 'a,
) where
    Vec<R>: Output,
{
    contest.peers(
        "loop",
        move || matrix.chunks_exact(N).map(of).collect::<Vec<R>>(),
        move || matrix.par_chunks_exact(N).map(of).collect::<Vec<R>>(),
    );
}

fn added<T: Real>(a: T, b: T) -> T {
    a + b
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

/// The sums of columns and rows.
fn sums<T: Real>(bench: &Bench) {
    let row = |name| Row::of(bench, name, "4096x4096", T::DTYPE);
    let matrix = || Input::<T>::random(1, [N, N], -1.0..1.0);
    let work = (N * N) as f64;
    if let Some(row) = row("w7_sum_ax0") {
        let x = matrix();
        let view = ArrayView2::from_shape((N, N), x.values()).expect("a square");
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|j| x.values()[j..].iter().step_by(N).map(|x| x.wide()).sum())
            .broadloom(move || array.sum(0))
            .peer("ndarray", move || view.sum_axis(Axis(0)));
        by_columns(&mut contest, |parts| columns(x.values(), parts, T::of(0.0), |_, a, b| a + b, added));
        contest.run();
    }
    if let Some(row) = row("w7_sum_ax1") {
        let x = matrix();
        let view = ArrayView2::from_shape((N, N), x.values()).expect("a square");
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|i| x.values()[i * N..][..N].iter().map(|x| x.wide()).sum())
            .broadloom(move || array.sum(1))
            .peer("ndarray", move || view.sum_axis(Axis(1)));
        by_rows(&mut contest, x.values(), |row| sum(row, |x| x));
        contest.run();
    }
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
            .broadloom(move || array.max(0));
        let least = T::of(f64::NEG_INFINITY);
        by_columns(&mut contest, |parts| columns(x.values(), parts, least, |_, a, b| larger(a, b), larger));
        contest.run();
    }
    if let Some(row) = row("w7_max_ax1") {
        let x = matrix();
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest
            .expect(|i| x.values()[i * N..][..N].iter().map(|x| x.wide()).fold(f64::NEG_INFINITY, f64::max))
            .broadloom(move || array.max(1));
        by_rows(&mut contest, x.values(), max);
        contest.run();
    }
    if let Some(row) = row("w7_argmax_ax1") {
        let x = matrix();
        let mut contest = row.contest(&[x.bytes()], N, work);
        let array = x.array();
        contest.expect(|i| argmax(&x.values()[i * N..][..N]) as f64).broadloom(move || array.argmax(1));
        by_rows(&mut contest, x.values(), argmax);
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
            .broadloom(move || array.var(0));
        by_columns(&mut contest, |parts| {
            let mut means = columns(x.values(), parts, T::of(0.0), |_, a, b| a + b, added);
            means.iter_mut().for_each(|mean| *mean /= count);
            let means = means.first_chunk::<N>().expect("one of every column");
            let distance = |j: usize, sum, x| sum + (x - means[j]) * (x - means[j]);
            let mut sums = columns(x.values(), parts, T::of(0.0), distance, added);
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
            .broadloom(move || array.var(1));
        by_rows(&mut contest, x.values(), move |row| {
            let mean = sum(row, |x| x) / count;
            sum(row, |x| (x - mean) * (x - mean)) / count
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
        .peers(
            "loop",
            || {
                let mut sums = vec![T::of(0.0); a * c];
                let parts = sums.chunks_exact_mut(c).zip(xs.chunks_exact(b * c));
                parts.for_each(|(sums, matrix)| walk(sums, matrix, |_, a, b| a + b));
                sums
            },
            || {
                let mut sums = vec![T::of(0.0); a * c];
                let parts = sums.par_chunks_exact_mut(c).zip(xs.par_chunks_exact(b * c));
                parts.for_each(|(sums, matrix)| walk(sums, matrix, |_, a, b| a + b));
                sums
            },
        );
    contest.run();
}
