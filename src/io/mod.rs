//! Files, and types of other crates: arrays in from and out to formats of others.

#[cfg(feature = "npz")]
mod archive;
mod header;
mod map;
#[cfg(any(feature = "npz", feature = "safetensors"))]
mod names;
#[cfg(feature = "ndarray-0_17")]
mod ndarray;
mod npy;
#[cfg(feature = "npz")]
mod npz;
#[cfg(feature = "safetensors")]
mod safetensors;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "text")]
mod text;

#[cfg(feature = "text")]
pub use text::TextOptions;
