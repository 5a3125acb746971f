"""Language models on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec.array._mlp import classifier, hidden
from nnspec.array._ops import Array, Ops
from nnspec.errors import DomainError


def bayes_posterior(ops: Ops, prior: Array, likelihood: Array) -> Any:
    """p(s) p(a | s) / Σ, each factor relative to its largest entry."""
    xp = ops.xp
    p_max = xp.max(prior, axis=1, keepdims=True)
    q_max = xp.max(likelihood, axis=1, keepdims=True)
    p, q = prior / p_max, likelihood / q_max
    joint = p * q
    Z = xp.sum(joint, axis=1, keepdims=True)
    if not bool(xp.all(Z > 0.0)):
        raise DomainError("lm.bayes_posterior", "prior", "a prior × likelihood above 0", "only 0")
    posterior = joint / Z

    def pullback(posterior_bar: Array) -> dict[str, Array]:
        joint_bar = (posterior_bar - xp.sum(posterior_bar * posterior, axis=1, keepdims=True)) / Z
        return {"prior": joint_bar * q / p_max, "likelihood": joint_bar * p / q_max}

    return (posterior,), pullback


def _product(ops: Ops, x: Array) -> tuple[Array, Callable[[Array], Array]]:
    """The product along the second axis, pair by pair: its gradient needs no division, a factor may be 0."""
    xp = ops.xp
    pairs = []
    if x.shape[1] == 0:
        return ops.ones((x.shape[0],), like=x), lambda _: x + 0.0
    while x.shape[1] > 1:
        half = x.shape[1] // 2
        left, right, odd = x[:, :half], x[:, half : 2 * half], x[:, 2 * half :]
        pairs.append((left, right))
        x = xp.concat([left * right, odd], axis=1)

    def pullback(product_bar: Array) -> Array:
        bar = product_bar[:, None]
        for left, right in reversed(pairs):
            half = left.shape[1]
            top, odd = bar[:, :half], bar[:, half:]
            bar = xp.concat([top * right, top * left, odd], axis=1)
        return bar

    return x[:, 0] + 0.0, pullback


def corpus_likelihood(ops: Ops, p: Array) -> Any:
    """Π p."""
    likelihood, pull = _product(ops, p)
    return (likelihood,), lambda likelihood_bar: {"p": pull(likelihood_bar) + 0.0}


def corpus_log_likelihood(ops: Ops, p: Array, negated: bool) -> Any:
    """Σ log p, or its negative."""
    sign = -1.0 if negated else 1.0
    return (sign * ops.xp.sum(ops.xp.log(p), axis=1),), lambda bar: {"p": sign * bar[:, None] / p}


def chain_rule(ops: Ops, y: Array, w: Array, lengths: Array | None) -> Any:
    """Π and −Σ log of the picked probabilities."""
    xp = ops.xp
    B, T, V = y.shape
    picked = xp.reshape(ops.pick(xp.reshape(y, (B * T, V)), xp.reshape(w, (B * T,))), (B, T))
    if lengths is not None:
        inside = ops.arange(T, like=y)[None, :] < xp.astype(lengths, xp.int64)[:, None]
        picked = xp.where(inside, picked, ops.ones((1, 1), like=y))
    p, pull = _product(ops, picked)

    def pullback(p_bar: Array, nll_bar: Array) -> dict[str, Array]:
        picked_bar = pull(p_bar) - nll_bar[:, None] / picked
        here = xp.astype(w, xp.int64)[..., None] == ops.arange(V, like=y)
        return {"y": xp.where(here, picked_bar[..., None], ops.zeros((1, 1, 1), like=y))}

    return (p, -xp.sum(xp.log(picked), axis=1)), pullback


def _rows(ops: Ops, numerator: Array, total: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Rows divided by their sums."""
    p = numerator / total
    return p, lambda p_bar: (p_bar - ops.xp.sum(p_bar * p, axis=1, keepdims=True)) / total


def _unseen(ops: Ops, ident: str, total: Array) -> None:
    if bool(ops.xp.any(total == 0.0)):
        raise DomainError(ident, "count", "a count above 0 in every row", "a row of zeros")


def ngram_mle(ops: Ops, count: Array, unseen: str) -> Any:
    """Counts divided by their row's sum."""
    xp = ops.xp
    total = xp.sum(count, axis=1, keepdims=True)
    if unseen == "error":
        _unseen(ops, "lm.ngram_mle", total)
    empty = total == 0.0
    p, pull = _rows(ops, count, xp.where(empty, ops.ones((1, 1), like=count), total))
    uniform = ops.full((1, 1), 1.0 / count.shape[1], like=count)
    zero = ops.zeros((1, 1), like=count)
    return (xp.where(empty, uniform, p),), lambda p_bar: {"count": xp.where(empty, zero, pull(p_bar))}


def additive_smoothing(ops: Ops, count: Array, alpha: float) -> Any:
    """(count + α) / (Σ count + α V)."""
    total = ops.xp.sum(count, axis=1, keepdims=True)
    if alpha == 0:
        _unseen(ops, "lm.additive_smoothing", total)
    p, pull = _rows(ops, count + alpha, total + alpha * count.shape[1])
    return (p,), lambda p_bar: {"count": pull(p_bar)}


def ngram_ensemble(ops: Ops, p: Array, weights: Array) -> Any:
    """Σ_n λ_n p_n."""
    xp = ops.xp

    def pullback(mixture_bar: Array) -> dict[str, Array]:
        bar = mixture_bar[:, None, :]
        return {"p": bar * weights[None, :, None], "weights": xp.sum(bar * p, axis=(0, 2))}

    return (xp.sum(weights[None, :, None] * p, axis=1),), pullback


def neural_probabilistic(
    ops: Ops,
    context: Array,
    R: Array,
    W: Array,
    b: Array | None,
    U: Array,
    c: Array | None,
    activation: str,
    grad_at_zero: int,
) -> Any:
    """softmax(U g(W [r; …; r] + b) + c), the blocks of W side by side in one product."""
    xp = ops.xp
    (B, K), (_, H, D) = context.shape, W.shape
    e = xp.reshape(ops.rows(R, context), (B, K * D))
    wide = xp.reshape(xp.permute_dims(W, (1, 0, 2)), (H, K * D))
    h, pull_h = hidden(ops, e, [wide], [b], activation, grad_at_zero)
    z, p, pull_z = classifier(ops, h, U, c)

    def pullback(z_bar: Array, p_bar: Array) -> dict[str, Array]:
        h_bar, gradients = pull_z(z_bar, p_bar)
        e_bar, (wide_bar,), (b_bar,) = pull_h(h_bar)
        gradients["R"] = ops.scatter_add(xp.reshape(e_bar, (B, K, D)), context, R.shape[0])
        gradients["W"] = xp.permute_dims(xp.reshape(wide_bar, (H, K, D)), (1, 0, 2))
        gradients["b"] = b_bar
        return gradients

    return (z, p), pullback
