//! Kernels and plans as text.

use crate::kernel::Plan;

/// Every kernel's loops.
pub fn kernels(plan: &Plan) -> String {
    format!("{:#?}", plan.kernels)
}

/// Kernels in order, buffers and their lifetimes.
pub fn plan(plan: &Plan, donated: &[bool]) -> String {
    format!("{:#?} {donated:?}", plan.buffers)
}
