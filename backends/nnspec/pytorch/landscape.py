"""Curvature, convexity, symmetries and plateaux in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from nnspec.pytorch._ops import activate, affine


# ---------------------------------------------------------------------------------------- curvature
def taylor2(theta: Tensor, theta_0: Tensor, J_0: Tensor, g: Tensor, H: Tensor) -> tuple[Tensor, ...]:
    """J₀ + gᵀδ + ½ δᵀHδ for δ = θ − θ₀."""
    delta = theta - theta_0
    return (J_0 + delta @ g + 0.5 * (delta * affine(delta, H)).sum(-1),)


def directional_curvature(v: Tensor, t: Tensor, J_0: Tensor, g: Tensor, H: Tensor) -> tuple[Tensor, ...]:
    """J₀ + t gᵀv + ½ t² vᵀHv, and vᵀHv."""
    curvature = (v * affine(v, H)).sum(-1)
    return J_0 + t * (v @ g) + 0.5 * t * t * curvature, curvature


def spectral_decomposition(Q: Tensor, eigenvalues: Tensor) -> tuple[Tensor, ...]:
    """Q Λ Qᵀ."""
    return (Q * eigenvalues @ Q.T,)


# ---------------------------------------------------------------------------------------- convexity
def convex_set(x_0: Tensor, x_1: Tensor, lam: Tensor) -> tuple[Tensor, ...]:
    """(1 − λ) x₀ + λ x₁."""
    return (_between(x_0, x_1, lam.unsqueeze(-1)),)


def convex_function(
    z_0: Tensor, z_1: Tensor, lam: Tensor, t: Tensor, loss: str = "softmax_cross_entropy"
) -> tuple[Tensor, ...]:
    """J((1 − λ) z₀ + λ z₁) and (1 − λ) J(z₀) + λ J(z₁)."""
    z = _between(z_0, z_1, lam.unsqueeze(-1))
    return _loss(loss, z, t), _between(_loss(loss, z_0, t), _loss(loss, z_1, t), lam)


def convex_smooth(z: Tensor, t: Tensor, loss: str = "softmax_cross_entropy") -> tuple[Tensor, ...]:
    """The Hessian of a loss with respect to the outputs z."""
    if loss == "squared_error":
        return (torch.diag_embed(torch.ones_like(z)),)
    if loss == "softmax_cross_entropy":
        p = torch.softmax(z, -1)
        return (torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2),)
    s = torch.sigmoid(z)
    slope = s * (1 - s)
    if loss == "logistic_cross_entropy":
        return (torch.diag_embed(slope),)
    return (torch.diag_embed(slope.square() + (s - t) * slope * (1 - 2 * s)),)


def jensen(theta: Tensor, lam: Tensor, t: Tensor, loss: str = "softmax_cross_entropy") -> tuple[Tensor, ...]:
    """J(Σ λᵢθᵢ) and Σ λᵢ J(θᵢ)."""
    z = (lam.unsqueeze(-2) @ theta).squeeze(-2)
    return _loss(loss, z, t), (lam * _loss(loss, theta, t.unsqueeze(-2))).sum(-1)


def linear_model_convex(
    x: Tensor,
    t: Tensor,
    W_0: Tensor,
    b_0: Tensor,
    W_1: Tensor,
    b_1: Tensor,
    lam: Tensor,
    loss: str = "softmax_cross_entropy",
) -> tuple[Tensor, ...]:
    """The chord of the loss of a linear model, in its parameters."""
    z = affine(x, _between(W_0, W_1, lam), _between(b_0, b_1, lam))
    J_0, J_1 = _loss(loss, affine(x, W_0, b_0), t), _loss(loss, affine(x, W_1, b_1), t)
    return _loss(loss, z, t), _between(J_0, J_1, lam)


def no_spurious_minima(z: Tensor, z_star: Tensor, t: Tensor, loss: str = "softmax_cross_entropy") -> tuple[Tensor, ...]:
    """J(z) and its tangent at z*, J(z*) + ∇J(z*)ᵀ(z − z*)."""
    if loss == "softmax_cross_entropy":
        slope = torch.softmax(z_star, -1) - t
    elif loss == "squared_error":
        slope = z_star - t
    else:
        s = torch.sigmoid(z_star)
        slope = s - t if loss == "logistic_cross_entropy" else (s - t) * s * (1 - s)
    return _loss(loss, z, t), _loss(loss, z_star, t) + (slope * (z - z_star)).sum(-1)


def _between(a: Tensor, b: Tensor, lam: Tensor) -> Tensor:
    return (1 - lam) * a + lam * b


def _loss(loss: str, z: Tensor, t: Tensor) -> Tensor:
    """J(z), over the last axis."""
    if loss == "softmax_cross_entropy":
        z = z - z.detach().amax(-1, keepdim=True)
        return z.exp().sum(-1).log() - (t * z).sum(-1)
    if loss == "logistic_cross_entropy":
        return -(t * logsigmoid(z) + (1 - t) * logsigmoid(-z)).sum(-1)
    y = z if loss == "squared_error" else torch.sigmoid(z)
    return 0.5 * (y - t).square().sum(-1)


# --------------------------------------------------------------------------------------- symmetries
def permutation_symmetry(
    x: Tensor,
    W: Tensor,
    b: Tensor,
    V: Tensor,
    order: Tensor,
    activation: str = "relu",
    relu_grad_at_zero: int = 1,
) -> tuple[Tensor, ...]:
    """VPᵀ φ(PWx + Pb)."""
    order = order.long()
    h = activate(activation, affine(x, W[order], b[order]), relu_grad_at_zero)
    return (affine(h, V[:, order]),)


def permutation_average(W: Tensor, b: Tensor, V: Tensor) -> tuple[Tensor, ...]:
    """The mean unit, K times."""
    return (
        W.mean(0, keepdim=True).expand(W.shape).clone(),
        b.mean(0, keepdim=True).expand(b.shape).clone(),
        V.mean(1, keepdim=True).expand(V.shape).clone(),
    )


def identical_units(
    X: Tensor,
    T: Tensor,
    W: Tensor,
    b: Tensor,
    V: Tensor,
    c: Tensor,
    alpha: float,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> tuple[Tensor, ...]:
    """One gradient descent update of V φ(Wx + b) + c on the mean squared error."""
    with torch.enable_grad():
        parameters = [p.detach().requires_grad_() for p in (W, b, V, c)]
        W_, b_, V_, c_ = parameters
        y = affine(activate(activation, affine(X, W_, b_), relu_grad_at_zero), V_, c_)
        cost = (y - T).square().sum() / (2 * X.shape[0])
        gradients = torch.autograd.grad(cost, parameters)
    return tuple(p.detach() - alpha * g for p, g in zip(parameters, gradients, strict=True))


# ------------------------------------------------------------------------------- plateaux and ravines
def plateau(z: Tensor, t: Tensor, kind: str = "logistic_least_squares", tie: str = "gt") -> tuple[Tensor, ...]:
    """The cost of one unit, and its slope."""
    if kind in ("zero_one", "hard_threshold"):
        off = (z > 0 if tie == "gt" else z >= 0).to(z.dtype) - t
        return off.abs() if kind == "zero_one" else 0.5 * off.square(), torch.zeros_like(z)
    y = torch.tanh(z) if kind == "saturated" else torch.sigmoid(z)
    rate = 1 - y * y if kind == "saturated" else y * (1 - y)
    return 0.5 * (y - t).square(), (y - t) * rate


def dead_unit(x: Tensor, h_bar: Tensor, W: Tensor, b: Tensor, relu_grad_at_zero: int = 1) -> tuple[Tensor, ...]:
    """Σ_n (h̄ ⊙ ReLU′(z)) xᵀ, and the units whose slope is 0 on all inputs."""
    z = affine(x, W, b)
    slope = (z >= 0 if relu_grad_at_zero else z > 0).to(z.dtype)
    return (h_bar * slope).mT @ x, 1 - slope.amax(-2)


def ill_conditioning(theta: Tensor, H: Tensor, alpha: float) -> tuple[Tensor, ...]:
    """θ − αHθ, and ½ θᵀHθ."""
    g = affine(theta, H)
    return theta - alpha * g, 0.5 * (theta * g).sum(-1)
