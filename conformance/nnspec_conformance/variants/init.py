"""Mistakes in initial parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import init
from nnspec_reference.scalars import Matrix, Vector, constant, sqrt


@variant("init.zeros", "the parameters are left as they are")
def left_alone(W: Matrix) -> Matrix:
    return W


@variant("init.zeros", "ones")
def ones(W: Matrix) -> Matrix:
    return W.map(lambda _: 1)


@variant("init.small_random", "not centred: U[0, scale]")
def positive_only(u: Matrix, scale: Any) -> Any:
    return u * scale


@variant("init.small_random", "U[−scale/2, scale/2]")
def half_as_wide(u: Matrix, scale: Any) -> Matrix:
    return init.small_random(u, scale) / 2


@variant("init.small_random", "one random number for all weights of a unit", source="EurekaLabsAI/micrograd #2")
def one_draw_for_a_unit(u: Matrix, scale: Any) -> Matrix:
    return init.small_random(Matrix(Vector(row[0] for _ in row) for row in u), scale)


def _shape(u: Matrix) -> tuple[int, int]:
    return len(u), len(u[0])


@variant("init.xavier_uniform", "√(6 / fan_in): the outputs are not counted")
def fan_in_alone(u: Matrix) -> Any:
    _, fan_in = _shape(u)
    return (u * 2 - 1) * sqrt(constant(6, u[0][0]) / fan_in)


@variant("init.xavier_uniform", "√(6 / fan_in + fan_out): parentheses missing", source="mlverse/torch #555")
def parentheses_missing(u: Matrix) -> Any:
    fan_out, fan_in = _shape(u)
    return (u * 2 - 1) * sqrt(constant(6, u[0][0]) / fan_in + fan_out)


@variant("init.xavier_uniform", "6 / (fan_in + fan_out): the root is missing", source="DLFS_code #10")
def root_missing(u: Matrix) -> Any:
    return (u * 2 - 1) * (constant(6, u[0][0]) / sum(_shape(u)))


@variant("init.xavier_uniform", "the standard deviation √(2 / (fan_in + fan_out)) is taken for the bound")
def deviation_for_bound(u: Matrix) -> Any:
    return (u * 2 - 1) * sqrt(constant(2, u[0][0]) / sum(_shape(u)))


@variant("init.xavier_uniform", "not centred: U[0, bound]")
def not_centred(u: Matrix) -> Any:
    return u * sqrt(constant(6, u[0][0]) / sum(_shape(u)))


@variant("init.uniform_moments", "the variance for the standard deviation")
def variance_for_deviation(a: Any, b: Any) -> tuple[Any, Any]:
    mu, sigma = init.uniform_moments(a, b)
    return mu, sigma * sigma


@variant("init.uniform_moments", "(b − a) / 12")
def twelve_without_root(a: Any, b: Any) -> tuple[Any, Any]:
    return (a + b) / 2, (b - a) / 12


@variant("init.uniform_moments", "μ = (b − a) / 2")
def half_the_width(a: Any, b: Any) -> tuple[Any, Any]:
    return (b - a) / 2, init.uniform_moments(a, b)[1]


@gradient_variant("init.uniform_moments", "σ does not fall when a rises")
def same_sign_for_both_ends(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {"a": gradients["b"], "b": gradients["b"]}


@variant("init.random_scaled", "gain / n: the root is missing", source="DLFS_code #10")
def divided_by_n(noise: Matrix, gain: Any, fan: str = "in") -> Any:
    fan_out, fan_in = _shape(noise)
    twice = {"in": 2 * fan_in, "out": 2 * fan_out, "average": fan_in + fan_out}[fan]
    return noise * (2 * gain / constant(twice, noise[0][0]))


@variant("init.random_scaled", "fan_in and fan_out are exchanged")
def exchanged_fans(noise: Matrix, gain: Any, fan: str = "in") -> Matrix:
    return init.random_scaled(noise, gain, {"in": "out", "out": "in"}.get(fan, fan))


@variant("init.random_scaled", "the sum of the fans for their average")
def sum_of_fans(noise: Matrix, gain: Any, fan: str = "in") -> Matrix:
    W = init.random_scaled(noise, gain, fan)
    return W / sqrt(constant(2, noise[0][0])) if fan == "average" else W


@variant("init.random_scaled", "the gain is squared, as in a variance")
def squared_gain(noise: Matrix, gain: Any, fan: str = "in") -> Matrix:
    return init.random_scaled(noise, gain * gain, fan)
