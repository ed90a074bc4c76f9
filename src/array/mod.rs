//! The user's side: `Array` and everything one can write with it.
//!
//! - `handle`: what an array is, how nodes are born and die; `fallible`: how mistakes are reported
//! - `args`, `operand`: what shapes, axes and operands may be written as
//! - `build`: nodes, with every implicit conversion made explicit
//! - `create`, `elementwise`, `reduce`, `contract`, `views`, `index`, `nn`: what one can write; `order`: sorting
//!   and what needs order, running sums; `pick` and `update`: by index arrays and masks; `sets`
//! - `capture`: from the user's links to one compilation's graph and back; `function`: programs that are
//!   captured once and called again and again
//! - `read`, `display`: values and texts out

mod args;
mod build;
mod capture;
mod contract;
mod create;
mod display;
mod elementwise;
mod fallible;
mod function;
mod handle;
mod index;
mod nn;
mod operand;
mod order;
mod pick;
mod read;
mod reduce;
mod sets;
mod update;
mod views;

pub(crate) use args::extents;
pub use args::{Integer, Over, ToAxes, ToShape, over};
pub use create::{Bound, Nested};
pub use elementwise::{try_where_, where_};
pub use fallible::checked;
pub use function::{Body, Function, Memory, Returned, function};
pub use handle::Array;
pub use index::{NewAxis, SliceIndex, SliceItem};
pub use operand::{Operand, Scalarlike};
pub use read::{Arrays, Rows, eval, explain};
pub use update::{At, Target as UpdateTarget};
pub use views::{concat, stack, try_concat, try_stack};
