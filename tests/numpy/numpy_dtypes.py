#!/usr/bin/env python3
"""Writes tests/numpy/answers/dtypes.txt and dtypes_printing.txt: what NumPy 2 answers about the dtypes that machine
code has no ops of, and about dtypes as such, for tests/numpy.rs.

    python3 tests/numpy/numpy_dtypes.py

The format is that of tests/numpy/numpy_answers.py. NumPy has no bf16: those answers are computed in `float32` and
rounded by the exact arithmetic of `rounded` below.
"""

import itertools
import math
from fractions import Fraction

import numpy as np

import numpy_answers as base
from numpy_answers import ERROR, INF, NAN, OUT, File, L, P, Text, axes, dims, exact, number, signed_zeros, weak

base.DTYPES.update(i8=np.int8, i16=np.int16, u8=np.uint8, u16=np.uint16, u32=np.uint32, u64=np.uint64, f16=np.float16)
base.NAMES.update({np.dtype(dtype): name for name, dtype in base.DTYPES.items()})
DTYPES = base.DTYPES
SIGNED, UNSIGNED = ("i8", "i16", "i32", "i64"), ("u8", "u16", "u32", "u64")
INTS, FLOATS = SIGNED + UNSIGNED, ("f16", "bf16", "f32", "f64")
ALL = ("bool", *INTS, *FLOATS)
NEW = ("i8", "i16", *UNSIGNED, "f16", "bf16")
# Digits of significands, the least exponent of normal numbers, the largest exponent.
FORMATS = {"f16": (11, -14, 15), "bf16": (8, -126, 127), "f32": (24, -126, 127), "f64": (53, -1022, 1023)}


def rounded(value, dtype):
    """A number to the nearest of `dtype`, halves to even, by exact arithmetic."""
    value = float(value) if isinstance(value, (float, np.floating)) else value
    if isinstance(value, float) and (not math.isfinite(value) or value == 0):
        return value
    digits, least, most = FORMATS[dtype]
    exact_value = abs(Fraction(value))
    if exact_value == 0:
        return 0.0
    exponent = exact_value.numerator.bit_length() - exact_value.denominator.bit_length()
    exponent -= exact_value < Fraction(2) ** exponent
    place = Fraction(2) ** (max(exponent, least) - digits + 1)
    size = round(exact_value / place) * place
    size = INF if size >= Fraction(2) ** (most + 1) else float(size)
    return math.copysign(size, value)


class Brain:
    """An array of bf16, as its values in float32."""

    def __init__(self, array):
        array = np.asarray(array, np.float64)
        self.array = np.array([rounded(x, "bf16") for x in array.flat], np.float32).reshape(array.shape)
        self.text = f"bf16[{dims(self.array.shape)}]:" + ",".join(number(x) for x in self.array.flat)


def literal(dtype, values):
    return Brain(values) if dtype == "bf16" else L(as_dtype(values, dtype))


def brain(array):
    array = np.asarray(array)
    return exact(np.asarray(Brain(array).array)).replace("f32", "bf16", 1)


def answer(dtype, values):
    """The outcome of these exact numbers in `dtype`."""
    values = np.asarray(values)
    return brain(values) if dtype == "bf16" else exact(values.astype(DTYPES[dtype]))


def near(values, dtype, ulps):
    """The outcome of a function of floats, computed in float64."""
    values = np.asarray(values, np.float64)
    near = np.array([rounded(x, dtype) for x in values.flat])
    texts = [number(v if math.isfinite(r) and r != 0 else np.float64(r)) for v, r in zip(values.flat, near)]
    return f"{dtype}[{dims(values.shape)}] @{ulps} = {' '.join(texts)}"


def bits(dtype):
    return 8 * np.dtype(DTYPES[dtype]).itemsize


def ends(dtype):
    info = np.iinfo(DTYPES[dtype])
    return int(info.min), int(info.max)


def special(dtype):
    if dtype == "bool":
        return [False, True]
    if dtype in INTS:
        low, high = ends(dtype)
        width = bits(dtype)
        wanted = [0, 1, 2, 3, 7, 10, width - 1, width, width + 1, high, high - 1, 1 << (width // 2), -1, -2, -7, low, low + 1]
        return sorted({n for n in wanted if low <= n <= high})
    tiny = {"f16": 2.0**-24, "bf16": 2.0**-133, "f32": 1e-45, "f64": 5e-324}[dtype]
    least = {"f16": 2.0**-14, "bf16": 2.0**-126, "f32": 2.0**-126, "f64": 2.0**-1022}[dtype]
    most = {"f16": 65504.0, "bf16": float(rounded(3.38e38, "bf16")), "f32": 3.4028235e38, "f64": 1.7976931348623157e308}[dtype]
    values = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 0.1, 7.25, 100.7, tiny, 3 * tiny, least, most, -most, INF, -INF, NAN]
    return [rounded(x, dtype) for x in values]


def eight(dtype):
    """Some values of each dtype, for pairs of dtypes."""
    if dtype == "bool":
        return [0, 1, 1, 0, 1, 0, 0, 1]
    if dtype in INTS:
        low, high = ends(dtype)
        return [5, 3, 0, high, low, high // 3, 2, 1]
    return [rounded(x, dtype) for x in (0.1, -2.5, 0.0, INF, NAN, 60000.0, 3.0, -0.0)]


def saturated(values, dtype):
    """Floats to integers as the crate promises: truncated, the nearest end past the range, NaN 0."""
    low, high = ends(dtype)
    def one(x):
        if math.isnan(x):
            return 0
        return min(max(math.trunc(x) if math.isfinite(x) else (high + 1 if x > 0 else low - 1), low), high)
    return np.array([one(float(x)) for x in np.asarray(values).flat], DTYPES[dtype])


def wrapped(n, dtype):
    width = bits(dtype)
    n &= (1 << width) - 1
    return n - (1 << width) if dtype in SIGNED and n >> (width - 1) else n


def converted(values, dtype, to):
    """The outcome of a cast of a list of values of `dtype`."""
    if to == "bool":
        return exact(np.array([bool(x) for x in values]))
    if to in INTS:
        if dtype in FLOATS:
            return exact(saturated(values, to))
        return exact(np.array([wrapped(int(x), to) for x in values], DTYPES[to]))
    number_of = float if dtype in FLOATS else int
    return answer(to, np.array([rounded(number_of(x), to) for x in values]))


def met(a, b):
    """The dtype in which two meet, None if there is none."""
    if "bf16" in (a, b):
        other = b if a == "bf16" else a
        # As f16 is, by the digits of its significand; with the other floats that do not hold it, f32.
        if other in ("bf16", "bool", "i8", "u8"):
            return "bf16"
        return {"f16": "f32", "i16": "f32", "u16": "f32", "f32": "f32"}.get(other, "f64")
    if "u64" in (a, b) and (a in SIGNED or b in SIGNED):
        return None
    return base.NAMES[np.promote_types(DTYPES[a], DTYPES[b])]


def as_dtype(values, dtype):
    """Values to compute with: bf16 in float32."""
    # Large integers as they are, not by way of float64.
    values = values if isinstance(values, np.ndarray) and values.dtype != object else np.array(values, object)
    return values.astype(np.float32 if dtype == "bf16" else DTYPES[dtype])


NAN_NOTE = "has no bf16"
UNARY = {**base.EXACT_UNARY}
MATH = tuple(base.MATH_UNARY)
BINARY = base.EXACT_BINARY


def small_float(dtype):
    return {"i8": "f16", "u8": "f16", "i16": "f32", "u16": "f32"}.get(dtype, dtype if dtype in FLOATS else "f64")


def elementwise(file):
    x = {dtype: file.let_text(f"x_{dtype}", literal(dtype, special(dtype))) for dtype in NEW}
    for op, f in UNARY.items():
        file.section(op)
        for dtype in NEW:
            array = x[dtype].array
            if op == "reciprocal" and dtype in INTS:
                file.case(op, [x[dtype]], exact(1.0 / array.astype(np.float64)), "an integer")
            elif dtype == "bf16":
                if op == "bitwise_invert":
                    file.case(op, [x[dtype]], ERROR)
                    continue
                result = f(array)
                file.case(op, [x[dtype]], exact(result) if result.dtype == np.bool_ else brain(result), NAN_NOTE)
            else:
                file.ask(op, [x[dtype]], lambda: f(array))
    for op in MATH:
        file.section(op)
        for dtype in NEW:
            to = small_float(dtype)
            result = base.MATH_UNARY[op](x[dtype].array.astype(np.float64))
            file.case(op, [x[dtype]], near(result, to, {"f16": 0.51, "bf16": 0.51, "f32": 1, "f64": 2}[to]))


def pairs(file):
    rows = {d: file.let_text(f"row_{d}", literal(d, special(d))) for d in NEW}
    columns = {d: file.let_text(f"col_{d}", literal(d, np.array(special(d), object)[:, None])) for d in NEW}
    for op, f in BINARY.items():
        file.section(op)
        for dtype in NEW:
            a, b = columns[dtype].array, rows[dtype].array
            if dtype in ("f16", "bf16") and op.startswith("bitwise"):
                file.case(op, [columns[dtype], rows[dtype]], ERROR)
                continue
            result = f(a, b)
            if op in ("maximum", "minimum"):
                result = signed_zeros(result, *np.broadcast_arrays(a, b), op == "maximum")
            text = brain(result) if dtype == "bf16" and result.dtype != np.bool_ else exact(result)
            file.case(op, [columns[dtype], rows[dtype]], text)
    file.section("pow")
    for dtype in NEW:
        if dtype in INTS:
            exponents = [n for n in special(dtype) if 0 <= n]
            expected = [[wrapped(pow(a, n, 1 << 64), dtype) for n in exponents] for a in special(dtype)]
            file.case("pow", [columns[dtype], literal(dtype, exponents)], exact(np.array(expected, DTYPES[dtype])))
            if dtype in SIGNED:
                file.case("pow", [columns[dtype], literal(dtype, [-1])], ERROR)
        else:
            a, b = (np.asarray(x.array, np.float64) for x in (columns[dtype], rows[dtype]))
            file.case("pow", [columns[dtype], rows[dtype]], near(np.power(a, b), dtype, 0.51))
    for op, f in (("hypot", np.hypot), ("atan2", np.arctan2), ("logaddexp", np.logaddexp), ("logaddexp2", np.logaddexp2)):
        file.section(op)
        for dtype in NEW:
            to = small_float(dtype)
            a, b = (np.asarray(x.array, np.float64) for x in (columns[dtype], rows[dtype]))
            file.case(op, [columns[dtype], rows[dtype]], near(f(a, b), to, {"f16": 0.51, "bf16": 0.51, "f32": 1, "f64": 2}[to]))


def promotion(file):
    file.section("the dtype in which two arrays meet: every pair")
    for a, b in itertools.product(ALL, repeat=2):
        dtype = met(a, b)
        note = "float64" if dtype is None else NAN_NOTE if "bf16" in (a, b) else None
        args = [Text(f"{a}(0)"), Text(f"{b}(0)")]
        file.case("maximum", args, ERROR if dtype is None else f"{dtype}[0] =", note)
    e = {d: file.let_text(f"e_{d}", literal(d, eight(d))) for d in ALL}
    mask = file.let("mask", np.array([1, 0, 1, 1, 0, 0, 1, 0], np.bool_))
    for op, f in (("add", np.add), ("multiply", np.multiply), ("less", np.less), ("divide", np.divide)):
        file.section(f"{op} of two dtypes")
        for a, b in itertools.permutations(ALL, 2):
            dtype = met(a, b)
            if a not in NEW and b not in NEW:
                continue
            if dtype is None:
                file.case(op, [e[a], e[b]], ERROR, "float64")
                continue
            computes = dtype if op != "divide" or dtype in FLOATS else "f64"
            # Integers become bf16 in one step.
            values = [as_dtype([rounded(v if isinstance(v, float) else int(v), computes) if computes in FLOATS else v for v in eight(d)], computes) for d in (a, b)]
            result = f(*values)
            text = exact(result) if result.dtype == np.bool_ else answer(computes, result)
            file.case(op, [e[a], e[b]], text, NAN_NOTE if "bf16" in (a, b) else None)
    for a, b in itertools.combinations(ALL, 2):
        dtype = met(a, b)
        if dtype is not None and "bf16" not in (a, b) and (a in NEW or b in NEW):
            file.ask("where_", [mask, e[a], e[b]], lambda: np.where(mask.array, e[a].array, e[b].array))
    file.section("Rust scalars")
    for dtype in NEW:
        for scalar in (True, 2, -3, 200, 300, 40000, 2**31, 2**40, 2.5, 1e300):
            for op in ("add", "multiply", "floor_divide"):
                a = e[dtype].array
                if dtype == "bf16":
                    value = np.float32(rounded(scalar, "bf16"))
                    file.case(op, [e[dtype], weak(scalar)], brain(BINARY[op](a, value)), NAN_NOTE)
                elif dtype == "f16":
                    value = np.float16(rounded(scalar, "f16"))
                    file.case(op, [e[dtype], weak(scalar)], exact(BINARY[op](a, value)))
                else:
                    file.ask(op, [e[dtype], weak(scalar)], lambda: BINARY[op](a, scalar))
    file.section("astype: every pair")
    for dtype, to in itertools.product(ALL, repeat=2):
        if dtype in NEW or to in NEW:
            values = special(dtype)
            if dtype in INTS:
                # Halfway between floats of 16 bits, and next to that.
                low, high = ends(dtype)
                halves = [2049, 2051, 4097, 257, 259, 65519, 65520, (1 << 62) + (1 << 54), (1 << 62) + (1 << 54) + 1, (1 << 62) + (1 << 54) - 1]
                values = values + [n for n in halves if n <= high] + [-n for n in halves if -n >= low]
            elif dtype in FLOATS:
                more = [-0.9, 127.9, 128.5, -128.9, 255.9, 256.0, 32767.5, 65535.5, 65519.99, 2147483648.0, 4294967295.5, 4294967296.0, 9.3e18, 1.9e19, -1e30]
                more += [1 + 2.0**-11, 1 + 2.0**-11 + 2.0**-30, 1 + 3 * 2.0**-11, 1 + 2.0**-8, 1 + 2.0**-8 + 2.0**-40, 2.0**-25, 2.0**-25 * (1 + 2.0**-40), 2.0**-134, 2.0**-134 * (1 + 2.0**-40)]
                values = values + [rounded(x, dtype) for x in more]
            file.case("astype", [literal(dtype, values), Text(to.upper() if to != "bool" else "Bool")], converted(values, dtype, to))


def reductions(file):
    file.section("reductions")
    for dtype in NEW:
        for extents in ((3, 4), (0, 3), (130,)):
            if dtype == "bf16":
                values = base.pattern("f32", extents)
            elif dtype in UNSIGNED:
                values = (base.pattern("i32", extents) + 4).astype(DTYPES[dtype])
            else:
                values = base.pattern(dtype, extents)
            arg = Text(f"{dtype}({dims(extents)})", values)
            text = (lambda r: exact(r).replace("f32", "bf16", 1)) if dtype == "bf16" else exact
            for axis in (0, None) if len(extents) > 1 else (0,):
                for op, f in (("sum", np.sum), ("any", np.any), ("all", np.all), ("count_nonzero", np.count_nonzero)):
                    file.case(op, [arg, axes(axis)], text(np.asarray(f(values, axis=axis))))
                if values.size == 0:
                    continue
                for op, f in (("max", np.max), ("min", np.min), ("argmax", np.argmax), ("argmin", np.argmin)):
                    file.case(op, [arg, axes(axis)], text(np.asarray(f(values, axis=axis))))
                if values.size < 20:
                    file.case("prod", [arg, axes(axis)], text(np.asarray(np.prod(values, axis=axis))))
                to = dtype if dtype in FLOATS else "f64"
                wide = values.astype(np.float64)
                for op, f in (("mean", np.mean), ("var", np.var), ("std", np.std)):
                    file.case(op, [arg, axes(axis)], near(f(wide, axis=axis), to, 1 if to != "f64" else 8))
            if len(extents) == 1:
                for op, f in (("cumulative_sum", np.cumsum), ("cumulative_max", np.maximum.accumulate), ("cumulative_min", np.minimum.accumulate)):
                    file.case(op, [arg, Text("n:0")], text(f(values)))
    file.section("reductions of extremes: sums of integers wrap in 64 bits, floats of 16 bits add up in 32")
    for dtype in (*SIGNED, *UNSIGNED):
        low, high = ends(dtype)
        x = literal(dtype, [high, high, low, 3])
        for op, f in (("sum", np.sum), ("prod", np.prod), ("max", np.max), ("min", np.min), ("argmax", np.argmax), ("argmin", np.argmin), ("cumulative_sum", np.cumsum)):
            last = Text("n:0") if op.startswith("cum") else axes(0)
            file.case(op, [x, last], exact(np.asarray(f(x.array))))
    for dtype, high in (("f16", 65504.0), ("bf16", rounded(3.38e38, "bf16"))):
        ones = [2048.0] + [1.0] * 9 if dtype == "f16" else [256.0] + [1.0] * 9
        file.case("sum", [literal(dtype, ones), axes(0)], answer(dtype, rounded(sum(ones), dtype)))
        file.case("mean", [literal(dtype, [60000.0 if dtype == "f16" else 1e38] * 3), axes(0)],
                  answer(dtype, literal(dtype, [60000.0 if dtype == "f16" else 1e38]).array[0]))
        for values in ([high, NAN, -high], [high, -high, INF], [-0.0, 0.0]):
            for op in ("max", "min", "argmax", "argmin"):
                x = literal(dtype, values)
                result = {"max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin}[op](x.array)
                if values[0] == 0 and op in ("max", "min"):
                    result = x.array.dtype.type(0.0 if op == "max" else -0.0)
                file.case(op, [x, axes(0)], exact(np.asarray(result)).replace("f32", "bf16", 1))


def others(file):
    file.section("products")
    for a, b in [(d, d) for d in NEW] + [("i8", "u8"), ("u8", "i16"), ("f16", "i8"), ("f16", "f32"), ("bf16", "f16"), ("u32", "i64")]:
        dtype = met(a, b)
        for one, other in (((3, 5), (5, 4)), ((5,), (5, 2)), ((2, 3, 5), (5,)), ((5,), (5,))):
            def pattern(d, extents):
                values = base.pattern("i64", extents) + (4 if d in UNSIGNED else 0)
                return values.astype(np.float32 if d == "bf16" else DTYPES[d])
            x, y = pattern(a, one), pattern(b, other)
            result = x.astype(np.float64) @ y.astype(np.float64) if dtype in FLOATS else x.astype(DTYPES[dtype]) @ y.astype(DTYPES[dtype])
            file.case("matmul", [Text(f"{a}({dims(one)})"), Text(f"{b}({dims(other)})")], answer(dtype, result))
    for dtype in INTS:
        low, high = ends(dtype)
        a, b = literal(dtype, [[high, 7], [low, 3]]), literal(dtype, [[high, 2], [5, high // 5]])
        file.case("matmul", [a, b], exact(a.array @ b.array))
    # Rounded once at the end: the sum of the products 1, 2^-9, 2^-9 would stay 1 if each were.
    a, b = literal("f16", [[1.0, 2.0**-6, 2.0**-6]]), literal("f16", [[1.0], [2.0**-5], [2.0**-5]])
    file.case("matmul", [a, b], exact(np.array([[np.float16(1 + 2.0**-10)]])))
    file.case("matmul", [Text("u64(2,2)"), Text("i8(2,2)")], ERROR, "float64")
    file.section("order, sets and updates")
    for dtype in NEW:
        x = literal(dtype, [v for v in special(dtype) if v == v][::-1] + special(dtype)[:3])
        text = (lambda r: exact(np.asarray(r)).replace("f32", "bf16", 1)) if dtype == "bf16" else exact
        file.case("sort", [x, Text("n:0")], text(np.sort(x.array, kind="stable")))
        file.case("argsort", [x, Text("n:0")], exact(np.argsort(x.array, kind="stable")))
        file.case("unique_counts", [x], exact(np.unique(x.array, return_counts=True)[1]))
        ordered = literal(dtype, sorted(v for v in special(dtype) if v == v))
        file.case("searchsorted", [ordered, x], exact(np.searchsorted(ordered.array, x.array)))
        place = L(np.array([0, 2, 2]))
        given = literal(dtype, [1, 2, 3, 4])
        for op, f in (("at_set", None), ("at_add", np.add), ("at_mul", np.multiply), ("at_min", np.minimum), ("at_max", np.maximum)):
            values = literal(dtype, [7, 9, 100])
            result = given.array.copy()
            if f is None:
                result[place.array] = values.array
            else:
                f.at(result, place.array, values.array)
            file.case(op, [given, place, values], brain(result) if dtype == "bf16" else exact(result))
        file.case("take", [x, L(np.array([2, -1, 0])), Text("n:0")], text(x.array[[2, -1, 0]]))
        file.case("clip", [literal(dtype, [0, 1, 5, 9]), weak(1), weak(7)], text(np.clip(literal(dtype, [0, 1, 5, 9]).array, 1, 7)))
        file.case("full", [Text("(2)"), weak(7), Text(dtype.upper())], answer(dtype, [7, 7]))
    for dtype in ("i8", "u8"):
        for value in (-129, -1, 128, 255, 256):
            low, high = ends(dtype)
            text = exact(np.full(1, value, DTYPES[dtype])) if low <= value <= high else ERROR
            file.case("full", [Text("(1)"), weak(value), Text(dtype.upper())], text)


KINDS = ("bool", "signed integer", "unsigned integer", "integral", "real floating", "numeric")


def about(file):
    name = lambda dtype: Text("Bool" if dtype == "bool" else dtype.upper())
    file.section("can_cast")
    for a, b in itertools.product(ALL, repeat=2):
        if "bf16" in (a, b):
            can, note = a == b or a in ("bool", "i8", "u8") if b == "bf16" else b in ("f32", "f64"), NAN_NOTE
        else:
            can, note = np.can_cast(DTYPES[a], DTYPES[b]), None
        file.case("can_cast", [name(a), name(b)], exact(np.array(can)), note)
    file.section("result_type")
    for several in itertools.combinations([d for d in ALL if d != "bf16"], 3):
        if "u64" in several and any(d in SIGNED for d in several) and not any(d in FLOATS for d in several):
            file.case("result_type", [name(d) for d in several], ERROR, "float64")
        else:
            file.case("result_type", [name(d) for d in several], f"{base.NAMES[np.result_type(*(DTYPES[d] for d in several))]}[0] =")
    file.case("result_type", [], ERROR)
    file.section("isdtype")
    for dtype in ALL:
        for nth, kind in enumerate(KINDS):
            if dtype == "bf16":
                holds, note = kind in ("real floating", "numeric"), NAN_NOTE
            else:
                holds, note = np.isdtype(np.dtype(DTYPES[dtype]), kind), None
            file.case("isdtype", [name(dtype), Text(f"n:{nth}")], exact(np.array(holds)), note)
    file.section("finfo: bits, eps, max, min, smallest_normal, smallest_subnormal")
    for dtype in ALL:
        if dtype == "bf16":
            digits, least, most = FORMATS[dtype]
            values = [16, 2.0**(1 - digits), (2 - 2.0**(1 - digits)) * 2.0**most, -(2 - 2.0**(1 - digits)) * 2.0**most, 2.0**least, 2.0**(least - digits + 1)]
            file.case("finfo", [name(dtype)], exact(np.array(values)), NAN_NOTE)
        else:
            def values():
                info = np.finfo(DTYPES[dtype])
                return np.array([info.bits, info.eps, info.max, info.min, info.smallest_normal, info.smallest_subnormal], np.float64)
            file.ask("finfo", [name(dtype)], values)
    file.section("iinfo: bits; min, max")
    for dtype in ALL:
        if dtype in INTS:
            file.case("iinfo_bits", [name(dtype)], exact(np.array(np.iinfo(DTYPES[dtype]).bits)))
            file.case("iinfo", [name(dtype)], exact(np.array(ends(dtype), DTYPES[dtype])))
        else:
            file.case("iinfo", [name(dtype)], ERROR)


def printing():
    lines = ["# `{}` of arrays against NumPy's str, as printing.txt.",
             f"# Written by tests/numpy/numpy_dtypes.py with NumPy {np.__version__}."]
    def one(x):
        lines.append(f"{x.text} => " + str(x.array).replace("\n", "\\n"))
    for dtype in NEW:
        if dtype == "bf16":
            continue
        one(literal(dtype, special(dtype)))
        one(literal(dtype, [[1, 20, 3], [100, 5, 6]]))
        one(L(np.array(special(dtype)[2]).astype(DTYPES[dtype])))
    halves = np.random.default_rng(5).integers(0, 1 << 16, 400, np.uint16).view(np.float16)
    for x in halves[np.isfinite(halves)]:
        one(L(np.array(x)))
    for at in range(0, 400, 8):
        one(L(halves[at:at + 8]))
    for values in ([0.1, 0.2], [1 / 3], [65504.0], [1.0, 1000.0], [0.5, 2048.0], [1e-4, 1.0], [6e-8], [1000.0, 0.001], [1e3, 1e4, 6e4]):
        one(literal("f16", values))
    path = OUT / "dtypes_printing.txt"
    path.write_text("\n".join(lines) + "\n")
    print(f"{path.name}: {len(lines) - 2} cases, {path.stat().st_size} bytes")


class Dtypes(File):
    def let_text(self, variable, arg):
        self.lines.append(f"let {variable} = {arg.text}")
        return Text(variable, arg.array)


if __name__ == "__main__":
    file = Dtypes("dtypes", "Dtypes that machine code has no ops of, and dtypes as such.")
    file.lines[1] = f"# Written by tests/numpy/numpy_dtypes.py with NumPy {np.__version__}."
    elementwise(file)
    pairs(file)
    promotion(file)
    reductions(file)
    others(file)
    about(file)
    file.write()
    printing()
