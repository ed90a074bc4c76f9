//! The names of answer files, as calls of the crate.

use broadloom::prelude::*;
use broadloom::{Result, checked, try_complex, try_concat, try_stack, try_where_};

use crate::cases::Arg;
use crate::surface;

/// Evaluates `$call` with `$name` bound to the operand that `$arg` is.
#[macro_export]
macro_rules! with_operand {
    ($arg:expr, |$name:ident| $call:expr) => {
        match $arg {
            $crate::cases::Arg::Array($name) => $call,
            $crate::cases::Arg::Bool($name) => {
                let $name = *$name;
                $call
            }
            $crate::cases::Arg::Int($name) => {
                let $name = *$name;
                $call
            }
            $crate::cases::Arg::Float($name) => {
                let $name = *$name;
                $call
            }
            $crate::cases::Arg::Complex($name) => {
                let $name = *$name;
                $call
            }
            _ => panic!("not an operand"),
        }
    };
}

/// An operator with a Rust scalar on its left side.
macro_rules! on_the_left {
    ($scalar:expr, |$name:ident| $call:expr, $($Kind:ident)*) => {
        match $scalar {
            $( Arg::$Kind($name) => {
                let $name = *$name;
                checked(|| $call)
            } )*
            _ => panic!("no such scalar stands on the left"),
        }
    };
}

/// The lazy result of `op`, or why it cannot be built.
pub fn call(op: &str, args: &[Arg]) -> Result<Array> {
    use Arg::{Array as A, Axes, Bound, Count, DType, Shape, Slice};

    macro_rules! methods {
        (unary: $($unary:ident)*; binary: $($binary:ident)*; axes: $($axes:ident)*) => { pastey::paste! {
            match (op, args) {
                $( (stringify!($unary), [A(x)]) => return x.[<try_ $unary>](), )*
                $( (stringify!($binary), [A(x), other]) => {
                    return with_operand!(other, |y| x.[<try_ $binary>](y));
                } )*
                $( (stringify!($axes), [A(x), Axes(over)]) => return x.[<try_ $axes>](over.clone()), )*
                _ => {}
            }
        } };
    }
    methods! {
        unary: negative abs sign sqrt square reciprocal cbrt exp exp2 expm1 log log1p log2 log10 sin cos tan asin acos
            atan sinh cosh asinh acosh atanh tanh sigmoid erf erfc lgamma floor ceil trunc round isnan isinf isfinite logical_not bitwise_invert ravel t matrix_transpose
            gelu gelu_tanh silu softplus relu corrcoef real imag conj angle positive signbit sinc deg2rad rad2deg nan_to_num bitwise_count;
        binary: add subtract multiply divide floor_divide remainder pow maximum minimum atan2 hypot logaddexp logaddexp2 logical_and
            logical_or logical_xor bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
            equal not_equal less less_equal greater greater_equal isclose copysign nextafter gcd lcm heaviside fmax
            fmin float_power;
        axes: sum prod max min mean var std any all count_nonzero argmax argmin softmax log_softmax squeeze
            flip expand_dims permute_dims nansum nanprod nanmean nanvar nanstd nanmax nanmin nanargmax nanargmin
            nanmedian ptp logsumexp fftshift ifftshift
    }

    match (op, args) {
        ("left_add", [x, A(y)]) => on_the_left!(x, |x| x + y, Int Float),
        ("left_subtract", [x, A(y)]) => on_the_left!(x, |x| x - y, Int Float),
        ("left_multiply", [x, A(y)]) => on_the_left!(x, |x| x * y, Int Float),
        ("left_divide", [x, A(y)]) => on_the_left!(x, |x| x / y, Int Float),
        ("left_remainder", [x, A(y)]) => on_the_left!(x, |x| x % y, Int Float),
        ("left_bitwise_and", [x, A(y)]) => on_the_left!(x, |x| x & y, Bool Int),
        ("left_bitwise_or", [x, A(y)]) => on_the_left!(x, |x| x | y, Bool Int),
        ("left_bitwise_xor", [x, A(y)]) => on_the_left!(x, |x| x ^ y, Bool Int),
        ("left_bitwise_left_shift", [x, A(y)]) => on_the_left!(x, |x| x << y, Int),
        ("left_bitwise_right_shift", [x, A(y)]) => on_the_left!(x, |x| x >> y, Int),

        ("where_", [A(mask), yes, no]) => {
            with_operand!(yes, |yes| with_operand!(no, |no| try_where_(mask, yes, no)))
        }
        ("clip", [A(x), low, high]) => {
            with_operand!(low, |low| with_operand!(high, |high| x.try_clip(low, high)))
        }
        ("divmod_quotients", [A(x), other]) => with_operand!(other, |y| Ok(x.try_divmod(y)?.0)),
        ("divmod_remainders", [A(x), other]) => with_operand!(other, |y| Ok(x.try_divmod(y)?.1)),
        ("astype", [A(x), DType(dtype)]) => x.try_astype(*dtype),
        ("array_equal", [A(x), A(y)]) => Ok(Array::scalar(x.array_equal(y)?)),
        ("allclose", [A(x), A(y)]) => Ok(Array::scalar(x.allclose(y)?)),

        ("zeros", [Shape(shape), DType(dtype)]) => Array::try_zeros(shape, *dtype),
        ("ones", [Shape(shape), DType(dtype)]) => Array::try_ones(shape, *dtype),
        ("full", [Shape(shape), Arg::Bool(value), DType(dtype)]) => Array::try_full(shape, *value, *dtype),
        ("full", [Shape(shape), Arg::Int(value), DType(dtype)]) => Array::try_full(shape, *value, *dtype),
        ("full", [Shape(shape), Arg::Float(value), DType(dtype)]) => Array::try_full(shape, *value, *dtype),
        ("full", [Shape(shape), Arg::Complex(value), DType(dtype)]) => Array::try_full(shape, *value, *dtype),
        ("complex", [re, im]) => with_operand!(re, |re| with_operand!(im, |im| try_complex(re, im))),
        ("full_like", [A(x), Arg::Bool(value)]) => Ok(x.full_like(*value)),
        ("full_like", [A(x), Arg::Int(value)]) => Ok(x.full_like(*value)),
        ("full_like", [A(x), Arg::Float(value)]) => Ok(x.full_like(*value)),
        ("zeros_like", [A(x)]) => Ok(x.zeros_like()),
        ("ones_like", [A(x)]) => Ok(x.ones_like()),
        ("arange", [Count(start), Count(stop), Count(step)]) => Array::try_arange_step(*start..*stop, *step),
        ("arange", [Bound(start), Bound(stop), Bound(step)]) => Array::try_arange_step(*start..*stop, *step),
        ("linspace", [Bound(start), Bound(stop), Count(count)]) => {
            Array::try_linspace(*start, *stop, usize::try_from(*count).expect("a count"))
        }
        ("eye", [Count(n), DType(dtype)]) => Array::try_eye(usize::try_from(*n).expect("a count"), *dtype),

        ("reshape", [A(x), Shape(shape)]) => x.try_reshape(shape),
        ("broadcast_to", [A(x), Shape(shape)]) => x.try_broadcast_to(shape),
        ("swapaxes", [A(x), Count(one), Count(other)]) => x.try_swapaxes(*one as isize, *other as isize),
        ("moveaxis", [A(x), Count(from), Count(to)]) => x.try_moveaxis(*from as isize, *to as isize),
        ("slice", [A(x), Slice(items)]) => x.try_slice(items),
        ("concat", [Count(axis), arrays @ ..]) => try_concat(arrays.iter().map(array), *axis as isize),
        ("concat_after", [first, Count(axis), second]) => {
            try_concat([array(first), array(second)], *axis as isize)
        }
        ("stack", [Count(axis), arrays @ ..]) => try_stack(arrays.iter().map(array), *axis as isize),

        ("sort", [A(x), Count(axis)]) => x.try_sort(*axis as isize),
        ("sort_descending", [A(x), Count(axis)]) => x.try_sort_descending(*axis as isize),
        ("argsort", [A(x), Count(axis)]) => x.try_argsort(*axis as isize),
        ("argsort_descending", [A(x), Count(axis)]) => x.try_argsort_descending(*axis as isize),
        ("partition", [A(x), Count(k), Count(axis)]) => x.try_partition(*k as isize, *axis as isize),
        ("topk_values", [A(x), Count(k), Count(axis)]) => Ok(x.try_topk(*k as usize, *axis as isize)?.0),
        ("topk_places", [A(x), Count(k), Count(axis)]) => Ok(x.try_topk(*k as usize, *axis as isize)?.1),
        ("cumulative_sum", [A(x), Count(axis)]) => x.try_cumulative_sum(*axis),
        ("cumulative_sum", [A(x), Axes(over)]) => x.try_cumulative_sum(over.clone()),
        ("cumulative_prod", [A(x), Count(axis)]) => x.try_cumulative_prod(*axis),
        ("cumulative_prod", [A(x), Axes(over)]) => x.try_cumulative_prod(over.clone()),
        ("cumulative_max", [A(x), Count(axis)]) => x.try_cumulative_max(*axis),
        ("cumulative_min", [A(x), Count(axis)]) => x.try_cumulative_min(*axis),
        ("searchsorted", [A(x), values]) => with_operand!(values, |values| x.try_searchsorted(values)),
        ("searchsorted_right", [A(x), values]) => {
            with_operand!(values, |values| x.try_searchsorted_right(values))
        }
        ("digitize", [A(x), A(edges)]) => x.try_digitize(edges),
        ("median", [A(x), Axes(over)]) => x.try_median(over.clone()),
        ("quantile", [A(x), Bound(q), Axes(over)]) => x.try_quantile(*q, over.clone()),
        ("percentile", [A(x), Bound(percent), Axes(over)]) => x.try_percentile(*percent, over.clone()),
        ("bincount", [A(x), Count(least)]) => x.bincount(*least as usize),
        ("histogram_counts", [A(x), Count(bins), Bound(from), Bound(to)]) => {
            Ok(x.try_histogram(*bins as usize, *from..*to)?.0)
        }
        ("take", [A(x), A(indices), Count(axis)]) => x.try_take(indices, *axis as isize),
        ("take_along_axis", [A(x), A(indices), Count(axis)]) => {
            x.try_take_along_axis(indices, *axis as isize)
        }
        ("index", [A(x), indices @ ..]) => x.try_index(indices.iter().map(array)),
        ("mask", [A(x), A(mask)]) => x.mask(mask),
        ("compress", [A(x), A(mask), Count(axis)]) => x.compress(mask, *axis as isize),
        ("nonzero", [A(x), Count(axis)]) => Ok(x.nonzero()?.swap_remove(*axis as usize)),
        ("argwhere", [A(x)]) => x.argwhere(),
        ("unique_values", [A(x)]) => x.unique_values(),
        ("unique_indices", [A(x)]) => Ok(x.unique_all()?.indices),
        ("unique_inverse", [A(x)]) => Ok(x.unique_inverse()?.1),
        ("unique_counts", [A(x)]) => Ok(x.unique_counts()?.1),
        ("intersect1d", [A(x), A(y)]) => x.intersect1d(y),
        ("union1d", [A(x), A(y)]) => x.union1d(y),
        ("setdiff1d", [A(x), A(y)]) => x.setdiff1d(y),
        ("isin", [A(x), A(others)]) => x.try_isin(others),
        ("at_set" | "at_add" | "at_mul" | "at_min" | "at_max", [A(x), place @ .., values]) => {
            let at = match place {
                [Slice(items)] => x.clone().at(&items[..]),
                [A(place)] => x.clone().at(place),
                [A(i), A(j)] => x.clone().at([i, j]),
                _ => panic!("no place of {} arguments", place.len()),
            };
            with_operand!(values, |values| match op {
                "at_set" => at.try_set(values),
                "at_add" => at.try_add(values),
                "at_mul" => at.try_mul(values),
                "at_min" => at.try_min(values),
                _ => at.try_max(values),
            })
        }

        ("matmul", [A(x), A(y)]) => x.try_matmul(y),
        ("matmul_row_sums", [A(x), A(y)]) => x.try_matmul(y)?.try_sum(1),
        ("vecdot", [A(x), A(y)]) => x.try_vecdot(y),
        ("layer_norm", [A(x), Axes(over), gain, bias, Bound(epsilon)]) => with_operand!(gain, |gain| {
            with_operand!(bias, |bias| x.try_layer_norm(over.clone(), gain, bias, *epsilon))
        }),
        _ => surface::call(op, args),
    }
}

pub fn array(arg: &Arg) -> &Array {
    match arg {
        Arg::Array(array) => array,
        _ => panic!("not an array"),
    }
}
