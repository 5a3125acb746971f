"""The methods that the notes only name, on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._mlp import softmax_pullback
from nnspec.array._ops import Array, Ops
from nnspec.array.optimizer import average, quotient, scaled
from nnspec.array.softmax import minus_target
from nnspec.errors import DomainError


# ---------------------------------------------------------------------------------- learning a single unit
def perceptron_learning_rule(ops: Ops, x: Array, y: Array, w: Array, lr: float, tie: str) -> Any:
    """ŷ, and a step of η (y − ŷ) x."""
    z = ops.xp.matmul(x, w)
    y_hat = ops.xp.astype(z > 0.0 if tie == "gt" else z >= 0.0, z.dtype)
    update = (lr * (y - y_hat))[:, None] * x
    return (y_hat, update, w + update), None


def adaline_madaline(ops: Ops, x: Array, t: Array, w: Array, lr: float) -> Any:
    """A step of η (t − w·x) x."""
    update = (lr * (t - ops.xp.matmul(x, w)))[:, None] * x
    return (update, w + update), None


# ---------------------------------------------------------------------------------- optimisers
def rmsprop(ops: Ops, theta: Array, v: Array, g: Array, lr: float, rho: float, eps: float, eps_placement: str) -> Any:
    """The average of the squares, and a step of −lr g / (√v + ε)."""
    v = average(rho, v, g * g)
    update = scaled(ops, -lr, g, v, eps, eps_placement)
    return (update, v, theta + update), None


def adadelta(ops: Ops, theta: Array, v: Array, d: Array, g: Array, rho: float, eps: float) -> Any:
    """Both averages, and a step of −√(d + ε) / √(v + ε) g."""
    v = average(rho, v, g * g)
    update = -ops.xp.sqrt(d + eps) / ops.xp.sqrt(v + eps) * g
    return (update, v, average(rho, d, update * update), theta + update), None


def adamax(
    ops: Ops,
    theta: Array,
    m: Array,
    u: Array,
    g: Array,
    t: int,
    lr: float,
    beta_1: float,
    beta_2: float,
) -> Any:
    """The average, the decaying maximum, and a step of −η/(1 − β₁ᵗ) m/u."""
    m = average(beta_1, m, g)
    u, size = beta_2 * u, ops.xp.abs(g)
    u = ops.xp.where(size > u, size, u)
    update = (-lr / (1.0 - beta_1**t)) * quotient(ops, m, u)
    return (update, m, u, theta + update), None


def nesterov_lookahead(ops: Ops, theta: Array, v: Array, rho: float) -> Any:
    """θ + ρ v."""
    return (theta + rho * v,), None


def nesterov_momentum(ops: Ops, theta: Array, v: Array, g: Array, lr: float, rho: float) -> Any:
    """v ← ρ v − lr g, which is the step."""
    v = rho * v - lr * g
    return (v, v + 0.0, theta + v), None


def iterate_averaging(ops: Ops, theta_bar: Array, theta: Array, t: int) -> Any:
    """θ̄ + (θ − θ̄)/t."""
    return (theta_bar + (theta - theta_bar) / float(t),), None


# ---------------------------------------------------------------------------------- units and layers
def leaky_relu(ops: Ops, x: Array, alpha: float) -> Any:
    """max(x, αx)."""
    xp, negative = ops.xp, x < 0.0
    y = xp.where(negative, alpha * x, x)
    return (y,), lambda y_bar: {"x": xp.where(negative, alpha * y_bar, y_bar)}


def multiplicative_interactions(ops: Ops, x: Array, h: Array, F: Array, G: Array, activation: str) -> Any:
    """g((F x) ⊙ (G h))."""
    xp = ops.xp
    Fx, Gh = ops.affine(x, F), ops.affine(h, G)
    h_next, slope = ops.activation(activation, Fx * Gh)

    def pullback(h_bar: Array) -> dict[str, Array]:
        z_bar = h_bar * slope()
        to_x, to_h = z_bar * Gh, z_bar * Fx
        return {
            "x": xp.matmul(to_x, F),
            "h": xp.matmul(to_h, G),
            "F": ops.outer_sum(to_x, x),
            "G": ops.outer_sum(to_h, h),
        }

    return (h_next,), pullback


def tree_structured_networks(ops: Ops, c_1: Array, c_2: Array, W: Array, b: Array | None, activation: str) -> Any:
    """g(W [c_1; c_2] + b)."""
    D = W.shape[0]
    children = ops.xp.concat([c_1, c_2], axis=1)
    p, slope = ops.activation(activation, ops.affine(children, W, b))

    def pullback(p_bar: Array) -> dict[str, Array]:
        z_bar = p_bar * slope()
        bar = ops.xp.matmul(z_bar, W)
        return {
            "c_1": bar[:, :D],
            "c_2": bar[:, D:],
            "W": ops.outer_sum(z_bar, children),
            "b": ops.total(z_bar),
        }

    return (p,), pullback


def convnet_alexnet(ops: Ops, x: Array, w: Array, b: Array | None) -> Any:
    """y_i = Σ_k w_k x_{i+k} + b, a term of the sum for all i at once."""
    xp = ops.xp
    B, N = x.shape
    K = w.shape[0]
    M = _places("named.convnet_alexnet", "w", N, K)
    windows = [x[:, k : k + M] for k in range(K)]
    y = sum(w[k, ...] * window for k, window in enumerate(windows))

    def pullback(y_bar: Array) -> dict[str, Array]:
        margin = ops.zeros((B, K - 1), like=x)
        wide = xp.concat([margin, y_bar, margin], axis=1)
        return {
            "x": sum(w[k, ...] * wide[:, K - 1 - k : K - 1 - k + N] for k in range(K)),
            "w": xp.stack([xp.sum(y_bar * window) for window in windows]),
            "b": ops.total(y_bar, keep=0),
        }

    return (y if b is None else y + b,), pullback


def _places(equation: str, argument: str, N: int, K: int) -> int:
    """How often a window of K fits into N; `DomainError` if it does not."""
    if K > N:
        raise DomainError(equation, argument, f"K at most N = {N}", f"K = {K}")
    return N - K + 1


def cnn_sentence_classifiers(ops: Ops, x: Array, W: Array, b: Array | None, activation: str) -> Any:
    """c_i = g(w · x_{i:i+K−1} + b) as one product, and g of the largest argument."""
    xp = ops.xp
    B, N, D = x.shape
    F, K = W.shape[:2]
    M = _places("named.cnn_sentence_classifiers", "W", N, K)
    windows = xp.concat([x[:, k : k + M, :] for k in range(K)], axis=2)
    flat = xp.reshape(W, (F, K * D))
    z = ops.affine(windows, flat, b)
    c, slope = ops.activation(activation, z)
    c_max, slope_at_top = ops.activation(activation, xp.max(z, axis=1))

    def pullback(c_bar: Array, max_bar: Array) -> dict[str, Array]:
        first = xp.argmax(z, axis=1)  # the first, at a tie
        at_top = xp.matrix_transpose(ops.onehot(first, M, like=z))
        z_bar = c_bar * slope() + at_top * (max_bar * slope_at_top())[:, None, :]
        bar = xp.matmul(z_bar, flat)

        def placed(k: int) -> Array:
            before, after = ops.zeros((B, k, D), like=x), ops.zeros((B, K - 1 - k, D), like=x)
            return xp.concat([before, bar[:, :, k * D : (k + 1) * D], after], axis=1)

        return {
            "x": sum(placed(k) for k in range(K)),
            "W": xp.reshape(ops.outer_sum(z_bar, windows), W.shape),
            "b": ops.total(z_bar),
        }

    return (c, c_max), pullback


def scrn(ops: Ops, x: Array, s0: Array, B: Array, alpha: float, lengths: Array | None) -> Any:
    """s_t = (1 − α) B x_t + α s_{t−1}."""
    xp, T = ops.xp, x.shape[1]
    inputs = (1.0 - alpha) * ops.affine(x, B)
    s, states = s0, []
    for t in range(T):
        s = inputs[:, t, ...] + alpha * s
        states.append(s)
    stacked = xp.stack(states, axis=1) if states else inputs

    def pullback(s_bar: Array, s_T_bar: Array) -> dict[str, Array]:
        to_states, to_initial = ops.last_pullback(s_T_bar, T, lengths)
        total, carried = s_bar + to_states, ops.zeros(s0.shape, like=s0)
        bars = []
        for t in reversed(range(T)):
            bar = total[:, t, ...] + carried
            carried = alpha * bar
            bars.append(bar)
        stacked_bar = (1.0 - alpha) * xp.stack(bars[::-1], axis=1) if bars else total
        return {
            "x": xp.matmul(stacked_bar, B),
            "s0": carried + to_initial,
            "B": ops.outer_sum(stacked_bar, x),
        }

    return (stacked, ops.last(stacked, s0, lengths)), pullback


# ---------------------------------------------------------------------------------- attention, words, labels
def attention(ops: Ops, s: Array, h: Array, W: Array, U: Array, v: Array, lengths: Array | None) -> Any:
    """α = softmax(vᵀ tanh(W s + U h_i)) over the words that there are, and Σ_i α_i h_i."""
    xp = ops.xp
    a = xp.tanh(ops.affine(s, W)[:, None, :] + ops.affine(h, U))
    e = xp.matmul(a, v)
    if lengths is not None:
        present = ops.arange(h.shape[1], like=h)[None, :] < xp.astype(lengths, xp.int64)[:, None]
        e = xp.where(present, e, ops.full((1, 1), -float("inf"), like=e))
    alpha = ops.softmax(e)
    c = xp.matmul(alpha[:, None, :], h)[:, 0, :]

    def pullback(alpha_bar: Array, c_bar: Array) -> dict[str, Array]:
        alpha_bar = alpha_bar + xp.matmul(h, c_bar[..., None])[..., 0]
        e_bar = softmax_pullback(ops, alpha, alpha_bar)
        z_bar = e_bar[..., None] * (v * (1.0 - a * a))
        q_bar = xp.sum(z_bar, axis=1)
        return {
            "s": xp.matmul(q_bar, W),
            "h": xp.matmul(z_bar, U) + alpha[..., None] * c_bar[:, None, :],
            "W": ops.outer_sum(q_bar, s),
            "U": ops.outer_sum(z_bar, h),
            "v": ops.total(e_bar[..., None] * a),
        }

    return (alpha, c), pullback


def skip_gram(ops: Ops, w: Array, c: Array, v: Array, u: Array) -> Any:
    """softmax(u v_w), and −log of its entry c."""
    V = v.shape[0]
    v_w = ops.rows(v, w)
    z = ops.affine(v_w, u)
    p = ops.softmax(z)
    nll = ops.log_sum_exp(z)[:, 0] - ops.pick(z, c)

    def pullback(p_bar: Array, nll_bar: Array) -> dict[str, Array]:
        z_bar = softmax_pullback(ops, p, p_bar) + minus_target(ops, p, c, nll_bar)
        return {
            "v": ops.scatter_add(ops.xp.matmul(z_bar, u), w, V),
            "u": ops.outer_sum(z_bar, v_w),
        }

    return (p, nll), pullback


def neural_crf(ops: Ops, psi: Array, y: Array, A: Array, lengths: Array | None) -> Any:
    """The score of the tags less the forward algorithm's log Z; its gradient by a backward pass."""
    xp = ops.xp
    B, T, K = psi.shape
    hot = ops.onehot(y, K, like=psi)
    if T == 0:
        nothing = ops.zeros((B,), like=psi)
        return (nothing,), lambda _: {"psi": ops.zeros(psi.shape, like=psi), "A": ops.zeros(A.shape, like=A)}
    mask = ops.ones((B, T), like=psi)
    if lengths is not None:
        present = ops.arange(T, like=psi)[None, :] < xp.astype(lengths, xp.int64)[:, None]
        mask = xp.astype(present, psi.dtype)
    hot = hot * mask[..., None]
    a, forward = psi[:, 0, :], [psi[:, 0, :]]
    for t in range(1, T):
        into = a[:, :, None] + A
        shift = xp.max(into, axis=1, keepdims=True)
        reached = shift[:, 0, :] + xp.log(xp.sum(xp.exp(into - shift), axis=1))
        a = xp.where(mask[:, t, None] > 0.0, psi[:, t, :] + reached, a)
        forward.append(a)
    pairs = xp.matmul(xp.matrix_transpose(hot[:, :-1, :]), hot[:, 1:, :])
    score = xp.sum(psi * hot, axis=(1, 2)) + xp.sum(pairs * A, axis=(1, 2))
    log_p = score - mask[:, 0] * ops.log_sum_exp(a)[:, 0]

    def pullback(log_p_bar: Array) -> dict[str, Array]:
        # the marginals of the tags, from the last backwards, and of the pairs of tags; each times log_p_bar
        seed = log_p_bar[:, None]
        bar, marginals = seed * ops.softmax(a), []
        expected = ops.zeros(pairs.shape, like=psi)
        for t in reversed(range(1, T)):
            here = mask[:, t, None]
            marginals.append(bar * here)
            into = forward[t - 1][:, :, None] + A
            e = xp.exp(into - xp.max(into, axis=1, keepdims=True))
            pair = e / xp.sum(e, axis=1, keepdims=True) * (bar * here)[:, None, :]
            expected = expected + pair
            bar = xp.where(here > 0.0, xp.sum(pair, axis=2), bar)
        marginals.append(bar * mask[:, 0, None])
        return {
            "psi": seed[..., None] * hot - xp.stack(marginals[::-1], axis=1),
            "A": xp.sum(seed[..., None] * pairs - expected, axis=0),
        }

    return (log_p,), pullback
