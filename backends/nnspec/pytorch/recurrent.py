"""Recurrent networks on PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nnspec.pytorch._ops import activate, affine, last


def scan(pre: Tensor, h0: Tensor, U: Tensor, activation: str, relu_grad_at_zero: int = 1) -> Tensor:
    """The states of h_t = g(pre_t + U h_{t−1})."""
    h, states = h0, []
    for z in pre.unbind(1):
        h = activate(activation, torch.addmm(z, h, U.T), relu_grad_at_zero)
        states.append(h)
    return torch.stack(states, 1) if states else pre.clone()


def states(
    x: Tensor, h0: Tensor, W: Tensor, U: Tensor, b: Tensor | None, activation: str, relu_grad_at_zero: int = 1
) -> Tensor:
    """The states of h_t = g(W x_t + U h_{t−1} + b): PyTorch's own kernel for tanh on the CPU, else a loop."""
    if activation == "tanh" and x.device.type == "cpu" and x.shape[0] and x.shape[1]:
        weights = [W, U] if b is None else [W, U, b, torch.zeros_like(b)]
        initial = h0[None].contiguous()
        return torch.rnn_tanh(x, initial, weights, b is not None, 1, 0.0, False, False, True)[0]
    return scan(affine(x, W, b), h0, U, activation, relu_grad_at_zero)


def _readout(output: str, r: Tensor) -> Tensor:
    if output == "softmax":
        return torch.softmax(r, -1)
    return torch.sigmoid(r) if output == "sigmoid" else r


def elman(
    x: Tensor,
    h0: Tensor,
    W: Tensor,
    U: Tensor,
    V: Tensor,
    b_h: Tensor | None,
    b_y: Tensor | None,
    activation: str,
    relu_grad_at_zero: int,
    output: str,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """h_t = g(W x_t + U h_{t−1} + b_h), y_t = f(V h_t + b_y)."""
    h = states(x, h0, W, U, b_h, activation, relu_grad_at_zero)
    return h, _readout(output, affine(h, V, b_y)), last(h, h0, lengths)


def forward_algorithm(
    x: Tensor, W: Tensor, U: Tensor, V: Tensor, g: str, f: str, lengths: Tensor | None
) -> tuple[Tensor]:
    """The same from h_0 = 0, without biases."""
    h = states(x, x.new_zeros(x.shape[0], U.shape[0]), W, U, None, g)
    return (_readout(f, affine(h, V)),)


def first_step_bias(
    x: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    b_first: Tensor,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Tensor | None,
) -> tuple[Tensor]:
    """The first step from no state and with a bias of its own; the others from its state."""
    first = activate(activation, affine(x[:, :1], W, b_first), relu_grad_at_zero)
    if x.shape[1] < 2:
        return (first,)
    return (torch.cat([first, states(x[:, 1:], first[:, 0], W, U, b, activation, relu_grad_at_zero)], 1),)


def univariate(
    x: Tensor,
    h0: Tensor,
    u: Tensor,
    v: Tensor,
    w: Tensor,
    b_h: Tensor | None,
    b_y: Tensor | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """z = u x + w h + b_h, h = φ(z), y = φ(v h + b_y)."""
    pre = u * x if b_h is None else u * x + b_h
    h = scan(pre[:, :, None], h0[:, None], w.reshape(1, 1), activation, relu_grad_at_zero)[:, :, 0]
    r = v * h if b_y is None else v * h + b_y
    return h, activate(activation, r, relu_grad_at_zero), last(h, h0, lengths)


def unroll(
    x: Tensor,
    h0: Tensor,
    W: Sequence[Tensor],
    U: Sequence[Tensor],
    b: Sequence[Tensor] | None,
    activation: str,
    relu_grad_at_zero: int,
) -> tuple[Tensor]:
    """One layer a step, each with weights of its own."""
    h, layers = h0, []
    for k, (W_k, U_k) in enumerate(zip(W, U, strict=True)):
        z = affine(x[:, k], W_k, None if b is None else b[k]) + affine(h, U_k)
        h = activate(activation, z, relu_grad_at_zero)
        layers.append(h)
    return (torch.stack(layers, 1),)


def hidden_as_memory(
    x: Tensor,
    h0: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Tensor | None,
) -> tuple[Tensor]:
    """∂h_T/∂x_s, row by row: the gradient of each unit of the last state."""
    H = U.shape[0]
    if not x.shape[1]:
        return (x.new_zeros(x.shape[0], 0, H, x.shape[2]),)
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        h_T = last(states(x, h0, W, U, b, activation, relu_grad_at_zero), h0, lengths)
        rows = [torch.autograd.grad(h_T[:, i].sum(), x, retain_graph=True)[0] for i in range(H)]
    return (torch.stack(rows, 2),)


def parity_rnn(x: Tensor, y0: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """AND, OR, and OR without AND, by thresholds; the output is fed back."""
    y, steps = y0, []
    for x_t in x.unbind(1):
        s = x_t + y
        h1, h2 = (s - 1.5 > 0).to(x.dtype), (s - 0.5 > 0).to(x.dtype)
        y = (h2 - h1 - 0.5 > 0).to(x.dtype)
        steps.append((h1, h2, y))
    if not steps:
        return x.clone(), x.clone(), x.clone(), y0.clone()
    h1s, h2s, ys = (torch.stack(a, 1) for a in zip(*steps, strict=True))
    return h1s, h2s, ys, last(ys, y0, lengths)
