"""The CuPy backend: the shared array text on `cupy`, gradients by hand."""

from __future__ import annotations

from nnspec._backend import Backend
from nnspec._library import ArrayLibrary
from nnspec.array._ops import Ops
from nnspec.errors import BackendUnavailable

__all__ = ["load"]


def load(check_values: bool = True) -> Backend:
    """The backend; `BackendUnavailable` where CuPy or a CUDA device is missing."""
    try:
        import cupy
    except ImportError as error:
        raise BackendUnavailable("cupy is not installed: pip install 'nnspec[cupy-cuda13x]'") from error
    if not cupy.is_available():
        raise BackendUnavailable("cupy is installed, but no CUDA device is available here")
    ops = Ops(cupy, inplace=True, add_at=cupy.add.at)
    library = ArrayLibrary("cupy", "cupy.ndarray", cupy.ndarray, ops, cupy.array, cupy.asnumpy)
    return Backend("cupy", library, check_values)
