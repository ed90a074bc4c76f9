//! Logarithms: log, log2, log10, log1p.
//!
//! All write x as 2^k m with m within [sqrt(1/2), sqrt(2)), or nearly so, and take the logarithm of m
//! from f = m - 1, which is exact.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E, LOG10_2, LOG10_E};

use super::exp::ln2;
use super::lanes::Lanes;
use super::pair::Pair;
use crate::base::DType;
use crate::op::Ref;

/// (log(1 + f) - f) / f^2 on sqrt(1/2) <= 1 + f <= sqrt(2), relative to log: degree 8, error 2^-27.78.
const LOG_F32: [f64; 9] = [
    -0.49999988,
    0.33333325,
    -0.25001585,
    0.20001979,
    -0.16609085,
    0.14181827,
    -0.1324304,
    0.129045,
    -0.07621741,
];

/// The same in `f64`, for results in `f32`: degree 10, error 2^-33.13.
const LOG_FOR_F32: [f64; 11] = [
    -0.500000002840357,
    0.33333331982259284,
    -0.2499993812802324,
    0.2000009646697288,
    -0.16670327219350442,
    0.14285697851111367,
    -0.12412650140507721,
    0.11021098435349949,
    -0.1087046678346356,
    0.10726951908548324,
    -0.059941402341936977,
];

/// As the first, over log(2): error 2^-27.49.
const LOG2_F32: [f64; 9] = [
    -0.72134733,
    0.48089778,
    -0.360699,
    0.2886009,
    -0.2395793,
    0.20388393,
    -0.19066939,
    0.19083957,
    -0.116802745,
];

/// As the first, over log(10): error 2^-27.47.
const LOG10_F32: [f64; 9] = [
    -0.21714719,
    0.1447648,
    -0.10858054,
    0.08686749,
    -0.0721323,
    0.06159083,
    -0.05751378,
    0.05604353,
    -0.033100802,
];

/// (log(1 + f) - f) / f^2 on -1/4 <= f <= 1/2, relative to log: degree 8, error 2^-27.49.
pub(super) const LOG1P_F32: [f64; 9] = [
    -0.5,
    0.33333462,
    -0.25000194,
    0.19990395,
    -0.16642745,
    0.14475496,
    -0.1320613,
    0.10582211,
    -0.045965325,
];

/// (log((1 + s) / (1 - s)) / s - 2) / z, where z = s^2 and sqrt(1/2) <= (1 + s) / (1 - s) <= sqrt(2):
/// degree 6, error 2^-58.49 of 2, relative to the logarithm over s.
const LOG_F64: [f64; 7] = [
    0.6666666666666734,
    0.3999999999941669,
    0.2857142874200499,
    0.22222198608489402,
    0.1818356262820955,
    0.15314091469221347,
    0.1479555956807281,
];

/// The base of a logarithm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    E,
    Two,
    Ten,
}

/// `value` as the nearest `f32` and the rest.
fn parts(value: f64) -> (f64, f64) {
    let high = f64::from(value as f32);
    (high, value - high)
}

/// A positive number as 2^k m.
pub(super) struct Split {
    pub(super) k: Ref,
    pub(super) m: Ref,
    /// The stored exponent that 2^k has, where it stands in the bits; `f64` only.
    exponent: Option<Ref>,
}

impl Split {
    pub(super) fn of(l: &mut Lanes, x: Ref) -> Self {
        Self::from(l, x, FRAC_1_SQRT_2)
    }

    /// The same with m within [`least`, 2 `least`), where that is between 1/2 and 1.
    pub(super) fn from(l: &mut Lanes, x: Ref, least: f64) -> Self {
        if l.is_f32() { Self::of_f32(l, x, least) } else { Self::of_f64(l, x, least, true) }
    }

    /// x, or if that is subnormal 2^`by` x; and whether.
    fn normal(l: &mut Lanes, x: Ref, by: i32) -> (Ref, Ref) {
        let subnormal = l.below(x, l.pick(f64::from(f32::MIN_POSITIVE), f64::MIN_POSITIVE));
        let scaled = l.scale(x, 2_f64.powi(by));
        (l.select(subnormal, scaled, x), subnormal)
    }

    fn of_f32(l: &mut Lanes, x: Ref, least: f64) -> Self {
        let least = i64::from((least as f32).to_bits());
        let (x, subnormal) = Self::normal(l, x, 23);
        let (scaled, plain) = (l.integer(least + (23 << 23)), l.integer(least));
        let start = l.select(subnormal, scaled, plain);
        let bits = l.bits(x);
        let bits = l.sub(bits, start);
        let k = l.shift_right(bits, 23);
        let k = l.b.cast(k, DType::F32);
        let fraction = l.and(bits, (1 << 23) - 1);
        let m = l.add(fraction, plain);
        Self { k, m: l.float(m), exponent: None }
    }

    /// Without a conversion from `i64`, which vectors of 128 bits lack: the stored exponent becomes the
    /// low bits of a float whose last place is 1. It is not negative, so its shift is a logical one.
    fn of_f64(l: &mut Lanes, x: Ref, least: f64, maybe_subnormal: bool) -> Self {
        let least = least.to_bits() as i64;
        let two_52 = 2_f64.powi(52);
        let plain = l.number(two_52 + 1023.0);
        let (x, zero_exponent) = if maybe_subnormal {
            let (x, subnormal) = Self::normal(l, x, 54);
            let scaled = l.number(two_52 + 1023.0 + 54.0);
            (x, l.select(subnormal, scaled, plain))
        } else {
            (x, plain)
        };
        let bits = l.bits(x);
        let start = l.integer((1023 << 52) - least);
        let bits = l.add(bits, start);
        let exponent = l.and(bits, 0x7ff << 52);
        let low = l.shift_right(exponent, 52);
        let magic = l.integer(two_52.to_bits() as i64);
        let k = l.or(low, magic);
        let k = l.float(k);
        let k = l.sub(k, zero_exponent);
        let fraction = l.and(bits, (1 << 52) - 1);
        let least = l.integer(least);
        let m = l.add(fraction, least);
        Self { k, m: l.float(m), exponent: Some(exponent) }
    }
}

/// `y`, but where `x` is not within (pole, inf): -inf at the pole, inf at inf, else NaN.
fn in_domain(l: &mut Lanes, x: Ref, pole: f64, y: Ref) -> Ref {
    let (minus_infinity, nan) = (l.number(f64::NEG_INFINITY), l.number(f64::NAN));
    let at_pole = l.equals(x, pole);
    let outside = l.select(at_pole, minus_infinity, nan);
    let finite = l.below(x, f64::INFINITY);
    let y = l.select(finite, y, x);
    let pole = l.number(pole);
    let inside = l.less(pole, x);
    l.select(inside, y, outside)
}

/// The logarithm to `base` in the format of x.
pub(super) fn log(l: &mut Lanes, x: Ref, base: Base) -> Ref {
    let y = if l.is_f32() { log_f32(l, x, base) } else { log_f64(l, x, base) };
    in_domain(l, x, 0.0, y)
}

/// k log(2) + (f + f^2 q(f)), each multiplied by the logarithm of e; that of 2 and of 10 enters as a
/// float and a correction. Max error: 0.93 ULP for e, 0.99 for 2, 0.95 for 10.
fn log_f32(l: &mut Lanes, x: Ref, base: Base) -> Ref {
    let split = Split::of(l, x);
    let (k, f) = (split.k, l.add_number(split.m, -1.0));
    if base == Base::E {
        let q = l.polynomial(f, &LOG_F32);
        let square = l.mul(f, f);
        let y = l.fma(square, q, f);
        return l.scale_add(k, LN_2, y);
    }
    let (coefficients, unit) = if base == Base::Two { (&LOG2_F32, LOG2_E) } else { (&LOG10_F32, LOG10_E) };
    let (high, low) = parts(unit);
    let q = l.polynomial(f, coefficients);
    let q = l.fma_number(q, f, low);
    let rest = l.mul(f, q);
    let y = l.scale_add(f, high, rest);
    if base == Base::Two {
        return l.add(k, y);
    }
    let (high, low) = parts(LOG10_2);
    let y = l.scale_add(k, low, y);
    l.scale_add(k, high, y)
}

/// log(1 + f) = f - f^2/2 + s (f^2/2 + z p(z)) where s = f / (2 + f) and z = s^2, which is the way of
/// FreeBSD's msun.
struct Mantissa {
    f: Ref,
    s: Ref,
    minus_half_f: Ref,
    /// -f^2/2, rounded.
    minus_half_square: Ref,
    /// f^2/2 + z p(z).
    bracket: Ref,
}

impl Mantissa {
    fn of(l: &mut Lanes, m: Ref) -> Self {
        let f = l.add_number(m, -1.0);
        let two_more = l.add_number(m, 1.0);
        let s = l.div(f, two_more);
        let z = l.mul(s, s);
        let p = l.polynomial(z, &LOG_F64);
        let minus_half_f = l.scale(f, -0.5);
        let minus_half_square = l.mul(f, minus_half_f);
        let half_square = l.negative(minus_half_square);
        let bracket = l.fma(z, p, half_square);
        Self { f, s, minus_half_f, minus_half_square, bracket }
    }
}

/// log(x) + `doublings` log(2) of a normal positive pair in `f32`, as log.
pub(super) fn log_of_pair_f32(l: &mut Lanes, x: Pair, doublings: f64) -> Ref {
    let start = l.integer(i64::from(std::f32::consts::FRAC_1_SQRT_2.to_bits()));
    let bits = l.bits(x.high);
    let bits = l.sub(bits, start);
    let k = l.shift_right(bits, 23);
    let k = l.b.cast(k, DType::F32);
    let fraction = l.and(bits, (1 << 23) - 1);
    let m = l.add(fraction, start);
    let m = l.float(m);
    let f = l.add_number(m, -1.0);
    let exponent = l.and(bits, -1 << 23);
    let one = l.integer(i64::from(1_f32.to_bits()));
    let scale = l.sub(one, exponent);
    let scale = l.float(scale);
    let lost = l.mul(x.low, scale);
    let rest = log_beyond(l, f, lost, &LOG_F32);
    let y = l.add(f, rest);
    let k = l.add_number(k, doublings);
    l.scale_add(k, LN_2, y)
}

/// log(1 + f + lost) - f in `f32`, as f^2 q(f) with these coefficients of q, and lost / (1 + f) or nearly so:
/// lost (1 - f).
pub(super) fn log_beyond(l: &mut Lanes, f: Ref, lost: Ref, q: &[f64]) -> Ref {
    let minus_lost = l.negative(lost);
    let lost = l.fma(f, minus_lost, lost);
    let q = l.polynomial(f, q);
    let square = l.mul(f, f);
    l.fma(square, q, lost)
}

/// k log(2) + log(1 + f) + rest, where the first part of log(2) times k and its sum with f lose nothing.
fn join(l: &mut Lanes, k: Ref, mantissa: &Mantissa, rest: Option<Ref>) -> Ref {
    // The leading 42 bits of log(2), so that the product with k, of 11 bits, is exact; and the rest.
    const HIGH: f64 = 0.6931471805598903;
    const LOW: f64 = 5.497923018708371e-14;
    let f = mantissa.f;
    let whole = l.scale(k, HIGH);
    let sum = Pair::sum_of_ordered(l, whole, f);
    let mut lost = l.scale_add(k, LOW, sum.low);
    if let Some(rest) = rest {
        lost = l.add(lost, rest);
    }
    let curved = l.fma(mantissa.s, mantissa.bracket, mantissa.minus_half_square);
    let lost = l.add(lost, curved);
    l.add(sum.high, lost)
}

/// k log(2) + log(1 + f) in two floats; for 2 and 10 times the logarithm of e in two. Max error: 0.86 ULP
/// for e, 0.68 for 2, 0.63 for 10.
fn log_f64(l: &mut Lanes, x: Ref, base: Base) -> Ref {
    let Split { k, m, .. } = Split::of(l, x);
    let mantissa = Mantissa::of(l, m);
    if base == Base::E {
        return join(l, k, &mantissa, None);
    }
    // log(1 + f) as a float and a correction, times the logarithm of e likewise.
    let Mantissa { f, s, minus_half_f, minus_half_square, bracket } = mantissa;
    let Pair { high, low: lost } = Pair::sum_of_ordered(l, f, minus_half_square);
    let half_square = l.negative(minus_half_square);
    let square_lost = l.fma(f, minus_half_f, half_square);
    let lost = l.add(lost, square_lost);
    let low = l.fma(s, bracket, lost);
    // log2(e) and log10(e) less their nearest floats.
    let (unit, unit_low) =
        if base == Base::Two { (LOG2_E, 2.0355273740931033e-17) } else { (LOG10_E, 1.098319650216765e-17) };
    let value = l.scale(high, unit);
    let minus_value = l.scale(high, -unit);
    let lost = l.scale_add(high, unit, minus_value);
    let lost = l.scale_add(high, unit_low, lost);
    let lost = l.scale_add(low, unit, lost);
    let (whole, lost) = if base == Base::Two {
        (k, lost)
    } else {
        // The leading 42 bits of log10(2), and the rest.
        (l.scale(k, 0.30102999566395283), l.scale_add(k, 2.8363394551044964e-14, lost))
    };
    let sum = Pair::sum_of_ordered(l, whole, value);
    let lost = l.add(sum.low, lost);
    l.add(sum.high, lost)
}

/// log(1 + x) in the format of x.
pub(super) fn log1p(l: &mut Lanes, x: Ref) -> Ref {
    let y = if l.is_f32() { log1p_f32(l, x) } else { log1p_f64(l, x) };
    in_domain(l, x, -1.0, y)
}

/// k log(2) + log(1 + f), where 2^k is the power of two for which 2^-k (1 + x) is within [3/4, 3/2], and
/// f = 2^-k x + (2^-k - 1), exact but for large x. Max error: 0.93 ULP.
fn log1p_f32(l: &mut Lanes, x: Ref) -> Ref {
    // f is exact if no x between -1/4 and 1/2 is scaled. For that 1 + x is made a little larger, and so
    // is the greatest float that needs no power of two: then both ends round to the right side.
    let more = l.number(f64::from(1.0 + f32::EPSILON));
    let sum = l.fma(x, more, more);
    let (bits, start) = (l.bits(sum), l.integer(i64::from(1.5_f32.to_bits()) + 1));
    let bits = l.sub(start, bits);
    let minus_k = l.shift_right(bits, 23);
    let minus_k = l.b.cast(minus_k, DType::F32);
    let exponent = l.and(bits, -1 << 23);
    // 2^-k itself may be subnormal, four times it is not.
    let four = l.integer(i64::from(4_f32.to_bits()));
    let scale = l.add(exponent, four);
    let scale = l.float(scale);
    let scale = l.scale(scale, 0.25);
    // Negated last: where the scale is 1 this is -0, and -0 stays what it is.
    let one = l.number(1.0);
    let lacking = l.sub(one, scale);
    let less_one = l.negative(lacking);
    let f = l.fma(x, scale, less_one);
    let q = l.polynomial(f, &LOG1P_F32);
    let square = l.mul(f, f);
    let y = l.fma(square, q, f);
    let (ln2, _) = ln2(l);
    l.scale_add(minus_k, -ln2, y)
}

/// As log of 1 + x rounded, and what the rounding lost divided by 1 + x. Max error: 0.86 ULP.
fn log1p_f64(l: &mut Lanes, x: Ref) -> Ref {
    let one = l.number(1.0);
    let sum = Pair::sum(l, one, x);
    let y = log_f64_of_sum(l, sum, None);
    super::exp::unless_tiny(l, x, 2_f64.powi(-53), y)
}

/// log(1 + high + low) of a sum >= 0 in two floats, and `doublings` log(2) more. Max error: as log1p.
pub(super) fn log_of_one_more_f64(l: &mut Lanes, high: Ref, low: Ref, doublings: Ref) -> Ref {
    let one = l.number(1.0);
    let sum = Pair::sum(l, one, high);
    let low = l.add(sum.low, low);
    log_f64_of_sum(l, Pair { high: sum.high, low }, Some(doublings))
}

fn log_f64_of_sum(l: &mut Lanes, sum: Pair, doublings: Option<Ref>) -> Ref {
    let Split { k, m, exponent } = Split::of_f64(l, sum.high, FRAC_1_SQRT_2, false);
    let exponent = exponent.expect("kept for f64");
    // 4 / 2^k: its stored exponent is 2 + 2 * 1023 less that of 2^k.
    let start = l.integer(i64::MIN);
    let scale = l.sub(start, exponent);
    let scale = l.float(scale);
    let lost = l.scale(sum.low, 0.25);
    let lost = l.mul(lost, scale);

    // 1 / m = (1 - s) / (1 + s), near enough to 1 - 2 s + 2 s^2.
    let mantissa = Mantissa::of(l, m);
    let (s, two) = (mantissa.s, l.number(2.0));
    let inverse = l.fma_number(s, two, -2.0);
    let inverse = l.fma_number(s, inverse, 1.0);
    let rest = l.mul(lost, inverse);
    let k = match doublings {
        Some(doublings) => l.add(k, doublings),
        None => k,
    };
    join(l, k, &mantissa, Some(rest))
}

/// In `f64`, log(x) of a normal positive x, for a result in `f32`: nothing is compensated.
pub(super) fn log_for_f32(l: &mut Lanes, x: Ref) -> Ref {
    let Split { k, m, .. } = Split::of_f64(l, x, FRAC_1_SQRT_2, false);
    let f = l.add_number(m, -1.0);
    let q = l.polynomial(f, &LOG_FOR_F32);
    let square = l.mul(f, f);
    let y = l.fma(square, q, f);
    l.scale_add(k, LN_2, y)
}
