"""Representations of words on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._mlp import softmax_pullback
from nnspec.array._ops import Array, Ops
from nnspec.errors import DomainError


def onehot_lookup(ops: Ops, w: Array, R: Array) -> Any:
    """R[w]."""
    return (ops.rows(R, w),), lambda r_bar: {"R": ops.scatter_add(r_bar, w, R.shape[0])}


def attribute_network(ops: Ops, w: Array, A: Array, B: Array) -> Any:
    """A[w] B and its softmax."""
    xp = ops.xp
    a = ops.rows(A, w)
    score = xp.matmul(a, B)
    p = ops.softmax(score)

    def pullback(score_bar: Array, p_bar: Array) -> dict[str, Array]:
        bar = score_bar + softmax_pullback(ops, p, p_bar)
        return {"A": ops.scatter_add(ops.affine(bar, B), w, A.shape[0]), "B": ops.outer_sum(a, bar)}

    return (score, p), pullback


def _dot(ops: Ops, u: Array, v: Array) -> Array:
    return ops.xp.sum(u * v, axis=-1)


def dot_similarity(ops: Ops, r_1: Array, r_2: Array) -> Any:
    """r_1ᵀ r_2."""
    return (_dot(ops, r_1, r_2),), lambda bar: {"r_1": bar[:, None] * r_2, "r_2": bar[:, None] * r_1}


def euclidean_distance(ops: Ops, r_1: Array, r_2: Array) -> Any:
    """‖r_1 − r_2‖, with gradient 0 where it is 0."""
    xp = ops.xp
    d = r_1 - r_2
    distance = xp.sqrt(_dot(ops, d, d))

    def pullback(distance_bar: Array) -> dict[str, Array]:
        divisor = xp.where(distance == 0.0, ops.ones((1,), like=d), distance)
        d_bar = d * (distance_bar / divisor)[:, None]
        return {"r_1": d_bar, "r_2": -d_bar}

    return (distance,), pullback


def unit_norm_identity(ops: Ops, r_1: Array, r_2: Array) -> Any:
    """‖r_1 − r_2‖², r_1ᵀr_1 − 2 r_1ᵀr_2 + r_2ᵀr_2, 2 − 2 r_1ᵀr_2."""
    d, r_r = r_1 - r_2, _dot(ops, r_1, r_2)

    def pullback(squared_bar: Array, expanded_bar: Array, unit_bar: Array) -> dict[str, Array]:
        d_bar = (2.0 * squared_bar)[:, None] * d
        own, cross = (2.0 * expanded_bar)[:, None], (-2.0 * (expanded_bar + unit_bar))[:, None]
        return {"r_1": d_bar + own * r_1 + cross * r_2, "r_2": own * r_2 + cross * r_1 - d_bar}

    expanded = _dot(ops, r_1, r_1) - 2.0 * r_r + _dot(ops, r_2, r_2)
    return (_dot(ops, d, d), expanded, 2.0 - 2.0 * r_r), pullback


def cosine_similarity(ops: Ops, r_1: Array, r_2: Array, eps: float) -> Any:
    """r_1ᵀ r_2 / (max(‖r_1‖, ε) max(‖r_2‖, ε)), clamped to [−1, 1] without touching the gradient."""
    xp = ops.xp
    if eps == 0:
        for name, r in (("r_1", r_1), ("r_2", r_2)):
            _directed(ops, "embedding.cosine_similarity", name, r)
    n_1, n_2 = xp.sqrt(_dot(ops, r_1, r_1)), xp.sqrt(_dot(ops, r_2, r_2))
    m_1, m_2 = ops.maximum(n_1, eps), ops.maximum(n_2, eps)
    c = _dot(ops, r_1, r_2) / (m_1 * m_2)

    def pullback(cosine_bar: Array) -> dict[str, Array]:
        across = (cosine_bar / (m_1 * m_2))[:, None]
        zero = ops.zeros((1,), like=c)
        # the norms pull back only where they, and not ε, divide
        along_1 = xp.where(n_1 < eps, zero, cosine_bar * c / (m_1 * m_1))[:, None]
        along_2 = xp.where(n_2 < eps, zero, cosine_bar * c / (m_2 * m_2))[:, None]
        return {"r_1": across * r_2 - along_1 * r_1, "r_2": across * r_1 - along_2 * r_2}

    return (xp.clip(c, -1.0, 1.0),), pullback


def _directed(ops: Ops, ident: str, name: str, r: Array) -> None:
    if bool(ops.xp.any(ops.xp.all(r == 0.0, axis=-1))):
        raise DomainError(ident, name, "vectors other than 0", "the vector 0")


def low_rank_factorization(ops: Ops, X: Array, R: Array, R_tilde: Array) -> Any:
    """‖X − R R̃ᵀ‖²."""
    E = X - ops.affine(R, R_tilde)

    def pullback(cost_bar: Array) -> dict[str, Array]:
        E_bar = (2.0 * cost_bar) * E
        return {"X": E_bar, "R": -ops.xp.matmul(E_bar, R_tilde), "R_tilde": -ops.outer_sum(E_bar, R)}

    return (ops.total(E * E, keep=0),), pullback


def _weight(ops: Ops, x: Array, x_max: float, exponent: float) -> Array:
    return ops.xp.where(x < x_max, (x / x_max) ** exponent, ops.ones((1,) * x.ndim, like=x))


def glove_weight(ops: Ops, x: Array, x_max: float, exponent: float) -> Any:
    """(x / x_max)^exponent below x_max, 1 from there on."""
    return (_weight(ops, x, x_max, exponent),), None


def glove_cost(
    ops: Ops,
    X: Array,
    R: Array,
    R_tilde: Array,
    b: Array,
    b_tilde: Array,
    x_max: float,
    exponent: float,
) -> Any:
    """Σ f(x) (r r̃ + b + b̃ − log x)² over the counts that are not 0."""
    xp = ops.xp
    counted = X != 0.0
    log_X = xp.log(xp.where(counted, X, ops.ones((1, 1), like=X)))
    off = ops.affine(R, R_tilde) + b[:, None] + b_tilde[None, :] - log_X
    off = xp.where(counted, off, ops.zeros((1, 1), like=X))
    weighted = _weight(ops, X, x_max, exponent) * off

    def pullback(cost_bar: Array) -> dict[str, Array]:
        E = (2.0 * cost_bar) * weighted
        return {
            "R": xp.matmul(E, R_tilde),
            "R_tilde": ops.outer_sum(E, R),
            "b": xp.sum(E, axis=1),
            "b_tilde": xp.sum(E, axis=0),
        }

    return (ops.total(weighted * off, keep=0),), pullback


def analogy(ops: Ops, R: Array, a: Array, b: Array, c: Array, metric: str, exclude_queries: bool) -> Any:
    """The word closest to R[b] − R[a] + R[c]."""
    xp = ops.xp
    target = ops.rows(R, b) - ops.rows(R, a) + ops.rows(R, c)
    if metric == "euclidean":
        d = R[None, :, :] - target[:, None, :]
        closeness = -xp.sqrt(_dot(ops, d, d))
    else:
        closeness = ops.affine(target, R)
    if metric == "cosine":
        _directed(ops, "embedding.analogy", "R", R)
        _directed(ops, "embedding.analogy", "target", target)
        lengths = xp.sqrt(_dot(ops, target, target))[:, None] * xp.sqrt(_dot(ops, R, R))[None, :]
        closeness = closeness / lengths
    allowed = closeness
    if exclude_queries:
        never = ops.full((1, 1), float("-inf"), like=R)
        words = ops.arange(R.shape[0], like=R)[None, :]
        for query in (a, b, c):
            allowed = xp.where(words == xp.astype(query, xp.int64)[:, None], never, allowed)
    return (xp.argmax(allowed, axis=1), closeness), None


def average(ops: Ops, w: Array, mask: Array | None) -> Any:
    """The mean over the second axis, where the mask is 1; 0 of nothing."""
    xp = ops.xp
    B, m, _ = w.shape
    share = ops.full((B, m), 1.0 / max(m, 1), like=w)
    if mask is None:
        mean = xp.sum(w, axis=1) / float(max(m, 1))
    else:
        count = ops.maximum(xp.sum(mask, axis=1, keepdims=True), 1.0)
        share = mask / count
        mean = xp.sum(w * mask[:, :, None], axis=1) / count
    return (mean,), lambda average_bar: {"w": share[:, :, None] * average_bar[:, None, :]}
