"""Mistakes in linear classification."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference.classifier import linear_argmax
from nnspec_reference.scalars import Matrix, Vector, argmax


@variant("classifier.linear_argmax", "of equal scores the last label wins", source="no rule in the notes")
def last_of_the_largest(f: Matrix, w: Vector) -> tuple[Vector, int]:
    scores, _ = linear_argmax(f, w)
    return scores, len(scores) - 1 - argmax(scores[::-1])


@variant("classifier.linear_argmax", "the label with the smallest score: costs and scores confused")
def argmin(f: Matrix, w: Vector) -> tuple[Vector, int]:
    scores, _ = linear_argmax(f, w)
    return scores, argmax(-scores)


@variant("classifier.linear_argmax", "labels are counted from 1")
def counted_from_one(f: Matrix, w: Vector) -> tuple[Vector, int]:
    scores, y = linear_argmax(f, w)
    return scores, y + 1


@gradient_variant("classifier.linear_argmax", "the gradient reaches the chosen label's features only")
def only_the_winner_learns(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    _, y = linear_argmax(arguments["f"], arguments["w"])
    rows = (row if label == y else row * 0 for label, row in enumerate(gradients["f"]))
    return {**gradients, "f": Matrix(rows)}
