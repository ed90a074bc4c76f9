//! Powers, and the length of a vector of two.
//!
//! Special values are those of IEEE 754-2019, section 9.2.1 (`pow`, `hypot`), which are those of C's Annex F.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`: of
//! `hypot` of 10^8 pairs in `f32` and of 10^7 in `f64`, of `pow` of 2 10^5 and of 5 10^4.

use super::lanes::Lanes;
use super::log::Split;
use super::pair::{self, Pair};
use crate::base::DType;
use crate::op::{Binary, Builder, Ref, Unary};

/// log2(1 + f) / f on sqrt(1/2) <= 1 + f <= sqrt(2), relative: degree 12, error 2^-35.84.
const LOG2_F32: [f64; 13] = [
    1.442695040868709,
    -0.7213475208692558,
    0.4808983613966343,
    -0.36067367478463064,
    0.2885372934229764,
    -0.24045316688992832,
    0.20617535964340847,
    -0.18030058173944385,
    0.15876980600660642,
    -0.14315662039376859,
    0.14474846251190737,
    -0.14283875180080768,
    0.07736991526305922,
];

/// (2^r - 1) / r on |r| <= 1/2, relative to 2^r: degree 6, error 2^-32.01.
const EXP2_F32: [f64; 7] = [
    0.6931471838153813,
    0.2402265092076938,
    0.055504003926289416,
    0.009618056920443615,
    0.0013341927470214407,
    0.0001546136688777591,
    1.3367375444294392e-05,
];

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

    let power = if dtype == DType::F32 {
        let (base, y) = (l.b.cast(base, DType::F64), l.b.cast(y, DType::F64));
        let power = pow_f32(&mut Lanes::new(l.b, DType::F64), base, y);
        l.b.cast(power, DType::F32)
    } else {
        pow_f64(l, base, y)
    };
    let one = l.number(1.0);
    let sign = l.select(odd, x, one);
    let power = l.with_sign_of(power, sign);
    // 1, whatever the other is.
    let (no_power, of_one) = (l.equals(y, 0.0), l.equals(x, 1.0));
    let always = l.b.binary(Binary::LogicalOr, no_power, of_one);
    l.select(always, one, power)
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

/// y, finite: past this, powers of all numbers but 1 are 0 or infinite.
fn bounded(l: &mut Lanes, y: Ref) -> Ref {
    let y = l.at_least(y, -2_f64.powi(64));
    l.at_most(y, 2_f64.powi(64))
}

/// 2^(y log2(size)) in `f64`, for arguments and a result in `f32`. Max error: 0.53 ULP.
fn pow_f32(l: &mut Lanes, size: Ref, y: Ref) -> Ref {
    let Split { k, m, .. } = Split::of_f64(l, size, false);
    let f = l.add_number(m, -1.0);
    let p = l.polynomial(f, &LOG2_F32);
    let logarithm = l.fma(f, p, k);
    let logarithm = at_ends(l, size, logarithm);
    let y = bounded(l, y);
    let t = l.mul(y, logarithm);
    // Past these the result is 0 or infinite in f32.
    let t = l.at_least(t, -160.0);
    let t = l.at_most(t, 130.0);
    let magic = l.magic() + l.bias() as f64;
    let shifted = l.add_number(t, magic);
    let n = l.add_number(shifted, -magic);
    let r = l.sub(t, n);
    let p = l.polynomial(r, &EXP2_F32);
    let p = l.fma_number(p, r, 1.0);
    let bits = l.bits(shifted);
    let power = l.power(bits);
    l.mul(p, power)
}

/// e^(y log(size)) by pairs. Max error: 0.75 ULP.
fn pow_f64(l: &mut Lanes, size: Ref, y: Ref) -> Ref {
    let split = Split::of_f64(l, size, true);
    let logarithm = pair::log(l, split);
    let high = at_ends(l, size, logarithm.high);
    let y = bounded(l, y);
    let t = Pair::product(l, y, high);
    let low = l.fma(y, logarithm.low, t.low);
    // Past these the result is 0 or infinite, whatever the low part.
    let t = Pair { high: t.high, low }.bounded(l, -750.0, 712.0);
    pair::exp(l, t)
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
