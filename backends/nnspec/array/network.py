"""Feedforward networks on arrays: a chain of layers, and its pullback in reverse order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec.array._ops import Array, Ops

Pull = Callable[[Array], Array]


def _output(ops: Ops, name: str, z: Array, grad_at_zero: int) -> tuple[Array, Pull]:
    """An activation (softmax of a whole layer included), and its pullback."""
    if name == "softmax":
        p = ops.softmax(z)
        return p, lambda p_bar: p * (p_bar - ops.xp.sum(p * p_bar, axis=1, keepdims=True))
    h, slope = ops.activation(name, z, grad_at_zero)
    return h, lambda h_bar: h_bar * slope()


def _bias(ops: Ops, gradients: dict[str, Array], name: str, bias: Array | None, z_bar: Array) -> None:
    if bias is not None:
        gradients[name] = ops.total(z_bar)


def fnn_bias_free(ops: Ops, x: Array, W: Array, V: Array, activation: str, output: str, grad_at_zero: int) -> Any:
    """h = g(W x), y = f(V h)."""
    return _two_layers(ops, ("x", "W", "V", "", ""), (x, W, V, None, None), (activation, output), grad_at_zero)


def mlp_softmax(ops: Ops, x: Array, W: Array, U: Array, b: Array | None, c: Array | None) -> Any:
    """h = σ(W x + b), z = U h + c, y = softmax(z)."""
    h, pull_h = _output(ops, "sigmoid", ops.affine(x, W, b), 1)
    z = ops.affine(h, U, c)
    y, pull_y = _output(ops, "softmax", z, 1)

    def pullback(h_bar: Array, z_bar: Array, y_bar: Array) -> dict[str, Array]:
        z_bar = z_bar + pull_y(y_bar)
        a_bar = pull_h(h_bar + ops.xp.matmul(z_bar, U))
        gradients = {"x": ops.xp.matmul(a_bar, W), "W": ops.outer_sum(a_bar, x), "U": ops.outer_sum(z_bar, h)}
        _bias(ops, gradients, "b", b, a_bar)
        _bias(ops, gradients, "c", c, z_bar)
        return gradients

    return (h, z, y), pullback


def deep_feedforward(
    ops: Ops, x: Array, W: list[Array], b: list[Array] | None, activation: str, output: str, grad_at_zero: int
) -> Any:
    """a = g(W a + b), layer by layer."""
    states, pulls = [x], []
    for i, W_i in enumerate(W):
        z = ops.affine(states[i], W_i, None if b is None else b[i])
        a, pull = _output(ops, output if i == len(W) - 1 else activation, z, grad_at_zero)
        states.append(a)
        pulls.append(pull)

    def pullback(y_bar: Array) -> dict[str, Any]:
        W_bar, b_bar, a_bar = [], [], y_bar
        for i in reversed(range(len(W))):
            z_bar = pulls[i](a_bar)
            W_bar.append(ops.outer_sum(z_bar, states[i]))
            if b is not None:
                b_bar.append(ops.total(z_bar))
            a_bar = ops.xp.matmul(z_bar, W[i])
        gradients = {"x": a_bar if W else a_bar + 0.0, "W": W_bar[::-1]}
        return gradients if b is None else {**gradients, "b": b_bar[::-1]}

    return (states[-1] if W else x + 0.0,), pullback


def binary_relu_sigmoid(
    ops: Ops, x: Array, W1: Array, W2: Array, b1: Array | None, b2: Array | None, grad_at_zero: int
) -> Any:
    """z1 = W1 x + b1, a1 = ReLU(z1), z2 = W2 a1 + b2, a2 = σ(z2)."""
    z1 = ops.affine(x, W1, b1)
    a1, slope_1 = ops.activation("relu", z1, grad_at_zero)
    z2 = ops.affine(a1, W2, b2)
    a2, slope_2 = ops.activation("sigmoid", z2)

    def pullback(z1_bar: Array, a1_bar: Array, z2_bar: Array, a2_bar: Array) -> dict[str, Array]:
        z2_bar = z2_bar + a2_bar * slope_2()
        z1_bar = z1_bar + (a1_bar + ops.xp.matmul(z2_bar, W2)) * slope_1()
        gradients = {
            "x": ops.xp.matmul(z1_bar, W1),
            "W1": ops.outer_sum(z1_bar, x),
            "W2": ops.outer_sum(z2_bar, a1),
        }
        _bias(ops, gradients, "b1", b1, z1_bar)
        _bias(ops, gradients, "b2", b2, z2_bar)
        return gradients

    return (z1, a1, z2, a2), pullback


def _two_layers(
    ops: Ops,
    names: tuple[str, str, str, str, str],
    arrays: tuple[Array, Array, Array, Array | None, Array | None],
    activations: tuple[str, str],
    grad_at_zero: int,
) -> Any:
    """y = g(W x + b), z = f(V y + c), whatever the equation calls x, W, V, b, c."""
    x, W, V, b, c = arrays
    y, pull_y = _output(ops, activations[0], ops.affine(x, W, b), grad_at_zero)
    z, pull_z = _output(ops, activations[1], ops.affine(y, V, c), grad_at_zero)

    def pullback(y_bar: Array, z_bar: Array) -> dict[str, Array]:
        upper = pull_z(z_bar)
        lower = pull_y(y_bar + ops.xp.matmul(upper, V))
        found = [ops.xp.matmul(lower, W), ops.outer_sum(lower, x), ops.outer_sum(upper, y)]
        gradients = dict(zip(names[:3], found, strict=True))
        _bias(ops, gradients, names[3], b, lower)
        _bias(ops, gradients, names[4], c, upper)
        return gradients

    return (y, z), pullback


def two_layer_composition(
    ops: Ops,
    x: Array,
    W: Array,
    V: Array,
    b: Array | None,
    c: Array | None,
    activation: str,
    grad_at_zero: int,
) -> Any:
    """y = g(W x + b), z = g(V y + c)."""
    return _two_layers(ops, ("x", "W", "V", "b", "c"), (x, W, V, b, c), (activation, activation), grad_at_zero)


def softmax_hidden_classifier(
    ops: Ops,
    f: Array,
    V: Array,
    W: Array,
    b: Array | None,
    c: Array | None,
    activation: str,
    grad_at_zero: int,
) -> Any:
    """z = g(V f + b), p = softmax(W z + c)."""
    return _two_layers(ops, ("f", "V", "W", "b", "c"), (f, V, W, b, c), (activation, "softmax"), grad_at_zero)


def linear_composition(ops: Ops, x: Array, W: Array, V: Array, b: Array | None, c: Array | None) -> Any:
    """V (W x + b) + c, and (V W) x + (V b + c)."""
    xp = ops.xp
    h, product = ops.affine(x, W, b), xp.matmul(V, W)
    collapsed = ops.affine(x, product)
    if b is not None:
        collapsed = collapsed + xp.matmul(V, b)
    if c is not None:
        collapsed = collapsed + c

    def pullback(z_bar: Array, collapsed_bar: Array) -> dict[str, Array]:
        h_bar = xp.matmul(z_bar, V)
        product_bar = ops.outer_sum(collapsed_bar, x)
        gradients = {
            "x": xp.matmul(h_bar, W) + xp.matmul(collapsed_bar, product),
            "W": ops.outer_sum(h_bar, x) + xp.matmul(xp.matrix_transpose(V), product_bar),
            "V": ops.outer_sum(z_bar, h) + xp.matmul(product_bar, xp.matrix_transpose(W)),
        }
        if b is not None:
            bias_bar = ops.total(collapsed_bar)
            gradients["b"] = ops.total(h_bar) + xp.matmul(bias_bar, V)
            gradients["V"] = gradients["V"] + bias_bar[:, None] * b[None, :]
        _bias(ops, gradients, "c", c, z_bar + collapsed_bar)
        return gradients

    return (ops.affine(h, V, c), collapsed), pullback


def layered_skip(ops: Ops, x: Array, W: list[Array], b: list[Array] | None) -> Any:
    """Each layer reads the states of all layers below it."""
    xp = ops.xp
    states, tops = [x], [x + 0.0]
    for layer, W_l in enumerate(W):
        y = ops.sigmoid(ops.affine(states[layer], W_l, None if b is None else b[layer]))
        tops.append(y)
        states.append(xp.concat([states[layer], y], axis=1) if layer + 1 < len(W) else y)

    def pullback(y_bar: Array) -> dict[str, Any]:
        W_bar, b_bar = [], []
        states_bar = y_bar
        for layer in reversed(range(len(W))):
            y, below = tops[layer + 1], W[layer].shape[1]
            x_bar = states_bar[:, -y.shape[1] :] * (y * (1.0 - y))
            W_bar.append(ops.outer_sum(x_bar, states[layer]))
            if b is not None:
                b_bar.append(ops.total(x_bar))
            lower = xp.matmul(x_bar, W[layer])
            states_bar = lower if layer + 1 == len(W) else states_bar[:, :below] + lower
        gradients = {"x": states_bar if W else states_bar + 0.0, "W": W_bar[::-1]}
        return gradients if b is None else {**gradients, "b": b_bar[::-1]}

    return (tops[-1],), pullback
