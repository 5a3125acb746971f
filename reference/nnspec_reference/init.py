"""Initial parameters (ledger section 14). A sampler is a function of random numbers, which are its input."""

from __future__ import annotations

from typing import Any

from nnspec_reference.catalogue import choice, data, equation, hyper, parameter, real
from nnspec_reference.scalars import Matrix, Vector, constant, sqrt

_UNIFORM = parameter("u", "fan_out fan_in", "probability")  # draws from [0, 1)


@equation(parameter("W", "fan_out fan_in"), results=[real("W_0", "fan_out fan_in")], gradient=False)
def zeros(W: Matrix) -> Matrix:
    """All parameters zero, in the shape of W.

        W_0 = 0

    Right for logistic regression, which is convex (the first question of WX's "Trivia Time"), and wrong for a
    hidden layer: all its values are always the same (0 under tanh) and have the same gradients, so that
    symmetry is never broken. "Have same gradients (0 if tanh)" holds if the outgoing weights are the same as
    well (0: if they are 0); with W random and V = 0 the hidden layer does learn (E17).

    Source: WX "Initialization", "Trivia Time"; DR "Saddle points".
    Errata: E17.
    """
    return Matrix(Vector(0 for _ in row) for row in W)


@equation(_UNIFORM, hyper("scale", 0.01, 0.5, 2, low=0.0, open_low=True), results=[real("W", "fan_out fan_in")])
def small_random(u: Matrix, scale: Any) -> Matrix:
    """Small random weights, to break symmetry.

        W_ij = scale (2 u_ij − 1) ~ U[−scale, scale],   u_ij ~ U[0, 1)

    The notes give neither distribution nor scale.

    Source: L14 "NN LEARNING"; DR "Saddle points".
    """
    return u.map(lambda u_ij: (2 * u_ij - 1) * scale)


@equation(_UNIFORM, results=[real("W", "fan_out fan_in")])
def xavier_uniform(u: Matrix) -> Matrix:
    """Xavier (Glorot) initialisation.

        W_ij = bound (2 u_ij − 1) ~ U[−bound, +bound],   bound = √(6 / (fan_in + fan_out)),   u_ij ~ U[0, 1)

    Its standard deviation is √(2 / (fan_in + fan_out)) (`init.uniform_moments`). WX wants "variance of inputs
    and gradients for each layer to be the same": Var(Wx)_i = fan_in Var W Var x is Var x only if fan_in =
    fan_out, and the same holds backward with fan_out; the bound is the compromise between both (E77).

    Source: WX "Initialization".
    Errata: E77.
    """
    fan_out, fan_in = len(u), len(u[0])
    bound = sqrt(constant(6, u[0][0]) / (fan_in + fan_out))
    return u.map(lambda u_ij: (2 * u_ij - 1) * bound)


@equation(data("a"), data("b"), results=[real("mu"), real("sigma")])
def uniform_moments(a: Any, b: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of the uniform distribution on [a, b].

        μ = (a + b) / 2,   σ = (b − a) / √12

    As printed, for a ≤ b; endpoints in the other order give −σ.

    Source: WX "Initialization".
    """
    return (a + b) / 2, (b - a) / sqrt(constant(12, a))


@equation(
    parameter("noise", "fan_out fan_in"),
    hyper("gain", 1, 0.5, 1.4142135623730951, low=0.0, open_low=True),
    options=[choice("fan", "in", "out", "average")],
    results=[real("W", "fan_out fan_in")],
)
def random_scaled(noise: Matrix, gain: Any, fan: str = "in") -> Matrix:
    """Random uniform or normal weights with an appropriate scale.

        W_ij = gain / √n · ε_ij,   E ε = 0,  Var ε = 1;   n = fan_in, fan_out, or (fan_in + fan_out) / 2

    `noise` holds the ε_ij: standard normal, or uniform on [−√3, √3]. WX asks for "appropriate scale" without
    giving one: n = fan_in keeps the variance of a linear layer's outputs, n = fan_out that of its gradients,
    and the average with uniform noise is `init.xavier_uniform`.

    Source: WX "Initialization".
    Errata: E77.
    """
    fan_out, fan_in = len(noise), len(noise[0])
    twice = {"in": 2 * fan_in, "out": 2 * fan_out, "average": fan_in + fan_out}[fan]
    scale = gain / sqrt(constant(twice, noise[0][0]) / 2)
    return noise.map(lambda e: e * scale)
