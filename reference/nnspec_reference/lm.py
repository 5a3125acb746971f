"""Language modelling (ledger section 10): the probability of a sentence, n-grams, and the neural model."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from nnspec_reference.activation import by_name
from nnspec_reference.catalogue import algorithm, choice, data, equation, flag, hyper, parameter, real
from nnspec_reference.embedding import onehot_lookup
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    constant,
    detach,
    dot,
    largest,
    log,
    product,
    softmax,
    total,
)

Word = Hashable


@equation(
    data("prior", "S", "nonnegative"),
    data("likelihood", "S", "nonnegative"),
    results=[real("posterior", "S")],
)
def bayes_posterior(prior: Vector, likelihood: Vector) -> Vector:
    """Bayes' rule: the posterior over sentences s, given the speech signal a.

        p(s | a) = p(s) p(a | s) / Σ_{s'} p(s') p(a | s')

    `prior` is p(s) and `likelihood` p(a | s), for every s; neither has to sum to 1, for a factor cancels.
    Both are taken relative to their largest entry, since densities of whole signals are vanishingly small.
    The same numbers are `softmax.vector` of log p(s) + log p(a | s). If no sentence explains the signal, Σ =
    0, there is no posterior: an error.

    Source: DR "Language Modeling".
    """
    if all(p == 0 or q == 0 for p, q in zip(prior, likelihood, strict=True)):
        raise ValueError("every prior × likelihood is 0")
    p_max, q_max = detach(largest(prior)), detach(largest(likelihood))
    joint = Vector(p / p_max * (q / q_max) for p, q in zip(prior, likelihood, strict=True))
    Z = total(joint)
    return joint.map(lambda p: p / Z)


@equation(data("p", "N", "probability"), results=[real("likelihood")], least={"N": 0})
def corpus_likelihood(p: Vector) -> Any:
    """Likelihood of a corpus of independent sentences; maximum likelihood maximises it.

        Π_{i=1}^N p(s^{(i)})

    "Vanishingly small": it underflows for any real corpus, which is why the logarithm is used. 1 for an empty
    corpus.

    Source: DR "Language Modeling".
    """
    return product(p)


@equation(
    data("p", "N", "probability"),
    options=[flag("negated")],
    results=[real("log_likelihood")],
    least={"N": 0},
)
def corpus_log_likelihood(p: Vector, negated: bool = False) -> Any:
    """Log-likelihood of a corpus, or the negative of it.

        log Π_{i=1}^N p(s^{(i)}) = Σ_{i=1}^N log p(s^{(i)})

    "Let's use negative log probabilities, so that we're working with positive numbers": they are non-negative
    (0 for p = 1), and that only because p is discrete; a density may exceed 1 (E74). A sentence with p = 0
    gives −∞.

    Source: DR "Language Modeling".
    Errata: E74.
    """
    log_likelihood = total(log(p_i) for p_i in p)
    return -log_likelihood if negated else log_likelihood


@equation(
    data("y", "T V", "probability"),
    data("w", "T", "index", of="V"),
    results=[real("p"), real("nll")],
    time="T",
)
def chain_rule(y: Matrix, w: Sequence[int]) -> tuple[Any, Any]:
    """Probability of a sentence w_1 … w_T by the chain rule of conditional probability.

        p(s) = p(w_1, …, w_T) = Π_{t=1}^T p(w_t | w_1, …, w_{t−1})
        −log p(s) = −Σ_t log p(w_t | w_1, …, w_{t−1}) = −Σ_t Σ_v t_{tv} log y_{tv}

    Row t of `y` is the distribution of the t-th word given those before it: language modelling is to predict
    the next word. DR's prose numbers targets and predictions by i, its formula by t, and its t is both target
    and time (E42). The empty sentence has p = 1.

    Source: DR "Language Modeling", "Neural Language Model"; L14 "TODAY'S LECTURE".
    Errata: E42, E74.
    """
    picked = [y_t[w_t] for y_t, w_t in zip(y, w, strict=True)]
    return product(picked), -total(log(p_t) for p_t in picked)


@algorithm()
def markov(
    words: Sequence[Word],
    conditional: Callable[[Word, tuple[Word, ...]], Any],
    K: int = 3,
    pad: Word | None = None,
) -> Any:
    """Probability of a sentence under a Markov assumption with contexts of length K.

        p(w_1, …, w_T) = Π_t p(w_t | w_{t−K}, …, w_{t−1}),   printed for K = 3

    ``conditional(word, context)`` is p(word | context). For t ≤ K the context is what there is, or is filled
    up with `pad` on the left where one is given. A context of K words belongs to a (K+1)-gram model: "context
    of length 3" is a 4-gram model, while the two-word context of "the fat cat" is a 3-gram model (E43). DR
    calls the model memoryless and autoregressive in one breath; only finite context is meant, for its
    recurrent model is autoregressive too (E44).

    Source: DR "Language Modeling", "Overview".
    Errata: E43, E44.
    """
    if K < 0:
        raise ValueError(f"a context has K >= 0 words, not {K}")
    p: Any = 1
    for t, w_t in enumerate(words):
        context = tuple(words[max(0, t - K) : t])
        if pad is not None:
            context = (pad,) * (K - len(context)) + context
        p = p * conditional(w_t, context)
    return p


@equation(
    parameter("count", "C V", "nonnegative"),
    options=[choice("unseen", "error", "uniform")],
    results=[real("p", "C V")],
)
def ngram_mle(count: Matrix, unseen: str = "error") -> Matrix:
    """Maximum-likelihood n-gram probabilities, from a table of counts.

        p(w_3 | w_1, w_2) = count(w_1 w_2 w_3) / count(w_1 w_2)

    Row c of `count` belongs to a context (w_1 w_2), column w to a next word. The denominator counts a context
    only where it has a successor, Σ_w count(c w). With the printed count(w_1 w_2) a context that also ends
    the corpus does not normalise: in "a b a" the probabilities after "a" add up to 1/2 (E72). A context that
    was never seen, 0/0, is an error, or uniform where that is asked for.

    Source: DR "N-Gram Language Models".
    Errata: E72.
    """
    return Matrix(_normalised(row, total(row), unseen) for row in count)


def _normalised(row: Vector, seen: Any, unseen: str) -> Vector:
    if all(c == 0 for c in row):
        if unseen == "error":
            raise ValueError("a context without any count")
        return row.map(lambda _: constant(1, seen) / len(row))
    return row.map(lambda c: c / seen)


class NgramTable(NamedTuple):
    """Counts of n-grams: ``counts[c][w]`` is how often ``words[w]`` follows ``contexts[c]``."""

    contexts: tuple[tuple[Word, ...], ...]
    words: tuple[Word, ...]
    counts: Matrix

    @property
    def probabilities(self) -> Matrix:
        """The conditional probability table, p(word | context)."""
        return ngram_mle(self.counts)


@algorithm()
def ngram_table(corpus: Iterable[Sequence[Word]], n: int, vocabulary: Sequence[Word] | None = None) -> NgramTable:
    """Conditional probability table of an n-gram model: rows are contexts, columns are next words.

                    cat     and     city
        the fat     0.21    0.003   0.01
        four score  0.0001  0.55    0.0001
        New York    0.002   0.0001  0.48

    `corpus` is a sequence of sentences, and no n-gram crosses from one to the next; give a text as one
    sentence to count through it. n counts the context and the word: three for "the fat cat" (E43). Rows and
    columns are in order of first appearance (columns as in `vocabulary`, where one is given). Only contexts
    that occurred have a row here: the full table would have V^{n−1}, exponential in the length of the
    context.

    Source: DR "N-Gram Language Models".
    Errata: E43, E72.
    """
    if n < 1:
        raise ValueError(f"an n-gram has n >= 1 words, not {n}")
    sentences = [tuple(s) for s in corpus]
    words = tuple(dict.fromkeys(w for s in sentences for w in s)) if vocabulary is None else tuple(vocabulary)
    column = {w: i for i, w in enumerate(words)}
    rows: dict[tuple[Word, ...], list[int]] = {}
    for s in sentences:
        for t in range(n - 1, len(s)):
            if s[t] not in column:
                raise ValueError(f"{s[t]!r} is not in the vocabulary")
            rows.setdefault(s[t - n + 1 : t], [0] * len(words))[column[s[t]]] += 1
    return NgramTable(tuple(rows), words, Matrix(Vector(row) for row in rows.values()))


@algorithm()
def ngram_sampling(
    table: NgramTable, draws: Iterable[Any], start: Sequence[Word] = (), p: Matrix | None = None
) -> list[Word]:
    """Sample a text from an n-gram model, one word for every uniform draw.

        w_t = the first word w with u_t < Σ_{w' ≤ w} p(w' | w_{t−n+1}, …, w_{t−1}),   u_t ∈ [0, 1)

    `start` holds at least the first n − 1 words; they are not returned. `p` is another table of the same rows
    and columns, a smoothed one say; the maximum-likelihood table otherwise. A word of probability 0 is never
    drawn, and where the sums fall short of 1 by rounding, the last possible word is. A context without a row
    is an error.

    Source: DR "N-Gram Language Models" (Shakespeare, Wall Street Journal).
    """
    rows = dict(zip(table.contexts, table.probabilities if p is None else p, strict=True))
    order = len(next(iter(rows), ()))
    text = list(start)
    if len(text) < order:
        raise ValueError(f"{order} words are needed to start, not {len(text)}")
    for u in draws:
        context = tuple(text[len(text) - order :])
        if context not in rows:
            raise ValueError(f"the context {context!r} was never seen")
        text.append(table.words[_inverse_cdf(rows[context], u)])
    return text[len(start) :]


def _inverse_cdf(p: Vector, u: Any) -> int:
    below, last = 0, -1
    for w, p_w in enumerate(p):
        if p_w > 0:
            below, last = below + p_w, w
            if u < below:
                return w
    if last < 0:
        raise ValueError("every word has probability 0")
    return last


@equation(
    parameter("count", "C V", "nonnegative"),
    hyper("alpha", 1.0, 0.5, 2, 0.0, low=0.0),
    results=[real("p", "C V")],
)
def additive_smoothing(count: Matrix, alpha: Any) -> Matrix:
    """Smoothing by imaginary counts.

        p(w | c) = (count(c w) + α) / (Σ_{w'} count(c w') + α V)

    Every one of the V words is given α imaginary counts after every context; V, the number of columns, must
    be fixed beforehand. α = 0 is maximum likelihood, and then a context without counts is an error; α → ∞ is
    uniform.

    Source: DR "N-Gram Language Models" (adding imaginary counts).
    """
    if alpha == 0:
        return ngram_mle(count)
    return Matrix((row + alpha) / (total(row) + alpha * len(row)) for row in count)


@equation(
    data("p", "N V", "simplex"),
    parameter("weights", "N", "simplex"),
    results=[real("mixture", "V")],
)
def ngram_ensemble(p: Matrix, weights: Vector) -> Vector:
    """Ensemble of n-gram models with different n.

        p(w) = Σ_n λ_n p_n(w | c_n),   λ_n ≥ 0,  Σ_n λ_n = 1

    Row n of `p` is the distribution of the n-th model, in its own context. DR does not give the weights.

    Source: DR "N-Gram Language Models" (ensemble of n-gram models).
    """
    return Vector(dot(weights, column) for column in p.T)


@equation(
    data("context", "K", "index", of="V"),
    parameter("R", "V D"),
    parameter("W", "K H D"),
    parameter("b", "H", optional=True),
    parameter("U", "V H"),
    parameter("c", "V", optional=True),
    options=[choice("activation", "tanh", "sigmoid", "relu"), choice("grad_at_zero", 1, 0)],
    results=[real("z", "V"), real("p", "V")],
)
def neural_probabilistic(
    context: Sequence[int],
    R: Matrix,
    W: Sequence[Matrix],
    b: Vector | None,
    U: Matrix,
    c: Vector | None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    """Neural probabilistic language model.

        e = [R x_{t−K}; …; R x_{t−1}],   h = g(W e + b) = g(Σ_k W_k r_k + b)
        z = U h + c,   p(w_t | w_{t−K}, …, w_{t−1}) = softmax(z)

    The first layer is linear with tied weights: one table R serves every position, so that its gradient is
    the sum over positions. Rows of R are the words' representations r (DR speaks of columns here and of rows
    under GloVe, E45). W is the K blocks of the matrix on the concatenation, oldest word first: W_k is that of
    the k-th word of the context. The target is the next word and the loss cross-entropy,
    `loss.softmax_cross_entropy` of z. The figure with the layers is lost. As every feedforward model it has a
    fixed context: a 'soft' n-gram model.

    Trained on text without labels, yet to predict a given next word: DR's question whether that is supervised
    or unsupervised has both for an answer.

    Source: DR "Neural Language Model"; DS17 "Neural Networks for Sequential Data".
    Errata: E43, E45.
    """
    z_h = total(W_k @ r_k for W_k, r_k in zip(W, onehot_lookup(context, R), strict=True))
    h = by_name(activation, z_h if b is None else z_h + b, grad_at_zero)
    z = U @ h if c is None else U @ h + c
    return z, softmax(z)


class ParameterCount(NamedTuple):
    """How many numbers a neural and an n-gram language model have to learn."""

    neural: int
    ngram: int


@algorithm()
def parameter_count(V: int, K: int, D: int, H: int) -> ParameterCount:
    """Number of parameters of the neural model and of the n-gram table, with contexts of K words.

        neural:  V D + K D H + H + H V + V      n-gram:  V^K (V − 1)

    "Very compact": linear in the context (each further word costs D H), where the table is exponential. A row
    of the table has V − 1 free entries, since it sums to 1.

    Source: DR "Neural Language Model", "N-Gram Language Models".
    """
    return ParameterCount(V * D + K * D * H + H + H * V + V, V**K * (V - 1))
