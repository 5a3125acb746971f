"""The smallest counterexample: after Hypothesis has shrunk the plan, the numbers themselves are simplified."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from nnspec_conformance.cases import MODES, Case
from nnspec_conformance.examine import Finding

__all__ = ["rank", "simplify"]

Array = np.ndarray[Any, Any]


def rank(case: Case) -> tuple[Any, ...]:
    """Smaller is simpler: fewer numbers, no lengths, fewer optional arguments, plainer values."""
    count = sum(x.size for x in case.real_arrays())
    plan = case.plan
    if plan is None:
        return (count, 1, 0, len(MODES), 0)
    mode = MODES.index(plan.mode) if plan.mode in MODES else len(MODES)
    present = sum(v is not None for v in case.arguments.values())
    return (count, plan.lengths is not None, present, mode, plan.seed)


def simplify(case: Case, finding: Finding, bad: Callable[[Case], Finding | None], limit: float) -> tuple[Case, Finding]:
    """Replace numbers by 0, 1 and whole numbers as long as the case still fails; stop at the time limit."""
    if sum(x.size for x in case.real_arrays()) > 200:
        return case, finding
    progress = True
    while progress and time.monotonic() < limit:
        progress = False
        for simpler in _simpler(case):
            if time.monotonic() >= limit:
                break
            found = bad(simpler)
            if found is not None:
                case, finding, progress = simpler, found, True
                break
    return case, finding


def _simpler(case: Case) -> Iterator[Case]:
    """Cases with one array, or one number, made simpler."""
    record = case.record
    places: list[tuple[str, int | None, Array, bool]] = []
    for a in record.arguments:
        value = case.arguments.get(a.name)
        if a.kind != "real" or value is None:
            continue
        items = list(enumerate(value)) if a.each else [(None, value)]
        places.extend((a.name, at, v, False) for at, v in items)
    places.extend((name, None, c, True) for name, c in case.cotangents.items())
    for name, at, value, is_cotangent in places:
        for better in _plainer(value):
            yield _with(case, name, at, better, is_cotangent)
    for name, at, value, is_cotangent in places:
        if value.size > 40:
            continue
        for index in np.ndindex(value.shape):
            for number in (0.0, 1.0, float(np.rint(value[index])) if np.isfinite(value[index]) else 0.0):
                if abs(number) < abs(value[index]) or (number == np.rint(value[index]) != value[index]):
                    changed = value.copy()
                    changed[index] = number
                    yield _with(case, name, at, changed, is_cotangent)
                    break


def _plainer(value: Array) -> Iterator[Array]:
    if value.size == 0 or not np.isfinite(value).all():
        return
    if value.any():
        yield np.zeros_like(value)
    for digits in (0, 1):
        rounded = np.round(value, digits)
        if (rounded != value).any():
            yield rounded


def _with(case: Case, name: str, at: int | None, value: Array, is_cotangent: bool) -> Case:
    if is_cotangent:
        return replace(case, cotangents={**case.cotangents, name: value})
    if at is None:
        return replace(case, arguments={**case.arguments, name: value})
    items = list(case.arguments[name])
    items[at] = value
    return replace(case, arguments={**case.arguments, name: items})
