//! The scalar vocabulary: what one loop computes for one element. Graph, rewriter, fused bodies,
//! interpreter, code generator, docs and tests all read the same rows.

pub mod eval;
pub mod expr;
#[cfg(feature = "fft")]
pub mod fft;
pub mod fold;
pub mod host;
#[cfg(feature = "linalg")]
pub mod linalg;
pub mod math;
pub mod print;
pub mod routine;
pub mod table;

pub use eval::Values;
pub use expr::{Builder, Expr, Inst, Ref};
#[cfg(feature = "fft")]
pub use fft::Fft;
pub use fold::{Fold, PerAccumulator};
pub use host::{HostOp, Update};
#[cfg(feature = "linalg")]
pub use linalg::Linalg;
pub use routine::Routine;
pub use table::{Binary, Rule, Unary};
