"""Gated cells on PyTorch: its fused kernels where they are the same equation, else a loop over the steps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nnspec.pytorch._ops import last

ONE_LAYER = (
    1,
    0.0,
    True,
    False,
)  # of the fused kernels: one layer, no dropout, kept for backward, one direction


def gate(x: Tensor, h_prev: Tensor, v: Tensor, W: Tensor, U: Tensor, b: Tensor | None) -> tuple[Tensor, Tensor]:
    """σ(W x + U h + b), and its product with v."""
    mask = torch.sigmoid(linear(x, W, b) + linear(h_prev, U))
    return mask, mask * v


def lstm_peephole(
    x: Tensor,
    h0: Tensor,
    C0: Tensor,
    W_i: Tensor,
    U_i: Tensor,
    b_i: Tensor,
    W_c: Tensor,
    U_c: Tensor,
    b_c: Tensor,
    W_f: Tensor,
    U_f: Tensor,
    b_f: Tensor,
    W_o: Tensor,
    U_o: Tensor,
    V_o: Tensor,
    b_o: Tensor,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """No fused kernel has V_o: a loop, after one product of all inputs with all matrices."""
    H = h0.shape[1]
    inputs = linear(x, torch.cat([W_i, W_f, W_o, W_c]), torch.cat([b_i, b_f, b_o, b_c]))
    U = torch.cat([U_i, U_f, U_o, U_c])
    h, C, outputs, cells = h0, C0, [], []
    for from_x in inputs.unbind(1):
        gates, o, c = (from_x + linear(h, U)).split([2 * H, H, H], dim=1)
        i, f = torch.sigmoid(gates).split(H, dim=1)
        C = i * torch.tanh(c) + f * C
        h = torch.sigmoid(o + linear(C, V_o)) * torch.tanh(C)
        outputs.append(h)
        cells.append(C)
    states = _over_time(outputs, h0)
    C_T = C.clone() if lengths is None else last(_over_time(cells, C0), C0, lengths)
    return states, last(states, h0, lengths), C_T


def lstm(
    x: Tensor, h0: Tensor, c0: Tensor, W: Tensor, b: Tensor | None, lengths: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """The fused LSTM, whose gates are in the order i, f, g, o, and which has two biases."""
    (_, T, D), H = x.shape, h0.shape[1]
    if T == 0 or x.shape[0] == 0:
        return x.new_zeros(x.shape[0], T, H), h0.clone(), c0.clone()
    i_f, o, g = W.split([2 * H, H, H])
    W_x, W_h = torch.cat([i_f, g, o]).split([D, H], dim=1)
    if b is None:
        weights = in_one_piece(W_x, W_h)
    else:
        i_f, o, g = b.split([2 * H, H, H])
        weights = in_one_piece(W_x, W_h, torch.cat([i_f, g, o]), torch.zeros_like(b))
    state = [h0[None].contiguous(), c0[None].contiguous()]  # cuDNN asks for it
    if lengths is None:
        h, h_T, c_T = torch.lstm(x, state, weights, b is not None, *ONE_LAYER, True)
        return h, h_T[0], c_T[0]
    # An empty sequence cannot be packed: it is given one step, whose states are then passed over.
    packed = pack_padded_sequence(x, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
    state = [s.index_select(1, packed.sorted_indices) for s in state]
    flat, h_T, c_T = torch.lstm(packed.data, packed.batch_sizes, state, weights, b is not None, *ONE_LAYER)
    h, _ = pad_packed_sequence(packed._replace(data=flat), batch_first=True, total_length=T)
    h_T, c_T = (s[0].index_select(0, packed.unsorted_indices) for s in (h_T, c_T))
    some = (lengths > 0)[:, None]
    return h, torch.where(some, h_T, h0), torch.where(some, c_T, c0)


def lstm_scalar_cell(c: Tensor, forget: Tensor, new_input: Tensor, input_gate: Tensor) -> tuple[Tensor]:
    """c · f + g · i."""
    return (c * forget + new_input * input_gate,)


def lstm_jm_names(
    x: Tensor,
    h_prev: Tensor,
    c_prev: Tensor,
    U_f: Tensor,
    W_f: Tensor,
    U_g: Tensor,
    W_g: Tensor,
    U_i: Tensor,
    W_i: Tensor,
    U_o: Tensor,
    W_o: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """One LSTM step with its intermediate layers."""
    k = c_prev * torch.sigmoid(linear(h_prev, U_f) + linear(x, W_f))
    g = torch.tanh(linear(h_prev, U_g) + linear(x, W_g))
    j = g * torch.sigmoid(linear(h_prev, U_i) + linear(x, W_i))
    c = j + k
    h = torch.sigmoid(linear(h_prev, U_o) + linear(x, W_o)) * torch.tanh(c)
    return k, g, j, c, h


def cell_reset(c0: Tensor, f: Tensor, boundary: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """c_t = f_t c_{t−1}, and 0 at a boundary."""
    c, cells = c0, []
    for kept in (f * (1.0 - boundary)[:, :, None]).unbind(1):
        c = kept * c
        cells.append(c)
    states = _over_time(cells, c0)
    return states, last(states, c0, lengths)


def gru(
    x: Tensor,
    h0: Tensor,
    W_z: Tensor,
    U_z: Tensor,
    W_r: Tensor,
    U_r: Tensor,
    W_H: Tensor,
    U_H: Tensor,
    b_z: Tensor | None,
    b_r: Tensor | None,
    b_H: Tensor | None,
    c_H: Tensor | None,
    update: str,
    reset: str,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The fused GRU (rows r, z, H) has update="previous", reset="after"; −a for a makes 1 − z of z."""
    biased = any(b is not None for b in (b_z, b_r, b_H, c_H))
    zero = x.new_zeros(h0.shape[1])
    b_z, b_r, b_H, c_H = (zero if b is None else b for b in (b_z, b_r, b_H, c_H))
    if reset == "before" or 0 in x.shape[:2]:
        states = _gru_loop(x, h0, W_z, U_z, W_r, U_r, W_H, U_H, b_z, b_r, b_H + c_H, update)
        return states, last(states, h0, lengths)
    if update == "candidate":
        W_z, U_z, b_z = -W_z, -U_z, -b_z
    weights = [torch.cat([W_r, W_z, W_H]), torch.cat([U_r, U_z, U_H])]
    if biased:
        weights += [torch.cat([b_r, b_z, b_H]), torch.cat([zero, zero, c_H])]
    states, h_T = torch.gru(x, h0[None].contiguous(), in_one_piece(*weights), biased, *ONE_LAYER, True)
    return states, h_T[0] if lengths is None else last(states, h0, lengths)


def in_one_piece(*weights: Tensor) -> list[Tensor]:
    """The same weights as parts of one buffer, which is how cuDNN wants them; as they are on a processor."""
    if not weights[0].is_cuda:
        return list(weights)
    flat = torch.cat([w.reshape(-1) for w in weights])
    parts = flat.split([w.numel() for w in weights])
    return [part.view(w.shape) for part, w in zip(parts, weights, strict=True)]


def _gru_loop(
    x: Tensor,
    h0: Tensor,
    W_z: Tensor,
    U_z: Tensor,
    W_r: Tensor,
    U_r: Tensor,
    W_H: Tensor,
    U_H: Tensor,
    b_z: Tensor,
    b_r: Tensor,
    b_H: Tensor,
    update: str,
) -> Tensor:
    H = h0.shape[1]
    inputs = linear(x, torch.cat([W_z, W_r, W_H]), torch.cat([b_z, b_r, b_H]))
    U_zr = torch.cat([U_z, U_r])
    h, outputs = h0, []
    for from_x in inputs.unbind(1):
        gates, candidate = from_x.split([2 * H, H], dim=1)
        z, r = torch.sigmoid(gates + linear(h, U_zr)).split(H, dim=1)
        new = torch.tanh(candidate + linear(r * h, U_H))
        h = (1.0 - z) * h + z * new if update == "candidate" else z * h + (1.0 - z) * new
        outputs.append(h)
    return _over_time(outputs, h0)


def _over_time(steps: list[Tensor], like: Tensor) -> Tensor:
    """The steps (B, H) as one tensor (B, T, H); with no step, (B, 0, H)."""
    return torch.stack(steps, dim=1) if steps else like.new_zeros(like.shape[0], 0, like.shape[1])
