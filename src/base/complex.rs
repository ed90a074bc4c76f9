//! Complex numbers as they lie in arrays: two floats side by side.

use std::fmt;

macro_rules! complex { ($( $(#[doc = $doc:literal])* $Name:ident $part:ident; )*) => { $(
    $(#[doc = $doc])*
    #[allow(non_camel_case_types, reason = "named as Rust's own floats are")]
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    #[repr(C)]
    pub struct $Name {
        /// The real part.
        pub re: $part,
        /// The imaginary part.
        pub im: $part,
    }

    impl $Name {
        /// `re + im i`.
        pub const fn new(re: $part, im: $part) -> Self {
            Self { re, im }
        }
    }

    impl From<$part> for $Name {
        fn from(re: $part) -> Self {
            Self { re, im: 0.0 }
        }
    }

    impl fmt::Display for $Name {
        /// `1+2j`, as Python prints it without brackets.
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let sign = if self.im.is_sign_negative() || self.im.is_nan() { "" } else { "+" };
            let plus = if self.im.is_nan() { "+" } else { sign };
            let im = if self.im.is_nan() { "nan".to_owned() } else { self.im.to_string() };
            let re = if self.re.is_nan() { "nan".to_owned() } else { self.re.to_string() };
            write!(f, "{re}{plus}{im}j")
        }
    }
)* } }
complex! {
    /// A complex number of two `f32`.
    c64 f32;
    /// A complex number of two `f64`.
    c128 f64;
}

impl From<c64> for c128 {
    fn from(value: c64) -> Self {
        Self { re: value.re.into(), im: value.im.into() }
    }
}
