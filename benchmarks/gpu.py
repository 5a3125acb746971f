"""The recurrent cells on a GPU: the CuPy and the PyTorch backend against PyTorch's own module, forward and gradient.

    python benchmarks/gpu.py --json gpu.json

Times are wall time between synchronisations, the median of interleaved rounds, in milliseconds.
"""

import json
import platform
import statistics
import time
from pathlib import Path

import click
import numpy as np

import nnspec

SIZES = [(1, 50, 64, 64), (32, 100, 128, 128), (32, 100, 256, 256), (64, 50, 512, 512)]


def _inputs(B, T, D, H):
    rng = np.random.default_rng(0)
    scale = H**-0.5
    draw = lambda *shape: rng.uniform(-scale, scale, shape).astype(np.float32)  # noqa: E731
    return {"x": draw(B, T, D), "h0": draw(B, H), "c0": draw(B, H), "W": draw(4 * H, D + H), "b": draw(4 * H)}


def _ours(name, to, arrays, h_bar, synchronise):
    nn = nnspec.backend(name)
    native = {n: to(v) for n, v in arrays.items()}
    seed = to(h_bar)

    def run():
        _, pullback = nn.gated.lstm.vjp(**native)
        pullback(h=seed)
        synchronise()

    return run


def _torch_module(torch, arrays, h_bar):
    D, H = arrays["x"].shape[-1], arrays["h0"].shape[-1]
    lstm = torch.nn.LSTM(D, H, batch_first=True).cuda()
    x = torch.tensor(arrays["x"], device="cuda", requires_grad=True)
    h0 = torch.tensor(arrays["h0"], device="cuda")[None].requires_grad_()
    c0 = torch.tensor(arrays["c0"], device="cuda")[None].requires_grad_()
    seed = torch.tensor(h_bar, device="cuda")
    leaves = [x, h0, c0, *lstm.parameters()]

    def run():
        h, _ = lstm(x, (h0, c0))
        torch.autograd.grad(h, leaves, seed)
        torch.cuda.synchronize()

    return run


@click.command()
@click.option("--rounds", default=15, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False))
def main(rounds, json_file):
    import cupy
    import torch

    rows = []
    for size in SIZES:
        arrays = _inputs(*size)
        h_bar = np.random.default_rng(1).standard_normal((size[0], size[1], size[3])).astype(np.float32)
        runs = {
            "cupy": _ours("cupy", cupy.asarray, arrays, h_bar, cupy.cuda.get_current_stream().synchronize),
            "torch": _ours("torch", lambda v: torch.tensor(v, device="cuda"), arrays, h_bar, torch.cuda.synchronize),
            "nn.LSTM": _torch_module(torch, arrays, h_bar),
        }
        times = {n: [] for n in runs}
        for run in runs.values():
            run(), run()
        for _ in range(rounds):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                times[name].append(1000 * (time.perf_counter() - start))
        median = {n: statistics.median(t) for n, t in times.items()}
        rows.append({"B,T,D,H": size, **{n: round(m, 3) for n, m in median.items()}})
        print(
            size,
            "  ".join(f"{n} {m:.2f} ms ({m / median['nn.LSTM']:.2f}x)" for n, m in median.items()),
            flush=True,
        )
    report = {
        "device": torch.cuda.get_device_name(0),
        "cupy": cupy.__version__,
        "torch": torch.__version__,
        "cuda": cupy.cuda.runtime.runtimeGetVersion(),
        "python": platform.python_version(),
        "allow_tf32": torch.backends.cuda.matmul.allow_tf32,
        "cudnn_allow_tf32": torch.backends.cudnn.allow_tf32,
        "milliseconds": rows,
    }
    if json_file:
        json_file.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
