"""The report as one page of HTML that needs nothing else: who passed what, and why what failed failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from nnspec_conformance import failures
from nnspec_conformance.report import VERDICTS, Report, Row, environment, spec_version
from nnspec_reference.catalogue import catalogue

__all__ = ["page", "write"]

BAD = ("fail", "error", "timeout", "inconclusive", "not run")
_WORST = (*BAD, "declared deviation", "pass", "not implemented")
_MARKS = {
    "pass": "✓",
    "fail": "✗",
    "error": "!",
    "timeout": "⏱",
    "inconclusive": "?",
    "not run": "∅",
    "declared deviation": "≠",
    "not implemented": "–",
}


@dataclass(frozen=True)
class Cell:
    """One square of the table: the rows of one equation in one column."""

    rows: Sequence[Row]
    anchor: str | None

    @property
    def verdict(self) -> str:
        """The worst of them."""
        return min((r.verdict for r in self.rows), key=_WORST.index)

    @property
    def text(self) -> str:
        """A mark; beside it how near to the tolerance, or how many of the laws hold."""
        mark = _MARKS[self.verdict]
        if self.rows[0].law:
            held = sum(r.verdict == "pass" for r in self.rows)
            asked = sum(r.verdict != "not implemented" for r in self.rows)
            return f"{mark} {held}/{asked}" if asked else mark
        worst = max(r.worst_ratio for r in self.rows)
        return f"{mark} {worst:.2f}" if self.verdict == "pass" and worst else mark

    @property
    def title(self) -> str:
        """What the pointer shows."""
        return "\n".join(_told(r) for r in self.rows)


def _told(row: Row) -> str:
    parts = [f"{row.law or row.aspect} {row.dtype}: {row.verdict}"]
    if row.examples:
        parts.append(f"{row.examples} examples")
    if row.entries:
        parts.append(f"{row.entries} numbers, {row.inconclusive} undecided")
        parts.append(f"worst error {row.worst_ratio:.2g} of the tolerance, {row.worst_ulps:.2g} ulps")
    return ", ".join([*parts, row.message] if row.message else parts)


@dataclass(frozen=True)
class Line:
    """One equation of the table."""

    equation: str
    title: str
    cells: Sequence[Cell | None]

    @property
    def verdicts(self) -> list[str]:
        """Every verdict in it."""
        return sorted({c.verdict for c in self.cells if c})


@dataclass(frozen=True)
class Card:
    """One failure in full."""

    anchor: str
    row: Row
    title: str
    sources: str
    inputs: Sequence[str]


def page(report: Report) -> str:
    """The page."""
    loader = PackageLoader("nnspec_conformance", "templates")
    jinja = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return jinja.get_template("report.html").render(
        report=report,
        targets=[_target(report, name, place) for place, name in enumerate(report.targets)],
        verdicts=VERDICTS,
        marks=_MARKS,
        environment=environment(),
        spec_version=spec_version(),
    )


def write(report: Report, path: Path) -> None:
    """Write the page."""
    path.write_text(page(report), encoding="utf-8")


def _target(report: Report, name: str, place: int) -> dict[str, Any]:
    rows = report.rows[name]
    bad = {id(r): f"f{place}-{number}" for number, r in enumerate(r for r in rows if r.verdict in BAD)}
    columns = _columns(rows)
    equations = dict.fromkeys(r.equation for r in rows)
    return {
        "name": name,
        "conforms": report.conforms(name),
        "summary": report.summary(name),
        "columns": [f"{aspect} {dtype}".strip() for aspect, dtype in columns],
        "lines": [_line(e, [r for r in rows if r.equation == e], columns, bad) for e in equations],
        "cards": [_card(r, bad[id(r)]) for r in rows if id(r) in bad],
        "deviations": _deviations(rows),
    }


def _deviations(rows: Sequence[Row]) -> dict[tuple[str, str], list[str]]:
    """Of every equation and reason, where it applies."""
    found: dict[tuple[str, str], list[str]] = {}
    for r in rows:
        if r.verdict == "declared deviation":
            found.setdefault((r.equation, r.message), []).append(r.law or f"{r.aspect} {r.dtype}")
    return found


def _columns(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(aspect, dtype): of structure and laws the dtype is of no interest."""
    found = []
    for aspect in ("forward", "gradient"):
        dtypes = dict.fromkeys(r.dtype for r in rows if r.aspect == aspect and r.dtype)
        found += [(aspect, dtype) for dtype in sorted(dtypes, reverse=True)]
    return found + [(a, "") for a in ("structure", "law") if any(r.aspect == a for r in rows)]


def _line(equation: str, rows: Sequence[Row], columns: Sequence[tuple[str, str]], anchors: dict[int, str]) -> Line:
    cells: list[Cell | None] = []
    for aspect, dtype in columns:
        mine = [r for r in rows if r.aspect == aspect and (not dtype or r.dtype in (dtype, ""))]
        linked = [anchors[id(r)] for r in mine if id(r) in anchors]
        cells.append(Cell(mine, linked[0] if linked else None) if mine else None)
    return Line(equation, catalogue()[equation].title, cells)


def _card(row: Row, anchor: str) -> Card:
    record = catalogue()[row.equation]
    inputs = failures.inputs(row.counterexample) if row.counterexample else []
    return Card(anchor, row, record.title, record.sources, inputs)
