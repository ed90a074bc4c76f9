//! What Broadloom reaches: every workload beside the best that Rust has for it, and beside what the
//! machine allows.
//!
//! `docs/performance.md` says how to run it and how to read it. The modules:
//!
//! - `args`: what can be asked for; `report`: what is printed
//! - `turns`: measuring in turns; `contest`: a row, its contenders, its check; `output`: their results
//! - `limits`: streams of memory and multiply-adds, as fast as the machine goes
//! - `real`: the float types and the inputs
//! - `elementwise`, `rows`, `broadcasts`, `reductions`, `axes`, `dense`, `layout`, `gathers`: the workloads;
//!   `functions`: the elementary functions
//! - `small`: building, and evaluating next to nothing; `cold`: first evaluations

use std::cell::Cell;
use std::time::Duration;

use broadloom::engine;
use broadloom::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::args::{Args, HELP};
use crate::report::{Line, fail};
use crate::turns::{Spread, sampled};

mod args;
mod axes;
mod broadcasts;
mod cold;
mod contest;
mod dense;
mod elementwise;
mod functions;
mod gathers;
mod layout;
mod limits;
mod output;
mod real;
mod reductions;
mod report;
mod rows;
mod small;
mod turns;

fn main() {
    let args = Args::parse(std::env::args().skip(1)).unwrap_or_else(|message| fail(&message));
    if let Some(program) = &args.cold {
        return cold::child(program);
    }
    if args.help {
        return println!("{HELP}");
    }
    let bench = Bench::start(args);
    elementwise::all(&bench);
    functions::all(&bench);
    rows::all(&bench);
    broadcasts::all(&bench);
    reductions::all(&bench);
    axes::all(&bench);
    dense::all(&bench);
    layout::all(&bench);
    gathers::all(&bench);
    small::all(&bench);
    cold::all(&bench);
    if bench.rows.get() == 0 {
        fail("no row is like that; --list prints all");
    }
}

/// What all rows share.
pub struct Bench {
    pub args: Args,
    /// For each count of threads above one.
    pools: Vec<ThreadPool>,
    /// For each count of threads, operations per second in `f32` and in `f64`.
    peaks: Vec<(usize, [f64; 2])>,
    /// Rows that were asked for so far.
    rows: Cell<usize>,
}

impl Bench {
    fn start(args: Args) -> Self {
        let pool = |&threads: &usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap_or_else(|error| fail(&format!("no pool of {threads} threads: {error}")))
        };
        let pools = args.threads.iter().filter(|&&threads| threads > 1).map(pool).collect();
        let mut bench = Bench { args, pools, peaks: Vec::new(), rows: Cell::new(0) };
        if !bench.args.list {
            bench.start_engine();
            if bench.args.tsv {
                println!("{}", Line::TSV_HEADER);
            } else {
                let peaks = |&threads: &usize| {
                    let pool = bench.pool(threads);
                    (threads, [4, 8].map(|bytes| limits::peak(bytes, pool)))
                };
                bench.peaks = bench.args.threads.iter().map(peaks).collect();
                limits::print(&bench);
                println!("\n{}", Line::HEADER);
            }
        }
        bench
    }

    /// Starts the engine's pool with the most threads it will be asked for: it does not grow later.
    fn start_engine(&self) {
        engine().set_threads(self.args.threads.iter().copied().max().unwrap_or(1));
        let large = Array::arange(0..1 << 20).sum(..).eval();
        large.unwrap_or_else(|error| fail(&format!("a sum cannot be evaluated: {error}")));
    }

    /// The pool for so many threads; none for one.
    fn pool(&self, threads: usize) -> Option<&ThreadPool> {
        self.pools.iter().find(|pool| pool.current_num_threads() == threads)
    }

    /// Floating-point operations that so many threads can do in a second, in `f32` and in `f64`.
    fn peaks(&self, threads: usize) -> [f64; 2] {
        self.peaks.iter().find(|peak| peak.0 == threads).map_or([f64::NAN; 2], |peak| peak.1)
    }

    /// Whether a row is asked for; lists it instead if that is.
    fn wants(&self, workload: &str, size: &str, dtype: DType) -> bool {
        if !self.args.wants(workload, size, &dtype.to_string()) {
            return false;
        }
        self.rows.set(self.rows.get() + 1);
        if self.args.list {
            println!("{workload:<16} {size:<17} {dtype}");
        }
        !self.args.list
    }

    /// The threads of rows that have only one number of them: as many as a user has.
    fn threads(&self) -> usize {
        self.args.threads.last().copied().unwrap_or(1)
    }

    /// A row of which nothing but the time is known: `sample` tells how long `of` of its kind took.
    fn time(&self, workload: &str, size: &str, of: usize, mut sample: impl FnMut() -> Duration) {
        if !self.wants(workload, size, F32) {
            return;
        }
        engine().set_threads(self.threads());
        let samples: Vec<f64> = sampled(self.args.budget, || sample().as_secs_f64())
            .iter()
            .map(|time| time / of as f64)
            .collect();
        self.report(&Line {
            workload: workload.into(),
            size: size.into(),
            dtype: F32,
            threads: self.threads(),
            time: Spread::of(&samples),
            share: None,
            ratios: Vec::new(),
        });
    }

    fn report(&self, line: &Line) {
        if self.args.tsv {
            line.print_tsv();
        } else {
            line.print();
        }
    }
}
