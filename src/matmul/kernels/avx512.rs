//! AVX-512: 32 registers of 64 bytes.
//!
//! A tile of 8 rows by 3 vectors takes 24 for sums, 3 for the right operand and one for the splatted
//! left one; its 24 independent sums cover an FMA latency of 4 on two ports three times. It loads 11
//! times for 24 products: at 99 % of the peak of a loop of nothing but products, where 12 rows by 2
//! vectors, which load 14 times, stay at 94 % (Granite Rapids, sums of 256 in cache).
//! The last vector is masked, which costs nothing here.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::avx2::{turned_f32, turned_f64};
use super::{Height, Kernel, Lanes, Step, along, kernel, tile};
use crate::base::DType;

/// All heights. Wide tiles and rows along the right operand take up to 30 registers. One row along it
/// waits for memory alone, which comes faster over 4 streams than over 8.
macro_rules! heights {
    ($name:literal $dtype:ident $V:ident $turned:expr) => {
        kernel!($name $dtype entry entry_along<$V> 8 x 3,
            8, 7, 6 wide 4 along 4, 5 wide 4 along 4, 4 wide 6 along 6, 3 wide 6 along 8, 2 wide 8 along 8,
            1 wide 8 along 4; $turned)
    };
}

pub(super) static KERNELS: &[Kernel] = &[
    heights!("avx512 8x48" F32 F32 Some(turned_f32)),
    heights!("avx512 8x24" F64 F64 Some(turned_f64)),
    heights!("avx512 8x48" I32 I32 None),
    heights!("avx512 8x24" I64 I64 None),
];

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn entry<V: Lanes, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS, WHOLE>(step) }
}

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn entry_along<V: Lanes, const ROWS: usize, const DEPTH: usize>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { along::<V, ROWS, DEPTH>(step) }
}

macro_rules! lanes {
    (
    $Name:ident($raw:ty) of $rust:ty, mask $Mask:ty: $zero:ident $set1:ident $load:ident $store:ident
    $load_some:ident $store_some:ident, |$c:ident, $a:ident, $b:ident| $fma:expr
) => {
        #[derive(Clone, Copy)]
        struct $Name($raw);

        // SAFETY (of every block): `Lanes` demands the instructions and valid addresses.
        impl Lanes for $Name {
            type Element = $rust;
            type Mask = $Mask;
            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: as above.
                Self(unsafe { $zero() })
            }
            #[inline(always)]
            unsafe fn splat(at: *const u8) -> Self {
                // SAFETY: as above.
                Self(unsafe { $set1(at.cast::<$rust>().read_unaligned()) })
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
            unsafe fn mask(count: usize) -> $Mask {
                ((1_u32 << count) - 1) as $Mask
            }
            #[inline(always)]
            unsafe fn load_some(at: *const u8, mask: $Mask) -> Self {
                // SAFETY: as above; lanes outside the mask are not accessed.
                Self(unsafe { $load_some(mask, at.cast()) })
            }
            #[inline(always)]
            unsafe fn store_some(self, at: *mut u8, mask: $Mask) {
                // SAFETY: as above; lanes outside the mask are not accessed.
                unsafe { $store_some(at.cast(), mask, self.0) }
            }
            #[inline(always)]
            fn prefetch(at: *const u8) {
                // SAFETY: a hint, of any address; SSE is part of x86-64.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
            }
            #[inline(always)]
            unsafe fn fma(self, a: Self, b: Self) -> Self {
                let ($c, $a, $b) = (self.0, a.0, b.0);
                // SAFETY: as above.
                Self(unsafe { $fma })
            }
        }
    };
}
lanes!(F32(__m512) of f32, mask __mmask16: _mm512_setzero_ps _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps
    _mm512_maskz_loadu_ps _mm512_mask_storeu_ps, |c, a, b| _mm512_fmadd_ps(a, b, c));
lanes!(F64(__m512d) of f64, mask __mmask8: _mm512_setzero_pd _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd
    _mm512_maskz_loadu_pd _mm512_mask_storeu_pd, |c, a, b| _mm512_fmadd_pd(a, b, c));
lanes!(I32(__m512i) of i32, mask __mmask16: _mm512_setzero_si512 _mm512_set1_epi32 _mm512_loadu_epi32
    _mm512_storeu_epi32 _mm512_maskz_loadu_epi32 _mm512_mask_storeu_epi32,
    |c, a, b| _mm512_add_epi32(c, _mm512_mullo_epi32(a, b)));
lanes!(I64(__m512i) of i64, mask __mmask8: _mm512_setzero_si512 _mm512_set1_epi64 _mm512_loadu_epi64
    _mm512_storeu_epi64 _mm512_maskz_loadu_epi64 _mm512_mask_storeu_epi64,
    |c, a, b| _mm512_add_epi64(c, _mm512_mullo_epi64(a, b)));
