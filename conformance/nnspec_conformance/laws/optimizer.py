"""Properties of optimisers. Where a law says "exactly", its numbers are dyadic and no operation rounds."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same

_BETAS = [(0.9, 0.999), (0.5, 0.9), (0.0, 0.99)]


def _rounded(value: Any, roundings: int = 4) -> Measured:
    """An expected number that this module computed itself, with a few roundings."""
    value = np.asarray(value, dtype=np.float64)
    return Measured(value, np.abs(value) * (roundings * 2.0**-53))


def _nonzero(draw: Draw, *shape: int) -> Any:
    """Small integers other than 0."""
    x = draw.integers(*shape)
    return np.where(x == 0.0, 2.0, x)


# ------------------------------------------------------------------------------------ gradient descent
@law("P88", on=["optimizer.gradient_descent"])
def the_step_size_decides_on_convergence(nn: Any, draw: Draw) -> None:
    """J = ½ Σ λ_i θ_i²: every step multiplies θ_i by 1 − αλ_i."""
    alpha = draw.choice([0.25, 0.5, 1.0])
    kinds = {"slow": 0.125, "fast": 0.75, "at once": 1.0, "oscillating": 1.5, "limit": 2.0, "diverging": 2.5}
    lam = np.array(list(kinds.values())) / alpha
    theta = _nonzero(draw, len(lam))
    for _ in range(5):
        after = nn("optimizer.gradient_descent", theta=theta, g=lam * theta, lr=alpha)
        exactly(after.theta, (1.0 - alpha * lam) * theta, "θ ← (1 − αλ) θ")
        size, before = np.abs(after.theta.value), np.abs(theta)
        assert (size[:4] < np.where(before[:4] == 0.0, 1.0, before[:4])).all(), "0 < α < 2/λ: converges"
        assert size[4] == before[4] and size[5] > before[5], "α ≥ 2/λ: does not"
        crossed = after.theta.value * theta < 0.0
        assert not crossed[:3].any() and crossed[3:].all(), "it oscillates beyond 1/λ"
        theta = after.theta.value


@law("P125", on=["optimizer.gradient_descent", "optimizer.minibatch"])
def a_small_step_goes_downhill(nn: Any, draw: Draw) -> None:
    """J(θ) = (1/2N) Σ (θ·x_i − t_i)²: with α ≤ 1/λ_max at least α/2 ‖∇J‖² is gained, but for rounding."""
    N, n = draw.size(1, 5), draw.size(1, 3)
    x, t, theta = draw.integers(N, n), draw.integers(N), draw.integers(n)
    examples = (x @ theta - t)[:, None] * x
    g = nn("optimizer.minibatch", g=examples).mean.value
    trace = float((x * x).sum()) / N  # at least the largest eigenvalue
    alpha = 2.0 ** -np.ceil(np.log2(max(trace, 1.0)))
    after = nn("optimizer.gradient_descent", theta=theta, g=g, lr=float(alpha)).theta.value

    def cost(theta: Any) -> Fraction:
        at = [Fraction(float(v)) for v in theta]
        errors = [sum(a * Fraction(float(b)) for a, b in zip(at, row, strict=True)) for row in x]
        return sum((e - Fraction(float(t_i))) ** 2 for e, t_i in zip(errors, t, strict=True)) / Fraction(2 * N)

    gained = cost(theta) - cost(after)
    squared = sum(Fraction(float(v)) ** 2 for v in g)
    assert gained >= Fraction(float(alpha)) * squared * Fraction(49, 100), f"gained {float(gained)}"


@law("P126", on=["optimizer.sgd"])
def the_rate_sets_the_fluctuation(nn: Any, draw: Draw) -> None:
    """θ ← θ − α(λθ + ξ), ξ = ±σ: over all 2ᵏ noises of k steps the variance is ασ²/(λ(2−αλ)) (1 − q²ᵏ)."""
    k, lam, sigma = 5, draw.choice([0.5, 1.0, 2.0]), draw.choice([1.0, 2.0])
    noise = sigma * np.array(list(product((-1.0, 1.0), repeat=k)))
    stationary = {}
    for alpha in (0.5, 0.25, 0.125):
        theta = np.zeros(len(noise))
        for step in range(k):
            theta = nn("optimizer.sgd", theta=theta, g=lam * theta + noise[:, step], lr=alpha).theta.value
        paths = [Fraction(v) for v in theta.tolist()]
        variance = sum(v * v for v in paths) / len(paths)
        a, L, s = Fraction(alpha), Fraction(lam), Fraction(sigma)
        stationary[alpha] = a * s * s / (L * (2 - a * L))
        assert sum(paths) == 0, "the noise has no mean"
        assert variance == stationary[alpha] * (1 - (1 - a * L) ** (2 * k)), f"α = {alpha}"
    assert stationary[0.5] > stationary[0.25] > stationary[0.125]


@law("P91", on=["optimizer.minibatch_loop", "optimizer.minibatch", "optimizer.sgd"])
def the_frozen_loop_is_one_step(nn: Any, draw: Draw) -> None:
    K, n = draw.size(1, 6), draw.size(1, 4)
    theta, x, t = draw.integers(n), draw.integers(K, n), draw.integers(K)
    lr = draw.choice([0.01, 0.125, 1.0])
    loop = nn("optimizer.minibatch_loop", theta_0=theta, x=x, t=t, lr=lr, gradient_at="start").theta
    g = nn("optimizer.minibatch", g=(x @ theta - t)[:, None] * x).mean
    one = nn("optimizer.sgd", theta=theta, g=g.value, lr=lr).theta
    g_off = Measured(one.value, one.radius + lr * g.radius * (1 + 2.0**-50))
    same(loop[-1], g_off, "K steps of α/K with the gradients of θ_0 are one of α with their mean")
    fresh = nn("optimizer.minibatch_loop", theta_0=theta, x=x, t=t, lr=lr).theta
    at = theta
    for k in range(K):
        step = nn("optimizer.sgd", theta=at, g=float(at @ x[k] - t[k]) * x[k], lr=0.25).theta
        dyadic = nn("optimizer.minibatch_loop", theta_0=at, x=x[k : k + 1], t=t[k : k + 1], lr=0.25).theta
        exactly(dyadic[0], step, "one example is one step of SGD")
        at = step.value
    if K == 1:
        same(fresh, loop, "a batch of one is fresh and frozen at once")


# ------------------------------------------------------------------------------------ momentum
@law("P92", on=["optimizer.momentum", "optimizer.sgd"])
def without_momentum_it_is_sgd(nn: Any, draw: Draw) -> None:
    n, lr = draw.size(), draw.choice([0.01, 0.5, 1.0])
    theta, v, g = draw.reals(n), draw.reals(n), draw.reals(n, scale=draw.choice([1.0, 1e-3, 1e-8]))
    with_zero = nn("optimizer.momentum", theta=theta, v=v, g=g, lr=lr, rho=0.0)
    plain = nn("optimizer.sgd", theta=theta, g=g, lr=lr)
    same(with_zero.update, plain.update, "ρ = 0")
    same(with_zero.theta, plain.theta, "ρ = 0")
    exactly(with_zero.v, g, "the velocity is the gradient")


@law("P92", on=["optimizer.momentum", "optimizer.trajectory"])
def a_constant_force_has_a_terminal_speed(nn: Any, draw: Draw) -> None:
    """From rest v_k = g (1 − ρᵏ)/(1 − ρ); at g/(1 − ρ) it stays."""
    n, rho, T = draw.size(), draw.choice([0.5, 0.75]), 5
    g, theta = 4.0 * _nonzero(draw, n), draw.integers(n)
    terminal = g / (1.0 - rho)
    exactly(nn("optimizer.momentum", theta=theta, v=terminal, g=g, lr=0.5, rho=rho).v, terminal, "at rest")
    run = nn(
        "optimizer.trajectory",
        theta=theta[None],
        g=np.broadcast_to(g, (T, 1, n)),
        lr=0.5,
        rho=rho,
        beta_1=0.9,
        beta_2=0.999,
        eps=1e-8,
        method="momentum",
    )
    speeds = np.array([(1.0 - rho**k) / (1.0 - rho) for k in range(1, T + 1)])
    exactly(run.updates[:, 0], -0.5 * speeds[:, None] * g, "v_k = g (1 − ρᵏ)/(1 − ρ)")
    exactly(run.theta[0], theta - 0.5 * speeds.sum() * g, "θ has moved by all of them")


# ------------------------------------------------------------------------------------ AdaGrad and Adam
@law("P93", on=["optimizer.adagrad", "optimizer.trajectory"])
def adagrad_slows_down_where_it_has_been(nn: Any, draw: Draw) -> None:
    """Constant gradient: steps lr/√t. A coordinate that was updated more often gets the smaller step."""
    n, T, lr = draw.size(), 6, draw.choice([0.01, 1.0])
    g = _nonzero(draw, n)
    placement, eps = draw.choice(["outside", "inside"]), draw.choice([0.0, 1e-7])
    more = {"lr": lr, "eps": eps, "eps_placement": placement}
    run = nn(
        "optimizer.trajectory",
        theta=np.zeros((1, n)),
        g=np.broadcast_to(g, (T, 1, n)),
        rho=0.9,
        beta_1=0.9,
        beta_2=0.999,
        method="adagrad",
        **more,
    ).updates
    sizes = run.map(np.abs)
    at_most(sizes[1:], sizes[:-1], "the steps do not grow")
    if eps == 0.0:
        steps = -lr * np.sign(g) / np.sqrt(np.arange(1.0, T + 1.0))[:, None]
        same(run[:, 0], _rounded(steps), "lr/√t, whatever the size of g")
    seen = draw.rng.permutation(n) + 1.0  # how often each coordinate was updated, with gradient 1
    one = nn("optimizer.adagrad", theta=np.zeros(n), G=seen, g=np.ones(n), **more)
    assert (np.diff(np.abs(one.update.value)[np.argsort(seen)]) < 0.0).all(), "frequent: smaller"
    exactly(one.G, seen + 1.0, "the sum includes the current gradient")


@law("P94", on=["optimizer.adam"])
def the_first_step_of_adam_is_the_sign(nn: Any, draw: Draw) -> None:
    n, (b1, b2) = draw.size(2), draw.choice(_BETAS)
    eta, placement = draw.choice([0.01, 1.0]), draw.choice(["inside", "outside"])
    g = draw.reals(n, scale=draw.choice([1.0, 1e-3, 1e-8, 1e6]))
    g[0] = 0.0
    zero = np.zeros(n)
    first = nn(
        "optimizer.adam",
        theta=zero,
        m=zero,
        v=zero,
        g=g,
        t=1,
        lr=eta,
        beta_1=b1,
        beta_2=b2,
        eps=0.0,
        eps_placement=placement,
    )
    same(first.update, -eta * np.sign(g), "−η sign(g); 0 where g = 0")
    at_most(np.abs(first.m.value), np.abs(g) * (1.0 - b1) * (1.0 + 1e-12), "the state is not corrected")


@law("P94", on=["optimizer.trajectory"])
def the_corrected_moments_of_a_constant_are_the_constant(nn: Any, draw: Draw) -> None:
    """E[g] and E[g²], from the first step on, for each of several tensors of one shape: equal steps."""
    L, n, T = draw.size(2, 3), draw.size(), 4
    b1, b2 = draw.choice(_BETAS)
    eta, eps = 1.0, draw.choice([0.0, 1e-8, 1e-3])
    placement = draw.choice(["inside", "outside"])
    g = _nonzero(draw, L, n) * draw.choice([1.0, 2.0**-10, 2.0**-20])
    run = nn(
        "optimizer.trajectory",
        theta=np.zeros((L, n)),
        g=np.broadcast_to(g, (T, L, n)),
        lr=eta,
        rho=0.9,
        beta_1=b1,
        beta_2=b2,
        eps=eps,
        method="adam",
        eps_placement=placement,
    ).updates
    size = np.sqrt(g * g + eps) if placement == "inside" else np.abs(g) + eps
    for t in range(T):
        same(run[t], _rounded(-eta * g / size, 8), f"step {t + 1}")


@law("P95", on=["optimizer.trajectory"])
def adam_does_not_see_the_scale_of_a_coordinate(nn: Any, draw: Draw) -> None:
    """With ε = 0 every coordinate may be measured in another unit (powers of two: no rounding in between)."""
    L, n, T = 2, draw.size(), 3
    b1, b2 = draw.choice(_BETAS)
    g = draw.reals(T, L, n)
    scale = 2.0 ** draw.integers(L, n, low=-20, high=20)
    call = {
        "theta": np.zeros((L, n)),
        "lr": draw.choice([0.01, 1.0]),
        "rho": 0.9,
        "beta_1": b1,
        "beta_2": b2,
        "eps": 0.0,
        "method": draw.choice(["adam", "adagrad"]),
        "eps_placement": draw.choice(["inside", "outside"]),
    }
    plain = nn("optimizer.trajectory", g=g, **call).updates
    scaled = nn("optimizer.trajectory", g=g * scale, **call).updates
    same(scaled, plain, "invariant to diagonal rescaling")
    with_eps = nn("optimizer.trajectory", g=np.ones((T, L, n)) * 2.0**-10, **{**call, "eps": 2.0**-10}).updates
    assert (np.abs(with_eps.value) < 0.75 * call["lr"]).any(), "with ε it sees it"


@law("P96", on=["optimizer.adam", "optimizer.trajectory"])
def the_step_of_adam_is_bounded(nn: Any, draw: Draw) -> None:
    """|Δ| ≤ η (1 − β₁)/√((1 − β₂)(1 − β₁²/β₂)), and gradients that grow like (β₂/β₁)ᵗ attain it."""
    b1, b2 = draw.choice([(0.9, 0.999), (0.5, 0.9), (0.75, 0.9375)])
    past = 1.0 / (1.0 - b1 * b1 / b2)
    bound = (1.0 - b1) * np.sqrt(past / (1.0 - b2))
    T, n = 6, draw.size()
    kinds = {
        "random": draw.reals(T, 1, n),
        "growing": np.broadcast_to(((b2 / b1) ** np.arange(T))[:, None, None], (T, 1, n)),
        "sparse": np.where(np.arange(T)[:, None, None] == T - 1, 1.0, np.zeros((T, 1, n))),
    }
    more = {"lr": 1.0, "beta_1": b1, "beta_2": b2, "eps": 0.0, "eps_placement": "outside"}
    for kind, g in kinds.items():
        run = nn("optimizer.trajectory", theta=np.zeros((1, n)), g=g, rho=0.9, method="adam", **more)
        at_most(np.abs(run.updates.value), bound, kind)
    ratio = b1 / b2  # after a long growing past, in units of the current gradient
    m, v = np.array([(1.0 - b1) * past * ratio]), np.array([(1.0 - b2) * past * ratio * ratio])
    zero, one = np.zeros(1), np.ones(1)
    longest = nn("optimizer.adam", theta=zero, m=m, v=v, g=one, t=1_000_000, **more).update
    assert abs(-longest.value[0] / bound - 1.0) < 1e-12, f"{longest.value[0]} attains −{bound}"


# ------------------------------------------------------------------------------------ all of them
@law("P97", on=["optimizer.sgd", "optimizer.momentum", "optimizer.adagrad", "optimizer.adam"])
def an_update_sees_gradients_only(nn: Any, draw: Draw) -> None:
    """Not θ; and each coordinate only its own. The same call again gives the same bits."""
    n = draw.size(2)
    g, order = draw.reals(n), draw.rng.permutation(n)
    states: dict[str, dict[str, Any]] = {
        "sgd": {},
        "momentum": {"v": draw.reals(n)},
        "adagrad": {"G": draw.positive(n)},
        "adam": {"m": draw.reals(n), "v": draw.positive(n)},
    }
    more: dict[str, dict[str, Any]] = {
        "sgd": {},
        "momentum": {"rho": 0.9},
        "adagrad": {"eps": 1e-7},
        "adam": {"t": draw.size(1, 9), "beta_1": 0.9, "beta_2": 0.999, "eps": 1e-8},
    }
    for name, state in states.items():

        def step(theta: Any, at: Any, name: str = name, state: dict[str, Any] = state) -> Any:
            moved = {part: value[at] for part, value in state.items()}
            return nn(f"optimizer.{name}", theta=theta, g=g[at], lr=0.01, **moved, **more[name])

        everywhere = np.arange(n)
        one = step(draw.reals(n), everywhere)
        other = step(draw.reals(n, scale=100.0), everywhere)
        shuffled, alone = step(draw.reals(n), order), step(draw.reals(1), order[:1])
        for part in ("update", *state):
            exactly(getattr(one, part), getattr(other, part), f"{name}: {part} depends on θ")
            same(getattr(shuffled, part), getattr(one, part)[order], f"{name}: {part} depends on its place")
            same(getattr(alone, part), getattr(one, part)[order[:1]], f"{name}: {part} depends on others")


@law("P97", on=["optimizer.trajectory", "optimizer.momentum", "optimizer.adagrad", "optimizer.adam"])
def steps_on_two_tensors_are_steps_on_each(nn: Any, draw: Draw) -> None:
    """Three steps with the state handed on, on two tensors of one shape, with gradients of several scales."""
    L, n, T = 2, draw.size(), 3
    g = np.stack([draw.reals(L, n, scale=s) for s in draw.rng.permutation([1.0, 1e-3, 1e-8])[:T]])
    g[:, :, 0] = 0.0
    lr, rho, eps = 0.5, 0.75, draw.choice([1e-8, 1e-3])
    b1, b2 = draw.choice(_BETAS)
    placement = draw.choice(["outside", "inside"])
    method = draw.choice(["momentum", "adagrad", "adam"])
    run = nn(
        "optimizer.trajectory",
        theta=np.zeros((L, n)),
        g=g,
        lr=lr,
        rho=rho,
        beta_1=b1,
        beta_2=b2,
        eps=eps,
        method=method,
        eps_placement=placement,
    ).updates
    for place in range(L):
        parts = {"momentum": ["v"], "adagrad": ["G"], "adam": ["m", "v"]}[method]
        state = {part: np.zeros(n) for part in parts}
        for t in range(T):
            more: dict[str, Any] = {"rho": rho} if method == "momentum" else {"eps": eps, "eps_placement": placement}
            if method == "adam":
                more |= {"t": t + 1, "beta_1": b1, "beta_2": b2}
            step = nn(f"optimizer.{method}", theta=np.zeros(n), g=g[t, place], lr=lr, **state, **more)
            # the state was handed on rounded: allow what the run as a whole may err by
            expected = Measured(step.update.value, np.maximum(step.update.radius, run[t, place].radius))
            same(run[t, place], expected, f"{method}: step {t + 1} of tensor {place + 1}")
            state = {part: getattr(step, part).value for part in parts}
