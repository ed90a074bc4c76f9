//! From `Arc` links to one compilation's graph, and back: capturing what roots need, deciding which
//! memory the evaluation may overwrite, and keeping what it computed.
//!
//! Three things are decided here and nowhere else:
//!
//! - **What the program is.** Values of scalars are not part of it, unless a rule of the optimizer
//!   may look at them (0, 1, -1 and truth values): so that it is compiled once for all of them.
//! - **What is kept.** The roots; and the *border*: what an earlier evaluation has passed, is not
//!   stored, and is now read by something new. A program that evaluates a little more of one growing
//!   graph at every step therefore computes each part at most twice. Views are looked through, and
//!   constants and short index arithmetic are left out: they cost nothing to compute. So is what is
//!   far larger than all that is read: of a huge broadcast, only a part may be asked for.
//! - **What may be overwritten.** See [`Capture::release`].
//!
//! Walks have a stack of their own; no lock is held from one node to the next.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::array::Array;
use crate::array::handle::Node as UserNode;
use crate::base::{DType, Result, Scalar};
use crate::graph::{Graph, Node, Op, Value};
use crate::pipeline::{self, Captured, Leaf};
use crate::runtime::Buffer;

/// Longest chain of scalar ops on an index or a constant that counts as creation: what `linspace`,
/// the longest creator, needs, and a few more. Recomputing so much costs less than storing it.
const CREATION_STEPS: u8 = 8;

/// Largest value, in bytes, that is stored unasked whatever is read.
const MOST_STORED: usize = 1 << 30;

/// Largest value that is stored unasked, in sizes of all that is read.
const MOST_STORED_PER_READ: usize = 4;

/// A node of the user's graph, seen.
struct Seen {
    /// Keeps the node where it is.
    array: Array,
    /// What it is in the captured graph.
    value: Value,
    /// Places in the list of what it reads; none for a leaf.
    args: SmallVec<[u32; 2]>,
    /// The first that is no view: itself, or what it is a view of.
    source: u32,
    /// Whether it has no value yet.
    is_lazy: bool,
    /// Whether an earlier evaluation has passed it.
    was_passed: bool,
    /// The number of scalar ops above constants and indices, if it reads nothing else.
    creation: Option<u8>,
}

/// What some roots need, captured.
#[derive(Default)]
pub(super) struct Capture {
    graph: Graph,
    inputs: Vec<Leaf>,
    names: Vec<Option<String>>,
    scalars: Vec<Scalar>,
    /// Arguments before what reads them.
    seen: Vec<Seen>,
    known: FxHashMap<*const UserNode, u32>,
    /// Whether what is seen counts as passed.
    marks: bool,
    /// What stands for the arguments of a function, if one is traced, with the arguments of the call.
    parameters: Vec<(Array, Array)>,
    /// The inputs that stand for arguments, with the numbers of both.
    given: Vec<(u32, usize)>,
    /// The line that wrote the first root.
    origin: Option<&'static Location<'static>>,
}

/// Where an input of a traced function comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The argument of this number.
    Argument(usize),
    /// What the function has of its own.
    Own(Arc<Buffer>),
}

enum Step {
    Enter(Array),
    /// What it reads has been entered, and is kept alive by being seen.
    Leave(Array, SmallVec<[*const UserNode; 2]>),
}

impl Capture {
    fn of(roots: &[Array], marks: bool) -> Result<Self> {
        Self { marks, ..Self::default() }.and(roots)
    }

    /// What these roots need, too.
    fn and(mut self, roots: &[Array]) -> Result<Self> {
        self.origin = roots.first().map(|root| root.0.origin);
        let mut capture = self;
        let mut steps: Vec<Step> = roots.iter().rev().cloned().map(Step::Enter).collect();
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(array) if capture.known.contains_key(&Arc::as_ptr(&array.0)) => {}
                Step::Enter(array) => {
                    let array = array.sound()?;
                    match array.0.lazy() {
                        Some((Op::Input(_), _)) => capture.parameter(array)?,
                        Some((_, args)) => {
                            steps.push(Step::Leave(
                                array.clone(),
                                args.iter().map(|arg| Arc::as_ptr(&arg.0)).collect(),
                            ));
                            steps.extend(args.into_iter().rev().map(Step::Enter));
                        }
                        None => capture.leaf(array),
                    }
                }
                Step::Leave(array, args) => capture.node(array, &args),
            }
        }
        Ok(capture)
    }

    fn leaf(&mut self, array: Array) {
        let buffer = array.0.value.get().expect("a node without an operation has a value").clone();
        self.input(array, buffer);
    }

    /// What stands for an argument: an input that has, for now, the memory of the argument.
    fn parameter(&mut self, array: Array) -> Result<()> {
        let own = self.parameters.iter().position(|(parameter, _)| Arc::ptr_eq(&parameter.0, &array.0));
        let Some(number) = own else {
            // An argument of another function, which has let it out.
            return array.untraced("function");
        };
        let buffer = self.parameters[number].1.value("function")?.clone();
        self.given.push((self.inputs.len() as u32, number));
        self.input(array, buffer);
        Ok(())
    }

    fn input(&mut self, array: Array, buffer: Arc<Buffer>) {
        let op = Op::Input(self.inputs.len() as u32);
        let value = self.graph.add(Node::new(op, [], array.ty().clone())).into();
        self.inputs.push(Leaf { buffer, donated: false });
        self.names.push(array.0.name.as_deref().map(str::to_owned));
        let source = self.seen.len() as u32;
        let args = SmallVec::new();
        self.push(Seen { array, value, args, source, is_lazy: false, was_passed: false, creation: None });
    }

    fn node(&mut self, array: Array, args: &[*const UserNode]) {
        let op = array.0.op.as_ref().expect("a lazy node has an operation");
        let args: SmallVec<[u32; 2]> = args.iter().map(|arg| self.known[arg]).collect();
        let read = |place: u32| &self.seen[place as usize];
        let source = match op {
            Op::View(_) => read(args[0]).source,
            _ => self.seen.len() as u32,
        };
        let mut below = args.iter().map(|&arg| read(arg).creation);
        let creation = match op {
            Op::Const(_) | Op::Iota => Some(0),
            Op::View(_) => read(args[0]).creation,
            Op::Elementwise(_) => below
                .try_fold(0, |most: u8, steps| Some(most.max(steps?)))
                .filter(|&steps| steps < CREATION_STEPS)
                .map(|steps| steps + 1),
            _ => None,
        };
        let values: SmallVec<[Value; 2]> = args.iter().map(|&arg| read(arg).value).collect();
        let op = match op {
            Op::Const(value) if !is_structure(*value) => {
                self.scalars.push(*value);
                Op::Scalar(self.scalars.len() as u32 - 1)
            }
            op => op.clone(),
        };
        let value = self.graph.add(Node::new(op, values, array.ty().clone())).into();
        let was_passed =
            if self.marks { array.0.passed.swap(true, Relaxed) } else { array.0.passed.load(Relaxed) };
        self.push(Seen { array, value, args, source, is_lazy: true, was_passed, creation });
    }

    fn push(&mut self, seen: Seen) {
        self.known.insert(Arc::as_ptr(&seen.array.0), self.seen.len() as u32);
        self.seen.push(seen);
    }

    fn seen(&self, array: &Array) -> &Seen {
        &self.seen[self.known[&Arc::as_ptr(&array.0)] as usize]
    }

    /// The places of what was passed before and is read by something that was not.
    fn border(&self, roots: &[Array]) -> Vec<u32> {
        let mut is_border = vec![false; self.seen.len()];
        let mut read = |place: u32| {
            let source = self.seen[place as usize].source;
            let seen = &self.seen[source as usize];
            is_border[source as usize] |= seen.is_lazy && seen.was_passed && seen.creation.is_none();
        };
        for (place, seen) in self.seen.iter().enumerate() {
            let is_view = seen.source != place as u32;
            if seen.is_lazy && !seen.was_passed && !is_view {
                seen.args.iter().for_each(|&arg| read(arg));
            }
        }
        // A root is stored whatever it is, so a view reads like any other.
        for root in roots.iter().map(|root| self.seen(root)) {
            if root.is_lazy && !root.was_passed {
                read(self.known[&Arc::as_ptr(&root.array.0)]);
            }
        }
        for root in roots {
            is_border[self.known[&Arc::as_ptr(&root.0)] as usize] = false;
        }
        // What is far larger than all that is read may be one element repeated, of which only a part
        // is asked for: memory that nobody asked for is not taken for it.
        let read = self.inputs.iter().fold(0_usize, |sum, leaf| sum.saturating_add(leaf.buffer.bytes()));
        let most = MOST_STORED.max(read.saturating_mul(MOST_STORED_PER_READ));
        (0..self.seen.len() as u32)
            .filter(|&place| is_border[place as usize] && self.seen[place as usize].array.nbytes() <= most)
            .collect()
    }

    /// Lets go of everything the evaluation does not need as a user's node, and finds out which
    /// leaves nobody else holds: those may be overwritten.
    ///
    /// This is done by counting references, not by looking at the graph. Roots that are given by
    /// value and have no other handle drop their operation: nobody can ask for it again, not even if
    /// the evaluation fails. Then nodes are let go, readers before what they read. What is left alive
    /// is what somebody outside holds, directly or through a node that is not stored; it keeps its
    /// leaves, and a leaf's buffer is then referred to from there as well as from here. A buffer that
    /// is referred to only from here can never be read again, by this thread or any other, as there
    /// is nothing left to clone a reference from.
    ///
    /// Returns the part of `border` that is still worth storing, because somebody holds it.
    fn release(&mut self, roots: &mut [Array], border: &[u32]) -> Vec<(Array, Value)> {
        let mut held = Vec::new();
        let mut root_at: FxHashMap<*const UserNode, usize> = FxHashMap::default();
        for (nth, root) in roots.iter().enumerate() {
            root_at.insert(Arc::as_ptr(&root.0), nth);
        }
        self.known.clear();
        for place in (0..self.seen.len()).rev() {
            let Some(seen) = self.seen.pop() else { break };
            let root = root_at.get(&Arc::as_ptr(&seen.array.0));
            if border.binary_search(&(place as u32)).is_ok() && Arc::strong_count(&seen.array.0) > 1 {
                held.push((seen.array, seen.value));
                continue;
            }
            drop(seen);
            if let Some(node) = root.and_then(|&nth| Arc::get_mut(&mut roots[nth].0)) {
                node.forget();
            }
        }
        for leaf in &mut self.inputs {
            leaf.donated = Arc::strong_count(&leaf.buffer) == 1;
        }
        held
    }

    /// What has no value yet, does not depend on a parameter and is read by something that does, or
    /// is a root; but for creation, which is part of the loops that read it.
    fn fixed(&self, roots: &[Array]) -> Vec<Array> {
        let reads = self.seen.iter().filter(|seen| seen.array.0.traced).flat_map(|seen| &seen.args);
        let roots = roots.iter().map(|root| &self.known[&Arc::as_ptr(&root.0)]);
        let mut fixed: Vec<u32> = reads
            .chain(roots)
            .map(|&place| self.seen[place as usize].source)
            .filter(|&place| {
                let seen = &self.seen[place as usize];
                seen.is_lazy && !seen.array.0.traced && seen.creation.is_none()
            })
            .collect();
        fixed.sort_unstable();
        fixed.dedup();
        fixed.into_iter().map(|place| self.seen[place as usize].array.clone()).collect()
    }

    fn captured(self, outputs: Vec<Value>) -> Captured {
        let mut graph = self.graph;
        graph.outputs = outputs;
        let graph = Arc::new(graph);
        Captured { graph, inputs: self.inputs, scalars: self.scalars, names: self.names, origin: self.origin }
    }
}

/// Whether a constant is part of the program, because rules look at it.
fn is_structure(value: Scalar) -> bool {
    value.dtype() == DType::Bool || [0.0, 1.0, -1.0].contains(&value.to_f64())
}

/// The outputs of an evaluation: distinct values, each with the nodes that want it.
#[derive(Default)]
struct Wanted {
    values: Vec<Value>,
    known: FxHashMap<Value, usize>,
    nodes: Vec<(Array, usize)>,
}

impl Wanted {
    fn add(&mut self, array: Array, value: Value) {
        let next = self.values.len();
        let at = *self.known.entry(value).or_insert(next);
        if at == next {
            self.values.push(value);
        }
        self.nodes.push((array, at));
    }
}

/// Evaluates what is not evaluated of `roots`, in one program, and keeps the values in their nodes.
///
/// # Errors
/// What building the kernels or running them reports.
pub(super) fn force(roots: &[Array]) -> Result<()> {
    if roots.iter().all(Array::is_evaluated) {
        return Ok(());
    }
    roots.iter().try_for_each(|root| root.untraced("eval"))?;
    let (captured, nodes) = lend(roots)?;
    run(captured, nodes)
}

/// The program of roots that stay as they are, and which nodes want which of its outputs.
fn lend(roots: &[Array]) -> Result<(Captured, Vec<(Array, usize)>)> {
    let capture = Capture::of(roots, true)?;
    let border = capture.border(roots);
    let border = border.iter().map(|&place| &capture.seen[place as usize]);
    let mut wanted = Wanted::default();
    for seen in roots.iter().map(|root| capture.seen(root)).chain(border).filter(|seen| seen.is_lazy) {
        wanted.add(seen.array.clone(), seen.value);
    }
    Ok((capture.captured(wanted.values), wanted.nodes))
}

/// The same for roots that are given away: memory that nobody else holds may be reused.
///
/// # Errors
/// As [`force`]; the roots are lost then, but for other handles on them.
pub(super) fn consume(mut roots: Vec<Array>) -> Result<Vec<Array>> {
    if !roots.iter().all(Array::is_evaluated) {
        roots.iter().try_for_each(|root| root.untraced("eval"))?;
        let (captured, nodes) = give(&mut roots)?;
        run(captured, nodes)?;
    }
    Ok(roots)
}

/// The program of roots that are given away, and which nodes want which of its outputs.
fn give(roots: &mut [Array]) -> Result<(Captured, Vec<(Array, usize)>)> {
    let mut capture = Capture::of(roots, true)?;
    let values: Vec<Option<Value>> =
        roots.iter().map(|root| capture.seen(root)).map(|seen| seen.is_lazy.then_some(seen.value)).collect();
    let border = capture.border(roots);
    let held = capture.release(roots, &border);
    let mut wanted = Wanted::default();
    for (root, value) in roots.iter().zip(values) {
        if let Some(value) = value {
            wanted.add(root.clone(), value);
        }
    }
    held.into_iter().for_each(|(array, value)| wanted.add(array, value));
    Ok((capture.captured(wanted.values), wanted.nodes))
}

/// Runs the program and keeps its outputs. What failed leaves every node as it was.
fn run(captured: Captured, nodes: Vec<(Array, usize)>) -> Result<()> {
    let buffers = pipeline::evaluate(captured)?;
    for (array, at) in nodes {
        array.0.store(buffers[at].clone());
    }
    Ok(())
}

/// The program that evaluating `roots` would run, nothing evaluated and nothing remembered.
///
/// # Errors
/// If a root was never built.
pub(super) fn program(roots: &[Array]) -> Result<Captured> {
    roots.iter().try_for_each(|root| root.untraced("explain"))?;
    let capture = Capture::of(roots, false)?;
    let outputs = roots.iter().map(|root| capture.seen(root).value).collect();
    Ok(capture.captured(outputs))
}

/// The program of a traced function, and where its inputs come from. `parameters` stand for
/// `arguments` in what the function made of them. What does not depend on them is computed now, once.
///
/// # Errors
/// If a root was never built, or what does not depend on the arguments cannot be computed.
pub(super) fn traced(
    roots: &[Array],
    parameters: &[Array],
    arguments: &[Array],
) -> Result<(Captured, Vec<Source>)> {
    let pairs = || parameters.iter().cloned().zip(arguments.iter().cloned()).collect();
    let capture = || Capture { parameters: pairs(), ..Capture::default() }.and(roots);
    force(&capture()?.fixed(roots))?;
    let mut capture = capture()?;
    let outputs = roots.iter().map(|root| capture.seen(root).value).collect();
    let mut sources: Vec<Source> =
        capture.inputs.iter().map(|leaf| Source::Own(leaf.buffer.clone())).collect();
    for (input, argument) in std::mem::take(&mut capture.given) {
        sources[input as usize] = Source::Argument(argument);
    }
    Ok((capture.captured(outputs), sources))
}

/// How many operations wait in `array`, and how many bytes of memory it keeps alive: its own value,
/// or all that its operations read.
pub(super) fn held(array: &Array) -> (usize, usize) {
    let mut buffers: FxHashMap<*const Buffer, usize> = FxHashMap::default();
    let mut known: FxHashMap<*const UserNode, ()> = FxHashMap::default();
    let mut operations = 0;
    let mut pending = vec![array.clone()];
    while let Some(array) = pending.pop() {
        if known.insert(Arc::as_ptr(&array.0), ()).is_some() {
            continue;
        }
        if let Some((op, args)) = array.0.lazy() {
            operations += usize::from(!matches!(op, Op::Const(_) | Op::Input(_)));
            pending.extend(args);
        } else if let Some(buffer) = array.0.value.get() {
            buffers.insert(Arc::as_ptr(buffer), buffer.bytes());
        }
    }
    (operations, buffers.values().sum())
}

#[cfg(test)]
mod tests;
