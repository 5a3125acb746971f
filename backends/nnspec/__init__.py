"""The neural-network equations on arrays: one interface, interchangeable backends.

>>> import numpy as np, nnspec
>>> nn = nnspec.backend("numpy")
>>> nn.activation.relu(x=np.array([[-1.0, 2.0]])).y
array([[0., 2.]])

A backend is chosen by argument, by ``with nnspec.use("torch"):``, by the environment variable ``NNSPEC_BACKEND``
(read at first use), or is NumPy, in that order. Importing this package imports no array library.
"""

from nnspec._registry import backend, backends, register, use
from nnspec.errors import (
    ArgumentError,
    ArrayLibraryError,
    BackendUnavailable,
    DeviceError,
    DomainError,
    DtypeError,
    NnspecError,
    NotDifferentiable,
    NotImplementedByBackend,
    ShapeError,
    UnknownBackend,
)

__all__ = [
    "ArgumentError",
    "ArrayLibraryError",
    "BackendUnavailable",
    "DeviceError",
    "DomainError",
    "DtypeError",
    "NnspecError",
    "NotDifferentiable",
    "NotImplementedByBackend",
    "ShapeError",
    "UnknownBackend",
    "backend",
    "backends",
    "register",
    "use",
]
