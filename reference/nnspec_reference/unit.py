"""Single units (ledger section 1): a weighted sum, and what is made of it."""

from __future__ import annotations

from typing import Any

from nnspec_reference import activation as activations
from nnspec_reference.catalogue import bit, choice, data, equation, hyper, parameter, real
from nnspec_reference.scalars import Vector, concat, dot, sqrt, step, total

_ACTIVATION = choice("activation", "sigmoid", "tanh", "relu", "identity")


@equation(
    data("x", "n"),
    parameter("w", "n"),
    parameter("b", optional=True),
    results=[real("z")],
    least={"n": 0},
)
def weighted_sum(x: Vector, w: Vector, b: Any = None) -> Any:
    """Weighted sum of a unit's inputs.

        z = b + Σ_i w_i x_i = w · x + b

    Rumelhart's form, x_j = Σ_i y_i w_{ji}, has no bias: w_{ji} is the weight *to* unit j *from* unit i, which
    is W[j, i] of `layer.affine` (E04). Without inputs z = b.

    Source: L14 "NN UNITS", "ACTIVATION"; WX "A Bit of History" (eq. 1), "Neural Networks" (linear model); DR
    "Convex Functions".
    Errata: E04, E61.
    """
    z = dot(w, x)
    return z if b is None else z + b


@equation(
    data("x", "n"),
    parameter("w", "n"),
    parameter("b", optional=True),
    options=[_ACTIVATION, choice("grad_at_zero", 1, 0)],
    results=[real("y")],
    least={"n": 0},
)
def neuron(x: Vector, w: Vector, b: Any = None, activation: str = "sigmoid", grad_at_zero: int = 1) -> Any:
    """Computational unit.

        y = a = f(z),   z = w · x + b

    A network of a single unit answers with its activation. `grad_at_zero` is ReLU's derivative at 0.

    Source: L14 "ACTIVATION"; WX "Neural Networks" (y = g(w · x + b)); G15 "NEURAL NETWORKS: INTUITION".
    """
    return activations.by_name(activation, weighted_sum(x, w, b), grad_at_zero)


@equation(
    data("x", "n"),
    parameter("w", "n"),
    parameter("b", optional=True),
    results=[real("y")],
    least={"n": 0},
)
def sigmoid_neuron(x: Vector, w: Vector, b: Any = None) -> Any:
    """Sigmoid unit: logistic regression.

        y = σ(w · x + b) = 1 / (1 + exp(−(w · x + b)))

    Source: L14 "Output of neural unit" [after "ACTIVATION"]; WX "A Bit of History" (eqs. 1–2).
    """
    return activations.sigmoid(weighted_sum(x, w, b))


@equation(
    data("x", "n"),
    parameter("w", "n"),
    parameter("b"),
    results=[real("x_augmented", "n+1"), real("z")],
    least={"n": 0},
)
def bias_as_unit_input(x: Vector, w: Vector, b: Any) -> tuple[Vector, Any]:
    """The bias as the weight of an input that is always 1.

        z = [w; b] · [x; 1] = w · x + b,   b = −θ

    "The weight on this extra input is called the bias and is equivalent to a threshold of the opposite sign":
    the unit fires on w · x > θ exactly if z > 0. WX fixes the thresholds of the older units at 0 (E71).

    Source: WX "A Bit of History" (Rumelhart et al.).
    Errata: E71.
    """
    x_augmented = concat(x, (1,))
    return x_augmented, dot(concat(w, (b,)), x_augmented)


@equation(
    data("x", "n", draw=("ties",)),
    parameter("w", "n", draw=("ties",)),
    parameter("b", optional=True, draw=("ties",)),
    options=[choice("tie", "gt", "ge")],
    results=[bit("y")],
    gradient=False,
    least={"n": 0},
)
def perceptron(x: Vector, w: Vector, b: Any = None, tie: str = "gt") -> Any:
    """Perceptron.

        y = 1 if w · x + b > 0 (tie="gt"), or if w · x + b ≥ 0 (tie="ge"); otherwise 0

    At w · x + b = 0 L14 answers 0 and WX answers 1 (E08). L14 says that the perceptron has no non-linear
    activation: the step is one, what is linear is the classifier (E10). L14's recap lets a unit fire if "the
    sum of weights" passes the threshold: it is the weighted sum (E39). The derivative is 0 wherever it
    exists.

    Source: L14 [after "WHY NEURAL NETWORKS?"], "FEEDFORWARD RECAP"; WX "A Bit of History".
    Errata: E08, E10, E39, E71.
    """
    return step(weighted_sum(x, w, b), tie)


@equation(
    data("x", "n", "bit"),
    hyper("theta", 1, 2, 0, -1, 1.5),
    results=[bit("y")],
    gradient=False,
    least={"n": 0},
)
def mcculloch_pitts(x: Vector, theta: Any) -> Any:
    """McCulloch–Pitts neuron without inhibitory inputs.

        y = 1 if Σ_i x_i ≥ θ, otherwise 0;   x_i ∈ {0, 1}

    WX prints Σ_{i=0}^n x_i ≥ 0, which is always true of bits (E07): the printed sum starts at i = 0, so that
    x_0 = −θ is meant. θ ≤ 0 fires always, θ > n never.

    Source: WX "A Bit of History"; L14 "HISTORICALLY SPEAKING".
    Errata: E07, E71.
    """
    return step(total(x) - theta, "ge")


@equation(
    data("x", "n"),
    parameter("w", "n"),
    parameter("b", optional=True),
    results=[real("z"), real("distance"), real("foot", "n")],
)
def linear_decision_boundary(x: Vector, w: Vector, b: Any = None) -> tuple[Any, Any, Vector]:
    """Decision boundary of a perceptron, as seen from a point x.

        {x : w · x + b = 0};   z = w · x + b,   distance = z / ‖w‖,   foot = x − z w / ‖w‖²

    In the plane, w_1 x_1 + w_2 x_2 + b = 0, it is a line. The sign of the distance is the side on which x
    lies, and the foot is the nearest point of the boundary; `unit.perceptron` decides what becomes of points
    on it. Without weights, w = 0, there is no boundary: an error.

    Source: L14 [after "WHY NEURAL NETWORKS?"] ("Perceptron for XOR?").
    """
    if all(w_i == 0 for w_i in w):
        raise ValueError("w = 0 has no boundary")
    z, norm = weighted_sum(x, w, b), sqrt(dot(w, w))
    return z, z / norm, x - w * (z / (norm * norm))
