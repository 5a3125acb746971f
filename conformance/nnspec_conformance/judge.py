"""A candidate's numbers against the balls: who is outside, by how much, and what cannot be decided."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnspec_conformance.cases import Case
from nnspec_conformance.evaluate import Evaluation, balls, floats
from nnspec_conformance.oracle import FORMATS, Undecided, contains, enclosure, is_meaningful, ratio

__all__ = ["Expectation", "Judgement", "Miss", "expect"]

Array = np.ndarray[Any, Any]

MEANINGFUL = 2.0**-3
"""A ball wider than this share of the largest entry of its array, and wider than half the digits of the inputs leave
(√u times their magnitude), decides nothing: its entries are inconclusive. It never turns a miss into a pass."""


@dataclass(frozen=True)
class Miss:
    """One number outside its ball, or a thing that is not even a number there."""

    where: str
    expected: str
    received: str
    times: float
    """By how many tolerances it misses; inf where the ball is a point."""
    off: float = math.inf
    """By how much it is off the true number."""

    def __str__(self) -> str:
        times = "" if math.isinf(self.times) else f", off by {self.times:.3g} tolerances"
        return f"{self.where}: expected {self.expected}, received {self.received}{times}"


@dataclass
class Judgement:
    """What became of the entries of one aspect of one case."""

    entries: int = 0
    inconclusive: int = 0
    worst_ratio: float = 0.0
    worst_ulps: float = 0.0
    misses: list[Miss] = field(default_factory=list)

    def add(self, other: Judgement) -> None:
        """Sum up."""
        self.entries += other.entries
        self.inconclusive += other.inconclusive
        self.worst_ratio = max(self.worst_ratio, other.worst_ratio)
        self.worst_ulps = max(self.worst_ulps, other.worst_ulps)
        self.misses.extend(other.misses)

    @property
    def worst(self) -> Miss | None:
        """The widest miss."""
        return max(self.misses, key=lambda m: m.times, default=None)


@dataclass(frozen=True)
class Expectation:
    """What the specification says of one case."""

    case: Case
    ball: Evaluation | None
    plain: Evaluation | None
    refusal: str | None = None
    undecided: str | None = None

    def judge_forward(self, outputs: Mapping[str, Any]) -> Judgement:
        """Outputs, by name, against their balls."""
        assert self.ball is not None
        found = Judgement()
        for result in self.case.record.results:
            if result.name in outputs:
                found.add(
                    self._array(
                        result.name, self.ball.results[result.name], outputs[result.name], self._plain_of(result.name)
                    )
                )
        return found

    def judge_gradient(self, gradients: Mapping[str, Any]) -> Judgement:
        """Gradients, by argument name, against their balls."""
        assert self.ball is not None
        found = Judgement()
        for name, expected in self.ball.gradients.items():
            if name not in gradients or gradients[name] is None:
                found.misses.append(Miss(f"gradient of {name}", "an array", "nothing", math.inf))
                continue
            received = gradients[name]
            label = f"gradient of {name}"
            if isinstance(expected, list):
                if not isinstance(received, (list, tuple)) or len(received) != len(expected):
                    found.misses.append(Miss(label, f"a list of {len(expected)}", _kind(received), math.inf))
                    continue
                for layer, (e, r) in enumerate(zip(expected, received, strict=True)):
                    found.add(self._array(f"{label}[{layer}]", e, r, None))
            else:
                plain = None if self.plain is None else self.plain.gradients.get(name)
                found.add(self._array(label, expected, received, plain))
        return found

    def _plain_of(self, name: str) -> Array | None:
        return None if self.plain is None else self.plain.results[name]

    def _array(self, label: str, expected: Array, received: Any, plain: Array | None) -> Judgement:
        found = Judgement()
        try:
            values = np.asarray(received)
        except Exception as error:  # a ragged list, an array on another device
            found.misses.append(Miss(label, "an array", f"{_kind(received)} ({error})", math.inf))
            return found
        if values.shape != expected.shape:
            found.misses.append(Miss(label, f"shape {expected.shape}", f"shape {values.shape}", math.inf))
            return found
        if values.dtype == object or values.dtype.kind not in "fiub":
            found.misses.append(Miss(label, "numbers", str(values.dtype), math.inf))
            return found
        if values.dtype.kind == "f" and str(values.dtype) != self.case.dtype:
            found.misses.append(Miss(label, f"dtype {self.case.dtype}", f"dtype {values.dtype}", math.inf))
        values = values.astype(np.float64)
        u = FORMATS[self.case.dtype].u
        inputs = [*self.case.real_arrays(), *self.case.cotangents.values()]
        magnitude = max([1.0, *(float(np.abs(x[np.isfinite(x)]).max(initial=0.0)) for x in inputs)])
        flat = expected.reshape(-1)
        largest = max(
            (abs(float(enclosure(b).mid())) for b in flat if not isinstance(b, float) and is_meaningful(b)), default=0.0
        )
        widest = MEANINGFUL * max(largest, math.sqrt(u) * magnitude)
        for index in np.ndindex(expected.shape):
            ball, value = expected[index], float(values[index])
            found.entries += 1
            where = f"{label}{list(index)}" if index else label
            if isinstance(ball, float):  # a result that the reference made of no input
                if not (ball == value or (math.isnan(ball) and math.isnan(value))):
                    found.misses.append(Miss(where, repr(ball), repr(value), math.inf))
                continue
            if not is_meaningful(ball):
                certain = plain is not None and isinstance(plain[index], float) and math.isnan(plain[index])
                if certain and not math.isnan(value):
                    found.misses.append(Miss(where, "nan", repr(value), math.inf))
                elif not certain:
                    found.inconclusive += 1
                continue
            if not contains(ball, value):
                times = ratio(ball, value) if not math.isnan(value) else math.inf
                x = enclosure(ball)
                rad = float(x.rad())
                shown = f"{float(x.mid())!r}" + (f" ± {rad:.2g}" if rad else " exactly")
                off = abs(value - float(x.mid()))
                found.misses.append(Miss(where, shown, repr(value), times, math.inf if math.isnan(off) else off))
                continue
            x = enclosure(ball)
            if not x.is_exact() and x.is_finite():
                if float(x.rad()) > widest:
                    found.inconclusive += 1
                    continue
                found.worst_ratio = max(found.worst_ratio, ratio(ball, value))
                middle = abs(float(x.mid()))
                off = abs(value - float(x.mid()))
                if off and middle >= FORMATS[self.case.dtype].tiny:
                    found.worst_ulps = max(found.worst_ulps, off / (2.0 * u * middle))
        return found


def _kind(value: Any) -> str:
    return type(value).__name__


def expect(case: Case, gradient: bool = True) -> Expectation:
    """Run the reference on balls; where it refuses the input, so must a candidate."""
    special = case.special()
    try:
        ball = balls(case, gradient=gradient and not special)
    except Undecided as error:
        return Expectation(case, None, None, undecided=str(error))
    except (ValueError, ZeroDivisionError, IndexError) as error:
        return Expectation(case, None, None, refusal=f"{type(error).__name__}: {error}")
    plain = None
    if special:
        plain = floats(case, gradient=False)
    return Expectation(case, ball, plain)
