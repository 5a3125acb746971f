"""What the interface must know of an array library, and the one implementation for NumPy's kin.

`Library` is the seam between the shared interface (names, validation, errors, masking) and the arrays. It never
computes an equation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import nnspec.array._ops as _ops

Array = Any
Pullback = Callable[..., Mapping[str, Any]]

REAL_DTYPES = ("float64", "float32")
INTEGER_DTYPES = ("int64", "int32")


class Library(Protocol):
    """The few questions that validation asks of an array library, and how a body is run."""

    name: str
    array_name: str
    package: str
    real_dtypes: tuple[str, ...]
    integer_dtypes: tuple[str, ...]

    def is_array(self, value: object) -> bool: ...
    def dtype(self, array: Array) -> str: ...
    def shape(self, array: Array) -> tuple[int, ...]: ...
    def device(self, array: Array) -> object: ...
    def signature(self, array: Array) -> Any:
        """Dtype, shape and device in one, to compare and to look up."""
        ...

    def is_finite(self, array: Array) -> bool: ...
    def has_nan(self, array: Array) -> bool: ...
    def extremes(self, array: Array) -> tuple[float, float]: ...
    def is_binary(self, array: Array, low: float, high: float) -> bool: ...
    def row_sums_off(self, array: Array) -> float: ...
    def mask_time(self, array: Array, lengths: Array, axis: int) -> Array: ...
    def from_numpy(self, array: Any, device: str | None = None) -> Array: ...
    def to_numpy(self, array: Array) -> Any: ...
    def run(
        self,
        body: Callable[..., Any],
        arguments: Mapping[str, Any],
        smooth: Sequence[str],
        gradient: bool,
        real: Sequence[bool],
    ) -> tuple[tuple[Array, ...], Callable[[Sequence[Array | None]], Mapping[str, Any]] | None]:
        """Outputs, and the pullback: a cotangent that is None is zero."""
        ...


class ArrayLibrary:
    """NumPy, CuPy or array-api-strict: one namespace `xp`, one shared text, gradients by hand."""

    package = "nnspec.array"
    real_dtypes: tuple[str, ...] = REAL_DTYPES
    integer_dtypes: tuple[str, ...] = INTEGER_DTYPES

    def __init__(
        self,
        name: str,
        array_name: str,
        array_type: type,
        ops: _ops.Ops,
        from_numpy: Callable[[Any], Array],
        to_numpy: Callable[[Array], Any],
    ) -> None:
        self.name, self.array_name, self.array_type, self.ops, self.xp = (
            name,
            array_name,
            array_type,
            ops,
            ops.xp,
        )
        self._from_numpy, self._to_numpy = from_numpy, to_numpy
        self._dtype_names: dict[Any, str] = {}  # one library's alone: dtypes of two do not compare

    def from_numpy(self, array: Any, device: str | None = None) -> Array:
        """A copy of a NumPy array in this library."""
        return self._from_numpy(array)

    def to_numpy(self, array: Array) -> Any:
        """The array as NumPy's."""
        return self._to_numpy(array)

    def is_array(self, value: object) -> bool:
        return type(value) is self.array_type or isinstance(value, self.array_type)

    def dtype(self, array: Array) -> str:
        name = self._dtype_names.get(array.dtype)
        if name is None:
            name = self._dtype_names[array.dtype] = str(array.dtype).rpartition(".")[2]
        return name

    def shape(self, array: Array) -> tuple[int, ...]:
        return tuple(array.shape)

    def device(self, array: Array) -> object:
        return getattr(array, "device", "cpu")

    def signature(self, array: Array) -> Any:
        device = getattr(array, "device", "cpu")
        return array.dtype, array.shape, getattr(device, "id", device)  # CuPy's devices have no hash, but a number

    def is_finite(self, array: Array) -> bool:
        return self.ops.is_finite(array)

    def has_nan(self, array: Array) -> bool:
        return bool(self.xp.any(self.xp.isnan(array)))

    def extremes(self, array: Array) -> tuple[float, float]:
        number = int if self.dtype(array) in self.integer_dtypes else float
        return number(self.xp.min(array)), number(self.xp.max(array))

    def is_binary(self, array: Array, low: float, high: float) -> bool:
        return bool(self.xp.all((array == low) | (array == high)))

    def row_sums_off(self, array: Array) -> float:
        return float(self.xp.max(self.xp.abs(self.xp.sum(array, axis=-1) - 1.0)))

    def mask_time(self, array: Array, lengths: Array, axis: int) -> Array:
        xp, ops = self.xp, self.ops
        steps = ops.arange(array.shape[axis], like=lengths)
        mask = steps[None, :] < xp.astype(lengths, steps.dtype)[:, None]
        mask = xp.reshape(mask, (*mask.shape, *(1,) * (array.ndim - 2)))
        return xp.where(mask, array, ops.zeros((1,) * array.ndim, like=array))

    def zeros(self, shape: Sequence[int], like: Array) -> Array:
        return self.ops.zeros(tuple(shape), like=like)

    def run(
        self,
        body: Callable[..., Any],
        arguments: Mapping[str, Any],
        smooth: Sequence[str],
        gradient: bool,
        real: Sequence[bool],
    ) -> tuple[tuple[Array, ...], Callable[[Sequence[Array | None]], Mapping[str, Any]] | None]:
        with self.ops.quiet():
            outputs, pullback = body(self.ops.with_gradient(gradient), **arguments)
        if pullback is None:
            return outputs, None

        reals = [o for o, is_real in zip(outputs, real, strict=True) if is_real]

        def pull(cotangents: Sequence[Array | None]) -> Mapping[str, Any]:
            seeds = [self.zeros(o.shape, o) if c is None else c for o, c in zip(reals, cotangents, strict=True)]
            with self.ops.quiet():
                gradients: Mapping[str, Any] = pullback(*seeds)
            return gradients

        return outputs, pull
