"""ONNX's operators, as ONNX Runtime computes them and as ONNX's own reference evaluator does. Forward only.

    nnspec check examples/onnx_ops.py:runtime --deviations examples/deviations.toml
    nnspec check examples/onnx_ops.py:reference --deviations examples/deviations.toml

ONNX knows peepholes that are diagonal; the notes' V_o is a full matrix. With H = 1 they are the same.
"""

from functools import cache

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

_ELEMENT = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}
_ELEMENT["int32"] = TensorProto.INT32


@cache
def _model(op, inputs, outputs, attributes, real):
    """A model of one operator, for inputs of any size: pairs of a name and a dtype, or None."""
    names = [name if dtype else "" for name, dtype in inputs]
    node = helper.make_node(op, names, list(outputs), **dict(attributes))
    given = [helper.make_tensor_value_info(n, _ELEMENT[dtype], None) for n, dtype in inputs if dtype]
    results = [helper.make_tensor_value_info(n, _ELEMENT[real], None) for n in outputs]
    graph = helper.make_graph([node], op, given, results)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _runtime(*key):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = _model(*key).SerializeToString()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _reference(*key):
    return ReferenceEvaluator(_model(*key))


def _swap(x):
    return np.swapaxes(x, 0, 1)


class Operators:
    """The equations as ONNX's operators, in whatever evaluates a model."""

    def __init__(self, evaluator, dtypes, aborts=False):
        self.dtypes, self.aborts = dtypes, aborts
        # z weights the previous state; where r acts is an attribute of the operator
        self.options = {"gated.gru": {"update": "previous"}}
        self.sizes = {"gated.lstm_peephole": {"H": 1}, "sequence.birnn": {"K": "H"}}
        self._session = cache(evaluator)

    def _run(self, op, inputs, outputs=("Y",), real=None, **attributes):
        kinds = tuple((name, None if v is None else str(v.dtype)) for name, v in inputs.items())
        real = real or next(kind for _, kind in kinds if kind and kind.startswith("float"))
        session = self._session(op, kinds, outputs, tuple(sorted(attributes.items())), real)
        found = session.run(None, {n: v for n, v in inputs.items() if v is not None})
        return found[0] if len(found) == 1 else found

    # ------------------------------------------------------------------------------ without a state
    def relu(self, x):
        return self._run("Relu", {"X": x})

    def activation_sigmoid(self, x):
        return self._run("Sigmoid", {"X": x})

    def activation_tanh(self, x):
        return self._run("Tanh", {"X": x})

    def softmax_vector(self, z):
        return self._run("Softmax", {"X": z}, axis=-1)

    def log_sum_exp(self, a):
        return self._run("ReduceLogSumExp", {"X": a}, axes=(-1,), keepdims=0)

    def affine(self, x, W, b=None):
        return self._run("Gemm", {"A": x, "B": W, "C": b}, transB=1)

    def onehot_lookup(self, w, R):
        return self._run("Gather", {"data": R, "indices": w}, axis=0)

    def softmax_cross_entropy(self, z, i):
        return self._run("SoftmaxCrossEntropyLoss", {"scores": z, "labels": i}, reduction="none")

    # ------------------------------------------------------------------------------- with a state
    def _recur(self, op, outputs, x, W, R, B, lengths, states, **attributes):
        """A recurrence of one direction or two: the operator wants time first, directions before units."""
        if self.aborts and op != "RNN" and not len(x):
            raise NotImplementedError("ONNX Runtime aborts the process on an empty batch")
        if self.aborts and op == "GRU" and not x.shape[1]:
            raise NotImplementedError("ONNX Runtime aborts the process on a sequence without steps")
        steps = None if lengths is None else lengths.astype(np.int32)
        inputs = {"X": _swap(x), "W": W, "R": R, "B": B, "sequence_lens": steps, **states}
        found = self._run(op, inputs, outputs, hidden_size=R.shape[-1], **attributes)
        Y = found[0].transpose(2, 0, 1, 3)
        return [Y.reshape(*x.shape[:2], len(R) * R.shape[-1]), *found[1:]]

    def elman(self, x, h0, W, U, V, b_h=None, b_y=None, activation="tanh", output="identity", lengths=None):
        if output != "identity" or activation == "identity":
            raise NotImplementedError(f"no {output} output of a unit {activation}")
        b = np.zeros((1, 2 * len(U)), x.dtype)
        if b_h is not None:
            b[0, : len(U)] = b_h
        unit = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}[activation]
        states = {"h0": h0[None]}
        h, h_T = self._recur("RNN", ("Y", "Y_h"), x, W[None], U[None], b, lengths, states, activations=(unit,))
        y = h @ V.T + (0 if b_y is None else b_y)
        if lengths is not None:
            y[np.arange(x.shape[1])[None, :] >= lengths[:, None]] = 0.0
        return {"h": h, "y": y.astype(x.dtype), "h_T": h_T[0]}

    def birnn(self, x, h0_f, h0_b, W_f, U_f, W_b, U_b, b_f, b_b, lengths=None):
        if len(W_f) != len(W_b):
            raise NotImplementedError("both directions of RNN have the same width")
        W, U, b = np.stack([W_f, W_b]), np.stack([U_f, U_b]), np.stack([b_f, b_b])
        B = np.concatenate([b, np.zeros_like(b)], axis=1)
        states = {"h0": np.stack([h0_f, h0_b])}
        more = {"direction": "bidirectional", "activations": ("Tanh", "Tanh")}
        h, (h_n, h_1) = self._recur("RNN", ("Y", "Y_h"), x, W, U, B, lengths, states, **more)
        return {"h": h, "h_n": h_n, "h_1": h_1}

    def _lstm(self, x, h0, c0, W, R, B, lengths, P=None):
        states = {"h0": h0[None], "c0": c0[None], "P": P}
        h, h_T, c_T = self._recur("LSTM", ("Y", "Y_h", "Y_c"), x, W[None], R[None], B[None], lengths, states)
        return h, h_T[0], c_T[0]

    def gated_lstm(self, x, h0, c0, W, b=None, lengths=None):
        D, H = x.shape[-1], h0.shape[-1]
        i, f, o, g = (np.arange(k * H, (k + 1) * H) for k in range(4))
        order = np.concatenate([i, o, f, g])  # ONNX: i, o, f, c
        b = np.zeros(4 * H, x.dtype) if b is None else b
        B = np.concatenate([b[order], np.zeros(4 * H, x.dtype)])
        return self._lstm(x, h0, c0, W[order, :D], W[order, D:], B, lengths)

    def lstm_peephole(self, x, h0, C0, W_i, U_i, b_i, W_c, U_c, b_c, W_f, U_f, b_f, W_o, U_o, V_o, b_o, lengths=None):
        H = h0.shape[-1]
        if H != 1:
            raise NotImplementedError("ONNX's peepholes are diagonal")
        W, R = np.concatenate([W_i, W_o, W_f, W_c]), np.concatenate([U_i, U_o, U_f, U_c])
        B = np.concatenate([b_i, b_o, b_f, b_c, np.zeros(4 * H, x.dtype)])
        P = np.concatenate([np.zeros(H, x.dtype), np.diag(V_o), np.zeros(H, x.dtype)])  # i, o, f
        return self._lstm(x, h0, C0, W, R, B, lengths, P[None])

    def gru(
        self,
        x,
        h0,
        W_z,
        U_z,
        W_r,
        U_r,
        W_H,
        U_H,
        b_z=None,
        b_r=None,
        b_H=None,
        c_H=None,
        reset="before",
        lengths=None,
    ):
        none = np.zeros(h0.shape[-1], x.dtype)
        b_z, b_r, b_H, c_H = (none if b is None else b for b in (b_z, b_r, b_H, c_H))
        W, R = np.concatenate([W_z, W_r, W_H]), np.concatenate([U_z, U_r, U_H])
        B = np.concatenate([b_z, b_r, b_H, none, none, c_H])
        linear = {"linear_before_reset": int(reset == "after")}
        h, h_T = self._recur("GRU", ("Y", "Y_h"), x, W[None], R[None], B[None], lengths, {"h0": h0[None]}, **linear)
        return {"h": h, "h_T": h_T[0]}


runtime = Operators(_runtime, ["float32"], aborts=True)
runtime_unguarded = Operators(_runtime, ["float32"])
reference = Operators(_reference, ["float64", "float32"])
