//! Does an op mean what its row says, in machine code?
//!
//! Walks the table: every op, with every dtype it takes, on operands laid out in every way, at lengths
//! around the widths of vectors, on the values where arithmetic goes wrong. The reference, the
//! interpreter and machine code must give the same bits; all NaNs are one value, and -0 is not +0.
//! What integers do at the edges is compared with a table written by hand.

#[path = "random/buffers.rs"]
mod buffers;

use std::sync::Arc;

use broadloom::base::promotion::Weak;
use broadloom::base::{DType, Kind, Scalar, Shape, Type, Vector};
use broadloom::graph::{Element, Graph, Node, NodeId, Op, Value, View};
use broadloom::op::{Binary, Fold, Unary, Values};
use broadloom::pipeline::{self, Captured, Jit, Leaf, Settings};
use broadloom::runtime::Buffer;
use broadloom::{Array, ErrorKind, reference};
use fastrand::Rng;

use buffers::{buffer, values};

/// Rows of results of rank 2.
const ROWS: usize = 3;

/// How an operand lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Side by side, from any place on.
    Unit,
    /// With this step.
    Step(i64),
    /// One value for all.
    Single,
    /// One row, for every row.
    Row,
    /// One value per row.
    Column,
    /// Side by side along the other axis.
    Transposed,
}
use Layout::{Column, Row, Single, Step, Transposed, Unit};

const ONE: &[[Layout; 1]] =
    &[[Unit], [Step(2)], [Step(3)], [Step(-1)], [Step(-2)], [Single], [Row], [Column], [Transposed]];

const TWO: &[[Layout; 2]] = &[
    [Unit, Unit],
    [Unit, Single],
    [Single, Unit],
    [Step(2), Unit],
    [Unit, Step(3)],
    [Step(-1), Unit],
    [Step(-2), Step(2)],
    [Single, Single],
    [Row, Unit],
    [Unit, Column],
    [Transposed, Unit],
    [Column, Row],
];

const THREE: &[[Layout; 3]] = &[
    [Unit, Unit, Unit],
    [Unit, Single, Unit],
    [Single, Unit, Step(-1)],
    [Step(2), Unit, Unit],
    [Step(-1), Step(3), Single],
    [Row, Unit, Column],
    [Unit, Transposed, Row],
    [Column, Single, Transposed],
];

/// A graph that applies one op at many lengths.
#[derive(Default)]
struct Trial {
    graph: Graph,
}

impl Trial {
    /// The graph of `element` on inputs of these dtypes, laid out so: lengths 0 to 130 from places
    /// that differ, and, where that can be, all that the inputs hold.
    fn of(element: Element, result: DType, inputs: &[Values], layouts: &[Layout]) -> Graph {
        let mut trial = Self::default();
        let nodes: Vec<NodeId> = inputs
            .iter()
            .enumerate()
            .map(|(k, values)| trial.push(Op::Input(k as u32), &[], values.dtype(), [values.len()]))
            .collect();
        let matrix = layouts.iter().any(|layout| matches!(layout, Row | Column | Transposed));
        let mut outputs = Vec::new();
        for n in 0..=130 {
            let shape = if matrix { Shape::new([ROWS, n]) } else { Shape::new([n]) };
            let args: Vec<NodeId> = (0..layouts.len())
                .map(|k| trial.operand(nodes[k], layouts[k], &shape, n * (61 + 40 * k) + k))
                .collect();
            outputs.push(trial.push(Op::Elementwise(element), &args, result, shape.iter().copied()));
        }
        if layouts.iter().all(|layout| *layout == Unit) {
            outputs.push(trial.push(Op::Elementwise(element), &nodes, result, [inputs[0].len()]));
        }
        if layouts.iter().all(|layout| *layout == Single) {
            let singles = (0..nodes.len()).map(|k| trial.operand(nodes[k], Single, &Shape::default(), 7));
            let singles: Vec<NodeId> = singles.collect();
            outputs.push(trial.push(Op::Elementwise(element), &singles, result, []));
        }
        trial.graph.outputs = outputs.into_iter().map(Value::from).collect();
        trial.graph
    }

    fn push(
        &mut self,
        op: Op,
        args: &[NodeId],
        dtype: DType,
        shape: impl IntoIterator<Item = usize>,
    ) -> NodeId {
        let args = args.iter().map(|&arg| Value::from(arg));
        self.graph.add(Node::new(op, args, Type { dtype, shape: Shape::new(shape) }))
    }

    fn view(&mut self, view: View, of: NodeId, shape: impl IntoIterator<Item = usize>) -> NodeId {
        let (shape, from) = (Shape::new(shape), self.graph[of].ty().clone());
        if matches!(view, View::Reshape | View::Broadcast) && from.shape == shape {
            return of;
        }
        self.push(Op::View(view), &[of], from.dtype, shape.iter().copied())
    }

    /// Elements of `input`, from a place that depends on `salt`, laid out so as an array of `shape`.
    fn operand(&mut self, input: NodeId, layout: Layout, shape: &Shape, salt: usize) -> NodeId {
        let n = shape.last().copied().unwrap_or(1);
        match layout {
            Unit => self.slice(input, shape.size(), 1, shape, salt),
            Step(step) => self.slice(input, shape.size(), step, shape, salt),
            Single => {
                let one = self.slice(input, 1, 1, &Shape::default(), salt);
                self.view(View::Broadcast, one, shape.iter().copied())
            }
            Row => {
                let row = self.slice(input, n, 1, &Shape::new([n]), salt);
                self.view(View::Broadcast, row, shape.iter().copied())
            }
            Column => {
                let column = self.slice(input, ROWS, 1, &Shape::new([ROWS, 1]), salt);
                self.view(View::Broadcast, column, shape.iter().copied())
            }
            Transposed => {
                let turned = self.slice(input, shape.size(), 1, &Shape::new([n, ROWS]), salt);
                self.view(View::Permute([1, 0].into_iter().collect()), turned, shape.iter().copied())
            }
        }
    }

    fn slice(&mut self, input: NodeId, count: usize, step: i64, shape: &Shape, salt: usize) -> NodeId {
        let span = count.saturating_sub(1) * step.unsigned_abs() as usize + 1;
        let start = salt % (self.graph[input].ty().shape[0] - span);
        let first = if step < 0 { start + span - 1 } else { start };
        let slice = match count {
            0 => (0, 1),
            1 => (first as i64, 1),
            _ => (first as i64, step),
        };
        let part = self.view(View::Slice([slice].into_iter().collect()), input, [count]);
        self.view(View::Reshape, part, shape.iter().copied())
    }
}

/// Interpreted, or machine code in vectors of so many bits.
type Way = (Jit, Vector);

/// Every way there is on this machine.
fn ways() -> impl Iterator<Item = Way> {
    let widths = Vector::ALL.iter().filter(|vector| **vector <= Vector::widest());
    [(Jit::Never, Vector::V128)].into_iter().chain(widths.map(|vector| (Jit::Always, *vector)))
}

fn settings((jit, vector): Way) -> Settings {
    let (threads, passes) = (Some(1), usize::MAX);
    Settings { jit, threads, check: false, optimize: true, passes, without: None, vector }
}

/// What an evaluation of the graph gives.
fn evaluated(graph: &Graph, inputs: &[Values], way: Way) -> broadloom::Result<Vec<Values>> {
    let leaf = |values: &Values| Ok(Leaf { buffer: Arc::new(buffer(values)?), donated: false });
    let captured = Captured {
        graph: graph.clone().into(),
        inputs: inputs.iter().map(leaf).collect::<broadloom::Result<_>>()?,
        scalars: Vec::new(),
        names: Vec::new(),
        origin: None,
    };
    let buffers = pipeline::evaluate_with(captured, &settings(way))?;
    let values = |(buffer, output): (&Arc<Buffer>, &Value)| values(buffer, graph.ty(*output).dtype);
    Ok(buffers.iter().zip(&graph.outputs).map(values).collect())
}

/// The first difference of two lists of values, with the inputs that led to it left to the caller.
fn difference(expected: &[Values], got: &[Values]) -> Option<String> {
    assert_eq!(expected.len(), got.len());
    expected.iter().zip(got).enumerate().find_map(|(out, (expected, got))| {
        assert_eq!((expected.dtype(), expected.len()), (got.dtype(), got.len()), "output {out}");
        let at = (0..got.len()).find(|&at| !expected.get(at).same(got.get(at)))?;
        let (a, b) = (expected.get(at), got.get(at));
        let n = got.len();
        Some(format!("element {at} of {n} is {b} ({:#x}) instead of {a} ({:#x})", b.bits(), a.bits()))
    })
}

/// Runs `element` on operands laid out so, in every way there is.
fn agree(what: &str, element: Element, result: DType, inputs: &[Values], layouts: &[Layout]) {
    let graph = Trial::of(element, result, inputs, layouts);
    let expected = reference::evaluate(&graph, inputs, &[]).unwrap();
    for way in ways() {
        let got = evaluated(&graph, inputs, way).unwrap();
        if let Some(difference) = difference(&expected, &got) {
            let dtype = inputs[inputs.len() - 1].dtype();
            panic!("{what} of {dtype}, {layouts:?}, {way:?}: {difference}");
        }
    }
}

/// The values on which arithmetic goes wrong.
fn special(dtype: DType) -> Vec<Scalar> {
    match dtype {
        DType::Bool => [false, true].map(Scalar::from).into(),
        DType::I32 => {
            let (min, max) = (i32::MIN, i32::MAX);
            let small = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 31, 32, 33, 63, 64, -31, 46_341, -46_341];
            small.into_iter().chain([min, min + 1, max - 1, max, 1 << 16]).map(Scalar::from).collect()
        }
        DType::I64 => {
            let (min, max) = (i64::MIN, i64::MAX);
            let small = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 31, 32, 33, 62, 63, 64, 65, -63];
            let large = [min, min + 1, max - 1, max, 1 << 31, 1 << 32, 3_037_000_500, (1 << 53) + 1];
            small.into_iter().chain(large).map(Scalar::from).collect()
        }
        DType::F32 => {
            let tiny = [f32::from_bits(1), f32::MIN_POSITIVE / 3.0, f32::MIN_POSITIVE, 1e-10, f32::EPSILON];
            let plain = [0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, std::f32::consts::PI, 88.8, 104.0];
            let large = [8_388_607.5, 16_777_217.0, 2_147_483_648.0, 1e10, 1e19, f32::MAX, f32::INFINITY];
            let all = tiny.into_iter().chain(plain).chain(large).flat_map(|x| [x, -x]);
            all.chain([f32::NAN]).map(Scalar::from).collect()
        }
        DType::F16 | DType::BF16 => {
            let (least, normal, last) = match dtype {
                DType::F16 => (2_f64.powi(-24), 2_f64.powi(-14), 2_f64.powi(-10)),
                _ => (2_f64.powi(-133), 2_f64.powi(-126), 2_f64.powi(-7)),
            };
            let tiny = [least, 3.0 * least, normal - least, normal, last];
            let plain = [0.0, 0.1, 0.5, 1.0, 1.0 + last, 1.5, 2.5, 3.0, std::f64::consts::PI, 11.1];
            let large = [255.0, 1023.5, 2049.0, 65_504.0, 3e38, f64::INFINITY];
            let all = tiny.into_iter().chain(plain).chain(large).flat_map(|x| [x, -x]);
            all.chain([f64::NAN]).map(|x| Scalar::new(dtype, x)).collect()
        }
        _ if dtype.is_int() => {
            let width = 8 * dtype.size() as i128;
            let small = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 11, -11, 16, 182, 46_341];
            let ends = [f64::NEG_INFINITY, f64::INFINITY].map(|x| Scalar::new(dtype, x));
            let near = |n: i128| [n - 1, n, n + 1];
            let powers = [7, 8, 15, 16, 31, 32, 53, 63].map(|place| near(1 << place));
            let all = small.into_iter().chain(near(width)).chain(powers.concat());
            let fitting = all.filter_map(|n| Weak::Int(n).to_scalar(dtype));
            let mut list: Vec<Scalar> = fitting.chain(ends).collect();
            list.sort_by_key(|x| x.bits());
            list.dedup();
            list
        }
        _ => {
            let tiny = [f64::from_bits(1), f64::MIN_POSITIVE / 3.0, f64::MIN_POSITIVE, 1e-20, f64::EPSILON];
            let plain = [0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, std::f64::consts::PI, 709.8, 745.2];
            let whole = [2_147_483_648.0, 4_503_599_627_370_495.5, 9_223_372_036_854_775_808.0];
            let large = [1e22, 1e300, f64::MAX, f64::INFINITY];
            let all = tiny.into_iter().chain(plain).chain(whole).chain(large).flat_map(|x| [x, -x]);
            all.chain([f64::NAN]).map(Scalar::from).collect()
        }
    }
}

fn any_bits(rng: &mut Rng, dtype: DType) -> Scalar {
    match dtype {
        DType::Bool => rng.bool().into(),
        DType::I32 => rng.i32(..).into(),
        DType::I64 => rng.i64(..).into(),
        DType::F32 => f32::from_bits(rng.u32(..)).into(),
        DType::F64 => f64::from_bits(rng.u64(..)).into(),
        _ => Scalar::from_bits(dtype, rng.u64(..) >> (64 - 8 * dtype.size())),
    }
}

/// Values of `dtypes` such that all special values meet each other, and some of any bits; enough
/// for the longest operand of any layout.
fn inputs<const N: usize>(dtypes: [DType; N], lists: [Vec<Scalar>; N]) -> Vec<Values> {
    let mut rng = Rng::with_seed(1);
    // Pairs of all operands: the third goes on by a stride that shares no factor with the others.
    let pairs: usize = lists.iter().take(2).map(Vec::len).product();
    let column = |k: usize| {
        let list = &lists[k];
        let period: usize = lists[..k.min(1)].iter().map(Vec::len).product();
        let paired: Vec<Scalar> = match k {
            0 => (0..pairs).map(|i| list[i % list.len()]).collect(),
            1 => (0..pairs).map(|i| list[i / period % list.len()]).collect(),
            _ => (0..pairs).map(|i| list[(i * 7 + 3) % list.len()]).collect(),
        };
        let whole: Vec<Scalar> =
            (0..700).map(|i| list[(i * (k + 1) + i / list.len()) % list.len()]).collect();
        let mixed: Vec<Scalar> = whole.iter().take(256).copied().collect();
        paired.into_iter().chain(whole).chain(mixed).collect::<Vec<Scalar>>()
    };
    (0..N)
        .map(|k| {
            let mut values = column(k);
            // Any bits are no exponent for integers; those lists hold all that may come up.
            let open = lists[k].len() == special(dtypes[k]).len();
            values.extend(
                (0..256).map(
                    |i| {
                        if open { any_bits(&mut rng, dtypes[k]) } else { lists[k][i % lists[k].len()] }
                    },
                ),
            );
            Values::collect(dtypes[k], values.into_iter())
        })
        .collect()
}

/// What the second operand may be: a negative power of an integer is an error, tested below.
fn second(op: Binary, dtype: DType) -> Vec<Scalar> {
    let mut list = special(dtype);
    if op == Binary::Pow && dtype.is_int() && !dtype.is_unsigned() {
        list.retain(|exponent| exponent.to_i64() >= 0);
    }
    list
}

#[test]
fn every_unary_op_gives_the_same_bits_in_every_way() {
    for &op in Unary::ALL {
        for &dtype in DType::ALL.iter().filter(|dtype| op.computes_in(**dtype) == Some(**dtype)) {
            let inputs = inputs([dtype], [special(dtype)]);
            for layouts in ONE {
                agree(op.name(), Element::Unary(op), op.result(dtype), &inputs, layouts);
            }
        }
    }
}

fn binary_ops_agree(takes: impl Fn(DType) -> bool) {
    for &op in Binary::ALL {
        for &dtype in DType::ALL.iter().filter(|dtype| op.computes_in(**dtype) == Some(**dtype)) {
            if takes(dtype) {
                let inputs = inputs([dtype; 2], [special(dtype), second(op, dtype)]);
                for layouts in TWO {
                    agree(op.name(), Element::Binary(op), op.result(dtype), &inputs, layouts);
                }
            }
        }
    }
}

#[test]
fn every_binary_op_gives_the_same_bits_in_every_way_on_floats() {
    binary_ops_agree(DType::is_float);
}

#[test]
fn every_binary_op_gives_the_same_bits_in_every_way_on_integers_and_truth_values() {
    binary_ops_agree(|dtype| !dtype.is_float());
}

#[test]
fn selecting_gives_the_same_bits_in_every_way() {
    for &dtype in DType::ALL {
        let lists = [special(DType::Bool), special(dtype), special(dtype)];
        let inputs = inputs([DType::Bool, dtype, dtype], lists);
        for layouts in THREE {
            agree("select", Element::Select, dtype, &inputs, layouts);
        }
    }
}

#[test]
fn fused_multiply_add_rounds_once_in_every_way() {
    for dtype in DType::ALL.iter().copied().filter(|dtype| dtype.is_float()) {
        let inputs = inputs([dtype; 3], [special(dtype), special(dtype), special(dtype)]);
        for layouts in THREE {
            agree("fma", Element::Fma, dtype, &inputs, layouts);
        }
    }
}

#[test]
fn every_cast_gives_the_same_bits_in_every_way() {
    for &from in DType::ALL {
        let inputs = inputs([from], [special(from)]);
        for &to in DType::ALL.iter().filter(|to| **to != from) {
            for layouts in ONE {
                agree(&format!("cast to {to}"), Element::Cast, to, &inputs, layouts);
            }
        }
    }
}

#[test]
fn every_fold_gives_the_same_bits_in_every_direction() {
    // Rows of several blocks, of a few lanes and of less than one; columns whose rounds lie end to
    // end, with rows left over, and more of them than are taken at a time; several axes, the last of
    // whole blocks or not.
    let cases: &[(&[usize], &[u32])] = &[
        (&[5000], &[0]),
        (&[3, 1111], &[1]),
        (&[40, 70], &[1]),
        (&[600, 3], &[1]),
        (&[1100, 7], &[0]),
        (&[70, 1500], &[0]),
        (&[3, 40, 130], &[1]),
        (&[3, 11, 2048], &[0, 2]),
        (&[5, 11, 700], &[0, 2]),
        (&[2, 9, 3, 40], &[0, 2]),
    ];
    let mut rng = Rng::with_seed(7);
    for (shape, axes) in cases {
        for (&fold, &dtype) in Fold::ALL.iter().flat_map(|fold| DType::ALL.iter().map(move |d| (fold, d))) {
            let computed = fold.computes_in(dtype);
            let special = special(dtype);
            let element = |rng: &mut Rng| match rng.usize(0..500) {
                // A sum or product of these would be NaN or infinite whatever its order.
                0 if !matches!(fold, Fold::Sum | Fold::Prod) => special[rng.usize(0..special.len())],
                _ if fold == Fold::Prod => Scalar::new(dtype, 0.9 + 0.2 * rng.f64()),
                _ => Scalar::new(dtype, (rng.f64() - 0.5) * [1.0, 1e-3, 1e3][rng.usize(0..3)]),
            };
            let count = shape.iter().product();
            let input = Values::collect(dtype, (0..count).map(|_| element(&mut rng)));
            let mut trial = Trial::default();
            let mut node = trial.push(Op::Input(0), &[], dtype, shape.iter().copied());
            if computed != dtype {
                node = trial.push(Op::Elementwise(Element::Cast), &[node], computed, shape.iter().copied());
            }
            let kept =
                (0..shape.len()).filter(|axis| !axes.contains(&(*axis as u32))).map(|axis| shape[axis]);
            let op = Op::Reduce { fold, axes: axes.iter().copied().collect() };
            let output = trial.push(op, &[node], fold.accumulators(computed)[fold.result()], kept);
            trial.graph.outputs = vec![output.into()];
            let inputs = [input];
            let expected = reference::evaluate(&trial.graph, &inputs, &[]).unwrap();
            for way in ways() {
                let got = evaluated(&trial.graph, &inputs, way).unwrap();
                let difference = difference(&expected, &got);
                assert_eq!(difference, None, "{fold} of {dtype} {shape:?} over {axes:?}, {way:?}");
            }
        }
    }
}

/// Otherwise the comparisons above would compare the interpreter with itself.
#[cfg(feature = "jit")]
#[test]
fn every_op_has_machine_code() {
    use broadloom::base::Target;
    use broadloom::codegen;
    use broadloom::kernel::Plan;

    let compiles = |what: String, element: Element, result: DType, dtypes: &[DType]| {
        let mut trial = Trial::default();
        let nodes: Vec<NodeId> =
            (0..dtypes.len()).map(|k| trial.push(Op::Input(k as u32), &[], dtypes[k], [67])).collect();
        let output = trial.push(Op::Elementwise(element), &nodes, result, [67]);
        trial.graph.outputs = vec![output.into()];
        let optimized =
            pipeline::optimize(&trial.graph, &settings((Jit::Always, Vector::V512)), |_, _| {}).unwrap();
        for strip in Plan::new(&optimized).unwrap().strips {
            for &vector in Vector::ALL {
                let code = codegen::compile(&strip, &Target::HostWith(vector));
                code.unwrap_or_else(|error| panic!("{what}: {error}"));
            }
        }
    };
    for &dtype in DType::ALL {
        for &op in Unary::ALL.iter().filter(|op| op.computes_in(dtype) == Some(dtype)) {
            compiles(format!("{op} of {dtype}"), Element::Unary(op), op.result(dtype), &[dtype]);
        }
        for &op in Binary::ALL.iter().filter(|op| op.computes_in(dtype) == Some(dtype)) {
            compiles(format!("{op} of {dtype}"), Element::Binary(op), op.result(dtype), &[dtype; 2]);
        }
        compiles(format!("select of {dtype}"), Element::Select, dtype, &[DType::Bool, dtype, dtype]);
        if dtype.is_float() {
            compiles(format!("fma of {dtype}"), Element::Fma, dtype, &[dtype; 3]);
        }
        for &to in DType::ALL.iter().filter(|to| **to != dtype) {
            compiles(format!("cast of {dtype} to {to}"), Element::Cast, to, &[dtype]);
        }
    }
}

/// The value of `element` on columns of operands in every way there is, which must be `expected`;
/// and that of constants, which is computed while building.
fn means(what: &str, element: Element, columns: &[Values], expected: &Values) {
    let mut trial = Trial::default();
    let n = expected.len();
    let nodes: Vec<NodeId> =
        (0..columns.len()).map(|k| trial.push(Op::Input(k as u32), &[], columns[k].dtype(), [n])).collect();
    let output = trial.push(Op::Elementwise(element), &nodes, expected.dtype(), [n]);
    trial.graph.outputs = vec![output.into()];
    let expected = std::slice::from_ref(expected);
    let reference = reference::evaluate(&trial.graph, columns, &[]).unwrap();
    assert_eq!(difference(expected, &reference), None, "{what}, in the reference");
    for way in ways() {
        let got = evaluated(&trial.graph, columns, way).unwrap();
        assert_eq!(difference(expected, &got), None, "{what}, {way:?}");
    }
}

macro_rules! binary_table { ($T:ident: $($op:ident [$(($a:expr, $b:expr, $result:expr)),* $(,)?])*) => { $( {
    const MIN: $T = $T::MIN;
    const MAX: $T = $T::MAX;
    let (a, b, expected): (Vec<$T>, Vec<$T>, Vec<$T>) = (vec![$($a),*], vec![$($b),*], vec![$($result),*]);
    for ((&a, &b), &expected) in a.iter().zip(&b).zip(&expected) {
        let folded = Array::scalar::<$T>(a).$op(Array::scalar::<$T>(b));
        assert_eq!(folded.item().ok(), Some(expected), "{}({a}, {b}), folded", stringify!($op));
        let mixed = Array::from_vec::<$T>(vec![a], 1).unwrap().$op(b);
        assert_eq!(mixed.to_vec().ok(), Some(vec![expected]), "{}({a}, {b})", stringify!($op));
    }
    let op = *Binary::ALL.iter().find(|op| op.name() == stringify!($op)).unwrap();
    let columns: [Values; 2] = [a.into(), b.into()];
    means(op.name(), Element::Binary(op), &columns, &expected.into());
} )* } }

macro_rules! integer_table { ($T:ident, $bits:literal) => { binary_table! { $T:
    add [(MAX, 1, MIN), (MIN, -1, MAX), (MIN, MIN, 0)]
    subtract [(MIN, 1, MAX), (MAX, -1, MIN), (0, MIN, MIN)]
    multiply [(MIN, -1, MIN), (MAX, 2, -2), (MIN, 2, 0), (MAX, MAX, 1)]
    floor_divide [
        (7, 2, 3), (-7, 2, -4), (7, -2, -4), (-7, -2, 3), (6, 3, 2), (-6, 3, -2),
        (0, 5, 0), (5, 0, 0), (0, 0, 0), (MIN, 0, 0), (-1, 0, 0), (MIN, -1, MIN), (MIN, 1, MIN),
        (MIN, MIN, 1), (MIN, MAX, -2), (MAX, MIN, -1), (MAX, -1, -MAX), (1, MAX, 0), (-1, MAX, -1), (-1, MIN, 0),
    ]
    remainder [
        (7, 2, 1), (-7, 2, 1), (7, -2, -1), (-7, -2, -1), (6, 3, 0), (-6, 3, 0), (5, -3, -1), (-5, 3, 1),
        (0, 5, 0), (5, 0, 0), (0, 0, 0), (MIN, 0, 0), (MIN, -1, 0), (MIN, 1, 0),
        (MIN, MIN, 0), (MIN, MAX, MAX - 1), (MAX, MIN, -1), (1, MIN, MIN + 1), (-1, MAX, MAX - 1),
    ]
    pow [
        (0, 0, 1), (7, 0, 1), (MIN, 0, 1), (2, 10, 1024), (-3, 3, -27), (-1, 63, -1), (-1, MAX, -1),
        (2, $bits - 1, MIN), (2, $bits, 0), (2, MAX, 0), (3, 1, 3), (MIN, 2, 0), (MAX, 2, 1), (0, MAX, 0), (1, MAX, 1),
    ]
    maximum [(MIN, MAX, MAX), (-1, 0, 0), (MIN, -1, -1)]
    minimum [(MIN, MAX, MIN), (-1, 0, -1), (MAX, 1, 1)]
    bitwise_and [(-1, 5, 5), (MIN, MAX, 0), (12, 10, 8)]
    bitwise_or [(MIN, MAX, -1), (12, 10, 14)]
    bitwise_xor [(-1, MAX, MIN), (12, 10, 6)]
    bitwise_left_shift [
        (1, 0, 1), (1, 3, 8), (1, $bits - 1, MIN), (1, $bits, 0), (1, $bits + 1, 0), (-1, MAX, 0), (5, -1, 0), (5, MIN, 0),
        (MAX, 1, -2), (3, $bits - 1, MIN),
    ]
    bitwise_right_shift [
        (8, 3, 1), (-8, 3, -1), (-1, 1, -1), (MIN, $bits - 1, -1), (MIN, $bits, -1), (MAX, $bits - 1, 0), (MAX, $bits, 0),
        (-5, MAX, -1), (5, -1, 0), (-5, -1, -1), (-5, MIN, -1), (MIN, 1, MIN / 2),
    ]
} } }

#[test]
fn integers_mean_what_the_table_says() {
    integer_table!(i32, 32);
    integer_table!(i64, 64);
}

#[test]
fn integers_of_one_argument_mean_what_the_table_says() {
    macro_rules! table { ($T:ident: $($op:ident [$(($a:expr, $result:expr)),*])*) => { $( {
        const MIN: $T = $T::MIN;
        const MAX: $T = $T::MAX;
        let (a, expected): (Vec<$T>, Vec<$T>) = (vec![$($a),*], vec![$($result),*]);
        let op = *Unary::ALL.iter().find(|op| op.name() == stringify!($op)).unwrap();
        assert_eq!(Array::from_slice(&a, a.len()).unwrap().$op().to_vec().as_ref().ok(), Some(&expected));
        means(op.name(), Element::Unary(op), &[a.into()], &expected.into());
    } )* } }
    macro_rules! tables { ($($T:ident)*) => { $( table! { $T:
        negative [(MIN, MIN), (MAX, -MAX), (0, 0), (5, -5)]
        abs [(MIN, MIN), (MIN + 1, MAX), (-5, 5), (0, 0), (MAX, MAX)]
        sign [(MIN, -1), (MAX, 1), (0, 0), (-1, -1)]
        square [(MIN, 0), (MAX, 1), (-5, 25), (MAX - 1, 4)]
        bitwise_invert [(0, -1), (MIN, MAX), (5, -6)]
        floor [(MIN, MIN), (MAX, MAX), (-3, -3)]
    } )* } }
    tables!(i32 i64);
}

#[test]
fn floats_become_integers_by_truncating_and_saturating() {
    let cast = |from: Values, expected: Values| {
        means(&format!("cast of {}", from.dtype()), Element::Cast, &[from], &expected);
    };
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let doubles =
        vec![nan, inf, -inf, 1e300, -1e300, 2.9, -2.9, -0.0, 0.999, 2_147_483_647.9, -2_147_483_648.9];
    let narrow = vec![0, i32::MAX, i32::MIN, i32::MAX, i32::MIN, 2, -2, 0, 0, i32::MAX, i32::MIN];
    cast(doubles.clone().into(), narrow.into());
    let wide = [0, i64::MAX, i64::MIN, i64::MAX, i64::MIN, 2, -2, 0, 0, 2_147_483_647, -2_147_483_648];
    cast(doubles.into(), wide.to_vec().into());
    cast(
        vec![9_223_372_036_854_775_807.0, 9_223_372_036_854_774_784.0, -9_223_372_036_854_775_808.0].into(),
        vec![i64::MAX, 9_223_372_036_854_774_784, i64::MIN].into(),
    );
    let singles = vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e9, -3e9, 2_147_483_520.0, -7.7, 1e-40];
    cast(
        singles.clone().into(),
        vec![0, i32::MAX, i32::MIN, i32::MAX, i32::MIN, 2_147_483_520, -7, 0].into(),
    );
    let wide = [0, i64::MAX, i64::MIN, 3_000_000_000, -3_000_000_000, 2_147_483_520, -7, 0];
    cast(singles.into(), wide.to_vec().into());
}

#[test]
fn casts_of_integers_wrap_and_round_to_nearest() {
    let cast = |from: Values, expected: Values| {
        means(&format!("cast of {}", from.dtype()), Element::Cast, &[from], &expected);
    };
    let wide = vec![1_i64 << 32, (1 << 32) + 5, i64::MIN, i64::MAX, -1, 1 << 31];
    cast(wide.into(), vec![0, 5, 0, -1, -1, i32::MIN].into());
    cast(vec![i32::MIN, -1, i32::MAX].into(), vec![i64::from(i32::MIN), -1, i64::from(i32::MAX)].into());
    // Halfway cases go to the even neighbor; and straight to f32, not by way of f64.
    let odd = vec![(1_i64 << 53) + 1, (1 << 53) + 3, i64::MAX, (1 << 54) - 1];
    let near =
        vec![9_007_199_254_740_992.0, 9_007_199_254_740_996.0, 9_223_372_036_854_775_808.0, 2_f64.powi(54)];
    cast(odd.into(), near.into());
    let twice = vec![(1_i64 << 60) + (1 << 36) + 1, 16_777_217, 16_777_219, i64::MIN];
    let once = vec![2_f32.powi(60) + 2_f32.powi(37), 16_777_216.0, 16_777_220.0, -(2_f32.powi(63))];
    cast(twice.into(), once.into());
    cast(vec![16_777_217, i32::MAX].into(), vec![16_777_216.0_f32, 2_147_483_648.0].into());
    cast(vec![false, true].into(), vec![0, 1].into());
    cast(vec![false, true].into(), vec![0.0_f32, 1.0].into());
    cast(vec![0, -1, i32::MIN].into(), vec![false, true, true].into());
    cast(vec![0_i64, 1 << 32, -1].into(), vec![false, true, true].into());
    cast(vec![0.0, -0.0, f64::NAN, 0.5, 1e-310].into(), vec![false, false, true, true, true].into());
    cast(vec![-0.0, f32::NAN, 1e-40].into(), vec![false, true, true].into());
    cast(vec![1e300, 1e-50, 0.1, -0.0].into(), vec![f32::INFINITY, 0.0, 0.1, -0.0].into());
    cast(vec![1e-40_f32, f32::MAX].into(), vec![f64::from(1e-40_f32), f64::from(f32::MAX)].into());
}

#[test]
fn an_integer_to_a_negative_power_is_an_error_of_running() {
    let mut trial = Trial::default();
    let nodes = [0, 1].map(|k| trial.push(Op::Input(k), &[], DType::I64, [67]));
    let power = trial.push(Op::Elementwise(Element::Binary(Binary::Pow)), &nodes, DType::I64, [67]);
    trial.graph.outputs = vec![power.into()];
    for bad in [None, Some(0), Some(3), Some(66)] {
        let mut exponents = vec![2_i64; 67];
        bad.into_iter().for_each(|at: usize| exponents[at] = -1);
        let inputs = [Values::I64(vec![3; 67]), Values::I64(exponents)];
        for way in ways() {
            let got = evaluated(&trial.graph, &inputs, way);
            match bad {
                None => assert_eq!(difference(&[Values::I64(vec![9; 67])], &got.unwrap()), None),
                Some(at) => assert_eq!(got.unwrap_err().kind(), ErrorKind::Value, "at {at}, {way:?}"),
            }
        }
    }
    // Even where the base makes the power a whole number, and where constants meet.
    let one = Array::scalar(1_i64).pow(Array::scalar(-1_i64));
    assert_eq!(one.eval().unwrap_err().kind(), ErrorKind::Value);
}

#[test]
fn the_special_values_are_all_there() {
    let is_normal = |x: Scalar| match x.dtype() {
        DType::F16 => x.to_f64().is_normal() && x.to_f64().abs() >= 2_f64.powi(-14),
        DType::F32 | DType::BF16 => (x.to_f64() as f32).is_normal(),
        _ => x.to_f64().is_normal(),
    };
    for &dtype in DType::ALL {
        let list = special(dtype);
        let all = match dtype.kind() {
            Kind::Complex => unreachable!("the table has none"),
            Kind::Float => list.iter().filter(|x| !is_normal(**x)).count() >= 9,
            Kind::Int => [0, 1, -1]
                .iter()
                .all(|n| list.iter().any(|x| x.to_i64() == *n || *n < 0 && dtype.is_unsigned())),
            Kind::Bool => list.len() == 2,
        };
        assert!(all, "{dtype}: {list:?}");
    }
}
