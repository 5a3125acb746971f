"""ONNX Runtime's recurrent operators (RNN, LSTM, LSTM with peepholes, GRU), forward only.

    nnspec check examples/onnx_ops.py --deviations examples/deviations.toml

ONNX knows peepholes that are diagonal; the notes' V_o is a full matrix, so only H = 1 can be compared.
"""

from functools import cache

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

dtypes = ["float32"]

# ONNX lets z weight the previous state; where it resets is an attribute
options = {"gated.gru": {"update": "previous"}}


@cache
def _session(op, outputs, names, attributes):
    """A model of one operator, for inputs of any size."""
    node = helper.make_node(op, list(names), list(outputs), **dict(attributes))
    kinds = {"lengths": TensorProto.INT32}
    real = [n for n in names if n]
    inputs = [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), None) for n in real]
    results = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs]
    graph = helper.make_graph([node], op, inputs, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _run(op, outputs, inputs, **attributes):
    names = tuple(n if v is not None else "" for n, v in inputs.items())
    session = _session(op, outputs, names, tuple(sorted(attributes.items())))
    return session.run(None, {n: v for n, v in inputs.items() if v is not None})


def _call(op, outputs, x, W, R, B, lengths, states, **attributes):
    """One layer, one direction: the operator wants time first and a leading axis of directions."""
    inputs = {"X": np.swapaxes(x, 0, 1), "W": W[None], "R": R[None], "B": B[None]}
    inputs["lengths"] = None if lengths is None else lengths.astype(np.int32)
    inputs.update({name: s[None] if s is not None else None for name, s in states.items()})
    found = _run(op, outputs, inputs, hidden_size=R.shape[1], **attributes)
    return [np.swapaxes(found[0][:, 0], 0, 1), *(f[0] for f in found[1:])]


def elman(x, h0, W, U, V, b_h=None, b_y=None, activation="tanh", output="identity", lengths=None):
    if output != "identity" or activation == "identity":
        raise NotImplementedError(f"no {output} output of a unit {activation}")
    H = U.shape[0]
    b = np.concatenate([np.zeros(H, x.dtype) if b_h is None else b_h, np.zeros(H, x.dtype)])
    name = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}[activation]
    h, h_T = _call("RNN", ("Y", "Y_h"), x, W, U, b, lengths, {"h0": h0}, activations=(name,))
    y = h @ V.T + (0 if b_y is None else b_y)
    if lengths is not None:
        y[np.arange(x.shape[1])[None, :] >= lengths[:, None]] = 0.0
    return {"h": h, "y": y.astype(x.dtype), "h_T": h_T}


def _lstm(x, h0, c0, W, R, B, lengths, P=None):
    states = {"h0": h0, "c0": c0}
    if P is not None:
        states["P"] = P
    return _call("LSTM", ("Y", "Y_h", "Y_c"), x, W, R, B, lengths, states)


def gated_lstm(x, h0, c0, W, b=None, lengths=None):
    D, H = x.shape[-1], h0.shape[-1]
    i, f, o, g = (np.arange(k * H, (k + 1) * H) for k in range(4))
    order = np.concatenate([i, o, f, g])  # ONNX: i, o, f, c
    b = np.zeros(4 * H, x.dtype) if b is None else b
    B = np.concatenate([b[order], np.zeros(4 * H, x.dtype)])
    return _lstm(x, h0, c0, W[order, :D], W[order, D:], B, lengths)


def lstm_peephole(x, h0, C0, W_i, U_i, b_i, W_c, U_c, b_c, W_f, U_f, b_f, W_o, U_o, V_o, b_o, lengths=None):
    H = h0.shape[-1]
    if H != 1:
        raise NotImplementedError("ONNX's peepholes are diagonal")
    W, R = np.concatenate([W_i, W_o, W_f, W_c]), np.concatenate([U_i, U_o, U_f, U_c])
    B = np.concatenate([b_i, b_o, b_f, b_c, np.zeros(4 * H, x.dtype)])
    P = np.concatenate([np.zeros(H, x.dtype), np.diag(V_o), np.zeros(H, x.dtype)])  # i, o, f
    return _lstm(x, h0, C0, W, R, B, lengths, P)


def gru(x, h0, W_z, U_z, W_r, U_r, W_H, U_H, b_z=None, b_r=None, b_H=None, c_H=None, reset="before", lengths=None):
    H = h0.shape[-1]
    none = np.zeros(H, x.dtype)
    b_z, b_r, b_H, c_H = (none if b is None else b for b in (b_z, b_r, b_H, c_H))
    W, R = np.concatenate([W_z, W_r, W_H]), np.concatenate([U_z, U_r, U_H])
    B = np.concatenate([b_z, b_r, b_H, none, none, c_H])
    h, h_T = _call(
        "GRU", ("Y", "Y_h"), x, W, R, B, lengths, {"h0": h0}, linear_before_reset=int(reset == "after")
    )
    return {"h": h, "h_T": h_T}
