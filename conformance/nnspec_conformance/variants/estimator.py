"""Mistakes in estimators."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import estimator
from nnspec_reference.scalars import Matrix, dot, sqrt, square, stop_gradient, total


@variant("estimator.unbiased_gradient", "divided by N − 1")
def one_less(g: Any) -> Any:
    N = max(1, len(g) - 1)
    mean = total(g) / N
    return mean, total(dot(row, mean) for row in g) / N


@variant("estimator.unbiased_gradient", "the expectation is taken over N − 1 outcomes: the last is left out")
def last_left_out(g: Any) -> Any:
    return estimator.unbiased_gradient(g if len(g) == 1 else Matrix(tuple(g)[:-1]))


@variant("estimator.unbiased_gradient", "the progress is E‖∇J^(i)‖², not ‖∇J‖²")
def second_moment(g: Any) -> Any:
    mean, _ = estimator.unbiased_gradient(g)
    return mean, total(dot(row, row) for row in g) / len(g)


@variant("estimator.unbiased_gradient", "∇J is held fixed in the gradient of the progress")
def half_the_gradient(g: Any) -> Any:
    mean, _ = estimator.unbiased_gradient(g)
    return mean, total(dot(row, stop_gradient(mean)) for row in g) / len(g)


@variant("estimator.minibatch_variance", "the sample variance, over N − 1", source="ddof=1")
def sample_variance(g: Any, S: int, replacement: bool = True) -> Any:
    return estimator.minibatch_variance(g, S, replacement) * len(g) / max(1, len(g) - 1)


@variant(
    "estimator.minibatch_variance",
    "stops at the second expression: Var/S²",
    source="DR, middle of the equation",
)
def over_s_squared(g: Any, S: int, replacement: bool = True) -> Any:
    return estimator.minibatch_variance(g, S, replacement) / S


@variant("estimator.minibatch_variance", "1/S without replacement too", source="E53")
def always_independent(g: Any, S: int, replacement: bool = True) -> Any:
    estimator.minibatch_variance(g, S, replacement)  # it refuses what must be refused
    return estimator.minibatch_variance(g, S, replacement=True)


@variant("estimator.minibatch_variance", "the finite-population factor is (N − S)/N")
def factor_over_n(g: Any, S: int, replacement: bool = True) -> Any:
    variance = estimator.minibatch_variance(g, S, replacement)
    return variance if replacement else variance * (len(g) - 1) / len(g)


@variant("estimator.minibatch_variance", "the second moment, not centred")
def not_centred(g: Any, S: int, replacement: bool = True) -> Any:
    mean = total(g) / len(g)
    factor = (len(g) - S, len(g) - 1) if not replacement and len(g) > 1 else (1, 1)
    return estimator.minibatch_variance(g, S, replacement) + square(mean) / S * factor[0] / factor[1]


@variant("estimator.minibatch_variance", "the standard error")
def standard_error(g: Any, S: int, replacement: bool = True) -> Any:
    return sqrt(estimator.minibatch_variance(g, S, replacement))


@gradient_variant("estimator.minibatch_variance", "the gradient lacks the factor 2")
def no_factor_two(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {"g": gradients["g"] / 2}
