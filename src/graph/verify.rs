//! The invariants of a graph, checked: after every pass in debug builds and under
//! `BROADLOOM_CHECK=1`.
//!
//! - Arguments come before the nodes that read them and exist.
//! - Elementwise ops have arguments of their own shape; views, reductions, products and joins have
//!   the types their rules give.
//! - A nest's reads stay inside their arguments, its picks are integers read where its loops say, its
//!   expressions have the dtypes of their arguments and outputs, and its epilogue reads nothing along
//!   axes that are gone.

use crate::base::{DType, Error, ErrorKind, Kind, Result, Shape, Type};
use crate::graph::{Core, Element, Graph, Nest, Node, Op, View, infer};
use crate::op::{Expr, Inst};

/// Checks every invariant.
///
/// # Errors
/// The first one broken, naming the node.
pub fn verify(graph: &Graph) -> Result<()> {
    for (id, node) in graph.iter() {
        if let Some(arg) = node.args.iter().find(|arg| arg.node >= id) {
            let what = format!("{id}: reads {arg}, which is not before it");
            return Err(Error::new(ErrorKind::Internal, what));
        }
        self::node(graph, node).map_err(|error| error.at(id))?;
    }
    Ok(())
}

/// Checks a node whose arguments are in `graph`; it need not be.
///
/// # Errors
/// The first invariant it breaks.
pub fn node(graph: &Graph, node: &Node) -> Result<()> {
    let broken = |what: String| Error::new(ErrorKind::Internal, what);
    for arg in &node.args {
        if usize::from(arg.out) >= graph[arg.node].types.len() {
            return Err(broken(format!("reads {arg}, which is no result")));
        }
    }
    let args: Vec<&Type> = node.args.iter().map(|arg| graph.ty(*arg)).collect();
    check(node, &args).map_err(broken)
}

type Check = std::result::Result<(), String>;

fn require(holds: bool, what: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

fn check(node: &Node, args: &[&Type]) -> Check {
    let ty = node.ty();
    let arity = |n: usize| require(args.len() == n, || format!("has {} arguments, not {n}", args.len()));
    match &node.op {
        Op::Input(_) | Op::Scalar(_) => arity(0),
        Op::Const(value) => {
            arity(0).and(require(value.dtype() == ty.dtype, || "a constant of another dtype".into()))
        }
        Op::Iota => arity(0).and(require(ty.dtype == DType::I64 && ty.shape.rank() == 1, || {
            "an iota that is not i64[n]".into()
        })),
        Op::Elementwise(element) => {
            require(args.iter().all(|arg| arg.shape == ty.shape), || "arguments of other shapes".into())?;
            let dtypes: Vec<DType> = args.iter().map(|arg| arg.dtype).collect();
            let good = match (element, &dtypes[..]) {
                (Element::Unary(op), &[a]) => op.computes_in(a) == Some(a) && op.result(a) == ty.dtype,
                (Element::Binary(op), &[a, b]) => {
                    a == b && op.computes_in(a) == Some(a) && op.result(a) == ty.dtype
                }
                (Element::Select, &[mask, a, b]) => mask == DType::Bool && a == b && a == ty.dtype,
                (Element::Fma, &[a, b, c]) => a == b && b == c && a == ty.dtype && a.is_float(),
                (Element::Cast, &[_]) => true,
                _ => false,
            };
            require(good, || format!("{element:?} of {dtypes:?} is no {}", ty.dtype))
        }
        Op::View(view) => {
            arity(1)?;
            require(args[0].dtype == ty.dtype, || "a view of another dtype".into())?;
            match view {
                View::Reshape => {
                    require(args[0].shape.size() == ty.shape.size(), || "a reshape to another size".into())
                }
                _ => {
                    let (from, to) = (args[0].shape.rank(), ty.shape.rank());
                    let ranks = match view {
                        View::Permute(axes) => from == to && is_permutation(axes, from),
                        View::Slice(slices) => from == to && slices.len() == from,
                        View::Affine(map) => {
                            let terms = map.0.iter().flat_map(|index| &index.terms);
                            map.0.len() == from && terms.into_iter().all(|term| (term.0 as usize) < to)
                        }
                        _ => from <= to,
                    };
                    require(ranks, || format!("{view:?} of {} is no {ty}", args[0]))?;
                    let map = view.index_map(&args[0].shape, &ty.shape).ok_or("a view that is no map")?;
                    inside(&map, &ty.shape, &args[0].shape)
                }
            }
        }
        Op::Reduce { fold, axes } => {
            arity(1)?;
            let dtype = fold.accumulators(args[0].dtype)[fold.result()];
            let shape = args[0].shape.without(|axis| axes.contains(&(axis as u32)));
            let good = *ty == Type { dtype, shape }
                && fold.computes_in(args[0].dtype) == args[0].dtype
                && axes.is_sorted_by(|a, b| a < b)
                && axes.last().is_none_or(|&last| (last as usize) < args[0].shape.rank());
            require(good, || format!("a {fold} of {} over {axes:?} is no {ty}", args[0]))
        }
        Op::Matmul => {
            arity(2)?;
            let [a, b] = [args[0], args[1]];
            let rank = ty.shape.rank();
            let good = rank >= 2
                && a.dtype != DType::Bool
                && a.dtype.is_native()
                && a.dtype == b.dtype
                && b.dtype == ty.dtype
                && a.shape.rank() == rank
                && b.shape.rank() == rank
                && a.shape[..rank - 1] == ty.shape[..rank - 1]
                && b.shape[..rank - 2] == ty.shape[..rank - 2]
                && b.shape[rank - 1] == ty.shape[rank - 1]
                && a.shape[rank - 1] == b.shape[rank - 2];
            require(good, || format!("{a} @ {b} is no {ty}"))
        }
        Op::Join { axis } => {
            let axis = *axis as usize;
            require(args.first().is_some_and(|arg| axis < arg.shape.rank()), || {
                format!("a join along axis {axis} of {ty}")
            })?;
            let is = infer::join("join", args, axis).map_err(|error| error.to_string())?;
            let same = args.iter().all(|arg| arg.dtype == ty.dtype);
            require(same && is == *ty, || format!("a join along axis {axis} is {is}, not {ty}"))
        }
        Op::Host(op) => {
            let is = op.result(args);
            require(is.as_ref() == Some(ty), || format!("{op} of {args:?} is no {ty}"))
        }
        Op::Nest(nest) => self::nest(nest, node, args),
    }
}

fn nest(nest: &Nest, node: &Node, args: &[&Type]) -> Check {
    require(nest.reads.len() == args.len(), || "as many reads as arguments".into())?;
    let loops = nest.with_picks();
    for (read, arg) in nest.reads.iter().zip(args) {
        inside(read, &loops, &arg.shape)?;
    }
    for pick in &nest.picks {
        let arg = pick.arg as usize;
        let good = args.get(arg).is_some_and(|ty| ty.dtype.kind() == Kind::Int && ty.dtype != DType::U64)
            && nest.picks_of(arg).next().is_none();
        require(good, || format!("argument {arg} is no index"))?;
    }
    let shape = nest.out_shape();
    let rank = nest.domain.rank();
    match &nest.core {
        Core::Map => expression(&nest.then, args, &[])?,
        Core::Reduce { fold, each, .. } => {
            expression(each, args, &[])?;
            let taken: Vec<DType> = (0..each.outs().len()).map(|out| each.out_dtype(out)).collect();
            let dtype = taken.first().copied().unwrap_or(DType::Bool);
            require(taken == fold.elements(dtype).to_vec() && fold.computes_in(dtype) == dtype, || {
                format!("a {fold} of {taken:?}")
            })?;
            expression(&nest.then, args, &fold.accumulators(dtype))?;
        }
        Core::Matmul { lhs, rhs } => {
            expression(lhs, args, &[])?;
            expression(rhs, args, &[])?;
            expression(&nest.then, args, &[lhs.out_dtype(0)])?;
            let free = |expr: &Expr, axis: usize| reads_of(expr).all(|arg| !nest.moves(arg, axis));
            require(free(lhs, rank - 2) && free(rhs, rank - 3), || {
                "factors depend on each other's axes".into()
            })?;
        }
    }
    let gone = |axis: usize| !nest.keeps(axis);
    // Where a core has nothing to do, its epilogue still runs.
    let outer = (loops.iter().enumerate())
        .map(|(axis, &extent)| if axis < rank && gone(axis) { 1 } else { extent })
        .collect();
    for arg in reads_of(&nest.then) {
        inside(&nest.reads[arg], &outer, &args[arg].shape)?;
    }
    let reads_gone =
        reads_of(&nest.then).any(|arg| (0..rank).any(|axis| gone(axis) && nest.moves(arg, axis)));
    require(!reads_gone, || "the epilogue reads along an axis that is gone".into())?;
    require(nest.then.outs().len() == node.types.len(), || "as many types as outputs".into())?;
    let without_units = |shape: &Shape| shape.without(|axis| shape[axis] == 1);
    for (out, ty) in node.types.iter().enumerate() {
        let is = Type { dtype: nest.then.out_dtype(out), shape: shape.clone() };
        let same = is.dtype == ty.dtype && without_units(&is.shape) == without_units(&ty.shape);
        require(same, || format!("output {out} is {is}, not {ty}"))?;
    }
    Ok(())
}

/// Whether `axes` names each of `rank` axes once.
fn is_permutation(axes: &[u32], rank: usize) -> bool {
    axes.len() == rank && (0..rank as u32).all(|axis| axes.contains(&axis))
}

/// The arguments an expression reads.
pub fn reads_of(expr: &Expr) -> impl Iterator<Item = usize> {
    expr.iter().filter_map(|(inst, _)| match inst {
        Inst::Arg(arg) => Some(*arg as usize),
        _ => None,
    })
}

fn expression(expr: &Expr, args: &[&Type], accumulators: &[DType]) -> Check {
    for (inst, dtype) in expr.iter() {
        let expected = match inst {
            Inst::Arg(arg) => args.get(*arg as usize).map(|ty| ty.dtype),
            Inst::Acc(acc) => accumulators.get(usize::from(*acc)).copied(),
            _ => Some(dtype),
        };
        require(expected == Some(dtype), || format!("{inst:?} is not {dtype}"))?;
    }
    Ok(())
}

/// Whether every index that `map` gives over `domain` exists in `shape`.
fn inside(map: &crate::base::IndexMap, domain: &Shape, shape: &Shape) -> Check {
    require(map.0.len() == shape.rank(), || format!("{map} has not the rank of {shape}"))?;
    if domain.contains(&0) {
        return Ok(());
    }
    for (affine, &extent) in map.0.iter().zip(shape.iter()) {
        let known = affine.terms.iter().all(|&(axis, _)| (axis as usize) < domain.rank());
        require(known, || "a map over an axis the domain has not".into())?;
        require(affine.stays_inside(domain, extent), || format!("{map} over {domain} leaves {shape}"))?;
    }
    Ok(())
}
