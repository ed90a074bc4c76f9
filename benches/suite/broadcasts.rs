//! Broadcasts beside the same with what is broadcast stored in full: `w6_inner`, `w6_column`, `w6_outer`.

use broadloom::prelude::*;

use crate::Bench;
use crate::contest::Row;
use crate::real::{Input, Real};

/// Elements of a matrix with short rows, about.
const ELEMENTS: usize = 1_000_000;

/// The sides of other matrices.
const N: usize = 2048;

pub fn all(bench: &Bench) {
    for n in [1, 2, 3, 5, 7] {
        scaled::<f32>(bench, "w6_inner", [ELEMENTS / n, n], [1, n]);
        scaled::<f64>(bench, "w6_inner", [ELEMENTS / n, n], [1, n]);
    }
    scaled::<f32>(bench, "w6_column", [N, N], [N, 1]);
    scaled::<f64>(bench, "w6_column", [N, N], [N, 1]);
    outer::<f32>(bench);
    outer::<f64>(bench);
}

/// Broadcast to `shape` and stored.
fn stored(x: &Array, shape: [usize; 2]) -> Array {
    let ones = Array::ones(shape, x.dtype());
    (x * ones).eval().expect("a broadcast evaluates")
}

/// A matrix times a row or a column.
fn scaled<T: Real>(bench: &Bench, name: &'static str, [m, n]: [usize; 2], scale: [usize; 2]) {
    let Some(row) = Row::of(bench, name, &format!("{m}x{n}"), T::DTYPE) else { return };
    let (x, s) = (Input::<T>::random(1, [m, n], -1.0..1.0), Input::<T>::random(2, scale, -1.0..1.0));
    let (xs, ss) = (x.values(), s.values());
    let mut contest = row.contest(&[x.bytes()], m * n, 0.0);
    let (arrays, full) = ((x.array(), s.array()), (x.array(), stored(&s.array(), [m, n])));
    let at = move |place: usize| if scale[0] == 1 { place % n } else { place / n };
    contest
        .expect(|place| xs[place].wide() * ss[at(place)].wide())
        .broadloom(move || &arrays.0 * &arrays.1)
        .peer("stored", move || (&full.0 * &full.1).eval().expect("a product evaluates"));
    contest.run();
}

/// A column plus a row.
fn outer<T: Real>(bench: &Bench) {
    let Some(row) = Row::of(bench, "w6_outer", &format!("{N}x{N}"), T::DTYPE) else { return };
    let (x, y) = (Input::<T>::random(1, [N, 1], -1.0..1.0), Input::<T>::random(2, [1, N], -1.0..1.0));
    let (xs, ys) = (x.values(), y.values());
    let mut contest = row.contest(&[], N * N, 0.0);
    let (arrays, full) = ((x.array(), y.array()), [&x, &y].map(|x| stored(&x.array(), [N, N])));
    contest
        .expect(|place| xs[place / N].wide() + ys[place % N].wide())
        .broadloom(move || &arrays.0 + &arrays.1)
        .peer("stored", move || (&full[0] + &full[1]).eval().expect("a sum evaluates"));
    contest.run();
}
