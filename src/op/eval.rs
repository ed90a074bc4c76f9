//! The meaning of scalar ops, run on whole columns of values. Reference, constant folding and the
//! block interpreter all evaluate here.
//!
//! Rust's float arithmetic is IEEE 754 in default rounding; the compiler may pick any NaN, and all
//! NaNs are one value.

use crate::base::dtype::{Exact, dtypes, sealed::Number, typed};
use crate::base::{DType, Element, Scalar, bf16, f16};
use crate::op::table::{binary_ops, unary_ops};
use crate::op::{Binary, Expr, Inst, Unary, math};

macro_rules! define_values { ($(
    #[doc = $doc:literal] $Name:ident $rust:ident $kind:ident $bytes:literal $carrier:ident;
)*) => {
    /// A column of values of one dtype.
    #[derive(Clone, Debug)]
    pub enum Values { $( #[doc = $doc] $Name(Vec<$rust>), )* }

    impl Values {
        /// `mask ? yes : no`, value by value.
        pub fn select(mask: &[bool], yes: &Self, no: &Self) -> Self {
            match (yes, no) {
                $( (Values::$Name(yes), Values::$Name(no)) => chosen(mask, yes, no), )*
                _ => unreachable!("select of {} and {}", yes.dtype(), no.dtype()),
            }
        }
    }

    $( impl From<Vec<$rust>> for Values {
        fn from(values: Vec<$rust>) -> Self {
            Values::$Name(values)
        }
    } )*
} }
dtypes!(define_values);

macro_rules! values_arms { (
    ($values:expr) ($v:ident) ($body:expr)
    $( #[doc = $doc:literal] $Name:ident $rust:ident $kind:ident $bytes:literal $carrier:ident; )*
) => {
    match $values { $( $crate::op::Values::$Name($v) => $body, )* }
} }
pub(crate) use values_arms;

/// Runs `$body` with `$v` bound to the vector of whatever dtype `$values` has.
macro_rules! each_dtype {
    ($values:expr, $v:ident => $body:expr) => {
        $crate::base::dtype::dtypes!(($crate::op::eval::values_arms)($values)($v)($body))
    };
}

pub(crate) use each_dtype;

impl Values {
    /// `count` times `value`.
    pub fn splat(value: Scalar, count: usize) -> Self {
        typed!(value.dtype(), T => vec![T::of_bits(value.bits()); count].into())
    }

    /// The values in `dtype` with these scalars' bits.
    pub fn collect(dtype: DType, scalars: impl Iterator<Item = Scalar>) -> Self {
        typed!(dtype, T => scalars.map(|s| T::of_bits(s.bits())).collect::<Vec<T>>().into())
    }

    /// Their dtype.
    pub fn dtype(&self) -> DType {
        fn of<T: Element>(_: &[T]) -> DType {
            T::DTYPE
        }
        each_dtype!(self, v => of(v))
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
        // By way of the values themselves: a loop for every dtype, not for every two.
        let exact: Vec<Exact> = each_dtype!(self, v => v.iter().map(|&value| value.exact()).collect());
        typed!(to, T => exact.into_iter().map(T::convert).collect::<Vec<T>>().into())
    }

    /// The same bits read as `to`, a dtype of the same size.
    pub fn bitcast(&self, to: DType) -> Self {
        Self::collect(to, (0..self.len()).map(|index| Scalar::from_bits(to, self.get(index).bits())))
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

fn chosen<T: Copy>(mask: &[bool], yes: &[T], no: &[T]) -> Values
where
    Values: From<Vec<T>>,
{
    let choices = mask.iter().zip(yes.iter().zip(no));
    choices.map(|(&mask, (&yes, &no))| if mask { yes } else { no }).collect::<Vec<T>>().into()
}

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
        _ if a.dtype().is_half() => {
            let [x, y, z] = [a, b, c].map(|values| values.cast(DType::F32));
            fma(&x, &y, &z).cast(a.dtype())
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
