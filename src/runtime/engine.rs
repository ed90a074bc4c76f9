//! The engine: what evaluations share. Compiled strips, the thread pool, counters, settings.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, OnceLock};

use rayon::ThreadPool;

#[cfg(feature = "fft")]
use crate::base::{DType, Result};
use crate::base::{Keyed, Vector, caches};
use crate::kernel::{Strip, schedule};
#[cfg(feature = "fft")]
use crate::op::fft::{Fft, Plan};
use crate::runtime::buffer::pool;
use crate::runtime::cache::Cache;
use crate::runtime::run::share::share;
use crate::runtime::run::strips::{Callable, Shared};

/// Most strips that are kept for later programs; those of programs in use live on.
const KEPT_STRIPS: usize = 2048;

/// Most plans of Fourier transforms that are kept, and most points that these have together: a point takes some
/// 16 to 200 bytes.
#[cfg(feature = "fft")]
const KEPT_TRANSFORMS: usize = 128;
#[cfg(feature = "fft")]
const KEPT_POINTS: usize = 1 << 21;

/// What all evaluations share.
pub struct Engine {
    strips: Cache<(Keyed<Strip>, Vector), Shared>,
    #[cfg(feature = "fft")]
    transforms: Cache<(Fft, DType, usize), Arc<Plan>>,
    threads: AtomicUsize,
    optimize: AtomicBool,
    compile: AtomicBool,
    vector: AtomicU8,
    pool: OnceLock<Option<ThreadPool>>,
    counters: Counters,
}

/// Counts since the process began.
#[derive(Debug, Default)]
pub struct Counters {
    /// Evaluations.
    pub evaluations: AtomicU64,
    /// Nodes of captured graphs.
    pub nodes: AtomicU64,
    /// Programs built: optimised and planned.
    pub programs: AtomicU64,
    /// Strips compiled to machine code.
    pub compiled: AtomicU64,
    /// Kernels run.
    pub kernels: AtomicU64,
    /// Bytes of inputs and intermediates that results were written over.
    pub donated: AtomicU64,
}

/// What the engine has done since the process began: [`Engine::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Evaluations.
    pub evaluations: u64,
    /// Nodes of the graphs they captured.
    pub nodes_captured: u64,
    /// Programs built: optimised and planned. The others were known.
    pub programs_built: u64,
    /// Strips, the innermost loops of kernels, compiled to machine code.
    pub strips_compiled: u64,
    /// Kernels run.
    pub kernels_run: u64,
    /// Bytes of memory taken fresh from the system.
    pub bytes_allocated: u64,
    /// Bytes of memory taken from the pool of freed buffers.
    pub bytes_reused: u64,
    /// Bytes of dying arrays that results were written over.
    pub bytes_donated: u64,
    /// Bytes of buffers in use now.
    pub bytes_live: u64,
    /// The most bytes of buffers that were ever in use.
    pub bytes_peak: u64,
}

/// The engine of this process.
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine {
        strips: Cache::new(KEPT_STRIPS),
        #[cfg(feature = "fft")]
        transforms: Cache::weighing(KEPT_TRANSFORMS, KEPT_POINTS, |(.., points)| *points),
        threads: AtomicUsize::new(default_threads()),
        optimize: AtomicBool::new(asked("BROADLOOM_OPT").as_deref() != Some("0")),
        compile: AtomicBool::new(asked("BROADLOOM_JIT").as_deref() != Some("0")),
        vector: AtomicU8::new(default_vector() as u8),
        pool: OnceLock::new(),
        counters: Counters::default(),
    })
}

/// What the environment says.
fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How many threads the machine runs at once. Asking reads a dozen files.
fn processors() -> usize {
    static COUNT: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
    *COUNT
}

/// `BROADLOOM_THREADS`, or as many as the machine runs at once.
fn default_threads() -> usize {
    let threads = asked("BROADLOOM_THREADS").and_then(|threads| threads.parse().ok());
    threads.filter(|&threads| threads > 0).unwrap_or_else(processors)
}

/// `BROADLOOM_VECTOR`, or the widest vectors the machine has.
fn default_vector() -> Vector {
    let bits = asked("BROADLOOM_VECTOR").and_then(|bits| bits.parse().ok());
    let known = |bits: usize| Vector::ALL.iter().copied().find(|vector| vector.bits() == bits);
    bits.and_then(known).unwrap_or(Vector::V512).min(Vector::widest())
}

impl Engine {
    /// What has been done so far.
    pub fn stats(&self) -> Stats {
        let Counters { evaluations, nodes, programs, compiled, kernels, donated } = &self.counters;
        Stats {
            evaluations: evaluations.load(Relaxed),
            nodes_captured: nodes.load(Relaxed),
            programs_built: programs.load(Relaxed),
            strips_compiled: compiled.load(Relaxed),
            kernels_run: kernels.load(Relaxed),
            bytes_allocated: pool::COUNTERS.allocated.load(Relaxed),
            bytes_reused: pool::COUNTERS.reused.load(Relaxed),
            bytes_donated: donated.load(Relaxed),
            bytes_live: pool::COUNTERS.live.load(Relaxed) as u64,
            bytes_peak: pool::COUNTERS.peak.load(Relaxed) as u64,
        }
    }

    /// The threads an evaluation uses when it is not called inside a rayon pool.
    pub fn threads(&self) -> usize {
        self.threads.load(Relaxed)
    }

    /// Sets the threads an evaluation uses outside rayon pools; at least one. More than the pool
    /// was started with take no effect once it has been.
    pub fn set_threads(&self, threads: usize) {
        self.threads.store(threads.max(1), Relaxed);
    }

    /// Whether expressions are optimized; if not, every operation is a loop nest of its own, and
    /// every intermediate array is stored. At first, unless `BROADLOOM_OPT=0`.
    pub fn optimizes(&self) -> bool {
        self.optimize.load(Relaxed)
    }

    /// Sets whether expressions are optimized: to see what the optimizer is worth, or whose fault
    /// something is. No value depends on it.
    pub fn set_optimize(&self, optimize: bool) {
        self.optimize.store(optimize, Relaxed);
    }

    /// Whether kernels are compiled to machine code; if not, they are interpreted. At first, unless
    /// `BROADLOOM_JIT=0` or the feature `jit` is off.
    pub fn compiles(&self) -> bool {
        cfg!(feature = "jit") && self.compile.load(Relaxed)
    }

    /// Sets whether kernels are compiled to machine code. No value depends on it.
    pub fn set_compile(&self, compile: bool) {
        self.compile.store(compile, Relaxed);
    }

    /// How wide the vectors of compiled code are: at first as wide as the machine has them, or by
    /// `BROADLOOM_VECTOR=128`, `256` or `512` narrower.
    pub fn vector(&self) -> Vector {
        Vector::ALL[usize::from(self.vector.load(Relaxed))]
    }

    /// Sets how wide the vectors of compiled code are, at most as wide as the machine has them. No
    /// value depends on it.
    pub fn set_vector(&self, vector: Vector) {
        self.vector.store(vector.min(Vector::widest()) as u8, Relaxed);
    }

    /// Bytes that stay close enough to be written to as they are: what the caches hold of which every core
    /// has its own, together, or half of a third level that is a core's next neighbour, as far as the
    /// system tells.
    pub(crate) fn near_bytes(&self) -> usize {
        static NEAR_BYTES: LazyLock<usize> = LazyLock::new(|| {
            let own =
                caches::second_level().map_or(schedule::NEAR, |bytes| bytes.saturating_mul(processors()));
            own.max(caches::near_third_level().unwrap_or(0) / 2)
        });
        *NEAR_BYTES
    }

    /// The counters, to be counted up.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The strip shared by all that need one like it, with vectors of this width.
    pub(crate) fn strip(&self, strip: &Keyed<Strip>, vector: Vector) -> Shared {
        let key = (strip.clone(), vector);
        self.strips.get(&key).unwrap_or_else(|| {
            let callable = Arc::new(Callable::new(strip.clone(), vector));
            self.strips.insert(key, callable)
        })
    }

    /// How rows of so many points are transformed.
    ///
    /// # Errors
    /// If there is no memory for it.
    #[cfg(feature = "fft")]
    pub(crate) fn transform(&self, op: Fft, dtype: DType, points: usize) -> Result<Arc<Plan>> {
        let key = (op, dtype, points);
        if let Some(plan) = self.transforms.get(&key) {
            return Ok(plan);
        }
        Ok(self.transforms.insert(key, Arc::new(op.plan(dtype, points)?)))
    }

    /// Threads that parallel work runs on here: those of the rayon pool we are in, or `asked`.
    pub(crate) fn threads_here(&self, asked: usize) -> usize {
        if rayon::current_thread_index().is_some() { rayon::current_num_threads() } else { asked }
    }

    /// Runs `work` where rayon's parallel iterators use the right pool: the one we are in, or the
    /// engine's own.
    pub(crate) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match self.own_pool() {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Calls `task` with every number below `count`, on this thread and on others of the right pool,
    /// `threads` together.
    pub(crate) fn share(&self, count: usize, threads: usize, task: &(dyn Fn(usize) + Sync)) {
        share(count, threads, task, |job| match self.own_pool() {
            Some(pool) => pool.spawn(job),
            None => rayon::spawn(job),
        });
    }

    /// The engine's own pool, started at the first call that needs it. There is none inside another
    /// pool, which serves itself, and where no pool can be started; there rayon's global one serves.
    fn own_pool(&self) -> Option<&ThreadPool> {
        if rayon::current_thread_index().is_some() {
            return None;
        }
        let start = || {
            let name = |index| format!("broadloom-{index}");
            rayon::ThreadPoolBuilder::new().num_threads(self.threads()).thread_name(name).build().ok()
        };
        self.pool.get_or_init(start).as_ref()
    }
}
