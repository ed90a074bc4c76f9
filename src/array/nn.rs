//! Compositions: what neural networks and statistics call by one name and fusion makes one loop.
//! No node of their own, no rule of their own.

use crate::array::Array;
use crate::array::args::{Over, ToAxes};
use crate::array::build;
use crate::array::fallible::{fallible, within};
use crate::array::operand::Operand;
use crate::array::reduce::{mean, reduced};
use crate::base::{Error, ErrorKind, Result};
use crate::op::{Binary, Fold, Unary};

fallible! {
    /// `maximum(x, 0)`; NaN stays NaN.
    pub fn relu(&self) {
        self.try_maximum(0)
    }

    /// The sigmoid linear unit, `x * sigmoid(x)`.
    #[doc(alias = "swish")]
    pub fn silu(&self) {
        self.try_multiply(self.try_sigmoid()?)
    }

    /// `exp(x)` scaled so that its sum over `axes` is 1, of `x` less its maximum, so that nothing
    /// overflows.
    ///
    /// # Shapes
    /// That of `self`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let p = array![[1.0, 1.0], [0.0, 1000.0]].softmax(-1);
    /// assert_eq!(p.to_vec::<f64>()?, [0.5, 0.5, 0.0, 1.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn softmax(&self, axes: impl ToAxes) {
        let over = kept("softmax", axes)?;
        let powers = lowered("softmax", self, &over)?.try_exp()?;
        powers.try_divide(reduced("softmax", Fold::Sum, &powers, &over)?)
    }

    /// The logarithm of [`softmax`](Array::softmax), computed without losing small probabilities.
    pub fn log_softmax(&self, axes: impl ToAxes) {
        let over = kept("log_softmax", axes)?;
        let low = lowered("log_softmax", self, &over)?;
        low.try_subtract(reduced("log_softmax", Fold::Sum, &low.try_exp()?, &over)?.try_log()?)
    }

    /// The array with mean 0 and variance 1 along `axes`, times `gain`, plus `bias`:
    /// `(x - mean) / sqrt(var + epsilon) * gain + bias`.
    ///
    /// # Shapes
    /// That of `self`; `gain` and `bias` broadcast to it and may be numbers.
    ///
    /// # Source
    /// Ba, Kiros, Hinton, "Layer normalization", 2016.
    pub fn layer_norm(&self, axes: impl ToAxes, gain: impl Operand, bias: impl Operand, epsilon: f64) {
        let over = kept("layer_norm", axes)?;
        let x = build::cast("layer_norm", self, self.dtype().to_float())?;
        let center = x.try_subtract(mean("layer_norm", &x, &over)?)?;
        let squares = build::unary(Unary::Square, &center)?;
        let spread = mean("layer_norm", &squares, &over)?.try_add(epsilon)?.try_sqrt()?;
        let scaled = build::binary(Binary::Multiply, center.try_divide(spread)?.into(), gain.operand());
        let shifted = build::binary(Binary::Add, within("layer_norm", scaled)?.into(), bias.operand());
        let shifted = within("layer_norm", shifted)?;
        if shifted.shape() != self.shape() {
            let message = format!("layer_norm: gain and bias widen {} to {}", self.ty(), shifted.ty());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        Ok(shifted)
    }
}

/// The axes, staying: these compositions have the shape of what they are given.
fn kept(op: &str, axes: impl ToAxes) -> Result<Over> {
    let over = axes.over();
    if over.has_options() {
        return Err(Error::new(ErrorKind::Value, format!("{op}: takes axes without options")));
    }
    Ok(over.kept())
}

/// `x - max(x)`, in floats; of no elements, themselves.
#[track_caller]
fn lowered(op: &str, x: &Array, over: &Over) -> Result<Array> {
    let x = build::cast(op, x, x.dtype().to_float())?;
    if x.size() == 0 {
        over.resolve(op, x.ty())?;
        return Ok(x);
    }
    x.try_subtract(reduced(op, Fold::Max, &x, over)?)
}
