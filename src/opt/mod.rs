//! The optimiser: from the captured graph to as few loop nests as it can be computed in.
//!
//! Every pass is a function from graph to graph that changes no value. Interning makes common
//! subexpressions one while a pass builds its graph, and rebuilding from the outputs leaves dead
//! nodes behind: neither has a file.

pub mod absorb;
pub mod fuse;
pub mod group;
pub mod nest;
pub mod pattern;
pub mod rules;
pub mod simplify;
pub mod unroll;

use std::borrow::Cow;

use crate::graph::Graph;

/// A pass: its name and what it does.
pub struct Pass {
    /// What `Settings::without` and messages call it.
    pub name: &'static str,
    /// The graph it makes of a graph.
    pub run: fn(&Graph) -> Graph,
    /// Whether what follows needs it: such a pass cannot be switched off.
    pub needed: bool,
}

/// The passes, in order.
pub const PASSES: &[Pass] = &[
    Pass { name: "simplify", run: simplify::simplify, needed: false },
    Pass { name: "nest", run: nest::nest, needed: true },
    Pass { name: "fold_views", run: fuse::fold_views, needed: false },
    Pass { name: "fuse", run: fuse::fuse, needed: false },
    Pass { name: "absorb", run: absorb::absorb, needed: false },
    Pass { name: "group", run: group::group, needed: false },
    Pass { name: "unroll", run: unroll::unroll, needed: false },
];

/// The graph after all passes that `enabled` lets run and those that must. `seen` is shown the graph
/// after each.
pub fn optimize(
    graph: &Graph,
    mut enabled: impl FnMut(&Pass) -> bool,
    mut seen: impl FnMut(&Pass, &Graph),
) -> Graph {
    // Every pass leaves dead nodes out, so the first may be given the graph as it is.
    let mut graph = Cow::Borrowed(graph);
    for pass in PASSES.iter().filter(|pass| pass.needed || enabled(pass)) {
        graph = Cow::Owned((pass.run)(&graph));
        seen(pass, &graph);
    }
    graph.into_owned()
}
