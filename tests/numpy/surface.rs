//! More names of answer files, as calls of the crate: what is composed of what `calls` asks for.

use broadloom::prelude::*;
use broadloom::{
    DTypeKind, FloatInfo, Overlap, Pad, Result, broadcast_shapes, can_cast, finfo, iinfo, isdtype,
    result_type, try_broadcast_arrays, try_einsum, try_meshgrid, try_meshgrid_ij,
};

use crate::calls::array;
use crate::cases::{Arg, Number, from_numbers};

/// Kinds of dtypes by the numbers of answer files.
const KINDS: [DTypeKind; 6] = [
    DTypeKind::Bool,
    DTypeKind::SignedInteger,
    DTypeKind::UnsignedInteger,
    DTypeKind::Integral,
    DTypeKind::RealFloating,
    DTypeKind::Numeric,
];

/// The lazy result of `op`, or why it cannot be built. Of several results, the last argument says which.
pub fn call(op: &str, args: &[Arg]) -> Result<Array> {
    if let Some(subscripts) = op.strip_prefix("einsum:") {
        return try_einsum(subscripts, args.iter().map(array));
    }
    use Arg::{Array as A, Axes, Bound, Count, DType, Int, Shape};

    match (op, args) {
        ("can_cast", [DType(from), DType(to)]) => Ok(Array::scalar(can_cast(*from, *to))),
        ("result_type", dtypes) => {
            let dtypes: Vec<_> = dtypes
                .iter()
                .map(|arg| if let DType(dtype) = arg { *dtype } else { panic!("no dtype") })
                .collect();
            Array::try_zeros(0, result_type(&dtypes)?)
        }
        ("isdtype", [DType(dtype), Count(kind)]) => Ok(Array::scalar(isdtype(*dtype, KINDS[size(*kind)]))),
        ("finfo", [DType(dtype)]) => {
            let info = finfo(*dtype)?;
            let FloatInfo { eps, max, min, smallest_normal, smallest_subnormal, .. } = info;
            let values = [f64::from(info.bits), eps, max, min, smallest_normal, smallest_subnormal];
            Ok(values.into_iter().collect())
        }
        ("iinfo_bits", [DType(dtype)]) => Ok(Array::scalar(i64::from(iinfo(*dtype)?.bits))),
        ("iinfo", [DType(dtype)]) => {
            let info = iinfo(*dtype)?;
            Ok(from_numbers(*dtype, &[2], vec![Number::Int(info.min), Number::Int(info.max)]))
        }
        ("unstack", [A(x), Count(axis), Count(nth)]) => pick(x.try_unstack(*axis as isize), *nth),
        ("split", [A(x), Count(count), Count(axis), Count(nth)]) => {
            pick(x.try_split(size(*count), *axis as isize), *nth)
        }
        ("split_at", [A(x), Shape(places), Count(axis), Count(nth)]) => {
            pick(x.try_split_at(places, *axis as isize), *nth)
        }
        ("broadcast_arrays", [Count(nth), arrays @ ..]) => {
            pick(try_broadcast_arrays(arrays.iter().map(array)), *nth)
        }
        ("broadcast_shapes", shapes) => {
            let shapes = shapes.iter().map(|shape| match shape {
                Shape(extents) => &extents[..],
                _ => panic!("not a shape"),
            });
            let extents: Vec<i64> = broadcast_shapes(shapes)?.into_iter().map(|n| n as i64).collect();
            let rank = extents.len();
            Array::from_vec(extents, rank)
        }
        ("roll", [A(x), Shape(shifts), Axes(over)]) => x.try_roll(shifts, over.clone()),
        ("rot90", [A(x), Count(times), Axes(over)]) => x.try_rot90(*times as isize, over.clone()),
        ("repeat", [A(x), Count(count), Axes(over)]) => x.try_repeat(*count, over.clone()),
        ("repeat", [A(x), Shape(counts), Axes(over)]) => x.try_repeat(counts, over.clone()),
        ("repeat_each", [A(x), A(counts), Axes(over)]) => x.repeat_each(counts, over.clone()),
        ("tile", [A(x), Shape(times)]) => x.try_tile(times),
        ("diff", [A(x), Count(times), Count(axis)]) => x.try_diff(size(*times), *axis as isize),

        ("sliding_window_view", [A(x), Shape(window), Axes(over)]) => {
            x.try_sliding_window_view(window, over.clone())
        }
        ("unfold", [A(x), Count(axis), Count(size_), Count(step)]) => {
            x.try_unfold(*axis as isize, size(*size_), size(*step))
        }
        ("diagonal", [A(x), Count(offset)]) => x.try_diagonal(*offset as isize),
        ("trace", [A(x), Count(offset)]) => x.try_trace(*offset as isize),

        ("pad", [A(x), Shape(widths), Arg::Bool(value)]) => x.try_pad(pairs(widths), *value),
        ("pad", [A(x), Shape(widths), Int(value)]) => x.try_pad(pairs(widths), *value),
        ("pad", [A(x), Shape(widths), Arg::Float(value)]) => x.try_pad(pairs(widths), *value),
        ("pad", [A(x), Shape(widths), Arg::Complex(value)]) => x.try_pad(pairs(widths), *value),
        ("pad_edge", [A(x), Shape(widths)]) => x.try_pad_with(pairs(widths), Pad::Edge),
        ("pad_reflect", [A(x), Shape(widths)]) => x.try_pad_with(pairs(widths), Pad::Reflect),
        ("pad_symmetric", [A(x), Shape(widths)]) => x.try_pad_with(pairs(widths), Pad::Symmetric),
        ("pad_wrap", [A(x), Shape(widths)]) => x.try_pad_with(pairs(widths), Pad::Wrap),

        ("outer", [A(x), A(y)]) => x.try_outer(y),
        ("kron", [A(x), A(y)]) => x.try_kron(y),
        ("inner", [A(x), A(y)]) => x.try_inner(y),
        ("convolve_full", [A(x), A(y)]) => x.try_convolve(y, Overlap::Full),
        ("convolve_same", [A(x), A(y)]) => x.try_convolve(y, Overlap::Same),
        ("convolve_valid", [A(x), A(y)]) => x.try_convolve(y, Overlap::Valid),
        ("correlate_full", [A(x), A(y)]) => x.try_correlate(y, Overlap::Full),
        ("correlate_same", [A(x), A(y)]) => x.try_correlate(y, Overlap::Same),
        ("correlate_valid", [A(x), A(y)]) => x.try_correlate(y, Overlap::Valid),
        ("conv2d", [A(x), A(y), Shape(stride), Shape(padding)]) => x.try_conv2d(y, stride, padding),
        ("tensordot", [A(x), A(y), Count(count)]) => x.try_tensordot(y, *count),
        ("tensordot", [A(x), A(y), Axes(left), Axes(right)]) => {
            x.try_tensordot(y, (left.clone(), right.clone()))
        }
        ("cross", [A(x), A(y), Count(axis)]) => x.try_cross(y, *axis as isize),

        ("empty", [Shape(shape), DType(dtype)]) => Array::try_empty(shape, *dtype),
        ("empty_like", [A(x)]) => Ok(x.empty_like()),
        ("eye_with", [Count(rows), Count(columns), Count(offset), DType(dtype)]) => {
            Array::try_eye_with(size(*rows), size(*columns), *offset as isize, *dtype)
        }
        ("linspace_open", [Bound(start), Bound(stop), Count(count)]) => {
            Array::try_linspace_open(*start, *stop, size(*count))
        }
        ("logspace", [Bound(start), Bound(stop), Count(count), Bound(base)]) => {
            Array::try_logspace(*start, *stop, size(*count), *base)
        }
        ("geomspace", [Bound(start), Bound(stop), Count(count)]) => {
            Array::try_geomspace(*start, *stop, size(*count))
        }
        ("fftfreq", [Count(n), Bound(d)]) => Array::try_fftfreq(size(*n), *d),
        ("rfftfreq", [Count(n), Bound(d)]) => Array::try_rfftfreq(size(*n), *d),
        ("tril", [A(x), Count(offset)]) => x.try_tril(*offset as isize),
        ("triu", [A(x), Count(offset)]) => x.try_triu(*offset as isize),
        ("diag", [A(x), Count(offset)]) => x.try_diag(*offset as isize),
        ("meshgrid", [Count(nth), arrays @ ..]) => pick(try_meshgrid(arrays.iter().map(array)), *nth),
        ("meshgrid_ij", [Count(nth), arrays @ ..]) => pick(try_meshgrid_ij(arrays.iter().map(array)), *nth),
        ("indices", [Shape(shape), Count(nth)]) => pick(Array::try_indices(shape), *nth),

        ("nanquantile", [A(x), Bound(q), Axes(over)]) => x.try_nanquantile(*q, over.clone()),
        ("nanpercentile", [A(x), Bound(percent), Axes(over)]) => x.try_nanpercentile(*percent, over.clone()),
        ("average", [A(x), A(weights), Axes(over)]) => x.try_average(weights, over.clone()),
        ("cov", [A(x), Bound(correction)]) => x.try_cov(*correction),
        ("vector_norm", [A(x), Bound(order), Axes(over)]) => x.try_vector_norm(*order, over.clone()),
        _ => panic!("no call is written for {op} of {} arguments", args.len()),
    }
}

fn pick(arrays: Result<Vec<Array>>, nth: i64) -> Result<Array> {
    Ok(arrays?[size(nth)].clone())
}

fn size(count: i64) -> usize {
    usize::try_from(count).expect("a count")
}

/// Widths of borders, which are written in one list.
fn pairs(widths: &[i64]) -> Vec<(i64, i64)> {
    widths.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}
