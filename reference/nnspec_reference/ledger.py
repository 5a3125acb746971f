"""The equation ledger as data: what the notes print, where they print it, and where they are wrong.

Every text field keeps the ledger's own words, with its inline Markdown. The file is read once, on first
use; the mappings keep the ledger's order.

>>> equations()["activation.sigmoid"].tier
'A'
>>> worked_numbers()["W14"].recomputed
'd=2, e=5, L=−10'
>>> conventions()["N9"].convention
'`argmax` ties resolve to the lowest index.'
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar


@dataclass(frozen=True, slots=True)
class Slide:
    """One place in the notes; `slide` is empty where the ledger names no slide."""

    note: str
    slide: str


@dataclass(frozen=True, slots=True)
class LedgerEquation:
    """One entry of sections 1-16; the last four fields are ids of entries it cites or that cite it."""

    id: str
    section: int
    area: str
    tier: str
    tier_note: str
    text: tuple[str, ...]
    src: str
    sources: tuple[Slide, ...]
    errata: tuple[str, ...]
    worked_numbers: tuple[str, ...]
    properties: tuple[str, ...]
    conventions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LedgerNamed:
    """A method the notes only name (tier C, section 17), with its standard equation."""

    id: str
    name: str
    named_in: str
    equation: str


@dataclass(frozen=True, slots=True)
class LedgerWorkedNumber:
    """A number, table or count the notes print, and what recomputing it gave (section 18)."""

    id: str
    source: str
    inputs: str
    printed: str
    recomputed: str
    verdict: str


@dataclass(frozen=True, slots=True)
class LedgerProperty:
    """A testable property, with the form its test takes (section 19.1)."""

    id: str
    statement: str
    source: str
    test_form: str


@dataclass(frozen=True, slots=True)
class LedgerExercise:
    """A question the notes pose, with the answer the specification needs (section 19.2)."""

    id: str
    question: str
    source: str
    answer: str


@dataclass(frozen=True, slots=True)
class LedgerErratum:
    """A conflict, ambiguity or mistake in the notes; `classes` are keys of `errata_classes()`."""

    id: str
    classes: tuple[str, ...]
    finding: str
    resolution: str


@dataclass(frozen=True, slots=True)
class LedgerConvention:
    """A convention fixed once for the whole specification, and why it had to be (section 0.3)."""

    id: str
    convention: str
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerCoverage:
    """Slides of one set of notes, and the ids that cover them in the ledger's short form (section 21)."""

    note: str
    slide: str
    ids: str


@dataclass(frozen=True, slots=True)
class LedgerSource:
    """One set of lecture notes (section 0.1)."""

    id: str
    text: str


Entry: TypeAlias = (
    LedgerEquation
    | LedgerNamed
    | LedgerWorkedNumber
    | LedgerProperty
    | LedgerExercise
    | LedgerErratum
    | LedgerConvention
    | LedgerSource
)
_Row = TypeVar("_Row")
_Kind = TypeVar("_Kind", bound=Entry)


@cache
def _document() -> dict[str, Any]:
    text = files("nnspec_reference").joinpath("ledger.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _row(kind: type[_Row], record: Mapping[str, Any]) -> _Row:
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in record.items()})


def _table(key: str, kind: type[_Kind]) -> Mapping[str, _Kind]:
    return MappingProxyType({record["id"]: _row(kind, record) for record in _document()[key]})


@cache
def equations() -> Mapping[str, LedgerEquation]:
    """Return the entries of sections 1-16 by id."""
    return MappingProxyType(
        {
            record["id"]: _row(
                LedgerEquation, {**record, "sources": [_row(Slide, slide) for slide in record["sources"]]}
            )
            for record in _document()["equations"]
        }
    )


@cache
def named_only() -> Mapping[str, LedgerNamed]:
    """Return the rows of section 17 by id (`named.…`)."""
    return _table("named_only", LedgerNamed)


@cache
def worked_numbers() -> Mapping[str, LedgerWorkedNumber]:
    """Return the worked numbers by id (`W01` …)."""
    return _table("worked_numbers", LedgerWorkedNumber)


@cache
def properties() -> Mapping[str, LedgerProperty]:
    """Return the properties by id (`P01` …)."""
    return _table("properties", LedgerProperty)


@cache
def untestable() -> tuple[str, ...]:
    """Return the empirical claims of the notes that no code can test."""
    return tuple(_document()["untestable"])


@cache
def exercises() -> Mapping[str, LedgerExercise]:
    """Return the exercises by id (`X01` …)."""
    return _table("exercises", LedgerExercise)


@cache
def errata() -> Mapping[str, LedgerErratum]:
    """Return the errata by id (`E01` …)."""
    return _table("errata", LedgerErratum)


@cache
def errata_classes() -> Mapping[str, str]:
    """Return what each erratum class letter stands for."""
    return MappingProxyType(_document()["errata_classes"])


@cache
def conventions() -> Mapping[str, LedgerConvention]:
    """Return the fixed conventions by id (`N1` …)."""
    return _table("conventions", LedgerConvention)


@cache
def coverage() -> tuple[LedgerCoverage, ...]:
    """Return the rows of the slide table."""
    return tuple(_row(LedgerCoverage, record) for record in _document()["coverage"])


@cache
def sources() -> Mapping[str, LedgerSource]:
    """Return the five sets of notes by key (`DS17`, `G15`, `L14`, `WX`, `DR`)."""
    return _table("sources", LedgerSource)


@cache
def _index() -> Mapping[str, Entry]:
    index: dict[str, Entry] = {}
    index.update(sources())
    index.update(conventions())
    index.update(equations())
    index.update(named_only())
    index.update(worked_numbers())
    index.update(properties())
    index.update(exercises())
    index.update(errata())
    return MappingProxyType(index)


def entry(identifier: str) -> Entry:
    """Return the entry of any kind that has this id; raise `KeyError` where none has."""
    return _index()[identifier]


def all_ids() -> tuple[str, ...]:
    """Return every id of every kind, source keys included, in the ledger's order."""
    return tuple(_index())
