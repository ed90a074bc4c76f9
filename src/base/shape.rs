//! Shapes: the extents of an array's axes, and what may be done with them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use smallvec::SmallVec;

use crate::base::{DType, Error, ErrorKind, Result};

/// The extents of all axes, outermost first; `[]` is a single value.
#[derive(Eq, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// A shape of these extents.
    pub fn new(extents: impl IntoIterator<Item = usize>) -> Self {
        Self(extents.into_iter().collect())
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements; shapes of a [`Type`] have been checked not to overflow.
    pub fn size(&self) -> usize {
        self.0.iter().product()
    }

    /// The row-major strides, in elements.
    pub fn strides(&self) -> SmallVec<[usize; 4]> {
        let mut strides: SmallVec<[usize; 4]> = smallvec::smallvec![1; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis].saturating_mul(self.0[axis]);
        }
        strides
    }

    /// The shape without the axes for which `drop` holds.
    pub fn without(&self, drop: impl Fn(usize) -> bool) -> Self {
        Self::new(self.0.iter().enumerate().filter(|(axis, _)| !drop(*axis)).map(|(_, &n)| n))
    }
}

impl Clone for Shape {
    /// Copies the extents as bytes, which every node that is made or passed on does.
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

impl PartialEq for Shape {
    /// Compares the few extents there are one by one: every node that is made compares shapes.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(extents: I) -> Self {
        Self::new(extents)
    }
}

impl From<&[usize]> for Shape {
    fn from(extents: &[usize]) -> Self {
        Self(SmallVec::from_slice(extents))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A dtype and a shape, `f32[64, 128]`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Type {
    /// Of the elements.
    pub dtype: DType,
    /// Of the axes.
    pub shape: Shape,
}

impl Type {
    /// This type as it stands: for shapes that come from types.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Self {
        Self { dtype, shape: shape.into() }
    }

    /// This type, if its elements and bytes can be counted by `isize`.
    ///
    /// # Errors
    /// `what`, the operation, and the shape, if they cannot.
    pub fn checked(what: &str, dtype: DType, shape: Shape) -> Result<Self> {
        // An empty axis makes the array empty, but only if the others can be walked at all.
        let count = shape.iter().filter(|&&n| n != 0).try_fold(1_usize, |count, &n| count.checked_mul(n));
        let bytes = count.and_then(|count| count.checked_mul(dtype.size()));
        match bytes {
            Some(bytes) if isize::try_from(bytes).is_ok() => Ok(Self { dtype, shape }),
            _ => Err(Error::new(
                ErrorKind::Shape,
                format!("{what}: {dtype}{shape} has more bytes than memory can address"),
            )),
        }
    }

    /// Number of bytes of an array of this type.
    pub fn bytes(&self) -> usize {
        self.shape.size() * self.dtype.size()
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The common shape of `a` and `b` under NumPy's broadcasting: aligned at the last axis, equal
/// extents or one of them 1.
///
/// # Errors
/// `Err((axis, m, n))`, the last axis (negative, from the end) on which they clash, and its extents.
pub fn broadcast(a: &Shape, b: &Shape) -> std::result::Result<Shape, (isize, usize, usize)> {
    let rank = a.rank().max(b.rank());
    let extent =
        |shape: &Shape, from_end: usize| shape.rank().checked_sub(from_end).map_or(1, |axis| shape[axis]);
    let mut extents: SmallVec<[usize; 4]> = smallvec::smallvec![0; rank];
    for from_end in 1..=rank {
        extents[rank - from_end] = match (extent(a, from_end), extent(b, from_end)) {
            (m, n) if m == n => m,
            (1, n) => n,
            (m, 1) => m,
            (m, n) => return Err((-(from_end as isize), m, n)),
        };
    }
    Ok(Shape(extents))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(extents: &[usize]) -> Shape {
        Shape::from(extents)
    }

    #[test]
    fn broadcasting_follows_numpy() {
        assert_eq!(broadcast(&shape(&[3, 1]), &shape(&[4])), Ok(shape(&[3, 4])));
        assert_eq!(broadcast(&shape(&[]), &shape(&[0, 2])), Ok(shape(&[0, 2])));
        assert_eq!(broadcast(&shape(&[1]), &shape(&[0])), Ok(shape(&[0])));
        assert_eq!(broadcast(&shape(&[3, 4]), &shape(&[2, 4])), Err((-2, 3, 2)));
    }

    #[test]
    fn sizes_past_isize_are_errors_even_when_an_axis_is_empty() {
        let huge = shape(&[usize::MAX / 2, 3]);
        assert!(Type::checked("full", DType::Bool, huge).is_err());
        assert!(Type::checked("full", DType::Bool, shape(&[0, usize::MAX, 3])).is_err());
        assert!(Type::checked("full", DType::F64, shape(&[1 << 60])).is_err());
        assert!(Type::checked("full", DType::Bool, shape(&[1 << 60])).is_ok());
    }
}
