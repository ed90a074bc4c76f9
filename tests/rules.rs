//! Is a rule true, and its guard needed? Walks the rules on every dtype and on the values where
//! rewrites go wrong.

#[path = "rules/graphs.rs"]
mod graphs;
#[path = "rules/spicy.rs"]
mod spicy;

use broadloom::base::DType;
use broadloom::graph::{Element, Graph};
use broadloom::op::{Binary, Unary, Values};
use broadloom::opt::pattern::Pat;
use broadloom::opt::rules::{RULES, Rule, When, rules_at};
use broadloom::opt::simplify::simplify;
use broadloom::reference::evaluate;

use spicy::spicy;

/// Columns whose rows are all combinations of the spicy values of these dtypes.
fn combinations(dtypes: &[DType]) -> (usize, Vec<Values>) {
    let each: Vec<Values> = dtypes.iter().map(|dtype| spicy(*dtype)).collect();
    let count: usize = each.iter().map(Values::len).product();
    let mut period = count;
    let column = |values: &Values| {
        period /= values.len();
        values.gather((0..count).map(|row| row / period % values.len()))
    };
    (count, each.iter().map(column).collect())
}

/// What the variables of a rule may be: names and dtypes.
type Typing = Vec<(&'static str, DType)>;

/// Every choice of dtypes for the variables of `rule` in which its left side has a type.
fn typings(rule: &Rule) -> Vec<Typing> {
    let mut typings: Vec<Typing> = vec![Vec::new()];
    for name in rule.variables() {
        let with = |typing: &Typing, dtype: &DType| [typing.clone(), vec![(name, *dtype)]].concat();
        typings =
            typings.iter().flat_map(|typing| DType::ALL.iter().map(|dtype| with(typing, dtype))).collect();
    }
    typings.retain(|typing| rule.lhs.dtype(&|name| dtype_in(typing, name), None).is_some());
    typings
}

fn dtype_in(typing: &Typing, name: &str) -> DType {
    typing.iter().find(|(var, _)| *var == name).expect("a variable of the rule").1
}

fn holds(rule: &Rule, typing: &Typing) -> bool {
    rule.holds(&|name| dtype_in(typing, name))
}

/// Both sides of a rule as graphs over the same inputs of `extent` elements.
fn sides(rule: &Rule, typing: &Typing, extent: usize) -> (Graph, Option<Graph>) {
    let lhs = rule.lhs.example(typing, None, extent).expect("the left side has a type");
    let expected = lhs.ty(lhs.outputs[0]).dtype;
    let rhs = rule.rhs.example(typing, Some(expected), extent);
    (lhs, rhs.filter(|rhs| rhs.ty(rhs.outputs[0]).dtype == expected))
}

/// Where the two sides differ, in words.
fn counterexample(rule: &Rule, typing: &Typing) -> Option<String> {
    let dtypes: Vec<DType> = typing.iter().map(|(_, dtype)| *dtype).collect();
    let (count, inputs) = combinations(&dtypes);
    let (lhs, Some(rhs)) = sides(rule, typing, count) else {
        return Some(format!("{}: the right side has another type over {typing:?}", rule.name));
    };
    let [lhs, rhs] = [lhs, rhs].map(|graph| evaluate(&graph, &inputs, &[]).unwrap().swap_remove(0));
    let row = (0..count).find(|&row| !lhs.get(row).same(rhs.get(row)))?;
    let values: Vec<String> = typing
        .iter()
        .zip(&inputs)
        .map(|((name, _), column)| format!("{name} = {:?}", column.get(row)))
        .collect();
    Some(format!("{}: {:?} is not {:?} at {}", rule.name, lhs.get(row), rhs.get(row), values.join(", ")))
}

#[test]
fn every_rule_is_bit_exact_wherever_it_holds() {
    for rule in RULES {
        let typings: Vec<Typing> = typings(rule).into_iter().filter(|typing| holds(rule, typing)).collect();
        assert!(!typings.is_empty(), "{} holds nowhere", rule.name);
        for typing in typings {
            assert_eq!(counterexample(rule, &typing), None);
        }
    }
}

#[test]
fn every_guard_is_needed() {
    for rule in RULES.iter().filter(|rule| rule.when != When::Always) {
        let mut beyond = typings(rule).into_iter().filter(|typing| !holds(rule, typing));
        let broken = beyond.any(|typing| counterexample(rule, &typing).is_some());
        assert!(broken, "{} holds everywhere: its guard goes", rule.name);
    }
}

#[test]
fn names_are_unique_and_kebab_case() {
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    for name in &names {
        let kebab =
            name.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()));
        assert!(kebab, "{name}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
}

#[test]
fn every_rule_makes_the_expression_smaller_or_more_logical() {
    fn parts(pat: &Pat) -> usize {
        1 + pat.args().iter().map(|arg| parts(arg)).sum::<usize>()
    }
    fn logical(pat: &Pat) -> usize {
        let here = match pat.root() {
            Some(Element::Unary(op)) => op == Unary::LogicalNot,
            Some(Element::Binary(op)) => {
                matches!(op, Binary::LogicalAnd | Binary::LogicalOr | Binary::LogicalXor)
            }
            _ => false,
        };
        usize::from(here) + pat.args().iter().map(|arg| logical(arg)).sum::<usize>()
    }
    for rule in RULES {
        let (lhs, rhs) = (parts(&rule.lhs), parts(&rule.rhs));
        let ends = rhs < lhs || (rhs == lhs && logical(&rule.rhs) > logical(&rule.lhs));
        assert!(ends, "{}: {lhs} parts become {rhs}", rule.name);
    }
}

#[test]
fn every_rule_fires() {
    for rule in RULES {
        for typing in typings(rule).into_iter().filter(|typing| holds(rule, typing)) {
            let (lhs, rhs) = sides(rule, &typing, 2);
            let [before, after] = [lhs, rhs.unwrap()].map(|graph| simplify(&graph).without_dead_nodes());
            assert_eq!(before.to_string(), after.to_string(), "{} over {typing:?}", rule.name);
        }
    }
}

#[test]
fn no_rule_hides_another() {
    for rule in RULES {
        let found = |typing: Typing| {
            let (lhs, _) = sides(rule, &typing, 2);
            let root = &lhs[lhs.outputs[0].node];
            let first = rules_at(&lhs, root).find(|rule| rule.matches(&lhs, root, |_| true).is_some());
            first.map(|first| first.name) == Some(rule.name)
        };
        assert!(typings(rule).into_iter().any(found), "{} is never the first that matches", rule.name);
    }
}

#[test]
fn an_op_that_commutes_matches_both_ways_round() {
    for (name, commuted) in [("0", "add %1, %0"), ("1", "add %0, %1")] {
        let text = format!(
            "graph {{\n %0 = input : i32[3]\n %1 = const 0 : i32[3]\n %2 = {commuted} : i32[3]\n return %2\n}}"
        );
        let graph = simplify(&text.parse().unwrap()).without_dead_nodes();
        assert_eq!(graph.to_string(), "graph {\n  %0 = input : i32[3]\n  return %0\n}\n", "{name}");
    }
}
