//! Sine, cosine and tangent.
//!
//! The argument is reduced by a multiple of pi or pi/2, given in several floats, whose products with
//! the integer are subtracted by `fma`. Past a bound, which hardly any argument is, a routine is
//! called; NaN passes through the formula.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, FRAC_PI_2, PI};

use super::lanes::Lanes;
use crate::base::DType;
use crate::op::{Builder, Ref, Routine, Unary};

/// (sin(sqrt z) / sqrt z - 1) / z on 0 <= z <= (pi/2)^2, relative to sin: degree 4, error 2^-35.3.
const SIN_F32: [f64; 5] = [
    -0.16666666626177234,
    0.008333331109300587,
    -0.00019840868272573547,
    2.752538679634599e-06,
    -2.388894161758839e-08,
];

/// The same on 0 <= z <= (pi/4)^2: degree 5, error 2^-57.89.
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

/// As the first of them on 0 <= z <= (pi/4)^2, for `f32`: degree 3, error 2^-37.49.
const QUARTER_SIN_F32: [f64; 4] =
    [-0.16666666640787775, 0.008333329303670258, -0.00019839311903912217, 2.7181182724258993e-06];

/// (cos(sqrt z) - 1) / z on 0 <= z <= (pi/4)^2, relative to cos: degree 3, error 2^-33.87.
const QUARTER_COS_F32: [f64; 4] =
    [-0.4999999969443641, 0.041666620351359165, -0.0013886681394009366, 2.4383537764580466e-05];

/// Pi and pi/2 less their nearest floats, and again.
const PI_2ND: f64 = 1.2246467991473532e-16;
const FRAC_PI_2_2ND: f64 = 6.123233995736766e-17;
const FRAC_PI_2_3RD: f64 = -1.4973849048591698e-33;

/// Arguments up to here are reduced by the formulas. The multiple is then below 2^40, and the parts of
/// pi have digits enough for the floats nearest to a zero: of no `f32` the reduced argument is below
/// 2^-30, of no `f64` below 2^-62 (Muller, "Elementary Functions", the chapter on range reduction).
const BOUND: f64 = (1_u64 << 40) as f64;

/// sin or cos in the format of x.
pub(super) fn sin_cos(b: &mut Builder, x: Ref, routine: Routine) -> Ref {
    let cosine = routine == Routine::Cos;
    let single = |l: &mut Lanes, x| sin_cos_f32(l, x, cosine);
    within_bound(b, x, routine, single, |l, x| sin_cos_f64(l, x, cosine))
}

/// tan in the format of x.
pub(super) fn tan(b: &mut Builder, x: Ref) -> Ref {
    within_bound(b, x, Routine::Tan, tan_f32, tan_f64)
}

/// One of two formulas, both in `f64`, by the format of x; where x is past the bound, the routine.
fn within_bound(
    b: &mut Builder,
    x: Ref,
    routine: Routine,
    single: impl FnOnce(&mut Lanes, Ref) -> Ref,
    double: impl FnOnce(&mut Lanes, Ref) -> Ref,
) -> Ref {
    let is_single = b.dtype(x) == DType::F32;
    let mut l = Lanes::new(b, DType::F64);
    let fast = if is_single {
        let wide = l.b.cast(x, DType::F64);
        let y = single(&mut l, wide);
        l.b.cast(y, DType::F32)
    } else {
        double(&mut l, x)
    };
    let size = b.unary(Unary::Abs, x);
    let bound = b.number(x, BOUND);
    let mask = b.binary(crate::op::Binary::Less, bound, size);
    b.rare(mask, fast, routine, x)
}

/// In `f64`, for an argument and a result in `f32`: plus or minus sin(x - n pi), where for the cosine n
/// is the half of an odd integer. One polynomial serves, and nothing is compensated. Max error: 0.51 ULP.
fn sin_cos_f32(l: &mut Lanes, x: Ref, cosine: bool) -> Ref {
    let inverse = l.number(FRAC_1_PI);
    // For the cosine, n - 1/2 is counted.
    let magic = l.magic();
    let shifted = if cosine {
        let turned = l.fma_number(x, inverse, -0.5);
        l.add_number(turned, magic)
    } else {
        l.fma_number(x, inverse, magic)
    };
    let n = l.add_number(shifted, -magic);
    let n = if cosine { l.add_number(n, 0.5) } else { n };
    let r = l.scale_add(n, -PI, x);
    let r = l.scale_add(n, -PI_2ND, r);
    let square = l.mul(r, r);
    let p = l.polynomial(square, &SIN_F32);
    let p = l.fma_number(p, square, 1.0);
    // Odd n turns the sign; cos(r + pi/2) = -sin(r) once more.
    let r = if cosine { l.negative(r) } else { r };
    let y = l.mul(r, p);
    let turned = l.bits(shifted);
    let turned = l.shift_left(turned, 63);
    let y = l.bits(y);
    let y = l.xor(y, turned);
    l.float(y)
}

/// x = n pi/2 + r + rest, and what sine and cosine are of r + rest.
struct Quarter {
    /// An integer whose lowest bits are those of n.
    n: Ref,
    sine: (Ref, Ref),
    cosine: (Ref, Ref),
}

impl Quarter {
    /// Sine and cosine each as a float and the rest, which costs nothing if it is not used.
    fn of(l: &mut Lanes, x: Ref) -> Self {
        let (inverse, magic) = (l.number(FRAC_2_PI), l.magic());
        let shifted = l.fma_number(x, inverse, magic);
        let n = l.add_number(shifted, -magic);
        // Exact: both operands are multiples of half an ulp of 1 (or n is 0), and the difference is below 1.
        let first = l.scale_add(n, -FRAC_PI_2, x);
        let minus_second = l.scale(n, -FRAC_PI_2_2ND);
        let second_lost = l.scale_add(n, FRAC_PI_2_2ND, minus_second);
        let r = l.add(first, minus_second);
        let rest = l.sub(first, r);
        let rest = l.add(rest, minus_second);
        let rest = l.sub(rest, second_lost);
        let rest = l.scale_add(n, -FRAC_PI_2_3RD, rest);

        let square = l.mul(r, r);
        // 1 - r^2/2, rounded once.
        let minus_half = l.scale(r, -0.5);
        let top = l.fma_number(r, minus_half, 1.0);

        // sin(r + rest) = r + (r^3 p + rest (1 - r^2/2)).
        let p = l.polynomial(square, &SIN_F64);
        let cube = l.mul(square, r);
        let tail = l.mul(rest, top);
        let tail = l.fma(cube, p, tail);
        let sine = l.add(r, tail);
        let lost = l.sub(r, sine);
        let sine_rest = l.add(lost, tail);

        // cos(r + rest) = top + (what top lost + r^4 p - r rest).
        let one = l.number(1.0);
        let p = l.polynomial(square, &COS_F64);
        let lost = l.sub(one, top);
        let lost = l.fma(r, minus_half, lost);
        let turned = l.scale(minus_half, 2.0);
        let lost = l.fma(turned, rest, lost);
        let fourth = l.mul(square, square);
        let tail = l.fma(fourth, p, lost);
        let cosine = l.add(top, tail);
        let lost = l.sub(top, cosine);
        let cosine_rest = l.add(lost, tail);
        Self { n: l.bits(shifted), sine: (sine, sine_rest), cosine: (cosine, cosine_rest) }
    }

    /// Whether the integer n is even.
    fn is_even(l: &mut Lanes, n: Ref) -> Ref {
        let odd = l.and(n, 1);
        let zero = l.integer(0);
        l.b.binary(crate::op::Binary::Equal, odd, zero)
    }
}

/// sin(x) is by n modulo 4 one of sin(r), cos(r), -sin(r), -cos(r); cos(x) is the next of them. Max error:
/// 0.72 ULP; of the routines past the bound 0.78.
fn sin_cos_f64(l: &mut Lanes, x: Ref, cosine: bool) -> Ref {
    let Quarter { n, sine: (sine, _), cosine: (cosine_of_r, _) } = Quarter::of(l, x);
    let quarter = if cosine {
        let one = l.integer(1);
        l.add(n, one)
    } else {
        n
    };
    let even = Quarter::is_even(l, quarter);
    let y = l.select(even, sine, cosine_of_r);
    let turned = l.shift_left(quarter, 62);
    let sign = l.and(turned, i64::MIN);
    let y = l.bits(y);
    let y = l.xor(y, sign);
    let y = l.float(y);
    if cosine {
        return y;
    }
    // The corrections have turned -0 into 0.
    let is_zero = l.equals(x, 0.0);
    l.select(is_zero, x, y)
}

/// In `f64`, for an argument and a result in `f32`: with x = n pi/2 + r, sin(r) / cos(r) if n is even, else
/// -cos(r) / sin(r). Nothing is compensated. Max error: 0.51 ULP.
fn tan_f32(l: &mut Lanes, x: Ref) -> Ref {
    let (inverse, magic) = (l.number(FRAC_2_PI), l.magic());
    let shifted = l.fma_number(x, inverse, magic);
    let n = l.add_number(shifted, -magic);
    let r = l.scale_add(n, -FRAC_PI_2, x);
    let r = l.scale_add(n, -FRAC_PI_2_2ND, r);
    let square = l.mul(r, r);
    let p = l.polynomial(square, &QUARTER_SIN_F32);
    let cube = l.mul(square, r);
    let sine = l.fma(cube, p, r);
    let p = l.polynomial(square, &QUARTER_COS_F32);
    let cosine = l.fma_number(p, square, 1.0);
    let n = l.bits(shifted);
    let even = Quarter::is_even(l, n);
    let minus_cosine = l.negative(cosine);
    let (above, below) = (l.select(even, sine, minus_cosine), l.select(even, cosine, sine));
    let y = l.div(above, below);
    // The reduction has turned -0 into 0.
    let is_zero = l.equals(x, 0.0);
    l.select(is_zero, x, y)
}

/// sin(r) / cos(r) or -cos(r) / sin(r) likewise, both in two parts, and what the quotient leaves of them.
/// Max error: 0.79 ULP; of the routine past the bound 0.84.
fn tan_f64(l: &mut Lanes, x: Ref) -> Ref {
    let Quarter { n, sine, cosine } = Quarter::of(l, x);
    let even = Quarter::is_even(l, n);
    let above = (l.select(even, sine.0, cosine.0), l.select(even, sine.1, cosine.1));
    let below = (l.select(even, cosine.0, sine.0), l.select(even, cosine.1, sine.1));
    let one = l.number(1.0);
    let inverse = l.div(one, below.0);
    let quotient = l.mul(above.0, inverse);
    let minus = l.negative(quotient);
    let left = l.fma(minus, below.0, above.0);
    let left = l.add(left, above.1);
    let left = l.fma(minus, below.1, left);
    let y = l.fma(left, inverse, quotient);
    // Odd n: the sign of -cos(r) / sin(r).
    let sign = l.shift_left(n, 63);
    let y = l.bits(y);
    let y = l.xor(y, sign);
    let y = l.float(y);
    // So small that tan(x) is x, -0 and subnormals among them.
    super::exp::unless_tiny(l, x, 2_f64.powi(-27), y)
}
