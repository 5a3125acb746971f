"""Hidden layers and a softmax classifier on top, as several systems use them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnspec.array._ops import Array, Ops


def hidden(
    ops: Ops, x: Array, W: Sequence[Array], b: Sequence[Array | None], activation: str, grad_at_zero: int
) -> tuple[Array, Callable[[Array], tuple[Array, list[Array], list[Array]]]]:
    """h = g(W h + b), layer by layer; the pullback gives x̄, and lists of W̄ and b̄."""
    states, slopes = [x], []
    for W_l, b_l in zip(W, b, strict=True):
        h, slope = ops.activation(activation, ops.affine(states[-1], W_l, b_l), grad_at_zero)
        states.append(h)
        slopes.append(slope)

    def pullback(h_bar: Array) -> tuple[Array, list[Array], list[Array]]:
        W_bar, b_bar = [], []
        for layer in reversed(range(len(slopes))):
            z_bar = h_bar * slopes[layer]()
            W_bar.append(ops.outer_sum(z_bar, states[layer]))
            b_bar.append(ops.total(z_bar))
            h_bar = ops.xp.matmul(z_bar, W[layer])
        return h_bar, W_bar[::-1], b_bar[::-1]

    return states[-1], pullback


def softmax_pullback(ops: Ops, p: Array, p_bar: Array) -> Array:
    """z̄ of p = softmax(z)."""
    return p * (p_bar - ops.xp.sum(p * p_bar, axis=-1, keepdims=True))


def classifier(
    ops: Ops, h: Array, U: Array, c: Array | None
) -> tuple[Array, Array, Callable[[Array, Array], tuple[Array, dict[str, Any]]]]:
    """z = U h + c and p = softmax(z); the pullback gives h̄, and Ū and c̄ by name."""
    z = ops.affine(h, U, c)
    p = ops.softmax(z)

    def pullback(z_bar: Array, p_bar: Array) -> tuple[Array, dict[str, Any]]:
        z_bar = z_bar + softmax_pullback(ops, p, p_bar)
        return ops.xp.matmul(z_bar, U), {"U": ops.outer_sum(z_bar, h), "c": ops.total(z_bar)}

    return z, p, pullback
