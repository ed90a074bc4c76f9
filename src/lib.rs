//! A lazy array compiler.
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[doc(hidden)]
pub mod base;
#[doc(hidden)]
pub mod matmul;
