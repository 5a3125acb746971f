"""What the PyTorch bodies share."""

from __future__ import annotations

import torch
from torch import Tensor


def relu_with(x: Tensor, grad_at_zero: int) -> Tensor:
    """max(x, 0): `torch.relu` has the derivative 0 at 0; the notes' convention, 1, needs a `where`.

    Both leave −0 as it is; + 0.0 makes it +0.
    """
    if grad_at_zero == 0:
        return torch.relu(x) + 0.0
    return torch.where(x < 0, torch.zeros((), dtype=x.dtype, device=x.device), x) + 0.0


def activate(name: str, z: Tensor, relu_grad_at_zero: int = 1) -> Tensor:
    """An activation by its name: tanh, sigmoid, relu, identity."""
    if name == "relu":
        return relu_with(z, relu_grad_at_zero)
    if name == "identity":
        return z
    return torch.tanh(z) if name == "tanh" else torch.sigmoid(z)


def affine(x: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    """x Wᵀ + b along the last axis."""
    return torch.nn.functional.linear(x, W, b)


def last(states: Tensor, initial: Tensor, lengths: Tensor | None) -> Tensor:
    """The state after the last step of every sequence (the initial state where the length is 0)."""
    B, T = states.shape[:2]
    if T == 0:
        return initial.clone()
    if lengths is None:
        return states[:, -1].clone()
    lengths = lengths.long()
    picked = states[torch.arange(B, device=states.device), (lengths - 1).clamp(min=0)]
    some = (lengths > 0).reshape(B, *(1,) * (states.ndim - 2))
    return torch.where(some, picked, initial)


def reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Every sequence reversed within its own length; its padding stays where it is."""
    B, T = x.shape[:2]
    if lengths is None or T == 0:
        return x.flip(1)
    steps, ends = torch.arange(T, device=x.device)[None, :], lengths.long()[:, None]
    source = torch.where(steps < ends, ends - 1 - steps, steps)
    return x[torch.arange(B, device=x.device)[:, None], source]
