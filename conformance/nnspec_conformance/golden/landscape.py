"""The landscape: counted symmetries, the averaged XOR network, and what the claims omit."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import factorial
from typing import Any

from nnspec_conformance.golden import golden
from nnspec_reference import landscape
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Matrix, Vector, dot, outer, relu, sigmoid, square, total

_XOR = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]
_W, _b, _V = Matrix([Vector([1, 1]), Vector([1, 1])]), Vector([0, -1]), Matrix([Vector([1, -2])])


def _outputs(W: Any, b: Any, V: Any) -> list[Any]:
    return [(V @ relu(W @ Vector(x) + b))[0] for x, _ in _XOR]


def _cost(W: Any, b: Any, V: Any) -> Any:
    """The mean squared error on XOR."""
    return sum((y - t) ** 2 for y, (_, t) in zip(_outputs(W, b, V), _XOR, strict=True)) / 4


@golden("W52")
def permutations_of_the_hidden_units() -> None:
    """K units have K! orders: K! different points with the same function, for K = 1 … 4."""
    for K in range(1, 5):
        W = Matrix(Vector([k, 1]) for k in range(K))
        b, V = Vector(range(K)), Matrix([Vector(k + 1 for k in range(K))])
        x = Vector([2, -3])
        orders = list(permutations(range(K)))
        points = {(Matrix(W[k] for k in o), tuple(V[0][k] for k in o)) for o in orders}
        assert len(points) == factorial(K)
        assert {landscape.permutation_symmetry(x, W, b, V, o) for o in orders} == {V @ relu(W @ x + b)}


@golden("W52b", "E49")
def averaged_xor_network() -> None:
    """The ReLU network for XOR is right; the average of its 2! orders is −ReLU(x₁ + x₂ − ½), with MSE 1.6875.

    Convexity would make the average no worse (DR: better). That symmetry alone excludes nothing is shown by a
    convex cost of the same symmetry, for which the average is indeed no worse.
    """
    assert _outputs(_W, _b, _V) == [0, 1, 1, 0] and _cost(_W, _b, _V) == 0
    mean = landscape.permutation_average(_W, _b, _V)
    assert mean == (((1, 1), (1, 1)), (-0.5, -0.5), ((-0.5, -0.5),))
    assert _outputs(*mean) == [0, -0.5, -0.5, -1.5]
    assert _cost(*mean) == 1.6875 > 0
    # the closed form is the average over all orders
    W3 = Matrix(Vector([Fraction(k * k), Fraction(k)]) for k in range(3))
    b3 = Vector([Fraction(1), Fraction(5), Fraction(-3)])
    V3 = Matrix([Vector([Fraction(7), Fraction(0), Fraction(2)])])
    orders = list(permutations(range(3)))
    all_W = total(Matrix(W3[k] for k in o) for o in orders) / 6
    all_b = total(Vector(b3[k] for k in o) for o in orders) / 6
    all_V = total(Vector(V3[0][k] for k in o) for o in orders) / 6
    assert landscape.permutation_average(W3, b3, V3) == (all_W, all_b, (all_V,))

    def symmetric_and_convex(theta: Any) -> Any:
        return total(square(theta)) + total(theta)

    theta = Vector([3.0, -1.0])
    average = (theta + Vector(reversed(theta))) / 2
    assert symmetric_and_convex(Vector(reversed(theta))) == symmetric_and_convex(theta)
    assert symmetric_and_convex(average) <= symmetric_and_convex(theta)


@golden("E50")
def singular_hessians_decide_nothing() -> None:
    """H = 0 for the minimum of x⁴ + y⁴ and for the saddle of x³ − 3xy²; DR's definition sees neither."""
    origin = Vector([0.0, 0.0])

    def bowl(p: Any) -> Any:
        return square(square(p[0])) + square(square(p[1]))

    def monkey_saddle(p: Any) -> Any:
        x, y = p
        return x * x * x - 3 * x * y * y

    for J in (bowl, monkey_saddle):
        assert landscape.hessian(J, origin) == ((0, 0), (0, 0))
        assert landscape.critical_point_class(J, origin) == "undecided"
    steps = [Vector([x, y]) for x in (-0.1, 0.0, 0.1) for y in (-0.1, 0.0, 0.1) if (x, y) != (0.0, 0.0)]
    assert all(bowl(p) > 0 for p in steps)
    assert min(map(monkey_saddle, steps)) < 0 < max(map(monkey_saddle, steps))
    # a positive definite Hessian: the minimum is strict
    assert landscape.critical_point_class(lambda p: square(p[0]) + 2 * square(p[1]), origin) == "local minimum"
    assert landscape.critical_point_class(lambda p: -square(p[0]) - square(p[1]), origin) == "local maximum"
    assert landscape.critical_point_class(lambda p: p[0] + square(p[1]), origin) == "not critical"


@golden("X17")
def saddles_hold_who_stands_on_them() -> None:
    """x² − y²: exactly on the saddle gradient descent is stuck, slightly to the side it gets unstuck."""

    def J(p: Any) -> Any:
        return square(p[0]) - square(p[1])

    assert landscape.critical_point_class(J, Vector([0.0, 0.0])) == "saddle"
    H = landscape.hessian(J, Vector([0.0, 0.0]))
    assert [tuple(row) for row in H] == [(2, 0), (0, -2)]
    on, off = Vector([0.0, 0.0]), Vector([0.0, 2.0**-20])
    for _ in range(40):
        on, _ = landscape.ill_conditioning(on, H, 0.25)
        off, _ = landscape.ill_conditioning(off, H, 0.25)
    assert on == (0, 0)
    assert off[1] == 1.5**40 * 2.0**-20 > 10


@golden("E51")
def identical_units_have_identical_biases() -> None:
    """Units with equal weights and biases stay equal; with other biases, or dropout of one, they part."""
    X, T = Matrix([Vector([1.0, 2.0]), Vector([-1.0, 0.5])]), Matrix([Vector([1.0]), Vector([0.0])])
    W, V, c = Matrix([Vector([0.5, -0.25])] * 2), Matrix([Vector([0.75, 0.75])]), Vector([0.0])

    def after_ten(b: Any, dropped: bool = False) -> Any:
        point = (W, b, V, c)
        for step in range(10):
            if dropped and step == 0:  # unit 0 takes no part in one update
                kept = landscape.identical_units(X, T, *point, 0.5)
                one = landscape.identical_units(
                    X, T, Matrix([W[1]]), Vector([b[1]]), Matrix([Vector([V[0][1]])]), c, 0.5
                )
                point = (Matrix([W[0], one[0][0]]), Vector([b[0], one[1][0]]), kept[2], one[3])
            else:
                point = landscape.identical_units(X, T, *point, 0.5)
        return point

    same_W, same_b, same_V, _ = after_ten(Vector([0.1, 0.1]))
    assert same_W[0] == same_W[1] and same_b[0] == same_b[1] and same_V[0][0] == same_V[0][1]
    assert same_W != W
    for parted in (after_ten(Vector([0.1, 0.2])), after_ten(Vector([0.1, 0.1]), dropped=True)):
        assert abs(parted[0][0][0] - parted[0][1][0]) > 1e-3


@golden("E64")
def mixed_derivatives_that_differ() -> None:
    """J = xy (x² − y²)/(x² + y²): ∂J/∂x (0, y) = −y, ∂J/∂y (x, 0) = x, so J_xy and J_yx at 0 are −1 and 1."""

    def J(p: Any) -> Any:
        x, y = p
        return x * y * (x * x - y * y) / (x * x + y * y)

    for h in (Fraction(1), Fraction(1, 1000), Fraction(-1, 10**9)):
        J_x = grad(J, (Vector([Fraction(0), h]),))[0][0]
        J_y = grad(J, (Vector([h, Fraction(0)]),))[0][1]
        assert (J_x / h, J_y / h) == (-1, 1)  # the difference quotients of ∂J/∂x and ∂J/∂y at 0
    # where the second derivatives are continuous the matrix is symmetric
    H = landscape.hessian(J, Vector([Fraction(1), Fraction(2)]))
    assert H == H.T


@golden("E75", "X02")
def second_derivatives_of_the_losses() -> None:
    """1, σ (1 − σ), diag(p) − p pᵀ ⪰ 0; least squares behind a logistic: negative where σ < 1/3 and t = 1."""
    t = Vector([1.0])
    for z in (-5.0, -1.0, 0.0, 2.0):
        for loss in ("squared_error", "logistic_cross_entropy"):
            assert landscape.convex_smooth(Vector([z]), t, loss)[0][0] > 0
        curvature = landscape.convex_smooth(Vector([z]), t, "logistic_least_squares")[0][0]
        assert (curvature < 0) == (sigmoid(z) < 1 / 3)
    # a chord below the curve, from a wrong prediction to a right one
    value, chord = landscape.convex_function(Vector([-8.0]), Vector([0.0]), 0.5, t, "logistic_least_squares")
    assert value > chord
    # softmax: vᵀHv is the variance of v under p
    H = landscape.convex_smooth(Vector([0.0, 1.0, -1.0]), Vector([1.0, 0.0, 0.0]))
    assert landscape.definiteness(H, 1e-12) == "positive semidefinite"  # (1, 1, 1) is flat
    # and the closed forms are the tape's second derivatives
    scores, target = Vector([0.5, -1.25, 2.0]), Vector([0.25, 0.5, 0.25])
    for loss in landscape._LOSS.values:

        def J(z: Any, loss: str = loss) -> Any:
            return landscape._loss(loss, z, target)

        tape, closed = landscape.hessian(J, scores), landscape.convex_smooth(scores, target, loss)
        assert all(abs(a - b) < 1e-14 for u, v in zip(tape, closed, strict=True) for a, b in zip(u, v, strict=True))


@golden("X01")
def definiteness_by_eigenvalues() -> None:
    """With A = QΛQᵀ, vᵀAv = Σ_k λ_k (q_k·v)²: the signs of the eigenvalues are those of the form."""
    A = Matrix([Vector([2.0, 1.0, 0.0]), Vector([1.0, 3.0, -1.0]), Vector([0.0, -1.0, 1.0])])
    eigenvalues, Q = landscape.eigen(A)
    for v in (Vector([1.0, 0.0, 0.0]), Vector([1.0, -2.0, 3.0]), Vector([-0.5, 0.25, 4.0])):
        form = sum(x * square(dot(q, v)) for x, q in zip(eigenvalues, Q.T, strict=True))
        assert abs(form - dot(v, A @ v)) < 1e-12 * dot(v, v)
    assert landscape.definiteness(A) == "positive definite"
    assert landscape.definiteness(-A) == "negative definite"
    one = Vector([1.0, 2.0])
    assert landscape.definiteness(outer(one, one), 1e-12) == "positive semidefinite"
    assert landscape.definiteness(-outer(one, one), 1e-12) == "negative semidefinite"
    assert landscape.definiteness(Matrix([Vector([1.0, 2.0]), Vector([2.0, 1.0])])) == "indefinite"
    assert landscape.definiteness(Matrix([Vector([0.0, 0.0]), Vector([0.0, 0.0])])) == "zero"


@golden("X06")
def a_local_minimum_that_is_not_global() -> None:
    """J = x⁴ − 2x² + x/2: descent stays in the basin it starts in; restarts find the better one."""

    def J(p: Any) -> Any:
        return square(square(p[0])) - 2 * square(p[0]) + p[0] / 2

    ends = []
    for start in (2.0, -2.0):
        p = Vector([start])
        for _ in range(500):
            p = p - grad(J, (p,))[0] * 0.02
        assert landscape.critical_point_class(J, p, 1e-9) == "local minimum"
        ends.append(p)
    assert J(ends[0]) > J(ends[1]) + 0.5
    middle = Vector([0.13])
    for _ in range(50):  # Newton finds the critical point between them, which is no minimum
        middle = middle - grad(J, (middle,))[0] / landscape.hessian(J, middle)[0][0]
    assert landscape.critical_point_class(J, middle, 1e-9) == "local maximum"


@golden("X18")
def plateaux() -> None:
    """While wrong, 0–1 loss and thresholds have slope 0; logistic least squares nearly; cross-entropy not."""
    wrong = Vector([-30.0])
    one = Vector([1.0])
    assert landscape.plateau(wrong, one, "zero_one") == ((1.0,), (0.0,))
    assert landscape.plateau(wrong, one, "hard_threshold") == ((0.5,), (0.0,))
    (J,), (slope,) = landscape.plateau(wrong, one)
    assert J > 0.49 and -1e-12 < slope < 0
    (J,), (slope,) = landscape.plateau(wrong, one, "saturated")
    assert J == 2.0 and abs(slope) < 1e-15
    assert landscape._loss_slope("logistic_cross_entropy", wrong, one)[0] < -0.99
