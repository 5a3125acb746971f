"""Optimisers on arrays: elementwise, so that one text serves a tensor and a stack of tensors."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops

_SMALLEST = 1e-37
"""An ε at least this large is not 0 in float32, and then no denominator is."""


# ------------------------------------------------------------------------------------ gradient descent
def gradient_descent(ops: Ops, theta: Array, g: Array, lr: float) -> Any:
    """−α g, and θ moved by it."""
    update = -lr * g
    return (update, theta + update), None


def sgd(ops: Ops, theta: Array, g: Array, lr: float) -> Any:
    """The same step."""
    return gradient_descent(ops, theta, g, lr)


def minibatch(ops: Ops, g: Array, reduction: str) -> Any:
    """The mean (or the sum) of the rows."""
    divisor = float(g.shape[0]) if reduction == "mean" else 1.0

    def pullback(mean_bar: Array) -> dict[str, Array]:
        return {"g": ops.zeros(g.shape, like=g) + mean_bar / divisor}

    return (ops.xp.sum(g, axis=0) / divisor,), pullback


def minibatch_loop(ops: Ops, theta_0: Array, x: Array, t: Array, lr: float, gradient_at: str) -> Any:
    """θ_k ← θ_{k−1} − α (θ·x − t) x, with the gradient at θ_{k−1}; or at θ_0, and then with α/K."""
    xp, K = ops.xp, x.shape[0]
    if gradient_at == "start":
        errors = xp.matmul(x, theta_0) - t
        updates = (-lr / K) * errors[:, None] * x
    theta, path = theta_0, []
    for k in range(K):
        if gradient_at == "start":
            theta = theta + updates[k, ...]
        else:
            theta = theta - lr * (xp.sum(theta * x[k, ...]) - t[k, ...]) * x[k, ...]
        path.append(theta)
    return (xp.stack(path, axis=0),), None


# ---------------------------------------------------------------------------------- with a state
def momentum(ops: Ops, theta: Array, v: Array, g: Array, lr: float, rho: float) -> Any:
    """ρ v + g, and a step of −lr times that."""
    v = rho * v
    v += g
    update = -lr * v
    return (update, v, theta + update), None


def adagrad(ops: Ops, theta: Array, G: Array, g: Array, lr: float, eps: float, eps_placement: str) -> Any:
    """G + g², and a step of −lr g / (√G + ε) or −lr g / √(G + ε)."""
    G = G + g * g
    update = scaled(ops, -lr, g, G, eps, eps_placement)
    return (update, G, theta + update), None


def adam(
    ops: Ops,
    theta: Array,
    m: Array,
    v: Array,
    g: Array,
    t: int,
    lr: float,
    beta_1: float,
    beta_2: float,
    eps: float,
    eps_placement: str,
) -> Any:
    """The two averages, and a step of −lr m̂ / √(v̂ + ε) or −lr m̂ / (√v̂ + ε)."""
    m, v = average(beta_1, m, g), average(beta_2, v, g * g)
    v_hat = v / (1.0 - beta_2**t)
    update = scaled(ops, -lr / (1.0 - beta_1**t), m, v_hat, eps, eps_placement)
    return (update, m, v, theta + update), None


def average(rate: float, old: Array, new: Array) -> Array:
    """ρ·old + (1 − ρ)·new."""
    mixed = rate * old
    mixed += (1.0 - rate) * new
    return mixed


def scaled(ops: Ops, factor: float, g: Array, squares: Array, eps: float, eps_placement: str) -> Array:
    """factor · g / (√squares + ε), or ε inside the root."""
    xp = ops.xp
    divisor = xp.sqrt(squares + eps) if eps_placement == "inside" else xp.sqrt(squares) + eps
    if eps >= _SMALLEST:
        return factor * g / divisor
    return factor * quotient(ops, g, divisor)


def quotient(ops: Ops, a: Array, d: Array) -> Array:
    """a / d, and 0 where d is 0."""
    still = d == 0.0
    one, zero = ops.ones((1,) * d.ndim, like=d), ops.zeros((1,) * d.ndim, like=d)
    return ops.xp.where(still, zero, a / ops.xp.where(still, one, d))


def trajectory(
    ops: Ops,
    theta: Array,
    g: Array,
    lr: float,
    rho: float,
    beta_1: float,
    beta_2: float,
    eps: float,
    method: str,
    eps_placement: str,
) -> Any:
    """T steps; a state that starts at 0 for every entry of every tensor, and one t for all of them."""
    theta = theta + 0.0
    first, second = ops.zeros(theta.shape, like=theta), ops.zeros(theta.shape, like=theta)
    updates = []
    for t in range(1, g.shape[0] + 1):
        g_t = g[t - 1, ...]
        if method == "sgd":
            (update, theta), _ = sgd(ops, theta, g_t, lr)
        elif method == "momentum":
            (update, first, theta), _ = momentum(ops, theta, first, g_t, lr, rho)
        elif method == "adagrad":
            (update, second, theta), _ = adagrad(ops, theta, second, g_t, lr, eps, eps_placement)
        else:
            (update, first, second, theta), _ = adam(
                ops, theta, first, second, g_t, t, lr, beta_1, beta_2, eps, eps_placement
            )
        updates.append(update)
    return (ops.xp.stack(updates, axis=0) if updates else ops.zeros(g.shape, like=g), theta), None


# ---------------------------------------------------------------------------------- the learning rate
def lr_decay(ops: Ops, alpha_0: Array, k: Array, rate: float, schedule: str) -> Any:
    """α_0 / (1 + γ k), or α_0 (1 − γ)ᵏ."""
    steps = ops.xp.astype(k, alpha_0.dtype)
    if schedule == "geometric":
        factor = ops.full(k.shape, 1.0 - rate, like=alpha_0) ** steps
    else:
        factor = 1.0 / (1.0 + rate * steps)
    return (alpha_0 * factor,), lambda alpha_bar: {"alpha_0": ops.total(alpha_bar * factor, keep=0)}
