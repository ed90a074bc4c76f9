//! What the machine allows: fused multiply-adds from registers, and streams of memory.
//!
//! Both are measured, with the widest vectors there are, on as many threads as the row they are
//! compared with has.

use std::cell::RefCell;
use std::hint::black_box;
use std::ops::{Add, Mul, Range};
use std::time::Instant;

use rayon::ThreadPool;

use crate::Bench;
use crate::turns::{Spread, Turn, sampled, take_turns};

/// Least bytes of a task of a stream.
const TASK: usize = 16 << 10;

/// How a stream stores.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Through the caches.
    Plain,
    /// Past them.
    Streaming,
}

/// A cache line, as aligned as one.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u64; 8]);

/// Reads some memory once and writes some once: the least that a workload has to move.
///
/// Streams of equal length are walked together, a vector of each at a time; what longer ones have left
/// follows.
pub struct Stream<'a> {
    walks: Vec<Walk<'a>>,
    out: Vec<Line>,
    /// Where the output begins in it.
    start: usize,
}

/// What is walked together.
struct Walk<'a> {
    reads: Vec<&'a [u8]>,
    length: usize,
    /// Lines of the output; none if it is read only.
    out: Range<usize>,
}

impl<'a> Stream<'a> {
    /// Of these inputs, and an output of so many bytes.
    pub fn new(inputs: &[&'a [u8]], output: usize) -> Self {
        // What is less than a line at an end takes no time worth knowing.
        let whole = |bytes: usize| bytes / 64 * 64;
        let output = whole(output);
        let mut ends: Vec<usize> = inputs.iter().map(|input| whole(input.len())).chain([output]).collect();
        ends.sort_unstable();
        let mut walks = Vec::new();
        let mut from = 0;
        for to in ends {
            if to > from {
                let reads = inputs.iter().filter(|input| input.len() >= to).map(|input| &input[from..to]);
                let out = if output >= to { from / 64..to / 64 } else { 0..0 };
                walks.push(Walk { reads: reads.collect(), length: to - from, out });
                from = to;
            }
        }
        let (out, start) = lines(output / 64);
        Stream { walks, out, start }
    }

    /// Bytes read and written.
    pub fn bytes(&self) -> usize {
        self.walks.iter().map(|walk| walk.length * walk.reads.len()).sum::<usize>() + self.writes()
    }

    /// Bytes written.
    pub fn writes(&self) -> usize {
        (self.out.len() - self.start) * 64
    }

    /// Reads and writes everything once.
    pub fn run(&mut self, store: Store, pool: Option<&ThreadPool>) {
        for Walk { reads, length, out } in &self.walks {
            let out = &mut self.out[self.start..][out.clone()];
            match pool {
                None => stream(reads, out, *length, store),
                Some(pool) => cut(reads, out, *length, store, pool),
            }
        }
    }
}

/// Memory of so many lines, in huge pages if it is large and the system has them, and where it begins.
fn lines(count: usize) -> (Vec<Line>, usize) {
    /// The size of a huge page, in lines.
    const HUGE: usize = (2 << 20) / 64;
    if count < HUGE {
        return (vec![Line([0; 8]); count], 0);
    }
    let mut lines: Vec<Line> = Vec::with_capacity(count + HUGE);
    let start = (lines.as_ptr() as usize / 64).next_multiple_of(HUGE) - lines.as_ptr() as usize / 64;
    #[cfg(target_os = "linux")]
    // SAFETY: advice changes no memory, and this is inside what was just allocated.
    unsafe {
        libc::madvise(lines.as_mut_ptr().add(start).cast(), count * 64, libc::MADV_HUGEPAGE);
    }
    lines.resize(start + count, Line([0; 8]));
    (lines, start)
}

/// Walks the streams in as many pieces as there are threads.
fn cut(reads: &[&[u8]], mut out: &mut [Line], length: usize, store: Store, pool: &ThreadPool) {
    let tasks = pool.current_num_threads().min(length / TASK).max(1);
    let share = (length / 64).div_ceil(tasks).max(1) * 64;
    pool.scope(|scope| {
        for start in (0..length).step_by(share) {
            let length = share.min(length - start);
            let lines = if out.is_empty() { 0 } else { length / 64 };
            let (own, behind) = std::mem::take(&mut out).split_at_mut(lines);
            out = behind;
            let reads: Vec<&[u8]> = reads.iter().map(|read| &read[start..start + length]).collect();
            scope.spawn(move |_| stream(&reads, own, length, store));
        }
    });
}

/// Reads `length` bytes of each of `reads`, and writes as many unless `out` is empty.
fn stream(reads: &[&[u8]], out: &mut [Line], length: usize, store: Store) {
    match *reads {
        [] => streams([], out, length, store),
        [a] => streams([a], out, length, store),
        [a, b] => streams([a, b], out, length, store),
        [a, b, c] => streams([a, b, c], out, length, store),
        [a, b, c, d] => streams([a, b, c, d], out, length, store),
        _ => panic!("no workload reads more than four large arrays"),
    }
}

/// Units of four vectors: so many loads are under way at once, and sums of nothing wait for each other.
const UNROLL: usize = 4;

macro_rules! walks { ($($(#[$if:meta])* $name:ident $feature:literal $bytes:literal
    $load:path, $or:path, $zero:path, $store:path, $nontemporal:path, $fence:path;)*) => { $(
    /// The walk with vectors of one width.
    ///
    /// # Safety
    /// The processor has the feature; each of `reads` has `length` bytes, and `out` too if it is not null,
    /// aligned to a line.
    $(#[$if])*
    #[target_feature(enable = $feature)]
    unsafe fn $name<const N: usize>(reads: [*const u8; N], out: *mut u8, length: usize, store: Store) {
        use std::arch::x86_64::*;
        let mut sums = [$zero(); UNROLL];
        for at in (0..length / (UNROLL * $bytes)).map(|unit| unit * UNROLL * $bytes) {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let at = at + lane * $bytes;
                // SAFETY: a whole unit from `at` on is inside all streams.
                unsafe {
                    let mut value = if out.is_null() { *sum } else { $zero() };
                    for read in reads {
                        value = $or(value, $load(read.add(at).cast()));
                    }
                    match store {
                        _ if out.is_null() => *sum = value,
                        Store::Plain => $store(out.add(at).cast(), value),
                        Store::Streaming => $nontemporal(out.add(at).cast(), value),
                    }
                }
            }
        }
        if store == Store::Streaming {
            $fence();
        }
        black_box(sums);
    }
)* } }

#[cfg(target_arch = "x86_64")]
walks! {
    avx512 "avx512f" 64 _mm512_loadu_si512, _mm512_or_si512, _mm512_setzero_si512, _mm512_store_si512,
        _mm512_stream_si512, _mm_sfence;
    avx2 "avx2" 32 _mm256_loadu_si256, _mm256_or_si256, _mm256_setzero_si256, _mm256_store_si256,
        _mm256_stream_si256, _mm_sfence;
}

fn streams<const N: usize>(reads: [&[u8]; N], out: &mut [Line], length: usize, store: Store) {
    assert!(reads.iter().all(|read| read.len() >= length));
    assert!(out.is_empty() || out.len() * 64 >= length);
    #[cfg(target_arch = "x86_64")]
    {
        let pointers = reads.map(<[u8]>::as_ptr);
        let pointer = if out.is_empty() { std::ptr::null_mut() } else { out.as_mut_ptr().cast() };
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: just detected, and asserted.
            return unsafe { avx512(pointers, pointer, length, store) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: just detected, and asserted.
            return unsafe { avx2(pointers, pointer, length, store) };
        }
    }
    let _ = store;
    portable(reads, out, length);
}

/// The walk that any compiler vectorizes as well as the target lets it.
fn portable<const N: usize>(reads: [&[u8]; N], out: &mut [Line], length: usize) {
    let word = |read: &[u8], at: usize| u64::from_ne_bytes(read[at..at + 8].try_into().unwrap());
    let mut sums = [0; 8];
    for at in (0..length / 64 * 64).step_by(64) {
        let mut line = if out.is_empty() { sums } else { [0; 8] };
        for (place, value) in line.iter_mut().enumerate() {
            for read in reads {
                *value |= word(read, at + 8 * place);
            }
        }
        match out.get_mut(at / 64) {
            Some(out) => *out = Line(line),
            None => sums = line,
        }
    }
    black_box(sums);
}

/// Chains of multiply-adds: more than latency × ports of any core so far.
const CHAINS: usize = 16;

/// Multiply-adds of each chain in a run: about a millisecond, long beside the waking of a thread.
const STEPS: usize = 1 << 18;

/// Multiplications and additions of elements of `bytes` bytes that all threads of the pool can do in a
/// second: the most that was seen, as whatever else the machine does can only take away.
pub fn peak(bytes: usize, pool: Option<&ThreadPool>) -> f64 {
    const BUDGET: f64 = 0.1;
    let work = || {
        let start = Instant::now();
        let lanes = multiply_adds(bytes);
        (2 * lanes * CHAINS * STEPS) as f64 / start.elapsed().as_secs_f64()
    };
    // Of each thread its best, all being at it: they need not have their best moments at once.
    let mut best = Vec::new();
    sampled(BUDGET, || {
        let rates = match pool {
            None => vec![work()],
            Some(pool) => pool.broadcast(|_| work()),
        };
        best.resize(rates.len(), 0.0);
        best.iter_mut().zip(&rates).for_each(|(best, rate)| *best = f64::max(*best, *rate));
        0.0
    });
    best.iter().sum()
}

macro_rules! chains { ($($name:ident $feature:literal $set:path, $fma:path;)*) => { $(
    #[target_feature(enable = $feature)]
    fn $name() {
        use std::arch::x86_64::*;
        // Towards 1, without ever being subnormal.
        let (half, rest) = (black_box($set(0.5)), black_box($set(0.5)));
        let mut chains = [half; CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                *chain = $fma(*chain, half, rest);
            }
        }
        black_box(chains);
    }
)* } }

#[cfg(target_arch = "x86_64")]
chains! {
    avx512_f32 "avx512f" _mm512_set1_ps, _mm512_fmadd_ps;
    avx512_f64 "avx512f" _mm512_set1_pd, _mm512_fmadd_pd;
    avx2_f32 "avx2,fma" _mm256_set1_ps, _mm256_fmadd_ps;
    avx2_f64 "avx2,fma" _mm256_set1_pd, _mm256_fmadd_pd;
}

/// Runs all chains once; the elements of a vector.
fn multiply_adds(bytes: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: just detected.
            unsafe { if bytes == 4 { avx512_f32() } else { avx512_f64() } };
            return 64 / bytes;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: just detected.
            unsafe { if bytes == 4 { avx2_f32() } else { avx2_f64() } };
            return 32 / bytes;
        }
    }
    if bytes == 4 {
        portable_chains::<f32, { 4 * CHAINS }>(0.5)
    } else {
        portable_chains::<f64, { 2 * CHAINS }>(0.5)
    }
    16 / bytes
}

/// Multiplications and additions of 16-byte vectors.
fn portable_chains<T: Copy + Mul<Output = T> + Add<Output = T>, const N: usize>(half: T) {
    let half = black_box(half);
    let mut chains = [half; N];
    for _ in 0..STEPS {
        for chain in &mut chains {
            *chain = *chain * half + half;
        }
    }
    black_box(chains);
}

/// Bytes that the streams printed before the table walk: they fit the first cache, the second, neither.
const PLACES: [(&str, usize); 3] = [("L1", 16 << 10), ("L2", 768 << 10), ("memory", 192 << 20)];

/// Prints what the machine reaches.
pub fn print(bench: &Bench) {
    /// Seconds for each of the limits printed.
    const BUDGET: f64 = 0.05;
    for &threads in &bench.args.threads {
        let pool = bench.pool(threads);
        let [single, double] = bench.peaks(threads).map(|peak| peak / 1e9);
        println!("threads {threads}: multiply-adds {single:.0} GFLOP/s in f32, {double:.0} in f64");
        // Starting threads takes longer than walking through a cache.
        for (place, bytes) in PLACES.into_iter().filter(|&(place, _)| threads == 1 || place == "memory") {
            let rate = |inputs: usize, outputs: usize| {
                let each = bytes / (inputs + outputs);
                let memory = vec![1_u8; each * inputs];
                let reads: Vec<&[u8]> = memory.chunks(each).collect();
                let stream = &RefCell::new(Stream::new(&reads, each * outputs));
                let stores =
                    if outputs > 0 { &[Store::Plain, Store::Streaming][..] } else { &[Store::Plain] };
                let mut turns: Vec<Turn> = stores
                    .iter()
                    .map(|&store| Turn::new("stream", move || stream.borrow_mut().run(store, pool)))
                    .collect();
                take_turns(&mut turns, BUDGET);
                let best = turns.iter().map(|turn| Spread::of(&turn.samples).median).fold(f64::MAX, f64::min);
                stream.borrow().bytes() as f64 / best / 1e9
            };
            let [read, copy, triad] = [rate(1, 0), rate(1, 1), rate(2, 1)];
            println!("  {place:<6} read {read:.0}, copy {copy:.0}, triad {triad:.0} GB/s");
        }
    }
}
