//! Do loops stay linear, is memory reused, is code compiled once?
//!
//! Counts what the engine does. The counters are those of the process, so the tests of this file run
//! one after the other.

use std::sync::{Mutex, MutexGuard, PoisonError};

use broadloom::prelude::*;
use broadloom::{Stats, engine};

/// Held by the test that counts.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the engine did during `work`.
fn done(mut work: impl FnMut()) -> Stats {
    let before = engine().stats();
    work();
    let mut after = engine().stats();
    after.evaluations -= before.evaluations;
    after.nodes_captured -= before.nodes_captured;
    after.programs_built -= before.programs_built;
    after.strips_compiled -= before.strips_compiled;
    after.kernels_run -= before.kernels_run;
    after.bytes_allocated -= before.bytes_allocated;
    after.bytes_reused -= before.bytes_reused;
    after.bytes_donated -= before.bytes_donated;
    after
}

/// Runs 1,000 steps and compares what the last hundred cost with what the second hundred did.
fn stays_linear(mut step: impl FnMut(usize)) {
    let mut hundreds =
        (0..10).map(|hundred| done(|| (hundred * 100..hundred * 100 + 100).for_each(&mut step)));
    let (early, late) = (hundreds.nth(1).unwrap(), hundreds.last().unwrap());
    assert!(early.evaluations >= 100, "{early:?}");
    assert!(late.evaluations == early.evaluations, "early {early:?}\nlate {late:?}");
    assert!(late.nodes_captured <= early.nodes_captured, "early {early:?}\nlate {late:?}");
    assert!(late.kernels_run <= early.kernels_run, "early {early:?}\nlate {late:?}");
    assert!(late.nodes_captured <= 100 * 100, "{late:?}");
    assert!(late.programs_built == 0 && late.strips_compiled == 0, "{late:?}");
}

#[test]
fn views_that_undo_each_other_are_the_array_itself() {
    let _alone = alone();
    let x = (Array::zeros([300, 1, 200], F32) + 0.5).eval().unwrap();
    let turned = x.permute_dims([2, 0, 1]).permute_dims([1, 2, 0]);
    let views = [
        x.t().t(),
        turned,
        x.flip(..).flip(..),
        x.reshape([200, 300]).reshape([300, 1, 200]),
        x.squeeze(1).expand_dims(1),
        x.slice(s![.., .., ..]).astype(F32).broadcast_to([300, 1, 200]),
        x.moveaxis(0, 2).moveaxis(2, 0),
    ];
    for view in views {
        let view = view.eval().unwrap();
        assert_eq!(
            view.as_slice::<f32>().unwrap().as_ptr(),
            x.as_slice::<f32>().unwrap().as_ptr(),
            "{view:?}"
        );
    }
}

#[test]
fn a_time_stepping_loop_that_reads_a_scalar_every_step_stays_linear() {
    let _alone = alone();
    let mut heat = Array::from_vec((0..64).map(|i| f64::from(i % 7)).collect(), 64).unwrap();
    let mut last = f64::INFINITY;
    stays_linear(|_| {
        let bend = heat.slice(s![2..]) - heat.slice(s![1..-1]) * 2.0 + heat.slice(s![..-2]);
        let inner = heat.slice(s![1..-1]) + bend * 0.1;
        heat = concat([&heat.slice(s![..1]), &inner, &heat.slice(s![-1..])], 0);
        let energy: f64 = heat.square().sum(..).item().unwrap();
        assert!(energy <= last, "{energy} after {last}");
        last = energy;
    });
    assert!(last.is_finite());
}

#[test]
fn a_loop_that_updates_what_it_alone_holds_allocates_nothing_after_its_second_step() {
    let _alone = alone();
    let count = 1 << 16;
    let (places, values) = (array![1_i64, 5, 5], Array::from_vec(vec![1.0; 3], 3).unwrap());
    let mut x = Array::zeros(count, F64).eval().unwrap();
    let mut step = || {
        let given = std::mem::replace(&mut x, Array::scalar(0.0));
        x = given.at(s![1..-1;2]).add(0.5).at(&places).add(&values).eval().unwrap();
    };
    (0..2).for_each(|_| step());
    let later = done(|| (0..20).for_each(|_| step()));
    assert_eq!(later.bytes_allocated, 0, "{later:?}");
    assert!(later.bytes_donated >= 20 * 8 * count as u64, "{later:?}");
    assert_eq!(x.slice(s![..6]).to_vec::<f64>().unwrap(), [0.0, 33.0, 0.0, 11.0, 0.0, 55.0]);
}

#[test]
fn an_update_leaves_an_array_that_others_hold_as_it_was() {
    let _alone = alone();
    let x = Array::from_vec(vec![1.0; 64], 64).unwrap();
    let y = x.clone().at(s![..2]).set(9.0).at(array![-1]).add(1.0).eval().unwrap();
    assert_eq!(x.to_vec::<f64>().unwrap(), [1.0; 64]);
    assert_eq!((y.get::<f64>(1).unwrap(), y.get::<f64>(63).unwrap()), (9.0, 2.0));
}

#[test]
fn an_update_of_a_slice_touches_only_the_slice() {
    let _alone = alone();
    let large = 1 << 20;
    let mut x = Array::zeros([large], F32).eval().unwrap();
    let mut times = [0.0_f64; 2];
    // A part of 256 bytes, and all 4 MiB of it, each as fast as it gets.
    for (part, time) in [64, large as i64].into_iter().zip(&mut times) {
        let once = |x: Array| {
            let started = std::time::Instant::now();
            let x = x.at(s![..part]).add(1.0).eval().unwrap();
            (x, started.elapsed().as_secs_f64())
        };
        let mut fastest = f64::INFINITY;
        for _ in 0..9 {
            let seconds;
            (x, seconds) = once(x);
            fastest = fastest.min(seconds);
        }
        *time = fastest;
    }
    assert!(times[0] * 5.0 < times[1], "{times:?} seconds");
    let all = done(|| {
        let given = std::mem::replace(&mut x, Array::scalar(0.0));
        x = given.at(s![8..16]).set(3.0).eval().unwrap();
    });
    // Nothing but the eight values is new: the array is the memory it was.
    assert!(all.bytes_allocated + all.bytes_reused <= 4096, "{all:?}");
    assert_eq!(all.bytes_donated, 4 * large as u64, "{all:?}");
    assert_eq!(x.slice(s![7..9]).to_vec::<f32>().unwrap(), [18.0, 3.0]);
}

#[test]
fn a_stencil_swaps_two_buffers_and_allocates_nothing_after_its_second_step() {
    let _alone = alone();
    let (rows, columns) = (256, 256);
    let wave = (0..rows * columns).map(|i| (i % 17) as f32).collect();
    let mut heat = Array::from_vec(wave, [rows, columns]).unwrap();
    let mut step = || {
        let beside = heat.slice(s![..-2, 1..-1])
            + heat.slice(s![2.., 1..-1])
            + heat.slice(s![1..-1, ..-2])
            + heat.slice(s![1..-1, 2..]);
        let given = std::mem::replace(&mut heat, Array::scalar(0.0));
        heat = given.at(s![1..-1, 1..-1]).set(beside * 0.25).eval().unwrap();
    };
    (0..2).for_each(|_| step());
    let later = done(|| (0..20).for_each(|_| step()));
    assert_eq!(later.bytes_allocated, 0, "{later:?}");
    assert_eq!((later.programs_built, later.strips_compiled), (0, 0), "{later:?}");
}

#[test]
fn a_mask_is_computed_and_counted_once() {
    let _alone = alone();
    let n = 1 << 16;
    let x = Array::from_vec((0..n).map(|i| (i % 7) as f64).collect(), n).unwrap();
    let m = x.greater(3.0);
    let first = done(|| assert_eq!(x.mask(&m).unwrap().shape(), [3 * n / 7]));
    assert_eq!((first.evaluations, first.kernels_run), (1, 1), "{first:?}");
    let again = done(|| {
        assert_eq!(x.mask(&m).unwrap().shape(), [3 * n / 7]);
        assert_eq!(x.square().mask(&m).unwrap().shape(), [3 * n / 7]);
        assert_eq!(m.count_nonzero(..).item::<i64>().unwrap(), (3 * n / 7) as i64);
    });
    // The count is a number, which is all that is read.
    assert_eq!((again.evaluations, again.nodes_captured), (1, 1), "{again:?}");
    // Along an axis, or in another shape, it is a sum like any other.
    assert_eq!(m.count_nonzero(over(..).keepdims()).shape(), [1]);
    assert_eq!(
        m.reshape((2, -1)).count_nonzero(1).to_vec::<i64>().unwrap().iter().sum::<i64>(),
        3 * n as i64 / 7
    );
}

#[test]
fn a_loop_that_keeps_all_its_states_stays_linear() {
    let _alone = alone();
    let mut states = vec![Array::ones(32, F64)];
    stays_linear(|step| {
        let next = states[step].sin() + 0.5;
        states.push(next);
        let _: f64 = states[step + 1].max(..).item().unwrap();
    });
}

#[test]
fn a_loop_that_reads_only_now_and_then_stays_linear() {
    let _alone = alone();
    let mut x = Array::from_vec(vec![0.5_f64; 32], 32).unwrap();
    stays_linear(|_| {
        for _ in 0..5 {
            x = &x - x.square() * 0.1;
        }
        let _: f64 = x.sum(..).item().unwrap();
    });
}

#[test]
fn a_training_loop_stays_linear_and_learns() {
    let _alone = alone();
    let samples: Vec<f64> = (0..40 * 3).map(|i| f64::from(i * 37 % 41) / 20.0 - 1.0).collect();
    let x = Array::from_vec(samples, [40, 3]).unwrap();
    let y = x.matmul(&array![[1.0], [-2.0], [0.5]]) + 0.25;
    let y = y.eval().unwrap();
    let (mut w, mut b) = (Array::zeros([3, 1], F64), Array::zeros(1, F64));
    let mut first = None;
    let mut last = 0.0;
    stays_linear(|_| {
        let error = x.matmul(&w) + &b - &y;
        last = error.square().mean(..).item::<f64>().unwrap();
        first.get_or_insert(last);
        w = &w - x.t().matmul(&error) * (0.5 / 40.0);
        b = &b - error.mean(0) * 0.5;
    });
    assert!(last < first.unwrap() * 1e-6, "from {first:?} to {last}");
}

#[test]
fn the_same_step_forced_in_place_stays_linear() {
    let _alone = alone();
    let mut x = Array::ones([8, 8], F32);
    stays_linear(|_| {
        x = &x * 0.5 + x.t() * 0.25;
        x.force().unwrap();
    });
}

/// An expression of two rows and a scalar, over a whole array: one strip.
fn expression(m: usize, n: usize, scalar: f64) -> Array {
    let wave = |count: usize| Array::from_vec((0..count).map(|i| (i % 13) as f32).collect(), count).unwrap();
    let (x, row) = (wave(m * n).reshape([m, n]), wave(n));
    ((&x - &row) * scalar).tanh() * &row + 2.5
}

/// Class: maps of rank 2 whose columns are longer than their rows are many, all operands side by side.
#[test]
fn fifty_shapes_of_one_expression_compile_once_within_their_class() {
    let _alone = alone();
    let run = |k: usize| {
        let y = expression(60 + k, 300 + 7 * k, 1.5).eval().unwrap();
        assert_eq!(y.shape(), [60 + k, 300 + 7 * k]);
    };
    let first = done(|| run(0));
    assert!(first.strips_compiled <= 1, "{first:?}");
    let others = done(|| (1..50).for_each(run));
    assert_eq!(others.strips_compiled, 0, "{others:?}");
    assert_eq!(others.kernels_run, 49, "{others:?}");
}

/// Class: reductions along rows of rank 2, side by side, with a fused producer and epilogue.
#[test]
fn fifty_shapes_of_one_reduction_compile_once_within_their_class() {
    let _alone = alone();
    let run = |k: usize| {
        let x = Array::from_vec(vec![1.0_f32; (60 + k) * (300 + 7 * k)], [60 + k, 300 + 7 * k]).unwrap();
        let y = ((&x - 3.5).square().sum(1) * 2.0).eval().unwrap();
        assert_eq!(y.get::<f32>(59).unwrap(), 12.5 * (300 + 7 * k) as f32);
    };
    let first = done(|| run(0));
    assert_eq!(first.strips_compiled > 0, engine().compiles(), "{first:?}");
    let others = done(|| (1..50).for_each(run));
    assert_eq!(others.strips_compiled, 0, "{others:?}");
}

#[test]
fn fifty_values_of_a_scalar_compile_once_and_plan_once() {
    let _alone = alone();
    let run = |k: usize| {
        let y = (expression(64, 640, 2.0) * (k as f64 + 2.25)).eval().unwrap();
        let first: f32 = y.get((0, 0)).unwrap();
        assert_eq!(first, 2.5 * (k as f32 + 2.25));
    };
    done(|| run(0));
    let others = done(|| (1..50).for_each(run));
    assert_eq!((others.strips_compiled, others.programs_built), (0, 0), "{others:?}");
    assert_eq!(others.kernels_run, 49, "{others:?}");
}

/// Shapes of every sort: square, long, tall, of unit extents, empty, short inner axes, large enough
/// to be shared out.
const SORTS: &[[usize; 2]] = &[
    [100, 100],
    [1, 20_000],
    [20_000, 1],
    [1, 1],
    [0, 5],
    [5, 0],
    [2, 10_000],
    [10_000, 2],
    [3, 7_000],
    [7_000, 3],
    [4_000, 4],
    [4, 4_000],
    [8, 2_000],
    [2_000, 8],
    [63, 65],
    [65, 63],
    [17, 1_700],
    [1_700, 17],
    [700, 700],
    [3, 200_000],
    [200_000, 3],
    [2, 2],
    [31, 513],
    [513, 31],
];

/// How many strips all sorts of shapes of a structure compile. Tiny ones are evaluated as often as
/// it takes for machine code to be used.
fn strips_of_all_sorts(build: impl Fn(usize, usize) -> Array) -> u64 {
    let all = done(|| {
        for &[m, n] in SORTS {
            for _ in 0..4 {
                build(m, n).eval().unwrap();
            }
        }
    });
    all.strips_compiled
}

#[test]
fn shapes_of_all_sorts_need_few_strips_per_structure() {
    let _alone = alone();
    let ones = |m: usize, n: usize| Array::from_vec(vec![1.0_f32; m * n], [m, n]).unwrap();
    let mut counts = Vec::new();
    let mut count = |name: &'static str, strips: u64, build: &dyn Fn(usize, usize) -> Array| {
        counts.push((name, strips_of_all_sorts(build), 8 * strips));
    };
    // What each compiles at most is eight classes of each strip it is made of.
    count("a row and a whole array", 1, &|m, n| (ones(m, n) - ones(1, n)).sin());
    count("a column and a whole array", 1, &|m, n| (ones(m, n) - ones(m, 1)).cos());
    count("a transposed and a whole array", 1, &|m, n| (ones(m, n) - ones(n, m).t()).exp());
    count("a row and a column", 1, &|m, n| (ones(1, n) - ones(m, 1)).tanh());
    // Each, combining, accumulating and completing are strips of their own.
    count("sums of rows", 4, &|m, n| ones(m, n).square().sum(1) + 0.5);
    count("sums of columns", 4, &|m, n| ones(m, n).sqrt().sum(0) + 0.25);
    count("sums of all", 4, &|m, n| ones(m, n).floor().sum(..) * 0.125);
    let text = format!("{counts:?}");
    for (name, strips, most) in counts {
        println!("{name}: {strips} strips");
        assert!(strips <= most, "{name}: {strips} strips, not {most}; {text}");
    }
}

#[test]
fn a_loop_that_gives_its_array_away_writes_over_it() {
    let _alone = alone();
    let n = 1 << 16;
    let mut x = (Array::zeros(n, F64) + 1.5).eval().unwrap();
    x = (x * 2.0 + 1.0).eval().unwrap();
    let steps = 50;
    let all = done(|| {
        for _ in 0..steps {
            let given = std::mem::replace(&mut x, Array::scalar(0.0));
            x = (given * 0.5 + 1.0).eval().unwrap();
        }
    });
    assert_eq!(all.bytes_donated, (steps * n * 8) as u64, "{all:?}");
    assert!(all.bytes_allocated < (n * 8) as u64, "{all:?}");
    assert!((x.get::<f64>(n - 1).unwrap() - 2.0).abs() < 1e-9);
}

#[test]
fn an_array_that_somebody_holds_is_not_written_over() {
    let _alone = alone();
    let x = (Array::zeros(4096, F64) + 1.5).eval().unwrap();
    let (kept, row) = (x.clone(), x.slice(s![..8]));
    let all = done(|| {
        let y = (x.clone() * 2.0 + 1.0).eval().unwrap();
        assert_eq!(y.get::<f64>(17).unwrap(), 4.0);
    });
    assert_eq!(all.bytes_donated, 0, "{all:?}");
    drop((x, kept));
    // An unstored node that reads it holds it too.
    assert_eq!(row.to_vec::<f64>().unwrap(), [1.5; 8]);
}

#[test]
fn memory_of_a_loop_that_rebinds_comes_from_the_pool() {
    let _alone = alone();
    let n = 1 << 16;
    let mut x = Array::from_vec(vec![1.0_f32; n], n).unwrap();
    let mut step = |count: usize| {
        for _ in 0..count {
            x = &x * 0.5 + x.flip(0) * 0.25;
            let _: f32 = x.sum(..).item().unwrap();
        }
    };
    done(|| step(10));
    let all = done(|| step(50));
    assert!(all.bytes_allocated < (4 * n) as u64, "{all:?}");
}

#[test]
fn the_peak_of_a_long_chain_is_a_few_arrays() {
    let _alone = alone();
    let n = 1 << 21;
    let bytes = n as u64 * 8;
    let x = Array::from_vec((0..n).map(|i| i as f64).collect(), n).unwrap();
    // Elementwise alone: nothing but the result.
    let mut y = x.clone();
    for k in 0..200 {
        y = y * 0.99 + f64::from(k);
    }
    let before = engine().stats();
    assert!(before.bytes_peak < 3 * bytes, "what ran before is large: {before:?}");
    y.force().unwrap();
    let after = engine().stats();
    assert!(after.bytes_peak <= before.bytes_live + bytes + (1 << 20), "{after:?}");
    drop(y);
    // With a reduction at every step, which everything after it reads.
    let mut y = x;
    for _ in 0..20 {
        y = (&y - y.mean(..)) * 0.5;
    }
    let live = engine().stats().bytes_live;
    y.force().unwrap();
    let after = engine().stats();
    assert!(after.bytes_peak <= live + 3 * bytes + (1 << 20), "live {live}, {after:?}");
}

#[test]
fn calls_of_a_function_plan_compile_and_capture_nothing() {
    let _alone = alone();
    let step = broadloom::function(|x: &Array, rate: &Array| x - x.square() * rate).unwrap();
    let rates: Vec<Array> = (0..100).map(|n| Array::scalar(f64::from(n)).eval().unwrap()).collect();
    let x = Array::from_vec(vec![0.5; 1 << 16], 1 << 16).unwrap();
    let mut next = vec![0.0_f64; 1 << 16];
    step.call_into(&x, &rates[1], &mut next).unwrap();
    let calls = done(|| rates.iter().for_each(|rate| step.call_into(&x, rate, &mut next).unwrap()));
    assert_eq!(next[7], 0.5 - 0.25 * 99.0);
    assert_eq!((calls.evaluations, calls.kernels_run), (100, 100), "{calls:?}");
    assert_eq!((calls.nodes_captured, calls.programs_built, calls.strips_compiled), (0, 0, 0), "{calls:?}");
    assert_eq!((calls.bytes_allocated, calls.bytes_reused), (0, 0), "{calls:?}");
}

#[test]
fn other_sizes_of_a_function_compile_nothing() {
    let _alone = alone();
    let f = broadloom::function(|x: &Array, y: &Array| (x * 1.5 + y).sqrt()).unwrap();
    let call = |n: usize| f.call(&Array::ones(n, F64).eval().unwrap(), &array![0.75]).unwrap();
    call(100);
    let sizes = done(|| (101..150).for_each(|n| assert_eq!(call(n).get::<f64>(n - 1).unwrap(), 1.5)));
    assert_eq!(sizes.strips_compiled, 0, "{sizes:?}");
}

#[test]
fn what_is_picked_by_indices_is_stored_nowhere() {
    let _alone = alone();
    let n = 1 << 20;
    let x = Array::from_vec((0..1000).map(|i| i as f32).collect(), 1000).unwrap();
    let ids = Array::from_vec((0..n as i64).map(|i| i * 7919 % 1000).collect(), n).unwrap();
    let y = Array::from_vec(vec![1.0_f32; n], n).unwrap();
    let mut sum = 0.0;
    let all = done(|| sum = (x.take(&ids, 0) * 2.0 + &y).sum(..).item::<f32>().unwrap());
    assert!((sum - 1000.0 * n as f32).abs() < 1e-3 * sum, "{sum}");
    assert_eq!(all.kernels_run, 1, "{all:?}");
    // The result, and what tasks work in.
    assert!(all.bytes_allocated + all.bytes_reused < n as u64, "{all:?}");
    // Rows of a table, with work after it: the result alone.
    let table = x.broadcast_to([50, 1000]).eval().unwrap();
    let ids = (ids.slice(s![..2000]) % 50).eval().unwrap();
    let all = done(|| drop((table.take(&ids, 0) * 2.0 + 1.0).eval().unwrap()));
    assert_eq!(all.kernels_run, 1, "{all:?}");
    assert!(all.bytes_allocated + all.bytes_reused < 4 * 2000 * 1000 + (1 << 20), "{all:?}");
}

#[test]
fn other_sizes_of_tables_and_indices_compile_nothing() {
    let _alone = alone();
    let picked = |rows: usize, count: usize| {
        let table = Array::ones([rows, 30], F32).eval().unwrap();
        let ids = Array::from_vec((0..count).map(|i| (i % rows) as i32).collect(), count).unwrap();
        assert_eq!((table.take(&ids, 0) * 2.0 + 1.0).get::<f32>((count - 1, 29)).unwrap(), 3.0);
        let column = table.slice(s![.., 7]).take(&ids, 0);
        assert_eq!((column * 3.0).sum(..).item::<f32>().unwrap(), 3.0 * count as f32);
    };
    picked(40, 5000);
    let sizes = done(|| (41..80).for_each(|rows| picked(rows, 130 * rows)));
    assert_eq!(sizes.strips_compiled, 0, "{sizes:?}");
}
