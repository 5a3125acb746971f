"""Threshold logic and the exclusive or on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops


def _step(ops: Ops, z: Array, tie: str = "gt") -> Array:
    return ops.xp.astype(z > 0.0 if tie == "gt" else z >= 0.0, z.dtype)


def truth_tables(ops: Ops, x: Array) -> Any:
    """AND, OR, XOR of two bits."""
    x_1, x_2 = x[:, 0], x[:, 1]
    both, either = x_1 * x_2, ops.xp.where(x_1 > x_2, x_1, x_2)
    return (both, either + 0.0, either - both), None


def perceptron_and_or(ops: Ops, x: Array, weights: str, tie: str) -> Any:
    """AND and OR, each by a perceptron."""
    b_and, b_or = (-1.0, 0.0) if weights == "textbook" else (-1.5, -0.5)
    z = x[:, 0] + x[:, 1]
    return (_step(ops, z + b_and, tie), _step(ops, z + b_or, tie)), None


def xor_linear_tanh(ops: Ops, x: Array, a: Array) -> Any:
    """a_1 x_1 + a_2 x_2 + a_3 tanh(x_1 + x_2)."""
    xp = ops.xp
    t = xp.tanh(x[:, :1] + x[:, 1:])
    terms = xp.concat([x, t], axis=1)

    def pullback(y_bar: Array) -> dict[str, Array]:
        bend = y_bar[:, None] * (a[2:] * (1.0 - t * t))
        return {"x": y_bar[:, None] * a[None, :2] + bend, "a": xp.matmul(y_bar, terms)}

    return (xp.matmul(terms, a),), pullback


def not_good_score(ops: Ops, x: Array) -> Any:
    """−2 x_1 − x_2 + 2 tanh(x_1 + x_2)."""
    xp = ops.xp
    x_1, x_2 = x[:, 0], x[:, 1]
    t = xp.tanh(x_1 + x_2)

    def pullback(y_bar: Array) -> dict[str, Array]:
        bend = 2.0 * (y_bar * (1.0 - t * t))
        return {"x": xp.stack([bend - 2.0 * y_bar, bend - y_bar], axis=1)}

    return (-2.0 * x_1 - x_2 + 2.0 * t,), pullback


def xor_relu_network(ops: Ops, x: Array, grad_at_zero: int) -> Any:
    """h = ReLU(x_1 + x_2 + [0; −1]), y = h_1 − 2 h_2."""
    xp = ops.xp
    z = x[:, 0] + x[:, 1]
    h, slope = ops.activation("relu", xp.stack([z, z - 1.0], axis=1), grad_at_zero)

    def pullback(h_bar: Array, y_bar: Array) -> dict[str, Array]:
        total = xp.stack([h_bar[:, 0] + y_bar, h_bar[:, 1] - 2.0 * y_bar], axis=1) * slope()
        z_bar = total[:, 0] + total[:, 1]
        return {"x": xp.stack([z_bar, z_bar], axis=1)}

    return (h, h[:, 0] - 2.0 * h[:, 1]), pullback


def xor_threshold_network(ops: Ops, a: Array, b: Array) -> Any:
    """AND, OR, and the XOR that a third unit makes of them."""
    h_1, h_2 = _step(ops, a + b - 1.5), _step(ops, a + b - 0.5)
    return (h_1, h_2, _step(ops, h_2 - h_1 - 0.5)), None
