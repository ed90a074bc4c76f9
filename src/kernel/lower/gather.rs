//! What is read where index arrays say: copied by a chain, block by block, or read by a strip where rows lie.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::chain::{Body, temp};
use super::{Picked, Source};
use crate::graph::verify::reads_of;
use crate::kernel::loops::{Gather, Index};
use crate::kernel::{Chain, Place, Slot};
use crate::op::{Expr, Inst};

impl Chain {
    /// Copies what `body` reads by indices that change along `column`. Returns its arguments as strips read
    /// them, and the outputs that are nothing but copies, which no strip writes.
    pub(super) fn copy<'a>(
        &mut self,
        body: &Body<'a>,
        column: usize,
    ) -> (Cow<'a, [Source]>, SmallVec<[usize; 1]>) {
        let mut args = Cow::Borrowed(body.args);
        let mut written = SmallVec::new();
        for arg in reads_of(body.expr).filter(|arg| is_copied(body.args, *arg, column)) {
            let source = &body.args[arg];
            let to = match result(body.expr, arg) {
                Some(out) => {
                    written.push(out);
                    body.outs[out].place.clone()
                }
                None => {
                    let number = self.temps.len() as u32;
                    self.temps.push(source.dtype);
                    let copy = temp(number, source.dtype, source.place.steps.len(), column);
                    args.to_mut()[arg] = copy.clone();
                    copy.place
                }
            };
            self.copies.push((gather(body.args, source), to));
        }
        (args, written)
    }
}

/// Whether argument `arg` is copied for strips along `column`: the indices it is read by change along it, or
/// it counts.
pub(super) fn is_copied(args: &[Source], arg: usize, column: usize) -> bool {
    let moves = |picked: &Picked| args[picked.index].place.steps[column] != 0;
    let picked = &args[arg].picked;
    picked.iter().any(moves) || !picked.is_empty() && args[arg].place.slot == Slot::Iota
}

/// What `source` reads by indices that are among `args`.
pub(super) fn gather(args: &[Source], source: &Source) -> Gather {
    let index = |picked: &Picked| {
        let Source { dtype, place, .. } = &args[picked.index];
        let Picked { step, extent, axis, .. } = *picked;
        Index { dtype: *dtype, place: place.clone(), step, extent, axis }
    };
    let indices = source.picked.iter().map(index).collect();
    Gather { dtype: source.dtype, from: source.place.clone(), indices }
}

/// Row number `row` of a strip, which `source` reads by indices.
pub(super) fn row(row: usize, source: &Source) -> Source {
    let place = Place { slot: Slot::Picked(row as u32), offset: 0, steps: source.place.steps.clone() };
    Source::plain(source.dtype, place)
}

/// The output that argument `arg` is, if it is nothing else.
fn result(expr: &Expr, arg: usize) -> Option<usize> {
    let is = |value| matches!(expr.inst(value), Inst::Arg(known) if *known as usize == arg);
    let mut outs = (0..expr.outs().len()).filter(|out| is(expr.outs()[*out]));
    let out = outs.next()?;
    let used = expr.iter().any(|(inst, _)| inst.operands().into_iter().any(is));
    (outs.next().is_none() && !used).then_some(out)
}
