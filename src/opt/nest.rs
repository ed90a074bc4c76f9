//! Makes a loop nest of every elementwise op, view, reduction and product: one op each. What is
//! left besides nests is memory: inputs, reshapes (other names of stored values) and joins.
//!
//! Constants and scalars move into the expressions that use them; where memory is asked for (an
//! output, a join, a reshape), they become nests that fill it.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::base::{Affine, DType, IndexMap, Scalar, Shape, Type};
use crate::graph::{Core, Element, Graph, Nest, Node, NodeId, Op, Value, View};
use crate::op::{Builder, Expr, Inst, Ref};

/// Every operation as a nest of its own.
pub fn nest(graph: &Graph) -> Graph {
    let mut new = graph.rebuild(|new, _, node| rebuild(new, node).into());
    let outputs: Vec<Value> = new.outputs.clone();
    new.outputs = outputs.into_iter().map(|output| stored(&mut new, output)).collect();
    new
}

fn rebuild(new: &mut Graph, mut node: Node) -> NodeId {
    let ty = node.ty().clone();
    let op = match &node.op {
        Op::Input(_) | Op::Scalar(_) | Op::Const(_) | Op::Iota | Op::Nest(_) => node.op.clone(),
        Op::Join { .. } => {
            node.args = node.args.iter().map(|arg| stored(new, *arg)).collect();
            node.op.clone()
        }
        Op::Elementwise(element) => {
            let mut body = Body::default();
            let rank = ty.shape.rank();
            let args: SmallVec<[Ref; 3]> =
                node.args.iter().map(|arg| body.read(new, *arg, IndexMap::identity(rank))).collect();
            let out = apply(&mut body.builder, *element, &args, ty.dtype);
            return body.map(new, &ty, out);
        }
        Op::View(view) => {
            let from = new.ty(node.args[0]).shape.clone();
            match view.index_map(&from, &ty.shape) {
                Some(map) => {
                    let mut body = Body::default();
                    let out = body.read(new, node.args[0], map);
                    return body.map(new, &ty, out);
                }
                None => {
                    node.args[0] = stored(new, node.args[0]);
                    Op::View(View::Reshape)
                }
            }
        }
        Op::Reduce { fold, axes } => {
            let argument = new.ty(node.args[0]).clone();
            if axes.iter().any(|&axis| argument.shape[axis as usize] == 0) {
                // Where there is no value over no elements, there are no results either.
                let value = fold.empty(argument.dtype).unwrap_or(Scalar::new(ty.dtype, 0.0));
                return new.add(Node::new(Op::Const(value), [], ty));
            }
            let mut body = Body::default();
            let mut each: SmallVec<[Ref; 2]> = SmallVec::new();
            each.push(body.read(new, node.args[0], IndexMap::identity(argument.shape.rank())));
            if fold.takes_index() {
                // The index counts the reduced elements in row-major order.
                let mut index = Affine::constant(0);
                let mut count = 1;
                for &axis in axes.iter().rev() {
                    index = index.plus(count as i64, &Affine::axis(axis as usize));
                    count *= argument.shape[axis as usize];
                }
                let ty = Type::new(DType::I64, &[count][..]);
                let iota = new.add(Node::new(Op::Iota, [], ty));
                each.push(body.read(new, iota.into(), [index].into_iter().collect()));
            }
            let core = Core::Reduce { fold: *fold, axes: axes.clone(), each: body.builder.finish(each) };
            let acc = Inst::Acc(fold.result() as u8);
            return body.close(new, argument.shape, core, Expr::leaf(acc, ty.dtype), [ty]);
        }
        Op::Matmul => {
            let rank = ty.shape.rank();
            let k = *new.ty(node.args[0]).shape.last().expect("a product has rank 2 at least");
            if k == 0 {
                return new.add(Node::new(Op::Const(Scalar::new(ty.dtype, 0.0)), [], ty));
            }
            let domain = ty.shape.iter().copied().chain([k]).collect();
            let (m, n, k) = (rank - 2, rank - 1, rank);
            let map = |row: usize, column: usize| {
                (0..rank - 2).chain([row, column]).map(Affine::axis).collect::<IndexMap>()
            };
            let mut body = Body::default();
            let lhs = body.read(new, node.args[0], map(m, k));
            let rhs = body.read(new, node.args[1], map(k, n));
            let (lhs, rhs) = (body.builder.finish([lhs]), body.builder.finish([rhs]));
            return body.close(
                new,
                domain,
                Core::Matmul { lhs, rhs },
                Expr::leaf(Inst::Acc(0), ty.dtype),
                [ty],
            );
        }
    };
    new.add(Node { op, ..node })
}

/// `element` of `args` in the expression under construction.
fn apply(b: &mut Builder, element: Element, args: &[Ref], dtype: DType) -> Ref {
    match (element, args) {
        (Element::Unary(op), &[a]) => b.unary(op, a),
        (Element::Binary(op), &[x, y]) => b.binary(op, x, y),
        (Element::Select, &[mask, yes, no]) => b.select(mask, yes, no),
        (Element::Fma, &[x, y, z]) => b.fma(x, y, z),
        (Element::Cast, &[a]) => b.cast(a, dtype),
        _ => unreachable!("{element:?} of {} arguments", args.len()),
    }
}

/// `value`, or a nest that fills memory with it if it is none.
fn stored(new: &mut Graph, value: Value) -> Value {
    let rank = new.ty(value).shape.rank();
    if !matches!(new[value.node].op, Op::Scalar(_) | Op::Const(_) | Op::Iota) {
        return value;
    }
    let ty = new.ty(value).clone();
    let mut body = Body::default();
    let out = body.read(new, value, IndexMap::identity(rank));
    body.map(new, &ty, out).into()
}

/// A nest under construction: its expression, and where it reads what.
#[derive(Default)]
pub(super) struct Body {
    pub builder: Builder,
    args: Vec<(Value, IndexMap)>,
    known: rustc_hash::FxHashMap<(Value, IndexMap), usize>,
}

impl Body {
    /// The element of `value` at `map`: an argument, or the scalar or constant it is.
    pub fn read(&mut self, graph: &Graph, value: Value, map: IndexMap) -> Ref {
        let dtype = graph.ty(value).dtype;
        match &graph[value.node].op {
            Op::Const(constant) => self.builder.push(Inst::Const(*constant), dtype),
            Op::Scalar(scalar) => self.builder.push(Inst::Scalar(*scalar), dtype),
            _ => {
                let arg = self.argument(value, map);
                self.builder.arg(arg, dtype)
            }
        }
    }

    /// The number of the argument that reads `value` through `map`.
    pub fn argument(&mut self, value: Value, map: IndexMap) -> usize {
        let next = self.args.len();
        *self.known.entry((value, map)).or_insert_with_key(|key| {
            self.args.push(key.clone());
            next
        })
    }

    /// The map over `domain` whose output is `out`.
    pub fn map(self, graph: &mut Graph, ty: &Type, out: Ref) -> NodeId {
        let then = self.builder.finish([out]);
        self.close(graph, ty.shape.clone(), Core::Map, then, [ty.clone()])
    }

    /// The nest over `domain` with `core` and `then`, whose arguments this body knows, and the types
    /// of its outputs. Arguments that no expression reads any more are left out.
    pub fn close(
        self,
        graph: &mut Graph,
        domain: Shape,
        mut core: Core,
        mut then: Expr,
        types: impl IntoIterator<Item = Type>,
    ) -> NodeId {
        let mut used = vec![None; self.args.len()];
        let mut mark = |expr: &Expr| {
            for (inst, _) in expr.iter() {
                if let Inst::Arg(arg) = inst {
                    used[*arg as usize] = Some(0_u32);
                }
            }
        };
        match &core {
            Core::Map => {}
            Core::Reduce { each, .. } => mark(each),
            Core::Matmul { lhs, rhs } => [lhs, rhs].into_iter().for_each(&mut mark),
        }
        mark(&then);
        for (place, slot) in used.iter_mut().flatten().enumerate() {
            *slot = place as u32;
        }
        if used.contains(&None) {
            let renumber = |expr: &Expr| {
                let mut builder = Builder::default();
                let outs = builder.inline(expr, |b, inst, dtype| match inst {
                    Inst::Arg(arg) => {
                        Some(b.arg(used[*arg as usize].expect("it was marked") as usize, dtype))
                    }
                    _ => None,
                });
                builder.finish(outs)
            };
            match &mut core {
                Core::Map => {}
                Core::Reduce { each, .. } => *each = renumber(each),
                Core::Matmul { lhs, rhs } => (*lhs, *rhs) = (renumber(lhs), renumber(rhs)),
            }
            then = renumber(&then);
        }
        let kept = self.args.into_iter().zip(&used).filter(|(_, slot)| slot.is_some()).map(|(arg, _)| arg);
        let (args, reads) = kept.unzip::<_, _, SmallVec<[Value; 2]>, Vec<IndexMap>>();
        let nest = Nest { domain, reads, core, then };
        graph.add(Node { op: Op::Nest(Arc::new(nest)), args, types: types.into_iter().collect() })
    }
}
