//! The frame of a strip: its arguments, its scalars, the loop over rows, its error bits.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::lanes::{Emitter, LANES, Lanes};
use super::memory::{argument_flags, flags, known_step};
use super::stretch::{Place, Stretch, args};
use crate::base::strip::{Step, StripArgs};
use crate::kernel::Strip;
use crate::op::{Expr, Inst};

/// The function's arguments.
pub(super) struct Frame {
    pub(super) n: Value,
    bases: Value,
    inner: Value,
    outer: Value,
    pub(super) rows: Value,
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
        if any_inst(&strip.body, &|inst| matches!(inst, Inst::Check { .. })) {
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
        let bases = self.bases(e, strip);
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
                let step = self.outer_step(e, k);
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

    /// Every operand's place at the first row and column.
    pub(super) fn bases(&self, e: &mut Emitter, strip: &Strip) -> Vec<Value> {
        let base = |k: usize| e.ins().load(types::I64, flags(), self.bases, 8 * k as i32);
        (0..strip.operands.len()).map(base).collect()
    }

    /// The places of these operands `count` columns after `at`.
    pub(super) fn advanced(
        &self,
        e: &mut Emitter,
        strip: &Strip,
        operands: impl IntoIterator<Item = usize>,
        at: &[Value],
        inner: &[Option<Value>],
        count: Value,
    ) -> Vec<Value> {
        let advance = |(k, at): (usize, &Value)| {
            let operand = strip.operands[k];
            let distance = match (known_step(operand.step, operand.dtype), inner[k]) {
                (Some(step), _) => e.ins().imul_imm_s(count, step),
                (None, Some(inner)) => e.ins().imul(count, inner),
                (None, None) => return *at,
            };
            e.ins().iadd(*at, distance)
        };
        operands.into_iter().zip(at).map(advance).collect()
    }

    /// The step of operand `k` from row to row.
    pub(super) fn outer_step(&self, e: &mut Emitter, k: usize) -> Value {
        e.ins().load(types::I64, flags(), self.outer, 8 * k as i32)
    }

    /// The step of operand `k` along the columns.
    pub(super) fn inner_step(&self, e: &mut Emitter, k: usize) -> Value {
        e.ins().load(types::I64, argument_flags(), self.inner, 8 * k as i32)
    }

    /// Per operand the step along the columns, where code has to be told.
    pub(super) fn inner_steps(&self, e: &mut Emitter, strip: &Strip) -> Vec<Option<Value>> {
        let steps = strip.operands.iter().enumerate().map(|(k, operand)| {
            let told = known_step(operand.step, operand.dtype).is_none();
            let told = told && !(operand.step == Step::Zero && k < strip.arguments);
            told.then(|| self.inner_step(e, k))
        });
        steps.collect()
    }
}

/// Whether `body`, with its elementary functions expanded, has an instruction that `wanted` tells.
pub(super) fn any_inst(body: &Expr, wanted: &dyn Fn(&Inst) -> bool) -> bool {
    body.iter().any(|(inst, dtype)| match body.definition(inst, dtype) {
        Some(definition) => any_inst(definition, wanted),
        None => wanted(inst),
    })
}
