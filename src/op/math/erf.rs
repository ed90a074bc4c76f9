//! The error function.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use std::f64::consts::LOG2_E;

use super::exp::{exp_of_reduced, ln2};
use super::lanes::Lanes;
use crate::op::Ref;

/// erf(sqrt z) / sqrt z - 1 on 0 <= z <= (7/8)^2, relative to erf: degree 6, error 2^-30.1.
const ERF_F32: [f64; 7] =
    [0.12837917, -0.3761263, 0.11283623, -0.026855363, 0.0051909336, -0.0008026301, 7.86695e-05];

/// The same for `f64`: degree 11, error 2^-55.98.
const ERF_F64: [f64; 12] = [
    0.1283791670955126,
    -0.3761263890318413,
    0.1128379167097431,
    -0.026866170648927063,
    0.005223977663970609,
    -0.0008548329301397765,
    0.00012055416611457412,
    -1.4927606111598065e-05,
    1.6491006439728183e-06,
    -1.6620686219907683e-07,
    1.5928959301972444e-08,
    -1.2919553796509718e-09,
];

/// log(erfc(x)) / x on 7/8 <= x <= 4, weighted to be relative to erf: degree 6, error 2^-29.72.
const ERFC_F32: [f64; 7] =
    [-1.128623, -0.6352564, -0.106060535, 0.023608109, -0.0035687564, 0.00030446882, -9.380319e-06];

/// The same on 7/8 <= x <= 6 for `f64`: degree 18, error 2^-59.31.
const ERFC_F64: [f64; 19] = [
    -1.1283791988862926,
    -0.6366193889867402,
    -0.10277477585121728,
    0.019136140271589497,
    0.00019010072579131064,
    -0.0016609034076655376,
    0.0005396949702535439,
    3.105212579284377e-05,
    -0.00011594443565826105,
    6.712202533848744e-05,
    -2.5145205082887932e-05,
    7.036545177343615e-06,
    -1.5277574764515688e-06,
    2.5848650702102083e-07,
    -3.358713998224923e-08,
    3.243973537568284e-09,
    -2.1949693583685903e-10,
    9.282805211184257e-12,
    -1.8453452542572815e-13,
];

/// erf: an odd polynomial below 7/8, else 1 - e^T, where T = log(erfc(x)) is smooth enough for one
/// polynomial to reach from there to where the result is 1. The error it may have grows like erf/erfc.
/// Max error: 0.94 ULP in `f32`, 0.96 in `f64`.
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

    let is_small = l.below(size, 0.875);
    let y = l.select(is_small, small, large);
    l.with_sign_of(y, x)
}
