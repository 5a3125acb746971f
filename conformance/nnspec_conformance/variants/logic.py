"""Mistakes in threshold logic and XOR."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import variant
from nnspec_reference import logic
from nnspec_reference.scalars import Vector, dot, relu, step, stop_gradient, tanh
from nnspec_reference.unit import perceptron


@variant("logic.truth_tables", "XOR is its complement, 1001")
def equivalence(x: Vector) -> tuple[Any, Any, Any]:
    both, either, differ = logic.truth_tables(x)
    return both, either, 1 - differ


@variant("logic.truth_tables", "OR excludes the case of both")
def exclusive_or_twice(x: Vector) -> tuple[Any, Any, Any]:
    both, _, differ = logic.truth_tables(x)
    return both, differ, differ


@variant("logic.truth_tables", "OR is the sum: 2 for both")
def sum_for_or(x: Vector) -> tuple[Any, Any, Any]:
    both, _, differ = logic.truth_tables(x)
    return both, x[0] + x[1], differ


@variant("logic.perceptron_and_or", "the other rule at 0: the textbook's weights fail", source="E08")
def other_tie_rule(x: Vector, weights: str = "textbook", tie: str = "gt") -> tuple[Any, Any]:
    return logic.perceptron_and_or(x, weights, "ge" if tie == "gt" else "gt")


@variant("logic.perceptron_and_or", "the biases of AND and OR are exchanged")
def biases_exchanged(x: Vector, weights: str = "textbook", tie: str = "gt") -> tuple[Any, Any]:
    first, second = logic.perceptron_and_or(x, weights, tie)
    return second, first


@variant("logic.perceptron_and_or", "ignores the choice of weights")
def always_textbook(x: Vector, weights: str = "textbook", tie: str = "gt") -> tuple[Any, Any]:
    return logic.perceptron_and_or(x, "textbook", tie)


@variant("logic.perceptron_and_or", "thresholds instead of biases: w · x > −b has become w · x > b")
def bias_sign(x: Vector, weights: str = "textbook", tie: str = "gt") -> tuple[Any, Any]:
    w, b_and, b_or = (Vector((1, 1)), 1, 0) if weights == "textbook" else (Vector((2, 2)), 3, 1)
    return perceptron(x, w, b_and, tie), perceptron(x, w, b_or, tie)


@variant("logic.xor_linear_tanh", "the tanh of the difference")
def tanh_of_difference(x: Vector, a: Vector) -> Any:
    return dot(a, (x[0], x[1], tanh(x[0] - x[1])))


@variant("logic.xor_linear_tanh", "a tanh of each input")
def tanh_of_each(x: Vector, a: Vector) -> Any:
    return dot(a, (x[0], x[1], tanh(x[0]) + tanh(x[1])))


@variant("logic.xor_linear_tanh", "the inputs get no gradient through the tanh")
def tanh_held_constant(x: Vector, a: Vector) -> Any:
    return dot(a, (x[0], x[1], stop_gradient(tanh(x[0] + x[1]))))


@variant("logic.not_good_score", "the instance that is printed for XOR: −x_1 − x_2 + …", source="E18")
def the_xor_instance(x: Vector) -> Any:
    return -x[0] - x[1] + 2 * tanh(x[0] + x[1])


@variant("logic.not_good_score", "*not* and *good* are exchanged")
def words_exchanged(x: Vector) -> Any:
    return -x[0] - 2 * x[1] + 2 * tanh(x[0] + x[1])


@variant("logic.not_good_score", "the tanh is not doubled")
def single_tanh(x: Vector) -> Any:
    return -2 * x[0] - x[1] + tanh(x[0] + x[1])


@variant("logic.xor_relu_network", "the second hidden unit has no bias")
def without_bias(x: Vector, grad_at_zero: int = 1) -> tuple[Vector, Any]:
    h = relu(x[0] + x[1], grad_at_zero)
    return Vector((h, h)), h - 2 * h


@variant("logic.xor_relu_network", "the output weights are (1, −1): it computes OR")
def output_weights(x: Vector, grad_at_zero: int = 1) -> tuple[Vector, Any]:
    h, _ = logic.xor_relu_network(x, grad_at_zero)
    return h, h[0] - h[1]


@variant("logic.xor_relu_network", "the hidden layer is linear")
def linear_hidden_layer(x: Vector, grad_at_zero: int = 1) -> tuple[Vector, Any]:
    z = x[0] + x[1]
    return Vector((z, z - 1)), z - 2 * (z - 1)


@variant("logic.xor_relu_network", "ReLU's derivative at 0 follows the other convention", source="E09")
def derivative_at_zero(x: Vector, grad_at_zero: int = 1) -> tuple[Vector, Any]:
    return logic.xor_relu_network(x, 1 - grad_at_zero)


@variant("logic.xor_threshold_network", "h_1 is OR and h_2 is AND")
def hidden_units_exchanged(a: Any, b: Any) -> tuple[Any, Any, Any]:
    h_1, h_2, y = logic.xor_threshold_network(a, b)
    return h_2, h_1, y


@variant("logic.xor_threshold_network", "the output unit subtracts OR from AND")
def output_sign(a: Any, b: Any) -> tuple[Any, Any, Any]:
    h_1, h_2, _ = logic.xor_threshold_network(a, b)
    return h_1, h_2, step(2 * (h_1 - h_2) - 1)


@variant("logic.xor_threshold_network", "whole biases under ≥: 1[a + b − 1 ≥ 0] for AND", source="E08")
def ties_in_the_hidden_layer(a: Any, b: Any) -> tuple[Any, Any, Any]:
    h_1, h_2 = step(a + b - 1, "ge"), step(a + b, "ge")
    return h_1, h_2, step(2 * (h_2 - h_1) - 1)
