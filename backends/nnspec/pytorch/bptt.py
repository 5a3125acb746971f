"""Backpropagation through time on PyTorch: an error term is autograd's gradient of a pre-activation."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.pytorch._ops import activate, affine
from nnspec.pytorch.recurrent import scan


def univariate(
    x: Tensor,
    h0: Tensor,
    y_bar: Tensor,
    u: Tensor,
    v: Tensor,
    w: Tensor,
    b_h: Tensor | None,
    b_y: Tensor | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Tensor | None,
) -> tuple[Tensor, ...]:
    """The gradients of z, h and r, and the sums that are those of the parameters."""
    z_in = u * x if b_h is None else u * x + b_h
    with torch.enable_grad():
        z = z_in.detach().requires_grad_()
        h = scan(z[:, :, None], h0.detach()[:, None], w.reshape(1, 1), activation, relu_grad_at_zero)[:, :, 0]
        r = (v * h if b_y is None else v * h + b_y).detach().requires_grad_()
        (r_bar,) = torch.autograd.grad(activate(activation, r, relu_grad_at_zero), r, y_bar)
        (z_bar,) = torch.autograd.grad(h, z, r_bar * v, materialize_grads=True)
    h = h.detach()
    before, after = torch.cat([h0[:, None], h], 1)[:, :-1], torch.nn.functional.pad(z_bar, (0, 1))[:, 1:]
    sums = (z_bar * x, r_bar * h, z_bar * before, z_bar, r_bar)
    return r_bar, r_bar * v + after * w, z_bar, *(s.sum(1) for s in sums)


def vector_deltas(
    x: Tensor,
    h0: Tensor,
    delta_out: Tensor,
    W: Tensor,
    U: Tensor,
    V: Tensor,
    b_h: Tensor | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Tensor | None,
) -> tuple[Tensor, ...]:
    """δ_h,t = ∂L/∂z_t where ∂L/∂(V h_t) is given."""
    with torch.enable_grad():
        z = affine(x, W, b_h).detach().requires_grad_()
        h = scan(z, h0, U, activation, relu_grad_at_zero)
        (delta_h,) = torch.autograd.grad(h, z, delta_out @ V)
    return _gradients(x, h0, h.detach(), delta_h, delta_out)


def two_pass(
    x: Tensor,
    h0: Tensor,
    target: Tensor,
    W: Tensor,
    U: Tensor,
    V: Tensor,
    b_h: Tensor | None,
    b_y: Tensor | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Tensor | None,
) -> tuple[Tensor, ...]:
    """Forward with the loss, backward with the error terms."""
    with torch.enable_grad():
        z = affine(x, W, b_h).detach().requires_grad_()
        h = scan(z, h0, U, activation, relu_grad_at_zero)
        r = affine(h, V, b_y)
        losses = torch.nn.functional.cross_entropy(r.transpose(1, 2), target.long(), reduction="none")
        if lengths is not None:
            losses = losses * (torch.arange(x.shape[1], device=x.device) < lengths[:, None])
        delta_out, delta_h = torch.autograd.grad(losses.sum(), (r, z))
    h = h.detach()
    return losses.detach().sum(1), h, delta_out, *_gradients(x, h0, h, delta_h, delta_out)


def truncated(
    x: Tensor,
    h0: Tensor,
    delta_out: Tensor,
    W: Tensor,
    U: Tensor,
    V: Tensor,
    T1: int,
    T2: int,
    b_h: Tensor | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Tensor | None,
) -> tuple[Tensor, ...]:
    """Every T_1 steps, and at the end of every sequence, autograd over a window from a detached state."""
    B, T = x.shape[:2]
    pre = affine(x, W, b_h).detach()
    with torch.no_grad():
        h = scan(pre, h0, U, activation)
    steps = torch.arange(T, device=x.device)
    length = torch.full((B,), T, device=x.device) if lengths is None else lengths.long()
    ends = torch.minimum((steps // T1 + 1) * T1, length[:, None])
    counted = delta_out * (steps >= ends - T2)[:, :, None]
    errors = counted @ V
    before = torch.cat([h0[:, None], h], 1)
    delta_h = torch.zeros_like(h)
    for start in range(0, T, T1):
        end = min(start + T1, T)
        first = max(0, (end if lengths is None else start + 1) - T2)
        cut = ends[:, start, None] - T2  # the first step of each example's window
        with torch.enable_grad():
            z = pre[:, first:end].detach().requires_grad_()
            state, states = before[:, first], []
            for t in range(first, end):
                state = torch.where(cut == t, state.detach(), state)
                state = activate(activation, torch.addmm(z[:, t - first], state, U.detach().T), relu_grad_at_zero)
                states.append(state)
            run = torch.stack(states[start - first :] if first < start else states, 1)
            window = torch.autograd.grad(run, z, errors[:, max(start, first) : end])[0]
        delta_h[:, first:end] += window
    return _gradients(x, h0, h, delta_h, counted)


def _gradients(x: Tensor, h0: Tensor, h: Tensor, delta_h: Tensor, delta_out: Tensor) -> tuple[Tensor, ...]:
    """δ_h, and the sums over time: W̄, Ū, V̄, b̄_h, b̄_y of every example."""
    before = torch.cat([h0[:, None], h], 1)[:, :-1]
    columns, out = delta_h.transpose(1, 2), delta_out.transpose(1, 2)
    return delta_h, columns @ x, columns @ before, out @ h, delta_h.sum(1), delta_out.sum(1)
