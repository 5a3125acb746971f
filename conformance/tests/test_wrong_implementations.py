"""Deliberately wrong implementations on arrays: every one must fail `check` in the quick profile.

The named variants (`nnspec zoo`) are wrong *equations*. These are wrong *programs* around right ones: gate order,
layout, buffers, padding, precision, reductions, batches. Each spoils the NumPy backend in one place.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nnspec
from nnspec_conformance import runner, variants, zoo
from nnspec_conformance.cases import build, corners
from nnspec_conformance.examine import examine
from nnspec_conformance.judge import expect
from nnspec_conformance.targets import BackendTarget, ModuleTarget
from nnspec_reference.catalogue import catalogue

nn = nnspec.backend("numpy")
Arrays = dict[str, Any]


def implementation(
    equation: str,
    before: Callable[[Arrays], Arrays] = dict,
    outputs: Callable[[Arrays, Arrays], Arrays] = lambda out, arguments: out,
    gradients: Callable[[Arrays, Arrays], Arrays] = lambda g, arguments: g,
    cotangents: Callable[[Arrays], Arrays] = dict,
) -> ModuleTarget:
    """The NumPy backend's equation with something done to its arguments, outputs, cotangents or gradients."""
    operation = nn[equation]

    def forward(**arguments: Any) -> Arrays:
        return outputs(operation(**before(dict(arguments)))._asdict(), arguments)

    def backward(seeds: Arrays, **arguments: Any) -> Arrays:
        _, pullback = operation.vjp(**before(dict(arguments)))
        return gradients(pullback(cotangents(dict(seeds))), arguments)

    name = equation.replace(".", "_")
    return ModuleTarget("wrong", SimpleNamespace(**{name: forward, f"{name}_vjp": backward}))


def rejected(target: ModuleTarget | BackendTarget, equation: str) -> set[str]:
    """The aspects that a quick run rejects: by its first corner cases if they do, else by all of it."""
    record = catalogue()[equation]
    aspects = ["forward", "gradient"] if record.smooth else ["forward"]
    found = set()
    for note, plan in corners(record)[:8] if isinstance(target, ModuleTarget) else ():
        case = build(record, plan, target.dtypes()[0], note)
        found |= {a for a, f in examine(target, expect(case), aspects).items() if f.bad and f.error is None}
        if len(found) == len(aspects):
            break
    if found:
        return found
    chosen = runner.Settings(equations=(equation,), aspects=("forward", "gradient", "structure"), shrink_seconds=0)
    report = runner.check([target], chosen)
    assert not report.ok
    rows = [r for r in report.rows[target.name] if r.verdict in ("fail", "error")]
    assert rows, report.summary(target.name)
    return {r.aspect for r in rows}


def test_the_unspoilt_implementation_passes() -> None:
    """Else everything below would prove nothing."""
    for equation in ("gated.lstm", "gated.gru", "softmax.vector", "layer.affine", "embedding.onehot_lookup"):
        target = implementation(equation)
        chosen = runner.Settings(equations=(equation,), aspects=("forward", "gradient", "structure"))
        assert runner.check([target], chosen).ok


# ----------------------------------------------------------------------------------------- gate order
ORDERS = [p for p in itertools.permutations("ifog") if p != tuple("ifog")]


@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_gates_in_another_order(order: tuple[str, ...]) -> None:
    def rows(H: int) -> Any:
        return np.concatenate([np.arange("ifog".index(g) * H, ("ifog".index(g) + 1) * H) for g in order])

    def before(a: Arrays) -> Arrays:
        at = rows(a["h0"].shape[1])
        return {**a, "W": a["W"][at], "b": None if a.get("b") is None else a["b"][at]}

    def back(g: Arrays, a: Arrays) -> Arrays:
        at = np.argsort(rows(a["h0"].shape[1]))
        return {n: v[at] if n in ("W", "b") else v for n, v in g.items()}

    found = rejected(implementation("gated.lstm", before, gradients=back), "gated.lstm")
    assert {"forward", "gradient"} <= found


# ------------------------------------------------------------------------------------------- the rest
def narrow(a: Arrays) -> Arrays:
    return {n: v.astype(np.float32) if isinstance(v, np.ndarray) and v.dtype == np.float64 else v for n, v in a.items()}


def widened(out: Arrays, like: Arrays) -> Arrays:
    return {n: v.astype(np.float64) if v.dtype == np.float32 else v for n, v in out.items()}


def posing(equation: str) -> ModuleTarget:
    return implementation(equation, narrow, widened, widened, narrow)


def no_lengths(a: Arrays) -> Arrays:
    """Padding is run through like everything else (with zeros in place of NaN)."""
    return {
        n: np.nan_to_num(v) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for n, v in a.items()
        if n != "lengths"
    }


def sort_twice(out: Arrays, a: Arrays) -> Arrays:
    """Sorted by length for the kernel, and sorted again instead of back."""
    if a.get("lengths") is None:
        return out
    order = np.argsort(-a["lengths"], kind="stable")
    return {n: v[order][order] for n, v in out.items()}


def overwrite(g: Arrays, a: Arrays) -> Arrays:
    """``R̄[w] = ḡ`` keeps the last of repeated indices."""
    wrong = np.zeros_like(g["R"])
    for row in range(a["w"].shape[0]):
        for place in range(a["w"].shape[1]):
            wrong[a["w"][row, place]] = overwrite.seeds[row, place]  # type: ignore[attr-defined]
    return {**g, "R": wrong}


def remember(seeds: Arrays) -> Arrays:
    overwrite.seeds = next(iter(seeds.values()))  # type: ignore[attr-defined]
    return seeds


def naive_softmax(out: Arrays, a: Arrays, shift: Callable[[Any], Any] = lambda z: 0.0) -> Arrays:
    with np.errstate(all="ignore"):
        e = np.exp(a["z"] - shift(a["z"]))
        return {"p": e / e.sum(-1, keepdims=True)}


def in_place(name: str) -> Callable[[Arrays, Arrays], Arrays]:
    def spoil(out: Arrays, a: Arrays) -> Arrays:
        a[name] *= 0.5
        return out

    return spoil


_buffers: dict[tuple[int, ...], Any] = {}


def one_buffer(out: Arrays, a: Arrays) -> Arrays:
    """Returns a workspace that the next call writes to."""
    found = {}
    for n, v in out.items():
        workspace = _buffers.setdefault(v.shape, np.empty_like(v))
        if workspace.dtype != v.dtype:
            workspace = _buffers[v.shape] = np.empty_like(v)
        workspace[...] = v
        found[n] = workspace
    return found


def raw_memory(a: Arrays) -> Arrays:
    """Takes the elements in the order of memory, whatever the strides say."""
    return {
        n: v.ravel(order="K").reshape(v.shape) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for n, v in a.items()
    }


_calls = itertools.count()


def every(name: str, change: Callable[[Any], Any]) -> Callable[[Arrays, Arrays], Arrays]:
    """One output or gradient changed."""
    return lambda g, a: {n: change(v) if n == name else v for n, v in g.items()}


def all_of(change: Callable[[Any], Any]) -> Callable[[Arrays, Arrays], Arrays]:
    """Every output or gradient changed."""
    return lambda g, a: {n: change(v) for n, v in g.items()}


def mean_gradient(*names: str) -> Callable[[Arrays, Arrays], Arrays]:
    """Averaged over the batch instead of summed."""
    return lambda g, a: {n: v / max(1, a["x"].shape[0]) if n in names else v for n, v in g.items()}


def fast_tanh(out: Arrays, a: Arrays) -> Arrays:
    """A rational approximation, good to 1e-7."""
    x = np.clip(a["x"], -4.97, 4.97)
    x2 = x * x
    return {"y": x * (135135 + x2 * (17325 + x2 * (378 + x2))) / (135135 + x2 * (62370 + x2 * (3150 + x2 * 28)))}


def unflipped(out: Arrays, a: Arrays) -> Arrays:
    """The backward direction's states stay in the order in which they were computed."""
    H = a["h0_f"].shape[1]
    h = out["h"].copy()
    h[:, :, H:] = h[:, ::-1, H:]
    return {**out, "h": h}


def tile_rows(change: int) -> Callable[[Arrays, Arrays], Arrays]:
    """A kernel of fixed tiles that leaves the last odd row out."""

    def spoil(out: Arrays, a: Arrays) -> Arrays:
        found = {}
        for n, v in out.items():
            v = v.copy()
            if v.shape[0] % 2 and v.shape[0] > 1:
                v[-1] = 0.0
            found[n] = v
        return found

    return spoil


# ----------------------------------------------------------------- wrong beyond what tiny, ordinary cases show
def shifted_by(shift: Callable[[Any], Any]) -> Callable[[Arrays, Arrays], Arrays]:
    return lambda o, a: naive_softmax(o, a, lambda z: shift(np.where(np.isfinite(z), z, -1e3)))


def tail_left_out(name: str, axis: int, tile: int) -> Callable[[Arrays], Arrays]:
    """Beyond one tile, what a last, partial tile would hold is not read."""

    def before(a: Arrays) -> Arrays:
        x = a[name].copy()
        if x.shape[axis] > tile:
            np.moveaxis(x, axis, 0)[x.shape[axis] // tile * tile :] = 0.0
        return {**a, name: x}

    return before


def block_of_rows(out: Arrays, a: Arrays) -> Arrays:
    """Every block of 1024 examples but the first is off by one row."""
    return {n: np.concatenate([v[:1024], np.roll(v[1024:], 1, 0)]) if len(v) > 1024 else v for n, v in out.items()}


def first_block_only(seeds: Arrays) -> Arrays:
    """The sum over the batch stops after 1024 examples."""
    found = {n: c.copy() for n, c in seeds.items()}
    for c in found.values():
        c[1024:] = 0.0
    return found


def unless_all(seeds: Arrays) -> Arrays:
    """A result without cotangents is taken for none having any."""
    return seeds if all(c.any() for c in seeds.values()) else {n: 0.0 * c for n, c in seeds.items()}


def unmasked(a: Arrays) -> Arrays:
    return {**a, "z": np.where((a["z"] == -np.inf).all(-1, keepdims=True), 0.0, a["z"])}


def by_formula(out: Arrays, a: Arrays) -> Arrays:
    """A constant feature is divided by a standard deviation that is 0 but for rounding."""
    mean, N = a["X"].sum(0) / len(a["X"]), len(a["X"])
    std = np.sqrt(((a["X"] - mean) ** 2).sum(0) / N)
    with np.errstate(all="ignore"):
        return {**out, "z": (a["x"] - mean) / np.where(std == 0.0, 1.0, std)}


WRONG: dict[str, tuple[str, ModuleTarget]] = {
    # precision
    "float32 posing as float64: softmax": ("softmax.vector", posing("softmax.vector")),
    "float32 posing as float64: lstm": ("gated.lstm", posing("gated.lstm")),
    "float32 posing as float64: affine": ("layer.affine", posing("layer.affine")),
    "float32 posing as float64: cross-entropy": (
        "loss.softmax_cross_entropy",
        posing("loss.softmax_cross_entropy"),
    ),
    "one entry off by 1e-12": (
        "softmax.vector",
        implementation("softmax.vector", outputs=all_of(lambda p: p * (1 + 1e-12))),
    ),
    "a rational tanh good to 1e-7": ("activation.tanh", implementation("activation.tanh", outputs=fast_tanh)),
    "float64 for float32": (
        "layer.affine",
        implementation("layer.affine", outputs=all_of(lambda z: z.astype(np.float64))),
    ),
    "gradient in float64 for float32": (
        "layer.affine",
        implementation("layer.affine", gradients=all_of(lambda z: z.astype(np.float64))),
    ),
    # softmax
    "softmax without shift": ("softmax.vector", implementation("softmax.vector", outputs=naive_softmax)),
    "softmax shifted by max(0, max)": (
        "softmax.vector",
        implementation(
            "softmax.vector",
            outputs=lambda o, a: naive_softmax(o, a, lambda z: np.maximum(0.0, z.max(-1, keepdims=True))),
        ),
    ),
    "softmax over the batch": (
        "softmax.vector",
        implementation(
            "softmax.vector",
            outputs=lambda o, a: (
                {"p": np.exp(a["z"] - a["z"].max(0)) / np.exp(a["z"] - a["z"].max(0)).sum(0)} if len(a["z"]) else o
            ),
        ),
    ),
    "softmax with 1e-12 in the denominator": (
        "softmax.vector",
        implementation("softmax.vector", outputs=all_of(lambda p: p / (1.0 + 1e-12))),
    ),
    "softmax clipped to [1e-7, 1]": (
        "softmax.vector",
        implementation("softmax.vector", outputs=all_of(lambda p: np.clip(p, 1e-7, 1.0).astype(p.dtype))),
    ),
    # activations
    "sigmoid of a clipped argument": (
        "activation.sigmoid",
        implementation("activation.sigmoid", lambda a: {"x": np.clip(a["x"], -30, 30)}),
    ),
    "tanh = 0": ("activation.tanh", implementation("activation.tanh", outputs=all_of(np.zeros_like))),
    "relu by multiplication": (
        "activation.relu",
        implementation("activation.relu", outputs=lambda o, a: {"y": a["x"] * (a["x"] > 0)}),
    ),
    "relu that swallows NaN": (
        "activation.relu",
        implementation("activation.relu", outputs=lambda o, a: {"y": np.fmax(a["x"], 0).astype(a["x"].dtype)}),
    ),
    "relu with slope 1/2 at 0": (
        "activation.relu",
        implementation(
            "activation.relu",
            gradients=lambda g, a: {"x": np.where(a["x"] == 0, g["x"] / 2 + (g["x"] == 0) * 0.5, g["x"])},
        ),
    ),
    # memory
    "writes to its input": (
        "activation.sigmoid",
        implementation("activation.sigmoid", outputs=in_place("x")),
    ),
    "writes to its weights": ("layer.affine", implementation("layer.affine", outputs=in_place("W"))),
    "writes to the cotangent": (
        "layer.affine",
        implementation(
            "layer.affine",
            cotangents=lambda c: {
                n: np.multiply(v, 1.0, out=v) if not v.size else v.__imul__(1.0 + 2.0**-30) for n, v in c.items()
            },
        ),
    ),
    "returns its workspace": ("layer.affine", implementation("layer.affine", outputs=one_buffer)),
    "ignores strides": ("layer.affine", implementation("layer.affine", raw_memory)),
    "ignores strides of the gates": ("gated.lstm", implementation("gated.lstm", raw_memory)),
    "other numbers every time": (
        "layer.affine",
        implementation("layer.affine", outputs=all_of(lambda z: z * (1 + next(_calls) % 2 * 2.0**-52))),
    ),
    # shapes and batches
    "a batch of one loses its axis": (
        "layer.affine",
        implementation("layer.affine", outputs=all_of(lambda z: z[0] if len(z) == 1 else z)),
    ),
    "drops the last odd row of a tile": ("layer.dense", implementation("layer.dense", outputs=tile_rows(2))),
    "computes the first example only": (
        "softmax.vector",
        implementation("softmax.vector", outputs=all_of(lambda p: np.broadcast_to(p[:1], p.shape) if len(p) else p)),
    ),
    "fails on an empty batch": (
        "softmax.vector",
        implementation("softmax.vector", outputs=all_of(lambda p: p / p[0].sum() * p[0].sum())),
    ),
    "size 1 broadcasts": (
        "layer.affine",
        implementation(
            "layer.affine",
            outputs=lambda o, a: {"z": np.repeat(o["z"], 2, 1) if o["z"].shape[1] == 1 else o["z"]},
        ),
    ),
    # reductions
    "bias gradient averaged over the batch": (
        "layer.affine",
        implementation("layer.affine", gradients=mean_gradient("b")),
    ),
    "weight gradient averaged over the batch": (
        "gated.gru",
        implementation("gated.gru", gradients=mean_gradient("W_z")),
    ),
    "no bias gradient": ("layer.dense", implementation("layer.dense", gradients=every("b", np.zeros_like))),
    "a gradient is missing": (
        "layer.affine",
        implementation("layer.affine", gradients=lambda g, a: {n: v for n, v in g.items() if n != "b"}),
    ),
    "a gradient is None": (
        "layer.affine",
        implementation("layer.affine", gradients=every("W", lambda v: None)),
    ),
    "gradients change places": (
        "gated.lstm_jm_names",
        implementation("gated.lstm_jm_names", gradients=lambda g, a: {**g, "U_f": g["U_i"], "U_i": g["U_f"]}),
    ),
    "the gradient's sign is flipped": (
        "loss.softmax_cross_entropy",
        implementation("loss.softmax_cross_entropy", gradients=every("z", np.negative)),
    ),
    "cotangents are taken for ones": (
        "activation.sigmoid",
        implementation("activation.sigmoid", cotangents=lambda c: {n: np.ones_like(v) for n, v in c.items()}),
    ),
    # indices
    "repeated indices overwrite": (
        "embedding.onehot_lookup",
        implementation("embedding.onehot_lookup", cotangents=remember, gradients=overwrite),
    ),
    "ties go to the last": (
        "output.argmax_decode",
        implementation(
            "output.argmax_decode",
            outputs=lambda o, a: {
                "y": np.where(
                    o["y"] * 0 == 0, a["z"].shape[-1] - 1 - np.argmax(np.nan_to_num(a["z"])[..., ::-1], -1), 0
                )
                * (
                    np.ones_like(o["y"])
                    if a.get("lengths") is None
                    else (np.arange(o["y"].shape[1]) < a["lengths"][:, None])
                )
            },
        ),
    ),
    # time
    "padding is run through: lstm": ("gated.lstm", implementation("gated.lstm", no_lengths)),
    "padding is run through: birnn": ("sequence.birnn", implementation("sequence.birnn", no_lengths)),
    "padding is run through: elman": ("recurrent.elman", implementation("recurrent.elman", no_lengths)),
    "sorted twice instead of back": ("gated.gru", implementation("gated.gru", outputs=sort_twice)),
    "the backward direction is not flipped back": (
        "sequence.birnn",
        implementation("sequence.birnn", outputs=unflipped),
    ),
    "the initial state is forgotten": (
        "gated.gru",
        implementation("gated.gru", lambda a: {**a, "h0": np.zeros_like(a["h0"])}),
    ),
    "the initial cell is forgotten": (
        "gated.lstm",
        implementation("gated.lstm", lambda a: {**a, "c0": np.zeros_like(a["c0"])}),
    ),
    "h and c change places": (
        "gated.lstm",
        implementation("gated.lstm", outputs=lambda o, a: {**o, "h_T": o["c_T"], "c_T": o["h_T"]}),
    ),
    "the cotangent of the last state is dropped": (
        "gated.lstm",
        implementation("gated.lstm", cotangents=lambda c: {**c, "h_T": np.zeros_like(c["h_T"])}),
    ),
    "the cotangent of the last cell is dropped": (
        "gated.lstm_peephole",
        implementation("gated.lstm_peephole", cotangents=lambda c: {**c, "C_T": np.zeros_like(c["C_T"])}),
    ),
    "only the last step has a gradient": (
        "recurrent.elman",
        implementation(
            "recurrent.elman",
            cotangents=lambda c: {
                n: np.concatenate([0 * v[:, :-1], v[:, -1:]], 1) if v.ndim == 3 else v for n, v in c.items()
            },
        ),
    ),
    "every gradient is 0 (thinc's base backprop_lstm)": (
        "gated.lstm",
        implementation("gated.lstm", gradients=all_of(np.zeros_like)),
    ),
    "no gradient of the initial state": (
        "gated.gru",
        implementation("gated.gru", gradients=every("h0", np.zeros_like)),
    ),
    "time runs backwards": (
        "gated.gru",
        implementation("gated.gru", lambda a: {**a, "x": a["x"][:, ::-1]}, lambda o, a: {**o, "h": o["h"][:, ::-1]}),
    ),
    "a step is skipped": (
        "recurrent.elman",
        implementation(
            "recurrent.elman",
            lambda a: {
                **a,
                "x": np.where(np.arange(a["x"].shape[1])[None, :, None] == 1, 0 * np.nan_to_num(a["x"]), a["x"]).astype(
                    a["x"].dtype
                ),
            },
        ),
    ),
    "the recurrent matrix is transposed": (
        "recurrent.elman",
        implementation("recurrent.elman", lambda a: {**a, "U": a["U"].T}),
    ),
    "an error only after twelve steps": (
        "gated.gru",
        implementation(
            "gated.gru",
            outputs=lambda o, a: {
                **o,
                "h": o["h"]
                * np.where(np.arange(o["h"].shape[1]) > 12, 1 + 1e-9, 1.0)[None, :, None].astype(o["h"].dtype),
            },
        ),
    ),
    # sizes, values and combinations that tiny, ordinary cases do not have
    "softmax shifted by the mean": (
        "softmax.vector",
        implementation("softmax.vector", outputs=shifted_by(lambda z: z.mean(-1, keepdims=True))),
    ),
    "softmax shifted by the first score": (
        "softmax.vector",
        implementation("softmax.vector", outputs=shifted_by(lambda z: z[..., :1])),
    ),
    "a tile's tail is left out: inputs": (
        "layer.affine",
        implementation("layer.affine", tail_left_out("x", 1, 16)),
    ),
    "a tile's tail is left out: units": (
        "layer.affine",
        implementation("layer.affine", tail_left_out("W", 0, 32)),
    ),
    "a tile's tail is left out: gates": (
        "gated.lstm",
        implementation("gated.lstm", tail_left_out("W", 0, 64)),
    ),
    "a tile's tail is left out: classes": (
        "softmax.vector",
        implementation("softmax.vector", tail_left_out("z", 1, 128)),
    ),
    "indices of eight bits": (
        "embedding.onehot_lookup",
        implementation("embedding.onehot_lookup", lambda a: {**a, "w": a["w"].astype(np.uint8).astype(np.int64)}),
    ),
    "a block of rows is off by one": ("layer.dense", implementation("layer.dense", outputs=block_of_rows)),
    "a block of rows is off by one: lstm": (
        "gated.lstm",
        implementation("gated.lstm", outputs=block_of_rows),
    ),
    "the sum over the batch stops": (
        "layer.affine",
        implementation("layer.affine", cotangents=first_block_only),
    ),
    "one result without cotangents": ("gated.lstm", implementation("gated.lstm", cotangents=unless_all)),
    "a masked row is decoded": ("output.argmax_decode", implementation("output.argmax_decode", unmasked)),
    "a constant feature is divided by rounding errors": (
        "preprocess.standardize",
        implementation("preprocess.standardize", outputs=by_formula),
    ),
    "an unseen context has a gradient": (
        "lm.ngram_mle",
        implementation(
            "lm.ngram_mle",
            gradients=lambda g, a: {
                "count": np.where(a["count"].any(1, keepdims=True), g["count"], 1.0).astype(g["count"].dtype)
            },
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_program_is_rejected(name: str) -> None:
    equation, target = WRONG[name]
    assert rejected(target, equation)


# ------------------------------------------------------------------- what only a backend's interface can break
def spoilt(equation: str, spoil: Callable[[Any, Any], Any], before: Callable[[Arrays], Arrays] = dict) -> BackendTarget:
    """The NumPy backend with something done to one equation's outputs and pullback."""
    backend = nnspec.backend("nnspec.numpy_backend:load")
    operation = backend[equation]
    body = operation._body

    def wrong(ops: Any, **arguments: Any) -> Any:
        return spoil(*body(ops, **before(arguments)))

    operation._body = wrong
    return BackendTarget("spoilt", backend)


def latest_pullback() -> Callable[[Any, Any], Any]:
    """What backward needs is kept in one place, which the next call takes."""
    kept: dict[Any, Any] = {}

    def spoil(outputs: Any, pullback: Any) -> Any:
        key = tuple(o.shape for o in outputs), str(outputs[0].dtype)
        kept[key] = pullback
        return outputs, lambda *seeds: kept[key](*seeds)

    return spoil


def cached_gradient(outputs: Any, pullback: Any) -> Any:
    """The first gradients are given again, whatever the cotangents."""
    found: list[Any] = []

    def pull(*seeds: Any) -> Any:
        found.append(pullback(*seeds))
        return {n: g.copy() for n, g in found[0].items()}

    return outputs, pull


def gradient_buffers() -> Callable[[Any, Any], Any]:
    """Gradients are returned in a workspace that the next call writes to."""
    kept: dict[Any, Any] = {}

    def spoil(outputs: Any, pullback: Any) -> Any:
        def pull(*seeds: Any) -> Any:
            found = {}
            for n, g in pullback(*seeds).items():
                found[n] = kept.setdefault((n, g.shape, str(g.dtype)), np.empty_like(g))
                found[n][...] = g
            return found

        return outputs, pull

    return spoil


def lent(outputs: Any, pullback: Any) -> Any:
    """A gradient is the cotangent itself where there is nothing to do."""
    return outputs, lambda *seeds: {
        n: seeds[0] if g.shape == seeds[0].shape and (g == seeds[0]).all() else g for n, g in pullback(*seeds).items()
    }


def wide_indices_only(a: Arrays) -> Arrays:
    """Offsets into the table are computed in the indices' own width."""
    return {**a, "w": a["w"] if a["w"].dtype == np.int64 else a["w"] * 0}


SPOILT: dict[str, tuple[str, Callable[[], BackendTarget]]] = {
    "a pullback of the latest call": ("layer.affine", lambda: spoilt("layer.affine", latest_pullback())),
    "a pullback of the latest call: lstm": ("gated.lstm", lambda: spoilt("gated.lstm", latest_pullback())),
    "the first gradients again": ("layer.dense", lambda: spoilt("layer.dense", cached_gradient)),
    "gradients in a workspace": ("layer.affine", lambda: spoilt("layer.affine", gradient_buffers())),
    "narrow indices": (
        "embedding.onehot_lookup",
        lambda: spoilt("embedding.onehot_lookup", lambda o, p: (o, p), wide_indices_only),
    ),
    "a cotangent is handed through": ("dynamics.iterated_map", lambda: spoilt("dynamics.iterated_map", lent)),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_backend_is_rejected(name: str) -> None:
    equation, make = SPOILT[name]
    assert rejected(make(), equation)


# ------------------------------------------------------------------------------------------- the zoo
@pytest.mark.parametrize("name", list(variants.variants()))
def test_a_known_mistake_is_rejected_and_named(name: str) -> None:
    found = zoo.kill(variants.variants()[name])
    assert found.killed, "it survives"
    assert found.diagnosed, f"it is taken for {found.named or 'nothing known'}"


def test_the_zoo_is_populated() -> None:
    assert len(variants.variants()) >= 400
