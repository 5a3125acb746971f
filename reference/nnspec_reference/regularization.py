"""Regularisation (ledger section 14)."""

from __future__ import annotations

from typing import Any

from nnspec_reference.catalogue import choice, data, equation, hyper, real
from nnspec_reference.scalars import Vector


@equation(
    data("h", "n"),
    data("mask", "n", "bit"),
    hyper("keep", 0.75, 0.5, 0.3, 1, 0, low=0.0, high=1.0),
    options=[choice("mode", "train", "test"), choice("scaling", "inverted", "classic")],
    results=[real("h_dropped", "n")],
)
def dropout(h: Vector, mask: Vector, keep: Any, mode: str = "train", scaling: str = "inverted") -> Vector:
    """Dropout: zero out units at random while training, use the whole network at test time.

                      train            test
        inverted      h ⊙ m / keep     h
        classic       h ⊙ m            keep · h

    m_i ~ Bernoulli(keep) is an input, drawn anew for every example and shared by the forward and the backward
    pass; when testing it is not used. The notes state no scaling (E60). Without any, the units after the
    dropped ones see 1/keep times more at test time than in training; both forms repair that, E[h'] being h,
    or keep · h, in either mode. keep = 0 drops everything: zeros, and no division by 0. Dropping a unit drops
    its connections.

    Source: L14 "NN LEARNING"; WX "Regularization: Dropout".
    Errata: E60.
    """
    if mode == "test":
        return h if scaling == "inverted" else h.map(lambda h_i: h_i * keep)
    kept = h * mask
    if scaling == "inverted":
        return kept.map(lambda h_i: 0 if keep == 0 else h_i / keep)
    return kept
