//! Logarithms of sums of exponentials: softplus, logaddexp, logaddexp2.
//!
//! All are the larger plus log(1 + e^gap), where the gap, from the larger to the smaller, is not positive.
//! With s = e^gap / (2 + e^gap), at most 1/3, the logarithm is 2 atanh(s), which needs no power of two.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats and of 10^8 pairs in `f32`, of 10^7 in `f64`.

use std::f64::consts::{LN_2, LOG2_E};

use super::exp::{NOTHING, exp_for_f32};
use super::lanes::Lanes;
use super::log::{Base, LOG1P_F32, log_beyond};
use super::pair::{self, Pair};
use crate::base::DType;
use crate::op::{Binary, Builder, Ref};

/// (atanh(sqrt z) / sqrt z - 1) / z on 0 <= z <= 1/9, in `f64` for results in `f32`, relative to atanh:
/// degree 6, error 2^-43.69.
const ATANH_FOR_F32: [f64; 7] = [
    0.333333333384281,
    0.19999998841337716,
    0.14285803185681004,
    0.11107891128312129,
    0.09152806325947593,
    0.0704847974746644,
    0.10003054534299291,
];

/// What is left of it after its constant term, over z, for `f64`: degree 10, error 2^-68.88.
const ATANH_F64: [f64; 11] = [
    0.20000000000000037,
    0.142857142857019,
    0.11111111112736637,
    0.09090908976358408,
    0.07692312610897872,
    0.06666529554459205,
    0.05884910874951545,
    0.052310176055406526,
    0.05028986748610839,
    0.029585437588478692,
    0.0794158793529005,
];

/// 1/3 in two floats.
const THIRD: (f64, f64) = (1.0 / 3.0, 1.850371707708594e-17);

/// log(2) and its inverse less their nearest floats.
const LN_2_LOW: f64 = 2.3190468138462996e-17;
const LOG2_E_LOW: f64 = 2.0355273740931033e-17;

/// log(1 + e^x), by the gap between x and 0. Max error: 0.98 ULP in `f32`, 0.77 in `f64`.
pub(super) fn softplus(l: &mut Lanes, x: Ref) -> Ref {
    let (larger, size, zero) = (l.at_least(x, 0.0), l.abs(x), l.number(0.0));
    let gap = Pair { high: l.negative(size), low: zero };
    let y = if l.is_f32() { softplus_f32(l, larger, gap) } else { for_f64(l, larger, gap, Base::E) };
    at_ends(l, larger, gap.high, Base::E, y)
}

/// The larger and log(1 + e), where e = e^gap: from 1/2 on log(2) + log(1 + f) with f = (e - 1) / 2, below f is e
/// itself. What is largest is summed exactly.
fn softplus_f32(l: &mut Lanes, larger: Ref, gap: Pair) -> Ref {
    // Past this the power is nothing.
    let high = l.at_least(gap.high, NOTHING);
    let power = pair::exp_in_parts(l, Pair { high, ..gap });
    let [zero, half, one, minus_half, ln2] = [0.0, 0.5, 1.0, -0.5, LN_2].map(|value| l.number(value));
    let e = power.whole(l, NOTHING);
    let small = l.below(e.high, 0.5);
    let (factor, offset) = (l.select(small, one, half), l.select(small, zero, minus_half));
    let whole = l.select(small, zero, ln2);
    let f = l.fma(e.high, factor, offset);
    let lost = l.mul(e.low, factor);
    let rest = log_beyond(l, f, lost, &LOG1P_F32);
    let logarithm = Pair::sum_of_ordered(l, whole, f);
    let rest = l.add(logarithm.low, rest);
    let is_less = l.less(larger, logarithm.high);
    let (first, second) =
        (l.select(is_less, logarithm.high, larger), l.select(is_less, larger, logarithm.high));
    let sum = Pair::sum_of_ordered(l, first, second);
    let rest = l.add(sum.low, rest);
    l.add(sum.high, rest)
}

/// log(e^x + e^y) or log2(2^x + 2^y). Where the result is at least a quarter of the larger, max error: 0.51 ULP
/// in `f32`, 0.86 in `f64`; else of an ULP of that quarter.
pub(super) fn logaddexp(b: &mut Builder, x: Ref, y: Ref, base: Base) -> Ref {
    let dtype = b.dtype(x);
    let l = &mut Lanes::new(b, dtype);
    let (larger, smaller) = (l.b.binary(Binary::Maximum, x, y), l.b.binary(Binary::Minimum, x, y));
    if l.is_f32() {
        let smaller = l.b.cast(smaller, DType::F64);
        return l.in_f64(larger, |l, larger| {
            let gap = l.sub(smaller, larger);
            let y = for_f32(l, larger, gap, base);
            at_ends(l, larger, gap, base, y)
        });
    }
    let minus = l.negative(larger);
    let gap = Pair::sum(l, smaller, minus);
    let y = for_f64(l, larger, gap, base);
    at_ends(l, larger, gap.high, base, y)
}

/// What is left to say of the ends: an infinite `larger` is the result, whatever `y` is; and where the gap is
/// 0, a logarithm to base 2 is 1.
fn at_ends(l: &mut Lanes, larger: Ref, gap: Ref, base: Base, y: Ref) -> Ref {
    let y = if base == Base::Two {
        let (level, doubled) = (l.equals(gap, 0.0), l.add_number(larger, 1.0));
        l.select(level, doubled, y)
    } else {
        y
    };
    let size = l.abs(larger);
    let infinite = l.equals(size, f64::INFINITY);
    l.select(infinite, larger, y)
}

/// In `f64`, for a result in `f32`: nothing is compensated.
fn for_f32(l: &mut Lanes, larger: Ref, gap: Ref, base: Base) -> Ref {
    // Past this the power is nothing in f32.
    let bounded = l.at_least(gap, -160.0);
    let exponent = if base == Base::Two { l.scale(bounded, LN_2) } else { bounded };
    let e = exp_for_f32(l, exponent);
    let below = l.add_number(e, 2.0);
    let s = l.div(e, below);
    let z = l.mul(s, s);
    let p = l.polynomial(z, &ATANH_FOR_F32);
    let cube = l.mul(z, s);
    let half = l.fma(cube, p, s);
    let unit = if base == Base::Two { 2.0 * LOG2_E } else { 2.0 };
    l.scale_add(half, unit, larger)
}

/// The power and s in two parts, and the sum of the larger and 2 s exactly.
fn for_f64(l: &mut Lanes, larger: Ref, gap: Pair, base: Base) -> Ref {
    let bounded = gap.bounded(l, -1100.0, 0.0);
    let exponent = if base == Base::Two {
        let unit = Pair::number(l, (LN_2, LN_2_LOW));
        bounded.mul(l, unit)
    } else {
        // Past this the power is nothing.
        Pair { high: l.at_least(bounded.high, -750.0), low: bounded.low }
    };
    let power = pair::exp_in_parts(l, exponent);
    // So that no low part underflows, the power is at least 2^-200. That is nothing beside a larger from 2^-100
    // on; a smaller one is scaled up by what the power was, and the result back.
    let magic = l.magic() + l.bias() as f64;
    let n = l.at_least(power.n, -200.0);
    let beyond = l.sub(power.n, n);
    let (zero, size) = (l.number(0.0), l.abs(larger));
    let small = l.below(size, 2_f64.powi(-100));
    let beyond = l.select(small, beyond, zero);
    let [up, down, n] = [l.negative(beyond), beyond, n].map(|n| {
        let shifted = l.add_number(n, magic);
        let bits = l.bits(shifted);
        l.power(bits)
    });
    let e = power.value.scaled(l, n);
    let raised = l.mul(larger, up);

    let two = l.number(2.0);
    let below = Pair::sum_of_ordered(l, two, e.high);
    let below = Pair { high: below.high, low: l.add(below.low, e.low) };
    let s = e.div(l, below);
    // s + s^3 (1/3 + z p(z)).
    let z = s.mul(l, s);
    let p = l.polynomial(z.high, &ATANH_F64);
    let third = Pair::step(l, z.high, p, THIRD);
    let third = Pair { high: third.high, low: l.fma(z.low, p, third.low) };
    let curved = s.mul(l, z).mul(l, third);
    let half = Pair::sum_of_ordered(l, s.high, curved.high);
    let rest = l.add(s.low, curved.low);
    let half = Pair { high: half.high, low: l.add(half.low, rest) };
    let logarithm = if base == Base::Two {
        let unit = Pair::number(l, (2.0 * LOG2_E, 2.0 * LOG2_E_LOW));
        half.mul(l, unit)
    } else {
        half.scaled(l, two)
    };
    let sum = Pair::sum(l, raised, logarithm.high);
    let rest = l.add(sum.low, logarithm.low);
    let y = l.add(sum.high, rest);
    l.mul(y, down)
}
