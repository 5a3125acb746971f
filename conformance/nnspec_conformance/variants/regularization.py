"""Mistakes in dropout."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference.regularization import dropout
from nnspec_reference.scalars import Vector, stop_gradient


@variant("regularization.dropout", "the two scalings are exchanged")
def other_scaling(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    return dropout(h, mask, keep, mode, "classic" if scaling == "inverted" else "inverted")


@variant("regularization.dropout", "no scaling at all: units are louder at test time", source="E60")
def unscaled(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    return dropout(h, mask, keep, "train", "classic") if mode == "train" else h


@variant("regularization.dropout", "scaled by the drop probability, 1 − keep", source="convnetjs #61")
def scaled_by_drop(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    return dropout(h, mask, 1 - keep, mode, scaling)


@variant("regularization.dropout", "mask 1 drops the unit")
def mask_drops(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    return dropout(h, 1 - mask, keep, mode, scaling)


@variant("regularization.dropout", "units are dropped at test time too")
def always_training(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    return dropout(h, mask, keep, "train", scaling)


@variant("regularization.dropout", "nothing is ever dropped")
def mask_ignored(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    return dropout(h, mask * 0 + 1, keep, mode, scaling)


@variant("regularization.dropout", "keep = 0 divides by 0", source="tinygrad #11322")
def division_by_zero(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    y = dropout(h, mask, keep, mode, scaling)
    return y.map(lambda _: nan) if keep == 0 and mode == "train" and scaling == "inverted" else y


@variant("regularization.dropout", "the gradient lacks the scale")
def unscaled_gradient(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Any:
    y = stop_gradient(dropout(h, mask, keep, mode, scaling))
    change = h - stop_gradient(h)
    return y + (change * mask if mode == "train" else change)


@gradient_variant("regularization.dropout", "the gradient passes through every unit, dropped or not")
def gradient_without_mask(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    g, mask = gradients["h"], arguments["mask"]
    kept = [x for x, m in zip(g, mask, strict=True) if m != 0]
    return {"h": Vector(x if m != 0 else kept[0] for x, m in zip(g, mask, strict=True))} if kept else gradients
