//! Running: memory, executable code, threads, caches.

pub mod buffer;
pub mod cache;
pub mod engine;
pub mod execute;
#[cfg(feature = "jit")]
pub mod jit;
pub mod pool;
pub mod run;
pub mod strips;
pub mod walk;

pub use buffer::Buffer;
pub use engine::{Engine, Stats, engine};
