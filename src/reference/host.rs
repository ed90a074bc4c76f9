//! What host operations mean, element by element and slowly.

use std::cmp::Ordering;

use super::{Tensor, broken, offsets};
use crate::base::{Affine, Error, ErrorKind, IndexMap, Result, Scalar, Type};
use crate::op::eval;
use crate::op::host::{HostOp, SCAN_BLOCK, Update};
use crate::op::{Binary, Fold, Values};

/// The result of `op`, of type `ty`.
pub(super) fn host(op: &HostOp, args: &[&Tensor], ty: &Type) -> Result<Values> {
    let x = args[0];
    let row = x.shape.last().copied().unwrap_or(1);
    let rows = || (0..x.values.len()).step_by(row.max(1)).map(|start| start..start + row);
    Ok(match *op {
        HostOp::Sort { descending } => {
            let order = rows().flat_map(|row| ordered(&x.values, row, descending));
            Values::collect(ty.dtype, order.map(|at| x.values.get(at)))
        }
        HostOp::Argsort { descending } => {
            let places = rows().flat_map(|row| {
                let start = row.start;
                ordered(&x.values, row, descending).into_iter().map(move |at| (at - start) as i64)
            });
            Values::I64(places.collect())
        }
        HostOp::Partition { at } => {
            let around = rows().flat_map(|row| {
                let pivot = x.values.get(ordered(&x.values, row.clone(), false)[at]);
                let mut places: Vec<usize> = row.collect();
                places.sort_by_key(|&place| compare(x.values.get(place), pivot));
                places
            });
            Values::collect(ty.dtype, around.map(|at| x.values.get(at)))
        }
        HostOp::Scan(fold) => {
            let mut out = Vec::with_capacity(x.values.len());
            for row in rows() {
                let mut before: Option<Scalar> = None;
                for block in row.clone().step_by(SCAN_BLOCK) {
                    let mut within: Option<Scalar> = None;
                    for at in block..row.end.min(block + SCAN_BLOCK) {
                        let value = x.values.get(at);
                        let sum = within.map_or(value, |sum| combined(fold, sum, value));
                        within = Some(sum);
                        out.push(before.map_or(sum, |before| combined(fold, before, sum)));
                    }
                    before = out.last().copied();
                }
            }
            Values::collect(ty.dtype, out.into_iter())
        }
        HostOp::Compress { count } => {
            let inner = x.values.len().checked_div(x.shape[0]).unwrap_or(0);
            let is_true = |row: &usize| args[1].values.get(*row).to_f64() != 0.0;
            let rows: Vec<usize> = (0..x.shape[0]).filter(is_true).collect();
            if rows.len() != count {
                return Err(HostOp::miscounted(rows.len(), count));
            }
            x.values.gather(rows.into_iter().flat_map(|row| row * inner..(row + 1) * inner))
        }
        HostOp::Gather { axis } => {
            let places = places(axis, x, &args[1..])?;
            let inner = ty.shape.size().checked_div(places.len()).unwrap_or(0);
            let elements = places.iter().flat_map(|place| place * inner..(place + 1) * inner);
            x.values.gather(elements)
        }
        HostOp::Scatter { axis, update } => {
            let (values, indices) = args[1..].split_last().ok_or_else(|| broken("no values".into()))?;
            let places = places(axis, x, indices)?;
            let inner = values.values.len().checked_div(places.len()).unwrap_or(0);
            let mut out: Vec<Scalar> = (0..x.values.len()).map(|at| x.values.get(at)).collect();
            for (nth, place) in places.into_iter().enumerate() {
                for offset in 0..inner {
                    let target = &mut out[place * inner + offset];
                    *target = updated(update, *target, values.values.get(nth * inner + offset));
                }
            }
            Values::collect(ty.dtype, out.into_iter())
        }
        HostOp::Assign { update, ref window } => {
            let mut out: Vec<Scalar> = (0..x.values.len()).map(|at| x.values.get(at)).collect();
            let reads = window.iter().enumerate();
            let map: IndexMap =
                reads.map(|(axis, &(first, _, step))| Affine::scaled(axis, step, first)).collect();
            for (nth, place) in offsets(&map, &x.shape, &args[1].shape).into_iter().enumerate() {
                out[place] = updated(update, out[place], args[1].values.get(nth));
            }
            Values::collect(ty.dtype, out.into_iter())
        }
        HostOp::Searchsorted { right } => {
            let stands_before = |a: Scalar, b: Scalar| match compare(a, b) {
                Ordering::Less => true,
                Ordering::Equal => right,
                Ordering::Greater => false,
            };
            let values = (0..args[1].values.len()).map(|at| args[1].values.get(at));
            let count =
                |value| (0..x.values.len()).filter(|at| stands_before(x.values.get(*at), value)).count();
            Values::I64(values.map(|value| count(value) as i64).collect())
        }
        #[cfg(feature = "linalg")]
        HostOp::Linalg { op, complex } => linalg(op, complex, args, ty)?,
        #[cfg(feature = "fft")]
        HostOp::Fft(op) => fft(op, args[0], ty)?,
    })
}

/// What an operation makes of every matrix.
#[cfg(feature = "linalg")]
fn linalg(op: crate::op::Linalg, complex: bool, args: &[&Tensor], ty: &Type) -> Result<Values> {
    use faer::{c32, c64};

    let a = args[0];
    let (leading, last) = a.shape.split_at(a.shape.rank() - if complex { 3 } else { 2 });
    let (m, n) = (last[0], last[1]);
    let count: usize = leading.iter().product();
    macro_rules! matrices {
        ($Kind:ident, $Complex:ident, $zero:literal) => {{
            let given = |nth: usize| match args.get(nth).map(|arg| &arg.values) {
                Some(Values::$Kind(values)) => &values[..],
                _ => &[],
            };
            let mut out = vec![$zero; ty.shape.size()];
            let size = (out.len() / count.max(1)).max(1);
            for (matrix, out) in out.chunks_mut(size).enumerate() {
                let args = [given(0), given(1)].map(|values| nth_part(values, matrix, count));
                if complex {
                    let args = args.map(|parts| -> Vec<$Complex> {
                        parts.chunks(2).map(|parts| <$Complex>::new(parts[0], parts[1])).collect()
                    });
                    let mut numbers = vec![<$Complex>::new($zero, $zero); out.len() / 2];
                    op.run((m, n), [&args[0], &args[1]], &mut numbers)?;
                    let parts = numbers.iter().flat_map(|number| [number.re, number.im]);
                    out.iter_mut().zip(parts).for_each(|(to, part)| *to = part);
                } else {
                    op.run((m, n), args, out)?;
                }
            }
            Values::$Kind(out)
        }};
    }
    Ok(match a.values {
        Values::F32(_) => matrices!(F32, c32, 0.0_f32),
        _ => matrices!(F64, c64, 0.0_f64),
    })
}

/// What a transform makes of every row.
#[cfg(feature = "fft")]
fn fft(op: crate::op::Fft, x: &Tensor, ty: &Type) -> Result<Values> {
    use crate::op::fft::Plan;

    let points = op.points(&Type::new(ty.dtype, x.shape.clone()));
    let plan = op.plan(ty.dtype, points.expect("it takes such rows"))?;
    macro_rules! rows {
        ($Kind:ident, $transform:ident, $values:ident, $zero:literal) => {{
            let (row, made) = $transform.lengths();
            let (mut out, mut work) = (vec![$zero; ty.shape.size()], $transform.work()?);
            for (row, out) in $values.chunks(row).zip(out.chunks_mut(made)) {
                $transform.run(row, out, &mut work)?;
            }
            Values::$Kind(out)
        }};
    }
    Ok(match (plan, &x.values) {
        (Plan::F32(transform), Values::F32(values)) => rows!(F32, transform, values, 0.0_f32),
        (Plan::F64(transform), Values::F64(values)) => rows!(F64, transform, values, 0.0_f64),
        _ => unreachable!("a plan is of the dtype it is for"),
    })
}

/// What of `count` equal parts is number `nth`.
#[cfg(feature = "linalg")]
fn nth_part<T>(values: &[T], nth: usize, count: usize) -> &[T] {
    let size = values.len() / count;
    &values[nth * size..][..size]
}

/// The places of a row's elements in order: each stands behind as many as are before it, or equal and
/// earlier.
fn ordered(values: &Values, row: std::ops::Range<usize>, descending: bool) -> Vec<usize> {
    let mut order = vec![0; row.len()];
    for at in row.clone() {
        let rank = row.clone().filter(|&other| {
            let (a, b) = (values.get(other), values.get(at));
            let side = match (a.is_nan(), b.is_nan()) {
                (false, false) if descending => compare(b, a),
                _ => compare(a, b),
            };
            side.then(other.cmp(&at)) == Ordering::Less
        });
        order[rank.count()] = at;
    }
    order
}

/// The order of values: NaN is last and like any other.
fn compare(a: Scalar, b: Scalar) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) if is_true(Binary::Less, a, b) => Ordering::Less,
        (false, false) if is_true(Binary::Less, b, a) => Ordering::Greater,
        (x, y) => x.cmp(&y),
    }
}

fn is_true(op: Binary, a: Scalar, b: Scalar) -> bool {
    binary(op, a, b).to_bool()
}

fn binary(op: Binary, a: Scalar, b: Scalar) -> Scalar {
    eval::binary(op, &Values::splat(a, 1), &Values::splat(b, 1), &mut 0).get(0)
}

fn combined(fold: Fold, a: Scalar, b: Scalar) -> Scalar {
    let op = match fold {
        Fold::Sum => Binary::Add,
        Fold::Prod => Binary::Multiply,
        Fold::Max => Binary::Maximum,
        _ => Binary::Minimum,
    };
    binary(op, a, b)
}

fn updated(update: Update, old: Scalar, value: Scalar) -> Scalar {
    match update {
        Update::Set => value,
        Update::Add => binary(Binary::Add, old, value),
        Update::Multiply => binary(Binary::Multiply, old, value),
        Update::Minimum => binary(Binary::Minimum, old, value),
        Update::Maximum => binary(Binary::Maximum, old, value),
    }
}

/// Where each tuple of indices of the first axes of `x` points, in rows of the axes that are left.
fn places(axis: u32, x: &Tensor, indices: &[&Tensor]) -> Result<Vec<usize>> {
    let count = indices.first().map_or(0, |first| first.values.len());
    let place = |at: usize| {
        indices.iter().enumerate().try_fold(0, |place, (nth, index)| {
            let index = from_start(index.values.get(at).to_i64(), x.shape[nth], axis as usize + nth)?;
            Ok(place * x.shape[nth] + index)
        })
    };
    (0..count).map(place).collect()
}

/// An index of an axis that has `extent` elements, negative ones counting from the end.
pub(super) fn from_start(index: i64, extent: usize, axis: usize) -> Result<usize> {
    let from_start = if index < 0 { index.wrapping_add(extent as i64) } else { index };
    if (0..extent as i64).contains(&from_start) {
        return Ok(from_start as usize);
    }
    let message = format!("index {index} is out of range for axis {axis}, which has {extent} elements");
    Err(Error::new(ErrorKind::Index, message))
}
