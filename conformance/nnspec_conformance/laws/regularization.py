"""Properties of dropout."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, exactly, law, same


@law("P103", on=["regularization.dropout"])
def keeping_everything_is_the_identity(nn: Any, draw: Draw) -> None:
    h = draw.reals(3, draw.size(1, 6))
    mask = draw.integers(*h.shape, low=0, high=1)
    for scaling in ("inverted", "classic"):
        for mode in ("train", "test"):
            options = {"scaling": scaling, "mode": mode}
            kept = nn("regularization.dropout", h=h, mask=np.ones_like(h), keep=1, **options).h_dropped
            exactly(kept, h, f"keep = 1, {mode}, {scaling}")
        test = {"keep": 0.75, "scaling": scaling, "mode": "test"}
        a = nn("regularization.dropout", h=h, mask=mask, **test).h_dropped
        exactly(a, nn("regularization.dropout", h=h, mask=1.0 - mask, **test).h_dropped, "no mask at test")
    none = nn("regularization.dropout", h=h, mask=mask, keep=0).h_dropped
    exactly(none, np.zeros_like(h), "keep = 0 drops everything, without a division")


@law("P103", on=["regularization.dropout"])
def training_agrees_with_testing_on_average(nn: Any, draw: Draw) -> None:
    n, keep = 3, draw.choice([0.25, 0.5, 0.75])
    h = draw.reals(1, n)
    masks = np.array(list(product((0.0, 1.0), repeat=n)))
    weights = np.prod(np.where(masks == 1.0, keep, 1.0 - keep), axis=1)  # exact: multiples of 1/64
    for scaling in ("inverted", "classic"):
        trained = nn("regularization.dropout", h=np.repeat(h, 8, 0), mask=masks, keep=keep, scaling=scaling)
        mean = (trained.h_dropped * weights[:, None]).sum(0)
        tested = nn("regularization.dropout", h=h, mask=masks[:1], keep=keep, mode="test", scaling=scaling)
        same(mean, tested.h_dropped[0], f"E over masks, {scaling}")


@law("P103", on=["regularization.dropout"])
def gradient_goes_through_the_same_mask(nn: Any, draw: Draw) -> None:
    h, h_bar = draw.reals(3, 4), draw.reals(3, 4)
    mask, keep = draw.integers(3, 4, low=0, high=1), draw.choice([0.25, 0.75])
    for options in product(("train", "test"), ("inverted", "classic")):
        given = {"mask": mask, "keep": keep, "mode": options[0], "scaling": options[1]}
        found = nn.gradient("regularization.dropout", {"h_dropped": h_bar}, h=h, **given).h
        linear = nn("regularization.dropout", h=h_bar, **given).h_dropped  # dropout is linear and diagonal
        same(found, Measured(linear.value, np.maximum(linear.radius, found.radius)), str(options))
