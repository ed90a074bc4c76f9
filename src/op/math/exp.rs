//! The exponential and its relatives: exp, expm1, sigmoid, tanh.
//!
//! All reduce x to r = x - n log(2) with n the nearest integer to x / log(2). The first part of log(2)
//! is its nearest float, and the `fma` that subtracts n times it is exact: for n != 0 both operands
//! are multiples of half an ulp of 1, and the difference is below 1/2.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use std::f64::consts::LOG2_E;

use super::lanes::Lanes;
use super::pair::{Pair, Quotient};
use crate::op::Ref;

/// (e^r - 1 - r) / r^2 on |r| <= log(2)/2, relative to e^r: degree 4, error 2^-28.22.
pub(super) const EXP_F32: [f64; 5] = [0.49999994, 0.16666517, 0.041668102, 0.0083691925, 0.0013838918];

/// The same for `f64`: degree 9, error 2^-57.88.
pub(super) const EXP_F64: [f64; 10] = [
    0.5000000000000011,
    0.16666666666666438,
    0.04166666666652575,
    0.008333333333473813,
    0.0013888888944882764,
    0.00019841269560397006,
    2.4801491713776994e-05,
    2.7557530288437043e-06,
    2.7630770525565207e-07,
    2.5020309042615347e-08,
];

/// The same in `f64`, for results in `f32`: degree 6, error 2^-39.67.
const EXP_FOR_F32: [f64; 7] = [
    0.5000000000427162,
    0.166666667845198,
    0.041666664402979336,
    0.00833328178135931,
    0.0013889197332731095,
    0.00019908957893674043,
    2.4708259132270276e-05,
];

/// (2^f - 1) / f on |f| <= 1/2, relative to 2^f: degree 5, error 2^-27.59.
#[expect(clippy::approx_constant, reason = "a coefficient that comes out so")]
const EXP2_F32: [f64; 6] = [0.6931472, 0.24022646, 0.05550345, 0.00961854, 0.0013398952, 0.00015353419];

/// The same for `f64`: degree 10, error 2^-57.06.
#[expect(clippy::approx_constant, reason = "a coefficient that comes out so")]
const EXP2_F64: [f64; 11] = [
    0.6931471805599453,
    0.24022650695910172,
    0.055504108664824574,
    0.00961812910757708,
    0.0013333558145566878,
    0.00015403530478843428,
    1.5252734738690915e-05,
    1.3215424486901114e-06,
    1.017765574215638e-07,
    7.075616434916694e-09,
    4.5193733762396105e-10,
];

/// (e^r - 1 - r) / r^2 on |r| <= log(2)/2, relative to e^r - 1: degree 5, error 2^-30.29. The first
/// coefficient comes out as exactly 1/2, and so it does for `f64`.
const EXPM1_F32: [f64; 6] = [0.5, 0.16666666, 0.04166642, 0.008333462, 0.00139407, 0.00019846107];

/// The same for `f64`: degree 10, error 2^-61.24.
const EXPM1_F64: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.04166666666666669,
    0.008333333333321783,
    0.0013888888888887677,
    0.00019841269885276255,
    2.4801587291422578e-05,
    2.755724530607122e-06,
    2.75573201386594e-07,
    2.5108610845313392e-08,
    2.0896323576015233e-09,
];

/// (tanh(sqrt t) / sqrt t - 1) / t on 0 <= t <= 1, relative to tanh: degree 6, error 2^-27.67.
const TANH_F32: [f64; 7] =
    [-0.33333296, 0.13332348, -0.053879987, 0.021487176, -0.007946848, 0.002301891, -0.00035859962];

/// log(2) as the nearest float and the nearest float to the rest (Cody and Waite's reduction).
pub(super) fn ln2(l: &Lanes) -> (f64, f64) {
    // log(2) = 0.693147180559945309417232121458176568...
    let high = l.pick(f64::from(std::f32::consts::LN_2), std::f64::consts::LN_2);
    (high, l.pick(std::f64::consts::LN_2 - high, 2.3190468138462996e-17))
}

/// x as n log(2) + r.
struct Reduced {
    /// A float whose low bits are n + twice the bias of the format.
    shifted: Ref,
    n: Ref,
    r: Ref,
}

impl Reduced {
    fn of(l: &mut Lanes, x: Ref) -> Self {
        let (high, low) = ln2(l);
        let magic = l.magic() + 2.0 * l.bias() as f64;
        let inverse = l.number(LOG2_E);
        let shifted = l.fma_number(x, inverse, magic);
        let n = l.add_number(shifted, -magic);
        let r = l.scale_add(n, -high, x);
        let r = l.scale_add(n, -low, r);
        Self { shifted, n, r }
    }

    /// Where no x is below `least`, whose exponential is nothing.
    fn powers(&self, l: &mut Lanes, least: f64) -> (Ref, Ref) {
        powers(l, self.n, self.shifted, power_of(least))
    }
}

/// Two floats whose product is 2^n, where the low bits of `shifted` are n + twice the bias. Either alone
/// has an exponent in range; multiplying by both in turn overflows and rounds to subnormals as it should.
///
/// No n is below `least`, which is that of all whose result is 0: there the second float is 0. Many processors take
/// a hundred cycles and more for a product that is subnormal, or too small for that, and a product with 0 is not.
pub(super) fn powers(l: &mut Lanes, n: Ref, shifted: Ref, least: f64) -> (Ref, Ref) {
    // At `least` the second has the bits of an exponent below all normal ones, which are those of 0; one further up
    // it is the smallest normal power. The half keeps both from where the product with n is rounded.
    let bias = l.bias() as f64;
    let share = l.number((least + bias) / (least + 0.5));
    let first = l.fma_number(n, share, l.magic() + bias);
    let (all, first) = (l.bits(shifted), l.bits(first));
    let second = l.sub(all, first);
    (l.power(first), l.power(second))
}

/// e^r for |r| <= log(2)/2.
pub(super) fn exp_of_reduced(l: &mut Lanes, r: Ref) -> Ref {
    let p = l.polynomial(r, l.pick(&EXP_F32[..], &EXP_F64[..]));
    let p = l.fma_number(p, r, 1.0);
    l.fma_number(p, r, 1.0)
}

/// A number whose exponential is nothing in `f32`, as are those of all that have its n.
pub(super) const NOTHING: f64 = -104.7;

/// The same in `f64`.
const NOTHING_F64: f64 = -746.0;

/// The n of e^x.
pub(super) fn power_of(x: f64) -> f64 {
    (x * LOG2_E).round()
}

/// e^x = 2^n e^r, e^r by Horner's rule. Max error: 0.90 ULP in `f32`, 0.87 in `f64`.
pub(super) fn exp(l: &mut Lanes, x: Ref) -> Ref {
    // Past these the result is 0 or infinite, and n stays within what two exponents can say.
    let least = l.pick(NOTHING, NOTHING_F64);
    let x = l.at_least(x, least);
    let x = l.at_most(x, l.pick(89.0, 710.0));
    let reduced = Reduced::of(l, x);
    let p = exp_of_reduced(l, reduced.r);
    let (first, second) = reduced.powers(l, least);
    let p = l.mul(p, first);
    l.mul(p, second)
}

/// In `f64`, e^x of x within [-700, 700], for a result in `f32`: nothing is compensated.
pub(super) fn exp_for_f32(l: &mut Lanes, x: Ref) -> Ref {
    let (inverse, magic) = (l.number(LOG2_E), l.magic() + l.bias() as f64);
    let shifted = l.fma_number(x, inverse, magic);
    let n = l.add_number(shifted, -magic);
    let r = l.scale_add(n, -std::f64::consts::LN_2, x);
    let p = l.polynomial(r, &EXP_FOR_F32);
    let p = l.fma_number(p, r, 1.0);
    let p = l.fma_number(p, r, 1.0);
    let bits = l.bits(shifted);
    let power = l.power(bits);
    l.mul(p, power)
}

/// 2^x = 2^n 2^f with n the nearest integer, and f exact. Max error: 0.88 ULP in `f32`, 0.86 in `f64`.
pub(super) fn exp2(l: &mut Lanes, x: Ref) -> Ref {
    let least = l.pick(NOTHING, NOTHING_F64);
    let x = l.at_least(x, power_of(least));
    let x = l.at_most(x, l.pick(128.0, 1024.0));
    let magic = l.magic() + 2.0 * l.bias() as f64;
    let shifted = l.add_number(x, magic);
    let n = l.add_number(shifted, -magic);
    let f = l.sub(x, n);
    let p = l.polynomial(f, l.pick(&EXP2_F32[..], &EXP2_F64[..]));
    let p = l.fma_number(p, f, 1.0);
    let (first, second) = Reduced { shifted, n, r: f }.powers(l, least);
    let p = l.mul(p, first);
    l.mul(p, second)
}

/// e^x / 2 = s e^r where s = 2^(n-1), in parts from which (e^x - 1) / 2 is summed without loss.
struct HalfExpm1 {
    s: Ref,
    r: Ref,
    /// e^(r + its rest) - 1 - r.
    w: Ref,
}

impl HalfExpm1 {
    fn of(l: &mut Lanes, x: Ref) -> Self {
        let (high, low) = ln2(l);
        let magic = l.magic() + l.bias() as f64 - 1.0;
        let inverse = l.number(LOG2_E);
        let shifted = l.fma_number(x, inverse, magic);
        let n = l.add_number(shifted, -magic);
        // n times the second part is no mere rounding error: it goes into r, and what r loses is kept.
        let exact = l.scale_add(n, -high, x);
        let r = l.scale_add(n, -low, exact);
        let lost = l.sub(exact, r);
        let lost = l.scale_add(n, -low, lost);
        // r^2/2 + r^3 q + lost (1 + r), where only the sum of the first term and the small rest rounds.
        let q = l.polynomial(r, &l.pick(&EXPM1_F32[..], &EXPM1_F64[..])[1..]);
        let (square, q) = (l.mul(r, r), l.mul(r, q));
        let lost = l.fma(r, lost, lost);
        let rest = l.fma(square, q, lost);
        let half = l.scale(r, 0.5);
        let w = l.fma(r, half, rest);
        let bits = l.bits(shifted);
        Self { s: l.power(bits), r, w }
    }

    /// s e^r - 1/2 for e^x not far below 1, to all digits. Where s may be `large`, 2^53 and more, a part of the
    /// half is lost, and added to the rest.
    fn less_half(&self, l: &mut Lanes, large: bool) -> Pair {
        // The sum is at least s r in size, so these differences are exact.
        let sum = l.add_number(self.s, -0.5);
        let value = l.fma(self.s, self.r, sum);
        let rest = l.sub(sum, value);
        let mut rest = l.fma(self.s, self.r, rest);
        if large {
            let lost = l.sub(self.s, sum);
            let lost = l.add_number(lost, -0.5);
            rest = l.add(rest, lost);
        }
        let rest = l.fma(self.s, self.w, rest);
        Pair::sum_of_ordered(l, value, rest)
    }
}

/// `x` where it is so small that the function is x to all digits, zeros and subnormals among them.
pub(super) fn unless_tiny(l: &mut Lanes, x: Ref, bound: f64, y: Ref) -> Ref {
    let size = l.abs(x);
    let tiny = l.below(size, bound);
    l.select(tiny, x, y)
}

/// e^x - 1, the sum of s - 1/2 and s r formed exactly and the rest added. Max error: 0.71 ULP in `f32`,
/// 0.71 in `f64`.
pub(super) fn expm1(l: &mut Lanes, x: Ref) -> Ref {
    let clamped = l.at_least(x, l.pick(-18.0, -38.0));
    let clamped = l.at_most(clamped, l.pick(89.0, 710.0));
    let half = HalfExpm1::of(l, clamped).less_half(l, true).high;
    let y = l.add(half, half);
    // x^2 / 2 is below half an ulp.
    unless_tiny(l, x, l.pick(2_f64.powi(-26), 2_f64.powi(-55)), y)
}

/// 1 / (1 + e^-x) = 2^n / (2^n + e^-r): the denominator as a float and a correction, its reciprocal
/// improved by one step of Newton's. Max error: 0.81 ULP in `f32`, 0.82 in `f64`.
pub(super) fn sigmoid(l: &mut Lanes, x: Ref) -> Ref {
    let least = l.pick(NOTHING, NOTHING_F64);
    let x = l.at_least(x, least);
    let x = l.at_most(x, l.pick(18.0, 38.0));
    let reduced = Reduced::of(l, x);
    let r = reduced.r;
    // Of -r instead of r, and negated: the denominator is computed with a minus sign throughout.
    let flip = |(power, c): (usize, &f64)| if power % 2 == 0 { -c } else { *c };
    let coefficients: Vec<f64> = l.pick(&EXP_F32[..], &EXP_F64[..]).iter().enumerate().map(flip).collect();
    let p = l.polynomial(r, &coefficients);
    let (first, second) = reduced.powers(l, least);
    let s = l.mul(first, second);
    let (square, one_more) = (l.mul(r, r), l.add_number(s, 1.0));
    let sum = l.fma(square, p, r);
    let minus = l.sub(sum, one_more);
    let known = l.add_number(minus, 1.0);
    let known = l.add(known, s);
    let rest = l.sub(r, known);
    let rest = l.fma(square, p, rest);
    let minus_one = l.number(-1.0);
    let inverse = l.div(minus_one, minus);
    let error = l.fma_number(inverse, minus, 1.0);
    let error = l.fma(inverse, rest, error);
    let y = l.fma(error, inverse, inverse);
    let y = l.mul(y, first);
    l.mul(y, second)
}

/// tanh in the format of x.
pub(super) fn tanh(l: &mut Lanes, x: Ref) -> Ref {
    if l.is_f32() { tanh_f32(l, x) } else { tanh_f64(l, x) }
}

/// tanh: an odd polynomial below 1, else 1 - 2 / (e^2|x| + 1), which needs few correct digits of the
/// exponential. Max error: 0.98 ULP.
fn tanh_f32(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    let square = l.mul(size, size);
    let p = l.polynomial(square, &TANH_F32);
    let cube = l.mul(square, size);
    let small = l.fma(cube, p, size);

    // From 9.02 on the result is 1. The argument stays |x|, and r is half of what exp would have.
    let bounded = l.at_most(size, 10.0);
    let (magic, twice) = (l.magic() + l.bias() as f64, l.number(2.0 * LOG2_E));
    let shifted = l.fma_number(bounded, twice, magic);
    let n = l.add_number(shifted, -magic);
    let r = l.scale_add(n, -0.5 * ln2(l).0, bounded);
    let doubled: Vec<f64> = EXP_F32.iter().enumerate().map(|(i, c)| c * 4.0 * 2_f64.powi(i as i32)).collect();
    let p = l.polynomial(r, &doubled);
    let p = l.fma_number(p, r, 2.0);
    let p = l.fma_number(p, r, 1.0);
    let bits = l.bits(shifted);
    let s = l.power(bits);
    let denominator = l.fma_number(p, s, 1.0);
    let (one, two) = (l.number(1.0), l.number(2.0));
    let part = l.div(two, denominator);
    let large = l.sub(one, part);

    let is_small = l.less(size, one);
    let y = l.select(is_small, small, large);
    l.with_sign_of(y, x)
}

/// tanh of |x| = a / (a + 1) with a = (e^2|x| - 1) / 2, both as a float and a correction. Max error: 0.63 ULP.
fn tanh_f64(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    // Past this a + 1 is no longer exact, and the result 1 - 2^-53, or 1.
    let bounded = l.at_most(size, 18.7);
    let twice = l.add(bounded, bounded);
    let above = HalfExpm1::of(l, twice).less_half(l, false);
    // Below 2^53 the differences are exact, whichever of a and 1 is the larger.
    let below = l.add_number(above.high, 1.0);
    let known = l.add_number(below, -1.0);
    let lost = l.sub(above.high, known);
    let below = Pair { high: below, low: l.add(lost, above.low) };
    let Quotient { value, left, inverse } = Pair::quotient(l, above.high, below);
    let left = l.add(left, above.low);
    let y = l.fma(left, inverse, value);
    // 1 - 2^-54 is passed at 19.0615.
    let (end, one) = (l.number(19.0615), l.number(1.0));
    let is_past = l.less(end, size);
    let y = l.select(is_past, one, y);
    l.with_sign_of(y, x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{DType, Scalar};
    use crate::op::eval::evaluate;
    use crate::op::{Builder, Values};

    #[test]
    fn powers_are_normal_factors_and_at_last_nothing() {
        let leasts = [
            (DType::F32, &[-151.0, -160.0, -162.0][..], 128),
            (DType::F64, &[-1075.0, -1082.0, -1147.0], 1024),
        ];
        for (dtype, leasts, greatest) in leasts {
            for &least in leasts {
                let mut b = Builder::default();
                let n = b.arg(0, dtype);
                let l = &mut Lanes::new(&mut b, dtype);
                let shifted = l.add_number(n, l.magic() + 2.0 * l.bias() as f64);
                let (first, second) = powers(l, n, shifted, least);
                let smallest = 2_f64.powi(1 - l.bias() as i32);
                let expr = b.finish([first, second]);
                let all: Vec<i32> = (least as i32..=greatest).collect();
                let given = Values::collect(dtype, all.iter().map(|n| Scalar::new(dtype, f64::from(*n))));
                let factors = evaluate(&expr, all.len(), &mut |_| given.clone(), &mut 0);
                for (at, &n) in all.iter().enumerate() {
                    let [first, second] = [0, 1].map(|which: usize| factors[which].get(at).to_f64());
                    assert!(first >= smallest, "{n} from {least} on: {first}");
                    if n == all[0] {
                        assert_eq!(second.to_bits(), 0, "{least}");
                    } else {
                        assert!(second >= smallest, "{n} from {least} on: {second}");
                        // Logarithms, since the product may be no float.
                        assert_eq!(first.log2() + second.log2(), f64::from(n), "{n} from {least} on");
                    }
                }
            }
        }
    }
}
