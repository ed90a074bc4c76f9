//! Classifies 1,797 handwritten digits with a small trained network.
//!
//! `cargo run --release --example digits [FOLDER]`
//!
//! The network is three dense layers, 64-128-64-10, each a matrix product with a bias, the first two
//! with a ReLU. Every layer becomes one loop nest: bias and ReLU are applied to a tile of the product
//! while it is still in the cache.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use broadloom::engine;
use broadloom::prelude::*;

/// The files, unless a folder is given.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/digits");

/// The images the network was not trained on: the last so many.
const HELD_OUT: i64 = 540;

/// Evaluations of which the median time is printed.
const RUNS: usize = 51;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or(FOLDER.into(), PathBuf::from);
    match classify(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("digits: {error}");
            ExitCode::FAILURE
        }
    }
}

fn classify(folder: &Path) -> Result<(), Box<dyn Error>> {
    let network = Network::load(folder)?;
    let images = load(folder, "images", F32, &[1797, 64])?;
    let labels = load(folder, "labels", I64, &[1797])?;
    let expected = load(folder, "logits", F64, &[1797, 10])?;

    // Nothing has run after this line, but the whole program is known.
    let digits = network.logits(&images).softmax(-1).argmax(-1);
    println!("{digits:?}\n");
    println!("The program, one line per loop nest:\n\n{}", digits.explain()?.optimized);

    let start = Instant::now();
    let digits = digits.eval()?;
    let first = start.elapsed();

    let hits = digits.equal(&labels).slice(s![-HELD_OUT..]).count_nonzero(..).item::<i64>()?;
    let percent = 100.0 * hits as f64 / HELD_OUT as f64;
    println!("accuracy on the last {HELD_OUT} images: {hits} of {HELD_OUT} ({percent:.1} %)");

    let logits = network.logits(&images);
    let difference = (logits.astype(F64) - &expected).abs().max(..).item::<f64>()?;
    println!("largest difference from logits.npy:  {difference:.2e}\n");

    let classified = || network.logits(&images).softmax(-1).argmax(-1).eval();
    let again = median(classified)?;
    engine().set_optimize(false);
    let unfused = median(classified)?;
    engine().set_optimize(true);
    println!("first evaluation, compiling:  {first:>9.2?}");
    println!("again, compiled code cached:  {again:>9.2?}");
    println!(
        "the same with fusion off:     {unfused:>9.2?}  ({:.2} times as long)",
        unfused.as_secs_f64() / again.as_secs_f64()
    );
    Ok(())
}

/// Weights and biases of three dense layers.
struct Network {
    layers: [(Array, Array); 3],
}

impl Network {
    fn load(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let layer = |number: usize, inputs: usize, outputs: usize| -> Result<_, Box<dyn Error>> {
            let weights = load(folder, &format!("w{number}"), F32, &[inputs, outputs])?;
            let bias = load(folder, &format!("b{number}"), F32, &[outputs])?;
            Ok((weights, bias))
        };
        Ok(Self { layers: [layer(1, 64, 128)?, layer(2, 128, 64)?, layer(3, 64, 10)?] })
    }

    /// What the last layer says of each image, `[n, 64] -> [n, 10]`.
    fn logits(&self, images: &Array) -> Array {
        let [(w1, b1), (w2, b2), (w3, b3)] = &self.layers;
        let x = (images.matmul(w1) + b1).relu();
        let x = (x.matmul(w2) + b2).relu();
        x.matmul(w3) + b3
    }
}

/// The array in `FOLDER/NAME.npy`, which must be of this dtype and shape.
fn load(folder: &Path, name: &str, dtype: DType, shape: &[usize]) -> Result<Array, Box<dyn Error>> {
    let path = folder.join(name).with_extension("npy");
    let array = Array::load_npy(&path)?;
    if (array.dtype(), array.shape()) != (dtype, shape) {
        let (path, found, extents) = (path.display(), array.dtype(), array.shape());
        return Err(format!("{path}: expected {dtype}{shape:?}, found {found}{extents:?}").into());
    }
    Ok(array.named(name))
}

/// The median time of an evaluation.
fn median(mut evaluate: impl FnMut() -> broadloom::Result<Array>) -> broadloom::Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        black_box(evaluate()?);
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}
