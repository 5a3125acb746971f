"""One layer of units on PyTorch."""

from __future__ import annotations

from torch import Tensor

from nnspec.pytorch import _ops


def affine(x: Tensor, W: Tensor, b: Tensor | None) -> tuple[Tensor]:
    """W x + b."""
    return (_ops.affine(x, W, b),)


def dense(x: Tensor, W: Tensor, b: Tensor | None, activation: str, grad_at_zero: int) -> tuple[Tensor]:
    """g(W x + b)."""
    return (_ops.activate(activation, _ops.affine(x, W, b), grad_at_zero),)
