#!/usr/bin/env python3
"""Writes tests/numpy/answers/linalg.txt, linalg_complex.txt and eigen.txt: what NumPy answers about equations, inverses
and decompositions, of complex matrices too, and about eigenvalues of any matrix.

    python3 tests/numpy/numpy_linalg.py

The format is that of tests/numpy/numpy_answers.py. Of decompositions only what does not depend on the choice of signs is
asked: their products, the products of orthonormal columns with themselves, singular values and eigenvalues. Answers to
f32 are computed in f64; bounds grow with the condition of the matrices. A complex number is two numbers. Eigenvalues
that have no order are put in that of `real + 0.7319 imag`.
"""

import numpy as np

from numpy_answers import EPS, ERROR, File, L, Text, dims, exact, near, number
from numpy_complex import C

RNG = np.random.default_rng(7)
LA = np.linalg
SAFETY = 32


def n(value):
    return Text(f"n:{value}")


def x(value):
    return Text(f"x:{value}")


def random(dtype, *extents):
    """Multiples of 1/8 up to 4."""
    values = RNG.integers(-32, 33, extents) / 8
    return values.astype({"f32": np.float32, "f64": np.float64}[dtype])


def wide(arg):
    return np.asarray(arg.array, np.float64)


def kind(arg):
    return "f32" if arg.array.dtype == np.float32 else "f64"


def condition(a):
    values = LA.svd(a, compute_uv=False)
    return values[..., 0] / values[..., -1] if values.size else np.ones(values.shape[:-1])


def size(a):
    """The largest elements of matrices."""
    return np.abs(a).max((-1, -2), initial=0)


def spread(bounds, values):
    """A bound for each matrix, for each of its elements."""
    bounds = np.asarray(bounds)
    return bounds.reshape(bounds.shape + (1,) * (np.ndim(values) - bounds.ndim))


def about(file, op, args, values, bounds):
    """Each matrix of `values` has a bound, in rounding errors."""
    dtype = "f64" if all(kind(arg) == "f64" for arg in args if arg.array is not None) else "f32"
    longest = max([*args[0].array.shape[-2:], 1])
    file.case(op, args, near(values, dtype, SAFETY * longest * EPS[dtype] * spread(bounds, values)))


def equations(file, square):
    file.section("solve")
    for a in square:
        m = wide(a)
        if m.shape[-1] > 0 and not (condition(m) < 1e4).all():
            continue
        for columns in (1, 3):
            b = L(random(kind(a), *m.shape[:-1], columns))
            solution = LA.solve(m, wide(b))
            about(file, "solve", [a, b], solution, condition(m) * size(solution))
        b = L(random(kind(a), m.shape[-1]))
        solution = LA.solve(m, wide(b))
        about(file, "solve", [a, b], solution, condition(m) * np.abs(solution).max(-1, initial=0))
    a, b = L(random("f64", 2, 1, 3, 3)), L(random("f64", 4, 3, 2))
    solution = LA.solve(a.array, b.array)
    about(file, "solve", [a, b], solution, condition(a.array) * size(solution))
    a, b = L(np.array([[2, 1], [1, 3]], np.int64)), L(np.array([4, 7], np.int32))
    about(file, "solve", [a, b], LA.solve(a.array, b.array), 4.0)
    for a, b in [((2, 3), (2,)), ((3, 3), (2,)), ((3, 3), (2, 1)), ((3,), (3,)), ((2, 3, 3), (3, 3, 1)), ((), ()), ((3, 3), ())]:
        file.case("solve", [L(random("f64", *a)), L(random("f64", *b))], ERROR)
    singular = L(np.array([[1.0, 2.0], [2.0, 4.0]]))
    file.case("solve", [singular, L(np.ones(2))], ERROR)
    file.section("inv")
    for a in square:
        m = wide(a)
        if m.shape[-1] > 0 and not (condition(m) < 1e4).all():
            continue
        inverse = LA.inv(m)
        about(file, "inv", [a], inverse, condition(m) * size(inverse))
    for wrong in (np.zeros((2, 2)), singular.array, np.zeros((1, 1)), np.zeros((2, 3)), np.ones(3), np.array([np.eye(2), np.zeros((2, 2))])):
        file.case("inv", [L(wrong)], ERROR)


def determinants(file, square):
    file.section("det, slogdet")
    singular = [L(np.array([[1.0, 2.0], [2.0, 4.0]])), L(np.zeros((3, 3))), L(np.array([[0.0, 1.0, 2.0], [0.0, 3.0, 4.0], [0.0, 5.0, 6.0]])),
                L(np.array([np.eye(2), np.zeros((2, 2))])), L(np.array([[1, 2], [3, 4]], np.int32)), L(np.array([[0.0, 1.0], [1.0, 0.0]]))]
    for a in [*square, *singular]:
        m = wide(a)
        determinant = LA.det(m)
        sign, logarithm = LA.slogdet(m)
        scale = np.prod(np.sqrt((m * m).sum(-1)), axis=-1)
        about(file, "det", [a], determinant, scale)
        about(file, "slogdet_sign", [a], sign, 0.0)
        relative = np.where(np.isfinite(logarithm), scale / np.maximum(np.abs(determinant), 1e-300), 1.0)
        about(file, "slogdet_logarithm", [a], logarithm, np.maximum(np.nan_to_num(relative), 1.0))
    file.case("det", [L(np.array([[1.0, np.nan], [2.0, 3.0]]))], exact(np.nan))
    file.case("det", [L(np.array([[0.0, 1.0], [np.nan, 1.0]]))], exact(np.nan), "0: the pivot is looked for among numbers")
    large = L(np.diag(np.full(24, 1e200)))
    about(file, "slogdet_logarithm", [large], LA.slogdet(large.array)[1], 1e4)
    for wrong in (np.zeros((2, 3)), np.ones(3), np.array(1.0)):
        for op in ("det", "slogdet_sign"):
            file.case(op, [L(wrong)], ERROR)


def decompositions(file, square, others):
    file.section("cholesky")
    for a in square:
        m = wide(a)
        positive = L((m @ np.swapaxes(m, -1, -2) + np.eye(m.shape[-1])).astype(a.array.dtype))
        factor = LA.cholesky(wide(positive))
        about(file, "cholesky", [positive], factor, condition(wide(positive)) * size(factor))
    file.case("cholesky", [L(np.array([[4.0, 99.0], [2.0, 5.0]]))], exact(np.array([[2.0, 0.0], [1.0, 2.0]])))
    for wrong in (np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros((2, 2)), np.array([[np.nan]]), np.zeros((2, 3)), np.ones(3), -np.eye(3)):
        file.case("cholesky", [L(wrong)], ERROR)
    file.section("qr")
    for a in [*square, *others]:
        m = wide(a)
        k = min(m.shape[-2:])
        unit = np.broadcast_to(np.eye(k), (*m.shape[:-2], k, k))
        about(file, "qr_product", [a], m, size(m) * 4)
        about(file, "qr_gram", [a], unit, np.ones(m.shape[:-2]))
        file.case("qr_below", [a], exact(np.zeros((*m.shape[:-2], k, m.shape[-1]), a.array.dtype)))
        # The triangle is that of Cholesky's factor of the product, but for signs.
        about(file, "qr_diagonal", [a], np.abs(np.diagonal(LA.qr(m).R, axis1=-2, axis2=-1)), np.minimum(condition(m), 1e6) * size(m) if k else np.zeros(m.shape[:-2]))
    file.case("qr_product", [L(np.ones(3))], ERROR)
    file.section("svd, svdvals")
    for a in [*square, *others]:
        m = wide(a)
        k = min(m.shape[-2:])
        unit = np.broadcast_to(np.eye(k), (*m.shape[:-2], k, k))
        about(file, "svd_product", [a], m, size(m) * 4)
        about(file, "svd_left", [a], unit, np.ones(m.shape[:-2]))
        about(file, "svd_right", [a], unit, np.ones(m.shape[:-2]))
        values = LA.svd(m, compute_uv=False)
        for op in ("svd_values", "svdvals"):
            about(file, op, [a], values, values.max(-1, initial=0))
    for wrong in (np.array([[np.nan, 1.0], [0.0, 1.0]]), np.array([[np.inf]]), np.ones(3)):
        for op in ("svdvals", "svd_product"):
            file.case(op, [L(wrong)], ERROR)
    file.section("eigh, eigvalsh")
    for a in square:
        m = wide(a)
        lower = np.tril(m) + np.swapaxes(np.tril(m, -1), -1, -2)
        k = m.shape[-1]
        values = LA.eigvalsh(m)
        scale = np.abs(values).max(-1, initial=0)
        for op in ("eigh_values", "eigvalsh"):
            about(file, op, [a], values, scale)
        about(file, "eigh_product", [a], lower, scale)
        about(file, "eigh_gram", [a], np.broadcast_to(np.eye(k), m.shape), np.ones(m.shape[:-2]))
    for wrong in (np.array([[np.nan, 1.0], [0.0, 1.0]]), np.zeros((2, 3)), np.ones(3)):
        for op in ("eigvalsh", "eigh_product"):
            file.case(op, [L(wrong)], ERROR)


def compositions(file, square, others):
    file.section("pinv, matrix_rank")
    low = [L(np.outer([1.0, 2.0, 3.0], [2.0, -1.0])), L(np.zeros((2, 3))), L(np.array([[1.0, 2.0], [2.0, 4.0]], np.float32)),
           L(np.stack([np.eye(3), np.diag([1.0, 1.0, 0.0]), np.zeros((3, 3))])), L(np.array([[1, 2, 3], [4, 5, 6]]))]
    for a in [*square, *others, *low]:
        m = wide(a)
        tolerance = max([*m.shape[-2:], 1]) * EPS[kind(a)]
        if m.size:
            values = LA.svd(m, compute_uv=False)
            counted = values > tolerance * values[..., :1]
            smallest = np.where(counted, values, np.inf).min(-1)
            inverse = LA.pinv(m, rtol=tolerance)
            about(file, "pinv", [a], inverse, np.where(np.isinf(smallest), 0, values[..., 0] / smallest / smallest * 4))
            file.case("matrix_rank", [a], exact(LA.matrix_rank(m, rtol=tolerance).astype(np.int64)))
        else:
            file.case("pinv", [a], exact(np.zeros((*m.shape[:-2], m.shape[-1], m.shape[-2]), a.array.dtype)))
            file.case("matrix_rank", [a], exact(np.zeros(m.shape[:-2], np.int64)))
    nearly = L(np.diag([1.0, 1e-3]))
    file.case("matrix_rank_within", [nearly, x(1e-2)], exact(np.int64(1)))
    file.case("matrix_rank_within", [nearly, x(1e-4)], exact(np.int64(2)))
    file.case("matrix_rank_within", [nearly, x(-1.0)], ERROR)
    # More than an epsilon of the largest, less than as many as there are rows or columns.
    for dtype in ("f64", "f32"):
        for extents in ((4, 4), (3, 6)):
            low = np.zeros(extents, {"f32": np.float32, "f64": np.float64}[dtype])
            low[range(3), range(3)] = 1, 1, 2.5 * EPS[dtype]
            file.case("matrix_rank", [L(low)], exact(np.int64(LA.matrix_rank(low))))
    file.case("pinv_within", [nearly, x(1e-2)], near(np.diag([1.0, 0.0]), "f64", 1e-14))
    file.case("pinv_within", [nearly, x(1e-4)], near(np.diag([1.0, 1e3]), "f64", 1e-10))
    for op in ("pinv", "matrix_rank"):
        file.case(op, [L(np.ones(3))], ERROR)
    file.section("lstsq")
    for shape, sides in [((5, 3), (5, 2)), ((3, 5), (3, 2)), ((4, 4), (4, 1)), ((6, 2), (6,)), ((2, 6), (2,)), ((3, 2, 1), (3, 2, 2)), ((2, 4, 3), (4, 2))]:
        for dtype in ("f64", "f32"):
            a, b = L(random(dtype, *shape)), L(random(dtype, *sides))
            m = wide(a)
            values = LA.svd(m, compute_uv=False)
            solution = LA.pinv(m) @ wide(b)
            about(file, "lstsq", [a, b], solution, np.max(values[..., 0] / values[..., -1]) ** 2 * np.max(np.abs(solution)) * 4)
    low = L(np.outer([1.0, 2.0, 3.0], [2.0, -1.0]))
    about(file, "lstsq", [low, L(np.array([1.0, 2.0, 3.0]))], LA.lstsq(low.array, np.array([1.0, 2.0, 3.0]))[0], 1.0)
    for a, b in [((3, 2), (2,)), ((3,), (3,)), ((3, 2), (2, 1))]:
        file.case("lstsq", [L(random("f64", *a)), L(random("f64", *b))], ERROR)
    file.section("matrix_norm")
    orders = {"frobenius": "fro", "nuclear": "nuc", "1": 1, "-1": -1, "2": 2, "-2": -2, "inf": np.inf, "-inf": -np.inf}
    for text, order in orders.items():
        for a in [*square, *others]:
            if 0 in a.array.shape[-2:]:
                continue
            m = wide(a)
            about(file, "matrix_norm:" + text, [a], LA.matrix_norm(m, ord=order), size(m) * max(m.shape[-2:]))
        file.case("matrix_norm:" + text, [L(np.ones(3))], ERROR)
    file.case("matrix_norm:frobenius", [L(np.zeros((0, 3)))], exact(0.0))
    file.case("matrix_norm:nuclear", [L(np.zeros((0, 3)))], exact(0.0))
    file.case("matrix_norm:2", [L(np.zeros((0, 3)))], ERROR)
    file.case("matrix_norm:3", [L(np.ones((2, 3)))], ERROR)
    file.section("matrix_power")
    for dtype in (np.int32, np.int64):
        a = L(RNG.integers(-3, 4, (2, 3, 3)).astype(dtype))
        for exponent in (0, 1, 2, 3, 5, 8, 13, 40):
            file.case("matrix_power", [a, n(exponent)], exact(LA.matrix_power(a.array, exponent)))
    a = L(np.array([[2.0, 1.0], [1.0, 1.0]]))
    for exponent in (0, 1, 4, -1, -3):
        about(file, "matrix_power", [a, n(exponent)], LA.matrix_power(a.array, exponent), 1e3)
    about(file, "matrix_power", [L(np.array([[2, 1], [1, 1]])), n(-2)], LA.matrix_power(np.array([[2.0, 1.0], [1.0, 1.0]]), -2), 1e2)
    file.case("matrix_power", [L(np.zeros((0, 0))), n(3)], exact(np.zeros((0, 0))))
    for wrong, exponent in ((np.zeros((2, 3)), 2), (np.ones(3), 1), (np.zeros((2, 2)), -1)):
        file.case("matrix_power", [L(wrong), n(exponent)], ERROR)


def random_complex(dtype, *extents):
    parts = RNG.integers(-32, 33, (2, *extents)) / 8
    return (parts[0] + 1j * parts[1]).astype({"c64": np.complex64, "c128": np.complex128}[dtype])


def about_complex(file, op, args, values, bounds, given):
    """As `about`, of complex matrices `given`: each part of a number has the bound of its matrix."""
    dtype = "f32" if given.dtype in (np.complex64, np.float32) else "f64"
    values = np.asarray(values)
    bounds = 2 * SAFETY * max([*given.shape[-2:], 1]) * EPS[dtype] * np.broadcast_to(spread(bounds, values), values.shape)
    if values.dtype.kind != "c":
        file.case(op, args, near(values, dtype, bounds))
        return
    texts = [f"{number(np.float64(part))}~{bound:.2e}" for z, bound in zip(values.flat, bounds.flat) for part in (z.real, z.imag)]
    file.case(op, args, f"{ {'f32': 'c64', 'f64': 'c128'}[dtype]}[{dims(values.shape)}] ~ {' '.join(texts)}".rstrip())


def adjoint(m):
    return np.conj(np.swapaxes(m, -1, -2))


def complex_matrices(file):
    square, others = [], []
    for dtype in ("c128", "c64"):
        for extents in ((1, 1), (2, 2), (5, 5), (3, 2, 2), (0, 0)):
            square.append(random_complex(dtype, *extents))
        for extents in ((1, 3), (4, 2), (2, 3, 5), (3, 0)):
            others.append(random_complex(dtype, *extents))
    file.section("square matrices")
    for given in square:
        m, a = given.astype(np.complex128), C(given)
        k, leading = m.shape[-1], m.shape[:-2]
        for columns in ((*m.shape[:-1], 3), (k,)):
            b = C(random_complex("c64" if given.dtype == np.complex64 else "c128", *columns))
            solution = LA.solve(m, b.array.astype(np.complex128))
            scale = np.abs(solution).max(-1, initial=0) if len(columns) == 1 else size(solution)
            about_complex(file, "solve", [a, b], solution, condition(m) * scale, given)
        about_complex(file, "inv", [a], LA.inv(m), condition(m) * size(LA.inv(m)), given)
        determinant, (sign, logarithm) = LA.det(m), LA.slogdet(m)
        scale = np.prod(np.sqrt((np.abs(m) ** 2).sum(-1)), axis=-1)
        relative = np.maximum(scale / np.abs(determinant), 1.0)
        about_complex(file, "det", [a], determinant, scale, given)
        about_complex(file, "slogdet_sign", [a], sign.astype(np.complex128), relative, given)
        about_complex(file, "slogdet_logarithm", [a], logarithm, relative, given)
        positive = (m @ adjoint(m) + np.eye(k)).astype(given.dtype)
        factor = LA.cholesky(positive.astype(np.complex128))
        about_complex(file, "cholesky", [C(positive)], factor, condition(m) ** 2 * size(factor), given)
        lower = np.tril(m, -1) + adjoint(np.tril(m, -1)) + np.eye(k) * np.real(m)
        values = LA.eigvalsh(lower)
        scale = np.abs(values).max(-1, initial=0)
        for op in ("eigh_values", "eigvalsh"):
            about_complex(file, op, [a], values, scale, given)
        about_complex(file, "eigh_product", [a], lower, scale, given)
        about_complex(file, "eigh_gram", [a], np.broadcast_to(np.eye(k) + 0j, m.shape), np.ones(leading), given)
        for exponent in (0, 3, -2):
            power = LA.matrix_power(m, exponent)
            about_complex(file, "matrix_power", [a, n(exponent)], power, condition(m) ** 2 * size(power), given)
    file.section("matrices of any shape")
    for given in [*square, *others]:
        m, a = given.astype(np.complex128), C(given)
        k, leading = min(m.shape[-2:]), m.shape[:-2]
        unit = np.broadcast_to(np.eye(k) + 0j, (*leading, k, k))
        about_complex(file, "qr_product", [a], m, size(m) * 4, given)
        about_complex(file, "qr_gram", [a], unit, np.ones(leading), given)
        about_complex(file, "qr_diagonal", [a], np.abs(np.diagonal(LA.qr(m).R, axis1=-2, axis2=-1)), condition(m) * size(m) if k else np.zeros(leading), given)
        about_complex(file, "svd_product", [a], m, size(m) * 4, given)
        about_complex(file, "svd_left", [a], unit, np.ones(leading), given)
        about_complex(file, "svd_right", [a], unit, np.ones(leading), given)
        values = LA.svd(m, compute_uv=False)
        for op in ("svd_values", "svdvals"):
            about_complex(file, op, [a], values, values.max(-1, initial=0), given)
        file.case("matrix_rank", [a], exact(LA.matrix_rank(m).astype(np.int64) if k else np.zeros(leading, np.int64)))
        if k:
            inverse = LA.pinv(m)
            about_complex(file, "pinv", [a], inverse, condition(m) * size(inverse) * 4, given)
            for text, order in (("frobenius", "fro"), ("nuclear", "nuc"), ("1", 1), ("-inf", -np.inf), ("2", 2)):
                about_complex(file, "matrix_norm:" + text, [a], LA.matrix_norm(m, ord=order), size(m) * max(m.shape[-2:]), given)
            b = C(random_complex("c64" if given.dtype == np.complex64 else "c128", *m.shape[:-1], 2))
            solution = inverse @ b.array.astype(np.complex128)
            about_complex(file, "lstsq", [a, b], solution, condition(m) ** 2 * np.maximum(size(solution), 1) * 4, given)
    file.section("real sides of complex equations, complex sides of real ones")
    a, b = random_complex("c64", 2, 2), random("f64", 2, 1)
    about_complex(file, "solve", [C(a), L(b)], LA.solve(a.astype(np.complex128), b), 10.0, a.astype(np.complex128))
    a, b = random("f64", 2, 2), random_complex("c128", 2)
    about_complex(file, "solve", [L(a), C(b)], LA.solve(a, b), 100.0, a)
    file.section("no answers")
    singular = C(np.array([[1, 1j], [1j, -1]]))
    for op, wrong in (("inv", singular), ("cholesky", C(-np.eye(2) + 0j)), ("svdvals", C(np.array([[np.nan + 0j]]))), ("inv", C(random_complex("c64", 2, 3)))):
        file.case(op, [wrong], ERROR)
    file.case("det", [singular], "c128[] = 0 0")
    # Only the real parts of the diagonal are read.
    file.case("cholesky", [C(np.array([[4 + 1j, 9], [2j, 5 - 7j]]))], "c128[2,2] = 2 0 0 0 0 1 2 0")


def ordered(values):
    return np.take_along_axis(values, np.argsort(values.real + 0.7319 * values.imag, -1), -1)


def eigen(file):
    file.section("eig, eigvals")
    given = []
    for extents in ((1, 1), (2, 2), (3, 3), (5, 5), (8, 8), (3, 4, 4), (0, 0), (2, 0, 0)):
        given += [random("f64", *extents), random("f32", *extents), random_complex("c128", *extents), random_complex("c64", *extents)]
    given.append(random("f64", 24, 24))
    given.append(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]))
    given.append(np.triu(random("f64", 4, 4)))
    given.append(RNG.integers(-4, 5, (3, 3)))
    for matrices in given:
        a = C(matrices) if matrices.dtype.kind == "c" else L(matrices)
        kept = matrices if matrices.dtype.kind != "i" else matrices.astype(np.float64)
        m = kept.astype(np.complex128)
        values, vectors = LA.eig(m)
        scale = np.abs(values).max(-1, initial=0)
        apart = scale * (condition(vectors).max(-1, initial=1) if vectors.ndim > 2 and vectors.size else condition(vectors))
        for op in ("eigvals_ordered", "eig_ordered"):
            about_complex(file, op, [a], ordered(values), apart, kept)
        # What vectors are multiplied by and what their values do to them differ by nothing.
        about_complex(file, "eig_residual", [a], np.zeros(m.shape, np.complex128), LA.norm(m, axis=(-2, -1)) if m.size else np.zeros(m.shape[:-2]), kept)
        about_complex(file, "eig_lengths", [a], np.ones(m.shape[:-1]), np.ones(m.shape[:-2]), kept)
    for wrong in (np.array([[np.nan, 1.0], [0.0, 1.0]]), np.array([[np.inf]]), np.zeros((2, 3)), np.ones(3)):
        for op in ("eigvals_ordered", "eig_residual"):
            file.case(op, [L(wrong)], ERROR)
    file.case("eigvals_ordered", [C(np.array([[np.nan + 1j]]))], ERROR)


def main():
    file = File("linalg", "Equations, inverses and decompositions of matrices.")
    file.lines[1] = file.lines[1].replace("numpy_answers", "numpy_linalg")
    square, others = [], []
    for dtype in ("f64", "f32"):
        for shape in [(1, 1), (2, 2), (3, 3), (5, 5), (4, 2, 2), (2, 3, 4, 4), (0, 0), (3, 0, 0), (0, 2, 2)]:
            square.append(file.let(f"{dtype}_{'_'.join(map(str, shape))}", random(dtype, *shape)))
        for shape in [(1, 4), (4, 1), (5, 3), (3, 5), (12, 2), (2, 4, 3), (0, 3), (3, 0), (2, 3, 0)]:
            others.append(file.let(f"{dtype}_{'_'.join(map(str, shape))}", random(dtype, *shape)))
    square.append(file.let("f64_24_24", random("f64", 24, 24)))
    others.append(file.let("f64_40_17", random("f64", 40, 17)))
    equations(file, square)
    determinants(file, square)
    decompositions(file, square, others)
    compositions(file, square, others)
    file.write()
    for name, text, part in (("linalg_complex", "Equations, inverses and decompositions of complex matrices.", complex_matrices),
                             ("eigen", "Eigenvalues and eigenvectors of any matrices.", eigen)):
        file = File(name, text)
        file.lines[1] = file.lines[1].replace("numpy_answers", "numpy_linalg")
        part(file)
        file.write()


if __name__ == "__main__":
    main()
