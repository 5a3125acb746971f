"""What the erratum on dropout shows."""

from __future__ import annotations

from itertools import product

from nnspec_conformance.golden import golden, near
from nnspec_reference.regularization import dropout
from nnspec_reference.scalars import Vector


@golden("E60")
def dropout_needs_a_scale() -> None:
    """As the notes have it, units see 1/keep times more at test time; either scaling makes up for that."""
    h, keep = Vector([1.0, -2.0]), 0.75

    def expectation(scaling: str) -> Vector:
        mean = Vector([0.0, 0.0])
        for bits in product((0, 1), repeat=2):
            weight = keep ** sum(bits) * (1 - keep) ** (2 - sum(bits))
            mean = mean + dropout(h, Vector(bits), keep, "train", scaling) * weight
        return mean

    mask = Vector([1, 1])
    unscaled = dropout(h, mask, 1, "test", "classic")  # the whole network, as printed
    assert near(expectation("classic"), [keep * h_i for h_i in unscaled])
    assert not near(expectation("classic"), unscaled, 0.1)
    for scaling in ("inverted", "classic"):
        assert near(expectation(scaling), dropout(h, mask, keep, "test", scaling))
    assert dropout(h, mask, 0) == (0, 0)
