"""Preparation of inputs (ledger section 14)."""

from __future__ import annotations

from nnspec_reference.catalogue import data, equation, parameter, real
from nnspec_reference.scalars import Matrix, Vector, sqrt, square, total


@equation(
    data("x", "D", draw=("ties",)),
    parameter("X", "N D", draw=("ties",)),
    results=[real("z", "D"), real("mean", "D", batched=False), real("std", "D", batched=False)],
)
def standardize(x: Vector, X: Matrix) -> tuple[Vector, Vector, Vector]:
    """Normalise inputs to zero mean and unit variance.

        mean_j = (1/N) Σ_i X_ij,   std_j = √((1/N) Σ_i (X_ij − mean_j)²)
        z_j = (x_j − mean_j) / std_j

    The statistics are those of the training data X, one row an example, and serve training and test inputs
    alike. The variance is divided by N. A feature that never varies, std = 0, is divided by 1; its std has
    derivative 0. It helps against ill-conditioning.

    Source: L14 "NN LEARNING"; DR "Recap".
    """
    z, means, stds = [], [], []
    for x_j, column in zip(x, X.T, strict=True):
        mean = total(column) / len(X)
        variance = total(square(x_ij - mean) for x_ij in column) / len(X)
        if all(x_ij == column[0] for x_ij in column):
            std, divisor = 0, 1
        else:
            std = divisor = sqrt(variance)
        z.append((x_j - mean) / divisor)
        means.append(mean)
        stds.append(std)
    return Vector(z), Vector(means), Vector(stds)
