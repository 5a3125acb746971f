"""Worked numbers about initial parameters, and what their errata show."""

from __future__ import annotations

from math import sqrt
from typing import Any

from nnspec_conformance.golden import golden, near
from nnspec_reference import init, network, unit
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Matrix, Vector, log


def _constant(rows: int, columns: int, value: float) -> Matrix:
    return Matrix(Vector(value for _ in range(columns)) for _ in range(rows))


@golden("W36")
def xavier_bounds() -> None:
    """Sums of fans 100 and 200: bounds 0.2449 and 0.1732, standard deviations 0.1414 and 0.1."""
    for total, bound, sigma in ((100, 0.2449489743, 0.1414213562), (200, 0.1732050808, 0.1)):
        for fan_in in (1, total // 2, total - 10):
            W = init.xavier_uniform(_constant(total - fan_in, fan_in, 1.0))
            assert near(W[0][0], bound, 1e-9)
            mu, std = init.uniform_moments(-W[0][0], W[0][0])
            assert mu == 0 and near(std, sigma, 1e-9) and near(std, sqrt(2 / total))


@golden("E77")
def one_bound_keeps_both_variances_only_in_square_layers() -> None:
    """Var(Wx) / Var x is fan_in Var W forward, fan_out Var W backward: 1 and 1 only if the fans are equal."""
    for fan_out, fan_in, forward, backward in ((50, 50, 1, 1), (25, 75, 1.5, 0.5), (90, 10, 0.2, 1.8)):
        W = init.xavier_uniform(_constant(fan_out, fan_in, 1.0))
        variance = init.uniform_moments(-W[0][0], W[0][0])[1] ** 2
        assert near([fan_in * variance, fan_out * variance], [forward, backward], 1e-14)


@golden("X05")
def zeros_suffice_for_logistic_regression_alone() -> None:
    """At 0 the gradient of logistic regression is not 0; a tanh network's hidden weights have gradient 0."""
    x = Vector([1.0, 2.0])

    def logistic(w: Vector) -> Any:
        return -log(unit.sigmoid_neuron(x, w))  # of the target 1

    (g,) = grad(logistic, (Vector([0.0, 0.0]),))
    assert g == (-0.5, -1.0)
    assert logistic(Vector([0.5, 1.0])) < logistic(Vector([0.0, 0.0]))

    def hidden(V: Matrix, W: Matrix) -> Any:
        return -log(network.softmax_hidden_classifier(x, V, W, None, None, "tanh")[1][0])

    nothing = grad(hidden, (_constant(3, 2, 0.0), _constant(2, 3, 0.0)))
    assert nothing == (((0, 0),) * 3, ((0, 0, 0),) * 2)  # neither layer moves: WX's "never change"
    spread = init.small_random(Matrix([Vector([0.1, 0.9]), Vector([0.3, 0.7]), Vector([0.8, 0.4])]), 0.5)
    V_bar, _ = grad(hidden, (spread, Matrix([Vector([0.1, -0.2, 0.3]), Vector([0.0, 0.1, 0.2])])))
    assert len({tuple(row) for row in V_bar}) == 3  # random weights break the symmetry


@golden("X07")
def consequences_of_initialisation() -> None:
    """Equal weights stay equal; large ones saturate tanh; negative ones kill a ReLU."""
    x = Vector([1.0, 2.0])

    def slopes(value: float, activation: str) -> Matrix:
        W = Matrix([Vector([1.0, 1.0, 1.0]), Vector([0.5, 0.5, 0.5])])
        V = _constant(3, 2, value)
        found: Matrix = grad(
            lambda V: -log(network.softmax_hidden_classifier(x, V, W, None, None, activation)[1][0]), (V,)
        )[0]
        return found

    equal = slopes(0.1, "tanh")
    assert equal[0] == equal[1] == equal[2] and equal[0][0] != 0
    assert abs(slopes(10.0, "tanh")[0][0]) < 1e-20 < abs(equal[0][0])
    assert slopes(-0.1, "relu") == ((0, 0),) * 3
