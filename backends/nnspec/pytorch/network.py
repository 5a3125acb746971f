"""Feedforward networks on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.pytorch._ops import activate, affine, relu_with


def _output(name: str, z: Tensor, grad_at_zero: int) -> Tensor:
    """An activation, softmax of a whole layer included."""
    return torch.softmax(z, 1) if name == "softmax" else activate(name, z, grad_at_zero)


def fnn_bias_free(
    x: Tensor, W: Tensor, V: Tensor, activation: str, output: str, grad_at_zero: int
) -> tuple[Tensor, Tensor]:
    """h = g(W x), y = f(V h)."""
    h = activate(activation, affine(x, W), grad_at_zero)
    return h, _output(output, affine(h, V), grad_at_zero)


def mlp_softmax(x: Tensor, W: Tensor, U: Tensor, b: Tensor | None, c: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """h = σ(W x + b), z = U h + c, y = softmax(z)."""
    h = torch.sigmoid(affine(x, W, b))
    z = affine(h, U, c)
    return h, z, torch.softmax(z, 1)


def deep_feedforward(
    x: Tensor, W: list[Tensor], b: list[Tensor] | None, activation: str, output: str, grad_at_zero: int
) -> tuple[Tensor]:
    """a = g(W a + b), layer by layer."""
    a = x if W else x.clone()
    for i, W_i in enumerate(W):
        z = affine(a, W_i, None if b is None else b[i])
        a = _output(output if i == len(W) - 1 else activation, z, grad_at_zero)
    return (a,)


def binary_relu_sigmoid(
    x: Tensor, W1: Tensor, W2: Tensor, b1: Tensor | None, b2: Tensor | None, grad_at_zero: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """z1 = W1 x + b1, a1 = ReLU(z1), z2 = W2 a1 + b2, a2 = σ(z2)."""
    z1 = affine(x, W1, b1)
    a1 = relu_with(z1, grad_at_zero)
    z2 = affine(a1, W2, b2)
    return z1, a1, z2, torch.sigmoid(z2)


def two_layer_composition(
    x: Tensor, W: Tensor, V: Tensor, b: Tensor | None, c: Tensor | None, activation: str, grad_at_zero: int
) -> tuple[Tensor, Tensor]:
    """y = g(W x + b), z = g(V y + c)."""
    y = activate(activation, affine(x, W, b), grad_at_zero)
    return y, activate(activation, affine(y, V, c), grad_at_zero)


def linear_composition(x: Tensor, W: Tensor, V: Tensor, b: Tensor | None, c: Tensor | None) -> tuple[Tensor, Tensor]:
    """V (W x + b) + c, and (V W) x + (V b + c)."""
    bias = None if b is None else V @ b
    if c is not None:
        bias = c if bias is None else bias + c
    return affine(affine(x, W, b), V, c), affine(x, V @ W, bias)


def softmax_hidden_classifier(
    f: Tensor, V: Tensor, W: Tensor, b: Tensor | None, c: Tensor | None, activation: str, grad_at_zero: int
) -> tuple[Tensor, Tensor]:
    """z = g(V f + b), p = softmax(W z + c)."""
    z = activate(activation, affine(f, V, b), grad_at_zero)
    return z, torch.softmax(affine(z, W, c), 1)


def layered_skip(x: Tensor, W: list[Tensor], b: list[Tensor] | None) -> tuple[Tensor]:
    """Each layer reads the states of all layers below it."""
    states, y = x, x.clone()
    for layer, W_l in enumerate(W):
        y = torch.sigmoid(affine(states, W_l, None if b is None else b[layer]))
        states = torch.cat([states, y], 1)
    return (y,)
