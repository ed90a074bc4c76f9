//! The meaning of graphs: a slow, plainly right evaluator of any graph, as captured or as optimized.
//!
//! One node after the other, every result whole in memory, nothing fused and nothing clever: what a
//! graph computes is what this room says, bit for bit, all NaNs being one value. Tests compare the
//! optimizer, the interpreter and the code generators with it; nothing else calls it. It knows
//! nothing of passes, so that it can judge them.
//!
//! - `mod.rs`: what each op does, on columns of values in row-major order.
//! - `reduce.rs`: the tree in which reductions combine.

mod host;
mod reduce;
#[cfg(test)]
mod tests;

use crate::base::{Affine, Error, ErrorKind, IndexMap, Result, Scalar, Shape, Type, strip};
use crate::graph::{Core, Element, Graph, Nest, Node, Op, View};
use crate::op::{Expr, Inst, Values, eval};

/// A whole array: its extents and its elements in row-major order.
#[derive(Clone, Debug)]
struct Tensor {
    shape: Shape,
    values: Values,
}

/// What a graph is given to run on, and what has gone wrong so far.
struct Run<'a> {
    inputs: &'a [Values],
    scalars: &'a [Scalar],
    /// Error bits, as those of a strip.
    errors: u32,
}

/// The outputs of `graph`, each in row-major order, given the elements of its inputs and its
/// scalars. Nodes that no output needs are not evaluated.
///
/// # Errors
/// If an input or scalar is missing or not of the type its node says, if a reduction without a value
/// over no elements has none, or if a check in an expression fails.
pub fn evaluate(graph: &Graph, inputs: &[Values], scalars: &[Scalar]) -> Result<Vec<Values>> {
    let mut run = Run { inputs, scalars, errors: 0 };
    let live = graph.live();
    let mut readers = graph.reader_counts();
    let mut results: Vec<Vec<Tensor>> = Vec::with_capacity(graph.len());
    for (id, node) in graph.iter() {
        if !live[id.index()] {
            results.push(Vec::new());
            continue;
        }
        let args: Vec<&Tensor> =
            node.args.iter().map(|arg| &results[arg.node.index()][usize::from(arg.out)]).collect();
        let values = run.node(node, &args).map_err(|error| error.at(id))?;
        let tensors = node.types.iter().zip(values).map(|(ty, values)| tensor(ty, values));
        let tensors = tensors.collect::<Result<Vec<Tensor>>>().map_err(|error| error.at(id))?;
        results.push(tensors);
        if let Some(error) = strip::strip_error(run.errors) {
            return Err(error);
        }
        // A long chain should not hold all it has passed.
        for arg in &node.args {
            let left = &mut readers[arg.node.index()];
            *left -= 1;
            if *left == 0 {
                results[arg.node.index()] = Vec::new();
            }
        }
    }
    let output = |value: &crate::graph::Value| &results[value.node.index()][usize::from(value.out)];
    Ok(graph.outputs.iter().map(|value| output(value).values.clone()).collect())
}

/// These values as an array of type `ty`.
fn tensor(ty: &Type, values: Values) -> Result<Tensor> {
    if (values.dtype(), values.len()) == (ty.dtype, ty.shape.size()) {
        Ok(Tensor { shape: ty.shape.clone(), values })
    } else {
        Err(broken(format!("{} values of {} where {ty} is due", values.len(), values.dtype())))
    }
}

fn broken(what: String) -> Error {
    Error::new(ErrorKind::Internal, what)
}

impl Run<'_> {
    /// The results of one node.
    fn node(&mut self, node: &Node, args: &[&Tensor]) -> Result<Vec<Values>> {
        let ty = node.ty();
        let count = ty.shape.size();
        let value = match &node.op {
            Op::Input(k) => {
                self.inputs.get(*k as usize).ok_or_else(|| broken(format!("no input {k}")))?.clone()
            }
            Op::Scalar(k) => Values::splat(self.scalar(*k)?, count),
            Op::Const(value) => Values::splat(*value, count),
            Op::Iota => Values::I64((0..count as i64).collect()),
            Op::Elementwise(element) => self.elementwise(*element, ty, args),
            Op::View(view) => self::view(view, args[0], &ty.shape)?,
            Op::Reduce { fold, axes } => {
                let mut columns = vec![args[0].values.clone()];
                if fold.takes_index() {
                    columns.push(reduce::positions_within(&args[0].shape, axes));
                }
                let mut accumulators = reduce::reduce(*fold, &args[0].shape, axes, &columns)?;
                accumulators.swap_remove(fold.result())
            }
            Op::Matmul => {
                let rank = args[0].shape.rank();
                let [rows, inner] = [args[0].shape[rank - 2], args[0].shape[rank - 1]];
                let columns = args[1].shape[rank - 1];
                let batches = args[0].shape[..rank - 2].iter().product();
                let right = transposed(args[1]);
                product(&args[0].values, &right, [batches, rows, columns, inner])?
            }
            Op::Join { axis } => join(args, *axis as usize, ty),
            Op::Host(op) => host::host(op, args, ty)?,
            Op::Nest(nest) => return self.nest(nest, args),
        };
        Ok(vec![value])
    }

    fn scalar(&self, k: u32) -> Result<Scalar> {
        self.scalars.get(k as usize).copied().ok_or_else(|| broken(format!("no scalar s{k}")))
    }

    /// One scalar op of whole columns.
    fn elementwise(&mut self, element: Element, ty: &Type, args: &[&Tensor]) -> Values {
        match (element, args) {
            (Element::Unary(op), [a]) => eval::unary(op, &a.values, &mut self.errors),
            (Element::Binary(op), [a, b]) => eval::binary(op, &a.values, &b.values, &mut self.errors),
            (Element::Select, [mask, yes, no]) => {
                Values::select(mask.values.as_bool(), &yes.values, &no.values)
            }
            (Element::Fma, [a, b, c]) => {
                let mut builder = crate::op::Builder::default();
                let [x, y, z] = [0, 1, 2].map(|arg| builder.arg(arg, ty.dtype));
                let out = builder.fma(x, y, z);
                let columns = [&a.values, &b.values, &c.values];
                self.expression(&builder.finish([out]), a.values.len(), &columns)
            }
            (Element::Cast, [a]) => a.values.cast(ty.dtype),
            _ => unreachable!("{element:?} of {} arguments", args.len()),
        }
    }

    /// The one output of an expression over columns that are its arguments.
    fn expression(&mut self, expr: &Expr, count: usize, columns: &[&Values]) -> Values {
        let mut leaf = |inst: &Inst| match inst {
            Inst::Arg(arg) => columns[*arg as usize].clone(),
            other => unreachable!("{other:?} among columns"),
        };
        eval::evaluate(expr, count, &mut leaf, &mut self.errors).swap_remove(0)
    }

    /// The outputs of a nest: what its core accumulates, then its epilogue over the axes that remain.
    fn nest(&mut self, nest: &Nest, args: &[&Tensor]) -> Result<Vec<Values>> {
        let rank = nest.domain.rank();
        // The loops that remain; the others stand still at 0.
        let outer = pinned(&nest.domain, |axis| !nest.keeps(axis));
        if outer.size() == 0 {
            let outs = 0..nest.then.outs().len();
            return Ok(outs
                .map(|out| Values::splat(Scalar::new(nest.then.out_dtype(out), 0.0), 0))
                .collect());
        }
        let accumulators = match &nest.core {
            Core::Map => Vec::new(),
            Core::Reduce { fold, axes, each } => {
                let columns = self.body(each, nest, &nest.domain, args, &[])?;
                reduce::reduce(*fold, &nest.domain, axes, &columns)?
            }
            Core::Matmul { lhs, rhs } => {
                let [m, n, k] = [nest.domain[rank - 3], nest.domain[rank - 2], nest.domain[rank - 1]];
                let batches = nest.domain[..rank - 3].iter().product();
                let left = self.body(lhs, nest, &pinned(&nest.domain, |axis| axis == rank - 2), args, &[])?;
                let right =
                    self.body(rhs, nest, &pinned(&nest.domain, |axis| axis == rank - 3), args, &[])?;
                vec![product(&left[0], &right[0], [batches, m, n, k])?]
            }
        };
        self.body(&nest.then, nest, &outer, args, &accumulators)
    }

    /// The outputs of one expression of `nest` at every position of `loops`, in row-major order.
    fn body(
        &mut self,
        expr: &Expr,
        nest: &Nest,
        loops: &Shape,
        args: &[&Tensor],
        accumulators: &[Values],
    ) -> Result<Vec<Values>> {
        let count = loops.size();
        let mut picked: Vec<Option<Values>> = vec![None; args.len()];
        for (inst, _) in expr.iter() {
            match inst {
                Inst::Scalar(k) => drop(self.scalar(*k)?),
                Inst::Arg(arg) if nest.picks_of(*arg as usize).next().is_some() => {
                    picked[*arg as usize] = Some(self::picked(nest, *arg as usize, loops, args)?);
                }
                _ => {}
            }
        }
        let scalars = self.scalars;
        let mut leaf = |inst: &Inst| match inst {
            Inst::Arg(arg) => match &picked[*arg as usize] {
                Some(picked) => picked.clone(),
                None => read(args[*arg as usize], &nest.reads[*arg as usize], loops),
            },
            Inst::Acc(acc) => accumulators[usize::from(*acc)].clone(),
            Inst::Scalar(k) => Values::splat(scalars[*k as usize], count),
            other => unreachable!("{other:?} is no leaf"),
        };
        Ok(eval::evaluate(expr, count, &mut leaf, &mut self.errors))
    }
}

/// `shape` with an extent of 1 wherever `pin` holds.
fn pinned(shape: &Shape, pin: impl Fn(usize) -> bool) -> Shape {
    shape.iter().enumerate().map(|(axis, &extent)| if pin(axis) { 1 } else { extent }).collect()
}

/// The elements of `array` that loops over `domain` read through `map`, in the order of the loops.
fn read(array: &Tensor, map: &IndexMap, domain: &Shape) -> Values {
    array.values.gather(offsets(map, &array.shape, domain).into_iter())
}

/// The elements of argument `arg` of a nest that its loops, `loops` of them, read by what other arguments
/// hold.
fn picked(nest: &Nest, arg: usize, loops: &Shape, args: &[&Tensor]) -> Result<Values> {
    let rank = loops.rank();
    let strides = args[arg].shape.strides();
    let mut moved = vec![0_isize; loops.size()];
    for (nth, pick) in nest.picks.iter().enumerate().filter(|(nth, _)| nest.reads[arg].uses(rank + nth)) {
        let terms = nest.reads[arg].0.iter().zip(&strides);
        let step: i64 = terms.map(|(affine, &stride)| affine.coefficient(rank + nth) * stride as i64).sum();
        let index = read(args[pick.arg as usize], &nest.reads[pick.arg as usize], loops);
        for (at, moved) in moved.iter_mut().enumerate() {
            let index = host::from_start(index.get(at).to_i64(), pick.extent, pick.axis as usize)?;
            *moved += step as isize * index as isize;
        }
    }
    // From where they would be if every index were 0.
    let plain = |affine: &Affine| {
        let terms = affine.terms.iter().copied().filter(|&(axis, _)| (axis as usize) < rank).collect();
        Affine { offset: affine.offset, terms }
    };
    let map: IndexMap = nest.reads[arg].0.iter().map(plain).collect();
    let places = offsets(&map, &args[arg].shape, loops).into_iter().zip(moved);
    Ok(args[arg].values.gather(places.map(|(place, moved)| place.wrapping_add_signed(moved))))
}

/// For every position of `domain` in row-major order, the place of the element that `map` reads in a
/// row-major array of shape `shape`.
fn offsets(map: &IndexMap, shape: &Shape, domain: &Shape) -> Vec<usize> {
    let (start, steps) = map.flatten(shape, domain.rank());
    let mut index = vec![0_usize; domain.rank()];
    let mut offset = start;
    let mut offsets = Vec::with_capacity(domain.size());
    for _ in 0..domain.size() {
        offsets.push(usize::try_from(offset).expect("reads stay inside their arguments"));
        for axis in (0..domain.rank()).rev() {
            index[axis] += 1;
            offset += steps[axis];
            if index[axis] < domain[axis] {
                break;
            }
            offset -= steps[axis] * index[axis] as i64;
            index[axis] = 0;
        }
    }
    offsets
}

/// The elements of a view of shape `to`.
fn view(view: &View, arg: &Tensor, to: &Shape) -> Result<Values> {
    if matches!(view, View::Reshape) {
        return Ok(arg.values.clone());
    }
    let map = view.index_map(&arg.shape, to).ok_or_else(|| broken(format!("{view:?} is no map")))?;
    Ok(read(arg, &map, to))
}

/// `arg` with its last two axes exchanged.
fn transposed(arg: &Tensor) -> Values {
    let rank = arg.shape.rank();
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(rank - 2, rank - 1);
    let map: IndexMap = axes.iter().map(|&axis| crate::base::Affine::axis(axis)).collect();
    let shape: Shape = axes.iter().map(|&axis| arg.shape[axis]).collect();
    read(arg, &map, &shape)
}

/// Per batch, row `i` of `left` times row `j` of `right`: from +0, one `fma` after the other in
/// ascending `k`; integers wrap. `extents` are batches, rows of `left`, rows of `right`, and `k`.
fn product(left: &Values, right: &Values, extents: [usize; 4]) -> Result<Values> {
    let [batches, m, n, inner] = extents;
    let mut pairs = Vec::with_capacity(batches * m * n);
    for batch in 0..batches {
        for i in 0..m {
            pairs.extend((0..n).map(|j| ((batch * m + i) * inner, (batch * n + j) * inner)));
        }
    }
    macro_rules! products {
        ($left:ident, $right:ident, $zero:expr, $step:expr) => {
            pairs
                .iter()
                .map(|&(row, column)| {
                    (0..inner).fold($zero, |acc, k| $step(acc, $left[row + k], $right[column + k]))
                })
                .collect::<Vec<_>>()
                .into()
        };
    }
    Ok(match (left, right) {
        (Values::F32(a), Values::F32(b)) => products!(a, b, 0.0, |acc, x: f32, y: f32| x.mul_add(y, acc)),
        (Values::F64(a), Values::F64(b)) => products!(a, b, 0.0, |acc, x: f64, y: f64| x.mul_add(y, acc)),
        (Values::I32(a), Values::I32(b)) => {
            products!(a, b, 0, |acc: i32, x: i32, y: i32| acc.wrapping_add(x.wrapping_mul(y)))
        }
        (Values::I64(a), Values::I64(b)) => {
            products!(a, b, 0, |acc: i64, x: i64, y: i64| acc.wrapping_add(x.wrapping_mul(y)))
        }
        _ => return Err(broken(format!("a product of {} and {}", left.dtype(), right.dtype()))),
    })
}

/// `args` side by side along `axis`.
fn join(args: &[&Tensor], axis: usize, ty: &Type) -> Values {
    let outer: usize = ty.shape[..axis].iter().product();
    let inner: usize = ty.shape[axis + 1..].iter().product();
    let mut scalars = Vec::with_capacity(ty.shape.size());
    for row in 0..outer {
        for arg in args {
            let run = arg.shape[axis] * inner;
            scalars.extend((row * run..(row + 1) * run).map(|at| arg.values.get(at)));
        }
    }
    Values::collect(ty.dtype, scalars.into_iter())
}
