//! What is asked about dtypes as such.

use crate::base::promotion::{promote, promote_all};
use crate::base::{DType, Error, ErrorKind, Kind, Result, bf16, f16};

/// Whether values of `from` go to `to` safely, as NumPy has it: without a loss of what they are, but that
/// integers of 64 bits are rounded where they become `f64`.
///
/// # Examples
/// ```
/// use broadloom::{can_cast, prelude::*};
///
/// assert!(can_cast(U8, I16) && !can_cast(I16, U8));
/// assert!(can_cast(I64, F64) && !can_cast(I32, F32));
/// ```
pub fn can_cast(from: DType, to: DType) -> bool {
    promote(from, to).is_ok_and(|met| met == to)
}

/// The dtype in which arrays of these dtypes meet.
///
/// # Errors
/// If there are none, or `u64` is among them, a signed integer too, and no float.
///
/// # Examples
/// ```
/// use broadloom::{prelude::*, result_type};
///
/// assert_eq!(result_type(&[U8, I8])?, I16);
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn result_type(dtypes: &[DType]) -> Result<DType> {
    let met = promote_all(dtypes.iter().copied());
    let met = met.map_err(|error| Error::new(error.kind(), format!("result_type: {error}")))?;
    met.ok_or_else(|| Error::new(ErrorKind::DType, "result_type: there are no dtypes"))
}

/// Sorts of dtypes, for [`isdtype`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DTypeKind {
    /// Truth values.
    Bool,
    /// Signed integers.
    SignedInteger,
    /// Unsigned integers.
    UnsignedInteger,
    /// Integers, signed and unsigned.
    Integral,
    /// Floats.
    RealFloating,
    /// Complex numbers.
    ComplexFloating,
    /// Integers, floats and complex numbers.
    Numeric,
}

/// Whether `dtype` is of this kind.
///
/// # Examples
/// ```
/// use broadloom::{DTypeKind, isdtype, prelude::*};
///
/// assert!(isdtype(U8, DTypeKind::Integral) && !isdtype(Bool, DTypeKind::Numeric));
/// ```
pub fn isdtype(dtype: DType, kind: DTypeKind) -> bool {
    match kind {
        DTypeKind::Bool => dtype.kind() == Kind::Bool,
        DTypeKind::SignedInteger => dtype.is_int() && !dtype.is_unsigned(),
        DTypeKind::UnsignedInteger => dtype.is_unsigned(),
        DTypeKind::Integral => dtype.is_int(),
        DTypeKind::RealFloating => dtype.is_float(),
        DTypeKind::ComplexFloating => dtype.is_complex(),
        DTypeKind::Numeric => dtype.kind() != Kind::Bool,
    }
}

/// What there is to know of a float dtype. See [`finfo`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FloatInfo {
    /// The dtype.
    pub dtype: DType,
    /// Bits of a value.
    pub bits: u32,
    /// From 1 to the next larger value.
    pub eps: f64,
    /// The largest finite value.
    pub max: f64,
    /// The least finite value.
    pub min: f64,
    /// The smallest positive value with all digits.
    pub smallest_normal: f64,
    /// The smallest positive value.
    pub smallest_subnormal: f64,
}

/// The limits of a float dtype, or of the parts of complex numbers.
///
/// # Errors
/// If it is none.
///
/// # Examples
/// ```
/// use broadloom::{finfo, prelude::*};
///
/// assert_eq!(finfo(F16)?.max, 65504.0);
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn finfo(dtype: DType) -> Result<FloatInfo> {
    let dtype = dtype.part();
    // The least exponent of values with all digits.
    let least = match dtype {
        DType::F16 => 1 - f16::BIAS,
        DType::BF16 => 1 - bf16::BIAS,
        DType::F32 => f32::MIN_EXP - 1,
        DType::F64 => f64::MIN_EXP - 1,
        _ => return Err(Error::new(ErrorKind::DType, format!("finfo: {dtype} is no float"))),
    };
    let fraction = dtype.digits() as i32 - 1;
    let (eps, smallest_normal) = (2_f64.powi(-fraction), 2_f64.powi(least));
    // Exponents go as far up as down, from 1.
    let max = (2.0 - eps) * 2_f64.powi(1 - least);
    let smallest_subnormal = smallest_normal * eps;
    let bits = 8 * dtype.size() as u32;
    Ok(FloatInfo { dtype, bits, eps, max, min: -max, smallest_normal, smallest_subnormal })
}

/// What there is to know of an integer dtype. See [`iinfo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntegerInfo {
    /// The dtype.
    pub dtype: DType,
    /// Bits of a value.
    pub bits: u32,
    /// The largest value.
    pub max: i128,
    /// The least value.
    pub min: i128,
}

/// The limits of an integer dtype.
///
/// # Errors
/// If it is none.
///
/// # Examples
/// ```
/// use broadloom::{iinfo, prelude::*};
///
/// assert_eq!(iinfo(U64)?.max, u64::MAX.into());
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn iinfo(dtype: DType) -> Result<IntegerInfo> {
    if !dtype.is_int() {
        return Err(Error::new(ErrorKind::DType, format!("iinfo: {dtype} is no integer")));
    }
    let (bits, max) = (8 * dtype.size() as u32, (1_i128 << dtype.digits()) - 1);
    Ok(IntegerInfo { dtype, bits, max, min: if dtype.is_unsigned() { 0 } else { -max - 1 } })
}
