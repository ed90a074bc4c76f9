//! A lazy array compiler.
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[doc(hidden)]
pub mod base;
#[cfg(feature = "jit")]
#[doc(hidden)]
pub mod codegen;
#[doc(hidden)]
pub mod graph;
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
