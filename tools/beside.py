"""Rows of the suite beside what NumPy, JAX, PyTorch and numexpr take for the same, in turns.

    python3 tools/beside.py 'w4*' --rounds 5

Needs the suite (`cargo bench --bench suite --no-run`) and whichever of the peers are installed. In every round
each peer and Broadloom are measured once, by the median of their runs in some 0.2 s; printed are the medians
over rounds, and the ratio of each peer's time to Broadloom's, of which the median is taken round by round.
All use as many threads as there are. Inputs are uniform random numbers, as in `benches/suite/`. Every result
is new, as a user writes it: nobody is given memory to write into.

Of PyTorch there are three: `torch` computes what is written, an operation at a time; `torch-own` calls the one
function that it has for the whole; `inductor` is `torch.compile`, which takes the C++ compiler of the system. A
peer that cannot run a row, or has another result than NumPy, is left out of it, and stderr says why.
"""

import argparse
import fnmatch
import glob
import os
import statistics
import subprocess
import sys
import time

import numpy as np

try:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
except ImportError:
    jax = None
try:
    import numexpr
except ImportError:
    numexpr = None
try:
    import torch
    import torch.nn.functional as nn

    torch.set_num_threads(os.cpu_count())
except ImportError:
    torch = None

RNG = np.random.default_rng(1)
BUDGET = 0.2


def uniform(shape, low=-1.0, high=1.0, dtype=np.float32):
    return RNG.uniform(low, high, shape).astype(dtype)


def erf(xp, x):
    if xp is np:
        from scipy.special import erf as scalar_erf

        return scalar_erf(x)
    return xp.erf(x) if xp is torch else jax.scipy.special.erf(x)


def relu(xp, x):
    return xp.relu(x) if xp is torch else xp.maximum(x, 0)


def std(xp, x):
    return x.std(correction=0) if xp is torch else x.std()


def transpose(xp, a):
    if xp is torch:
        return a.T.contiguous()
    return xp.array(a.T, order="C") if xp is np else a.T + 0


def black_scholes(xp, s, k, t):
    normal = lambda x: 0.5 * (1.0 + erf(xp, x * 0.7071067811865476))
    spread = 0.3 * xp.sqrt(t)
    d1 = (xp.log(s / k) + (0.02 + 0.045) * t) / spread
    return s * normal(d1) - k * xp.exp(-0.02 * t) * normal(d1 - spread)


def softmax(xp, x):
    e = xp.exp(x - (x.amax if xp is torch else x.max)(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(xp, x, g, b):
    centred = x - x.mean(-1, keepdims=True)
    return centred / xp.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * g + b


def gelu(xp, x):
    return 0.5 * x * (1.0 + xp.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def horner(xp, x):
    total = x * (1 / 40320) + 1 / 5040
    for c in (1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1.0, 1.0):
        total = total * x + c
    return total


def jacobi(xp, u):
    return (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * 0.25


# Per workload: sizes, inputs of a size, the expression, and numexpr's text if it has one.
VECTOR = [100_000, 1_000_000, 10_000_000]


def vectors(count, low=-1.0, high=1.0):
    return lambda n, dtype: [uniform(n, low, high, dtype) for _ in range(count)]


WORKLOADS = {
    "w1_axpy": (VECTOR, vectors(2), lambda xp, x, y: 2.5 * x + y, "2.5*a + b"),
    "w2_chain": (VECTOR, vectors(4), lambda xp, a, b, c, d: relu(xp, a * b + c) - 0.5 * d, None),
    "w3_horner8": (VECTOR, vectors(1), horner, None),
    "w4_expsq": (VECTOR, vectors(1), lambda xp, x: xp.exp(-(x * x)), "exp(-(a*a))"),
    "w4_gelu": (VECTOR, vectors(1), gelu, None),
    "w4_sigmoid": (VECTOR, vectors(1), lambda xp, x: 1 / (1 + xp.exp(-x)), "1/(1 + exp(-a))"),
    "w4_softplus": (VECTOR, vectors(1, -3.0, 3.0), lambda xp, x: xp.log1p(xp.exp(x)), "log1p(exp(a))"),
    "w5_bs": (
        VECTOR,
        lambda n, dtype: [uniform(n, 50, 150, dtype), uniform(n, 50, 150, dtype), uniform(n, 0.1, 2, dtype)],
        black_scholes,
        None,
    ),
    "w7_sum": (VECTOR, vectors(1), lambda xp, x: x.sum(), None),
    "w7_max": (VECTOR, vectors(1), lambda xp, x: x.max(), None),
    "w7_std": (VECTOR, vectors(1), std, None),
    "w7_sqdiff": (VECTOR, vectors(2), lambda xp, a, b: ((a - b) ** 2).sum(), None),
    "w8_softmax": (["32768x32", "1024x1024", "64x32000"], vectors(1), softmax, None),
    "w8_layernorm": (
        ["4096x768"],
        lambda n, dtype: [uniform(n, dtype=dtype), uniform(n[-1:], dtype=dtype), uniform(n[-1:], dtype=dtype)],
        layer_norm,
        None,
    ),
    "w9_matmul": (
        ["256x256x256", "512x512x512", "1024x1024x1024"],
        lambda n, dtype: [uniform(n[:2], dtype=dtype), uniform(n[1:], dtype=dtype)],
        lambda xp, a, b: a @ b,
        None,
    ),
    "w11_transpose": (["4096x4096"], vectors(1), transpose, None),
    "w11_add_t": (["4096x4096"], vectors(1), lambda xp, a: a.T + a, None),
    "w11_stride2": (["4096x4096"], vectors(1), lambda xp, a: a[:, ::2] * 2, None),
    "w11_where": (VECTOR, vectors(1), lambda xp, x: xp.where(x > 0, x, 0.1 * x), None),
    "w12_pdist": (
        ["1000x3"],
        vectors(1),
        lambda xp, x: xp.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(-1)),
        None,
    ),
    "w13_jacobi": (["2048x2048"], vectors(1), jacobi, None),
}

# PyTorch's one function for all of a row.
TORCH_OWN = {
    "w1_axpy": lambda x, y: torch.add(y, x, alpha=2.5),
    "w4_gelu": lambda x: nn.gelu(x, approximate="tanh"),
    "w4_sigmoid": lambda x: torch.sigmoid(x),
    "w4_softplus": lambda x: nn.softplus(x),
    "w8_softmax": lambda x: torch.softmax(x, -1),
    "w8_layernorm": lambda x, g, b: nn.layer_norm(x, g.shape, g, b, 1e-5),
    "w11_where": lambda x: nn.leaky_relu(x, 0.1),
    # By products, as it is without the mode, small distances would be wrong.
    "w12_pdist": lambda x: torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist"),
}


def median_time(run):
    run()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < BUDGET or len(times) < 5:
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def broadloom(suite, workload, size, dtype):
    args = [suite, "--bench", "--workload", workload, "--size", size, "--dtype", dtype, "--tsv"]
    args += ["--threads", str(os.cpu_count()), "--budget", str(BUDGET)]
    out = subprocess.run(args, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in out.splitlines() if line.startswith(workload + "\t")]
    return float(rows[0][5]) if rows else None


def peers(workload, size, dtype):
    """Peers by name, each a function that computes the result anew."""
    _, inputs, of, text = WORKLOADS[workload]
    shape = size if isinstance(size, int) else tuple(int(n) for n in size.split("x"))
    arrays = inputs(shape, dtype)
    found = {"numpy": lambda: of(np, *arrays)}
    if jax:
        compiled, there = jax.jit(lambda *a: of(jnp, *a)), [jnp.asarray(a) for a in arrays]
        found["jax"] = lambda: compiled(*there).block_until_ready()
    if numexpr and text:
        named = dict(zip("abcd", arrays))
        found["numexpr"] = lambda: numexpr.evaluate(text, local_dict=named)
    if torch:
        tensors = [torch.from_numpy(a) for a in arrays]
        found["torch"] = lambda: of(torch, *tensors)
        if own := TORCH_OWN.get(workload):
            found["torch-own"] = lambda: own(*tensors)
        # Forgets the rows before, past a few of which it would run this one without compiling it.
        torch.compiler.reset()
        fused = torch.compile(lambda *a: of(torch, *a), fullgraph=True, dynamic=False)
        found["inductor"] = lambda: fused(*tensors)
    return {name: run for name, run in found.items() if agrees(name, run, found["numpy"], dtype)}


def agrees(name, run, numpy, dtype):
    """Whether the peer runs and has NumPy's result, within what the suite grants."""
    try:
        found, expected = np.asarray(run()), numpy()
    except Exception as error:
        print(f"left out, {name}: {type(error).__name__}: {str(error).splitlines()[0]}", file=sys.stderr)
        return False
    tolerance = 1e-4 if dtype is np.float32 else 1e-10
    if found.shape == expected.shape and np.allclose(found, expected, tolerance, tolerance):
        return True
    print(f"left out, {name}: another result than NumPy's", file=sys.stderr)
    return False


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    args.add_argument("workloads", nargs="*", default=["*"])
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--dtype", default="f32", choices=["f32", "f64"])
    args = args.parse_args()
    suites = [p for p in glob.glob("target/release/deps/suite-*") if not p.endswith(".d")]
    suite = max(suites, key=os.path.getmtime)
    dtype = {"f32": np.float32, "f64": np.float64}[args.dtype]
    for workload, (sizes, *_) in WORKLOADS.items():
        if not any(fnmatch.fnmatch(workload, glob) for glob in args.workloads):
            continue
        for size in sizes:
            contenders = peers(workload, size, dtype)
            times = {name: [] for name in ["broadloom", *contenders]}
            for _ in range(args.rounds):
                ours = broadloom(suite, workload, str(size), args.dtype)
                times["broadloom"].append(ours)
                for name, run in contenders.items():
                    times[name].append(median_time(run))
            ours = times["broadloom"]
            line = f"{workload:<14} {size!s:<16} {args.dtype} {statistics.median(ours) * 1e6:12.1f} us"
            for name in contenders:
                ratio = statistics.median(t / o for t, o in zip(times[name], ours))
                line += f"  {name} {ratio:.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
