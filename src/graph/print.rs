//! Graphs as text, one line a node; a nest shows its core and what it does with it.

use std::fmt::{self, Write};

use crate::base::index_map::axis_name;
use crate::base::{Affine, IndexMap};
use crate::graph::verify::reads_of;
use crate::graph::{Core, Element, Graph, Nest, Node, Op, Value, View};
use crate::op::{Expr, HostOp, Inst, print};

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.out {
            0 => write!(f, "{}", self.node),
            out => write!(f, "{}.{out}", self.node),
        }
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&[]))
    }
}

impl Graph {
    /// The graph as text, inputs with the names they have.
    pub fn text(&self, names: &[Option<String>]) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, names);
        text
    }

    fn write(&self, f: &mut String, names: &[Option<String>]) -> fmt::Result {
        writeln!(f, "graph {{")?;
        let width = self.iter().map(|(id, _)| id.to_string().len()).max().unwrap_or(0);
        let mut inputs = 0;
        for (id, node) in self.iter() {
            if let Some(group) = self.groups.iter().find(|group| group.members.first() == Some(&id)) {
                let axes: Vec<String> = (0..group.outer_axes).map(axis_name).collect();
                let members: Vec<String> = group.members.iter().map(ToString::to_string).collect();
                writeln!(f, "  group by [{}] {{ {} }}", axes.join(", "), members.join(", "))?;
            }
            let text = match &node.op {
                // Inputs are numbered in order of appearance; only another number is said.
                Op::Input(k) => {
                    inputs += 1;
                    match names.get(*k as usize) {
                        Some(Some(name)) => format!("input {name}"),
                        _ if *k == inputs - 1 => "input".into(),
                        _ => format!("input {k}"),
                    }
                }
                Op::Nest(nest) => nest_text(nest, node),
                _ => plain_text(node),
            };
            let types: Vec<String> = node.types.iter().map(ToString::to_string).collect();
            writeln!(f, "  {:<width$} = {text} : {}", id.to_string(), types.join(", "))?;
        }
        let outputs: Vec<String> = self.outputs.iter().map(ToString::to_string).collect();
        writeln!(f, "  return {}\n}}", outputs.join(", "))
    }
}

/// `reduce %3 over [1]` and the like: op, arguments, parameters.
fn plain_text(node: &Node) -> String {
    let args: Vec<String> = node.args.iter().map(ToString::to_string).collect();
    let args = args.join(", ");
    match &node.op {
        Op::Input(k) => format!("input {k}"),
        Op::Scalar(scalar) => format!("scalar s{scalar}"),
        Op::Const(value) => format!("const {value}"),
        Op::Iota => "iota".into(),
        Op::Elementwise(Element::Unary(op)) => format!("{op} {args}"),
        Op::Elementwise(Element::Binary(op)) => format!("{op} {args}"),
        Op::Elementwise(Element::Select) => format!("where {args}"),
        Op::Elementwise(Element::Fma) => format!("fma {args}"),
        Op::Elementwise(Element::Cast) => format!("astype {args}"),
        Op::View(View::Permute(axes)) => format!("permute_dims {args} by {axes:?}"),
        Op::View(View::Broadcast) => format!("broadcast {args}"),
        Op::View(View::Slice(slices)) => {
            let slices: Vec<String> = slices
                .iter()
                .zip(node.ty().shape.iter())
                .map(|((start, step), extent)| format!("{start}+{extent}*{step}"))
                .collect();
            format!("slice {args} by [{}]", slices.join(", "))
        }
        Op::View(View::Reshape) => format!("reshape {args}"),
        Op::View(View::Affine(map)) => format!("read {args} by {map}"),
        Op::Reduce { fold, axes } => format!("{fold} {args} over {axes:?}"),
        Op::Matmul => format!("matmul {args}"),
        Op::Join { axis } => format!("join {args} along {axis}"),
        Op::Host(op) => match (op, op.number()) {
            (HostOp::Assign { window, .. }, _) => {
                let window: Vec<String> =
                    window.iter().map(|(first, count, step)| format!("{first}+{count}*{step}")).collect();
                format!("{op} {args} by [{}]", window.join(", "))
            }
            (_, Some((word, number))) => format!("{op} {args} {word} {number}"),
            (_, None) => format!("{op} {args}"),
        },
        Op::Nest(nest) => nest_text(nest, node),
    }
}

/// `matmul %0, %1, %2 by [j] then |acc, b| maximum(acc + b, 0)`.
fn nest_text(nest: &Nest, node: &Node) -> String {
    let rank = nest.domain.rank();
    let read = |arg: usize| {
        let value = node.args[arg].to_string();
        let map = &nest.reads[arg];
        // What goes without saying: the loop's own position, and rows and columns of factors.
        let axes = |last: &[usize]| -> IndexMap {
            (0..rank.saturating_sub(3)).chain(last.iter().copied()).map(Affine::axis).collect()
        };
        let plain = match &nest.core {
            Core::Matmul { lhs, rhs } => {
                (reads_of(lhs).any(|read| read == arg) && *map == axes(&[rank - 3, rank - 1]))
                    || (reads_of(rhs).any(|read| read == arg) && *map == axes(&[rank - 1, rank - 2]))
            }
            _ => *map == IndexMap::identity(rank),
        };
        let mut text = if plain { value } else { format!("{value} by {map}") };
        // The axes that hold what this argument does, with the letters after those of the loops.
        for (nth, pick) in nest.picks.iter().enumerate().filter(|(_, pick)| pick.arg as usize == arg) {
            text += &format!(" as {} in 0..{}", axis_name(rank + nth), pick.extent);
        }
        text
    };
    let reads: Vec<String> = (0..node.args.len()).map(read).collect();
    let reads = if reads.is_empty() { String::new() } else { format!(" {}", reads.join(", ")) };
    match &nest.core {
        Core::Map => format!("map{reads}, {}", lambda(&nest.then)),
        Core::Reduce { fold, axes, each } => {
            let axes: Vec<String> = axes.iter().map(|&axis| axis_name(axis as usize)).collect();
            let mut text = format!("{fold}{reads} over [{}] in {}", axes.join(", "), nest.domain);
            if !is_leaf(each) {
                text += &format!(" of {}", lambda(each));
            }
            text + &then(&nest.then)
        }
        Core::Matmul { lhs, rhs } => {
            let mut text = format!("matmul{reads} in {}", nest.domain);
            if !is_leaf(lhs) || !is_leaf(rhs) {
                text += &format!(" of {}, {}", lambda(lhs), lambda(rhs));
            }
            text + &then(&nest.then)
        }
    }
}

fn then(expr: &Expr) -> String {
    if is_leaf(expr) { String::new() } else { format!(" then {}", lambda(expr)) }
}

/// Whether the expression only passes on what it is given.
fn is_leaf(expr: &Expr) -> bool {
    expr.iter().all(|(inst, _)| inst.is_leaf()) && expr.outs().len() <= 2
}

/// `|acc, b| maximum(acc + b, 0)`, arguments named by their place among the node's.
pub fn lambda(expr: &Expr) -> String {
    let mut names: Vec<String> = Vec::new();
    let name = |leaf: &Inst| match leaf {
        Inst::Acc(0) => "acc".to_owned(),
        Inst::Acc(acc) => format!("acc{acc}"),
        Inst::Arg(arg) => print::argument_name(*arg as usize),
        Inst::Scalar(scalar) => format!("s{scalar}"),
        other => unreachable!("{other:?} has a text of its own"),
    };
    for (inst, _) in expr.iter() {
        if matches!(inst, Inst::Acc(_) | Inst::Arg(_)) {
            names.push(name(inst));
        }
    }
    let text = print::expr(expr, &name);
    let outs = match &text.outs[..] {
        [out] => out.clone(),
        outs => format!("({})", outs.join(", ")),
    };
    match text.bindings.is_empty() {
        true => format!("|{}| {outs}", names.join(", ")),
        false => format!("|{}| {{ {}; {outs} }}", names.join(", "), text.bindings.join("; ")),
    }
}
