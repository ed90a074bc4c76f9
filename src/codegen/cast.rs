//! Conversions between dtypes, as `Scalar::cast` defines them.

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::isa::Arch;
use super::lanes::{Emitter, Lanes, Parts, vector};
use crate::base::DType;
use crate::op::math;

impl Emitter<'_> {
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
        match (a.dtype, to) {
            (Bool, Bool) | (I32, I32) | (I64, I64) | (F32, F32) | (F64, F64) => a,
            (I32 | I64 | F32 | F64, Bool) => self.each(to, a, |e, x| {
                let zero = e.is_zero(x);
                e.not(zero)
            }),
            (Bool, I32 | F32) => {
                let mask = self.narrow(a);
                Lanes::new(to, Parts::Narrow(self.ones_of(to, mask)))
            }
            (Bool, I64 | F64) => {
                let masks = self.wide(a);
                Lanes::new(to, Parts::Wide(masks.map(|mask| self.ones_of(to, mask))))
            }
            (I32, F32) => self.each(to, a, |e, x| e.ins().fcvt_from_sint(types::F32X4, x)),
            (F32, I32) => self.each(to, a, |e, x| e.ins().fcvt_to_sint_sat(types::I32X4, x)),
            (I32, I64) => self.widen(a, to, |e, x| e.ins().swiden_low(x)),
            (I32, F64) => self.widen(a, to, |e, x| {
                let wide = e.ins().swiden_low(x);
                e.ins().fcvt_from_sint(types::F64X2, wide)
            }),
            (F32, F64) => self.widen(a, to, |e, x| e.ins().fvpromote_low(x)),
            (I64, I32) => Lanes::new(to, Parts::Narrow(self.narrow(a))),
            (F64, F32) => self.halves(a, to, |e, x| e.ins().fvdemote(x)),
            (F64, I32) => match self.arch {
                // This pair of instructions is one sequence that saturates.
                Arch::X86_64 => self.halves(a, to, |e, x| {
                    let (wide, zero) =
                        (e.ins().fcvt_to_sint_sat(types::I64X2, x), e.splat_bits(types::I64X2, 0));
                    e.ins().snarrow(wide, zero)
                }),
                Arch::Aarch64 => {
                    let wide = self.each(DType::I64, a, |e, x| e.ins().fcvt_to_sint_sat(types::I64X2, x));
                    let Parts::Wide([low, high]) = wide.parts else { unreachable!("f64 fills two vectors") };
                    Lanes::new(to, Parts::Narrow(self.ins().snarrow(low, high)))
                }
            },
            (I64, F64) => match self.arch {
                Arch::X86_64 => self.each(to, a, |e, x| e.i64_to_f64(x)),
                Arch::Aarch64 => self.each(to, a, |e, x| e.ins().fcvt_from_sint(types::F64X2, x)),
            },
            // By way of f64 it would be rounded twice.
            (I64, F32) => self.by_lane(a, to, |e, x| e.ins().fcvt_from_sint(types::F32, x)),
            (F32 | F64, I64) => match self.arch {
                Arch::X86_64 => self.by_lane(a, to, |e, x| e.ins().fcvt_to_sint_sat(types::I64, x)),
                Arch::Aarch64 => {
                    let double = self.cast(a, F64);
                    self.each(to, double, |e, x| e.ins().fcvt_to_sint_sat(types::I64X2, x))
                }
            },
            (from, to) => unreachable!("a cast of {from} to {to}, which is defined"),
        }
    }

    /// `a` as the dtype that carries its own, which is what it is; or as one that its own carries: what fits
    /// of its low bits, or the nearest of the floats.
    fn carried(&mut self, a: Lanes, to: DType) -> Lanes {
        let lanes = match to {
            DType::I8 | DType::I16 => {
                let distance = self.int(32 - 8 * to.size() as i64);
                self.each(to, a, |e, x| {
                    let high = e.ins().ishl(x, distance);
                    e.ins().sshr(high, distance)
                })
            }
            DType::U8 | DType::U16 | DType::U32 => self.each(to, a, |e, x| {
                let ty = e.type_of(x);
                let mask = e.splat_bits(ty, (1 << (8 * to.size())) - 1);
                e.ins().band(x, mask)
            }),
            DType::F16 | DType::BF16 => self.expand(math::nearest(to), &[a]),
            _ => a,
        };
        Lanes { dtype: to, constant: None, ..lanes }
    }

    /// 1 of `dtype` where a mask of lanes as wide is set, else 0.
    fn ones_of(&mut self, dtype: DType, mask: Value) -> Value {
        let mask = self.as_type(vector(dtype), mask);
        let one = self.number(mask, 1.0);
        self.ins().band(mask, one)
    }

    /// `f` widens the lower half of a vector.
    fn widen(&mut self, a: Lanes, to: DType, f: impl Fn(&mut Self, Value) -> Value) -> Lanes {
        let low = self.narrow(a);
        let high = self.upper_half(low);
        Lanes::new(to, Parts::Wide([low, high].map(|half| f(self, half))))
    }

    /// `f` narrows a vector into the lower half of another.
    fn halves(&mut self, a: Lanes, to: DType, f: impl Fn(&mut Self, Value) -> Value) -> Lanes {
        let Parts::Wide(parts) = a.parts else { unreachable!("{} fills two vectors", a.dtype) };
        let [low, high] = parts.map(|part| f(self, part));
        Lanes::new(to, Parts::Narrow(self.words(vector(to), low, high, [0, 1, 4, 5])))
    }

    fn by_lane(&mut self, a: Lanes, to: DType, f: impl Fn(&mut Self, Value) -> Value) -> Lanes {
        let lanes = self.split(a).map(|x| f(self, x));
        self.join(to, lanes)
    }

    /// Six vector instructions, where Cranelift's conversion goes through general registers. The
    /// halves become the floats `2^84 + 2^63 + high * 2^32` and `2^52 + low` by their exponents'
    /// bits; what was added is taken off exactly, and the one rounding is in the last sum.
    fn i64_to_f64(&mut self, x: Value) -> Value {
        let (low_exponent, high_exponent) = (
            self.splat_bits(types::I64X2, 0x4330 << 48),
            self.splat_bits(types::I64X2, 0x4530_0000_8000_0000),
        );
        let mask = self.splat_bits(types::I64X2, 0xffff_ffff);
        let low = self.ins().band(x, mask);
        let low = self.ins().bor(low, low_exponent);
        let half = self.int(32);
        let high = self.ins().ushr(x, half);
        let high = self.ins().bxor(high, high_exponent);
        let (low, high) = (self.as_type(types::F64X2, low), self.as_type(types::F64X2, high));
        let offset = self.splat_bits(types::F64X2, 0x4530_0000_8010_0000);
        let high = self.ins().fsub(high, offset);
        self.ins().fadd(high, low)
    }
}
