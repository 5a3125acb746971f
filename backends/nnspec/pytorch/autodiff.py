"""Computation graphs and dual numbers in PyTorch."""

from __future__ import annotations

from torch import Tensor


def computation_graph(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, ...]:
    """L = c (a + 2b), node by node."""
    d = 2 * b
    e = a + d
    return d, e, c * e


def forward_dual(u: Tensor, du: Tensor, v: Tensor, dv: Tensor) -> tuple[Tensor, ...]:
    """(u, du)(v, dv) = (uv, u dv + v du)."""
    return u * v, u * dv + v * du
