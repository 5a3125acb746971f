"""Backpropagation as the notes print it, on arrays; its own gradient, by hand, is a second derivative."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Ops

Array = Any


def err_root(ops: Ops, p: Array, gold: Array) -> Any:
    """e_{i*} − P."""

    def pullback(err_bar: Array) -> dict[str, Array]:
        return {"p": -err_bar}

    return (ops.onehot(gold, p.shape[-1], like=p) - p,), pullback


def softmax_output_weights(ops: Ops, z: Array, p: Array, gold: Array) -> Any:
    """(e_{i*} − P) zᵀ."""
    error = ops.onehot(gold, p.shape[-1], like=p) - p

    def pullback(W_bar_bar: Array) -> dict[str, Array]:
        return {"z": _matvec_t(ops, W_bar_bar, error), "p": -_matvec(ops, W_bar_bar, z)}

    return (_outer(error, z),), pullback


def hidden_error(ops: Ops, W: Array, err_root: Array) -> Any:
    """Wᵀ err(root)."""
    xp = ops.xp

    def pullback(err_z_bar: Array) -> dict[str, Array]:
        return {"W": ops.outer_sum(err_root, err_z_bar), "err_root": ops.affine(err_z_bar, W)}

    return (xp.matmul(err_root, W),), pullback


def hidden_weights(
    ops: Ops, f: Array, err_z: Array, V: Array, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    """(err(z) ⊙ g′(a)) fᵀ, a = V f."""
    xp = ops.xp
    z, derivative = ops.activation(activation, ops.affine(f, V), relu_grad_at_zero)
    slope = derivative()
    err_a = err_z * slope

    def pullback(V_bar_bar: Array) -> dict[str, Array]:
        err_a_bar = _matvec(ops, V_bar_bar, f)
        f_bar = _matvec_t(ops, V_bar_bar, err_a)
        second = curvature(activation, z)
        if second is None:
            V_bar = ops.zeros(V.shape, like=V)
        else:
            a_bar = err_a_bar * err_z * second
            V_bar = ops.outer_sum(a_bar, f)
            f_bar = f_bar + xp.matmul(a_bar, V)
        return {"f": f_bar, "err_z": err_a_bar * slope, "V": V_bar}

    return (_outer(err_a, f),), pullback


def unit_equations(
    ops: Ops, h_bar: Array, z: Array, x: Array, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    """z̄ = h̄ ⊙ φ′(z) and w̄ = z̄ xᵀ."""
    h, derivative = ops.activation(activation, z, relu_grad_at_zero)
    slope = derivative()
    z_bar = h_bar * slope

    def pullback(z_bar_bar: Array, w_bar_bar: Array) -> dict[str, Array]:
        seed = z_bar_bar + _matvec(ops, w_bar_bar, x)
        second = curvature(activation, h)
        return {
            "h_bar": seed * slope,
            "z": ops.zeros(z.shape, like=z) if second is None else seed * h_bar * second,
            "x": _matvec_t(ops, w_bar_bar, z_bar),
        }

    return (z_bar, _outer(z_bar, x)), pullback


def algorithm(
    ops: Ops, f: Array, gold: Array, V: Array, W: Array, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    """The five steps."""
    xp = ops.xp
    z, derivative = ops.activation(activation, ops.affine(f, V), relu_grad_at_zero)
    slope = derivative()
    p = ops.softmax(ops.affine(z, W))
    error = ops.onehot(gold, p.shape[-1], like=p) - p
    err_z = xp.matmul(error, W)
    err_a = err_z * slope
    outputs = (error, _outer(error, z), err_z, _outer(err_a, f), xp.matmul(err_a, V))

    def pullback(
        error_bar: Array, W_bar_bar: Array, err_z_bar: Array, V_bar_bar: Array, err_f_bar: Array
    ) -> dict[str, Array]:
        # back through steps 5, 4 and 3 …
        err_a_bar = ops.affine(err_f_bar, V) + _matvec(ops, V_bar_bar, f)
        err_z_bar = err_z_bar + err_a_bar * slope
        V_bar = ops.outer_sum(err_a, err_f_bar)
        f_bar = _matvec_t(ops, V_bar_bar, err_a)
        # … 2 and 1 …
        error_bar = error_bar + ops.affine(err_z_bar, W) + _matvec(ops, W_bar_bar, z)
        W_bar = ops.outer_sum(error, err_z_bar)
        s_bar = -p * (error_bar - xp.sum(error_bar * p, axis=-1, keepdims=True))
        # … and through the forward pass
        z_bar = _matvec_t(ops, W_bar_bar, error) + xp.matmul(s_bar, W)
        a_bar = z_bar * slope
        second = curvature(activation, z)
        if second is not None:
            a_bar = a_bar + err_a_bar * err_z * second
        return {
            "f": f_bar + xp.matmul(a_bar, V),
            "V": V_bar + ops.outer_sum(a_bar, f),
            "W": W_bar + ops.outer_sum(s_bar, z),
        }

    return outputs, pullback


def curvature(activation: str, h: Array) -> Array | None:
    """φ″ in terms of h = φ(z); None where it is 0."""
    if activation == "tanh":
        return -2.0 * h * (1.0 - h * h)
    if activation == "sigmoid":
        return h * (1.0 - h) * (1.0 - 2.0 * h)
    return None


def _outer(a: Array, b: Array) -> Array:
    return a[..., None] * b[:, None, :]


def _matvec(ops: Ops, M: Array, v: Array) -> Array:
    """M v, example by example."""
    return ops.xp.matmul(M, v[..., None])[..., 0]


def _matvec_t(ops: Ops, M: Array, v: Array) -> Array:
    """Mᵀ v, example by example."""
    return ops.xp.matmul(v[:, None, :], M)[:, 0, :]
