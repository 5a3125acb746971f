"""Frozen vectors: cases, their truth and their tolerances as JSON, for whom no process can be started.

`export` writes one file an equation, of schema ``nnspec.vectors/1``, and an index with their hashes; the same
specification gives the same bytes. The vectors are the corners, and the few cases that together reject every
known mistake. `check` judges a file of answers by the numbers of the vectors alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from nnspec_conformance import evaluate, shrink, variants, wire
from nnspec_conformance.answers import Answer, Errored
from nnspec_conformance.cases import Case, Seeded, build, corners, draw_one
from nnspec_conformance.command import answer as read_answer
from nnspec_conformance.diagnose import diagnose
from nnspec_conformance.examine import examine
from nnspec_conformance.judge import Expectation, Judgement, Miss, expect
from nnspec_conformance.oracle import Exact, Undecided, enclosure, is_meaningful
from nnspec_conformance.report import Counterexample, Report, Row, spec_version
from nnspec_conformance.wire import WireError
from nnspec_conformance.zoo import implementation
from nnspec_reference.catalogue import Equation, catalogue

__all__ = ["SCHEMA", "Vector", "VectorError", "check", "choose", "export", "read"]

SCHEMA = "nnspec.vectors/1"
_SEED = 0
_RANDOM = 16
"""Random cases that compete with the corners; more, up to `_MOST`, only while some mistake survives."""
_MOST = 200

Array = np.ndarray[Any, Any]


class VectorError(Exception):
    """Vectors or answers that cannot be used."""


# ------------------------------------------------------------------------------------------- choosing
@dataclass(frozen=True)
class Chosen:
    """A case worth freezing, and why."""

    case: Case
    flags: tuple[str, ...]
    rejects: tuple[str, ...]
    minimal: bool


@dataclass
class _Candidate:
    expected: Expectation
    flag: str
    corner: bool
    kills: frozenset[str] = frozenset()
    minimal: bool = False


def choose(record: Equation) -> list[Chosen]:
    """The corners, and the fewest cases found (greedily) that together reject every known mistake."""
    mistakes = variants.of(record.id)
    pool: list[_Candidate] = []
    alive = {v.id for v in mistakes}
    for candidate in _candidates(record):
        candidate.kills = frozenset(v.id for v in mistakes if _rejects(candidate.expected, v))
        alive -= candidate.kills
        pool.append(candidate)
        if not alive and sum(not c.corner for c in pool) >= _RANDOM:
            break
    _mark(pool)
    found = []
    for c in pool:
        if c.corner or c.minimal:
            found.append(Chosen(c.expected.case, (c.flag,), tuple(sorted(c.kills)), c.minimal))
    return found


def _candidates(record: Equation) -> Iterator[_Candidate]:
    for note, plan in corners(record):
        expected = expect(build(record, plan, "float64", note))
        if expected.ball is not None:  # what is to be refused has no numbers to freeze
            yield _Candidate(expected, note, corner=True)
    source = Seeded(np.random.default_rng([_SEED, zlib.crc32(record.id.encode())]))
    for _ in range(_MOST):
        expected = expect(build(record, draw_one(source, record, {}, {})))
        if expected.ball is not None:
            yield _Candidate(expected, "random", corner=False)


def _rejects(expected: Expectation, variant: variants.Variant) -> bool:
    aspects = ["forward", "gradient"] if expected.case.record.smooth else ["forward"]
    return any(f.bad for f in examine(implementation(variant), expected, aspects).values())


def _mark(pool: Sequence[_Candidate]) -> None:
    """Greedy set cover: the case that rejects most of what is left; among equals the simplest."""
    left = frozenset().union(*(c.kills for c in pool))
    ranked = sorted(pool, key=lambda c: shrink.rank(c.expected.case))
    while left:
        best = max(ranked, key=lambda c: len(c.kills & left))  # the first of equals
        best.minimal = True
        left -= best.kills


# ------------------------------------------------------------------------------------------- writing
def export(
    directory: Path, records: Sequence[Equation], progress: Callable[[str, int], None] = lambda *_: None
) -> Mapping[str, Any]:
    """Write the vectors of equations and their index; what an earlier index listed is removed."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in _listed(directory):
        (directory / name).unlink(missing_ok=True)
    files = {}
    for record in records:
        chosen = choose(record)
        lines = [json.dumps(v, sort_keys=True) for v in _vectors(record, chosen)]
        if not lines:
            continue
        head = {
            "schema": SCHEMA,
            "spec_version": spec_version(),
            "equation": record.id,
            "title": record.title,
            "mistakes": {v.id: v.title for v in variants.of(record.id)},
        }
        text = json.dumps(head, ensure_ascii=False, sort_keys=True, indent=1).removesuffix("\n}")
        text += ',\n "vectors": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"
        data = text.encode()
        (directory / f"{record.id}.json").write_bytes(data)
        files[f"{record.id}.json"] = {"sha256": hashlib.sha256(data).hexdigest(), "vectors": len(lines)}
        progress(record.id, len(lines))
    index = {"schema": SCHEMA, "spec_version": spec_version(), "files": files}
    text = json.dumps(index, indent=1, sort_keys=True) + "\n"
    (directory / "index.json").write_text(text, encoding="utf-8")
    (directory / "schema.json").write_text(schema_text(), encoding="utf-8")
    return index


def schema_text() -> str:
    """The JSON schema of a file of vectors."""
    return resources.files("nnspec_conformance").joinpath("vectors.schema.json").read_text(encoding="utf-8")


def _listed(directory: Path) -> list[str]:
    index = directory / "index.json"
    if not index.exists():
        if any(directory.iterdir()):
            raise VectorError(f"{directory} is neither empty nor a folder of vectors")
        return []
    return [name for name in _load(index).get("files", {}) if Path(name).name == name]


def _vectors(record: Equation, chosen: Sequence[Chosen]) -> Iterator[dict[str, Any]]:
    """In float64 all of them; in float32, which shows that the path exists, the minimal ones."""
    number = 0
    for dtype in ("float64", "float32"):
        for place, c in enumerate(chosen):
            if dtype == "float32" and place and not c.minimal:
                continue
            assert c.case.plan is not None
            case = c.case if dtype == "float64" else build(record, c.case.plan, dtype, c.case.note)
            expected = expect(case)
            if expected.ball is None:
                continue
            number += 1
            # what float64 rejects, float32 need not
            why = c if dtype == "float64" else Chosen(case, c.flags, (), minimal=False)
            yield _vector(f"{record.id}/{number}", expected, why)


def _vector(ident: str, expected: Expectation, chosen: Chosen) -> dict[str, Any]:
    case, ball = expected.case, expected.ball
    assert ball is not None
    try:
        exact = evaluate.truth(case, gradient=bool(ball.gradients))
    except (Undecided, ValueError, ZeroDivisionError, IndexError):
        exact = ball  # on balls the reference ran: their middles then
    plain = expected.plain.results if expected.plain else {}
    arguments = {n: wire.number(v) if isinstance(v, (int, float)) else wire.pack(v) for n, v in case.poisoned().items()}
    return {
        "id": ident,
        "flags": list(chosen.flags),
        "rejects": list(chosen.rejects),
        "minimal": chosen.minimal,
        "dtype": case.dtype,
        "sizes": dict(case.sizes),
        "options": dict(case.options),
        "arguments": arguments,
        "lengths": wire.pack(case.lengths),
        "cotangents": {n: wire.pack(c) for n, c in case.cotangents.items()} if ball.gradients else {},
        "outputs": {n: _frozen(b, exact.results[n], plain.get(n)) for n, b in ball.results.items()},
        "gradients": {n: _frozen(b, exact.gradients[n], None) for n, b in ball.gradients.items()},
    }


def _frozen(balls: Any, exact: Any, plain: Array | None) -> Any:
    if isinstance(balls, list):
        return [_frozen(b, e, None) for b, e in zip(balls, exact, strict=True)]
    truth, radius = [], []
    for index in np.ndindex(balls.shape):
        is_nan = plain is not None and isinstance(plain[index], float) and math.isnan(plain[index])
        t, r = _number(balls[index], exact[index], is_nan)
        truth.append(t.hex())
        radius.append(r.hex())
    return {"shape": list(balls.shape), "truth": truth, "radius": radius}


def _number(ball: Any, exact: Any, is_nan: bool) -> tuple[float, float]:
    """The truth as a double, and a radius that holds the ball; infinite where nothing is decided."""
    if isinstance(ball, float):
        return ball, 0.0
    if not is_meaningful(ball):
        return math.nan, 0.0 if is_nan else math.inf
    x = enclosure(ball)
    if not x.is_finite():
        return float(x.mid()), 0.0  # exactly ∞ or −∞
    t = float(exact) if isinstance(exact, float) else float(enclosure(exact).mid())
    if not math.isfinite(t):
        t = float(x.mid())
    if not math.isfinite(t):
        return math.nan, math.inf
    reach = (abs(x.mid() - arb(t)) + x.rad()).upper()
    r = float(reach)
    return t, r if arb(r) >= reach else math.nextafter(r, math.inf)


# ------------------------------------------------------------------------------------------- reading
@dataclass(frozen=True)
class Vector:
    """One frozen vector, ready to judge an answer."""

    ident: str
    flags: tuple[str, ...]
    expected: Expectation

    @property
    def case(self) -> Case:
        """The call."""
        return self.expected.case


def read(directory: Path) -> dict[str, Vector]:
    """The vectors of a folder, by id; the hashes must hold."""
    index = _load(directory / "index.json")
    if index.get("schema") != SCHEMA:
        raise VectorError(f"{directory}: expected schema {SCHEMA}, found {index.get('schema')!r}")
    found: dict[str, Vector] = {}
    for name, about in index["files"].items():
        path = directory / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise VectorError(f"{path}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != about["sha256"]:
            raise VectorError(f"{path} is not the file of the index: its SHA-256 differs")
        document = json.loads(data)
        record = catalogue().get(document["equation"])
        if record is None:
            raise VectorError(f"{path}: {document['equation']!r} is no equation of this version")
        for v in document["vectors"]:
            found[v["id"]] = _vector_of(record, v)
    return found


def _vector_of(record: Equation, v: Mapping[str, Any]) -> Vector:
    arguments: dict[str, Any] = {}
    for a in record.arguments:
        value = v["arguments"][a.name]
        value = float(value) if isinstance(value, str) else value
        arguments[a.name] = wire.unpack(value) if a.is_array else value
    case = Case(
        record.id,
        v["dtype"],
        v["sizes"],
        arguments,
        v["options"],
        {n: wire.unpack(c) for n, c in v["cotangents"].items()},
        wire.unpack(v["lengths"]),
        note=v["id"],
    )
    results = {n: _thawed(e) for n, e in v["outputs"].items()}
    gradients = {
        n: [_thawed(part)[0] for part in e] if isinstance(e, list) else _thawed(e)[0] for n, e in v["gradients"].items()
    }
    ball = evaluate.Evaluation({n: balls for n, (balls, _) in results.items()}, gradients)
    plain = evaluate.Evaluation({n: p for n, (_, p) in results.items()}, {})
    return Vector(v["id"], tuple(v["flags"]), Expectation(case, ball, plain))


def _thawed(frozen: Mapping[str, Any]) -> tuple[Array, Array]:
    """The balls, and beside them NaN where NaN is the right answer."""
    shape = tuple(frozen["shape"])
    balls, plain = np.empty(shape, object), np.empty(shape, object)
    for index, t, r in zip(np.ndindex(shape), frozen["truth"], frozen["radius"], strict=True):
        truth, radius = float.fromhex(t), float.fromhex(r)
        if math.isnan(truth):
            balls[index], plain[index] = Exact(arb("nan")), math.nan if radius == 0.0 else None
        else:
            balls[index] = Exact(arb(truth, radius) if radius else arb(truth))
    return balls, plain


def _load(path: Path) -> dict[str, Any]:
    try:
        return wire.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VectorError(f"{path}: {error.strerror}") from error
    except WireError as error:
        raise VectorError(f"{path}: {error}") from error


# ------------------------------------------------------------------------------------------- judging
class _Recorded:
    """Answers from a file, as a target."""

    def __init__(self, name: str, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.name, self.answers = name, answers

    def covers(self, record: Equation) -> tuple[bool, bool]:
        """Whatever was answered."""
        mine = [a for ident, a in self.answers.items() if ident.rpartition("/")[0] == record.id]
        return bool(mine), bool(record.smooth) and any("gradients" in a.get("result", {}) for a in mine)

    def dtypes(self) -> Sequence[str]:
        """Those of the vectors."""
        return ("float64", "float32")

    def answer(self, case: Case, gradient: bool) -> Answer:
        """What the file says of the vector that this case is of."""
        document = self.answers[case.note]
        try:
            given = document.get("result", {})
            names = [r.name for r in case.record.results if r.name in given.get("outputs", {})]
            if "result" in document and not names:
                raise WireError("no outputs")
            return read_answer(document, case.record, names, gradient)
        except WireError as error:
            raise Errored(f"{case.note}: {error}") from None


def check(directory: Path, answers_file: Path) -> Report:
    """Judge a file of answers (one JSON object a line) by the vectors."""
    started = time.monotonic()
    vectors = read(directory)
    answers = _answers(answers_file, vectors)
    name = f"vectors:{answers_file}"
    target = _Recorded(name, answers)
    rows: list[Row] = []
    for ident in dict.fromkeys(v.case.equation for v in vectors.values()):
        mine = [v for v in vectors.values() if v.case.equation == ident]
        covered = dict(zip(("forward", "gradient"), target.covers(mine[0].case.record), strict=True))
        for aspect, has in covered.items():
            if not has:
                if aspect == "forward" or mine[0].case.record.smooth:
                    rows.append(Row(ident, aspect, "", "not implemented"))
                continue
            for dtype in dict.fromkeys(v.case.dtype for v in mine):
                rows.append(_row(target, aspect, [v for v in mine if v.case.dtype == dtype]))
    return Report((name,), {name: tuple(rows)}, _SEED, "vectors", (), time.monotonic() - started)


def _answers(path: Path, vectors: Mapping[str, Vector]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise VectorError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            document = wire.parse(line)
        except WireError as error:
            raise VectorError(f"{path}:{number}: {error}; the line is {wire.shorten(line)!r}") from error
        ident = document.get("vector")
        if ident not in vectors:
            raise VectorError(f"{path}:{number}: {ident!r} is no vector")
        if ident in found:
            raise VectorError(f"{path}:{number}: {ident} is answered twice")
        found[str(ident)] = document
    return found


def _row(target: _Recorded, aspect: str, mine: Sequence[Vector]) -> Row:
    total, examples, failed = Judgement(), 0, None
    skipped: set[str] = set()
    missing = 0
    for v in mine:
        if v.ident not in target.answers:
            missing += 1
            continue
        finding = examine(target, v.expected, [aspect])[aspect]
        if finding.not_covered is not None:
            skipped.add(finding.not_covered)
            continue
        examples += 1
        if finding.judgement is not None:
            total.add(finding.judgement)
        if finding.bad and (failed is None or shrink.rank(v.case) < shrink.rank(failed[0].case)):
            failed = (v, finding)
    verdict, message = "pass", f"skipped: {', '.join(sorted(skipped))}" if skipped else ""
    worst: Miss | None = None
    if failed is not None:
        verdict = "error" if failed[1].error is not None else "fail"
        worst = failed[1].judgement.worst if failed[1].judgement is not None else None
        message = failed[1].error or str(worst)
    elif missing:
        verdict, message = "not run", f"{missing} of {len(mine)} vectors have no answer"
    elif not examples:
        verdict = "not run"
    return Row(
        mine[0].case.equation,
        aspect,
        mine[0].case.dtype,
        verdict,
        examples=examples,
        entries=total.entries,
        inconclusive=total.inconclusive,
        worst_ratio=total.worst_ratio,
        worst_ulps=total.worst_ulps,
        counterexample=Counterexample.of(failed[0].case, aspect, worst) if failed else None,
        diagnosis=tuple(diagnose(target, failed[0].case, aspect)) if failed and verdict == "fail" else (),
        message=message,
    )
