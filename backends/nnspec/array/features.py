"""Input features on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._mlp import classifier, hidden
from nnspec.array._ops import Array, Ops

_STARTS = (1, 2, 3, 4, 5, 8, 16, 32, 64)


def pos_window(
    ops: Ops,
    words: Array,
    features: Array,
    E: Array,
    W: Array,
    b: Array | None,
    U: Array,
    c: Array | None,
    activation: str,
    grad_at_zero: int,
) -> Any:
    """softmax(U g(W [E_previous; E_current; E_next; features] + b) + c)."""
    xp = ops.xp
    B, (V, D) = words.shape[0], E.shape
    f = xp.concat([xp.reshape(ops.rows(E, words), (B, 3 * D)), features], axis=1)
    h, pull_h = hidden(ops, f, [W], [b], activation, grad_at_zero)
    z, p, pull_z = classifier(ops, h, U, c)

    def pullback(z_bar: Array, p_bar: Array) -> dict[str, Array]:
        h_bar, gradients = pull_z(z_bar, p_bar)
        f_bar, (W_bar,), (b_bar,) = pull_h(h_bar)
        E_bar = ops.scatter_add(xp.reshape(f_bar[:, : 3 * D], (B, 3, D)), words, V)
        return {**gradients, "features": f_bar[:, 3 * D :], "E": E_bar, "W": W_bar, "b": b_bar}

    return (z, p), pullback


def distance_bucket(ops: Ops, distance: Array) -> Any:
    """The number of buckets that begin at or below the distance; one-hot, and the distance itself."""
    xp = ops.xp
    d = xp.astype(distance, xp.int64)
    bucket = ops.zeros(d.shape, like=d)
    for start in _STARTS:
        bucket = bucket + xp.astype(d >= start, xp.int64)
    return (bucket, xp.concat([ops.onehot(bucket, 10, like=d), d[:, None]], axis=1)), None


def coref_input(ops: Ops, **parts: Array) -> Any:
    """Everything side by side, in the order of the arguments."""
    xp = ops.xp
    flat = {name: xp.reshape(part, (part.shape[0], _width(part))) for name, part in parts.items()}

    def pullback(h_bar: Array) -> dict[str, Array]:
        gradients, at = {}, 0
        for name, part in parts.items():
            width = flat[name].shape[1]
            gradients[name] = xp.reshape(h_bar[:, at : at + width] + 0.0, part.shape)
            at += width
        return gradients

    return (xp.concat(list(flat.values()), axis=1),), pullback


def _width(part: Array) -> int:
    width = 1
    for size in part.shape[1:]:
        width *= size
    return width
