//! Two tones in noise: what is in a signal, by its Fourier transform, drawn as a curve.
//!
//! `cargo run --release -p broadloom --features fft --example spectrum [PATH]`
//!
//! The louder tone is as loud as the noise, the other a quarter of it: neither is to be seen in the signal. In its
//! spectrum the noise spreads over all frequencies, and each tone stays at one.

#[allow(dead_code, reason = "other examples colour numbers")]
mod picture;
mod plot;

use std::error::Error;
use std::f64::consts::TAU;
use std::path::PathBuf;

use broadloom::prelude::*;
use broadloom::{FftNorm, random};
use plot::Axis;

/// Samples, and how many of them are a second.
const SAMPLES: usize = 8192;
const RATE: f64 = 8000.0;

/// Frequencies and amplitudes of the tones, and the standard deviation of the noise.
const TONES: [(f64, f64); 2] = [(440.0, 1.0), (1318.5, 0.25)];
const NOISE: f64 = 1.0;

/// What is so many times as large as most of the spectrum is no noise: of a million numbers of noise, one is.
const PEAK: f64 = 4.5;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map_or_else(|| picture::default_path("spectrum"), PathBuf::from);

    // The signal: nothing is computed yet.
    let time = Array::arange(0..SAMPLES as i64).astype(F64) / RATE;
    let mut signal = random::stream(11).standard_normal(SAMPLES)? * NOISE;
    for (frequency, amplitude) in TONES {
        signal += (&time * (TAU * frequency)).sin() * amplitude;
    }

    // A window that begins and ends at 0 keeps each tone in a few numbers. Half the amplitude of a tone is at
    // negative frequencies, and the window takes half of the signal.
    let window = 0.5 - (&time * (TAU * RATE / SAMPLES as f64)).cos() * 0.5;
    let spectrum = (signal * window).rfft(over(0).norm(FftNorm::Forward));
    let amplitudes = (spectrum.abs() * 4.0).eval()?;
    let decibels = (amplitudes.log10() * 20.0).eval()?;
    let frequencies = Array::rfftfreq(SAMPLES, 1.0 / RATE);

    // Peaks stand above their neighbours and far above the middle of all numbers, which is that of the noise.
    let inner = decibels.slice(s![1..-1]);
    let (left, right) = (decibels.slice(s![..-2]), decibels.slice(s![2..]));
    let far = amplitudes.slice(s![1..-1]).greater(amplitudes.median(..) * PEAK);
    let peaks = inner.greater(&left) & inner.greater(&right) & far;

    // Where the parabola through a peak and its neighbours has its top, which lies between two frequencies.
    let offset = (&left - &right) / ((&left + &right) - 2.0 * &inner) * 0.5;
    let top = &inner - (&left - &right) * &offset * 0.25;
    let step = RATE / SAMPLES as f64;
    let place = frequencies.slice(s![1..-1]) + offset * step;
    let place = place.mask(&peaks)?.to_vec::<f64>()?;
    let top = top.mask(&peaks)?.to_vec::<f64>()?;

    let mut marks = Vec::new();
    for (&frequency, &level) in place.iter().zip(&top) {
        println!("found {frequency:>7.2} Hz, amplitude {:.3}", 10_f64.powf(level / 20.0));
        marks.push((frequency, level, format!("{frequency:.1} Hz")));
    }
    let title = format!("two tones in noise, {SAMPLES} samples");
    let across = Axis { label: "frequency in Hz", range: 0.0..RATE / 2.0, tick: 500.0 };
    let up = Axis { label: "amplitude in dB", range: -80.0..10.0, tick: 20.0 };
    let points = frequencies.to_vec::<f64>()?.into_iter().zip(decibels.to_vec::<f64>()?);
    picture::write_png(&path, &plot::curve(&title, [&across, &up], points, &marks)?)?;
    println!("spectrum: {}", path.display());

    // What was found is what was put in: the noise moves frequencies and amplitudes a little.
    let near = |((place, level), (frequency, amplitude)): ((&f64, &f64), (f64, f64))| {
        let error = 10_f64.powf(level / 20.0) - amplitude;
        (place - frequency).abs() < 0.3 * step && error.abs() < 0.06 * NOISE
    };
    let all = place.len() == TONES.len() && place.iter().zip(&top).zip(TONES).all(near);
    if all { Ok(()) } else { Err(format!("these are not the tones, {TONES:?}").into()) }
}
