"""Sequence architectures on PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from nnspec.pytorch import _ops
from nnspec.pytorch._ops import activate, last, reverse
from nnspec.pytorch.gated import ONE_LAYER, in_one_piece


def _elman(x: Tensor, h0: Tensor, W: Tensor, U: Tensor, b: Tensor | None) -> Tensor:
    """The states of a tanh RNN, (B, T, H), by the fused kernel."""
    if 0 in x.shape[:2]:
        return x.new_zeros(*x.shape[:2], h0.shape[1])
    weights = (W, U) if b is None else (W, U, b, torch.zeros_like(b))
    return torch.rnn_tanh(x, h0[None].contiguous(), in_one_piece(*weights), b is not None, *ONE_LAYER, True)[0]


def _word_rnn(words: Tensor, h0: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
    """The RNN on indicator vectors, whose product with W is a column of it."""
    h, states = h0, []
    for from_word in (W.T[words] + b).unbind(1):
        h = torch.tanh(from_word + linear(h, U))
        states.append(h)
    return torch.stack(states, dim=1) if states else h0.new_zeros(h0.shape[0], 0, h0.shape[1])


# --------------------------------------------------------------------------------- stacked and bidirectional
def stacked_rnn(
    x: Tensor,
    W: list[Tensor],
    U: list[Tensor],
    h0: list[Tensor],
    b: list[Tensor] | None,
    activation: str,
    lengths: Tensor | None,
) -> tuple[Tensor]:
    """One RNN on the states of the other."""
    h = x if W else x.clone()
    for layer in range(len(W)):
        bias = None if b is None else b[layer]
        if activation == "tanh":
            h = _elman(h, h0[layer], W[layer], U[layer], bias)
            continue
        state, states = h0[layer], []
        for from_below in linear(h, W[layer], bias).unbind(1):
            state = activate(activation, from_below + linear(state, U[layer]))
            states.append(state)
        h = torch.stack(states, dim=1) if states else h.new_zeros(h.shape[0], 0, W[layer].shape[0])
    return (h,)


def birnn(
    x: Tensor,
    h0_f: Tensor,
    h0_b: Tensor,
    W_f: Tensor,
    U_f: Tensor,
    W_b: Tensor,
    U_b: Tensor,
    b_f: Tensor,
    b_b: Tensor,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Two RNNs, the second on the sequence reversed within its length; their states side by side."""
    forward = _elman(x, h0_f, W_f, U_f, b_f)
    backward = _elman(_ops.reverse(x, lengths), h0_b, W_b, U_b, b_b)
    h = torch.cat([forward, _ops.reverse(backward, lengths)], dim=2)
    return h, last(forward, h0_f, lengths), last(backward, h0_b, lengths)


def birnn_classifier(
    x: Tensor,
    h0_f: Tensor,
    h0_b: Tensor,
    W_f: Tensor,
    U_f: Tensor,
    W_b: Tensor,
    U_b: Tensor,
    b_f: Tensor,
    b_b: Tensor,
    W_1: Tensor,
    b_1: Tensor,
    W_2: Tensor,
    b_2: Tensor | None,
    lengths: Tensor | None,
) -> tuple[Tensor]:
    """The feedforward classifier on both final states."""
    _, h_n, h_1 = birnn(x, h0_f, h0_b, W_f, U_f, W_b, U_b, b_f, b_b, lengths)
    return _classifier(torch.cat([h_n, h_1], dim=1), W_1, b_1, W_2, b_2)


# ----------------------------------------------------------------------------- classifying and tagging
def rnn_classifier(
    x: Tensor,
    h0: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    W_1: Tensor,
    b_1: Tensor,
    W_2: Tensor,
    b_2: Tensor | None,
    lengths: Tensor | None,
) -> tuple[Tensor]:
    """The feedforward classifier on the final state."""
    return _classifier(last(_elman(x, h0, W, U, b), h0, lengths), W_1, b_1, W_2, b_2)


def _classifier(h: Tensor, W_1: Tensor, b_1: Tensor, W_2: Tensor, b_2: Tensor | None) -> tuple[Tensor]:
    return (torch.softmax(linear(torch.sigmoid(linear(h, W_1, b_1)), W_2, b_2), dim=-1),)


def rnn_tagger(
    x: Tensor,
    h0: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    V: Tensor,
    b_y: Tensor | None,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """A distribution over tags at each step, and its mode."""
    z = linear(_elman(x, h0, W, U, b), V, b_y)
    return torch.softmax(z, dim=-1), z.argmax(-1)


# --------------------------------------------------------------------------------------------- translating
def seq2seq(
    x: Tensor,
    n: Tensor,
    h0: Tensor,
    end: Tensor,
    W_e: Tensor,
    U_e: Tensor,
    b_e: Tensor,
    W_d: Tensor,
    U_d: Tensor,
    b_d: Tensor,
    V: Tensor,
    b_y: Tensor,
    y: Tensor,
    stop: Tensor,
    reverse: bool,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """An encoder, a decoder that is told the translation, and one that finds its own."""
    y, stop, T = y.long(), stop.long(), y.shape[1]
    s_n = last(_elman(_ops.reverse(x, n) if reverse else x, h0, W_e, U_e, b_e), h0, n)
    s_1 = torch.tanh(linear(end, W_e, b_e) + linear(s_n, U_e))
    s = torch.cat([s_1[:, None], _word_rnn(y[:, :-1], s_1, W_d, U_d, b_d)], dim=1)[:, :T]
    log_p = torch.log_softmax(linear(s, V, b_y), dim=-1).gather(2, y[..., None])[..., 0]
    greedy: list[Tensor] = []
    with torch.no_grad():
        state = s_1
        for t in range(T):
            if t > 0:
                state = torch.tanh(W_d.T[greedy[-1]] + linear(state, U_d, b_d))
            best = linear(state, V, b_y).argmax(-1)
            greedy.append(best if t == 0 else torch.where(greedy[-1] == stop, stop, best))
    return log_p, torch.stack(greedy, dim=1) if greedy else torch.zeros_like(y)


# --------------------------------------------------------------------------------------- language modelling
def rnn_language_model(
    w: Tensor,
    h0: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    V: Tensor,
    b_y: Tensor,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """log p(w_t | w_{<t}), and the whole distributions."""
    (inputs,) = teacher_forcing(w, w.new_tensor(V.shape[0]), lengths)
    z = linear(_word_rnn(inputs, h0, W, U, b), V, b_y)
    log_p = torch.log_softmax(z, dim=-1).gather(2, w.long()[..., None])[..., 0]
    return log_p, torch.softmax(z, dim=-1)


def teacher_forcing(w: Tensor, start: Tensor, lengths: Tensor | None) -> tuple[Tensor]:
    """The gold tokens, one step late."""
    first = start.long().expand(w.shape[0], 1)
    return (torch.cat([first, w[:, :-1].long()], dim=1)[:, : w.shape[1]],)


def autoregressive_sampling(
    u: Tensor,
    h0: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    V: Tensor,
    b_y: Tensor,
    stop: Tensor,
    lengths: Tensor | None,
) -> tuple[Tensor]:
    """Words drawn by the inverse of the distribution function, each fed back."""
    N, stop = V.shape[0], stop.long()
    h, word, sample = h0, torch.full(u.shape[:1], V.shape[0], device=u.device), []
    for u_t in u.unbind(1):
        h = torch.tanh(W.T[word] + linear(h, U, b))
        below = torch.softmax(linear(h, V, b_y), dim=-1).cumsum(-1)
        drawn = (below <= u_t[:, None]).sum(-1).clamp(max=N - 1)
        word = torch.where(word == stop, stop, drawn)
        sample.append(word)
    return (torch.stack(sample, dim=1) if sample else u.new_zeros(u.shape, dtype=torch.int64),)


def reverse_input(x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """x_n, …, x_1, and the lags 2i − 1."""
    lag = 2 * torch.arange(x.shape[1], device=x.device) + 1
    return reverse(x, lengths), lag.repeat(x.shape[0], 1)
