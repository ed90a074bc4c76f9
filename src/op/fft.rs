//! Discrete Fourier transforms of stored rows, by `rustfft` and `realfft`, behind the crate feature `fft`: which there
//! are, and what each makes of one row.
//!
//! A complex number is two floats side by side: the last axis of an array of them, of two. A transform is given one
//! row at a time and runs on the thread that asks for it, so that its bits depend on neither threads nor neighbours.
//! None divides by the number of points: that is elementwise work, which joins what is done with the result.

use std::fmt;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::num_traits::{One, Zero};
use rustfft::{FftNum, FftPlanner};

use crate::base::{DType, Error, ErrorKind, Result, Shape, Type};
use crate::op::host::filled;

/// A transform of each row: along the last axis, or, of complex numbers, along the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fft {
    /// Of n complex numbers: number k is the sum of `x[j] exp(-2 pi i j k / n)`.
    Forward,
    /// The same with `exp(2 pi i j k / n)`.
    Backward,
    /// As `Forward`, of n floats.
    Real,
    /// The first n / 2 + 1 numbers of that; all others are conjugates of these.
    RealHalf,
    /// As `Backward`, of the first n / 2 + 1 of n numbers of which the others are conjugates: n floats. The imaginary
    /// parts of those that are conjugates of themselves count as 0.
    BackwardHalf {
        /// Whether n is odd: n / 2 + 1 numbers can be those of two n.
        odd: bool,
    },
}

/// Every transform with its name.
const NAMED: &[(&str, Fft)] = &[
    ("fft", Fft::Forward),
    ("ifft", Fft::Backward),
    ("fft_real", Fft::Real),
    ("rfft", Fft::RealHalf),
    ("irfft", Fft::BackwardHalf { odd: false }),
    ("irfft_odd", Fft::BackwardHalf { odd: true }),
];

impl Fft {
    /// Every transform; tests walk it.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        NAMED.iter().map(|(_, op)| *op)
    }

    /// Its name in texts.
    pub fn name(self) -> &'static str {
        NAMED.iter().find(|(_, op)| *op == self).expect("every transform has a name").0
    }

    /// The transform of this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, op)| *op)
    }

    /// Whether it takes floats, and whether it makes some; if not, complex numbers.
    pub fn are_real(self) -> (bool, bool) {
        (matches!(self, Fft::Real | Fft::RealHalf), matches!(self, Fft::BackwardHalf { .. }))
    }

    /// How many points a transform of rows of this type has; `None` if it does not take them, or of none.
    pub fn points(self, rows: &Type) -> Option<usize> {
        if !matches!(rows.dtype, DType::F32 | DType::F64) {
            return None;
        }
        let points = match (self, &rows.shape[..]) {
            (Fft::Real | Fft::RealHalf, [.., n]) => *n,
            (Fft::Forward | Fft::Backward, [.., n, 2]) => *n,
            (Fft::BackwardHalf { odd }, [.., half, 2]) => {
                half.checked_sub(1)?.checked_mul(2)?.checked_add(odd.into())?
            }
            _ => return None,
        };
        (points > 0).then_some(points)
    }

    /// The type of the result; `None` if it does not take such arguments.
    pub fn result(self, args: &[&Type]) -> Option<Type> {
        let [rows] = args else { return None };
        let points = self.points(rows)?;
        let (takes_floats, makes_floats) = self.are_real();
        let leading = rows.shape.rank() - if takes_floats { 1 } else { 2 };
        let row: &[usize] = match self {
            Fft::RealHalf => &[points / 2 + 1, 2],
            _ if makes_floats => &[points],
            _ => &[points, 2],
        };
        let shape: Shape = rows.shape[..leading].iter().chain(row).copied().collect();
        Some(Type::new(rows.dtype, shape))
    }

    /// How rows of this type are transformed. That takes about as long as transforming one.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn plan(self, dtype: DType, points: usize) -> Result<Plan> {
        Ok(match dtype {
            DType::F32 => Plan::F32(Transform::new(self, points)?),
            _ => Plan::F64(Transform::new(self, points)?),
        })
    }
}

impl fmt::Display for Fft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How rows of one length and dtype are transformed.
pub enum Plan {
    /// Rows of `f32`.
    F32(Transform<f32>),
    /// Rows of `f64`.
    F64(Transform<f64>),
}

/// How rows of one length are transformed.
pub struct Transform<T> {
    op: Fft,
    points: usize,
    routine: Routine<T>,
}

enum Routine<T> {
    Complex(Arc<dyn rustfft::Fft<T>>),
    FromReal(Arc<dyn RealToComplex<T>>),
    ToReal(Arc<dyn ComplexToReal<T>>),
}

/// What a task works in.
pub struct Work<T> {
    floats: Vec<T>,
    numbers: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<T: FftNum + Zero + One> Transform<T> {
    fn new(op: Fft, points: usize) -> Result<Self> {
        // Planning does not ask whether there is memory: up to about so much for a prime number of points.
        const PER_POINT: usize = 10;
        let mut asked = Vec::<Complex<T>>::new();
        let most = points.saturating_mul(PER_POINT);
        let bytes = most.saturating_mul(size_of::<Complex<T>>());
        asked.try_reserve_exact(most).map_err(|_| Error::out_of_memory(bytes))?;
        drop(asked);
        let routine = match op {
            Fft::Forward => Routine::Complex(FftPlanner::new().plan_fft_forward(points)),
            Fft::Backward => Routine::Complex(FftPlanner::new().plan_fft_inverse(points)),
            Fft::Real | Fft::RealHalf => Routine::FromReal(RealFftPlanner::new().plan_fft_forward(points)),
            Fft::BackwardHalf { .. } => Routine::ToReal(RealFftPlanner::new().plan_fft_inverse(points)),
        };
        Ok(Self { op, points, routine })
    }

    /// How many floats are a row, and how many its transform.
    pub fn lengths(&self) -> (usize, usize) {
        let (all, half) = (2 * self.points, 2 * (self.points / 2 + 1));
        match self.op {
            Fft::Forward | Fft::Backward => (all, all),
            Fft::Real => (self.points, all),
            Fft::RealHalf => (self.points, half),
            Fft::BackwardHalf { .. } => (half, self.points),
        }
    }

    /// Memory for one row after the other.
    ///
    /// # Errors
    /// If there is none.
    pub fn work(&self) -> Result<Work<T>> {
        let (floats, numbers, scratch) = match &self.routine {
            Routine::Complex(fft) => (0, self.points, fft.get_inplace_scratch_len()),
            Routine::FromReal(fft) => (self.points, self.points / 2 + 1, fft.get_scratch_len()),
            Routine::ToReal(fft) => (self.points, self.points / 2 + 1, fft.get_scratch_len()),
        };
        let zero = Complex::new(T::zero(), T::zero());
        Ok(Work {
            floats: filled(floats, T::zero())?,
            numbers: filled(numbers, zero)?,
            scratch: filled(scratch, zero)?,
        })
    }

    /// Writes the transform of `row` to `out`.
    ///
    /// # Errors
    /// None, unless one of these has another length than the transform.
    pub fn run(&self, row: &[T], out: &mut [T], work: &mut Work<T>) -> Result<()> {
        let Work { floats, numbers, scratch } = work;
        let wrong = |_| Error::new(ErrorKind::Internal, format!("{}: rows of another length", self.op));
        match &self.routine {
            Routine::Complex(fft) => {
                read(row, numbers);
                fft.process_with_scratch(numbers, scratch);
                write(numbers, out);
            }
            Routine::FromReal(fft) => {
                floats.copy_from_slice(row);
                fft.process_with_scratch(floats, numbers, scratch).map_err(wrong)?;
                let (half, rest) = out.split_at_mut(2 * numbers.len());
                write(numbers, half);
                // Number k is the conjugate of number n - k; there is no rest if only half is asked for.
                let conjugates = numbers[1..].iter().rev().skip(usize::from(self.points.is_multiple_of(2)));
                for (parts, number) in rest.chunks_exact_mut(2).zip(conjugates) {
                    parts.copy_from_slice(&[number.re, -number.im]);
                }
            }
            Routine::ToReal(fft) => {
                read(row, numbers);
                numbers[0].im = T::zero();
                if self.points.is_multiple_of(2) {
                    numbers[self.points / 2].im = T::zero();
                }
                fft.process_with_scratch(numbers, floats, scratch).map_err(wrong)?;
                out.copy_from_slice(floats);
            }
        }
        Ok(())
    }
}

/// Complex numbers from their parts.
fn read<T: Copy>(parts: &[T], numbers: &mut [Complex<T>]) {
    for (number, parts) in numbers.iter_mut().zip(parts.chunks_exact(2)) {
        *number = Complex::new(parts[0], parts[1]);
    }
}

/// The parts of complex numbers.
fn write<T: Copy>(numbers: &[Complex<T>], parts: &mut [T]) {
    for (number, parts) in numbers.iter().zip(parts.chunks_exact_mut(2)) {
        parts.copy_from_slice(&[number.re, number.im]);
    }
}
