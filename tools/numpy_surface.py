#!/usr/bin/env python3
"""Writes the answer files of tests/numpy/answers/ that are about what is composed of the rest: arrays taken
apart and rearranged, windows, borders, grids, statistics.

    python3 tools/numpy_surface.py

The format is that of tools/numpy_answers.py. Of an operation with several results, the last argument (the first
where arrays follow) says which one is meant.
"""

import itertools
import math

import numpy as np

from numpy_answers import (DTYPES, ERROR, EPS, F32, F64, FLOATS, I32, I64, INF, INTS, NAN, VALUES, File, L, P, Text, axes, exact,
                           near, name, pattern, shape, ulps, weak)

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


if __name__ == "__main__":
    manipulate()
    windows()
    pad()
    tensors()
    grids()
