"""Input features on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nnspec.pytorch._mlp import classifier, hidden

_STARTS = (1, 2, 3, 4, 5, 8, 16, 32, 64)


def pos_window(
    words: Tensor,
    features: Tensor,
    E: Tensor,
    W: Tensor,
    b: Tensor | None,
    U: Tensor,
    c: Tensor | None,
    activation: str,
    grad_at_zero: int,
) -> tuple[Tensor, Tensor]:
    """softmax(U g(W [E_previous; E_current; E_next; features] + b) + c)."""
    f = torch.cat([functional.embedding(words, E).flatten(1), features], 1)
    return classifier(hidden(f, [W], [b], activation, grad_at_zero), U, c)


def distance_bucket(distance: Tensor) -> tuple[Tensor, Tensor]:
    """The number of buckets that begin at or below the distance; one-hot, and the distance itself."""
    d = distance.long().contiguous()
    bucket = torch.bucketize(d, torch.tensor(_STARTS, device=d.device), right=True)
    return bucket, torch.cat([functional.one_hot(bucket, 10), d[:, None]], 1)


def coref_input(**parts: Tensor) -> tuple[Tensor]:
    """Everything side by side, in the order of the arguments."""
    flat = [part[:, None] if part.ndim == 1 else part.flatten(1) for part in parts.values()]
    return (torch.cat(flat, 1),)
