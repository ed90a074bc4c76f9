//! Reductions of columns, as `StripKind::Columns` defines them: the rows of every column combine in
//! order into its accumulators.
//!
//! Where the body is short and its arguments lie side by side, columns are taken in groups whose
//! accumulators stay in registers while the rows go by. All other columns are taken row by row, by
//! the code that a map has: a stretch that reads the accumulators and writes them.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value};
use smallvec::SmallVec;

use super::element::with_element;
use super::fold::{LANE_VECTORS, ROUND_WEIGHT, vectors};
use super::lanes::{Emitter, LANES, Lanes, Parts};
use super::memory::{Spot, flags, known_step};
use super::nest::Frame;
use super::stretch::{Place, Stretch, args, indices};
use crate::base::DType;
use crate::base::strip::Step;
use crate::kernel::Strip;
use crate::op::{Expr, Fold, Inst};

/// Emits a strip that combines the rows of each column.
pub(super) fn columns(e: &mut Emitter, strip: &Strip, fold: Fold) {
    let frame = Frame::open(e, strip);
    let columns = Columns::new(strip, fold);
    let done = match columns.groups() {
        0 => e.int(0),
        groups => columns.in_registers(e, &frame, groups),
    };
    let rest = e.ins().isub(frame.n, done);
    let stretch = Stretch {
        places: &columns.places,
        arguments: columns.places.len() - columns.accumulators.len(),
        body: &columns.step,
        scalars: &frame.scalars,
    };
    frame.rows(e, strip, Some(rest), |e, at| {
        let inner = frame.inner_steps(e, strip);
        let mut at = frame.advanced(e, strip, 0.., at, &inner, done);
        let mut inner = inner;
        at.extend_from_within(strip.arguments..);
        inner.extend_from_within(strip.arguments..);
        stretch.emit(e, &at, &inner, rest);
    });
}

struct Columns<'s> {
    strip: &'s Strip,
    accumulators: Vec<DType>,
    /// The strip's arguments, the accumulators as arguments, and as outputs.
    places: Vec<Place>,
    /// Takes those arguments and gives the accumulators with one element more.
    step: Expr,
}

impl<'s> Columns<'s> {
    fn new(strip: &'s Strip, fold: Fold) -> Self {
        let accumulators: Vec<DType> = strip.outputs().iter().map(|operand| operand.dtype).collect();
        let outputs = strip.outputs().iter();
        let places = strip.operands.iter().chain(outputs).map(|operand| Place {
            dtype: operand.dtype,
            step: operand.step,
            wrap: None,
        });
        Self { strip, places: places.collect(), step: with_element(strip, fold), accumulators }
    }

    /// How many times four columns have their accumulators in registers, 0 if none can.
    fn groups(&self) -> usize {
        let held: usize = self.accumulators.iter().map(|&dtype| vectors(dtype)).sum();
        let indices = self.strip.operands.iter().filter(|operand| operand.step == Step::Iota).count();
        let near = |operand: &crate::kernel::Operand| !matches!(operand.step, Step::Pair | Step::General);
        let groups = (LANE_VECTORS / (held + 2 * indices)).max(1);
        let short = self.step.weight() * groups <= ROUND_WEIGHT;
        if short && self.strip.operands.iter().all(near) { groups } else { 0 }
    }

    /// Combines all rows of the columns that make whole groups; the number of those columns.
    fn in_registers(&self, e: &mut Emitter, frame: &Frame, groups: usize) -> Value {
        let [column, row, store, done] = std::array::from_fn(|_| e.builder.create_block());
        let (arguments, outputs) = self.strip.operands.split_at(self.strip.arguments);
        let width = (groups * LANES) as i64;
        let whole = e.ins().band_imm_s(frame.n, -width);
        let bases = frame.bases(e, self.strip);
        let inner = frame.inner_steps(e, self.strip);
        let outer: Vec<Value> = (0..arguments.len()).map(|k| frame.outer_step(e, k)).collect();
        let some_rows = e.ins().icmp_imm_u(IntCC::NotEqual, frame.rows, 0);
        let none = e.int(0);
        let columns = e.ins().select(some_rows, whole, none);
        e.ins().brif(columns, column, &args(&[&[none]]), done, &[]);

        // A group of columns begins: where its first row is, and what its accumulators hold.
        e.builder.switch_to_block(column);
        let j = e.parameter(column);
        let at = frame.advanced(e, self.strip, 0.., &bases, &inner, j);
        let mut held: Vec<Value> = Vec::new();
        for (k, operand) in arguments.iter().enumerate() {
            if operand.step == Step::Iota {
                let [low, high, ahead] = indices(e, at[k], inner[k].expect("an index has a step"), None);
                let mut index = [low, high];
                for _ in 0..groups {
                    held.extend(index);
                    index = index.map(|part| e.ins().iadd(part, ahead));
                }
            } else {
                held.push(at[k]);
            }
        }
        for group in 0..groups {
            for (operand, at) in outputs.iter().zip(&at[arguments.len()..]) {
                let lanes = e.load(spot(operand.dtype, operand.step, *at, group));
                held.extend(e.settled(lanes).parts.as_slice());
            }
        }
        let zero = e.int(0);
        e.ins().jump(row, &args(&[&[zero], &held]));

        e.builder.switch_to_block(row);
        let number = e.parameter(row);
        let held: Vec<Value> = held
            .iter()
            .map(|value| {
                let ty = e.type_of(*value);
                e.builder.append_block_param(row, ty)
            })
            .collect();
        let mut parts = held.iter().copied();
        let mut take = |count: usize| -> SmallVec<[Value; 2]> { parts.by_ref().take(count).collect() };
        let places: Vec<SmallVec<[Value; 2]>> = arguments
            .iter()
            .map(|operand| take(if operand.step == Step::Iota { 2 * groups } else { 1 }))
            .collect();
        let fixed: Vec<Option<Lanes>> = arguments
            .iter()
            .zip(&places)
            .map(|(operand, at)| {
                let flags = flags().with_readonly().with_can_move();
                (operand.step == Step::Zero).then(|| e.load_splat(operand.dtype, at[0], flags))
            })
            .collect();
        let mut next: Vec<Value> = Vec::with_capacity(held.len());
        for (k, place) in places.iter().enumerate() {
            let step = match arguments[k].step {
                Step::Iota => e.ins().splat(cranelift_codegen::ir::types::I64X2, outer[k]),
                _ => outer[k],
            };
            next.extend(place.iter().map(|value| e.ins().iadd(*value, step)));
        }
        let moving = next.len();
        for group in 0..groups {
            let accumulated: SmallVec<[Lanes; 2]> = self
                .accumulators
                .iter()
                .map(|&dtype| Lanes::new(dtype, Parts::new(&take(vectors(dtype)))))
                .collect();
            let outs = e.evaluate(&self.step, &mut |e, inst| match inst {
                Inst::Scalar(scalar) => frame.scalars[*scalar as usize],
                Inst::Arg(arg) => {
                    let k = *arg as usize;
                    let Some(operand) = arguments.get(k) else { return accumulated[k - arguments.len()] };
                    match (fixed[k], operand.step) {
                        (Some(lanes), _) => lanes,
                        (None, Step::Iota) => {
                            let parts = [places[k][2 * group], places[k][2 * group + 1]];
                            Lanes::new(DType::I64, Parts::Wide(parts))
                        }
                        // A load that may move is placed next to its use, as in a round of a row.
                        (None, step) => e.load(Spot {
                            flags: flags().with_readonly().with_can_move(),
                            ..spot(operand.dtype, step, places[k][0], group)
                        }),
                    }
                }
                other => unreachable!("{other:?} in a strip"),
            });
            for lanes in outs {
                next.extend(e.settled(lanes).parts.as_slice());
            }
        }
        let results = next[moving..].to_vec();
        let number = e.ins().iadd_imm_s(number, 1);
        let more = e.ins().icmp(IntCC::UnsignedLessThan, number, frame.rows);
        e.ins().brif(more, row, &args(&[&[number], &next]), store, &[]);

        e.builder.switch_to_block(store);
        let mut results = results.into_iter();
        for group in 0..groups {
            for (operand, at) in outputs.iter().zip(&at[arguments.len()..]) {
                let parts: SmallVec<[Value; 2]> = results.by_ref().take(vectors(operand.dtype)).collect();
                let spot = spot(operand.dtype, operand.step, *at, group);
                e.store(spot, Lanes::new(operand.dtype, Parts::new(&parts)));
            }
        }
        let j = e.ins().iadd_imm_s(j, width);
        let more = e.ins().icmp(IntCC::UnsignedLessThan, j, whole);
        e.ins().brif(more, column, &args(&[&[j]]), done, &[]);
        e.builder.switch_to_block(done);
        whole
    }
}

/// The `group`-th four elements from `address` on.
fn spot(dtype: DType, step: Step, address: Value, group: usize) -> Spot {
    let distance = known_step(step, dtype).unwrap_or(0) * (group * LANES) as i64;
    Spot { dtype, step, address, offset: distance as i32, inner: None, flags: flags() }
}
