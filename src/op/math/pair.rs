//! Values as sums of two floats, some 48 or 106 bits together: logarithms and exponentials that lose nothing
//! where a product or a difference makes their errors grow.
//!
//! The sums and products are Dekker's and Knuth's ("A floating-point technique for extending the available
//! precision", 1971; "The art of computer programming", volume 2, 4.2.2), with `fma` for the products.
//! Polynomials are minimax, by `tools/coefficients.py`.

use std::f64::consts::LOG2_E;

use super::exp::{EXP_F32, EXP_F64, ln2, power_of, powers};
use super::lanes::Lanes;
use super::log::Split;
use crate::op::Ref;

/// (log((1 + s) / (1 - s)) - 2 s - 2/3 s^3) / s^5 by z = s^2, where sqrt(1/2) <= (1 + s) / (1 - s) <=
/// sqrt(2): degree 7, error 2^-73.46, relative to the logarithm.
const LOG_F64: [f64; 8] = [
    0.3999999999999998,
    0.2857142857144384,
    0.22222222217789692,
    0.18181818844003547,
    0.15384558427610184,
    0.13336264538373294,
    0.11675779898228186,
    0.11981760000190272,
];

/// high + low, where low is at most half an ulp of high, or nearly so.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) high: Ref,
    pub(super) low: Ref,
}

impl Pair {
    /// a + b exactly, where a is the larger in size, or zero.
    pub(super) fn sum_of_ordered(l: &mut Lanes, a: Ref, b: Ref) -> Self {
        let high = l.add(a, b);
        let low = l.sub(a, high);
        Self { high, low: l.add(low, b) }
    }

    /// a + b exactly, whichever is the larger.
    pub(super) fn sum(l: &mut Lanes, a: Ref, b: Ref) -> Self {
        let high = l.add(a, b);
        let known_b = l.sub(high, a);
        let known_a = l.sub(high, known_b);
        let (lost_a, lost_b) = (l.sub(a, known_a), l.sub(b, known_b));
        Self { high, low: l.add(lost_a, lost_b) }
    }

    /// a b exactly, where nothing underflows.
    pub(super) fn product(l: &mut Lanes, a: Ref, b: Ref) -> Self {
        let high = l.mul(a, b);
        let minus = l.negative(high);
        Self { high, low: l.fma(a, b, minus) }
    }

    /// above / (below + its rest), as the rounded quotient and what that leaves of above.
    pub(super) fn quotient(l: &mut Lanes, above: Ref, below: Self) -> Quotient {
        let one = l.number(1.0);
        let inverse = l.div(one, below.high);
        let value = l.mul(above, inverse);
        Quotient { value, left: below.left_by(l, value, above), inverse }
    }

    /// above - value times the pair, where the value is about their quotient.
    fn left_by(self, l: &mut Lanes, value: Ref, above: Ref) -> Ref {
        let minus = l.negative(value);
        let left = l.fma(minus, self.high, above);
        l.fma(minus, self.low, left)
    }

    /// a b + a constant, which is the larger: a step of Horner's rule that loses nothing.
    pub(super) fn step(l: &mut Lanes, a: Ref, b: Ref, constant: (f64, f64)) -> Self {
        let first = l.number(constant.0);
        let high = l.fma(a, b, first);
        let low = l.sub(first, high);
        let low = l.fma(a, b, low);
        Self { high, low: l.add_number(low, constant.1) }
    }

    /// The constant high + low.
    pub(super) fn number(l: &mut Lanes, (high, low): (f64, f64)) -> Self {
        Self { high: l.number(high), low: l.number(low) }
    }

    pub(super) fn negative(self, l: &mut Lanes) -> Self {
        Self { high: l.negative(self.high), low: l.negative(self.low) }
    }

    /// Both parts times a power of two, or any factor if a rounding of each does not matter.
    pub(super) fn scaled(self, l: &mut Lanes, factor: Ref) -> Self {
        Self { high: l.mul(self.high, factor), low: l.mul(self.low, factor) }
    }

    /// The high part within bounds, and a low part that is past them, or NaN because the high one is,
    /// within [-1, 1].
    pub(super) fn bounded(self, l: &mut Lanes, least: f64, greatest: f64) -> Self {
        let high = l.at_least(self.high, least);
        let high = l.at_most(high, greatest);
        // This order of operands makes NaN the bound.
        let one = l.number(1.0);
        let is_less = l.less(self.low, one);
        let low = l.select(is_less, self.low, one);
        Self { high, low: l.at_least(low, -1.0) }
    }

    /// The sum as a float.
    pub(super) fn rounded(self, l: &mut Lanes) -> Ref {
        l.add(self.high, self.low)
    }

    /// The quotient, to all digits but the last few.
    pub(super) fn div(self, l: &mut Lanes, below: Self) -> Self {
        let Quotient { value, left, inverse } = Self::quotient(l, self.high, below);
        let left = l.add(left, self.low);
        Self { high: value, low: l.mul(left, inverse) }
    }

    /// The product, to all digits but the last few.
    pub(super) fn mul(self, l: &mut Lanes, other: Self) -> Self {
        let Self { high, low } = Self::product(l, self.high, other.high);
        let low = l.fma(self.high, other.low, low);
        Self { high, low: l.fma(self.low, other.high, low) }
    }
}

/// A quotient, with the inverse of what was divided by.
pub(super) struct Quotient {
    pub(super) value: Ref,
    /// Of the dividend.
    pub(super) left: Ref,
    pub(super) inverse: Ref,
}

/// s = f / (2 + f), given 2 + f, whose inverse is (1 - s) / 2.
pub(super) fn over_two_more(l: &mut Lanes, f: Ref, below: Pair) -> Pair {
    let s = l.div(f, below.high);
    let left = below.left_by(l, s, f);
    let minus_half = l.number(-0.5);
    let inverse = l.fma_number(s, minus_half, 0.5);
    Pair { high: s, low: l.mul(left, inverse) }
}

/// log(x) of a positive normal number in `f64`, as 2 s + s^3 (2/3 + z q(z)) with s = (m - 1) / (m + 1) and
/// z = s^2. The relative error is below 2^-64.
pub(super) fn log(l: &mut Lanes, Split { k, m, .. }: Split) -> Pair {
    // The leading 42 bits of log(2), so that the product with k, of 11 bits, is exact; and the rest.
    const HIGH: f64 = 0.6931471805598903;
    const LOW: f64 = 5.497923018708371e-14;
    // 2/3 less its nearest float.
    const THIRD_LOW: f64 = 3.700743415417188e-17;
    let f = l.add_number(m, -1.0);
    let below = l.add_number(m, 1.0);
    let below_rest = l.add_number(below, -1.0);
    let below_rest = l.sub(m, below_rest);
    let s = over_two_more(l, f, Pair { high: below, low: below_rest });

    let z = s.mul(l, s);
    let q = l.polynomial(z.high, &LOG_F64);
    let two_thirds = l.number(2.0 / 3.0);
    let third = l.fma(z.high, q, two_thirds);
    let lost = l.sub(two_thirds, third);
    let lost = l.fma(z.high, q, lost);
    let lost = l.add_number(lost, THIRD_LOW);
    let third = Pair { high: third, low: l.fma(z.low, q, lost) };
    let cube = s.mul(l, z);
    let curved = cube.mul(l, third);

    let two = l.number(2.0);
    let whole = l.scale(k, HIGH);
    let sum = l.fma(s.high, two, whole);
    let lost = l.sub(whole, sum);
    let lost = l.fma(s.high, two, lost);
    let sum = Pair::sum_of_ordered(l, sum, curved.high);
    let lost = l.add(lost, sum.low);
    let lost = l.fma(s.low, two, lost);
    let lost = l.add(lost, curved.low);
    let lost = l.scale_add(k, LOW, lost);
    Pair::sum_of_ordered(l, sum.high, lost)
}

/// 2^n times a value between sqrt(1/2) and sqrt(2), or nearly so.
pub(super) struct Power {
    pub(super) value: Pair,
    pub(super) n: Ref,
    /// A float whose low bits are n + twice the bias of the format.
    pub(super) shifted: Ref,
}

/// No power is of less than e^`least`, and of that one the result is 0.
impl Power {
    /// The value times 2^n, where that is at most 1; what is subnormal is rounded twice.
    pub(super) fn whole(&self, l: &mut Lanes, least: f64) -> Pair {
        let (first, second) = powers(l, self.n, self.shifted, power_of(least));
        let power = l.mul(first, second);
        self.value.scaled(l, power)
    }

    /// `y` 2^n.
    pub(super) fn times(&self, l: &mut Lanes, y: Ref, least: f64) -> Ref {
        let (first, second) = powers(l, self.n, self.shifted, power_of(least));
        let y = l.mul(y, first);
        l.mul(y, second)
    }
}

/// e^x in `f64` for a pair within [`least`, 712], rounded to a float twice if it is subnormal, else once; 0 of
/// `least`, which is -746 or less.
pub(super) fn exp(l: &mut Lanes, x: Pair, least: f64) -> Ref {
    let power = exp_in_parts(l, x);
    power.times(l, power.value.high, least)
}

/// e^x for a pair within [-120, 89] in `f32`, [-1000, 712] in `f64`. The relative error is below 2^-27 or 2^-57.
pub(super) fn exp_in_parts(l: &mut Lanes, x: Pair) -> Power {
    let (first, second) = ln2(l);
    let (inverse, magic) = (l.number(LOG2_E), l.magic() + 2.0 * l.bias() as f64);
    let shifted = l.fma_number(x.high, inverse, magic);
    let n = l.add_number(shifted, -magic);
    // Exact, as is said in `exp.rs`.
    let exact = l.scale_add(n, -first, x.high);
    let rest = l.scale_add(n, -second, x.low);
    let r = Pair::sum_of_ordered(l, exact, rest);
    // 1 + r exactly, and all that is smaller; (1 + rest) e^r is e^r + rest (1 + r), or nearly so.
    let one = l.number(1.0);
    let sum = Pair::sum_of_ordered(l, one, r.high);
    let p = l.polynomial(r.high, l.pick(&EXP_F32[..], &EXP_F64[..]));
    let square = l.mul(r.high, r.high);
    let tail = l.fma(r.low, r.high, r.low);
    let tail = l.add(tail, sum.low);
    let tail = l.fma(square, p, tail);
    Power { value: Pair::sum_of_ordered(l, sum.high, tail), n, shifted }
}
