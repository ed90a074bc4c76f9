//! Random captured graphs, the same for the same seed.
//!
//! A graph grows step by step: most steps are one operation on values that are already there, some
//! are motifs on which array compilers have been wrong before (a product with an epilogue, a softmax,
//! clamps on clamps, a mask from two iotas, a difference of two slices). Types are made to meet as
//! arrays meet: by casts and broadcast views. Nothing is left out but what is an error by definition:
//! negative powers of integers, and the largest of no elements.
//!
//! Steps of one operation are here and in `moves.rs`, motifs in `motifs.rs`, shapes and numbers in
//! `data.rs`.

use broadloom::base::promotion::promote;
use broadloom::base::shape::broadcast;
use broadloom::base::{DType, Scalar, Shape, Type};
use broadloom::graph::{Element, Graph, Node, NodeId, Op, Value, View};
use broadloom::op::{Binary, Fold, Rule, Unary, Values};
use fastrand::Rng;

use crate::data::{self, one_in, too_large};

/// A graph and what it runs on.
#[derive(Clone, Debug)]
pub struct Case {
    /// A captured graph: it has no nests.
    pub graph: Graph,
    /// The elements of its inputs.
    pub inputs: Vec<Values>,
    /// Its scalars.
    pub scalars: Vec<Scalar>,
}

impl Case {
    /// The case without dead nodes, its inputs and scalars numbered in order of appearance.
    pub fn tidy(&self) -> Case {
        let mut inputs: Vec<u32> = Vec::new();
        let mut scalars: Vec<u32> = Vec::new();
        let place = |list: &mut Vec<u32>, k: u32| {
            let known = list.iter().position(|&known| known == k);
            known.unwrap_or_else(|| {
                list.push(k);
                list.len() - 1
            }) as u32
        };
        let graph = self.graph.rebuild(|new, _, mut node| {
            match &mut node.op {
                Op::Input(k) => *k = place(&mut inputs, *k),
                Op::Scalar(k) => *k = place(&mut scalars, *k),
                _ => {}
            }
            new.add(node).into()
        });
        Case {
            graph,
            inputs: inputs.iter().map(|&k| self.inputs[k as usize].clone()).collect(),
            scalars: scalars.iter().map(|&k| self.scalars[k as usize]).collect(),
        }
    }
}

/// The case of this seed.
pub fn case(seed: u64) -> Case {
    let mut rng = Rng::with_seed(seed);
    let nodes = match rng.usize(..100) {
        0..45 => rng.usize(2..=12),
        45..80 => rng.usize(12..=30),
        80..97 => rng.usize(30..=60),
        _ => rng.usize(60..=200),
    };
    let empty = one_in(&mut rng, 3);
    let home = data::shape(&mut rng, empty);
    let spice = [0, 2, 8, 16][rng.usize(..4)];
    let graph = Graph::default();
    let mut grown = Generator {
        rng,
        graph,
        readers: Vec::new(),
        inputs: Vec::new(),
        scalars: Vec::new(),
        home,
        empty,
        spice,
    };
    grown.grow(nodes);
    grown.finish()
}

/// Ops in whose results their arguments are still to be seen.
const FAITHFUL: &[Binary] =
    &[Binary::Add, Binary::Subtract, Binary::Multiply, Binary::Divide, Binary::Maximum, Binary::Minimum];

/// A case under construction. `value`s are nodes: captured nodes have one result.
pub struct Generator {
    /// Decides everything.
    pub rng: Rng,
    graph: Graph,
    /// Per node how many read it.
    readers: Vec<usize>,
    inputs: Vec<Values>,
    scalars: Vec<Scalar>,
    /// The shape most values have, but for axes that are 1 or missing.
    home: Shape,
    /// Whether empty axes may come up.
    pub empty: bool,
    /// How many of 16 inputs have special values.
    spice: usize,
}

impl Generator {
    fn grow(&mut self, nodes: usize) {
        self.fresh();
        for motif in self.planned() {
            motif(self);
        }
        while self.graph.len() < nodes {
            self.step();
        }
    }

    /// The case with some values that nothing reads as outputs, perhaps others too.
    fn finish(mut self) -> Case {
        let unread = |this: &Self| {
            let ids = this.graph.iter().map(|(id, _)| id);
            ids.filter(|id| this.readers[id.index()] == 0).collect::<Vec<_>>()
        };
        let mut outputs = unread(&self);
        if self.rng.usize(..5) < 3 {
            // One output: what is left over meets in it where shapes allow.
            let mut last = outputs.pop().expect("the last node is unread");
            while let Some(other) = outputs.pop() {
                let op = FAITHFUL[self.rng.usize(..FAITHFUL.len())];
                last = self.binary(op, last, other).unwrap_or(last);
            }
            outputs = vec![last];
        } else {
            self.rng.shuffle(&mut outputs);
            outputs.truncate(self.rng.usize(2..=6));
            if outputs.len() < 2 || one_in(&mut self.rng, 3) {
                // An output may be read by others, be an input, or be there twice.
                outputs.push(self.any());
            }
        }
        self.graph.outputs = outputs.into_iter().map(Value::from).collect();
        Case { graph: self.graph, inputs: self.inputs, scalars: self.scalars }.tidy()
    }

    /// One operation on what is there.
    fn step(&mut self) {
        let x = self.pick();
        let y = match self.rng.usize(..32) {
            0..7 => self.unary_any(x),
            7..15 => {
                let y = self.pick();
                self.binary_any(x, y).unwrap_or(x)
            }
            15..17 => self.select_any(x),
            17 => self.fma_any(x),
            18 => {
                let dtype = data::dtype(&mut self.rng);
                self.cast(x, dtype)
            }
            19 => self.permute(x),
            20..22 => self.slice(x),
            22 => self.expand(x),
            23 if self.rng.bool() => self.windows(x),
            23 => self.reshape(x),
            24..27 => self.reduce_any(x),
            27 => self.join(x),
            28 => self.fresh(),
            _ => {
                let motif = self.motif();
                motif(self);
                x
            }
        };
        debug_assert!(!too_large(&self.ty(y).shape), "{}", self.graph[y].ty());
    }

    pub fn ty(&self, value: NodeId) -> Type {
        self.graph[value].ty().clone()
    }

    pub fn push(&mut self, op: Op, args: &[NodeId], dtype: DType, shape: Shape) -> NodeId {
        let before = self.graph.len();
        let args = args.iter().map(|&arg| Value::from(arg));
        let id = self.graph.add(Node::new(op, args, Type { dtype, shape }));
        if self.graph.len() > before {
            self.readers.push(0);
            let args = self.graph[id].args.clone();
            args.iter().for_each(|arg| self.readers[arg.node.index()] += 1);
        }
        id
    }

    /// A value: rather one that nothing reads yet, and rather a late one.
    pub fn pick(&mut self) -> NodeId {
        for _ in 0..6 {
            let late = self.graph.len() - 1 - self.rng.usize(..self.graph.len().min(8));
            if self.readers[late] == 0 {
                return NodeId::new(late);
            }
        }
        self.any()
    }

    fn any(&mut self) -> NodeId {
        NodeId::new(self.rng.usize(..self.graph.len()))
    }

    /// A shape that meets the home shape, or any other.
    pub fn some_shape(&mut self) -> Shape {
        if one_in(&mut self.rng, 4) {
            let empty = self.empty && one_in(&mut self.rng, 3);
            return data::shape(&mut self.rng, empty);
        }
        let home = self.home.clone();
        self.partner_shape(&home)
    }

    /// A shape that can be broadcast to `shape`: itself, or with axes missing or of extent 1.
    pub fn partner_shape(&mut self, shape: &Shape) -> Shape {
        match self.rng.usize(..8) {
            0 => Shape::default(),
            1 => shape.iter().skip(self.rng.usize(..=shape.rank())).copied().collect(),
            2 => shape.iter().map(|&n| if self.rng.bool() { 1 } else { n }).collect(),
            _ => shape.clone(),
        }
    }

    /// A new value of some type.
    pub fn fresh(&mut self) -> NodeId {
        let shape = self.some_shape();
        let dtype = data::dtype(&mut self.rng);
        self.leaf(dtype, shape)
    }

    /// A new value of this type: mostly an input, or a scalar, a constant or an iota.
    pub fn leaf(&mut self, dtype: DType, shape: Shape) -> NodeId {
        match self.rng.usize(..16) {
            0 => self.constant(dtype, shape),
            1 => {
                let single = self.constant(dtype, Shape::default());
                self.fit(single, dtype, &shape)
            }
            2 => {
                let value = data::scalar(&mut self.rng, dtype, false);
                self.scalars.push(value);
                let k = self.scalars.len() - 1;
                let single = self.push(Op::Scalar(k as u32), &[], dtype, Shape::default());
                self.fit(single, dtype, &shape)
            }
            3 if shape.rank() > 0 => {
                let iota = self.iota(shape[shape.rank() - 1]);
                self.fit(iota, dtype, &shape)
            }
            _ => self.input(dtype, shape),
        }
    }

    pub fn input(&mut self, dtype: DType, shape: Shape) -> NodeId {
        let spicy = self.rng.usize(..16) < self.spice;
        self.inputs.push(data::values(&mut self.rng, dtype, shape.size(), spicy));
        let k = self.inputs.len() - 1;
        self.push(Op::Input(k as u32), &[], dtype, shape)
    }

    pub fn constant(&mut self, dtype: DType, shape: Shape) -> NodeId {
        let spicy = one_in(&mut self.rng, 3);
        let value = data::scalar(&mut self.rng, dtype, spicy);
        self.push(Op::Const(value), &[], dtype, shape)
    }

    /// The constant `value`, of the type of `like`.
    pub fn number(&mut self, like: NodeId, value: f64) -> NodeId {
        let Type { dtype, shape } = self.ty(like);
        self.push(Op::Const(Scalar::new(dtype, value)), &[], dtype, shape)
    }

    pub fn iota(&mut self, extent: usize) -> NodeId {
        self.push(Op::Iota, &[], DType::I64, Shape::new([extent]))
    }

    pub fn cast(&mut self, x: NodeId, dtype: DType) -> NodeId {
        let ty = self.ty(x);
        if ty.dtype == dtype { x } else { self.push(Op::Elementwise(Element::Cast), &[x], dtype, ty.shape) }
    }

    /// `x` cast and broadcast to this type.
    pub fn fit(&mut self, x: NodeId, dtype: DType, shape: &Shape) -> NodeId {
        let x = self.cast(x, dtype);
        if self.ty(x).shape == *shape {
            x
        } else {
            self.push(Op::View(View::Broadcast), &[x], dtype, shape.clone())
        }
    }

    pub fn unary(&mut self, op: Unary, x: NodeId) -> NodeId {
        let dtype = self.ty(x).dtype;
        let computes = op.computes_in(dtype).or(op.computes_in(DType::I32)).unwrap_or(DType::F32);
        let x = self.cast(x, computes);
        let shape = self.ty(x).shape;
        self.push(Op::Elementwise(Element::Unary(op)), &[x], op.result(computes), shape)
    }

    pub fn unary_any(&mut self, x: NodeId) -> NodeId {
        // Ops that forget most of their argument would hide what went wrong before them.
        let mut op = Unary::ALL[self.rng.usize(..Unary::ALL.len())];
        if (op.rule() == Rule::Truth || op == Unary::Sign) && self.rng.bool() {
            op = Unary::Negative;
        }
        self.unary(op, x)
    }

    /// `x op y`; `None` if their shapes do not meet.
    pub fn binary(&mut self, op: Binary, x: NodeId, y: NodeId) -> Option<NodeId> {
        let (a, b) = (self.ty(x), self.ty(y));
        let shape = broadcast(&a.shape, &b.shape).ok()?;
        if too_large(&shape) {
            return None;
        }
        // There is no common dtype of some integers.
        let dtype = promote(a.dtype, b.dtype).unwrap_or(a.dtype);
        let computes = op.computes_in(dtype).or(op.computes_in(DType::I32)).unwrap_or(DType::F32);
        let x = self.fit(x, computes, &shape);
        let mut y = self.fit(y, computes, &shape);
        if op == Binary::Pow && computes.is_int() {
            // Never a negative exponent: that is an error.
            let low_bits = self.number(y, 7.0);
            let and = Op::Elementwise(Element::Binary(Binary::BitwiseAnd));
            y = self.push(and, &[y, low_bits], computes, shape.clone());
        }
        Some(self.push(Op::Elementwise(Element::Binary(op)), &[x, y], op.result(computes), shape))
    }

    /// Some op of `x` and `y`, or of `x` and a new value where they do not meet.
    pub fn binary_any(&mut self, x: NodeId, y: NodeId) -> Option<NodeId> {
        let op = match self.rng.usize(..3) {
            0 => FAITHFUL[self.rng.usize(..FAITHFUL.len())],
            _ => Binary::ALL[self.rng.usize(..Binary::ALL.len())],
        };
        let forgets = op.rule() == Rule::Truth && self.rng.bool();
        let op = if forgets { Binary::Add } else { op };
        self.binary(op, x, y).or_else(|| {
            let y = self.partner(x);
            self.binary(op, x, y)
        })
    }

    /// A new value that broadcasts to `x`, mostly of its dtype.
    pub fn partner(&mut self, x: NodeId) -> NodeId {
        let ty = self.ty(x);
        let shape = self.partner_shape(&ty.shape);
        let dtype = if one_in(&mut self.rng, 6) { data::dtype(&mut self.rng) } else { ty.dtype };
        self.leaf(dtype, shape)
    }

    /// `where(mask, x, y)` with a mask that is there or new.
    fn select_any(&mut self, x: NodeId) -> NodeId {
        let Type { dtype, shape } = self.ty(x);
        let fitting = |dtype: DType, this: &mut Self| {
            let there = this.pick();
            let meets = broadcast(&this.ty(there).shape, &shape).is_ok_and(|common| common == shape);
            let partner = if meets { there } else { this.partner(x) };
            this.fit(partner, dtype, &shape)
        };
        let (mask, y) = (fitting(DType::Bool, self), fitting(dtype, self));
        let args = if self.rng.bool() { [mask, x, y] } else { [mask, y, x] };
        self.push(Op::Elementwise(Element::Select), &args, dtype, shape)
    }

    fn fma_any(&mut self, x: NodeId) -> NodeId {
        let Type { dtype, shape } = self.ty(x);
        let dtype = if dtype.is_float() { dtype } else { DType::F32 };
        let mut args = [x, self.partner(x), self.partner(x)];
        self.rng.shuffle(&mut args);
        let args = args.map(|arg| self.fit(arg, dtype, &shape));
        self.push(Op::Elementwise(Element::Fma), &args, dtype, shape)
    }

    /// `fold` of `x` over `axes`; another fold where this one has no value.
    pub fn reduce(&mut self, fold: Fold, x: NodeId, axes: &[usize]) -> NodeId {
        let ty = self.ty(x);
        let over: usize = axes.iter().map(|&axis| ty.shape[axis]).product();
        let has_value = over > 0 || fold.empty(fold.computes_in(ty.dtype)).is_some();
        let fold = if has_value { fold } else { Fold::Sum };
        let computes = fold.computes_in(ty.dtype);
        let x = self.cast(x, computes);
        let shape = ty.shape.without(|axis| axes.contains(&axis));
        let axes = axes.iter().map(|&axis| axis as u32).collect();
        let dtype = fold.accumulators(computes)[fold.result()];
        self.push(Op::Reduce { fold, axes }, &[x], dtype, shape)
    }

    fn reduce_any(&mut self, x: NodeId) -> NodeId {
        let fold = Fold::ALL[self.rng.usize(..Fold::ALL.len())];
        let axes = self.some_axes(self.ty(x).shape.rank());
        self.reduce(fold, x, &axes)
    }

    /// One of `rank` axes, several, all, or, seldom, none; ascending.
    pub fn some_axes(&mut self, rank: usize) -> Vec<usize> {
        match self.rng.usize(..16) {
            0 => Vec::new(),
            1..4 => (0..rank).collect(),
            4..8 => (0..rank).filter(|_| self.rng.bool()).collect(),
            8..12 => (0..rank).rev().take(1).collect(),
            _ if rank == 0 => Vec::new(),
            _ => vec![self.rng.usize(..rank)],
        }
    }
}
