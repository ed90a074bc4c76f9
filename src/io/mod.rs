//! Files: arrays in from and out to formats of others.

mod header;
mod map;
#[cfg(any(feature = "npz", feature = "safetensors"))]
mod names;
mod npy;
#[cfg(feature = "npz")]
mod npz;
#[cfg(feature = "safetensors")]
mod safetensors;
#[cfg(feature = "text")]
mod text;

#[cfg(feature = "text")]
pub use text::TextOptions;
