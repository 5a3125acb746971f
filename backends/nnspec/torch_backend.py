"""The PyTorch backend: its own text on PyTorch's operators, gradients by autograd."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

from nnspec._backend import Backend
from nnspec.errors import BackendUnavailable

__all__ = ["load"]

Tensor = Any


def load(check_values: bool = True) -> Backend:
    """The backend; `BackendUnavailable` where PyTorch is missing."""
    try:
        import torch
    except ImportError as error:
        raise BackendUnavailable("torch is not installed: pip install 'nnspec[torch]'") from error
    return Backend("torch", TorchLibrary(torch), check_values)


@cache
def _dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _apart(tensors: Iterable[Tensor], lent: Iterable[Any] = ()) -> tuple[Tensor, ...]:
    """The tensors (or None), copied where one begins in the memory of another, or of one that was lent."""
    flat = (t for v in lent for t in (v if isinstance(v, list) else [v]))
    begun = {t.data_ptr() for t in flat if hasattr(t, "data_ptr")}
    found = []
    for t in tensors:
        if t is not None and t.numel():
            if t.data_ptr() in begun:
                t = t.clone()
            begun.add(t.data_ptr())
        found.append(t)
    return tuple(found)


class TorchLibrary:
    """The questions of `nnspec._library.Library`, answered by PyTorch."""

    name = "torch"
    array_name = "torch.Tensor"
    package = "nnspec.pytorch"
    real_dtypes: tuple[str, ...] = ("float64", "float32", "bfloat16", "float16")
    integer_dtypes: tuple[str, ...] = ("int64", "int32")

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    def is_array(self, value: object) -> bool:
        return isinstance(value, self.torch.Tensor)

    def dtype(self, array: Tensor) -> str:
        return _dtype_name(array.dtype)

    def shape(self, array: Tensor) -> tuple[int, ...]:
        return tuple(array.shape)

    def device(self, array: Tensor) -> object:
        return array.device

    def signature(self, array: Tensor) -> Any:
        return array.dtype, array.shape, array.device

    def is_finite(self, array: Tensor) -> bool:
        # one sum is cheaper than a mask and its reduction
        return math.isfinite(array.detach().sum().item()) or bool(self.torch.isfinite(array).all())

    def has_nan(self, array: Tensor) -> bool:
        return bool(self.torch.isnan(array).any())

    def extremes(self, array: Tensor) -> tuple[float, float]:
        low, high = self.torch.aminmax(array.detach())
        return low.item(), high.item()

    def is_binary(self, array: Tensor, low: float, high: float) -> bool:
        return bool(((array == low) | (array == high)).all())

    def row_sums_off(self, array: Tensor) -> float:
        return float((array.detach().sum(-1) - 1).abs().max())

    def mask_time(self, array: Tensor, lengths: Tensor, axis: int) -> Tensor:
        steps = self.torch.arange(array.shape[axis], device=array.device)
        mask = (steps[None, :] < lengths[:, None]).reshape(*array.shape[:2], *(1,) * (array.ndim - 2))
        return self.torch.where(mask, array, self.torch.zeros((), dtype=array.dtype, device=array.device))

    def from_numpy(self, array: Any, device: str | None = None) -> Tensor:
        return self.torch.tensor(array, device=device)

    def to_numpy(self, array: Tensor) -> Any:
        return array.detach().cpu().numpy()

    @contextmanager
    def _without_tf32(self) -> Iterator[None]:
        """float32 means float32: cuDNN's recurrent kernels would round products to 11 bits unless told otherwise."""
        cudnn = self.torch.backends.cudnn
        before = cudnn.allow_tf32
        cudnn.allow_tf32 = False
        try:
            yield
        finally:
            cudnn.allow_tf32 = before

    def _exact(self, arguments: Mapping[str, Any]) -> AbstractContextManager[None]:
        flat = (v for value in arguments.values() for v in (value if isinstance(value, list) else [value]))
        on_gpu = any(self.is_array(v) and v.is_cuda for v in flat)
        return self._without_tf32() if on_gpu else nullcontext()

    def run(
        self,
        body: Callable[..., Any],
        arguments: Mapping[str, Any],
        smooth: Sequence[str],
        gradient: bool,
        real: Sequence[bool],
    ) -> tuple[tuple[Tensor, ...], Callable[[Sequence[Tensor | None]], Mapping[str, Any]] | None]:
        torch = self.torch
        exact = self._exact(arguments)
        if not gradient:
            with exact:
                return _apart(body(**arguments), arguments.values()), None
        leaves: dict[str, Any] = {}
        for name in smooth:
            value = arguments[name]
            leaves[name] = (
                [v.detach().requires_grad_() for v in value]
                if isinstance(value, list)
                else value.detach().requires_grad_()
            )
        with exact, torch.enable_grad():
            outputs = _apart(body(**{**arguments, **leaves}), arguments.values())
        flat = [t for leaf in leaves.values() for t in (leaf if isinstance(leaf, list) else [leaf])]
        tracked = [o for o, is_real in zip(outputs, real, strict=True) if is_real]

        def pull(cotangents: Sequence[Tensor | None]) -> Mapping[str, Any]:
            pairs = [(o, c) for o, c in zip(tracked, cotangents, strict=True) if c is not None and o.requires_grad]
            if pairs and flat:
                outs, seeds = zip(*pairs, strict=True)
                with self._exact(arguments):
                    found = torch.autograd.grad(outs, flat, seeds, retain_graph=True, allow_unused=True)
            else:
                found = (None,) * len(flat)
            # autograd may hand a cotangent through: a gradient is an array of its own
            lent = {c.untyped_storage().data_ptr() for _, c in pairs}
            found = _apart(g.clone() if g is not None and g.untyped_storage().data_ptr() in lent else g for g in found)
            # autograd says None where an input cannot reach an output (T = 0, say): that gradient is 0
            grads = iter([torch.zeros_like(t) if g is None else g for t, g in zip(flat, found, strict=True)])
            return {n: [next(grads) for _ in v] if isinstance(v, list) else next(grads) for n, v in leaves.items()}

        return tuple(o.detach() for o in outputs), pull
