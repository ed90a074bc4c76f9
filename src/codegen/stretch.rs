//! A stretch of columns, four at a time.
//!
//! The last one to three columns run through the same body, which is in the code once: they are
//! copied to the stack, the missing lanes filled with the last element, so that nothing sees a
//! value that is not there; the body's addresses are pointed at the copies for one iteration; and
//! of its outputs the lanes that exist are copied to where they belong. Hence the same bits.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, StackSlot, Type, Value, types};
use smallvec::SmallVec;

use super::lanes::{Emitter, LANES, Lanes, Parts};
use super::memory::{Spot, flags, known_step, raw};
use super::nest::any_inst;
use crate::base::DType;
use crate::base::strip::Step;
use crate::op::{Expr, Inst};

/// One operand of a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) dtype: DType,
    pub(super) step: Step,
    /// After so many elements (a power of two) it starts over: the accumulators of a fold.
    pub(super) wrap: Option<usize>,
}

/// What a stretch computes: `body` reads the first `arguments` of `places` and writes the others.
pub(super) struct Stretch<'s> {
    pub(super) places: &'s [Place],
    pub(super) arguments: usize,
    pub(super) body: &'s Expr,
    pub(super) scalars: &'s [Lanes],
}

/// A column, and how far from the first it is, in bytes, for each step that was asked for.
struct Column {
    index: Value,
    distances: Vec<((i64, Option<usize>), Value)>,
}

impl Column {
    fn new(index: Value) -> Self {
        Self { index, distances: Vec::new() }
    }

    /// Bytes from an operand's first element to this column's, for a known step.
    fn distance(&mut self, e: &mut Emitter, step: i64, wrap: Option<usize>) -> Value {
        if let Some((_, distance)) = self.distances.iter().find(|(key, _)| *key == (step, wrap)) {
            return *distance;
        }
        let index = match wrap {
            Some(lanes) => e.ins().band_imm_s(self.index, lanes as i64 - 1),
            None => self.index,
        };
        let distance = if step == 1 { index } else { e.ins().imul_imm_s(index, step) };
        self.distances.push(((step, wrap), distance));
        distance
    }
}

/// What a loop holds of each operand: an address, with the step if it is not known; or indices in
/// two vectors, with what is added to both.
type Held = Vec<SmallVec<[Value; 3]>>;

/// The stack memory that a tail runs on.
struct Scratch {
    slot: StackSlot,
    /// Per operand in memory the offset of its first lane, and the step from one to the next.
    places: Vec<Option<(i32, i64)>>,
}

/// The columns a stretch is for.
struct Extent<'a> {
    at: &'a [Value],
    inner: &'a [Option<Value>],
    count: Value,
    /// The columns in whole vectors.
    full: Value,
    /// The others.
    tail: Value,
}

impl Stretch<'_> {
    /// Whether operand `k` is anything else than one value.
    fn is_moving(&self, k: usize) -> bool {
        !(self.places[k].step == Step::Zero && k < self.arguments)
    }

    fn moving(&self) -> impl Iterator<Item = usize> {
        (0..self.places.len()).filter(|k| self.is_moving(*k))
    }

    fn in_memory(&self, k: usize) -> bool {
        self.is_moving(k) && self.places[k].step != Step::Iota
    }

    fn step(&self, k: usize) -> Option<i64> {
        known_step(self.places[k].step, self.places[k].dtype)
    }

    /// Emits `count > 0` iterations from the places `at`; what follows runs after them. `inner` has
    /// the steps that are not known.
    pub(super) fn emit(&self, e: &mut Emitter, at: &[Value], inner: &[Option<Value>], count: Value) {
        let [pass, tail_in, tail_out, more, done] = std::array::from_fn(|_| e.builder.create_block());
        let fixed: Vec<Option<Lanes>> = (0..self.places.len())
            .map(|k| (!self.is_moving(k)).then(|| e.load_splat(self.places[k].dtype, at[k], flags())))
            .collect();
        let full = e.ins().band_imm_s(count, -(LANES as i64));
        let tail = e.ins().band_imm_s(count, LANES as i64 - 1);
        let extent = Extent { at, inner, count, full, tail };
        let mut starts: SmallVec<[Value; 16]> = SmallVec::new();
        for k in self.moving() {
            match (self.places[k].step, inner[k]) {
                (Step::Iota, step) => {
                    starts.extend(indices(e, at[k], step.expect("an index has a step"), None));
                }
                (_, step) => starts.extend([Some(at[k]), step].into_iter().flatten()),
            }
        }
        let zero = e.int(0);
        let slow: &[Value] = if self.puts_off(e) { &[zero] } else { &[] };
        e.ins().brif(full, pass, &args(&[&starts, &[zero, full, tail], slow]), tail_in, &[]);

        // One run of the inner loop: over all whole vectors, then over the scratch of the tail.
        e.builder.switch_to_block(pass);
        let left = self.emit_pass(e, pass, &fixed);
        e.ins().brif(left, more, &[], done, &[]);
        e.builder.switch_to_block(more);
        let was_tail = e.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        e.ins().brif(was_tail, tail_out, &[], tail_in, &[]);

        e.builder.switch_to_block(tail_in);
        let scratch = self.scratch(e);
        let starts = self.emit_tail_in(e, &extent, &scratch);
        let (end, left) = (e.ins().iadd_imm_s(full, LANES as i64), e.ins().ineg(tail));
        e.ins().jump(pass, &args(&[&starts, &[full, end, left], slow]));

        e.builder.switch_to_block(tail_out);
        self.emit_tail_out(e, &extent, &scratch);
        e.ins().jump(done, &[]);
        e.builder.switch_to_block(done);
    }

    /// The inner loop, in `pass`. It leaves how many columns are still to be done or, negative, how
    /// many of the tail have just been.
    ///
    /// A call would cost the loop its registers, all vectors being the callee's. So an iteration that
    /// needs a routine for a rare lane leaves the loop before it has stored anything, and the pass
    /// begins again at its column with an iteration of a copy of the body that calls.
    fn emit_pass(&self, e: &mut Emitter, pass: Block, fixed: &[Option<Lanes>]) -> Value {
        let [body, after] = std::array::from_fn(|_| e.builder.create_block());
        let mut held: Held = vec![SmallVec::new(); self.places.len()];
        for k in self.moving() {
            let types: &[Type] = match (self.places[k].step, self.step(k)) {
                (Step::Iota, _) => &[types::I64X2; 3],
                (_, None) => &[types::I64; 2],
                (_, Some(_)) => &[types::I64],
            };
            held[k] = types.iter().map(|ty| e.builder.append_block_param(pass, *ty)).collect();
        }
        let [start, end, left] = std::array::from_fn(|_| e.parameter(pass));
        let slowly = self.puts_off(e).then(|| (e.parameter(pass), e.builder.create_block()));
        if let Some((slow, block)) = slowly {
            let enter = e.builder.create_block();
            e.ins().brif(slow, block, &[], enter, &[]);
            e.builder.switch_to_block(enter);
        }
        let begun = held.clone();
        let changing = self.changing();
        let initial: Vec<Value> = changing.iter().map(|&(k, part)| held[k][part]).collect();
        e.ins().jump(body, &args(&[&[start], &initial]));
        e.builder.switch_to_block(body);
        let mut column = Column::new(e.parameter(body));
        for &(k, part) in &changing {
            let ty = e.type_of(held[k][part]);
            held[k][part] = e.builder.append_block_param(body, ty);
        }
        e.put_off = slowly.map(|_| Vec::new());
        let outs = self.evaluate(e, fixed, &held, &mut column);
        if let Some(masks) = e.put_off.take() {
            let (leave, store) = (e.builder.create_block(), e.builder.create_block());
            e.builder.set_cold_block(leave);
            let any = masks.into_iter().reduce(|a, b| e.ins().bor(a, b)).expect("a body that puts off");
            let any = e.ins().vany_true(any);
            e.ins().brif(any, leave, &[], store, &[]);
            e.builder.switch_to_block(leave);
            let slow = e.int(1);
            e.ins().jump(pass, &args(&[&held.concat(), &[column.index, end, left, slow]]));
            e.builder.switch_to_block(store);
        }
        let (next, more) = self.finish_iteration(e, outs, &mut held, &mut column, end);
        let changed: Vec<Value> = changing.iter().map(|&(k, part)| held[k][part]).collect();
        e.ins().brif(more, body, &args(&[&[next], &changed]), after, &[]);

        if let Some((_, block)) = slowly {
            e.builder.set_cold_block(block);
            e.builder.switch_to_block(block);
            let (mut held, mut column) = (begun, Column::new(start));
            let outs = self.evaluate(e, fixed, &held, &mut column);
            let (next, more) = self.finish_iteration(e, outs, &mut held, &mut column, end);
            let slow = e.int(0);
            e.ins().brif(more, pass, &args(&[&held.concat(), &[next, end, left, slow]]), after, &[]);
        }
        e.builder.switch_to_block(after);
        left
    }

    /// Whether rare lanes wait for an iteration of their own. A check sees what they wait for.
    fn puts_off(&self, e: &Emitter) -> bool {
        e.errors.is_none() && any_inst(self.body, &|inst| matches!(inst, Inst::Rare { .. }))
    }

    /// Of what is held, what changes from one iteration to the next.
    fn changing(&self) -> Vec<(usize, usize)> {
        let parts = |k: usize| match (self.places[k].step, self.step(k)) {
            (Step::Iota, _) => 0..2,
            (_, None) => 0..1,
            (_, Some(_)) => 0..0,
        };
        self.moving().flat_map(|k| parts(k).map(move |part| (k, part))).collect()
    }

    /// The body's outputs at `column`.
    fn evaluate(
        &self,
        e: &mut Emitter,
        fixed: &[Option<Lanes>],
        held: &Held,
        column: &mut Column,
    ) -> SmallVec<[Lanes; 2]> {
        e.evaluate(self.body, &mut |e, inst| match inst {
            Inst::Scalar(scalar) => self.scalars[*scalar as usize],
            Inst::Arg(arg) => {
                let k = *arg as usize;
                match (fixed[k], self.places[k].step) {
                    (Some(lanes), _) => lanes,
                    (None, Step::Iota) => Lanes::new(DType::I64, Parts::Wide([held[k][0], held[k][1]])),
                    (None, _) => {
                        let spot = self.spot(e, k, &held[k], column);
                        e.load(spot)
                    }
                }
            }
            other => unreachable!("{other:?} in a strip"),
        })
    }

    /// Stores the outputs and moves on: the next column, and whether it is before `end`.
    fn finish_iteration(
        &self,
        e: &mut Emitter,
        outs: SmallVec<[Lanes; 2]>,
        held: &mut Held,
        column: &mut Column,
        end: Value,
    ) -> (Value, Value) {
        for (k, out) in (self.arguments..).zip(outs) {
            let spot = self.spot(e, k, &held[k], column);
            e.store(spot, out);
        }
        for (k, part) in self.changing() {
            let ahead = match self.places[k].step {
                Step::Iota => held[k][2],
                _ => e.ins().ishl_imm_u(held[k][1], i64::from(LANES.trailing_zeros())),
            };
            held[k][part] = e.ins().iadd(held[k][part], ahead);
        }
        let next = e.ins().iadd_imm_s(column.index, LANES as i64);
        (next, e.ins().icmp(IntCC::UnsignedLessThan, next, end))
    }

    /// Where operand `k` is, given what the loop holds of it.
    fn spot(&self, e: &mut Emitter, k: usize, held: &[Value], column: &mut Column) -> Spot {
        let Place { dtype, step, wrap } = self.places[k];
        let address = match self.step(k) {
            Some(step) => {
                let distance = column.distance(e, step, wrap);
                e.ins().iadd(held[0], distance)
            }
            None => held[0],
        };
        Spot { dtype, step, address, offset: 0, inner: held.get(1).copied(), flags: flags() }
    }

    /// The address of operand `k` at `column`.
    fn address(&self, e: &mut Emitter, k: usize, extent: &Extent, column: &mut Column) -> Value {
        let distance = match self.step(k) {
            Some(step) => column.distance(e, step, self.places[k].wrap),
            None => e.ins().imul(column.index, extent.inner[k].expect("a step that is not known is given")),
        };
        e.ins().iadd(extent.at[k], distance)
    }

    fn scratch(&self, e: &mut Emitter) -> Scratch {
        let mut bytes = 0_usize;
        let places = (0..self.places.len())
            .map(|k| {
                let size = self.places[k].dtype.size() as i64;
                let step = self.step(k).unwrap_or(size);
                let first = bytes as i64 + if step < 0 { -step * (LANES as i64 - 1) } else { 0 };
                self.in_memory(k).then(|| {
                    bytes += (step.unsigned_abs() as usize * LANES).next_multiple_of(16);
                    (first as i32, step)
                })
            })
            .collect();
        Scratch { slot: e.slot(bytes), places }
    }

    /// Copies the tail of every argument to scratch; what the pass that runs on it starts with.
    fn emit_tail_in(&self, e: &mut Emitter, extent: &Extent, scratch: &Scratch) -> SmallVec<[Value; 16]> {
        if (0..self.arguments).any(|k| self.in_memory(k)) {
            let (copy, ready) = (e.builder.create_block(), e.builder.create_block());
            let zero = e.int(0);
            e.ins().jump(copy, &args(&[&[zero]]));
            e.builder.switch_to_block(copy);
            let lane = e.parameter(copy);
            let index = e.ins().iadd(extent.full, lane);
            let last = e.ins().iadd_imm_s(extent.count, -1);
            let mut column = Column::new(e.ins().umin(index, last));
            let mut target = Column::new(lane);
            for k in (0..self.arguments).filter(|k| self.in_memory(*k)) {
                let address = self.address(e, k, extent, &mut column);
                let element = e.ins().load(raw(self.places[k].dtype), flags(), address, 0);
                let (address, offset) = scratch.lane(e, k, &mut target);
                e.ins().store(flags(), element, address, offset);
            }
            let next = e.ins().iadd_imm_s(lane, 1);
            let more = e.ins().icmp_imm_u(IntCC::UnsignedLessThan, next, LANES as i64);
            e.ins().brif(more, copy, &args(&[&[next]]), ready, &[]);
            e.builder.switch_to_block(ready);
        }
        let mut full = Column::new(extent.full);
        let mut starts = SmallVec::new();
        for k in self.moving() {
            let Some((first, scratch_step)) = scratch.places[k] else {
                let step = extent.inner[k].expect("an index has a step");
                let distance = e.ins().imul(extent.full, step);
                let first = e.ins().iadd(extent.at[k], distance);
                starts.extend(indices(e, first, step, Some(extent.tail)));
                continue;
            };
            let address = e.ins().stack_addr(types::I64, scratch.slot, first);
            match self.step(k) {
                // The body adds the column's distance.
                Some(step) => {
                    let distance = full.distance(e, step, self.places[k].wrap);
                    starts.push(e.ins().isub(address, distance));
                }
                None => {
                    let step = e.int(scratch_step);
                    starts.extend([address, step]);
                }
            }
        }
        starts
    }

    /// Copies the lanes that exist from the outputs' scratch to the outputs.
    fn emit_tail_out(&self, e: &mut Emitter, extent: &Extent, scratch: &Scratch) {
        let (copy, copied) = (e.builder.create_block(), e.builder.create_block());
        let zero = e.int(0);
        e.ins().jump(copy, &args(&[&[zero]]));
        e.builder.switch_to_block(copy);
        let lane = e.parameter(copy);
        let mut column = Column::new(e.ins().iadd(extent.full, lane));
        let mut source = Column::new(lane);
        for k in self.arguments..self.places.len() {
            let (address, offset) = scratch.lane(e, k, &mut source);
            let element = e.ins().load(raw(self.places[k].dtype), flags(), address, offset);
            let address = self.address(e, k, extent, &mut column);
            e.ins().store(flags(), element, address, 0);
        }
        let next = e.ins().iadd_imm_s(lane, 1);
        let more = e.ins().icmp(IntCC::UnsignedLessThan, next, extent.tail);
        e.ins().brif(more, copy, &args(&[&[next]]), copied, &[]);
        e.builder.switch_to_block(copied);
    }
}

impl Scratch {
    /// The address and offset of a lane of operand `k`.
    fn lane(&self, e: &mut Emitter, k: usize, lane: &mut Column) -> (Value, i32) {
        let (first, step) = self.places[k].expect("an operand in memory");
        let slot = e.ins().stack_addr(types::I64, self.slot, 0);
        let distance = lane.distance(e, step, None);
        (e.ins().iadd(slot, distance), first)
    }
}

/// Four indices from `first` on, in two vectors, and what is added to both from one iteration to
/// the next. Of a tail, lanes past its end repeat its last index.
pub(super) fn indices(e: &mut Emitter, first: Value, step: Value, tail: Option<Value>) -> [Value; 3] {
    let mut index = first;
    let lanes = std::array::from_fn(|lane| {
        if lane > 0 {
            let next = e.ins().iadd(index, step);
            index = match tail {
                None => next,
                Some(tail) => {
                    let exists = e.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, tail, lane as i64);
                    e.ins().select(exists, next, index)
                }
            };
        }
        index
    });
    let lanes = e.join(DType::I64, lanes);
    let ahead = e.ins().ishl_imm_u(step, i64::from(LANES.trailing_zeros()));
    let ahead = e.ins().splat(types::I64X2, ahead);
    let &[low, high] = lanes.parts.as_slice() else { unreachable!("i64 fills two vectors") };
    [low, high, ahead]
}

/// Values as arguments of a block.
pub(super) fn args(values: &[&[Value]]) -> SmallVec<[BlockArg; 16]> {
    values.iter().flat_map(|values| values.iter()).map(|value| BlockArg::from(*value)).collect()
}
