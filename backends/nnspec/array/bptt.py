"""Backpropagation through time on arrays. The gradients are the results, one for every example."""

from __future__ import annotations

from typing import Any

from nnspec.array._kernels import elman
from nnspec.array._ops import Array, Ops


def univariate(
    ops: Ops,
    x: Array,
    h0: Array,
    y_bar: Array,
    u: Array,
    v: Array,
    w: Array,
    b_h: Array | None,
    b_y: Array | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Array | None,
) -> Any:
    """The barred equations; z̄ by the kernel, the rest from it."""
    xp = ops.xp
    pre = u * x if b_h is None else u * x + b_h
    one = xp.reshape(w, (1, 1))
    h, deltas = _scan(ops, pre[:, :, None], h0[:, None], one, activation, relu_grad_at_zero)
    h = h[:, :, 0]
    _, slope = ops.activation(activation, v * h if b_y is None else v * h + b_y, relu_grad_at_zero)
    r_bar = y_bar * slope()
    z_bar = deltas((r_bar * v)[:, :, None])[:, :, 0]
    after = xp.concat([z_bar, ops.zeros((x.shape[0], 1), like=x)], axis=1)[:, 1:]
    before = xp.concat([h0[:, None], h], axis=1)[:, : x.shape[1]]
    sums = (z_bar * x, r_bar * h, z_bar * before, z_bar, r_bar)
    return (r_bar, r_bar * v + after * w, z_bar, *(xp.sum(s, axis=1) for s in sums)), None


def vector_deltas(
    ops: Ops,
    x: Array,
    h0: Array,
    delta_out: Array,
    W: Array,
    U: Array,
    V: Array,
    b_h: Array | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Array | None,
) -> Any:
    """δ_h,t = g'(z_t) ⊙ (Vᵀ δ_out,t + Uᵀ δ_h,t+1)."""
    h, deltas = _scan(ops, ops.affine(x, W, b_h), h0, U, activation, relu_grad_at_zero)
    return _gradients(ops, x, h0, h, deltas(ops.xp.matmul(delta_out, V)), delta_out), None


def two_pass(
    ops: Ops,
    x: Array,
    h0: Array,
    target: Array,
    W: Array,
    U: Array,
    V: Array,
    b_h: Array | None,
    b_y: Array | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Array | None,
) -> Any:
    """Forward with the loss, backward with the error terms."""
    xp, T = ops.xp, x.shape[1]
    h, deltas = _scan(ops, ops.affine(x, W, b_h), h0, U, activation, relu_grad_at_zero)
    r = ops.affine(h, V, b_y)
    r = r - xp.max(r, axis=-1, keepdims=True)
    e = xp.exp(r)
    Z = xp.sum(e, axis=-1, keepdims=True)
    hot = ops.onehot(target, V.shape[0], like=x)
    losses = xp.log(Z[:, :, 0]) - xp.sum(hot * r, axis=-1)
    delta_out = e / Z - hot
    if lengths is not None:
        inside = ops.arange(T, like=x)[None, :] < xp.astype(lengths, xp.int64)[:, None]
        inside = xp.astype(inside, x.dtype)
        losses, delta_out = losses * inside, delta_out * inside[:, :, None]
    delta_h = deltas(xp.matmul(delta_out, V))
    return (xp.sum(losses, axis=1), h, delta_out, *_gradients(ops, x, h0, h, delta_h, delta_out)), None


def truncated(
    ops: Ops,
    x: Array,
    h0: Array,
    delta_out: Array,
    W: Array,
    U: Array,
    V: Array,
    T1: int,
    T2: int,
    b_h: Array | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Array | None,
) -> Any:
    """Every T_1 steps, and at the end of every sequence, the deltas of the last T_2 steps."""
    xp, (B, T, _) = ops.xp, x.shape
    h, _ = elman(ops.with_gradient(False), x, h0, W, U, b_h, activation, relu_grad_at_zero)
    before = _before(ops, h0, h)
    z = ops.affine(x, W, b_h) + ops.affine(before, U)
    _, slope = ops.activation(activation, z, relu_grad_at_zero)
    slopes = slope()

    # the end of the run that takes the loss of step t: the next multiple of T1, or the end of the sequence
    steps = ops.arange(T, like=x)
    length = T if lengths is None else xp.astype(lengths, xp.int64)[:, None]
    ends = (steps // T1 + 1) * T1 + ops.zeros((B, 1), like=x, dtype=steps.dtype)
    ends = xp.where(ends < length, ends, length + 0 * ends)
    counted = delta_out * xp.astype(steps[None, :] >= ends - T2, x.dtype)[:, :, None]
    errors = xp.matmul(counted, V)

    # the deltas of each run in turn, added up; 0 before the run's window, which ends at the length
    sums: list[Any] = [None] * T
    for start in range(0, T, T1):
        last = min(start + T1, T)
        least = last - T2 if lengths is None else start + 1 - T2
        delta = None
        for t in reversed(range(max(0, least), last)):
            error = errors[:, t, :] if t >= start else None
            if delta is not None:
                back = xp.matmul(delta, U)
                error = back if error is None else error + back
            assert error is not None
            delta = slopes[:, t, :] * error
            if lengths is not None:
                delta = delta * xp.astype(t >= ends[:, start] - T2, x.dtype)[:, None]
            sums[t] = delta if sums[t] is None else sums[t] + delta
    nothing = ops.zeros(h0.shape, like=h0)
    delta_h = xp.stack([nothing if s is None else s for s in sums], axis=1) if T else 0.0 * h
    return _gradients(ops, x, h0, h, delta_h, counted), None


# ------------------------------------------------------------------------------------------- shared parts
def _scan(ops: Ops, pre: Array, h0: Array, U: Array, activation: str, relu_grad_at_zero: int) -> Any:
    """The states of h_t = g(pre_t + U h_{t−1}), and the map from the errors at h to z̄ = δ_h.

    It is the kernel with the input's part of z as its input and W = 1: then x̄ is z̄.
    """
    eye = ops.eye(h0.shape[1], like=h0)
    h, back = elman(ops.with_gradient(True), pre, h0, eye, U, None, activation, relu_grad_at_zero)
    assert back is not None
    return h, lambda errors: back(errors)[0]


def _before(ops: Ops, h0: Array, h: Array) -> Array:
    """h_0 … h_{T−1}."""
    return ops.xp.concat([h0[:, None, :], h], axis=1)[:, : h.shape[1], :]


def _gradients(ops: Ops, x: Array, h0: Array, h: Array, delta_h: Array, delta_out: Array) -> tuple[Any, ...]:
    """δ_h, and the sums over time: W̄, Ū, V̄, b̄_h, b̄_y of every example."""
    xp = ops.xp
    columns, out = xp.matrix_transpose(delta_h), xp.matrix_transpose(delta_out)
    return (
        delta_h,
        xp.matmul(columns, x),
        xp.matmul(columns, _before(ops, h0, h)),
        xp.matmul(out, h),
        xp.sum(delta_h, axis=1),
        xp.sum(delta_out, axis=1),
    )
