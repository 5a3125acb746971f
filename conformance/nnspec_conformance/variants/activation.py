"""Mistakes in activation functions."""

from __future__ import annotations

from typing import Any

from nnspec_reference import scalars

from nnspec_conformance.variants import gradient_variant, variant


@variant("activation.relu", "the derivative at 0 follows the other convention", source="torch.relu has 0; L14 prints 1")
def derivative_at_zero(x: Any, grad_at_zero: int = 1) -> Any:
    return scalars.relu(x, 1 - grad_at_zero)


@variant("activation.relu", "leaks: max(x, x/100)", source="leaky ReLU")
def leaky(x: Any, grad_at_zero: int = 1) -> Any:
    return scalars.maximum(x, x / 100)


@variant("activation.tanh", "the derivative uses the pre-activation: 1 − x²", source="student error S3")
def slope_of_the_input(x: Any) -> Any:
    return scalars.stop_gradient(scalars.tanh(x)) + (x - scalars.stop_gradient(x)) * (1 - scalars.stop_gradient(x * x))


@gradient_variant("activation.sigmoid", "the gradient is all zeros")
def no_gradient(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {name: scalars.zeros_like(g) for name, g in gradients.items()}
