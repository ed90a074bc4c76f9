//! Floats of 16 bits, which Rust has no types for: what they are as `f32`, and what they make of larger
//! floats. All else is computed in `f32`.

use std::cmp::Ordering;
use std::fmt;

macro_rules! halves { ($( $(#[doc = $doc:literal])* $Name:ident $fraction:literal $bias:literal; )*) => { $(
    $(#[doc = $doc])*
    #[allow(non_camel_case_types, reason = "named as Rust's own floats are")]
    #[derive(Clone, Copy, Default)]
    #[repr(transparent)]
    pub struct $Name(u16);

    impl $Name {
        /// Stored bits of the significand.
        pub const FRACTION: u32 = $fraction;

        /// What is added to an exponent to store it.
        pub const BIAS: i32 = $bias;

        /// Positive infinity.
        pub const INFINITY: Self = Self(EXPONENT << $fraction & 0x7fff);

        /// Not a number.
        pub const NAN: Self = Self(Self::INFINITY.0 | 1 << ($fraction - 1));

        /// The largest finite value.
        pub const MAX: Self = Self(Self::INFINITY.0 - 1);

        /// The value with these bits.
        pub const fn from_bits(bits: u16) -> Self {
            Self(bits)
        }

        /// Its bits.
        pub const fn to_bits(self) -> u16 {
            self.0
        }

        /// The nearest value, halves to even; too large is infinite.
        pub fn from_f32(value: f32) -> Self {
            Self::from_f64(f64::from(value))
        }

        /// The nearest value, halves to even; too large is infinite. Rounded once, not by way of `f32`.
        pub fn from_f64(value: f64) -> Self {
            Self(nearest(value, $fraction, $bias))
        }

        /// The value, exactly.
        pub fn to_f32(self) -> f32 {
            let sign = u32::from(self.0 & 0x8000) << 16;
            let magnitude = u32::from(self.0 & 0x7fff);
            let (exponent, fraction) = (magnitude >> $fraction, magnitude & ((1 << $fraction) - 1));
            let (largest, rebias) = (u32::from(Self::INFINITY.0 >> $fraction), 127 - $bias);
            let bits = match exponent {
                // Integers times a power of two, which a float has the same digits of. The power is one of `f64`: in
                // `f32`, where it is subnormal, `powi` divides 1 by infinity unless it is computed while compiling.
                0 => ((f64::from(fraction) * 2_f64.powi(1 - $bias - $fraction)) as f32).to_bits(),
                _ if exponent == largest => 0xff << 23 | fraction << (23 - $fraction),
                _ => (exponent + rebias) << 23 | fraction << (23 - $fraction),
            };
            f32::from_bits(sign | bits)
        }

        /// The value, exactly.
        pub fn to_f64(self) -> f64 {
            f64::from(self.to_f32())
        }

        /// Whether it is NaN.
        pub fn is_nan(self) -> bool {
            self.0 & 0x7fff > Self::INFINITY.0
        }

        /// The fewest decimal digits that read back as this value, with an exponent.
        fn shortest(self) -> String {
            let value = self.to_f64();
            let reads_back = |text: &String| {
                text.parse().is_ok_and(|read: f64| Self::from_f64(read).0 == self.0)
            };
            // Where a text is halfway between two that are shorter, the larger one may be the one that reads
            // back: below a power of two values are closer together.
            let sides = [value, value * (1.0 + f64::EPSILON)];
            let mut texts = (0..8).flat_map(|digits| sides.map(|x| format!("{x:.digits$e}")));
            texts.find(reads_back).unwrap_or_else(|| format!("{value:e}"))
        }
    }

    impl From<$Name> for f32 {
        fn from(value: $Name) -> f32 {
            value.to_f32()
        }
    }

    impl From<$Name> for f64 {
        fn from(value: $Name) -> f64 {
            value.to_f64()
        }
    }

    /// As floats compare: NaN equals nothing, and both zeros are equal.
    impl PartialEq for $Name {
        fn eq(&self, other: &Self) -> bool {
            self.to_f32() == other.to_f32()
        }
    }

    impl PartialOrd for $Name {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            self.to_f32().partial_cmp(&other.to_f32())
        }
    }

    /// In the fewest digits that read back as the same value.
    impl fmt::Display for $Name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.shortest().parse::<f64>() {
                Ok(shortest) => fmt::Display::fmt(&shortest, f),
                Err(_) => fmt::Display::fmt(&self.to_f64(), f),
            }
        }
    }

    impl fmt::LowerExp for $Name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.shortest())
        }
    }

    impl fmt::Debug for $Name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.shortest().parse::<f64>() {
                Ok(shortest) => fmt::Debug::fmt(&shortest, f),
                Err(_) => fmt::Debug::fmt(&self.to_f64(), f),
            }
        }
    }
)* } }

/// All bits of a stored exponent, and more.
const EXPONENT: u16 = 0x7fff;

halves! {
    /// IEEE 754 binary16: 11 bits of significand, up to 65504.
    f16 10 15;
    /// The upper half of an `f32`: 8 bits of significand, and the range of `f32`.
    bf16 7 127;
}

/// The bits of the float of 16 bits, `fraction` of them stored of the significand, that is nearest to `value`.
fn nearest(value: f64, fraction: i32, bias: i32) -> u16 {
    let bits = value.to_bits();
    let (sign, magnitude) = ((bits >> 48) as u16 & 0x8000, bits & (u64::MAX >> 1));
    let infinity = (EXPONENT << fraction) & 0x7fff;
    if value.is_nan() {
        return infinity | 1 << (fraction - 1);
    }
    let exponent = (magnitude >> 52) as i32 - 1023;
    if exponent > bias {
        return sign | infinity;
    }
    // The place of the last digit: subnormal numbers keep that of the smallest normal ones.
    let (normal, smallest) = (exponent > -bias, 1 - bias);
    let drop = 52 - fraction + if normal { 0 } else { smallest - exponent };
    if drop > 53 {
        return sign;
    }
    let significand = magnitude & ((1 << 52) - 1) | 1 << 52;
    let (kept, rest, half) = (significand >> drop, significand & ((1 << drop) - 1), 1_u64 << (drop - 1));
    let rounded = kept + u64::from(rest > half || rest == half && kept & 1 == 1);
    // The leading digit counts as one in the exponent, and so does what rounding carries.
    let stored = if normal { ((exponent + bias - 1) as u64) << fraction } else { 0 } + rounded;
    sign | stored.min(u64::from(infinity)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = u16> {
        0..=u16::MAX
    }

    #[test]
    fn every_f16_is_its_fraction_times_a_power_of_two() {
        for bits in all() {
            let (sign, exponent, fraction) =
                (bits >> 15, i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
            let size = match exponent {
                0 => fraction * 2_f64.powi(-24),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
            };
            let expected = if sign == 1 { -size } else { size };
            let value = f16::from_bits(bits).to_f64();
            assert!(value.is_nan() && size.is_nan() || value.to_bits() == expected.to_bits(), "{bits:#x}");
            assert_eq!(f16::from_bits(bits).is_nan(), size.is_nan());
        }
    }

    #[test]
    fn every_bf16_is_the_upper_half_of_a_float() {
        for bits in all() {
            let (value, expected) = (bf16::from_bits(bits), f32::from_bits(u32::from(bits) << 16));
            assert!(value.is_nan() && expected.is_nan() || value.to_f32().to_bits() == expected.to_bits());
        }
    }

    #[test]
    fn values_come_back_from_floats_and_from_text() {
        for bits in all() {
            let (half, brain) = (f16::from_bits(bits), bf16::from_bits(bits));
            if !half.is_nan() {
                assert_eq!(f16::from_f32(half.to_f32()).to_bits(), bits);
                assert_eq!(f16::from_f64(half.to_string().parse().unwrap()).to_bits(), bits);
                assert_eq!(f16::from_f64(format!("{half:e}").parse().unwrap()).to_bits(), bits);
            }
            if !brain.is_nan() {
                assert_eq!(bf16::from_f32(brain.to_f32()).to_bits(), bits);
                assert_eq!(bf16::from_f64(brain.to_string().parse().unwrap()).to_bits(), bits);
            }
        }
        assert!(f16::from_f32(f32::NAN).is_nan() && bf16::from_f64(f64::NAN).is_nan());
    }

    /// Between neighbors the middle goes to the even one, and what is next to it to the nearer.
    #[test]
    fn middles_go_to_the_even_neighbor() {
        for bits in 0..f16::MAX.to_bits() {
            let (low, high) = (f16::from_bits(bits).to_f64(), f16::from_bits(bits + 1).to_f64());
            let (middle, even) = ((low + high) / 2.0, bits + (bits & 1));
            assert_eq!(f16::from_f64(middle).to_bits(), even, "{middle}");
            assert_eq!(f16::from_f64(middle.next_up()).to_bits(), bits + 1, "above {middle}");
            assert_eq!(f16::from_f64(middle.next_down()).to_bits(), bits, "below {middle}");
            assert_eq!(f16::from_f64(-middle).to_bits(), even | 0x8000);
        }
        for bits in 0..bf16::MAX.to_bits() {
            let (low, high) = (bf16::from_bits(bits).to_f64(), bf16::from_bits(bits + 1).to_f64());
            let (middle, even) = ((low + high) / 2.0, bits + (bits & 1));
            assert_eq!(bf16::from_f64(middle).to_bits(), even, "{middle}");
            assert_eq!(bf16::from_f64(middle.next_up()).to_bits(), bits + 1, "above {middle}");
            assert_eq!(bf16::from_f64(middle.next_down()).to_bits(), bits, "below {middle}");
        }
    }

    #[test]
    fn what_is_too_large_is_infinite() {
        // The largest, 65504, and half a last place of it, 16.
        assert_eq!(f16::from_f64(65_519.999).to_bits(), f16::MAX.to_bits());
        assert_eq!(f16::from_f64(65_520.0).to_bits(), f16::INFINITY.to_bits());
        for value in [65_536.0, 1e6, 1e300, f64::INFINITY] {
            assert_eq!(f16::from_f64(-value).to_bits(), f16::INFINITY.to_bits() | 0x8000);
        }
        assert_eq!(bf16::from_f32(f32::MAX).to_bits(), bf16::INFINITY.to_bits());
        assert_eq!(bf16::from_f64(1e300).to_bits(), bf16::INFINITY.to_bits());
        for value in [1e-300, f64::from_bits(1), 2_f64.powi(-25), 0.0] {
            assert_eq!((f16::from_f64(value).to_bits(), f16::from_f64(-value).to_bits()), (0, 0x8000));
        }
    }

    #[test]
    fn text_is_as_short_as_reads_back() {
        // As `str(numpy.float16(...))` and by hand.
        for (value, text) in [
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333"),
            (65_504.0, "65500"),
            (2048.0, "2048"),
            (-0.0, "-0"),
            (0.015625, "0.01563"),
        ] {
            assert_eq!(f16::from_f64(value).to_string(), text);
        }
        assert_eq!(format!("{:e}", f16::from_bits(1)), "6e-8");
        assert_eq!(format!("{:?} {:?}", f16::from_f64(2.0), f16::NAN), "2.0 NaN");
        assert_eq!(bf16::from_f64(0.1).to_string(), "0.1");
    }
}
