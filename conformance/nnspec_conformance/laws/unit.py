"""Properties of single units."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, exactly, law, same


@law("P12", on=["unit.bias_as_unit_input", "unit.weighted_sum", "unit.perceptron"])
def a_bias_is_a_weight_on_one(nn: Any, draw: Draw) -> None:
    B, n = draw.size(), draw.size()
    x, w, b = draw.integers(B, n), draw.integers(n), draw.integers()
    made = nn("unit.bias_as_unit_input", x=x, w=w, b=b)
    exactly(made.x_augmented, np.concatenate([x, np.ones((B, 1))], 1), "the last input is 1")
    exactly(made.z, x @ w + b, "[w; b] · [x; 1] = w · x + b")
    augmented = np.append(w, b)
    exactly(nn("unit.weighted_sum", x=made.x_augmented.value, w=augmented).z, made.z, "the bias as a weight")
    for tie, fires in (("gt", x @ w > -b), ("ge", x @ w >= -b)):
        exactly(nn("unit.perceptron", x=x, w=w, b=b, tie=tie).y, fires.astype(float), "the threshold is −b")


@law("P12", on=["unit.bias_as_unit_input", "unit.weighted_sum"])
def a_bias_learns_like_a_weight_on_one(nn: Any, draw: Draw) -> None:
    B, n = draw.size(), draw.size()
    x, w, b, z_bar = draw.reals(B, n), draw.reals(n), draw.reals(), draw.reals(B)
    ones = np.concatenate([x, np.ones((B, 1))], 1)
    plain = nn.gradient("unit.weighted_sum", {"z": z_bar}, x=x, w=w, b=b)
    augmented = nn.gradient("unit.weighted_sum", {"z": z_bar}, x=ones, w=np.append(w, b)).w
    as_input = nn.gradient("unit.bias_as_unit_input", {"z": z_bar}, x=x, w=w, b=b)
    for found in (plain, as_input):
        same(found.w, augmented[:n], "w̄")
        same(found.b, augmented[n], "b̄ is the gradient of the weight on 1")


@law("P13", on=["unit.perceptron"])
def only_the_direction_of_the_weights_decides(nn: Any, draw: Draw) -> None:
    B, n = draw.size(2, 8), draw.size()
    x, w, b, tie = draw.integers(B, n), draw.integers(n), draw.integers(), draw.choice(["gt", "ge"])
    y = nn("unit.perceptron", x=x, w=w, b=b, tie=tie).y
    for k in (2.0**-20, 0.5, 2.0, 2.0**40):
        exactly(nn("unit.perceptron", x=x, w=k * w, b=k * b, tie=tie).y, y, f"(w, b) times {k}")
    opposite = {"gt": "ge", "ge": "gt"}[tie]
    mirrored = nn("unit.perceptron", x=x, w=-w, b=-b, tie=opposite).y
    exactly(mirrored, 1.0 - y.value, "(−w, −b) with the other tie rule decides the opposite")


@law("P14", on=["unit.linear_decision_boundary", "unit.weighted_sum", "unit.perceptron"])
def the_boundary_is_a_hyperplane(nn: Any, draw: Draw) -> None:
    B, n = 2 * draw.size(1, 3), draw.size(1, 4)
    x, w, b = draw.integers(B, n), draw.integers(n), draw.integers()
    w[0] = draw.choice([-2.0, 1.0, 3.0])
    found = nn("unit.linear_decision_boundary", x=x, w=w, b=b)
    exactly(found.z, x @ w + b, "the side on which x lies")
    exactly(nn("unit.perceptron", x=x, w=w, b=b).y, (found.distance.value > 0.0).astype(float), "the sign decides")
    same(found.distance * found.distance, _norm2(x - found.foot), "the foot is as far as the distance says")
    foot, t = found.foot, draw.integers(B, 1)
    on_the_way = (foot * (1.0 - t)) + foot[::-1] * t  # a line through two points of the boundary stays in it
    for points in (foot, on_the_way):
        z = nn("unit.weighted_sum", x=points.value, w=w, b=b).z
        same(
            Measured(z.value, z.radius + points.radius @ np.abs(w)),
            np.zeros(B),
            "w · x + b = 0 on the boundary",
        )


def _norm2(x: Measured) -> Measured:
    return (x * x).sum(1)
