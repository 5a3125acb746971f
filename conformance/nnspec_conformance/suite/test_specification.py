"""The specification itself: the notes' worked numbers, and the properties that hold of the reference alone."""

import pytest

from nnspec_conformance import golden, laws

GOLDENS = list(golden.goldens())
LAWS = [key for key, w in laws.laws().items() if not w.on]


@pytest.mark.parametrize("name", GOLDENS)
def test_golden(name: str) -> None:
    """A worked number of the notes, right or wrong as the ledger says."""
    golden.goldens()[name].function()


@pytest.mark.parametrize("key", LAWS)
def test_law_of_the_reference(key: str) -> None:
    """A property that no array equation can be held to."""
    for seed in range(5):
        laws.laws()[key].function(laws.Draw(seed))
