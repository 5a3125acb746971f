"""Properties of initial parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same

U = 2.0**-53


@law("P101", on=["init.xavier_uniform", "init.uniform_moments"])
def xavier_has_the_variance_of_its_bounds(nn: Any, draw: Draw) -> None:
    fan_out, fan_in = draw.size(1, 7), draw.size(1, 7)
    shape = (fan_out, fan_in)
    bound = nn("init.xavier_uniform", u=np.ones(shape)).W
    root = np.sqrt(6.0 / (fan_in + fan_out))
    same(bound, np.full(shape, root), "√(6 / (fan_in + fan_out))")
    u = np.floor(draw.positive(*shape) * 2**20) / 2**20
    W = nn("init.xavier_uniform", u=u).W
    at_most(np.abs(W.value), bound, "within the bound")
    exactly(nn("init.xavier_uniform", u=1.0 - u).W, -W, "symmetric")
    exactly(nn("init.xavier_uniform", u=np.full(shape, 0.5)).W, np.zeros(shape), "centred")
    edge = bound.value[0, 0]
    sigma = nn("init.uniform_moments", a=np.array([-edge]), b=np.array([edge])).sigma
    spread = np.sqrt(2.0 / (fan_in + fan_out))
    allowed = sigma.radius + bound.radius[0, 0] + 4 * U * spread
    same(Measured(sigma.value, allowed), np.array([spread]), "std √(2 / (fan_in + fan_out))")


@law("P101", on=["init.random_scaled"])
def variance_is_kept_forward_or_backward(nn: Any, draw: Draw) -> None:
    fan_out, fan_in = draw.size(1, 6), draw.size(1, 6)
    ones = np.ones((fan_out, fan_in))
    W = {fan: nn("init.random_scaled", noise=ones, gain=1, fan=fan).W for fan in ("in", "out", "average")}
    variance = {fan: w * w for fan, w in W.items()}
    same((variance["in"] * 1.0).sum(1), np.ones(fan_out), "forward: fan_in · Var W = 1")
    same((variance["out"] * 1.0).sum(0), np.ones(fan_in), "backward: fan_out · Var W = 1")
    both = variance["average"].sum(1)[0] + variance["average"].sum(0)[0]
    same(both, 2.0, "the average keeps their mean")
    if fan_in != fan_out:
        assert abs(variance["average"].value.sum(1)[0] - 1.0) > 0.01, "but neither of them"


@law("P102", on=["init.uniform_moments"])
def moments_are_those_of_the_distribution(nn: Any, draw: Draw) -> None:
    N = 64
    a = draw.integers(3)
    b = a + draw.integers(3, low=0, high=8)
    found = nn("init.uniform_moments", a=a, b=b)
    grid = a[:, None] + (b - a)[:, None] * (np.arange(N) + 0.5) / N  # midpoints: exact in floats
    exactly(found.mu, grid.mean(1), "μ = (a + b) / 2")
    same(found.sigma * found.sigma * (1 - 1 / N**2), grid.var(1), "σ² = (b − a)² / 12")


@law("P101", on=["init.small_random", "init.zeros"])
def small_is_small_and_zero_is_zero(nn: Any, draw: Draw) -> None:
    shape = (draw.size(), draw.size())
    u, scale = draw.positive(*shape), draw.choice([0.01, 0.5, 2.0])
    at_most(np.abs(nn("init.small_random", u=u, scale=scale).W.value), scale * (1 + 4 * U), "within ± scale")
    same(nn("init.small_random", u=np.ones(shape), scale=scale).W, np.full(shape, scale), "reaches it")
    exactly(nn("init.zeros", W=draw.reals(*shape)).W_0, np.zeros(shape), "zeros")
