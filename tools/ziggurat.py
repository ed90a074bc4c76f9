#!/usr/bin/env python3
"""Writes src/random/tables.rs: the ziggurats of 256 layers that NumPy has for the normal and the exponential
distribution, read off NumPy itself.

    python3 tools/ziggurat.py

A ziggurat covers the area under a density by layers of equal area (Marsaglia and Tsang, "The ziggurat
method for generating random variables", 2000). A draw takes a layer and an integer from 64 random bits: the
integer times the layer's width is the number, and below the layer's limit it is inside the density. PCG64
can be made to give any bits next. So the width is what the integer 1 gives, and the limit is the smallest
integer for which a second draw happens. Heights are densities, whose last bits decide nothing that can be
seen. Needs NumPy and mpmath.
"""

import pathlib

import numpy as np
from mpmath import exp, mp, mpf

mp.dps = 40
OUT = pathlib.Path(__file__).resolve().parent.parent / "src/random/tables.rs"
MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
INVERSE = pow(MULTIPLIER, -1, 1 << 128)


def drawn(method, bits):
    """What `method` makes of these bits, and whether they were enough."""
    source = np.random.PCG64(0)
    state = source.state
    increment = state["state"]["inc"]
    # An upper half of zero makes the lower half the output.
    state["state"]["state"] = (bits - increment) * INVERSE % (1 << 128)
    source.state = state
    value = getattr(np.random.Generator(source), method)()
    return value, source.state["state"]["state"] == bits


def layer(method, bits_of, most, number):
    """The width of a layer, and the first integer that is not inside."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if drawn(method, bits_of(number, middle))[1]:
            low = middle + 1
        else:
            high = middle
    # Of the layer that has no inside, the top of the second way is taken while its draw allows.
    one, enough = drawn(method, bits_of(number, 1))
    if not enough and low > 0:
        raise ValueError(number)
    return one, low


def ziggurat(method, bits_of, bits):
    """Per layer its width and its limit."""
    found = [layer(method, bits_of, 1 << bits, number) for number in range(256)]
    return [width for width, _ in found], [limit for _, limit in found]


def table(name, doc, values, kind):
    text = f"\n/// {doc}\n#[rustfmt::skip]\npub(super) const {name}: [{kind}; 256] = [\n"
    for first in range(0, 256, 4):
        shown = values[first:first + 4]
        shown = [repr(float(v)) if kind == "f64" else f"{v:#018x}" for v in shown]
        text += "    " + ", ".join(shown) + ",\n"
    return text + "];\n"


def main():
    normal = ziggurat("standard_normal", lambda number, n: number | n << 9, 52)
    exponential = ziggurat("standard_exponential", lambda number, n: number << 3 | n << 11, 53)
    text = "//! The ziggurats of `super::ziggurat`, by `tools/ziggurat.py`.\n\n"
    text += "#![expect(clippy::unreadable_literal, reason = \"a table of numbers\")]\n"
    parts = [
        ("NORMAL", "normal", normal, 52, lambda x: exp(-x * x / 2)),
        ("EXPONENTIAL", "exponential", exponential, 53, lambda x: exp(-x)),
    ]
    for name, what, (widths, limits), bits, density in parts:
        heights = [mpf(1)] + [density(mpf(float(w)) * mpf(2) ** bits) for w in widths[1:]]
        doc = f"Of the {what} distribution: per layer its width per step of an integer."
        text += table(f"{name}_WIDTHS", doc, widths, "f64")
        text += table(f"{name}_LIMITS", "Integers below are inside the density.", limits, "u64")
        text += table(f"{name}_HEIGHTS", "The density where the layer ends.", heights, "f64")
    OUT.write_text(text)


if __name__ == "__main__":
    main()
