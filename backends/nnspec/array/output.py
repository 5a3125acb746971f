"""What is read off the output layer, on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops
from nnspec.array.softmax import exponentials, refuse_masked, softmax_pullback


def argmax_decode(ops: Ops, z: Array, lengths: Array | None) -> Any:
    """The largest score of every step; the lowest index at a tie."""
    xp = ops.xp
    refuse_masked(ops, xp.max(z, axis=-1), "output.argmax_decode", "z")
    return (xp.argmax(z, axis=-1),), None


def task_heads(ops: Ops, z: Array, task: str) -> Any:
    """Softmax, sigmoid or identity."""
    if task == "regression":
        return (z + 0.0,), lambda y_bar: {"z": y_bar + 0.0}
    if task == "binary":
        y = ops.sigmoid(z)
        return (y,), lambda y_bar: {"z": y_bar * (y * (1.0 - y))}
    e, s, _ = exponentials(ops, z)
    y = e / s
    return (y,), lambda y_bar: {"z": softmax_pullback(ops, y, y_bar)}
