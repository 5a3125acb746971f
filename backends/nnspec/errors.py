"""The typed errors, the same on every backend.

Each names the argument, what was expected and what was received, in its message and as attributes.
"""

from __future__ import annotations

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
]


class NnspecError(Exception):
    """The base of every error that nnspec raises on purpose."""


class _InputError(NnspecError):
    def __init__(self, equation: str, argument: str, expected: str, received: str) -> None:
        super().__init__(f"{equation}: {argument}: expected {expected}, received {received}")
        self.equation, self.argument, self.expected, self.received = equation, argument, expected, received

    def __reduce__(self) -> tuple[type, tuple[str, str, str, str]]:
        return type(self), (self.equation, self.argument, self.expected, self.received)


class ArgumentError(_InputError, TypeError):
    """An argument is missing, unknown, given twice, or not of the kind of thing that is expected."""


class ArrayLibraryError(_InputError, TypeError):
    """An array of another library: nothing is converted silently."""


class DtypeError(_InputError, TypeError):
    """A dtype that the argument cannot have, or that differs from the other arguments'."""


class DeviceError(_InputError, ValueError):
    """Arrays on different devices: nothing is moved silently."""


class ShapeError(_InputError, ValueError):
    """A rank or a size that contradicts the equation; the message names the symbol that disagrees."""

    def __init__(self, equation: str, argument: str, expected: str, received: str, symbol: str | None = None) -> None:
        super().__init__(equation, argument, expected, received)
        self.symbol = symbol


class DomainError(_InputError, ValueError):
    """A value outside the equation's domain: NaN, an index out of range, a negative count, a bad option."""


class NotDifferentiable(NnspecError, TypeError):
    """A gradient was asked of an equation that has none."""


class UnknownBackend(NnspecError, LookupError):
    """No backend of that name is registered."""


class BackendUnavailable(NnspecError, RuntimeError):
    """The backend is known, but its library or its device is missing here."""


class NotImplementedByBackend(NnspecError, NotImplementedError):
    """The backend does not implement this equation."""
