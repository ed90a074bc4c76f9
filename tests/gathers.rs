//! What is picked by index arrays, read inside the loops that use it: as plain loops over vectors pick it,
//! for every dtype of elements and indices, every layout, and lengths around those of blocks.

use broadloom::prelude::*;
use broadloom::{ErrorKind, c64, complex};

/// Numbers that differ from each other, exact in every dtype of at least 16 bits.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i * 37 % 251) as f64 - 100.0).collect()
}

/// Indices of an axis of `extent`, in no order; every other one counts from the end if `signed`.
fn places(count: usize, extent: usize, signed: bool) -> Vec<i64> {
    let index = |i: usize| {
        let at = (i * 7919 + i / 3) % extent;
        if signed && i % 2 == 1 { at as i64 - extent as i64 } else { at as i64 }
    };
    (0..count).map(index).collect()
}

/// The same from the start.
fn from_start(index: i64, extent: usize) -> usize {
    if index < 0 { (index + extent as i64) as usize } else { index as usize }
}

fn as_f64(array: &Array) -> Vec<f64> {
    array.astype(F64).to_vec::<f64>().unwrap()
}

#[test]
fn every_dtype_is_picked_by_indices_of_every_dtype() {
    let extent = 100;
    let x = numbers(extent);
    for dtype in [I8, I16, I32, I64, U8, U16, U32, U64, F16, BF16, F32, F64] {
        // Unsigned bytes hold none of the negative ones.
        let values =
            Array::from_vec(x.clone(), extent).unwrap().abs().minimum(100.0).astype(dtype).eval().unwrap();
        let held = as_f64(&values);
        for index in [I8, I16, I32, I64, U8, U16, U32, U64] {
            let signed = matches!(index, I8 | I16 | I32 | I64);
            for count in [1, 7, 511, 512, 513, 4096, 9001] {
                let at = places(count, extent, signed);
                let expected: Vec<f64> = at.iter().map(|&at| held[from_start(at, extent)]).collect();
                let at = Array::from_vec(at, count).unwrap().astype(index).eval().unwrap();
                let what = format!("{count} of {dtype} by {index}");
                assert_eq!(as_f64(&values.take(&at, 0)), expected, "{what}");
                let doubled: Vec<f64> = expected.iter().map(|x| x * 2.0 + 1.0).collect();
                assert_eq!(as_f64(&(values.take(&at, 0).astype(F64) * 2.0 + 1.0)), doubled, "{what}");
                let sum: f64 = expected.iter().sum();
                assert_eq!(as_f64(&values.take(&at, 0).astype(F64).sum(..)), [sum], "{what}");
            }
        }
    }
}

#[test]
fn truth_values_and_complex_numbers_are_picked_too() {
    let mask = Array::from_vec(vec![true, false, false, true, false], 5).unwrap();
    let at = array![4, -2, 0, 1];
    assert_eq!((!mask.take(&at, 0)).to_vec::<bool>().unwrap(), [true, false, false, true]);
    let z = Array::arange(0..6).astype(F32).reshape([3, 2]);
    let z = complex(&z, &z * -1.0);
    let picked = (z.take(&array![2, -3], 0) * 2.0).to_vec::<c64>().unwrap();
    assert_eq!(picked, [c64::new(8.0, -8.0), c64::new(10.0, -10.0), c64::new(0.0, 0.0), c64::new(2.0, -2.0)]);
}

#[test]
fn what_is_picked_from_may_lie_anyhow() {
    let (rows, columns) = (23, 540);
    let plain = Array::from_vec(numbers(rows * columns), [rows, columns]).unwrap();
    let layouts: [(&str, Array); 5] = [
        ("plain", plain.clone()),
        ("transposed", plain.t()),
        ("backwards", plain.slice(s![..;-1, ..;-1])),
        ("every third", plain.slice(s![1..;2, 2..;3])),
        ("repeated", plain.slice(s![3..4, ..]).broadcast_to([9, columns])),
    ];
    for (name, x) in layouts {
        let held = as_f64(&x);
        let [m, n] = [x.shape()[0], x.shape()[1]];
        let y = Array::from_vec(numbers(m * n), [m, n]).unwrap();
        for axis in [0, 1] {
            let extent = x.shape()[axis];
            for shape in [&[5][..], &[600], &[3, 4], &[2, 1, 3], &[]] {
                let count = shape.iter().product();
                let at = places(count, extent, true);
                let index = Array::from_vec(at.clone(), shape).unwrap();
                let taken = x.take(&index, axis as isize);
                let mut expected = Vec::new();
                for i in 0..if axis == 0 { 1 } else { m } {
                    for &at in &at {
                        let at = from_start(at, extent);
                        for j in 0..if axis == 0 { n } else { 1 } {
                            expected.push(if axis == 0 { held[at * n + j] } else { held[i * n + at] });
                        }
                    }
                }
                let what = format!("{name}, axis {axis}, {shape:?}");
                assert_eq!(as_f64(&taken), expected, "{what}");
                let halves: Vec<f64> = expected.iter().map(|x| x / 2.0 - 1.0).collect();
                assert_eq!(as_f64(&(&taken / 2.0 - 1.0)), halves, "{what}");
                // Integers: no order of adding gives another sum.
                let sum: f64 = halves.iter().sum();
                assert_eq!(as_f64(&(&taken / 2.0 - 1.0).sum(..)), [sum], "{what}");
            }
        }
        // Beside what lies otherwise, along the axis, and by two indices.
        let at = places(m, n, true);
        let index = Array::from_vec(at.clone(), [m, 1]).unwrap();
        let along: Vec<f64> = (0..m).map(|i| held[i * n + from_start(at[i], n)]).collect();
        assert_eq!(as_f64(&x.take_along_axis(&index, 1)), along, "{name}");
        let far: Vec<f64> = (0..m * n).map(|at| held[at] - along[at / n]).collect();
        assert_eq!(as_f64(&(&x - x.take_along_axis(&index, 1))), far, "{name}");
        let (p, q) = (places(77, m, true), places(77, n, true));
        let both: Vec<f64> =
            p.iter().zip(&q).map(|(&p, &q)| held[from_start(p, m) * n + from_start(q, n)] * 3.0).collect();
        let [p, q] = [p, q].map(|at| Array::from_vec(at, 77).unwrap());
        assert_eq!(as_f64(&(x.index([&p, &q]) * 3.0)), both, "{name}");
        let crossed = x.index([p.reshape([77, 1]), q.reshape([1, 77])]) + 0.0;
        assert_eq!(as_f64(&crossed), as_f64(&x.take(&p, 0).take(&q, 1)), "{name}");
        let beside = as_f64(&y.take(&p, 0));
        let sums: Vec<f64> = as_f64(&x.take(&p, 0)).iter().zip(beside).map(|(x, y)| x + y).collect();
        assert_eq!(as_f64(&(x.take(&p, 0) + y.take(&p, 0))), sums, "{name}");
    }
}

#[test]
fn rows_are_reduced_where_they_lie() {
    let (rows, row, bags, bag) = (50, 64, 40, 9);
    let held = numbers(rows * row);
    let table = Array::from_vec(held.clone(), [rows, row]).unwrap();
    let at = places(bags * bag, rows, true);
    let ids = Array::from_vec(at.clone(), [bags, bag]).unwrap();
    let mut sums = vec![0.0; bags * row];
    for (number, &at) in at.iter().enumerate() {
        for j in 0..row {
            sums[number / bag * row + j] += held[from_start(at, rows) * row + j];
        }
    }
    assert_eq!(as_f64(&table.take(&ids, 0).sum(1)), sums);
    let largest: Vec<f64> = at
        .iter()
        .map(|&at| held[from_start(at, rows) * row..][..row].iter().copied().fold(f64::MIN, f64::max))
        .collect();
    assert_eq!(as_f64(&table.take(&ids, 0).max(-1)), largest);
    let first: Vec<f64> = at
        .iter()
        .map(|&at| {
            let row = &held[from_start(at, rows) * row..][..row];
            let top = row.iter().copied().fold(f64::MIN, f64::max);
            row.iter().position(|x| *x == top).unwrap() as f64
        })
        .collect();
    assert_eq!(as_f64(&table.take(&ids, 0).argmax(-1)), first);
}

#[test]
fn cross_entropy_picks_from_rows_of_a_softmax() {
    let (rows, classes) = (30, 700);
    let held: Vec<f64> = numbers(rows * classes).iter().map(|x| x / 50.0).collect();
    let at = places(rows, classes, false);
    let x = Array::from_vec(held.clone(), [rows, classes]).unwrap();
    let labels = Array::from_vec(at.clone(), [rows, 1]).unwrap();
    for (row, loss) in as_f64(&-x.log_softmax(-1).take_along_axis(&labels, -1)).into_iter().enumerate() {
        let row_of = &held[row * classes..][..classes];
        let sum: f64 = row_of.iter().map(|x| x.exp()).sum();
        let expected = sum.ln() - row_of[at[row] as usize];
        assert!((loss - expected).abs() < 1e-12 * expected.abs(), "{loss} is not {expected}");
    }
    let chosen = as_f64(&x.softmax(-1).take_along_axis(&labels, -1).log());
    assert_eq!(chosen.len(), rows);
    // By an index that the rows themselves give.
    let best = x.argmax(-1).expand_dims(1);
    assert_eq!(as_f64(&(x.take_along_axis(&best, 1) - x.max(over(-1).keepdims()))), vec![0.0; rows]);
}

#[test]
fn an_index_that_is_computed_may_be_anything() {
    let x = Array::from_vec(numbers(1000), 1000).unwrap();
    let held = numbers(1000);
    let i = Array::arange(0..1000);
    let expected: Vec<f64> = (0..1000).map(|i| held[(i * i) % 1000] + held[999 - i] + held[i]).collect();
    let sum = x.take(&((&i * &i) % 1000), 0) + x.take(&(-1 - &i), 0) + x.take(&i, 0);
    assert_eq!(as_f64(&sum), expected);
    // What counts may be picked from, and by itself.
    let odd = Array::arange_step(1..1000, 2);
    assert_eq!(odd.take(&array![-1, 0, 3], 0).to_vec::<i64>().unwrap(), [999, 1, 7]);
    assert_eq!((i.take(&odd.take(&odd.slice(s![..250]), 0), 0) * 2).get::<i64>(249).unwrap(), 1998);
    let steps = Array::arange(0..6);
    assert_eq!(steps.take(&steps, 0).to_vec::<i64>().unwrap(), [0, 1, 2, 3, 4, 5]);
    // An array that is its own index.
    let cycle = array![2_i64, 0, 3, 1];
    assert_eq!((cycle.take(&cycle, 0) + 10).to_vec::<i64>().unwrap(), [13, 12, 11, 10]);
    // One value for all.
    assert_eq!(as_f64(&(x.take(&Array::full([3], -1, I64), 0) * 1.0)), [held[999]; 3]);
}

#[test]
fn an_index_out_of_range_is_the_first_whoever_meets_it() {
    let n = 1_000_000;
    let x = Array::ones([100, 3], F32).eval().unwrap();
    let mut at = places(n, 100, true);
    for wrong in [999_999, 700_001, 400_000, 650_000] {
        at[wrong] = wrong as i64;
    }
    let index = Array::from_vec(at.clone(), n).unwrap();
    for threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let fails = |array: Array| pool.install(|| array.eval().unwrap_err());
        for lazy in [
            x.take(&index, 0) * 2.0,
            x.take(&index, 0).sum(-1),
            x.slice(s![.., 1]).take(&index, 0) + 1.0,
            x.slice(s![.., 1]).take(&index, 0).sum(..),
        ] {
            let error = fails(lazy);
            let expected = "index 400000 is out of range for axis 0, which has 100 elements";
            assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Index, expected));
        }
    }
    // The least and the greatest that are in range, and their neighbors.
    let x = array![1.0, 2.0, 3.0];
    assert_eq!((x.take(&array![-3, 2], 0) * 1.0).to_vec::<f64>().unwrap(), [1.0, 3.0]);
    for wrong in [-4, 3, i64::MIN, i64::MAX, i64::MIN + 1] {
        let error = (x.take(&Array::from_vec(vec![0, wrong, 1], 3).unwrap(), 0) * 1.0).eval().unwrap_err();
        let expected = format!("index {wrong} is out of range for axis 0, which has 3 elements");
        assert_eq!(error.to_string(), expected);
    }
}
