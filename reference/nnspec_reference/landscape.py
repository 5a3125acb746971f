"""The optimisation landscape: curvature, convexity, symmetries, saddles and plateaux (ledger section 12).

What is said of any cost J takes J as a function and is an algorithm here; its second derivatives come from
the tape run on itself. Claims about convexity are made executable on the three losses of DR's exercise, as
functions of the network outputs z, and on one that is not convex::

    squared_error           ½ Σᵢ (zᵢ − tᵢ)²
    logistic_cross_entropy  −Σᵢ [tᵢ log σ(zᵢ) + (1 − tᵢ) log(1 − σ(zᵢ))]
    softmax_cross_entropy   −Σᵢ tᵢ log softmax(z)ᵢ
    logistic_least_squares  ½ Σᵢ (σ(zᵢ) − tᵢ)²            not convex (E75)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from nnspec_reference import autodiff, backprop
from nnspec_reference.catalogue import algorithm, bit, choice, data, equation, hyper, parameter, real
from nnspec_reference.scalars import (
    Matrix,
    Scalar,
    Vector,
    absolute,
    detach,
    dot,
    exp,
    largest,
    log,
    log_sigmoid,
    maximum,
    outer,
    sigmoid,
    softmax,
    sqrt,
    square,
    step,
    tanh,
    total,
)

Cost = Callable[[Vector], Scalar]

_LOSS = choice("loss", "softmax_cross_entropy", "logistic_cross_entropy", "squared_error", "logistic_least_squares")
_ACTIVATION = choice("activation", "relu", "tanh", "sigmoid")


# ---------------------------------------------------------------------------------------- curvature
@algorithm()
def hessian(J: Cost, theta: Vector) -> Matrix:
    """The Hessian matrix: all second derivatives.

        H = ∇²J,  H_ij = ∂²J / ∂θ_i ∂θ_j

    Row i is the gradient of the i-th entry of the gradient. DR: "It's a symmetric matrix because ∂²J/∂θ_i∂θ_j
    = ∂²J/∂θ_j∂θ_i", which needs these to be continuous (E64): for xy (x² − y²)/(x² + y²) they are −1 and 1 at
    0.

    Source: DR "Review: Hessian Matrix".
    Errata: E64.
    """
    _, pullback = autodiff.vjp(lambda point: autodiff.grad(J, (point,))[0], (theta,))
    basis = _identity(len(theta))
    return Matrix(pullback(e_i)[0] for e_i in basis)


@equation(
    data("theta", "D"),
    parameter("theta_0", "D"),
    parameter("J_0"),
    parameter("g", "D"),
    parameter("H", "D D"),
    results=[real("J")],
)
def taylor2(theta: Vector, theta_0: Vector, J_0: Scalar, g: Vector, H: Matrix) -> Scalar:
    """The second-order Taylor approximation around θ₀.

        J(θ) ≈ J(θ₀) + ∇J(θ₀)ᵀ(θ − θ₀) + ½ (θ − θ₀)ᵀ H(θ₀) (θ − θ₀)

    J_0, g, H are the value, the gradient and the Hessian at θ₀. At a critical point g = 0 and the linear term
    is absent. Exact for a quadratic function.

    Source: DR "Review: Hessian Matrix".
    """
    delta = theta - theta_0
    return J_0 + dot(g, delta) + dot(delta, H @ delta) / 2


@equation(
    data("v", "D"),
    data("t"),
    parameter("J_0"),
    parameter("g", "D"),
    parameter("H", "D D"),
    results=[real("J"), real("curvature")],
)
def directional_curvature(v: Vector, t: Scalar, J_0: Scalar, g: Vector, H: Matrix) -> tuple[Scalar, Scalar]:
    """The cost along a line, and its curvature in that direction.

        J(θ + t v) ≈ J(θ) + t ∇J(θ)ᵀ v + (t²/2) vᵀ H(θ) v

    vᵀHv > 0: the cost curves upwards (positive curvature); vᵀHv < 0: negative curvature. v need not have
    length 1; v = 0 stays at J(θ), with curvature 0.

    Source: DR "Review: Hessian Matrix".
    """
    curvature = dot(v, H @ v)
    return J_0 + t * dot(g, v) + t * t / 2 * curvature, curvature


@equation(parameter("Q", "D D"), parameter("eigenvalues", "D"), results=[real("H", "D D")])
def spectral_decomposition(Q: Matrix, eigenvalues: Vector) -> Matrix:
    """A symmetric matrix from its eigenvectors and eigenvalues.

        H = Q Λ Qᵀ

    The columns of Q are orthonormal eigenvectors. With repeated eigenvalues Q is not unique, the product is;
    so a decomposition is compared by what it recomposes. `eigen` computes one.

    Source: DR "Review: Hessian Matrix".
    """
    return Matrix(row * eigenvalues for row in Q) @ Q.T


def eigen(H: Matrix) -> tuple[Vector, Matrix]:
    """The eigenvalues of a symmetric matrix in ascending order, and Q with their eigenvectors as columns.

    Jacobi's method: rotate in the plane of axes p, q so that H_pq becomes 0, until all are.

    >>> [round(x, 12) for x in eigen(Matrix([Vector([0.0, 2.0]), Vector([2.0, 3.0])]))[0]]
    [-1.0, 4.0]
    """
    D = len(H)
    A = [list(row) for row in H]
    Q = [list(row) for row in _identity(D)]
    for _ in range(100):
        rotated = False
        for p in range(D):
            for q in range(p + 1, D):
                if all(absolute(A[i][i]) + absolute(A[p][q]) == absolute(A[i][i]) for i in (p, q)):
                    continue  # below the rounding of both diagonal entries
                rotated = True
                ratio = (A[q][q] - A[p][p]) / (2 * A[p][q])
                root = sqrt(square(ratio) + 1)
                t = (1 if ratio >= 0 else -1) / (absolute(ratio) + root)  # the tangent of the angle
                c = 1 / sqrt(square(t) + 1)
                s = t * c
                for M in (A, Q):  # columns, of both
                    for row in M:
                        row[p], row[q] = c * row[p] - s * row[q], s * row[p] + c * row[q]
                A[p], A[q] = (
                    [c * x - s * y for x, y in zip(A[p], A[q], strict=True)],
                    [s * x + c * y for x, y in zip(A[p], A[q], strict=True)],
                )
                A[p][q] = A[q][p] = 0
        if not rotated:
            break
    order = sorted(range(D), key=lambda i: A[i][i])
    return Vector(A[i][i] for i in order), Matrix(Vector(row[i] for i in order) for row in Q)


@algorithm()
def definiteness(
    A: Matrix, tolerance: Scalar = 0
) -> Literal[
    "positive definite",
    "positive semidefinite",
    "negative definite",
    "negative semidefinite",
    "indefinite",
    "zero",
]:
    """The signs of vᵀAv for a symmetric A.

        positive definite      vᵀAv > 0 for all v ≠ 0   ⇔  all λ > 0
        positive semidefinite  vᵀAv ≥ 0                 ⇔  all λ ≥ 0

    The exercise (X01): with A = QΛQᵀ and c = Qᵀv, which is 0 only if v is, vᵀAv = Σ_k λ_k c_k²; it is
    positive for every c ≠ 0 iff every λ_k is, as v = q_k shows. An eigenvalue of at most `tolerance` times
    the largest counts as 0; the strongest statement that holds is returned, and "zero" for A = 0.

    Source: DR "Review: Hessian Matrix" (with exercise).
    """
    eigenvalues, _ = eigen(A)
    slack = tolerance * max(abs(x) for x in eigenvalues)
    low, high = eigenvalues[0], eigenvalues[-1]
    if low > slack:
        return "positive definite"
    if high < -slack:
        return "negative definite"
    if low < -slack and high > slack:
        return "indefinite"
    if low >= -slack and high <= slack:
        return "zero"
    return "positive semidefinite" if high > slack else "negative semidefinite"


@algorithm()
def critical_point_class(
    J: Cost, theta: Vector, tolerance: Scalar = 0
) -> Literal["not critical", "local minimum", "local maximum", "saddle", "undecided"]:
    """What kind of critical point θ is, by its Hessian.

        ∇J(θ) = 0:  H positive definite ⇒ local minimum;  eigenvalues of both signs ⇒ saddle

    A positive definite H makes the minimum strict. Where H is singular the second order decides nothing
    (E50): x³ − 3xy² has a saddle at 0, x⁴ + y⁴ a minimum, and H = 0 for both; DR's definition misses such
    degenerate saddles. "When would saddle points be a problem?" (X17): exactly on one gradient descent is
    stuck; slightly off, it escapes.

    `tolerance` bounds a gradient that counts as 0, and an eigenvalue relative to the largest.

    Source: DR "Review: Hessian Matrix", "Saddle points".
    Errata: E50.
    """
    if any(abs(g_i) > tolerance for g_i in autodiff.grad(J, (theta,))[0]):
        return "not critical"
    kind = definiteness(hessian(J, theta), tolerance)
    if kind == "positive definite":
        return "local minimum"
    if kind == "negative definite":
        return "local maximum"
    return "saddle" if kind == "indefinite" else "undecided"


# ---------------------------------------------------------------------------------------- convexity
@equation(data("x_0", "D"), data("x_1", "D"), data("lam", "", "probability"), results=[real("x_lam", "D")])
def convex_set(x_0: Vector, x_1: Vector, lam: Scalar) -> Any:
    """The points between two others: a set S is convex if it holds them all.

        (1 − λ) x₀ + λ x₁ ∈ S  for 0 ≤ λ ≤ 1

    Source: DR "Convex Functions".
    """
    return x_0 * (1 - lam) + x_1 * lam


@equation(
    data("z_0", "K"),
    data("z_1", "K"),
    data("lam", "", "probability"),
    data("t", "K", "simplex", differentiable=False),
    options=[_LOSS],
    results=[real("value"), real("chord")],
)
def convex_function(
    z_0: Vector, z_1: Vector, lam: Scalar, t: Vector, loss: str = "softmax_cross_entropy"
) -> tuple[Scalar, Scalar]:
    """A function and its chord: convex if it never lies above.

        f((1 − λ) x₀ + λ x₁) ≤ (1 − λ) f(x₀) + λ f(x₁)

    `value` is the left side, `chord` the right, for a loss as a function of the network outputs z with target
    t. Equivalently, the set of points above the graph is convex. DR's exercise (X02) asks to show that
    squared error and the two cross-entropies are convex "as a function of the network outputs": squared error
    is in its own argument, the cross-entropies are in the scores z; squared error is not in the scores of a
    logistic output (E75): loss="logistic_least_squares" lies above its chord in places.

    Source: DR "Convex Functions" (with exercise).
    Errata: E75.
    """
    z_lam = convex_set(z_0, z_1, lam)
    return _loss(loss, z_lam, t), (1 - lam) * _loss(loss, z_0, t) + lam * _loss(loss, z_1, t)


@equation(
    data("z", "K"),
    data("t", "K", "simplex", differentiable=False),
    options=[_LOSS],
    results=[real("H", "K K")],
)
def convex_smooth(z: Vector, t: Vector, loss: str = "softmax_cross_entropy") -> Matrix:
    """The Hessian of a loss: a smooth function is convex iff it is positive semidefinite everywhere.

        squared_error           I
        logistic_cross_entropy  diag(σ (1 − σ))
        softmax_cross_entropy   diag(p) − p pᵀ,  vᵀHv = Σᵢ pᵢ (vᵢ − p·v)² ≥ 0
        logistic_least_squares  diag(σ′² + (σ − t) σ″),  negative where σ < 1/3 and t = 1 (E75)

    Special case: a univariate function is convex iff its second derivative is nonnegative everywhere. The
    second derivatives are those of DR's exercise (X02), which prints none.

    Source: DR "Convex Functions" (with exercise).
    Errata: E75.
    """
    if loss == "softmax_cross_entropy":
        p = softmax(z)
        return _diagonal(p) - outer(p, p)
    if loss == "squared_error":
        return _identity(len(z))
    s = sigmoid(z)
    slope = s * (1 - s)
    if loss == "logistic_cross_entropy":
        return _diagonal(slope)
    return _diagonal(square(slope) + (s - t) * slope * (1 - 2 * s))


@equation(
    data("theta", "N K"),
    data("lam", "N", "simplex"),
    data("t", "K", "simplex", differentiable=False),
    options=[_LOSS],
    results=[real("value"), real("mean")],
)
def jensen(theta: Matrix, lam: Vector, t: Vector, loss: str = "softmax_cross_entropy") -> tuple[Scalar, Scalar]:
    """Jensen's inequality: a convex function of a mean is at most the mean of the function.

        J(λ₁θ₁ + … + λ_Nθ_N) ≤ λ₁J(θ₁) + … + λ_N J(θ_N)  for λᵢ ≥ 0, Σᵢ λᵢ = 1

    `value` is the left side, `mean` the right, for a loss of the network outputs (`convex_function` is N =
    2).

    Source: DR "Local Minima".
    """
    return _loss(loss, lam @ theta, t), dot(lam, (_loss(loss, theta_i, t) for theta_i in theta))


@equation(
    data("x", "D"),
    data("t", "K", "simplex", differentiable=False),
    parameter("W_0", "K D"),
    parameter("b_0", "K"),
    parameter("W_1", "K D"),
    parameter("b_1", "K"),
    parameter("lam", "", "probability"),
    options=[_LOSS],
    results=[real("value"), real("chord")],
)
def linear_model_convex(
    x: Vector,
    t: Vector,
    W_0: Matrix,
    b_0: Vector,
    W_1: Matrix,
    b_1: Vector,
    lam: Scalar,
    loss: str = "softmax_cross_entropy",
) -> tuple[Scalar, Scalar]:
    """A linear model: convex in its outputs, hence in its parameters.

        z = Wx + b,  J((1 − λ)θ₀ + λθ₁) ≤ (1 − λ)J(θ₀) + λJ(θ₁)  for θ = (W, b)

    z is linear in (W, b), so the chord in the parameters is the chord in z. Hence linear, logistic and
    softmax regression are convex; `value` is the left side, `chord` the right. A logistic output with least
    squares is not (E75).

    Source: DR "Convex Functions".
    Errata: E75.
    """
    W, b = W_0 * (1 - lam) + W_1 * lam, convex_set(b_0, b_1, lam)
    return (
        _loss(loss, W @ x + b, t),
        (1 - lam) * _loss(loss, W_0 @ x + b_0, t) + lam * _loss(loss, W_1 @ x + b_1, t),
    )


@equation(
    data("z", "K"),
    data("z_star", "K"),
    data("t", "K", "simplex", differentiable=False),
    options=[_LOSS],
    results=[real("value"), real("tangent")],
)
def no_spurious_minima(
    z: Vector, z_star: Vector, t: Vector, loss: str = "softmax_cross_entropy"
) -> tuple[Scalar, Scalar]:
    """A smooth convex function lies above its tangents, so that a local minimum is global.

        J(z) ≥ J(z*) + ∇J(z*)ᵀ(z − z*),  and ∇J(z*) = 0 at a local minimum z*

    DR states the consequence ("any local minimum is also a global minimum"); the inequality is why. `value`
    is the left side, `tangent` the right. A cost with spurious minima or saddles asks for noise, momentum or
    restarts (WX asks, exercise X06).

    Source: DR "Local Minima"; WX "Optimization".
    """
    return _loss(loss, z, t), _loss(loss, z_star, t) + dot(_loss_slope(loss, z_star, t), z - z_star)


def _loss(loss: str, z: Vector, t: Vector) -> Scalar:
    if loss == "softmax_cross_entropy":
        z = z - detach(largest(z))
        return log(total(exp(z))) - dot(t, z)
    if loss == "logistic_cross_entropy":
        return -dot(t, log_sigmoid(z)) - dot(1 - t, log_sigmoid(-z))
    y = z if loss == "squared_error" else sigmoid(z)
    return total(square(y - t)) / 2


def _loss_slope(loss: str, z: Vector, t: Vector) -> Any:
    if loss == "softmax_cross_entropy":
        return softmax(z) - t
    if loss == "squared_error":
        return z - t
    s = sigmoid(z)
    return s - t if loss == "logistic_cross_entropy" else (s - t) * s * (1 - s)


# --------------------------------------------------------------------------------------- symmetries
@equation(
    data("x", "D"),
    parameter("W", "K D"),
    parameter("b", "K"),
    parameter("V", "O K"),
    parameter("order", "K", "index", of="K"),
    options=[_ACTIVATION, choice("relu_grad_at_zero", 1, 0)],
    results=[real("y", "O")],
)
def permutation_symmetry(
    x: Vector,
    W: Matrix,
    b: Vector,
    V: Matrix,
    order: Sequence[int],
    activation: str = "relu",
    relu_grad_at_zero: int = 1,
) -> Vector:
    """Hidden units in another order compute the same function.

        (W, b, V) → (PW, Pb, VPᵀ),  y = V φ(Wx + b)

    Row k of PW is row `order[k]` of W; if `order` is a permutation, y is that of the network itself. There
    are K! orders of K units in a layer, all with the same cost.

    Source: DR "Local Minima".
    """
    PW, Pb = Matrix(W[k] for k in order), Vector(b[k] for k in order)
    VPt = Matrix(Vector(row[k] for k in order) for row in V)
    y: Vector = VPt @ backprop.activate(PW @ x + Pb, activation, relu_grad_at_zero)
    return y


@equation(
    parameter("W", "K D"),
    parameter("b", "K"),
    parameter("V", "O K"),
    results=[real("W_mean", "K D"), real("b_mean", "K"), real("V_mean", "O K")],
)
def permutation_average(W: Matrix, b: Vector, V: Matrix) -> tuple[Matrix, Vector, Matrix]:
    """The average of the parameters over all K! orders of the hidden units.

        (1/K!) Σ_P (PW, Pb, VPᵀ)

    Every unit stands in every place equally often, so all become identical: each row is the mean row of W,
    each bias the mean of b, each column the mean column of V. DR's argument: "If the cost function were
    convex, this solution would have to be better than the original one, which is ridiculous!" By Jensen it
    would only have to be no worse (E49), and symmetry alone does not exclude that; what does is a network
    whose average is strictly worse, such as the ReLU network for XOR (cost 0, its average 1.6875).

    Source: DR "Local Minima".
    Errata: E49.
    """
    K = len(b)
    row, bias = total(W) / K, total(b) / K
    return (
        Matrix(row for _ in range(K)),
        Vector(bias for _ in range(K)),
        Matrix(Vector(total(v) / K for _ in range(K)) for v in V),
    )


@equation(
    parameter("X", "N D"),
    parameter("T", "N O"),
    parameter("W", "K D"),
    parameter("b", "K"),
    parameter("V", "O K"),
    parameter("c", "O"),
    hyper("alpha", 0.1, 0.5, low=0.0, open_low=True),
    options=[choice("activation", "tanh", "sigmoid", "relu", "identity"), choice("relu_grad_at_zero", 1, 0)],
    results=[real("W_next", "K D"), real("b_next", "K"), real("V_next", "O K"), real("c_next", "O")],
    gradient=False,
)
def identical_units(
    X: Matrix,
    T: Matrix,
    W: Matrix,
    b: Vector,
    V: Matrix,
    c: Vector,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> tuple[Matrix, Vector, Matrix, Vector]:
    """A gradient descent update of a network with one hidden layer: it keeps identical units identical.

        y = V φ(Wx + b) + c,  J = (1/2N) Σ_n ‖y_n − t_n‖²,  θ ← θ − α ∇J

    "Suppose you have two hidden units with identical incoming and outgoing weights. After a gradient descent
    update, they will still have identical weights." Their biases must be identical too, and the update
    deterministic: dropout or noise on the units tells them apart (E51). So all weights zero is a bad start,
    and small random values break the symmetry.

    Source: DR "Saddle points".
    Errata: E51.
    """
    N = len(X)
    W_bar, b_bar, V_bar, c_bar = W * 0, b * 0, V * 0, c * 0
    for x, t in zip(X, T, strict=True):
        z = W @ x + b
        h = backprop.activate(z, activation, relu_grad_at_zero)
        y_bar = (V @ h + c - t) / N
        z_bar, w_bar = backprop.unit_equations(V.T @ y_bar, z, x, activation, relu_grad_at_zero)
        W_bar, b_bar = W_bar + w_bar, b_bar + z_bar
        V_bar, c_bar = V_bar + outer(y_bar, h), c_bar + y_bar
    return W - W_bar * alpha, b - b_bar * alpha, V - V_bar * alpha, c - c_bar * alpha


# ------------------------------------------------------------------------------- plateaux and ravines
@equation(
    data("z", "n", draw=("large", "ties")),
    data("t", "n", "bit"),
    options=[
        choice("kind", "logistic_least_squares", "saturated", "zero_one", "hard_threshold"),
        choice("tie", "gt", "ge"),
    ],
    results=[real("J", "n"), real("slope", "n")],
)
def plateau(z: Vector, t: Vector, kind: str = "logistic_least_squares", tie: str = "gt") -> tuple[Vector, Vector]:
    """Flat regions of a cost, for one unit with input z and target t.

        zero_one                J = [φ(z) ≠ t],      dJ/dz = 0,  φ the hard threshold
        hard_threshold          J = ½ (φ(z) − t)²,   dJ/dz = 0
        logistic_least_squares  J = ½ (σ(z) − t)²,   dJ/dz = (σ − t) σ (1 − σ) → 0 even where σ is wrong
        saturated               J = ½ (tanh z − t)², dJ/dz = (tanh z − t)(1 − tanh² z), the slope ≤ 4e^{−2|z|}

    "Can you think of examples?" (X18): DR lists the first three, and then saturated units.

    Source: DR "Plateaux".
    Errata: E08.
    """
    if kind == "zero_one":
        return absolute(step(z, tie) - t), z * 0
    if kind == "hard_threshold":
        return square(step(z, tie) - t) / 2, z * 0
    y = tanh(z) if kind == "saturated" else sigmoid(z)
    slope = 1 - y * y if kind == "saturated" else y * (1 - y)
    return square(y - t) / 2, (y - t) * slope


@equation(
    data("x", "N D", draw=("ties",)),
    data("h_bar", "N H"),
    parameter("W", "H D"),
    parameter("b", "H"),
    options=[choice("relu_grad_at_zero", 1, 0)],
    results=[real("W_bar", "H D"), bit("dead", "H")],
)
def dead_unit(x: Matrix, h_bar: Matrix, W: Matrix, b: Vector, relu_grad_at_zero: int = 1) -> tuple[Matrix, Vector]:
    """ReLU units over a set of N inputs: a dead one has a weight gradient of exactly 0.

        z = Wx + b,  w̄_ij = Σ_n h̄_i φ′(z_i) x_j,  dead if φ′(z_i) = 0 on all inputs

    "If there is a ReLU unit whose input z_i is always negative, the weight derivatives will be exactly 0."
    With ReLU′(0) = 1, as L14 has it, a unit with z_i = 0 on some input is not dead; with 0 it is (E09):
    `relu_grad_at_zero`.

    Source: DR "Plateaux"; WX "How does initialization affect learning?".
    Errata: E09.
    """
    tie = "ge" if relu_grad_at_zero else "gt"
    slopes = [step(W @ x_n + b, tie) for x_n in x]
    W_bar = total(outer(h_bar_n * slope, x_n) for h_bar_n, slope, x_n in zip(h_bar, slopes, x, strict=True))
    alive = slopes[0]
    for slope in slopes[1:]:
        alive = maximum(alive, slope)
    return W_bar, 1 - alive


@equation(
    data("theta", "D"),
    parameter("H", "D D"),
    hyper("alpha", 0.1, 1.0, 3.0, low=0.0, open_low=True),
    results=[real("theta_next", "D"), real("J")],
)
def ill_conditioning(theta: Vector, H: Matrix, alpha: Any) -> tuple[Vector, Scalar]:
    """Gradient descent on a quadratic cost.

        J = ½ θᵀHθ,  θ ← (I − αH) θ

    Along an eigenvector with eigenvalue λ > 0 every step multiplies by 1 − αλ: it converges iff 0 < α < 2/λ
    (without a change of sign up to 1/λ, oscillating beyond it), so α < 2/λ_max, and then it is slow along the
    small λ: long, narrow ravines. The thresholds are derived; DR has the words ("bounces back and forth in
    high curvature directions and makes slow progress in low curvature directions"). Where λ < 0 it escapes. H
    is symmetric. J is the cost before the step.

    Source: DR "Ill-conditioned curvature", "Learning Rate".
    """
    g = H @ theta
    return theta - g * alpha, dot(theta, g) / 2


# --------------------------------------------------------------------------------------------- shared
def _identity(D: int) -> Matrix:
    return Matrix(Vector(1 if i == j else 0 for j in range(D)) for i in range(D))


def _diagonal(v: Vector) -> Matrix:
    return Matrix(Vector(x if i == j else 0 for j in range(len(v))) for i, x in enumerate(v))
