//! A short way to write the definitions: arithmetic on values of one float format, and on their bits.

use crate::base::DType;
use crate::op::{Binary, Builder, Ref, Unary};

/// A [`Builder`] with the float format that a definition works in.
pub(super) struct Lanes<'b> {
    pub(super) b: &'b mut Builder,
    float: DType,
}

impl<'b> Lanes<'b> {
    pub(super) fn new(b: &'b mut Builder, float: DType) -> Self {
        debug_assert!(float.is_float());
        Self { b, float }
    }

    /// In the format of `x`.
    pub(super) fn of(b: &'b mut Builder, x: Ref) -> Self {
        let float = b.dtype(x);
        Self::new(b, float)
    }

    pub(super) fn is_f32(&self) -> bool {
        self.float == DType::F32
    }

    /// The value for `f32` or the one for `f64`.
    pub(super) fn pick<T>(&self, single: T, double: T) -> T {
        if self.is_f32() { single } else { double }
    }

    /// Stored bits of the significand: where the exponent begins.
    pub(super) fn fraction(&self) -> i64 {
        self.pick(23, 52)
    }

    /// What is added to an exponent to store it.
    pub(super) fn bias(&self) -> i64 {
        self.pick(127, 1023)
    }

    /// 1.5 times 2 to the power [`Lanes::fraction`]. Its last place is 1: adding it to a smaller number
    /// rounds that to an integer, and the low bits of the sum are that integer.
    pub(super) fn magic(&self) -> f64 {
        1.5 * 2_f64.powi(self.fraction() as i32)
    }

    pub(super) fn number(&mut self, value: f64) -> Ref {
        match self.float {
            DType::F32 => self.b.constant(value as f32),
            _ => self.b.constant(value),
        }
    }

    pub(super) fn add(&mut self, a: Ref, b: Ref) -> Ref {
        self.b.binary(Binary::Add, a, b)
    }

    pub(super) fn sub(&mut self, a: Ref, b: Ref) -> Ref {
        self.b.binary(Binary::Subtract, a, b)
    }

    pub(super) fn mul(&mut self, a: Ref, b: Ref) -> Ref {
        self.b.binary(Binary::Multiply, a, b)
    }

    pub(super) fn div(&mut self, a: Ref, b: Ref) -> Ref {
        self.b.binary(Binary::Divide, a, b)
    }

    /// `a * b + c`, rounded once.
    pub(super) fn fma(&mut self, a: Ref, b: Ref, c: Ref) -> Ref {
        self.b.fma(a, b, c)
    }

    pub(super) fn add_number(&mut self, a: Ref, value: f64) -> Ref {
        let value = self.number(value);
        self.add(a, value)
    }

    pub(super) fn scale(&mut self, a: Ref, factor: f64) -> Ref {
        let factor = self.number(factor);
        self.mul(a, factor)
    }

    /// `a * factor + c`, rounded once.
    pub(super) fn scale_add(&mut self, a: Ref, factor: f64, c: Ref) -> Ref {
        let factor = self.number(factor);
        self.fma(a, factor, c)
    }

    /// `a * b + value`, rounded once.
    pub(super) fn fma_number(&mut self, a: Ref, b: Ref, value: f64) -> Ref {
        let value = self.number(value);
        self.fma(a, b, value)
    }

    pub(super) fn negative(&mut self, a: Ref) -> Ref {
        self.b.unary(Unary::Negative, a)
    }

    pub(super) fn abs(&mut self, a: Ref) -> Ref {
        self.b.unary(Unary::Abs, a)
    }

    pub(super) fn less(&mut self, a: Ref, b: Ref) -> Ref {
        self.b.binary(Binary::Less, a, b)
    }

    pub(super) fn below(&mut self, a: Ref, bound: f64) -> Ref {
        let bound = self.number(bound);
        self.less(a, bound)
    }

    pub(super) fn equals(&mut self, a: Ref, value: f64) -> Ref {
        let value = self.number(value);
        self.b.binary(Binary::Equal, a, value)
    }

    pub(super) fn select(&mut self, mask: Ref, yes: Ref, no: Ref) -> Ref {
        self.b.select(mask, yes, no)
    }

    /// `a`, at least `bound`; NaN stays. This order of operands is one `max` instruction on x86.
    pub(super) fn at_least(&mut self, a: Ref, bound: f64) -> Ref {
        let bound = self.number(bound);
        let mask = self.less(a, bound);
        self.select(mask, bound, a)
    }

    /// `a`, at most `bound`; NaN stays. This order of operands is one `min` instruction on x86.
    pub(super) fn at_most(&mut self, a: Ref, bound: f64) -> Ref {
        let bound = self.number(bound);
        let mask = self.less(bound, a);
        self.select(mask, bound, a)
    }

    /// The polynomial with these coefficients, the constant one first, by Horner's rule. A long one in `f64` is
    /// waited for: there, all but the constant are the even and the odd powers apart, two chains half as long.
    pub(super) fn polynomial(&mut self, x: Ref, coefficients: &[f64]) -> Ref {
        if self.is_f32() || coefficients.len() < 6 {
            return self.horner(x, coefficients.iter().copied());
        }
        let square = self.mul(x, x);
        let even = self.horner(square, coefficients[1..].iter().step_by(2).copied());
        let odd = self.horner(square, coefficients[2..].iter().step_by(2).copied());
        let rest = self.fma(odd, x, even);
        self.fma_number(rest, x, coefficients[0])
    }

    fn horner(&mut self, x: Ref, coefficients: impl DoubleEndedIterator<Item = f64>) -> Ref {
        let mut highest_first = coefficients.rev();
        let highest = highest_first.next().expect("a polynomial has a coefficient");
        let highest = self.number(highest);
        highest_first.fold(highest, |sum, c| self.fma_number(sum, x, c))
    }

    /// The bits of a float as an integer of its size.
    pub(super) fn bits(&mut self, a: Ref) -> Ref {
        let to = self.pick(DType::I32, DType::I64);
        self.b.bitcast(a, to)
    }

    /// The float with these bits.
    pub(super) fn float(&mut self, bits: Ref) -> Ref {
        self.b.bitcast(bits, self.float)
    }

    /// An integer of the size of the float.
    pub(super) fn integer(&mut self, value: i64) -> Ref {
        match self.float {
            DType::F32 => self.b.constant(value as i32),
            _ => self.b.constant(value),
        }
    }

    pub(super) fn and(&mut self, a: Ref, mask: i64) -> Ref {
        let mask = self.integer(mask);
        self.b.binary(Binary::BitwiseAnd, a, mask)
    }

    pub(super) fn or(&mut self, a: Ref, b: Ref) -> Ref {
        self.b.binary(Binary::BitwiseOr, a, b)
    }

    pub(super) fn xor(&mut self, a: Ref, b: Ref) -> Ref {
        self.b.binary(Binary::BitwiseXor, a, b)
    }

    pub(super) fn shift_left(&mut self, a: Ref, by: i64) -> Ref {
        let by = self.integer(by);
        self.b.binary(Binary::BitwiseLeftShift, a, by)
    }

    pub(super) fn shift_right(&mut self, a: Ref, by: i64) -> Ref {
        let by = self.integer(by);
        self.b.binary(Binary::BitwiseRightShift, a, by)
    }

    /// The float whose stored exponent is the low bits of `bits`, and whose significand is 1.
    pub(super) fn power(&mut self, bits: Ref) -> Ref {
        let shifted = self.shift_left(bits, self.fraction());
        self.float(shifted)
    }

    /// 1 / sqrt(a) to within 4 %, by halving the exponent; of a positive number.
    pub(super) fn rough_inverse_root(&mut self, a: Ref) -> Ref {
        // The constants of Lomont, "Fast Inverse Square Root", 2003.
        let magic = self.integer(self.pick(0x5f37_59df, 0x5fe6_eb50_c7b5_37a9));
        let bits = self.bits(a);
        let half = self.shift_right(bits, 1);
        let bits = self.sub(magic, half);
        self.float(bits)
    }

    /// `single` of `x` in `f64`, where that is of `f32`, and rounded.
    pub(super) fn in_f64(&mut self, x: Ref, single: impl FnOnce(&mut Lanes, Ref) -> Ref) -> Ref {
        let wide = self.b.cast(x, DType::F64);
        let y = single(&mut Lanes::new(self.b, DType::F64), wide);
        self.b.cast(y, DType::F32)
    }

    /// `a`, which is not negative, with the sign of `sign`.
    pub(super) fn with_sign_of(&mut self, a: Ref, sign: Ref) -> Ref {
        let (a, sign) = (self.bits(a), self.bits(sign));
        let sign = self.and(sign, self.pick(i64::from(i32::MIN), i64::MIN));
        let signed = self.b.binary(Binary::BitwiseOr, a, sign);
        self.float(signed)
    }
}
