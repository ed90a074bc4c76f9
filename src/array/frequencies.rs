//! The frequencies that numbers of a Fourier transform belong to, and their order. It is all index arithmetic and
//! views, and needs no crate; the transforms themselves are in `fft`.

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{Over, ToAxes};
use crate::array::elementwise::try_where_;
use crate::array::fallible::{fallible, within};
use crate::array::ranges::iota;
use crate::base::{Error, ErrorKind, Result};
use crate::graph::infer;

fallible! {
    /// The frequencies of [`fft`](Array::fft) of `n` points at distances `d`, in cycles per unit of `d`, in `f64`: 0,
    /// the positive ones, then the negative ones from the lowest on.
    ///
    /// # Source
    /// `numpy.fft.fftfreq`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// assert_eq!(Array::fftfreq(5, 0.1).to_vec::<f64>()?, [0.0, 2.0, 4.0, -4.0, -2.0]);
    /// assert_eq!(Array::fftfreq(4, 1.0).to_vec::<f64>()?, [0.0, 0.25, -0.5, -0.25]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn fftfreq(n: usize, d: f64) {
        let step = step("fftfreq", n, d)?;
        let place = iota("fftfreq", n)?;
        let positive = n.div_ceil(2) as i64;
        try_where_(place.try_less(positive)?, &place, place.try_subtract(n as i64)?)?.try_multiply(step)
    }

    /// The frequencies of [`rfft`](Array::rfft) of `n` points at distances `d`, in cycles per unit of `d`, in `f64`:
    /// `n / 2 + 1`, from 0 on.
    ///
    /// # Source
    /// `numpy.fft.rfftfreq`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// assert_eq!(Array::rfftfreq(4, 0.125).to_vec::<f64>()?, [0.0, 2.0, 4.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn rfftfreq(n: usize, d: f64) {
        let step = step("rfftfreq", n, d)?;
        iota("rfftfreq", n / 2 + 1)?.try_multiply(step)
    }
}

fallible! {
    /// The array with frequency 0 in the middle of these axes: [`roll`](Array::roll)ed by half of each. `..` is for all
    /// axes.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let frequencies = Array::fftfreq(4, 0.25);
    /// assert_eq!(frequencies.fftshift(..).to_vec::<f64>()?, [-2.0, -1.0, 0.0, 1.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn fftshift(&self, axes: impl ToAxes) {
        shifted("fftshift", self, &axes.over(), 1)
    }

    /// The inverse of [`fftshift`](Array::fftshift), from which it differs for odd extents.
    pub fn ifftshift(&self, axes: impl ToAxes) {
        shifted("ifftshift", self, &axes.over(), -1)
    }
}

/// From one frequency to the next.
fn step(op: &str, n: usize, d: f64) -> Result<f64> {
    let span = n as f64 * d;
    if span == 0.0 {
        let why = format!("{op}: {n} points at distances of {d} have no frequencies");
        return Err(Error::new(ErrorKind::Value, why));
    }
    Ok(1.0 / span)
}

/// The array with these axes moved on by half their extent, or, with a `sign` of -1, back.
#[track_caller]
fn shifted(op: &str, array: &Array, over: &Over, sign: i64) -> Result<Array> {
    let axes = over.plain(op, array.ty())?;
    let mut halves: SmallVec<[i64; 4]> = SmallVec::new();
    for &axis in &axes {
        let axis = infer::axis(op, array.ty(), array.ndim(), axis)?;
        halves.push(sign * (array.shape()[axis] / 2) as i64);
    }
    within(op, array.try_roll(&halves[..], &axes[..]))
}
