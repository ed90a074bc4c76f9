//! Hyperbolic functions: sinh, cosh.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use std::f64::consts::LOG2_E;

use super::exp::{ln2, unless_tiny};
use super::lanes::Lanes;
use crate::op::Ref;

/// (sinh(sqrt z) / sqrt z - 1) / z on 0 <= z <= (log(2)/2)^2, relative to sinh: degree 2, error 2^-34.33.
const SINH_F32: [f64; 3] = [0.16666667, 0.008333175, 0.00019974088];

/// The same for `f64`: degree 4, error 2^-61.68.
const SINH_F64: [f64; 5] = [
    0.16666666666666677,
    0.008333333333321374,
    0.0001984126988687402,
    2.755724336738286e-06,
    2.510935889948444e-08,
];

/// (cosh(sqrt z) - 1) / z on 0 <= z <= (log(2)/2)^2: degree 2, error 2^-33.24. The first coefficient comes out
/// as exactly 1/2, and so it does for `f64`.
const COSH_F32: [f64; 3] = [0.5, 0.04166646, 0.0013935425];

/// The same for `f64`: degree 5, error 2^-69.78.
const COSH_F64: [f64; 6] = [
    0.5,
    0.041666666666666685,
    0.0013888888888873286,
    2.4801587349197224e-05,
    2.755725182578562e-07,
    2.092176749749272e-09,
];

/// sinh: see [`sinh_or_cosh`]. Max error: 0.98 ULP in `f32`, 0.80 in `f64`.
pub(super) fn sinh(l: &mut Lanes, x: Ref) -> Ref {
    let y = sinh_or_cosh(l, x, false);
    let y = l.with_sign_of(y, x);
    // x^2 / 6 is below half an ulp.
    unless_tiny(l, x, l.pick(2_f64.powi(-12), 2_f64.powi(-27)), y)
}

/// cosh: see [`sinh_or_cosh`]. Max error: 0.72 ULP in `f32`, 0.79 in `f64`.
pub(super) fn cosh(l: &mut Lanes, x: Ref) -> Ref {
    sinh_or_cosh(l, x, true)
}

/// With |x| = n log(2) + r, and m and p a quarter of 2^n less and plus 2^-n, half of sinh|x| is
/// m cosh(r) + p sinh(r), half of cosh|x| is p cosh(r) + m sinh(r). Neither divides, and of numbers near 0,
/// where m is 0, nothing is cancelled. The sum of the first terms, m + p r, is formed exactly, and all the
/// rest is added to what that loses.
fn sinh_or_cosh(l: &mut Lanes, x: Ref, cosine: bool) -> Ref {
    let size = l.abs(x);
    // Past this the result is infinite, and 2^(n - 2) is not.
    let size = l.at_most(size, l.pick(89.5, 710.5));
    let ((high, low), magic) = (ln2(l), l.magic() + l.bias() as f64 - 2.0);
    let inverse = l.number(LOG2_E);
    let shifted = l.fma_number(size, inverse, magic);
    let n = l.add_number(shifted, -magic);
    let exact = l.scale_add(n, -high, size);
    let r = l.scale_add(n, -low, exact);
    let lost = l.sub(exact, r);
    let lost = l.scale_add(n, -low, lost);

    // Past 64, 2^-n is nothing beside 2^n.
    let few = l.at_most(n, 64.0);
    let start = l.number(magic);
    let below = l.sub(start, few);
    let (bits, below) = (l.bits(shifted), l.bits(below));
    let (power, inverse) = (l.power(bits), l.power(below));
    let (m, p) = (l.sub(power, inverse), l.add(power, inverse));
    let (first, second, inverse) = if cosine { (p, m, inverse) } else { (m, p, l.negative(inverse)) };
    let first_lost = l.sub(power, first);
    let first_lost = l.add(first_lost, inverse);

    let z = l.mul(r, r);
    let cosh_less_one = l.polynomial(z, l.pick(&COSH_F32[..], &COSH_F64[..]));
    let cosh_less_one = l.mul(z, cosh_less_one);
    let cube = l.mul(z, r);
    let sinh = l.polynomial(z, l.pick(&SINH_F32[..], &SINH_F64[..]));
    let sinh_less_r = l.fma(cube, sinh, lost);

    let sum = l.fma(second, r, first);
    let rest = l.sub(first, sum);
    let rest = l.fma(second, r, rest);
    let rest = l.add(rest, first_lost);
    let slope = l.mul(first, r);
    let rest = l.fma(slope, lost, rest);
    let rest = l.fma(second, sinh_less_r, rest);
    let rest = l.fma(first, cosh_less_one, rest);
    let y = l.add(sum, rest);
    l.add(y, y)
}
