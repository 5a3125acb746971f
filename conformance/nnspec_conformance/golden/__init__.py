"""The notes' worked numbers, and what their errata show, as executable checks of the reference.

A golden check is a function without arguments that asserts. It names the worked numbers (W..), errata (E..) and
exercises (X..) that it settles. A printed value that is wrong is asserted to be wrong, beside the right one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from nnspec_reference.catalogue import FAMILIES

__all__ = ["Golden", "golden", "goldens", "near", "of", "refuses"]


@dataclass(frozen=True)
class Golden:
    """One check and the ledger ids that it settles."""

    name: str
    ids: tuple[str, ...]
    function: Callable[[], None] = field(repr=False)


_registry: dict[str, Golden] = {}


def golden(*ids: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Declare a check that settles these worked numbers, errata or exercises."""

    def declare(function: Callable[[], None]) -> Callable[[], None]:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        if name in _registry and _registry[name].function is not function:
            raise ValueError(f"{name} is declared twice")
        _registry[name] = Golden(name, ids, function)
        return function

    return declare


@cache
def goldens() -> Mapping[str, Golden]:
    """Every golden check, by name."""
    for family in FAMILIES:
        try:
            importlib.import_module(f"{__name__}.{family}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{family}":
                raise
    return dict(_registry)


def of(ident: str) -> list[Golden]:
    """The checks that settle one ledger id."""
    return [g for g in goldens().values() if ident in g.ids]


def near(value: Any, expected: Any, error: float = 1e-15) -> bool:
    """Whether numbers, or nested sequences of them, differ by at most `error` times max(1, |expected|)."""
    if isinstance(expected, Iterable):
        return len(value) == len(tuple(expected)) and all(
            near(v, e, error) for v, e in zip(value, expected, strict=True)
        )
    return bool(abs(value - expected) <= error * max(1, abs(expected)))


def refuses(function: Callable[..., Any], *arguments: Any, **options: Any) -> bool:
    """Whether the reference answers a call with a ValueError."""
    try:
        function(*arguments, **options)
    except ValueError:
        return True
    return False
