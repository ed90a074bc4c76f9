//! What random graphs cover, counted without evaluating them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use broadloom::base::{DType, Scalar};
use broadloom::graph::{Element, Graph, Node, Op, Value, View};
use broadloom::op::{Binary, Fold, HostOp, Unary};

use crate::data;
use crate::generate::Case;

/// Counts over many graphs.
#[derive(Default)]
pub struct Coverage {
    graphs: usize,
    nodes: usize,
    /// Graphs with a feature, by the feature's name.
    features: BTreeMap<&'static str, usize>,
    values: usize,
    special: usize,
    /// `add f32` and the like: every op with a dtype it computes in.
    ops: BTreeSet<String>,
    /// Elementwise ops that read each other, first the one that is read.
    pairs: HashSet<(Element, Element)>,
    ranks: BTreeMap<usize, usize>,
    sizes: BTreeMap<&'static str, usize>,
}

/// The features of a graph that have a share to hold, in percent.
pub const SHARES: &[(&str, usize)] = &[
    ("empty axis", 20),
    ("single value", 20),
    ("shared", 30),
    ("strided or broadcast view", 30),
    ("matmul with epilogue", 20),
    ("work after a split product", 2),
    ("several outputs", 20),
    ("complex numbers", 10),
];

impl Coverage {
    pub fn add(&mut self, case: &Case) {
        let graph = &case.graph;
        self.graphs += 1;
        self.nodes += graph.len();
        let size = match graph.len() {
            0..2 => "1",
            2..13 => "2-12",
            13..31 => "13-30",
            31..61 => "31-60",
            _ => "61 and more",
        };
        *self.sizes.entry(size).or_default() += 1;
        let rank = graph.iter().map(|(_, node)| node.ty().shape.rank()).max().unwrap_or(0);
        *self.ranks.entry(rank).or_default() += 1;
        for &(name, _) in SHARES {
            *self.features.entry(name).or_default() += usize::from(has(graph, name));
        }
        for (_, node) in graph.iter() {
            let dtype = node.args.first().map_or(node.ty().dtype, |arg| graph.ty(*arg).dtype);
            self.ops.insert(name(node, dtype));
            if let Op::Elementwise(op) = node.op {
                for arg in &node.args {
                    if let Op::Elementwise(read) = graph[arg.node].op {
                        self.pairs.insert((read, op));
                    }
                }
            }
        }
        for input in &case.inputs {
            self.values += input.len();
            self.special += (0..input.len()).filter(|&at| data::is_special(input.get(at))).count();
        }
    }

    /// Every op with every dtype it takes that has not come up.
    pub fn missing(&self) -> Vec<String> {
        let mut all = Vec::new();
        for &dtype in DType::ALL {
            let unary = Unary::ALL.iter().filter(|op| op.computes_in(dtype) == Some(dtype));
            let binary = Binary::ALL.iter().filter(|op| op.computes_in(dtype) == Some(dtype));
            let fold = Fold::ALL.iter().filter(|fold| fold.computes_in(dtype) == dtype);
            all.extend(unary.map(|op| format!("{op} {dtype}")));
            all.extend(binary.map(|op| format!("{op} {dtype}")));
            all.extend(fold.map(|fold| format!("{fold} {dtype}")));
            all.extend(DType::ALL.iter().filter(|&&to| to != dtype).map(|to| format!("astype {dtype} {to}")));
            let moves = [
                "where",
                "input",
                "scalar",
                "const",
                "permute",
                "broadcast",
                "slice",
                "reshape",
                "read",
                "join",
            ];
            all.extend(moves.iter().map(|op| format!("{op} {dtype}")));
            all.extend((dtype != DType::Bool && dtype.is_native()).then(|| format!("matmul {dtype}")));
            all.extend(dtype.is_float().then(|| format!("fma {dtype}")));
        }
        all.push("iota i64".into());
        all.extend(HostOp::names().map(str::to_owned));
        #[cfg(feature = "linalg")]
        all.extend(broadloom::op::Linalg::all().flat_map(|op| op.names().map(str::to_owned)));
        #[cfg(feature = "fft")]
        all.extend(broadloom::op::Fft::all().map(|op| op.name().to_owned()));
        all.retain(|op| !self.ops.contains(op));
        all
    }

    /// The share of graphs with a feature, in percent.
    pub fn share(&self, feature: &str) -> usize {
        self.features[feature] * 100 / self.graphs
    }

    /// The share of special values among those of all inputs, in percent.
    pub fn special(&self) -> usize {
        self.special * 100 / self.values
    }

    /// Graphs whose largest rank is `rank`.
    pub fn of_rank(&self, rank: usize) -> usize {
        self.ranks.get(&rank).copied().unwrap_or(0)
    }

    /// The share of ordered pairs of elementwise ops that have met, in percent. Not every pair can.
    pub fn pairs(&self) -> usize {
        let ops = Unary::ALL.len() + Binary::ALL.len() + 3;
        self.pairs.len() * 100 / (ops * ops)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} graphs, {} nodes on average", self.graphs, self.nodes / self.graphs)?;
        for &(name, least) in SHARES {
            writeln!(f, "  {name}: {} % (at least {least} %)", self.share(name))?;
        }
        writeln!(f, "  special values: {} %", self.special())?;
        writeln!(f, "  ops with dtypes: {}, missing: {:?}", self.ops.len(), self.missing())?;
        writeln!(f, "  pairs of elementwise ops: {} ({} %)", self.pairs.len(), self.pairs())?;
        writeln!(f, "  largest ranks: {:?}", self.ranks)?;
        writeln!(f, "  numbers of nodes: {:?}", self.sizes)
    }
}

/// What a node is counted as, its first argument being of `dtype`.
fn name(node: &Node, dtype: DType) -> String {
    let name = match &node.op {
        Op::Input(_) => "input",
        Op::Scalar(_) => "scalar",
        Op::Const(_) => "const",
        Op::Iota => "iota",
        Op::Elementwise(Element::Unary(op)) => op.name(),
        Op::Elementwise(Element::Binary(op)) => op.name(),
        Op::Elementwise(Element::Select) => return format!("where {}", node.ty().dtype),
        Op::Elementwise(Element::Fma) => "fma",
        Op::Elementwise(Element::Cast) => return format!("astype {dtype} {}", node.ty().dtype),
        Op::View(View::Permute(_)) => "permute",
        Op::View(View::Broadcast) => "broadcast",
        Op::View(View::Slice(_)) => "slice",
        Op::View(View::Reshape) => "reshape",
        Op::View(View::Affine(_)) => "read",
        Op::Reduce { fold, .. } => fold.name(),
        Op::Matmul => "matmul",
        Op::Join { .. } => "join",
        Op::Host(op) => return op.name().to_owned(),
        Op::Nest(_) => "nest",
    };
    format!("{name} {dtype}")
}

fn has(graph: &Graph, feature: &str) -> bool {
    let any = |holds: &dyn Fn(&Node) -> bool| graph.iter().any(|(_, node)| holds(node));
    match feature {
        "empty axis" => any(&|node| node.ty().shape.contains(&0)),
        "single value" => any(&|node| node.args.iter().any(|arg| graph.ty(*arg).shape.rank() == 0)),
        "shared" => {
            let readers = graph.reader_counts();
            let leaf = |node: &Node| node.args.is_empty();
            graph.iter().any(|(id, node)| !leaf(node) && readers[id.index()] > 1)
        }
        "strided or broadcast view" => any(&|node| match &node.op {
            Op::View(View::Permute(axes)) => !axes.is_sorted(),
            Op::View(View::Broadcast | View::Affine(_)) => true,
            Op::View(View::Slice(slices)) => slices.iter().any(|slice| slice.1 != 1),
            _ => false,
        }),
        "matmul with epilogue" => any(&|node| {
            let elementwise = matches!(node.op, Op::Elementwise(_));
            elementwise && node.args.iter().any(|arg| graph[arg.node].op == Op::Matmul)
        }),
        "work after a split product" => any(&|node| {
            let is_split = |arg: &Value| {
                let read = &graph[arg.node];
                let of = |value: &Value| graph[value.node].op == Op::Matmul;
                read.op == Op::View(View::Reshape) && read.args.iter().any(of)
            };
            matches!(node.op, Op::Elementwise(_)) && node.args.iter().any(is_split)
        }),
        "several outputs" => graph.outputs.len() > 1,
        // Parts side by side.
        "complex numbers" => any(&|node| match node.op {
            Op::Join { axis } => {
                let shape = &node.ty().shape;
                axis as usize + 1 == shape.rank() && shape[axis as usize] == 2 && node.args.len() == 2
            }
            _ => false,
        }),
        _ => unreachable!("{feature} is not counted"),
    }
}

#[test]
fn special_values_are_told_from_others() {
    for special in [f64::NAN, -0.0, 0.0, f64::INFINITY, f64::MAX, f64::MIN, -1.0, 1e-310] {
        assert!(data::is_special(special.into()), "{special}");
    }
    assert!(data::is_special(Scalar::from(f32::from_bits(7))) && data::is_special(i32::MIN.into()));
    assert!(!data::is_special(2.0_f32.into()) && !data::is_special(7_i64.into()));
}
