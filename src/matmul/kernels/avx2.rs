//! AVX2 and FMA: 16 registers of 32 bytes.
//!
//! A tile of 6 rows by 2 vectors takes 12 for sums, 2 for the right operand and one for the
//! splatted left one.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Height, Kernel, Lanes, Step, kernel, tile};
use crate::base::DType;

pub(super) static KERNELS: &[Kernel] = &[
    kernel!("avx2 6x16" F32 entry<F32> 6 x 2, 4 3 2 1),
    kernel!("avx2 6x8" F64 entry<F64> 6 x 2, 4 3 2 1),
    kernel!("avx2 6x16" I32 entry<I32> 6 x 2, 4 3 2 1),
    kernel!("avx2 6x8" I64 entry<I64> 6 x 2, 4 3 2 1),
];

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "avx2,fma")]
unsafe fn entry<V: Lanes, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS, WHOLE>(step) }
}

/// The first `8 - n` elements from the `n`-th on are ones, the rest zeros: a mask is a window.
static WINDOW_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
/// As [`WINDOW_32`], of four.
static WINDOW_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

/// The low 64 bits of each product, from the three 32-bit products that reach them; AVX2 has no
/// instruction for it.
///
/// # Safety
/// The machine must have AVX2.
#[inline(always)]
unsafe fn mullo_epi64(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let low = _mm256_mul_epu32(a, b);
        let cross = _mm256_add_epi64(
            _mm256_mul_epu32(_mm256_srli_epi64::<32>(a), b),
            _mm256_mul_epu32(a, _mm256_srli_epi64::<32>(b)),
        );
        _mm256_add_epi64(low, _mm256_slli_epi64::<32>(cross))
    }
}

macro_rules! lanes {
    (
    $Name:ident($raw:ty) of $rust:ty, $window:ident: $zero:ident $set1:ident $load:ident $store:ident
    $load_some:ident $store_some:ident, |$c:ident, $a:ident, $b:ident| $fma:expr
) => {
        #[derive(Clone, Copy)]
        struct $Name($raw);

        // SAFETY (of every block): `Lanes` demands the instructions and valid addresses.
        impl Lanes for $Name {
            type Element = $rust;
            type Mask = __m256i;
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
            unsafe fn mask(count: usize) -> __m256i {
                // SAFETY: at most `LANES` lanes are asked for, so the window stays inside.
                unsafe { _mm256_loadu_si256($window.as_ptr().add(Self::LANES - count).cast()) }
            }
            #[inline(always)]
            unsafe fn load_some(at: *const u8, mask: __m256i) -> Self {
                // SAFETY: as above; lanes outside the mask are not accessed.
                Self(unsafe { $load_some(at.cast(), mask) })
            }
            #[inline(always)]
            unsafe fn store_some(self, at: *mut u8, mask: __m256i) {
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
lanes!(F32(__m256) of f32, WINDOW_32: _mm256_setzero_ps _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps
    _mm256_maskload_ps _mm256_maskstore_ps, |c, a, b| _mm256_fmadd_ps(a, b, c));
lanes!(F64(__m256d) of f64, WINDOW_64: _mm256_setzero_pd _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd
    _mm256_maskload_pd _mm256_maskstore_pd, |c, a, b| _mm256_fmadd_pd(a, b, c));
lanes!(I32(__m256i) of i32, WINDOW_32: _mm256_setzero_si256 _mm256_set1_epi32 _mm256_loadu_si256
    _mm256_storeu_si256 _mm256_maskload_epi32 _mm256_maskstore_epi32,
    |c, a, b| _mm256_add_epi32(c, _mm256_mullo_epi32(a, b)));
lanes!(I64(__m256i) of i64, WINDOW_64: _mm256_setzero_si256 _mm256_set1_epi64x _mm256_loadu_si256
    _mm256_storeu_si256 _mm256_maskload_epi64 _mm256_maskstore_epi64,
    |c, a, b| _mm256_add_epi64(c, mullo_epi64(a, b)));
