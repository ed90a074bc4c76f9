//! How far the elementary functions are from exact: the greatest error in ULP per function and dtype, and
//! the special values; and how far the variance is.
//!
//! `f32`: every 251st bit pattern; `f64`: 10^5 points. With `BROADLOOM_EXHAUSTIVE=1`, all 2^32 and 10^7. What is
//! measured is compared with the table of `docs/numerics.md`: nothing may be above it, and of all points the
//! greatest must be what it says. With `--nocapture` the figures are printed.
//!
//! Functions run as machine code. All 2^32 are judged by the same function in `f64`, which is held to the oracle
//! itself; the oracle has every 251st, and all of a block in which an error seems to be greater than any before. Of
//! 10^7 it has all whose result is not the nearest float, by a library that rounds correctly.
//!
//! This file is long because a fifth of it is values by mpmath, to which the oracle is held.

#[path = "accuracy/binary.rs"]
mod binary;
#[path = "accuracy/oracle.rs"]
mod oracle;

use std::fmt::{Debug, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use broadloom::base::DType;
use broadloom::op::eval::evaluate;
use broadloom::op::{Unary, Values, math};
use broadloom::prelude::*;
use oracle::{Exact, exact, power_of_two_times};

/// What every function promises.
const LIMIT: f64 = 1.0;

/// Elements of an evaluation.
const BLOCK: u64 = 4096;

/// Among all 2^32 bit patterns of an `f32`, the oracle sees each of this many.
const STRIDE: u64 = 251;

fn exhaustive() -> bool {
    std::env::var_os("BROADLOOM_EXHAUSTIVE").is_some_and(|value| value == "1")
}

fn run(f: Unary, x: &Values) -> Values {
    let definition = math::unary(f, x.dtype());
    evaluate(definition, x.len(), &mut |_| x.clone(), &mut 0).swap_remove(0)
}

fn run_f32(f: Unary, xs: &[f32]) -> Vec<f32> {
    match run(f, &xs.to_vec().into()) {
        Values::F32(ys) => ys,
        other => unreachable!("{f} of f32 is {}", other.dtype()),
    }
}

fn run_f64(f: Unary, xs: &[f64]) -> Vec<f64> {
    match run(f, &xs.to_vec().into()) {
        Values::F64(ys) => ys,
        other => unreachable!("{f} of f64 is {}", other.dtype()),
    }
}

/// Holds the greatest error of `f` among these points to the promise and to the table of the docs.
fn report(f: impl Display, dtype: DType, error: f64, at: impl Debug, points: u64) {
    println!("| {f} | {dtype} | {error:.4} | {at:?} | {points} |");
    assert!(error <= LIMIT, "{f} of {dtype} is {error} ULP off at {at:?}");
    let table = include_str!("../docs/numerics.md").lines().filter_map(|line| {
        let [_, name, single, double, _] = line.split('|').collect::<Vec<_>>()[..] else { return None };
        let said = if dtype == DType::F32 { single } else { double };
        (name.trim() == format!("`{f}`")).then(|| said.trim().parse::<f64>().ok())?
    });
    let [said] = table.collect::<Vec<_>>()[..] else { panic!("docs/numerics.md has no one row of {f}") };
    assert!(error <= said, "{f} of {dtype} is {error} ULP off at {at:?}, docs/numerics.md says {said}");
    let exact = !exhaustive() || said - error < 0.01;
    assert!(exact, "{f} of {dtype} is {error} ULP off at most, docs/numerics.md says {said}");
}

/// The greatest error so far, and where it was.
#[derive(Default)]
struct Worst {
    error: f64,
    x: f64,
}

impl Worst {
    fn see(&mut self, x: f64, error: f64) {
        if error.is_nan() || error > self.error {
            *self = Self { error, x };
        }
    }
}

/// The function to 53 bits, many more than `f32` shows: by CORE-MATH (Sibidanov, Zimmermann and Glondu, 2022),
/// which rounds correctly.
fn nearly_exact(f: Unary, x: f64) -> f64 {
    match f {
        Unary::Cbrt => core_math::cbrt(x),
        Unary::Exp => core_math::exp(x),
        Unary::Exp2 => core_math::exp2(x),
        Unary::Expm1 => core_math::expm1(x),
        Unary::Log => core_math::log(x),
        Unary::Log1p => core_math::log1p(x),
        Unary::Log2 => core_math::log2(x),
        Unary::Log10 => core_math::log10(x),
        Unary::Sin => core_math::sin(x),
        Unary::Cos => core_math::cos(x),
        Unary::Tan => core_math::tan(x),
        Unary::Asin => core_math::asin(x),
        Unary::Acos => core_math::acos(x),
        Unary::Atan => core_math::atan(x),
        Unary::Sinh => core_math::sinh(x),
        Unary::Cosh => core_math::cosh(x),
        Unary::Tanh => core_math::tanh(x),
        Unary::Asinh => core_math::asinh(x),
        Unary::Acosh => core_math::acosh(x),
        Unary::Atanh => core_math::atanh(x),
        Unary::Sigmoid if x < -700.0 => 0.0,
        Unary::Sigmoid => 1.0 / (1.0 + core_math::exp(-x)),
        Unary::Erf => core_math::erf(x),
        Unary::Erfc => core_math::erfc(x),
        Unary::Gelu | Unary::GeluTanh if x < -100.0 => -0.0,
        Unary::Gelu => x / 2.0 * core_math::erfc(-x * std::f64::consts::FRAC_1_SQRT_2),
        Unary::GeluTanh => {
            let twice = 2.0 * (2.0 / std::f64::consts::PI).sqrt() * x * (1.0 + 0.044715 * x * x);
            x / (1.0 + core_math::exp(-twice))
        }
        Unary::Lgamma => core_math::lgamma(x),
        Unary::Softplus if x < -700.0 => 0.0,
        Unary::Softplus if x > 700.0 => x,
        Unary::Softplus => core_math::log1p(core_math::exp(-x.abs())) + (x + x.abs()) / 2.0,
        _ => unreachable!("{f} has no oracle"),
    }
}

/// Error of `y` in units of the last place that `exact` has in `f32`.
fn f32_error(y: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if y.is_nan() || nearest.is_nan() {
        return if y.is_nan() && nearest.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if y == nearest {
        if y == 0.0 && y.is_sign_negative() != exact.is_sign_negative() {
            return f64::INFINITY;
        }
        if y.is_infinite() {
            return 0.0;
        }
    }
    let exponent = (exact.abs().to_bits() >> 52) as i32 - 1023;
    let last = exponent.clamp(-126, 127) - 23;
    let ulp = f64::from_bits(((last + 1023) as u64) << 52);
    // Past the greatest float, infinity stands for the next one.
    let value = if y.is_infinite() { 2_f64.powi(128).copysign(f64::from(y)) } else { f64::from(y) };
    (value - exact).abs() / ulp
}

/// Error of `y` in units of the last place that `exact` has in `f64`.
fn f64_error(y: f64, exact: Exact) -> f64 {
    let Exact { value, exponent } = exact;
    let size = libm::ilogb(value.0) + exponent;
    let last = size.clamp(-1022, 1023) - 52;
    if y.is_infinite() {
        // Infinity stands for 2^1024.
        let difference = 1.0 - power_of_two_times(value.0.abs(), exponent - 1024);
        return difference.max(0.0) * 2_f64.powi(53);
    }
    // In units of the last place both are far from the ends of the range.
    let (high, low) =
        (power_of_two_times(value.0, exponent - last), power_of_two_times(value.1, exponent - last));
    let y = if y.abs() < 1.0 { power_of_two_times(y, 600) } else { power_of_two_times(y, -600) }
        * if y.abs() < 1.0 {
            power_of_two_times(1.0, -600 - last)
        } else {
            power_of_two_times(1.0, 600 - last)
        };
    ((y - high) - low).abs()
}

/// The greatest error of `y` if `near` were exact; infinite where only one is NaN, or their signs differ.
fn seeming_error(y: &Array, near: &Array) -> f64 {
    let size = near.astype(F32).abs();
    let ulp = size.nextafter(f32::INFINITY) - &size;
    let error = (y.astype(F64) - near).abs() / ulp.astype(F64);
    // Both are infinite, or both NaN.
    let error = where_(error.isnan(), 0.0, &error);
    let differs = y.isnan().not_equal(near.isnan()) | y.signbit().not_equal(near.signbit());
    where_(&differs, f64::INFINITY, &error).max(..).item::<f64>().unwrap()
}

/// `apply` of every bit pattern or every 251st, in blocks that threads take in turn.
fn measure_f32(f: Unary, apply: fn(&Array) -> Array) {
    let step = if exhaustive() { 1 } else { STRIDE };
    let block = BLOCK * 16 * step;
    let next = AtomicU64::new(0);
    let measure = || {
        let mut worst = Worst::default();
        loop {
            let start = next.fetch_add(block, Ordering::Relaxed);
            if start >= 1 << 32 {
                return worst;
            }
            let bits = (start..(start + block).min(1 << 32)).step_by(step as usize);
            let xs: Vec<f32> = bits.clone().map(|bits| f32::from_bits(bits as u32)).collect();
            let x = Array::from_vec(xs.clone(), [xs.len()]).unwrap();
            let y = apply(&x).eval().unwrap();
            let small = exhaustive() && seeming_error(&y, &apply(&x.astype(F64))) <= worst.error;
            let seen = bits.zip(xs.into_iter().zip(y.to_vec::<f32>().unwrap()));
            for (_, (x, y)) in seen.filter(|(bits, _)| !small || bits % STRIDE == 0) {
                worst.see(f64::from(x), f32_error(y, nearly_exact(f, f64::from(x))));
            }
        }
    };
    let worst = thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(measure)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Worst::default(), |mut all, worst| {
            all.see(worst.x, worst.error);
            all
        })
    });
    report(f, DType::F32, worst.error, worst.x, (1_u64 << 32).div_ceil(step));
}

/// Whether `x` is where `f` has a value that is no special case.
fn is_inside(f: Unary, x: f64) -> bool {
    x.is_finite()
        && x != 0.0
        && match f {
            Unary::Log1p => x > -1.0,
            Unary::Asin | Unary::Acos | Unary::Atanh => x.abs() < 1.0,
            Unary::Acosh => x > 1.0,
            Unary::Lgamma => x > 0.0 && x != 1.0 && x != 2.0,
            _ => true,
        }
}

/// An argument from one of five populations, those that are hard for `f` among them.
fn argument(f: Unary, random: &mut fastrand::Rng) -> f64 {
    let (unit, sign) = (random.f64(), if random.bool() { 1.0 } else { -1.0 });
    let logarithm = matches!(f, Unary::Log | Unary::Log2 | Unary::Log10);
    let x = match random.u32(0..5) {
        0 => f64::from_bits(random.u64(..)),
        1 if logarithm => 1.0 + sign * 2_f64.powf(-54.0 * unit),
        1 => sign * 2_f64.powf(-60.0 * unit),
        2 => sign * 50.0 * unit,
        3 => sign * 2.0 * unit,
        _ => match f {
            // Where results overflow, are subnormal, or just reach 1.
            Unary::Exp | Unary::Expm1 | Unary::Sigmoid | Unary::Sinh | Unary::Cosh => {
                sign * (700.0 + 50.0 * unit)
            }
            Unary::Exp2 => sign * 1080.0 * unit,
            Unary::Tanh | Unary::Erf => sign * 20.0 * unit,
            // Likewise, and all below 0.
            Unary::Erfc => 27.5 * unit,
            Unary::Gelu => -39.0 * unit,
            Unary::GeluTanh => -22.0 * unit,
            Unary::Softplus => -750.0 * unit,
            // Next to the zeros.
            Unary::Lgamma => f64::from(random.u32(1..3)) + sign * 2_f64.powf(-52.0 * unit),
            // Next to a zero, or past where the formula ends.
            Unary::Sin | Unary::Cos | Unary::Tan => {
                let multiple = (2_f64.powf(60.0 * unit)).round() * std::f64::consts::FRAC_PI_2;
                f64::from_bits(multiple.to_bits() + random.u64(0..3)) * sign
            }
            Unary::Log1p => -1.0 + 2_f64.powf(-53.0 * unit),
            // Next to the ends of the domain, and of the formulas.
            Unary::Asin | Unary::Acos | Unary::Atanh => sign * (1.0 - 2_f64.powf(-53.0 * unit)),
            Unary::Acosh => 1.0 + 2_f64.powf(-52.0 * unit),
            Unary::Atan => sign * 2_f64.powf(4.0 * unit - 2.0),
            _ => f64::from_bits(random.u64(0..1 << 52)),
        },
    };
    if logarithm { x.abs() } else { x }
}

fn measure_f64(f: Unary, apply: fn(&Array) -> Array) {
    let points: u64 = if exhaustive() { 10_000_000 } else { 100_000 };
    let composed = matches!(f, Unary::Sigmoid | Unary::Softplus | Unary::Gelu | Unary::GeluTanh);
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mut worst = Worst::default();
    for _ in 0..points.div_ceil(BLOCK) {
        let arguments = std::iter::repeat_with(|| argument(f, &mut random));
        let xs: Vec<f64> = arguments.filter(|x| is_inside(f, *x)).take(BLOCK as usize).collect();
        let y = apply(&Array::from_vec(xs.clone(), [xs.len()]).unwrap());
        for (x, y) in xs.iter().zip(y.to_vec::<f64>().unwrap()) {
            // The nearest float is half a unit off at most.
            let small = exhaustive() && !composed && worst.error > 0.5 && y == nearly_exact(f, *x);
            if !small {
                worst.see(*x, f64_error(y, exact(f, *x)));
            }
        }
    }
    report(f, DType::F64, worst.error, worst.x, points.div_ceil(BLOCK) * BLOCK);
}

macro_rules! functions { ($($name:ident $Op:ident $method:ident)*) => { $(
    #[test]
    fn $name() {
        measure_f32(Unary::$Op, Array::$method);
        measure_f64(Unary::$Op, Array::$method);
    }
)* } }
functions! {
    cbrt_is_accurate Cbrt cbrt
    exp_is_accurate Exp exp
    exp2_is_accurate Exp2 exp2
    expm1_is_accurate Expm1 expm1
    log_is_accurate Log log
    log1p_is_accurate Log1p log1p
    log2_is_accurate Log2 log2
    log10_is_accurate Log10 log10
    sin_is_accurate Sin sin
    cos_is_accurate Cos cos
    tan_is_accurate Tan tan
    asin_is_accurate Asin asin
    acos_is_accurate Acos acos
    atan_is_accurate Atan atan
    sinh_is_accurate Sinh sinh
    cosh_is_accurate Cosh cosh
    tanh_is_accurate Tanh tanh
    asinh_is_accurate Asinh asinh
    acosh_is_accurate Acosh acosh
    atanh_is_accurate Atanh atanh
    sigmoid_is_accurate Sigmoid sigmoid
    erf_is_accurate Erf erf
    erfc_is_accurate Erfc erfc
    lgamma_is_accurate Lgamma lgamma
    softplus_is_accurate Softplus softplus
    gelu_is_accurate Gelu gelu
    gelu_tanh_is_accurate GeluTanh gelu_tanh
}

/// Where lgamma crosses zero between the poles, a sum of two terms cancels: there, units of the last place of
/// the result say nothing, and those of the terms are counted.
#[test]
fn lgamma_below_zero_is_accurate_beside_its_terms() {
    let points: u64 = if exhaustive() { 10_000_000 } else { 100_000 };
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mut worst = Worst::default();
    for _ in 0..points.div_ceil(BLOCK) {
        let one = || -2_f64.powf(-60.0 + 68.0 * random.f64());
        let xs: Vec<f64> = std::iter::repeat_with(one).take(BLOCK as usize).collect();
        let y = Array::from_vec(xs.clone(), [xs.len()]).unwrap().lgamma();
        for (x, y) in xs.iter().zip(y.to_vec::<f64>().unwrap()) {
            let (wanted, term) = (core_math::lgamma(*x), core_math::lgamma(-x));
            let size = wanted.abs().max(term.abs()).max(1.0);
            worst.see(*x, (y - wanted).abs() / (size * f64::EPSILON));
        }
    }
    println!("| lgamma below 0 | f64 | {:.4} | {:e} | {points} |", worst.error, worst.x);
    assert!(worst.error <= 3.0, "{} at {:e}", worst.error, worst.x);
}

#[test]
fn special_values_are_exact() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let tiny = [(f64::from(f32::MIN_POSITIVE), f64::from(f32::MIN_POSITIVE)), (-0.0, -0.0), (0.0, 0.0)];
    let cases: &[(Unary, &[(f64, f64)])] = &[
        (
            Unary::Cbrt,
            &[
                (INF, INF),
                (-INF, -INF),
                (1.0, 1.0),
                (-8.0, -2.0),
                (3.375, 1.5),
                (2_f64.powi(-147), 2_f64.powi(-49)),
            ],
        ),
        (Unary::Cbrt, &[(0.0, 0.0), (-0.0, -0.0), (2_f64.powi(126), 2_f64.powi(42))]),
        (
            Unary::Exp2,
            &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (1.0, 2.0), (-149.0, 2_f64.powi(-149))],
        ),
        (
            Unary::Exp2,
            &[(1e6, INF), (-1e6, 0.0), (1024.0, INF), (127.0, 2_f64.powi(127)), (-1e4, 0.0), (10.0, 1024.0)],
        ),
        (Unary::Tan, &[(INF, NAN), (-INF, NAN)]),
        (Unary::Tan, &tiny),
        (Unary::Asin, &[(1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN)]),
        (Unary::Asin, &tiny),
        (Unary::Acos, &[(1.0, 0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN)]),
        (Unary::Atan, &tiny),
        (Unary::Sinh, &[(INF, INF), (-INF, -INF), (1e6, INF), (-1e6, -INF)]),
        (Unary::Sinh, &tiny),
        (Unary::Asinh, &[(INF, INF), (-INF, -INF)]),
        (Unary::Asinh, &tiny),
        (
            Unary::Acosh,
            &[(1.0, 0.0), (0.5, NAN), (0.0, NAN), (-1.0, NAN), (-5.0, NAN), (INF, INF), (-INF, NAN)],
        ),
        (Unary::Atanh, &[(1.0, INF), (-1.0, -INF), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN)]),
        (Unary::Atanh, &tiny),
        (Unary::Cosh, &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (1e6, INF), (-1e6, INF)]),
        (Unary::Exp, &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (1e6, INF), (-1e6, 0.0)]),
        (Unary::Expm1, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (1e6, INF), (-1e6, -1.0)]),
        (Unary::Log, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (INF, INF), (-INF, NAN)]),
        (Unary::Log2, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (8.0, 3.0), (-1.0, NAN), (INF, INF)]),
        (Unary::Log10, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (1000.0, 3.0), (-1.0, NAN), (INF, INF)]),
        (Unary::Log1p, &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-2.0, NAN), (INF, INF), (-INF, NAN)]),
        (Unary::Sin, &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)]),
        (Unary::Cos, &[(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN)]),
        (Unary::Tanh, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (100.0, 1.0), (-100.0, -1.0)]),
        (Unary::Sigmoid, &[(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (100.0, 1.0), (-1e6, 0.0)]),
        (Unary::Erf, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (100.0, 1.0), (-100.0, -1.0)]),
        (Unary::Erfc, &[(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (100.0, 0.0), (-100.0, 2.0)]),
        (Unary::Erfc, &[(2_f64.powi(-149), 1.0), (-(2_f64.powi(-149)), 1.0), (1e30, 0.0), (-1e30, 2.0)]),
        (Unary::Lgamma, &[(0.0, INF), (-0.0, INF), (1.0, 0.0), (2.0, 0.0), (INF, INF), (f64::MAX, INF)]),
        (Unary::Lgamma, &[(-1.0, INF), (-2.0, INF), (-1e30, INF), (-INF, INF)]),
        (Unary::Softplus, &[(INF, INF), (-INF, 0.0), (1e6, 1e6), (-1e6, 0.0), (100.0, 100.0)]),
        (Unary::Gelu, &[(INF, INF), (-INF, -0.0), (1e6, 1e6), (-1e6, -0.0), (0.0, 0.0), (-0.0, -0.0)]),
        (Unary::GeluTanh, &[(INF, INF), (-INF, -0.0), (1e6, 1e6), (-1e6, -0.0), (0.0, 0.0), (-0.0, -0.0)]),
    ];
    for (f, cases) in cases {
        for (x, y) in cases.iter().chain(&[(NAN, NAN), (-NAN, NAN)]) {
            let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            let (single, double) = (run_f32(*f, &[*x as f32])[0], run_f64(*f, &[*x])[0]);
            assert!(same(f64::from(single), *y), "{f}({x}) is {single} in f32");
            assert!(same(double, *y), "{f}({x}) is {double} in f64");
        }
    }
}

/// The values of the inverses at the ends of their domains are the floats nearest to multiples of pi/4.
#[test]
fn inverses_of_the_ends_are_the_nearest_floats() {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_3, FRAC_PI_4, FRAC_PI_6, PI};
    const INF: f64 = f64::INFINITY;
    let cases = [
        (Unary::Asin, 1.0, FRAC_PI_2),
        (Unary::Asin, -1.0, -FRAC_PI_2),
        (Unary::Asin, 0.5, FRAC_PI_6),
        (Unary::Acos, -1.0, PI),
        (Unary::Acos, 0.0, FRAC_PI_2),
        (Unary::Acos, -0.0, FRAC_PI_2),
        (Unary::Acos, 0.5, FRAC_PI_3),
        (Unary::Acos, 1e-300, FRAC_PI_2),
        (Unary::Atan, 1.0, FRAC_PI_4),
        (Unary::Atan, -1.0, -FRAC_PI_4),
        (Unary::Atan, INF, FRAC_PI_2),
        (Unary::Atan, -INF, -FRAC_PI_2),
        (Unary::Atan, 1e300, FRAC_PI_2),
    ];
    for (f, x, y) in cases {
        assert_eq!(run_f32(f, &[x as f32]), [y as f32], "{f}({x}) of f32");
        // Within one unit of the last place where the argument is no end.
        let difference = (run_f64(f, &[x])[0] - y).abs();
        let allowed = if x.abs() == 0.5 { y.abs() * f64::EPSILON } else { 0.0 };
        assert!(difference <= allowed, "{f}({x}) of f64 is {difference} off");
    }
}

/// Values by mpmath to 400 digits, cut into two floats.
#[test]
fn the_oracle_agrees_with_mpmath() {
    let cases = [
        (Unary::Exp, 1.0, std::f64::consts::E, 1.4456468917292502e-16),
        (Unary::Exp, -0.3, 0.7408182206817179, -1.805530505953e-18),
        (Unary::Exp, -600.5, 1.6075467697937942e-261, 3.537726127764541e-279),
        (Unary::Expm1, 1e-09, 1.0000000005000001e-09, -7.443897403844588e-26),
        (Unary::Expm1, -0.3, -0.2591817793182821, -1.805530505953e-18),
        (Unary::Expm1, 40.7, 4.740077183917109e+17, -0.7776295045215742),
        (Unary::Log, 1.0000001, 9.999999505838704e-08, 1.5249709528441489e-24),
        (Unary::Log, 0.73, -0.31471074483970024, -2.2783688875499735e-17),
        (Unary::Log, 1e-310, -713.8013788281542, -8.592254740270771e-15),
        (Unary::Log1p, 1e-09, 9.999999995e-10, 7.493897403823754e-26),
        (Unary::Log1p, -0.4, -0.5108256237659907, 1.5233815099851014e-18),
        (Unary::Log1p, 10000000000.0, 23.025850930040455, 1.3736784183183428e-15),
        (Unary::Log2, 1.0000001, 1.4426949695965583e-07, 6.897421541207991e-24),
        (Unary::Log2, 0.73, -0.4540316308947075, -6.843325980751573e-18),
        (Unary::Log2, 1e+300, 996.5784284662087, -1.5800929191358255e-14),
        (Unary::Log10, 1.0000001, 4.3429446044209946e-08, -1.4176686763728597e-24),
        (Unary::Log10, 0.73, -0.1366771398795441, -2.2342504849065914e-18),
        (Unary::Log10, 1e+300, 300.0, 2.2802527652488452e-17),
        (Unary::Sin, 0.7, 0.644217687237691, 2.8740567927338755e-18),
        (Unary::Sin, 22.0, -0.008851309290403876, 2.8485303089220057e-19),
        (Unary::Sin, 1e+22, -0.8522008497671888, -6.7806825896773284e-18),
        (Unary::Cos, 0.7, 0.7648421872844885, -4.013780434022238e-17),
        (Unary::Cos, 11.0, 0.004425697988050785, 3.2449142686784373e-19),
        (Unary::Cos, 5.319372648326541e+255, -4.687165924254628e-19, 4.3720557429382733e-36),
        (Unary::Tanh, 1e-05, 9.999999999666668e-06, -4.5758701526937e-22),
        (Unary::Tanh, 0.3, 0.2913126124515909, -6.4602656586469586e-18),
        (Unary::Tanh, 15.0, 0.9999999999998128, 3.114257501541364e-17),
        (Unary::Sigmoid, -3.2, 0.03916572279676435, 2.99507411917105e-18),
        (Unary::Sigmoid, 0.01, 0.5024999791668749, 5.412943542276899e-17),
        (Unary::Sigmoid, -700.5, 5.980196118639791e-305, -2.87e-321),
        (Unary::Cbrt, 0.3, 0.6694329500821695, -6.398340323701905e-18),
        (Unary::Cbrt, -1e+300, -1e+100, -1.5986956419748883e+82),
        (Unary::Cbrt, 5e-320, 3.6840178273730984e-107, 1.3804228633176841e-124),
        (Unary::Exp2, 0.3, 1.2311444133449163, -3.572339831433251e-17),
        (Unary::Exp2, -1040.7, 5.2249665264e-314, -0.0),
        (Unary::Exp2, 1e-09, 1.000000000693147, 8.55237134015003e-17),
        (Unary::Tan, 0.7, 0.8422883804630794, -3.9128846706146343e-17),
        (Unary::Tan, 11.0, -225.95084645419513, -1.2217000310482306e-14),
        (Unary::Tan, 1e+22, -1.6287782256068988, -1.0114934254126034e-16),
        (Unary::Asin, 1e-05, 1.0000000000166668e-05, -6.182252729529485e-22),
        (Unary::Asin, 0.7, 0.775397496610753, 3.395027444633425e-17),
        (Unary::Asin, -0.9999999, -1.5703491131957876, 4.9012190641525995e-17),
        (Unary::Acos, 1e-05, 1.5707863267948965, -3.992310451025695e-17),
        (Unary::Acos, 0.7, 0.7953988301841436, 2.7282065511033407e-17),
        (Unary::Acos, 0.99999999, 0.00014142135671046477, 2.8961101453685962e-21),
        (Unary::Acos, -0.8, 2.498091544796509, 6.962246070911915e-17),
        (Unary::Atan, 1e-05, 9.999999999666668e-06, -4.575803486027043e-22),
        (Unary::Atan, 0.7, 0.6107259643892086, 2.2418914462967458e-17),
        (Unary::Atan, -3.3, -1.2765617616837088, 1.3021564387368126e-18),
        (Unary::Atan, 1e+18, std::f64::consts::FRAC_PI_2, 6.023233995736766e-17),
        (Unary::Sinh, 1e-09, 1e-09, 1.6666666666666669e-28),
        (Unary::Sinh, 0.3, 0.3045202934471426, 9.177343117072388e-18),
        (Unary::Sinh, -3.2, -12.245883996565494, 8.038373765833829e-16),
        (Unary::Sinh, 709.5, 6.774931596573164e+307, -9.751797392915776e+289),
        (Unary::Cosh, 1e-09, 1.0, 5e-19),
        (Unary::Cosh, 0.3, 1.0453385141288605, 7.371812611119388e-18),
        (Unary::Cosh, -3.2, 12.28664620054386, -3.1453838372836734e-16),
        (Unary::Cosh, 709.5, 6.774931596573164e+307, -9.751797392915776e+289),
        (Unary::Asinh, 1e-09, 1e-09, -1.6666666666666669e-28),
        (Unary::Asinh, 0.3, 0.29567304756342244, -1.351693404864361e-17),
        (Unary::Asinh, -7.7, -2.738557650137144, -2.1590118972777995e-16),
        (Unary::Asinh, 1e+300, 691.4686750787737, -3.4959947505732075e-14),
        (Unary::Acosh, 1.0000000001, 1.4142136208675862e-05, -3.539065447850652e-22),
        (Unary::Acosh, 1.3, 0.7564329108569596, 1.1427849269101678e-17),
        (Unary::Acosh, 7.7, 2.7301240249673335, 1.5863233173934297e-16),
        (Unary::Acosh, 1e+300, 691.4686750787737, -3.4959947505732075e-14),
        (Unary::Atanh, 1e-09, 1e-09, 3.3333333333333338e-28),
        (Unary::Atanh, 0.3, 0.3095196042031117, 5.4139184190139844e-18),
        (Unary::Atanh, -0.9, -1.4722194895832204, 6.2981627878629994e-18),
        (Unary::Atanh, 0.9999999999, 11.859499013855018, -7.500701295429934e-16),
        (Unary::Erf, 1e-05, 1.1283791670579e-05, -3.369136869444807e-23),
        (Unary::Erf, 0.5, 0.5204998778130465, 1.900077467916287e-17),
        (Unary::Erf, 3.1, 0.9999883513426328, 4.7372455611367474e-17),
        (Unary::Erfc, 0.3, 0.6713732405408726, 3.2602896784275053e-17),
        (Unary::Erfc, -0.7, 1.6778011938374184, 5.860416063065593e-18),
        (Unary::Erfc, 1.9, 0.0072095707647425325, 2.2766533088168416e-19),
        (Unary::Erfc, 2.0, 0.004677734981047266, -3.8794238326641256e-19),
        (Unary::Erfc, 5.5, 7.357847917974398e-15, -2.2410709375634793e-31),
        (Unary::Erfc, 26.1, 3.081217493314593e-298, 1.536843893e-314),
        (Unary::Gelu, 1e-09, 5.000000003989423e-10, -1.3952623884167274e-27),
        (Unary::Gelu, 0.6, 0.4354481293499558, 2.7600528256532986e-17),
        (Unary::Gelu, -1.5, -0.1002108019032871, 1.0163800086105495e-18),
        (Unary::Gelu, 3.7, 3.699601140986134, 4.508646681830469e-17),
        (Unary::Gelu, -8.25, -6.533774209580044e-16, -1.234100495721378e-32),
        (Unary::GeluTanh, 1e-09, 5.000000003989423e-10, -1.3952623884170566e-27),
        (Unary::GeluTanh, 0.6, 0.43541519923081473, -5.27387229937019e-18),
        (Unary::GeluTanh, -1.5, -0.10042842301976708, 2.0874893812718516e-18),
        (Unary::GeluTanh, 3.7, 3.699728193978608, -6.881538897243586e-17),
        (Unary::GeluTanh, -15.25, -5.123721610491856e-120, 3.6073110322443463e-137),
        (Unary::Softplus, 0.3, 0.8543552444685271, 4.828698568625145e-17),
        (Unary::Softplus, -0.3, 0.5543552444685271, -7.224165545006375e-18),
        (Unary::Softplus, 17.5, 17.50000002510999, 7.108927256199736e-16),
        (Unary::Softplus, -17.5, 2.5109991242183986e-08, -8.452096485430105e-25),
        (Unary::Softplus, -600.5, 1.6075467697937942e-261, 3.537726127764541e-279),
        (Unary::Lgamma, 1e-09, 20.723265836369194, 1.4813160757220326e-15),
        (Unary::Lgamma, 0.3, 1.0957979948180756, -4.412082839547077e-17),
        (Unary::Lgamma, 0.9999, 5.7729791561193866e-05, -2.8483820076566332e-21),
        (Unary::Lgamma, 1.0001, -5.771334222047127e-05, 4.023114121349749e-22),
        (Unary::Lgamma, 1.4, -0.1196129141723713, 5.340049531224722e-18),
        (Unary::Lgamma, 2.0001, 4.2281658112919945e-05, 1.5339158900296368e-21),
        (Unary::Lgamma, 7.7, 7.926541356269005, -2.217616680615796e-17),
        (Unary::Lgamma, 10000000000.0, 220258509288.81058, 4.07746379812346e-06),
        (Unary::Lgamma, 1e+300, 6.897755278982137e+302, -1.4755313624857933e+285),
    ];
    for (f, x, high, low) in cases {
        let Exact { value, exponent } = exact(f, x);
        let scaled = |part| power_of_two_times(part, exponent);
        let difference = (scaled(value.0) - high) + (scaled(value.1) - low);
        // A result below 2^-968 has no second float of full precision.
        let allowed = (high.abs() * 2_f64.powi(-95)).max(1e-320);
        assert!(difference.abs() <= allowed, "{f}({x}) is {value:?} 2^{exponent}");
    }
}

/// `n * sum of squared distances from the mean` of whole numbers, exactly.
fn scaled_deviations(x: &[i64]) -> i128 {
    let wide = || x.iter().map(|&x| i128::from(x));
    let sum: i128 = wide().sum();
    x.len() as i128 * wide().map(|x| x * x).sum::<i128>() - sum * sum
}

/// Whole numbers about `center`, most within `spread` of it, the `outlier`-th far away.
fn about(center: i64, spread: i64, count: usize, outlier: Option<usize>) -> Vec<i64> {
    let mut random = fastrand::Rng::with_seed(count as u64);
    let mut x: Vec<i64> = (0..count).map(|_| center + random.i64(-spread..=spread)).collect();
    if let Some(outlier) = outlier {
        x[outlier] = 0;
    }
    x
}

/// The relative error of the variance of these numbers in `dtype`, which holds them exactly: as they
/// lie, and across columns.
fn error_of_variance(x: &[i64], dtype: DType) -> f64 {
    let exact = scaled_deviations(x) as f64 / (x.len() as f64 * x.len() as f64);
    let row = Array::from_vec(x.to_vec(), [x.len()]).unwrap().astype(dtype);
    let columns = row.reshape((-1, 1)).broadcast_to([x.len(), 3]).eval().unwrap();
    let variances = [row.var(..), columns.var(0).i(1)];
    let variances = variances.map(|variance| variance.astype(F64).item::<f64>().unwrap());
    variances.into_iter().map(|variance| (variance - exact).abs() / exact).fold(0.0, f64::max)
}

/// The bounds are those of the docs.
#[test]
fn the_variance_is_accurate_wherever_the_numbers_lie() {
    for count in [2, 3, 31, 33, 600, 20_000] {
        // From the mean's size over the deviation's: none to some 4,000 in f32 and 10^6 in f64.
        for center in [0, 1 << 12, 1 << 22] {
            let error = error_of_variance(&about(center, 1 << 10, count, None), F32);
            assert!(error <= 4e-6, "{count} of f32 about {center}: {error:e}");
        }
        for center in [0, 1 << 30, 1_000_000 << 21] {
            let error = error_of_variance(&about(center, 1 << 21, count, None), F64);
            assert!(error <= 1e-14, "{count} of f64 about {center}: {error:e}");
        }
    }
    // One that is far from all others, wherever it stands.
    for outlier in [0, 1, 700, 19_999] {
        let error = error_of_variance(&about(1 << 22, 1 << 3, 20_000, Some(outlier)), F32);
        assert!(error <= 4e-6, "f32 with {outlier} far away: {error:e}");
        let error = error_of_variance(&about(1 << 45, 1 << 3, 20_000, Some(outlier)), F64);
        assert!(error <= 1e-14, "f64 with {outlier} far away: {error:e}");
    }
}
