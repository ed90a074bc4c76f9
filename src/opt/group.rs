//! Groups nests that run row by row: a reduction, others of the same rows, and the nests that read
//! their results beside the rows share the outer axes, so that one kernel keeps each row in cache
//! from the first stage to the last (softmax, layer norm, standardising).
//!
//! A group is closed: no path leaves it and comes back, so that it can run as one. The nests
//! themselves stay as they are, and so does every value.

use crate::base::{Affine, Shape};
use crate::graph::{Core, Graph, Group, Nest, Node, NodeId, Op, Value};

/// Longest row of a group, in elements of a member's domain: three such rows of 4 bytes stay in what
/// a core has of a last-level cache, or in all of it where the cores work on one row.
const LONGEST_ROW: usize = 1 << 20;

/// Fewest rows of a group whose rows are long: of a single one nothing leaves the caches that would
/// stay there in a group.
const FEWEST_ROWS: usize = 2;

/// Elements per row up to which one row does: so little that starting kernels counts.
const SHORT_ROW: usize = 1 << 13;

/// How far behind the last member a reader is looked for, in nodes.
const REACH: usize = 64;

/// The graph with its groups.
pub fn group(graph: &Graph) -> Graph {
    let mut new = graph.clone().without_dead_nodes();
    let mut taken = vec![false; new.len()];
    let mut seen = vec![Seen { seed: new.len(), member: false }; new.len()];
    let mut groups = Vec::new();
    for (id, node) in new.iter() {
        let Op::Nest(nest) = &node.op else { continue };
        if taken[id.index()] {
            continue;
        }
        if let Some(outer_axes) = rows_of(nest)
            && let Some(members) = grow(&new, id, outer_axes, &taken, &mut seen)
        {
            members.iter().for_each(|member| taken[member.index()] = true);
            groups.push(Group { outer_axes, members });
        }
    }
    new.groups = groups;
    // Closed one by one, groups may still wait for each other in a circle; then none is formed.
    if !new.groups.is_empty() && new.run_order().is_none() {
        new.groups.clear();
    }
    new
}

/// The outer axes of a reduction over all its inner axes that may begin a group.
fn rows_of(nest: &Nest) -> Option<usize> {
    let Core::Reduce { axes, .. } = &nest.core else { return None };
    let outer = nest.domain.rank() - axes.len();
    let inner_only = axes.iter().enumerate().all(|(nth, &axis)| axis as usize == outer + nth);
    (inner_only && fits(&nest.domain, outer)).then_some(outer)
}

fn fits(domain: &Shape, outer: usize) -> bool {
    let (rows, row) = (domain[..outer].iter().product::<usize>(), domain[outer..].iter().product::<usize>());
    row <= LONGEST_ROW && (rows >= FEWEST_ROWS || row <= SHORT_ROW) && domain.size() != 0
}

/// What a node was seen to be as a group grew: a member, or something that depends on members without
/// being one.
#[derive(Clone, Copy)]
struct Seen {
    /// The first member of the group, by number.
    seed: usize,
    member: bool,
}

/// The members of the group that begins with `seed`, if there is more than it.
fn grow(graph: &Graph, seed: NodeId, outer: usize, taken: &[bool], seen: &mut [Seen]) -> Option<Vec<NodeId>> {
    let Op::Nest(first) = &graph[seed].op else { return None };
    let outer_extents = &first.domain[..outer];
    let mut members = vec![seed];
    seen[seed.index()] = Seen { seed: seed.index(), member: true };
    let mut last = seed.index();
    for id in (seed.index() + 1..graph.len()).map(NodeId::new) {
        if id.index() > last + REACH {
            break;
        }
        let node = &graph[id];
        let is = |arg: &Value, member: bool| {
            let seen = seen[arg.node.index()];
            seen.seed == seed.index() && seen.member == member
        };
        let reads_member = node.args.iter().any(|arg| is(arg, true));
        // Nothing that depends on members may feed one without being one itself.
        let reads_outside = node.args.iter().any(|arg| is(arg, false));
        let member = (reads_member || is_sibling(&graph[seed], first, node))
            && !reads_outside
            && !taken[id.index()]
            && joins(graph, node, outer_extents, |arg| is(arg, true));
        if member {
            members.push(id);
            last = id.index();
        }
        if member || reads_member || reads_outside {
            seen[id.index()] = Seen { seed: seed.index(), member };
        }
    }
    (members.len() > 1).then_some(members)
}

/// Whether a node reduces rows that the seed of a group reduces, so that they are read once for both.
fn is_sibling(seed: &Node, first: &Nest, node: &Node) -> bool {
    let Op::Nest(nest) = &node.op else { return false };
    let shares = || {
        node.args.iter().zip(&nest.reads).any(|read| seed.args.iter().zip(&first.reads).any(|of| of == read))
    };
    matches!(nest.core, Core::Reduce { .. }) && nest.domain == first.domain && shares()
}

/// Whether a node runs in rows over the same outer axes and reads members only in its own row.
fn joins(graph: &Graph, node: &Node, outer_extents: &[usize], is_member: impl Fn(&Value) -> bool) -> bool {
    let Op::Nest(nest) = &node.op else { return false };
    let outer = outer_extents.len();
    if nest.domain.rank() < outer || nest.domain[..outer] != *outer_extents || !fits(&nest.domain, outer) {
        return false;
    }
    let inner_only = match &nest.core {
        Core::Map => true,
        Core::Reduce { .. } => rows_of(nest) == Some(outer),
        Core::Matmul { .. } => false,
    };
    inner_only
        && node.args.iter().zip(&nest.reads).filter(|(arg, _)| is_member(arg)).all(|(arg, read)| {
            // The member's own row: its leading axes, at the same place.
            let member_outer = |axis: usize| axis < outer && graph.ty(*arg).shape.len() > axis;
            (0..read.0.len()).all(|axis| match member_outer(axis) {
                true => {
                    read.0[axis] == Affine::axis(axis) && graph.ty(*arg).shape[axis] == outer_extents[axis]
                }
                false => (0..outer).all(|outer_axis| read.0[axis].coefficient(outer_axis) == 0),
            }) && read.0.len() >= outer
        })
}
