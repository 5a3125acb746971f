"""The ledger's properties (P..) as laws that any implementation can be held to.

A law takes `nn`, an implementation that speaks NumPy (``nn("softmax.vector", z=z)`` returns the outputs by name, each
a `Measured`: the value, and the radius of the ball that rounding allows), and `draw`, a source of inputs. It asserts
through the comparisons of this module, which widen nothing but those radii::

    @law("P21", on=["softmax.vector"])
    def shift_invariance(nn, draw):
        z, c = draw.integers(3, 5), draw.integers(3, 1)
        same(nn("softmax.vector", z=z).p, nn("softmax.vector", z=z + c).p)

A property that no array equation can be held to (it speaks of algorithms, tables or the reference itself) is a
`law` with ``on=[]`` and takes `draw` alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from nnspec_reference.catalogue import FAMILIES

__all__ = ["Draw", "Law", "Measured", "at_most", "exactly", "law", "laws", "of", "same", "within"]


@dataclass(frozen=True)
class Measured:
    """An output: its value, and how far rounding may have taken it from the truth."""

    value: np.ndarray[Any, Any]
    radius: np.ndarray[Any, Any]

    __array_ufunc__ = None  # a NumPy array on the left leaves the operation to us

    def __getitem__(self, at: Any) -> Measured:
        return Measured(self.value[at], self.radius[at])

    def __neg__(self) -> Measured:
        return Measured(-self.value, self.radius)

    def __add__(self, other: Any) -> Measured:
        """A sum: the radii add, and the sum itself is rounded once."""
        v, r = _parts(other)
        total = self.value + v
        return Measured(total, self.radius + r + np.abs(total) * 2.0**-53)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Measured:
        difference: Measured = self + (-other)
        return difference

    def __rsub__(self, other: Any) -> Measured:
        difference: Measured = (-self) + other
        return difference

    def __mul__(self, other: Any) -> Measured:
        """A product: first-order errors and their product, and one rounding."""
        v, r = _parts(other)
        product = self.value * v
        spread = np.abs(self.value) * r + np.abs(v) * self.radius + r * self.radius
        return Measured(product, spread + np.abs(product) * 2.0**-53)

    __rmul__ = __mul__

    def sum(self, axis: int | None = None) -> Measured:
        """A sum of n terms, in any order."""
        n = self.value.size if axis is None else self.value.shape[axis]
        spread = self.radius.sum(axis) + np.abs(self.value).sum(axis) * (n * 2.0**-53)
        return Measured(np.asarray(self.value.sum(axis)), np.asarray(spread))

    def map(self, f: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Measured:
        """The same rearrangement (flip, transpose, permutation) of value and radius."""
        return Measured(f(self.value), f(self.radius))


class Draw:
    """A seeded source of inputs; small integers make shifts, scalings and comparisons exact."""

    def __init__(self, seed: int | Sequence[int]) -> None:
        self.rng = np.random.default_rng(seed)

    def integers(self, *shape: int, low: int = -3, high: int = 3) -> np.ndarray[Any, Any]:
        """Small integers, as float64."""
        return self.rng.integers(low, high + 1, shape).astype(np.float64)

    def reals(self, *shape: int, scale: float = 1.0) -> np.ndarray[Any, Any]:
        """Numbers around ±scale."""
        return self.rng.uniform(-scale, scale, shape)

    def positive(self, *shape: int, scale: float = 1.0) -> np.ndarray[Any, Any]:
        """Numbers in (0, scale]."""
        return scale * (1.0 - self.rng.random(shape))

    def simplex(self, *shape: int) -> np.ndarray[Any, Any]:
        """Distributions along the last axis, in multiples of 2^-20 so that they sum to 1 exactly."""
        rows = np.floor(self.rng.dirichlet(np.ones(shape[-1]), shape[:-1]) * 2**20)
        rows[..., 0] += 2**20 - rows.sum(-1)
        return rows / 2**20

    def index(self, *shape: int, below: int) -> np.ndarray[Any, Any]:
        """Indices, as int64."""
        return self.rng.integers(0, below, shape)

    def size(self, low: int = 1, high: int = 5) -> int:
        """A size."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return values[int(self.rng.integers(len(values)))]


def _parts(x: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    if isinstance(x, Measured):
        return x.value, x.radius
    x = np.asarray(x, dtype=np.float64)
    return x, np.zeros_like(x)


def same(a: Any, b: Any, why: str = "") -> None:
    """a = b, up to what rounding allows each of them."""
    (u, r), (v, s) = _parts(a), _parts(b)
    assert u.shape == v.shape, f"{why}: shapes {u.shape} and {v.shape}"
    off = np.abs(u - v)
    bad = ~((off <= r + s) | (u == v))
    assert not bad.any(), f"{why}: {u[bad][0]!r} and {v[bad][0]!r} differ by more than {(r + s)[bad][0]:.3g}"


def exactly(a: Any, b: Any, why: str = "") -> None:
    """a = b bit for bit (and −0 = 0)."""
    (u, _), (v, _) = _parts(a), _parts(b)
    assert u.shape == v.shape, f"{why}: shapes {u.shape} and {v.shape}"
    bad = u != v
    assert not bad.any(), f"{why}: {u[bad][0]!r} is not {v[bad][0]!r}"


def at_most(a: Any, b: Any, why: str = "") -> None:
    """a ≤ b, up to what rounding allows each of them."""
    (u, r), (v, s) = _parts(a), _parts(b)
    u, r, v, s = np.broadcast_arrays(u, r, v, s)
    bad = ~(u <= v + r + s)
    assert not bad.any(), f"{why}: {u[bad][0]!r} > {v[bad][0]!r}"


def within(a: Any, low: float, high: float, why: str = "") -> None:
    """low ≤ a ≤ high, exactly."""
    u, _ = _parts(a)
    bad = ~((u >= low) & (u <= high))
    assert not bad.any(), f"{why}: {u[bad][0]!r} is not in [{low}, {high}]"


@dataclass(frozen=True)
class Law:
    """A property of the ledger and the equations it holds an implementation to."""

    property: str
    name: str
    on: tuple[str, ...]
    function: Callable[..., None] = field(repr=False)


_registry: dict[str, Law] = {}


def law(*properties: str, on: Sequence[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare a law of these properties; `on` lists every equation that the law calls."""

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        for prop in properties:
            new = Law(prop, function.__name__, tuple(on), function)
            key = f"{prop}/{new.name}"
            if key in _registry and _registry[key].function.__module__ != function.__module__:
                raise ValueError(f"{key} is declared twice")
            _registry[key] = new
        return function

    return declare


@cache
def laws() -> Mapping[str, Law]:
    """Every law, by ``property/name``."""
    for family in FAMILIES:
        try:
            importlib.import_module(f"{__name__}.{family}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{family}":
                raise
    return dict(_registry)


def of(ident: str) -> list[Law]:
    """The laws of one property, or those that an equation is held to."""
    return [w for w in laws().values() if w.property == ident or ident in w.on]
