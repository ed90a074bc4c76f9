//! First evaluations: in a new process, of a new structure, of known code and a new size.
//!
//! - `c_process_*`: a child process, from its start to its end, that evaluates twice
//! - `c_first_*`, `c_second_*`: the two evaluations in it, building included
//! - `c_new_*`: an expression never seen before, in a process that has compiled others
//! - `c_plan_node`: how much longer a known expression takes, per operation, on arrays of a new length than on them
//!   again: a program is planned, nothing is compiled
//! - `c_emit_*`: the machine code of one loop, in vectors of so many bits: of chains by their number of operations,
//!   and of functions
//!
//! Broadloom warns once of a line that makes so many programs, which here is the point.

use std::cell::Cell;
use std::process::Command;
use std::time::{Duration, Instant};

use broadloom::prelude::*;

use crate::Bench;
use crate::report::fail;
use crate::small::timed;

/// Operations of chains.
const LENGTHS: [usize; 3] = [8, 32, 128];

/// Elements of arrays that are large enough to be compiled for, and small enough to take little time.
const SIZE: usize = 20_000;

pub fn all(bench: &Bench) {
    children(bench);
    structures(bench);
    #[cfg(feature = "jit")]
    emission(bench);
}

/// Makes inputs, and returns what evaluates an expression of them.
type Program = fn() -> Box<dyn Fn()>;

/// What children evaluate, by name, with its size.
const PROGRAMS: [(&str, &str, Program); 4] = [
    ("chain", "10000", || fused_chain(10_000)),
    ("chain", "1000000", || fused_chain(1_000_000)),
    ("loop", "1000000", || plain_loop(1_000_000)),
    ("mlp3", "64x784x512x256x10", network),
];

/// Numbers that cost next to nothing to make.
fn values(size: usize) -> Vec<f32> {
    (0..size).map(|n| n as f32 / size as f32 - 0.5).collect()
}

fn numbers(shape: impl AsRef<[usize]>) -> Array {
    let values = values(shape.as_ref().iter().product());
    Array::from_vec(values, shape.as_ref()).expect("as many values as the shape has")
}

fn evaluate(array: Array) {
    drop(array.eval().expect("the program evaluates"));
}

/// `relu(a b + c) - d / 2`.
fn fused_chain(size: usize) -> Box<dyn Fn()> {
    let [a, b, c, d] = [(); 4].map(|()| numbers([size]));
    Box::new(move || evaluate((&a * &b + &c).relu() - 0.5 * &d))
}

/// The same by a plain loop: what a first result costs whoever computes it.
fn plain_loop(size: usize) -> Box<dyn Fn()> {
    let [a, b, c, d] = [(); 4].map(|()| values(size));
    Box::new(move || {
        let element = |(((a, b), c), d): (((&f32, &f32), &f32), &f32)| (a * b + c).max(0.0) - 0.5 * d;
        let result: Vec<f32> = a.iter().zip(&b).zip(&c).zip(&d).map(element).collect();
        std::hint::black_box(result);
    })
}

/// Three layers.
fn network() -> Box<dyn Fn()> {
    let [x, w1, w2, w3] = [[64, 784], [784, 512], [512, 256], [256, 10]].map(numbers);
    let [b1, b2, b3] = [512, 256, 10].map(|width| numbers([width]));
    Box::new(move || {
        let hidden = (x.matmul(&w1) + &b1).relu();
        let hidden = (hidden.matmul(&w2) + &b2).relu();
        evaluate(hidden.matmul(&w3) + &b3);
    })
}

/// Evaluates a program, by its name and size, twice and prints both times in seconds.
pub fn child(which: &str) {
    let Some((_, _, program)) = PROGRAMS.iter().find(|(name, size, _)| format!("{name} {size}") == which)
    else {
        fail(&format!("no program is called {which}"));
    };
    let evaluate = program();
    for _ in 0..2 {
        println!("{}", timed(&evaluate).as_secs_f64());
    }
}

/// The times of a child: of the process, of the first and of the second evaluation.
fn times_of_child(which: &str, threads: usize) -> [f64; 3] {
    let this =
        std::env::current_exe().unwrap_or_else(|error| fail(&format!("where is this program? {error}")));
    let start = Instant::now();
    let output =
        Command::new(this).args(["--cold", which]).env("BROADLOOM_THREADS", threads.to_string()).output();
    let process = start.elapsed().as_secs_f64();
    let output = output.unwrap_or_else(|error| fail(&format!("no child process: {error}")));
    let text = String::from_utf8_lossy(&output.stdout);
    let times: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    let [first, second] = times[..] else { fail(&format!("a child process said: {text}")) };
    [process, first, second]
}

fn children(bench: &Bench) {
    for (which, row) in ["c_process", "c_first", "c_second"].iter().enumerate() {
        for (name, size, _) in PROGRAMS {
            let time = || times_of_child(&format!("{name} {size}"), bench.threads())[which];
            bench.time(&format!("{row}_{name}"), size, 1, || Duration::from_secs_f64(time()));
        }
    }
}

/// `x`, and then `length` operations with `y`, others for every `seed` below `4.pow(length)`.
fn chain(x: &Array, y: &Array, length: usize, seed: usize) -> Array {
    let mut code = seed;
    let mut result = x.clone();
    for _ in 0..length {
        result = match code % 4 {
            0 => &result + y,
            1 => &result * y,
            2 => result.maximum(y),
            _ => y - &result,
        };
        code /= 4;
    }
    result
}

/// New structures, and a known one with a new size.
fn structures(bench: &Bench) {
    let next = Cell::new(0);
    let fresh = || next.replace(next.get() + 1);
    let (x, y) = (numbers([SIZE]), numbers([SIZE]));
    for length in LENGTHS {
        bench.time("c_new_chain", &length.to_string(), 1, || {
            timed(|| evaluate(chain(&x, &y, length, fresh())))
        });
    }
    let [rows, weights, bias] = [[100, 64], [64, 64], [1, 64]].map(numbers);
    bench.time("c_new_dense", "100x64x64", 1, || {
        timed(|| {
            let layer = chain(&(rows.matmul(&weights) + &bias).relu(), &bias, 8, fresh());
            evaluate(layer);
        })
    });
    let (x, y) = (numbers([20, 1000]), numbers([20, 1000]));
    bench.time("c_new_softmax", "20x1000", 1, || timed(|| evaluate(chain(&x, &y, 8, fresh()).softmax(-1))));
    for length in LENGTHS {
        bench.time("c_plan_node", &length.to_string(), length, || {
            let size = SIZE + fresh();
            let (x, y) = (numbers([size]), numbers([size]));
            let [new, known] = [(); 2].map(|()| timed(|| evaluate(chain(&x, &y, length, 27))));
            new.saturating_sub(known)
        });
    }
}

/// Code is made of a loop that was planned before, and not placed.
#[cfg(feature = "jit")]
fn emission(bench: &Bench) {
    use broadloom::graph::Graph;
    use broadloom::kernel::Plan;
    use broadloom::pipeline::{Settings, optimize};
    use broadloom::{Target, Vector, codegen};

    const ROWS: [(&str, Vector); 3] =
        [("c_emit_128", Vector::V128), ("c_emit_256", Vector::V256), ("c_emit_512", Vector::V512)];
    let (x, y) = (numbers([SIZE]), numbers([SIZE]));
    let chains = LENGTHS.map(|length| (length.to_string(), chain(&x, &y, length, 27)));
    let functions = [("exp", x.exp()), ("gelu", x.gelu()), ("pow", x.pow(&y))];
    let arrays: Vec<(String, Array)> =
        chains.into_iter().chain(functions.map(|(name, array)| (name.to_string(), array))).collect();
    for (row, vector) in ROWS.into_iter().filter(|row| row.1 <= Vector::widest()) {
        let target = Target::HostWith(vector);
        for (size, array) in &arrays {
            let graph: Graph =
                array.explain().expect("it is explained").graph.parse().expect("it is a graph");
            let graph = optimize(&graph, &Settings::default(), |_, _| ()).expect("it is optimized");
            let [strip] = &Plan::new(&graph).expect("it is planned").strips[..] else {
                fail(&format!("{size} is more than one loop"))
            };
            bench.time(row, size, 1, || timed(|| _ = codegen::compile(strip, &target).expect("it compiles")));
        }
    }
}
