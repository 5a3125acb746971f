"""Worked numbers about activation functions."""

from __future__ import annotations

from nnspec_conformance.golden import golden
from nnspec_reference import activation
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Vector


@golden("W57", "E09")
def relu_derivative_at_zero() -> None:
    """L14 gives ReLU' = 0, 1, 1 at −, 0, +; libraries give 0, 0, 1."""
    points = Vector([-1.0, 0.0, 1.0])
    printed, libraries = ([grad(lambda x, at=at: activation.relu(x, at), [x])[0] for x in points] for at in (1, 0))
    assert printed == [0, 1, 1]
    assert libraries == [0, 0, 1]


@golden("E37")
def ranges_are_open_over_the_reals_and_closed_in_floats() -> None:
    """G15 prints (0, 1) and (−1, 1), L14 [0, 1] and [−1, 1]: both ends are reached, by rounding alone."""
    assert activation.sigmoid(36.0) < 1.0 == activation.sigmoid(37.0)
    assert activation.sigmoid(-745.0) > 0.0 == activation.sigmoid(-800.0)
    assert abs(activation.sigmoid(-710.0) / 4.47628622567513e-309 - 1) < 1e-14  # the printed form gives 0
    assert -1.0 < activation.tanh(-18.0) < activation.tanh(18.0) < 1.0
    assert (activation.tanh(-20.0), activation.tanh(20.0)) == (-1.0, 1.0)


@golden("E40")
def relu_saturates_on_the_negative_side() -> None:
    """L14: ReLU "avoids saturation"; only for z > 0. For z < 0 it is dead, which WX and DR warn of."""
    x = Vector([-1000.0, -1.0, 1.0, 1000.0])
    assert activation.saturation_measure(x, 0.01, "relu") == (1, 1, 0, 0)
    assert activation.saturation_measure(x, 0.01, "sigmoid") == (1, 0, 0, 1)
    assert activation.saturation_measure(x, 0.01, "tanh") == (1, 0, 0, 1)


@golden("E41")
def squashers_do_not_strengthen_weak_signals() -> None:
    """G15: they "make stronger weak signals"; tanh never enlarges and the slope of σ is at most ¼."""
    for x in (0.01, 0.5, 1.0, 3.0):
        assert abs(activation.tanh(x)) < x
        assert activation.sigmoid(x) - activation.sigmoid(-x) < x / 2  # σ(x) − ½ < x/4, twice
    assert grad(activation.sigmoid, [0.0]) == [0.25]
    assert grad(activation.tanh, [0.0]) == [1.0]
