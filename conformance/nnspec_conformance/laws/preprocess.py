"""Properties of prepared inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, exactly, law, same


@law("P104", on=["preprocess.standardize"])
def standardised_features_have_mean_0_and_variance_1(nn: Any, draw: Draw) -> None:
    N, D = draw.size(2, 6), draw.size(1, 4)
    X = draw.reals(N, D, scale=3.0) + draw.integers(D)
    X[:, 0] += np.arange(N)
    z = nn("preprocess.standardize", x=X, X=X).z
    same(z.sum(0), np.zeros(D), "mean 0")
    same((z * z).sum(0), np.full(D, float(N)), "variance 1, divided by N")


@law("P104", on=["preprocess.standardize"])
def a_constant_feature_is_only_centred(nn: Any, draw: Draw) -> None:
    value = draw.choice([0.1, 1.0, -7.3])
    X, x = np.full((3, 1), value), draw.reals(4, 1)
    found = nn("preprocess.standardize", x=x, X=X)
    exactly(found.std, [0.0], "std 0")
    same(found.z, x - value, "divided by 1")
    X = draw.integers(4, 2) * 8.0 + np.arange(4)[:, None]
    x = draw.integers(3, 2)
    found = nn("preprocess.standardize", x=x, X=X)
    moved = nn("preprocess.standardize", x=4.0 * x + 16.0, X=4.0 * X + 16.0)
    same(moved.z, found.z, "units do not matter")
