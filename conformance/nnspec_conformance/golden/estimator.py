"""The erratum on the variance of mini-batches, counted out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product

from nnspec_conformance.golden import golden, near, refuses
from nnspec_reference import estimator, optimizer
from nnspec_reference.scalars import Matrix, Vector, square, total

_EXAMPLES = Matrix(Vector(row) for row in ((1.0, -2.0), (4.0, 0.0), (-3.0, 5.0), (2.0, 2.0)))


def _moments(batches: Iterable[tuple[Vector, ...]]) -> tuple[Vector, Vector]:
    """Mean and variance of the mini-batch gradient, all batches being equally likely."""
    means = [optimizer.minibatch(Matrix(batch)) for batch in batches]
    mean = total(means) / len(means)
    return mean, total(square(m - mean) for m in means) / len(means)


@golden("E53")
def the_variance_over_s_needs_independent_draws() -> None:
    """With replacement Var/S; S different examples of N have (N − S)/(N − 1) of that, nothing at S = N."""
    N = len(_EXAMPLES)
    expectation, descent = estimator.unbiased_gradient(_EXAMPLES)
    single = estimator.minibatch_variance(_EXAMPLES, 1)
    for S in (1, 2, 3, 4):
        mean, variance = _moments(product(_EXAMPLES, repeat=S))
        assert near(mean, expectation)
        assert near(variance, single / S, 1e-14)
        assert near(variance, estimator.minibatch_variance(_EXAMPLES, S), 1e-14)
        mean, variance = _moments(combinations(_EXAMPLES, S))
        assert near(mean, expectation), "unbiased either way"
        assert near(variance, single * (N - S) / (S * (N - 1)), 1e-14)
        assert near(variance, estimator.minibatch_variance(_EXAMPLES, S, replacement=False), 1e-14)
        assert near(variance, single / S) == (S == 1), "as printed, only for S = 1"
    assert estimator.minibatch_variance(_EXAMPLES, 4, replacement=False) == (0, 0)
    assert refuses(estimator.minibatch_variance, _EXAMPLES, 5, replacement=False)
    assert near(descent, total(square(expectation)))


@golden("E53")
def a_single_example_has_no_variance() -> None:
    """N = 1: 0 with replacement, and without (where the printed factor would be 0/0)."""
    one = Matrix([Vector([3.0, -1.0])])
    assert estimator.minibatch_variance(one, 3) == (0, 0)
    assert estimator.minibatch_variance(one, 1, replacement=False) == (0, 0)
    assert refuses(estimator.minibatch_variance, one, 2, replacement=False)
