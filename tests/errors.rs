//! The messages of building and reading: what clashed, both types, the numbers.

use broadloom::prelude::*;

/// The messages of these results, which must be errors.
macro_rules! errors { ($($result:expr),* $(,)?) => { [$(
    $result.map(|_| ()).unwrap_err().to_string(),
)*].join("\n") } }

#[test]
fn of_shapes_that_clash() {
    let (a, b) = (Array::zeros([3, 4], F32), Array::zeros([2, 4], F32));
    insta::assert_snapshot!(errors![
        a.try_add(&b),
        a.try_equal(Array::zeros([5], Bool)),
        where_or(a.less(0.5), &a, &b),
        a.try_isclose(&b),
        a.try_clip(&b, 1),
        a.try_broadcast_to([4, 3]),
        a.try_broadcast_to(4),
        a.try_reshape([5, 5]),
        a.try_reshape([5, -1]),
        a.try_reshape([-1, -1]),
        a.try_reshape([-2, 6]),
        a.try_squeeze(0),
        Array::zeros(3, F32).try_matrix_transpose(),
        a.try_layer_norm(-1, Array::ones([2, 3, 4], F32), 0, 1e-5),
    ], @"");
}

fn where_or(mask: Array, a: &Array, b: &Array) -> broadloom::Result<Array> {
    broadloom::try_where_(mask, a, b)
}

#[test]
fn of_products() {
    let (a, b) = (Array::zeros([32, 100], F32), Array::zeros([128, 10], F32));
    let (p, q) = (Array::zeros([2, 2], Bool), Array::zeros(2, Bool));
    insta::assert_snapshot!(errors![
        a.try_matmul(&b),
        a.try_matmul(&Array::zeros([99], F32)),
        Array::zeros([99], F32).try_matmul(&b),
        a.try_matmul(&Array::scalar(1.0)),
        Array::zeros([2, 3, 4], F32).try_matmul(&Array::zeros([5, 4, 3], F32)),
        p.try_matmul(&p),
        q.try_vecdot(&q),
        Array::zeros(3, F32).try_vecdot(&Array::zeros(4, F32)),
        Array::zeros(3, F32).try_vecdot(&Array::scalar(4.0)),
    ], @"");
}

#[test]
fn of_axes() {
    let x = Array::zeros([3, 4], F32);
    insta::assert_snapshot!(errors![
        x.try_sum(2),
        x.try_sum([0, -3]),
        x.try_sum([0, -2]),
        x.try_sum(u64::MAX),
        x.try_sum(over(0).correction(1)),
        x.try_softmax(over(0).keepdims()),
        x.try_softmax(5),
        x.try_permute_dims([0]),
        x.try_permute_dims([0, 0]),
        x.try_permute_dims([0, 2]),
        x.try_swapaxes(0, 2),
        x.try_moveaxis(-3, 0),
        x.try_expand_dims(4),
        x.try_expand_dims([0, 0]),
        x.try_expand_dims(..),
        x.try_flip(2),
        x.try_flip(over(0).keepdims()),
        x.try_squeeze(-3),
    ], @"");
}

#[test]
fn of_dtypes() {
    let (x, k, p) = (Array::zeros(3, F32), Array::zeros(3, I32), Array::zeros(3, Bool));
    insta::assert_snapshot!(errors![
        x.try_bitwise_and(1),
        x.try_bitwise_invert(),
        p.try_subtract(&p),
        p.try_negative(),
        x.try_bitwise_left_shift(&k),
        k.try_add(3_000_000_000_u32),
        k.try_less(1_u64 << 40),
        Array::try_full(2, 1_i64 << 40, I32),
        k.try_pow(-1),
        broadloom::try_where_(&k, 1, 0),
    ], @"");
}

#[test]
fn of_slices() {
    let x = Array::zeros([3, 4], F32);
    insta::assert_snapshot!(errors![
        x.try_slice(s![3]),
        x.try_slice(s![0, -5]),
        x.try_slice(s![0, 0, 0]),
        x.try_slice(s![..., 0, ...]),
        x.try_slice(s![2..9]),
        x.try_slice(s![.., -9..]),
        x.try_slice(s![.., 1..=4]),
        x.try_slice(s![4..;-1]),
        x.try_slice(s![..;0]),
        x.try_i(3),
        x.try_i(-4),
        Array::scalar(1).try_i(0),
    ], @"");
}

#[test]
fn of_creation() {
    insta::assert_snapshot!(errors![
        Array::from_vec(vec![1, 2, 3], [2, 2]),
        Array::from_vec(vec![1, 2, 3], [2, -1]),
        Array::from_slice(&[1.0], ()).and_then(|one| one.try_reshape([0])),
        Array::try_zeros([2, -3], F32),
        Array::try_zeros([u64::MAX, 0], F32),
        Array::try_zeros([1_i64 << 40, 1 << 40], F32),
        Array::try_ones(isize::MAX, F64),
        Array::try_arange_step(0..5, 0),
        Array::try_arange_step(0.0..5.0, 0.0),
        Array::try_arange(0.0..f64::NAN),
        Array::try_arange(0.0..f64::INFINITY),
        Array::try_arange(i64::MIN..i64::MAX),
        Array::try_linspace(0.0, 1.0, usize::MAX),
        Array::try_eye(usize::MAX, F32),
        Array::zeros(isize::MAX, Bool).try_astype(F64),
        Array::zeros([1 << 31, 1], F64).try_add(Array::zeros([1_i64 << 31], F64)),
    ], @"");
}

#[test]
fn of_values_that_do_not_exist() {
    let none = Array::zeros([2, 0], F32);
    insta::assert_snapshot!(errors![
        none.try_max(1),
        none.try_min(..),
        none.try_argmax(-1),
        broadloom::try_concat([] as [Array; 0], 0),
        broadloom::try_stack([] as [Array; 0], 0),
        broadloom::try_concat([&none, &Array::zeros([3, 1], F32)], 0),
        broadloom::try_concat([&none, &none], 2),
        broadloom::try_stack([&none, &Array::zeros([3, 1], F32)], 0),
        broadloom::try_stack([&none], 4),
    ], @"");
}

#[test]
fn of_reading() {
    let x = Array::zeros([2, 2], F32);
    insta::assert_snapshot!(errors![
        x.to_vec::<f64>(),
        x.item::<f32>(),
        x.sum(..).item::<i32>(),
        x.get::<f32>(0),
        x.get::<f32>((0, 2)),
        x.get::<f32>((-3, 0)),
        (&x + 1).as_slice::<f32>(),
        x.allclose(&Array::zeros(3, F32)),
        array![2, 3].pow(&array![1, -1]).eval(),
    ], @"");
}

#[test]
fn of_arrays_that_could_not_be_built() {
    let mut escaped = Array::zeros(1, F32);
    let error = broadloom::checked(|| escaped = Array::zeros(2, F32) + Array::zeros(3, F32)).unwrap_err();
    assert_eq!(error.kind(), broadloom::ErrorKind::Shape);
    insta::assert_snapshot!(errors![escaped.try_exp(), escaped.to_vec::<f64>(), escaped.force()], @"");
    insta::assert_snapshot!(format!("{escaped:?}\n{escaped:#?}\n{escaped}"), @"");
}

#[test]
fn kinds_are_for_programs() {
    use broadloom::ErrorKind;
    let x = Array::zeros([3, 4], F32);
    assert_eq!(x.try_add(array![1, 2]).unwrap_err().kind(), ErrorKind::Shape);
    assert_eq!(x.try_sum(2).unwrap_err().kind(), ErrorKind::Axis);
    assert_eq!(x.try_bitwise_invert().unwrap_err().kind(), ErrorKind::DType);
    assert_eq!(x.try_i(3).unwrap_err().kind(), ErrorKind::Index);
    assert_eq!(array![1].try_pow(-1).unwrap_err().kind(), ErrorKind::Value);
    assert_eq!(x.to_vec::<i32>().unwrap_err().kind(), ErrorKind::DType);
}
