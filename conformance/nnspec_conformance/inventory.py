"""Every id of the ledger: what it is, where it is printed, and what makes it executable."""

from __future__ import annotations

import fnmatch
import importlib
import importlib.util
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nnspec_reference import ledger
from nnspec_reference.catalogue import Equation, catalogue

__all__ = ["Entry", "inventory", "shown", "tasks"]

_PACKAGES = {"numpy": "nnspec.array", "cupy": "nnspec.array", "torch": "nnspec.pytorch"}


@dataclass(frozen=True)
class Entry:
    """One id."""

    id: str
    kind: str
    title: str
    sources: str
    runs: tuple[str, ...]
    """What makes it executable: a function, a law, a golden check; or the reason why nothing does."""
    accounted: bool
    backends: dict[str, bool] = field(default_factory=dict)
    gradient: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "sources": self.sources,
            "runs": list(self.runs),
            "accounted": self.accounted,
            "backends": self.backends,
            "gradient": self.gradient,
        }


def _supports(record: Equation) -> dict[str, bool]:
    """Which backends have a body, read without importing an array library."""
    found = {}
    for backend, package in _PACKAGES.items():
        spec = importlib.util.find_spec(f"{package}.{record.family}")
        text = ""
        if spec is not None and spec.origin is not None:
            with open(spec.origin, encoding="utf-8") as file:
                text = file.read()
        found[backend] = record.arrays and f"\ndef {record.name}(" in text
    return found


def inventory(globs: Sequence[str] = ("*",)) -> list[Entry]:
    """Every ledger id that matches, in the ledger's order, then what the catalogue has beyond it."""
    from nnspec_conformance import golden, laws

    records = catalogue()
    entries: list[Entry] = []
    runs: tuple[str, ...]
    for ident, equation in ledger.equations().items():
        entries.append(_equation_entry(ident, records.get(ident), equation.src))
    for ident, named in ledger.named_only().items():
        if ident in records:
            entries.append(_equation_entry(ident, records[ident], named.named_in))
        else:
            why = NAMED_ONLY.get(ident)
            runs = () if why is None else (f"named only: {why}",)
            entries.append(Entry(ident, "named only", named.name, named.named_in, runs, why is not None))
    for ident, row in ledger.worked_numbers().items():
        runs = tuple(f"golden {g.name}" for g in golden.of(ident))
        data = not runs and row.verdict.startswith("data")
        entries.append(
            Entry(
                ident, "worked number", row.inputs, row.source, runs or (("data",) if data else ()), bool(runs) or data
            )
        )
    for ident, prop in ledger.properties().items():
        found = laws.of(ident)
        runs = tuple(f"law {w.name}" + (f" on {', '.join(w.on)}" if w.on else "") for w in found)
        entries.append(Entry(ident, "property", prop.statement, prop.source, runs, bool(runs)))
    for ident, erratum in ledger.errata().items():
        runs = tuple(f"golden {g.name}" for g in golden.of(ident))
        cited = [r.id for r in records.values() if ident in r.errata]
        runs += tuple(f"documented in {i}" for i in cited)
        prose = not runs and set(erratum.classes) <= {"P", "T", "H"}
        entries.append(
            Entry(ident, "erratum", erratum.finding, "", runs or (("prose",) if prose else ()), bool(runs) or prose)
        )
    for ident, exercise in ledger.exercises().items():
        runs = tuple(f"golden {g.name}" for g in golden.of(ident))
        answer = (exercise.answer,)
        entries.append(Entry(ident, "exercise", exercise.question, exercise.source, runs or answer, bool(runs)))
    for ident, convention in ledger.conventions().items():
        entries.append(Entry(ident, "convention", convention.convention, "", (convention.reason,), True))
    known = {e.id for e in entries}
    for ident, record in records.items():
        if ident not in known:
            entries.append(_equation_entry(ident, record, record.sources))
    return [e for e in entries if any(fnmatch.fnmatchcase(e.id, g) for g in globs)]


def _equation_entry(ident: str, record: Equation | None, src: str) -> Entry:
    if record is None:
        return Entry(ident, "equation", "", src, (), False)
    kind = "equation" if record.arrays else "algorithm"
    function = f"nnspec_reference.{ident}"
    return Entry(ident, kind, record.title, record.sources, (function,), True, _supports(record), bool(record.smooth))


NAMED_ONLY: dict[str, str] = {
    "named.mark_i_perceptron": "a machine of 1957: history, and the notes' caption confuses it (E22)",
    "named.transition_parsers": "the scores of the transitions are network.mlp_softmax on looked-up "
    "embeddings (embedding.onehot_lookup); the rest is a parser, which the notes do not describe",
    "named.sentiment_baselines": "other papers' systems, cited for their results (eval.published_tables)",
    "named.random_restarts_grid_search": "procedures without an equation; the grid of learning rates is "
    "optimizer.lr_grid, a restart is training again from another init.small_random",
    "named.tsne": "a way to draw embeddings; the notes show pictures and use none of its numbers",
    "named.pca": "named only as the method that embedding.low_rank_factorization generalises",
    "named.cyclegan": "one picture from a paper, to show a bad optimum; the notes train no such model",
    "named.rube_goldberg_network": "a joke slide without content",
    "named.hardware_libraries": "products, not methods",
    "named.sequence_to_sequence_instances": "applications of sequence.seq2seq: other data, same equations",
    "named.reinforcement_learning": "an announcement of another lecture",
    "named.tagger_classifier_instances": "applications of sequence.rnn_tagger, sequence.rnn_classifier and "
    "sequence.birnn_classifier",
    "named.universal_approximation": "a network exists, says the theorem: no finite check can confirm it",
    "named.minsky_papert_theorem": "that no unit computes XOR is proved by golden W04 and shown by "
    "named.perceptron_convergence, which never ends on it",
    "named.kernels": "named as the older way to a nonlinear boundary; the notes use none",
    "named.regression_refresher": "a question to the audience; its cost is loss.squared_error",
}
"""The methods that the notes only name and that are not executable here, and why (ledger section 17)."""


def tasks(chosen: Any) -> int:
    """How many tasks a run has."""
    from nnspec_conformance import laws

    equations = sum(r.arrays and chosen.selected(r.id) for r in catalogue().values())
    wanted = sum("law" in chosen.aspects and any(map(chosen.selected, w.on)) for w in laws.laws().values())
    return int(equations + wanted)


def shown(ident: str) -> str:
    """Everything about one id, as text; KeyError if the ledger has no such id."""
    record = catalogue().get(ident)
    if record is not None:
        return _shown_equation(record)
    entry = ledger.entry(ident)
    out = [f"{ident}"]
    for name in getattr(entry, "__dataclass_fields__", {}):
        value = getattr(entry, name)
        if name != "id" and value:
            out.append(f"  {name.replace('_', ' ')}: {value}")
    found = next((e for e in inventory([ident])), None)
    if found is not None and found.runs:
        out.append("  runs: " + "; ".join(found.runs))
    out.extend(_golden_outcomes(ident))
    return "\n".join(out)


def _golden_outcomes(ident: str) -> list[str]:
    from nnspec_conformance import golden

    lines = []
    for g in golden.of(ident):
        try:
            g.function()
            lines.append(f"  holds: {(g.function.__doc__ or g.name).strip()}")
        except AssertionError as error:
            lines.append(f"  DOES NOT HOLD: {g.name}: {error}")
    return lines


def _shown_equation(record: Equation) -> str:
    from nnspec_conformance import laws, variants

    out = [f"{record.id}", "", *(f"  {line}" for line in record.text.splitlines()), ""]
    if record.arguments:
        out.append("  arguments")
        for a in record.arguments:
            words: list[str] = [a.role, a.kind]
            if a.of is not None:
                words.append(f"below {a.of}")
            words += ["optional"] if a.optional else []
            words += ["differentiable"] if a.name in record.smooth else []
            if a.allows:
                words.append("may be " + ", ".join(sorted(a.allows)))
            shape = a.described(record.batched) if a.is_array else ""
            out.append(f"    {a.name:<12} {shape:<24} {', '.join(words)}")
        for o in record.options:
            out.append(
                f"    {o.name:<12} {'':<24} option: {', '.join(repr(v) for v in o.values)} (the first is the default)"
            )
        if record.time:
            out.append(f"    {'lengths':<12} {'(B,)':<24} optional, integers: the sequences' own lengths")
        out.append("  results")
        for r in record.results:
            dims = ["B", *map(str, r.shape)] if record.batched and r.batched else list(map(str, r.shape))
            out.append(f"    {r.name:<12} ({', '.join(dims)})")
        out.append("")
    out.append(f"  source: {record.sources}")
    for e in record.errata:
        erratum = ledger.errata().get(e)
        if erratum is not None:
            out.append(f"  {e}: {erratum.finding} -> {erratum.resolution}")
    support = [b for b, has in _supports(record).items() if has]
    out.append(f"  backends: {', '.join(support) or 'the reference alone'}")
    for w in laws.of(record.id):
        out.append(f"  law {w.property} {w.name}")
    for v in variants.of(record.id):
        out.append(f"  known mistake: {v.title}" + (f" [{v.source}]" if v.source else ""))
    source = inspect.getsource(record.function)
    body = inspect.getdoc(record.function)
    out += ["", "  reference", *(f"    {line}" for line in _without_docstring(source, body).splitlines())]
    return "\n".join(out)


def _without_docstring(source: str, doc: str | None) -> str:
    """The function's text without its docstring, which has been shown already."""
    import ast
    import textwrap

    text = textwrap.dedent(source)
    lines = text.splitlines()
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and doc and len(function.body) > 1:
        assert first.end_lineno is not None
        lines = lines[: first.lineno - 1] + lines[first.end_lineno :]
    return "\n".join(lines)
