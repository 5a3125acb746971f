"""The specification itself: the notes' worked numbers, and the properties that hold of the reference alone."""

import pytest

from nnspec_conformance import golden, laws
from nnspec_conformance.inventory import inventory

GOLDENS = list(golden.goldens())
LAWS = [key for key, w in laws.laws().items() if not w.on]


def test_every_id_of_the_ledger_is_accounted_for() -> None:
    """What `nnspec list` says: a function, a law, a golden check, or a reason."""
    assert [entry.id for entry in inventory() if not entry.accounted] == []


@pytest.mark.parametrize("name", GOLDENS)
def test_golden(name: str) -> None:
    """A worked number of the notes, right or wrong as the ledger says."""
    golden.goldens()[name].function()


@pytest.mark.parametrize("key", LAWS)
def test_law_of_the_reference(key: str) -> None:
    """A property that no array equation can be held to."""
    for seed in range(5):
        laws.laws()[key].function(laws.Draw(seed))
