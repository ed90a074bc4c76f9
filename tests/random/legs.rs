//! Every way to evaluate a graph, in the order in which they name a culprit.

use std::sync::Arc;

use broadloom::base::{Error, ErrorKind, Result, Vector};
use broadloom::graph::verify;
use broadloom::op::Values;
use broadloom::opt::{PASSES, Pass};
use broadloom::pipeline::{self, Captured, Jit, Leaf, Settings};
use broadloom::reference;
use broadloom::runtime::Buffer;

use crate::buffers::{buffer, values};
use crate::generate::Case;
use crate::quietly;

/// One way to evaluate a graph.
pub struct Leg {
    /// What is compared with the reference.
    pub name: &'static str,
    /// What is at fault if it differs while those before it did not.
    pub culprit: &'static str,
    /// Runs on one in this many graphs.
    pub every: u64,
    /// Gives the outputs.
    pub run: fn(&Case) -> Result<Vec<Values>>,
}

/// Every way, in the order in which they name a culprit.
pub const LEGS: &[Leg] = &[
    Leg {
        name: "the reference of the optimized graph",
        culprit: "a pass",
        every: 1,
        run: |case| optimized(case, &settings(Jit::Never, 1)),
    },
    Leg {
        name: "the interpreter",
        culprit: "lowering, planning or the interpreter",
        every: 1,
        run: |case| evaluated(case, &settings(Jit::Never, 1)),
    },
    Leg {
        name: "machine code",
        culprit: "code generation",
        every: 1,
        run: |case| evaluated(case, &settings(Jit::Always, 1)),
    },
    Leg {
        name: "machine code on four threads",
        culprit: "the way work is cut into tasks",
        every: 4,
        run: |case| evaluated(case, &settings(Jit::Always, 4)),
    },
    Leg {
        name: "machine code in vectors of 256 bits",
        culprit: "code generation for AVX2",
        every: 1,
        run: |case| evaluated(case, &Settings { vector: Vector::V256, ..settings(Jit::Always, 1) }),
    },
    Leg {
        name: "machine code in vectors of 128 bits",
        culprit: "code generation by Cranelift",
        every: 1,
        run: |case| evaluated(case, &Settings { vector: Vector::V128, ..settings(Jit::Always, 1) }),
    },
    Leg {
        name: "machine code that may write over its inputs",
        culprit: "the reuse of memory",
        every: 2,
        run: |case| given_away(case, &settings(Jit::Always, 1)),
    },
    Leg {
        name: "the reference, with one pass off",
        culprit: "a pass that hides what another does",
        every: 16,
        run: |case| without_one_pass(case, optimized),
    },
    Leg {
        name: "the reference, with one pass alone",
        culprit: "a pass that another pass makes up for",
        every: 16,
        run: |case| {
            let alone = |only: &Pass| reference_after(case, |pass| pass.name == only.name, 1);
            first_other(reference_of(case)?, PASSES.iter().map(alone))
        },
    },
    Leg {
        name: "the reference, every pass twice",
        culprit: "a pass that cannot take what it made",
        every: 16,
        run: |case| reference_after(case, |_| true, 2),
    },
    Leg {
        name: "the interpreter, with one pass off",
        culprit: "lowering of graphs that are not fully optimized",
        every: 16,
        run: |case| without_one_pass(case, evaluated),
    },
    Leg {
        name: "the interpreter, unoptimized",
        culprit: "lowering of single operations",
        every: 16,
        run: |case| evaluated(case, &Settings { optimize: false, ..settings(Jit::Never, 1) }),
    },
    Leg {
        name: "machine code, unoptimized",
        culprit: "code generation for single operations",
        every: 16,
        run: |case| evaluated(case, &Settings { optimize: false, ..settings(Jit::Always, 4) }),
    },
    Leg {
        name: "the reference, again",
        culprit: "the reference, which depends on something that changes",
        every: 16,
        run: reference_of,
    },
];

fn settings(jit: Jit, threads: usize) -> Settings {
    Settings {
        jit,
        threads: Some(threads),
        check: true,
        optimize: true,
        passes: usize::MAX,
        without: None,
        vector: Vector::V512,
    }
}

/// The reference's values of what the passes make of the graph.
fn optimized(case: &Case, settings: &Settings) -> Result<Vec<Values>> {
    let graph = pipeline::optimize(&case.graph, settings, |_, _| {})?;
    reference::evaluate(&graph, &case.inputs, &case.scalars)
}

/// The values an evaluation gives.
fn evaluated(case: &Case, settings: &Settings) -> Result<Vec<Values>> {
    let captured = captured(case, false)?;
    // Held until the end: nothing may write to them.
    let inputs: Vec<Arc<Buffer>> = captured.inputs.iter().map(|leaf| leaf.buffer.clone()).collect();
    let outputs = outputs(case, &pipeline::evaluate_with(captured, settings)?);
    let types = inputs.iter().zip(&case.inputs);
    let kept: Vec<Values> = types.map(|(buffer, input)| values(buffer, input.dtype())).collect();
    if same(&kept, &case.inputs) {
        Ok(outputs)
    } else {
        Err(Error::new(ErrorKind::Internal, "an input that others hold was written over"))
    }
}

/// The values an evaluation gives that is handed its inputs for good.
fn given_away(case: &Case, settings: &Settings) -> Result<Vec<Values>> {
    Ok(outputs(case, &pipeline::evaluate_with(captured(case, true)?, settings)?))
}

fn captured(case: &Case, donated: bool) -> Result<Captured> {
    let leaf = |values: &Values| Ok(Leaf { buffer: Arc::new(buffer(values)?), donated });
    Ok(Captured {
        graph: case.graph.clone().into(),
        inputs: case.inputs.iter().map(leaf).collect::<Result<_>>()?,
        scalars: case.scalars.clone(),
        names: Vec::new(),
        origin: None,
    })
}

fn outputs(case: &Case, buffers: &[Arc<Buffer>]) -> Vec<Values> {
    let types = case.graph.outputs.iter().map(|output| case.graph.ty(*output));
    buffers.iter().zip(types).map(|(buffer, ty)| values(buffer, ty.dtype)).collect()
}

/// The way that `evaluate` is, each pass in turn left out.
fn without_one_pass(
    case: &Case,
    evaluate: fn(&Case, &Settings) -> Result<Vec<Values>>,
) -> Result<Vec<Values>> {
    let runs = PASSES.iter().filter(|pass| !pass.needed).map(|pass| {
        evaluate(case, &Settings { without: Some(pass.name), ..settings(Jit::Never, 1) })
            .map_err(|error| error.at(format_args!("without {}", pass.name)))
    });
    first_other(reference_of(case)?, runs)
}

/// The reference's values of what some passes, and those that must run, make of the graph, each run
/// so many times.
fn reference_after(case: &Case, enabled: impl Fn(&Pass) -> bool, times: usize) -> Result<Vec<Values>> {
    let mut graph = case.graph.clone().without_dead_nodes();
    for pass in PASSES.iter().filter(|pass| pass.needed || enabled(pass)) {
        for _ in 0..times {
            graph = (pass.run)(&graph);
        }
        verify::verify(&graph).map_err(|error| error.at(format_args!("after {}", pass.name)))?;
    }
    reference::evaluate(&graph, &case.inputs, &case.scalars)
}

/// The first of `runs` that is not as `expected`, else `expected`.
fn first_other(
    expected: Vec<Values>,
    runs: impl Iterator<Item = Result<Vec<Values>>>,
) -> Result<Vec<Values>> {
    for run in runs {
        let got = run?;
        if !same(&expected, &got) {
            return Ok(got);
        }
    }
    Ok(expected)
}

/// The first pass that panics or after which the reference differs, and the graph there.
pub fn guilty_pass(case: &Case) -> String {
    let Ok(expected) = reference_of(case) else { return String::new() };
    let mut graph = case.graph.clone().without_dead_nodes();
    for pass in PASSES {
        let next = quietly(|| {
            let next = (pass.run)(&graph);
            let got = reference::evaluate(&next, &case.inputs, &case.scalars);
            (next, got)
        });
        let next = match next {
            Ok((next, Ok(got))) if same(&expected, &got) => next,
            Ok((next, _)) => return format!("the first pass at fault is {}; it made\n{next}", pass.name),
            Err(_) => return format!("the first pass at fault is {}; it panics on\n{graph}", pass.name),
        };
        graph = next;
    }
    String::new()
}

/// Whether two lists of outputs have the same bits.
fn same(a: &[Values], b: &[Values]) -> bool {
    let values = |a: &Values, b: &Values| {
        (a.dtype(), a.len()) == (b.dtype(), b.len()) && (0..a.len()).all(|at| a.get(at).same(b.get(at)))
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| values(a, b))
}

/// What the graph means.
pub fn reference_of(case: &Case) -> Result<Vec<Values>> {
    reference::evaluate(&case.graph, &case.inputs, &case.scalars)
}
