"""Worked numbers about word representations, and what their errata show."""

from __future__ import annotations

import itertools
from math import sqrt

from nnspec_conformance.golden import golden, near, refuses
from nnspec_reference import embedding, scalars
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Matrix, Vector

WORDS = ("students", "colleges", "legislators", "schoolhouse")
ATTRIBUTES = Matrix(Vector(map(int, row)) for row in ("10110", "10101", "01110", "10001"))
NEXT = ("bill", "is", "are", "papers", "built", "standing")
EFFECTS = Matrix(  # academic, politics, plural, person, building
    Vector(row)
    for row in (
        (-1, 0, 0, 1, 0, 0),
        (1, 0, 0, -1, 0, 0),
        (0, -1, 1, 0, 0, 0),
        (0, 0, 0, 0, 0, 1),
        (0, 0, 0, 0, 1, 1),
    )
)

ANALOGIES = {
    ("France", "Paris"): [("Italy", "Rome"), ("Japan", "Tokyo"), ("Florida", "Tallahassee")],
    ("big", "bigger"): [("small", "larger"), ("cold", "colder"), ("quick", "quicker")],
    ("Miami", "Florida"): [("Baltimore", "Maryland"), ("Dallas", "Texas"), ("Kona", "Hawaii")],
    ("Einstein", "scientist"): [("Messi", "midfielder"), ("Mozart", "violinist"), ("Picasso", "painter")],
    ("Sarkozy", "France"): [("Berlusconi", "Italy"), ("Merkel", "Germany"), ("Koizumi", "Japan")],
    ("copper", "Cu"): [("zinc", "Zn"), ("gold", "Au"), ("uranium", "plutonium")],
    ("Berlusconi", "Silvio"): [("Sarkozy", "Nicolas"), ("Putin", "Medvedev"), ("Obama", "Barack")],
    ("Microsoft", "Windows"): [("Google", "Android"), ("IBM", "Linux"), ("Apple", "iPhone")],
    ("Microsoft", "Ballmer"): [("Google", "Yahoo"), ("IBM", "McNealy"), ("Apple", "Jobs")],
    ("Japan", "sushi"): [("Germany", "bratwurst"), ("France", "tapas"), ("USA", "pizza")],
}
"""DR's table: a relation, and three pairs whose second word a model completed."""

WRONG = {"larger", "plutonium", "Medvedev", "Yahoo", "McNealy", "tapas"}
"""Completions that are no members of their relation; from general knowledge, not from the notes."""


@golden("W29", "W30")
def attributes_score_the_next_word() -> None:
    """DR's two tables, with ±1 for the signs, as one network."""
    expected = {
        "students": (-1, -1, 1, 1, 0, 1),
        "colleges": (-1, -1, 1, 1, 1, 1),
        "legislators": (1, -1, 1, -1, 0, 1),
        "schoolhouse": (-1, 0, 0, 1, 1, 1),
    }
    for w, word in enumerate(WORDS):
        score, p = embedding.attribute_network(w, ATTRIBUTES, EFFECTS)
        assert score == expected[word], word
        assert near(scalars.total(p), 1)
    # "legislators … bill", but "students … papers"
    bill, papers = NEXT.index("bill"), NEXT.index("papers")
    scores = [embedding.attribute_network(w, ATTRIBUTES, EFFECTS)[0] for w in range(4)]
    assert scores[2][bill] > scores[2][papers] and scores[0][bill] < scores[0][papers]


@golden("W31", "E48")
def analogy_table_holds_answers_of_a_model() -> None:
    """Ten relations of three completions; six are wrong, so that the table is data and no test of truth."""
    assert len(ANALOGIES) == 10 and all(len(pairs) == 3 for pairs in ANALOGIES.values())
    answers = [answer for pairs in ANALOGIES.values() for _, answer in pairs]
    assert set(answers) >= WRONG and len(set(answers)) == 30
    # "larger" is bigger's synonym, not small's comparative: the model answers with a neighbour of the query
    assert ("small", "larger") in ANALOGIES[("big", "bigger")]


def _capitals() -> tuple[tuple[str, ...], Matrix]:
    """Countries, their capitals one common offset away, and two words in between."""
    words = ("France", "Paris", "England", "London", "Italy", "Rome", "Europe")
    country = {"France": (1, 0, 0), "England": (0, 1, 0), "Italy": (0, 0, 1)}
    rows = [Vector(map(float, (*country[c], 0))) for c in ("France", "England", "Italy")]
    offset = Vector((0.0, 0.0, 0.0, 1.0))
    pairs = [v for row in rows for v in (row, row + offset)]
    return words, Matrix([*pairs, Vector((1.0, 1.0, 1.0, 0.0))])


@golden("X20", "E48")
def paris_is_to_france_as_london_is_to_england() -> None:
    """vector(France) − vector(Paris) + vector(London) ≈ vector(England): country → capital, and back."""
    words, R = _capitals()
    at = {w: i for i, w in enumerate(words)}
    for metric in ("cosine", "euclidean"):
        word, _ = embedding.analogy(R, at["Paris"], at["France"], at["London"], metric)
        assert words[word] == "England"
        word, _ = embedding.analogy(R, at["France"], at["Paris"], at["Italy"], metric)
        assert words[word] == "Rome"  # DR writes "city → capital" for country → capital
    # the four vectors fit the printed relation both ways
    difference = [R[at[a]] - R[at[b]] for a, b in (("Paris", "France"), ("London", "England"))]
    assert difference[0] == difference[1]
    # with an offset that is small against the words, the nearest word is one of the query unless excluded
    small = Matrix(Vector((*row[:3], row[3] / 8)) for row in R)
    moved = Matrix([*small[:4], Vector((0.0, 0.5, 1.0, 0.125)), *small[5:]])
    word, _ = embedding.analogy(moved, 1, 0, 4, "euclidean", False)
    assert words[word] == "Italy"
    assert words[embedding.analogy(moved, 1, 0, 4, "euclidean")[0]] not in ("Paris", "France", "Italy")
    zero = Matrix([*R[:6], Vector((0.0,) * 4)])
    assert refuses(embedding.analogy, zero, 0, 1, 2) and not refuses(embedding.analogy, zero, 0, 1, 2, "dot")


@golden("W32")
def glove_weights() -> None:
    """f at 0 … 100, and its slopes at both sides of the kink."""
    x = (0, 1, 10, 16, 50, 81, 99, 100, 1000)
    f = embedding.glove_weight(Vector(map(float, x)), 100, 0.75)
    expected = (
        0, 0.0316227766, 0.177827941, 0.252982213, 0.5946035575, 0.853814968, 0.9924905857, 1, 1,
    )  # fmt: skip
    assert near(f, expected, 1e-9)
    assert f[0] == 0 and f[7] == f[8] == 1

    def slope(at: float) -> float:
        return float(grad(lambda v: embedding.glove_weight(v, 100, 0.75)[0], (Vector([at]),))[0][0])

    assert near(slope(100 - 1e-9), 0.0075, 1e-12) and slope(100.0) == 0


@golden("W35")
def distance_of_unit_vectors() -> None:
    """‖r_1 − r_2‖² = 2 − 2 r_1ᵀ r_2: 2 if orthogonal, 0 if equal, 4 if opposite."""
    e, f = Vector([1.0, 0.0]), Vector([0.0, 1.0])
    for other, expected in ((f, 2), (e, 0), (-e, 4)):
        assert embedding.unit_norm_identity(e, other) == (expected,) * 3
    # without unit norm only the first two agree
    assert embedding.unit_norm_identity(2 * e, f) == (5, 5, 2)
    assert grad(embedding.euclidean_distance, (e, e)) == ((0, 0), (0, 0))


@golden("W53")
def thirty_dimensions_do_not_fit_into_two() -> None:
    """30 words mutually √2 apart exist in 30 dimensions; four points of the plane are never equally far."""
    basis = [Vector(float(i == j) for j in range(30)) for i in range(30)]
    far = {embedding.euclidean_distance(u, v) for u, v in itertools.combinations(basis, 2)}
    assert far == {sqrt(2)}
    # a fourth point at distance 1 from (0,0) and (1,0) is (1/2, ±√3/2), and these two are √3 apart
    points = [Vector(p) for p in ((0.0, 0.0), (1.0, 0.0), (0.5, sqrt(3) / 2), (0.5, -sqrt(3) / 2))]
    d = [embedding.euclidean_distance(u, v) for u, v in itertools.combinations(points, 2)]
    assert near(d[:5], [1] * 5) and near(d[5], sqrt(3))


@golden("W60", "E47")
def cooccurrence_window_is_four_words() -> None:
    """ "Less than 5 positions apart": a neighbour at distance 4 counts, at distance 5 it does not."""
    words, x = embedding.cooccurrence([list("abcdef")])
    assert words == tuple("abcdef")
    assert [x[0][j] for j in range(6)] == [0, 1, 1, 1, 1, 0]
    assert x == x.T
    _, twice = embedding.cooccurrence([list("aab")])
    assert twice == ((2, 2), (2, 0))  # a with its other self in both orders, never with itself in place
    _, apart = embedding.cooccurrence([list("ab"), list("ba")])
    assert apart == ((0, 2), (2, 0))  # no pair across sentences
    _, gap = embedding.cooccurrence([list("a?b")], window=2, vocabulary="ab")
    assert gap == ((0, 0), (0, 0))  # a word outside the vocabulary keeps its place


@golden("E45")
def rows_are_columns() -> None:
    """DR's lookup multiplies columns, its GloVe has rows: the same table, transposed."""
    R = Matrix([Vector([1.0, 2.0]), Vector([3.0, 4.0]), Vector([5.0, 6.0])])
    for w in range(3):
        e = Vector(float(v == w) for v in range(3))
        assert R.T @ e == embedding.onehot_lookup((w,), R)[0] == R[w]
    assert refuses(embedding.onehot_lookup, (0, 3), R) and refuses(embedding.onehot_lookup, (-1,), R)


@golden("E46")
def factorisation_is_svd_and_not_pca() -> None:
    """The least cost is that of the truncated SVD of X itself; centring first, as PCA does, costs more."""
    X = Matrix(Vector(map(float, row)) for row in ((3, 1, 2), (1, 4, 2), (2, 2, 9), (1, 0, 1)))
    R, R_tilde, s = embedding.truncated_svd(X, 1)
    best = embedding.low_rank_factorization(X, R, R_tilde)
    assert near(best, s[1] ** 2 + s[2] ** 2, 1e-13)
    assert near(grad(lambda R: embedding.low_rank_factorization(X, R, R_tilde), (R,))[0], [[0.0]] * 4, 1e-12)
    full_R, full_tilde, _ = embedding.truncated_svd(X, 3)
    assert embedding.low_rank_factorization(X, full_R, full_tilde) < 1e-24
    means = [scalars.total(column) / 4 for column in X.T]
    centred = Matrix(Vector(x - m for x, m in zip(row, means, strict=True)) for row in X)
    _, direction, _ = embedding.truncated_svd(centred, 1)  # the first principal component
    fitted = X @ direction  # the best R for it: the direction has norm 1
    assert embedding.low_rank_factorization(X, fitted, direction) > best + 0.01


@golden("E47")
def glove_never_takes_the_log_of_zero() -> None:
    """The printed sum over all i, j is one over the counts that are not 0."""
    zeros = Matrix([Vector([0.0, 0.0])])
    given = (
        Matrix([Vector([1e9])]),
        Matrix([Vector([1.0]), Vector([1.0])]),
        Vector([1.0]),
        Vector([1.0, 1.0]),
    )
    assert embedding.glove_cost(zeros, *given, 100, 0.75) == 0
    one = Matrix([Vector([0.0, 100.0])])
    R, R_tilde, b, b_tilde = (
        Matrix([Vector([2.0])]),
        Matrix([Vector([1.0]), Vector([3.0])]),
        Vector([1.0]),
        Vector([0.0, 1.0]),
    )
    off = 2 * 3 + 1 + 1 - scalars.log(100.0)
    assert near(embedding.glove_cost(one, R, R_tilde, b, b_tilde, 100, 0.75), off * off)
