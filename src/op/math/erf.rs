//! The error function.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`.

use std::f64::consts::LOG2_E;

use super::exp::{exp_of_reduced, ln2};
use super::lanes::Lanes;
use crate::op::Ref;

/// erf(sqrt z) / sqrt z - 1 on 0 <= z <= 1, relative to erf: degree 6, error 2^-29.36.
const ERF_F32: [f64; 7] =
    [0.12837917, -0.37612626, 0.11283579, -0.02685335, 0.005187175, -0.0007997997, 7.807469e-05];

/// The same for `f64`: degree 12, error 2^-56.3.
const ERF_F64: [f64; 13] = [
    0.1283791670955126,
    -0.3761263890318375,
    0.11283791670954857,
    -0.026866170645072882,
    0.005223977624780771,
    -0.0008548326978737141,
    0.00012055331036725262,
    -1.4925593502864818e-05,
    1.6460972754425743e-06,
    -1.6350024576650064e-07,
    1.4657875606221849e-08,
    -1.1365649995766196e-09,
    5.945235421723004e-11,
];

/// log(erfc(x)) / x on 1 <= x <= 4, weighted to be relative to erf: degree 5, error 2^-28.52.
const ERFC_F32: [f64; 6] = [-1.12848, -0.6358318, -0.10511571, 0.02279816, -0.0031868427, 0.00021062909];

/// The same on 1 <= x <= 6 for `f64`: degree 17, error 2^-57.68.
const ERFC_F64: [f64; 18] = [
    -1.128379110822921,
    -0.6366202530059462,
    -0.10277082567216544,
    0.019124960944373364,
    0.00021204327165313293,
    -0.0016926171312321386,
    0.0005746680822720739,
    9.674982224078436e-07,
    -9.548209742113083e-05,
    5.603642465906632e-05,
    -2.0350588889709694e-05,
    5.385020180798724e-06,
    -1.0780779369169573e-06,
    1.6301507823248005e-07,
    -1.8129562694737995e-08,
    1.4023102620511356e-09,
    -6.744096216727885e-11,
    1.5186658684405612e-12,
];

/// erf: an odd polynomial below 1, else 1 - e^T, where T = log(erfc(x)) is smooth enough for one
/// polynomial to reach from there to where the result is 1. The error it may have grows like erf/erfc.
pub(super) fn erf(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    let square = l.mul(size, size);
    let p = l.polynomial(square, l.pick(&ERF_F32[..], &ERF_F64[..]));
    let small = l.fma(size, p, size);

    // T as a float and what its rounding lost.
    let bounded = l.at_most(size, l.pick(4.0, 6.0));
    let p = l.polynomial(bounded, l.pick(&ERFC_F32[..], &ERFC_F64[..]));
    let t = l.mul(bounded, p);
    let minus_t = l.negative(t);
    let lost = l.fma(bounded, p, minus_t);
    let ((high, low), magic) = (ln2(l), l.magic() + l.bias() as f64);
    let inverse = l.number(LOG2_E);
    let shifted = l.fma_number(t, inverse, magic);
    let n = l.add_number(shifted, -magic);
    let exact = l.scale_add(n, -high, t);
    let rest = l.scale_add(n, -low, lost);
    let r = l.add(exact, rest);
    let p = exp_of_reduced(l, r);
    let minus = l.negative(p);
    let bits = l.bits(shifted);
    let power = l.power(bits);
    let large = l.fma_number(minus, power, 1.0);

    let is_small = l.below(size, 1.0);
    let y = l.select(is_small, small, large);
    l.with_sign_of(y, x)
}
