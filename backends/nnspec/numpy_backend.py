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
    """``table[index[k]] += values[k]``. Of rows, those of one index are first brought together and summed.

    That is many times as fast as `numpy.add.at`, which is fast on numbers only.
    """
    if values.ndim == 1:
        numpy.add.at(table, index, values)
        return
    order = numpy.argsort(index, kind="stable")
    index = index[order]
    starts = numpy.flatnonzero(numpy.concatenate(([True], index[1:] != index[:-1])))
    table[index[starts]] += numpy.add.reduceat(values[order], starts, axis=0)


def load(check_values: bool = True) -> Backend:
    """The backend."""
    quiet = functools.partial(numpy.errstate, all="ignore")
    ops = Ops(numpy, inplace=True, quiet=quiet, add_at=_add_at)
    library = ArrayLibrary("numpy", "numpy.ndarray", numpy.ndarray, ops, numpy.array, numpy.asarray)
    return Backend("numpy", library, check_values)
