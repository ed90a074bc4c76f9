//! Discrete Fourier transforms along axes. Behind the crate feature `fft`; frequencies and shifts, which need no
//! crate, are in `frequencies`.

use smallvec::{SmallVec, smallvec};

use crate::array::Array;
use crate::array::args::{Over, ToAxes};
use crate::array::build;
use crate::array::complex;
use crate::array::fallible::fallible;
use crate::array::manipulate::part;
use crate::array::operand::Arg;
use crate::array::views::{axis_error, in_order, joined, permuted};
use crate::base::promotion::Weak;
use crate::base::{Error, ErrorKind, Result, Shape, Type};
use crate::graph::infer;
use crate::op::{Binary, Fft, HostOp};

/// What Fourier transforms of n points divide by: [`Over::norm`].
///
/// A transform and its inverse with the same norm undo each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum FftNorm {
    /// By nothing, and the inverse by n.
    #[default]
    Backward,
    /// Both by the square root of n, so that lengths of vectors stay.
    Ortho,
    /// By n, and the inverse by nothing.
    Forward,
}

impl FftNorm {
    /// The divisor of the other direction.
    fn swapped(self) -> Self {
        match self {
            FftNorm::Backward => FftNorm::Forward,
            FftNorm::Ortho => FftNorm::Ortho,
            FftNorm::Forward => FftNorm::Backward,
        }
    }
}

fallible! {
    /// The discrete Fourier transform along an axis, of complex or real numbers: number k of n is the sum of
    /// `x[j] exp(-2 pi i j k / n)`.
    ///
    /// [`over`](crate::array::over)`(axis)` takes options: [`n`](Over::n), how many points, and
    /// [`norm`](Over::norm), what it is divided by. Any number of points is fine, primes too. Integers
    /// and truth values are computed in `f64`, floats of 16 bits in `f32`.
    ///
    /// # Shapes
    /// `[.., m, ..] -> [.., n, ..]`, complex; `n` is `m` unless it is given.
    ///
    /// # Source
    /// `numpy.fft.fft`.
    ///
    /// # Examples
    /// ```
    /// use broadloom::{c128, prelude::*};
    ///
    /// let x = array![1.0, 2.0, 0.0, -1.0];
    /// let z = x.fft(0);
    /// let parts = [(2.0, 0.0), (1.0, -3.0), (0.0, 0.0), (1.0, 3.0)];
    /// assert_eq!(z.to_vec::<c128>()?, parts.map(|(re, im)| c128::new(re, im)));
    /// assert!(z.ifft(0).real().allclose(&x)?);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn fft(&self, axis: impl ToAxes) {
        let along = Along::one("fft", self, axis.over(), false)?;
        along.scaled(&along.complex(Fft::Forward, self, 0)?, along.norm)
    }

    /// The inverse of [`fft`](Array::fft) along an axis: number j of n is the sum of `x[k] exp(2 pi i j k / n)`,
    /// divided by n. Takes the options of `fft`.
    ///
    /// # Shapes
    /// `[.., m, ..] -> [.., n, ..]`, complex.
    pub fn ifft(&self, axis: impl ToAxes) {
        let along = Along::one("ifft", self, axis.over(), false)?;
        along.scaled(&along.complex(Fft::Backward, self, 0)?, along.norm.swapped())
    }

    /// The first half of [`fft`](Array::fft) of real numbers, from which the rest follows: number n - k is the
    /// conjugate of number k. Takes the options of `fft`.
    ///
    /// # Shapes
    /// `[.., m, ..] -> [.., n / 2 + 1, ..]`, complex; `n` is `m` unless it is given.
    ///
    /// # Examples
    /// ```
    /// use broadloom::{FftNorm, prelude::*};
    ///
    /// // A tone that passes three times in eight points: its amplitude is at place 3.
    /// let wave = (Array::arange(0..8).astype(F64) * (std::f64::consts::TAU * 3.0 / 8.0)).cos();
    /// let spectrum = wave.rfft(over(-1).norm(FftNorm::Forward)).abs() * 2.0;
    /// assert!(spectrum.allclose(&array![0.0, 0.0, 0.0, 1.0, 0.0])?);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn rfft(&self, axis: impl ToAxes) {
        let along = Along::one("rfft", self, axis.over(), false)?;
        along.scaled(&along.half(self)?, along.norm)
    }

    /// The inverse of [`rfft`](Array::rfft): real numbers. The number of points, n, is even unless
    /// [`over`](crate::array::over)`(axis).n(n)` says otherwise: the same half stands for n = 2k and n = 2k + 1.
    ///
    /// The imaginary parts of what must be real, the first number and for an even n the last, are not looked at.
    ///
    /// # Shapes
    /// `[.., m, ..] -> [.., n, ..]`; `n` is `2 * (m - 1)` unless it is given. Of more than `n / 2 + 1` numbers the
    /// last are not used, and missing ones are 0.
    pub fn irfft(&self, axis: impl ToAxes) {
        let along = Along::one("irfft", self, axis.over(), true)?;
        along.scaled(&along.whole(self)?, along.norm.swapped())
    }

    /// The Fourier transform of numbers of which the negative places are the conjugates of these: real numbers, and
    /// [`irfft`](Array::irfft) of the conjugates, with the norms exchanged.
    ///
    /// # Shapes
    /// `[.., m, ..] -> [.., n, ..]`; `n` is `2 * (m - 1)` unless it is given.
    pub fn hfft(&self, axis: impl ToAxes) {
        let along = Along::one("hfft", self, axis.over(), true)?;
        along.scaled(&along.whole(&self.try_conj()?)?, along.norm)
    }

    /// The inverse of [`hfft`](Array::hfft), of real numbers: the conjugates of [`rfft`](Array::rfft), with the norms
    /// exchanged.
    ///
    /// # Shapes
    /// `[.., m, ..] -> [.., n / 2 + 1, ..]`, complex; `n` is `m` unless it is given.
    pub fn ihfft(&self, axis: impl ToAxes) {
        let along = Along::one("ihfft", self, axis.over(), false)?;
        along.scaled(&along.half(self)?.try_conj()?, along.norm.swapped())
    }

    /// [`fft`](Array::fft) along several axes; `..` is for all. With [`n`](Over::n) go as many numbers of points as
    /// there are axes.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let image = array![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(image.fftn(..).real().to_vec::<f64>()?, [10.0, -2.0, -4.0, 0.0]);
    /// let padded = image.fftn(over([0, 1]).n([4, 8]));
    /// assert_eq!(padded.shape(), [4, 8]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "fft2")]
    pub fn fftn(&self, axes: impl ToAxes) {
        let along = Along::several("fftn", self, axes.over(), false)?;
        along.scaled(&along.all(Fft::Forward, self)?, along.norm)
    }

    /// [`ifft`](Array::ifft) along several axes; `..` is for all. Takes the options of [`fftn`](Array::fftn).
    #[doc(alias = "ifft2")]
    pub fn ifftn(&self, axes: impl ToAxes) {
        let along = Along::several("ifftn", self, axes.over(), false)?;
        along.scaled(&along.all(Fft::Backward, self)?, along.norm.swapped())
    }

    /// [`rfft`](Array::rfft) along the last axis that is named, then [`fft`](Array::fft) along the others. Takes the
    /// options of [`fftn`](Array::fftn).
    #[doc(alias = "rfft2")]
    pub fn rfftn(&self, axes: impl ToAxes) {
        let along = Along::several("rfftn", self, axes.over(), false)?.of_real()?;
        let mut z = along.half(self)?;
        for nth in (0..along.axes.len() - 1).rev() {
            z = along.complex(Fft::Forward, &z, nth)?;
        }
        along.scaled(&z, along.norm)
    }

    /// The inverse of [`rfftn`](Array::rfftn): [`irfft`](Array::irfft) along the last axis that is named, after
    /// [`ifft`](Array::ifft) along the others. Takes the options of [`fftn`](Array::fftn).
    #[doc(alias = "irfft2")]
    pub fn irfftn(&self, axes: impl ToAxes) {
        let along = Along::several("irfftn", self, axes.over(), true)?.of_real()?;
        let mut z = self.clone();
        for nth in 0..along.axes.len() - 1 {
            z = along.complex(Fft::Backward, &z, nth)?;
        }
        along.scaled(&along.whole(&z)?, along.norm.swapped())
    }
}

/// Where a transform goes.
struct Along {
    op: &'static str,
    /// The axes, as they were named, and how many points there are along each: one or more.
    axes: SmallVec<[(usize, usize); 4]>,
    norm: FftNorm,
}

impl Along {
    /// Along one axis; `half` says that the array has half the numbers, to which the other half belongs.
    fn one(op: &'static str, array: &Array, over: Over, half: bool) -> Result<Self> {
        let along = Self::several(op, array, over, half)?;
        match along.axes.len() {
            1 => Ok(along),
            count => Err(axis_error(op, format!("takes one axis, not {count}"))),
        }
    }

    /// Along several; of `half`, along the last one.
    fn several(op: &'static str, array: &Array, over: Over, half: bool) -> Result<Self> {
        let (given, norm, over) = over.split_transform();
        let named = in_order(op, array, &over)?;
        if let Some(points) = given.as_ref().filter(|points| points.len() != named.len()) {
            let why = format!("n of {} numbers for {} axes of {}", points.len(), named.len(), array.ty());
            return Err(axis_error(op, why));
        }
        let mut axes = SmallVec::new();
        for (nth, &axis) in named.iter().enumerate() {
            let extent = array.shape()[axis] as i128;
            let points = match &given {
                Some(points) => points[nth],
                None if half && nth + 1 == named.len() => 2 * (extent - 1),
                None => extent,
            };
            let Some(count) = usize::try_from(points).ok().filter(|&count| count > 0) else {
                let why = format!("no transform along axis {axis} of {} has {points} points", array.ty());
                return Err(Error::new(ErrorKind::Shape, format!("{op}: {why}")));
            };
            axes.push((axis, count));
        }
        Ok(Self { op, axes, norm })
    }

    /// The same, if there is an axis for a transform of real numbers.
    fn of_real(self) -> Result<Self> {
        if self.axes.is_empty() {
            return Err(axis_error(self.op, "takes one axis or more".into()));
        }
        Ok(self)
    }

    /// A transform to complex numbers along one of the axes, not divided.
    #[track_caller]
    fn complex(&self, transform: Fft, array: &Array, nth: usize) -> Result<Array> {
        if transform == Fft::Forward && !array.is_complex() {
            return self.transformed(Fft::Real, &self.floats(array)?, nth);
        }
        self.transformed(transform, &self.numbers(array)?, nth)
    }

    /// The same along all axes, the last one first.
    #[track_caller]
    fn all(&self, transform: Fft, array: &Array) -> Result<Array> {
        let mut z = array.clone();
        for nth in (0..self.axes.len()).rev() {
            z = self.complex(transform, &z, nth)?;
        }
        self.numbers(&z)
    }

    /// The first half of a transform of real numbers along the last of the axes, not divided.
    #[track_caller]
    fn half(&self, array: &Array) -> Result<Array> {
        if array.is_complex() {
            return Err(infer::takes_no(self.op, array.dtype()));
        }
        self.transformed(Fft::RealHalf, &self.floats(array)?, self.axes.len() - 1)
    }

    /// The real numbers that such a half is the transform of, not divided.
    #[track_caller]
    fn whole(&self, array: &Array) -> Result<Array> {
        let last = self.axes.len() - 1;
        let odd = self.axes[last].1 % 2 == 1;
        self.transformed(Fft::BackwardHalf { odd }, &self.numbers(array)?, last)
    }

    /// Real numbers in the dtype they are computed in.
    #[track_caller]
    fn floats(&self, array: &Array) -> Result<Array> {
        build::cast(self.op, array, build::computes_in(array.dtype()))
    }

    /// The array as complex numbers.
    #[track_caller]
    fn numbers(&self, array: &Array) -> Result<Array> {
        build::cast(self.op, array, build::computes_in(array.dtype()).to_complex())
    }

    /// A transform along one of the axes, of which as many numbers are taken as it needs.
    #[track_caller]
    fn transformed(&self, transform: Fft, array: &Array, nth: usize) -> Result<Array> {
        let (axis, points) = self.axes[nth];
        let (takes_floats, makes_floats) = transform.are_real();
        // As floats, whose last axis has the parts of complex numbers, so that rows are moved as a whole.
        let floats = if takes_floats { array.clone() } else { complex::as_floats(array) };
        let rank = array.ndim();
        let parts = |real: bool| rank..if real { rank } else { rank + 1 };
        let there = (0..rank).filter(|&other| other != axis).chain([axis]).chain(parts(takes_floats));
        let back = (0..axis).chain([rank - 1]).chain(axis..rank - 1).chain(parts(makes_floats));
        let rows = permuted(&floats, &there.collect::<SmallVec<[usize; 4]>>());
        let rows = self.resized(&rows, rank - 1, if makes_floats { points / 2 + 1 } else { points })?;
        let rows = build::host(self.op, HostOp::Fft(transform), smallvec![rows])?;
        let floats = permuted(&rows, &back.collect::<SmallVec<[usize; 4]>>());
        Ok(if makes_floats { floats } else { complex::as_complex(&floats) })
    }

    /// The first `count` along an axis, those that are missing being 0.
    #[track_caller]
    fn resized(&self, floats: &Array, axis: usize, count: usize) -> Result<Array> {
        let there = floats.shape()[axis];
        if count <= there {
            return Ok(part(floats, axis, (0, 1), count));
        }
        let with = |count: usize| -> Shape {
            let extents = floats.shape().iter().enumerate();
            extents.map(|(other, &n)| if other == axis { count } else { n }).collect()
        };
        Type::checked(self.op, floats.dtype(), with(count))?;
        let zeros = build::number(self.op, Weak::Int(0), floats.dtype(), with(count - there))?;
        joined(self.op, smallvec![floats.clone(), zeros], axis)
    }

    /// What was transformed, divided as `norm` says.
    #[track_caller]
    fn scaled(&self, array: &Array, norm: FftNorm) -> Result<Array> {
        let points: f64 = self.axes.iter().map(|&(_, points)| points as f64).product();
        let divisor = match norm {
            FftNorm::Backward => 1.0,
            FftNorm::Ortho => points.sqrt(),
            FftNorm::Forward => points,
        };
        if divisor == 1.0 {
            return Ok(array.clone());
        }
        // As floats again: one division after the other.
        let floats = if array.is_complex() { complex::as_floats(array) } else { array.clone() };
        let shape = floats.ty().shape.clone();
        let divisor = build::spread(self.op, Arg::Weak(Weak::Float(divisor)), floats.dtype(), &shape)?;
        let quotients = build::binary(Binary::Divide, floats.into(), divisor.into())?;
        Ok(if array.is_complex() { complex::as_complex(&quotients) } else { quotients })
    }
}
