"""The specification itself: the worked numbers of the notes, properties that hold of the reference alone."""

import re

import pytest

from nnspec_conformance import golden, laws
from nnspec_conformance.inventory import inventory
from nnspec_reference import ledger
from nnspec_reference.catalogue import catalogue

GOLDENS = list(golden.goldens())
LAWS = [key for key, w in laws.laws().items() if not w.on]


def test_every_id_of_the_ledger_is_accounted_for() -> None:
    """What `nnspec list` says: a function, a law, a golden check, or a reason."""
    assert [entry.id for entry in inventory() if not entry.accounted] == []


def test_every_erratum_of_an_equation_is_under_errata() -> None:
    """Those that its entry in the ledger cites, and those that its docstring explains."""
    for ident, record in catalogue().items():
        cited = set(ledger.equations()[ident].errata) if ident in ledger.equations() else set()
        explained = set(re.findall(r"\bE\d\d\b", f"{record.text} {record.sources}"))
        assert cited | explained <= set(record.errata), ident


@pytest.mark.parametrize("name", GOLDENS)
def test_golden(name: str) -> None:
    """A worked number of the notes, right or wrong as the ledger says."""
    golden.goldens()[name].function()


@pytest.mark.parametrize("key", LAWS)
def test_law_of_the_reference(key: str) -> None:
    """A property that no array equation can be held to."""
    for seed in range(5):
        laws.laws()[key].function(laws.Draw(seed))
