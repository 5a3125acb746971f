"""Gradients of simple models, the gradient vector, and clipping (ledger sections 6 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec_reference import autodiff
from nnspec_reference.catalogue import algorithm, choice, data, equation, hyper, parameter, real
from nnspec_reference.scalars import (
    Matrix,
    Scalar,
    Vector,
    absolute,
    concat,
    detach,
    largest,
    maximum,
    minimum,
    outer,
    sigmoid,
    softmax,
    sqrt,
    square,
    total,
)


@algorithm()
def vector(L: Callable[[Any], Scalar], theta: Any) -> Any:
    """The gradient: the partial derivative of the loss with respect to every parameter.

        ∇_θ L = (∂L/∂θ₁, ∂L/∂θ₂, …)

    `theta` is a number, a vector, a matrix, or tuples, lists and dicts of them; the gradient has its shape,
    and is 0 where the loss does not use a parameter. It is computed backwards (`autodiff.reverse_mode`),
    which costs a small multiple of the loss however many parameters there are.

    "Only get correct update for last layer", L14 says of writing it down by hand: the partial derivatives of
    early layers come from backpropagation (exercise X11).

    Source: L14 "TRAINING NN: COMPUTE GRADIENT".
    """
    return autodiff.grad(L, (theta,))[0]


@equation(
    data("x", "D"),
    data("y", "K", "simplex"),
    parameter("W", "K D"),
    parameter("b", "K", optional=True),
    options=[choice("output", "softmax", "sigmoid")],
    results=[real("W_bar", "K D"), real("b_bar", "K")],
)
def simple_cases(
    x: Vector, y: Vector, W: Matrix, b: Vector | None = None, output: str = "softmax"
) -> tuple[Matrix, Vector]:
    """Gradients that need no backpropagation: the last layer's.

        ∂L/∂W = (ŷ − y) xᵀ,  ∂L/∂b = ŷ − y

    One weight layer with a sigmoid is logistic regression, ŷ = σ(Wx + b) (several outputs are several
    regressions); with a softmax, ŷ = softmax(Wx + b) and x is the hidden layer. The loss is the cross-entropy
    between y and ŷ, and the two gradients are the same expression. L14 names the cases and prints neither.

    Source: L14 "TRAINING NN: COMPUTE GRADIENT".
    """
    z = W @ x if b is None else W @ x + b
    error = (softmax(z) if output == "softmax" else sigmoid(z)) - y
    return outer(error, x), error


@equation(
    parameter("g", "L n", allows="nan inf -inf", draw=("large", "tiny")),
    hyper("max_norm", 1.0, 0.25, 5.0, 1e-3, low=0.0, open_low=True),
    options=[choice("scope", "global", "tensor")],
    results=[real("clipped", "L n")],
)
def clip_norm(g: Matrix, max_norm: Any, scope: str = "global") -> Any:
    """Gradient clipping: a norm of at most η, in the same direction.

        if ‖g‖ > η:  g ← η g / ‖g‖

    Each row of g is the gradient of one parameter tensor, flattened; rows of unequal length are padded with
    zeros, which change no norm. The notes leave open what ‖g‖ ranges over (E59): scope="global" takes all
    parameters together, which keeps the direction of the whole gradient; scope="tensor" clips every tensor by
    itself. η, which DR also uses for learning rates elsewhere (E68), is `max_norm`.

    A norm of exactly η, and g = 0, are left unchanged, bit for bit, as is everything below. The norm is taken
    of g / max|g|, so that it neither overflows nor underflows; with an infinite or NaN entry the direction is
    undefined and every entry of the scope becomes NaN, never a silent 0. In floating point the new norm may
    exceed η by rounding. The derivative is that of the printed case; on the kink, ‖g‖ = η, it is the
    identity's.

    Clipping biases a stochastic gradient: the mean of the clipped is not the clipped mean.

    Source: DR "Keeping Things Stable"; G15 [after "RECURRENT NEURAL NETWORKS"].
    Errata: E59, E68.
    """
    if scope == "tensor":
        return Matrix(row * _shrinkage(row, max_norm) for row in g)
    return g * _shrinkage(concat(*g), max_norm)


def _shrinkage(g: Vector, max_norm: Any) -> Scalar:
    """min(1, η/‖g‖), in numbers relative to the largest that takes part: nothing over- or underflows."""
    m = detach(largest(absolute(g)))
    if m == 0:
        return 1 + detach(total(g)) * 0  # 1, and NaN if there is one among the zeros
    scale = m if m > max_norm else max_norm
    norm = sqrt(total(square(g / m))) * (m / scale)
    return (max_norm / scale) / maximum(max_norm / scale, norm)


@equation(
    parameter("g", "n", allows="nan inf -inf", draw=("ties", "large")),
    hyper("max_value", 1.0, 0.25, 3.0, low=0.0, open_low=True),
    results=[real("clipped", "n")],
)
def clip_value(g: Vector, max_value: Any) -> Any:
    """Gradient clipping, entry by entry.

        g_i ← max(−c, min(c, g_i))

    WX says "set a max value for your gradients": this reading bounds each entry, and so changes the direction
    (E59); DR and G15 bound the norm (`gradient.clip_norm`). NaN stays NaN. The derivative is 1 for |g_i| ≤ c,
    else 0.

    Source: WX "Optimizer".
    Errata: E59.
    """
    return maximum(minimum(g, max_value), -max_value)
