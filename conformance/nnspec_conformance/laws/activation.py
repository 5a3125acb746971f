"""Properties of activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, exactly, law, same, within


@law("P01", on=["activation.sigmoid"])
def sigmoid_is_a_symmetric_squash(nn: Any, draw: Draw) -> None:
    x = np.sort(draw.reals(1, 9, scale=draw.choice([1.0, 10.0, 1000.0])))
    y, mirrored = nn("activation.sigmoid", x=x).y, nn("activation.sigmoid", x=-x).y
    within(y, 0.0, 1.0, "σ ∈ [0, 1]")
    same(y, 1.0 - mirrored, "σ(−x) = 1 − σ(x)")
    assert (np.diff(y.value) >= -(y.radius[:, 1:] + y.radius[:, :-1])).all(), "σ does not decrease"


@law("P05", on=["activation.relu"])
def relu_is_idempotent(nn: Any, draw: Draw) -> None:
    y = nn("activation.relu", x=draw.reals(3, 5)).y
    exactly(nn("activation.relu", x=y.value).y, y, "ReLU(ReLU(x)) = ReLU(x)")
