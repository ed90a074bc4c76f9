//! What shapes and axes may be written as: integers, arrays, tuples, slices, `Vec`s, `..`.

use std::ops::RangeFull;

use smallvec::{SmallVec, smallvec};

#[cfg(feature = "fft")]
use crate::array::FftNorm;
use crate::base::shape::Shape;
use crate::base::{DType, Error, ErrorKind, Result, Type};
use crate::graph::infer;

/// Closes the traits of this room to other crates, so that they can grow.
pub(super) mod sealed {
    /// Implemented by what this crate lists, and by nothing else.
    pub trait Sealed {}
}
use sealed::Sealed;

/// Any integer of Rust up to 64 bits: an extent, an axis or an index.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no integer",
    label = "expected an integer",
    note = "extents, axes and indices are integers of any type up to 64 bits; negative ones count from the end"
)]
pub trait Integer: Sealed + Copy {
    #[doc(hidden)]
    fn widen(self) -> i128;
}

/// A list of integers, as written.
#[doc(hidden)]
pub type Integers = SmallVec<[i128; 4]>;

/// What can be written where a shape or a list of indices is due: an integer for one axis, an array,
/// a tuple (its integers may be of different types, `(n, -1)`), a slice or a `Vec`; `()` for no axes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no shape",
    label = "expected a shape",
    note = "a shape is an integer, an array, a tuple, a slice or a `Vec` of integers: `6`, `[2, 3]`, `(n, -1)`, `x.shape()`"
)]
pub trait ToShape: Sealed {
    #[doc(hidden)]
    fn integers(self) -> Integers;
}

/// What can be written where axes are due: an integer, an array, a tuple, a slice or a `Vec`,
/// negative axes counting from the end; `..` for all axes, `()` for none, and [`over`] with options.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name axes",
    label = "expected axes",
    note = "axes are an integer, an array, a tuple, a slice or a `Vec` of integers: `0`, `-1`, `[0, -1]`; `..` for all; `over(axes).keepdims()` for options"
)]
pub trait ToAxes: Sealed {
    #[doc(hidden)]
    fn over(self) -> Over;
}

macro_rules! integers { ($($rust:ident)*) => { $(
    impl Sealed for $rust {}
    impl Integer for $rust {
        fn widen(self) -> i128 {
            self as i128
        }
    }
    impl ToShape for $rust {
        fn integers(self) -> Integers {
            smallvec![self.widen()]
        }
    }
    impl ToAxes for $rust {
        fn over(self) -> Over {
            Over::new(Some(self.integers()))
        }
    }
)* } }
integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

// Lists of arrays are arguments too, so these are for any content.
impl<T, const N: usize> Sealed for [T; N] {}
impl<T, const N: usize> Sealed for &[T; N] {}
impl<T> Sealed for &[T] {}
impl<T> Sealed for Vec<T> {}
impl<T> Sealed for &Vec<T> {}

macro_rules! lists { ($([$($generics:tt)*] $List:ty;)*) => { $(
    impl<$($generics)*> ToShape for $List {
        fn integers(self) -> Integers {
            self.iter().map(|n| n.widen()).collect()
        }
    }
    impl<$($generics)*> ToAxes for $List {
        fn over(self) -> Over {
            Over::new(Some(self.integers()))
        }
    }
)* } }
lists! {
    [T: Integer, const N: usize] [T; N];
    [T: Integer, const N: usize] &[T; N];
    [T: Integer] &[T];
    [T: Integer] Vec<T>;
    [T: Integer] &Vec<T>;
}

macro_rules! tuples { ($(($($T:ident)*))*) => { $(
    impl<$($T),*> Sealed for ($($T,)*) {}
    #[allow(non_snake_case, reason = "types and values share their names")]
    impl<$($T: Integer),*> ToShape for ($($T,)*) {
        fn integers(self) -> Integers {
            let ($($T,)*) = self;
            smallvec![$($T.widen()),*]
        }
    }
    impl<$($T: Integer),*> ToAxes for ($($T,)*) {
        fn over(self) -> Over {
            Over::new(Some(self.integers()))
        }
    }
)* } }
tuples! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

impl Sealed for RangeFull {}
impl ToAxes for RangeFull {
    fn over(self) -> Over {
        Over::new(None)
    }
}

impl Sealed for Over {}
impl ToAxes for Over {
    fn over(self) -> Over {
        self
    }
}

/// Axes of a reduction, with options.
///
/// # Examples
/// ```
/// use broadloom::prelude::*;
///
/// let x = array![[1.0, 2.0], [3.0, 5.0]];
/// assert_eq!(x.max(over(-1).keepdims()).shape(), [2, 1]);
/// let spread = x.std(over(..).correction(1));
/// ```
#[derive(Clone, Debug)]
#[must_use = "axes do nothing until a reduction takes them"]
pub struct Over {
    /// `None` for all.
    axes: Option<Integers>,
    keepdims: bool,
    correction: Option<f64>,
    dtype: Option<DType>,
    /// The points of a Fourier transform, one number for each axis.
    #[cfg(feature = "fft")]
    points: Option<Integers>,
    #[cfg(feature = "fft")]
    norm: Option<FftNorm>,
}

/// `axes` with options: `x.std(over([0, 1]).correction(1).keepdims())`.
pub fn over(axes: impl ToAxes) -> Over {
    axes.over()
}

impl Over {
    fn new(axes: Option<Integers>) -> Self {
        Self {
            axes,
            keepdims: false,
            correction: None,
            dtype: None,
            #[cfg(feature = "fft")]
            points: None,
            #[cfg(feature = "fft")]
            norm: None,
        }
    }

    /// Reduced axes stay, with extent 1, so that the result broadcasts against what it came from.
    pub fn keepdims(self) -> Self {
        Self { keepdims: true, ..self }
    }

    /// What [`var`](crate::array::Array::var) and [`std`](crate::array::Array::std) subtract from the number of
    /// elements before they divide by it: 0 for a whole population, 1 for a sample.
    #[doc(alias = "ddof")]
    pub fn correction(self, correction: impl Into<f64>) -> Self {
        Self { correction: Some(correction.into()), ..self }
    }

    /// The dtype that elements are converted to before they are combined, and that the result has. For sums,
    /// products, means and variances, with NaN or past it, and for what runs along an axis.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![16_777_216.0_f32, 1.0];
    /// assert_eq!(x.sum(over(..).dtype(F64)).item::<f64>()?, 16_777_217.0);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn dtype(self, dtype: DType) -> Self {
        Self { dtype: Some(dtype), ..self }
    }

    /// How many points Fourier transforms have along these axes, one number for each: what is longer is cut off, what
    /// is shorter is filled up with zeros.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = Array::ones([3, 100], F32);
    /// assert_eq!(x.fft(over(-1).n(128)).shape(), [3, 128]);
    /// assert_eq!(x.fftn(over([0, 1]).n([4, 64])).shape(), [4, 64]);
    /// ```
    #[cfg(feature = "fft")]
    #[doc(alias = "s")]
    pub fn n(self, points: impl ToShape) -> Self {
        Self { points: Some(points.integers()), ..self }
    }

    /// What Fourier transforms along these axes divide by.
    #[cfg(feature = "fft")]
    pub fn norm(self, norm: FftNorm) -> Self {
        Self { norm: Some(norm), ..self }
    }

    /// The axes of `ty` they are, ascending, and whether they stay.
    pub(super) fn resolve(&self, op: &str, ty: &Type) -> Result<(SmallVec<[u32; 4]>, bool)> {
        if self.correction.is_some() {
            return Err(Error::new(ErrorKind::Value, format!("{op}: takes no correction")));
        }
        if self.dtype.is_some() {
            return Err(Error::new(ErrorKind::Value, format!("{op}: takes no dtype")));
        }
        #[cfg(feature = "fft")]
        if self.points.is_some() || self.norm.is_some() {
            return Err(Error::new(ErrorKind::Value, format!("{op}: takes no n and no norm")));
        }
        Ok((self.all_or_named(op, ty)?, self.keepdims))
    }

    /// The same for variances: the correction, and the axes without it.
    pub(super) fn split_correction(self) -> (f64, Self) {
        (self.correction.unwrap_or(0.0), Self { correction: None, ..self })
    }

    /// The dtype that is asked for, and the axes without it.
    pub(super) fn split_dtype(self) -> (Option<DType>, Self) {
        (self.dtype, Self { dtype: None, ..self })
    }

    /// The numbers of points and the norm, and the axes without them.
    #[cfg(feature = "fft")]
    pub(super) fn split_transform(self) -> (Option<Integers>, FftNorm, Self) {
        (self.points, self.norm.unwrap_or_default(), Self { points: None, norm: None, ..self })
    }

    /// The same axes, staying.
    pub(super) fn kept(&self) -> Self {
        Self { keepdims: true, ..self.clone() }
    }

    /// The axes of `ty`, in the order they were written; for operations that take no options.
    pub(super) fn plain(&self, op: &str, ty: &Type) -> Result<SmallVec<[isize; 4]>> {
        if self.has_options() {
            return Err(Error::new(ErrorKind::Value, format!("{op}: takes axes without options")));
        }
        Ok(self.written(ty))
    }

    /// The axes of `ty`, in the order they were written.
    pub(super) fn written(&self, ty: &Type) -> SmallVec<[isize; 4]> {
        match &self.axes {
            Some(axes) => axes.iter().map(|&axis| clamp(axis)).collect(),
            None => (0..ty.shape.rank() as isize).collect(),
        }
    }

    /// Whether more than axes was written.
    pub(super) fn has_options(&self) -> bool {
        #[cfg(feature = "fft")]
        if self.points.is_some() || self.norm.is_some() {
            return true;
        }
        self.correction.is_some() || self.dtype.is_some() || self.keepdims
    }

    /// Whether they were written `..`.
    pub(super) fn is_all(&self) -> bool {
        self.axes.is_none()
    }

    fn all_or_named(&self, op: &str, ty: &Type) -> Result<SmallVec<[u32; 4]>> {
        match &self.axes {
            None => Ok((0..ty.shape.rank() as u32).collect()),
            Some(_) => infer::axes(op, ty, &self.written(ty)),
        }
    }
}

/// `n` as an `isize`; what does not fit becomes an extreme, which is out of range everywhere.
pub(super) fn clamp(n: i128) -> isize {
    n.clamp(isize::MIN as i128, isize::MAX as i128) as isize
}

/// The shape that `shape` is, for operations that make one.
pub(crate) fn extents(op: &str, shape: impl ToShape) -> Result<Shape> {
    extents_of(op, &shape.integers())
}

/// The same for integers already taken in.
pub(super) fn extents_of(op: &str, integers: &Integers) -> Result<Shape> {
    let extent = |n: i128| {
        // Past `isize::MAX` no array can be, not even an empty one.
        let n = isize::try_from(n).ok().and_then(|n| usize::try_from(n).ok());
        n.ok_or_else(|| {
            let why = if integers.iter().any(|&n| n < 0) { "is negative" } else { "is too large" };
            Error::new(ErrorKind::Shape, format!("{op}: an extent of {:?} {why}", &integers[..]))
        })
    };
    integers.iter().map(|&n| extent(n)).collect()
}
