//! Strips: the innermost loops of a kernel, as data. A strip says everything its code is made from
//! and nothing that may change without new code (sizes, strides, addresses, scalars), so it is the
//! key under which compiled code is cached. How code is called is in `base::strip`.

use std::fmt;
use std::ops::Range;

use crate::base::DType;
use crate::base::strip::{LANE_BYTES, Step};
use crate::op::{Expr, Fold, Inst, Ref, print};

/// What a strip does with the values its body computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StripKind {
    /// Stores output `k` of the body to output operand `k`, element by element. All loads of an
    /// iteration come before its stores.
    Map,
    /// Reduces each row. The body's first outputs are what the fold takes of one element. Element
    /// `i` of a row joins lane `i mod lanes` of its block of `ROUNDS * lanes` elements, in order;
    /// blocks combine lane by lane in an aligned binary tree, so that a node covers blocks
    /// `[k * 2^l, (k + 1) * 2^l)` and the earlier side is on the left. Lanes without an element hold
    /// the fold's identity, which as a right side changes nothing. Of truth values alone any lane
    /// may hold any element: what they combine to is the same.
    ///
    /// What is left of a row is for the caller to say with each call, by the outputs' inner steps,
    /// which are 0 all or none. Where they are 0 the row is complete: lanes combine by halving, lane
    /// `j` with lane `j + lanes / 2`, then `j + lanes / 4`, and so on, and output operand `k`
    /// receives one value per row, that of accumulator `k`. Else it receives the lanes of
    /// accumulator `k`, side by side, for more of the row to be combined with.
    ///
    /// What outputs the body has beyond those are stored element by element, as a map's are, to the
    /// operands after the accumulators, side by side along the row: what a row is made of, beside
    /// what it is reduced to. The inner steps of these are those of their elements.
    Fold(Fold),
    /// Reduces each column: its rows join, in order, what the outputs hold. The body's outputs are
    /// what the fold takes of one element; output operand `k` has accumulator `k`
    /// of every column, side by side, and its step from row to row is 0.
    Columns(Fold),
}

/// One array a strip steps through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    /// Of its elements; `I64` for an iota.
    pub dtype: DType,
    /// How it is stepped through along the columns.
    pub step: Step,
}

/// The code of innermost loops.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Strip {
    /// What becomes of the body's outputs.
    pub kind: StripKind,
    /// The arguments of the body, then the outputs.
    pub operands: Vec<Operand>,
    /// How many operands are arguments.
    pub arguments: usize,
    /// The dtypes of the scalars of the body.
    pub scalars: Vec<DType>,
    /// Whether a map's outputs that lie side by side are written past the caches, for results larger
    /// than those. Values do not depend on it, and code generators may ignore it.
    pub streams: bool,
    /// Whether a map is to be made of vectors of 256 bits at most; see `schedule::is_narrow`.
    pub narrow: bool,
    /// What is computed: `Arg(k)` is operand `k`, `Scalar(k)` scalar `k`. It has no `Acc`.
    pub body: Expr,
}

impl Strip {
    /// The operands that are written.
    pub fn outputs(&self) -> &[Operand] {
        &self.operands[self.arguments..]
    }

    /// Of the outputs those that accumulate, which come first; a map has none.
    pub fn accumulators(&self) -> &[Operand] {
        let count = match self.kind {
            StripKind::Map => 0,
            StripKind::Fold(fold) | StripKind::Columns(fold) => {
                fold.accumulators(self.body.out_dtype(0)).len()
            }
        };
        &self.outputs()[..count]
    }

    /// The operands that are stored element by element: a map's outputs, and a fold's after its
    /// accumulators.
    pub fn stored(&self) -> Range<usize> {
        self.arguments + self.accumulators().len()..self.operands.len()
    }

    /// The number of the body's output that is stored to operand `k`: the last outputs are what is stored.
    pub fn output_of(&self, k: usize) -> usize {
        self.body.outs().len() - (self.operands.len() - k)
    }

    /// Whether operand `k`, an output, is written past the caches.
    pub fn streams(&self, k: usize) -> bool {
        self.streams && self.kind == StripKind::Map && self.operands[k].step == Step::Unit
    }

    /// How texts say that operand `k`, an output, is written.
    pub fn how(&self, k: usize) -> &'static str {
        match (self.narrow, self.streams(k)) {
            (false, false) => "",
            (false, true) => "stream ",
            (true, false) => "narrow ",
            (true, true) => "narrow stream ",
        }
    }

    /// What it computes, a line per binding and output: `place` says where an operand is, `result` what an
    /// accumulator is called, and `of` stands between a fold and what it combines.
    pub fn lines(
        &self,
        place: &dyn Fn(usize) -> String,
        scalar: &dyn Fn(usize) -> String,
        result: &dyn Fn(usize) -> String,
        of: &str,
    ) -> Vec<String> {
        let leaf = |leaf: &Inst| match leaf {
            Inst::Arg(arg) => place(*arg as usize),
            Inst::Scalar(number) => scalar(*number as usize),
            other => unreachable!("{other:?} in a strip"),
        };
        let value_of = |k: usize| self.body.outs()[self.output_of(k)];
        // What a fold stores is called by its place by what combines it.
        let kept = |value: Ref| self.stored().find(|k| value_of(*k) == value);
        let folds = self.kind != StripKind::Map;
        let own = |value: Ref| kept(value).filter(|_| folds).map(place);
        let text = print::naming(&self.body, &leaf, &own);
        let mut lines = text.bindings;
        for k in self.stored() {
            let value = value_of(k);
            let bound = own(value).is_some() && kept(value) == Some(k) && !self.body.inst(value).is_leaf();
            if !bound {
                lines.push(format!("{}{} = {}", self.how(k), place(k), text.outs[self.output_of(k)]));
            }
        }
        if let StripKind::Fold(fold) | StripKind::Columns(fold) = self.kind {
            let elements = text.outs.iter().take(self.output_of(self.stored().start));
            let lines_of = elements
                .enumerate()
                .map(|(out, value)| format!("{} = {fold} {of}{value}", result(self.arguments + out)));
            lines.extend(lines_of);
        }
        lines
    }

    /// Lanes of a fold over these accumulators: as many of the widest as fit `LANE_BYTES`.
    pub fn lanes(accumulators: impl IntoIterator<Item = DType>) -> usize {
        LANE_BYTES / accumulators.into_iter().map(DType::size).max().unwrap_or(1)
    }
}

impl fmt::Display for Strip {
    /// `a[j] b s -> y[j]`: the operands with their steps, then one line per binding and output.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |operand: usize| match operand.checked_sub(self.arguments) {
            Some(0) if self.operands.len() == self.arguments + 1 => "y".to_owned(),
            Some(out) => format!("y{out}"),
            None => print::argument_name(operand),
        };
        let place = |operand: usize| match self.operands[operand].step {
            Step::Zero => name(operand),
            Step::Unit => format!("{}[j]", name(operand)),
            Step::MinusUnit => format!("{}[-j]", name(operand)),
            Step::Pair => format!("{}[2*j]", name(operand)),
            Step::General => format!("{}[s*j]", name(operand)),
            Step::Iota => format!("iota({})", name(operand)),
        };
        let scalar = |scalar: usize| format!("s{scalar}");
        for line in self.lines(&place, &scalar, &name, "") {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
