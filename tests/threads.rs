//! May arrays go anywhere, and do values depend on the number of threads?
//!
//! They must not: every reduction and product is cut into tasks at places that depend on sizes
//! alone, and evaluating inside somebody's pool uses that pool and never waits for another.

use std::sync::mpsc::channel;
use std::time::Duration;

use broadloom::prelude::*;
use broadloom::{Error, Explain, Overlap, complex, random};
use rayon::prelude::*;

const fn crosses_threads<T: Send + Sync>() {}
const _: () = crosses_threads::<Array>();
const _: () = crosses_threads::<Error>();
const _: () = crosses_threads::<Explain>();

/// What `work` gives; a panic where it would wait forever.
fn ends<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let (send, receive) = channel();
    let thread = std::thread::spawn(move || {
        let _ = send.send(work());
    });
    match receive.recv_timeout(Duration::from_secs(300)) {
        Ok(result) => result,
        Err(error) => match thread.is_finished() {
            true => std::panic::resume_unwind(thread.join().unwrap_err()),
            false => panic!("a deadlock: {error}"),
        },
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Values of all magnitudes, so that another order of adding them gives other bits.
fn noise(count: usize, shape: &[usize]) -> Array {
    let mut state = 12345_u32;
    let values = (0..count).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let x = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
        x * [1.0, 1e-3, 1e3][(state >> 5) as usize % 3]
    });
    Array::from_vec(values.collect(), shape).unwrap()
}

fn bits(array: &Array) -> Vec<u32> {
    match array.dtype() {
        F32 => array.to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect(),
        F64 => array.to_vec::<f64>().unwrap().into_iter().flat_map(|x| split(x.to_bits())).collect(),
        I64 => array.to_vec::<i64>().unwrap().into_iter().flat_map(|x| split(x as u64)).collect(),
        C64 => [array.real(), array.imag()].iter().flat_map(bits).collect(),
        other => panic!("no bits of {other}"),
    }
}

fn split(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

/// The bits of what `build` writes are the same in pools of 1, 2, 3, 4 and 7 threads, and outside.
fn same_for_any_number_of_threads(build: impl Fn() -> Array + Sync) {
    let expected = pool(1).install(|| bits(&build()));
    for threads in [2, 3, 4, 7] {
        let got = pool(threads).install(|| bits(&build()));
        assert!(got == expected, "{threads} threads give other bits than one");
    }
    assert!(bits(&build()) == expected, "the engine's own threads give other bits than one");
}

#[test]
fn sums_of_a_million_do_not_depend_on_the_number_of_threads() {
    let x = noise(1_000_000, &[1_000_000]);
    same_for_any_number_of_threads(|| x.sum(..));
    same_for_any_number_of_threads(|| (&x * 1.5 - 0.25).square().mean(..));
    same_for_any_number_of_threads(|| x.slice(s![..;-1]).sum(..));
    same_for_any_number_of_threads(|| x.slice(s![3..;3]).astype(F64).sum(..));
    same_for_any_number_of_threads(|| x.var(..));
}

#[test]
fn few_long_rows_do_not_depend_on_the_number_of_threads() {
    let x = noise(900_000, &[3, 300_000]);
    let gain = noise(300_000, &[300_000]);
    same_for_any_number_of_threads(|| x.softmax(-1));
    same_for_any_number_of_threads(|| x.layer_norm(-1, &gain, 0.5, 1e-5));
    same_for_any_number_of_threads(|| (&x - x.mean(over(-1).keepdims())) / x.std(over(-1).keepdims()));
    // Rows of two axes that do not merge, at each index of two others.
    let turned = noise(1_200_000, &[600, 1000, 2, 1]).permute_dims([3, 2, 1, 0]);
    same_for_any_number_of_threads(|| turned.softmax([-2, -1]));
}

#[test]
fn sums_along_and_across_axes_do_not_depend_on_the_number_of_threads() {
    for shape in [[1000, 1000], [4, 250_000], [250_000, 4], [1, 1_000_000], [1_000_000, 1], [3, 333_333]] {
        let x = noise(shape[0] * shape[1], &shape);
        same_for_any_number_of_threads(|| x.sum(0));
        same_for_any_number_of_threads(|| x.sum(1));
        same_for_any_number_of_threads(|| x.t().sum(..));
    }
    let x = noise(100 * 100 * 100, &[100, 100, 100]);
    same_for_any_number_of_threads(|| x.sum([0, 2]));
    same_for_any_number_of_threads(|| x.sum(1));
    same_for_any_number_of_threads(|| x.prod([1, 2]));
    same_for_any_number_of_threads(|| x.argmax(..));
    same_for_any_number_of_threads(|| x.argmin([0, 1]));
}

#[test]
fn compositions_do_not_depend_on_the_number_of_threads() {
    for shape in [[1000, 1000], [10, 100_000], [100_000, 10], [1, 1_000_000]] {
        let x = noise(shape[0] * shape[1], &shape) * 0.01;
        x.force().unwrap();
        same_for_any_number_of_threads(|| x.softmax(1));
        same_for_any_number_of_threads(|| x.softmax(0));
        same_for_any_number_of_threads(|| x.layer_norm(1, 1.5, 0.5, 1e-5));
        same_for_any_number_of_threads(|| x.log_softmax(..).sin());
    }
}

#[test]
fn products_do_not_depend_on_the_number_of_threads() {
    for [m, k, n] in [[256, 300, 200], [1, 5000, 300], [3000, 70, 5], [65, 2000, 63], [700, 3, 700]] {
        let (a, b, bias) = (noise(m * k, &[m, k]), noise(k * n, &[k, n]), noise(n, &[n]));
        same_for_any_number_of_threads(|| a.matmul(&b));
        same_for_any_number_of_threads(|| (a.matmul(&b) + &bias).relu() * 0.5);
        same_for_any_number_of_threads(|| (b.t().matmul(&a.t())).exp());
        same_for_any_number_of_threads(|| a.matmul(&b.slice(s![.., 0])));
    }
    let (a, b) = (noise(50 * 40 * 30, &[50, 40, 30]), noise(30 * 60, &[30, 60]));
    same_for_any_number_of_threads(|| a.matmul(&b) + 1.0);
}

#[test]
fn contractions_do_not_depend_on_the_number_of_threads() {
    let (a, b, c) = (noise(60_000, &[300, 200]), noise(50_000, &[200, 250]), noise(75_000, &[250, 300]));
    same_for_any_number_of_threads(|| einsum("ij,jk,kl->il", [&a, &b, &c]));
    same_for_any_number_of_threads(|| einsum("ij,jk,ki->", [&a, &b, &c]));
    same_for_any_number_of_threads(|| a.tensordot(&b, 1) + 1.0);
    let (images, kernels) = (noise(2 * 8 * 60 * 50, &[2, 8, 60, 50]), noise(16 * 8 * 9, &[16, 8, 3, 3]));
    same_for_any_number_of_threads(|| images.conv2d(&kernels, [1, 2], [1, 1]).relu());
    let signal = noise(200_000, &[200_000]);
    same_for_any_number_of_threads(|| signal.convolve(&signal.slice(s![..33]), Overlap::Same));
    let z = complex(&a, a.flip(0)).eval().unwrap();
    same_for_any_number_of_threads(|| z.matmul(&z.t().conj()));
    same_for_any_number_of_threads(|| (&z * &z).sum(..));
    same_for_any_number_of_threads(|| z.mean(0));
    same_for_any_number_of_threads(|| z.slice(s![..50]).prod(1));
    same_for_any_number_of_threads(|| z.vecdot(&z));
}

#[test]
fn counted_streams_do_not_depend_on_the_number_of_threads() {
    same_for_any_number_of_threads(|| random::stream(7).uniform([1000, 300]).unwrap());
    same_for_any_number_of_threads(|| random::stream(7).standard_normal(300_000).unwrap().sum(..));
}

#[test]
fn elementwise_work_does_not_depend_on_the_number_of_threads() {
    for shape in [vec![1_000_003], vec![1009, 991], vec![3, 5, 70_001], vec![300_007, 3]] {
        let x = noise(shape.iter().product(), &shape);
        same_for_any_number_of_threads(|| (x.flip(0) * 0.5 + x.sin()).tanh());
        same_for_any_number_of_threads(|| concat([&x.exp(), &(&x * 2.0)], 0));
    }
}

#[test]
fn eight_threads_that_evaluate_one_shared_graph_get_the_same_bits() {
    let x = noise(300 * 300, &[300, 300]);
    let build = || {
        let shared = (&x * 0.01).softmax(1);
        let product = shared.matmul(&x.t());
        [product.sum(0), (&product + &shared).relu(), shared.mean(..), product]
    };
    let expected: Vec<Vec<u32>> = build().iter().map(bits).collect();
    for _ in 0..20 {
        let arrays = build();
        let (arrays, expected) = (&arrays, &expected);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    for k in 0..arrays.len() {
                        let at = (k + thread) % arrays.len();
                        assert!(bits(&arrays[at]) == expected[at], "thread {thread}, array {at}");
                    }
                });
            }
        });
    }
}

#[test]
fn threads_that_give_away_handles_of_one_array_do_not_disturb_each_other() {
    let step = |x: Array, k: usize| (x * 1.5 + k as f64).eval().unwrap();
    let start = || (Array::zeros(10_000, F64) + 0.5).eval().unwrap();
    let expected: Vec<Vec<f64>> = (0..8).map(|k| step(start(), k).to_vec().unwrap()).collect();
    for _ in 0..50 {
        let x = start();
        let handles: Vec<Array> = (0..8).map(|_| x.clone()).collect();
        drop(x);
        let got: Vec<Vec<f64>> = std::thread::scope(|scope| {
            let each = |(k, x)| scope.spawn(move || step(x, k).to_vec().unwrap());
            let threads: Vec<_> = handles.into_iter().enumerate().map(each).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(got == expected);
    }
}

#[test]
fn evaluating_inside_tasks_and_pools_of_any_size_does_not_wait_forever() {
    for threads in [1, 2, 4] {
        let sums = ends(move || {
            let x = noise(400_000, &[400, 1000]);
            pool(threads).install(|| {
                let sum = |k: usize| (&x * (k as f64 + 1.5)).sum(..).item::<f32>().unwrap();
                // Nested twice: a parallel iterator, joins inside it, evaluations inside those.
                (0..16_usize)
                    .into_par_iter()
                    .map(|k| rayon::join(|| sum(k), || sum(k + 1)))
                    .collect::<Vec<(f32, f32)>>()
            })
        });
        assert!(sums.windows(2).all(|pair| pair[0].1.to_bits() == pair[1].0.to_bits()), "{sums:?}");
    }
}

#[test]
fn evaluating_inside_a_scope_and_a_spawned_task_does_not_wait_forever() {
    let total = ends(|| {
        let x = noise(400_000, &[400, 1000]);
        let mut results = vec![0.0_f32; 8];
        rayon::scope(|scope| {
            for result in &mut results {
                let x = &x;
                scope.spawn(move |scope| {
                    scope.spawn(move |_| *result = x.exp().sum(..).item().unwrap());
                });
            }
        });
        results
    });
    assert!(total.iter().all(|sum| *sum == total[0] && *sum > 0.0), "{total:?}");
}

#[test]
fn two_pools_and_plain_threads_at_once_do_not_wait_for_each_other() {
    let sums = ends(|| {
        let x = noise(400_000, &[400, 1000]);
        let lazy = (&x * 0.5).softmax(1);
        let (one, two) = (pool(1), pool(3));
        let sum = || lazy.sum(..).item::<f32>().unwrap();
        std::thread::scope(|scope| {
            let threads = [
                scope.spawn(|| one.install(sum)),
                scope.spawn(|| two.install(sum)),
                scope.spawn(|| one.install(|| two.install(sum))),
                scope.spawn(sum),
            ];
            threads.map(|thread| thread.join().unwrap())
        })
    });
    assert!(sums.iter().all(|sum| sum.to_bits() == sums[0].to_bits()), "{sums:?}");
}

#[test]
fn an_error_in_one_thread_does_not_disturb_the_others() {
    let base = Array::from_vec(vec![3_i64; 1000], 1000).unwrap();
    let bad = Array::from_vec(vec![-1_i64; 1000], 1000).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert!(base.pow(&bad).to_vec::<i64>().is_err());
                    assert_eq!((&base * &base).to_vec::<i64>().unwrap(), [9; 1000]);
                }
            });
        }
    });
}

#[test]
fn running_sums_orders_masks_and_updates_do_not_depend_on_the_number_of_threads() {
    let n = 300_000;
    let x = noise(n, &[n]);
    let rows = x.reshape([100, 3000]).eval().unwrap();
    same_for_any_number_of_threads(|| x.cumulative_sum(0));
    same_for_any_number_of_threads(|| rows.cumulative_prod(-1));
    same_for_any_number_of_threads(|| rows.sort(-1));
    same_for_any_number_of_threads(|| rows.argsort(0));
    same_for_any_number_of_threads(|| rows.partition(1500, 1));
    same_for_any_number_of_threads(|| rows.i(0).sort(0).searchsorted(&x));
    same_for_any_number_of_threads(|| x.mask(&x.greater(0.0)).unwrap());
    same_for_any_number_of_threads(|| rows.mask(&rows.i(0).greater(0.0).slice(s![..100])).unwrap());
    same_for_any_number_of_threads(|| rows.clone().at(s![..;-2, 1..-1]).add(0.5));
    let kept = x.to_vec::<f32>().unwrap().into_iter().filter(|x| *x > 0.0).collect::<Vec<_>>();
    assert_eq!(x.mask(&x.greater(0.0)).unwrap().to_vec::<f32>().unwrap(), kept);
}

#[test]
fn sums_of_what_is_picked_do_not_depend_on_the_number_of_threads() {
    let (n, rows) = (300_000, 700);
    let (x, table) = (noise(n, &[n]), noise(rows * 130, &[rows, 130]));
    let ids = |count: usize, extent: usize| {
        let index =
            |i: usize| (i * 7919 % extent) as i64 - if i.is_multiple_of(3) { extent as i64 } else { 0 };
        Array::from_vec((0..count).map(index).collect(), count).unwrap()
    };
    let (far, near) = (ids(n, n), ids(5000, rows));
    same_for_any_number_of_threads(|| (x.take(&far, 0) * 1.5 - &x).sum(..));
    same_for_any_number_of_threads(|| (table.take(&near, 0) * 0.5 + 1.0).sum(0));
    same_for_any_number_of_threads(|| table.take(&near, 0).square().sum(1));
    // As of what is stored.
    let stored = x.take(&far, 0).eval().unwrap();
    assert_eq!(bits(&(x.take(&far, 0) * 1.5 - &x).sum(..)), bits(&(stored * 1.5 - &x).sum(..)));
    let stored = table.take(&near, 0).eval().unwrap();
    assert_eq!(bits(&table.take(&near, 0).square().sum(1)), bits(&stored.square().sum(1)));
    assert_eq!(bits(&(table.take(&near, 0) * 0.5 + 1.0).sum(0)), bits(&(stored * 0.5 + 1.0).sum(0)));
}

/// Factors computed on the way in, along rows and along columns, over several blocks of k: the same
/// bits as of factors that lie in memory.
#[test]
fn a_product_of_computed_factors_is_that_of_stored_ones() {
    let (m, n, k) = (37, 150, 600);
    let rows = [noise(m * k, &[m, k]), noise(k * n, &[k, n])];
    let columns = [noise(m * k, &[k, m]), noise(k * n, &[n, k])];
    let bias = noise(k, &[k]);
    for [turned_x, turned_w] in [[false, false], [false, true], [true, false], [true, true]] {
        let x = if turned_x { columns[0].t() } else { rows[0].clone() };
        let w = if turned_w { columns[1].t() } else { rows[1].clone() };
        let stored = |x: &Array| x.clone().eval().unwrap();
        let (left, right) = ((&x + &bias).relu(), (&w * 0.5).abs());
        let expected = bits(&stored(&left).matmul(&stored(&right)));
        same_for_any_number_of_threads(|| left.matmul(&right));
        assert_eq!(bits(&left.matmul(&right)), expected, "x turned {turned_x}, w turned {turned_w}");
        assert_eq!(bits(&left.matmul(&stored(&right))), expected);
        assert_eq!(bits(&stored(&left).matmul(&right)), expected);
    }
}
