//! The compiler's graph: an interned arena of array operations that lives for one compilation.
//!
//! A captured graph holds what the user wrote (`Elementwise`, `View`, `Reduce`, `Matmul`, …); the
//! passes of `opt` turn it into nests. Both forms are this one type, print as one text and have one
//! meaning, that of `reference`.

pub mod infer;
pub mod node;
pub mod order;
pub mod parse;
pub mod print;
pub mod verify;

use std::hash::{Hash, Hasher};
use std::ops::Index;

use crate::base::intern::{Table, hash_of};
use crate::base::{Type, id::id};

pub use node::{Core, Element, Nest, Node, Op, Pick, Slices, Value, View};
pub use order::Unit;

id!(
    /// A node of a [`Graph`]. Printed `%3`.
    NodeId, "%"
);

/// An interned, acyclic graph in topological order: a node's arguments come before it, and equal
/// nodes are one.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    known: Table,
    /// The hashes of all nodes in order, in one: whoever looks for the graph hashes no node again.
    hash: u64,
    /// What evaluation returns, in order.
    pub outputs: Vec<Value>,
    /// Nests that run row by row in one kernel, each list in topological order with the number of
    /// outer axes its members share. Formed by fusion; what a group computes does not depend on it.
    pub groups: Vec<Group>,
}

/// Nests that share their outer axes and run in one kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// How many leading axes of each member's domain are the shared ones.
    pub outer_axes: usize,
    /// The members, in order.
    pub members: Vec<NodeId>,
}

impl Graph {
    /// The node equal to `node`: an earlier one, or `node` itself, added.
    pub fn add(&mut self, node: Node) -> NodeId {
        let hash = hash_of(&node);
        let next = self.nodes.len();
        if let Some(known) = self.known.find_or_insert(hash, next, |known| self.nodes[known] == node) {
            return NodeId::new(known);
        }
        self.hash = hash_of(&(self.hash, hash));
        self.nodes.push(node);
        NodeId::new(next)
    }

    /// The node equal to `node`, if there is one.
    pub fn find(&self, node: &Node) -> Option<NodeId> {
        self.known.find(hash_of(node), |known| self.nodes[known] == *node).map(NodeId::new)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All nodes in order, with their ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> + ExactSizeIterator {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId::new(index), node))
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> &Type {
        &self[value.node].types[usize::from(value.out)]
    }

    /// Per node, whether an output needs it.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.len()];
        for output in &self.outputs {
            live[output.node.index()] = true;
        }
        for (id, node) in self.iter().rev() {
            if live[id.index()] {
                node.args.iter().for_each(|arg| live[arg.node.index()] = true);
            }
        }
        live
    }

    /// Per node, how many arguments of live nodes and how many outputs are values of it.
    pub fn reader_counts(&self) -> Vec<usize> {
        let live = self.live();
        let mut readers = vec![0; self.len()];
        for (_, node) in self.iter().filter(|(id, _)| live[id.index()]) {
            node.args.iter().for_each(|arg| readers[arg.node.index()] += 1);
        }
        self.outputs.iter().for_each(|output| readers[output.node.index()] += 1);
        readers
    }

    /// The graph made by passing every live node, its arguments already rebuilt, to `visit`, which
    /// adds what replaces it and returns the value that now stands for its first result (a node of
    /// several results must be replaced by one with as many). What nothing needs any more is left
    /// out by the next pass.
    pub fn rebuild(&self, mut visit: impl FnMut(&mut Graph, NodeId, Node) -> Value) -> Graph {
        let live = self.live();
        let mut new = Graph { nodes: Vec::with_capacity(self.len()), ..Graph::default() };
        let mut renamed: Vec<Value> = Vec::with_capacity(self.len());
        let rename = |renamed: &[Value], value: &Value| {
            let first = renamed[value.node.index()];
            Value { node: first.node, out: first.out + value.out }
        };
        for (id, node) in self.iter() {
            if !live[id.index()] {
                renamed.push(Value::from(NodeId::new(0)));
                continue;
            }
            let mut node = node.clone();
            node.args.iter_mut().for_each(|arg| *arg = rename(&renamed, arg));
            renamed.push(visit(&mut new, id, node));
        }
        new.outputs = self.outputs.iter().map(|output| rename(&renamed, output)).collect();
        for group in &self.groups {
            let members = group.members.iter().map(|id| renamed[id.index()].node).collect();
            new.groups.push(Group { outer_axes: group.outer_axes, members });
        }
        new
    }

    /// The same graph without the nodes that no output needs.
    pub fn without_dead_nodes(self) -> Graph {
        let all_live = self.live().into_iter().all(|live| live);
        if all_live { self } else { self.rebuild(|new, _, node| new.add(node).into()) }
    }
}

impl Index<NodeId> for Graph {
    type Output = Node;
    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }
}

impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
            && self.nodes == other.nodes
            && self.outputs == other.outputs
            && self.groups == other.groups
    }
}

impl Eq for Graph {}

impl Hash for Graph {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
        self.outputs.hash(state);
        self.groups.hash(state);
    }
}
