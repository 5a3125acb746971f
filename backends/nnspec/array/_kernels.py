"""The recurrent loops, where the time goes: Elman, LSTM and GRU, forward and backward.

Each kernel is written twice. The *plain* text reads as the equations do and uses only the array-API
standard; it is the tested fallback. The *fast* text (NumPy and CuPy: ``ops.inplace``) computes the same
numbers with few calls on buffers that are written in place. What makes it fast:

- arrays are feature-major, one (features, B) block per step: BLAS packs that shape best, and the rows of
  one gate are contiguous;
- the input's part of all steps comes first, bias included, from ``[x_t; 1]``; a step multiplies h alone;
- matrices that meet few columns are multiplied in blocks of rows, small enough that BLAS need not pack them;
- σ(a) = ½ + ½·tanh(a/2), the inner ½ within the weights: one tanh serves all gates, and reaches 0 and 1;
- the backward loop only multiplies by derivative factors, computed before it for a stretch of time that
  fits the cache; the gradients of the weights are one product after it;
- the views that a loop needs are made once; constants are 0-d arrays, which a ufunc takes faster than floats.

A kernel takes batch-first arrays (x: B T D, states: B H) and returns ``(outputs, pullback)``;
``pullback(*cotangents)`` gives the gradients in the order of the array arguments, None for those that were
None, and may be called any number of times. Its keyword `h_T_bar` (B, H) is the cotangent of the state after
the last step, on top of that within h̄. With ``ops.grad`` false there is no pullback (None), and nothing
is kept for it. Inputs are never written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nnspec.array._ops import Ops

__all__ = ["elman", "gru", "lstm"]

Array = Any
Gradients = tuple[Array | None, ...]
Pullback = Callable[..., Gradients]

CACHE_BYTES = 1 << 20  # what the backward loop may assume to stay in a core's second-level cache
SMALL_PRODUCT = 600_000  # multiplications
FEW_COLUMNS = 1 << 14  # numbers in a product's second factor


# ------------------------------------------------------------------------------------------------ Elman
def elman(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array | None = None,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> tuple[Array, Pullback | None]:
    """``h_t = φ(W x_t + U h_{t−1} + b)``: h (B, T, H); pullback(h̄) → x, h0, W, U, b."""
    kernel = _elman_fast if ops.inplace else _elman_plain
    return kernel(ops, x, h0, W, U, b, activation, relu_grad_at_zero)


def _elman_plain(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array | None,
    activation: str,
    relu_grad_at_zero: int,
) -> tuple[Array, Pullback | None]:
    T, h, steps = x.shape[1], h0, []
    for t in range(T):
        a = ops.affine(x[:, t, :], W, b) + ops.affine(h, U)
        h_prev, (h, slope) = h, _phi(ops, activation, a, relu_grad_at_zero)
        steps.append((h_prev, h, slope))
    states = _over_time(ops, [h for _, h, _ in steps], like=h0)

    def pullback(h_bar: Array, h_T_bar: Array | None = None) -> Gradients:
        state_bar, x_bars = ops.zeros(h0.shape, like=h0) if h_T_bar is None else h_T_bar + 0.0, []
        grads = _Sums(ops, W=W, U=U, b=b)
        for t in reversed(range(T)):
            h_prev, _, slope = steps[t]
            a_bar = (state_bar + h_bar[:, t, :]) * slope()
            grads.add(W=(a_bar, x[:, t, :]), U=(a_bar, h_prev), b=(a_bar,))
            state_bar = ops.xp.matmul(a_bar, U)
            x_bars.append(ops.xp.matmul(a_bar, W))
        return _over_time(ops, x_bars[::-1], like=x), state_bar, grads["W"], grads["U"], grads["b"]

    return states, pullback if ops.grad else None


def _phi(ops: Ops, activation: str, a: Array, relu_grad_at_zero: int) -> tuple[Array, Callable[[], Array]]:
    if activation == "sigmoid":
        h = ops.gate_sigmoid(a)
        return h, lambda: h * (1.0 - h)
    return ops.activation(activation, a, relu_grad_at_zero)


def _elman_fast(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array | None,
    activation: str,
    relu_grad_at_zero: int,
) -> tuple[Array, Pullback | None]:
    xp, dot = ops.xp, ops.xp.dot
    (B, T, D), H = x.shape, h0.shape[1]
    zero, half = ops.full((), 0.0, like=x), ops.full((), 0.5, like=x)

    rows = _rows(ops, x)
    A, R = _beside(ops, W, b), _copy(ops, U)
    if activation == "sigmoid":
        A *= 0.5
        R *= 0.5
    P = _input_part(ops, A, rows, T, B)
    recur = _product(ops, R, B)
    S = ops.empty((T + 1, H, B), like=x)  # S[t] = h_{t−1}
    S[0] = h0.T
    keep_sign = activation == "relu" and ops.grad
    on = xp.empty((T, H, B), dtype=bool) if keep_sign else None
    for t, (h_prev, h, p) in enumerate(zip(S, S[1:], P, strict=False)):
        recur(h_prev, out=h)
        xp.add(h, p, out=h)
        if activation == "tanh":
            xp.tanh(h, out=h)
        elif activation == "sigmoid":
            _finish_sigmoid(xp, h, half)
        elif activation == "relu":
            if on is not None:
                (xp.greater_equal if relu_grad_at_zero else xp.greater)(h, zero, out=on[t])
            xp.maximum(h, zero, out=h)
    states = _batch_major(ops, S[1:])
    if not ops.grad:
        return states, None

    def pullback(h_bar: Array, h_T_bar: Array | None = None) -> Gradients:
        state_bar, back = ops.zeros((H, B), like=x), _product(ops, xp.ascontiguousarray(U).T, B)
        if h_T_bar is not None:
            state_bar[...] = h_T_bar.T
        z_bar = ops.empty((H, T, B), like=x)
        for start, stop in _stretches(xp, T, h0.nbytes):
            h = S[start + 1 : stop + 1]
            if activation == "tanh":
                Z = _one_minus_square(xp, h)
            elif activation == "sigmoid":
                Z = h * (1.0 - h)
            elif on is not None:
                Z = on[start:stop].astype(x.dtype)
            else:
                Z = ops.ones(h.shape, like=x)
            for z, o_bar in zip(Z[::-1], _feature_major(ops, h_bar, start, stop)[::-1], strict=True):
                xp.add(state_bar, o_bar, out=state_bar)
                xp.multiply(z, state_bar, out=z)  # z̄_t
                back(z, out=state_bar)
            z_bar[:, start:stop] = Z.transpose(1, 0, 2)
        z_bar = z_bar.reshape(H, T * B)
        A_bar, U_bar = dot(z_bar, rows), dot(z_bar, _by_rows(ops, S[:T]).T)
        x_bar = _input_gradient(z_bar, W, T, B)
        return x_bar, state_bar.T, A_bar[:, :D], U_bar, None if b is None else A_bar[:, -1]

    return states, pullback


# ------------------------------------------------------------------------------------------------- LSTM
def lstm(
    ops: Ops,
    x: Array,
    h0: Array,
    C0: Array,
    W_x: Array,
    W_h: Array,
    b: Array | None = None,
    V_o: Array | None = None,
    cell_states: bool = True,
) -> tuple[tuple[Array, Array], Pullback | None]:
    """The LSTM, gates in the order i, f, o, g, with an optional output-gate peephole on the new cell.

    Outputs h (B, T, H) and C: all cells (B, T, H), or with ``cell_states=False`` the last one (B, H);
    pullback(h̄, C̄), either of them None for zero → x, h0, C0, W_x, W_h, b, V_o.
    """
    kernel = _lstm_fast if ops.inplace else _lstm_plain
    return kernel(ops, x, h0, C0, W_x, W_h, b, V_o, cell_states)


def _lstm_plain(
    ops: Ops,
    x: Array,
    h0: Array,
    C0: Array,
    W_x: Array,
    W_h: Array,
    b: Array | None,
    V_o: Array | None,
    cell_states: bool,
) -> tuple[tuple[Array, Array], Pullback | None]:
    xp, sigmoid, T, H = ops.xp, ops.gate_sigmoid, x.shape[1], h0.shape[1]
    h, C, steps = h0, C0, []
    for t in range(T):
        a = ops.affine(x[:, t, :], W_x, b) + ops.affine(h, W_h)
        i, f = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H])
        g = xp.tanh(a[:, 3 * H :])
        C_prev, C = C, f * C + i * g
        a_o = a[:, 2 * H : 3 * H]
        o = sigmoid(a_o if V_o is None else a_o + ops.affine(C, V_o))
        h_prev, h = h, o * xp.tanh(C)
        steps.append((i, f, o, g, h_prev, h, C_prev, C))
    states = _over_time(ops, [s[5] for s in steps], like=h0)
    cells = _over_time(ops, [s[7] for s in steps], like=C0) if cell_states else C + 0.0

    def pullback(h_bar: Array | None, C_bar: Array | None = None, h_T_bar: Array | None = None) -> Gradients:
        state_bar = ops.zeros(h0.shape, like=h0) if h_T_bar is None else h_T_bar + 0.0
        cell_bar = ops.zeros(C0.shape, like=C0) if C_bar is None or cell_states else C_bar + 0.0
        x_bars = []
        grads = _Sums(ops, W_x=W_x, W_h=W_h, b=b, V_o=V_o)
        for t in reversed(range(T)):
            i, f, o, g, h_prev, _, C_prev, C = steps[t]
            if h_bar is not None:
                state_bar = state_bar + h_bar[:, t, :]
            if C_bar is not None and cell_states:
                cell_bar = cell_bar + C_bar[:, t, :]
            squashed = xp.tanh(C)
            o_bar = state_bar * squashed * o * (1.0 - o)
            cell_bar = cell_bar + state_bar * o * (1.0 - squashed * squashed)
            if V_o is not None:
                cell_bar = cell_bar + xp.matmul(o_bar, V_o)
            i_bar = cell_bar * g * i * (1.0 - i)
            f_bar = cell_bar * C_prev * f * (1.0 - f)
            g_bar = cell_bar * i * (1.0 - g * g)
            a_bar = xp.concat([i_bar, f_bar, o_bar, g_bar], axis=1)
            grads.add(W_x=(a_bar, x[:, t, :]), W_h=(a_bar, h_prev), b=(a_bar,), V_o=(o_bar, C))
            state_bar, cell_bar = xp.matmul(a_bar, W_h), cell_bar * f
            x_bars.append(xp.matmul(a_bar, W_x))
        x_bar = _over_time(ops, x_bars[::-1], like=x)
        return x_bar, state_bar, cell_bar, grads["W_x"], grads["W_h"], grads["b"], grads["V_o"]

    return (states, cells), pullback if ops.grad else None


def _lstm_fast(
    ops: Ops,
    x: Array,
    h0: Array,
    C0: Array,
    W_x: Array,
    W_h: Array,
    b: Array | None,
    V_o: Array | None,
    cell_states: bool,
) -> tuple[tuple[Array, Array], Pullback | None]:
    xp, dot, add, multiply, tanh = ops.xp, ops.xp.dot, ops.xp.add, ops.xp.multiply, ops.xp.tanh
    (B, T, D), H = x.shape, h0.shape[1]
    half = ops.full((), 0.5, like=x)

    rows = _rows(ops, x)
    A, R = _beside(ops, W_x, b), _copy(ops, W_h)
    for weights in (A, R):
        weights[: 3 * H] *= 0.5
    P = _input_part(ops, A, rows, T, B)
    recur = _product(ops, R, B)
    see = None if V_o is None else _product(ops, 0.5 * V_o, B)
    S = ops.empty((T + 1, H, B), like=x)  # S[t] = h_{t−1}
    S[0] = h0.T
    # G[t] = [i; f; o; g; C_{t−1}], so that (i; f) ⊙ (g; C_{t−1}) is one product. Where neither a gradient nor
    # the cells of all steps are asked for, every step works in the same block.
    blocks = T if ops.grad or cell_states else 0
    G = ops.empty((blocks + 1, 5 * H, B), like=x)
    G[0, 4 * H :] = C0.T
    both, part = ops.empty((2 * H, B), like=x), ops.empty((H, B), like=x)
    added, kept = both[:H], both[H:]
    for h_prev, p, a, a_ifo, a_if, a_o, a_g, g_C, C, h in zip(
        S,
        P,
        *(_blocks(G, H * i, H * j, T) for i, j in ((0, 4), (0, 3), (0, 2), (2, 3), (3, 4), (3, 5))),
        _blocks(G[1:] if blocks else G, 4 * H, 5 * H, T),
        S[1:],
        strict=False,
    ):
        recur(h_prev, out=a)
        add(a, p, out=a)
        if see is None:
            tanh(a, out=a)
            multiply(a_ifo, half, out=a_ifo)
            add(a_ifo, half, out=a_ifo)
        else:  # o waits for the cell
            tanh(a_g, out=a_g)
            _finish_sigmoid(xp, a_if, half)
        multiply(a_if, g_C, out=both)  # i ⊙ g, f ⊙ C_{t−1}
        add(added, kept, out=C)
        if see is not None:
            see(C, out=part)
            add(a_o, part, out=a_o)
            _finish_sigmoid(xp, a_o, half)
        tanh(C, out=part)
        multiply(a_o, part, out=h)
    states = _batch_major(ops, S[1:])
    cells = _batch_major(ops, G[1:, 4 * H :]) if cell_states else _copy(ops, G[-1, 4 * H :].T)
    if not ops.grad:
        return (states, cells), None

    def pullback(h_bar: Array | None, C_bar: Array | None = None, h_T_bar: Array | None = None) -> Gradients:
        state_bar, cell_bar, part = (ops.zeros((H, B), like=x) for _ in range(3))
        if h_T_bar is not None:
            state_bar[...] = h_T_bar.T
        if C_bar is not None and not cell_states:
            cell_bar[...] = C_bar.T
        all_C_bar = C_bar if cell_states else None
        # In Z the order is o, i, f, g, for C̄ multiplies the last three.
        back = _product(ops, xp.concatenate([W_h[2 * H : 3 * H], W_h[: 2 * H], W_h[3 * H :]]).T, B)
        unsee = None if V_o is None else _product(ops, xp.ascontiguousarray(V_o).T, B)
        a_bar = ops.empty((4, H, T, B), like=x)
        for start, stop in _stretches(xp, T, 10 * h0.nbytes):
            n = stop - start
            gate, Z = G[start:stop].reshape(n, 5, H, B), ops.empty((n, 4, H, B), like=x)
            i_f, o, g, g_C = gate[:, :2], gate[:, 2], gate[:, 3], gate[:, 3:]
            z_o, z_if, z_g = Z[:, 0], Z[:, 1:3], Z[:, 3]
            squashed = tanh(G[start + 1 : stop + 1, 4 * H :])
            _times_one_minus(xp, o, squashed, out=z_o)  # ō = h̄ ⊙ tanh(C) ⊙ o(1−o)
            _times_one_minus(xp, i_f, g_C, out=z_if)  # ī = C̄ ⊙ g ⊙ i(1−i), f̄ = C̄ ⊙ C_{t−1} ⊙ f(1−f)
            _one_minus_square(xp, g, out=z_g)
            multiply(z_g, i_f[:, 0], out=z_g)  # ḡ = C̄ ⊙ i ⊙ (1−g²)
            through = _one_minus_square(xp, squashed, out=squashed)
            multiply(through, o, out=through)  # h̄ ⊙ o ⊙ (1−tanh²C) reaches C̄
            for t_h_bar, t_C_bar, t_through, t_o, t_ifg, f, z in zip(
                _feature_major(ops, h_bar, start, stop)[::-1],
                _feature_major(ops, all_C_bar, start, stop)[::-1],
                through[::-1],
                z_o[::-1],
                Z[::-1, 1:],
                i_f[::-1, 1],
                Z.reshape(n, 4 * H, B)[::-1],
                strict=True,
            ):
                if t_h_bar is not None:
                    add(state_bar, t_h_bar, out=state_bar)
                if t_C_bar is not None:
                    add(cell_bar, t_C_bar, out=cell_bar)
                multiply(state_bar, t_through, out=part)
                add(cell_bar, part, out=cell_bar)
                multiply(t_o, state_bar, out=t_o)
                if unsee is not None:
                    unsee(t_o, out=part)
                    add(cell_bar, part, out=cell_bar)
                multiply(t_ifg, cell_bar, out=t_ifg)
                multiply(cell_bar, f, out=cell_bar)
                back(z, out=state_bar)
            a_bar[:2, :, start:stop] = z_if.transpose(1, 2, 0, 3)
            a_bar[2, :, start:stop] = z_o.transpose(1, 0, 2)
            a_bar[3, :, start:stop] = z_g.transpose(1, 0, 2)

        o_bar, a_bar = a_bar[2].reshape(H, T * B), a_bar.reshape(4 * H, T * B)
        A_bar, W_h_bar = dot(a_bar, rows), dot(a_bar, _by_rows(ops, S[:T]).T)
        V_bar = None if V_o is None else dot(o_bar, _by_rows(ops, G[1:, 4 * H :]).T)
        x_bar = _input_gradient(a_bar, W_x, T, B)
        b_bar = None if b is None else A_bar[:, -1]
        return x_bar, state_bar.T, cell_bar.T, A_bar[:, :D], W_h_bar, b_bar, V_bar

    return (states, cells), pullback


# -------------------------------------------------------------------------------------------------- GRU
def gru(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array | None = None,
    c_H: Array | None = None,
    update: str = "candidate",
    reset: str = "before",
) -> tuple[Array, Pullback | None]:
    """The GRU, rows in the order z, r, H: h (B, T, H); pullback(h̄) → x, h0, W, U, b, c_H.

    `update` names what z weights, the candidate or the previous state; `reset` says whether r acts before or
    after the product with U_H. `c_H` is the bias of that product; before it, it only adds to that of H.
    """
    kernel = _gru_fast if ops.inplace else _gru_plain
    return kernel(ops, x, h0, W, U, b, c_H, update == "candidate", reset == "after")


def _gru_plain(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array | None,
    c_H: Array | None,
    z_takes: bool,
    after: bool,
) -> tuple[Array, Pullback | None]:
    xp, sigmoid, T, H = ops.xp, ops.gate_sigmoid, x.shape[1], h0.shape[1]
    U_zr, U_H = U[: 2 * H, :], U[2 * H :, :]
    h, steps = h0, []
    for t in range(T):
        a = ops.affine(x[:, t, :], W, b)
        zr = sigmoid(a[:, : 2 * H] + ops.affine(h, U_zr))
        z, r = zr[:, :H], zr[:, H:]
        inner = ops.affine(h, U_H, c_H) if after else r * h
        new = xp.tanh(a[:, 2 * H :] + (r * inner if after else ops.affine(inner, U_H, c_H)))
        take, keep = (z, 1.0 - z) if z_takes else (1.0 - z, z)
        h_prev, h = h, keep * h + take * new
        steps.append((h_prev, h, z, r, inner, new, take, keep))
    states = _over_time(ops, [s[1] for s in steps], like=h0)

    def pullback(h_bar: Array, h_T_bar: Array | None = None) -> Gradients:
        state_bar, x_bars = ops.zeros(h0.shape, like=h0) if h_T_bar is None else h_T_bar + 0.0, []
        grads = _Sums(ops, W=W, b=b, U_zr=U_zr, U_H=U_H, c_H=c_H)
        for t in reversed(range(T)):
            h_prev, _, z, r, inner, new, take, keep = steps[t]
            state_bar = state_bar + h_bar[:, t, :]
            n_bar = state_bar * take * (1.0 - new * new)
            z_bar = state_bar * ((new - h_prev) if z_takes else (h_prev - new)) * z * (1.0 - z)
            if after:  # tanh(… + r ⊙ inner), inner = U_H h + c_H
                in_bar, r_bar = n_bar * r, n_bar * inner * r * (1.0 - r)
                to_prev = xp.matmul(in_bar, U_H)
                grads.add(U_H=(in_bar, h_prev), c_H=(in_bar,))
            else:  # tanh(… + U_H inner), inner = r ⊙ h
                in_bar = xp.matmul(n_bar, U_H)
                to_prev, r_bar = in_bar * r, in_bar * h_prev * r * (1.0 - r)
                grads.add(U_H=(n_bar, inner), c_H=(n_bar,))
            a_bar = xp.concat([z_bar, r_bar, n_bar], axis=1)
            grads.add(W=(a_bar, x[:, t, :]), b=(a_bar,), U_zr=(a_bar[:, : 2 * H], h_prev))
            state_bar = state_bar * keep + to_prev + xp.matmul(a_bar[:, : 2 * H], U_zr)
            x_bars.append(xp.matmul(a_bar, W))
        U_bar = xp.concat([grads["U_zr"], grads["U_H"]], axis=0)
        return _over_time(ops, x_bars[::-1], like=x), state_bar, grads["W"], U_bar, grads["b"], grads["c_H"]

    return states, pullback if ops.grad else None


def _gru_fast(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array | None,
    c_H: Array | None,
    z_takes: bool,
    after: bool,
) -> tuple[Array, Pullback | None]:
    xp, dot, add, multiply, tanh = ops.xp, ops.xp.dot, ops.xp.add, ops.xp.multiply, ops.xp.tanh
    (B, T, D), H = x.shape, h0.shape[1]
    one, half = ops.full((), 1.0, like=x), ops.full((), 0.5, like=x)
    keep = ops.grad

    # Below, z is the share of the candidate. Where the equation gives z to the previous state, that share is
    # 1−z = σ(−a): the sign of its rows is turned here, and in its derivative.
    scale = 0.5 if z_takes else -0.5
    rows = _rows(ops, x)
    A = _beside(ops, W, b)
    R = ops.zeros((3 * H, 1 + H), like=x)  # rows z, r, H; columns 1, h
    R[:, 1:] = U
    if c_H is not None and after:
        R[2 * H :, 0] = c_H
    elif c_H is not None:
        A[2 * H :, -1] += c_H
    for weights in (A, R):
        weights[:H] *= scale
        weights[H : 2 * H] *= 0.5
    P = _input_part(ops, A, rows, T, B)
    if after:
        recur = _product(ops, R, B)
    else:
        recur, recur_H = _product(ops, R[: 2 * H], B), _product(ops, xp.ascontiguousarray(R[2 * H :, 1:]), B)

    Q = ops.empty((T + 1, 1 + 2 * H, B), like=x)  # Q[t] = [1; h_{t−1}; the candidate H_t]
    Q[:, 0] = 1.0
    Q[0, 1 : 1 + H] = h0.T
    G = ops.empty((T if keep else 1, 3 * H, B), like=x)  # G[t] = [1−z; z; r]
    M = ops.empty((T if keep else 1, 3 * H if after else H, B), like=x)  # the product with U, or r ⊙ h
    mix, raw = ops.empty((2 * H, B), like=x), ops.empty((2 * H, B), like=x)
    m_keep, m_take = mix[:H], mix[H:]
    for one_h, h, new, h_new, h_next, p_zr, p_n, z_bar, zr, z, r, zz, m in zip(
        _blocks(Q, 0, 1 + H, T),
        _blocks(Q, 1, 1 + H, T),
        _blocks(Q, 1 + H, 1 + 2 * H, T),
        _blocks(Q, 1, 1 + 2 * H, T),
        _blocks(Q[1:], 1, 1 + H),
        _blocks(P, 0, 2 * H),
        _blocks(P, 2 * H, 3 * H),
        *(_blocks(G, i * H, j * H, T) for i, j in ((0, 1), (1, 3), (1, 2), (2, 3), (0, 2))),
        _blocks(M, 0, M.shape[1], T),
        strict=True,
    ):
        if after:
            recur(one_h, out=m)
            add(m[: 2 * H], p_zr, out=zr)
        else:
            recur(one_h, out=raw)
            add(raw, p_zr, out=zr)
        tanh(zr, out=zr)
        multiply(zr, half, out=zr)
        add(zr, half, out=zr)
        xp.subtract(one, z, out=z_bar)
        if after:
            multiply(r, m[2 * H :], out=new)
        else:
            multiply(r, h, out=m)
            recur_H(m, out=new)
        add(new, p_n, out=new)
        tanh(new, out=new)
        multiply(zz, h_new, out=mix)  # (1−z) ⊙ h, z ⊙ H
        add(m_keep, m_take, out=h_next)
    states = _batch_major(ops, Q[1:, 1 : 1 + H])
    if not keep:
        return states, None

    def pullback(h_bar: Array, h_T_bar: Array | None = None) -> Gradients:
        state_bar, part, q = (ops.zeros((H, B), like=x) for _ in range(3))
        if h_T_bar is not None:
            state_bar[...] = h_T_bar.T
        U_T = xp.ascontiguousarray(U).T
        if after:
            back = _product(ops, U_T, B)
        else:
            back, back_H = _product(ops, U_T[:, : 2 * H], B), _product(ops, U_T[:, 2 * H :], B)
        a_bar = ops.empty((3, H, T, B), like=x)  # rows z, r, H
        in_bar = ops.empty((H, T, B), like=x)  # of the product U_H h, if after
        for start, stop in _stretches(xp, T, 9 * h0.nbytes):
            n = stop - start
            keeps, z, r = (G[start:stop, k * H : (k + 1) * H] for k in range(3))
            h, new = Q[start:stop, 1 : 1 + H], Q[start:stop, 1 + H :]
            Z = ops.empty((n, 4 if after else 3, H, B), like=x)  # rows H, z, r and, if after, U_H h
            z_n, z_z, z_r = Z[:, 0], Z[:, 1], Z[:, 2]
            _one_minus_square(xp, new, out=z_n)
            multiply(z_n, z, out=z_n)  # H̄ = h̄ ⊙ z ⊙ (1−H²)
            xp.subtract(*((new, h) if z_takes else (h, new)), out=z_z)
            multiply(z_z, z, out=z_z)
            multiply(z_z, keeps, out=z_z)  # z̄ = h̄ ⊙ (H−h) ⊙ z(1−z)
            _times_one_minus(xp, r, M[start:stop, 2 * H :] if after else h, out=z_r)  # r̄ = … ⊙ r(1−r)
            if after:
                Z[:, 3] = r
            for o_bar, t_n, t_nz, t_ri, t_r, u, kept, reset in zip(
                _feature_major(ops, h_bar, start, stop)[::-1],
                z_n[::-1],
                Z[::-1, :2],
                Z[::-1, 2:],
                z_r[::-1],
                Z.reshape(n, Z.shape[1] * H, B)[::-1, H:],
                keeps[::-1],
                r[::-1],
                strict=True,
            ):
                add(state_bar, o_bar, out=state_bar)
                multiply(t_nz, state_bar, out=t_nz)
                multiply(state_bar, kept, out=part)
                if after:
                    multiply(t_ri, t_n, out=t_ri)
                    back(u, out=state_bar)
                else:
                    back_H(t_n, out=q)
                    multiply(t_r, q, out=t_r)
                    multiply(q, reset, out=q)
                    add(part, q, out=part)
                    back(u, out=state_bar)
                add(state_bar, part, out=state_bar)
            a_bar[:2, :, start:stop] = Z[:, 1:3].transpose(1, 2, 0, 3)
            a_bar[2, :, start:stop] = z_n.transpose(1, 0, 2)
            if after:
                in_bar[:, start:stop] = Z[:, 3].transpose(1, 0, 2)

        a_bar, in_bar = a_bar.reshape(3 * H, T * B), in_bar.reshape(H, T * B)
        A_bar, U_bar = dot(a_bar, rows), ops.empty(U.shape, like=x)
        before = _by_rows(ops, Q[:T, 1 : 1 + H]).T
        dot(a_bar[: 2 * H], before, out=U_bar[: 2 * H])
        if after:
            dot(in_bar, before, out=U_bar[2 * H :])
            c_bar = xp.sum(in_bar, axis=1)
        else:
            dot(a_bar[2 * H :], _by_rows(ops, M).T, out=U_bar[2 * H :])
            c_bar = _copy(ops, A_bar[2 * H :, -1])
        x_bar = _input_gradient(a_bar, W, T, B)
        b_bar = None if b is None else A_bar[:, -1]
        return x_bar, state_bar.T, A_bar[:, :D], U_bar, b_bar, None if c_H is None else c_bar

    return states, pullback


# -------------------------------------------------------------------------------------- for the plain texts
def _over_time(ops: Ops, steps: Sequence[Array], like: Array) -> Array:
    """The steps (B, n) as one array (B, T, n); with no step, (B, 0, n)."""
    if not steps:
        return ops.zeros((like.shape[0], 0, like.shape[-1]), like=like)
    return ops.xp.stack(steps, axis=1)


class _Sums:
    """Gradients of weights, summed over the steps; those of absent weights stay None."""

    def __init__(self, ops: Ops, **weights: Array | None) -> None:
        self._ops = ops
        self._sums = {n: None if w is None else ops.zeros(w.shape, like=w) for n, w in weights.items()}

    def add(self, **terms: tuple[Array, ...]) -> None:
        """Add āᵀx for a matrix, given as (ā, x), or the sum of ā for a bias, given as (ā,)."""
        for name, (a_bar, *rest) in terms.items():
            if self._sums[name] is not None:
                term = self._ops.outer_sum(a_bar, rest[0]) if rest else self._ops.total(a_bar)
                self._sums[name] = self._sums[name] + term

    def __getitem__(self, name: str) -> Array | None:
        return self._sums[name]


# --------------------------------------------------------------------------------------- for the fast texts
def _rows(ops: Ops, x: Array) -> Array:
    """(B, T, D) as a new matrix of T·B rows ``[x_tᵀ 1]``, time first."""
    B, T, D = x.shape
    rows = ops.empty((T, B, D + 1), like=x)
    rows[:, :, :D] = x.transpose(1, 0, 2)
    rows[:, :, D] = 1.0
    return rows.reshape(T * B, D + 1)


def _beside(ops: Ops, W: Array, b: Array | None) -> Array:
    """``[W b]``, which multiplies ``[x; 1]``."""
    rows, D = W.shape
    A = ops.empty((rows, D + 1), like=W)
    A[:, :D] = W
    A[:, D] = 0.0 if b is None else b
    return A


def _input_part(ops: Ops, A: Array, rows: Array, T: int, B: int) -> Array:
    """``W x_t + b`` of all steps, (T, n, B)."""
    xp, (n, K) = ops.xp, A.shape
    if B == 1:
        return xp.dot(rows, A.T).reshape(T, n, 1)
    P, X = ops.empty((T, n, B), like=A), _copy(ops, rows.reshape(T, B, K).transpose(0, 2, 1))
    count = _block_count(xp, A, B)
    xp.matmul(A.reshape(count, n // count, K), X[:, None], out=P.reshape(T, count, n // count, B))
    return P


def _product(ops: Ops, A: Array, B: int) -> Callable[..., Array]:
    """``product(s, out=…)``: A times a matrix of B columns."""
    xp, n = ops.xp, A.shape[0]
    count = _block_count(xp, A, B)
    if count == 1:
        return partial(xp.dot, A)
    blocks, shape = A.reshape(count, n // count, A.shape[1]), (count, n // count, B)
    return lambda s, out: xp.matmul(blocks, s, out=out.reshape(shape))


def _block_count(xp: Any, A: Array, B: int) -> int:
    """In how many blocks of rows to multiply A by a matrix of B columns.

    OpenBLAS does not pack the factors of a product of at most 10⁶ multiplications. That makes it half as fast
    again where few columns would not repay the packing, as long as these stay in the first caches.
    """
    n, K = A.shape
    if xp.__name__ != "numpy" or n * K * B <= SMALL_PRODUCT or K * B > FEW_COLUMNS:
        return 1
    least = -(-n * K * B // SMALL_PRODUCT)
    return next((c for c in range(least, min(n, 4 * least) + 1) if n % c == 0), 1)


def _blocks(A: Array, start: int, stop: int, T: int | None = None) -> list[Array]:
    """Rows start…stop of T steps, as views; T times the same view where all steps share a block."""
    views = list(A[:, start:stop])
    return views * T if T is not None and len(views) == 1 else views[:T]


def _feature_major(ops: Ops, x: Array | None, start: int, stop: int) -> Array:
    """Steps start…stop of (B, T, n) as a new array (stop−start, n, B); for None, a list of None."""
    if x is None:
        return [None] * (stop - start)
    return _copy(ops, x[:, start:stop].transpose(1, 2, 0))


def _batch_major(ops: Ops, A: Array) -> Array:
    """(T, n, B) as (B, T, n), a new array; in memory time comes first, which keeps the copying local."""
    return _copy(ops, A.transpose(0, 2, 1)).transpose(1, 0, 2)


def _copy(ops: Ops, A: Array) -> Array:
    out = ops.empty(A.shape, like=A)
    out[...] = A
    return out


def _by_rows(ops: Ops, A: Array) -> Array:
    """(T, n, B) as a new matrix of n rows and T·B columns."""
    T, n, B = A.shape
    return _copy(ops, A.transpose(1, 0, 2)).reshape(n, T * B)


def _input_gradient(z_bar: Array, W: Array, T: int, B: int) -> Array:
    """``x̄ = Wᵀ z̄`` of all steps, (B, T, D)."""
    return z_bar.T.dot(W).reshape(T, B, W.shape[1]).transpose(1, 0, 2)


def _finish_sigmoid(xp: Any, a: Array, half: Array) -> None:
    """In place, from a/2 to σ(a)."""
    xp.tanh(a, out=a)
    xp.multiply(a, half, out=a)
    xp.add(a, half, out=a)


def _one_minus_square(xp: Any, y: Array, out: Array | None = None) -> Array:
    """1 − y², the slope of tanh where it takes the value y."""
    out = xp.multiply(y, y, out=out)
    return xp.subtract(1.0, out, out=out)


def _times_one_minus(xp: Any, y: Array, factor: Array, out: Array) -> None:
    """y(1−y), the slope of σ where it takes the value y, times a factor."""
    xp.subtract(1.0, y, out=out)
    xp.multiply(out, y, out=out)
    xp.multiply(out, factor, out=out)


def _stretches(xp: Any, T: int, step_bytes: int) -> list[tuple[int, int]]:
    """Stretches of time, last first, whose factors stay in the cache; a device takes all at once."""
    n = max(1, CACHE_BYTES // max(1, step_bytes)) if xp.__name__ == "numpy" else max(1, T)
    return [(max(0, stop - n), stop) for stop in range(T, 0, -n)]
