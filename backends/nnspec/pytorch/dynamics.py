"""Iterated maps and their Jacobians on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor


def _slope(activation: str, z: Tensor) -> Tensor:
    """φ'(z), differentiable."""
    if activation == "tanh":
        return 1 - torch.tanh(z) ** 2
    if activation == "sigmoid":
        s = torch.sigmoid(z)
        return s * (1 - s)
    return torch.ones_like(z) if activation == "identity" else (z >= 0).to(z.dtype)


def scalar_jacobian(z: Tensor, h_T_bar: Tensor, w: Tensor, activation: str) -> tuple[Tensor, Tensor]:
    """h̄^(1) = Π_t (w φ'(z^(t))) h̄^(T), and the product itself."""
    jacobian = (w * _slope(activation, z)).prod(1)
    return jacobian * h_T_bar, jacobian


def linear_jacobian(w: Tensor, T: int) -> tuple[Tensor]:
    """w^{T−1}."""
    return (w ** (T - 1),)


def jacobian_product(z: Tensor, U: Tensor, activation: str) -> tuple[Tensor]:
    """F_n ⋯ F_1 with F_k = diag(φ'(z_k)) U."""
    product = torch.eye(U.shape[0], dtype=z.dtype, device=z.device).repeat(z.shape[0], 1, 1)
    for slope in _slope(activation, z).unbind(1):
        product = slope[:, :, None] * (U @ product)
    return (product,)


def iterated_map(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """f(x) = 3.5 x (1 − x), k times, and the derivative."""
    y, derivative = x.clone(), torch.ones_like(x)
    for _ in range(k):
        derivative = derivative * (3.5 * (1 - 2 * y))
        y = 3.5 * y * (1 - y)
    return y, derivative


def attractors(h: Tensor, k: int, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """h_j = tanh(w h_{j−1} + b), with ∂h_k/∂h_0 and ∂h_k/∂b."""
    with torch.enable_grad():
        start, bias = h.detach().clone().requires_grad_(), b.detach().expand(h.shape).clone().requires_grad_()
        state = start
        for _ in range(k):
            state = torch.tanh(w * state + bias)
        dh, db = torch.autograd.grad(state.sum(), (start, bias), materialize_grads=True)
    return state.detach().clone(), dh, db
