"""Initial parameters on arrays."""

from __future__ import annotations

import math
from typing import Any

from nnspec.array._ops import Array, Ops


def zeros(ops: Ops, W: Array) -> Any:
    """Zeros in the shape of W."""
    return (ops.zeros(W.shape, like=W),), None


def _symmetric(u: Array, bound: float) -> Any:
    return ((2.0 * u - 1.0) * bound,), lambda W_bar: {"u": W_bar * (2.0 * bound)}


def small_random(ops: Ops, u: Array, scale: float) -> Any:
    """Uniform on ± scale."""
    return _symmetric(u, float(scale))


def xavier_uniform(ops: Ops, u: Array) -> Any:
    """Uniform on ± √(6 / (fan_in + fan_out))."""
    return _symmetric(u, math.sqrt(6.0 / (u.shape[0] + u.shape[1])))


def uniform_moments(ops: Ops, a: Array, b: Array) -> Any:
    """(a + b) / 2 and (b − a) / √12."""
    root = math.sqrt(12.0)

    def pullback(mu_bar: Array, sigma_bar: Array) -> dict[str, Array]:
        half, spread = 0.5 * mu_bar, sigma_bar / root
        return {"a": half - spread, "b": half + spread}

    return (0.5 * (a + b), (b - a) / root), pullback


def random_scaled(ops: Ops, noise: Array, gain: float, fan: str) -> Any:
    """Noise of variance 1, times gain / √n."""
    fan_out, fan_in = noise.shape
    n = {"in": float(fan_in), "out": float(fan_out), "average": 0.5 * (fan_in + fan_out)}[fan]
    scale = gain / math.sqrt(n)
    return (noise * scale,), lambda W_bar: {"noise": W_bar * scale}
