//! Where arrays come from: data of the caller, and one value everywhere, which is never a buffer.

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{ToShape, clamp, extents, extents_of};
use crate::array::build;
use crate::array::complex;
use crate::array::fallible::fallible;
use crate::array::operand::Scalarlike;
use crate::base::promotion::Weak;
use crate::base::{DType, Element, Error, ErrorKind, Result, Scalar, Shape, Type};
use crate::graph::Op;
use crate::runtime::Buffer;

/// Arrays from data.
impl Array {
    /// The array of these values in row-major order, of shape `shape`. The memory of `values` is
    /// taken over, not copied.
    ///
    /// # Errors
    /// If `shape` has not as many elements as there are values; one extent may be -1.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = Array::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
    /// let y = Array::from_vec(vec![true, false], -1)?;
    /// # assert_eq!((x.shape(), y.shape()), (&[2, 3][..], &[2][..]));
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[track_caller]
    pub fn from_vec<T: Element>(values: Vec<T>, shape: impl ToShape) -> Result<Array> {
        let ty = data_type::<T>("from_vec", values.len(), shape)?;
        Ok(Array::stored(ty, Buffer::from_vec(values)))
    }

    /// The array of a copy of these values in row-major order, of shape `shape`.
    ///
    /// # Errors
    /// If `shape` has not as many elements as there are values, or memory runs out.
    #[doc(alias = "asarray")]
    #[track_caller]
    pub fn from_slice<T: Element>(values: &[T], shape: impl ToShape) -> Result<Array> {
        let ty = data_type::<T>("from_slice", values.len(), shape)?;
        Ok(Array::stored(ty, Buffer::from_slice(values)?))
    }

    /// The array of nested Rust arrays, of their dtype: what [`array!`](crate::array!) expands to.
    #[track_caller]
    pub fn from_nested<N: Nested>(values: N) -> Array {
        let mut shape = SmallVec::new();
        N::shape(&mut shape);
        let mut flat = Vec::with_capacity(shape.iter().product());
        values.flatten(&mut flat);
        Array::stored(Type::new(N::Item::DTYPE, Shape::new(shape)), Buffer::from_vec(flat))
    }

    /// The array of rank 0 that holds `value`, of exactly its dtype: unlike a plain Rust number in
    /// an expression, it takes part in promotion.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = Array::zeros(3, F32);
    /// assert_eq!((&x * 2.0).dtype(), F32);
    /// assert_eq!((&x * Array::scalar(2.0)).dtype(), F64);
    /// ```
    #[track_caller]
    pub fn scalar<T: Element>(value: T) -> Array {
        match value.parts() {
            (re, Some(im)) => complex::of_parts(single(re), single(im)),
            (value, None) => single(value),
        }
    }
}

/// Of rank 1, of all that the iterator gives.
///
/// # Examples
/// ```
/// # use broadloom::prelude::*;
/// let squares: Array = (0..4).map(|n| n * n).collect();
/// assert_eq!(squares.to_vec::<i32>()?, [0, 1, 4, 9]);
/// assert_eq!(Array::from_iter([0.5, 1.5]).shape(), [2]);
/// # Ok::<(), broadloom::Error>(())
/// ```
impl<T: Element> FromIterator<T> for Array {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let values: Vec<T> = values.into_iter().collect();
        Array::stored(Type::new(T::DTYPE, Shape::new([values.len()])), Buffer::from_vec(values))
    }
}

/// A value as an array of rank 0.
#[track_caller]
fn single(value: Scalar) -> Array {
    Array::lazy(Op::Const(value), SmallVec::new(), Type::new(value.dtype(), Shape::default()))
}

fn data_type<T: Element>(op: &str, len: usize, shape: impl ToShape) -> Result<Type> {
    let written = shape.integers();
    let wrong = |why: String| Error::new(ErrorKind::Shape, format!("{op}: {why}"));
    let shape = if written.contains(&-1) {
        let all = Type::new(T::DTYPE, &[len][..]);
        let asked: SmallVec<[isize; 4]> = written.iter().map(|&n| clamp(n)).collect();
        crate::graph::infer::reshape(&all, &asked)
            .map_err(|_| wrong(format!("{len} values cannot have the shape {:?}", &written[..])))?
    } else {
        extents_of(op, &written)?
    };
    let ty = Type::checked(op, T::DTYPE, shape)?;
    if ty.shape.size() != len {
        return Err(wrong(format!("{ty} has {} elements, but there are {len} values", ty.shape.size())));
    }
    Ok(ty)
}

/// Rust arrays of rank 0 and up, nested: `1.0`, `[1.0, 2.0]`, `[[1, 2], [3, 4]]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the elements of an `Array`",
    label = "not a number, a truth value, or an array of such",
    note = "elements are `bool`, integers, floats or complex numbers, all of one type, in rows of one length"
)]
pub trait Nested {
    /// The type of the elements.
    #[doc(hidden)]
    type Item: Element;
    /// Appends the lengths, outermost first.
    #[doc(hidden)]
    fn shape(shape: &mut SmallVec<[usize; 4]>);
    /// Appends the elements in row-major order.
    #[doc(hidden)]
    fn flatten(self, values: &mut Vec<Self::Item>);
}

impl<T: Element> Nested for T {
    type Item = T;
    fn shape(_: &mut SmallVec<[usize; 4]>) {}
    fn flatten(self, values: &mut Vec<T>) {
        values.push(self);
    }
}

impl<N: Nested, const COUNT: usize> Nested for [N; COUNT] {
    type Item = N::Item;
    fn shape(shape: &mut SmallVec<[usize; 4]>) {
        shape.push(COUNT);
        N::shape(shape);
    }
    fn flatten(self, values: &mut Vec<N::Item>) {
        self.into_iter().for_each(|row| row.flatten(values));
    }
}

/// The array of these elements: `array![1.0, 2.0]`, `array![[1, 2], [3, 4]]`, `array![0.5; 8]`.
///
/// Literals have the types Rust gives them: integers are `i32`, floats `f64`. Write `1_i64` or
/// `1.0_f32` for others.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// assert_eq!(array![1, 2].dtype(), I32);
/// assert_eq!(array![[1.0_f32, 2.0], [3.0, 4.0]].shape(), [2, 2]);
/// assert_eq!(array![[[true], [false]]].shape(), [1, 2, 1]);
/// ```
#[macro_export]
macro_rules! array {
    ($value:expr; $count:expr) => { $crate::Array::from_nested([$value; $count]) };
    ($($value:expr),+ $(,)?) => { $crate::Array::from_nested([$($value),+]) };
}

/// The vector of these values, whose memory is taken over.
impl<T: Element> From<Vec<T>> for Array {
    #[track_caller]
    fn from(values: Vec<T>) -> Array {
        let ty = Type::new(T::DTYPE, &[values.len()][..]);
        Array::stored(ty, Buffer::from_vec(values))
    }
}

fallible! {
    /// The array of `shape` and `dtype` that is 0 everywhere. It takes no memory.
    pub fn zeros(shape: impl ToShape, dtype: DType) {
        build::number("zeros", Weak::Int(0), dtype, extents("zeros", shape)?)
    }

    /// The array of `shape` and `dtype` whose elements are nobody's concern yet: 0 everywhere, as nothing is
    /// ever left to chance here. It takes no memory.
    pub fn empty(shape: impl ToShape, dtype: DType) {
        build::number("empty", Weak::Int(0), dtype, extents("empty", shape)?)
    }

    /// The array of `shape` and `dtype` that is 1 everywhere. It takes no memory.
    pub fn ones(shape: impl ToShape, dtype: DType) {
        build::number("ones", Weak::Int(1), dtype, extents("ones", shape)?)
    }

    /// The array of `shape` and `dtype` that is `value` everywhere. It takes no memory.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = Array::full([2, 2], 0.5, F32);
    /// assert_eq!(x.to_vec::<f32>()?, [0.5; 4]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn full(shape: impl ToShape, value: impl Scalarlike, dtype: DType) {
        build::number("full", value.weak(), dtype, extents("full", shape)?)
    }
}

/// Creators after an array's type.
impl Array {
    /// The array of the shape and dtype of `self` that is 0 everywhere.
    #[track_caller]
    pub fn zeros_like(&self) -> Array {
        Array::zeros(self.shape(), self.dtype())
    }

    /// The array of the shape and dtype of `self` that is [`empty`](Array::empty): 0 everywhere.
    #[track_caller]
    pub fn empty_like(&self) -> Array {
        Array::empty(self.shape(), self.dtype())
    }

    /// The array of the shape and dtype of `self` that is 1 everywhere.
    #[track_caller]
    pub fn ones_like(&self) -> Array {
        Array::ones(self.shape(), self.dtype())
    }

    /// The array of the shape and dtype of `self` that is `value` everywhere.
    ///
    /// # Panics
    /// If `value` is an integer that does not fit the dtype.
    #[track_caller]
    pub fn full_like(&self, value: impl Scalarlike) -> Array {
        Array::full(self.shape(), value, self.dtype())
    }
}
