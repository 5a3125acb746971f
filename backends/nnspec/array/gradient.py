"""Gradients of simple models, and clipping, on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Ops

Array = Any


def simple_cases(ops: Ops, x: Array, y: Array, W: Array, b: Array | None = None, output: str = "softmax") -> Any:
    """(ŷ − y) xᵀ and ŷ − y."""
    xp = ops.xp
    z = ops.affine(x, W, b)
    p = ops.softmax(z) if output == "softmax" else ops.sigmoid(z)
    error = p - y

    def pullback(W_bar: Array, b_bar: Array) -> dict[str, Array]:
        error_bar = b_bar + xp.matmul(W_bar, x[..., None])[..., 0]
        if output == "softmax":
            z_bar = p * (error_bar - xp.sum(error_bar * p, axis=-1, keepdims=True))
        else:
            z_bar = error_bar * (p * (1.0 - p))
        x_bar = xp.matmul(error[:, None, :], W_bar)[:, 0, :] + xp.matmul(z_bar, W)
        grads = {"x": x_bar, "y": -error_bar, "W": ops.outer_sum(z_bar, x)}
        if b is not None:
            grads["b"] = ops.total(z_bar)
        return grads

    return (error[..., None] * x[:, None, :], error), pullback


def clip_norm(ops: Ops, g: Array, max_norm: float, scope: str = "global") -> Any:
    """g · min(1, η/‖g‖), the norm taken relative to max|g|, and η and the norm to the larger of the two."""
    xp = ops.xp
    axis = (0, 1) if scope == "global" else (1,)

    def along(x: Array) -> Array:
        return xp.sum(x, axis=axis, keepdims=True)

    m = xp.max(xp.abs(g), axis=axis, keepdims=True)
    unit = g / xp.where(m > 0.0, m, ops.ones((1, 1), like=g))
    r = xp.sqrt(along(unit * unit))
    scale = ops.maximum(m, max_norm)
    threshold, norm = max_norm / scale, r * (m / scale)
    clips = norm > threshold
    # where it does not clip the quotient is t/t: exactly 1, or NaN
    factor = threshold / xp.where(norm <= threshold, threshold, norm)

    def pullback(clipped_bar: Array) -> dict[str, Array]:
        direction = unit / xp.where(clips, r, ops.ones((1, 1), like=g))
        inward = along(direction * clipped_bar) * direction
        return {"g": factor * xp.where(clips, clipped_bar - inward, clipped_bar)}

    return (g * factor,), pullback


def clip_value(ops: Ops, g: Array, max_value: float) -> Any:
    """max(−c, min(c, g))."""
    xp = ops.xp
    high = ops.full((1,), max_value, like=g)
    clipped = xp.where(g > max_value, high, xp.where(g < -max_value, -high, g))

    def pullback(clipped_bar: Array) -> dict[str, Array]:
        inside = xp.abs(g) <= max_value
        return {"g": xp.where(inside, clipped_bar, ops.zeros((1,), like=g))}

    return (clipped,), pullback
