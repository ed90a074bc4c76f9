//! NumPy's `Generator` over PCG64.

use std::ops::Range;

use super::bits::{Bits, Pcg, bounded, masked};
use super::{check_scale, drawn, reach, room, width, wrong, ziggurat};
use crate::array::{Array, ToShape};
use crate::base::Result;

/// NumPy's `np.random.default_rng(seed)`: the same numbers from the same calls.
#[derive(Clone)]
pub struct Generator {
    bits: Pcg,
}

/// The generator of `np.random.default_rng(seed)`.
///
/// # Examples
/// ```
/// use broadloom::random;
///
/// let mut rng = random::default_rng(42);
/// assert_eq!(rng.random(1)?.to_vec::<f64>()?, [0.7739560485559633]);
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn default_rng(seed: u64) -> Generator {
    Generator { bits: Pcg::new(seed) }
}

impl Generator {
    /// Uniform numbers in [0, 1), `f64` of `shape`.
    ///
    /// # Errors
    /// If there is no memory for them.
    #[track_caller]
    pub fn random(&mut self, shape: impl ToShape) -> Result<Array> {
        drawn("random", shape, || self.bits.next_double())
    }

    /// Uniform numbers in [low, high), `f64` of `shape`.
    ///
    /// # Errors
    /// If the range is not finite, or there is no memory for them.
    #[track_caller]
    pub fn uniform(&mut self, range: Range<f64>, shape: impl ToShape) -> Result<Array> {
        let width = width("uniform", &range)?;
        drawn("uniform", shape, || range.start + width * self.bits.next_double())
    }

    /// Numbers of the standard normal distribution, `f64` of `shape`.
    ///
    /// # Errors
    /// If there is no memory for them.
    #[track_caller]
    pub fn standard_normal(&mut self, shape: impl ToShape) -> Result<Array> {
        drawn("standard_normal", shape, || ziggurat::normal(&mut self.bits))
    }

    /// Numbers of the normal distribution with this mean and standard deviation, `f64` of `shape`.
    ///
    /// # Errors
    /// If `scale` is negative or NaN, or there is no memory for them.
    #[track_caller]
    pub fn normal(&mut self, mean: f64, scale: f64, shape: impl ToShape) -> Result<Array> {
        check_scale("normal", scale)?;
        drawn("normal", shape, || mean + scale * ziggurat::normal(&mut self.bits))
    }

    /// Numbers of the exponential distribution of mean 1, `f64` of `shape`.
    ///
    /// # Errors
    /// If there is no memory for them.
    #[track_caller]
    pub fn standard_exponential(&mut self, shape: impl ToShape) -> Result<Array> {
        drawn("standard_exponential", shape, || ziggurat::exponential(&mut self.bits))
    }

    /// Numbers of the exponential distribution with this mean, `f64` of `shape`.
    ///
    /// # Errors
    /// If `scale` is negative or NaN, or there is no memory for them.
    #[track_caller]
    pub fn exponential(&mut self, scale: f64, shape: impl ToShape) -> Result<Array> {
        check_scale("exponential", scale)?;
        drawn("exponential", shape, || scale * ziggurat::exponential(&mut self.bits))
    }

    /// Integers of the range, each as likely, `i64` of `shape`.
    ///
    /// # Errors
    /// If the range is empty, or there is no memory for them.
    #[track_caller]
    pub fn integers(&mut self, range: Range<i64>, shape: impl ToShape) -> Result<Array> {
        let most = reach("integers", &range)?;
        drawn("integers", shape, || range.start.wrapping_add(bounded(&mut self.bits, most) as i64))
    }

    /// The integers `0..count` in random order, `i64` of shape `[count]`.
    ///
    /// # Errors
    /// If there is no memory for them.
    #[track_caller]
    pub fn permutation(&mut self, count: usize) -> Result<Array> {
        let mut order = places("permutation", count)?;
        self.shuffle(&mut order);
        Array::from_vec(order, count)
    }

    /// Brings the elements of `values` into random order, in place.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for at in (1..values.len()).rev() {
            let other = masked(&mut self.bits, at as u64) as usize;
            values.swap(at, other);
        }
    }

    /// Exchanges each of the elements from the last to the `first`-th with one before or itself; what is
    /// chosen comes in this order, and not in that of `shuffle`.
    fn shuffle_from<T>(&mut self, first: usize, values: &mut [T]) {
        for at in (first..values.len()).rev() {
            let other = bounded(&mut self.bits, at as u64) as usize;
            values.swap(at, other);
        }
    }

    /// Integers of `0..count`, each draw as likely to be any: NumPy's `choice(count, shape)`, `i64` of
    /// `shape`.
    ///
    /// # Errors
    /// If `count` is 0 and `shape` is not empty, or there is no memory for them.
    #[track_caller]
    pub fn choice(&mut self, count: usize, shape: impl ToShape) -> Result<Array> {
        let Some(most) = (count as u64).checked_sub(1) else {
            return Err(wrong("choice", "there is nothing to choose from".to_owned()));
        };
        drawn("choice", shape, || bounded(&mut self.bits, most) as i64)
    }

    /// `drawn` different integers of `0..count` in random order: NumPy's
    /// `choice(count, drawn, replace=False)`, `i64` of shape `[drawn]`.
    ///
    /// # Errors
    /// If more are asked for than there are, or there is no memory for them.
    #[track_caller]
    pub fn choice_without_replacement(&mut self, count: usize, drawn: usize) -> Result<Array> {
        const OP: &str = "choice_without_replacement";
        if drawn > count {
            return Err(wrong(OP, format!("{drawn} different numbers of {count}")));
        }
        // NumPy's bounds between its two ways.
        if count > 10_000 && drawn > count / 50 {
            let mut order = places(OP, count)?;
            self.shuffle_from((count - drawn).max(1), &mut order);
            return Array::from_slice(&order[count - drawn..], drawn);
        }
        // Floyd's way: what was chosen before gives its place to the last that can be.
        let mut chosen: Vec<i64> = room(OP, drawn)?;
        let mut known = rustc_hash::FxHashSet::default();
        for last in count - drawn..count {
            let value = bounded(&mut self.bits, last as u64);
            let value = if known.insert(value) { value } else { last as u64 };
            known.insert(value);
            chosen.push(value as i64);
        }
        self.shuffle_from(1, &mut chosen);
        Array::from_vec(chosen, drawn)
    }

    /// Integers of `0..probabilities.len()`, each as likely as its probability says: NumPy's
    /// `choice(count, shape, p=probabilities)`, `i64` of `shape`.
    ///
    /// # Errors
    /// If the probabilities are negative, NaN, or do not sum to 1 within 2^-26; or there is no memory.
    #[track_caller]
    pub fn choice_weighted(&mut self, probabilities: &[f64], shape: impl ToShape) -> Result<Array> {
        const OP: &str = "choice_weighted";
        if let Some(bad) = probabilities.iter().find(|p| p.is_nan() || **p < 0.0) {
            return Err(wrong(OP, format!("{bad} is no probability")));
        }
        let mut sums: Vec<f64> = room(OP, probabilities.len())?;
        for p in probabilities {
            sums.push(sums.last().unwrap_or(&0.0) + p);
        }
        let total = *sums.last().unwrap_or(&0.0);
        // The square root of the precision, as NumPy has it.
        if (total - 1.0).abs() > 2_f64.powi(-26) {
            return Err(wrong(OP, format!("probabilities sum to {total}, not to 1")));
        }
        sums.iter_mut().for_each(|sum| *sum /= total);
        drawn(OP, shape, || {
            let u = self.bits.next_double();
            sums.partition_point(|sum| *sum <= u) as i64
        })
    }
}

/// `0..count`.
fn places(op: &str, count: usize) -> Result<Vec<i64>> {
    let mut places = room(op, count)?;
    places.extend(0..count as i64);
    Ok(places)
}
