//! Choosing between values: masks of either width, selection, and the larger and smaller of floats.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{Immediate, InstBuilder, Type, Value, types};
use smallvec::SmallVec;

use super::isa::Arch;
use super::lanes::{Emitter, Lanes, Parts};
use crate::base::{DType, Scalar};

impl Emitter<'_> {
    /// A mask in one vector of 32-bit lanes.
    pub(super) fn narrow(&mut self, mask: Lanes) -> Value {
        match mask.parts {
            Parts::Narrow(part) => part,
            Parts::Wide([low, high]) => self.even_words(low, high),
        }
    }

    /// The same values; truth values in the form that takes one vector.
    pub(super) fn settled(&mut self, lanes: Lanes) -> Lanes {
        match lanes.dtype {
            DType::Bool => Lanes { parts: Parts::Narrow(self.narrow(lanes)), ..lanes },
            _ => lanes,
        }
    }

    /// A mask in two vectors of 64-bit lanes.
    pub(super) fn wide(&mut self, mask: Lanes) -> [Value; 2] {
        match (mask.parts, mask.constant) {
            (Parts::Wide(parts), _) => parts,
            (_, Some(constant)) => {
                let bits = if constant.to_bool() { u64::MAX } else { 0 };
                [self.splat_bits(types::I64X2, bits); 2]
            }
            (Parts::Narrow(part), _) => [self.ins().swiden_low(part), self.ins().swiden_high(part)],
        }
    }

    /// Two values in vectors of one width. Only masks can differ; the narrow form wins unless it is
    /// a constant, which has both.
    pub(super) fn agree(&mut self, a: Lanes, b: Lanes) -> (Lanes, Lanes) {
        match (a.parts, b.parts) {
            (Parts::Narrow(_), Parts::Wide(_)) if a.constant.is_some() => {
                (Lanes { parts: Parts::Wide(self.wide(a)), ..a }, b)
            }
            (Parts::Narrow(_), Parts::Wide(_)) => (a, Lanes { parts: Parts::Narrow(self.narrow(b)), ..b }),
            (Parts::Wide(_), Parts::Narrow(_)) => {
                let (b, a) = self.agree(b, a);
                (a, b)
            }
            _ => (a, b),
        }
    }

    /// `mask ? yes : no`.
    pub(super) fn select(&mut self, mask: Lanes, yes: Lanes, no: Lanes) -> Lanes {
        let (yes, no) = self.agree(yes, no);
        let masks = match yes.parts {
            Parts::Narrow(_) => Parts::Narrow(self.narrow(mask)),
            Parts::Wide(_) => Parts::Wide(self.wide(mask)),
        };
        let choices = masks.as_slice().iter().zip(yes.parts.as_slice()).zip(no.parts.as_slice());
        let parts: SmallVec<[Value; 2]> =
            choices.map(|((mask, yes), no)| self.blend(*mask, *yes, *no)).collect();
        Lanes::new(yes.dtype, Parts::new(&parts))
    }

    /// `mask ? yes : no` on vectors, the mask of integer lanes as wide as the others.
    pub(super) fn blend(&mut self, mask: Value, yes: Value, no: Value) -> Value {
        let (ty, lanes) = (self.type_of(yes), self.type_of(mask));
        let (yes, no) = (self.as_type(lanes, yes), self.as_type(lanes, no));
        // `bitselect` is one instruction on x86-64 only directly after a comparison.
        let chosen = match self.arch {
            Arch::X86_64 => self.ins().blendv(mask, yes, no),
            Arch::Aarch64 => self.ins().bitselect(mask, yes, no),
        };
        self.as_type(ty, chosen)
    }

    /// The 32-bit lanes 0 and 2 of `low` and of `high`.
    pub(super) fn even_words(&mut self, low: Value, high: Value) -> Value {
        self.words(types::I32X4, low, high, [0, 2, 4, 6])
    }

    /// The upper half of `x` in both halves, as 32-bit lanes.
    pub(super) fn upper_half(&mut self, x: Value) -> Value {
        let ty = self.type_of(x);
        self.words(ty, x, x, [2, 3, 2, 3])
    }

    /// A vector of the 32-bit lanes with these numbers, `a` holding 0 to 3 and `b` 4 to 7.
    pub(super) fn words(&mut self, ty: Type, a: Value, b: Value, words: [u8; 4]) -> Value {
        let bytes: Vec<u8> = words.iter().flat_map(|word| (0..4).map(move |byte| 4 * word + byte)).collect();
        let mask: Immediate = self.builder.func.dfg.immediates.push(bytes.into());
        let (a, b) = (self.as_type(types::I8X16, a), self.as_type(types::I8X16, b));
        let shuffled = self.ins().shuffle(a, b, mask);
        self.as_type(ty, shuffled)
    }

    /// `maximum` of floats. Against a constant that is no NaN one instruction keeps a NaN of the
    /// other side, `maxps` returning its second operand then; it also returns that of two zeros, so
    /// that against +0 (ReLU) the sign of -0 must go, the result being positive or NaN.
    pub(super) fn float_maximum(&mut self, a: Lanes, b: Lanes) -> Lanes {
        if self.arch == Arch::Aarch64 {
            return self.zip(a.dtype, a, b, |e, x, y| e.ins().fmax(x, y));
        }
        if let Some((constant, c, x)) = number_first(a, b) {
            let larger = self.zip(x.dtype, c, x, |e, c, x| e.larger(c, x));
            let zero = constant.same(Scalar::new(x.dtype, 0.0));
            return if zero { self.each(x.dtype, larger, |e, x| e.magnitude(x)) } else { larger };
        }
        // Either order is right but for NaN and zeros of two signs: then each returns its second
        // operand. Both bits of the sign must be set for -0, and all bits together are a NaN.
        self.zip(a.dtype, a, b, |e, x, y| {
            let (one, other) = (e.larger(x, y), e.larger(y, x));
            let both = e.ins().band(one, other);
            e.or_nan(x, y, both)
        })
    }

    /// `minimum` of floats, as [`Emitter::float_maximum`].
    pub(super) fn float_minimum(&mut self, a: Lanes, b: Lanes) -> Lanes {
        if self.arch == Arch::Aarch64 {
            return self.zip(a.dtype, a, b, |e, x, y| e.ins().fmin(x, y));
        }
        if let Some((constant, c, x)) = number_first(a, b) {
            let smaller = self.zip(x.dtype, c, x, |e, c, x| e.smaller(c, x));
            if !constant.same(Scalar::new(x.dtype, -0.0)) {
                return smaller;
            }
            return self.each(x.dtype, smaller, |e, x| {
                let sign = e.sign_mask(x);
                e.ins().bor(x, sign)
            });
        }
        self.zip(a.dtype, a, b, |e, x, y| {
            let (one, other) = (e.smaller(x, y), e.smaller(y, x));
            let either = e.ins().bor(one, other);
            e.or_nan(x, y, either)
        })
    }

    /// `result`, but NaN where `x` or `y` is.
    fn or_nan(&mut self, x: Value, y: Value, result: Value) -> Value {
        let nan = self.compare(FloatCC::Unordered, x, y);
        let ty = self.type_of(result);
        let nan = self.as_type(ty, nan);
        self.ins().bor(result, nan)
    }

    /// `maxps`: `x > y ? x : y`, written as it is recognised.
    fn larger(&mut self, x: Value, y: Value) -> Value {
        let less = self.compare(FloatCC::LessThan, y, x);
        let ty = self.type_of(x);
        let less = self.as_type(ty, less);
        self.ins().bitselect(less, x, y)
    }

    /// `minps`: `x < y ? x : y`, written as it is recognised.
    fn smaller(&mut self, x: Value, y: Value) -> Value {
        let less = self.compare(FloatCC::LessThan, x, y);
        let ty = self.type_of(x);
        let less = self.as_type(ty, less);
        self.ins().bitselect(less, x, y)
    }
}

/// The side that is a constant and no NaN, then the other.
fn number_first(a: Lanes, b: Lanes) -> Option<(Scalar, Lanes, Lanes)> {
    let number = |x: Lanes| x.constant.filter(|constant| !constant.is_nan());
    number(b).map(|constant| (constant, b, a)).or_else(|| number(a).map(|constant| (constant, a, b)))
}
