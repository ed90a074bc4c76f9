//! Are Fourier transforms right for every length, lazily, and with the same bits however they are run?
//!
//! The answers of NumPy are in `tests/numpy/answers/fft.txt`, written by `tests/numpy/numpy_fft.py`.

#[allow(dead_code, reason = "other answers have other arguments, and texts")]
#[path = "numpy/cases.rs"]
mod cases;

use broadloom::graph::Graph;
use broadloom::op::Values;
use broadloom::prelude::*;
use broadloom::{ErrorKind, FftNorm, complex, random, reference};

type Result<T = ()> = broadloom::Result<T>;

/// The names of the answer file, as calls of the crate.
mod calls {
    use super::*;
    use crate::cases::Arg;

    /// The lazy result of `op`, or why it cannot be built.
    pub fn call(op: &str, args: &[Arg]) -> Result<Array> {
        let Some(Arg::Array(x)) = args.first() else { panic!("{op} of what is no array") };
        if op == "parts" {
            return broadloom::try_complex(x.try_slice(s![..., 0])?, x.try_slice(s![..., 1])?);
        }
        let (name, norm) = op.split_once(':').unwrap_or((op, "backward"));
        let mut along = match &args[1] {
            Arg::Axes(over) => over.clone(),
            _ => panic!("{op}: axes come second"),
        };
        if let Some(Arg::Shape(points)) = args.get(2) {
            along = along.n(points);
        }
        along = match norm {
            "backward" => along,
            "ortho" => along.norm(FftNorm::Ortho),
            "forward" => along.norm(FftNorm::Forward),
            _ => panic!("{op}: no such norm"),
        };
        match name {
            "fft" => x.try_fft(along),
            "ifft" => x.try_ifft(along),
            "rfft" => x.try_rfft(along),
            "irfft" => x.try_irfft(along),
            "hfft" => x.try_hfft(along),
            "ihfft" => x.try_ihfft(along),
            "fftn" => x.try_fftn(along),
            "ifftn" => x.try_ifftn(along),
            "rfftn" => x.try_rfftn(along),
            "irfftn" => x.try_irfftn(along),
            _ => panic!("no such case: {op}"),
        }
    }
}

#[test]
fn transforms_have_the_answers_of_numpy() {
    cases::check(include_str!("numpy/answers/fft.txt"));
}

/// Numbers between -1 and 1.
fn numbers(shape: &[usize], dtype: DType) -> Array {
    let x = random::default_rng(5).random(shape).unwrap() * 2.0 - 1.0;
    x.astype(dtype).eval().unwrap()
}

fn complex_numbers(shape: &[usize], dtype: DType) -> Array {
    let pairs: Vec<usize> = shape.iter().copied().chain([2]).collect();
    let parts = numbers(&pairs, dtype);
    complex(parts.slice(s![..., 0]), parts.slice(s![..., 1])).eval().unwrap()
}

/// How far apart the elements are, at most.
fn apart(a: &Array, b: &Array) -> f64 {
    (a - b).abs().max(..).astype(F64).item::<f64>().unwrap()
}

/// `exp(i turns 2 pi / n)` for whole turns.
fn unit_circle(turns: &Array, n: i64) -> Array {
    let angle = (turns % n).astype(F64) * (std::f64::consts::TAU / n as f64);
    complex(angle.cos(), angle.sin())
}

#[test]
fn a_pulse_and_a_wave_are_each_others_transforms_at_lengths_of_every_kind() -> Result {
    // A power of two, products of small and of large primes, primes below and above powers of two.
    for n in [1 << 16, 3 * 5 * 7 * 11 * 13, 2 * 10_007, 8191, 65_537, 46_349] {
        let place = n / 3 + 1;
        let at = Array::arange(0..n);
        let pulse = at.equal(place).astype(F64);
        let wave = unit_circle(&(&at * place), n);
        // Errors of angles grow with the logarithm of n, those of the wave itself are of a few roundings.
        let (forward, half) = broadloom::eval((pulse.fft(0), pulse.rfft(0)))?;
        assert!(apart(&forward, &wave.conj()) < 4e-15, "fft of {n}: {}", apart(&forward, &wave.conj()));
        assert!(apart(&half, &wave.conj().slice(s![..n as isize / 2 + 1])) < 4e-15, "rfft of {n}");
        assert!(apart(&wave.ifft(0), &pulse.astype(C128).roll(-2 * place, 0)) < 4e-15, "ifft of {n}");
        assert!(apart(&half.irfft(over(0).n(n)), &pulse) < 4e-15, "irfft of {n}");
        let single = pulse.astype(F32);
        assert!(apart(&single.fft(0), &wave.conj().astype(C64)) < 4e-6, "fft of {n} f32");
        assert!(apart(&single.rfft(0).irfft(over(0).n(n)), &single) < 2e-6, "irfft of {n} f32");
    }
    Ok(())
}

#[test]
fn inverses_undo_and_lengths_stay_under_ortho() -> Result {
    for (real, close) in [(F64, 1e-14), (F32, 1e-5)] {
        let x = complex_numbers(&[12, 10, 15], real);
        for norm in [FftNorm::Backward, FftNorm::Ortho, FftNorm::Forward] {
            let along = || over([2, 0]).norm(norm);
            assert!(apart(&x.fftn(along()).ifftn(along()), &x) < close);
            let real = x.real();
            let back = real.rfftn(along()).irfftn(over([2, 0]).n([15, 12]).norm(norm));
            assert!(apart(&back, &real) < close);
            assert!(apart(&real.ihfft(over(1).norm(norm)).hfft(over(1).norm(norm)), &real) < close);
        }
        let energy = |z: &Array| z.abs().square().sum(..);
        let ortho = x.fftn(over(..).norm(FftNorm::Ortho));
        assert!(apart(&(energy(&ortho) / energy(&x)), &Array::scalar(1.0)) < close);
    }
    Ok(())
}

#[test]
fn rows_have_the_bits_they_have_alone_on_any_number_of_threads() -> Result {
    for dtype in [F32, F64] {
        // Enough work to be shared, at a length that takes every kind of step, and at a large prime.
        for (rows, n) in [(700, 360), (60, 4099)] {
            let x = numbers(&[rows, n], dtype);
            let z = complex_numbers(&[rows, n], dtype);
            let all = || (x.fft(1), x.rfft(1), z.fft(1), z.ifft(1), z.irfft(1), x.fft(0));
            let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (one, three) = (pool(1), pool(3));
            let alone: Vec<Array> =
                one.install(|| broadloom::eval(all()).map(|(a, b, c, d, e, f)| vec![a, b, c, d, e, f]))?;
            let shared: Vec<Array> =
                three.install(|| broadloom::eval(all()).map(|(a, b, c, d, e, f)| vec![a, b, c, d, e, f]))?;
            for (alone, shared) in alone.iter().zip(&shared) {
                assert!(alone.array_equal(shared)?);
            }
            for at in [0, rows as isize / 2, rows as isize - 1] {
                let (x, z) = (x.i(at), z.i(at));
                let each = [x.fft(0), x.rfft(0), z.fft(0), z.ifft(0), z.irfft(0)];
                for (nth, each) in each.iter().enumerate() {
                    assert!(each.array_equal(&alone[nth].i(at))?, "transform {nth} of row {at}");
                }
            }
            let column = x.slice(s![.., 7]).fft(0);
            assert!(column.array_equal(&alone[5].slice(s![.., 7]))?);
        }
    }
    Ok(())
}

#[test]
fn work_around_a_transform_is_fused() -> Result {
    let x = numbers(&[4, 6], F32).named("x");
    let window = (Array::arange(0..6).astype(F32) * 0.5).cos();
    let power = (&x * window).rfft(1).abs().square();
    assert!(!power.is_evaluated());
    let text = broadloom::explain(&[power], broadloom::Target::Host)?.optimized;
    insta::assert_snapshot!(text, @"
    graph {
      %0 = input x : f32[4, 6]
      %1 = iota : i64[6]
      %2 = map %1, |a| cos(f32(a) * s0) : f32[6]
      %3 = map %0, %2 by [j], |a, b| a * b : f32[4, 6]
      %4 = rfft %3 : f32[4, 4, 2]
      %5 = map %4 by [i, j, 0], %4 by [i, j, 1], |a, b| square(hypot(a, b)) : f32[4, 4]
      return %5
    }
    ");
    // A filter: along the first axis, filled up with zeros, and back.
    let filter = Array::linspace(1.0, 0.0, 5).astype(F32).expand_dims(1);
    let smooth = (x.rfft(over(0).n(8)) * filter).irfft(0) + 1.0;
    let text = broadloom::explain(&[smooth], broadloom::Target::Host)?.optimized;
    insta::assert_snapshot!(text, @"
    graph {
      %0  = input x : f32[4, 6]
      %1  = iota : i64[5]
      %2  = map %0 by [j, i], |a| a : f32[6, 4]
      %3  = map, || 0 : f32[6, 4]
      %4  = join %2, %3 along 1 : f32[6, 8]
      %5  = rfft %4 : f32[6, 5, 2]
      %6  = map %1, |a| f32(where(a < s0, f64(a) * s1 + 1, 0)) : f32[5]
      %7  = map %5 by [j, i, 0], %6 by [i], %5 by [j, i, 1], |a, b, c| (a * b - c * 0, a * 0 + c * b) : f32[5, 6, 1], f32[5, 6, 1]
      %8  = join %7, %7.1 along 2 : f32[5, 6, 2]
      %9  = map %8 by [j, i, k], |a| a : f32[6, 5, 2]
      %10 = irfft %9 : f32[6, 8]
      %11 = map %10 by [j, i], |a| a / s2 + 1 : f32[8, 6]
      return %11
    }
    ");
    let text =
        broadloom::explain(&[x.slice(s![..3, ..4]).fftshift(..) * 2.0], broadloom::Target::Host)?.optimized;
    insta::assert_snapshot!(text, @"
    graph {
      %0 = input x : f32[4, 6]
      %1 = map %0 by [i + 2, j], |a| a : f32[1, 4]
      %2 = map %0, |a| a : f32[2, 4]
      %3 = join %1, %2 along 0 : f32[3, 4]
      %4 = map %3 by [i, j + 2], |a| a : f32[3, 2]
      %5 = map %3, |a| a : f32[3, 2]
      %6 = join %4, %5 along 1 : f32[3, 4]
      %7 = map %6, |a| a * s0 : f32[3, 4]
      return %7
    }
    ");
    Ok(())
}

/// What the reference makes of the host operation `op` of an array of floats.
fn meant(op: &str, x: &Array, shape: &[usize]) -> Result<Array> {
    let (dtype, of) = (x.dtype(), x.shape());
    let text =
        format!("graph {{\n%0 = input : {dtype}{of:?}\n%1 = {op} %0 : {dtype}{shape:?}\nreturn %1\n}}");
    let graph: Graph = text.parse()?;
    assert_eq!(graph.to_string().parse::<Graph>()?.to_string(), graph.to_string());
    let values = match dtype {
        F32 => Values::F32(x.to_vec()?),
        _ => Values::F64(x.to_vec()?),
    };
    match reference::evaluate(&graph, &[values], &[])?.swap_remove(0) {
        Values::F32(values) => Array::from_vec(values, shape),
        Values::F64(values) => Array::from_vec(values, shape),
        other => panic!("{other:?} are not floats"),
    }
}

#[test]
fn what_runs_is_what_is_meant_to_the_bit() -> Result {
    let parts = |z: &Array| stack([z.real(), z.imag()], -1);
    for dtype in [F32, F64] {
        for n in [1, 2, 7, 12] {
            let (x, z) = (numbers(&[3, n], dtype), complex_numbers(&[3, n], dtype));
            let half = n / 2 + 1;
            assert!(meant("fft", &parts(&z), &[3, n, 2])?.array_equal(&parts(&z.fft(1)))?);
            assert!(meant("fft_real", &x, &[3, n, 2])?.array_equal(&parts(&x.fft(1)))?);
            assert!(meant("rfft", &x, &[3, half, 2])?.array_equal(&parts(&x.rfft(1)))?);
            let unscaled = over(1).norm(FftNorm::Forward);
            assert!(meant("ifft", &parts(&z), &[3, n, 2])?.array_equal(&parts(&z.ifft(unscaled.clone())))?);
            let back = |points: usize| z.irfft(unscaled.clone().n(points));
            assert!(meant("irfft_odd", &parts(&z), &[3, 2 * n - 1])?.array_equal(&back(2 * n - 1))?);
            if n > 1 {
                assert!(meant("irfft", &parts(&z), &[3, 2 * n - 2])?.array_equal(&back(2 * n - 2))?);
            }
        }
    }
    // What a transform does not take is no graph.
    for (op, of, ty) in [
        ("fft", "[3, 3]", "[3, 3]"),
        ("rfft", "[0]", "[1, 2]"),
        ("irfft", "[1, 2]", "[0]"),
        ("rfft", "[4]", "[4, 2]"),
    ] {
        let text = format!("graph {{\n%0 = input : f64{of}\n%1 = {op} %0 : f64{ty}\nreturn %1\n}}");
        assert!(text.parse::<Graph>().is_err(), "{text}");
    }
    Ok(())
}

#[test]
fn numbers_that_are_not_finite_stay_in_their_row() -> Result {
    for n in [8, 7] {
        let x = numbers(&[3, n], F64).at(s![1, 2]).set(f64::INFINITY).eval()?;
        let broken = x.rfft(1).abs().isfinite().all(1).to_vec::<bool>()?;
        assert_eq!(broken, [true, false, true]);
        let broken = x.fft(1).ifft(1).real().isnan().any(1).to_vec::<bool>()?;
        assert_eq!(broken, [false, true, false]);
    }
    Ok(())
}

#[test]
fn mistakes_say_what_is_wrong() {
    let x = Array::ones([2, 3], F32);
    let message = |array: Result<Array>| array.unwrap_err().to_string();
    insta::assert_snapshot!(message(x.try_fft(2)), @"fft: axis 2 is out of range for f32[2, 3], which has rank 2");
    insta::assert_snapshot!(message(x.try_fft([0, 1])), @"fft: takes one axis, not 2");
    insta::assert_snapshot!(message(x.try_fftn([0, 0])), @"fftn: axis 0 of f32[2, 3] is named twice");
    insta::assert_snapshot!(message(x.try_fft(over(0).n(0))), @"fft: no transform along axis 0 of f32[2, 3] has 0 points");
    insta::assert_snapshot!(message(x.try_irfft(over(0).n(-3))), @"irfft: no transform along axis 0 of f32[2, 3] has -3 points");
    insta::assert_snapshot!(message(Array::ones([2, 0], I32).try_rfft(1)), @"rfft: no transform along axis 1 of i32[2, 0] has 0 points");
    insta::assert_snapshot!(message(x.slice(s![.., ..1]).try_irfft(1)), @"irfft: no transform along axis 1 of f32[2, 1] has 0 points");
    insta::assert_snapshot!(message(x.try_fftn(over([0, 1]).n(4))), @"fftn: n of 1 numbers for 2 axes of f32[2, 3]");
    insta::assert_snapshot!(message(x.astype(C64).try_rfft(1)), @"rfft: not defined for c64");
    insta::assert_snapshot!(message(Array::scalar(1.0).try_rfftn(..)), @"rfftn: takes one axis or more");
    insta::assert_snapshot!(message(x.try_fft(over(0).keepdims())), @"fft: takes axes without options");
    insta::assert_snapshot!(message(x.try_sum(over(0).n(4))), @"sum: takes no n and no norm");
    insta::assert_snapshot!(message(x.try_squeeze(over(0).norm(FftNorm::Ortho))), @"squeeze: takes axes without options");
    insta::assert_snapshot!(message(x.try_fft(over(1).n(1_u64 << 62))), @"fft: f32[2, 4611686018427387904] has more bytes than memory can address");
    // More than there is memory for is an error, of evaluation.
    let huge = x.rfft(over(1).n(1_u64 << 44));
    assert_eq!(huge.eval().unwrap_err().kind(), ErrorKind::Memory);
}
