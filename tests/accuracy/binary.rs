//! The elementary functions of two arguments: the greatest error in ULP over random pairs, those that are
//! hard among them, and the special values.

use broadloom::base::DType;
use broadloom::op::eval::evaluate;
use broadloom::op::{Binary, Values, math};
use broadloom::prelude::*;

use super::oracle::{Exact, angle_of, hypotenuse, log_of_powers, power};
use super::{BLOCK, exhaustive, f32_error, f64_error, report};

fn run(f: Binary, x: Values, y: Values) -> Values {
    let mut leaf = |inst: &broadloom::op::Inst| match inst {
        broadloom::op::Inst::Arg(0) => x.clone(),
        _ => y.clone(),
    };
    evaluate(math::binary(f, x.dtype()), x.len(), &mut leaf, &mut 0).swap_remove(0)
}

fn run_f32(f: Binary, xs: &[f32], ys: &[f32]) -> Vec<f32> {
    match run(f, xs.to_vec().into(), ys.to_vec().into()) {
        Values::F32(values) => values,
        other => unreachable!("{f} of f32 is {}", other.dtype()),
    }
}

fn run_f64(f: Binary, xs: &[f64], ys: &[f64]) -> Vec<f64> {
    match run(f, xs.to_vec().into(), ys.to_vec().into()) {
        Values::F64(values) => values,
        other => unreachable!("{f} of f64 is {}", other.dtype()),
    }
}

/// The function to 53 bits, or beside a logarithm to as many of the larger argument; many more than `f32` shows.
fn nearly_exact(f: Binary, x: f64, y: f64) -> f64 {
    match f {
        Binary::Pow => libm::pow(x, y),
        Binary::Hypot => libm::hypot(x, y),
        Binary::Atan2 => core_math::atan2(x, y),
        // Infinities alike have no difference.
        Binary::Logaddexp | Binary::Logaddexp2 if x == y && x.is_infinite() => x,
        Binary::Logaddexp => x.max(y) + core_math::log1p(core_math::exp(-(x - y).abs())),
        Binary::Logaddexp2 if x == y => x + 1.0,
        Binary::Logaddexp2 => x.max(y) + core_math::log2p1(core_math::exp2(-(x - y).abs())),
        _ => unreachable!("{f} has no oracle"),
    }
}

fn exact(f: Binary, x: f64, y: f64) -> Exact {
    match f {
        Binary::Pow => power(x, y),
        Binary::Hypot => hypotenuse(x, y),
        Binary::Atan2 => angle_of(x, y),
        Binary::Logaddexp => log_of_powers(x, y, false),
        Binary::Logaddexp2 => log_of_powers(x, y, true),
        _ => unreachable!("{f} has no oracle"),
    }
}

/// What is reported of an error in units of the last place of `result`. Where a logarithm all but cancels the
/// larger argument, rounding that already changes the result by more than such a unit: there it is units of a
/// quarter of the larger.
fn reported(f: Binary, x: f64, y: f64, result: f64, error: f64) -> f64 {
    match f {
        Binary::Logaddexp | Binary::Logaddexp2 => error * (4.0 * result.abs() / x.max(y).abs()).min(1.0),
        _ => error,
    }
}

/// What a dtype's arguments are drawn from.
struct Format {
    fraction: f64,
    least: f64,
    greatest: f64,
}

const SINGLE: Format = Format { fraction: 23.0, least: -149.0, greatest: 128.0 };
const DOUBLE: Format = Format { fraction: 52.0, least: -1074.0, greatest: 1024.0 };

impl Format {
    /// A number of any size.
    fn any(&self, random: &mut fastrand::Rng) -> f64 {
        let exponent = self.least + random.f64() * (self.greatest - self.least);
        let unit = 1.0 + random.f64();
        // In two steps: the power of two may be subnormal.
        unit * 2_f64.powf((exponent / 2.0).floor()) * 2_f64.powf((exponent / 2.0).ceil())
    }

    /// A pair from one of several populations.
    fn pair(&self, f: Binary, random: &mut fastrand::Rng) -> (f64, f64) {
        let (unit, sign) = (random.f64(), if random.bool() { 1.0 } else { -1.0 });
        match (f, random.u32(0..6)) {
            (_, 0) => (self.any(random), sign * self.any(random)),
            (Binary::Pow, population) => {
                // The logarithm of the result: anything, or such that it is subnormal.
                let result = match population {
                    1 => self.least + unit * (self.fraction + 2.0),
                    _ => self.least + unit * (self.greatest - self.least),
                };
                let x = match random.u32(0..4) {
                    0 => self.any(random),
                    1 => 1.0 + sign * 2_f64.powf(-1.0 - (self.fraction - 1.0) * random.f64()),
                    _ => 0.5 + 1.5 * random.f64(),
                };
                let y = result / libm::log2(x);
                if population == 2 { (-x, y.round()) } else { (x, y) }
            }
            (_, 1) => (0.5 + random.f64(), sign * (0.5 + random.f64())),
            (Binary::Logaddexp | Binary::Logaddexp2, population) => {
                let x = sign * [2.0, 50.0, 700.0, 2_f64.powi(-60)][population as usize % 4] * random.f64();
                let gap = [1.0, 40.0, 1100.0, 2_f64.powf(-60.0 * random.f64())][random.usize(0..4)];
                (x, x + gap * (2.0 * random.f64() - 1.0))
            }
            _ => {
                let x = self.any(random);
                (sign * x, x * 2_f64.powf(self.fraction * (unit - 0.5)))
            }
        }
    }
}

/// The greatest error so far, and where it was.
#[derive(Default)]
struct Worst {
    error: f64,
    at: (f64, f64),
}

impl Worst {
    fn see(&mut self, x: f64, y: f64, error: f64) {
        if error.is_nan() || error > self.error {
            *self = Self { error, at: (x, y) };
        }
    }
}

fn measure_f32(f: Binary, apply: fn(&Array, &Array) -> Array) {
    let points: u64 = if exhaustive() { 100_000_000 } else { 200_000 };
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mut worst = Worst::default();
    for _ in 0..points.div_ceil(BLOCK) {
        let pairs = std::iter::repeat_with(|| SINGLE.pair(f, &mut random)).take(BLOCK as usize);
        let (xs, ys): (Vec<f32>, Vec<f32>) = pairs.map(|(x, y)| (x as f32, y as f32)).unzip();
        let [x, y] = [&xs, &ys].map(|values| Array::from_vec(values.clone(), [values.len()]).unwrap());
        let z = apply(&x, &y).to_vec::<f32>().unwrap();
        for ((x, y), z) in xs.iter().zip(&ys).zip(z) {
            let (x, y) = (f64::from(*x), f64::from(*y));
            let wanted = nearly_exact(f, x, y);
            worst.see(x, y, reported(f, x, y, wanted, f32_error(z, wanted)));
        }
    }
    report(f, DType::F32, worst.error, worst.at, points.div_ceil(BLOCK) * BLOCK);
}

fn measure_f64(f: Binary, apply: fn(&Array, &Array) -> Array) {
    let points: u64 = if exhaustive() { 10_000_000 } else { 50_000 };
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mut worst = Worst::default();
    for _ in 0..points.div_ceil(BLOCK) {
        let inside = |(x, y): &(f64, f64)| {
            let (inside, whole) = (|v: f64| v.is_finite() && v != 0.0, *y == y.round());
            inside(*x) && inside(*y) && (f != Binary::Pow || *x > 0.0 || whole)
        };
        let pairs = std::iter::repeat_with(|| DOUBLE.pair(f, &mut random)).filter(inside);
        let (xs, ys): (Vec<f64>, Vec<f64>) = pairs.take(BLOCK as usize).unzip();
        let [x, y] = [&xs, &ys].map(|values| Array::from_vec(values.clone(), [values.len()]).unwrap());
        let z = apply(&x, &y).to_vec::<f64>().unwrap();
        for ((x, y), z) in xs.iter().zip(&ys).zip(z) {
            worst.see(*x, *y, reported(f, *x, *y, z, f64_error(z, exact(f, *x, *y))));
        }
    }
    report(f, DType::F64, worst.error, worst.at, points.div_ceil(BLOCK) * BLOCK);
}

macro_rules! functions { ($($name:ident $Op:ident $method:ident)*) => { $(
    #[test]
    fn $name() {
        measure_f32(Binary::$Op, |x, y| x.$method(y));
        measure_f64(Binary::$Op, |x, y| x.$method(y));
    }
)* } }
functions! {
    pow_is_accurate Pow pow
    hypot_is_accurate Hypot hypot
    atan2_is_accurate Atan2 atan2
    logaddexp_is_accurate Logaddexp logaddexp
    logaddexp2_is_accurate Logaddexp2 logaddexp2
}

/// Against the `libm` crate, whose `pow` and `hypot` treat these as C's Annex F has it, and CORE-MATH for
/// the others: the same zero, infinity, NaN or one, else the same to the last place.
#[test]
fn special_values_of_pairs_are_exact() {
    const ENDS: [f64; 15] = [
        0.0,
        1.0,
        2.0,
        3.0,
        0.5,
        1.5,
        0.75,
        8388609.0,
        16777216.0,
        1e-45,
        3e38,
        1.25e30,
        f64::INFINITY,
        f64::NAN,
        1.0000001,
    ];
    let ends: Vec<f64> = ENDS.iter().flat_map(|x| [*x, -*x]).collect();
    let doubles = ends.iter().copied().chain([5e-324, -5e-324, f64::MAX, f64::MIN, 2_f64.powi(53) - 1.0]);
    let doubles: Vec<f64> = doubles.collect();
    for f in [Binary::Pow, Binary::Hypot, Binary::Atan2, Binary::Logaddexp, Binary::Logaddexp2] {
        let agrees = |z: f64, wanted: f64, larger: f64, digits: f64| {
            // What the larger argument's rounding changes is no error of a logarithm beside it.
            let beside = matches!(f, Binary::Logaddexp | Binary::Logaddexp2);
            let size = if beside { wanted.abs().max(larger.abs()) } else { wanted.abs() };
            z.to_bits() == wanted.to_bits()
                || (z.is_nan() && wanted.is_nan())
                || (wanted != 0.0 && wanted.is_finite() && wanted.abs() != 1.0)
                    && (z - wanted).abs() <= f64::from_bits(1).max(size * digits)
        };
        for x in &ends {
            for y in &ends {
                let (a, b) = (*x as f32, *y as f32);
                let wanted = nearly_exact(f, f64::from(a), f64::from(b)) as f32;
                let z = run_f32(f, &[a], &[b])[0];
                // What is computed in f64 is rounded correctly, or nearly so.
                let digits = if f == Binary::Hypot { 0.0 } else { 2_f64.powi(-23) };
                assert!(
                    agrees(z.into(), wanted.into(), a.max(b).into(), digits),
                    "{f}({a:e}, {b:e}) is {z:e} in f32, not {wanted:e}"
                );
            }
        }
        for x in &doubles {
            for y in &doubles {
                let (z, wanted) = (run_f64(f, &[*x], &[*y])[0], nearly_exact(f, *x, *y));
                assert!(
                    agrees(z, wanted, x.max(*y), 2_f64.powi(-52)),
                    "{f}({x:e}, {y:e}) is {z:e} in f64, not {wanted:e}"
                );
            }
        }
    }
}

/// As NumPy has them: an infinite larger argument is the result, NaN goes through; and what is exact.
#[test]
fn special_values_of_logaddexp_are_exact() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let both = [
        (INF, 1.0, INF),
        (INF, INF, INF),
        (INF, -INF, INF),
        (-INF, -INF, -INF),
        (-INF, 3.5, 3.5),
        (-INF, 0.0, 0.0),
        (NAN, 1.0, NAN),
        (NAN, INF, NAN),
        (NAN, -INF, NAN),
        (1e30_f32.into(), 1.0, 1e30_f32.into()),
        (-1e30, 2.0, 2.0),
        (-1000.0, -3000.0, -1000.0),
    ];
    let doubling =
        [(-1.0, -1.0, 0.0), (0.0, 0.0, 1.0), (7.0, 7.0, 8.0), (-0.0, 0.0, 1.0), (-5.5, -5.5, -4.5)];
    let natural = [(0.0, 0.0, std::f64::consts::LN_2), (0.0, -0.0, std::f64::consts::LN_2)];
    let cases = [
        (Binary::Logaddexp, &both[..]),
        (Binary::Logaddexp, &natural),
        (Binary::Logaddexp2, &both),
        (Binary::Logaddexp2, &doubling),
    ];
    for (f, cases) in cases {
        for (x, y, wanted) in cases.iter().flat_map(|&(x, y, z)| [(x, y, z), (y, x, z)]) {
            let same = |z: f64, wanted: f64| z == wanted || (z.is_nan() && wanted.is_nan());
            let z = run_f32(f, &[x as f32], &[y as f32])[0];
            assert!(same(z.into(), (wanted as f32).into()), "{f}({x}, {y}) is {z} in f32");
            let z = run_f64(f, &[x], &[y])[0];
            assert!(same(z, wanted), "{f}({x}, {y}) is {z} in f64");
        }
    }
}
