//! Workloads that pick elements and rows by index arrays: `w17`.

use broadloom::prelude::*;
use rayon::prelude::*;

use crate::Bench;
use crate::contest::Row;
use crate::elementwise::CHUNK;
use crate::real::{Input, Number};
use crate::rows::rows;

pub fn all(bench: &Bench) {
    take(bench, "w17_take", |index| index as i64, |index: i64| index as usize);
    take(bench, "w17_take_i32", |index| index as i32, |index: i32| index as usize);
    embed(bench);
}

/// Random numbers below `extent`, the same at every run.
fn places(count: usize, extent: usize) -> impl Iterator<Item = usize> {
    let mut random = fastrand::Rng::with_seed(3);
    (0..count).map(move |_| random.usize(..extent))
}

/// As many elements as a vector has, from anywhere in it.
fn take<I: Number>(
    bench: &Bench,
    workload: &'static str,
    index: impl Fn(usize) -> I,
    place: impl Fn(I) -> usize + Copy + Send + Sync,
) {
    for n in [100_000, 1_000_000, 10_000_000] {
        let Some(row) = Row::of(bench, workload, &n.to_string(), F32) else { continue };
        let x = Input::<f32>::random(1, [n], -1.0..1.0);
        let indices = Input::new(places(n, n).map(&index).collect(), [n]);
        let (xs, is) = (x.values(), indices.values());
        let mut contest = row.contest(&[x.bytes(), indices.bytes()], n, 0.0);
        let arrays = (x.array(), indices.array());
        let pick = move |from: usize, out: &mut [f32]| {
            out.iter_mut().zip(&is[from..]).for_each(|(out, &index)| *out = xs[place(index)]);
        };
        contest
            .expect(|at| xs[place(is[at])].wide())
            .broadloom(move || arrays.0.take(&arrays.1, 0))
            .peers(
                "loop",
                move || is.iter().map(|&index| xs[place(index)]).collect::<Vec<f32>>(),
                move || {
                    let mut out = vec![0.0; n];
                    out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, out)| pick(i * CHUNK, out));
                    out
                },
            )
            .peers_into(
                "reused",
                n,
                move |out: &mut [f32]| pick(0, out),
                move |out: &mut [f32]| {
                    out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, out)| pick(i * CHUNK, out));
                },
            );
        contest.run();
    }
}

/// Rows of a table, times two, plus one.
fn embed(bench: &Bench) {
    let [height, width, count] = [50_000, 256, 8192];
    let Some(row) = Row::of(bench, "w17_embed", "8192x256", F32) else { return };
    let table = Input::<f32>::random(1, [height, width], -1.0..1.0);
    let ids = Input::new(places(count, height).map(|index| index as i64).collect(), [count]);
    let (xs, is) = (table.values(), ids.values());
    // As much of the table as there are rows in the result.
    let mut contest = row.contest(&[&table.bytes()[..count * width * 4], ids.bytes()], count * width, 0.0);
    let arrays = (table.array(), ids.array());
    contest
        .expect(|at| xs[is[at / width] as usize * width + at % width].wide() * 2.0 + 1.0)
        .broadloom(move || arrays.0.take(&arrays.1, 0) * 2.0 + 1.0);
    rows(&mut contest, [count, width], move |i, row: &mut [f32]| {
        let from = &xs[is[i] as usize * width..][..width];
        row.iter_mut().zip(from).for_each(|(out, x)| *out = x * 2.0 + 1.0);
    });
    contest.run();
}
