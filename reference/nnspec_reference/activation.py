"""Activation functions (ledger section 2). A vector is activated element by element."""

from __future__ import annotations

from typing import Any

from nnspec_reference import scalars
from nnspec_reference.catalogue import bit, choice, data, equation, hyper, real

_ANY = "nan inf -inf"  # an activation is defined on every floating-point number


@equation(data("x", "n", allows=_ANY, draw=("large", "tiny")), results=[real("y", "n")])
def sigmoid(x: Any) -> Any:
    """Logistic sigmoid.

        σ(x) = 1 / (1 + e^{−x})

    The range is open, (0, 1), over the real numbers and closed, [0, 1], in floating point (E37). For x < 0
    the equal form e^x / (1 + e^x) is evaluated, which neither overflows nor loses the small values: σ(−710) =
    4.48e−309.

    Source: G15 "NEURAL NETWORKS: POPULAR ACTIVATION FUNCTIONS"; L14 [after "ACTIVATION"]; WX "A Bit of
    History" (eq. 2).
    Errata: E37.
    """
    return scalars.sigmoid(x)


@equation(data("x", "n", allows=_ANY, draw=("large", "tiny")), results=[real("y", "n")])
def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

        tanh x = (e^x − e^{−x}) / (e^x + e^{−x}) = (e^{2x} − 1) / (e^{2x} + 1)

    The printed forms overflow for large |x|; the function itself does not. G15 says that squashing "makes
    stronger weak signals": |tanh x| ≤ |x| and σ' ≤ ¼ (E41).

    Source: G15 "NEURAL NETWORKS: POPULAR ACTIVATION FUNCTIONS"; L14 "ACTIVATION FUNCTIONS"; WX "Neural
    Networks: XOR".
    Errata: E37, E41.
    """
    return scalars.tanh(x)


@equation(
    data("x", "n", allows=_ANY, draw=("ties", "tiny")),
    options=[choice("grad_at_zero", 1, 0)],
    results=[real("y", "n")],
)
def relu(x: Any, grad_at_zero: int = 1) -> Any:
    """Rectified linear unit.

        ReLU(x) = max(x, 0)

    L14 prints the derivative 1 for z ≥ 0; common libraries use 0 at z = 0 (E09): `grad_at_zero`. NaN
    propagates, and −0 gives +0. "Avoids saturation" (L14) holds for z > 0; below, the unit is dead (E40).

    Source: L14 "ACTIVATION FUNCTIONS", "BACKWARD DIFFERENTIATION FOR NN"; WX "How does initialization affect
    learning?"; DR "Plateaux".
    Errata: E09, E40.
    """
    return scalars.relu(x, grad_at_zero)


@equation(data("x", "n", allows=_ANY), results=[real("y", "n")])
def identity(x: Any) -> Any:
    """Identity, the activation of an output unit for regression.

        f(z) = z

    Source: G15 [after "NEURAL NETWORKS: INTUITION"].
    """
    return x


@equation(
    data("x", "n", draw=("ties", "tiny"), allows="inf -inf"),
    options=[choice("tie", "gt", "ge")],
    results=[bit("y", "n")],
    gradient=False,
)
def hard_threshold(x: Any, tie: str = "gt") -> Any:
    """Binary threshold unit.

        φ(z) = 1 if z > 0 (tie="gt"), or if z ≥ 0 (tie="ge"); otherwise 0

    DR never says which of the two holds at 0, L14 and WX disagree (E08). The derivative is 0 wherever it
    exists.

    Source: DR "Plateaux", "Example: Parity"; L14 and WX perceptron.
    Errata: E08.
    """
    return scalars.step(x, tie)


@equation(
    data("x", "n", draw=("large",)),
    hyper("epsilon", 0.01, 0.2, 1e-3, 1, low=0.0, open_low=True),
    options=[choice("activation", "sigmoid", "tanh", "relu")],
    results=[bit("saturated", "n")],
    gradient=False,
)
def saturation_measure(x: Any, epsilon: Any, activation: str = "sigmoid") -> Any:
    """Whether a unit is saturated: its slope is below ε.

        |φ'(x)| < ε

    The notes give no ε; it is an argument.

    Source: DR "Plateaux", "Recap"; WX "Initialization".
    """
    slope = {"sigmoid": _sigmoid_slope, "tanh": _tanh_slope, "relu": _relu_slope}[activation]
    return x.map(lambda z: scalars.step(epsilon - slope(z)))


def by_name(name: str, z: Any, grad_at_zero: int = 1) -> Any:
    """The activation that an equation's option names: sigmoid, tanh, relu or identity."""
    if name == "relu":
        return relu(z, grad_at_zero)
    return {"sigmoid": sigmoid, "tanh": tanh, "identity": identity}[name](z)


def _sigmoid_slope(z: Any) -> Any:
    s = scalars.sigmoid(z)
    return s * (1 - s)


def _tanh_slope(z: Any) -> Any:
    t = scalars.tanh(z)
    return 1 - t * t


def _relu_slope(z: Any) -> Any:
    return scalars.step(z, "ge")
