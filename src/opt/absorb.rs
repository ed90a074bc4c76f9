//! Lets nests take over the elementwise work that follows them: epilogues of reductions and
//! products, and elementwise nests over the same domain, which become one nest of several outputs.
//!
//! A nest takes over a map that reads its outputs where it writes them (the index maps prove it),
//! whatever else the map reads, or a map over the same domain that reads one of its arguments the
//! same way. Outputs that then have no reader disappear: so bias, ReLU or any other chain becomes
//! the epilogue of its matmul, and the product itself never reaches memory.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::base::{Affine, DType, Keyed, Shape, Type};
use crate::graph::{Core, Graph, Nest, Node, NodeId, Op, Value, verify::reads_of};
use crate::op::{Builder, Expr, Inst, Ref};
use crate::opt::nest::{Body, FEW, are_distinct};

/// Longest expression that siblings and stored producers merge into: merging saves one reading of
/// what they share, which is nothing beside this much work. An epilogue has no limit.
const LONGEST: usize = 512;

/// Most outputs of a nest, those that disappear again included: a value names its output by a byte.
const MOST_OUTPUTS: usize = 250;

/// A nest that may still grow.
struct Slot {
    /// When it runs: a number above those of all it reads. Leaves of the graph are at 0, node `%n`
    /// at `n + 1`.
    position: usize,
    /// The nodes of the old graph it computes.
    nodes: SmallVec<[NodeId; 2]>,
    /// How many arguments of other nodes are values of it.
    readers: usize,
    /// Whether an output is one.
    returned: bool,
    /// What its first node reads and computes.
    args: SmallVec<[Value; 2]>,
    nest: Keyed<Nest>,
    types: Vec<Type>,
    /// What it reads and computes, once that may be more.
    grown: Option<Box<Grown>>,
}

/// The expression of a nest as it grows, over arguments of the old graph.
struct Grown {
    body: Body,
    outs: Vec<Ref>,
}

impl Slot {
    /// Its expression, to be made longer or looked into.
    fn grown(&mut self) -> &mut Grown {
        let (nest, args) = (&self.nest, &self.args);
        self.grown.get_or_insert_with(|| {
            let mut body = Body::default();
            let numbers: SmallVec<[usize; 8]> =
                args.iter().zip(&nest.reads).map(|(arg, read)| body.argument(*arg, read)).collect();
            body.take_picks(&nest.picks, &numbers);
            let outs = body.builder.inline(&nest.then, numbered(&numbers));
            Box::new(Grown { body, outs: outs.into_vec() })
        })
    }

    /// The length of its epilogue, in instructions.
    fn length(&self) -> usize {
        self.grown.as_ref().map_or(self.nest.then.len(), |grown| grown.body.builder.len())
    }

    /// Shows `see` every value it reads.
    fn each_read(&self, see: impl FnMut(&Value)) {
        match &self.grown {
            Some(grown) => grown.body.arguments().iter().map(|(value, _)| value).for_each(see),
            None => self.args.iter().for_each(see),
        }
    }
}

/// Where the results of a node of the old graph are: outputs of a slot, from this number on.
#[derive(Clone, Copy)]
struct Place {
    slot: usize,
    first: usize,
}

/// Elementwise nests joined to the nests they read from or resemble.
pub fn absorb(graph: &Graph) -> Graph {
    let live = graph.live();
    let mut work = Work {
        graph,
        slots: Vec::new(),
        places: vec![None; graph.len()],
        readers: vec![SmallVec::new(); graph.len()],
        returned: vec![false; graph.len()],
        latest: FxHashMap::default(),
    };
    graph.outputs.iter().for_each(|output| work.returned[output.node.index()] = true);
    for (id, node) in graph.iter().filter(|(id, _)| live[id.index()]) {
        node.args.iter().for_each(|arg| work.readers[arg.node.index()].push(id));
    }
    for (id, node) in graph.iter().filter(|(id, _)| live[id.index()]) {
        if let Op::Nest(nest) = &node.op {
            work.place(id, node, nest);
        }
    }
    work.finish(&live)
}

struct Work<'a> {
    graph: &'a Graph,
    slots: Vec<Slot>,
    /// Per node of the old graph, if it is a nest, where it went.
    places: Vec<Option<Place>>,
    /// Per node of the old graph, who reads it, and whether it is an output.
    readers: Vec<SmallVec<[NodeId; 2]>>,
    returned: Vec<bool>,
    /// Per domain the slot of the last map over it: where siblings meet.
    latest: FxHashMap<Shape, usize>,
}

impl Work<'_> {
    /// When a node of the old graph runs.
    fn position(&self, id: NodeId) -> usize {
        match self.places[id.index()] {
            Some(place) => self.slots[place.slot].position,
            None if self.graph[id].args.is_empty() => 0,
            None => id.index() + 1,
        }
    }

    fn is_in(&self, slot: usize, id: NodeId) -> bool {
        self.places[id.index()].is_some_and(|place| place.slot == slot)
    }

    /// Joins a nest to a slot, or gives it one of its own.
    fn place(&mut self, id: NodeId, node: &Node, nest: &Keyed<Nest>) {
        let host = if nest.core == Core::Map { self.host(id, node, nest) } else { None };
        let readers = self.readers[id.index()].len();
        let place = match host {
            Some((slot, axes, position)) => {
                let inside = self.reads_from(slot, node);
                let first = self.join(slot, &axes, node, nest);
                let slot_now = &mut self.slots[slot];
                slot_now.position = position;
                slot_now.nodes.push(id);
                slot_now.readers = slot_now.readers + readers - inside;
                slot_now.returned |= self.returned[id.index()];
                Place { slot, first }
            }
            None => {
                self.slots.push(Slot {
                    position: id.index() + 1,
                    nodes: smallvec![id],
                    readers,
                    returned: self.returned[id.index()],
                    args: node.args.clone(),
                    nest: nest.clone(),
                    types: node.types.to_vec(),
                    grown: None,
                });
                Place { slot: self.slots.len() - 1, first: 0 }
            }
        };
        self.places[id.index()] = Some(place);
        if self.slots[place.slot].nest.core == Core::Map {
            self.latest.insert(nest.domain.clone(), place.slot);
        }
    }

    /// How many arguments of a node are values of a slot.
    fn reads_from(&self, slot: usize, node: &Node) -> usize {
        node.args.iter().filter(|arg| self.is_in(slot, arg.node)).count()
    }

    /// The slot that may take over a map, what axis of its domain each axis of the map is, and when
    /// the two run together.
    fn host(&mut self, id: NodeId, node: &Node, nest: &Nest) -> Option<(usize, Vec<Affine>, usize)> {
        let mut hosts: SmallVec<[usize; 4]> = (node.args.iter().zip(&nest.reads))
            .filter(|(arg, read)| nest.reads_where_written(read, &self.graph.ty(**arg).shape))
            .filter_map(|(arg, _)| self.places[arg.node.index()].map(|place| place.slot))
            .collect();
        // Products first, then the latest: their results cost most to store and read back.
        hosts.sort_by_key(|&slot| {
            let Slot { position, nest, .. } = &self.slots[slot];
            (!matches!(nest.core, Core::Matmul { .. }), std::cmp::Reverse(*position))
        });
        let latest = self.latest.get(&nest.domain).copied();
        hosts.extend(latest.filter(|slot| self.resembles(*slot, node, nest)));
        hosts.dedup();
        // What it reads of a host must all be there when the host computes it.
        let elsewhere = |slot: usize| {
            (node.args.iter().zip(&nest.reads)).any(|(arg, read)| {
                self.is_in(slot, arg.node) && !nest.reads_where_written(read, &self.graph.ty(*arg).shape)
            }) || nest.picks.iter().any(|pick| self.is_in(slot, node.args[pick.arg as usize].node))
        };
        hosts.into_iter().filter(|&slot| !elsewhere(slot)).find_map(|slot| {
            let host = &self.slots[slot].nest;
            let outputs = self.slots[slot].types.len() + node.types.len();
            // Nobody else reads what the slot computes, so it need not be stored.
            let stays = self.slots[slot].returned || self.slots[slot].readers > self.reads_from(slot, node);
            if outputs > MOST_OUTPUTS || (stays && self.slots[slot].length() + nest.then.len() > LONGEST) {
                return None;
            }
            Some((slot, host_axes(host, &nest.domain)?, self.common_position(slot, id, node)?))
        })
    }

    /// Whether the slot and the map read the same array in the same way.
    fn resembles(&mut self, slot: usize, node: &Node, nest: &Nest) -> bool {
        let host = &mut self.slots[slot];
        if host.grown.is_none() && host.args.len() > FEW {
            // Looking through many arguments one by one would take the product of both numbers.
            host.grown();
        }
        node.args.iter().zip(&nest.reads).filter(|(_, read)| !read.0.is_empty()).any(
            |(arg, read)| match &host.grown {
                Some(grown) => grown.body.reads(*arg, read),
                None => {
                    host.args.iter().zip(&host.nest.reads).any(|(other, map)| other == arg && map == read)
                }
            },
        )
    }

    /// When a slot and node `id` may run together: when the slot would, if all else the node reads
    /// is there by then, or when the node would, if nobody needs the slot before.
    fn common_position(&self, slot: usize, id: NodeId, node: &Node) -> Option<usize> {
        let position = self.slots[slot].position;
        let there = |arg: &Value| self.is_in(slot, arg.node) || self.position(arg.node) < position;
        if node.args.iter().all(there) {
            return Some(position);
        }
        let needed = |reader: &NodeId| {
            *reader < id && !self.is_in(slot, *reader) && self.position(*reader) <= id.index()
        };
        let needed_before =
            self.slots[slot].nodes.iter().any(|node| self.readers[node.index()].iter().any(needed));
        (!needed_before).then_some(id.index() + 1)
    }

    /// Adds a map's outputs to a slot; returns the number of the first of them.
    fn join(&mut self, slot: usize, axes: &[Affine], node: &Node, nest: &Nest) -> usize {
        let outputs_of_slot: SmallVec<[Option<usize>; 4]> = (node.args.iter().zip(&nest.reads))
            .map(|(arg, read)| match self.places[arg.node.index()] {
                Some(place)
                    if place.slot == slot && nest.reads_where_written(read, &self.graph.ty(*arg).shape) =>
                {
                    Some(place.first + usize::from(arg.out))
                }
                _ => None,
            })
            .collect();
        let slot = &mut self.slots[slot];
        let domain = slot.nest.domain.clone();
        let Grown { body, outs } = slot.grown();
        let first = outs.len();
        let axes = axes.iter().cloned().collect();
        let axes = body.with_picks(self.graph, &domain, (nest, &node.args), &axes);
        let mut numbers: SmallVec<[usize; 4]> = SmallVec::from_elem(0, node.args.len());
        for arg in reads_of(&nest.then).filter(|arg| outputs_of_slot[*arg].is_none()) {
            let read = nest.reads[arg].compose(&axes);
            numbers[arg] = body.argument(node.args[arg], &read);
        }
        let added = body.builder.inline(&nest.then, |b, inst, dtype| {
            let Inst::Arg(arg) = inst else { return None };
            let arg = *arg as usize;
            Some(match outputs_of_slot[arg] {
                Some(out) => outs[out],
                None => b.arg(numbers[arg], dtype),
            })
        });
        outs.extend(added);
        slot.types.extend(node.types.iter().cloned());
        first
    }

    /// The new graph: slots and all other nodes in the order in which they run, without the outputs
    /// that nobody reads.
    fn finish(self, live: &[bool]) -> Graph {
        let others =
            || self.graph.iter().filter(|(id, node)| live[id.index()] && !matches!(node.op, Op::Nest(_)));
        let mut wanted: Vec<SmallVec<[bool; 8]>> =
            self.slots.iter().map(|slot| SmallVec::from_elem(false, slot.types.len())).collect();
        let mut want = |value: &Value| {
            if let Some(place) = self.places[value.node.index()] {
                wanted[place.slot][place.first + usize::from(value.out)] = true;
            }
        };
        self.slots.iter().for_each(|slot| slot.each_read(&mut want));
        self.graph.outputs.iter().for_each(&mut want);
        others().flat_map(|(_, node)| &node.args).for_each(&mut want);
        let mut order: Vec<(usize, usize, Option<usize>)> =
            others().map(|(id, _)| (self.position(id), id.index(), None)).collect();
        order.extend(self.slots.iter().enumerate().map(|(number, slot)| (slot.position, 0, Some(number))));
        order.sort_unstable();

        let mut new = Graph::default();
        let mut nodes: Vec<Option<NodeId>> = vec![None; self.graph.len()];
        let mut built: Vec<Option<NodeId>> = vec![None; self.slots.len()];
        let rename = |nodes: &[Option<NodeId>], built: &[Option<NodeId>], value: &Value| {
            let (node, out) = match self.places[value.node.index()] {
                Some(place) => {
                    let out = place.first + usize::from(value.out);
                    (built[place.slot], wanted[place.slot][..out].iter().filter(|wanted| **wanted).count())
                }
                None => (nodes[value.node.index()], usize::from(value.out)),
            };
            Value { node: node.expect("what is read runs before"), out: out as u8 }
        };
        for (_, id, slot) in order {
            match slot {
                Some(slot) => {
                    let now = |arg: &Value| rename(&nodes, &built, arg);
                    built[slot] = Some(rebuilt(&mut new, &self.slots[slot], &wanted[slot], now));
                }
                None => {
                    let mut node = self.graph[NodeId::new(id)].clone();
                    node.args.iter_mut().for_each(|arg| *arg = rename(&nodes, &built, arg));
                    nodes[id] = Some(new.add(node));
                }
            }
        }
        new.outputs = self.graph.outputs.iter().map(|output| rename(&nodes, &built, output)).collect();
        new
    }
}

/// The slot's nest with only the outputs wanted, and only the arguments they need; `rename` says what
/// those are now.
fn rebuilt(new: &mut Graph, slot: &Slot, wanted: &[bool], rename: impl Fn(&Value) -> Value) -> NodeId {
    let nest = &slot.nest;
    let args: SmallVec<[Value; 2]> = slot.args.iter().map(&rename).collect();
    if slot.grown.is_none() && wanted.iter().all(|wanted| *wanted) && are_distinct(&args, &slot.args) {
        let types = slot.types.iter().cloned().collect();
        return new.add(Node { op: Op::Nest(nest.clone()), args, types });
    }
    let mut body = Body::default();
    let own: Vec<usize> = args.iter().zip(&nest.reads).map(|(arg, read)| body.argument(*arg, read)).collect();
    let all: Option<(Expr, Vec<usize>)> = slot.grown.as_ref().map(|grown| {
        let numbers = grown.body.arguments().iter().map(|(arg, read)| body.argument(rename(arg), read));
        let numbers = numbers.collect();
        (grown.body.builder.finish(grown.outs.iter().copied()), numbers)
    });
    match &all {
        Some((_, numbers)) => {
            let picks = slot.grown.as_ref().map_or(&[][..], |grown| grown.body.picks());
            body.take_picks(picks, numbers);
        }
        None => body.take_picks(&nest.picks, &own),
    }
    let mut within = |expr: &Expr, numbers: &[usize], wanted: &[bool]| {
        let outs = body.builder.inline(expr, numbered(numbers));
        let outs = outs.iter().zip(wanted).filter(|(_, wanted)| **wanted).map(|(out, _)| *out);
        body.builder.finish(outs.collect::<SmallVec<[Ref; 4]>>())
    };
    let core = match &nest.core {
        Core::Map => Core::Map,
        Core::Reduce { fold, axes, each } => {
            Core::Reduce { fold: *fold, axes: axes.clone(), each: within(each, &own, &[true; 2]) }
        }
        Core::Matmul { lhs, rhs } => {
            Core::Matmul { lhs: within(lhs, &own, &[true]), rhs: within(rhs, &own, &[true]) }
        }
    };
    let then = match &all {
        Some((then, numbers)) => within(then, numbers, wanted),
        None => within(&nest.then, &own, wanted),
    };
    let types = slot.types.iter().zip(wanted).filter(|(_, wanted)| **wanted).map(|(ty, _)| ty.clone());
    body.close(new, nest.domain.clone(), core, then, types)
}

/// Arguments under other numbers.
fn numbered(numbers: &[usize]) -> impl FnMut(&mut Builder, &Inst, DType) -> Option<Ref> {
    |builder, inst, dtype| match inst {
        Inst::Arg(arg) => Some(builder.arg(numbers[*arg as usize], dtype)),
        _ => None,
    }
}

/// What each axis of a map over `domain` is in the domain of a host whose outputs have that shape,
/// unit axes aside; `None` if they have not.
fn host_axes(host: &Nest, domain: &Shape) -> Option<Vec<Affine>> {
    let mut kept = (0..host.domain.rank()).filter(|&axis| host.keeps(axis) && host.domain[axis] != 1);
    let mut axes = Vec::with_capacity(domain.rank());
    for &extent in domain.iter() {
        axes.push(match extent {
            1 => Affine::constant(0),
            _ => kept.next().filter(|&axis| host.domain[axis] == extent).map(Affine::axis)?,
        });
    }
    kept.next().is_none().then_some(axes)
}
