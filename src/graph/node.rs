//! Nodes: what a graph is made of.

use smallvec::{SmallVec, smallvec};

use crate::base::{Affine, IndexMap, Keyed, Scalar, Shape, Type};
use crate::graph::NodeId;
use crate::op::{Binary, Expr, Fold, HostOp, Unary};

/// One result of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    /// The node.
    pub node: NodeId,
    /// Which of its results.
    pub out: u8,
}

impl From<NodeId> for Value {
    fn from(node: NodeId) -> Self {
        Value { node, out: 0 }
    }
}

/// An operation on arrays, its arguments and the types of its results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// What it reads.
    pub args: SmallVec<[Value; 2]>,
    /// What it results in; one but for nests.
    pub types: SmallVec<[Type; 1]>,
}

impl Node {
    /// A node of one result.
    pub fn new(op: Op, args: impl IntoIterator<Item = Value>, ty: Type) -> Self {
        Self { op, args: args.into_iter().collect(), types: smallvec![ty] }
    }

    /// The type of its first result.
    pub fn ty(&self) -> &Type {
        &self.types[0]
    }
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// The `k`-th array the graph is given.
    Input(u32),
    /// The `k`-th scalar the graph is given, at every element.
    Scalar(u32),
    /// One value that is part of the program, at every element.
    Const(Scalar),
    /// `[0, 1, 2, …]`, of rank 1 and dtype `i64`.
    Iota,
    /// One scalar op of arguments that all have the node's shape.
    Elementwise(Element),
    /// The argument's elements, read elsewhere.
    View(View),
    /// The argument combined over some axes, which disappear. `axes` ascend.
    Reduce {
        /// How two elements combine.
        fold: Fold,
        /// Over these.
        axes: SmallVec<[u32; 4]>,
    },
    /// `[.., m, k] @ [.., k, n]`, with equal leading axes.
    Matmul,
    /// The arguments side by side along an axis.
    Join {
        /// This one.
        axis: u32,
    },
    /// What no loop nest says, of arguments that are stored.
    Host(HostOp),
    /// A loop nest, shared by the nodes and graphs that have it: what all but `Input`, `Scalar`, `Const`,
    /// `Iota`, `Join`, `Host` and reshapes become.
    Nest(Keyed<Nest>),
}

/// A scalar op lifted to arrays. The dtype of a cast is the node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// An op of one argument.
    Unary(Unary),
    /// An op of two arguments of one dtype.
    Binary(Binary),
    /// The second where the first is true, else the third.
    Select,
    /// `a * b + c`, rounded once.
    Fma,
    /// Conversion to the node's dtype.
    Cast,
}

/// Per axis the first index and the step. One has room in place: more would make every node larger.
pub type Slices = SmallVec<[(i64, i64); 1]>;

/// Where a view reads its argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Axis `a` of the result is axis `axes[a]` of the argument.
    Permute(SmallVec<[u32; 4]>),
    /// Axes aligned at the end, extents of 1 repeated.
    Broadcast,
    /// Per axis the first index and the step; the extents are the result's.
    Slice(Slices),
    /// The same elements in row-major order under another shape.
    Reshape,
    /// The argument read through any map, from axes of the result to axes of the argument: windows that
    /// overlap, diagonals.
    Affine(Box<IndexMap>),
}

impl View {
    /// Where the element of the result (shape `to`) at the loop's position is read in the argument
    /// (shape `from`); `None` for a reshape that no affine map can say.
    pub fn index_map(&self, from: &Shape, to: &Shape) -> Option<IndexMap> {
        match self {
            View::Permute(axes) => {
                let mut map = IndexMap::identity(from.rank());
                for (result, &axis) in axes.iter().enumerate() {
                    map.0[axis as usize] = Affine::axis(result);
                }
                Some(map)
            }
            View::Broadcast => Some(IndexMap::broadcast(from, to)),
            View::Slice(slices) => Some(
                slices
                    .iter()
                    .enumerate()
                    .map(|(axis, &(start, step))| Affine::scaled(axis, step, start))
                    .collect(),
            ),
            View::Reshape => reshape(from, to),
            View::Affine(map) => Some(IndexMap::clone(map)),
        }
    }
}

/// The index map of a reshape: axes may be split and unit axes come and go, but not be merged.
fn reshape(from: &Shape, to: &Shape) -> Option<IndexMap> {
    if from.size() == 0 {
        // No element is ever read.
        return Some((0..from.rank()).map(|_| Affine::constant(0)).collect());
    }
    let mut map = IndexMap::default();
    let mut axis = 0;
    for &extent in from.iter() {
        let mut index = Affine::constant(0);
        let mut covered = 1;
        while covered < extent {
            let factor = *to.get(axis)?;
            if factor != 1 {
                // Splitting an axis: the outer part counts in units of the inner ones.
                let scaled = Affine::constant(0).plus(factor as i64, &index);
                index = scaled.plus(1, &Affine::axis(axis));
            }
            covered = covered.checked_mul(factor)?;
            axis += 1;
        }
        if covered != extent {
            return None;
        }
        map.0.push(index);
    }
    Some(map)
}

/// A loop nest: loops over `domain`, what accumulates in them, and what becomes of it.
///
/// Argument `k` of the node is read through `reads[k]`, from axes of the domain to axes of the
/// argument, and is `Arg(k)` in every expression. Outputs have the shape of the axes that remain;
/// the node's types may have other unit axes, which changes nothing in memory.
///
/// An index may also be what another argument holds: pick `p` is, to the maps in `reads`, the axis
/// `domain.rank() + p`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nest {
    /// The extents of the loops.
    pub domain: Shape,
    /// Where each argument is read.
    pub reads: Vec<IndexMap>,
    /// The indices that arguments hold.
    pub picks: Vec<Pick>,
    /// What happens at every iteration.
    pub core: Core,
    /// One result per output, over what the core accumulated (`Acc`) and arguments whose maps use
    /// only the axes that remain: the epilogue, or for a map everything.
    pub then: Expr,
}

/// An index that an argument of a nest holds, of integers: its element where the loops stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pick {
    /// The argument. It is memory or counts, and is itself read where the loops say.
    pub arg: u32,
    /// The number of indices there are. Negative ones count from the end.
    pub extent: usize,
    /// What the user calls the axis, for errors.
    pub axis: u32,
}

/// What a nest accumulates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Core {
    /// Nothing: outputs have the shape of the domain.
    Map,
    /// What the fold takes of an element, the outputs of `each`, combined over `axes` of the domain;
    /// outputs have the shape of the axes that remain. The elements come in row-major order of
    /// `axes`.
    Reduce {
        /// How two elements combine.
        fold: Fold,
        /// Over these, ascending.
        axes: SmallVec<[u32; 4]>,
        /// What is combined.
        each: Expr,
    },
    /// The sum over the last axis of the domain `[.., m, n, k]` of `lhs * rhs`, one `fma` after the
    /// other; outputs have the shape `[.., m, n]`. `lhs` does not depend on `n` nor `rhs` on `m`.
    Matmul {
        /// The left factor.
        lhs: Expr,
        /// The right factor.
        rhs: Expr,
    },
}

impl Nest {
    /// Whether domain axis `axis` remains in the outputs.
    pub fn keeps(&self, axis: usize) -> bool {
        match &self.core {
            Core::Map => true,
            Core::Reduce { axes, .. } => !axes.contains(&(axis as u32)),
            Core::Matmul { .. } => axis + 1 != self.domain.rank(),
        }
    }

    /// The shape of the outputs.
    pub fn out_shape(&self) -> Shape {
        self.domain.without(|axis| !self.keeps(axis))
    }

    /// The axes of the domain, and the picks after them.
    pub fn with_picks(&self) -> Shape {
        self.domain.iter().copied().chain(self.picks.iter().map(|pick| pick.extent)).collect()
    }

    /// The picks that argument `arg` is read by.
    pub fn picks_of(&self, arg: usize) -> impl Iterator<Item = &Pick> {
        let rank = self.domain.rank();
        let used = move |nth: &usize| self.reads[arg].uses(rank + nth);
        (0..self.picks.len()).filter(used).map(|nth| &self.picks[nth])
    }

    /// The axes of argument `arg` along which it is picked from.
    pub fn picked_axes(&self, arg: usize) -> impl Iterator<Item = usize> {
        let picks = self.domain.rank()..self.domain.rank() + self.picks.len();
        let indices = if picks.is_empty() { &[][..] } else { &self.reads[arg].0[..] };
        let picked = move |index: &Affine| index.terms.iter().any(|term| picks.contains(&(term.0 as usize)));
        indices.iter().enumerate().filter(move |(_, index)| picked(index)).map(|(axis, _)| axis)
    }

    /// Whether where argument `arg` is read depends on domain axis `axis`.
    pub fn moves(&self, arg: usize, axis: usize) -> bool {
        let by_pick = |pick: &Pick| self.reads[pick.arg as usize].uses(axis);
        self.reads[arg].uses(axis) || self.picks_of(arg).any(by_pick)
    }

    /// Whether `read` reads, at every position of the domain, the element of an array of shape
    /// `shape` at that position: extents of 1 may be skipped on either side.
    pub fn reads_where_written(&self, read: &IndexMap, shape: &Shape) -> bool {
        let mut axes = (0..self.domain.rank()).filter(|&axis| self.domain[axis] != 1);
        let aligned =
            read.0.iter().zip(shape.iter()).filter(|(_, extent)| **extent != 1).all(|(index, &extent)| {
                axes.next().is_some_and(|axis| *index == Affine::axis(axis) && self.domain[axis] == extent)
            });
        let picked = (0..self.picks.len()).any(|pick| read.uses(self.domain.rank() + pick));
        aligned && axes.next().is_none() && !picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reshapes_that_split_or_pad_are_maps_and_those_that_merge_are_not() {
        let map = |from: &[usize], to: &[usize]| {
            reshape(&Shape::from(from), &Shape::from(to)).map(|m| m.to_string())
        };
        assert_eq!(map(&[6, 4], &[2, 3, 4]).as_deref(), Some("[3*i + j, k]"));
        assert_eq!(map(&[24], &[2, 3, 4]).as_deref(), Some("[12*i + 4*j + k]"));
        assert_eq!(map(&[6], &[1, 6, 1]).as_deref(), Some("[j]"));
        assert_eq!(map(&[6, 1], &[6]).as_deref(), Some("[i, 0]"));
        assert_eq!(map(&[1, 1], &[]).as_deref(), Some("[0, 0]"));
        assert_eq!(map(&[2, 3], &[6]), None);
        assert_eq!(map(&[2, 3], &[3, 2]), None);
    }
}
