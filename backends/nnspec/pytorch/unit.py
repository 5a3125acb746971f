"""Single units on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.errors import DomainError
from nnspec.pytorch._ops import activate


def _weighted(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
    z = x @ w
    return z if b is None else z + b


def weighted_sum(x: Tensor, w: Tensor, b: Tensor | None) -> tuple[Tensor]:
    """w · x + b."""
    return (_weighted(x, w, b),)


def neuron(x: Tensor, w: Tensor, b: Tensor | None, activation: str, grad_at_zero: int) -> tuple[Tensor]:
    """f(w · x + b)."""
    return (activate(activation, _weighted(x, w, b), grad_at_zero),)


def sigmoid_neuron(x: Tensor, w: Tensor, b: Tensor | None) -> tuple[Tensor]:
    """σ(w · x + b)."""
    return (torch.sigmoid(_weighted(x, w, b)),)


def bias_as_unit_input(x: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """[x; 1], and [w; b] · [x; 1]."""
    x_augmented = torch.nn.functional.pad(x, (0, 1), value=1.0)
    return x_augmented, x_augmented @ torch.cat([w, b[None]])


def perceptron(x: Tensor, w: Tensor, b: Tensor | None, tie: str) -> tuple[Tensor]:
    """1[w · x + b > 0], or 1[w · x + b ≥ 0]."""
    z = _weighted(x, w, b)
    return ((z > 0 if tie == "gt" else z >= 0).to(x.dtype),)


def mcculloch_pitts(x: Tensor, theta: float) -> tuple[Tensor]:
    """1[Σ x ≥ θ]."""
    return ((x.sum(1) >= theta).to(x.dtype),)


def linear_decision_boundary(x: Tensor, w: Tensor, b: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """w · x + b, its distance from 0 in x, and the nearest point where it is 0."""
    if not bool(w.any()):
        raise DomainError("unit.linear_decision_boundary", "w", "weights that are not all 0", "0")
    z, w_w = _weighted(x, w, b), w.dot(w)
    return z, z / w_w.sqrt(), x - (z / w_w)[:, None] * w
