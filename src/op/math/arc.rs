//! Angles: atan, atan2, asin, acos.
//!
//! All are an angle on an axis, a multiple of pi/2, more or less the odd polynomial of a number below 1;
//! the sum of the two and what it loses are formed apart.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use std::f64::consts::FRAC_PI_2;

use super::lanes::Lanes;
use super::pair::{Pair, Quotient};
use crate::op::{Binary, Builder, Ref, Unary};

/// (atan(sqrt z) / sqrt z - 1) / z on 0 <= z <= 1/4, relative to atan: degree 4, error 2^-27.45.
const ATAN_F32: [f64; 5] = [-0.33333233, 0.19994168, -0.14174193, 0.101556085, -0.051245566];

/// The same for `f64`: degree 11, error 2^-57.77.
const ATAN_F64: [f64; 12] = [
    -0.3333333333333298,
    0.19999999999903117,
    -0.1428571427638664,
    0.11111110659662338,
    -0.09090896245135764,
    0.07692073914766548,
    -0.06663810601357062,
    0.05858298579929729,
    -0.05122003397301801,
    0.04186495386672905,
    -0.027434775086002075,
    0.010116706224753353,
];

/// (asin(sqrt z) / sqrt z - 1) / z on 0 <= z <= 1/4, relative to asin: degree 4, error 2^-27.62.
const ASIN_F32: [f64; 5] = [0.16666752, 0.0749531, 0.045469046, 0.024185244, 0.04215764];

/// The same for `f64`: degree 11, error 2^-55.9.
const ASIN_F64: [f64; 12] = [
    0.16666666666665408,
    0.07500000000337191,
    0.0446428568281481,
    0.030381959145557563,
    0.022371757821049384,
    0.01735970852533912,
    0.013885195699690834,
    0.01216948791230091,
    0.006526721256609726,
    0.019531844983242258,
    -0.016230084532606544,
    0.03191640376776732,
];

/// Pi/2 in two floats, the first with a last bit that is 0, so that three halves of it are exact.
fn half_pi(l: &Lanes) -> (f64, f64) {
    let high = l.pick(1.570796012878418, FRAC_PI_2);
    (high, l.pick(FRAC_PI_2 - high, 6.123233995736766e-17))
}

/// `quarters` pi/2 + t + rest for 0, 1/2, 1, 3/2 or 2 quarters, where t is the smaller unless they are 0, and
/// the rest small.
fn turned(l: &mut Lanes, quarters: Ref, t: Ref, rest: Ref) -> Ref {
    let (high, low) = half_pi(l);
    let base = l.scale(quarters, high);
    let rest = l.scale_add(quarters, low, rest);
    let sum = Pair::sum_of_ordered(l, base, t);
    let rest = l.add(sum.low, rest);
    l.add(sum.high, rest)
}

/// The angle of a point (x, y) with 0 <= y <= x and x > 0, neither near the ends of the range: t + rest, and
/// pi/4 more if `diagonal`.
struct Octant {
    diagonal: Ref,
    t: Ref,
    rest: Ref,
}

impl Octant {
    /// Up to half of x the arc tangent of y / x, above it that of the point turned back by pi/4,
    /// (y - x) / (y + x), where the difference is exact. What the quotient leaves goes into the rest.
    fn of(l: &mut Lanes, y: Ref, x: Ref) -> Self {
        let half = l.scale(x, 0.5);
        let diagonal = l.less(half, y);
        let (across, along) = (l.sub(y, x), l.add(y, x));
        let lost = l.sub(along, x);
        let lost = l.sub(y, lost);
        let zero = l.number(0.0);
        let across = l.select(diagonal, across, y);
        let along = l.select(diagonal, along, x);
        let lost = l.select(diagonal, lost, zero);
        let Quotient { value: t, left, inverse } = Pair::quotient(l, across, Pair { high: along, low: lost });
        let left = l.mul(left, inverse);
        // atan(t + left) = t + (t^3 p + left (1 - t^2)), near enough.
        let square = l.mul(t, t);
        let minus_left = l.negative(left);
        let left = l.fma(square, minus_left, left);
        let p = l.polynomial(square, l.pick(&ATAN_F32[..], &ATAN_F64[..]));
        let cube = l.mul(square, t);
        Self { diagonal, t, rest: l.fma(cube, p, left) }
    }
}

/// atan: the angle of the point (1, |x|), above 1 pi/2 less that of the point (|x|, 1). Max error: 0.75 ULP
/// in `f32`, 0.71 in `f64`.
pub(super) fn atan(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    // So far out that the result is pi/2.
    let size = l.at_most(size, 2_f64.powi(60));
    let (smaller, larger) = (l.at_most(size, 1.0), l.at_least(size, 1.0));
    let Octant { diagonal, t, rest } = Octant::of(l, smaller, larger);
    let (zero, half, one, minus_one) = (l.number(0.0), l.number(0.5), l.number(1.0), l.number(-1.0));
    let steep = l.less(one, size);
    let quarters = l.select(steep, one, zero);
    let quarters = l.select(diagonal, half, quarters);
    let factor = l.select(steep, minus_one, one);
    let (t, rest) = (l.mul(t, factor), l.mul(rest, factor));
    let y = turned(l, quarters, t, rest);
    l.with_sign_of(y, x)
}

/// The angle of the point (x, y): that of the point (larger, smaller) of the sizes of both, in whose octant
/// it is, turned and mirrored. Max error: 0.76 ULP in `f32`, 0.75 in `f64`.
pub(super) fn atan2(b: &mut Builder, y: Ref, x: Ref) -> Ref {
    let dtype = b.dtype(x);
    let l = &mut Lanes::new(b, dtype);
    let (width, height) = (l.abs(x), l.abs(y));
    let steep = l.less(width, height);
    let (smaller, larger) = (l.select(steep, width, height), l.select(steep, height, width));
    // Beside an infinity, what is finite is 0.
    let zero = l.number(0.0);
    let (infinite, finite) = (l.equals(larger, f64::INFINITY), l.below(smaller, f64::INFINITY));
    let nothing = l.select(finite, zero, smaller);
    let smaller = l.select(infinite, nothing, smaller);
    // By a power of two to where neither the inverse nor what a quotient leaves is past the range.
    let (low, high) = (l.pick(2_f64.powi(30), 2_f64.powi(60)), l.pick(2_f64.powi(96), 2_f64.powi(900)));
    let (down, up) = (l.pick(2_f64.powi(-64), 2_f64.powi(-600)), l.pick(2_f64.powi(96), 2_f64.powi(900)));
    let (one, down, up, bound) = (l.number(1.0), l.number(down), l.number(up), l.number(high));
    let (is_small, is_large) = (l.below(larger, low), l.less(bound, larger));
    let scale = l.select(is_small, up, one);
    let scale = l.select(is_large, down, scale);
    let (smaller, larger) = (l.mul(smaller, scale), l.mul(larger, scale));
    // The quotient of two infinities is 1, of two zeros 0.
    let greatest = l.pick(2_f64.powi(126), 2_f64.powi(1000));
    let (smaller, larger) = (l.at_most(smaller, greatest), l.at_most(larger, greatest));
    let larger = l.at_least(larger, l.pick(2_f64.powi(-60), 2_f64.powi(-200)));
    let Octant { diagonal, t, rest } = Octant::of(l, smaller, larger);

    let sign = l.with_sign_of(one, x);
    let backwards = l.below(sign, 0.0);
    // From the first axis up, or from the second or the first axis's other end back.
    let (half, minus_one, two) = (l.number(0.5), l.number(-1.0), l.number(2.0));
    let forward = l.b.binary(Binary::Equal, steep, backwards);
    let factor = l.select(forward, one, minus_one);
    let flat = l.select(backwards, two, zero);
    let axis = l.select(steep, one, flat);
    let eighth = l.select(diagonal, half, zero);
    let quarters = l.fma(eighth, factor, axis);
    let (t, rest) = (l.mul(t, factor), l.mul(rest, factor));
    let angle = turned(l, quarters, t, rest);
    l.with_sign_of(angle, y)
}

/// asin(|x|) or pi/2 less that, by halves, in parts that both functions are made of: below 1/2 of
/// |x| itself, else of the sine of half the angle to 1, s = sqrt((1 - |x|) / 2).
struct Halved {
    /// Whether |x| is above 1/2.
    large: Ref,
    /// |x| or s.
    t: Ref,
    /// The arc sine of that, less it.
    rest: Ref,
}

impl Halved {
    fn of(l: &mut Lanes, x: Ref) -> Self {
        let (size, half, zero) = (l.abs(x), l.number(0.5), l.number(0.0));
        let large = l.less(half, size);
        let minus_half = l.number(-0.5);
        let complement = l.fma_number(size, minus_half, 0.5);
        let square = l.mul(size, size);
        let z = l.select(large, complement, square);
        let root = l.b.unary(Unary::Sqrt, z);
        // The root's rounding error is what it leaves of z over twice the root; the inverse root is from
        // the exponent, right to 4 %.
        let minus = l.negative(root);
        let left = l.fma(minus, root, z);
        let inverse = l.rough_inverse_root(z);
        let lost = l.mul(left, inverse);
        let lost = l.scale(lost, 0.5);
        let t = l.select(large, root, size);
        let lost = l.select(large, lost, zero);
        let p = l.polynomial(z, l.pick(&ASIN_F32[..], &ASIN_F64[..]));
        let cube = l.mul(z, t);
        Self { large, t, rest: l.fma(cube, p, lost) }
    }
}

/// asin: above 1/2, pi/2 less twice the arc sine of the half. NaN past 1, by the root. Max error: 0.71
/// ULP in `f32`, 0.75 in `f64`.
pub(super) fn asin(l: &mut Lanes, x: Ref) -> Ref {
    let Halved { large, t, rest } = Halved::of(l, x);
    let (zero, one, minus_two) = (l.number(0.0), l.number(1.0), l.number(-2.0));
    let quarters = l.select(large, one, zero);
    let factor = l.select(large, minus_two, one);
    let (t, rest) = (l.mul(factor, t), l.mul(factor, rest));
    let y = turned(l, quarters, t, rest);
    l.with_sign_of(y, x)
}

/// acos: up to 1/2 pi/2 less the arc sine, above it twice that of the half, or pi less that. Max error:
/// 0.69 ULP in `f32`, 0.71 in `f64`.
pub(super) fn acos(l: &mut Lanes, x: Ref) -> Ref {
    let Halved { large, t, rest } = Halved::of(l, x);
    let (zero, one, two) = (l.number(0.0), l.number(1.0), l.number(2.0));
    let negative = l.less(x, zero);
    let far = l.select(negative, two, zero);
    let quarters = l.select(large, far, one);
    let minus_one = l.number(-1.0);
    let factor = l.select(large, two, minus_one);
    let sign = l.with_sign_of(one, x);
    let factor = l.mul(factor, sign);
    let (t, rest) = (l.mul(factor, t), l.mul(factor, rest));
    turned(l, quarters, t, rest)
}
