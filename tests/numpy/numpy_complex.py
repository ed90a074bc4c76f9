#!/usr/bin/env python3
"""Writes tests/numpy/answers/complex.txt and complex_printing.txt: what NumPy 2 answers about complex numbers, for
tests/numpy.rs.

    python3 tests/numpy/numpy_complex.py

The format is that of tests/numpy/numpy_answers.py; a complex number is two numbers, its real and its imaginary part.
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
# Enough for 1 and the smallest normal number together.
mpmath.mp.prec = 2200


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
        x, y = C(z), C(w)
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


def questions(file):
    file.section("dtypes as such")
    every = ("bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "f32", "f64", "c64", "c128")
    for one, other in itertools.product(every, ("c64", "c128")):
        a, b = Text(one.upper()), Text(other.upper())
        file.case("can_cast", [a, b], exact(np.array(np.can_cast(DTYPES[one], DTYPES[other]))))
        if one[0] != "c":
            file.case("can_cast", [b, a], exact(np.array(np.can_cast(DTYPES[other], DTYPES[one]))))
        met = base.NAMES[np.result_type(DTYPES[one], DTYPES[other])]
        for pair in ([a, b], [b, a]):
            file.case("result_type", pair, f"{met}[0] =")
    file.case("result_type", [Text("U64"), Text("I64"), Text("C64")], "c128[0] =")


def drawn(dtype):
    """Numbers of any angle and of many sizes; some near 1, -1, i and -i."""
    rng = np.random.default_rng(23)
    z = 10 ** rng.uniform(-6, 1.4, 20) * np.exp(1j * rng.uniform(-np.pi, np.pi, 20))
    z[12:] = np.array([1, -1, 1j, -1j])[np.arange(8) % 4] + 10 ** rng.uniform(-6, 0, 8) * np.exp(1j * rng.uniform(-np.pi, np.pi, 8))
    return z.astype(DTYPES[dtype])


EXACT = {name: getattr(mpmath, name) for name in "sqrt exp log sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh".split()}
EXACT["exp2"] = lambda v: mpmath.exp(v * mpmath.log(2))
EXACT["expm1"] = lambda v: mpmath.exp(v) - 1
EXACT["log2"] = lambda v: mpmath.log(v) / mpmath.log(2)
EXACT["log10"] = lambda v: mpmath.log(v) / mpmath.log(10)
EXACT["log1p"] = lambda v: mpmath.log(1 + v)


def functions(file):
    file.section("functions: parts to within a few epsilons of the size of the number")
    for dtype in ("c64", "c128"):
        z = of(dtype, *ORDINARY)
        x = let(file, f"drawn_{dtype}", drawn(dtype))
        for op, f in EXACT.items():
            # What is measured, and a little.
            bound = 12 if op == "exp2" else 3
            file.case(op, [C(z)], near(by_mpmath(f, z), dtype, bound))
            file.case(op, [x], near(by_mpmath(f, x.array), dtype, bound))
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


# All that NumPy has but `reciprocal`, whose answers are computed on parts.
FUNCTIONS = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}
FUNCTIONS = {**{name: name for name in "sqrt exp exp2 log log2 log10 log1p sin cos tan sinh cosh tanh".split()}, **FUNCTIONS}


def special_outcome(given, values, dtype, ulps):
    """Each part to so many `eps` of itself; zeros with their sign, but where the argument is NaN."""
    texts = []
    for z, value in zip(given.flat, np.asarray(values, C128).flat):
        for part in (value.real, value.imag):
            bound = ulps * EPS[dtype] * abs(part) if math.isfinite(part) else 0.0
            if part == 0 and np.isnan(z):
                bound = 5e-324
            texts.append(f"{number(np.float64(part))}~{bound:.2e}")
    return f"{dtype}[{dims(given.shape)}] ~ {' '.join(texts)}"


def let(file, variable, array):
    file.lines.append(f"let {variable} = {C(array).text}")
    return Text(variable, array)


def specials(file):
    file.section("zeros, infinities and NaN: the C standard, annex G, where NumPy follows it")
    values = [0.0, -0.0, 0.5, -2.5, 4.0, INF, -INF, NAN]
    for dtype in ("c64", "c128"):
        z = of(dtype, *itertools.chain.from_iterable(itertools.product(values, values)))
        x = let(file, f"special_{dtype}", z)
        for op, name in FUNCTIONS.items():
            value = getattr(np, name)(z.astype(C128))
            # A sign that the standard leaves open.
            note = "+inf" if op == "sin" else None
            value.imag[(np.isnan(value.real) & np.isinf(value.imag)) if note else []] = -INF
            file.case(op, [x], special_outcome(z, value, dtype, 24), note)
        # Sides of the cuts, and of what is next to them.
        tiny = float(np.finfo(PART[dtype]).tiny)
        signed = lambda x: (x, -x)
        beside = [(a, b) for re in (0.0, 0.5, 1.0, 2.0, 1e10) for im in (0.0, tiny) for a in signed(re) for b in signed(im)]
        sides = of(dtype, *[x for a, b in beside for x in (a, b, b, a)])
        x = let(file, f"sides_{dtype}", sides)
        for op in ("sqrt", "log", "asin", "acos", "atan", "asinh", "acosh", "atanh"):
            file.case(op, [x], near_signed(getattr(np, FUNCTIONS[op])(sides.astype(C128)), dtype, 8))
        far = float(np.finfo(PART[dtype]).max) / 8
        wide = of(dtype, far, 1, -far, far, 1, -far, far / 2, 1e-30, tiny, tiny, 1, tiny, -1, 1e-20, 1e-20, 1)
        x = let(file, f"wide_{dtype}", wide)
        for op in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "log", "sqrt"):
            file.case(op, [x], near(by_mpmath(getattr(mpmath, op), wide), dtype, 12))
        small = of(dtype, 1e-10, 1e-12, -1e-20, 1e-20, 1e-15, 0.5, -0.25, 1e-8, tiny, -tiny)
        file.case("log1p", [C(small)], near(by_mpmath(lambda v: mpmath.log(1 + v), small), dtype, 6))
        file.case("expm1", [C(small)], near(by_mpmath(lambda v: mpmath.exp(v) - 1, small), dtype, 8))


def near_signed(values, dtype, ulps):
    """As `near`, but zeros with their signs."""
    texts = []
    for z in np.asarray(values, C128).flat:
        bound = ulps * EPS[dtype] * abs(z)
        for part in (z.real, z.imag):
            texts.append(f"{number(np.float64(part))}~{bound if part != 0 and math.isfinite(part) and math.isfinite(bound) else 0:.2e}")
    return f"{dtype}[{dims(np.shape(values))}] ~ {' '.join(texts)}"


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
        units = of(dtype, *np.random.default_rng(3).choice([-2, -1, 1, 2], 30), shape=(3, 5))
        for axis in (None, 0, 1, (0, 1)):
            file.case("prod", [C(units), axes(axis, True)], near(units.astype(C128).prod(axis, keepdims=True), dtype, 1))
        file.case("prod", [C(of(dtype)), axes(None)], answer(of(dtype).prod()))
        for op in ("sort", "argsort"):
            file.case(op, [C(z), Text("n:0")], ERROR, "an order by the real parts")
        file.case("median", [C(z), axes(0)], ERROR, "by that order")
        for axis in (0, 1):
            file.case("cumulative_sum", [C(z), Text(f"n:{axis}")], answer(np.cumsum(z, axis)))
        # Exact: of units, and few.
        turns = np.array([1, 1j, -1, -1j, 2, 1 + 1j], DTYPES[dtype])[np.random.default_rng(5).integers(0, 6, (9, 11))]
        for axis in (0, 1):
            file.case("cumulative_prod", [C(turns), Text(f"n:{axis}")], near(np.cumprod(turns, axis), dtype, 1))
        for n in (0, 1, 2, 3, 4, 7, 8):
            file.case("cumulative_prod", [C(turns.ravel()[:n]), Text("n:0")], near(np.cumprod(turns.ravel()[:n]), dtype, 1))
        spread = of(dtype, *np.random.default_rng(6).uniform(-1.2, 1.2, 80))
        file.case("cumulative_prod", [C(spread), Text("n:0")], near(np.cumprod(spread.astype(C128)), dtype, 100))
        file.case("cumulative_prod", [P("i32", 3), axes(0, dtype=dtype)], answer(np.cumprod(P("i32", 3).array, dtype=DTYPES[dtype])))
        file.case("sum", [P("i32", 3), axes(0, dtype=dtype)], answer(P("i32", 3).array.sum(dtype=DTYPES[dtype])))
        file.case("sum", [C(of(dtype)), axes(None)], answer(of(dtype).sum()))
        file.case("mean", [C(of(dtype)), axes(None)], answer(of(dtype, NAN, NAN, shape=())))
        file.case("prod", [P("i32", 3), axes(0, dtype=dtype)], answer(P("i32", 3).array.prod(dtype=DTYPES[dtype])))
        a, b = of(dtype, *i, shape=(3, 4)), of(dtype, *(i[::-1]), shape=(4, 3))
        file.case("matmul", [C(a), C(b)], answer(np.matmul(a, b)))
        file.case("matmul", [C(a), C(b[:, 0])], answer(np.matmul(a, b[:, 0])))
        file.case("matmul", [C(a[0]), C(b)], answer(np.matmul(a[0], b)))
        file.case("matmul", [C(a[0]), C(b[:, 0])], answer(np.matmul(a[0], b[:, 0])))
        file.case("matmul", [P("i32", 2, 3), C(a)], answer(np.matmul(P("i32", 2, 3).array, a)))
        file.case("matmul", [C(a[None]), C(np.stack([b, b + 1]))], answer(np.matmul(a[None], np.stack([b, b + 1]))))
        file.case("tensordot", [C(a), C(b), Text("n:1")], answer(np.tensordot(a, b, 1)))
        file.case("tensordot", [C(a), C(b.T.copy()), axes((0, 1)), axes((0, 1))], answer(np.tensordot(a, b.T, ([0, 1], [0, 1]))))
        for subscripts, operands in (("ij,jk->ik", (a, b)), ("ij,ij->", (a, a)), ("ij->ji", (a,)), ("ij,jk,kl->il", (a, b, a)), ("ii->i", (a[:, :3],)), ("i,j->ij", (a[0], b[0])), ("ij->", (a,))):
            file.case(f"einsum:{subscripts}", [C(x) for x in operands], answer(np.einsum(subscripts, *operands)))
        file.case("inner", [C(a), C(b.T.copy())], answer(np.inner(a, b.T)))
        file.case("kron", [C(a[0]), C(b[0])], answer(np.kron(a[0], b[0])))
        file.case("convolve_full", [C(a[0]), C(b[0])], answer(np.convolve(a[0], b[0])))
        file.case("correlate_full", [C(a[0]), C(b[0])], answer(np.correlate(a[0], b[0], "full")))
        file.case("correlate_same", [C(a[0]), C(b[0])], answer(np.correlate(a[0], b[0], "same")))
        file.case("cross", [C(a[:, :3].copy()), C(b.T[:3, :3].copy()), Text("n:-1")], answer(np.cross(a[:, :3], b.T[:3, :3])))
        file.case(f"conj {C(a).text} | matrix_transpose | matmul {C(a).text}", [], answer(np.matmul(a.conj().T, a)))
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
        for mode, name in (("edge", "pad_edge"), ("reflect", "pad_reflect"), ("symmetric", "pad_symmetric"), ("wrap", "pad_wrap")):
            file.case(name, [x, Text("(1,1,2,1)")], answer(np.pad(z, ((1, 1), (2, 1)), mode)))
        file.case("roll", [x, Text("(1,-2)"), axes((0, 1))], answer(np.roll(z, (1, -2), (0, 1))))
        file.case("rot90", [x, Text("n:1"), axes((0, 1))], answer(np.rot90(z)))
        file.case("repeat", [x, Text("n:2"), axes(1)], answer(np.repeat(z, 2, 1)))
        file.case("tile", [x, Text("(2,1)")], answer(np.tile(z, (2, 1))))
        file.case("diff", [x, Text("n:1"), Text("n:1")], answer(np.diff(z)))
        file.case("unstack", [x, Text("n:1"), Text("n:2")], answer(z[:, 2]))
        file.case("split", [x, Text("n:2"), Text("n:1"), Text("n:1")], answer(z[:, 2:]))
        file.case("sliding_window_view", [x, Text("(2,)"), axes(1)], answer(np.lib.stride_tricks.sliding_window_view(z, 2, 1)))
        file.case("diagonal", [x, Text("n:1")], answer(np.diagonal(z, 1)))
        file.case("squeeze", [C(z[:1]), axes(0)], answer(z[0]))
        file.case("expand_dims", [x, axes(1)], answer(z[:, None]))
        file.case("moveaxis", [C(z.reshape(2, 3, 2)), Text("n:0"), Text("n:-1")], answer(np.moveaxis(z.reshape(2, 3, 2), 0, -1)))
        file.case("permute_dims", [C(z.reshape(2, 3, 2)), axes((2, 0, 1))], answer(z.reshape(2, 3, 2).transpose(2, 0, 1)))
        file.case("matrix_transpose", [x], answer(z.T))
        file.case("meshgrid", [Text("n:1"), C(z[0]), C(z[1])], answer(np.meshgrid(z[0], z[1])[1]))
        file.case("broadcast_arrays", [Text("n:1"), x, C(z[0])], answer(np.broadcast_arrays(z, z[0])[1]))
        file.case("allclose", [x, C(z + 1e-9)], answer(np.allclose(z, z + 1e-9)))
        file.case("isclose", [x, C(z + np.array([0, 1e-3, 1j, 0]))], answer(np.isclose(z, (z + np.array([0, 1e-3, 1j, 0])).astype(z.dtype))))
        file.case("array_equal", [x, C(z.copy())], answer(np.array_equal(z, z)))
        file.case("nan_to_num", [C(of(dtype, NAN, 1, INF, -INF))], answer(np.nan_to_num(of(dtype, NAN, 1, INF, -INF))))
        file.case("triu", [x, Text("n:1")], answer(np.triu(z, 1)))
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
             f"# Written by tests/numpy/numpy_complex.py with NumPy {np.__version__}."]

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
    file.lines[1] = f"# Written by tests/numpy/numpy_complex.py with NumPy {np.__version__} and mpmath {mpmath.__version__}."
    arithmetic(file)
    promotion(file)
    questions(file)
    functions(file)
    specials(file)
    reductions(file)
    moves(file)
    chains(file)
    file.write()
    printing()


if __name__ == "__main__":
    main()
