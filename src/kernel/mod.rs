//! Kernels: how nests run. A strip is the code of innermost loops; a kernel walks strips over its
//! outer axes; a plan runs kernels in order over buffers.
//!
//! Everything here is data with a text. The walks themselves are in `runtime/run`, and what a strip
//! does without machine code in [`interpret`].

pub mod interpret;
pub mod loops;
pub mod lower;
pub mod plan;
pub mod print;
mod reuse;
pub mod schedule;
pub mod strip;

pub use loops::{Chain, Kernel, Link, Place, Slot, Stage, Work};

pub use plan::Plan;
pub use strip::{Operand, Strip, StripKind};
