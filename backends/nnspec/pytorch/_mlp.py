"""Hidden layers and a softmax classifier on top, as several systems use them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nnspec.pytorch._ops import activate, affine


def hidden(h: Tensor, W: Sequence[Tensor], b: Sequence[Tensor | None], activation: str, grad_at_zero: int) -> Tensor:
    """h = g(W h + b), layer by layer."""
    for W_l, b_l in zip(W, b, strict=True):
        h = activate(activation, affine(h, W_l, b_l), grad_at_zero)
    return h


def classifier(h: Tensor, U: Tensor, c: Tensor | None) -> tuple[Tensor, Tensor]:
    """z = U h + c and p = softmax(z)."""
    z = affine(h, U, c)
    return z, torch.softmax(z, -1)
