"""Stochastic gradients as estimators: their mean and their variance (ledger section 13)."""

from __future__ import annotations

from nnspec_reference.catalogue import equation, flag, hyper, parameter, real
from nnspec_reference.scalars import Matrix, Scalar, Vector, dot, square, total


@equation(
    parameter("g", "N n"),
    results=[real("expectation", "n"), real("descent")],
)
def unbiased_gradient(g: Matrix) -> tuple[Vector, Scalar]:
    """The gradient of a random example is an unbiased estimate of the batch gradient.

        E_i[∇J^(i)(θ)] = (1/N) Σ_i ∇J^(i)(θ) = ∇J(θ),  i uniform on 1 … N

    Row i is ∇J^(i)(θ). The expectation is the sum over all outcomes, each of probability 1/N. `descent` is
    the expected progress against the batch gradient, E_i[∇J^(i) · ∇J] = ‖∇J‖² ≥ 0: a single step may go
    uphill, but SGD "moves downhill on average".

    Source: DR "Stochastic Gradient Descent".
    """
    N = len(g)
    expectation: Vector = total(g) / N
    return expectation, total(dot(g_i, expectation) for g_i in g) / N


@equation(
    parameter("g", "N n"),
    hyper("S", 1, 2, 3, low=1, whole=True),
    options=[flag("replacement", default=True)],
    results=[real("variance", "n")],
)
def minibatch_variance(g: Matrix, S: int, replacement: bool = True) -> Vector:
    """The variance of a mini-batch gradient, coordinate by coordinate.

        Var[(1/S) Σ_{i=1}^S ∂L^(i)/∂θ_j] = (1/S²) Var[Σ_{i=1}^S ∂L^(i)/∂θ_j] = (1/S) Var[∂L^(i)/∂θ_j]

    Row i is the gradient of one of the N examples; Var[∂L^(i)/∂θ_j] = (1/N) Σ_i (g_ij − ḡ_j)², for i
    uniform. The second equality needs independent draws (E53), i.e. sampling with replacement. A batch of S
    different examples has (N − S)/(N − 1) times this variance: 0 for S = N, batch training. A batch of more
    than N different examples is a ValueError.

    Source: DR "Stochastic Gradient Descent".
    Errata: E53.
    """
    N = len(g)
    if not replacement and S > N:
        raise ValueError(f"{S} different examples of {N}")
    mean = total(g) / N
    single: Vector = total(square(g_i - mean) for g_i in g) / N
    variance = single / S
    return variance if replacement or N == 1 else variance * (N - S) / (N - 1)
