//! Truth values: comparisons, logic, and choosing by them, in both forms that they have.

use super::body::{Class, Plain, Source, V};
use super::forms::Op;
use super::select::{Lanes, Selector, held, plain};
use crate::base::DType;

/// Predicates of comparisons of floats that raise no flag. The first three also serve integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Equal,
    Less,
    LessEqual,
    NotEqual,
    Greater,
    GreaterEqual,
    /// Either is NaN; of floats.
    Unordered,
    /// Neither is NaN; of floats.
    Ordered,
}

impl Test {
    /// Its number in instructions on floats.
    fn of_floats(self) -> u8 {
        match self {
            Test::Equal => 0x00,
            Test::Unordered => 0x03,
            Test::NotEqual => 0x04,
            Test::Ordered => 0x07,
            Test::Less => 0x11,
            Test::LessEqual => 0x12,
            Test::GreaterEqual => 0x1d,
            Test::Greater => 0x1e,
        }
    }
}

impl Selector<'_> {
    /// `a test b` of floats or integers.
    pub(super) fn compare(&mut self, dtype: DType, test: Test, a: V, b: V) -> Lanes {
        let size = dtype.size() as u8;
        // The numbers of the same for integers.
        let int = match test {
            Test::Equal => 0,
            Test::Less => 1,
            Test::LessEqual => 2,
            Test::NotEqual => 4,
            Test::GreaterEqual => 5,
            Test::Greater | Test::Unordered | Test::Ordered => 6,
        };
        debug_assert!(dtype.is_float() || !matches!(test, Test::Unordered | Test::Ordered));
        let v = match (dtype.is_float(), self.evex()) {
            (true, true) => self.test_by(Op::CmpMask, size, a, b, test.of_floats(), None),
            (true, false) => self.rvm_imm(Op::CmpLanes, size, a, b, test.of_floats()),
            (false, true) => self.test_by(Op::ICmpMask, size, a, b, int, None),
            (false, false) => match test {
                Test::Equal => self.rvm(Op::IEqLanes, size, a, b),
                Test::Greater => self.rvm(Op::IGtLanes, size, a, b),
                Test::Less => self.rvm(Op::IGtLanes, size, b, a),
                _ => {
                    let inverse = match test {
                        Test::NotEqual => self.rvm(Op::IEqLanes, size, a, b),
                        Test::LessEqual => self.rvm(Op::IGtLanes, size, a, b),
                        _ => self.rvm(Op::IGtLanes, size, b, a),
                    };
                    self.not(inverse)
                }
            },
        };
        Lanes::new(DType::Bool, v)
    }

    /// Lanes that are set in `mask` and are no NaN; AVX-512 code.
    pub(super) fn ordered_where(&mut self, mask: Lanes, size: u8, a: V) -> V {
        self.test_by(Op::CmpMask, size, a, a, Test::Ordered.of_floats(), Some(mask.v))
    }

    /// A test into a mask register, of the lanes that `mask` has if there is one.
    fn test_by(&mut self, op: Op, size: u8, a: V, b: V, imm: u8, mask: Option<V>) -> V {
        let (dst, width) = (self.fresh_mask(size), self.width(size));
        let b = Source::Value(b);
        self.push(Plain { dst: Some(dst), a: Some(a), b, imm, mask, ..plain(op, size, width) });
        dst
    }

    /// Lanes that are zero; NaN is not.
    pub(super) fn is_zero(&mut self, a: Lanes) -> Lanes {
        let zero = self.number(a.dtype, 0.0);
        self.compare(a.dtype, Test::Equal, a.v, zero)
    }

    /// Lanes that are not zero; NaN is not zero.
    pub(super) fn is_nonzero(&mut self, a: Lanes) -> Lanes {
        if a.dtype == DType::Bool {
            return a;
        }
        let zero = self.number(a.dtype, 0.0);
        self.compare(a.dtype, Test::NotEqual, a.v, zero)
    }

    /// Every bit of a mask or vector of integers turned.
    pub(super) fn not(&mut self, a: V) -> V {
        let info = self.body.info(a);
        match info.class {
            Class::Mask => {
                let (dst, size) = (self.fresh_mask(4), self.mask_size());
                self.push(Plain { dst: Some(dst), b: Source::Value(a), ..plain(Op::MaskNot, size, 16) });
                dst
            }
            Class::Vector => {
                let ones = self.splat(info.size, u64::MAX);
                self.rvm(Op::Xor, info.size, a, ones)
            }
        }
    }

    /// `op` of two masks, or of two vectors of lanes made as wide as each other.
    pub(super) fn logic(&mut self, op: Op, a: V, b: V) -> V {
        if self.body.info(a).class == Class::Vector {
            let size = self.common_size(a, b);
            let (a, b) = (self.lanes_of(a, size), self.lanes_of(b, size));
            return self.rvm(op, size, a, b);
        }
        let op = match op {
            Op::And => Op::MaskAnd,
            Op::AndNot => Op::MaskAndNot,
            Op::Or => Op::MaskOr,
            _ => Op::MaskXor,
        };
        let (dst, size) = (self.fresh_mask(4), self.mask_size());
        self.push(Plain { dst: Some(dst), a: Some(a), b: Source::Value(b), ..plain(op, size, 16) });
        dst
    }

    /// Narrow lanes win, except that constants have both widths.
    fn common_size(&self, a: V, b: V) -> u8 {
        let (a, b) = (self.body.info(a), self.body.info(b));
        match (a.fixed, b.fixed) {
            (Some(_), None) => b.size,
            (None, Some(_)) => a.size,
            _ => a.size.min(b.size),
        }
    }

    /// A mask for elements of `size` bytes.
    pub(super) fn mask_for(&mut self, mask: Lanes, size: u8) -> V {
        if self.evex() { mask.v } else { self.lanes_of(mask.v, size) }
    }

    /// Lanes of ones and zeros, of this size; AVX2 code.
    pub(super) fn lanes_of(&mut self, lanes: V, size: u8) -> V {
        let info = self.body.info(lanes);
        if info.size == size {
            return lanes;
        }
        if let Some(fixed) = info.fixed {
            let (fixed, _) = self.fixed[fixed].clone();
            let width = self.width(size);
            let fixed = match fixed {
                super::body::Fixed::Splat { bits, .. } => {
                    let bits = if bits == 0 { 0 } else { u64::MAX };
                    return self.splat(size, bits);
                }
                other => other,
            };
            return self.fix(fixed, size, width);
        }
        if size == 8 {
            return self.rm(Op::I32ToI64, 4, self.width(8), Class::Vector, lanes);
        }
        self.even_words(lanes)
    }

    /// The low words of double words, in half the width; AVX2 code.
    pub(super) fn even_words(&mut self, a: V) -> V {
        // Two double words have no half to themselves.
        let half = if self.body.info(a).width > 16 { self.upper_half(a, 8) } else { a };
        let dst = self.fresh_vector(4);
        let width = self.width(4);
        self.push(Plain {
            dst: Some(dst),
            a: Some(a),
            b: Source::Value(half),
            imm: 0x88,
            ..plain(Op::ShuffleTwo, 4, width)
        });
        dst
    }

    /// The upper half of a vector of elements of `size` bytes.
    pub(super) fn upper_half(&mut self, a: V, size: u8) -> V {
        let width = self.body.info(a).width;
        let dst = self.body.value(Class::Vector, size, width / 2);
        self.push(Plain { dst: Some(dst), a: Some(a), imm: 1, ..plain(Op::ExtractHalf, 8, width) });
        dst
    }

    /// `mask ? a : 0`.
    pub(super) fn where_set(&mut self, mask: Lanes, dtype: DType, a: V) -> V {
        let size = dtype.size() as u8;
        let mask = self.mask_for(mask, size);
        if !self.evex() {
            return self.rvm(Op::And, size, mask, a);
        }
        let (dst, width) = (self.fresh_vector(size), self.width(size));
        self.push(Plain {
            dst: Some(dst),
            b: Source::Value(a),
            mask: Some(mask),
            zero: true,
            ..plain(Op::Copy, size, width)
        });
        dst
    }

    /// `mask ? yes : no`.
    pub(super) fn select(&mut self, mask: Lanes, yes: Lanes, no: Lanes) -> Lanes {
        if let Some(mask) = mask.constant {
            return if mask.to_bool() { yes } else { no };
        }
        let dtype = yes.dtype;
        if dtype == DType::Bool {
            let yes = self.logic(Op::And, mask.v, yes.v);
            let no = self.logic(Op::AndNot, mask.v, no.v);
            return Lanes::new(dtype, self.logic(Op::Or, yes, no));
        }
        let (size, mask) = (held(dtype), self.mask_for(mask, held(dtype)));
        let (dst, width) = (self.fresh_vector(size), self.width(size));
        let op = if self.evex() { Op::BlendMask } else { Op::BlendLanes };
        self.push(Plain {
            dst: Some(dst),
            a: Some(no.v),
            b: Source::Value(yes.v),
            mask: Some(mask),
            ..plain(op, size, width)
        });
        Lanes::new(dtype, dst)
    }
}
