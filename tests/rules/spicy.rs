//! The values on which rewrites go wrong.

use broadloom::base::{DType, Scalar};
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
        _ if dtype.is_int() => {
            let ends = [f64::NEG_INFINITY, f64::INFINITY].map(|x| Scalar::new(dtype, x));
            let small =
                [0, 1, -1, 2, 7, 8, 15, 16, 32, 63, 64, 1 << 31].map(|n: i64| Scalar::from(n).cast(dtype));
            Values::collect(dtype, small.into_iter().chain(ends))
        }
        _ => {
            let (least, normal, last) = match dtype {
                DType::F16 => (2_f64.powi(-24), 2_f64.powi(-14), 2_f64.powi(-10)),
                _ => (2_f64.powi(-133), 2_f64.powi(-126), 2_f64.powi(-7)),
            };
            let most: f64 = if dtype == DType::F16 { 65_504.0 } else { 3.3e38 };
            let positive =
                [0.0, least, normal, last, 0.1, 0.5, 1.0 - last / 2.0, 1.0, 1.5, 3.0, 1.0 / last + 1.0];
            let large = [most.sqrt() * 2.0, most, f64::INFINITY, f64::NAN];
            let all = positive.into_iter().chain(large).flat_map(|x| [x, -x]);
            Values::collect(dtype, all.map(|x| Scalar::new(dtype, x)))
        }
    }
}
