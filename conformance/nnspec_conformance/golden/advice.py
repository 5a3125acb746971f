"""Advice on training."""

from __future__ import annotations

from nnspec_conformance.golden import golden
from nnspec_reference.advice import batch_hardware, recap_table, training_curves
from nnspec_reference.scalars import Vector


@golden("E68")
def recap_speaks_of_alpha() -> None:
    """Nine rows; the learning rate is α throughout, η being a clipping threshold in the same notes."""
    rows = recap_table()
    assert len(rows) == 9 and len({row.problem for row in rows}) == 9
    text = " ".join(word for row in rows for word in row.workarounds)
    assert "α" in text and "η" not in text
    remedies = {row.problem: row.workarounds for row in rows}
    assert remedies["slow progress"][0] == "increase α" and remedies["instability"] == ("decrease α",)
    assert len(training_curves()) == 2


@golden("W63")
def ten_examples_cost_little_more_than_one() -> None:
    """The cartoon: flat until the hardware is saturated, then linear; the size depends on the hardware."""
    cost = batch_hardware(Vector([1.0, 10.0, 64.0, 128.0, 640.0]), 64)
    assert cost == (1, 1, 1, 2, 10)
