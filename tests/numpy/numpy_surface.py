#!/usr/bin/env python3
"""Writes the answer files of tests/numpy/answers/ that are about what is composed of the rest: arrays taken
apart and rearranged, windows, borders, grids, statistics.

    python3 tests/numpy/numpy_surface.py

The format is that of tests/numpy/numpy_answers.py. Of an operation with several results, the last argument (the first
where arrays follow) says which one is meant.
"""

import itertools
import math

import numpy as np

from numpy_answers import (DTYPES, ERROR, EIGHT, EPS, F32, F64, FLOATS, GRID, I32, I64, INF, INTS, NAN, RANDOM, VALUES, File, L, P, Text,
                           arg_reduce, axes, exact, near, name, pattern, shape, signed_zeros, ulps, weak)

RNG = np.random.default_rng(21)


def n(value):
    return Text(f"n:{value}")


def x(value):
    return Text(f"x:{value!r}")


def kind(dtype):
    return Text(dtype.upper() if dtype != "bool" else "Bool")


def guarded(file, op, args, answer, note=None):
    """As `ask`, also for NumPy's other ways to fail."""
    try:
        outcome = exact(answer())
    except (ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError, np.exceptions.AxisError):
        outcome = ERROR
    file.case(op, args, outcome, note)


SHAPES = [(), (1,), (0,), (5,), (2, 3), (3, 3), (1, 4), (2, 0), (2, 3, 4), (3, 0, 2), (1, 2, 1)]


def manipulate():
    file = File("manipulate", "Arrays taken apart and rearranged.")
    file.section("unstack, split, split_at")
    for a in SHAPES:
        array = P("i32", *a)
        for axis in range(-len(a) - 1, len(a) + 1):
            inside = -len(a) <= axis < len(a)
            for nth in range(a[axis] if inside else 1):
                guarded(file, "unstack", [array, n(axis), n(nth)], lambda: np.unstack(array.array, axis=axis)[nth])
            for count in (1, 2, 3, 4):
                for nth in (0, count - 1):
                    guarded(file, "split", [array, n(count), n(axis), n(nth)], lambda: np.split(array.array, count, axis)[nth])
            if inside:
                length = a[axis]
                for places in [(), (0,), (length,), (0, length), (length // 2, length // 2)] + ([(1, -1)] if length > 1 else []):
                    for nth in (0, len(places)):
                        guarded(file, "split_at", [array, shape(places), n(axis), n(nth)], lambda: np.split(array.array, list(places), axis)[nth])
    for places in ((3, 1), (9,), (-9,), (2, -4)):
        file.case("split_at", [P("f64", 5), shape(places), n(0), n(0)], ERROR, "takes bounds as they come")
    file.case("split", [P("f64", 5), n(0), n(0), n(0)], ERROR)
    file.section("broadcast_arrays, broadcast_shapes")
    for a, b in itertools.product([(), (1,), (3,), (2, 1), (2, 3), (0, 3), (4, 1, 1)], repeat=2):
        for nth in (0, 1):
            guarded(file, "broadcast_arrays", [n(nth), P("f32", *a), P("bool", *b)],
                    lambda: np.broadcast_arrays(pattern("f32", a), pattern("bool", b))[nth])
        guarded(file, "broadcast_shapes", [shape(a), shape(b), shape((1,))], lambda: np.array(np.broadcast_shapes(a, b, (1,)), np.int64))
    file.section("roll")
    for dtype, a in zip(itertools.cycle(DTYPES), SHAPES):
        array = P(dtype, *a)
        for shift in (0, 1, -1, 2, 7, -8, 10**15):
            guarded(file, "roll", [array, shape((shift,)), axes(None)], lambda: np.roll(array.array, shift))
            for axis in range(-len(a) - 1, len(a) + 1):
                guarded(file, "roll", [array, shape((shift,)), axes(axis)], lambda: np.roll(array.array, shift, axis))
        if len(a) > 1:
            for shift, axis in (((1, 2), (0, 1)), ((-1, 1), (-1, 0)), ((1, 1), (0, 0)), ((2,), (0, -1)), ((1, 2), (1,)), ((1, 2, 3), (0, 1))):
                guarded(file, "roll", [array, shape(shift), axes(axis)],
                        lambda: np.roll(array.array, shift if len(shift) > 1 else shift[0], axis if len(axis) > 1 else axis[0]))
    file.section("rot90")
    for dtype, a in zip(itertools.cycle(DTYPES), SHAPES):
        array = P(dtype, *a)
        for times in range(-5, 6):
            for pair in ((0, 1), (1, 0), (-1, 0), (0, 2), (0, 0)):
                if times in (0, 1, 2, 3, -1) or pair == (0, 1):
                    guarded(file, "rot90", [array, n(times), axes(pair)], lambda: np.rot90(array.array, times, pair))
    file.case("rot90", [P("i32", 2, 3), n(1), axes((0,))], ERROR)
    file.section("repeat and tile")
    for dtype, a in zip(itertools.cycle(DTYPES), SHAPES):
        array = P(dtype, *a)
        for count in (0, 1, 3):
            guarded(file, "repeat", [array, n(count), axes(None)], lambda: np.repeat(array.array, count))
            for axis in range(-len(a) - 1, len(a) + 1):
                if len(a):
                    guarded(file, "repeat", [array, n(count), axes(axis)], lambda: np.repeat(array.array, count, axis))
        for times in ((), (0,), (1,), (3,), (2, 1), (1, 2), (2, 2, 2), (2, 1, 1, 3)):
            guarded(file, "tile", [array, shape(times)], lambda: np.tile(array.array, times))
    for dtype in DTYPES:
        for a, axis, counts in (((3,), 0, (1, 2, 0)), ((3,), None, (0, 0, 4)), ((2, 3), 0, (2, 1)), ((2, 3), -1, (0, 3, 1)), ((2, 2), None, (1, 0, 2, 3)), ((2, 3, 2), 1, (1, 1, 2)),
                                ((0,), 0, ()), ((0, 3), 1, (2, 0, 1)), ((3, 0), 0, (2, 0, 1)), ((2, 3), 0, (0, 0)), ((3,), 0, (1, 2)), ((3,), 0, (1, -1, 2)), ((3,), 1, (1, 1, 1)),
                                ((2, 3), 0, (1, 1, 1))):
            array, given = P(dtype, *a), np.array(counts, np.int64)
            for op, arg in (("repeat", shape(counts)), ("repeat_each", L(given))):
                guarded(file, op, [array, arg, axes(axis)], lambda: np.repeat(array.array, given, axis))
    file.case("repeat", [P("i32", 2), n(-1), axes(0)], ERROR)
    file.ask("repeat_each", [P("f64", 2, 3), L(np.array([2, 0, 1], np.int32)), axes(1)], lambda: np.repeat(pattern("f64", (2, 3)), [2, 0, 1], 1))
    for counts in (P("f64", 3), P("bool", 3), P("i64", 1, 3), L(np.array(2)), L(np.array([2]))):
        file.case("repeat_each", [P("i32", 3), counts, axes(0)], ERROR, "is broadcast" if counts.array.size == 1 else "0 and 1" if counts.array.dtype == np.bool_ else None)
    file.ask("slice", [P("f64", 4, 6), Text("s:::-1,::-2 | repeat (1,0,2) a:1 | add w:1 | sum a:0")], lambda: (np.repeat(pattern("f64", (4, 6))[::-1, ::-2], [1, 0, 2], 1) + 1).sum(0))
    file.case("tile", [P("i32", 2), shape((-1,))], ERROR)
    file.case("repeat", [P("i32", 2, 2), n(2), axes((0, 1))], ERROR)
    file.section("diff")
    for dtype in DTYPES:
        for a in SHAPES:
            array = P(dtype, *a)
            for axis in range(-len(a) - 1, len(a) + 1):
                for times in (0, 1, 2, 6):
                    inside = -len(a) <= axis < len(a)
                    if inside and dtype != "i32" and (times == 6 or axis < 0):
                        continue
                    guarded(file, "diff", [array, n(times), n(axis)],
                            lambda: np.diff(array.array, times, axis) if inside else np.flip(array.array, axis))
    for dtype in INTS + FLOATS:
        array = L(VALUES[dtype])
        guarded(file, "diff", [array, n(1), n(0)], lambda: np.diff(array.array))
    file.section("of views")
    v = P("i64", 4, 6)
    file.ask("slice", [v, Text("s:::-1,::2 | roll (1) a:0 | diff n:1 n:1")], lambda: np.diff(np.roll(v.array[::-1, ::2], 1, 0), 1, 1))
    file.ask("t", [v, ] if False else [Text("i64(4,6) | repeat n:2 a:0 | tile (1,2) | roll (-1) a:..")],
             lambda: np.roll(np.tile(np.repeat(v.array.T, 2, 0), (1, 2)), -1))
    file.ask("broadcast_to", [Text("i64(3,1) (3,4) | rot90 n:1 a:0,1 | multiply w:2 | roll (1) a:1")],
             lambda: np.roll(np.rot90(np.broadcast_to(pattern("i64", (3, 1)), (3, 4))) * 2, 1, 1))
    file.write()


def windows():
    file = File("windows", "Windows that overlap, and diagonals.")
    view = np.lib.stride_tricks.sliding_window_view
    file.section("sliding_window_view")
    for dtype, a in zip(itertools.cycle(DTYPES), SHAPES):
        array = P(dtype, *a)
        for size in (0, 1, 2, 3, 9):
            for axis in range(-len(a) - 1, len(a) + 1):
                guarded(file, "sliding_window_view", [array, shape((size,)), axes(axis)], lambda: view(array.array, size, axis))
        if len(a) == 2:
            for window, axis in (((2, 2), (0, 1)), ((1, 2), (1, 0)), ((2, 3), None), ((2, 2), (1, 1)), ((2,), None), ((2, 2), (0,)), ((1, 1), (0, -1))):
                guarded(file, "sliding_window_view", [array, shape(window), axes(axis)], lambda: view(array.array, window, axis))
    file.section("unfold")
    for size, step in ((1, 1), (2, 1), (2, 2), (3, 2), (2, 5), (7, 1), (3, 9), (0, 2)):
        array = P("i64", 7, 2)
        file.case("unfold", [array, n(0), n(size), n(step)], exact(view(array.array, size, 0)[::step]))
        file.case("unfold", [array, n(-2), n(size), n(step)], exact(view(array.array, size, 0)[::step]))
    for axis, size, step in ((0, 8, 1), (0, 2, 0), (2, 1, 1)):
        file.case("unfold", [P("i64", 7, 2), n(axis), n(size), n(step)], ERROR)
    file.section("windows and what reads them")
    v = P("i64", 6, 7)
    w = view(v.array, (3, 3), (0, 1))
    for op, f in (("sum", np.sum), ("max", np.max), ("prod", np.prod), ("argmin", None)):
        for axis in ((2, 3), (0, 1), (3,), (0,)):
            if f is not None:
                file.ask("sliding_window_view", [Text(f"i64(6,7) (3,3) a:0,1 | {op} {axes(axis).text}")], lambda: f(w, axis=axis))
    file.ask("sliding_window_view", [Text("i64(6,7) (3,3) a:0,1 | multiply i64(3,3) | sum a:-1,-2")], lambda: (w * pattern("i64", (3, 3))).sum((-1, -2)))
    file.ask("sliding_window_view", [Text("i64(6,7) (3) a:1 | matmul i64(3,2)")], lambda: view(v.array, 3, 1) @ pattern("i64", (3, 2)))
    file.ask("sliding_window_view", [Text("f64(20) (5) a:0 | matmul f64(5)")], lambda: view(pattern("f64", (20,)), 5, 0) @ pattern("f64", (5,)))
    file.ask("sliding_window_view", [Text("i64(9) (4) a:0 | slice s:::-1,1::2 | t | ravel")], lambda: view(pattern("i64", (9,)), 4, 0)[::-1, 1::2].T.ravel())
    file.ask("slice", [Text("i64(9) s:::-2 | sliding_window_view (2) a:0 | subtract w:1")], lambda: view(pattern("i64", (9,))[::-2], 2, 0) - 1)
    file.ask("add", [Text("i64(9) w:1 | square | sliding_window_view (3) a:0 | sum a:1")], lambda: view((pattern("i64", (9,)) + 1) ** 2, 3, 0).sum(1))
    file.ask("sliding_window_view", [Text("i64(9) (3) a:0 | sliding_window_view (2) a:0 | sum a:1")], lambda: view(view(pattern("i64", (9,)), 3, 0), 2, 0).sum(1))
    file.section("diagonal and trace")
    for dtype, a in zip(itertools.cycle(DTYPES), SHAPES):
        array = P(dtype, *a)
        for offset in (0, 1, -1, 2, -2, 9, -9, I64.max, I64.min):
            small = int(np.clip(offset, -99, 99))
            guarded(file, "diagonal", [array, n(offset)], lambda: np.linalg.diagonal(array.array, offset=small))
            guarded(file, "trace", [array, n(offset)], lambda: np.asarray(np.sum(np.linalg.diagonal(array.array, offset=small), axis=-1)))
    file.ask("matmul", [Text("i64(3,4) i64(4,3) | diagonal n:0 | multiply w:2")], lambda: 2 * np.diagonal(pattern("i64", (3, 4)) @ pattern("i64", (4, 3))))
    file.ask("diagonal", [Text("i64(2,3,3) n:0 | t | slice s:::-1 | sum a:0")], lambda: np.linalg.diagonal(pattern("i64", (2, 3, 3))).T[::-1].sum(0))
    file.write()


def pad():
    file = File("pad", "Borders of a constant, and of the array's own elements.")
    widths = {0: [()], 1: [(0, 0), (1, 0), (0, 2), (3, 4), (11, 13)], 2: [(0, 0, 0, 0), (1, 2, 0, 3), (5, 4, 7, 8)], 3: [(1, 0, 0, 1, 2, 2)]}
    for dtype in DTYPES:
        file.section(dtype)
        for a in ((), (1,), (2,), (4,), (2, 3), (1, 3), (2, 1, 3), (0,), (0, 2), (2, 0)):
            array = P(dtype, *a)
            for flat in widths[len(a)]:
                pairs = [tuple(flat[i:i + 2]) for i in range(0, len(flat), 2)]
                if dtype in ("i32", "f64") or len(a) < 3:
                    guarded(file, "pad", [array, shape(flat), weak(1)], lambda: np.pad(array.array, pairs, constant_values=1) if pairs else array.array)
                if dtype not in ("i32", "f32"):
                    continue
                for mode in ("edge", "reflect", "symmetric", "wrap"):
                    guarded(file, "pad_" + mode, [array, shape(flat)], lambda: np.pad(array.array, pairs, mode) if pairs else array.array)
    file.section("values")
    for value in (-0.0, NAN, INF, 7, True):
        file.ask("pad", [P("f32", 2), shape((1, 1)), weak(value)], lambda: np.pad(pattern("f32", (2,)), 1, constant_values=value))
    file.case("pad", [P("i32", 2), shape((1, 1)), weak(2**31)], ERROR, "wraps")
    for flat in ((-1, 0), (1, 1, 1, 1), ()):
        file.case("pad", [P("i32", 2), shape(flat), weak(0)], ERROR, "repeats a pair" if False else None)
        file.case("pad_edge", [P("i32", 2), shape(flat)], ERROR)
    file.section("of views, and read by others")
    file.ask("flip", [Text("i64(2,3) a:1 | pad_reflect (1,1,2,2) | add w:1 | sum a:0")], lambda: (np.pad(pattern("i64", (2, 3))[:, ::-1], ((1, 1), (2, 2)), "reflect") + 1).sum(0))
    file.write()


def tensors():
    file = File("tensors", "Products over any axes, outer and cross products.")
    file.section("outer")
    for one, other in itertools.product(DTYPES, repeat=2):
        file.ask("outer", [P(one, 3), P(other, 2)], lambda: np.outer(pattern(one, (3,)), pattern(other, (2,))))
    for a, b in (((), ()), ((2, 2), (3,)), ((0,), (3,)), ((3,), (2, 0))):
        file.ask("outer", [P("f32", *a), P("f32", *b)], lambda: np.outer(pattern("f32", a), pattern("f32", b)))
    special = L(np.array([0.0, -0.0, INF, NAN, 2.0]))
    file.ask("outer", [special, special], lambda: np.outer(special.array, special.array))
    file.section("tensordot")
    for a, b in itertools.product([(), (3,), (2, 3), (3, 2), (2, 3, 4), (4, 3, 2), (0, 3), (3, 0)], repeat=2):
        for count in (0, 1, 2, 3, -1):
            if count == -1:
                file.case("tensordot", [P("f64", *a), P("f64", *b), n(count)], ERROR)
            else:
                guarded(file, "tensordot", [P("f64", *a), P("f64", *b), n(count)], lambda: np.asarray(np.tensordot(pattern("f64", a), pattern("f64", b), count)))
    for a, b, left, right in (((2, 3, 4), (4, 3, 2), (0, 2), (2, 0)), ((2, 3, 4), (4, 3, 2), (-1,), (0,)), ((2, 3, 4), (4, 3, 2), (0, 1, 2), (2, 1, 0)),
                              ((2, 3, 4), (4, 3, 2), (), ()), ((2, 3, 4), (3, 4, 5), (1, 2), (0, 1)), ((2, 3), (2, 3), (0,), (1,)), ((2, 3), (2, 3), (0, 0), (0, 0)),
                              ((2, 3), (2, 3), (0, 1), (0,)), ((2, 3), (2, 3), (2,), (0,))):
        answer = lambda: np.asarray(np.tensordot(pattern("i64", a), pattern("i64", b), (left, right)))
        if left == (0, 0):
            file.case("tensordot", [P("i64", *a), P("i64", *b), axes(left), axes(right)], ERROR)
        else:
            guarded(file, "tensordot", [P("i64", *a), P("i64", *b), axes(left), axes(right)], answer)
    for one, other in itertools.product(DTYPES, repeat=2):
        if one == other == "bool":
            file.case("tensordot", [P(one, 2, 3), P(other, 3), n(1)], ERROR, "bool")
        else:
            file.ask("tensordot", [P(one, 2, 3), P(other, 3), n(1)], lambda: np.tensordot(pattern(one, (2, 3)), pattern(other, (3,)), 1))
    file.section("cross")
    def cross(one, other, axis):
        a, b = np.moveaxis(one, axis, -1), np.moveaxis(other, axis, -1)
        return np.moveaxis(np.stack([a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1], a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
                                     a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]], -1), -1, axis)
    for one, other in itertools.product(("i32", "i64", "f32", "f64", "bool"), repeat=2):
        if one == other == "bool":
            file.case("cross", [P(one, 3), P(other, 3), n(-1)], ERROR)
            continue
        answer = cross(pattern(one, (2, 3)), pattern(other, (3,)), -1)
        file.case("cross", [P(one, 2, 3), P(other, 3), n(-1)], exact(answer))
    for a, b, axis in (((3, 2), (3, 2), 0), ((3, 2), (3, 1), -2), ((4, 1, 3), (2, 3), -1), ((0, 3), (3,), -1), ((2, 2), (2, 2), 0), ((3,), (2,), 0), ((), (3,), -1), ((3,), (3,), 1)):
        guarded(file, "cross", [P("i64", *a), P("i64", *b), n(axis)],
                lambda: np.linalg.cross(pattern("i64", a), pattern("i64", b), axis=axis))
    file.write()


def grids():
    file = File("grids", "Values in rows and from indices.")
    for dtype in DTYPES:
        file.section(dtype)
        for extents in ((), (3,), (2, 0)):
            file.case("empty", [shape(extents), kind(dtype)], exact(np.zeros(extents, DTYPES[dtype])), "whatever was in memory")
        file.case("empty_like", [P(dtype, 2)], exact(np.zeros(2, DTYPES[dtype])), "whatever was in memory")
        for rows, columns, offset in ((2, 3, 0), (3, 2, 1), (3, 3, -1), (2, 2, 5), (2, 2, -5), (0, 2, 0), (2, 0, 0), (1, 1, 0)):
            file.ask("eye_with", [n(rows), n(columns), n(offset), kind(dtype)], lambda: np.eye(rows, columns, offset, DTYPES[dtype]))
        for a in SHAPES:
            for offset in (0, 1, -1, 3, -3, I64.max, I64.min):
                small = int(np.clip(offset, -99, 99))
                if len(a) < 2:
                    if offset == 0:
                        file.case("tril", [P(dtype, *a), n(offset)], ERROR, "spreads vectors" if len(a) else None)
                        file.case("triu", [P(dtype, *a), n(offset)], ERROR, "spreads vectors" if len(a) else None)
                else:
                    file.ask("tril", [P(dtype, *a), n(offset)], lambda: np.tril(pattern(dtype, a), small))
                    file.ask("triu", [P(dtype, *a), n(offset)], lambda: np.triu(pattern(dtype, a), small))
                if abs(offset) < 99:
                    guarded(file, "diag", [P(dtype, *a), n(offset)], lambda: np.diag(pattern(dtype, a), small))
    file.case("diag", [P("f32", 3), n(I64.max)], ERROR)
    special = L(np.array([NAN, INF, -0.0]))
    file.ask("diag", [special, n(0)], lambda: np.diag(special.array))
    file.ask("diag", [special, n(-1)], lambda: np.diag(special.array, -1))
    file.section("linspace without its end")
    for start, stop, count in ((0.0, 1.0, 4), (0.0, 1.0, 10), (1.0, 0.0, 4), (-3.0, 7.5, 7), (2.0, 2.0, 3), (0.0, 1.0, 1), (0.0, 1.0, 0)):
        file.ask("linspace_open", [x(start), x(stop), n(count)], lambda: np.linspace(start, stop, count, endpoint=False))
    file.section("logspace and geomspace")
    for start, stop, count, base in ((0.0, 3.0, 4, 10.0), (-2.0, 2.0, 7, 2.0), (1.0, 0.0, 3, 0.5), (0.0, 1.0, 1, 10.0), (0.0, 1.0, 0, 10.0), (2.0, 3.0, 5, math.e), (0.0, 400.0, 3, 10.0)):
        file.case("logspace", [x(start), x(stop), n(count), x(base)], ulps(np.logspace(start, stop, count, base=base), "f64", 2))
    for start, stop, count in ((1.0, 1000.0, 4), (1.0, 256.0, 9), (1000.0, 1.0, 4), (-1.0, -81.0, 5), (0.1, 0.7, 6), (3.0, 3.0, 3), (2.0, 5.0, 1), (2.0, 5.0, 0), (1e-300, 1e300, 5)):
        value = np.geomspace(np.longdouble(start), np.longdouble(stop), count)
        file.case("geomspace", [x(start), x(stop), n(count)], near(value, "f64", np.abs(value).astype(np.float64) * 2e-13))
    for start, stop in ((0.0, 1.0), (1.0, 0.0), (-0.0, 1.0), (NAN, 1.0)):
        file.case("geomspace", [x(start), x(stop), n(3)], ERROR)
    file.case("geomspace", [x(-1.0), x(1.0), n(3)], ERROR, "nan")
    file.section("meshgrid and indices")
    for groups in ([(3,)], [(3,), (2,)], [(2,), (3,), (4,)], [(3,), ()], [(0,), (2,)], [(2,), (2, 2)], [(2,), (1,), (2,), (3,)]):
        for nth in range(len(groups)):
            arrays = [P(dtype, *a) for dtype, a in zip(itertools.cycle(("i32", "f64", "bool")), groups)]
            bad = any(len(a) > 1 for a in groups)
            for op, indexing in (("meshgrid", "xy"), ("meshgrid_ij", "ij")):
                if bad:
                    file.case(op, [n(nth), *arrays], ERROR, "flattens")
                else:
                    file.ask(op, [n(nth), *arrays], lambda: np.meshgrid(*[a.array for a in arrays], indexing=indexing)[nth])
    for extents in ((3,), (2, 3), (2, 0), (2, 1, 3)):
        for nth in range(len(extents)):
            file.ask("indices", [shape(extents), n(nth)], lambda: np.indices(extents)[nth])
    file.write()


def over_of(a, axis):
    """The axes as NumPy counts them, or None where there is no such."""
    axis = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(i % a.ndim for i in axis) if all(-a.ndim <= i < a.ndim for i in axis) else None


def nan_extreme_place(a, axis, keepdims, largest):
    """The place of the first extreme that is no NaN, -1 where there is none. NumPy's `nanargmax` fails there, and takes
    a NaN for the extreme where all numbers are the last infinity."""
    def along(rows, axis):
        flat = rows.reshape(-1, rows.shape[-1])
        places = []
        for row in flat:
            numbers = [(-v if largest else v, at) for at, v in enumerate(row.tolist()) if v == v]
            places.append(min(numbers)[1] if numbers else -1)
        return np.array(places, np.int64).reshape(rows.shape[:-1])
    return arg_reduce(along, a, axis, keepdims)


NAN_EXACT = {"nansum": np.nansum, "nanprod": np.nanprod, "nanmax": np.nanmax, "nanmin": np.nanmin}
NAN_NEAR = {"nanmean": np.nanmean, "nanvar": np.nanvar, "nanstd": np.nanstd}
WHOLE = {"nansum": np.sum, "nanprod": np.prod, "nanmax": np.max, "nanmin": np.min}


def nan_case(file, op, array, axis, keepdims=False, correction=None, note=None):
    a = array.array
    args, over = [array, axes(axis, keepdims, correction)], over_of(a, axis)
    if over is None or len(set(over)) < len(over):
        return file.case(op, args, ERROR, note)
    n = math.prod(a.shape[i] for i in over)
    if op in ("nanargmax", "nanargmin"):
        if n == 0:
            return file.case(op, args, ERROR)
        return file.case(op, args, exact(nan_extreme_place(a, tuple(sorted(over)), keepdims, op == "nanargmax")), note)
    if op in NAN_EXACT:
        f = NAN_EXACT[op] if a.dtype.kind == "f" else WHOLE[op]
        return guarded(file, op, args, lambda: np.asarray(f(a, axis=over, keepdims=keepdims)), note)
    if op == "nanmedian":
        if n == 0:
            return file.case(op, args, ERROR, "nan")
        return guarded(file, op, args, lambda: np.asarray(np.nanmedian(a, axis=over, keepdims=keepdims)), note)
    dtype, wide = "f32" if a.dtype == np.float32 else "f64", a.astype(np.float64)
    more = {} if op == "nanmean" else {"ddof": correction or 0}
    value = np.asarray(NAN_NEAR[op](wide, axis=over, keepdims=keepdims, **more))
    span = np.max(np.abs(wide[np.isfinite(wide)]), initial=0)
    # Of ints there is no NaN: these are the plain ones, which do not mind a divisor of 0.
    if a.dtype.kind != "f" and correction is not None and n <= correction:
        value = np.asarray((np.var if op == "nanvar" else np.std)(wide, axis=over, keepdims=keepdims, ddof=correction))
    bound = 16 * EPS[dtype] * (span ** 2 if op == "nanvar" else span) + 16 * EPS[dtype] * np.abs(value)
    file.case(op, args, near(value, dtype, np.where(np.isfinite(value), bound, 0)), note)


def statistics():
    file = File("statistics", "What is made of reductions: those that pass over NaN, weighted means, covariances, norms; dtypes of sums.")
    ops = [*NAN_EXACT, *NAN_NEAR, "nanargmax", "nanargmin", "nanmedian"]
    file.section("without NaN, every dtype")
    for op in ops:
        for dtype in DTYPES:
            for axis, keepdims in ((None, False), (0, False), (-1, True), ((0, 2), True), ((-1, 0), False), (3, False), (-4, False), ((0, 0), False)):
                nan_case(file, op, P(dtype, 2, 3, 4), axis, keepdims)
    file.section("with NaN")
    for dtype in FLOATS:
        whole = pattern(dtype, (2, 3, 4))
        some = np.where(np.arange(24).reshape(2, 3, 4) % 5 == 2, NAN, whole).astype(DTYPES[dtype])
        some[1, 1], some[:, 2, 3] = NAN, NAN
        x_ = file.let(f"some_{dtype}", some)
        for op in ops:
            for axis, keepdims in ((None, False), (None, True), (0, False), (1, True), (-1, False), ((0, 2), False), ((-1, 1), True), ((2, 1, 0), False)):
                nan_case(file, op, x_, axis, keepdims)
        rows = file.let(f"specials_{dtype}", np.array([[NAN, NAN, NAN, NAN], [INF, NAN, 1, INF], [-INF, NAN, -INF, NAN], [NAN, INF, -INF, 2], [NAN, 5, NAN, NAN],
                                                       [NAN, -INF, NAN, NAN], [3, NAN, 7, 7], [NAN, NAN, 2, -2]], DTYPES[dtype]))
        for op in ops:
            nan_case(file, op, rows, 1)
            nan_case(file, op, rows, 0, True)
        for op in ("nanvar", "nanstd"):
            for correction in (1, 2, 2.5, 4):
                nan_case(file, op, rows, 1, False, correction)
                nan_case(file, op, P(dtype, 2, 4), 1, True, correction)
        zeros = L(np.array([[NAN, -0.0], [-0.0, -0.0], [NAN, NAN]], DTYPES[dtype]))
        for op in NAN_EXACT:
            # Of -0 and nothing else the sum is -0 here.
            file.case(op, [zeros, axes(1)], exact(np.array([0, -0.0, 0], DTYPES[dtype]) if op == "nansum" else NAN_EXACT[op](zeros.array, axis=1)),
                      "0 of -0 alone" if op == "nansum" else None)
    file.section("of none, of one, and of a single value")
    for op in ops:
        for dtype in ("i64", "f32"):
            for a, axis in (((0,), 0), ((0,), None), ((2, 0), 1), ((2, 0), 0), ((0, 3), -1), ((0, 3), 0), ((1,), 0), ((), None), ((3, 1), 1)):
                # What nothing reads has no extremes to miss.
                if op in ("nanmax", "nanmin", "nanargmax", "nanargmin", "nanmedian") and np.prod([a[i] for i in over_of(np.empty(a), axis)]) == 0:
                    file.case(op, [P(dtype, *a), axes(axis)], ERROR, "nan" if op == "nanmedian" else None)
                elif op == "nanmedian" and 0 in a:
                    file.case(op, [P(dtype, *a), axes(axis)], exact(np.zeros(tuple(n for i, n in enumerate(a) if i not in over_of(np.empty(a), axis)), "f4" if dtype == "f32" else "f8")))
                elif op in ("nanargmax", "nanargmin") and 0 in a:
                    file.case(op, [P(dtype, *a), axes(axis)], exact(np.zeros(tuple(n for i, n in enumerate(a) if i not in over_of(np.empty(a), axis)), np.int64)))
                else:
                    nan_case(file, op, P(dtype, *a), axis)
        file.case(op, [P("f32"), axes(0)], ERROR, "takes axis 0 of a single value")
    file.section("of views")
    base = np.where(np.arange(30).reshape(5, 6) % 4 == 1, NAN, pattern("f64", (5, 6)))
    b = file.let("b", base)
    view = base[::-1, ::2]
    for op, f in NAN_EXACT.items():
        file.ask("slice", [b, Text(f"s:::-1,::2 | {op} a:0")], lambda: f(view, axis=0))
        file.ask("t", [b, Text(f"| {op} a:1;k")], lambda: f(base.T, axis=1, keepdims=True))
        file.ask("slice", [b, Text(f"s:1 | broadcast_to (3,6) | {op} a:0")], lambda: f(np.broadcast_to(base[1], (3, 6)), axis=0))
    file.ask("slice", [b, Text("s:::-1,::2 | nanmedian a:1")], lambda: np.nanmedian(view, axis=1))
    file.ask("slice", [b, Text("s:::-1,::2 | nanargmin a:1")], lambda: np.nanargmin(view, axis=1))
    file.case("slice", [b, Text("s:::-1,::2 | nanmean a:1")], near(np.nanmean(view, axis=1), "f64", 1e-14))
    file.section("shares of numbers")
    for q in (0.0, 0.1, 0.25, 0.5, 0.7, 1.0):
        for d in ("i32", "bool", "f64"):
            array = P(d, 3, 4, 5)
            wide = array.array.astype(np.float64)
            file.case("nanquantile", [array, x(q), axes((0, -1), True)], near(np.nanquantile(wide, q, (0, -1), keepdims=True), "f64", 1e-14))
        for d in FLOATS:
            some = Text(f"some_{d}")
            wide = np.where(np.arange(24).reshape(2, 3, 4) % 5 == 2, NAN, pattern(d, (2, 3, 4)).astype(np.float64))
            wide[1, 1], wide[:, 2, 3] = NAN, NAN
            for axis in (None, 0, -1, (1, 2)):
                file.case("nanquantile", [some, x(q), axes(axis)], near(np.asarray(np.nanquantile(wide, q, axis)), d, 16 * EPS[d]))
            file.case("nanpercentile", [some, x(q * 100), axes(1, True)], near(np.nanpercentile(wide, q * 100, 1, keepdims=True), d, 16 * EPS[d]))
    ends = L(np.array([[NAN, INF, 1.0, 2.0], [-INF, 0.0, NAN, 3.0], [NAN, NAN, NAN, NAN], [1e308, -1e308, NAN, 5.0]]))
    for q in (0.0, 0.5, 1.0):
        file.ask("nanquantile", [ends, x(q), axes(1)], lambda: np.nanquantile(ends.array, q, 1))
    for q in (-0.1, 1.5, NAN):
        file.case("nanquantile", [P("f64", 5), x(q), axes(0)], ERROR)
        file.case("nanquantile", [P("i64", 5), x(q), axes(0)], ERROR)
    file.case("nanquantile", [P("f64", 0), x(0.5), axes(0)], ERROR, "nan")
    file.section("dtypes of sums")
    for dtype in DTYPES:
        for to in DTYPES:
            for op, f in (("sum", np.sum), ("prod", np.prod), ("nansum", np.sum), ("nanprod", np.prod)):
                array = L(np.array([[2, 1, 3], [1, 0, 1]], DTYPES[dtype]))
                file.ask(op, [array, axes(1, False, None, to)], lambda: f(array.array, axis=1, dtype=DTYPES[to]))
            file.ask("sum", [P(dtype, 0), axes(None, False, None, to)], lambda: np.sum(pattern(dtype, (0,)), dtype=DTYPES[to]))
            file.ask("cumulative_sum", [P(dtype, 2, 3), axes(-1, False, None, to)], lambda: np.cumsum(pattern(dtype, (2, 3)), -1, DTYPES[to]))
            file.ask("cumulative_prod", [P(dtype, 3), axes(None, False, None, to)], lambda: np.cumprod(pattern(dtype, (3,)), None, DTYPES[to]))
            for op in ("mean", "nanmean"):
                if to in FLOATS:
                    value = np.mean(pattern(dtype, (3, 5)), axis=0, dtype=np.float64, keepdims=True)
                    file.case(op, [P(dtype, 3, 5), axes(0, True, None, to)], near(value, to, 4 * EPS[to]))
                else:
                    file.case(op, [P(dtype, 3, 5), axes(0, True, None, to)], ERROR, "truncates")
            for op, f in (("var", np.var), ("nanstd", np.std)):
                if to in FLOATS:
                    file.case(op, [P(dtype, 3, 5), axes(0, False, 1, to)], near(f(pattern(dtype, (3, 5)).astype(np.float64), axis=0, ddof=1), to, 99 * EPS[to]))
    wide_i64 = L(np.array([2**31, 2**32 + 5, -(2**33), I64.max], np.int64))
    wide_i32 = L(np.array([I32.max, I32.max, I32.min, 7], np.int32))
    for to in INTS:
        for array in (wide_i32, wide_i64):
            for op, f in (("sum", np.sum), ("prod", np.prod), ("cumulative_sum", np.cumsum), ("cumulative_prod", np.cumprod)):
                file.ask(op, [array, axes(0, False, None, to)], lambda: f(array.array, axis=0, dtype=DTYPES[to]))
    large = L(np.array([2.0**24, 1, 1, NAN], np.float32))
    file.ask("nansum", [large, axes(0, False, None, "f64")], lambda: np.nansum(large.array, dtype=np.float64))
    file.ask("cumulative_sum", [large, axes(0, False, None, "f64")], lambda: np.cumsum(large.array, dtype=np.float64))
    for op in ("max", "argmin", "any", "count_nonzero", "median", "nanmax", "logsumexp", "cumulative_max", "softmax"):
        if op != "cumulative_max":
            file.case(op, [P("f32", 3), axes(0, False, None, "f64")], ERROR)
    file.ask("cumulative_sum", [P("i32", 2, 3), axes(None)], lambda: np.cumsum(pattern("i32", (2, 3))))
    file.case("cumulative_sum", [P("i32", 2, 3), axes((0, 1))], ERROR)
    file.case("cumulative_sum", [P("i32", 2, 3), axes(0, True)], ERROR)
    file.section("ptp")
    for dtype in DTYPES:
        for a, axis, keepdims in (((2, 3, 4), None, False), ((2, 3, 4), 1, True), ((2, 3, 4), (0, -1), False), ((), None, False), ((0,), 0, False), ((2, 0), 1, False),
                                  ((0, 2), 1, False), ((3,), 1, False)):
            guarded(file, "ptp", [P(dtype, *a), axes(axis, keepdims)], lambda: np.ptp(pattern(dtype, a), axis, keepdims=keepdims))
    for values in (np.array([I32.min, I32.max], np.int32), np.array([I64.min, 0, I64.max]), np.array([NAN, 1, 2]), np.array([INF, 1]), np.array([INF, INF]),
                   np.array([-1e308, 1e308])):
        file.ask("ptp", [L(values), axes(0)], lambda: np.ptp(values))
    file.section("average")
    for one, other in itertools.product(DTYPES, repeat=2):
        dtype = name(np.empty(0, np.result_type(DTYPES[one], DTYPES[other])))
        dtype = dtype if dtype in FLOATS else "f64"
        w = L(np.array([1, 0, 1, 1], DTYPES[other]))
        value = np.average(pattern(one, (3, 4)).astype(np.float64), axis=-1, weights=w.array.astype(np.float64))
        file.case("average", [P(one, 3, 4), w, axes(-1)], near(value, dtype, 16 * EPS[dtype]))
    weights = [L(np.array([1.0, 2, 3])), L(np.array([0.5, 1, 2, 4])), L(np.arange(12.0).reshape(3, 4)), L(np.arange(12.0).reshape(4, 3)), L(np.arange(24.0).reshape(2, 3, 4) + 1),
               L(np.array([[1.0, 2, 3]])), L(np.array(2.0)), P("f64", 0)]
    for array in (P("f64", 2, 3, 4), P("i32", 3, 4), P("f64", 3), P("f64", 0), P("f64", 3, 0), P("f64")):
        a = array.array
        for w in weights:
            for axis, keepdims in ((None, False), (0, True), (1, False), (-1, True), ((1, 2), False), ((2, 1), False), ((-1, -2), True), ((0, 1), False)):
                args = [array, w, axes(axis, keepdims)]
                try:
                    over = over_of(a, axis)
                    if over is None:
                        raise ValueError
                    value = np.asarray(np.average(a, axis=over, weights=w.array, keepdims=keepdims))
                    bound = 16 * EPS["f64"] * 8 * (1 + np.abs(value))
                    file.case("average", args, near(value, "f64", np.where(np.isfinite(value), bound, 0)))
                except ZeroDivisionError:
                    over = over_of(a, axis)
                    shape_ = np.sum(a, axis=over, keepdims=keepdims).shape
                    file.case("average", args, exact(np.full(shape_, NAN)), "an error")
                except (ValueError, TypeError, IndexError, np.exceptions.AxisError):
                    file.case("average", args, ERROR)
    file.case("average", [L(np.array([1.0, 2.0])), L(np.array([1.0, -1.0])), axes(0)], exact(np.array(-INF)), "an error")
    v = pattern("f64", (4, 6))[::-1, ::2]
    file.case("slice", [P("f64", 4, 6), Text("s:::-1,::2 | average f64[3]:1,2,1 a:-1")], near(np.average(v, axis=1, weights=[1, 2, 1]), "f64", 1e-14))
    file.section("covariances")
    for dtype in DTYPES:
        to, note = ("f32", "float64") if dtype == "f32" else ("f64", None)
        for a in ((2, 5), (3, 4), (1, 5), (5,), (1,), (), (3, 1), (2, 0), (0, 3), (0,)):
            wide = pattern(dtype, a).astype(np.float64)
            for correction in (1, 0, 2.5, 4, 9):
                if correction not in (0, 1) and a not in ((2, 5), (3, 4)):
                    continue
                with np.errstate(all="ignore"):
                    value = np.asarray(np.cov(wide, ddof=int(correction))) if correction == int(correction) else np.asarray(np.cov(wide, ddof=0) * a[-1] / max(a[-1] - correction, 0))
                # With too few observations NumPy multiplies by an infinite reciprocal.
                if len(a) and a[-1] - correction <= 0:
                    center = wide - wide.mean(axis=-1, keepdims=True) if wide.size else wide
                    sums = np.asarray(center @ center.T)
                    value = np.where(sums == 0, NAN, np.sign(sums) * INF) if a[-1] else np.full(sums.shape, NAN)
                    if a == (0, 3):
                        value = sums
                value, squeezed = (value.reshape(1, 1), note or "squeezed") if a == (1, 5) else (value, note)
                file.case("cov", [P(dtype, *a), x(float(correction))], near(value, to, np.where(np.isfinite(value), 64 * EPS[to] * 16, 0)), squeezed)
            value = np.asarray(np.corrcoef(wide)) if wide.size else np.full((a[0], a[0]) if len(a) == 2 else (), NAN)
            value, squeezed = (value.reshape(1, 1), note or "squeezed") if a == (1, 5) else (value, note)
            file.case("corrcoef", [P(dtype, *a)], near(value, to, np.where(np.isfinite(value), 16 * EPS[to], 0)), squeezed)
    odd = L(np.array([[1.0, 2, 4], [3, 3, 3], [-1, -2, -4], [INF, 1, 2], [NAN, 1, 2]]))
    for correction in (0.0, 1.0):
        value = np.cov(odd.array, ddof=int(correction))
        file.case("cov", [odd, x(correction)], near(value, "f64", np.where(np.isfinite(value), 1e-14, 0)))
    value = np.corrcoef(odd.array)
    file.case("corrcoef", [odd], near(value, "f64", np.where(np.isfinite(value), 1e-14, 0)))
    file.case("cov", [P("f64", 2, 2, 2), x(1.0)], ERROR)
    file.case("corrcoef", [P("f64", 2, 2, 2)], ERROR)
    v = pattern("f64", (6, 4))[::-1, ::2].T
    file.case("slice", [P("f64", 6, 4), Text("s:::-1,::2 | t | cov x:1.0")], near(np.cov(v), "f64", 1e-13))
    file.case("slice", [P("f64", 6, 4), Text("s:::-1,::2 | t | corrcoef")], near(np.corrcoef(v), "f64", 1e-14))
    file.section("logsumexp")
    for dtype in DTYPES:
        to = dtype if dtype in FLOATS else "f64"
        for a, axis, keepdims in (((2, 3, 4), None, False), ((2, 3, 4), 1, True), ((2, 3, 4), (0, -1), False), ((), None, False), ((0,), 0, False), ((2, 0), 1, True),
                                  ((0, 2), 1, False), ((2, 3), (), False)):
            wide = pattern(dtype, a).astype(np.longdouble)
            value = np.log(np.sum(np.exp(wide), axis=axis, keepdims=keepdims))
            file.case("logsumexp", [P(dtype, *a), axes(axis, keepdims)], near(value, to, np.where(np.isfinite(value), 8 * EPS[to] * (1 + np.abs(value).astype(np.float64)), 0)))
        file.case("logsumexp", [P(dtype, 3), axes(1)], ERROR)
    rows = L(np.array([[1e4, 1e4], [-1e4, -1e4], [INF, 1], [-INF, 1], [-INF, -INF], [INF, INF], [INF, -INF], [NAN, 1], [NAN, INF]]))
    two = math.log(2)
    file.case("logsumexp", [rows, axes(1)], near(np.array([1e4 + two, -1e4 + two, INF, 1, -INF, INF, INF, NAN, NAN]), "f64", [4e-12] * 9))
    file.section("norms")
    for dtype in DTYPES:
        to = dtype if dtype in FLOATS else "f64"
        for order in (2, 1, INF, -INF, 0, 3, 0.5, -1, -2.5):
            for a, axis, keepdims in (((2, 3, 4), None, False), ((2, 3, 4), 1, True), ((2, 3, 4), (0, -1), False), ((3,), 0, False), ((), None, False)):
                wide = pattern(dtype, a).astype(np.float64)
                value = np.asarray(np.linalg.vector_norm(wide, ord=order, axis=over_of(wide, axis), keepdims=keepdims)) if len(a) else np.abs(wide) if order else (wide != 0) * 1.0
                file.case("vector_norm", [P(dtype, *a), x(float(order)), axes(axis, keepdims)], near(value, to, np.where(np.isfinite(value), 64 * EPS[to] * (1 + np.abs(value)), 0)))
            if order in (INF, -INF):
                file.case("vector_norm", [P(dtype, 0), x(float(order)), axes(0)], ERROR, "0" if order > 0 else None)
            elif order in (0, 1, 2):
                file.case("vector_norm", [P(dtype, 2, 0), x(float(order)), axes(1)], exact(np.zeros(2, DTYPES[to])))
        file.case("vector_norm", [P(dtype, 3), x(2.0), axes(1)], ERROR)
    rows = L(np.array([[INF, 1], [NAN, 1], [-INF, INF], [-0.0, 0.0], [-3.0, 4.0]]))
    for order in (2, 1, INF, -INF, 0):
        file.ask("vector_norm", [rows, x(float(order)), axes(1)], lambda: np.linalg.vector_norm(rows.array, ord=order, axis=1))
    v = pattern("f64", (4, 6))[::-1, ::2]
    file.case("slice", [P("f64", 4, 6), Text("s:::-1,::2 | vector_norm x:1.0 a:0")], exact(np.linalg.vector_norm(v, ord=1, axis=0)))
    file.write()


def as_float(a):
    return a if a.dtype.kind == "f" else a.astype(np.float64)


def one_of_two(file, op, x_, y_):
    """A case of an op of two arguments, by NumPy in the dtype that the crate promotes to."""
    a, b = x_.array, y_.array
    met = np.result_type(a, b)
    if op in ("gcd", "lcm"):
        if met.kind != "i":
            return file.case(op, [x_, y_], ERROR, "int8" if met == np.bool_ else None)
        return file.ask(op, [x_, y_], lambda: getattr(np, op)(a, b))
    if op in ("fmax", "fmin"):
        wide = np.broadcast_arrays(a, b)
        return file.case(op, [x_, y_], exact(signed_zeros(getattr(np, op)(a, b), *wide, op == "fmax")))
    if op in ("divmod_quotients", "divmod_remainders"):
        if met == np.bool_:
            return file.case(op, [x_, y_], ERROR, "int8")
        return file.ask(op, [x_, y_], lambda: np.divmod(a, b)[op == "divmod_remainders"])
    note = "float16" if met == np.bool_ and op in ("copysign", "nextafter", "heaviside") else None
    if op == "float_power":
        return file.case(op, [x_, y_], ulps(np.power(a.astype(np.float64), b.astype(np.float64)), "f64", 2))
    to = np.float32 if met == np.float32 else np.float64
    file.case(op, [x_, y_], exact(getattr(np, op)(a.astype(to), b.astype(to))), note)


TWO = ("copysign", "nextafter", "heaviside", "fmax", "fmin", "float_power", "gcd", "lcm", "divmod_quotients", "divmod_remainders")


def one_of_one(file, op, arg):
    a = arg.array
    to = "f32" if a.dtype == np.float32 else "f64"
    if op == "positive":
        return file.ask(op, [arg], lambda: np.positive(a))
    if op == "signbit":
        # NaN has no sign here.
        return file.case(op, [arg], exact(np.signbit(np.where(np.isnan(as_float(a)), 1.0, as_float(a))) if a.dtype != np.bool_ else np.zeros(a.shape, np.bool_)))
    if op == "nan_to_num":
        return file.case(op, [arg], exact(np.nan_to_num(a)))
    if op == "bitwise_count":
        if a.dtype.kind != "i":
            return file.case(op, [arg], ERROR, "uint8" if a.dtype == np.bool_ else None)
        return file.case(op, [arg], exact(np.bitwise_count(a).astype(a.dtype)), "uint8")
    if op == "sinc":
        value = np.sinc(a.astype(np.float64))
        value = np.where(np.isnan(np.sinc(as_float(a))), NAN, value)
        return file.case(op, [arg], near(value, to, np.where(np.isfinite(value), 8 * EPS[to], 0)))
    wide = getattr(np, op)(a.astype(np.float64))
    file.case(op, [arg], exact(wide) if to == "f64" else ulps(wide, to, 2), "float16" if a.dtype == np.bool_ else None)


ONE = ("positive", "signbit", "nan_to_num", "bitwise_count", "sinc", "deg2rad", "rad2deg")


def arithmetic():
    file = File("arithmetic", "Elementwise functions that are made of a few ops, and ops of bits and divisors.")
    values = {dtype: file.let(f"x_{dtype}", VALUES[dtype]) for dtype in DTYPES}
    random = {dtype: file.let(f"r_{dtype}", RANDOM[dtype]) for dtype in FLOATS}
    rows = {dtype: file.let(f"row_{dtype}", GRID[dtype]) for dtype in DTYPES}
    columns = {dtype: file.let(f"col_{dtype}", GRID[dtype][:, None]) for dtype in DTYPES}
    eight = {dtype: file.let(f"e_{dtype}", EIGHT[dtype]) for dtype in DTYPES}
    for op in ONE:
        file.section(op)
        for dtype in DTYPES:
            for arg in (values[dtype], *([random[dtype]] if dtype in FLOATS else []), P(dtype, 0), P(dtype, 2, 0, 3), P(dtype)):
                one_of_one(file, op, arg)
    more = {"i32": np.concatenate([2**np.arange(31), 2**np.arange(1, 32) - 1, -(2**np.arange(32)), [0x55555555, 0x33333333, 0x0f0f0f0f]]).astype(np.int32)}
    more["i64"] = np.concatenate([[1 << i for i in range(63)], [(1 << i) - 1 for i in range(64)], [-(1 << i) for i in range(64)], [0x5555555555555555]]).astype(np.int64)
    for dtype in INTS:
        one_of_one(file, "bitwise_count", L(more[dtype]))
    for op in TWO:
        file.section(op)
        for dtype in DTYPES:
            one_of_two(file, op, columns[dtype], rows[dtype])
            for a, b in (((), ()), ((0,), ()), ((2, 1), (3,)), ((2, 0), (1, 1))):
                if op != "float_power" or dtype != "i32":
                    one_of_two(file, op, P(dtype, *a), P(dtype, *b))
            file.case(op, [P(dtype, 2), P(dtype, 3)], ERROR)
        for one, other in itertools.permutations(DTYPES, 2):
            one_of_two(file, op, eight[one], eight[other])
    file.section("gcd and lcm of more numbers")
    for dtype in INTS:
        some = np.array([12, 18, -30, 35, 1071, 462, -2**20, 3**12, 2**30 - 1, 0], DTYPES[dtype])
        for op in ("gcd", "lcm"):
            file.ask(op, [L(some), L(some[:, None])], lambda: getattr(np, op)(some, some[:, None]))
    file.section("Rust scalars")
    for dtype in ("i32", "f32", "f64"):
        x_ = eight[dtype]
        for op in ("copysign", "heaviside", "fmax", "fmin", "nextafter"):
            for value in (2, -0.5, NAN):
                to = np.float64 if dtype != "f32" else np.float32
                if op in ("fmax", "fmin"):
                    file.ask(op, [x_, weak(value)], lambda: getattr(np, op)(x_.array, value))
                else:
                    file.case(op, [x_, weak(value)], exact(getattr(np, op)(x_.array.astype(to), to(value))))
    for dtype in FLOATS:
        least = L(np.array([np.finfo(DTYPES[dtype]).smallest_subnormal, -np.finfo(DTYPES[dtype]).smallest_subnormal], DTYPES[dtype]))
        for value in (0, 1.5, INF, -INF):
            for x_ in (values[dtype], least):
                file.case("nextafter", [x_, weak(value)], exact(np.nextafter(x_.array, DTYPES[dtype](value))))
    for value in (-1, 0, 2, 0.5, -2.0):
        for dtype in DTYPES:
            file.case("float_power", [eight[dtype], weak(value)], ulps(np.power(eight[dtype].array.astype(np.float64), np.full(8, value, np.float64)), "f64", 2),
                      "sqrt" if value == 0.5 else None)
    for op, f in (("gcd", np.gcd), ("lcm", np.lcm), ("divmod_quotients", np.floor_divide), ("divmod_remainders", np.remainder)):
        file.ask(op, [eight["i32"], weak(6)], lambda: f(eight["i32"].array, 6))
    file.section("of views")
    v = P("f64", 4, 6)
    w = v.array[::-1, ::-2]
    file.ask("slice", [v, Text("s:::-1,::-2 | copysign f64[3]:-0,1,-2 | signbit")], lambda: np.signbit(np.copysign(w, np.array([-0.0, 1, -2]))))
    file.ask("slice", [v, Text("s:::-1,::-2 | nextafter w:0")], lambda: np.nextafter(w, 0))
    file.ask("broadcast_to", [P("i64", 3), Text("(2,3) | gcd i64(2,1) | lcm w:4")], lambda: np.lcm(np.gcd(np.broadcast_to(pattern("i64", (3,)), (2, 3)), pattern("i64", (2, 1))), 4))
    file.ask("t", [P("i32", 2, 3), Text("| bitwise_count | sum a:0")], lambda: np.bitwise_count(pattern("i32", (2, 3)).T).sum(0, dtype=np.int64))
    file.write()


if __name__ == "__main__":
    arithmetic()
    statistics()
    manipulate()
    windows()
    pad()
    tensors()
    grids()
