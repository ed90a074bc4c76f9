#!/usr/bin/env python3
"""Minimax coefficients of the polynomials in src/op/math/.

For every polynomial there: the interval, the powers, the weight, and a Remez exchange in 60 digits
that minimizes the greatest weighted error. Coefficients are rounded to the target precision; those of
f32 are then moved by single steps while that helps. Constants of which 53 bits are not enough come in
two floats. Needs mpmath; run it to print all, or name what is wanted.

The error printed is the greatest weighted error of the rounded polynomial, evaluated exactly; the
weights make it relative to the result of the function.
"""

import struct
import sys

from mpmath import acos, asin, asinh, atan, atanh, cbrt, cos, cosh, erf, erfc, euler, exp, log, loggamma, lu_solve, matrix, mp, mpf, pi, sin, sinh, sqrt, tan, tanh

mp.dps = 60


def remez(target, weight, powers, low, high):
    """Coefficients c minimizing max |weight(x) (target(x) - sum c[i] x^powers[i])| on [low, high]."""
    low, high, n = mpf(low), mpf(high), len(powers)
    count = 24 * (n + 1)
    grid = [(low + high) / 2 - (high - low) / 2 * cos(pi * (i + mpf(1) / 2) / count) for i in range(count)]
    weights = [weight(x) for x in grid]
    values = [target(x) * w for x, w in zip(grid, weights)]
    rows = [[x**p * w for p in powers] for x, w in zip(grid, weights)]
    at = [min(count - 1, round(count * (1 - cos(pi * (i + 0.5) / (n + 1))) / 2)) for i in range(n + 1)]
    for _ in range(40):
        system = matrix(n + 1, n + 1)
        right = matrix(n + 1, 1)
        for i, point in enumerate(at):
            for j in range(n):
                system[i, j] = rows[point][j]
            system[i, n] = (-1) ** i
            right[i] = values[point]
        solved = lu_solve(system, right)
        c, level = [solved[j] for j in range(n)], abs(solved[n])
        error = [v - sum(a * b for a, b in zip(c, row)) for v, row in zip(values, rows)]
        # One extremum per run of equal signs, then the n + 1 consecutive ones that are largest.
        peaks = []
        for i, e in enumerate(error):
            if peaks and (error[peaks[-1]] > 0) == (e > 0):
                if abs(e) > abs(error[peaks[-1]]):
                    peaks[-1] = i
            else:
                peaks.append(i)
        while len(peaks) > n + 1:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        worst = max(abs(e) for e in error)
        if len(peaks) < n + 1 or peaks == at or worst < level * mpf("1.001"):
            break
        at = peaks
    return c, worst


def rounded(value, bits):
    """The nearest float of this many bits of significand (no subnormals are met here)."""
    if value == 0:
        return mpf(0)
    _, exponent = mp.frexp(value)
    scale = mpf(2) ** (bits - exponent)
    return mp.nint(value * scale) / scale


def polished(c, target, weight, powers, low, high):
    """f32 coefficients with a smaller greatest error, by single steps of one or two of them."""
    c, points = list(c), [mpf(low) + (mpf(high) - mpf(low)) * i / 600 for i in range(601)]
    columns = [[float(weight(x) * x**p) for x in points] for p in powers]
    error = [float(weight(x) * (target(x) - sum(a * x**p for a, p in zip(c, powers)))) for x in points]
    steps = [float(mpf(2) ** (mp.frexp(a)[1] - 24)) for a in c]
    moves = [{i: d * steps[i]} for i in range(len(c)) for d in (-2, -1, 1, 2)]
    moves += [{**a, **b} for a in moves for b in moves if min(a) < min(b)]
    worst = max(map(abs, error))
    while True:
        found = None
        for move in moves:
            peak = 0.0
            for k, e in enumerate(error):
                peak = max(peak, abs(e - sum(d * columns[i][k] for i, d in move.items())))
                if peak >= worst:
                    break
            if peak < worst:
                worst, found = peak, move
        if found is None:
            return c
        for i, d in found.items():
            c[i] += mpf(d)
            error = [e - d * x for e, x in zip(error, columns[i])]


def fit(target, weight, powers, low, high, bits):
    """Rounded coefficients and their error: the best of rounding none, one or two before the rest is fitted."""
    points = [mpf(low) + (mpf(high) - mpf(low)) * i / 2000 for i in range(2001)]
    values, weights = [target(x) for x in points], [weight(x) for x in points]
    found = []
    for first in range(3):
        c = []
        while len(c) < len(powers):
            more, _ = remez(
                lambda x: target(x) - sum(a * x**p for a, p in zip(c, powers)), weight, powers[len(c):], low, high
            )
            c += [rounded(v, bits) for v in (more[:1] if len(c) < first else more)]
        if bits == 24:
            c = polished(c, target, weight, powers, low, high)
        error = max(
            abs(w * (v - sum(a * x**p for a, p in zip(c, powers)))) for x, v, w in zip(points, values, weights)
        )
        found.append((error, c))
    error, c = min(found, key=lambda pair: pair[0])
    return c, error


def near(f, at_zero):
    """f, with its limit at 0."""
    return lambda x: at_zero if x == 0 else f(x)


LN2 = log(2)
HALF = LN2 / 2 * mpf("1.0001")
ROOT = sqrt(mpf(2))
ERF_SPLIT = mpf(7) / 8
LOG_LOW, LOG_HIGH = 1 / ROOT - 1, ROOT - 1


exp_rest = near(lambda r: (exp(r) - 1 - r) / r**2, mpf(1) / 2)
log_rest = near(lambda f: (log(1 + f) - f) / f**2, -mpf(1) / 2)
atanh_rest = near(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2) / z, mpf(2) / 3)
tanh_rest = near(lambda t: (tanh(sqrt(t)) / sqrt(t) - 1) / t, -mpf(1) / 3)
sin_rest = near(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 6)
cos_rest = near(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24)
log_weight = near(lambda f: f**2 / abs(log(1 + f)), mpf(0))
erf_rest = near(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1)
erf_weight = near(lambda z: sqrt(z) / erf(sqrt(z)), sqrt(pi) / 2)
erfc_exponent = lambda x: log(erfc(x)) / x
erfc_weight = lambda x: x * erfc(x) / erf(x)
# What is left of atanh_rest after its constant term.
atanh_third = near(lambda z: (atanh_rest(z) - mpf(2) / 3) / z, mpf(2) / 5)


def first_two(f):
    """The first two terms of the series of f at 0."""
    step = mpf(2)**-60
    return f(mpf(0)), (f(step) - f(-step)) / (2 * step)


def past_two(f):
    """What is left of f after those, over t^2, and the weight that makes it relative to f: they are given in two
    floats each."""
    constant, slope = first_two(f)
    rest = lambda t: (f(t) - constant - slope * t) / t**2
    return near(rest, rest(mpf(2)**-15)), lambda t: t**2 / f(t)


def level(tail, pole, shift):
    """A tail of which the exponential is taken out, times x + shift, by t = (x - pole) / (x + pole)."""
    pole, shift = mpf(pole), mpf(shift)
    def of(t):
        x = pole * (1 + t) / (1 - t)
        return tail(x) * (x + shift)
    return of


def tail_table(level, pole, largest, count):
    """A row of TABLES for it, up to x = largest."""
    pole, largest = mpf(pole), mpf(largest)
    return (*past_two(level), count, -1, (largest - pole) / (largest + pole), 53)


ERFC_POLE, NORMAL_POLE = "3.5", "5"
erfc_level = level(lambda x: erfc(x) * exp(x * x), ERFC_POLE, "0.8125")
normal_level = level(lambda x: erfc(x / ROOT) / 2 * exp(x * x / 2), NORMAL_POLE, "1.125")
gamma_ratio = near(lambda d: loggamma(2 + d) / d, 1 - euler)
# Of z = 1/x^2: what Stirling's formula lacks, times x.
gamma_lacks = near(lambda z: (loggamma(1 / sqrt(z)) + (1 / sqrt(z) - mpf(1) / 2) * log(z) / 2 + 1 / sqrt(z) - log(2 * pi) / 2) / sqrt(z), mpf(1) / 12)
gamma_lacks_weight = near(lambda z: sqrt(z) / loggamma(1 / sqrt(z)), 0)
GAMMA_SPLIT = mpf("2.5")


odd_rest = lambda f, third: near(lambda z: (f(sqrt(z)) / sqrt(z) - 1) / z, third)
odd_weight = lambda f: near(lambda z: z**1.5 / f(sqrt(z)), 0)
atanh_fifth = near(lambda z: (odd_rest(atanh, mpf(1) / 3)(z) - mpf(1) / 3) / z, mpf(1) / 5)
log2_rest = near(lambda z: 2 / LN2 * (atanh(sqrt(z)) / sqrt(z) - 1) / z, 2 / LN2 / 3)
exp2_curve = near(lambda r: (mpf(2)**r - 1 - LN2 * r) / r**2, LN2**2 / 2)
exp2_rest = near(lambda f: (mpf(2)**f - 1) / f, LN2)
cosh_rest = near(lambda z: (cosh(sqrt(z)) - 1) / z, mpf(1) / 2)
QUARTER = pi / 4 * mpf("1.06")
ATANH_END = mpf("0.0412")

# name: (target, weight, number of coefficients, interval, bits)
TABLES = {
    "exp f32": (exp_rest, lambda r: r**2 / exp(r), 5, -HALF, HALF, 24),
    "expm1 f32": (exp_rest, near(lambda r: r**2 / abs(exp(r) - 1), 0), 6, -HALF, HALF, 24),
    "log f32": (log_rest, log_weight, 9, LOG_LOW, LOG_HIGH, 24),
    "log2 f32": (lambda f: log_rest(f) / LN2, lambda f: log_weight(f) * LN2, 9, LOG_LOW, LOG_HIGH, 24),
    "log10 f32": (lambda f: log_rest(f) / log(10), lambda f: log_weight(f) * log(10), 9, LOG_LOW, LOG_HIGH, 24),
    "log1p f32": (log_rest, log_weight, 9, mpf(-1) / 4, mpf(1) / 2, 24),
    "tanh f32": (tanh_rest, near(lambda t: t**1.5 / tanh(sqrt(t)), 0), 7, 0, 1, 24),
    "sin f32": (sin_rest, odd_weight(sin), 3, 0, QUARTER**2, 24),
    "tan of a half f32": (odd_rest(tan, mpf(1) / 3), odd_weight(tan), 4, 0, QUARTER**2 / 4, 24),
    "erf f32": (erf_rest, erf_weight, 7, 0, ERF_SPLIT**2, 24),
    "erfc f32": (erfc_exponent, erfc_weight, 7, ERF_SPLIT, 4, 24),
    "exp2 f32": (exp2_rest, lambda f: abs(f) / mpf(2)**f, 6, -0.5, 0.5, 24),
    "atan f32": (odd_rest(atan, -mpf(1) / 3), odd_weight(atan), 5, 0, mpf(1) / 4, 24),
    "asin f32": (odd_rest(asin, mpf(1) / 6), odd_weight(asin), 5, 0, mpf(1) / 4, 24),
    "sinh f32": (odd_rest(sinh, mpf(1) / 6), odd_weight(sinh), 3, 0, HALF**2, 24),
    "cosh f32": (cosh_rest, lambda z: z, 3, 0, HALF**2, 24),
    "asinh f32": (odd_rest(asinh, -mpf(1) / 6), odd_weight(asinh), 5, 0, mpf(1) / 4 * mpf("1.001"), 24),
    "atanh f32": (odd_rest(atanh, mpf(1) / 3), odd_weight(atanh), 4, 0, ATANH_END, 24),
    "cbrt": (lambda t: 1 / cbrt(t), lambda t: cbrt(t), 6, 1 / (2 * ROOT), 2 * ROOT, 24),
    "log f32, in f64": (log_rest, log_weight, 11, LOG_LOW, LOG_HIGH, 53),
    "exp f64": (exp_rest, lambda r: r**2 / exp(r), 10, -HALF, HALF, 53),
    "expm1 f64": (exp_rest, near(lambda r: r**2 / abs(exp(r) - 1), 0), 11, -HALF, HALF, 53),
    "log f64": (atanh_rest, lambda z: z, 7, 0, (3 - 2 * ROOT)**2, 53),
    "sin f64": (sin_rest, near(lambda z: z**1.5 / sin(sqrt(z)), 0), 6, 0, pi**2 / 16 * mpf("1.0001"), 53),
    "cos f64": (cos_rest, lambda z: z**2 / cos(sqrt(z)), 6, 0, pi**2 / 16 * mpf("1.0001"), 53),
    "exp2 f64": (exp2_rest, lambda f: abs(f) / mpf(2)**f, 11, -0.5, 0.5, 53),
    "atan f64": (odd_rest(atan, -mpf(1) / 3), odd_weight(atan), 12, 0, mpf(1) / 4, 53),
    "asin f64": (odd_rest(asin, mpf(1) / 6), odd_weight(asin), 12, 0, mpf(1) / 4, 53),
    "sinh f64": (odd_rest(sinh, mpf(1) / 6), odd_weight(sinh), 5, 0, HALF**2, 53),
    "cosh f64": (cosh_rest, lambda z: z, 6, 0, HALF**2, 53),
    "atanh f64": (odd_rest(atanh, mpf(1) / 3), odd_weight(atanh), 8, 0, ATANH_END, 53),
    "erf f64": (erf_rest, erf_weight, 12, 0, ERF_SPLIT**2, 53),
    "pow log2 f32": (log2_rest, lambda z: z * LN2 / 2, 3, 0, "0.0056", 24),
    "pow exp2 f32": (exp2_curve, lambda r: r**2 / mpf(2)**r, 6, -0.5001, 0.5001, 24),
    "log pair": (atanh_third, lambda z: z**2 / 2, 8, 0, (3 - 2 * ROOT)**2, 53),
    "exp f32, in f64": (exp_rest, lambda r: r**2 / exp(r), 7, -HALF, HALF, 53),
    "erfc f64": (erfc_exponent, erfc_weight, 19, ERF_SPLIT, 6, 53),
    "atanh to 1/3 f32": (odd_rest(atanh, mpf(1) / 3), odd_weight(atanh), 7, 0, mpf(1) / 9, 53),
    "atanh to 1/3 f64": (atanh_fifth, near(lambda z: z**2.5 / atanh(sqrt(z)), 0), 11, 0, mpf(1) / 9, 53),
    "erfc tail f32": tail_table(erfc_level, ERFC_POLE, "10.5", 11),
    "erfc tail f64": tail_table(erfc_level, ERFC_POLE, "27.3", 22),
    "normal tail f32": tail_table(normal_level, NORMAL_POLE, "15", 11),
    "normal tail f64": tail_table(normal_level, NORMAL_POLE, "38.7", 22),
    "lgamma near 2 f32": (*past_two(gamma_ratio), 9, -0.5, 0.5, 53),
    "lgamma near 2 f64": (*past_two(gamma_ratio), 17, -0.5, 0.5, 53),
    "lgamma far f32": (gamma_lacks, gamma_lacks_weight, 5, 0, 1 / GAMMA_SPLIT**2, 53),
    "lgamma far f64": (gamma_lacks, gamma_lacks_weight, 13, 0, 1 / GAMMA_SPLIT**2, 53),
}


# Constants in two floats.
PAIRS = {
    "erfc tail": first_two(erfc_level),
    "normal tail": first_two(normal_level),
    "gelu_tanh": (2 * sqrt(2 / pi), 2 * sqrt(2 / pi) * mpf("0.044715")),
    "lgamma near 2": first_two(gamma_ratio),
    "lgamma far": ((log(2 * pi) - 1) / 2,),
    "log(2), 1/log(2), 1/3": (LN2, 1 / LN2, mpf(1) / 3),
    "2/log(2)": (2 / LN2,),
}


def text(value, bits):
    """The shortest decimal that reads back as the same float."""
    if bits == 53:
        return repr(float(value))
    single = float(value)
    for digits in range(6, 10):
        shown = f"{single:.{digits}g}"
        if struct.pack("f", float(shown)) == struct.pack("f", single):
            return shown
    raise ValueError(value)


def main():
    for name in sys.argv[1:] or [*PAIRS, *TABLES]:
        if name in PAIRS:
            parts = ((float(v), float(v - mpf(float(v)))) for v in PAIRS[name])
            print(f"{name}: {', '.join(map(str, parts))}")
            continue
        target, weight, count, low, high, bits = TABLES[name]
        c, error = fit(target, weight, range(count), low, high, bits)
        print(f"{name}: [{mp.nstr(mpf(low), 6)}, {mp.nstr(mpf(high), 6)}], error 2^{mp.nstr(log(error, 2), 4)}")
        print("    [" + ", ".join(text(v, bits) for v in c) + "]", flush=True)


if __name__ == "__main__":
    main()
