"""Sequence architectures on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnspec.array._kernels import elman
from nnspec.array._ops import Array, Ops


# --------------------------------------------------------------------------------- stacked and bidirectional
def stacked_rnn(
    ops: Ops,
    x: Array,
    W: Sequence[Array],
    U: Sequence[Array],
    h0: Sequence[Array],
    b: Sequence[Array] | None,
    activation: str,
    lengths: Array | None,
) -> Any:
    """One RNN on the states of the other."""
    h, backs = x if W else x + 0.0, []
    for layer in range(len(W)):
        bias = None if b is None else b[layer]
        h, back = elman(ops, h, h0[layer], W[layer], U[layer], bias, activation)
        backs.append(back)

    def pullback(h_bar: Array) -> dict[str, Any]:
        layers = []
        for back in reversed(backs):
            assert back is not None
            h_bar, *rest = back(h_bar)
            layers.append(rest)
        names = ("h0", "W", "U", "b")
        return {
            "x": h_bar + 0.0,
            **{name: [rest[n] for rest in layers[::-1]] for n, name in enumerate(names)},
        }

    return (h,), pullback


def birnn(
    ops: Ops,
    x: Array,
    h0_f: Array,
    h0_b: Array,
    W_f: Array,
    U_f: Array,
    W_b: Array,
    U_b: Array,
    b_f: Array,
    b_b: Array,
    lengths: Array | None,
) -> Any:
    """Two RNNs, the second on the sequence reversed within its length; their states side by side."""
    H, T = h0_f.shape[1], x.shape[1]
    forward, pull_f = elman(ops, x, h0_f, W_f, U_f, b_f)
    backward, pull_b = elman(ops, ops.reverse(x, lengths), h0_b, W_b, U_b, b_b)
    h = ops.xp.concat([forward, ops.reverse(backward, lengths)], axis=2)

    def pullback(h_bar: Array, h_n_bar: Array, h_1_bar: Array) -> dict[str, Array]:
        assert pull_f is not None and pull_b is not None
        to_f, to_h0_f = ops.last_pullback(h_n_bar, T, lengths)
        to_b, to_h0_b = ops.last_pullback(h_1_bar, T, lengths)
        x_f, h0_f_bar, W_f_bar, U_f_bar, b_f_bar = pull_f(h_bar[:, :, :H] + to_f)
        x_b, h0_b_bar, W_b_bar, U_b_bar, b_b_bar = pull_b(ops.reverse(h_bar[:, :, H:], lengths) + to_b)
        return {
            "x": x_f + ops.reverse(x_b, lengths),
            "h0_f": h0_f_bar + to_h0_f,
            "h0_b": h0_b_bar + to_h0_b,
            "W_f": W_f_bar,
            "U_f": U_f_bar,
            "W_b": W_b_bar,
            "U_b": U_b_bar,
            "b_f": b_f_bar,
            "b_b": b_b_bar,
        }

    return (h, ops.last(forward, h0_f, lengths), ops.last(backward, h0_b, lengths)), pullback


def birnn_classifier(
    ops: Ops,
    x: Array,
    h0_f: Array,
    h0_b: Array,
    W_f: Array,
    U_f: Array,
    W_b: Array,
    U_b: Array,
    b_f: Array,
    b_b: Array,
    W_1: Array,
    b_1: Array,
    W_2: Array,
    b_2: Array | None,
    lengths: Array | None,
) -> Any:
    """The feedforward classifier on both final states."""
    H = h0_f.shape[1]
    (h, h_n, h_1), pull = birnn(ops, x, h0_f, h0_b, W_f, U_f, W_b, U_b, b_f, b_b, lengths)
    y, classifier = _classifier(ops, ops.xp.concat([h_n, h_1], axis=1), W_1, b_1, W_2, b_2)

    def pullback(y_bar: Array) -> dict[str, Array]:
        ends_bar, gradients = classifier(y_bar)
        return {**pull(ops.zeros(h.shape, like=h), ends_bar[:, :H], ends_bar[:, H:]), **gradients}

    return (y,), pullback


# ----------------------------------------------------------------------------- classifying and tagging
def rnn_classifier(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array,
    W_1: Array,
    b_1: Array,
    W_2: Array,
    b_2: Array | None,
    lengths: Array | None,
) -> Any:
    """The feedforward classifier on the final state."""
    T = x.shape[1]
    h, pull = elman(ops, x, h0, W, U, b)
    y, classifier = _classifier(ops, ops.last(h, h0, lengths), W_1, b_1, W_2, b_2)

    def pullback(y_bar: Array) -> dict[str, Array]:
        assert pull is not None
        h_n_bar, gradients = classifier(y_bar)
        h_bar, to_h0 = ops.last_pullback(h_n_bar, T, lengths)
        x_bar, h0_bar, W_bar, U_bar, b_bar = pull(h_bar)
        return {"x": x_bar, "h0": h0_bar + to_h0, "W": W_bar, "U": U_bar, "b": b_bar, **gradients}

    return (y,), pullback


def _classifier(
    ops: Ops, h: Array, W_1: Array, b_1: Array, W_2: Array, b_2: Array | None
) -> tuple[Array, Callable[[Array], tuple[Array, dict[str, Array]]]]:
    """y = softmax(W_2 σ(W_1 h + b_1) + b_2), and from ȳ: h̄ and the weights' gradients."""
    hidden = ops.sigmoid(ops.affine(h, W_1, b_1))
    y = ops.softmax(ops.affine(hidden, W_2, b_2))

    def pullback(y_bar: Array) -> tuple[Array, dict[str, Array]]:
        z_bar = _softmax_pullback(ops, y, y_bar)
        a_bar = ops.xp.matmul(z_bar, W_2) * hidden * (1.0 - hidden)
        gradients = {
            "W_1": ops.outer_sum(a_bar, h),
            "b_1": ops.total(a_bar),
            "W_2": ops.outer_sum(z_bar, hidden),
            "b_2": ops.total(z_bar),
        }
        return ops.xp.matmul(a_bar, W_1), gradients

    return y, pullback


def _softmax_pullback(ops: Ops, p: Array, p_bar: Array) -> Array:
    """z̄ of p = softmax(z)."""
    weighted = p * p_bar
    return weighted - p * ops.xp.sum(weighted, axis=-1, keepdims=True)


def rnn_tagger(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array,
    V: Array,
    b_y: Array | None,
    lengths: Array | None,
) -> Any:
    """A distribution over tags at each step, and its mode."""
    h, pull = elman(ops, x, h0, W, U, b)
    z = ops.affine(h, V, b_y)
    p = ops.softmax(z)

    def pullback(p_bar: Array) -> dict[str, Array]:
        assert pull is not None
        z_bar = _softmax_pullback(ops, p, p_bar)
        x_bar, h0_bar, W_bar, U_bar, b_bar = pull(ops.xp.matmul(z_bar, V))
        return {
            "x": x_bar,
            "h0": h0_bar,
            "W": W_bar,
            "U": U_bar,
            "b": b_bar,
            "V": ops.outer_sum(z_bar, h),
            "b_y": ops.total(z_bar),
        }

    return (p, ops.xp.argmax(z, axis=-1)), pullback


# --------------------------------------------------------------------------------------------- translating
def seq2seq(
    ops: Ops,
    x: Array,
    n: Array,
    h0: Array,
    end: Array,
    W_e: Array,
    U_e: Array,
    b_e: Array,
    W_d: Array,
    U_d: Array,
    b_d: Array,
    V: Array,
    b_y: Array,
    y: Array,
    stop: Array,
    reverse: bool,
    lengths: Array | None,
) -> Any:
    """An encoder, a decoder that is told the translation, and one that finds its own."""
    xp, S, T = ops.xp, x.shape[1], y.shape[1]
    read, pull_e = elman(ops, ops.reverse(x, n) if reverse else x, h0, W_e, U_e, b_e)
    s_n = ops.last(read, h0, n)
    s_1 = xp.tanh(ops.affine(end[None, :], W_e, b_e) + ops.affine(s_n, U_e))
    words, pull_words = _word_rnn(ops, y[:, : max(T - 1, 0)], s_1, W_d, U_d, b_d)
    s = xp.concat([s_1[:, None, :], words], axis=1) if T else words
    log_p, pull_p = _log_likelihood(ops, ops.affine(s, V, b_y), y)

    def pullback(log_p_bar: Array) -> dict[str, Array]:
        assert pull_e is not None
        z_bar = pull_p(log_p_bar)
        s_bar = xp.matmul(z_bar, V)
        to_s_1, W_d_bar, U_d_bar, b_d_bar = pull_words(s_bar[:, min(T, 1) :, :])
        a_bar = (xp.sum(s_bar[:, : min(T, 1), :], axis=1) + to_s_1) * (1.0 - s_1 * s_1)
        read_bar, to_h0 = ops.last_pullback(xp.matmul(a_bar, U_e), S, n)
        x_bar, h0_bar, W_e_bar, U_e_bar, b_e_bar = pull_e(read_bar)
        a_sum = ops.total(a_bar)
        return {
            "x": ops.reverse(x_bar, n) if reverse else x_bar,
            "h0": h0_bar + to_h0,
            "end": xp.matmul(a_sum, W_e),
            "W_e": W_e_bar + a_sum[:, None] * end,
            "U_e": U_e_bar + ops.outer_sum(a_bar, s_n),
            "b_e": b_e_bar + a_sum,
            "W_d": W_d_bar,
            "U_d": U_d_bar,
            "b_d": b_d_bar,
            "V": ops.outer_sum(z_bar, s),
            "b_y": ops.total(z_bar),
        }

    state, word, greedy = s_1, None, []
    stop = xp.astype(stop, xp.int64)
    columns = xp.matrix_transpose(W_d)
    for _ in range(T):
        if word is not None:
            state = xp.tanh(ops.rows(columns, word) + ops.affine(state, U_d, b_d))
        best = xp.argmax(ops.affine(state, V, b_y), axis=-1)
        word = best if word is None else xp.where(word == stop, stop, best)
        greedy.append(word)
    own = xp.stack(greedy, axis=1) if T else ops.zeros(y.shape, like=y, dtype=xp.int64)
    return (log_p, own), pullback


def _word_rnn(
    ops: Ops, words: Array, h0: Array, W: Array, U: Array, b: Array
) -> tuple[Array, Callable[[Array], tuple[Array, Array, Array, Array]]]:
    """The RNN on indicator vectors, whose product with W is a column of it; h̄ → h0, W, U, b."""
    xp = ops.xp
    inputs = ops.rows(xp.matrix_transpose(W), words) + b
    h, pull = elman(ops, inputs, h0, ops.eye(W.shape[0], like=W), U)

    def pullback(h_bar: Array) -> tuple[Array, Array, Array, Array]:
        assert pull is not None
        a_bar, h0_bar, _, U_bar, _ = pull(h_bar)
        W_bar = xp.matrix_transpose(ops.scatter_add(a_bar, words, W.shape[1]))
        return h0_bar, W_bar, U_bar, ops.total(a_bar)

    return h, pullback


def _log_likelihood(ops: Ops, z: Array, words: Array) -> tuple[Array, Callable[[Array], Array]]:
    """log softmax(z)[word] at every step, and z̄ from its cotangent."""
    xp, N = ops.xp, z.shape[-1]
    log_p = ops.log_softmax(z)
    picked = ops.pick(xp.reshape(log_p, (-1, N)), xp.reshape(words, (-1,)))

    def pullback(picked_bar: Array) -> Array:
        return (ops.onehot(words, N, like=z) - xp.exp(log_p)) * picked_bar[..., None]

    return xp.reshape(picked, words.shape), pullback


# --------------------------------------------------------------------------------------- language modelling
def rnn_language_model(
    ops: Ops,
    w: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array,
    V: Array,
    b_y: Array,
    lengths: Array | None,
) -> Any:
    """log p(w_t | w_{<t}), and the whole distributions."""
    N = V.shape[0]
    inputs = _shifted(ops, w, ops.full((), N, like=w, dtype=ops.xp.int64))
    h, pull = _word_rnn(ops, inputs, h0, W, U, b)
    z = ops.affine(h, V, b_y)
    log_p, pull_log_p = _log_likelihood(ops, z, w)
    p = ops.softmax(z)

    def pullback(log_p_bar: Array, p_bar: Array) -> dict[str, Array]:
        z_bar = pull_log_p(log_p_bar) + _softmax_pullback(ops, p, p_bar)
        h0_bar, W_bar, U_bar, b_bar = pull(ops.xp.matmul(z_bar, V))
        return {
            "h0": h0_bar,
            "W": W_bar,
            "U": U_bar,
            "b": b_bar,
            "V": ops.outer_sum(z_bar, h),
            "b_y": ops.total(z_bar),
        }

    return (log_p, p), pullback


def _shifted(ops: Ops, w: Array, start: Array) -> Array:
    """[start, w_1, …, w_{T−1}]."""
    xp, (B, T) = ops.xp, w.shape
    first = xp.broadcast_to(xp.astype(start, xp.int64), (B, min(T, 1)))
    return xp.concat([first, xp.astype(w[:, : max(T - 1, 0)], xp.int64)], axis=1)


def teacher_forcing(ops: Ops, w: Array, start: Array, lengths: Array | None) -> Any:
    """The gold tokens, one step late."""
    return (_shifted(ops, w, start),), None


def autoregressive_sampling(
    ops: Ops,
    u: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array,
    V: Array,
    b_y: Array,
    stop: Array,
    lengths: Array | None,
) -> Any:
    """Words drawn by the inverse of the distribution function, each fed back."""
    xp, (B, T), N = ops.xp, u.shape, V.shape[0]
    columns, stop = xp.matrix_transpose(W), xp.astype(stop, xp.int64)
    last = ops.full((), N - 1, like=u, dtype=xp.int64)
    h, word, sample = h0, ops.full((B,), N, like=u, dtype=xp.int64), []
    for t in range(T):
        h = xp.tanh(ops.rows(columns, word) + ops.affine(h, U, b))
        below = ops.cumulative_sum(ops.softmax(ops.affine(h, V, b_y)))
        k = xp.sum(xp.astype(below <= u[:, t, None], xp.int64), axis=-1)
        word = xp.where(word == stop, stop, xp.where(k < N, k, last))
        sample.append(word)
    return (xp.stack(sample, axis=1) if T else ops.zeros((B, 0), like=u, dtype=xp.int64),), None


def reverse_input(ops: Ops, x: Array, lengths: Array | None) -> Any:
    """x_n, …, x_1, and the lags 2i − 1."""
    lag = 2 * ops.arange(x.shape[1], like=x) + 1
    lags = lag[None, :] + ops.zeros((x.shape[0], 1), like=x, dtype=lag.dtype)

    def pullback(reversed_bar: Array) -> dict[str, Array]:
        return {"x": ops.reverse(reversed_bar, lengths) + 0.0}

    return (ops.reverse(x, lengths) + 0.0, lags), pullback
