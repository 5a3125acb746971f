"""Properties of activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same, within


@law("P01", on=["activation.sigmoid"])
def sigmoid_is_a_symmetric_squash(nn: Any, draw: Draw) -> None:
    x = np.sort(draw.reals(1, 9, scale=draw.choice([1.0, 10.0, 1000.0])))
    y, mirrored = nn("activation.sigmoid", x=x).y, nn("activation.sigmoid", x=-x).y
    within(y, 0.0, 1.0, "σ ∈ [0, 1]")
    same(y, 1.0 - mirrored, "σ(−x) = 1 − σ(x)")
    inner = y.value[np.abs(x) < 30.0]
    assert ((inner > 0.0) & (inner < 1.0)).all(), "the ends are reached by rounding alone"
    # the slope between two points is at least the smaller of those at its ends, and σ'(t) ≥ e^−|t| / 4
    slowest = np.exp(-np.maximum(np.abs(x[:, 1:]), np.abs(x[:, :-1]))) / 4.0
    at_most(slowest * np.diff(x) * (1.0 - 2.0**-50), y[:, 1:] - y[:, :-1], "σ increases")


def _slope_by_difference(nn: Any, ident: str, x: Any, third: float, step: float = 2.0**-10) -> None:
    """The gradient is the central difference, up to h²/6 times a bound of the third derivative."""
    slope = nn.gradient(ident, {"y": np.ones_like(x)}, x=x).x
    up, down = nn(ident, x=x + step).y, nn(ident, x=x - step).y
    off = slope - (up - down) * (0.5 / step)
    at_most(off, third * step**2 / 6.0, f"{ident}: the gradient exceeds the difference quotient")
    at_most(-off, third * step**2 / 6.0, f"{ident}: the gradient falls short of the difference quotient")


@law("P02", on=["activation.sigmoid"])
def slope_of_the_sigmoid(nn: Any, draw: Draw) -> None:
    x = draw.integers(2, 6, low=-2048, high=2048) / 256.0  # the step of the difference is exact
    y = nn("activation.sigmoid", x=x).y
    slope = nn.gradient("activation.sigmoid", {"y": np.ones_like(x)}, x=x).x
    same(slope, y * (1.0 - y), "σ' = σ (1 − σ)")
    at_most(slope, 0.25, "σ' ≤ ¼")
    _slope_by_difference(nn, "activation.sigmoid", x, third=1 / 8)


@law("P03", on=["activation.tanh", "activation.sigmoid"])
def three_forms_of_tanh(nn: Any, draw: Draw) -> None:
    x = draw.reals(1, 8, scale=draw.choice([0.01, 1.0, 20.0, 300.0]))
    y = nn("activation.tanh", x=x).y
    within(y, -1.0, 1.0, "tanh ∈ [−1, 1]")
    same(nn("activation.tanh", x=-x).y, -y, "tanh(−x) = −tanh x")
    up, down, twice = (Measured(v, v * 2.0**-50) for v in (np.exp(x), np.exp(-x), np.exp(2.0 * x)))
    same(y * (up + down), up - down, "tanh x = (e^x − e^−x) / (e^x + e^−x)")
    same(y * (twice + 1.0), twice - 1.0, "tanh x = (e^2x − 1) / (e^2x + 1)")
    same(y, 2.0 * nn("activation.sigmoid", x=2.0 * x).y - 1.0, "tanh x = 2 σ(2x) − 1")


@law("P04", on=["activation.tanh"])
def slope_of_tanh(nn: Any, draw: Draw) -> None:
    x = draw.integers(2, 6, low=-1024, high=1024) / 256.0
    y = nn("activation.tanh", x=x).y
    slope = nn.gradient("activation.tanh", {"y": np.ones_like(x)}, x=x).x
    same(slope, 1.0 - y * y, "tanh' = 1 − tanh²")
    at_most(slope, 1.0, "tanh' ≤ 1")
    _slope_by_difference(nn, "activation.tanh", x, third=2.0)


@law("P05", on=["activation.relu"])
def relu_is_idempotent(nn: Any, draw: Draw) -> None:
    y = nn("activation.relu", x=draw.reals(3, 5)).y
    within(y, 0.0, np.inf, "ReLU ≥ 0")
    exactly(nn("activation.relu", x=y.value).y, y, "ReLU(ReLU(x)) = ReLU(x)")


@law("P05", on=["activation.relu"])
def relu_is_homogeneous_and_convex(nn: Any, draw: Draw) -> None:
    a, b, k = draw.integers(3, 5), draw.integers(3, 5), float(draw.size(0, 4))
    at_a, at_b = nn("activation.relu", x=a).y.value, nn("activation.relu", x=b).y.value
    exactly(nn("activation.relu", x=k * a).y, k * at_a, "ReLU(kx) = k ReLU(x) for k ≥ 0")
    share = draw.integers(3, 5, low=0, high=4) / 4.0
    between = nn("activation.relu", x=share * a + (1.0 - share) * b).y.value
    assert (between <= share * at_a + (1.0 - share) * at_b).all(), "ReLU lies below its chords"
    exactly(at_a - nn("activation.relu", x=-a).y.value, a, "ReLU(x) − ReLU(−x) = x")


@law("P06", on=["activation.relu"])
def slope_of_relu(nn: Any, draw: Draw) -> None:
    signs = draw.integers(3, 5, low=-1, high=1)
    x = signs * draw.choice([1e-300, 1e-3, 1.0, 1e10])
    for at_zero in (1, 0):
        slope = nn.gradient("activation.relu", {"y": np.ones_like(x)}, x=x, grad_at_zero=at_zero).x
        expected = np.where(signs == 0.0, float(at_zero), (signs > 0.0).astype(float))
        exactly(slope, expected, f"ReLU' is 0, {at_zero}, 1 at −, 0, +")


@law("P07", on=["activation.sigmoid"])
def sigmoid_is_nearly_linear_around_zero(nn: Any, draw: Draw) -> None:
    x = draw.positive(1, 6, scale=draw.choice([0.5, 0.05]))
    below = 0.25 * x + 0.5 - nn("activation.sigmoid", x=x).y
    at_most(below, x**3 / 48.0 * (1.0 + 2.0**-50), "σ(x) ≥ ½ + x/4 − x³/48")
    at_most(x**3 / 48.0 * (1.0 - 2.0**-50) - x**5 / 480.0, below, "σ(x) ≤ ½ + x/4 − x³/48 + x⁵/480")


@law("P08", on=["activation.sigmoid", "activation.tanh"])
def extreme_inputs_are_squashed_to_the_ends(nn: Any, draw: Draw) -> None:
    x = np.sort(draw.reals(1, 8, scale=1.0)) * draw.choice([1.0, 10.0, 100.0])
    x = np.abs(x)
    room = 1.0 + 2.0**-50  # for the exponential on the right
    at_most(1.0 - nn("activation.sigmoid", x=x).y, np.exp(-x) * room, "1 − σ(x) ≤ e^−x")
    at_most(nn("activation.sigmoid", x=-x).y, np.exp(-x) * room, "σ(−x) ≤ e^−x")
    at_most(1.0 - nn("activation.tanh", x=x).y, 2.0 * np.exp(-2.0 * x) * room, "1 − tanh x ≤ 2 e^−2x")
    ends = np.array([[-np.inf, -1e308, 1e308, np.inf]])
    exactly(nn("activation.sigmoid", x=ends).y, np.array([[0.0, 0.0, 1.0, 1.0]]), "σ at the ends")
    exactly(nn("activation.tanh", x=ends).y, np.array([[-1.0, -1.0, 1.0, 1.0]]), "tanh at the ends")


@law("P09", on=["activation.tanh", "activation.sigmoid"])
def weak_signals_are_not_amplified(nn: Any, draw: Draw) -> None:
    x = draw.positive(1, 8, scale=draw.choice([1e-9, 1e-3, 1.0, 30.0]))
    at_most(nn("activation.tanh", x=x).y, x, "|tanh x| ≤ |x|")
    at_most(-x, nn("activation.tanh", x=-x).y, "|tanh x| ≤ |x|, on the other side")
    at_most(nn("activation.sigmoid", x=x).y - 0.5, 0.25 * x, "σ(x) − ½ ≤ x/4")
