"""Preparation of inputs on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor


def standardize(x: Tensor, X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(x − mean) / std, with the statistics of X; a feature that never varies is divided by 1."""
    constant = (X[:1] == X).all(0)
    mean = X.mean(0)
    variance = (X - mean).square().mean(0)
    one = torch.ones_like(mean)
    divisor = torch.where(constant, one, variance).sqrt()
    return (x - mean) / divisor, mean, torch.where(constant, torch.zeros_like(mean), divisor)
