//! The optimizer's rewriting half.

pub mod pattern;
pub mod rules;
pub mod simplify;
