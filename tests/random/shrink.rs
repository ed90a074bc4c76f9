//! Making a failing case small, so that its text can be read.

use std::time::{Duration, Instant};

use broadloom::base::Scalar;
use broadloom::graph::{Node, NodeId, Op, Value};
use broadloom::op::Values;
use broadloom::reference;

use crate::generate::Case;

/// How long a case may be shrunk.
const PATIENCE: Duration = Duration::from_secs(20);

/// A case as small as greedy steps make it, for which `fails` still holds: one output, an earlier
/// one; a node replaced by an input with its values, or by an argument of its type; plain numbers.
pub fn shrink(case: &Case, fails: &dyn Fn(&Case) -> bool) -> Case {
    let mut small = case.tidy();
    let started = Instant::now();
    loop {
        let found = smaller(&small).find(|case| started.elapsed() < PATIENCE && fails(case));
        match found {
            Some(found) => small = found,
            None => return small,
        }
    }
}

/// What a case may shrink to, the smallest first; each is smaller by [`measure`].
fn smaller(case: &Case) -> impl Iterator<Item = Case> {
    let single = case.graph.iter().map(|(id, _)| with_outputs(case, vec![id.into()]));
    let fewer = (0..case.graph.outputs.len()).map(|out| {
        let mut outputs = case.graph.outputs.clone();
        outputs.remove(out);
        with_outputs(case, outputs)
    });
    let values = node_values(case);
    let cut = case.graph.iter().rev().filter_map(move |(id, node)| {
        (!node.args.is_empty()).then(|| with_input(case, id, values.as_ref()?.get(id.index())?)).flatten()
    });
    let skipped = case.graph.iter().filter_map(|(id, node)| {
        let same = node.args.iter().find(|arg| case.graph.ty(**arg) == node.ty())?;
        Some(without(case, id, *same))
    });
    let plain = (0..case.inputs.len()).map(|input| with_ones(case, input));
    let size = measure(case);
    single.chain(fewer).chain(cut).chain(skipped).chain(plain).filter(move |case| measure(case) < size)
}

/// What shrinking makes less: nodes, nodes with arguments, outputs, numbers other than 1.
fn measure(case: &Case) -> (usize, usize, usize, usize) {
    let inner = case.graph.iter().filter(|(_, node)| !node.args.is_empty()).count();
    let odd = |values: &Values| {
        (0..values.len()).filter(|&at| values.get(at) != Scalar::new(values.dtype(), 1.0)).count()
    };
    let odd = case.inputs.iter().map(odd).sum();
    (inner, case.graph.len(), case.graph.outputs.len(), odd)
}

fn with_outputs(case: &Case, outputs: Vec<Value>) -> Case {
    let mut case = case.clone();
    case.graph.outputs = outputs;
    case.tidy()
}

/// The values of every node; `None` if the reference fails.
fn node_values(case: &Case) -> Option<Vec<Values>> {
    let mut graph = case.graph.clone();
    graph.outputs = graph.iter().map(|(id, _)| id.into()).collect();
    reference::evaluate(&graph, &case.inputs, &case.scalars).ok()
}

/// The case with an input of these values in the place of node `id`.
fn with_input(case: &Case, id: NodeId, values: &Values) -> Option<Case> {
    let mut case = case.clone();
    let input = u32::try_from(case.inputs.len()).ok()?;
    case.inputs.push(values.clone());
    case.graph = case.graph.rebuild(|new, old, node| {
        let node = if old == id { Node::new(Op::Input(input), [], node.ty().clone()) } else { node };
        new.add(node).into()
    });
    Some(case.tidy())
}

/// The case with `value` in the place of node `id`.
fn without(case: &Case, id: NodeId, value: Value) -> Case {
    let mut case = case.clone();
    let place = case.graph[id].args.iter().position(|arg| *arg == value).expect("an argument");
    case.graph = case.graph.rebuild(|new, old, node| match old == id {
        true => node.args[place],
        false => new.add(node).into(),
    });
    case.tidy()
}

/// The case with ones for all elements of an input.
fn with_ones(case: &Case, input: usize) -> Case {
    let mut case = case.clone();
    let values = &mut case.inputs[input];
    *values = Values::splat(Scalar::new(values.dtype(), 1.0), values.len());
    case
}
