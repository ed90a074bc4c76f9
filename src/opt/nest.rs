//! Makes a loop nest of every elementwise op, view, reduction, product and gather: one op each. What is
//! left besides nests is memory: inputs, reshapes (other names of stored values), joins and host operations. A reshape
//! is a nest if it is an index map, but where it splits axes of what a product or a reduction writes: that is stored
//! anyway, with the elementwise work on it.
//!
//! Constants and scalars move into the expressions that use them; where memory is asked for (an
//! output, a join, a reshape), they become nests that fill it.

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use crate::base::intern::hash_of;
use crate::base::{Affine, DType, IndexMap, Keyed, Scalar, Shape, Table, Type};
use crate::graph::{Core, Element, Graph, Nest, Node, NodeId, Op, Pick, Value, View};
use crate::op::{Builder, Expr, HostOp, Inst, Ref};
use crate::opt::simplify::sink;

/// Every operation as a nest of its own.
pub fn nest(graph: &Graph) -> Graph {
    let mut nester = Nester::default();
    let mut accumulates = vec![false; graph.len()];
    let mut new = graph.rebuild(|new, id, node| {
        let old = &graph[id];
        accumulates[id.index()] = sink::accumulates(old, &accumulates);
        nester.rebuild(new, node, sink::splits(graph, old, &accumulates)).into()
    });
    let outputs: Vec<Value> = new.outputs.clone();
    new.outputs = outputs.into_iter().map(|output| stored(&mut new, output)).collect();
    new
}

/// What the nest of one operation is made of: those of equal recipes are one, so that a long graph
/// of few different operations has few nests.
#[derive(PartialEq, Eq, Hash)]
struct Recipe {
    op: Op,
    /// Per argument what it is in an expression, and its dtype.
    leaves: SmallVec<[(Inst, DType); 2]>,
    /// The shape of the first argument.
    from: Shape,
    ty: Type,
}

/// The nests made so far.
#[derive(Default)]
struct Nester {
    known: Table,
    made: Vec<(Recipe, Keyed<Nest>)>,
}

impl Nester {
    /// The node in the new graph; `renames` says that it is a reshape which is another name of what it is of.
    fn rebuild(&mut self, new: &mut Graph, mut node: Node, renames: bool) -> NodeId {
        let ty = node.ty().clone();
        match &node.op {
            Op::Input(_) | Op::Scalar(_) | Op::Const(_) | Op::Iota | Op::Nest(_) => new.add(node),
            Op::Join { .. } | Op::Host(_) => {
                node.args.iter_mut().for_each(|arg| *arg = stored(new, *arg));
                // Where there is nothing to pick, only the indices are looked at: no loop does that.
                let gathers = is_gather(&node) && ty.shape.size() != 0;
                match gathers.then(|| self.nest(new, &node)).flatten() {
                    Some((nest, args)) => new.add(Node { op: Op::Nest(nest), args, types: smallvec![ty] }),
                    None => new.add(node),
                }
            }
            Op::Reduce { axes, .. } if axes.iter().any(|&axis| extent(new, node.args[0], axis) == 0) => {
                // Where there is no value over no elements, there are no results either.
                let Op::Reduce { fold, .. } = node.op else { unreachable!("matched above") };
                let value = fold.empty(new.ty(node.args[0]).dtype).unwrap_or(Scalar::new(ty.dtype, 0.0));
                new.add(Node::new(Op::Const(value), [], ty))
            }
            Op::Matmul if extent(new, node.args[0], ty.shape.rank() as u32 - 1) == 0 => {
                new.add(Node::new(Op::Const(Scalar::new(ty.dtype, 0.0)), [], ty))
            }
            _ => match (!renames).then(|| self.nest(new, &node)).flatten() {
                Some((nest, args)) => new.add(Node { op: Op::Nest(nest), args, types: smallvec![ty] }),
                None => {
                    let arg = stored(new, node.args[0]);
                    new.add(Node::new(Op::View(View::Reshape), [arg], ty))
                }
            },
        }
    }

    /// The nest of one operation and what it reads; `None` for a reshape that is no index map.
    fn nest(&mut self, new: &mut Graph, node: &Node) -> Option<(Keyed<Nest>, SmallVec<[Value; 2]>)> {
        let mut args: SmallVec<[Value; 2]> = SmallVec::new();
        let mut leaves = SmallVec::new();
        for arg in &node.args {
            let dtype = new.ty(*arg).dtype;
            let leaf = match new[arg.node].op {
                Op::Const(value) => Inst::Const(value),
                Op::Scalar(scalar) => Inst::Scalar(scalar),
                _ => {
                    // The factors of a product are read along other axes, even if they are one, and so
                    // are an array and indices into it.
                    let apart = node.op == Op::Matmul || is_gather(node);
                    let known = args.iter().position(|known| known == arg && !apart);
                    let number = known.unwrap_or(args.len());
                    if known.is_none() {
                        args.push(*arg);
                    }
                    Inst::Arg(number as u32)
                }
            };
            leaves.push((leaf, dtype));
        }
        let from = new.ty(node.args[0]).shape.clone();
        if let Op::Reduce { fold, axes } = &node.op
            && fold.takes_index()
        {
            let count: usize = axes.iter().map(|&axis| from[axis as usize]).product();
            args.push(new.add(Node::new(Op::Iota, [], Type::new(DType::I64, &[count][..]))).into());
            leaves.push((Inst::Arg(args.len() as u32 - 1), DType::I64));
        }
        let recipe = Recipe { op: node.op.clone(), leaves, from, ty: node.ty().clone() };
        // Every scalar has a number of its own, so a recipe with one hardly ever comes again.
        if recipe.leaves.iter().any(|(leaf, _)| matches!(leaf, Inst::Scalar(_))) {
            return Some((Keyed::new(recipe.nest()?), args));
        }
        let hash = hash_of(&recipe);
        if let Some(known) = self.known.find(hash, |known| self.made[known].0 == recipe) {
            return Some((self.made[known].1.clone(), args));
        }
        let nest = Keyed::new(recipe.nest()?);
        self.known.find_or_insert(hash, self.made.len(), |_| false);
        self.made.push((recipe, nest.clone()));
        Some((nest, args))
    }
}

impl Recipe {
    /// The nest; `None` for a reshape that is no index map.
    fn nest(&self) -> Option<Nest> {
        let shape = &self.ty.shape;
        let rank = shape.rank();
        let leaf = |at: usize| self.leaves[at].clone();
        Some(match &self.op {
            Op::Elementwise(element) => {
                let mut b = Builder::default();
                let args: SmallVec<[Ref; 3]> =
                    self.leaves.iter().map(|(inst, dtype)| b.push(inst.clone(), *dtype)).collect();
                let out = apply(&mut b, *element, &args, self.ty.dtype);
                let reads = self.reads(|_| IndexMap::identity(rank));
                let picks = Vec::new();
                Nest { domain: shape.clone(), reads, picks, core: Core::Map, then: b.finish([out]) }
            }
            Op::View(view) => {
                let map = view.index_map(&self.from, shape)?;
                let (inst, dtype) = leaf(0);
                let reads = self.reads(|_| map.clone());
                let (picks, then) = (Vec::new(), Expr::leaf(inst, dtype));
                Nest { domain: shape.clone(), reads, picks, core: Core::Map, then }
            }
            Op::Host(HostOp::Gather { axis }) => {
                let picked = self.leaves.len() - 1;
                // The axes of the indices come first, then those of the array that are left.
                let left = rank - (self.from.rank() - picked);
                let reads = self.reads(|leaf| match leaf {
                    0 => (rank..rank + picked).chain(left..rank).map(Affine::axis).collect(),
                    _ => IndexMap::identity(left),
                });
                let pick = |nth: usize| Pick {
                    arg: nth as u32 + 1,
                    extent: self.from[nth],
                    axis: axis + nth as u32,
                };
                let (inst, dtype) = leaf(0);
                let (picks, then) = ((0..picked).map(pick).collect(), Expr::leaf(inst, dtype));
                Nest { domain: shape.clone(), reads, picks, core: Core::Map, then }
            }
            Op::Reduce { fold, axes } => {
                let mut b = Builder::default();
                let each: SmallVec<[Ref; 2]> =
                    self.leaves.iter().map(|(inst, dtype)| b.push(inst.clone(), *dtype)).collect();
                let reads = self.reads(|leaf| match leaf {
                    0 => IndexMap::identity(self.from.rank()),
                    _ => [self.reduced_index(axes)].into_iter().collect(),
                });
                let core = Core::Reduce { fold: *fold, axes: axes.clone(), each: b.finish(each) };
                let then = Expr::leaf(Inst::Acc(fold.result() as u8), self.ty.dtype);
                Nest { domain: self.from.clone(), reads, picks: Vec::new(), core, then }
            }
            Op::Matmul => {
                let k = *self.from.last().expect("a product has rank 2 at least");
                let (m, n) = (rank - 2, rank - 1);
                let map = |row: usize, column: usize| {
                    (0..rank - 2).chain([row, column]).map(Affine::axis).collect::<IndexMap>()
                };
                let reads = self.reads(|leaf| if leaf == 0 { map(m, rank) } else { map(rank, n) });
                let [lhs, rhs] = [leaf(0), leaf(1)].map(|(inst, dtype)| Expr::leaf(inst, dtype));
                Nest {
                    domain: shape.iter().copied().chain([k]).collect(),
                    reads,
                    picks: Vec::new(),
                    core: Core::Matmul { lhs, rhs },
                    then: Expr::leaf(Inst::Acc(0), self.ty.dtype),
                }
            }
            other => unreachable!("{other:?} is no operation"),
        })
    }

    /// Where the arguments are read, each once: `map` says it for a leaf.
    fn reads(&self, map: impl Fn(usize) -> IndexMap) -> Vec<IndexMap> {
        let mut reads = Vec::new();
        for (at, (leaf, _)) in self.leaves.iter().enumerate() {
            if *leaf == Inst::Arg(reads.len() as u32) {
                reads.push(map(at));
            }
        }
        reads
    }

    /// The index that counts the reduced elements in row-major order.
    fn reduced_index(&self, axes: &[u32]) -> Affine {
        let mut index = Affine::constant(0);
        let mut count = 1;
        for &axis in axes.iter().rev() {
            index = index.plus(count, &Affine::axis(axis as usize));
            count *= self.from[axis as usize] as i64;
        }
        index
    }
}

/// Whether a node picks elements by index arrays.
fn is_gather(node: &Node) -> bool {
    matches!(node.op, Op::Host(HostOp::Gather { .. }))
}

/// The extent of an axis of `value`.
fn extent(graph: &Graph, value: Value, axis: u32) -> usize {
    graph.ty(value).shape[axis as usize]
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
    let ty = new.ty(value).clone();
    let (args, inst): (SmallVec<[Value; 2]>, _) = match new[value.node].op {
        Op::Const(constant) => (smallvec![], Inst::Const(constant)),
        Op::Scalar(scalar) => (smallvec![], Inst::Scalar(scalar)),
        Op::Iota => (smallvec![value], Inst::Arg(0)),
        _ => return value,
    };
    let reads = args.iter().map(|_| IndexMap::identity(ty.shape.rank())).collect();
    let then = Expr::leaf(inst, ty.dtype);
    let nest = Nest { domain: ty.shape.clone(), reads, picks: Vec::new(), core: Core::Map, then };
    new.add(Node { op: Op::Nest(Keyed::new(nest)), args, types: smallvec![ty] }).into()
}

/// A nest under construction: its expression, and where it reads what.
#[derive(Default)]
pub(super) struct Body {
    pub builder: Builder,
    args: Vec<(Value, IndexMap)>,
    known: Table,
    /// The indices that arguments hold, as `Nest::picks` has them.
    picks: Vec<Pick>,
}

impl Body {
    /// The element of `value` at `map`: an argument, or the scalar or constant it is.
    pub fn read(&mut self, graph: &Graph, value: Value, map: &IndexMap) -> Ref {
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
    pub fn argument(&mut self, value: Value, map: &IndexMap) -> usize {
        let next = self.args.len();
        let same = |known: usize| self.args[known].0 == value && self.args[known].1 == *map;
        let known = self.known.find_or_insert(hash_of(&(value, map)), next, same);
        if known.is_none() {
            self.args.push((value, map.clone()));
        }
        known.unwrap_or(next)
    }

    /// The index that `value` holds at `map`, for reads in loops over `domain`: an axis after those. What
    /// only counts, and nowhere leaves the axis that is picked from, needs none.
    pub fn pick(
        &mut self,
        graph: &Graph,
        domain: &Shape,
        (value, map): (Value, &IndexMap),
        Pick { extent, axis, .. }: Pick,
    ) -> Affine {
        if graph[value.node].op == Op::Iota && map.0[0].stays_inside(domain, extent) {
            return map.0[0].clone();
        }
        let pick = Pick { arg: self.argument(value, map) as u32, extent, axis };
        let nth = self.picks.iter().position(|known| *known == pick).unwrap_or_else(|| {
            self.picks.push(pick);
            self.picks.len() - 1
        });
        Affine::axis(domain.rank() + nth)
    }

    /// What the axes and picks of `nest`, whose arguments are `args`, are to reads in loops over `domain`,
    /// where its axes are `axes`.
    pub fn with_picks<'m>(
        &mut self,
        graph: &Graph,
        domain: &Shape,
        (nest, args): (&Nest, &[Value]),
        axes: &'m IndexMap,
    ) -> Cow<'m, IndexMap> {
        if nest.picks.is_empty() {
            return Cow::Borrowed(axes);
        }
        let mut all = axes.clone();
        for pick in &nest.picks {
            let arg = pick.arg as usize;
            let read = nest.reads[arg].compose(axes);
            all.0.push(self.pick(graph, domain, (args[arg], &read), *pick));
        }
        Cow::Owned(all)
    }

    /// Takes over picks of a nest over the same domain, argument `k` of which is `numbers[k]` here: for a
    /// body without any.
    pub fn take_picks(&mut self, picks: &[Pick], numbers: &[usize]) {
        self.picks =
            picks.iter().map(|pick| Pick { arg: numbers[pick.arg as usize] as u32, ..*pick }).collect();
    }

    /// The indices that arguments hold.
    pub fn picks(&self) -> &[Pick] {
        &self.picks
    }

    /// Whether there is an argument that reads `value` through `map`.
    pub fn reads(&self, value: Value, map: &IndexMap) -> bool {
        let same = |known: usize| self.args[known].0 == value && self.args[known].1 == *map;
        self.known.find(hash_of(&(value, map)), same).is_some()
    }

    /// The arguments: values, and where each is read.
    pub fn arguments(&self) -> &[(Value, IndexMap)] {
        &self.args
    }

    /// The nest over `domain` with `core` and `then`, whose arguments this body knows, and the types
    /// of its outputs. Arguments that no expression reads any more are left out.
    pub fn close(
        mut self,
        graph: &mut Graph,
        domain: Shape,
        mut core: Core,
        mut then: Expr,
        types: impl IntoIterator<Item = Type>,
    ) -> NodeId {
        // Per argument, whether it is read, and then its new number.
        let mut used: SmallVec<[Option<u32>; 16]> = SmallVec::from_elem(None, self.args.len());
        let mut mark = |expr: &Expr| {
            for (inst, _) in expr.iter() {
                if let Inst::Arg(arg) = inst {
                    used[*arg as usize] = Some(0);
                }
            }
        };
        match &core {
            Core::Map => {}
            Core::Reduce { each, .. } => mark(each),
            Core::Matmul { lhs, rhs } => [lhs, rhs].into_iter().for_each(&mut mark),
        }
        mark(&then);
        if !self.picks.is_empty() {
            self.keep_picks(domain.rank(), &mut used);
        }
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
        for pick in &mut self.picks {
            pick.arg = used[pick.arg as usize].expect("it is kept");
        }
        let nest = Keyed::new(Nest { domain, reads, picks: self.picks, core, then });
        graph.add(Node { op: Op::Nest(nest), args, types: types.into_iter().collect() })
    }
}

impl Body {
    /// Keeps the picks that arguments which are `used` are read by, marks the indices that those are, and
    /// closes ranks.
    fn keep_picks(&mut self, rank: usize, used: &mut [Option<u32>]) {
        let mut all = IndexMap::identity(rank);
        let mut kept: Vec<Pick> = Vec::new();
        for (nth, pick) in self.picks.iter().enumerate() {
            all.0.push(Affine::axis(rank + kept.len()));
            let reads = self.args.iter().zip(used.iter()).filter(|(_, used)| used.is_some());
            if reads.into_iter().any(|((_, read), _)| read.uses(rank + nth)) {
                kept.push(*pick);
            }
        }
        for pick in &kept {
            used[pick.arg as usize] = Some(0);
        }
        if kept.len() != self.picks.len() {
            self.args.iter_mut().for_each(|(_, read)| *read = read.compose(&all));
            self.picks = kept;
        }
    }
}

/// Arguments that are compared with each other one by one, where there are no more.
pub(super) const FEW: usize = 8;

/// Whether arguments that were different are so still: those of `then` as `now`. Of many it is not
/// asked.
pub(super) fn are_distinct(now: &[Value], then: &[Value]) -> bool {
    let distinct = |nth: usize| (0..nth).all(|other| now[other] != now[nth] || then[other] == then[nth]);
    now.len() <= FEW && (0..now.len()).all(distinct)
}
