//! Elements in and out of memory, by how an operand is stepped through.
//!
//! Whole vectors side by side are moved as they are; other steps are gathered and scattered, lane by
//! lane. In memory a truth value is one byte, 0 or 1. In the last iteration, lanes that do not exist
//! are neither read nor written: their values are zero.

use super::body::{Class, Fixed, Inst, Place, Plain, Source, V};
use super::forms::Op;
use super::select::{Lanes, Selector, held, plain};
use crate::base::DType;
use crate::base::strip::Step;
use crate::codegen::memory::is_signed;
use crate::op::math;

impl Selector<'_> {
    /// The elements of an argument.
    pub(super) fn load(&mut self, operand: usize) -> Lanes {
        let described = self.strip.operands[operand];
        let (dtype, size) = (described.dtype, described.dtype.size() as u8);
        let v = match (described.step, dtype) {
            (Step::Zero, _) => return self.uniform(dtype, Fixed::Uniform(operand)),
            (Step::Iota, _) => self.index(operand),
            (step, DType::Bool) => self.load_truth(operand, step),
            _ if dtype.is_packed() => return self.load_packed(operand),
            (Step::Unit, _) if !self.last => {
                let dst = self.fresh_vector(size);
                self.body.insts.push(Inst::Load { dst, operand });
                dst
            }
            (Step::Unit, _) => {
                let (dst, width, place) = (self.fresh_vector(size), self.width(size), self.place(operand));
                let load = Plain { dst: Some(dst), b: Source::Place(place), ..plain(Op::Load, size, width) };
                match self.body.active {
                    Some(active) => self.push(Plain { mask: Some(active), zero: true, ..load }),
                    None => {
                        let tail = self.tail(size);
                        self.push(Plain { op: Op::LoadLanes, a: Some(tail), ..load });
                    }
                }
                dst
            }
            (Step::MinusUnit, _) if !self.last && self.whole_order(size) => {
                let (width, lanes) = (self.width(size), self.lanes);
                let disp = -i32::from(size) * (i32::from(lanes) - 1);
                let whole = self.fresh_vector(size);
                let place = Place::Operand { operand, disp };
                self.push(Plain {
                    dst: Some(whole),
                    b: Source::Place(place),
                    ..plain(Op::Load, size, width)
                });
                self.reversed(size, whole)
            }
            (Step::Pair, _) if !self.last && self.width(size) >= 32 => self.firsts(operand, size),
            (Step::MinusUnit | Step::Pair | Step::General, _) => self.gather(operand, size),
        };
        Lanes::new(dtype, v)
    }

    /// Stores to an output.
    pub(super) fn store(&mut self, operand: usize, lanes: Lanes) {
        let described = self.strip.operands[operand];
        let size = described.dtype.size() as u8;
        match (described.step, described.dtype) {
            (step, DType::Bool) => self.store_truth(operand, step, lanes),
            (_, dtype) if dtype.is_packed() => self.store_packed(operand, lanes),
            (Step::Unit, _) => self.store_side_by_side(operand, size, lanes.v),
            (Step::MinusUnit, _) if !self.last && self.whole_order(size) => {
                let turned = self.reversed(size, lanes.v);
                let width = self.width(size);
                let disp = -i32::from(size) * (i32::from(self.lanes) - 1);
                let place = Place::Operand { operand, disp };
                self.push(Plain {
                    a: Some(turned),
                    b: Source::Place(place),
                    ..plain(Op::Store, size, width)
                });
            }
            _ if self.evex() => self.scatter(operand, size, lanes.v),
            _ => {
                let width = self.width(size);
                let slot = self.slots.vector(width);
                let place = Place::Slot(slot);
                self.push(Plain {
                    a: Some(lanes.v),
                    b: Source::Place(place),
                    ..plain(Op::Store, size, width)
                });
                self.body.insts.push(Inst::Stage { operand, out: true, size, slot });
            }
        }
    }

    /// Every other element, the first among them. Of two whole vectors, the second ends with the last that is
    /// asked for: after it there may be no more.
    fn firsts(&mut self, operand: usize, size: u8) -> V {
        let (width, lanes) = (self.width(size), self.lanes);
        let [low, high] = [0, i32::from(size) * (i32::from(lanes) - 1)].map(|disp| {
            let (dst, place) = (self.fresh_vector(size), Place::Operand { operand, disp });
            self.push(Plain { dst: Some(dst), b: Source::Place(place), ..plain(Op::Load, size, width) });
            dst
        });
        // In every 16 bytes those at even places of the low vector, then those at odd ones of the high.
        let mixed = self.fresh_vector(size);
        let imm = if size == 4 { 0b11_01_10_00 } else { 0b1010_1010 >> (8 - lanes) };
        let (a, b) = (Some(low), Source::Value(high));
        self.push(Plain { dst: Some(mixed), a, b, imm, ..plain(Op::ShuffleTwo, size, width) });
        if size == 8 && !self.evex() {
            return self.each_imm(Op::PermuteQuarters, 8, mixed, 0b11_01_10_00);
        }
        let half = 8 / size;
        let from = |first: u8| (0..lanes / 2).map(move |i| 2 * half * (i / half) + first + i % half);
        let order: Vec<u8> = from(0).chain(from(half)).collect();
        self.permuted(size, mixed, &order)
    }

    fn store_side_by_side(&mut self, operand: usize, size: u8, v: V) {
        let (width, place) = (self.width(size), self.place(operand));
        let store = Plain { a: Some(v), b: Source::Place(place), ..plain(Op::Store, size, width) };
        match (self.last, self.body.active) {
            (false, _) => self.push(store),
            (true, Some(active)) => self.push(Plain { mask: Some(active), ..store }),
            (true, None) => {
                let tail = self.tail(size);
                self.push(Plain { op: Op::StoreLanes, mask: Some(tail), ..store });
            }
        }
    }

    /// Whether one instruction orders the lanes of a whole vector.
    fn whole_order(&self, size: u8) -> bool {
        self.evex() || size == 8 || self.width(size) == 32
    }

    fn reversed(&mut self, size: u8, a: V) -> V {
        if size == 8 && !self.evex() {
            return self.each_imm(Op::PermuteQuarters, 8, a, 0b00_01_10_11);
        }
        let order: Vec<u8> = (0..self.lanes).rev().collect();
        self.permuted(size, a, &order)
    }

    /// The lanes of `size` bytes that exist in the last iteration; AVX2 code.
    pub(super) fn tail(&mut self, size: u8) -> V {
        let width = self.width(size);
        self.fix(Fixed::Tail { size }, size, width)
    }

    /// An index: where the operand stands, and its steps from there.
    fn index(&mut self, operand: usize) -> V {
        let (width, place) = (self.width(8), self.place(operand));
        let ladder = self.fix(Fixed::Ladder { operand, second: false }, 8, width);
        // The place of an index is its value, in a general register.
        let first = self.fresh_vector(8);
        self.push(Plain { dst: Some(first), b: Source::Place(place), ..plain(Op::BroadcastGpr, 8, width) });
        self.rvm(Op::IAdd, 8, first, ladder)
    }

    /// Lanes at any distance, as many at once as there are distances in a vector.
    fn gather(&mut self, operand: usize, size: u8) -> V {
        let halves = self.halves(size);
        if halves == 1 {
            let (lanes, width) = (self.lanes, self.width(8));
            return self.gather_part(operand, size, false, lanes, width);
        }
        let (width, lanes) = (self.width(4), self.lanes / 2);
        let low = self.gather_part(operand, size, false, lanes, width);
        let high = self.gather_part(operand, size, true, lanes, width);
        let dst = self.fresh_vector(size);
        self.push(Plain {
            dst: Some(dst),
            a: Some(low),
            b: Source::Value(high),
            imm: 1,
            ..plain(Op::InsertHalf, 8, width)
        });
        dst
    }

    /// How many vectors of distances an iteration needs.
    fn halves(&self, size: u8) -> u8 {
        if size == 4 && self.lanes == self.widest_lanes() { 2 } else { 1 }
    }

    /// Words in the widest vector.
    fn widest_lanes(&self) -> u8 {
        if self.evex() { 16 } else { 8 }
    }

    fn gather_part(&mut self, operand: usize, size: u8, second: bool, lanes: u8, width: u8) -> V {
        let result_width = lanes * size;
        let index = self.fix(Fixed::Ladder { operand, second }, 8, width);
        let zero = self.body.value(Class::Vector, size, result_width);
        self.push(Plain { dst: Some(zero), ..plain(Op::Xor, size, result_width) });
        let dst = self.body.value(Class::Vector, size, result_width);
        let gather = Plain {
            dst: Some(dst),
            tied: Some(zero),
            b: Source::Lanes { operand, index },
            ..plain(Op::Gather, size, width)
        };
        if self.evex() {
            let mask = self.lanes_mask(second);
            self.push(Plain { mask: Some(mask), ..gather });
        } else {
            // The instruction clears its mask, so it has one of its own.
            let mask = self.body.value(Class::Vector, size, result_width);
            let from = match (self.last, second) {
                (false, _) => self.splat_wide(size, result_width),
                (true, false) => self.tail(size),
                (true, true) => {
                    let whole = self.tail(size);
                    self.upper_half(whole, size)
                }
            };
            self.push(Plain { dst: Some(mask), b: Source::Value(from), ..plain(Op::Copy, 4, result_width) });
            self.push(Plain { a: Some(mask), ..gather });
        }
        dst
    }

    /// All ones, in a vector of this width.
    fn splat_wide(&mut self, size: u8, width: u8) -> V {
        let bits = if size == 4 { 0xffff_ffff } else { u64::MAX };
        self.fix(Fixed::Splat { size, bits }, size, width)
    }

    /// A mask register of one's own with the lanes that exist, or of the second half of them.
    fn lanes_mask(&mut self, second: bool) -> V {
        let (size, mask) = (self.mask_size(), self.fresh_mask(4));
        let from = match (self.body.active, second) {
            (None, _) => plain(Op::MaskXnor, size, 16),
            (Some(active), false) => Plain { b: Source::Value(active), ..plain(Op::MaskCopy, size, 16) },
            (Some(active), true) => {
                Plain { b: Source::Value(active), imm: 8, ..plain(Op::MaskShiftRight, size, 16) }
            }
        };
        self.push(Plain { dst: Some(mask), ..from });
        mask
    }

    fn scatter(&mut self, operand: usize, size: u8, v: V) {
        let halves = self.halves(size);
        for second in [false, true].into_iter().take(usize::from(halves)) {
            let part = if second { self.upper_half(v, size) } else { v };
            let index = self.fix(Fixed::Ladder { operand, second }, 8, 64);
            let mask = self.lanes_mask(second);
            self.push(Plain {
                a: Some(part),
                b: Source::Lanes { operand, index },
                mask: Some(mask),
                ..plain(Op::Scatter, size, 64)
            });
        }
    }

    /// One byte per lane, not zero where it is true.
    fn load_truth(&mut self, operand: usize, step: Step) -> V {
        let bytes = self.body.value(Class::Vector, 4, 16);
        let direct = step == Step::Unit && (self.evex() || !self.last);
        let place = if direct {
            self.place(operand)
        } else {
            let slot = self.slots.vector(16);
            self.body.insts.push(Inst::Stage { operand, out: false, size: 1, slot });
            Place::Slot(slot)
        };
        let load = Plain { dst: Some(bytes), b: Source::Place(place), ..plain(Op::Load, 4, 16) };
        if !self.evex() {
            let words = self.fresh_vector(4);
            let width = self.width(4);
            let widen =
                Plain { dst: Some(words), b: Source::Place(place), ..plain(Op::BytesToWords, 4, width) };
            self.push(widen);
            let zero = self.splat(4, 0);
            return self.rvm(Op::IGtLanes, 4, words, zero);
        }
        match self.body.active.filter(|_| direct) {
            Some(active) => self.push(Plain { op: Op::LoadBytes, mask: Some(active), zero: true, ..load }),
            None if self.lanes == 16 => self.push(load),
            None => self.push(Plain { op: Op::LoadScalar, size: 8, ..load }),
        }
        let mask = self.fresh_mask(4);
        self.push(Plain {
            dst: Some(mask),
            a: Some(bytes),
            b: Source::Value(bytes),
            ..plain(Op::ByteTest, 4, 16)
        });
        mask
    }

    fn store_truth(&mut self, operand: usize, step: Step, lanes: Lanes) {
        let direct = step == Step::Unit && (self.evex() || !self.last);
        let slot = (!direct).then(|| self.slots.vector(16));
        let place = slot.map_or(self.place(operand), Place::Slot);
        let bytes = self.truth_bytes(lanes);
        let store = Plain { a: Some(bytes), b: Source::Place(place), ..plain(Op::Store, 4, 16) };
        match self.body.active.filter(|_| direct) {
            Some(active) => self.push(Plain { op: Op::StoreBytes, mask: Some(active), ..store }),
            None => match self.lanes {
                16 => self.push(store),
                8 => self.push(Plain { op: Op::StoreScalar, size: 8, ..store }),
                _ => self.push(Plain { op: Op::StoreScalar, size: 4, ..store }),
            },
        }
        if let Some(slot) = slot {
            self.body.insts.push(Inst::Stage { operand, out: true, size: 1, slot });
        }
    }

    /// Truth values as bytes, each 0 or 1, in the low part of 16.
    fn truth_bytes(&mut self, lanes: Lanes) -> V {
        let ones = self.fix(Fixed::Splat { size: 4, bits: 0x0101_0101 }, 4, 16);
        let bytes = self.body.value(Class::Vector, 4, 16);
        if self.evex() {
            self.push(Plain {
                dst: Some(bytes),
                b: Source::Value(ones),
                mask: Some(lanes.v),
                zero: true,
                ..plain(Op::LoadBytes, 4, 16)
            });
            return bytes;
        }
        let words = self.lanes_of(lanes.v, 4);
        let high = if self.width(4) == 32 { self.upper_half(words, 4) } else { words };
        let halves = self.body.value(Class::Vector, 4, 16);
        self.push(Plain {
            dst: Some(halves),
            a: Some(words),
            b: Source::Value(high),
            ..plain(Op::PackWords, 4, 16)
        });
        let packed = self.body.value(Class::Vector, 4, 16);
        self.push(Plain {
            dst: Some(packed),
            a: Some(halves),
            b: Source::Value(halves),
            ..plain(Op::PackHalves, 4, 16)
        });
        self.push(Plain {
            dst: Some(bytes),
            a: Some(packed),
            b: Source::Value(ones),
            ..plain(Op::And, 4, 16)
        });
        bytes
    }
}

/// Elements that are narrower in memory than in registers, side by side.
impl Selector<'_> {
    fn load_packed(&mut self, operand: usize) -> Lanes {
        let dtype = self.strip.operands[operand].dtype;
        let (lane, width) = (held(dtype), self.width(held(dtype)));
        let op = match (dtype, dtype.size(), is_signed(dtype)) {
            (DType::F16, ..) => Op::F16ToF32,
            (_, 1, true) => Op::SignedBytesToWords,
            (_, 1, false) => Op::BytesToWords,
            (_, 2, true) => Op::SignedHalvesToWords,
            (_, 2, false) => Op::HalvesToWords,
            _ => Op::WordsToDoubles,
        };
        let place = if self.last && !self.evex() {
            let slot = self.slots.vector(16);
            self.body.insts.push(Inst::Stage { operand, out: false, size: dtype.size() as u8, slot });
            Place::Slot(slot)
        } else {
            self.place(operand)
        };
        let dst = self.fresh_vector(lane);
        let load = Plain { dst: Some(dst), b: Source::Place(place), ..plain(op, lane, width) };
        match self.body.active {
            Some(active) => self.push(Plain { mask: Some(active), zero: true, ..load }),
            None => self.push(load),
        }
        match dtype {
            DType::BF16 => self.of_bits(dtype, dst),
            _ => Lanes::new(dtype, dst),
        }
    }

    /// A value of `dtype` in every lane, of which each lane holds as many copies as it has room for.
    pub(super) fn unpacked(&mut self, dtype: DType, copies: V) -> Lanes {
        let lane = held(dtype);
        let op = if is_signed(dtype) { Op::ShiftArithmetic } else { Op::ShiftRight };
        let bits = self.each_imm(op, lane, copies, 8 * (lane - dtype.size() as u8));
        self.of_bits(dtype, bits)
    }

    /// Values of `dtype`, given what memory has of them, in lanes of their own.
    fn of_bits(&mut self, dtype: DType, bits: V) -> Lanes {
        match dtype.is_half() {
            true => Lanes { dtype, ..self.expand(math::loaded(dtype), &[Lanes::new(DType::I32, bits)]) },
            false => Lanes::new(dtype, bits),
        }
    }

    fn store_packed(&mut self, operand: usize, lanes: Lanes) {
        let dtype = lanes.dtype;
        let (lane, width, size) = (held(dtype), self.width(held(dtype)), dtype.size() as u8);
        let bits = match dtype {
            DType::BF16 => self.each_imm(Op::ShiftRight, 4, lanes.v, 16),
            _ => lanes.v,
        };
        if !self.evex() && dtype == DType::U32 {
            let words = self.even_words(bits);
            return self.store_side_by_side(operand, 4, words);
        }
        let slot = (self.last && !self.evex()).then(|| self.slots.vector(16));
        let place = slot.map_or(self.place(operand), Place::Slot);
        if self.evex() || dtype == DType::F16 {
            let op = match (dtype, size) {
                (DType::F16, _) => Op::F32ToF16,
                (_, 1) => Op::WordsToBytes,
                (_, 2) => Op::WordsToHalves,
                _ => Op::I64ToI32,
            };
            let store = Plain { a: Some(bits), b: Source::Place(place), ..plain(op, lane, width) };
            self.push(Plain { mask: self.body.active, ..store });
        } else {
            let packed = self.packed(dtype, bits);
            let store = Plain { a: Some(packed), b: Source::Place(place), ..plain(Op::Store, 4, 16) };
            match self.lanes * size {
                16 => self.push(store),
                bytes => self.push(Plain { op: Op::StoreScalar, size: bytes, ..store }),
            }
        }
        if let Some(slot) = slot {
            self.body.insts.push(Inst::Stage { operand, out: true, size, slot });
        }
    }

    /// Words that are within the range of `dtype`, of one or two bytes, in the low part of 16; AVX2 code.
    fn packed(&mut self, dtype: DType, words: V) -> V {
        let pack = |s: &mut Self, op: Op, a: V, b: V| {
            let dst = s.body.value(Class::Vector, 4, 16);
            s.push(Plain { dst: Some(dst), a: Some(a), b: Source::Value(b), ..plain(op, 4, 16) });
            dst
        };
        let high = if self.width(4) == 32 { self.upper_half(words, 4) } else { words };
        let signed = is_signed(dtype);
        if dtype.size() == 2 {
            return pack(self, if signed { Op::PackWords } else { Op::PackWordsUnsigned }, words, high);
        }
        let halves = pack(self, Op::PackWords, words, high);
        pack(self, if signed { Op::PackHalves } else { Op::PackHalvesUnsigned }, halves, halves)
    }
}
