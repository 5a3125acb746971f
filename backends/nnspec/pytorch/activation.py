"""Activation functions on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.pytorch._ops import activate, relu_with


def sigmoid(x: Tensor) -> tuple[Tensor]:
    """σ(x)."""
    return (torch.sigmoid(x),)


def tanh(x: Tensor) -> tuple[Tensor]:
    """tanh x."""
    return (torch.tanh(x),)


def relu(x: Tensor, grad_at_zero: int) -> tuple[Tensor]:
    """max(x, 0), with the derivative at 0 that is asked for."""
    return (relu_with(x, grad_at_zero),)


def identity(x: Tensor) -> tuple[Tensor]:
    """x, as a tensor of its own."""
    return (x.clone(),)


def hard_threshold(x: Tensor, tie: str) -> tuple[Tensor]:
    """1[x > 0], or 1[x ≥ 0]."""
    return ((x > 0 if tie == "gt" else x >= 0).to(x.dtype),)


def saturation_measure(x: Tensor, epsilon: float, activation: str) -> tuple[Tensor]:
    """1[|φ'(x)| < ε]."""
    z = x.detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(activate(activation, z).sum(), z)
    return ((slope.abs() < epsilon).to(x.dtype),)
