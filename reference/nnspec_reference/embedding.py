"""Representations of words (ledger section 11): lookup, similarity, factorisation of counts, analogies."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from nnspec_reference.catalogue import (
    algorithm,
    choice,
    data,
    equation,
    flag,
    hyper,
    index,
    parameter,
    real,
)
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    argmax,
    detach,
    dot,
    log,
    maximum,
    mean,
    minimum,
    power,
    softmax,
    sqrt,
    square,
    total,
)

Word = Hashable


@equation(
    data("w", "n", "index", of="V"),
    parameter("R", "V D"),
    results=[real("r", "n D")],
    least={"n": 0},
)
def onehot_lookup(w: Sequence[int], R: Matrix) -> Matrix:
    """Embedding of words: the product with one-hot vectors is a lookup.

        Rᵀ e_w = R[w, :]

    In the neural language model each column of R represents a word, under GloVe each row (E45); rows are
    stored here, so R is (V, D). The weights are tied: every position looks into the same table, and where a
    word occurs twice its row collects both gradients. An index outside the table is an error, −1 too.

    Source: DR "Neural Language Model"; WX "Training Neural Networks" (the dot product with e_i).
    Errata: E45.
    """
    if not all(0 <= w_i < len(R) for w_i in w):
        raise ValueError(f"an index of {tuple(w)} is outside a table of {len(R)} words")
    return Matrix(R[w_i] for w_i in w)


@equation(
    data("w", "", "index", of="V"),
    parameter("A", "V K"),
    parameter("B", "K N"),
    results=[real("score", "N"), real("p", "N")],
)
def attribute_network(w: int, A: Matrix, B: Matrix) -> tuple[Vector, Vector]:
    """Distributed representation of a word by its attributes, which score the next word.

        score(w → next) = A[w, :] B,   p(next | w) = softmax(score)

                     academic  politics  plural  person  building
        students         1         0        1       1        0
        colleges         1         0        1       0        1
        legislators      0         1        1       1        0
        schoolhouse      1         0        0       0        1

                   bill   is   are   papers   built   standing
        academic    −                   +
        politics    +                   −
        plural             −     +
        person                                            +
        building                                  +       +

    A holds the attributes of words and B what each attribute does to every next word; printed as "+" and "−",
    B's entries are ±1 and 0. Words with the same attributes predict the same. In the layers of an MLP trained
    by backprop the hidden units have no such intuitive meanings.

    Source: DR "Distributed Representations".
    """
    (attributes,) = onehot_lookup((w,), A)
    score = attributes @ B
    return score, softmax(score)


@equation(data("r_1", "D"), data("r_2", "D"), results=[real("similarity")])
def dot_similarity(r_1: Vector, r_2: Vector) -> Any:
    """Similarity of two words: the dot product.

        r_1ᵀ r_2

    Source: DR "Neural Language Model".
    """
    return dot(r_1, r_2)


@equation(data("r_1", "D", draw=("ties",)), data("r_2", "D", draw=("ties",)), results=[real("distance")])
def euclidean_distance(r_1: Vector, r_2: Vector) -> Any:
    """Dissimilarity of two words: the Euclidean distance.

        ‖r_1 − r_2‖;   gradient (r_1 − r_2) / ‖r_1 − r_2‖ by r_1, and its negative by r_2

    The gradient is not printed. Where r_1 = r_2 there is none, and 0 (a subgradient) is returned.

    Source: DR "Neural Language Model".
    """
    return _norm(Vector(a - b for a, b in zip(r_1, r_2, strict=True)), _equal(r_1, r_2))


def _equal(u: Iterable[Any], v: Iterable[Any]) -> bool:
    return all(a == b for a, b in zip(u, v, strict=True))


def _norm(v: Vector, is_zero: bool) -> Any:
    """‖v‖, whose derivative at 0 is taken to be 0."""
    squares = total(square(x) for x in v)
    return detach(squares) if is_zero else sqrt(squares)


@equation(
    data("r_1", "D"),
    data("r_2", "D"),
    results=[real("squared_distance"), real("expanded"), real("at_unit_norm")],
)
def unit_norm_identity(r_1: Vector, r_2: Vector) -> tuple[Any, Any, Any]:
    """Distance and dot product are equivalent for vectors of unit norm.

        ‖r_1 − r_2‖² = (r_1 − r_2)ᵀ (r_1 − r_2)          squared_distance
                     = r_1ᵀ r_1 − 2 r_1ᵀ r_2 + r_2ᵀ r_2    expanded
                     = 2 − 2 r_1ᵀ r_2                      at_unit_norm

    The first two are equal for any vectors, the third if ‖r_1‖ = ‖r_2‖ = 1: then to rank words by distance is
    to rank them by dot product, which in this case is called cosine similarity.

    Source: DR "Neural Language Model".
    """
    d = Vector(a - b for a, b in zip(r_1, r_2, strict=True))
    r_r = dot(r_1, r_2)
    return total(square(x) for x in d), dot(r_1, r_1) - 2 * r_r + dot(r_2, r_2), 2 - 2 * r_r


@equation(
    data("r_1", "D"),
    data("r_2", "D"),
    hyper("eps", 0.0, 1e-8, 0.25, low=0.0),
    results=[real("cosine")],
)
def cosine_similarity(r_1: Vector, r_2: Vector, eps: Any) -> Any:
    """Cosine similarity.

        r_1ᵀ r_2 / (max(‖r_1‖, ε) max(‖r_2‖, ε))

    DR has r_1ᵀ r_2 for vectors of unit norm; this is the general form, at ε = 0. A vector 0 has no direction:
    an error at ε = 0, and otherwise the similarity is 0. ε is a floor under each norm (not under their
    product, nor added to it). The value is kept within [−1, 1], which rounding may leave; that changes no
    derivative, not even for parallel vectors.

    Source: DR "Neural Language Model".
    """
    n_1, n_2 = _floored_norm(r_1, eps), _floored_norm(r_2, eps)
    c = dot(r_1, r_2) / (n_1 * n_2)
    return c + detach(minimum(maximum(c, -1), 1) - c)


def _floored_norm(r: Vector, eps: Any) -> Any:
    is_zero = all(x == 0 for x in r)
    if is_zero and eps == 0:
        raise ValueError("the vector 0 has no direction")
    n = _norm(r, is_zero)
    return n if eps == 0 else maximum(n, eps)


class Cooccurrence(NamedTuple):
    """Counts of pairs: ``counts[i][j]`` is x_ij for ``words[i]`` and ``words[j]``."""

    words: tuple[Word, ...]
    counts: Matrix


@algorithm()
def cooccurrence(
    corpus: Iterable[Sequence[Word]], window: int = 5, vocabulary: Sequence[Word] | None = None
) -> Cooccurrence:
    """Co-occurrence matrix: how often two words appear nearby.

        x_ij = #{(s, t) : w_s = i, w_t = j, 0 < |s − t| < 5}

    "Less than 5 positions apart" is a window of 4 words on either side. DR does not say whether X is
    symmetric or whether a word occurs together with itself (E47): here every ordered pair of positions s ≠ t
    counts once, so that X is symmetric and the second of two equal words counts, but no word is its own
    neighbour. `corpus` is a sequence of sentences, and no pair crosses from one to the next; words outside
    `vocabulary` keep their places but are not counted.

    Source: DR [after "GloVe"].
    Errata: E47.
    """
    if window < 1:
        raise ValueError(f"the window is at least 1, not {window}")
    sentences = [tuple(s) for s in corpus]
    words = tuple(dict.fromkeys(w for s in sentences for w in s)) if vocabulary is None else tuple(vocabulary)
    place = {w: i for i, w in enumerate(words)}
    x = [[0] * len(words) for _ in words]
    for sentence in sentences:
        known = [place.get(w) for w in sentence]
        for s, i in enumerate(known):
            for t in range(max(0, s - window + 1), min(len(known), s + window)):
                j = known[t]
                if s != t and i is not None and j is not None:
                    x[i][j] += 1
    return Cooccurrence(words, Matrix(Vector(row) for row in x))


@equation(
    parameter("X", "V U"),
    parameter("R", "V K"),
    parameter("R_tilde", "U K"),
    results=[real("cost")],
)
def low_rank_factorization(X: Matrix, R: Matrix, R_tilde: Matrix) -> Any:
    """Cost of a rank-K approximation X ≈ R R̃ᵀ of the co-occurrences.

        ‖X − R R̃ᵀ‖_F² = Σ_ij (x_ij − r_iᵀ r̃_j)²
        ∂/∂R = −2 (X − R R̃ᵀ) R̃,   ∂/∂R̃ = −2 (X − R R̃ᵀ)ᵀ R

    The gradients are not printed. "Basically PCA" is the truncated singular value decomposition, without
    centring and with two factors (E46): the least cost is Σ_{k>K} s_k², 0 from K = rank X on, and
    `truncated_svd` attains it. X is V × V in the notes; nothing depends on that.

    Source: DR [after "GloVe"].
    Errata: E46.
    """
    return total(
        square(x_ij - dot(r_i, r_j))
        for x_i, r_i in zip(X, R, strict=True)
        for x_ij, r_j in zip(x_i, R_tilde, strict=True)
    )


def truncated_svd(X: Matrix, K: int) -> tuple[Matrix, Matrix, Vector]:
    """The best R and R̃ with K columns, and all singular values of X, largest first; on floats.

    One-sided Jacobi: rotate pairs of columns of U = X Q until all are orthogonal; their norms are the
    singular values s_k, and X = Σ_k u_k q_kᵀ. R takes the first K columns u_k (of norm s_k), R̃ the q_k.
    """
    columns = len(X[0])
    u = [[float(row[j]) for row in X] for j in range(columns)]
    q = [[float(i == j) for i in range(columns)] for j in range(columns)]
    orthogonal = len(X) * 2.0**-52
    for _ in range(60):  # sweeps; convergence is quadratic, ten are many
        done = True
        for j in range(columns):
            for k in range(j + 1, columns):
                a, b, c = dot(u[j], u[j]), dot(u[k], u[k]), dot(u[j], u[k])
                if abs(c) > orthogonal * math.sqrt(a * b):
                    done = False
                    zeta = (b - a) / (2 * c)
                    t = math.copysign(1 / (abs(zeta) + math.hypot(1, zeta)), zeta)
                    cosine = 1 / math.hypot(1, t)
                    for m in (u, q):
                        m[j], m[k] = _rotated(m[j], m[k], cosine, t * cosine)
        if done:
            break
    norms = [math.sqrt(dot(column, column)) for column in u]
    order = sorted(range(columns), key=lambda j: -norms[j])
    R = Matrix(Vector(row) for row in zip(*(u[j] for j in order[:K]), strict=True))
    R_tilde = Matrix(Vector(row) for row in zip(*(q[j] for j in order[:K]), strict=True))
    return R, R_tilde, Vector(norms[j] for j in order)


def _rotated(x: list[float], y: list[float], c: float, s: float) -> tuple[list[float], list[float]]:
    return (
        [c * a - s * b for a, b in zip(x, y, strict=True)],
        [s * a + c * b for a, b in zip(x, y, strict=True)],
    )


_X_MAX = hyper("x_max", 100, 2, 1.5, low=0.0, open_low=True)
_EXPONENT = hyper("exponent", 0.75, 0.5, 1, low=0.0, open_low=True)


@equation(
    data("x", "n", "nonnegative"),
    _X_MAX,
    _EXPONENT,
    results=[real("f", "n")],
    least={"n": 0},
    gradient=False,
)
def glove_weight(x: Vector, x_max: Any, exponent: Any) -> Vector:
    """Weight of a count in the cost of GloVe.

        f(x) = (x / 100)^{3/4} if x < 100, else 1

    100 is `x_max` and 3/4 `exponent`. f(0) = 0, on which the cost relies to avoid log 0; f never decreases
    and is continuous at 100, where its slope jumps from 0.0075 to 0. Counts are not differentiated.

    Source: DR "GloVe".
    """
    return x.map(lambda x_i: _weight(x_i, x_max, exponent))


def _weight(x: Any, x_max: Any, exponent: Any) -> Any:
    return power(x / x_max, exponent) if x < x_max else 1


@equation(
    parameter("X", "V U", "nonnegative", differentiable=False),
    parameter("R", "V K"),
    parameter("R_tilde", "U K"),
    parameter("b", "V"),
    parameter("b_tilde", "U"),
    _X_MAX,
    _EXPONENT,
    results=[real("cost")],
)
def glove_cost(X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any) -> Any:
    """Cost function of global vector (GloVe) embeddings.

        J = Σ_ij f(x_ij) (r_iᵀ r̃_j + b_i + b̃_j − log x_ij)²
        E_ij = 2 f(x_ij) (r_iᵀ r̃_j + b_i + b̃_j − log x_ij)
        ∂J/∂r_i = Σ_j E_ij r̃_j,   ∂J/∂r̃_j = Σ_i E_ij r_i,   ∂J/∂b_i = Σ_j E_ij,   ∂J/∂b̃_j = Σ_i E_ij

    The gradients are not printed. Only non-zero counts matter: where x_ij = 0 the term and its gradient are
    exactly 0 and log 0 is never computed, although the printed sum runs over all i, j (E47). Counts below 1,
    from a weighted window say, have a negative log; negative counts are an error. X is V × V in the notes;
    nothing depends on that.

    Source: DR "GloVe".
    Errata: E47.
    """
    return total(
        _weight(x_ij, x_max, exponent) * square(dot(r_i, r_j) + b_i + b_j - log(x_ij))
        for x_i, r_i, b_i in zip(X, R, b, strict=True)
        for x_ij, r_j, b_j in zip(x_i, R_tilde, b_tilde, strict=True)
        if x_ij != 0
    )


@equation(
    parameter("R", "V D"),
    data("a", "", "index", of="V"),
    data("b", "", "index", of="V"),
    data("c", "", "index", of="V"),
    options=[choice("metric", "cosine", "euclidean", "dot"), flag("exclude_queries", True)],
    results=[index("word"), real("closeness", "V")],
    gradient=False,
    least={"V": 4},
)
def analogy(
    R: Matrix, a: int, b: int, c: int, metric: str = "cosine", exclude_queries: bool = True
) -> tuple[int, Vector]:
    """Word analogy: a is to b as c is to the word whose vector is closest to r_b − r_a + r_c.

        vector(Paris) − vector(France) ≈ vector(London) − vector(England)
        "Paris is to France as London is to …": closest to vector(France) − vector(Paris) + vector(London)

    DR says neither what "closest" means nor that the three words of the query are no answers (E48); here it
    is the cosine unless the distance or the dot product is asked for, the query is excluded, and a tie goes
    to the lowest index. `closeness` is the cosine, the negative distance, or the dot product of every word.
    Under the cosine the vector 0, a word's or the target, is an error. DR's "mapping city → capital" is
    country → capital, and its table holds answers of a model, several of them wrong (E48).

    Source: DR "Word Analogies".
    Errata: E48.
    """
    target = R[b] - R[a] + R[c]
    if metric == "euclidean":
        closeness = Vector(-_distance(r, target) for r in R)
    elif metric == "dot":
        closeness = Vector(dot(r, target) for r in R)
    else:
        if any(all(x == 0 for x in r) for r in (*R, target)):
            raise ValueError("the vector 0 has no direction")
        closeness = Vector(dot(r, target) / (_length(r) * _length(target)) for r in R)
    words = [w for w in range(len(R)) if not (exclude_queries and w in (a, b, c))]
    return words[argmax(closeness[w] for w in words)], closeness


def _length(r: Vector) -> Any:
    return sqrt(dot(r, r))


def _distance(r: Vector, target: Vector) -> Any:
    return _length(r - target)


@equation(
    data("w", "m D"),
    data("mask", "m", "bit", optional=True),
    results=[real("average", "D")],
    least={"m": 0},
)
def average(w: Matrix, mask: Vector | None = None) -> Vector:
    """Average of word vectors, the representation of a group of words or of a whole text.

        av = (1/m) Σ_{i=1}^m w_i

    With a `mask`, over the words where it is 1. The order of the words has no influence. The notes do not say
    what the average of no words is (E80): the vector 0.

    Source: WX "Sentiment Analysis" (deep averaging network), "Coreference Resolution" (groups of words).
    Errata: E80.
    """
    chosen = w if mask is None else Matrix(w_i * m_i for w_i, m_i in zip(w, mask, strict=True))
    m = len(w) if mask is None else total(mask)
    if m == 0:
        return Vector(0 for _ in w[0]) if w else Vector()  # without rows nothing tells D
    return Vector(mean(column, m) for column in chosen.T)
