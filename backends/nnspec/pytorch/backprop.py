"""Backpropagation as the notes print it, in PyTorch: autograd through it gives second derivatives."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from nnspec.pytorch._ops import activate, affine


def err_root(p: Tensor, gold: Tensor) -> tuple[Tensor, ...]:
    """e_{i*} − P."""
    return (_error(p, gold),)


def softmax_output_weights(z: Tensor, p: Tensor, gold: Tensor) -> tuple[Tensor, ...]:
    """(e_{i*} − P) zᵀ."""
    return (_outer(_error(p, gold), z),)


def hidden_error(W: Tensor, err_root: Tensor) -> tuple[Tensor, ...]:
    """Wᵀ err(root)."""
    return (err_root @ W,)


def hidden_weights(
    f: Tensor, err_z: Tensor, V: Tensor, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> tuple[Tensor, ...]:
    """(err(z) ⊙ g′(a)) fᵀ, a = V f."""
    a = affine(f, V)
    err_a = err_z * _slope(activation, a, activate(activation, a, relu_grad_at_zero), relu_grad_at_zero)
    return (_outer(err_a, f),)


def unit_equations(
    h_bar: Tensor, z: Tensor, x: Tensor, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> tuple[Tensor, ...]:
    """z̄ = h̄ ⊙ φ′(z) and w̄ = z̄ xᵀ."""
    z_bar = h_bar * _slope(activation, z, activate(activation, z, relu_grad_at_zero), relu_grad_at_zero)
    return z_bar, _outer(z_bar, x)


def algorithm(
    f: Tensor, gold: Tensor, V: Tensor, W: Tensor, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> tuple[Tensor, ...]:
    """The five steps."""
    a = affine(f, V)
    z = activate(activation, a, relu_grad_at_zero)
    error = _error(torch.softmax(affine(z, W), -1), gold)
    err_z = error @ W
    err_a = err_z * _slope(activation, a, z, relu_grad_at_zero)
    return error, _outer(error, z), err_z, _outer(err_a, f), err_a @ V


def _error(p: Tensor, gold: Tensor) -> Tensor:
    return one_hot(gold.long(), p.shape[-1]).to(p.dtype) - p


def _slope(activation: str, z: Tensor, h: Tensor, relu_grad_at_zero: int) -> Tensor:
    if activation == "tanh":
        return 1 - h * h
    if activation == "sigmoid":
        return h * (1 - h)
    if activation == "relu":
        return (z >= 0 if relu_grad_at_zero else z > 0).to(z.dtype)
    return torch.ones_like(z)


def _outer(a: Tensor, b: Tensor) -> Tensor:
    return a.unsqueeze(-1) * b.unsqueeze(-2)
