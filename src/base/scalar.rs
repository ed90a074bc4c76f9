//! One typed value, held by its bits.

use std::fmt;

use crate::base::DType;

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
        match self.dtype {
            DType::Bool => f64::from(self.bits as u8),
            DType::I32 => f64::from(self.bits as u32 as i32),
            DType::I64 => self.bits as i64 as f64,
            DType::F32 => f64::from(f32::from_bits(self.bits as u32)),
            DType::F64 => f64::from_bits(self.bits),
        }
    }

    /// The value as an integer: floats truncate and saturate, NaN is 0.
    pub fn to_i64(self) -> i64 {
        match self.dtype {
            DType::Bool => i64::from(self.bits as u8),
            DType::I32 => i64::from(self.bits as u32 as i32),
            DType::I64 => self.bits as i64,
            DType::F32 => f32::from_bits(self.bits as u32) as i64,
            DType::F64 => f64::from_bits(self.bits) as i64,
        }
    }

    /// Whether the value is not zero; NaN is not zero.
    pub fn to_bool(self) -> bool {
        match self.dtype {
            DType::F32 | DType::F64 => self.to_f64() != 0.0,
            _ => self.bits != 0,
        }
    }

    /// The value converted to `to`: integers wrap, floats to integers truncate, saturate and take
    /// NaN to 0, everything to bool asks whether it is not zero.
    pub fn cast(self, to: DType) -> Self {
        if self.dtype == to {
            return self;
        }
        match to {
            DType::Bool => self.to_bool().into(),
            DType::I32 if self.dtype == DType::F32 => (f32::from_bits(self.bits as u32) as i32).into(),
            DType::I32 if self.dtype == DType::F64 => (f64::from_bits(self.bits) as i32).into(),
            DType::I32 => (self.to_i64() as i32).into(),
            DType::I64 => self.to_i64().into(),
            DType::F32 if self.dtype == DType::I64 => (self.bits as i64 as f32).into(),
            DType::F32 => (self.to_f64() as f32).into(),
            DType::F64 => self.to_f64().into(),
        }
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

macro_rules! from { ($($rust:ident $Name:ident |$x:ident| $bits:expr;)*) => { $(
    impl From<$rust> for Scalar {
        fn from($x: $rust) -> Self {
            Self { dtype: DType::$Name, bits: $bits }
        }
    }
)* } }
from! {
    bool Bool |x| u64::from(x);
    i32 I32 |x| u64::from(x as u32);
    i64 I64 |x| x as u64;
    f32 F32 |x| u64::from(x.to_bits());
    f64 F64 |x| x.to_bits();
}

impl fmt::Display for Scalar {
    /// As short as reads back: `2`, `0.5`, `-inf`, `nan`, `true`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dtype {
            DType::Bool => write!(f, "{}", self.bits != 0),
            DType::I32 | DType::I64 => write!(f, "{}", self.to_i64()),
            _ if self.is_nan() => f.write_str("nan"),
            DType::F32 => float(f, f32::from_bits(self.bits as u32), self.to_f64()),
            DType::F64 => float(f, f64::from_bits(self.bits), self.to_f64()),
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
