//! Methods for every row of the op table, and elementwise operations made of several.

use crate::array::Array;
use crate::array::build;
use crate::array::fallible::{fallible, fallible_functions, within};
use crate::array::operand::{Arg, Operand};
use crate::base::{DType, Result};
use crate::op::table::{binary_ops, unary_ops};
use crate::op::{Binary, Unary};

macro_rules! unary_methods { ($(
    #[doc = $doc:literal] $(#[doc(alias = $alias:literal)])? $Op:ident $name:ident $($symbol:literal)? $([$law:ident])? $rule:ident
    $(, in $math:ident)? $(, float |$x:ident| $float:expr)? $(, int |$n:ident| $int:expr)? $(, bool |$p:ident| $bool:expr)? ;
)*) => { fallible! { $(
    #[doc = $doc]
    ///
    /// Elementwise; `x` is an element of `self`.
    $(#[doc(alias = $alias)])?
    pub fn $name(&self) {
        build::unary(Unary::$Op, self)
    }
)* } } }
unary_ops!(unary_methods);

macro_rules! binary_methods { ($(
    #[doc = $doc:literal] $Op:ident $name:ident $($symbol:literal)? $([$law:ident])? $rule:ident
    $(, in $math:ident)? $(, float |$x:ident, $y:ident| $float:expr)? $(, int |$m:ident, $n:ident| $int:expr)? $(, bool |$p:ident, $q:ident| $bool:expr)? ;
)*) => { fallible! { $(
    #[doc = $doc]
    ///
    /// Elementwise, under broadcasting and promotion; `a` is an element of `self`, `b` one of `other`.
    pub fn $name(&self, other: impl Operand) {
        build::binary(Binary::$Op, self.operand(), other.operand())
    }
)* } } }
binary_ops!(binary_methods);

fallible! {
    /// The elements converted to `dtype`.
    ///
    /// Floats become integers by truncation; what does not fit becomes the nearest integer that
    /// does, and NaN becomes 0. Integers wrap. Everything but zero becomes `true`.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(array![1.7, -1.7, f64::NAN].astype(I32).to_vec::<i32>()?, [1, -1, 0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "cast")]
    pub fn astype(&self, dtype: DType) {
        build::cast("astype", self, dtype)
    }

    /// The elements kept between `low` and `high`: `minimum(maximum(x, low), high)`.
    pub fn clip(&self, low: impl Operand, high: impl Operand) {
        let raised = within("clip", build::binary(Binary::Maximum, self.operand(), low.operand()))?;
        within("clip", build::binary(Binary::Minimum, Arg::Array(raised), high.operand()))
    }

    /// Whether elements are as good as equal: `|a - b| <= 1e-8 + 1e-5 * |b|`, or the same infinity.
    /// NaN is close to nothing.
    pub fn isclose(&self, other: impl Operand) {
        isclose(self, other.operand(), RELATIVE, ABSOLUTE)
    }

    /// [`isclose`](Array::isclose) with these tolerances, `relative` to the elements of `other`.
    pub fn isclose_within(&self, other: impl Operand, relative: f64, absolute: f64) {
        isclose(self, other.operand(), relative, absolute)
    }
}

/// NumPy's tolerances.
pub(super) const RELATIVE: f64 = 1e-5;
pub(super) const ABSOLUTE: f64 = 1e-8;

#[track_caller]
fn isclose(a: &Array, b: Arg, relative: f64, absolute: f64) -> Result<Array> {
    let a = Arg::Array(a.clone());
    // In floats from the start: differences of integers would wrap.
    let dtype = build::meeting_dtype("isclose", &[&a, &b])?.to_float();
    let shape = build::meeting_shape("isclose", &[&a, &b])?;
    let a = build::spread("isclose", a, dtype, &shape)?;
    let b = build::spread("isclose", b, dtype, &shape)?;
    let distance = a.try_subtract(&b)?.try_abs()?;
    let allowed = b.try_abs()?.try_multiply(relative)?.try_add(absolute)?;
    let near = distance.try_less_equal(allowed)?.try_logical_and(b.try_isfinite()?)?;
    a.try_equal(b)?.try_logical_or(near)
}

fallible_functions! {
    /// The elements of `yes` where `mask` is true, of `no` elsewhere, under broadcasting and promotion.
    ///
    /// # Examples
    /// ```
    /// use broadloom::prelude::*;
    ///
    /// let x = array![-1.0, 2.0];
    /// assert_eq!(where_(x.less(0.0), 0.0, &x).to_vec::<f64>()?, [0.0, 2.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    #[doc(alias = "select")]
    pub fn where_(mask: impl Operand, yes: impl Operand, no: impl Operand) {
        build::select("where_", mask.operand(), yes.operand(), no.operand())
    }
}
