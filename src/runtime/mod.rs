//! Running: memory, executable code, threads, caches.

pub mod buffer;
pub mod pool;

pub use buffer::Buffer;
