//! Reductions' ways of combining: one row each. Combining is associative up to rounding, and the
//! identity is exact: combining it with any value gives that value, bit for bit. So a missing
//! element and an identity are the same thing.

use std::fmt;

use smallvec::{SmallVec, smallvec};

use crate::base::{DType, Kind, Scalar};
use crate::op::{Binary, Builder, Ref, Unary};

/// How a reduction combines two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Sum; of integers and truth values in 64 bits.
    Sum,
    /// Product; of integers and truth values in 64 bits.
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
}

impl Fold {
    /// Every fold; tests walk it.
    pub const ALL: &[Fold] =
        &[Fold::Sum, Fold::Prod, Fold::Max, Fold::Min, Fold::Any, Fold::All, Fold::Argmax, Fold::Argmin];

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
            Fold::Sum | Fold::Prod if dtype.kind() < Kind::Float => DType::I64,
            Fold::Any | Fold::All => DType::Bool,
            _ => dtype,
        }
    }

    /// The accumulators, for elements of `dtype` (already converted).
    pub fn accumulators(self, dtype: DType) -> SmallVec<[DType; 2]> {
        if self.takes_index() { smallvec![dtype, DType::I64] } else { smallvec![dtype] }
    }

    /// Which accumulator is the result.
    pub fn result(self) -> usize {
        usize::from(self.takes_index())
    }

    /// Per accumulator the value that changes nothing. A sum's is `-0.0`, since `0.0` would turn
    /// `-0.0` into itself.
    pub fn identity(self, dtype: DType) -> SmallVec<[Scalar; 2]> {
        let lowest = match dtype {
            DType::Bool => Scalar::from(false),
            DType::I32 => Scalar::from(i32::MIN),
            DType::I64 => Scalar::from(i64::MIN),
            _ => Scalar::new(dtype, f64::NEG_INFINITY),
        };
        let highest = match dtype {
            DType::Bool => Scalar::from(true),
            DType::I32 => Scalar::from(i32::MAX),
            DType::I64 => Scalar::from(i64::MAX),
            _ => Scalar::new(dtype, f64::INFINITY),
        };
        match self {
            Fold::Sum => smallvec![Scalar::new(dtype, -0.0)],
            Fold::Prod => smallvec![Scalar::new(dtype, 1.0)],
            Fold::Max => smallvec![lowest],
            Fold::Min => smallvec![highest],
            Fold::Any => smallvec![Scalar::from(false)],
            Fold::All => smallvec![Scalar::from(true)],
            Fold::Argmax => smallvec![lowest, Scalar::from(i64::MAX)],
            Fold::Argmin => smallvec![highest, Scalar::from(i64::MAX)],
        }
    }

    /// The result over no elements, for elements of `dtype` (already converted); `None` where there
    /// is none.
    pub fn empty(self, dtype: DType) -> Option<Scalar> {
        match self {
            Fold::Sum => Some(Scalar::new(dtype, 0.0)),
            Fold::Prod => Some(Scalar::new(dtype, 1.0)),
            Fold::Any => Some(Scalar::from(false)),
            Fold::All => Some(Scalar::from(true)),
            Fold::Max | Fold::Min | Fold::Argmax | Fold::Argmin => None,
        }
    }

    /// The accumulators of `left` and `right` combined, `left` holding the earlier elements.
    pub fn combine(self, b: &mut Builder, left: &[Ref], right: &[Ref]) -> SmallVec<[Ref; 2]> {
        let op = match self {
            Fold::Sum => Binary::Add,
            Fold::Prod => Binary::Multiply,
            Fold::Max => Binary::Maximum,
            Fold::Min => Binary::Minimum,
            Fold::Any => Binary::LogicalOr,
            Fold::All => Binary::LogicalAnd,
            Fold::Argmax => return first_extreme(b, Binary::Greater, left, right),
            Fold::Argmin => return first_extreme(b, Binary::Less, left, right),
        };
        smallvec![b.binary(op, left[0], right[0])]
    }
}

/// Of `(value, index)` pairs the one that is beyond the other, NaN being beyond all; the lower
/// index among equals. It does not depend on the order in which pairs meet.
fn first_extreme(b: &mut Builder, beyond: Binary, left: &[Ref], right: &[Ref]) -> SmallVec<[Ref; 2]> {
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

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
