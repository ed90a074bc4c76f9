//! The arms of the wide emitter: the instructions of every row of the table, and no wildcard, so
//! that a new row stops the crate from compiling here too.
//!
//! Each arm equals the row's meaning bit for bit, all NaNs being one value.

use super::body::{Plain, Source, V};
use super::forms::Op;
use super::masks::Test;
use super::select::{Lanes, Selector, plain};
use crate::base::{DType, Kind, Scalar};
use crate::op::{Binary, Unary, math};

impl Selector<'_> {
    /// `op a`.
    pub(super) fn unary(&mut self, op: Unary, a: Lanes) -> Lanes {
        use Kind::{Bool, Complex, Float, Int};
        let (dtype, size) = (a.dtype, a.dtype.size() as u8);
        if !dtype.is_native() {
            return self.expand(math::unary(op, dtype), &[a]);
        }
        let same = |v: V| Lanes::new(dtype, v);
        match (op, dtype.kind()) {
            (Unary::Negative, Float) => {
                let sign = self.sign_bit(size);
                same(self.rvm(Op::Xor, size, a.v, sign))
            }
            (Unary::Negative, Int) => {
                let zero = self.splat(size, 0);
                same(self.rvm(Op::ISub, size, zero, a.v))
            }
            (Unary::Abs, Float) => same(self.magnitude(size, a.v)),
            (Unary::Abs, Int) if size == 4 || self.evex() => same(self.each(Op::IAbs, size, a.v)),
            (Unary::Abs, Int) => {
                let zero = self.splat(size, 0);
                let sign = self.rvm(Op::IGtLanes, size, zero, a.v);
                let turned = self.rvm(Op::Xor, size, a.v, sign);
                same(self.rvm(Op::ISub, size, turned, sign))
            }
            (Unary::Sign, Float) => {
                let sign = self.sign_bit(size);
                let (zero, one) = (self.number(dtype, 0.0), self.number(dtype, 1.0));
                let sign = self.rvm(Op::And, size, a.v, sign);
                let unit = self.rvm(Op::Or, size, sign, one);
                let nonzero = self.compare(dtype, Test::NotEqual, a.v, zero);
                let signum = self.where_set(nonzero, dtype, unit);
                let nan = self.compare(dtype, Test::Unordered, a.v, a.v);
                self.select(nan, a, same(signum))
            }
            (Unary::Sign, Int) => {
                let zero = self.splat(size, 0);
                if size == 8 && !self.evex() {
                    let positive = self.rvm(Op::IGtLanes, size, a.v, zero);
                    let negative = self.rvm(Op::IGtLanes, size, zero, a.v);
                    return same(self.rvm(Op::ISub, size, negative, positive));
                }
                let (one, minus) = (self.splat(size, 1), self.splat(size, u64::MAX));
                let at_most = self.rvm(Op::IMin, size, a.v, one);
                same(self.rvm(Op::IMax, size, at_most, minus))
            }
            (Unary::Sqrt, Float) => same(self.each(Op::Sqrt, size, a.v)),
            (Unary::Square, Float) => same(self.rvm(Op::Mul, size, a.v, a.v)),
            (Unary::Square, Int) => same(self.product(size, a.v, a.v)),
            (Unary::Reciprocal, Float) => {
                let one = self.number(dtype, 1.0);
                same(self.rvm(Op::Div, size, one, a.v))
            }
            (
                Unary::Cbrt
                | Unary::Exp
                | Unary::Exp2
                | Unary::Expm1
                | Unary::Log
                | Unary::Log1p
                | Unary::Log2
                | Unary::Log10
                | Unary::Sin
                | Unary::Cos
                | Unary::Tan
                | Unary::Asin
                | Unary::Acos
                | Unary::Atan
                | Unary::Sinh
                | Unary::Cosh
                | Unary::Tanh
                | Unary::Asinh
                | Unary::Acosh
                | Unary::Atanh
                | Unary::Sigmoid
                | Unary::Erf
                | Unary::Erfc
                | Unary::Lgamma
                | Unary::Softplus
                | Unary::Gelu
                | Unary::GeluTanh,
                Float,
            ) => self.expand(math::unary(op, dtype), &[a]),
            // The constants of the instruction: to even, down, up, towards zero; no flag is raised.
            (Unary::Round, Float) => same(self.each_imm(Op::Round, size, a.v, 8)),
            (Unary::Floor, Float) => same(self.each_imm(Op::Round, size, a.v, 9)),
            (Unary::Ceil, Float) => same(self.each_imm(Op::Round, size, a.v, 10)),
            (Unary::Trunc, Float) => same(self.each_imm(Op::Round, size, a.v, 11)),
            (Unary::Abs | Unary::Square, Bool)
            | (Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Round, Int | Bool) => a,
            (Unary::IsNan, Float) => self.compare(dtype, Test::Unordered, a.v, a.v),
            (Unary::IsInf, Float) => {
                let (x, infinity) = (self.magnitude(size, a.v), self.number(dtype, f64::INFINITY));
                self.compare(dtype, Test::Equal, x, infinity)
            }
            (Unary::IsFinite, Float) => {
                let (x, infinity) = (self.magnitude(size, a.v), self.number(dtype, f64::INFINITY));
                self.compare(dtype, Test::Less, x, infinity)
            }
            (Unary::IsNan | Unary::IsInf, Int | Bool) => self.constant(Scalar::from(false)),
            (Unary::IsFinite, Int | Bool) => self.constant(Scalar::from(true)),
            (Unary::LogicalNot, Float | Int) => self.is_zero(a),
            (Unary::LogicalNot, Bool) | (Unary::BitwiseInvert, Int | Bool) => same(self.not(a.v)),
            (Unary::BitwiseInvert, Float)
            | (Unary::Negative | Unary::Sign, Bool)
            | (
                Unary::Sqrt
                | Unary::Reciprocal
                | Unary::Cbrt
                | Unary::Exp
                | Unary::Exp2
                | Unary::Expm1
                | Unary::Log
                | Unary::Log1p
                | Unary::Log2
                | Unary::Log10
                | Unary::Sin
                | Unary::Cos
                | Unary::Tan
                | Unary::Asin
                | Unary::Acos
                | Unary::Atan
                | Unary::Sinh
                | Unary::Cosh
                | Unary::Tanh
                | Unary::Asinh
                | Unary::Acosh
                | Unary::Atanh
                | Unary::Sigmoid
                | Unary::Erf
                | Unary::Erfc
                | Unary::Lgamma
                | Unary::Softplus
                | Unary::Gelu
                | Unary::GeluTanh,
                Int | Bool,
            ) => unreachable!("{op} of {dtype}"),
            (_, Complex) => unreachable!("programs know complex numbers as pairs of floats"),
        }
    }

    /// `a op b`, both of one dtype.
    pub(super) fn binary(&mut self, op: Binary, a: Lanes, b: Lanes) -> Lanes {
        use Kind::{Bool, Complex, Float, Int};
        let (dtype, size) = (a.dtype, a.dtype.size() as u8);
        let same = |v: V| Lanes::new(dtype, v);
        let truth = |v: V| Lanes::new(DType::Bool, v);
        if !dtype.is_native() {
            return self.expand(math::binary(op, dtype), &[a, b]);
        }
        match (op, dtype.kind()) {
            (Binary::Add, Float) => same(self.rvm(Op::Add, size, a.v, b.v)),
            (Binary::Add, Int) => same(self.rvm(Op::IAdd, size, a.v, b.v)),
            (Binary::Subtract, Float) => same(self.rvm(Op::Sub, size, a.v, b.v)),
            (Binary::Subtract, Int) => same(self.rvm(Op::ISub, size, a.v, b.v)),
            (Binary::Multiply, Float) => same(self.rvm(Op::Mul, size, a.v, b.v)),
            (Binary::Multiply, Int) => same(self.product(size, a.v, b.v)),
            (Binary::Divide, Float) => {
                self.quotient(a, b).unwrap_or_else(|| same(self.rvm(Op::Div, size, a.v, b.v)))
            }
            (Binary::FloorDivide | Binary::Remainder | Binary::Pow, Float | Int)
            | (
                Binary::Atan2
                | Binary::Hypot
                | Binary::Logaddexp
                | Binary::Logaddexp2
                | Binary::Copysign
                | Binary::Nextafter,
                Float,
            )
            | (Binary::Gcd | Binary::Lcm, Int) => self.expand(math::binary(op, dtype), &[a, b]),
            (Binary::Maximum, Float) => self.float_extreme(false, a, b),
            (Binary::Minimum, Float) => self.float_extreme(true, a, b),
            (Binary::Maximum, Int) => self.int_extreme(Op::IMax, a, b),
            (Binary::Minimum, Int) => self.int_extreme(Op::IMin, a, b),
            (Binary::LogicalAnd, Float | Int) => {
                let (a, b) = (self.is_nonzero(a), self.is_nonzero(b));
                truth(self.logic(Op::And, a.v, b.v))
            }
            (Binary::LogicalOr, Float | Int) => {
                let (a, b) = (self.is_nonzero(a), self.is_nonzero(b));
                truth(self.logic(Op::Or, a.v, b.v))
            }
            (Binary::LogicalXor, Float | Int) => {
                let (a, b) = (self.is_zero(a), self.is_zero(b));
                truth(self.logic(Op::Xor, a.v, b.v))
            }
            (Binary::Multiply | Binary::Minimum | Binary::LogicalAnd | Binary::BitwiseAnd, Bool) => {
                truth(self.logic(Op::And, a.v, b.v))
            }
            (Binary::BitwiseAnd, Int) => same(self.rvm(Op::And, size, a.v, b.v)),
            (Binary::Add | Binary::Maximum | Binary::LogicalOr | Binary::BitwiseOr, Bool) => {
                truth(self.logic(Op::Or, a.v, b.v))
            }
            (Binary::BitwiseOr, Int) => same(self.rvm(Op::Or, size, a.v, b.v)),
            (Binary::LogicalXor | Binary::NotEqual | Binary::BitwiseXor, Bool) => {
                truth(self.logic(Op::Xor, a.v, b.v))
            }
            (Binary::BitwiseXor, Int) => same(self.rvm(Op::Xor, size, a.v, b.v)),
            (Binary::BitwiseLeftShift | Binary::BitwiseRightShift, Int) => self.shift(op, a, b),
            (Binary::Equal, Float | Int) => self.compare(dtype, Test::Equal, a.v, b.v),
            (Binary::NotEqual, Float | Int) => self.compare(dtype, Test::NotEqual, a.v, b.v),
            (Binary::Less, Float | Int) => self.compare(dtype, Test::Less, a.v, b.v),
            (Binary::LessEqual, Float | Int) => self.compare(dtype, Test::LessEqual, a.v, b.v),
            (Binary::Greater, Float | Int) => self.compare(dtype, Test::Greater, a.v, b.v),
            (Binary::GreaterEqual, Float | Int) => self.compare(dtype, Test::GreaterEqual, a.v, b.v),
            (Binary::Equal, Bool) => {
                let differ = self.logic(Op::Xor, a.v, b.v);
                truth(self.not(differ))
            }
            (Binary::Less, Bool) => truth(self.logic(Op::AndNot, a.v, b.v)),
            (Binary::Greater, Bool) => truth(self.logic(Op::AndNot, b.v, a.v)),
            (Binary::LessEqual, Bool) => {
                let greater = self.logic(Op::AndNot, b.v, a.v);
                truth(self.not(greater))
            }
            (Binary::GreaterEqual, Bool) => {
                let less = self.logic(Op::AndNot, a.v, b.v);
                truth(self.not(less))
            }
            (
                Binary::BitwiseAnd
                | Binary::BitwiseOr
                | Binary::BitwiseXor
                | Binary::BitwiseLeftShift
                | Binary::BitwiseRightShift
                | Binary::Gcd
                | Binary::Lcm,
                Float,
            )
            | (
                Binary::Atan2
                | Binary::Hypot
                | Binary::Logaddexp
                | Binary::Logaddexp2
                | Binary::Copysign
                | Binary::Nextafter
                | Binary::Divide,
                Int | Bool,
            )
            | (
                Binary::Gcd
                | Binary::Lcm
                | Binary::Subtract
                | Binary::FloorDivide
                | Binary::Remainder
                | Binary::Pow
                | Binary::BitwiseLeftShift
                | Binary::BitwiseRightShift,
                Bool,
            ) => unreachable!("{op} of {dtype}"),
            (_, Complex) => unreachable!("programs know complex numbers as pairs of floats"),
        }
    }

    /// The sign bit alone.
    pub(super) fn sign_bit(&mut self, size: u8) -> V {
        self.splat(size, 1 << (8 * u64::from(size) - 1))
    }

    /// The absolute value of floats.
    pub(super) fn magnitude(&mut self, size: u8, a: V) -> V {
        let mask = self.splat(size, (1 << (8 * u64::from(size) - 1)) - 1);
        self.rvm(Op::And, size, a, mask)
    }

    /// The wrapping product of integers. AVX2 multiplies no double words: of their words' products the
    /// lowest and the two in the middle are left after wrapping.
    fn product(&mut self, size: u8, a: V, b: V) -> V {
        if size == 4 || self.evex() {
            return self.rvm(Op::IMul, size, a, b);
        }
        let (a_high, b_high) =
            (self.each_imm(Op::ShiftRight, 8, a, 32), self.each_imm(Op::ShiftRight, 8, b, 32));
        let first = self.rvm(Op::IMulWords, 8, a_high, b);
        let second = self.rvm(Op::IMulWords, 8, a, b_high);
        let middle = self.rvm(Op::IAdd, 8, first, second);
        let middle = self.each_imm(Op::ShiftLeft, 8, middle, 32);
        let low = self.rvm(Op::IMulWords, 8, a, b);
        self.rvm(Op::IAdd, 8, low, middle)
    }

    fn int_extreme(&mut self, op: Op, a: Lanes, b: Lanes) -> Lanes {
        let size = a.dtype.size() as u8;
        if size == 4 || self.evex() {
            return Lanes::new(a.dtype, self.rvm(op, size, a.v, b.v));
        }
        let greater = self.compare(a.dtype, Test::Greater, a.v, b.v);
        if op == Op::IMax { self.select(greater, a, b) } else { self.select(greater, b, a) }
    }

    /// `maximum` or `minimum` of floats. One instruction gives its second operand if either is NaN or
    /// both are zero. Against a constant that is no NaN this keeps a NaN of the other side, and only
    /// against the zero that would win the sign has to be set right.
    fn float_extreme(&mut self, smaller: bool, a: Lanes, b: Lanes) -> Lanes {
        let (dtype, size) = (a.dtype, a.dtype.size() as u8);
        let op = if smaller { Op::Min } else { Op::Max };
        let number = |x: Lanes| x.constant.filter(|constant| !constant.is_nan());
        let against = number(b).map(|c| (c, b, a)).or_else(|| number(a).map(|c| (c, a, b)));
        if let Some((constant, c, x)) = against {
            let result = self.rvm(op, size, c.v, x.v);
            let winning_zero = Scalar::new(dtype, if smaller { -0.0 } else { 0.0 });
            if !constant.same(winning_zero) {
                return Lanes::new(dtype, result);
            }
            if !smaller {
                return Lanes::new(dtype, self.magnitude(size, result));
            }
            let sign = self.sign_bit(size);
            return Lanes::new(dtype, self.rvm(Op::Or, size, result, sign));
        }
        if self.evex() {
            // Zeros in order, but a number instead of NaN: so where either is NaN, their sum.
            let result = self.rvm_imm(Op::Range, size, a.v, b.v, if smaller { 4 } else { 5 });
            let nan = self.compare(dtype, Test::Unordered, a.v, b.v);
            let (dst, width) = (self.fresh_vector(size), self.width(size));
            self.push(Plain {
                dst: Some(dst),
                tied: Some(result),
                a: Some(a.v),
                b: Source::Value(b.v),
                mask: Some(nan.v),
                ..plain(Op::Add, size, width)
            });
            return Lanes::new(dtype, dst);
        }
        // In either order, together: both bits of the sign must be set for -0 to be larger, and all
        // bits are a NaN.
        let (one, other) = (self.rvm(op, size, a.v, b.v), self.rvm(op, size, b.v, a.v));
        let both = self.rvm(if smaller { Op::Or } else { Op::And }, size, one, other);
        let nan = self.compare(dtype, Test::Unordered, a.v, b.v);
        Lanes::new(dtype, self.rvm(Op::Or, size, both, nan.v))
    }

    /// Shifts by counts that may be past the width: then all bits are zero, or the sign; so shift the
    /// instructions too.
    fn shift(&mut self, op: Binary, a: Lanes, counts: Lanes) -> Lanes {
        let (dtype, size, left) = (a.dtype, a.dtype.size() as u8, op == Binary::BitwiseLeftShift);
        let width = 8 * i64::from(size);
        let lacking = !left && size == 8 && !self.evex();
        if let Some(count) = counts.constant.map(Scalar::to_i64).filter(|_| !lacking) {
            let inside = (0..width).contains(&count);
            if left && !inside {
                return self.constant(Scalar::new(dtype, 0.0));
            }
            let (op, count) = (
                if left { Op::ShiftLeft } else { Op::ShiftArithmetic },
                if inside { count } else { width - 1 } as u8,
            );
            return Lanes::new(dtype, self.each_imm(op, size, a.v, count));
        }
        if lacking {
            // What is negative is shifted upside down.
            let zero = self.splat(8, 0);
            let sign = self.rvm(Op::IGtLanes, 8, zero, a.v);
            let turned = self.rvm(Op::Xor, 8, a.v, sign);
            let shifted = self.rvm(Op::ShiftRightBy, 8, turned, counts.v);
            return Lanes::new(dtype, self.rvm(Op::Xor, 8, shifted, sign));
        }
        let op = if left { Op::ShiftLeftBy } else { Op::ShiftArithmeticBy };
        Lanes::new(dtype, self.rvm(op, size, a.v, counts.v))
    }
}
