//! What is done to whole arrays: empty ones, wrong indices, the caller's floating-point state, long rows.

use std::cmp::Ordering::{Equal, Greater, Less};

use broadloom::ErrorKind;
use broadloom::prelude::*;

/// An array without elements that is computed: no kernel runs for it.
fn computed_empty(dtype: DType) -> Array {
    Array::from_vec(Vec::<i64>::new(), 0).unwrap().astype(dtype) + Array::ones(0, dtype)
}

#[test]
fn computed_arrays_without_elements_are_arguments_like_any_other() {
    let x = array![3.0, 1.0];
    let none = computed_empty(I64);
    assert_eq!(x.take(&none, 0).to_vec::<f64>().unwrap(), [0.0; 0]);
    assert_eq!(x.clone().at(&none).add(1.0).to_vec::<f64>().unwrap(), [3.0, 1.0]);
    assert_eq!(x.clone().at(s![1..1]).set(computed_empty(F64)).to_vec::<f64>().unwrap(), [3.0, 1.0]);
    assert_eq!(computed_empty(F64).searchsorted(&x).to_vec::<i64>().unwrap(), [0, 0]);
    assert_eq!(computed_empty(F64).sort(0).cumulative_sum(0).to_vec::<f64>().unwrap(), [0.0; 0]);
}

#[test]
fn indices_out_of_range_are_errors_even_of_rows_without_elements() {
    let rows = Array::zeros([3, 0], F64);
    for lazy in [
        rows.take(&array![3], 0),
        computed_empty(F64).take(&array![0], 0),
        rows.clone().at(array![-4]).add(1.0),
        computed_empty(F64).at(array![0]).set(1.0),
    ] {
        assert_eq!(lazy.eval().unwrap_err().kind(), ErrorKind::Index);
    }
    assert_eq!(rows.take(&array![2, -3], 0).eval().unwrap().shape(), [2, 0]);
}

#[test]
fn partition_keeps_the_order_of_what_is_on_one_side() {
    let x = array![[5.0, f64::NAN, 2.0, 7.0, 5.0, -0.0, 9.0, 5.0], [3.0, 0.0, 1.0, -0.0, 8.0, 0.0, 2.0, 9.0]];
    let parts = x.partition(3, 1).to_vec::<f64>().unwrap();
    assert_eq!(parts[..5], [2.0, -0.0, 5.0, 5.0, 5.0]);
    assert!(parts[5].is_nan());
    assert_eq!(parts[6..8], [7.0, 9.0]);
    assert_eq!(parts[8..], [0.0, -0.0, 0.0, 1.0, 3.0, 8.0, 2.0, 9.0]);
    assert!(parts[9].is_sign_negative() && parts[10].is_sign_positive());

    // Many rows, which threads share.
    let rows: Vec<i32> = (0..300_000_i64).map(|i| (i * 7919 % 10_007) as i32).collect();
    let x = Array::from_vec(rows.clone(), [300, 1000]).unwrap();
    let parts = x.partition(-400, 1).to_vec::<i32>().unwrap();
    for (row, parts) in rows.chunks(1000).zip(parts.chunks(1000)) {
        let mut sorted = row.to_vec();
        sorted.sort_unstable();
        let pivot = sorted[600];
        let side = |order| row.iter().copied().filter(move |value| value.cmp(&pivot) == order);
        let around = side(Less).chain(side(Equal)).chain(side(Greater));
        assert!(around.eq(parts.iter().copied()));
    }
}

#[test]
fn running_sums_of_long_rows_are_blocks_of_4096_added_up() {
    // Three blocks: each summed from its own first element, then what stands before it is added.
    let row: Vec<f32> = (0..10_000).map(|i| ((i * 7919) % 1013) as f32 * 0.1 - 50.0).collect();
    let mut expected = Vec::new();
    let mut before: Option<f32> = None;
    for block in row.chunks(4096) {
        let mut within = block[0];
        for (at, &value) in block.iter().enumerate() {
            within = if at == 0 { value } else { within + value };
            expected.push(before.map_or(within, |before| before + within));
        }
        before = expected.last().copied();
    }
    for rows in [1, 40] {
        let x = Array::from_vec(row.clone(), 10_000).unwrap().broadcast_to([rows, 10_000]);
        let sums = x.cumulative_sum(-1).to_vec::<f32>().unwrap();
        assert!(sums.chunks(10_000).all(|sums| sums == expected), "{rows} rows");
    }
}

/// Runs `work` while subnormals are flushed to zero on this thread.
#[cfg(target_arch = "x86_64")]
fn flushing<R>(work: impl FnOnce() -> R) -> R {
    let (mut saved, flush) = (0_u32, 0x9fc0_u32);
    // SAFETY: the control register is read to memory of ours, set to a valid state and put back.
    unsafe {
        std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut saved);
        std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const flush);
    }
    let result = work();
    // SAFETY: as above.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const saved) };
    result
}

#[test]
#[cfg(target_arch = "x86_64")]
fn updates_and_running_sums_keep_subnormals_whatever_the_caller_has_set() {
    let least = f32::from_bits(1);
    let x = Array::from_vec(vec![least; 5000], 5000).unwrap();
    let (added, sums) = (x.clone().at(array![0, 0]).add(x.slice(s![..2])), x.cumulative_sum(0));
    let (added, sums) = flushing(|| (added.eval().unwrap(), sums.eval().unwrap()));
    assert_eq!(added.get::<f32>(0).unwrap().to_bits(), 3);
    assert_eq!(sums.get::<f32>(4999).unwrap().to_bits(), 5000);
}
