//! Matrix products: factors read from memory as they lie or through a prologue, finished tiles
//! stored as they are or through an epilogue.

use smallvec::SmallVec;

use super::chain::Body;
use super::{Lowering, Source, local};
use crate::base::strip::Step;
use crate::graph::verify::reads_of;
use crate::graph::{Core, Graph, Nest, Node, NodeId};
use crate::kernel::loops::{Factor, Finish, Matmul, Work};
use crate::kernel::schedule::class;
use crate::kernel::{Slot, Stage};
use crate::op::{Expr, Inst};

impl Lowering {
    /// The stage of a matrix product.
    pub(super) fn matmul(&mut self, graph: &Graph, id: NodeId, node: &Node, nest: &Nest) -> Stage {
        let Core::Matmul { lhs, rhs } = &nest.core else { unreachable!("a product") };
        let args = self.arguments(graph, node, nest);
        let outs = self.outputs(id, node, nest);
        let rank = nest.domain.rank();
        let (m, n) = (rank - 3, rank - 2);
        let dtype = lhs.out_dtype(0);
        let then = match (&nest.then.inst(nest.then.outs()[0]), &outs[..]) {
            // Rows of adjacent columns can be written by the product itself.
            (Inst::Acc(0), [out]) if out.place.steps[n] == dtype.size() as i64 || nest.domain[n] == 1 => {
                Finish::Store(out.place.clone())
            }
            _ => {
                let accs = [local(0, dtype, rank, n)];
                Finish::Chain(
                    self.chain(&Body { expr: &nest.then, args: &args, accs: &accs, outs: &outs }, n),
                )
            }
        };
        // Panels of the left factor have few rows and many k, those of the right one many columns.
        let lhs = self.factor(lhs, &args, m, rank - 1, rank);
        let rhs = self.factor(rhs, &args, n, n, rank);
        let extents: SmallVec<[usize; 4]> = nest.domain.iter().copied().collect();
        Stage { extents, work: Work::Matmul(Box::new(Matmul { dtype, lhs, rhs, then })) }
    }

    /// A factor over `axis` and the summed axis. Its strips run along whichever lets more operands be
    /// read side by side; where it is all the same, along `preferred`.
    fn factor(&mut self, expr: &Expr, args: &[Source], axis: usize, preferred: usize, rank: usize) -> Factor {
        if let Inst::Arg(arg) = expr.inst(expr.outs()[0])
            && args[*arg as usize].place.slot != Slot::Iota
            && args[*arg as usize].picked.is_empty()
        {
            return Factor::Memory(args[*arg as usize].place.clone());
        }
        let apart = |axis: usize| {
            let reads = reads_of(expr).map(|arg| &args[arg]).filter(|arg| arg.place.slot != Slot::Iota);
            let class = |arg: &Source| class(arg.place.steps[axis], arg.dtype.size());
            reads.filter(|arg| !matches!(class(arg), Step::Zero | Step::Unit)).count()
        };
        let other = if preferred == axis { rank - 1 } else { axis };
        let along = if apart(other) < apart(preferred) { other } else { preferred };
        let outs = [local(0, expr.out_dtype(0), rank, along)];
        Factor::Chain { chain: self.chain(&Body { expr, args, accs: &[], outs: &outs }, along), along }
    }
}
