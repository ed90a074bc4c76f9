//! Folds against a plain model of lanes, rounds, blocks and their tree.

use super::*;
use crate::base::strip::ROUNDS;
use crate::op::{Expr, Fold};

/// Accumulators lane by lane: `left` after the elements `right` have joined, or combined with the
/// accumulators `right`.
fn both(fold: Fold, joins: bool, left: &[Values], right: &[Values]) -> Vec<Values> {
    let mut b = Builder::default();
    let mut side = |first: usize, values: &[Values]| -> Vec<_> {
        values.iter().enumerate().map(|(k, values)| b.arg(first + k, values.dtype())).collect()
    };
    let (l, r) = (side(0, left), side(left.len(), right));
    let outs = if joins { fold.join(&mut b, &l, &r) } else { fold.combine(&mut b, &l, &r) };
    let columns: Vec<&Values> = left.iter().chain(right).collect();
    let leaf = &mut |inst: &Inst| match inst {
        Inst::Arg(arg) => columns[*arg as usize].clone(),
        other => unreachable!("{other:?}"),
    };
    eval::evaluate(&b.finish(outs), left[0].len(), leaf, &mut 0)
}

/// The lanes of one row of `n` elements.
pub(super) fn model(fold: Fold, elements: &[Values], n: usize) -> Vec<Values> {
    let dtypes = fold.accumulators(elements[0].dtype());
    let lanes = Strip::lanes(dtypes.iter().copied());
    let nothing: Vec<Values> =
        fold.identity(dtypes[0]).iter().map(|identity| Values::splat(*identity, lanes)).collect();
    let mut blocks: Vec<Vec<Values>> = (0..n.max(1))
        .step_by(ROUNDS * lanes)
        .map(|start| {
            let end = n.min(start + ROUNDS * lanes);
            (start..end).step_by(lanes).fold(nothing.clone(), |sum, round| {
                // The last round may not reach all lanes.
                let reached = lanes.min(end - round);
                let part = |values: &Values, from: usize| values.gather(from..from + reached);
                let before: Vec<Values> = sum.iter().map(|values| part(values, 0)).collect();
                let round: Vec<Values> = elements.iter().map(|values| part(values, round)).collect();
                let after = both(fold, true, &before, &round);
                (after.iter().zip(&sum))
                    .map(|(after, sum)| {
                        let lane = |lane| if lane < reached { after.get(lane) } else { sum.get(lane) };
                        Values::collect(sum.dtype(), (0..lanes).map(lane))
                    })
                    .collect()
            })
        })
        .collect();
    while blocks.len() > 1 {
        blocks = blocks
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => both(fold, false, left, right),
                alone => alone[0].clone(),
            })
            .collect();
    }
    blocks.swap_remove(0)
}

/// What lanes combine to: each of the first half with its like of the second, until one is left.
pub(super) fn halved(fold: Fold, lanes: Vec<Values>) -> Vec<Values> {
    let half = lanes[0].len() / 2;
    if half == 0 {
        return lanes;
    }
    let side = |first: usize| -> Vec<Values> {
        lanes.iter().map(|lanes| lanes.gather(first..first + half)).collect()
    };
    halved(fold, both(fold, false, &side(0), &side(half)))
}

/// Values whose sum shows the order they were added in, and now and then a special one.
fn elements(dtype: DType, seed: u64, count: usize, with_special: bool) -> Values {
    let mut random = fastrand::Rng::with_seed(seed);
    let special = special(dtype);
    Values::collect(
        dtype,
        (0..count).map(|_| match dtype {
            _ if with_special && random.usize(0..97) == 0 => special[random.usize(0..special.len())],
            DType::Bool => Scalar::from(random.bool()),
            _ if dtype.is_float() => {
                Scalar::new(dtype, (random.f64() - 0.5) * 10_f64.powi(random.i32(-4..5)))
            }
            DType::I32 => Scalar::from(random.i32(-50..50)),
            _ => Scalar::from(random.i64(..)).cast(dtype),
        }),
    )
}

/// The arguments of a strip in memory, an index having none, and their values row by row.
fn given(strip: &Strip, rows: usize, n: usize, with_special: bool) -> (Vec<Option<Strided>>, Vec<Values>) {
    let mut buffers: Vec<Option<Strided>> = Vec::new();
    let mut columns: Vec<Values> = Vec::new();
    for (k, operand) in strip.operands[..strip.arguments].iter().enumerate() {
        if operand.step == Step::Iota {
            let index = |i: usize| 7 + 2 * (i % n) as i64 + 3 * (i / n) as i64;
            columns.push(Values::I64((0..rows * n).map(index).collect()));
            buffers.push(None);
            continue;
        }
        let mut values = elements(operand.dtype, (n + 1000 * k) as u64, rows * n, with_special);
        if operand.step == Step::Zero {
            values = values.gather((0..rows * n).map(|i| i / n * n));
        }
        let mut buffer = Strided::new(*operand, rows, n);
        buffer.fill(&values);
        columns.push(values);
        buffers.push(Some(buffer));
    }
    (buffers, columns)
}

/// Runs a fold over rows of `n` and compares its lanes, and what they combine to, with the model's.
pub(super) fn check_fold(
    strip: &Strip,
    natives: &[Native],
    fold: Fold,
    rows: usize,
    n: usize,
    with_special: bool,
) {
    for (native, width) in natives.iter().zip(widths()) {
        for complete in [false, true] {
            check_rows(strip, (native, width), fold, (rows, n), complete, with_special);
        }
    }
}

fn check_rows(
    strip: &Strip,
    (native, width): (&Native, Vector),
    fold: Fold,
    (rows, n): (usize, usize),
    complete: bool,
    with_special: bool,
) {
    check_call(
        strip,
        &format!("{width:?}"),
        fold,
        (rows, n),
        complete,
        with_special,
        &|operands, scalars| call(native, operands, scalars, rows, n),
    );
}

type Call<'a> = &'a dyn Fn(&[(*mut u8, isize, isize)], &[Scalar]) -> u32;

/// Runs a fold by `call` and compares what it leaves with the model's, and what it stores with what its body
/// computes.
pub(super) fn check_call(
    strip: &Strip,
    maker: &str,
    fold: Fold,
    (rows, n): (usize, usize),
    complete: bool,
    with_special: bool,
    call: Call,
) {
    let outputs = strip.accumulators();
    let (mut buffers, columns) = given(strip, rows, n, with_special);
    let lanes = Strip::lanes(outputs.iter().map(|operand| operand.dtype));
    let left = if complete { 1 } else { lanes };
    let mut results: Vec<Strided> = outputs
        .iter()
        .map(|operand| Strided::new(Operand { step: Step::Unit, ..*operand }, rows, left))
        .collect();
    let mut stored: Vec<Strided> =
        strip.operands[strip.stored()].iter().map(|operand| Strided::new(*operand, rows, n)).collect();
    let operands: Vec<_> = buffers
        .iter_mut()
        .map(|buffer| match buffer {
            Some(buffer) => (buffer.base(), buffer.inner, buffer.outer),
            None => (std::ptr::without_provenance_mut(7), 2, 3),
        })
        .chain(results.iter_mut().map(|result| {
            let inner = if complete { 0 } else { result.inner };
            (result.base(), inner, result.outer)
        }))
        .chain(stored.iter_mut().map(|stored| (stored.base(), stored.inner, stored.outer)))
        .collect();
    let scalars: Vec<Scalar> = strip.scalars.iter().map(|dtype| Scalar::new(*dtype, 0.3)).collect();
    assert_eq!(call(&operands, &scalars), 0);

    for row in 0..rows {
        let row_values: Vec<Values> =
            columns.iter().map(|column| column.gather(row * n..(row + 1) * n)).collect();
        let leaf = &mut |inst: &Inst| match inst {
            Inst::Arg(arg) => row_values[*arg as usize].clone(),
            Inst::Scalar(scalar) => Values::splat(scalars[*scalar as usize], n),
            other => unreachable!("{other:?}"),
        };
        let mut values = eval::evaluate(&strip.body, n, leaf, &mut 0);
        let elements = values.split_off(fold.elements(values[0].dtype()).len());
        for (k, (expected, found)) in elements.iter().zip(&stored).enumerate() {
            for column in 0..n {
                let (expected, found) = (expected.get(column), found.get(row * n + column));
                assert!(
                    found.same(expected),
                    "{strip}element {column} stored to {k}, row {row} of {rows} x {n}: {found} is not {expected}, {maker}"
                );
            }
        }
        let mut expected = model(fold, &values, n);
        let mut found: Vec<Values> = results.iter().map(|result| result.row(row, left)).collect();
        let truths = outputs.iter().all(|output| output.dtype == DType::Bool);
        if complete || truths {
            // Which lane has which of some truth values is not said.
            expected = halved(fold, expected);
            found = halved(fold, found);
        }
        for (out, ((expected, found), result)) in expected.iter().zip(&found).zip(&results).enumerate() {
            for lane in 0..expected.len() {
                let (expected, found) = (expected.get(lane), found.get(lane));
                assert!(
                    found.same(expected),
                    "{strip}output {out}, lane {lane}, row {row} of {rows} x {n}: {found} is not {expected}, {maker}"
                );
            }
            assert!(result.untouched(rows * left), "{strip}writes beside its results");
        }
    }
    for stored in &stored {
        assert!(
            stored.untouched(rows * n),
            "{strip}writes beside the {rows} x {n} elements it stores, {maker}"
        );
    }
}

/// Runs a strip of columns over `rows` rows of `n` and compares what it leaves with the rows combined
/// one after the other.
fn check_columns(strip: &Strip, natives: &[Native], fold: Fold, rows: usize, n: usize, with_special: bool) {
    for (native, width) in natives.iter().zip(widths()) {
        check_columns_of(strip, (native, width), fold, (rows, n), with_special);
    }
}

fn check_columns_of(
    strip: &Strip,
    (native, width): (&Native, Vector),
    fold: Fold,
    (rows, n): (usize, usize),
    with_special: bool,
) {
    let (mut buffers, columns) = given(strip, rows, n, with_special);
    let mut held: Vec<Values> = Vec::new();
    let mut results: Vec<Strided> = Vec::new();
    for (k, operand) in strip.outputs().iter().enumerate() {
        let values = elements(operand.dtype, (77 + k) as u64, n, with_special);
        let mut result = Strided::new(Operand { step: Step::Unit, ..*operand }, 1, n);
        result.fill(&values);
        held.push(values);
        results.push(result);
    }
    let operands: Vec<_> = buffers
        .iter_mut()
        .map(|buffer| match buffer {
            Some(buffer) => (buffer.base(), buffer.inner, buffer.outer),
            None => (std::ptr::without_provenance_mut(7), 2, 3),
        })
        .chain(results.iter_mut().map(|result| (result.base(), result.inner, 0)))
        .collect();
    let scalars: Vec<Scalar> = strip.scalars.iter().map(|dtype| Scalar::new(*dtype, 0.3)).collect();
    assert_eq!(call(native, &operands, &scalars, rows, n), 0);

    for row in 0..rows {
        let leaf = &mut |inst: &Inst| match inst {
            Inst::Arg(arg) => columns[*arg as usize].gather(row * n..(row + 1) * n),
            Inst::Scalar(scalar) => Values::splat(scalars[*scalar as usize], n),
            other => unreachable!("{other:?}"),
        };
        held = both(fold, true, &held, &eval::evaluate(&strip.body, n, leaf, &mut 0));
    }
    for (out, (expected, result)) in held.iter().zip(&results).enumerate() {
        for column in 0..n {
            let (expected, found) = (expected.get(column), result.get(column));
            assert!(
                found.same(expected),
                "{strip}output {out}, column {column} of {rows} x {n}: {found} is not {expected}, {width:?}"
            );
        }
        assert!(result.untouched(n), "{strip}writes beside its columns");
    }
}

pub(super) fn fold_strip(fold: Fold, arguments: &[(DType, Step)], scalars: &[DType], body: Expr) -> Strip {
    let mut strip = map(arguments, scalars, body, Step::General);
    let output = strip.operands[strip.arguments];
    strip.operands.truncate(strip.arguments);
    let accumulators = fold.accumulators(output.dtype).into_iter();
    strip.operands.extend(accumulators.map(|dtype| Operand { dtype, ..output }));
    Strip { kind: StripKind::Fold(fold), ..strip }
}

const LENGTHS: &[usize] = &[511, 512, 513, 514, 515, 1023, 1024, 5000, 70_000];

fn check_fold_lengths(strip: &Strip, fold: Fold) {
    let native = native(strip);
    for n in (0..=70).chain(LENGTHS.iter().copied()) {
        check_fold(strip, &native, fold, 1, n, n % 3 == 0);
    }
    check_fold(strip, &native, fold, 3, 37, false);
    check_fold(strip, &native, fold, 2, 1500, true);
    check_fold(strip, &native, fold, 0, 9, false);
}

fn arguments_of(fold: Fold, dtype: DType, step: Step) -> (Vec<(DType, Step)>, Expr) {
    if fold.takes_index() {
        let body = of(&[dtype, DType::I64], |_, args| args.to_vec());
        (vec![(dtype, step), (DType::I64, Step::Iota)], body)
    } else {
        (vec![(dtype, step)], of(&[dtype], |_, args| args.to_vec()))
    }
}

/// The dtypes a fold combines elements in.
fn dtypes(fold: Fold) -> impl Iterator<Item = DType> {
    DType::ALL.iter().copied().filter(move |dtype| fold.computes_in(*dtype) == *dtype)
}

#[test]
fn folds_follow_the_documented_tree() {
    for &fold in Fold::ALL {
        for dtype in dtypes(fold) {
            let (arguments, body) = arguments_of(fold, dtype, Step::Unit);
            check_fold_lengths(&fold_strip(fold, &arguments, &[], body), fold);
        }
    }
}

#[test]
fn folds_take_every_step() {
    for &fold in Fold::ALL {
        for dtype in dtypes(fold) {
            for step in STEPS {
                let (arguments, body) = arguments_of(fold, dtype, *step);
                let strip = fold_strip(fold, &arguments, &[], body);
                let native = native(&strip);
                for n in [1, 2, 5, 31, 32, 33, 70, 131, 600] {
                    check_fold(&strip, &native, fold, 2, n, true);
                }
            }
        }
    }
}

#[test]
fn folds_compute_what_they_combine() {
    use DType::{Bool, F32, F64, I32, I64};
    let products = of(&[F32, F32], |b, args| vec![b.binary(Binary::Multiply, args[0], args[1])]);
    check_fold_lengths(
        &fold_strip(Fold::Sum, &[(F32, Step::Unit), (F32, Step::Unit)], &[], products),
        Fold::Sum,
    );

    let squares = of(&[F32, F32], |b, args| {
        let difference = b.binary(Binary::Subtract, args[0], args[1]);
        let wide = b.cast(difference, F64);
        let scale = b.push(Inst::Scalar(0), F64);
        let scaled = b.binary(Binary::Multiply, wide, scale);
        vec![b.unary(Unary::Square, scaled)]
    });
    let arguments = [(F32, Step::MinusUnit), (F32, Step::Zero)];
    check_fold_lengths(&fold_strip(Fold::Sum, &arguments, &[F64], squares), Fold::Sum);

    let counts = of(&[I32, I32], |b, args| {
        let less = b.binary(Binary::Less, args[0], args[1]);
        vec![b.cast(less, I64)]
    });
    check_fold_lengths(
        &fold_strip(Fold::Sum, &[(I32, Step::Unit), (I32, Step::Pair)], &[], counts),
        Fold::Sum,
    );

    let positive = of(&[F64], |b, args| {
        let zero = b.number(args[0], 0.0);
        vec![b.binary(Binary::Greater, args[0], zero)]
    });
    check_fold_lengths(&fold_strip(Fold::Any, &[(F64, Step::Unit)], &[], positive.clone()), Fold::Any);
    check_fold_lengths(&fold_strip(Fold::All, &[(F64, Step::Unit)], &[], positive), Fold::All);

    let exponentials = of(&[F32, Bool], |b, args| {
        let e = b.unary(Unary::Exp, args[0]);
        let zero = b.number(e, 0.0);
        vec![b.select(args[1], e, zero)]
    });
    check_fold_lengths(
        &fold_strip(Fold::Max, &[(F32, Step::Unit), (Bool, Step::Unit)], &[], exponentials),
        Fold::Max,
    );

    let sines = of(&[F64], |b, args| vec![b.unary(Unary::Sin, args[0])]);
    check_fold_lengths(&fold_strip(Fold::Sum, &[(F64, Step::General)], &[], sines), Fold::Sum);

    let indices = of(&[I64], |b, args| vec![b.cast(args[0], F64)]);
    check_fold_lengths(&fold_strip(Fold::Sum, &[(I64, Step::Iota)], &[], indices), Fold::Sum);
}

/// Where the extreme is zero, which zero it is depends on all elements; and one that is no number, or an
/// infinity, changes how the rest of a row is reduced.
#[test]
fn extremes_know_the_sign_of_zero_wherever_it_stands() {
    for dtype in [DType::F32, DType::F64] {
        for (fold, beyond) in [(Fold::Max, -1.0), (Fold::Min, 1.0)] {
            let strip = fold_strip(fold, &[(dtype, Step::Unit)], &[], of(&[dtype], |_, args| args.to_vec()));
            let natives = native(&strip);
            let sides = [beyond, -0.0, 0.0];
            for n in [31, 32, 64, 700, 1600] {
                for (seed, extra) in [(0, -0.0), (1, f64::NAN), (2, f64::INFINITY), (3, f64::NEG_INFINITY)] {
                    for kinds in [&sides[..2], &sides[..1], &sides[1..2], &sides] {
                        let mut random = fastrand::Rng::with_seed(seed + n as u64);
                        let mut values: Vec<f64> =
                            (0..n).map(|_| kinds[random.usize(0..kinds.len())]).collect();
                        values[random.usize(0..n)] = extra;
                        let row = Values::collect(dtype, values.iter().map(|x| Scalar::new(dtype, *x)));
                        let lanes = model(fold, std::slice::from_ref(&row), n);
                        let expected = halved(fold, lanes)[0].get(0);
                        let mut buffer = Strided::new(Operand { dtype, step: Step::Unit }, 1, n);
                        buffer.fill(&row);
                        let mut result = Strided::new(Operand { dtype, step: Step::Unit }, 1, 1);
                        let operands = [(buffer.base(), buffer.inner, 0), (result.base(), 0, 0)];
                        for (native, width) in natives.iter().zip(widths()) {
                            assert_eq!(call(native, &operands, &[], 1, n), 0);
                            let found = result.get(0);
                            assert!(
                                found.same(expected),
                                "{fold} of {values:?}: {found}, not {expected}, {width:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn columns_combine_their_rows_in_order() {
    for &fold in Fold::ALL {
        for dtype in dtypes(fold) {
            for step in STEPS {
                let (arguments, body) = arguments_of(fold, dtype, *step);
                let rows = fold_strip(fold, &arguments, &[], body);
                let mut strip = Strip { kind: StripKind::Columns(fold), ..rows };
                let first = strip.arguments;
                strip.operands[first..].iter_mut().for_each(|output| output.step = Step::Unit);
                let native = native(&strip);
                for n in (0..10).chain([31, 32, 33, 67, 128]) {
                    for rows in [0, 1, 2, 16] {
                        check_columns(&strip, &native, fold, rows, n, n % 2 == 0);
                    }
                }
            }
        }
    }
}

#[test]
fn columns_compute_what_they_combine() {
    use DType::{F32, F64};
    let squares = of(&[F32, F32], |b, args| {
        let difference = b.binary(Binary::Subtract, args[0], args[1]);
        let wide = b.cast(difference, F64);
        let scale = b.push(Inst::Scalar(0), F64);
        let scaled = b.binary(Binary::Multiply, wide, scale);
        vec![b.unary(Unary::Square, scaled)]
    });
    let sines = of(&[F32], |b, args| vec![b.unary(Unary::Sin, args[0])]);
    let two = [(F32, Step::MinusUnit), (F32, Step::Zero)];
    for (arguments, scalars, body) in [(&two[..], &[F64][..], squares), (&two[..1], &[], sines)] {
        let rows = map(arguments, scalars, body, Step::Unit);
        let strip = Strip { kind: StripKind::Columns(Fold::Sum), ..rows };
        let native = native(&strip);
        for n in [1, 4, 15, 16, 70] {
            check_columns(&strip, &native, Fold::Sum, 5, n, false);
        }
    }
}
