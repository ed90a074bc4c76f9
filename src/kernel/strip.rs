//! Strips: the innermost loops of a kernel, as data. A strip says everything its code is made from
//! and nothing that may change without new code (sizes, strides, addresses, scalars), so it is the
//! key under which compiled code is cached. How code is called is in `base::strip`.

use std::fmt;

use crate::base::DType;
use crate::base::strip::{LANE_BYTES, Step};
use crate::op::{Expr, Fold, Inst, print};

/// What a strip does with the values its body computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StripKind {
    /// Stores output `k` of the body to output operand `k`, element by element. All loads of an
    /// iteration come before its stores.
    Map,
    /// Reduces each row. The body's outputs are what the fold takes of one element. Element
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
        let text = print::expr(&self.body, &|leaf| match leaf {
            Inst::Arg(arg) => place(*arg as usize),
            Inst::Scalar(scalar) => format!("s{scalar}"),
            other => unreachable!("{other:?} in a strip"),
        });
        for binding in &text.bindings {
            writeln!(f, "{binding}")?;
        }
        for (out, value) in text.outs.iter().enumerate() {
            match self.kind {
                StripKind::Map => {
                    let how = self.how(self.arguments + out);
                    writeln!(f, "{how}{} = {value}", place(self.arguments + out))?;
                }
                StripKind::Fold(fold) | StripKind::Columns(fold) => {
                    writeln!(f, "{} = {fold} {value}", name(self.arguments + out))?;
                }
            }
        }
        Ok(())
    }
}
