//! Sine, cosine and tangent.
//!
//! The argument is reduced by a multiple of pi/2, given in several floats, whose products with the integer
//! are subtracted by `fma`. Past a bound, which hardly any argument is, a routine is
//! called; NaN passes through the formula.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of every 251st float in `f32` and of 10^7 in `f64`.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use super::lanes::Lanes;
use super::pair::Pair;
use crate::base::DType;
use crate::op::{Binary, Builder, Ref, Routine, Unary};

/// (sin(sqrt z) / sqrt z - 1) / z on 0 <= z <= 0.84^2, relative to sin: degree 2, error 2^-27.27.
const SIN_F32: [f64; 3] = [-0.1666665, 0.008331838, -0.0001947334];

/// (tan(sqrt z) / sqrt z - 1) / z on 0 <= z <= 0.42^2, relative to tan: degree 3, error 2^-28.
const TAN_F32: [f64; 4] = [0.33333266, 0.13337077, 0.05332867, 0.026091527];

/// As the first on 0 <= z <= (pi/4)^2, for `f64`: degree 5, error 2^-57.89.
const SIN_F64: [f64; 6] = [
    -0.1666666666666663,
    0.008333333333321844,
    -0.00019841269829362613,
    2.75573135401948e-06,
    -2.5050734678840035e-08,
    1.5895451139289627e-10,
];

/// (cos(sqrt z) - 1 + z/2) / z^2 on 0 <= z <= (pi/4)^2, relative to cos: degree 5, error 2^-63.93.
const COS_F64: [f64; 6] = [
    0.041666666666666595,
    -0.0013888888888873342,
    2.480158728900207e-05,
    -2.7557314217026605e-07,
    2.087570539227314e-09,
    -1.135874890644872e-11,
];

/// Pi/2 in three floats of `f32` and of `f64`.
const FRAC_PI_2_F32: [f64; 3] = [1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15];
const FRAC_PI_2_F64: [f64; 3] = [FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33];

/// Arguments up to here are reduced by the formulas. Then the parts of pi/2 have digits enough for the floats
/// nearest to a zero: of no `f32` the reduced argument is below 2^-30, of no `f64` below 2^-62 (Muller,
/// "Elementary Functions", the chapter on range reduction).
fn bound(dtype: DType) -> f64 {
    2_f64.powi(if dtype == DType::F32 { 20 } else { 40 })
}

/// sin or cos in the format of x.
pub(super) fn sin_cos(b: &mut Builder, x: Ref, routine: Routine) -> Ref {
    let cosine = routine == Routine::Cos;
    within_bound(b, x, routine, |l, x| match l.is_f32() {
        true => sin_cos_f32(l, x, cosine),
        false => sin_cos_f64(l, x, cosine),
    })
}

/// The formula, and where x is past the bound the routine.
fn within_bound(
    b: &mut Builder,
    x: Ref,
    routine: Routine,
    formula: impl FnOnce(&mut Lanes, Ref) -> Ref,
) -> Ref {
    let fast = formula(&mut Lanes::of(b, x), x);
    let size = b.unary(Unary::Abs, x);
    let bound = b.number(x, bound(b.dtype(x)));
    let mask = b.binary(Binary::Less, bound, size);
    b.rare(mask, fast, routine, x)
}

/// x as n pi/2 + r: an integer whose lowest bits are those of n, and r in two parts.
fn reduced(l: &mut Lanes, x: Ref) -> (Ref, Pair) {
    let [first, second, third] = l.pick(FRAC_PI_2_F32, FRAC_PI_2_F64);
    let (inverse, magic) = (l.number(FRAC_2_PI), l.magic());
    let shifted = l.fma_number(x, inverse, magic);
    let n = l.add_number(shifted, -magic);
    // Exact: both operands are multiples of half an ulp of 1 (or n is 0), and the difference is below 1.
    let exact = l.scale_add(n, -first, x);
    let minus_second = l.scale(n, -second);
    let second_lost = l.scale_add(n, second, minus_second);
    let r = l.add(exact, minus_second);
    let rest = l.sub(exact, r);
    let rest = l.add(rest, minus_second);
    let rest = l.sub(rest, second_lost);
    (l.bits(shifted), Pair { high: r, low: l.scale_add(n, -third, rest) })
}

/// Whether the integer n is even.
fn is_even(l: &mut Lanes, n: Ref) -> Ref {
    let (odd, zero) = (l.and(n, 1), l.integer(0));
    l.b.binary(Binary::Equal, odd, zero)
}

/// sin(x) is by n modulo 4 one of sin(r), cos(r), -sin(r), -cos(r); cos(x) is the next of them. This is the
/// number, from which on `y` is sin(r) if it is even, else cos(r).
fn quarter(l: &mut Lanes, n: Ref, cosine: bool) -> Ref {
    let one = l.integer(1);
    if cosine { l.add(n, one) } else { n }
}

/// `y`, turned where the second bit of `quarter` is set, and for the sine where x is negative.
fn turned(l: &mut Lanes, y: Ref, quarter: Ref, x: Ref, cosine: bool) -> Ref {
    let sign = l.shift_left(quarter, l.pick(30, 62));
    let bits = l.bits(x);
    let sign = if cosine { sign } else { l.xor(sign, bits) };
    let sign = l.and(sign, l.pick(i64::from(i32::MIN), i64::MIN));
    let y = l.bits(y);
    let y = l.xor(y, sign);
    l.float(y)
}

/// One polynomial serves, of r or of r/2: cos(r) = 1 - 2 sin(r/2)^2. Max error: 0.96 ULP.
fn sin_cos_f32(l: &mut Lanes, x: Ref, cosine: bool) -> Ref {
    let size = l.abs(x);
    let (n, r) = reduced(l, size);
    let quarter = quarter(l, n, cosine);
    let even = is_even(l, quarter);
    let (one, half) = (l.number(1.0), l.number(0.5));
    let factor = l.select(even, one, half);
    let Pair { high: r, low: rest } = r.scaled(l, factor);
    let square = l.mul(r, r);
    let p = l.polynomial(square, &SIN_F32);
    let cube = l.mul(square, r);
    let tail = l.fma(cube, p, rest);
    let sine = l.add(r, tail);
    let minus_twice = l.scale(sine, -2.0);
    let cosine_of_r = l.fma_number(minus_twice, sine, 1.0);
    let y = l.select(even, sine, cosine_of_r);
    turned(l, y, quarter, x, cosine)
}

/// Sine and cosine of r, each as a float and the rest, which costs nothing if it is not used.
fn sine_and_cosine(l: &mut Lanes, Pair { high: r, low: rest }: Pair) -> (Pair, Pair) {
    let square = l.mul(r, r);
    // 1 - r^2/2, rounded once.
    let minus_half = l.scale(r, -0.5);
    let top = l.fma_number(r, minus_half, 1.0);

    // sin(r + rest) = r + (r^3 p + rest (1 - r^2/2)).
    let p = l.polynomial(square, &SIN_F64);
    let cube = l.mul(square, r);
    let tail = l.mul(rest, top);
    let tail = l.fma(cube, p, tail);
    let sine = Pair::sum_of_ordered(l, r, tail);

    // cos(r + rest) = top + (what top lost + r^4 p - r rest).
    let one = l.number(1.0);
    let p = l.polynomial(square, &COS_F64);
    let lost = l.sub(one, top);
    let lost = l.fma(r, minus_half, lost);
    let turned = l.scale(minus_half, 2.0);
    let lost = l.fma(turned, rest, lost);
    let fourth = l.mul(square, square);
    let tail = l.fma(fourth, p, lost);
    (sine, Pair::sum_of_ordered(l, top, tail))
}

/// Max error: 0.72 ULP; of the routines past the bound 0.78.
fn sin_cos_f64(l: &mut Lanes, x: Ref, cosine: bool) -> Ref {
    let size = l.abs(x);
    let (n, r) = reduced(l, size);
    let (sine, cosine_of_r) = sine_and_cosine(l, r);
    let quarter = quarter(l, n, cosine);
    let even = is_even(l, quarter);
    let y = l.select(even, sine.high, cosine_of_r.high);
    turned(l, y, quarter, x, cosine)
}

/// Twice the tangent of r/2, and 1 less its square, of which the quotient is the tangent of r.
fn tangent_of_half(l: &mut Lanes, r: Pair) -> (Pair, Pair) {
    let half = l.number(0.5);
    let Pair { high: r, low: rest } = r.scaled(l, half);
    let square = l.mul(r, r);
    let p = l.polynomial(square, &TAN_F32);
    let cube = l.mul(square, r);
    let tail = l.fma(cube, p, rest);
    let t = Pair::sum_of_ordered(l, r, tail);
    let (one, two, minus) = (l.number(1.0), l.number(2.0), l.negative(t.high));
    let below = l.fma(minus, t.high, one);
    let lost = l.sub(one, below);
    let lost = l.fma(minus, t.high, lost);
    let minus_twice = l.scale(t.high, -2.0);
    let lost = l.fma(minus_twice, t.low, lost);
    (t.scaled(l, two), Pair { high: below, low: lost })
}

/// With x = n pi/2 + r, sin(r) / cos(r) or -cos(r) / sin(r), both in two parts, and what the quotient leaves of
/// them; past the bound a routine. Max error: 0.90 ULP in `f32`, 0.79 in `f64`; of the routine 0.87.
pub(super) fn tan(b: &mut Builder, x: Ref) -> Ref {
    within_bound(b, x, Routine::Tan, |l, x| {
        let (n, r) = reduced(l, x);
        let (sine, cosine) = if l.is_f32() { tangent_of_half(l, r) } else { sine_and_cosine(l, r) };
        let even = is_even(l, n);
        let above = (l.select(even, sine.high, cosine.high), l.select(even, sine.low, cosine.low));
        let below = (l.select(even, cosine.high, sine.high), l.select(even, cosine.low, sine.low));
        let one = l.number(1.0);
        let inverse = l.div(one, below.0);
        let quotient = l.mul(above.0, inverse);
        let minus = l.negative(quotient);
        let left = l.fma(minus, below.0, above.0);
        let left = l.add(left, above.1);
        let left = l.fma(minus, below.1, left);
        let y = l.fma(left, inverse, quotient);
        // Odd n: the sign of -cos(r) / sin(r).
        let sign = l.shift_left(n, l.pick(31, 63));
        let y = l.bits(y);
        let y = l.xor(y, sign);
        let y = l.float(y);
        // So small that tan(x) is x, -0 and subnormals among them.
        super::exp::unless_tiny(l, x, l.pick(2_f64.powi(-12), 2_f64.powi(-27)), y)
    })
}
