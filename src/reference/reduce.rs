//! Reductions: the order in which elements combine, which is part of the result's meaning.
//!
//! The elements of one result are taken in row-major order of the reduced axes and cut into blocks of
//! `ROUNDS * lanes`. Element `i` of a block joins lane `i mod lanes`, in order. Blocks combine lane by
//! lane in an aligned binary tree, the earlier on the left, a missing right side being skipped. The
//! lanes combine by halving, last. Where an element is missing nothing is combined; a fold's identity
//! stands in its place here, since it changes no bit.

use crate::base::strip::{LANE_BYTES, ROUNDS};
use crate::base::{Affine, DType, Error, ErrorKind, IndexMap, Result, Scalar, Shape};
use crate::op::{Builder, Expr, Fold, Inst, Values, eval};

/// For every element of an array of `shape`, in row-major order, its place among the elements it is
/// combined with.
pub(super) fn positions_within(shape: &Shape, axes: &[u32]) -> Values {
    let reduced: Shape = axes.iter().map(|&axis| shape[axis as usize]).collect();
    let map: IndexMap = axes.iter().map(|&axis| Affine::axis(axis as usize)).collect();
    super::offsets(&map, &reduced, shape).into_iter().map(|place| place as i64).collect::<Vec<_>>().into()
}

/// The accumulators of `fold` over `axes` of arrays of `shape`, one of `columns` for each; in
/// row-major order of the axes that remain.
///
/// # Errors
/// If there is nothing to combine and the fold has no value for that.
pub(super) fn reduce(fold: Fold, shape: &Shape, axes: &[u32], columns: &[Values]) -> Result<Vec<Values>> {
    let reduced = |axis: usize| axes.contains(&(axis as u32));
    let (kept, gone): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(|&axis| !reduced(axis));
    let rows: usize = kept.iter().map(|&axis| shape[axis]).product();
    let len: usize = gone.iter().map(|&axis| shape[axis]).product();
    let dtypes: Vec<DType> = columns.iter().map(Values::dtype).collect();
    if rows == 0 {
        return Ok(dtypes.iter().map(|&dtype| Values::splat(Scalar::new(dtype, 0.0), 0)).collect());
    }
    if len == 0 {
        let value = fold.empty(dtypes[0]).ok_or_else(|| {
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
    Ok(Tree::new(fold, &dtypes).rows(&columns, rows, len))
}

/// How one fold combines accumulators of some dtypes.
struct Tree {
    combine: Expr,
    identity: Vec<Scalar>,
    lanes: usize,
}

/// One column per accumulator.
type Columns = Vec<Values>;

impl Tree {
    fn new(fold: Fold, dtypes: &[DType]) -> Self {
        let mut builder = Builder::default();
        let mut side = |first: usize| -> Vec<_> {
            dtypes.iter().enumerate().map(|(nth, &dtype)| builder.arg(first + nth, dtype)).collect()
        };
        let (left, right) = (side(0), side(dtypes.len()));
        let outs = fold.combine(&mut builder, &left, &right);
        let widest = dtypes.iter().map(|dtype| dtype.size()).max().expect("a fold accumulates something");
        Self {
            combine: builder.finish(outs),
            identity: fold.identity(dtypes[0]).to_vec(),
            lanes: LANE_BYTES / widest,
        }
    }

    /// `left` and `right` combined, place by place.
    fn combine(&self, left: &Columns, right: &Columns) -> Columns {
        let mut errors = 0;
        let mut leaf = |inst: &Inst| match inst {
            Inst::Arg(arg) => left.iter().chain(right).nth(*arg as usize).expect("two sides").clone(),
            other => unreachable!("{other:?} in a fold"),
        };
        eval::evaluate(&self.combine, left[0].len(), &mut leaf, &mut errors)
    }

    /// Each of the `rows` rows of `len` elements combined.
    fn rows(&self, columns: &Columns, rows: usize, len: usize) -> Columns {
        // Lanes that no element ever joins are left out.
        let width = self.lanes.min(len);
        let block = ROUNDS * self.lanes;
        // Finished nodes of the tree, each with its height; heights fall from left to right.
        let mut nodes: Vec<(u32, Columns)> = Vec::new();
        for start in (0..len).step_by(block) {
            let end = len.min(start + block);
            let mut rounds = (start..end).step_by(self.lanes);
            let first = rounds.next().expect("a block has elements");
            let mut sum = self.round(columns, rows, len, first, width);
            for round in rounds {
                sum = self.combine(&sum, &self.round(columns, rows, len, round, width));
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

    /// For every row, the `width` elements from `first` on; identities past the end of the row.
    fn round(&self, columns: &Columns, rows: usize, len: usize, first: usize, width: usize) -> Columns {
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
                let left = self.round(&sum, rows, width, 0, half);
                let right = self.round(&sum, rows, width, half, half);
                sum = self.combine(&left, &right);
                width = half;
            }
            half /= 2;
        }
        sum
    }
}
