"""Properties of threshold logic and of XOR."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, exactly, law, same

_BITS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_XOR = np.array([0.0, 1.0, 1.0, 0.0])


@law("P11", on=["network.linear_composition", "unit.perceptron"])
def xor_is_out_of_reach_without_nonlinearity(nn: Any, draw: Draw) -> None:
    H, C = draw.size(), draw.size(1, 3)
    z = nn(
        "network.linear_composition",
        x=_BITS,
        W=draw.integers(H, 2),
        V=draw.integers(C, H),
        b=draw.integers(H),
        c=draw.integers(C),
    ).z
    same(z[0] + z[3], z[1] + z[2], "an affine map has no second difference; XOR's is −2")
    tie = draw.choice(["gt", "ge"])
    y = nn("unit.perceptron", x=_BITS, w=draw.integers(2), b=draw.integers(), tie=tie).y.value
    assert not (y == _XOR).all(), "no perceptron computes XOR"


@law("P11", on=["logic.xor_relu_network", "logic.xor_threshold_network", "logic.truth_tables"])
def xor_is_within_reach_with_one(nn: Any, draw: Draw) -> None:
    x = draw.integers(draw.size(1, 8), 2, low=0, high=1)
    tables = nn("logic.truth_tables", x=x)
    exactly(tables.XOR, (x[:, 0] != x[:, 1]).astype(float), "XOR")
    exactly(nn("logic.xor_relu_network", x=x).y, tables.XOR, "two layers of ReLU units")
    steps = nn("logic.xor_threshold_network", a=x[:, 0], b=x[:, 1])
    exactly(steps.h_1, tables.AND, "h_1 is AND")
    exactly(steps.h_2, tables.OR, "h_2 is OR")
    exactly(steps.y, tables.XOR, "three threshold units")


@law("P11", on=["logic.xor_linear_tanh", "logic.not_good_score", "logic.truth_tables"])
def one_tanh_is_enough_after_a_threshold(nn: Any, draw: Draw) -> None:
    x = draw.integers(draw.size(1, 8), 2, low=0, high=1)
    y = nn("logic.xor_linear_tanh", x=x, a=np.array([-1.0, -1.0, 2.0])).y.value
    xor = nn("logic.truth_tables", x=x).XOR
    exactly((y > 0.0).astype(float), xor, "y > 0")
    exactly((y > 0.5).astype(float), xor, "y > ½")
    score = nn("logic.not_good_score", x=x).y.value
    exactly((score > 0.0).astype(float), (1.0 - x[:, 0]) * x[:, 1], "good and not *not*")
    shift = draw.reals(draw.size(), 2)
    a = np.array([-2.0, -1.0, 2.0])
    same(
        nn("logic.xor_linear_tanh", x=shift, a=a).y,
        nn("logic.not_good_score", x=shift).y,
        "a member of the family",
    )
