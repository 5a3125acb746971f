"""PyTorch's own modules (`torch.nn`), held to the specification.

    nnspec check examples/torch_nn.py --deviations examples/deviations.toml
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

autodiff = "torch"

options = {
    # nn.GRU lets z weight the previous state, and resets after the recurrent product
    "gated.gru": {"update": "previous", "reset": "after"},
    # like torch.relu, nn.RNN's relu has the derivative 0 at 0
    "recurrent.elman": {"relu_grad_at_zero": 0},
}


def _with(module, **weights):
    """The module with given tensors in place of its parameters."""
    for name, tensor in weights.items():
        delattr(module, name)
        setattr(module, name, tensor)
    return module


# ------------------------------------------------------------------------------------ activations
def relu(x):
    return nn.ReLU()(x)


def activation_sigmoid(x):
    return nn.Sigmoid()(x)


def activation_tanh(x):
    return nn.Tanh()(x)


def softmax_vector(z):
    return nn.Softmax(dim=-1)(z)


# ----------------------------------------------------------------------------------------- layers
def affine(x, W, b=None):
    linear = nn.Linear(x.shape[-1], W.shape[0], bias=b is not None)
    return _with(linear, weight=W, **({} if b is None else {"bias": b}))(x)


# ----------------------------------------------------------------------------------------- losses
def binary_cross_entropy(y_hat, y):
    return nn.BCELoss(reduction="none")(y_hat, y)


def binary_cross_entropy_logits(z, y):
    return nn.BCEWithLogitsLoss(reduction="none")(z, y)


def softmax_cross_entropy(z, i):
    return nn.CrossEntropyLoss(reduction="none")(z, i)


def categorical_cross_entropy_logits(z, y):
    return nn.CrossEntropyLoss(reduction="none")(z, y)


# ------------------------------------------------------------------------------------ recurrences
def _run(cell, x, state, lengths):
    if lengths is None:
        return cell(x, state)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    packed_h, last = cell(packed, state)
    return pad_packed_sequence(packed_h, batch_first=True, total_length=x.shape[1])[0], last


def _zeros(rows, like):
    return torch.zeros(rows, dtype=like.dtype)


def elman(x, h0, W, U, V, b_h=None, b_y=None, activation="tanh", output="identity", lengths=None):
    if activation not in ("tanh", "relu") or output != "identity":
        raise NotImplementedError(f"nn.RNN has no {activation} unit")
    H, D = W.shape
    rnn = nn.RNN(D, H, nonlinearity=activation, batch_first=True)
    _with(rnn, weight_ih_l0=W, weight_hh_l0=U, bias_ih_l0=_zeros(H, W) if b_h is None else b_h, bias_hh_l0=_zeros(H, W))
    h, h_T = _run(rnn, x, h0[None], lengths)
    y = affine(h, V, b_y)
    if lengths is not None:
        y = y * (torch.arange(x.shape[1])[None, :] < lengths[:, None])[..., None]
    return {"h": h, "y": y, "h_T": h_T[0]}


def gated_lstm(x, h0, c0, W, b=None, lengths=None):
    D, H = x.shape[-1], h0.shape[-1]
    order = torch.cat([torch.arange(2 * H), torch.arange(3 * H, 4 * H), torch.arange(2 * H, 3 * H)])  # i, f, g, o
    b = _zeros(4 * H, W) if b is None else b
    lstm = nn.LSTM(D, H, batch_first=True)
    W = W[order]
    _with(lstm, weight_ih_l0=W[:, :D], weight_hh_l0=W[:, D:], bias_ih_l0=b[order], bias_hh_l0=_zeros(4 * H, W))
    h, (h_T, c_T) = _run(lstm, x, (h0[None], c0[None]), lengths)
    return {"h": h, "h_T": h_T[0], "c_T": c_T[0]}


def gru(x, h0, W_z, U_z, W_r, U_r, W_H, U_H, b_z=None, b_r=None, b_H=None, c_H=None, lengths=None):
    H, D = W_z.shape
    none = _zeros(H, x)
    b_z, b_r, b_H, c_H = (none if b is None else b for b in (b_z, b_r, b_H, c_H))
    cell = nn.GRU(D, H, batch_first=True)
    _with(
        cell,
        weight_ih_l0=torch.cat([W_r, W_z, W_H]),
        weight_hh_l0=torch.cat([U_r, U_z, U_H]),
        bias_ih_l0=torch.cat([b_r, b_z, b_H]),
        bias_hh_l0=torch.cat([none, none, c_H]),
    )
    h, h_T = _run(cell, x, h0[None], lengths)
    return {"h": h, "h_T": h_T[0]}
