#!/usr/bin/env python3
"""Writes tests/numpy/answers/fft.txt and frequencies.txt: what NumPy answers about Fourier transforms, and about the
frequencies that belong to them.

    python3 tests/numpy/numpy_fft.py

The format is that of tests/numpy/numpy_answers.py; a complex number is two numbers, its real and its imaginary part. An op
ends in its norm, if that is not `backward`; a shape after the axes is how many points there are along each. `parts` is
the complex numbers whose parts are along the last axis. Transforms are computed in 80 bits, and hold to a bound that
goes with the logarithm of the number of points and with the root of the mean square of all results.
"""

import math

import numpy as np

from numpy_answers import ERROR, L, P, DTYPES, EPS, File, Text, axes, dims, exact, number, shape

FFT = np.fft
RNG = np.random.default_rng(9)
SAFETY = 8
NORMS = ("backward", "ortho", "forward")
SINGLE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
OF_REALS = ("rfft", "ihfft", "rfftn")
BAR = Text("|")


def wide(array):
    return array.astype(np.clongdouble if array.dtype.kind == "c" else np.longdouble)


def near(values, dtype):
    """The outcome of these more exact numbers: real ones, or the parts of complex ones."""
    values = np.asarray(values)
    complex_ = values.dtype.kind == "c"
    points = max(values.size, 2)
    size = math.sqrt(np.mean(np.abs(values.astype(np.clongdouble)) ** 2)) if values.size else 0.0
    bound = SAFETY * EPS[dtype] * (math.log2(points) + 1) * float(size)
    parts = np.stack([values.real, values.imag], -1).ravel() if complex_ else values.ravel()
    name = {"f32": "c64", "f64": "c128"}[dtype] if complex_ else dtype
    digits = {"f32": 11, "f64": 19}[dtype]
    texts = [f"{number(np.float64(f'{part:.{digits}g}'))}~{max(bound, 1e-300):.0e}" for part in parts]
    return f"{name}[{dims(values.shape)}] ~ {' '.join(texts)}".rstrip()


def random(dtype, *extents):
    """Multiples of 1/8 up to 4."""
    return L((RNG.integers(-32, 33, extents) / 8).astype(DTYPES[dtype]))


def ask(file, op, x, along, n=None, norm="backward", of_parts=False):
    """A transform of an array along an axis or several, `None` being all of them."""
    array = x.array
    kept = "f32" if array.dtype == np.float32 else "f64"
    if of_parts:
        array = wide(array[..., 0]) + 1j * wide(array[..., 1])
    options = {"norm": norm}
    if op.endswith("n"):
        options["axes"] = tuple(range(array.ndim)) if along is None else along
        options["s"] = n
    else:
        options["axis"] = along
        options["n"] = n
    try:
        outcome = near(getattr(FFT, op)(wide(array), **options), kept)
    except (ValueError, TypeError, IndexError):
        outcome = ERROR
    name = op if norm == "backward" else f"{op}:{norm}"
    args = [axes(along), *([shape(n if isinstance(n, tuple) else (n,))] if n is not None else [])]
    if of_parts:
        file.case("parts", [x, BAR, Text(name), *args], outcome)
    else:
        file.case(name, [x, *args], outcome)


def lengths(file):
    file.section("every length, primes too")
    for n in (*range(1, 34), 49, 60, 64, 77, 100, 127, 139):
        ask(file, "fft", P("f64", n, 2), 0, of_parts=True)
        ask(file, "rfft", P("f64", n), 0)
    for n in (1, 2, 3, 5, 8, 11, 30, 64, 97):
        for op in SINGLE:
            ask(file, op, P("f32", n), 0)
            if op not in OF_REALS:
                ask(file, op, P("f32", n, 2), 0, of_parts=True)
    for n in (509, 768):
        ask(file, "fft", P("f64", n, 2), 0, of_parts=True)
        ask(file, "irfft", P("f64", n, 2), 0, of_parts=True)


def options(file):
    file.section("points, axes and norms")
    x, z = random("f64", 2, 5, 3), random("f32", 2, 4, 3, 2)
    for op in SINGLE:
        for n in (1, 2, 3, 4, 6, 7):
            ask(file, op, x, 1, n)
        for along in (0, -1, -2):
            ask(file, op, x, along)
        for norm in NORMS[1:]:
            ask(file, op, x, 1, None, norm)
            ask(file, op, x, 2, 4, norm)
        if op not in OF_REALS:
            for along, n, norm in ((0, None, "ortho"), (1, 5, "forward"), (-1, 4, "backward"), (1, 2, "ortho"), (0, 6, "backward")):
                ask(file, op, z, along, n, norm, of_parts=True)


def several(file):
    file.section("several axes")
    x, z = random("f64", 2, 3, 4), random("f32", 2, 3, 2, 2)
    for op in ("fftn", "ifftn", "rfftn", "irfftn"):
        for norm in NORMS:
            for along, n in ((None, None), ((-1, 0), None), ((1, 2), (4, 3)), ((1,), (4,))):
                ask(file, op, x, along, n, norm)
        if op not in OF_REALS:
            for along, n, norm in ((None, None, "ortho"), ((2, 1), (1, 5), "forward"), ((0, 1), None, "backward")):
                ask(file, op, z, along, n, norm, of_parts=True)


def dtypes(file):
    file.section("dtypes")
    for dtype in ("bool", "i32", "i64"):
        for op in SINGLE:
            ask(file, op, P(dtype, 6), 0)
        ask(file, "fftn", P(dtype, 2, 3), None)
    # Only the imaginary part of what must be real is left out.
    ask(file, "irfft", L(np.array([[1.0, 5.0], [2.0, -1.0], [3.0, 7.0]])), 0, of_parts=True)
    ask(file, "irfft", L(np.array([[1.0, 5.0], [2.0, -1.0], [3.0, 7.0]])), 0, 5, of_parts=True)


def empty(file):
    file.section("no elements, no points, no axes")
    for op in SINGLE:
        for extents, along in (((0,), 0), ((0, 3), 0), ((0, 3), 1), ((2, 0, 3), 2), ((), 0), ((3,), 1), ((3,), -2)):
            ask(file, op, L(np.zeros(extents)), along)
        for n in (0, -1, -5):
            ask(file, op, P("f64", 4), 0, n)
        # NumPy does not initialize what `irfft` and `hfft` read of nothing.
        if op not in ("irfft", "hfft"):
            ask(file, op, L(np.zeros((2, 0))), 1, 3)
    file.case("irfft", [L(np.zeros((2, 0))), axes(1), shape((3,))], exact(np.zeros((2, 3))), "any numbers")
    ask(file, "irfft", L(np.ones(1)), 0)
    ask(file, "irfft", L(np.ones(1)), 0, 1)
    for op in ("fftn", "rfftn"):
        ask(file, op, L(np.zeros((2, 0))), None)
        ask(file, op, L(np.zeros((2, 0))), (1, 0), (3, 2))
        ask(file, op, P("f64", 2, 3), (0, 2))
        ask(file, op, P("f64", 2, 3), (0, 1), (2,))
        ask(file, op, P("f64", 2, 3), (0, 1), (2, 0))
    for op in OF_REALS:
        ask(file, op, P("f64", 4, 2), 0 if op != "rfftn" else (0,), of_parts=True)
    for op in ("rfftn", "irfftn"):
        ask(file, op, L(np.zeros(())), None)


def frequencies(file):
    def x(value):
        return Text(f"x:{value}")

    def n(value):
        return Text(f"n:{value}")

    file.section("fftfreq, rfftfreq")
    for op in ("fftfreq", "rfftfreq"):
        for count in (*range(1, 12), 100, 0):
            for d in (1.0, 0.1, 1 / 44100, -3.0, 1e300, 0.0):
                file.ask(op, [n(count), x(d)], lambda: getattr(FFT, op)(count, d))
    file.section("fftshift, ifftshift")
    for op in ("fftshift", "ifftshift"):
        for x, along in ((P("i64", 1), None), (P("i64", 6), None), (P("f32", 7), 0), (P("f64", 3, 4), None), (P("f64", 3, 5), 1), (P("bool", 5, 4), -2),
                         (P("i32", 3, 4, 5), (0, 2)), (P("i32", 3, 4, 5), (2, 0)), (L(np.zeros((0, 3))), None), (P("f64", 5), (0, 0))):
            file.ask(op, [x, axes(along)], lambda: getattr(FFT, op)(x.array, along))
        file.case(op, [P("f64", 3), axes(1)], ERROR)
        file.case(op, [L(np.array(2.0)), axes(None)], exact(np.array(2.0)), "an error")


def main():
    file = File("fft", "Fourier transforms.")
    for part in (lengths, options, several, dtypes, empty):
        part(file)
    other = File("frequencies", "The frequencies of Fourier transforms, and their order.")
    frequencies(other)
    for each in (file, other):
        each.lines[1] = each.lines[1].replace("numpy_answers", "numpy_fft")
        each.write()


if __name__ == "__main__":
    main()
