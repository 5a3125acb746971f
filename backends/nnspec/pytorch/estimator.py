"""Stochastic gradients as estimators, in PyTorch."""

from __future__ import annotations

from torch import Tensor

from nnspec.errors import DomainError


def unbiased_gradient(g: Tensor) -> tuple[Tensor, ...]:
    """The mean ḡ of the rows, and E_i[g_i · ḡ] = ‖ḡ‖²."""
    mean = g.mean(0)
    return mean, mean.square().sum()


def minibatch_variance(g: Tensor, S: int, replacement: bool) -> tuple[Tensor]:
    """The variance of a row, over S; (N − S)/(N − 1) of it without replacement."""
    N = len(g)
    if not replacement and S > N:
        raise DomainError("estimator.minibatch_variance", "S", f"at most N = {N} without replacement", str(S))
    # two passes: `Tensor.var` updates a running mean, which rounds where no operation of the equation does
    variance = (g - g.mean(0)).square().mean(0) / S
    return (variance if replacement or N == 1 else variance * ((N - S) / (N - 1)),)
