"""Worked numbers about language models, and what their errata show."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from math import log

from nnspec_conformance.golden import golden, near, refuses
from nnspec_reference import lm
from nnspec_reference.scalars import Matrix, Vector, total


@golden("W28")
def printed_table_is_an_excerpt() -> None:
    """The rows of DR's conditional probability table add up to .223, .5502, .4821: there are other words."""
    rows = [[0.21, 0.003, 0.01], [0.0001, 0.55, 0.0001], [0.002, 0.0001, 0.48]]
    assert near([sum(row) for row in rows], [0.223, 0.5502, 0.4821])
    # each context seen 10 000 times; the counts that are not printed are those of all other words
    contexts = (("the", "fat"), ("four", "score"), ("New", "York"))
    printed = [Vector(round(10_000 * p) for p in row) for row in rows]
    counts = Matrix(Vector((*row, 10_000 - total(row))) for row in printed)
    table = lm.NgramTable(contexts, ("cat", "and", "city", "..."), counts)
    assert near(table.probabilities, [(*row, 1 - sum(row)) for row in rows])
    assert all(p[3] > 0 for p in table.probabilities)
    # a draw within the share of the row's likeliest word: "the fat cat", "four score and", "New York city"
    for context, u, word in zip(contexts, (0.1, 0.3, 0.3), ("cat", "and", "city"), strict=True):
        assert lm.ngram_sampling(table, [u], context) == [word]


@golden("W27", "E43")
def context_of_three_is_a_4_gram() -> None:
    """DR's context of length 3 belongs to 4-grams; its "3-gram" example has a context of two words."""
    text = ["the", "fat", "cat", "sat", "on", "the", "fat", "mat"]
    four, three = lm.ngram_table([text], 4), lm.ngram_table([text], 3)
    assert {len(context) for context in four.contexts} == {3}
    assert ("the", "fat") in three.contexts
    row = three.probabilities[three.contexts.index(("the", "fat"))]
    assert row[three.words.index("cat")] == 1 / 2
    seen: list[tuple[object, ...]] = []

    def watch(word: object, context: tuple[object, ...]) -> int:
        seen.append(context)
        return 1

    assert lm.markov(text, watch, K=3) == 1
    assert seen[:4] == [(), ("the",), ("the", "fat"), ("the", "fat", "cat")]
    assert {len(context) for context in seen[3:]} == {3}


@golden("E44")
def finite_context_is_what_memoryless_means() -> None:
    """Every language model is autoregressive; a Markov model moreover forgets what is older than K words."""

    def repeats(word: object, context: tuple[object, ...]) -> Fraction:
        return Fraction(3, 4) if word in context else Fraction(1, 4)

    far, near_by = ["a", "b", "b", "a"], ["a", "b", "b", "b"]
    assert lm.markov(far, repeats, K=3) == Fraction(1, 4) ** 2 * Fraction(3, 4) ** 2
    assert lm.markov(far, repeats, K=2) == Fraction(1, 4) ** 3 * Fraction(3, 4)  # the first a is forgotten
    assert lm.markov(near_by, repeats, K=2) == lm.markov(near_by, repeats, K=3)


@golden("E72")
def corpus_final_context_breaks_the_printed_denominator() -> None:
    """In "a b a" the context a occurs twice but has one successor: the printed ratio sums to 1/2."""
    text = ["a", "b", "a"]
    table = lm.ngram_table([text], 2)
    a, printed = table.contexts.index(("a",)), Counter(text)["a"]
    assert sum(table.counts[a]) / printed == 0.5
    assert sum(table.probabilities[a]) == 1
    assert refuses(lm.ngram_mle, Matrix([Vector([0, 0])]))
    assert lm.ngram_mle(Matrix([Vector([0.0, 0.0])]), "uniform") == ((0.5, 0.5),)


@golden("E74")
def negative_logs_are_non_negative_for_discrete_p_only() -> None:
    """−log p is 0, not positive, for p = 1, and negative for the density 2 of U[0, 1/2]."""
    assert lm.corpus_log_likelihood(Vector([1.0, 1.0]), True) == 0
    assert lm.corpus_log_likelihood(Vector([0.5, 0.25]), True) == log(8)
    assert lm.corpus_log_likelihood(Vector([2.0]), True) < 0
    assert lm.corpus_likelihood(Vector()) == 1 and lm.corpus_log_likelihood(Vector()) == 0
    assert lm.corpus_log_likelihood(Vector([0.0, 0.5])) == float("-inf")


@golden("W59")
def neural_model_grows_linearly_with_the_context() -> None:
    """A further word of context costs D·H parameters, or V times the table."""
    V, D, H = 10_000, 30, 200
    neural = [lm.parameter_count(V, K, D, H).neural for K in range(1, 6)]
    assert [b - a for a, b in pairwise(neural)] == [D * H] * 4
    tables = [lm.parameter_count(V, K, D, H).ngram for K in range(1, 6)]
    assert tables == [V**K * (V - 1) for K in range(1, 6)]
    assert lm.parameter_count(V=3, K=2, D=4, H=5) == (12 + 40 + 5 + 15 + 3, 18)


@golden("W64")
def sentences_that_ngrams_do_not_relate() -> None:
    """DR's two sentences share no trigram with a content word; L14's agree over four intervening words."""
    seen = ["The", "cat", "got", "squashed", "in", "the", "garden", "on", "Friday"]
    new = ["The", "dog", "got", "flattened", "in", "the", "yard", "on", "Monday"]
    trigrams = [{tuple(s[t : t + 3]) for t in range(len(s) - 2)} for s in (seen, new)]
    assert not trigrams[0] & trigrams[1]  # an n-gram model cannot generalise from one to the other
    table = lm.ngram_table([seen], 3, vocabulary=[*seen, *new])
    assert all(tuple(new[t : t + 2]) not in table.contexts for t in range(3))
    agreement = ["The", "flights", "the", "airline", "was", "cancelling", "were", "full"]
    assert agreement.index("were") - agreement.index("flights") == 5


@golden()
def smoothing_and_ensembles_by_hand() -> None:
    """Counts 3, 1, 0: relative frequencies, one imaginary count each, and their mixture."""
    counts = Matrix([Vector([3.0, 1.0, 0.0])])
    (mle,), (smooth,) = lm.ngram_mle(counts), lm.additive_smoothing(counts, 1)
    assert mle == (0.75, 0.25, 0.0)
    assert near(smooth, [4 / 7, 2 / 7, 1 / 7])
    mixture = lm.ngram_ensemble(Matrix([mle, smooth]), Vector([0.5, 0.5]))
    assert near(total(mixture), 1) and near(mixture[2], 1 / 14)
    assert lm.additive_smoothing(counts, 0) == (mle,)
