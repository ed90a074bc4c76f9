//! A stream by counting: element `i` is a scrambled `i`, so that arrays of it are lazy expressions which
//! fuse with what reads them, and any number of threads computes the same.
//!
//! # Source
//! Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011: Philox 2x32 with ten
//! rounds.

use crate::array::{Array, ToShape, extents};
use crate::base::{DType, Result, Type};

/// Independent lazy arrays of random numbers. Every array takes the next numbers of the stream; what an
/// element is depends on the seed, on how many numbers were taken before, and on its place.
#[derive(Clone)]
pub struct Stream {
    key: u32,
    taken: i64,
}

/// The stream of `seed`.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
/// use broadloom::random;
///
/// let mut stream = random::stream(7);
/// let x = stream.uniform([1000, 1000])?; // nothing is computed, nothing stored
/// let mean = x.mean(..).item::<f64>()?; // one loop, on all threads
/// assert!((mean - 0.5).abs() < 1e-3);
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn stream(seed: u32) -> Stream {
    Stream { key: seed, taken: 0 }
}

/// Rounds of scrambling.
const ROUNDS: u32 = 10;

impl Stream {
    /// Uniform numbers in [0, 1), multiples of 2^-53, `f64` of `shape`. Lazy.
    ///
    /// # Errors
    /// If memory cannot address so many.
    #[track_caller]
    pub fn uniform(&mut self, shape: impl ToShape) -> Result<Array> {
        let ty = Type::checked("uniform", DType::F64, extents("uniform", shape)?)?;
        let [high, low] = self.words(&ty)?;
        // 32 bits and 21 bits.
        let scaled = (high * 2_097_152_i64).try_add(low >> 11)?;
        scaled.astype(DType::F64).try_multiply(1.0 / 9_007_199_254_740_992.0)
    }

    /// Numbers of the standard normal distribution, `f64` of `shape`, by Box and Muller. Lazy.
    ///
    /// # Errors
    /// If memory cannot address so many.
    #[track_caller]
    pub fn standard_normal(&mut self, shape: impl ToShape) -> Result<Array> {
        let ty = Type::checked("standard_normal", DType::F64, extents("standard_normal", shape)?)?;
        let [high, low] = self.words(&ty)?;
        // In (0, 1], and an angle.
        let radius = (high + 1_i64).astype(DType::F64) * 2_f64.powi(-32);
        let angle = low.astype(DType::F64) * (std::f64::consts::TAU * 2_f64.powi(-32));
        (radius.log() * -2.0).sqrt().try_multiply(angle.cos())
    }

    /// The two words of 32 bits, as `i64`, of as many numbers as `ty` has elements.
    #[track_caller]
    fn words(&mut self, ty: &Type) -> Result<[Array; 2]> {
        let count = ty.shape.size();
        let start = self.taken;
        self.taken = self.taken.wrapping_add(count as i64);
        let place = (Array::arange(0..count as i64) + start).try_reshape(&ty.shape[..])?;
        const LOW: i64 = 0xffff_ffff;
        const MULTIPLIER: i64 = 0xd256_d193;
        let (mut left, mut right) = (&place & LOW, (&place >> 32) & LOW);
        let mut key = self.key;
        for _ in 0..ROUNDS {
            let product = left * MULTIPLIER;
            left = ((&product >> 32) & LOW) ^ right ^ i64::from(key);
            right = product & LOW;
            key = key.wrapping_add(0x9e37_79b9);
        }
        Ok([left, right])
    }
}
