"""What is read off the output layer, on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.pytorch.softmax import refuse_masked


def argmax_decode(z: Tensor, lengths: Tensor | None) -> tuple[Tensor]:
    """The largest score of every step; the lowest index at a tie."""
    top, y = z.max(-1)
    refuse_masked(top == -torch.inf, "output.argmax_decode", "z")
    return (y,)


def task_heads(z: Tensor, task: str) -> tuple[Tensor]:
    """Softmax, sigmoid or identity."""
    if task == "regression":
        return (z.clone(),)
    return (torch.sigmoid(z) if task == "binary" else torch.softmax(z, -1),)
