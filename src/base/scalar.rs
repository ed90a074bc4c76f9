//! One typed value, held by its bits.

use std::fmt;

use crate::base::dtype::{Exact, sealed::Number, typed};
use crate::base::{DType, Element, bf16, f16};

/// A value of some dtype. Equality and hash are those of the bits, so `-0.0 != 0.0` and a NaN
/// equals itself: what an interned graph and a cache key need.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scalar {
    dtype: DType,
    bits: u64,
}

impl Scalar {
    /// The value whose low bytes are `bits`.
    pub const fn from_bits(dtype: DType, bits: u64) -> Self {
        Self { dtype, bits }
    }

    /// Its dtype.
    pub const fn dtype(self) -> DType {
        self.dtype
    }

    /// Its bits in the low bytes; the bytes above are zero.
    pub const fn bits(self) -> u64 {
        self.bits
    }

    /// `value` as `dtype`, as [`Scalar::cast`] does it.
    pub fn new(dtype: DType, value: f64) -> Self {
        Self::from(value).cast(dtype)
    }

    /// The value as a float; exact but for 64-bit integers past 2^53, which round.
    pub fn to_f64(self) -> f64 {
        f64::convert(self.exact())
    }

    /// The value as an integer: floats truncate and saturate, NaN is 0, large `u64` wrap.
    pub fn to_i64(self) -> i64 {
        i64::convert(self.exact())
    }

    /// Whether the value is not zero; NaN is not zero.
    pub fn to_bool(self) -> bool {
        bool::convert(self.exact())
    }

    /// The value without its dtype.
    pub(crate) fn exact(self) -> Exact {
        typed!(self.dtype, T => T::of_bits(self.bits).exact())
    }

    /// The value converted to `to`: integers wrap, floats to integers truncate, saturate and take
    /// NaN to 0, everything to bool asks whether it is not zero.
    pub fn cast(self, to: DType) -> Self {
        if self.dtype == to {
            return self;
        }
        let value = self.exact();
        Self { dtype: to, bits: typed!(to, T => T::convert(value).bits()) }
    }

    /// Equal bits, all NaNs counting as one value: the equality of section "meaning" of the docs.
    pub fn same(self, other: Self) -> bool {
        self == other || (self.dtype == other.dtype && self.is_nan() && other.is_nan())
    }

    /// Whether this is a float NaN.
    pub fn is_nan(self) -> bool {
        self.dtype.is_float() && self.to_f64().is_nan()
    }
}

impl<T: Element + Number> From<T> for Scalar {
    fn from(value: T) -> Self {
        Self { dtype: T::DTYPE, bits: value.bits() }
    }
}

impl fmt::Display for Scalar {
    /// As short as reads back: `2`, `0.5`, `-inf`, `nan`, `true`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exact() {
            Exact::Unsigned(_) if self.dtype == DType::Bool => write!(f, "{}", self.bits != 0),
            Exact::Unsigned(n) => write!(f, "{n}"),
            Exact::Signed(n) => write!(f, "{n}"),
            Exact::Float(x) if x.is_nan() => f.write_str("nan"),
            Exact::Float(x) => match self.dtype {
                DType::F16 => float(f, f16::of_bits(self.bits), x),
                DType::BF16 => float(f, bf16::of_bits(self.bits), x),
                DType::F32 => float(f, f32::of_bits(self.bits), x),
                _ => float(f, x, x),
            },
        }
    }
}

/// Large and tiny magnitudes in exponent form, all others plainly.
fn float(f: &mut fmt::Formatter<'_>, shortest: impl fmt::Display + fmt::LowerExp, value: f64) -> fmt::Result {
    let magnitude = value.abs();
    if value.is_finite() && magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        write!(f, "{shortest:e}")
    } else {
        write!(f, "{shortest}")
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}{}", self.dtype)
    }
}
