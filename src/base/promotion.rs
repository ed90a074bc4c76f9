//! NumPy 2's promotion of dtypes (NEP 50): arrays by a table, Rust scalars weakly.

use crate::base::{DType, Kind, Scalar};

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
}

impl Weak {
    /// The rung of promotion the scalar stands on.
    pub fn kind(self) -> Kind {
        match self {
            Weak::Bool(_) => Kind::Bool,
            Weak::Int(_) => Kind::Int,
            Weak::Float(_) => Kind::Float,
        }
    }

    /// The dtype a scalar has where it meets no array: `bool`, `i64`, `f64`.
    pub fn default_dtype(self) -> DType {
        match self.kind() {
            Kind::Bool => DType::Bool,
            Kind::Int => DType::I64,
            Kind::Float => DType::F64,
        }
    }

    /// The value as `dtype`; `None` if it is an integer that does not fit.
    pub fn to_scalar(self, dtype: DType) -> Option<Scalar> {
        match (self, dtype.kind()) {
            (Weak::Bool(value), _) => Some(Scalar::from(value).cast(dtype)),
            (Weak::Int(value), Kind::Int) => {
                let exact = i64::try_from(value).ok()?;
                let scalar = Scalar::from(exact).cast(dtype);
                (scalar.to_i64() == exact).then_some(scalar)
            }
            (Weak::Int(value), Kind::Bool) => Some(Scalar::from(value != 0)),
            // One rounding: through f64 first would round twice.
            (Weak::Int(value), Kind::Float) if dtype == DType::F32 => Some(Scalar::from(value as f32)),
            (Weak::Int(value), Kind::Float) => Some(Scalar::from(value as f64).cast(dtype)),
            (Weak::Float(value), _) => Some(Scalar::from(value).cast(dtype)),
        }
    }
}

/// The dtype in which an operation on arrays of `a` and `b` is computed.
pub fn promote(a: DType, b: DType) -> DType {
    let (low, high) = if a.kind() <= b.kind() { (a, b) } else { (b, a) };
    match (low.kind(), high.kind()) {
        (Kind::Int, Kind::Int) | (Kind::Float, Kind::Float) if low.size() > high.size() => low,
        // A 24-bit significand cannot hold 32-bit integers.
        (Kind::Int, Kind::Float) if low.size() >= high.size() => DType::F64,
        _ => high,
    }
}

/// The dtype in which an array of `array` and a weak scalar meet.
pub fn promote_weak(array: DType, weak: Weak) -> DType {
    if weak.kind() <= array.kind() { array } else { weak.default_dtype() }
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
            assert_eq!(promote(a, b), result, "{a} with {b}");
            assert_eq!(promote(b, a), result, "{b} with {a}");
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
