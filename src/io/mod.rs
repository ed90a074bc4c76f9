//! Files: arrays in from and out to formats of others.

mod header;
mod map;
mod npy;
