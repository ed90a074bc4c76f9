//! The meaning of scalar ops, run on whole columns of values. Reference, constant folding and the
//! block interpreter all evaluate here.
//!
//! Rust's float arithmetic is IEEE 754 in default rounding; the compiler may pick any NaN, and all
//! NaNs are one value.

use crate::base::{DType, Scalar};
use crate::op::table::{binary_ops, unary_ops};
use crate::op::{Binary, Expr, Inst, Unary, math};

/// A column of values of one dtype.
#[derive(Clone, Debug)]
pub enum Values {
    /// Truth values.
    Bool(Vec<bool>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// Single floats.
    F32(Vec<f32>),
    /// Double floats.
    F64(Vec<f64>),
}

/// Runs `$body` with `$v` bound to the vector of whatever dtype `$values` has.
macro_rules! each_dtype {
    ($values:expr, $v:ident => $body:expr) => {
        match $values {
            Values::Bool($v) => $body,
            Values::I32($v) => $body,
            Values::I64($v) => $body,
            Values::F32($v) => $body,
            Values::F64($v) => $body,
        }
    };
}

impl Values {
    /// `count` times `value`.
    pub fn splat(value: Scalar, count: usize) -> Self {
        let bits = value.bits();
        match value.dtype() {
            DType::Bool => Values::Bool(vec![bits != 0; count]),
            DType::I32 => Values::I32(vec![bits as u32 as i32; count]),
            DType::I64 => Values::I64(vec![bits as i64; count]),
            DType::F32 => Values::F32(vec![f32::from_bits(bits as u32); count]),
            DType::F64 => Values::F64(vec![f64::from_bits(bits); count]),
        }
    }

    /// The values in `dtype` with these scalars' bits.
    pub fn collect(dtype: DType, scalars: impl Iterator<Item = Scalar>) -> Self {
        match dtype {
            DType::Bool => Values::Bool(scalars.map(|s| s.bits() != 0).collect()),
            DType::I32 => Values::I32(scalars.map(|s| s.bits() as u32 as i32).collect()),
            DType::I64 => Values::I64(scalars.map(|s| s.bits() as i64).collect()),
            DType::F32 => Values::F32(scalars.map(|s| f32::from_bits(s.bits() as u32)).collect()),
            DType::F64 => Values::F64(scalars.map(|s| f64::from_bits(s.bits())).collect()),
        }
    }

    /// Their dtype.
    pub fn dtype(&self) -> DType {
        match self {
            Values::Bool(_) => DType::Bool,
            Values::I32(_) => DType::I32,
            Values::I64(_) => DType::I64,
            Values::F32(_) => DType::F32,
            Values::F64(_) => DType::F64,
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        each_dtype!(self, v => v.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `index`-th value.
    pub fn get(&self, index: usize) -> Scalar {
        each_dtype!(self, v => v[index].into())
    }

    /// The values at `indices`.
    pub fn gather(&self, indices: impl Iterator<Item = usize>) -> Self {
        each_dtype!(self, v => indices.map(|index| v[index]).collect::<Vec<_>>().into())
    }

    /// The values as `to`, each as [`Scalar::cast`] does it.
    pub fn cast(&self, to: DType) -> Self {
        Self::collect(to, (0..self.len()).map(|index| self.get(index).cast(to)))
    }

    /// The same bits read as `to`, a dtype of the same size.
    pub fn bitcast(&self, to: DType) -> Self {
        Self::collect(to, (0..self.len()).map(|index| Scalar::from_bits(to, self.get(index).bits())))
    }

    /// `mask ? self : other`, value by value.
    pub fn select(mask: &[bool], yes: &Self, no: &Self) -> Self {
        macro_rules! select { ($($T:ident)*) => {
            match (yes, no) {
                $( (Values::$T(yes), Values::$T(no)) => mask.iter().zip(yes.iter().zip(no))
                    .map(|(&mask, (&yes, &no))| if mask { yes } else { no }).collect::<Vec<_>>().into(), )*
                _ => unreachable!("select of {} and {}", yes.dtype(), no.dtype()),
            }
        } }
        select!(Bool I32 I64 F32 F64)
    }

    /// The values as truth values.
    ///
    /// # Panics
    /// If they are not `bool`; expressions are typed.
    pub fn as_bool(&self) -> &[bool] {
        match self {
            Values::Bool(values) => values,
            other => unreachable!("{} where truth values are due", other.dtype()),
        }
    }
}

macro_rules! from { ($($T:ident $rust:ident)*) => { $(
    impl From<Vec<$rust>> for Values {
        fn from(values: Vec<$rust>) -> Self {
            Values::$T(values)
        }
    }
)* } }
from!(Bool bool I32 i32 I64 i64 F32 f32 F64 f64);

fn map<T: Copy, U>(a: &[T], f: impl Fn(T) -> U) -> Values
where
    Values: From<Vec<U>>,
{
    a.iter().map(|&a| f(a)).collect::<Vec<U>>().into()
}

fn zip<T: Copy, U>(a: &[T], b: &[T], f: impl Fn(T, T) -> U) -> Values
where
    Values: From<Vec<U>>,
{
    a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect::<Vec<U>>().into()
}

macro_rules! define_unary { ($(
    #[doc = $doc:literal] $(#[doc(alias = $alias:literal)])? $Op:ident $name:ident $($symbol:literal)? $([$law:ident])? $rule:ident
    $(, in $math:ident)? $(, float |$x:ident| $float:expr)? $(, int |$n:ident| $int:expr)? $(, bool |$p:ident| $bool:expr)? ;
)*) => {
    /// `op` of every value.
    pub fn unary(op: Unary, a: &Values, errors: &mut u32) -> Values {
        match (op, a) {
            $(
                $( (Unary::$Op, Values::F32(a)) => map(a, |$x: f32| $float),
                   (Unary::$Op, Values::F64(a)) => map(a, |$x: f64| $float), )?
                $( (Unary::$Op, Values::I32(a)) => map(a, |$n: i32| $int),
                   (Unary::$Op, Values::I64(a)) => map(a, |$n: i64| $int), )?
                $( (Unary::$Op, Values::Bool(a)) => map(a, |$p: bool| $bool), )?
            )*
            _ => expand(math::unary(op, a.dtype()), &[a], errors),
        }
    }
} }
unary_ops!(define_unary);

macro_rules! define_binary { ($(
    #[doc = $doc:literal] $Op:ident $name:ident $($symbol:literal)? $([$law:ident])? $rule:ident
    $(, in $math:ident)? $(, float |$x:ident, $y:ident| $float:expr)? $(, int |$m:ident, $n:ident| $int:expr)? $(, bool |$p:ident, $q:ident| $bool:expr)? ;
)*) => {
    /// `op` of every pair of values; both columns have one dtype and length.
    pub fn binary(op: Binary, a: &Values, b: &Values, errors: &mut u32) -> Values {
        match (op, a, b) {
            $(
                $( (Binary::$Op, Values::F32(a), Values::F32(b)) => zip(a, b, |$x: f32, $y: f32| $float),
                   (Binary::$Op, Values::F64(a), Values::F64(b)) => zip(a, b, |$x: f64, $y: f64| $float), )?
                $( (Binary::$Op, Values::I32(a), Values::I32(b)) => zip(a, b, |$m: i32, $n: i32| $int),
                   (Binary::$Op, Values::I64(a), Values::I64(b)) => zip(a, b, |$m: i64, $n: i64| $int), )?
                $( (Binary::$Op, Values::Bool(a), Values::Bool(b)) => zip(a, b, |$p: bool, $q: bool| $bool), )?
            )*
            _ => expand(math::binary(op, a.dtype()), &[a, b], errors),
        }
    }
} }
binary_ops!(define_binary);

/// The value of an op that `op/math` defines.
fn expand(definition: &Expr, args: &[&Values], errors: &mut u32) -> Values {
    let count = args[0].len();
    let mut outs = evaluate(
        definition,
        count,
        &mut |inst| match inst {
            Inst::Arg(arg) => args[*arg as usize].clone(),
            other => unreachable!("{other:?} in a definition"),
        },
        errors,
    );
    outs.swap_remove(0)
}

/// `a * b + c`, rounded once.
fn fma(a: &Values, b: &Values, c: &Values) -> Values {
    match (a, b, c) {
        (Values::F32(a), Values::F32(b), Values::F32(c)) => {
            a.iter().zip(b).zip(c).map(|((a, b), &c)| a.mul_add(*b, c)).collect::<Vec<_>>().into()
        }
        (Values::F64(a), Values::F64(b), Values::F64(c)) => {
            a.iter().zip(b).zip(c).map(|((a, b), &c)| a.mul_add(*b, c)).collect::<Vec<_>>().into()
        }
        _ => unreachable!("fma of {}", a.dtype()),
    }
}

/// The outputs of `expr` on `count` elements, where `leaf` gives the columns of arguments,
/// accumulators and scalars. Error bits of failed checks are added to `errors`.
pub fn evaluate(
    expr: &Expr,
    count: usize,
    leaf: &mut dyn FnMut(&Inst) -> Values,
    errors: &mut u32,
) -> Vec<Values> {
    let last_use = expr.last_uses();
    let mut values: Vec<Option<Values>> = Vec::with_capacity(expr.len());
    for (at, (inst, dtype)) in expr.iter().enumerate() {
        let value =
            |r: &crate::op::Ref| values[r.index()].as_ref().expect("a value is used before its last use");
        let result = match inst {
            Inst::Arg(_) | Inst::Acc(_) | Inst::Scalar(_) => leaf(inst),
            Inst::Const(scalar) => Values::splat(*scalar, count),
            Inst::Unary(op, a) => unary(*op, value(a), errors),
            Inst::Binary(op, a, b) => binary(*op, value(a), value(b), errors),
            Inst::Select(mask, yes, no) => Values::select(value(mask).as_bool(), value(yes), value(no)),
            Inst::Fma(a, b, c) => fma(value(a), value(b), value(c)),
            Inst::Cast(a) => value(a).cast(dtype),
            Inst::Bitcast(a) => value(a).bitcast(dtype),
            Inst::Call(routine, args) => {
                let args: smallvec::SmallVec<[&Values; 2]> = args.iter().map(value).collect();
                routine.call(&args)
            }
            Inst::Rare { mask, fast, routine, arg } => {
                let mask = value(mask).as_bool();
                if mask.contains(&true) {
                    Values::select(mask, &routine.call(&[value(arg)]), value(fast))
                } else {
                    value(fast).clone()
                }
            }
            Inst::Check { ok, value: checked, error } => {
                if value(ok).as_bool().contains(&false) {
                    *errors |= error;
                }
                value(checked).clone()
            }
        };
        debug_assert_eq!((result.dtype(), result.len()), (dtype, count), "{inst:?}");
        values.push(Some(result));
        for operand in inst.operands() {
            if last_use[operand.index()] == at {
                values[operand.index()] = None;
            }
        }
    }
    expr.outs().iter().map(|out| values[out.index()].clone().expect("an output is kept")).collect()
}
