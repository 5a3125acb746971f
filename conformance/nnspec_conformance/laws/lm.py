"""Properties of language models."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same, within
from nnspec_reference import lm
from nnspec_reference.scalars import Matrix, Vector

U = 2.0**-53


def _rounded(value: Any, roundings: float) -> Measured:
    """A number that this law computed itself, with so many roundings."""
    value = np.asarray(value, dtype=np.float64)
    return Measured(value, np.abs(value) * roundings * U)


@law("P38", on=["lm.corpus_likelihood", "lm.corpus_log_likelihood"])
def log_of_the_product_is_the_sum_of_logs(nn: Any, draw: Draw) -> None:
    p = draw.positive(2, draw.size(0, 6))
    product_of = nn("lm.corpus_likelihood", p=p).likelihood
    log_of = nn("lm.corpus_log_likelihood", p=p).log_likelihood
    error = product_of.radius / (product_of.value - product_of.radius)
    logged = np.log(product_of.value)
    same(Measured(logged, error + 2 * U * np.abs(logged)), log_of, "log Π = Σ log")
    k = draw.integers(2, 4, low=0, high=9)
    exactly(nn("lm.corpus_likelihood", p=2.0**-k).likelihood, 2.0 ** -k.sum(1), "powers of two")


@law("P38", on=["lm.corpus_log_likelihood"])
def logs_do_not_underflow(nn: Any, draw: Draw) -> None:
    p = np.full((1, 30), 2.0**-100)
    log_of = nn("lm.corpus_log_likelihood", p=p).log_likelihood
    same(log_of, _rounded([-3000 * np.log(2.0)], 2), "2^-3000 is no float, its log is")
    exactly(nn("lm.corpus_log_likelihood", p=p, negated=True).log_likelihood, -log_of.value, "negated")


@law("P39", on=["lm.corpus_log_likelihood", "lm.chain_rule"])
def discrete_surprise_is_not_negative(nn: Any, draw: Draw) -> None:
    p = draw.positive(3, draw.size(0, 5))
    within(nn("lm.corpus_log_likelihood", p=p, negated=True).log_likelihood, 0.0, np.inf, "−Σ log p ≥ 0")
    certain = np.ones_like(p)
    exactly(nn("lm.corpus_log_likelihood", p=certain, negated=True).log_likelihood, np.zeros(3), "p = 1")
    T, V = draw.size(0, 4), draw.size(2)
    y, w = draw.simplex(2, T, V), draw.index(2, T, below=V)
    within(nn("lm.chain_rule", y=y, w=w).nll, 0.0, np.inf, "−log p(s) ≥ 0")


@law("P105", on=["lm.bayes_posterior", "softmax.vector"])
def bayes_posterior_is_a_distribution(nn: Any, draw: Draw) -> None:
    S = draw.size(1, 5)
    prior, likelihood = draw.positive(2, S), draw.positive(2, S, scale=draw.choice([1.0, 1e-200]))
    posterior = nn("lm.bayes_posterior", prior=prior, likelihood=likelihood).posterior
    same(posterior.sum(1), np.ones(2), "Σ_s p(s | a) = 1")
    log_prior, log_likelihood = np.log(prior), np.log(likelihood)
    p = nn("softmax.vector", z=log_prior + log_likelihood).p
    off = 4 * U * np.abs(log_prior).max() + 4 * U * np.abs(log_likelihood).max()  # of the scores, hence of p
    same(
        posterior,
        Measured(p.value, p.radius + 4 * off * p.value),
        "the softmax of log prior + log likelihood",
    )
    scaled = nn("lm.bayes_posterior", prior=prior * 2.0 ** draw.size(1, 9), likelihood=likelihood).posterior
    same(scaled, posterior, "a factor of the prior cancels")


@law("P106", on=["lm.chain_rule"])
def exact_conditionals_multiply_to_the_joint_in_any_order(nn: Any, draw: Draw) -> None:
    V = draw.size(2, 3)
    joint = draw.integers(V, V, V, low=1, high=9)
    whole = joint.sum()
    word = tuple(int(w) for w in draw.index(3, below=V))
    expected = _rounded([joint[word] / whole], 1)
    for order in permutations(range(3)):
        table, y, w = joint.transpose(order), [], []
        for axis in order:
            y.append(table.sum(tuple(range(1, table.ndim))) / table.sum())
            w.append(word[axis])
            table = table[word[axis]]
        p = nn("lm.chain_rule", y=np.array([y]), w=np.array([w])).p
        same(Measured(p.value, p.radius + 4 * U * p.value), expected, f"in the order {order}")


@law("P53", on=[])
def a_markov_model_forgets_what_is_older(draw: Draw) -> None:
    """The factor of w_t sees the K words before it and nothing older; exactly, on fractions."""
    K, T = draw.size(0, 3), 7
    words = [int(w) for w in draw.index(T, below=5)]

    def conditional(word: Any, context: tuple[Any, ...]) -> Fraction:
        return Fraction(1, 1 + int(word) + sum((place + 2) * w for place, w in enumerate(reversed(context))))

    def factor(words: list[int], t: int) -> Any:
        before, after = (lm.markov(words[:n], conditional, K) for n in (t, t + 1))
        return after / before

    for t in range(T):
        for s in range(t):
            other = [*words[:s], words[s] + 1, *words[s + 1 :]]
            seen = s >= t - K
            assert (factor(other, t) != factor(words, t)) == seen, f"w_{t} and w_{s}, context {K}"


@law("P107", on=["lm.ngram_mle", "lm.corpus_log_likelihood"])
def maximum_likelihood_normalises_and_maximises(nn: Any, draw: Draw) -> None:
    C, V = draw.size(1, 3), draw.size(2, 4)
    count = draw.integers(C, V, low=0, high=4)
    count[:, 0] += 1
    p = nn("lm.ngram_mle", count=count).p
    same(p.sum(1), np.ones(C), "rows sum to 1")
    tokens = np.repeat(np.arange(C * V), count.astype(int).reshape(-1))

    def log_likelihood(table: Any) -> Measured:
        found: Measured = nn("lm.corpus_log_likelihood", p=table.reshape(1, -1)[:, tokens]).log_likelihood
        return found

    best = log_likelihood(np.minimum(p.value, 1.0))
    best = Measured(best.value, best.radius + 4 * len(tokens) * U)  # of the tables rounded entries
    for _ in range(3):
        at_most(log_likelihood(draw.simplex(C, V)), best, "no other table does better")


@law("P107", on=["lm.ngram_mle"])
def an_unseen_context_is_uniform_if_asked(nn: Any, draw: Draw) -> None:
    count = draw.integers(2, 4, low=1, high=5)
    count[1] = 0.0
    p = nn("lm.ngram_mle", count=count, unseen="uniform").p
    exactly(p[1], np.full(4, 0.25), "uniform")
    same(p[0], nn("lm.ngram_mle", count=count[:1]).p[0], "the others as before")


@law("P108", on=["lm.additive_smoothing", "lm.ngram_mle"])
def smoothing_leaves_nothing_impossible(nn: Any, draw: Draw) -> None:
    C, V = draw.size(1, 3), draw.size(2, 4)
    count = draw.integers(C, V, low=0, high=4)
    alpha = draw.choice([0.25, 1.0, 3.0])
    p = nn("lm.additive_smoothing", count=count, alpha=alpha).p
    assert (p.value > 0).all(), "every n-gram is possible"
    same(p.sum(1), np.ones(C), "rows sum to 1")
    alpha = 2.0**60
    p = nn("lm.additive_smoothing", count=count, alpha=alpha).p
    same(p, Measured(np.full((C, V), 1 / V), np.full((C, V), count.sum() / alpha + U)), "α → ∞ is uniform")
    count[:, 0] += 1
    mle = nn("lm.ngram_mle", count=count).p
    same(nn("lm.additive_smoothing", count=count, alpha=0.0).p, mle, "α = 0 is maximum likelihood")


@law("P108", on=["lm.ngram_ensemble"])
def an_ensemble_is_a_distribution_between_its_members(nn: Any, draw: Draw) -> None:
    N, V = draw.size(1, 4), draw.size(1, 5)
    p, weights = draw.simplex(2, N, V), draw.simplex(N)
    mixture = nn("lm.ngram_ensemble", p=p, weights=weights).mixture
    same(mixture.sum(1), np.ones(2), "sums to 1")
    at_most(p.min(1), mixture, "not below every member")
    at_most(mixture, p.max(1), "not above every member")
    one = np.eye(N)[N - 1]
    exactly(nn("lm.ngram_ensemble", p=p, weights=one).mixture, p[:, N - 1], "all weight on one member")


_RNN = ["sequence.rnn_language_model", "sequence.autoregressive_sampling"]


def _rnn(draw: Draw) -> tuple[int, dict[str, Any]]:
    H, N = draw.size(1, 3), draw.size(2, 4)
    weights = {"W": (H, N + 1), "U": (H, H), "b": (H,), "V": (N, H), "b_y": (N,)}
    return N, {name: draw.reals(*shape) for name, shape in weights.items()}


@law("P109", on=["sequence.rnn_language_model", "lm.chain_rule"])
def teacher_forcing_is_scoring(nn: Any, draw: Draw) -> None:
    N, weights = _rnn(draw)
    w, h0 = draw.index(2, 3, below=N), draw.reals(2, len(weights["b"]))
    found = nn("sequence.rnn_language_model", w=w, h0=h0, **weights)
    score = nn("lm.chain_rule", y=np.minimum(found.p.value, 1.0), w=w)
    picked = np.take_along_axis(found.p.radius / found.p.value, w[..., None], 2).sum((1, 2))
    same(-found.log_p.sum(1), Measured(score.nll.value, score.nll.radius + 2 * picked), "Σ log p(w_t | w_<t)")


@law("P109", on=_RNN)
def sampling_follows_the_softmax(nn: Any, draw: Draw) -> None:
    N, weights = _rnn(draw)
    M = 64
    h0 = np.repeat(draw.reals(1, len(weights["b"])), M, 0)
    u = (np.arange(M)[:, None] + 0.5) / M
    w = nn("sequence.autoregressive_sampling", u=u, h0=h0, stop=np.int64(0), **weights).w.value[:, 0]
    p = nn("sequence.rnn_language_model", w=np.zeros((1, 1), int), h0=h0[:1], **weights).p.value[0, 0]
    count = np.array([(w == k).sum() for k in range(N)])
    assert (np.abs(count - M * p) <= 1 + M * 1e-12).all(), f"{count} draws of {M}, expected {M * p}"


@law("P109", on=[])
def ngram_sampling_follows_the_table(draw: Draw) -> None:
    counts = Matrix(Vector(int(c) for c in row) for row in draw.integers(2, 3, low=0, high=4) + np.eye(2, 3))
    table = lm.NgramTable((("a",), ("b",)), ("a", "b", "c"), counts)
    for context, row in zip("ab", counts, strict=True):
        p = Matrix(Vector(Fraction(c, sum(r)) for c in r) for r in counts)
        grid = [Fraction(2 * k + 1, 200) for k in range(100)]
        drawn = Counter(lm.ngram_sampling(table, [u], [context], p)[0] for u in grid)
        for word, c in zip("abc", row, strict=True):
            assert abs(drawn[word] - Fraction(100 * c, sum(row))) <= 1, f"{word} after {context}"
            assert c or not drawn[word], f"{word} was never seen after {context}"


@law("P107", on=[])
def counted_tables_normalise(draw: Draw) -> None:
    corpus = [[str(w) for w in draw.index(draw.size(1, 8), below=3)] for _ in range(draw.size(1, 3))]
    for n in (1, 2, 3):
        table = lm.ngram_table(corpus, n)
        assert sum(map(sum, table.counts)) == sum(max(0, len(s) - n + 1) for s in corpus)
        assert len(set(table.contexts)) == len(table.contexts)
        for (context, row), w in product(zip(table.contexts, table.counts, strict=True), range(len(table.words))):
            gram = [*context, table.words[w]]
            found = sum(s[t : t + n] == gram for s in corpus for t in range(len(s)))
            assert row[w] == found, f"count({gram})"
        assert all(abs(sum(row) - 1) < 1e-12 for row in table.probabilities)
