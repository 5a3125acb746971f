"""The cost of mini-batches on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor


def batch_hardware(S: Tensor, S_saturated: float) -> tuple[Tensor]:
    """max(S / S_saturated, 1)."""
    ratio = S / S_saturated
    return (torch.where(ratio < 1, torch.ones((), dtype=S.dtype, device=S.device), ratio),)
