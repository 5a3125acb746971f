"""Mistakes about exploding and vanishing gradients."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import dynamics
from nnspec_reference.recurrent import slope
from nnspec_reference.scalars import Matrix, power, tanh


@variant("dynamics.scalar_jacobian", "one w too many: w^T", source="E03")
def scalar_power_too_high(z: Any, h_T_bar: Any, w: Any, activation: str) -> Any:
    h_1_bar, jacobian = dynamics.scalar_jacobian(z, h_T_bar, w, activation)
    return h_1_bar * w, jacobian * w


@variant("dynamics.scalar_jacobian", "the slopes are left out", source="the linear case")
def slopes_left_out(z: Any, h_T_bar: Any, w: Any, activation: str) -> Any:
    return dynamics.scalar_jacobian(z, h_T_bar, w, "identity")


@variant("dynamics.scalar_jacobian", "one slope is missing: that of step T")
def last_slope_missing(z: Any, h_T_bar: Any, w: Any, activation: str) -> Any:
    h_1_bar, jacobian = dynamics.scalar_jacobian(z[: len(z) - 1], h_T_bar, w, activation)
    return (h_1_bar * w, jacobian * w) if len(z) else (h_1_bar, jacobian)


@variant("dynamics.linear_jacobian", "w^T", source="E03: the numbers that DR prints")
def linear_power_too_high(w: Any, T: Any) -> Any:
    return power(w, T)


@variant("dynamics.linear_jacobian", "a sum in place of a product: (T − 1) w")
def sum_in_place_of_product(w: Any, T: Any) -> Any:
    return w * (T - 1)


@gradient_variant("dynamics.linear_jacobian", "the derivative keeps the power: (T − 1) w^{T−1}")
def power_not_lowered(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {"w": gradients["w"] * arguments["w"]}


@variant("dynamics.jacobian_product", "the first step stands leftmost")
def product_reversed(z: Any, U: Any, activation: str) -> Any:
    return dynamics.jacobian_product(Matrix(reversed(z)), U, activation)


@variant("dynamics.jacobian_product", "the factors are U diag(φ')")
def slopes_on_the_right(z: Any, U: Any, activation: str) -> Any:
    product = dynamics.jacobian_product(z[:0], U, activation)
    for z_t in z:
        phi_prime = slope(activation, z_t)
        product = Matrix(row * phi_prime for row in U) @ product
    return product


@variant("dynamics.jacobian_product", "the product is transposed: the map of the adjoints")
def product_transposed(z: Any, U: Any, activation: str) -> Any:
    return dynamics.jacobian_product(z, U, activation).T


@variant("dynamics.jacobian_product", "the factors are multiplied element by element")
def elementwise_product(z: Any, U: Any, activation: str) -> Any:
    product = dynamics.jacobian_product(z[:1], U, activation)
    for t in range(1, len(z)):
        product = product * dynamics.jacobian_product(z[t : t + 1], U, activation)
    return product


@variant("dynamics.iterated_map", "one iteration too many")
def iterates_once_more(x: Any, k: Any) -> Any:
    return dynamics.iterated_map(x, k + 1)


@variant("dynamics.iterated_map", "r = 4, the usual example of chaos")
def other_rate(x: Any, k: Any) -> Any:
    derivative: Any = 1
    for _ in range(k):
        derivative = derivative * (4 * (1 - 2 * x))
        x = 4 * x * (1 - x)
    return x, derivative


@variant("dynamics.iterated_map", "the derivative is taken at the image, x_{j+1}")
def slope_at_the_image(x: Any, k: Any) -> Any:
    derivative: Any = 1
    for _ in range(k):
        x = 7 * x * (1 - x) / 2
        derivative = derivative * (7 * (1 - 2 * x) / 2)
    return x, derivative


@variant("dynamics.iterated_map", "the derivative of the outermost map alone: no chain rule")
def no_chain_rule(x: Any, k: Any) -> Any:
    y, derivative = dynamics.iterated_map(x, k)
    before = dynamics.iterated_map(x, k - 1)[0] if k else x
    return y, 7 * (1 - 2 * before) / 2 if k else derivative


@variant("dynamics.attractors", "the slope is that of the state before, 1 − h_{j−1}²")
def slope_of_the_state_before(h: Any, k: Any, w: Any, b: Any) -> Any:
    dh: Any = 1
    db: Any = 0
    for _ in range(k):
        phi_prime = 1 - h * h
        h = tanh(w * h + b)
        dh, db = dh * w * phi_prime, (db * w + 1) * phi_prime
    return h, dh, db


@variant("dynamics.attractors", "∂h_k/∂b counts the last step's bias alone")
def bias_of_the_last_step(h: Any, k: Any, w: Any, b: Any) -> Any:
    h_k, dh, db = dynamics.attractors(h, k, w, b)
    return h_k, dh, 1 - h_k * h_k if k else db


@variant("dynamics.attractors", "w is left out of the chain")
def weight_left_out(h: Any, k: Any, w: Any, b: Any) -> Any:
    dh: Any = 1
    db: Any = 0
    for _ in range(k):
        h = tanh(w * h + b)
        dh, db = dh * (1 - h * h), (db + 1) * (1 - h * h)
    return h, dh, db
