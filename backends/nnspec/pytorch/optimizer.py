"""Optimisers in PyTorch: elementwise, so that one text serves a tensor and a stack of tensors."""

from __future__ import annotations

import torch
from torch import Tensor


# ------------------------------------------------------------------------------------ gradient descent
def gradient_descent(theta: Tensor, g: Tensor, lr: float) -> tuple[Tensor, ...]:
    """−α g, and θ moved by it."""
    update = -lr * g
    return update, theta + update


def sgd(theta: Tensor, g: Tensor, lr: float) -> tuple[Tensor, ...]:
    """The same step."""
    return gradient_descent(theta, g, lr)


def minibatch(g: Tensor, reduction: str) -> tuple[Tensor]:
    """The mean (or the sum) of the rows."""
    return (g.mean(0) if reduction == "mean" else g.sum(0),)


def minibatch_loop(theta_0: Tensor, x: Tensor, t: Tensor, lr: float, gradient_at: str) -> tuple[Tensor]:
    """θ_k ← θ_{k−1} − α (θ·x − t) x, with the gradient at θ_{k−1}; or at θ_0, and then with α/K."""
    if gradient_at == "start":
        updates = (-lr / len(x)) * (x @ theta_0 - t)[:, None] * x
        return (theta_0 + updates.cumsum(0),)
    theta, path = theta_0, []
    for x_k, t_k in zip(x, t, strict=True):
        theta = torch.addcmul(theta, theta @ x_k - t_k, x_k, value=-lr)
        path.append(theta)
    return (torch.stack(path),)


# ---------------------------------------------------------------------------------- with a state
def momentum(theta: Tensor, v: Tensor, g: Tensor, lr: float, rho: float) -> tuple[Tensor, ...]:
    """ρ v + g, and a step of −lr times that."""
    v = torch.add(g, v, alpha=rho)
    update = -lr * v
    return update, v, theta + update


def adagrad(theta: Tensor, G: Tensor, g: Tensor, lr: float, eps: float, eps_placement: str) -> tuple[Tensor, ...]:
    """G + g², and a step of −lr g / (√G + ε) or −lr g / √(G + ε)."""
    G = torch.addcmul(G, g, g)
    update = -lr * quotient(g, denominator(G, eps, eps_placement))
    return update, G, theta + update


def adam(
    theta: Tensor,
    m: Tensor,
    v: Tensor,
    g: Tensor,
    t: int,
    lr: float,
    beta_1: float,
    beta_2: float,
    eps: float,
    eps_placement: str,
) -> tuple[Tensor, ...]:
    """The two averages, and a step of −lr m̂ / √(v̂ + ε) or −lr m̂ / (√v̂ + ε)."""
    m, v = average(beta_1, m, g), average(beta_2, v, g * g)
    v_hat = v / (1.0 - beta_2**t)
    update = (-lr / (1.0 - beta_1**t)) * quotient(m, denominator(v_hat, eps, eps_placement))
    return update, m, v, theta + update


def average(rate: float, old: Tensor, new: Tensor) -> Tensor:
    """ρ·old + (1 − ρ)·new."""
    return torch.add(rate * old, new, alpha=1.0 - rate)


def denominator(squares: Tensor, eps: float, eps_placement: str) -> Tensor:
    """√squares + ε, or ε inside the root."""
    return torch.sqrt(squares + eps) if eps_placement == "inside" else torch.sqrt(squares) + eps


def quotient(a: Tensor, d: Tensor) -> Tensor:
    """a / d, and 0 where d is 0."""
    return torch.where(d == 0, torch.zeros_like(a), a / d)


def trajectory(
    theta: Tensor,
    g: Tensor,
    lr: float,
    rho: float,
    beta_1: float,
    beta_2: float,
    eps: float,
    method: str,
    eps_placement: str,
) -> tuple[Tensor, ...]:
    """T steps; a state that starts at 0 for every entry of every tensor, and one t for all of them."""
    theta = theta.clone()
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    updates = []
    for t, g_t in enumerate(g, 1):
        if method == "sgd":
            update, theta = sgd(theta, g_t, lr)
        elif method == "momentum":
            update, first, theta = momentum(theta, first, g_t, lr, rho)
        elif method == "adagrad":
            update, second, theta = adagrad(theta, second, g_t, lr, eps, eps_placement)
        else:
            update, first, second, theta = adam(theta, first, second, g_t, t, lr, beta_1, beta_2, eps, eps_placement)
        updates.append(update)
    return (torch.stack(updates) if updates else torch.zeros_like(g)), theta


# ---------------------------------------------------------------------------------- the learning rate
def lr_decay(alpha_0: Tensor, k: Tensor, rate: float, schedule: str) -> tuple[Tensor]:
    """α_0 / (1 + γ k), or α_0 (1 − γ)ᵏ."""
    steps = k.to(alpha_0.dtype)
    return (alpha_0 * (1.0 - rate) ** steps if schedule == "geometric" else alpha_0 / (1.0 + rate * steps),)
