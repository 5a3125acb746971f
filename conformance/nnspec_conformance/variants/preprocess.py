"""Mistakes in preparing inputs."""

from __future__ import annotations

from math import nan

from nnspec_conformance.variants import variant
from nnspec_reference.preprocess import standardize
from nnspec_reference.scalars import Matrix, Vector, constant, sqrt, square, stop_gradient, total

_Standardized = tuple[Matrix, Vector, Vector]


def _scaled(x: Matrix, mean: Vector, std: Vector) -> Matrix:
    return Matrix(
        Vector((x_j - m) / (s if s != 0 else 1) for x_j, m, s in zip(row, mean, std, strict=True)) for row in x
    )


@variant("preprocess.standardize", "the variance is divided by N − 1", source="pandas")
def unbiased_variance(x: Matrix, X: Matrix) -> _Standardized:
    _, mean, std = standardize(x, X)
    N = len(X)
    std = std * sqrt(constant(N, X[0][0]) / max(N - 1, 1))
    return _scaled(x, mean, std), mean, std


@variant("preprocess.standardize", "a constant feature is divided by 0")
def division_by_zero(x: Matrix, X: Matrix) -> _Standardized:
    z, mean, std = standardize(x, X)
    return (
        Matrix(Vector(z_j if s != 0 else nan for z_j, s in zip(row, std, strict=True)) for row in z),
        mean,
        std,
    )


@variant("preprocess.standardize", "√(variance + 1e-5)", source="batch normalisation")
def epsilon_inside(x: Matrix, X: Matrix) -> _Standardized:
    _, mean, std = standardize(x, X)
    std = std.map(lambda s: sqrt(s * s + constant(1, X[0][0]) / 10**5))
    return _scaled(x, mean, std), mean, std


@variant("preprocess.standardize", "with the statistics of the inputs themselves, not of the training data")
def own_statistics(x: Matrix, X: Matrix) -> _Standardized:
    return standardize(x, x if x else X)


@variant("preprocess.standardize", "divided by the variance")
def divided_by_variance(x: Matrix, X: Matrix) -> _Standardized:
    _, mean, std = standardize(x, X)
    return _scaled(x, mean, std * std), mean, std


@variant("preprocess.standardize", "the mean is not subtracted")
def not_centred(x: Matrix, X: Matrix) -> _Standardized:
    _, mean, std = standardize(x, X)
    return _scaled(x, mean * 0, std), mean, std


@variant("preprocess.standardize", "one mean and deviation for all features")
def over_all_features(x: Matrix, X: Matrix) -> _Standardized:
    entries = [x_ij for row in X for x_ij in row]
    mean = total(entries) / len(entries)
    variance = total(square(e - mean) for e in entries) / len(entries)
    constant = all(e == entries[0] for e in entries)
    std = stop_gradient(variance) * 0 if constant else sqrt(variance)
    means, stds = (Vector(v for _ in X[0]) for v in (mean, std))
    return _scaled(x, means, stds), means, stds


@variant("preprocess.standardize", "the gradient takes the deviation for a constant")
def constant_deviation(x: Matrix, X: Matrix) -> _Standardized:
    _, mean, std = standardize(x, X)
    return _scaled(x, mean, stop_gradient(std)), mean, std


@variant("preprocess.standardize", "the gradient takes the mean for a constant")
def constant_mean(x: Matrix, X: Matrix) -> _Standardized:
    _, mean, std = standardize(x, X)
    return _scaled(x, stop_gradient(mean), std), mean, std
