//! The loop IR: what a kernel walks. All extents, steps and offsets are those of one program; the
//! strips a kernel calls know none of them.

use smallvec::SmallVec;

use crate::base::{DType, Scalar, Type, id::id};
use crate::op::{Fold, HostOp, PerAccumulator};

id!(
    /// A kernel of a plan. Printed `k0`.
    KernelId, "k"
);

/// What an operand of a strip lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// A buffer of the plan.
    Buffer(u32),
    /// Memory of the task that runs the kernel, for a block of rows of a group: its number in
    /// `Kernel::scratch`. Offsets count from row 0, which may be before the block.
    Scratch(u32),
    /// What the stage's walk hands out: accumulators, a packed panel. Which is which is said where
    /// the chain is held.
    Local(u32),
    /// A block of values between two strips of a chain: its number in `Chain::temps`.
    Temp(u32),
    /// A row that index arrays point at: its number in `Link::rows`. Steps along the columns are the
    /// place's own.
    Picked(u32),
    /// No memory: an index.
    Iota,
}

/// Where an operand's element is: `offset + sum of steps[axis] * index[axis]` in its slot, in bytes
/// (for an iota the value of the index).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// In this.
    pub slot: Slot,
    /// From here.
    pub offset: i64,
    /// One per axis of the stage.
    pub steps: SmallVec<[i64; 4]>,
}

/// A strip and what it is called on.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its number in `Plan::strips`.
    pub strip: usize,
    /// Where its operands are, arguments first.
    pub places: Vec<Place>,
    /// The numbers of the graph's scalars that are its scalars.
    pub scalars: Vec<u32>,
    /// Rows that index arrays point at: the strip is called on each.
    pub rows: Vec<Gather>,
}

/// Elements that are read where index arrays say.
///
/// Where the indices change along the columns, a chain copies the elements of each block, before its strips
/// run, to where these read them side by side. Where they do not, they only say where a row begins, and a
/// strip reads the row where it lies.
#[derive(Clone, Debug)]
pub struct Gather {
    /// The dtype of the elements.
    pub dtype: DType,
    /// Where they are if every index is 0.
    pub from: Place,
    /// The indices.
    pub indices: SmallVec<[Index; 1]>,
}

/// An index that an array holds.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its dtype.
    pub dtype: DType,
    /// Where it is.
    pub place: Place,
    /// From one index to the next, in what is gathered: bytes, or index steps of an iota.
    pub step: i64,
    /// How many indices there are. Negative ones count from the end.
    pub extent: usize,
    /// What the user calls the axis.
    pub axis: u32,
}

/// Strips that compute one expression, one after the other. A long expression is cut where few
/// values pass; those go through blocks of memory that stay in cache.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What is copied by index arrays before the strips run, and where to: a block of values, or a result that
    /// is nothing else.
    pub copies: Vec<(Gather, Place)>,
    /// The strips in order.
    pub links: Vec<Link>,
    /// The dtypes of the values that pass from one strip, or from a copy, to a later strip.
    pub temps: Vec<DType>,
}

/// Elements in a block of a chain: with 16 values passing, 64 KiB of f64 stay in a second-level
/// cache, and the calls cost little.
pub const BLOCK: usize = 512;

/// Loops of a kernel: their extents and the work in them. The first `Kernel::outer_axes` are the
/// kernel's own loops, shared by all its stages.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The extents of all axes.
    pub extents: SmallVec<[usize; 4]>,
    /// What is done over them.
    pub work: Work,
}

/// What a stage does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Computes every element of its outputs.
    Map(Map),
    /// Reduces.
    Reduce(Box<Reduce>),
    /// Does what no strip does, to whole buffers.
    Host(Host),
    /// Multiplies matrices: the last three axes are rows, columns and the summed axis.
    Matmul(Box<Matmul>),
}

/// A host operation on whole buffers.
#[derive(Clone, Debug)]
pub struct Host {
    /// Which.
    pub op: HostOp,
    /// The buffers that its arguments are, from their first byte on, with their types.
    pub args: Vec<(Place, Type)>,
    /// The same of its result.
    pub out: (Place, Type),
}

/// An elementwise stage.
///
/// Locals are the copies of what is staged, in order.
#[derive(Clone, Debug)]
pub struct Map {
    /// The axis strips run along.
    pub column: usize,
    /// The axis a strip's rows are, if there is one.
    pub row: Option<usize>,
    /// How rows and columns are cut into tiles, if they are.
    pub tiles: Option<Tiles>,
    /// Arguments that do not lie as the walk goes: of every tile, a copy that does is made first.
    pub staged: Vec<Staged>,
    /// What is computed.
    pub chain: Chain,
}

impl Map {
    /// A stage that computes `chain` along an axis, where everything lies.
    pub fn plain(column: usize, row: Option<usize>, chain: Chain) -> Self {
        Self { column, row, tiles: None, staged: Vec::new(), chain }
    }
}

/// A rectangle of rows and columns that a walk takes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// Most rows.
    pub rows: usize,
    /// Most columns; all there are in a run.
    pub columns: usize,
    /// Whether each row follows the one before in all that is not staged, so that strips run along
    /// whole tiles.
    pub run: bool,
    /// Whether tiles follow one another along the rows, so that what is not staged is read on where it was
    /// left; else down the columns, along which what is staged lies.
    pub along: bool,
}

/// An argument that is copied tile by tile.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Of its elements.
    pub dtype: DType,
    /// Where it lies.
    pub place: Place,
}

/// A reduction stage. Its axes are the kept ones, then the reduced ones, in row-major order.
///
/// Locals are the accumulators: `0..n` for each accumulator those on the left, `n..2n` those on
/// the right, from `2n` on what a staged chain gives of an element.
#[derive(Clone, Debug)]
pub struct Reduce {
    /// How elements combine.
    pub fold: Fold,
    /// The dtypes of the accumulators.
    pub accumulators: PerAccumulator<DType>,
    /// The dtypes of what is taken of an element.
    pub elements: SmallVec<[DType; 2]>,
    /// Per accumulator the value that changes nothing.
    pub identity: PerAccumulator<Scalar>,
    /// Lanes of a block.
    pub lanes: usize,
    /// How many axes are kept.
    pub kept: usize,
    /// Which way the strips run.
    pub direction: Direction,
    /// What computes the elements into a stage, where the strip that combines them cannot do it
    /// itself: along several axes, or from a long expression.
    pub each: Option<Chain>,
    /// Finds the extreme whose place is asked for, along the last axis and to the first accumulator
    /// on the left: most of a row need not be looked at for its place.
    pub scan: Option<Link>,
    /// Whether what is scanned is an array as it lies, so that a short row can be searched for its extreme.
    pub searchable: bool,
    /// Combines elements: a fold strip along the last axis, or a strip of columns along the kept one
    /// with the last axis as its rows, into the accumulators on the left.
    pub accumulate: Link,
    /// Whether all that a strip of columns reads lies end to end from row to row: then several rows
    /// are one longer row.
    pub end_to_end: bool,
    /// Combines right accumulators into left ones.
    pub combine: Link,
    /// The epilogue, from the accumulators on the left.
    pub then: Map,
}

/// Which way the strips of a reduction run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Along the last reduced axis.
    Along,
    /// Along this kept axis, row after row.
    Across(usize),
}

/// A matrix product over the last three axes `m, n, k`, repeated over those before.
#[derive(Clone, Debug)]
pub struct Matmul {
    /// Of the factors and the accumulators.
    pub dtype: DType,
    /// The left factor over `m, k`.
    pub lhs: Factor,
    /// The right factor over `k, n`.
    pub rhs: Factor,
    /// What becomes of a finished tile.
    pub then: Finish,
}

/// Where a factor's panels come from.
#[derive(Clone, Debug)]
pub enum Factor {
    /// Memory, as it lies.
    Memory(Place),
    /// A prologue that writes packed panels: local 0.
    Chain {
        /// What is computed.
        chain: Chain,
        /// The axis its strips run along: the factor's own, or the summed one.
        along: usize,
    },
}

/// What becomes of a finished tile of a product.
#[derive(Clone, Debug)]
pub enum Finish {
    /// It is stored as it is, rows of adjacent columns.
    Store(Place),
    /// An epilogue takes it: local 0.
    Chain(Chain),
}

/// One compiled unit of a plan: stages that run one after the other for each index of the shared
/// outer axes.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// How many leading axes all stages share.
    pub outer_axes: usize,
    /// How many indices of the last shared axis the stages take at a time: a block of rows that
    /// stays in cache from the first stage to the last.
    pub block: usize,
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// Sizes of the rows that only the stages see, in bytes; each task has a block of every one.
    pub scratch: Vec<usize>,
    /// The buffers it writes.
    pub writes: Vec<u32>,
    /// The buffers it reads, ascending.
    pub reads: Vec<u32>,
    /// `(written, read)`: the first may take the memory of the second if that is not needed after.
    pub in_place: Vec<(u32, u32)>,
    /// The work per run, in additions: what tells small kernels from large ones.
    pub weight: usize,
}
