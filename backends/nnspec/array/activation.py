"""Activation functions on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops


def sigmoid(ops: Ops, x: Array) -> Any:
    """σ(x), relative accuracy on both sides."""
    y = ops.sigmoid(x)
    return (y,), lambda y_bar: {"x": y_bar * (y * (1.0 - y))}


def tanh(ops: Ops, x: Array) -> Any:
    """tanh x."""
    y = ops.xp.tanh(x)
    return (y,), lambda y_bar: {"x": y_bar * (1.0 - y * y)}


def relu(ops: Ops, x: Array, grad_at_zero: int) -> Any:
    """max(x, 0)."""
    y, slope = ops.activation("relu", x, grad_at_zero)
    return (y,), lambda y_bar: {"x": y_bar * slope()}


def identity(ops: Ops, x: Array) -> Any:
    """x, as an array of its own."""
    return (x + 0.0,), lambda y_bar: {"x": y_bar + 0.0}


def hard_threshold(ops: Ops, x: Array, tie: str) -> Any:
    """1[x > 0], or 1[x ≥ 0]."""
    fired = x > 0.0 if tie == "gt" else x >= 0.0
    return (ops.xp.astype(fired, x.dtype),), None


def saturation_measure(ops: Ops, x: Array, epsilon: float, activation: str) -> Any:
    """1[|φ'(x)| < ε]."""
    _, slope = ops.activation(activation, x)
    return (ops.xp.astype(ops.xp.abs(slope()) < epsilon, x.dtype),), None
