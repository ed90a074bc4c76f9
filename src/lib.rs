//! A lazy array compiler: NumPy's way of writing, fused and compiled to native code on all cores.
//!
//! Arrays of any rank, broadcasting, whole-array operations. Nothing runs while an expression is
//! written. [`eval`](Array::eval) captures it, optimizes it, fuses it into as few loop nests as it can,
//! compiles those to this machine's code, and runs them on all cores.
//!
//! This page is a guided tour; every example on it runs.
//!
//! # A first example
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
//! let row = array![10.0, 20.0, 30.0];
//!
//! let y = (&x * 2.0 + &row).sum(1); // nothing has run
//! assert_eq!(y.shape(), [2]); // but this is known
//!
//! let y = y.eval()?; // one loop
//! assert_eq!(y.to_vec::<f64>()?, [72.0, 90.0]);
//! # Ok::<(), broadloom::Error>(())
//! ```
//!
//! [`Array`] is the only type: rank and dtype are values, asked for with [`shape`](Array::shape) and
//! [`dtype`](Array::dtype). It is a handle; cloning one copies no elements, and operators take
//! `&x` or `x`.
//!
//! # Creating arrays
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let a = array![[1, 2], [3, 4]]; // i32, as Rust's literals are
//! let b = Array::from_vec(vec![0.5_f32, 1.5, 2.5], 3)?; // takes the memory over
//! let c = Array::zeros([2, 3], F32);
//! let d = Array::arange(0..6).reshape((2, -1)); // i64
//! let e = Array::linspace(0.0, 1.0, 5); // f64
//! # assert_eq!((a.dtype(), b.dtype(), c.shape(), d.shape()), (I32, F32, &[2, 3][..], &[2, 3][..]));
//! # assert_eq!(e.to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75, 1.0]);
//! # Ok::<(), broadloom::Error>(())
//! ```
//!
//! Constants and ranges are never memory: the loop that reads them computes them. Files come and go
//! with [`Array::load_npy`] and [`Array::save_npy`]; several arrays at once, by name, with
//! [`load_npz`](Array::load_npz) and [`load_safetensors`](Array::load_safetensors), tables of text with
//! [`load_text`](Array::load_text).
//!
//! # Laziness
//!
//! An operation only writes down what is to be computed; shapes and dtypes are checked at once, and
//! a mistake panics at its line. Reading ([`to_vec`](Array::to_vec), [`item`](Array::item), printing
//! with `{}`) evaluates what it needs, and what was evaluated stays. [`eval`](Array::eval) says when,
//! consumes the handle and so can reuse its memory; [`broadloom::eval`](eval()) takes several arrays and
//! computes what they share once.
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let x = Array::arange(0..1000).astype(F64);
//! let center = &x - x.mean(..);
//! let [variance, largest] = broadloom::eval([center.square().mean(..), center.abs().max(..)])?;
//! assert_eq!((variance.item::<f64>()?, largest.item::<f64>()?), (83333.25, 499.5));
//! # Ok::<(), broadloom::Error>(())
//! ```
//!
//! Compiled code is kept. The same expression with other numbers, or arrays of other sizes, is not
//! compiled again.
//!
//! # Compiled functions
//!
//! [`function`] traces a closure once for each dtypes and shapes it is called with, and from then on
//! runs its program without building or looking up anything: for work that is done again and again,
//! above all on small arrays.
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let dense = broadloom::function(|x: &Array, w: &Array, b: &Array| (x.matmul(w) + b).relu())?;
//! let (x, w, b) = (array![[1.0, -2.0]], array![[3.0, 1.0], [1.0, 1.0]], array![0.5, 0.5]);
//! assert_eq!(dense.call(&x, &w, &b)?.to_vec::<f64>()?, [1.5, 0.0]);
//!
//! let mut out = [0.0; 2];
//! dense.call_into(&x, &w, &b, &mut out)?; // into memory of yours
//! # Ok::<(), broadloom::Error>(())
//! ```
//!
//! # Scalars are weak
//!
//! A plain Rust number takes the dtype of the array it meets, as in NumPy 2. [`Array::scalar`] is a
//! number with a dtype of its own.
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let x = Array::ones(3, F32);
//! assert_eq!((&x * 2.0).dtype(), F32);
//! assert_eq!((&x * Array::scalar(2.0)).dtype(), F64);
//! assert_eq!((Array::arange(0..3) / 2).dtype(), F64); // `/` of integers gives floats
//! ```
//!
//! # Axes and slices
//!
//! Axes are `0`, `-1`, `[0, 2]`, or `..` for all of them; [`over`] adds options. Slices are written
//! with [`s!`], single indices with [`i`](Array::i). Both are views: they move nothing.
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let x = Array::arange(0..12).reshape([3, 4]);
//! assert_eq!(x.sum(0).to_vec::<i64>()?, [12, 15, 18, 21]);
//! assert_eq!(x.max(over(-1).keepdims()).shape(), [3, 1]);
//!
//! assert_eq!(x.i(-1).to_vec::<i64>()?, [8, 9, 10, 11]);
//! assert_eq!(x.slice(s![1.., ..;-2]).to_vec::<i64>()?, [7, 5, 11, 9]);
//! assert_eq!(x.slice(s![..., NewAxis, 0]).shape(), [3, 1]);
//! # Ok::<(), broadloom::Error>(())
//! ```
//!
//! # Mistakes
//!
//! Building panics, running returns [`Result`]. Every operation has a `try_` twin that returns its
//! error, and [`checked`] does the same for a whole expression.
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let (a, b) = (Array::zeros([3, 4], F32), Array::zeros([2, 4], F32));
//! let error = a.try_add(&b).unwrap_err();
//! assert_eq!(error.to_string(), "add: cannot broadcast f32[3, 4] with f32[2, 4]: axis -2 has 3 and 2");
//! assert!(broadloom::checked(|| (&a - &b).exp().sum(..)).is_err());
//! ```
//!
//! # Looking inside
//!
//! [`explain`](Array::explain) shows what evaluating would run, stage by stage: the graph as written,
//! the optimized program with one line per loop nest, its loops, its buffers, and the machine code.
//!
//! ```
//! use broadloom::prelude::*;
//!
//! let (x, w, b) = (Array::ones([64, 256], F32), Array::ones([256, 128], F32), array![0.5_f32; 128]);
//! let [x, w] = broadloom::eval([x, w])?;
//!
//! let y = (x.matmul(&w) + &b).relu();
//! assert!(y.explain()?.optimized.contains(
//!     "%3 = matmul %0, %1, %2 by [j] in [64, 128, 256] then |acc, c| maximum(acc + c, 0) : f32[64, 128]"
//! ));
//! # Ok::<(), broadloom::Error>(())
//! ```
//!
//! `BROADLOOM_DUMP=optimized` prints the same at every evaluation, and [`engine().stats()`](Engine::stats) counts
//! what was compiled and how much memory was used.
//!
//! # Further
//!
//! In the repository, `examples/tour.rs` is a longer walk, `examples/digits.rs` a trained network on
//! real images, and `life.rs`, `gray_scott.rs`, `mandelbrot.rs`, `black_scholes.rs`, `regression.rs` and `spectrum.rs`
//! beside them are short programs. `docs/` has more to read:
//!
//! | Page | Says |
//! |---|---|
//! | `laziness.md` | when things run, what a handle keeps alive, and the traps |
//! | `numerics.md` | what every result is, to the bit, on every machine |
//! | `ir.md` | the texts that `explain` prints |
//! | `ARCHITECTURE.md` | how the compiler is built, room by room |
//! | `adding-an-op.md`, `rewriting.md` | how to extend it |
//!
//! # Features
//!
//! `jit`, on by default, compiles to machine code. Without it, and on machines that allow no
//! executable memory, everything is interpreted block by block: the same interface, the same bits.
//!
//! `npz`, `safetensors` and `text`, on by default, read and write those files.
//!
//! `fft`, off by default, has Fourier transforms, by the crates `rustfft` and `realfft`, and `linalg` equations, inverses
//! and decompositions of matrices, by `faer`.
//! `ndarray-0_17` converts arrays of the crate `ndarray`, and `serde` writes and reads arrays as values of that crate;
//! they are off by default too.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod array;
#[doc(hidden)]
pub mod base;
#[cfg(feature = "jit")]
#[doc(hidden)]
pub mod codegen;
#[doc(hidden)]
pub mod graph;
mod io;
#[doc(hidden)]
pub mod kernel;
#[doc(hidden)]
pub mod matmul;
#[doc(hidden)]
pub mod op;
#[doc(hidden)]
pub mod opt;
#[doc(hidden)]
pub mod pipeline;
pub mod random;
#[doc(hidden)]
pub mod reference;
#[doc(hidden)]
pub mod runtime;

#[cfg(feature = "fft")]
pub use array::FftNorm;
#[cfg(feature = "linalg")]
pub use array::MatrixNorm;
pub use array::{
    Array, Arrays, At, Body, Function, Memory, NewAxis, Operand, Over, Overlap, Pad, PrintOptions, Printed,
    Returned, SliceIndex, SliceItem, ToAxes, ToShape, UpdateTarget, broadcast_arrays, broadcast_shapes,
    checked, complex, concat, einsum, eval, explain, function, meshgrid, meshgrid_ij, over, stack,
    try_broadcast_arrays, try_complex, try_concat, try_einsum, try_meshgrid, try_meshgrid_ij, try_stack,
    try_where_, where_,
};
pub use base::{
    DType, DTypeKind, Element, Error, ErrorKind, FloatInfo, IntegerInfo, Result, Target, Vector, bf16, c64,
    c128, can_cast, f16, finfo, iinfo, isdtype, result_type,
};
#[cfg(feature = "text")]
pub use io::TextOptions;
pub use pipeline::Explain;
pub use runtime::{Engine, Stats, engine};

/// Everything one writes expressions with: `use broadloom::prelude::*;`.
pub mod prelude {
    pub use crate::DType::{self, *};
    pub use crate::{Array, NewAxis, array, concat, einsum, over, s, stack, where_};
}

/// The examples of the front page, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
