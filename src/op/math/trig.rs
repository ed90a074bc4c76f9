//! Sine and cosine.
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
    let dtype = b.dtype(x);
    let cosine = routine == Routine::Cos;
    let mut l = Lanes::new(b, DType::F64);
    let (fast, size) = if dtype == DType::F32 {
        let wide = l.b.cast(x, DType::F64);
        let y = sin_cos_f32(&mut l, wide, cosine);
        let size = l.b.unary(Unary::Abs, x);
        (l.b.cast(y, DType::F32), size)
    } else {
        let y = sin_cos_f64(&mut l, x, cosine);
        (y, l.abs(x))
    };
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

/// sin(x) where x = n pi/2 + r is by n modulo 4 one of sin(r), cos(r), -sin(r), -cos(r); cos(x) is the
/// next of them. r is a float and a correction. Max error: 0.72 ULP; of the routines past the bound 0.78.
fn sin_cos_f64(l: &mut Lanes, x: Ref, cosine: bool) -> Ref {
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

    // cos(r + rest) = top + (what top lost + r^4 p - r rest).
    let one = l.number(1.0);
    let p = l.polynomial(square, &COS_F64);
    let lost = l.sub(one, top);
    let lost = l.fma(r, minus_half, lost);
    let turned = l.scale(minus_half, 2.0);
    let lost = l.fma(turned, rest, lost);
    let fourth = l.mul(square, square);
    let tail = l.fma(fourth, p, lost);
    let cosine_of_r = l.add(top, tail);

    let quarter = l.bits(shifted);
    let quarter = if cosine {
        let one = l.integer(1);
        l.add(quarter, one)
    } else {
        quarter
    };
    let odd = l.and(quarter, 1);
    let zero = l.integer(0);
    let even = l.b.binary(crate::op::Binary::Equal, odd, zero);
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
