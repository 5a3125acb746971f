"""Recurrent networks on arrays: the loops are those of `_kernels`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnspec.array._kernels import elman as _elman
from nnspec.array._ops import Array, Ops


# ------------------------------------------------------------------------------------- the simple network
def elman(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    V: Array,
    b_h: Array | None,
    b_y: Array | None,
    activation: str,
    relu_grad_at_zero: int,
    output: str,
    lengths: Array | None,
) -> Any:
    """h_t = g(W x_t + U h_{t−1} + b_h), y_t = f(V h_t + b_y)."""
    h, back = _elman(ops, x, h0, W, U, b_h, activation, relu_grad_at_zero)
    y, output_bar = _output(ops, output, ops.affine(h, V, b_y))

    def pullback(h_bar: Array, y_bar: Array, h_T_bar: Array) -> dict[str, Any]:
        assert back is not None
        r_bar = output_bar(y_bar)
        h_bar = h_bar + ops.xp.matmul(r_bar, V)
        gradients = _through_time(ops, back, h_bar, h_T_bar, lengths)
        return {
            **dict(zip(("x", "h0", "W", "U", "b_h"), gradients, strict=True)),
            "V": ops.outer_sum(r_bar, h),
            "b_y": ops.total(r_bar),
        }

    return (h, y, ops.last(h, h0, lengths)), pullback


def _through_time(
    ops: Ops, back: Callable[..., Any], h_bar: Array, h_T_bar: Array, lengths: Array | None
) -> tuple[Any, ...]:
    """A kernel's gradients (x, h0, …) from the cotangents of all states and of the state at the length."""
    if lengths is None:
        return tuple(back(h_bar, h_T_bar=h_T_bar))
    to_states, to_initial = ops.last_pullback(h_T_bar, h_bar.shape[1], lengths)
    x_bar, h0_bar, *rest = back(h_bar + to_states)
    return (x_bar, h0_bar + to_initial, *rest)


def _output(ops: Ops, name: str, r: Array) -> tuple[Array, Callable[[Array], Array]]:
    """y = f(r), and the map from ȳ to r̄."""
    xp = ops.xp
    if name == "softmax":
        p = ops.softmax(r)
        return p, lambda y_bar: p * (y_bar - xp.sum(p * y_bar, axis=-1, keepdims=True))
    if name == "sigmoid":
        s = ops.sigmoid(r)
        return s, lambda y_bar: y_bar * (s * (1.0 - s))
    return r, lambda y_bar: y_bar


def forward_algorithm(ops: Ops, x: Array, W: Array, U: Array, V: Array, g: str, f: str, lengths: Array | None) -> Any:
    """The same from h_0 = 0, without biases."""
    h0 = ops.zeros((x.shape[0], U.shape[0]), like=x)
    h, back = _elman(ops, x, h0, W, U, None, g)
    y, output_bar = _output(ops, f, ops.affine(h, V))

    def pullback(y_bar: Array) -> dict[str, Array]:
        assert back is not None
        r_bar = output_bar(y_bar)
        x_bar, _, W_bar, U_bar, _ = back(ops.xp.matmul(r_bar, V))
        return {"x": x_bar, "W": W_bar, "U": U_bar, "V": ops.outer_sum(r_bar, h)}

    return (y,), pullback


def first_step_bias(
    ops: Ops,
    x: Array,
    W: Array,
    U: Array,
    b: Array,
    b_first: Array,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Array | None,
) -> Any:
    """The first step from no state and with a bias of its own; the others from its state."""
    xp, (B, T, D), H = ops.xp, x.shape, U.shape[0]
    if not T:
        zeros = {"x": (B, 0, D), "W": W.shape, "U": U.shape, "b": b.shape, "b_first": b.shape}
        return (ops.zeros((B, 0, H), like=x),), lambda h_bar: {
            name: ops.zeros(shape, like=x) for name, shape in zeros.items()
        }
    none = ops.zeros((B, H), like=x)
    first, first_back = _elman(ops, x[:, :1, :], none, W, U, b_first, activation, relu_grad_at_zero)
    rest, rest_back = _elman(ops, x[:, 1:, :], first[:, 0, :], W, U, b, activation, relu_grad_at_zero)

    def pullback(h_bar: Array) -> dict[str, Any]:
        assert first_back is not None and rest_back is not None
        later: tuple[Any, ...] = rest_back(h_bar[:, 1:, :])
        x_rest, h1_bar, W_rest, U_bar, b_bar = later
        x_first, _, W_first, _, b_first_bar = first_back(h_bar[:, :1, :] + h1_bar[:, None, :])
        return {
            "x": xp.concat([x_first, x_rest], axis=1),
            "W": W_rest + W_first,
            "U": U_bar,
            "b": b_bar,
            "b_first": b_first_bar,
        }

    return (xp.concat([first, rest], axis=1),), pullback


def univariate(
    ops: Ops,
    x: Array,
    h0: Array,
    u: Array,
    v: Array,
    w: Array,
    b_h: Array | None,
    b_y: Array | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Array | None,
) -> Any:
    """The kernel with sizes 1; y = φ(v h + b_y) is not fed back."""
    xp = ops.xp
    b = None if b_h is None else xp.reshape(b_h, (1,))
    h, back = _elman(
        ops,
        x[:, :, None],
        h0[:, None],
        xp.reshape(u, (1, 1)),
        xp.reshape(w, (1, 1)),
        b,
        activation,
        relu_grad_at_zero,
    )
    h = h[:, :, 0]
    y, y_slope = ops.activation(activation, v * h if b_y is None else v * h + b_y, relu_grad_at_zero)

    def pullback(h_bar: Array, y_bar: Array, h_T_bar: Array) -> dict[str, Array]:
        assert back is not None
        r_bar = y_bar * y_slope()
        gradients = _through_time(ops, back, (h_bar + r_bar * v)[:, :, None], h_T_bar[:, None], lengths)
        x_bar, h0_bar, u_bar, w_bar, b_h_bar = gradients
        found = {
            "x": x_bar[:, :, 0],
            "h0": h0_bar[:, 0],
            "u": xp.reshape(u_bar, ()),
            "v": ops.total(r_bar * h, keep=0),
            "w": xp.reshape(w_bar, ()),
            "b_y": ops.total(r_bar, keep=0),
        }
        return found if b_h is None else {**found, "b_h": xp.reshape(b_h_bar, ())}

    return (h, y, ops.last(h, h0, lengths)), pullback


# ------------------------------------------------------------------------------------- other views of it
def unroll(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Sequence[Array],
    U: Sequence[Array],
    b: Sequence[Array] | None,
    activation: str,
    relu_grad_at_zero: int,
) -> Any:
    """One layer a step, each with weights of its own."""
    xp, h, layers, slopes = ops.xp, h0, [], []
    for k, (W_k, U_k) in enumerate(zip(W, U, strict=True)):
        z = ops.affine(x[:, k, :], W_k, None if b is None else b[k]) + ops.affine(h, U_k)
        h, slope = ops.activation(activation, z, relu_grad_at_zero)
        layers.append(h)
        slopes.append(slope)

    def pullback(h_bar: Array) -> dict[str, Any]:
        through, found = ops.zeros(h0.shape, like=h0), []
        for k in reversed(range(len(layers))):
            z_bar = (h_bar[:, k, :] + through) * slopes[k]()
            before = layers[k - 1] if k else h0
            found.append((z_bar, ops.outer_sum(z_bar, x[:, k, :]), ops.outer_sum(z_bar, before)))
            through = xp.matmul(z_bar, U[k])
        z_bars, W_bars, U_bars = map(list, zip(*reversed(found), strict=True))
        return {
            "x": xp.stack([xp.matmul(z_bar, W_k) for z_bar, W_k in zip(z_bars, W, strict=True)], axis=1),
            "h0": through,
            "W": W_bars,
            "U": U_bars,
            "b": [ops.total(z_bar) for z_bar in z_bars],
        }

    return (xp.stack(layers, axis=1),), pullback


def hidden_as_memory(
    ops: Ops,
    x: Array,
    h0: Array,
    W: Array,
    U: Array,
    b: Array | None,
    activation: str,
    relu_grad_at_zero: int,
    lengths: Array | None,
) -> Any:
    """∂h_T/∂x_s, row by row: the gradient of each unit of the last state."""
    ops = ops.with_gradient(True)
    B, H = x.shape[0], U.shape[0]
    h, back = _elman(ops, x, h0, W, U, b, activation, relu_grad_at_zero)
    assert back is not None
    nothing, units = ops.zeros(h.shape, like=x), ops.eye(H, like=x)
    rows = [
        _through_time(ops, back, nothing, units[i, ...][None, :] + ops.zeros((B, H), like=x), lengths)[0]
        for i in range(H)
    ]
    return (ops.xp.stack(rows, axis=2),), None


def parity_rnn(ops: Ops, x: Array, y0: Array, lengths: Array | None) -> Any:
    """AND, OR, and OR without AND, by thresholds; the output is fed back."""
    xp, T = ops.xp, x.shape[1]
    y, steps = y0, []
    for t in range(T):
        s = x[:, t] + y
        h1, h2 = xp.astype(s - 1.5 > 0.0, x.dtype), xp.astype(s - 0.5 > 0.0, x.dtype)
        y = xp.astype(h2 - h1 - 0.5 > 0.0, x.dtype)
        steps.append((h1, h2, y))
    if not T:
        empty = [ops.zeros(x.shape, like=x) for _ in range(3)]
        return (*empty, y0 + 0.0), None
    h1s, h2s, ys = (xp.stack(list(a), axis=1) for a in zip(*steps, strict=True))
    return (h1s, h2s, ys, ops.last(ys, y0, lengths)), None
