//! Dtypes that machine code has no ops of, by those of the dtypes that carry them ([`DType::carrier`]):
//! integers of 8 and 16 bits are computed with in `i32`, `u32` in `i64`, and wrap after every op; `u64` is
//! computed with by its bits in `i64`; floats of 16 bits are computed with in `f32` and rounded after every
//! op.
//!
//! So machine code needs to know three things of such a dtype: how its values come from memory and go
//! there, that a value is a value of its carrier, and what the carrier's values become: [`nearest`], or what
//! is left of their bits. All else is definitions of ops and conversions here.

use std::sync::OnceLock;

use super::bits::nextafter;
use super::lanes::Lanes;
use crate::base::{DType, Scalar};
use crate::op::{Binary, Builder, Expr, Ref, Routine, Unary};

/// `op x`, of a dtype that another carries.
pub(super) fn unary(b: &mut Builder, op: Unary, x: Ref) -> Ref {
    let dtype = b.dtype(x);
    let carried = b.cast(x, dtype.carrier());
    let result = match op {
        Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Round if dtype.is_int() => {
            if op == Unary::Abs && !dtype.is_unsigned() { b.unary(op, carried) } else { carried }
        }
        Unary::Sign if dtype == DType::U64 => {
            let (zero, one) = (b.number(carried, 0.0), b.number(carried, 1.0));
            let none = b.binary(Binary::Equal, carried, zero);
            b.select(none, zero, one)
        }
        _ => b.unary(op, carried),
    };
    b.cast(result, op.result(dtype))
}

/// `x op y`, of a dtype that another carries.
pub(super) fn binary(b: &mut Builder, op: Binary, x: Ref, y: Ref) -> Ref {
    let dtype = b.dtype(x);
    let [m, n] = [x, y].map(|value| b.cast(value, dtype.carrier()));
    let result = match (op, dtype) {
        (Binary::FloorDivide, DType::U64) => b.call(Routine::FloorDivide, &[x, y]),
        (Binary::Remainder, DType::U64) => b.call(Routine::Remainder, &[x, y]),
        (Binary::Pow, DType::U64) => b.call(Routine::Pow, &[x, y]),
        (Binary::Gcd, DType::U64) => b.call(Routine::Gcd, &[x, y]),
        (Binary::Lcm, DType::U64) => b.call(Routine::Lcm, &[x, y]),
        (Binary::Nextafter, DType::F16) => nextafter(&mut Lanes::of(b, m), m, n, stored_f16, loaded_f16),
        (Binary::Nextafter, _) => nextafter(&mut Lanes::of(b, m), m, n, stored_bf16, loaded_bf16),
        // Exponents are never negative.
        (Binary::Pow, _) if dtype.is_unsigned() => b.call(Routine::Pow, &[m, n]),
        (Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual, DType::U64) => {
            let [m, n] = [m, n].map(|bits| signed_order(b, bits));
            b.binary(op, m, n)
        }
        (Binary::Maximum | Binary::Minimum, DType::U64) => {
            let [a, c] = [m, n].map(|bits| signed_order(b, bits));
            let less = b.binary(Binary::Less, a, c);
            if op == Binary::Maximum { b.select(less, n, m) } else { b.select(less, m, n) }
        }
        (Binary::BitwiseRightShift, DType::U64) => {
            // Once without the sign, then as often as is left; by none, not at all.
            let (zero, one) = (b.number(n, 0.0), b.number(n, 1.0));
            let halved = halved(b, m);
            let rest = b.binary(Binary::Subtract, n, one);
            let shifted = b.binary(Binary::BitwiseRightShift, halved, rest);
            let none = b.binary(Binary::Equal, n, zero);
            b.select(none, m, shifted)
        }
        _ => b.binary(op, m, n),
    };
    b.cast(result, op.result(dtype))
}

/// The conversion between two dtypes, at least one of which another carries; `None` where machine code has
/// it: between two that none carries, and between a dtype and its carrier.
pub fn cast(from: DType, to: DType) -> Option<&'static Expr> {
    const COUNT: usize = DType::ALL.len();
    static CELLS: [[OnceLock<Expr>; COUNT]; COUNT] = [const { [const { OnceLock::new() }; COUNT] }; COUNT];
    let simple =
        from.is_native() && to.is_native() || from.carrier() == to || to.carrier() == from || from == to;
    (!simple).then(|| {
        CELLS[from as usize][to as usize].get_or_init(|| {
            let mut b = Builder::default();
            let x = b.arg(0, from);
            let out = define_cast(&mut b, x, to);
            b.finish([out])
        })
    })
}

fn define_cast(b: &mut Builder, x: Ref, to: DType) -> Ref {
    let from = b.dtype(x);
    let carried = b.cast(x, from.carrier());
    if from == DType::U64 && to.is_float() {
        return match to.is_half() {
            true => {
                let odd = to_odd(b, carried, true);
                let odd = b.cast(odd, DType::U64);
                let float = b.cast(odd, DType::F64);
                b.cast(float, to)
            }
            false => unsigned_to_float(b, carried, to),
        };
    }
    let value = match (b.dtype(carried), to) {
        (DType::F64, DType::F16 | DType::BF16) => to_odd_f32(b, carried),
        (DType::I32, DType::F16 | DType::BF16) if from != DType::I32 => b.cast(carried, DType::F32),
        (DType::I32, DType::F16 | DType::BF16) => {
            let double = b.cast(carried, DType::F64);
            to_odd_f32(b, double)
        }
        (DType::I64, DType::F16 | DType::BF16) => {
            let odd = to_odd(b, carried, false);
            let double = b.cast(odd, DType::F64);
            to_odd_f32(b, double)
        }
        (DType::F32 | DType::F64, DType::U64) => float_to_unsigned(b, carried),
        (DType::F32 | DType::F64, _) if to.is_int() && !to.is_native() => {
            let whole = b.cast(carried, to.carrier());
            let lowest = Scalar::from(f64::NEG_INFINITY).cast(to).cast(to.carrier());
            let highest = Scalar::from(f64::INFINITY).cast(to).cast(to.carrier());
            let (lowest, highest) = (b.constant(lowest), b.constant(highest));
            let whole = b.binary(Binary::Maximum, whole, lowest);
            b.binary(Binary::Minimum, whole, highest)
        }
        _ => b.cast(carried, to.carrier()),
    };
    b.cast(value, to)
}

/// The bits of an unsigned integer as a signed one that compares as it does.
fn signed_order(b: &mut Builder, bits: Ref) -> Ref {
    let sign = b.constant(i64::MIN);
    b.binary(Binary::BitwiseXor, bits, sign)
}

/// Half of an unsigned integer, by its bits.
fn halved(b: &mut Builder, bits: Ref) -> Ref {
    let (one, rest) = (b.constant(1_i64), b.constant(i64::MAX));
    let shifted = b.binary(Binary::BitwiseRightShift, bits, one);
    b.binary(Binary::BitwiseAnd, shifted, rest)
}

/// An unsigned integer, by its bits, as a float, rounded once: what is too large for a signed one is halved,
/// a lost digit staying in the last place, and doubled again.
fn unsigned_to_float(b: &mut Builder, bits: Ref, to: DType) -> Ref {
    let (zero, one) = (b.constant(0_i64), b.constant(1_i64));
    let large = b.binary(Binary::Less, bits, zero);
    let half = halved(b, bits);
    let last = b.binary(Binary::BitwiseAnd, bits, one);
    let half = b.binary(Binary::BitwiseOr, half, last);
    let small = b.select(large, half, bits);
    let float = b.cast(small, to);
    let twice = b.binary(Binary::Add, float, float);
    b.select(large, twice, float)
}

/// A float as an unsigned integer, by its bits: truncated, and the nearest end past the range.
fn float_to_unsigned(b: &mut Builder, x: Ref) -> Ref {
    let (edge, zero, sign) = (b.number(x, 2_f64.powi(63)), b.constant(0_i64), b.constant(i64::MIN));
    let large = b.binary(Binary::GreaterEqual, x, edge);
    let low = b.cast(x, DType::I64);
    let low = b.binary(Binary::Maximum, low, zero);
    let past = b.binary(Binary::Subtract, x, edge);
    let high = b.cast(past, DType::I64);
    let high = b.binary(Binary::BitwiseXor, high, sign);
    b.select(large, high, low)
}

/// An integer of 64 bits with no more digits than an `f64` has: where some are lost, the last one left is odd,
/// so that rounding it again is as good as rounding once.
fn to_odd(b: &mut Builder, bits: Ref, unsigned: bool) -> Ref {
    const LOST: i64 = (1 << (64 - f64::MANTISSA_DIGITS)) - 1;
    const EXACT: i64 = 1 << f64::MANTISSA_DIGITS;
    let (low, high) = (b.constant(if unsigned { -1 } else { -EXACT }), b.constant(EXACT));
    let (above, below) = (b.binary(Binary::Less, low, bits), b.binary(Binary::Less, bits, high));
    let exact = b.binary(Binary::LogicalAnd, above, below);
    let (zero, lost, kept, odd) =
        (b.constant(0_i64), b.constant(LOST), b.constant(!LOST), b.constant(LOST + 1));
    let rest = b.binary(Binary::BitwiseAnd, bits, lost);
    let whole = b.binary(Binary::Equal, rest, zero);
    let exact = b.binary(Binary::LogicalOr, exact, whole);
    let rounded = b.binary(Binary::BitwiseAnd, bits, kept);
    let rounded = b.binary(Binary::BitwiseOr, rounded, odd);
    b.select(exact, bits, rounded)
}

/// An `f64` as the `f32` next to it: where it is none, the one of its two neighbors whose last digit is odd.
fn to_odd_f32(b: &mut Builder, x: Ref) -> Ref {
    let near = b.cast(x, DType::F32);
    let back = b.cast(near, DType::F64);
    let (size, reached) = (b.unary(Unary::Abs, x), b.unary(Unary::Abs, back));
    let (short, past) = (b.binary(Binary::Less, reached, size), b.binary(Binary::Less, size, reached));
    let (zero, one, minus) = (b.constant(0_i32), b.constant(1_i32), b.constant(-1_i32));
    let bits = b.bitcast(near, DType::I32);
    let last = b.binary(Binary::BitwiseAnd, bits, one);
    let even = b.binary(Binary::Equal, last, zero);
    let step = b.select(past, minus, zero);
    let step = b.select(short, one, step);
    let step = b.select(even, step, zero);
    let bits = b.binary(Binary::Add, bits, step);
    b.bitcast(bits, DType::F32)
}

/// What becomes of values on the way between memory and registers, for the two floats of 16 bits.
macro_rules! expressions { ($($(#[doc = $doc:literal])* $name:ident from $from:ident: $f16:ident $bf16:ident;)*) => { $(
    $(#[doc = $doc])*
    pub fn $name(half: DType) -> &'static Expr {
        static CELLS: [OnceLock<Expr>; 2] = [const { OnceLock::new() }; 2];
        debug_assert!(half.is_half());
        CELLS[usize::from(half == DType::BF16)].get_or_init(|| {
            let mut b = Builder::default();
            let x = b.arg(0, DType::$from);
            let l = &mut Lanes::new(&mut b, DType::F32);
            let out = if half == DType::F16 { $f16(l, x) } else { $bf16(l, x) };
            b.finish([out])
        })
    }
)* } }
expressions! {
    /// The `f32` nearest to an `f32` that is a value of `half`, halves to even.
    nearest from F32: nearest_f16 nearest_bf16;
    /// The bits, in an `i32`, of an `f32` that is a value of `half`.
    stored from F32: stored_f16 stored_bf16;
    /// The `f32` that these bits of a `half`, in an `i32`, are.
    loaded from I32: loaded_f16 loaded_bf16;
}

/// Infinity's neighbor, were there one.
const F16_PAST: f64 = 65_536.0;

/// Adding the number 2^13 times as large as the first digit, and taking it off again, leaves 11 digits.
fn nearest_f16(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    let size = l.at_most(size, F16_PAST);
    let bits = l.bits(size);
    let exponent = l.and(bits, 0x7f80_0000);
    // Subnormal numbers keep the last place of the smallest normal ones.
    let least = l.integer((127 - 14) << 23);
    let exponent = l.b.binary(Binary::Maximum, exponent, least);
    let more = l.integer(13 << 23);
    let anchor = l.add(exponent, more);
    let anchor = l.float(anchor);
    let sum = l.add(size, anchor);
    let near = l.sub(sum, anchor);
    let finite = l.below(near, F16_PAST);
    let infinite = l.scale(near, f64::INFINITY);
    let near = l.select(finite, near, infinite);
    l.with_sign_of(near, x)
}

fn nearest_bf16(l: &mut Lanes, x: Ref) -> Ref {
    let bits = l.bits(x);
    let last = l.shift_right(bits, 16);
    let last = l.and(last, 1);
    let half = l.integer(0x7fff);
    let bits = l.add(bits, half);
    let bits = l.add(bits, last);
    let bits = l.and(bits, -0x1_0000);
    let near = l.float(bits);
    let (nan, is_nan) = (l.number(f64::NAN), l.b.unary(Unary::IsNan, x));
    l.select(is_nan, nan, near)
}

/// The exponents of the formats differ by 112, and so subnormal numbers of one are some of the other.
const F16_EXPONENT: i32 = 112;

fn stored_f16(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    let size = l.scale(size, 2_f64.powi(-F16_EXPONENT));
    let bits = l.bits(size);
    let bits = l.shift_right(bits, 13);
    let (infinity, nan) = (l.integer(0x7c00), l.integer(0x7e00));
    let bits = l.b.binary(Binary::Minimum, bits, infinity);
    let is_nan = l.b.unary(Unary::IsNan, x);
    let bits = l.select(is_nan, nan, bits);
    let sign = l.bits(x);
    let sign = l.shift_right(sign, 16);
    let sign = l.and(sign, 0x8000);
    l.or(bits, sign)
}

fn stored_bf16(l: &mut Lanes, x: Ref) -> Ref {
    let bits = l.bits(x);
    let bits = l.shift_right(bits, 16);
    l.and(bits, 0xffff)
}

fn loaded_f16(l: &mut Lanes, bits: Ref) -> Ref {
    let magnitude = l.and(bits, 0x7fff);
    let shifted = l.shift_left(magnitude, 13);
    let small = l.float(shifted);
    let value = l.scale(small, 2_f64.powi(F16_EXPONENT));
    let infinity = l.integer(0x7c00);
    let infinite = l.b.binary(Binary::GreaterEqual, magnitude, infinity);
    let exponent = l.integer(0x7f80_0000);
    let past = l.or(shifted, exponent);
    let past = l.float(past);
    let value = l.select(infinite, past, value);
    let sign = l.and(bits, 0x8000);
    let sign = l.shift_left(sign, 16);
    let value = l.bits(value);
    let value = l.or(value, sign);
    l.float(value)
}

fn loaded_bf16(l: &mut Lanes, bits: Ref) -> Ref {
    let bits = l.shift_left(bits, 16);
    l.float(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Values;
    use crate::op::eval::evaluate;

    const HALVES: [DType; 2] = [DType::F16, DType::BF16];

    fn value_of(definition: &Expr, x: &Values) -> Values {
        evaluate(definition, x.len(), &mut |_| x.clone(), &mut 0).swap_remove(0)
    }

    #[track_caller]
    fn assert_same(got: &Values, expected: &Values, of: &Values) {
        let differs = (0..of.len()).find(|&at| !got.get(at).same(expected.get(at)));
        let at = |at: usize| (of.get(at), got.get(at), expected.get(at));
        assert_eq!(differs.map(at), None);
    }

    /// Every value of a float of 16 bits.
    fn all(half: DType) -> Values {
        Values::collect(half, (0..=0xffff).map(|bits| Scalar::from_bits(half, bits)))
    }

    #[test]
    fn every_value_comes_from_memory_and_goes_back() {
        let bits = Values::I32((0..=0xffff).collect());
        for half in HALVES {
            let values = all(half).cast(DType::F32);
            assert_same(&value_of(loaded(half), &bits), &values, &bits);
            let back = value_of(stored(half), &values);
            for at in (0..back.len()).filter(|at| !values.get(*at).is_nan()) {
                assert_eq!(back.get(at), bits.get(at));
            }
            for nan in (0..back.len()).filter(|at| values.get(*at).is_nan()) {
                assert!(Scalar::from_bits(half, back.get(nan).bits()).is_nan());
            }
        }
    }

    /// The middles between neighbors, and the floats next to those.
    fn middles(half: DType, to: DType) -> Values {
        let values = all(half);
        let sizes = (0..0x7fff).map(|at| (values.get(at).to_f64(), values.get(at + 1).to_f64()));
        let middles = sizes.map(|(low, high)| (low + high) / 2.0).filter(|x| x.is_finite());
        let around = middles.flat_map(|x| match to {
            DType::F32 => [f64::from((x as f32).next_down()), x, f64::from((x as f32).next_up())],
            _ => [x.next_down(), x, x.next_up()],
        });
        Values::collect(to, around.flat_map(|x| [x, -x]).map(|x| Scalar::new(to, x)))
    }

    #[test]
    fn floats_go_to_the_nearest_value_once() {
        let step = if std::env::var_os("BROADLOOM_EXHAUSTIVE").is_some() { 1 } else { 1009 };
        for half in HALVES {
            let singles = middles(half, DType::F32);
            assert_same(&value_of(nearest(half), &singles), &singles.cast(half).cast(DType::F32), &singles);
            let doubles = middles(half, DType::F64);
            let definition = cast(DType::F64, half).expect("no instruction rounds so");
            assert_same(&value_of(definition, &doubles), &doubles.cast(half), &doubles);
            for part in 0..=0xff_u32 {
                let bits = (part << 24..=part << 24 | 0xff_ffff).step_by(step);
                let any = Values::F32(bits.map(f32::from_bits).collect());
                assert_same(&value_of(nearest(half), &any), &any.cast(half).cast(DType::F32), &any);
            }
        }
    }
}
