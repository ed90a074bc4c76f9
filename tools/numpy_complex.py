#!/usr/bin/env python3
"""Writes tests/numpy/answers/complex.txt and complex_printing.txt: what NumPy 2 answers about complex numbers, for
tests/numpy.rs.

    python3 tools/numpy_complex.py

The format is that of tools/numpy_answers.py; a complex number is two numbers, its real and its imaginary part.
Answers of c64 but for what is exact are computed in complex128, of c128 by mpmath, and hold to a bound that goes
with the size of the number. Where the order of operations is documented and NumPy's is another on machines with
fused operations, the answer is computed on parts.
"""

import itertools
import math

import mpmath
import numpy as np

import numpy_answers as base
from numpy_answers import ERROR, INF, NAN, OUT, File, L, P, Text, axes, dims, exact, number, weak

C64, C128 = np.complex64, np.complex128
base.DTYPES.update(i8=np.int8, i16=np.int16, u8=np.uint8, u16=np.uint16, u32=np.uint32, u64=np.uint64, f16=np.float16, c64=C64, c128=C128)
base.NAMES.update({np.dtype(dtype): name for name, dtype in base.DTYPES.items()})
DTYPES, EPS = base.DTYPES, {"c64": 2.0**-23, "c128": 2.0**-52}
PART = {"c64": np.float32, "c128": np.float64}
mpmath.mp.prec = 200


def parts(array):
    array = np.asarray(array)
    return np.stack([array.real, array.imag], -1).ravel() if array.dtype.kind == "c" else array.ravel()


class C:
    """A literal."""

    def __init__(self, array):
        self.array = np.asarray(array)
        self.text = f"{base.name(self.array)}[{dims(self.array.shape)}]:" + ",".join(number(x) for x in parts(self.array))


def of(dtype, *numbers, shape=None):
    """Complex numbers of these parts."""
    values = np.empty(len(numbers) // 2, DTYPES[dtype])
    values.real, values.imag = numbers[::2], numbers[1::2]
    return values.reshape(shape if shape is not None else (len(values),))


def answer(array):
    array = np.asarray(array)
    if array.dtype.kind != "c":
        return exact(array)
    return f"{base.name(array)}[{dims(array.shape)}] = {' '.join(number(x) for x in parts(array))}".rstrip()


def near(values, dtype, ulps):
    """The outcome of these more exact numbers: each part to so many `eps` of the number's size."""
    values = np.asarray(values, C128)
    texts = []
    for z in values.flat:
        bound = ulps * EPS[dtype] * abs(z)
        for part in (z.real, z.imag):
            texts.append(f"{number(np.float64(part))}~{bound:.2e}" if math.isfinite(part) and math.isfinite(bound) else f"{number(np.float64(part))}~0")
    return f"{dtype}[{dims(values.shape)}] ~ {' '.join(texts)}".rstrip()


def reals(values, dtype, ulps):
    values = np.asarray(values, np.float64)
    texts = [f"{number(v)}~{ulps * EPS[dtype] * abs(v):.2e}" for v in values.flat]
    return f"{ {'c64': 'f32', 'c128': 'f64'}[dtype]}[{dims(values.shape)}] ~ {' '.join(texts)}".rstrip()


def put(re, im):
    re, im = np.broadcast_arrays(re, im)
    values = np.empty(re.shape, {np.dtype(np.float32): C64, np.dtype(np.float64): C128}[re.dtype])
    values.real, values.imag = re, im
    return values


def times(z, w):
    a, b, c, d = z.real, z.imag, w.real, w.imag
    return put(a * c - b * d, a * d + b * c)


def over(z, w):
    """Smith's quotient, as NumPy has it without fused operations."""
    a, b, c, d = (np.asarray(x) for x in np.broadcast_arrays(z.real, z.imag, w.real, w.imag))
    one = a.dtype.type(1)
    real = np.abs(c) >= np.abs(d)
    large, small = np.where(real, c, d), np.where(real, d, c)
    ratio = small / large
    scale = one / (large + small * ratio)
    re = np.where(real, a + b * ratio, a * ratio + b) * scale
    im = np.where(real, b - a * ratio, b * ratio - a) * scale
    zero = (c == 0) & (d == 0)
    return put(np.where(zero, a / np.abs(c), re), np.where(zero, b / np.abs(c), im))


def reciprocal(z):
    a, b = z.real, z.imag
    one = a.dtype.type(1)
    real = np.abs(b) <= np.abs(a)
    large, small = np.where(real, a, b), np.where(real, b, a)
    ratio = small / large
    divisor = large + small * ratio
    return put(np.where(real, one / divisor, ratio / divisor), np.where(real, -(ratio / divisor), -(one / divisor)))


def by_mpmath(f, z):
    values = []
    for x in np.asarray(z, C128).flat:
        y = f(mpmath.mpc(x.real, x.imag))
        values.append(complex(float(mpmath.re(y)), float(mpmath.im(y))))
    return np.array(values, C128).reshape(z.shape)


ORDINARY = [1, 2, 3, -0.5, -1.5, 2.25, 0.75, -0.125, -2, -3, 0.5, 0.5, 0.1, -0.2, -1.1, 1e-3, 4.5, 0.3, -0.7, 5.5]
SPECIAL = [0.0, -0.0, 1.0, -2.5, INF, -INF, NAN]


def grid(dtype):
    return of(dtype, *itertools.chain.from_iterable(itertools.product(SPECIAL, SPECIAL)))


def arithmetic(file):
    file.section("arithmetic: the order of operations is (a + bi)(c + di) = (ac - bd) + (ad + bc)i, quotients are Smith's")
    for dtype in ("c64", "c128"):
        z, w = of(dtype, *ORDINARY), of(dtype, *ORDINARY[::-1])
        x = file.let(f"z_{dtype}", z) if False else C(z)
        y = C(w)
        file.case("add", [x, y], answer(z + w))
        file.case("subtract", [x, y], answer(z - w))
        file.case("multiply", [x, y], answer(times(z, w)))
        file.case("divide", [x, y], answer(over(z, w)))
        file.case("square", [x], answer(times(z, z)))
        file.case("reciprocal", [x], answer(reciprocal(z)))
        file.case("negative", [x], answer(-z))
        file.case("conj", [x], answer(np.conj(z)))
        file.case("real", [x], answer(z.real.copy()))
        file.case("imag", [x], answer(z.imag.copy()))
        file.case("abs", [x], reals(np.abs(z.astype(C128)), dtype, 1))
        file.case("angle", [x], reals(np.angle(z.astype(C128)), dtype, 2))
        file.case("sign", [x], near(z.astype(C128) / np.abs(z.astype(C128)), dtype, 2))
        file.case("equal", [x, y], answer(z == w))
        file.case("not_equal", [x, C(z)], answer(z != z))
        file.case("divide", [x, y], near(by_mpmath(lambda v: v, z.astype(C128) / w.astype(C128)), dtype, 4))
        s = grid(dtype)
        turned = np.roll(s, 17)
        for op, value in (("negative", -s), ("conj", np.conj(s)), ("isnan", np.isnan(s)), ("isinf", np.isinf(s)), ("isfinite", np.isfinite(s)),
                          ("logical_not", np.logical_not(s)), ("abs", np.abs(s)), ("square", times(s, s)), ("reciprocal", reciprocal(s))):
            if op == "abs":
                file.case(op, [C(s)], answer(np.hypot(s.real, s.imag)))
            else:
                file.case(op, [C(s)], answer(value))
        for op, value in (("add", s + turned), ("subtract", s - turned), ("multiply", times(s, turned)), ("divide", over(s, turned)), ("equal", s == turned),
                          ("not_equal", s != turned), ("logical_and", np.logical_and(s, turned)), ("logical_or", np.logical_or(s, turned)),
                          ("logical_xor", np.logical_xor(s, turned))):
            file.case(op, [C(s), C(turned)], answer(value))
        for op in ("less", "less_equal", "greater", "greater_equal", "maximum", "minimum"):
            file.case(op, [x, y], ERROR, "an order by the real parts")
        for op in ("floor_divide", "remainder", "atan2", "hypot", "bitwise_and", "bitwise_left_shift"):
            file.case(op, [x, y], ERROR)
        for op in ("floor", "ceil", "trunc", "cbrt", "sigmoid", "erf", "bitwise_invert"):
            file.case(op, [x], ERROR)
        file.case("round", [x], answer(np.round(z)))
        a, b = of(dtype, *range(1, 13), shape=(2, 3)), of(dtype, *range(-6, 0))
        file.case("add", [C(a), C(b)], answer(a + b))
        file.case("multiply", [C(b.reshape(3, 1)), C(b)], answer(times(b.reshape(3, 1), b)))
        file.case("add", [C(a), C(of(dtype, 1, 2, 3, 4))], ERROR)


def promotion(file):
    file.section("promotion")
    every = ("bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "f32", "f64", "c64", "c128")
    for one, other in itertools.product(every, ("c64", "c128")):
        x, z = np.ones(2, DTYPES[one]), of(other, 1, 2, 3, -4)
        literal = C(x) if x.dtype.kind == "c" else L(x)
        file.case("add", [literal, C(z)], answer(x + z))
        file.case("subtract", [C(z), literal], answer(z - x))
        file.case("where_", [L(np.array([True, False])), literal, C(z)], answer(np.where([True, False], x, z)))
        file.case("concat", [Text("n:0"), literal, C(z)], answer(np.concatenate([x, z])))
        file.case("astype", [literal, Text(other.upper())], answer(x.astype(DTYPES[other])))
    for dtype in every:
        x = np.array([1, 0], DTYPES[dtype])
        literal = C(x) if x.dtype.kind == "c" else L(x)
        file.case("add", [literal, Text("wc:0.5,-2")], answer(x + (0.5 - 2j)))
        file.case("multiply", [literal, Text("wc:0,1")], answer(x * 1j))
        file.case("where_", [L(np.array([True, False])), literal, Text("wc:0,1")], answer(np.where([True, False], x, 1j)))
        if x.dtype.kind == "c":
            for value in (2, 0.5, True):
                file.case("multiply", [literal, weak(value)], answer(x * value))
        for other in every:
            if x.dtype.kind == "c" and other[0] != "c":
                if other == "bool":
                    file.case("astype", [literal, Text("BOOL")], answer(x.astype(bool)))
                else:
                    file.case("astype", [literal, Text(other.upper())], ERROR, "the real part, with a warning")
    for re, im in itertools.product(("f16", "f32", "f64", "i32"), ("f32", "f64")):
        a, b = np.array([1, 2], DTYPES[re]), np.array([[3], [-4]], DTYPES[im])
        met = np.result_type(a, b)
        file.case("complex", [L(a), L(b)], answer(put(*(x.astype(met) for x in np.broadcast_arrays(a, b)))))
    file.case("complex", [C(of("c64", 1, 2)), L(np.ones(1, np.float32))], ERROR)
    for op in ("real", "conj"):
        file.case(op, [P("i32", 3)], answer(P("i32", 3).array))
    file.case("imag", [P("f32", 3)], answer(np.zeros(3, np.float32)))
    file.case("angle", [L(np.array([1.0, -1.0, 0.0, -0.0]))], answer(np.array([0, np.pi, 0, np.pi])), "0 of -0")


def functions(file):
    file.section("functions: parts to within a few ulp of the size of the number")
    for dtype in ("c64", "c128"):
        z = of(dtype, *ORDINARY)
        for op, f, ulps in (("sqrt", mpmath.sqrt, 4), ("exp", mpmath.exp, 4), ("log", mpmath.log, 4), ("sin", mpmath.sin, 6), ("cos", mpmath.cos, 6), ("tan", mpmath.tan, 12),
                            ("sinh", mpmath.sinh, 6), ("cosh", mpmath.cosh, 6), ("tanh", mpmath.tanh, 12), ("asin", mpmath.asin, 8), ("acos", mpmath.acos, 8),
                            ("atan", mpmath.atan, 8), ("asinh", mpmath.asinh, 8), ("acosh", mpmath.acosh, 8), ("atanh", mpmath.atanh, 8),
                            ("log2", lambda v: mpmath.log(v) / mpmath.log(2), 6), ("log10", lambda v: mpmath.log(v) / mpmath.log(10), 6),
                            ("exp2", lambda v: mpmath.exp(v * mpmath.log(2)), 12), ("expm1", lambda v: mpmath.exp(v) - 1, 8), ("log1p", lambda v: mpmath.log(1 + v), 6)):
            if op == "atanh":
                # 0.5 + 0.5i and its like: cuts are asked for below.
                pass
            file.case(op, [C(z)], near(by_mpmath(f, z), dtype, ulps))
        w = of(dtype, *ORDINARY[6:], *ORDINARY[:6])
        power = [mpmath.power(mpmath.mpc(a.real, a.imag), mpmath.mpc(b.real, b.imag)) for a, b in zip(z.astype(C128), w.astype(C128))]
        power = np.array([complex(float(p.real), float(p.imag)) for p in power])
        file.case("pow", [C(z), C(w)], near(power, dtype, 60))
        for n in (0, 1, 2, 3, 4, -1, -2, 7):
            file.case("pow", [C(z), weak(n)], near(by_mpmath(lambda v: v**n, z), dtype, 16 if n < 7 else 60))
        file.case("pow", [C(of(dtype, 0, 0, 0, 0, 0, 0, 2, 1)), C(of(dtype, 0, 0, 2, 0, 1, 1, 0, 0))],
                  answer(np.power(of(dtype, 0, 0, 0, 0, 0, 0, 2, 1), of(dtype, 0, 0, 2, 0, 1, 1, 0, 0))))
        # Near 1, where the logarithm loses digits if it is taken of the size; far from 0, where squares overflow.
        edge = of(dtype, 1, 1e-6, 1 + 2.0**-20, 0.0, -1, 1e-5, 1e-3, 1)
        file.case("log", [C(edge)], near(by_mpmath(mpmath.log, edge), dtype, 4))
        most = float(np.finfo(PART[dtype]).max)
        far = of(dtype, most, most / 2, -most, most / 4, 0, most)
        file.case("sqrt", [C(far)], near(by_mpmath(mpmath.sqrt, far), dtype, 4))
        file.case("tanh", [C(of(dtype, 30, 1, -50, 2))], near(by_mpmath(mpmath.tanh, of(dtype, 30, 1, -50, 2)), dtype, 4))
    file.section("cuts and special values where the rule is NumPy's")
    for dtype in ("c64", "c128"):
        cuts = of(dtype, -4, 0.0, -4, -0.0, 0.0, 0.0, 0.0, -0.0, -0.0, 0.0, 4, 0.0, 4, -0.0)
        file.case("sqrt", [C(cuts)], answer(np.sqrt(cuts)))
        infinite = of(dtype, INF, 1, -INF, 1, -INF, -1, 1, INF, NAN, INF, 1, -INF, NAN, 1, 2, NAN)
        file.case("sqrt", [C(infinite)], answer(np.sqrt(infinite)))
        file.case("log", [C(cuts)], near(np.log(cuts.astype(C128)), dtype, 2))
        file.case("log", [C(infinite)], near(np.log(infinite.astype(C128)), dtype, 2))
        plain = of(dtype, 0.0, 0.0, 1, 0.0, 1, -0.0, INF, 0.0, -INF, 1, NAN, 0.0, NAN, 1, 1, NAN, 1, INF)
        file.case("exp", [C(plain)], near(np.exp(plain.astype(C128)), dtype, 4))
        file.case("sinh", [C(of(dtype, 0.0, 0.0, 1, 0.0, 0.0, 1, -0.0, 1))], near(np.sinh(of(dtype, 0.0, 0.0, 1, 0.0, 0.0, 1, -0.0, 1).astype(C128)), dtype, 4))
        file.case("sign", [C(of(dtype, 0.0, 0.0, -0.0, 0.0, NAN, 1))], answer(np.sign(of(dtype, 0.0, 0.0, -0.0, 0.0, NAN, 1)) + 0))
        for op, values in (("asin", (2, 0.0, 2, -0.0, -2, 0.0, -2, -0.0)), ("acos", (2, 0.0, 2, -0.0, -2, 0.0, -2, -0.0)), ("acosh", (0.5, 0.0, 0.5, -0.0, -2, 0.0, -2, -0.0)),
                           ("atanh", (2, 0.0, 2, -0.0, -2, 0.0, -2, -0.0)), ("asinh", (0.0, 2, -0.0, 2, 0.0, -2, -0.0, -2)), ("atan", (0.0, 2, -0.0, 2, 0.0, -2, -0.0, -2))):
            z = of(dtype, *values)
            file.case(op, [C(z)], near(getattr(np, {"a": "arc"}.get(op[0], "") + op[1:])(z.astype(C128)), dtype, 8))


def reductions(file):
    file.section("reductions, running sums, products")
    for dtype in ("c64", "c128"):
        i = (np.arange(24) * 7 + 3) % 11 - 4
        z = of(dtype, *i, shape=(3, 4))
        for axis in (None, 0, 1, (0, 1)):
            for keep in (False, True):
                file.case("sum", [C(z), axes(axis, keep)], answer(z.sum(axis, keepdims=keep)))
                file.case("mean", [C(z), axes(axis, keep)], near(z.astype(C128).mean(axis, keepdims=keep), dtype, 2))
                file.case("any", [C(z), axes(axis, keep)], answer(z.any(axis, keepdims=keep)))
                file.case("all", [C(z), axes(axis, keep)], answer(z.all(axis, keepdims=keep)))
                file.case("count_nonzero", [C(z), axes(axis, keep)], answer(np.count_nonzero(z, axis, keepdims=keep)))
                file.case("var", [C(z), axes(axis, keep, correction=1)], reals(z.astype(C128).var(axis, ddof=1, keepdims=keep), dtype, 8))
                file.case("std", [C(z), axes(axis, keep)], reals(z.astype(C128).std(axis, keepdims=keep), dtype, 8))
        for op in ("max", "min", "argmax", "argmin"):
            file.case(op, [C(z), axes(0)], ERROR, "an order by the real parts")
        file.case("prod", [C(z), axes(0)], ERROR, "the product")
        for op in ("sort", "argsort"):
            file.case(op, [C(z), Text("n:0")], ERROR, "an order by the real parts")
        file.case("median", [C(z), axes(0)], ERROR, "by that order")
        for axis in (0, 1):
            file.case("cumulative_sum", [C(z), Text(f"n:{axis}")], answer(np.cumsum(z, axis)))
        file.case("cumulative_prod", [C(z), Text("n:0")], ERROR, "the products")
        file.case("sum", [P("i32", 3), axes(0, dtype=dtype)], answer(P("i32", 3).array.sum(dtype=DTYPES[dtype])))
        file.case("sum", [C(of(dtype)), axes(None)], answer(of(dtype).sum()))
        file.case("mean", [C(of(dtype)), axes(None)], answer(of(dtype, NAN, NAN, shape=())))
        a, b = of(dtype, *i, shape=(3, 4)), of(dtype, *(i[::-1]), shape=(4, 3))
        file.case("matmul", [C(a), C(b)], answer(np.matmul(a, b)))
        file.case("matmul", [C(a), C(b[:, 0])], answer(np.matmul(a, b[:, 0])))
        file.case("matmul", [C(a[0]), C(b)], answer(np.matmul(a[0], b)))
        file.case("matmul", [C(a[0]), C(b[:, 0])], answer(np.matmul(a[0], b[:, 0])))
        file.case("matmul", [P("i32", 2, 3), C(a)], answer(np.matmul(P("i32", 2, 3).array, a)))
        file.case("matmul", [C(a[None]), C(np.stack([b, b + 1]))], answer(np.matmul(a[None], np.stack([b, b + 1]))))
        file.case("vecdot", [C(a), C(b.T.copy())], answer(np.vecdot(a, b.T)))
        file.case("outer", [C(a[0]), C(b[0])], answer(np.outer(a[0], b[0])))
        file.case("trace", [C(a), Text("n:1")], answer(np.trace(a, 1)))
        file.case("vector_norm", [C(a), Text("x:2"), axes(0)], reals(np.linalg.vector_norm(a.astype(C128), axis=0), dtype, 8))


def moves(file):
    file.section("views, joins, indices")
    for dtype in ("c64", "c128"):
        z = of(dtype, *range(24), shape=(3, 4))
        x = C(z)
        file.case("t", [x], answer(z.T))
        file.case("reshape", [x, Text("(2,-1)")], answer(z.reshape(2, -1)))
        file.case("ravel", [x], answer(z.ravel()))
        file.case("broadcast_to", [C(z[:1]), Text("(2,3,4)")], answer(np.broadcast_to(z[:1], (2, 3, 4))))
        file.case("flip", [x, axes(0)], answer(np.flip(z, 0)))
        file.case("slice", [x, Text("s:1:,::-2")], answer(z[1:, ::-2]))
        file.case("slice", [x, Text("s:...,None,-1")], answer(z[..., None, -1]))
        file.case("stack", [Text("n:1"), x, C(z + 1)], answer(np.stack([z, z + 1], 1)))
        file.case("concat", [Text("n:1"), x, C(z[:, :1]), x], answer(np.concatenate([z, z[:, :1], z], 1)))
        i = np.array([2, 0, -1, 2])
        for axis in (0, 1):
            file.case("take", [x, L(i), Text(f"n:{axis}")], answer(np.take(z, i, axis)))
        j = np.array([[0, 2, 1, 1]])
        file.case("take_along_axis", [x, L(j), Text("n:0")], answer(np.take_along_axis(z, j, 0)))
        file.case("mask", [x, L(np.arange(12).reshape(3, 4) % 3 == 0)], answer(z[np.arange(12).reshape(3, 4) % 3 == 0]))
        file.case("nonzero", [x, Text("n:1")], answer(np.nonzero(z)[1]))
        w = z.copy()
        w[1:, ::2] = 1 - 2j
        file.case("at_set", [x, Text("s:1:,::2"), Text("wc:1,-2")], answer(w))
        w = z.copy()
        np.add.at(w, [0, 2, 2], z[0])
        file.case("at_add", [x, L(np.array([0, 2, 2])), C(z[0])], answer(w))
        file.case("at_mul", [x, L(np.array([0, 2, 2])), C(z[0])], ERROR, "the products")
        file.case("at_set", [P("f32", 3), L(np.array([0])), Text("wc:1,-2")], ERROR)
        file.case("zeros", [Text("(2,)"), Text(dtype.upper())], answer(np.zeros(2, DTYPES[dtype])))
        file.case("ones", [Text("(2,)"), Text(dtype.upper())], answer(np.ones(2, DTYPES[dtype])))
        file.case("full", [Text("(2,)"), Text("w:3"), Text(dtype.upper())], answer(np.full(2, 3, DTYPES[dtype])))
        file.case("full", [Text("(2,)"), Text("wc:3,-1"), Text(dtype.upper())], answer(np.full(2, 3 - 1j, DTYPES[dtype])))
        file.case("eye", [Text("n:2"), Text(dtype.upper())], answer(np.eye(2, dtype=DTYPES[dtype])))
        file.case("pad", [x, Text("(1,1,1,1)"), Text("wc:0,1")], answer(np.pad(z, 1, constant_values=1j)))
        file.case("tril", [x, Text("n:0")], answer(np.tril(z)))
        file.case("diag", [C(z[0]), Text("n:1")], answer(np.diag(z[0], 1)))
    file.case("full", [Text("(2,)"), Text("wc:3,-1"), Text("F32")], ERROR)


def chains(file):
    file.section("chains")
    for dtype in ("c64", "c128"):
        z = of(dtype, *range(-6, 6), shape=(2, 3))
        x = C(z)
        file.case(f"multiply {x.text} {x.text} | conj | real", [], answer(times(z, z).real.copy()))
        file.case(f"multiply {x.text} wc:0,1 | add {x.text} | t | imag", [], answer((times(z, of(dtype, 0, 1, shape=())) + z).T.imag.copy()))
        file.case(f"conj {x.text} | multiply {x.text} | real | sum a:..", [], answer(times(np.conj(z), z).real.sum(dtype=PART[dtype])))
        file.case(f"t {x.text} | matmul {x.text} | sum a:0", [], answer(np.matmul(z.T, z).sum(0)))
        file.case(f"add {x.text} w:1 | slice s:1,::-1 | negative", [], answer(-(z + 1)[1, ::-1]))


def printing():
    lines = ["# `{}` of complex arrays against NumPy's str. A case is a literal or pattern, ` => `, and the text with `\\n` for new lines.",
             f"# Written by tools/numpy_complex.py with NumPy {np.__version__}."]

    def one(array):
        lines.append(f"{C(array).text} => " + str(array).replace("\n", "\\n"))

    for dtype in ("c64", "c128"):
        one(of(dtype, 1, 2, 3, -0.5))
        one(of(dtype, 1, 2))
        one(of(dtype, *range(24), shape=(3, 4)))
        one(of(dtype, *range(24), shape=(2, 3, 2)) * DTYPES[dtype](0.25))
        one(of(dtype, 0.1, -0.2, 10.25, 3))
        one(of(dtype, NAN, 1, INF, -INF, 1, NAN, -1.5, 2))
        one(of(dtype, 1e10, 1e-10, 1, 2))
        one(of(dtype, 1e-5, 2, 3, 4))
        one(of(dtype, 0.0, -0.0, -0.0, 0.0))
        one(of(dtype, *([1.5, -2.25] * 30)))
        one(of(dtype, *range(2200)))
        one(of(dtype))
        for re, im in ((1, 2), (1.5, -0.25), (0, 2), (0.0, -1.5), (-0.0, 1), (NAN, 1), (1, INF), (1e16, 1), (1e-5, 1), (0.1, 0.2), (0, 0)):
            one(of(dtype, re, im, shape=()))
    path = OUT / "complex_printing.txt"
    path.write_text("\n".join(lines) + "\n")
    print(f"{path.name}: {len(lines) - 2} cases, {path.stat().st_size} bytes")


def main():
    file = File("complex", "Complex numbers.")
    file.lines[1] = f"# Written by tools/numpy_complex.py with NumPy {np.__version__} and mpmath {mpmath.__version__}."
    arithmetic(file)
    promotion(file)
    functions(file)
    reductions(file)
    moves(file)
    chains(file)
    file.write()
    printing()


if __name__ == "__main__":
    main()
