//! Reductions' ways of combining: one row each. Combining is associative up to rounding, and the
//! identity is exact: what it is combined with on the left stays as it is, bit for bit. So a lane
//! that no element has joined may be combined or skipped.

use std::fmt;

use smallvec::{SmallVec, smallvec};

use crate::base::{DType, Kind, Scalar};
use crate::op::{Binary, Builder, Ref, Unary};

/// How a reduction combines two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Sum; of integers and truth values in 64 bits, of floats of 16 bits in `f32`.
    Sum,
    /// Product, likewise.
    Prod,
    /// The largest; NaN if any is.
    Max,
    /// The smallest; NaN if any is.
    Min,
    /// Whether any is true.
    Any,
    /// Whether all are true.
    All,
    /// The index of the first largest, or of the first NaN: accumulates value and index.
    Argmax,
    /// The index of the first smallest, or of the first NaN.
    Argmin,
    /// The sum of the squared distances from the mean; NaN if an element is NaN or infinite.
    /// Accumulates that sum, the sum of distances, and the number of elements, the distances being
    /// those from a pivot, which it accumulates too.
    Deviations,
}

/// One of something for each accumulator of a fold.
pub type PerAccumulator<T> = SmallVec<[T; 4]>;

impl Fold {
    /// Every fold; tests walk it.
    pub const ALL: &[Fold] = &[
        Fold::Sum,
        Fold::Prod,
        Fold::Max,
        Fold::Min,
        Fold::Any,
        Fold::All,
        Fold::Argmax,
        Fold::Argmin,
        Fold::Deviations,
    ];

    /// The method's name.
    pub fn name(self) -> &'static str {
        match self {
            Fold::Sum => "sum",
            Fold::Prod => "prod",
            Fold::Max => "max",
            Fold::Min => "min",
            Fold::Any => "any",
            Fold::All => "all",
            Fold::Argmax => "argmax",
            Fold::Argmin => "argmin",
            Fold::Deviations => "deviations",
        }
    }

    /// Whether it needs to know where the elements are.
    pub fn takes_index(self) -> bool {
        self.extreme().is_some()
    }

    /// The fold that finds the value whose place this one finds.
    pub fn extreme(self) -> Option<Fold> {
        match self {
            Fold::Argmax => Some(Fold::Max),
            Fold::Argmin => Some(Fold::Min),
            _ => None,
        }
    }

    /// The dtype elements of `dtype` are converted to before they are combined.
    pub fn computes_in(self, dtype: DType) -> DType {
        match self {
            Fold::Any | Fold::All => DType::Bool,
            Fold::Sum | Fold::Prod if dtype.is_unsigned() => DType::U64,
            Fold::Sum | Fold::Prod if dtype.kind() < Kind::Float => DType::I64,
            Fold::Deviations => dtype.to_float().carrier(),
            // The order of its bits is not that of its carrier.
            _ if dtype == DType::U64 => dtype,
            _ => dtype.carrier(),
        }
    }

    /// The dtype of the result for elements of `dtype`: what accumulates in a wider dtype is rounded to it at
    /// the end, if it is no sum of integers.
    pub fn results_in(self, dtype: DType) -> DType {
        match self {
            Fold::Sum | Fold::Prod if dtype.kind() < Kind::Float => self.computes_in(dtype),
            Fold::Sum | Fold::Prod | Fold::Max | Fold::Min => dtype,
            Fold::Deviations => dtype.to_float(),
            Fold::Any | Fold::All => DType::Bool,
            Fold::Argmax | Fold::Argmin => DType::I64,
        }
    }

    /// What it takes of each element of `dtype` (already converted): the value, and perhaps the index.
    pub fn elements(self, dtype: DType) -> SmallVec<[DType; 2]> {
        if self.takes_index() { smallvec![dtype, DType::I64] } else { smallvec![dtype] }
    }

    /// The accumulators, for elements of `dtype` (already converted).
    pub fn accumulators(self, dtype: DType) -> PerAccumulator<DType> {
        match self {
            Fold::Argmax | Fold::Argmin => smallvec![dtype, DType::I64],
            Fold::Deviations => smallvec![dtype; 4],
            _ => smallvec![dtype],
        }
    }

    /// Which accumulator is the result.
    pub fn result(self) -> usize {
        usize::from(self.takes_index())
    }

    /// Per accumulator the value that changes nothing. A sum's is `-0.0`, since `0.0` would turn
    /// `-0.0` into itself.
    pub fn identity(self, dtype: DType) -> PerAccumulator<Scalar> {
        // Conversions of floats to integers go to the nearest end.
        let lowest = match dtype {
            DType::Bool => Scalar::from(false),
            _ => Scalar::new(dtype, f64::NEG_INFINITY),
        };
        let highest = Scalar::new(dtype, f64::INFINITY);
        match self {
            Fold::Sum => smallvec![Scalar::new(dtype, -0.0)],
            Fold::Prod => smallvec![Scalar::new(dtype, 1.0)],
            Fold::Max => smallvec![lowest],
            Fold::Min => smallvec![highest],
            Fold::Any => smallvec![Scalar::from(false)],
            Fold::All => smallvec![Scalar::from(true)],
            Fold::Argmax => smallvec![lowest, Scalar::from(i64::MAX)],
            Fold::Argmin => smallvec![highest, Scalar::from(i64::MAX)],
            Fold::Deviations => smallvec![Scalar::new(dtype, 0.0); 4],
        }
    }

    /// The result over no elements, for elements of `dtype` (already converted); `None` where there
    /// is none.
    pub fn empty(self, dtype: DType) -> Option<Scalar> {
        match self {
            Fold::Sum | Fold::Deviations => Some(Scalar::new(dtype, 0.0)),
            Fold::Prod => Some(Scalar::new(dtype, 1.0)),
            Fold::Any => Some(Scalar::from(false)),
            Fold::All => Some(Scalar::from(true)),
            Fold::Max | Fold::Min | Fold::Argmax | Fold::Argmin => None,
        }
    }

    /// The accumulators with one element more, given what the fold takes of it.
    pub fn join(self, b: &mut Builder, accumulated: &[Ref], element: &[Ref]) -> PerAccumulator<Ref> {
        match (self, element) {
            (Fold::Deviations, &[x]) => Deviations::of(accumulated).join(b, x),
            // One element's accumulators are what is taken of it.
            _ => self.combine(b, accumulated, element),
        }
    }

    /// Whether elements of `dtype` (already converted) come to the same in whatever order they meet.
    pub fn has_no_order(self, dtype: DType) -> bool {
        match self {
            Fold::Sum | Fold::Prod => !dtype.is_float(),
            Fold::Deviations => false,
            Fold::Max | Fold::Min | Fold::Argmax | Fold::Argmin | Fold::Any | Fold::All => true,
        }
    }

    /// Whether the last accumulator counts the elements that have joined.
    pub fn counts(self) -> bool {
        self == Fold::Deviations
    }

    /// The accumulators of one element, of a fold that counts, without the count.
    pub fn begin(self, b: &mut Builder, element: &[Ref]) -> PerAccumulator<Ref> {
        debug_assert!(self.counts(), "{self} counts nothing");
        Deviations::begin(b, element[0])
    }

    /// The accumulators of some elements with one more, of a fold that counts, without the count.
    pub fn go_on(self, b: &mut Builder, accumulated: &[Ref], element: &[Ref]) -> PerAccumulator<Ref> {
        debug_assert!(self.counts(), "{self} counts nothing");
        let &[squares, sum, pivot] = accumulated else { unreachable!("there are three without the count") };
        let [squares, sum] = Deviations::about(b, pivot, squares, sum, element[0]);
        smallvec![squares, sum, pivot]
    }

    /// The accumulators of `left` and `right` combined, `left` holding the earlier elements. There
    /// are such, or there are none at all.
    pub fn combine(self, b: &mut Builder, left: &[Ref], right: &[Ref]) -> PerAccumulator<Ref> {
        let op = match self {
            Fold::Sum => Binary::Add,
            Fold::Prod => Binary::Multiply,
            Fold::Max => Binary::Maximum,
            Fold::Min => Binary::Minimum,
            Fold::Any => Binary::LogicalOr,
            Fold::All => Binary::LogicalAnd,
            Fold::Argmax => return first_extreme(b, Binary::Greater, left, right),
            Fold::Argmin => return first_extreme(b, Binary::Less, left, right),
            Fold::Deviations => return Deviations::of(left).combine(b, &Deviations::of(right)),
        };
        smallvec![b.binary(op, left[0], right[0])]
    }
}

/// Of `(value, index)` pairs the one that is beyond the other, NaN being beyond all; the lower
/// index among equals. It does not depend on the order in which pairs meet.
fn first_extreme(b: &mut Builder, beyond: Binary, left: &[Ref], right: &[Ref]) -> PerAccumulator<Ref> {
    let (&[v, i], &[w, j]) = (left, right) else { unreachable!("pairs have two accumulators") };
    let mut wins = b.binary(beyond, w, v);
    let mut ties = b.binary(Binary::Equal, v, w);
    if b.dtype(v).is_float() {
        let (v_nan, w_nan) = (b.unary(Unary::IsNan, v), b.unary(Unary::IsNan, w));
        let (v_number, both) =
            (b.unary(Unary::LogicalNot, v_nan), b.binary(Binary::LogicalAnd, v_nan, w_nan));
        let nan_wins = b.binary(Binary::LogicalAnd, w_nan, v_number);
        wins = b.binary(Binary::LogicalOr, wins, nan_wins);
        ties = b.binary(Binary::LogicalOr, ties, both);
    }
    let earlier = b.binary(Binary::Less, j, i);
    let tie_wins = b.binary(Binary::LogicalAnd, ties, earlier);
    let take = b.binary(Binary::LogicalOr, wins, tie_wins);
    smallvec![b.select(take, w, v), b.select(take, j, i)]
}

/// The accumulators of [`Fold::Deviations`]: of `count` elements, the sums of their distances from
/// `pivot` and of the squares of those.
///
/// The pivot is the first element while elements join, and the mean, rounded, once parts have been
/// combined. Either way the sum of squares is not much larger than that of the squared distances
/// from the mean (from one of n elements at most n + 1 times as large, and a block has 16), so that
/// little is lost where the pivot moves; and what the pivot's own rounding leaves is in `sum`. So
/// nothing depends on how far the elements are from zero.
///
/// # Source
/// Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983: the shifted sums,
/// and how parts combine.
struct Deviations {
    squares: Ref,
    sum: Ref,
    pivot: Ref,
    count: Ref,
}

impl Deviations {
    fn of(accumulators: &[Ref]) -> Self {
        let &[squares, sum, pivot, count] = accumulators else { unreachable!("there are four") };
        Self { squares, sum, pivot, count }
    }

    fn join(&self, b: &mut Builder, x: Ref) -> PerAccumulator<Ref> {
        let (zero, one) = (b.number(x, 0.0), b.number(x, 1.0));
        let is_first = b.binary(Binary::Equal, self.count, zero);
        let pivot = b.select(is_first, x, self.pivot);
        let [squares, sum] = Self::about(b, pivot, self.squares, self.sum, x);
        let count = b.binary(Binary::Add, self.count, one);
        smallvec![squares, sum, pivot, count]
    }

    /// What [`Deviations::join`] makes of the first element, without the count.
    fn begin(b: &mut Builder, x: Ref) -> PerAccumulator<Ref> {
        let zero = b.number(x, 0.0);
        let [squares, sum] = Self::about(b, x, zero, zero, x);
        smallvec![squares, sum, x]
    }

    /// The sums with the distance of `x` from `pivot` in them.
    fn about(b: &mut Builder, pivot: Ref, squares: Ref, sum: Ref, x: Ref) -> [Ref; 2] {
        let distance = b.binary(Binary::Subtract, x, pivot);
        [b.fma(distance, distance, squares), b.binary(Binary::Add, sum, distance)]
    }

    fn combine(&self, b: &mut Builder, right: &Self) -> PerAccumulator<Ref> {
        // All distances from the left pivot.
        let apart = b.binary(Binary::Subtract, right.pivot, self.pivot);
        let right_sum = b.fma(right.count, apart, right.sum);
        let both_sums = b.binary(Binary::Add, right_sum, right.sum);
        let right_squares = b.fma(apart, both_sums, right.squares);
        let count = b.binary(Binary::Add, self.count, right.count);
        let sum = b.binary(Binary::Add, self.sum, right_sum);
        let squares = b.binary(Binary::Add, self.squares, right_squares);
        // Then from the mean, as far as it can be said in one number.
        let mean = b.binary(Binary::Divide, sum, count);
        let pivot = b.binary(Binary::Add, self.pivot, mean);
        let moved = b.binary(Binary::Subtract, pivot, self.pivot);
        let back = b.unary(Unary::Negative, moved);
        let rest = b.fma(back, count, sum);
        let both_sums = b.binary(Binary::Add, sum, rest);
        let squares = b.fma(back, both_sums, squares);
        // Nothing on the right changes nothing, not even the pivot.
        let zero = b.number(count, 0.0);
        let nothing = b.binary(Binary::Equal, right.count, zero);
        let combined = [(self.squares, squares), (self.sum, rest), (self.pivot, pivot), (self.count, count)];
        combined.into_iter().map(|(left, both)| b.select(nothing, left, both)).collect()
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
