//! Matrix products: packing, blocking, and micro-kernels compiled ahead of time.
//!
//! Every element of a product is, exactly, `acc = fma(a, b, acc)` from +0 over ascending k, in the
//! precision of the product's dtype (integers wrap), whatever the extents, the blocking, the task
//! and the instruction set. So k is never split between tasks, a block of k starts from the stored
//! accumulators of the block before it, and all kernels give equal bits, all NaNs being one value.
//!
//! The room neither allocates nor starts threads: the runtime cuts a product with [`split`], makes a
//! [`Plan`] for each task, gives it the scratch that the plan says, and calls [`run`] from as many
//! threads as it likes.
//! Operands are read from memory with any steps or written panel by panel by a function (a fused
//! prologue); results go to memory or, a few cache-hot rows at a time, to a function (a fused
//! epilogue).
//!
//! | file | holds |
//! |---|---|
//! | `kernels/` | the micro-kernels: tiles, and rows that pass a right operand once; four instruction sets |
//! | `pack` | copying operands into panels |
//! | `plan` | what is packed, the sizes of blocks, the layout of scratch |
//! | `drive` | the loops around a micro-kernel |

#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::OnceLock;

use smallvec::SmallVec;

use crate::base::DType;

mod drive;
mod kernels;
mod pack;
mod plan;
#[cfg(test)]
mod tests;

pub use kernels::{Isa, Kernel};
pub use plan::Plan;

/// One product, `[m, k] @ [k, n]`, in one dtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Of operands, accumulators and result: a float or an integer.
    pub dtype: DType,
    /// Rows of the left operand and of the result.
    pub m: usize,
    /// Columns of the right operand and of the result.
    pub n: usize,
    /// Products summed per element; none give +0.
    pub k: usize,
}

/// A rectangle of a product's result. Whoever runs it computes the full sums of its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Rows of the result.
    pub rows: Range<usize>,
    /// Columns of the result.
    pub columns: Range<usize>,
}

/// Where the elements of an operand come from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// From memory. Steps may be anything, also 0 or negative.
    Memory {
        /// Address of element (0, 0).
        base: *const u8,
        /// Bytes from one row to the next.
        row: isize,
        /// Bytes from one column to the next.
        column: isize,
    },
    /// From a function that writes one panel and returns error bits. It may be called more than
    /// once for the same elements if the operand is too large to be kept, and is never called for
    /// none.
    Strip {
        /// The function.
        write: &'a (dyn Fn(Panel) -> u32 + Sync),
        /// Whether it runs along k: [`Panel::k`] is 1. Otherwise [`Panel::lane`] is.
        along_k: bool,
    },
}

/// A piece of a packed operand, to be written: for `d < depth` and `j < width`,
/// `to[j * lane + d * k]` becomes the operand's element at k = `first_k + d` and row (left operand)
/// or column (right operand) `first + j`.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// Where the first element goes.
    pub to: *mut u8,
    /// Elements from one row or column to the next.
    pub lane: usize,
    /// Elements from one k to the next.
    pub k: usize,
    /// The first row or column.
    pub first: usize,
    /// Number of rows or columns.
    pub width: usize,
    /// The first k.
    pub first_k: usize,
    /// How many k.
    pub depth: usize,
}

/// What becomes of finished elements.
#[derive(Clone, Copy)]
pub enum Sink<'a> {
    /// They are stored to memory, a row's columns side by side. The memory also holds unfinished
    /// sums meanwhile, so it must not overlap an operand.
    Memory {
        /// Address of element (0, 0) of the whole product.
        base: *mut u8,
        /// Bytes from one row to the next; any.
        row: isize,
    },
    /// A function takes them, a rectangle at a time and each element once, and returns error bits.
    Finish(&'a (dyn Fn(Tile) -> u32 + Sync)),
}

// SAFETY: sources and sinks are addresses and functions that may be called from any thread; whoever
// runs a task vouches for what lies at the addresses, on whatever thread that is.
unsafe impl Send for Source<'_> {}
// SAFETY: as above.
unsafe impl Sync for Source<'_> {}
// SAFETY: as above.
unsafe impl Send for Sink<'_> {}
// SAFETY: as above.
unsafe impl Sync for Sink<'_> {}

/// A rectangle of finished elements in scratch, valid during the call it is given to.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// Address of the first element.
    pub at: *const u8,
    /// Elements from one row to the next.
    pub stride: usize,
    /// Where the rectangle's first row is in the product.
    pub row: usize,
    /// Number of rows.
    pub rows: usize,
    /// Where the rectangle's first column is in the product.
    pub column: usize,
    /// Number of columns.
    pub columns: usize,
}

/// Alignment of the scratch [`run`] is given, in bytes: a cache line, and a vector of AVX-512.
pub const SCRATCH_ALIGN: usize = 64;

/// The rectangles into which to cut the product of sources that lie like these for `threads`
/// threads: some for each, one if it is too small to be worth sharing, none if the result is empty.
pub fn split(product: Product, threads: usize, lhs: Source, rhs: Source) -> SmallVec<[Task; 4]> {
    kernel(product.dtype).split(product, threads, lhs, rhs)
}

/// Computes the elements of `task` and returns all error bits of strips and epilogues.
///
/// # Safety
/// Memory sources must be readable at every element, naturally aligned, that the task's rows and
/// columns need over all k; a memory sink must be writable at every element of the task, and
/// nobody else may touch those elements meanwhile. Strips must write what [`Panel`] says. `scratch`
/// must be aligned to [`SCRATCH_ALIGN`] and have at least [`Plan::scratch_bytes`]. The plan must have
/// been made for this product, this task, and sources and sink that differ from these by addresses
/// only.
pub unsafe fn run(
    product: Product,
    plan: &Plan,
    task: &Task,
    lhs: Source,
    rhs: Source,
    sink: Sink,
    scratch: &mut [MaybeUninit<u8>],
) -> u32 {
    // SAFETY: the caller's promise is the kernel's.
    unsafe { kernel(product.dtype).run(product, plan, task, lhs, rhs, sink, scratch) }
}

/// How [`run`] computes `task`, from sources and into a sink that lie like these.
pub fn plan(product: Product, task: &Task, lhs: Source, rhs: Source, sink: Sink) -> Plan {
    kernel(product.dtype).plan(product, task, lhs, rhs, sink)
}

/// The name of the micro-kernel products of this dtype run on, `avx512 8x48`.
pub fn kernel_name(dtype: DType) -> &'static str {
    kernel(dtype).name
}

/// The kernel products of `dtype` run on: that of the best instruction set this machine has.
///
/// # Panics
/// If there are no products of `dtype`: of truth values.
pub fn kernel(dtype: DType) -> &'static Kernel {
    static BEST: OnceLock<Isa> = OnceLock::new();
    let isa = *BEST.get_or_init(|| Isa::available()[0]);
    isa.kernel(dtype).unwrap_or_else(|| panic!("matmul: no products of {dtype}"))
}
