"""What a person reads about a failure, and how one is run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnspec_conformance import targets
from nnspec_conformance.diagnose import diagnose
from nnspec_conformance.examine import examine
from nnspec_conformance.judge import expect
from nnspec_conformance.report import Counterexample, Row, decode
from nnspec_reference.catalogue import catalogue

__all__ = ["Outcome", "explained", "inputs", "line", "replay"]


def line(target: str, row: Row) -> str:
    """A failure in one line."""
    where = row.law or row.equation
    named = f"  (probably: {row.diagnosis[0].title})" if row.diagnosis else ""
    return f"{row.verdict}  {target}  {where}  {row.aspect} {row.dtype}  {row.message}{named}"


def explained(target: str, row: Row, again: str | None = None) -> str:
    """A failure with its smallest counterexample: enough to act on; `again` is the command that replays it."""
    c = row.counterexample
    assert c is not None
    record = catalogue()[row.equation]
    out = [
        "",
        f"{row.verdict.upper()}  {target}  {row.equation}  {row.aspect}  {row.dtype}",
        f"    {record.title}",
        f"    printed in {record.sources}",
        "",
        "  smallest inputs found",
        *(f"    {text}" for text in inputs(c)),
        "",
    ]
    if c.where:
        times = f"   ({c.times:.3g} times the tolerance)" if c.times is not None else ""
        out += [f"  {c.where}", f"    expected  {c.expected}", f"    received  {c.received}{times}"]
    else:
        out += [f"  {row.message}"]
    if row.diagnosis:
        out += ["", "  probable mistake"]
        out += [f"    {d.title}" + (f"   [{d.source}]" if d.source else "") for d in row.diagnosis]
    if again is not None:
        out += ["", "  run it again", f"    {again}"]
    return "\n".join([*out, ""])


def inputs(c: Counterexample) -> list[str]:
    """The inputs of a counterexample, a line each."""
    sizes = ", ".join(f"{s} = {n}" for s, n in c.sizes.items())
    rows = [f"sizes      {sizes}"] if sizes else []
    if c.options:
        rows.append("options    " + ", ".join(f"{n} = {decode(v)!r}" for n, v in c.options.items()))
    if c.lengths is not None:
        rows.append(f"lengths    {c.lengths}")
    for name, value in c.arguments.items():
        rows.append(f"{name:<10} {_value(decode(value))}")
    if c.aspect == "gradient":
        for name, value in c.cotangents.items():
            rows.append(f"{name:<10} {_value(decode(value))}   (incoming gradient)")
    return rows


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, np.ndarray):
        if value.size > 64:
            return f"{value.dtype} array {value.shape}"
        return np.array2string(value, separator=", ", max_line_width=10**6, threshold=100).replace("\n", "")
    return repr(value)


@dataclass(frozen=True)
class Outcome:
    """What a replay found."""

    text: str
    conforms: bool


def replay(document: Mapping[str, Any], spec: str | None, number: int) -> Outcome:
    """Run the n-th counterexample of a report (or of a row, or one alone) again."""
    found = list(_counterexamples(document, None))
    if not found:
        raise ValueError("it holds no counterexample")
    if number > len(found):
        raise ValueError(f"it holds {len(found)}, not {number}")
    target_name, counterexample = found[number - 1]
    name = spec or target_name
    if name is None:
        raise ValueError("it names no target; give --target")
    candidate = targets.load(name)
    case = counterexample.case()
    aspect = counterexample.aspect
    finding = examine(candidate, expect(case, aspect == "gradient"), [aspect])[aspect]
    if finding.not_covered is not None:
        return Outcome(f"{name} does not cover this case: {finding.not_covered}", False)
    if not finding.bad:
        return Outcome(f"conforms now: {name} {case.equation} {aspect} {case.dtype}", True)
    miss = finding.judgement.worst if finding.judgement is not None else None
    row = Row(
        case.equation,
        aspect,
        case.dtype,
        "error" if finding.error else "fail",
        counterexample=Counterexample.of(case, aspect, miss),
        diagnosis=tuple(diagnose(candidate, case, aspect)) if not finding.error else (),
        message=finding.error or "",
    )
    return Outcome(explained(name, row) if miss else line(name, row), False)


def _counterexamples(document: Any, target: str | None) -> Any:
    """Every counterexample in a report, with the target that it belongs to."""
    if not isinstance(document, Mapping):
        raise TypeError("not a report")
    if "reports" in document:
        for report in document["reports"]:
            yield from _counterexamples(report, None)
    elif "results" in document:
        for row in document["results"]:
            yield from _counterexamples(row, document.get("target"))
    elif "counterexample" in document:
        if document["counterexample"] is not None:
            yield target, Counterexample.from_json(document["counterexample"])
    else:
        yield target, Counterexample.from_json(document)
