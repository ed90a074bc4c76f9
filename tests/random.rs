//! Anything else: random graphs, evaluated in every way there is, must give the same bits.
//!
//! The reference is the meaning. Where the reference of the optimized graph differs from it, a pass
//! is at fault; where that agrees and the interpreter or machine code differs, lowering or code
//! generation is. All NaNs are one value, and -0 is not +0.
//!
//! `BROADLOOM_GRAPHS=1000000` sets the number of graphs, `BROADLOOM_SEED=17` the first seed (and, by
//! itself, runs that graph alone). A failure prints its seed and a graph made as small as possible.

#[path = "random/buffers.rs"]
mod buffers;
#[path = "random/complex.rs"]
mod complex;
#[path = "random/coverage.rs"]
mod coverage;
#[path = "random/data.rs"]
mod data;
#[path = "random/generate.rs"]
mod generate;
#[path = "random/host.rs"]
mod host;
#[path = "random/legs.rs"]
mod legs;
#[path = "random/motifs.rs"]
mod motifs;
#[path = "random/moves.rs"]
mod moves;
#[path = "random/shrink.rs"]
mod shrink;

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use broadloom::graph::{Graph, Op, verify};
use broadloom::op::{Fold, Values};
use broadloom::reference;

use coverage::Coverage;
use generate::Case;
use legs::{LEGS, Leg, guilty_pass, reference_of};

/// Graphs of an ordinary run.
const GRAPHS: u64 = 10_000;

/// What `run` gives, or its panic, which is not printed: while a case is made small it panics often.
fn quietly<T>(run: impl FnOnce() -> T) -> std::thread::Result<T> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(before);
    result
}

/// How `leg` differs from `expected` on `case`: an error, a panic, or the first element.
fn difference(case: &Case, expected: &[Values], leg: &Leg) -> Option<String> {
    let got = match quietly(|| (leg.run)(case)) {
        Ok(Ok(got)) => got,
        Ok(Err(error)) => return Some(format!("error: {error}")),
        Err(panic) => return Some(format!("panic: {}", message(&*panic))),
    };
    if got.len() != expected.len() {
        return Some(format!("{} outputs instead of {}", got.len(), expected.len()));
    }
    expected.iter().zip(&got).enumerate().find_map(|(out, (expected, got))| {
        if (expected.dtype(), expected.len()) != (got.dtype(), got.len()) {
            let [a, b] = [expected, got].map(|values| format!("{} of {}", values.len(), values.dtype()));
            return Some(format!("output {out} is {b} instead of {a}"));
        }
        let at = (0..got.len()).find(|&at| !expected.get(at).same(got.get(at)))?;
        let [a, b] = [expected, got].map(|values| values.get(at));
        let bits = format!("{:#x} instead of {:#x}", b.bits(), a.bits());
        Some(format!("output {out}, element {at} is {b} instead of {a} ({bits})"))
    })
}

fn message(panic: &dyn Any) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Checks one case on every leg due for its seed.
///
/// # Panics
/// With all one needs to know, if a leg differs.
fn check(seed: u64, case: &Case, legs: &[Leg]) {
    verify::verify(&case.graph).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", case.graph));
    let expected = reference_of(case)
        .unwrap_or_else(|error| panic!("seed {seed}: the reference fails: {error}\n{}", case.graph));
    for leg in legs.iter().filter(|leg| seed.is_multiple_of(leg.every)) {
        if difference(case, &expected, leg).is_none() {
            continue;
        }
        let differs =
            |case: &Case| reference_of(case).ok().and_then(|expected| difference(case, &expected, leg));
        let small = shrink::shrink(case, &|case| differs(case).is_some());
        panic!(
            "seed {seed}: {} differs from the reference; at fault: {}\n{}\n{}{}{}\n\
             the whole graph has {} nodes; BROADLOOM_SEED={seed} runs it alone",
            leg.name,
            leg.culprit,
            differs(&small).unwrap_or_else(|| "only now and then".into()),
            small.graph,
            given(&small),
            guilty_pass(&small),
            case.graph.len(),
        );
    }
}

/// The inputs and scalars of a case, the long ones cut.
fn given(case: &Case) -> String {
    let list = |values: &Values| {
        let shown: Vec<String> = (0..values.len().min(32)).map(|at| values.get(at).to_string()).collect();
        format!("[{}{}]", shown.join(", "), if values.len() > 32 { ", …" } else { "" })
    };
    let mut text = String::new();
    for (k, input) in case.inputs.iter().enumerate() {
        text += &format!("input {k}: {}\n", list(input));
    }
    for (k, scalar) in case.scalars.iter().enumerate() {
        text += &format!("s{k}: {scalar}\n");
    }
    text
}

/// The seeds of this run, by the environment, `ordinary` of them if it says nothing.
fn seeds(ordinary: u64) -> std::ops::Range<u64> {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text} is no number")))
    };
    let (first, graphs) = (number("BROADLOOM_SEED"), number("BROADLOOM_GRAPHS"));
    let count = graphs.unwrap_or(if first.is_some() { 1 } else { ordinary });
    first.unwrap_or(0)..first.unwrap_or(0) + count
}

#[test]
fn every_way_to_evaluate_a_graph_gives_the_same_bits() {
    for seed in seeds(GRAPHS) {
        check(seed, &generate::case(seed), LEGS);
    }
}

#[test]
fn every_graph_parses_back_from_its_text() {
    for seed in seeds(GRAPHS) {
        let graph = generate::case(seed).graph;
        let text = graph.to_string();
        match text.parse::<Graph>() {
            Ok(parsed) => assert_eq!(parsed.to_string(), text, "seed {seed}"),
            Err(error) => panic!("seed {seed}: {error}\n{text}"),
        }
        assert_eq!(text.parse::<Graph>().ok(), Some(graph), "seed {seed}: equal texts of unequal graphs");
    }
}

#[test]
fn the_same_seed_gives_the_same_case() {
    for seed in 0..100 {
        let [a, b] = [generate::case(seed), generate::case(seed)];
        assert_eq!(a.graph, b.graph);
        assert_eq!(given(&a), given(&b));
    }
}

#[test]
fn random_graphs_cover_what_they_should() {
    let mut coverage = Coverage::default();
    for seed in 0..40_000 {
        coverage.add(&generate::case(seed));
    }
    println!("{coverage}");
    assert_eq!(coverage.missing(), [""; 0], "every op with every dtype it takes");
    for &(feature, least) in coverage::SHARES {
        let share = coverage.share(feature);
        assert!(share >= least, "{feature}: {share} % of the graphs, not {least} %");
    }
    assert!(coverage.special() >= 20, "special values: {} %", coverage.special());
    for rank in [0, 1, 2, 3, 4, 5, 8] {
        assert!(coverage.of_rank(rank) >= 5, "rank {rank} has come up {} times", coverage.of_rank(rank));
    }
}

#[test]
fn a_difference_is_found_named_and_made_small() {
    // A leg that is wrong about minima: it takes them for maxima.
    let wrong = Leg {
        name: "a leg that takes min for max",
        culprit: "this test",
        every: 1,
        run: |case| {
            let graph = case.graph.rebuild(|new, _, mut node| {
                if let Op::Reduce { fold: fold @ Fold::Min, .. } = &mut node.op {
                    *fold = Fold::Max;
                }
                new.add(node).into()
            });
            reference::evaluate(&graph, &case.inputs, &case.scalars)
        },
    };
    let failure = (0..1_000).find_map(|seed| {
        let case = generate::case(seed);
        let large = case.graph.len() > 15;
        let result = large.then(|| quietly(|| check(seed, &case, std::slice::from_ref(&wrong))));
        result?.err()
    });
    let failure = failure.expect("one of many graphs has a minimum that matters");
    let text = message(&*failure);
    assert!(text.contains("at fault: this test"), "{text}");
    let lines: Vec<&str> = text.lines().skip_while(|line| *line != "graph {").collect();
    let nodes = lines.iter().filter(|line| line.starts_with("  %")).count();
    assert!(nodes == 2 && text.contains("= min %0"), "{text}");
}
