"""Wrong programs of the kind that passes a test by eye: right on most inputs, to most digits, or for one example.

`test_wrong_implementations` spoils layout, buffers and gradients. These are numerics that cancel or overflow, sums in
single precision, caches with too short a key, axes that happen to agree, lengths and optional arguments at the edge.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nnspec
from nnspec_conformance import runner
from nnspec_conformance.targets import ModuleTarget

nn = nnspec.backend("numpy")
Arrays = dict[str, Any]
WRONG: dict[str, ModuleTarget] = {}


def add(equation: str, title: str, forward: Any = None, backward: Any = None) -> None:
    """Register a forward function, or a gradient, that is wrong; what is not given is right."""
    operation = nn[equation]

    def right(**a: Any) -> Arrays:
        outputs: Arrays = operation(**a)._asdict()
        return outputs

    def right_vjp(seeds: Arrays, **a: Any) -> Arrays:
        return dict(operation.vjp(**a)[1](seeds))

    name = equation.replace(".", "_")
    alone = {"gradient_alone": True} if backward is not None else {}
    module = SimpleNamespace(**{name: forward or right, f"{name}_vjp": backward or right_vjp}, **alone)
    WRONG[f"{equation}: {title}"] = ModuleTarget("wrong", module)


def after(equation: str, change: Callable[[Arrays, Arrays], Arrays]) -> Callable[..., Arrays]:
    """The right outputs, changed."""
    return lambda **a: change(nn[equation](**a)._asdict(), a)


def before(equation: str, change: Callable[[Arrays], Arrays]) -> Callable[..., Arrays]:
    """The right equation, of other arguments."""
    return lambda **a: nn[equation](**change(a))._asdict()


def gradient(equation: str, change: Callable[[Arrays, Arrays], Arrays]) -> Callable[..., Arrays]:
    """The right gradients, changed."""
    return lambda seeds, **a: change(dict(nn[equation].vjp(**a)[1](seeds)), a)


def f32(v: Any) -> Any:
    """Through single precision and back."""
    return v.astype(np.float32).astype(v.dtype)


# ------------------------------------------------------------------------------------------ numerics
def _(z: Any, y: Any) -> Any:
    return np.log(1 + np.exp(z)) - z * y


add("loss.binary_cross_entropy_logits", "log(1 + e^z)", _)
add(
    "loss.binary_cross_entropy_logits",
    "the probability is clipped",
    lambda z, y: (lambda p: -(y * np.log(p) + (1 - y) * np.log(1 - p)))(
        np.clip(1 / (1 + np.exp(-z)), 1e-7, 1 - 1e-7).astype(z.dtype)
    ),
)
add(
    "loss.binary_cross_entropy",
    "1e-8 in the logarithm",
    lambda y_hat, y: -(y * np.log(y_hat + 1e-8) + (1 - y) * np.log(1 - y_hat + 1e-8)),
)
add("loss.binary_cross_entropy", "0 log 0 is NaN", lambda y_hat, y: -(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)))
add(
    "softmax.log_sum_exp",
    "shifted by the mean",
    lambda a: (lambda m: (m + np.log(np.exp(a - m).sum(-1, keepdims=True)))[..., 0])(a.mean(-1, keepdims=True)),
)
add(
    "softmax.log_sum_exp",
    "summed in single precision",
    lambda a: (lambda m: (m + np.log(np.exp(a - m).astype(np.float32).sum(-1, keepdims=True).astype(a.dtype)))[..., 0])(
        np.maximum(a.max(-1, keepdims=True), -1e300)
    ),
)
add(
    "softmax.vector",
    "shifted by the largest of the batch",
    lambda z: (lambda e: e / e.sum(-1, keepdims=True))(np.exp(z - z.max(initial=-1e30))),
)
add(
    "softmax.vector",
    "never quite 0",
    after("softmax.vector", lambda o, a: {"p": np.maximum(o["p"], np.finfo(np.float32).tiny).astype(o["p"].dtype)}),
)
add(
    "loss.softmax_cross_entropy",
    "log(p + ε)",
    lambda z, i: -np.log(nn.softmax.vector(z=z).p[np.arange(len(z)), i] + 1e-12),
)
add(
    "softmax.hierarchical",
    "log P is the logarithm of P",
    after("softmax.hierarchical", lambda o, a: {**o, "log_p": np.log(o["p"])}),
)
add(
    "softmax.class_factored",
    "log P is the logarithm of P",
    after("softmax.class_factored", lambda o, a: {**o, "log_p": np.log(o["p"])}),
)
add("estimator.minibatch_variance", "E x² - (E x)²", lambda g, S: ((g * g).mean(0) - g.mean(0) ** 2) / S)
add(
    "estimator.minibatch_variance",
    "divided by N - 1",
    after(
        "estimator.minibatch_variance",
        lambda o, a: {"variance": o["variance"] * (len(a["g"]) / max(1, len(a["g"]) - 1))},
    ),
)
add(
    "preprocess.standardize",
    "ε in the deviation",
    lambda x, X: ((x - X.mean(0)) / np.sqrt(X.var(0) + 1e-12), X.mean(0), np.sqrt(X.var(0) + 1e-12)),
)
add(
    "preprocess.standardize",
    "a constant feature deviates by rounding",
    lambda x, X: (lambda s: ((x - X.mean(0)) / np.where(s == 0, 1, s).astype(x.dtype), X.mean(0), s))(
        np.sqrt(np.maximum((X * X).mean(0) - X.mean(0) ** 2, 0))
    ),
)
add(
    "embedding.cosine_similarity",
    "norms in single precision",
    before("embedding.cosine_similarity", lambda a: {**a, "r_1": f32(a["r_1"])}),
)
add(
    "embedding.cosine_similarity",
    "ε floors the product of the norms",
    lambda r_1, r_2, eps: (
        (r_1 * r_2).sum(1) / np.maximum(np.linalg.norm(r_1, axis=1) * np.linalg.norm(r_2, axis=1), r_1.dtype.type(eps))
    ),
)
add(
    "embedding.euclidean_distance",
    "r·r - 2 r·s + s·s",
    lambda r_1, r_2: np.sqrt(np.maximum((r_1 * r_1).sum(1) - 2 * (r_1 * r_2).sum(1) + (r_2 * r_2).sum(1), 0)),
)
add(
    "embedding.euclidean_distance",
    "1e-12 under the root",
    lambda r_1, r_2: np.sqrt(((r_1 - r_2) ** 2).sum(1) + r_1.dtype.type(1e-12)),
)
add(
    "embedding.euclidean_distance",
    "NaN gradient between equals",
    None,
    lambda c, r_1, r_2: (
        lambda d: {
            "r_1": d * (c["distance"] / np.sqrt((d * d).sum(1)))[:, None],
            "r_2": -d * (c["distance"] / np.sqrt((d * d).sum(1)))[:, None],
        }
    )(r_1 - r_2),
)
add(
    "embedding.unit_norm_identity",
    "the first by the second",
    after("embedding.unit_norm_identity", lambda o, a: {**o, "squared_distance": o["expanded"]}),
)
add(
    "activation.sigmoid",
    "(1 + tanh(x/2)) / 2 loses the tail",
    lambda x: x.dtype.type(0.5) * (1 + np.tanh(x * x.dtype.type(0.5))),
)
add("activation.tanh", "2 σ(2x) - 1", lambda x: 2 * nn.activation.sigmoid(x=2 * x).y - 1)
add(
    "activation.tanh",
    "linear where it is small",
    lambda x: np.asarray(np.where(np.abs(x) < 1e-4, x, np.tanh(x)), x.dtype),
)
add(
    "activation.sigmoid",
    "the slope is that of a rounded value",
    None,
    lambda c, x: {"x": c["y"] * (lambda s: s * (1 - s))(f32(nn.activation.sigmoid(x=x).y))},
)
add(
    "activation.sigmoid",
    "saturates at 15",
    before(
        "activation.sigmoid",
        lambda a: {"x": np.where(np.abs(a["x"]) > 15, 1e4 * np.sign(a["x"]), a["x"]).astype(a["x"].dtype)},
    ),
)
add(
    "layer.affine",
    "long sums in single precision",
    before("layer.affine", lambda a: {**a, "W": f32(a["W"])} if a["W"].shape[1] > 16 else a),
)
add(
    "layer.affine",
    "TF32 for float32",
    before(
        "layer.affine",
        lambda a: (
            {**a, "x": (np.round(a["x"] * 2**10) / 2**10).astype(a["x"].dtype)} if a["x"].dtype == np.float32 else a
        ),
    ),
)
add(
    "lm.chain_rule",
    "the product through float32 logarithms",
    after("lm.chain_rule", lambda o, a: {**o, "p": np.exp(f32(-o["nll"]))}),
)
add(
    "landscape.taylor2",
    "the half is forgotten where H is diagonal",
    after(
        "landscape.taylor2",
        lambda o, a: {
            "J": o["J"] + (((a["theta"] - a["theta_0"]) @ a["H"]) * (a["theta"] - a["theta_0"])).sum(1) / 2
            if a["H"].shape == (1, 1)
            else o["J"]
        },
    ),
)
add(
    "gradient.clip_norm",
    "1e-6 in the norm",
    before("gradient.clip_norm", lambda a: {**a, "max_norm": a["max_norm"] * (1 - 1e-7)}),
)
add(
    "gradient.clip_norm",
    "the norm overflows",
    lambda g, max_norm: (
        g * np.minimum(1, g.dtype.type(max_norm) / np.maximum(np.sqrt((g * g).sum()), np.finfo(g.dtype).tiny))
    ),
)


# --------------------------------------------------------------------------------- shapes and axes
def _square_bias(o: Arrays, a: Arrays) -> Arrays:
    b, z = a.get("b"), o["z"]
    return {"z": z - b + b[:, None]} if b is not None and z.shape[0] == z.shape[1] else o


add("layer.affine", "the bias runs along the batch where both are equal", after("layer.affine", _square_bias))
add(
    "layer.affine",
    "a square matrix is not transposed",
    before("layer.affine", lambda a: {**a, "W": a["W"].T} if a["W"].shape[0] == a["W"].shape[1] else a),
)
add(
    "layer.affine",
    "the gradient is right for one example",
    None,
    gradient("layer.affine", lambda g, a: {**g, "W": g["W"] / max(1, len(a["x"])) ** 0.5}),
)
add(
    "layer.affine",
    "the gradient takes the first example",
    None,
    lambda c, **a: (lambda g: {**g, "W": c["z"].T @ np.repeat(a["x"][:1], len(a["x"]), 0)})(
        dict(nn.layer.affine.vjp(**a)[1](c))
    ),
)
add(
    "layer.dense",
    "the slope of the first example for all",
    None,
    gradient(
        "layer.dense",
        lambda g, a: {**g, "x": g["x"] if len(g["x"]) < 3 else np.concatenate([g["x"][:-1], g["x"][-2:-1]])},
    ),
)
_packed: Arrays = {}
add(
    "layer.affine",
    "packed weights are kept by shape",
    before("layer.affine", lambda a: {**a, "W": _packed.setdefault(str((a["W"].shape, a["W"].dtype)), a["W"].copy())}),
)
_last: Arrays = {}


def _stale_bias(a: Arrays) -> Arrays:
    if a.get("b") is not None:
        _last["b"] = a["b"].copy()
        return a
    kept = _last.get("b")
    return {**a, "b": kept} if kept is not None and kept.shape == a["W"].shape[:1] and kept.dtype == a["W"].dtype else a


add("layer.affine", "no bias means the last one", before("layer.affine", _stale_bias))
add(
    "network.deep_feedforward",
    "at most two layers have a bias",
    before(
        "network.deep_feedforward",
        lambda a: {**a, "b": [b if k < 2 else 0 * b for k, b in enumerate(a["b"])]} if a.get("b") else a,
    ),
)
add(
    "network.mlp_softmax",
    "c counts only together with b",
    before("network.mlp_softmax", lambda a: {**a, "c": a.get("c") if a.get("b") is not None else None}),
)
add(
    "embedding.average",
    "the mask does not count",
    after(
        "embedding.average",
        lambda o, a: {
            "average": (a["w"] if a.get("mask") is None else a["w"] * a["mask"][:, :, None]).mean(1)
            if a["w"].shape[1]
            else o["average"]
        },
    ),
)
add(
    "loss.mean_cost",
    "a batch of one is a sum of none",
    after("loss.mean_cost", lambda o, a: {"J": o["J"] * (a["costs"].size > 1)}),
)


# ------------------------------------------------------------------------------------- time, lengths
def _clean(a: Arrays) -> Arrays:
    return {n: np.nan_to_num(v) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for n, v in a.items()}


def _cut(o: Arrays, a: Arrays) -> Arrays:
    """What lies beyond the lengths is zeroed."""
    if a.get("lengths") is None:
        return o
    return {
        n: v * (np.arange(v.shape[1]) < a["lengths"][:, None])[..., None] if v.ndim == 3 else v for n, v in o.items()
    }


def _last_by_index(o: Arrays, a: Arrays) -> Arrays:
    lengths = a.get("lengths")
    if lengths is None or not o["h"].shape[1]:
        return o
    return {**o, "h_T": o["h"][np.arange(len(lengths)), lengths - 1]}


def _no_lengths_but_cut(equation: str) -> Callable[..., Arrays]:
    """Zeros are run through; then the padding is cut off, so only the last state shows it."""

    def f(**a: Any) -> Arrays:
        clean = _clean(a)
        lengths = clean.pop("lengths", None)
        return _cut(nn[equation](**clean)._asdict(), {"lengths": lengths})

    return f


for recurrent in ("gated.lstm", "gated.gru", "recurrent.elman"):
    add(recurrent, "the last state is looked up at length - 1, which wraps at 0", after(recurrent, _last_by_index))
    add(recurrent, "the last state is that after the padding", _no_lengths_but_cut(recurrent))
    add(
        recurrent,
        "every sequence is as long as the longest",
        before(
            recurrent,
            lambda a: (
                {**_clean(a), "lengths": np.full_like(a["lengths"], a["lengths"].max())}
                if a.get("lengths") is not None
                else a
            ),
        ),
    )
    add(
        recurrent,
        "lengths are taken in descending order",
        before(
            recurrent,
            lambda a: {**_clean(a), "lengths": -np.sort(-a["lengths"])} if a.get("lengths") is not None else a,
        ),
    )
    add(
        recurrent,
        "the last step is lost beyond eight",
        after(
            recurrent,
            lambda o, a: {**o, "h_T": o["h"][:, -2]} if o["h"].shape[1] > 8 and a.get("lengths") is None else o,
        ),
    )
add("sequence.birnn", "the padding is reversed, too", _no_lengths_but_cut("sequence.birnn"))
add(
    "named.attention",
    "padding weighs e^0",
    lambda **a: (lambda c, n: _attend(nn["named.attention"](**c)._asdict(), n))(
        {n: v for n, v in _clean(a).items() if n != "lengths"}, a.get("lengths")
    ),
)


def _attend(o: Arrays, lengths: Any) -> Arrays:
    return o if lengths is None else {**o, "alpha": o["alpha"] * (np.arange(o["alpha"].shape[1]) < lengths[:, None])}


add(
    "named.attention",
    "the softmax has a diagonal Jacobian",
    None,
    gradient("named.attention", lambda g, a: {**g, "v": g["v"] * (1 + (a["h"].shape[1] > 2))}),
)
add(
    "named.neural_crf",
    "the first tag follows itself",
    after(
        "named.neural_crf",
        lambda o, a: {
            "log_p": o["log_p"]
            + (a["A"][a["y"][:, 0], a["y"][:, 0]] if a["y"].shape[1] and a.get("lengths") is None else 0)
        },
    ),
)
add(
    "gated.gru",
    "no gradient of c_H",
    None,
    gradient("gated.gru", lambda g, a: {**g, "c_H": 0 * g["c_H"]} if "c_H" in g else g),
)
add(
    "gated.gru",
    "the biases count only if all are there",
    before(
        "gated.gru",
        lambda a: (
            a
            if all(a.get(n) is not None for n in ("b_z", "b_r", "b_H"))
            else {**a, "b_z": None, "b_r": None, "b_H": None}
        ),
    ),
)
add(
    "gated.lstm_peephole",
    "the gradient of V_o misses the last step",
    None,
    gradient("gated.lstm_peephole", lambda g, a: {**g, "V_o": g["V_o"] * (a["x"].shape[1] < 2)}),
)
add(
    "loss.sequence_final_only",
    "no steps mean no state",
    before("loss.sequence_final_only", lambda a: {**a, "h0": None}),
)
add(
    "optimizer.adam",
    "β^t in single precision",
    before("optimizer.adam", lambda a: {**a, "beta_2": float(np.float32(a["beta_2"]))}),
)
add("optimizer.adam", "t starts at 2", before("optimizer.adam", lambda a: {**a, "t": a["t"] + 1}))
add(
    "optimizer.lr_decay",
    "the step is counted in eight bits",
    before("optimizer.lr_decay", lambda a: {**a, "k": np.abs(a["k"].astype(np.int8)).astype(np.int64)}),
)
add(
    "optimizer.trajectory",
    "one state for all tensors of a shape",
    after(
        "optimizer.trajectory", lambda o, a: {**o, "updates": np.repeat(o["updates"][:, :1], o["updates"].shape[1], 1)}
    ),
)
add(
    "features.distance_bucket",
    "the last bucket starts a step late",
    before("features.distance_bucket", lambda a: {"distance": a["distance"] - (a["distance"] == 64)}),
)
add(
    "activation.hard_threshold",
    "a tolerance of 1e-12",
    lambda x, tie="gt": ((x > 1e-12) if tie == "gt" else (x >= -1e-12)).astype(x.dtype),
)
add(
    "activation.hard_threshold",
    "the sign bit decides",
    lambda x, tie="gt": (np.where(x == 0, tie == "ge", x > 0) & ~((x == 0) & np.signbit(x))).astype(x.dtype),
)
add(
    "activation.relu",
    "below 1e-10 is nothing",
    lambda x, grad_at_zero=1: np.where(np.abs(x) < 1e-10, 0 * x, np.maximum(x, 0)).astype(x.dtype),
)
add("softmax.onehot_select", "multiplied out", lambda v, i: (v * np.eye(v.shape[1], dtype=v.dtype)[i]).sum(1))
add(
    "embedding.onehot_lookup",
    "an index of 127 at most",
    before("embedding.onehot_lookup", lambda a: {**a, "w": np.abs(a["w"].astype(np.int8)).astype(np.int64)}),
)
add(
    "output.argmax_decode",
    "NaN-free by a tolerance",
    before("output.argmax_decode", lambda a: {**a, "z": np.round(a["z"], 6)}),
)


@pytest.mark.parametrize("name", WRONG)
def test_a_subtly_wrong_program_is_rejected(name: str) -> None:
    target = WRONG[name]
    chosen = runner.Settings(
        equations=(name.partition(":")[0],),
        aspects=("gradient" if hasattr(target.module, "gradient_alone") else "forward",),
        dtypes=("float32" if "float32" in name else "float64",),
        shrink_seconds=0,
    )
    report = runner.check([target], chosen)
    bad = [r for r in report.rows["wrong"] if r.verdict in ("fail", "error")]
    assert bad, report.summary("wrong")
    errors = [r.message for r in bad if r.verdict == "error"]
    assert len(errors) < len(bad), errors  # else it is the test that is wrong
