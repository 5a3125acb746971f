"""Why gradients explode or vanish (ledger section 7): the recurrent network as an iterated map."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from nnspec_reference import scalars
from nnspec_reference.catalogue import algorithm, choice, data, equation, hyper, parameter, real
from nnspec_reference.recurrent import slope
from nnspec_reference.scalars import Matrix, Vector, power

_ACTIVATION = choice("activation", "tanh", "sigmoid", "relu", "identity")  # ReLU' = 1 at 0, as in L14


@equation(
    data("z", "n"),
    data("h_T_bar"),
    parameter("w"),
    options=[_ACTIVATION],
    results=[real("h_1_bar"), real("jacobian")],
    least={"n": 0},
)
def scalar_jacobian(z: Any, h_T_bar: Any, w: Any, activation: str = "tanh") -> Any:
    """Backpropagation from h^(T) to h^(1) in the univariate encoder.

        h̄^(t) = z̄^(t+1) w,   z̄^(t) = h̄^(t) φ'(z^(t))
        h̄^(1) = w^{T−1} φ'(z^(2)) ⋯ φ'(z^(T)) h̄^(T)
                └─ the Jacobian ∂h^(T)/∂h^(1) ─┘

    `z` holds the n = T − 1 pre-activations z^(2) … z^(T): z^(1) has no part in it. T = 1: the Jacobian is 1.

    Source: DR "Why Gradients Explode or Vanish".
    """
    h_bar = h_T_bar
    jacobian: Any = 1
    for z_t in reversed(z):
        phi_prime = slope(activation, z_t)
        h_bar = h_bar * phi_prime * w
        jacobian = jacobian * phi_prime * w
    return h_bar, jacobian


@equation(
    data("w"),
    hyper("T", 1, 2, 3, 10, 50, low=1, whole=True),
    results=[real("jacobian")],
)
def linear_jacobian(w: Any, T: Any) -> Any:
    """The Jacobian of T steps with linear activations.

        ∂h^(T)/∂h^(1) = w^{T−1}

    From step 1 to step T there are T − 1 steps. DR prints 117.4 for w = 1.1, T = 50, and 0.00515 for w = 0.9:
    these are w^50 (E03). The formula gives 106.72 and 0.005726.

    Source: DR "Why Gradients Explode or Vanish".
    Errata: E03.
    """
    if not isinstance(T, int) or T < 1:
        raise ValueError(f"T must be a whole number of at least 1, not {T!r}")
    return power(w, T - 1)


@equation(
    data("z", "n H"),
    parameter("U", "H H"),
    options=[_ACTIVATION],
    results=[real("jacobian", "H H")],
    least={"n": 0},
)
def jacobian_product(z: Any, U: Any, activation: str = "tanh") -> Any:
    """The Jacobian of many steps as a product, the last step leftmost.

        ∂h^(T)/∂h^(1) = (∂h^(T)/∂h^(T−1)) ⋯ (∂h^(2)/∂h^(1)),   ∂h^(t)/∂h^(t−1) = diag(φ'(z^(t))) U

    Matrices do not commute: the order is part of the equation. The factors are derived; `z` holds z^(2) …
    z^(T). Without steps (T = 1) it is the identity.

    Source: DR "Why Gradients Explode or Vanish".
    """
    H = len(U)
    product = Matrix(Vector(int(i == j) for j in range(H)) for i in range(H))
    for z_t in z:
        phi_prime = slope(activation, z_t)
        factor = Matrix(row * s for s, row in zip(phi_prime, U, strict=True))
        product = factor @ product
    return product


class Criterion(NamedTuple):
    """The spectral radius |λ_1|, and what it says of a gradient: "vanishes", "explodes" or "undefined"."""

    radius: float
    gradient: str


@algorithm()
def eigenvalue_criterion(U: Matrix) -> Criterion:
    """The eigenvalue criterion for vanishing and exploding gradients.

        |λ_1| < 1 ⇒ vanishing,   |λ_1| > 1 ⇒ exploding,   λ_1 the leading eigenvalue of the recurrent matrix

    Where |λ_1| = 1 the notes say nothing: "undefined", as is a radius that rounding cannot tell from 1. The
    statement is exact for linear units only, and in the limit (E33): [[0.5, 10], [0, 0.5]] has |λ_1| = 0.5,
    yet its powers grow before they shrink; and φ' ≤ 1 (tanh) or ≤ 1/4 (σ) may tame an exploding U. DS17 says
    "gradients less than 1" and "greater than 1", L14 only that hidden layers are multiplied repeatedly.

    |λ_1| = lim ‖U^k‖^{1/k} (Gelfand) is computed along k = 1, 2, 4, …, 2^60 by repeated squaring, with the
    norms taken out at every step: log |λ_1| = Σ_m 2^{−m} log n_m. It needs no eigenvectors, and complex or
    equal eigenvalues are no special case.

    Source: G15 [after "RECURRENT NEURAL NETWORKS"]; DS17 [after "Training RNNs with BPTT"]; L14 [after
    "BI-RNN"].
    Errata: E33.
    """
    if any(len(row) != len(U) for row in U) or not len(U):
        raise ValueError("the recurrent matrix must be square")
    log_radius, A = 0.0, U
    for m in range(61):
        norm = max(sum(abs(u) for u in row) for row in A)
        if not norm < math.inf:
            raise ValueError("the recurrent matrix must be finite")
        if norm == 0:
            return Criterion(0.0, "vanishes")
        log_radius += math.log(norm) / 2**m
        A = A / norm
        A = A @ A
    radius = math.exp(log_radius)
    if abs(log_radius) <= 64 * len(U) * 2.0**-52:  # what rounding may add in 61 products
        return Criterion(radius, "undefined")
    return Criterion(radius, "vanishes" if radius < 1 else "explodes")


@equation(
    data("x", kind="probability"),
    hyper("k", 1, 2, 3, 6, 0, low=0, whole=True),
    results=[real("y"), real("derivative")],
)
def iterated_map(x: Any, k: Any) -> Any:
    """A quadratic map, iterated k times, and its derivative.

        f(x) = 3.5 x (1 − x),   y = (f ∘ ⋯ ∘ f)(x), k times
        y' = Π_{j<k} 3.5 (1 − 2 x_j),   x_0 = x, x_{j+1} = f(x_j)

    DR plots f, f∘f, f∘f∘f and six times f: a polynomial of degree 2^k. f maps [0, 1] into [0, 7/8]. The
    derivative is derived. k = 0 is the identity.

    Source: DR "Iterated Functions".
    """
    if not isinstance(k, int) or k < 0:
        raise ValueError(f"k must be a whole number of at least 0, not {k!r}")
    derivative: Any = 1
    for _ in range(k):
        derivative = derivative * (7 * (1 - 2 * x) / 2)
        x = 7 * x * (1 - x) / 2
    return x, derivative


@equation(
    data("h"),
    hyper("k", 1, 2, 3, 5, 0, low=0, whole=True),
    parameter("w"),
    parameter("b"),
    results=[real("h_k"), real("dh"), real("db")],
    gradient=False,
)
def attractors(h: Any, k: Any, w: Any, b: Any) -> Any:
    """A tanh unit that feeds itself: where it goes, and how much that depends on the start and on the bias.

        h_j = tanh(w h_{j−1} + b),   j = 1 … k
        dh = ∂h_k/∂h_0 = Π_j w (1 − h_j²)
        db = ∂h_k/∂b,   ∂h_j/∂b = (1 − h_j²) (w ∂h_{j−1}/∂b + 1)

    Inside the basin of an attractor the gradient vanishes: a small move ends at the same attractor. On the
    boundary it blows up. With w = 2, b = 0 the boundary is h = 0, where dh = 2^k; elsewhere dh → 0. Seen as a
    function of the bias, h_k has a cliff there. DR's figures (a tanh network's map, the cliffs) are lost; the
    unit here is the smallest that shows both.

    Source: DR "Why Gradients Explode or Vanish".
    """
    if not isinstance(k, int) or k < 0:
        raise ValueError(f"k must be a whole number of at least 0, not {k!r}")
    dh: Any = 1
    db: Any = 0
    for _ in range(k):
        h = scalars.tanh(w * h + b)
        phi_prime = 1 - h * h
        dh = dh * w * phi_prime
        db = (db * w + 1) * phi_prime
    return h, dh, db
