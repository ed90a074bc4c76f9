//! Element types: one row per dtype, and nothing else lists them.

use std::fmt;

/// What sort of number a dtype is; the rungs of promotion, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Truth values.
    Bool,
    /// Signed integers.
    Int,
    /// IEEE 754 floats.
    Float,
}

macro_rules! dtypes {
    ($with:ident) => {
        $with! {
            /// Truth value, one byte that is 0 or 1.
            Bool bool Bool 1;
            /// Signed 32-bit integer.
            I32 i32 Int 4;
            /// Signed 64-bit integer.
            I64 i64 Int 8;
            /// IEEE 754 binary32.
            F32 f32 Float 4;
            /// IEEE 754 binary64.
            F64 f64 Float 8;
        }
    };
}

macro_rules! define_dtypes { ($(
    #[doc = $doc:literal] $Name:ident $rust:ident $kind:ident $bytes:literal;
)*) => {
    /// The type of an array's elements.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum DType { $( #[doc = $doc] $Name, )* }

    impl DType {
        /// Every dtype; tests walk it.
        pub const ALL: &[DType] = &[$( DType::$Name, )*];

        /// The name as printed, `f32`.
        pub const fn name(self) -> &'static str {
            match self { $( DType::$Name => stringify!($rust), )* }
        }

        /// The size of one element, in bytes.
        pub const fn size(self) -> usize {
            match self { $( DType::$Name => $bytes, )* }
        }

        /// Bool, integer or float.
        pub const fn kind(self) -> Kind {
            match self { $( DType::$Name => Kind::$kind, )* }
        }
    }

    $(
        impl sealed::Sealed for $rust {}
        impl Element for $rust {
            const DTYPE: DType = DType::$Name;
        }
    )*
} }
dtypes!(define_dtypes);

impl DType {
    /// Whether values are IEEE floats.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// Whether values are integers (truth values are not).
    pub const fn is_int(self) -> bool {
        matches!(self.kind(), Kind::Int)
    }

    /// The dtype of a float computation on these values: floats stay, all else becomes `f64`.
    pub const fn to_float(self) -> DType {
        if self.is_float() { self } else { DType::F64 }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that array elements can have. Any bit pattern an array of the dtype holds is a
/// valid value of the type: buffers of `bool` hold only 0 and 1.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no element type of an `Array`",
    label = "not an element type",
    note = "elements are `bool`, `i32`, `i64`, `f32` or `f64`"
)]
pub trait Element: sealed::Sealed + Copy + Send + Sync + fmt::Debug + PartialEq + 'static {
    /// The dtype of this type.
    const DTYPE: DType;
}
