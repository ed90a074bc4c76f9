//! Expressions to chains of strips: leaves become operands, long bodies are cut.

use smallvec::SmallVec;

use super::{Lowering, Source, gather};
use crate::base::DType;
use crate::base::strip::Step;
use crate::kernel::loops::Gather;
use crate::kernel::schedule::{class, is_narrow};
use crate::kernel::{Chain, Link, Operand, Place, Slot, Strip, StripKind};
use crate::op::{Builder, Expr, Inst, Ref};

/// Longest strip, in instructions after expansion: machine code for it takes a fraction of a
/// millisecond, and no more values are alive in it than spilling can bear.
const LONGEST: usize = 256;

/// An expression with what its leaves are.
pub(super) struct Body<'a> {
    /// What is computed.
    pub expr: &'a Expr,
    /// What each `Arg` is.
    pub args: &'a [Source],
    /// What each `Acc` is.
    pub accs: &'a [Source],
    /// Where each output goes.
    pub outs: &'a [Source],
}

impl Lowering {
    /// Strips along axis `column` that compute `body`.
    pub(super) fn chain(&mut self, body: &Body, column: usize) -> Chain {
        let mut chain = Chain { copies: Vec::new(), links: Vec::new(), temps: Vec::new() };
        // What is copied is an argument like any other then.
        let (args, copied) = chain.copy(body, column);
        let body = &Body { args: &args, ..*body };
        let pieces = cut(body.expr);
        // Where the value of an instruction is once a strip has computed it.
        let mut temps: Vec<Option<u32>> = vec![None; body.expr.len()];
        // The temps that each piece reads last, and those that nobody reads any more: they are
        // written again, so that a long chain stays in the cache.
        let mut ending: Vec<Vec<u32>> = vec![Vec::new(); pieces.len()];
        let mut free: Vec<u32> = Vec::new();
        let rank = body.outs[0].place.steps.len();
        for (number, piece) in pieces.iter().enumerate() {
            let mut outs: Vec<Source> = Vec::new();
            let mut values: Vec<Ref> = Vec::new();
            for &(passed, last) in &piece.passed {
                let dtype = body.expr.dtype(passed);
                let known = free.iter().position(|&temp| chain.temps[temp as usize] == dtype);
                let number = match known {
                    Some(at) => free.swap_remove(at),
                    None => {
                        chain.temps.push(dtype);
                        chain.temps.len() as u32 - 1
                    }
                };
                ending[last].push(number);
                temps[passed.index()] = Some(number);
                outs.push(temp(number, dtype, rank, column));
                values.push(passed);
            }
            let computed = |(out, value): &(usize, &Ref)| piece.computes(**value) && !copied.contains(out);
            for (out, value) in body.expr.outs().iter().enumerate().filter(computed) {
                outs.push(body.outs[out].clone());
                values.push(*value);
            }
            if !values.is_empty() {
                let link = self.link(StripKind::Map, body, piece, &temps, &values, outs, column, rank);
                chain.links.push(link);
            }
            free.append(&mut ending[number]);
        }
        chain
    }

    /// A single strip of another kind, or with a body known to be short.
    pub(super) fn single(&mut self, kind: StripKind, body: &Body, column: usize) -> Link {
        let piece = Piece { first: 0, end: body.expr.len(), passed: Vec::new() };
        let temps = vec![None; body.expr.len()];
        let rank = body.outs[0].place.steps.len();
        self.link(kind, body, &piece, &temps, body.expr.outs(), body.outs.to_vec(), column, rank)
    }

    /// The strip that computes `values` from what `piece` holds and what earlier pieces passed on.
    #[expect(clippy::too_many_arguments, reason = "what a strip is made of")]
    fn link(
        &mut self,
        kind: StripKind,
        body: &Body,
        piece: &Piece,
        temps: &[Option<u32>],
        values: &[Ref],
        outs: Vec<Source>,
        column: usize,
        rank: usize,
    ) -> Link {
        let mut operands: Vec<Source> = Vec::new();
        let (mut scalars, mut scalar_dtypes): (Vec<u32>, Vec<DType>) = (Vec::new(), Vec::new());
        let mut builder = Builder::default();
        // What instructions have become: those before the piece by number, ascending, and its own.
        let mut before: SmallVec<[(Ref, Ref); 8]> = SmallVec::new();
        let mut within: SmallVec<[Ref; 16]> = SmallVec::from_elem(Ref::new(0), piece.end - piece.first);
        let mut rows: Vec<Gather> = Vec::new();
        let mut operand = |builder: &mut Builder, source: Source| {
            let arg = builder.arg(operands.len(), source.dtype);
            operands.push(source);
            arg
        };
        // Instructions before the piece are leaves, made again, or values passed on.
        for at in needed(body.expr, values, piece) {
            let (inst, dtype) = (body.expr.inst(at), body.expr.dtype(at));
            let value = match inst {
                Inst::Arg(arg) if !body.args[*arg as usize].picked.is_empty() => {
                    let source = &body.args[*arg as usize];
                    rows.push(gather::gather(body.args, source));
                    operand(&mut builder, gather::row(rows.len() - 1, source))
                }
                Inst::Arg(arg) => operand(&mut builder, body.args[*arg as usize].clone()),
                Inst::Acc(acc) => operand(&mut builder, body.accs[usize::from(*acc)].clone()),
                Inst::Scalar(scalar) => {
                    let number = scalars.iter().position(|known| known == scalar).unwrap_or_else(|| {
                        scalars.push(*scalar);
                        scalar_dtypes.push(dtype);
                        scalars.len() - 1
                    });
                    builder.push(Inst::Scalar(number as u32), dtype)
                }
                _ if at.index() < piece.first && !inst.is_leaf() => {
                    let number = temps[at.index()].expect("what a later piece needs is passed on");
                    operand(&mut builder, temp(number, dtype, rank, column))
                }
                _ => builder.push(inst.map_operands(|r| piece.renamed(&before, &within, r)), dtype),
            };
            match at.index().checked_sub(piece.first) {
                Some(place) => within[place] = value,
                None => before.push((at, value)),
            }
        }
        let values: SmallVec<[Ref; 2]> =
            values.iter().map(|value| piece.renamed(&before, &within, *value)).collect();
        let arguments = operands.len();
        operands.extend(outs);
        let described = operands.iter().enumerate().map(|(at, source)| Operand {
            dtype: source.dtype,
            step: match source.place.slot {
                Slot::Iota => Step::Iota,
                // One element written: its step is never taken.
                _ if at >= arguments && source.place.steps[column] == 0 => Step::Unit,
                _ => class(source.place.steps[column], source.dtype.size()),
            },
        });
        let described: Vec<Operand> = described.collect();
        let body = builder.finish(values);
        let arrays = operands[..arguments].iter().zip(&described);
        let side_by_side = arrays.filter(|(_, operand)| operand.step == Step::Unit);
        let narrow =
            kind == StripKind::Map && is_narrow(side_by_side.map(|(source, _)| source.place.slot), &body);
        let strip = Strip {
            kind,
            operands: described,
            arguments,
            scalars: scalar_dtypes,
            streams: false,
            narrow,
            body,
        };
        let places: Vec<Place> = operands.into_iter().map(|source| source.place).collect();
        Link { strip: self.strip(strip), places, scalars, rows }
    }
}

/// A block of values between strips, as an operand.
pub(super) fn temp(number: u32, dtype: DType, rank: usize, column: usize) -> Source {
    let mut steps: SmallVec<[i64; 4]> = smallvec::smallvec![0; rank];
    steps[column] = dtype.size() as i64;
    Source::plain(dtype, Place { slot: Slot::Temp(number), offset: 0, steps })
}

/// A run of instructions that becomes one strip.
struct Piece {
    first: usize,
    end: usize,
    /// The values of it that later pieces need, each with the number of the last that does.
    passed: Vec<(Ref, usize)>,
}

impl Piece {
    fn computes(&self, value: Ref) -> bool {
        (self.first..self.end).contains(&value.index())
    }

    /// What an instruction has become, given those before the piece, ascending, and its own.
    fn renamed(&self, before: &[(Ref, Ref)], within: &[Ref], at: Ref) -> Ref {
        match at.index().checked_sub(self.first) {
            Some(place) => within[place],
            None => {
                let place = before.binary_search_by_key(&at, |(at, _)| *at);
                before[place.expect("operands come first")].1
            }
        }
    }
}

/// The instructions that are needed for `values` of a piece, in order: its own, and those before it
/// that they use. Looks at no others, so that all pieces of an expression take time linear in its
/// length.
fn needed(expr: &Expr, values: &[Ref], piece: &Piece) -> Vec<Ref> {
    let mut within: SmallVec<[bool; 64]> = SmallVec::from_elem(false, piece.end - piece.first);
    let mut needed: Vec<Ref> = Vec::with_capacity(within.len());
    values.iter().for_each(|value| within[value.index() - piece.first] = true);
    for place in (0..within.len()).rev() {
        if within[place] {
            for operand in expr.inst(Ref::new(piece.first + place)).operands() {
                match operand.index().checked_sub(piece.first) {
                    Some(place) => within[place] = true,
                    None => needed.push(operand),
                }
            }
        }
    }
    needed.sort_unstable();
    needed.dedup();
    needed
        .extend((0..within.len()).filter(|place| within[*place]).map(|place| Ref::new(piece.first + place)));
    needed
}

/// Whether an expression is not cut.
pub(super) fn is_one_strip(expr: &Expr) -> bool {
    expr.iter().map(|(inst, _)| length(expr, inst)).sum::<usize>() <= LONGEST
}

/// Cuts an expression into pieces of at most [`LONGEST`] instructions, each cut in the last quarter
/// of what is allowed and there at the point that the fewest values cross.
fn cut(expr: &Expr) -> Vec<Piece> {
    if is_one_strip(expr) {
        return vec![Piece { first: 0, end: expr.len(), passed: Vec::new() }];
    }
    let lengths: Vec<usize> = expr.iter().map(|(inst, _)| length(expr, inst)).collect();
    // How many values are alive after each instruction: leaves are free, they are made again.
    let last_uses = expr.last_uses();
    let mut alive = vec![0_isize; expr.len() + 1];
    for (at, _) in expr.iter().enumerate().filter(|(_, (inst, _))| !inst.is_leaf()) {
        alive[at] += 1;
        alive[last_uses[at].min(expr.len())] -= 1;
    }
    let mut running = 0;
    alive.iter_mut().for_each(|count| {
        running += *count;
        *count = running;
    });
    let mut pieces = Vec::new();
    let (mut first, mut at, mut sum) = (0, 0, 0);
    let mut best: Option<usize> = None;
    while at < expr.len() {
        if sum + lengths[at] > LONGEST && at > first {
            let end = best.unwrap_or(at - 1) + 1;
            pieces.push(Piece { first, end, passed: Vec::new() });
            (first, at, sum, best) = (end, end, 0, None);
            continue;
        }
        sum += lengths[at];
        if sum * 4 >= LONGEST * 3 && best.is_none_or(|best| alive[at] <= alive[best]) {
            best = Some(at);
        }
        at += 1;
    }
    pieces.push(Piece { first, end: expr.len(), passed: Vec::new() });
    // A value is passed on if an instruction of a later piece uses it.
    let piece_of = |pieces: &[Piece], at: usize| pieces.partition_point(|piece| piece.end <= at);
    let mut last_reader: Vec<Option<usize>> = vec![None; expr.len()];
    for (at, (inst, _)) in expr.iter().enumerate() {
        let reader = piece_of(&pieces, at);
        for operand in inst.operands() {
            if !expr.inst(operand).is_leaf() && piece_of(&pieces, operand.index()) != reader {
                last_reader[operand.index()] = Some(reader);
            }
        }
    }
    for (at, reader) in last_reader.into_iter().enumerate() {
        if let Some(reader) = reader {
            let piece = piece_of(&pieces, at);
            pieces[piece].passed.push((Ref::new(at), reader));
        }
    }
    pieces
}

/// The instructions that one instruction becomes.
fn length(expr: &Expr, inst: &Inst) -> usize {
    use crate::op::math;
    match inst {
        Inst::Unary(op, a) if op.is_math() => math::unary(*op, expr.dtype(*a)).len(),
        Inst::Binary(op, a, _) if op.is_math() => math::binary(*op, expr.dtype(*a)).len(),
        leaf if leaf.is_leaf() => 0,
        _ => 1,
    }
}
