//! What simplifying does besides the rules: constants, casts, views, reductions, joins and reshapes.
//! Graphs are written as their text; each test also compares what they mean before and after.

use broadloom::base::{DType, Kind};
use broadloom::graph::{Graph, NodeId, Op, verify};
use broadloom::op::Values;
use broadloom::opt::simplify::simplify;
use broadloom::reference::evaluate;

use crate::spicy::spicy;

/// Simplifies `before`, compares with `after` and compares what both mean.
#[track_caller]
fn check(before: &str, after: &str) {
    let graph = |text: &str| {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = format!("graph {{\n{}\n}}", lines.join("\n"));
        text.parse::<Graph>().unwrap_or_else(|error| panic!("{error} in {text}"))
    };
    let before = graph(before);
    let simple = simplify(&before).without_dead_nodes();
    verify::verify(&simple).unwrap();
    assert_eq!(simple.to_string(), graph(after).to_string());
    assert_eq!(meaning(&before), meaning(&simple));
}

/// The outputs of `graph` over inputs and scalars of spicy values, as text in which every NaN is one.
fn meaning(graph: &Graph) -> Result<Vec<Vec<String>>, String> {
    let fill = |dtype: DType, count: usize| {
        let values = spicy(dtype);
        values.gather((0..count).map(|at| at * 5 % values.len()))
    };
    // Nodes that are gone in one graph are inputs of the other: all take what their number gives.
    let mut inputs = vec![fill(DType::Bool, 0); 8];
    for (_, node) in graph.iter() {
        if let Op::Input(k) = node.op {
            inputs[k as usize] = fill(node.ty().dtype, node.ty().shape.size());
        }
    }
    let scalars = [2.5_f32.into(), 7_i32.into()];
    let outputs = evaluate(graph, &inputs, &scalars).map_err(|error| format!("{:?}", error.kind()))?;
    let texts = |values: Values| (0..values.len()).map(|at| format!("{:?}", values.get(at))).collect();
    Ok(outputs.into_iter().map(texts).collect())
}

#[test]
fn ops_of_constants_are_constants() {
    check(
        "%0 = const -1 : f32[3]
         %1 = const 0 : f32[3]
         %2 = divide %0, %1 : f32[3]
         %3 = astype %2 : i32[3]
         %4 = less %2, %1 : bool[3]
         %5 = where %4, %0, %1 : f32[3]
         %6 = fma %5, %5, %0 : f32[3]
         return %3, %6",
        "%0 = const 0 : f32[3]
         %1 = const -2147483648 : i32[3]
         return %1, %0",
    );
}

#[test]
fn an_error_is_neither_folded_nor_dropped() {
    let error = "%0 = const 1 : i64[2]
         %1 = const -1 : i64[2]
         %2 = pow %0, %1 : i64[2]";
    check(&format!("{error}\n return %2"), &format!("{error}\n return %2"));
    let dropped = "%3 = subtract %2, %2 : i64[2]";
    check(&format!("{error}\n {dropped}\n return %3"), &format!("{error}\n {dropped}\n return %3"));
}

#[test]
fn a_sum_written_twice_in_another_order_is_one() {
    check(
        "%0 = input : f32[3]
         %1 = input : f32[3]
         %2 = add %0, %1 : f32[3]
         %3 = add %1, %0 : f32[3]
         %4 = multiply %2, %3 : f32[3]
         return %4",
        "%0 = input : f32[3]
         %1 = input : f32[3]
         %2 = add %0, %1 : f32[3]
         %3 = square %2 : f32[3]
         return %3",
    );
}

#[test]
fn rules_apply_until_none_matches() {
    check(
        "%0 = input : f32[3]
         %1 = const -1 : f32[3]
         %2 = multiply %1, %0 : f32[3]
         %3 = multiply %2, %1 : f32[3]
         %4 = scalar s0 : f32[]
         %5 = broadcast %4 : f32[3]
         %6 = maximum %3, %5 : f32[3]
         %7 = maximum %5, %6 : f32[3]
         return %7",
        "%0 = input : f32[3]
         %1 = scalar s0 : f32[3]
         %2 = maximum %0, %1 : f32[3]
         return %2",
    );
}

#[test]
fn casts_of_casts_that_lose_nothing_are_one_or_none() {
    // What keeps all values: wider integers, floats with as many digits, anything of truth values.
    let widens = |a: DType, b: DType| {
        let signed = |dtype: DType| dtype.is_int() && !dtype.is_unsigned();
        let digits = |dtype: DType| match dtype {
            DType::F16 => 11,
            DType::BF16 => 8,
            DType::F32 => 24,
            DType::F64 => 53,
            _ => 8 * dtype.size() - usize::from(signed(dtype)),
        };
        match (a.kind(), b.kind()) {
            (Kind::Bool, _) => true,
            (Kind::Int, Kind::Int) => digits(a) <= digits(b) && !(signed(a) && b.is_unsigned()),
            (Kind::Int, Kind::Float) => digits(a) <= digits(b),
            (Kind::Float, Kind::Float) => a == b || b.size() > a.size(),
            _ => false,
        }
    };
    for &a in DType::ALL {
        for &b in DType::ALL {
            for &c in DType::ALL {
                let text = format!(
                    "graph {{
                     %0 = input : {a}[60]
                     %1 = astype %0 : {b}[60]
                     %2 = astype %1 : {c}[60]
                     return %2
                     }}"
                );
                let graph: Graph = text.parse().unwrap();
                let simple = simplify(&graph).without_dead_nodes();
                assert_eq!(meaning(&graph), meaning(&simple), "{a} to {b} to {c}");
                // Integers wrap, floats go to the nearest end.
                let wraps = a.is_int() && b.is_float() && c.is_int() && !widens(a, c);
                let kept = a != b && b != c && (wraps || !widens(a, b));
                assert_eq!(simple.len() == 3, kept, "{a} to {b} to {c}");
            }
        }
    }
}

#[test]
fn views_that_change_nothing_vanish() {
    check(
        "%0 = input : f32[2, 3]
         %1 = permute_dims %0 by [0, 1] : f32[2, 3]
         %2 = broadcast %1 : f32[2, 3]
         %3 = slice %2 by [0+2*1, 0+3*1] : f32[2, 3]
         %4 = reshape %3 : f32[2, 3]
         return %4",
        "%0 = input : f32[2, 3]
         return %0",
    );
}

#[test]
fn a_flip_is_not_nothing_and_two_flips_are() {
    let flip = "%0 = input : f32[2, 3]
         %1 = slice %0 by [1+2*-1, 0+3*1] : f32[2, 3]";
    check(&format!("{flip}\n return %1"), &format!("{flip}\n return %1"));
    check(
        &format!("{flip}\n %2 = slice %1 by [1+2*-1, 0+3*1] : f32[2, 3]\n return %2"),
        "%0 = input : f32[2, 3]
         return %0",
    );
}

#[test]
fn views_of_views_are_one() {
    check(
        "%0 = input : f32[2, 3, 4]
         %1 = permute_dims %0 by [1, 2, 0] : f32[3, 4, 2]
         %2 = permute_dims %1 by [1, 2, 0] : f32[4, 2, 3]
         %3 = input : f32[12]
         %4 = slice %3 by [1+5*2] : f32[5]
         %5 = slice %4 by [4+2*-3] : f32[2]
         %6 = reshape %3 : f32[4, 3]
         %7 = reshape %6 : f32[2, 6]
         %8 = broadcast %3 : f32[2, 12]
         %9 = broadcast %8 : f32[3, 2, 12]
         %10 = reshape %3 : f32[1, 12]
         %11 = broadcast %10 : f32[2, 12]
         return %2, %5, %7, %9, %11",
        "%0 = input : f32[2, 3, 4]
         %1 = permute_dims %0 by [2, 0, 1] : f32[4, 2, 3]
         %2 = input : f32[12]
         %3 = slice %2 by [9+2*-6] : f32[2]
         %4 = reshape %2 : f32[2, 6]
         %5 = broadcast %2 : f32[2, 12]
         %6 = broadcast %2 : f32[3, 2, 12]
         return %1, %3, %4, %6, %5",
    );
}

#[test]
fn views_that_move_only_unit_axes_are_reshapes() {
    check(
        "%0 = input : f32[2, 1, 3]
         %1 = permute_dims %0 by [1, 0, 2] : f32[1, 2, 3]
         %2 = broadcast %1 : f32[1, 1, 2, 3]
         return %2",
        "%0 = input : f32[2, 1, 3]
         %1 = reshape %0 : f32[1, 1, 2, 3]
         return %1",
    );
}

#[test]
fn a_view_of_one_value_is_that_value() {
    check(
        "%0 = const 1 : f32[1]
         %1 = broadcast %0 : f32[4, 2]
         %2 = slice %1 by [3+2*-1, 0+2*1] : f32[2, 2]
         %3 = scalar s1 : i32[]
         %4 = reshape %3 : i32[1, 1]
         %5 = broadcast %4 : i32[3, 3]
         return %2, %5",
        "%0 = const 1 : f32[2, 2]
         %1 = scalar s1 : i32[3, 3]
         return %0, %1",
    );
}

#[test]
fn reductions_over_one_element_or_none_are_no_reductions() {
    check(
        "%0 = input : f32[2, 1, 3, 1]
         %1 = sum %0 over [1, 3] : f32[2, 3]
         %2 = argmax %0 over [1] : i64[2, 3, 1]
         %3 = max %0 over [2] : f32[2, 1, 1]
         %4 = input : f64[3, 0]
         %5 = sum %4 over [1] : f64[3]
         %6 = prod %4 over [1] : f64[3]
         %7 = scalar s0 : f32[4, 5]
         %8 = max %7 over [0] : f32[5]
         %9 = sum %7 over [0] : f32[5]
         return %1, %2, %3, %5, %6, %8, %9",
        "%0 = input : f32[2, 1, 3, 1]
         %1 = reshape %0 : f32[2, 3]
         %2 = const 0 : i64[2, 3, 1]
         %3 = max %0 over [2] : f32[2, 1, 1]
         %4 = const 0 : f64[3]
         %5 = const 1 : f64[3]
         %6 = scalar s0 : f32[4, 5]
         %7 = scalar s0 : f32[5]
         %8 = sum %6 over [0] : f32[5]
         return %1, %2, %3, %4, %5, %7, %8",
    );
}

#[test]
fn joins_lose_what_is_empty() {
    check(
        "%0 = input : f32[2, 3]
         %1 = input : f32[0, 3]
         %2 = join %1, %0, %1 along 0 : f32[2, 3]
         return %2",
        "%0 = input : f32[2, 3]
         return %0",
    );
}

#[test]
fn flattening_moves_to_memory() {
    check(
        "%0 = input : f32[2, 3]
         %1 = scalar s0 : f32[2, 3]
         %2 = input : f32[1]
         %3 = broadcast %2 : f32[2, 3]
         %4 = multiply %0, %1 : f32[2, 3]
         %5 = add %4, %3 : f32[2, 3]
         %6 = divide %5, %4 : f32[2, 3]
         %7 = reshape %6 : f32[6]
         return %7",
        "%0 = input : f32[2, 3]
         %1 = input : f32[1]
         %2 = reshape %0 : f32[6]
         %3 = scalar s0 : f32[6]
         %4 = reshape %1 : f32[]
         %5 = broadcast %4 : f32[6]
         %6 = multiply %2, %3 : f32[6]
         %7 = add %6, %5 : f32[6]
         %8 = divide %7, %6 : f32[6]
         return %8",
    );
}

#[test]
fn flattening_there_and_back_leaves_nothing() {
    check(
        "%0 = input : f32[2, 3]
         %1 = input : f32[3, 2]
         %2 = permute_dims %1 by [1, 0] : f32[2, 3]
         %3 = add %0, %2 : f32[2, 3]
         %4 = reshape %3 : f32[6]
         %5 = exp %4 : f32[6]
         %6 = reshape %5 : f32[3, 2]
         %7 = sqrt %6 : f32[3, 2]
         %8 = reshape %7 : f32[2, 3]
         return %8",
        "%0 = input : f32[2, 3]
         %1 = input : f32[3, 2]
         %2 = permute_dims %1 by [1, 0] : f32[2, 3]
         %3 = add %0, %2 : f32[2, 3]
         %4 = exp %3 : f32[2, 3]
         %5 = sqrt %4 : f32[2, 3]
         return %5",
    );
}

#[test]
fn flattening_stays_where_moving_it_would_cost() {
    let transposed = "%0 = input : f32[3, 2]
         %1 = permute_dims %0 by [1, 0] : f32[2, 3]
         %2 = exp %1 : f32[2, 3]
         %3 = reshape %2 : f32[6]
         return %3";
    check(transposed, transposed);
    let read_twice = "%0 = input : f32[2, 3]
         %1 = exp %0 : f32[2, 3]
         %2 = reshape %1 : f32[6]
         return %1, %2";
    check(read_twice, read_twice);
    let epilogue = "%0 = input : f32[2, 2]
         %1 = input : f32[2, 3]
         %2 = matmul %0, %1 : f32[2, 3]
         %3 = exp %2 : f32[2, 3]
         %4 = reshape %3 : f32[6]
         return %4";
    check(epilogue, epilogue);
}

#[test]
fn long_chains_take_linear_time() {
    let mut text = String::from("graph {\n%0 = input : f32[2, 3]\n");
    let shapes = ["[6]", "[3, 2]", "[2, 3]"];
    for at in 0..100_000 {
        let shape = |step: usize| shapes[step % 3];
        let (reshape, op) = (2 * at + 1, 2 * at + 2);
        text += &format!("%{reshape} = reshape %{} : f32{}\n", 2 * at, shape(at));
        text += &format!("%{op} = {} %{reshape} : f32{}\n", ["negative", "exp"][at % 2], shape(at));
    }
    text += "return %200000\n}";
    let graph: Graph = text.parse().unwrap();
    let simple = simplify(&graph);
    assert!(simple.len() <= graph.len());
    assert_eq!(simple.ty(simple.outputs[0]), graph.ty(NodeId::new(200_000).into()));
}

#[test]
fn a_slice_of_a_join_within_one_part_is_one_of_that_part() {
    check(
        "%0 = input : f32[2, 3]
         %1 = input : f32[2, 4]
         %2 = join %0, %1 along 1 : f32[2, 7]
         %3 = slice %2 by [0+2*1, 0+3*1] : f32[2, 3]
         %4 = slice %2 by [1+1*1, 6+2*-3] : f32[1, 2]
         %5 = slice %2 by [0+2*1, 2+2*1] : f32[2, 2]
         return %3, %4, %5",
        "%0 = input : f32[2, 3]
         %1 = input : f32[2, 4]
         %2 = join %0, %1 along 1 : f32[2, 7]
         %3 = slice %1 by [1+1*1, 3+2*-3] : f32[1, 2]
         %4 = slice %2 by [0+2*1, 2+2*1] : f32[2, 2]
         return %0, %3, %4",
    );
}

#[test]
fn a_part_of_a_join_that_may_fail_stays() {
    let text = "%0 = input : i32[2]
         %1 = pow %0, %0 : i32[2]
         %2 = join %0, %1 along 0 : i32[4]
         %3 = slice %2 by [0+2*1] : i32[2]
         return %3";
    check(text, text);
}
