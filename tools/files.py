#!/usr/bin/env python3
"""Writes tests/data: small files by NumPy and by the package safetensors, for tests/files.rs to read.

    python3 tools/files.py
"""

import pathlib

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data"

ARRAYS = {
    "rows": np.arange(6, dtype="<f4").reshape(2, 3) / 4,
    "columns": np.asfortranarray(np.arange(6, dtype="<i8").reshape(2, 3)),
    "big": np.array([1.5, -2.0, np.nan], ">f8"),
    "truths": np.array([True, False, True]),
    "single": np.array(7, "<i4"),
    "empty": np.zeros((0, 3), "<f8"),
    "ramp": np.arange(1000, dtype="<i4"),
}

OUT.mkdir(exist_ok=True)
np.savez(OUT / "stored.npz", **ARRAYS)
np.savez_compressed(OUT / "deflated.npz", **ARRAYS)
native = {name: np.ascontiguousarray(x.astype(x.dtype.newbyteorder("="))).reshape(x.shape) for name, x in ARRAYS.items()}
save_file(native, OUT / "arrays.safetensors", metadata={"made": "by safetensors"})

# All dtypes that the format and the crate have, under the crate's names.
ramp = np.arange(-3, 9).reshape(3, 4)
DTYPES = {"bool": bool, "bf16": ml_dtypes.bfloat16, "c64": "c8"} | {
    f"{kind}{8 * size}": f"{kind}{size}" for kind, sizes in {"i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8)}.items() for size in sizes
}
save_file({name: (ramp * (1 + 0.5j) if name[0] == "c" else ramp).astype(dtype) for name, dtype in DTYPES.items()}, OUT / "dtypes.safetensors")

table = np.array([[1.5, -2.0, 1 / 3], [1e-300, np.nan, -np.inf]])
np.savetxt(OUT / "table.csv", table, delimiter=",", header="a,b,c")
np.savetxt(OUT / "integers.txt", np.array([[2**62, -1], [0, 7]]), fmt="%d", delimiter=" ")
