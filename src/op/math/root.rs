//! The cube root.
//!
//! The polynomial is minimax, by `tools/coefficients.py`; errors are by `tests/accuracy.rs`, of all floats
//! in `f32` and of 10^7 in `f64`.

use super::lanes::Lanes;
use super::log::Split;
use crate::op::Ref;

/// 1 / cbrt(t) on 2^-3/2 <= t <= 2^3/2: degree 5, relative error 2^-8.379.
const INVERSE: [f64; 6] = [2.01509, -2.3865852, 2.305848, -1.2354069, 0.33447245, -0.035680007];

/// cbrt: |x| = 2^3n t with t between 2^-3/2 and 2^3/2. The inverse root of t is a polynomial improved by one
/// step of fourth order, its square times t the root, improved by one of Newton's. Max error: 0.51 ULP in
/// `f32`, 0.57 in `f64`.
pub(super) fn cbrt(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    let Split { k, m, .. } = Split::of(l, size);
    let (magic, bias) = (l.magic(), l.bias() as f64);
    let third = l.number(1.0 / 3.0);
    let shifted = l.fma_number(k, third, magic + bias);
    let n = l.add_number(shifted, -(magic + bias));
    // -1, 0 or 1.
    let rest = l.scale_add(n, -3.0, k);
    let rest = l.add_number(rest, magic + bias);
    let rest = l.bits(rest);
    let rest = l.power(rest);
    let t = l.mul(m, rest);

    let r = l.polynomial(t, &INVERSE);
    let square = l.mul(r, r);
    let minus_cube = l.mul(square, r);
    let minus_cube = l.negative(minus_cube);
    let h = l.fma_number(minus_cube, t, 1.0);
    // (1 - h)^(-1/3) = 1 + h/3 + 2 h^2/9 + 14 h^3/81 + ...
    let series: &[f64] = l.pick(&[1.0 / 3.0, 2.0 / 9.0], &[1.0 / 3.0, 2.0 / 9.0, 14.0 / 81.0]);
    let p = l.polynomial(h, series);
    let step = l.mul(h, p);
    let r = l.fma(r, step, r);

    let square = l.mul(r, r);
    let y = l.mul(square, t);
    // What y^3, in two parts, leaves of t.
    let high = l.mul(y, y);
    let minus_high = l.negative(high);
    let low = l.fma(y, y, minus_high);
    let rest = l.fma(minus_high, y, t);
    let minus_low = l.negative(low);
    let rest = l.fma(minus_low, y, rest);
    let slope = l.scale(square, 1.0 / 3.0);
    let y = l.fma(rest, slope, y);

    let bits = l.bits(shifted);
    let power = l.power(bits);
    let y = l.mul(y, power);
    let y = l.with_sign_of(y, x);
    // Zeros, infinities and NaN are their own roots.
    let finite = l.below(size, f64::INFINITY);
    let y = l.select(finite, y, x);
    let zero = l.number(0.0);
    let nonzero = l.less(zero, size);
    l.select(nonzero, y, x)
}
