"""Worked numbers about the softmax and its speed-ups."""

from __future__ import annotations

import math
from typing import Any

from nnspec_conformance.golden import golden
from nnspec_reference import loss, softmax, vocabulary
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Matrix, Vector, argmax, log, softplus, total

_SCORES = Vector([2.2, 3.1, -0.6])  # WX: Health, Sports, Science
_SLIDE = Vector([1.8, 3.1, -0.6])  # what the printed probabilities belong to

_IDENTITY = Matrix(Vector(float(i == j) for j in range(3)) for i in range(3))


def _rounds_to(found: Any, printed: list[float], digits: int = 2) -> bool:
    return [round(x, digits) for x in found] == printed


@golden("W11", "E02")
def wx_exponentials() -> None:
    """WX prints exp(2.2, 3.1, −0.6) = 6.05, 22.2, 0.55; the first is e^1.8."""
    found = _SCORES.map(math.exp)
    assert _rounds_to(found, [9.0250134994, 22.1979512814, 0.5488116361], 10)
    assert round(found[1], 1) == 22.2
    assert round(found[2], 2) == 0.55
    assert round(found[0], 2) != 6.05
    assert round(math.exp(_SLIDE[0]), 2) == 6.05


@golden("W12", "E02")
def wx_probabilities() -> None:
    """0.21, 0.77, 0.02 are the probabilities of the score 1.8, not of the printed 2.2."""
    features = Matrix([Vector([2.2, 0.0]), Vector([3.1, 0.0]), Vector([-0.6, 0.0])])
    right = softmax.loglinear(Vector([1.0, 1.0]), features)
    assert _rounds_to(right, [0.284058, 0.698669, 0.017274], 6)
    assert not _rounds_to(right, [0.21, 0.77, 0.02])
    slide = softmax.vector(_SLIDE)
    assert _rounds_to(slide, [0.210083, 0.770858, 0.019058], 6)
    assert _rounds_to(slide, [0.21, 0.77, 0.02])
    printed = Vector([6.05, 22.2, 0.55])
    assert _rounds_to(printed / total(printed), [0.210069, 0.770833, 0.019097], 6)


@golden("W13", "E02")
def wx_log_likelihood() -> None:
    """log 0.21 = −1.56 is right as arithmetic, and log P with the score 1.8; the score 2.2 gives −1.2586."""
    assert round(log(0.21), 6) == -1.560648
    assert round(loss.log_likelihood(_IDENTITY, _SLIDE, 0), 6) == -1.560251  # the ledger cuts it to −1.560250
    assert round(loss.log_likelihood(_IDENTITY, _SCORES, 0), 6) == -1.258578


@golden("W13b")
def wx_gold() -> None:
    """The gold probabilities 1.00, 0.00, 0.00 are the one-hot vector of class 0, which selects its entry."""
    gold = Vector([1.0, 0.0, 0.0])
    p = softmax.vector(_SCORES)
    assert argmax(gold) == 0
    assert softmax.onehot_select(p, 0) == p @ gold
    assert loss.categorical_cross_entropy(p, gold) == loss.hard_nll(p, 0)


@golden("W19")
def one_hot_label() -> None:
    """WX's example of a one-hot label, [0, 1, 0], is the label with index 1: it selects that entry's loss."""
    label = Vector([0.0, 1.0, 0.0])
    p = softmax.vector(_SCORES)
    assert argmax(label) == 1
    assert softmax.onehot_select(p, 1) == p @ label == p[1]
    assert loss.categorical_cross_entropy(p, label) == loss.hard_nll(p, 1) == -log(p[1])
    assert loss.hard_nll(p, 1) != loss.hard_nll(p, 2), "counted from 1, it would be another class"


@golden("E36", "X10")
def a_function_of_the_whole_vector() -> None:
    """Scores are no distribution (what is wrong with z); the softmax of one of them alone is always 1."""
    assert total(_SCORES) != 1
    assert min(_SCORES) < 0
    p = softmax.vector(_SCORES)
    assert abs(total(p) - 1) < 1e-15
    assert all(0 < x < 1 for x in p)
    assert [softmax.vector(Vector([z]))[0] for z in _SCORES] == [1, 1, 1]


@golden("X22")
def what_the_symbols_mean() -> None:
    """softmax: scores to probabilities; tanh(Wx + b): a hidden layer; training: lowering the cost."""
    W, b = Matrix([Vector([1.0, -2.0]), Vector([0.5, 1.0])]), Vector([0.1, -0.2])
    U, x, gold = Matrix([Vector([1.0, 0.0]), Vector([-1.0, 2.0])]), Vector([0.3, -0.7]), 1

    def cost(U: Any) -> Any:
        h = Vector(math.tanh(z) for z in W @ x + b)
        return loss.softmax_cross_entropy(U @ h, gold)

    (slope,) = grad(cost, (U,))
    before, after = cost(U), cost(U - slope * 0.1)
    assert after < before


@golden("E20")
def axis_of_the_softmax() -> None:
    """Softmax(dim=0) of a [B, C] batch normalises over the batch: its rows are no distributions."""
    batch = Matrix([Vector([1.0, 2.0, 3.0]), Vector([3.0, 2.0, 1.0])])
    printed = Matrix(softmax.vector(column) for column in batch.T).T
    right = Matrix(softmax.vector(row) for row in batch)
    assert all(abs(total(row) - 1) < 1e-15 for row in right)
    assert all(abs(total(row) - 1) > 0.1 for row in printed)


@golden("E20")
def log_of_an_underflowed_softmax() -> None:
    """log(softmax) · one-hot is NaN as soon as a probability underflows; the log-sum-exp is not."""
    z = Vector([0.0, 1000.0])
    log_p = softmax.vector(z).map(log)
    assert log_p[0] == -math.inf
    assert math.isnan(log_p @ Vector([0.0, 1.0]))
    assert loss.softmax_cross_entropy(z, 1) == 0
    assert loss.softmax_cross_entropy(z, 0) == 1000
    assert softmax.log_sum_exp(z) == 1000


def _reads(call: Any, *tables: Any) -> tuple[int, list[Any]]:
    """How many rows of the tables the reference reads: each read is one score."""

    class Table(Matrix):
        """A matrix that counts what is read of it."""

        def __getitem__(self, at: Any) -> Any:
            counted.append(at)
            return tuple.__getitem__(self, at)

        def __iter__(self) -> Any:
            for row in tuple.__iter__(self):
                counted.append(None)
                yield row

    counted: list[Any] = []
    result = call(*(Table(t) for t in tables))
    return len(counted), result


def _table(rows: int) -> Matrix:
    return Matrix(Vector([(7 * r % 5) / 4 - 0.5, (3 * r % 7) / 8]) for r in range(rows))


_H = Vector([0.5, -1.25])


@golden("W40")
def a_score_for_every_word() -> None:
    """The plain softmax takes |V| exponentials: 10^4 for 10K words, 10^7 for 10M."""
    for size in (1, 10, 100):
        scores, _ = _reads(lambda W, n=size: softmax.linear_features(W, _H), _table(size))
        assert scores == vocabulary.full_scores(size) == size
    assert [vocabulary.full_scores(10**4), vocabulary.full_scores(10**7)] == [10**4, 10**7]


@golden("W41", "E25", "E24")
def classes_and_one_class() -> None:
    """Class-based: 100 + 100 scores for 10^4 words, 6325 for 10^7; √|V| only if the classes are balanced."""
    assert vocabulary.balanced_class_scores(10**4) == 200
    assert vocabulary.balanced_class_scores(10**7) == 6325
    balanced = vocabulary.balanced_classes(30)
    lopsided = (0,) * 28 + (1, 2)
    for classes in (balanced, lopsided):
        size = max(classes) + 1
        sums = []
        for w in range(30):
            scores, (p, _) = _reads(
                lambda A, B, c=classes, w=w: softmax.class_factored(A, B, c, _H, w), _table(size), _table(30)
            )
            assert scores == vocabulary.class_factored_scores(classes, w)
            sums.append(p)
        assert abs(total(sums) - 1) < 1e-14  # E24: exactly normalised, no approximation of Z
    assert max(vocabulary.class_factored_scores(balanced, w) for w in range(30)) == 11
    assert max(vocabulary.class_factored_scores(lopsided, w) for w in range(30)) == 31  # more than |V|


@golden("W42", "E25", "E24")
def as_many_turns_as_the_leaf_is_deep() -> None:
    """Hierarchical: depth 14, 17, 20, 24 for 10^4 … 10^7 words if balanced; a chain is |V| − 1 deep."""
    assert [vocabulary.balanced_depth(10**n) for n in (4, 5, 6, 7)] == [14, 17, 20, 24]
    chain: Any = 0
    for w in range(1, 12):
        chain = (w, chain)
    skewed = vocabulary.huffman([2**n for n in range(12)])
    for tree in (vocabulary.balanced(12), skewed, chain):
        way = vocabulary.paths(tree)
        sums = []
        for w in range(12):
            scores, (p, _) = _reads(
                lambda v, way=way, w=w: softmax.hierarchical(v, way.nodes, way.signs, way.depth, _H, w),
                _table(11),
            )
            assert scores == vocabulary.hierarchical_scores(way, w)
            sums.append(p)
        assert abs(total(sums) - 1) < 1e-14  # E24
    for size in range(1, 70):
        assert max(vocabulary.paths(vocabulary.balanced(size)).depth) == vocabulary.balanced_depth(size)
    assert max(vocabulary.paths(chain).depth) == 11


@golden("W43", "E25", "E24")
def as_many_scores_as_draws_and_one() -> None:
    """NCE: k + 1 scores whatever |V| is, O(k) rather than O(1); and it never forms a distribution."""
    noise = (3, 1, 3)
    for size in (4, 40, 400):
        q = Vector([0.25] * 4 + [0.0] * (size - 4))
        scores, _ = _reads(lambda W, q=q: softmax.noise_contrastive(W, None, q, _H, 2, noise), _table(size))
        assert scores == vocabulary.noise_contrastive_scores(3) == 4


@golden("W44")
def training_bill() -> None:
    """10K words, 1M tokens, 10 epochs: 10^11 exponentials; 10M, 1B, 10: 10^17."""
    assert vocabulary.training_terms(10**4, 10**6, 10) == 10**11
    assert vocabulary.training_terms(10**7, 10**9, 10) == 10**17


@golden("E70", "E12")
def the_likelihood_rises_where_the_cost_falls() -> None:
    """WX's err(root) = e − P is the gradient of 𝓛, minus that of the cost, p − e."""
    p = softmax.vector(_SCORES)
    (cost,) = grad(lambda z: loss.softmax_cross_entropy(z, 0), (_SCORES,))
    err_root = Vector([1.0, 0.0, 0.0]) - p
    assert all(abs(c + e) < 1e-15 for c, e in zip(cost, err_root, strict=True))
    step = 0.1
    right = _SCORES - step * cost  # descend the cost
    printed = _SCORES - step * err_root  # "w ← w − αg, g = ∂𝓛/∂w": descends what is to be maximised
    before = loss.log_likelihood(_IDENTITY, _SCORES, 0)
    assert loss.log_likelihood(_IDENTITY, right, 0) > before > loss.log_likelihood(_IDENTITY, printed, 0)


@golden("E25")
def noise_that_counts_as_one() -> None:
    """Negative sampling is NCE with k q(w) = 1: one uniform draw for each of |V| = k words."""
    W, q, noise = _table(4), Vector([0.25] * 4), (0, 2, 2, 3)
    assert softmax.noise_contrastive(W, None, q, _H, 1, noise) == softmax.negative_sampling(W, None, _H, 1, noise)
    assert softmax.negative_sampling(W, None, _H, 1, ()) == softplus(-(W[1] @ _H))
    assert softmax.noise_contrastive(W, None, q, _H, 1, ()) == 0
