#!/usr/bin/env python3
"""Writes tests/numpy/answers/users.txt: what NumPy gives for its spellings in tests/numpy/users.rs.

    python3 tests/numpy/numpy_users.py

The arrays that the spellings of a group are about stand before them; see numpy_answers.py for how arrays and outcomes
are written. Of several results the outcomes are separated by ` ; `, and a text is the outcome itself.
"""

import io
import re
import contextlib

import numpy as np
import scipy.special

from numpy_answers import OUT, dims, number

TESTS = OUT.parent / "users.rs"
NAMES = {"float16": "f16", "float32": "f32", "float64": "f64", "complex64": "c64", "complex128": "c128", "bool": "bool"}


def dtype(array):
    name = array.dtype.name
    return NAMES.get(name) or name.replace("uint", "u").replace("int", "i")


def parts(array):
    if array.dtype.kind == "c":
        return [part for z in array.flat for part in (z.real, z.imag)]
    return list(array.flat)


def literal(array):
    return f"{dtype(array)}[{dims(array.shape)}]:" + ",".join(number(x) for x in parts(array))


def outcome(value, about=""):
    """The outcome of NumPy's value; decompositions lose a few digits more than the rest."""
    if isinstance(value, str):
        return value.replace("\n", "\\n")
    if isinstance(value, np.dtype):
        value = np.empty(0, value)
    if isinstance(value, (tuple, list)) and not all(type(n) in (int, float) for n in value):
        return " ; ".join(outcome(one, about) for one in value)
    array = np.asarray(value)
    head = f"{dtype(array)}[{dims(array.shape)}]"
    if array.dtype.kind not in "fc":
        return f"{head} = {('' if array.dtype.kind == 'b' else ' ').join(number(x) for x in parts(array))}".rstrip()
    eps = 2.0**-10 if array.dtype.itemsize == 2 else 2.0**-22 if array.dtype.name in ("float32", "complex64") else 2.0**-44 if "linalg" in about else 2.0**-50
    scale = np.max(np.abs(array[np.isfinite(array)]), initial=0)
    texts = [f"{number(x)}~{float(eps * scale):.1e}" if np.isfinite(x) else f"{number(x)}~0" for x in parts(array)]
    return f"{head} ~ {' '.join(texts)}".rstrip()


def grid(*shape, scale=8, offset=3, modulus=23):
    i = np.arange(np.prod(shape, dtype=int))
    return ((i * 7 + offset) % modulus / scale - 1).reshape(shape)


HOLES = grid(3, 4)
HOLES[0, 1] = HOLES[2, 2] = np.nan
SPECIAL = np.array([0.5, -1.5, 2.5, 0.0, np.inf, np.nan, 3.0])
GROUPS = {
    "first": {"x": grid(4), "y": grid(4, offset=5), "i": np.array([1, 2, 4]), "b": np.array([2, 3]), "a": np.array([7, -8]),
              "x_f32": grid(3).astype(np.float32), "mask": np.array([True, False, True, False])},
    "creating": {"x": grid(2, 3), "y": grid(2, 2), "v": grid(3), "m": grid(2, 3)},
    "files": {"x": np.array([[1.0, 2.0], [3.0, 4.0]])},
    "elementwise": {"a": SPECIAL, "b": np.array([2.0, 0.75, -0.5, -0.0, 1.0, 2.0, 3.0]), "p": np.array([0.25, 0.5, 1.0]),
                    "m": np.array([1, 0, 1, 0, 1, 0, 1], bool), "i": np.array([6, -4, 0, 12]), "j": np.array([4, 10, 3, 8])},
    "dtypes": {"i": np.array([1, 2, 4])},
    "complex": {"a": grid(3), "b": grid(3, offset=5), "x": grid(3).astype(np.float32), "z": grid(3) + 1j * grid(3, offset=9),
                "w": grid(3, offset=2) - 1j * grid(3, offset=7)},
    "shapes": {"x": grid(6, 4), "cube": grid(2, 3, 4), "a": grid(3), "b": grid(2, 1), "row": grid(1, 4), "three": grid(3, 2),
               "counts": np.array([1, 0, 2, 1, 0, 3])},
    "indexing": {"x": grid(4, 4), "cube": grid(2, 3, 4), "row": grid(8), "i": np.array([1, 3]), "j": np.array([0, -1]),
                 "m": grid(4, 4) > 0.3, "rows": np.array([True, False, True, True])},
    "updates": {"x": grid(5, 5), "v": grid(5), "mask": grid(5, 5) > 0.5, "i": np.array([0, 2, 2]), "j": np.array([1, 3, 3])},
    "sorting": {"x": grid(3, 5), "y": grid(2, 3), "a": np.array([-0.5, 0.0, 0.5, 1.0]), "v": np.array([0.0, 0.7, -3.0]),
                "i": np.array([0, 3, 3, 1])},
    "reducing": {"x": grid(3, 4), "w": np.array([1.0, 2.0, 0.5]), "holes": HOLES},
    "products": {"a": grid(3, 3), "b": grid(3, 3, offset=8), "u": grid(3), "v": grid(3, offset=6), "signal": grid(7), "x": grid(1, 2, 6, 6),
                 "w": grid(3, 2, 3, 3)},
    "linalg": {"a": grid(4, 4) @ grid(4, 4).T + 3 * np.eye(4), "b": grid(4)},
    "fft": {"x": grid(4, 6), "z": grid(4, 5) + 1j * grid(4, 5, offset=9)},
    "random": {},
    "printing": {"x": grid(4, 4, scale=7)},
}


def printed(x, **options):
    with np.printoptions(**options):
        return str(x)


def answer(expression, variables):
    names = {**{name: array.copy() for name, array in variables.items()}, "np": np, "scipy": scipy}
    names["rng"], names["state"] = np.random.default_rng(42), np.random.RandomState(42)
    names["printed"] = lambda **options: printed(names["x"], **options)
    names["values"] = iter(names["m"].ravel().tolist()) if "m" in names else None
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        try:
            value = eval(expression, names)
        except SyntaxError:
            exec(expression, names)
            value = names["x"]
    if value is None:
        value = text.getvalue().removesuffix("\n") or names["x"]
    return outcome(value, expression)


def main():
    np.seterr(all="ignore")
    lines = ["# What NumPy gives for its spellings on the page for NumPy users.",
             f"# Written by tests/numpy/numpy_users.py with NumPy {np.__version__}."]
    asked = {}
    group = None
    for line in TESTS.read_text().splitlines():
        if found := re.search(r'answers\("(\w+)"\)', line):
            group = asked.setdefault(found[1], [])
        for expression in re.findall(r'"([^"]+)" => ', line):
            if expression not in group:
                group.append(expression)
    for name, variables in GROUPS.items():
        lines += ["", f"## {name}"]
        lines += [f"let {variable} = {literal(array)}" for variable, array in variables.items()]
        lines += [f"{expression} => {answer(expression, variables)}" for expression in asked[name]]
    path = OUT / "users.txt"
    path.write_text("\n".join(lines) + "\n")
    print(f"{path.name}: {sum(' => ' in line for line in lines)} spellings, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
