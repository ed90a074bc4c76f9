//! Computes elementwise nests inside the nests that read them, so that no intermediate array
//! reaches memory. Only expressions and index maps are composed; what the reader accumulates does
//! not matter.
//!
//! The rule, visible in the dump: a value is computed where it is read if
//! - it is a view (it computes nothing), or
//! - it is read once, and each of its elements at most once (by another elementwise nest, if it
//!   could be the epilogue of a reduction or product: there it costs nothing), or
//! - it is cheap and no such epilogue: at most [`CHEAP`] additions' worth of work from at most [`CHEAP_LOADS`] arrays;
//!   but where it is read through a broadcast that repeats it [`REPEATS`] times or more, only if
//!   it is a single cheap step ([`TRIVIAL`]), since storing it costs little beside its readers.
//!
//! Everything else is stored, and so is every output. A chain of any length becomes one nest.
//!
//! A gather is never cheap, and stored for a product, which takes few elements at a time. An index array is
//! memory, or a view of some. What is picked from is computed where it is read only if it picks nothing itself
//! and indices remain part of where it reads: they are looked at where something is read by them.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::base::{IndexMap, Interner, Shape};
use crate::graph::{Core, Graph, Nest, Node, NodeId, Op, Value, verify::reads_of};
use crate::op::{Builder, Expr, Inst, Ref};
use crate::opt::nest::{Body, are_distinct};

/// Most work that is done again for each reader rather than stored, in additions: reading a stored
/// value back costs about as much.
pub const CHEAP: usize = 8;

/// Most arrays a value that is computed again may read.
pub const CHEAP_LOADS: usize = 2;

/// The work that is done again even where a broadcast repeats it.
pub const TRIVIAL: usize = 2;

/// From how many readings of each element on a broadcast value is stored.
pub const REPEATS: usize = 4;

/// Computes views where they are read: their index maps join their readers'.
pub fn fold_views(graph: &Graph) -> Graph {
    inline(graph, |producer| {
        producer.nest.picks.is_empty() && producer.nest.then.iter().all(|(inst, _)| inst.is_leaf())
    })
}

/// Computes elementwise nests where they are read, by the rule of the module.
pub fn fuse(graph: &Graph) -> Graph {
    inline(graph, |producer| {
        let repeated = producer.visits >= producer.elements.saturating_mul(producer.readers * REPEATS);
        let once = producer.readers == 1 && producer.visits <= producer.elements;
        match producer.weight {
            _ if producer.gathers && producer.multiplied => false,
            0 => true,
            _ if producer.epilogue => once && producer.read_by_map,
            _ if once => true,
            weight if repeated => weight <= TRIVIAL && producer.loads <= 1,
            weight => weight <= CHEAP && producer.loads <= CHEAP_LOADS,
        }
    })
}

/// What is known of an elementwise nest when it is decided where it is computed.
struct Producer<'a> {
    nest: &'a Nest,
    /// Its work per element with that of all it computes in itself.
    weight: usize,
    /// The arrays it reads.
    loads: usize,
    /// How many arguments of other nests it is.
    readers: usize,
    /// How many elements of it they read, together.
    visits: usize,
    /// How many elements it has.
    elements: usize,
    /// Whether it could be the epilogue of a reduction or product that it reads.
    epilogue: bool,
    /// Whether all its readers are elementwise nests.
    read_by_map: bool,
    /// Whether products are among them.
    multiplied: bool,
    /// Whether it or what it computes in itself reads by index arrays.
    gathers: bool,
}

/// What the readers of a node's values are.
#[derive(Clone, Copy, Default)]
struct Readers {
    count: usize,
    visits: usize,
    /// Whether memory is asked for: by an output, a join or a reshape.
    stored: bool,
    /// Whether a reduction or product is among them.
    accumulated: bool,
    /// Whether a product is.
    multiplied: bool,
    /// Whether what they read is to be an index.
    picking: bool,
    /// The axes along which they pick from it, a bit for each.
    picked: u64,
}

/// The bit of an axis.
fn bit(axis: usize) -> u64 {
    1 << axis.min(63)
}

/// How many times a nest evaluates the expressions that read argument `arg`.
fn visits(nest: &Nest, arg: usize) -> usize {
    if nest.core == Core::Map {
        return nest.domain.size();
    }
    let reads = |expr: &Expr| reads_of(expr).any(|read| read == arg);
    let without = |axis: usize| nest.domain.without(|a| a == axis).size();
    let rank = nest.domain.rank();
    let mut count = 0_usize;
    match &nest.core {
        Core::Map => {}
        Core::Reduce { each, .. } if reads(each) => count = nest.domain.size(),
        Core::Matmul { lhs, .. } if reads(lhs) => count = without(rank - 2),
        Core::Matmul { rhs, .. } if reads(rhs) => count = without(rank - 3),
        _ => {}
    }
    if reads(&nest.then) { count.saturating_add(nest.out_shape().size()) } else { count }
}

/// The readers of every node, and whether any pick.
fn readers(graph: &Graph) -> (Vec<Readers>, bool) {
    let live = graph.live();
    let mut readers = vec![Readers::default(); graph.len()];
    let mut picking = false;
    for (_, node) in graph.iter().filter(|(id, _)| live[id.index()]) {
        for (arg, value) in node.args.iter().enumerate() {
            let of = &mut readers[value.node.index()];
            of.count += 1;
            match &node.op {
                Op::Nest(nest) => {
                    of.visits = of.visits.saturating_add(visits(nest, arg));
                    of.accumulated |= nest.core != Core::Map;
                    of.multiplied |= matches!(nest.core, Core::Matmul { .. });
                    of.picking |= nest.picks.iter().any(|pick| pick.arg as usize == arg);
                    picking |= of.picking;
                    let axes = nest.picked_axes(arg);
                    of.picked = axes.fold(of.picked, |picked, axis| picked | bit(axis));
                }
                _ => of.stored = true,
            }
        }
    }
    graph.outputs.iter().for_each(|output| readers[output.node.index()].stored = true);
    if picking {
        keep_indices(graph, &mut readers);
    }
    (readers, picking)
}

/// Notes which nodes must be memory for what reads them as indices, itself or through views.
fn keep_indices(graph: &Graph, readers: &mut [Readers]) {
    for index in (0..graph.len()).rev() {
        if !readers[index].picking {
            continue;
        }
        match source(&graph[NodeId::new(index)]) {
            Some((_, arg)) => readers[arg.node.index()].picking = true,
            None => readers[index].stored = true,
        }
    }
}

/// The axes of a nest on which it depends where it reads memory, given the same of its arguments.
fn axes_used(node: &Node, nest: &Nest, used: &[u64]) -> u64 {
    let reads = node.args.iter().zip(&nest.reads).flat_map(|(arg, read)| {
        let of = used[arg.node.index()];
        read.0.iter().enumerate().filter(move |(axis, _)| of & bit(*axis) != 0)
    });
    let terms = reads.flat_map(|(_, index)| &index.terms);
    terms.fold(0, |uses, &(axis, _)| uses | bit(axis as usize))
}

/// Where a node that is a view reads, and of what.
fn source(node: &Node) -> Option<(&IndexMap, Value)> {
    let Op::Nest(nest) = &node.op else { return None };
    match nest.then.inst(nest.then.outs()[0]) {
        Inst::Arg(arg) if nest.core == Core::Map && nest.picks.is_empty() && node.types.len() == 1 => {
            Some((&nest.reads[*arg as usize], node.args[*arg as usize]))
        }
        _ => None,
    }
}

/// The graph in which every elementwise nest of one output that nobody wants in memory, and for
/// which `choose` says so, is computed in its readers.
fn inline(graph: &Graph, choose: impl Fn(&Producer) -> bool) -> Graph {
    let (readers, picking) = readers(graph);
    let mut inlined = vec![false; graph.len()];
    let (mut weights, mut loads) = (vec![0_usize; graph.len()], vec![1_usize; graph.len()]);
    let mut gathers = vec![false; graph.len()];
    // The axes on which it depends where each node reads memory, a bit for each; all of what is memory.
    let mut used = if picking { vec![u64::MAX; graph.len()] } else { Vec::new() };
    // Reductions, products, and what is computed from one where it writes.
    let mut accumulates = vec![false; graph.len()];
    for (id, node) in graph.iter() {
        let Op::Nest(nest) = &node.op else { continue };
        let Readers { count, visits, stored, accumulated, multiplied, picked, .. } = readers[id.index()];
        let epilogue = (node.args.iter().zip(&nest.reads)).any(|(arg, read)| {
            accumulates[arg.node.index()] && nest.reads_where_written(read, &graph.ty(*arg).shape)
        });
        accumulates[id.index()] = nest.core != Core::Map;
        if nest.core != Core::Map || node.types.len() != 1 || stored || count == 0 {
            continue;
        }
        let args = || node.args.iter().map(|arg| arg.node.index());
        let weight = args().filter(|arg| inlined[*arg]).map(|arg| weights[arg]).sum::<usize>()
            + nest.then.weight()
            + nest.picks.len() * (CHEAP + 1);
        let mut uses = u64::MAX;
        if picking {
            gathers[id.index()] = !nest.picks.is_empty() || args().any(|arg| inlined[arg] && gathers[arg]);
            uses = axes_used(node, nest, &used);
            if picked != 0 && (gathers[id.index()] || picked & !uses != 0) {
                continue;
            }
        }
        let elements = nest.domain.size();
        let loads_here = args().map(|arg| if inlined[arg] { loads[arg] } else { 1 }).sum();
        let producer = Producer {
            nest,
            weight,
            loads: loads_here,
            readers: count,
            visits,
            elements,
            epilogue,
            read_by_map: !accumulated,
            multiplied,
            gathers: gathers[id.index()],
        };
        if choose(&producer) {
            inlined[id.index()] = true;
            if picking {
                used[id.index()] = uses;
            }
            (weights[id.index()], loads[id.index()]) = (weight, loads_here);
            accumulates[id.index()] = epilogue;
        }
    }
    let mut new = Graph::default();
    let mut renamed: Vec<Value> = vec![NodeId::new(0).into(); graph.len()];
    let live = graph.live();
    let mut composer = Composer::new(graph, &inlined);
    for (id, node) in graph.iter().filter(|(id, _)| live[id.index()] && !inlined[id.index()]) {
        // Whether it computes nothing of what it reads, which is still as many arrays.
        let stays = |args: &[Value]| {
            node.args.iter().all(|arg| !inlined[arg.node.index()]) && are_distinct(args, &node.args)
        };
        let args: SmallVec<[Value; 2]> = node.args.iter().map(|arg| rename(&renamed, *arg)).collect();
        let built = match &node.op {
            Op::Nest(nest) if !stays(&args) => composer.compose(&mut new, &renamed, node, nest),
            op => new.add(Node { op: op.clone(), args, types: node.types.clone() }),
        };
        renamed[id.index()] = built.into();
    }
    new.outputs = graph.outputs.iter().map(|output| rename(&renamed, *output)).collect();
    new
}

/// What a value of the old graph is in the new one.
fn rename(renamed: &[Value], value: Value) -> Value {
    Value { node: renamed[value.node.index()].node, ..value }
}

/// `expr` over arguments that are the values `args`.
fn within(builder: &mut Builder, expr: &Expr, args: &[Ref]) -> Expr {
    let outs = builder.inline(expr, |_, inst, _| match inst {
        Inst::Arg(arg) => Some(args[*arg as usize]),
        _ => None,
    });
    builder.finish(outs)
}

/// Builds the expressions of nests from those of the producers computed in them.
struct Composer<'a> {
    graph: &'a Graph,
    inlined: &'a [bool],
    /// Every map that producers of the present nest are read through, by number.
    maps: Interner<IndexMap>,
    /// What is computed already in the present nest: a producer read through a map. The latest map of
    /// each producer is in `latest`, as most have one only; with the number of the nest.
    latest: Vec<Known>,
    known: FxHashMap<(NodeId, u32), Ref>,
    nest: u32,
    body: Body,
    /// The loops of the present nest.
    domain: Shape,
    /// Producers whose arguments are being computed, and the arguments computed so far.
    frames: Vec<Frame>,
    values: Vec<Ref>,
}

/// What a producer read through a map is in the expression of a nest.
#[derive(Clone, Copy)]
struct Known {
    nest: u32,
    map: u32,
    value: Ref,
}

/// A producer whose arguments are being computed: those from `first` on are there.
struct Frame {
    node: NodeId,
    map: u32,
    /// The map with what its picks are.
    picked: u32,
    first: usize,
}

impl<'a> Composer<'a> {
    fn new(graph: &'a Graph, inlined: &'a [bool]) -> Self {
        Self {
            graph,
            inlined,
            maps: Interner::default(),
            latest: vec![Known { nest: 0, map: 0, value: Ref::new(0) }; graph.len()],
            known: FxHashMap::default(),
            nest: 0,
            body: Body::default(),
            domain: Shape::default(),
            frames: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The nest of `node` with all that is inlined computed in it.
    fn compose(&mut self, new: &mut Graph, renamed: &[Value], node: &Node, nest: &Nest) -> NodeId {
        self.nest += 1;
        self.maps.clear();
        self.known.clear();
        self.domain.clone_from(&nest.domain);
        let own = match nest.picks.is_empty() {
            true => None,
            false => Some(self.picked(new, renamed, node, nest, IndexMap::identity(nest.domain.rank()))),
        };
        let args: SmallVec<[Ref; 4]> = (node.args.iter().zip(&nest.reads))
            .map(|(arg, read)| {
                let read = match &own {
                    Some(own) => Cow::Owned(read.compose(own)),
                    None => Cow::Borrowed(read),
                };
                if !self.inlined[arg.node.index()] {
                    return self.body.read(new, rename(renamed, *arg), &read);
                }
                let map = self.maps.number(read.into_owned()) as u32;
                self.value(new, renamed, *arg, map)
            })
            .collect();
        let mut body = std::mem::take(&mut self.body);
        let core = match &nest.core {
            Core::Map => Core::Map,
            Core::Reduce { fold, axes, each } => {
                Core::Reduce { fold: *fold, axes: axes.clone(), each: within(&mut body.builder, each, &args) }
            }
            Core::Matmul { lhs, rhs } => Core::Matmul {
                lhs: within(&mut body.builder, lhs, &args),
                rhs: within(&mut body.builder, rhs, &args),
            },
        };
        let then = within(&mut body.builder, &nest.then, &args);
        body.close(new, nest.domain.clone(), core, then, node.types.clone())
    }

    /// What the axes and picks of `nest` are, whose axes are `axes`. The indices are where views of them
    /// read them.
    fn picked(
        &mut self,
        new: &Graph,
        renamed: &[Value],
        node: &Node,
        nest: &Nest,
        axes: IndexMap,
    ) -> IndexMap {
        let mut all = axes.clone();
        for pick in &nest.picks {
            let arg = pick.arg as usize;
            let (mut value, mut map) = (node.args[arg], nest.reads[arg].compose(&axes));
            while self.inlined[value.node.index()] {
                let (read, of) = source(&self.graph[value.node]).expect("an index is memory or a view");
                (value, map) = (of, read.compose(&map));
            }
            let index = self.body.pick(new, &self.domain, (rename(renamed, value), &map), *pick);
            all.0.push(index);
        }
        all
    }

    /// The element of `value` at map number `map`. Producers may nest millions deep, so the walk keeps
    /// a stack of its own.
    fn value(&mut self, new: &Graph, renamed: &[Value], value: Value, map: u32) -> Ref {
        let mut wanted = (value, map);
        loop {
            let (value, map) = wanted;
            let mut result = if !self.inlined[value.node.index()] {
                Some(self.body.read(new, rename(renamed, value), &self.maps[map as usize]))
            } else {
                self.known(value.node, map)
            };
            if result.is_none() {
                let node = &self.graph[value.node];
                let picked = match &node.op {
                    Op::Nest(nest) if !nest.picks.is_empty() => {
                        let axes = self.maps[map as usize].clone();
                        let all = self.picked(new, renamed, node, nest, axes);
                        self.maps.number(all) as u32
                    }
                    _ => map,
                };
                self.frames.push(Frame { node: value.node, map, picked, first: self.values.len() });
            }
            // Finishes what has all its arguments, and goes on with the next argument of what has not.
            wanted = loop {
                let Some(frame) = self.frames.last() else {
                    return result.expect("the walk ends with a value");
                };
                let Frame { node: id, map, picked, first } = *frame;
                self.values.extend(result.take());
                let node = &self.graph[id];
                let Op::Nest(nest) = &node.op else { unreachable!("only nests are inlined") };
                let there = self.values.len() - first;
                if let Some(arg) = node.args.get(there) {
                    let read = &nest.reads[there];
                    // Reading in place changes no map, and is what most producers do.
                    let in_place = read.0.len() == nest.domain.rank() && read.is_identity();
                    let composed = match in_place {
                        true => map,
                        false => self.maps.number(read.compose(&self.maps[picked as usize])) as u32,
                    };
                    break (*arg, composed);
                }
                self.frames.pop();
                let args = &self.values[first..];
                let outs = self.body.builder.inline(&nest.then, |_, inst, _| match inst {
                    Inst::Arg(arg) => Some(args[*arg as usize]),
                    _ => None,
                });
                self.values.truncate(first);
                self.learn(id, map, outs[0]);
                result = Some(outs[0]);
            };
        }
    }

    /// What the present nest knows a producer read through a map to be.
    fn known(&self, node: NodeId, map: u32) -> Option<Ref> {
        let latest = self.latest[node.index()];
        match latest.nest == self.nest {
            true if latest.map == map => Some(latest.value),
            true => self.known.get(&(node, map)).copied(),
            false => None,
        }
    }

    fn learn(&mut self, node: NodeId, map: u32, value: Ref) {
        let latest = &mut self.latest[node.index()];
        if latest.nest == self.nest {
            self.known.insert((node, latest.map), latest.value);
        }
        *latest = Known { nest: self.nest, map, value };
    }
}
