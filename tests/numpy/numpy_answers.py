#!/usr/bin/env python3
"""Writes tests/numpy/answers/*.txt: what NumPy 2 answers, for tests/numpy.rs to hold the crate to.

    python3 tests/numpy/numpy_answers.py

A line is a case, `op argument ... => outcome`, a definition, `let name = literal`, or a comment.

    arguments   f32(2,3)       the pattern of that dtype and shape (see `pattern`)
                f32[2]:1,-0    a literal; numbers are the shortest decimals that read back exactly
                name           a definition above
                w:2 w:2.5 w:true   a Rust scalar
                a:0,-1;k;c=1;t=f64   axes, `a:..` for all, with keepdims, correction and dtype
                (2,-1)         a shape          n:3  an integer          x:0.5  a float
                F32            a dtype          s:1:,::-2,None,...,-1    a slice, as Python writes it
    `op argument ... | op argument ...` is a chain: what came out is the first argument of the next op.

    outcomes    f32[2] = 1 2       these bits, all NaNs being one (truth values: 0110)
                f32[2] @1 = 1 2    at most 1 ULP of f32 from these numbers
                f32[2] ~ 1~1e-7 2~1e-7    at most so far from these numbers
                error              building or evaluating fails

Where the crate differs from NumPy on purpose, the answer is the documented one, computed here by
another way than the crate's, and the line ends in `# NumPy: ...`.
"""

import itertools
import math
import pathlib
import warnings

import mpmath
import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")

OUT = pathlib.Path(__file__).resolve().parent / "answers"
DTYPES = {"bool": np.bool_, "i32": np.int32, "i64": np.int64, "f32": np.float32, "f64": np.float64}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
FLOATS = ("f32", "f64")
INTS = ("i32", "i64")
I32, I64 = np.iinfo(np.int32), np.iinfo(np.int64)
INF, NAN = math.inf, math.nan
RNG = np.random.default_rng(20)


def name(array):
    return NAMES[array.dtype]


def dims(shape):
    return ",".join(str(n) for n in shape)


def number(value):
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if np.isnan(value):
        return "nan"
    text = np.format_float_scientific(value, unique=True, trim="-") if np.isfinite(value) else str(value)
    plain = np.format_float_positional(value, unique=True, trim="-") if np.isfinite(value) else text
    return min(plain, text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-"), key=len)


def pattern(dtype, shape):
    """Small integers in no order: `(7 i + 3) % 11 - 4` for element i; truth values: whether the remainder is odd."""
    i = (np.arange(math.prod(shape)) * 7 + 3) % 11
    return (i % 2 == 1 if dtype == "bool" else i - 4).astype(DTYPES[dtype]).reshape(shape)


class P:
    """A pattern, as an argument."""

    def __init__(self, dtype, *shape):
        self.array = pattern(dtype, shape)
        self.text = f"{dtype}({dims(shape)})"


class L:
    """A literal."""

    def __init__(self, array):
        self.array = np.asarray(array)
        self.text = f"{name(self.array)}[{dims(self.array.shape)}]:" + ",".join(number(x) for x in self.array.flat)


class Text:
    """An argument that is no array."""

    def __init__(self, text, array=None):
        self.text, self.array = text, array


def weak(value):
    return Text("w:" + (str(value).lower() if isinstance(value, bool) else number(value) if isinstance(value, int) else repr(value)), value)


def axes(axes, keepdims=False, correction=None, dtype=None):
    if axes is None:
        text = ".."
    else:
        text = ",".join(str(axis) for axis in (axes if isinstance(axes, tuple) else (axes,)))
    return Text("a:" + text + (";k" if keepdims else "") + (f";c={correction}" if correction is not None else "")
                + (f";t={dtype}" if dtype is not None else ""))


def shape(extents):
    return Text(f"({dims(extents)})")


def head(array):
    return f"{name(array)}[{dims(array.shape)}]"


def exact(array):
    array = np.asarray(array)
    values = ("" if array.dtype == np.bool_ else " ").join(number(x) for x in array.flat)
    return f"{head(array)} = {values}".rstrip()


def ulps(values, dtype, count):
    """`values` hold more digits than `dtype`, if there are more to be had."""
    values = np.asarray(values)
    rounded = values.astype(DTYPES[dtype])
    keep = np.isfinite(rounded) & (rounded != 0)
    texts = [number(v.astype(np.float64)) if k else number(r) for v, r, k in zip(values.flat, rounded.flat, keep.flat)]
    return f"{head(rounded)} @{count} = {' '.join(texts)}".rstrip()


def near(values, dtype, bounds):
    values = np.asarray(values, np.float64)
    bounds = np.broadcast_to(np.asarray(bounds, np.float64), values.shape)
    texts = []
    for v, b in zip(values.flat, bounds.flat):
        texts.append(f"{number(v)}~{b:.2e}" if np.isfinite(v) else f"{number(v)}~0")
    return f"{dtype}[{dims(values.shape)}] ~ {' '.join(texts)}".rstrip()


ERROR = "error"
EPS = {"f32": 2.0**-23, "f64": 2.0**-52}


class File:
    def __init__(self, file, about):
        self.path = OUT / f"{file}.txt"
        self.lines = [f"# {about}", f"# Written by tests/numpy/numpy_answers.py with NumPy {np.__version__}."]

    def section(self, text):
        self.lines += ["", f"# {text}"]

    def let(self, variable, array):
        self.lines.append(f"let {variable} = {L(array).text}")
        return Text(variable, np.asarray(array))

    def case(self, op, args, outcome, note=None):
        text = " ".join([op, *(arg.text for arg in args)]) + f" => {outcome}"
        self.lines.append(text + (f"  # NumPy: {note}" if note else ""))

    def ask(self, op, args, answer, note=None):
        """The outcome is what `answer()` returns, or an error if it raises one."""
        try:
            outcome = exact(answer())
        except (ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError):
            outcome = ERROR
        self.case(op, args, outcome, note)

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(self.lines) + "\n")
        print(f"{self.path.name}: {sum(' => ' in line for line in self.lines)} cases, {self.path.stat().st_size} bytes")


# ---------------------------------------------------------------- documented differences


def saturating(array, dtype):
    """Floats to integers as the crate promises: truncated, saturated, NaN 0."""
    if array.dtype.kind != "f" or dtype not in INTS:
        return array.astype(DTYPES[dtype])
    info = np.iinfo(DTYPES[dtype])
    def one(x):
        if math.isnan(x):
            return 0
        return min(max(math.trunc(x) if math.isfinite(x) else (info.max if x > 0 else info.min), info.min), info.max)
    return np.array([one(float(x)) for x in array.flat], DTYPES[dtype]).reshape(array.shape)


def signed_zeros(result, a, b, larger):
    """`maximum(-0, +0) = +0`, `minimum(-0, +0) = -0`, in either order."""
    if result.dtype.kind != "f":
        return result
    zeros = (a == 0) & (b == 0)
    negative = (np.signbit(a) & np.signbit(b)) if larger else (np.signbit(a) | np.signbit(b))
    return np.where(zeros, np.where(negative, -0.0, 0.0).astype(result.dtype), result)


# ---------------------------------------------------------------- values

F64 = [0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, 3.5, -2.5, 1e-3, 7.25, -100.7, 1e10, -3e15, 5e-324, 1e-310, 2.2250738585072014e-308,
       1.7976931348623157e308, INF, -INF, NAN, 0.1, 1 / 3, math.pi, -math.e, 20.5, 709.0, -745.0, 4503599627370497.5, 9007199254740993.0]
F32 = [0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, 3.5, -2.5, 1e-3, 7.25, -100.7, 1e10, -3e15, 1e-45, 1e-40, 1.1754944e-38,
       3.4028235e38, INF, -INF, NAN, 0.1, 1 / 3, math.pi, -math.e, 20.5, 88.0, -103.0, 8388609.5, 16777216.0]
I32V = [0, 1, -1, 2, -2, 3, 7, -7, 10, 31, 32, 100, -1000, 65536, 123456789, I32.max, I32.min, I32.min + 1]
I64V = [0, 1, -1, 2, -2, 3, 7, -7, 10, 63, 64, 100, -1000, 2**32, 2**53 + 1, I64.max, I64.min, I64.min + 1]
VALUES = {"bool": np.array([False, True]), "i32": np.array(I32V, np.int32), "i64": np.array(I64V, np.int64),
          "f32": np.array(F32, np.float32), "f64": np.array(F64, np.float64)}
RANDOM = {"f32": (RNG.standard_normal(12) * 3).astype(np.float32), "f64": RNG.standard_normal(12) * 3}

# A dozen of each for all pairs, and eight aligned ones where dtypes mix.
GRID = {"bool": np.array([False, True]),
        "i32": np.array([0, 1, -1, 2, -3, 7, 10, 31, 33, 46341, I32.max, I32.min], np.int32),
        "i64": np.array([0, 1, -1, 2, -3, 7, 10, 63, 65, 3037000500, I64.max, I64.min], np.int64),
        "f32": np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-40, 3e38, INF, -INF, NAN], np.float32),
        "f64": np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-310, 1e308, INF, -INF, NAN], np.float64)}
EIGHT = {"bool": np.array([0, 1, 1, 0, 1, 0, 0, 1], np.bool_),
         "i32": np.array([5, -5, 0, I32.max, I32.min, 33554433, 3, -2], np.int32),
         "i64": np.array([3, 3, 7, 2**53 + 1, -(2**62) - 1, 1, -4, 5], np.int64),
         "f32": np.array([0.1, -2.5, 0.0, INF, NAN, 16777216.0, 3.0, -0.0], np.float32),
         "f64": np.array([-0.1, 2.5, 3.0, 1e300, 5.0, -16777217.0, 0.5, 2.0], np.float64)}


# ---------------------------------------------------------------- elementwise

EXACT_UNARY = {"negative": np.negative, "abs": np.abs, "sign": np.sign, "sqrt": np.sqrt, "square": np.square,
               "reciprocal": np.reciprocal, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "round": np.round,
               "isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite, "logical_not": np.logical_not,
               "bitwise_invert": np.invert}


def by_math(f):
    return lambda x: np.array([f(float(v)) for v in x.flat]).reshape(x.shape)


def sigmoid(x):
    x = x.astype(np.longdouble)
    return 1 / (1 + np.exp(-x))


def by_mpmath(f, at_zero, ends):
    """f in 50 digits; what it is of zeros, which have signs, and of -inf and inf."""
    def one(v):
        if math.isnan(v):
            return v
        if math.isinf(v):
            return ends[v > 0]
        with mpmath.workdps(50):
            return at_zero(v) if v == 0 else float(f(mpmath.mpf(v)))
    return by_math(one)


def bounded(x):
    """x, or so far out that no power differs in any float."""
    return max(min(x, 1000), -1000)


def erfc(x):
    return mpmath.erfc(bounded(x))


def gelu(x):
    return x * erfc(-x / mpmath.sqrt(2)) / 2


def gelu_tanh(x):
    twice = mpmath.sqrt(8 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)
    return x / (1 + mpmath.exp(-bounded(twice)))


def lgamma(x):
    return INF if x < 0 and x == mpmath.floor(x) else mpmath.loggamma(x).real


def softplus(x):
    return max(x, 0) + mpmath.log1p(mpmath.exp(-bounded(abs(x))))


# What NumPy does not have.
BEYOND_NUMPY = {"sigmoid": sigmoid, "erf": by_math(math.erf),
                "erfc": by_mpmath(erfc, lambda v: 1.0, (2.0, 0.0)),
                "lgamma": by_mpmath(lgamma, lambda v: INF, (INF, INF)),
                "softplus": by_mpmath(softplus, lambda v: math.log(2), (0.0, INF)),
                "gelu": by_mpmath(gelu, lambda v: v, (-0.0, INF)),
                "gelu_tanh": by_mpmath(gelu_tanh, lambda v: v, (-0.0, INF))}
MATH_UNARY = {"cbrt": np.cbrt, "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10,
              "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
              "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, **BEYOND_NUMPY}


def elementwise():
    file = File("unary", "Elementwise ops of one argument, on every dtype.")
    x = {dtype: file.let(f"x_{dtype}", values) for dtype, values in VALUES.items()}
    r = {dtype: file.let(f"r_{dtype}", values) for dtype, values in RANDOM.items()}
    for op, f in EXACT_UNARY.items():
        file.section(op)
        for dtype in DTYPES:
            array, note = x[dtype].array, None
            if op in ("sqrt", "reciprocal") and dtype == "bool":
                array, note = array.astype(np.float64), f"{f(array).dtype}"
            if op == "reciprocal" and dtype in INTS:
                array, note = array.astype(np.float64), "an integer"
            if op in ("square", "round") and dtype == "bool":
                file.case(op, [x[dtype]], exact(array), f"{f(array).dtype}")
                continue
            file.ask(op, [x[dtype]], lambda: f(array), note)
            if dtype in FLOATS:
                file.ask(op, [r[dtype]], lambda: f(r[dtype].array))
    for op, f in MATH_UNARY.items():
        file.section(op)
        for dtype in DTYPES:
            for arg in [x[dtype]] + ([r[dtype]] if dtype in FLOATS else []):
                note = "float16" if dtype == "bool" and op not in BEYOND_NUMPY else None
                result = "f32" if dtype == "f32" else "f64"
                values = arg.array.astype(np.float64)
                outcome = ulps(f(values), result, 1 if dtype == "f32" else 2)
                if op == "lgamma" and dtype == "f64":
                    # Below 0 two terms may cancel: 3 ULP of the larger.
                    term = np.where(values < 0, np.maximum(np.abs(f(np.abs(values))), 1), 0)
                    size = np.maximum(np.abs(f(values)), term)
                    outcome = near(f(values), result, np.where(values < 0, 3, 2) * EPS[result] * size)
                file.case(op, [arg], outcome, note)
    file.section("dtypes of empty and 0-d arrays")
    for op, f in [*EXACT_UNARY.items(), ("exp", np.exp)]:
        for dtype in ("i32", "f32"):
            to = "f64" if op in ("reciprocal",) and dtype == "i32" else dtype
            for arg in (P(dtype, 0), P(dtype, 2, 0, 3), P(dtype)):
                array = arg.array.astype(DTYPES[to])
                if op == "exp":
                    file.case(op, [arg], ulps(f(array.astype(np.float64)), "f64" if dtype == "i32" else "f32", 1))
                else:
                    file.ask(op, [arg], lambda: f(array))
    file.section("astype")
    for dtype in DTYPES:
        for to in DTYPES:
            note = "out of range depends on the machine" if dtype in FLOATS and to in INTS else None
            file.case("astype", [x[dtype], Text(to.upper() if to != "bool" else "Bool")], exact(saturating(x[dtype].array, to)), note)
    file.write()
    binary()


EXACT_BINARY = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
                "floor_divide": np.floor_divide, "remainder": np.remainder, "maximum": np.maximum, "minimum": np.minimum,
                "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
                "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor,
                "bitwise_left_shift": np.left_shift, "bitwise_right_shift": np.right_shift,
                "equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
                "greater": np.greater, "greater_equal": np.greater_equal}
def in_extended(f):
    return lambda a, b: f(a.astype(np.longdouble), b.astype(np.longdouble))


MATH_BINARY = {"pow": np.power, "atan2": np.arctan2, "hypot": np.hypot, "logaddexp": in_extended(np.logaddexp), "logaddexp2": in_extended(np.logaddexp2)}
BOOL_TO_INT8 = ("floor_divide", "remainder", "pow", "bitwise_left_shift", "bitwise_right_shift")


def common(a, b):
    return name(np.empty(0, np.result_type(a, b)))


def one_binary(file, op, x, y):
    a, b = x.array, y.array
    met = common(a, b)
    if op in BOOL_TO_INT8 and met == "bool":
        return file.case(op, [x, y], ERROR, "int8")
    if op in EXACT_BINARY:
        f = EXACT_BINARY[op]
        if op in ("maximum", "minimum"):
            a, b = np.broadcast_arrays(a, b)
            return file.case(op, [x, y], exact(signed_zeros(f(a, b), a, b, op == "maximum")))
        return file.ask(op, [x, y], lambda: f(a, b))
    if op == "pow" and met in INTS:
        if met in INTS:
            exponent = b if isinstance(b, np.ndarray) else np.asarray(b)
            y = y if np.all(exponent >= 0) else L(np.abs(np.maximum(b, -9)))
            file.ask(op, [x, y], lambda: np.power(a, y.array))
            if np.any(exponent < 0):
                file.case(op, [x, Text(L(b).text)], ERROR)
        return
    result = "f32" if met == "f32" else "f64"
    exactly = MATH_BINARY[op](a.astype(np.float64), b.astype(np.float64))
    note = "float16" if met == "bool" else None
    file.case(op, [x, y], ulps(exactly, result, 1 if result == "f32" else 2), note)


def binary():
    file = File("binary", "Elementwise ops of two arguments: every pair of special values of a dtype, and every pair of dtypes.")
    rows = {dtype: file.let(f"row_{dtype}", values) for dtype, values in GRID.items()}
    columns = {dtype: file.let(f"col_{dtype}", values[:, None]) for dtype, values in GRID.items()}
    eight = {dtype: file.let(f"e_{dtype}", values) for dtype, values in EIGHT.items()}
    for op in [*EXACT_BINARY, *MATH_BINARY]:
        file.section(op)
        for dtype in DTYPES:
            one_binary(file, op, columns[dtype], rows[dtype])
        for one, other in itertools.permutations(DTYPES, 2):
            one_binary(file, op, eight[one], eight[other])
    file.write()

    file = File("weak", "Rust scalars next to arrays, on the right, on the left, and in where_ and clip.")
    x = {dtype: file.let(f"x_{dtype}", EIGHT[dtype]) for dtype in DTYPES}
    scalars = [True, 2, -3, 0, I32.max, 2**31, 2**40, 2.5, -0.5, 1e300, INF, NAN]
    for op in ("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "maximum", "minimum", "less", "equal",
               "bitwise_and", "logical_or", "bitwise_left_shift"):
        file.section(op)
        for dtype in DTYPES:
            for scalar in scalars:
                fits = not (dtype == "i32" and type(scalar) is int and not I32.min <= scalar <= I32.max)
                f, a = EXACT_BINARY[op], x[dtype].array
                # Bool scalars are strong in NumPy only in name: bool is the lowest of all.
                if dtype == "bool" and scalar is True and op in BOOL_TO_INT8:
                    file.case(op, [x[dtype], weak(scalar)], ERROR, "int8")
                    continue
                if not fits and op in ("less", "equal", "logical_or"):
                    file.case(op, [x[dtype], weak(scalar)], ERROR, "compares by value")
                    continue
                if op in ("maximum", "minimum"):
                    file.ask(op, [x[dtype], weak(scalar)],
                             lambda: (lambda r: signed_zeros(r, *np.broadcast_arrays(a, np.asarray(scalar).astype(r.dtype)), op == "maximum"))(f(a, scalar)))
                else:
                    file.ask(op, [x[dtype], weak(scalar)], lambda: f(a, scalar))
    file.section("on the left")
    for op in ("add", "subtract", "multiply", "divide", "remainder"):
        for dtype in DTYPES:
            for scalar in (2, -3, 2**31, 2.5):
                file.ask("left_" + op, [weak(scalar), x[dtype]], lambda: EXACT_BINARY[op](scalar, x[dtype].array))
    for op in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"):
        for dtype in DTYPES:
            for scalar in (True, 6, 2**31):
                if scalar is True and "shift" in op:
                    continue
                file.ask("left_" + op, [weak(scalar), x[dtype]], lambda: EXACT_BINARY[op](scalar, x[dtype].array))
    file.section("pow: small whole exponents are products")
    for dtype in DTYPES:
        for exponent in (0, 1, 2, 3, 4, 5, -1, -2, 0.5, 2.0, -0.5, 3.0, 2.5):
            a = x[dtype].array
            met = name(np.empty(0, np.result_type(a, exponent)))
            if met in INTS:
                file.ask("pow", [x[dtype], weak(exponent)], lambda: np.power(a.astype(DTYPES[met]), exponent))
            else:
                file.case("pow", [x[dtype], weak(exponent)], ulps(np.power(a.astype(np.float64), np.full(a.shape, exponent, np.float64)), met, 2),
                          "a scalar 0.5 is sqrt, -0 of -0" if exponent == 0.5 else None)
    file.section("where_")
    mask = file.let("mask", np.array([1, 0, 1, 1, 0, 0, 1, 0], np.bool_))
    for one, other in itertools.product(DTYPES, repeat=2):
        file.ask("where_", [mask, x[one], x[other]], lambda: np.where(mask.array, x[one].array, x[other].array))
    for dtype in DTYPES:
        for scalar in (True, 7, 2**31, 2.5, NAN):
            if dtype == "i32" and scalar == 2**31:
                file.case("where_", [mask, x[dtype], weak(scalar)], ERROR, "wraps")
                file.case("where_", [mask, weak(scalar), x[dtype]], ERROR, "wraps")
                continue
            file.ask("where_", [mask, x[dtype], weak(scalar)], lambda: np.where(mask.array, x[dtype].array, scalar))
            file.ask("where_", [mask, weak(scalar), x[dtype]], lambda: np.where(mask.array, scalar, x[dtype].array))
    for one, other in ((1, 0), (1, 2.5), (True, False), (True, 0), (-0.0, 0.0)):
        file.ask("where_", [mask, weak(one), weak(other)], lambda: np.where(mask.array, one, other))
    file.ask("where_", [Text("bool(2,1)", pattern("bool", (2, 1))), P("f32", 3), P("i32")],
             lambda: np.where(pattern("bool", (2, 1)), pattern("f32", (3,)), pattern("i32", ())))
    for dtype in ("i32", "i64", "f32", "f64"):
        file.case("where_", [P(dtype, 3), P("f32", 3), P("f32", 3)], ERROR, "any mask")
    file.section("clip")
    for dtype in ("i32", "i64", "f32", "f64"):
        for low, high in ((-2, 3), (0.5, 2.5), (3, -2), (0, NAN), (-INF, 1)):
            file.ask("clip", [x[dtype], weak(low), weak(high)], lambda: np.clip(x[dtype].array, low, high))
        for to in ("i32", "f32", "f64"):
            file.ask("clip", [P(dtype, 3, 4), L(np.full((3, 1), -1, DTYPES[to])), L(np.array([0, 1, 2, 3], DTYPES[dtype]))],
                     lambda: np.clip(pattern(dtype, (3, 4)), np.full((3, 1), -1, DTYPES[to]), np.array([0, 1, 2, 3], DTYPES[dtype])))
    file.section("isclose, array_equal, allclose")
    near_x = {dtype: VALUES[dtype].astype(np.float64) for dtype in FLOATS}
    for dtype in FLOATS:
        a = VALUES[dtype]
        for scale, shift in ((1, 0), (1 + 0.9e-5, 0), (1 + 1.1e-5, 0), (1, 0.9e-8), (1, 2e-8)):
            b = (near_x[dtype] * scale + shift).astype(DTYPES[dtype])
            file.ask("isclose", [L(a), L(b)], lambda: np.isclose(a, b))
    for one, other in itertools.product(DTYPES, repeat=2):
        file.ask("isclose", [x[one], x[other]], lambda: np.isclose(x[one].array, x[other].array))
        file.ask("allclose", [x[one], x[other]], lambda: np.asarray(np.allclose(x[one].array, x[other].array)))
        file.ask("array_equal", [x[one], x[other]], lambda: np.asarray(np.array_equal(x[one].array, x[other].array)))
    for a, b in ((P("f32", 2, 3), P("f64", 2, 3)), (P("i32", 2, 3), P("i32", 3, 2)), (P("f32", 0), P("f32", 0)),
                 (P("f32", 1, 3), P("f32", 3)), (P("f32"), P("i64")), (P("f32", 4), P("f32"))):
        file.ask("array_equal", [a, b], lambda: np.asarray(np.array_equal(a.array, b.array)))
        file.ask("allclose", [a, b], lambda: np.asarray(np.allclose(a.array, b.array)))
    file.write()

    file = File("broadcast", "Broadcasting: every pair of shapes of a list, through one op that is exact.")
    shapes = [(), (1,), (0,), (3,), (4,), (1, 1), (3, 1), (1, 4), (3, 4), (0, 1), (0, 4), (3, 0), (2, 3, 1), (2, 1, 4), (1, 1, 1), (2, 0, 4),
              (1, 3, 4), (2, 1, 3, 1)]
    for a, b in itertools.product(shapes, repeat=2):
        file.ask("subtract", [P("i64", *a), P("i32", *b)], lambda: pattern("i64", a) - pattern("i32", b))
    for a, b, c in itertools.product([(), (1,), (3,), (2, 1), (2, 3), (0, 3)], repeat=3):
        file.ask("where_", [P("bool", *a), P("f32", *b), P("f32", *c)],
                 lambda: np.where(pattern("bool", a), pattern("f32", b), pattern("f32", c)))
    for a, b in itertools.product(shapes, repeat=2):
        file.ask("broadcast_to", [P("i32", *a), shape(b)], lambda: np.broadcast_to(pattern("i32", a), b))
    file.write()


# ---------------------------------------------------------------- creation


def creation():
    file = File("creation", "Arrays from nothing.")
    file.section("arange of integers")
    for start, stop, step in ((0, 10, 1), (2, 5, 1), (5, 2, 1), (0, 10, 3), (0, 9, 3), (5, 0, -2), (0, -7, -3), (3, 3, 1), (-5, 5, 2), (0, 1, 100),
                              (2**62, 2**62 + 3, 1), (I64.max - 5, I64.max, 2), (I64.min, I64.min + 5, 2), (0, 5, 0)):
        file.ask("arange", [Text(f"n:{n}") for n in (start, stop, step)], lambda: np.arange(start, stop, step))
    file.section("arange of floats: start + i * step, each rounded once more than in NumPy's two-point form")
    for start, stop, step in ((0.0, 2.5, 1.0), (0.0, 1.0, 0.1), (1.0, 0.0, -0.25), (0.1, 1.0, 0.1), (0.0, 1.0, 1 / 3), (1.0, 2.0, 0.3), (-1.5, 1.5, 0.75),
                              (0.0, -1.0, -0.3), (5.0, 1.0, 0.5), (0.0, 1.0, 2.0), (1e16, 1e16 + 10, 2.0), (0.0, 1e-300, 3e-301)):
        theirs = np.arange(start, stop, step)
        ours = np.array([start + i * step for i in range(len(theirs))])
        assert np.allclose(theirs, ours, rtol=1e-14, atol=1e-15)
        note = None if np.array_equal(theirs, ours) else f"differs by {np.max(np.abs(theirs - ours)):.1e}"
        file.case("arange", [Text(f"x:{n!r}") for n in (start, stop, step)], exact(ours), note)
    file.section("linspace")
    for start, stop, count in ((0.0, 1.0, 5), (0.0, 1.0, 11), (1.0, 0.0, 4), (-3.0, 7.5, 7), (2.0, 2.0, 3), (0.1, 0.7, 13), (0.0, 1.0, 1), (0.0, 1.0, 0),
                               (0.0, 1.0, 2), (1e300, -1e300, 5), (0.0, 1e-323, 2), (0.0, 1.0, 50), (-0.3, 0.1, 12)):
        file.ask("linspace", [Text(f"x:{start!r}"), Text(f"x:{stop!r}"), Text(f"n:{count}")], lambda: np.linspace(start, stop, count))
    for dtype in DTYPES:
        kind = Text(dtype.upper() if dtype != "bool" else "Bool")
        file.section(dtype)
        for n in (0, 1, 3):
            file.ask("eye", [Text(f"n:{n}"), kind], lambda: np.eye(n, dtype=DTYPES[dtype]))
        for extents in ((), (3,), (0,), (2, 2), (2, 0, 3)):
            file.ask("zeros", [shape(extents), kind], lambda: np.zeros(extents, DTYPES[dtype]))
            file.ask("ones", [shape(extents), kind], lambda: np.ones(extents, DTYPES[dtype]))
        for value in (True, 7, -1, 2**31, 2.75, -0.0, INF, NAN):
            outcome, note = exact(np.zeros(1)), None
            if isinstance(value, float):
                outcome = exact(saturating(np.full(2, value), dtype) if dtype in INTS else np.full(2, value, DTYPES[dtype]))
                note = "out of range depends on the machine" if dtype in INTS and not math.isfinite(value) else None
                file.case("full", [shape((2,)), weak(value), kind], outcome, note)
                file.case("full_like", [P(dtype, 2), weak(value)], outcome, note)
            else:
                file.ask("full", [shape((2,)), weak(value), kind], lambda: np.full(2, value, DTYPES[dtype]))
                if not (dtype == "i32" and value == 2**31):  # it panics: there is no twin
                    file.ask("full_like", [P(dtype, 2), weak(value)], lambda: np.full_like(pattern(dtype, (2,)), value))
        file.ask("zeros_like", [P(dtype, 2, 1)], lambda: np.zeros_like(pattern(dtype, (2, 1))))
        file.ask("ones_like", [P(dtype, 0)], lambda: np.ones_like(pattern(dtype, (0,))))
    file.write()


# ---------------------------------------------------------------- views


def views():
    file = File("views", "The same elements under other axes, and arrays side by side.")
    shapes = [(), (1,), (0,), (6,), (2, 3), (1, 6), (2, 0), (2, 3, 4), (1, 2, 1), (3, 0, 2)]
    file.section("reshape")
    for a in shapes:
        for b in [(), (1,), (0,), (-1,), (6,), (3, 2), (-1, 2), (2, -1), (-1, 1), (1, -1, 1), (4, 6), (-1, 0), (0, -1), (3, -1), (0, 5), (-1, -1), (24,), (2, 2, 6), (5, -1), (-2, 3)]:
            if b == (-2, 3) and a not in ((6,), (2, 3)):
                continue
            x = P("i32", *a)
            note = None
            if -2 in b:
                file.case("reshape", [x, shape(b)], ERROR)
                continue
            file.ask("reshape", [x, shape(b)], lambda: x.array.reshape(b), note)
        x = P("i64", *a)
        file.ask("ravel", [x], lambda: x.array.ravel())
        file.ask("t", [x], lambda: x.array.T)
        file.ask("matrix_transpose", [x], lambda: np.matrix_transpose(x.array))
        file.ask("squeeze", [x, axes(None)], lambda: np.squeeze(x.array))
        file.ask("flip", [x, axes(None)], lambda: np.flip(x.array))
        rank = len(a)
        for axis in range(-rank - 1, rank + 1):
            if rank == 0:
                file.case("squeeze", [x, axes(axis)], ERROR, "takes axis 0 and -1 of a single value")
            else:
                file.ask("squeeze", [x, axes(axis)], lambda: np.squeeze(x.array, axis))
            file.ask("flip", [x, axes(axis)], lambda: np.flip(x.array, axis))
        for axis in range(-rank - 2, rank + 2):
            file.ask("expand_dims", [x, axes(axis)], lambda: np.expand_dims(x.array, axis))
        for pair in ((0, 1), (0, -1), (1, 1), (-1, -1), (0, 2), (1, 9), (-3, 3)):
            file.ask("expand_dims", [x, axes(pair)], lambda: np.expand_dims(x.array, pair))
        for one, other in itertools.product(range(-rank, rank + 1), repeat=2):
            if rank < 3 or one >= 0 or other < 0:
                file.ask("swapaxes", [x, Text(f"n:{one}"), Text(f"n:{other}")], lambda: np.swapaxes(x.array, one, other))
                file.ask("moveaxis", [x, Text(f"n:{one}"), Text(f"n:{other}")], lambda: np.moveaxis(x.array, one, other))
        for order in itertools.permutations(range(rank)):
            file.ask("permute_dims", [x, axes(order)], lambda: np.permute_dims(x.array, order))
            negative = tuple(axis - rank for axis in order)
            if rank > 1:
                file.ask("permute_dims", [x, axes(negative)], lambda: np.permute_dims(x.array, negative))
    x = P("f64", 2, 3, 4)
    for bad in ((0, 1), (0, 1, 1), (0, 1, 3), (0, 1, 2, 0)):
        file.ask("permute_dims", [x, axes(bad)], lambda: np.permute_dims(x.array, bad))
    for pair in ((0, 2), (-1, 1), (0, 0), (0, -3)):
        file.ask("flip", [x, axes(pair)], lambda: np.flip(x.array, pair))
    y = P("f32", 1, 3, 1, 2)
    for pair in ((0, 2), (-2, 0), (0, 1), (0, 0), ()):
        file.ask("squeeze", [y, axes(pair)], lambda: np.squeeze(y.array, pair))

    file.section("concat and stack")
    groups = [[(2, 3), (1, 3)], [(2, 3), (2, 3)], [(2, 3), (2, 0), (2, 1)], [(3,), (0,), (2,)], [(2, 3, 4), (2, 1, 4), (2, 2, 4)], [(0, 3), (0, 3)],
              [(), ()], [(3,)], [(2, 3), (3,)], [(1,), (1,), (1,)]]
    for group in groups:
        rank = max(len(a) for a in group)
        for axis in range(-rank - 1, rank + 1):
            arrays = [P(dtype, *a) for a, dtype in zip(group, ("i32", "i32", "i32"))]
            file.ask("concat", [Text(f"n:{axis}"), *arrays], lambda: np.concatenate([a.array for a in arrays], axis))
            file.ask("stack", [Text(f"n:{axis}"), *arrays], lambda: np.stack([a.array for a in arrays], axis))
    for one, other in itertools.product(DTYPES, repeat=2):
        arrays = [P(one, 2), P(other, 3)]
        file.ask("concat", [Text("n:0"), *arrays], lambda: np.concatenate([a.array for a in arrays]))
        arrays = [P(one, 2), P(other, 2)]
        file.ask("stack", [Text("n:1"), *arrays], lambda: np.stack([a.array for a in arrays], 1))
    file.write()

    file = File("slices", "Slices: every form, on axes of several lengths. A written bound that the axis does not have is an error.")
    def in_range(item, n):
        if isinstance(item, int):
            return -n <= item < n
        low, high = -n, n if (item.step or 1) > 0 else n - 1
        return all(bound is None or low <= bound <= high for bound in (item.start, item.stop))
    def text(item):
        if item is None or item is Ellipsis:
            return "None" if item is None else "..."
        if isinstance(item, int):
            return str(item)
        part = lambda n: "" if n is None else str(n)
        return f"{part(item.start)}:{part(item.stop)}" + (f":{item.step}" if item.step is not None else "")
    def one(x, items):
        spoken = [item for item in items if item is not None]
        at, fits = 0, True
        for item in spoken:
            if item is Ellipsis:
                at += x.array.ndim - (len(spoken) - 1)
            else:
                fits = fits and at < x.array.ndim and in_range(item, x.array.shape[at])
                at += 1
        arg = Text("s:" + ",".join(text(item) for item in items))
        def answer():
            return x.array[tuple(items)]
        if fits:
            return file.ask("slice", [x, arg], answer)
        try:
            answer()
            note = "clips the bounds"
        except (IndexError, ValueError):
            note = None
        file.case("slice", [x, arg], ERROR, note)
    for n in (0, 1, 2, 5):
        x = P("i32", n)
        bounds = [None, 0, 1, 2, n, n + 1, -1, -2, -n - 1]
        bounds = list(dict.fromkeys(bounds))
        for start, stop, step in itertools.product(bounds, bounds, (None, 2, -1, -3)):
            one(x, [slice(start, stop, step)])
        for index in range(-n - 1, n + 1):
            one(x, [index])
    x = P("i64", 3, 4, 5)
    s = slice
    for items in ([s(1, None), s(None, None, -2), None, -1], [Ellipsis, 0], [0, Ellipsis], [0, Ellipsis, -1], [None, Ellipsis, None], [1], [1, 2], [1, 2, 3],
                  [1, 2, 3, 0], [Ellipsis, Ellipsis], [], [Ellipsis], [None], [s(None, None, -1), s(None, None, -1), s(None, None, -1)],
                  [s(0, 0), 1], [s(2, None), None, s(1, 3), None, s(0, 5, 2)], [-1, s(None, None, 3), s(3, 1, -1)], [s(None), 9], [0, 0, 0, None],
                  [s(1, 2), s(2, 3), s(3, 4)], [Ellipsis, s(None, None, 2)], [Ellipsis, None, 2], [2, None, Ellipsis, s(4, None, -4)],
                  [0, 1, 2, Ellipsis], [None, None, 1, Ellipsis, None]):
        one(x, items)
    for items in ([s(None), s(1, None)], [s(None, None, -1)], [0], [None, 0], [Ellipsis, 0], [s(None, None, 2), s(None, None, -1), 0]):
        one(P("f32", 2, 0, 3), items)
    for items in ([], [Ellipsis], [None], [0], [s(None)], [None, Ellipsis, None]):
        one(P("bool"), items)
    file.write()


# ---------------------------------------------------------------- chains


def random_slice(shape):
    items = []
    for n in shape:
        kind = RNG.integers(0, 6)
        if n == 0 or kind == 0:
            items.append(slice(None))
        elif kind == 1:
            items.append(int(RNG.integers(-n, n)))
        elif kind == 2:
            items.append(slice(None, None, int(RNG.choice([-1, -2, 2, 3]))))
        elif kind == 3:
            low, high = sorted(int(k) for k in RNG.integers(0, n + 1, 2))
            items.append(slice(low, high, None))
        elif kind == 4:
            items.append(slice(int(RNG.integers(0, n)), None, int(RNG.choice([1, -1, 2]))))
        else:
            items += [None, slice(None)]
    return items


def slice_text(items):
    def one(item):
        if not isinstance(item, slice):
            return str(item)
        part = lambda n: "" if n is None else str(n)
        return f"{part(item.start)}:{part(item.stop)}" + (f":{item.step}" if item.step is not None else "")
    return "s:" + ",".join(one(item) for item in items)


def split_of(size, rank):
    """A shape of that size, at random."""
    extents = [1] * rank
    for prime in (2, 3, 5, 7, 11, 13):
        while size % prime == 0 and size > 1 and rank:
            extents[RNG.integers(0, rank)] *= prime
            size //= prime
    return tuple(extents) if size == 1 else None


def step(a):
    """A random op, its arguments and what NumPy makes of it."""
    rank = a.ndim
    kind = RNG.choice(["reshape", "permute", "slice", "slice", "flip", "expand", "broadcast", "join", "math", "self", "reduce", "compare", "product"])
    if kind == "reshape" and a.size:
        to = split_of(a.size, int(RNG.integers(1, 5)))
        return None if to is None else (f"reshape ({dims(to)})", a.reshape(to))
    if kind == "permute" and rank > 1:
        order = tuple(int(k) for k in RNG.permutation(rank))
        return f"permute_dims a:{dims(order)}", a.transpose(order)
    if kind == "slice" and rank:
        items = random_slice(a.shape)
        return f"slice {slice_text(items)}", a[tuple(items)]
    if kind == "flip" and rank:
        axis = int(RNG.integers(0, rank))
        return f"flip a:{axis}", np.flip(a, axis)
    if kind == "expand":
        axis = int(RNG.integers(0, rank + 1))
        return f"expand_dims a:{axis}", np.expand_dims(a, axis)
    if kind == "broadcast" and a.size < 200:
        to = tuple(int(RNG.integers(1, 4)) if n == 1 else n for n in a.shape)
        to = (2, *to) if RNG.integers(0, 2) else to
        return f"broadcast_to ({dims(to)})", np.broadcast_to(a, to)
    if kind == "join" and rank and a.size < 200:
        axis = int(RNG.integers(0, rank))
        other = P("i64", *a.shape)
        return f"concat_after n:{axis} {other.text}", np.concatenate([a, other.array], axis)
    if kind == "math":
        k = int(RNG.integers(-3, 8))
        return RNG.choice([0, 1]) and (f"multiply w:{k}", a * k) or (f"subtract w:{k}", a - k)
    if kind == "self" and rank:
        row = P("i64", a.shape[-1])
        return f"maximum {row.text}", np.maximum(a, row.array)
    if kind == "reduce" and rank:
        axis = int(RNG.integers(0, rank))
        op = RNG.choice(["sum", "max", "min", "argmax", "prod"])
        keep = bool(RNG.integers(0, 2))
        if a.shape[axis] == 0 and op not in ("sum", "prod"):
            return None
        return f"{op} {axes(axis, keep).text}", getattr(np, op)(a, axis=axis, keepdims=keep)
    if kind == "compare":
        return "greater w:0 | where_ w:5 i64()", np.where(a > 0, 5, pattern("i64", ()))
    if kind == "product" and rank and a.size < 200:
        other = P("i64", a.shape[-1], 2)
        return f"matmul {other.text}", np.matmul(a, other.array)
    return None


def chains():
    file = File("chains", "Views of views, elementwise work between, reductions and products at any place.")
    starts = [(2, 3, 4), (6,), (5, 7), (4, 1, 3), (12, 2), (3, 3, 2, 2), (1,), (), (0, 3), (30,)]
    for at in range(600):
        x = P("i64", *starts[at % len(starts)])
        a, steps = np.asarray(x.array), []
        for _ in range(int(RNG.integers(2, 8))):
            result = step(a)
            if result is not None and np.asarray(result[1]).size <= 400:
                steps.append(result[0])
                a = np.asarray(result[1])
        if a.size > 48:
            steps.append("sum a:0")
            a = a.sum(axis=0)
        if a.size <= 60 and len(steps) > 1:
            file.lines.append(f"add {x.text} w:0 | {' | '.join(steps)} => {exact(a)}")
    file.write()


# ---------------------------------------------------------------- reductions


def sum_bound(a, axis, dtype):
    n = math.prod(a.shape[i] for i in axis)
    return (2 + math.ceil(math.log2(max(n, 1)))) * EPS[dtype] * np.sum(np.abs(a.astype(np.float64)), axis=axis)


def all_axes(rank):
    yield None
    for count in range(rank + 1):
        yield from itertools.combinations(range(rank), count)


def arg_reduce(f, a, axis, keepdims):
    """NumPy takes one axis or all: several become one."""
    kept = [i for i in range(a.ndim) if i not in axis]
    if not axis:
        return np.zeros(a.shape, np.int64)
    flat = np.transpose(a, kept + list(axis)).reshape([a.shape[i] for i in kept] + [math.prod(a.shape[i] for i in axis)])
    result = np.asarray(f(flat, axis=-1), np.int64)
    return result.reshape([1 if i in axis else n for i, n in enumerate(a.shape)]) if keepdims else result


REDUCTIONS = ("sum", "prod", "max", "min", "any", "all", "count_nonzero", "argmax", "argmin", "mean", "var", "std")


def reduction(file, op, x, axis, keepdims=False, correction=None, note=None):
    a = x.array
    args = [x, axes(axis, keepdims, correction)]
    over = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    try:
        over = tuple(np.lib.array_utils.normalize_axis_index(i, a.ndim) for i in over)
    except np.exceptions.AxisError:
        return file.case(op, args, ERROR, note)
    if len(set(over)) < len(over):
        return file.case(op, args, ERROR)
    if op in ("argmax", "argmin"):
        over = tuple(sorted(over))
        f = np.argmax if op == "argmax" else np.argmin
        return file.ask(op, args, lambda: arg_reduce(f, a, over, keepdims), note)
    if op in ("mean", "var", "std"):
        dtype = "f32" if a.dtype == np.float32 else "f64"
        wide = a.astype(np.float64)
        n = math.prod(a.shape[i] for i in over)
        if op == "mean":
            value = np.mean(wide, axis=over, keepdims=keepdims)
            bound = sum_bound(a, over, dtype) / max(n, 1) if n else np.zeros(value.shape)
            bound = np.reshape(bound, value.shape) + np.abs(value) * EPS[dtype]
        else:
            f = np.var if op == "var" else np.std
            value = f(wide, axis=over, keepdims=keepdims, ddof=correction or 0)
            bound = (8 + math.log2(max(n, 1))) * EPS[dtype] * np.abs(value) + (EPS[dtype] * (np.max(np.abs(wide)) if wide.size and np.all(np.isfinite(wide)) else 0)) ** (2 if op == "var" else 1)
        return file.case(op, args, near(value, dtype, np.where(np.isfinite(value), bound, 0)), note)
    f = getattr(np, op)
    if op == "count_nonzero":
        return file.ask(op, args, lambda: np.asarray(f(a, axis=over, keepdims=keepdims), np.int64) if over else (a != 0).astype(np.int64), note)
    if op in ("sum", "prod") and a.dtype.kind == "f" and not np.array_equal(a, np.trunc(a), equal_nan=True):
        value = f(a.astype(np.longdouble), axis=over, keepdims=keepdims)
        n = math.prod(a.shape[i] for i in over)
        dtype = name(a)
        bound = np.reshape(sum_bound(a, over, dtype), value.shape) if op == "sum" else n * EPS[dtype] * np.abs(value).astype(np.float64)
        return file.case(op, args, near(value.astype(np.float64), dtype, np.where(np.isfinite(value), bound, 0)))
    def answer():
        result = np.asarray(f(a, axis=over, keepdims=keepdims))
        if op in ("max", "min") and a.dtype.kind == "f" and a.size:
            # Of zeros of both signs, the larger is +0 and the smaller -0.
            zero = f(np.where(a == 0, np.where(np.signbit(a), -1, 1), 0) if op == "max" else np.where(a == 0, np.where(np.signbit(a), -1, 1), 2), axis=over, keepdims=keepdims)
            sign = np.where(zero == -1, -0.0, 0.0) if op == "min" else np.where(np.any((a == 0) & ~np.signbit(a), axis=over, keepdims=keepdims), 0.0, -0.0)
            result = np.where(result == 0, sign.astype(a.dtype), result)
        return result
    file.ask(op, args, answer, note)


def reductions():
    file = File("reductions", "Reductions: values.")
    file.section("every op, dtype and set of axes; the pattern's sums are exact")
    for op in REDUCTIONS:
        for dtype in DTYPES:
            for axis in all_axes(3):
                keepdims = (hash((op, dtype, len(axis or ()))) if False else len(op) + len(dtype) + len(axis or ())) % 2 == 0
                reduction(file, op, P(dtype, 2, 3, 4), axis, keepdims)
        for axis in (-1, -2, -3, 2, (-1, 0), (2, -3), 3, -4, (0, 0), (0, -3)):
            reduction(file, op, P("i32", 2, 3, 4), axis)
    file.section("correction")
    for op in ("var", "std"):
        for dtype in DTYPES:
            for correction in (1, 2.5, 4, 9):
                reduction(file, op, P(dtype, 3, 4), 1, correction == 1, correction)
                reduction(file, op, P(dtype, 3, 4), None, correction != 1, correction)
    file.section("NaN, infinities and zeros of both signs")
    for dtype in FLOATS:
        specials = np.array([[1, NAN, 3, NAN], [INF, -INF, 0.0, 1], [-0.0, 0.0, -0.0, 0.0], [0.0, -0.0, -0.0, -0.0], [INF, INF, -1, 2], [NAN, NAN, NAN, NAN], [-INF, -1, -2, -3]], DTYPES[dtype])
        x = file.let(f"specials_{dtype}", specials)
        for op in REDUCTIONS:
            if op not in ("var", "std"):
                reduction(file, op, x, 1)
            if op not in ("var", "std", "mean"):
                reduction(file, op, x, 0)
                reduction(file, op, x, None)
        # Sums of nothing but -0: the missing start is not +0.
        for n in (1, 2, 5, 40):
            negative = L(np.full(n, -0.0, DTYPES[dtype]))
            file.case("sum", [negative, axes(0)], exact(np.array(-0.0, DTYPES[dtype])))
            file.case("prod", [negative, axes(0)], exact(np.prod(negative.array)))
    file.section("integers wrap")
    for dtype in INTS:
        info = np.iinfo(DTYPES[dtype])
        x = file.let(f"extremes_{dtype}", np.array([[info.max, info.max, 3], [info.min, -1, info.min], [info.max, info.min, 1]], DTYPES[dtype]))
        for op in ("sum", "prod", "max", "min", "argmax", "argmin", "any", "all", "count_nonzero"):
            for axis in (None, 0, 1):
                reduction(file, op, x, axis)
        file.case("mean", [x, axes(1)], near(np.mean(x.array.astype(np.float64), axis=1), "f64", 1e4))
    file.section("ties: the first")
    for dtype in DTYPES:
        for op in ("argmax", "argmin"):
            reduction(file, op, L(np.array([[0, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 1]], DTYPES[dtype])), 1)
            reduction(file, op, L(np.array([[0, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 1]], DTYPES[dtype])), None)
    file.section("lengths around the blocks of the summation")
    for dtype in DTYPES:
        for n in (1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 255, 256, 257, 511, 513, 1025):
            for op in ("sum", "max", "argmin", "mean"):
                reduction(file, op, P(dtype, n), None)
            for op in ("sum", "min", "argmax"):
                if n > 16:
                    reduction(file, op, P(dtype, n, 2), 0)
                    reduction(file, op, P(dtype, 2, n), 1)
    file.section("fractions: within the documented bound")
    for dtype in FLOATS:
        for n in (2, 10, 33, 150):
            x = file.let(f"r_{dtype}_{n}", (RNG.standard_normal((n, 2)) * 10.0 ** RNG.integers(-3, 4, (n, 2))).astype(DTYPES[dtype]))
            for op in ("sum", "prod", "mean", "var", "std", "max", "min", "argmax", "argmin"):
                for axis in (None, 0, 1):
                    if op != "prod" or n <= 33:
                        reduction(file, op, x, axis)
    file.write()

    file = File("empty", "Every reduction, every place of an axis of extent 0, one axis, none or all, keepdims, ranks 0 to 4.")
    extents = (2, 3, 1, 2)
    for rank in range(5):
        for zeros in itertools.chain.from_iterable(itertools.combinations(range(rank), k) for k in range(rank + 1)):
            if len(zeros) > 2:
                continue
            a = tuple(0 if i in zeros else extents[i] for i in range(rank))
            file.section(dims(a) or "rank 0")
            for op in REDUCTIONS:
                sets = [None, (), *range(rank)] + ([(0, rank - 1)] if rank > 1 else []) + ([0, -1] if rank == 0 else [])
                for axis in sets:
                    for keepdims in (False, True):
                        dtype = "f32" if len(op) % 2 else "i64"
                        note = "takes axis 0 and -1 of a single value" if rank == 0 and axis in (0, -1) else None
                        reduction(file, op, P(dtype, *a), axis, keepdims, note=note)
    file.write()


# ---------------------------------------------------------------- products and compositions


def products():
    file = File("products", "matmul and vecdot: shapes by every pair of a list, values exact where they can be.")
    shapes = [(), (1,), (3,), (4,), (0,), (3, 4), (4, 3), (4, 1), (1, 3), (0, 3), (3, 0), (2, 3, 4), (2, 4, 3), (1, 4, 2), (5, 1, 3, 4), (2, 1, 4, 0), (5, 2, 4, 2), (0, 4, 3)]
    for a, b in itertools.product(shapes, repeat=2):
        file.ask("matmul", [P("f64", *a), P("f64", *b)], lambda: np.matmul(pattern("f64", a), pattern("f64", b)))
        if len(a) < 4 and len(b) < 4:
            file.ask("vecdot", [P("f32", *a), P("f32", *b)], lambda: np.vecdot(pattern("f32", a), pattern("f32", b)))
    file.section("dtypes")
    for one, other in itertools.product(DTYPES, repeat=2):
        for a, b in (((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((2, 2, 3), (3, 2))):
            if one == other == "bool":
                file.case("matmul", [P(one, *a), P(other, *b)], ERROR, "bool")
            else:
                file.ask("matmul", [P(one, *a), P(other, *b)], lambda: np.matmul(pattern(one, a), pattern(other, b)))
        if one == other == "bool":
            file.case("vecdot", [P(one, 3), P(other, 3)], ERROR, "bool")
        else:
            file.ask("vecdot", [P(one, 2, 3), P(other, 3)], lambda: np.vecdot(pattern(one, (2, 3)), pattern(other, (3,))))
    file.section("integers wrap")
    for dtype in INTS:
        info = np.iinfo(DTYPES[dtype])
        a = L(np.array([[info.max, 2, info.min], [info.min, info.min, 7]], DTYPES[dtype]))
        b = L(np.array([[3, info.max], [info.max, -1], [info.min, info.min]], DTYPES[dtype]))
        file.ask("matmul", [a, b], lambda: a.array @ b.array)
        v = L(np.array([info.max, info.max, 3], DTYPES[dtype]))
        file.ask("matmul", [a, v], lambda: a.array @ v.array)
        file.ask("vecdot", [v, v], lambda: np.vecdot(v.array, v.array))
    file.section("sizes around the tiles")
    for m, k, n in ((7, 8, 9), (16, 17, 15), (33, 5, 31), (1, 64, 65), (65, 3, 1), (13, 130, 6)):
        for dtype in ("i64", "f32"):
            total = np.matmul(pattern(dtype, (m, k)), pattern(dtype, (k, n)))
            # A checksum by row keeps the file small; all numbers are exact.
            file.case("matmul_row_sums", [P(dtype, m, k), P(dtype, k, n)], exact(total.sum(axis=1)))
    file.section("fractions: within k * eps * |A||B|")
    for dtype in FLOATS:
        for m, k, n in ((2, 3, 4), (4, 33, 3), (1, 90, 2)):
            a = L(RNG.standard_normal((m, k)).astype(DTYPES[dtype]))
            b = L(RNG.standard_normal((k, n)).astype(DTYPES[dtype]))
            wide = a.array.astype(np.longdouble) @ b.array.astype(np.longdouble)
            bound = k * EPS[dtype] * (np.abs(a.array.astype(np.float64)) @ np.abs(b.array.astype(np.float64)))
            file.case("matmul", [a, b], near(wide, dtype, bound))
            v = L(b.array[:, 0])
            file.case("matmul", [a, v], near(wide[:, 0], dtype, bound[:, 0]))
            file.case("vecdot", [a, v], near(wide[:, 0], dtype, bound[:, 0]))
    file.section("infinities and NaN")
    a, b = L(np.array([[1, INF], [NAN, 0.0], [0.0, -0.0]])), L(np.array([[1.0, 0.0], [0.0, 1.0]]))
    file.ask("matmul", [a, b], lambda: a.array @ b.array)
    file.write()


def wide_softmax(x, axis):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def compositions():
    file = File("compositions", "What neural networks call by one name, by formula in extended precision.")
    W = np.longdouble
    for dtype in ("i32", "f32", "f64"):
        result = dtype if dtype in FLOATS else "f64"
        eps = EPS[result]
        x = file.let(f"x_{dtype}", (np.array([[-9, -3, -1, 0], [1, 2, 5, 30], [-80, -20, 12, 700]]) * (1 if dtype == "i32" else 0.77)).astype(DTYPES[dtype]))
        w, size = x.array.astype(W), np.abs(x.array.astype(np.float64))
        silu = w / (1 + np.exp(-w))
        file.case("silu", [x], near(silu, result, 3 * eps * np.abs(silu).astype(np.float64) + (2.0**-149 if result == "f32" else 2.0**-1074)))
        file.case("relu", [x], exact(np.maximum(x.array, 0)))
        for axis in (0, 1, -1, (0, 1), None):
            soft = wide_softmax(w, axis)
            gap = np.abs(w - np.max(w, axis=axis, keepdims=True)).astype(np.float64)
            tiny = 2.0**-149 if result == "f32" else 2.0**-1074
            file.case("softmax", [x, axes(axis)], near(soft, result, (8 + gap) * eps * soft.astype(np.float64) + tiny))
            high = np.max(w, axis=axis, keepdims=True)
            log = w - high - np.log(np.sum(np.exp(w - high), axis=axis, keepdims=True))
            file.case("log_softmax", [x, axes(axis)], near(log, result, eps * (4 + 2 * np.abs(log).astype(np.float64))))
            center = w - np.mean(w, axis=axis, keepdims=True)
            var = np.mean(center**2, axis=axis, keepdims=True)
            for gain, bias in ((2, 0.5), (1.5, -1)):
                norm = center / np.sqrt(var + W(1e-5)) * gain + bias
                span = (np.max(size) / np.sqrt(var.astype(np.float64) + 1e-5) + 3) * gain
                file.case("layer_norm", [x, axes(axis), weak(gain), weak(bias), Text("x:1e-5")], near(norm, result, 12 * eps * span))
    for dtype in FLOATS:
        special = L(np.array([0.0, -0.0, INF, NAN], DTYPES[dtype]))
        file.case("relu", [special], exact(np.array([0.0, 0.0, INF, NAN], DTYPES[dtype])))
        file.case("softmax", [L(np.array([[-INF, 0, 0], [NAN, 0, 1], [INF, 0, 1], [1e4, 1e4, -1e4]], DTYPES[dtype])), axes(1)],
                  near(np.array([[0, 0.5, 0.5], [NAN] * 3, [NAN, NAN, NAN] , [0.5, 0.5, 0]]), dtype, EPS[dtype]), )
    for op in ("softmax", "log_softmax"):
        for a in ((0,), (2, 0), (0, 2)):
            file.case(op, [P("f32", *a), axes(-1)], exact(pattern("f32", a)))
        file.case(op, [P("f32"), axes(None)], exact(np.array(1.0 if op == "softmax" else 0.0, np.float32)))
        file.case(op, [P("f32", 2), axes(1)], ERROR)
    file.write()


# ---------------------------------------------------------------- printing


def printing():
    lines = ["# `{}` of arrays against NumPy's str. A case is a literal or pattern, ` => `, and the text with `\\n` for new lines.",
             "# Options stand after the array, and the text is that of `array2string` with them.",
             f"# Written by tests/numpy/numpy_answers.py with NumPy {np.__version__}."]
    names = {"precision": "precision", "threshold": "threshold", "edge_items": "edgeitems", "line_width": "max_line_width",
             "suppress": "suppress_small", "plus": "sign"}
    def one(x, **options):
        said = {names[key]: "+" if key == "plus" else value for key, value in options.items()}
        text = np.array2string(x.array, **said) if said else str(x.array)
        words = "".join(f" {key}={str(value).lower()}" for key, value in options.items())
        lines.append(f"{x.text}{words} => " + text.replace("\n", "\\n"))
    f32, f64 = np.float32, np.float64
    for dtype in ("i32", "i64", "f32", "f64"):
        for a in ((), (1,), (5,), (2, 3), (2, 2, 3), (1, 1, 1), (2, 1, 2, 2), (40,), (3, 30), (1001,), (1000,), (40, 40), (2, 3, 400), (0,)):
            one(P(dtype, *a))
    for a in ((), (2,), (2, 3), (40,), (1100,)):
        one(P("bool", *a))
    for values in ([1.5, 2.25, -3.125], [0.1, 0.2, 0.3], [1 / 3, 2 / 3], [1.0, 2.0], [1e10, 1.0], [1e8, 2e8], [123456789.0], [12345678.0, 0.5], [1e-5, 1.0],
                   [1e-4, 1.0], [0.0001], [0.00009], [NAN, 1.0, INF], [-INF, 2.5], [NAN], [INF, -INF], [0.0, -0.0], [1e300, 1e-300], [1e100], [1e-100, 1e-99],
                   [math.pi, 1000.0], [math.pi, 1001.0 * math.pi], [1.0, 1000.0], [0.5, 5000.0], [1e15], [1e16], [123456.789], [0.1 + 0.2], [2.0**53, 1.0],
                   [1.10, 2.123456789123], [-1.0, 10.0, -100.0], [1e-8, 1e-7], [99999999.0, 1.0], [5e-324], [1.7976931348623157e308],
                   [0.999999999, 1.0], [1.000000001], [0.123456785], [100.0, 0.001], [NAN, 1e10], [1e10, NAN, -1.0]):
        one(L(np.array(values, f64)))
        one(L(np.array(values, f32)))
    for value in (1.5, -0.0, NAN, INF, 1e300, 1e16, 1e15, 0.1, 1e-5, 123456789.123, 3.0):
        one(L(np.array(value, f64)))
    for value in (1.5, 0.1, 1e20, 16777216.0, 1e-5):
        one(L(np.array(value, f32)))
    for a in ((2, 0), (0, 3), (2, 0, 3)):
        one(P("f64", *a))
    for values in ([1e6], [999999.0, 1.0], [1e7, -1.0], [1e-4, 0.05]):
        one(L(np.array(values, f32)))
    for value in (1e5, 1e6, 1e7, 1e-4, 1234567.0, NAN, -INF):
        one(L(np.array(value, f32)))
    # Lines that wrap after a padded element, and elements wider than a line has room for, many axes deep.
    one(L(np.where(np.arange(36) % 3 == 0, 1.0, 0.12345678).reshape(2, 18)))
    one(L(np.array([[1.5, 2.0, -3.25e7] * 9])))
    one(L(np.arange(-30, 30).reshape(1, 1, 1, 1, 60) * 1001))
    one(L(np.array([[1, -200], [30, 4]], np.int32)))
    one(L(np.array([I64.min, 0, I64.max])))
    one(L(np.array([[0.1, 20.25], [NAN, -3.0]])))
    one(L(RNG.standard_normal((4, 5))))
    one(L(RNG.standard_normal((3, 12)).astype(f32)))

    # Truth values, where all are equal, many axes deep, summarised.
    one(L(np.array(True)))
    one(L(np.array([True, True])))
    one(L(np.array([[False]])))
    for a in ((2, 2, 2), (30, 40), (2, 20), (0,), (1, 1, 1, 3)):
        one(P("bool", *a))
    # Nothing, in every shape.
    for dtype in DTYPES:
        for a in ((0, 3), (3, 0), (1, 0, 1), (0, 0)):
            one(P(dtype, *a))
    # Integers to their ends.
    for info, dtype in ((I32, np.int32), (I64, np.int64)):
        one(L(np.array(info.min, dtype)))
        one(L(np.array(info.max, dtype)))
        one(L(np.array([info.min, info.max], dtype)))
        one(L(np.array([[info.max, 0], [-1, info.min + 1]], dtype)))
        one(L(np.array([0, 7, info.max] * 5, dtype)))
    # Three axes and more, summarised along some or all.
    for dtype in ("i64", "f32"):
        for a in ((10, 10, 11), (7, 7, 30), (2, 2, 2, 200), (1001, 1), (1, 1001), (6, 200), (200, 6), (7, 7, 7, 7), (3, 500, 2)):
            one(P(dtype, *a))
    one(L(np.where(np.arange(1200) == 600, 1e-9, np.arange(1200.0)).reshape(30, 40)))
    # Shortest digits: what reads back as the same value, in the array and alone.
    rng = np.random.default_rng(7)
    for dtype, exponents in ((f64, (-300, -20, -5, 0, 5, 20, 300)), (f32, (-40, -20, -5, 0, 5, 20, 37))):
        for exponent in exponents:
            values = (rng.uniform(1, 10, 6) * 10.0**exponent).astype(dtype)
            one(L(values))
            one(L(values[0]))
            one(L(values[:2] * np.array([1, -1], dtype)))
        one(L(rng.uniform(-1, 1, (5, 7)).astype(dtype)))
        one(L((rng.uniform(-1, 1, (4, 4)) * 10.0 ** rng.integers(-3, 6, (4, 4))).astype(dtype)))
        one(L(rng.integers(-50, 50, (3, 5)).astype(dtype) / 4))
        info = np.finfo(dtype)
        for value in (info.max, info.min, info.tiny, info.smallest_subnormal, info.eps, dtype(1) + info.eps, dtype(1) / 3, dtype(0)):
            one(L(np.array(value, dtype)))
            one(L(np.array([value, 1], dtype)))
        one(L(np.array([info.smallest_subnormal * 3, info.tiny / 7, -info.tiny], dtype)))
        one(L(np.array([NAN, -0.0, INF, -INF, 1e-5, 1e20], dtype)))
        one(L(np.array([[NAN, INF], [-INF, NAN]], dtype)))
        one(L(np.array([NAN, 100.125], dtype)))
        # Half way between two that are as short, and next to powers of two.
        one(L(np.array([31623.0625, -1494.53125, 22651.1875, 226551.625, 989.851875, 8388608.5], dtype)))
        one(L(np.array(31623.0625, dtype)))
        one(L(np.array([9007199254740992, 2.0**-44, 2.0**-1000, 2.0**89, 2.0**-136], dtype)))
        for power in (89, -44, 122, -136):
            one(L(np.array(2.0**power, dtype)))
        one(L(np.array([-INF, 0.5], dtype)))
        # Where an exponent begins.
        for values in ([999.0, 1.0], [1000.5, 1.0], [1001.0, 1.0], [9.999e-5], [1.0001e-4], [99999.5], [999999.5], [9999999.5], [99999999.5],
                       [1e-4, 0.1], [1e-4, 0.11], [1e5, 100.0], [1e5, 99.0], [-1e8, -1e8], [5.0, 5e-3], [5.1, 5e-3]):
            one(L(np.array(values, dtype)))

    # Options.
    wild = L(np.array([1e-10, 0.123456789, -1.5, 1234.56789, 0.0]))
    tame = L(np.array([[1.0, 0.123456789], [-22.5, 333.987654321]]))
    single = L((np.arange(12) / 7 - 1).astype(f32).reshape(3, 4))
    odd = L(np.array([NAN, INF, -INF, 0.125, -0.0]))
    for precision in (0, 1, 2, 3, 5, 8, 12, 17, 30):
        for x in (wild, tame, single, odd):
            one(x, precision=precision)
        one(wild, precision=precision, suppress=True)
    for x in (wild, tame, single, odd, L(np.array([1e-20, -1e-20])), L(np.array([1e9, 1e-9])), L(np.array([5e-324]))):
        one(x, suppress=True)
        one(x, plus=True)
        one(x, plus=True, precision=2, suppress=True)
    one(L(np.array([5e-324, 2.0])), suppress=True, precision=400)
    # Halves go to the even digit.
    for precision in (0, 1, 2):
        one(L(np.array([0.5, 1.5, 2.5, -0.5, 0.25, 0.75, 0.125, 0.375, 2.675, 1.005])), precision=precision)
        one(L(np.array([2.5e10, 3.5e10, 1.25e10, 1.35e10, 9.96e10])), precision=precision)
    for value in (1 / 3, 1e-10, 123456789.123, -2.0, NAN, INF, 0.0):
        for options in ({"precision": 3}, {"precision": 0}, {"plus": True}, {"suppress": True}, {"precision": 20}):
            one(L(np.array(value)), **options)
    one(L(np.array(1 / 3, f32)), precision=3)
    one(L(np.array(1 / 3, f32)), precision=12)
    for x in (P("i32"), P("i64", 5), P("i32", 2, 3), P("i64", 0), P("bool", 3), P("bool"), L(np.array([-5, 10])), L(np.array([-500, 10]))):
        one(x, plus=True)
        one(x, precision=2)
    for dtype in ("i64", "f64", "bool"):
        for threshold, edge_items in ((0, 1), (0, 2), (0, 3), (5, 2), (6, 3), (59, 3), (60, 3), (1000, 1)):
            one(P(dtype, 60), threshold=threshold, edge_items=edge_items)
            one(P(dtype, 3, 4, 5), threshold=threshold, edge_items=edge_items)
        for line_width in (1, 8, 20, 40, 75, 76, 100, 1000):
            one(P(dtype, 40), line_width=line_width)
            one(P(dtype, 2, 3, 12), line_width=line_width)
    one(P("i64", 2000), threshold=100, edge_items=20, line_width=50)
    one(P("f64", 8, 9, 10), threshold=10, edge_items=1, line_width=10, plus=True)
    path = OUT / "printing.txt"
    path.write_text("\n".join(lines) + "\n")
    print(f"{path.name}: {len(lines) - 3} cases, {path.stat().st_size} bytes")

# ---------------------------------------------------------------- whole arrays


def n(value):
    return Text(f"n:{value}", value)


def x(value):
    return Text(f"x:{value!r}", value)


def argsort_descending(a, axis=-1):
    """Stable, NaN last: the reverse of what sorts the reversed array has NaN first."""
    def row(r):
        order = len(r) - 1 - np.argsort(r[::-1], kind="stable")[::-1]
        nan = np.isnan(r[order]) if r.dtype.kind == "f" else np.zeros(len(r), bool)
        return np.concatenate([order[~nan], order[nan]])
    return np.apply_along_axis(row, axis, a) if a.size else np.argsort(a, axis)


def running_extreme(a, axis, larger):
    a = np.moveaxis(a, axis, -1).copy()
    f = np.maximum if larger else np.minimum
    for i in range(1, a.shape[-1]):
        a[..., i] = signed_zeros(f(a[..., i - 1], a[..., i]), a[..., i - 1], a[..., i], larger)
    return np.moveaxis(a, -1, axis)


SORTED_DTYPES = ("bool", "i32", "i64", "f32", "f64")
SPICY_ROW = [3.5, NAN, -0.0, 0.0, INF, -1.0, 0.0, NAN, -0.0, -INF, 2.0, 2.0, -1.0]


def order():
    file = File("order", "Sorting, running sums, searching, medians and counts.")
    spicy = {d: file.let(f"spicy_{d}", np.array(SPICY_ROW, DTYPES[d])) for d in FLOATS}
    extremes = {"i32": L(np.array([5, I32.min, I32.max, -1, 5, 0, I32.min], np.int32)),
                "i64": L(np.array([5, I64.min, I64.max, -1, 5, 0, I64.min], np.int64))}
    sorts = {"sort": lambda a, k: np.sort(a, k, kind="stable"), "argsort": lambda a, k: np.argsort(a, k, kind="stable"),
             "sort_descending": lambda a, k: np.take_along_axis(a, argsort_descending(a, k), k),
             "argsort_descending": argsort_descending}
    file.section("sorting")
    for op, f in sorts.items():
        for d in SORTED_DTYPES:
            for array in (P(d, 13), P(d, 3, 4, 5), P(d, 0), P(d, 3, 0), P(d, 0, 3), P(d, 1)):
                for axis in {0, -1, array.array.ndim - 1, -array.array.ndim}:
                    file.ask(op, [array, n(axis)], lambda: f(array.array, axis))
        for array in (*spicy.values(), *extremes.values()):
            file.ask(op, [array, n(0)], lambda: f(array.array, 0))
        for array, axis in ((P("f32"), -1), (P("f32", 3, 4), 2), (P("f32", 3, 4), -3)):
            file.case(op, [array, n(axis)], ERROR)
        file.case("slice", [P("f64", 4, 5), Text(f"s:::-1,::-2 | {op} n:0")], exact(f(pattern("f64", (4, 5))[::-1, ::-2], 0)))
        file.case("broadcast_to", [P("i64", 3, 1), Text(f"(2,3,4) | {op} n:1")],
                  exact(f(np.broadcast_to(pattern("i64", (3, 1)), (2, 3, 4)), 1)))
        file.case("permute_dims", [P("i32", 2, 3, 4), Text(f"a:2,0,1 | {op} n:0 | negative")] if op == "argsort" else
                  [P("i32", 2, 3, 4), Text(f"a:2,0,1 | {op} n:0")],
                  exact((-1 if op == "argsort" else 1) * f(pattern("i32", (2, 3, 4)).transpose(2, 0, 1), 0)))
    file.section("topk")
    for array in (P("f64", 3, 4), P("i32", 3, 4), spicy["f32"]):
        for k, axis in ((0, -1), (2, -1), (3, 0), (5, 0)):
            if k > array.array.shape[axis]:
                file.case("topk_values", [array, n(k), n(axis)], ERROR)
                continue
            places = np.moveaxis(np.moveaxis(argsort_descending(array.array, axis), axis, -1)[..., :k], -1, axis)
            file.case("topk_places", [array, n(k), n(axis)], exact(places))
            file.case("topk_values", [array, n(k), n(axis)], exact(np.take_along_axis(array.array, places, axis)))
    file.section("partition: what is at the place, before it and behind it")
    for d in SORTED_DTYPES:
        arrays = [P(d, 7), P(d, 3, 4, 2), P(d, 2, 3), P(d, 1), P(d, 40)]
        arrays += [L(spicy[d].array + DTYPES[d](0))] if d in FLOATS else [extremes[d]] if d in INTS else []
        for array in arrays:
            for axis in {0, -1}:
                extent = array.array.shape[axis]
                for k in sorted({0, 1, extent // 2, extent - 1, -1, -extent}):
                    if not -extent <= k < extent:
                        continue
                    apart, k_ = np.moveaxis(np.partition(array.array, k, axis), axis, -1), k % extent
                    args = [array, n(k), n(axis)]
                    move = f"| moveaxis n:{axis} n:-1"
                    file.case("partition", [*args, Text(f"{move} | slice s:...,{k_}")], exact(apart[..., k_]))
                    file.case("partition", [*args, Text(f"{move} | slice s:...,:{k_} | sort n:-1")], exact(np.sort(apart[..., :k_])))
                    file.case("partition", [*args, Text(f"{move} | slice s:...,{k_}: | sort n:-1")], exact(np.sort(apart[..., k_:])))
    for array, k, axis in ((P("f32", 3), 3, 0), (P("f32", 3), -4, 0), (P("f32", 0), 0, 0), (P("f32", 2, 0), 0, 1), (P("f32"), 0, 0), (P("f32", 3), 0, 1)):
        file.case("partition", [array, n(k), n(axis)], ERROR)
    file.case("partition", [P("f32", 0, 3), n(1), n(1)], exact(np.zeros((0, 3), np.float32)))
    file.section("running sums and extremes")
    scans = {"cumulative_sum": np.cumsum, "cumulative_prod": np.cumprod,
             "cumulative_max": lambda a, k: running_extreme(a, k, True), "cumulative_min": lambda a, k: running_extreme(a, k, False)}
    for op, f in scans.items():
        for d in SORTED_DTYPES:
            for array in (P(d, 7), P(d, 3, 4, 2), P(d, 0), P(d, 3, 0), P(d, 0, 3)):
                for axis in {0, -1, -array.array.ndim}:
                    file.ask(op, [array, n(axis)], lambda: f(array.array, axis))
        for array in (*spicy.values(), *extremes.values(), L(RANDOM["f32"]), L(RANDOM["f64"]), L(np.array([-0.0, -0.0, 0.0]))):
            file.ask(op, [array, n(0)], lambda: f(array.array, 0))
        file.case(op, [P("f32"), n(0)], ERROR, "a single value has one axis")
        file.case(op, [P("f32", 2), n(1)], ERROR)
        file.case("slice", [P("f64", 4, 5), Text(f"s:::-1,::2 | {op} n:-1")], exact(f(pattern("f64", (4, 5))[::-1, ::2], -1)))
    file.section("searching")
    edges = {d: np.sort(pattern(d, (6,))) for d in SORTED_DTYPES}
    for d in SORTED_DTYPES:
        for e in SORTED_DTYPES:
            for side in ("", "_right"):
                file.case("searchsorted" + side, [L(edges[d]), P(e, 2, 5)],
                          exact(np.searchsorted(edges[d], pattern(e, (2, 5)), side[1:] or "left")))
    for side in ("", "_right"):
        for d in FLOATS:
            row = np.sort(spicy[d].array)
            for sorted_ in (row, row[:0], np.array([0.0, NAN], DTYPES[d])):
                file.case("searchsorted" + side, [L(sorted_), spicy[d]], exact(np.searchsorted(sorted_, spicy[d].array, side[1:] or "left")))
        file.case("searchsorted" + side, [P("i32", 0), P("f64", 3)], exact(np.zeros(3, np.int64)))
        file.case("searchsorted" + side, [P("i32", 0), P("f64", 0)], exact(np.zeros(0, np.int64)))
        file.case("searchsorted" + side, [L(edges["i32"]), weak(1)], exact(np.searchsorted(edges["i32"], 1, side[1:] or "left")))
        file.case("searchsorted" + side, [P("i32", 2, 2), P("i32", 3)], ERROR)
    for d in ("i64", "f64"):
        file.case("digitize", [P(d, 2, 5), L(np.array([-3, 0, 0, 4], DTYPES[d]))], exact(np.digitize(pattern(d, (2, 5)), [-3, 0, 0, 4])))
    file.section("medians and shares")
    for d in SORTED_DTYPES[1:]:
        for array in (P(d, 7), P(d, 8), P(d, 3, 4, 5), P(d, 3, 1)):
            for axis in (None, 0, -1):
                for keep in (False, True):
                    file.ask("median", [array, axes(axis, keep)], lambda: np.median(array.array, axis, keepdims=keep))
        file.ask("median", [P(d, 3, 4, 5), axes((0, 2))], lambda: np.median(pattern(d, (3, 4, 5)), (0, 2)))
        file.case("median", [P(d, 0), axes(0)], ERROR, "NaN")
        file.case("median", [P(d, 3, 0), axes(1)], ERROR, "NaN")
    largest = np.finfo(np.float64).max
    for row in ([largest, -largest, largest], [largest], [INF, INF, 1.0], [INF, INF], [-INF, INF], [NAN, 1.0, 2.0], [5e-324, 5e-324]):
        array = L(np.array(row))
        file.ask("median", [array, axes(0)], lambda: np.median(array.array))
    for d in ("i32", "i64", "f64"):
        for q in (0.0, 0.1, 0.25, 0.5, 0.7, 0.999, 1.0):
            for shape_, axis in (((7,), None), ((3, 4, 5), 1), ((3, 4, 5), (0, -1)), ((1,), 0)):
                array = P(d, *shape_)
                file.ask("quantile", [array, x(q), axes(axis)], lambda: np.quantile(array.array, q, axis))
    for q in (0.0, 12.5, 50.0, 75.0, 100.0):
        file.ask("percentile", [P("f64", 4, 5), x(q), axes(0, True)], lambda: np.percentile(pattern("f64", (4, 5)), q, 0, keepdims=True))
        file.ask("quantile", [P("f32", 5), x(q / 100), axes(0)], lambda: np.quantile(pattern("f32", (5,)), q / 100, 0))
    for q in (-0.1, 1.5, NAN):
        file.case("quantile", [P("f64", 5), x(q), axes(0)], ERROR)
    file.case("quantile", [L(np.array([1.0, NAN, 2.0])), x(0.0), axes(0)], exact(np.quantile([1.0, NAN, 2.0], 0.0)))
    file.section("counts")
    for d in INTS:
        for least in (0, 3, 12):
            for row in ([], [0, 5, 5, 2, 0], [7]):
                array = L(np.array(row, DTYPES[d]))
                file.ask("bincount", [array, n(least)], lambda: np.bincount(array.array, minlength=least))
        file.case("bincount", [L(np.array([1, -1], DTYPES[d])), n(0)], ERROR)
    file.case("bincount", [P("f64", 3), n(0)], ERROR)
    values = L(np.concatenate([RANDOM["f64"], np.linspace(-2, 3, 11), [NAN, INF, -INF]]))
    for bins, low, high in ((1, -2, 3), (5, -2, 3), (10, -2, 3), (7, -2, 3), (3, 0.1, 0.7)):
        file.case("histogram_counts", [values, n(bins), x(float(low)), x(float(high))],
                  exact(np.histogram(values.array[~np.isnan(values.array)], bins, (low, high))[0]))
    file.case("histogram_counts", [P("f64", 0), n(3), x(0.0), x(1.0)], exact(np.zeros(3, np.int64)))
    file.case("histogram_counts", [values, n(0), x(0.0), x(1.0)], ERROR)
    file.case("histogram_counts", [values, n(3), x(1.0), x(1.0)], ERROR, "a range of 1")
    file.write()


UPDATES = {"at_set": None, "at_add": np.add, "at_mul": np.multiply, "at_min": np.minimum, "at_max": np.maximum}


def updated(op, a, place, values):
    a = a.copy()
    if op == "at_set":
        a[place] = values
    else:
        UPDATES[op].at(a, place, values)
    return a


def ints(values, dtype="i64"):
    return L(np.array(values, DTYPES[dtype]))


def indices():
    file = File("indices", "Index arrays, updates and masks.")
    file.section("take")
    lists = [ints([2, 0, -1, 0]), ints([1, -3], "i32"), ints(1), ints([[0, 1, 2], [-1, -2, -3]]), ints([]), ints([3]), ints([0, -4]),
             ints([I64.min]), ints([I64.max])]
    for d in SORTED_DTYPES:
        for at in lists:
            file.ask("take", [P(d, 3, 3, 3), at, n(1)], lambda: np.take(pattern(d, (3, 3, 3)), at.array, 1))
    for shape_ in ((3,), (3, 0), (0, 3), (0,), (3, 2, 0, 2)):
        for axis in range(-len(shape_), len(shape_)):
            for at in lists[:5] + [ints([5])]:
                if ((at.array < -shape_[axis]) | (at.array >= shape_[axis])).any():
                    unchecked = 0 in shape_[:axis % len(shape_)]
                    file.case("take", [P("f32", *shape_), at, n(axis)], ERROR, "not looked at where outer axes are empty" if unchecked else None)
                    continue
                file.ask("take", [P("f32", *shape_), at, n(axis)], lambda: np.take(pattern("f32", shape_), at.array, axis))
    file.case("take", [P("f32", 3), P("f32", 3), n(0)], ERROR)
    file.case("take", [P("f32", 3), ints([0]), n(1)], ERROR)
    file.case("take", [P("f32"), ints([0]), n(0)], ERROR, "one element")
    file.case("slice", [P("f64", 4, 5), Text("s:::-1,::-2 | take i64[2]:0,-1 n:1")], exact(np.take(pattern("f64", (4, 5))[::-1, ::-2], [0, -1], 1)))
    file.case("broadcast_to", [P("f64", 1, 5), Text("(3,5) | take i64[2]:2,1 n:0 | add w:1")],
              exact(np.take(np.broadcast_to(pattern("f64", (1, 5)), (3, 5)), [2, 1], 0) + 1))
    file.section("take_along_axis")
    for array, at, axis in ((P("i32", 3, 4), ints([[0, -1], [3, 2], [1, 1]]), 1), (P("i32", 3, 4), ints([[0, -1, 2, 1]]), 0),
                            (P("f64", 3, 4), ints([[1]]), -1), (P("f64", 1, 4), ints([[1], [2], [0]]), 1), (P("f64", 3, 4), ints([[4]]), 1),
                            (P("f64", 3, 4), ints([1]), 1), (P("f64", 3, 4), ints([[0], [0]]), 1), (P("f64", 2, 3, 2), ints([[[2]]]), 1),
                            (P("f64", 3, 0), L(np.zeros((3, 0), np.int64)), 1), (P("bool", 5), ints([4, -5]), 0)):
        file.ask("take_along_axis", [array, at, n(axis)], lambda: np.take_along_axis(array.array, at.array, axis))
    file.section("index")
    i, j = ints([2, 0, -1]), ints([1, -4, 3])
    for array in (P("i64", 3, 4), P("f32", 3, 4, 2), P("bool", 3, 4), P("f64", 3, 4, 0)):
        for at in ([i], [i, j], [ints([[0], [2]]), j], [ints(1), j], [ints(1), ints(-1)], [ints([]), ints(0)], [ints([3]), ints(0)], [i, ints([0, 1])],
                   [ints([0]), ints([-5])], [i, j, i, j]):
            file.ask("index", [array, *at], lambda: array.array[tuple(k.array for k in at)])
    file.section("updates at slices")
    for op in UPDATES:
        for d in SORTED_DTYPES:
            for text, place in (("1:-1,1:3", np.s_[1:-1, 1:3]), ("::2,::-1", np.s_[::2, ::-1]), ("-1", np.s_[-1]), ("...,2", np.s_[..., 2]),
                                ("0:0", np.s_[0:0]), ("...", np.s_[...]), ("1,2", np.s_[1, 2])):
                chosen = np.zeros((4, 5))[place].shape
                for values in (P(d, *chosen), P(d), P(d, *chosen[-1:])):
                    file.ask(op, [P(d, 4, 5), Text("s:" + text), values], lambda: updated(op, pattern(d, (4, 5)), place, values.array))
        file.case(op, [P("i32"), Text("s:..."), P("i32")], exact(updated(op, pattern("i32", ()), ..., pattern("i32", ()))))
        file.case(op, [P("f32", 3), Text("s::"), weak(2)], exact(updated(op, pattern("f32", (3,)), np.s_[:], 2)))
        file.case(op, [P("f32", 0), Text("s::"), weak(2)], exact(np.zeros(0, np.float32)))
        file.case(op, [P("i32", 3), Text("s::"), weak(2.5)], ERROR, "truncates")
        file.case(op, [P("f32", 3), Text("s::"), P("f64", 3)], ERROR, "rounds")
        file.case(op, [P("f32", 3), Text("s::"), P("f32", 2)], ERROR)
        file.case(op, [P("f32", 3), Text("s:5"), P("f32")], ERROR)
        file.case("slice", [P("f64", 4, 5), Text(f"s:::-1,::-2 | {op} s:1:3 f64(3)")],
                  exact(updated(op, pattern("f64", (4, 5))[::-1, ::-2], np.s_[1:3], pattern("f64", (3,)))))
    file.section("updates at index arrays, one after the other")
    for op in UPDATES:
        for d in SORTED_DTYPES:
            for at in ([ints([2, 0, -1, 2, 2])], [ints([[1, 1], [0, 1]], "i32")], [ints([])], [ints(1)], [ints([0, 3])], [ints([-4])],
                       [ints([2, 2, -1]), ints([1, -3, 1])], [ints([[0], [2]]), ints([3, 3])], [ints([0]), ints([4])]):
                place = tuple(k.array for k in at)
                try:
                    chosen = np.zeros((3, 4))[place].shape
                except IndexError:
                    chosen = (1, 4)[:3 - len(at)]
                for values in (P(d, *chosen), P(d)):
                    file.ask(op, [P(d, 3, 4), *at, values], lambda: updated(op, pattern(d, (3, 4)), place, values.array))
        for d in FLOATS:
            places, values = ints([0, 0, 0, 1, 1]), L(np.array([1e8, 1, -1e8, NAN, 1], DTYPES[d]))
            file.case(op, [L(np.array([0.1, 0.2], DTYPES[d])), places, values],
                      exact(updated(op, np.array([0.1, 0.2], DTYPES[d]), places.array, values.array)))
        file.case(op, [P("f32", 0), ints([]), P("f32", 0)], exact(np.zeros(0, np.float32)))
        file.case(op, [P("f32", 0), ints([0]), P("f32", 1)], ERROR)
        file.case(op, [P("f32", 3, 0), ints([2]), P("f32", 0)], exact(np.zeros((3, 0), np.float32)))
        file.case(op, [P("f32", 3, 0), ints([3]), P("f32", 0)], ERROR)
        file.case(op, [P("f32", 3), P("f32", 3), P("f32", 3)], ERROR)
    file.section("masks")
    for op in UPDATES:
        for d in SORTED_DTYPES:
            for mask in (P("bool", 3, 4), P("bool", 3)):
                file.case(op, [P(d, 3, 4), mask, P(d)], exact(updated(op, pattern(d, (3, 4)), mask.array, pattern(d, ()))))
        file.case(op, [P("f32", 3, 4), P("bool", 4), weak(1)], ERROR)
    for d in SORTED_DTYPES:
        for array in (P(d, 3, 4), P(d, 3, 4, 2), P(d, 3, 4, 0)):
            for mask in (P("bool", 3, 4), P("bool", 3), L(np.zeros((3, 4), bool)), L(np.ones(3, bool))):
                file.ask("mask", [array, mask], lambda: array.array[mask.array])
        for shape_ in ((5,), (3, 4), (2, 0, 3), (0,)):
            for axis in range(len(shape_)):
                file.ask("nonzero", [P(d, *shape_), n(axis)], lambda: np.nonzero(pattern(d, shape_))[axis])
            file.ask("argwhere", [P(d, *shape_)], lambda: np.argwhere(pattern(d, shape_)))
        file.ask("argwhere", [P(d)], lambda: np.argwhere(pattern(d, ())))
    file.case("nonzero", [L(np.array(SPICY_ROW)), n(0)], exact(np.nonzero(np.array(SPICY_ROW))[0]))
    file.case("mask", [P("f32", 3, 4), P("bool", 4)], ERROR)
    file.case("mask", [P("f32", 3), P("i64", 3)], ERROR, "indices")
    file.case("mask", [P("f32"), L(np.array(True))], exact(pattern("f32", ())[np.array(True)]))
    file.case("mask", [P("f32", 2), L(np.array(False))], exact(pattern("f32", (2,))[np.array(False)]))
    for axis in (0, 1, -1):
        mask = L(np.arange((3, 4)[axis]) % 2 == 0)
        file.case("compress", [P("i32", 3, 4), mask, n(axis)], exact(np.compress(mask.array, pattern("i32", (3, 4)), axis)))
    file.case("compress", [P("i32", 3, 4), P("bool", 4), n(0)], ERROR)
    file.write()


def sets():
    file = File("sets", "Sets: the different values, and what arrays have in common.")
    nan = "equal NaN are one"
    for d in SORTED_DTYPES:
        row = np.array(SPICY_ROW, DTYPES[d]) if d in FLOATS else None
        for array in (P(d, 13), P(d, 3, 4), P(d, 0), P(d), P(d, 2, 0), *([L(row)] if row is not None else [])):
            a, note = array.array, nan if array.array.dtype.kind == "f" and np.isnan(array.array).any() else None
            values, first, inverse, counts = np.unique(a, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
            file.case("unique_values", [array], exact(values), note)
            file.case("unique_indices", [array], exact(first), note)
            file.case("unique_inverse", [array], exact(inverse.reshape(a.shape)), note)
            file.case("unique_counts", [array], exact(counts), note)
    pairs = [(P(d, 13), P(d, 2, 3)) for d in SORTED_DTYPES]
    pairs += [(P("i32", 13), P("f64", 4)), (P("f32", 5), P("i64", 9)), (P("i32", 0), P("i32", 3)), (P("i32", 3), P("i32", 0)), (P("i64", 0), P("i64", 0)),
              (P("bool", 4), P("i64", 6)), (P("f64"), P("f64", 9))]
    for a, b in pairs:
        for op, f in (("intersect1d", np.intersect1d), ("union1d", np.union1d), ("setdiff1d", np.setdiff1d), ("isin", np.isin)):
            file.case(op, [a, b], exact(f(a.array, b.array)))
    file.case("isin", [L(np.array([NAN, 0.0, -0.0, INF])), L(np.array([-0.0, NAN, INF]))], exact(np.isin([NAN, 0.0, -0.0, INF], [-0.0, NAN, INF])))
    file.write()


if __name__ == "__main__":
    elementwise()
    creation()
    views()
    chains()
    reductions()
    products()
    compositions()
    printing()
    order()
    indices()
    sets()
