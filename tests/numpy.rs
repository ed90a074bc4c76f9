//! Does it behave like NumPy?
//!
//! The answers are in `tests/numpy/answers/*.txt`, written by `tests/numpy/numpy_answers.py`, which also
//! describes their format, and its neighbours `tests/numpy/numpy_*.py`; where the crate differs from
//! NumPy on purpose, their lines say so. `cases`
//! reads them, `calls` and `surface` ask the crate, `famous` is what everybody knows, by hand; `users` runs the page for
//! NumPy users.

#[path = "numpy/calls.rs"]
mod calls;
#[path = "numpy/cases.rs"]
mod cases;
#[path = "numpy/coverage.rs"]
mod coverage;
#[path = "numpy/famous.rs"]
mod famous;
#[path = "numpy/surface.rs"]
mod surface;
#[path = "numpy/users.rs"]
mod users;

use cases::{check, check_printing};

/// Includes a file of answers.
macro_rules! answers {
    ($file:literal) => {
        include_str!(concat!("numpy/answers/", $file, ".txt"))
    };
}

#[test]
fn ops_of_one_argument_mean_what_they_mean_in_numpy() {
    check(answers!("unary"));
}

#[test]
fn ops_of_two_arguments_promote_and_mean_what_they_mean_in_numpy() {
    check(answers!("binary"));
}

#[test]
fn rust_scalars_promote_as_python_scalars_do() {
    check(answers!("weak"));
}

#[test]
fn shapes_broadcast_or_clash_as_in_numpy() {
    check(answers!("broadcast"));
}

#[test]
fn arrays_are_created_as_in_numpy() {
    check(answers!("creation"));
}

#[test]
fn views_and_joins_move_elements_as_in_numpy() {
    check(answers!("views"));
}

#[test]
fn arrays_are_taken_apart_and_rearranged_as_in_numpy() {
    check(answers!("manipulate"));
}

#[test]
fn windows_and_diagonals_are_those_of_numpy() {
    check(answers!("windows"));
}

#[test]
fn borders_are_those_of_numpy() {
    check(answers!("pad"));
}

#[test]
fn products_over_any_axes_are_those_of_numpy() {
    check(answers!("tensors"));
}

#[test]
fn contractions_are_those_of_numpy() {
    check(answers!("contractions"));
}

#[test]
fn grids_and_ranges_are_those_of_numpy() {
    check(answers!("grids"));
}

#[test]
fn chains_of_views_and_reductions_follow_numpy() {
    check(answers!("chains"));
}

#[test]
fn slices_within_bounds_are_those_of_python() {
    check(answers!("slices"));
}

#[test]
fn reductions_have_the_values_of_numpy() {
    check(answers!("reductions"));
}

#[test]
fn reductions_of_empty_axes_have_the_outcome_of_numpy() {
    check(answers!("empty"));
}

#[test]
fn products_have_the_shapes_and_values_of_numpy() {
    check(answers!("products"));
}

#[test]
fn sorting_running_sums_and_shares_follow_numpy() {
    check(answers!("order"));
}

#[test]
fn index_arrays_updates_and_masks_follow_numpy() {
    check(answers!("indices"));
}

#[test]
fn frequencies_and_their_order_are_those_of_numpy() {
    check(answers!("frequencies"));
}

#[test]
fn sets_are_those_of_numpy() {
    check(answers!("sets"));
}

#[test]
fn what_is_made_of_a_few_ops_means_what_it_means_in_numpy() {
    check(answers!("arithmetic"));
}

#[test]
fn statistics_are_those_of_numpy() {
    check(answers!("statistics"));
}

#[test]
fn compositions_have_the_values_of_their_formulas() {
    check(answers!("compositions"));
}

#[test]
fn arrays_print_as_in_numpy() {
    check_printing(answers!("printing"));
}

#[test]
fn narrow_and_unsigned_dtypes_mean_what_they_mean_in_numpy() {
    check(answers!("dtypes"));
}

#[test]
fn every_function_takes_broadcast_views_and_empty_arrays_in_every_dtype() {
    check(answers!("crossing"));
}

#[test]
fn narrow_and_unsigned_dtypes_print_as_in_numpy() {
    check_printing(answers!("dtypes_printing"));
}

#[test]
fn cases_that_run_thrice_run_machine_code() {
    check("subtract i64(5,7) i64(7) | multiply w:3 | sum a:1 => i64[5] = 0 6 -21 18 -9");
    assert!(broadloom::engine().stats().strips_compiled > 0 || !broadloom::engine().compiles());
}

#[test]
fn complex_numbers_are_those_of_numpy() {
    check(answers!("complex"));
}

#[test]
fn complex_numbers_print_as_in_numpy() {
    check_printing(answers!("complex_printing"));
}
