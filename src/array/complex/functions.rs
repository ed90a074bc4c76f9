//! Arithmetic and functions of complex numbers, as operations on their parts. The order of these operations is
//! what the results are, to the bit; `docs/numerics.md` has it in formulas.
//!
//! # Source
//! Quotients: Smith, "Algorithm 116: complex division", 1962, with the reciprocal of the divisor, as in NumPy.
//! Roots and inverse functions: Kahan, "Branch cuts for complex elementary functions", 1987.

use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

use super::Parts;
use crate::array::{Array, try_where_};
use crate::base::{DType, Result};
use crate::op::Unary;

impl Parts {
    /// `op`, where it is a function of complex numbers.
    #[track_caller]
    pub(super) fn function(&self, op: Unary) -> Result<Option<Self>> {
        let Self { re, im } = self;
        let parts = match op {
            Unary::Square => self.times(self),
            Unary::Reciprocal => self.reciprocal(),
            Unary::Sign => self.sign(),
            Unary::Sqrt => self.sqrt(),
            Unary::Exp => self.exp(),
            Unary::Exp2 => self.scaled(LN_2)?.exp(),
            Unary::Expm1 => self.expm1(),
            Unary::Log => self.log(),
            Unary::Log2 => self.log()?.scaled(LOG2_E),
            Unary::Log10 => self.log()?.scaled(LOG10_E),
            Unary::Log1p => {
                let moved = re.try_add(1)?;
                let angle = im.try_atan2(&moved)?;
                Ok(Self { re: moved.try_hypot(im)?.try_log()?, im: angle })
            }
            Unary::Sin => self.turned()?.sinh()?.turned_back(),
            Unary::Cos => self.turned()?.cosh(),
            Unary::Tan => self.turned()?.tanh()?.turned_back(),
            Unary::Sinh => self.sinh(),
            Unary::Cosh => self.cosh(),
            Unary::Tanh => self.tanh(),
            Unary::Asin => self.asin(),
            Unary::Acos => self.acos(),
            Unary::Atan => self.turned()?.atanh()?.turned_back(),
            Unary::Asinh => self.turned()?.asin()?.turned_back(),
            Unary::Acosh => self.acosh(),
            Unary::Atanh => self.atanh(),
            _ => return Ok(None),
        };
        parts.map(Some)
    }

    /// `(a + b i)(c + d i) = (a c - b d) + (a d + b c) i`, every operation rounded.
    #[track_caller]
    pub(super) fn times(&self, other: &Self) -> Result<Self> {
        let (a, b, c, d) = (&self.re, &self.im, &other.re, &other.im);
        let re = a.try_multiply(c)?.try_subtract(b.try_multiply(d)?)?;
        Ok(Self { re, im: a.try_multiply(d)?.try_add(b.try_multiply(c)?)? })
    }

    /// `(a + b i) / (c + d i)`: by the larger part of the divisor, so that nothing overflows that need not. By 0,
    /// both parts by 0.
    #[track_caller]
    pub(super) fn over(&self, other: &Self) -> Result<Self> {
        let (a, b, c, d) = (&self.re, &self.im, &other.re, &other.im);
        let size = c.try_abs()?;
        let real = size.try_greater_equal(d.try_abs()?)?;
        let (large, small) = (try_where_(&real, c, d)?, try_where_(&real, d, c)?);
        let (one, another) = (try_where_(&real, a, b)?, try_where_(&real, b, a)?);
        let ratio = small.try_divide(&large)?;
        let scale = large.try_add(small.try_multiply(&ratio)?)?.try_reciprocal()?;
        let re = one.try_add(another.try_multiply(&ratio)?)?.try_multiply(&scale)?;
        let product = one.try_multiply(&ratio)?;
        let below = another.try_subtract(&product)?;
        let above = product.try_subtract(&another)?;
        let im = try_where_(&real, below, above)?.try_multiply(&scale)?;
        let zero = other.are_zero()?;
        let re = try_where_(&zero, a.try_divide(&size)?, re)?;
        Ok(Self { re, im: try_where_(&zero, b.try_divide(&size)?, im)? })
    }

    /// `1 / (a + b i)`, likewise.
    #[track_caller]
    pub(super) fn reciprocal(&self) -> Result<Self> {
        let (a, b) = (&self.re, &self.im);
        let real = b.try_abs()?.try_less_equal(a.try_abs()?)?;
        let (large, small) = (try_where_(&real, a, b)?, try_where_(&real, b, a)?);
        let ratio = small.try_divide(&large)?;
        let divisor = large.try_add(small.try_multiply(&ratio)?)?;
        let (whole, share) = (divisor.try_reciprocal()?, ratio.try_divide(&divisor)?);
        let re = try_where_(&real, &whole, &share)?;
        Ok(Self { re, im: try_where_(&real, share, whole)?.try_negative()? })
    }

    /// `z` to the power `w`: `exp(w log(z))`; 1 to the power 0, and of 0 to all other powers 0 where their real part
    /// is positive, else NaN.
    #[track_caller]
    pub(super) fn to_the(&self, power: &Self) -> Result<Self> {
        let Self { re, im } = power.times(&self.log()?)?.exp()?;
        let (none, zero) = (power.are_zero()?, self.are_zero()?);
        let rises = power.re.try_greater(0)?;
        let of_zero = try_where_(&rises, 0, try_where_(&none, 0, f64::NAN)?)?.try_astype(re.dtype())?;
        let re = try_where_(&none, 1, try_where_(&zero, &of_zero, re)?)?;
        Ok(Self { re, im: try_where_(&none, 0, try_where_(&zero, of_zero, im)?)? })
    }

    #[track_caller]
    fn scaled(&self, factor: f64) -> Result<Self> {
        Ok(Self { re: self.re.try_multiply(factor)?, im: self.im.try_multiply(factor)? })
    }

    /// `z / |z|`, 0 of 0.
    #[track_caller]
    fn sign(&self) -> Result<Self> {
        let size = self.size()?;
        let none = size.try_equal(0)?;
        let re = try_where_(&none, 0, self.re.try_divide(&size)?)?;
        Ok(Self { re, im: try_where_(&none, 0, self.im.try_divide(&size)?)? })
    }

    #[track_caller]
    fn size(&self) -> Result<Array> {
        self.re.try_hypot(&self.im)
    }

    /// The root in the right half of the plane, by that of the mean of `|a|` and `|z|`, which loses no digits; of a
    /// quarter, where `|z|` might be infinite.
    #[track_caller]
    fn sqrt(&self) -> Result<Self> {
        let dtype = self.re.dtype();
        let edge = if dtype == DType::F32 { f64::from(f32::MAX) } else { f64::MAX } * 0.25;
        let large = self.re.try_abs()?.try_maximum(self.im.try_abs()?)?.try_greater(edge)?;
        let (quarter, twice) = (Array::try_full((), 0.25, dtype)?, Array::try_full((), 2, dtype)?);
        let (down, up) = (try_where_(&large, quarter, 1)?, try_where_(&large, twice, 1)?);
        let (a, b) = (self.re.try_multiply(&down)?, self.im.try_multiply(down)?);
        let size = b.try_abs()?;
        let mean = a.try_abs()?.try_multiply(0.5)?.try_add(a.try_hypot(&b)?.try_multiply(0.5)?)?;
        let root = mean.try_sqrt()?;
        // Where z is 0, and where |b| is infinite, whatever a is.
        let rest = try_where_(root.try_equal(0)?, 0, size.try_divide(root.try_multiply(2)?)?)?;
        let infinite = size.try_isinf()?;
        let root = try_where_(&infinite, &size, root)?.try_multiply(&up)?;
        let rest = try_where_(&infinite, size, rest)?.try_multiply(up)?;
        let right = a.try_less(0)?.try_logical_not()?;
        let re = try_where_(&right, &root, &rest)?;
        Ok(Self { re, im: try_where_(&right, rest, root)?.try_copysign(&self.im)? })
    }

    /// `e^a (cos b + i sin b)`; real where `b` is 0.
    #[track_caller]
    fn exp(&self) -> Result<Self> {
        let (size, b) = (self.re.try_exp()?, &self.im);
        let im = try_where_(b.try_equal(0)?, b, size.try_multiply(b.try_sin()?)?)?;
        Ok(Self { re: size.try_multiply(b.try_cos()?)?, im })
    }

    /// `expm1(a) cos b - 2 sin(b/2)^2 + i e^a sin b`.
    #[track_caller]
    fn expm1(&self) -> Result<Self> {
        let half = self.im.try_multiply(0.5)?.try_sin()?.try_square()?.try_multiply(2)?;
        let re = self.re.try_expm1()?.try_multiply(self.im.try_cos()?)?.try_subtract(half)?;
        Ok(Self { re, im: self.exp()?.im })
    }

    /// `log |z| + i angle`; near `|z| = 1` from `|z|^2 - 1`.
    #[track_caller]
    fn log(&self) -> Result<Self> {
        let (a, b, size) = (self.re.try_abs()?, self.im.try_abs()?, self.size()?);
        let (large, small) = (a.try_maximum(&b)?, a.try_minimum(&b)?);
        let past = large.try_subtract(1)?.try_multiply(large.try_add(1)?)?.try_add(small.try_square()?)?;
        let near = size.try_greater(0.5)?.try_logical_and(size.try_less(2)?)?;
        let re = try_where_(near, past.try_log1p()?.try_multiply(0.5)?, size.try_log()?)?;
        Ok(Self { re, im: self.im.try_atan2(&self.re)? })
    }

    /// `i z`, whose functions of one kind are those of `z` of the other, turned.
    #[track_caller]
    fn turned(&self) -> Result<Self> {
        Ok(Self { re: self.im.try_negative()?, im: self.re.clone() })
    }

    /// `-i z`.
    #[track_caller]
    fn turned_back(&self) -> Result<Self> {
        Ok(Self { re: self.im.clone(), im: self.re.try_negative()? })
    }

    /// `sinh a cos b + i cosh a sin b`; real where `b` is 0.
    #[track_caller]
    fn sinh(&self) -> Result<Self> {
        let (a, b) = (&self.re, &self.im);
        let im = try_where_(b.try_equal(0)?, b, a.try_cosh()?.try_multiply(b.try_sin()?)?)?;
        let re = try_where_(a.try_equal(0)?, a, a.try_sinh()?.try_multiply(b.try_cos()?)?)?;
        Ok(Self { re, im })
    }

    /// `cosh a cos b + i sinh a sin b`; real where `a` or `b` is 0.
    #[track_caller]
    fn cosh(&self) -> Result<Self> {
        let (a, b) = (&self.re, &self.im);
        let re = a.try_cosh()?.try_multiply(b.try_cos()?)?;
        let real = a.try_equal(0)?.try_logical_or(b.try_equal(0)?)?;
        let im = try_where_(real, a.try_multiply(b)?, a.try_sinh()?.try_multiply(b.try_sin()?)?)?;
        Ok(Self { re, im })
    }

    /// The hyperbolic tangent after Kahan; past where it is ±1 to all digits, `±1 + 4 i sin b cos b e^(-2|a|)`.
    #[track_caller]
    fn tanh(&self) -> Result<Self> {
        let (a, b) = (&self.re, &self.im);
        let edge = if a.dtype() == DType::F32 { 11 } else { 22 };
        let (tangent, sine) = (b.try_tan()?, a.try_sinh()?);
        let slope = tangent.try_square()?.try_add(1)?;
        let cosine = sine.try_square()?.try_add(1)?.try_sqrt()?;
        let divisor = slope.try_multiply(&sine)?.try_multiply(&sine)?.try_add(1)?;
        let re = slope.try_multiply(cosine)?.try_multiply(sine)?.try_divide(&divisor)?;
        let im = tangent.try_divide(divisor)?;
        let size = a.try_abs()?;
        let far = size.try_greater(edge)?;
        let waves = b.try_sin()?.try_multiply(b.try_cos()?)?.try_multiply(4)?;
        let left = waves.try_multiply(size.try_multiply(-2)?.try_exp()?)?;
        let one = size.try_greater(0)?.try_astype(a.dtype())?.try_copysign(a)?;
        Ok(Self { re: try_where_(&far, one, re)?, im: try_where_(&far, left, im)? })
    }

    /// The roots of `1 - z` and `1 + z`.
    #[track_caller]
    fn roots_beside_one(&self) -> Result<(Self, Self)> {
        let (one_less, one_more) = (self.re.try_negative()?.try_add(1)?, self.re.try_add(1)?);
        let below = Self { re: one_less, im: self.im.try_negative()? }.sqrt()?;
        Ok((below, Self { re: one_more, im: self.im.clone() }.sqrt()?))
    }

    #[track_caller]
    fn asin(&self) -> Result<Self> {
        let (below, above) = self.roots_beside_one()?;
        let across = below.times(&above)?.re;
        let along = below.conjugate_times(&above)?.im;
        Ok(Self { re: self.re.try_atan2(across)?, im: along.try_asinh()? })
    }

    #[track_caller]
    fn acos(&self) -> Result<Self> {
        let (below, above) = self.roots_beside_one()?;
        let along = above.conjugate_times(&below)?.im;
        let re = below.re.try_atan2(&above.re)?.try_multiply(2)?;
        Ok(Self { re, im: along.try_asinh()? })
    }

    #[track_caller]
    fn acosh(&self) -> Result<Self> {
        let below = Self { re: self.re.try_subtract(1)?, im: self.im.clone() }.sqrt()?;
        let above = Self { re: self.re.try_add(1)?, im: self.im.clone() }.sqrt()?;
        let re = below.conjugate_times(&above)?.re.try_asinh()?;
        Ok(Self { re, im: below.im.try_atan2(&above.re)?.try_multiply(2)? })
    }

    /// `log1p(4 a / ((1 - a)^2 + b^2)) / 4 + i atan2(2 b, (1 - a)(1 + a) - b^2) / 2`, the first of `|a|` with the sign
    /// of `a`.
    #[track_caller]
    fn atanh(&self) -> Result<Self> {
        let (a, b) = (self.re.try_abs()?, &self.im);
        let below = a.try_negative()?.try_add(1)?;
        let squares = below.try_square()?.try_add(b.try_square()?)?;
        let re = a
            .try_multiply(4)?
            .try_divide(squares)?
            .try_log1p()?
            .try_multiply(0.25)?
            .try_copysign(&self.re)?;
        let across = below.try_multiply(a.try_add(1)?)?.try_subtract(b.try_square()?)?;
        Ok(Self { re, im: b.try_multiply(2)?.try_atan2(across)?.try_multiply(0.5)? })
    }

    /// The product with the conjugate of `self`.
    #[track_caller]
    fn conjugate_times(&self, other: &Self) -> Result<Self> {
        Self { re: self.re.clone(), im: self.im.try_negative()? }.times(other)
    }
}
