"""Mistakes in word representations."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import embedding
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    absolute,
    constant,
    dot,
    exp,
    log,
    maximum,
    minimum,
    power,
    sqrt,
    square,
    stop_gradient,
    tanh,
    total,
)


# ----------------------------------------------------------------------------------------- lookup
@variant("embedding.onehot_lookup", "indices count from 1")
def one_based(w: Any, R: Matrix) -> Matrix:
    return Matrix(R[w_i - 1] for w_i in w)


@variant("embedding.onehot_lookup", "a repeated word keeps the last gradient alone", source="PyTorch #1528")
def overwritten_gradient(w: Any, R: Matrix) -> Matrix:
    return Matrix(R[w_i] if w_i not in w[k + 1 :] else stop_gradient(R[w_i]) for k, w_i in enumerate(w))


@variant("embedding.onehot_lookup", "the gradient is divided by how often the word occurs")
def averaged_gradient(w: Any, R: Matrix) -> Matrix:
    counts = [w.count(w_i) for w_i in w]
    fixed = [stop_gradient(R[w_i]) for w_i in w]
    return Matrix(f + (R[w_i] - f) / n for f, w_i, n in zip(fixed, w, counts, strict=True))


@variant("embedding.onehot_lookup", "word 0 is padding: its row has no gradient", source="PyTorch #99181")
def padding_row(w: Any, R: Matrix) -> Matrix:
    return Matrix(R[w_i] if w_i else stop_gradient(R[0]) for w_i in w)


@variant("embedding.onehot_lookup", "scaled by √D", source="transformers")
def scaled_embedding(w: Any, R: Matrix) -> Matrix:
    return Matrix(R[w_i] * sqrt(constant(len(R[0]), R[0][0])) for w_i in w)


@variant("embedding.attribute_network", "the attributes are squashed by tanh before they score")
def squashed_attributes(w: int, A: Matrix, B: Matrix) -> Any:
    return embedding.attribute_network(w, A.map(tanh), B)


@variant("embedding.attribute_network", "e^score is not normalised")
def unnormalised_scores(w: int, A: Matrix, B: Matrix) -> Any:
    score, _ = embedding.attribute_network(w, A, B)
    return score, exp(score)


@variant("embedding.attribute_network", "indices count from 1")
def word_counted_from_one(w: int, A: Matrix, B: Matrix) -> Any:
    return embedding.attribute_network((w - 1) % len(A), A, B)  # word 0 reads the last row


@variant("embedding.attribute_network", "the softmax gradient is its diagonal, p (1 − p)")
def diagonal_softmax_gradient(w: int, A: Matrix, B: Matrix) -> Any:
    score, p = embedding.attribute_network(w, A, B)
    p = stop_gradient(p)
    return score, p + (score - stop_gradient(score)) * (p * (1 - p))


@variant("embedding.attribute_network", "the attributes are not trained")
def frozen_attributes(w: int, A: Matrix, B: Matrix) -> Any:
    return embedding.attribute_network(w, stop_gradient(A), B)


# ------------------------------------------------------------------------------------- similarity
@variant("embedding.dot_similarity", "divided by the dimension")
def mean_product(r_1: Vector, r_2: Vector) -> Any:
    return dot(r_1, r_2) / len(r_1)


@variant("embedding.dot_similarity", "divided by √D", source="scaled dot-product attention")
def scaled_dot(r_1: Vector, r_2: Vector) -> Any:
    return dot(r_1, r_2) / sqrt(constant(len(r_1), r_1[0]))


@gradient_variant("embedding.dot_similarity", "the gradients of both vectors are exchanged")
def exchanged_gradients(gradients: Gradients, arguments: Any) -> Gradients:
    return {"r_1": gradients["r_2"], "r_2": gradients["r_1"]}


@variant("embedding.euclidean_distance", "the square of the distance")
def squared(r_1: Vector, r_2: Vector) -> Any:
    return total(square(a - b) for a, b in zip(r_1, r_2, strict=True))


@variant("embedding.euclidean_distance", "the Manhattan distance, Σ |r_1 − r_2|")
def manhattan(r_1: Vector, r_2: Vector) -> Any:
    return total(absolute(a - b) for a, b in zip(r_1, r_2, strict=True))


@variant("embedding.euclidean_distance", "√(‖r_1 − r_2‖² + 1e-12), to have a slope at 0")
def softened(r_1: Vector, r_2: Vector) -> Any:
    return sqrt(squared(r_1, r_2) + constant(1, r_1[0]) / 10**12)


@variant("embedding.euclidean_distance", "the second vector gets the gradient of the first")
def same_sign_for_both(r_1: Vector, r_2: Vector) -> Any:
    flipped = Vector(2 * stop_gradient(b) - b for b in r_2)
    return embedding.euclidean_distance(r_1, flipped)


@variant("embedding.unit_norm_identity", "expanded with + 2 r_1ᵀ r_2")
def plus_twice_the_product(r_1: Vector, r_2: Vector) -> Any:
    squares, _, unit = embedding.unit_norm_identity(r_1, r_2)
    return squares, dot(r_1, r_1) + 2 * dot(r_1, r_2) + dot(r_2, r_2), unit


@variant("embedding.unit_norm_identity", "at unit norm 1 − r_1ᵀ r_2, half of it")
def cosine_distance(r_1: Vector, r_2: Vector) -> Any:
    squares, expanded, _ = embedding.unit_norm_identity(r_1, r_2)
    return squares, expanded, 1 - dot(r_1, r_2)


@variant("embedding.unit_norm_identity", "the vectors are normalised first")
def normalised_first(r_1: Vector, r_2: Vector) -> Any:
    unit = [r if all(x == 0 for x in r) else r / sqrt(dot(r, r)) for r in (r_1, r_2)]
    return embedding.unit_norm_identity(*unit)


@variant("embedding.unit_norm_identity", "r_1ᵀr_1 + r_2ᵀr_2 is taken for the constant 2 when differentiating")
def constant_norms(r_1: Vector, r_2: Vector) -> Any:
    squares, _, unit = embedding.unit_norm_identity(r_1, r_2)
    norms = stop_gradient(dot(r_1, r_1) + dot(r_2, r_2))
    return squares, norms - 2 * dot(r_1, r_2), unit


def _norm(r: Vector) -> Any:
    return stop_gradient(total(r)) if all(x == 0 for x in r) else sqrt(dot(r, r))


def _refuse_zero(r_1: Vector, r_2: Vector, eps: Any) -> None:
    embedding.cosine_similarity(r_1, r_2, eps)


@variant("embedding.cosine_similarity", "ε under the product of the norms", source="PyTorch before 1.12")
def floor_under_the_product(r_1: Vector, r_2: Vector, eps: Any) -> Any:
    _refuse_zero(r_1, r_2, eps)
    return dot(r_1, r_2) / maximum(_norm(r_1) * _norm(r_2), eps)


@variant("embedding.cosine_similarity", "ε added to the norms")
def added_epsilon(r_1: Vector, r_2: Vector, eps: Any) -> Any:
    _refuse_zero(r_1, r_2, eps)
    return dot(r_1, r_2) / ((_norm(r_1) + eps) * (_norm(r_2) + eps))


@variant("embedding.cosine_similarity", "ε under the squared norms", source="optax #1703")
def floor_under_the_squares(r_1: Vector, r_2: Vector, eps: Any) -> Any:
    _refuse_zero(r_1, r_2, eps)
    n_1, n_2 = (maximum(dot(r, r), eps) for r in (r_1, r_2))
    return dot(r_1, r_2) / sqrt(n_1 * n_2)


@variant("embedding.cosine_similarity", "the similarity of a zero vector is the constant 0", source="burn #5584")
def zero_vector_accepted(r_1: Vector, r_2: Vector, eps: Any) -> Any:
    if any(all(x == 0 for x in r) for r in (r_1, r_2)):
        return 0 * dot(r_1, r_2)
    return embedding.cosine_similarity(r_1, r_2, eps)


@variant("embedding.cosine_similarity", "the gradient takes the norms for constants")
def constant_lengths(r_1: Vector, r_2: Vector, eps: Any) -> Any:
    _refuse_zero(r_1, r_2, eps)
    n_1, n_2 = (maximum(_norm(r), eps) for r in (r_1, r_2))
    return dot(r_1, r_2) / stop_gradient(n_1 * n_2)


@variant("embedding.cosine_similarity", "the dot product: the vectors are taken to have unit norm")
def unnormalised(r_1: Vector, r_2: Vector, eps: Any) -> Any:
    _refuse_zero(r_1, r_2, eps)
    return dot(r_1, r_2)


# ---------------------------------------------------------------------------------- factorisation
@variant("embedding.low_rank_factorization", "the mean of the squares, not their sum")
def mean_square(X: Matrix, R: Matrix, R_tilde: Matrix) -> Any:
    return embedding.low_rank_factorization(X, R, R_tilde) / (len(X) * len(X[0]))


@variant("embedding.low_rank_factorization", "half the squares")
def half(X: Matrix, R: Matrix, R_tilde: Matrix) -> Any:
    return embedding.low_rank_factorization(X, R, R_tilde) / 2


@variant("embedding.low_rank_factorization", "the norm, not its square")
def frobenius_norm(X: Matrix, R: Matrix, R_tilde: Matrix) -> Any:
    cost = embedding.low_rank_factorization(X, R, R_tilde)
    return cost if cost == 0 else sqrt(cost)


@variant("embedding.low_rank_factorization", "X is centred first, as for PCA", source="E46")
def centred(X: Matrix, R: Matrix, R_tilde: Matrix) -> Any:
    means = [total(column) / len(X) for column in X.T]
    X = Matrix(Vector(x - m for x, m in zip(row, means, strict=True)) for row in X)
    return embedding.low_rank_factorization(X, R, R_tilde)


@variant(
    "embedding.low_rank_factorization",
    "the gradient of R̃ comes from the updated R",
    source="hans/glove.py #6",
)
def alternating_gradient(X: Matrix, R: Matrix, R_tilde: Matrix) -> Any:
    E = X - R @ R_tilde.T
    R_bar = stop_gradient(E @ R_tilde * -2)
    moved = stop_gradient(R) - R_bar / 100
    late = embedding.low_rank_factorization(stop_gradient(X), moved, R_tilde)
    first = embedding.low_rank_factorization(X, R, stop_gradient(R_tilde))
    return first + late - stop_gradient(late)


@gradient_variant("embedding.low_rank_factorization", "the gradients lack the factor 2")
def missing_two(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {name: g / 2 for name, g in gradients.items()}


@variant("embedding.glove_weight", "not capped: frequent words weigh more than 1")
def uncapped(x: Vector, x_max: Any, exponent: Any) -> Vector:
    return x.map(lambda x_i: power(x_i / x_max, exponent))


@variant("embedding.glove_weight", "the exponent is left out: min(x / x_max, 1)")
def linear_ramp(x: Vector, x_max: Any, exponent: Any) -> Vector:
    return x.map(lambda x_i: minimum(x_i / x_max, 1))


@variant("embedding.glove_weight", "f(0) = 1, so that zero counts weigh")
def weight_at_zero(x: Vector, x_max: Any, exponent: Any) -> Vector:
    return x.map(lambda x_i: 1 if x_i == 0 else embedding.glove_weight(Vector([x_i]), x_max, exponent)[0])


@variant("embedding.glove_weight", "the exponent outside the scale: x^a / x_max")
def scaled_afterwards(x: Vector, x_max: Any, exponent: Any) -> Vector:
    return x.map(lambda x_i: power(x_i, exponent) / x_max if x_i < x_max else 1)


def _glove(X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, f: Any, target: Any = log) -> Any:
    cost: Any = 0
    for x_i, r_i, b_i in zip(X, R, b, strict=True):
        for x_ij, r_j, b_j in zip(x_i, R_tilde, b_tilde, strict=True):
            if f(x_ij) is not None:
                cost = cost + f(x_ij) * square(dot(r_i, r_j) + b_i + b_j - target(x_ij))
    return cost


def _f(x: Any, x_max: Any, exponent: Any) -> Any:
    return None if x == 0 else embedding.glove_weight(Vector([x]), x_max, exponent)[0]


@variant("embedding.glove_cost", "all non-zero counts weigh 1")
def unweighted(X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any) -> Any:
    return _glove(X, R, R_tilde, b, b_tilde, lambda x: None if x == 0 else 1)


@variant("embedding.glove_cost", "log(1 + x) for log x")
def log_of_one_more(
    X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any
) -> Any:
    return _glove(X, R, R_tilde, b, b_tilde, lambda x: _f(x, x_max, exponent), lambda x: log(1 + x))


@variant("embedding.glove_cost", "the counts themselves are fitted, not their logs")
def counts_for_logs(
    X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any
) -> Any:
    return _glove(X, R, R_tilde, b, b_tilde, lambda x: _f(x, x_max, exponent), lambda x: x)


@variant("embedding.glove_cost", "zero counts are fitted too, as if they were ones", source="E47")
def zeros_as_ones(X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any) -> Any:
    ones = Matrix(row.map(lambda x: constant(1, x) if x == 0 else x) for row in X)
    return embedding.glove_cost(ones, R, R_tilde, b, b_tilde, x_max, exponent)


@variant("embedding.glove_cost", "the context bias is left out")
def no_context_bias(
    X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any
) -> Any:
    return embedding.glove_cost(X, R, R_tilde, b, b_tilde * 0, x_max, exponent)


@variant("embedding.glove_cost", "half the cost", source="the GloVe program")
def half_glove(X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any) -> Any:
    return embedding.glove_cost(X, R, R_tilde, b, b_tilde, x_max, exponent) / 2


@variant("embedding.glove_cost", "the weight is squared with the residual")
def squared_weight(X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any) -> Any:
    return embedding.glove_cost(X, R, R_tilde, b, b_tilde, x_max, 2 * exponent)


@variant("embedding.glove_cost", "only the upper triangle of X is summed", source="text2vec #308")
def upper_triangle(X: Matrix, R: Matrix, R_tilde: Matrix, b: Vector, b_tilde: Vector, x_max: Any, exponent: Any) -> Any:
    upper = Matrix(Vector(x if j >= i else 0 for j, x in enumerate(row)) for i, row in enumerate(X))
    return embedding.glove_cost(upper, R, R_tilde, b, b_tilde, x_max, exponent)


@gradient_variant("embedding.glove_cost", "the biases are not trained")
def frozen_biases(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "b": gradients["b"] * 0, "b_tilde": gradients["b_tilde"] * 0}


@gradient_variant("embedding.glove_cost", "the gradients lack the factor 2")
def glove_gradient_missing_two(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {name: g / 2 for name, g in gradients.items()}


# -------------------------------------------------------------------------------------- analogies
@variant("embedding.analogy", "the signs are exchanged: r_a − r_b + r_c", source="deeplearning4j #5230")
def exchanged_signs(**given: Any) -> Any:
    return embedding.analogy(**{**given, "a": given["b"], "b": given["a"]})


@variant("embedding.analogy", "the words of the query may be answers")
def query_not_excluded(**given: Any) -> Any:
    return embedding.analogy(**{**given, "exclude_queries": False})


@variant("embedding.analogy", "the words of the query are excluded although they are asked for")
def query_always_excluded(**given: Any) -> Any:
    return embedding.analogy(**{**given, "exclude_queries": True})


@variant("embedding.analogy", "the farthest word")
def farthest(**given: Any) -> Any:
    _, closeness = embedding.analogy(**given)
    queries = (given["a"], given["b"], given["c"]) if given.get("exclude_queries", True) else ()
    words = [w for w in range(len(closeness)) if w not in queries]
    return min(words, key=lambda w: float(closeness[w])), closeness


@variant("embedding.analogy", "a tie goes to the last word")
def last_of_a_tie(**given: Any) -> Any:
    word, closeness = embedding.analogy(**given)
    queries = (given["a"], given["b"], given["c"]) if given.get("exclude_queries", True) else ()
    ties = [w for w in range(len(closeness)) if w not in queries and closeness[w] == closeness[word]]
    return ties[-1], closeness


@variant("embedding.analogy", "the cosine without the lengths: a dot product")
def cosine_without_lengths(**given: Any) -> Any:
    metric = given.get("metric", "cosine")
    embedding.analogy(**given)
    return embedding.analogy(**{**given, "metric": "dot" if metric == "cosine" else metric})


@variant("embedding.analogy", "the negative square of the distance")
def squared_closeness(**given: Any) -> Any:
    word, closeness = embedding.analogy(**given)
    return word, closeness.map(lambda x: -x * x) if given.get("metric") == "euclidean" else closeness


# ---------------------------------------------------------------------------------------- average
@variant("embedding.average", "the sum")
def sum_of_vectors(w: Matrix, mask: Vector | None = None) -> Vector:
    n = len(w) if mask is None else total(mask)
    return embedding.average(w, mask) * n


@variant("embedding.average", "masked words count in the denominator")
def padding_counts(w: Matrix, mask: Vector | None = None) -> Any:
    if mask is None or not w:
        return embedding.average(w, mask)
    return embedding.average(w, mask) * total(mask) / len(w)


@variant("embedding.average", "the mask is ignored")
def unmasked(w: Matrix, mask: Vector | None = None) -> Vector:
    return embedding.average(w)


@variant("embedding.average", "no words give 0/0", source="thinc #637")
def undefined_average(w: Matrix, mask: Vector | None = None) -> Vector:
    a = embedding.average(w, mask)
    return a if mask is None or any(m != 0 for m in mask) else a.map(lambda _: nan)


@variant("embedding.average", "every word gets the whole gradient", source="gensim #697")
def undivided_gradient(w: Matrix, mask: Vector | None = None) -> Vector:
    a = stop_gradient(embedding.average(w, mask))
    change = sum_of_vectors(Matrix(w_i - stop_gradient(w_i) for w_i in w), mask)
    return Vector(x + d for x, d in zip(a, change, strict=True))


@gradient_variant("embedding.average", "masked words get a gradient too")
def gradient_of_masked_words(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    mask, g = arguments.get("mask"), gradients["w"]
    chosen = [row for row, m in zip(g, mask, strict=True) if m != 0] if mask else []
    return {"w": Matrix(chosen[0] for _ in g)} if chosen else gradients
