//! Conversions between dtypes, as `Scalar::cast` defines them.

use super::body::{Class, Convert, Inst, Plain, Source, V};
use super::forms::Op;
use super::masks::Test;
use super::select::{Lanes, Selector, held, plain};
use crate::base::DType;
use crate::op::math;

impl Selector<'_> {
    /// `a` as `to`.
    pub(super) fn cast(&mut self, a: Lanes, to: DType) -> Lanes {
        use DType::{Bool, F32, F64, I32, I64};
        if let Some(constant) = a.constant {
            return self.constant(constant.cast(to));
        }
        if let Some(definition) = math::cast(a.dtype, to) {
            return self.expand(definition, &[a]);
        }
        if !a.dtype.is_native() || !to.is_native() {
            return self.carried(a, to);
        }
        let lanes = |v: V| Lanes::new(to, v);
        match (a.dtype, to) {
            (Bool, Bool) | (I32, I32) | (I64, I64) | (F32, F32) | (F64, F64) => a,
            (I32 | I64 | F32 | F64, Bool) => self.is_nonzero(a),
            (Bool, I32 | I64 | F32 | F64) => {
                let one = self.number(to, 1.0);
                lanes(self.where_set(a, to, one))
            }
            (I32, F32) => lanes(self.each(Op::I32ToF32, 4, a.v)),
            (I32, I64) => lanes(self.resized(Op::I32ToI64, 8, a.v)),
            (I32, F64) => lanes(self.resized(Op::I32ToF64, 8, a.v)),
            (F32, F64) => lanes(self.resized(Op::F32ToF64, 8, a.v)),
            (F64, F32) => lanes(self.resized(Op::F64ToF32, 4, a.v)),
            (I64, I32) if self.evex() => {
                let (dst, width) = (self.fresh_vector(4), self.width(8));
                self.push(Plain { dst: Some(dst), a: Some(a.v), ..plain(Op::I64ToI32, 8, width) });
                lanes(dst)
            }
            (I64, I32) => lanes(self.even_words(a.v)),
            (F32, I32) => {
                let raw = self.each(Op::F32ToI32, 4, a.v);
                lanes(self.saturated(a, to, raw, 2_147_483_648.0))
            }
            // The largest integer is a float here: what is past it comes down to it first.
            (F64, I32) => {
                let number = self.compare(F64, Test::Ordered, a.v, a.v);
                let x = self.where_set(number, F64, a.v);
                let largest = self.number(F64, f64::from(i32::MAX));
                let x = self.rvm(Op::Min, 8, largest, x);
                lanes(self.resized(Op::F64ToI32, 4, x))
            }
            (F64, I64) => {
                let raw = match self.evex() {
                    true => self.each(Op::F64ToI64, 8, a.v),
                    false => self.by_lane(to, a.v, Convert::F64ToI64),
                };
                lanes(self.saturated(a, to, raw, 9_223_372_036_854_775_808.0))
            }
            (F32, I64) if self.evex() => {
                let raw = self.resized(Op::F32ToI64, 8, a.v);
                lanes(self.saturated(a, to, raw, 9_223_372_036_854_775_808.0))
            }
            (F32, I64) => {
                let double = self.cast(a, F64);
                self.cast(double, I64)
            }
            (I64, F64) if self.evex() => lanes(self.each(Op::I64ToF64, 8, a.v)),
            (I64, F64) => lanes(self.i64_to_f64(a.v)),
            (I64, F32) if self.evex() => lanes(self.resized(Op::I64ToF32, 4, a.v)),
            // By way of f64 it would be rounded twice.
            (I64, F32) => lanes(self.by_lane(to, a.v, Convert::I64ToF32)),
            (from, to) => unreachable!("a cast of {from} to {to}, which is defined"),
        }
    }

    /// `a` as the dtype that carries its own, which is what it is; or as one that its own carries: what fits
    /// of its low bits, or the nearest of the floats.
    fn carried(&mut self, a: Lanes, to: DType) -> Lanes {
        let v = match to {
            DType::I8 | DType::I16 => {
                let distance = 32 - 8 * to.size() as u8;
                let high = self.each_imm(Op::ShiftLeft, 4, a.v, distance);
                self.each_imm(Op::ShiftArithmetic, 4, high, distance)
            }
            DType::U8 | DType::U16 | DType::U32 => {
                let size = held(to);
                let mask = self.splat(size, (1 << (8 * to.size())) - 1);
                self.rvm(Op::And, size, a.v, mask)
            }
            DType::F16 => {
                let width = self.width(4);
                let half = self.body.value(Class::Vector, 4, (width / 2).max(16));
                self.push(Plain { dst: Some(half), a: Some(a.v), ..plain(Op::F32ToF16, 4, width) });
                self.each(Op::F16ToF32, 4, half)
            }
            DType::BF16 => self.expand(math::nearest(to), &[a]).v,
            _ => a.v,
        };
        Lanes::new(to, v)
    }

    /// A conversion between lanes of 4 and 8 bytes; `size` is the result's.
    fn resized(&mut self, op: Op, size: u8, a: V) -> V {
        let (dst, width) = (self.fresh_vector(size), self.width(8));
        self.push(Plain { dst: Some(dst), b: Source::Value(a), ..plain(op, 4, width) });
        dst
    }

    /// What a conversion gave, which is the least integer wherever there is no answer: the greatest if
    /// `a` is from `bound` on, and 0 if it is NaN.
    fn saturated(&mut self, a: Lanes, to: DType, raw: V, bound: f64) -> V {
        let size = to.size() as u8;
        let bound = self.number(a.dtype, bound);
        let beyond = self.compare(a.dtype, Test::GreaterEqual, a.v, bound);
        let greatest = self.splat(size, (1 << (8 * u64::from(size) - 1)) - 1);
        let clamped = self.select(beyond, Lanes::new(to, greatest), Lanes::new(to, raw));
        let number = self.compare(a.dtype, Test::Ordered, a.v, a.v);
        self.where_set(number, to, clamped.v)
    }

    fn by_lane(&mut self, to: DType, a: V, what: Convert) -> V {
        let dst = self.fresh(to);
        self.body.insts.push(Inst::Convert { dst, a, what });
        dst
    }

    /// The halves become the floats `2^84 + 2^63 + high * 2^32` and `2^52 + low` by their exponents'
    /// bits; what was added is taken off exactly, and the one rounding is in the last sum.
    fn i64_to_f64(&mut self, a: V) -> V {
        let mask = self.splat(8, 0xffff_ffff);
        let (low_exponent, high_exponent) =
            (self.splat(8, 0x4330 << 48), self.splat(8, 0x4530_0000_8000_0000));
        let low = self.rvm(Op::And, 8, a, mask);
        let low = self.rvm(Op::Or, 8, low, low_exponent);
        let high = self.each_imm(Op::ShiftRight, 8, a, 32);
        let high = self.rvm(Op::Xor, 8, high, high_exponent);
        let offset = self.splat(8, 0x4530_0000_8010_0000);
        let high = self.rvm(Op::Sub, 8, high, offset);
        self.rvm(Op::Add, 8, high, low)
    }

    /// A vector with its lanes turned around, or some other order, by a table of lanes.
    pub(super) fn permuted(&mut self, size: u8, a: V, order: &[u8]) -> V {
        let width = self.width(size);
        let table: Vec<u8> = match size {
            4 => order.iter().flat_map(|lane| u32::from(*lane).to_le_bytes()).collect(),
            _ => order.iter().flat_map(|lane| u64::from(*lane).to_le_bytes()).collect(),
        };
        let (dst, table) = (
            self.body.value(Class::Vector, size, width),
            self.fix(super::body::Fixed::Table(table), size, width),
        );
        self.push(Plain {
            dst: Some(dst),
            a: Some(table),
            b: Source::Value(a),
            ..plain(Op::Permute, size, width)
        });
        dst
    }
}
