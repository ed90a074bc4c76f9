#!/usr/bin/env python3
"""Writes tests/numpy/answers/contractions.txt: sums of products by subscripts, Kronecker products, convolutions.

    python3 tests/numpy/numpy_contractions.py

The format is that of tests/numpy/numpy_answers.py; the subscripts of `einsum` are part of its name. Elements are small integers,
so that every order of sums has the same value.
"""

import itertools

import numpy as np

from numpy_answers import ERROR, File, P, Text, exact, pattern, shape


def n(value):
    return Text(f"n:{value}")


def einsum(file, subscripts, *operands, dtype="i64", note=None):
    args = [P(kind if isinstance(kind, str) else dtype, *extents) for kind, extents in
            (operand if isinstance(operand, tuple) and operand and isinstance(operand[0], str) else (None, operand) for operand in operands)]
    try:
        outcome = exact(np.einsum(subscripts, *(arg.array for arg in args), optimize=False))
    except (ValueError, TypeError, IndexError):
        outcome = ERROR
    file.case("einsum:" + subscripts, args, outcome, note)


def main():
    file = File("contractions", "Sums of products by subscripts, Kronecker products, convolutions.")
    file.section("einsum: one array")
    for subscripts, a in [("i", (4,)), ("i->", (4,)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)), ("ii", (3, 3)), ("ii->i", (3, 3)),
                          ("iji->j", (2, 3, 2)), ("iij->ij", (2, 2, 3)), ("iijj", (2, 2, 3, 3)), ("iii->i", (3, 3, 3)), ("ba", (2, 3)), ("...ii->...", (2, 3, 3)),
                          ("i...->...", (2, 3, 4)), ("...", (2, 3)), ("...->...", ()), ("->", ()), ("", ()), ("ij->i", (0, 3)), ("ij->i", (3, 0)),
                          ("Ab", (2, 3)), ("aB", (2, 3)), ("i...j->j...i", (2, 3, 4, 5)), ("ijk->kij", (2, 3, 4)), ("ijk->k", (2, 3, 4))]:
        for dtype in ("i64", "f32", "i32"):
            einsum(file, subscripts, a, dtype=dtype)
    file.section("einsum: two arrays")
    for subscripts, a, b in [("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij,kj->ik", (2, 3), (4, 3)), ("ji,jk->ki", (3, 2), (3, 4)),
                             ("i,i", (5,), (5,)), ("i,i->i", (5,), (5,)), ("i,j", (2,), (3,)), ("i,j->ji", (2,), (3,)), ("ij,j", (2, 3), (3,)),
                             ("j,ij->i", (3,), (2, 3)), ("ij,ij->", (2, 3), (2, 3)), ("ij,ij->i", (2, 3), (2, 3)), ("ij,ij->j", (2, 3), (2, 3)),
                             ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)), ("bij,jk->bik", (2, 3, 4), (4, 2)), ("bij,bkj->bki", (2, 3, 4), (2, 5, 4)),
                             ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)), ("...i,...i->...", (2, 3), (3,)), ("...,...", (2, 3), (3,)), ("i...,i...", (2, 3), (2, 3)),
                             ("ijkl,klm->ijm", (2, 3, 2, 3), (2, 3, 4)), ("ijkl,lkm->mij", (2, 3, 2, 3), (3, 2, 4)), ("ii,i->i", (3, 3), (3,)), ("ij,kl->", (2, 3), (2, 2)),
                             ("ij,kl->ik", (2, 3), (2, 2)), ("ij,jk->ijk", (2, 3), (3, 2)), ("ij,->ij", (2, 3), ()), (",", (), ()), (",ij->j", (), (2, 3)),
                             ("ij,jk->ik", (2, 1), (3, 4)), ("ij,jk->ik", (2, 0), (0, 4)), ("ij,jk->ik", (0, 3), (3, 4)), ("i,i", (0,), (0,))]:
        for dtype in ("i64", "f64", "i32") if subscripts in ("ij,jk->ik", "i,i", "ij,j", "i,j") else ("i64",):
            einsum(file, subscripts, a, b, dtype=dtype)
    einsum(file, "ij,jk->ik", ("i32", (2, 3)), ("f32", (3, 2)))
    einsum(file, "i,i", ("bool", (5,)), ("i32", (5,)))
    file.section("einsum: more")
    for subscripts, *operands in [("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("ij,jk,kl", (2, 3), (3, 4), (4, 2)), ("i,j,k->kji", (2,), (3,), (2,)),
                                  ("ij,ij,ij->ij", (2, 3), (2, 3), (2, 3)), ("ij,j,i->", (2, 3), (3,), (2,)), ("abc,cd,bd,a->d", (2, 3, 2), (2, 4), (3, 4), (2,)),
                                  ("...a,ab,b...->...", (2, 3), (3, 4), (4, 2)), ("ab,bc,cd,de,ef->af", (2, 3), (3, 2), (2, 4), (4, 2), (2, 3)),
                                  ("ab,cb,cd,ed->ae", (2, 3), (2, 3), (2, 4), (3, 4)), ("i,i,i,i,i,i,i,i,i,i,i,i->i", *[(3,)] * 12),
                                  ("ab,bc,cd,de,ef,fg,gh,hi,ij,jk,kl,lm->am", *[(2, 2)] * 12)]:
        einsum(file, subscripts, *operands)
    file.section("einsum: mistakes")
    for subscripts, *operands in [("ij", (2,)), ("i", (2, 3)), ("ij,jk", (2, 3)), ("i,i", (2,), (3,)), ("ij,jk->ik", (2, 3), (4, 2)), ("i->ii", (2,)), ("i->j", (2,)),
                                  ("ii", (2, 3)), ("i1", (2, 3)), ("i..j", (2, 3)), ("...i...", (2, 3)), ("i->i->i", (2,)), ("...,...", (2,), (3,))]:
        einsum(file, subscripts, *operands)
    file.case("einsum:i,i", [P("bool", 3), P("bool", 3)], ERROR, "any of all")
    file.section("kron, inner")
    for a in ((), (2,), (2, 3), (0,), (2, 1, 2)):
        for b in ((), (3,), (2, 2), (1, 2, 3)):
            for dtype, other in (("i32", "f32"), ("i64", "i64")):
                x, y = P(dtype, *a), P(other, *b)
                file.ask("kron", [x, y], lambda: np.kron(x.array, y.array))
    for a, b in (((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((2, 2, 3), (2, 3)), ((0, 3), (2, 3)), ((3,), (2,)), ((), (3,)), ((2, 3), ()), ((2, 0), (3, 0))):
        x, y = P("i64", *a), P("i64", *b)
        file.ask("inner", [x, y], lambda: np.inner(x.array, y.array))
    file.section("convolve, correlate")
    for mode in ("full", "same", "valid"):
        for a in (1, 2, 3, 4, 5, 9):
            for b in (1, 2, 3, 4, 6):
                x, y = P("i64", a), P("i64", b)
                file.ask("convolve_" + mode, [x, y], lambda: np.convolve(x.array, y.array, mode))
                file.ask("correlate_" + mode, [x, y], lambda: np.correlate(x.array, y.array, mode))
        x, y = P("i32", 5), P("f32", 3)
        file.ask("convolve_" + mode, [x, y], lambda: np.convolve(x.array, y.array, mode))
    for a, b in (((0,), (3,)), ((3,), (0,)), ((2, 2), (2,))):
        x, y = P("i64", *a), P("i64", *b)
        file.ask("convolve_full", [x, y], lambda: np.convolve(x.array, y.array))
    file.section("conv2d")
    view = np.lib.stride_tricks.sliding_window_view
    for a, b, stride, padding in [((1, 1, 3, 3), (1, 1, 2, 2), (1, 1), (0, 0)), ((2, 3, 5, 6), (4, 3, 3, 2), (1, 1), (1, 0)), ((1, 2, 7, 5), (3, 2, 3, 3), (2, 1), (0, 2)),
                                  ((1, 2, 4, 4), (2, 2, 1, 1), (1, 1), (0, 0)), ((1, 1, 4, 4), (1, 1, 4, 4), (3, 3), (0, 0)), ((0, 2, 4, 4), (2, 2, 3, 3), (1, 1), (1, 1)),
                                  ((2, 2, 9, 8), (3, 2, 2, 3), (3, 2), (2, 1))]:
        x, y = P("i64", *a), P("i64", *b)
        padded = np.pad(x.array, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
        windows = view(padded, b[2:], (2, 3))[:, :, ::stride[0], ::stride[1]]
        file.case("conv2d", [x, y, shape(stride), shape(padding)], exact(np.einsum("nchwpq,ocpq->nohw", windows, y.array)))
    for a, b, stride, padding in [((1, 1, 3, 3), (1, 2, 2, 2), (1, 1), (0, 0)), ((1, 1, 3, 3), (1, 1, 4, 2), (1, 1), (0, 0)), ((1, 1, 3, 3), (1, 1, 2, 2), (0, 1), (0, 0)),
                                  ((1, 3, 3), (1, 1, 2, 2), (1, 1), (0, 0)), ((1, 1, 3, 3), (1, 1, 2, 2), (1,), (0, 0)), ((1, 1, 3, 3), (1, 1, 2, 2), (1, 1), (-1, 0))]:
        file.case("conv2d", [P("i64", *a), P("i64", *b), shape(stride), shape(padding)], ERROR)
    file.section("work after products and sums whose axes are split afterwards")
    x, y = P("i64", 2, 3, 5, 6), P("i64", 4, 3, 2, 3)
    images = np.einsum("nchwpq,ocpq->nohw", view(x.array, (2, 3), (2, 3)), y.array)
    after(file, f"conv2d {x.text} {y.text} (1,1) (0,0)", images)
    a, b = P("i64", 2, 3, 4, 5), P("i64", 4, 5, 6)
    after(file, f"einsum:ijkl,klm->ijm {a.text} {b.text}", np.einsum("ijkl,klm->ijm", a.array, b.array))
    a, b = P("i64", 6, 3), P("i64", 3, 8)
    after(file, f"matmul {a.text} {b.text} | reshape (2,3,1,4,2)", (a.array @ b.array).reshape(2, 3, 1, 4, 2))
    a = P("i64", 5, 12)
    after(file, f"sum {a.text} a:0 | reshape (2,3,2)", a.array.sum(0).reshape(2, 3, 2))
    file.write()


def after(file, product, values):
    """Work with arrays that are repeated along any of the last axes, or of fewer axes."""
    for extents in itertools.product(*({1, extent} for extent in values.shape)):
        one, another = P("i64", *extents), P("i64", *extents[1:])
        outcome = exact(np.maximum((values * 2 + one.array) * another.array, values.dtype.type(-50)))
        file.case(f"{product} | multiply w:2 | add {one.text} | multiply {another.text} | maximum w:-50", [], outcome)
    other = P("i64", *values.shape)
    file.case(f"{product} | add {other.text} | sum a:-1 | add w:1", [], exact((values + other.array).sum(-1) + 1))
    file.case(f"{product} | add w:1 | t | multiply {P('i64', *values.shape[::-1]).text}", [], exact((values + 1).T * P("i64", *values.shape[::-1]).array))


if __name__ == "__main__":
    main()
