"""Worked numbers about exploding and vanishing gradients."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from nnspec_conformance.golden import golden, refuses
from nnspec_reference import dynamics
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Matrix, Vector


@golden("W20", "E03")
def exploding() -> None:
    """DR prints 117.4 for w = 1.1 and T = 50: that is w^50, the formula says w^49."""
    jacobian = dynamics.linear_jacobian(1.1, 50)
    assert f"{jacobian:.10f}" == "106.7189571634"
    assert f"{jacobian:.1f}" != "117.4" == f"{1.1**50:.1f}"
    assert f"{1.1**50:.10f}" == "117.3908528797"


@golden("W21", "E03")
def vanishing() -> None:
    """DR prints 0.00515 for w = 0.9 and T = 50: w^50 again."""
    jacobian = dynamics.linear_jacobian(0.9, 50)
    assert f"{jacobian:.10f}" == "0.0057264169"
    assert f"{jacobian:.5f}" != "0.00515" == f"{0.9**50:.5f}"
    assert f"{0.9**50:.10f}" == "0.0051537752"


@golden("W25")
def iterates_of_the_quadratic_map() -> None:
    """DR plots f, f∘f, f∘f∘f and the sixth iterate; here are their numbers from 0.2."""
    iterates = [dynamics.iterated_map(0.2, k)[0] for k in range(1, 7)]
    assert [f"{y:.10g}" for y in iterates] == [
        "0.56",
        "0.8624",
        "0.41533184",
        "0.8499095594",
        "0.4464715509",
        "0.8649714680".rstrip("0"),
    ]
    assert f"{dynamics.iterated_map(0.2, 6)[1]:.10f}" == "-1.2170530925"
    assert math.isclose(dynamics.iterated_map(0.2, 6)[1], grad(lambda x: dynamics.iterated_map(x, 6)[0], (0.2,))[0])


@golden("W25")
def degree_of_the_sixth_iterate() -> None:
    """f∘…∘f, 6 times, is a polynomial of degree 64: its 64th difference is a constant that is not 0."""
    values = [dynamics.iterated_map(Fraction(n), 6)[0] for n in range(67)]
    for _ in range(64):
        values = [b - a for a, b in pairwise(values)]
    assert values[0] == values[1] == values[2] != 0


@golden("W25")
def cycle_of_the_quadratic_map() -> None:
    """The map settles on a cycle of four points with multiplier −0.0305; 5/7 is a fixed point, and repels."""
    x = dynamics.iterated_map(0.2, 400)[0]
    cycle = sorted(dynamics.iterated_map(x, k)[0] for k in range(4))
    assert [f"{p:.10f}" for p in cycle] == ["0.3828196830", "0.5008842103", "0.8269407066", "0.8749972636"]
    assert f"{dynamics.iterated_map(x, 4)[1]:.4f}" == "-0.0305"
    assert dynamics.iterated_map(Fraction(5, 7), 1) == (Fraction(5, 7), Fraction(-3, 2))


@golden("E33")
def eigenvalues_speak_of_the_limit() -> None:
    """|λ_1| = 1/2, and yet ‖U‖ = 10.02 (not the ledger's 10.03) and ‖U^5‖ = 3.1: they vanish in the end."""
    U = Matrix([Vector([0.5, 10.0]), Vector([0.0, 0.5])])
    radius, gradient = dynamics.eigenvalue_criterion(U)
    assert math.isclose(radius, 0.5)
    assert gradient == "vanishes"
    norms = {}
    for k in (1, 5, 20):
        power = dynamics.jacobian_product(Matrix([Vector([0.0, 0.0])] * k), U, "identity")
        norms[k] = math.sqrt(dynamics.eigenvalue_criterion(power.T @ power).radius)  # the spectral norm
    assert f"{norms[1]:.2f} {norms[5]:.1f}" == "10.02 3.1"
    assert norms[20] < 1e-3
    # and a tanh unit tames |λ_1| = 2 wherever it is not near 0
    assert dynamics.eigenvalue_criterion(Matrix([Vector([2.0])])).gradient == "explodes"
    assert dynamics.scalar_jacobian(Vector([1.0] * 50), 1.0, 2.0)[1] < 1e-3


@golden("E33")
def spectral_radius_of_known_matrices() -> None:
    """Complex, equal, negative and no eigenvalues: rotation, identity, reflection, nilpotent."""
    criterion = dynamics.eigenvalue_criterion

    def of(*rows: list[float]) -> dynamics.Criterion:
        return criterion(Matrix(Vector(row) for row in rows))

    assert of([0.0, -1.0], [1.0, 0.0]) == (1.0, "undefined")
    assert of([1.0, 0.0], [0.0, -1.0]) == (1.0, "undefined")
    assert of([0.0, 5.0], [0.0, 0.0]) == (0.0, "vanishes")
    assert of([0.0, 4.0], [1.0, 0.0]) == (2.0, "explodes")
    # |λ_1| = 1 is left open, though rounding makes these radii 1 − 2⁻⁵³ and 1 + 2⁻⁵²
    for corner in (1.0, 10.0):
        assert of([1.0, corner], [0.0, 1.0]).gradient == "undefined"
    for near_one, gradient in ((1 - 1e-12, "vanishes"), (1 + 1e-12, "explodes")):
        assert of([near_one, 10.0], [0.0, near_one]).gradient == gradient
    complex_pair = of([0.6, -0.9], [0.9, 0.6])
    assert math.isclose(complex_pair.radius, math.hypot(0.6, 0.9))
    assert complex_pair.gradient == "explodes"
    companion = of([6.0, -11.0, 6.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])  # (λ−1)(λ−2)(λ−3)
    assert math.isclose(companion.radius, 3.0)
    assert refuses(of, [1.0, 2.0])
    assert refuses(of, [math.nan])


@golden("E33")
def basins_and_their_boundary() -> None:
    """With w = 2: gradients vanish inside both basins, and grow as 2^k on the boundary between them."""
    attractor = dynamics.attractors(1.0, 60, 2.0, 0.0)[0]
    for start, end in ((0.3, attractor), (-0.3, -attractor)):
        h, dh, _ = dynamics.attractors(start, 60, 2.0, 0.0)
        assert math.isclose(h, end)
        assert abs(dh) < 1e-9
    assert dynamics.attractors(0.0, 10, 2.0, 0.0)[:2] == (0.0, 2.0**10)
    cliff = dynamics.attractors(0.0, 10, 2.0, 0.0)[2]  # ∂h_k/∂b = 1 + 2 + … + 2^{k−1}
    assert cliff == 2.0**10 - 1
    assert dynamics.attractors(0.0, 10, 2.0, 0.5)[2] < 0.25
