//! Reductions: the order in which elements combine, which is part of the result's meaning.
//!
//! The elements of one result are taken in row-major order of the reduced axes and cut into blocks of
//! `ROUNDS * lanes`. Element `i` of a block joins lane `i mod lanes`, in order. Blocks combine lane by
//! lane in an aligned binary tree, the earlier on the left, a missing right side being skipped. The
//! lanes combine by halving, last. Where an element is missing nothing joins. A lane that none has
//! joined holds the fold's identity, which as a right side changes no bit.

use crate::base::strip::{LANE_BYTES, ROUNDS};
use crate::base::{Affine, DType, Error, ErrorKind, IndexMap, Result, Scalar, Shape};
use crate::op::{Builder, Expr, Fold, Inst, Ref, Values, eval};

/// For every element of an array of `shape`, in row-major order, its place among the elements it is
/// combined with.
pub(super) fn positions_within(shape: &Shape, axes: &[u32]) -> Values {
    let reduced: Shape = axes.iter().map(|&axis| shape[axis as usize]).collect();
    let map: IndexMap = axes.iter().map(|&axis| Affine::axis(axis as usize)).collect();
    super::offsets(&map, &reduced, shape).into_iter().map(|place| place as i64).collect::<Vec<_>>().into()
}

/// The accumulators of `fold` over `axes` of arrays of `shape`, one of `columns` for each that it
/// takes of an element; in row-major order of the axes that remain.
///
/// # Errors
/// If there is nothing to combine and the fold has no value for that.
pub(super) fn reduce(fold: Fold, shape: &Shape, axes: &[u32], columns: &[Values]) -> Result<Vec<Values>> {
    let reduced = |axis: usize| axes.contains(&(axis as u32));
    let (kept, gone): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(|&axis| !reduced(axis));
    let rows: usize = kept.iter().map(|&axis| shape[axis]).product();
    let len: usize = gone.iter().map(|&axis| shape[axis]).product();
    let dtype = columns[0].dtype();
    if rows == 0 {
        return Ok(fold
            .accumulators(dtype)
            .iter()
            .map(|&dtype| Values::splat(Scalar::new(dtype, 0.0), 0))
            .collect());
    }
    if len == 0 {
        let value = fold.empty(dtype).ok_or_else(|| {
            Error::new(ErrorKind::Value, format!("{fold}: {fold} of no elements has no value"))
        })?;
        return Ok(vec![Values::splat(value, rows)]);
    }
    // Rows of elements that combine, side by side.
    let order: Vec<usize> = [kept, gone].concat();
    let permuted: Shape = order.iter().map(|&axis| shape[axis]).collect();
    let map: IndexMap = (0..shape.rank())
        .map(|axis| Affine::axis(order.iter().position(|&a| a == axis).expect("every axis has a place")))
        .collect();
    let offsets = super::offsets(&map, shape, &permuted);
    let columns: Vec<Values> = columns.iter().map(|column| column.gather(offsets.iter().copied())).collect();
    Ok(Tree::new(fold, dtype).rows(&columns, rows, len))
}

/// How one fold combines elements of some dtype.
struct Tree {
    /// Accumulators and an element.
    join: Expr,
    /// Two sides' accumulators.
    combine: Expr,
    identity: Vec<Scalar>,
    lanes: usize,
}

/// One column per accumulator, or for each that is taken of an element.
type Columns = Vec<Values>;

impl Tree {
    fn new(fold: Fold, dtype: DType) -> Self {
        let (elements, accumulators) = (fold.elements(dtype), fold.accumulators(dtype));
        let arguments = |builder: &mut Builder, first: usize, dtypes: &[DType]| -> Vec<Ref> {
            dtypes.iter().enumerate().map(|(nth, &dtype)| builder.arg(first + nth, dtype)).collect()
        };
        let mut builder = Builder::default();
        let accumulated = arguments(&mut builder, 0, &accumulators);
        let element = arguments(&mut builder, accumulators.len(), &elements);
        let outs = fold.join(&mut builder, &accumulated, &element);
        let join = builder.finish(outs);
        let mut builder = Builder::default();
        let left = arguments(&mut builder, 0, &accumulators);
        let right = arguments(&mut builder, accumulators.len(), &accumulators);
        let outs = fold.combine(&mut builder, &left, &right);
        let widest =
            accumulators.iter().map(|dtype| dtype.size()).max().expect("a fold accumulates something");
        Self {
            join,
            combine: builder.finish(outs),
            identity: fold.identity(dtype).to_vec(),
            lanes: LANE_BYTES / widest,
        }
    }

    /// `left` and `right` combined, place by place.
    fn combine(&self, left: &Columns, right: &Columns) -> Columns {
        both(&self.combine, left, right)
    }

    /// Each of the `rows` rows of `len` elements combined.
    fn rows(&self, columns: &Columns, rows: usize, len: usize) -> Columns {
        // Lanes that no element ever joins are left out.
        let width = self.lanes.min(len);
        let fresh: Columns = self.identity.iter().map(|value| Values::splat(*value, rows * width)).collect();
        let block = ROUNDS * self.lanes;
        // Finished nodes of the tree, each with its height; heights fall from left to right.
        let mut nodes: Vec<(u32, Columns)> = Vec::new();
        for start in (0..len).step_by(block) {
            let end = len.min(start + block);
            let mut sum = fresh.clone();
            for round in (start..end).step_by(self.lanes) {
                sum = self.round(&sum, columns, rows, len, round, width);
            }
            let mut height = 0;
            while nodes.last().is_some_and(|node| node.0 == height) {
                let (_, left) = nodes.pop().expect("there is a last one");
                sum = self.combine(&left, &sum);
                height += 1;
            }
            nodes.push((height, sum));
        }
        let (_, mut sum) = nodes.pop().expect("there is a block");
        while let Some((_, left)) = nodes.pop() {
            sum = self.combine(&left, &sum);
        }
        self.halve(sum, rows, width)
    }

    /// For every row, lanes `sum` after the `width` elements from `first` on have joined, those that
    /// there are.
    fn round(
        &self,
        sum: &Columns,
        columns: &Columns,
        rows: usize,
        len: usize,
        first: usize,
        width: usize,
    ) -> Columns {
        let places = || (0..rows).flat_map(|row| (first..first + width).map(move |at| (row, at)));
        let there: Vec<bool> = places().map(|(_, at)| at < len).collect();
        // Where there is none, some element joins in vain.
        let element = |column: &Values| column.gather(places().map(|(row, at)| row * len + at.min(len - 1)));
        let elements: Columns = columns.iter().map(element).collect();
        let joined = both(&self.join, sum, &elements);
        joined.iter().zip(sum).map(|(joined, sum)| Values::select(&there, joined, sum)).collect()
    }

    /// For every row of `len` lanes, `width` of them from `first` on; identities past the end.
    fn side(&self, columns: &Columns, rows: usize, len: usize, first: usize, width: usize) -> Columns {
        let pick = |(column, identity): (&Values, &Scalar)| {
            let places = (0..rows).flat_map(|row| (first..first + width).map(move |at| (row, at)));
            let element = |(row, at)| if at < len { column.get(row * len + at) } else { *identity };
            Values::collect(column.dtype(), places.map(element))
        };
        columns.iter().zip(&self.identity).map(pick).collect()
    }

    /// The `width` lanes of every row combined: lane `j` with lane `j + lanes / 2`, and so on.
    fn halve(&self, mut sum: Columns, rows: usize, mut width: usize) -> Columns {
        let mut half = self.lanes / 2;
        while half > 0 {
            if width > half {
                // Every lane below `half` has a left side; those without a right one stay.
                let left = self.side(&sum, rows, width, 0, half);
                let right = self.side(&sum, rows, width, half, half);
                sum = self.combine(&left, &right);
                width = half;
            }
            half /= 2;
        }
        sum
    }
}

/// An expression of `left` and `right`, place by place.
fn both(expr: &Expr, left: &Columns, right: &Columns) -> Columns {
    let mut leaf = |inst: &Inst| match inst {
        Inst::Arg(arg) => left.iter().chain(right).nth(*arg as usize).expect("two sides").clone(),
        other => unreachable!("{other:?} in a fold"),
    };
    eval::evaluate(expr, left[0].len(), &mut leaf, &mut 0)
}
