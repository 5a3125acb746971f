"""Preparation of inputs (ledger section 14)."""

from __future__ import annotations

from typing import Any

from nnspec_reference.catalogue import equation, parameter, real
from nnspec_reference.scalars import Matrix, Vector, either, sqrt, square, stop_gradient, total


@equation(
    parameter("x", "M D"),
    parameter("X", "N D"),
    results=[real("z", "M D"), real("mean", "D"), real("std", "D")],
    least={"M": 0},
)
def standardize(x: Matrix, X: Matrix) -> tuple[Matrix, Vector, Vector]:
    """Normalise inputs to zero mean and unit variance.

        mean_j = (1/N) Σ_i X_ij,   std_j = √((1/N) Σ_i (X_ij − mean_j)²)
        z_ij = (x_ij − mean_j) / std_j

    The statistics are those of the training data X, and serve training and test inputs x alike; a row is an
    example. The variance is divided by N. A feature that never varies, std = 0, is divided by 1; its std has
    derivative 0. Standardised inputs help against ill-conditioning. Libraries that want both statistics in
    one pass take the mean as m_i = m_{i−1} + (X_ij − m_{i−1}) / i (Welford), which rounds otherwise.

    Source: L14 "NN LEARNING"; DR "Recap".
    """
    means, stds, divisors = [], [], []
    for column in X.T:
        mean, std, divisor = either(total(column) / len(X), _running_mean(column)), 0, 1
        if any(x_ij != column[0] for x_ij in column):
            std = divisor = sqrt(total(square(x_ij - mean) for x_ij in column) / len(X))
        means.append(mean)
        stds.append(std)
        divisors.append(divisor)
    z = (((x_ij - m) / s for x_ij, m, s in zip(row, means, divisors, strict=True)) for row in x)
    return Matrix(map(Vector, z)), Vector(means), Vector(stds)


def _running_mean(column: Vector) -> Any:
    first, *more = stop_gradient(column)
    mean = first
    for i, x in enumerate(more, 2):
        mean = mean + (x - mean) / i
    return mean
