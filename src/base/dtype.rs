//! Element types: one row per dtype that programs compute with, and nothing else lists them; and complex numbers,
//! which programs know as pairs of those.

use std::fmt;

use crate::base::Scalar;
use crate::base::complex::{c64, c128};
use crate::base::half::{bf16, f16};

/// What sort of number a dtype is; the rungs of promotion, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Truth values.
    Bool,
    /// Integers, signed and unsigned.
    Int,
    /// IEEE 754 floats.
    Float,
    /// Pairs of floats.
    Complex,
}

/// Hands the rows to a macro, after what else it is given:
/// `#[doc] Name rust kind bytes carrier;`
macro_rules! dtypes {
    ($with:ident) => {
        $crate::base::dtype::dtypes! { ($with) }
    };
    (($($with:tt)+) $($given:tt)*) => {
        $($with)+! { $($given)*
            /// Truth value, one byte that is 0 or 1.
            Bool bool Bool 1 Bool;
            /// Signed 8-bit integer.
            I8 i8 Int 1 I32;
            /// Signed 16-bit integer.
            I16 i16 Int 2 I32;
            /// Signed 32-bit integer.
            I32 i32 Int 4 I32;
            /// Signed 64-bit integer.
            I64 i64 Int 8 I64;
            /// Unsigned 8-bit integer.
            U8 u8 Unsigned 1 I32;
            /// Unsigned 16-bit integer.
            U16 u16 Unsigned 2 I32;
            /// Unsigned 32-bit integer.
            U32 u32 Unsigned 4 I64;
            /// Unsigned 64-bit integer.
            U64 u64 Unsigned 8 I64;
            /// IEEE 754 binary16.
            F16 f16 Float 2 F32;
            /// The upper half of an IEEE 754 binary32.
            BF16 bf16 Float 2 F32;
            /// IEEE 754 binary32.
            F32 f32 Float 4 F32;
            /// IEEE 754 binary64.
            F64 f64 Float 8 F64;
        }
    };
}
pub(crate) use dtypes;

macro_rules! kind {
    (Unsigned) => {
        Kind::Int
    };
    ($kind:ident) => {
        Kind::$kind
    };
}

macro_rules! is_unsigned {
    (Unsigned) => {
        true
    };
    ($kind:ident) => {
        false
    };
}

macro_rules! define_dtypes { ($(
    #[doc = $doc:literal] $Name:ident $rust:ident $kind:ident $bytes:literal $carrier:ident;
)*) => {
    /// The type of an array's elements.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum DType {
        $( #[doc = $doc] $Name, )*
        /// Complex number: two `f32`.
        C64,
        /// Complex number: two `f64`.
        C128,
    }

    impl DType {
        /// Every dtype that programs compute with, which know complex numbers as pairs of floats; tests walk it.
        pub const ALL: &[DType] = &[$( DType::$Name, )*];

        /// The dtypes of complex numbers.
        pub const COMPLEX: &[DType] = &[DType::C64, DType::C128];

        /// The name as printed, `f32`.
        pub const fn name(self) -> &'static str {
            match self { $( DType::$Name => stringify!($rust), )* DType::C64 => "c64", DType::C128 => "c128" }
        }

        /// The size of one element, in bytes.
        pub const fn size(self) -> usize {
            match self { $( DType::$Name => $bytes, )* DType::C64 => 8, DType::C128 => 16 }
        }

        /// Bool, integer, float or complex.
        pub const fn kind(self) -> Kind {
            match self { $( DType::$Name => kind!($kind), )* DType::C64 | DType::C128 => Kind::Complex }
        }

        /// Whether values are integers and never negative.
        pub const fn is_unsigned(self) -> bool {
            match self { $( DType::$Name => is_unsigned!($kind), )* DType::C64 | DType::C128 => false }
        }

        /// The dtype that machine code computes its ops in, by the definitions of `op/math/carry.rs`; itself
        /// if machine code has them.
        pub const fn carrier(self) -> DType {
            match self { $( DType::$Name => DType::$carrier, )* DType::C64 | DType::C128 => self }
        }
    }

    $(
        impl Element for $rust {
            const DTYPE: DType = DType::$Name;

            fn parts(self) -> (Scalar, Option<Scalar>) {
                (self.into(), None)
            }
        }
    )*
} }
dtypes!(define_dtypes);

macro_rules! typed_arms { (
    ($dtype:expr) ($T:ident) ($body:expr)
    $( #[doc = $doc:literal] $Name:ident $rust:ident $kind:ident $bytes:literal $carrier:ident; )*
) => {
    match $dtype { $(
        $crate::base::DType::$Name => {
            #[allow(unused_imports, reason = "most are Rust's own")]
            use $crate::base::half::{bf16, f16};
            type $T = $rust;
            $body
        }
    )*
        $crate::base::DType::C64 | $crate::base::DType::C128 => unreachable!("programs compute with their parts"),
    }
} }
pub(crate) use typed_arms;

/// `$body` with `$T` the element type of `$dtype`.
macro_rules! typed {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::base::dtype::dtypes!(($crate::base::dtype::typed_arms)($dtype)($T)($body))
    };
}
pub(crate) use typed;

/// `$body` with `$T` an integer of `$size` bytes.
macro_rules! sized {
    ($size:expr, $T:ident => $body:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            _ => {
                type $T = u64;
                $body
            }
        }
    };
}
pub(crate) use sized;

impl DType {
    /// Whether values are IEEE floats.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// Whether values are complex numbers.
    pub const fn is_complex(self) -> bool {
        matches!(self.kind(), Kind::Complex)
    }

    /// The dtype of the parts of complex numbers; all others are themselves.
    pub const fn part(self) -> DType {
        match self {
            DType::C64 => DType::F32,
            DType::C128 => DType::F64,
            other => other,
        }
    }

    /// The dtype of complex numbers whose parts hold these values.
    pub const fn to_complex(self) -> DType {
        match self.part() {
            DType::F32 | DType::F16 | DType::BF16 => DType::C64,
            _ => DType::C128,
        }
    }

    /// Whether values are integers (truth values are not).
    pub const fn is_int(self) -> bool {
        matches!(self.kind(), Kind::Int)
    }

    /// Whether values are floats of 16 bits, which are computed with in `f32`.
    pub const fn is_half(self) -> bool {
        matches!(self, DType::F16 | DType::BF16)
    }

    /// Whether elements are narrower in memory than where they are computed with.
    pub const fn is_packed(self) -> bool {
        self.size() < self.carrier().size()
    }

    /// Whether machine code has its ops: it is its own [`DType::carrier`].
    pub const fn is_native(self) -> bool {
        self.carrier() as u8 == self as u8
    }

    /// The dtype of a mean of these values, or a quotient: floats and complex numbers stay, all else becomes
    /// `f64`.
    pub const fn to_float(self) -> DType {
        if self.is_float() || self.is_complex() { self } else { DType::F64 }
    }

    /// The dtype of a float function of these values: floats stay, integers of 8 bits become `f16`, of 16
    /// bits `f32`, all else `f64`.
    pub const fn to_small_float(self) -> DType {
        match self {
            DType::I8 | DType::U8 => DType::F16,
            DType::I16 | DType::U16 => DType::F32,
            _ => self.to_float(),
        }
    }

    /// Binary digits that integers and significands have, without signs.
    pub const fn digits(self) -> u32 {
        match self {
            DType::Bool => 1,
            DType::F16 => f16::FRACTION + 1,
            DType::BF16 => bf16::FRACTION + 1,
            DType::F32 | DType::C64 => f32::MANTISSA_DIGITS,
            DType::F64 | DType::C128 => f64::MANTISSA_DIGITS,
            _ => 8 * self.size() as u32 - !self.is_unsigned() as u32,
        }
    }

    /// Whether every value of `self` is one of `other`.
    pub const fn fits(self, other: DType) -> bool {
        let range = match (self.kind(), other.kind()) {
            (Kind::Float, Kind::Float) => !(matches!(self, DType::BF16) && matches!(other, DType::F16)),
            (Kind::Float, _) => false,
            (Kind::Int, Kind::Int) => self.is_unsigned() || !other.is_unsigned(),
            (from, to) => from as u8 <= to as u8,
        };
        range && self.digits() <= other.digits()
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value without its dtype.
#[derive(Clone, Copy, Debug)]
pub enum Exact {
    /// An integer.
    Signed(i64),
    /// An integer that is not negative, or a truth value, 0 or 1.
    Unsigned(u64),
    /// A float.
    Float(f64),
}

pub(crate) mod sealed {
    use super::Exact;

    /// Closes [`Element`](super::Element).
    pub trait Sealed {}

    /// What every type of single numbers and truth values has for this crate.
    pub trait Number: Sized {
        /// The value.
        fn exact(self) -> Exact;
        /// The value converted, as [`Scalar::cast`](crate::base::Scalar::cast) says.
        fn convert(value: Exact) -> Self;
        /// Its bits in the low bytes; the bytes above are zero.
        fn bits(self) -> u64;
        /// The value whose low bytes are these bits.
        fn of_bits(bits: u64) -> Self;
    }
}
use sealed::{Number, Sealed};

impl<T: Number> Sealed for T {}

macro_rules! complex { ($($rust:ident $Name:ident;)*) => { $(
    impl Sealed for $rust {}

    impl Element for $rust {
        const DTYPE: DType = DType::$Name;

        fn parts(self) -> (Scalar, Option<Scalar>) {
            (self.re.into(), Some(self.im.into()))
        }
    }
)* } }
complex! {
    c64 C64;
    c128 C128;
}

impl Number for bool {
    fn exact(self) -> Exact {
        Exact::Unsigned(self.into())
    }

    fn convert(value: Exact) -> Self {
        match value {
            Exact::Signed(n) => n != 0,
            Exact::Unsigned(n) => n != 0,
            Exact::Float(x) => x != 0.0,
        }
    }

    fn bits(self) -> u64 {
        self.into()
    }

    fn of_bits(bits: u64) -> Self {
        bits != 0
    }
}

macro_rules! integers { ($($rust:ident $unsigned:ident $Variant:ident;)*) => { $(
    impl Number for $rust {
        fn exact(self) -> Exact {
            Exact::$Variant(self.into())
        }

        fn convert(value: Exact) -> Self {
            match value {
                Exact::Signed(n) => n as $rust,
                Exact::Unsigned(n) => n as $rust,
                Exact::Float(x) => x as $rust,
            }
        }

        fn bits(self) -> u64 {
            u64::from(self as $unsigned)
        }

        fn of_bits(bits: u64) -> Self {
            bits as $rust
        }
    }
)* } }
integers! {
    i8 u8 Signed;
    i16 u16 Signed;
    i32 u32 Signed;
    i64 u64 Signed;
    u8 u8 Unsigned;
    u16 u16 Unsigned;
    u32 u32 Unsigned;
    u64 u64 Unsigned;
}

macro_rules! floats { ($(
    $rust:ident $unsigned:ident |$integer:ident| $from_integer:expr, |$x:ident| $from_float:expr;
)*) => { $(
    impl Number for $rust {
        fn exact(self) -> Exact {
            Exact::Float(self.into())
        }

        fn convert(value: Exact) -> Self {
            match value {
                Exact::Signed($integer) => $from_integer,
                Exact::Unsigned($integer) => $from_integer,
                Exact::Float($x) => $from_float,
            }
        }

        fn bits(self) -> u64 {
            self.to_bits().into()
        }

        fn of_bits(bits: u64) -> Self {
            $rust::from_bits(bits as $unsigned)
        }
    }
)* } }
floats! {
    f16 u16 |n| f16::from_f64(n.to_odd()), |x| f16::from_f64(x);
    bf16 u16 |n| bf16::from_f64(n.to_odd()), |x| bf16::from_f64(x);
    f32 u32 |n| n as f32, |x| x as f32;
    f64 u64 |n| n as f64, |x| x;
}

/// Integers as floats on the way to shorter ones.
trait ToOdd {
    /// The float next to it: where it is none, the one of its two neighbors whose last digit is odd, so that
    /// rounding it again is as good as rounding once.
    fn to_odd(self) -> f64;
}

macro_rules! to_odd { ($($rust:ident)*) => { $(
    impl ToOdd for $rust {
        fn to_odd(self) -> f64 {
            const LOST: $rust = (1 << (64 - f64::MANTISSA_DIGITS)) - 1;
            let exact = i128::from(self).unsigned_abs() < 1 << f64::MANTISSA_DIGITS;
            let odd = if exact || self & LOST == 0 { self } else { (self & !LOST) | (LOST + 1) };
            odd as f64
        }
    }
)* } }
to_odd!(i64 u64);

/// A Rust type that array elements can have. Any bit pattern an array of the dtype holds is a
/// valid value of the type: buffers of `bool` hold only 0 and 1.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no element type of an `Array`",
    label = "not an element type",
    note = "elements are `bool`, integers of 8 to 64 bits, `f16`, `bf16`, `f32`, `f64`, `c64` and `c128`"
)]
pub trait Element: Sealed + Copy + Send + Sync + fmt::Debug + PartialEq + 'static {
    /// The dtype of this type.
    const DTYPE: DType;
    /// The number, or the real and the imaginary part of a complex one.
    #[doc(hidden)]
    fn parts(self) -> (Scalar, Option<Scalar>);
}
