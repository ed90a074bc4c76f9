//! Lowering: nests become stages, expressions become chains of strips.

pub mod chain;
mod gather;
mod map;
mod matmul;
mod reduce;
mod store;

use smallvec::SmallVec;

use crate::base::{DType, Interner, Keyed, Type};
use crate::graph::{Core, Graph, Nest, Node, NodeId, Op, Pick, Value};
use crate::kernel::schedule::Axes;
use crate::kernel::{Place, Slot, Stage, Strip};
use crate::op::Expr;
use rustc_hash::FxHashMap;

/// Where values are stored, and the strips known so far.
#[derive(Default)]
pub struct Lowering {
    /// Every strip of the plan, each once.
    pub strips: Interner<Keyed<Strip>>,
    /// Where each stored value is.
    pub homes: FxHashMap<Value, Home>,
}

/// Where a value is stored: a slot, the byte of its first element and the byte step of each of its
/// axes.
#[derive(Clone, Debug)]
pub struct Home {
    /// In this.
    pub slot: Slot,
    /// From here.
    pub offset: i64,
    /// One per axis of the value.
    pub steps: SmallVec<[i64; 4]>,
}

impl Home {
    /// A value of type `ty` that fills `slot`, in row-major order.
    pub fn whole(slot: Slot, ty: &Type) -> Self {
        let size = if slot == Slot::Iota { 1 } else { ty.dtype.size() as i64 };
        Self {
            slot,
            offset: 0,
            steps: ty.shape.strides().iter().map(|&stride| stride as i64 * size).collect(),
        }
    }
}

/// An operand of an expression: its dtype and where it is along the axes of the stage.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub dtype: DType,
    /// Where it is if every index it is picked by is 0.
    pub place: Place,
    /// The indices it is picked by.
    pub picked: Vec<Picked>,
}

impl Source {
    /// What is read or written where the loops stand.
    fn plain(dtype: DType, place: Place) -> Self {
        Self { dtype, place, picked: Vec::new() }
    }
}

/// An index that an operand is picked by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picked {
    /// The argument that holds it.
    pub index: usize,
    /// From one index to the next, in bytes, or index steps of an iota.
    pub step: i64,
    /// How many indices there are.
    pub extent: usize,
    /// What the user calls the axis.
    pub axis: u32,
}

impl Lowering {
    /// The number of a strip equal to `strip`.
    fn strip(&mut self, strip: Strip) -> usize {
        self.strips.number(Keyed::new(strip))
    }

    /// The stage that runs nest `id`, keeping its first `outer` axes as they are.
    pub fn stage(&mut self, graph: &Graph, id: NodeId, outer: usize) -> Stage {
        let node = &graph[id];
        let Op::Nest(nest) = &node.op else { unreachable!("{id} is no nest") };
        match &nest.core {
            Core::Map => self.map(graph, id, node, nest, outer),
            Core::Reduce { .. } => self.reduce(graph, id, node, nest, outer),
            Core::Matmul { .. } => self.matmul(graph, id, node, nest),
        }
    }

    /// Where the arguments of a nest are read, along the axes of its domain.
    fn arguments(&self, graph: &Graph, node: &Node, nest: &Nest) -> Vec<Source> {
        let read = |(arg, read): (&Value, &crate::base::IndexMap)| {
            let ty = graph.ty(*arg);
            let home = &self.homes[arg];
            let mut place = Place {
                slot: home.slot,
                offset: home.offset,
                steps: smallvec::smallvec![0; nest.domain.rank()],
            };
            // The picks count on from the axes of the domain.
            let mut picked: SmallVec<[i64; 2]> = smallvec::smallvec![0; nest.picks.len()];
            for (index, step) in read.0.iter().zip(&home.steps) {
                place.offset += index.offset * step;
                for &(axis, coefficient) in &index.terms {
                    let axis = axis as usize;
                    match axis.checked_sub(nest.domain.rank()) {
                        None => place.steps[axis] += coefficient * step,
                        Some(nth) => picked[nth] += coefficient * step,
                    }
                }
            }
            let pick = |(pick, &step): (&Pick, &i64)| Picked {
                index: pick.arg as usize,
                step,
                extent: pick.extent,
                axis: pick.axis,
            };
            let uses = nest.picks.iter().zip(&picked).enumerate();
            let uses = uses.filter(|(nth, _)| read.uses(nest.domain.rank() + nth));
            Source { dtype: ty.dtype, place, picked: uses.map(|(_, uses)| pick(uses)).collect() }
        };
        node.args.iter().zip(&nest.reads).map(read).collect()
    }

    /// Where the outputs of a nest are written, along the axes of its domain.
    fn outputs(&self, id: NodeId, node: &Node, nest: &Nest) -> Vec<Source> {
        let kept: Vec<usize> =
            (0..nest.domain.rank()).filter(|&a| nest.keeps(a) && nest.domain[a] != 1).collect();
        let output = |(out, ty): (usize, &Type)| {
            let home = &self.homes[&Value { node: id, out: out as u8 }];
            let mut steps: SmallVec<[i64; 4]> = smallvec::smallvec![0; nest.domain.rank()];
            // Unit axes aside, the value's axes are those that remain.
            let axes = ty.shape.iter().zip(&home.steps).filter(|(extent, _)| **extent != 1);
            for (&axis, (_, step)) in kept.iter().zip(axes) {
                steps[axis] = *step;
            }
            Source::plain(ty.dtype, Place { slot: home.slot, offset: home.offset, steps })
        };
        node.types.iter().enumerate().map(output).collect()
    }
}

/// The axes of `extents` with the steps of `operands`.
fn axes_of(extents: impl IntoIterator<Item = usize>, operands: &[Source]) -> Axes {
    Axes {
        extents: extents.into_iter().collect(),
        steps: operands.iter().map(|operand| operand.place.steps.clone()).collect(),
        picked: picked_of(operands),
    }
}

/// The operands that are picked, each with the operand that holds an index of it: arguments come first.
fn picked_of(operands: &[Source]) -> SmallVec<[(usize, usize); 2]> {
    let pairs = |(at, operand): (usize, &Source)| {
        operand.picked.iter().map(move |picked| (at, picked.index)).collect::<SmallVec<[(usize, usize); 2]>>()
    };
    operands.iter().enumerate().filter(|(_, operand)| !operand.picked.is_empty()).flat_map(pairs).collect()
}

/// The operands with the steps they have after normalising.
fn placed(operands: &[Source], axes: &Axes) -> Vec<Source> {
    let place = |(operand, steps): (&Source, &SmallVec<[i64; 4]>)| Source {
        place: Place { steps: steps.clone(), ..operand.place.clone() },
        ..operand.clone()
    };
    operands.iter().zip(&axes.steps).map(place).collect()
}

/// Element sizes of operands, 0 for an iota, and whether each is written.
fn sizes(operands: &[Source], written_from: usize) -> Vec<(usize, bool)> {
    let size = |(at, operand): (usize, &Source)| match operand.place.slot {
        Slot::Iota => (0, false),
        _ => (operand.dtype.size(), at >= written_from),
    };
    operands.iter().enumerate().map(size).collect()
}

/// A walk's own memory as an operand: no steps along the stage's axes are known, the walk says
/// where it is.
fn local(number: usize, dtype: DType, rank: usize, column: usize) -> Source {
    let mut steps: SmallVec<[i64; 4]> = smallvec::smallvec![0; rank];
    steps[column] = dtype.size() as i64;
    Source::plain(dtype, Place { slot: Slot::Local(number as u32), offset: 0, steps })
}

/// The work of an expression over `elements` elements, in additions, with its loads.
pub fn weight(expr: &Expr, elements: usize) -> usize {
    let loads = crate::graph::verify::reads_of(expr).count();
    elements.saturating_mul(expr.weight() + loads + 1)
}
