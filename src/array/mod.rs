//! The user's side: `Array` and everything one can write with it.
//!
//! - `handle`: what an array is, how nodes are born and die; `fallible`: how mistakes are reported
//! - `args`, `operand`: what shapes, axes and operands may be written as
//! - `build`: nodes, with every implicit conversion made explicit
//! - `create`, `ranges`, `grids`: arrays from data, from steps, from indices
//! - `elementwise`, `reduce`, `statistics`, `contract`, `products`, `einsum`, `convolve`, `nn`: what is computed from arrays
//! - `views`, `manipulate`, `windows`, `pad`, `index`: their elements elsewhere
//! - `order`: sorting and what needs order, running sums; `pick` and `update`: by index arrays and masks;
//!   `sets`; `linalg`: decompositions of matrices; `fft`: Fourier transforms, `frequencies` what theirs are
//! - `capture`: from the user's links to one compilation's graph and back; `function`: programs that are
//!   captured once and called again and again
//! - `read`, `display`: values and texts out

mod args;
mod build;
mod capture;
mod complex;
mod contract;
mod convolve;
mod create;
mod display;
mod einsum;
mod elementwise;
mod fallible;
#[cfg(feature = "fft")]
mod fft;
mod frequencies;
mod function;
mod grids;
mod handle;
mod index;
#[cfg(feature = "linalg")]
mod linalg;
mod manipulate;
mod nn;
mod operand;
mod order;
mod pad;
mod pick;
mod products;
mod ranges;
mod read;
mod reduce;
mod sets;
mod statistics;
mod update;
mod views;
mod windows;

pub(crate) use args::extents;
pub use args::{Integer, Over, ToAxes, ToShape, over};
pub use complex::{complex, try_complex};
pub use convolve::Overlap;
pub use create::Nested;
pub use display::{PrintOptions, Printed};
pub use einsum::{einsum, try_einsum};
pub use elementwise::{try_where_, where_};
pub use fallible::checked;
#[cfg(feature = "fft")]
pub use fft::FftNorm;
pub use function::{Body, Function, Memory, Returned, function};
pub use grids::{meshgrid, meshgrid_ij, try_meshgrid, try_meshgrid_ij};
pub use handle::Array;
pub use index::{NewAxis, SliceIndex, SliceItem};
#[cfg(feature = "linalg")]
pub use linalg::MatrixNorm;
pub use manipulate::{broadcast_arrays, broadcast_shapes, try_broadcast_arrays};
pub use operand::{Operand, Scalarlike};
pub use pad::{Pad, Widths};
pub use products::Contraction;
pub use ranges::Bound;
pub use read::{Arrays, Rows, eval, explain};
pub use update::{At, Target as UpdateTarget};
pub use views::{concat, stack, try_concat, try_stack};
