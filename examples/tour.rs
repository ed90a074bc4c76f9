//! A walk through what a NumPy user knows.
//!
//! `cargo run --release --example tour`

use std::hint::black_box;
use std::time::{Duration, Instant};

use broadloom::prelude::*;

fn main() -> broadloom::Result<()> {
    creating()?;
    broadcasting()?;
    dense_layer()?;
    ranges_and_statistics()?;
    slicing()?;
    speed()
}

/// A heading.
fn chapter(title: &str) {
    println!("\n{title}\n{}\n", "-".repeat(title.len()));
}

/// An array as it prints, with its shape and dtype.
fn show(what: &str, array: &Array) {
    println!("{what}    shape {:?}, {}\n{array}\n", array.shape(), array.dtype());
}

fn creating() -> broadloom::Result<()> {
    chapter("Arrays of one, two and three axes");

    // `array!` follows Rust: integer literals are i32, floats are f64.
    let vector = array![1, 2, 3, 4, 5];
    let matrix = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let cube = Array::zeros([2, 3, 4], F32);
    show("vector", &vector);
    show("matrix", &matrix);
    show("cube", &cube);

    // Data of one's own is taken over, not copied.
    let data: Vec<f32> = vec![0.5, 1.5, 2.5, 3.5];
    show("from a Vec", &Array::from_vec(data, [2, 2])?);
    Ok(())
}

fn broadcasting() -> broadloom::Result<()> {
    chapter("Broadcasting a scalar and a row");

    let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let row = array![10.0, 20.0, 30.0];
    show("x * 2", &(&x * 2.0));
    show("x + row", &(&x + &row));

    // Plain Rust numbers take the dtype of the array they meet.
    let single = x.astype(F32);
    println!("f32 array * 2.0 is {}, with no suffix\n", (&single * 2.0).dtype());

    // What cannot be broadcast is found while the expression is written.
    let clash = broadloom::checked(|| &x + array![1.0, 2.0]);
    println!("x + [1, 2]: {}", clash.expect_err("3 and 2 do not broadcast"));
    Ok(())
}

fn dense_layer() -> broadloom::Result<()> {
    chapter("One dense layer, relu(x @ w + b), (5, 3) @ (3, 4)");

    let x = (Array::arange(0..15).reshape([5, 3]) - 7).astype(F32).eval()?;
    let w = (Array::arange(0..12).reshape([3, 4]) % 5 - 2).astype(F32).eval()?;
    let b = array![0.5_f32, 1.0, 1.5, 2.0];

    // Nothing runs here, but the shape is known.
    let y = (x.matmul(&w) + &b).relu();
    println!("{y:?}\n");

    // What will run: one loop nest, bias and ReLU inside the matrix product.
    println!("{}", y.explain()?.optimized);

    show("y", &y.eval()?);
    Ok(())
}

fn ranges_and_statistics() -> broadloom::Result<()> {
    chapter("Ranges, reshape and statistics");

    show("arange", &Array::arange(0..12));
    show("arange by 3", &Array::arange_step(0..12, 3));
    show("linspace", &Array::linspace(0.0, 1.0, 5));

    let x = Array::arange(0..12).reshape([3, 4]);
    show("reshaped to (3, 4)", &x);
    show("reshaped to (2, -1)", &x.reshape([2, -1]));

    // `..` is all axes. Results of one element are read with `item`.
    println!("sum   {}", x.sum(..).item::<i64>()?);
    println!("mean  {}", x.mean(..).item::<f64>()?);
    println!("std   {}", x.std(..).item::<f64>()?);
    println!("min   {}", x.min(..).item::<i64>()?);
    println!("max   {}\n", x.max(..).item::<i64>()?);

    show("sum of the columns", &x.sum(0));
    show("mean of the rows", &x.mean(1));
    show("mean of the rows, axis kept", &x.mean(over(1).keepdims()));
    show("largest of the rows, where", &x.argmax(-1));
    Ok(())
}

fn slicing() -> broadloom::Result<()> {
    chapter("Slicing");

    let x = Array::arange(0..20).reshape([4, 5]);
    show("x", &x);
    show("row 1: x.i(1)", &x.i(1));
    show("column 2: s![.., 2]", &x.slice(s![.., 2]));
    show("last two rows: s![-2..]", &x.slice(s![-2..]));
    show("every second column: s![.., ..;2]", &x.slice(s![.., ..;2]));
    show("rows backwards: s![..;-1]", &x.slice(s![..;-1]));
    println!("one element: x.get((2, 3)) = {}", x.get::<i64>((2, 3))?);
    Ok(())
}

/// Numbers that are squared.
const COUNT: i64 = 1_000_000;

/// Evaluations of which the median time is printed.
const RUNS: usize = 101;

fn speed() -> broadloom::Result<()> {
    chapter("Squaring 1,000,000 integers (i64)");

    let numbers: Vec<i64> = (0..COUNT).collect();
    let x = Array::from_slice(&numbers, COUNT)?;
    // The plain loops write into memory that is there already.
    let mut squares: Vec<i64> = Vec::with_capacity(numbers.len());

    println!("medians of {RUNS} runs, on {} threads:\n", broadloom::engine().threads());
    println!("{:22}{:>12}{:>12}{:>18}", "", "plain loop", "Broadloom", "one op at a time");

    let plain = median(|| {
        squares.clear();
        squares.extend(black_box(&numbers).iter().map(|n| n * n));
        black_box(&squares);
        Ok(())
    })?;
    let fused = median(|| x.square().eval().map(drop))?;
    let steps = median(|| x.square().eval().map(drop))?;
    compare("x squared", plain, fused, steps);

    let plain = median(|| {
        squares.clear();
        squares.extend((0..black_box(COUNT)).map(|n| n * n));
        black_box(&squares);
        Ok(())
    })?;
    let fused = median(|| Array::arange(0..COUNT).square().eval().map(drop))?;
    let steps = median(|| {
        let x = Array::arange(0..COUNT).eval()?;
        x.square().eval().map(drop)
    })?;
    compare("a range squared", plain, fused, steps);

    let plain = median(|| {
        black_box(black_box(&numbers).iter().map(|n| n * n).sum::<i64>());
        Ok(())
    })?;
    let fused = median(|| x.square().sum(..).eval().map(drop))?;
    let steps = median(|| {
        let squares = x.square().eval()?;
        squares.sum(..).eval().map(drop)
    })?;
    compare("sum of x squared", plain, fused, steps);

    println!("\nIn brackets: how many times as long as Broadloom. One operation is one loop either");
    println!("way; of several, fusion makes one loop that writes no intermediate array.");
    Ok(())
}

fn compare(what: &str, plain: Duration, fused: Duration, steps: Duration) {
    let times = |other: Duration| other.as_secs_f64() / fused.as_secs_f64();
    println!(
        "{what:18}{plain:>8.0?} ({:4.2}){fused:>12.0?}{steps:>10.0?} ({:4.2})",
        times(plain),
        times(steps)
    );
}

/// The median time of `work`.
fn median(mut work: impl FnMut() -> broadloom::Result<()>) -> broadloom::Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}
