//! THE TABLE: one row per scalar op. Nothing else about an op is written anywhere, but its machine
//! code (an arm in `codegen`) and, if it is an elementary function, its definition (`op/math`).
//!
//! A row is: doc, an optional alias of its method, variant, method, optional symbol, optional laws, the
//! result's dtype, and the meaning on floats, integers and truth values, each if there is one. A meaning written `in math` is
//! the expansion in `op/math`. One text serves `f32` and `f64`, one `i32` and `i64`; the
//! meaning on `f32` is evaluated in `f32`. What ops mean on all other dtypes follows from these
//! (`op/math/carry.rs`).
//!
//! Higher rooms read the rows by handing a macro to `unary_ops!` or `binary_ops!`.

use std::fmt;

use crate::base::{DType, Kind};

macro_rules! unary_ops { ($with:ident) => { $with! {
    /// `-x`. Integers wrap: `-MIN = MIN`.
    Negative negative "-" same, float |x| -x, int |n| n.wrapping_neg();
    /// The absolute value. Integers wrap: `abs(MIN) = MIN`.
    Abs abs same, float |x| x.abs(), int |n| n.wrapping_abs(), bool |p| p;
    /// -1, 0 or 1 by the sign; 0 for both zeros, NaN for NaN.
    Sign sign same, float |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else if x == 0.0 { 0.0 } else { x }, int |n| n.signum();
    /// The square root, correctly rounded; NaN below zero, `sqrt(-0.0) = -0.0`.
    Sqrt sqrt float, float |x| x.sqrt();
    /// `x * x`. Integers wrap.
    Square square same, float |x| x * x, int |n| n.wrapping_mul(n), bool |p| p;
    /// `1 / x`, correctly rounded.
    Reciprocal reciprocal quotient, float |x| 1.0 / x;
    /// The cube root, of negative numbers too.
    Cbrt cbrt float, in math;
    /// e to the power x.
    Exp exp float, in math;
    /// e to the power x, minus 1, exact near 0.
    Expm1 expm1 float, in math;
    /// 2 to the power x.
    Exp2 exp2 float, in math;
    /// The natural logarithm; `-inf` at 0, NaN below.
    Log log float, in math;
    /// The natural logarithm of 1 + x, exact near 0.
    Log1p log1p float, in math;
    /// The logarithm to base 2.
    Log2 log2 float, in math;
    /// The logarithm to base 10.
    Log10 log10 float, in math;
    /// The sine of an angle in radians, of any size.
    Sin sin float, in math;
    /// The cosine of an angle in radians, of any size.
    Cos cos float, in math;
    /// The tangent of an angle in radians, of any size.
    Tan tan float, in math;
    /// The angle in [-pi/2, pi/2] whose sine is x; NaN if |x| > 1.
    #[doc(alias = "arcsin")]
    Asin asin float, in math;
    /// The angle in [0, pi] whose cosine is x; NaN if |x| > 1.
    #[doc(alias = "arccos")]
    Acos acos float, in math;
    /// The angle in [-pi/2, pi/2] whose tangent is x.
    #[doc(alias = "arctan")]
    Atan atan float, in math;
    /// The hyperbolic sine.
    Sinh sinh float, in math;
    /// The hyperbolic cosine.
    Cosh cosh float, in math;
    /// The hyperbolic tangent.
    Tanh tanh float, in math;
    /// The number whose hyperbolic sine is x.
    #[doc(alias = "arcsinh")]
    Asinh asinh float, in math;
    /// The number, not negative, whose hyperbolic cosine is x; NaN if x < 1.
    #[doc(alias = "arccosh")]
    Acosh acosh float, in math;
    /// The number whose hyperbolic tangent is x; infinite at -1 and 1, NaN past them.
    #[doc(alias = "arctanh")]
    Atanh atanh float, in math;
    /// The logistic function `1 / (1 + exp(-x))`.
    Sigmoid sigmoid float, in math;
    /// The error function.
    Erf erf float, in math;
    /// 1 minus the error function, exact where that is near 1.
    Erfc erfc float, in math;
    /// The natural logarithm of the size of the gamma function; infinite at 0 and the integers below.
    #[doc(alias = "gammaln")]
    Lgamma lgamma float, in math;
    /// `log(1 + exp(x))`, without overflow on the way.
    Softplus softplus float, in math;
    /// The Gaussian error linear unit, `x * (1 + erf(x / sqrt(2))) / 2` (Hendrycks, Gimpel, "Gaussian error linear units", 2016: the exact form).
    Gelu gelu float, in math;
    /// The Gaussian error linear unit by tanh, `x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2` (there: the approximation).
    GeluTanh gelu_tanh float, in math;
    /// The largest integer not above x.
    Floor floor same, float |x| x.floor(), int |n| n, bool |p| p;
    /// The smallest integer not below x.
    Ceil ceil same, float |x| x.ceil(), int |n| n, bool |p| p;
    /// The integer next to x towards zero.
    Trunc trunc same, float |x| x.trunc(), int |n| n, bool |p| p;
    /// The nearest integer, halves to the even one.
    Round round same, float |x| x.round_ties_even(), int |n| n, bool |p| p;
    /// Whether x is NaN.
    IsNan isnan truth, float |x| x.is_nan(), int |_n| false, bool |_p| false;
    /// Whether x is an infinity.
    IsInf isinf truth, float |x| x.is_infinite(), int |_n| false, bool |_p| false;
    /// Whether x is neither NaN nor an infinity.
    IsFinite isfinite truth, float |x| x.is_finite(), int |_n| true, bool |_p| true;
    /// Whether x is zero.
    LogicalNot logical_not truth, float |x| x == 0.0, int |n| n == 0, bool |p| !p;
    /// Every bit flipped.
    BitwiseInvert bitwise_invert "!" same, int |n| !n, bool |p| !p;
} } }
pub(crate) use unary_ops;

macro_rules! binary_ops { ($with:ident) => { $with! {
    /// Sum, `a + b`. Integers wrap; truth values: or.
    Add add "+" [commutes] same, float |x, y| x + y, int |m, n| m.wrapping_add(n), bool |p, q| p | q;
    /// Difference, `a - b`. Integers wrap.
    Subtract subtract "-" same, float |x, y| x - y, int |m, n| m.wrapping_sub(n);
    /// Product, `a * b`. Integers wrap; truth values: and.
    Multiply multiply "*" [commutes] same, float |x, y| x * y, int |m, n| m.wrapping_mul(n), bool |p, q| p & q;
    /// Quotient, `a / b`, correctly rounded; of integers too it is a float.
    Divide divide "/" quotient, float |x, y| x / y;
    /// The quotient rounded down, `a // b` of Python. Integers: `x // 0 = 0`, `MIN // -1 = MIN`.
    FloorDivide floor_divide same, in math;
    /// What floor division leaves, `a % b` of Python, with the sign of `b`. Integers: `x % 0 = 0`.
    Remainder remainder "%" same, in math;
    /// `a` raised to the power `b`. Integers wrap, and a negative exponent is an error.
    Pow pow same, in math;
    /// The larger; NaN if either is NaN; `-0 < +0` (IEEE 754-2019 `maximum`).
    Maximum maximum [commutes] same, float |x, y| if x.is_nan() || y.is_nan() { x + y } else if x == y { if x.is_sign_negative() { y } else { x } } else if x < y { y } else { x }, int |m, n| m.max(n), bool |p, q| p | q;
    /// The smaller; NaN if either is NaN; `-0 < +0` (IEEE 754-2019 `minimum`).
    Minimum minimum [commutes] same, float |x, y| if x.is_nan() || y.is_nan() { x + y } else if x == y { if x.is_sign_negative() { x } else { y } } else if x < y { x } else { y }, int |m, n| m.min(n), bool |p, q| p & q;
    /// The angle of the point (b, a) with the first axis, in radians, in (-pi, pi].
    Atan2 atan2 float, in math;
    /// `sqrt(a * a + b * b)` without overflow on the way.
    Hypot hypot float, in math;
    /// The size of `a` with the sign of `b`; NaN has the sign plus.
    Copysign copysign float, in math;
    /// The float next to `a` on the way to `b`; `b` where they are equal.
    Nextafter nextafter float, in math;
    /// The greatest common divisor, not negative but where it wraps: `gcd(MIN, 0) = gcd(MIN, MIN) = MIN`.
    Gcd gcd [commutes] int, in math;
    /// The least common multiple, not negative but where it wraps; 0 where either is.
    Lcm lcm [commutes] int, in math;
    /// `log(exp(a) + exp(b))` without overflow on the way.
    Logaddexp logaddexp [commutes] float, in math;
    /// `log2(2 ** a + 2 ** b)` without overflow on the way.
    Logaddexp2 logaddexp2 [commutes] float, in math;
    /// Whether both are not zero.
    LogicalAnd logical_and [commutes] truth, float |x, y| x != 0.0 && y != 0.0, int |m, n| m != 0 && n != 0, bool |p, q| p & q;
    /// Whether either is not zero.
    LogicalOr logical_or [commutes] truth, float |x, y| x != 0.0 || y != 0.0, int |m, n| m != 0 || n != 0, bool |p, q| p | q;
    /// Whether exactly one is not zero.
    LogicalXor logical_xor [commutes] truth, float |x, y| (x != 0.0) != (y != 0.0), int |m, n| (m != 0) != (n != 0), bool |p, q| p ^ q;
    /// The bits set in both.
    BitwiseAnd bitwise_and "&" [commutes] same, int |m, n| m & n, bool |p, q| p & q;
    /// The bits set in either.
    BitwiseOr bitwise_or "|" [commutes] same, int |m, n| m | n, bool |p, q| p | q;
    /// The bits set in exactly one.
    BitwiseXor bitwise_xor "^" [commutes] same, int |m, n| m ^ n, bool |p, q| p ^ q;
    /// Bits moved up, `a << b`; 0 if `b` is not in 0..width.
    BitwiseLeftShift bitwise_left_shift "<<" same, int |m, n| u32::try_from(n).ok().and_then(|n| m.checked_shl(n)).unwrap_or(0);
    /// Bits moved down, `a >> b`, copies of the sign following; all sign if `b` is not in 0..width.
    BitwiseRightShift bitwise_right_shift ">>" same, int |m, n| u32::try_from(n).ok().and_then(|n| m.checked_shr(n)).unwrap_or(if m < 0 { -1 } else { 0 });
    /// Whether `a == b`; NaN equals nothing.
    Equal equal "==" [commutes] truth, float |x, y| x == y, int |m, n| m == n, bool |p, q| p == q;
    /// Whether `a != b`; NaN differs from everything.
    NotEqual not_equal "!=" [commutes] truth, float |x, y| x != y, int |m, n| m != n, bool |p, q| p != q;
    /// Whether `a < b`.
    Less less "<" truth, float |x, y| x < y, int |m, n| m < n, bool |p, q| !p & q;
    /// Whether `a <= b`.
    LessEqual less_equal "<=" truth, float |x, y| x <= y, int |m, n| m <= n, bool |p, q| !p | q;
    /// Whether `a > b`.
    Greater greater ">" truth, float |x, y| x > y, int |m, n| m > n, bool |p, q| p & !q;
    /// Whether `a >= b`.
    GreaterEqual greater_equal ">=" truth, float |x, y| x >= y, int |m, n| m >= n, bool |p, q| p | !q;
} } }
pub(crate) use binary_ops;

/// The dtype an op computes in and results in, given the promoted dtype of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// That dtype.
    Same,
    /// The float dtype it promotes to: integers of 8 bits become `f16` first, of 16 bits `f32`, all else that
    /// is no float `f64`.
    Float,
    /// The same, but all that is no float becomes `f64`.
    Quotient,
    /// Computes in that dtype and results in `bool`.
    Truth,
    /// That dtype, of integers alone.
    Int,
}

macro_rules! rule {
    (same) => {
        Rule::Same
    };
    (float) => {
        Rule::Float
    };
    (quotient) => {
        Rule::Quotient
    };
    (truth) => {
        Rule::Truth
    };
    (int) => {
        Rule::Int
    };
}

/// The enum of the rows and what is the same for one and two arguments. Optional parts come in
/// brackets, empty if the row has none.
macro_rules! define_ops { ($Ops:ident, $about:literal; $(
    [$doc:literal] $Op:ident $name:ident [$($symbol:literal)?] [$($law:ident)?] $rule:ident
    [$($math:ident)?] [$($float:expr)?] [$($int:expr)?] [$($bool:expr)?];
)*) => {
    #[doc = $about]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum $Ops { $( #[doc = $doc] $Op, )* }

    impl $Ops {
        /// Every row of the table; tests walk it.
        pub const ALL: &[Self] = &[$( Self::$Op, )*];

        /// The method's name.
        pub fn name(self) -> &'static str {
            match self { $( Self::$Op => stringify!($name), )* }
        }

        /// The symbol it is printed as, if it has one.
        pub fn symbol(self) -> Option<&'static str> {
            let symbols: &[&str] = match self { $( Self::$Op => &[$($symbol)?], )* };
            symbols.first().copied()
        }

        /// Whether its arguments may be exchanged.
        pub fn commutes(self) -> bool {
            let laws: &[&str] = match self { $( Self::$Op => &[$(stringify!($law))?], )* };
            laws.contains(&"commutes")
        }

        /// The rule of its dtypes.
        pub fn rule(self) -> Rule {
            match self { $( Self::$Op => rule!($rule), )* }
        }

        /// Whether its meaning is in `op/math`.
        pub fn is_math(self) -> bool {
            let parts: &[&str] = match self { $( Self::$Op => &[$(stringify!($math))?], )* };
            !parts.is_empty()
        }

        /// Whether it has a meaning on values of this kind. A `math` row has one on floats, unless it is
        /// of integers alone, and on integers if its result is again one.
        pub fn takes(self, kind: Kind) -> bool {
            if self.is_math() {
                return match self.rule() {
                    Rule::Same => kind == Kind::Int || kind == Kind::Float,
                    Rule::Int => kind == Kind::Int,
                    Rule::Float | Rule::Quotient | Rule::Truth => kind == Kind::Float,
                };
            }
            let parts: &[&str] = match (self, kind) { $(
                (Self::$Op, Kind::Float) => &[$(stringify!($float))?],
                (Self::$Op, Kind::Int) => &[$(stringify!($int))?],
                (Self::$Op, Kind::Bool) => &[$(stringify!($bool))?],
                // What complex numbers are computed by is ops of their parts.
                (Self::$Op, Kind::Complex) => &[],
            )* };
            !parts.is_empty()
        }

        /// The dtype it computes in for arguments of `dtype`; `None` if it does not take them.
        pub fn computes_in(self, dtype: DType) -> Option<DType> {
            let dtype = match self.rule() {
                Rule::Float => dtype.to_small_float(),
                Rule::Quotient => dtype.to_float(),
                Rule::Same | Rule::Truth | Rule::Int => dtype,
            };
            self.takes(dtype.kind()).then_some(dtype)
        }

        /// The dtype of its result where it computes in `dtype`.
        pub fn result(self, dtype: DType) -> DType {
            if self.rule() == Rule::Truth { DType::Bool } else { dtype }
        }
    }

    impl fmt::Display for $Ops {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.name())
        }
    }
} }

macro_rules! define_unary { ($(
    #[doc = $doc:literal] $(#[doc(alias = $alias:literal)])? $Op:ident $name:ident $($symbol:literal)? $([$law:ident])? $rule:ident
    $(, in $math:ident)? $(, float |$x:ident| $float:expr)? $(, int |$n:ident| $int:expr)? $(, bool |$p:ident| $bool:expr)? ;
)*) => { define_ops! { Unary, "An elementwise op of one argument.";
    $( [$doc] $Op $name [$($symbol)?] [$($law)?] $rule [$($math)?] [$($float)?] [$($int)?] [$($bool)?]; )*
} } }
unary_ops!(define_unary);

macro_rules! define_binary { ($(
    #[doc = $doc:literal] $Op:ident $name:ident $($symbol:literal)? $([$law:ident])? $rule:ident
    $(, in $math:ident)? $(, float |$x:ident, $y:ident| $float:expr)? $(, int |$m:ident, $n:ident| $int:expr)? $(, bool |$p:ident, $q:ident| $bool:expr)? ;
)*) => { define_ops! { Binary, "An elementwise op of two arguments of one dtype.";
    $( [$doc] $Op $name [$($symbol)?] [$($law)?] $rule [$($math)?] [$($float)?] [$($int)?] [$($bool)?]; )*
} } }
binary_ops!(define_binary);
