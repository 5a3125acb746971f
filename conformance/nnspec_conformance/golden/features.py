"""Worked numbers about features."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from nnspec_conformance.golden import golden, refuses
from nnspec_reference import embedding, feature, features, unit
from nnspec_reference.scalars import Matrix, Vector, relu


@golden("W54")
def distance_buckets() -> None:
    """0, 1, 2, 3, 4 | 5–7 | 8–15 | 16–31 | 32–63 | 64+, with the value beside the ten slots."""
    edges = {
        0: 0,
        1: 1,
        2: 2,
        3: 3,
        4: 4,
        5: 5,
        7: 5,
        8: 6,
        15: 6,
        16: 7,
        31: 7,
        32: 8,
        63: 8,
        64: 9,
        9999: 9,
    }
    for distance, expected in edges.items():
        bucket, vector = features.distance_bucket(distance)
        assert bucket == expected, distance
        assert vector == (*(int(k == expected) for k in range(10)), distance)
    for name, distance in zip(features.BUCKETS, (0, 1, 2, 3, 4, 6, 10, 20, 40, 80), strict=True):
        assert features.BUCKETS[features.distance_bucket(distance)[0]] == name
    assert refuses(features.distance_bucket, -1) and refuses(features.distance_bucket, 2.5)


@golden("E80")
def choices_of_the_coreference_features() -> None:
    """Positions count from 0, and the average of an empty group is the vector 0."""
    assert [features.mention_position(i, 4) for i in range(4)] == [
        0,
        Fraction(1, 4),
        Fraction(1, 2),
        Fraction(3, 4),
    ]
    assert refuses(features.mention_position, 4, 4) and refuses(features.mention_position, 0, 0)
    w = Matrix([Vector([1.0, 2.0]), Vector([3.0, 4.0])])
    assert embedding.average(w, Vector([0, 0])) == (0, 0)
    assert embedding.average(w, Vector([0, 1])) == (3, 4) and embedding.average(w) == (2, 3)


@golden("W55")
def about_a_thousand_features() -> None:
    """Three words of 300 dimensions and 100 other features make WX's "~1000", all of them dense."""
    D, F = 300, 100
    E = Matrix(Vector(1.0 for _ in range(D)) for _ in range(2))
    W = Matrix([Vector(1.0 for _ in range(3 * D + F))])
    U = Matrix([Vector([1.0])])
    z, p = features.pos_window((0, 1, 0), Vector([1.0] * F), E, W, None, U, None)
    assert z == (1000,) and p == (1,)


@golden("W56")
def four_hundred_photocells() -> None:
    """The Mark I's input, 20 × 20 photocells, as that of a perceptron: it fires on more than half of them."""
    w, b = Vector([1] * 400), -200
    assert unit.perceptron(Vector([1] * 200 + [0] * 200), w, b) == 0
    assert unit.perceptron(Vector([1] * 201 + [0] * 199), w, b) == 1


@golden("X08")
def hidden_units_learn_conjunctions() -> None:
    """What a kernel would expand, one hidden unit computes: ReLU(x_1 + x_2 − 1) is "not" ∧ "good"."""
    for has_not, has_good in product((0, 1), repeat=2):
        sentence = ["not"] * has_not + ["good"] * has_good
        assert relu(has_not + has_good - 1) == feature.conjunction_indicator(sentence)


@golden("W64")
def negation_needs_a_conjunction() -> None:
    """ "The movie was not all that good" has both words; neither alone tells."""
    assert feature.conjunction_indicator(["the", "movie", "was", "not", "all", "that", "good"]) == 1
    assert feature.conjunction_indicator(["the", "movie", "was", "all", "good"]) == 0
