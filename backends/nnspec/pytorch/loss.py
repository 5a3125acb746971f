"""Losses and likelihoods on PyTorch.

Of torch.nn.functional, `binary_cross_entropy` is not used, for it clips the logarithm at −100, nor are
`binary_cross_entropy_with_logits`, which cancels (1−y) z against log σ(z), and `softplus`, which is z from 20
on.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear, log_softmax, logsigmoid

from nnspec.errors import DomainError
from nnspec.pytorch._ops import last
from nnspec.pytorch.softmax import pick, refuse_masked


def binary_cross_entropy(y_hat: Tensor, y: Tensor) -> tuple[Tensor]:
    """−[y log ŷ + (1−y) log(1−ŷ)]."""
    yes, no = y_hat.masked_fill(y == 0, 1.0), y_hat.masked_fill(y == 1, 0.0)
    return (-(y * yes.log() + (1 - y) * torch.log1p(-no)),)


def binary_cross_entropy_logits(z: Tensor, y: Tensor) -> tuple[Tensor]:
    """max(z, 0) − z y + log(1 + e^{−|z|})."""
    return (-logsigmoid(-z) - z * y,)


def categorical_cross_entropy(y_hat: Tensor, y: Tensor) -> tuple[Tensor]:
    """−Σ y log ŷ."""
    return (-_times_log(y, y_hat).sum(-1),)


def categorical_cross_entropy_logits(z: Tensor, y: Tensor) -> tuple[Tensor]:
    """Σ y (log Σ e^z − z)."""
    log_p = log_softmax(z, -1)
    refuse_masked(log_p[:, 0].isnan(), "loss.categorical_cross_entropy_logits", "z")
    return (-(y * log_p.masked_fill(y == 0, 0.0)).sum(-1),)


def hard_nll(y_hat: Tensor, i: Tensor) -> tuple[Tensor]:
    """−log ŷ_i."""
    return (-pick(y_hat, i).log(),)


def softmax_cross_entropy(z: Tensor, i: Tensor) -> tuple[Tensor]:
    """log Σ e^z − z_i."""
    L = cross_entropy(z, i.long(), reduction="none")
    refuse_masked(L.isnan(), "loss.softmax_cross_entropy", "z")
    return (L,)


def log_likelihood(W: Tensor, z: Tensor, i: Tensor) -> tuple[Tensor]:
    """(Wz)_i − log Σ e^{Wz}."""
    return (-cross_entropy(linear(z, W), i.long(), reduction="none"),)


def dataset_log_likelihood(w: Tensor, f: Tensor, y: Tensor, reduction: str) -> tuple[Tensor, Tensor]:
    """Σ_j of (f_j w)_{y_j} − log Σ e^{f_j w}, and the terms."""
    if f.shape[0] == 0 and reduction == "mean":
        raise DomainError("loss.dataset_log_likelihood", "f", "m >= 1 for reduction='mean'", "m = 0")
    terms = -cross_entropy(f @ w, y.long(), reduction="none")
    return terms.sum() if reduction == "sum" else terms.mean(), terms


def mean_cost(costs: Tensor, reduction: str) -> tuple[Tensor]:
    """The mean, or the sum, of the costs."""
    return (costs.sum() if reduction == "sum" else costs.mean(),)


def sequence_nll(target: Tensor, y: Tensor, lengths: Tensor | None) -> tuple[Tensor]:
    """−Σ_t Σ_v target log y; padding has target 0."""
    return (-_times_log(target, y).sum((1, 2)),)


def sequence_accumulated(losses: Tensor, lengths: Tensor | None) -> tuple[Tensor]:
    """Σ_t L_t; padding is 0."""
    return (losses.sum(1),)


def sequence_final_only(
    h: Tensor, h0: Tensor | None, W: Tensor, b: Tensor | None, y: Tensor, lengths: Tensor | None
) -> tuple[Tensor]:
    """The cross-entropy of W h_T + b, h_T the state at the length."""
    h_T = last(h, h.new_zeros(h.shape[0], h.shape[2]) if h0 is None else h0, lengths)
    return (cross_entropy(linear(h_T, W, b), y.long(), reduction="none"),)


def squared_error(y: Tensor, t: Tensor) -> tuple[Tensor]:
    """½ (y − t)²."""
    return (0.5 * (y - t).square(),)


def logistic_least_squares(z: Tensor, t: Tensor) -> tuple[Tensor]:
    """½ (σ(z) − t)²."""
    return (0.5 * (torch.sigmoid(z) - t).square(),)


def zero_one(z: Tensor, y: Tensor) -> tuple[Tensor]:
    """1[argmax z ≠ y]; the lowest index at a tie."""
    return ((z.argmax(-1) != y).to(z.dtype),)


def _times_log(weight: Tensor, x: Tensor) -> Tensor:
    """weight · log x, and 0 where the weight is 0, even if x is 0."""
    return weight * x.masked_fill(weight == 0, 1.0).log()
