"""Linear classification on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops


def linear_argmax(ops: Ops, f: Array, w: Array) -> Any:
    """The scores f w, and the first label with the largest."""
    xp = ops.xp
    scores = xp.matmul(f, w)

    def pullback(scores_bar: Array) -> dict[str, Array]:
        rows = xp.reshape(f, (-1, f.shape[2]))
        return {
            "f": scores_bar[:, :, None] * w[None, None, :],
            "w": xp.matmul(xp.reshape(scores_bar, (-1,)), rows),
        }

    return (scores, xp.argmax(scores, axis=1)), pullback
