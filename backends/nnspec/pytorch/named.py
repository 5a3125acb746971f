"""The methods that the notes only name, in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nnspec.errors import DomainError
from nnspec.pytorch._ops import activate, affine, last
from nnspec.pytorch.optimizer import average, denominator, quotient
from nnspec.pytorch.softmax import log_total


# ---------------------------------------------------------------------------------- learning a single unit
def perceptron_learning_rule(x: Tensor, y: Tensor, w: Tensor, lr: float, tie: str) -> tuple[Tensor, ...]:
    """ŷ, and a step of η (y − ŷ) x."""
    z = x @ w
    y_hat = (z > 0 if tie == "gt" else z >= 0).to(x.dtype)
    update = (lr * (y - y_hat))[:, None] * x
    return y_hat, update, w + update


def adaline_madaline(x: Tensor, t: Tensor, w: Tensor, lr: float) -> tuple[Tensor, ...]:
    """A step of η (t − w·x) x."""
    update = (lr * (t - x @ w))[:, None] * x
    return update, w + update


# ---------------------------------------------------------------------------------- optimisers
def rmsprop(
    theta: Tensor, v: Tensor, g: Tensor, lr: float, rho: float, eps: float, eps_placement: str
) -> tuple[Tensor, ...]:
    """The average of the squares, and a step of −lr g / (√v + ε)."""
    v = average(rho, v, g * g)
    update = -lr * quotient(g, denominator(v, eps, eps_placement))
    return update, v, theta + update


def adadelta(theta: Tensor, v: Tensor, d: Tensor, g: Tensor, rho: float, eps: float) -> tuple[Tensor, ...]:
    """Both averages, and a step of −√(d + ε) / √(v + ε) g."""
    v = average(rho, v, g * g)
    update = -torch.sqrt(d + eps) / torch.sqrt(v + eps) * g
    return update, v, average(rho, d, update * update), theta + update


def adamax(
    theta: Tensor, m: Tensor, u: Tensor, g: Tensor, t: int, lr: float, beta_1: float, beta_2: float
) -> tuple[Tensor, ...]:
    """The average, the decaying maximum, and a step of −η/(1 − β₁ᵗ) m/u."""
    m, u = average(beta_1, m, g), torch.maximum(beta_2 * u, g.abs())
    update = (-lr / (1.0 - beta_1**t)) * quotient(m, u)
    return update, m, u, theta + update


def nesterov_lookahead(theta: Tensor, v: Tensor, rho: float) -> tuple[Tensor]:
    """θ + ρ v."""
    return (torch.add(theta, v, alpha=rho),)


def nesterov_momentum(theta: Tensor, v: Tensor, g: Tensor, lr: float, rho: float) -> tuple[Tensor, ...]:
    """v ← ρ v − lr g, which is the step."""
    v = rho * v - lr * g
    return v, v.clone(), theta + v


def iterate_averaging(theta_bar: Tensor, theta: Tensor, t: int) -> tuple[Tensor]:
    """θ̄ + (θ − θ̄)/t."""
    return (theta_bar + (theta - theta_bar) / t,)


# ---------------------------------------------------------------------------------- units and layers
def leaky_relu(x: Tensor, alpha: float) -> tuple[Tensor]:
    """max(x, αx); `functional.leaky_relu` has the derivative α at 0, the notes' convention is 1."""
    return (torch.where(x < 0, alpha * x, x),)


def multiplicative_interactions(x: Tensor, h: Tensor, F: Tensor, G: Tensor, activation: str) -> tuple[Tensor]:
    """g((F x) ⊙ (G h))."""
    return (activate(activation, affine(x, F) * affine(h, G)),)


def tree_structured_networks(c_1: Tensor, c_2: Tensor, W: Tensor, b: Tensor | None, activation: str) -> tuple[Tensor]:
    """g(W [c_1; c_2] + b)."""
    return (activate(activation, affine(torch.cat([c_1, c_2], 1), W, b)),)


def convnet_alexnet(x: Tensor, w: Tensor, b: Tensor | None) -> tuple[Tensor]:
    """y_i = Σ_k w_k x_{i+k} + b."""
    _fits("named.convnet_alexnet", "w", x.shape[1], w.shape[0])
    y = x.unfold(1, w.shape[0], 1) @ w
    return (y if b is None else y + b,)


def _fits(equation: str, argument: str, N: int, K: int) -> None:
    """`DomainError` if a window of K does not fit into N."""
    if K > N:
        raise DomainError(equation, argument, f"K at most N = {N}", f"K = {K}")


def cnn_sentence_classifiers(x: Tensor, W: Tensor, b: Tensor | None, activation: str) -> tuple[Tensor, ...]:
    """c_i = g(w · x_{i:i+K−1} + b), and g of the first largest argument."""
    F, K, _ = W.shape
    _fits("named.cnn_sentence_classifiers", "W", x.shape[1], K)
    windows = x.unfold(1, K, 1).transpose(2, 3).flatten(2)
    z = affine(windows, W.reshape(F, -1), b)
    top = z.gather(1, z.detach().argmax(1, keepdim=True))[:, 0]
    return activate(activation, z), activate(activation, top)


def scrn(x: Tensor, s0: Tensor, B: Tensor, alpha: float, lengths: Tensor | None) -> tuple[Tensor, ...]:
    """s_t = (1 − α) B x_t + α s_{t−1}."""
    inputs = (1.0 - alpha) * affine(x, B)
    s, states = s0, []
    for u_t in inputs.unbind(1):
        s = torch.add(u_t, s, alpha=alpha)
        states.append(s)
    stacked = torch.stack(states, 1) if states else inputs
    return stacked, last(stacked, s0, lengths)


# ---------------------------------------------------------------------------------- attention, words, labels
def attention(s: Tensor, h: Tensor, W: Tensor, U: Tensor, v: Tensor, lengths: Tensor | None) -> tuple[Tensor, ...]:
    """α = softmax(vᵀ tanh(W s + U h_i)) over the words that there are, and Σ_i α_i h_i."""
    e = torch.tanh(affine(s, W)[:, None] + affine(h, U)) @ v
    if lengths is not None:
        e = e.masked_fill(_beyond(e, lengths), -torch.inf)
    alpha = torch.softmax(e, 1)
    return alpha, (alpha[:, None] @ h)[:, 0]


def _beyond(like: Tensor, lengths: Tensor) -> Tensor:
    """(B, T): the steps beyond a sequence's length."""
    return torch.arange(like.shape[1], device=like.device)[None, :] >= lengths[:, None]


def skip_gram(w: Tensor, c: Tensor, v: Tensor, u: Tensor) -> tuple[Tensor, ...]:
    """softmax(u v_w), and −log of its entry c."""
    z = affine(functional.embedding(w, v), u)
    return torch.softmax(z, 1), functional.cross_entropy(z, c.long(), reduction="none")


def neural_crf(psi: Tensor, y: Tensor, A: Tensor, lengths: Tensor | None) -> tuple[Tensor]:
    """The score of the tags less the forward algorithm's log Z."""
    B, T, _ = psi.shape
    if T == 0:
        return (psi.sum((1, 2)),)
    y = y.long()
    lengths = torch.full((B,), T, device=psi.device) if lengths is None else lengths
    present = ~_beyond(psi, lengths)
    steps = psi.gather(2, y[..., None])[..., 0]
    pairs = A[y[:, :-1], y[:, 1:]]
    zero = torch.zeros((), dtype=psi.dtype, device=psi.device)
    score = torch.where(present, steps, zero).sum(1) + torch.where(present[:, 1:], pairs, zero).sum(1)
    a = psi[:, 0]
    for t in range(1, T):
        reached = psi[:, t] + log_total(a[:, None, :] + A.T)
        a = torch.where(present[:, t, None], reached, a)
    return (torch.where(present[:, 0], score - log_total(a), zero),)
