"""Which backend: by argument, by context, by ``NNSPEC_BACKEND``, or NumPy."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from nnspec.errors import UnknownBackend

if TYPE_CHECKING:
    from nnspec._backend import Backend

__all__ = ["backend", "backends", "register", "use"]

_GROUP = "nnspec.backends"
_chosen: ContextVar[str | None] = ContextVar("nnspec_backend", default=None)
_environment: list[str] = []  # NNSPEC_BACKEND as it was at first use
_loaded: dict[tuple[str, bool], Backend] = {}
_registered: dict[str, Callable[..., Any]] = {}


def backend(name: str | None = None, *, check_values: bool = True) -> Backend:
    """The backend of that name; without one, the context's, the environment's, or NumPy.

    A name is one of `backends()`, or ``module:attribute`` of a loader. `check_values=False` skips the checks that
    read the values of arrays. Raises `UnknownBackend` and `BackendUnavailable`.
    """
    if name is None:
        name = _chosen.get()
    if name is None:
        if not _environment:
            _environment.append(os.environ.get("NNSPEC_BACKEND") or "numpy")
        name = _environment[0]
    key = (name, check_values)
    if key not in _loaded:
        _loaded[key] = _loader(name)(check_values=check_values)
    return _loaded[key]


@contextmanager
def use(name: str) -> Iterator[Backend]:
    """Make `name` the backend of this context (thread, task) for the length of a ``with`` block."""
    chosen = backend(name)
    token = _chosen.set(name)
    try:
        yield chosen
    finally:
        _chosen.reset(token)


def backends() -> list[str]:
    """The names that can be asked for, installed or registered here; some may be unavailable on this machine."""
    return sorted({*(e.name for e in entry_points(group=_GROUP)), *_registered})


def register(name: str, loader: Callable[..., Any]) -> None:
    """Make a backend known by name: `loader(check_values=...)` returns it.

    Packages do this without code, by an entry point of the group ``nnspec.backends``.
    """
    _registered[name] = loader
    for key in [key for key in _loaded if key[0] == name]:
        del _loaded[key]


def _loader(name: str) -> Callable[..., Any]:
    if name in _registered:
        return _registered[name]
    for entry in entry_points(group=_GROUP):
        if entry.name == name:
            loader: Callable[..., Any] = entry.load()
            return loader
    module, separator, attribute = name.partition(":")
    if separator and module and attribute:
        try:
            found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise UnknownBackend(f"no backend {name!r}: {error}") from error
        return found
    raise UnknownBackend(f"no backend {name!r}; known: {', '.join(backends())}, or module:attribute")
