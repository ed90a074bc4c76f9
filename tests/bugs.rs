//! Patterns on which other array compilers were wrong, each by name.
//!
//! Expected values are computed by hand. Every expression is evaluated several times, so that it is
//! interpreted at first and runs as machine code then, and once more given away, so that results may
//! be written over what they are computed from.

use broadloom::prelude::*;
use broadloom::{Element, ErrorKind, eval};

/// How often a tiny program is evaluated: twice in the interpreter, then as machine code.
const RUNS: usize = 4;

/// Elements as they are compared: equal bits, all NaNs being one value.
trait Bits: Element {
    fn same(self, other: Self) -> bool;
}

macro_rules! bits { ($($T:ident |$a:ident, $b:ident| $same:expr;)*) => { $(
    impl Bits for $T {
        fn same(self, other: Self) -> bool {
            let ($a, $b) = (self, other);
            $same
        }
    }
)* } }
bits! {
    bool |a, b| a == b;
    i32 |a, b| a == b;
    i64 |a, b| a == b;
    f32 |a, b| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    f64 |a, b| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
}

#[track_caller]
fn holds<T: Bits>(array: &Array, shape: &[usize], expected: &[T], run: usize) {
    assert_eq!(array.shape(), shape);
    let got = array.to_vec::<T>().unwrap();
    let same = got.len() == expected.len() && got.iter().zip(expected).all(|(a, b)| a.same(*b));
    assert!(same, "run {run}: {got:?} instead of {expected:?}");
}

/// `build` gives an array of this shape and these elements, however it is evaluated.
#[track_caller]
fn gives<T: Bits, const R: usize, const N: usize>(
    shape: [usize; R],
    expected: [T; N],
    build: impl Fn() -> Array,
) {
    for run in 0..RUNS {
        holds(&build(), &shape, &expected, run);
        holds(&build().eval().unwrap(), &shape, &expected, run);
    }
}

fn x23() -> Array {
    array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
}

fn w32() -> Array {
    array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

// ---- An epilogue meets an odd operand.

#[test]
fn a_product_with_a_scalar_operand() {
    gives([2, 2], [9.0, 11.0, 21.0, 23.0], || x23().matmul(&w32()) * 2.0 + Array::scalar(1.0));
    gives([2, 2], [9.0, 11.0, 21.0, 23.0], || Array::scalar(1.0) + x23().matmul(&w32()) * array![2.0]);
    gives([2, 2], [-4.0, -5.0, -10.0, -11.0], || -x23().matmul(&w32()));
}

#[test]
fn a_product_with_a_transposed_residual() {
    let r = || array![[10.0, 20.0], [30.0, 40.0]];
    gives([2, 2], [14.0, 35.0, 30.0, 51.0], || x23().matmul(&w32()) + r().t());
    gives([2, 2], [14.0, 40.0, 25.0, 51.0], || x23().matmul(&w32()).t() + r().t().t().t());
    gives([2, 2], [14.0, 30.0, 35.0, 51.0], || (x23().matmul(&w32()) + r().t()).t());
    gives([2, 2], [44.0, 35.0, 30.0, 21.0], || x23().matmul(&w32()) + r().flip([0, 1]));
}

#[test]
fn a_product_of_transposed_and_reversed_operands() {
    gives([3, 3], [1.0, 4.0, 5.0, 2.0, 5.0, 7.0, 3.0, 6.0, 9.0], || x23().t().matmul(&w32().t()));
    gives([2, 2], [4.0, 3.0, 10.0, 9.0], || {
        x23().flip(1).matmul(&w32().flip(0)).flip(1) - array![1.0, 1.0] + 0.0
    });
    gives([2, 1], [6.0, 15.0], || x23().matmul(&Array::ones([3, 1], F64)));
    gives([1, 2], [2.0, 2.0], || Array::ones([1, 3], F64).matmul(&w32()));
}

#[test]
fn a_product_whose_epilogue_reads_its_own_operand() {
    let q = || array![[1.0, 2.0], [3.0, 4.0]];
    gives([2, 2], [8.0, 12.0, 18.0, 26.0], || q().matmul(&q()) + q());
    gives([2, 2], [8.0, 13.0, 17.0, 26.0], || q().matmul(&q()) + q().t());
    gives([2, 2], [8.0, 12.0, 18.0, 26.0], || {
        let q = q();
        q.matmul(&q) + &q
    });
    gives([2, 2], [6.0, 14.0, 14.0, 46.0], || {
        let q = q();
        let product = q.matmul(&q.t());
        where_(
            q.greater(3.0),
            &product + 21.0,
            &product + q.less_equal(1.0) + q.equal(2.0) * 3.0 + q.equal(3.0) * 3.0,
        )
    });
}

#[test]
fn a_product_with_a_row_a_column_and_a_mask() {
    let (row, column) = (|| array![10.0, 20.0], || array![[100.0], [200.0]]);
    gives([2, 2], [114.0, 125.0, 220.0, 231.0], || {
        x23().matmul(&w32()) + row() + column() + 10.0 * column().less(150.0) - 10.0 * column().less(150.0)
            + Array::scalar(0.0)
    });
    gives([2, 2], [false, true, true, true], || x23().matmul(&w32()).greater(4.0));
    gives([2, 2], [0.0, 5.0, 0.0, 11.0], || {
        where_(array![false, true], x23().matmul(&w32()), Array::scalar(0.0))
    });
    gives([2, 2], [4_i32, 5, 10, 11], || x23().matmul(&w32()).astype(I32));
}

#[test]
fn a_product_that_is_read_again_after_its_epilogue() {
    for run in 0..RUNS {
        let p = x23().matmul(&w32());
        let [relu, square, p] = eval([(&p - 5.0).relu(), &p * &p, p]).unwrap();
        holds(&relu, &[2, 2], &[0.0, 0.0, 5.0, 6.0], run);
        holds(&square, &[2, 2], &[16.0, 25.0, 100.0, 121.0], run);
        holds(&p, &[2, 2], &[4.0, 5.0, 10.0, 11.0], run);
    }
    gives([2], [4.0 * 9.0 + 5.0 * 9.0, 10.0 * 21.0 + 11.0 * 21.0], || {
        let p = x23().matmul(&w32());
        (&p * p.sum(over(1).keepdims())).sum(1)
    });
}

#[test]
fn products_of_rank_one() {
    let v = || array![1.0, 2.0, 3.0];
    gives([2], [4.0, 5.0], || v().matmul(&w32()));
    gives([2], [5.0, 0.0], || (v().matmul(&w32()) + array![1.0, -10.0]).relu());
    gives([2], [14.0, 32.0], || x23().matmul(&v()));
    gives([2], [15.0, 34.0], || x23().matmul(&v()) + array![1.0, 2.0]);
    gives([], [14.0], || v().matmul(&v()));
    gives([], [14.5], || v().matmul(&v()) + 0.5);
    gives([2, 2], [14.0, 32.0, 32.0, 77.0], || stack([&x23().i(0), &x23().i(1)], 0).matmul(&x23().t()));
    gives([1], [3.0], || array![1.0].matmul(&array![[3.0]]));
    gives([2, 2], [4.0, 5.0, 10.0, 11.0], || {
        array![[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]].matmul(&w32()).squeeze(1)
    });
    gives([2], [14.0, 77.0], || x23().vecdot(&x23()));
}

#[test]
fn products_of_no_elements() {
    gives([2, 3], [0.0; 6], || Array::zeros([2, 0], F64).matmul(&Array::zeros([0, 3], F64)));
    gives([2, 3], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0], || {
        Array::from_vec(Vec::<f64>::new(), [2, 0])
            .unwrap()
            .matmul(&Array::from_vec(Vec::<f64>::new(), [0, 3]).unwrap())
            + array![1.0, 2.0, 3.0]
    });
    gives::<f64, 2, 0>([0, 3], [], || Array::zeros([0, 2], F64).matmul(&x23()) + 1.0);
    gives::<f64, 2, 0>([2, 0], [], || x23().matmul(&Array::zeros([3, 0], F64)).relu());
    gives([], [0.0], || Array::zeros(0, F64).matmul(&Array::zeros(0, F64)));
    gives([0, 2, 2].map(|n| n), [0.0; 0], || Array::zeros([0, 2, 3], F64).matmul(&w32()));
}

#[test]
fn products_of_integers_wrap_and_take_epilogues() {
    gives([2, 1], [i32::MIN, 7], || array![[i32::MAX, 1], [3, 4]].matmul(&array![[1], [1]]));
    gives([2, 2], [8_i64, 11, 16, 23], || {
        array![[1_i64, 2], [3, 4]].matmul(&array![[1_i64, 2], [3, 4]]).t() + array![[1, 0], [5, 0]]
            - array![[0, 4], [-1, -1]]
            + array![[0_i64, 0], [0, 0]]
    });
    gives([1, 1], [6_i64], || array![[1_i32, 2]].matmul(&array![[2_i64], [2]]));
}

#[test]
fn softmax_over_the_first_axis_over_all_and_of_rank_one() {
    gives([2, 2], [0.5, 1.0, 0.5, 0.0], || array![[0.0, 1000.0], [0.0, 0.0]].softmax(0));
    gives([2, 2], [0.0, 1.0, 0.5, 0.5], || array![[0.0, 1000.0], [0.0, 0.0]].softmax(1));
    gives([4], [0.25; 4], || array![7.0, 7.0, 7.0, 7.0].softmax(0));
    gives([2, 2], [0.25; 4], || Array::full([2, 2], 3.0, F64).softmax(..));
    gives([1, 1], [1.0], || array![[5.0]].softmax(0));
    gives([], [1.0], || array![2.0].i(0).softmax(..));
    gives([2, 1, 2], [0.5; 4], || array![[[1.0, 2.0]], [[1.0, 2.0]]].softmax(0));
    gives([2], [NAN, NAN], || array![NAN, 1.0].softmax(-1));
    gives::<f64, 1, 0>([0], [], || Array::zeros(0, F64).softmax(0));
    gives([2, 2], [1.0, 0.0, 0.5, 0.5], || array![[0.0, 1000.0], [0.0, 0.0]].softmax(0).t().flip(0));
}

#[test]
fn a_sum_whose_epilogue_reads_what_was_summed() {
    gives([2, 2], [0.25, 0.75, 0.5, 0.5], || {
        let x = array![[1.0, 3.0], [2.0, 2.0]];
        &x / x.sum(over(1).keepdims())
    });
    gives([2, 2], [-2.0, -1.0, 0.0, 1.0], || {
        let x = array![[1.0, 3.0], [2.0, 2.0]];
        x.t().flip(0) - x.max(0) - x.t().flip(0) + array![[0.0, 2.0], [2.0, 4.0]]
    });
    gives([2], [16.0, 16.0], || array![[1.0, 3.0], [2.0, 2.0]].sum(1).square());
}

// ---- Consecutive clamps.

#[test]
fn relu_followed_by_clip_and_clip_by_clip() {
    let x = || array![-2.0, -0.5, 0.5, 1.5, 3.0, NAN];
    gives([6], [0.0, 0.0, 0.5, 1.0, 1.0, NAN], || x().relu().clip(-1.0, 1.0));
    gives([6], [-1.0, -0.5, 0.5, 1.0, 1.0, NAN], || x().clip(-1.0, 1.0).clip(-3.0, 2.0));
    gives([6], [2.0, 2.0, 2.0, 2.0, 2.0, NAN], || x().clip(0.0, 1.0).clip(2.0, 3.0));
    gives([6], [1.0, 1.0, 1.0, 1.0, 1.0, NAN], || x().clip(2.0, 3.0).clip(0.0, 1.0));
    gives([6], [1.0, 1.0, 1.0, 1.0, 1.0, NAN], || x().clip(2.0, 1.0));
    gives([6], [0.0, 0.0, 0.5, 1.5, 3.0, NAN], || x().relu().relu().maximum(-5.0));
    gives([6], [-2.0, -0.5, 0.0, 0.0, 0.0, NAN], || x().minimum(0.0).minimum(7.0).maximum(-2.0));
    gives([6], [0.0, 0.0, 0.0, 0.0, 0.0, NAN], || x().maximum(0.0).minimum(0.0));
    gives([3], [0_i32, 0, 5], || array![i32::MIN, 0, i32::MAX].clip(-5, 5).relu());
    gives([2], [0.0, 0.0], || array![-0.0, 0.0].maximum(0.0).minimum(0.0));
    gives([2], [-0.0, -0.0], || array![-0.0, 0.0].maximum(-0.0).minimum(-0.0));
}

#[test]
fn bounds_of_a_clip_may_be_arrays_and_nan() {
    gives([3], [1.0, 2.0, 3.0], || array![0.0, 9.0, 3.0].clip(array![1.0, 1.0, 1.0], array![2.0, 2.0, 4.0]));
    gives([2, 2], [1.0, 2.0, 5.0, 5.0], || array![[1.0, 2.0], [3.0, 4.0]].clip(array![[0.0], [5.0]], 7.0));
    gives([2], [NAN, NAN], || array![1.0, 2.0].clip(NAN, 3.0));
}

#[test]
fn an_addition_after_a_leaky_relu_of_a_product() {
    gives([2, 2], [0.5, 11.0, 5.0, 12.0], || {
        let y = x23().matmul(&w32()) - array![[5.0, 4.0], [0.0, 0.0]];
        where_(y.greater(0.0), &y, &y * 0.5) + array![[1.0, 10.0], [-5.0, 1.0]]
    });
}

// ---- Broadcasts and something else.

#[test]
fn a_broadcast_that_is_divided_joined_and_multiplied() {
    gives([2, 3], [0.5, 1.0, 1.5, 0.25, 0.5, 0.75], || {
        array![1.0, 2.0, 3.0].broadcast_to([2, 3]) / array![[2.0], [4.0]]
    });
    gives([4, 2], [1.0, 2.0, 1.0, 2.0, 5.0, 5.0, 6.0, 6.0], || {
        let rows = array![1.0, 2.0].broadcast_to([2, 2]);
        let columns = array![[5.0], [6.0]].broadcast_to([2, 2]);
        concat([&rows, &columns], 0)
    });
    gives([2, 4], [3.0, 6.0, 15.0, 15.0, 3.0, 6.0, 18.0, 18.0], || {
        let rows = array![1.0, 2.0].broadcast_to([2, 2]);
        let columns = array![[5.0], [6.0]].broadcast_to([2, 2]);
        concat([&rows, &columns], 1) * 3.0
    });
    gives([3, 2], [7.0, 7.0, 7.0, 7.0, 1.0, 2.0], || {
        concat([Array::scalar(7.0).broadcast_to([2, 2]), array![[1.0, 2.0]]], 0)
    });
    gives([4], [2.0, 4.0, 10.0, 10.0], || {
        concat([array![1.0, 2.0], Array::scalar(5.0).broadcast_to(2)], 0) * Array::scalar(2.0)
    });
}

#[test]
fn a_selection_whose_operands_all_broadcast() {
    gives([2, 3], [1.0, 20.0, 1.0, 2.0, 20.0, 2.0], || {
        where_(array![true, false, true], array![[1.0], [2.0]], Array::scalar(20.0))
    });
    gives([2, 2], [1_i64, 5, 5, 4], || {
        where_(array![[true, false], [false, true]], array![[1_i64, 2], [3, 4]], 5)
    });
    gives([2, 2], [0.5, 0.5, 3.0, 3.0], || where_(array![[true], [false]], 0.5, array![[3.0, 3.0]]));
    gives([3], [1.5, 2.0, 1.5], || where_(array![1.0, 0.0, 1.0].greater(0.5), 1.5, array![2, 2, 2]));
}

#[test]
fn reductions_of_a_broadcast() {
    gives([3], [0_i64, 0, 0], || array![3.0, 1.0, 2.0].broadcast_to([4, 3]).argmax(0));
    gives([4], [0_i64; 4], || array![3.0, 1.0, 2.0].broadcast_to([4, 3]).argmax(1));
    gives([4], [1_i64; 4], || array![3.0, 1.0, 2.0].broadcast_to([4, 3]).argmin(-1));
    gives([], [1_i64], || array![3.0, 1.0, 2.0].broadcast_to([4, 3]).argmin(..));
    gives([2], [3.0, 9.0], || array![[3.0], [9.0]].broadcast_to([2, 5]).max(1));
    gives([2], [15.0, 45.0], || array![[3.0], [9.0]].broadcast_to([2, 5]).sum(1));
    gives([5], [12.0; 5], || array![[3.0], [9.0]].broadcast_to([2, 5]).sum(0));
    gives([], [20_i64], || Array::scalar(true).broadcast_to([4, 5]).count_nonzero(..));
    gives([], [1024.0], || array![2.0].broadcast_to(10).prod(..));
    gives([2], [false, true], || array![[false], [true]].broadcast_to([2, 9]).any(1));
}

#[test]
fn a_broadcast_of_a_reduction_joins_what_it_broadcasts_against() {
    gives([2, 2], [0.0, 1.0, 0.0, 2.0], || {
        let x = array![[1.0, 2.0], [3.0, 5.0]];
        &x - x.min(over(1).keepdims())
    });
    gives([2, 2], [-4.0, -3.0, -2.0, 0.0], || {
        let x = array![[1.0, 2.0], [3.0, 5.0]];
        &x - x.max(..)
    });
    gives([2, 2], [true, false, false, true], || {
        let x = array![[1.0, 2.0], [3.0, 5.0]];
        x.equal(x.min(..)).logical_or(x.equal(x.max(..)))
    });
}

// ---- Integers, narrow and mixed.

#[test]
fn chains_of_casts_keep_what_each_step_keeps() {
    gives([3], [1_i32, 0, 1], || array![-1, 0, 7].astype(Bool).astype(I32));
    gives([4], [1_i64, 0, 0, 1], || array![0.5, 0.0, -0.0, NAN].astype(Bool).astype(I64));
    gives([2], [1.0, 0.0], || array![300.75, 0.0].astype(Bool).astype(F64));
    gives([3], [300.0, -300.0, 0.0], || array![300.75, -300.75, 0.9].astype(I32).astype(F64));
    gives([2], [5_i64, -1], || array![(1_i64 << 40) + 5, -1].astype(I32).astype(I64));
    gives([2], [f64::from(i32::MAX), f64::from(i32::MIN)], || array![3e9, -3e9].astype(I32).astype(F64));
    gives([2], [i64::MAX, i64::MIN], || array![i64::MAX, i64::MIN].astype(F64).astype(I64));
    gives([1], [16_777_216_i32], || array![16_777_217_i32].astype(F32).astype(I32));
    gives([1], [16_777_217_i32], || array![16_777_217_i32].astype(F64).astype(I32));
    gives([2], [0.1_f32 as f64, INF], || array![0.1, 1e300].astype(F32).astype(F64));
    gives([1], [0.1_f32], || array![0.1_f32].astype(F64).astype(F32));
    gives([2], [true, false], || array![1_i64 << 32, 0].astype(Bool));
    gives([1], [false], || array![1_i64 << 32].astype(I32).astype(Bool));
    gives([2], [1_i32, 0], || array![1e-40_f32, 0.0].astype(Bool).astype(I32));
}

#[test]
fn integers_at_the_edges_compare_negate_and_wrap() {
    let (min, max) = (i32::MIN, i32::MAX);
    gives([4], [false, true, true, true], || array![min, max, -1, 0].greater_equal(array![max, min, min, 0]));
    gives([4], [true, false, false, false], || array![min, max, -1, 0].less(array![max, min, min, 0]));
    gives([3], [min, -max, 0], || -array![min, max, 0]);
    gives([3], [min, max, 0], || -(-array![min, max, 0]));
    gives([2], [true, false], || (array![min, max] + 1).less_equal(0).equal(array![true, false]));
    gives([2], [true, true], || (array![min, max] - 1).greater(0));
    gives([2], [i64::from(max) + 1, 1], || array![max, 0].astype(I64) + 1);
    gives([2], [i64::from(max) + 2, 2], || array![max, 0] + array![2_i64, 2]);
    gives([], [2 * i64::from(max)], || array![max, max].sum(..));
    gives([], [i64::MIN], || array![i64::MAX, 1].sum(..));
    gives([2], [1.5, -0.5], || array![3_i32, -1] / 2);
    gives([], [f64::from(max)], || array![max, max].mean(..));
}

#[test]
fn indices_of_one_dtype_meet_integers_of_another() {
    gives([2], [3_i64, 1], || array![[1, 9, 3], [7, 2, 3]].argmax(1) * array![2_i32, 5] + array![1_i32, 1]);
    gives([3], [true, false, true], || array![2, 7, 2].equal(array![5, 8].argmax(..) + 1));
    gives([3], [0.0, 0.5, 1.0], || Array::arange(0..3).astype(F64) * 0.5);
    gives([3], [5_i32, 6, 7], || array![5_i32, 5, 5] + Array::arange(0..3).astype(I32));
}

#[test]
fn a_negative_power_of_an_integer_is_an_error_and_a_positive_one_is_not() {
    for _ in 0..RUNS {
        let bad = array![2_i64, 3].pow(array![2_i64, -1]);
        assert_eq!(bad.eval().unwrap_err().kind(), ErrorKind::Value);
        let hidden = where_(array![true, false], array![2_i64, 3].pow(array![2_i64, -1]), 0);
        // An element that is not selected is computed all the same.
        assert_eq!(hidden.eval().unwrap_err().kind(), ErrorKind::Value);
    }
    gives([2], [4_i64, 27], || array![2_i64, 3].pow(array![2_i64, 3]));
    gives([2], [0.5, 0.125], || array![2_i64, 8].astype(F64).pow(-1.0));
    gives([2], [0.5, 0.125], || array![2_i64, 8].pow(-1.0));
}

// ---- Simplification.

#[test]
fn floor_division_and_remainder_are_not_simplified_past_their_meaning() {
    let x = || array![7, -7, i32::MIN, i32::MAX];
    gives([4], [7, -7, 0, -1], || (x() * 4).floor_divide(4) + array![0, 0, 0, 0]);
    gives([4], [7, -7, i32::MIN, i32::MAX], || x().floor_divide(3) * 3 + x() % 3);
    gives([4], [7, -7, i32::MIN, i32::MAX], || x().floor_divide(-3) * -3 + x() % -3);
    gives([4], [0; 4], || x() % Array::scalar(1));
    gives([4], [0; 4], || x() % array![-1]);
    gives([4], [7, -7, i32::MIN, i32::MAX], || x().floor_divide(1));
    gives([4], [-7, 7, i32::MIN, -i32::MAX], || x().floor_divide(-1));
    gives([4], [0; 4], || x().floor_divide(0) + x() % 0);
    gives([4], [1, 1, 0, 1], || (x() % 2) % 2);
    gives([4], [1, 2, 1, 1], || (x() % 12) % 3);
    gives([4], [1.0, 2.0, NAN, NAN], || array![7.0, -7.0, INF, NAN] % 3.0);
    gives([3], [-2.0, -3.0, 2.0], || array![-3.5, -6.5, 5.5].floor_divide(array![2.0, 2.5, 2.0]));
}

#[test]
fn minima_are_no_maxima() {
    let (x, y) = (|| array![1.0, 5.0, NAN, -0.0, 2.0], || array![2.0, 4.0, 1.0, 0.0, NAN]);
    gives([5], [1.0, 4.0, NAN, -0.0, NAN], || x().minimum(y()));
    gives([5], [2.0, 5.0, NAN, 0.0, NAN], || x().maximum(y()));
    gives([5], [-1.0, -4.0, NAN, 0.0, NAN], || (-x()).maximum(-y()));
    gives([5], [-2.0, -5.0, NAN, -0.0, NAN], || (-x()).minimum(-y()));
    gives([5], [1.0, 4.0, NAN, -0.0, NAN], || x().maximum(y()).minimum(x().minimum(y())));
    gives([], [-3.0], || array![2.0, -3.0, 1.0].min(..));
    gives([], [3.0], || -array![2.0, -3.0, 1.0].min(..));
    gives([2], [-0.0, 0.0], || stack([array![0.0, -0.0].min(..), array![-0.0, 0.0].max(..)], 0));
    gives([2], [NAN, NAN], || stack([array![0.0, NAN].min(..), array![NAN, 0.0].max(..)], 0));
}

#[test]
fn powers_roots_and_logarithms_at_infinities_and_zeros() {
    gives([5], [INF, 0.0, 0.0, 2.0, NAN], || array![-INF, -0.0, 0.0, 4.0, -4.0].pow(0.5));
    gives([5], [NAN, -0.0, 0.0, 2.0, NAN], || array![-INF, -0.0, 0.0, 4.0, -4.0].sqrt());
    gives([4], [INF, 0.0, NAN, 1.0], || array![-INF, 0.0, NAN, -1.0].pow(2.0));
    gives([4], [1.0, 1.0, 1.0, 1.0], || array![-INF, 0.0, NAN, -1.0].pow(0.0));
    gives([4], [-INF, 0.0, NAN, -1.0], || array![-INF, 0.0, NAN, -1.0].pow(3.0));
    gives([4], [-0.0, INF, NAN, -1.0], || array![-INF, 0.0, NAN, -1.0].pow(-1.0));
    gives([3], [1.0, 1.0, NAN], || array![1.0, NAN, NAN].pow(array![NAN, 0.0, 1.0]));
    gives([4], [0.0, INF, INF, 0.0], || array![0.5, 0.5, 2.0, 2.0].pow(array![INF, -INF, INF, -INF]));
    gives([2], [1.0, 1.0], || array![-1.0, -1.0].pow(array![INF, -INF]));
    gives([4], [-INF, -INF, NAN, INF], || array![0.0, -0.0, -1.0, INF].log());
    gives([4], [0.0, INF, 1.0, NAN], || array![-INF, INF, -0.0, NAN].exp());
    gives([3], [-INF, NAN, -0.0], || array![-1.0, -2.0, -0.0].log1p());
    gives([3], [-1.0, INF, -0.0], || array![-INF, INF, -0.0].expm1());
    gives([2], [0.0, 3.0], || array![1.0, 8.0].log2());
}

#[test]
fn algebra_that_is_wrong_for_floats_is_not_used() {
    let x = || array![INF, -0.0, NAN, 5.0];
    gives([4], [NAN, 0.0, NAN, 0.0], || x() - x());
    gives([4], [NAN, -0.0, NAN, 0.0], || x() * 0.0);
    gives([4], [INF, 0.0, NAN, 5.0], || x() + 0.0);
    gives([4], [INF, -0.0, NAN, 5.0], || x() - 0.0);
    gives([4], [INF, -0.0, NAN, 5.0], || x() * 1.0);
    gives([4], [NAN, NAN, NAN, 1.0], || x() / x());
    gives([4], [-INF, 0.0, NAN, -5.0], || -x());
    gives([4], [-INF, 0.0, NAN, -5.0], || 0.0 - x());
    gives([4], [false, false, true, false], || x().not_equal(x()));
    gives([4], [true, true, false, true], || !x().not_equal(x()));
    gives([4], [false, false, false, false], || x().less(x()));
    gives([1], [false], || !(array![NAN].less(1.0)) & array![NAN].greater_equal(1.0));
    gives([1], [0.0], || (array![1e20] + 1.0) - 1e20);
    gives([1], [0.1 + 0.2 + 0.3], || array![0.1] + 0.2 + 0.3);
    gives([1], [INF], || array![1e200] * 1e200 * 1e-200);
    gives([1], [3.0 * (1.0 / 3.0) * 49.0 / 49.0], || (array![3.0] * (1.0 / 3.0)) * 49.0 / 49.0);
    gives([1], [1.0 / 49.0 * 49.0], || array![1.0] / 49.0 * 49.0);
}

// ---- Degenerate shapes.

#[test]
fn reductions_of_a_single_value() {
    let x = || array![-3.0].i(0) * 1.0;
    assert_eq!(x().shape(), [0_usize; 0]);
    for all in [true, false] {
        let reduce =
            |f: &dyn Fn(Array, broadloom::Over) -> Array| f(x(), if all { over(..) } else { over(()) });
        gives([], [-3.0], || reduce(&|x, axes| x.sum(axes)));
        gives([], [-3.0], || reduce(&|x, axes| x.prod(axes)));
        gives([], [-3.0], || reduce(&|x, axes| x.max(axes)));
        gives([], [-3.0], || reduce(&|x, axes| x.min(axes)));
        gives([], [-3.0], || reduce(&|x, axes| x.mean(axes)));
        gives([], [0.0], || reduce(&|x, axes| x.var(axes)));
        gives([], [0.0], || reduce(&|x, axes| x.std(axes)));
        gives([], [true], || reduce(&|x, axes| x.any(axes)));
        gives([], [true], || reduce(&|x, axes| x.all(axes)));
        gives([], [0_i64], || reduce(&|x, axes| x.argmax(axes)));
        gives([], [0_i64], || reduce(&|x, axes| x.argmin(axes)));
        gives([], [1_i64], || reduce(&|x, axes| x.count_nonzero(axes)));
    }
    gives([], [NAN], || x().var(over(..).correction(1)));
}

#[test]
fn reductions_of_no_elements() {
    let none = || Array::from_vec(Vec::<f64>::new(), [0, 3]).unwrap();
    gives([3], [0.0; 3], || none().sum(0) + 0.0);
    gives([3], [3.0; 3], || none().prod(0) + 2.0);
    gives([3], [NAN; 3], || none().mean(0));
    gives([3], [true; 3], || none().astype(Bool).all(0));
    gives([3], [false; 3], || none().astype(Bool).any(0));
    gives([], [0.0], || none().sum(..));
    gives::<f64, 1, 0>([0], [], || none().sum(1) * 2.0);
    gives::<f64, 1, 0>([0], [], || none().max(1));
    gives([1, 3], [0_i64; 3], || none().astype(I32).sum(over(0).keepdims()));
    assert_eq!(none().try_max(0).unwrap_err().kind(), ErrorKind::Value);
    assert_eq!(none().try_argmin(..).unwrap_err().kind(), ErrorKind::Value);
}

#[test]
fn joins_of_one_part_of_empty_parts_and_of_a_part_twice() {
    gives([3], [1.0, 2.0, 3.0], || concat([array![1.0, 2.0, 3.0]], 0));
    gives([3], [2.0, 4.0, 6.0], || concat([array![1.0, 2.0, 3.0] * 2.0], 0));
    gives([1, 2], [1.0, 2.0], || stack([array![1.0, 2.0]], 0));
    gives([2, 1], [1.0, 2.0], || stack([array![1.0, 2.0]], 1));
    gives([2], [1.0, 2.0], || concat([Array::zeros(0, F64), array![1.0, 2.0], Array::zeros(0, F64)], 0));
    gives::<f64, 1, 0>([0], [], || concat([Array::zeros(0, F64), Array::zeros(0, F64)], 0));
    gives([4], [1.5, 2.5, 1.5, 2.5], || {
        let part = array![1.0, 2.0] + 0.5;
        concat([&part, &part], 0)
    });
    gives([6], [1.0, 2.0, 2.0, 1.0, 1.0, 2.0], || {
        let part = array![1.0, 2.0];
        concat([&part, &part.flip(0), &part], 0)
    });
    gives([2, 2, 2], [1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0], || {
        let x = array![[1.0, 2.0], [3.0, 4.0]];
        stack([&x, &x], 1)
    });
    gives([3], [1.0, 2.5, 1.0], || concat([array![1], array![2.5], array![true]].map(|x: Array| x), 0));
}

#[test]
fn a_join_whose_parts_are_read_elsewhere_too() {
    for run in 0..RUNS {
        let part = array![1.0, 2.0].sqrt().square().round();
        let joined = concat([&part, &(&part * 10.0)], 0);
        let [sum, joined, part] = eval([part.sum(..), joined.flip(0), part]).unwrap();
        holds(&sum, &[], &[3.0], run);
        holds(&joined, &[4], &[20.0, 10.0, 2.0, 1.0], run);
        holds(&part, &[2], &[1.0, 2.0], run);
    }
    gives([2, 4], [1.0, 2.0, 1.0, 3.0, 3.0, 4.0, 2.0, 4.0], || {
        let x = array![[1.0, 2.0], [3.0, 4.0]];
        concat([&x, &x.t()], 1)
    });
    gives([4], [1.0, 2.0, 3.0, 6.0], || {
        let inner = concat([array![1.0], array![2.0]], 0);
        let outer = concat([inner.clone(), inner.sum(over(..).keepdims()), array![6.0]], 0);
        outer + 0.0
    });
}

#[test]
fn squeezes_and_repeated_reshapes_before_a_reduction() {
    let x = || array![[[3.0, 1.0, 2.0]]];
    gives([], [1_i64], || x().squeeze(..).argmin(..));
    gives([], [1_i64], || x().squeeze([0, 1]).argmin(0));
    gives([1], [1_i64], || x().squeeze(1).argmin(1));
    gives([1, 3], [0_i64, 0, 0], || x().argmin(0));
    gives([], [0_i64], || x().reshape(3).reshape([3, 1]).reshape([1, 3]).squeeze(0).argmax(-1));
    gives([3], [3.0, 1.0, 2.0], || x().reshape([3, 1]).reshape(3).reshape([1, 3]).max(0));
    gives([2], [6_i64, 15], || {
        Array::arange(1..7).reshape([3, 2]).reshape([6]).reshape([2, 3]).reshape([2, 3, 1]).squeeze(-1).sum(1)
    });
    gives([3, 2], [1.0, 3.0, 5.0, 2.0, 4.0, 6.0], || {
        array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].t().reshape([3, 2])
    });
    gives([6], [1.0, 3.0, 5.0, 2.0, 4.0, 6.0], || {
        array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].t().ravel() * 1.0
    });
    gives([2], [9.0, 12.0], || array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].t().ravel().reshape([2, 3]).sum(1));
    gives([1, 1, 1], [4.0], || Array::scalar(4.0).reshape([1, 1]).expand_dims(0).reshape([1, 1, 1]));
}

#[test]
fn unit_axes_reduce_to_themselves() {
    gives([3], [1.0, 2.0, 3.0], || array![[1.0, 2.0, 3.0]].sum(0));
    gives([3], [1.0, 2.0, 3.0], || array![[1.0], [2.0], [3.0]].max(1));
    gives([3], [0_i64; 3], || array![[1.0], [2.0], [3.0]].argmax(1));
    gives([3], [NAN, -0.0, 1.0], || array![[NAN, -0.0, 1.0]].prod(0));
    gives([2], [-0.0, -0.0], || stack([array![-0.0].sum(..), array![-0.0, -0.0].sum(..)], 0));
    gives([1, 3], [0.0; 3], || array![[1.0, 2.0, 3.0]].var(over(0).keepdims()));
}

// ---- Constants.

#[test]
fn programs_of_constants_alone() {
    gives([], [7.0], || Array::scalar(3.0) * 2.0 + 1.0);
    gives([2, 2], [5.0; 4], || Array::full([2, 2], 2.0, F64) + Array::ones([2, 2], F64) * 3.0);
    gives([2], [6.0, 6.0], || Array::ones([2, 3], F64).sum(1) * 2.0);
    gives([2, 2], [3.0; 4], || Array::ones([2, 3], F64).matmul(&Array::ones([3, 2], F64)));
    gives([3], [true, true, true], || !Array::zeros(3, Bool));
    gives([2], [true, false], || array![true, false] & Array::ones(2, Bool) | Array::zeros(2, Bool));
    gives([2], [false, true], || array![true, false] ^ true);
    gives([2], [1.5, 2.5], || where_(Array::ones(2, Bool), array![1.5, 2.5], 0.0));
    gives([2], [0.0, 0.0], || where_(false, array![1.5, 2.5], 0.0));
    gives([], [true], || Array::ones([3, 3], Bool).all(..));
    gives([3, 3], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], || Array::eye(3, F64));
    gives([], [3.0], || (Array::eye(3, F64) * Array::ones([3, 3], F64)).sum(..));
    gives([], [0.5], || Array::scalar(0.5));
    gives::<f64, 1, 0>([0], [], || Array::zeros(0, F64) + 1.0);
    gives([4], [0.25; 4], || Array::zeros(4, F64).softmax(0));
}

#[test]
fn numbers_on_either_side() {
    gives([2], [1.0, -1.0], || 3.0 - array![2.0, 4.0]);
    gives([2], [-1.0, 1.0], || array![2.0, 4.0] - 3.0);
    gives([2], [0.5, 0.25], || 1.0 / array![2.0, 4.0]);
    gives([2], [1_i32, 3], || 7 % array![2_i32, 4]);
    gives([2], [4_i32, 16], || 1 << array![2_i32, 4]);
    gives([2], [false, true], || true & array![false, true]);
    gives([2], [2.5_f32, 4.5], || array![2.0_f32, 4.0] + 0.5);
    gives([2], [2.5, 4.5], || array![2_i32, 4] + 0.5);
}

#[test]
fn constants_and_indices_sliced_with_steps() {
    gives([3], [7.0; 3], || Array::full(6, 7.0, F64).slice(s![..;2]));
    gives([2], [7.5, 7.5], || Array::full(6, 7.0, F64).slice(s![..;-3]) + 0.5);
    gives([4], [9_i64, 6, 3, 0], || Array::arange(0..10).slice(s![..;-3]));
    gives([3], [1_i64, 4, 7], || Array::arange(0..10).slice(s![1..8;3]));
    gives([3], [5_i64, 3, 1], || Array::arange(0..10).slice(s![..6]).slice(s![..;-2]));
    gives([2], [0.25, 0.75], || Array::linspace(0.0, 1.0, 5).slice(s![1..;2]));
    gives([3], [1.0, 0.5, 0.0], || Array::linspace(0.0, 1.0, 5).slice(s![..;-2]));
    gives([2, 2], [0.0, 1.0, 1.0, 0.0], || Array::eye(3, F64).slice(s![..2, ..2]).flip(1));
    gives([2, 2], [0.0, 1.0, 1.0, 0.0], || Array::eye(2, F64).slice(s![..;-1, ..]));
    gives([], [4_i64], || (10 - Array::arange_step(0..10, 2)).i(3));
    gives([2], [2_i64, 8], || Array::arange(0..12).reshape([3, 4]).slice(s![..;2, 2]).clip(0, 8));
    gives::<i64, 1, 0>([0], [], || Array::arange(0..10).slice(s![3..3;2]));
    gives::<i64, 1, 0>([0], [], || Array::arange(0..10).slice(s![7..3]) + 1);
}

#[test]
fn outputs_that_are_inputs_views_of_inputs_constants_and_each_other() {
    for run in 0..RUNS {
        let x = array![[1.0, 2.0], [3.0, 4.0]];
        let y = &x + 1.0;
        let outs =
            vec![x.clone(), y.clone(), x.t(), y.clone(), Array::scalar(2.5), x.clone(), &x * 1.0, y.i(0)];
        let [a, b, c, d, e, f, g, h] = eval(outs).unwrap().try_into().unwrap();
        holds(&a, &[2, 2], &[1.0, 2.0, 3.0, 4.0], run);
        holds(&b, &[2, 2], &[2.0, 3.0, 4.0, 5.0], run);
        holds(&c, &[2, 2], &[1.0, 3.0, 2.0, 4.0], run);
        holds(&d, &[2, 2], &[2.0, 3.0, 4.0, 5.0], run);
        holds(&e, &[], &[2.5], run);
        holds(&f, &[2, 2], &[1.0, 2.0, 3.0, 4.0], run);
        holds(&g, &[2, 2], &[1.0, 2.0, 3.0, 4.0], run);
        holds(&h, &[2], &[2.0, 3.0], run);
        holds(&x, &[2, 2], &[1.0, 2.0, 3.0, 4.0], run);
        holds(&y, &[2, 2], &[2.0, 3.0, 4.0, 5.0], run);
        let [i, j] = eval([&a * 0.0 + &a, a]).unwrap();
        holds(&i, &[2, 2], &[1.0, 2.0, 3.0, 4.0], run);
        holds(&j, &[2, 2], &[1.0, 2.0, 3.0, 4.0], run);
    }
}

// ---- Aliases and memory that is written over.

#[test]
fn overlapping_windows_of_one_array() {
    let x = || array![1.0, 2.0, 4.0, 8.0, 16.0];
    gives([4], [1.0, 2.0, 4.0, 8.0], || {
        let x = x();
        x.slice(s![1..]) - x.slice(s![..-1])
    });
    gives([5], [17.0, 10.0, 8.0, 10.0, 17.0], || {
        let x = x();
        &x + x.flip(0)
    });
    gives([5], [16.0, 16.0, 16.0, 16.0, 16.0], || {
        let x = x();
        &x * x.flip(0)
    });
    gives([3], [7.0, 14.0, 28.0], || {
        let x = x();
        x.slice(s![..3]) + x.slice(s![1..4]) + x.slice(s![2..])
    });
    gives([2, 2], [2.0, 5.0, 5.0, 8.0], || {
        let x = array![[1.0, 2.0], [3.0, 4.0]];
        &x + x.t()
    });
}

#[test]
fn an_array_given_away_is_not_written_over_while_it_is_still_read() {
    let fresh = || (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]] + 0.0).eval().unwrap();
    for run in 0..RUNS {
        let x = fresh();
        let y = &x + x.t();
        drop(x);
        holds(&y.eval().unwrap(), &[3, 3], &[2.0, 6.0, 10.0, 6.0, 10.0, 14.0, 10.0, 14.0, 18.0], run);
        let x = fresh();
        let y = x.flip(0) * 2.0 + &x;
        drop(x);
        holds(&y.eval().unwrap(), &[3, 3], &[15.0, 18.0, 21.0, 12.0, 15.0, 18.0, 9.0, 12.0, 15.0], run);
        let x = fresh();
        let y = &x - x.i(0);
        drop(x);
        holds(&y.eval().unwrap(), &[3, 3], &[0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 6.0, 6.0, 6.0], run);
        let x = fresh();
        let y = &x / x.sum(over(0).keepdims()) * 12.0;
        drop(x);
        holds(&y.slice(s![.., 0]).eval().unwrap(), &[3], &[1.0, 4.0, 7.0], run);
        let x = fresh();
        let y = x.matmul(&x) - &x;
        drop(x);
        holds(&y.eval().unwrap(), &[3, 3], &[29.0, 34.0, 39.0, 62.0, 76.0, 90.0, 95.0, 118.0, 141.0], run);
        let x = fresh();
        let y = concat([&x.slice(s![1..]), &x.slice(s![..1])], 0);
        drop(x);
        holds(&y.eval().unwrap(), &[3, 3], &[4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1.0, 2.0, 3.0], run);
        let x = fresh();
        let outs = [&x + 1.0, x.flip(1), &x * 2.0];
        drop(x);
        let [a, b, c] = eval(outs).unwrap();
        holds(&a.i(0), &[3], &[2.0, 3.0, 4.0], run);
        holds(&b.i(0), &[3], &[3.0, 2.0, 1.0], run);
        holds(&c.i(0), &[3], &[2.0, 4.0, 6.0], run);
    }
}

#[test]
fn an_expanded_view_is_not_written_in_place() {
    for run in 0..RUNS {
        let row = (array![1.0, 2.0] + 0.0).eval().unwrap();
        let wide = row.broadcast_to([3, 2]);
        let mut changed = wide.clone();
        changed += array![[10.0], [20.0], [30.0]];
        holds(&changed.eval().unwrap(), &[3, 2], &[11.0, 12.0, 21.0, 22.0, 31.0, 32.0], run);
        holds(&wide, &[3, 2], &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0], run);
        holds(&row, &[2], &[1.0, 2.0], run);
        let column = (array![[5.0]] + 0.0).eval().unwrap();
        let square = column.broadcast_to([1, 1]) * 2.0;
        drop(column);
        holds(&square.eval().unwrap(), &[1, 1], &[10.0], run);
    }
}

#[test]
fn a_stack_and_what_is_rebound_after_it() {
    for run in 0..RUNS {
        let mut x = (array![1.0, 2.0] + 0.0).eval().unwrap();
        let stacked = stack([&x, &(&x * 2.0)], 0);
        x *= 100.0;
        let x = x.eval().unwrap();
        holds(&x, &[2], &[100.0, 200.0], run);
        let stacked = stacked.eval().unwrap();
        holds(&stacked, &[2, 2], &[1.0, 2.0, 2.0, 4.0], run);
        let mut part = stacked.i(0);
        part += 1.0;
        holds(&part.eval().unwrap(), &[2], &[2.0, 3.0], run);
        holds(&stacked, &[2, 2], &[1.0, 2.0, 2.0, 4.0], run);
    }
}

#[test]
fn a_slice_lives_on_after_what_it_was_taken_from_is_written_over() {
    for run in 0..RUNS {
        let x = (Array::arange(0..8) * 1).eval().unwrap();
        let slice = x.slice(s![1..;3]);
        let kept = slice.clone();
        let y = (x + 100).eval().unwrap();
        holds(&y.slice(s![..2]), &[2], &[100_i64, 101], run);
        holds(&slice.eval().unwrap(), &[3], &[1_i64, 4, 7], run);
        holds(&kept, &[3], &[1_i64, 4, 7], run);
    }
}

// ---- Extremes.

#[test]
fn roundings_of_huge_and_of_half_values() {
    let huge = || array![1e300, -1e300, 9_007_199_254_740_993.0, INF, -INF, NAN, 4_503_599_627_370_495.5];
    gives([7], [1e300, -1e300, 9_007_199_254_740_992.0, INF, -INF, NAN, 4_503_599_627_370_495.0], || {
        huge().floor()
    });
    gives([7], [1e300, -1e300, 9_007_199_254_740_992.0, INF, -INF, NAN, 4_503_599_627_370_496.0], || {
        huge().ceil()
    });
    gives([7], [1e300, -1e300, 9_007_199_254_740_992.0, INF, -INF, NAN, 4_503_599_627_370_495.0], || {
        huge().trunc()
    });
    gives([7], [1e300, -1e300, 9_007_199_254_740_992.0, INF, -INF, NAN, 4_503_599_627_370_496.0], || {
        huge().round()
    });
    let half = || array![0.5, 1.5, 2.5, -0.5, -1.5, 0.499_999_999_999_999_94, -0.0];
    gives([7], [0.0, 2.0, 2.0, -0.0, -2.0, 0.0, -0.0], || half().round());
    gives([7], [0.0, 1.0, 2.0, -1.0, -2.0, 0.0, -0.0], || half().floor());
    gives([7], [1.0, 2.0, 3.0, -0.0, -1.0, 1.0, -0.0], || half().ceil());
    gives([7], [0.0, 1.0, 2.0, -0.0, -1.0, 0.0, -0.0], || half().trunc());
    gives([3], [f32::MAX, -8_388_609.0, 8_388_607.0], || array![f32::MAX, -8_388_609.0, 8_388_607.5].floor());
    gives([2], [8_388_608.0_f32, 0.0], || array![8_388_607.5_f32, 0.499_999_97].round());
    gives([2], [i64::MAX, i64::MIN], || array![1e300, -1e300].floor().astype(I64));
}

#[test]
fn more_elements_than_32_bits_count_are_counted() {
    // Never in memory: the index is computed where it is read.
    let n = (1_i64 << 29) + 3;
    assert_eq!(Array::ones(n, Bool).count_nonzero(..).item::<i64>().unwrap(), n);
    let odd = Array::arange(0..n).bitwise_and(1).sum(..);
    assert_eq!(odd.item::<i64>().unwrap(), n / 2);
}

#[test]
fn arrays_of_many_axes() {
    gives([], [256.0], || {
        Array::ones([2, 2, 2, 2, 2, 2], F64).reshape([2; 6]).expand_dims([0, 3]).sum(..) * 4.0
    });
    let deep = || Array::arange(0..256).reshape([2, 2, 2, 2, 2, 2, 2, 2].as_slice());
    gives([], [129_i64], || deep().permute_dims([7, 1, 2, 3, 4, 5, 6, 0]).reshape(256).i(129));
    gives([], [1_i64], || deep().permute_dims([7, 1, 2, 3, 4, 5, 6, 0]).reshape(256).i(128));
    gives([2, 2], [126 * 32_i64, 128 * 64 + 126 * 32, 64 + 126 * 32, 64 * 129 + 126 * 32], || {
        deep().sum([1, 2, 3, 4, 5, 6]).t()
    });
    gives([2], [16_256_i64, 16_384], || deep().flip([0, 3]).sum([0, 1, 2, 3, 4, 5, 6]));
}
