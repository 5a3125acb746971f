"""Regularisation on PyTorch."""

from __future__ import annotations

from torch import Tensor


def dropout(h: Tensor, mask: Tensor, keep: float, mode: str, scaling: str) -> tuple[Tensor]:
    """h ⊙ m / keep when training and h when testing, or h ⊙ m and keep · h."""
    if mode == "test":
        return (h.clone() if scaling == "inverted" else h * keep,)
    if scaling == "classic":
        return (h * mask,)
    return (h * (mask / keep if keep else mask * 0),)
