"""Worked numbers about losses."""

from __future__ import annotations

import math
from typing import Any

from nnspec_conformance.golden import golden
from nnspec_reference import loss, softmax
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Matrix, Vector, sigmoid, total

_UP = math.inf


@golden("E67")
def nothing_times_log_nothing() -> None:
    """0 · log 0 = 0: a certain and right prediction costs nothing, a certain and wrong one everything."""
    assert [loss.binary_cross_entropy(p, y) for p, y in ((0.0, 0.0), (1.0, 1.0))] == [0, 0]
    assert loss.binary_cross_entropy(1.0, 0.0) == _UP == loss.binary_cross_entropy(0.0, 1.0)
    gold = Vector([0.0, 1.0, 0.0])
    assert loss.categorical_cross_entropy(gold, gold) == 0
    assert loss.categorical_cross_entropy(Vector([0.0, 0.25, 0.75]), gold) == -math.log(0.25)
    assert loss.hard_nll(gold, 0) == _UP
    masked = Vector([-_UP, 1.0, 1.0])
    assert abs(loss.categorical_cross_entropy_logits(masked, gold) - math.log(2)) < 1e-15
    assert loss.softmax_cross_entropy(masked, 0) == _UP


@golden("E67")
def slopes_at_certainty() -> None:
    """dL/dŷ is −1 at ŷ = y = 1 and 1 at ŷ = y = 0, from inside, though (ŷ−y)/(ŷ(1−ŷ)) is 0/0."""
    slopes = [grad(lambda p, y=y: loss.binary_cross_entropy(p, y), (y,))[0] for y in (1.0, 0.0)]
    assert slopes == [-1, 1]


@golden("E63")
def mean_or_sum() -> None:
    """DR takes the mean over the examples, WX the sum: N times as much, value and gradient."""
    costs = Vector([1.0, 2.0, 6.0, 7.0])
    assert loss.mean_cost(costs) == 4
    assert loss.mean_cost(costs, "sum") == 16
    assert grad(loss.mean_cost, (costs,)) == (Vector([0.25] * 4),)
    assert grad(lambda c: loss.mean_cost(c, "sum"), (costs,)) == (Vector([1] * 4),)
    assert loss.sequence_accumulated(costs) == 16  # over time it is a sum (L14)
    w, f = Vector([1.0]), (Matrix([Vector([0.0]), Vector([1.0])]),) * 3
    (L, terms), (mean, _) = (loss.dataset_log_likelihood(w, f, (0, 1, 1), r) for r in ("sum", "mean"))
    assert total(terms) == L
    assert mean == L / 3


@golden("E12")
def the_cost_is_the_negative_likelihood() -> None:
    """𝓛 is maximised; the cost that an optimiser descends is −𝓛."""
    W, z = Matrix([Vector([1.0, -0.5]), Vector([0.25, 2.0])]), Vector([0.3, 1.1])
    assert loss.log_likelihood(W, z, 0) < 0
    assert loss.log_likelihood(W, z, 0) == -loss.softmax_cross_entropy(W @ z, 0)


@golden("E42")
def target_and_time() -> None:
    """Σ_t Σ_v t_tv log y_tv, t both time and target: one log probability for every word."""
    target = Matrix([Vector([0.0, 1.0]), Vector([1.0, 0.0]), Vector([0.0, 1.0])])
    y = Matrix([Vector([0.5, 0.5]), Vector([0.25, 0.75]), Vector([0.875, 0.125])])
    assert loss.sequence_nll(target, y) == math.log(2) + math.log(4) + math.log(8)
    assert loss.sequence_nll(Matrix([]), Matrix([])) == 0


def _second(f: Any, x: float) -> float:
    """The second derivative, by differentiating the gradient."""
    (second,) = grad(lambda a: grad(f, (a,))[0], (x,))
    return float(second)


@golden("E75")
def convex_in_the_output_only() -> None:
    """½(y − t)² is convex in y; with y = σ(z) it is not convex in z: for t = 1, where σ(z) < 1/3."""
    for y in (-3.0, 0.0, 0.5, 40.0):
        assert _second(lambda a: loss.squared_error(a, 1.0), y) == 1
    turn = -math.log(2)
    assert abs(sigmoid(turn) - 1 / 3) < 1e-16
    for z in (turn - 4, turn - 0.01, turn + 0.01, turn + 4):
        bent = _second(lambda a: loss.logistic_least_squares(a, 1.0), z)
        assert (bent < 0) == (z < turn)
        assert _second(lambda a: loss.binary_cross_entropy_logits(a, 1.0), z) > 0
    a, b = -8.0, -2.0
    middle = loss.logistic_least_squares((a + b) / 2, 1.0)
    chord = (loss.logistic_least_squares(a, 1.0) + loss.logistic_least_squares(b, 1.0)) / 2
    assert middle > chord  # above its chord: not convex


@golden("E20")
def shapes_of_the_snippet() -> None:
    """`dot` accepts one dimension only: over a batch, multiply by the one-hot rows and sum."""
    gold, z = (1, 0), Matrix([Vector([0.0, 1.0]), Vector([2.0, 2.0])])
    by_row = total(loss.softmax_cross_entropy(row, i) for row, i in zip(z, gold, strict=True))
    onehot = Matrix([Vector([0.0, 1.0]), Vector([1.0, 0.0])])
    log_p = Matrix(softmax.vector(row).map(math.log) for row in z)
    product = -total(total(t * x for t, x in zip(*rows, strict=True)) for rows in zip(onehot, log_p, strict=True))
    assert abs(by_row - product) < 1e-15
