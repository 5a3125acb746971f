"""Declared deviations: what an implementation does differently on purpose, with its reason, in a file of TOML.

    [[deviation]]
    equation = "activation.relu"      # an id or a glob, of an equation or of a law
    aspect = "gradient"               # or left out: any
    case = "exact zeros"              # a class of cases (see `classes`), or left out: any
    variant = "derivative_at_zero"    # only numbers that this known mistake reproduces (`nnspec show`), or left out
    error = "to be larger than 0"     # only refusals that say so, or left out
    within = 1e-7                     # only numbers that are off by no more, or left out
    target = "torch_nn.py"            # or left out: any
    reason = "torch.relu has the derivative 0 at 0"
    link = "https://..."              # optional

A deviation that says which variant or error it is, or how far off, excuses nothing else. An entry that matches nothing
is an error: it would hide the next failure.
"""

from __future__ import annotations

import fnmatch
import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnspec_conformance.cases import Case

__all__ = ["Deviation", "DeviationError", "classes", "matching", "read"]


class DeviationError(Exception):
    """A deviations file that cannot be used."""


@dataclass(frozen=True)
class Deviation:
    """One declared deviation."""

    equation: str
    reason: str
    aspect: str | None = None
    dtype: str | None = None
    case: str | None = None
    variant: str | None = None
    error: str | None = None
    within: float | None = None
    target: str | None = None
    link: str | None = None

    def __str__(self) -> str:
        where = [
            self.equation,
            self.aspect,
            self.dtype,
            self.case and f"case {self.case!r}",
            self.variant and f"variant {self.variant}",
            self.error and f"error {self.error!r}",
            self.within and f"within {self.within:g}",
            self.target,
        ]
        return ", ".join(part for part in where if part)


def read(path: Path) -> tuple[Deviation, ...]:
    """The deviations of a file; raises `DeviationError`."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DeviationError(f"{path}: {error}") from error
    entries = document.get("deviation", [])
    if not isinstance(entries, list) or set(document) - {"deviation"}:
        raise DeviationError(f"{path}: expected [[deviation]] tables")
    found = []
    for number, entry in enumerate(entries, 1):
        unknown = set(entry) - set(Deviation.__dataclass_fields__)
        if unknown or not {"equation", "reason"} <= set(entry) or not str(entry["reason"]).strip():
            what = f"unknown key {min(unknown)}" if unknown else "equation and reason are needed"
            raise DeviationError(f"{path}: deviation {number}: {what}")
        found.append(Deviation(**entry))
    return tuple(found)


def classes(case: Case) -> set[str]:
    """The classes that a case belongs to, for the `case` of a deviation."""
    found = {case.note, *(f"{name}={value}" for name, value in case.options.items())}
    if case.sizes.get("B") == 0:
        found.add("an empty batch")
    time = case.record.time
    if time is not None and case.sizes[time] == 0:
        found.add("no steps")
    if case.lengths is not None:
        found.add("lengths")
        if (case.lengths == 0).any():
            found.add("a length of 0")
    if case.special():
        found.add("special values")
    if any((x == 0.0).any() for x in case.real_arrays()):
        found.add("exact zeros")
    for a in case.record.arguments:
        value = case.arguments.get(a.name)
        if a.kind == "hyper":
            found.add(f"{a.name}={value}")
        if a.kind == "probability" and value is not None and ((value == 0.0) | (value == 1.0)).any():
            found.add(f"{a.name} is 0 or 1")
    if any((np.abs(x) >= 500.0).any() for x in case.real_arrays()):
        found.add("large values")
    return found


def matching(
    deviations: Sequence[Deviation],
    target: str,
    equation: str,
    aspect: str,
    dtype: str,
    case: Case | None,
    *,
    error: str | None = None,
    off: float = math.inf,
    explained_by: Callable[[str], bool] = lambda _: False,
    law: str | None = None,
) -> Deviation | None:
    """The deviation that a failure belongs to, if any."""
    for d in deviations:
        if not any(fnmatch.fnmatchcase(name, d.equation) for name in (equation, law) if name):
            continue
        if d.aspect not in (None, aspect) or d.dtype not in (None, dtype):
            continue
        if d.target is not None and d.target not in target:
            continue
        if d.case is not None and (case is None or d.case not in classes(case)):
            continue
        if d.error is not None and (error is None or d.error not in error):
            continue
        if d.within is not None and not off <= d.within:
            continue
        if d.variant is not None and not explained_by(d.variant):
            continue
        return d
    return None
