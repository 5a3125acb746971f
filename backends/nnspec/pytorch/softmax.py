"""The softmax and what speeds it up, on PyTorch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding, linear, log_softmax, logsigmoid

from nnspec.errors import DomainError


def vector(z: Tensor) -> tuple[Tensor]:
    """softmax(z) along the last axis."""
    p = torch.softmax(z, -1)
    refuse_masked(p[:, 0].isnan(), "softmax.vector", "z")
    return (p,)


def partition_function(W: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Σ e^{Wx}, its logarithm, and the distribution that it normalises."""
    z = linear(x, W)
    return _Exp.apply(z).sum(-1), log_total(z), torch.softmax(z, -1)


def loglinear(w: Tensor, f: Tensor) -> tuple[Tensor]:
    """softmax(f w), f[b, y] the features of class y."""
    return (torch.softmax(f @ w, -1),)


def linear_features(W: Tensor, f: Tensor) -> tuple[Tensor]:
    """softmax(W f)."""
    return (torch.softmax(linear(f, W), -1),)


def log_sum_exp(a: Tensor) -> tuple[Tensor]:
    """log Σ e^a, and −∞ (without gradient) for a row of nothing but −∞."""
    return (log_total(a),)


def onehot_select(v: Tensor, i: Tensor) -> tuple[Tensor]:
    """v[b, i[b]]."""
    return (pick(v, i),)


def class_factored(A: Tensor, B: Tensor, classes: Tensor, h: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """softmax(A h)_{c(w)} · softmax(B_c h)_w; of B only the rows of the target's class are read."""
    classes, w = classes.long(), w.long()
    # the words in order of their class: those of class c are size[c] words from first[c] on
    order = torch.argsort(classes, stable=True)
    size = torch.bincount(classes, minlength=A.shape[0])
    if bool((size == 0).any()):
        raise DomainError("softmax.class_factored", "classes", "a word in every class", "a class without words")
    first = size.cumsum(0) - size
    c = classes[w]
    most = int(size[c].max()) if h.shape[0] else 1
    step = torch.arange(most, device=h.device)
    within = step < size[c, None]
    words = order[torch.where(within, first[c, None] + step, first[c, None])]
    word_scores = _scores(B, words, h).masked_fill(~within, -torch.inf)
    place = (within & (words == w[:, None])).int().argmax(1)
    class_scores = linear(h, A)
    p = pick(torch.softmax(class_scores, -1), c) * pick(torch.softmax(word_scores, -1), place)
    log_p = pick(log_softmax(class_scores, -1), c) + pick(log_softmax(word_scores, -1), place)
    return p, log_p


def hierarchical(v: Tensor, nodes: Tensor, signs: Tensor, depth: Tensor, h: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Π σ(s_j v_j·h) over the inner nodes on the way to w; of v only those rows are read."""
    w = w.long()
    t = signs[w] * _scores(v, nodes[w], h)
    counts = torch.arange(nodes.shape[1], device=h.device) < depth[w, None]
    p = torch.where(counts, torch.sigmoid(t), 1.0).prod(1)
    log_p = torch.where(counts, logsigmoid(t), 0.0).sum(1)
    return p, log_p


def noise_contrastive(W: Tensor, b: Tensor | None, q: Tensor, h: Tensor, w: Tensor, noise: Tensor) -> tuple[Tensor]:
    """−log σ(Δ(w)) − Σ log σ(−Δ(noise)); of W and b only the rows of those words are read."""
    words, k = _together(w, noise), noise.shape[1]
    chances = q[words]
    if bool((chances == 0).any()):
        raise DomainError("softmax.noise_contrastive", "q", "q(w) > 0 for observed and drawn words", "0")
    if k == 0:
        return (h.new_zeros(h.shape[0]),)
    return _told_apart(_biased(W, b, words, h) - torch.log(k * chances))


def negative_sampling(W: Tensor, b: Tensor | None, h: Tensor, w: Tensor, noise: Tensor) -> tuple[Tensor]:
    """−log σ(s(w)) − Σ log σ(−s(noise)); of W and b only the rows of those words are read."""
    return _told_apart(_biased(W, b, _together(w, noise), h))


def self_normalized(s: Tensor, w: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """log Z − s_w + α (log Z)², and log Z."""
    log_Z = log_total(s)
    refuse_masked(log_Z == -torch.inf, "softmax.self_normalized", "s")
    return log_Z - pick(s, w) + alpha * log_Z.square(), log_Z


# --------------------------------------------------------------------------------- shared with other families
def log_total(z: Tensor) -> Tensor:
    """log Σ e^z along the last axis; −∞, without gradient, for a row of nothing but −∞.

    `torch.logsumexp` has the gradient exp(z − log Σ e^z), whose relative error is that of the rounded
    logarithm, some |max z| u; this one has e / Σ e.
    """
    top = z.detach().amax(-1, keepdim=True)
    s = (z - top.masked_fill(top == -torch.inf, 0.0)).exp().sum(-1)
    return top[..., 0] + s.masked_fill(s == 0, 1.0).log()


def pick(z: Tensor, i: Tensor) -> Tensor:
    """z[b, i[b]]."""
    return z.gather(1, i.long()[:, None])[:, 0]


def refuse_masked(rows: Tensor, equation: str, argument: str) -> None:
    """Raise `DomainError` if a row is found to be nothing but −∞."""
    if bool(rows.any()):
        raise DomainError(equation, argument, "a score other than -inf in every row", "a row of -inf")


class _Exp(torch.autograd.Function):  # type: ignore[misc]
    """e^x, whose gradient is 0 where the cotangent is 0, even if e^x overflows."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, y_bar: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return torch.where(y_bar == 0, y_bar, y_bar * y)


def _scores(table: Tensor, index: Tensor, h: Tensor) -> Tensor:
    """table[index[b, k]]·h[b]."""
    return (embedding(index.long(), table) @ h[:, :, None])[:, :, 0]


def _biased(W: Tensor, b: Tensor | None, words: Tensor, h: Tensor) -> Tensor:
    s = _scores(W, words, h)
    return s if b is None else s + b[words]


def _together(w: Tensor, noise: Tensor) -> Tensor:
    """The observed word, then the draws: (B, 1 + k)."""
    return torch.cat([w.long()[:, None], noise.long()], 1)


def _told_apart(s: Tensor) -> tuple[Tensor]:
    """The cost of telling the word of s[:, 0] from the others by their scores."""
    return (-(logsigmoid(s[:, 0]) + logsigmoid(-s[:, 1:]).sum(1)),)
