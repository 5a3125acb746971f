"""The run: every equation, aspect and dtype of every target: a verdict, a smallest counterexample, a diagnosis."""

from __future__ import annotations

import fnmatch
import math
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, settings, target
from hypothesis import seed as hypothesis_seed

from nnspec_conformance import cases as cases_module
from nnspec_conformance import deviations as deviations_module
from nnspec_conformance import diagnose, laws, longruns, processes, shrink, structure, targets
from nnspec_conformance.cases import Case, Plan, build
from nnspec_conformance.deviations import Deviation
from nnspec_conformance.examine import Finding, examine, told
from nnspec_conformance.judge import Judgement, expect
from nnspec_conformance.report import Counterexample, Report, Row
from nnspec_conformance.targets import Hung, NotCovered, Target
from nnspec_reference.catalogue import Equation, catalogue

__all__ = ["ASPECTS", "PROFILES", "Settings", "check", "check_equation"]

ASPECTS = ("forward", "gradient", "structure", "law")

PROFILES: Mapping[str, tuple[int, int]] = {"quick": (20, 6), "ci": (60, 20), "thorough": (300, 100)}
"""Random examples per equation in float64, where the logic is checked, and in float32, which shows that the path exists
and is accurate. The corner cases come on top."""

INCONCLUSIVE_SHARE = 0.1
"""More undecided entries than this share in one row, and its verdict is inconclusive: never a pass. Over all rows of a
target the share is bounded by `report.UNDECIDED_SHARE`."""


@dataclass(frozen=True)
class Settings:
    """What a run is asked to do."""

    equations: tuple[str, ...] = ("*",)
    aspects: tuple[str, ...] = ASPECTS
    dtypes: tuple[str, ...] = ("float64", "float32")
    profile: str = "quick"
    examples: int | None = None
    seed: int = 0
    workers: int = 1
    timeout: float = 300.0
    deviations: tuple[Deviation, ...] = ()
    shrink_seconds: float = 6.0
    """How long to look for a smaller counterexample, per failing row; 0 takes the first."""

    @property
    def request_seconds(self) -> float:
        """How long one request to a child process may take: a hang leaves time to check the rest of its equation."""
        return self.timeout / 8.0

    def count(self, dtype: str) -> int:
        """How many random examples."""
        double, single = PROFILES[self.profile]
        if self.examples is not None:
            return self.examples if dtype == "float64" else max(1, self.examples * single // double)
        return double if dtype == "float64" else single

    def selected(self, ident: str) -> bool:
        """Whether an equation is asked for."""
        return any(fnmatch.fnmatchcase(ident, glob) for glob in self.equations)


class Timeout(BaseException):
    """An equation took longer than allowed; not an `Exception`, so that a candidate's own handlers let it pass."""


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Interrupt after that many seconds, where the platform and the thread allow it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise Timeout

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


# -------------------------------------------------------------------------------------- one equation
@dataclass
class _Tally:
    """All that the cases said about one aspect of one target in one dtype."""

    examples: int = 0
    judgement: Judgement = field(default_factory=Judgement)
    failed: tuple[Case, Finding] | None = None
    deviated: list[str] = field(default_factory=list)
    not_covered: set[str] = field(default_factory=set)
    seconds: float = 0.0


def check_equation(
    record: Equation, candidates: Sequence[Target], chosen: Settings, used: set[Deviation] | None = None
) -> list[tuple[str, Row]]:
    """The rows of one equation, for every candidate: (target, row)."""
    used = set() if used is None else used
    rows: list[tuple[str, Row]] = []
    covering = {c.name: c.covers(record) for c in candidates}
    for dtype in chosen.dtypes:
        tallies: dict[tuple[str, str], _Tally] = {}
        active: list[tuple[Target, list[str]]] = []
        for c in candidates:
            forward, gradient = covering[c.name]
            aspects = [a for a, has in (("forward", forward), ("gradient", gradient)) if has and a in chosen.aspects]
            if aspects and dtype in c.dtypes():
                active.append((c, aspects))
                tallies.update({(c.name, a): _Tally() for a in aspects})
        if not active:
            continue
        _run_cases(record, dtype, active, tallies, chosen, used)
        for c, aspects in active:
            for aspect in aspects:
                rows.append((c.name, _row(record, c, aspect, dtype, tallies[c.name, aspect], chosen)))
    if "structure" in chosen.aspects:
        for c in candidates:
            if covering[c.name][0]:
                row = structure.check(record, c, chosen.seed, covering[c.name][1], expect)
                rows.append((c.name, _deviate(row, c.name, chosen, used)))
    for c in candidates:
        for aspect, place in (("forward", 0), ("gradient", 1)):
            if aspect in chosen.aspects and not covering[c.name][place] and record.arrays:
                if aspect == "gradient" and not record.smooth:
                    continue
                rows.append((c.name, Row(record.id, aspect, "", "not implemented")))
    return rows


def _run_cases(
    record: Equation,
    dtype: str,
    active: Sequence[tuple[Target, list[str]]],
    tallies: Mapping[tuple[str, str], _Tally],
    chosen: Settings,
    used: set[Deviation],
) -> None:
    wanted = any("gradient" in aspects for _, aspects in active)

    def note_down(candidate: Target, case: Case, found: Mapping[str, Finding], seconds: float) -> float:
        worst = 0.0
        for aspect, finding in found.items():
            tally = tallies[candidate.name, aspect]
            tally.seconds += seconds / len(found)
            if finding.not_covered is not None:
                tally.not_covered.add(finding.not_covered)
                continue
            tally.examples += 1
            deviation = finding.bad and _excuse(chosen, candidate, aspect, dtype, case, finding)
            if deviation:
                used.add(deviation)
                tally.deviated.append(deviation.reason)
                continue
            if finding.judgement is not None:
                tally.judgement.add(replace(finding.judgement, misses=[]))
                worst = max(worst, min(finding.judgement.worst_ratio, 10.0))
            if finding.bad and tally.failed is None:
                tally.failed = (case, finding)
        return worst

    def one(case: Case) -> float:
        expected = expect(case, wanted)
        worst = 0.0
        for candidate, aspects in active:
            started = time.perf_counter()
            found = examine(candidate, expected, aspects)
            worst = max(worst, note_down(candidate, case, found, time.perf_counter() - started))
        return worst

    fixed = _common("options", record, [c for c, _ in active])
    bound = _common("sizes", record, [c for c, _ in active])
    for why, plan in cases_module.corners(record, fixed, bound):
        one(build(record, plan, dtype, why))
    for case in longruns.cases(record, dtype, chosen.seed, fixed, bound):
        for candidate, aspects in active:
            started = time.perf_counter()
            found = longruns.examine(candidate, case, aspects)
            note_down(candidate, case, found, time.perf_counter() - started)

    @_hypothesis(chosen, chosen.count(dtype), (Phase.generate, Phase.target))
    @given(cases_module.plans(record, fixed, bound))
    def explore(plan: Plan) -> None:
        target(one(build(record, plan, dtype)), label="error over tolerance")

    explore()


def _excuse(
    chosen: Settings, candidate: Target, aspect: str, dtype: str, case: Case, finding: Finding
) -> Deviation | None:
    """The declared deviation that a finding belongs to, if any."""
    return deviations_module.matching(
        chosen.deviations,
        candidate.name,
        case.equation,
        aspect,
        dtype,
        case,
        error=finding.error,
        off=_off(finding),
        explained_by=lambda variant: diagnose.explains(candidate, case, aspect, variant),
    )


def _off(finding: Finding) -> float:
    """By how much the worst number of a finding is off."""
    misses = finding.judgement.misses if finding.judgement is not None else []
    return max((m.off for m in misses), default=math.inf)


def _common(what: str, record: Equation, candidates: Sequence[Target]) -> Mapping[str, Any]:
    """The options (or sizes) that every candidate has fixed to the same values: no case of others would be covered."""
    pinned = [getattr(c, what, {}).get(record.id, {}) for c in candidates]
    return {n: v for n, v in pinned[0].items() if all(p.get(n) == v for p in pinned)}


def _hypothesis(chosen: Settings, examples: int, phases: Sequence[Phase]) -> Callable[[Any], Any]:
    def decorate(test: Any) -> Any:
        test = hypothesis_seed(chosen.seed)(test)
        return settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=False,
            phases=list(phases),
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )(test)

    return decorate


def _row(record: Equation, c: Target, aspect: str, dtype: str, tally: _Tally, chosen: Settings) -> Row:
    found = tally.judgement
    row = Row(
        equation=record.id,
        aspect=aspect,
        dtype=dtype,
        verdict="pass",
        examples=tally.examples,
        entries=found.entries,
        inconclusive=found.inconclusive,
        worst_ratio=found.worst_ratio,
        worst_ulps=found.worst_ulps,
        seconds=tally.seconds,
    )
    notes = [f"not covered: {', '.join(sorted(tally.not_covered))}"] if tally.not_covered else []
    if tally.failed is not None:
        first, finding = tally.failed
        case, finding = _smallest(record, c, aspect, dtype, first, finding, chosen)
        verdict = "timeout" if finding.hung else "error" if finding.error is not None else "fail"
        miss = finding.judgement.worst if finding.judgement is not None else None
        # by the larger case: it tells mistakes apart that the smallest confuses
        names = diagnose.diagnose(c, first, aspect) if verdict == "fail" else []
        return replace(
            row,
            verdict=verdict,
            message=finding.error or str(miss or "outside its ball"),
            counterexample=Counterexample.of(case, aspect, miss),
            diagnosis=tuple(names),
        )
    if tally.deviated:
        return replace(row, verdict="declared deviation", message="; ".join(dict.fromkeys(tally.deviated)))
    if tally.examples == 0:
        return replace(row, verdict="not run", message="; ".join(notes) or "no case was executed")
    if found.entries and found.inconclusive > INCONCLUSIVE_SHARE * found.entries:
        notes.insert(0, f"{found.inconclusive} of {found.entries} entries cannot be decided")
        return replace(row, verdict="inconclusive", message="; ".join(notes))
    return replace(row, message="; ".join(notes))


def _deviate(row: Row, target: str, chosen: Settings, used: set[Deviation]) -> Row:
    if row.verdict not in ("fail", "error"):
        return row
    deviation = deviations_module.matching(
        chosen.deviations, target, row.equation, row.aspect, row.dtype, None, error=row.message, law=row.law
    )
    if deviation is None:
        return row
    used.add(deviation)
    return replace(row, verdict="declared deviation", message=deviation.reason)


def _smallest(
    record: Equation, c: Target, aspect: str, dtype: str, case: Case, finding: Finding, chosen: Settings
) -> tuple[Case, Finding]:
    """A smaller case that fails too: Hypothesis shrinks the plan, then the numbers themselves are simplified."""
    limit = time.monotonic() + chosen.shrink_seconds * 2 / 3
    if case.plan is None or finding.hung or not chosen.shrink_seconds:
        return case, finding  # a long sequence: its length is the point; a hang: every try would cost the limit
    best: list[tuple[Any, Case, Finding]] = [(shrink.rank(case), case, finding)]

    def bad(candidate_case: Case) -> Finding | None:
        try:
            got = examine(c, expect(candidate_case, aspect == "gradient"), [aspect])[aspect]
        except Exception:
            return None
        if got.bad and _excuse(chosen, c, aspect, dtype, candidate_case, got):
            return None
        # an error is no smaller form of a wrong number
        return got if got.bad and not got.hung and (got.error is None) == (finding.error is None) else None

    class Wrong(Exception):
        pass

    @_hypothesis(chosen, max(50, chosen.count(dtype)), (Phase.generate, Phase.shrink))
    @given(cases_module.plans(record, _common("options", record, [c]), _common("sizes", record, [c])))
    def again(plan: Plan) -> None:
        if time.monotonic() > limit:
            return
        small = build(record, plan, dtype)
        got = bad(small)
        if got is not None:
            best.append((shrink.rank(small), small, got))
            raise Wrong

    try:
        again()
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, Timeout)):
            raise
    _, case, finding = min(best, key=lambda item: item[0])
    return shrink.simplify(case, finding, bad, limit + chosen.shrink_seconds / 3)


# -------------------------------------------------------------------------------------------- the run
def check(
    specs: Sequence[str | Target],
    chosen: Settings,
    progress: Callable[[str, list[tuple[str, Row]]], None] | None = None,
) -> Report:
    """Check targets (names, or objects if there is one worker) and report."""
    started = time.monotonic()
    records = [r for r in catalogue().values() if r.arrays and chosen.selected(r.id)]
    wanted_laws = [w for w in laws.laws().values() if "law" in chosen.aspects and any(map(chosen.selected, w.on))]
    tasks = [r.id for r in records] + [f"{w.property}/{w.name}" for w in wanted_laws]
    if not tasks:
        raise ValueError(f"no equation matches {', '.join(chosen.equations)}")
    rows: dict[str, list[Row]] = {}
    used: set[Deviation] = set()
    names = [s if isinstance(s, str) else s.name for s in specs]
    for name in names:
        rows[name] = []

    def take(task: str, found: tuple[list[tuple[str, Row]], set[Deviation]]) -> None:
        for name, row in found[0]:
            rows[name].append(row)
        used.update(found[1])
        if progress is not None:
            progress(task, found[0])

    # somebody's code may end its process, even with success: never this one
    foreign = any(isinstance(s, str) and targets.is_foreign(s) for s in specs)
    if (foreign or (chosen.workers > 1 and len(tasks) > 1)) and all(isinstance(s, str) for s in specs):
        for task, found in _in_processes(_by_cost(tasks), [s for s in specs if isinstance(s, str)], chosen):
            take(task, found)
    else:
        loaded = [targets.load(s, chosen.request_seconds) if isinstance(s, str) else s for s in specs]
        for task in tasks:
            take(task, _do(task, loaded, chosen))
    order = {task: place for place, task in enumerate(tasks)}
    for name in names:
        rows[name].sort(
            key=lambda r: (order.get(r.law or r.equation, 0), ASPECTS.index(r.aspect), r.dtype == "float32")
        )
    unused = [d for d in chosen.deviations if d not in used and (d.target is None or any(d.target in n for n in names))]
    return Report.of(names, rows, chosen, unused, time.monotonic() - started)


Found = tuple[list[tuple[str, Row]], set[Deviation]]


def _in_processes(tasks: Sequence[str], specs: Sequence[str], chosen: Settings) -> Iterator[tuple[str, Found]]:
    """Run tasks in worker processes. A candidate that kills its process is a verdict on that task, not the end."""
    waiting: deque[tuple[Any, ...]] = deque((task, tuple(specs), chosen) for task in tasks)
    apart: dict[str, list[Found]] = {}
    seconds = (len(specs) + 1) * chosen.timeout + _LOADING
    for (task, asked, _), found in processes.run(waiting, chosen.workers, _task, seconds):
        if isinstance(found, processes.Lost):
            if len(asked) > 1:  # each alone, so that the one who did it is known
                apart[task] = []
                waiting.extendleft((task, (spec,), chosen) for spec in asked)
                continue
            found = _lost(task, asked[0], found, chosen)
        if task in apart:
            apart[task].append(found)
            if len(apart[task]) < len(specs):
                continue
            found = [row for rows, _ in apart[task] for row in rows], set().union(*(u for _, u in apart[task]))
        yield task, found


_LOADING = 15.0
"""Seconds that a worker may take beyond its limits, to load its targets, before it is ended."""


def _lost(task: str, spec: str, how: processes.Lost, chosen: Settings) -> Found:
    law = task if "/" in task else None
    ident = laws.laws()[task].on[0] if law else task
    if how.hung:
        verdict, message = "timeout", f"no verdict within {chosen.timeout:g} s"
    else:
        verdict, message = "error", "the process died (a crash in native code, or out of memory)"
    used: set[Deviation] = set()
    row = Row(ident, "law" if law else "forward", "", verdict, message=message, law=law)
    return [(spec, _deviate(row, spec, chosen, used))], used


def _by_cost(tasks: Sequence[str]) -> list[str]:
    """The slow ones first, so that no worker is left alone with one at the end."""
    heavy = ("gated.", "sequence.", "recurrent.", "bptt.")
    return sorted(tasks, key=lambda t: not t.startswith(heavy))


_worker_targets: dict[tuple[str, ...], list[Target]] = {}


def _task(task: str, specs: Sequence[str], chosen: Settings) -> tuple[list[tuple[str, Row]], set[Deviation]]:
    key = tuple(specs)
    if key not in _worker_targets:
        _worker_targets[key] = [targets.load(s, chosen.request_seconds) for s in specs]
    return _do(task, _worker_targets[key], chosen)


def _do(task: str, loaded: Sequence[Target], chosen: Settings) -> tuple[list[tuple[str, Row]], set[Deviation]]:
    used: set[Deviation] = set()
    record = catalogue().get(task)
    if record is None:
        return _do_law(laws.laws()[task], loaded, chosen, used), used
    if len(loaded) > 1:
        try:
            with _limit(chosen.timeout):
                return check_equation(record, loaded, chosen, used), used
        except Timeout:
            pass
    # one by one, each with its own limit: who hung?
    rows: list[tuple[str, Row]] = []
    for candidate in loaded:
        try:
            with _limit(chosen.timeout):
                rows.extend(check_equation(record, [candidate], chosen, used))
        except Timeout:
            message = f"no verdict within {chosen.timeout:g} s"
            rows.append((candidate.name, Row(record.id, "forward", "", "timeout", message=message)))
    return rows, used


def _do_law(law: laws.Law, loaded: Sequence[Target], chosen: Settings, used: set[Deviation]) -> list[tuple[str, Row]]:
    rows = []
    for candidate in loaded:
        if not law.on:
            continue
        covered = [candidate.covers(catalogue()[i])[0] for i in law.on]
        key = f"{law.property}/{law.name}"
        if not all(covered) or "float64" not in candidate.dtypes():
            rows.append((candidate.name, Row(law.on[0], "law", "float64", "not implemented", law=key)))
            continue
        try:
            with _limit(chosen.timeout):
                row = laws_row(law, candidate, chosen)
        except Timeout:
            row = Row(law.on[0], "law", "float64", "timeout", law=key)
        rows.append((candidate.name, _deviate(row, candidate.name, chosen, used)))
    return rows


def laws_row(law: laws.Law, candidate: Target, chosen: Settings) -> Row:
    """One law held to one candidate, over several seeds."""
    from nnspec_conformance.speaker import Speaker

    key = f"{law.property}/{law.name}"
    count = max(3, chosen.count("float64") // 4)
    started = time.perf_counter()
    speaker = Speaker(candidate)
    ran, message, verdict = 0, "", "pass"
    for number in range(count):
        draw = laws.Draw([chosen.seed, number])
        try:
            law.function(speaker, draw)
            ran += 1
        except (NotCovered, NotImplementedError) as reason:
            message = f"not covered: {reason}"
        except AssertionError as wrong:
            verdict, message = "fail", f"seed {chosen.seed}, draw {number}: {wrong}"
            break
        except Exception as error:
            verdict = "timeout" if isinstance(error, Hung) else "error"
            message = f"seed {chosen.seed}, draw {number}: {told(error)}"
            break
    if verdict == "pass" and not ran:
        verdict = "not implemented"  # it follows another convention, or works one example at a time
    return Row(
        law.on[0],
        "law",
        "float64",
        verdict,
        examples=ran,
        message=message,
        law=key,
        seconds=time.perf_counter() - started,
    )
