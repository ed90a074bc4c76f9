//! Moves reshapes that split axes of a product or a reduction below the elementwise work on them: that work is then
//! over the shape in which results are written, and can become part of the nest that writes them. So it is with
//! convolutions, and with contractions of several axes, which are products of matrices whose axes are split afterwards.

use smallvec::SmallVec;

use super::{Simplifier, reshaped};
use crate::base::{Shape, Type};
use crate::graph::{Graph, Node, Op, Value, View};
use crate::opt::pattern::Replacement;

impl Simplifier {
    /// An elementwise op of such a reshape as the reshape of that op; `None` if not all its arguments take the shape
    /// before it at no cost.
    pub(super) fn sink(&mut self, graph: &mut Graph, node: &Node) -> Option<Replacement> {
        let before = node.args.iter().find_map(|&arg| self.split(graph, arg))?.clone();
        let to = &node.ty().shape;
        let sources = node.args.iter().map(|&arg| source(graph, arg, to, &before));
        let sources = sources.collect::<Option<SmallVec<[(Value, Shape); 3]>>>()?;
        let mut args: SmallVec<[Value; 3]> = SmallVec::new();
        for (value, shape) in sources {
            let ty = Type { dtype: graph.ty(value).dtype, shape: before.clone() };
            let value = reshaped(self, graph, value, &shape);
            args.push(self.add(graph, Node::new(Op::View(View::Broadcast), [value], ty)));
        }
        let ty = Type { dtype: node.ty().dtype, shape: before };
        let inner = self.add(graph, Node::new(node.op.clone(), args, ty));
        Some(Replacement::Node(Node::new(Op::View(View::Reshape), [inner], node.ty().clone())))
    }

    /// The shape before `value`, if that is such a reshape.
    fn split<'a>(&self, graph: &'a Graph, value: Value) -> Option<&'a Shape> {
        let node = &graph[value.node];
        splits(graph, node, &self.accumulates).then(|| &graph.ty(node.args[0]).shape)
    }
}

/// Whether a node is a product or a reduction, or elementwise work on one; `known` says it of the nodes before.
pub(in crate::opt) fn accumulates(node: &Node, known: &[bool]) -> bool {
    match node.op {
        Op::Matmul | Op::Reduce { .. } => true,
        Op::Elementwise(_) => node.args.iter().any(|arg| known[arg.node.index()]),
        _ => false,
    }
}

/// Whether a node is a reshape that splits axes of such a value; `known` says which are.
pub(in crate::opt) fn splits(graph: &Graph, node: &Node, known: &[bool]) -> bool {
    let (Op::View(View::Reshape), &[arg]) = (&node.op, &node.args[..]) else { return false };
    let (from, to) = (&graph.ty(arg).shape, &node.ty().shape);
    let long = |shape: &Shape| shape.iter().filter(|&&extent| extent != 1).count();
    known[arg.node.index()]
        && to.size() > 0
        && long(from) < long(to)
        && View::Reshape.index_map(from, to).is_some()
}

/// What `arg`, of shape `to`, broadcasts from where axes are not split yet, and in which shape.
fn source(graph: &Graph, arg: Value, to: &Shape, before: &Shape) -> Option<(Value, Shape)> {
    let node = &graph[arg.node];
    match &node.op {
        // Memory has as many shapes as one likes, and one value everywhere too.
        Op::Input(_) | Op::Scalar(_) | Op::Const(_) | Op::Join { .. } => Some((arg, before.clone())),
        Op::View(View::Reshape) => {
            let from = &graph.ty(node.args[0]).shape;
            View::Reshape.index_map(from, before).map(|_| (node.args[0], before.clone()))
        }
        Op::View(View::Broadcast) => {
            let from = &graph.ty(node.args[0]).shape;
            let missing = to.rank() - from.rank();
            let mut parts = (0..to.rank()).filter(|&axis| to[axis] != 1);
            let merged = |&whole: &usize| {
                let (mut covered, mut kept) = (1, 1);
                while covered < whole {
                    let axis = parts.next()?;
                    covered *= to[axis];
                    kept *= axis.checked_sub(missing).map_or(1, |axis| from[axis]);
                }
                // Repeated along all parts of an axis, or along none.
                (kept == 1 || kept == whole).then_some(kept)
            };
            let kept = before.iter().map(merged).collect::<Option<Shape>>()?;
            match View::Reshape.index_map(from, &kept) {
                Some(_) => Some((node.args[0], kept)),
                None => source(graph, node.args[0], from, &kept),
            }
        }
        _ => None,
    }
}
