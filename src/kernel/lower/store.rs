//! Reductions that store the elements they combine: a map, and the reduction of its rows that follows it in a
//! group, as one stage, which goes over a row once. Any map and any fold, if the strip that does both is as
//! fast as two.

use smallvec::SmallVec;

use super::chain::is_one_strip;
use super::{Lowering, Source};
use crate::base::DType;
use crate::base::strip::Step;
use crate::graph::{Core, Graph, NodeId, Op, verify::reads_of};
use crate::kernel::schedule::{class, is_narrow};
use crate::kernel::{Slot, Stage};
use crate::op::{Builder, Expr, Inst};

impl Lowering {
    /// The stage that runs the nests `map` and `id`, the second of which reduces what the first computes, keeping
    /// their first `outer` axes as they are; none if they are better off as two.
    pub fn both(&mut self, graph: &Graph, map: NodeId, id: NodeId, outer: usize) -> Option<Stage> {
        let nest = |id: NodeId| match &graph[id].op {
            Op::Nest(nest) => nest,
            other => unreachable!("{other:?} in a group"),
        };
        let (first, second) = (nest(map), nest(id));
        let Core::Reduce { each, .. } = &second.core else { return None };
        let is_map = matches!(first.core, Core::Map) && first.picks.is_empty() && second.picks.is_empty();
        if !is_map || first.domain != second.domain {
            return None;
        }
        // What it reads of the map it reads where the loop stands, whole rows of it being reduced.
        let whole = |value: usize| graph[map].types[value].shape == second.domain;
        let of_map = |arg: usize| graph[id].args[arg].node == map;
        let stands =
            |arg: usize| second.reads[arg].is_identity() && whole(usize::from(graph[id].args[arg].out));
        let count = second.reads.len();
        if !(0..count).filter(|&arg| of_map(arg)).all(stands) || !reads_of(each).any(of_map) {
            return None;
        }
        // The arguments of the map come after those of the reduction.
        let mut b = Builder::default();
        let values = b.inline(&first.then, |b, inst, dtype| match inst {
            Inst::Arg(arg) => Some(b.arg(count + *arg as usize, dtype)),
            _ => None,
        });
        let mut outs = b.inline(each, |_, inst, _| match inst {
            Inst::Arg(arg) if of_map(*arg as usize) => {
                Some(values[usize::from(graph[id].args[*arg as usize].out)])
            }
            _ => None,
        });
        outs.extend(values);
        let each = b.finish(outs);
        let mut args = self.arguments(graph, &graph[id], second);
        args.extend(self.arguments(graph, &graph[map], first));
        let results = self.outputs(id, &graph[id], second);
        let stored = self.outputs(map, &graph[map], first);
        self.reduction(second, &each, &args, &results, &stored, outer)
    }
}

/// Whether one strip along `column` computes `each`, reduces it and stores it as fast as two.
///
/// All that is read and stored lies along the row, and the body is one that every maker of code takes in its widest
/// vectors, with as many elements in each as when it does not reduce. Truth values alone are combined many at a
/// time where they lie. And there is one accumulator: several leave a body too few registers. With the four of
/// deviations, rows of 100 to 32,000 exponentials took up to a tenth longer in one pass than in two; sums and
/// extremes of them took 2 to 7 % less for all that softmax does, and 11 % less where a row is larger than caches.
pub(super) fn stores_as_well(
    each: &Expr,
    args: &[Source],
    stored: &[Source],
    accumulators: &[DType],
    column: usize,
) -> bool {
    let step = |source: &Source| match source.place.slot {
        Slot::Iota => Step::Iota,
        _ => class(source.place.steps[column], source.dtype.size()),
    };
    let read: SmallVec<[&Source; 8]> = reads_of(each).map(|arg| &args[arg]).collect();
    let near = |source: &&Source| matches!(step(source), Step::Unit | Step::Zero | Step::Iota);
    let side_by_side = read.iter().filter(|source| step(source) == Step::Unit);
    let narrow = is_narrow(side_by_side.map(|source| source.place.slot), each);
    let widest = |dtypes: &mut dyn Iterator<Item = DType>| dtypes.map(|dtype| dtype.carrier().size()).max();
    let mut operands = read.iter().copied().chain(stored).map(|source| source.dtype);
    read.iter().all(near)
        && stored.iter().all(|source| step(source) == Step::Unit)
        && matches!(accumulators, [dtype] if *dtype != DType::Bool)
        && widest(&mut accumulators.iter().copied()) <= widest(&mut operands)
        && is_one_strip(each)
        && !each.calls()
        && !narrow
}
