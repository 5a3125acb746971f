"""The report: rows, counterexamples and a summary, as JSON (schema ``nnspec.report/1``) and as JUnit XML."""

from __future__ import annotations

import json
import math
import platform
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnspec_conformance.cases import Case

if TYPE_CHECKING:
    from nnspec_conformance.judge import Miss

__all__ = ["SCHEMA", "VERDICTS", "Counterexample", "Diagnosis", "Report", "Row", "decode", "encode", "spec_version"]

SCHEMA = "nnspec.report/1"

VERDICTS = (
    "pass",
    "fail",
    "inconclusive",
    "error",
    "timeout",
    "not implemented",
    "declared deviation",
    "not run",
)
UNDECIDED_SHARE = 0.005
"""A target conforms only if at most this share of all its numbers could not be decided."""

_CONFORMING = frozenset({"pass", "declared deviation", "not implemented"})


def encode(value: Any) -> Any:
    """A value as JSON: arrays keep their shape and dtype, numbers all their digits, NaN and ±∞ by name."""
    if isinstance(value, np.ndarray):
        return {
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "values": [encode(v) for v in value.ravel().tolist()],
        }
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, tuple):
        return {"tuple": [encode(v) for v in value]}
    if isinstance(value, list):
        return [encode(v) for v in value]
    if isinstance(value, (np.integer, np.floating)):
        return encode(value.item())
    if isinstance(value, Mapping):
        return {"map": {k: encode(v) for k, v in value.items()}}
    return value


def decode(value: Any) -> Any:
    """The inverse of `encode`."""
    if isinstance(value, list):
        return [decode(v) for v in value]
    if isinstance(value, dict):
        if "values" in value:
            numbers = np.array([decode(v) for v in value["values"]], dtype=value["dtype"])
            return numbers.reshape(value["shape"])
        if "float" in value:
            return float(value["float"])
        if "tuple" in value:
            return tuple(decode(v) for v in value["tuple"])
        return {k: decode(v) for k, v in value["map"].items()}
    return value


@dataclass(frozen=True)
class Diagnosis:
    """A named mistake that explains the numbers."""

    variant: str
    title: str
    source: str


@dataclass(frozen=True)
class Counterexample:
    """A failing case, complete: it can be replayed from this alone."""

    equation: str
    aspect: str
    dtype: str
    note: str
    sizes: Mapping[str, int]
    arguments: Mapping[str, Any]
    options: Mapping[str, Any]
    lengths: Any
    cotangents: Mapping[str, Any]
    where: str
    expected: str
    received: str
    times: float | None

    @classmethod
    def of(cls, case: Case, aspect: str, miss: Miss | None) -> Counterexample:
        """Write down a case."""
        return cls(
            equation=case.equation,
            aspect=aspect,
            dtype=case.dtype,
            note=case.note,
            sizes=dict(case.sizes),
            arguments={n: encode(v) for n, v in case.arguments.items()},
            options={n: encode(v) for n, v in case.options.items()},
            lengths=None if case.lengths is None else case.lengths.tolist(),
            cotangents={n: encode(v) for n, v in case.cotangents.items()},
            where=miss.where if miss else "",
            expected=miss.expected if miss else "",
            received=miss.received if miss else "",
            times=miss.times if miss and math.isfinite(miss.times) else None,
        )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Counterexample:
        """Read one back; KeyError or TypeError if it is none."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})

    def case(self) -> Case:
        """The case."""
        return Case(
            equation=self.equation,
            dtype=self.dtype,
            sizes=dict(self.sizes),
            arguments={n: decode(v) for n, v in self.arguments.items()},
            options={n: decode(v) for n, v in self.options.items()},
            cotangents={n: decode(v) for n, v in self.cotangents.items()},
            lengths=None if self.lengths is None else np.array(self.lengths, dtype=np.int64),
            note=self.note,
        )


@dataclass(frozen=True)
class Row:
    """The verdict on one equation, aspect and dtype of one target."""

    equation: str
    aspect: str
    dtype: str
    verdict: str
    examples: int = 0
    entries: int = 0
    inconclusive: int = 0
    worst_ratio: float = 0.0
    worst_ulps: float = 0.0
    counterexample: Counterexample | None = None
    diagnosis: tuple[Diagnosis, ...] = ()
    message: str = ""
    seconds: float = 0.0
    law: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        document = asdict(self)
        document["worst_ratio"] = encode(self.worst_ratio)
        document["worst_ulps"] = encode(self.worst_ulps)
        return document


@dataclass(frozen=True)
class Report:
    """All rows of a run, by target."""

    targets: tuple[str, ...]
    rows: Mapping[str, Sequence[Row]] = field(repr=False)
    seed: int
    profile: str
    unused_deviations: tuple[str, ...]
    seconds: float

    @classmethod
    def of(
        cls, names: Sequence[str], rows: Mapping[str, Sequence[Row]], chosen: Any, unused: Sequence[Any], seconds: float
    ) -> Report:
        """Put a report together."""
        return cls(
            tuple(names),
            {n: tuple(rows[n]) for n in names},
            chosen.seed,
            chosen.profile,
            tuple(str(d) for d in unused),
            seconds,
        )

    def summary(self, target: str) -> dict[str, Any]:
        """Counts by verdict, the score, and the share of undecided entries."""
        rows = self.rows[target]
        counts = Counter(row.verdict for row in rows)
        entries = sum(row.entries for row in rows)
        undecided = sum(row.inconclusive for row in rows)
        return {
            **{verdict: counts.get(verdict, 0) for verdict in VERDICTS},
            "total": len(rows),
            "score": counts.get("pass", 0) / len(rows) if rows else 0.0,
            "entries": entries,
            "undecided_entries": undecided,
        }

    def conforms(self, target: str) -> bool:
        """True if nothing that it implements fails, something was run, and next to nothing was undecided."""
        rows = self.rows[target]
        summary = self.summary(target)
        if summary["undecided_entries"] > UNDECIDED_SHARE * summary["entries"]:
            return False
        return any(r.verdict == "pass" for r in rows) and all(r.verdict in _CONFORMING for r in rows)

    @property
    def ok(self) -> bool:
        """True if every target conforms and every declared deviation matched something."""
        return all(map(self.conforms, self.targets)) and not self.unused_deviations

    def to_json(self) -> dict[str, Any]:
        """One report for one target; for several, a report with the list of them."""
        reports = [
            {
                "schema": SCHEMA,
                "spec_version": spec_version(),
                "target": target,
                "environment": environment(),
                "seed": self.seed,
                "profile": self.profile,
                "seconds": round(self.seconds, 3),
                "results": [row.to_json() for row in self.rows[target]],
                "summary": self.summary(target),
                "unused_deviations": list(self.unused_deviations),
            }
            for target in self.targets
        ]
        if len(reports) == 1:
            return reports[0]
        return {"schema": SCHEMA, "spec_version": spec_version(), "seed": self.seed, "reports": reports}

    def write_json(self, path: Path) -> None:
        """Write the JSON report."""
        path.write_text(json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n", encoding="utf-8")

    def write_junit(self, path: Path) -> None:
        """Write a JUnit report: one suite a target, one case a row; undecided is a failure, not run is skipped."""
        from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

        xml = JUnitXml("nnspec")
        for target in self.targets:
            suite = TestSuite(target)
            for row in self.rows[target]:
                case = TestCase(f"{row.law or row.equation}[{row.aspect},{row.dtype}]", row.equation, row.seconds)
                text = row.message + "".join(f"\nprobable mistake: {d.title}" for d in row.diagnosis)
                if row.verdict in ("fail", "inconclusive"):
                    case.result = [Failure(text or row.verdict, row.verdict)]
                elif row.verdict in ("error", "timeout"):
                    case.result = [Error(text or row.verdict, row.verdict)]
                elif row.verdict != "pass":
                    case.result = [Skipped(f"{row.verdict}: {text}".rstrip(": "))]
                suite.add_testcase(case)
            suite.update_statistics()
            xml.add_testsuite(suite)
        xml.update_statistics()
        xml.write(str(path), pretty=True)


def spec_version() -> str:
    """The installed version of nnspec."""
    try:
        return version("nnspec")
    except PackageNotFoundError:
        return "unknown"


def environment() -> dict[str, str]:
    """What the numbers depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform(), "machine": platform.machine()}
    for module, package in (
        ("numpy", "numpy"),
        ("torch", "torch"),
        ("cupy", "cupy"),
        ("jax", "jax"),
        ("hypothesis", "hypothesis"),
        ("flint", "python-flint"),
    ):
        if module in sys.modules:
            found[package] = str(getattr(sys.modules[module], "__version__", "unknown"))
    return found
