"""Single units on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops
from nnspec.errors import DomainError


def _weighted(ops: Ops, x: Array, w: Array, b: Array | None) -> Array:
    z = ops.xp.matmul(x, w)
    return z if b is None else z + b


def _weighted_pullback(ops: Ops, z_bar: Array, x: Array, w: Array, b: Array | None) -> dict[str, Array]:
    gradients = {"x": z_bar[:, None] * w[None, :], "w": ops.xp.matmul(z_bar, x)}
    if b is not None:
        gradients["b"] = ops.total(z_bar, keep=0)
    return gradients


def weighted_sum(ops: Ops, x: Array, w: Array, b: Array | None) -> Any:
    """w · x + b."""
    return (_weighted(ops, x, w, b),), lambda z_bar: _weighted_pullback(ops, z_bar, x, w, b)


def neuron(ops: Ops, x: Array, w: Array, b: Array | None, activation: str, grad_at_zero: int) -> Any:
    """f(w · x + b)."""
    y, slope = ops.activation(activation, _weighted(ops, x, w, b), grad_at_zero)
    return (y,), lambda y_bar: _weighted_pullback(ops, y_bar * slope(), x, w, b)


def sigmoid_neuron(ops: Ops, x: Array, w: Array, b: Array | None) -> Any:
    """σ(w · x + b)."""
    return neuron(ops, x, w, b, "sigmoid", 1)


def bias_as_unit_input(ops: Ops, x: Array, w: Array, b: Array) -> Any:
    """[x; 1], and [w; b] · [x; 1]."""
    xp, n = ops.xp, x.shape[1]
    x_augmented = xp.concat([x, ops.ones((x.shape[0], 1), like=x)], axis=1)
    w_augmented = xp.concat([w, xp.reshape(b, (1,))])

    def pullback(x_augmented_bar: Array, z_bar: Array) -> dict[str, Array]:
        x_bar = x_augmented_bar[:, :n] + z_bar[:, None] * w[None, :]
        w_bar = xp.matmul(z_bar, x_augmented)
        return {"x": x_bar, "w": w_bar[:n] + 0.0, "b": xp.reshape(w_bar[n:] + 0.0, ())}

    return (x_augmented, xp.matmul(x_augmented, w_augmented)), pullback


def perceptron(ops: Ops, x: Array, w: Array, b: Array | None, tie: str) -> Any:
    """1[w · x + b > 0], or 1[w · x + b ≥ 0]."""
    z = _weighted(ops, x, w, b)
    return (ops.xp.astype(z > 0.0 if tie == "gt" else z >= 0.0, x.dtype),), None


def mcculloch_pitts(ops: Ops, x: Array, theta: float) -> Any:
    """1[Σ x ≥ θ]."""
    return (ops.xp.astype(ops.xp.sum(x, axis=1) >= theta, x.dtype),), None


def linear_decision_boundary(ops: Ops, x: Array, w: Array, b: Array | None) -> Any:
    """w · x + b, its distance from 0 in x, and the nearest point where it is 0."""
    xp = ops.xp
    if not bool(xp.any(w != 0.0)):
        raise DomainError("unit.linear_decision_boundary", "w", "weights that are not all 0", "0")
    z, w_w = _weighted(ops, x, w, b), xp.sum(w * w)
    norm = xp.sqrt(w_w)
    steps = z / w_w

    def pullback(z_bar: Array, distance_bar: Array, foot_bar: Array) -> dict[str, Array]:
        steps_bar = -xp.matmul(foot_bar, w)
        w_w_bar = -xp.sum(distance_bar * z) / (2.0 * norm * w_w) - xp.sum(steps_bar * steps) / w_w
        gradients = _weighted_pullback(ops, z_bar + distance_bar / norm + steps_bar / w_w, x, w, b)
        gradients["x"] = gradients["x"] + foot_bar
        gradients["w"] = gradients["w"] - xp.matmul(steps, foot_bar) + 2.0 * w_w_bar * w
        return gradients

    return (z, z / norm, x - steps[:, None] * w[None, :]), pullback
