//! The logarithm of the gamma function.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of every 251st float in `f32` and of 10^7 in `f64`.

use super::lanes::Lanes;
use super::log::{Split, log_for_f32};
use super::pair::{self, Pair};
use crate::op::{Ref, Routine};

/// lgamma(2 + d) is d (first + second d + d^2 p(d)): 1 - Euler's constant and (pi^2 / 6 - 1) / 2.
const FIRST: (f64, f64) = (0.42278433509846713, 4.942915152430645e-18);
const SECOND: (f64, f64) = (0.3224670334241132, 1.520336175199238e-17);

/// p on |d| <= 1/2, in `f64` for results in `f32`, relative to lgamma: degree 8, error 2^-34.48.
const NEAR_FOR_F32: [f64; 9] = [
    -0.06735230202331764,
    0.020580798539251637,
    -0.007385504859703228,
    0.0028908296235296087,
    -0.0011934301804492724,
    0.0005062715731863834,
    -0.00021898890473747947,
    0.00011398087273360067,
    -5.597757184982372e-05,
];

/// The same for `f64`: degree 16, error 2^-59.12.
const NEAR_F64: [f64; 17] = [
    -0.0673523010531982,
    0.020580808427782628,
    -0.00738555102865805,
    0.0028905103309358167,
    -0.0011927539124948303,
    0.0005096695174838744,
    -0.00022315473963803396,
    9.945764954286202e-05,
    -4.492648626409446e-05,
    2.0505752277357135e-05,
    -9.437511864991614e-06,
    4.384076463133422e-06,
    -2.0487393560354174e-06,
    9.213610983893643e-07,
    -4.22113832000362e-07,
    2.776107314993391e-07,
    -1.4149913695786372e-07,
];

/// What Stirling's formula lacks, times x, by 1/x^2 for x >= 2.5, in `f64` for results in `f32`, relative to
/// lgamma: degree 4, error 2^-36.24.
const FAR_FOR_F32: [f64; 5] = [
    0.08333333012085135,
    -0.0027775489211157222,
    0.0007877743078168902,
    -0.0005224192073939445,
    0.00035754681314809295,
];

/// The same for `f64`: degree 12, error 2^-60.52.
const FAR_F64: [f64; 13] = [
    0.08333333333333175,
    -0.0027777777771208025,
    0.000793650692132481,
    -0.0005952298108012448,
    0.0008413348535431339,
    -0.001903486372805595,
    0.0060717401668422535,
    -0.02341616043061047,
    0.09137055147459719,
    -0.30679790263995743,
    0.771255417656833,
    -1.240399858767212,
    0.9391540967515082,
];

/// (log(2 pi) - 1) / 2.
const STIRLING: (f64, f64) = (0.4189385332046727, 1.6728209650585413e-17);

/// Where the parts of the definition meet.
const FAR: f64 = 2.5;

/// The logarithm of the size of the gamma function; below 0 by a routine.
///
/// With Stirling's formula (x - 1/2) (log(x) - 1) + (log(2 pi) - 1) / 2 from 2.5 on. Below it, the
/// recurrence leads to 2 + d with |d| <= 1/2: lgamma(x) is lgamma(2 + d) less log(x (x + 1)) up to 1/2, less
/// log(x) up to 3/2. So the zeros at 1 and 2 are where d is 0 exactly, and lose nothing. Max error: 0.51 ULP
/// in `f32`, 0.64 in `f64` above 0.
pub(super) fn lgamma(l: &mut Lanes, x: Ref) -> Ref {
    let y = if l.is_f32() { l.in_f64(x, lgamma_for_f32) } else { lgamma_f64(l, x) };
    let (zero, infinity) = (l.number(0.0), l.number(f64::INFINITY));
    let at_pole = l.equals(x, 0.0);
    let finite = l.below(x, f64::INFINITY);
    let y = l.select(finite, y, x);
    let y = l.select(at_pole, infinity, y);
    let negative = l.less(x, zero);
    l.b.rare(negative, y, Routine::Lgamma, x)
}

/// Where x is: whether up to 1/2, to 3/2, from 2.5 on; and d.
struct Place {
    least: Ref,
    lower: Ref,
    far: Ref,
    d: Ref,
}

impl Place {
    fn of(l: &mut Lanes, x: Ref) -> Self {
        let (least, lower) = (l.below(x, 0.5), l.below(x, 1.5));
        let (zero, one, two) = (l.number(0.0), l.number(1.0), l.number(2.0));
        let nearest = l.select(lower, one, two);
        let nearest = l.select(least, zero, nearest);
        let far = l.number(FAR);
        Self { least, lower, far: l.less(far, x), d: l.sub(x, nearest) }
    }
}

/// Nothing is compensated.
fn lgamma_for_f32(l: &mut Lanes, x: Ref) -> Ref {
    let Place { least, lower, far, d } = Place::of(l, x);
    let product = l.fma(x, x, x);
    let of_log = l.select(least, product, x);
    let logarithm = log_for_f32(l, of_log);

    let p = l.polynomial(d, &NEAR_FOR_F32);
    let p = l.fma_number(p, d, SECOND.0);
    let p = l.fma_number(p, d, FIRST.0);
    let zero = l.number(0.0);
    let subtracted = l.select(lower, logarithm, zero);
    let minus = l.negative(subtracted);
    let near = l.fma(p, d, minus);

    let one = l.number(1.0);
    let inverse = l.div(one, x);
    let z = l.mul(inverse, inverse);
    let lacking = l.polynomial(z, &FAR_FOR_F32);
    let rest = l.fma_number(lacking, inverse, STIRLING.0);
    let (less_half, less_one) = (l.add_number(x, -0.5), l.add_number(logarithm, -1.0));
    let distant = l.fma(less_half, less_one, rest);
    l.select(far, distant, near)
}

/// All leading terms in two parts.
fn lgamma_f64(l: &mut Lanes, x: Ref) -> Ref {
    let Place { least, lower, far, d } = Place::of(l, x);
    // log(x + x^2), and what the rounding of the sum lost, over it.
    let (zero, one) = (l.number(0.0), l.number(1.0));
    let product = l.fma(x, x, x);
    let lost = l.sub(x, product);
    let lost = l.fma(x, x, lost);
    let bounded = l.at_least(x, 2_f64.powi(-1000));
    let inverse = l.div(one, bounded);
    let minus_x = l.scale(x, -2.0 / 3.0);
    let lost = l.mul(lost, inverse);
    let sum_lost = l.fma(lost, minus_x, lost);
    let of_log = l.select(least, product, x);
    let split = Split::of(l, of_log);
    let logarithm = pair::log(l, split);

    let p = l.polynomial(d, &NEAR_F64);
    let second = Pair::step(l, p, d, SECOND);
    let first = Pair::step(l, second.high, d, FIRST);
    let low = l.fma(second.low, d, first.low);
    let Pair { high, low: lost } = Pair::product(l, first.high, d);
    let low = l.fma(low, d, lost);
    let rest = l.select(least, sum_lost, zero);
    let rest = l.add(logarithm.low, rest);
    let (subtracted, rest) = (l.select(lower, logarithm.high, zero), l.select(lower, rest, zero));
    let minus = l.negative(subtracted);
    let sum = Pair::sum_of_ordered(l, minus, high);
    let low = l.sub(low, rest);
    let low = l.add(sum.low, low);
    let near = l.add(sum.high, low);

    let z = l.mul(inverse, inverse);
    let lacking = l.polynomial(z, &FAR_F64);
    let minus_half = l.number(-0.5);
    let minus_one = l.number(-1.0);
    let less_half = Pair::sum_of_ordered(l, x, minus_half);
    let less_one = Pair::sum_of_ordered(l, logarithm.high, minus_one);
    let less_one = Pair { high: less_one.high, low: l.add(less_one.low, logarithm.low) };
    let leading = less_half.mul(l, less_one);
    let constant = l.number(STIRLING.0);
    let sum = Pair::sum(l, leading.high, constant);
    let low = l.add_number(leading.low, STIRLING.1);
    let low = l.add(low, sum.low);
    let low = l.fma(lacking, inverse, low);
    let distant = l.add(sum.high, low);
    // An infinite product has lost itself.
    let finite = l.below(leading.high, f64::INFINITY);
    let distant = l.select(finite, distant, leading.high);
    l.select(far, distant, near)
}
