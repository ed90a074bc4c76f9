//! What an element of a reduction does, as an expression: what all makers of fold and column strips compile.

use crate::kernel::Strip;
use crate::op::{Builder, Expr, Fold, PerAccumulator, Ref};

/// Takes the arguments of a strip and then accumulators, and gives those with one element more, then what
/// is stored of the element.
pub(super) fn with_element(strip: &Strip, fold: Fold) -> Expr {
    with_element_by(strip, |b, accumulated, element| fold.join(b, accumulated, element))
}

/// The same, where `join` says what an element does to the accumulators.
pub(super) fn with_element_by(
    strip: &Strip,
    join: impl FnOnce(&mut Builder, &[Ref], &[Ref]) -> PerAccumulator<Ref>,
) -> Expr {
    let mut b = Builder::default();
    let values = b.inline(&strip.body, |_, _, _| None);
    let (elements, stored) = values.split_at(strip.output_of(strip.stored().start));
    let outputs = strip.accumulators().iter().enumerate();
    let accumulated: Vec<_> = outputs.map(|(k, output)| b.arg(strip.arguments + k, output.dtype)).collect();
    let outs = join(&mut b, &accumulated, elements);
    b.finish(outs.into_iter().chain(stored.iter().copied()))
}
