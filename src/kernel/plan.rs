//! Plans: kernels in order over numbered buffers. Built from an optimised graph; says where every
//! value is stored, what may be overwritten and when memory is no longer needed.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::base::{DType, Error, ErrorKind, Keyed, Kind, Result, Shape, Type};
use crate::graph::{Core, Graph, Nest, Node, NodeId, Op, Unit, Value};
use crate::kernel::loops::{Factor, Finish, Host, Kernel, Link, Map, Reduce, Work};
use crate::kernel::lower::{Home, Lowering, weight};
use crate::kernel::reuse::accesses;
use crate::kernel::{Chain, Place, Slot, Stage, Strip};
use crate::op::HostOp;

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
}

/// Elements that a block of rows of a group has, if its rows are shorter: a few arrays of so many
/// stay in a second-level cache, and starting a stage costs little beside them. Softmax of rows of 1,024 `f32`
/// takes an eighth longer by half as many; layer norm of rows of 768 takes a tenth longer by twice as many.
const BLOCK_ELEMENTS: usize = 1 << 14;

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
            Op::Host(op) => {
                self.place_results(id, node);
                self.host(id, op, node).into_iter().collect()
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

    /// The kernel of a host operation, if it has anything to do.
    fn host(&self, id: NodeId, op: &HostOp, node: &Node) -> Option<Kernel> {
        let of = |value: Value| {
            let slot = Slot::Buffer(self.buffer_of(value));
            (Place { slot, offset: 0, steps: SmallVec::new() }, self.graph.ty(value).clone())
        };
        let args: Vec<(Place, Type)> = node.args.iter().map(|arg| of(*arg)).collect();
        let out = of(id.into());
        let size = out.1.shape.size();
        // Indices that are out of range are an error even where they choose rows of no elements; so are masks.
        let chosen = match op {
            HostOp::Compress { .. } | HostOp::Gather { .. } | HostOp::Scatter { .. } => {
                args[1].1.shape.size() != 0
            }
            _ => false,
        };
        if size == 0 && !chosen {
            return None;
        }
        let elements = args.iter().fold(size, |sum, (_, ty)| sum.saturating_add(ty.shape.size()));
        // A comparison costs several additions, and a row of n elements takes some log2(n) for each.
        let row = out.1.shape.last().copied().unwrap_or(1);
        let each = match op {
            HostOp::Sort { .. } | HostOp::Argsort { .. } => 8 * (row.max(2).ilog2() as usize),
            HostOp::Searchsorted { .. } => 8 * (args[0].1.shape.size().max(2).ilog2() as usize),
            // Finding it, and going over the row once for each side.
            HostOp::Partition { .. } => 16,
            HostOp::Scan(_)
            | HostOp::Compress { .. }
            | HostOp::Gather { .. }
            | HostOp::Scatter { .. }
            | HostOp::Assign { .. } => 4,
            // Each element meets those of a row, a few times over.
            #[cfg(feature = "linalg")]
            HostOp::Linalg { complex, .. } => {
                let shape = &args[0].1.shape;
                4 * shape[shape.rank() - if *complex { 2 } else { 1 }]
            }
            #[cfg(feature = "fft")]
            HostOp::Fft(op) => 2 * (op.points(&args[0].1).unwrap_or(1).max(2).ilog2() as usize),
        };
        let weight = elements.saturating_mul(each);
        let stage = Stage { extents: SmallVec::new(), work: Work::Host(Host { op: op.clone(), args, out }) };
        Some(finish((0, 1), vec![stage], Vec::new(), weight, &self.lowering.strips))
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
            let Op::Nest(nest) = &node.op else { unreachable!("groups hold nests") };
            work += nest_weight(nest);
            row = row.max(nest.domain[group.outer_axes..].iter().product());
            // All members share the outer axes.
            rows = nest.domain[..group.outer_axes].last().copied().unwrap_or(1);
        }
        let mut stages = Vec::new();
        let mut members = group.members.iter().copied().peekable();
        while let Some(id) = members.next() {
            let next = members.peek().copied();
            let both = next.and_then(|next| self.lowering.both(self.graph, id, next, group.outer_axes));
            if both.is_some() {
                members.next();
            }
            stages.push(both.unwrap_or_else(|| self.lowering.stage(self.graph, id, group.outer_axes)));
        }
        let block = (BLOCK_ELEMENTS / row).clamp(1, rows);
        finish((group.outer_axes, block), stages, scratch, work, &self.lowering.strips)
    }
}

/// The work of finding an element by an index, in additions: a fraction of a nanosecond where the array is in
/// a near cache.
const GATHERED: usize = 8;

/// The work of a nest, in additions.
fn nest_weight(nest: &Nest) -> usize {
    let gathers = nest.domain.size().saturating_mul(GATHERED * nest.picks.len());
    let then = weight(&nest.then, nest.out_shape().size()).saturating_add(gathers);
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
        Work::Host(_) => Vec::new(),
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
