"""Linear classification on PyTorch."""

from __future__ import annotations

from torch import Tensor


def linear_argmax(f: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """The scores f w, and the first label with the largest."""
    scores = f @ w
    # torch.argmax may return any of the largest; the first is where their running count is 1
    largest = scores == scores.amax(1, keepdim=True)
    return scores, (largest.cumsum(1) == 0).sum(1)
