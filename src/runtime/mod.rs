//! Running: memory, executable code, threads, caches.

pub mod buffer;
pub mod cache;
pub mod engine;
#[cfg(feature = "jit")]
pub mod jit;
pub mod run;

pub use buffer::Buffer;
pub use engine::{Engine, Stats, engine};
