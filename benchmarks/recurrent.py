"""Recurrent layers against PyTorch: time of forward plus backward, or of forward alone, divided by PyTorch's.

    python benchmarks/recurrent.py                          all cells, four sizes
    python benchmarks/recurrent.py --cell lstm --rounds 15 --json lstm.json
    python benchmarks/recurrent.py --kernels                the bare kernels, without the interface

All sides live in one process, on one thread; a round runs each of them, in random order, and a ratio is taken
within the round. Times are CPU times, so that neighbours on the machine disturb less. The rate of a square
matrix product in the same rounds says how much of what BLAS can do is reached, whatever the machine.
"""

# ruff: noqa: E402 - the number of threads is set before the libraries are loaded
from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import json
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import threadpoolctl  # type: ignore[import-untyped]
import torch
from rich.console import Console
from rich.table import Table

import nnspec
from nnspec.array import _kernels
from nnspec.array._ops import Ops

Array = Any
Side = Callable[[], "list[Array]"]  # computes, and returns the states and the gradient of x, to be compared
Size = tuple[int, int, int, int]

NUMPY, TORCH = "nnspec.numpy_backend:load", "nnspec.torch_backend:load"  # also where nothing is installed
SIZES: tuple[Size, ...] = ((1, 50, 64, 64), (32, 100, 128, 128), (32, 100, 256, 256), (64, 50, 512, 512))
GEMM = 1024
BLOCK_SECONDS = 0.03  # calls are timed in blocks of about this length


@dataclass
class Row:
    """One cell at one size: milliseconds a call, ratio by round, share of the matrix product's rate."""

    cell: str
    against: str
    size: Size
    direction: str
    milliseconds: float
    their_milliseconds: float
    ratio: float
    ratio_quartiles: tuple[float, float]
    gemm_share: float
    their_gemm_share: float
    gemm_gflops: float


# ----------------------------------------------------------------------------------------------- the contests
@dataclass
class Problem:
    """Random arguments of a cell with G gates, all in float32."""

    size: Size
    gates: int

    def __post_init__(self) -> None:
        B, T, D, H = self.size
        rng = np.random.default_rng(0)

        def draw(*shape: int, scale: float = 1.0) -> Array:
            return (scale * rng.standard_normal(shape)).astype(np.float32)

        self.H = H
        self.x, self.h0, self.C0, self.h_bar = draw(B, T, D), draw(B, H), draw(B, H), draw(B, T, H)
        self.W = draw(self.gates * H, D, scale=D**-0.5)
        self.U = draw(self.gates * H, H, scale=0.5 * H**-0.5)
        self.b, self.c_H = draw(self.gates * H, scale=0.1), draw(H, scale=0.1)
        self.V = draw(H, H, scale=0.5 * H**-0.5)
        self.readout, self.y_bar = draw(1, H), draw(B, T, 1)

    def gate(self, k: int) -> slice:
        """The rows of gate k."""
        return slice(k * self.H, (k + 1) * self.H)

    def flops(self, direction: str) -> float:
        """Those of the products with W and U; the backward pass has twice as many as the forward pass."""
        B, T, D, H = self.size
        return (6.0 if direction == "gradient" else 2.0) * B * T * self.gates * H * (D + H)


def torch_side(direction: str, inputs: list[Any], run: Callable[[], list[Any]], *bars: Any) -> Side:
    """A PyTorch function, with the gradients of all its inputs, or without."""

    def gradient() -> list[Array]:
        outputs = run()
        gradients = torch.autograd.grad(outputs, inputs, bars)
        return [outputs[0].detach(), gradients[0]]

    def forward() -> list[Array]:
        with torch.no_grad():
            return run()[:1]

    return gradient if direction == "gradient" else forward


def interface_side(direction: str, operation: Any, arguments: dict[str, Any], h_bar: Any, **bars: Any) -> Side:
    """An operation of a backend, likewise."""

    def gradient() -> list[Array]:
        outputs, pullback = operation.vjp(**arguments)
        return [outputs.h, pullback(h=h_bar, **bars)["x"]]

    return gradient if direction == "gradient" else lambda: [operation(**arguments).h]


def kernel_side(direction: str, kernel: Any, arguments: tuple[Any, ...], h_bar: Any) -> Side:
    """A kernel, likewise."""
    ops = Ops(np, inplace=True).with_gradient(direction == "gradient")

    def states(result: Any) -> Array:
        return result[0] if isinstance(result, tuple) else result

    def gradient() -> list[Array]:
        result, pullback = kernel(ops, *arguments)
        return [states(result), pullback(h_bar)[0]]

    return gradient if direction == "gradient" else lambda: [states(kernel(ops, *arguments)[0])]


def module_side(p: Problem, direction: str, kind: str, order: tuple[int, ...], readout: bool = False) -> Side:
    """torch.nn.LSTM, GRU or RNN with the problem's weights; `order`: where its gates are among ours."""
    _, _, D, H = p.size
    module = getattr(torch.nn, kind)(D, H, batch_first=True)
    rows = np.concatenate([np.arange(p.gates * H)[p.gate(k)] for k in order])
    b_hh = np.zeros_like(p.b)
    if kind == "GRU":
        b_hh[2 * H :] = p.c_H
    with torch.no_grad():
        weights = (p.W[rows], p.U[rows], p.b[rows], b_hh)
        for parameter, value in zip(module.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(value))
    x, h0, C0 = (torch.tensor(a, requires_grad=True) for a in (p.x, p.h0[None], p.C0[None]))
    states = (h0, C0) if kind == "LSTM" else h0
    inputs = [x, h0, *((C0,) if kind == "LSTM" else ()), *module.parameters()]
    h_bar = torch.from_numpy(p.h_bar)
    if not readout:
        return torch_side(direction, inputs, lambda: [module(x, states)[0]], h_bar)
    V = torch.tensor(p.readout, requires_grad=True)

    def with_readout() -> list[Any]:
        h = module(x, states)[0]
        return [h, torch.nn.functional.linear(h, V)]

    return torch_side(direction, [*inputs, V], with_readout, h_bar, torch.from_numpy(p.y_bar))


def loop_side(p: Problem, direction: str, kind: str) -> Side:
    """A step loop in PyTorch, the input's products before it: what one writes where no fused layer fits."""
    x, h0, C0, W, U, b, V = (torch.tensor(a, requires_grad=True) for a in (p.x, p.h0, p.C0, p.W, p.U, p.b, p.V))
    linear, H = torch.nn.functional.linear, p.H

    def lstm_peephole() -> list[Any]:
        h, C, states = h0, C0, []
        for a in linear(x, W, b).unbind(1):
            i, f, o, g = torch.addmm(a, h, U.T).chunk(4, 1)
            C = torch.sigmoid(f) * C + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(torch.addmm(o, C, V.T)) * torch.tanh(C)
            states.append(h)
        return [torch.stack(states, 1)]

    def gru() -> list[Any]:
        h, states, U_zr, U_H = h0, [], U[: 2 * H], U[2 * H :]
        for a in linear(x, W, b).unbind(1):
            z, r = torch.sigmoid(torch.addmm(a[:, : 2 * H], h, U_zr.T)).chunk(2, 1)
            h = torch.lerp(h, torch.tanh(torch.addmm(a[:, 2 * H :], r * h, U_H.T)), z)
            states.append(h)
        return [torch.stack(states, 1)]

    if kind == "gru":
        return torch_side(direction, [x, h0, W, U, b], gru, torch.from_numpy(p.h_bar))
    return torch_side(direction, [x, h0, C0, W, U, b, V], lstm_peephole, torch.from_numpy(p.h_bar))


def by_gate(p: Problem, gates: str, W: str = "W", U: str = "U", b: str = "b") -> dict[str, Array]:
    """The problem's rows as one argument for each gate: W_i, U_i, b_i, W_f, …"""
    stacked = ((W, p.W), (U, p.U), (b, p.b))
    return {f"{n}_{g}": a[p.gate(k)] for k, g in enumerate(gates) for n, a in stacked}


def lstm(p: Problem, direction: str, nn: Any) -> tuple[Side, Side]:
    """The LSTM against torch.nn.LSTM."""
    if nn is None:
        ours = kernel_side(direction, _kernels.lstm, (p.x, p.h0, p.C0, p.W, p.U, p.b, None, False), p.h_bar)
    else:
        W = np.concatenate([p.W, p.U], axis=1)
        arguments = {"x": p.x, "h0": p.h0, "c0": p.C0, "W": W, "b": p.b}
        ours = interface_side(direction, nn.gated.lstm, arguments, p.h_bar)
    return ours, module_side(p, direction, "LSTM", (0, 1, 3, 2))


def lstm_peephole(p: Problem, direction: str, nn: Any) -> tuple[Side, Side]:
    """The notes' LSTM, whose output gate sees the new cell, against a step loop in PyTorch."""
    if nn is None:
        ours = kernel_side(direction, _kernels.lstm, (p.x, p.h0, p.C0, p.W, p.U, p.b, p.V, False), p.h_bar)
    else:
        arguments = {"x": p.x, "h0": p.h0, "C0": p.C0, **by_gate(p, "ifoc"), "V_o": p.V}
        ours = interface_side(direction, nn.gated.lstm_peephole, arguments, p.h_bar)
    return ours, loop_side(p, direction, "lstm_peephole")


def gru(p: Problem, direction: str, nn: Any) -> tuple[Side, Side]:
    """PyTorch's GRU (z weights the previous state, reset after the product) against torch.nn.GRU."""
    if nn is None:
        arguments = (p.x, p.h0, p.W, p.U, p.b, p.c_H, "previous", "after")
        ours = kernel_side(direction, _kernels.gru, arguments, p.h_bar)
    else:
        options = {"update": "previous", "reset": "after"}
        given = {"x": p.x, "h0": p.h0, **by_gate(p, "zrH"), "c_H": p.c_H, **options}
        ours = interface_side(direction, nn.gated.gru, given, p.h_bar)
    return ours, module_side(p, direction, "GRU", (1, 0, 2))


def gru_before(p: Problem, direction: str, nn: Any) -> tuple[Side, Side]:
    """The notes' GRU (z weights the candidate, reset before the product) against a step loop in PyTorch."""
    if nn is None:
        ours = kernel_side(direction, _kernels.gru, (p.x, p.h0, p.W, p.U, p.b), p.h_bar)
    else:
        given = {"x": p.x, "h0": p.h0, **by_gate(p, "zrH")}
        ours = interface_side(direction, nn.gated.gru, given, p.h_bar)
    return ours, loop_side(p, direction, "gru")


def elman(p: Problem, direction: str, nn: Any) -> tuple[Side, Side]:
    """The Elman network against torch.nn.RNN; through the interface both have a readout of one unit."""
    if nn is None:
        ours = kernel_side(direction, _kernels.elman, (p.x, p.h0, p.W, p.U, p.b), p.h_bar)
    else:
        given = {"x": p.x, "h0": p.h0, "W": p.W, "U": p.U, "b_h": p.b, "V": p.readout}
        ours = interface_side(direction, nn.recurrent.elman, given, p.h_bar, y=p.y_bar)
    return ours, module_side(p, direction, "RNN", (0,), readout=nn is not None)


def torch_backend_lstm(p: Problem, direction: str, nn: Any) -> tuple[Side, Side]:
    """What the interface costs: the PyTorch backend's LSTM against torch.nn.LSTM called directly."""
    W = np.concatenate([p.W, p.U], axis=1)
    given = {"x": p.x, "h0": p.h0, "c0": p.C0, "W": W, "b": p.b}
    tensors = {n: torch.from_numpy(a) for n, a in given.items()}
    ours = interface_side(direction, nn.gated.lstm, tensors, torch.from_numpy(p.h_bar))
    return ours, module_side(p, direction, "LSTM", (0, 1, 3, 2))


# cell → (how to build the two sides, gates, the equation in a backend, whom it meets)
CELLS: dict[str, tuple[Callable[[Problem, str, Any], tuple[Side, Side]], int, str, str]] = {
    "lstm": (lstm, 4, "gated.lstm", "nn.LSTM"),
    "lstm_peephole": (lstm_peephole, 4, "gated.lstm_peephole", "step loop"),
    "gru": (gru, 3, "gated.gru", "nn.GRU"),
    "gru_before": (gru_before, 3, "gated.gru", "step loop"),
    "elman": (elman, 1, "recurrent.elman", "nn.RNN"),
    "torch_backend_lstm": (torch_backend_lstm, 4, "gated.lstm", "nn.LSTM"),
}


# ---------------------------------------------------------------------------------------------- the measuring
def seconds(side: Callable[[], object], calls: int) -> float:
    """CPU seconds a call."""
    start = time.process_time()
    for _ in range(calls):
        side()
    return (time.process_time() - start) / calls


def agree(ours: Side, theirs: Side) -> None:
    """Both sides compute the same; it also warms them up."""
    for a, b in zip(ours(), theirs(), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        error = float(np.max(np.abs(a - b)) / np.max(np.abs(b)))
        if not error < 1e-3:
            raise click.ClickException(f"the two sides differ by {error:.1e}")


def measure(cell: str, size: Size, direction: str, nn: Any, rounds: int) -> Row:
    """Time one cell at one size."""
    build, gates, _, against = CELLS[cell]
    problem = Problem(size, gates)
    ours, theirs = build(problem, direction, nn)
    agree(ours, theirs)
    square, out = np.full((GEMM, GEMM), 0.5, np.float32), np.empty((GEMM, GEMM), np.float32)
    sides: dict[str, Callable[[], object]] = {
        "ours": ours,
        "theirs": theirs,
        "gemm": lambda: np.dot(square, square, out=out),
    }
    calls = {n: max(1, round(BLOCK_SECONDS / max(seconds(s, 2), 1e-6))) for n, s in sides.items()}
    times: dict[str, list[float]] = {n: [] for n in sides}
    for _ in range(rounds):
        for name in random.sample(sorted(sides), len(sides)):
            times[name].append(seconds(sides[name], calls[name]))

    ratios = [a / b for a, b in zip(times["ours"], times["theirs"], strict=True)]
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3

    def share(name: str) -> float:
        pairs = zip(times[name], times["gemm"], strict=True)
        return statistics.median(problem.flops(direction) / t / (2.0 * GEMM**3 / g) for t, g in pairs)

    return Row(
        cell=cell,
        against=against,
        size=size,
        direction=direction,
        milliseconds=1e3 * statistics.median(times["ours"]),
        their_milliseconds=1e3 * statistics.median(times["theirs"]),
        ratio=statistics.median(ratios),
        ratio_quartiles=(quartiles[0], quartiles[2]),
        gemm_share=share("ours"),
        their_gemm_share=share("theirs"),
        gemm_gflops=2e-9 * GEMM**3 / statistics.median(times["gemm"]),
    )


def environment() -> dict[str, Any]:
    """What the numbers depend on."""
    blas = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    return {
        "processor": processor(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "blas": [f"{p['internal_api']} {p['version']} ({p.get('architecture', '?')})" for p in blas],
        "torch_cpu": torch.backends.cpu.get_cpu_capability(),
        "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE"),
    }


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# ------------------------------------------------------------------------------------------------ the command
def supported(cell: str) -> bool:
    """True if the backend has the cell's equation."""
    try:
        backend = nnspec.backend(TORCH if cell.startswith("torch_backend") else NUMPY)
        return backend.supports(CELLS[cell][2])
    except nnspec.NnspecError:
        return False


def show(rows: list[Row], console: Console) -> None:
    """A table for every cell, with the geometric mean of its ratios."""
    for (cell, direction), group in grouped(rows):
        what = "forward and backward" if direction == "gradient" else "forward"
        mean = statistics.geometric_mean(r.ratio for r in group)
        table = Table(title=f"{cell} / {group[0].against}, {what}", caption=f"geometric mean of the ratios {mean:.2f}")
        for name in ("B, T, D, H", "ms", "theirs", "ratio", "quartiles", "% of GEMM", "theirs"):
            table.add_column(name, justify="left" if "," in name else "right", no_wrap=True)
        for r in group:
            table.add_row(
                ", ".join(map(str, r.size)),
                f"{r.milliseconds:.3g}",
                f"{r.their_milliseconds:.3g}",
                f"[bold]{r.ratio:.2f}[/]",
                f"{r.ratio_quartiles[0]:.2f}–{r.ratio_quartiles[1]:.2f}",
                f"{100 * r.gemm_share:.0f}",
                f"{100 * r.their_gemm_share:.0f}",
            )
        console.print(table)


def grouped(rows: list[Row]) -> Iterator[tuple[tuple[str, str], list[Row]]]:
    """The rows of one cell and direction together."""
    for key in dict.fromkeys((r.cell, r.direction) for r in rows):
        yield key, [r for r in rows if (r.cell, r.direction) == key]


def parse_size(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[Size, ...]:
    """B,T,D,H of every --size."""
    sizes = []
    for value in values:
        parts = value.split(",")
        if len(parts) != 4 or not all(p.strip().isdecimal() and int(p) > 0 for p in parts):
            raise click.BadParameter(f"{value!r} is not B,T,D,H")
        B, T, D, H = map(int, parts)
        sizes.append((B, T, D, H))
    return tuple(sizes) or SIZES


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--cell", "cells", multiple=True, type=click.Choice(list(CELLS)), help="A cell; default: all.")
@click.option("--size", "sizes", multiple=True, callback=parse_size, metavar="B,T,D,H", help="A size.")
@click.option("--direction", type=click.Choice(["gradient", "forward", "both"]), default="gradient")
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
@click.option("--kernels", is_flag=True, help="Time the bare kernels, not the interface of the backend.")
@click.option("--checks/--no-checks", default=True, help="Whether the interface checks that values are finite.")
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows there.")
def main(
    cells: tuple[str, ...],
    sizes: tuple[Size, ...],
    direction: str,
    rounds: int,
    kernels: bool,
    checks: bool,
    path: Path | None,
) -> None:
    """The command."""
    console = Console()
    torch.set_num_threads(1)
    about = environment()
    for name, value in about.items():
        console.print(f"{name:18} {value}", highlight=False)
    if about["OPENBLAS_CORETYPE"]:
        console.print("[bold red]OPENBLAS_CORETYPE is set:[/] NumPy's products may run at half speed, PyTorch's not.")
    rows: list[Row] = []
    for cell in cells or CELLS:
        bare = kernels and not cell.startswith("torch_backend")
        if not bare and not supported(cell):
            if cell.startswith("torch_backend"):
                console.print(f"{cell}: not there yet, skipped")
                continue
            console.print(f"{cell}: {CELLS[cell][2]} is not in the backend, timing the kernel")
            bare = True
        name = TORCH if cell.startswith("torch_backend") else NUMPY
        nn = None if bare else nnspec.backend(name, check_values=checks)
        for which in ("gradient", "forward") if direction == "both" else (direction,):
            for size in sizes:
                with console.status(f"{cell} {size} {which}"):
                    rows.append(measure(cell, size, which, nn, rounds))
    if rows:
        show(rows, console)
        console.print(f"GEMM({GEMM}): {statistics.median(r.gemm_gflops for r in rows):.0f} GFLOP/s, float32")
    if path is not None:
        path.write_text(json.dumps({"environment": about, "rows": [asdict(r) for r in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
