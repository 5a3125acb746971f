"""Mistakes in activation functions."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import scalars
from nnspec_reference.activation import by_name, saturation_measure


@variant(
    "activation.relu",
    "the derivative at 0 follows the other convention",
    source="torch: 0; L14: 1",
)
def derivative_at_zero(x: Any, grad_at_zero: int = 1) -> Any:
    return scalars.relu(x, 1 - grad_at_zero)


@variant("activation.relu", "leaks: max(x, x/100)", source="leaky ReLU")
def leaky(x: Any, grad_at_zero: int = 1) -> Any:
    return scalars.maximum(x, x / 100)


@variant("activation.tanh", "the derivative uses the pre-activation: 1 − x²", source="student error S3")
def slope_of_the_input(x: Any) -> Any:
    held = scalars.stop_gradient(x)
    return scalars.stop_gradient(scalars.tanh(x)) + (x - held) * (1 - held * held)


@gradient_variant("activation.sigmoid", "the gradient is all zeros")
def no_gradient(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {name: scalars.zeros_like(g) for name, g in gradients.items()}


@variant("activation.sigmoid", "the argument is not halved: ½ (1 + tanh x)", source="a missing ½")
def through_tanh_of_x(x: Any) -> Any:
    return (scalars.tanh(x) + 1) / 2


@variant(
    "activation.sigmoid",
    "a hard sigmoid: x/4 + ½, cut at 0 and 1",
    source="the linear part of L14's Figure 7.1",
)
def hard_sigmoid(x: Any) -> Any:
    return scalars.minimum(scalars.maximum((x + 2) / 4, 0), 1)


@variant(
    "activation.sigmoid",
    "the derivative is taken at the output: σ'(σ(x))",
    source="σ' = y (1 − y) with y = σ(y)",
)
def slope_at_the_output(x: Any) -> Any:
    y = scalars.stop_gradient(scalars.sigmoid(x))
    s = scalars.sigmoid(y)
    return y + (x - scalars.stop_gradient(x)) * (s * (1 - s))


@variant("activation.sigmoid", "the derivative lacks its second factor: σ instead of σ (1 − σ)")
def slope_without_complement(x: Any) -> Any:
    y = scalars.stop_gradient(scalars.sigmoid(x))
    return y + (x - scalars.stop_gradient(x)) * y


@variant("activation.tanh", "the argument is not doubled: 2 σ(x) − 1", source="tanh x = 2 σ(2x) − 1")
def through_sigmoid_of_x(x: Any) -> Any:
    return 2 * scalars.sigmoid(x) - 1


@variant("activation.tanh", "the derivative is 1 − t instead of 1 − t²")
def slope_without_square(x: Any) -> Any:
    t = scalars.stop_gradient(scalars.tanh(x))
    return t + (x - scalars.stop_gradient(x)) * (1 - t)


@variant("activation.tanh", "the derivative is that of the sigmoid: t (1 − t)")
def slope_of_the_sigmoid(x: Any) -> Any:
    t = scalars.stop_gradient(scalars.tanh(x))
    return t + (x - scalars.stop_gradient(x)) * (t * (1 - t))


@variant("activation.relu", "the derivative at 0 is ½: sign(x) averaged", source="student error S15")
def half_at_zero(x: Any, grad_at_zero: int = 1) -> Any:
    slope = (scalars.step(x, "gt") + scalars.step(x, "ge")) / 2
    return scalars.stop_gradient(scalars.relu(x)) + (x - scalars.stop_gradient(x)) * scalars.stop_gradient(slope)


@variant("activation.relu", "½ (x + |x|): no number at −∞", source="the max without a comparison")
def half_sum_with_modulus(x: Any, grad_at_zero: int = 1) -> Any:
    return (x + scalars.absolute(x)) / 2


@variant("activation.relu", "the gradient passes unmasked")
def unmasked_gradient(x: Any, grad_at_zero: int = 1) -> Any:
    return scalars.stop_gradient(scalars.relu(x)) + (x - scalars.stop_gradient(x))


@variant("activation.identity", "the output unit is a sigmoid")
def output_squashed(x: Any) -> Any:
    return scalars.sigmoid(x)


@gradient_variant("activation.identity", "the gradient changes its sign")
def negative_gradient(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {name: -g for name, g in gradients.items()}


@variant("activation.hard_threshold", "the other rule at 0", source="L14 against WX (E08)")
def other_tie_rule(x: Any, tie: str = "gt") -> Any:
    return scalars.step(x, "ge" if tie == "gt" else "gt")


@variant("activation.hard_threshold", "the sign: −1 and +1 instead of 0 and 1")
def sign_unit(x: Any, tie: str = "gt") -> Any:
    return 2 * scalars.step(x, tie) - 1


@variant("activation.saturation_measure", "measures the activation, not its slope")
def of_the_activation(x: Any, epsilon: Any, activation: str = "sigmoid") -> Any:
    return x.map(lambda z: scalars.step(epsilon - scalars.absolute(by_name(activation, z))))


@variant("activation.saturation_measure", "says where the unit is *not* saturated")
def where_it_is_steep(x: Any, epsilon: Any, activation: str = "sigmoid") -> Any:
    return saturation_measure(x, epsilon, activation).map(lambda s: 1 - s)


@variant("activation.saturation_measure", "takes every unit for a sigmoid")
def every_unit_a_sigmoid(x: Any, epsilon: Any, activation: str = "sigmoid") -> Any:
    return saturation_measure(x, epsilon, "sigmoid")
