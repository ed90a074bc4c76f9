//! Products that sum over an axis: matrix products and dot products.

use smallvec::{SmallVec, smallvec};

use crate::array::Array;
use crate::array::build;
use crate::array::complex;
use crate::array::fallible::fallible;
use crate::base::{DType, Error, ErrorKind, Result, Scalar, Shape, Type};
use crate::graph::{Op, infer};
use crate::op::{Binary, Fold};

fallible! {
    /// The matrix product `self @ other`.
    ///
    /// # Shapes
    /// `[m, k] @ [k, n] -> [m, n]`; leading axes broadcast. A vector on the left is a row, on the right
    /// a column, and the axis it lends is dropped again. Neither may be of rank 0, nor both `bool`.
    ///
    /// # Source
    /// The rules of `numpy.matmul`. Products of two arrays of rank 2 and up are, per element, one fused
    /// multiply-add after the other over ascending k; products with a vector are sums of products.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.matmul(&array![1.0, 1.0]).to_vec::<f64>()?, [3.0, 7.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "dot")]
    pub fn matmul(&self, other: &Array) {
        matmul(self, other)
    }

    /// The dot products of the vectors along the last axes of `self` and `other`, whose other axes
    /// broadcast. Of complex numbers, those of the conjugates of `self`.
    ///
    /// # Shapes
    /// `[.., k], [.., k] -> [..]`.
    #[doc(alias = "dot")]
    #[doc(alias = "inner")]
    pub fn vecdot(&self, other: &Array) {
        vecdot(self, other)
    }
}

#[track_caller]
fn matmul(a: &Array, b: &Array) -> Result<Array> {
    let (dtype, shape, leading) = infer::matmul(a.ty(), b.ty())?;
    let ty = Type::checked("matmul", dtype, shape)?;
    let (a, b) = (build::cast("matmul", a, dtype)?, build::cast("matmul", b, dtype)?);
    if dtype.is_complex() {
        let ((a, b), (c, d)) = (complex::parts(&a), complex::parts(&b));
        return complex::product([matmul(&a, &c)?, matmul(&b, &d)?, matmul(&a, &d)?, matmul(&b, &c)?], false);
    }
    if a.ndim() == 1 {
        // [k] @ [.., k, n]: the vector as a column, summed along the columns of `b`.
        let axis = b.ndim().saturating_sub(2);
        let k = a.size();
        let a = if b.ndim() == 1 { a } else { build::reshaped(&a, Shape::new([k, 1])) };
        return sum_of_products(&a, &b, axis);
    }
    if b.ndim() == 1 {
        let axis = a.ndim() - 1;
        return sum_of_products(&a, &b, axis);
    }
    let stack = |array: &Array| -> Shape {
        leading.iter().chain(&array.shape()[array.ndim() - 2..]).copied().collect()
    };
    let (a_shape, b_shape) = (stack(&a), stack(&b));
    if a.shape()[a.ndim() - 1] == 0 {
        return build::constant("matmul", Scalar::new(dtype, 0.0), ty.shape);
    }
    let args: SmallVec<[Array; 2]> = smallvec![
        build::broadcast("matmul", &carried(&a)?, &a_shape)?,
        build::broadcast("matmul", &carried(&b)?, &b_shape)?,
    ];
    let product = Array::lazy(Op::Matmul, args, Type { dtype: dtype.carrier(), ..ty });
    build::cast("matmul", &product, dtype)
}

/// The dtype in which `a` and `b` are multiplied and summed; truth values are not.
pub(super) fn factors(op: &str, a: &Array, b: &Array) -> Result<DType> {
    match build::common_of(op, a.dtype(), b.dtype())? {
        DType::Bool => Err(infer::takes_no(op, DType::Bool)),
        dtype => Ok(dtype),
    }
}

#[track_caller]
fn vecdot(a: &Array, b: &Array) -> Result<Array> {
    let dtype = factors("vecdot", a, b)?;
    let wrong = |why: String| Error::new(ErrorKind::Shape, format!("vecdot: {why}"));
    let (Some(&m), Some(&n)) = (a.shape().last(), b.shape().last()) else {
        return Err(wrong(format!("{} and {}: a single value is no vector", a.ty(), b.ty())));
    };
    if m != n {
        return Err(wrong(format!("last axes differ: {} and {} have {m} and {n}", a.ty(), b.ty())));
    }
    let shape = infer::broadcast_types("vecdot", &[a.ty(), b.ty()])?;
    let (a, b) = (build::cast("vecdot", a, dtype)?, build::cast("vecdot", b, dtype)?);
    if dtype.is_complex() {
        let ((a, b), (c, d)) = (complex::parts(&a), complex::parts(&b));
        return complex::product([vecdot(&a, &c)?, vecdot(&b, &d)?, vecdot(&a, &d)?, vecdot(&b, &c)?], true);
    }
    sum_of_products(&a, &b, shape.rank() - 1)
}

/// The sum of `a * b` along `axis` of what they broadcast to, in their dtype: a product of integers
/// has the dtype of its factors, unlike a sum.
#[track_caller]
pub(super) fn sum_of_products(a: &Array, b: &Array, axis: usize) -> Result<Array> {
    let dtype = a.dtype();
    let products = build::binary(Binary::Multiply, carried(a)?.into(), carried(b)?.into())?;
    let sum = build::reduce(Fold::Sum, &products, &[axis as u32])?;
    build::cast("matmul", &sum, dtype)
}

/// `array` in the dtype its products are computed in: floats of 16 bits in `f32`, and integers in `i32` or
/// `i64`, whose low bits are those of the product of narrower ones.
#[track_caller]
fn carried(array: &Array) -> Result<Array> {
    build::cast("matmul", array, array.dtype().carrier())
}
