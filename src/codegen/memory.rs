//! Four elements in and out of memory, by how an operand is stepped through.
//!
//! In memory a truth value is one byte, 0 or 1. No access reaches past the elements it is for, and
//! none traps.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Immediate, InstBuilder, MemFlagsData, Type, Value, types};
use smallvec::SmallVec;

use super::arms::scalar;
use super::lanes::{Emitter, LANES, Lanes, Parts, vector};
use crate::base::DType;
use crate::base::strip::Step;
use crate::op::math;

/// Where four elements are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) dtype: DType,
    pub(super) step: Step,
    /// The address of the first.
    pub(super) address: Value,
    /// Bytes added to it.
    pub(super) offset: i32,
    /// Bytes from one to the next, if the step does not say.
    pub(super) inner: Option<Value>,
    /// What may be assumed of the access.
    pub(super) flags: MemFlagsData,
}

/// Bytes from one element to the next, for the steps that are known.
pub(super) fn known_step(step: Step, dtype: DType) -> Option<i64> {
    let size = dtype.size() as i64;
    match step {
        Step::Unit => Some(size),
        Step::MinusUnit => Some(-size),
        Step::Pair => Some(2 * size),
        Step::Zero | Step::General | Step::Iota => None,
    }
}

/// Accesses are within bounds, so they never trap; addresses are those of elements.
pub(super) fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// Flags of the argument block, which nobody writes.
pub(super) fn argument_flags() -> MemFlagsData {
    flags().with_aligned().with_readonly().with_can_move()
}

/// The type one element has in memory, moved as it is.
pub(super) fn raw(dtype: DType) -> Type {
    match dtype.size() {
        1 => types::I8,
        2 => types::I16,
        4 => types::I32,
        _ => types::I64,
    }
}

impl Emitter<'_> {
    /// Loads four elements.
    pub(super) fn load(&mut self, spot: Spot) -> Lanes {
        let Spot { dtype, step, address, offset, flags, .. } = spot;
        let size = dtype.size() as i32;
        if dtype.is_packed() {
            let bits = self.load_bits(spot);
            return self.of_bits(dtype, bits);
        }
        match (step, dtype) {
            (Step::Unit, DType::Bool) => {
                let bytes = self.ins().load(types::I32, flags, address, offset);
                self.bytes_to_mask(bytes)
            }
            (Step::MinusUnit, DType::Bool) => {
                let bytes = self.ins().load(types::I32, flags, address, offset - 3);
                let bytes = self.ins().bswap(bytes);
                self.bytes_to_mask(bytes)
            }
            (Step::Unit, _) => {
                let ty = vector(dtype);
                let parts: SmallVec<[Value; 2]> = (0..parts(dtype))
                    .map(|part| self.ins().load(ty, flags, address, offset + 16 * part))
                    .collect();
                Lanes::new(dtype, Parts::new(&parts))
            }
            (Step::MinusUnit, _) => {
                let ty = vector(dtype);
                let parts: SmallVec<[Value; 2]> = (0..parts(dtype))
                    .map(|part| {
                        let whole = self.ins().load(ty, flags, address, offset + size - 16 * (part + 1));
                        self.reversed(dtype, whole)
                    })
                    .collect();
                Lanes::new(dtype, Parts::new(&parts))
            }
            // The second load ends with the last element, not after it.
            (Step::Pair, DType::I32 | DType::F32) => {
                let ty = vector(dtype);
                let first = self.ins().load(ty, flags, address, offset);
                let second = self.ins().load(ty, flags, address, offset + 12);
                Lanes::new(dtype, Parts::Narrow(self.words(ty, first, second, [0, 2, 5, 7])))
            }
            (Step::Pair | Step::General | Step::Zero, _) => {
                let addresses = self.addresses(spot);
                let lanes = addresses.map(|(address, offset)| match dtype {
                    DType::Bool => self.ins().uload8(types::I32, flags, address, offset),
                    _ => self.ins().load(scalar(dtype), flags, address, offset),
                });
                match dtype {
                    DType::Bool => {
                        let bytes = self.join(DType::I32, lanes);
                        self.nonzero(bytes)
                    }
                    _ => self.join(dtype, lanes),
                }
            }
            (Step::Iota, _) => unreachable!("an index is not in memory"),
        }
    }

    /// Stores four elements.
    pub(super) fn store(&mut self, spot: Spot, value: Lanes) {
        let Spot { dtype, step, address, offset, flags, .. } = spot;
        let size = dtype.size() as i32;
        if dtype.is_packed() {
            let bits = self.bits_of(value);
            return self.store_bits(spot, bits);
        }
        match (step, dtype) {
            (Step::Unit, DType::Bool) => {
                let bytes = self.mask_to_bytes(value);
                self.ins().store(flags, bytes, address, offset);
            }
            (Step::MinusUnit, DType::Bool) => {
                let bytes = self.mask_to_bytes(value);
                let bytes = self.ins().bswap(bytes);
                self.ins().store(flags, bytes, address, offset - 3);
            }
            (Step::Unit, _) => {
                for (part, x) in (0..).zip(value.parts.as_slice()) {
                    self.ins().store(flags, *x, address, offset + 16 * part);
                }
            }
            (Step::MinusUnit, _) => {
                for (part, x) in (0..).zip(value.parts.as_slice()) {
                    let x = self.reversed(dtype, *x);
                    self.ins().store(flags, x, address, offset + size - 16 * (part + 1));
                }
            }
            (Step::Pair | Step::General | Step::Zero, _) => {
                let value = match dtype {
                    DType::Bool => self.cast(value, DType::I32),
                    _ => value,
                };
                let (addresses, lanes) = (self.addresses(spot), self.split(value));
                for ((address, offset), x) in addresses.into_iter().zip(lanes) {
                    match dtype {
                        DType::Bool => self.ins().istore8(flags, x, address, offset),
                        _ => self.ins().store(flags, x, address, offset),
                    };
                }
            }
            (Step::Iota, _) => unreachable!("an index is not in memory"),
        }
    }

    /// Stores the first of some elements. Truth values are masks, or bytes side by side.
    pub(super) fn store_first(&mut self, value: Lanes, address: Value) {
        let first = self.ins().extractlane(value.parts.as_slice()[0], 0);
        if value.dtype == DType::Bool {
            let truth = self.ins().band_imm_u(first, 1);
            match self.type_of(truth) {
                types::I8 => self.ins().store(flags(), truth, address, 0),
                _ => self.ins().istore8(flags(), truth, address, 0),
            };
        } else {
            self.ins().store(flags(), first, address, 0);
        }
    }

    /// Elements moved towards the first by `count`, a power of two below their number; what comes
    /// last is of no meaning.
    pub(super) fn moved_down(&mut self, value: Lanes, count: usize) -> Lanes {
        if let (Parts::Wide([low, high]), 2) = (value.parts, count) {
            return Lanes::new(value.dtype, Parts::Wide([high, low]));
        }
        self.each(value.dtype, value, |e, x| {
            let ty = e.type_of(x);
            let distance = count as u32 * ty.lane_type().bytes();
            let bytes: Vec<u8> = (0..16).map(|byte| (byte + distance) as u8 % 16).collect();
            let mask: Immediate = e.builder.func.dfg.immediates.push(bytes.into());
            let x = e.as_type(types::I8X16, x);
            let moved = e.ins().shuffle(x, x, mask);
            e.as_type(ty, moved)
        })
    }

    /// The addresses of the four elements, with offsets.
    fn addresses(&mut self, spot: Spot) -> [(Value, i32); LANES] {
        let Spot { dtype, step, mut address, offset, inner, .. } = spot;
        if let Some(step) = known_step(step, dtype) {
            return std::array::from_fn(|lane| (address, offset + lane as i32 * step as i32));
        }
        let inner = inner.expect("a step that is not known is given");
        std::array::from_fn(|lane| {
            if lane > 0 {
                address = self.ins().iadd(address, inner);
            }
            (address, offset)
        })
    }

    /// Loads one element and repeats it.
    pub(super) fn load_splat(&mut self, dtype: DType, address: Value, flags: MemFlagsData) -> Lanes {
        if dtype.is_packed() {
            let one = self.load_bits_of_one(dtype, address, 0, flags);
            let bits = self.splat(bits_dtype(dtype), one);
            return self.of_bits(dtype, bits);
        }
        let ty = if dtype == DType::Bool { types::I8 } else { scalar(dtype) };
        let value = self.ins().load(ty, flags, address, 0);
        self.splat(dtype, value)
    }

    fn reversed(&mut self, dtype: DType, x: Value) -> Value {
        let words = if dtype.size() == 8 { [2, 3, 0, 1] } else { [3, 2, 1, 0] };
        self.words(vector(dtype), x, x, words)
    }

    /// Four bytes, each 0 or 1, as truth values.
    fn bytes_to_mask(&mut self, bytes: Value) -> Lanes {
        let x = self.ins().scalar_to_vector(types::I32X4, bytes);
        let x = self.as_type(types::I8X16, x);
        let x = self.ins().uwiden_low(x);
        let x = self.ins().uwiden_low(x);
        self.nonzero(Lanes::new(DType::I32, Parts::Narrow(x)))
    }

    fn nonzero(&mut self, x: Lanes) -> Lanes {
        self.each(DType::Bool, x, |e, x| {
            let zero = e.number(x, 0.0);
            e.ins().icmp(IntCC::SignedGreaterThan, x, zero)
        })
    }

    /// Four truth values as bytes, each 0 or 1.
    fn mask_to_bytes(&mut self, mask: Lanes) -> Value {
        let x = self.narrow(mask);
        let x = self.ins().snarrow(x, x);
        let x = self.ins().snarrow(x, x);
        let x = self.as_type(types::I32X4, x);
        let x = self.ins().extractlane(x, 0);
        self.ins().band_imm_u(x, 0x0101_0101)
    }
}

/// Elements that are narrower in memory than in registers.
impl Emitter<'_> {
    /// Loads four elements: integers with their signs, floats of 16 bits as their bits.
    fn load_bits(&mut self, spot: Spot) -> Lanes {
        let Spot { dtype, step, address, offset, flags, .. } = spot;
        match step {
            Step::Unit => self.load_packed(dtype, address, offset, flags),
            Step::MinusUnit => {
                let lanes = self.load_packed(dtype, address, offset - 3 * dtype.size() as i32, flags);
                self.turned(lanes)
            }
            _ => {
                let addresses = self.addresses(spot);
                let lanes =
                    addresses.map(|(address, offset)| self.load_bits_of_one(dtype, address, offset, flags));
                self.join(bits_dtype(dtype), lanes)
            }
        }
    }

    fn load_bits_of_one(&mut self, dtype: DType, address: Value, offset: i32, flags: MemFlagsData) -> Value {
        match (dtype.size(), is_signed(dtype)) {
            (1, true) => self.ins().sload8(types::I32, flags, address, offset),
            (1, false) => self.ins().uload8(types::I32, flags, address, offset),
            (2, true) => self.ins().sload16(types::I32, flags, address, offset),
            (2, false) => self.ins().uload16(types::I32, flags, address, offset),
            _ => self.ins().uload32(flags, address, offset),
        }
    }

    /// Loads four elements side by side.
    fn load_packed(&mut self, dtype: DType, address: Value, offset: i32, flags: MemFlagsData) -> Lanes {
        let widen = |e: &mut Self, x: Value| match is_signed(dtype) {
            true => e.ins().swiden_low(x),
            false => e.ins().uwiden_low(x),
        };
        let parts = match dtype.size() {
            1 => {
                let bytes = self.ins().load(types::I32, flags, address, offset);
                let x = self.ins().scalar_to_vector(types::I32X4, bytes);
                let x = self.as_type(types::I8X16, x);
                let x = widen(self, x);
                Parts::Narrow(widen(self, x))
            }
            2 => {
                let words = self.ins().load(types::I64, flags, address, offset);
                let x = self.ins().scalar_to_vector(types::I64X2, words);
                let x = self.as_type(types::I16X8, x);
                Parts::Narrow(widen(self, x))
            }
            _ => {
                let x = self.ins().load(types::I32X4, flags, address, offset);
                Parts::Wide([self.ins().uwiden_low(x), self.ins().uwiden_high(x)])
            }
        };
        Lanes::new(bits_dtype(dtype), parts)
    }

    /// Stores four elements, which are within the range of the dtype.
    fn store_bits(&mut self, spot: Spot, bits: Lanes) {
        let Spot { dtype, step, address, offset, flags, .. } = spot;
        match step {
            Step::Unit => self.store_packed(dtype, bits, address, offset, flags),
            Step::MinusUnit => {
                let bits = self.turned(bits);
                self.store_packed(dtype, bits, address, offset - 3 * dtype.size() as i32, flags);
            }
            _ => {
                let (addresses, lanes) = (self.addresses(spot), self.split(bits));
                for ((address, offset), x) in addresses.into_iter().zip(lanes) {
                    match dtype.size() {
                        1 => self.ins().istore8(flags, x, address, offset),
                        2 => self.ins().istore16(flags, x, address, offset),
                        _ => self.ins().istore32(flags, x, address, offset),
                    };
                }
            }
        }
    }

    /// Stores four elements side by side.
    fn store_packed(&mut self, dtype: DType, bits: Lanes, address: Value, offset: i32, flags: MemFlagsData) {
        let narrow = |e: &mut Self, x: Value, signed: bool| match signed {
            true => e.ins().snarrow(x, x),
            false => e.ins().unarrow(x, x),
        };
        let x = self.narrow(bits);
        let packed = match dtype.size() {
            1 => {
                let x = narrow(self, x, true);
                let x = narrow(self, x, is_signed(dtype));
                let x = self.as_type(types::I32X4, x);
                self.ins().extractlane(x, 0)
            }
            2 => {
                let x = narrow(self, x, is_signed(dtype));
                let x = self.as_type(types::I64X2, x);
                self.ins().extractlane(x, 0)
            }
            _ => x,
        };
        self.ins().store(flags, packed, address, offset);
    }

    /// Values of `dtype`, given what memory has of them.
    fn of_bits(&mut self, dtype: DType, bits: Lanes) -> Lanes {
        let values = match dtype.is_half() {
            true => self.expand(math::loaded(dtype), &[bits]),
            false => bits,
        };
        Lanes { dtype, constant: None, uniform: None, ..values }
    }

    /// What memory has of values.
    fn bits_of(&mut self, values: Lanes) -> Lanes {
        let lanes = Lanes { dtype: values.dtype.carrier(), constant: None, uniform: None, ..values };
        match values.dtype.is_half() {
            true => self.expand(math::stored(values.dtype), &[lanes]),
            false => lanes,
        }
    }

    /// Four elements the other way round.
    fn turned(&mut self, lanes: Lanes) -> Lanes {
        let parts = match lanes.parts {
            Parts::Narrow(x) => Parts::Narrow(self.reversed(lanes.dtype, x)),
            Parts::Wide([low, high]) => Parts::Wide([high, low].map(|part| self.reversed(lanes.dtype, part))),
        };
        Lanes::new(lanes.dtype, parts)
    }
}

/// The dtype of what memory has of such elements, in registers.
fn bits_dtype(dtype: DType) -> DType {
    if dtype.is_half() { DType::I32 } else { dtype.carrier() }
}

/// Whether elements are integers with a sign.
pub(super) fn is_signed(dtype: DType) -> bool {
    dtype.is_int() && !dtype.is_unsigned()
}

/// Vectors that four elements fill.
fn parts(dtype: DType) -> i32 {
    if dtype.size() == 8 { 2 } else { 1 }
}
