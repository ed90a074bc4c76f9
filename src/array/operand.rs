//! What can stand in an expression next to an array, and the operators.
//!
//! One trait covers arrays, references to them and Rust's scalars, so that there is one impl of an
//! operator per left side. On the left only `f64`, `i64` and `bool` stand, one per kind of literal:
//! with more, the type of `2.0 * &a` could not be inferred.

use std::ops;

use crate::array::Array;
use crate::array::args::sealed::Sealed;
use crate::array::build;
use crate::array::fallible::settle;
use crate::base::promotion::Weak;
use crate::base::{c64, c128};
use crate::op::{Binary, Unary};

/// What an elementwise operation takes: an [`Array`], a reference to one, or any Rust scalar.
///
/// Scalars are weak: they take the dtype of the array they meet unless their kind is higher, so
/// `x * 2.0` stays `f32` for an `x` of `f32`. `Array::scalar(2.0)` is a strong one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand next to an `Array`",
    label = "not an array or a scalar",
    note = "operands are `Array`, `&Array`, `bool`, integers and floats of up to 64 bits, `c64` and `c128`"
)]
pub trait Operand: Sealed {
    #[doc(hidden)]
    fn operand(self) -> Arg;
}

/// An operand, taken in.
#[doc(hidden)]
#[derive(Clone)]
pub enum Arg {
    /// An array.
    Array(Array),
    /// A Rust scalar.
    Weak(Weak),
}

impl Sealed for Array {}
impl Operand for Array {
    fn operand(self) -> Arg {
        Arg::Array(self)
    }
}

impl Sealed for &Array {}
impl Operand for &Array {
    fn operand(self) -> Arg {
        Arg::Array(self.clone())
    }
}

macro_rules! scalars { ($($Kind:ident $as:ident: $($rust:ident)*;)*) => { $( $(
    impl Operand for $rust {
        fn operand(self) -> Arg {
            Arg::Weak(Weak::$Kind(self as $as))
        }
    }
    impl Scalarlike for $rust {
        fn weak(self) -> Weak {
            Weak::$Kind(self as $as)
        }
    }
)* )* } }
scalars! {
    Bool bool: bool;
    Int i128: i8 i16 i32 i64 isize u8 u16 u32 u64 usize;
    Float f64: f32 f64;
}
macro_rules! complex { ($($rust:ident)*) => { $(
    impl Sealed for $rust {}
    impl Operand for $rust {
        fn operand(self) -> Arg {
            Arg::Weak(self.weak())
        }
    }
    impl Scalarlike for $rust {
        fn weak(self) -> Weak {
            Weak::Complex(self.into())
        }
    }
)* } }
complex!(c64 c128);
impl Sealed for bool {}
impl Sealed for f32 {}
impl Sealed for f64 {}

/// Any Rust scalar: `bool`, integers and floats of up to 64 bits, complex numbers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no scalar",
    label = "expected a Rust number or truth value",
    note = "scalars are `bool`, integers and floats of up to 64 bits, `c64` and `c128`"
)]
pub trait Scalarlike: Operand + Copy {
    #[doc(hidden)]
    fn weak(self) -> Weak;
}

macro_rules! operators { ($($Trait:ident $method:ident $Assign:ident $assign:ident $Op:ident [$($left:ident)*];)*) => { $(
    impl<R: Operand> ops::$Trait<R> for Array {
        type Output = Array;
        #[track_caller]
        fn $method(self, right: R) -> Array {
            settle(build::binary(Binary::$Op, Arg::Array(self), right.operand()))
        }
    }
    impl<R: Operand> ops::$Trait<R> for &Array {
        type Output = Array;
        #[track_caller]
        fn $method(self, right: R) -> Array {
            settle(build::binary(Binary::$Op, self.operand(), right.operand()))
        }
    }
    impl<R: Operand> ops::$Assign<R> for Array {
        #[track_caller]
        fn $assign(&mut self, right: R) {
            *self = settle(build::binary(Binary::$Op, Arg::Array(self.clone()), right.operand()));
        }
    }
    $(
        impl ops::$Trait<Array> for $left {
            type Output = Array;
            #[track_caller]
            fn $method(self, right: Array) -> Array {
                settle(build::binary(Binary::$Op, self.operand(), Arg::Array(right)))
            }
        }
        impl ops::$Trait<&Array> for $left {
            type Output = Array;
            #[track_caller]
            fn $method(self, right: &Array) -> Array {
                settle(build::binary(Binary::$Op, self.operand(), right.operand()))
            }
        }
    )*
)* } }
operators! {
    Add add AddAssign add_assign Add [f64 i64];
    Sub sub SubAssign sub_assign Subtract [f64 i64];
    Mul mul MulAssign mul_assign Multiply [f64 i64];
    Div div DivAssign div_assign Divide [f64 i64];
    Rem rem RemAssign rem_assign Remainder [f64 i64];
    BitAnd bitand BitAndAssign bitand_assign BitwiseAnd [i64 bool];
    BitOr bitor BitOrAssign bitor_assign BitwiseOr [i64 bool];
    BitXor bitxor BitXorAssign bitxor_assign BitwiseXor [i64 bool];
    Shl shl ShlAssign shl_assign BitwiseLeftShift [i64];
    Shr shr ShrAssign shr_assign BitwiseRightShift [i64];
}

macro_rules! prefixes { ($($Trait:ident $method:ident $Op:ident;)*) => { $(
    impl ops::$Trait for Array {
        type Output = Array;
        #[track_caller]
        fn $method(self) -> Array {
            settle(build::unary(Unary::$Op, &self))
        }
    }
    impl ops::$Trait for &Array {
        type Output = Array;
        #[track_caller]
        fn $method(self) -> Array {
            settle(build::unary(Unary::$Op, self))
        }
    }
)* } }
prefixes! {
    Neg neg Negative;
    Not not BitwiseInvert;
}

impl From<Array> for Arg {
    fn from(array: Array) -> Self {
        Arg::Array(array)
    }
}
