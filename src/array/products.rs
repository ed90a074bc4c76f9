//! Products made of the matrix product and of sums: outer and cross products, traces, and products over
//! any axes.

use smallvec::SmallVec;

use crate::array::Array;
use crate::array::args::{Integer, ToAxes, clamp, over, sealed::Sealed};
use crate::array::build::{self, reshaped};
use crate::array::fallible::{fallible, within};
use crate::array::manipulate::at;
use crate::array::reduce::reduced;
use crate::array::views::{axis_error, in_order, joined, permuted};
use crate::array::windows::diagonal;
use crate::base::{Error, ErrorKind, Result, Shape};
use crate::graph::infer;
use crate::op::{Binary, Fold};

/// What can be written where [`Array::tensordot`] wants axes: how many, the last of one and the first of
/// the other, or a pair of axes of each.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which axes are summed",
    label = "expected a number of axes or a pair of lists",
    note = "write `2` for the last two axes of one and the first two of the other, or `([0, 1], [1, 2])`"
)]
pub trait Contraction: Sealed {
    /// The axes of `a` and those of `b`, in pairs.
    #[doc(hidden)]
    fn pairs(self, a: &Array, b: &Array) -> Result<[SmallVec<[usize; 4]>; 2]>;
}

impl<A: ToAxes, B: ToAxes> Contraction for (A, B) {
    fn pairs(self, a: &Array, b: &Array) -> Result<[SmallVec<[usize; 4]>; 2]> {
        Ok([in_order("tensordot", a, &self.0.over())?, in_order("tensordot", b, &self.1.over())?])
    }
}

macro_rules! integers { ($($rust:ident)*) => { $(
    impl Contraction for $rust {
        fn pairs(self, a: &Array, b: &Array) -> Result<[SmallVec<[usize; 4]>; 2]> {
            let most = a.ndim().min(b.ndim());
            let count = usize::try_from(clamp(self.widen())).ok().filter(|count| *count <= most);
            let count = count.ok_or_else(|| {
                axis_error("tensordot", format!("{} and {} have not {self} axes to sum over", a.ty(), b.ty()))
            })?;
            Ok([(a.ndim() - count..a.ndim()).collect(), (0..count).collect()])
        }
    }
)* } }
integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

fallible! {
    /// All products of an element of `self` and one of `other`.
    ///
    /// # Shapes
    /// `[size of self, size of other]`, whatever the shapes.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let table = array![1, 2].outer(&array![1, 10, 100]);
    /// assert_eq!(table.to_vec::<i32>()?, [1, 10, 100, 2, 20, 200]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn outer(&self, other: &Array) {
        let column = reshaped(self, Shape::new([self.size(), 1]));
        let row = reshaped(other, Shape::new([1, other.size()]));
        within("outer", build::binary(Binary::Multiply, column.into(), row.into()))
    }

    /// The Kronecker product: `self` with every element replaced by `other` times that element.
    ///
    /// # Shapes
    /// `[m, n], [p, q] -> [m p, n q]`, and so for any rank; the shorter shape has axes of extent 1 in front.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let blocks = array![1, 10].kron(&array![[1, 2], [3, 4]]);
    /// assert_eq!(blocks.to_vec::<i32>()?, [1, 2, 10, 20, 3, 4, 30, 40]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn kron(&self, other: &Array) {
        let rank = self.ndim().max(other.ndim());
        let extent = |array: &Array, axis: usize| {
            (axis + array.ndim()).checked_sub(rank).map_or(1, |axis| array.shape()[axis])
        };
        let apart = |array: &Array, second: bool| -> Shape {
            let pair = |axis: usize| if second { [1, extent(array, axis)] } else { [extent(array, axis), 1] };
            (0..rank).flat_map(pair).collect()
        };
        let (a, b) = (reshaped(self, apart(self, false)), reshaped(other, apart(other, true)));
        let products = within("kron", build::binary(Binary::Multiply, a.into(), b.into()))?;
        let pairs = products.shape().chunks(2);
        Ok(reshaped(&products, pairs.map(|pair| pair[0] * pair[1]).collect()))
    }

    /// The sums of products along the last axes, of every vector of `self` with every one of `other`.
    ///
    /// # Shapes
    /// `[.., k], [.., k] -> [.., ..]`; with a single value, all products with it.
    pub fn inner(&self, other: &Array) {
        if self.ndim() == 0 || other.ndim() == 0 {
            let (one, another) = (self.clone().into(), other.clone().into());
            return within("inner", build::binary(Binary::Multiply, one, another));
        }
        within("inner", self.try_tensordot(other, (-1, -1)))
    }

    /// The sum of products over axes of `self` and axes of `other`: a matrix product in which rows, columns
    /// and what is summed may be several axes each.
    ///
    /// # Shapes
    /// The axes of `self` that are not summed, then those of `other`.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let (a, b) = (Array::ones([2, 3, 4], F32), Array::ones([4, 3, 5], F32));
    /// assert_eq!(a.tensordot(&b, ([1, 2], [1, 0])).shape(), [2, 5]);
    /// assert_eq!(a.tensordot(&b, 1).shape(), [2, 3, 3, 5]);
    /// ```
    pub fn tensordot(&self, other: &Array, axes: impl Contraction) {
        let [left, right] = axes.pairs(self, other)?;
        let wrong = |why: String| Error::new(ErrorKind::Shape, format!("tensordot: {why}"));
        if left.len() != right.len() {
            return Err(wrong(format!("{} axes of one and {} of the other", left.len(), right.len())));
        }
        for (&one, &another) in left.iter().zip(&right) {
            let (m, n) = (self.shape()[one], other.shape()[another]);
            if m != n {
                let (a, b) = (self.ty(), other.ty());
                return Err(wrong(format!("axis {one} of {a} and axis {another} of {b} differ: {m} and {n}")));
            }
        }
        let rest = |array: &Array, summed: &[usize]| -> SmallVec<[usize; 4]> {
            (0..array.ndim()).filter(|axis| !summed.contains(axis)).collect()
        };
        let extents = |array: &Array, axes: &[usize]| -> SmallVec<[usize; 4]> {
            axes.iter().map(|&axis| array.shape()[axis]).collect()
        };
        let (rows, columns) = (rest(self, &left), rest(other, &right));
        let shape: Shape = extents(self, &rows).into_iter().chain(extents(other, &columns)).collect();
        let inner = extents(self, &left).iter().product();
        let outer = |array: &Array, axes: &[usize]| extents(array, axes).iter().product::<usize>();
        let a = permuted(self, &rows.iter().chain(&left).copied().collect::<SmallVec<[usize; 4]>>());
        let a = reshaped(&a, Shape::new([outer(self, &rows), inner]));
        let b = permuted(other, &right.iter().chain(&columns).copied().collect::<SmallVec<[usize; 4]>>());
        let b = reshaped(&b, Shape::new([inner, outer(other, &columns)]));
        Ok(reshaped(&within("tensordot", a.try_matmul(&b))?, shape))
    }

    /// The cross products of the vectors of three along an axis of `self` and `other`. Other axes broadcast.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let z = array![1.0, 0.0, 0.0].cross(&array![0.0, 1.0, 0.0], -1);
    /// assert_eq!(z.to_vec::<f64>()?, [0.0, 0.0, 1.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn cross(&self, other: &Array, axis: isize) {
        let mut places = [0; 2];
        for (array, place) in [self, other].into_iter().zip(&mut places) {
            *place = infer::axis("cross", array.ty(), array.ndim(), axis)?;
            let n = array.shape()[*place];
            if n != 3 {
                let why = format!("cross: axis {place} of {} has {n}, not 3", array.ty());
                return Err(Error::new(ErrorKind::Shape, why));
            }
        }
        let [p, q] = places;
        let mut parts: SmallVec<[Array; 2]> = SmallVec::new();
        for (j, k) in [(1, 2), (2, 0), (0, 1)] {
            let one = build::binary(Binary::Multiply, at(self, p, j).into(), at(other, q, k).into());
            let another = build::binary(Binary::Multiply, at(self, p, k).into(), at(other, q, j).into());
            let (one, another) = (within("cross", one)?, within("cross", another)?);
            parts.push(within("cross", build::binary(Binary::Subtract, one.into(), another.into()))?);
        }
        let axis = infer::axis("cross", parts[0].ty(), parts[0].ndim() + 1, axis)?;
        let mut shape: SmallVec<[usize; 4]> = parts[0].shape().into();
        shape.insert(axis, 1);
        for component in &mut parts {
            *component = reshaped(component, shape.iter().copied().collect());
        }
        joined("cross", parts, axis)
    }

    /// The sums of the [diagonals](Array::diagonal) of the matrices along the last two axes, `[.., m, n] ->
    /// [..]`.
    pub fn trace(&self, offset: isize) {
        let diagonals = diagonal("trace", self, offset)?;
        reduced("trace", Fold::Sum, &diagonals, &over(-1))
    }
}
