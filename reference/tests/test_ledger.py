import json
import re
from collections import Counter
from importlib.resources import files

import pytest

from nnspec_reference import ledger

# Section 22 of the ledger: entries, then tiers A, B, C.
SECTIONS = {
    1: (13, 10, 3, 0),
    2: (6, 3, 3, 0),
    3: (13, 11, 2, 0),
    4: (13, 6, 7, 0),
    5: (13, 8, 5, 0),
    6: (11, 10, 1, 0),
    7: (23, 13, 10, 0),
    8: (8, 3, 5, 0),
    9: (10, 1, 9, 0),
    10: (12, 7, 5, 0),
    11: (12, 9, 3, 0),
    12: (18, 14, 4, 0),
    13: (12, 9, 3, 0),
    14: (7, 3, 4, 0),
    15: (7, 3, 3, 1),
    16: (3, 1, 2, 0),
}
CITATION = re.compile(r"\b(?:[EWPX]\d\d[a-z]?|N\d{1,2})\b")


def test_section_counts() -> None:
    tiers = Counter((e.section, e.tier) for e in ledger.equations().values())
    found = {s: tuple(tiers[s, t] for t in "ABC") for s in sorted({s for s, _ in tiers})}
    assert {s: (sum(row), *row) for s, row in found.items()} == SECTIONS
    assert len(ledger.equations()) == 181
    assert [sum(column) for column in zip(*found.values(), strict=True)] == [111, 69, 1]


def test_table_counts() -> None:
    assert len(ledger.named_only()) == 34
    assert len(ledger.worked_numbers()) == 70
    assert list(ledger.properties()) == [f"P{i:02}" for i in range(1, 133)]
    assert list(ledger.exercises()) == [f"X{i:02}" for i in range(1, 24)]
    assert list(ledger.errata()) == [f"E{i:02}" for i in range(1, 81)]
    assert list(ledger.conventions()) == [f"N{i}" for i in range(1, 13)]
    assert list(ledger.sources()) == ["DS17", "G15", "L14", "WX", "DR"]
    assert len(ledger.coverage()) == 43
    assert len(ledger.untestable()) == 17


def test_every_id_is_unique_and_found() -> None:
    document = json.loads(files("nnspec_reference").joinpath("ledger.json").read_text(encoding="utf-8"))
    ids = [
        row["id"]
        for rows in document.values()
        if isinstance(rows, list)
        for row in rows
        if isinstance(row, dict) and "id" in row
    ]
    assert len(ids) == len(set(ids)) == 181 + 34 + 70 + 132 + 23 + 80 + 12 + 5
    assert set(ids) == set(ledger.all_ids())
    assert all(ledger.entry(i).id == i for i in ids)
    with pytest.raises(KeyError):
        ledger.entry("P133")


def test_every_citation_resolves() -> None:
    cited = set(CITATION.findall(files("nnspec_reference").joinpath("ledger.json").read_text(encoding="utf-8")))
    assert {i[0] for i in cited} == set("EWPXN")
    assert cited <= set(ledger.all_ids())


def test_backticked_equation_ids_resolve() -> None:
    text = files("nnspec_reference").joinpath("ledger.json").read_text(encoding="utf-8")
    cited = set(re.findall(r"`([a-z]+\.[a-z_0-9]+)`", text))
    assert cited
    assert cited <= set(ledger.equations())


def test_cross_references_hold_both_ways() -> None:
    rows = {
        **{i: f"{e.finding} {e.resolution}" for i, e in ledger.errata().items()},
        **{i: f"{w.inputs} {w.recomputed} {w.verdict}" for i, w in ledger.worked_numbers().items()},
        **{i: f"{p.statement} {p.test_form}" for i, p in ledger.properties().items()},
    }
    for e in ledger.equations().values():
        linked = {*e.errata, *e.worked_numbers, *e.properties, *e.conventions}
        assert set(e.errata) <= set(ledger.errata())
        assert set(e.worked_numbers) <= set(ledger.worked_numbers())
        assert set(e.properties) <= set(ledger.properties())
        assert set(e.conventions) <= set(ledger.conventions())
        assert {i for i in CITATION.findall(" ".join(e.text)) if i[0] != "X"} <= linked
        assert {i for i, text in rows.items() if f"`{e.id}`" in text} <= linked


def test_ranges_are_expanded() -> None:
    assert ledger.equations()["softmax.partition_function"].worked_numbers == ("W40", "W41", "W42", "W43")


def test_sources_name_known_notes() -> None:
    for e in ledger.equations().values():
        assert {s.note for s in e.sources} <= set(ledger.sources())
        assert bool(e.sources) == bool(e.src)
    # The ledger gives these three no source line of their own.
    assert [e.id for e in ledger.equations().values() if not e.src] == [
        "dynamics.linear_jacobian",
        "gated.parameter_count",
        "system.coref_scorer",
    ]


def test_errata_classes_are_explained() -> None:
    assert {c for e in ledger.errata().values() for c in e.classes} <= set(ledger.errata_classes())


def test_coverage_names_every_set_of_notes() -> None:
    assert {row.note for row in ledger.coverage()} == set(ledger.sources())


def test_tables_are_read_only_and_cached() -> None:
    assert ledger.equations() is ledger.equations()
    with pytest.raises(TypeError):
        ledger.errata()["E01"] = ledger.errata()["E02"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        ledger.equations()["unit.neuron"].tier = "B"  # type: ignore[misc]
