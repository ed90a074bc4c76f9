//! Powers, and the length of a vector of two.
//!
//! Special values are those of IEEE 754-2019, section 9.2.1 (`pow`, `hypot`), which are those of C's Annex F.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`, of 10^8
//! pairs in `f32` and of 10^7 in `f64`.

use std::f64::consts::LN_2;

use super::exp::powers;
use super::lanes::Lanes;
use super::log::Split;
use super::pair::{self, Pair};
use crate::base::DType;
use crate::op::{Binary, Builder, Ref, Unary};

/// (log2((1 + s) / (1 - s)) / s - 2 / log(2)) / z, where z = s^2 <= 0.0056: degree 2, error 2^-39.47 of 2 / log(2),
/// relative to the logarithm over s.
const LOG2_F32: [f64; 3] = [0.9617967, 0.57706845, 0.4154652];

/// (2^r - 1 - r log(2)) / r^2 on |r| <= 1/2, relative to 2^r: degree 5, error 2^-31.98.
const EXP2_F32: [f64; 6] = [0.2402265, 0.055504106, 0.009618058, 0.0013333806, 0.00015465396, 1.5213661e-05];

/// x to the power y: |x| to the power y, with the sign of x where y is an odd integer, and NaN where x is
/// negative and y no integer.
pub(super) fn pow(b: &mut Builder, x: Ref, y: Ref) -> Ref {
    let dtype = b.dtype(x);
    let l = &mut Lanes::new(b, dtype);
    let size = l.abs(x);
    // Large floats are even integers, infinities too.
    let half = l.scale(y, 0.5);
    let (whole, half_whole) = (l.b.unary(Unary::Round, y), l.b.unary(Unary::Round, half));
    let (broken, odd_or_broken) = (differ(l, y, whole), differ(l, half, half_whole));
    let odd = l.b.binary(Binary::Greater, odd_or_broken, broken);
    let (zero, minus_infinity) = (l.number(0.0), l.number(f64::NEG_INFINITY));
    let (negative, finite) = (l.less(x, zero), l.less(minus_infinity, x));
    let outside = l.b.binary(Binary::LogicalAnd, negative, finite);
    let outside = l.b.binary(Binary::LogicalAnd, outside, broken);
    let nan = l.number(f64::NAN);
    let base = l.select(outside, nan, size);

    let power = if l.is_f32() { pow_f32(l, base, y) } else { pow_f64(l, base, y) };
    // 1, whatever the other is; so is an infinite power of -1.
    let (no_power, of_one) = (l.equals(y, 0.0), l.equals(base, 1.0));
    let always = l.b.binary(Binary::LogicalOr, no_power, of_one);
    let one = l.number(1.0);
    let power = l.select(always, one, power);
    let sign = l.select(odd, x, one);
    l.with_sign_of(power, sign)
}

fn differ(l: &mut Lanes, a: Ref, b: Ref) -> Ref {
    l.b.binary(Binary::NotEqual, a, b)
}

/// `logarithm`, but -inf where the size is 0, and infinite or NaN where that is.
fn at_ends(l: &mut Lanes, size: Ref, logarithm: Ref) -> Ref {
    let finite = l.below(size, f64::INFINITY);
    let logarithm = l.select(finite, logarithm, size);
    let (is_zero, minus_infinity) = (l.equals(size, 0.0), l.number(f64::NEG_INFINITY));
    l.select(is_zero, minus_infinity, logarithm)
}

/// A power of 2, and for `f64` of e, that is nothing, whatever a low part adds.
const NOTHING: (f64, f64) = (-160.0, -750.0);

/// y times the logarithm of a size that is not 1, within bounds past which the result is 0 or infinite, whatever
/// the low part.
fn exponent(l: &mut Lanes, size: Ref, y: Ref, logarithm: Pair) -> Pair {
    let high = at_ends(l, size, logarithm.high);
    let product = Pair::product(l, y, high);
    let low = l.fma(y, logarithm.low, product.low);
    let (least, greatest) = l.pick((NOTHING.0, 130.0), (NOTHING.1, 712.0));
    Pair { high: product.high, low }.bounded(l, least, greatest)
}

/// 2^(y log2(size)) by pairs. Max error: 0.93 ULP.
fn pow_f32(l: &mut Lanes, size: Ref, y: Ref) -> Ref {
    let logarithm = log2_f32(l, size);
    let t = exponent(l, size, y, logarithm);
    exp2_f32(l, t)
}

/// e^(y log(size)) by pairs. Max error: 0.78 ULP.
fn pow_f64(l: &mut Lanes, size: Ref, y: Ref) -> Ref {
    let split = Split::of(l, size);
    let logarithm = pair::log(l, split);
    let t = exponent(l, size, y, logarithm);
    pair::exp(l, t, NOTHING.1)
}

/// The logarithm to base 2 of a positive number, the second part as large as 2^-9 of the first. The relative error
/// is below 2^-32.
///
/// The number is 2^k m, and m times 5/4, 1 or 13/16, whatever brings it near 1, is exactly 1 + f. With
/// s = f / (2 + f), z = s^2 and p the polynomial the rest is s (2 / log(2) + z p), where z p needs no second float.
fn log2_f32(l: &mut Lanes, size: Ref) -> Pair {
    // The logarithms of 4/5 and 16/13, the first floats so short that their sums with k are exact.
    let below = (-0.321929931640625, 1.8367532626521296e-06);
    let above = (0.299560546875, -2.650160921603968e-07);
    // 2 / log(2) as a float and the rest.
    let unit = (2.885390043258667, 3.85192596e-08);
    let Split { k, m, .. } = Split::from(l, size, 0.692);
    let bound = l.number(1.1034);
    let (is_below, is_above) = (l.below(m, 0.889), l.less(bound, m));
    let mut third = |below: f64, between: f64, above: f64| {
        let [below, between, above] = [below, between, above].map(|value| l.number(value));
        let value = l.select(is_above, above, between);
        l.select(is_below, below, value)
    };
    let factor = third(1.25, 1.0, 0.8125);
    let whole = third(below.0, 0.0, above.0);
    let whole_low = third(below.1, 0.0, above.1);

    let minus_one = l.number(-1.0);
    let f = l.fma(m, factor, minus_one);
    let along = l.add_number(f, 2.0);
    let along_lost = l.add_number(along, -2.0);
    let along_lost = l.sub(f, along_lost);
    let Pair { high: s, low: s_lost } = pair::over_two_more(l, f, Pair { high: along, low: along_lost });

    let z = l.mul(s, s);
    let p = l.polynomial(z, &LOG2_F32);
    let curved = l.fma_number(z, p, unit.1);
    let three = l.number(3.0);
    let slope = l.fma_number(curved, three, unit.0);
    let value = l.scale(s, unit.0);
    let minus_value = l.negative(value);
    let low = l.scale_add(s, unit.0, minus_value);
    let low = l.fma(s_lost, slope, low);
    let low = l.add(low, whole_low);
    let low = l.fma(s, curved, low);
    let whole = l.add(k, whole);
    let sum = Pair::sum_of_ordered(l, whole, value);
    Pair { high: sum.high, low: l.add(sum.low, low) }
}

/// 2^t of a pair whose low part is below 1, rounded to a float twice if it is subnormal, else once.
fn exp2_f32(l: &mut Lanes, t: Pair) -> Ref {
    let magic = l.magic() + 2.0 * l.bias() as f64;
    let shifted = l.add_number(t.high, magic);
    let n = l.add_number(shifted, -magic);
    let r = l.sub(t.high, n);
    let r = l.add(r, t.low);
    // 1 + r log(2), and all that is smaller.
    let (ln2, one) = (l.number(LN_2), l.number(1.0));
    let sum = l.fma(r, ln2, one);
    let lost = l.sub(one, sum);
    let lost = l.fma(r, ln2, lost);
    let q = l.polynomial(r, &EXP2_F32);
    let square = l.mul(r, r);
    let tail = l.fma(square, q, lost);
    let value = l.add(sum, tail);
    let (first, second) = powers(l, n, shifted, NOTHING.0);
    let value = l.mul(value, first);
    l.mul(value, second)
}

/// sqrt(x^2 + y^2); infinite if either is, even if the other is NaN.
pub(super) fn hypot(b: &mut Builder, x: Ref, y: Ref) -> Ref {
    let dtype = b.dtype(x);
    let l = &mut Lanes::new(b, dtype);
    let (x, y) = (l.abs(x), l.abs(y));
    let length = if dtype == DType::F32 {
        // The squares are exact in f64. Max error: 0.51 ULP.
        let (x, y) = (l.b.cast(x, DType::F64), l.b.cast(y, DType::F64));
        let square = l.mul(y, y);
        let sum = l.fma(x, x, square);
        let root = l.b.unary(Unary::Sqrt, sum);
        l.b.cast(root, DType::F32)
    } else {
        hypot_f64(l, x, y)
    };
    let (one, other) = (l.equals(x, f64::INFINITY), l.equals(y, f64::INFINITY));
    let (infinite, infinity) = (l.b.binary(Binary::LogicalOr, one, other), l.number(f64::INFINITY));
    l.select(infinite, infinity, length)
}

/// The root of the sum of the squares, which is rounded once, scaled so that the larger square neither
/// overflows nor loses digits. Max error: 0.89 ULP.
fn hypot_f64(l: &mut Lanes, x: Ref, y: Ref) -> Ref {
    let ordered = l.less(x, y);
    let (large, small) = (l.select(ordered, y, x), l.select(ordered, x, y));
    let one = l.number(1.0);
    let (down, up) = (l.number(2_f64.powi(-600)), l.number(2_f64.powi(600)));
    let bound = l.number(2_f64.powi(500));
    let (is_huge, is_tiny) = (l.less(bound, large), l.below(large, 2_f64.powi(-400)));
    let scale = l.select(is_tiny, up, one);
    let scale = l.select(is_huge, down, scale);
    let back = l.select(is_tiny, down, one);
    let back = l.select(is_huge, up, back);
    let (large, small) = (l.mul(large, scale), l.mul(small, scale));
    let (large, small) = (Pair::product(l, large, large), Pair::product(l, small, small));
    let sum = Pair::sum_of_ordered(l, large.high, small.high);
    let low = l.add(large.low, small.low);
    let low = l.add(sum.low, low);
    let sum = l.add(sum.high, low);
    let root = l.b.unary(Unary::Sqrt, sum);
    l.mul(root, back)
}
