//! Matrices walked row by row, with vectors along their axes: `w6` and `w8`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};
use rayon::prelude::*;

use crate::Bench;
use crate::contest::{Contest, Row};
use crate::real::{Input, Real, c};

/// What layer norm adds to variances.
const EPSILON: f64 = 1e-5;

pub fn all(bench: &Bench) {
    for n in [1024, 4096] {
        outer_tanh::<f32>(bench, n);
        outer_tanh::<f64>(bench, n);
    }
    bias_relu::<f32>(bench);
    bias_relu::<f64>(bench);
    for shape in [[32768, 32], [1024, 1024], [64, 32000]] {
        softmax::<f32>(bench, shape);
        softmax::<f64>(bench, shape);
    }
    layer_norm::<f32>(bench);
    layer_norm::<f64>(bench);
}

/// Plain loops that fill one row of the result after the other: into new memory and into memory there is.
pub fn rows<'a, T: Real>(
    contest: &mut Contest<'a>,
    [height, width]: [usize; 2],
    fill: impl Fn(usize, &mut [T]) + Copy + Send + Sync + 'a,
) {
    let one = move |out: &mut [T]| out.chunks_exact_mut(width).enumerate().for_each(|(i, row)| fill(i, row));
    let all =
        move |out: &mut [T]| out.par_chunks_exact_mut(width).enumerate().for_each(|(i, row)| fill(i, row));
    let size = height * width;
    let fresh = move || vec![T::of(0.0); size];
    let new_by = move |fill: &dyn Fn(&mut [T])| {
        let mut out = fresh();
        fill(&mut out);
        out
    };
    contest.peers("loop", move || new_by(&one), move || new_by(&all)).peers_into("reused", size, one, all);
}

/// `tanh(x + y)` of a column and a row.
fn outer_tanh<T: Real>(bench: &Bench, n: usize) {
    let Some(row) = Row::of(bench, "w6_outer_tanh", &format!("{n}x{n}"), T::DTYPE) else { return };
    let (x, y) = (Input::<T>::random(1, [n, 1], -1.0..1.0), Input::<T>::random(2, [1, n], -1.0..1.0));
    let (xs, ys) = (x.values(), y.values());
    let mut contest = row.contest(&[], n * n, 0.0);
    let arrays = (x.array(), y.array());
    contest
        .expect(|place| (xs[place / n].wide() + ys[place % n].wide()).tanh())
        .broadloom(move || (&arrays.0 + &arrays.1).tanh())
        .peer("ndarray", || {
            let column = ArrayView1::from(xs).insert_axis(Axis(1));
            (&column + &ArrayView1::from(ys).insert_axis(Axis(0))).mapv_into(Real::tanh)
        });
    rows(&mut contest, [n, n], |i, row: &mut [T]| {
        let x = xs[i];
        for (out, &y) in row.iter_mut().zip(ys) {
            *out = Real::tanh(x + y);
        }
    });
    contest.run();
}

/// `relu(x + b)`, `b` added to every row.
fn bias_relu<T: Real>(bench: &Bench) {
    let [m, n] = [4096, 1024];
    let Some(row) = Row::of(bench, "w6_bias_relu", "4096x1024", T::DTYPE) else { return };
    let (x, b) = (Input::<T>::random(1, [m, n], -1.0..1.0), Input::<T>::random(2, [n], -1.0..1.0));
    let (xs, bs) = (x.values(), b.values());
    let relu = |x: T, b: T| Real::max(x + b, c::<T>(0.0));
    let view = ArrayView2::from_shape((m, n), xs).expect("as many as the shape has");
    let mut contest = row.contest(&[x.bytes()], m * n, 0.0);
    let arrays = (x.array(), b.array());
    contest
        .expect(|place| (xs[place].wide() + bs[place % n].wide()).max(0.0))
        .broadloom(move || (&arrays.0 + &arrays.1).relu())
        .peer("ndarray", move || (&view + &ArrayView1::from(bs)).mapv_into(|x| Real::max(x, c::<T>(0.0))))
        .peers(
            "zip",
            move || Zip::from(view).and_broadcast(bs).map_collect(|&x, &b| relu(x, b)),
            move || Zip::from(view).and_broadcast(bs).par_map_collect(|&x, &b| relu(x, b)),
        );
    rows(&mut contest, [m, n], |i, row: &mut [T]| {
        for ((out, &x), &b) in row.iter_mut().zip(&xs[i * n..]).zip(bs) {
            *out = relu(x, b);
        }
    });
    contest.run();
}

/// Softmax of every row.
fn softmax<T: Real>(bench: &Bench, [m, n]: [usize; 2]) {
    let Some(row) = Row::of(bench, "w8_softmax", &format!("{m}x{n}"), T::DTYPE) else { return };
    let x = Input::<T>::random(1, [m, n], -1.0..1.0);
    let xs = x.values();
    let view = ArrayView2::from_shape((m, n), xs).expect("as many as the shape has");
    let larger = |a: T, b: T| if a > b { a } else { b };
    let mut contest = row.contest(&[x.bytes()], m * n, 0.0);
    let array = x.array();
    contest
        .expect(|place| {
            let row = &xs[place / n * n..][..n];
            let top = row.iter().map(|x| x.wide()).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|x| (x.wide() - top).exp()).sum();
            (xs[place].wide() - top).exp() / sum
        })
        .broadloom(move || array.softmax(-1))
        .peer("ndarray", move || {
            let top = view.fold_axis(Axis(1), c::<T>(f64::NEG_INFINITY), |a, b| larger(*a, *b));
            let powers: Array2<T> = (&view - &top.insert_axis(Axis(1))).mapv_into(Real::exp);
            let sums = powers.sum_axis(Axis(1)).insert_axis(Axis(1));
            powers / sums
        });
    rows(&mut contest, [m, n], move |i, row: &mut [T]| {
        let x = &xs[i * n..][..n];
        let top = x.iter().copied().fold(c::<T>(f64::NEG_INFINITY), larger);
        let mut sum = c::<T>(0.0);
        for (out, &x) in row.iter_mut().zip(x) {
            *out = Real::exp(x - top);
            sum += *out;
        }
        for out in row {
            *out /= sum;
        }
    });
    contest.run();
}

/// Layer norm of every row, with gain and bias.
fn layer_norm<T: Real>(bench: &Bench) {
    let [m, n] = [4096, 768];
    let Some(row) = Row::of(bench, "w8_layernorm", "4096x768", T::DTYPE) else { return };
    let x = Input::<T>::random(1, [m, n], -1.0..1.0);
    let [gain, bias] = [2, 3].map(|seed| Input::<T>::random(seed, [n], -1.0..1.0));
    let (xs, gains, biases) = (x.values(), gain.values(), bias.values());
    let view = ArrayView2::from_shape((m, n), xs).expect("as many as the shape has");
    let count = c::<T>(n as f64);
    let mut contest = row.contest(&[x.bytes()], m * n, 0.0);
    let arrays = (x.array(), gain.array(), bias.array());
    contest
        .expect(|place| {
            let row = &xs[place / n * n..][..n];
            let mean = row.iter().map(|x| x.wide()).sum::<f64>() / n as f64;
            let var = row.iter().map(|x| (x.wide() - mean).powi(2)).sum::<f64>() / n as f64;
            let (gain, bias) = (gains[place % n].wide(), biases[place % n].wide());
            (xs[place].wide() - mean) / (var + EPSILON).sqrt() * gain + bias
        })
        .broadloom(move || arrays.0.layer_norm(-1, &arrays.1, &arrays.2, EPSILON))
        .peer("ndarray", move || {
            let mean: Array2<T> = (view.sum_axis(Axis(1)) / count).insert_axis(Axis(1));
            let centered: Array2<T> = &view - &mean;
            let var: Array1<T> = centered.mapv(|x| x * x).sum_axis(Axis(1)) / count;
            let spread = var.mapv_into(|var| Real::sqrt(var + c::<T>(EPSILON))).insert_axis(Axis(1));
            centered / spread * ArrayView1::from(gains) + ArrayView1::from(biases)
        });
    rows(&mut contest, [m, n], move |i, row: &mut [T]| {
        let x = &xs[i * n..][..n];
        let mean = x.iter().copied().sum::<T>() / count;
        let var = x.iter().map(|&x| (x - mean) * (x - mean)).sum::<T>() / count;
        let scale = c::<T>(1.0) / Real::sqrt(var + c::<T>(EPSILON));
        for (((out, &x), &gain), &bias) in row.iter_mut().zip(x).zip(gains).zip(biases) {
            *out = (x - mean) * scale * gain + bias;
        }
    });
    contest.run();
}
