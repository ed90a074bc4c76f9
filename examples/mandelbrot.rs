//! The Mandelbrot set: for which `c` the sequence `z = z² + c` stays near, and how soon it leaves where
//! it does not.
//!
//! `cargo run --release --example mandelbrot [PATH] [HEIGHT] [ITERATIONS]`

mod picture;

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use broadloom::prelude::*;

/// Points from top to bottom, and iterations, unless others are given.
const HEIGHT: usize = 640;
const ITERATIONS: usize = 480;

/// Iterations that are fused into one loop.
const AT_ONCE: usize = 8;

/// What has left this circle never returns. A wide one makes the colours smooth.
const RADIUS: f64 = 256.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let path = args.next().map_or_else(|| picture::default_path("mandelbrot"), PathBuf::from);
    let mut number = |default: usize| match args.next() {
        Some(text) => text.to_string_lossy().parse(),
        None => Ok(default),
    };
    let (height, iterations) = (number(HEIGHT)?, number(ITERATIONS)?);
    let width = height * 3 / 2;

    let start = Instant::now();
    // A row of real parts and a column of imaginary ones: they broadcast to the plane.
    let re = Array::linspace(-2.4, 1.2, width);
    let im = Array::linspace(1.2, -1.2, height).expand_dims(1);
    let plane = Array::zeros([height, width], F64);

    let rounds = broadloom::function(iterate)?;
    let (mut x, mut y, mut count) = (plane.clone(), plane.clone(), plane);
    for _ in 0..iterations.div_ceil(AT_ONCE) {
        (x, y, count) = rounds.call(&x, &y, &count, &re, &im)?;
    }

    // Between whole iterations by how far outside the circle the point has come.
    let inside = (x.square() + y.square()).less(RADIUS * RADIUS);
    let beyond = (x.square() + y.square()).sqrt().maximum(RADIUS).log() / RADIUS.ln();
    let time = (count - beyond.log2()).maximum(1.0);
    let share = time.log() / (iterations as f64).ln();
    let picture = picture::coloured(&where_(&inside, 1.0, share * 0.95), &palette());
    picture::write_png(&path, &picture)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "mandelbrot: {iterations} iterations of {width} x {height} points in {seconds:.2} s: {}",
        path.display()
    );
    Ok(())
}

/// Some iterations: `z` is `x + iy` and stays where it is once it has left the circle; `count` says when.
fn iterate(x: &Array, y: &Array, count: &Array, re: &Array, im: &Array) -> (Array, Array, Array) {
    let (mut x, mut y, mut count) = (x.clone(), y.clone(), count.clone());
    for _ in 0..AT_ONCE {
        let (xx, yy) = (x.square(), y.square());
        let inside = (&xx + &yy).less(RADIUS * RADIUS);
        let next_y = 2.0 * &x * &y + im;
        x = where_(&inside, xx - yy + re, &x);
        y = where_(&inside, next_y, &y);
        count += inside;
    }
    (x, y, count)
}

/// From far outside to the border; black, the last, is the set itself.
fn palette() -> Array {
    array![
        [0.0, 7.0, 60.0],
        [10.0, 40.0, 130.0],
        [32.0, 107.0, 203.0],
        [130.0, 190.0, 235.0],
        [237.0, 255.0, 255.0],
        [255.0, 215.0, 100.0],
        [255.0, 150.0, 0.0],
        [150.0, 60.0, 20.0],
        [60.0, 10.0, 30.0],
        [0.0, 0.0, 0.0]
    ]
}
