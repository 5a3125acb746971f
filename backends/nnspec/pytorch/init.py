"""Initial parameters on PyTorch."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def zeros(W: Tensor) -> tuple[Tensor]:
    """Zeros in the shape of W."""
    return (torch.zeros_like(W),)


def small_random(u: Tensor, scale: float) -> tuple[Tensor]:
    """Uniform on ± scale."""
    return ((2 * u - 1) * scale,)


def xavier_uniform(u: Tensor) -> tuple[Tensor]:
    """Uniform on ± √(6 / (fan_in + fan_out))."""
    return ((2 * u - 1) * math.sqrt(6 / sum(u.shape)),)


def uniform_moments(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """(a + b) / 2 and (b − a) / √12."""
    return (a + b) / 2, (b - a) / math.sqrt(12)


def random_scaled(noise: Tensor, gain: float, fan: str) -> tuple[Tensor]:
    """Noise of variance 1, times gain / √n."""
    fan_out, fan_in = noise.shape
    n = {"in": fan_in, "out": fan_out, "average": (fan_in + fan_out) / 2}[fan]
    return (noise * (gain / math.sqrt(n)),)
