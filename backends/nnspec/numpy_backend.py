"""The NumPy backend: the shared array text on `numpy`, gradients by hand."""

from __future__ import annotations

import functools

import numpy

from nnspec._backend import Backend
from nnspec._library import ArrayLibrary
from nnspec.array._ops import Ops

__all__ = ["load"]


def load(check_values: bool = True) -> Backend:
    """The backend."""
    quiet = functools.partial(numpy.errstate, all="ignore")
    ops = Ops(numpy, inplace=True, quiet=quiet, add_at=numpy.add.at)
    library = ArrayLibrary("numpy", "numpy.ndarray", numpy.ndarray, ops, numpy.array, numpy.asarray)
    return Backend("numpy", library, check_values)
