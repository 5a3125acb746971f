"""Mistakes in single units."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import unit
from nnspec_reference.activation import by_name
from nnspec_reference.scalars import (
    Vector,
    absolute,
    concat,
    dot,
    sigmoid,
    sqrt,
    step,
    stop_gradient,
    tanh,
    total,
)


@variant("unit.weighted_sum", "the bias is left out")
def without_bias(x: Vector, w: Vector, b: Any = None) -> Any:
    return dot(w, x)


@variant("unit.weighted_sum", "the bias is taken for a threshold: w · x − b", source="E71")
def bias_as_threshold(x: Vector, w: Vector, b: Any = None) -> Any:
    return dot(w, x) if b is None else dot(w, x) - b


@variant("unit.weighted_sum", "the bias is added with every input", source="broadcast before the sum")
def bias_for_every_input(x: Vector, w: Vector, b: Any = None) -> Any:
    return total(x_i * w_i if b is None else x_i * w_i + b for x_i, w_i in zip(x, w, strict=True))


@gradient_variant("unit.weighted_sum", "the gradients of x and w are exchanged: ∂z/∂w = w")
def gradients_exchanged(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, "x": gradients["w"], "w": gradients["x"]}


@variant("unit.neuron", "the bias is added after the activation: f(w · x) + b")
def bias_after_activation(
    x: Vector, w: Vector, b: Any = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Any:
    y = by_name(activation, dot(w, x), grad_at_zero)
    return y if b is None else y + b


@variant("unit.neuron", "the gradient lacks f': it passes through the activation", source="deepcourse PR #9")
def gradient_without_slope(
    x: Vector, w: Vector, b: Any = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Any:
    z = unit.weighted_sum(x, w, b)
    return stop_gradient(by_name(activation, z, grad_at_zero)) + (z - stop_gradient(z))


@variant("unit.neuron", "the activation is applied twice")
def activated_twice(x: Vector, w: Vector, b: Any = None, activation: str = "sigmoid", grad_at_zero: int = 1) -> Any:
    return by_name(activation, unit.neuron(x, w, b, activation, grad_at_zero), grad_at_zero)


@variant("unit.neuron", "ReLU's derivative at 0 follows the other convention", source="E09")
def other_derivative_at_zero(
    x: Vector, w: Vector, b: Any = None, activation: str = "sigmoid", grad_at_zero: int = 1
) -> Any:
    return unit.neuron(x, w, b, activation, 1 - grad_at_zero)


@variant("unit.sigmoid_neuron", "the unit is a tanh unit")
def tanh_unit(x: Vector, w: Vector, b: Any = None) -> Any:
    return tanh(unit.weighted_sum(x, w, b))


@variant("unit.sigmoid_neuron", "the exponent has the other sign: 1 / (1 + e^z)")
def exponent_not_negated(x: Vector, w: Vector, b: Any = None) -> Any:
    return sigmoid(-unit.weighted_sum(x, w, b))


@variant("unit.sigmoid_neuron", "the derivative takes z for the output: z (1 − z)", source="student error S3")
def slope_of_the_sum(x: Vector, w: Vector, b: Any = None) -> Any:
    z = unit.weighted_sum(x, w, b)
    held = stop_gradient(z)
    return stop_gradient(sigmoid(z)) + (z - held) * (held * (1 - held))


@variant("unit.bias_as_unit_input", "the constant input is the first, its weight the last")
def constant_first(x: Vector, w: Vector, b: Any) -> tuple[Vector, Any]:
    x_augmented = concat((1,), x)
    return x_augmented, dot(concat(w, (b,)), x_augmented)


@variant("unit.bias_as_unit_input", "the weight of the constant input is the threshold, −b", source="E71")
def weight_is_the_threshold(x: Vector, w: Vector, b: Any) -> tuple[Vector, Any]:
    x_augmented = concat(x, (1,))
    return x_augmented, dot(concat(w, (-b,)), x_augmented)


@gradient_variant("unit.bias_as_unit_input", "the bias gets no gradient: it is taken for an input")
def bias_is_constant(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, "b": 0}


@variant("unit.perceptron", "the other rule at 0", source="L14 against WX (E08)")
def other_tie_rule(x: Vector, w: Vector, b: Any = None, tie: str = "gt") -> Any:
    return unit.perceptron(x, w, b, "ge" if tie == "gt" else "gt")


@variant("unit.perceptron", "fires if the sum of the weights passes the threshold", source="E39")
def sum_of_weights(x: Vector, w: Vector, b: Any = None, tie: str = "gt") -> Any:
    return step(total(w) if b is None else total(w) + b, tie)


@variant("unit.perceptron", "answers −1 and +1")
def bipolar(x: Vector, w: Vector, b: Any = None, tie: str = "gt") -> Any:
    return 2 * unit.perceptron(x, w, b, tie) - 1


@variant("unit.perceptron", "the bias is the threshold: w · x > b", source="E71")
def threshold_of_the_same_sign(x: Vector, w: Vector, b: Any = None, tie: str = "gt") -> Any:
    return unit.perceptron(x, w, None if b is None else -b, tie)


@variant("unit.mcculloch_pitts", "the threshold is 0, as printed", source='WX "A Bit of History" (E07)')
def threshold_zero(x: Vector, theta: Any) -> Any:
    return step(total(x), "ge")


@variant("unit.mcculloch_pitts", "the threshold must be passed, not reached")
def strictly_above(x: Vector, theta: Any) -> Any:
    return step(total(x) - theta, "gt")


@variant("unit.mcculloch_pitts", "the mean of the inputs against the threshold")
def mean_of_inputs(x: Vector, theta: Any) -> Any:
    return step(total(x) - theta * len(x) if len(x) else -theta, "ge")


@variant("unit.linear_decision_boundary", "the distance is not divided by ‖w‖")
def distance_in_units_of_w(x: Vector, w: Vector, b: Any = None) -> tuple[Any, Any, Vector]:
    z, _, foot = unit.linear_decision_boundary(x, w, b)
    return z, z, foot


@variant("unit.linear_decision_boundary", "the distance is divided by ‖w‖²")
def distance_over_square(x: Vector, w: Vector, b: Any = None) -> tuple[Any, Any, Vector]:
    z, _, foot = unit.linear_decision_boundary(x, w, b)
    return z, z / dot(w, w), foot


@variant("unit.linear_decision_boundary", "the distance has lost its sign: the side is gone")
def unsigned_distance(x: Vector, w: Vector, b: Any = None) -> tuple[Any, Any, Vector]:
    z, distance, foot = unit.linear_decision_boundary(x, w, b)
    return z, absolute(distance), foot


@variant("unit.linear_decision_boundary", "the foot is z / ‖w‖ steps of w away: w is taken for a unit vector")
def foot_overshoots(x: Vector, w: Vector, b: Any = None) -> tuple[Any, Any, Vector]:
    z, distance, _ = unit.linear_decision_boundary(x, w, b)
    return z, distance, x - w * distance


@variant("unit.linear_decision_boundary", "the norm is held constant in the gradient")
def norm_held_constant(x: Vector, w: Vector, b: Any = None) -> tuple[Any, Any, Vector]:
    z, w_w = unit.weighted_sum(x, w, b), stop_gradient(dot(w, w))
    return z, z / sqrt(w_w), x - w * (z / w_w)
