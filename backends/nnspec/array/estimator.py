"""Stochastic gradients as estimators, on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops
from nnspec.errors import DomainError


def unbiased_gradient(ops: Ops, g: Array) -> Any:
    """The mean ḡ of the rows, and E_i[g_i · ḡ] = ‖ḡ‖²."""
    N = float(g.shape[0])
    mean = ops.xp.sum(g, axis=0) / N

    def pullback(expectation_bar: Array, descent_bar: Array) -> dict[str, Array]:
        row = (expectation_bar + 2.0 * descent_bar * mean) / N
        return {"g": ops.zeros(g.shape, like=g) + row}

    return (mean, ops.total(mean * mean, keep=0)), pullback


def minibatch_variance(ops: Ops, g: Array, S: int, replacement: bool) -> Any:
    """The variance of a row, over S; (N − S)/(N − 1) of it without replacement."""
    N = g.shape[0]
    factor = share(N, S, replacement)
    deviation = g - ops.xp.sum(g, axis=0) / float(N)
    variance = factor * ops.xp.sum(deviation * deviation, axis=0)
    return (variance,), lambda variance_bar: {"g": 2.0 * factor * variance_bar * deviation}


def share(N: int, S: int, replacement: bool) -> float:
    """What a sum of N squared deviations is multiplied by; `DomainError` if S examples cannot differ."""
    if replacement or N == 1 == S:
        return 1.0 / (N * S)
    if S > N:
        raise DomainError("estimator.minibatch_variance", "S", f"at most N = {N} without replacement", str(S))
    return (N - S) / (N * S * (N - 1))
