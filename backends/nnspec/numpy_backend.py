"""The NumPy backend: the shared array text on `numpy`, gradients by hand."""

from __future__ import annotations

import functools
from typing import Any

import numpy

from nnspec._backend import Backend
from nnspec._library import ArrayLibrary
from nnspec.array._ops import Ops

__all__ = ["load"]


def _add_at(table: Any, index: Any, values: Any) -> None:
    """``table[index[k]] += values[k]`` entry by entry: `numpy.add.at` is some four times slower on rows."""
    if values.ndim > 1:
        size = values[0].size
        index = (index[:, None] * size + numpy.arange(size)).reshape(-1)
    numpy.add.at(table.reshape(-1), index, values.reshape(-1))


def load(check_values: bool = True) -> Backend:
    """The backend."""
    quiet = functools.partial(numpy.errstate, all="ignore")
    ops = Ops(numpy, inplace=True, quiet=quiet, add_at=_add_at)
    library = ArrayLibrary("numpy", "numpy.ndarray", numpy.ndarray, ops, numpy.array, numpy.asarray)
    return Backend("numpy", library, check_values)
