//! The whole order, from a captured graph to values. Read this file first.
//!
//! Programs are cached by the graph they were made from, without the values of its scalars; strips
//! by what they compute. So a loop that changes only numbers plans once, and one that changes only
//! sizes compiles once.

mod dump;
mod warn;

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use crate::base::{Result, Scalar, Target, Vector};
use crate::graph::{Graph, verify};
use crate::kernel::{Plan, print, schedule};
use crate::opt;
use crate::runtime::buffer::Lent;
use crate::runtime::cache::Cache;
use crate::runtime::run::execute::{Execution, Inputs, Outputs};
use crate::runtime::run::strips::Shared;
use crate::runtime::{Buffer, engine};

/// Work of a program, in additions, up to which its first runs are interpreted: less time than
/// compiling one strip takes.
const INTERPRETED_WORK: usize = 1 << 13;

/// How often so small a program is interpreted before it is compiled.
const INTERPRETED_RUNS: usize = 2;

/// An input of this share of the near caches is large: kernels that fill those have as many at most.
const LARGE: usize = 16;

/// Most programs that are kept.
const KEPT_PROGRAMS: usize = 1024;

/// Most nodes of the graphs they were made from, together: graph and plan take up to a kilobyte a node.
const KEPT_NODES: usize = 1 << 19;

/// What an evaluation is given.
#[derive(Debug)]
pub struct Captured {
    /// What to compute; shared with the cache of programs.
    pub graph: Arc<Graph>,
    /// Its inputs, by number.
    pub inputs: Vec<Leaf>,
    /// The values of its scalars, by number.
    pub scalars: Vec<Scalar>,
    /// What the inputs are called, where they have names; there may be fewer than inputs.
    pub names: Vec<Option<String>>,
    /// The line that wrote the first output, for warnings.
    pub origin: Option<&'static Location<'static>>,
}

/// An evaluated array that a graph reads.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its memory.
    pub buffer: Arc<Buffer>,
    /// Whether nobody can read it after this evaluation, so that results may be written over it.
    pub donated: bool,
}

/// How to evaluate. The default is what the engine is set to (at first by `BROADLOOM_OPT=0`,
/// `BROADLOOM_JIT=0` and `BROADLOOM_VECTOR=256`) and what the environment asks for by `BROADLOOM_PASSES=2` and
/// `BROADLOOM_CHECK=1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Whether the optimiser runs the passes it may leave out.
    pub optimize: bool,
    /// How many passes run, of those that may be left out.
    pub passes: usize,
    /// A pass that does not run, by name.
    pub without: Option<&'static str>,
    /// When machine code is used.
    pub jit: Jit,
    /// How wide the vectors of machine code are, if the machine has such.
    pub vector: Vector,
    /// Whether invariants are checked after every pass.
    pub check: bool,
    /// Threads, where the engine's setting is not to be used.
    pub threads: Option<usize>,
}

/// When machine code is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jit {
    /// Never: everything is interpreted.
    Never,
    /// Where it pays: tiny programs are interpreted first.
    Auto,
    /// Always, from the first run on.
    Always,
}

impl Default for Settings {
    fn default() -> Self {
        static ASKED: LazyLock<(usize, bool)> = LazyLock::new(|| {
            let asked = |name: &str| std::env::var(name).ok();
            let passes = asked("BROADLOOM_PASSES").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
            (passes, asked("BROADLOOM_CHECK").as_deref() == Some("1"))
        });
        let (passes, check) = *ASKED;
        Self {
            optimize: engine().optimizes(),
            passes,
            without: None,
            jit: if engine().compiles() { Jit::Auto } else { Jit::Never },
            vector: engine().vector(),
            check,
            threads: None,
        }
    }
}

/// A graph made ready to run.
pub struct Program {
    plan: Plan,
    strips: Vec<Shared>,
    weight: usize,
    runs: AtomicUsize,
    /// Whether code has been asked for, for every strip.
    settled: AtomicBool,
}

/// The values of the graph's outputs.
///
/// # Errors
/// If memory cannot be had, or an element's computation reports an error.
pub fn evaluate(captured: Captured) -> Result<Outputs> {
    evaluate_with(captured, &Settings::default())
}

/// The values of the graph's outputs, computed as `settings` say.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with(captured: Captured, settings: &Settings) -> Result<Outputs> {
    engine().counters().evaluations.fetch_add(1, Relaxed);
    let program = seen(&captured, settings)?;
    let first = program.runs.fetch_add(1, Relaxed) < INTERPRETED_RUNS;
    let compiles = match settings.jit {
        Jit::Never => false,
        Jit::Auto => program.weight > INTERPRETED_WORK || !first,
        Jit::Always => true,
    };
    if compiles && program.compile() > 0 {
        warn::of_structure(captured.origin);
    }
    let (inputs, donated): (Inputs, Vec<bool>) =
        captured.inputs.into_iter().map(|leaf| (leaf.buffer.into(), leaf.donated)).unzip();
    let scalars = bits(&captured.scalars);
    program.execution(settings.jit != Jit::Never, settings.threads).run(inputs, &donated, &scalars)
}

/// A program with the values of its scalars, ready to run on one set of inputs after the other.
pub struct Prepared {
    program: Arc<Program>,
    scalars: Vec<u64>,
}

/// The program of what was captured, which may be run any number of times.
///
/// # Errors
/// If it cannot be planned.
pub fn prepare(captured: &Captured) -> Result<Prepared> {
    let program = seen(captured, &Settings::default())?;
    Ok(Prepared { program, scalars: bits(&captured.scalars) })
}

impl Prepared {
    /// The values of the graph's outputs for these inputs, none of which is written over.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn run(&self, inputs: Inputs) -> Result<Outputs> {
        self.execution().run(inputs, &[], &self.scalars)
    }

    /// The same, the values written to memory of the caller, one piece for each output.
    ///
    /// # Errors
    /// As [`evaluate`]. The memory may have been written to then.
    pub fn run_into(&self, inputs: Inputs, memory: &mut [Lent]) -> Result<()> {
        self.execution().run_into(inputs, &self.scalars, memory)
    }

    /// A run of the program, which is compiled if it is not.
    fn execution(&self) -> Execution<'_> {
        engine().counters().evaluations.fetch_add(1, Relaxed);
        let compiles = engine().compiles();
        if compiles {
            self.program.compile();
        }
        self.program.execution(compiles, None)
    }
}

fn bits(scalars: &[Scalar]) -> Vec<u64> {
    scalars.iter().map(|scalar| scalar.bits()).collect()
}

/// The program of what was captured, which is shown to whoever watches.
fn seen(captured: &Captured, settings: &Settings) -> Result<Arc<Program>> {
    engine().counters().nodes.fetch_add(captured.graph.len() as u64, Relaxed);
    dump::write(captured, settings);
    warn::of_size(captured);
    program(captured, settings)
}

/// The program of what was captured: a known one, or one made now.
fn program(captured: &Captured, settings: &Settings) -> Result<Arc<Program>> {
    let graph = &captured.graph;
    type Key = (Arc<Graph>, bool, usize, Option<&'static str>, Vector, u64);
    static PROGRAMS: LazyLock<Cache<Key, Arc<Program>>> =
        LazyLock::new(|| Cache::weighing(KEPT_PROGRAMS, KEPT_NODES, |(graph, ..)| graph.len()));
    let donated = large_and_donated(captured);
    let Settings { optimize: optimizes, passes, without, vector, .. } = *settings;
    let key = (Arc::clone(graph), optimizes, passes, without, vector, donated);
    if let Some(known) = PROGRAMS.get(&key) {
        return Ok(known);
    }
    let optimized = optimize(graph, settings, |_, _| {})?;
    let mut plan = Plan::new(&optimized)?;
    plan.stream(engine().near_bytes(), |input| donated.checked_shr(input).is_some_and(|bits| bits & 1 == 1));
    let strips = plan.strips.iter().map(|strip| engine().strip(strip, vector)).collect();
    let weight = plan.kernels.iter().fold(0_usize, |sum, kernel| sum.saturating_add(kernel.weight));
    engine().counters().programs.fetch_add(1, Relaxed);
    let (runs, settled) = (AtomicUsize::new(0), AtomicBool::new(false));
    Ok(PROGRAMS.insert(key, Arc::new(Program { plan, strips, weight, runs, settled })))
}

/// The inputs that may be written over and are so large that it matters to how results are stored, a
/// bit for each; those past the 64th count as kept, which costs nothing but speed.
fn large_and_donated(captured: &Captured) -> u64 {
    let large = |leaf: &Leaf| leaf.donated && leaf.buffer.bytes() >= engine().near_bytes() / LARGE;
    let inputs = captured.inputs.iter().take(64).enumerate();
    inputs.filter(|(_, leaf)| large(leaf)).fold(0, |bits, (input, _)| bits | 1 << input)
}

impl Program {
    /// Makes machine code for the strips that have none, on all cores if there are several. Returns
    /// how many were compiled.
    fn compile(&self) -> u64 {
        if self.settled.load(Relaxed) {
            return 0;
        }
        let missing: Vec<&Shared> = self.strips.iter().filter(|strip| !strip.is_settled()).collect();
        let compile = |strip: &&Shared| u64::from(strip.compile());
        let compiled = match &missing[..] {
            [] => 0,
            [strip] => compile(strip),
            strips if engine().threads_here(engine().threads()) == 1 => strips.iter().map(compile).sum(),
            strips => engine().install(|| {
                use rayon::prelude::*;
                // One at a time: each takes long enough to be worth another thread.
                strips.par_iter().with_max_len(1).map(compile).sum()
            }),
        };
        engine().counters().compiled.fetch_add(compiled, Relaxed);
        self.settled.store(true, Relaxed);
        compiled
    }

    /// A run of the program, on this many threads or as many as the engine is set to.
    fn execution(&self, compiled: bool, threads: Option<usize>) -> Execution<'_> {
        Execution {
            plan: &self.plan,
            strips: &self.strips,
            interpret: !compiled,
            threads: threads.unwrap_or_else(|| engine().threads()),
        }
    }
}

/// The graph after the passes that `settings` ask for; `seen` is shown each pass' result.
///
/// # Errors
/// A broken invariant, if they are checked.
pub fn optimize(
    graph: &Graph,
    settings: &Settings,
    mut seen: impl FnMut(&opt::Pass, &Graph),
) -> Result<Graph> {
    let mut broken = None;
    let mut left = if settings.optimize { settings.passes } else { 0 };
    let check = settings.check || cfg!(debug_assertions);
    let enabled = |pass: &opt::Pass| {
        let runs = left > 0 && settings.without != Some(pass.name);
        left = left.saturating_sub(1);
        runs
    };
    let optimized = opt::optimize(graph, enabled, |pass, graph| {
        if check && broken.is_none() {
            broken = verify::verify(graph).err().map(|error| error.at(format_args!("after {}", pass.name)));
        }
        seen(pass, graph);
    });
    broken.map_or(Ok(optimized), Err)
}

/// What becomes of an expression, stage by stage. Each stage prints by itself; printed whole, all
/// follow each other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explain {
    /// What was written.
    pub graph: String,
    /// One line per loop nest.
    pub optimized: String,
    /// The loops of every kernel.
    pub kernel: String,
    /// Kernels in order, buffers and their lifetimes.
    pub plan: String,
    /// The intermediate code of every strip.
    pub clif: String,
    /// The machine code of every strip.
    pub asm: String,
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, text) in self.stages() {
            writeln!(f, "== {name}\n{text}")?;
        }
        Ok(())
    }
}

impl Explain {
    /// The stages by name, in order.
    pub fn stages(&self) -> [(&'static str, &str); 6] {
        [
            ("graph", &self.graph),
            ("optimized", &self.optimized),
            ("kernel", &self.kernel),
            ("plan", &self.plan),
            ("clif", &self.clif),
            ("asm", &self.asm),
        ]
    }
}

/// What evaluating the graph would do, with machine code for `target`.
///
/// # Errors
/// If the graph cannot be compiled for `target`.
pub fn explain(captured: &Captured, target: Target) -> Result<Explain> {
    explain_with(captured, &target, &Settings::default())
}

/// What evaluating the graph as `settings` say would do, with machine code for `target`.
///
/// # Errors
/// As [`explain`].
pub fn explain_with(captured: &Captured, target: &Target, settings: &Settings) -> Result<Explain> {
    let optimized = optimize(&captured.graph, settings, |_, _| {})?;
    let mut plan = Plan::new(&optimized)?;
    let near = if *target == Target::Host { engine().near_bytes() } else { schedule::NEAR };
    plan.stream(near, |input| captured.inputs[input as usize].donated);
    let target = match target {
        Target::Host => &Target::HostWith(settings.vector),
        other => other,
    };
    let (clif, asm) = code_texts(&plan, target)?;
    let width = match target.vector() {
        Vector::V128 => String::new(),
        _ if cfg!(not(feature = "jit")) => String::new(),
        vector => format!("; vectors of {} bits\n", vector.bits()),
    };
    Ok(Explain {
        graph: captured.graph.text(&captured.names),
        optimized: optimized.text(&captured.names),
        kernel: width + &print::kernels(&plan),
        plan: print::plan(&plan, &captured.inputs.iter().map(|leaf| leaf.donated).collect::<Vec<_>>()),
        clif,
        asm,
    })
}

#[cfg(feature = "jit")]
fn code_texts(plan: &Plan, target: &Target) -> Result<(String, String)> {
    let (mut clif, mut asm) = (String::new(), String::new());
    for (number, strip) in plan.strips.iter().enumerate() {
        let texts = crate::codegen::texts(strip, target)?;
        clif += &format!("; strip {number}\n{}\n", texts.clif);
        asm += &format!("; strip {number} for {target}\n{}\n", texts.asm);
    }
    Ok((clif, asm))
}

#[cfg(not(feature = "jit"))]
fn code_texts(_: &Plan, _: &Target) -> Result<(String, String)> {
    let none = "; this build interprets: the feature `jit` is off\n";
    Ok((none.into(), none.into()))
}
