//! Elementwise nests.

use super::chain::Body;
use super::{Home, Lowering, Source, axes_of, local, placed, sizes};
use crate::base::Type;
use crate::graph::{Graph, Nest, Node, NodeId};
use crate::kernel::loops::{Map, Staged, Work};
use crate::kernel::schedule::{Axes, Walk};
use crate::kernel::{Place, Stage};
use crate::op::{Expr, Inst};

impl Lowering {
    /// The stage of a map.
    pub(super) fn map(&mut self, graph: &Graph, id: NodeId, node: &Node, nest: &Nest, outer: usize) -> Stage {
        let args = self.arguments(graph, node, nest);
        let outs = self.outputs(id, node, nest);
        self.walk(nest.domain.iter().copied(), outer, &nest.then, &args, &outs)
    }
}

/// The first axis that a stage of a kernel with `outer` outer axes walks: the last of those is cut
/// into blocks, and the stage walks a block.
pub(super) fn walked_from(outer: usize) -> usize {
    outer.saturating_sub(1)
}

/// The axes among those from `from` on that strips run along and whose rows they are.
pub(super) fn column_and_row(
    axes: &Axes,
    from: usize,
    operands: &[Source],
    written_from: usize,
) -> (usize, Option<usize>) {
    let candidates: Vec<usize> = (from..axes.extents.len()).collect();
    axes.column_and_row(&candidates, &sizes(operands, written_from))
}

impl Lowering {
    /// The stage that copies a value of type `ty` from one home to another.
    pub fn copy(&mut self, ty: &Type, from: Home, to: Home) -> Stage {
        let source = |home: Home| {
            Source::plain(ty.dtype, Place { slot: home.slot, offset: home.offset, steps: home.steps })
        };
        let expr = Expr::leaf(Inst::Arg(0), ty.dtype);
        self.walk(ty.shape.iter().copied(), 0, &expr, &[source(from)], &[source(to)])
    }

    /// The stage that computes `expr` over loops of these extents, keeping the first `outer`.
    fn walk(
        &mut self,
        extents: impl IntoIterator<Item = usize>,
        outer: usize,
        expr: &Expr,
        args: &[Source],
        outs: &[Source],
    ) -> Stage {
        let operands: Vec<Source> = args.iter().chain(outs).cloned().collect();
        let mut axes = axes_of(extents, &operands);
        axes.normalize(outer, &mut []);
        if axes.extents.is_empty() {
            axes.insert_unit(0);
        }
        let candidates: Vec<usize> = (walked_from(outer)..axes.extents.len()).collect();
        let Walk { column, row, tiles, staged } = axes.walk(&candidates, &sizes(&operands, args.len()));
        let mut operands = placed(&operands, &axes);
        let stage = |(copy, &operand): (usize, &usize)| {
            let copy = local(copy, operands[operand].dtype, axes.extents.len(), column);
            let Source { dtype, place, .. } = std::mem::replace(&mut operands[operand], copy);
            Staged { dtype, place }
        };
        let staged = staged.iter().enumerate().map(stage).collect();
        let (args, outs) = operands.split_at(args.len());
        let chain = self.chain(&Body { expr, args, accs: &[], outs }, column);
        Stage { extents: axes.extents, work: Work::Map(Map { column, row, tiles, staged, chain }) }
    }
}
