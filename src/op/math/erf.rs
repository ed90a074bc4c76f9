//! The error function.
//!
//! erf(x) = 1 - e^-T(x) for x >= 0, where T = -log(erfc(x)) = c x + x^2 q(x), c = 2/sqrt(pi), is so
//! smooth that one polynomial serves from 0 to where the result is 1. The error that T may have grows
//! like erf/erfc, so the fit is weighted with its inverse.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::exp::HalfExpm1;
use super::lanes::Lanes;
use crate::op::Ref;

/// (T(x)/x - c) / x on 0 < x <= 4, weighted to be relative to erf: degree 8, error 2^-30.83.
const ERF_F32: [f64; 9] = [
    0.6366198,
    0.10277161,
    -0.01911927,
    -0.0002492903,
    0.0017943117,
    -0.0007367755,
    0.00016574192,
    -2.0944984e-05,
    1.153856e-06,
];

/// The same on 0 < x <= 6: degree 23, error 2^-57.36.
const ERF_F64: [f64; 24] = [
    0.6366197723675828,
    0.10277260330181974,
    -0.019128447005634736,
    -0.00020919468900685147,
    0.0016962063473336697,
    -0.0005901253798893411,
    2.5878044311637227e-05,
    6.449320955529592e-05,
    -2.9726525836631778e-05,
    3.41081198895119e-06,
    2.831139223153519e-06,
    -1.7379513523208974e-06,
    3.3377230624044195e-07,
    1.3868649432411315e-07,
    -1.4246537193365365e-07,
    6.599794955186804e-08,
    -2.1042161462429176e-08,
    5.016636115886564e-09,
    -9.117387708319386e-10,
    1.2533852322764213e-10,
    -1.2662709603343196e-11,
    8.882716523459782e-13,
    -3.866966789518749e-14,
    7.86791191849581e-16,
];

/// erf as -(e^-T - 1), where -T is a float and a correction.
pub(super) fn erf(l: &mut Lanes, x: Ref) -> Ref {
    // 2/sqrt(pi) = 1.128379167095512573896158903121545...; as a float and the rest.
    let high = l.pick(f64::from(FRAC_2_SQRT_PI as f32), FRAC_2_SQRT_PI);
    let low = l.pick(FRAC_2_SQRT_PI - high, 1.533545961316588e-17);
    let size = l.abs(x);
    let bounded = l.at_most(size, l.pick(4.0, 6.0));
    let minus: Vec<f64> = l.pick(&ERF_F32[..], &ERF_F64[..]).iter().map(|c| -c).collect();
    let q = l.polynomial(bounded, &minus);
    let linear = l.scale(bounded, high);
    let minus_linear = l.scale(bounded, -high);
    let rest = l.scale_add(bounded, -high, linear);
    let rest = l.scale_add(bounded, -low, rest);
    let square = l.mul(bounded, bounded);
    let rest = l.fma(square, q, rest);
    let (half, _) = HalfExpm1::of(l, minus_linear, Some(rest)).plus(l, -0.5, false);
    let y = l.scale(half, -2.0);
    // c x rounded once, where the next term x^3 c/3 is below half an ulp; subnormals are among these.
    let near_zero = l.scale_add(size, FRAC_2_SQRT_PI - 1.0, size);
    let tiny = l.below(size, l.pick(2_f64.powi(-13), 2_f64.powi(-28)));
    let y = l.select(tiny, near_zero, y);
    l.with_sign_of(y, x)
}
