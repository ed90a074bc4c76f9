//! Patterns out of two substances that react and spread, after Gray and Scott.
//!
//! `cargo run --release --example gray_scott [PATH] [SIZE] [STEPS]`
//!
//! `u` is fed from outside. `v` turns it into more of itself, and decays. Where they meet, spots grow and
//! divide until they fill the plane: P. Gray and S. K. Scott, 1984; J. E. Pearson, "Complex Patterns in a
//! Simple System", 1993.

mod picture;

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use broadloom::prelude::*;
use broadloom::random;
use indicatif::ProgressBar;

/// Cells of a side, and steps, unless others are given.
const SIZE: usize = 256;
const STEPS: u64 = 8000;

/// How fast the substances spread, how fast `u` is fed, and how fast `v` decays.
const SPREAD_U: f64 = 0.16;
const SPREAD_V: f64 = 0.08;
const FEED: f64 = 0.055;
const DECAY: f64 = 0.062;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let path = args.next().map_or_else(|| picture::default_path("gray_scott"), PathBuf::from);
    let mut number = |default: u64| match args.next() {
        Some(text) => text.to_string_lossy().parse(),
        None => Ok(default),
    };
    let (size, steps) = (number(SIZE as u64)? as i64, number(STEPS)?);

    let (mut u, mut v) = start(size)?;
    let step = broadloom::function(step)?;
    let start = Instant::now();
    let bar = ProgressBar::new(steps);
    for _ in 0..steps {
        (u, v) = step.call(&u, &v)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();

    // Night, sea, foam, sand.
    let palette = array![
        [8.0_f32, 12.0, 40.0],
        [20.0, 60.0, 110.0],
        [60.0, 150.0, 160.0],
        [235.0, 230.0, 200.0],
        [250.0, 190.0, 110.0]
    ];
    picture::write_png(&path, &picture::coloured(&(v / 0.4), &palette))?;
    println!("gray_scott: {steps} steps of {size} x {size} cells in {seconds:.2} s: {}", path.display());
    Ok(())
}

/// Only `u` everywhere, but for some squares in which half of it is replaced by `v`.
fn start(size: i64) -> broadloom::Result<(Array, Array)> {
    let mut u = Array::ones([size, size], F32);
    let mut v = Array::zeros([size, size], F32);
    let half = (size / 32).clamp(1, 8);
    let centres = random::default_rng(3).integers(half + 1..size - half, [12, 2])?.to_vec::<i64>()?;
    for centre in centres.chunks(2) {
        let (row, column) = (centre[0], centre[1]);
        let square = s![row - half..row + half, column - half..column + half];
        u = u.at(square.clone()).set(0.5);
        v = v.at(square).set(0.25);
    }
    let [u, v] = broadloom::eval([u, v])?;
    Ok((u, v))
}

/// What a short time makes of the cells; those on the border stay.
fn step(u: &Array, v: &Array) -> (Array, Array) {
    let inner = s![1..-1, 1..-1];
    let (here_u, here_v) = (u.slice(&inner), v.slice(&inner));
    let reaction = &here_u * here_v.square();
    let change_u = SPREAD_U * laplacian(u) - &reaction + FEED * (1.0 - here_u);
    let change_v = SPREAD_V * laplacian(v) + reaction - (FEED + DECAY) * here_v;
    (u.clone().at(inner.clone()).add(change_u), v.clone().at(inner).add(change_v))
}

/// How much more there is around a cell than in it.
fn laplacian(x: &Array) -> Array {
    let (above, below) = (x.slice(s![..-2, 1..-1]), x.slice(s![2.., 1..-1]));
    let (left, right) = (x.slice(s![1..-1, ..-2]), x.slice(s![1..-1, 2..]));
    above + below + left + right - 4.0 * x.slice(s![1..-1, 1..-1])
}
