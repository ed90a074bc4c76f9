//! Expressions: what one loop body computes for one element, as typed SSA with one or several
//! results. Built only through a [`Builder`], which interns: equal instructions are one.

use smallvec::{SmallVec, smallvec};

use crate::base::{DType, Interner, Scalar, id::id};
use crate::op::{Binary, Routine, Rule, Unary, math};

id!(
    /// A value of an [`Expr`]: the result of its instruction of that number. Printed `v3`.
    Ref, "v"
);

/// One instruction. Operands are results of earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Inst {
    /// What the core of the nest (a reduction, a matrix product) has accumulated for this element.
    Acc(u8),
    /// The element of an argument that the loop stands at.
    Arg(u32),
    /// A value given with each run, equal for all elements.
    Scalar(u32),
    /// A value that is part of the program.
    Const(Scalar),
    /// An op of one argument.
    Unary(Unary, Ref),
    /// An op of two.
    Binary(Binary, Ref, Ref),
    /// The second where the first is true, else the third.
    Select(Ref, Ref, Ref),
    /// `a * b + c`, rounded once.
    Fma(Ref, Ref, Ref),
    /// Converted to the instruction's dtype, as [`Scalar::cast`] does it.
    Cast(Ref),
    /// The same bits as another dtype of the same size.
    Bitcast(Ref),
    /// A pinned routine, called for every element.
    Call(Routine, SmallVec<[Ref; 2]>),
    /// `mask ? routine(arg) : fast`, where `mask` is hardly ever true: the routine is called for
    /// those elements only.
    Rare {
        /// Which elements need the routine.
        mask: Ref,
        /// The value of all others.
        fast: Ref,
        /// What computes the rest.
        routine: Routine,
        /// From this.
        arg: Ref,
    },
    /// `value`; where `ok` is false, evaluation reports `error`.
    Check {
        /// What must hold.
        ok: Ref,
        /// What is passed on.
        value: Ref,
        /// An error bit of `base::strip`.
        error: u32,
    },
}

impl Inst {
    /// The operands, in order.
    pub fn operands(&self) -> SmallVec<[Ref; 3]> {
        match self {
            Inst::Acc(_) | Inst::Arg(_) | Inst::Scalar(_) | Inst::Const(_) => SmallVec::new(),
            Inst::Unary(_, a) | Inst::Cast(a) | Inst::Bitcast(a) => smallvec![*a],
            Inst::Binary(_, a, b) => smallvec![*a, *b],
            Inst::Select(a, b, c) | Inst::Fma(a, b, c) => smallvec![*a, *b, *c],
            Inst::Call(_, args) => args.iter().copied().collect(),
            Inst::Rare { mask, fast, arg, .. } => smallvec![*mask, *fast, *arg],
            Inst::Check { ok, value, .. } => smallvec![*ok, *value],
        }
    }

    /// The instruction with every operand replaced.
    pub fn map_operands(&self, f: impl Fn(Ref) -> Ref) -> Inst {
        match self {
            Inst::Acc(_) | Inst::Arg(_) | Inst::Scalar(_) | Inst::Const(_) => self.clone(),
            Inst::Unary(op, a) => Inst::Unary(*op, f(*a)),
            Inst::Binary(op, a, b) => Inst::Binary(*op, f(*a), f(*b)),
            Inst::Select(a, b, c) => Inst::Select(f(*a), f(*b), f(*c)),
            Inst::Fma(a, b, c) => Inst::Fma(f(*a), f(*b), f(*c)),
            Inst::Cast(a) => Inst::Cast(f(*a)),
            Inst::Bitcast(a) => Inst::Bitcast(f(*a)),
            Inst::Call(routine, args) => Inst::Call(*routine, args.iter().map(|r| f(*r)).collect()),
            Inst::Rare { mask, fast, routine, arg } => {
                Inst::Rare { mask: f(*mask), fast: f(*fast), routine: *routine, arg: f(*arg) }
            }
            Inst::Check { ok, value, error } => Inst::Check { ok: f(*ok), value: f(*value), error: *error },
        }
    }

    /// Whether this is a leaf: its value comes from outside or is fixed.
    pub fn is_leaf(&self) -> bool {
        matches!(self, Inst::Acc(_) | Inst::Arg(_) | Inst::Scalar(_) | Inst::Const(_))
    }
}

/// A loop body: instructions in order, and which of their results are its outputs.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Expr {
    insts: Vec<(Inst, DType)>,
    outs: SmallVec<[Ref; 1]>,
    /// What follows from the instructions and is asked for often.
    weight: usize,
    checks: bool,
}

impl Expr {
    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.insts.len()
    }

    /// Whether it computes nothing.
    pub fn is_empty(&self) -> bool {
        self.insts.is_empty()
    }

    /// Instructions with the dtypes of their results, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Inst, DType)> + DoubleEndedIterator {
        self.insts.iter().map(|(inst, dtype)| (inst, *dtype))
    }

    /// The instruction whose result is `r`.
    pub fn inst(&self, r: Ref) -> &Inst {
        &self.insts[r.index()].0
    }

    /// The dtype of `r`.
    pub fn dtype(&self, r: Ref) -> DType {
        self.insts[r.index()].1
    }

    /// The results.
    pub fn outs(&self) -> &[Ref] {
        &self.outs
    }

    /// The dtype of output `out`.
    pub fn out_dtype(&self, out: usize) -> DType {
        self.dtype(self.outs[out])
    }

    /// Per instruction the number of the last one that uses it; outputs are used past the end, and
    /// what nothing uses has itself as last.
    pub fn last_uses(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.len()).collect();
        for (at, (inst, _)) in self.insts.iter().enumerate() {
            for operand in inst.operands() {
                last[operand.index()] = at;
            }
        }
        for out in &self.outs {
            last[out.index()] = usize::MAX;
        }
        last
    }

    /// How much work one element is, in units of an addition: a division or root is 4, a step of an
    /// expansion 1, a call 40.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether a routine is called for every element, by it or a definition of its ops.
    pub fn calls(&self) -> bool {
        self.iter().any(|(inst, dtype)| {
            matches!(inst, Inst::Call(..)) || self.definition(inst, dtype).is_some_and(Expr::calls)
        })
    }

    /// Whether evaluating it may be an error: it checks something, or a definition of its ops does.
    pub fn checks(&self) -> bool {
        self.checks
    }

    /// The expression of these instructions.
    fn new(insts: Vec<(Inst, DType)>, outs: SmallVec<[Ref; 1]>) -> Self {
        let mut expr = Self { insts, outs, weight: 0, checks: false };
        for (inst, dtype) in &expr.insts {
            let definition = expr.definition(inst, *dtype);
            expr.weight += weight(inst, *dtype, definition);
            expr.checks |= matches!(inst, Inst::Check { .. }) || definition.is_some_and(Expr::checks);
        }
        expr
    }

    /// The definition of one of its instructions, whose result is of `dtype`: of an elementary function, or of
    /// what is done to values of a dtype that machine code has no ops of.
    pub fn definition(&self, inst: &Inst, dtype: DType) -> Option<&'static Expr> {
        let defined = |is_math: bool, a: &Ref| is_math || !self.dtype(*a).is_native();
        match inst {
            Inst::Unary(op, a) if defined(op.is_math(), a) => Some(math::unary(*op, self.dtype(*a))),
            Inst::Binary(op, a, _) if defined(op.is_math(), a) => Some(math::binary(*op, self.dtype(*a))),
            Inst::Cast(a) => math::cast(self.dtype(*a), dtype),
            _ => None,
        }
    }

    /// An expression of a single leaf, of `dtype`.
    pub fn leaf(inst: Inst, dtype: DType) -> Self {
        let mut builder = Builder::default();
        let out = builder.push(inst, dtype);
        builder.finish([out])
    }
}

fn weight(inst: &Inst, dtype: DType, definition: Option<&Expr>) -> usize {
    match inst {
        leaf if leaf.is_leaf() => 0,
        Inst::Unary(Unary::Sqrt | Unary::Reciprocal, _) | Inst::Binary(Binary::Divide, ..) => 4,
        Inst::Unary(..) | Inst::Binary(..) => definition.map_or(1, Expr::weight),
        Inst::Call(..) => 40,
        Inst::Cast(_) if dtype.is_half() => definition.unwrap_or(math::nearest(dtype)).weight(),
        Inst::Cast(_) if definition.is_some() => definition.map_or(1, Expr::weight),
        // f64 and i64 fill twice the registers.
        _ => dtype.size().div_ceil(4),
    }
}

/// An expression under construction.
#[derive(Clone, Default, Debug)]
pub struct Builder {
    insts: Interner<(Inst, DType)>,
}

impl Builder {
    /// The value of `inst`, of this dtype: an earlier one if there is an equal one.
    pub fn push(&mut self, inst: Inst, dtype: DType) -> Ref {
        Ref::new(self.insts.number((inst, dtype)))
    }

    /// The dtype of `r`.
    pub fn dtype(&self, r: Ref) -> DType {
        self.insts[r.index()].1
    }

    /// The instruction whose result is `r`.
    pub fn inst(&self, r: Ref) -> &Inst {
        &self.insts[r.index()].0
    }

    /// How many instructions there are so far.
    pub fn len(&self) -> usize {
        self.insts.len()
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.insts.is_empty()
    }

    /// Argument `arg`.
    pub fn arg(&mut self, arg: usize, dtype: DType) -> Ref {
        self.push(Inst::Arg(arg as u32), dtype)
    }

    /// Accumulator `acc`.
    pub fn acc(&mut self, acc: usize, dtype: DType) -> Ref {
        self.push(Inst::Acc(acc as u8), dtype)
    }

    /// A constant.
    pub fn constant(&mut self, value: impl Into<Scalar>) -> Ref {
        let value = value.into();
        self.push(Inst::Const(value), value.dtype())
    }

    /// The constant `value` in the dtype of `like`.
    pub fn number(&mut self, like: Ref, value: f64) -> Ref {
        self.constant(Scalar::new(self.dtype(like), value))
    }

    /// `op a`.
    pub fn unary(&mut self, op: Unary, a: Ref) -> Ref {
        debug_assert!(op.computes_in(self.dtype(a)) == Some(self.dtype(a)), "{op} of {}", self.dtype(a));
        self.push(Inst::Unary(op, a), op.result(self.dtype(a)))
    }

    /// `a op b`, both of one dtype.
    pub fn binary(&mut self, op: Binary, a: Ref, b: Ref) -> Ref {
        debug_assert_eq!(self.dtype(a), self.dtype(b), "{op}");
        debug_assert!(op.computes_in(self.dtype(a)) == Some(self.dtype(a)), "{op} of {}", self.dtype(a));
        let result = if op.rule() == Rule::Truth { DType::Bool } else { self.dtype(a) };
        self.push(Inst::Binary(op, a, b), result)
    }

    /// `mask ? yes : no`.
    pub fn select(&mut self, mask: Ref, yes: Ref, no: Ref) -> Ref {
        debug_assert_eq!((self.dtype(mask), self.dtype(yes)), (DType::Bool, self.dtype(no)));
        self.push(Inst::Select(mask, yes, no), self.dtype(yes))
    }

    /// `a * b + c`, rounded once.
    pub fn fma(&mut self, a: Ref, b: Ref, c: Ref) -> Ref {
        debug_assert!(self.dtype(a) == self.dtype(b) && self.dtype(b) == self.dtype(c));
        self.push(Inst::Fma(a, b, c), self.dtype(a))
    }

    /// `a` as `to`.
    pub fn cast(&mut self, a: Ref, to: DType) -> Ref {
        if self.dtype(a) == to { a } else { self.push(Inst::Cast(a), to) }
    }

    /// The bits of `a` as `to`.
    pub fn bitcast(&mut self, a: Ref, to: DType) -> Ref {
        debug_assert_eq!(self.dtype(a).size(), to.size());
        if self.dtype(a) == to { a } else { self.push(Inst::Bitcast(a), to) }
    }

    /// `routine(args)`, whose result has the dtype of its first argument.
    pub fn call(&mut self, routine: Routine, args: &[Ref]) -> Ref {
        self.push(Inst::Call(routine, args.iter().copied().collect()), self.dtype(args[0]))
    }

    /// `mask ? routine(arg) : fast`, the routine called only where needed.
    pub fn rare(&mut self, mask: Ref, fast: Ref, routine: Routine, arg: Ref) -> Ref {
        self.push(Inst::Rare { mask, fast, routine, arg }, self.dtype(fast))
    }

    /// `value`, reporting `error` where `ok` does not hold.
    pub fn check(&mut self, ok: Ref, value: Ref, error: u32) -> Ref {
        self.push(Inst::Check { ok, value, error }, self.dtype(value))
    }

    /// The outputs of `expr` computed here, its leaves replaced by what `leaf` says; a leaf for
    /// which it says nothing stays as it is.
    pub fn inline(
        &mut self,
        expr: &Expr,
        mut leaf: impl FnMut(&mut Self, &Inst, DType) -> Option<Ref>,
    ) -> SmallVec<[Ref; 1]> {
        let mut values: SmallVec<[Ref; 16]> = SmallVec::with_capacity(expr.len());
        for (inst, dtype) in expr.iter() {
            let replaced = if inst.is_leaf() { leaf(self, inst, dtype) } else { None };
            let value =
                replaced.unwrap_or_else(|| self.push(inst.map_operands(|r| values[r.index()]), dtype));
            values.push(value);
        }
        expr.outs.iter().map(|out| values[out.index()]).collect()
    }

    /// The expression with these outputs; what they do not need is left out.
    pub fn finish(&self, outs: impl IntoIterator<Item = Ref>) -> Expr {
        let outs: SmallVec<[Ref; 1]> = outs.into_iter().collect();
        let mut needed: SmallVec<[bool; 64]> = SmallVec::from_elem(false, self.insts.len());
        for out in &outs {
            needed[out.index()] = true;
        }
        for (at, (inst, _)) in self.insts.iter().enumerate().rev() {
            if needed[at] {
                for operand in inst.operands() {
                    needed[operand.index()] = true;
                }
            }
        }
        if needed.iter().all(|needed| *needed) {
            return Expr::new(self.insts.to_vec(), outs);
        }
        let mut insts = Vec::with_capacity(needed.iter().filter(|needed| **needed).count());
        // What is not needed keeps a number that nothing asks for.
        let mut renamed: SmallVec<[Ref; 16]> = SmallVec::with_capacity(self.insts.len());
        for ((inst, dtype), needed) in self.insts.iter().zip(needed) {
            renamed.push(Ref::new(insts.len()));
            if needed {
                insts.push((inst.map_operands(|r| renamed[r.index()]), *dtype));
            }
        }
        let outs = outs.iter().map(|out| renamed[out.index()]).collect();
        Expr::new(insts, outs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_instructions_are_one_and_unneeded_ones_disappear() {
        let mut b = Builder::default();
        let x = b.arg(0, DType::F32);
        let one = b.number(x, 1.0);
        let sum = b.binary(Binary::Add, x, one);
        assert_eq!(sum, b.binary(Binary::Add, x, one));
        b.unary(Unary::Sqrt, sum);
        assert_eq!(b.finish([sum]).len(), 3);
    }

    #[test]
    fn inlining_replaces_leaves() {
        let mut inner = Builder::default();
        let x = inner.arg(0, DType::F64);
        let square = inner.unary(Unary::Square, x);
        let inner = inner.finish([square]);
        let mut outer = Builder::default();
        let y = outer.arg(7, DType::F64);
        let two = outer.number(y, 2.0);
        let doubled = outer.binary(Binary::Multiply, y, two);
        let outs = outer.inline(&inner, |_, _, _| Some(doubled));
        assert_eq!(*outer.inst(outs[0]), Inst::Unary(Unary::Square, doubled));
    }
}
