"""Gradients of simple models, and clipping, in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.pytorch._ops import affine


def simple_cases(
    x: Tensor, y: Tensor, W: Tensor, b: Tensor | None = None, output: str = "softmax"
) -> tuple[Tensor, ...]:
    """(ŷ − y) xᵀ and ŷ − y."""
    z = affine(x, W, b)
    error = (torch.softmax(z, -1) if output == "softmax" else torch.sigmoid(z)) - y
    return error.unsqueeze(-1) * x.unsqueeze(-2), error


def clip_norm(g: Tensor, max_norm: float, scope: str = "global") -> tuple[Tensor, ...]:
    """g · min(1, η/‖g‖), the norm taken relative to max|g|, and η and the norm to the larger of the two."""
    axes = (0, 1) if scope == "global" else (1,)
    m = g.detach().abs().amax(axes, keepdim=True)
    scale = m.clamp(min=max_norm)
    squares = (g / torch.where(m > 0, m, 1)).square().sum(axes, keepdim=True)
    norm = torch.where(m > 0, squares, 1).sqrt() * (m / scale)  # no root of 0, whose derivative is infinite
    threshold = max_norm / scale
    return (g * (threshold / torch.where(norm <= threshold, threshold, norm)),)


def clip_value(g: Tensor, max_value: float) -> tuple[Tensor, ...]:
    """max(−c, min(c, g))."""
    return (g.clamp(-max_value, max_value),)
