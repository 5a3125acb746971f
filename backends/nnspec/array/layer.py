"""One layer of units on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops


def _pullback(ops: Ops, z_bar: Array, x: Array, W: Array, b: Array | None) -> dict[str, Array]:
    gradients = {"x": ops.xp.matmul(z_bar, W), "W": ops.outer_sum(z_bar, x)}
    if b is not None:
        gradients["b"] = ops.total(z_bar)
    return gradients


def affine(ops: Ops, x: Array, W: Array, b: Array | None) -> Any:
    """W x + b."""
    return (ops.affine(x, W, b),), lambda z_bar: _pullback(ops, z_bar, x, W, b)


def dense(ops: Ops, x: Array, W: Array, b: Array | None, activation: str, grad_at_zero: int) -> Any:
    """g(W x + b)."""
    h, slope = ops.activation(activation, ops.affine(x, W, b), grad_at_zero)
    return (h,), lambda h_bar: _pullback(ops, h_bar * slope(), x, W, b)
