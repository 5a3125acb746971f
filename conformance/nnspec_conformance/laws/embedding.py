"""Properties of word representations."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same, within
from nnspec_reference import embedding

_HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2.0
_SIGNS = np.array(list(product((-0.5, 0.5), repeat=4)))  # all unit vectors of entries ±1/2


@law("P75", on=["embedding.unit_norm_identity", "embedding.euclidean_distance", "embedding.dot_similarity"])
def distance_and_dot_product_agree_at_unit_norm(nn: Any, draw: Draw) -> None:
    r_1, r_2 = _SIGNS[draw.index(5, below=16)], _SIGNS[draw.index(5, below=16)]
    found = nn("embedding.unit_norm_identity", r_1=r_1, r_2=r_2)
    exactly(found.squared_distance, found.at_unit_norm, "‖r_1 − r_2‖² = 2 − 2 r_1ᵀr_2")
    exactly(found.expanded, found.at_unit_norm, "expanded")
    distance = nn("embedding.euclidean_distance", r_1=r_1, r_2=r_2).distance
    same(distance * distance, found.squared_distance, "the square of the distance")
    query = np.repeat(_SIGNS[draw.index(1, below=16)], 16, 0)
    d = nn("embedding.euclidean_distance", r_1=query, r_2=_SIGNS).distance.value
    s = nn("embedding.dot_similarity", r_1=query, r_2=_SIGNS).similarity.value
    closer = s[:, None] > s[None, :]
    assert (d[:, None] < d[None, :])[closer].all(), "closer by the dot product, closer by the distance"


@law("P75", on=["embedding.unit_norm_identity", "embedding.cosine_similarity", "embedding.dot_similarity"])
def expansion_holds_for_any_vectors(nn: Any, draw: Draw) -> None:
    D = draw.size(1, 6)
    r_1, r_2 = draw.reals(3, D, scale=3.0), draw.reals(3, D, scale=3.0)
    found = nn("embedding.unit_norm_identity", r_1=r_1, r_2=r_2)
    same(found.squared_distance, found.expanded, "(r_1 − r_2)ᵀ(r_1 − r_2)")
    unit = _SIGNS[draw.index(4, below=16)], _SIGNS[draw.index(4, below=16)]
    cosine = nn("embedding.cosine_similarity", r_1=unit[0], r_2=unit[1], eps=0.0).cosine
    same(cosine, nn("embedding.dot_similarity", r_1=unit[0], r_2=unit[1]).similarity, "the cosine at unit norm")
    scaled = nn("embedding.cosine_similarity", r_1=r_1 * 2.0**40, r_2=r_2, eps=0.0).cosine
    same(scaled, nn("embedding.cosine_similarity", r_1=r_1, r_2=r_2, eps=0.0).cosine, "lengths do not matter")


@law("P75", on=["embedding.cosine_similarity"])
def cosine_stays_in_its_range(nn: Any, draw: Draw) -> None:
    r = draw.reals(20, draw.size(1, 5), scale=draw.choice([1.0, 1e-5, 1e5]))
    eps = draw.choice([0.0, 1e-8])
    r = r[np.linalg.norm(r, axis=1) > 2e-8]  # the floor of a norm, ε, is another matter
    for sign in (1.0, -1.0):
        cosine = nn("embedding.cosine_similarity", r_1=r, r_2=sign * 3.0 * r, eps=eps).cosine
        within(cosine, -1.0, 1.0, "parallel vectors")
        same(cosine, np.full(len(r), sign), "parallel vectors")
    bar = np.ones(len(r))
    gradient = nn.gradient("embedding.cosine_similarity", {"cosine": bar}, r_1=r, r_2=r[::-1].copy(), eps=0.0).r_1
    same((gradient * r).sum(1), np.zeros(len(r)), "no slope along the vector itself")


@law("P76", on=["embedding.onehot_lookup"])
def onehot_product_is_a_lookup(nn: Any, draw: Draw) -> None:
    V, D, n = draw.size(1, 5), draw.size(1, 4), draw.size(0, 7)
    R, w = draw.reals(V, D), draw.index(2, n, below=V)
    hot = np.eye(V)[w]
    exactly(nn("embedding.onehot_lookup", w=w, R=R).r, hot @ R, "Rᵀ e_w")
    r_bar = draw.integers(2, n, D)
    found = nn.gradient("embedding.onehot_lookup", {"r": r_bar}, w=w, R=R).R
    exactly(found, np.einsum("bnv,bnd->vd", hot, r_bar), "repeated words add up")


@law("P76", on=["lm.neural_probabilistic"])
def tied_weights_collect_from_every_position(nn: Any, draw: Draw) -> None:
    K, V, D, H = 3, 4, draw.size(1, 3), draw.size(1, 3)
    given = {"R": draw.reals(V, D), "W": draw.reals(K, H, D), "U": draw.reals(V, H)}
    word = draw.index(2, 1, below=V)
    z_bar = draw.reals(2, V)
    tied = nn.gradient("lm.neural_probabilistic", {"z": z_bar}, context=np.repeat(word, K, 1), **given).R
    # one position, with the sum of the blocks: the same function of that word
    single = {**given, "W": given["W"].sum(0, keepdims=True)}
    once = nn.gradient("lm.neural_probabilistic", {"z": z_bar}, context=word, **single).R
    same(tied, Measured(once.value, once.radius + tied.radius), "a word that occurs K times")


@law("P77", on=["embedding.dot_similarity"])
def random_directions_are_nearly_orthogonal(nn: Any, draw: Draw) -> None:
    r = _SIGNS[draw.index(1, below=16)]
    dots = nn("embedding.dot_similarity", r_1=np.repeat(r, 16, 0), r_2=_SIGNS).similarity.value
    assert dots.mean() == 0.0, "mean 0 over all directions of signs"
    assert dots.var() == 1 / 4, "variance 1/n"
    n = 64
    r_1, r_2 = (np.sign(draw.reals(200, n)) / 8.0 for _ in range(2))
    dots = nn("embedding.dot_similarity", r_1=r_1, r_2=r_2).similarity.value
    assert abs(dots.mean()) < 7 / np.sqrt(200 * n), "seven standard deviations of the mean"
    assert abs(n * dots.var() - 1) < 7 * np.sqrt(2 / 200), "and of the variance"


@law("P130", on=["embedding.unit_norm_identity"])
def random_unit_vectors_are_root_two_apart(nn: Any, draw: Draw) -> None:
    r = np.repeat(_SIGNS[draw.index(1, below=16)], 16, 0)
    found = nn("embedding.unit_norm_identity", r_1=r, r_2=_SIGNS)
    for form in (found.squared_distance, found.expanded, found.at_unit_norm):
        assert form.value.mean() == 2.0, "E‖r_1 − r_2‖² = 2, in each form"
    r_1, r_2 = (np.sign(draw.reals(50, 256)) / 16.0 for _ in range(2))
    squared = nn("embedding.unit_norm_identity", r_1=r_1, r_2=r_2).squared_distance.value
    assert (np.abs(squared - 2.0) < 2 * 7 / 16).all(), "in 256 dimensions, all pairs"


def _glove(draw: Draw, V: int, U: int, K: int) -> dict[str, Any]:
    shapes = {"R": (V, K), "R_tilde": (U, K), "b": (V,), "b_tilde": (U,)}
    X = draw.integers(V, U, low=0, high=150) * draw.integers(V, U, low=0, high=1)
    return {"X": X, **{name: draw.reals(*shape) for name, shape in shapes.items()}}


_F = {"x_max": 100, "exponent": 0.75}


@law("P78", on=["embedding.glove_cost"])
def zero_counts_do_not_count(nn: Any, draw: Draw) -> None:
    V, U, K = draw.size(1, 3), draw.size(1, 3), draw.size(1, 2)
    given = _glove(draw, V, U, K)
    cost = nn("embedding.glove_cost", **given, **_F).cost
    cells = Measured(np.asarray(0.0), np.asarray(0.0))
    for i, j in zip(*np.nonzero(given["X"]), strict=True):
        cell = {
            "X": given["X"][i : i + 1, j : j + 1],
            "R": given["R"][i : i + 1],
            "R_tilde": given["R_tilde"][j : j + 1],
            "b": given["b"][i : i + 1],
            "b_tilde": given["b_tilde"][j : j + 1],
        }
        cells = cells + nn("embedding.glove_cost", **cell, **_F).cost
    same(cost, cells, "the sum over the non-zero cells")
    never = {
        **given,
        "X": np.vstack([given["X"], np.zeros(U)]),
        "R": np.vstack([given["R"], draw.reals(K, scale=1e3)]),
        "b": np.append(given["b"], 1e3),
    }
    gradients = nn.gradient("embedding.glove_cost", {"cost": 1.0}, **never, **_F)
    exactly(gradients.R[-1], np.zeros(K), "a word without counts has no gradient")
    exactly(gradients.b[-1], 0.0, "nor its bias")
    same(nn("embedding.glove_cost", **never, **_F).cost, cost, "and no cost")


@law("P78", on=["embedding.glove_cost"])
def counts_that_are_fitted_cost_nothing(nn: Any, draw: Draw) -> None:
    V, U = draw.size(1, 3), draw.size(1, 3)
    ones = {"X": np.ones((V, U)), "b": draw.integers(V), "b_tilde": np.zeros(U)}
    R = -ones["b"][:, None] + np.zeros((V, 1))
    given = {**ones, "R": R, "R_tilde": np.ones((U, 1))}
    exactly(nn("embedding.glove_cost", **given, **_F).cost, 0.0, "r r̃ + b + b̃ = log 1")


@law("P79", on=["embedding.low_rank_factorization"])
def truncated_svd_attains_the_minimum(nn: Any, draw: Draw) -> None:
    s = np.sort(draw.rng.permutation(9)[:4].astype(np.float64))[::-1]
    left, right = _HADAMARD, _HADAMARD[:, draw.rng.permutation(4)]
    X = left * s @ right.T  # a matrix whose singular value decomposition is known exactly
    for K in range(1, 5):
        R, R_tilde = left[:, :K] * s[:K], right[:, :K]
        cost = nn("embedding.low_rank_factorization", X=X, R=R, R_tilde=R_tilde).cost
        exactly(cost, (s[K:] ** 2).sum(), "Σ_{k>K} s_k²")
        gradients = nn.gradient("embedding.low_rank_factorization", {"cost": 1.0}, X=X, R=R, R_tilde=R_tilde)
        exactly(gradients.R, np.zeros((4, K)), "stationary in R")
        exactly(gradients.R_tilde, np.zeros((4, K)), "stationary in R̃")
        moved = {"R": R + draw.reals(4, K), "R_tilde": R_tilde + draw.reals(4, K)}
        at_most(cost, nn("embedding.low_rank_factorization", X=X, **moved).cost, "no other does better")
        found, found_tilde, values = embedding.truncated_svd(X.tolist(), K)
        assert np.allclose(np.array(found) @ np.array(found_tilde).T, R @ R_tilde.T, rtol=0, atol=1e-12)
        assert np.allclose(values, s, rtol=0, atol=1e-12)


@law("P110", on=["embedding.attribute_network"])
def equal_attributes_predict_alike(nn: Any, draw: Draw) -> None:
    V, K, N = 4, draw.size(1, 5), draw.size(1, 6)
    A, B = draw.reals(V, K), draw.reals(K, N)
    A[2] = A[0]
    found = nn("embedding.attribute_network", w=np.array([0, 2]), A=A, B=B)
    exactly(found.score[0], found.score[1], "scores")
    exactly(found.p[0], found.p[1], "probabilities")
    exactly(nn("embedding.attribute_network", w=np.array([1]), A=np.eye(4, K), B=B).score[0], np.eye(4, K)[1] @ B)


@law("P111", on=["embedding.analogy"])
def a_common_offset_completes_the_analogy(nn: Any, draw: Draw) -> None:
    n, D = draw.size(3, 5), 6
    offset = draw.integers(D, low=1, high=5)
    first = draw.integers(n, D, low=-9, high=9) + 0.5
    R = np.concatenate([first, first + offset])  # word i and word n + i are a pair
    a, c = np.array([0, 1]), np.array([1, 2])
    for metric in ("euclidean", "cosine"):
        found = nn("embedding.analogy", R=R, a=a, b=a + n, c=c, metric=metric)
        same(found.closeness[np.arange(2), c + n], np.full(2, float(metric == "cosine")), "the target itself")
        directions = (R / np.linalg.norm(R, axis=1, keepdims=True)).round(9)
        if len(np.unique(directions, axis=0)) == 2 * n:  # else another word lies in the same direction
            exactly(found.word, c + n, f"{metric}: the fourth word")


@law("P111", on=["embedding.analogy"])
def a_query_is_no_answer_and_ties_go_to_the_first(nn: Any, draw: Draw) -> None:
    R = np.array([[1.0, 0], [2, 0], [1, 1], [0, 4], [2, 1], [2, 1]])
    query = {"a": np.array([0]), "b": np.array([1]), "c": np.array([2])}  # the target is (2, 1)
    for metric in ("euclidean", "dot"):  # exact on these numbers
        exactly(nn("embedding.analogy", R=R, **query, metric=metric).word, [4], "the first of two equal words")
    still = {name: np.array([3]) for name in "abc"}  # the target is the query itself
    answer = nn("embedding.analogy", R=R, **still, metric="euclidean")
    assert answer.word.value[0] != 3, "the query is excluded"
    answer = nn("embedding.analogy", R=R, **still, metric="euclidean", exclude_queries=False)
    exactly(answer.word, [3], "unless it is asked for")


@law("P117", on=["embedding.average", "system.deep_averaging_network"])
def a_mean_knows_no_order(nn: Any, draw: Draw) -> None:
    m, V, D, C = draw.size(1, 6), 5, draw.size(1, 3), draw.size(1, 3)
    order = draw.rng.permutation(m)
    w, mask = draw.reals(2, m, D), draw.integers(2, m, low=0, high=1)
    a = nn("embedding.average", w=w, mask=mask).average
    same(a, nn("embedding.average", w=w[:, order], mask=mask[:, order]).average, "the average")
    poisoned = np.where(mask[..., None] == 1, w, 1e6)
    exactly(nn("embedding.average", w=poisoned, mask=mask).average, a, "words outside the mask")
    words = draw.index(2, m, below=V)
    given = {"E": draw.reals(V, D), "W": [draw.reals(3, D)], "b": [draw.reals(3)], "U": draw.reals(C, 3)}
    given["c"] = draw.reals(C)
    z = nn("system.deep_averaging_network", words=words, mask=mask, **given).z
    again = nn("system.deep_averaging_network", words=words[:, order], mask=mask[:, order], **given).z
    same(z, again, "the network on it")


@law("P117", on=["embedding.average"])
def the_mean_of_nothing_is_zero(nn: Any, draw: Draw) -> None:
    exactly(nn("embedding.average", w=np.zeros((2, 0, 3))).average, np.zeros((2, 3)), "no words")
    w = draw.reals(2, 4, 3)
    exactly(nn("embedding.average", w=w, mask=np.zeros((2, 4))).average, np.zeros((2, 3)), "no word chosen")


@law("P129", on=["embedding.glove_weight"])
def glove_weight_is_a_ramp(nn: Any, draw: Draw) -> None:
    x = np.sort(np.concatenate([draw.positive(30, scale=130.0), [0.0, 100.0, 100.0 * (1 - 2.0**-40), 101.0]]))
    f = nn("embedding.glove_weight", x=x[None], **_F).f[0]
    within(f, 0.0, 1.0, "0 ≤ f ≤ 1")
    exactly(f[:1], [0.0], "f(0) = 0")
    exactly(f[x >= 100.0], np.ones((x >= 100.0).sum()), "f = 1 from 100 on")
    at_most(f[:-1], f[1:], "f does not decrease")
    at_most(x[x <= 100.0] / 100.0, f[x <= 100.0], "above its chord")
    at_most(1 - 2.0**-40, f[int(np.searchsorted(x, 100.0)) - 1], "no jump at 100")
