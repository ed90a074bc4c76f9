//! AVX2 and FMA: 16 registers of 32 bytes.
//!
//! A tile of 6 rows by 2 vectors takes 12 for sums, 2 for the right operand and one for the
//! splatted left one.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::array;

use super::turned::{Turn, turned};
use super::{Height, Kernel, Lanes, Step, along, kernel, tile};
use crate::base::DType;

/// All heights. Wide tiles and rows along the right operand take up to 16 registers.
macro_rules! heights {
    ($name:literal $dtype:ident $V:ident $turned:expr) => {
        kernel!($name $dtype entry entry_along<$V> 6 x 2,
            6, 5, 4, 3 wide 3 along 4, 2 wide 4 along 4, 1 wide 8 along 4; $turned)
    };
}

pub(super) static KERNELS: &[Kernel] = &[
    heights!("avx2 6x16" F32 F32 Some(turned_f32)),
    heights!("avx2 6x8" F64 F64 Some(turned_f64)),
    heights!("avx2 6x16" I32 I32 None),
    heights!("avx2 6x8" I64 I64 None),
];

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "avx2,fma")]
unsafe fn entry<V: Lanes, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS, WHOLE>(step) }
}

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "avx2,fma")]
unsafe fn entry_along<V: Lanes, const ROWS: usize, const DEPTH: usize>(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { along::<V, ROWS, DEPTH>(step) }
}

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn turned_f32(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { turned::<F32>(step) }
}

/// # Safety
/// As [`super::TileFn`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn turned_f64(step: &Step) {
    // SAFETY: the caller's promise.
    unsafe { turned::<F64>(step) }
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

impl Turn for F32 {
    #[inline(always)]
    unsafe fn gather(at: impl Fn(usize) -> *const u8) -> Self {
        // SAFETY: the caller's promise.
        let lanes: [f32; Self::LANES] = array::from_fn(|j| unsafe { at(j).cast::<f32>().read_unaligned() });
        // SAFETY: `lanes` is one vector long.
        unsafe { Self::load(lanes.as_ptr().cast()) }
    }
    #[inline(always)]
    unsafe fn turn(at: impl Fn(usize) -> *const u8) -> [Self; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            // Lanes `i` and `4 + i`, so that turning squares of four in both halves is all there is.
            let pair = |i| {
                let low = _mm256_castps128_ps256(_mm_loadu_ps(at(i).cast()));
                _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(at(4 + i).cast()))
            };
            let (a, b, c, d) = (pair(0), pair(1), pair(2), pair(3));
            let lows = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
            let highs = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
            let pd = |(x, y): (__m256, __m256)| (_mm256_castps_pd(x), _mm256_castps_pd(y));
            let ((a, b), (c, d)) = (pd(lows), pd(highs));
            let [a, b, c, d] = [
                _mm256_unpacklo_pd(a, b),
                _mm256_unpackhi_pd(a, b),
                _mm256_unpacklo_pd(c, d),
                _mm256_unpackhi_pd(c, d),
            ]
            .map(|x| Self(_mm256_castpd_ps(x)));
            [a, b, c, d]
        }
    }
}

impl Turn for F64 {
    #[inline(always)]
    unsafe fn gather(at: impl Fn(usize) -> *const u8) -> Self {
        // SAFETY: the caller's promise.
        let lanes: [f64; Self::LANES] = array::from_fn(|j| unsafe { at(j).cast::<f64>().read_unaligned() });
        // SAFETY: `lanes` is one vector long.
        unsafe { Self::load(lanes.as_ptr().cast()) }
    }
    #[inline(always)]
    unsafe fn turn(at: impl Fn(usize) -> *const u8) -> [Self; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let pair = |i, k| {
                let low = _mm256_castpd128_pd256(_mm_loadu_pd(at(i).cast::<f64>().add(k)));
                _mm256_insertf128_pd::<1>(low, _mm_loadu_pd(at(2 + i).cast::<f64>().add(k)))
            };
            let (a, b, c, d) = (pair(0, 0), pair(1, 0), pair(0, 2), pair(1, 2));
            [
                Self(_mm256_unpacklo_pd(a, b)),
                Self(_mm256_unpackhi_pd(a, b)),
                Self(_mm256_unpacklo_pd(c, d)),
                Self(_mm256_unpackhi_pd(c, d)),
            ]
        }
    }
}
