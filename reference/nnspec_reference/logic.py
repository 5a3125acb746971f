"""Threshold logic and the exclusive or (ledger section 1)."""

from __future__ import annotations

from typing import Any

from nnspec_reference.catalogue import bit, choice, data, equation, parameter, real
from nnspec_reference.scalars import Vector, dot, relu, step, tanh
from nnspec_reference.unit import perceptron

_BITS = data("x", "2", "bit")


@equation(_BITS, results=[bit("AND"), bit("OR"), bit("XOR")], gradient=False)
def truth_tables(x: Vector) -> tuple[Any, Any, Any]:
    """Truth tables of AND, OR and XOR.

        x_1 x_2    AND  OR  XOR
         0   0      0    0   0
         0   1      0    1   1
         1   0      0    1   1
         1   1      1    1   0

    A single threshold unit computes AND and OR but not XOR, whatever its tie rule: b ≤ 0, w_1 + b > 0, w_2 +
    b > 0 and w_1 + w_2 + b ≤ 0 contradict each other (add the middle two).

    Source: L14 [after "WHY NEURAL NETWORKS?"]; WX "Neural Networks: XOR"; DR "Example: Parity".
    """
    x_1, x_2 = x
    both = x_1 * x_2
    return both, x_1 + x_2 - both, x_1 + x_2 - 2 * both


@equation(
    _BITS,
    options=[choice("weights", "textbook", "tie_free"), choice("tie", "gt", "ge")],
    results=[bit("AND"), bit("OR")],
    gradient=False,
)
def perceptron_and_or(x: Vector, weights: str = "textbook", tie: str = "gt") -> tuple[Any, Any]:
    """Perceptrons for AND and OR.

        textbook:   AND: w = (1, 1), b = −1      OR: w = (1, 1), b = 0
        tie_free:   AND: w = (1, 1), b = −3/2    OR: w = (1, 1), b = −1/2

    L14's weights were in a figure that is lost; the textbook's hold under `tie="gt"` only. Under "ge" they
    compute 0111 and 1111 (E08), and only the tie-free ones, given here times 2, are right under both.

    Source: L14 [after "WHY NEURAL NETWORKS?"] (weights in the figure).
    Errata: E08.
    """
    if weights == "textbook":
        w, b_and, b_or = Vector((1, 1)), -1, 0
    else:
        w, b_and, b_or = Vector((2, 2)), -3, -1
    return perceptron(x, w, b_and, tie), perceptron(x, w, b_or, tie)


@equation(data("x", "2"), parameter("a", "3"), results=[real("y")])
def xor_linear_tanh(x: Vector, a: Vector) -> Any:
    """XOR by a linear model with one tanh.

        y = a_1 x_1 + a_2 x_2 + a_3 tanh(x_1 + x_2)

    With a_3 = 0 no a_1, a_2 give XOR. WX marks a = (−1, −1, 2) as working: it gives 0, 0.523, 0.523, −0.072,
    which is XOR only after thresholding at y > 0 or y > 1/2, never at y ≥ 0 (E19). Exactly 0, 1, 1, 0 are
    given by a_3 = 1 / (tanh 1 − tanh(2) / 2) and a_1 = a_2 = −a_3 tanh(2) / 2.

    Source: WX "Neural Networks: XOR".
    Errata: E19.
    """
    x_1, x_2 = x
    return dot(a, (x_1, x_2, tanh(x_1 + x_2)))


@equation(data("x", "2"), results=[real("y")])
def not_good_score(x: Vector) -> Any:
    """Sentiment score of a sentence, from whether it contains *not* (x_1) and *good* (x_2).

        y = −2 x_1 − x_2 + 2 tanh(x_1 + x_2)

    Printed under the title XOR, but its signs at 00, 01, 10, 11 are 0, +, −, −: "good and not *not*" (E18).
    That x_1 stands for *not* and x_2 for *good* is inferred from the example, "the movie was not all that
    good".

    Source: WX "Neural Networks: XOR" (last slide of that title).
    Errata: E18.
    """
    x_1, x_2 = x
    return -2 * x_1 - x_2 + 2 * tanh(x_1 + x_2)


@equation(
    data("x", "2", draw=("ties",)),
    options=[choice("grad_at_zero", 1, 0)],
    results=[real("h", "2"), real("y")],
)
def xor_relu_network(x: Vector, grad_at_zero: int = 1) -> tuple[Vector, Any]:
    """XOR by two layers of ReLU units (Goodfellow et al.).

        h = ReLU([1 1; 1 1] x + [0; −1]),   y = [1  −2] h

    L14 names the solution; its weights were in a figure that is lost. On bits it is exact: y = x_1 XOR x_2.

    Source: L14 [after "WHY NEURAL NETWORKS?"] (weights in the figure).
    """
    x_1, x_2 = x
    h_1 = relu(x_1 + x_2, grad_at_zero)
    h_2 = relu(x_1 + x_2 - 1, grad_at_zero)
    return Vector((h_1, h_2)), h_1 - 2 * h_2


@equation(
    data("a", "", "bit"),
    data("b", "", "bit"),
    results=[bit("h_1"), bit("h_2"), bit("y")],
    gradient=False,
)
def xor_threshold_network(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """XOR by threshold units, the step of the parity network.

        h_1 = 1[a + b − 3/2 > 0]  (AND),   h_2 = 1[a + b − 1/2 > 0]  (OR),   y = 1[h_2 − h_1 − 1/2 > 0]

    DR prints the table with a = y^{(t−1)} and b = x^{(t)}; the weights were in a figure that is lost. The
    three sums are never 0, so that the tie rule does not matter (E08). Written times 2.

    Source: DR "Example: Parity".
    Errata: E08.
    """
    h_1 = step(2 * (a + b) - 3)
    h_2 = step(2 * (a + b) - 1)
    return h_1, h_2, step(2 * (h_2 - h_1) - 1)
