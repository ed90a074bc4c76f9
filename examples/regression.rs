//! Least squares by gradient steps: how diabetes progresses, from ten measurements of 442 patients.
//!
//! `cargo run --release --example regression [FOLDER]`
//!
//! A step is a compiled function of two products and what is fused into them. Its loss is read at every
//! step, as a training loop does to know when to stop.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use broadloom::prelude::*;

/// The files, unless a folder is given.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/diabetes");

/// What the columns are called.
const NAMES: [&str; 10] = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"];

/// How far a step goes along the gradient: two over the largest and the smallest eigenvalue of the features'
/// covariance, 4.02 and 0.009, together.
const RATE: f64 = 0.49;

/// The loss has settled when a step lowers it by less than this share.
const SETTLED: f64 = 1e-12;

/// Most steps there may be.
const STEPS: usize = 100_000;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or(FOLDER.into(), PathBuf::from);
    match fit(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("regression: {error}");
            ExitCode::FAILURE
        }
    }
}

fn fit(folder: PathBuf) -> Result<(), Box<dyn Error>> {
    let features = Array::load_npy(folder.join("features.npy"))?;
    let y = Array::load_npy(folder.join("progression.npy"))?;
    let (patients, count) = (features.shape()[0], features.shape()[1]);

    // Every column with mean 0 and standard deviation 1: one kernel, then kept.
    let x = (&features - features.mean(over(0).keepdims())) / features.std(over(0).keepdims());
    let x = x.eval()?;
    let target = (&y - y.mean(..)).eval()?;

    let step = broadloom::function(move |x: &Array, target: &Array, weights: &Array| {
        let residuals = x.matmul(weights) - target;
        let gradient = x.t().matmul(&residuals) / patients as f64;
        (weights - gradient * RATE, residuals.square().mean(..))
    })?;

    let mut weights = Array::zeros([count], F64).eval()?;
    let mut last = f64::INFINITY;
    let mut steps = 0;
    loop {
        let (next, loss) = step.call(&x, &target, &weights)?;
        let loss = loss.item::<f64>()?;
        if steps < 5 || steps % 500 == 0 {
            println!("step {steps:>5}   mean squared error {loss:>12.5}");
        }
        if last - loss <= SETTLED * loss || steps == STEPS {
            println!("step {steps:>5}   mean squared error {loss:>12.5}\n");
            break;
        }
        (weights, last, steps) = (next, loss, steps + 1);
    }

    for (name, weight) in NAMES.iter().zip(weights.to_vec::<f64>()?) {
        println!("{name:>4} {weight:>8.2}  {}", "#".repeat((weight.abs() / 1.5) as usize));
    }
    let explained = 1.0 - last / target.square().mean(..).item::<f64>()?;
    println!("\n{:.2} % of the variance explained", 100.0 * explained);
    Ok(())
}
