"""Bad input: the same typed error on every backend, naming the argument, what was expected and what was received.

The bad calls are derived from the records, so that every equation is tried; nothing here is written per equation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import array_api_strict
import numpy as np
import pytest

import nnspec
from nnspec import ArgumentError, ArrayLibraryError, DomainError, DtypeError, NotDifferentiable, ShapeError
from nnspec_conformance.cases import Case, build, corners
from nnspec_conformance.targets import BackendTarget
from nnspec_reference.catalogue import Argument, Equation, catalogue

torch = pytest.importorskip("torch")

BACKENDS = ["numpy", "torch", "nnspec_conformance.standin:load"]
EQUATIONS = [r for r in catalogue().values() if r.arrays]
TARGETS = {name: BackendTarget(name, nnspec.backend(name)) for name in BACKENDS}


def _case(record: Equation) -> Case:
    return build(record, corners(record)[0][1], "float64")


def _first(record: Equation, wanted: Callable[[Argument], bool]) -> Argument | None:
    return next((a for a in record.arguments if a.is_array and not a.each and not a.optional and wanted(a)), None)


class Foreign:
    """Stands for an array of another library: each backend is given one of a library that it does not know."""


def _bad_calls(record: Equation) -> Iterator[tuple[str, type[Exception], str, dict[str, Any]]]:
    """(what is wrong, the error, the argument it names, the changed arguments)."""
    case = _case(record)
    some = next((a for a in record.arguments if not a.optional and a.is_array), None)
    if some is not None:
        yield "missing", ArgumentError, some.name, {some.name: None}
    yield "unknown", ArgumentError, "no_such_argument", {"no_such_argument": 1.0}
    real = _first(record, lambda a: a.is_real)
    if real is not None:
        value = case.arguments[real.name]
        yield "integers for reals", DtypeError, real.name, {real.name: np.ones(value.shape, np.int64)}
        yield "another library's array", ArrayLibraryError, real.name, {real.name: Foreign()}
        yield "a list", ArrayLibraryError, real.name, {real.name: Foreign}
        yield "one axis too many", ShapeError, real.name, {real.name: value[None]}
        plain = _first(record, lambda a: a.is_real and not a.allows)
        if plain is not None:
            for bad in (np.nan, np.inf, -np.inf):
                spoiled = case.arguments[plain.name].copy()
                if spoiled.size:
                    spoiled[(-1,) * spoiled.ndim] = bad
                    yield str(bad), DomainError, plain.name, {plain.name: spoiled}
    reals = [a for a in record.arguments if a.is_real and not a.each and case.arguments[a.name] is not None]
    if len(reals) > 1:
        last = reals[-1]
        yield "mixed dtypes", DtypeError, last.name, {last.name: case.arguments[last.name].astype(np.float32)}
    indexed = _first(record, lambda a: a.kind == "index")
    if indexed is not None and case.arguments[indexed.name].size:
        for bad_index in (-1, 10**6):
            spoiled = case.arguments[indexed.name].copy()
            spoiled[(0,) * spoiled.ndim] = bad_index
            yield f"index {bad_index}", DomainError, indexed.name, {indexed.name: spoiled}
        yield (
            "reals for indices",
            DtypeError,
            indexed.name,
            {indexed.name: np.asarray(case.arguments[indexed.name] + 0.5)},
        )
    for option in record.options:
        yield "unknown option value", DomainError, option.name, {option.name: "no such value"}
    for a in record.arguments:
        if a.kind == "hyper":
            yield "a hyperparameter that is no number", ArgumentError, a.name, {a.name: "1"}
            yield "a hyperparameter that is NaN", DomainError, a.name, {a.name: float("nan")}
        if a.kind == "positive" and not a.each:
            yield "zero for positive", DomainError, a.name, {a.name: np.zeros_like(case.arguments[a.name])}
        if a.kind in ("nonnegative", "probability") and not a.each and case.arguments[a.name].size:
            yield "negative", DomainError, a.name, {a.name: np.asarray(-1.0 - case.arguments[a.name])}
    if record.time:
        batch = case.sizes["B"]
        yield (
            "lengths beyond T",
            DomainError,
            "lengths",
            {"lengths": np.full(batch, case.sizes[record.time] + 1)},
        )
        yield "negative lengths", DomainError, "lengths", {"lengths": np.full(batch, -1)}
        yield "lengths of another batch", ShapeError, "lengths", {"lengths": np.ones(batch + 1, np.int64)}
        yield "real lengths", DtypeError, "lengths", {"lengths": np.ones(batch)}


BAD = [
    pytest.param(record, error, argument, changed, id=f"{record.id}-{what}-{argument}")
    for record in EQUATIONS
    for what, error, argument, changed in _bad_calls(record)
]


def _native(target: BackendTarget, value: Any) -> Any:
    if isinstance(value, Foreign):
        others = {"numpy": torch.zeros(1), "torch": np.zeros(1)}
        return others.get(target.name, np.zeros(1))
    if value is Foreign:
        return [0.0]
    return target.native(value) if isinstance(value, np.ndarray) else value


def _raised(target: BackendTarget, record: Equation, changed: dict[str, Any]) -> Any:
    call = {**target.call(_case(record)), **{n: _native(target, v) for n, v in changed.items()}}
    with pytest.raises(nnspec.NnspecError) as found:
        target.backend[record.id](**call)
    return found.value


@pytest.mark.parametrize(("record", "error", "argument", "changed"), BAD)
def test_the_same_error_everywhere(
    record: Equation, error: type[Exception], argument: str, changed: dict[str, Any]
) -> None:
    raised: dict[str, Any] = {name: _raised(target, record, changed) for name, target in TARGETS.items()}
    for found in raised.values():
        kind: type = type(found)
        assert kind is error, found
        assert found.argument == argument
        assert found.equation == record.id
        assert found.expected in str(found) and found.received in str(found)
    if error is not ArrayLibraryError:  # whose very point is the library's name
        texts = {_neutral(str(found)) for found in raised.values()}
        assert len(texts) == 1, texts


def _neutral(text: str) -> str:
    """A message without what must differ: the dtypes that a library has beyond the two."""
    return text.replace(" or bfloat16 or float16", "")


def _shared_sizes(record: Equation) -> Iterator[tuple[str, int, str]]:
    """(argument, axis, symbol) wherever a size was settled by an earlier argument."""
    case = _case(record)
    seen: set[str] = set()
    for a in record.arguments:
        if not a.is_array or a.each or case.arguments[a.name] is None:
            continue
        for axis, dim in enumerate(a.shape, int(record.batched and a.role == "data")):
            if len(dim.terms) == 1 and dim.terms[0][0] in seen and dim.terms[0][1] == 1 and "[" not in dim.text:
                yield a.name, axis, dim.terms[0][0]
        for dim in a.shape:
            seen.update(symbol for symbol, _ in dim.terms)


SHARED = [
    pytest.param(record, *place, id=f"{record.id}-{place[0]}-{place[2]}")
    for record in EQUATIONS
    for place in _shared_sizes(record)
]


@pytest.mark.parametrize(("record", "argument", "axis", "symbol"), SHARED)
def test_a_wrong_size_names_the_symbol_that_disagrees(record: Equation, argument: str, axis: int, symbol: str) -> None:
    value = _case(record).arguments[argument]
    longer = np.concatenate([value, value.take([0], axis=axis)], axis=axis)
    for target in TARGETS.values():
        found = _raised(target, record, {argument: longer})
        assert isinstance(found, ShapeError)
        assert found.symbol == symbol
        assert symbol in str(found)


@pytest.mark.parametrize("record", [r for r in EQUATIONS if not r.smooth], ids=lambda r: r.id)
def test_a_gradient_that_does_not_exist_is_refused(record: Equation) -> None:
    for target in TARGETS.values():
        with pytest.raises(NotDifferentiable):
            target.backend[record.id].vjp(**target.call(_case(record)))


def test_bad_cotangents() -> None:
    for target in TARGETS.values():
        x = target.native(np.ones((2, 3)))
        _, pullback = target.backend["activation.tanh"].vjp(x=x)
        with pytest.raises(ShapeError):
            pullback(y=target.native(np.ones((2, 4))))
        with pytest.raises(DtypeError):
            pullback(y=target.native(np.ones((2, 3), np.float32)))
        with pytest.raises(ArrayLibraryError):
            pullback(y=1.0)
        with pytest.raises(ArgumentError):
            pullback(z=x)


def test_arguments_by_position_and_by_name() -> None:
    nn = nnspec.backend("numpy")
    x, W = np.ones((1, 2)), np.ones((3, 2))
    assert nn.layer.affine(x, W).z.shape == (1, 3)
    with pytest.raises(ArgumentError, match="two: by position and by name"):
        nn.layer.affine(x, W, x=x)
    with pytest.raises(ArgumentError, match="at most 3 by position"):
        nn.layer.affine(x, W, None, None)


def test_no_silent_change_of_dtype_or_device() -> None:
    for target in TARGETS.values():
        for dtype in (np.float32, np.float64):
            y = target.backend["activation.sigmoid"](x=target.native(np.ones((1, 2), dtype))).y
            assert target.backend.library.dtype(y) == np.dtype(dtype).name
    strict = TARGETS["nnspec_conformance.standin:load"]
    host = array_api_strict.asarray(np.ones((3, 2)), device=array_api_strict.Device("CPU_DEVICE"))
    with pytest.raises(nnspec.DeviceError):
        strict.backend["layer.affine"](x=strict.native(np.ones((1, 2))), W=host)
