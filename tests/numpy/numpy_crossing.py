#!/usr/bin/env python3
"""Writes tests/numpy/answers/crossing.txt: every function on a broadcast view in every dtype, on arrays without elements
and of one, as far as the files about single functions have not asked that.

    python3 tests/numpy/numpy_crossing.py

The format is that of tests/numpy/numpy_answers.py; bf16, which NumPy has not, is computed in `float32`. All numbers are so small
that sums and products of them are exact in every dtype.
"""

import numpy as np

import numpy_answers as base
from numpy_answers import ERROR, EPS, File, L, Text, axes, dims, exact, near, signed_zeros
import numpy_dtypes as dtypes
from numpy_dtypes import ALL, INTS, UNSIGNED, small_float

HALVES = ("f16", "bf16")
EPS.update(f16=2.0**-10, bf16=2.0**-7)


def pattern(d, extents):
    """`pattern` of every dtype: unsigned from 0 on."""
    values = base.pattern("bool" if d == "bool" else "i64", extents)
    if d == "bool":
        return values
    return (values + 4 * (d in UNSIGNED)).astype(np.float32 if d in HALVES else base.DTYPES[d])


def P(d, *extents):
    return Text(f"{d}({dims(extents)})", pattern(d, extents))


def answer(d, array):
    """The outcome of what was computed of arrays of dtype `d`."""
    array = np.asarray(array)
    text = exact(array)
    return text.replace("f32", d, 1) if d in HALVES and array.dtype == np.float32 else text


def descending(a, k):
    return np.take_along_axis(a, base.argsort_descending(a, k), k)


def argsort_descending(a, k):
    # NumPy's `isnan` is not asked of truth values.
    return base.argsort_descending(a.astype(np.int8) if a.dtype == np.bool_ else a, k)


def scanned(larger):
    return lambda a: base.running_extreme(a, 0, larger)


def each_window(a):
    return np.lib.stride_tricks.sliding_window_view(a, 2, 0)


# What only moves elements, or compares them: what is asked of the array, and what is done.
MOVES = [
    ("flip", "a:-1", lambda x: np.flip(x, -1)), ("roll", "(2) a:-1", lambda x: np.roll(x, 2, -1)), ("roll", "(-1) a:..", lambda x: np.roll(x, -1)),
    ("repeat", "n:2 a:0", lambda x: np.repeat(x, 2, 0)), ("repeat", "n:2 a:..", lambda x: np.repeat(x, 2)), ("tile", "(2,1)", lambda x: np.tile(x, (2, 1))),
    ("pad", "(1,0,0,2) w:1", lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=1)), ("pad_edge", "(1,1,2,0)", lambda x: np.pad(x, ((1, 1), (2, 0)), "edge")),
    ("pad_reflect", "(1,1,2,0)", lambda x: np.pad(x, ((1, 1), (2, 0)), "reflect")), ("pad_symmetric", "(1,1,2,0)", lambda x: np.pad(x, ((1, 1), (2, 0)), "symmetric")),
    ("pad_wrap", "(1,1,2,0)", lambda x: np.pad(x, ((1, 1), (2, 0)), "wrap")), ("diff", "n:1 n:0", lambda x: np.diff(x, 1, 0)), ("diff", "n:1 n:-1", np.diff),
    ("tril", "n:0", np.tril), ("triu", "n:1", lambda x: np.triu(x, 1)), ("diag", "n:0", np.diag), ("diagonal", "n:1", lambda x: np.linalg.diagonal(x, offset=1)),
    ("unstack", "n:0 n:1", lambda x: np.unstack(x)[1]), ("split", "n:2 n:1 n:1", lambda x: np.split(x, 2, 1)[1]), ("split_at", "(1) n:-1 n:1", lambda x: np.split(x, [1], -1)[1]),
    ("reshape", "(2,6)", lambda x: x.reshape(2, 6)), ("ravel", "", np.ravel), ("t", "", np.transpose), ("matrix_transpose", "", np.matrix_transpose),
    ("permute_dims", "a:1,0", np.transpose), ("moveaxis", "n:0 n:-1", lambda x: np.moveaxis(x, 0, -1)), ("swapaxes", "n:0 n:1", lambda x: np.swapaxes(x, 0, 1)),
    ("expand_dims", "a:1", lambda x: np.expand_dims(x, 1)), ("broadcast_to", "(2,3,4)", lambda x: np.broadcast_to(x, (2, 3, 4))),
    ("slice", "s:::-1,1:", lambda x: x[::-1, 1:]), ("rot90", "n:1 a:0,1", np.rot90), ("rot90", "n:-1 a:0,1", lambda x: np.rot90(x, -1)),
    ("sliding_window_view", "(2) a:0", each_window), ("unfold", "n:0 n:2 n:1", each_window),
    ("take", "i64[2]:2,-3 n:0", lambda x: np.take(x, [2, -3], 0)), ("take", "i64[2]:1,1 n:-1", lambda x: np.take(x, [1, 1], -1)),
    ("take_along_axis", "i64[3,1]:0,-1,2 n:1", lambda x: np.take_along_axis(x, np.array([[0], [-1], [2]]), 1)),
    ("index", "i64[2]:1,-1 i64[2]:0,3", lambda x: x[[1, -1], [0, 3]]), ("mask", "bool(3,4)", lambda x: x[pattern("bool", (3, 4))]),
    ("compress", "bool[3]:1,0,1 n:0", lambda x: np.compress([1, 0, 1], x, 0)), ("compress", "bool[4]:1,0,0,1 n:-1", lambda x: np.compress([1, 0, 0, 1], x, -1)),
    ("zeros_like", "", np.zeros_like), ("ones_like", "", np.ones_like), ("empty_like", "", np.zeros_like),
    ("nonzero", "n:1", lambda x: np.nonzero(x)[1]), ("argwhere", "", np.argwhere),
    ("unique_values", "", np.unique), ("unique_counts", "", lambda x: np.unique(x, return_counts=True)[1]),
    ("unique_indices", "", lambda x: np.unique(x, return_index=True)[1]), ("unique_inverse", "", lambda x: np.unique(x, return_inverse=True)[1].reshape(x.shape)),
    ("sort", "n:0", lambda x: np.sort(x, 0, kind="stable")), ("argsort", "n:0", lambda x: np.argsort(x, 0, kind="stable")), ("argsort", "n:-1", lambda x: np.argsort(x, -1, kind="stable")),
    ("sort_descending", "n:0", lambda x: descending(x, 0)), ("argsort_descending", "n:0", lambda x: argsort_descending(x, 0)),
    ("argsort_descending", "n:-1", lambda x: argsort_descending(x, -1)), ("partition", "n:1 n:0", lambda x: np.sort(x, 0)),
    ("topk_values", "n:2 n:0", lambda x: descending(x, 0)[:2]), ("topk_places", "n:2 n:0", lambda x: argsort_descending(x, 0)[:2]),
    ("cumulative_max", "n:0", scanned(True)), ("cumulative_min", "n:0", scanned(False)),
    ("max", "a:-1;k", lambda x: np.max(x, -1, keepdims=True)), ("min", "a:0", lambda x: np.min(x, 0)), ("argmax", "a:0;k", lambda x: np.argmax(x, 0, keepdims=True)),
    ("argmin", "a:-1", lambda x: np.argmin(x, -1)), ("any", "a:-2", lambda x: np.any(x, -2)), ("all", "a:..;k", lambda x: np.all(x, keepdims=True)),
    ("count_nonzero", "a:0", lambda x: np.count_nonzero(x, 0)), ("isnan", "", np.isnan), ("isinf", "", np.isinf), ("isfinite", "", np.isfinite), ("logical_not", "", np.logical_not),
    ("nanmax", "a:-1;k", lambda x: np.max(x, -1, keepdims=True)), ("nanmin", "a:0", lambda x: np.min(x, 0)),
    ("nanargmax", "a:0", lambda x: np.argmax(x, 0)), ("nanargmin", "a:-1", lambda x: np.argmin(x, -1)),
]
# Of the array twice, or of it and another of its dtype.
PAIRS = [
    ("concat", "n:0 {x} {y}", lambda x, y: np.concatenate([x, y])), ("stack", "n:1 {x} {y}", lambda x, y: np.stack([x, y], 1)),
    ("broadcast_arrays", "n:1 {x} {row}", lambda x, row: np.broadcast_to(row, x.shape)), ("where_", "bool(3,1) {x} {y}", lambda x, y: np.where(pattern("bool", (3, 1)), x, y)),
    ("array_equal", "{x} {y}", lambda x, y: np.asarray(np.array_equal(x, y))), ("allclose", "{x} {y}", lambda x, y: np.asarray(np.allclose(x, y))),
    ("isclose", "{x} {y}", np.isclose), ("equal", "{x} {row}", np.equal), ("not_equal", "{x} {row}", np.not_equal), ("less", "{x} {row}", np.less), ("less_equal", "{x} {row}", np.less_equal),
    ("greater", "{x} {row}", np.greater), ("greater_equal", "{x} {row}", np.greater_equal), ("maximum", "{x} {row}", lambda x, y: signed_zeros(np.maximum(x, y), *np.broadcast_arrays(x, y), True)),
    ("minimum", "{x} {row}", lambda x, y: signed_zeros(np.minimum(x, y), *np.broadcast_arrays(x, y), False)),
    ("logical_and", "{x} {row}", np.logical_and), ("logical_or", "{x} {row}", np.logical_or), ("logical_xor", "{x} {row}", np.logical_xor),
    ("isin", "{x} {row}", np.isin), ("intersect1d", "{x} {row}", np.intersect1d), ("union1d", "{x} {row}", np.union1d), ("setdiff1d", "{x} {row}", np.setdiff1d),
    ("searchsorted", "{sorted} {x}", lambda s, x: np.searchsorted(s, x)), ("searchsorted_right", "{sorted} {x}", lambda s, x: np.searchsorted(s, x, "right")),
    ("digitize", "{x} {sorted}", lambda x, s: np.digitize(x, s)), ("fmax", "{x} {row}", lambda x, y: signed_zeros(np.fmax(x, y), *np.broadcast_arrays(x, y), True)),
    ("fmin", "{x} {row}", lambda x, y: signed_zeros(np.fmin(x, y), *np.broadcast_arrays(x, y), False)),
    ("at_set", "{x} s:1 {row}", lambda x, row: base.updated("at_set", x, np.s_[1], row)), ("at_min", "{x} s::,1 {one}", lambda x, one: base.updated("at_min", x, np.s_[:, 1], one)),
    ("at_max", "{x} i64[2]:0,0 {row}", lambda x, row: base.updated("at_max", x, np.array([0, 0]), row)),
    ("meshgrid", "n:0 {row} {y1}", lambda x, y: np.meshgrid(x, y)[0]), ("meshgrid_ij", "n:1 {row} {y1}", lambda x, y: np.meshgrid(x, y, indexing="ij")[1]),
    ("squeeze", "{unit} a:-2", lambda x: np.squeeze(x, -2)), ("repeat_each", "{x} i64[3]:2,0,1 a:0", lambda x: np.repeat(x, [2, 0, 1], 0)),
]
# Of numbers: what is exact in every dtype of them.
NUMBERS = [
    ("sum", "a:0;k", lambda x: np.sum(x, 0, keepdims=True)), ("prod", "a:0", lambda x: np.prod(x, 0)), ("nansum", "a:-1", lambda x: np.sum(x, -1)), ("nanprod", "a:0", lambda x: np.prod(x, 0)),
    ("cumulative_sum", "n:0", lambda x: np.cumsum(x, 0)), ("cumulative_prod", "n:0", lambda x: np.cumprod(x, 0)), ("trace", "n:0", np.trace),
    ("negative", "", np.negative), ("abs", "", np.abs), ("sign", "", np.sign), ("square", "", np.square), ("positive", "", np.positive),
    ("floor", "", np.floor), ("ceil", "", np.ceil), ("trunc", "", np.trunc), ("round", "", np.round), ("signbit", "", np.signbit), ("ptp", "a:0", lambda x: np.ptp(x, 0)),
    ("clip", "w:0 w:2", lambda x: np.clip(x, 0, 2)), ("nan_to_num", "", np.nan_to_num), ("full_like", "w:1", lambda x: np.full_like(x, 1)),
]
NUMBER_PAIRS = [
    ("add", "{x} {row}", np.add), ("subtract", "{x} {row}", np.subtract), ("multiply", "{x} {row}", np.multiply), ("floor_divide", "{x} {row}", np.floor_divide),
    ("remainder", "{x} {row}", np.remainder), ("outer", "{row} {sorted}", np.outer), ("kron", "{x} {row}", np.kron), ("inner", "{x} {row}", np.inner),
    ("vecdot", "{x} {row}", np.vecdot), ("matmul", "{x} {column}", np.matmul), ("tensordot", "{x} {y} n:2", lambda x, y: np.tensordot(x, y, 2)),
    ("einsum:ij,j->i", "{x} {row}", lambda x, row: np.einsum("ij,j->i", x, row)), ("convolve_full", "{row} {sorted}", np.convolve),
    ("convolve_valid", "{row} {sorted}", lambda x, s: np.convolve(x, s, "valid")), ("convolve_same", "{row} {sorted}", lambda x, s: np.convolve(x, s, "same")),
    ("correlate_valid", "{row} {sorted}", np.correlate), ("correlate_full", "{row} {sorted}", lambda x, s: np.correlate(x, s, "full")),
    ("correlate_same", "{row} {sorted}", lambda x, s: np.correlate(x, s, "same")),
    ("cross", "{three} {three2} n:-1", np.cross), ("at_add", "{x} i64[2]:0,0 {row}", lambda x, row: base.updated("at_add", x, np.array([0, 0]), row)),
    ("at_mul", "{x} s:1 {row}", lambda x, row: base.updated("at_mul", x, np.s_[1], row)), ("divmod_quotients", "{x} {row}", np.floor_divide), ("divmod_remainders", "{x} {row}", np.remainder),
]
INTEGERS = [("bitwise_and", np.bitwise_and), ("bitwise_or", np.bitwise_or), ("bitwise_xor", np.bitwise_xor), ("bitwise_left_shift", np.left_shift),
            ("bitwise_right_shift", np.right_shift), ("gcd", np.gcd), ("lcm", np.lcm)]


class Crossing(File):
    def view(self, name, array, text):
        self.lines.append(f"let {name} = {text}")
        return Text(name, array)

    def exactly(self, d, op, args, f, arrays):
        try:
            outcome = answer(d, f(*arrays))
        except (ValueError, TypeError, IndexError):
            outcome = ERROR
        self.case(op, args, outcome)


def views(file, d):
    """The arrays that functions are asked of, by the words of the tables: broadcast ones most of all."""
    wide = lambda name, narrow, to: file.view(f"{name}_{d}", np.broadcast_to(narrow.array, to), f"broadcast_to {narrow.text} ({dims(to)})")
    found = {"x": wide("x", P(d, 3, 1), (3, 4)), "y": wide("y", P(d, 4), (3, 4)), "row": P(d, 4), "one": P(d), "column": P(d, 4, 2),
             "three": wide("three", P(d, 2, 1), (2, 3)), "three2": P(d, 2, 3)}
    found["y1"], found["unit"] = wide("y1", P(d, 1), (2,)), wide("unit", P(d, 2, 1, 1), (2, 1, 3))
    found["sorted"] = file.view(f"sorted_{d}", np.broadcast_to(pattern(d, (1,)), 3), f"broadcast_to {d}(1) (3)")
    return found


def words(args, found):
    """The arguments of a line of the tables, and the arrays among them."""
    given = [found[word[1:-1]] if word.startswith("{") else Text(word) for word in args.split()]
    return given, [arg.array for arg in given if arg.array is not None]


def every_dtype(file):
    for d in ALL:
        file.section(d)
        found = views(file, d)
        x = found["x"]
        for op, args, f in MOVES + (NUMBERS if d != "bool" else []):
            args = "(1,0,0,2) w:true" if (op, d) == ("pad", "bool") else args
            if op == "trace" and d in HALVES:
                continue
            file.exactly(d, op, [x, *words(args, found)[0]], f, [x.array])
        for op, args, f in PAIRS + (NUMBER_PAIRS if d != "bool" else []):
            given, arrays = words(args, found)
            file.exactly(d, op, given, f, arrays)
        for op, f in INTEGERS if d in INTS else []:
            other = L(np.array(3, base.DTYPES[d])) if "shift" in op else found["row"]
            file.exactly(d, op, [x, other], f, [x.array, other.array])
        if d in INTS:
            file.exactly(d, "bitwise_count", [x], lambda a: np.bitwise_count(a).astype(a.dtype), [x.array])
            file.exactly(d, "bitwise_invert", [x], np.invert, [x.array])
            i = P(d, 4) if d in UNSIGNED else file.view(f"i_{d}", np.broadcast_to(base.DTYPES[d](3), 4), f"broadcast_to {d}[]:3 (4)")
            file.exactly(d, "bincount", [i, Text("n:2")], lambda a: np.bincount(a.astype(np.int64), minlength=2), [i.array])
        to = small_float(d)
        if d != "bool":
            a, b = (arg.array.astype(np.float32 if to in HALVES else to.replace("f", "float")) for arg in (x, found["row"]))
            for op, f in (("copysign", np.copysign), ("heaviside", np.heaviside)):
                file.exactly(to, op, [x, found["row"]], f, [a, b])
        if to not in HALVES:
            file.exactly(to, "nextafter", [x, found["row"]], np.nextafter, [x.array.astype(to.replace("f", "float")), found["row"].array.astype(to.replace("f", "float"))])
        wide = x.array.astype(np.float64)
        for op, f in (("deg2rad", np.deg2rad), ("rad2deg", np.rad2deg), ("sinc", np.sinc)):
            # The constant and what is computed are rounded, a few times for `sinc`, whose angle may be some pi.
            to = d if op == "sinc" and d in ("f16", "bf16", "f32") else "f64" if op == "sinc" else small_float(d)
            file.case(op, [x], near(f(wide), to, EPS[to] * (24 if op == "sinc" else 2) * (1 if op == "sinc" else np.abs(f(wide)))))
        file.case("float_power", [x, L(np.array(2.0))], base.ulps(wide**2, "f64", 2))


def means(file):
    file.section("within a bound: means, variances, medians, shares and what is made of them")
    for d in ("bool", "i8", "u16", "i32", "i64", "f32", "f64"):
        x = Text(f"x_{d}", np.broadcast_to(pattern(d, (3, 1)), (3, 4)))
        to = d if d in ("f32", "f64") else "f64"
        wide = x.array.astype(np.float64)
        def case(op, args, value):
            value = np.asarray(value)
            file.case(op, [x, *(Text(word) for word in args.split())], near(value, to, np.where(np.isfinite(value), 32 * EPS[to] * (1 + np.abs(value)), 0)))
        for keep in ("", ";k"):
            k = bool(keep)
            for text, axis in (("-1", -1), ("0", 0), ("..", None)):
                over = f"a:{text}{keep}"
                for op in ("mean", "var", "std", "median", "nanmean", "nanvar", "nanstd", "nanmedian"):
                    if op.endswith("median") and d == "bool":
                        continue
                    case(op, over, getattr(np, op)(wide, axis=axis, keepdims=k))
                case("logsumexp", over, np.log(np.sum(np.exp(wide), axis=axis, keepdims=k)))
                case("vector_norm", f"x:1.0 {over}", np.sum(np.abs(wide), axis=axis, keepdims=k))
                if d != "bool":
                    for op, q in (("quantile", 0.25), ("nanquantile", 0.25), ("percentile", 30), ("nanpercentile", 30)):
                        case(op, f"x:{float(q)} {over}", getattr(np, op)(wide, q, axis=axis, keepdims=k))
        case("cov", "x:1.0", np.cov(wide))
        case("average", f"{d}[3]:1,0,1 a:0", np.average(wide, axis=0, weights=[1, 0, 1]))


def specials(file):
    file.section("variances and covariances of NaN and infinities, which have none")
    for d in ("f32", "f64"):
        for row in ([1, base.NAN, 2], [base.INF, 1, 2], [-base.INF, base.INF], [base.NAN]):
            array = L(np.array(row, base.DTYPES[d]))
            for op in ("var", "std"):
                file.case(op, [array, axes(0)], exact(np.array(base.NAN, base.DTYPES[d])))
        for op, f in (("mask", lambda a, m: a[m]), ("compress", None)):
            array = L(np.array([base.NAN, -0.0, base.INF, 1], base.DTYPES[d]))
            mask = L(np.array([1, 1, 1, 0], bool))
            file.case(op, [array, mask, *([Text("n:0")] if f is None else [])], exact(array.array[:3]))
        array = L(np.array([[base.NAN, -0.0], [base.INF, 0.0]], base.DTYPES[d]))
        for op, args, f in MOVES:
            if op in ("roll", "repeat", "tile", "flip", "tril", "triu", "diag", "diagonal", "ravel", "t", "rot90", "pad_edge", "diff", "nonzero", "argwhere", "split", "unstack", "slice"):
                file.exactly(d, op, [array, *words(args, {})[0]], f, [array.array])


def extremes(d):
    """Of every dtype what goes wrong: the ends of integers; NaN, infinities, zeros of both signs and the ends of floats."""
    if d == "bool":
        return pattern(d, (3, 4))
    if d in INTS:
        low, high = dtypes.ends(d)
        return np.array([high, low, 0, 1, high, 2, low, 3, high - 1, low + 1, 0, high], base.DTYPES[d]).reshape(3, 4)
    most, least = max(v for v in dtypes.special(d) if v < base.INF), min(v for v in dtypes.special(d) if v > 0)
    return np.array([base.NAN, -0.0, base.INF, 1, -base.INF, 0.0, -0.0, 2, least, -1, most, base.NAN], np.float32 if d in HALVES else base.DTYPES[d]).reshape(3, 4)


# Functions that do with extremes what they do with other elements, NaN among them.
SAME_OF_ALL = set("""flip roll repeat tile pad_edge pad_reflect pad_symmetric pad_wrap diff tril triu diag diagonal unstack split split_at reshape ravel t
    matrix_transpose permute_dims moveaxis swapaxes expand_dims broadcast_to slice rot90 sliding_window_view unfold take take_along_axis index mask compress
    zeros_like ones_like empty_like nonzero argwhere sort argsort sort_descending argsort_descending topk_values topk_places cumulative_max cumulative_min
    argmax argmin any all count_nonzero isnan isinf isfinite logical_not concat stack broadcast_arrays where_ array_equal equal not_equal less less_equal
    greater greater_equal maximum minimum logical_and logical_or logical_xor isin fmax fmin at_set meshgrid meshgrid_ij squeeze repeat_each""".split())


def every_extreme(file):
    for d in ALL:
        if d == "bool":
            continue
        file.section(f"extremes of {d}")
        array = extremes(d)
        def of(name, part):
            return file.view(f"{name}_{d}", part, f"{d}[{dims(part.shape)}]:" + ",".join(base.number(v) for v in part.flat))
        x = of("extremes", array)
        found = {"x": x, "y": of("turned", array[::-1, ::-1]), "row": of("last", array[2]), "y1": of("two", array[0, 1:3]), "unit": of("unit_extremes", array[:, None, :])}
        for op, args, f in MOVES:
            if op in SAME_OF_ALL:
                file.exactly(d, op, [x, *words(args, found)[0]], f, [array])
        for op, args, f in PAIRS:
            if op in SAME_OF_ALL:
                given, arrays = words(args, found)
                file.exactly(d, op, given, f, arrays)
        if d in INTS:
            file.exactly(d, "pad", [x, Text("(1,0,0,2) w:1")], lambda v: np.pad(v, ((1, 0), (0, 2)), constant_values=1), [array])
            for op, args, f in NUMBERS:
                if op not in ("clip", "ptp", "abs"):
                    file.exactly(d, op, [x, *words(args, found)[0]], f, [array])
            found.update(column=of("column_extremes", array.reshape(4, 3)), sorted=of("three_extremes", array[1, :3]), three=of("rows_extremes", array[:, :3]),
                         three2=of("rows_turned", array[::-1, 1:]))
            for op, args, f in NUMBER_PAIRS:
                if not op.startswith(("floor", "remainder", "divmod")):
                    given, arrays = words(args, found)
                    file.exactly(d, op, given, f, arrays)
            ordered = of("ordered_extremes", np.unique(array))
        else:
            ordered = of("ordered_extremes", np.sort(array[~np.isnan(array)]))
        for op, side in (("searchsorted", "left"), ("searchsorted_right", "right")):
            file.exactly(d, op, [ordered, x], lambda s, v: np.searchsorted(s, v, side), [ordered.array, array])
        file.exactly(d, "digitize", [x, ordered], np.digitize, [array, ordered.array])
        for op, f in (("unique_values", np.unique), ("unique_counts", lambda v: np.unique(v, return_counts=True)[1]), ("unique_indices", lambda v: np.unique(v, return_index=True)[1])):
            file.exactly(d, op, [ordered], f, [ordered.array])
        # Of zeros of both signs it is not said which one stays.
        ordered = of("distinct_extremes", np.unique(ordered.array + ordered.array.dtype.type(0)))
        pair = of("pair", np.array([ordered.array[-1], ordered.array[0]]))
        for op, f in (("intersect1d", np.intersect1d), ("union1d", np.union1d), ("setdiff1d", np.setdiff1d)):
            file.exactly(d, op, [ordered, pair], f, [ordered.array, pair.array])


def few(file):
    file.section("without elements, and of one")
    unary = {**base.MATH_UNARY, "sinc": np.sinc, "deg2rad": np.deg2rad, "rad2deg": np.rad2deg}
    for d in ("i32", "f32", "f64"):
        to = "f32" if d == "f32" else "f64"
        none, one, single = P(d, 0, 3), L(pattern(d, (2,))[1] if d == "i32" else np.array(0.5, base.DTYPES[d])), Text(f"x_{d}", np.broadcast_to(pattern(d, (3, 1)), (3, 4)))
        for op, f in unary.items():
            for arg in (none, one, single):
                value = np.asarray(f(np.asarray(arg.array).astype(np.float64)))
                bound = 8 * EPS[to] * (1 + np.abs(value))
                file.case(op, [arg], near(value, to, np.where(np.isfinite(value), bound, 0)))
        for op, f in base.MATH_BINARY.items():
            for a, b in ((none, P(d, 3)), (L(np.array(2, base.DTYPES[d])), L(np.array(3, base.DTYPES[d]))), (none, L(np.array(3, base.DTYPES[d])))):
                value = np.asarray(f(np.asarray(a.array, np.float64), np.asarray(b.array, np.float64))).astype(np.float64)
                kind = "i32" if (op, d) == ("pow", "i32") else to
                file.case(op, [a, b], near(value, to, 8 * EPS[to] * (1 + np.abs(value))) if kind != "i32" else exact(value.astype(np.int32)))
    for d in ("bool", "i64", "f32"):
        none, single = {"x": P(d, 0, 4), "y": P(d, 0, 4), "row": P(d, 4), "sorted": P(d, 0)}, P(d)
        for op, args, f in PAIRS:
            if op in ("concat", "stack", "broadcast_arrays", "equal", "less", "greater_equal", "maximum", "minimum", "logical_and", "isin", "isclose", "searchsorted", "fmax", "fmin", "not_equal", "less_equal", "greater",
                      "logical_or", "logical_xor", "union1d", "intersect1d", "setdiff1d", "digitize"):
                given, arrays = words(args, none)
                file.exactly(d, op, given, f, arrays)
        for op, args, f in MOVES:
            if op in ("flip", "roll", "repeat", "tile", "sort", "argsort", "ravel", "t", "unique_values", "cumulative_max", "any", "all", "isnan", "expand_dims", "argsort_descending", "sort_descending", "tril", "triu",
                      "zeros_like", "ones_like", "empty_like", "count_nonzero", "argwhere"):
                file.exactly(d, op, [none["x"], *words(args, {})[0]], f, [none["x"].array])
        zero = {"x": single, "y": single, "row": single}
        for op, args, f in PAIRS:
            if op in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "maximum", "minimum", "logical_and", "logical_or", "logical_xor", "isclose", "isin", "fmax", "fmin", "array_equal"):
                given, arrays = words(args, zero)
                file.exactly(d, op, given, f, arrays)
        for op, args, f in NUMBER_PAIRS if d != "bool" else []:
            if op in ("add", "subtract", "multiply", "floor_divide", "remainder"):
                for both in (zero, none):
                    given, arrays = words(args, both)
                    file.exactly(d, op, given, f, arrays)
        for op, args, f in (("ravel", "", np.ravel), ("t", "", np.transpose), ("roll", "(1) a:..", lambda x: np.roll(x, 1)), ("repeat", "n:2 a:..", lambda x: np.repeat(x, 2)),
                            ("tile", "(2,1)", lambda x: np.tile(x, (2, 1))), ("flip", "a:..", np.flip), ("expand_dims", "a:0", lambda x: np.expand_dims(x, 0)),
                            ("unique_values", "", np.unique), ("max", "a:..", np.max), ("argmin", "a:..", np.argmin), ("any", "a:..", np.any), ("broadcast_to", "(2,1)", lambda x: np.broadcast_to(x, (2, 1))),
                            ("reshape", "(1,1)", lambda x: x.reshape(1, 1)), ("isnan", "", np.isnan), ("zeros_like", "", np.zeros_like), ("pad", "() w:1", lambda x: x)):
            if (op, d) != ("pad", "bool"):
                file.exactly(d, op, [single, *words(args, {})[0]], f, [single.array])


def products(file):
    file.section("products and sums of NaN and infinities")
    for d in ("f32", "f64"):
        of = lambda *rows: L(np.array(rows[0] if len(rows) == 1 else rows, base.DTYPES[d]))
        row, rows = of([base.NAN, base.INF, 2, -1]), of([1, base.INF, -base.INF, 2], [base.NAN, 1, 2, 3], [1, 2, 3, 4])
        found = {"x": rows, "y": rows, "row": row, "column": of([1, 2], [0, 1], [1, base.INF], [2, 1]), "sorted": of([1, base.INF, 2]), "three": of([base.INF, 1, 2], [base.NAN, 0, 1]),
                 "three2": of([1, 2, 3], [1, 2, 3])}
        for op, args, f in NUMBER_PAIRS:
            if not op.startswith(("at_", "floor", "divmod", "remainder")):
                given, arrays = words(args, found)
                file.exactly(d, op, given, f, arrays)
        for op, args, f in (("trace", "n:0", np.trace), ("sum", "a:-1;k", lambda v: np.sum(v, -1, keepdims=True)), ("prod", "a:0", lambda v: np.prod(v, 0))):
            file.exactly(d, op, [rows, *words(args, {})[0]], f, [rows.array])
        for op, f in (("at_add", np.add), ("at_mul", np.multiply), ("at_min", np.minimum), ("at_max", np.maximum)):
            values, place = of([base.NAN, base.INF, -0.0]), L(np.array([1, 0, 0]))
            file.exactly(d, op, [of([1, 2]), place, values], lambda v, at, w: base.updated(op, v, at, w), [of([1, 2]).array, place.array, values.array])
        for a in (rows, of([[-0.0, 1], [2, base.NAN]])):
            file.exactly(d, "pad", [a, Text("(1,0,0,2) w:-0.5")], lambda v: np.pad(v, ((1, 0), (0, 2)), constant_values=-0.5), [a.array])
            file.exactly(d, "full_like", [a, Text("w:7")], lambda v: np.full_like(v, 7), [a.array])


STATISTICS = {"mean": np.mean, "var": np.var, "std": np.std, "median": np.median, "nanmean": np.nanmean, "nanvar": np.nanvar, "nanstd": np.nanstd, "nanmedian": np.nanmedian,
              "quantile x:0.25": lambda v: np.quantile(v, 0.25), "nanquantile x:0.25": lambda v: np.nanquantile(v, 0.25), "percentile x:75.0": lambda v: np.percentile(v, 75),
              "nanpercentile x:75.0": lambda v: np.nanpercentile(v, 75), "vector_norm x:1.0": lambda v: np.sum(np.abs(v)), "ptp": np.ptp}


def statistics(file):
    file.section("statistics of extremes and of a single value")
    for d in (*INTS, "f32", "f64"):
        to = d if d in ("f32", "f64") else "f64"
        # Floats of which sums exist; zeros of both signs.
        array = L(extremes(d)[:2] if d in INTS else np.array([[-0.0, 3e5, 0.0, -7.5], [1, -0.0, -0.0, 2]], base.DTYPES[d]))
        wide = array.array.astype(np.float64)
        size = np.max(np.abs(wide))
        for single, value in ((array, wide), (P(d), pattern(d, ()).astype(np.float64))):
            for op, f in STATISTICS.items():
                op, *more = op.split()
                power, bound = (2 if op.endswith("var") else 1), 64 * EPS[to]
                if op == "ptp" and d in INTS:
                    file.exactly(d, op, [single, axes(None)], np.ptp, [single.array])
                    continue
                file.case(op, [single, *(Text(word) for word in more), axes(None)], near(f(value), to, bound * size**power))
        if d in INTS:
            file.case("average", [array, L(np.array([1, 3], base.DTYPES[d])), axes(0)], near(np.average(wide, axis=0, weights=[1, 3]), "f64", 64 * EPS["f64"] * size))
            file.case("cov", [array, Text("x:1.0")], near(np.cov(wide), "f64", 64 * EPS["f64"] * size**2))
        for op in ("nanmax", "nanmin", "nanargmax", "nanargmin") if d in INTS else ():
            file.exactly(d, op, [array, axes(-1, True)], lambda v: getattr(np, op.removeprefix("nan"))(v, -1, keepdims=True), [array.array])
    file.section("shares of numbers of all sizes, to the bit: both ends of a step are exact")
    numbers = L(np.random.default_rng(9).standard_normal(11) * 10.0 ** np.arange(-5, 6))
    for q in (0.03, 0.17, 0.31, 0.49, 0.55, 0.68, 0.77, 0.86, 0.999):
        for op in ("quantile", "nanquantile"):
            file.case(op, [numbers, Text(f"x:{q}"), axes(0)], exact(np.asarray(getattr(np, op)(numbers.array, q))))
    for d in ("f32", "f64"):
        array = L(np.array([[-0.0, 0.0, base.NAN], [0.0, -0.0, -1], [-0.0, base.NAN, base.INF]], base.DTYPES[d]))
        for op in ("nanargmax", "nanargmin"):
            for axis in (0, -1):
                file.exactly(d, op, [array, axes(axis)], lambda v: getattr(np, op)(v, axis), [array.array])
        for row in ([-0.0, 2.0, base.INF, 1], [base.NAN, 1, 2, 3], [-base.INF, base.INF, 0.0, 1], [base.INF, base.INF, 1], [-base.INF, 2, 1]):
            array = L(np.array(row, base.DTYPES[d]))
            for op in ("median", "nanmedian", "quantile x:0.0", "quantile x:1.0", "percentile x:100.0", "nanquantile x:1.0", "nanpercentile x:0.0", "nanmax", "nanmin", "nanmean"):
                op, *more = op.split()
                q = [float(word[2:]) for word in more]
                file.exactly(d, op, [array, *(Text(word) for word in more), axes(0)], lambda v: np.asarray(getattr(np, op)(v, *q), v.dtype), [array.array])
            for weights in ([1, 1, 0, 0], [0, 0, 1, 1]):
                if len(row) == 4:
                    value = np.average(array.array, weights=weights)
                    file.case("average", [array, L(np.array(weights, base.DTYPES[d])), axes(0)], near(value, d, 0))


def rest(file):
    file.section("views, no elements and one through what is left")
    for d in ("u8", "i32", "f32", "f64"):
        x, none, single, row = Text(f"x_{d}", np.broadcast_to(pattern(d, (3, 1)), (3, 4))), P(d, 0, 4), P(d), P(d, 4)
        to = d if d in ("f32", "f64") else "f64"
        for a, b in ((x, row), (none, row), (single, single)):
            wide = [np.asarray(v.array, np.float64) for v in (a, b)]
            file.case("divide", [a, b], exact(np.divide(*(v.astype(to.replace("f", "float")) for v in wide))))
            if d in ("f32", "f64"):
                for op, f in base.MATH_BINARY.items():
                    file.case(op, [a, b], near(f(*wide).astype(np.float64), d, np.where(np.isfinite(f(*wide).astype(np.float64)), 8 * EPS[d] * (1 + np.abs(f(*wide).astype(np.float64))), 0)))
            else:
                for op, f in INTEGERS[:3]:
                    file.exactly(d, op, [a, b], f, [a.array, b.array])
                for op, f in INTEGERS[3:5]:
                    file.exactly(d, op, [a, L(np.array(3, base.DTYPES[d]))], lambda v: f(v, v.dtype.type(3)), [a.array])
        for a in (x, none, single):
            file.exactly(d, "clip", [a, Text("w:0"), Text("w:3")], lambda v: np.clip(v, 0, 3), [a.array])
            file.exactly(d, "full_like", [a, Text("w:7")], lambda v: np.full_like(v, 7), [a.array])
            for other in ("i64", "f32", "bool"):
                file.exactly(d, "astype", [a, Text(other.upper() if other != "bool" else "Bool")], lambda v: v.astype(base.DTYPES[other]), [a.array])
            for op, f in (("zeros_like", np.zeros_like), ("ones_like", np.ones_like), ("empty_like", np.zeros_like)):
                file.exactly(d, op, [a], f, [a.array])
        file.exactly(d, "searchsorted", [Text(f"sorted_{d}", np.broadcast_to(pattern(d, (1,)), 3)), single], np.searchsorted, [np.broadcast_to(pattern(d, (1,)), 3), single.array])
        file.exactly(d, "searchsorted_right", [Text(f"sorted_{d}"), single], lambda v: np.searchsorted(np.broadcast_to(pattern(d, (1,)), 3), v, "right"), [single.array])
        file.exactly(d, "digitize", [single, Text(f"sorted_{d}")], lambda v: np.digitize(v, np.broadcast_to(pattern(d, (1,)), 3)), [single.array])
        file.exactly(d, "compress", [none, L(np.zeros(0, bool)), Text("n:0")], lambda v: v, [none.array])
        file.exactly(d, "topk_values", [none, Text("n:0 n:0")], lambda v: v, [none.array])
        file.exactly(d, "unique_inverse", [L(extremes(d).ravel()[:4] if d == "u8" or d == "i32" else np.array([2, base.INF, -1, 2], base.DTYPES[d]))],
                     lambda v: np.unique(v, return_inverse=True)[1], [extremes(d).ravel()[:4] if d == "u8" or d == "i32" else np.array([2, base.INF, -1, 2], base.DTYPES[d])])
        for op, f in (("sqrt", np.sqrt), ("reciprocal", lambda v: 1 / v)):
            if d in ("f32", "f64"):
                for a in (x, none, single):
                    file.exactly(d, op, [a], f, [a.array])
        file.case("corrcoef", [x], exact(np.full((3, 3), base.NAN, base.DTYPES[to])))


def main():
    file = Crossing("crossing", "Every function on a broadcast view in every dtype, without elements, and of one.")
    file.lines[1] = f"# Written by tests/numpy/numpy_crossing.py with NumPy {np.__version__}."
    every_dtype(file)
    means(file)
    specials(file)
    every_extreme(file)
    few(file)
    products(file)
    statistics(file)
    rest(file)
    file.write()


if __name__ == "__main__":
    main()
