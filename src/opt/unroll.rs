//! Writes reductions over few elements out, so that many small rows are one elementwise nest: the squared
//! distances of points in space, a choice of the largest of three channels.
//!
//! A reduction keeps its lanes and what is left of them for every result; of three elements that is far
//! more than adding them. The elements meet in the order the meaning fixes, with none missing.

use smallvec::SmallVec;

use crate::base::{Affine, IndexMap};
use crate::graph::{Core, Graph, Nest, Node, NodeId, Op, verify::reads_of};
use crate::op::{Builder, Expr, Fold, Inst, Ref};
use crate::opt::nest::Body;

/// Most elements of one result that are written out.
const FEW: usize = 8;

/// Fewest results for which it is done: of less there would be another loop for every length of short vectors.
const FEWEST_RESULTS: usize = 64;

/// Longest expression that comes of it, in instructions.
const LONGEST: usize = 96;

/// Reductions over few elements as elementwise nests, but for members of groups, whose rows stay in cache.
pub fn unroll(graph: &Graph) -> Graph {
    let mut grouped = vec![false; graph.len()];
    for member in graph.groups.iter().flat_map(|group| &group.members) {
        grouped[member.index()] = true;
    }
    graph.rebuild(|new, id, node| match &node.op {
        Op::Nest(nest) if !grouped[id.index()] => match short(nest) {
            Some((fold, each, places)) => written_out(new, &node, nest, (fold, each), &places).into(),
            None => new.add(node).into(),
        },
        _ => new.add(node).into(),
    })
}

/// If `nest` is a reduction that is to be written out: how, of what, and where the elements of a result are,
/// each as what takes the place of the axes of the domain.
fn short(nest: &Nest) -> Option<(Fold, &Expr, Vec<IndexMap>)> {
    let Core::Reduce { fold, axes, each } = &nest.core else { return None };
    // Other folds accumulate several values, and would take more than they save.
    let simple = matches!(fold, Fold::Sum | Fold::Prod | Fold::Max | Fold::Min | Fold::Any | Fold::All);
    let extents = axes.iter().map(|&axis| nest.domain[axis as usize]);
    let few = extents.fold(1_usize, usize::saturating_mul);
    let pays = simple
        && (1..=FEW).contains(&few)
        && few * each.len() <= LONGEST
        && nest.out_shape().size() >= FEWEST_RESULTS;
    pays.then(|| (*fold, each, (0..few).map(|nth| place(nest, nth)).collect()))
}

/// Where the `nth` element of a result is, in row-major order: the axes that remain close ranks.
fn place(nest: &Nest, nth: usize) -> IndexMap {
    let mut kept = nest.out_shape().rank();
    let mut left = nth;
    let mut axes: SmallVec<[Affine; 4]> = SmallVec::new();
    for axis in (0..nest.domain.rank()).rev() {
        axes.push(if nest.keeps(axis) {
            kept -= 1;
            Affine::axis(kept)
        } else {
            let at = left % nest.domain[axis];
            left /= nest.domain[axis];
            Affine::constant(at as i64)
        });
    }
    axes.into_iter().rev().collect()
}

/// The elementwise nest of the values of `nest`, whose elements are at `places`.
fn written_out(
    new: &mut Graph,
    node: &Node,
    nest: &Nest,
    (fold, each): (Fold, &Expr),
    places: &[IndexMap],
) -> NodeId {
    let mut body = Body::default();
    let elements =
        places.iter().map(|place| inlined(&mut body, new, node, nest, each, place, None)[0]).collect();
    let result = joined(&mut body.builder, fold, elements);
    let outs = inlined(&mut body, new, node, nest, &nest.then, &places[0], Some(result));
    let then = body.builder.finish(outs);
    body.close(new, nest.out_shape(), Core::Map, then, node.types.clone())
}

/// The results of an expression of `nest` at `place`, `result` being what it has accumulated.
fn inlined(
    body: &mut Body,
    graph: &Graph,
    node: &Node,
    nest: &Nest,
    expr: &Expr,
    place: &IndexMap,
    result: Option<Ref>,
) -> SmallVec<[Ref; 1]> {
    let mut args: SmallVec<[Option<Ref>; 8]> = SmallVec::from_elem(None, node.args.len());
    let place = body.with_picks(graph, &nest.out_shape(), (nest, &node.args), place);
    for arg in reads_of(expr) {
        args[arg] = Some(body.read(graph, node.args[arg], &nest.reads[arg].compose(&place)));
    }
    body.builder.inline(expr, |_, inst, _| match inst {
        Inst::Arg(arg) => args[*arg as usize],
        Inst::Acc(_) => result,
        _ => None,
    })
}

/// The elements of one result combined as the meaning has it: each has a lane, and lanes combine by halving.
fn joined(b: &mut Builder, fold: Fold, mut lanes: SmallVec<[Ref; FEW]>) -> Ref {
    let mut half = FEW;
    while half > 1 {
        half /= 2;
        for lane in half..lanes.len() {
            lanes[lane - half] = fold.combine(b, &[lanes[lane - half]], &[lanes[lane]])[0];
        }
        lanes.truncate(half);
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::DType;
    use crate::base::strip::LANE_BYTES;

    #[test]
    fn there_is_a_lane_for_every_element() {
        assert!(DType::ALL.iter().all(|dtype| LANE_BYTES / dtype.size() >= FEW && FEW.is_power_of_two()));
    }
}
