//! A row: Broadloom, its peers and the limits of the machine, taking turns.

use std::cell::RefCell;
use std::hint::black_box;

use broadloom::engine;
use broadloom::prelude::*;
use rayon::ThreadPool;

use crate::Bench;
use crate::limits::{Store, Stream};
use crate::output::Output;
use crate::real::Real;
use crate::report::{BROADLOOM, Line, fail};
use crate::turns::{Spread, Turn, median, take_turns};

/// The name of limits among those who take turns.
const STREAM: &str = "stream";

/// From so many bytes of input and output on, a peer that can uses all threads.
const PARALLEL: usize = 128 << 10;

/// Results are compared at so many places.
const PLACES: usize = 1000;

/// Up to so many bytes a stream on one thread may be faster than on several.
const SHORT_STREAM: usize = 4 << 20;

/// From so many bytes written on, stores past the caches may be faster.
const STREAMING: usize = 256 << 10;

/// Sees what a run results in.
type See<'s> = dyn FnMut(&dyn Output) + Send + 's;

/// When a contender takes part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Part,
    /// Where there is one thread, or little to do.
    OneThread,
    /// Where there are several threads and enough to do.
    ManyThreads,
}

/// Computes the result, shows it, and drops it.
type Run<'a> = Box<dyn FnMut(&mut See) + Send + 'a>;

struct Contender<'a> {
    name: &'static str,
    takes: Takes,
    run: Run<'a>,
}

/// A row that was asked for.
pub struct Row<'b> {
    bench: &'b Bench,
    workload: &'static str,
    size: String,
    dtype: DType,
}

/// A row with its contenders.
pub struct Contest<'a> {
    row: Row<'a>,
    contenders: Vec<Contender<'a>>,
    stream: Stream<'a>,
    flops: f64,
    outputs: usize,
    expected: Box<dyn Fn(usize) -> f64 + 'a>,
}

impl<'b> Row<'b> {
    /// The row, if it is asked for.
    pub fn of(bench: &'b Bench, workload: &'static str, size: &str, dtype: DType) -> Option<Self> {
        bench.wants(workload, size, dtype).then(|| Row { bench, workload, size: size.into(), dtype })
    }

    /// A contest whose limit is to read `inputs` and to write `outputs` elements once, or, if that takes
    /// longer, so many floating-point operations.
    pub fn contest<'a>(self, inputs: &[&'a [u8]], outputs: usize, flops: f64) -> Contest<'a>
    where
        'b: 'a,
    {
        let stream = Stream::new(inputs, outputs * self.dtype.size());
        Contest {
            row: self,
            contenders: Vec::new(),
            stream,
            flops,
            outputs,
            expected: Box::new(|_| f64::NAN),
        }
    }
}

impl<'a> Contest<'a> {
    fn add<R: Output>(
        &mut self,
        name: &'static str,
        takes: Takes,
        mut run: impl FnMut() -> R + Send + 'a,
    ) -> &mut Self {
        self.contenders.push(Contender { name, takes, run: Box::new(move |see| see(&black_box(run()))) });
        self
    }

    /// What element `i` of the result must be, by plain loops in `f64`.
    pub fn expect(&mut self, expected: impl Fn(usize) -> f64 + 'a) -> &mut Self {
        self.expected = Box::new(expected);
        self
    }

    pub fn broadloom(&mut self, mut expression: impl FnMut() -> Array + Send + 'a) -> &mut Self {
        self.add(BROADLOOM, Takes::Part, move || expression().eval().expect("the workload evaluates"))
    }

    /// A peer that runs on one thread, whatever there is.
    pub fn peer<R: Output>(&mut self, name: &'static str, run: impl FnMut() -> R + Send + 'a) -> &mut Self {
        self.add(name, Takes::Part, run)
    }

    /// A peer with a form for one thread and one for several.
    pub fn peers<R: Output>(
        &mut self,
        name: &'static str,
        one: impl FnMut() -> R + Send + 'a,
        many: impl FnMut() -> R + Send + 'a,
    ) -> &mut Self {
        self.add(name, Takes::OneThread, one).add(name, Takes::ManyThreads, many)
    }

    /// A peer that writes into memory it has, with a form for one thread and one for several.
    pub fn peers_into<T: Real>(
        &mut self,
        name: &'static str,
        size: usize,
        one: impl Fn(&mut [T]) + Send + 'a,
        many: impl Fn(&mut [T]) + Send + 'a,
    ) -> &mut Self {
        fn into<'f, T: Real>(size: usize, fill: impl Fn(&mut [T]) + Send + 'f) -> Run<'f> {
            let mut out = vec![T::of(0.0); size];
            Box::new(move |see| {
                fill(&mut out);
                see(black_box(&out));
            })
        }
        self.contenders.push(Contender { name, takes: Takes::OneThread, run: into(size, one) });
        self.contenders.push(Contender { name, takes: Takes::ManyThreads, run: into(size, many) });
        self
    }

    /// Checks and measures, for every number of threads that is asked for.
    pub fn run(mut self) {
        let bench = self.row.bench;
        if !bench.args.peers {
            self.contenders.retain(|contender| contender.name == BROADLOOM);
        }
        let places = spread(self.outputs);
        let expected: Vec<f64> = places.iter().map(|&place| (self.expected)(place)).collect();
        for &threads in &bench.args.threads {
            engine().set_threads(threads);
            let pool = bench.pool(threads);
            self.check(&places, &expected, pool);
            let line = self.measure(threads, pool);
            bench.report(&line);
        }
    }

    /// Whether the contender runs with these threads.
    fn takes_part(&self, takes: Takes, pool: Option<&ThreadPool>) -> bool {
        let many = pool.is_some() && self.stream.bytes() >= PARALLEL;
        match takes {
            Takes::Part => true,
            Takes::OneThread => !many,
            Takes::ManyThreads => many,
        }
    }

    /// Ends the bench if Broadloom's result is not what is expected at `places`; a peer whose result is
    /// not takes no part.
    fn check(&mut self, places: &[usize], expected: &[f64], pool: Option<&ThreadPool>) {
        let Row { workload, size, dtype, .. } = &self.row;
        let tolerance = if *dtype == F32 { 1e-4 } else { 1e-10 };
        let taking: Vec<bool> = self.contenders.iter().map(|one| self.takes_part(one.takes, pool)).collect();
        let mut wrong: Vec<&'static str> = Vec::new();
        for (contender, _) in self.contenders.iter_mut().zip(taking).filter(|(_, takes)| *takes) {
            let (mut count, mut found) = (0, Vec::new());
            let outputs = self.outputs;
            let mut see = |output: &dyn Output| {
                count = output.count();
                found = if count == outputs { output.at(places) } else { Vec::new() };
            };
            run_once(&mut contender.run, contender.takes, pool, &mut see);
            // Written so that NaN is far from everything.
            let near =
                |expected: f64, found: f64| (found - expected).abs() <= tolerance * expected.abs().max(1.0);
            let mut pairs = places.iter().zip(expected).zip(&found);
            let what = match pairs.find(|((_, expected), found)| !near(**expected, **found)) {
                _ if count != outputs => format!("{count} elements, not {outputs}"),
                Some(((place, expected), found)) => format!("element {place} is {found}, not {expected}"),
                None => continue,
            };
            let what = format!("{workload} {size} {dtype}, {}: {what}", contender.name);
            if contender.name == BROADLOOM {
                fail(&what);
            }
            eprintln!("suite: left out, {what}");
            wrong.push(contender.name);
        }
        self.contenders.retain(|contender| !wrong.contains(&contender.name));
    }

    /// Lets all take turns, and sums up.
    fn measure(&mut self, threads: usize, pool: Option<&ThreadPool>) -> Line {
        let taking: Vec<bool> = self.contenders.iter().map(|one| self.takes_part(one.takes, pool)).collect();
        let Contest { row, contenders, stream, flops, .. } = self;
        let limits = !row.bench.args.tsv;
        let [single, double] = row.bench.peaks(threads);
        let computing = *flops / if row.dtype.size() == 4 { single } else { double };
        let (all, writes) = (stream.bytes(), stream.writes());
        let stream = &RefCell::new(stream);
        let mut turns: Vec<Turn> = Vec::new();
        for (contender, _) in contenders.iter_mut().zip(taking).filter(|(_, takes)| *takes) {
            turns.push(Turn::new(contender.name, move || {
                run_once(&mut contender.run, contender.takes, pool, &mut |_| ())
            }));
        }

        let mut walk = |store, pool| {
            turns.push(Turn::new(STREAM, move || stream.borrow_mut().run(store, pool)));
        };
        if limits && all > 0 {
            walk(Store::Plain, pool);
            if pool.is_some() && all <= SHORT_STREAM {
                walk(Store::Plain, None);
            }
            if writes >= STREAMING {
                walk(Store::Streaming, pool);
            }
        }
        take_turns(&mut turns, row.bench.args.budget);

        let own = &turns[0].samples;
        let share = |round: usize| {
            let streams = turns.iter().filter(|turn| turn.name == STREAM).map(|turn| turn.samples[round]);
            streams.reduce(f64::min).unwrap_or(0.0).max(computing) / own[round]
        };
        let ratio =
            |turn: &Turn| (turn.name, median(turn.samples.iter().zip(own).map(|(peer, own)| peer / own)));
        Line {
            workload: row.workload.into(),
            size: row.size.clone(),
            dtype: row.dtype,
            threads,
            time: Spread::of(own),
            share: limits.then(|| median((0..own.len()).map(share))),
            ratios: turns[1..].iter().filter(|turn| turn.name != STREAM).map(ratio).collect(),
        }
    }
}

/// Runs a contender, where its parallel iterators find the threads of the row.
fn run_once<'a>(run: &mut Run<'a>, takes: Takes, pool: Option<&ThreadPool>, see: &mut See) {
    match pool {
        Some(pool) if takes == Takes::ManyThreads => pool.install(|| run(see)),
        _ => run(see),
    }
}

/// At most [`PLACES`] places among `count`, the first and the last among them.
fn spread(count: usize) -> Vec<usize> {
    let places = count.min(PLACES);
    (0..places).map(|place| if places == 1 { 0 } else { place * (count - 1) / (places - 1) }).collect()
}
