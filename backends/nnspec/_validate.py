"""Arguments checked against the record, in one order and in one wording for every backend."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnspec._library import Array, Library
from nnspec.errors import ArgumentError, ArrayLibraryError, DeviceError, DomainError, DtypeError, ShapeError
from nnspec_reference.catalogue import Argument, Equation, Mismatch, solve

__all__ = ["Bound", "Plan", "bind", "check_cotangent"]

MOST_SIGNATURES = 256  # remembered for one equation


class Plan:
    """What binding needs of a record, looked up once for all calls, and the signatures that were found sound."""

    def __init__(self, record: Equation, library: Library) -> None:
        self.record, self.library = record, library
        self.names = [a.name for a in record.arguments]
        self.known = {*self.names, *(o.name for o in record.options), *(["lengths"] if record.time else [])}
        self.arrays = [a for a in record.arguments if a.is_array]
        self.timed = [a for a in self.arrays if record.has_time(a)]
        self.smooth = record.smooth
        self.real_results = [r.kind == "real" for r in record.results]
        self.timed_results = [record.has_time(r) for r in record.results]
        self.sound: dict[Any, dict[str, int]] = {}


@dataclass
class Bound:
    """Checked arguments: what a body is called with, and the sizes they settle."""

    arguments: dict[str, Any]
    lengths: Array | None
    sizes: dict[str, int]


def bind(plan: Plan, positional: Sequence[Any], keywords: Mapping[str, Any], values: bool) -> Bound:
    """Check everything that can be checked before computing; the errors are those of `nnspec.errors`."""
    record, library = plan.record, plan.library
    given = _names(plan, positional, keywords)
    lengths = given.pop("lengths", None)
    options = {o.name: _option(record, o, given.pop(o.name, o.default)) for o in record.options}
    arguments: dict[str, Any] = {}
    arrays: list[tuple[str, Argument, Array]] = []
    for a in record.arguments:
        value = given.get(a.name)
        if value is None:
            if not a.optional:
                raise ArgumentError(record.id, a.name, a.described(record.batched) if a.is_array else a.kind, "nothing")
            arguments[a.name] = None
        elif a.kind == "hyper":
            arguments[a.name] = _hyper(record, a, value)
        elif a.kind == "static":
            arguments[a.name] = value
        else:
            items = _items(record, a, value)
            arrays.extend((label, a, item) for label, item in items)
            arguments[a.name] = [item for _, item in items] if a.each else value
    for label, _, item in arrays:
        if not library.is_array(item):
            raise ArrayLibraryError(record.id, label, f"a {library.array_name}", _type(item))
    if lengths is not None and not library.is_array(lengths):
        raise ArrayLibraryError(record.id, "lengths", f"a {library.array_name}", _type(lengths))
    sizes = dict(_sizes(plan, arguments, arrays, lengths))
    if lengths is not None:
        _lengths(record, library, lengths, sizes, values)
        for a in plan.timed:
            if arguments[a.name] is not None:
                arguments[a.name] = library.mask_time(arguments[a.name], lengths, 1)
        arrays = [
            (label, a, arguments[a.name] if record.has_time(a) and not a.each else item) for label, a, item in arrays
        ]
    if values:
        for label, a, item in arrays:
            _values(record, library, label, a, item, sizes)
    arguments.update(options)
    return Bound(arguments, lengths, sizes)


def _sizes(
    plan: Plan,
    arguments: Mapping[str, Any],
    arrays: Sequence[tuple[str, Argument, Array]],
    lengths: Array | None,
) -> dict[str, int]:
    """Check dtypes, devices and shapes, and solve for the sizes.

    The answer depends on nothing else and is remembered: a training loop asks again and again.
    """
    record, library = plan.record, plan.library
    signature = (
        None if lengths is None else library.signature(lengths),
        *((label, library.signature(item)) for label, _, item in arrays),
        *(len(arguments[a.name]) for a in plan.arrays if a.each and arguments[a.name] is not None),
    )
    sizes = plan.sound.get(signature)
    if sizes is not None:
        return sizes
    _dtypes(record, library, arrays, lengths)
    _devices(record, library, arrays, lengths)
    shapes = {
        a.name: [library.shape(i) for i in arguments[a.name]] if a.each else library.shape(arguments[a.name])
        for a in plan.arrays
        if arguments[a.name] is not None
    }
    try:
        sizes = solve(record, shapes)
    except Mismatch as error:
        raise ShapeError(record.id, error.argument, error.expected, error.received, error.symbol) from None
    if len(plan.sound) == MOST_SIGNATURES:
        plan.sound.clear()
    plan.sound[signature] = sizes
    return sizes


def check_cotangent(
    record: Equation, library: Library, name: str, cotangent: object, output: Array, values: bool
) -> None:
    """A cotangent has the library, dtype, device and shape of its output."""
    label = f"cotangent of {name}"
    if library.is_array(cotangent) and library.signature(cotangent) == library.signature(output):
        return
    if not library.is_array(cotangent):
        raise ArrayLibraryError(record.id, label, f"a {library.array_name}", _type(cotangent))
    if library.dtype(cotangent) != library.dtype(output):
        raise DtypeError(record.id, label, library.dtype(output), library.dtype(cotangent))
    if library.device(cotangent) != library.device(output):
        raise DeviceError(record.id, label, str(library.device(output)), str(library.device(cotangent)))
    if library.shape(cotangent) != library.shape(output):
        raise ShapeError(record.id, label, str(library.shape(output)), str(library.shape(cotangent)))


def _type(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}" if kind.__module__ != "builtins" else kind.__qualname__


def _names(plan: Plan, positional: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    record, names = plan.record, plan.names
    if len(positional) > len(names):
        raise ArgumentError(record.id, "arguments", f"at most {len(names)} by position", str(len(positional)))
    given = dict(zip(names, positional, strict=False))
    for name in keywords if positional else ():
        if name in given:
            raise ArgumentError(record.id, name, "one value", "two: by position and by name")
    given.update(keywords)
    for name in given:
        if name not in plan.known:
            known = ", ".join(sorted(plan.known))
            raise ArgumentError(record.id, name, f"one of {known}", "an unknown argument")
    return given


def _option(record: Equation, option: Any, value: Any) -> Any:
    for known in option.values:
        if type(known) is type(value) and known == value:
            return known
    raise DomainError(record.id, option.name, "one of " + ", ".join(map(repr, option.values)), repr(value))


def _hyper(record: Equation, a: Argument, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not isinstance(value, (int, float)):
        raise ArgumentError(record.id, a.name, "a Python number", _type(value))
    low_ok = a.low is None or (value > a.low if a.open_low else value >= a.low)
    high_ok = a.high is None or (value < a.high if a.open_high else value <= a.high)
    kind_ok = isinstance(value, int) or not a.whole
    if not (low_ok and high_ok and kind_ok and value == value and abs(value) != float("inf")):
        raise DomainError(record.id, a.name, interval(a), repr(value))
    return value


def interval(a: Argument) -> str:
    """The domain of a hyperparameter in words: ``a finite number in (0, 1]``."""
    number = "a whole number" if a.whole else "a finite number"
    if a.low is None and a.high is None:
        return number
    left = "(-inf" if a.low is None else f"{'(' if a.open_low else '['}{a.low:g}"
    right = "inf)" if a.high is None else f"{a.high:g}{')' if a.open_high else ']'}"
    return f"{number} in {left}, {right}"


def _items(record: Equation, a: Argument, value: Any) -> list[tuple[str, Any]]:
    if not a.each:
        return [(a.name, value)]
    if not isinstance(value, (list, tuple)):
        raise ArgumentError(record.id, a.name, a.described(record.batched), _type(value))
    return [(f"{a.name}[{i}]", item) for i, item in enumerate(value)]


def _dtypes(
    record: Equation, library: Library, arrays: Sequence[tuple[str, Argument, Array]], lengths: Array | None
) -> None:
    like: Array | None = None
    first = ""
    for label, a, item in arrays:
        dtype = library.dtype(item)
        if a.is_real:
            if dtype not in library.real_dtypes:
                raise DtypeError(record.id, label, " or ".join(library.real_dtypes), dtype)
            if like is None:
                like, first = item, label
            elif dtype != library.dtype(like):
                raise DtypeError(record.id, label, f"{library.dtype(like)}, the dtype of {first}", dtype)
        elif dtype not in library.integer_dtypes:
            raise DtypeError(record.id, label, " or ".join(library.integer_dtypes), dtype)
    if lengths is not None and library.dtype(lengths) not in library.integer_dtypes:
        raise DtypeError(record.id, "lengths", " or ".join(library.integer_dtypes), library.dtype(lengths))


def _devices(
    record: Equation, library: Library, arrays: Sequence[tuple[str, Argument, Array]], lengths: Array | None
) -> None:
    labelled = [(label, item) for label, _, item in arrays]
    if lengths is not None:
        labelled.append(("lengths", lengths))
    for label, item in labelled[1:]:
        if library.device(item) != library.device(labelled[0][1]):
            expected = f"{library.device(labelled[0][1])}, the device of {labelled[0][0]}"
            raise DeviceError(record.id, label, expected, str(library.device(item)))


def _lengths(record: Equation, library: Library, lengths: Array, sizes: dict[str, int], values: bool) -> None:
    batch = sizes["B"]
    if library.shape(lengths) != (batch,):
        raise ShapeError(record.id, "lengths", f"(B,) with B = {batch}", str(library.shape(lengths)), "B")
    if values and batch:
        low, high = library.extremes(lengths)
        assert record.time is not None
        limit = sizes[record.time]
        least = record.minimum(record.time)
        if low < least or high > limit:
            raise DomainError(
                record.id, "lengths", f"integers from {least} to {record.time} = {limit}", f"{low} to {high}"
            )


_DOMAINS = {
    "positive": (0.0, None, True),
    "nonnegative": (0.0, None, False),
    "probability": (0.0, 1.0, False),
    "simplex": (0.0, 1.0, False),
    "onehot": (0.0, 1.0, False),
}


def _values(record: Equation, library: Library, label: str, a: Argument, item: Array, sizes: dict[str, int]) -> None:
    if 0 in library.shape(item):
        return
    if not a.is_real:
        low, high = library.extremes(item)
        limit = a.of.value(sizes) if a.of is not None else None
        if low < 0 or (limit is not None and high >= limit):
            expected = "integers >= 0" if limit is None else f"integers from 0 to {a.of}-1 = {limit - 1}"
            raise DomainError(record.id, label, expected, f"{low if low < 0 else high}")
        return
    if not library.is_finite(item):
        _nonfinite(record, library, label, a, item)
        return
    if a.kind in _DOMAINS:
        least, most, is_open = _DOMAINS[a.kind]
        low, high = library.extremes(item)
        if low < least or (is_open and low == least) or (most is not None and high > most):
            span = f"numbers {'>' if is_open else '>='} 0" if most is None else "numbers in [0, 1]"
            bad = low if low < least or (is_open and low == least) else high
            raise DomainError(record.id, label, span, repr(bad))
    if a.kind in ("onehot", "bit") and not library.is_binary(item, 0.0, 1.0):
        raise DomainError(record.id, label, "0s and 1s", "other values")
    if a.kind == "sign" and not library.is_binary(item, -1.0, 1.0):
        raise DomainError(record.id, label, "-1s and 1s", "other values")
    if a.kind in ("onehot", "simplex"):
        # d correctly rounded numbers that sum to 1 exactly before rounding are off by at most d units of 2u
        d, off = library.shape(item)[-1], library.row_sums_off(item)
        u = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
        if off > 2 * d * u[library.dtype(item)]:
            raise DomainError(record.id, label, "rows that sum to 1", f"a row off by {off:.3g}")


def _nonfinite(record: Equation, library: Library, label: str, a: Argument, item: Array) -> None:
    def refuse(what: str) -> DomainError:
        wanted = "finite numbers" if not a.allows else "finite numbers or " + ", ".join(sorted(a.allows))
        return DomainError(record.id, label, wanted, what)

    if library.has_nan(item):
        if "nan" not in a.allows:
            raise refuse("nan")
        return
    low, high = library.extremes(item)
    if high == float("inf") and "inf" not in a.allows:
        raise refuse("inf")
    if low == float("-inf") and "-inf" not in a.allows:
        raise refuse("-inf")
