"""Properties of the optimisation landscape."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same
from nnspec_reference import autodiff, landscape
from nnspec_reference.scalars import Vector, dot, exp, square, tanh

Array = np.ndarray[Any, Any]

_CONVEX = ("softmax_cross_entropy", "logistic_cross_entropy", "squared_error")
_XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_TARGET = np.array([[0.0], [1.0], [1.0], [0.0]])
_XOR_NETWORK = {"W": np.ones((2, 2)), "b": np.array([0.0, -1.0]), "V": np.array([[1.0, -2.0]])}


def _form(H: Measured, v: Array) -> Measured:
    """vᵀHv."""
    products: Measured = H * np.outer(v, v)
    return products.map(np.ravel).sum()


# ------------------------------------------------------------------------------------------- convexity
@law("P40", on=["landscape.convex_smooth"])
def losses_are_convex_in_the_outputs(nn: Any, draw: Draw) -> None:
    """X02 by second derivatives: vᵀHv ≥ 0; H is symmetric; for the softmax (1, …, 1) is flat."""
    K = draw.size(1, 4)
    z, t = draw.reals(1, K, scale=draw.choice([1.0, 6.0])), draw.simplex(1, K)
    for loss in _CONVEX:
        H = nn("landscape.convex_smooth", z=z, t=t, loss=loss).H[0]
        same(H, H.map(np.transpose), f"{loss} is symmetric")
        for v in (*np.eye(K), draw.integers(K), draw.reals(K)):
            at_most(0.0, _form(H, v), f"{loss} curves upwards")
    flat = nn("landscape.convex_smooth", z=z, t=t, loss="softmax_cross_entropy").H[0]
    same(flat.sum(0), np.zeros(K), "a shift of all scores changes nothing")


@law("P40", on=["landscape.convex_smooth", "landscape.convex_function"])
def logistic_least_squares_is_not_convex(nn: Any, draw: Draw) -> None:
    """E75: with t = 1 it bends down exactly where σ < 1/3, z < −log 2; there it is above its chords."""
    one = np.ones((1, 1))
    for z in (*draw.reals(3, scale=4.0), -8.0, 8.0):
        if abs(z + np.log(2.0)) > 1e-3:
            call = {"z": np.array([[z]]), "t": one, "loss": "logistic_least_squares"}
            H = nn("landscape.convex_smooth", **call).H
            assert (H.value[0, 0, 0] < 0) == (z < -np.log(2.0)), f"curvature at z = {z}"
    low, high = -2.0 - draw.positive(1, 1, scale=3.0), -1.0 - draw.positive(1, 1)
    found = nn(
        "landscape.convex_function",
        z_0=low,
        z_1=high,
        lam=np.array([0.5]),
        t=one,
        loss="logistic_least_squares",
    )
    assert found.value.value[0] > found.chord.value[0] + found.value.radius[0] + found.chord.radius[0]


@law("P40", "P83", on=["landscape.convex_function", "landscape.convex_set"])
def chords_lie_above(nn: Any, draw: Draw) -> None:
    """f((1 − λ)x₀ + λx₁) ≤ (1 − λ)f(x₀) + λf(x₁), with equality at the ends; the point is convex_set's."""
    B, K = draw.size(), draw.size()
    z_0, z_1, t = draw.reals(B, K, scale=4.0), draw.reals(B, K, scale=4.0), draw.simplex(B, K)
    lam = draw.rng.integers(0, 9, B) / 8.0
    for loss in _CONVEX:
        found = nn("landscape.convex_function", z_0=z_0, z_1=z_1, lam=lam, t=t, loss=loss)
        at_most(found.value, found.chord, loss)
        for end, weight in ((z_0, 0.0), (z_1, 1.0)):
            weights = np.full(B, weight)
            at_end = nn("landscape.convex_function", z_0=z_0, z_1=z_1, lam=weights, t=t, loss=loss)
            alone = nn("landscape.convex_function", z_0=end, z_1=end, lam=weights, t=t, loss=loss)
            same(at_end.value, at_end.chord, "the ends are on the curve")
            same(at_end.value, alone.value, "and are the points themselves")
    exactly(nn("landscape.convex_set", x_0=z_0, x_1=z_1, lam=np.zeros(B)).x_lam, z_0, "it starts at x₀")
    exactly(nn("landscape.convex_set", x_0=z_0, x_1=z_1, lam=np.ones(B)).x_lam, z_1, "and ends at x₁")
    backwards = nn("landscape.convex_set", x_0=z_1, x_1=z_0, lam=1.0 - lam).x_lam
    same(nn("landscape.convex_set", x_0=z_0, x_1=z_1, lam=lam).x_lam, backwards, "a segment has no direction")


@law("P83", on=["landscape.jensen", "landscape.convex_function"])
def jensens_inequality(nn: Any, draw: Draw) -> None:
    """For N points; for two it is the chord; for one, or for equal points, an equality."""
    B, N, K = draw.size(1, 3), draw.size(), draw.size()
    theta, lam, t = draw.reals(B, N, K, scale=4.0), draw.simplex(B, N), draw.simplex(B, K)
    two = draw.simplex(B, 2)
    for loss in _CONVEX:
        found = nn("landscape.jensen", theta=theta, lam=lam, t=t, loss=loss)
        at_most(found.value, found.mean, loss)
        equal = nn("landscape.jensen", theta=np.repeat(theta[:, :1], N, 1), lam=lam, t=t, loss=loss)
        same(equal.value, equal.mean, "equal points")
        ends = np.stack([theta[:, 0], theta[:, -1]], 1)
        pair = nn("landscape.jensen", theta=ends, lam=two, t=t, loss=loss)
        chord = nn("landscape.convex_function", z_0=ends[:, 0], z_1=ends[:, 1], lam=two[:, 1], t=t, loss=loss)
        same(pair.value, chord.value, "N = 2")
        same(pair.mean, chord.chord, "N = 2")


@law("P83", on=["landscape.no_spurious_minima"])
def tangents_lie_below(nn: Any, draw: Draw) -> None:
    """A convex function is above its tangents; a flat one makes the minimum global."""
    B, K = draw.size(), draw.size(2, 4)
    z, z_star, t = draw.reals(B, K, scale=3.0), draw.reals(B, K, scale=3.0), draw.simplex(B, K)
    t = (t + 1.0) / (1.0 + K)
    t = np.round(t * 2**20) / 2**20
    t[:, 0] += 1.0 - t.sum(1)
    for loss in _CONVEX:
        found = nn("landscape.no_spurious_minima", z=z, z_star=z_star, t=t, loss=loss)
        at_most(found.tangent, found.value, loss)
        here = nn("landscape.no_spurious_minima", z=z_star, z_star=z_star, t=t, loss=loss)
        same(here.tangent, here.value, "they touch")
    for loss, minimum in (
        ("softmax_cross_entropy", np.log(t)),
        ("logistic_cross_entropy", np.log(t) - np.log1p(-t)),
        ("squared_error", t),
    ):
        found = nn("landscape.no_spurious_minima", z=z, z_star=minimum, t=t, loss=loss)
        lowest = nn("landscape.no_spurious_minima", z=minimum, z_star=minimum, t=t, loss=loss).value
        # the minimum is rounded: its slope is a few units of 2⁻⁵³, and so the tangent rises a little
        flat = Measured(found.tangent.value, found.tangent.radius + 2.0**-48 * np.abs(z - minimum).sum(1))
        same(flat, lowest, "the tangent is flat")
        at_most(lowest, found.value, "the minimum is global")


@law("P41", on=["landscape.linear_model_convex", "landscape.convex_function"])
def linear_models_are_convex_in_their_parameters(nn: Any, draw: Draw) -> None:
    """Linear, logistic and softmax regression: the chord in (W, b) is the chord in z = Wx + b."""
    B, D, K = draw.size(1, 3), draw.size(), draw.size()
    x, t = draw.integers(B, D), draw.simplex(B, K)
    ends = {
        "W_0": draw.integers(K, D),
        "b_0": draw.integers(K),
        "W_1": draw.integers(K, D),
        "b_1": draw.integers(K),
    }
    lam = draw.choice([0.0, 0.25, 0.5, 0.875, 1.0])
    z_0, z_1 = (x @ ends[f"W_{i}"].T + ends[f"b_{i}"] for i in (0, 1))
    for loss in _CONVEX:
        found = nn("landscape.linear_model_convex", x=x, t=t, lam=lam, loss=loss, **ends)
        at_most(found.value, found.chord, loss)
        in_z = nn("landscape.convex_function", z_0=z_0, z_1=z_1, lam=np.full(B, lam), t=t, loss=loss)
        same(found.value, in_z.value, "the same point")
        same(found.chord, in_z.chord, "the same chord")


# ------------------------------------------------------------------------------------------- symmetries
@law("P70", on=["landscape.permutation_symmetry"])
def hidden_units_commute(nn: Any, draw: Draw) -> None:
    """All orders compute the same; a cycle of three tells P from its inverse."""
    K, D, n = draw.size(3, 5), draw.size(), draw.size()
    call = {"x": draw.reals(2, D), "W": draw.reals(K, D), "b": draw.reals(K), "V": draw.reals(n, K)}
    call["activation"] = draw.choice(["relu", "tanh", "sigmoid"])
    y = nn("landscape.permutation_symmetry", order=np.arange(K), **call).y
    for order in (draw.rng.permutation(K), np.roll(np.arange(K), 1), np.arange(K)[::-1].copy()):
        same(nn("landscape.permutation_symmetry", order=order, **call).y, y, f"order {order}")


@law("P72", on=["landscape.permutation_average", "landscape.permutation_symmetry"])
def the_averaged_network_is_degenerate(nn: Any, draw: Draw) -> None:
    """Its units are equal and averaging again changes nothing; its cost on XOR is 1.6875 (W52b)."""
    K, D, n = draw.size(2, 5), draw.size(), draw.size()
    mean = nn("landscape.permutation_average", W=draw.reals(K, D), b=draw.reals(K), V=draw.reals(n, K))
    for k in range(1, K):
        exactly(mean.W_mean[k], mean.W_mean[0], "rows of W")
        exactly(mean.b_mean[k], mean.b_mean[0], "biases")
        exactly(mean.V_mean[:, k], mean.V_mean[:, 0], "columns of V")
    again = nn("landscape.permutation_average", W=mean.W_mean.value, b=mean.b_mean.value, V=mean.V_mean.value)
    same(again.W_mean, mean.W_mean, "a mean of equals")
    shift = float(draw.size(0, 3))  # a third unit that the output ignores
    W, b = np.vstack([_XOR_NETWORK["W"], [[shift, 1.0]]]), np.append(_XOR_NETWORK["b"], shift)
    for network in (_XOR_NETWORK, {"W": W, "b": b, "V": np.array([[1.0, -2.0, 0.0]])}):
        K = len(network["b"])
        averaged = nn("landscape.permutation_average", **network)
        point = {n: getattr(averaged, f"{n}_mean").value for n in network}
        costs = [_mean_squared_error(nn, parameters, np.arange(K)) for parameters in (network, point)]
        same(costs[0], np.asarray(0.0), "XOR is computed")
        assert costs[1].value > 0.1, "and its average computes something else"
        if K == 2:
            same(costs[1], np.asarray(1.6875), "W52b")


def _mean_squared_error(nn: Any, parameters: dict[str, Array], order: Array) -> Measured:
    off: Measured = nn("landscape.permutation_symmetry", x=_XOR, order=order, **parameters).y - _TARGET
    return (off * off).map(np.ravel).sum() * 0.25


@law("P119", on=["landscape.permutation_symmetry"])
def training_a_network_is_not_convex(nn: Any, draw: Draw) -> None:
    """Between θ and its mirror image, both of cost 0 on XOR, the chord is 0 and the cost is not."""
    swap, stay = np.array([1, 0]), np.array([0, 1])
    scale = float(draw.size(1, 4))
    # a unit may be scaled against its outgoing weight without changing the function
    theta = {
        "W": _XOR_NETWORK["W"] * scale,
        "b": _XOR_NETWORK["b"] * scale,
        "V": _XOR_NETWORK["V"] / scale,
    }
    mirror = {"W": theta["W"][swap], "b": theta["b"][swap], "V": theta["V"][:, swap]}
    slack = 2.0**-48
    for point, order in ((theta, stay), (theta, swap), (mirror, stay)):
        at_most(_mean_squared_error(nn, point, order), slack, "an end")
    lam = draw.choice([0.25, 0.5, 0.75])
    between = {n: (1 - lam) * theta[n] + lam * mirror[n] for n in theta}
    cost = _mean_squared_error(nn, between, stay)
    assert cost.value - cost.radius > slack, "the cost is above the chord"


def _start(draw: Draw, K: int, D: int) -> dict[str, Array]:
    return {"W": draw.reals(K, D), "b": draw.reals(K), "V": draw.reals(1, K), "c": draw.reals(1)}


def _descend(nn: Any, point: dict[str, Array], X: Array, T: Array, steps: int, **more: Any) -> dict[str, Any]:
    """Gradient descent, each step from the implementation's own numbers; the last ones are `Measured`."""
    found: dict[str, Any] = dict(point)
    for _ in range(steps):
        at = {n: v.value if isinstance(v, Measured) else v for n, v in found.items()}
        step = nn("landscape.identical_units", X=X, T=T, **at, **more)
        found = {n: getattr(step, f"{n}_next") for n in point}
    return found


@law("P71", on=["landscape.identical_units"])
def duplicated_units_stay_duplicated(nn: Any, draw: Draw) -> None:
    """Under gradient descent, with equal biases: every step takes equal units to equal units."""
    N, D = draw.size(2, 4), draw.size()
    X, T = draw.reals(N, D), draw.reals(N, 1)
    point = _start(draw, 3, D)
    for name in ("W", "b"):
        point[name][2] = point[name][0]
    point["V"][:, 2] = point["V"][:, 0]
    name = draw.choice(["tanh", "sigmoid", "relu"])
    for _ in range(4):
        after = _descend(nn, point, X, T, 1, alpha=0.5, activation=name)
        same(after["W"][2], after["W"][0], "incoming weights")
        same(after["b"][2], after["b"][0], "biases")
        same(after["V"][:, 2], after["V"][:, 0], "outgoing weights")
        point = {n: v.value.copy() for n, v in after.items()}
        for part in ("W", "b"):
            point[part][2] = point[part][0]  # rounding may tell them apart; the law is about the next step
        point["V"][:, 2] = point["V"][:, 0]


@law("P71", on=["optimizer.momentum", "optimizer.adagrad", "optimizer.adam"])
def elementwise_optimisers_keep_duplicates(nn: Any, draw: Draw) -> None:
    """Equal parameters with equal gradients get equal updates, whatever stands beside them."""
    theta, n = draw.reals(6), 6
    theta[4] = theta[1]
    state = {
        "momentum": {"v": np.zeros(n)},
        "adagrad": {"G": np.zeros(n)},
        "adam": {"m": np.zeros(n), "v": np.zeros(n)},
    }
    more: dict[str, dict[str, Any]] = {
        "momentum": {"rho": 0.75},
        "adagrad": {"eps": 1e-7},
        "adam": {"beta_1": 0.9, "beta_2": 0.999, "eps": 1e-8},
    }
    for name, kept in state.items():
        at = theta.copy()
        for t in range(1, 4):
            g = draw.reals(n, scale=draw.choice([1.0, 1e-3]))
            g[4] = g[1]
            call = {"theta": at, "g": g, "lr": 0.125, **kept, **more[name]}
            after = nn(f"optimizer.{name}", **call, **({"t": t} if name == "adam" else {}))
            for part in ("update", "theta", *kept):
                same(getattr(after, part)[4], getattr(after, part)[1], f"{name}: {part}")
            at = after.theta.value.copy()
            kept = {part: getattr(after, part).value.copy() for part in kept}
            for array in (at, *kept.values()):
                array[4] = array[1]


@law("P73", on=["landscape.identical_units"])
def nothing_learns_from_zero(nn: Any, draw: Draw) -> None:
    """All zero: tanh units stay exactly 0, only c moves; sigmoid units move, and stay identical."""
    N, D, K = draw.size(2, 4), draw.size(), draw.size(2, 3)
    X, T = draw.reals(N, D), 1.0 + draw.positive(N, 1)
    zero = {"W": np.zeros((K, D)), "b": np.zeros(K), "V": np.zeros((1, K)), "c": np.zeros(1)}
    after = _descend(nn, zero, X, T, 3, alpha=0.5, activation="tanh")
    for name in ("W", "b", "V"):
        exactly(after[name], zero[name], name)
    assert abs(after["c"].value[0]) > 0.1, "the output bias learns the mean"
    one = _descend(nn, zero, X, T, 1, alpha=0.5, activation="sigmoid")
    assert np.abs(one["V"].value).min() > 0.01, "sigmoid units are ½ at 0"
    for k in range(1, K):
        same(one["V"][:, k], one["V"][:, 0], "identical outgoing weights")
    # V = 0 with W ≠ 0 does not stay (E17)
    W = draw.reals(K, D)
    moved = _descend(nn, {**zero, "W": W}, X, T, 2, alpha=0.5, activation="tanh")
    assert (moved["V"].value != 0).any() and (moved["W"].value != W).any()


@law("P74", on=["landscape.identical_units"])
def small_random_weights_break_the_symmetry(nn: Any, draw: Draw) -> None:
    """Two nearly equal linear units: while the error lasts their difference grows as the weights do."""
    apart = 2.0**-10 * float(draw.positive())
    tilt = apart * np.array([1.0, -1.0])
    point = {"W": 0.125 + tilt[:, None], "b": np.zeros(2), "V": 0.125 + tilt[None, :], "c": np.zeros(1)}
    X = np.array([[1.0], [2.0]])
    after = _descend(nn, point, X, draw.size(2, 4) * X, 14, alpha=0.0625, activation="identity")
    for name, row in (("W", after["W"][:, 0]), ("V", after["V"][0])):
        assert abs(row.value[0] - row.value[1]) > 5 * 2 * apart, name


# -------------------------------------------------------------------------------------------- plateaux
@law("P80", on=["landscape.plateau"])
def plateaux_are_flat(nn: Any, draw: Draw) -> None:
    """0–1 loss, hard thresholds: slope exactly 0. Logistic least squares, saturation: nearly so."""
    t = draw.rng.integers(0, 2, (1, 6)).astype(np.float64)
    z = draw.reals(1, 6, scale=draw.choice([1.0, 40.0]))
    for kind in ("zero_one", "hard_threshold"):
        found = nn("landscape.plateau", z=z, t=t, kind=kind, tie=draw.choice(["gt", "ge"]))
        exactly(found.slope, np.zeros((1, 6)), kind)
        exactly(found.J.value > 0.0, (z > 0) != (t > 0), "it costs exactly where it is wrong")
    wrong = (10.0 + draw.positive(1, 6, scale=20.0)) * np.where(t > 0, -1.0, 1.0)
    for kind, rate, cost in (("logistic_least_squares", 1.0, 0.499), ("saturated", 2.0, 0.499)):
        found = nn("landscape.plateau", z=wrong, t=t, kind=kind)
        at_most(found.slope.map(np.abs), 8 * np.exp(-rate * np.abs(wrong)), f"{kind}: the slope vanishes")
        assert (found.J.value > cost).all(), f"{kind}: the cost does not"


@law("P81", on=["landscape.dead_unit"])
def dead_units_have_no_gradient(nn: Any, draw: Draw) -> None:
    """z < 0 on all inputs: exactly 0, and called dead; one input with z > 0 revives it."""
    N, D, H = draw.size(2, 4), draw.size(), 3
    x, h_bar = 1.0 + draw.positive(1, N, D), draw.reals(1, N, H)
    x[0, -1] = 0.0
    W, b = (
        -1.0 - draw.positive(H, D),
        np.array([-1.0, 0.5, 4.0 * D + 1.0]),
    )  # active never, on the last, always
    found = nn("landscape.dead_unit", x=x, h_bar=h_bar, W=W, b=b, relu_grad_at_zero=draw.choice([0, 1]))
    exactly(found.dead, [[1.0, 0.0, 0.0]], "who is dead")
    exactly(found.W_bar[0, 0], np.zeros(D), "dead")
    exactly(found.W_bar[0, 1], np.zeros(D), "alive, where the input is 0")
    same(found.W_bar[0, 2], Measured(h_bar[0, :, 2] @ x[0], np.full(D, 2.0**-48)), "alive")
    # z = 0 on one input: alive by L14's convention, dead by PyTorch's (E09)
    on_zero = np.zeros((1, N, D))
    for convention, dead in ((1, 0.0), (0, 1.0)):
        call = {"x": on_zero, "h_bar": h_bar, "W": W, "b": np.zeros(H), "relu_grad_at_zero": convention}
        exactly(nn("landscape.dead_unit", **call).dead, np.full((1, H), dead), f"ReLU'(0) = {convention}")


# ------------------------------------------------------------------------------------------- curvature
_HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2.0
"""An orthogonal matrix without rounding."""


@law("P84", on=["landscape.spectral_decomposition", "landscape.directional_curvature"])
def spectra_recompose(nn: Any, draw: Draw) -> None:
    """H = QΛQᵀ is symmetric, H q_k = λ_k q_k, and vᵀHv = Σ λ_k (q_k·v)² (X01)."""
    Q = _HADAMARD[draw.rng.permutation(4)] * draw.choice([1.0, -1.0])
    eigenvalues = draw.integers(4, low=-3, high=5)  # with repetitions: Q is not unique, H is
    H = nn("landscape.spectral_decomposition", Q=Q, eigenvalues=eigenvalues).H
    same(H, H.map(np.transpose), "symmetric")
    order = draw.rng.permutation(4)
    other = nn("landscape.spectral_decomposition", Q=-Q[:, order], eigenvalues=eigenvalues[order]).H
    same(H, other, "eigenvectors in another order and of another sign")
    for k, q in enumerate(Q.T):
        same((H * q).sum(1), eigenvalues[k] * q, "H q = λ q")
    v = np.concatenate([Q.T, draw.integers(2, 4)])
    line = nn("landscape.directional_curvature", v=v, t=np.zeros(6), J_0=0.0, g=np.zeros(4), H=H.value).curvature
    same(line, ((v @ Q) ** 2) @ eigenvalues, "vᵀHv")


@law("P84", on=[])
def hessians_are_symmetric_with_real_spectra(draw: Draw) -> None:
    """Of a smooth J: H = Hᵀ, QᵀQ = I, QΛQᵀ = H up to rounding; definite exactly as vᵀHv says."""
    D = draw.size(1, 4)
    a, b = (Vector(float(x) for x in draw.reals(D)) for _ in range(2))
    at = Vector(float(x) for x in draw.reals(D))

    def J(p: Any) -> Any:
        return exp(dot(a, p)) + tanh(dot(b, p)) * p[0] + square(p[-1])

    H = landscape.hessian(J, at)
    scale = max(1.0, max(abs(x) for row in H for x in row))
    assert all(abs(x - y) <= 1e-14 * scale for r, s in zip(H, H.T, strict=True) for x, y in zip(r, s, strict=True))
    eigenvalues, Q = landscape.eigen(H)
    again = landscape.spectral_decomposition(Q, eigenvalues)
    unit = Q.T @ Q
    for i in range(D):
        for j in range(D):
            assert abs(again[i][j] - H[i][j]) <= 1e-13 * scale
            assert abs(unit[i][j] - (i == j)) <= 1e-13
    low, high = eigenvalues[0], eigenvalues[-1]
    if min(abs(x) for x in eigenvalues) > 1e-9 * scale:
        expected = "positive definite" if low > 0 else "negative definite" if high < 0 else "indefinite"
        assert landscape.definiteness(H) == expected
    for v in (Vector(float(x) for x in draw.reals(D)) for _ in range(5)):
        form, length = dot(v, H @ v), dot(v, v)
        assert low * length - 1e-13 * scale <= form <= high * length + 1e-13 * scale


@law("P85", on=["landscape.taylor2", "landscape.directional_curvature"])
def taylor_is_exact_for_quadratics(nn: Any, draw: Draw) -> None:
    """And along a line it is the same expansion."""
    D, B = draw.size(), draw.size()
    A, slope, constant = draw.integers(D, D), draw.integers(D), float(draw.size(0, 5))
    A = A + A.T

    def J(p: Array) -> Array:
        values: Array = constant + p @ slope + ((p @ A) * p).sum(-1) / 2
        return values

    theta_0, theta = draw.integers(D), draw.integers(B, D)
    call = {"J_0": J(theta_0), "g": A @ theta_0 + slope, "H": A}
    same(nn("landscape.taylor2", theta=theta, theta_0=theta_0, **call).J, J(theta), "exact")
    v, t = draw.integers(B, D), draw.integers(B)
    line = nn("landscape.directional_curvature", v=v, t=t, **call)
    same(line.J, J(theta_0 + t[:, None] * v), "exact on a line")
    still = nn("landscape.directional_curvature", v=0.0 * v, t=t, **call)
    same(still.J, np.full(B, call["J_0"]), "v = 0 stays")
    exactly(still.curvature, np.zeros(B), "and has no curvature")


@law("P85", on=["landscape.taylor2"])
def taylor_errs_by_the_third_order(nn: Any, draw: Draw) -> None:
    """J = e^{w·θ}: the remainder is e^ξ (w·Δ)³/6 with ξ between, so halving Δ divides it by about 8."""
    D = draw.size()
    w, theta_0, delta = draw.reals(D), draw.reals(D), draw.reals(1, D)
    at = float(np.exp(w @ theta_0))
    for size in (1.0, 0.5, 0.25, 2.0**-6):
        theta = theta_0 + size * delta
        J = nn("landscape.taylor2", theta=theta, theta_0=theta_0, J_0=at, g=at * w, H=at * np.outer(w, w)).J
        rise = (theta - theta_0) @ w
        bound = at * np.exp(np.maximum(rise, 0.0)) * np.abs(rise) ** 3 / 6
        rounding = 2.0**-46 * at
        at_most((J - np.exp(theta @ w)).map(np.abs), bound * (1 + 2.0**-40) + rounding, f"at {size}")


@law("P86", on=["landscape.ill_conditioning"])
def saddles_hold_only_who_is_exactly_on_them(nn: Any, draw: Draw) -> None:
    """x² − y²: on the saddle, and on y = 0, descent ends at 0; beside it y grows by 1 + 2α a step."""
    H, alpha = np.diag([2.0, -2.0]), draw.choice([0.125, 0.25])
    beside = 2.0 ** -draw.size(10, 30)
    theta = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, beside]])
    for _ in range(12):
        before, theta = (
            theta,
            nn("landscape.ill_conditioning", theta=theta, H=H, alpha=alpha).theta_next.value,
        )
        exactly(theta[0], [0.0, 0.0], "stuck")
        exactly(theta[1, 1], 0.0, "on the ridge")
        assert abs(theta[1, 0]) < abs(before[1, 0])
        exactly(theta[2, 1], before[2, 1] * (1 + 2 * alpha), "escapes")


@law("P87", on=[])
def gradients_are_perpendicular_to_contours(draw: Draw) -> None:
    """Exactly, on fractions: along level curves of xy and of x² + 4y² the gradient has no component."""
    c, s = Fraction(draw.size(1, 5)), Fraction(draw.size(1, 9), draw.size(1, 9))

    def hyperbola(s: Any) -> Vector:
        return Vector([s, c / s])

    def ellipse(s: Any) -> Vector:
        return Vector([(1 - s * s) / (1 + s * s), s / (1 + s * s)])

    def product(p: Any) -> Any:
        return p[0] * p[1]

    def bowl(p: Any) -> Any:
        return p[0] * p[0] + 4 * p[1] * p[1]

    for J, curve in ((product, hyperbola), (bowl, ellipse)):
        assert J(curve(s)) == J(curve(s + 1)), "a level curve"
        point, tangent = autodiff.jvp(curve, (s,), (Fraction(1),))
        gradient = autodiff.grad(J, (point,))[0]
        assert any(x != 0 for x in gradient) and any(x != 0 for x in tangent)
        assert dot(gradient, tangent) == 0


@law("P88", on=["landscape.ill_conditioning"])
def step_size_thresholds_of_a_quadratic(nn: Any, draw: Draw) -> None:
    """Along q_k a step is × (1 − αλ_k): shrinking iff α < 2/λ_k, oscillating beyond 1/λ_k."""
    eigenvalues = 2.0 ** draw.integers(4, low=-3, high=2)
    H = (_HADAMARD * eigenvalues) @ _HADAMARD.T
    largest = float(eigenvalues.max())
    for alpha in (0.5 / largest, 1.0 / largest, 1.5 / largest, 2.5 / largest):
        found = nn("landscape.ill_conditioning", theta=_HADAMARD.T.copy(), H=H, alpha=alpha)
        same(found.theta_next, (1 - alpha * eigenvalues)[:, None] * _HADAMARD.T, f"α = {alpha}")
        same(found.J, eigenvalues / 2, "J = ½ λ along a unit eigenvector")
        after = nn("landscape.ill_conditioning", theta=found.theta_next.value, H=H, alpha=alpha).J
        at_top = int(eigenvalues.argmax())
        assert (after.value[at_top] < found.J.value[at_top]) == (alpha < 2 / largest), "converges iff α < 2/λ_max"
    # ill-conditioned: at the best step for the largest, the smallest direction hardly moves
    slow = nn("landscape.ill_conditioning", theta=np.array([[1.0, 1.0]]), H=np.diag([1.0, 2.0**-10]), alpha=1.0)
    exactly(slow.theta_next, [[0.0, 1 - 2.0**-10]], "a ravine")
