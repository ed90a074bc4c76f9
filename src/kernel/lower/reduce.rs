//! Reductions: along the reduced axis or across kept columns, in the order the meaning fixes.

use smallvec::SmallVec;

use super::chain::Body;
use super::gather::is_copied;
use super::map::{column_and_row, walked_from};
use super::store::stores_as_well;
use super::{Lowering, Source, axes_of, local, placed, sizes};
use crate::base::DType;
use crate::base::strip::{ROUNDS, Step};
use crate::graph::{Core, Graph, Nest, Node, NodeId, verify::reads_of};
use crate::kernel::interpret::combiner;
use crate::kernel::loops::{Direction, Map, Reduce, Work};
use crate::kernel::schedule::{Axes, SHORT_REDUCTION, class};
use crate::kernel::{Operand, Place, Stage, Strip, StripKind};
use crate::op::{Builder, Expr};

/// Longest expression that the strip which combines elements computes itself, in instructions.
const LONGEST_EACH: usize = 200;

impl Lowering {
    /// The stage of a reduction.
    pub(super) fn reduce(
        &mut self,
        graph: &Graph,
        id: NodeId,
        node: &Node,
        nest: &Nest,
        outer: usize,
    ) -> Stage {
        let Core::Reduce { each, .. } = &nest.core else { unreachable!("a reduction") };
        let args = self.arguments(graph, node, nest);
        let outs = self.outputs(id, node, nest);
        let stage = self.reduction(nest, each, &args, &outs, &[], outer);
        stage.expect("a reduction that stores no elements can be lowered")
    }

    /// The stage of a reduction of `each`, whose last outputs go to `stored`, element by element. There is none
    /// where such a stage is not as fast as one that stores and one that reduces.
    pub(super) fn reduction(
        &mut self,
        nest: &Nest,
        each: &Expr,
        args: &[Source],
        outs: &[Source],
        stored: &[Source],
        outer: usize,
    ) -> Option<Stage> {
        let Core::Reduce { fold, axes: reduced, .. } = &nest.core else { unreachable!("a reduction") };
        let operands: Vec<Source> = args.iter().chain(outs).chain(stored).cloned().collect();

        // Kept axes first, then the reduced ones, both in order.
        let rank = nest.domain.rank();
        let order = || (0..rank).filter(|&a| nest.keeps(a)).chain(reduced.iter().map(|&a| a as usize));
        let mut axes = axes_of(order().map(|axis| nest.domain[axis]), &operands);
        for (steps, operand) in axes.steps.iter_mut().zip(&operands) {
            *steps = order().map(|axis| operand.place.steps[axis]).collect();
        }
        let mut border = [rank - reduced.len()];
        axes.normalize(outer, &mut border);
        if axes.extents.len() == border[0] {
            axes.insert_unit(border[0]);
        }
        if border[0] == 0 {
            axes.insert_unit(0);
            border[0] = 1;
        }
        let kept = border[0];
        let rank = axes.extents.len();
        let operands = placed(&operands, &axes);
        let (args, written) = operands.split_at(args.len());
        let (outs, stored) = written.split_at(outs.len());
        // The epilogue has no place for what is stored of elements.
        axes.steps.truncate(args.len() + outs.len());

        let dtype = each.out_dtype(0);
        let accumulators = fold.accumulators(dtype);
        let from = walked_from(outer);
        let direction = direction(&axes, from, kept, each, args, accumulators.len());
        let column = match direction {
            Direction::Along => rank - 1,
            Direction::Across(column) => column,
        };
        let locals = |first: usize, dtypes: &[DType]| -> Vec<Source> {
            dtypes.iter().zip(first..).map(|(&dtype, number)| local(number, dtype, rank, column)).collect()
        };
        let elements = fold.elements(dtype);
        let n = accumulators.len();
        let (left, right) = (locals(0, &accumulators), locals(n, &accumulators));
        let staged = locals(2 * n, &elements);

        // A fold strip walks one axis. Of several it takes the last, if that has whole blocks; else
        // all of them pass through a stage, and so does what is copied by indices.
        let lanes = Strip::lanes(accumulators.iter().copied());
        let several = rank - kept > 1;
        let broken = several && axes.extents[rank - 1] % (ROUNDS * lanes) != 0;
        let copies = reads_of(each).any(|arg| is_copied(args, arg, column));
        let stages = each.len() > LONGEST_EACH || (direction == Direction::Along && broken) || copies;
        if !stored.is_empty() {
            let along = direction == Direction::Along && !stages && !fold.takes_index();
            if !(along && stores_as_well(each, args, stored, &accumulators, column)) {
                return None;
            }
        }
        let each_chain =
            stages.then(|| self.chain(&Body { expr: each, args, accs: &[], outs: &staged }, column));
        let passed: Expr;
        let (element, sources) = if stages {
            let mut builder = Builder::default();
            let values: Vec<_> =
                elements.iter().enumerate().map(|(at, &dtype)| builder.arg(at, dtype)).collect();
            passed = builder.finish(values);
            (&passed, &staged[..])
        } else {
            (each, args)
        };
        let accumulate = match direction {
            Direction::Along => {
                let outs: Vec<Source> = left.iter().chain(stored).cloned().collect();
                let body = Body { expr: element, args: sources, accs: &[], outs: &outs };
                self.single(StripKind::Fold(*fold), &body, column)
            }
            Direction::Across(_) => {
                let body = Body { expr: element, args: sources, accs: &[], outs: &left };
                self.single(StripKind::Columns(*fold), &body, column)
            }
        };
        let extreme = fold.extreme().filter(|_| direction == Direction::Along && !stages && !several);
        let scan = extreme.map(|extreme| {
            let mut builder = Builder::default();
            let value = builder.inline(each, |_, _, _| None)[0];
            let body = Body { expr: &builder.finish([value]), args, accs: &[], outs: &left[..1] };
            self.single(StripKind::Fold(extreme), &body, column)
        });
        let searchable = scan.as_ref().is_some_and(|scan| {
            let strip = &self.strips[scan.strip];
            let lies = |from: &Operand, to: &Operand| from.step == Step::Unit && from.dtype == to.dtype;
            let alone = strip.arguments == 1 && strip.body.len() == 1 && scan.rows.is_empty();
            alone && lies(&strip.operands[0], &strip.operands[1])
        });
        let width = axes.extents[column] as i64;
        let goes_on = |place: &Place| place.steps[rank - 1] == place.steps[column].wrapping_mul(width);
        let read = accumulate.places.len() - n - stored.len();
        let end_to_end = accumulate.rows.is_empty() && accumulate.places[..read].iter().all(goes_on);
        let combine = {
            let expr = combiner(*fold, &accumulators);
            let both: Vec<Source> = left.iter().chain(&right).cloned().collect();
            self.single(StripKind::Map, &Body { expr: &expr, args: &[], accs: &both, outs: &left }, column)
        };
        let then = self.epilogue(&nest.then, &axes, from, kept, args, outs, &accumulators, direction);
        let identity = fold.identity(dtype);
        let work = Reduce {
            fold: *fold,
            accumulators,
            elements,
            identity,
            lanes,
            kept,
            direction,
            each: each_chain,
            scan,
            searchable,
            accumulate,
            end_to_end,
            combine,
            then,
        };
        Some(Stage { extents: axes.extents, work: Work::Reduce(Box::new(work)) })
    }

    /// The strips that turn finished accumulators into outputs, over the kept axes.
    #[expect(clippy::too_many_arguments, reason = "all that a reduction is made of")]
    fn epilogue(
        &mut self,
        then: &Expr,
        axes: &Axes,
        from: usize,
        kept: usize,
        args: &[Source],
        outs: &[Source],
        accumulators: &[DType],
        direction: Direction,
    ) -> Map {
        let rank = axes.extents.len();
        let column = match direction {
            Direction::Along => {
                let kept_axes = Axes { extents: axes.extents[..kept].into(), ..axes.clone() };
                let operands: Vec<Source> = args.iter().chain(outs).cloned().collect();
                column_and_row(&kept_axes, from, &operands, args.len()).0
            }
            Direction::Across(column) => column,
        };
        let accs: Vec<Source> =
            accumulators.iter().enumerate().map(|(a, &dtype)| local(a, dtype, rank, column)).collect();
        let chain = self.chain(&Body { expr: then, args, accs: &accs, outs }, column);
        Map::plain(column, None, chain)
    }
}

/// Along the last reduced axis, or across a kept one: across where the arguments lie that way, or
/// where there is little to reduce.
fn direction(
    axes: &Axes,
    from: usize,
    kept: usize,
    each: &Expr,
    args: &[Source],
    accumulators: usize,
) -> Direction {
    let rank = axes.extents.len();
    let reduced: usize = axes.extents[kept..].iter().product();
    let wide: usize = axes.extents[from..kept].iter().product();
    let mut read: SmallVec<[usize; 4]> = reads_of(each).collect();
    // The indices by which something is read come after all that is read.
    let mut picked: SmallVec<[(usize, usize); 2]> = SmallVec::new();
    for at in 0..read.len() {
        for index in &args[read[at]].picked {
            picked.push((at, read.len()));
            read.push(index.index);
        }
    }
    let sources: Vec<Source> = read.iter().map(|&arg| args[arg].clone()).collect();
    let candidates: Vec<usize> = (from..kept).filter(|&axis| axes.extents[axis] > 1).collect();
    if candidates.is_empty() {
        return Direction::Along;
    }
    let view = Axes {
        extents: axes.extents.clone(),
        steps: sources.iter().map(|source| source.place.steps.clone()).collect(),
        picked,
    };
    let (column, _) = view.column_and_row(&candidates, &sizes(&sources, sources.len()));
    let apart = |axis: usize| {
        let far = |&at: &usize| {
            let Source { dtype, place, .. } = &sources[at];
            class(place.steps[axis], dtype.size()) == crate::base::strip::Step::General
                || view.is_picked(at, |index| sources[index].place.steps[axis] != 0)
        };
        (0..sources.len()).filter(far).count()
    };
    let lies_across = apart(rank - 1) > apart(column);
    let short = reduced <= SHORT_REDUCTION * accumulators.div_ceil(2) && wide >= 4 * reduced;
    if lies_across || short { Direction::Across(column) } else { Direction::Along }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Inst;

    fn axes(extents: &[usize], steps: &[&[i64]]) -> Axes {
        Axes {
            extents: extents.into(),
            steps: steps.iter().map(|steps| SmallVec::from_slice(steps)).collect(),
            picked: SmallVec::new(),
        }
    }

    #[test]
    fn rows_merge_but_never_across_the_border() {
        let mut contiguous = axes(&[4, 5, 6], &[&[120, 24, 4]]);
        let mut border = [1];
        contiguous.normalize(0, &mut border);
        assert_eq!((&contiguous.extents[..], border), (&[4, 30][..], [1]));
        let mut all = axes(&[4, 5, 6], &[&[120, 24, 4]]);
        let mut border = [0];
        all.normalize(0, &mut border);
        assert_eq!((&all.extents[..], border), (&[120][..], [0]));
    }

    #[test]
    fn a_column_sum_runs_across_and_a_row_sum_along() {
        let source = |steps: &[i64]| {
            let slot = crate::kernel::Slot::Buffer(0);
            Source::plain(DType::F32, Place { slot, offset: 0, steps: steps.into() })
        };
        let each = Expr::leaf(Inst::Arg(0), DType::F32);
        let columns = axes(&[300, 400], &[&[4, 1200]]);
        assert_eq!(direction(&columns, 0, 1, &each, &[source(&[4, 1200])], 1), Direction::Across(0));
        let rows = axes(&[300, 400], &[&[1600, 4]]);
        assert_eq!(direction(&rows, 0, 1, &each, &[source(&[1600, 4])], 1), Direction::Along);
        let short: SmallVec<[usize; 4]> = smallvec::smallvec![100_000, 3];
        let triples = axes(&short, &[&[12, 4]]);
        assert_eq!(direction(&triples, 0, 1, &each, &[source(&[12, 4])], 1), Direction::Across(0));
        let scores: SmallVec<[usize; 4]> = smallvec::smallvec![10_000, 24];
        let scores = axes(&scores, &[&[96, 4]]);
        assert_eq!(direction(&scores, 0, 1, &each, &[source(&[96, 4])], 1), Direction::Along);
        assert_eq!(direction(&scores, 0, 1, &each, &[source(&[96, 4])], 4), Direction::Across(0));
    }
}
