//! What is made of the tail of a normal distribution: erfc, gelu; and gelu_tanh, which resembles it.
//!
//! The tail without its exponential, such as e^(x^2) erfc(x), times x and a constant that is chosen to make
//! it flat, is a polynomial in t = (x - pole) / (x + pole) for all x >= 0, after Shepherd and Laframboise,
//! "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", 1981. Flat, it hardly feels an error of t.
//!
//! Polynomials are minimax, by `tools/coefficients.py`; errors of functions are by `tests/accuracy.rs`,
//! of all floats in `f32` and of 10^7 in `f64`.

use super::exp::exp_for_f32;
use super::lanes::Lanes;
use super::pair::{self, Pair, Power};
use crate::base::DType;
use crate::op::Ref;

/// A tail, of its exponential freed, times x + `shift`: `level` + `slope` t + t^2 times a polynomial.
struct Tail {
    pole: f64,
    shift: f64,
    level: (f64, f64),
    slope: (f64, f64),
    /// For results in `f32`, up to where they are 0.
    single: [f64; 11],
    /// For results in `f64`.
    double: [f64; 22],
}

/// e^(x^2) erfc(x), relative: for `f32` up to 10.5, error 2^-35.94; for `f64` up to 27.3, error 2^-58.01.
const ERFC: Tail = Tail {
    pole: 3.5,
    shift: 0.8125,
    level: (0.6697038898133567, -5.44193369156575e-17),
    slope: (-0.16039991657904953, 1.128022463870672e-17),
    single: [
        0.06757547744308239,
        -0.0016587462015762817,
        -0.028036116926870126,
        0.02979271543410057,
        -0.019106226228037385,
        0.00822288921265224,
        -0.0020260662190997457,
        -5.774614247311965e-05,
        0.000257737473506344,
        -6.192271513793985e-05,
        -3.142235971121635e-05,
    ],
    double: [
        0.06757547733396962,
        -0.0016587414122796271,
        -0.02803610942100512,
        0.02979258904257043,
        -0.019106425122042445,
        0.00822396590681864,
        -0.002023952123771387,
        -6.096043156454768e-05,
        0.0002484157880747262,
        -6.221674928609158e-05,
        -1.722083133650955e-05,
        1.1621609289828048e-05,
        6.907088201507884e-07,
        -1.7918824369727201e-06,
        3.524172008386956e-08,
        2.81734664700459e-07,
        -9.44945189682038e-09,
        -4.500665057767675e-08,
        -7.322331592233638e-10,
        5.816769617973835e-09,
        5.738333461638452e-10,
        -2.689118083909159e-10,
    ],
};

/// e^(x^2/2) erfc(x / sqrt(2)) / 2, relative: for `f32` up to 15, error 2^-34.99; for `f64` up to 38.7, error
/// 2^-57.76.
const NORMAL: Tail = Tail {
    pole: 5.0,
    shift: 1.125,
    level: (0.47113074297191354, 2.1887697114834757e-17),
    slope: (-0.10948447624201042, -2.2005730789757543e-18),
    single: [
        0.04553896959864114,
        -0.00010813814658128938,
        -0.020419113603541025,
        0.021610382919546624,
        -0.01404650828291407,
        0.006223214909248569,
        -0.0016497583941766929,
        2.9650837642355644e-05,
        0.00018255895483746388,
        -5.732222374505797e-05,
        -2.3579174247876337e-05,
    ],
    double: [
        0.045538969911713516,
        -0.00010813227279694836,
        -0.02041912393076611,
        0.021610225683023027,
        -0.01404649408392813,
        0.006224645119046503,
        -0.0016486285017564752,
        2.4576233795078024e-05,
        0.0001747807175142504,
        -5.348755599614285e-05,
        -9.065618775468414e-06,
        8.901446711136924e-06,
        -1.5443824030212105e-07,
        -1.277676969298419e-06,
        1.3686707684064263e-07,
        1.9200713130151411e-07,
        -2.682658625467372e-08,
        -3.049832395361285e-08,
        3.274328458681641e-09,
        4.283113631192813e-09,
        -1.4068531174582256e-10,
        -3.2491533519329764e-10,
    ],
};

impl Tail {
    /// In `f64`, for a result in `f32`: e^exponent times the rest of the tail.
    fn for_f32(&self, l: &mut Lanes, x: Ref, exponent: Ref) -> Ref {
        let (across, along) = (l.add_number(x, -self.pole), l.add_number(x, self.pole));
        let t = l.div(across, along);
        let p = l.polynomial(t, &self.single);
        let slope = l.fma_number(t, p, self.slope.0);
        let level = l.fma_number(t, slope, self.level.0);
        let below = l.add_number(x, self.shift);
        let e = exp_for_f32(l, exponent);
        let above = l.mul(e, level);
        l.div(above, below)
    }

    /// The same for `f64`, the exponent in two parts, and the product in two parts and a power of two.
    fn for_f64(&self, l: &mut Lanes, x: Ref, exponent: Pair) -> Power {
        // Past the pole the low parts are no exact ones, and there t is felt least.
        let (minus_pole, pole) = (l.number(-self.pole), l.number(self.pole));
        let (across, along) = (Pair::sum_of_ordered(l, minus_pole, x), Pair::sum_of_ordered(l, pole, x));
        let t = across.div(l, along).rounded(l);
        let p = l.polynomial(t, &self.double);
        let slope = Pair::step(l, t, p, self.slope);
        let level = Pair::step(l, t, slope.high, self.level);
        let level = Pair { high: level.high, low: l.fma(t, slope.low, level.low) };
        let (larger, smaller) = (l.at_least(x, self.shift), l.at_most(x, self.shift));
        let below = Pair::sum_of_ordered(l, larger, smaller);
        let power = pair::exp_in_parts(l, exponent);
        let above = power.value.mul(l, level);
        Power { value: above.div(l, below), ..power }
    }
}

/// 1 - erf(x): of |x| the tail, of negative x 2 less that. Max error: 0.51 ULP in `f32`, 0.89 in `f64`.
pub(super) fn erfc(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    // So far out that the result is 0 or 2.
    let end: f64 = l.pick(10.5, 27.3);
    let size = l.at_most(size, end);
    if l.is_f32() {
        let x = l.b.cast(x, DType::F64);
        return l.in_f64(size, |l, size| {
            let square = l.mul(size, size);
            let minus = l.negative(square);
            let y = ERFC.for_f32(l, size, minus);
            reflected(l, x, y)
        });
    }
    let square = Pair::product(l, size, size);
    let minus = square.negative(l);
    let power = ERFC.for_f64(l, size, minus);
    let y = power.value.rounded(l);
    let y = power.times(l, y, -end * end);
    reflected(l, x, y)
}

/// Of negative x, 2 - y.
fn reflected(l: &mut Lanes, x: Ref, y: Ref) -> Ref {
    let two = l.number(2.0);
    let (negative, reflected) = (l.below(x, 0.0), l.sub(two, y));
    l.select(negative, reflected, y)
}

/// x times the probability that a normal variable is below x: of negative x, |x| times that of -|x|, negative;
/// of others x less that, nothing of which is lost. Max error: 0.51 ULP in `f32`, 0.81 in `f64`.
pub(super) fn gelu(l: &mut Lanes, x: Ref) -> Ref {
    let size = l.abs(x);
    // So far out that the result is -0 or x.
    let end: f64 = l.pick(15.0, 38.7);
    let bounded = l.at_most(size, end);
    let negative = l.below(x, 0.0);
    if l.is_f32() {
        let size = l.b.cast(size, DType::F64);
        let y = l.in_f64(bounded, |l, bounded| {
            let half = l.scale(bounded, -0.5);
            let exponent = l.mul(bounded, half);
            let share = NORMAL.for_f32(l, bounded, exponent);
            let share = l.mul(share, bounded);
            let rest = l.sub(size, share);
            l.select(negative, share, rest)
        });
        return l.with_sign_of(y, x);
    }
    let half = l.scale(bounded, -0.5);
    let exponent = Pair::product(l, bounded, half);
    let power = NORMAL.for_f64(l, bounded, exponent);
    let share = Pair::product(l, power.value.high, bounded);
    let low = l.fma(power.value.low, bounded, share.low);
    let share = Pair::sum_of_ordered(l, share.high, low);
    let least = -0.5 * end * end;
    let (high, low) = (power.times(l, share.high, least), power.times(l, share.low, least));
    let minus_high = l.negative(high);
    let sum = Pair::sum_of_ordered(l, size, minus_high);
    let lost = l.sub(sum.low, low);
    let rest = l.add(sum.high, lost);
    let inside = l.below(size, end);
    let rest = l.select(inside, rest, size);
    let y = l.select(negative, high, rest);
    let y = l.with_sign_of(y, x);
    half_if_tiny(l, x, y)
}

/// x/2, which may be subnormal, where x is so small that gelu is that to all digits.
fn half_if_tiny(l: &mut Lanes, x: Ref, y: Ref) -> Ref {
    let (size, half) = (l.abs(x), l.scale(x, 0.5));
    let tiny = l.below(size, 2_f64.powi(-56));
    l.select(tiny, half, y)
}

/// x sigmoid(2 u) with u = sqrt(2/pi) (x + 0.044715 x^3), which is x (1 + tanh(u)) / 2: with e = e^(-2|u|) of
/// negative x x e / (1 + e), of others x / (1 + e). Max error: 0.80 ULP in `f32`, 0.76 in `f64`.
pub(super) fn gelu_tanh(l: &mut Lanes, x: Ref) -> Ref {
    // 2 sqrt(2/pi), so short that it is a multiple of the last place of the sum, and the rest; and the same times
    // 0.044715.
    let first = l.pick((1.595703125, 6.599660573071176e-05), (1.595769114792347, 6.813383757414081e-09));
    let third =
        l.pick((0.07135481387376785, 2.3988323959931355e-09), (0.07135481627260025, -6.175149918155315e-19));
    let size = l.abs(x);
    // So far out that the result is -0 or x.
    let end: f64 = l.pick(11.0, 22.0);
    let least = -first.0 * end - third.0 * end.powi(3);
    let bounded = l.at_most(size, end);
    let negative = l.below(x, 0.0);
    let square = Pair::product(l, bounded, bounded);
    let factor = l.number(third.0);
    let sum = Pair::step(l, square.high, factor, first);
    let low = l.fma(square.low, factor, sum.low);
    let low = l.scale_add(square.high, third.1, low);
    let exponent = Pair::product(l, sum.high, bounded);
    let low = l.fma(low, bounded, exponent.low);
    let exponent = Pair { high: exponent.high, low }.negative(l);
    let power = pair::exp_in_parts(l, exponent);
    let (zero, one) = (l.number(0.0), l.number(1.0));
    let e = power.whole(l, least);
    let below = Pair::sum_of_ordered(l, one, e.high);
    let below = Pair { high: below.high, low: l.add(below.low, e.low) };
    let above = Pair {
        high: l.select(negative, power.value.high, one),
        low: l.select(negative, power.value.low, zero),
    };
    let share = above.div(l, below);
    let low = l.mul(share.low, bounded);
    let y = l.fma(share.high, bounded, low);
    let scaled = power.times(l, y, least);
    let inside = l.below(size, end);
    let y = l.select(inside, y, size);
    let y = l.select(negative, scaled, y);
    l.with_sign_of(y, x)
}
