//! The two float types that workloads come in, and the inputs of workloads.

use std::iter::Sum;
use std::marker::PhantomData;
use std::ops::{AddAssign, DivAssign, Range};

use broadloom::Element;
use broadloom::prelude::*;
use faer::traits::ComplexField;
use ndarray::{LinalgScalar, ScalarOperand};

/// An element of an input or a result.
pub trait Number: Element + Copy + Send + Sync {
    fn wide(self) -> f64;
}

macro_rules! numbers { ($($T:ident)*) => { $(
    impl Number for $T {
        fn wide(self) -> f64 {
            self as f64
        }
    }
)* } }
numbers!(f32 f64 i32 i64);

/// `f32` or `f64`, with the functions that plain loops call.
pub trait Real:
    Number + LinalgScalar + ScalarOperand + ComplexField + PartialOrd + AddAssign + DivAssign + Sum
{
    fn of(value: f64) -> Self;
    fn max(self, other: Self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn tanh(self) -> Self;
    fn erf(self) -> Self;
    fn erfc(self) -> Self;
    fn lgamma(self) -> Self;
}

macro_rules! reals { ($($T:ident $erf:ident $erfc:ident $lgamma:ident;)*) => { $(
    impl Real for $T {
        fn of(value: f64) -> Self { value as $T }
        fn max(self, other: Self) -> Self { $T::max(self, other) }
        fn sqrt(self) -> Self { $T::sqrt(self) }
        fn exp(self) -> Self { $T::exp(self) }
        fn ln(self) -> Self { $T::ln(self) }
        fn ln_1p(self) -> Self { $T::ln_1p(self) }
        fn tanh(self) -> Self { $T::tanh(self) }
        fn erf(self) -> Self { libm::$erf(self) }
        fn erfc(self) -> Self { libm::$erfc(self) }
        fn lgamma(self) -> Self { libm::$lgamma(self) }
    }
)* } }

reals! {
    f32 erff erfcf lgammaf;
    f64 erf erfc lgamma;
}

/// A number of the workload's type.
pub fn c<T: Real>(value: f64) -> T {
    T::of(value)
}

/// An evaluated array. Peers read the very memory that Broadloom reads.
pub struct Input<T> {
    array: Array,
    of: PhantomData<T>,
}

impl<T: Real> Input<T> {
    /// Uniform random numbers, the same for the same seed.
    pub fn random(seed: u64, shape: impl AsRef<[usize]>, range: Range<f64>) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let size = shape.as_ref().iter().product();
        let values: Vec<T> =
            (0..size).map(|_| T::of(range.start + (range.end - range.start) * random.f64())).collect();
        Self::new(values, shape)
    }
}

impl<T: Number> Input<T> {
    /// These values, in memory as results are in: of large pages, where the system has them.
    pub fn new(values: Vec<T>, shape: impl AsRef<[usize]>) -> Self {
        let array = Array::from_slice(&values, shape.as_ref()).expect("as many values as the shape has");
        Input { array, of: PhantomData }
    }

    /// A handle of its own.
    pub fn array(&self) -> Array {
        self.array.clone()
    }

    /// Its memory.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: every byte of a number is a byte.
        unsafe { self.values().align_to().1 }
    }

    pub fn values(&self) -> &[T] {
        self.array.as_slice().expect("inputs are stored, and of type T")
    }
}
