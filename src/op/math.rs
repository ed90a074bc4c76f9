//! The definition of every elementary function, as an [`Expr`] over plain arithmetic or as a pinned
//! routine: the one meaning that reference, folding, interpreter and all code generators execute.

use std::sync::OnceLock;

use crate::base::{DType, strip::NEGATIVE_POWER};
use crate::op::{Binary, Builder, Expr, Ref, Routine, Unary};

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
    match op {
        Unary::Exp => b.call(Routine::Exp, &[x]),
        Unary::Expm1 => b.call(Routine::Expm1, &[x]),
        Unary::Log => b.call(Routine::Log, &[x]),
        Unary::Log1p => b.call(Routine::Log1p, &[x]),
        Unary::Log2 => b.call(Routine::Log2, &[x]),
        Unary::Log10 => b.call(Routine::Log10, &[x]),
        Unary::Sin => b.call(Routine::Sin, &[x]),
        Unary::Cos => b.call(Routine::Cos, &[x]),
        Unary::Tan => b.call(Routine::Tan, &[x]),
        Unary::Tanh => b.call(Routine::Tanh, &[x]),
        Unary::Erf => b.call(Routine::Erf, &[x]),
        Unary::Sigmoid => {
            let minus = b.unary(Unary::Negative, x);
            let (e, one) = (b.call(Routine::Exp, &[minus]), b.number(x, 1.0));
            let sum = b.binary(Binary::Add, one, e);
            b.unary(Unary::Reciprocal, sum)
        }
        _ => unreachable!("{op} is no elementary function"),
    }
}

fn define_binary(op: Binary, b: &mut Builder, x: Ref, y: Ref) -> Ref {
    match op {
        Binary::FloorDivide => b.call(Routine::FloorDivide, &[x, y]),
        Binary::Remainder => b.call(Routine::Remainder, &[x, y]),
        Binary::Atan2 => b.call(Routine::Atan2, &[x, y]),
        Binary::Hypot => b.call(Routine::Hypot, &[x, y]),
        Binary::Pow => {
            let power = b.call(Routine::Pow, &[x, y]);
            if b.dtype(x).is_float() {
                return power;
            }
            let zero = b.number(y, 0.0);
            let ok = b.binary(Binary::GreaterEqual, y, zero);
            b.check(ok, power, NEGATIVE_POWER)
        }
        _ => unreachable!("{op} is no elementary function"),
    }
}
