"""A reference function run on a case: on floats, on exact numbers, on balls; forward and gradient.

A reference function takes one example. Here it meets a batch: parameters are lifted once, so that their adjoints
add up over the batch as the backends' must; sequences are cut to their length; results are put back together, zero
beyond the length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnspec_conformance.cases import Case
from nnspec_conformance.oracle import FLOAT64, FORMATS, Exact, Rounded, enclosure, lift
from nnspec_reference import autodiff
from nnspec_reference.autodiff import Var
from nnspec_reference.catalogue import Argument, Equation

__all__ = ["Evaluation", "balls", "evaluate", "floats", "spread", "truth"]

Array = np.ndarray[Any, Any]
Make = Callable[[float], Any]


@dataclass(frozen=True)
class Evaluation:
    """Results and gradients by name: arrays of objects (numbers of the type that was lifted); lists for lists."""

    results: Mapping[str, Array]
    gradients: Mapping[str, Any]


def balls(case: Case, function: Callable[..., Any] | None = None, gradient: bool = True) -> Evaluation:
    """Every number that a conforming machine of the case's dtype may compute."""
    fmt = FORMATS[case.dtype]
    return evaluate(case, function, Rounded.of(fmt), Rounded.of(FLOAT64), gradient)


def truth(case: Case, function: Callable[..., Any] | None = None, gradient: bool = True) -> Evaluation:
    """The real numbers, to 128 bits."""
    return evaluate(case, function, Exact.of, Exact.of, gradient)


def floats(case: Case, function: Callable[..., Any] | None = None, gradient: bool = True) -> Evaluation:
    """The reference on Python floats."""
    return evaluate(case, function, float, float, gradient)


def evaluate(
    case: Case,
    function: Callable[..., Any] | None,
    make: Make,
    make_hyper: Make,
    gradient: bool = True,
    seeds: Mapping[str, Array] | None = None,
) -> Evaluation:
    """Run `function` (or the case's reference) on numbers that `make` makes of the arrays' elements.

    `seeds` are cotangents that are such numbers already, in place of the case's. An array of objects among the
    arguments goes to `make` as it is.
    """
    record = case.record
    function = function or record.function
    gradient = gradient and bool(record.smooth)
    smooth = {n for n in record.smooth if case.arguments.get(n) is not None} if gradient else set()
    rows = case.sizes["B"] if record.batched else 1
    # a result that all examples share exists even without examples: a blank one asks for it
    shown = rows if all(r.batched for r in record.results) else max(rows, 1)
    shared: dict[str, Any] = {}
    per_row: dict[str, list[Any]] = {}
    for a in record.arguments:
        value = case.arguments.get(a.name)
        leaf = (lambda x: Var(make(x))) if a.name in smooth else make
        if value is None or a.kind == "static":
            shared[a.name] = value
        elif a.kind == "hyper":
            shared[a.name] = value if isinstance(value, int) else make_hyper(value)
        elif a.role == "data":
            per_row[a.name] = [_lift(a, _row(record, case, a, value, row), leaf) for row in range(rows)]
            if shown > rows:
                per_row[a.name].append(_lift(a, _blank(a, value), leaf))
        else:
            shared[a.name] = _lift(a, value, leaf)
    outputs = [
        _call(record, function, {**shared, **{n: v[row] for n, v in per_row.items()}}, case.options)
        for row in range(shown)
    ]
    results = {r.name: _gather(case, place, [row[place] for row in outputs]) for place, r in enumerate(record.results)}
    if not smooth:
        return Evaluation(_plain(results), {})
    roots: list[Any] = []
    incoming: list[Any] = []
    for place, r in enumerate(record.results):
        if r.kind != "real" or r.name not in case.cotangents:
            continue
        cotangent = case.cotangents[r.name] if seeds is None else seeds[r.name]
        for row, output in enumerate(outputs[:rows] if r.batched else outputs[:1]):
            seed = cotangent[row, ...] if record.batched and r.batched else cotangent
            for index, value in _elements(output[place]):
                roots.append(value)
                c = make(float(seed[index])) if seeds is None else seed[index]
                incoming.append(c.as_factor() if seeds is None and isinstance(c, Rounded) else c)
    adjoints = autodiff.backward(tuple(roots), tuple(incoming))
    gradients: dict[str, Any] = {}
    for a in record.arguments:
        if a.name not in smooth:
            continue
        if a.role == "data":
            value = case.arguments[a.name]
            rows_of = [adjoints.of(v) for v in per_row[a.name][:rows]]
            if a.each:
                gradients[a.name] = [
                    _pack([r[layer] for r in rows_of], value[layer].shape) for layer in range(len(value))
                ]
            else:
                gradients[a.name] = _pack(rows_of, value.shape)
        else:
            value = case.arguments[a.name]
            found = adjoints.of(shared[a.name])
            gradients[a.name] = (
                [_pack(g, v.shape) for g, v in zip(found, value, strict=True)] if a.each else _pack(found, value.shape)
            )
    return Evaluation(_plain(results), gradients)


def _call(
    record: Equation, function: Callable[..., Any], arguments: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[Any, ...]:
    found = function(**arguments, **options)
    if len(record.results) == 1:
        return (found,)
    if not isinstance(found, tuple) or len(found) != len(record.results):
        names = ", ".join(r.name for r in record.results)
        raise TypeError(f"{record.id}: the reference must return {names}, not {found!r}")
    return tuple(found)


def _row(record: Equation, case: Case, a: Argument, value: Any, row: int) -> Any:
    if a.each:
        return [v[row] for v in value]
    one = value[row]
    return one[: case.lengths[row]] if case.lengths is not None and record.has_time(a) else one


def _blank(a: Argument, value: Any) -> Any:
    return [_blank(a, v) for v in value] if isinstance(value, list) else np.zeros(value.shape[1:], value.dtype)


def _lift(a: Argument, value: Any, leaf: Make) -> Any:
    if a.each:
        return tuple(_lift_one(a, v, leaf) for v in value)
    return _lift_one(a, value, leaf)


def _lift_one(a: Argument, value: Any, leaf: Make) -> Any:
    value = np.asarray(value)
    if a.is_real:
        return lift(value if value.dtype == object else value.astype(np.float64), leaf)
    return _tuples(value.tolist())


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _elements(value: Any, index: tuple[int, ...] = ()) -> Any:
    """Every scalar of a nested result, with its index."""
    if isinstance(value, (tuple, list)):
        for place, part in enumerate(value):
            yield from _elements(part, (*index, place))
    else:
        yield index, value


def _pack(value: Any, shape: tuple[int, ...]) -> Array:
    """A nested result as an array of objects; what the result lacks (padding) is 0."""
    packed = np.zeros(shape, dtype=object)
    for index, element in _elements(value):
        packed[index] = element
    return packed


def _gather(case: Case, place: int, rows: list[Any]) -> Array:
    result = case.record.results[place]
    shape = case.result_shape(result)
    packed = np.zeros(shape, dtype=object)
    prefixes: list[tuple[int, ...]] = [()]
    if not (case.record.batched and result.batched):
        rows = rows[:1]
    else:
        rows, prefixes = rows[: shape[0]], [(row,) for row in range(shape[0])]
    for prefix, row in zip(prefixes, rows, strict=True):
        expected = shape[len(prefix) :]
        for index, element in _elements(row):
            if len(index) != len(expected) or any(i >= n for i, n in zip(index, expected, strict=True)):
                raise TypeError(f"{case.equation}: {result.name} has an element {index}, its shape is {expected}")
            packed[(*prefix, *index)] = element
    return packed


def _plain(results: Mapping[str, Array]) -> dict[str, Array]:
    return {name: _map(autodiff.plain, value) for name, value in results.items()}


def _map(f: Callable[[Any], Any], values: Array) -> Array:
    found = np.empty(values.shape, dtype=object)
    for index in np.ndindex(values.shape):
        found[index] = f(values[index])
    return found


def spread(values: Array) -> tuple[Array, Array]:
    """The middles and radii of an array of balls, as float64; an undecided ball is NaN."""
    middle, radius = np.empty(values.shape), np.empty(values.shape)
    for index in np.ndindex(values.shape):
        ball = values[index]
        if isinstance(ball, (int, float)):
            middle[index], radius[index] = float(ball), 0.0
            continue
        x = enclosure(ball)
        middle[index] = float(x.mid())
        # the middle is rounded to a double here: the radius takes that up
        radius[index] = math.nan if x.is_nan() else float(x.rad().upper()) + abs(middle[index]) * 2.0**-53
    return middle, radius


# --------------------------------------------------------------------- mistakes in the gradient alone
Rule = Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]


def with_rule(case: Case, rule: Rule, make: Make, make_hyper: Make) -> Evaluation:
    """The reference's results, with its gradients passed, example by example, through `rule`."""
    record = case.record
    results = evaluate(case, None, make, make_hyper, gradient=False).results
    rows = case.sizes["B"] if record.batched else 1
    gradients: dict[str, Any] = {}
    for row in range(rows):
        one = only_row(case, row) if record.batched else case
        found = evaluate(one, None, make, make_hyper)
        lifted = {
            n: [_nested(v, record.argument(n).role == "data") for v in g]
            if isinstance(g, list)
            else _nested(g, record.argument(n).role == "data")
            for n, g in found.gradients.items()
        }
        plain = {
            a.name: (
                one.arguments[a.name]
                if not a.is_array or one.arguments.get(a.name) is None
                else _lift(
                    a,
                    _row(record, one, a, one.arguments[a.name], 0) if a.role == "data" else one.arguments[a.name],
                    make,
                )
            )
            for a in record.arguments
        }
        for name, g in rule(lifted, plain).items():
            _accumulate(gradients, case, record.argument(name), row, g)
    for name in record.smooth:
        if name not in gradients and case.arguments.get(name) is not None:
            value = case.arguments[name]
            zeros = (
                [np.zeros(v.shape, dtype=object) for v in value]
                if isinstance(value, list)
                else np.zeros(value.shape, dtype=object)
            )
            gradients[name] = zeros
    return Evaluation(results, gradients)


def _accumulate(gradients: dict[str, Any], case: Case, a: Argument, row: int, g: Any) -> None:
    value = case.arguments[a.name]
    parts, shapes = (list(g), [v.shape for v in value]) if a.each else ([g], [value.shape])
    if a.name not in gradients:
        gradients[a.name] = [np.zeros(s, dtype=object) for s in shapes] if a.each else np.zeros(shapes[0], dtype=object)
    totals = gradients[a.name] if a.each else [gradients[a.name]]
    for total, part in zip(totals, parts, strict=True):
        for index, element in _elements(part):
            at = (row, *index) if a.role == "data" else index
            total[at] = total[at] + element


def _nested(values: Array, batched: bool) -> Any:
    return lift(values[0] if batched else values, lambda x: x)


def only_row(case: Case, row: int) -> Case:
    """The case of one example of a batch, its sequences cut to their length."""
    record = case.record
    length = None if case.lengths is None else int(case.lengths[row])

    def cut(value: Array, timed: bool) -> Array:
        one = value[row : row + 1]
        return one[:, :length] if timed and length is not None else one

    arguments = dict(case.arguments)
    for a in record.arguments:
        value = arguments.get(a.name)
        if a.role == "data" and value is not None:
            timed = record.has_time(a)
            arguments[a.name] = [cut(v, timed) for v in value] if a.each else cut(value, timed)
    cotangents = {
        r.name: cut(case.cotangents[r.name], record.has_time(r)) if r.batched else case.cotangents[r.name]
        for r in record.results
        if r.name in case.cotangents
    }
    sizes = {**case.sizes, "B": 1}
    if record.time and length is not None:
        sizes[record.time] = length
    return Case(case.equation, case.dtype, sizes, arguments, case.options, cotangents, None, case.note)
