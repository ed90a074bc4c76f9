//! What a strip does, without machine code: block by block through `op::eval`. For work too small
//! to compile, for builds and machines without a code generator, and as the judge of those that
//! have one: same contract, same bits.
//!
//! Memory is the caller's: it loads and stores columns of values, so that nothing here can touch
//! what it should not.

use smallvec::SmallVec;

use crate::base::strip::ROUNDS;
use crate::base::{DType, Scalar};
use crate::kernel::{Strip, StripKind};
use crate::op::eval::evaluate;
use crate::op::{Builder, Expr, Fold, Inst, PerAccumulator, Ref, Values};

/// Elements evaluated at once: their values stay in a first-level cache.
const BLOCK: usize = 256;

/// Loads `count` elements of an operand, from a row and a column on.
pub type Load<'a> = &'a mut dyn FnMut(usize, Position, usize) -> Values;

/// Stores elements to an operand, from a row and a column on.
pub type Store<'a> = &'a mut dyn FnMut(usize, Position, &Values);

/// An iteration of a strip.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Which row.
    pub row: usize,
    /// Which column.
    pub column: usize,
}

/// Runs a strip of `rows` rows of `n` columns; `scalars` are its scalars' bits. A fold's rows leave
/// one value, or their `lanes`. Returns error bits.
pub fn run(
    strip: &Strip,
    (rows, n): (usize, usize),
    lanes: bool,
    scalars: &[u64],
    load: Load,
    store: Store,
) -> u32 {
    let mut errors = 0;
    for row in 0..rows {
        match strip.kind {
            StripKind::Map => {
                for column in (0..n).step_by(BLOCK) {
                    let at = Position { row, column };
                    let values = body(strip, at, BLOCK.min(n - column), scalars, load, &mut errors);
                    strip.stored().for_each(|k| store(k, at, &values[strip.output_of(k)]));
                }
            }
            StripKind::Fold(fold) if n != 0 => {
                let mut left = fold_row(strip, fold, row, n, scalars, load, store, &mut errors);
                if !lanes {
                    left = halved(fold, left);
                }
                for (out, values) in left.iter().enumerate() {
                    store(strip.arguments + out, Position { row, column: 0 }, values);
                }
            }
            StripKind::Fold(_) => {}
            StripKind::Columns(fold) => {
                for column in (0..n).step_by(BLOCK) {
                    let (at, count) = (Position { row, column }, BLOCK.min(n - column));
                    let values = body(strip, at, count, scalars, load, &mut errors).into_iter().collect();
                    let held: Lanes =
                        (strip.arguments..strip.operands.len()).map(|out| load(out, at, count)).collect();
                    let dtypes: SmallVec<[DType; 2]> = held.iter().map(Values::dtype).collect();
                    let sums = combined(&joiner(fold, &dtypes), &held, &values, count);
                    for (out, values) in sums.iter().enumerate() {
                        store(strip.arguments + out, at, values);
                    }
                }
            }
        }
    }
    errors
}

/// The outputs of the body at `count` iterations of a row.
fn body(
    strip: &Strip,
    at: Position,
    count: usize,
    scalars: &[u64],
    load: Load,
    errors: &mut u32,
) -> Vec<Values> {
    let mut leaf = |inst: &Inst| match inst {
        Inst::Arg(arg) => load(*arg as usize, at, count),
        Inst::Scalar(scalar) => {
            let scalar = *scalar as usize;
            Values::splat(Scalar::from_bits(strip.scalars[scalar], scalars[scalar]), count)
        }
        other => unreachable!("{other:?} in a strip"),
    };
    evaluate(&strip.body, count, &mut leaf, errors)
}

/// Accumulators of a reduction, each a column of lanes.
type Lanes = PerAccumulator<Values>;

/// The lanes of one row: its blocks combined in an aligned binary tree. Stores what is to be stored of it.
#[expect(clippy::too_many_arguments, reason = "all that a row is run with")]
fn fold_row(
    strip: &Strip,
    fold: Fold,
    row: usize,
    n: usize,
    scalars: &[u64],
    load: Load,
    store: Store,
    errors: &mut u32,
) -> Lanes {
    let dtypes: SmallVec<[DType; 2]> = strip.accumulators().iter().map(|operand| operand.dtype).collect();
    let lanes = Strip::lanes(dtypes.iter().copied());
    let (join, combine) = (joiner(fold, &dtypes), combiner(fold, &dtypes));
    let identity: Lanes = fold.identity(dtypes[0]).iter().map(|&value| Values::splat(value, lanes)).collect();
    // Level `l` holds the lanes of `2^l` blocks, as the bits of the number of blocks so far say.
    let mut levels: Vec<Option<Lanes>> = Vec::new();
    for column in (0..n).step_by(ROUNDS * lanes) {
        let count = (ROUNDS * lanes).min(n - column);
        let at = Position { row, column };
        let mut values = body(strip, at, count, scalars, load, errors);
        strip.stored().for_each(|k| store(k, at, &values[strip.output_of(k)]));
        values.truncate(strip.output_of(strip.stored().start));
        let mut sum = identity.clone();
        for round in (0..count).step_by(lanes) {
            // Lanes without an element are given some other one, and stay as they are.
            let element = |lane: usize| (round + lane).min(count - 1);
            let elements: Lanes =
                values.iter().map(|values| values.gather((0..lanes).map(element))).collect();
            let joined = combined(&join, &sum, &elements, lanes);
            let present: Vec<bool> = (0..lanes).map(|lane| round + lane < count).collect();
            let kept = joined.iter().zip(&sum).map(|(joined, sum)| Values::select(&present, joined, sum));
            sum = kept.collect();
        }
        let mut level = 0;
        while let Some(left) = levels.get_mut(level).and_then(Option::take) {
            sum = combined(&combine, &left, &sum, lanes);
            level += 1;
        }
        levels.resize(levels.len().max(level + 1), None);
        levels[level] = Some(sum);
    }
    let parts = levels.into_iter().flatten();
    parts.reduce(|right, left| combined(&combine, &left, &right, lanes)).expect("a row has a block")
}

/// The one value of each accumulator that its lanes combine to.
fn halved(fold: Fold, mut lanes: Lanes) -> Lanes {
    let dtypes: SmallVec<[DType; 2]> = lanes.iter().map(Values::dtype).collect();
    let combine = combiner(fold, &dtypes);
    while lanes[0].len() > 1 {
        let half = lanes[0].len() / 2;
        let side =
            |first: usize| -> Lanes { lanes.iter().map(|lanes| lanes.gather(first..first + half)).collect() };
        lanes = combined(&combine, &side(0), &side(half), half);
    }
    lanes
}

/// Leaves `first..` of these dtypes.
fn leaves(b: &mut Builder, first: usize, dtypes: &[DType]) -> PerAccumulator<Ref> {
    dtypes.iter().enumerate().map(|(at, &dtype)| b.acc(first + at, dtype)).collect()
}

/// The expression that combines accumulators `0..n` with `n..2n`.
pub fn combiner(fold: Fold, dtypes: &[DType]) -> Expr {
    let mut builder = Builder::default();
    let (left, right) = (leaves(&mut builder, 0, dtypes), leaves(&mut builder, dtypes.len(), dtypes));
    let outs = fold.combine(&mut builder, &left, &right);
    builder.finish(outs)
}

/// The expression that lets an element, from `n` on, join accumulators `0..n`.
fn joiner(fold: Fold, dtypes: &[DType]) -> Expr {
    let mut builder = Builder::default();
    let (accumulated, elements) = (leaves(&mut builder, 0, dtypes), fold.elements(dtypes[0]));
    let element = leaves(&mut builder, dtypes.len(), &elements);
    let outs = fold.join(&mut builder, &accumulated, &element);
    builder.finish(outs)
}

fn combined(combine: &Expr, left: &Lanes, right: &Lanes, lanes: usize) -> Lanes {
    let mut leaf = |inst: &Inst| match inst {
        Inst::Acc(acc) => left.iter().chain(right).nth(usize::from(*acc)).expect("two sides").clone(),
        other => unreachable!("{other:?} in a combination"),
    };
    evaluate(combine, lanes, &mut leaf, &mut 0).into_iter().collect()
}
