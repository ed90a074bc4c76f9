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

mod known;
mod traced;

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::array::Array;
use crate::array::complex;
use crate::array::handle::Node as UserNode;
use crate::base::{DType, Result, Scalar};
use crate::graph::{Graph, Node, Op, Value};
use crate::pipeline::{self, Captured, Leaf};
use crate::runtime::Buffer;
use known::{Made, Record};
pub(super) use traced::{Source, traced};

/// Longest chain of scalar ops on an index or a constant that counts as creation: what `linspace`,
/// the longest creator, needs, and a few more. Recomputing so much costs less than storing it.
const CREATION_STEPS: u8 = 8;

/// Nodes that a capture has room for from the start: most small expressions, and little enough for
/// the quick lists of allocators, which end at about a kilobyte.
const USUAL: usize = 14;

/// Largest value, in bytes, that is stored unasked whatever is read.
const MOST_STORED: usize = 1 << 30;

/// Largest value that is stored unasked, in sizes of all that is read.
const MOST_STORED_PER_READ: usize = 4;

/// A node of the user's graph, seen.
struct Seen {
    /// Keeps the node where it is.
    array: Array,
    /// What stands for its own operation in the captured graph.
    given: Option<Given>,
    /// Where in the list of what is read it reads from, and how many; none for a leaf.
    args: (u32, u32),
    /// The first that is no view: itself, or what it is a view of.
    source: u32,
    /// Whether it has no value yet.
    is_lazy: bool,
    /// Whether an earlier evaluation has passed it.
    was_passed: bool,
    /// The number of scalar ops above constants and indices, if it reads nothing else.
    creation: Option<u8>,
}

/// What an evaluation is given beside the graph.
#[derive(Clone, Copy, Debug, Hash)]
enum Given {
    /// The array of this number.
    Input(u32),
    /// The scalar of this number: no part of the program, so that it is compiled once for all.
    Scalar(u32),
}

/// What some roots need, captured.
#[derive(Default)]
pub(super) struct Capture {
    inputs: Vec<Leaf>,
    names: Vec<Option<String>>,
    scalars: Vec<Scalar>,
    /// Arguments before what reads them.
    seen: Vec<Seen>,
    /// Places of what they read, of one after the other.
    reads: Vec<u32>,
    known: FxHashMap<*const UserNode, u32>,
    /// Whether what is seen counts as passed.
    marks: bool,
    /// The function that is traced, if one is.
    call: traced::Call,
    /// The line that wrote the first root.
    origin: Option<&'static Location<'static>>,
}

/// A node on the way.
struct Step {
    array: Array,
    /// If what it reads has been entered, how many that are; they are kept alive by being seen.
    entered: Option<u32>,
}

impl Step {
    fn enter(array: Array) -> Self {
        Self { array, entered: None }
    }
}

impl Capture {
    fn of(roots: &[Array], marks: bool) -> Result<Self> {
        Self { marks, ..Self::default() }.and(roots)
    }

    /// What these roots need, too.
    fn and(mut self, roots: &[Array]) -> Result<Self> {
        self.origin = roots.first().map(|root| root.0.origin);
        // Room for a short expression, which then grows nothing.
        self.known.reserve(USUAL);
        self.seen.reserve(USUAL);
        self.reads.reserve(2 * USUAL);
        let mut steps: Vec<Step> = Vec::with_capacity(USUAL);
        // What the nodes read that have been entered and not left, the innermost last.
        let mut open: Vec<*const UserNode> = Vec::with_capacity(2 * USUAL);
        steps.extend(roots.iter().rev().cloned().map(Step::enter));
        while let Some(Step { array, entered }) = steps.pop() {
            if let Some(reads) = entered {
                let first = open.len() - reads as usize;
                self.node(array, &open[first..]);
                open.truncate(first);
                continue;
            }
            if self.known.contains_key(&Arc::as_ptr(&array.0)) {
                continue;
            }
            let array = array.sound()?;
            if matches!(array.0.op, Some(Op::Input(_))) && !array.is_evaluated() {
                self.parameter(array)?;
                continue;
            }
            let at = steps.len();
            let reads = array.0.lazy(|args| {
                for arg in args.iter().rev() {
                    if !self.known.contains_key(&Arc::as_ptr(&arg.0)) {
                        steps.push(Step::enter(arg.clone()));
                    }
                }
                open.extend(args.iter().map(|arg| Arc::as_ptr(&arg.0)));
                args.len() as u32
            });
            match reads {
                Some(_) => steps.insert(at, Step { array, entered: reads }),
                None => self.leaf(array),
            }
        }
        Ok(self)
    }

    fn leaf(&mut self, array: Array) {
        let buffer = array.0.value.get().expect("a node without an operation has a value").clone();
        self.input(array, buffer);
    }

    fn input(&mut self, array: Array, buffer: Arc<Buffer>) {
        let given = Some(Given::Input(self.inputs.len() as u32));
        if let Some(name) = &array.0.name {
            self.names.resize(self.inputs.len(), None);
            self.names.push(Some(name.to_string()));
        }
        self.inputs.push(Leaf { buffer, donated: false });
        let source = self.seen.len() as u32;
        self.push(Seen {
            array,
            given,
            args: (0, 0),
            source,
            is_lazy: false,
            was_passed: false,
            creation: None,
        });
    }

    fn node(&mut self, array: Array, args: &[*const UserNode]) {
        let op = array.0.op.as_ref().expect("a lazy node has an operation");
        let range = (self.reads.len() as u32, args.len() as u32);
        self.reads.extend(args.iter().map(|arg| self.known[arg]));
        let args = &self.reads[range.0 as usize..];
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
        let given = match op {
            Op::Const(value) if !is_structure(*value) => {
                self.scalars.push(*value);
                Some(Given::Scalar(self.scalars.len() as u32 - 1))
            }
            _ => None,
        };
        let was_passed = array.0.passed.load(Relaxed);
        if self.marks {
            array.0.passed.store(true, Relaxed);
        }
        self.push(Seen { array, given, args: range, source, is_lazy: true, was_passed, creation });
    }

    fn push(&mut self, seen: Seen) {
        self.known.insert(Arc::as_ptr(&seen.array.0), self.seen.len() as u32);
        self.seen.push(seen);
    }

    /// The place of an array that was seen.
    fn place(&self, array: &Array) -> u32 {
        self.known[&Arc::as_ptr(&array.0)]
    }

    fn seen(&self, array: &Array) -> &Seen {
        &self.seen[self.place(array) as usize]
    }

    /// The places of what was read by `seen`.
    fn args(&self, seen: &Seen) -> &[u32] {
        let (first, count) = seen.args;
        &self.reads[first as usize..][..count as usize]
    }

    /// The node that `seen` is in the captured graph, where `values` are those of what was seen before.
    fn captured_node(&self, seen: &Seen, values: &[Value]) -> Node {
        let op = match (seen.given, &seen.array.0.op) {
            (Some(Given::Input(number)), _) => Op::Input(number),
            (Some(Given::Scalar(number)), _) => Op::Scalar(number),
            (None, op) => op.clone().expect("a lazy node has an operation"),
        };
        let args = self.args(seen).iter().map(|&arg| values[arg as usize]);
        Node::new(op, args, complex::in_programs(seen.array.ty()))
    }

    /// Adds to `record` all that the node of `seen` in the captured graph is made from.
    fn record(&self, seen: &Seen, record: &mut Record) {
        match seen.given {
            Some(given) => record.add(&given),
            None => record.add(&(2_isize, seen.array.0.op.as_ref())),
        }
        record.add(&(self.args(seen), seen.array.ty()));
    }

    /// The graph of what was seen, with no outputs yet, and the value of each place in it.
    fn nodes(&self) -> (Graph, Vec<Value>) {
        let mut graph = Graph::default();
        let mut values: Vec<Value> = Vec::with_capacity(self.seen.len());
        for seen in &self.seen {
            values.push(graph.add(self.captured_node(seen, &values)).into());
        }
        (graph, values)
    }

    /// The graph of what was seen that results in these arrays, one output for each.
    fn results(&self, roots: &[Array]) -> Arc<Graph> {
        let (mut graph, values) = self.nodes();
        graph.outputs = roots.iter().map(|root| values[self.place(root) as usize]).collect();
        Arc::new(graph)
    }

    /// The graph of what was seen that results in these places.
    fn graph(&self, places: &[u32]) -> Made {
        let mut record = Record::of(self.seen.len());
        self.seen.iter().for_each(|seen| self.record(seen, &mut record));
        record.add(&places);
        known::graph(record, || {
            let (graph, values) = self.nodes();
            with_outputs(graph, &values, places.iter().copied())
        })
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
                self.args(seen).iter().for_each(|&arg| read(arg));
            }
        }
        // A root is stored whatever it is, so a view reads like any other.
        for root in roots.iter().map(|root| self.seen(root)) {
            if root.is_lazy && !root.was_passed {
                read(self.place(&root.array));
            }
        }
        for root in roots {
            is_border[self.place(root) as usize] = false;
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
    fn release(&mut self, roots: &mut [Array], border: &[u32]) -> Vec<(Array, u32)> {
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
                held.push((seen.array, place as u32));
                continue;
            }
            drop(seen);
            if let Some(node) = root.and_then(|&nth| Arc::get_mut(&mut roots[nth].0)) {
                node.forget();
            }
        }
        for leaf in &mut self.inputs {
            leaf.donated = leaf.buffer.is_writable() && Arc::strong_count(&leaf.buffer) == 1;
        }
        held
    }

    fn captured(self, graph: Arc<Graph>) -> Captured {
        Captured { graph, inputs: self.inputs, scalars: self.scalars, names: self.names, origin: self.origin }
    }
}

/// Whether a constant is part of the program, because rules look at it.
fn is_structure(value: Scalar) -> bool {
    value.dtype() == DType::Bool || [0.0, 1.0, -1.0].contains(&value.to_f64())
}

/// A graph that results in the values of these places, each once.
fn with_outputs(mut graph: Graph, values: &[Value], places: impl Iterator<Item = u32>) -> Made {
    let mut known: FxHashMap<Value, usize> = FxHashMap::default();
    let at = places.map(|place| {
        let value = values[place as usize];
        *known.entry(value).or_insert_with(|| {
            graph.outputs.push(value);
            graph.outputs.len() - 1
        })
    });
    Made { at: at.collect(), graph: Arc::new(graph) }
}

/// Arrays that want an output of a program, with the number of the output.
type Wanted = Vec<(Array, usize)>;

/// Evaluates what is not evaluated of `roots`, in one program, and keeps the values in their nodes.
///
/// # Errors
/// What building the kernels or running them reports.
pub(super) fn force(roots: &[Array]) -> Result<()> {
    if roots.iter().all(Array::is_evaluated) {
        return Ok(());
    }
    roots.iter().try_for_each(|root| root.untraced("eval"))?;
    let (captured, wanted) = lend(roots)?;
    run(captured, wanted)
}

/// The program of roots that stay as they are, and which nodes want which of its outputs.
fn lend(roots: &[Array]) -> Result<(Captured, Wanted)> {
    let capture = Capture::of(roots, true)?;
    let border = capture.border(roots);
    let roots = roots.iter().map(|root| capture.place(root));
    let places: SmallVec<[u32; 4]> =
        roots.chain(border).filter(|&place| capture.seen[place as usize].is_lazy).collect();
    let Made { graph, at } = capture.graph(&places);
    let arrays = places.iter().map(|&place| capture.seen[place as usize].array.clone());
    let wanted = arrays.zip(at).collect();
    Ok((capture.captured(graph), wanted))
}

/// The same for roots that are given away: memory that nobody else holds may be reused.
///
/// # Errors
/// As [`force`]; the roots are lost then, but for other handles on them.
pub(super) fn consume(mut roots: Vec<Array>) -> Result<Vec<Array>> {
    if !roots.iter().all(Array::is_evaluated) {
        roots.iter().try_for_each(|root| root.untraced("eval"))?;
        let (captured, wanted) = give(&mut roots)?;
        run(captured, wanted)?;
    }
    Ok(roots)
}

/// The program of roots that are given away, and which nodes want which of its outputs.
fn give(roots: &mut [Array]) -> Result<(Captured, Wanted)> {
    let mut capture = Capture::of(roots, true)?;
    let lazy: SmallVec<[usize; 4]> =
        (0..roots.len()).filter(|&nth| capture.seen(&roots[nth]).is_lazy).collect();
    let places: SmallVec<[u32; 4]> = lazy.iter().map(|&nth| capture.place(&roots[nth])).collect();
    let border = capture.border(roots);
    if border.is_empty() {
        let Made { graph, at } = capture.graph(&places);
        capture.release(roots, &border);
        let wanted = lazy.iter().zip(at).map(|(&nth, at)| (roots[nth].clone(), at)).collect();
        return Ok((capture.captured(graph), wanted));
    }
    // What of the border is worth storing shows only when all else has been let go.
    let (graph, values) = capture.nodes();
    let held = capture.release(roots, &border);
    let places = places.into_iter().chain(held.iter().map(|(_, place)| *place));
    let Made { graph, at } = with_outputs(graph, &values, places);
    let arrays = lazy.iter().map(|&nth| roots[nth].clone());
    let wanted = arrays.chain(held.into_iter().map(|(array, _)| array)).zip(at).collect();
    Ok((capture.captured(graph), wanted))
}

/// Runs the program and keeps its outputs. What failed leaves every node as it was.
fn run(captured: Captured, wanted: Wanted) -> Result<()> {
    let buffers = pipeline::evaluate(captured)?;
    for (array, at) in wanted {
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
    let graph = capture.results(roots);
    Ok(capture.captured(graph))
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
        if array.0.lazy(|args| pending.extend(args.iter().cloned())).is_some() {
            operations += usize::from(!matches!(array.0.op, Some(Op::Const(_) | Op::Input(_))));
        } else if let Some(buffer) = array.0.value.get() {
            buffers.insert(Arc::as_ptr(buffer), buffer.bytes());
        }
    }
    (operations, buffers.values().sum())
}

#[cfg(test)]
mod tests;
