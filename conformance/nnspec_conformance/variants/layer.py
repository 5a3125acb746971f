"""Mistakes in layers."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import layer
from nnspec_reference.activation import by_name
from nnspec_reference.scalars import Matrix, Vector, dot, stop_gradient, zeros_like


@variant("layer.affine", "reads the weights by columns, as if W_ij led from input i to unit j", source="E04")
def weights_by_columns(x: Vector, W: Matrix, b: Vector | None = None) -> Vector:
    m = len(W)
    flat = [w for row in W for w in row]
    z = Vector(dot([flat[j * m + i] for j in range(len(x))], x) for i in range(m))
    return z if b is None else z + b


@variant("layer.affine", "the bias is left out")
def without_bias(x: Vector, W: Matrix, b: Vector | None = None) -> Vector:
    return W @ x


@variant("layer.affine", "every unit has the bias of the first")
def bias_of_the_first_unit(x: Vector, W: Matrix, b: Vector | None = None) -> Vector:
    return layer.affine(x, W, b if b is None else Vector(b[0] for _ in b))


@gradient_variant("layer.affine", "the bias gets no gradient", source="MXNet #17872")
def no_bias_gradient(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, **{name: zeros_like(gradients[name]) for name in ("b",) if name in gradients}}


@gradient_variant("layer.affine", "the gradient of x is that of the first unit alone")
def one_unit_feeds_back(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    W, x = arguments["W"], arguments["x"]
    if not len(W) or "W" not in gradients:
        return gradients
    # z̄_1 is read off the weight gradient, W̄ = z̄ xᵀ, at an input that is not 0
    at = next((j for j, x_j in enumerate(x) if x_j != 0), None)
    z_bar = 0 if at is None else gradients["W"][0][at] / x[at]
    return {**gradients, "x": Vector(w * z_bar for w in W[0])}


@variant("layer.dense", "the bias is added after the activation: g(W x) + b")
def bias_after_activation(
    x: Vector, W: Matrix, b: Vector | None = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Vector:
    h: Vector = by_name(activation, W @ x, grad_at_zero)
    return h if b is None else h + b


@variant("layer.dense", "the bias gradient lacks g'", source="deepcourse PR #9")
def bias_gradient_before_the_slope(
    x: Vector, W: Matrix, b: Vector | None = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Vector:
    if b is None:
        return layer.dense(x, W, b, activation, grad_at_zero)
    h = layer.dense(x, W, stop_gradient(b), activation, grad_at_zero)
    passed: Vector = b - stop_gradient(b)
    return h + passed


@variant("layer.dense", "the gradient passes through the activation unchanged")
def gradient_without_slope(
    x: Vector, W: Matrix, b: Vector | None = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Vector:
    z: Any = layer.affine(x, W, b)
    return Vector(stop_gradient(by_name(activation, z, grad_at_zero)) + (z - stop_gradient(z)))


@variant("layer.dense", "always a sigmoid layer")
def always_sigmoid(
    x: Vector, W: Matrix, b: Vector | None = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Vector:
    return layer.dense(x, W, b, "sigmoid")


@variant("layer.dense", "ReLU's derivative at 0 follows the other convention", source="E09")
def derivative_at_zero(
    x: Vector, W: Matrix, b: Vector | None = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Vector:
    return layer.dense(x, W, b, activation, 1 - grad_at_zero)
