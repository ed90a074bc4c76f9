//! Moves reshapes that no affine map can say, such as flattening, from elementwise work to what that
//! work reads, where they cost nothing: memory has as many shapes as one likes. What stays is a copy
//! of something computed.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{Simplifier, reshaped};
use crate::base::{Shape, Type};
use crate::graph::{Graph, Node, NodeId, Op, Value, View};

/// How many values above one reshape are looked at: chains of reshapes stay linear.
const REACH: usize = 64;

/// The same values, with every reshape where it is free if there is such a place.
pub(super) fn push(graph: Graph) -> Graph {
    if !graph.iter().any(|(_, node)| of_elementwise(&graph, node)) {
        return graph;
    }
    let readers = graph.reader_counts();
    let mut simplifier = Simplifier::default();
    let mut renamed: Vec<Value> = vec![NodeId::new(0).into(); graph.len()];
    let new = graph.rebuild(|new, id, node| {
        let old = &graph[id];
        let value = match of_elementwise(&graph, old).then(|| Cone::best(&graph, old, &readers)).flatten() {
            Some(cone) => cone.build(&graph, &renamed, &mut simplifier, new),
            None => simplifier.add(new, node),
        };
        renamed[id.index()] = value;
        value
    });
    new.without_dead_nodes()
}

/// Whether the node is a reshape that is no map, of an elementwise op.
fn of_elementwise(graph: &Graph, node: &Node) -> bool {
    matches!(node.op, Op::View(View::Reshape))
        && matches!(graph[node.args[0].node].op, Op::Elementwise(_))
        && View::Reshape.index_map(&graph.ty(node.args[0]).shape, &node.ty().shape).is_none()
}

/// What a value is to a reshape that comes down to it.
enum Part {
    /// It is reshaped itself, at no cost: it is memory, or this reshape of it is a map.
    Free,
    /// Memory if anything else reads it too; if not, what follows may still join its nest.
    Shared,
    /// One value everywhere: it is broadcast to the new shape instead.
    Single,
    /// It is computed in the new shape from arguments in the new shape.
    Computed,
    /// Another reshape: what it is of takes the new shape instead.
    Through,
}

/// A reshape's argument and what that is computed from, as far as it takes the new shape.
struct Cone<'a> {
    root: Value,
    to: &'a Shape,
    /// With the number of readers inside.
    parts: FxHashMap<Value, (Part, usize)>,
}

impl<'a> Cone<'a> {
    /// The cone above `reshape`; `None` if none ends in places where a reshape is free.
    fn best(graph: &Graph, reshape: &'a Node, readers: &[usize]) -> Option<Self> {
        // Beyond ops that a map could reach may be a reshape that this one undoes.
        Self::above(graph, reshape, readers, true).or_else(|| Self::above(graph, reshape, readers, false))
    }

    /// The cone above `reshape` that ends where a map reaches an elementwise op, or, if it is
    /// `beyond`, goes on.
    fn above(graph: &Graph, reshape: &'a Node, readers: &[usize], beyond: bool) -> Option<Self> {
        let root = reshape.args[0];
        let mut cone = Cone { root, to: &reshape.ty().shape, parts: FxHashMap::default() };
        let mut pending: SmallVec<[Value; 16]> = SmallVec::from_elem(root, 1);
        while let Some(value) = pending.pop() {
            if let Some((_, uses)) = cone.parts.get_mut(&value) {
                *uses += 1;
                continue;
            }
            let part = cone.part(graph, value, beyond)?;
            if matches!(part, Part::Computed | Part::Through) {
                pending.extend_from_slice(&graph[value.node].args);
            }
            cone.parts.insert(value, (part, 1));
            if cone.parts.len() > REACH {
                return None;
            }
        }
        // What others read too would be computed twice.
        let good = cone.parts.iter().all(|(value, (part, uses))| {
            let outside = readers[value.node.index()] > *uses;
            match part {
                Part::Free | Part::Single => true,
                Part::Shared => outside,
                Part::Computed | Part::Through => !outside,
            }
        });
        good.then_some(cone)
    }

    fn part(&self, graph: &Graph, value: Value, beyond: bool) -> Option<Part> {
        let node = &graph[value.node];
        let shape = &graph.ty(value).shape;
        let elementwise = matches!(node.op, Op::Elementwise(_));
        if View::Reshape.index_map(shape, self.to).is_some() && !(beyond && elementwise) {
            return Some(Part::Free);
        }
        match &node.op {
            Op::Input(_) | Op::Scalar(_) | Op::Const(_) | Op::Join { .. } => Some(Part::Free),
            Op::Reduce { .. } | Op::Matmul => Some(Part::Shared),
            Op::Elementwise(_) => Some(Part::Computed),
            Op::View(View::Broadcast) if graph.ty(node.args[0]).shape.size() == 1 => Some(Part::Single),
            Op::View(View::Reshape) => Some(Part::Through),
            _ => None,
        }
    }

    /// The root in the new shape; `renamed` says what the values of the old graph have become.
    fn build(self, graph: &Graph, renamed: &[Value], simplifier: &mut Simplifier, new: &mut Graph) -> Value {
        let rename = |value: Value| {
            let first = renamed[value.node.index()];
            Value { node: first.node, out: first.out + value.out }
        };
        let mut parts: Vec<(Value, Part)> =
            self.parts.into_iter().map(|(value, (part, _))| (value, part)).collect();
        // Arguments come before what reads them.
        parts.sort_unstable_by_key(|(value, _)| *value);
        let mut built: FxHashMap<Value, Value> = FxHashMap::default();
        for (value, part) in parts {
            let node = &graph[value.node];
            let ty = Type { dtype: graph.ty(value).dtype, shape: self.to.clone() };
            let now = match part {
                Part::Free | Part::Shared => reshaped(simplifier, new, rename(value), self.to),
                Part::Single => {
                    let single = reshaped(simplifier, new, rename(node.args[0]), &Shape::default());
                    simplifier.add(new, Node::new(Op::View(View::Broadcast), [single], ty))
                }
                Part::Computed => {
                    let args = node.args.iter().map(|arg| built[arg]);
                    simplifier.add(new, Node::new(node.op.clone(), args, ty))
                }
                Part::Through => built[&node.args[0]],
            };
            built.insert(value, now);
        }
        built[&self.root]
    }
}
