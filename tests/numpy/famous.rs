//! What everybody knows from NumPy, written as one would write it.

use broadloom::prelude::*;

type Result<T = ()> = broadloom::Result<T>;

#[test]
fn a_column_and_a_row_make_a_table() -> Result {
    let table = Array::arange(1..4).reshape((-1, 1)) * Array::arange(1..5);
    assert_eq!(table.shape(), [3, 4]);
    assert_eq!(table.to_vec::<i64>()?, [1, 2, 3, 4, 2, 4, 6, 8, 3, 6, 9, 12]);
    Ok(())
}

#[test]
fn columns_are_standardized_in_one_line() -> Result {
    let x = array![[1.0, 10.0], [2.0, 20.0], [3.0, 60.0]];
    let z = (&x - x.mean(0)) / x.std(0);
    assert!(z.mean(0).allclose(&Array::zeros(2, F64))?);
    assert!(z.std(0).allclose(&Array::ones(2, F64))?);
    let expected = array![-1.224744871391589, 0.0, 1.224744871391589];
    assert!(z.slice(s![.., 0]).allclose(&expected)?);
    Ok(())
}

#[test]
fn distances_between_all_pairs_need_no_loop() -> Result {
    let p = array![[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]];
    let difference = p.slice(s![.., NewAxis, ..]) - p.slice(s![NewAxis, .., ..]);
    let distance = difference.square().sum(-1).sqrt();
    assert_eq!(distance.to_vec::<f64>()?, [0.0, 5.0, 10.0, 5.0, 0.0, 5.0, 10.0, 5.0, 0.0]);
    Ok(())
}

#[test]
fn every_second_element_backwards() -> Result {
    let x = Array::arange(0..10);
    assert_eq!(x.slice(s![..;-2]).to_vec::<i64>()?, [9, 7, 5, 3, 1]);
    assert_eq!(x.slice(s![2..8;3]).to_vec::<i64>()?, [2, 5]);
    assert_eq!(x.slice(s![-3..]).to_vec::<i64>()?, [7, 8, 9]);
    assert_eq!(x.slice(s![7..2;-2]).to_vec::<i64>()?, [7, 5, 3]);
    assert_eq!(x.slice(s![..=3]).to_vec::<i64>()?, [0, 1, 2, 3]);
    Ok(())
}

#[test]
fn division_follows_the_divisors_sign_as_in_python() -> Result {
    let (a, b) = (array![7, -7, 7, -7, 7], array![3, 3, -3, -3, 0]);
    assert_eq!(a.floor_divide(&b).to_vec::<i32>()?, [2, -3, -3, 2, 0]);
    assert_eq!((&a % &b).to_vec::<i32>()?, [1, 2, -2, -1, 0]);
    assert_eq!((&a / 2).to_vec::<f64>()?, [3.5, -3.5, 3.5, -3.5, 3.5]);
    Ok(())
}

#[test]
fn dtypes_meet_as_in_numpy_2() {
    let of = |dtype| Array::ones(2, dtype);
    assert_eq!((of(I32) + of(F32)).dtype(), F64);
    assert_eq!((of(I64) * of(F32)).dtype(), F64);
    assert_eq!((of(Bool) + of(F32)).dtype(), F32);
    assert_eq!((of(F32) * 2.0_f64).dtype(), F32);
    assert_eq!((of(I32) * 2_i64).dtype(), I32);
    assert_eq!((of(I32) * 2.0).dtype(), F64);
    assert_eq!((of(I32) / of(I32)).dtype(), F64);
    assert_eq!(of(I32).sum(..).dtype(), I64);
    assert_eq!(of(Bool).sum(..).dtype(), I64);
    assert_eq!(of(F32).mean(..).dtype(), F32);
}

#[test]
fn variances_of_one_of_equals_and_of_special_values() -> Result {
    let var = |x: &[f64], correction: f64| {
        Array::from_vec(x.to_vec(), [x.len()])?.var(over(..).correction(correction)).item::<f64>()
    };
    assert_eq!(var(&[5.0], 0.0)?, 0.0);
    assert!(var(&[5.0], 1.0)?.is_nan());
    assert_eq!(var(&[0.1; 1000], 0.0)?, 0.0);
    assert_eq!(var(&[1e200, 3.0, -1e200], 0.0)?, f64::INFINITY);
    for special in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(var(&[special], 0.0)?.is_nan());
        // At the front, where it becomes a pivot, and behind, alone in its lane and not.
        for at in [0, 1, 16, 40, 299] {
            let mut x = [1.0; 300];
            x[at] = special;
            assert!(var(&x, 0.0)?.is_nan(), "{special} at {at}");
        }
    }
    Ok(())
}

#[test]
fn nothing_sums_to_zero_and_multiplies_to_one() -> Result {
    let none = Array::zeros(0, F64);
    assert_eq!(none.sum(..).item::<f64>()?, 0.0);
    assert_eq!(none.prod(..).item::<f64>()?, 1.0);
    assert!(none.mean(..).item::<f64>()?.is_nan());
    assert!(none.var(..).item::<f64>()?.is_nan());
    assert!(none.all(..).item::<bool>()?);
    assert!(!none.any(..).item::<bool>()?);
    assert!(none.try_max(..).is_err());
    assert!(none.try_argmin(..).is_err());
    Ok(())
}

#[test]
fn nan_wins_every_maximum_and_argmax_finds_the_first() -> Result {
    let x = array![1.0, f64::NAN, 3.0, f64::NAN];
    assert!(x.max(..).item::<f64>()?.is_nan());
    assert!(x.min(..).item::<f64>()?.is_nan());
    assert_eq!(x.argmax(..).item::<i64>()?, 1);
    assert_eq!(x.argmin(..).item::<i64>()?, 1);
    assert!(x.slice(s![..2]).maximum(5.0).to_vec::<f64>()?[1].is_nan());
    Ok(())
}

#[test]
fn a_large_mean_does_not_spoil_the_variance() -> Result {
    // 10^6 + 0, 1, 2, … 9: the variance is that of the digits, 8.25.
    let x = Array::arange(0.0..10.0) + 1e6;
    assert!((x.var(..).item::<f64>()? - 8.25).abs() < 1e-9);
    assert!((x.var(over(..).correction(1)).item::<f64>()? - 82.5 / 9.0).abs() < 1e-9);
    Ok(())
}

#[test]
fn a_batch_of_matrices_multiplies_one_matrix() -> Result {
    let a = Array::arange(0..12).reshape([2, 2, 3]);
    let b = Array::arange(0..6).reshape([3, 2]);
    let expected = [10, 13, 28, 40, 46, 67, 64, 94];
    assert_eq!(a.matmul(&b).to_vec::<i64>()?, expected);
    assert_eq!(a.matmul(&b.i(0).matmul(&b.t())).shape(), [2, 2]);
    Ok(())
}

#[test]
fn float_to_integer_casts_saturate_where_numpy_depends_on_the_machine() -> Result {
    let x = array![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e10, -2.9];
    assert_eq!(x.astype(I32).to_vec::<i32>()?, [0, i32::MAX, i32::MIN, i32::MAX, -2]);
    assert_eq!(x.astype(I64).to_vec::<i64>()?, [0, i64::MAX, i64::MIN, 10_000_000_000, -2]);
    Ok(())
}

#[test]
fn a_table_prints_in_columns() {
    let x = array![[1.0, -20.25], [0.5, 100.0]];
    assert_eq!(x.to_string(), "[[  1.   -20.25]\n [  0.5  100.  ]]");
    assert_eq!(Array::arange(0..3).to_string(), "[0 1 2]");
    assert_eq!(array![true, false].to_string(), "[ True False]");
    assert_eq!(Array::scalar(2.5).to_string(), "2.5");
}

#[test]
fn the_sign_of_nan_is_plus() -> Result {
    let nan = Array::from_vec([f64::NAN, -f64::NAN].repeat(40), 80)?;
    assert_eq!(nan.signbit().to_vec::<bool>()?, [false; 80]);
    for dtype in [F16, BF16, F32, F64] {
        let signed = (Array::zeros(80, dtype) - 2.0).copysign(nan.astype(dtype));
        assert_eq!(signed.astype(F64).to_vec::<f64>()?, [2.0; 80], "{dtype}");
    }
    Ok(())
}

#[test]
fn correlations_are_never_beyond_one() -> Result {
    for k in 0..100 {
        let row: Vec<f64> = (0..4).map(|i| f64::from((k * 37 + i * i * 11) % 97) / 100.0).collect();
        let row = Array::from_vec(row, 4)?;
        let most = stack([&row, &(&row * 3.0)], 0).corrcoef().abs().max(..).item::<f64>()?;
        assert!(most <= 1.0, "{most} in round {k}");
    }
    Ok(())
}

#[test]
fn tolerances_of_small_integers_are_not_rounded() -> Result {
    let (a, b) = (array![100_i8, 100], array![67_i8, 67]);
    // 0.4925 * 67 is 32.9975.
    assert_eq!(a.isclose_within(&b, 0.4925, 0.0).to_vec::<bool>()?, [false; 2]);
    assert_eq!(a.isclose_within(&b, 0.4926, 0.0).to_vec::<bool>()?, [true; 2]);
    Ok(())
}
