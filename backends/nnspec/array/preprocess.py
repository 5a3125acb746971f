"""Preparation of inputs on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops


def standardize(ops: Ops, x: Array, X: Array) -> Any:
    """(x − mean) / std, with the statistics of X; a feature that never varies is divided by 1."""
    xp = ops.xp
    N = float(X.shape[0])
    mean = xp.sum(X, axis=0) / N
    centred = X - mean[None, :]
    constant = xp.all(X[:1, :] == X, axis=0)
    zero, one = ops.zeros((1,), like=X), ops.ones((1,), like=X)
    std = xp.where(constant, zero, xp.sqrt(xp.sum(centred * centred, axis=0) / N))
    divisor = xp.where(constant, one, std)
    z = (x - mean[None, :]) / divisor[None, :]

    def pullback(z_bar: Array, mean_bar: Array, std_bar: Array) -> dict[str, Array]:
        x_bar = z_bar / divisor[None, :]
        mean_bar = mean_bar - xp.sum(x_bar, axis=0)
        std_bar = xp.where(constant, zero, std_bar - xp.sum(x_bar * z, axis=0))
        X_bar = mean_bar[None, :] / N + (std_bar / (divisor * N))[None, :] * centred
        return {"x": x_bar, "X": X_bar}

    return (z, mean, std), pullback
