//! Workloads whose point is how they walk memory, and loops in the program: `w11` to `w14`, `w16`.

use broadloom::prelude::*;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Zip, s as range};
use rayon::prelude::*;

use crate::Bench;
use crate::contest::Row;
use crate::elementwise::CHUNK;
use crate::real::{Input, Real, c};
use crate::rows::rows;

/// Rows and columns of the matrices of `w11`.
const N: usize = 4096;

/// A block of a transposing loop: two of them fit the first cache, whatever the dtype.
const BLOCK: usize = 32;

/// Iterations of `w16`.
const STEPS: usize = 50;

pub fn all(bench: &Bench) {
    transpose::<f32>(bench);
    transpose::<f64>(bench);
    add_transposed::<f32>(bench);
    add_transposed::<f64>(bench);
    stride2::<f32>(bench);
    stride2::<f64>(bench);
    mask::<f32>(bench);
    mask::<f64>(bench);
    pdist::<f32>(bench);
    pdist::<f64>(bench);
    jacobi::<f32>(bench);
    jacobi::<f64>(bench);
    arange_sq(bench);
    mandel::<f32>(bench);
    mandel::<f64>(bench);
}

/// Fills `BLOCK` rows of a result from row `first` on, element `[i, j]` being `of(i, j)`, block by block.
fn by_blocks<T: Real>(first: usize, out: &mut [T], of: impl Fn(usize, usize) -> T) {
    for left in (0..N).step_by(BLOCK) {
        for (i, row) in out.chunks_exact_mut(N).enumerate() {
            for (j, out) in row[left..left + BLOCK].iter_mut().enumerate() {
                *out = of(first + i, left + j);
            }
        }
    }
}

/// A copy of the transpose.
fn transpose<T: Real>(bench: &Bench) {
    let Some(row) = Row::of(bench, "w11_transpose", &format!("{N}x{N}"), T::DTYPE) else { return };
    let x = Input::<T>::random(1, [N, N], -1.0..1.0);
    let xs = x.values();
    let mut contest = row.contest(&[x.bytes()], N * N, 0.0);
    let array = x.array();
    contest.expect(|place| xs[place % N * N + place / N].wide()).broadloom(move || array.t()).peer(
        "ndarray",
        move || {
            let view = ArrayView2::from_shape((N, N), xs).expect("a square");
            view.t().as_standard_layout().into_owned()
        },
    );
    rows(&mut contest, [N / BLOCK, N * BLOCK], move |band, out: &mut [T]| {
        by_blocks(band * BLOCK, out, |i, j| xs[j * N + i]);
    });
    contest.run();
}

/// The transpose added to the array.
fn add_transposed<T: Real>(bench: &Bench) {
    let Some(row) = Row::of(bench, "w11_add_t", &format!("{N}x{N}"), T::DTYPE) else { return };
    let x = Input::<T>::random(1, [N, N], -1.0..1.0);
    let xs = x.values();
    let view = ArrayView2::from_shape((N, N), xs).expect("a square");
    let mut contest = row.contest(&[x.bytes()], N * N, 0.0);
    let array = x.array();
    contest
        .expect(|place| xs[place % N * N + place / N].wide() + xs[place].wide())
        .broadloom(move || array.t() + &array)
        .peer("ndarray", move || &view.t() + &view)
        .peers(
            "zip",
            move || Zip::from(view.t()).and(view).map_collect(|&a, &b| a + b),
            move || Zip::from(view.t()).and(view).par_map_collect(|&a, &b| a + b),
        );
    rows(&mut contest, [N / BLOCK, N * BLOCK], move |band, out: &mut [T]| {
        by_blocks(band * BLOCK, out, |i, j| xs[j * N + i] + xs[i * N + j]);
    });
    contest.run();
}

/// Every other column, doubled.
fn stride2<T: Real>(bench: &Bench) {
    let Some(row) = Row::of(bench, "w11_stride2", &format!("{N}x{N}"), T::DTYPE) else { return };
    let x = Input::<T>::random(1, [N, N], -1.0..1.0);
    let xs = x.values();
    let view = ArrayView2::from_shape((N, N), xs).expect("a square");
    let mut contest = row.contest(&[x.bytes()], N * N / 2, 0.0);
    let array = x.array();
    contest
        .expect(|place| 2.0 * xs[2 * place].wide())
        .broadloom(move || array.slice(s![.., ..;2]) * 2.0)
        .peer("ndarray", move || &view.slice(range![.., ..;2]) * c::<T>(2.0));
    rows(&mut contest, [N, N / 2], move |i, row: &mut [T]| {
        for (out, pair) in row.iter_mut().zip(xs[i * N..][..N].as_chunks::<2>().0) {
            *out = pair[0] * c::<T>(2.0);
        }
    });
    contest.run();
}

/// The positive elements.
fn mask<T: Real>(bench: &Bench) {
    for n in [100_000, 1_000_000, 10_000_000] {
        let Some(row) = Row::of(bench, "w11_mask", &n.to_string(), T::DTYPE) else { continue };
        let x = Input::<T>::random(1, [n], -1.0..1.0);
        let xs = x.values();
        let positive = || xs.iter().copied().filter(|&x| x > c::<T>(0.0)).collect::<Vec<T>>();
        let expected = positive();
        let mut contest = row.contest(&[x.bytes()], expected.len(), 0.0);
        let array = x.array();
        contest
            .expect(|place| expected[place].wide())
            .broadloom(move || array.mask(&array.greater(0.0)).expect("a mask of the array"))
            .peer("loop", positive);
        contest.run();
    }
}

/// Distances between all pairs of points.
fn pdist<T: Real>(bench: &Bench) {
    const POINTS: usize = 1000;
    let Some(row) = Row::of(bench, "w12_pdist", "1000x3", T::DTYPE) else { return };
    let x = Input::<T>::random(1, [POINTS, 3], -1.0..1.0);
    let xs = x.values();
    let points = xs.as_chunks::<3>().0;
    let mut contest = row.contest(&[], POINTS * POINTS, 9.0 * (POINTS * POINTS) as f64);
    let array = x.array();
    contest
        .expect(|place| {
            let (a, b) = (points[place / POINTS], points[place % POINTS]);
            a.iter().zip(b).map(|(a, b)| (a.wide() - b.wide()).powi(2)).sum::<f64>().sqrt()
        })
        .broadloom(move || {
            let difference = array.slice(s![.., NewAxis, ..]) - array.slice(s![NewAxis, .., ..]);
            difference.square().sum(-1).sqrt()
        })
        .peer("ndarray", move || {
            let view = ArrayView2::from_shape((POINTS, 3), xs).expect("three to a point");
            let difference = &view.insert_axis(Axis(1)) - &view.insert_axis(Axis(0));
            difference.mapv_into(|x| x * x).sum_axis(Axis(2)).mapv_into(Real::sqrt)
        });
    rows(&mut contest, [POINTS, POINTS], move |i, row: &mut [T]| {
        let a = points[i];
        for (out, b) in row.iter_mut().zip(points) {
            let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
            *out = Real::sqrt(x * x + y * y + z * z);
        }
    });
    contest.run();
}

/// A step of Jacobi's method: the mean of the four neighbors.
fn jacobi<T: Real>(bench: &Bench) {
    const SIDE: usize = 2048;
    const INNER: usize = SIDE - 2;
    let Some(row) = Row::of(bench, "w13_jacobi", "2048x2048", T::DTYPE) else { return };
    let x = Input::<T>::random(1, [SIDE, SIDE], -1.0..1.0);
    let xs = x.values();
    let view = ArrayView2::from_shape((SIDE, SIDE), xs).expect("a square");
    let mut contest = row.contest(&[x.bytes()], INNER * INNER, 4.0 * (INNER * INNER) as f64);
    let array = x.array();
    contest
        .expect(|place| {
            let at = (place / INNER + 1) * SIDE + place % INNER + 1;
            [at - SIDE, at + SIDE, at - 1, at + 1].iter().map(|&at| xs[at].wide()).sum::<f64>() * 0.25
        })
        .broadloom(move || {
            let [north, south] = [array.slice(s![..-2, 1..-1]), array.slice(s![2.., 1..-1])];
            let [west, east] = [array.slice(s![1..-1, ..-2]), array.slice(s![1..-1, 2..])];
            (north + south + west + east) * 0.25
        })
        .peer("ndarray", move || {
            let inner = 1..SIDE - 1;
            let [north, south] = [0..INNER, 2..SIDE].map(|rows| view.slice(range![rows, inner.clone()]));
            let [west, east] = [0..INNER, 2..SIDE].map(|columns| view.slice(range![inner.clone(), columns]));
            (&north + &south + west + east) * c::<T>(0.25)
        })
        .peers(
            "zip",
            move || Zip::from(view.windows([3, 3])).map_collect(|x| around(&x)),
            move || Zip::from(view.windows([3, 3])).par_map_collect(|x| around(&x)),
        );
    rows(&mut contest, [INNER, INNER], move |i, row: &mut [T]| {
        let [north, middle, south] = [0, 1, 2].map(|down| &xs[(i + down) * SIDE..][..SIDE]);
        for (j, out) in row.iter_mut().enumerate() {
            *out = (north[j + 1] + south[j + 1] + middle[j] + middle[j + 2]) * c::<T>(0.25);
        }
    });
    contest.run();
}

/// The mean of the neighbors in a window of three by three.
fn around<T: Real>(x: &ArrayView2<T>) -> T {
    (x[[0, 1]] + x[[2, 1]] + x[[1, 0]] + x[[1, 2]]) * c::<T>(0.25)
}

/// The squares of the first integers.
fn arange_sq(bench: &Bench) {
    const COUNT: usize = 1_000_000;
    let Some(row) = Row::of(bench, "w14_arange_sq", "1000000", I64) else { return };
    let mut contest = row.contest(&[], COUNT, 0.0);
    let squares = || (0..COUNT as i64).map(|n| n * n);
    contest
        .expect(|place| (place * place) as f64)
        .broadloom(|| Array::arange(0..COUNT as i64).pow(2))
        .peer("ndarray", || ndarray::Array1::from_iter(0..COUNT as i64).mapv_into(|n| n * n))
        .peers(
            "loop",
            move || squares().collect::<Vec<i64>>(),
            || {
                let mut out = vec![0; COUNT];
                out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out): (usize, &mut [i64])| {
                    for (out, n) in out.iter_mut().zip((chunk * CHUNK) as i64..) {
                        *out = n * n;
                    }
                });
                out
            },
        );
    contest.run();
}

/// How often `z = z z + c` stays inside, of at most [`STEPS`] times, for a grid of `c`.
fn mandel<T: Real>(bench: &Bench) {
    const SIDE: usize = 512;
    let Some(row) = Row::of(bench, "w16_mandel", "512x512", T::DTYPE) else { return };
    let line = |from: f64, to: f64| -> Vec<T> {
        (0..SIDE).map(|i| c::<T>(from + (to - from) * i as f64 / (SIDE - 1) as f64)).collect()
    };
    let (re, im) = (line(-2.0, 0.5), line(-1.25, 1.25));
    let (res, ims) = (&re[..], &im[..]);
    let arrays = (
        Array::from_slice(res, [1, SIDE]).expect("as many as the shape has"),
        Array::from_slice(ims, [SIDE, 1]).expect("as many as the shape has"),
    );
    // Three products, five sums and a comparison in each step, and the count.
    let mut contest = row.contest(&[], SIDE * SIDE, (10 * STEPS * SIDE * SIDE) as f64);
    contest
        // In the dtype: near the border, roundings decide.
        .expect(|place| count(res[place % SIDE], ims[place / SIDE]).wide())
        .broadloom(move || {
            let (cr, ci) = &arrays;
            let (mut zr, mut zi) = (cr + ci * 0.0, ci + cr * 0.0);
            let mut count = Array::zeros([SIDE, SIDE], T::DTYPE);
            for _ in 0..STEPS {
                let (rr, ii) = (&zr * &zr, &zi * &zi);
                let inside = (&rr + &ii).less_equal(4.0);
                let (next_r, next_i) = (&rr - &ii + cr, 2.0 * &zr * &zi + ci);
                zr = where_(&inside, next_r, &zr);
                zi = where_(&inside, next_i, &zi);
                count = where_(&inside, &count + 1.0, &count);
            }
            count
        })
        .peer("ndarray", move || {
            let (cr, ci) = (ArrayView1::from(res), ArrayView1::from(ims));
            let (cr, ci) = (cr.insert_axis(Axis(0)), ci.insert_axis(Axis(1)));
            let mut zr: Array2<T> = cr.broadcast((SIDE, SIDE)).expect("a row").to_owned();
            let mut zi: Array2<T> = ci.broadcast((SIDE, SIDE)).expect("a column").to_owned();
            let mut count = Array2::<T>::zeros((SIDE, SIDE));
            for _ in 0..STEPS {
                let (rr, ii) = (&zr * &zr, &zi * &zi);
                let inside = (&rr + &ii).mapv_into_any(|sum| sum <= c::<T>(4.0));
                let (next_r, next_i) = (&rr - &ii + cr, &zr * c::<T>(2.0) * &zi + ci);
                Zip::from(&mut zr).and(&inside).and(&next_r).for_each(|z, &go, &n| {
                    if go {
                        *z = n
                    }
                });
                Zip::from(&mut zi).and(&inside).and(&next_i).for_each(|z, &go, &n| {
                    if go {
                        *z = n
                    }
                });
                count.zip_mut_with(&inside, |count, &go| {
                    if go {
                        *count += c::<T>(1.0)
                    }
                });
            }
            count
        });
    rows(&mut contest, [SIDE, SIDE], move |i, row: &mut [T]| {
        for (out, &re) in row.iter_mut().zip(res) {
            *out = count(re, ims[i]);
        }
    });
    contest.run();
}

/// One point, with the early end that a loop allows.
fn count<T: Real>(cr: T, ci: T) -> T {
    let (mut zr, mut zi, mut count) = (cr, ci, c::<T>(0.0));
    for _ in 0..STEPS {
        let (rr, ii) = (zr * zr, zi * zi);
        if rr + ii > c::<T>(4.0) {
            break;
        }
        (zr, zi) = (rr - ii + cr, c::<T>(2.0) * zr * zi + ci);
        count += c::<T>(1.0);
    }
    count
}
