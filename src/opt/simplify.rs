//! Makes the captured graph smaller without asking what is fast: whatever a node can be replaced by
//! is never more work than the node. The first pass; it runs before nests exist.
//!
//! - Ops of constants become constants, unless computing them is an error.
//! - THE RULES (`rules`) are applied at every node until none matches.
//! - Casts that another one undoes or continues become one or none.
//! - Views of one value everywhere disappear, views of views become one, views that change nothing
//!   disappear, and what only adds, drops or moves axes of extent 1 is called a reshape, so that
//!   equal things have equal names.
//! - Reductions over axes of extent 1, or over nothing, are no reductions.
//! - Reshapes that no affine map can say move to where they are free (`simplify/reshape.rs`), and those that split axes
//!   of a product or a reduction below the elementwise work on it (`simplify/sink.rs`).
//!
//! A value that may be an error of `eval` is never dropped by a rule: the error must not depend on
//! the optimizer. Everything is one walk over the graph, without recursion on its depth.

mod reshape;
pub(super) mod sink;

use smallvec::{SmallVec, smallvec};

use crate::base::{Scalar, Shape, Type};
use crate::graph::{Element, Graph, Node, NodeId, Op, Slices, Value, View};
use crate::op::{Builder, Fold, HostOp, Inst, Ref, eval, math};
use crate::opt::pattern::Replacement;
use crate::opt::rules::rules_at;

/// How often one node is rewritten at most. Rules make a node smaller, but what they uncover below
/// it can be long; the rest is found where it stands.
const REWRITES: usize = 64;

/// The same values from a graph that is simpler.
pub fn simplify(graph: &Graph) -> Graph {
    let mut simplifier = Simplifier::default();
    let graph = graph.rebuild(|new, _, node| simplifier.add(new, node));
    reshape::push(graph.without_dead_nodes())
}

/// What is known of the graph under construction.
#[derive(Default)]
struct Simplifier {
    /// Per node, whether it or what it reads may be an error of evaluation.
    fails: Vec<bool>,
    /// Per node, whether it is a product or a reduction, or elementwise work on one.
    accumulates: Vec<bool>,
}

impl Simplifier {
    /// The value that stands for the first result of `node`, as simple as it is known to be.
    fn add(&mut self, graph: &mut Graph, mut node: Node) -> Value {
        for _ in 0..REWRITES {
            match self.rewrite(graph, &node) {
                Some(Replacement::Value(value)) => return value,
                Some(Replacement::Node(simpler)) => node = simpler,
                None => break,
            }
        }
        if let (Op::Elementwise(Element::Binary(op)), &[a, b]) = (&node.op, &node.args[..])
            && op.commutes()
            && a != b
        {
            // `b + a` is `a + b`, whichever was there first.
            let turned = Node { args: smallvec![b, a], ..node.clone() };
            if let Some(known) = graph.find(&turned) {
                return known.into();
            }
        }
        let id = graph.add(node);
        self.learn(graph);
        id.into()
    }

    /// Keeps what is known per node as long as the graph.
    fn learn(&mut self, graph: &Graph) {
        for at in self.fails.len()..graph.len() {
            let node = &graph[NodeId::new(at)];
            let fails = node.args.iter().any(|arg| self.fails[arg.node.index()]) || may_fail(graph, node);
            self.fails.push(fails);
            self.accumulates.push(sink::accumulates(node, &self.accumulates));
        }
    }

    /// One step towards something simpler; `None` if there is none.
    fn rewrite(&mut self, graph: &mut Graph, node: &Node) -> Option<Replacement> {
        match &node.op {
            Op::Elementwise(element) => {
                if let Some(value) = fold(graph, *element, node) {
                    return Some(splat(Op::Const(value), node));
                }
                let simpler = match element {
                    Element::Cast => cast(graph, node),
                    _ => self.apply_rules(graph, node),
                };
                simpler.or_else(|| self.sink(graph, node))
            }
            Op::View(view) => self.slice_of_join(graph, view, node).or_else(|| self::view(graph, view, node)),
            Op::Reduce { fold, axes } => self.reduce(graph, *fold, axes, node),
            Op::Join { axis } => self.join(graph, *axis as usize, node),
            _ => None,
        }
    }

    fn apply_rules(&mut self, graph: &mut Graph, node: &Node) -> Option<Replacement> {
        let fails = &self.fails;
        let may_go = |value: Value| !fails[value.node.index()];
        let (rule, bound) = rules_at(graph, node)
            .find_map(|rule| rule.matches(graph, node, may_go).map(|bound| (rule, bound)))?;
        let replacement = rule.rhs.build(graph, &bound, node.ty());
        self.learn(graph);
        Some(replacement)
    }

    /// A reduction that reduces nothing: over no elements, over one, or of one value everywhere.
    fn reduce(&self, graph: &Graph, fold: Fold, axes: &[u32], node: &Node) -> Option<Replacement> {
        let arg = node.args[0];
        let ty = graph.ty(arg);
        let count: usize = axes.iter().map(|&axis| ty.shape[axis as usize]).product();
        let may_go = !self.fails[arg.node.index()];
        let source = &graph[arg.node];
        match count {
            0 => fold.empty(ty.dtype).filter(|_| may_go).map(|value| splat(Op::Const(value), node)),
            // Argmax and argmin: the one element is at 0.
            1 if fold.takes_index() => may_go.then(|| splat(Op::Const(Scalar::from(0_i64)), node)),
            // NaN if the element is, or infinite.
            1 if fold == Fold::Deviations => None,
            // The element itself: identities are exact, and missing elements are skipped.
            1 => Some(Replacement::Node(Node::new(Op::View(View::Reshape), [arg], node.ty().clone()))),
            _ => {
                let idempotent = matches!(fold, Fold::Max | Fold::Min | Fold::Any | Fold::All);
                (idempotent && is_splat(source)).then(|| splat(source.op.clone(), node))
            }
        }
    }

    /// A slice of a join that takes of one of its arrays alone.
    fn slice_of_join(&self, graph: &Graph, view: &View, node: &Node) -> Option<Replacement> {
        let joined = &graph[node.args[0].node];
        let (View::Slice(slices), Op::Join { axis }) = (view, &joined.op) else { return None };
        let axis = *axis as usize;
        let (first, step) = slices[axis];
        let beyond = i64::try_from(node.ty().shape[axis]).ok()?.checked_sub(1).filter(|last| *last >= 0)?;
        let last = step.checked_mul(beyond)?.checked_add(first)?;
        let mut begin = 0;
        for &part in &joined.args {
            let end = begin + graph.ty(part).shape[axis] as i64;
            if (begin..end).contains(&first) && (begin..end).contains(&last) {
                let stays = |arg: &Value| *arg != part && self.fails[arg.node.index()];
                let mut slices = slices.clone();
                slices[axis].0 -= begin;
                let slice = Node::new(Op::View(View::Slice(slices)), [part], node.ty().clone());
                return (!joined.args.iter().any(stays)).then_some(Replacement::Node(slice));
            }
            begin = end;
        }
        None
    }

    /// A join of one array, or with arrays that add nothing.
    fn join(&self, graph: &Graph, axis: usize, node: &Node) -> Option<Replacement> {
        if let &[only] = &node.args[..] {
            return Some(Replacement::Value(only));
        }
        let stays = |arg: &&Value| graph.ty(**arg).shape[axis] != 0 || self.fails[arg.node.index()];
        let parts: SmallVec<[Value; 2]> = node.args.iter().filter(stays).copied().collect();
        let smaller = parts.len() < node.args.len() && !parts.is_empty();
        smaller.then(|| Replacement::Node(Node { args: parts, ..node.clone() }))
    }
}

/// Whether the node is one value everywhere.
fn is_splat(node: &Node) -> bool {
    matches!(node.op, Op::Const(_) | Op::Scalar(_))
}

/// `op`, a constant or scalar, in place of `node`.
fn splat(op: Op, node: &Node) -> Replacement {
    Replacement::Node(Node::new(op, [], node.ty().clone()))
}

/// Whether evaluating the node itself may be an error: some definitions check their arguments.
fn may_fail(graph: &Graph, node: &Node) -> bool {
    let dtype = || graph.ty(node.args[0]).dtype;
    match &node.op {
        Op::Elementwise(Element::Unary(op)) => op.is_math() && math::unary(*op, dtype()).checks(),
        Op::Elementwise(Element::Binary(op)) => op.is_math() && math::binary(*op, dtype()).checks(),
        // An index may be out of range.
        Op::Host(HostOp::Gather { .. } | HostOp::Scatter { .. }) => true,
        // A nest's expressions may hold such definitions, however deep.
        Op::Nest(_) => true,
        _ => false,
    }
}

/// The value of `element` on arguments that are all constants; `None` if some are not, or if
/// evaluation has an error to report.
fn fold(graph: &Graph, element: Element, node: &Node) -> Option<Scalar> {
    let constant = |arg: &Value| match graph[arg.node].op {
        Op::Const(value) => Some(value),
        _ => None,
    };
    let constants: SmallVec<[Scalar; 3]> = node.args.iter().map(constant).collect::<Option<_>>()?;
    let mut b = Builder::default();
    let args: SmallVec<[Ref; 3]> = constants.into_iter().map(|value| b.constant(value)).collect();
    let out = match (element, &args[..]) {
        (Element::Unary(op), &[x]) => b.unary(op, x),
        (Element::Binary(op), &[x, y]) => b.binary(op, x, y),
        (Element::Select, &[mask, yes, no]) => b.select(mask, yes, no),
        (Element::Fma, &[x, y, z]) => b.fma(x, y, z),
        (Element::Cast, &[x]) => b.cast(x, node.ty().dtype),
        _ => return None,
    };
    let mut errors = 0;
    let mut leaf = |inst: &Inst| unreachable!("{inst:?} among constants");
    let value = eval::evaluate(&b.finish([out]), 1, &mut leaf, &mut errors)[0].get(0);
    // All NaNs are one value, so they are one constant.
    let value = if value.is_nan() { Scalar::new(value.dtype(), f64::NAN) } else { value };
    (errors == 0).then_some(value)
}

/// A cast to what the argument is already, or of a cast that has lost nothing.
fn cast(graph: &Graph, node: &Node) -> Option<Replacement> {
    let arg = node.args[0];
    if graph.ty(arg) == node.ty() {
        return Some(Replacement::Value(arg));
    }
    let (Op::Elementwise(Element::Cast), &[source]) = (&graph[arg.node].op, &graph[arg.node].args[..]) else {
        return None;
    };
    // What a further cast makes of it, it makes of the value itself; but floats go to the nearest integer,
    // where integers wrap.
    let (from, by, to) = (graph.ty(source).dtype, graph.ty(arg).dtype, node.ty().dtype);
    let kept = from.fits(by) && !(from.is_int() && by.is_float() && to.is_int() && !from.fits(to));
    kept.then(|| Replacement::Node(Node::new(Op::Elementwise(Element::Cast), [source], node.ty().clone())))
}

/// A view of a value that has no places to read, that changes nothing, or of another view.
fn view(graph: &Graph, view: &View, node: &Node) -> Option<Replacement> {
    let arg = node.args[0];
    let source = &graph[arg.node];
    let (from, to) = (&graph.ty(arg).shape, &node.ty().shape);
    if is_splat(source) {
        return Some(splat(source.op.clone(), node));
    }
    if from == to && reads_in_place(view, to) {
        return Some(Replacement::Value(arg));
    }
    let view_of =
        |view: View, arg: Value| Some(Replacement::Node(Node::new(Op::View(view), [arg], node.ty().clone())));
    if keeps_order(view, from, to) {
        return view_of(View::Reshape, arg);
    }
    let Op::View(inner) = &source.op else { return None };
    let origin = source.args[0];
    match (view, inner) {
        (View::Reshape, View::Reshape) => view_of(View::Reshape, origin),
        (View::Permute(outer), View::Permute(inner)) => {
            view_of(View::Permute(outer.iter().map(|&axis| inner[axis as usize]).collect()), origin)
        }
        (View::Slice(outer), View::Slice(inner)) => {
            view_of(View::Slice(slice_of_slice(outer, inner)?), origin)
        }
        (View::Broadcast, View::Broadcast) => view_of(View::Broadcast, origin),
        // Leading axes of extent 1 are what broadcasting adds by itself.
        (View::Broadcast, View::Reshape) => {
            let unpadded = &graph.ty(origin).shape;
            let leading = from.rank().checked_sub(unpadded.rank())?;
            let pads = from[..leading].iter().all(|&extent| extent == 1) && from[leading..] == unpadded[..];
            if pads { view_of(View::Broadcast, origin) } else { None }
        }
        _ => None,
    }
}

/// Whether a view from a shape to that same shape reads every element where it is.
fn reads_in_place(view: &View, shape: &Shape) -> bool {
    match view {
        View::Reshape | View::Broadcast => true,
        View::Permute(axes) => axes.iter().enumerate().all(|(at, &axis)| at == axis as usize),
        View::Slice(slices) => {
            slices.iter().zip(shape.iter()).all(|(&slice, &extent)| extent == 1 || slice == (0, 1))
        }
        View::Affine(map) => map.is_identity(),
    }
}

/// Whether a view that is no reshape keeps all elements in their order, as one would.
fn keeps_order(view: &View, from: &Shape, to: &Shape) -> bool {
    match view {
        View::Broadcast => from.size() == to.size() && from.size() > 0,
        View::Permute(axes) => {
            let long = axes.iter().filter(|&&axis| from[axis as usize] != 1);
            long.is_sorted()
        }
        View::Slice(_) | View::Reshape | View::Affine(_) => false,
    }
}

/// Firsts and steps of a slice of a slice; `None` if they leave the numbers, as the step of an axis
/// that is never stepped may.
fn slice_of_slice(outer: &[(i64, i64)], inner: &[(i64, i64)]) -> Option<Slices> {
    let compose = |(&(start, step), &(first, stride)): (&(i64, i64), &(i64, i64))| {
        let start = start.checked_mul(stride)?.checked_add(first)?;
        Some((start, step.checked_mul(stride)?))
    };
    outer.iter().zip(inner).map(compose).collect()
}

/// `value` as an array of shape `to`.
fn reshaped(simplifier: &mut Simplifier, graph: &mut Graph, value: Value, to: &Shape) -> Value {
    let ty = Type { dtype: graph.ty(value).dtype, shape: to.clone() };
    simplifier.add(graph, Node::new(Op::View(View::Reshape), [value], ty))
}
