"""Properties of stochastic gradients, by enumeration of all that may be drawn."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product
from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, exactly, law, same


def _batch_means(nn: Any, g: Any, batches: Iterable[tuple[int, ...]]) -> list[Measured]:
    return [nn("optimizer.minibatch", g=g[list(batch)]).mean for batch in batches]


def _mean(measured: list[Measured]) -> Measured:
    total = measured[0]
    for m in measured[1:]:
        total = total + m
    return total * (1.0 / len(measured))


def _rounded(m: Measured) -> Measured:
    """A few roundings more, for what this module computes itself."""
    return Measured(m.value, m.radius + np.abs(m.value) * 2.0**-50)


def _all_batches(N: int, S: int) -> dict[bool, list[tuple[int, ...]]]:
    """Every mini-batch of S of N examples, with replacement and without, all equally likely."""
    return {True: list(product(range(N), repeat=S)), False: list(combinations(range(N), S))}


@law("P89", on=["estimator.unbiased_gradient", "optimizer.minibatch"])
def a_stochastic_gradient_is_unbiased(nn: Any, draw: Draw) -> None:
    """Over all examples, and over all mini-batches, the mean is the full gradient."""
    N, n = draw.size(1, 4), draw.size(1, 3)
    g = draw.integers(N, n)
    full = _rounded(nn("estimator.unbiased_gradient", g=g).expectation)
    same(nn("optimizer.minibatch", g=g).mean, full, "the batch of all examples")
    for S in range(1, min(N, 2) + 1):
        for batches in _all_batches(N, S).values():
            average = _mean(_batch_means(nn, g, batches))
            slack = Measured(average.value, average.radius + 2.0**-50 * np.abs(g).max(initial=1.0))
            same(slack, full, f"batches of {S}")


@law("P125", on=["estimator.unbiased_gradient"])
def sgd_goes_downhill_on_average(nn: Any, draw: Draw) -> None:
    """E_i[∇J^(i) · ∇J] = ‖∇J‖² ≥ 0, though single examples may point uphill."""
    N = draw.choice([1, 2, 4])
    g = draw.integers(N, draw.size(1, 3))
    found = nn("estimator.unbiased_gradient", g=g)
    progress = (g @ g.mean(0)).mean()
    exactly(found.descent, progress, "E_i[∇J^(i) · ∇J]")
    exactly(found.descent, (g.mean(0) ** 2).sum(), "‖∇J‖²")
    assert found.descent.value >= 0.0
    uphill = np.array([[3.0, 0.0], [-1.0, 0.0]])
    found = nn("estimator.unbiased_gradient", g=uphill)
    assert uphill[1] @ found.expectation.value < 0.0 < found.descent.value


@law("P90", on=["estimator.minibatch_variance", "optimizer.minibatch"])
def a_larger_batch_has_less_variance(nn: Any, draw: Draw) -> None:
    """All N^S batches: Var/S. All batches of S different examples: (N − S)/(N − 1) of that (E53)."""
    N, n = draw.size(1, 4), draw.size(1, 3)
    g = draw.integers(N, n)
    S = draw.size(1, 3 if N < 4 else 2)
    for replacement, batches in _all_batches(N, S).items():
        if not batches:
            continue  # more than N different examples cannot be drawn
        means = np.stack([m.value for m in _batch_means(nn, g, batches)])
        counted = ((means - means.mean(0)) ** 2).mean(0)
        found = nn("estimator.minibatch_variance", g=g, S=S, replacement=replacement).variance
        slack = Measured(counted, np.full(n, 2.0**-46 * max(1.0, float((g * g).max()))))
        same(found, slack, f"S = {S}, replacement={replacement}")
    single = nn("estimator.minibatch_variance", g=g, S=1).variance
    same(nn("estimator.minibatch_variance", g=g, S=S).variance, _rounded(single * (1.0 / S)), "Var/S")
    everything = nn("estimator.minibatch_variance", g=g, S=N, replacement=False).variance
    exactly(everything, np.zeros(n), "batch training has no variance")
