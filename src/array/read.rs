//! Evaluating and reading.

use std::sync::Arc;

use crate::array::Array;
use crate::array::args::{ToShape, sealed::Sealed};
use crate::array::capture;
use crate::array::elementwise::{ABSOLUTE, RELATIVE};
use crate::base::{Element, Error, ErrorKind, Result, Target};
use crate::pipeline::{self, Explain};
use crate::runtime::Buffer;

/// Several arrays that are evaluated together: an `Array`, an array, a `Vec` or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a group of arrays",
    label = "cannot be evaluated",
    note = "`eval` takes arrays by value: one, `[a, b]`, `(a, b)` or a `Vec`; clone a handle to keep it"
)]
pub trait Arrays: Sealed + Sized {
    #[doc(hidden)]
    fn into_list(self) -> Vec<Array>;
    #[doc(hidden)]
    fn from_list(list: Vec<Array>) -> Self;
}

impl Arrays for Array {
    fn into_list(self) -> Vec<Array> {
        vec![self]
    }
    fn from_list(mut list: Vec<Array>) -> Self {
        list.swap_remove(0)
    }
}

impl Arrays for Vec<Array> {
    fn into_list(self) -> Vec<Array> {
        self
    }
    fn from_list(list: Vec<Array>) -> Self {
        list
    }
}

impl<const N: usize> Arrays for [Array; N] {
    fn into_list(self) -> Vec<Array> {
        self.into()
    }
    fn from_list(list: Vec<Array>) -> Self {
        list.try_into().expect("as many arrays come back as were given")
    }
}

macro_rules! tuples { ($(($($name:ident)*))*) => { $(
    impl Arrays for ($(tuples!(@array $name),)*) {
        fn into_list(self) -> Vec<Array> {
            let ($($name,)*) = self;
            vec![$($name),*]
        }
        fn from_list(list: Vec<Array>) -> Self {
            let mut list = list.into_iter();
            $( let $name = list.next().expect("as many arrays come back as were given"); )*
            ($($name,)*)
        }
    }
)* }; (@array $name:ident) => { Array } }
tuples! { (a b) (a b c) (a b c d) (a b c d e) (a b c d e f) }

/// The same arrays, evaluated in one program: what they share is computed once. Memory that only
/// they hold is reused.
///
/// # Errors
/// What running reports, such as a lack of memory.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// let x = array![3.0, 4.0];
/// let [sum, product] = broadloom::eval([x.sum(..), x.prod(..)])?;
/// assert_eq!((sum.item::<f64>()?, product.item::<f64>()?), (7.0, 12.0));
/// # Ok::<(), broadloom::Error>(())
/// ```
pub fn eval<A: Arrays>(arrays: A) -> Result<A> {
    Ok(A::from_list(capture::consume(arrays.into_list())?))
}

/// The program that evaluating these arrays together runs on `target`, stage by stage. Evaluates
/// nothing.
///
/// # Errors
/// If a stage fails, or this build has no code generator for the target.
pub fn explain(arrays: &[Array], target: Target) -> Result<Explain> {
    pipeline::explain(&capture::program(arrays)?, target)
}

/// Evaluation.
impl Array {
    /// The same array, evaluated. It is compiled if nothing of its structure was before, and run on all
    /// cores. Memory that only this handle keeps alive is reused; clone the handle to keep it.
    ///
    /// # Errors
    /// What running reports, such as a lack of memory.
    #[doc(alias = "compute")]
    pub fn eval(self) -> Result<Array> {
        eval(self)
    }

    /// Evaluates the array in place: every handle on it has the value then.
    ///
    /// # Errors
    /// What running reports, such as a lack of memory.
    pub fn force(&self) -> Result<()> {
        capture::force(std::slice::from_ref(self))
    }

    /// The program that evaluating this array runs on this machine, stage by stage. Evaluates nothing.
    ///
    /// # Errors
    /// If a stage fails.
    pub fn explain(&self) -> Result<Explain> {
        self.explain_for(Target::Host)
    }

    /// The program that evaluating this array would run on `target`, stage by stage.
    ///
    /// # Errors
    /// If a stage fails, or this build has no code generator for the target.
    pub fn explain_for(&self, target: Target) -> Result<Explain> {
        explain(std::slice::from_ref(self), target)
    }

    /// The number of bytes of memory this handle keeps alive: those of its value, or of everything
    /// that its operations will read.
    pub fn pinned_bytes(&self) -> usize {
        capture::held(self).1
    }

    /// The value, which is computed if it is not there.
    pub(super) fn value(&self, op: &str) -> Result<&Arc<Buffer>> {
        self.untraced(op)?;
        self.force()?;
        Ok(self.0.value.get().expect("a forced array has a value"))
    }
}

/// Reading. What is not evaluated yet is evaluated in place; elements come in the array's own type,
/// convert others with [`astype`](Array::astype).
impl Array {
    /// All elements in row-major order.
    ///
    /// # Errors
    /// If `T` is not the type of the elements, or evaluation fails.
    #[doc(alias = "tolist")]
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        Ok(self.elements::<T>("to_vec")?.to_vec())
    }

    /// What `of` makes of every element, in row-major order: a Rust closure, which nothing is fused with. It
    /// runs now, on this thread, after the array has been evaluated.
    ///
    /// # Errors
    /// If `T` is not the type of the elements, evaluation fails, or memory runs out.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![1.0, 10.0, 100.0];
    /// let digits = x.map_host(|v: f64| v.to_string().len() as i64)?;
    /// assert_eq!(digits.to_vec::<i64>()?, [1, 2, 3]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "vectorize")]
    #[track_caller]
    pub fn map_host<T: Element, U: Element>(&self, of: impl FnMut(T) -> U) -> Result<Array> {
        let elements = self.elements::<T>("map_host")?;
        let mut results = Vec::new();
        let bytes = elements.len().saturating_mul(size_of::<U>());
        results.try_reserve_exact(elements.len()).map_err(|_| Error::out_of_memory(bytes))?;
        results.extend(elements.iter().copied().map(of));
        Array::from_vec(results, self.shape())
    }

    /// The only element of an array of one element, of any rank.
    ///
    /// # Errors
    /// If there is not exactly one element, `T` is not its type, or evaluation fails.
    pub fn item<T: Element>(&self) -> Result<T> {
        if self.size() != 1 {
            let message = format!("item: {} has {} elements, not one", self.ty(), self.size());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        Ok(self.elements::<T>("item")?[0])
    }

    /// The element at `index`, one integer per axis; negative ones count from the end. The whole array is
    /// evaluated.
    ///
    /// # Errors
    /// If there is no such element, `T` is not its type, or evaluation fails.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![[1, 2], [3, 4]];
    /// assert_eq!(x.get::<i32>((1, -2))?, 3);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn get<T: Element>(&self, index: impl ToShape) -> Result<T> {
        let index = index.integers();
        let wrong = |why: String| Error::new(ErrorKind::Index, format!("get: {why}"));
        let ty = self.ty();
        if index.len() != self.ndim() {
            return Err(wrong(format!("{ty} has rank {}, indices given: {}", self.ndim(), index.len())));
        }
        let mut at = 0;
        for (axis, (&index, &n)) in index.iter().zip(self.shape()).enumerate() {
            let absolute = if index < 0 { index + n as i128 } else { index };
            let inside = usize::try_from(absolute).ok().filter(|&absolute| absolute < n);
            let inside = inside.ok_or_else(|| {
                wrong(format!("{index} is out of range for axis {axis} of {ty}, which has {n}"))
            })?;
            at = at * n + inside;
        }
        Ok(self.elements::<T>("get")?[at])
    }

    /// All elements in row-major order, borrowed: no copy, and no evaluation.
    ///
    /// # Errors
    /// If the array is not evaluated, or `T` is not the type of its elements.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = (array![1.0, 2.0] * 3.0).eval()?;
    /// assert_eq!(x.as_slice::<f64>()?, [3.0, 6.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        if !self.is_evaluated() {
            self.clone().sound()?;
            let message = format!("as_slice: {} is not evaluated; call force() or eval() first", self.ty());
            return Err(Error::new(ErrorKind::Value, message));
        }
        self.elements("as_slice")
    }

    /// Whether `other` has the same shape and equal elements, whatever its dtype; NaN equals nothing.
    ///
    /// # Errors
    /// If evaluation fails.
    pub fn array_equal(&self, other: &Array) -> Result<bool> {
        if self.shape() != other.shape() {
            return Ok(false);
        }
        self.try_equal(other)?.try_all(..)?.item()
    }

    /// Whether all elements are [close](Array::isclose) to those of `other`, under broadcasting.
    ///
    /// # Errors
    /// If the shapes do not broadcast, or evaluation fails.
    pub fn allclose(&self, other: &Array) -> Result<bool> {
        self.allclose_within(other, RELATIVE, ABSOLUTE)
    }

    /// [`allclose`](Array::allclose) with these tolerances, `relative` to the elements of `other`.
    ///
    /// # Errors
    /// If the shapes do not broadcast, or evaluation fails.
    pub fn allclose_within(&self, other: &Array, relative: f64, absolute: f64) -> Result<bool> {
        self.try_isclose_within(other, relative, absolute)?.try_all(..)?.item()
    }

    /// The parts along the first axis, one after the other.
    ///
    /// # Panics
    /// If the array is a single value.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![[1, 2], [3, 4]];
    /// for row in &x {
    ///     assert_eq!(row.shape(), [2]);
    /// }
    /// ```
    #[track_caller]
    pub fn iter(&self) -> Rows<'_> {
        assert!(self.ndim() > 0, "iter: {} is a single value", self.ty());
        Rows { array: self, range: 0..self.shape()[0] }
    }

    fn elements<T: Element>(&self, op: &str) -> Result<&[T]> {
        if T::DTYPE != self.dtype() {
            let message =
                format!("{op}: the elements of {} are {}, not {}", self.ty(), self.dtype(), T::DTYPE);
            return Err(Error::new(ErrorKind::DType, message));
        }
        Ok(self.value(op)?.as_slice())
    }
}

/// The parts of an array along its first axis; see [`Array::iter`].
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    array: &'a Array,
    range: std::ops::Range<usize>,
}

impl Iterator for Rows<'_> {
    type Item = Array;

    #[track_caller]
    fn next(&mut self) -> Option<Array> {
        let index = self.range.next()?;
        Some(self.array.i(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl DoubleEndedIterator for Rows<'_> {
    fn next_back(&mut self) -> Option<Array> {
        let index = self.range.next_back()?;
        Some(self.array.i(index))
    }
}

impl ExactSizeIterator for Rows<'_> {}

impl<'a> IntoIterator for &'a Array {
    type Item = Array;
    type IntoIter = Rows<'a>;

    #[track_caller]
    fn into_iter(self) -> Rows<'a> {
        self.iter()
    }
}

/// All elements in row-major order, evaluated if they are not.
impl<T: Element> TryFrom<&Array> for Vec<T> {
    type Error = Error;

    fn try_from(array: &Array) -> Result<Self> {
        array.to_vec()
    }
}
