//! Inverse hyperbolic functions: asinh, acosh, atanh.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use super::exp::unless_tiny;
use super::lanes::Lanes;
use super::log::{log_of_one_more_f64, log_of_pair_f32};
use super::pair::{Pair, Quotient};
use crate::op::{Ref, Unary};

/// (asinh(sqrt z) / sqrt z - 1) / z on 0 <= z <= 1/4, relative to asinh: degree 4, error 2^-29.57.
const ASINH_F32: [f64; 5] = [-0.16666643, 0.074986406, -0.044383023, 0.028161688, -0.013224823];

/// (atanh(sqrt z) / sqrt z - 1) / z on 0 <= z <= 0.0412, relative to atanh: degree 3, error 2^-35.13.
const ATANH_F32: [f64; 4] = [0.3333333, 0.20000468, 0.14251646, 0.12077752];

/// The same for `f64`: degree 7, error 2^-62.21.
const ATANH_F64: [f64; 8] = [
    0.33333333333333287,
    0.20000000000036047,
    0.14285714276120337,
    0.11111112344559416,
    0.0909082152400132,
    0.07695918536108495,
    0.06580860857159977,
    0.06960747703159383,
];

/// Past this asinh and acosh of x are log(2 x).
const FAR: f64 = (1_u64 << 60) as f64;

/// asinh of |x| = log(|x| + sqrt(x^2 + 1)), in `f64` as log(1 + |x| + x^2 / (1 + sqrt(x^2 + 1))), where
/// the quotient and its sum with |x| are in two parts. Max error: 0.93 ULP in `f32`, 0.87 in `f64`.
pub(super) fn asinh(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    let y = if l.is_f32() {
        let (square, one) = (l.mul(size, size), l.number(1.0));
        let sum = l.fma(size, size, one);
        let lost = l.sub(one, sum);
        let lost = l.fma(size, size, lost);
        let root = root_f32(l, size, Pair { high: sum, low: lost });
        let zero = l.number(0.0);
        area_f32(l, Pair { high: size, low: zero }, square, root)
    } else {
        let square = l.mul(size, size);
        let sum = l.add_number(square, 1.0);
        let root = l.b.unary(Unary::Sqrt, sum);
        let root = l.add_number(root, 1.0);
        let more = l.div(square, root);
        // The quotient q has q^2 + 2 q = x^2; what it leaves, over twice q + 1.
        let minus_square = l.negative(square);
        let square_lost = l.fma(size, size, minus_square);
        let twice = l.add(more, more);
        let known = l.fma(more, more, twice);
        let known_lost = l.sub(twice, known);
        let known_lost = l.fma(more, more, known_lost);
        let left = l.sub(square, known);
        let left = l.add(left, square_lost);
        let left = l.sub(left, known_lost);
        let half_inverse = l.rough_inverse_root(sum);
        let half_inverse = l.scale(half_inverse, 0.5);
        let lost = l.mul(left, half_inverse);
        log_of_one_and(l, size, size, more, lost)
    };
    let finite = l.below(size, f64::INFINITY);
    let y = l.select(finite, y, size);
    let y = l.with_sign_of(y, x);
    // x^2 / 6 is below half an ulp, and so it is where the sum above has lost too much.
    unless_tiny(l, x, l.pick(2_f64.powi(-14), 2_f64.powi(-28)), y)
}

/// acosh of x = log(x + sqrt(x^2 - 1)), as log(1 + t + sqrt(t (t + 2))) with t = x - 1. Max error: 0.95 ULP
/// in `f32`, 0.89 in `f64`.
pub(super) fn acosh(l: &mut Lanes, x: Ref) -> Ref {
    let y = if l.is_f32() {
        let t = l.add_number(x, -1.0);
        let twice = l.add(t, t);
        let square = l.fma(t, t, twice);
        let lost = l.sub(twice, square);
        let lost = l.fma(t, t, lost);
        let root = root_f32(l, x, Pair { high: square, low: lost });
        let zero = l.number(0.0);
        area_f32(l, root, square, Pair { high: x, low: zero })
    } else {
        let t = l.add_number(x, -1.0);
        let t_lost = l.sub(x, t);
        let t_lost = l.add_number(t_lost, -1.0);
        let twice = l.add(t, t);
        let square = l.fma(t, t, twice);
        let lost = l.sub(twice, square);
        let lost = l.fma(t, t, lost);
        // What the root leaves, over twice the root; near 1 it counts.
        let root = l.b.unary(Unary::Sqrt, square);
        let minus = l.negative(root);
        let left = l.fma(minus, root, square);
        let left = l.add(left, lost);
        let half_inverse = l.rough_inverse_root(square);
        let half_inverse = l.scale(half_inverse, 0.5);
        let root_lost = l.fma(left, half_inverse, t_lost);
        log_of_one_and(l, x, root, t, root_lost)
    };
    let (one, infinity, nan) = (l.number(1.0), l.number(f64::INFINITY), l.number(f64::NAN));
    let finite = l.less(x, infinity);
    let y = l.select(finite, y, x);
    let below = l.less(x, one);
    l.select(below, nan, y)
}

/// The root of a number next to x^2, in two parts; x where that is far out.
fn root_f32(l: &mut Lanes, x: Ref, square: Pair) -> Pair {
    let root = l.b.unary(Unary::Sqrt, square.high);
    let minus = l.negative(root);
    let left = l.fma(minus, root, square.high);
    let left = l.add(left, square.low);
    let half_inverse = l.rough_inverse_root(square.high);
    let half_inverse = l.scale(half_inverse, 0.5);
    let lost = l.mul(left, half_inverse);
    let (far, zero) = (l.number(2_f64.powi(30)), l.number(0.0));
    let far = l.less(far, x);
    Pair { high: l.select(far, x, root), low: l.select(far, zero, lost) }
}

/// The area of which `sine` and `cosine` are the hyperbolic functions: below 1/2 an odd polynomial of the sine, of
/// which `square` is the square, else the logarithm of the sum, which an eighth of it does not overflow.
fn area_f32(l: &mut Lanes, sine: Pair, square: Ref, cosine: Pair) -> Ref {
    let p = l.polynomial(square, &ASINH_F32);
    let cube = l.mul(square, sine.high);
    let tail = l.fma(cube, p, sine.low);
    let near = l.add(sine.high, tail);

    let eighth = l.number(0.125);
    let (less, more) = (sine.scaled(l, eighth), cosine.scaled(l, eighth));
    let sum = Pair::sum_of_ordered(l, more.high, less.high);
    let lost = l.add(less.low, more.low);
    let lost = l.add(sum.low, lost);
    let logarithm = log_of_pair_f32(l, Pair { high: sum.high, low: lost }, 3.0);
    let is_near = l.below(sine.high, 0.5);
    l.select(is_near, near, logarithm)
}

/// log(1 + a + b + rest), where b is the smaller; log(2 x) where x is far out.
fn log_of_one_and(l: &mut Lanes, x: Ref, a: Ref, b: Ref, rest: Ref) -> Ref {
    let Pair { high: sum, low: lost } = Pair::sum_of_ordered(l, a, b);
    let lost = l.add(lost, rest);
    let (zero, one, far) = (l.number(0.0), l.number(1.0), l.number(FAR));
    let far = l.less(far, x);
    let (high, low) = (l.select(far, x, sum), l.select(far, zero, lost));
    let doublings = l.select(far, one, zero);
    log_of_one_more_f64(l, high, low, doublings)
}

/// atanh of |x| = k log(2) / 2 + atanh(s), where 2^k is the power of two next to (1 + |x|) / (1 - |x|) and
/// s = (1 + |x| - 2^k (1 - |x|)) / (1 + |x| + 2^k (1 - |x|)): for k = 0 this is |x| itself. The numerator is
/// exact. Max error: 0.92 ULP in `f32`, 0.91 in `f64`.
pub(super) fn atanh(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    let one = l.number(1.0);
    let (above, below) = (l.add(one, size), l.sub(one, size));
    // The difference of logarithms to base 2, as bits show them, rounded.
    let fraction = l.fraction();
    let (bits, below_bits) = (l.bits(above), l.bits(below));
    let bits = l.sub(bits, below_bits);
    let half = l.integer(1 << (fraction - 1));
    let bits = l.add(bits, half);
    let exponent = l.and(bits, l.pick(0xff, 0x7ff) << fraction);
    let bias = l.integer(l.bias() << fraction);
    let power = l.add(exponent, bias);
    let power = l.float(power);
    // k itself: its bits below those of a float whose last place is 1.
    let last_place_one = 2_f64.powi(fraction as i32);
    let start =
        l.integer(l.pick(i64::from((last_place_one as f32).to_bits()), last_place_one.to_bits() as i64));
    let k = l.shift_right(exponent, fraction);
    let k = l.or(k, start);
    let k = l.float(k);
    let k = l.add_number(k, -last_place_one);

    let (up, down) = (l.add(one, power), l.sub(one, power));
    let across = l.fma(size, up, down);
    let along = l.fma(size, down, up);
    let lost = l.sub(up, along);
    let lost = l.fma(size, down, lost);
    // Near 1, where 2^k takes all digits of the sums, 1 - |x| is exact.
    let close = l.number(0.5);
    let close = l.less(close, size);
    let minus_power = l.negative(power);
    let across_close = l.fma(minus_power, below, one);
    let across_close = l.add(across_close, size);
    let along_close = l.fma(power, below, above);
    let zero = l.number(0.0);
    let across = l.select(close, across_close, across);
    let along = l.select(close, along_close, along);
    let lost = l.select(close, zero, lost);

    let Quotient { value: s, left, inverse } = Pair::quotient(l, across, Pair { high: along, low: lost });
    let square = l.mul(s, s);
    let p = l.polynomial(square, l.pick(&ATANH_F32[..], &ATANH_F64[..]));
    let cube = l.mul(square, s);
    let tail = l.mul(cube, p);
    let tail = l.fma(left, inverse, tail);

    // Half of log(2) in two parts, the first short enough that k times it is exact.
    let high = l.pick(0.346572875976562_5, 0.346_573_590_279_945_15);
    let low = std::f64::consts::LN_2 / 2.0 - high;
    let low = l.pick(low, 2.748961509354185e-14);
    let whole = l.scale(k, high);
    let sum = Pair::sum_of_ordered(l, whole, s);
    let tail = l.scale_add(k, low, tail);
    let rest = l.add(sum.low, tail);
    let y = l.add(sum.high, rest);
    // x^2 / 3 is below half an ulp.
    let y = l.with_sign_of(y, x);
    let y = unless_tiny(l, x, l.pick(2_f64.powi(-13), 2_f64.powi(-28)), y);
    let (infinity, nan) = (l.number(f64::INFINITY), l.number(f64::NAN));
    let infinity = l.with_sign_of(infinity, x);
    let at_end = l.equals(size, 1.0);
    let y = l.select(at_end, infinity, y);
    let past = l.less(one, size);
    l.select(past, nan, y)
}
