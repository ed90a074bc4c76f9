//! The definition of every elementary function, as an [`Expr`] over plain arithmetic or as a pinned
//! routine: the one meaning that reference, folding, interpreter and all code generators execute.
//!
//! An expression has no branches and makes do with what vectors of 128 bits do well: no integer
//! multiplication, no shift by a variable, no conversion between `i64` and floats.

mod arc;
mod bits;
mod carry;
mod erf;
mod exp;
mod gamma;
mod hyperbolic;
mod inverse;
mod lanes;
mod log;
mod logsum;
mod pair;
mod pow;
mod root;
mod tail;
mod trig;

use std::sync::OnceLock;

use crate::base::{DType, strip::NEGATIVE_POWER};
use crate::op::{Binary, Builder, Expr, Ref, Routine, Unary};
pub use carry::{cast, loaded, nearest, stored};
use lanes::Lanes;
use log::Base;

/// The definition of `op` on an argument of `dtype`, which is its `Arg(0)`.
///
/// # Panics
/// If the op has no definition here for this dtype; expressions are typed.
pub fn unary(op: Unary, dtype: DType) -> &'static Expr {
    const COUNT: usize = Unary::ALL.len();
    static CELLS: [[OnceLock<Expr>; DType::ALL.len()]; COUNT] =
        [const { [const { OnceLock::new() }; DType::ALL.len()] }; COUNT];
    CELLS[op as usize][dtype as usize].get_or_init(|| {
        let mut b = Builder::default();
        let x = b.arg(0, dtype);
        let out = define_unary(op, &mut b, x);
        b.finish([out])
    })
}

/// The definition of `op` on arguments of `dtype`, which are its `Arg(0)` and `Arg(1)`.
///
/// # Panics
/// If the op has no definition here for this dtype; expressions are typed.
pub fn binary(op: Binary, dtype: DType) -> &'static Expr {
    const COUNT: usize = Binary::ALL.len();
    static CELLS: [[OnceLock<Expr>; DType::ALL.len()]; COUNT] =
        [const { [const { OnceLock::new() }; DType::ALL.len()] }; COUNT];
    CELLS[op as usize][dtype as usize].get_or_init(|| {
        let mut b = Builder::default();
        let (x, y) = (b.arg(0, dtype), b.arg(1, dtype));
        let out = define_binary(op, &mut b, x, y);
        b.finish([out])
    })
}

fn define_unary(op: Unary, b: &mut Builder, x: Ref) -> Ref {
    let dtype = b.dtype(x);
    if !dtype.is_native() {
        return carry::unary(b, op, x);
    }
    let l = &mut Lanes::new(b, dtype);
    match op {
        Unary::Exp => exp::exp(l, x),
        Unary::Exp2 => exp::exp2(l, x),
        Unary::Expm1 => exp::expm1(l, x),
        Unary::Log => log::log(l, x, Base::E),
        Unary::Log1p => log::log1p(l, x),
        Unary::Log2 => log::log(l, x, Base::Two),
        Unary::Log10 => log::log(l, x, Base::Ten),
        Unary::Sin => trig::sin_cos(l.b, x, Routine::Sin),
        Unary::Cos => trig::sin_cos(l.b, x, Routine::Cos),
        Unary::Tan => trig::tan(l.b, x),
        Unary::Asin => arc::asin(l, x),
        Unary::Acos => arc::acos(l, x),
        Unary::Atan => arc::atan(l, x),
        Unary::Sinh => hyperbolic::sinh(l, x),
        Unary::Cosh => hyperbolic::cosh(l, x),
        Unary::Tanh => exp::tanh(l, x),
        Unary::Asinh => inverse::asinh(l, x),
        Unary::Acosh => inverse::acosh(l, x),
        Unary::Atanh => inverse::atanh(l, x),
        Unary::Cbrt => root::cbrt(l, x),
        Unary::Erf => erf::erf(l, x),
        Unary::Erfc => tail::erfc(l, x),
        Unary::Gelu => tail::gelu(l, x),
        Unary::GeluTanh => tail::gelu_tanh(l, x),
        Unary::Lgamma => gamma::lgamma(l, x),
        Unary::Softplus => logsum::softplus(l, x),
        Unary::Sigmoid => exp::sigmoid(l, x),
        _ => unreachable!("{op} is no elementary function"),
    }
}

fn define_binary(op: Binary, b: &mut Builder, x: Ref, y: Ref) -> Ref {
    match op {
        _ if !b.dtype(x).is_native() => carry::binary(b, op, x, y),
        Binary::FloorDivide => b.call(Routine::FloorDivide, &[x, y]),
        Binary::Remainder => b.call(Routine::Remainder, &[x, y]),
        Binary::Atan2 => arc::atan2(b, x, y),
        Binary::Hypot => pow::hypot(b, x, y),
        Binary::Copysign => bits::copysign(&mut Lanes::of(b, x), x, y),
        Binary::Nextafter => {
            bits::nextafter(&mut Lanes::of(b, x), x, y, |l, a| l.bits(a), |l, bits| l.float(bits))
        }
        Binary::Gcd => b.call(Routine::Gcd, &[x, y]),
        Binary::Lcm => b.call(Routine::Lcm, &[x, y]),
        Binary::Logaddexp => logsum::logaddexp(b, x, y, Base::E),
        Binary::Logaddexp2 => logsum::logaddexp(b, x, y, Base::Two),
        Binary::Pow if b.dtype(x).is_float() => pow::pow(b, x, y),
        Binary::Pow => {
            let power = b.call(Routine::Pow, &[x, y]);
            let zero = b.number(y, 0.0);
            let ok = b.binary(Binary::GreaterEqual, y, zero);
            b.check(ok, power, NEGATIVE_POWER)
        }
        _ => unreachable!("{op} is no elementary function"),
    }
}
