//! The contract between a loop nest and the code of its innermost loops.
//!
//! A strip is a rectangle of loop iterations, `rows` by `n`, compiled to one function. Whoever
//! makes it (CLIF, another emitter, the interpreter) and whoever calls it (an elementwise walk, a
//! reduction, a matmul epilogue, a packing prologue) know only this.

use crate::base::{Error, ErrorKind};

/// A compiled strip: runs `args.rows * n` iterations and returns error bits, 0 if all went well.
///
/// # Safety
/// Every operand must be readable (outputs: writable) at
/// `base + row * outer + j * inner` for `row < rows`, `j < n` (a fold's accumulators: for `j` below the
/// number of lanes), for the dtype the strip was made for,
/// and nobody else may write what it reads or touch what it writes meanwhile. Operands may share
/// memory only if they have the same addresses at the same iteration.
pub type StripFn = unsafe extern "C" fn(args: *const StripArgs, n: usize) -> u32;

/// What a strip is called with. All arrays have one element per operand of the strip, arguments
/// first, outputs after them: of a fold the accumulators, then what it stores of every element.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StripArgs {
    /// Per operand the address of its element at row 0, column 0; for an iota operand the value of
    /// the index there.
    pub base: *const *mut u8,
    /// Per operand the step from one column to the next: bytes, or index steps of an iota. A fold's
    /// accumulators leave one value per row if it is 0, else the lanes.
    pub inner: *const isize,
    /// Per operand the step from one row to the next.
    pub outer: *const isize,
    /// Number of rows.
    pub rows: usize,
    /// The scalars of the body, by their bits.
    pub scalars: *const u64,
    /// A fold's working memory: see [`fold_levels`]. Unused by maps.
    pub scratch: *mut u8,
}

/// How a strip steps through one operand along its columns: part of what code is made for. The
/// steps themselves are arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The same element at every column.
    Zero,
    /// Elements side by side.
    Unit,
    /// Elements side by side, backwards.
    MinusUnit,
    /// Every other element.
    Pair,
    /// Any step.
    General,
    /// Not memory: an index that grows by a step, i64.
    Iota,
}

/// Bytes of accumulators that a reduction keeps side by side: the lanes of section "meaning" of
/// the docs are `LANE_BYTES / size of the widest accumulator`.
pub const LANE_BYTES: usize = 128;

/// Rounds of lanes in a block of a reduction: a block is `ROUNDS * lanes` elements.
pub const ROUNDS: usize = 16;

/// Levels of the tree of blocks that a fold's scratch has room for where rows have `n` elements in
/// `lanes` lanes: a fold strip merges blocks as a binary counter does, level `k` holding the lanes
/// of `2^k` blocks. Each level holds, for every accumulator in turn, its lanes in [`LANE_BYTES`].
/// Rows of one block need none.
pub fn fold_levels(n: usize, lanes: usize) -> usize {
    let blocks = n.div_ceil(ROUNDS * lanes);
    if blocks < 2 { 0 } else { blocks.ilog2() as usize + 1 }
}

/// Error bit: an integer was raised to a negative power.
pub const NEGATIVE_POWER: u32 = 1;

/// Error bit: an index that an array holds is out of range. No strip sets it: walks do, which read by such
/// indices and know which one it was.
pub const OUT_OF_RANGE: u32 = 2;

/// What the error bits of a strip mean; `None` if none is set.
pub fn strip_error(bits: u32) -> Option<Error> {
    (bits & NEGATIVE_POWER != 0)
        .then(|| Error::new(ErrorKind::Value, "pow: an integer cannot be raised to a negative power"))
}
