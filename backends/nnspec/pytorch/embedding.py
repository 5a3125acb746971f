"""Representations of words on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nnspec.errors import DomainError


def onehot_lookup(w: Tensor, R: Tensor) -> tuple[Tensor]:
    """R[w]."""
    return (functional.embedding(w, R),)


def attribute_network(w: Tensor, A: Tensor, B: Tensor) -> tuple[Tensor, Tensor]:
    """A[w] B and its softmax."""
    score = functional.embedding(w, A) @ B
    return score, torch.softmax(score, -1)


def dot_similarity(r_1: Tensor, r_2: Tensor) -> tuple[Tensor]:
    """r_1ᵀ r_2."""
    return ((r_1 * r_2).sum(-1),)


def euclidean_distance(r_1: Tensor, r_2: Tensor) -> tuple[Tensor]:
    """‖r_1 − r_2‖; the derivative of `norm` at 0 is 0."""
    return (torch.linalg.vector_norm(r_1 - r_2, dim=-1),)


def unit_norm_identity(r_1: Tensor, r_2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """‖r_1 − r_2‖², r_1ᵀr_1 − 2 r_1ᵀr_2 + r_2ᵀr_2, 2 − 2 r_1ᵀr_2."""
    r_r = (r_1 * r_2).sum(-1)
    expanded = (r_1 * r_1).sum(-1) - 2 * r_r + (r_2 * r_2).sum(-1)
    return (r_1 - r_2).square().sum(-1), expanded, 2 - 2 * r_r


def cosine_similarity(r_1: Tensor, r_2: Tensor, eps: float) -> tuple[Tensor]:
    """r_1ᵀ r_2 / (max(‖r_1‖, ε) max(‖r_2‖, ε)), clamped to [−1, 1] without touching the gradient."""
    if eps == 0:
        for name, r in (("r_1", r_1), ("r_2", r_2)):
            _directed("embedding.cosine_similarity", name, r)
    n_1, n_2 = _floored_norm(r_1, eps), _floored_norm(r_2, eps)
    c = (r_1 * r_2).sum(-1) / (n_1 * n_2)
    return (c + (c.detach().clamp(-1, 1) - c.detach()),)


def _floored_norm(r: Tensor, eps: float) -> Tensor:
    n = torch.linalg.vector_norm(r, dim=-1)
    return torch.where(n < eps, torch.full((), eps, dtype=r.dtype, device=r.device), n)


def _directed(ident: str, name: str, r: Tensor) -> None:
    if bool((r == 0).all(-1).any()):
        raise DomainError(ident, name, "vectors other than 0", "the vector 0")


def low_rank_factorization(X: Tensor, R: Tensor, R_tilde: Tensor) -> tuple[Tensor]:
    """‖X − R R̃ᵀ‖²."""
    return ((X - R @ R_tilde.T).square().sum(),)


def glove_weight(x: Tensor, x_max: float, exponent: float) -> tuple[Tensor]:
    """(x / x_max)^exponent below x_max, 1 from there on."""
    return (torch.where(x < x_max, (x / x_max) ** exponent, torch.ones((), dtype=x.dtype, device=x.device)),)


def glove_cost(
    X: Tensor, R: Tensor, R_tilde: Tensor, b: Tensor, b_tilde: Tensor, x_max: float, exponent: float
) -> tuple[Tensor]:
    """Σ f(x) (r r̃ + b + b̃ − log x)² over the counts that are not 0."""
    counted = X != 0
    (f,) = glove_weight(X, x_max, exponent)
    off = R @ R_tilde.T + b[:, None] + b_tilde - torch.where(counted, X, torch.ones_like(X)).log()
    return ((f * torch.where(counted, off, torch.zeros_like(off)).square()).sum(),)


def analogy(R: Tensor, a: Tensor, b: Tensor, c: Tensor, metric: str, exclude_queries: bool) -> tuple[Tensor, Tensor]:
    """The word closest to R[b] − R[a] + R[c]."""
    a, b, c = a.long(), b.long(), c.long()
    target = R[b] - R[a] + R[c]
    euclidean = metric == "euclidean"
    closeness = -torch.linalg.vector_norm(R[None] - target[:, None], dim=-1) if euclidean else target @ R.T
    if metric == "cosine":
        _directed("embedding.analogy", "R", R)
        _directed("embedding.analogy", "target", target)
        norm = torch.linalg.vector_norm
        closeness = closeness / (norm(target, dim=-1)[:, None] * norm(R, dim=-1))
    allowed = closeness
    if exclude_queries:
        allowed = closeness.scatter(1, torch.stack([a, b, c], 1), float("-inf"))
    return _first_argmax(allowed), closeness


def _first_argmax(scores: Tensor) -> Tensor:
    """The lowest index of a maximum, which `torch.argmax` does not promise."""
    best = scores == scores.amax(1, keepdim=True)
    return best.to(torch.int64).cumsum(1).eq(0).sum(1)


def average(w: Tensor, mask: Tensor | None) -> tuple[Tensor]:
    """The mean over the second axis, where the mask is 1; 0 of nothing."""
    if mask is None:
        return (w.sum(1) / max(w.shape[1], 1),)
    return ((w * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1),)
