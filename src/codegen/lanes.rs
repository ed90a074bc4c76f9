//! Four elements at a time: how their values sit in registers, and the walk over a loop body that
//! computes them.
//!
//! An iteration of every loop handles [`LANES`] elements, whatever their dtypes. 32-bit elements
//! fill one 128-bit vector, 64-bit ones two. A truth value is a lane of all ones or all zeros, in
//! one vector of 32-bit lanes or, if it comes from comparing 64-bit elements, in two vectors of
//! 64-bit lanes; it changes form only where it meets the other width. A value of a dtype that another
//! carries sits as that one's.

use cranelift_codegen::ir::{
    Block, Endianness, FuncRef, InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Type,
    Value, types,
};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder};
use smallvec::SmallVec;

use super::isa::Arch;
use crate::base::{DType, Scalar};
use crate::op::{Expr, Inst, Routine, Unary};

/// Elements per iteration.
pub(super) const LANES: usize = 4;

/// The vectors that hold four values.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parts {
    /// One vector of 32-bit lanes.
    Narrow(Value),
    /// Two vectors of 64-bit lanes, earlier elements first.
    Wide([Value; 2]),
}

impl Parts {
    pub(super) fn as_slice(&self) -> &[Value] {
        match self {
            Parts::Narrow(part) => std::slice::from_ref(part),
            Parts::Wide(parts) => parts,
        }
    }

    /// The parts in the order of [`Parts::as_slice`].
    pub(super) fn new(parts: &[Value]) -> Self {
        match *parts {
            [part] => Parts::Narrow(part),
            [low, high] => Parts::Wide([low, high]),
            _ => unreachable!("{} vectors hold no four lanes", parts.len()),
        }
    }
}

/// The values of four elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes {
    pub(super) dtype: DType,
    pub(super) parts: Parts,
    /// What they all are, if that is known now.
    pub(super) constant: Option<Scalar>,
    /// The one scalar they all are, if they are given with each run.
    pub(super) uniform: Option<Value>,
}

impl Lanes {
    pub(super) fn new(dtype: DType, parts: Parts) -> Self {
        Self { dtype, parts, constant: None, uniform: None }
    }
}

/// The function under construction.
pub(super) struct Emitter<'a> {
    pub(super) builder: FunctionBuilder<'a>,
    pub(super) arch: Arch,
    pub(super) call_conv: CallConv,
    /// The routines called so far.
    pub(super) routines: Vec<((Routine, DType), FuncRef)>,
    /// Where the error bits of failed checks collect, lane by lane, if the body has any.
    pub(super) errors: Option<StackSlot>,
    /// Where rare lanes wait for another iteration, the masks that have asked for one.
    pub(super) put_off: Option<Vec<Value>>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(builder: FunctionBuilder<'a>, arch: Arch, call_conv: CallConv) -> Self {
        Self { builder, arch, call_conv, routines: Vec::new(), errors: None, put_off: None }
    }

    /// Ends the function; the routines it refers to.
    pub(super) fn finish(mut self, isa: &OwnedTargetIsa) -> Vec<(Routine, DType)> {
        self.builder.seal_all_blocks();
        self.builder.finalize(isa.frontend_config());
        self.routines.into_iter().map(|(key, _)| key).collect()
    }

    pub(super) fn ins(&mut self) -> FuncInstBuilder<'_, 'a> {
        self.builder.ins()
    }

    pub(super) fn type_of(&self, value: Value) -> Type {
        self.builder.func.dfg.value_type(value)
    }

    /// A new parameter of `block`, an integer of 64 bits. A block gets its parameters before
    /// anything is emitted in it.
    pub(super) fn parameter(&mut self, block: Block) -> Value {
        self.builder.append_block_param(block, types::I64)
    }

    /// Room on the stack, aligned for vectors.
    pub(super) fn slot(&mut self, bytes: usize) -> StackSlot {
        self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes as u32, 4))
    }

    /// The integer `value`, of 64 bits.
    pub(super) fn int(&mut self, value: i64) -> Value {
        self.ins().iconst(types::I64, value)
    }

    /// A vector of `ty` with these bits in every lane. Constants of vectors are pool entries, which
    /// are hoisted out of the inner loop.
    pub(super) fn splat_bits(&mut self, ty: Type, bits: u64) -> Value {
        let lane = &bits.to_le_bytes()[..ty.lane_type().bytes() as usize];
        let bytes = lane.repeat(ty.lane_count() as usize);
        let constant = self.builder.func.dfg.constants.insert(bytes.into());
        self.ins().vconst(ty, constant)
    }

    /// `value` in every lane, in the type of `like`.
    pub(super) fn number(&mut self, like: Value, value: f64) -> Value {
        let ty = self.type_of(like);
        let dtype = match ty {
            types::F32X4 => DType::F32,
            types::F64X2 => DType::F64,
            types::I32X4 => DType::I32,
            _ => DType::I64,
        };
        self.splat_bits(ty, Scalar::new(dtype, value).bits())
    }

    /// All bits set, in the type of `like`.
    pub(super) fn ones(&mut self, like: Value) -> Value {
        let ty = self.type_of(like);
        self.splat_bits(ty, u64::MAX)
    }

    /// The same bits as another vector type.
    pub(super) fn as_type(&mut self, ty: Type, value: Value) -> Value {
        if self.type_of(value) == ty {
            return value;
        }
        self.ins().bitcast(ty, MemFlagsData::new().with_endianness(Endianness::Little), value)
    }

    /// A constant in every lane. Truth values start narrow.
    pub(super) fn constant(&mut self, scalar: Scalar) -> Lanes {
        let carried = scalar.cast(scalar.dtype().carrier());
        let bits = match scalar.dtype() {
            DType::Bool if scalar.bits() != 0 => u64::MAX,
            _ => carried.bits(),
        };
        let part = self.splat_bits(vector(scalar.dtype()), bits);
        Lanes { constant: Some(scalar), ..splatted(scalar.dtype(), part) }
    }

    /// Four times a scalar of `dtype`; a truth value comes as an integer that is 0 or 1.
    pub(super) fn splat(&mut self, dtype: DType, scalar: Value) -> Lanes {
        let lane = match dtype {
            DType::Bool => self.ins().bmask(types::I32, scalar),
            _ => scalar,
        };
        let part = self.ins().splat(vector(dtype), lane);
        Lanes { uniform: Some(lane), ..splatted(dtype, part) }
    }

    /// `f` of each vector, the results being of `dtype`.
    pub(super) fn each(&mut self, dtype: DType, a: Lanes, f: impl Fn(&mut Self, Value) -> Value) -> Lanes {
        let parts: SmallVec<[Value; 2]> = a.parts.as_slice().iter().map(|x| f(self, *x)).collect();
        Lanes::new(dtype, Parts::new(&parts))
    }

    /// `f` of the vectors of `a` and `b`, pair by pair.
    pub(super) fn zip(
        &mut self,
        dtype: DType,
        a: Lanes,
        b: Lanes,
        f: impl Fn(&mut Self, Value, Value) -> Value,
    ) -> Lanes {
        let (a, b) = self.agree(a, b);
        let pairs = a.parts.as_slice().iter().zip(b.parts.as_slice());
        let parts: SmallVec<[Value; 2]> = pairs.map(|(x, y)| f(self, *x, *y)).collect();
        Lanes::new(dtype, Parts::new(&parts))
    }

    /// The four elements one by one. A truth value gives a whole lane of ones or zeros.
    pub(super) fn split(&mut self, a: Lanes) -> [Value; LANES] {
        std::array::from_fn(|lane| match a.parts {
            Parts::Narrow(part) => self.ins().extractlane(part, lane as u8),
            Parts::Wide(parts) => self.ins().extractlane(parts[lane / 2], (lane % 2) as u8),
        })
    }

    /// Four elements side by side, the reverse of [`Emitter::split`].
    pub(super) fn join(&mut self, dtype: DType, lanes: [Value; LANES]) -> Lanes {
        let ty = vector(dtype);
        let count = ty.lane_count() as usize;
        let parts: SmallVec<[Value; 2]> = lanes
            .chunks(count)
            .map(|chunk| {
                let first = self.ins().scalar_to_vector(ty, chunk[0]);
                let rest = chunk.iter().enumerate().skip(1);
                rest.fold(first, |vector, (lane, x)| self.ins().insertlane(vector, *x, lane as u8))
            })
            .collect();
        Lanes::new(dtype, Parts::new(&parts))
    }

    /// The outputs of `expr`, where `leaf` gives arguments, accumulators and scalars.
    pub(super) fn evaluate(
        &mut self,
        expr: &Expr,
        leaf: &mut dyn FnMut(&mut Self, &Inst) -> Lanes,
    ) -> SmallVec<[Lanes; 2]> {
        let mut values: Vec<Lanes> = Vec::with_capacity(expr.len());
        for (inst, dtype) in expr.iter() {
            let value = |r: &crate::op::Ref| values[r.index()];
            let result = match inst {
                Inst::Acc(_) | Inst::Arg(_) | Inst::Scalar(_) => leaf(self, inst),
                Inst::Const(scalar) => self.constant(*scalar),
                Inst::Unary(op, a) => self.unary(*op, value(a)),
                Inst::Binary(op, a, b) => self.binary(*op, value(a), value(b)),
                Inst::Select(mask, yes, no) => self.select(value(mask), value(yes), value(no)),
                Inst::Fma(a, b, c) => {
                    // A negation folds into the instruction, if it is written as one.
                    let [a, b, c] = [a, b, c].map(|r| match expr.inst(*r) {
                        Inst::Unary(Unary::Negative, x) => {
                            self.each(dtype, values[x.index()], |e, x| e.ins().fneg(x))
                        }
                        _ => values[r.index()],
                    });
                    self.fma(a, b, c)
                }
                Inst::Cast(a) => self.cast(value(a), dtype),
                Inst::Bitcast(a) => self.each(dtype, value(a), |e, x| e.as_type(vector(dtype), x)),
                Inst::Call(routine, args) => {
                    let args: SmallVec<[Lanes; 2]> = args.iter().map(value).collect();
                    self.call(*routine, &args)
                }
                Inst::Rare { mask, fast, routine, arg } => {
                    self.rare(value(mask), value(fast), *routine, value(arg))
                }
                Inst::Check { ok, value: checked, error } => {
                    self.check(value(ok), *error);
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
            Inst::Arg(arg) => args[*arg as usize],
            other => unreachable!("{other:?} in a definition"),
        })[0]
    }

    fn fma(&mut self, a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        if a.dtype.is_half() {
            let [x, y, z] = [a, b, c].map(|lanes| self.cast(lanes, DType::F32));
            let sum = self.fma(x, y, z);
            return self.cast(sum, a.dtype);
        }
        let terms = a.parts.as_slice().iter().zip(b.parts.as_slice()).zip(c.parts.as_slice());
        let parts: SmallVec<[Value; 2]> = terms.map(|((a, b), c)| self.ins().fma(*a, *b, *c)).collect();
        Lanes::new(a.dtype, Parts::new(&parts))
    }
}

/// The vector that holds lanes of `dtype`; of truth values, the narrow one.
pub(super) fn vector(dtype: DType) -> Type {
    match dtype.carrier() {
        DType::I64 => types::I64X2,
        DType::F32 => types::F32X4,
        DType::F64 => types::F64X2,
        _ => types::I32X4,
    }
}

fn splatted(dtype: DType, part: Value) -> Lanes {
    let parts = match vector(dtype).lane_bits() {
        32 => Parts::Narrow(part),
        _ => Parts::Wide([part, part]),
    };
    Lanes::new(dtype, parts)
}
