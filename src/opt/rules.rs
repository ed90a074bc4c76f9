//! THE RULES: laws of the scalar ops, one row each, that make an expression smaller. `simplify`
//! applies them at every node; `tests/rules.rs` walks them and proves each.
//!
//! - A rule is exact: equal bits for every input, all NaNs being one value. One that holds only
//!   where nothing is a float says `if ints`, and a guard that nothing needs is refused.
//! - `m`, `p` and `q` stand for truth values; every other variable for a value of any dtype that
//!   the ops take. `0` in a row is `+0.0` on floats.
//! - An op that commutes matches both ways round.
//! - The right side has fewer parts than the left, or as many and more of them logical ops: so
//!   rewriting ends.
//! - On truth values `+`, `*`, maximum, minimum and the bitwise ops become logical ones: laws of
//!   truth values are written once.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::base::DType;
use crate::graph::{Element, Graph, Node, Op, Value};
use crate::op::{Binary, Unary};
use crate::opt::pattern::{Bindings, Pat, pat};

/// One rewrite: wherever `lhs` matches and `when` holds, use `rhs`.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// In kebab-case.
    pub name: &'static str,
    /// What is found.
    pub lhs: Pat,
    /// What it becomes.
    pub rhs: Pat,
    /// Where.
    pub when: When,
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On every dtype its ops take.
    Always,
    /// Where no variable is a float: on integers and truth values.
    Ints,
    /// Where no variable is an unsigned integer.
    Signed,
}

impl When {
    /// Whether it holds where variables have these dtypes.
    fn holds(self, dtypes: impl IntoIterator<Item = DType>) -> bool {
        let mut dtypes = dtypes.into_iter();
        match self {
            When::Always => true,
            When::Ints => !dtypes.any(DType::is_float),
            When::Signed => !dtypes.any(DType::is_unsigned),
        }
    }
}

macro_rules! rules {
    ($( $name:literal $lhs:tt => $rhs:tt $(if $when:ident)? ; )*) => {
        &[$( Rule { name: $name, lhs: pat!($lhs), rhs: pat!($rhs), when: rules!(@when $($when)?) }, )*]
    };
    (@when) => { When::Always };
    (@when ints) => { When::Ints };
    (@when signed) => { When::Signed };
}

/// Every rule; the first that matches is taken.
pub static RULES: &[Rule] = rules![
    // Signs. A float's sign is a bit of its own, so most laws of signs are exact.
    "neg-neg"           (Negative (Negative x))                 => x;
    "add-neg"           (Add a (Negative b))                    => (Subtract a b);
    "sub-neg"           (Subtract a (Negative b))               => (Add a b);
    "neg-sub"           (Negative (Subtract a b))               => (Subtract b a)   if ints; // a - a is +0 both ways
    "mul-neg-neg"       (Multiply (Negative a) (Negative b))    => (Multiply a b);
    "div-neg-neg"       (Divide (Negative a) (Negative b))      => (Divide a b);
    "mul-minus-one"     (Multiply x (-1))                       => (Negative x);
    "div-minus-one"     (Divide x (-1))                         => (Negative x);
    "abs-abs"           (Abs (Abs x))                           => (Abs x);
    "abs-neg"           (Abs (Negative x))                      => (Abs x)          if signed; // -1 is 255
    "abs-bool"          (Abs p)                                 => p;
    "max-neg"           (Maximum x (Negative x))                => (Abs x)          if signed;
    "sign-sign"         (Sign (Sign x))                         => (Sign x);
    "sign-mul-abs"      (Multiply (Sign x) (Abs x))             => x                if ints; // sign(-0.0) is +0.0

    // Sums.
    "add-zero"          (Add x 0)                               => x                if ints; // -0.0 + 0 is +0.0
    "add-minus-zero"    (Add x (-0.0))                          => x;
    "sub-zero"          (Subtract x 0)                          => x;
    "zero-sub"          (Subtract 0 x)                          => (Negative x)     if ints; // 0 - 0 is +0.0
    "minus-zero-sub"    (Subtract (-0.0) x)                     => (Negative x);
    "sub-self"          (Subtract x x)                          => 0                if ints; // inf - inf is NaN
    "sub-add"           (Subtract (Add x y) y)                  => x                if ints; // sums round
    "add-sub"           (Add (Subtract x y) y)                  => x                if ints;
    "sub-of-sum"        (Subtract x (Add x y))                  => (Negative y)     if ints;
    "sub-of-difference" (Subtract x (Subtract x y))             => y                if ints;

    // Products and quotients.
    "mul-one"           (Multiply x 1)                          => x;
    "mul-zero"          (Multiply x 0)                          => 0                if ints; // NaN * 0 is NaN, -1 * 0 is -0.0
    "div-one"           (Divide x 1)                            => x;
    "one-div"           (Divide 1 x)                            => (Reciprocal x);
    "mul-self"          (Multiply x x)                          => (Square x);
    "square-neg"        (Square (Negative x))                   => (Square x);
    "square-abs"        (Square (Abs x))                        => (Square x);
    "square-bool"       (Square p)                              => p;
    "floor-div-one"     (FloorDivide x 1)                       => x                if ints;
    "floor-div-minus-one" (FloorDivide x (-1))                  => (Negative x)     if ints;
    "floor-div-zero"    (FloorDivide x 0)                       => 0                if ints; // on integers x // 0 is 0
    "zero-floor-div"    (FloorDivide 0 x)                       => 0                if ints;
    "rem-one"           (Remainder x 1)                         => 0                if ints;
    "rem-minus-one"     (Remainder x (-1))                      => 0                if ints;
    "rem-zero"          (Remainder x 0)                         => 0                if ints; // on integers x % 0 is 0
    "zero-rem"          (Remainder 0 x)                         => 0                if ints;
    "rem-self"          (Remainder x x)                         => 0                if ints;
    "fma-one"           (Fma x 1 y)                             => (Add x y);
    "one-fma"           (Fma 1 x y)                             => (Add x y);
    "fma-minus-one"     (Fma x (-1) y)                          => (Subtract y x);
    "minus-one-fma"     (Fma (-1) x y)                          => (Subtract y x);
    "fma-neg-neg"       (Fma (Negative x) (Negative y) z)       => (Fma x y z);
    "fma-minus-zero"    (Fma x y (-0.0))                        => (Multiply x y);

    // Roundings: what is a whole number stays one, and zeros keep their sign.
    "floor-floor"       (Floor (Floor x))                       => (Floor x);
    "floor-ceil"        (Floor (Ceil x))                        => (Ceil x);
    "floor-trunc"       (Floor (Trunc x))                       => (Trunc x);
    "floor-round"       (Floor (Round x))                       => (Round x);
    "ceil-floor"        (Ceil (Floor x))                        => (Floor x);
    "ceil-ceil"         (Ceil (Ceil x))                         => (Ceil x);
    "ceil-trunc"        (Ceil (Trunc x))                        => (Trunc x);
    "ceil-round"        (Ceil (Round x))                        => (Round x);
    "trunc-floor"       (Trunc (Floor x))                       => (Floor x);
    "trunc-ceil"        (Trunc (Ceil x))                        => (Ceil x);
    "trunc-trunc"       (Trunc (Trunc x))                       => (Trunc x);
    "trunc-round"       (Trunc (Round x))                       => (Round x);
    "round-floor"       (Round (Floor x))                       => (Floor x);
    "round-ceil"        (Round (Ceil x))                        => (Ceil x);
    "round-trunc"       (Round (Trunc x))                       => (Trunc x);
    "round-round"       (Round (Round x))                       => (Round x);
    "floor-int"         (Floor x)                               => x                if ints;
    "ceil-int"          (Ceil x)                                => x                if ints;
    "trunc-int"         (Trunc x)                               => x                if ints;
    "round-int"         (Round x)                               => x                if ints;

    // The larger and the smaller: NaN goes through, -0 < +0, so both are associative and idempotent.
    "max-self"          (Maximum x x)                           => x;
    "min-self"          (Minimum x x)                           => x;
    "max-max"           (Maximum (Maximum x y) y)               => (Maximum x y);
    "min-min"           (Minimum (Minimum x y) y)               => (Minimum x y);
    "max-min"           (Maximum (Minimum x y) y)               => y                if ints; // x may be NaN
    "min-max"           (Minimum (Maximum x y) y)               => y                if ints;

    // Selections.
    "select-same"       (Select m x x)                          => x;
    "select-true"       (Select true a b)                       => a;
    "select-false"      (Select false a b)                      => b;
    "select-not"        (Select (LogicalNot m) a b)             => (Select m b a);
    "select-yes-again"  (Select m (Select m a b) c)             => (Select m a c);
    "select-no-again"   (Select m a (Select m b c))             => (Select m a c);
    "select-mask"       (Select m true false)                   => m;
    "select-not-mask"   (Select m false true)                   => (LogicalNot m);
    "select-and"        (Select p q false)                      => (LogicalAnd p q);
    "select-or"         (Select p true q)                       => (LogicalOr p q);
    "select-equal"      (Select (Equal a b) a b)                => b                if ints; // -0.0 equals +0.0
    "select-not-equal"  (Select (NotEqual a b) a b)             => a                if ints;
    "select-less"       (Select (Less a b) a b)                 => (Minimum a b)    if ints; // NaN is less than nothing
    "select-less-equal" (Select (LessEqual a b) a b)            => (Minimum a b)    if ints;
    "select-greater"    (Select (Greater a b) a b)              => (Maximum a b)    if ints;
    "select-greater-equal" (Select (GreaterEqual a b) a b)      => (Maximum a b)    if ints;

    // Truth values: everything that is a logical op by another name.
    "add-bool"          (Add p q)                               => (LogicalOr p q);
    "mul-bool"          (Multiply p q)                          => (LogicalAnd p q);
    "max-bool"          (Maximum p q)                           => (LogicalOr p q);
    "min-bool"          (Minimum p q)                           => (LogicalAnd p q);
    "bit-and-bool"      (BitwiseAnd p q)                        => (LogicalAnd p q);
    "bit-or-bool"       (BitwiseOr p q)                         => (LogicalOr p q);
    "bit-xor-bool"      (BitwiseXor p q)                        => (LogicalXor p q);
    "invert-bool"       (BitwiseInvert p)                       => (LogicalNot p);

    // Logic.
    "not-not"           (LogicalNot (LogicalNot p))             => p;
    "not-not-and-not"   (LogicalNot (LogicalAnd (LogicalNot p) (LogicalNot q))) => (LogicalOr p q);
    "not-not-or-not"    (LogicalNot (LogicalOr (LogicalNot p) (LogicalNot q)))  => (LogicalAnd p q);
    "not-xor"           (LogicalNot (LogicalXor p q))           => (Equal p q);
    "and-self"          (LogicalAnd p p)                        => p;
    "or-self"           (LogicalOr p p)                         => p;
    "xor-self"          (LogicalXor x x)                        => false;
    "and-true"          (LogicalAnd p true)                     => p;
    "and-zero"          (LogicalAnd x 0)                        => false;
    "or-false"          (LogicalOr p false)                     => p;
    "or-one"            (LogicalOr x 1)                         => true;
    "xor-false"         (LogicalXor p false)                    => p;
    "xor-true"          (LogicalXor p true)                     => (LogicalNot p);
    "and-not"           (LogicalAnd p (LogicalNot p))           => false;
    "or-not"            (LogicalOr p (LogicalNot p))            => true;
    "xor-not"           (LogicalXor p (LogicalNot p))           => true;
    "and-and"           (LogicalAnd (LogicalAnd p q) q)         => (LogicalAnd p q);
    "or-or"             (LogicalOr (LogicalOr p q) q)           => (LogicalOr p q);
    "xor-xor"           (LogicalXor (LogicalXor p q) q)         => p;
    "and-or"            (LogicalAnd (LogicalOr p q) q)          => q;
    "or-and"            (LogicalOr (LogicalAnd p q) q)          => q;

    // Comparisons. NaN compares with nothing, not with itself either.
    "not-equal"         (LogicalNot (Equal a b))                => (NotEqual a b);
    "not-not-equal"     (LogicalNot (NotEqual a b))             => (Equal a b);
    "not-less"          (LogicalNot (Less a b))                 => (GreaterEqual a b) if ints;
    "not-less-equal"    (LogicalNot (LessEqual a b))            => (Greater a b)    if ints;
    "not-greater"       (LogicalNot (Greater a b))              => (LessEqual a b)  if ints;
    "not-greater-equal" (LogicalNot (GreaterEqual a b))         => (Less a b)       if ints;
    "equal-self"        (Equal x x)                             => true             if ints;
    "not-equal-self"    (NotEqual x x)                          => (IsNan x);
    "less-self"         (Less x x)                              => false;
    "less-equal-self"   (LessEqual x x)                         => true             if ints;
    "greater-self"      (Greater x x)                           => false;
    "greater-equal-self" (GreaterEqual x x)                     => true             if ints;
    "equal-true"        (Equal p true)                          => p;
    "equal-false"       (Equal p false)                         => (LogicalNot p);
    "not-equal-true"    (NotEqual p true)                       => (LogicalNot p);
    "not-equal-false"   (NotEqual p false)                      => p;

    // Kinds of numbers.
    "isnan-int"         (IsNan x)                               => false            if ints;
    "isinf-int"         (IsInf x)                               => false            if ints;
    "isfinite-int"      (IsFinite x)                            => true             if ints;
    "isnan-neg"         (IsNan (Negative x))                    => (IsNan x);
    "isinf-neg"         (IsInf (Negative x))                    => (IsInf x);
    "isfinite-neg"      (IsFinite (Negative x))                 => (IsFinite x);
    "isnan-abs"         (IsNan (Abs x))                         => (IsNan x);
    "isinf-abs"         (IsInf (Abs x))                         => (IsInf x);
    "isfinite-abs"      (IsFinite (Abs x))                      => (IsFinite x);
    "isnan-sign"        (IsNan (Sign x))                        => (IsNan x);
    "isnan-square"      (IsNan (Square x))                      => (IsNan x);
    "not-neg"           (LogicalNot (Negative x))               => (LogicalNot x);
    "not-abs"           (LogicalNot (Abs x))                    => (LogicalNot x);
    "not-sign"          (LogicalNot (Sign x))                   => (LogicalNot x);

    // Bits.
    "invert-invert"     (BitwiseInvert (BitwiseInvert x))       => x;
    "bit-and-self"      (BitwiseAnd x x)                        => x;
    "bit-or-self"       (BitwiseOr x x)                         => x;
    "bit-xor-self"      (BitwiseXor x x)                        => 0;
    "bit-and-zero"      (BitwiseAnd x 0)                        => 0;
    "bit-and-minus-one" (BitwiseAnd x (-1))                     => x;
    "bit-or-zero"       (BitwiseOr x 0)                         => x;
    "bit-or-minus-one"  (BitwiseOr x (-1))                      => (-1);
    "bit-xor-zero"      (BitwiseXor x 0)                        => x;
    "bit-xor-minus-one" (BitwiseXor x (-1))                     => (BitwiseInvert x);
    "bit-and-invert"    (BitwiseAnd x (BitwiseInvert x))        => 0;
    "bit-and-and"       (BitwiseAnd (BitwiseAnd x y) y)         => (BitwiseAnd x y);
    "bit-or-or"         (BitwiseOr (BitwiseOr x y) y)           => (BitwiseOr x y);
    "bit-xor-xor"       (BitwiseXor (BitwiseXor x y) y)         => x;
    "bit-and-or"        (BitwiseAnd (BitwiseOr x y) y)          => y;
    "bit-or-and"        (BitwiseOr (BitwiseAnd x y) y)          => y;
    "invert-and"        (BitwiseInvert (BitwiseAnd (BitwiseInvert x) (BitwiseInvert y))) => (BitwiseOr x y);
    "invert-or"         (BitwiseInvert (BitwiseOr (BitwiseInvert x) (BitwiseInvert y)))  => (BitwiseAnd x y);
    "shift-left-zero"   (BitwiseLeftShift x 0)                  => x;
    "shift-right-zero"  (BitwiseRightShift x 0)                 => x;
    "zero-shift-left"   (BitwiseLeftShift 0 x)                  => 0;
    "zero-shift-right"  (BitwiseRightShift 0 x)                 => 0;
    "minus-one-shift-right" (BitwiseRightShift (-1) x)          => (-1);
];

impl Rule {
    /// Whether it may be used where its variables have the dtypes that `of` says.
    pub fn holds(&self, of: &dyn Fn(&str) -> DType) -> bool {
        self.when.holds(self.variables().into_iter().map(of))
    }

    /// Its variables, in the order in which the left side names them.
    pub fn variables(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        let mut pending = vec![&self.lhs];
        while let Some(pat) = pending.pop() {
            match pat {
                Pat::Var(name) | Pat::Mask(name) if !found.contains(name) => found.push(name),
                _ => pending.extend(pat.args().into_iter().rev()),
            }
        }
        found
    }

    /// What its variables stand for if it may be used at `node`, whose arguments are in `graph`.
    /// Where a value is not needed any more, `lose` says whether it may go.
    pub fn matches(&self, graph: &Graph, node: &Node, lose: impl Fn(Value) -> bool) -> Option<Bindings> {
        let bound = self.lhs.matches(graph, node)?;
        let holds = self.when.holds(bound.iter().map(|(_, value)| graph.ty(value).dtype));
        let loses = |(name, value)| !self.rhs.uses(name) && !lose(value);
        (holds && !bound.iter().any(loses)).then_some(bound)
    }
}

/// What the arguments of a node are, as far as patterns ask before anything is bound.
#[derive(Default)]
struct Features {
    /// One is a constant.
    constant: bool,
    /// One is a truth value.
    truth: bool,
    /// Two are the same.
    twice: bool,
    /// The ops among them.
    ops: SmallVec<[Element; 3]>,
}

impl Features {
    /// What every node that `pat` matches has.
    fn of_pattern(pat: &Pat) -> Self {
        let args = pat.args();
        let twice = |arg: &&Pat| {
            let same = |other: &&&Pat| matches!((arg, other), (Pat::Var(a), Pat::Var(b)) if a == b);
            args.iter().filter(same).count() > 1
        };
        Self {
            constant: args.iter().any(|arg| matches!(arg, Pat::Num(_) | Pat::Truth(_))),
            truth: args.iter().any(|arg| matches!(arg, Pat::Mask(_))),
            twice: args.iter().any(twice),
            ops: args.iter().filter_map(|arg| arg.root()).collect(),
        }
    }

    fn of_node(graph: &Graph, node: &Node) -> Self {
        let mut features = Self::default();
        for (nth, arg) in node.args.iter().enumerate() {
            match &graph[arg.node].op {
                Op::Const(_) => features.constant = true,
                Op::Elementwise(element) => features.ops.push(*element),
                _ => {}
            }
            features.truth |= graph.ty(*arg).dtype == DType::Bool;
            features.twice |= node.args[..nth].contains(arg);
        }
        features
    }

    fn include(&self, needed: &Features) -> bool {
        (self.constant || !needed.constant)
            && (self.truth || !needed.truth)
            && (self.twice || !needed.twice)
            && needed.ops.iter().all(|op| self.ops.contains(op))
    }
}

/// The rules that may match `node`, whose arguments are in `graph`, in the order of the table: all that
/// have its op at the root, but for those that one look at its arguments rules out.
pub fn rules_at(graph: &Graph, node: &Node) -> impl Iterator<Item = &'static Rule> {
    static BY_ROOT: OnceLock<FxHashMap<Element, Vec<(Features, &'static Rule)>>> = OnceLock::new();
    let by_root = BY_ROOT.get_or_init(|| {
        let mut by_root: FxHashMap<Element, Vec<(Features, &'static Rule)>> = FxHashMap::default();
        for rule in RULES {
            let root = rule.lhs.root().expect("a rule begins with an op");
            by_root.entry(root).or_default().push((Features::of_pattern(&rule.lhs), rule));
        }
        by_root
    });
    let of_root = match &node.op {
        Op::Elementwise(element) => by_root.get(element).map_or(&[][..], Vec::as_slice),
        _ => &[],
    };
    let features = Features::of_node(graph, node);
    of_root.iter().filter(move |(needed, _)| features.include(needed)).map(|(_, rule)| *rule)
}
