//! NumPy 2's promotion of dtypes (NEP 50): arrays by a table, Rust scalars weakly.

use smallvec::SmallVec;

use crate::base::dtype::Exact;
use crate::base::{DType, Error, ErrorKind, Kind, Result, Scalar, c128};

/// A Rust scalar on its way into an expression: it takes the dtype of the array it meets unless
/// its kind is higher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weak {
    /// `true`, `false`.
    Bool(bool),
    /// Any integer literal or variable.
    Int(i128),
    /// Any float literal or variable.
    Float(f64),
    /// A complex number.
    Complex(c128),
}

impl Weak {
    /// The rung of promotion the scalar stands on.
    pub fn kind(self) -> Kind {
        match self {
            Weak::Bool(_) => Kind::Bool,
            Weak::Int(_) => Kind::Int,
            Weak::Float(_) => Kind::Float,
            Weak::Complex(_) => Kind::Complex,
        }
    }

    /// The dtype a scalar has where it meets no array: `bool`, `i64`, `f64`, `c128`.
    pub fn default_dtype(self) -> DType {
        match self.kind() {
            Kind::Bool => DType::Bool,
            Kind::Int => DType::I64,
            Kind::Float => DType::F64,
            Kind::Complex => DType::C128,
        }
    }

    /// The real and the imaginary part.
    pub fn parts(self) -> (Weak, Weak) {
        match self {
            Weak::Complex(value) => (Weak::Float(value.re), Weak::Float(value.im)),
            real => (real, Weak::Float(0.0)),
        }
    }

    /// The value as `dtype`, which is no complex one; `None` if it is an integer that does not fit, or complex.
    pub fn to_scalar(self, dtype: DType) -> Option<Scalar> {
        match (self, dtype.kind()) {
            (Weak::Bool(value), _) => Some(Scalar::from(value).cast(dtype)),
            (Weak::Int(value), Kind::Int) => {
                let scalar = small(value)?.cast(dtype);
                let fits = match scalar.exact() {
                    Exact::Unsigned(kept) => i128::from(kept) == value,
                    _ => i128::from(scalar.to_i64()) == value,
                };
                fits.then_some(scalar)
            }
            (Weak::Int(value), Kind::Bool) => Some(Scalar::from(value != 0)),
            // One rounding: through f64 first would round twice.
            (Weak::Int(value), Kind::Float | Kind::Complex) => {
                Some(small(value).unwrap_or_else(|| Scalar::from(value as f64)).cast(dtype))
            }
            (Weak::Float(value), _) => Some(Scalar::from(value).cast(dtype)),
            (Weak::Complex(_), _) => None,
        }
    }
}

/// An integer of up to 64 bits.
fn small(value: i128) -> Option<Scalar> {
    i64::try_from(value).map(Scalar::from).or_else(|_| u64::try_from(value).map(Scalar::from)).ok()
}

/// The dtype in which an operation on arrays of `a` and `b` is computed.
///
/// # Errors
/// If one is `u64` and the other a signed integer: NumPy takes `f64` then, which holds neither.
pub fn promote(a: DType, b: DType) -> Result<DType> {
    if a == b {
        return Ok(a);
    }
    let (low, high) = if a.kind() <= b.kind() { (a, b) } else { (b, a) };
    if high.is_complex() {
        return promote(low.part(), high.part()).map(DType::to_complex);
    }
    if high == DType::U64 && low.is_int() && !low.is_unsigned()
        || low == DType::U64 && high.is_int() && !high.is_unsigned()
    {
        let message = format!("{a} and {b} have no common dtype that holds their values: cast one of them");
        return Err(Error::new(ErrorKind::DType, message));
    }
    if low.fits(high) {
        return Ok(high);
    }
    if high.fits(low) && low.kind() == high.kind() {
        return Ok(low);
    }
    // The smallest that holds both; floats of 64 bits are as good as holding integers of 64.
    let wider =
        DType::ALL.iter().copied().filter(|dtype| dtype.kind() == high.kind() && !dtype.is_unsigned());
    Ok(wider
        .filter(|dtype| low.fits(*dtype) && high.fits(*dtype))
        .min_by_key(|d| d.size())
        .unwrap_or(DType::F64))
}

/// The dtype in which several meet, whatever their order: the highest kind first, since it may hold what lower
/// ones have no common dtype for. `None` of none.
///
/// # Errors
/// As [`promote`].
pub fn promote_all(dtypes: impl IntoIterator<Item = DType>) -> Result<Option<DType>> {
    let mut dtypes = dtypes.into_iter();
    let Some(first) = dtypes.next() else { return Ok(None) };
    let Some(second) = dtypes.next() else { return Ok(Some(first)) };
    let Some(third) = dtypes.next() else { return promote(first, second).map(Some) };
    let mut all: SmallVec<[DType; 4]> = [first, second, third].into_iter().chain(dtypes).collect();
    all.sort_by_key(|dtype| std::cmp::Reverse((dtype.kind(), !dtype.is_unsigned())));
    let highest = all[0];
    all.into_iter().skip(1).try_fold(highest, promote).map(Some)
}

/// The dtype in which an array of `array` and a weak scalar meet.
pub fn promote_weak(array: DType, weak: Weak) -> DType {
    match weak.kind() {
        kind if kind <= array.kind() => array,
        Kind::Complex if array.is_float() => array.to_complex(),
        _ => weak.default_dtype(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::DType::*;

    #[test]
    fn arrays_promote_as_numpy_does() {
        let table = [
            (Bool, Bool, Bool),
            (Bool, I32, I32),
            (Bool, F32, F32),
            (I32, I64, I64),
            (I32, F32, F64),
            (I64, F32, F64),
            (I64, F64, F64),
            (F32, F64, F64),
            (I32, I32, I32),
        ];
        for (a, b, result) in table {
            assert_eq!(promote(a, b).unwrap(), result, "{a} with {b}");
            assert_eq!(promote(b, a).unwrap(), result, "{b} with {a}");
        }
    }

    #[test]
    fn rust_scalars_are_weak() {
        assert_eq!(promote_weak(F32, Weak::Float(2.0)), F32);
        assert_eq!(promote_weak(I32, Weak::Float(2.0)), F64);
        assert_eq!(promote_weak(Bool, Weak::Int(2)), I64);
        assert_eq!(promote_weak(I32, Weak::Bool(true)), I32);
        assert_eq!(Weak::Int(1 << 31).to_scalar(I32), None);
        assert_eq!(Weak::Int(-(1 << 31)).to_scalar(I32), Some(Scalar::from(i32::MIN)));
        assert_eq!(Weak::Int(16_777_217).to_scalar(F32), Some(Scalar::from(16_777_216.0_f32)));
    }
}
