"""Regularisation on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops


def dropout(ops: Ops, h: Array, mask: Array, keep: float, mode: str, scaling: str) -> Any:
    """h ⊙ m / keep when training and h when testing, or h ⊙ m and keep · h."""
    if mode == "test":
        factor: Any = 1.0 if scaling == "inverted" else float(keep)
    elif scaling == "classic":
        factor = mask
    else:
        factor = mask * (1.0 / keep) if keep else ops.zeros(mask.shape, like=mask)
    return (h * factor,), lambda h_bar: {"h": h_bar * factor}
