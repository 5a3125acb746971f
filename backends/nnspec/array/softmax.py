"""The softmax and what speeds it up, on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops
from nnspec.errors import DomainError


def vector(ops: Ops, z: Array) -> Any:
    """e^z / Σ e^z along the last axis."""
    e, s, _ = exponentials(ops, z, "softmax.vector", "z")
    p = _over(ops, e, s)
    return (p,), lambda p_bar: {"z": softmax_pullback(ops, p, p_bar)}


def partition_function(ops: Ops, W: Array, x: Array) -> Any:
    """Σ e^{Wx}, its logarithm, and the distribution that it normalises."""
    xp = ops.xp
    z = ops.affine(x, W)
    unnormalised = xp.exp(z)
    Z = xp.sum(unnormalised, axis=-1)
    e, s, log_Z = exponentials(ops, z)
    p = _over(ops, e, s)

    def pullback(Z_bar: Array, log_Z_bar: Array, p_bar: Array) -> dict[str, Array]:
        Z_bar = Z_bar[:, None]
        # an unnormalised score may have overflowed though nobody asks for Z
        through_Z = xp.where(Z_bar == 0.0, Z_bar, Z_bar * unnormalised)
        z_bar = through_Z + p * log_Z_bar[:, None] + softmax_pullback(ops, p, p_bar)
        return {"W": ops.outer_sum(z_bar, x), "x": xp.matmul(z_bar, W)}

    return (Z, log_Z, p), pullback


def loglinear(ops: Ops, w: Array, f: Array) -> Any:
    """softmax(f w), f[b, y] the features of class y."""
    e, s, _ = exponentials(ops, ops.xp.matmul(f, w))
    p = _over(ops, e, s)
    return (p,), lambda p_bar: loglinear_pullback(ops, w, f, softmax_pullback(ops, p, p_bar))


def linear_features(ops: Ops, W: Array, f: Array) -> Any:
    """softmax(W f)."""
    e, s, _ = exponentials(ops, ops.affine(f, W))
    p = _over(ops, e, s)

    def pullback(p_bar: Array) -> dict[str, Array]:
        z_bar = softmax_pullback(ops, p, p_bar)
        return {"W": ops.outer_sum(z_bar, f), "f": ops.xp.matmul(z_bar, W)}

    return (p,), pullback


def log_sum_exp(ops: Ops, a: Array) -> Any:
    """log Σ e^a, and −∞ for a row of nothing but −∞."""
    xp = ops.xp
    top = xp.max(a, axis=-1, keepdims=True)
    e = _exp(ops, a - xp.where(xp.isfinite(top), top, ops.zeros((1, 1), like=a)))
    s = xp.sum(e, axis=-1, keepdims=True)
    log_Z = (top + xp.log(s))[:, 0]
    return (log_Z,), lambda log_Z_bar: {"a": e * (log_Z_bar[:, None] / _nonzero(ops, s))}


def onehot_select(ops: Ops, v: Array, i: Array) -> Any:
    """v[b, i[b]]."""
    return (ops.pick(v, i),), lambda v_i_bar: {"v": spread(ops, v_i_bar, i, v)}


def class_factored(ops: Ops, A: Array, B: Array, classes: Array, h: Array, w: Array) -> Any:
    """softmax(A h)_{c(w)} · softmax(B_c h)_w; of B only the rows of the target's class are read."""
    xp = ops.xp
    classes, w = xp.astype(classes, xp.int64), xp.astype(w, xp.int64)
    # the words in order of their class: those of class c lie from first[c] to end[c]
    order = xp.argsort(classes)
    in_order, slots = xp.take(classes, order, axis=0), ops.arange(A.shape[0], like=h)
    first, end = xp.searchsorted(in_order, slots, side="left"), xp.searchsorted(in_order, slots, side="right")
    if bool(xp.any(first == end)):
        raise DomainError("softmax.class_factored", "classes", "a word in every class", "a class without words")
    c = xp.take(classes, w, axis=0)
    start, size = xp.take(first, c, axis=0)[:, None], xp.take(end - first, c, axis=0)[:, None]
    most = int(xp.max(size)) if h.shape[0] else 1
    step = ops.arange(most, like=h)[None, :]
    within = step < size
    words = ops.rows(order, xp.where(within, start + step, start))
    rows = ops.rows(B, words)
    masked = ops.full((1, 1), -float("inf"), like=h)
    class_scores, word_scores = ops.affine(h, A), xp.where(within, _scores(ops, rows, h), masked)
    target = within & (words == w[:, None])
    place = xp.argmax(xp.astype(target, xp.int64), axis=1)

    (e_class, s_class, log_Z_class), (e_word, s_word, log_Z_word) = (
        exponentials(ops, class_scores),
        exponentials(ops, word_scores),
    )
    p_class, p_word = _over(ops, e_class, s_class), _over(ops, e_word, s_word)
    p = ops.pick(p_class, c) * ops.pick(p_word, place)
    log_p = (ops.pick(class_scores, c) - log_Z_class) + (ops.pick(word_scores, place) - log_Z_word)

    def pullback(p_bar: Array, log_p_bar: Array) -> dict[str, Array]:
        g = p_bar * p + log_p_bar
        class_bar, word_bar = (minus_target(ops, q, i, -g) for q, i in ((p_class, c), (p_word, place)))
        return {
            "A": ops.outer_sum(class_bar, h),
            "B": ops.scatter_add(word_bar[:, :, None] * h[:, None, :], words, B.shape[0]),
            "h": xp.matmul(class_bar, A) + _weighted(ops, word_bar, rows),
        }

    return (p, log_p), pullback


def hierarchical(ops: Ops, v: Array, nodes: Array, signs: Array, depth: Array, h: Array, w: Array) -> Any:
    """Π σ(s_j v_j·h) over the inner nodes on the way to w; of v only those rows are read."""
    xp = ops.xp
    way, s = ops.rows(nodes, w), ops.rows(signs, w)
    counts = ops.arange(nodes.shape[1], like=h)[None, :] < xp.astype(xp.take(depth, w, axis=0), xp.int64)[:, None]
    rows = ops.rows(v, way)
    t = s * _scores(ops, rows, h)
    one, zero = ops.ones((1, 1), like=h), ops.zeros((1, 1), like=h)
    p = xp.prod(xp.where(counts, ops.sigmoid(t), one), axis=1)
    log_p = xp.sum(xp.where(counts, ops.log_sigmoid(t), zero), axis=1)

    def pullback(p_bar: Array, log_p_bar: Array) -> dict[str, Array]:
        g = (p_bar * p + log_p_bar)[:, None]
        score_bar = xp.where(counts, g * ops.sigmoid(-t) * s, zero)
        return {
            "v": ops.scatter_add(score_bar[:, :, None] * h[:, None, :], way, v.shape[0]),
            "h": _weighted(ops, score_bar, rows),
        }

    return (p, log_p), pullback


def noise_contrastive(ops: Ops, W: Array, b: Array | None, q: Array, h: Array, w: Array, noise: Array) -> Any:
    """−log σ(Δ(w)) − Σ log σ(−Δ(noise)); of W and b only the rows of those words are read."""
    xp = ops.xp
    words, k = _together(ops, w, noise), noise.shape[1]
    chances = ops.rows(q, words)
    if bool(xp.any(chances == 0.0)):
        raise DomainError("softmax.noise_contrastive", "q", "q(w) > 0 for observed and drawn words", "0")
    if k == 0:
        return (ops.zeros(w.shape, like=h),), lambda J_bar: {
            n: ops.zeros(a.shape, like=a) for n, a in (("W", W), ("b", b), ("h", h)) if a is not None
        }
    return _told_apart(ops, W, b, h, words, xp.log(float(k) * chances))


def negative_sampling(ops: Ops, W: Array, b: Array | None, h: Array, w: Array, noise: Array) -> Any:
    """−log σ(s(w)) − Σ log σ(−s(noise)); of W and b only the rows of those words are read."""
    return _told_apart(ops, W, b, h, _together(ops, w, noise), None)


def self_normalized(ops: Ops, s: Array, w: Array, alpha: float) -> Any:
    """log Z − s_w + α (log Z)², and log Z."""
    e, total, log_Z = exponentials(ops, s, "softmax.self_normalized", "s")
    J = log_Z - ops.pick(s, w) + alpha * (log_Z * log_Z)

    def pullback(J_bar: Array, log_Z_bar: Array) -> dict[str, Array]:
        weight = J_bar * (1.0 + 2.0 * alpha * log_Z) + log_Z_bar
        return {"s": _subtract_at(ops, e * (weight[:, None] / total), w, J_bar)}

    return (J, log_Z), pullback


# --------------------------------------------------------------------------------- shared with other families
def exponentials(ops: Ops, z: Array, equation: str = "", argument: str = "") -> tuple[Array, Array, Array]:
    """e^{z − max z}, its sum along the last axis (kept), and log Σ e^z.

    With the name of the equation and of its argument: a row of nothing but −∞ is refused.
    """
    xp = ops.xp
    top = xp.max(z, axis=-1, keepdims=True)
    if equation:
        refuse_masked(ops, top, equation, argument)
    e = _exp(ops, z - top)
    s = xp.sum(e, axis=-1, keepdims=True)
    return e, s, (top + xp.log(s))[..., 0]


def refuse_masked(ops: Ops, top: Array, equation: str, argument: str) -> None:
    """Raise `DomainError` if the largest score of a row is −∞."""
    if bool(ops.xp.any(top == -float("inf"))):
        raise DomainError(equation, argument, "a score other than -inf in every row", "a row of -inf")


def softmax_pullback(ops: Ops, p: Array, p_bar: Array) -> Array:
    """z̄ = p ⊙ (p̄ − p·p̄)."""
    weighted = p * p_bar
    shared = p * ops.xp.sum(weighted, axis=-1, keepdims=True)
    return ops.xp.subtract(weighted, shared, out=weighted) if ops.inplace else weighted - shared


def minus_target(ops: Ops, p: Array, i: Array, L_bar: Array) -> Array:
    """L̄ (p − e_i), row by row: the gradient of log Σ e^z − z_i."""
    return _subtract_at(ops, p * L_bar[:, None], i, L_bar)


def loglinear_pullback(ops: Ops, w: Array, f: Array, z_bar: Array) -> dict[str, Array]:
    """The gradients of z = f w, f[b, y] the features of class y."""
    xp = ops.xp
    flat = xp.matmul(xp.reshape(z_bar, (1, -1)), xp.reshape(f, (-1, f.shape[-1])))
    return {"w": flat[0, :], "f": z_bar[:, :, None] * w}


def spread(ops: Ops, value: Array, i: Array, like: Array) -> Array:
    """Zeros in the shape of `like`, with value[b] at i[b]: infinite values too."""
    xp = ops.xp
    here = ops.arange(like.shape[1], like=like)[None, :] == xp.astype(i, xp.int64)[:, None]
    return xp.where(here, value[:, None], ops.zeros((1, 1), like=like))


def _nonzero(ops: Ops, s: Array) -> Array:
    """s, with 1 for 0: a divisor where the dividend is 0 as well."""
    return ops.xp.where(s == 0.0, ops.ones((1,) * s.ndim, like=s), s)


def _exp(ops: Ops, x: Array) -> Array:
    """e^x, over x where that is allowed."""
    return ops.xp.exp(x, out=x) if ops.inplace else ops.xp.exp(x)


def _over(ops: Ops, e: Array, s: Array) -> Array:
    """e / s, over e where that is allowed."""
    return ops.xp.divide(e, s, out=e) if ops.inplace else e / s


def _subtract_at(ops: Ops, g: Array, i: Array, value: Array) -> Array:
    """g with value[b] subtracted at g[b, i[b]], in place where that is allowed."""
    if not ops.inplace:
        return g - spread(ops, value, i, g)
    g[ops.arange(g.shape[0], like=g), i] -= value  # one place in each row: none is hit twice
    return g


def _together(ops: Ops, w: Array, noise: Array) -> Array:
    """The observed word, then the draws: (B, 1 + k)."""
    xp = ops.xp
    return xp.concat([xp.astype(w, xp.int64)[:, None], xp.astype(noise, xp.int64)], axis=1)


def _scores(ops: Ops, rows: Array, h: Array) -> Array:
    """rows[b, k]·h[b]."""
    return ops.xp.matmul(rows, h[:, :, None])[:, :, 0]


def _weighted(ops: Ops, weights: Array, rows: Array) -> Array:
    """Σ_k weights[b, k] rows[b, k]."""
    return ops.xp.matmul(weights[:, None, :], rows)[:, 0, :]


def _told_apart(ops: Ops, W: Array, b: Array | None, h: Array, words: Array, offset: Array | None) -> Any:
    """The cost of telling words[:, 0] from the others by the scores less `offset`."""
    xp = ops.xp
    rows = ops.rows(W, words)
    s = _scores(ops, rows, h)
    if b is not None:
        s = s + ops.rows(b, words)
    if offset is not None:
        s = s - offset
    one = ops.ones((1,), like=h)
    sign = xp.where(ops.arange(words.shape[1], like=h) == 0, one, -one)[None, :]
    t = sign * s  # the logit of the right answer
    J = -xp.sum(ops.log_sigmoid(t), axis=1)

    def pullback(J_bar: Array) -> dict[str, Array]:
        s_bar = ops.sigmoid(-t) * (-J_bar[:, None] * sign)
        gradients = {
            "W": ops.scatter_add(s_bar[:, :, None] * h[:, None, :], words, W.shape[0]),
            "h": _weighted(ops, s_bar, rows),
        }
        if b is not None:
            gradients["b"] = ops.scatter_add(s_bar, words, b.shape[0])
        return gradients

    return (J,), pullback
