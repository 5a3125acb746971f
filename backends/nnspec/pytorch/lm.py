"""Language models on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.errors import DomainError
from nnspec.pytorch._mlp import classifier, hidden


def bayes_posterior(prior: Tensor, likelihood: Tensor) -> tuple[Tensor]:
    """p(s) p(a | s) / Σ, each factor relative to its largest entry."""
    p = prior / prior.detach().amax(1, keepdim=True)
    q = likelihood / likelihood.detach().amax(1, keepdim=True)
    joint = p * q
    Z = joint.sum(1, keepdim=True)
    if not bool((Z > 0).all()):
        raise DomainError("lm.bayes_posterior", "prior", "a prior × likelihood above 0", "only 0")
    return (joint / Z,)


def _product(x: Tensor) -> Tensor:
    """The product along the second axis, pair by pair: `torch.prod` pulls back through a division."""
    if x.shape[1] == 0:
        return torch.ones(x.shape[0], dtype=x.dtype, device=x.device)
    while x.shape[1] > 1:
        half = x.shape[1] // 2
        x = torch.cat([x[:, :half] * x[:, half : 2 * half], x[:, 2 * half :]], 1)
    return x[:, 0].clone()


def corpus_likelihood(p: Tensor) -> tuple[Tensor]:
    """Π p."""
    return (_product(p),)


def corpus_log_likelihood(p: Tensor, negated: bool) -> tuple[Tensor]:
    """Σ log p, or its negative."""
    log_likelihood = p.log().sum(1)
    return (-log_likelihood if negated else log_likelihood,)


def chain_rule(y: Tensor, w: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """Π and −Σ log of the picked probabilities."""
    picked = y.gather(2, w.long()[..., None])[..., 0]
    if lengths is not None:
        inside = torch.arange(y.shape[1], device=y.device)[None, :] < lengths[:, None]
        picked = torch.where(inside, picked, torch.ones((), dtype=y.dtype, device=y.device))
    return _product(picked), -picked.log().sum(1)


def _unseen(ident: str, total: Tensor) -> None:
    if bool((total == 0).any()):
        raise DomainError(ident, "count", "a count above 0 in every row", "a row of zeros")


def ngram_mle(count: Tensor, unseen: str) -> tuple[Tensor]:
    """Counts divided by their row's sum."""
    total = count.sum(1, keepdim=True)
    if unseen == "error":
        _unseen("lm.ngram_mle", total)
        return (count / total,)
    empty = total == 0
    uniform = torch.full((), 1 / count.shape[1], dtype=count.dtype, device=count.device)
    return (torch.where(empty, uniform, count / torch.where(empty, torch.ones_like(total), total)),)


def additive_smoothing(count: Tensor, alpha: float) -> tuple[Tensor]:
    """(count + α) / (Σ count + α V)."""
    total = count.sum(1, keepdim=True)
    if alpha == 0:
        _unseen("lm.additive_smoothing", total)
    return ((count + alpha) / (total + alpha * count.shape[1]),)


def ngram_ensemble(p: Tensor, weights: Tensor) -> tuple[Tensor]:
    """Σ_n λ_n p_n."""
    return (torch.einsum("n,bnv->bv", weights, p),)


def neural_probabilistic(
    context: Tensor,
    R: Tensor,
    W: Tensor,
    b: Tensor | None,
    U: Tensor,
    c: Tensor | None,
    activation: str,
    grad_at_zero: int,
) -> tuple[Tensor, Tensor]:
    """softmax(U g(W [r; …; r] + b) + c), the blocks of W side by side in one product."""
    e = torch.nn.functional.embedding(context, R).flatten(1)
    wide = W.transpose(0, 1).flatten(1)
    return classifier(hidden(e, [wide], [b], activation, grad_at_zero), U, c)
