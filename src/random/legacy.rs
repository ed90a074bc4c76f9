//! NumPy's older functions, `np.random.seed` and those beside it.

use std::ops::Range;

use super::bits::{Bits, Twister, masked};
use super::{check_scale, drawn, reach, width};
use crate::array::{Array, ToShape};
use crate::base::Result;

/// NumPy's legacy stream: the state that `np.random.seed(seed)` sets, as a value.
#[derive(Clone)]
pub struct RandomState {
    bits: Twister,
    /// Normal numbers come in pairs.
    second: Option<f64>,
}

/// The stream of `np.random.seed(seed)`.
///
/// # Examples
/// ```
/// use broadloom::random;
///
/// let mut state = random::seed(42);
/// let x = state.randn([2])?; // np.random.seed(42); np.random.randn(2)
/// assert_eq!(x.to_vec::<f64>()?, [0.4967141530112327, -0.13826430117118466]);
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn seed(seed: u32) -> RandomState {
    RandomState { bits: Twister::new(seed), second: None }
}

impl RandomState {
    /// Uniform numbers in [0, 1), `f64` of `shape`.
    ///
    /// # Errors
    /// If there is no memory for them.
    #[track_caller]
    #[doc(alias = "random_sample")]
    pub fn rand(&mut self, shape: impl ToShape) -> Result<Array> {
        drawn("rand", shape, || self.bits.next_double())
    }

    /// Numbers of the standard normal distribution, `f64` of `shape`.
    ///
    /// # Errors
    /// If there is no memory for them.
    #[track_caller]
    pub fn randn(&mut self, shape: impl ToShape) -> Result<Array> {
        drawn("randn", shape, || self.gauss())
    }

    /// Numbers of the normal distribution with this mean and standard deviation, `f64` of `shape`.
    ///
    /// # Errors
    /// If `scale` is negative or NaN, or there is no memory for them.
    #[track_caller]
    pub fn normal(&mut self, mean: f64, scale: f64, shape: impl ToShape) -> Result<Array> {
        check_scale("normal", scale)?;
        drawn("normal", shape, || mean + scale * self.gauss())
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

    /// Integers of the range, each as likely, `i64` of `shape`.
    ///
    /// # Errors
    /// If the range is empty, or there is no memory for them.
    #[track_caller]
    pub fn randint(&mut self, range: Range<i64>, shape: impl ToShape) -> Result<Array> {
        let most = reach("randint", &range)?;
        drawn("randint", shape, || range.start.wrapping_add(masked(&mut self.bits, most) as i64))
    }

    /// The polar method: a point in the unit circle gives two numbers.
    fn gauss(&mut self) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        loop {
            let x = 2.0 * self.bits.next_double() - 1.0;
            let y = 2.0 * self.bits.next_double() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.second = Some(factor * x);
                return factor * y;
            }
        }
    }
}
