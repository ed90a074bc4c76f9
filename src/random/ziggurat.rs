//! The normal and the exponential distribution, by ziggurats of 256 layers.
//!
//! # Source
//! Marsaglia and Tsang, "The ziggurat method for generating random variables", 2000, and Doornik, "An
//! improved ziggurat method to generate normal random samples", 2005; which bits say what is NumPy's way.

use super::bits::Bits;
use super::tables::{
    EXPONENTIAL_HEIGHTS, EXPONENTIAL_LIMITS, EXPONENTIAL_WIDTHS, NORMAL_HEIGHTS, NORMAL_LIMITS, NORMAL_WIDTHS,
};

/// Where the lowest layers end, and the tails begin.
const NORMAL_END: f64 = 3.654_152_885_361_009;
const NORMAL_END_INVERSE: f64 = 0.273_661_237_329_758_3;
const EXPONENTIAL_END: f64 = 7.697_117_470_131_05;

/// A number of the standard normal distribution.
pub(super) fn normal(bits: &mut impl Bits) -> f64 {
    loop {
        let drawn = bits.next_u64();
        let (layer, negative) = ((drawn & 0xff) as usize, drawn >> 8 & 1 == 1);
        let size = drawn >> 9 & 0x000f_ffff_ffff_ffff;
        let x = size as f64 * NORMAL_WIDTHS[layer];
        let x = if negative { -x } else { x };
        if size < NORMAL_LIMITS[layer] {
            return x;
        }
        if layer == 0 {
            loop {
                let beyond = -NORMAL_END_INVERSE * (-bits.next_double()).ln_1p();
                let y = -(-bits.next_double()).ln_1p();
                if y + y > beyond * beyond {
                    let x = NORMAL_END + beyond;
                    return if size >> 8 & 1 == 1 { -x } else { x };
                }
            }
        }
        let (below, above) = (NORMAL_HEIGHTS[layer], NORMAL_HEIGHTS[layer - 1]);
        if (above - below) * bits.next_double() + below < (-0.5 * x * x).exp() {
            return x;
        }
    }
}

/// A number of the exponential distribution of mean 1.
pub(super) fn exponential(bits: &mut impl Bits) -> f64 {
    loop {
        let drawn = bits.next_u64() >> 3;
        let (layer, size) = ((drawn & 0xff) as usize, drawn >> 8);
        let x = size as f64 * EXPONENTIAL_WIDTHS[layer];
        if size < EXPONENTIAL_LIMITS[layer] {
            return x;
        }
        if layer == 0 {
            return EXPONENTIAL_END - (-bits.next_double()).ln_1p();
        }
        let (below, above) = (EXPONENTIAL_HEIGHTS[layer], EXPONENTIAL_HEIGHTS[layer - 1]);
        if (above - below) * bits.next_double() + below < (-x).exp() {
            return x;
        }
    }
}
