"""The shared array text on array-api-strict and a non-default device: CuPy's stand-in where there is no GPU.

It refuses what CuPy refuses (implicit transfers, list operands, foreign arrays) and what the standard does not
promise, so a body that passes here runs on a GPU for the right reasons.
"""

from __future__ import annotations

from typing import Any

import array_api_strict
import numpy as np

from nnspec._backend import Backend
from nnspec._library import ArrayLibrary
from nnspec.array._ops import Ops

__all__ = ["load"]

_DEVICE = array_api_strict.Device("device1")
_HOST = array_api_strict.Device("CPU_DEVICE")


def _from_numpy(array: Any) -> Any:
    return array_api_strict.asarray(np.array(array), device=_DEVICE)


def _to_numpy(array: Any) -> Any:
    return np.asarray(array.to_device(_HOST))


def load(check_values: bool = True) -> Backend:
    """The stand-in backend: ``nnspec_conformance.standin:load``."""
    array_type = type(array_api_strict.asarray(0.0))
    ops = Ops(array_api_strict, inplace=False)
    library = ArrayLibrary("strict", "array_api_strict.Array", array_type, ops, _from_numpy, _to_numpy)
    return Backend("strict", library, check_values)
