//! Files: arrays in from and out to formats of others.

mod header;
mod npy;
