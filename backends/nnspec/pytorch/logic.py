"""Threshold logic and the exclusive or on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.pytorch._ops import relu_with


def _step(z: Tensor, tie: str = "gt") -> Tensor:
    return (z > 0 if tie == "gt" else z >= 0).to(z.dtype)


def truth_tables(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """AND, OR, XOR of two bits."""
    x_1, x_2 = x.bool().unbind(1)
    return (x_1 & x_2).to(x.dtype), (x_1 | x_2).to(x.dtype), (x_1 ^ x_2).to(x.dtype)


def perceptron_and_or(x: Tensor, weights: str, tie: str) -> tuple[Tensor, Tensor]:
    """AND and OR, each by a perceptron."""
    b_and, b_or = (-1.0, 0.0) if weights == "textbook" else (-1.5, -0.5)
    z = x.sum(1)
    return _step(z + b_and, tie), _step(z + b_or, tie)


def xor_linear_tanh(x: Tensor, a: Tensor) -> tuple[Tensor]:
    """a_1 x_1 + a_2 x_2 + a_3 tanh(x_1 + x_2)."""
    return (torch.cat([x, torch.tanh(x.sum(1, keepdim=True))], 1) @ a,)


def not_good_score(x: Tensor) -> tuple[Tensor]:
    """−2 x_1 − x_2 + 2 tanh(x_1 + x_2)."""
    x_1, x_2 = x.unbind(1)
    return (-2 * x_1 - x_2 + 2 * torch.tanh(x_1 + x_2),)


def xor_relu_network(x: Tensor, grad_at_zero: int) -> tuple[Tensor, Tensor]:
    """h = ReLU(x_1 + x_2 + [0; −1]), y = h_1 − 2 h_2."""
    z = x.sum(1)
    h = relu_with(torch.stack([z, z - 1], 1), grad_at_zero)
    return h, h[:, 0] - 2 * h[:, 1]


def xor_threshold_network(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """AND, OR, and the XOR that a third unit makes of them."""
    h_1, h_2 = _step(a + b - 1.5), _step(a + b - 0.5)
    return h_1, h_2, _step(h_2 - h_1 - 0.5)
