//! Plans: kernels in order over numbered buffers. Built from an optimised graph; says where every
//! value is stored, what may be overwritten and when memory is no longer needed.

use std::cell::LazyCell;

use rustc_hash::FxHashMap;

use crate::base::{DType, Error, ErrorKind, Keyed, Kind, Result, Shape, Type};
use crate::graph::{Core, Graph, Nest, Node, NodeId, Op, Unit, Value};
use crate::kernel::loops::{Factor, Finish, Kernel, Link, Map, Reduce, Tiles, Work};
use crate::kernel::lower::{Home, Lowering, weight};
use crate::kernel::schedule::streams;
use crate::kernel::{Chain, Place, Slot, Stage, Strip};

/// What runs: kernels in order, the strips they call, the buffers they use.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Every strip, each once.
    pub strips: Vec<Keyed<Strip>>,
    /// The kernels in order.
    pub kernels: Vec<Kernel>,
    /// The buffers.
    pub buffers: Vec<Memory>,
    /// The buffer and type of each output.
    pub outputs: Vec<(u32, Type)>,
}

/// A buffer of a plan.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Its size, in bytes.
    pub bytes: usize,
    /// The input it is, if it is one.
    pub input: Option<u32>,
    /// The number of the last kernel that uses it; none does if it is returned.
    pub last_use: Option<usize>,
    /// The type of the value it was made for.
    pub ty: Type,
}

impl Plan {
    /// The plan of a graph of nests.
    ///
    /// # Errors
    /// If the graph is none: a broken promise of the optimiser.
    pub fn new(graph: &Graph) -> Result<Self> {
        let order = graph
            .run_order()
            .ok_or_else(|| Error::new(ErrorKind::Internal, "plan: groups wait for each other"))?;
        let mut planner = Planner {
            graph,
            lowering: Lowering::default(),
            buffers: Vec::new(),
            scratch: FxHashMap::default(),
        };
        planner.place_joins();
        planner.place_rows();
        let mut kernels = Vec::new();
        for unit in order {
            match unit {
                Unit::Node(id) => kernels.extend(planner.node(id)),
                Unit::Group(number) => kernels.push(planner.group(number)),
            }
        }
        let outputs: Vec<(u32, Type)> = graph
            .outputs
            .iter()
            .map(|output| (planner.buffer_of(*output), graph.ty(*output).clone()))
            .collect();
        let strips = planner.lowering.strips.into_items();
        let mut plan = Plan { strips, kernels, buffers: planner.buffers, outputs };
        plan.find_lifetimes();
        Ok(plan)
    }

    /// Notes when each buffer is used last, and which may be overwritten then.
    fn find_lifetimes(&mut self) {
        for (number, kernel) in self.kernels.iter().enumerate() {
            for &buffer in kernel.reads.iter().chain(&kernel.writes) {
                self.buffers[buffer as usize].last_use = Some(number);
            }
        }
        for (output, _) in &self.outputs {
            self.buffers[*output as usize].last_use = None;
        }
        for number in 0..self.kernels.len() {
            let in_place = self.in_place(number);
            self.kernels[number].in_place = in_place;
        }
    }

    /// The buffers that a kernel may write over ones it reads last.
    fn in_place(&self, number: usize) -> Vec<(u32, u32)> {
        let kernel = &self.kernels[number];
        let accesses = LazyCell::new(|| accesses(&kernel.stages, &self.strips));
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for &written in &kernel.writes {
            let fits = |&read: &u32| {
                let (from, to) = (&self.buffers[read as usize], &self.buffers[written as usize]);
                from.last_use == Some(number)
                    && from.bytes == to.bytes
                    && read != written
                    && from.ty.dtype.size() == to.ty.dtype.size()
                    && !pairs.iter().any(|pair| pair.1 == read)
                    && reads_before_it_writes(kernel, &accesses, (written, read))
            };
            if let Some(&read) = kernel.reads.iter().find(|read| fits(read)) {
                pairs.push((written, read));
            }
        }
        pairs
    }

    /// Lets elementwise stages write past the caches where that pays (`schedule::streams`), and
    /// nobody is about to read the lines: what is written over memory just read stays in them.
    /// `near` is what near caches hold, in bytes; `donated` says which inputs may be written over.
    pub fn stream(&mut self, near: usize, donated: impl Fn(u32) -> bool) {
        if self.buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.bytes)) <= near {
            return;
        }
        let mut users = vec![0; self.strips.len()];
        let stages = || self.kernels.iter().flat_map(|kernel| &kernel.stages);
        stages().flat_map(|stage| links(&stage.work)).for_each(|link| users[link.strip] += 1);
        for kernel in &mut self.kernels {
            let touched = touched(kernel, &self.strips);
            let taken = |pair: &&(u32, u32)| self.buffers[pair.1 as usize].input.is_none_or(&donated);
            let taken: Vec<u32> = kernel.in_place.iter().filter(taken).map(|pair| pair.0).collect();
            let leaves = |place: &Place| match place.slot {
                Slot::Buffer(buffer) => !taken.contains(&buffer) && !kernel.reads.contains(&buffer),
                _ => false,
            };
            for stage in &mut kernel.stages {
                let Work::Map(Map { column, tiles, chain, .. }) = &mut stage.work else { continue };
                for link in &mut chain.links {
                    let strip = &self.strips[link.strip];
                    let row = match tiles {
                        Some(Tiles { run: true, rows, columns }) => *rows * *columns,
                        Some(Tiles { columns, .. }) => *columns,
                        None => stage.extents[*column],
                    };
                    let row = row * strip.outputs()[0].dtype.size();
                    if !streams(touched, row, near) || !link.places[strip.arguments..].iter().all(leaves) {
                        continue;
                    }
                    let streaming = Keyed::new(Strip { streams: true, ..Strip::clone(strip) });
                    if users[link.strip] == 1 {
                        self.strips[link.strip] = streaming;
                        continue;
                    }
                    users[link.strip] -= 1;
                    link.strip =
                        self.strips.iter().position(|known| *known == streaming).unwrap_or_else(|| {
                            self.strips.push(streaming);
                            users.push(0);
                            self.strips.len() - 1
                        });
                    users[link.strip] += 1;
                }
            }
        }
    }
}

/// Bytes of the buffers that a kernel reads and writes, each once.
fn touched(kernel: &Kernel, strips: &[Keyed<Strip>]) -> usize {
    let mut bytes: FxHashMap<u32, usize> = FxHashMap::default();
    for access in accesses(&kernel.stages, strips) {
        let Slot::Buffer(buffer) = access.place.slot else { continue };
        let extents = kernel.stages[access.stage].extents.iter().zip(&access.place.steps);
        let moved = extents.filter(|(_, step)| **step != 0).map(|(extent, _)| *extent);
        let known = bytes.entry(buffer).or_default();
        *known = (*known).max(moved.product::<usize>().saturating_mul(access.size));
    }
    bytes.into_values().fold(0, usize::saturating_add)
}

/// A place that a kernel reads or writes.
struct Access<'a> {
    stage: usize,
    /// When in its stage, for each element of the result or block of a chain.
    step: usize,
    place: &'a Place,
    /// Bytes of an element.
    size: usize,
    writes: bool,
}

/// When a factor of a product is read: before and after anything else.
const ANY_TIME: usize = usize::MAX;

/// All places of a kernel's stages.
fn accesses<'a>(stages: &'a [Stage], strips: &[Keyed<Strip>]) -> Vec<Access<'a>> {
    let mut found = Vec::new();
    for (stage, of) in stages.iter().enumerate() {
        let mut note = |step: usize, place: &'a Place, size: usize, writes: bool| {
            found.push(Access { stage, step, place, size, writes });
        };
        let link = |note: &mut dyn FnMut(usize, &'a Place, usize, bool), step: usize, link: &'a Link| {
            let strip = &strips[link.strip];
            for (at, (place, operand)) in link.places.iter().zip(&strip.operands).enumerate() {
                note(step, place, operand.dtype.size(), at >= strip.arguments);
            }
        };
        match &of.work {
            Work::Map(map) => {
                map.staged.iter().for_each(|staged| note(0, &staged.place, staged.dtype.size(), false));
                (0..).zip(&map.chain.links).for_each(|(step, of)| link(&mut note, step, of));
            }
            Work::Reduce(reduce) => {
                let Reduce { each, accumulate, combine, then, .. } = &**reduce;
                let each = each.iter().flat_map(|each| &each.links);
                each.chain([accumulate, combine]).for_each(|of| link(&mut note, 0, of));
                (1..).zip(&then.chain.links).for_each(|(step, of)| link(&mut note, step, of));
            }
            Work::Matmul(matmul) => {
                for factor in [&matmul.lhs, &matmul.rhs] {
                    match factor {
                        Factor::Memory(place) => note(ANY_TIME, place, matmul.dtype.size(), false),
                        Factor::Chain { chain, .. } => {
                            chain.links.iter().for_each(|of| link(&mut note, ANY_TIME, of));
                        }
                    }
                }
                match &matmul.then {
                    Finish::Store(place) => note(1, place, matmul.dtype.size(), true),
                    Finish::Chain(chain) => {
                        (1..).zip(&chain.links).for_each(|(step, of)| link(&mut note, step, of));
                    }
                }
            }
        }
    }
    found
}

/// Whether a kernel reads every element of one buffer before it writes what lies there in the other:
/// in the same stage at the same place, and no later; in stages before it, within the same row of
/// the outer axes, of which each task has its own.
fn reads_before_it_writes(kernel: &Kernel, accesses: &[Access], (written, read): (u32, u32)) -> bool {
    let of = |buffer: u32, writes: bool| {
        let of = move |access: &&Access| access.place.slot == Slot::Buffer(buffer) && access.writes == writes;
        accesses.iter().filter(of)
    };
    let outer = kernel.outer_axes;
    of(written, true).all(|write| {
        of(read, false).all(|access| {
            let (from, to) = (access.place, write.place);
            if access.stage == write.stage {
                return access.step <= write.step && (from.offset, &from.steps) == (to.offset, &to.steps);
            }
            // A row's elements, as bytes from where the row begins.
            let extents = &kernel.stages[access.stage].extents;
            let inner = extents.iter().zip(&from.steps).skip(outer);
            let (mut first, mut end) =
                (from.offset - to.offset, from.offset - to.offset + access.size as i64);
            for (&extent, &step) in inner {
                let span = step * (extent as i64 - 1);
                (first, end) = (first + span.min(0), end + span.max(0));
            }
            access.stage < write.stage
                && outer > 0
                && from.steps[..outer] == to.steps[..outer]
                && (first >= 0 && end <= to.steps[outer - 1])
        })
    })
}

/// Elements that a block of rows of a group has, if its rows are shorter: a few arrays of so many
/// stay in a second-level cache, and starting a stage costs little beside them.
const BLOCK_ELEMENTS: usize = 1 << 13;

struct Planner<'a> {
    graph: &'a Graph,
    lowering: Lowering,
    buffers: Vec<Memory>,
    /// Values that only the stages of their group see: the size of a row, in bytes.
    scratch: FxHashMap<Value, usize>,
}

impl Planner<'_> {
    /// A new buffer for a value of type `ty`.
    fn buffer(&mut self, ty: &Type, input: Option<u32>) -> Slot {
        self.buffers.push(Memory { bytes: ty.bytes(), input, last_use: None, ty: ty.clone() });
        Slot::Buffer(self.buffers.len() as u32 - 1)
    }

    fn buffer_of(&self, value: Value) -> u32 {
        match self.lowering.homes[&value].slot {
            Slot::Buffer(buffer) => buffer,
            other => unreachable!("{value} is in {other:?}"),
        }
    }

    /// Gives every join its buffer, and lets nests that nobody else reads write into its windows.
    fn place_joins(&mut self) {
        let live = self.graph.live();
        let joins: Vec<(NodeId, &Node)> = (self.graph.iter())
            .filter(|(id, node)| live[id.index()] && matches!(node.op, Op::Join { .. }))
            .collect();
        let readers = if joins.is_empty() { FxHashMap::default() } else { self.value_readers() };
        for (id, node) in joins {
            let Op::Join { axis } = node.op else { unreachable!("only joins were taken") };
            let slot = self.buffer(node.ty(), None);
            let whole = Home::whole(slot, node.ty());
            for (part, window) in self.windows(id, &whole, axis as usize) {
                if matches!(self.graph[part.node].op, Op::Nest(_)) && readers[&part] == 1 {
                    self.lowering.homes.insert(part, window);
                }
            }
            self.lowering.homes.insert(id.into(), whole);
        }
    }

    /// Per value, by how many arguments and outputs it is read.
    fn value_readers(&self) -> FxHashMap<Value, usize> {
        let live = self.graph.live();
        let mut readers: FxHashMap<Value, usize> = FxHashMap::default();
        let nodes = self.graph.iter().filter(|(id, _)| live[id.index()]);
        for value in nodes.flat_map(|(_, node)| &node.args).chain(&self.graph.outputs) {
            *readers.entry(*value).or_default() += 1;
        }
        readers
    }

    /// The parts of a join and where they go.
    fn windows(&self, join: NodeId, whole: &Home, axis: usize) -> Vec<(Value, Home)> {
        let mut offset = 0;
        let part = |arg: &Value| {
            let mut window = whole.clone();
            window.offset += offset;
            offset += self.graph.ty(*arg).shape[axis] as i64 * whole.steps[axis];
            (*arg, window)
        };
        self.graph[join].args.iter().map(part).collect()
    }

    /// Finds the values that are read only inside their own group: a row of them is enough.
    fn place_rows(&mut self) {
        if self.graph.groups.is_empty() {
            return;
        }
        let live = self.graph.live();
        let mut group_of: FxHashMap<NodeId, usize> = FxHashMap::default();
        for (number, group) in self.graph.groups.iter().enumerate() {
            group.members.iter().for_each(|member| {
                group_of.insert(*member, number);
            });
        }
        let mut inside: FxHashMap<Value, bool> = FxHashMap::default();
        for (id, node) in self.graph.iter().filter(|(id, _)| live[id.index()]) {
            for arg in &node.args {
                if let Some(group) = group_of.get(&arg.node) {
                    *inside.entry(*arg).or_insert(true) &= group_of.get(&id) == Some(group);
                }
            }
        }
        self.graph.outputs.iter().for_each(|output| {
            inside.insert(*output, false);
        });
        for (value, _) in inside.into_iter().filter(|(_, inside)| *inside) {
            let outer = self.graph.groups[group_of[&value.node]].outer_axes;
            let ty = self.graph.ty(value);
            let Op::Nest(nest) = &self.graph[value.node].op else { unreachable!("groups hold nests") };
            // Its rows must be the group's, without unit axes before or between.
            if ty.shape.get(..outer) == nest.domain.get(..outer) {
                let row: usize = ty.shape[outer..].iter().product();
                self.scratch.insert(value, row * ty.dtype.size());
            }
        }
    }

    /// Gives the results of a node their homes.
    fn place_results(&mut self, id: NodeId, node: &Node) {
        for (out, ty) in node.types.iter().enumerate() {
            let value = Value { node: id, out: out as u8 };
            if !self.lowering.homes.contains_key(&value) {
                let slot = self.buffer(ty, None);
                self.lowering.homes.insert(value, Home::whole(slot, ty));
            }
        }
    }

    /// The kernels of a node: none for what is memory already, one for a nest, one per part that a
    /// join must copy.
    fn node(&mut self, id: NodeId) -> Vec<Kernel> {
        let node = &self.graph[id];
        match &node.op {
            Op::Input(input) => {
                let slot = self.buffer(node.ty(), Some(*input));
                self.lowering.homes.insert(id.into(), Home::whole(slot, node.ty()));
                Vec::new()
            }
            Op::Iota => {
                self.lowering.homes.insert(id.into(), Home::whole(Slot::Iota, node.ty()));
                Vec::new()
            }
            Op::View(_) => {
                let slot = self.lowering.homes[&node.args[0]].slot;
                self.lowering.homes.insert(id.into(), Home::whole(slot, node.ty()));
                Vec::new()
            }
            Op::Join { axis } => {
                let whole = self.lowering.homes[&id.into()].clone();
                let windows = self.windows(id, &whole, *axis as usize);
                windows.into_iter().filter_map(|(part, window)| self.copy(part, window)).collect()
            }
            Op::Nest(nest) => {
                self.place_results(id, node);
                let stage = (nest.domain.size() != 0).then(|| self.lowering.stage(self.graph, id, 0));
                stage
                    .map(|stage| {
                        finish((0, 1), vec![stage], Vec::new(), nest_weight(nest), &self.lowering.strips)
                    })
                    .into_iter()
                    .collect()
            }
            other => unreachable!("{other:?} is in an expression, not in memory"),
        }
    }

    /// The kernel that copies a stored value to a window of a join, unless it was written there.
    fn copy(&mut self, part: Value, window: Home) -> Option<Kernel> {
        let home = &self.lowering.homes[&part];
        let ty = self.graph.ty(part);
        if (home.slot, home.offset) == (window.slot, window.offset) || ty.shape.size() == 0 {
            return None;
        }
        let stage = self.lowering.copy(ty, home.clone(), window);
        Some(finish((0, 1), vec![stage], Vec::new(), 2 * ty.shape.size(), &self.lowering.strips))
    }

    /// The kernel of a group.
    fn group(&mut self, number: usize) -> Kernel {
        let group = &self.graph.groups[number];
        let mut scratch = Vec::new();
        let (mut work, mut row, mut rows) = (0, 1, 1);
        let mut stages = Vec::new();
        for &id in &group.members {
            let node = &self.graph[id];
            for (out, ty) in node.types.iter().enumerate() {
                let value = Value { node: id, out: out as u8 };
                if let Some(&bytes) = self.scratch.get(&value) {
                    let mut home = Home::whole(Slot::Scratch(scratch.len() as u32), ty);
                    // One block of rows, whatever the other outer axes.
                    let last = group.outer_axes.saturating_sub(1);
                    home.steps.iter_mut().take(last).for_each(|step| *step = 0);
                    self.lowering.homes.insert(value, home);
                    scratch.push(bytes);
                }
            }
            self.place_results(id, node);
            stages.push(self.lowering.stage(self.graph, id, group.outer_axes));
            let Op::Nest(nest) = &node.op else { unreachable!("groups hold nests") };
            work += nest_weight(nest);
            row = row.max(nest.domain[group.outer_axes..].iter().product());
            // All members share the outer axes.
            rows = nest.domain[..group.outer_axes].last().copied().unwrap_or(1);
        }
        let block = (BLOCK_ELEMENTS / row).clamp(1, rows);
        finish((group.outer_axes, block), stages, scratch, work, &self.lowering.strips)
    }
}

/// The work of a nest, in additions.
fn nest_weight(nest: &Nest) -> usize {
    let then = weight(&nest.then, nest.out_shape().size());
    match &nest.core {
        Core::Map => then,
        Core::Reduce { each, .. } => then.saturating_add(weight(each, nest.domain.size())),
        Core::Matmul { lhs, .. } => then.saturating_add(matmul_weight(&nest.domain, lhs.out_dtype(0))),
    }
}

/// The work of a matrix product, in additions. Floats have micro-kernels that use all of the machine:
/// they multiply 20 f32 in the time of an addition (100 per ns where vectors have 64 bytes), integers
/// a third of that. Reading the factors and writing the result counts where sums are short.
fn matmul_weight(domain: &Shape, dtype: DType) -> usize {
    let rank = domain.rank();
    let [m, n, k] = [domain[rank - 3], domain[rank - 2], domain[rank - 1]];
    let batches: usize = domain.iter().take(rank - 3).product();
    let rate = if dtype.kind() == Kind::Float { 20 } else { 6 };
    let products = m.saturating_mul(n).saturating_mul(k) / rate;
    let elements =
        m.saturating_mul(k).saturating_add(k.saturating_mul(n)).saturating_add(m.saturating_mul(n)) / 2;
    products.saturating_add(elements).saturating_mul(dtype.size() / 4).saturating_mul(batches)
}

/// The kernel of these stages, with what it reads and writes.
fn finish(
    (outer_axes, block): (usize, usize),
    stages: Vec<Stage>,
    scratch: Vec<usize>,
    weight: usize,
    strips: &[Keyed<Strip>],
) -> Kernel {
    let (mut reads, mut writes): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    for access in accesses(&stages, strips) {
        if let Slot::Buffer(buffer) = access.place.slot {
            if access.writes { &mut writes } else { &mut reads }.push(buffer);
        }
    }
    for buffers in [&mut reads, &mut writes] {
        buffers.sort_unstable();
        buffers.dedup();
    }
    Kernel { outer_axes, block, stages, scratch, writes, reads, in_place: Vec::new(), weight }
}

/// Every strip call of a stage.
pub fn links(work: &Work) -> Vec<&Link> {
    fn of(chain: &Chain) -> std::slice::Iter<'_, Link> {
        chain.links.iter()
    }
    match work {
        Work::Map(Map { chain, .. }) => of(chain).collect(),
        Work::Reduce(reduce) => {
            let Reduce { each, scan, accumulate, combine, then, .. } = &**reduce;
            each.iter().flat_map(of).chain(scan).chain([accumulate, combine]).chain(of(&then.chain)).collect()
        }
        Work::Matmul(matmul) => {
            let mut links: Vec<&Link> = Vec::new();
            for factor in [&matmul.lhs, &matmul.rhs] {
                if let Factor::Chain { chain, .. } = factor {
                    links.extend(of(chain));
                }
            }
            if let Finish::Chain(chain) = &matmul.then {
                links.extend(of(chain));
            }
            links
        }
    }
}
