//! Matrix products and layers of networks: `w9`, `w10`, `w15`.

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use gemm::{Parallelism, gemm};
use ndarray::{Array2, Array3, ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

use crate::Bench;
use crate::contest::Row;
use crate::real::{Input, Real, c};

/// Up to so many multiplications a plain loop is worth the wait.
const LOOPED: usize = 1 << 28;

/// `[m, k] @ [k, n]`.
type Sizes = [usize; 3];

const SQUARES: [usize; 6] = [64, 128, 256, 512, 1024, 2048];
const SKINNY: [Sizes; 3] = [[1, 1024, 1024], [32, 768, 3072], [128, 512, 64]];
const DENSE: [Sizes; 4] = [[5, 3, 4], [32, 784, 512], [512, 1024, 1024], [4096, 768, 3072]];

pub fn all(bench: &Bench) {
    for n in SQUARES {
        product::<f32>(bench, "w9_matmul", [n, n, n]);
        product::<f64>(bench, "w9_matmul", [n, n, n]);
    }
    for sizes in SKINNY {
        product::<f32>(bench, "w9_skinny", sizes);
        product::<f64>(bench, "w9_skinny", sizes);
    }
    for sizes in DENSE {
        dense::<f32>(bench, sizes);
        dense::<f64>(bench, sizes);
    }
    network::<f32>(bench);
    network::<f64>(bench);
    batch::<f32>(bench);
    batch::<f64>(bench);
}

/// Additions and multiplications.
fn operations([m, k, n]: Sizes) -> f64 {
    2.0 * (m * k * n) as f64
}

/// Element `place` of the product.
fn element<T: Real>(a: &[T], b: &[T], [_, k, n]: Sizes, place: usize) -> f64 {
    let (row, column) = (&a[place / n * k..][..k], b[place % n..].iter().step_by(n));
    row.iter().zip(column).map(|(a, b)| a.wide() * b.wide()).sum()
}

fn by_faer<T: Real>(out: &mut [T], a: &[T], b: &[T], [m, k, n]: Sizes, par: Par) {
    let out = MatMut::from_row_major_slice_mut(out, m, n);
    let (a, b) = (MatRef::from_row_major_slice(a, m, k), MatRef::from_row_major_slice(b, k, n));
    matmul(out, Accum::Replace, a, b, c::<T>(1.0), par);
}

fn by_gemm<T: Real>(out: &mut [T], a: &[T], b: &[T], [m, k, n]: Sizes, par: Parallelism) {
    assert!(out.len() == m * n && a.len() == m * k && b.len() == k * n);
    let (out, a, b, one) = (out.as_mut_ptr(), a.as_ptr(), b.as_ptr(), c::<T>(1.0));
    let [k_rows, n_rows] = [k as isize, n as isize];
    // SAFETY: row-major matrices of these sizes, as asserted; nothing else writes to `out`.
    unsafe {
        gemm(
            m,
            n,
            k,
            out,
            1,
            n_rows,
            false,
            a,
            1,
            k_rows,
            b,
            1,
            n_rows,
            c::<T>(0.0),
            one,
            false,
            false,
            false,
            par,
        );
    }
}

/// The product by plain loops, rows of `b` innermost so that they vectorize.
fn by_loops<T: Real>(out: &mut [T], a: &[T], b: &[T], [_, k, n]: Sizes) {
    out.fill(c::<T>(0.0));
    for (out, a) in out.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
        for (&a, b) in a.iter().zip(b.chunks_exact(n)) {
            for (out, &b) in out.iter_mut().zip(b) {
                *out += a * b;
            }
        }
    }
}

/// Adds the bias to every row, and takes what is above zero if `relu`.
fn finish<T: Real>(rows: &mut [T], bias: &[T], relu: bool) {
    let least = c::<T>(if relu { 0.0 } else { f64::NEG_INFINITY });
    for row in rows.chunks_exact_mut(bias.len()) {
        for (x, &b) in row.iter_mut().zip(bias) {
            *x = Real::max(*x + b, least);
        }
    }
}

/// `a @ b`.
fn product<T: Real>(bench: &Bench, workload: &'static str, sizes: Sizes) {
    let [m, k, n] = sizes;
    let Some(row) = Row::of(bench, workload, &format!("{m}x{k}x{n}"), T::DTYPE) else { return };
    let (a, b) = (Input::<T>::random(1, [m, k], -1.0..1.0), Input::<T>::random(2, [k, n], -1.0..1.0));
    let (av, bv) = (a.values(), b.values());
    let mut contest = row.contest(&[a.bytes(), b.bytes()], m * n, operations(sizes));
    let arrays = (a.array(), b.array());
    contest
        .expect(|place| element(av, bv, sizes, place))
        .broadloom(move || arrays.0.matmul(&arrays.1))
        .peer("ndarray", move || matrix(av, m, k).dot(&matrix(bv, k, n)))
        .peers_into(
            "gemm",
            m * n,
            move |out| by_gemm(out, av, bv, sizes, Parallelism::None),
            move |out| by_gemm(out, av, bv, sizes, Parallelism::Rayon(0)),
        )
        .peers_into(
            "faer",
            m * n,
            move |out| by_faer(out, av, bv, sizes, Par::Seq),
            move |out| by_faer(out, av, bv, sizes, Par::rayon(0)),
        );
    if m * k * n <= LOOPED {
        contest.peers_into(
            "reused",
            m * n,
            move |out| by_loops(out, av, bv, sizes),
            move |out| {
                let rows = m.div_ceil(rayon::current_num_threads());
                let parts = out.par_chunks_mut(rows * n).zip(av.par_chunks(rows * k));
                parts.for_each(|(out, a)| by_loops(out, a, bv, [out.len() / n, k, n]));
            },
        );
    }
    contest.run();
}

fn matrix<T>(values: &[T], rows: usize, columns: usize) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((rows, columns), values).expect("as many values as the shape has")
}

/// `relu(x @ w + b)`.
fn dense<T: Real>(bench: &Bench, sizes: Sizes) {
    let [m, k, n] = sizes;
    let Some(row) = Row::of(bench, "w10_dense", &format!("{m}x{k}x{n}"), T::DTYPE) else { return };
    let [x, w, b] =
        [[m, k], [k, n], [1, n]].map(|shape| Input::<T>::random(shape[0] as u64, shape, -1.0..1.0));
    let (xs, ws, bs) = (x.values(), w.values(), b.values());
    let mut contest = row.contest(&[x.bytes(), w.bytes()], m * n, operations(sizes));
    let arrays = (x.array(), w.array(), b.array());
    contest
        .expect(|place| (element(xs, ws, sizes, place) + bs[place % n].wide()).max(0.0))
        .broadloom(move || (arrays.0.matmul(&arrays.1) + &arrays.2).relu())
        .peer("ndarray", move || {
            (matrix(xs, m, k).dot(&matrix(ws, k, n)) + ArrayView1::from(bs))
                .mapv_into(|x| Real::max(x, c::<T>(0.0)))
        })
        .peers(
            "gemm",
            move || layer(xs, ws, bs, sizes, true, false),
            move || layer(xs, ws, bs, sizes, true, true),
        );
    contest.run();
}

/// A layer by `gemm`, and a loop for what follows the product.
fn layer<T: Real>(x: &[T], w: &[T], b: &[T], sizes: Sizes, relu: bool, many: bool) -> Vec<T> {
    let mut out = vec![c::<T>(0.0); sizes[0] * sizes[2]];
    by_gemm(&mut out, x, w, sizes, if many { Parallelism::Rayon(0) } else { Parallelism::None });
    if many {
        out.par_chunks_exact_mut(b.len()).for_each(|row| finish(row, b, relu));
    } else {
        finish(&mut out, b, relu);
    }
    out
}

/// Three layers, batch first.
fn network<T: Real>(bench: &Bench) {
    const BATCH: usize = 64;
    const WIDTHS: [usize; 4] = [784, 512, 256, 10];
    let Some(row) = Row::of(bench, "w10_mlp3", "64x784x512x256x10", T::DTYPE) else { return };
    let x = Input::<T>::random(0, [BATCH, WIDTHS[0]], -1.0..1.0);
    // Weights that keep the size of what passes through.
    let weights = [0, 1, 2].map(|layer| {
        let scale = (3.0 / WIDTHS[layer] as f64).sqrt();
        Input::<T>::random(10 + layer as u64, [WIDTHS[layer], WIDTHS[layer + 1]], -scale..scale)
    });
    let biases = [0, 1, 2].map(|layer| Input::<T>::random(20 + layer as u64, [WIDTHS[layer + 1]], -0.1..0.1));
    let (weights, biases) = (&weights, &biases);
    let sizes = |layer: usize| [BATCH, WIDTHS[layer], WIDTHS[layer + 1]];

    let mut wide: Vec<f64> = x.values().iter().map(|x| x.wide()).collect();
    for layer in 0..3 {
        let [_, k, n] = sizes(layer);
        let (w, b) = (weights[layer].values(), biases[layer].values());
        let least = if layer < 2 { 0.0 } else { f64::NEG_INFINITY };
        let row = |x: &[f64]| {
            let mut out: Vec<f64> = b.iter().map(|b| b.wide()).collect();
            for (x, w) in x.iter().zip(w.chunks_exact(n)) {
                out.iter_mut().zip(w).for_each(|(out, w)| *out += x * w.wide());
            }
            out.into_iter().map(move |x| x.max(least))
        };
        wide = wide.chunks_exact(k).flat_map(row).collect();
    }

    let mut inputs = vec![x.bytes()];
    inputs.extend(weights.iter().map(Input::bytes));
    let flops = (0..3).map(|layer| operations(sizes(layer))).sum();
    let mut contest = row.contest(&inputs, BATCH * WIDTHS[3], flops);
    let (array, ws, bs) =
        (x.array(), weights.each_ref().map(Input::array), biases.each_ref().map(Input::array));
    let xs = x.values();
    let by_gemm = move |many| {
        let mut rows = xs.to_vec();
        for layer in 0..3 {
            let (w, b) = (weights[layer].values(), biases[layer].values());
            rows = self::layer(&rows, w, b, sizes(layer), layer < 2, many);
        }
        rows
    };
    contest
        .expect(move |place| wide[place])
        .broadloom(move || {
            let hidden = (array.matmul(&ws[0]) + &bs[0]).relu();
            let hidden = (hidden.matmul(&ws[1]) + &bs[1]).relu();
            hidden.matmul(&ws[2]) + &bs[2]
        })
        .peer("ndarray", move || {
            let dense = |x: &ArrayView2<T>, layer: usize| -> Array2<T> {
                let [_, k, n] = sizes(layer);
                x.dot(&matrix(weights[layer].values(), k, n)) + ArrayView1::from(biases[layer].values())
            };
            let relu = |x: Array2<T>| x.mapv_into(|x| Real::max(x, c::<T>(0.0)));
            let hidden = relu(dense(&matrix(xs, BATCH, WIDTHS[0]), 0));
            dense(&relu(dense(&hidden.view(), 1)).view(), 2)
        })
        .peers("gemm", move || by_gemm(false), move || by_gemm(true));
    contest.run();
}

/// A product for each of a batch.
fn batch<T: Real>(bench: &Bench) {
    const BATCH: usize = 64;
    const SIZES: Sizes = [128, 64, 128];
    let [m, k, n] = SIZES;
    let Some(row) = Row::of(bench, "w15_bmm", "64x128x64x128", T::DTYPE) else { return };
    let a = Input::<T>::random(1, [BATCH, m, k], -1.0..1.0);
    let b = Input::<T>::random(2, [BATCH, k, n], -1.0..1.0);
    let (av, bv) = (a.values(), b.values());
    let mut contest = row.contest(&[a.bytes(), b.bytes()], BATCH * m * n, BATCH as f64 * operations(SIZES));
    let each = move |out: &mut [T], i: usize, product: fn(&mut [T], &[T], &[T])| {
        product(out, &av[i * m * k..][..m * k], &bv[i * k * n..][..k * n]);
    };
    let gemm = |out: &mut [T], a: &[T], b: &[T]| by_gemm(out, a, b, SIZES, Parallelism::None);
    let faer = |out: &mut [T], a: &[T], b: &[T]| by_faer(out, a, b, SIZES, Par::Seq);
    let one = move |product: fn(&mut [T], &[T], &[T])| {
        move |out: &mut [T]| {
            out.chunks_exact_mut(m * n).enumerate().for_each(|(i, out)| each(out, i, product));
        }
    };
    let all = move |product: fn(&mut [T], &[T], &[T])| {
        move |out: &mut [T]| {
            out.par_chunks_exact_mut(m * n).enumerate().for_each(|(i, out)| each(out, i, product));
        }
    };
    let arrays = (a.array(), b.array());
    contest
        .expect(move |place| {
            let at = place / (m * n);
            element(&av[at * m * k..], &bv[at * k * n..], SIZES, place % (m * n))
        })
        .broadloom(move || arrays.0.matmul(&arrays.1))
        .peer("ndarray", move || {
            let a = ArrayView3::from_shape((BATCH, m, k), av).expect("as many as the shape has");
            let b = ArrayView3::from_shape((BATCH, k, n), bv).expect("as many as the shape has");
            let mut out = Array3::<T>::zeros((BATCH, m, n));
            for ((mut out, a), b) in out.axis_iter_mut(Axis(0)).zip(a.outer_iter()).zip(b.outer_iter()) {
                out.assign(&a.dot(&b));
            }
            out
        })
        .peers_into("gemm", BATCH * m * n, one(gemm), all(gemm))
        .peers_into("faer", BATCH * m * n, one(faer), all(faer));
    contest.run();
}
