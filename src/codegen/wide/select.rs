//! From the body of a strip to vector instructions on values: the walk over the expression, with
//! elementary functions expanded in place.
//!
//! A truth value is a bit of a mask register in AVX-512 code, a lane of all ones or zeros in AVX2
//! code; there it is as wide as the elements it came from, and changes only where it meets others.

use smallvec::SmallVec;

use super::Machine;
use super::body::{Body, Class, Fixed, Inst, Place, Plain, Source, V};
use super::forms::Op;
use super::frame::Slots;
use super::join::lane_size;
use crate::base::{DType, Scalar};
use crate::kernel::Strip;
use crate::op::{Expr, Inst as Code, Unary};

/// The values of an iteration's elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes {
    pub(super) dtype: DType,
    pub(super) v: V,
    /// What they all are, if that is known now.
    pub(super) constant: Option<Scalar>,
}

/// A body under construction.
pub(super) struct Selector<'a> {
    pub(super) machine: Machine,
    pub(super) strip: &'a Strip,
    /// Elements of an iteration.
    pub(super) lanes: u8,
    /// Whether this is the last iteration, where only some lanes exist.
    pub(super) last: bool,
    pub(super) body: Body,
    /// The fixed values, shared by all bodies of a strip.
    pub(super) fixed: &'a mut Vec<(Fixed, u8)>,
    pub(super) slots: &'a mut Slots,
}

impl<'a> Selector<'a> {
    /// Of an iteration, be it whole or the last one.
    pub(super) fn new(
        machine: Machine,
        strip: &'a Strip,
        last: bool,
        fixed: &'a mut Vec<(Fixed, u8)>,
        slots: &'a mut Slots,
    ) -> Self {
        let lanes = super::lanes(machine, strip);
        let mut selector = Selector { machine, strip, lanes, last, body: Body::default(), fixed, slots };
        if last && selector.evex() {
            let active = selector.body.value(Class::Mask, selector.mask_size(), 8);
            selector.body.active = Some(active);
        }
        selector
    }

    /// What was selected, without what nobody needs.
    pub(super) fn finish(mut self) -> Body {
        self.body.drop_unused();
        self.body
    }

    /// Everything an iteration of a map does.
    pub(super) fn iteration(
        machine: Machine,
        strip: &'a Strip,
        last: bool,
        fixed: &'a mut Vec<(Fixed, u8)>,
        slots: &'a mut Slots,
    ) -> Body {
        let mut selector = Selector::new(machine, strip, last, fixed, slots);
        selector.outputs();
        selector.finish()
    }
}

impl Selector<'_> {
    fn outputs(&mut self) {
        let strip = self.strip;
        let outs = self.evaluate(&strip.body, &mut |s, inst| s.leaf(inst));
        for (out, lanes) in outs.into_iter().enumerate() {
            self.store(strip.arguments + out, lanes);
        }
    }

    /// An argument or a scalar of the strip.
    pub(super) fn leaf(&mut self, inst: &Code) -> Lanes {
        match inst {
            Code::Arg(arg) => self.load(*arg as usize),
            Code::Scalar(scalar) => {
                let scalar = *scalar as usize;
                self.uniform(self.strip.scalars[scalar], Fixed::Scalar(scalar))
            }
            other => unreachable!("{other:?} in a strip"),
        }
    }

    /// Whether this is AVX-512 code.
    pub(super) fn evex(&self) -> bool {
        self.machine == Machine::Avx512
    }

    /// The outputs of `expr`, where `leaf` gives arguments and scalars.
    pub(super) fn evaluate(
        &mut self,
        expr: &Expr,
        leaf: &mut dyn FnMut(&mut Self, &Code) -> Lanes,
    ) -> SmallVec<[Lanes; 2]> {
        let mut values: Vec<Lanes> = Vec::with_capacity(expr.len());
        for (inst, dtype) in expr.iter() {
            let value = |r: &crate::op::Ref| values[r.index()];
            let result = match inst {
                Code::Acc(_) | Code::Arg(_) | Code::Scalar(_) => leaf(self, inst),
                Code::Const(scalar) => self.constant(*scalar),
                Code::Unary(op, a) => self.unary(*op, value(a)),
                Code::Binary(op, a, b) => self.binary(*op, value(a), value(b)),
                Code::Select(mask, yes, no) => {
                    let extreme = match expr.inst(*mask) {
                        Code::Binary(op, p, q) => self.extreme(*op, (*p, *q), (*yes, *no), &values),
                        _ => None,
                    };
                    extreme.unwrap_or_else(|| self.select(value(mask), value(yes), value(no)))
                }
                Code::Fma(a, b, c) => {
                    // A negation is part of the instruction.
                    let mut minus = [false; 3];
                    let mut at = 0;
                    let [x, y, z] = [a, b, c].map(|r| {
                        at += 1;
                        match expr.inst(*r) {
                            Code::Unary(Unary::Negative, inner) => {
                                minus[at - 1] = true;
                                value(inner)
                            }
                            _ => value(r),
                        }
                    });
                    self.fma(x, y, z, minus[0] != minus[1], minus[2])
                }
                Code::Cast(a) => self.cast(value(a), dtype),
                Code::Bitcast(a) => Lanes {
                    dtype,
                    constant: value(a).constant.map(|c| Scalar::from_bits(dtype, c.bits())),
                    ..value(a)
                },
                Code::Call(routine, args) => {
                    let args: SmallVec<[V; 2]> = args.iter().map(|arg| value(arg).v).collect();
                    let dst = self.fresh(dtype);
                    self.body.insts.push(Inst::Call { dst, args, routine: *routine, dtype });
                    Lanes::new(dtype, dst)
                }
                Code::Rare { mask, fast, routine, arg } => {
                    let size = dtype.size() as u8;
                    let mask = self.mask_for(value(mask), size);
                    let dst = self.fresh(dtype);
                    self.body.insts.push(Inst::Rare {
                        dst,
                        fast: value(fast).v,
                        mask,
                        arg: value(arg).v,
                        routine: *routine,
                        dtype,
                        mask_size: size,
                    });
                    Lanes::new(dtype, dst)
                }
                Code::Check { ok, value: checked, error } => {
                    let (ok, mask_size) = (value(ok).v, self.body.info(value(ok).v).size);
                    self.body.insts.push(Inst::Check { ok, error: *error, mask_size });
                    value(checked)
                }
            };
            debug_assert_eq!(result.dtype, dtype, "{inst:?}");
            values.push(result);
        }
        expr.outs().iter().map(|out| values[out.index()]).collect()
    }

    /// What a definition in `op/math` computes from `args`.
    pub(super) fn expand(&mut self, definition: &Expr, args: &[Lanes]) -> Lanes {
        self.evaluate(definition, &mut |_, inst| match inst {
            Code::Arg(arg) => args[*arg as usize],
            other => unreachable!("{other:?} in a definition"),
        })[0]
    }

    /// Bytes of the vector that an iteration's elements of `size` bytes fill; there are none of less
    /// than 16, which are few lanes' at the end of a reduction.
    pub(super) fn width(&self, size: u8) -> u8 {
        (self.lanes * size).max(16)
    }

    /// How masks are told apart: 4 for 16 lanes, 8 for 8.
    pub(super) fn mask_size(&self) -> u8 {
        if self.lanes == 16 { 4 } else { 8 }
    }

    /// A new value of `dtype`; of truth values, a mask register.
    pub(super) fn fresh(&mut self, dtype: DType) -> V {
        match dtype {
            DType::Bool => self.fresh_mask(4),
            _ => self.fresh_vector(held(dtype)),
        }
    }

    pub(super) fn fresh_vector(&mut self, size: u8) -> V {
        let width = self.width(size);
        self.body.value(Class::Vector, size, width)
    }

    /// A new mask, in AVX2 code of lanes of `size` bytes.
    pub(super) fn fresh_mask(&mut self, size: u8) -> V {
        if self.evex() {
            let size = self.mask_size();
            self.body.value(Class::Mask, size, 8)
        } else {
            self.fresh_vector(size)
        }
    }

    /// A fixed value in lanes of `size` bytes.
    pub(super) fn fix(&mut self, fixed: Fixed, size: u8, width: u8) -> V {
        let wanted = (fixed, width);
        let number = self.fixed.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            self.fixed.push(wanted);
            self.fixed.len() - 1
        });
        let known = self.body.values.iter().position(|info| info.fixed == Some(number) && info.size == size);
        known.map_or_else(
            || {
                let v = self.body.value(Class::Vector, size, width);
                self.body.values[v.index()].fixed = Some(number);
                v
            },
            V::new,
        )
    }

    /// These bits in every lane of `size` bytes.
    pub(super) fn splat(&mut self, size: u8, bits: u64) -> V {
        let bits = if size == 4 { bits & 0xffff_ffff } else { bits };
        let width = self.width(size);
        self.fix(Fixed::Splat { size, bits }, size, width)
    }

    /// `value` in every lane of `dtype`.
    pub(super) fn number(&mut self, dtype: DType, value: f64) -> V {
        self.splat(held(dtype), Scalar::new(dtype, value).bits())
    }

    /// A constant in every lane.
    pub(super) fn constant(&mut self, scalar: Scalar) -> Lanes {
        let dtype = scalar.dtype();
        let v = match dtype {
            DType::Bool if self.evex() => {
                let (dst, size) = (self.fresh_mask(4), self.mask_size());
                let op = if scalar.to_bool() { Op::MaskXnor } else { Op::MaskXor };
                // Of whatever the first mask register holds: nobody waits for it.
                self.push(Plain { dst: Some(dst), ..plain(op, size, 16) });
                dst
            }
            DType::Bool => self.splat(4, if scalar.to_bool() { u64::MAX } else { 0 }),
            _ => self.splat(held(dtype), scalar.cast(dtype.carrier()).bits()),
        };
        Lanes { dtype, v, constant: Some(scalar) }
    }

    /// A value that is the same in every lane.
    pub(super) fn uniform(&mut self, dtype: DType, fixed: Fixed) -> Lanes {
        match dtype {
            // Ones or zeros in lanes of whatever size.
            DType::Bool => {
                let width = self.width(4);
                let lanes = self.fix(fixed, 4, width);
                let v = if self.evex() { self.rm(Op::SignMask, 4, width, Class::Mask, lanes) } else { lanes };
                Lanes::new(dtype, v)
            }
            _ => {
                let (size, width) = (held(dtype), self.width(held(dtype)));
                let v = self.fix(fixed, size, width);
                if dtype.is_packed() { self.unpacked(dtype, v) } else { Lanes::new(dtype, v) }
            }
        }
    }

    pub(super) fn push(&mut self, plain: Plain) {
        self.body.insts.push(Inst::Vector(plain));
    }

    /// `op a b` on whole vectors of elements of `size` bytes.
    pub(super) fn rvm(&mut self, op: Op, size: u8, a: V, b: V) -> V {
        self.rvm_imm(op, size, a, b, 0)
    }

    pub(super) fn rvm_imm(&mut self, op: Op, size: u8, a: V, b: V, imm: u8) -> V {
        let dst = self.fresh_vector(size);
        let width = self.width(size);
        self.push(Plain { dst: Some(dst), a: Some(a), b: Source::Value(b), imm, ..plain(op, size, width) });
        dst
    }

    /// `op a`, with a result of this class and of elements as wide.
    pub(super) fn rm(&mut self, op: Op, size: u8, width: u8, class: Class, a: V) -> V {
        let dst = match class {
            Class::Vector => self.body.value(class, size, width),
            Class::Mask => self.fresh_mask(size),
        };
        self.push(Plain { dst: Some(dst), b: Source::Value(a), ..plain(op, size, width) });
        dst
    }

    /// `op a` on whole vectors.
    pub(super) fn each(&mut self, op: Op, size: u8, a: V) -> V {
        self.rm(op, size, self.width(size), Class::Vector, a)
    }

    /// `op a` with a constant byte.
    pub(super) fn each_imm(&mut self, op: Op, size: u8, a: V, imm: u8) -> V {
        let (dst, width) = (self.fresh_vector(size), self.width(size));
        self.push(Plain { dst: Some(dst), b: Source::Value(a), imm, ..plain(op, size, width) });
        dst
    }

    pub(super) fn fma(&mut self, x: Lanes, y: Lanes, z: Lanes, minus_product: bool, minus_z: bool) -> Lanes {
        if x.dtype.is_half() {
            let dtype = x.dtype;
            let [x, y, z] = [x, y, z].map(|lanes| self.cast(lanes, DType::F32));
            let sum = self.fma(x, y, z, minus_product, minus_z);
            return self.cast(sum, dtype);
        }
        let size = x.dtype.size() as u8;
        let (dst, width) = (self.fresh_vector(size), self.width(size));
        let (x, y, z, dtype) = (x.v, y.v, z.v, x.dtype);
        self.body.insts.push(Inst::Fma { size, width, dst, x, y, z, minus_product, minus_z });
        Lanes::new(dtype, dst)
    }

    /// The larger or smaller of two that are also compared: one instruction, which gives its second
    /// operand if they are equal or one is NaN.
    fn extreme(
        &mut self,
        op: crate::op::Binary,
        (p, q): (crate::op::Ref, crate::op::Ref),
        (yes, no): (crate::op::Ref, crate::op::Ref),
        values: &[Lanes],
    ) -> Option<Lanes> {
        use crate::op::Binary::{Greater, Less};
        let (x, y) = (values[yes.index()], values[no.index()]);
        if !x.dtype.is_float() || !matches!(op, Less | Greater) {
            return None;
        }
        let smaller = match (op, (yes, no)) {
            (Less, pair) if pair == (p, q) => true,
            (Greater, pair) if pair == (q, p) => true,
            (Less, pair) if pair == (q, p) => false,
            (Greater, pair) if pair == (p, q) => false,
            _ => return None,
        };
        let op = if smaller { Op::Min } else { Op::Max };
        Some(Lanes::new(x.dtype, self.rvm(op, held(x.dtype), x.v, y.v)))
    }

    /// What is at `place`, of as many elements as an iteration has.
    pub(super) fn load_from(&mut self, dtype: DType, place: Place) -> Lanes {
        let size = lane_size(dtype);
        let (dst, width) = (self.fresh_vector(size), self.width(size));
        self.push(Plain { dst: Some(dst), b: Source::Place(place), ..plain(Op::Load, size, width) });
        Lanes::new(dtype, dst)
    }

    /// Stores all lanes at `place`.
    pub(super) fn store_to(&mut self, place: Place, lanes: Lanes) {
        let size = lane_size(lanes.dtype);
        let width = self.width(size);
        self.push(Plain { a: Some(lanes.v), b: Source::Place(place), ..plain(Op::Store, size, width) });
    }

    /// The place of an operand's first element in an iteration.
    pub(super) fn place(&self, operand: usize) -> Place {
        Place::Operand { operand, disp: 0 }
    }
}

impl Lanes {
    pub(super) fn new(dtype: DType, v: V) -> Self {
        Self { dtype, v, constant: None }
    }
}

/// Bytes of a lane that holds a value of `dtype`, which is none of truth values.
pub(super) fn held(dtype: DType) -> u8 {
    dtype.carrier().size() as u8
}

/// An instruction without operands yet.
pub(super) fn plain(op: Op, size: u8, width: u8) -> Plain {
    Plain {
        op,
        size,
        width,
        dst: None,
        tied: None,
        a: None,
        b: Source::None,
        mask: None,
        zero: false,
        imm: 0,
    }
}
