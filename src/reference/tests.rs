//! Expected values are calculated by hand or come from NumPy 2.4.

use smallvec::smallvec;

use super::*;
use crate::base::{Affine, DType, Keyed};
use crate::graph::{NodeId, Value};
use crate::op::{Binary, Builder, Fold, Unary};

/// A graph under construction; the last node added is its output.
#[derive(Default)]
struct Draft(Graph);

impl Draft {
    fn add(&mut self, op: Op, args: &[NodeId], dtype: DType, shape: &[usize]) -> NodeId {
        let id = self.0.add(Node::new(op, args.iter().map(|&arg| Value::from(arg)), Type::new(dtype, shape)));
        self.0.outputs = vec![id.into()];
        id
    }

    fn input(&mut self, k: u32, dtype: DType, shape: &[usize]) -> NodeId {
        self.add(Op::Input(k), &[], dtype, shape)
    }

    fn nest(&mut self, nest: Nest, args: &[NodeId], dtypes: &[DType]) -> NodeId {
        let shape = nest.out_shape();
        let types = dtypes.iter().map(|&dtype| Type { dtype, shape: shape.clone() }).collect();
        let node = Node {
            op: Op::Nest(Keyed::new(nest)),
            args: args.iter().map(|&arg| Value::from(arg)).collect(),
            types,
        };
        let id = self.0.add(node);
        self.0.outputs = (0..dtypes.len()).map(|out| Value { node: id, out: out as u8 }).collect();
        id
    }

    fn run(&self, inputs: &[Values]) -> Vec<Values> {
        crate::graph::verify::verify(&self.0).unwrap();
        evaluate(&self.0, inputs, &[Scalar::from(0.5_f32)]).unwrap()
    }
}

fn f32s(values: &Values) -> &[f32] {
    match values {
        Values::F32(values) => values,
        other => panic!("{} is not f32", other.dtype()),
    }
}

fn i64s(values: &Values) -> &[i64] {
    match values {
        Values::I64(values) => values,
        other => panic!("{} is not i64", other.dtype()),
    }
}

/// `0, 1, 2, …`.
fn counting(count: usize) -> Values {
    Values::F32((0..count).map(|x| x as f32).collect())
}

/// Numbers whose sum depends on the order of addition.
fn uneven(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 3.0
    };
    (0..count).map(|_| next()).collect()
}

fn reduced(fold: Fold, axes: &[u32], input: Values, shape: &[usize]) -> Values {
    let mut d = Draft::default();
    let x = d.input(0, input.dtype(), shape);
    let left = Shape::from(shape).without(|axis| axes.contains(&(axis as u32)));
    let dtype = fold.accumulators(input.dtype())[fold.result()];
    d.add(Op::Reduce { fold, axes: axes.iter().copied().collect() }, &[x], dtype, &left);
    d.run(&[input]).swap_remove(0)
}

#[test]
fn views_read_where_their_maps_say() {
    let mut d = Draft::default();
    let x = d.input(0, DType::F32, &[2, 3]);
    let t = d.add(Op::View(View::Permute(smallvec![1, 0])), &[x], DType::F32, &[3, 2]);
    let slices = smallvec![(2, -2), (1, 1)];
    let s = d.add(Op::View(View::Slice(slices)), &[t], DType::F32, &[2, 1]);
    let b = d.add(Op::View(View::Broadcast), &[s], DType::F32, &[2, 2, 3]);
    d.add(Op::View(View::Reshape), &[b], DType::F32, &[4, 3]);
    let out = d.run(&[counting(6)]);
    // x = [[0, 1, 2], [3, 4, 5]]; x.T[::-2, 1:] = [[5], [3]].
    assert_eq!(f32s(&out[0]), [5., 5., 5., 3., 3., 3., 5., 5., 5., 3., 3., 3.]);
}

#[test]
fn single_values_broadcast_and_join() {
    let mut d = Draft::default();
    let x = d.input(0, DType::F32, &[]);
    let s = d.add(Op::Scalar(0), &[], DType::F32, &[]);
    let sum = d.add(Op::Elementwise(Element::Binary(Binary::Add)), &[x, s], DType::F32, &[]);
    let wide = d.add(Op::View(View::Broadcast), &[sum], DType::F32, &[2, 2]);
    let other = d.input(1, DType::F32, &[2, 1]);
    let none = d.input(2, DType::F32, &[2, 0]);
    d.add(Op::Join { axis: 1 }, &[other, wide, none, other], DType::F32, &[2, 4]);
    let out = d.run(&[Values::F32(vec![1.0]), Values::F32(vec![7.0, 8.0]), Values::F32(vec![])]);
    assert_eq!(f32s(&out[0]), [7.0, 1.5, 1.5, 7.0, 8.0, 1.5, 1.5, 8.0]);
}

#[test]
fn reductions_take_one_axis_or_several_or_all() {
    assert_eq!(f32s(&reduced(Fold::Sum, &[1], counting(6), &[2, 3])), [3.0, 12.0]);
    assert_eq!(f32s(&reduced(Fold::Sum, &[0], counting(6), &[2, 3])), [3.0, 5.0, 7.0]);
    assert_eq!(f32s(&reduced(Fold::Max, &[0, 2], counting(12), &[2, 3, 2])), [7.0, 9.0, 11.0]);
    assert_eq!(f32s(&reduced(Fold::Sum, &[], counting(2), &[2])), [0.0, 1.0]);
    assert_eq!(
        f32s(&reduced(Fold::Min, &[], Values::F32(vec![-0.0]), &[]))[0].to_bits(),
        (-0.0_f32).to_bits()
    );
}

#[test]
fn reductions_of_nothing_have_a_value_or_are_errors() {
    assert_eq!(f32s(&reduced(Fold::Sum, &[0], counting(0), &[0, 2])), [0.0, 0.0]);
    assert_eq!(f32s(&reduced(Fold::Sum, &[0], counting(0), &[0, 2]))[0].to_bits(), 0);
    assert_eq!(i64s(&reduced(Fold::Prod, &[0, 1], Values::I64(vec![]), &[3, 0])), [1]);
    assert_eq!(f32s(&reduced(Fold::Max, &[1], counting(0), &[0, 2])), [0.0_f32; 0]);
    let mut d = Draft::default();
    let x = d.input(0, DType::F32, &[2, 0]);
    d.add(Op::Reduce { fold: Fold::Max, axes: smallvec![1] }, &[x], DType::F32, &[2]);
    assert_eq!(evaluate(&d.0, &[counting(0)], &[]).unwrap_err().kind(), ErrorKind::Value);
}

#[test]
fn a_sum_of_negative_zeros_is_one() {
    let sum = reduced(Fold::Sum, &[0], Values::F32(vec![-0.0; 40]), &[40]);
    assert_eq!(f32s(&sum)[0].to_bits(), (-0.0_f32).to_bits());
}

#[test]
fn argmax_is_the_first_nan_or_the_first_of_the_largest() {
    let numbers = vec![1.0, 3.0, 3.0, f32::NEG_INFINITY, f32::NAN, f32::NAN];
    assert_eq!(i64s(&reduced(Fold::Argmax, &[1], Values::F32(numbers), &[2, 3])), [1, 1]);
    let lowest = Values::F32(vec![f32::NEG_INFINITY; 3]);
    assert_eq!(i64s(&reduced(Fold::Argmax, &[0], lowest, &[3])), [0]);
    // Over several axes the index counts their elements in row-major order.
    let cube = Values::I32(vec![0, 9, 1, 2, 3, 3, 8, 4]);
    assert_eq!(i64s(&reduced(Fold::Argmax, &[0, 2], cube, &[2, 2, 2])), [1, 2]);
}

/// A row of `LANES` lanes reduced as the docs word it, without columns, counters or identities.
fn documented<const LANES: usize, T: Copy, P: Copy>(
    x: &[T],
    join: fn(Option<P>, T) -> P,
    combine: fn(P, P) -> P,
) -> P {
    struct Row<'a, const LANES: usize, T, P> {
        x: &'a [T],
        join: fn(Option<P>, T) -> P,
        combine: fn(P, P) -> P,
    }
    impl<const LANES: usize, T: Copy, P: Copy> Row<'_, LANES, T, P> {
        fn both(&self, a: Option<P>, b: Option<P>) -> Option<P> {
            match (a, b) {
                (Some(a), Some(b)) => Some((self.combine)(a, b)),
                (a, None) => a,
                (None, b) => b,
            }
        }
        /// Lane `lane` of the tree over blocks `first..first + count`, `count` a power of two.
        fn tree(&self, lane: usize, first: usize, count: usize) -> Option<P> {
            if count > 1 {
                let half = count / 2;
                return self.both(self.tree(lane, first, half), self.tree(lane, first + half, half));
            }
            let elements = self.x.iter().skip(first * 16 * LANES).take(16 * LANES).skip(lane).step_by(LANES);
            elements.fold(None, |sum, x| Some((self.join)(sum, *x)))
        }
        fn lanes(&self, lane: usize, step: usize, blocks: usize) -> Option<P> {
            if step == LANES {
                return self.tree(lane, 0, blocks);
            }
            self.both(self.lanes(lane, step * 2, blocks), self.lanes(lane + step, step * 2, blocks))
        }
    }
    let blocks = x.len().div_ceil(16 * LANES).next_power_of_two();
    Row::<LANES, T, P> { x, join, combine }.lanes(0, 1, blocks).unwrap()
}

/// The sum of a row as the docs word it.
fn documented_sum(x: &[f32]) -> f32 {
    documented::<32, f32, f32>(x, |sum, x| sum.map_or(x, |sum| sum + x), |a, b| a + b)
}

#[test]
fn sums_follow_the_documented_tree() {
    let x = uneven(40_000);
    let plain: f32 = x.iter().sum();
    assert_ne!(documented_sum(&x), plain, "the order must matter for this test to say anything");
    for len in (1..70).chain([511, 512, 513, 544, 1023, 1025, 1500, 1537, 2048, 2049, 2561, 3600, 40_000]) {
        let sum = reduced(Fold::Sum, &[0], Values::F32(x[..len].to_vec()), &[len]);
        assert_eq!(f32s(&sum)[0].to_bits(), documented_sum(&x[..len]).to_bits(), "{len} elements");
    }
    // Two axes around a kept one are one row each.
    let rows = reduced(Fold::Sum, &[0, 2], Values::F32(x[..3 * 2 * 700].to_vec()), &[3, 2, 700]);
    for row in 0..2 {
        let of = |outer: usize| &x[(outer * 2 + row) * 700..][..700];
        let joined = [of(0), of(1), of(2)].concat();
        assert_eq!(f32s(&rows)[row].to_bits(), documented_sum(&joined).to_bits());
    }
}

/// The squared distances from the mean of a row, summed as the docs word it.
fn documented_deviations(x: &[f64]) -> f64 {
    /// Squares, sum, pivot, count.
    type Part = (f64, f64, f64, f64);
    fn join(part: Option<Part>, x: f64) -> Part {
        let (q, s, p, n) = part.unwrap_or((0.0, 0.0, x, 0.0));
        let d = x - p;
        (d.mul_add(d, q), s + d, p, n + 1.0)
    }
    fn combine((q, s, p, n): Part, (right_q, right_s, right_p, right_n): Part) -> Part {
        let d = right_p - p;
        let moved = right_n.mul_add(d, right_s);
        let (both_q, both_s, both_n) = (q + d.mul_add(moved + right_s, right_q), s + moved, n + right_n);
        let pivot = p + both_s / both_n;
        let t = pivot - p;
        let rest = (-t).mul_add(both_n, both_s);
        ((-t).mul_add(both_s + rest, both_q), rest, pivot, both_n)
    }
    documented::<16, f64, Part>(x, join, combine).0
}

#[test]
fn deviations_follow_the_documented_tree() {
    let x: Vec<f64> = uneven(5000).into_iter().map(|x| f64::from(x).sqrt() - 500.0).collect();
    for len in (1..40).chain([255, 256, 257, 280, 511, 513, 1025, 1500, 5000]) {
        let found = reduced(Fold::Deviations, &[0], Values::F64(x[..len].to_vec()), &[len]);
        let Values::F64(found) = found else { panic!("{} is not f64", found.dtype()) };
        assert_eq!(found[0].to_bits(), documented_deviations(&x[..len]).to_bits(), "{len} elements");
    }
}

#[test]
fn products_are_fused_and_start_from_zero() {
    let mut d = Draft::default();
    let (a, b) = (d.input(0, DType::F32, &[2, 3]), d.input(1, DType::F32, &[3, 2]));
    d.add(Op::Matmul, &[a, b], DType::F32, &[2, 2]);
    let out = d.run(&[counting(6), counting(6)]);
    assert_eq!(f32s(&out[0]), [10.0, 13.0, 28.0, 40.0]);
    // (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 if the second product is not rounded before it is added.
    let x = 1.0 + 2.0_f32.powi(-12);
    let mut d = Draft::default();
    let (a, b) = (d.input(0, DType::F32, &[1, 2]), d.input(1, DType::F32, &[2, 1]));
    d.add(Op::Matmul, &[a, b], DType::F32, &[1, 1]);
    let out = d.run(&[Values::F32(vec![1.0, x]), Values::F32(vec![-(1.0 + 2.0_f32.powi(-11)), x])]);
    assert_eq!(f32s(&out[0]), [2.0_f32.powi(-24)]);
    let out = d.run(&[Values::F32(vec![-0.0, -0.0]), Values::F32(vec![1.0, 1.0])]);
    assert_eq!(f32s(&out[0])[0].to_bits(), 0);
}

#[test]
fn batches_multiply_one_by_one_and_no_inner_axis_gives_zero() {
    let mut d = Draft::default();
    let (a, b) = (d.input(0, DType::I64, &[2, 1, 2]), d.input(1, DType::I64, &[2, 2, 1]));
    d.add(Op::Matmul, &[a, b], DType::I64, &[2, 1, 1]);
    let out = d.run(&[Values::I64(vec![1, 2, 3, i64::MAX]), Values::I64(vec![3, 4, 5, 2])]);
    assert_eq!(i64s(&out[0]), [11, 13]);
    let mut d = Draft::default();
    let (a, b) = (d.input(0, DType::F32, &[2, 0]), d.input(1, DType::F32, &[0, 1]));
    d.add(Op::Matmul, &[a, b], DType::F32, &[2, 1]);
    assert_eq!(f32s(&d.run(&[counting(0), counting(0)])[0]), [0.0, 0.0]);
}

#[test]
fn a_map_nest_reads_through_its_maps_and_has_several_outputs() {
    // y = x[::-1, newaxis] * w + s, and whether it is NaN.
    let mut b = Builder::default();
    let (x, w) = (b.arg(0, DType::F32), b.arg(1, DType::F32));
    let s = b.push(Inst::Scalar(0), DType::F32);
    let product = b.binary(Binary::Multiply, x, w);
    let sum = b.binary(Binary::Add, product, s);
    let nan = b.unary(Unary::IsNan, sum);
    let nest = Nest {
        domain: Shape::new([3, 2]),
        reads: vec![
            [Affine::scaled(0, -1, 2)].into_iter().collect(),
            [Affine::axis(1)].into_iter().collect(),
        ],
        picks: Vec::new(),
        core: Core::Map,
        then: b.finish([sum, nan]),
    };
    let mut d = Draft::default();
    let (x, w) = (d.input(0, DType::F32, &[3]), d.input(1, DType::F32, &[2]));
    d.nest(nest, &[x, w], &[DType::F32, DType::Bool]);
    let out = d.run(&[Values::F32(vec![f32::NAN, 1.0, 2.0]), Values::F32(vec![1.0, 10.0])]);
    assert_eq!(f32s(&out[0])[..4], [2.5, 20.5, 1.5, 10.5]);
    assert_eq!(out[1].as_bool(), [false, false, false, false, true, true]);
}

#[test]
fn a_reduce_nest_combines_each_and_ends_in_its_epilogue() {
    // sum over j of x[i, j]^2, plus b[i]: by the maps of the nest and node by node.
    let mut each = Builder::default();
    let x = each.arg(0, DType::F32);
    let square = each.unary(Unary::Square, x);
    let mut then = Builder::default();
    let (acc, bias) = (then.acc(0, DType::F32), then.arg(1, DType::F32));
    let sum = then.binary(Binary::Add, acc, bias);
    let nest = Nest {
        domain: Shape::new([700, 2]),
        reads: vec![
            [Affine::axis(1), Affine::axis(0)].into_iter().collect(),
            [Affine::axis(1)].into_iter().collect(),
        ],
        picks: Vec::new(),
        core: Core::Reduce { fold: Fold::Sum, axes: smallvec![0], each: each.finish([square]) },
        then: then.finish([sum]),
    };
    let inputs = [Values::F32(uneven(1400)), Values::F32(vec![0.5, -0.5])];
    let mut fused = Draft::default();
    let (x, b) = (fused.input(0, DType::F32, &[2, 700]), fused.input(1, DType::F32, &[2]));
    fused.nest(nest, &[x, b], &[DType::F32]);
    let mut plain = Draft::default();
    let (x, b) = (plain.input(0, DType::F32, &[2, 700]), plain.input(1, DType::F32, &[2]));
    let square = plain.add(Op::Elementwise(Element::Unary(Unary::Square)), &[x], DType::F32, &[2, 700]);
    let sum = plain.add(Op::Reduce { fold: Fold::Sum, axes: smallvec![1] }, &[square], DType::F32, &[2]);
    plain.add(Op::Elementwise(Element::Binary(Binary::Add)), &[sum, b], DType::F32, &[2]);
    assert_eq!(f32s(&fused.run(&inputs)[0]), f32s(&plain.run(&inputs)[0]));
}

#[test]
fn an_argmax_nest_accumulates_value_and_index() {
    let mut each = Builder::default();
    let (x, at) = (each.arg(0, DType::F32), each.arg(1, DType::I64));
    let mut then = Builder::default();
    let (value, index) = (then.acc(0, DType::F32), then.acc(1, DType::I64));
    let nest = Nest {
        domain: Shape::new([2, 3]),
        reads: vec![IndexMap::identity(2), [Affine::axis(1)].into_iter().collect()],
        picks: Vec::new(),
        core: Core::Reduce { fold: Fold::Argmax, axes: smallvec![1], each: each.finish([x, at]) },
        then: then.finish([index, value]),
    };
    let mut d = Draft::default();
    let (x, at) = (d.input(0, DType::F32, &[2, 3]), d.add(Op::Iota, &[], DType::I64, &[3]));
    d.nest(nest, &[x, at], &[DType::I64, DType::F32]);
    let out = d.run(&[Values::F32(vec![1.0, 5.0, 5.0, 0.0, -1.0, 0.0])]);
    assert_eq!((i64s(&out[0]), f32s(&out[1])), (&[1, 0][..], &[5.0, 0.0][..]));
}

#[test]
fn a_matmul_nest_has_prologues_and_an_epilogue() {
    // maximum((-a) @ b.T + bias, 0): b is stored [n, k].
    let mut lhs = Builder::default();
    let a = lhs.arg(0, DType::F32);
    let minus = lhs.unary(Unary::Negative, a);
    let mut then = Builder::default();
    let (acc, bias) = (then.acc(0, DType::F32), then.arg(2, DType::F32));
    let (sum, zero) = (then.binary(Binary::Add, acc, bias), then.number(acc, 0.0));
    let relu = then.binary(Binary::Maximum, sum, zero);
    let nest = Nest {
        domain: Shape::new([2, 2, 3]),
        reads: vec![
            [Affine::axis(0), Affine::axis(2)].into_iter().collect(),
            [Affine::axis(1), Affine::axis(2)].into_iter().collect(),
            [Affine::axis(1)].into_iter().collect(),
        ],
        picks: Vec::new(),
        core: Core::Matmul { lhs: lhs.finish([minus]), rhs: Expr::leaf(Inst::Arg(1), DType::F32) },
        then: then.finish([relu]),
    };
    let mut d = Draft::default();
    let (a, b) = (d.input(0, DType::F32, &[2, 3]), d.input(1, DType::F32, &[2, 3]));
    let bias = d.input(2, DType::F32, &[2]);
    d.nest(nest, &[a, b, bias], &[DType::F32]);
    let out = d.run(&[counting(6), counting(6), Values::F32(vec![10.0, 20.0])]);
    // a @ b.T = [[5, 14], [14, 50]].
    assert_eq!(f32s(&out[0]), [5.0, 6.0, 0.0, 0.0]);
}

#[test]
fn a_negative_power_of_integers_is_an_error_only_where_it_is_needed() {
    let mut d = Draft::default();
    let (x, n) = (d.input(0, DType::I32, &[2]), d.input(1, DType::I32, &[2]));
    d.add(Op::Elementwise(Element::Binary(Binary::Pow)), &[x, n], DType::I32, &[2]);
    let inputs = [Values::I32(vec![2, 2]), Values::I32(vec![3, -1])];
    assert_eq!(evaluate(&d.0, &inputs, &[]).unwrap_err().kind(), ErrorKind::Value);
    d.0.outputs = vec![x.into()];
    assert!(evaluate(&d.0, &inputs, &[]).is_ok());
}

#[test]
fn what_a_graph_is_given_must_be_of_its_types() {
    let mut d = Draft::default();
    d.input(0, DType::F32, &[2]);
    for wrong in [&[][..], &[counting(3)], &[Values::I32(vec![1, 2])]] {
        assert_eq!(evaluate(&d.0, wrong, &[]).unwrap_err().kind(), ErrorKind::Internal);
    }
}
