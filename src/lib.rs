//! A lazy array compiler.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod array;
#[doc(hidden)]
pub mod base;
#[cfg(feature = "jit")]
#[doc(hidden)]
pub mod codegen;
#[doc(hidden)]
pub mod graph;
mod io;
#[doc(hidden)]
pub mod kernel;
#[doc(hidden)]
pub mod matmul;
#[doc(hidden)]
pub mod op;
#[doc(hidden)]
pub mod opt;
#[doc(hidden)]
pub mod pipeline;
#[doc(hidden)]
pub mod reference;
#[doc(hidden)]
pub mod runtime;

pub use array::{
    Array, Arrays, NewAxis, Operand, Over, SliceIndex, SliceItem, ToAxes, ToShape, checked, concat, eval,
    explain, over, stack, try_concat, try_stack, try_where_, where_,
};
pub use base::{DType, Element, Error, ErrorKind, Result, Target};
pub use pipeline::Explain;
pub use runtime::{Engine, Stats, engine};

/// Everything one writes expressions with: `use broadloom::prelude::*;`.
pub mod prelude {
    pub use crate::DType::{self, *};
    pub use crate::{Array, NewAxis, array, concat, over, s, stack, where_};
}
