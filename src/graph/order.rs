//! The order in which a graph's nodes run: what a group waits for comes before all of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use crate::graph::{Graph, NodeId};

/// What runs as one: a node, or the group of this number with all its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A node outside groups.
    Node(NodeId),
    /// The members of a group.
    Group(usize),
}

impl Graph {
    /// The live nodes in an order in which they can run, the earliest possible first; `None` if
    /// groups wait for each other.
    pub fn run_order(&self) -> Option<Vec<Unit>> {
        let live = self.live();
        if self.groups.is_empty() {
            // Nodes stand in an order already, and it is the earliest possible.
            let nodes = self.iter().map(|(id, _)| id).filter(|id| live[id.index()]);
            return Some(nodes.map(Unit::Node).collect());
        }
        let mut group_of: Vec<Option<usize>> = vec![None; self.len()];
        for (number, group) in self.groups.iter().enumerate() {
            group.members.iter().for_each(|member| group_of[member.index()] = Some(number));
        }
        // A unit is named by its node, or by the first member of the group.
        let unit = |id: NodeId| group_of[id.index()].map_or(id, |group| self.groups[group].members[0]);
        let mut waits = vec![0_usize; self.len()];
        let mut readers: Vec<SmallVec<[NodeId; 2]>> = vec![SmallVec::new(); self.len()];
        for (id, node) in self.iter().filter(|(id, _)| live[id.index()]) {
            for arg in node.args.iter().filter(|arg| unit(arg.node) != unit(id)) {
                waits[unit(id).index()] += 1;
                readers[unit(arg.node).index()].push(unit(id));
            }
        }
        let units: Vec<NodeId> =
            self.iter().map(|(id, _)| id).filter(|&id| live[id.index()] && unit(id) == id).collect();
        let count = units.len();
        let mut ready: BinaryHeap<Reverse<NodeId>> =
            units.into_iter().filter(|id| waits[id.index()] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse(id)) = ready.pop() {
            order.push(group_of[id.index()].map_or(Unit::Node(id), Unit::Group));
            for reader in &readers[id.index()] {
                waits[reader.index()] -= 1;
                if waits[reader.index()] == 0 {
                    ready.push(Reverse(*reader));
                }
            }
        }
        (order.len() == count).then_some(order)
    }
}
