//! Reductions.
use super::lanes::Emitter;
use crate::kernel::Strip;
use crate::op::Fold;
pub(super) fn fold(_e: &mut Emitter, _strip: &Strip, _fold: Fold) {}
