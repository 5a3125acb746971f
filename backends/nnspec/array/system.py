"""NLP systems on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._mlp import classifier, hidden
from nnspec.array._ops import Array, Ops
from nnspec.array.embedding import average


def deep_averaging_network(
    ops: Ops,
    words: Array,
    mask: Array | None,
    E: Array,
    W: list[Array],
    b: list[Array],
    U: Array,
    c: Array,
    activation: str,
    grad_at_zero: int,
) -> Any:
    """softmax(U g(… g(W av + b)) + c)."""
    (av,), pull_av = average(ops, ops.rows(E, words), mask)
    h, pull_h = hidden(ops, av, W, b, activation, grad_at_zero)
    z, p, pull_z = classifier(ops, h, U, c)

    def pullback(z_bar: Array, p_bar: Array) -> dict[str, Any]:
        h_bar, gradients = pull_z(z_bar, p_bar)
        av_bar, W_bar, b_bar = pull_h(h_bar)
        E_bar = ops.scatter_add(pull_av(av_bar)["w"], words, E.shape[0])
        return {**gradients, "E": E_bar, "W": W_bar, "b": b_bar}

    return (z, p), pullback


def coref_scorer(ops: Ops, h_0: Array, W: list[Array], b: list[Array], u: Array, c: Array, grad_at_zero: int) -> Any:
    """u · h_L + c on ReLU layers."""
    xp = ops.xp
    h, pull_h = hidden(ops, h_0, W, b, "relu", grad_at_zero)

    def pullback(score_bar: Array) -> dict[str, Any]:
        h_0_bar, W_bar, b_bar = pull_h(score_bar[:, None] * u[None, :])
        u_bar = xp.sum(score_bar[:, None] * h, axis=0)
        return {"h_0": h_0_bar, "W": W_bar, "b": b_bar, "u": u_bar, "c": ops.total(score_bar, keep=0)}

    return (xp.matmul(h, u) + c,), pullback
