//! NEON: 32 registers of 16 bytes.
//!
//! A tile of 8 rows by 3 vectors takes 24 for sums, 3 for the right operand and one for the
//! splatted left one; its 24 independent sums cover an FMA latency of 4 on four ports. NEON cannot
//! multiply 64-bit integers: those products are portable ones.

#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::{Height, Kernel, Lanes, Step, along, kernel, tile};
use crate::base::DType;

/// All heights. Wide tiles and rows along the right operand take up to 30 registers.
macro_rules! heights {
    ($name:literal $dtype:ident $V:ident) => {
        kernel!($name $dtype entry entry_along<$V> 8 x 3,
            8, 7, 6 wide 4 along 4, 5 wide 4 along 4, 4 wide 6 along 6, 3 wide 6 along 8, 2 wide 8 along 8,
            1 wide 8 along 4; None)
    };
}

pub(super) static KERNELS: &[Kernel] =
    &[heights!("neon 8x12" F32 F32), heights!("neon 8x6" F64 F64), heights!("neon 8x12" I32 I32)];

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "neon")]
unsafe fn entry<V: Lanes, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS, WHOLE>(step) }
}

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "neon")]
unsafe fn entry_along<V: Lanes, const ROWS: usize, const DEPTH: usize>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { along::<V, ROWS, DEPTH>(step) }
}

macro_rules! lanes {
    (
    $Name:ident($raw:ty) of $rust:ty: $splat:ident $load:ident $store:ident,
    |$c:ident, $a:ident, $b:ident| $fma:expr
) => {
        #[derive(Clone, Copy)]
        struct $Name($raw);

        // SAFETY (of every block): `Lanes` demands the instructions and valid addresses.
        impl Lanes for $Name {
            type Element = $rust;
            type Mask = usize;
            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: all bits zero is a vector of zeros.
                unsafe { std::mem::zeroed() }
            }
            #[inline(always)]
            unsafe fn splat(at: *const u8) -> Self {
                // SAFETY: as above.
                Self(unsafe { $splat(at.cast()) })
            }
            #[inline(always)]
            unsafe fn load(at: *const u8) -> Self {
                // SAFETY: as above.
                Self(unsafe { $load(at.cast()) })
            }
            #[inline(always)]
            unsafe fn store(self, at: *mut u8) {
                // SAFETY: as above.
                unsafe { $store(at.cast(), self.0) }
            }
            #[inline(always)]
            unsafe fn mask(count: usize) -> usize {
                count
            }
            // NEON has no masks: lanes go one by one, over the stack.
            #[inline(always)]
            unsafe fn load_some(at: *const u8, count: usize) -> Self {
                let mut lanes = [<$rust>::default(); Self::LANES];
                for (j, lane) in lanes.iter_mut().enumerate().take(count) {
                    // SAFETY: as above, for the first `count` lanes.
                    *lane = unsafe { at.cast::<$rust>().add(j).read_unaligned() };
                }
                // SAFETY: `lanes` is one vector long.
                Self(unsafe { $load(lanes.as_ptr()) })
            }
            #[inline(always)]
            unsafe fn store_some(self, at: *mut u8, count: usize) {
                let mut lanes = [<$rust>::default(); Self::LANES];
                // SAFETY: `lanes` is one vector long.
                unsafe { $store(lanes.as_mut_ptr(), self.0) };
                for (j, lane) in lanes.into_iter().enumerate().take(count) {
                    // SAFETY: as above, for the first `count` lanes.
                    unsafe { at.cast::<$rust>().add(j).write_unaligned(lane) }
                }
            }
            // Stable Rust has no such hint for aarch64.
            #[inline(always)]
            fn prefetch(_: *const u8) {}
            #[inline(always)]
            unsafe fn fma(self, a: Self, b: Self) -> Self {
                let ($c, $a, $b) = (self.0, a.0, b.0);
                // SAFETY: as above.
                Self(unsafe { $fma })
            }
        }
    };
}
lanes!(F32(float32x4_t) of f32: vld1q_dup_f32 vld1q_f32 vst1q_f32, |c, a, b| vfmaq_f32(c, a, b));
lanes!(F64(float64x2_t) of f64: vld1q_dup_f64 vld1q_f64 vst1q_f64, |c, a, b| vfmaq_f64(c, a, b));
lanes!(I32(int32x4_t) of i32: vld1q_dup_s32 vld1q_s32 vst1q_s32, |c, a, b| vmlaq_s32(c, a, b));
