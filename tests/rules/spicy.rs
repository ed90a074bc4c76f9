//! The values on which rewrites go wrong.

use broadloom::base::DType;
use broadloom::op::Values;

/// The values of `dtype` on which rewrites go wrong, and a few ordinary ones.
pub fn spicy(dtype: DType) -> Values {
    macro_rules! ints {
        ($T:ident) => {
            vec![0, 1, -1, 2, -2, 3, 7, -13, 31, 32, 63, 64, $T::MIN, $T::MIN + 1, $T::MAX, $T::MAX / 3]
                .into()
        };
    }
    macro_rules! floats {
        ($T:ident) => {{
            let smallest = $T::from_bits(1);
            let positive = [
                0.0,
                smallest,
                $T::MIN_POSITIVE,
                $T::EPSILON,
                0.1,
                0.5,
                1.0 - $T::EPSILON / 2.0,
                1.0,
                1.5,
                3.0,
                1.0 / $T::EPSILON + 1.0,
                $T::MAX.sqrt() * 2.0,
                $T::MAX,
                $T::INFINITY,
                $T::NAN,
            ];
            positive.into_iter().flat_map(|x| [x, -x]).collect::<Vec<$T>>().into()
        }};
    }
    match dtype {
        DType::Bool => vec![false, true].into(),
        DType::I32 => ints!(i32),
        DType::I64 => ints!(i64),
        DType::F32 => floats!(f32),
        DType::F64 => floats!(f64),
        other => panic!("{other} has no values here"),
    }
}
