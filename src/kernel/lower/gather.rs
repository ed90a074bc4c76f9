//! What a chain reads where index arrays say: copied block by block, or read where its rows lie.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::Source;
use super::chain::{Body, temp};
use crate::graph::verify::reads_of;
use crate::kernel::loops::{Gather, Index};
use crate::kernel::{Chain, Place, Slot};
use crate::op::{Expr, Inst};

impl Chain {
    /// Gathers what `body` reads by index arrays. Returns its arguments as strips along `column` read them,
    /// and the outputs that are gathered as they are, which no strip writes.
    pub(super) fn gather<'a>(
        &mut self,
        body: &Body<'a>,
        column: usize,
    ) -> (Cow<'a, [Source]>, SmallVec<[usize; 1]>) {
        let mut args = Cow::Borrowed(body.args);
        let mut written = SmallVec::new();
        for arg in reads_of(body.expr).filter(|arg| !body.args[*arg].picked.is_empty()) {
            let Source { dtype, place, picked } = &body.args[arg];
            let index = |picked: &super::Picked| {
                let Source { dtype, place, .. } = &body.args[picked.index];
                let super::Picked { step, extent, axis, .. } = *picked;
                Index { dtype: *dtype, place: place.clone(), step, extent, axis }
            };
            let indices: SmallVec<[Index; 1]> = picked.iter().map(index).collect();
            let lies = place.slot != Slot::Iota && indices.iter().all(|index| index.place.steps[column] == 0);
            let mut to = None;
            if lies {
                let slot = Slot::Picked(self.gathers.len() as u32);
                args.to_mut()[arg] =
                    Source::plain(*dtype, Place { slot, offset: 0, steps: place.steps.clone() });
            } else if let Some(out) = result(body.expr, arg) {
                written.push(out);
                to = Some(body.outs[out].place.clone());
            } else {
                let copy = temp(self.temps.len() as u32, *dtype, place.steps.len(), column);
                self.temps.push(*dtype);
                to = Some(copy.place.clone());
                args.to_mut()[arg] = copy;
            }
            self.gathers.push(Gather { dtype: *dtype, from: place.clone(), indices, to });
        }
        (args, written)
    }
}

/// The output that argument `arg` is, if it is nothing else.
fn result(expr: &Expr, arg: usize) -> Option<usize> {
    let is = |value| matches!(expr.inst(value), Inst::Arg(known) if *known as usize == arg);
    let mut outs = (0..expr.outs().len()).filter(|out| is(expr.outs()[*out]));
    let out = outs.next()?;
    let used = expr.iter().any(|(inst, _)| inst.operands().into_iter().any(is));
    (outs.next().is_none() && !used).then_some(out)
}
