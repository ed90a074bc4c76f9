//! Shapes and numbers of random graphs: small, and odd where compilers break.

use broadloom::base::{DType, Scalar, Shape};
use broadloom::op::Values;
use fastrand::Rng;

/// Most elements an array of a random graph has.
const MOST_ELEMENTS: usize = 4096;

/// Extents around the widths of vectors, in elements.
const AROUND_VECTORS: &[usize] = &[7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65];

/// True once in `n` times.
pub fn one_in(rng: &mut Rng, n: usize) -> bool {
    rng.usize(..n) == 0
}

/// A dtype, floats more often than others.
pub fn dtype(rng: &mut Rng) -> DType {
    match rng.usize(..32) {
        0..7 => DType::F32,
        7..11 => DType::F64,
        11..14 => DType::I32,
        14..17 => DType::I64,
        17..20 => DType::Bool,
        _ => {
            let carried: Vec<DType> = DType::ALL.iter().copied().filter(|dtype| !dtype.is_native()).collect();
            carried[rng.usize(..carried.len())]
        }
    }
}

/// An extent of at least 1.
pub fn extent(rng: &mut Rng) -> usize {
    match rng.usize(..20) {
        0..15 => rng.usize(1..=5),
        15..18 => rng.usize(6..=40),
        _ => AROUND_VECTORS[rng.usize(..AROUND_VECTORS.len())],
    }
}

/// Whether an array of these extents, or one that reduces its empty axes, has too many elements.
pub fn too_large(extents: &[usize]) -> bool {
    extents.iter().filter(|&&n| n != 0).product::<usize>() > MOST_ELEMENTS
}

/// A shape of rank 0 to 5, now and then 8; with an empty axis if asked for; some are long rows, so
/// that reductions have several blocks.
pub fn shape(rng: &mut Rng, empty: bool) -> Shape {
    let mut extents: Vec<usize> = match rng.usize(..40) {
        0 => (0..8).map(|_| rng.usize(1..=2)).collect(),
        1 => vec![rng.usize(500..=1100)],
        2 => vec![rng.usize(1..=3), rng.usize(500..=1100)],
        3 => vec![rng.usize(500..=1100), rng.usize(1..=3)],
        _ => (0..rng.usize(..=5)).map(|_| extent(rng)).collect(),
    };
    if empty {
        if extents.is_empty() {
            extents.push(0);
        }
        let axis = rng.usize(..extents.len());
        extents[axis] = 0;
    }
    while too_large(&extents) {
        let axis = rng.usize(..extents.len());
        extents[axis] = extents[axis].div_ceil(3);
    }
    Shape::new(extents)
}

/// The values on which arithmetic goes wrong.
pub fn special(rng: &mut Rng, dtype: DType) -> Scalar {
    let sign = if rng.bool() { 1.0 } else { -1.0 };
    match dtype {
        DType::Bool => rng.bool().into(),
        DType::I32 => [0, 1, -1, i32::MIN, i32::MAX][rng.usize(..5)].into(),
        DType::I64 => [0, 1, -1, i64::MIN, i64::MAX][rng.usize(..5)].into(),
        DType::F32 => {
            let list =
                [0.0, 1.0, f32::NAN, f32::INFINITY, f32::MAX, f32::from_bits(1), f32::MIN_POSITIVE / 3.0];
            list[rng.usize(..list.len())].copysign(sign as f32).into()
        }
        _ if !dtype.is_native() => {
            // Zeros, ones, NaN, infinities, the largest, the smallest and another subnormal number, or 1, all
            // ones and the ends of integers.
            let bits = 8 * dtype.size() as u32;
            let list = match dtype {
                DType::F16 => [0, 0x3c00, 0x7e00, 0x7c00, 0x7bff, 1, 0x0155],
                DType::BF16 => [0, 0x3f80, 0x7fc0, 0x7f80, 0x7f7f, 1, 0x0055],
                _ => [0, 1, (1 << (bits - 1)) - 1, 1 << (bits - 1), u64::MAX >> (64 - bits), 0, 1],
            };
            let sign = if dtype.is_half() && sign < 0.0 { 0x8000 } else { 0 };
            Scalar::from_bits(dtype, list[rng.usize(..list.len())] | sign)
        }
        _ => {
            let list =
                [0.0, 1.0, f64::NAN, f64::INFINITY, f64::MAX, f64::from_bits(1), f64::MIN_POSITIVE / 3.0];
            list[rng.usize(..list.len())].copysign(sign).into()
        }
    }
}

/// Whether a value is one of the special ones: NaN, an infinity, a zero, subnormal, MIN, MAX or ±1.
pub fn is_special(value: Scalar) -> bool {
    match value.dtype() {
        DType::Bool => true,
        DType::I32 => matches!(value.to_i64() as i32, 0 | 1 | -1 | i32::MIN | i32::MAX),
        DType::I64 => matches!(value.to_i64(), 0 | 1 | -1 | i64::MIN | i64::MAX),
        DType::F32 => {
            let x = value.to_f64() as f32;
            !x.is_normal() || matches!(x.abs(), 1.0 | f32::MAX)
        }
        dtype @ (DType::F16 | DType::BF16) => {
            let (least, most) = match dtype {
                DType::F16 => (2_f64.powi(-14), 65_504.0),
                _ => (2_f64.powi(-126), 2_f64.powi(128) - 2_f64.powi(120)),
            };
            let size = value.to_f64().abs();
            !(least..most).contains(&size) || size == 1.0
        }
        dtype if dtype.is_int() => {
            let ends = [f64::NEG_INFINITY, f64::INFINITY].map(|x| Scalar::new(dtype, x));
            matches!(value.to_i64(), -1..=1) || ends.contains(&value)
        }
        _ => {
            let x = value.to_f64();
            !x.is_normal() || matches!(x.abs(), 1.0 | f64::MAX)
        }
    }
}

/// Any value: small whole numbers, fractions, and now and then any bits.
fn ordinary(rng: &mut Rng, dtype: DType) -> Scalar {
    match (dtype, rng.usize(..16)) {
        (DType::Bool, _) => rng.bool().into(),
        (DType::I32, 0) => rng.i32(..).into(),
        (DType::I64, 0) => rng.i64(..).into(),
        (DType::F32, 0) => Scalar::from(f32::from_bits(rng.u32(..))),
        (DType::F64, 0) => Scalar::from(f64::from_bits(rng.u64(..))),
        (_, 0) => Scalar::from_bits(dtype, rng.u64(..) >> (64 - 8 * dtype.size())),
        (_, 1..6) => Scalar::from(rng.i64(-9..=9)).cast(dtype),
        (_, 6..8) => Scalar::from((rng.f64() - 0.5) * 100.0).cast(dtype),
        _ => Scalar::from((rng.f64() - 0.5) * 8.0).cast(dtype),
    }
}

/// `count` values; with `spicy` more than half of them are special.
pub fn values(rng: &mut Rng, dtype: DType, count: usize, spicy: bool) -> Values {
    let each = |_| if spicy && rng.usize(..16) < 9 { special(rng, dtype) } else { ordinary(rng, dtype) };
    let scalars: Vec<Scalar> = (0..count).map(each).collect();
    Values::collect(dtype, scalars.into_iter())
}

/// One value, as [`values`] gives them.
pub fn scalar(rng: &mut Rng, dtype: DType, spicy: bool) -> Scalar {
    // Texts of a NaN do not say its bits, so constants hold one NaN only.
    match values(rng, dtype, 1, spicy).get(0) {
        nan if nan.is_nan() => Scalar::new(dtype, f64::NAN),
        value => value,
    }
}
