"""The primitives that the array bodies share: what the namespaces do not offer alike, and sound elementary functions.

One text must serve NumPy, CuPy and the array-API standard, so bodies follow its rules: functions rather than
methods, Python floats as constants, ``x[t, ...]``, no list as an index, a device on every creation.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

Array = Any


class Ops:
    """A namespace `xp` with the operations it lacks.

    `inplace` says whether ``out=`` and in-place indexing are allowed (NumPy, CuPy) or only the standard's functional
    form; `grad` says whether the caller will ask for a gradient, so that a body may skip what only backward needs.
    """

    def __init__(
        self,
        xp: Any,
        *,
        inplace: bool,
        quiet: Callable[[], AbstractContextManager[Any]] = nullcontext,
        add_at: Callable[[Array, Array, Array], None] | None = None,
    ) -> None:
        self.xp, self.inplace, self.quiet, self._add_at, self.grad = xp, inplace, quiet, add_at, True

    def with_gradient(self, grad: bool) -> Ops:
        """The same operations, told whether a gradient will be asked for."""
        if grad == self.grad:
            return self
        other = copy.copy(self)
        other.grad = grad
        return other

    # ------------------------------------------------------------------------------------- creation
    def _where(self, like: Array) -> dict[str, Any]:
        """The keyword that keeps a new array on the device of `like` (the standard's namespaces ask for it)."""
        return {} if self.inplace else {"device": like.device}

    def empty(self, shape: Sequence[int], like: Array, dtype: Any = None) -> Array:
        """An uninitialised array of `like`'s dtype and device."""
        return self.xp.empty(tuple(shape), dtype=dtype or like.dtype, **self._where(like))

    def zeros(self, shape: Sequence[int], like: Array, dtype: Any = None) -> Array:
        """Zeros of `like`'s dtype and device."""
        return self.xp.zeros(tuple(shape), dtype=dtype or like.dtype, **self._where(like))

    def ones(self, shape: Sequence[int], like: Array, dtype: Any = None) -> Array:
        """Ones of `like`'s dtype and device."""
        return self.xp.ones(tuple(shape), dtype=dtype or like.dtype, **self._where(like))

    def full(self, shape: Sequence[int], value: float, like: Array, dtype: Any = None) -> Array:
        """A constant array of `like`'s dtype and device."""
        return self.xp.full(tuple(shape), value, dtype=dtype or like.dtype, **self._where(like))

    def arange(self, n: int, like: Array) -> Array:
        """0 … n−1 as int64 on the device of `like`."""
        return self.xp.arange(n, dtype=self.xp.int64, **self._where(like))

    def eye(self, n: int, like: Array) -> Array:
        """The identity matrix of `like`'s dtype and device."""
        return self.xp.eye(n, dtype=like.dtype, **self._where(like))

    # ----------------------------------------------------------------------------- indices and scatter
    def onehot(self, index: Array, size: int, like: Array) -> Array:
        """A one-hot row of `like`'s dtype for every index."""
        slots = self.arange(size, like=like)
        return self.xp.astype(self.xp.astype(index, slots.dtype)[..., None] == slots, like.dtype)

    def pick(self, z: Array, index: Array) -> Array:
        """``z[b, index[b]]`` for every row b."""
        return self.take_along(z, index[:, None])[:, 0]

    def take_along(self, z: Array, index: Array) -> Array:
        """``z[b, index[b, k]]``."""
        xp = self.xp
        if self.inplace:
            return xp.take_along_axis(z, index, axis=1)
        rows, columns = z.shape
        flat = self.arange(rows, like=z)[:, None] * columns + xp.astype(index, xp.int64)
        return xp.reshape(xp.take(xp.reshape(z, (-1,)), xp.reshape(flat, (-1,)), axis=0), index.shape)

    def rows(self, table: Array, index: Array) -> Array:
        """``table[index]`` for an index of any shape: rows of the table."""
        xp = self.xp
        picked = xp.take(table, xp.reshape(index, (-1,)), axis=0)
        return xp.reshape(picked, (*index.shape, *table.shape[1:]))

    def scatter_add(self, values: Array, index: Array, size: int) -> Array:
        """Zeros (size, …) to which every ``values[k]`` is added at row ``index[k]``; repeats accumulate.

        `index` may have any rank; `values` has the same leading axes, then those of a row.
        """
        xp = self.xp
        tail = values.shape[index.ndim :]
        index = xp.reshape(index, (-1,))
        table = self.zeros((size, *tail), like=values)
        if index.shape[0] == 0:
            return table
        values = xp.reshape(values, (index.shape[0], *tail))
        if self._add_at is not None:
            self._add_at(table, index, values)
            return table
        flat = xp.reshape(values, (index.shape[0], -1))
        hot = self.onehot(index, size, like=values)
        return xp.reshape(xp.matmul(xp.matrix_transpose(hot), flat), (size, *tail))

    # --------------------------------------------------------------------------------- linear algebra
    def affine(self, x: Array, W: Array, b: Array | None = None) -> Array:
        """``x Wᵀ + b`` along the last axis of x."""
        z = self.xp.matmul(x, self.xp.matrix_transpose(W))
        return z if b is None else z + b

    def outer_sum(self, z_bar: Array, x: Array) -> Array:
        """``Σ z̄ xᵀ`` over all leading axes: the gradient of a shared weight matrix."""
        xp = self.xp
        z_bar = xp.reshape(z_bar, (-1, z_bar.shape[-1])) if z_bar.ndim != 2 else z_bar
        x = xp.reshape(x, (-1, x.shape[-1])) if x.ndim != 2 else x
        return xp.matmul(xp.matrix_transpose(z_bar), x)

    def total(self, z_bar: Array, keep: int = 1) -> Array:
        """The sum over all axes but the last `keep`: the gradient of a shared bias."""
        summed = self.xp.sum(z_bar, axis=tuple(range(z_bar.ndim - keep)))
        return summed if keep else self.xp.asarray(summed)  # NumPy sums to a number, which is no array

    def cumulative_sum(self, x: Array) -> Array:
        """The partial sums along the last axis."""
        return self.xp.cumsum(x, axis=-1) if self.inplace else self.xp.cumulative_sum(x, axis=-1)

    # ------------------------------------------------------------------------------- elementary functions
    def sigmoid(self, x: Array) -> Array:
        """1/(1+e^{−x}), accurate relative to its value on both sides and free of overflow."""
        xp = self.xp
        e = xp.exp(-xp.abs(x))
        return xp.where(x >= 0.0, self.ones((1,) * x.ndim, like=x), e) / (1.0 + e)

    def gate_sigmoid(self, x: Array) -> Array:
        """The same through tanh, ½(1+tanh(x/2)): faster, and accurate to an absolute error of a few u."""
        return 0.5 * self.xp.tanh(0.5 * x) + 0.5

    def softplus(self, x: Array) -> Array:
        """log(1+e^x) without overflow."""
        xp = self.xp
        return self.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x)))

    def log_sigmoid(self, x: Array) -> Array:
        """log σ(x) = −log(1+e^{−x}) without underflow."""
        xp = self.xp
        return -(self.maximum(-x, 0.0) + xp.log1p(xp.exp(-xp.abs(x))))

    def maximum(self, x: Array, value: float) -> Array:
        """max(x, value); NaN propagates, and max(−0, +0) is +0."""
        return self.xp.where(x <= value, self.full((1,) * x.ndim, value, like=x), x)

    def softmax(self, z: Array) -> Array:
        """The softmax along the last axis, shifted by its maximum."""
        xp = self.xp
        e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
        return e / xp.sum(e, axis=-1, keepdims=True)

    def log_sum_exp(self, z: Array) -> Array:
        """log Σ e^z along the last axis, which is kept."""
        xp = self.xp
        shift = xp.max(z, axis=-1, keepdims=True)
        return shift + xp.log(xp.sum(xp.exp(z - shift), axis=-1, keepdims=True))

    def log_softmax(self, z: Array) -> Array:
        """log softmax along the last axis, never through the softmax itself."""
        xp = self.xp
        z = z - xp.max(z, axis=-1, keepdims=True)
        return z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))

    def activation(self, name: str, z: Array, relu_grad_at_zero: int = 1) -> tuple[Array, Callable[[], Array]]:
        """An activation and its derivative: ``h, slope`` with ``slope()`` = φ'(z), computed when it is asked for."""
        xp = self.xp
        if name == "tanh":
            h = xp.tanh(z)
            return h, lambda: 1.0 - h * h
        if name == "sigmoid":
            h = self.sigmoid(z)
            return h, lambda: h * (1.0 - h)
        if name == "relu":
            h = self.maximum(z, 0.0)
            return h, lambda: xp.astype(z >= 0.0 if relu_grad_at_zero else z > 0.0, z.dtype)
        if name == "identity":
            return z, lambda: self.ones(z.shape, like=z)
        raise ValueError(f"no activation {name!r}")

    # -------------------------------------------------------------------------------------------- time
    def last(self, states: Array, initial: Array, lengths: Array | None) -> Array:
        """The state after the last step of every sequence (the initial state where the length is 0)."""
        xp = self.xp
        B, T = states.shape[:2]
        if T == 0:
            return initial + 0.0
        if lengths is None:
            return states[:, T - 1, ...] + 0.0
        lengths = xp.astype(lengths, xp.int64)
        flat = xp.reshape(states, (B * T, *states.shape[2:]))
        at = self.arange(B, like=lengths) * T + xp.where(lengths > 0, lengths - 1, lengths)
        picked = xp.take(flat, at, axis=0)
        some = xp.reshape(lengths > 0, (B,) + (1,) * (states.ndim - 2))
        return xp.where(some, picked, initial)

    def last_pullback(self, state_bar: Array, T: int, lengths: Array | None) -> tuple[Array, Array]:
        """The cotangents that `last` sends back: to the states (B, T, …) and to the initial state."""
        xp = self.xp
        B = state_bar.shape[0]
        if T == 0:
            return self.zeros((B, 0, *state_bar.shape[1:]), like=state_bar), state_bar
        steps = self.arange(T, like=state_bar)
        ends = self.full((B,), T, like=state_bar, dtype=xp.int64) if lengths is None else xp.astype(lengths, xp.int64)
        tail = (1,) * (state_bar.ndim - 1)
        here = xp.reshape(steps[None, :] == ends[:, None] - 1, (B, T, *tail))
        zero = self.zeros((1,) * (state_bar.ndim + 1), like=state_bar)
        none = xp.reshape(ends == 0, (B, *tail))
        return xp.where(here, state_bar[:, None, ...], zero), xp.where(none, state_bar, zero[0, ...])

    def reverse(self, x: Array, lengths: Array | None) -> Array:
        """Every sequence reversed within its own length; its padding stays where it is."""
        xp = self.xp
        if lengths is None or x.shape[1] == 0:
            return xp.flip(x, axis=1)
        B, T = x.shape[:2]
        steps, ends = self.arange(T, like=x)[None, :], xp.astype(lengths, xp.int64)[:, None]
        source = xp.where(steps < ends, ends - 1 - steps, steps)
        at = xp.reshape(self.arange(B, like=x)[:, None] * T + source, (-1,))
        return xp.reshape(xp.take(xp.reshape(x, (B * T, *x.shape[2:])), at, axis=0), x.shape)

    # -------------------------------------------------------------------------------------- validation
    def is_finite(self, x: Array) -> bool:
        """True if no entry is NaN or infinite: one cheap sum, and a full look only where that is not finite."""
        with self.quiet():
            if self.inplace and math.isfinite(float(x.sum())):
                return True
            return bool(self.xp.all(self.xp.isfinite(x)))
