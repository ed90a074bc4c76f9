//! Arithmetic and functions of complex numbers, as operations on their parts. The order of these operations is
//! what the results are, to the bit; `docs/numerics.md` has it in formulas.
//!
//! # Source
//! Quotients: Smith, "Algorithm 116: complex division", 1962, with the reciprocal of the divisor, as in NumPy.
//! Roots and inverse functions: Kahan, "Branch cuts for complex elementary functions", 1987. Infinities and NaN: the C
//! standard, annex G.

use std::f64::consts::{FRAC_PI_2, LN_2, LOG2_E, LOG10_E};

use super::Parts;
use crate::array::{Array, try_where_};
use crate::base::{DType, Result};
use crate::op::Unary;

impl Parts {
    /// `op`, where it is a function of complex numbers.
    #[track_caller]
    pub(super) fn function(&self, op: Unary) -> Result<Option<Self>> {
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
            Unary::Log1p => self.log1p(),
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
        let (quarter, twice) = (self.number(0.25)?, self.number(2.0)?);
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

    /// `e^a (cos b + i sin b)`; real where `b` is 0. Where `a` is infinite and `b` no angle, an infinity or 0 of some.
    #[track_caller]
    fn exp(&self) -> Result<Self> {
        let (size, b) = (self.re.try_exp()?, &self.im);
        let lost = self.re.try_isinf()?.try_logical_and(b.try_isfinite()?.try_logical_not()?)?;
        let none = lost.try_logical_and(self.re.try_less(0)?)?;
        let cosine = try_where_(lost, 1, b.try_cos()?)?;
        let sine = try_where_(none, self.number(0.0)?.try_copysign(b)?, b.try_sin()?)?;
        let im = try_where_(b.try_equal(0)?, b, size.try_multiply(sine)?)?;
        Ok(Self { re: size.try_multiply(cosine)?, im })
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
        let (a, b) = (self.re.try_abs()?, self.im.try_abs()?);
        let (large, small) = (a.try_maximum(&b)?, a.try_minimum(&b)?);
        let past = large.try_subtract(1)?.try_multiply(large.try_add(1)?)?.try_add(small.try_square()?)?;
        self.log_of(past)
    }

    /// The logarithm of `1 + z`, whose `|1 + z|^2 - 1` is `a (a + 2) + b^2`.
    #[track_caller]
    fn log1p(&self) -> Result<Self> {
        let (a, b) = (&self.re, &self.im);
        let past = a.try_multiply(a.try_add(2)?)?.try_add(b.try_square()?)?;
        Self { re: a.try_add(1)?, im: b.clone() }.log_of(past)
    }

    /// The logarithm, given `|z|^2 - 1`.
    #[track_caller]
    fn log_of(&self, past: Array) -> Result<Self> {
        let size = self.size()?;
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

    /// A number of the parts' dtype.
    #[track_caller]
    fn number(&self, value: f64) -> Result<Array> {
        Array::try_full((), value, self.re.dtype())
    }

    /// Where a part is infinite, `bool`.
    #[track_caller]
    fn are_infinite(&self) -> Result<Array> {
        self.re.try_isinf()?.try_logical_or(self.im.try_isinf()?)
    }

    /// `sinh a cos b + i cosh a sin b`; real where `b` is 0. The real part is 0 or infinite with `a`, whatever `b` is.
    #[track_caller]
    fn sinh(&self) -> Result<Self> {
        let (a, b) = (&self.re, &self.im);
        let im = try_where_(b.try_equal(0)?, b, a.try_cosh()?.try_multiply(b.try_sin()?)?)?;
        let lost = b.try_isfinite()?.try_logical_not()?;
        let re =
            try_where_(lost.try_logical_and(a.try_equal(0)?)?, a, a.try_sinh()?.try_multiply(b.try_cos()?)?)?;
        Ok(Self { re: try_where_(lost.try_logical_and(a.try_isinf()?)?, a.try_abs()?, re)?, im })
    }

    /// `cosh a cos b + i sinh a sin b`; real where `b` is 0, and where `a` is and `b` no angle.
    #[track_caller]
    fn cosh(&self) -> Result<Self> {
        let (a, b) = (&self.re, &self.im);
        let lost = b.try_isfinite()?.try_logical_not()?;
        let (size, re) = (a.try_abs()?, a.try_cosh()?.try_multiply(b.try_cos()?)?);
        let re = try_where_(lost.try_logical_and(a.try_isinf()?)?, size, re)?;
        let one = self.number(1.0)?.try_copysign(a)?;
        let im = a.try_sinh()?.try_multiply(b.try_sin()?)?;
        let im = try_where_(lost.try_logical_and(a.try_equal(0)?)?, 0, im)?;
        Ok(Self { re, im: try_where_(b.try_equal(0)?, b.try_multiply(one)?, im)? })
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
        let one = self.number(1.0)?;
        // At infinity no angle is too large.
        let lost = size.try_isinf()?.try_logical_and(b.try_isfinite()?.try_logical_not()?)?;
        let waves = b.try_sin()?.try_multiply(b.try_cos()?)?.try_multiply(4)?;
        let left =
            try_where_(lost, one.try_copysign(b)?, waves)?.try_multiply(size.try_multiply(-2)?.try_exp()?)?;
        let re = try_where_(a.try_equal(0)?, a, try_where_(&far, one.try_copysign(a)?, re)?)?;
        Ok(Self { re, im: try_where_(b.try_equal(0)?, b, try_where_(far, left, im)?)? })
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
        let (across, infinite) = (below.times(&above)?.re, self.are_infinite()?);
        let along = below.conjugate_times(&above)?.im.try_asinh()?;
        // At infinity the angle alone is left.
        let re = self.re.try_atan2(try_where_(&infinite, self.im.try_abs()?, across)?)?;
        let endless = self.number(f64::INFINITY)?.try_copysign(&self.im)?;
        let re = try_where_(self.re.try_equal(0)?, &self.re, re)?;
        Ok(Self { re, im: try_where_(infinite, endless, along)? })
    }

    #[track_caller]
    fn acos(&self) -> Result<Self> {
        let (below, above) = self.roots_beside_one()?;
        let along = above.conjugate_times(&below)?.im.try_asinh()?;
        let (infinite, size) = (self.are_infinite()?, self.im.try_abs()?);
        let re = below.re.try_atan2(&above.re)?.try_multiply(2)?;
        let re = try_where_(&infinite, size.try_atan2(&self.re)?, self.quarter_where_lost(re)?)?;
        let endless = self.number(f64::INFINITY)?.try_copysign(&self.im)?.try_negative()?;
        Ok(Self { re, im: try_where_(infinite, endless, along)? })
    }

    #[track_caller]
    fn acosh(&self) -> Result<Self> {
        let below = Self { re: self.re.try_subtract(1)?, im: self.im.clone() }.sqrt()?;
        let above = Self { re: self.re.try_add(1)?, im: self.im.clone() }.sqrt()?;
        let re = below.conjugate_times(&above)?.re.try_asinh()?;
        let im = self.quarter_where_lost(below.im.try_atan2(&above.re)?.try_multiply(2)?)?;
        let infinite = self.are_infinite()?;
        let re = try_where_(&infinite, self.number(f64::INFINITY)?, re)?;
        Ok(Self { re, im: try_where_(infinite, self.im.try_atan2(&self.re)?, im)? })
    }

    /// `angle`, but a quarter of a turn of `0 + nan i`.
    #[track_caller]
    fn quarter_where_lost(&self, angle: Array) -> Result<Array> {
        try_where_(self.re.try_equal(0)?.try_logical_and(self.im.try_isnan()?)?, FRAC_PI_2, angle)
    }

    /// `log1p(4 a / h^2) / 4 + i atan2(2 b, (1 - a)(1 + a) - b^2) / 2`, the first of `|a|` with the sign of `a`, where `h`
    /// is the distance from 1; where that is next to nothing, `(log 2 - log h) / 2`.
    #[track_caller]
    fn atanh(&self) -> Result<Self> {
        let (a, b) = (self.re.try_abs()?, &self.im);
        let epsilon = if a.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let below = a.try_negative()?.try_add(1)?;
        let distance = below.try_hypot(b)?;
        let share = a.try_divide(&distance)?.try_divide(&distance)?.try_multiply(4)?;
        let near = distance.try_log()?.try_negative()?.try_add(LN_2)?.try_multiply(0.5)?;
        let re = try_where_(distance.try_less(epsilon)?, near, share.try_log1p()?.try_multiply(0.25)?)?;
        let across = below.try_multiply(a.try_add(1)?)?.try_subtract(b.try_square()?)?;
        let im = b.try_multiply(2)?.try_atan2(across)?.try_multiply(0.5)?;
        let (infinite, zero) = (self.are_infinite()?, a.try_equal(0)?);
        let re = try_where_(infinite.try_logical_or(zero)?, 0, re)?.try_copysign(&self.re)?;
        let quarter = self.number(FRAC_PI_2)?.try_copysign(b)?;
        Ok(Self {
            re,
            im: try_where_(infinite.try_logical_and(b.try_isnan()?.try_logical_not()?)?, quarter, im)?,
        })
    }

    /// The product with the conjugate of `self`.
    #[track_caller]
    fn conjugate_times(&self, other: &Self) -> Result<Self> {
        Self { re: self.re.clone(), im: self.im.try_negative()? }.times(other)
    }
}
