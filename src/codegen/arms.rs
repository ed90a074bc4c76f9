//! THE ARMS: the machine code of every row of the table, one arm each, and no wildcard, so that a
//! new row stops the crate from compiling exactly here.
//!
//! Each arm equals the row's meaning bit for bit, all NaNs being one value. Masks and other
//! constants are written as vector constants, which leave the loop; `fneg`, `fabs` and `bnot`
//! would build theirs again in every iteration.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Type, Value};

use super::lanes::{Emitter, Lanes, vector};
use crate::base::{DType, Kind, Scalar};
use crate::op::{Binary, Unary, math};

impl Emitter<'_> {
    /// `op a`.
    pub(super) fn unary(&mut self, op: Unary, a: Lanes) -> Lanes {
        use Kind::{Bool, Complex, Float, Int};
        let (dtype, out) = (a.dtype, op.result(a.dtype));
        if !dtype.is_native() {
            return self.expand(math::unary(op, dtype), &[a]);
        }
        match (op, dtype.kind()) {
            (Unary::Negative, Float) => self.each(out, a, |e, x| e.negate(x)),
            (Unary::Negative, Int) => self.each(out, a, |e, x| {
                let zero = e.number(x, 0.0);
                e.ins().isub(zero, x)
            }),
            (Unary::Abs, Float) => self.each(out, a, |e, x| e.magnitude(x)),
            (Unary::Abs, Int) => self.each(out, a, |e, x| e.ins().iabs(x)),
            (Unary::Sign, Float) => self.each(out, a, |e, x| {
                let (zero, one) = (e.number(x, 0.0), e.number(x, 1.0));
                let sign = e.sign_mask(x);
                let sign = e.ins().band(x, sign);
                let unit = e.ins().bor(one, sign);
                let nonzero = e.compare(FloatCC::NotEqual, x, zero);
                let nonzero = e.as_type_of(x, nonzero);
                let signum = e.ins().band(unit, nonzero);
                let nan = e.compare(FloatCC::Unordered, x, x);
                e.blend(nan, x, signum)
            }),
            (Unary::Sign, Int) => self.each(out, a, |e, x| {
                let zero = e.number(x, 0.0);
                let positive = e.ins().icmp(IntCC::SignedGreaterThan, x, zero);
                let negative = e.ins().icmp(IntCC::SignedGreaterThan, zero, x);
                e.ins().isub(negative, positive)
            }),
            (Unary::Sqrt, Float) => self.each(out, a, |e, x| e.ins().sqrt(x)),
            (Unary::Square, Float) => self.each(out, a, |e, x| e.ins().fmul(x, x)),
            (Unary::Square, Int) => self.each(out, a, |e, x| e.ins().imul(x, x)),
            (Unary::Reciprocal, Float) => self.each(out, a, |e, x| {
                let one = e.number(x, 1.0);
                e.ins().fdiv(one, x)
            }),
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
            (Unary::Floor, Float) => self.each(out, a, |e, x| e.ins().floor(x)),
            (Unary::Ceil, Float) => self.each(out, a, |e, x| e.ins().ceil(x)),
            (Unary::Trunc, Float) => self.each(out, a, |e, x| e.ins().trunc(x)),
            (Unary::Round, Float) => self.each(out, a, |e, x| e.ins().nearest(x)),
            (Unary::Abs | Unary::Square, Bool)
            | (Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Round, Int | Bool) => a,
            (Unary::IsNan, Float) => self.each(out, a, |e, x| e.compare(FloatCC::Unordered, x, x)),
            (Unary::IsInf, Float) => self.each(out, a, |e, x| {
                let (x, infinity) = (e.magnitude(x), e.number(x, f64::INFINITY));
                e.compare(FloatCC::Equal, x, infinity)
            }),
            (Unary::IsFinite, Float) => self.each(out, a, |e, x| {
                let (x, infinity) = (e.magnitude(x), e.number(x, f64::INFINITY));
                e.compare(FloatCC::LessThan, x, infinity)
            }),
            (Unary::IsNan | Unary::IsInf, Int | Bool) => self.constant(Scalar::from(false)),
            (Unary::IsFinite, Int | Bool) => self.constant(Scalar::from(true)),
            (Unary::LogicalNot, Float | Int) => self.each(out, a, |e, x| e.is_zero(x)),
            (Unary::LogicalNot, Bool) | (Unary::BitwiseInvert, Int | Bool) => {
                self.each(out, a, |e, x| e.not(x))
            }
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
        let (dtype, out) = (a.dtype, op.result(a.dtype));
        if !dtype.is_native() {
            return self.expand(math::binary(op, dtype), &[a, b]);
        }
        match (op, dtype.kind()) {
            (Binary::Add, Float) => self.zip(out, a, b, |e, x, y| e.ins().fadd(x, y)),
            (Binary::Add, Int) => self.zip(out, a, b, |e, x, y| e.ins().iadd(x, y)),
            (Binary::Subtract, Float) => self.zip(out, a, b, |e, x, y| e.ins().fsub(x, y)),
            (Binary::Subtract, Int) => self.zip(out, a, b, |e, x, y| e.ins().isub(x, y)),
            (Binary::Multiply, Float) => self.zip(out, a, b, |e, x, y| e.ins().fmul(x, y)),
            (Binary::Multiply, Int) => self.zip(out, a, b, |e, x, y| e.ins().imul(x, y)),
            (Binary::Divide, Float) => self.zip(out, a, b, |e, x, y| e.ins().fdiv(x, y)),
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
            (Binary::Maximum, Float) => self.float_maximum(a, b),
            (Binary::Maximum, Int) => self.zip(out, a, b, |e, x, y| e.ins().smax(x, y)),
            (Binary::Minimum, Float) => self.float_minimum(a, b),
            (Binary::Minimum, Int) => self.zip(out, a, b, |e, x, y| e.ins().smin(x, y)),
            (Binary::LogicalAnd, Float | Int) => self.zip(out, a, b, |e, x, y| {
                let (x, y) = (e.is_zero(x), e.is_zero(y));
                let either = e.ins().bor(x, y);
                e.not(either)
            }),
            (Binary::LogicalOr, Float | Int) => self.zip(out, a, b, |e, x, y| {
                let (x, y) = (e.is_zero(x), e.is_zero(y));
                let both = e.ins().band(x, y);
                e.not(both)
            }),
            (Binary::LogicalXor, Float | Int) => self.zip(out, a, b, |e, x, y| {
                let (x, y) = (e.is_zero(x), e.is_zero(y));
                e.ins().bxor(x, y)
            }),
            (Binary::Multiply | Binary::Minimum | Binary::LogicalAnd, Bool)
            | (Binary::BitwiseAnd, Int | Bool) => self.zip(out, a, b, |e, x, y| e.ins().band(x, y)),
            (Binary::Add | Binary::Maximum | Binary::LogicalOr, Bool) | (Binary::BitwiseOr, Int | Bool) => {
                self.zip(out, a, b, |e, x, y| e.ins().bor(x, y))
            }
            (Binary::LogicalXor | Binary::NotEqual, Bool) | (Binary::BitwiseXor, Int | Bool) => {
                self.zip(out, a, b, |e, x, y| e.ins().bxor(x, y))
            }
            (Binary::BitwiseLeftShift | Binary::BitwiseRightShift, Int) => self.shift(op, a, b),
            (Binary::Equal, Float) => self.zip(out, a, b, |e, x, y| e.compare(FloatCC::Equal, x, y)),
            (Binary::Equal, Int) => self.zip(out, a, b, |e, x, y| e.ins().icmp(IntCC::Equal, x, y)),
            (Binary::Equal, Bool) => self.zip(out, a, b, |e, x, y| {
                let differ = e.ins().bxor(x, y);
                e.not(differ)
            }),
            (Binary::NotEqual, Float) => self.zip(out, a, b, |e, x, y| e.compare(FloatCC::NotEqual, x, y)),
            // The processor has no such comparison of integers, and Cranelift's inverts in the loop.
            (Binary::NotEqual, Int) => self.zip(out, a, b, |e, x, y| {
                let equal = e.ins().icmp(IntCC::Equal, x, y);
                e.not(equal)
            }),
            (Binary::Less, Float) => self.zip(out, a, b, |e, x, y| e.compare(FloatCC::LessThan, x, y)),
            (Binary::Less, Int) => self.zip(out, a, b, |e, x, y| e.ins().icmp(IntCC::SignedLessThan, x, y)),
            (Binary::Less, Bool) => self.zip(out, a, b, |e, x, y| {
                let x = e.not(x);
                e.ins().band(x, y)
            }),
            (Binary::LessEqual, Float) => {
                self.zip(out, a, b, |e, x, y| e.compare(FloatCC::LessThanOrEqual, x, y))
            }
            (Binary::LessEqual, Int) => self.zip(out, a, b, |e, x, y| {
                let greater = e.ins().icmp(IntCC::SignedGreaterThan, x, y);
                e.not(greater)
            }),
            (Binary::LessEqual, Bool) => self.zip(out, a, b, |e, x, y| {
                let x = e.not(x);
                e.ins().bor(x, y)
            }),
            (Binary::Greater, Float) => self.zip(out, a, b, |e, x, y| e.compare(FloatCC::GreaterThan, x, y)),
            (Binary::Greater, Int) => {
                self.zip(out, a, b, |e, x, y| e.ins().icmp(IntCC::SignedGreaterThan, x, y))
            }
            (Binary::Greater, Bool) => self.zip(out, a, b, |e, x, y| {
                let y = e.not(y);
                e.ins().band(x, y)
            }),
            (Binary::GreaterEqual, Float) => {
                self.zip(out, a, b, |e, x, y| e.compare(FloatCC::GreaterThanOrEqual, x, y))
            }
            (Binary::GreaterEqual, Int) => self.zip(out, a, b, |e, x, y| {
                let less = e.ins().icmp(IntCC::SignedLessThan, x, y);
                e.not(less)
            }),
            (Binary::GreaterEqual, Bool) => self.zip(out, a, b, |e, x, y| {
                let y = e.not(y);
                e.ins().bor(x, y)
            }),
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

    /// Lanes that are zero, of floats or integers.
    pub(super) fn is_zero(&mut self, x: Value) -> Value {
        let zero = self.number(x, 0.0);
        if self.type_of(x).lane_type().is_float() {
            self.compare(FloatCC::Equal, x, zero)
        } else {
            self.ins().icmp(IntCC::Equal, x, zero)
        }
    }

    /// A comparison of floats. `one`, `ueq` and, on some targets, the unordered orders do not exist
    /// on vectors: no arm asks for them.
    pub(super) fn compare(&mut self, condition: FloatCC, x: Value, y: Value) -> Value {
        self.ins().fcmp(condition, x, y)
    }

    pub(super) fn not(&mut self, x: Value) -> Value {
        let ones = self.ones(x);
        self.ins().bxor(x, ones)
    }

    /// The sign bit alone, in the type of `x`.
    pub(super) fn sign_mask(&mut self, x: Value) -> Value {
        let ty = self.type_of(x);
        self.splat_bits(ty, sign_bit(ty))
    }

    fn negate(&mut self, x: Value) -> Value {
        let sign = self.sign_mask(x);
        self.ins().bxor(x, sign)
    }

    /// The absolute value of floats.
    pub(super) fn magnitude(&mut self, x: Value) -> Value {
        let ty = self.type_of(x);
        let mask = self.splat_bits(ty, !sign_bit(ty));
        self.ins().band(x, mask)
    }

    fn as_type_of(&mut self, like: Value, x: Value) -> Value {
        let ty = self.type_of(like);
        self.as_type(ty, x)
    }

    /// Shifts by counts that may be past the width: then all bits are zero, or the sign.
    fn shift(&mut self, op: Binary, a: Lanes, counts: Lanes) -> Lanes {
        let (dtype, left) = (a.dtype, op == Binary::BitwiseLeftShift);
        let width = 8 * dtype.size() as i64;
        let shift = |e: &mut Self, x: Value, count: Value| match left {
            true => e.ins().ishl(x, count),
            false => e.ins().sshr(x, count),
        };
        if let Some(count) = counts.constant.map(Scalar::to_i64) {
            if left && !(0..width).contains(&count) {
                return self.constant(Scalar::new(dtype, 0.0));
            }
            let count = if (0..width).contains(&count) { count } else { width - 1 };
            return self.each(dtype, a, |e, x| {
                let count = e.int(count);
                shift(e, x, count)
            });
        }
        if let Some(count) = counts.uniform {
            let inside = self.ins().icmp_imm_u(IntCC::UnsignedLessThan, count, width);
            if !left {
                let last = self.ins().iconst(scalar(dtype), width - 1);
                let count = self.ins().select(inside, count, last);
                return self.each(dtype, a, |e, x| e.ins().sshr(x, count));
            }
            let inside = self.ins().bmask(scalar(dtype), inside);
            let inside = self.ins().splat(vector(dtype), inside);
            return self.each(dtype, a, |e, x| {
                let shifted = e.ins().ishl(x, count);
                e.ins().band(shifted, inside)
            });
        }
        // No target shifts every lane by a count of its own.
        let (xs, counts) = (self.split(a), self.split(counts));
        let lanes = std::array::from_fn(|lane| {
            let (x, count) = (xs[lane], counts[lane]);
            let inside = self.ins().icmp_imm_u(IntCC::UnsignedLessThan, count, width);
            let shifted = shift(self, x, count);
            let beyond = match left {
                true => self.ins().iconst(scalar(dtype), 0),
                false => {
                    let last = self.int(width - 1);
                    self.ins().sshr(x, last)
                }
            };
            self.ins().select(inside, shifted, beyond)
        });
        self.join(dtype, lanes)
    }
}

fn sign_bit(ty: Type) -> u64 {
    1 << (ty.lane_bits() - 1)
}

/// The type of one element of `dtype` in a register of its own.
pub(super) fn scalar(dtype: DType) -> Type {
    vector(dtype).lane_type()
}
