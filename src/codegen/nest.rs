//! The loops of a strip: rows, and along each row a stretch of columns four at a time.
//!
//! The last one to three columns run through the same body, which is in the code once: they are
//! copied to the stack, the missing lanes filled with the last element, so that nothing sees a
//! value that is not there; the body's addresses are pointed at the copies for one iteration; and
//! of its outputs the lanes that exist are copied to where they belong. Hence the same bits.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, StackSlot, Value, types};
use smallvec::SmallVec;

use super::lanes::{Emitter, LANES, Lanes};
use super::memory::{Spot, argument_flags, flags, known_step, raw};
use crate::base::DType;
use crate::base::strip::{Step, StripArgs};
use crate::kernel::Strip;
use crate::op::{Expr, Inst, math};

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

/// The function's arguments.
pub(super) struct Frame {
    pub(super) n: Value,
    bases: Value,
    inner: Value,
    outer: Value,
    rows: Value,
    pub(super) scratch: Value,
    pub(super) scalars: Vec<Lanes>,
}

/// Emits a strip that stores its body's outputs element by element.
pub(super) fn map(e: &mut Emitter, strip: &Strip) {
    let frame = Frame::open(e, strip);
    let places: Vec<Place> = strip
        .operands
        .iter()
        .map(|operand| Place { dtype: operand.dtype, step: operand.step, wrap: None })
        .collect();
    let work =
        Stretch { places: &places, arguments: strip.arguments, body: &strip.body, scalars: &frame.scalars };
    frame.rows(e, strip, Some(frame.n), |e, bases| {
        let inner = frame.inner_steps(e, strip);
        work.emit(e, bases, &inner, frame.n);
    });
}

impl Frame {
    /// Begins the function: what it is called with, and its scalars in vectors.
    pub(super) fn open(e: &mut Emitter, strip: &Strip) -> Self {
        let entry = e.builder.create_block();
        e.builder.append_block_params_for_function_params(entry);
        e.builder.switch_to_block(entry);
        let &[args, n] = e.builder.block_params(entry) else { unreachable!("a strip takes two arguments") };
        let mut field = |offset: usize| e.ins().load(types::I64, argument_flags(), args, offset as i32);
        let scalars = field(std::mem::offset_of!(StripArgs, scalars));
        let mut frame = Self {
            n,
            bases: field(std::mem::offset_of!(StripArgs, base)),
            inner: field(std::mem::offset_of!(StripArgs, inner)),
            outer: field(std::mem::offset_of!(StripArgs, outer)),
            rows: field(std::mem::offset_of!(StripArgs, rows)),
            scratch: field(std::mem::offset_of!(StripArgs, scratch)),
            scalars: Vec::new(),
        };
        for (index, dtype) in strip.scalars.iter().enumerate() {
            let address = e.ins().iadd_imm_s(scalars, 8 * index as i64);
            let scalar = e.load_splat(*dtype, address, argument_flags());
            frame.scalars.push(scalar);
        }
        if has_checks(&strip.body) {
            let slot = e.slot(16);
            let none = e.splat_bits(types::I32X4, 0);
            e.ins().stack_store(types::I64, none, slot, 0);
            e.errors = Some(slot);
        }
        frame
    }

    /// Emits the loop over rows around `row`, which is given every operand's place at the row's
    /// start, and ends the function. There are no rows if `unless` is zero.
    pub(super) fn rows(
        &self,
        e: &mut Emitter,
        strip: &Strip,
        unless: Option<Value>,
        row: impl FnOnce(&mut Emitter, &[Value]),
    ) {
        let (head, exit) = (e.builder.create_block(), e.builder.create_block());
        let bases: Vec<Value> = (0..strip.operands.len())
            .map(|k| e.ins().load(types::I64, flags(), self.bases, 8 * k as i32))
            .collect();
        let mut nothing = e.ins().icmp_imm_u(IntCC::Equal, self.rows, 0);
        if let Some(count) = unless {
            let no_columns = e.ins().icmp_imm_u(IntCC::Equal, count, 0);
            nothing = e.ins().bor(nothing, no_columns);
        }
        let zero = e.int(0);
        e.ins().brif(nothing, exit, &[], head, &args(&[&[zero], &bases]));

        e.builder.switch_to_block(head);
        let index = e.parameter(head);
        let at: Vec<Value> = bases.iter().map(|_| e.parameter(head)).collect();
        row(e, &at);
        let next_index = e.ins().iadd_imm_s(index, 1);
        let next: Vec<Value> = (0..at.len())
            .map(|k| {
                let step = e.ins().load(types::I64, flags(), self.outer, 8 * k as i32);
                e.ins().iadd(at[k], step)
            })
            .collect();
        let more = e.ins().icmp(IntCC::UnsignedLessThan, next_index, self.rows);
        e.ins().brif(more, head, &args(&[&[next_index], &next]), exit, &[]);

        e.builder.switch_to_block(exit);
        let errors = match e.errors {
            None => e.ins().iconst(types::I32, 0),
            Some(slot) => {
                let lanes: [Value; LANES] = std::array::from_fn(|lane| {
                    e.ins().stack_load(types::I64, types::I32, slot, 4 * lane as i32)
                });
                let [first, rest @ ..] = lanes;
                rest.into_iter().fold(first, |all, lane| e.ins().bor(all, lane))
            }
        };
        e.ins().return_(&[errors]);
    }

    /// Per operand the step along the columns, where code has to be told.
    pub(super) fn inner_steps(&self, e: &mut Emitter, strip: &Strip) -> Vec<Option<Value>> {
        let steps = strip.operands.iter().enumerate().map(|(k, operand)| {
            let told = known_step(operand.step, operand.dtype).is_none();
            let told = told && !(operand.step == Step::Zero && k < strip.arguments);
            told.then(|| e.ins().load(types::I64, argument_flags(), self.inner, 8 * k as i32))
        });
        steps.collect()
    }
}

impl Stretch<'_> {
    fn is_moving(&self, k: usize) -> bool {
        !(self.places[k].step == Step::Zero && k < self.arguments)
    }

    fn in_memory(&self, k: usize) -> bool {
        self.is_moving(k) && self.places[k].step != Step::Iota
    }

    /// Emits `count > 0` iterations from the places `at`; what follows runs after them.
    pub(super) fn emit(&self, e: &mut Emitter, at: &[Value], inner: &[Option<Value>], count: Value) {
        let [pass, tail_in, tail_out, more, done] = std::array::from_fn(|_| e.builder.create_block());
        let fixed: Vec<Option<Lanes>> = (0..self.places.len())
            .map(|k| (!self.is_moving(k)).then(|| e.load_splat(self.places[k].dtype, at[k], flags())))
            .collect();
        let full = e.ins().band_imm_s(count, -(LANES as i64));
        let tail = e.ins().band_imm_s(count, LANES as i64 - 1);
        let zero = e.int(0);
        let mut starts: Vec<BlockArg> = Vec::new();
        for k in (0..self.places.len()).filter(|k| self.is_moving(*k)) {
            match self.places[k].step {
                Step::Iota => {
                    let lanes = indices(e, at[k], inner[k].expect("an index has a step"), None);
                    starts.extend(args(&[&lanes]));
                }
                _ => {
                    starts.push(at[k].into());
                    starts.extend(inner[k].map(BlockArg::from));
                }
            }
        }
        starts.extend(args(&[&[zero, full, tail]]));
        e.ins().brif(full, pass, &starts, tail_in, &[]);

        // One run of the inner loop: over all whole vectors, then over the scratch of the tail.
        e.builder.switch_to_block(pass);
        let left = self.emit_pass(e, pass, &fixed);
        e.ins().brif(left, more, &[], done, &[]);
        e.builder.switch_to_block(more);
        let was_tail = e.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        e.ins().brif(was_tail, tail_out, &[], tail_in, &[]);

        e.builder.switch_to_block(tail_in);
        let slots: Vec<Option<StackSlot>> = (0..self.places.len())
            .map(|k| {
                let Place { dtype, step, .. } = self.places[k];
                let spread = if step == Step::Pair { 2 } else { 1 };
                self.in_memory(k).then(|| e.slot(LANES * spread * dtype.size()))
            })
            .collect();
        self.emit_tail_in(e, at, inner, full, tail, &slots, pass);

        e.builder.switch_to_block(tail_out);
        self.emit_tail_out(e, at, inner, full, tail, &slots);
        e.ins().jump(done, &[]);
        e.builder.switch_to_block(done);
    }

    /// The inner loop, in `pass`. It leaves `left`: how many columns are still to be done, or,
    /// negative, how many of the tail have just been.
    fn emit_pass(
        &self,
        e: &mut Emitter,
        pass: cranelift_codegen::ir::Block,
        fixed: &[Option<Lanes>],
    ) -> Value {
        let (body, after) = (e.builder.create_block(), e.builder.create_block());
        // Per operand what the pass starts with, and what the body changes.
        let mut spots: Vec<SmallVec<[Value; 2]>> = vec![SmallVec::new(); self.places.len()];
        for k in (0..self.places.len()).filter(|k| self.is_moving(*k)) {
            let place = self.places[k];
            let types: &[_] = match place.step {
                Step::Iota => &[types::I64X2, types::I64X2, types::I64X2],
                _ if known_step(place.step, place.dtype).is_none() => &[types::I64, types::I64],
                _ => &[types::I64],
            };
            spots[k] = types.iter().map(|ty| e.builder.append_block_param(pass, *ty)).collect();
        }
        let [start, end, left] = std::array::from_fn(|_| e.parameter(pass));
        let changing: Vec<(usize, usize)> = (0..self.places.len())
            .flat_map(|k| match self.places[k].step {
                Step::Zero if !self.is_moving(k) => vec![],
                Step::Unit => vec![],
                Step::Iota => vec![(k, 0), (k, 1)],
                Step::Zero | Step::MinusUnit | Step::Pair | Step::General => vec![(k, 0)],
            })
            .collect();
        let initial: Vec<Value> = changing.iter().map(|&(k, part)| spots[k][part]).collect();
        e.ins().jump(body, &args(&[&[start], &initial]));

        e.builder.switch_to_block(body);
        let j = e.parameter(body);
        for &(k, part) in &changing {
            let ty = e.type_of(spots[k][part]);
            spots[k][part] = e.builder.append_block_param(body, ty);
        }
        let outs = e.evaluate(self.body, &mut |e, inst| match inst {
            Inst::Scalar(scalar) => self.scalars[*scalar as usize],
            Inst::Arg(arg) => {
                let k = *arg as usize;
                match fixed[k] {
                    Some(lanes) => lanes,
                    None if self.places[k].step == Step::Iota => {
                        let parts = super::lanes::Parts::Wide([spots[k][0], spots[k][1]]);
                        Lanes::new(DType::I64, parts)
                    }
                    None => {
                        let spot = self.spot(e, k, &spots[k], j);
                        e.load(spot)
                    }
                }
            }
            other => unreachable!("{other:?} in a strip"),
        });
        for (k, out) in (self.arguments..).zip(outs) {
            let spot = self.spot(e, k, &spots[k], j);
            e.store(spot, out);
        }
        let next: Vec<Value> = changing
            .iter()
            .map(|&(k, part)| {
                let (place, now) = (self.places[k], spots[k][part]);
                match (place.step, known_step(place.step, place.dtype)) {
                    (Step::Iota, _) => e.ins().iadd(now, spots[k][2]),
                    (_, Some(step)) => e.ins().iadd_imm_s(now, LANES as i64 * step),
                    (_, None) => {
                        let ahead = e.ins().ishl_imm_u(spots[k][1], 2);
                        e.ins().iadd(now, ahead)
                    }
                }
            })
            .collect();
        let next_j = e.ins().iadd_imm_s(j, LANES as i64);
        let more = e.ins().icmp(IntCC::UnsignedLessThan, next_j, end);
        e.ins().brif(more, body, &args(&[&[next_j], &next]), after, &[]);
        e.builder.switch_to_block(after);
        left
    }

    /// Where operand `k` is at column `j`, given what the loop holds of it.
    fn spot(&self, e: &mut Emitter, k: usize, held: &[Value], j: Value) -> Spot {
        let Place { dtype, step, .. } = self.places[k];
        let address = match step {
            Step::Unit => {
                let offset = self.unit_offset(e, k, j);
                e.ins().iadd(held[0], offset)
            }
            _ => held[0],
        };
        Spot { dtype, step, address, offset: 0, inner: held.get(1).copied(), flags: flags() }
    }

    /// Bytes from the start of a unit-step operand to its element at column `j`.
    fn unit_offset(&self, e: &mut Emitter, k: usize, j: Value) -> Value {
        let Place { dtype, wrap, .. } = self.places[k];
        let j = match wrap {
            Some(lanes) => e.ins().band_imm_s(j, lanes as i64 - 1),
            None => j,
        };
        match dtype.size().trailing_zeros() {
            0 => j,
            shift => e.ins().ishl_imm_u(j, i64::from(shift)),
        }
    }

    /// The address of operand `k` at column `full`, and its step.
    fn tail_place(
        &self,
        e: &mut Emitter,
        k: usize,
        at: Value,
        inner: Option<Value>,
        full: Value,
    ) -> (Value, Value) {
        let Place { dtype, step, .. } = self.places[k];
        let step_value = match known_step(step, dtype) {
            Some(step) => e.int(step),
            None => inner.expect("a step that is not known is given"),
        };
        let offset = match step {
            Step::Unit => self.unit_offset(e, k, full),
            _ => e.ins().imul(full, step_value),
        };
        (e.ins().iadd(at, offset), step_value)
    }

    /// The address of operand `k`'s first lane in its scratch, and the step there.
    fn scratch_place(&self, e: &mut Emitter, k: usize, slot: StackSlot) -> (Value, i64) {
        let Place { dtype, step, .. } = self.places[k];
        let step = known_step(step, dtype).unwrap_or(dtype.size() as i64);
        let first = if step < 0 { -step * (LANES as i64 - 1) } else { 0 };
        (e.ins().stack_addr(types::I64, slot, first as i32), step)
    }

    /// Copies the tail of every argument to scratch and runs the pass on it.
    fn emit_tail_in(
        &self,
        e: &mut Emitter,
        at: &[Value],
        inner: &[Option<Value>],
        full: Value,
        tail: Value,
        slots: &[Option<StackSlot>],
        pass: cranelift_codegen::ir::Block,
    ) {
        let loaded: Vec<usize> = (0..self.arguments).filter(|k| self.in_memory(*k)).collect();
        if !loaded.is_empty() {
            let (copy, ready) = (e.builder.create_block(), e.builder.create_block());
            let (sources, steps): (Vec<Value>, Vec<Value>) =
                loaded.iter().map(|&k| self.tail_place(e, k, at[k], inner[k], full)).unzip();
            let zero = e.int(0);
            e.ins().jump(copy, &args(&[&[zero], &sources]));
            e.builder.switch_to_block(copy);
            let lane = e.parameter(copy);
            let sources: Vec<Value> = loaded.iter().map(|_| e.parameter(copy)).collect();
            let next_lane = e.ins().iadd_imm_s(lane, 1);
            let exists = e.ins().icmp(IntCC::UnsignedLessThan, next_lane, tail);
            let mut next = Vec::new();
            for ((&k, source), step) in loaded.iter().zip(sources).zip(steps) {
                let ty = raw(self.places[k].dtype);
                let element = e.ins().load(ty, flags(), source, 0);
                let (first, scratch_step) = self.scratch_place(e, k, slots[k].expect("an operand in memory"));
                let offset = e.ins().imul_imm_s(lane, scratch_step);
                let target = e.ins().iadd(first, offset);
                e.ins().store(flags(), element, target, 0);
                let ahead = e.ins().iadd(source, step);
                next.push(e.ins().select(exists, ahead, source));
            }
            let more = e.ins().icmp_imm_u(IntCC::UnsignedLessThan, next_lane, LANES as i64);
            e.ins().brif(more, copy, &args(&[&[next_lane], &next]), ready, &[]);
            e.builder.switch_to_block(ready);
        }
        let mut starts: Vec<BlockArg> = Vec::new();
        for k in (0..self.places.len()).filter(|k| self.is_moving(*k)) {
            let Place { dtype, step, .. } = self.places[k];
            match slots[k] {
                None => {
                    let inner = inner[k].expect("an index has a step");
                    let offset = e.ins().imul(full, inner);
                    let first = e.ins().iadd(at[k], offset);
                    let lanes = indices(e, first, inner, Some(tail));
                    starts.extend(args(&[&lanes]));
                }
                Some(slot) => {
                    let (first, scratch_step) = self.scratch_place(e, k, slot);
                    // The body adds the column to the address of a unit step.
                    let first = match step {
                        Step::Unit => {
                            let offset = self.unit_offset(e, k, full);
                            e.ins().isub(first, offset)
                        }
                        _ => first,
                    };
                    starts.push(first.into());
                    if known_step(step, dtype).is_none() {
                        starts.push(e.int(scratch_step).into());
                    }
                }
            }
        }
        let (end, left) = (e.ins().iadd_imm_s(full, LANES as i64), e.ins().ineg(tail));
        starts.extend(args(&[&[full, end, left]]));
        e.ins().jump(pass, &starts);
    }

    /// Copies the lanes that exist from the outputs' scratch to the outputs.
    fn emit_tail_out(
        &self,
        e: &mut Emitter,
        at: &[Value],
        inner: &[Option<Value>],
        full: Value,
        tail: Value,
        slots: &[Option<StackSlot>],
    ) {
        let (copy, copied) = (e.builder.create_block(), e.builder.create_block());
        let stored = self.arguments..self.places.len();
        let (targets, steps): (Vec<Value>, Vec<Value>) =
            stored.clone().map(|k| self.tail_place(e, k, at[k], inner[k], full)).unzip();
        let zero = e.int(0);
        e.ins().jump(copy, &args(&[&[zero], &targets]));
        e.builder.switch_to_block(copy);
        let lane = e.parameter(copy);
        let targets: Vec<Value> = stored.clone().map(|_| e.parameter(copy)).collect();
        let mut next = Vec::new();
        for ((k, target), step) in stored.zip(targets).zip(steps) {
            let ty = raw(self.places[k].dtype);
            let (first, scratch_step) = self.scratch_place(e, k, slots[k].expect("an output is in memory"));
            let offset = e.ins().imul_imm_s(lane, scratch_step);
            let source = e.ins().iadd(first, offset);
            let element = e.ins().load(ty, flags(), source, 0);
            e.ins().store(flags(), element, target, 0);
            next.push(e.ins().iadd(target, step));
        }
        let next_lane = e.ins().iadd_imm_s(lane, 1);
        let more = e.ins().icmp(IntCC::UnsignedLessThan, next_lane, tail);
        e.ins().brif(more, copy, &args(&[&[next_lane], &next]), copied, &[]);
        e.builder.switch_to_block(copied);
    }
}

/// Four indices from `first` on, in two vectors, and what is added to both from one iteration to
/// the next. Of a tail, lanes past its end repeat its last index.
fn indices(e: &mut Emitter, first: Value, step: Value, tail: Option<Value>) -> [Value; 3] {
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
    let ahead = e.ins().ishl_imm_u(step, 2);
    let ahead = e.ins().splat(types::I64X2, ahead);
    let &[low, high] = lanes.parts.as_slice() else { unreachable!("i64 fills two vectors") };
    [low, high, ahead]
}

/// Whether computing `body` can fail.
fn has_checks(body: &Expr) -> bool {
    body.iter().any(|(inst, _)| match inst {
        Inst::Check { .. } => true,
        Inst::Unary(op, a) => op.is_math() && has_checks(math::unary(*op, body.dtype(*a))),
        Inst::Binary(op, a, _) => op.is_math() && has_checks(math::binary(*op, body.dtype(*a))),
        _ => false,
    })
}

/// Values as arguments of a block.
pub(super) fn args(values: &[&[Value]]) -> SmallVec<[BlockArg; 8]> {
    values.iter().flat_map(|values| values.iter()).map(|value| BlockArg::from(*value)).collect()
}
