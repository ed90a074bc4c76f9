//! The forms in which expressions can be written, and what they mean.
#![expect(
    clippy::needless_borrows_for_generic_args,
    reason = "borrowed operands are among the forms under test"
)]

use broadloom::PrintOptions;
use broadloom::prelude::*;
use broadloom::{bf16, f16};

type Result<T = ()> = broadloom::Result<T>;

#[test]
fn operators_take_arrays_references_and_scalars_on_either_side() -> Result {
    let (a, b) = (array![1.0, 2.0], array![10.0, 20.0]);
    let n: usize = 3;
    assert_eq!((2.0 * &a).exp().dtype(), F64);
    assert_eq!(((1 - &a) * 3.0 + &b * 0.5).exp().shape(), [2]);
    assert_eq!((&a + &b).to_vec::<f64>()?, [11.0, 22.0]);
    assert_eq!((a.clone() + b.clone() - 1).to_vec::<f64>()?, [10.0, 21.0]);
    assert_eq!((&a * n % 4_u8).to_vec::<f64>()?, [3.0, 2.0]);
    assert_eq!((1.0 / &a).to_vec::<f64>()?, [1.0, 0.5]);
    assert_eq!((-&a).to_vec::<f64>()?, [-1.0, -2.0]);
    let (p, k) = (array![true, false], array![1, 2]);
    assert_eq!((!&p & true | (false ^ &p)).to_vec::<bool>()?, [true, true]);
    assert_eq!(((1 << &k) >> 1 & 3 | &k).to_vec::<i32>()?, [1, 2]);
    let mut sum = Array::zeros(2, F64);
    sum += &a;
    sum -= 1;
    sum *= b;
    sum /= 2.0;
    sum %= 100;
    assert_eq!(sum.to_vec::<f64>()?, [0.0, 10.0]);
    Ok(())
}

#[test]
fn rust_scalars_are_weak_and_scalar_arrays_are_not() {
    let x = Array::zeros(2, F32);
    assert_eq!((&x * 2.0).dtype(), F32);
    assert_eq!((&x * 2.0_f64 + 1_u64).dtype(), F32);
    assert_eq!((&x * Array::scalar(2.0_f64)).dtype(), F64);
    assert_eq!((Array::zeros(2, I32) * 2.0).dtype(), F64);
    assert_eq!((Array::zeros(2, Bool) + 1).dtype(), I64);
    assert_eq!(x.less(0.5).dtype(), Bool);
    assert_eq!((Array::zeros(2, I32) / 2).dtype(), F64);
    assert_eq!(Array::zeros(2, I32).astype(F32).mean(..).dtype(), F32);
}

#[test]
fn narrow_and_unsigned_elements_go_in_and_come_out() -> Result {
    let x = Array::from_vec(vec![250_u8, 5], 2)?;
    assert_eq!((&x + 10).to_vec::<u8>()?, [4, 15]);
    assert_eq!((&x + &x.astype(I8)).dtype(), I16);
    assert_eq!((array![1_i16, 2].sum(..).dtype(), array![1_u16].sum(..).item::<u64>()?), (I64, 1));
    assert_eq!(Array::full(2, 7, U32).to_vec::<u32>()?, [7, 7]);
    let halves: Array = [0.5, 1.5].map(f16::from_f64).into_iter().collect();
    assert_eq!((&halves * 2.0).to_vec::<f16>()?, [1.0, 3.0].map(f16::from_f64));
    assert_eq!(Array::scalar(bf16::from_f32(1.0)).item::<bf16>()?.to_f32(), 1.0);
    let error = x.try_add(256).unwrap_err();
    assert_eq!(error.to_string(), "add: 256 does not fit u8");
    let error = x.astype(U64).try_multiply(&array![1_i64]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "multiply: u64 and i64 have no common dtype that holds their values: cast one of them"
    );
    Ok(())
}

#[test]
fn methods_take_scalars_too() -> Result {
    let x = array![-1.0, 0.25, 2.0];
    assert_eq!(x.maximum(0.0).to_vec::<f64>()?, [0.0, 0.25, 2.0]);
    assert_eq!(where_(&x.less(0.5) & true, &x, 0.0).to_vec::<f64>()?, [-1.0, 0.25, 0.0]);
    assert_eq!(where_(x.less(0.5), 1, 2.5).to_vec::<f64>()?, [1.0, 1.0, 2.5]);
    assert_eq!(x.clip(0, 1).to_vec::<f64>()?, [0.0, 0.25, 1.0]);
    assert_eq!(x.pow(2).to_vec::<f64>()?, [1.0, 0.0625, 4.0]);
    assert_eq!(x.pow(0).to_vec::<f64>()?, [1.0; 3]);
    assert_eq!(array![2, 3].pow(&array![3, 2]).to_vec::<i32>()?, [8, 9]);
    assert_eq!(array![7, -7].floor_divide(2).to_vec::<i32>()?, [3, -4]);
    assert_eq!(x.relu().to_vec::<f64>()?, [0.0, 0.25, 2.0]);
    Ok(())
}

#[test]
#[allow(clippy::reversed_empty_ranges)]
fn arrays_are_created_from_data_and_from_rules() -> Result {
    assert_eq!(array![1, 2].dtype(), I32);
    assert_eq!(array![[1.0, 2.0], [3.0, 4.0]].shape(), [2, 2]);
    assert_eq!(array![[[1_i64], [2]], [[3], [4]]].shape(), [2, 2, 1]);
    assert_eq!(array![0.5_f32; 4].to_vec::<f32>()?, [0.5; 4]);
    assert_eq!(Array::from_vec(vec![1.0_f32; 6], (2, -1))?.shape(), [2, 3]);
    assert_eq!(Array::from_slice(&[1, 2, 3], 3)?.to_vec::<i32>()?, [1, 2, 3]);
    assert!(Array::zeros([2, 0], F32).to_vec::<f32>()?.is_empty());
    assert_eq!(Array::ones((), I64).item::<i64>()?, 1);
    assert_eq!(Array::full([2], 7, F64).to_vec::<f64>()?, [7.0; 2]);
    assert_eq!(Array::full([2], true, Bool).to_vec::<bool>()?, [true; 2]);
    assert_eq!(Array::arange(0..4).to_vec::<i64>()?, [0, 1, 2, 3]);
    assert_eq!(Array::arange(0..-4).size(), 0);
    assert_eq!(Array::arange_step(0..10, 3).to_vec::<i64>()?, [0, 3, 6, 9]);
    assert_eq!(Array::arange_step(1.0..0.0, -0.25).to_vec::<f64>()?, [1.0, 0.75, 0.5, 0.25]);
    assert_eq!(Array::linspace(0.0, 1.0, 3).to_vec::<f64>()?, [0.0, 0.5, 1.0]);
    assert_eq!(Array::linspace(2.0, 1.0, 1).to_vec::<f64>()?, [2.0]);
    assert_eq!(Array::linspace(0.0, 0.7, 8).get::<f64>(-1)?, 0.7);
    assert_eq!(Array::eye(2, I32).to_vec::<i32>()?, [1, 0, 0, 1]);
    let x = Array::zeros([2, 3], F32);
    assert_eq!(x.ones_like().shape(), x.zeros_like().shape());
    assert_eq!(x.full_like(2).to_vec::<f32>()?, [2.0; 6]);
    Ok(())
}

#[test]
fn shapes_and_axes_come_in_every_form() {
    let x = Array::zeros([2, 3, 4], F32);
    let n = 6_usize;
    let v: Vec<i64> = vec![4, 6];
    assert_eq!(x.reshape((n, -1)).shape(), [6, 4]);
    assert_eq!(x.reshape(-1).shape(), [24]);
    assert_eq!(x.reshape(&v).shape(), [4, 6]);
    assert_eq!(x.reshape(v).shape(), [4, 6]);
    assert_eq!(x.reshape(&[2_u32, 12][..]).shape(), [2, 12]);
    assert_eq!(x.reshape(x.shape()).shape(), x.shape());
    assert_eq!(x.sum(..).shape(), [0; 0]);
    assert_eq!(x.sum(()).shape(), [2, 3, 4]);
    assert_eq!(x.sum(0).shape(), [3, 4]);
    assert_eq!(x.sum([0, -1]).shape(), [3]);
    assert_eq!(x.sum((0, 1)).shape(), [4]);
    assert_eq!(x.max(over(-1).keepdims()).shape(), [2, 3, 1]);
    assert_eq!(x.std(over([0, 1]).correction(1).keepdims()).shape(), [1, 1, 4]);
    assert_eq!(x.ravel().shape(), [24]);
    assert_eq!(x.t().shape(), [4, 3, 2]);
    assert_eq!(x.permute_dims([1, 2, 0]).shape(), [3, 4, 2]);
    assert_eq!(x.swapaxes(0, -1).shape(), [4, 3, 2]);
    assert_eq!(x.moveaxis(0, -1).shape(), [3, 4, 2]);
    assert_eq!(x.matrix_transpose().shape(), [2, 4, 3]);
    assert_eq!(x.expand_dims([0, -1]).shape(), [1, 2, 3, 4, 1]);
    assert_eq!(x.expand_dims(1).squeeze(..).shape(), [2, 3, 4]);
    assert_eq!(x.expand_dims(1).squeeze(1).shape(), [2, 3, 4]);
    assert_eq!(x.broadcast_to([5, 2, 3, 4]).shape(), [5, 2, 3, 4]);
    assert_eq!(x.flip(..).shape(), [2, 3, 4]);
}

#[test]
#[allow(clippy::reversed_empty_ranges)]
fn slices_have_one_grammar() -> Result {
    let x = Array::arange(0..24).reshape([2, 3, 4]);
    let (a, b) = (1, 3_usize);
    assert_eq!(x.slice(s![1.., ..;-2, NewAxis, ..., -1]).to_vec::<i64>()?, [23, 15]);
    assert_eq!(x.slice(s![1.., ..;-2, NewAxis, ..., -1]).shape(), [1, 2, 1]);
    assert_eq!(x.slice(s![]).shape(), [2, 3, 4]);
    assert_eq!(x.slice(s![...]).shape(), [2, 3, 4]);
    assert_eq!(x.slice(s![0, 0, a..b]).shape(), [2]);
    assert_eq!(x.slice(s![0, 0, 1..=2]).to_vec::<i64>()?, [1, 2]);
    assert_eq!(x.slice(s![0, 0, ..=-2]).to_vec::<i64>()?, [0, 1, 2]);
    assert_eq!(x.slice(s![0, 0, -3..-1;2]).to_vec::<i64>()?, [1]);
    assert_eq!(x.slice(s![0, 0, 3..0;-1]).to_vec::<i64>()?, [3, 2, 1]);
    assert_eq!(x.slice(s![0, 0, 3..=0;-2]).to_vec::<i64>()?, [3, 1]);
    assert_eq!(x.slice(s![.., NewAxis, 0, ..2]).shape(), [2, 1, 2]);
    assert_eq!(x.slice(s![0, 2..2]).shape(), [0, 4]);
    assert_eq!(x.slice(s![..., 1..;2,]).shape(), [2, 3, 2]);
    assert_eq!(x.i(0).i(-1).to_vec::<i64>()?, [8, 9, 10, 11]);
    assert_eq!(x.i(1..).shape(), [1, 3, 4]);
    Ok(())
}

#[test]
fn views_read_the_elements_they_say() -> Result {
    let x = array![[1, 2, 3], [4, 5, 6]];
    assert_eq!(x.t().to_vec::<i32>()?, [1, 4, 2, 5, 3, 6]);
    assert_eq!(x.flip(0).to_vec::<i32>()?, [4, 5, 6, 1, 2, 3]);
    assert_eq!(x.flip([0, 1]).to_vec::<i32>()?, [6, 5, 4, 3, 2, 1]);
    assert_eq!(x.t().reshape([2, 3]).to_vec::<i32>()?, [1, 4, 2, 5, 3, 6]);
    assert_eq!(concat([x.clone(), x.flip(0)], 0).shape(), [4, 3]);
    assert_eq!(concat(vec![x.clone(), x.clone()], -1).i(0).to_vec::<i32>()?, [1, 2, 3, 1, 2, 3]);
    assert_eq!(concat(&vec![x.clone(), x.astype(F32)], 0).dtype(), F64);
    assert_eq!(stack([&x.i(0), &x.i(1)], 1).to_vec::<i32>()?, [1, 4, 2, 5, 3, 6]);
    let rows: Vec<Vec<i32>> = x.iter().map(|row| row.to_vec()).collect::<Result<_>>()?;
    assert_eq!(rows, [[1, 2, 3], [4, 5, 6]]);
    assert_eq!((&x).into_iter().rev().len(), 2);
    Ok(())
}

#[test]
fn reductions_follow_numpy() -> Result {
    let x = array![[1.0, 5.0, 3.0], [4.0, 2.0, 0.0]];
    assert_eq!(x.sum(..).item::<f64>()?, 15.0);
    assert_eq!(x.prod(1).to_vec::<f64>()?, [15.0, 0.0]);
    assert_eq!(x.max(0).to_vec::<f64>()?, [4.0, 5.0, 3.0]);
    assert_eq!(x.min([0, 1]).item::<f64>()?, 0.0);
    assert_eq!(x.mean(1).to_vec::<f64>()?, [3.0, 2.0]);
    assert_eq!(x.var(..).item::<f64>()?, 35.0 / 12.0);
    assert_eq!(x.var(over(1).correction(1)).to_vec::<f64>()?, [4.0, 4.0]);
    assert_eq!(x.argmax(1).to_vec::<i64>()?, [1, 0]);
    assert_eq!(x.argmin(..).item::<i64>()?, 5);
    assert_eq!(x.argmin(()).to_vec::<i64>()?, [0; 6]);
    assert_eq!(x.count_nonzero(1).to_vec::<i64>()?, [3, 2]);
    assert!(x.any(..).item::<bool>()? && !x.all(..).item::<bool>()?);
    assert_eq!(array![true, true].sum(..).item::<i64>()?, 2);
    assert_eq!(array![1, 2].mean(..).item::<f64>()?, 1.5);
    let none = Array::zeros([2, 0], F32);
    assert_eq!(none.sum(1).to_vec::<f32>()?, [0.0; 2]);
    assert_eq!(none.prod(1).to_vec::<f32>()?, [1.0; 2]);
    assert!(none.mean(..).item::<f32>()?.is_nan());
    assert_eq!(none.max(0).shape(), [0]);
    Ok(())
}

/// The place of the first element beyond all others, NaN being beyond all.
fn first_place(row: &[f64], beyond: impl Fn(f64, f64) -> bool) -> i64 {
    let mut best = 0;
    for (place, value) in row.iter().enumerate() {
        if !row[best].is_nan() && (value.is_nan() || beyond(*value, row[best])) {
            best = place;
        }
    }
    best as i64
}

#[test]
fn places_of_extremes_are_the_first_ones_in_rows_of_any_length() -> Result {
    // So long that rows are searched alone, in pieces, and several together, more of them than fit at once.
    for (rows, n) in [(3, 1), (70, 15), (2100, 16), (300, 63), (300, 64), (70, 65), (90, 1000), (5, 40_000)] {
        let mut random = fastrand::Rng::with_seed(n as u64);
        // Small integers, so that there are ties, both zeros among them.
        let mut values: Vec<f64> = (0..rows * n)
            .map(|_| f64::from(random.i8(-9..10)) * if random.bool() { 1.0 } else { -1.0 })
            .collect();
        for row in values.chunks_mut(n) {
            match random.u8(0..8) {
                0 => row.fill(-0.0),
                1 => row[random.usize(..n)] = f64::NAN,
                2 => row.fill(f64::NEG_INFINITY),
                3 => row[n - 1] = 100.0,
                _ => {}
            }
        }
        let whole: Vec<f64> = values.iter().map(|value| if value.is_nan() { 0.0 } else { *value }).collect();
        for dtype in [F32, F64, F16, I8, I32] {
            let values = if dtype.is_float() { &values } else { &whole };
            let x = Array::from_slice(values, [rows, n])?.astype(dtype).eval()?;
            let expected = |beyond: fn(f64, f64) -> bool| -> Vec<i64> {
                values.chunks(n).map(|row| first_place(row, beyond)).collect()
            };
            assert_eq!(x.argmax(1).to_vec::<i64>()?, expected(|a, b| a > b), "{dtype} {rows} {n}");
            assert_eq!(x.argmin(1).to_vec::<i64>()?, expected(|a, b| a < b), "{dtype} {rows} {n}");
            // Of every other row, of what is computed, and along columns.
            let every_other: Vec<i64> = expected(|a, b| a > b).into_iter().step_by(2).collect();
            assert_eq!(x.slice(s![..;2, ..]).argmax(1).to_vec::<i64>()?, every_other, "{dtype} {rows} {n}");
            if dtype.is_float() {
                let computed = (&x + &x).argmax(1);
                assert_eq!(computed.to_vec::<i64>()?, expected(|a, b| a > b), "{dtype} {rows} {n}");
            }
            assert_eq!(x.t().argmin(0).to_vec::<i64>()?, expected(|a, b| a < b), "{dtype} {rows} {n}");
        }
    }
    Ok(())
}

#[test]
fn products_follow_numpy() -> Result {
    let (x, w) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0, 0.0, 2.0], [0.0, 1.0, 2.0]]);
    assert_eq!(x.matmul(&w).to_vec::<f64>()?, [1.0, 2.0, 6.0, 3.0, 4.0, 14.0]);
    assert_eq!(x.matmul(&array![1.0, 1.0]).to_vec::<f64>()?, [3.0, 7.0]);
    assert_eq!(array![1.0, 1.0].matmul(&w).to_vec::<f64>()?, [1.0, 1.0, 4.0]);
    assert_eq!(array![1, 2].matmul(&array![3, 4]).item::<i32>()?, 11);
    let batch = Array::ones([5, 1, 2, 3], F32).matmul(&Array::ones([4, 3, 6], F32));
    assert_eq!(batch.shape(), [5, 4, 2, 6]);
    assert_eq!(batch.max(..).item::<f32>()?, 3.0);
    assert_eq!(Array::ones([2, 3], F32).matmul(&Array::ones([4, 3, 6], F32)).shape(), [4, 2, 6]);
    assert_eq!(Array::ones([3], F32).matmul(&Array::ones([4, 3, 6], F32)).shape(), [4, 6]);
    assert_eq!(Array::ones([4, 2, 3], F32).matmul(&Array::ones([3], F32)).shape(), [4, 2]);
    assert_eq!(Array::ones([2, 0], F32).matmul(&Array::ones([0, 3], F32)).to_vec::<f32>()?, [0.0; 6]);
    assert_eq!(x.vecdot(&array![1.0, 1.0]).to_vec::<f64>()?, [3.0, 7.0]);
    Ok(())
}

#[test]
fn compositions_are_what_their_formulas_say() -> Result {
    let x = array![-2.0, 0.0, 3.0];
    let close = |a: Array, b: [f64; 3]| a.allclose_within(&Array::from_slice(&b, 3)?, 1e-12, 1e-12);
    assert!(close(x.gelu(), [-0.04550026389635839, 0.0, 2.9959503059051303])?);
    assert!(close(x.gelu_tanh(), [-0.045402305912988, 0.0, 2.996362607918227])?);
    assert!(close(x.silu(), [-0.23840584404423515, 0.0, 2.8577223804672998])?);
    assert!(close(x.softplus(), [0.1269280110429726, std::f64::consts::LN_2, 3.048587351573742])?);
    assert!(close(x.softmax(0), [0.006377460922442297, 0.04712341652466415, 0.9464991225528936])?);
    assert!((x.softmax(..).sum(..) - 1.0).abs().less(1e-15).item::<bool>()?);
    assert!(x.log_softmax(-1).allclose(&x.softmax(-1).log())?);
    let y = x.layer_norm(0, &array![1.0, 2.0, 1.0], 0.5, 0.0);
    assert!(close(y, [-0.6355499479153377, 0.17555715773847497, 1.7977713690461001])?);
    assert_eq!(Array::zeros([3, 0], F32).softmax(1).shape(), [3, 0]);
    let y = x.layer_norm(0, 1, 0, 1e-5);
    assert!(y.mean(..).abs().item::<f64>()? < 1e-12);
    assert!(y.std(..).isclose(1.0).item::<bool>()?);
    Ok(())
}

#[test]
fn several_arrays_are_evaluated_at_once() -> Result {
    let x = array![1.0, 2.0];
    let [a, b] = broadloom::eval([&x + 1, &x * 2])?;
    let (c, d, e) = broadloom::eval((&a + &b, x.clone(), x.sum(..)))?;
    assert!(a.is_evaluated() && c.is_evaluated());
    assert_eq!((c.to_vec::<f64>()?, d.item::<f64>().is_err(), e.item::<f64>()?), (vec![4.0, 7.0], true, 3.0));
    let many: Vec<Array> = broadloom::eval((0..3).map(|k| &x * k).collect::<Vec<_>>())?;
    assert_eq!(many[2].as_slice::<f64>()?, [2.0, 4.0]);
    let [same, again] = broadloom::eval([&x + 1, &x + 1])?;
    assert!(same.array_equal(&again)?);
    Ok(())
}

#[test]
fn reading_gives_elements_of_the_arrays_own_type() -> Result {
    let x = array![[1, 2], [3, 4]];
    assert_eq!((x.ndim(), x.size(), x.nbytes(), x.dtype()), (2, 4, 16, I32));
    assert_eq!(x.get::<i32>((1, -1))?, 4);
    assert_eq!(x.get::<i32>([0, 1])?, 2);
    assert_eq!(x.as_slice::<i32>()?, [1, 2, 3, 4]);
    let y = &x + 1;
    assert!(y.as_slice::<i32>().is_err());
    y.force()?;
    assert_eq!(y.as_slice::<i32>()?, [2, 3, 4, 5]);
    assert!(x.array_equal(&x.astype(F64))? && !x.array_equal(&y)? && !x.array_equal(&x.ravel())?);
    assert!(x.allclose(&(x.astype(F64) + 1e-9))?);
    assert!(!array![f64::NAN].array_equal(&array![f64::NAN])?);
    Ok(())
}

#[test]
fn checked_returns_the_first_error_of_an_expression() {
    let (a, b) = (Array::zeros([3, 4], F32), Array::zeros([2, 4], F32));
    let error = broadloom::checked(|| ((&a + &b).exp() * 2.0).sum(7).reshape([5, 5])).unwrap_err();
    let line = line!() - 1;
    let expected =
        format!("add: cannot broadcast f32[3, 4] with f32[2, 4]: axis -2 has 3 and 2 (tests/api.rs:{line})");
    assert_eq!(error.to_string(), expected);
    assert_eq!(broadloom::checked(|| &a + 1.0).unwrap().shape(), [3, 4]);
    let inner = broadloom::checked(|| broadloom::checked(|| &a + &b).is_err() && a.try_add(&b).is_err());
    assert!(inner.unwrap());
    let read = broadloom::checked(|| (&a + &b).to_vec::<f32>());
    assert!(read.is_err());
}

#[test]
fn a_building_error_panics_at_the_callers_line() {
    let place = std::sync::Arc::new(std::sync::Mutex::new(0));
    let (seen, before) = (place.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| *seen.lock().unwrap() = info.location().unwrap().line()));
    let caught = std::panic::catch_unwind(|| {
        let _ = Array::zeros([3], F32).softmax(0) + Array::zeros([2], F32);
    });
    std::panic::set_hook(before);
    assert_eq!(*place.lock().unwrap(), line!() - 3);
    let message = caught.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(*message, "add: cannot broadcast f32[3] with f32[2]: axis -1 has 3 and 2");
}

/// Messages list what other crates implement, where they are there.
#[cfg(not(any(feature = "fft", feature = "linalg", feature = "ndarray-0_17")))]
#[test]
fn what_is_not_meant_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

#[test]
fn arrays_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Array>();
    crosses::<broadloom::Error>();
}

#[test]
fn debug_is_one_line_and_evaluates_nothing() -> Result {
    let x = Array::from_vec(vec![0.0_f32; 64 * 256], [64, 256])?.named("x");
    let w = Array::from_vec(vec![0.0_f32; 256 * 128], [256, 128])?;
    let y = (x.matmul(&w) + Array::full(128, 0.5, F32)).relu();
    insta::assert_snapshot!(format!("{x:?}\n{y:?}\n{:?}\n{:?}", Array::zeros([2, 2], Bool), array![1]), @"
    Array(x: f32[64, 256], holds 65.5 kB)
    Array(f32[64, 128], lazy: 3 ops, holds 196.6 kB)
    Array(bool[2, 2], lazy: 0 ops, holds 0 bytes)
    Array(i32[1], holds 4 bytes)
    ");
    insta::assert_snapshot!(format!("{y:#?}"), @"
    graph {
      %0 = input : f32[64, 256]
      %1 = input : f32[256, 128]
      %2 = matmul %0, %1 : f32[64, 128]
      %3 = scalar s0 : f32[64, 128]
      %4 = add %2, %3 : f32[64, 128]
      %5 = const 0 : f32[64, 128]
      %6 = maximum %4, %5 : f32[64, 128]
      return %6
    }
    ");
    assert!(!y.is_evaluated());
    assert_eq!((y.pinned_bytes(), x.sum(..).eval()?.pinned_bytes()), ((64 * 256 + 256 * 128) * 4, 4));
    let long = (0..300).fold(x, |x, _| x.exp());
    let text = format!("{long:#?}");
    assert_eq!(text.lines().count(), 101);
    assert_eq!(text.lines().last(), Some("... 204 more lines"));
    Ok(())
}

#[test]
fn formats_and_options_say_how_arrays_print() {
    let x = array![0.5, 1.0 / 3.0, -200.0];
    assert_eq!(format!("{x:.3}"), "[   0.5      0.333 -200.   ]");
    assert_eq!(format!("{x:+.1}"), "[  +0.5   +0.3 -200. ]");
    assert_eq!(format!("{:.3}", x.i(1)), "0.333");
    assert_eq!(format!("{}", x.i(1)), "0.3333333333333333");
    assert_eq!(
        format!("{0:8.3}|{0:<8.3}|{0:^+8.2}|{1:5}", x.i(1), array![1]),
        "   0.333|0.333   | +0.33  |[1]"
    );

    let options = PrintOptions::new().precision(1).line_width(16);
    assert_eq!(x.display(&options).to_string(), "[   0.5    0.3\n -200. ]");
    assert_eq!(x.display(&PrintOptions::default()).to_string(), x.to_string());
    let none = PrintOptions::new().threshold(0).edge_items(0);
    assert_eq!(x.display(&none).to_string(), "[...]");
}

#[test]
fn display_reads_as_numpy_prints() {
    macro_rules! shown { ($array:expr, @$text:literal) => { insta::assert_snapshot!($array.to_string(), @$text) } }
    shown!(array![1, -20, 300], @"[  1 -20 300]");
    shown!(array![[1.0, 2.5], [-3.0, 0.125]], @"
    [[ 1.     2.5  ]
     [-3.     0.125]]
    ");
    shown!(Array::arange(0..12).reshape([2, 2, 3]), @"
    [[[ 0  1  2]
      [ 3  4  5]]

     [[ 6  7  8]
      [ 9 10 11]]]
    ");
    shown!(array![true, false], @"[ True False]");
    shown!(Array::scalar(2.5), @"2.5");
    shown!(Array::scalar(3_i64), @"3");
    shown!(array![1.0_f32, f32::NAN, f32::NEG_INFINITY], @"[  1.  nan -inf]");
    shown!(array![0.1_f32, 1.0 / 3.0], @"[0.1        0.33333334]");
    shown!(array![1.0 / 3.0, 100.0], @"[  0.33333333 100.        ]");
    shown!(array![1e-10, 1.0], @"[1.e-10 1.e+00]");
    shown!(array![1e10, -2.5e20], @"[ 1.0e+10 -2.5e+20]");
    shown!(array![0.0, -0.0], @"[ 0. -0.]");
    shown!(Array::zeros(0, F32), @"[]");
    shown!(Array::zeros([2, 0], F32), @"[]");
    shown!(Array::arange(0..2000), @"[   0    1    2 ... 1997 1998 1999]");
    shown!(Array::arange(0..10_000).reshape([100, 100]), @"
    [[   0    1    2 ...   97   98   99]
     [ 100  101  102 ...  197  198  199]
     [ 200  201  202 ...  297  298  299]
     ...
     [9700 9701 9702 ... 9797 9798 9799]
     [9800 9801 9802 ... 9897 9898 9899]
     [9900 9901 9902 ... 9997 9998 9999]]
    ");
    shown!(Array::arange(0..40) * 1000, @"
    [    0  1000  2000  3000  4000  5000  6000  7000  8000  9000 10000 11000
     12000 13000 14000 15000 16000 17000 18000 19000 20000 21000 22000 23000
     24000 25000 26000 27000 28000 29000 30000 31000 32000 33000 34000 35000
     36000 37000 38000 39000]
    ");
}

#[test]
fn vectors_become_arrays_and_arrays_vectors() -> Result {
    let x = Array::from(vec![3_u8, 1, 2]);
    assert_eq!((x.dtype(), x.shape()), (DType::U8, &[3][..]));
    assert_eq!(Vec::<u8>::try_from(&x.sort(0))?, [1, 2, 3]);
    let wrong = Vec::<i64>::try_from(&x).unwrap_err().to_string();
    assert!(wrong.contains("u8") && wrong.contains("i64"), "{wrong}");

    let lengths = (&x + 1).map_host(|n: u8| f64::from(n) * 0.5)?;
    assert_eq!(lengths.to_vec::<f64>()?, [2.0, 1.0, 1.5]);
    assert_eq!(x.reshape([3, 1]).map_host(|n: u8| n > 1)?.shape(), [3, 1]);
    assert!(x.map_host(|n: f32| n).is_err());
    Ok(())
}
