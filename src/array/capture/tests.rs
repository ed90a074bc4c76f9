//! What is captured, given away, kept and stored, on small graphs and very long ones.

use super::*;
use crate::base::DType::*;

/// An evaluated array of two elements.
fn leaf() -> Array {
    Array::from_vec(vec![1.0, 2.0], 2).unwrap()
}

/// Of the program of `roots`, given away: per input whether it may be overwritten.
fn donated(mut roots: Vec<Array>) -> Vec<bool> {
    let (captured, _) = give(&mut roots).unwrap();
    captured.inputs.iter().map(|leaf| leaf.donated).collect()
}

/// The number of arrays that evaluating `array` in place stores.
fn stored(array: &Array) -> usize {
    let (captured, nodes) = lend(std::slice::from_ref(array)).unwrap();
    run(captured, nodes.clone()).unwrap();
    nodes.len()
}

fn graph(array: &Array) -> String {
    program(std::slice::from_ref(array)).unwrap().graph.to_string()
}

#[test]
fn a_leaf_that_only_the_given_root_reads_is_donated() {
    assert_eq!(donated(vec![leaf() * 2.0 + 1.0]), [true]);
    let sum = leaf() + leaf();
    let root = sum.exp();
    drop(sum);
    assert_eq!(donated(vec![root]), [true, true]);
}

#[test]
fn a_leaf_that_somebody_holds_is_not_donated() {
    let x = leaf();
    assert_eq!(donated(vec![&x * leaf()]), [false, true]);
    let named = x.clone().named("x");
    drop(x);
    assert_eq!(donated(vec![&named * 2.0]), [false]);
}

#[test]
fn a_leaf_is_not_donated_while_a_node_that_reads_it_is_held() {
    let held = leaf() * 2.0;
    assert_eq!(donated(vec![held.exp()]), [false]);
    let other = leaf();
    let reader = other.sum(..);
    let root = other * 3.0;
    assert_eq!(donated(vec![root]), [false]);
    drop(reader);
}

#[test]
fn a_root_with_another_handle_keeps_its_leaves() {
    let root = leaf() * 2.0;
    let other = root.clone();
    assert_eq!(donated(vec![root]), [false]);
    assert_eq!(donated(vec![other]), [true]);
    let root = leaf() * 2.0;
    assert_eq!(donated(vec![root.clone(), root]), [false]);
}

#[test]
fn a_root_that_reads_another_gives_what_both_read() {
    let one = leaf() * 2.0;
    let two = one.exp();
    assert_eq!(donated(vec![one, two]), [true]);
    let one = leaf() * 2.0;
    let two = one.exp();
    assert_eq!(donated(vec![two, one]), [true]);
}

#[test]
fn an_evaluated_root_is_not_overwritten_by_another() {
    let x = leaf();
    let y = &x + 1.0;
    assert_eq!(donated(vec![x, y]), [false]);
}

#[test]
fn a_temporary_of_the_same_statement_holds_what_it_reads() {
    // `leaf() + 1.0` lives until the end of the statement, and could be asked for after the root.
    assert_eq!(donated(vec![(leaf() + 1.0).exp()]), [false]);
}

#[test]
fn two_names_of_one_buffer_are_both_kept() {
    // Naming an evaluated array makes a second node of the same memory.
    let x = leaf();
    let y = x.clone().named("y");
    assert_eq!(donated(vec![x + y]), [false, false]);
}

#[test]
fn giving_and_failing_loses_no_value_that_is_held() {
    let (k, held) = (Array::from_vec(vec![1, 2], 2).unwrap(), leaf());
    let power = k.pow(Array::from_vec(vec![-1, 1], 2).unwrap());
    let root = &held * &power;
    assert!(root.eval().is_err() && power.force().is_err());
    assert_eq!(held.to_vec::<f64>().unwrap(), [1.0, 2.0]);
    assert_eq!((&k + 1).to_vec::<i32>().unwrap(), [2, 3]);
}

#[test]
fn what_was_passed_is_stored_when_something_new_reads_it() {
    let y = leaf() * 2.0;
    assert_eq!(stored(&y.sum(..)), 1);
    assert!(!y.is_evaluated());
    assert_eq!(stored(&y.max(..)), 2);
    assert!(y.is_evaluated());
    assert_eq!(stored(&y.min(..)), 1);
}

#[test]
fn the_border_is_looked_for_behind_views() {
    let y = leaf() * 2.0;
    assert_eq!(stored(&y.i(0)), 1);
    assert_eq!(stored(&y.i(1)), 2);
    assert!(y.is_evaluated());
    let z = leaf() * 3.0;
    stored(&z.sum(..));
    stored(&(z.flip(0).reshape([1, 2]) + 1.0));
    assert!(z.is_evaluated());
}

#[test]
fn views_and_creation_are_not_stored() {
    let (x, y) = (Array::linspace(0.0, 1.0, 5), leaf());
    let view = y.flip(0);
    stored(&(&x.sum(..) + &view));
    stored(&(&x.max(..) * &view));
    assert!(!x.is_evaluated() && !view.is_evaluated());
}

#[test]
fn a_border_nobody_holds_is_not_stored() {
    let x = leaf();
    let y = &x * 2.0;
    let z = y.exp();
    stored(&z.sum(..));
    // `y` and `z` were passed; `z` is read anew and only by the root.
    let mut roots = vec![z.max(..)];
    drop((y, z));
    let (captured, nodes) = give(&mut roots).unwrap();
    assert_eq!((captured.graph.outputs.len(), nodes.len()), (1, 1));
}

#[test]
fn a_loop_that_reads_a_scalar_every_step_stays_linear() {
    let (mut w, mut longest) = (leaf(), 0);
    let mut x = Array::zeros(2, F64);
    for _ in 0..100 {
        w = &w - (&w * &w) * 0.1;
        x += Array::arange(0..2);
        let loss = (&w * &w).sum(..) + x.sum(..);
        let (captured, nodes) = lend(std::slice::from_ref(&loss)).unwrap();
        longest = longest.max(captured.graph.len());
        run(captured, nodes).unwrap();
    }
    assert!(longest < 50, "{longest} nodes in one program");
}

#[test]
fn scalars_are_not_part_of_the_program_but_0_and_1_are() {
    let x = leaf();
    assert_eq!(graph(&(&x * 2.5 + 7.0)), graph(&(&x * 3.5 + 3.5)));
    assert_ne!(graph(&(&x * 2.5)), graph(&(&x * 1.0)));
    let captured = program(&[&x * 2.5 + 7.0]).unwrap();
    assert_eq!(captured.scalars, [Scalar::from(2.5), Scalar::from(7.0)]);
}

#[test]
fn what_two_roots_share_is_in_the_program_once() {
    let y = leaf().exp();
    let captured = program(&[&y + 1.0, &y * 1.0, &y + 1.0]).unwrap();
    assert_eq!(captured.graph.outputs[0], captured.graph.outputs[2]);
    assert_eq!(captured.graph.len(), 5);
    let mut roots = vec![&y + 1.0, &y + 1.0];
    let (captured, nodes) = give(&mut roots).unwrap();
    assert_eq!((captured.graph.outputs.len(), nodes.len()), (1, 2));
}

#[test]
fn a_million_nodes_build_evaluate_and_drop_on_a_small_stack() {
    let chain = || {
        let x = leaf();
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = y.negative();
        }
        assert_eq!(format!("{y:?}"), "Array(f64[2], lazy: 1000000 ops, holds 16 bytes)");
        drop(y.clone().exp());
        assert_eq!(y.to_vec::<f64>().unwrap(), [1.0, 2.0]);
        let mut z = x;
        for _ in 0..1_000_000 {
            z = &z + &z;
        }
        drop(z);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(chain).unwrap().join().unwrap();
}

#[test]
fn threads_that_meet_on_a_node_get_one_value() {
    let y = (0..50).fold(leaf(), |y, _| (y * 1.5).sin());
    let pointers: Vec<usize> = std::thread::scope(|scope| {
        let force = || y.as_slice_after_force();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(force)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(pointers.iter().all(|&pointer| pointer == pointers[0]));
}

impl Array {
    fn as_slice_after_force(&self) -> usize {
        self.force().unwrap();
        self.as_slice::<f64>().unwrap().as_ptr() as usize
    }
}
