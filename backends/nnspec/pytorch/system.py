"""NLP systems on PyTorch."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from nnspec.pytorch._mlp import classifier, hidden
from nnspec.pytorch.embedding import average


def deep_averaging_network(
    words: Tensor,
    mask: Tensor | None,
    E: Tensor,
    W: list[Tensor],
    b: list[Tensor],
    U: Tensor,
    c: Tensor,
    activation: str,
    grad_at_zero: int,
) -> tuple[Tensor, Tensor]:
    """softmax(U g(… g(W av + b)) + c)."""
    (av,) = average(functional.embedding(words, E), mask)
    return classifier(hidden(av, W, b, activation, grad_at_zero), U, c)


def coref_scorer(
    h_0: Tensor, W: list[Tensor], b: list[Tensor], u: Tensor, c: Tensor, grad_at_zero: int
) -> tuple[Tensor]:
    """u · h_L + c on ReLU layers."""
    return (hidden(h_0, W, b, "relu", grad_at_zero) @ u + c,)
