//! Kernels: how nests run. A strip is the code of innermost loops; a kernel walks strips over its
//! outer axes; a plan runs kernels in order over buffers.

pub mod strip;

pub use strip::{Operand, Strip, StripKind};
