//! Methods for every row of the op table, and elementwise operations made of several.

use crate::array::Array;
use crate::array::build;
use crate::array::complex::try_complex;
use crate::array::fallible::{fallible, fallible_functions, fallible_pairs, within};
use crate::array::operand::{Arg, Operand};
use crate::base::{DType, Result};
use crate::graph::infer;
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

fallible! {
    /// The array as it is, if it holds numbers.
    pub fn positive(&self) {
        if self.dtype() == DType::Bool {
            return Err(infer::takes_no("positive", DType::Bool));
        }
        Ok(self.clone())
    }

    /// Whether the sign of x is minus: of −0 it is, of NaN never.
    pub fn signbit(&self) {
        if !self.dtype().is_float() {
            return within("signbit", self.try_less(0));
        }
        build::binary(Binary::Copysign, 1.0.operand(), self.operand())?.try_less(0)
    }

    /// 0 where x is negative, 1 where it is positive, and elements of `at_zero` where it is zero; NaN stays.
    #[doc(alias = "step")]
    pub fn heaviside(&self, at_zero: impl Operand) {
        let (x, at_zero) = floats("heaviside", self, at_zero.operand(), DType::to_small_float)?;
        let beside = try_where_(x.try_less(0)?, 0, &x)?;
        let beside = try_where_(x.try_greater(0)?, 1, beside)?;
        try_where_(x.try_equal(0)?, at_zero, beside)
    }

    /// `sin(pi x) / (pi x)`, 1 at 0. Its error is that of a rounded `pi x`: some 10⁻¹⁶ in `f64`, near whole
    /// numbers too.
    pub fn sinc(&self) {
        let angle = self.try_multiply(std::f64::consts::PI)?;
        try_where_(angle.try_equal(0)?, 1, angle.try_sin()?.try_divide(&angle)?)
    }

    /// Degrees in radians: `x * (pi / 180)`.
    #[doc(alias = "radians")]
    pub fn deg2rad(&self) {
        scaled("deg2rad", self, std::f64::consts::PI / 180.0)
    }

    /// Radians in degrees: `x * (180 / pi)`.
    #[doc(alias = "degrees")]
    pub fn rad2deg(&self) {
        scaled("rad2deg", self, 180.0 / std::f64::consts::PI)
    }

    /// The elements, 0 where they are NaN, and the largest and smallest number where they are infinite.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let x = array![f64::NAN, f64::INFINITY, 1.0];
    /// assert_eq!(x.nan_to_num().to_vec::<f64>()?, [0.0, f64::MAX, 1.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn nan_to_num(&self) {
        if self.is_complex() {
            return try_complex(self.try_real()?.try_nan_to_num()?, self.try_imag()?.try_nan_to_num()?);
        }
        if !self.dtype().is_float() {
            return Ok(self.clone());
        }
        let most = Array::try_full((), f64::INFINITY, self.dtype())?.try_nextafter(0)?;
        let finite = self.try_clip(most.try_negative()?, most)?;
        try_where_(self.try_isnan()?, 0, finite)
    }

    /// The larger of `a` and `b`, of a number and NaN the number; otherwise as [`maximum`](Array::maximum).
    pub fn fmax(&self, other: impl Operand) {
        past_nan("fmax", Binary::Maximum, self, other.operand())
    }

    /// The smaller of `a` and `b`, of a number and NaN the number; otherwise as [`minimum`](Array::minimum).
    pub fn fmin(&self, other: impl Operand) {
        past_nan("fmin", Binary::Minimum, self, other.operand())
    }

    /// [`pow`](Array::pow) in `f64`, of integers too, to negative powers too.
    pub fn float_power(&self, exponent: impl Operand) {
        let base = build::cast("float_power", self, DType::F64)?;
        let exponent = match exponent.operand() {
            Arg::Array(exponent) => Arg::Array(build::cast("float_power", &exponent, DType::F64)?),
            number => number,
        };
        within("float_power", build::binary(Binary::Pow, base.into(), exponent))
    }

    /// How many bits are set in the size of x, an integer: that of `MIN` has one.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// assert_eq!(array![0, 7, -8].bitwise_count().to_vec::<i32>()?, [0, 3, 1]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    ///
    /// # Source
    /// Warren, "Hacker's Delight", 2nd edition, 5-1: sums of neighbouring bits, of pairs, of fours, and a
    /// product that adds up bytes.
    #[doc(alias = "popcount")]
    #[doc(alias = "count_ones")]
    pub fn bitwise_count(&self) {
        if !self.dtype().is_int() {
            return Err(infer::takes_no("bitwise_count", self.dtype()));
        }
        let width = 8 * self.dtype().size();
        // Every byte 1.
        let ones = (u64::MAX / 255) >> (64 - width);
        let bytes = |byte: u64| (ones * byte) as i64;
        let (each, pairs, fours) = (bytes(0x55), bytes(0x33), bytes(0x0f));
        let x = self.try_abs()?;
        let x = x.try_subtract(x.try_bitwise_right_shift(1)?.try_bitwise_and(each)?)?;
        let x = x.try_bitwise_and(pairs)?.try_add(x.try_bitwise_right_shift(2)?.try_bitwise_and(pairs)?)?;
        let x = x.try_add(x.try_bitwise_right_shift(4)?)?.try_bitwise_and(fours)?;
        x.try_multiply(bytes(1))?.try_bitwise_right_shift(width - 8)
    }
}

fallible_pairs! {
    /// [`floor_divide`](Array::floor_divide) and [`remainder`](Array::remainder).
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let (quotients, remainders) = array![7, -7].divmod(2);
    /// assert_eq!(quotients.to_vec::<i32>()?, [3, -4]);
    /// assert_eq!(remainders.to_vec::<i32>()?, [1, 1]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn divmod(&self, other: impl Operand) {
        let other = other.operand();
        let quotients = within("divmod", build::binary(Binary::FloorDivide, self.operand(), other.clone()))?;
        Ok((quotients, build::binary(Binary::Remainder, self.operand(), other)?))
    }
}

/// Both in the shape in which they meet, and in the floats that `float` makes of their common dtype.
#[track_caller]
fn floats(op: &str, a: &Array, b: Arg, float: fn(DType) -> DType) -> Result<(Array, Array)> {
    let a = Arg::Array(a.clone());
    let dtype = float(build::meeting_dtype(op, &[&a, &b])?);
    let shape = build::meeting_shape(op, &[&a, &b])?;
    Ok((build::spread(op, a, dtype, &shape)?, build::spread(op, b, dtype, &shape)?))
}

/// Floats that are `factor` times `x`.
#[track_caller]
fn scaled(op: &str, x: &Array, factor: f64) -> Result<Array> {
    within(op, build::cast(op, x, x.dtype().to_small_float())?.try_multiply(factor))
}

/// `extreme` of those that are not NaN.
#[track_caller]
fn past_nan(op: &str, extreme: Binary, a: &Array, b: Arg) -> Result<Array> {
    if !build::meeting_dtype(op, &[&a.operand(), &b])?.is_float() {
        return within(op, build::binary(extreme, a.operand(), b));
    }
    let (a, b) = floats(op, a, b, DType::to_float)?;
    let number = try_where_(b.try_isnan()?, &a, &b)?;
    try_where_(a.try_isnan()?, b, build::binary(extreme, a.operand(), number.into())?)
}

/// NumPy's tolerances.
pub(super) const RELATIVE: f64 = 1e-5;
pub(super) const ABSOLUTE: f64 = 1e-8;

#[track_caller]
fn isclose(a: &Array, b: Arg, relative: f64, absolute: f64) -> Result<Array> {
    // In floats from the start, and in wide ones: differences of integers would wrap, and tolerances be rounded.
    let (a, b) = floats("isclose", a, b, DType::to_float)?;
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
