"""Gated cells on arrays: the recurrent kernels, with the notes' weights laid out as they want them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec.array import _kernels
from nnspec.array._ops import Array, Ops


def gate(ops: Ops, x: Array, h_prev: Array, v: Array, W: Array, U: Array, b: Array | None) -> Any:
    """σ(W x + U h + b), and its product with v."""
    mask = ops.gate_sigmoid(ops.affine(x, W, b) + ops.affine(h_prev, U))

    def pullback(mask_bar: Array, gated_bar: Array) -> dict[str, Array]:
        a_bar = (mask_bar + gated_bar * v) * mask * (1.0 - mask)
        return {
            "x": ops.xp.matmul(a_bar, W),
            "h_prev": ops.xp.matmul(a_bar, U),
            "v": gated_bar * mask,
            "W": ops.outer_sum(a_bar, x),
            "U": ops.outer_sum(a_bar, h_prev),
            "b": ops.total(a_bar),
        }

    return (mask, mask * v), pullback


def lstm_peephole(
    ops: Ops,
    x: Array,
    h0: Array,
    C0: Array,
    W_i: Array,
    U_i: Array,
    b_i: Array,
    W_c: Array,
    U_c: Array,
    b_c: Array,
    W_f: Array,
    U_f: Array,
    b_f: Array,
    W_o: Array,
    U_o: Array,
    V_o: Array,
    b_o: Array,
    lengths: Array | None,
) -> Any:
    """The LSTM with V_o; the kernel's gates are in the order i, f, o, c."""
    W, U, b = (ops.xp.concat(four) for four in ((W_i, W_f, W_o, W_c), (U_i, U_f, U_o, U_c), (b_i, b_f, b_o, b_c)))
    outputs, back = _lstm(ops, x, h0, C0, W, U, b, V_o, lengths)

    def pullback(h_bar: Array, h_T_bar: Array, C_T_bar: Array) -> dict[str, Array]:
        x_bar, h0_bar, C0_bar, W_bar, U_bar, b_bar, V_bar = back(h_bar, h_T_bar, C_T_bar)
        return {
            "x": x_bar,
            "h0": h0_bar,
            "C0": C0_bar,
            "V_o": V_bar,
            **_rows(W_bar, ("W_i", "W_f", "W_o", "W_c")),
            **_rows(U_bar, ("U_i", "U_f", "U_o", "U_c")),
            **_rows(b_bar, ("b_i", "b_f", "b_o", "b_c")),
        }

    return outputs, pullback


def lstm(ops: Ops, x: Array, h0: Array, c0: Array, W: Array, b: Array | None, lengths: Array | None) -> Any:
    """The LSTM with one matrix for [x; h]."""
    D = x.shape[2]
    outputs, back = _lstm(ops, x, h0, c0, W[:, :D], W[:, D:], b, None, lengths)

    def pullback(h_bar: Array, h_T_bar: Array, c_T_bar: Array) -> dict[str, Array]:
        x_bar, h0_bar, c0_bar, W_x_bar, W_h_bar, b_bar, _ = back(h_bar, h_T_bar, c_T_bar)
        W_bar = ops.xp.concat([W_x_bar, W_h_bar], axis=1)
        return {"x": x_bar, "h0": h0_bar, "c0": c0_bar, "W": W_bar, "b": b_bar}

    return outputs, pullback


def _lstm(
    ops: Ops,
    x: Array,
    h0: Array,
    C0: Array,
    W: Array,
    U: Array,
    b: Array | None,
    V_o: Array | None,
    lengths: Array | None,
) -> Any:
    """The kernel with the states after the last step: h, h_T, C_T, and the pullback from their cotangents."""
    T = x.shape[1]
    ragged = lengths is not None
    (h, C), back = _kernels.lstm(ops, x, h0, C0, W, U, b, V_o, cell_states=ragged)
    outputs = h, ops.last(h, h0, lengths), ops.last(C, C0, lengths) if ragged else C
    if back is None:
        return outputs, None

    def pullback(h_bar: Array, h_T_bar: Array, C_T_bar: Array) -> Any:
        if not ragged:
            return back(h_bar, C_T_bar, h_T_bar)
        h_bar, to_h0 = add_last(ops, h_bar, h_T_bar, lengths)
        C_bar, to_C0 = ops.last_pullback(C_T_bar, T, lengths)
        x_bar, h0_bar, C0_bar, *rest = back(h_bar, C_bar)
        return x_bar, _sum(h0_bar, to_h0), _sum(C0_bar, to_C0), *rest

    return outputs, pullback


def lstm_scalar_cell(ops: Ops, c: Array, forget: Array, new_input: Array, input_gate: Array) -> Any:
    """c · f + g · i."""

    def pullback(c_bar: Array) -> dict[str, Array]:
        return {
            "c": c_bar * forget,
            "forget": c_bar * c,
            "new_input": c_bar * input_gate,
            "input_gate": c_bar * new_input,
        }

    return (c * forget + new_input * input_gate,), pullback


def lstm_jm_names(
    ops: Ops,
    x: Array,
    h_prev: Array,
    c_prev: Array,
    U_f: Array,
    W_f: Array,
    U_g: Array,
    W_g: Array,
    U_i: Array,
    W_i: Array,
    U_o: Array,
    W_o: Array,
) -> Any:
    """One LSTM step with its intermediate layers."""
    xp = ops.xp
    U, W = xp.concat([U_f, U_g, U_i, U_o]), xp.concat([W_f, W_g, W_i, W_o])
    H = h_prev.shape[1]
    a = ops.affine(x, W) + ops.affine(h_prev, U)
    f, i, o = (ops.gate_sigmoid(a[:, n * H : (n + 1) * H]) for n in (0, 2, 3))
    g = xp.tanh(a[:, H : 2 * H])
    k, j = c_prev * f, g * i
    c = j + k
    squashed = xp.tanh(c)

    def pullback(k_bar: Array, g_bar: Array, j_bar: Array, c_bar: Array, h_bar: Array) -> dict[str, Array]:
        c_bar = c_bar + h_bar * o * (1.0 - squashed * squashed)
        k_bar, j_bar = k_bar + c_bar, j_bar + c_bar
        a_bar = xp.concat(
            [
                k_bar * c_prev * f * (1.0 - f),
                (g_bar + j_bar * i) * (1.0 - g * g),
                j_bar * g * i * (1.0 - i),
                h_bar * squashed * o * (1.0 - o),
            ],
            axis=1,
        )
        return {
            "x": xp.matmul(a_bar, W),
            "h_prev": xp.matmul(a_bar, U),
            "c_prev": k_bar * f,
            **_rows(ops.outer_sum(a_bar, h_prev), ("U_f", "U_g", "U_i", "U_o")),
            **_rows(ops.outer_sum(a_bar, x), ("W_f", "W_g", "W_i", "W_o")),
        }

    return (k, g, j, c, o * squashed), pullback


def cell_reset(ops: Ops, c0: Array, f: Array, boundary: Array, lengths: Array | None) -> Any:
    """c_t = f_t c_{t−1}, and 0 at a boundary."""
    xp, T = ops.xp, f.shape[1]
    inside = 1.0 - boundary[:, :, None]
    kept = f * inside
    cells = [c0]
    for t in range(T):
        cells.append(kept[:, t, :] * cells[-1])
    c = xp.stack(cells[1:], axis=1) if T else ops.zeros(f.shape, like=f)

    def pullback(c_bar: Array, c_T_bar: Array) -> dict[str, Array]:
        c_bar, to_c0 = add_last(ops, c_bar, c_T_bar, lengths)
        state_bar, kept_bars = ops.zeros(c0.shape, like=c0), []
        for t in reversed(range(T)):
            state_bar = state_bar + c_bar[:, t, :]
            kept_bars.append(state_bar * cells[t])
            state_bar = state_bar * kept[:, t, :]
        kept_bar = xp.stack(kept_bars[::-1], axis=1) if T else ops.zeros(f.shape, like=f)
        return {"c0": _sum(state_bar, to_c0), "f": kept_bar * inside}

    return (c, ops.last(c, c0, lengths)), pullback


def gru(
    ops: Ops,
    x: Array,
    h0: Array,
    W_z: Array,
    U_z: Array,
    W_r: Array,
    U_r: Array,
    W_H: Array,
    U_H: Array,
    b_z: Array | None,
    b_r: Array | None,
    b_H: Array | None,
    c_H: Array | None,
    update: str,
    reset: str,
    lengths: Array | None,
) -> Any:
    """The GRU; the kernel's blocks are in the order z, r, H."""
    xp = ops.xp
    W, U = xp.concat([W_z, W_r, W_H]), xp.concat([U_z, U_r, U_H])
    b = None
    if any(bias is not None for bias in (b_z, b_r, b_H)):
        zero = ops.zeros((h0.shape[1],), like=h0)
        b = xp.concat([zero if bias is None else bias for bias in (b_z, b_r, b_H)])
    h, back = _kernels.gru(ops, x, h0, W, U, b, c_H, update=update, reset=reset)
    outputs = h, ops.last(h, h0, lengths)
    if back is None:
        return outputs, None

    def pullback(h_bar: Array, h_T_bar: Array) -> dict[str, Array]:
        to_h0 = None
        if lengths is not None:
            h_bar, to_h0 = add_last(ops, h_bar, h_T_bar, lengths)
            h_T_bar = None
        x_bar, h0_bar, W_bar, U_bar, b_bar, c_bar = back(h_bar, h_T_bar=h_T_bar)
        biases = {} if b_bar is None else _rows(b_bar, ("b_z", "b_r", "b_H"))
        return {
            "x": x_bar,
            "h0": _sum(h0_bar, to_h0),
            **_rows(W_bar, ("W_z", "W_r", "W_H")),
            **_rows(U_bar, ("U_z", "U_r", "U_H")),
            **biases,
            "c_H": c_bar,
        }

    return outputs, pullback


def _rows(stacked: Array, names: Sequence[str]) -> dict[str, Array]:
    """A stacked gradient, in blocks of rows of equal height by name."""
    H = stacked.shape[0] // len(names)
    return {name: stacked[n * H : (n + 1) * H, ...] for n, name in enumerate(names)}


def _sum(a: Array, b: Array | None) -> Array:
    return a if b is None else a + b


def add_last(ops: Ops, states_bar: Array, last_bar: Array, lengths: Array | None) -> tuple[Array, Array | None]:
    """The states' cotangent with that of the last state added, and what of it reaches the initial state."""
    T = states_bar.shape[1]
    if ops.inplace and lengths is None and T:
        states_bar = states_bar + 0.0
        states_bar[:, -1] += last_bar
        return states_bar, None
    to_states, to_initial = ops.last_pullback(last_bar, T, lengths)
    return states_bar + to_states, to_initial
