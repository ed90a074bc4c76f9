//! Reductions of rows, as `StripKind::Fold` defines them: lanes, rounds, blocks, and the tree of
//! blocks.
//!
//! A block's accumulators live in stack memory, one place per lane, and an element joins its lane
//! by the same code that a map has: a stretch whose further arguments and outputs are the lanes,
//! starting over after every round; what a fold stores of its elements are outputs after those. Lanes
//! without an element are never touched and so keep the identity. Where the body is short and its
//! arguments lie side by side, whole rounds run before that with lanes in registers, all of them or
//! some at a time.
//!
//! Finished blocks are merged as a binary counter counts. Level `k` of the scratch holds the lanes
//! of `2^k` blocks; block `b` takes up one level per trailing one of `b` and becomes the level of
//! the lowest zero; the last block takes up all levels there are, which are the ones of its number.
//! Levels hold earlier elements, so they stand on the left. A complete row ends with its lanes in
//! registers, halved between vectors and then inside them.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlot, Value, types};
use smallvec::SmallVec;

use super::element::with_element;
use super::lanes::{Emitter, LANES, Lanes, Parts};
use super::memory::{Spot, flags, known_step};
use super::nest::Frame;
use super::stretch::{Place, Stretch, args};
use crate::base::strip::{LANE_BYTES, ROUNDS, Step};
use crate::base::{DType, Scalar};
use crate::kernel::{Operand, Strip};
use crate::op::{Builder, Expr, Fold, Inst};

/// Registers that lanes may fill, half of those there are; the body has the others.
pub(super) const LANE_VECTORS: usize = 8;

/// The most work, as [`Expr::weight`] counts it, that a round in registers may repeat in the code.
pub(super) const ROUND_WEIGHT: usize = 64;

/// Emits a strip that combines each row into lanes.
pub(super) fn fold(e: &mut Emitter, strip: &Strip, fold: Fold) {
    let frame = Frame::open(e, strip);
    let reduction = Reduction::new(e, strip, fold);
    let frame = &frame;
    frame.rows(e, strip, None, |e, at| reduction.row(e, frame, at));
}

/// One accumulator.
struct Accumulator {
    dtype: DType,
    identity: Scalar,
    slot: StackSlot,
}

/// The values of a round in registers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Four at a time, as many as there are lanes.
    Lanes,
    /// Truth values as masks, four at a time, in fewer lanes than there are.
    Masks,
    /// Truth values as bytes, sixteen at a time: what combines them combines their bits.
    Bytes,
}

struct Reduction<'s> {
    strip: &'s Strip,
    lanes: usize,
    /// How values sit in the registers of a round.
    group: Group,
    accumulators: Vec<Accumulator>,
    /// The strip's arguments, the accumulators as arguments, and as outputs, and what is stored.
    places: Vec<Place>,
    /// Takes those arguments and gives the accumulators with one element more, and what is stored.
    step: Expr,
    /// Takes the accumulators of two parts, and gives those of both.
    merge: Expr,
}

impl<'s> Reduction<'s> {
    fn new(e: &mut Emitter, strip: &'s Strip, fold: Fold) -> Self {
        let dtypes: Vec<DType> = strip.accumulators().iter().map(|operand| operand.dtype).collect();
        let lanes = Strip::lanes(dtypes.iter().copied());
        let accumulators: Vec<Accumulator> = dtypes
            .iter()
            .zip(fold.identity(dtypes[0]))
            .map(|(&dtype, identity)| Accumulator { dtype, identity, slot: e.slot(lanes * dtype.size()) })
            .collect();
        let arguments = &strip.operands[..strip.arguments];
        let place = |operand: &Operand| Place { dtype: operand.dtype, step: operand.step, wrap: None };
        let mut places: Vec<Place> = arguments.iter().map(place).collect();
        let lane_places = dtypes.iter().map(|&dtype| Place { dtype, step: Step::Unit, wrap: Some(lanes) });
        places.extend(lane_places.clone().chain(lane_places));
        places.extend(strip.operands[strip.stored()].iter().map(place));

        let mut b = Builder::default();
        let mut part = |first: usize| -> Vec<_> {
            dtypes.iter().enumerate().map(|(k, dtype)| b.arg(first + k, *dtype)).collect()
        };
        let (left, right) = (part(0), part(dtypes.len()));
        let outs = fold.combine(&mut b, &left, &right);
        let merge = b.finish(outs);
        let truths = dtypes.iter().all(|dtype| *dtype == DType::Bool);
        let stored = |operand: &Operand| (operand.dtype, operand.step) == (DType::Bool, Step::Unit);
        let group = match truths {
            false => Group::Lanes,
            true if strip.body.len() == 1 && strip.stored().is_empty() && arguments.iter().all(stored) => {
                Group::Bytes
            }
            true => Group::Masks,
        };
        let step = with_element(strip, fold);
        Self { strip, lanes, group, accumulators, places, step, merge }
    }

    /// Emits one row, its operands starting at `at`.
    fn row(&self, e: &mut Emitter, frame: &Frame, at: &[Value]) {
        let [block, work, combined, merge, merge_one, merged, keep_lanes, complete, finish] =
            std::array::from_fn(|_| e.builder.create_block());
        let block_length = (ROUNDS * self.lanes) as i64;
        let arguments = self.strip.arguments;
        let inner = frame.inner_steps(e, self.strip);
        let lane_addresses: Vec<Value> =
            self.accumulators.iter().map(|a| e.ins().stack_addr(types::I64, a.slot, 0)).collect();
        let zero = e.int(0);
        e.ins().jump(block, &args(&[&[zero]]));

        e.builder.switch_to_block(block);
        let number = e.parameter(block);
        let start = e.ins().imul_imm_s(number, block_length);
        let rest = e.ins().isub(frame.n, start);
        let full = e.int(block_length);
        let count = e.ins().umin(rest, full);
        // Where the arguments and what is stored are.
        let elements = || (0..arguments).chain(self.strip.stored());
        let first: Vec<Value> = elements().map(|k| at[k]).collect();
        let starts = frame.advanced(e, self.strip, elements(), &first, &inner, start);
        if self.rounds_fit() {
            let (rounds, fresh) = (e.builder.create_block(), e.builder.create_block());
            let whole = e.ins().band_imm_s(count, -(self.round() as i64));
            e.ins().brif(whole, rounds, &[], fresh, &[]);

            e.builder.switch_to_block(rounds);
            if self.group == Group::Masks {
                self.forget(e, &lane_addresses);
            }
            self.rounds(e, frame, &starts, whole);
            let left = e.ins().band_imm_s(count, self.round() as i64 - 1);
            let starts_left = frame.advanced(e, self.strip, elements(), &starts, &inner, whole);
            e.ins().brif(left, work, &args(&[&[left], &starts_left]), combined, &[]);
            e.builder.switch_to_block(fresh);
        }
        self.forget(e, &lane_addresses);
        e.ins().brif(count, work, &args(&[&[count], &starts]), combined, &[]);

        e.builder.switch_to_block(work);
        let count = e.parameter(work);
        let mut operands: Vec<Value> = starts.iter().map(|_| e.parameter(work)).collect();
        let both = || lane_addresses.iter().chain(&lane_addresses).copied();
        operands.splice(arguments..arguments, both());
        let mut steps: Vec<Option<Value>> = elements().map(|k| inner[k]).collect();
        steps.splice(arguments..arguments, both().map(|_| None));
        let stretch = Stretch {
            places: &self.places,
            arguments: arguments + self.accumulators.len(),
            body: &self.step,
            scalars: &frame.scalars,
        };
        stretch.emit(e, &operands, &steps, count);
        e.ins().jump(combined, &[]);

        e.builder.switch_to_block(combined);
        let next = e.ins().iadd_imm_s(number, 1);
        let more = e.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, rest, block_length);
        let trailing_ones = e.ins().band_not(number, next);
        let levels = e.ins().select(more, trailing_ones, number);
        e.ins().jump(merge, &args(&[&[levels]]));

        e.builder.switch_to_block(merge);
        let levels = e.parameter(merge);
        e.ins().brif(levels, merge_one, &[], merged, &[]);
        e.builder.switch_to_block(merge_one);
        let level = self.level(e, frame, levels);
        self.merge_level(e, level, &lane_addresses);
        let below = e.ins().iadd_imm_s(levels, -1);
        let levels = e.ins().band(levels, below);
        e.ins().jump(merge, &args(&[&[levels]]));

        // The block becomes a level, or all there is: lanes or one value.
        e.builder.switch_to_block(merged);
        let keep = e.ins().uextend(types::I64, more);
        let told = frame.inner_step(e, arguments);
        let keep = e.ins().bor(keep, told);
        e.ins().brif(keep, keep_lanes, &[], complete, &[]);
        e.builder.switch_to_block(keep_lanes);
        let level = self.level(e, frame, next);
        for (k, accumulator) in self.accumulators.iter().enumerate() {
            let place = e.ins().iadd_imm_s(level, (k * LANE_BYTES) as i64);
            let place = e.ins().select(more, place, at[arguments + k]);
            for offset in (0..self.lanes * accumulator.dtype.size()).step_by(16) {
                let lanes = e.ins().load(types::I8X16, flags(), lane_addresses[k], offset as i32);
                e.ins().store(flags(), lanes, place, offset as i32);
            }
        }
        e.ins().brif(more, block, &args(&[&[next]]), finish, &[]);
        e.builder.switch_to_block(complete);
        for (value, at) in self.halved(e, &lane_addresses).into_iter().zip(&at[arguments..]) {
            e.store_first(value, *at);
        }
        e.ins().jump(finish, &[]);
        e.builder.switch_to_block(finish);
    }

    /// The lanes at these addresses combined by halving: the first of each accumulator's four is
    /// its value.
    fn halved(&self, e: &mut Emitter, lanes: &[Value]) -> SmallVec<[Lanes; 2]> {
        // Truth values alone combine bit by bit, so sixteen bytes at once.
        let bytes = self.accumulators.iter().all(|a| a.dtype == DType::Bool);
        let width = if bytes { 16 } else { LANES };
        let mut groups: Vec<SmallVec<[Lanes; 2]>> = (0..self.lanes / width)
            .map(|group| {
                let load = |(a, at): (&Accumulator, &Value)| {
                    if bytes {
                        return byte_lanes(e.ins().load(types::I8X16, flags(), *at, 16 * group as i32));
                    }
                    let offset = (group * LANES * a.dtype.size()) as i32;
                    let (dtype, step) = (a.dtype, Step::Unit);
                    e.load(Spot { dtype, step, address: *at, offset, inner: None, flags: flags() })
                };
                self.accumulators.iter().zip(lanes).map(load).collect()
            })
            .collect();
        while groups.len() > 1 {
            let right = groups.split_off(groups.len() / 2);
            groups = groups.iter().zip(&right).map(|(left, right)| self.merged(e, left, right)).collect();
        }
        let mut left = groups.swap_remove(0);
        let mut half = width / 2;
        while half > 0 {
            let right: SmallVec<[Lanes; 2]> = left.iter().map(|lanes| e.moved_down(*lanes, half)).collect();
            left = self.merged(e, &left, &right);
            half /= 2;
        }
        left
    }

    /// The accumulators of `left` and `right` combined.
    fn merged(&self, e: &mut Emitter, left: &[Lanes], right: &[Lanes]) -> SmallVec<[Lanes; 2]> {
        e.evaluate(&self.merge, &mut |_, inst| match inst {
            Inst::Arg(arg) => *left.iter().chain(right).nth(*arg as usize).expect("two sides"),
            other => unreachable!("{other:?} in a merge"),
        })
    }

    /// The address of the level whose number is that of the lowest bit of `bits`.
    fn level(&self, e: &mut Emitter, frame: &Frame, bits: Value) -> Value {
        let number = e.ins().ctz(bits);
        let offset = e.ins().imul_imm_s(number, (self.accumulators.len() * LANE_BYTES) as i64);
        e.ins().iadd(frame.scratch, offset)
    }

    /// Sets all lanes to the identity.
    fn forget(&self, e: &mut Emitter, lanes: &[Value]) {
        for (accumulator, address) in self.accumulators.iter().zip(lanes) {
            let ty = match accumulator.dtype {
                DType::Bool => types::I8X16,
                dtype => super::lanes::vector(dtype),
            };
            let identity = e.splat_bits(ty, accumulator.identity.bits());
            for offset in (0..self.lanes * accumulator.dtype.size()).step_by(16) {
                e.ins().store(flags(), identity, *address, offset as i32);
            }
        }
    }

    /// Combines all lanes at `level` with the block's, on the right, into the block's.
    fn merge_level(&self, e: &mut Emitter, level: Value, lanes: &[Value]) {
        let (group, done) = (e.builder.create_block(), e.builder.create_block());
        let zero = e.int(0);
        e.ins().jump(group, &args(&[&[zero]]));
        e.builder.switch_to_block(group);
        let lane = e.parameter(group);
        let count = self.accumulators.len();
        let spot = |e: &mut Emitter, k: usize, base: Value, offset: usize| {
            let dtype = self.accumulators[k].dtype;
            let distance = e.ins().imul_imm_s(lane, dtype.size() as i64);
            let address = e.ins().iadd(base, distance);
            Spot { dtype, step: Step::Unit, address, offset: offset as i32, inner: None, flags: flags() }
        };
        let outs = e.evaluate(&self.merge, &mut |e, inst| match inst {
            Inst::Arg(arg) => {
                let arg = *arg as usize;
                let spot = match arg.checked_sub(count) {
                    None => spot(e, arg, level, arg * LANE_BYTES),
                    Some(k) => spot(e, k, lanes[k], 0),
                };
                e.load(spot)
            }
            other => unreachable!("{other:?} in a merge"),
        });
        for (k, out) in outs.into_iter().enumerate() {
            let spot = spot(e, k, lanes[k], 0);
            e.store(spot, out);
        }
        let next = e.ins().iadd_imm_s(lane, LANES as i64);
        let more = e.ins().icmp_imm_u(IntCC::UnsignedLessThan, next, self.lanes as i64);
        e.ins().brif(more, group, &args(&[&[next]]), done, &[]);
        e.builder.switch_to_block(done);
    }

    /// Whether whole rounds run in registers.
    fn rounds_fit(&self) -> bool {
        let near = |place: &Place| matches!(place.step, Step::Unit | Step::MinusUnit | Step::Zero);
        self.held() != 0
            && (self.group != Group::Lanes || self.accumulators.iter().all(|a| a.dtype != DType::Bool))
            && self.places.iter().all(near)
            && self.step.weight() * self.groups() <= ROUND_WEIGHT
    }

    /// Groups whose accumulators are in registers at a time.
    fn held(&self) -> usize {
        let vectors: usize = self.accumulators.iter().map(|a| vectors(a.dtype)).sum();
        self.groups().min(LANE_VECTORS / vectors)
    }

    /// Elements of a round in registers.
    fn round(&self) -> usize {
        if self.group == Group::Masks { LANE_VECTORS * LANES } else { self.lanes }
    }

    /// Elements of a group.
    fn width(&self) -> usize {
        if self.group == Group::Bytes { 16 } else { LANES }
    }

    /// Groups of a round.
    fn groups(&self) -> usize {
        self.round() / self.width()
    }

    /// `count` elements, a multiple of a round and not zero, from `at` on, into fresh lanes.
    fn rounds(&self, e: &mut Emitter, frame: &Frame, at: &[Value], count: Value) {
        let arguments = &self.strip.operands[..self.strip.arguments];
        let fixed: Vec<Option<Lanes>> = arguments
            .iter()
            .zip(at)
            .map(|(operand, at)| {
                (operand.step == Step::Zero).then(|| e.load_splat(operand.dtype, *at, flags()))
            })
            .collect();
        // Lanes do not meet, so all rounds of some may come before those of others.
        for first in (0..self.groups()).step_by(self.held()) {
            self.some_rounds(e, frame, at, &fixed, count, first);
        }
    }

    /// The rounds of the groups that registers hold, from `first` on; `fixed` are the arguments that
    /// are the same everywhere.
    fn some_rounds(
        &self,
        e: &mut Emitter,
        frame: &Frame,
        at: &[Value],
        fixed: &[Option<Lanes>],
        count: Value,
        first: usize,
    ) {
        let (round, done) = (e.builder.create_block(), e.builder.create_block());
        let (groups, arguments) = (self.held(), self.strip.arguments);
        let identity = |a: &Accumulator| match self.group {
            Group::Bytes => byte_lanes(e.splat_bits(types::I8X16, a.identity.bits())),
            _ => e.constant(a.identity),
        };
        let fresh: Vec<Lanes> = self.accumulators.iter().map(identity).collect();
        let fresh: Vec<Value> = (0..groups)
            .flat_map(|_| fresh.iter().flat_map(|lanes| lanes.parts.as_slice()))
            .copied()
            .collect();
        let zero = e.int(0);
        e.ins().jump(round, &args(&[&[zero, count], &fresh]));

        e.builder.switch_to_block(round);
        let (j, end) = (e.parameter(round), e.parameter(round));
        let held: Vec<Value> = fresh
            .iter()
            .map(|value| {
                let ty = e.type_of(*value);
                e.builder.append_block_param(round, ty)
            })
            .collect();
        let mut held = &held[..];
        let mut next: Vec<Lanes> = Vec::with_capacity(groups * self.accumulators.len());
        let stored = self.strip.stored();
        for group in first..first + groups {
            let accumulated: SmallVec<[Lanes; 2]> = self
                .accumulators
                .iter()
                .map(|accumulator| {
                    let (parts, rest) = held.split_at(vectors(accumulator.dtype));
                    held = rest;
                    Lanes::new(accumulator.dtype, Parts::new(parts))
                })
                .collect();
            let outs = e.evaluate(&self.step, &mut |e, inst| match inst {
                Inst::Scalar(scalar) => frame.scalars[*scalar as usize],
                Inst::Arg(arg) => {
                    let k = *arg as usize;
                    match k.checked_sub(arguments) {
                        Some(k) => accumulated[k],
                        None => fixed[k].unwrap_or_else(|| {
                            let mut spot = self.round_spot(e, k, at[k], j, group);
                            // Nobody writes it meanwhile, and a load that may move is placed next to its
                            // use: else all loads of a round would come before its arithmetic, and need
                            // more registers than there are.
                            if stored.is_empty() {
                                spot.flags = spot.flags.with_readonly().with_can_move();
                            }
                            match self.group {
                                Group::Bytes => byte_lanes(e.ins().load(
                                    types::I8X16,
                                    spot.flags,
                                    spot.address,
                                    spot.offset,
                                )),
                                _ => e.load(spot),
                            }
                        }),
                    }
                }
                other => unreachable!("{other:?} in a strip"),
            });
            let (accumulated, elements) = outs.split_at(self.accumulators.len());
            next.extend_from_slice(accumulated);
            for ((k, at), element) in stored.clone().zip(&at[arguments..]).zip(elements) {
                let spot = self.round_spot(e, k, *at, j, group);
                e.store(spot, *element);
            }
        }
        let next: Vec<Lanes> = next.into_iter().map(|lanes| e.settled(lanes)).collect();
        let values: Vec<Value> = next.iter().flat_map(|lanes| lanes.parts.as_slice()).copied().collect();
        let next_j = e.ins().iadd_imm_s(j, self.round() as i64);
        let more = e.ins().icmp(IntCC::UnsignedLessThan, next_j, end);
        e.ins().brif(more, round, &args(&[&[next_j, end], &values]), done, &[]);

        e.builder.switch_to_block(done);
        for (index, lanes) in next.into_iter().enumerate() {
            let (group, k) = (index / self.accumulators.len(), index % self.accumulators.len());
            let offset = (first + group) * self.width() * lanes.dtype.size();
            if self.group == Group::Masks {
                let address = e.ins().stack_addr(types::I64, self.accumulators[k].slot, offset as i32);
                let (dtype, step) = (lanes.dtype, Step::Unit);
                e.store(Spot { dtype, step, address, offset: 0, inner: None, flags: flags() }, lanes);
                continue;
            }
            for (part, value) in lanes.parts.as_slice().iter().enumerate() {
                e.ins().stack_store(
                    types::I64,
                    *value,
                    self.accumulators[k].slot,
                    (offset + 16 * part) as i32,
                );
            }
        }
    }

    /// Where operand `k` is at the `group`-th four elements after column `j`.
    fn round_spot(&self, e: &mut Emitter, k: usize, at: Value, j: Value, group: usize) -> Spot {
        let operand = self.strip.operands[k];
        let step = known_step(operand.step, operand.dtype).expect("rounds take known steps");
        let distance = e.ins().imul_imm_s(j, step);
        Spot {
            dtype: operand.dtype,
            step: operand.step,
            address: e.ins().iadd(at, distance),
            offset: (group * self.width()) as i32 * step as i32,
            inner: None,
            flags: flags(),
        }
    }
}

/// Vectors that hold four accumulators.
pub(super) fn vectors(dtype: DType) -> usize {
    (dtype.size() / LANES).max(1)
}

/// Sixteen truth values as bytes.
fn byte_lanes(bytes: Value) -> Lanes {
    Lanes::new(DType::Bool, Parts::Narrow(bytes))
}
