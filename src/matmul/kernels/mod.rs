//! The micro-kernels: generic bodies, instantiated per instruction set, dtype and number of rows.
//!
//! A micro-kernel adds `depth` products to a tile of accumulators held in registers, or, of a few rows by
//! a right operand that is read once, to accumulators that pass through them. It knows nothing of
//! blocking; `drive` calls it through function pointers, so one driver serves all dtypes. Which
//! instruction sets the machine has is asked once.

#![allow(unsafe_code)]

use std::sync::OnceLock;

use crate::base::DType;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod turned;

/// A set of instructions that micro-kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// x86-64 with AVX-512 F and DQ.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// aarch64.
    Neon,
    /// Any machine.
    Portable,
}

impl Isa {
    /// The instruction sets this machine has, best first; never empty.
    pub fn available() -> &'static [Isa] {
        static AVAILABLE: OnceLock<Vec<Isa>> = OnceLock::new();
        AVAILABLE.get_or_init(|| {
            let all = [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Portable];
            all.into_iter().filter(|isa| isa.is_available()).collect()
        })
    }

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512dq")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma"),
            // NEON is part of every aarch64 target of Rust that has hardware floats.
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Isa::Neon => true,
            Isa::Portable => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The kernel for products of `dtype`; none for truth values, or if this machine lacks the
    /// instructions. An instruction set without a kernel of its own for a dtype lends the portable
    /// one.
    pub fn kernel(self, dtype: DType) -> Option<&'static Kernel> {
        let of = |kernels: &'static [Kernel]| kernels.iter().find(|kernel| kernel.dtype == dtype);
        if !Isa::available().contains(&self) {
            return None;
        }
        let own = match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => of(avx512::KERNELS),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => of(avx2::KERNELS),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Isa::Neon => of(neon::KERNELS),
            _ => None,
        };
        own.or_else(|| of(portable::KERNELS))
    }
}

/// The micro-kernels of one instruction set and dtype.
pub struct Kernel {
    /// As dumps show it, `avx512 8x48`: the instruction set, rows and columns of a full tile.
    pub name: &'static str,
    /// Of the elements.
    pub dtype: DType,
    /// Rows of a full tile.
    pub(super) rows: usize,
    /// Columns of a full tile.
    pub(super) columns: usize,
    /// Elements of a vector.
    pub(super) lanes: usize,
    /// Tiles by their rows: tallest first, down to one row.
    heights: &'static [Height],
    /// One row by [`Step::columns`] columns of a right operand whose k are side by side.
    pub(super) turned: Option<TileFn>,
}

/// The micro-kernels of one tile height.
pub(super) struct Height {
    /// Rows of the tile.
    pub rows: usize,
    /// `whole[v]`: `v + 1` vectors of columns.
    pub whole: &'static [TileFn],
    /// `partial[v]`: as `whole[v]`, of the last vector only the first [`Step::rest`] lanes.
    pub partial: &'static [TileFn],
    /// So many vectors of columns, more than a full tile has: a few rows leave registers for them.
    /// For a right operand that is read where it lies, of which they read longer runs.
    pub wide: Option<(usize, TileFn)>,
    /// [`Step::columns`] columns of a right operand that is read where it lies, a few k at a time:
    /// as few and as long runs as can be.
    pub along: Option<TileFn>,
}

impl Kernel {
    /// The tiles with which to begin `left` rows: as tall as can be, but the last two alike, since few
    /// sums would wait for each other.
    pub(super) fn height(&self, left: usize) -> &'static Height {
        let rows = if left < 2 * self.rows { left.div_ceil(left.div_ceil(self.rows)) } else { self.rows };
        &self.heights[self.rows - rows]
    }

    /// With how many vectors to begin `left` vectors of columns: as [`Self::height`], as many as can
    /// be, but so that none is left alone.
    pub(super) fn vectors(&self, left: usize) -> usize {
        let most = self.columns / self.lanes;
        if left == most + 1 { left.div_ceil(2) } else { left.min(most) }
    }
}

/// Adds the products of one block of k to one tile of accumulators.
///
/// # Safety
/// The machine must have the kernel's instructions. Left operand and accumulators must be valid for
/// the rows, right operand and accumulators for the columns, that the kernel was compiled for.
pub(super) type TileFn = unsafe fn(&Step);

/// What a micro-kernel is called with. Steps are in bytes.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// How many k.
    pub depth: usize,
    /// The left operand at the first row and k.
    pub a: *const u8,
    /// From one row to the next.
    pub a_row: isize,
    /// From one k to the next.
    pub a_k: isize,
    /// The right operand at the first k and column; columns are adjacent but for [`Kernel::turned`].
    pub b: *const u8,
    /// From one k to the next.
    pub b_k: isize,
    /// From one column to the next, if they are not adjacent.
    pub b_column: isize,
    /// The first accumulator; columns are adjacent.
    pub c: *mut u8,
    /// From one row of accumulators to the next.
    pub c_row: isize,
    /// The first accumulator of the tile that comes next; any address.
    pub next: *const u8,
    /// How many columns; tiles, which know it but for the last vector, ignore it.
    pub columns: usize,
    /// Lanes of a tile's last vector that exist; whole tiles ignore it.
    pub rest: usize,
    /// Whether sums go on from the stored accumulators, or start at +0.
    pub resume: bool,
}

/// A vector of elements.
///
/// # Safety
/// For all functions: the machine has the instructions, and the address is valid for the elements
/// read or written. Addresses need no alignment beyond the element's.
trait Lanes: Copy {
    type Element;
    type Mask: Copy;
    /// Elements of a vector.
    const LANES: usize = size_of::<Self>() / size_of::<Self::Element>();
    unsafe fn zero() -> Self;
    /// The element at `at`, in every lane.
    unsafe fn splat(at: *const u8) -> Self;
    unsafe fn load(at: *const u8) -> Self;
    unsafe fn store(self, at: *mut u8);
    /// The mask of the first `count` lanes.
    unsafe fn mask(count: usize) -> Self::Mask;
    /// The masked lanes at `at`, and zeros; no other lane is touched.
    unsafe fn load_some(at: *const u8, mask: Self::Mask) -> Self;
    /// Stores the masked lanes; no other lane is touched.
    unsafe fn store_some(self, at: *mut u8, mask: Self::Mask);
    /// A hint that the line at `at`, any address, will soon be read and written.
    fn prefetch(at: *const u8);
    /// `self + a * b`, rounded once; integers wrap.
    unsafe fn fma(self, a: Self, b: Self) -> Self;
}

/// The body of every micro-kernel: `ROWS` rows by `VECTORS` vectors. `WHOLE`: all lanes of the last
/// vector exist.
///
/// # Safety
/// As [`TileFn`].
#[inline(always)]
unsafe fn tile<V: Lanes, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(step: &Step) {
    let vector = size_of::<V>() as isize;
    let (a_row, a_k) = (step.a_row, step.a_k);
    // SAFETY: the caller promises that the instructions exist, that `ROWS` rows of the left operand,
    // and of the right operand and the accumulators the columns of `VECTORS` vectors, less the
    // masked lanes, are there for `depth` steps. Pointers only pass the end by wrapping arithmetic.
    unsafe {
        let mask = V::mask(step.rest);
        let exists = |v: usize| WHOLE || v + 1 < VECTORS;
        let c = |i: usize, v: usize| step.c.offset(i as isize * step.c_row + v as isize * vector);

        let mut sums = [[V::zero(); VECTORS]; ROWS];
        if step.resume {
            for (i, row) in sums.iter_mut().enumerate() {
                for (v, sum) in row.iter_mut().enumerate() {
                    *sum = if exists(v) { V::load(c(i, v)) } else { V::load_some(c(i, v), mask) };
                }
            }
        }
        // The accumulators of the next tile, rows apart, are what the machine does not prefetch by
        // itself.
        for i in 0..ROWS {
            for v in 0..VECTORS {
                V::prefetch(step.next.wrapping_offset(i as isize * step.c_row + v as isize * vector));
            }
        }
        let (mut a, mut b) = (step.a, step.b);
        let mut left = step.depth;
        let unroll = if VECTORS > 2 { UNROLL } else { UNROLL_NARROW };
        while left >= unroll {
            for _ in 0..unroll {
                outer::<V, ROWS, VECTORS, WHOLE>(&mut sums, a, a_row, b, mask);
                a = a.wrapping_offset(a_k);
                b = b.wrapping_offset(step.b_k);
            }
            left -= unroll;
        }
        for _ in 0..left {
            outer::<V, ROWS, VECTORS, WHOLE>(&mut sums, a, a_row, b, mask);
            a = a.wrapping_offset(a_k);
            b = b.wrapping_offset(step.b_k);
        }
        for (i, row) in sums.into_iter().enumerate() {
            for (v, sum) in row.into_iter().enumerate() {
                if exists(v) { sum.store(c(i, v)) } else { sum.store_some(c(i, v), mask) }
            }
        }
    }
}

/// How many k a micro-kernel runs through between two checks whether there are more: its counting
/// takes a port that it needs for products.
const UNROLL: usize = 4;
/// The same for tiles of one or two vectors, which loads hold up before counting does: on sums of 64
/// they reach 91 % of the peak of AVX-512 with this, and 86 % with twice as many.
const UNROLL_NARROW: usize = 2;

/// Adds the products of one k to a tile: the outer product of a column and a row.
///
/// # Safety
/// As [`TileFn`], for one k.
#[inline(always)]
unsafe fn outer<V: Lanes, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(
    sums: &mut [[V; VECTORS]; ROWS],
    a: *const u8,
    a_row: isize,
    b: *const u8,
    mask: V::Mask,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut right = [V::zero(); VECTORS];
        for (v, right) in right.iter_mut().enumerate() {
            let at = b.add(v * size_of::<V>());
            *right = if WHOLE || v + 1 < VECTORS { V::load(at) } else { V::load_some(at, mask) };
        }
        for (i, row) in sums.iter_mut().enumerate() {
            let left = V::splat(a.offset(i as isize * a_row));
            for (sum, right) in row.iter_mut().zip(right) {
                *sum = sum.fma(left, right);
            }
        }
    }
}

/// The body of micro-kernels that read a right operand once: `ROWS` rows by all columns, `DEPTH` k at a
/// time, whose left elements stay in registers while as many rows of the right operand pass by.
///
/// # Safety
/// As [`TileFn`].
#[inline(always)]
unsafe fn along<V: Lanes, const ROWS: usize, const DEPTH: usize>(step: &Step) {
    let mut step = *step;
    // SAFETY: the caller's promise, for one k after the other.
    unsafe {
        while step.depth > 0 {
            let depth = if step.depth >= DEPTH { DEPTH } else { 1 };
            match depth {
                1 => pass::<V, ROWS, 1>(&step),
                _ => pass::<V, ROWS, DEPTH>(&step),
            }
            step.depth -= depth;
            step.a = step.a.wrapping_offset(depth as isize * step.a_k);
            step.b = step.b.wrapping_offset(depth as isize * step.b_k);
            step.resume = true;
        }
    }
}

/// Adds the products of `DEPTH` k to `ROWS` rows of accumulators.
///
/// # Safety
/// As [`TileFn`].
#[inline(always)]
unsafe fn pass<V: Lanes, const ROWS: usize, const DEPTH: usize>(step: &Step) {
    // SAFETY: the caller promises rows, columns and at least `DEPTH` k.
    unsafe {
        let mut left = [[V::zero(); DEPTH]; ROWS];
        for (i, row) in left.iter_mut().enumerate() {
            for (d, left) in row.iter_mut().enumerate() {
                *left = V::splat(step.a.offset(i as isize * step.a_row + d as isize * step.a_k));
            }
        }
        let whole = step.columns / V::LANES;
        for v in 0..whole {
            slice::<V, ROWS, DEPTH, true>(step, &left, v * size_of::<V>(), V::mask(0));
        }
        let rest = step.columns % V::LANES;
        if rest > 0 {
            slice::<V, ROWS, DEPTH, false>(step, &left, whole * size_of::<V>(), V::mask(rest));
        }
    }
}

/// [`pass`] over the vector of columns that begins at byte `at`: all of it if `WHOLE`, else what is in
/// `mask`.
///
/// # Safety
/// As [`TileFn`].
#[inline(always)]
unsafe fn slice<V: Lanes, const ROWS: usize, const DEPTH: usize, const WHOLE: bool>(
    step: &Step,
    left: &[[V; DEPTH]; ROWS],
    at: usize,
    mask: V::Mask,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let load = |at: *const u8| if WHOLE { V::load(at) } else { V::load_some(at, mask) };
        let c = |i: usize| step.c.offset(i as isize * step.c_row).add(at);
        let mut sums = [V::zero(); ROWS];
        if step.resume {
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = load(c(i));
            }
        }
        for d in 0..DEPTH {
            let right = load(step.b.offset(d as isize * step.b_k).add(at));
            for (sum, left) in sums.iter_mut().zip(left) {
                *sum = sum.fma(left[d], right);
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            if WHOLE { sum.store(c(i)) } else { sum.store_some(c(i), mask) }
        }
    }
}

/// The kernel of one dtype: `$tile` and `$along` are the instruction set's instances of [`tile`] and
/// [`along`], `$V` its vector, `$rows x $vectors` a full tile; then all heights, with the vectors of wide
/// tiles and the k that [`along`] takes at a time, and what turns the right operand.
macro_rules! kernel {
    (
        $name:literal $dtype:ident $tile:ident $along:ident <$V:ty> $rows:literal x $vectors:tt,
        $($height:literal $(wide $wide:literal along $depth:literal)?),*; $turned:expr
    ) => {
        Kernel {
            name: $name,
            dtype: DType::$dtype,
            rows: $rows,
            columns: $vectors * <$V as Lanes>::LANES,
            lanes: <$V as Lanes>::LANES,
            heights: &[$(
                Height {
                    rows: $height,
                    whole: kernel!(@tiles $tile $V, $height, $vectors, true),
                    partial: kernel!(@tiles $tile $V, $height, $vectors, false),
                    wide: kernel!(@some $(($wide, $tile::<$V, $height, $wide, true>))?),
                    along: kernel!(@some $($along::<$V, $height, $depth>)?),
                },
            )*],
            turned: $turned,
        }
    };
    (@some) => { None };
    (@some $it:expr) => { Some($it) };
    (@tiles $tile:ident $V:ty, $rows:literal, 1, $whole:literal) => {
        &[$tile::<$V, $rows, 1, $whole>]
    };
    (@tiles $tile:ident $V:ty, $rows:literal, 2, $whole:literal) => {
        &[$tile::<$V, $rows, 1, $whole>, $tile::<$V, $rows, 2, $whole>]
    };
    (@tiles $tile:ident $V:ty, $rows:literal, 3, $whole:literal) => {
        &[$tile::<$V, $rows, 1, $whole>, $tile::<$V, $rows, 2, $whole>, $tile::<$V, $rows, 3, $whole>]
    };
}
use kernel;
