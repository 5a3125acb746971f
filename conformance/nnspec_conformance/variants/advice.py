"""Mistakes about the cost of mini-batches."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import variant
from nnspec_reference.scalars import Vector, maximum, step, stop_gradient


@variant("advice.batch_hardware", "proportional to S from the start: S = 1 would be optimal", source="E54")
def proportional(S: Vector, S_saturated: Any) -> Any:
    return S / S_saturated


@variant("advice.batch_hardware", "the fixed cost is added: 1 + S / S_saturated")
def affine_cost(S: Vector, S_saturated: Any) -> Any:
    return S / S_saturated + 1


@variant("advice.batch_hardware", "in units of one example's cost: max(S, S_saturated)")
def other_unit(S: Vector, S_saturated: Any) -> Vector:
    return S.map(lambda s: maximum(s, S_saturated))


@variant("advice.batch_hardware", "the slope at saturation is that of the left side, 0")
def left_slope(S: Vector, S_saturated: Any) -> Any:
    def cost(s: Any) -> Any:
        ratio = s / S_saturated
        fixed = stop_gradient(ratio)
        return stop_gradient(maximum(ratio, 1)) + (ratio - fixed) * step(fixed - 1)

    return S.map(cost)
