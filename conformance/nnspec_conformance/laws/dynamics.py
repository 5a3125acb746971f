"""Properties of iterated maps and their Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same
from nnspec_reference.dynamics import eigenvalue_criterion
from nnspec_reference.scalars import Matrix, Vector


@law("P55", on=["dynamics.jacobian_product", "recurrent.elman"])
def the_product_is_the_jacobian(nn: Any, draw: Draw) -> None:
    n, H = draw.size(0, 4), 3
    x, h_1, U = draw.integers(1, n, H), draw.integers(1, H), draw.integers(H, H, low=-2, high=2)
    for activation in (
        "relu",
        "identity",
    ):  # exact; the slopes 0 and 1 of ReLU make the order of the factors show
        network = {"x": x, "h0": h_1, "W": np.eye(H), "U": U, "V": np.ones((1, H)), "activation": activation}
        h = nn("recurrent.elman", **network).h.value
        z = x + np.concatenate([h_1[:, None], h], axis=1)[:, :n] @ U.T
        J = nn("dynamics.jacobian_product", z=z, U=U, activation=activation).jacobian
        for i in range(H):
            row = nn.gradient("recurrent.elman", {"h_T": np.eye(H)[i : i + 1]}, **network).h0
            exactly(J[:, i], row, "row i of the product is ∂h_T,i/∂h_1")


@law("P55", on=["dynamics.jacobian_product", "dynamics.scalar_jacobian"])
def one_unit_is_the_scalar_case(nn: Any, draw: Draw) -> None:
    z, w, activation = draw.reals(2, 4), draw.reals(), draw.choice(["tanh", "sigmoid", "relu", "identity"])
    matrix = nn("dynamics.jacobian_product", z=z[:, :, None], U=w.reshape(1, 1), activation=activation)
    scalar = nn("dynamics.scalar_jacobian", z=z, h_T_bar=np.ones(2), w=w, activation=activation)
    same(matrix.jacobian[:, 0, 0], scalar.jacobian, "a 1 × 1 product")
    same(scalar.h_1_bar, scalar.jacobian, "h̄^(1) = J h̄^(T)")


@law("P56", on=["dynamics.linear_jacobian"])
def linear_jacobians_are_powers(nn: Any, draw: Draw) -> None:
    powers = np.array([0.5, 2.0, -0.5, -2.0, 1.0, 0.25])
    T = draw.size(1, 40)
    same(nn("dynamics.linear_jacobian", w=powers, T=T).jacobian, powers ** (T - 1), "w^{T−1}")
    slopes = nn.gradient("dynamics.linear_jacobian", {"jacobian": np.ones(6)}, w=powers, T=T).w
    same(slopes, (T - 1) * powers ** (T - 2.0), "(T − 1) w^{T−2}")
    w = draw.reals(5, scale=2.0)
    J, after = (nn("dynamics.linear_jacobian", w=w, T=t).jacobian for t in (T, T + 1))
    same(after, J * w, "one more step, one more factor: |J| falls if |w| < 1, rises if |w| > 1")


@law("P56", on=["dynamics.linear_jacobian"])
def log_slope_is_log_w(nn: Any, draw: Draw) -> None:
    w = draw.choice([0.9, 1.1, -0.7, 1.5]) + 0.05 * draw.reals(3)
    at = {T: nn("dynamics.linear_jacobian", w=w, T=T).jacobian for T in (11, 61)}
    logs = {T: np.log(np.abs(J.value)) for T, J in at.items()}
    spread = sum(J.radius / np.abs(J.value) + 4 * 2.0**-53 * (1 + np.abs(logs[T])) for T, J in at.items())
    same(Measured(logs[61] - logs[11], spread + 2.0**-48), 50 * np.log(np.abs(w)), "log |J| has slope log |w|")


@law("P57", on=["dynamics.jacobian_product"])
def powers_may_grow_before_they_vanish(nn: Any, draw: Draw) -> None:
    """[[1/2, c], [0, 1/2]] has |λ_1| = 1/2; all its powers are exact."""
    c = float(draw.choice([10.0, 3.0, -7.0]))
    U = np.array([[0.5, c], [0.0, 0.5]])
    assert eigenvalue_criterion(Matrix(map(Vector, U.tolist()))).gradient == "vanishes"
    sizes = {}
    for k in (1, 2, 5, 20, 40):
        J = nn("dynamics.jacobian_product", z=np.zeros((1, k, 2)), U=U, activation="identity").jacobian
        exactly(J[0], 0.5**k * np.array([[1.0, 2.0 * k * c], [0.0, 1.0]]), f"U^{k}")
        sizes[k] = np.abs(J.value).max()
    assert sizes[2] == sizes[1] > 0.5, "no decay at first"
    assert sizes[40] < 1e-9, "then it vanishes"


@law("P57", on=["dynamics.jacobian_product"])
def the_leading_eigenvalue_decides(nn: Any, draw: Draw) -> None:
    """A rotation, scaled: ‖U^k‖ = |λ_1|^k. Powers of two on a permutation are exact."""
    scale = draw.choice([0.5, 2.0, 1.0])
    U = scale * np.eye(3)[draw.rng.permutation(3)]
    radius, gradient = eigenvalue_criterion(Matrix(map(Vector, U.tolist())))
    assert (radius, gradient) == (scale, {0.5: "vanishes", 2.0: "explodes", 1.0: "undefined"}[scale])
    k = 50
    J = nn("dynamics.jacobian_product", z=np.zeros((1, k, 3)), U=U, activation="identity").jacobian
    exactly(J[0], np.linalg.matrix_power(U, k), "U^k")
    assert np.abs(J.value).max() == scale**k


@law("P58", on=["dynamics.scalar_jacobian"])
def squashing_tames_a_large_weight(nn: Any, draw: Draw) -> None:
    n = draw.size(1, 30)
    w, z = np.array(draw.choice([1.5, -3.0, 3.75])), draw.reals(4, n, scale=4.0)
    J = nn("dynamics.scalar_jacobian", z=z, h_T_bar=np.ones(4), w=w, activation="sigmoid").jacobian
    at_most(_size(J), (abs(float(w)) / 4) ** n, "|w| > 1, but σ' ≤ 1/4: |J| ≤ (|w|/4)^n")
    far = np.sign(z) * (2.0 + np.abs(z))
    J = nn("dynamics.scalar_jacobian", z=far, h_T_bar=np.ones(4), w=w, activation="tanh").jacobian
    at_most(_size(J), (abs(float(w)) / np.cosh(2.0) ** 2 * (1 + 1e-12)) ** n, "tanh' ≤ 1/cosh² 2 for |z| ≥ 2")


def _size(J: Measured) -> Measured:
    return Measured(np.abs(J.value), J.radius)


@law("P59", on=["dynamics.iterated_map"])
def iterates_compose(nn: Any, draw: Draw) -> None:
    """Up to three iterations of a multiple of 1/8 are exact in float64."""
    a, b = draw.choice([(0, 3), (1, 1), (1, 2), (2, 1), (3, 0), (0, 0)])
    x = np.arange(9) / 8.0
    inner = nn("dynamics.iterated_map", x=x, k=b)
    outer = nn("dynamics.iterated_map", x=inner.y.value, k=a)
    whole = nn("dynamics.iterated_map", x=x, k=a + b)
    exactly(outer.y, whole.y, "f^(a+b) = f^a ∘ f^b")
    exactly(outer.derivative.value * inner.derivative.value, whole.derivative, "the chain rule")


@law("P59", on=["dynamics.iterated_map"])
def the_unit_interval_stays(nn: Any, draw: Draw) -> None:
    x = draw.rng.random(20)
    for k in (1, 2, 6):
        y = nn("dynamics.iterated_map", x=x, k=k).y
        at_most(y, 0.875, "f ≤ 7/8")
        at_most(0.0, y, "f ≥ 0")
    gradient = nn.gradient("dynamics.iterated_map", {"y": np.ones(20)}, x=x, k=6).x
    same(gradient, nn("dynamics.iterated_map", x=x, k=6).derivative, "the derivative is the gradient")


@law("P55", on=["dynamics.attractors"])
def basins_and_boundary(nn: Any, draw: Draw) -> None:
    """With b = 0 the boundary is 0: there dh = w^k. Away from it, dh falls below every bound."""
    k, w = draw.size(1, 12), np.array(draw.choice([1.5, 2.0, 4.0]))
    on = nn("dynamics.attractors", h=np.zeros(1), k=k, w=w, b=np.array(0.0))
    exactly(on.h_k, np.zeros(1), "the boundary stays")
    same(on.dh, w**k * np.ones(1), "and multiplies every move by w")
    inside = nn("dynamics.attractors", h=np.array([0.75, -0.75]), k=40, w=np.array(2.0), b=np.array(0.0))
    at_most(_size(inside.dh), 1e-9, "inside a basin the gradient vanishes")
    same(inside.h_k[:1], -inside.h_k[1:], "one attractor on either side")


@law("P55", on=["dynamics.attractors"])
def one_more_step_one_more_factor(nn: Any, draw: Draw) -> None:
    k, w, b = draw.size(1, 8), draw.reals(scale=1.5), draw.reals()
    h = draw.reals(4, scale=2.0)
    before, after = (nn("dynamics.attractors", h=h, k=n, w=w, b=b) for n in (k - 1, k))
    slope = 1.0 - after.h_k * after.h_k
    same(after.dh, before.dh * w * slope, "∂h_k/∂h_0")
    same(after.db, (before.db * w + 1.0) * slope, "∂h_k/∂b")
