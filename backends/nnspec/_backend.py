"""The interface: ``nn.family.name(...)`` and ``nn.family.name.vjp(...)``, the same on every backend."""

from __future__ import annotations

import importlib
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from nnspec._library import Array, Library
from nnspec._validate import Bound, Plan, bind, check_cotangent
from nnspec.errors import ArgumentError, NotDifferentiable, NotImplementedByBackend
from nnspec_reference.catalogue import FAMILIES, Equation, catalogue

__all__ = ["Backend", "Family", "Operation"]


class Operation:
    """One equation on one backend.

    Calling it computes the forward values, as a named tuple. `vjp` also returns the pullback: from cotangents of the
    outputs, by name, to the gradient of every differentiable input, by name.
    """

    def __init__(self, record: Equation, library: Library, body: Callable[..., Any], check_values: bool) -> None:
        self.record, self._library, self._body, self._values = record, library, body, check_values
        self._outputs, self._plan = outputs_type(record), Plan(record, library)
        self.__doc__ = record.function.__doc__

    def __repr__(self) -> str:
        return f"<{self._library.name} {self.record.id}>"

    def __call__(self, *positional: Any, **keywords: Any) -> Any:
        """The outputs, by name."""
        bound = bind(self._plan, positional, keywords, self._values)
        outputs, _ = self._run(bound, ())
        return outputs

    def vjp(self, *positional: Any, **keywords: Any) -> tuple[Any, Callable[..., dict[str, Any]]]:
        """The outputs, and ``pullback(name=cotangent, ...) -> {argument: gradient}``.

        A cotangent that is left out is zero. Raises `NotDifferentiable` where the equation has no gradient.
        """
        record, library, plan = self.record, self._library, self._plan
        if not plan.smooth:
            raise NotDifferentiable(f"{record.id} has no gradient")
        bound = bind(plan, positional, keywords, self._values)
        smooth = tuple(n for n in plan.smooth if bound.arguments[n] is not None)
        outputs, pull = self._run(bound, smooth)

        def pullback(cotangents: Mapping[str, Array] | None = None, /, **named: Array) -> dict[str, Any]:
            given = {**(cotangents or {}), **named}
            seeds = []
            for result, output in zip(record.results, outputs, strict=True):
                seed = given.pop(result.name, None)
                if result.kind != "real":
                    if seed is not None:
                        raise ArgumentError(record.id, f"cotangent of {result.name}", "none: it is exact", "an array")
                    continue
                if seed is not None:
                    check_cotangent(record, library, result.name, seed, output, self._values)
                    if bound.lengths is not None and record.has_time(result):
                        seed = library.mask_time(seed, bound.lengths, 1)
                seeds.append(seed)
            if given:
                known = ", ".join(r.name for r in record.results)
                raise ArgumentError(
                    record.id, f"cotangent of {next(iter(given))}", f"one of {known}", "an unknown name"
                )
            if pull is None:
                raise NotDifferentiable(f"{record.id}: {library.name} returned no pullback")
            gradients = pull(seeds)
            missing = [n for n in smooth if gradients.get(n) is None]
            if missing:
                raise NotDifferentiable(f"{record.id}: {library.name} gives no gradient of {', '.join(missing)}")
            found: dict[str, Any] = {n: gradients[n] for n in smooth}
            if bound.lengths is not None:
                for a in plan.timed:
                    if a.name in found:
                        found[a.name] = library.mask_time(found[a.name], bound.lengths, 1)
            return found

        return outputs, pullback

    def _run(self, bound: Bound, smooth: Sequence[str]) -> tuple[Any, Callable[..., Any] | None]:
        record, library = self.record, self._library
        arguments = dict(bound.arguments)
        if record.time:
            arguments["lengths"] = bound.lengths
        outputs, pull = library.run(self._body, arguments, smooth, bool(smooth), self._plan.real_results)
        if bound.lengths is not None:
            outputs = tuple(
                library.mask_time(o, bound.lengths, 1) if timed else o
                for timed, o in zip(self._plan.timed_results, outputs, strict=True)
            )
        return self._outputs._make(outputs), pull


@cache
def _outputs_type(ident: str, names: tuple[str, ...]) -> Any:
    return namedtuple(ident.replace(".", "_") + "_outputs", names)


def outputs_type(record: Equation) -> Any:
    """The named tuple of an equation's results."""
    return _outputs_type(record.id, tuple(r.name for r in record.results))


class Family:
    """The equations of one module, e.g. ``nn.gated``."""

    def __init__(self, backend: Backend, name: str) -> None:
        self._backend, self._name = backend, name

    def __getattr__(self, name: str) -> Operation:
        if name.startswith("_"):
            raise AttributeError(name)
        operation = self._backend[f"{self._name}.{name}"]
        setattr(self, name, operation)
        return operation

    def __dir__(self) -> list[str]:
        return [r.name for r in catalogue().values() if r.family == self._name and r.arrays]


class Backend:
    """Every equation on one array library.

    ``check_values=False`` skips the checks that read the arrays' values (finite, in range), for callers that have
    made them; shapes, dtypes and devices are always checked.
    """

    def __init__(self, name: str, library: Library, check_values: bool = True) -> None:
        self.name, self.library, self.check_values = name, library, check_values
        self._operations: dict[str, Operation] = {}

    def __repr__(self) -> str:
        return f"<nnspec backend {self.name}>"

    def __getattr__(self, name: str) -> Family:
        if name not in FAMILIES:
            raise AttributeError(f"{self!r} has no equations named {name!r}")
        family = Family(self, name)
        self.__dict__[name] = family
        return family

    def __getitem__(self, ident: str) -> Operation:
        """The operation of that id, e.g. ``nn["gated.lstm"]``."""
        if ident not in self._operations:
            record = catalogue().get(ident)
            if record is None:
                raise AttributeError(f"no equation {ident!r}")
            body = self._find(record)
            if body is None:
                why = "" if record.arrays else ": it is an algorithm of the reference, not an equation on arrays"
                raise NotImplementedByBackend(f"{self.name} does not implement {ident}{why}")
            self._operations[ident] = Operation(record, self.library, body, self.check_values)
        return self._operations[ident]

    def _find(self, record: Equation) -> Callable[..., Any] | None:
        if not record.arrays:
            return None
        try:
            module = importlib.import_module(f"{self.library.package}.{record.family}")
        except ModuleNotFoundError as error:
            if error.name != f"{self.library.package}.{record.family}":
                raise
            return None
        return getattr(module, record.name, None)

    def supports(self, ident: str) -> bool:
        """True if the backend implements that equation."""
        record = catalogue().get(ident)
        return record is not None and self._find(record) is not None

    def __iter__(self) -> Iterator[str]:
        """The ids of the equations that the backend implements."""
        return (ident for ident in catalogue() if self.supports(ident))
