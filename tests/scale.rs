//! Are there limits to how large a program or a shape may be?
//!
//! Programs of a million nodes are built, cloned, printed, evaluated and dropped on a stack of 2 MiB;
//! shapes that no memory holds are errors, and what is sliced out of them is not.

#[path = "scale/counts.rs"]
mod counts;

use broadloom::prelude::*;
use broadloom::{ErrorKind, engine, eval};

use counts::counted;

/// Runs `work` on a stack of 2 MiB.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Everything one can do with an array, on a small stack: it is built twice, dropped lazy once and
/// evaluated once.
fn lives(build: impl Fn() -> Array + Send + 'static, expected: Vec<f64>) {
    on_a_small_stack(move || {
        let lazy = build();
        let copy = lazy.clone();
        let line = format!("{copy:?}");
        assert!(line.starts_with("Array(") && line.contains("lazy") && !line.contains('\n'), "{line}");
        let program = format!("{lazy:#?}");
        assert!(program.lines().count() <= 101, "{} lines", program.lines().count());
        drop(copy);
        drop(lazy);
        let lazy = build();
        let kept = lazy.clone();
        assert_eq!(lazy.to_vec::<f64>().unwrap(), expected);
        assert!(kept.is_evaluated());
        drop(kept);
        drop(lazy);
        // Given away, so that nodes are let go before they run.
        assert_eq!(build().eval().unwrap().to_vec::<f64>().unwrap(), expected);
    });
}

#[test]
fn a_chain_of_a_million_nodes_lives_on_a_small_stack() {
    let build = || {
        let x = array![1.0, 2.0, 3.0];
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y += &x;
        }
        y
    };
    lives(build, vec![1_000_001.0, 2_000_002.0, 3_000_003.0]);
}

#[test]
fn a_chain_of_numbers_lives_on_a_small_stack() {
    let build = || {
        let mut y = array![1.0, 2.0, 3.0];
        for k in 0..100_000 {
            y += f64::from(k % 5 - 2) * 2.0;
        }
        y
    };
    lives(build, vec![1.0, 2.0, 3.0]);
}

#[test]
fn a_chain_of_views_lives_on_a_small_stack() {
    let build = || {
        let mut y = array![[1.0, 2.0], [3.0, 4.0]];
        for _ in 0..100_000 {
            y = y.flip(0).t();
        }
        y
    };
    lives(build, vec![1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_chain_of_reductions_lives_on_a_small_stack() {
    let build = || {
        let mut y = array![1.0, 2.0, 3.0];
        for _ in 0..10_000 {
            y = &y - y.max(..) + 3.0;
        }
        y
    };
    lives(build, vec![1.0, 2.0, 3.0]);
}

#[test]
fn a_balanced_tree_lives_on_a_small_stack() {
    let build = || {
        let x = array![1.0, -1.0];
        // Every leaf another value, so that none are one node.
        let leaf = |k: usize| if k.is_multiple_of(2) { &x + k as f64 } else { &x - k as f64 };
        let mut level: Vec<Array> = (0..1 << 17).map(leaf).collect();
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| &pair[0] + &pair[1]).collect();
        }
        level.swap_remove(0)
    };
    let n = f64::from(1 << 17);
    lives(build, vec![n / 2.0, -n * 1.5]);
}

#[test]
fn a_tree_of_many_inputs_lives_on_a_small_stack() {
    let build = || {
        let mut level: Vec<Array> = (0..1 << 13).map(|k| array![f64::from(k), 1.0]).collect();
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| &pair[0] + &pair[1]).collect();
        }
        level.swap_remove(0)
    };
    let n = f64::from(1 << 13);
    lives(build, vec![n * (n - 1.0) / 2.0, n]);
}

#[test]
fn doubling_a_hundred_thousand_times_is_linear() {
    let build = || {
        let mut x = array![0.0, 1.0, -1.0];
        for _ in 0..100_000 {
            x = &x + &x;
        }
        x
    };
    lives(build, vec![0.0, f64::INFINITY, f64::NEG_INFINITY]);
}

#[test]
fn doubling_through_reductions_is_linear() {
    let build = || {
        let mut x = array![0.0, 1.0];
        for _ in 0..2_000 {
            x = &x.max(..) + &x - x.max(..);
        }
        x
    };
    lives(build, vec![0.0, 1.0]);
}

#[test]
fn many_siblings_are_evaluated_at_once() {
    on_a_small_stack(|| {
        let x = array![1.0, 2.0];
        let siblings: Vec<Array> = (0..20_000).map(|k| (&x * f64::from(k)).sin() + 0.5).collect();
        let kept = siblings.clone();
        let values = eval(siblings).unwrap();
        assert_eq!(values.len(), 20_000);
        assert!(kept.iter().all(Array::is_evaluated));
        assert_eq!(values[3].get::<f64>(1).unwrap(), 6.0_f64.sin() + 0.5);
    });
}

#[test]
fn a_join_of_many_parts_is_evaluated() {
    on_a_small_stack(|| {
        let parts: Vec<Array> = (0..10_000).map(|k| array![f64::from(k)] * 2.0).collect();
        let joined = concat(&parts, 0);
        assert_eq!(joined.sum(..).item::<f64>().unwrap(), 9_999.0 * 10_000.0);
        assert_eq!(joined.get::<f64>(-1).unwrap(), 19_998.0);
    });
}

/// Programs of about `n` operations on arrays of `size` elements, of every form that grows with its
/// length, by name.
fn grown(name: &str, n: usize, size: usize) -> Array {
    let x = Array::from_vec(vec![1.0_f32; size], size).unwrap();
    let y = Array::from_vec(vec![0.5_f32; size], size).unwrap();
    match name {
        "chain" => (0..n).fold(x, |z, k| if k % 2 == 0 { z + &y } else { z.maximum(&y) }),
        "numbers" => (0..n).fold(x, |z, k| z + k as f64),
        "doubling" => (0..n).fold(x, |z, _| &z + &z),
        "tree" => {
            let mut level: Vec<Array> = (0..n / 2).map(|k| &x + k as f64).collect();
            while level.len() > 1 {
                level =
                    level.chunks(2).map(|pair| pair.iter().cloned().reduce(|a, b| a + b).unwrap()).collect();
            }
            level.swap_remove(0)
        }
        "siblings" => concat((0..n / 2).map(|k| (&x * (k as f64 + 0.5)).exp()).collect::<Vec<_>>(), 0),
        "reductions" => (0..n / 3).fold(x, |z, _| (&z - z.max(..)) * &y),
        "products" => {
            let w = Array::from_vec(vec![0.01_f32; size * size], (size, size)).unwrap();
            (0..n / 3).fold(x.reshape((1, -1)), |z, _| (z.matmul(&w) + &y).relu())
        }
        "steps" => (0..n / 6).fold(x, |z, _| {
            let inner = z.slice(s![..-1]) * 0.5 + z.slice(s![1..]) * 0.5;
            concat([inner, z.slice(s![-1..])], 0)
        }),
        _ => unreachable!("{name}"),
    }
}

#[test]
fn a_node_costs_as_few_allocations_and_as_little_memory_however_many_there_are() {
    // Bytes per operation that are held at once while the program is captured, optimized, planned and
    // run: what it takes today and a quarter more. An operation with a number is two nodes, one of a
    // sibling three; reductions and products need loops of their own, and a plan describes those.
    let limits = [
        ("chain", 550),
        ("numbers", 2000),
        ("doubling", 550),
        ("tree", 1400),
        ("siblings", 1750),
        ("reductions", 1900),
        ("products", 1600),
        ("steps", 1500),
    ];
    engine().set_threads(1);
    for (name, bytes) in limits {
        let cost = |n: usize| {
            // Once for the code of its strips, and once more in another shape, to be planned alone.
            grown(name, n, 24).eval().unwrap();
            let array = grown(name, n, 25);
            let (times, most) = counted(|| drop(array.eval().unwrap()));
            (times as f64 / n as f64, most as f64 / n as f64)
        };
        let (small, large) = (cost(3_000), cost(48_000));
        println!("{name}: {small:?} allocations and bytes a node of 3,000, {large:?} of 48,000");
        assert!(large.1 <= f64::from(bytes), "{name}: {} bytes a node", large.1);
        assert!(large.0 <= small.0 * 1.1 + 0.1, "{name}: {} allocations a node, then {}", small.0, large.0);
        assert!(large.1 <= small.1 * 1.05, "{name}: {} bytes a node, then {}", small.1, large.1);
        // A checked build verifies every pass, which allocates too.
        if !cfg!(debug_assertions) {
            assert!(large.0 <= 40.0, "{name}: {} allocations a node", large.0);
        }
    }
}

#[test]
fn a_shape_past_what_memory_can_address_is_an_error_of_building() {
    let shape_of = |result: broadloom::Result<Array>| result.unwrap_err().kind();
    for shape in
        [[1_u64 << 40, 1 << 40], [1 << 62, 2], [1 << 63, 1], [u64::MAX, 1], [1 << 61, 8], [0, u64::MAX]]
    {
        assert_eq!(shape_of(Array::try_zeros(shape, F64)), ErrorKind::Shape, "{shape:?}");
        assert_eq!(shape_of(Array::try_ones(shape, F32)), ErrorKind::Shape, "{shape:?}");
    }
    let large = Array::zeros([1_u64 << 60], Bool);
    assert_eq!(shape_of(large.try_astype(F64)), ErrorKind::Shape);
    assert_eq!(shape_of(large.try_add(array![1.0])), ErrorKind::Shape);
    assert_eq!(shape_of(broadloom::try_concat([&large; 8], 0)), ErrorKind::Shape);
    assert_eq!(shape_of(broadloom::try_stack([&large; 8], 0)), ErrorKind::Shape);
    let (tall, wide) = (Array::zeros([1_u64 << 31, 1], F64), Array::zeros([1, 1_u64 << 31], F64));
    assert_eq!(shape_of(tall.try_add(&wide)), ErrorKind::Shape);
    assert_eq!(shape_of(tall.try_matmul(&wide)), ErrorKind::Shape);
    assert_eq!(shape_of(array![1.0].try_broadcast_to([1_u64 << 61])), ErrorKind::Shape);
    assert_eq!(shape_of(Array::try_eye(1 << 32, F64)), ErrorKind::Shape);
    assert_eq!(shape_of(Array::try_arange(i64::MIN..i64::MAX)), ErrorKind::Shape);
    assert_eq!(shape_of(Array::try_linspace(0.0, 1.0, usize::MAX)), ErrorKind::Shape);
}

#[test]
fn what_is_sliced_out_of_a_huge_broadcast_is_evaluated() {
    let n = 1_u64 << 40;
    let row = array![1.0, 2.0, 3.0];
    let wide = row.broadcast_to((n, 3)) * 2.0;
    assert_eq!(wide.size(), 3 << 40);
    let few = wide.slice(s![(1_u64 << 39)..(1_u64 << 39) + 2, ..;-1]);
    assert_eq!(few.to_vec::<f64>().unwrap(), [6.0, 4.0, 2.0, 6.0, 4.0, 2.0]);
    let sparse = wide.slice(s![..;1_u64 << 39, 1]);
    assert_eq!(sparse.to_vec::<f64>().unwrap(), [4.0, 4.0]);
    // Out of an index that is a value too.
    let far = Array::arange(0..n as i64) * 3 + 1;
    assert_eq!(far.i(-1).item::<i64>().unwrap(), 3 * (n as i64 - 1) + 1);
    assert_eq!(far.slice(s![5..;1_u64 << 38]).get::<i64>(1).unwrap(), 3 * ((1 << 38) + 5) + 1);
    let table = row.reshape([3, 1]).broadcast_to((3, n)) + Array::arange(0..n as i64);
    assert_eq!(table.slice(s![.., -1]).to_vec::<f64>().unwrap(), [1.0, 2.0, 3.0].map(|x| x + (n - 1) as f64));
    assert_eq!(table.slice(s![1, 7..9]).sum(..).item::<f64>().unwrap(), 19.0);
    let columns = wide.slice(s![..4]).sum(0) + wide.i(n - 1);
    assert_eq!(columns.to_vec::<f64>().unwrap(), [10.0, 20.0, 30.0]);
    assert_eq!(format!("{wide:?}"), "Array(f64[1099511627776, 3], lazy: 2 ops, holds 24 bytes)");
}

#[test]
fn evaluating_more_than_there_is_memory_is_an_error() {
    // More than any machine maps: 2^49 bytes.
    let n = 1_u64 << 46;
    let huge = array![1.5].broadcast_to(n) + 1.0;
    for _ in 0..3 {
        assert_eq!(huge.force().unwrap_err().kind(), ErrorKind::Memory);
        assert_eq!(huge.to_vec::<f64>().unwrap_err().kind(), ErrorKind::Memory);
        assert!(huge.to_string().starts_with("<not evaluated: "), "{huge}");
    }
    assert_eq!(huge.clone().eval().unwrap_err().kind(), ErrorKind::Memory);
    assert_eq!(Array::zeros(n, F64).eval().unwrap_err().kind(), ErrorKind::Memory);
    assert_eq!(concat([&huge, &huge], 0).eval().unwrap_err().kind(), ErrorKind::Memory);
    let (tall, wide) =
        (Array::arange(0..1 << 23).reshape((-1, 1)), Array::arange(0..1 << 23).reshape((1, -1)));
    assert_eq!(tall.matmul(&wide).eval().unwrap_err().kind(), ErrorKind::Memory);
    // What fits is still evaluated after that.
    assert_eq!(huge.slice(s![-2..]).to_vec::<f64>().unwrap(), [2.5, 2.5]);
}

#[test]
fn indices_past_32_bits_are_counted_right() {
    let n = (1_i64 << 32) + 3;
    let index = Array::arange(n - 5..n);
    assert_eq!(index.max(..).item::<i64>().unwrap(), n - 1);
    let far = Array::arange(0..n).slice(s![..;1_i64 << 31]);
    assert_eq!(far.to_vec::<i64>().unwrap(), [0, 1 << 31, 1 << 32]);
    let bits = Array::arange(0..n).slice(s![..;-(1_i64 << 32)]);
    assert_eq!(bits.to_vec::<i64>().unwrap(), [n - 1, 2]);
}

/// Offsets past 32 bits in walks, tiles, strips and folds. Needs 20 GB: `BROADLOOM_HUGE=1` runs it.
#[test]
fn arrays_past_four_gigabytes_are_computed_to_their_last_element() {
    if std::env::var("BROADLOOM_HUGE").as_deref() != Ok("1") {
        return;
    }
    let past = 1_i64 << 32;
    let n = past + 64;
    let near = [0, 1, (1 << 31) - 1, 1 << 31, past - 1, past, past + 1, n - 1];
    let threes = (Array::arange(0..n) % 7).equal(3).eval().unwrap();
    for at in near {
        assert_eq!(threes.get::<bool>(at).unwrap(), at % 7 == 3, "{at}");
    }
    let others = threes.logical_not().eval().unwrap();
    for at in near {
        assert_eq!(others.get::<bool>(at).unwrap(), at % 7 != 3, "{at}");
    }
    drop(others);
    let count = threes.astype(I64).sum(..).item::<i64>().unwrap();
    assert_eq!(count, n / 7 + i64::from(n % 7 > 3));
    // Rows longer than 2^31, backwards and across.
    let rows = threes.reshape([2, -1]);
    let both = rows.i(0).logical_and(rows.i(1).flip(0)).eval().unwrap();
    let half = n / 2;
    for at in [0, 1, past / 2 - 1, past / 2, half - 1] {
        assert_eq!(both.get::<bool>(at).unwrap(), at % 7 == 3 && (n - 1 - at) % 7 == 3, "{at}");
    }
    drop(both);
    let crossed = rows.t().eval().unwrap();
    for at in [0, 1, past / 2 - 1, past / 2, half - 1] {
        for row in [0, 1] {
            assert_eq!(crossed.get::<bool>([at, row]).unwrap(), (row * half + at) % 7 == 3, "{at}, {row}");
        }
    }
    drop((rows, crossed, threes));
    let n = (1_i64 << 30) + 16;
    let floats = (Array::arange(0..n) % 1000).astype(F32).eval().unwrap();
    let doubled = (floats * 2.0).eval().unwrap();
    for at in [0, (1 << 29) - 1, 1 << 29, (1 << 30) - 1, 1 << 30, n - 1] {
        assert_eq!(doubled.get::<f32>(at).unwrap(), (at % 1000 * 2) as f32, "{at}");
    }
}
