//! Expressions as text: infix where an op has a symbol, calls otherwise, and a binding for every
//! value used more than once or nested too deeply to read.

use crate::op::{Expr, Inst, Ref};

/// How deep parentheses and calls may nest before a value gets a name of its own.
const DEPTH: u32 = 12;

/// The text of an expression: `v3 = …` bindings in order, then one text per output.
pub struct Text {
    /// `name = value`, each usable in those after it.
    pub bindings: Vec<String>,
    /// The outputs.
    pub outs: Vec<String>,
}

/// How tightly a printed value binds; a looser operand gets parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Or,
    Xor,
    And,
    Compare,
    Shift,
    Sum,
    Product,
    Prefix,
    Atom,
}

/// The text of `expr`, where `leaf` names arguments, accumulators and scalars.
pub fn expr(expr: &Expr, leaf: &dyn Fn(&Inst) -> String) -> Text {
    naming(expr, leaf, &|_| None)
}

/// The same, where some values have names of their own already.
pub fn naming(expr: &Expr, leaf: &dyn Fn(&Inst) -> String, own: &dyn Fn(Ref) -> Option<String>) -> Text {
    let mut uses = vec![0_usize; expr.len()];
    for (inst, _) in expr.iter() {
        inst.operands().iter().for_each(|operand| uses[operand.index()] += 1);
    }
    let mut printed: Vec<(String, Binding, u32)> = Vec::with_capacity(expr.len());
    let mut bindings = Vec::new();
    let mut named = 0;
    for (at, (inst, dtype)) in expr.iter().enumerate() {
        let depth = inst.operands().iter().map(|r| printed[r.index()].2 + 1).max().unwrap_or(0);
        let (text, binding) = match inst {
            Inst::Acc(_) | Inst::Arg(_) | Inst::Scalar(_) => (leaf(inst), Binding::Atom),
            Inst::Const(value) => (value.to_string(), Binding::Atom),
            _ => compound(inst, dtype, expr, &printed),
        };
        let name = own(Ref::new(at)).filter(|_| !inst.is_leaf()).or_else(|| {
            (!inst.is_leaf() && (uses[at] > 1 || depth > DEPTH)).then(|| {
                named += 1;
                Ref::new(named - 1).to_string()
            })
        });
        if let Some(name) = name {
            bindings.push(format!("{name} = {text}"));
            printed.push((name, Binding::Atom, 0));
        } else {
            printed.push((text, binding, depth));
        }
    }
    let outs = expr.outs().iter().map(|out| printed[out.index()].0.clone()).collect();
    Text { bindings, outs }
}

fn compound(
    inst: &Inst,
    dtype: crate::base::DType,
    expr: &Expr,
    printed: &[(String, Binding, u32)],
) -> (String, Binding) {
    let text = |r: &Ref| printed[r.index()].0.as_str();
    let within = |r: &Ref, least: Binding| match &printed[r.index()] {
        (text, binding, _) if *binding >= least => text.clone(),
        (text, ..) => format!("({text})"),
    };
    let call = |name: &str, args: &[&Ref]| {
        let args: Vec<&str> = args.iter().map(|r| text(r)).collect();
        (format!("{name}({})", args.join(", ")), Binding::Atom)
    };
    match inst {
        Inst::Unary(op, a) => match op.symbol() {
            Some(symbol) => (format!("{symbol}{}", within(a, Binding::Prefix)), Binding::Prefix),
            None => call(op.name(), &[a]),
        },
        Inst::Binary(op, a, b) => match op.symbol() {
            Some(symbol) => {
                let (binding, right) = match symbol {
                    "*" | "/" | "%" => (Binding::Product, Binding::Prefix),
                    "+" | "-" => (Binding::Sum, Binding::Product),
                    "<<" | ">>" => (Binding::Shift, Binding::Sum),
                    "&" => (Binding::And, Binding::Compare),
                    "^" => (Binding::Xor, Binding::And),
                    "|" => (Binding::Or, Binding::Xor),
                    _ => (Binding::Compare, Binding::Shift),
                };
                let left = if binding == Binding::Compare { right } else { binding };
                (format!("{} {symbol} {}", within(a, left), within(b, right)), binding)
            }
            None => call(op.name(), &[a, b]),
        },
        Inst::Select(mask, yes, no) => call("where", &[mask, yes, no]),
        Inst::Fma(a, b, c) => call("fma", &[a, b, c]),
        Inst::Cast(a) => call(dtype.name(), &[a]),
        Inst::Bitcast(a) => call(&format!("bits_{dtype}"), &[a]),
        Inst::Call(routine, args) => call(routine.name(), &args.iter().collect::<Vec<_>>()),
        Inst::Rare { mask, fast, routine, arg } => {
            (format!("rare({}, {}, {routine}({}))", text(mask), text(fast), text(arg)), Binding::Atom)
        }
        Inst::Check { ok, value, .. } => call("check", &[ok, value]),
        Inst::Acc(_) | Inst::Arg(_) | Inst::Scalar(_) | Inst::Const(_) => {
            unreachable!("{inst:?} of {expr:?} is a leaf")
        }
    }
}

/// The letter an argument is called in texts, by its place: `a` to `h`, then `a8` and so on.
pub fn argument_name(index: usize) -> String {
    match "abcdefgh".as_bytes().get(index) {
        Some(&letter) => char::from(letter).to_string(),
        None => format!("a{index}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::DType;
    use crate::op::{Binary, Builder, Unary};

    #[test]
    fn precedence_is_kept_and_shared_values_are_named() {
        let mut b = Builder::default();
        let (x, y) = (b.arg(0, DType::F32), b.arg(1, DType::F32));
        let difference = b.binary(Binary::Subtract, x, y);
        let outer = b.binary(Binary::Subtract, x, difference);
        let scaled = b.binary(Binary::Multiply, outer, difference);
        let root = b.unary(Unary::Sqrt, scaled);
        let out = b.unary(Unary::Negative, root);
        let text = expr(&b.finish([out]), &|leaf| match leaf {
            Inst::Arg(0) => "x".into(),
            _ => "y".into(),
        });
        assert_eq!(text.bindings, ["v0 = x - y"]);
        assert_eq!(text.outs, ["-sqrt((x - v0) * v0)"]);
    }
}
