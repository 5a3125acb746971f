"""Losses and likelihoods on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops
from nnspec.array.softmax import exponentials, loglinear_pullback, minus_target, spread
from nnspec.errors import DomainError


def binary_cross_entropy(ops: Ops, y_hat: Array, y: Array) -> Any:
    """−[y log ŷ + (1−y) log(1−ŷ)]."""
    no = 1.0 - y
    L = -(_weighted(ops, y, ops.xp.log(y_hat)) + _weighted(ops, no, ops.xp.log1p(-y_hat)))

    def pullback(L_bar: Array) -> dict[str, Array]:
        return {"y_hat": L_bar * (_quotient(ops, no, 1.0 - y_hat) - _quotient(ops, y, y_hat))}

    return (L,), pullback


def binary_cross_entropy_logits(ops: Ops, z: Array, y: Array) -> Any:
    """max(z, 0) − z y + log(1 + e^{−|z|})."""
    return (ops.softplus(z) - z * y,), lambda L_bar: {"z": L_bar * (ops.sigmoid(z) - y)}


def categorical_cross_entropy(ops: Ops, y_hat: Array, y: Array) -> Any:
    """−Σ y log ŷ."""
    L = -ops.xp.sum(_weighted(ops, y, ops.xp.log(y_hat)), axis=-1)
    return (L,), lambda L_bar: {"y_hat": -L_bar[:, None] * _quotient(ops, y, y_hat)}


def categorical_cross_entropy_logits(ops: Ops, z: Array, y: Array) -> Any:
    """Σ y (log Σ e^z − z)."""
    xp = ops.xp
    e, s, log_Z = exponentials(ops, z, "loss.categorical_cross_entropy_logits", "z")
    L = xp.sum(_weighted(ops, y, log_Z[:, None] - z), axis=-1)

    def pullback(L_bar: Array) -> dict[str, Array]:
        return {"z": L_bar[:, None] * (e * (xp.sum(y, axis=-1, keepdims=True) / s) - y)}

    return (L,), pullback


def hard_nll(ops: Ops, y_hat: Array, i: Array) -> Any:
    """−log ŷ_i."""
    gold = ops.pick(y_hat, i)
    return (-ops.xp.log(gold),), lambda L_bar: {"y_hat": spread(ops, -L_bar / gold, i, y_hat)}


def softmax_cross_entropy(ops: Ops, z: Array, i: Array) -> Any:
    """log Σ e^z − z_i."""
    e, s, log_Z = exponentials(ops, z, "loss.softmax_cross_entropy", "z")
    return (log_Z - ops.pick(z, i),), lambda L_bar: {"z": minus_target(ops, e / s, i, L_bar)}


def log_likelihood(ops: Ops, W: Array, z: Array, i: Array) -> Any:
    """(Wz)_i − log Σ e^{Wz}."""
    scores = ops.affine(z, W)
    e, s, log_Z = exponentials(ops, scores)

    def pullback(log_p_bar: Array) -> dict[str, Array]:
        scores_bar = minus_target(ops, e / s, i, -log_p_bar)
        return {"W": ops.outer_sum(scores_bar, z), "z": ops.xp.matmul(scores_bar, W)}

    return (ops.pick(scores, i) - log_Z,), pullback


def dataset_log_likelihood(ops: Ops, w: Array, f: Array, y: Array, reduction: str) -> Any:
    """Σ_j of (f_j w)_{y_j} − log Σ e^{f_j w}, and the terms."""
    m = f.shape[0]
    if m == 0 and reduction == "mean":
        raise DomainError("loss.dataset_log_likelihood", "f", "m >= 1 for reduction='mean'", "m = 0")
    share = 1.0 if reduction == "sum" else float(m)
    scores = ops.xp.matmul(f, w)
    e, s, log_Z = exponentials(ops, scores)
    terms = ops.pick(scores, y) - log_Z

    def pullback(L_bar: Array, terms_bar: Array) -> dict[str, Array]:
        return loglinear_pullback(ops, w, f, minus_target(ops, e / s, y, -(terms_bar + L_bar / share)))

    return (_shared(ops, terms, share), terms), pullback


def mean_cost(ops: Ops, costs: Array, reduction: str) -> Any:
    """The mean, or the sum, of the costs."""
    share = 1.0 if reduction == "sum" else float(costs.shape[0])
    return (_shared(ops, costs, share),), lambda J_bar: {"costs": ops.ones(costs.shape, like=costs) * (J_bar / share)}


def sequence_nll(ops: Ops, target: Array, y: Array, lengths: Array | None) -> Any:
    """−Σ_t Σ_v target log y; padding has target 0."""
    nll = -ops.xp.sum(_weighted(ops, target, ops.xp.log(y)), axis=(1, 2))
    return (nll,), lambda nll_bar: {"y": -nll_bar[:, None, None] * _quotient(ops, target, y)}


def sequence_accumulated(ops: Ops, losses: Array, lengths: Array | None) -> Any:
    """Σ_t L_t; padding is 0."""
    L = ops.xp.sum(losses, axis=1)
    return (L,), lambda L_bar: {"losses": ops.ones(losses.shape, like=losses) * L_bar[:, None]}


def sequence_final_only(
    ops: Ops, h: Array, h0: Array | None, W: Array, b: Array | None, y: Array, lengths: Array | None
) -> Any:
    """The cross-entropy of W h_T + b, h_T the state at the length."""
    B, T, H = h.shape
    h_T = ops.last(h, ops.zeros((B, H), like=h) if h0 is None else h0, lengths)
    z = ops.affine(h_T, W, b)
    e, s, log_Z = exponentials(ops, z)

    def pullback(L_bar: Array) -> dict[str, Array]:
        z_bar = minus_target(ops, e / s, y, L_bar)
        h_bar, h0_bar = ops.last_pullback(ops.xp.matmul(z_bar, W), T, lengths)
        gradients = {"h": h_bar, "W": ops.outer_sum(z_bar, h_T)}
        if h0 is not None:
            gradients["h0"] = h0_bar
        if b is not None:
            gradients["b"] = ops.total(z_bar)
        return gradients

    return (log_Z - ops.pick(z, y),), pullback


def squared_error(ops: Ops, y: Array, t: Array) -> Any:
    """½ (y − t)²."""
    off = y - t
    return (0.5 * (off * off),), lambda L_bar: {"y": L_bar * off}


def logistic_least_squares(ops: Ops, z: Array, t: Array) -> Any:
    """½ (σ(z) − t)²."""
    y = ops.sigmoid(z)
    off = y - t
    return (0.5 * (off * off),), lambda L_bar: {"z": L_bar * off * (y * (1.0 - y))}


def zero_one(ops: Ops, z: Array, y: Array) -> Any:
    """1[argmax z ≠ y]; the lowest index at a tie."""
    xp = ops.xp
    return (xp.astype(xp.argmax(z, axis=-1) != xp.astype(y, xp.int64), z.dtype),), None


def _shared(ops: Ops, terms: Array, share: float) -> Array:
    """Σ terms / share, as an array without axes."""
    return ops.xp.asarray(ops.total(terms, keep=0) / share)


def _weighted(ops: Ops, weight: Array, x: Array) -> Array:
    """weight · x, and 0 where the weight is 0, even if x is infinite."""
    return ops.xp.where(weight == 0.0, ops.zeros((1,) * weight.ndim, like=x), weight * x)


def _quotient(ops: Ops, weight: Array, x: Array) -> Array:
    """weight / x, and 0 where the weight is 0, even if x is 0."""
    return ops.xp.where(weight == 0.0, ops.zeros((1,) * weight.ndim, like=x), weight / x)
