#!/usr/bin/env python3
"""Writes tests/numpy/answers/streams.txt: digests of NumPy's random streams, for tests/streams.rs.

    python3 tests/numpy/numpy_streams.py

A line is a seed, what is drawn, and the FNV-1a hash of the bytes of 10,000 numbers.
"""

import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent / "answers/streams.txt"
COUNT = 10_000
SEEDS = [0, 1, 2, 3, 7, 42, 99, 123, 1000, 2024, 31337, 65535, 65536, 99999, 1 << 20, 123456789,
         (1 << 31) - 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1]

LEGACY = {
    "rand": lambda r: r.rand(COUNT),
    "randn": lambda r: r.randn(COUNT),
    "normal": lambda r: r.normal(2.5, 0.5, COUNT),
    "uniform": lambda r: r.uniform(-3.0, 8.0, COUNT),
    "randint small": lambda r: r.randint(-5, 100, COUNT),
    "randint all words": lambda r: r.randint(0, 1 << 32, COUNT),
    "randint wide": lambda r: r.randint(-(1 << 62), 1 << 61, COUNT),
    "randint all": lambda r: r.randint(-(1 << 63), (1 << 63) - 1, COUNT),
}
NEW = {
    "random": lambda r: r.random(COUNT),
    "standard_normal": lambda r: r.standard_normal(COUNT),
    "normal": lambda r: r.normal(2.5, 0.5, COUNT),
    "standard_exponential": lambda r: r.standard_exponential(COUNT),
    "exponential": lambda r: r.exponential(3.0, COUNT),
    "uniform": lambda r: r.uniform(-3.0, 8.0, COUNT),
    "integers small": lambda r: r.integers(-5, 100, COUNT),
    "integers all words": lambda r: r.integers(0, 1 << 32, COUNT),
    "integers redrawn": lambda r: r.integers(0, 3 << 30, COUNT),
    "integers wide": lambda r: r.integers(-(1 << 62), 1 << 61, COUNT),
    "permutation": lambda r: r.permutation(COUNT),
    "choice": lambda r: r.choice(1000, COUNT),
    "shuffle": lambda r: shuffled(r, np.arange(COUNT)[::-1].copy()),
    "choice few": lambda r: r.choice(1_000_000, COUNT, replace=False),
    "choice many": lambda r: r.choice(20_000, COUNT, replace=False),
    "choice all": lambda r: r.choice(COUNT, COUNT, replace=False),
    "choice weighted": lambda r: r.choice(4, COUNT, p=[0.1, 0.2, 0.3, 0.4]),
    "integers after": lambda r: (r.integers(0, 10, 3), r.random(5), r.integers(0, 10, 4))[2],
}


def shuffled(rng, values):
    rng.shuffle(values)
    return values


def digest(values):
    data = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % (1 << 64)
    return state


def main():
    lines = [f"# NumPy {np.__version__}"]
    for seed in SEEDS:
        for name, draw in LEGACY.items():
            lines.append(f"seed {seed}: {name}: {digest(draw(np.random.RandomState(seed))):016x}")
        for name, draw in NEW.items():
            lines.append(f"default_rng {seed}: {name}: {digest(draw(np.random.default_rng(seed))):016x}")
    big = (1 << 40) + 17
    lines.append(f"default_rng {big}: random: {digest(np.random.default_rng(big).random(COUNT)):016x}")
    OUT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
