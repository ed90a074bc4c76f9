//! Pinned pure-Rust routines: functions called per element where a loop body has no branch-free
//! form. The same code serves reference, interpreter and every code generator, so its bits are the
//! same everywhere.

use crate::base::DType;
use crate::op::Values;

macro_rules! routines { ($( #[doc = $doc:literal] $Name:ident $args:tt { $($T:ident $rust:ident => $body:expr;)* } )*) => {
    /// A routine. Which dtypes it has is in its row; all its arguments and its result have one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Routine { $( #[doc = $doc] $Name, )* }

    impl Routine {
        /// Every routine; tests and the code generator's symbol table walk it.
        pub const ALL: &[Routine] = &[$( Routine::$Name, )*];

        /// Its name in texts.
        pub fn name(self) -> &'static str {
            match self { $( Routine::$Name => stringify!($Name), )* }
        }

        /// The address of its `extern "C"` form on `dtype`, taking and returning values by
        /// themselves; `None` if it has none.
        pub fn address(self, dtype: DType) -> Option<*const u8> {
            match (self, dtype) {
                $( $( (Routine::$Name, DType::$T) => {
                    routines!(@entry $rust, $body, $args);
                    Some(entry as *const () as *const u8)
                } )* )*
                _ => None,
            }
        }

        /// Its value on each row of the columns `args`.
        ///
        /// # Panics
        /// If it does not exist on their dtype; expressions are typed.
        pub fn call(self, args: &[&Values]) -> Values {
            match (self, args[0].dtype()) {
                $( $( (Routine::$Name, DType::$T) => routines!(@call $T $rust, $body, $args, args), )* )*
                (_, dtype) => unreachable!("{self} of {dtype}"),
            }
        }
    }
};
(@entry $rust:ident, $body:expr, ($($x:ident),*)) => {
    extern "C" fn entry($($x: $rust),*) -> $rust { $body }
};
(@call $T:ident $rust:ident, $body:expr, ($x:ident), $args:ident) => {
    match $args {
        [Values::$T(xs)] => xs.iter().map(|&$x: &$rust| -> $rust { $body }).collect::<Vec<_>>().into(),
        _ => unreachable!("one argument"),
    }
};
(@call $T:ident $rust:ident, $body:expr, ($x:ident, $y:ident), $args:ident) => {
    match $args {
        [Values::$T(xs), Values::$T(ys)] => {
            xs.iter().zip(ys).map(|(&$x, &$y): (&$rust, &$rust)| -> $rust { $body }).collect::<Vec<_>>().into()
        }
        _ => unreachable!("two arguments of one dtype"),
    }
};
}

// `f32` goes through `f64` where that is nearer to the exact value than the `f32` routine.
routines! {
    /// Sine; here for arguments too large for the branch-free form.
    Sin(x) { F32 f32 => libm::sin(f64::from(x)) as f32; F64 f64 => libm::sin(x); }
    /// Cosine, likewise.
    Cos(x) { F32 f32 => libm::cos(f64::from(x)) as f32; F64 f64 => libm::cos(x); }
    /// Tangent.
    Tan(x) { F32 f32 => libm::tan(f64::from(x)) as f32; F64 f64 => libm::tan(x); }
    /// The logarithm of the size of the gamma function; here for arguments below 0, which most lack.
    Lgamma(x) { F32 f32 => libm::lgamma(f64::from(x)) as f32; F64 f64 => libm::lgamma(x); }
    /// Power of integers, wrapping, and 0 where the exponent is negative.
    Pow(x, y) {
        I32 i32 => wrapping_pow(i64::from(x), i64::from(y)) as i32;
        I64 i64 => wrapping_pow(x, y);
        U64 u64 => power(x, y);
    }
    /// Floor division as Python and NumPy do it.
    FloorDivide(x, y) {
        F32 f32 => float_div_rem(f64::from(x), f64::from(y), libm::fmodf(x, y).into(), |q| f64::from(q as f32)).0 as f32;
        F64 f64 => float_div_rem(x, y, libm::fmod(x, y), |q| q).0;
        I32 i32 => int_div_rem(x.into(), y.into()).0 as i32;
        I64 i64 => int_div_rem(x, y).0;
        U64 u64 => x.checked_div(y).unwrap_or(0);
    }
    /// What floor division leaves, with the sign of the divisor.
    Remainder(x, y) {
        F32 f32 => float_remainder(f64::from(y), libm::fmodf(x, y).into()) as f32;
        F64 f64 => float_remainder(y, libm::fmod(x, y));
        I32 i32 => int_div_rem(x.into(), y.into()).1 as i32;
        I64 i64 => int_div_rem(x, y).1;
        U64 u64 => x.checked_rem(y).unwrap_or(0);
    }
    /// Greatest common divisor; 2^31 and 2^63 wrap.
    Gcd(x, y) {
        I32 i32 => gcd(x.unsigned_abs().into(), y.unsigned_abs().into()) as i32;
        I64 i64 => gcd(x.unsigned_abs(), y.unsigned_abs()) as i64;
        U64 u64 => gcd(x, y);
    }
    /// Least common multiple, wrapping.
    Lcm(x, y) {
        I32 i32 => lcm(x.unsigned_abs().into(), y.unsigned_abs().into()) as i32;
        I64 i64 => lcm(x.unsigned_abs(), y.unsigned_abs()) as i64;
        U64 u64 => lcm(x, y);
    }
}

impl std::fmt::Display for Routine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// `x` to the power `n` modulo 2^64; 0 for negative `n`, which a check has reported.
fn wrapping_pow(x: i64, n: i64) -> i64 {
    if n < 0 { 0 } else { power(x as u64, n as u64) as i64 }
}

/// `x` to the power `n` modulo 2^64, by squaring.
fn power(mut x: u64, mut n: u64) -> u64 {
    let mut power = 1_u64;
    while n != 0 {
        if n & 1 == 1 {
            power = power.wrapping_mul(x);
        }
        x = x.wrapping_mul(x);
        n >>= 1;
    }
    power
}

/// Quotient rounded down and remainder with the sign of `n`; both 0 if `n` is.
fn int_div_rem(m: i64, n: i64) -> (i64, i64) {
    if n == 0 {
        return (0, 0);
    }
    let (quotient, remainder) = (m.wrapping_div(n), m.wrapping_rem(n));
    if remainder != 0 && (remainder < 0) != (n < 0) {
        (quotient - 1, remainder + n)
    } else {
        (quotient, remainder)
    }
}

/// The greatest common divisor by Euclid; of 0 and n, n.
fn gcd(mut m: u64, mut n: u64) -> u64 {
    while n != 0 {
        (m, n) = (n, m % n);
    }
    m
}

/// The least common multiple modulo 2^64; of 0 and n, 0.
fn lcm(m: u64, n: u64) -> u64 {
    match gcd(m, n) {
        0 => 0,
        divisor => (m / divisor).wrapping_mul(n),
    }
}

/// `x mod y` with the sign of `y`, from the exact `fmod`.
fn float_remainder(y: f64, modulo: f64) -> f64 {
    if modulo == 0.0 {
        if y.is_nan() || modulo.is_nan() { f64::NAN } else { 0.0_f64.copysign(y) }
    } else if (y < 0.0) != (modulo < 0.0) {
        modulo + y
    } else {
        modulo
    }
}

/// Floor division and remainder of floats as CPython's `float_divmod` and NumPy's `npy_divmod`
/// define them, `round` rounding the intermediate results to the dtype.
fn float_div_rem(x: f64, y: f64, modulo: f64, round: impl Fn(f64) -> f64) -> (f64, f64) {
    if y == 0.0 {
        return (x / y, f64::NAN);
    }
    if modulo.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    let mut quotient = round(round(x - modulo) / y);
    let remainder = float_remainder(y, modulo);
    if modulo != 0.0 && (y < 0.0) != (modulo < 0.0) {
        quotient = round(quotient - 1.0);
    }
    let floored = if quotient == 0.0 {
        0.0_f64.copysign(x / y)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { round(floor + 1.0) } else { floor }
    };
    (floored, remainder)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values from CPython 3.11: `divmod(x, y)`.
    #[test]
    fn float_floor_division_is_that_of_python() {
        let cases = [
            (7.0, 2.0, 3.0, 1.0),
            (-7.0, 2.0, -4.0, 1.0),
            (7.0, -2.0, -4.0, -1.0),
            (1.0, 0.1, 9.0, 0.099_999_999_999_999_95),
            (-0.0, 1.0, -0.0, 0.0),
            (5.0, f64::INFINITY, 0.0, 5.0),
            (-5.0, f64::INFINITY, -1.0, f64::INFINITY),
        ];
        for (x, y, quotient, remainder) in cases {
            let args = [&Values::F64(vec![x]), &Values::F64(vec![y])];
            let (Values::F64(q), Values::F64(r)) =
                (Routine::FloorDivide.call(&args), Routine::Remainder.call(&args))
            else {
                unreachable!()
            };
            assert_eq!(
                (q[0].to_bits(), r[0].to_bits()),
                (f64::to_bits(quotient), f64::to_bits(remainder)),
                "{x} // {y}"
            );
        }
    }

    #[test]
    fn integer_edges_never_trap() {
        assert_eq!(int_div_rem(i64::MIN, -1), (i64::MIN, 0));
        assert_eq!(int_div_rem(5, 0), (0, 0));
        assert_eq!(int_div_rem(-7, 2), (-4, 1));
        assert_eq!(int_div_rem(7, -2), (-4, -1));
        assert_eq!(wrapping_pow(3, 40), 3_i64.wrapping_pow(40));
        assert_eq!(wrapping_pow(0, 0), 1);
    }
}
