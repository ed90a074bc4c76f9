//! How much memory is in use at once? Arrays that die are written over.
//!
//! The peak is the process', so each case runs in a process of its own.

use std::process::Command;

use broadloom::engine;
use broadloom::prelude::*;

/// Elements of the arrays, 4 MiB of `f32`: a size the pool does not round up.
const SIZE: usize = 1 << 20;

/// Runs `work` in a process of its own, the test of this name alone.
fn alone(name: &str, work: impl FnOnce()) {
    if std::env::var("BROADLOOM_PEAK").as_deref() == Ok(name) {
        return work();
    }
    let this = std::env::current_exe().unwrap();
    let run = Command::new(this).args([name, "--exact"]).env("BROADLOOM_PEAK", name).output().unwrap();
    assert!(
        run.status.success(),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
}

fn array(shape: impl broadloom::ToShape) -> Array {
    // Computed, so that its memory is counted.
    (Array::zeros(shape, F32) + 0.5).eval().unwrap()
}

/// Asserts that evaluating takes the memory of `arrays` arrays more than there is in use, and no
/// other.
fn takes(arrays: usize, lazy: Array) {
    let before = engine().stats().bytes_live;
    let result = lazy.eval().unwrap();
    let more = engine().stats().bytes_peak - before;
    let most = (arrays * SIZE * 4 + (1 << 20)) as u64;
    assert!(more <= most, "{more} bytes more, of {arrays} arrays");
    assert!(more >= most - (1 << 20), "{more} bytes: nothing was computed");
    drop(result);
}

#[test]
fn a_chain_of_stored_stages_takes_its_result() {
    alone("a_chain_of_stored_stages_takes_its_result", || {
        engine().set_optimize(false);
        let x = array([1024, 1024]);
        let mut y = &x + &x;
        for step in 0..20 {
            y = if step % 2 == 0 { -y } else { (y + &x).abs() };
        }
        takes(1, y);
    });
}

#[test]
fn stages_with_reductions_between_them_take_their_result_and_what_they_broadcast() {
    alone("stages_with_reductions_between_them_take_their_result_and_what_they_broadcast", || {
        engine().set_optimize(false);
        let x = array([1024, 1024]);
        takes(2, x.softmax(-1).softmax(0));
    });
}

#[test]
fn rows_that_die_are_written_over_by_their_group() {
    alone("rows_that_die_are_written_over_by_their_group", || {
        // Nobody holds the rows once the expression is written.
        let softmax = array([1024, 1024]).softmax(-1);
        takes(0, softmax);
        let normal = array([1024, 1024]).layer_norm(-1, array([1024]), array([1024]), 1e-5);
        takes(0, normal);
    });
}

#[test]
fn a_residual_that_dies_is_written_over_by_the_product() {
    alone("a_residual_that_dies_is_written_over_by_the_product", || {
        let (x, w, residual) = (array([1024, 64]), array([64, 1024]), array([1024, 1024]));
        takes(0, x.matmul(&w) + residual);
    });
}

#[test]
fn a_long_chain_of_strips_writes_over_what_it_has_read() {
    alone("a_long_chain_of_strips_writes_over_what_it_has_read", || {
        let mut y = array([1024, 1024]);
        for _ in 0..40 {
            y = y.exp().sin();
        }
        takes(0, y);
    });
}

/// What is read again after it was written over would be wrong.
#[test]
fn what_is_read_elsewhere_or_later_is_not_written_over() {
    alone("what_is_read_elsewhere_or_later_is_not_written_over", || {
        let x = array([1024, 1024]);
        let crossed = x.t();
        takes(1, x + crossed);
    });
}
