//! Patterns: what the two sides of a rewrite rule are written in. `pat!` writes one as a term over
//! the names of the op table, so rustc refuses an op that does not exist; [`Pat::matches`] finds one
//! in a graph and [`Pat::build`] makes one. Used by `rules`, which holds the rows, and `simplify`.
//!
//! - A pattern matches elementwise ops and constants as they are captured: a constant is an
//!   `Op::Const` of the shape of whatever it meets.
//! - A variable that occurs twice stands for one value. Interning makes equal values one, so that
//!   is a comparison of ids.
//! - An op that commutes matches both ways round; a row never says so twice.

use smallvec::SmallVec;

use crate::base::{DType, Scalar, Shape, Type};
use crate::graph::{Element, Graph, Node, Op, Value};
use crate::op::{Binary, Rule, Unary};

/// A term over ops, variables and constants.
#[derive(Clone, Copy, Debug)]
pub enum Pat {
    /// Any value.
    Var(&'static str),
    /// Any truth value.
    Mask(&'static str),
    /// A number, in the dtype of what it meets; of `bool`, 0 and 1 are the truth values.
    Num(f64),
    /// A truth value.
    Truth(bool),
    /// An op of one argument.
    Unary(Unary, &'static Pat),
    /// An op of two.
    Binary(Binary, &'static Pat, &'static Pat),
    /// The second where the first is true, else the third.
    Select(&'static [Pat; 3]),
    /// `a * b + c`, rounded once.
    Fma(&'static [Pat; 3]),
}

/// A pattern: `(Add x (Negative y))`, `(Multiply x (-1))`, `(Select m x 0)`. `m`, `p` and `q` stand
/// for truth values only, every other variable for a value of any dtype.
macro_rules! pat {
    ((- $num:literal)) => {
        Pat::Num(-($num as f64))
    };
    ((Select $a:tt $b:tt $c:tt)) => {
        Pat::Select(&[pat!($a), pat!($b), pat!($c)])
    };
    ((Fma $a:tt $b:tt $c:tt)) => {
        Pat::Fma(&[pat!($a), pat!($b), pat!($c)])
    };
    (($op:ident $a:tt)) => {
        Pat::Unary(Unary::$op, &pat!($a))
    };
    (($op:ident $a:tt $b:tt)) => {
        Pat::Binary(Binary::$op, &pat!($a), &pat!($b))
    };
    (true) => {
        Pat::Truth(true)
    };
    (false) => {
        Pat::Truth(false)
    };
    ($num:literal) => {
        Pat::Num($num as f64)
    };
    (m) => {
        Pat::Mask("m")
    };
    (p) => {
        Pat::Mask("p")
    };
    (q) => {
        Pat::Mask("q")
    };
    ($var:ident) => {
        Pat::Var(stringify!($var))
    };
}
pub(super) use pat;

/// What the variables of a pattern stand for.
#[derive(Clone, Debug, Default)]
pub struct Bindings(SmallVec<[(&'static str, Value); 4]>);

impl Bindings {
    /// The value of `name`.
    ///
    /// # Panics
    /// If there is none: the sides of a rule share their variables.
    pub fn get(&self, name: &str) -> Value {
        self.iter().find(|(bound, _)| *bound == name).expect("a variable of the left side").1
    }

    /// Names and values, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Value)> + '_ {
        self.0.iter().copied()
    }

    /// Whether `name` stands, or from now on stands, for `value`.
    fn bind(&mut self, name: &'static str, value: Value) -> bool {
        match self.0.iter().find(|(bound, _)| *bound == name) {
            Some((_, known)) => *known == value,
            None => {
                self.0.push((name, value));
                true
            }
        }
    }
}

/// What a pattern becomes: a value that is there already, or a node that is yet to be added.
#[derive(Clone, Debug)]
pub enum Replacement {
    /// This value.
    Value(Value),
    /// The first result of this node.
    Node(Node),
}

/// `number` in `dtype`, if it is exactly a value of it: -1 is no truth value, -0.0 no integer.
pub fn number(number: f64, dtype: DType) -> Option<Scalar> {
    let scalar = Scalar::new(dtype, number);
    (scalar.to_f64().to_bits() == number.to_bits()).then_some(scalar)
}

impl Pat {
    /// The op at the root; `None` for variables and constants.
    pub fn root(&self) -> Option<Element> {
        match self {
            Pat::Var(_) | Pat::Mask(_) | Pat::Num(_) | Pat::Truth(_) => None,
            Pat::Unary(op, _) => Some(Element::Unary(*op)),
            Pat::Binary(op, ..) => Some(Element::Binary(*op)),
            Pat::Select(_) => Some(Element::Select),
            Pat::Fma(_) => Some(Element::Fma),
        }
    }

    /// The arguments of the op at the root.
    pub fn args(&self) -> SmallVec<[&Pat; 3]> {
        match self {
            Pat::Var(_) | Pat::Mask(_) | Pat::Num(_) | Pat::Truth(_) => SmallVec::new(),
            Pat::Unary(_, a) => SmallVec::from_slice(&[*a]),
            Pat::Binary(_, a, b) => SmallVec::from_slice(&[*a, *b]),
            Pat::Select(args) | Pat::Fma(args) => args.iter().collect(),
        }
    }

    /// Whether the variable `name` occurs.
    pub fn uses(&self, name: &str) -> bool {
        match self {
            Pat::Var(var) | Pat::Mask(var) => *var == name,
            _ => self.args().iter().any(|arg| arg.uses(name)),
        }
    }

    /// The dtype of the whole where variables have the dtypes that `of` says and a number takes
    /// `expected` if nothing it meets says otherwise; `None` if the parts do not go together.
    pub fn dtype(&self, of: &dyn Fn(&str) -> DType, expected: Option<DType>) -> Option<DType> {
        match self {
            Pat::Var(name) => Some(of(name)),
            Pat::Mask(name) => (of(name) == DType::Bool).then_some(DType::Bool),
            Pat::Num(value) => expected.filter(|dtype| number(*value, *dtype).is_some()),
            Pat::Truth(_) => Some(DType::Bool),
            Pat::Unary(op, a) => {
                let dtype = a.dtype(of, expected)?;
                (op.computes_in(dtype) == Some(dtype)).then(|| op.result(dtype))
            }
            Pat::Binary(op, a, b) => {
                let dtype = common(&[**a, **b], of, expected)?;
                (op.computes_in(dtype) == Some(dtype)).then(|| op.result(dtype))
            }
            Pat::Select([mask, values @ ..]) => {
                mask.dtype(of, None).filter(|dtype| *dtype == DType::Bool)?;
                common(values, of, expected)
            }
            Pat::Fma(args) => common(&args[..], of, expected).filter(|dtype| dtype.is_float()),
        }
    }

    /// What the variables stand for if `node`, whose arguments are in `graph`, is of this form.
    pub fn matches(&self, graph: &Graph, node: &Node) -> Option<Bindings> {
        // Each op that commutes doubles the ways; `order` says, one bit an op, which way round.
        (0..1_u32 << self.commuting()).find_map(|order| {
            let mut attempt = Attempt { graph, order, bound: Bindings::default() };
            attempt.node(self, node).then_some(attempt.bound)
        })
    }

    /// How many ops in it commute.
    fn commuting(&self) -> u32 {
        let here = matches!(self, Pat::Binary(op, ..) if op.commutes());
        u32::from(here) + self.args().iter().map(|arg| arg.commuting()).sum::<u32>()
    }

    /// This pattern, of type `ty`, over what its variables stand for. All but the root is added to
    /// `graph`.
    pub fn build(&self, graph: &mut Graph, bound: &Bindings, ty: &Type) -> Replacement {
        let constant = |value: Scalar| Node::new(Op::Const(value), [], ty.clone());
        let Some(element) = self.root() else {
            return match self {
                Pat::Var(name) | Pat::Mask(name) => Replacement::Value(bound.get(name)),
                Pat::Truth(value) => Replacement::Node(constant(Scalar::from(*value))),
                Pat::Num(value) => Replacement::Node(constant(Scalar::new(ty.dtype, *value))),
                _ => unreachable!("all else has an op at its root"),
            };
        };
        let args = self.args();
        let dtypes: SmallVec<[Option<DType>; 3]> = {
            let of = |name: &str| graph.ty(bound.get(name)).dtype;
            args.iter().map(|arg| arg.dtype(&of, None)).collect()
        };
        // A number takes the dtype of what it meets, which is the result's but for comparisons.
        let truth = matches!(element, Element::Binary(op) if op.rule() == Rule::Truth);
        let known = dtypes.iter().find_map(|dtype| *dtype).filter(|_| truth).unwrap_or(ty.dtype);
        let mut values: SmallVec<[Value; 3]> = SmallVec::new();
        for (arg, dtype) in args.iter().zip(dtypes) {
            let ty = Type { dtype: dtype.unwrap_or(known), shape: ty.shape.clone() };
            values.push(match arg.build(graph, bound, &ty) {
                Replacement::Value(value) => value,
                Replacement::Node(node) => graph.add(node).into(),
            });
        }
        Replacement::Node(Node::new(Op::Elementwise(element), values, ty.clone()))
    }

    /// This pattern as the one output of a graph over `variables`, which are its inputs in that order
    /// and have `extent` elements; `None` if it has no type over them. Tests make examples of rules
    /// with it.
    pub fn example(
        &self,
        variables: &[(&'static str, DType)],
        expected: Option<DType>,
        extent: usize,
    ) -> Option<Graph> {
        let of = |name: &str| variables.iter().find(|(var, _)| *var == name).expect("every variable").1;
        let shape = Shape::new([extent]);
        let ty = Type { dtype: self.dtype(&of, expected)?, shape: shape.clone() };
        let mut graph = Graph::default();
        let mut bound = Bindings::default();
        for (k, &(name, dtype)) in variables.iter().enumerate() {
            let ty = Type { dtype, shape: shape.clone() };
            bound.bind(name, graph.add(Node::new(Op::Input(k as u32), [], ty)).into());
        }
        let output = match self.build(&mut graph, &bound, &ty) {
            Replacement::Value(value) => value,
            Replacement::Node(node) => graph.add(node).into(),
        };
        graph.outputs = vec![output];
        Some(graph)
    }
}

/// The one dtype of all of `pats`.
fn common(pats: &[Pat], of: &dyn Fn(&str) -> DType, expected: Option<DType>) -> Option<DType> {
    let dtype = pats.iter().find_map(|pat| pat.dtype(of, None)).or(expected)?;
    pats.iter().all(|pat| pat.dtype(of, Some(dtype)) == Some(dtype)).then_some(dtype)
}

/// One way of matching a pattern.
struct Attempt<'a> {
    graph: &'a Graph,
    /// Per commuting op still to come, whether its arguments are exchanged; the next in the lowest bit.
    order: u32,
    bound: Bindings,
}

impl Attempt<'_> {
    fn value(&mut self, pat: &Pat, value: Value) -> bool {
        let graph = self.graph;
        match pat {
            Pat::Var(name) => self.bound.bind(name, value),
            Pat::Mask(name) => graph.ty(value).dtype == DType::Bool && self.bound.bind(name, value),
            _ => self.node(pat, &graph[value.node]),
        }
    }

    fn node(&mut self, pat: &Pat, node: &Node) -> bool {
        match (pat, &node.op, &node.args[..]) {
            (Pat::Num(value), Op::Const(found), _) => number(*value, found.dtype()) == Some(*found),
            (Pat::Truth(value), Op::Const(found), _) => *found == Scalar::from(*value),
            (_, Op::Elementwise(element), args) if pat.root() == Some(*element) => {
                let mut args: SmallVec<[Value; 3]> = SmallVec::from_slice(args);
                if matches!(element, Element::Binary(op) if op.commutes()) {
                    if self.order & 1 == 1 {
                        args.swap(0, 1);
                    }
                    self.order >>= 1;
                }
                pat.args().iter().zip(args).all(|(pat, arg)| self.value(pat, arg))
            }
            _ => false,
        }
    }
}
