"""Named mistakes: each a small wrong reference beside the right one.

A variant has the signature of its equation's reference function. When a check fails, the failing case is run through
the variants of that equation, and those that reproduce the candidate's numbers are named. As whole wrong
implementations they measure the suite: every one must be rejected.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from nnspec_reference.catalogue import FAMILIES, catalogue

__all__ = ["Variant", "gradient_variant", "of", "variant", "variants"]

Gradients = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """A wrong implementation of one equation: a scalar function, and what it does to the gradients."""

    equation: str
    name: str
    title: str
    source: str
    function: Callable[..., Any] = field(repr=False)
    gradients: Callable[[Gradients, Mapping[str, Any]], Gradients] | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The equation's id and the variant's name."""
        return f"{self.equation}/{self.name}"


_registry: dict[str, Variant] = {}
_F = TypeVar("_F", bound=Callable[..., Any])


def variant(equation: str, title: str, source: str = "") -> Callable[[_F], _F]:
    """Declare a wrong reference function of `equation`; its gradient is the tape's.

    A mistake in the gradient alone is written with `scalars.stop_gradient` (not `detach`, which drops rounding
    errors), or with `gradient_variant`.
    """

    def declare(function: _F) -> _F:
        _add(Variant(equation, function.__name__, title, source, function))
        return function

    return declare


def gradient_variant(equation: str, title: str, source: str = "") -> Callable[[_F], _F]:
    """Declare a mistake in the gradient alone: ``f(gradients, arguments) -> gradients``.

    The gradients of one example are a dict by argument name of scalars, Vectors and Matrices; the forward values are
    the right ones.
    """

    def declare(function: _F) -> _F:
        right = catalogue()[equation].function
        _add(Variant(equation, function.__name__, title, source, right, function))
        return function

    return declare


def _add(new: Variant) -> None:
    if new.id in _registry and _registry[new.id].function.__module__ != new.function.__module__:
        raise ValueError(f"{new.id} is declared twice")
    _registry[new.id] = new


@cache
def variants() -> Mapping[str, Variant]:
    """Every declared variant, by id."""
    for family in FAMILIES:
        try:
            importlib.import_module(f"{__name__}.{family}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{family}":
                raise
    return dict(_registry)


def of(equation: str) -> list[Variant]:
    """The variants of one equation."""
    return [v for v in variants().values() if v.equation == equation]
