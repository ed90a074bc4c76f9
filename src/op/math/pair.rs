//! Values as sums of two floats, some 106 bits together: logarithms and exponentials that lose nothing
//! where a product or a difference makes their errors grow.
//!
//! The sums and products are Dekker's and Knuth's ("A floating-point technique for extending the available
//! precision", 1971; "The art of computer programming", volume 2, 4.2.2), with `fma` for the products.
//! Polynomials are minimax, by `tools/coefficients.py`.

use std::f64::consts::{LN_2, LOG2_E};

use super::exp::EXP_F64;
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
        let minus = l.negative(value);
        let left = l.fma(minus, below.high, above);
        Quotient { value, left: l.fma(minus, below.low, left), inverse }
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
    let s = l.div(f, below);
    // What the division left, over the denominator, whose inverse is (1 - s) / 2.
    let below_rest = l.add_number(below, -1.0);
    let below_rest = l.sub(m, below_rest);
    let minus_s = l.negative(s);
    let left = l.fma(minus_s, below, f);
    let left = l.fma(minus_s, below_rest, left);
    let half = l.number(-0.5);
    let inverse = l.fma_number(s, half, 0.5);
    let s = Pair { high: s, low: l.mul(left, inverse) };

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

/// e^x in `f64` for a pair within [-750, 712], rounded to a float twice if it is subnormal, else once.
pub(super) fn exp(l: &mut Lanes, x: Pair) -> Ref {
    // log(2) in three floats.
    const SECOND: f64 = 2.3190468138462996e-17;
    let (inverse, magic) = (l.number(LOG2_E), l.magic() + 2.0 * l.bias() as f64);
    let shifted = l.fma_number(x.high, inverse, magic);
    let n = l.add_number(shifted, -magic);
    // Exact, as is said in `exp.rs`.
    let exact = l.scale_add(n, -LN_2, x.high);
    let rest = l.scale_add(n, -SECOND, x.low);
    let r = Pair::sum_of_ordered(l, exact, rest);
    // 1 + r exactly, and all that is smaller; (1 + rest) e^r is e^r + rest (1 + r), or nearly so.
    let one = l.number(1.0);
    let sum = Pair::sum_of_ordered(l, one, r.high);
    let p = l.polynomial(r.high, &EXP_F64);
    let square = l.mul(r.high, r.high);
    let tail = l.fma(r.low, r.high, r.low);
    let tail = l.add(tail, sum.low);
    let tail = l.fma(square, p, tail);
    let p = l.add(sum.high, tail);
    let (first, second) = super::exp::powers(l, n, shifted);
    let p = l.mul(p, first);
    l.mul(p, second)
}
