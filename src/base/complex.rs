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
            let part = |x: $part, plus: &str| match x {
                _ if x.is_nan() => format!("{plus}nan"),
                _ if x.is_sign_negative() => x.to_string(),
                _ => format!("{plus}{x}"),
            };
            write!(f, "{}{}j", part(self.re, ""), part(self.im, "+"))
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
