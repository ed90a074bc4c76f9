//! Plain Rust: what any machine can do. `mul_add` rounds once everywhere, if slowly on machines
//! without the instruction, so the bits are those of the other kernels.
//!
//! A tile of 4 rows by 4 columns keeps its sums in the 16 registers that most machines have.

#![allow(unsafe_code)]

use super::{Height, Kernel, Lanes, Step, along, kernel, tile};
use crate::base::DType;

pub(super) static KERNELS: &[Kernel] = &[
    kernel!("portable 4x4" F32 entry entry_along<Plain<f32>> 4 x 1, 4, 3, 2, 1 wide 2 along 4; None),
    kernel!("portable 4x4" F64 entry entry_along<Plain<f64>> 4 x 1, 4, 3, 2, 1 wide 2 along 4; None),
    kernel!("portable 4x4" I32 entry entry_along<Plain<i32>> 4 x 1, 4, 3, 2, 1 wide 2 along 4; None),
    kernel!("portable 4x4" I64 entry entry_along<Plain<i64>> 4 x 1, 4, 3, 2, 1 wide 2 along 4; None),
];

/// # Safety
/// As [`super::TileFn`].
unsafe fn entry<V: Lanes, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS, WHOLE>(step) }
}

/// # Safety
/// As [`super::TileFn`].
unsafe fn entry_along<V: Lanes, const ROWS: usize, const DEPTH: usize>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { along::<V, ROWS, DEPTH>(step) }
}

trait Number: Copy + Default {
    fn fma(self, a: Self, b: Self) -> Self;
}

macro_rules! numbers { ($($rust:ident |$c:ident, $a:ident, $b:ident| $fma:expr;)*) => { $(
    impl Number for $rust {
        #[inline(always)]
        fn fma(self, $a: Self, $b: Self) -> Self {
            let $c = self;
            $fma
        }
    }
)* } }
numbers! {
    f32 |c, a, b| a.mul_add(b, c);
    f64 |c, a, b| a.mul_add(b, c);
    i32 |c, a, b| c.wrapping_add(a.wrapping_mul(b));
    i64 |c, a, b| c.wrapping_add(a.wrapping_mul(b));
}

#[derive(Clone, Copy)]
struct Plain<T>([T; 4]);

impl<T: Number> Lanes for Plain<T> {
    type Element = T;
    type Mask = usize;
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([T::default(); 4])
    }
    #[inline(always)]
    unsafe fn splat(at: *const u8) -> Self {
        // SAFETY: `Lanes` demands a valid address.
        Self([unsafe { at.cast::<T>().read_unaligned() }; 4])
    }
    #[inline(always)]
    unsafe fn load(at: *const u8) -> Self {
        // SAFETY: `Lanes` demands a valid address.
        unsafe { at.cast::<Self>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        // SAFETY: `Lanes` demands a valid address.
        unsafe { at.cast::<Self>().write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn mask(count: usize) -> usize {
        count
    }
    #[inline(always)]
    unsafe fn load_some(at: *const u8, count: usize) -> Self {
        let at = at.cast::<T>();
        // SAFETY: `Lanes` demands that the first `count` lanes be valid; no other is read.
        Self(std::array::from_fn(|j| {
            if j < count { unsafe { at.add(j).read_unaligned() } } else { T::default() }
        }))
    }
    #[inline(always)]
    unsafe fn store_some(self, at: *mut u8, count: usize) {
        for (j, element) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: `Lanes` demands that the first `count` lanes be valid.
            unsafe { at.cast::<T>().add(j).write_unaligned(element) }
        }
    }
    #[inline(always)]
    fn prefetch(_: *const u8) {}
    #[inline(always)]
    unsafe fn fma(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|j| self.0[j].fma(a.0[j], b.0[j])))
    }
}
