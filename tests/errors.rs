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
    ], @"
    add: cannot broadcast f32[3, 4] with f32[2, 4]: axis -2 has 3 and 2
    equal: cannot broadcast f32[3, 4] with bool[5]: axis -1 has 4 and 5
    where_: cannot broadcast bool[3, 4] with f32[2, 4]: axis -2 has 3 and 2
    isclose: cannot broadcast f32[3, 4] with f32[2, 4]: axis -2 has 3 and 2
    clip: cannot broadcast f32[3, 4] with f32[2, 4]: axis -2 has 3 and 2
    broadcast_to: cannot broadcast f32[3, 4] to [4, 3]
    broadcast_to: cannot broadcast f32[3, 4] to [4]
    reshape: cannot reshape f32[3, 4] to [5, 5]: it has 12 elements, not 25
    reshape: cannot reshape f32[3, 4] to [5, -1]: 12 elements do not divide by 5
    reshape: cannot reshape f32[3, 4] to [-1, -1]: only one extent can be -1
    reshape: cannot reshape f32[3, 4] to [-2, 6]: an extent is negative
    squeeze: axis 0 of f32[3, 4] has 3, not 1
    matrix_transpose: f32[3] is no matrix
    layer_norm: gain and bias widen f32[3, 4] to f32[2, 3, 4]
    ");
}

fn where_or(mask: Array, a: &Array, b: &Array) -> broadloom::Result<Array> {
    broadloom::try_where_(mask, a, b)
}

#[test]
fn of_rearranging() {
    let x = Array::zeros([3, 4], F32);
    insta::assert_snapshot!(errors![
        x.try_unstack(2),
        x.try_split(2, 0),
        x.try_split(0, 0),
        x.try_split_at([3, 1], 1),
        broadloom::try_broadcast_arrays([&x, &Array::zeros(3, I32)]),
        broadloom::broadcast_shapes([[2, 3], [2, 4]]),
        x.try_roll((1, 2, 3), (0, 1)),
        x.try_roll(1, 2),
        x.try_rot90(1, 0),
        x.try_rot90(1, (0, 0)),
        x.try_repeat(2, (0, 1)),
        x.try_repeat(usize::MAX, 0),
        x.try_tile([2, -1]),
        x.try_tile(1_i64 << 62),
        x.try_diff(1, 2),
        x.try_sliding_window_view((2, 2), 0),
        x.try_sliding_window_view(5, 1),
        x.try_unfold(0, 2, 0),
        Array::zeros(3, F32).try_diagonal(0),
        x.try_pad([(1, 1)], 0),
        x.try_pad((-1, 0), 0),
        x.astype(I32).try_pad(1, 1_i64 << 40),
        Array::zeros([2, 0], F32).try_pad_with(1, broadloom::Pad::Edge),
    ], @"
    unstack: axis 2 is out of range for f32[3, 4], which has rank 2
    split: axis 0 of f32[3, 4] has 3, which is no multiple of 2
    split: axis 0 of f32[3, 4] has 3, which is no multiple of 0
    split_at: 1 is out of range or order for axis 1 of f32[3, 4], which has 4
    broadcast_arrays: cannot broadcast f32[3, 4] with i32[3]: axis -1 has 4 and 3
    broadcast_shapes: cannot broadcast [2, 3] with [2, 4]: axis -1 has 3 and 4
    roll: 3 shifts for 2 axes
    roll: axis 2 is out of range for f32[3, 4], which has rank 2
    rot90: turns in 2 axes, not 1
    rot90: axis 0 of f32[3, 4] is named twice
    repeat: takes one axis or `..`, not 2
    repeat: f32[3, 18446744073709551615, 4] has more bytes than memory can address
    tile: an extent of [2, -1] is negative
    tile: f32[3, 18446744073709551615] has more bytes than memory can address
    diff: axis 2 is out of range for f32[3, 4], which has rank 2
    sliding_window_view: a window of 2 axes onto 1
    sliding_window_view: a window of 5 is wider than axis 1 of f32[3, 4], which has 4
    unfold: the step is 0
    diagonal: f32[3] is no matrix
    pad: f32[3, 4] has rank 2, pairs given: 1
    pad: a border of -1 elements has no meaning
    pad: 1099511627776 does not fit i32
    pad_with: axis 1 of f32[2, 0] has no elements to take
    ");
}

#[test]
fn of_products() {
    let (a, b) = (Array::zeros([32, 100], F32), Array::zeros([128, 10], F32));
    let (p, q) = (Array::zeros([2, 2], Bool), Array::zeros(2, Bool));
    insta::assert_snapshot!(errors![
        a.try_tensordot(&b, 1),
        a.try_tensordot(&b, 3),
        a.try_tensordot(&b, ((0, 1), 0)),
        q.try_cross(&q, 0),
        Array::zeros([3, 2], Bool).try_cross(&Array::zeros(3, Bool), 0),
        Array::zeros(3, I32).try_trace(0),
        Array::zeros(2, Bool).try_diag(0).and_then(|x| x.expand_dims(0).try_diag(0)),
        a.try_matmul(&b),
        a.try_matmul(&Array::zeros([99], F32)),
        Array::zeros([99], F32).try_matmul(&b),
        a.try_matmul(&Array::scalar(1.0)),
        Array::zeros([2, 3, 4], F32).try_matmul(&Array::zeros([5, 4, 3], F32)),
        p.try_matmul(&p),
        q.try_vecdot(&q),
        Array::zeros(3, F32).try_vecdot(&Array::zeros(4, F32)),
        Array::zeros(3, F32).try_vecdot(&Array::scalar(4.0)),
    ], @"
    tensordot: axis 1 of f32[32, 100] and axis 0 of f32[128, 10] differ: 100 and 128
    tensordot: f32[32, 100] and f32[128, 10] have not 3 axes to sum over
    tensordot: 2 axes of one and 1 of the other
    cross: axis 0 of bool[2] has 2, not 3
    cross: not defined for bool
    trace: i32[3] is no matrix
    diag: bool[1, 2, 2] is neither a vector nor a matrix
    matmul: inner sizes differ: f32[32, 100] @ f32[128, 10] has 100 and 128
    matmul: inner sizes differ: f32[32, 100] @ f32[99] has 100 and 99
    matmul: inner sizes differ: f32[99] @ f32[128, 10] has 99 and 128
    matmul: f32[32, 100] @ f64[]: a single value has no rows to multiply
    matmul: cannot broadcast f32[2, 3, 4] with f32[5, 4, 3]: axis -3 has 2 and 5
    matmul: not defined for bool
    vecdot: not defined for bool
    vecdot: last axes differ: f32[3] and f32[4] have 3 and 4
    vecdot: f32[3] and f64[]: a single value is no vector
    ");
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
    ], @"
    sum: axis 2 is out of range for f32[3, 4], which has rank 2
    sum: axis -3 is out of range for f32[3, 4], which has rank 2
    sum: axis -2 of f32[3, 4] is named twice
    sum: axis 9223372036854775807 is out of range for f32[3, 4], which has rank 2
    sum: takes no correction
    softmax: takes axes without options
    softmax: axis 5 is out of range for f32[3, 4], which has rank 2
    permute_dims: f32[3, 4] has rank 2, axes given: 1
    permute_dims: axis 0 of f32[3, 4] is named twice
    permute_dims: axis 2 is out of range for f32[3, 4], which has rank 2
    swapaxes: axis 2 is out of range for f32[3, 4], which has rank 2
    moveaxis: axis -3 is out of range for f32[3, 4], which has rank 2
    expand_dims: axis 4 is out of range for f32[3, 4], which has rank 2
    expand_dims: axis 0 of f32[3, 4] is named twice
    expand_dims: name the places of the new axes
    flip: axis 2 is out of range for f32[3, 4], which has rank 2
    flip: takes axes without options
    squeeze: axis -3 is out of range for f32[3, 4], which has rank 2
    ");
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
    ], @"
    bitwise_and: not defined for f32
    bitwise_invert: not defined for f32
    subtract: not defined for bool
    negative: not defined for bool
    bitwise_left_shift: not defined for f64
    add: 3000000000 does not fit i32
    less: 1099511627776 does not fit i32
    full: 1099511627776 does not fit i32
    pow: i32 cannot be raised to the negative power -1
    where_: the mask is i32, not bool
    ");
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
    ], @"
    slice: 3 is out of range for axis 0 of f32[3, 4], which has 3
    slice: -5 is out of range for axis 1 of f32[3, 4], which has 4
    slice: f32[3, 4] has rank 2, indices given: 3
    slice: `...` stands twice
    slice: 2..9 is out of range for axis 0 of f32[3, 4], which has 3
    slice: -9.. is out of range for axis 1 of f32[3, 4], which has 4
    slice: 1..=4 is out of range for axis 1 of f32[3, 4], which has 4
    slice: 4..;-1 is out of range for axis 0 of f32[3, 4], which has 3
    slice: ..;0 of axis 0 has step 0
    i: 3 is out of range for axis 0 of f32[3, 4], which has 3
    i: -4 is out of range for axis 0 of f32[3, 4], which has 3
    i: i32[] has rank 0, indices given: 1
    ");
}

#[test]
fn of_index_arrays_and_updates() {
    let x = Array::zeros([3, 4], F32);
    let (far, near) = (array![0, 7], array![0, -1]);
    insta::assert_snapshot!(errors![
        x.take(&far, 1).eval(),
        x.take(&array![-4], 0).eval(),
        x.take_along_axis(&array![[9], [0], [0]], 1).eval(),
        x.index([&near, &far]).eval(),
        x.clone().at(array![5]).add(1).eval(),
        x.clone().at([&near, &array![-5]]).set(1).eval(),
        x.try_take(&x, 0),
        x.try_take(&near, 2),
        x.try_take_along_axis(&near, 0),
        x.try_index([] as [&Array; 0]),
        x.try_index([&near, &near, &near]),
        x.try_index([&near, &array![0, 1, 2]]),
        x.clone().at(s![5]).try_set(0),
        x.clone().at(s![0]).try_set(array![1.0_f32, 2.0]),
        x.clone().at(s![0]).try_add(array![1.0]),
        x.clone().at(&x).try_add(1),
        x.clone().at(Array::zeros(4, Bool)).try_add(1),
        x.mask(&x),
        x.mask(&Array::zeros(4, Bool)),
        x.compress(&Array::zeros(2, Bool), 1),
    ], @"
    index 7 is out of range for axis 1, which has 4 elements
    index -4 is out of range for axis 0, which has 3 elements
    index 9 is out of range for axis 1, which has 4 elements
    index 7 is out of range for axis 1, which has 4 elements
    index 5 is out of range for axis 0, which has 3 elements
    index -5 is out of range for axis 1, which has 4 elements
    take: f32[3, 4] holds no integers
    take: axis 2 is out of range for f32[3, 4], which has rank 2
    take_along_axis: i32[2] has not the rank of f32[3, 4]
    index: 0 index arrays for f32[3, 4], which has rank 2
    index: 3 index arrays for f32[3, 4], which has rank 2
    index: cannot broadcast i32[2] with i32[3]: axis -1 has 2 and 3
    at.set: 5 is out of range for axis 0 of f32[3, 4], which has 3
    at.set: cannot broadcast f32[2] to the place, of shape [4]
    at.add: the values make f64 of f32[3, 4]: convert them or the array first
    at.add: f32[3, 4] is neither a mask nor indices
    at.add: bool[4] is no mask for f32[3, 4]: its axes are not the first
    mask: the mask is f32, not bool
    mask: bool[4] is no mask for f32[3, 4]: its axes are not the first
    compress: bool[2] is no mask for axis 1 of f32[3, 4]
    ");
}

#[test]
fn of_order_and_counts() {
    let x = Array::zeros([3, 4], F32);
    insta::assert_snapshot!(errors![
        x.try_sort(2),
        x.try_cumulative_sum(-3),
        Array::scalar(1.0).try_sort(0),
        x.try_topk(5, 1),
        x.try_partition(4, -1),
        x.try_repeat([1, 2], 0),
        x.try_repeat([1, 2, -3], 0),
        x.try_repeat(-1, ..),
        x.repeat_each(&array![1, 2], [0, 1]),
        x.try_searchsorted(1),
        x.try_quantile(1.5, 0),
        Array::zeros([2, 0], F32).try_median(1),
        x.bincount(0),
        array![2, -7].bincount(0),
        x.try_histogram(0, 0.0..1.0),
        x.try_histogram(3, 1.0..1.0),
    ], @"
    sort: axis 2 is out of range for f32[3, 4], which has rank 2
    cumulative_sum: axis -3 is out of range for f32[3, 4], which has rank 2
    sort: axis 0 is out of range for f64[], which has rank 0
    topk: 5 largest of f32[3, 4], which has 4 along axis 1
    partition: place 4 is out of range for axis 1 of f32[3, 4], which has 4
    repeat: 2 counts for axis 0 of f32[3, 4], which has 3
    repeat: a count of -3 is negative
    repeat: a count of -1 is negative
    repeat_each: takes one axis or `..`, not 2
    searchsorted: f32[3, 4] is not of rank 1
    quantile: a share of 1.5 is not between 0 and 1
    median: f32[2, 0] has no elements along the reduced axes
    bincount: f32[3, 4] holds no integers
    bincount: -7 is negative
    histogram: 0 bins over 0.0..1.0
    histogram: 3 bins over 1.0..1.0
    ");
}

#[test]
fn of_statistics() {
    let (x, none) = (Array::zeros([3, 4], F32), Array::zeros([3, 0], F32));
    insta::assert_snapshot!(errors![
        none.try_nanmax(1),
        none.try_nanargmin(1),
        none.try_nanmedian(1),
        none.try_vector_norm(f64::INFINITY, 1),
        x.try_nansum(5),
        x.astype(I32).try_nanmedian(7),
        x.try_max(over(0).dtype(F64)),
        x.try_logsumexp(over(1).correction(1)),
        x.try_nanvar(over(0).dtype(I32)),
        x.try_nanquantile(2.0, ..),
        x.try_average(&Array::zeros(7, F32), 0),
        Array::zeros([1, 2, 3], F32).try_cov(1),
        array![true].try_ptp(0),
        x.try_cumulative_sum([0, 1]),
        x.try_cumulative_max(over(0).keepdims()),
    ], @"
    nanmax: f32[3, 0] has no elements along the reduced axes, and max of none has no value
    nanargmin: f32[3, 0] has no elements along the reduced axes, and min of none has no value
    nanmedian: f32[3, 0] has no elements along the reduced axes
    vector_norm: f32[3, 0] has no elements along the reduced axes, and max of none has no value
    nansum: axis 5 is out of range for f32[3, 4], which has rank 2
    nanmedian: axis 7 is out of range for i32[3, 4], which has rank 2
    max: takes no dtype
    logsumexp: takes no correction
    nanvar: a mean is no i32
    nanquantile: a share of 2 is not between 0 and 1
    average: weights f32[7] are neither one for each of f32[3, 4] nor of its axes
    cov: f32[1, 2, 3] is not of rank 2
    ptp: not defined for bool
    cumulative_sum: takes one axis or `..`, not 2
    cumulative_max: takes axes without options
    ");
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
        Array::zeros([1_i64 << 31, 1], F64).try_add(Array::zeros([1_i64 << 31], F64)),
    ], @"
    from_vec: i32[2, 2] has 4 elements, but there are 3 values
    from_vec: 3 values cannot have the shape [2, -1]
    reshape: cannot reshape f64[] to [0]: it has 1 elements, not 0
    zeros: an extent of [2, -3] is negative
    zeros: an extent of [18446744073709551615, 0] is too large
    zeros: f32[1099511627776, 1099511627776] has more bytes than memory can address
    ones: f64[9223372036854775807] has more bytes than memory can address
    arange: the step is 0
    arange: the step is 0
    arange: from 0 to NaN by 1 is no range
    arange: more elements than memory can address
    arange: i64[18446744073709551615] has more bytes than memory can address
    linspace: i64[18446744073709551615] has more bytes than memory can address
    eye: f32[18446744073709551615, 18446744073709551615] has more bytes than memory can address
    astype: f64[9223372036854775807] has more bytes than memory can address
    add: f64[2147483648, 2147483648] has more bytes than memory can address
    ");
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
    ], @"
    max: f32[2, 0] has no elements along the reduced axes, and max of none has no value
    min: f32[2, 0] has no elements along the reduced axes, and min of none has no value
    argmax: f32[2, 0] has no elements along the reduced axes, and argmax of none has no value
    concat: there are no arrays to join
    stack: there are no arrays to join
    concat: f32[2, 0] and f32[3, 1] differ in more than axis 0
    concat: axis 2 is out of range for f32[2, 0], which has rank 2
    stack: f32[2, 0] and f32[3, 1] differ
    stack: axis 4 is out of range for f32[2, 0], which has rank 2
    ");
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
        array![2, 3].pow(array![1, -1]).eval(),
    ], @"
    to_vec: the elements of f32[2, 2] are f32, not f64
    item: f32[2, 2] has 4 elements, not one
    item: the elements of f32[] are f32, not i32
    get: f32[2, 2] has rank 2, indices given: 1
    get: 2 is out of range for axis 1 of f32[2, 2], which has 2
    get: -3 is out of range for axis 0 of f32[2, 2], which has 2
    as_slice: f32[2, 2] is not evaluated; call force() or eval() first
    isclose: cannot broadcast f32[2, 2] with f32[3]: axis -1 has 2 and 3
    pow: an integer cannot be raised to a negative power
    ");
}

#[test]
fn of_arrays_that_could_not_be_built() {
    let mut escaped = Array::zeros(1, F32);
    let error = broadloom::checked(|| escaped = Array::zeros(2, F32) + Array::zeros(3, F32)).unwrap_err();
    assert_eq!(error.kind(), broadloom::ErrorKind::Shape);
    insta::assert_snapshot!(errors![escaped.try_exp(), escaped.to_vec::<f64>(), escaped.force()], @"
    add: cannot broadcast f32[2] with f32[3]: axis -1 has 2 and 3
    add: cannot broadcast f32[2] with f32[3]: axis -1 has 2 and 3
    add: cannot broadcast f32[2] with f32[3]: axis -1 has 2 and 3
    ");
    let mut pair = (Array::zeros(1, F32), Array::zeros(1, F32));
    let error = broadloom::checked(|| pair = array![1, 2].topk(3, 0)).unwrap_err();
    assert!(error.to_string().starts_with("topk: 3 largest of i32[2], which has 2 along axis 0"), "{error}");
    assert!(pair.0.try_exp().is_err() && pair.1.try_exp().is_err());
    insta::assert_snapshot!(format!("{escaped:?}\n{escaped:#?}\n{escaped}"), @"
    Array(not built: add: cannot broadcast f32[2] with f32[3]: axis -1 has 2 and 3)
    <not built: add: cannot broadcast f32[2] with f32[3]: axis -1 has 2 and 3>
    <not evaluated: add: cannot broadcast f32[2] with f32[3]: axis -1 has 2 and 3>
    ");
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
