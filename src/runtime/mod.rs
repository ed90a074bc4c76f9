//! Running: where code and buffers live, and who runs what.

#[cfg(feature = "jit")]
pub mod jit;
