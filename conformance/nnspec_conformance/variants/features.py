"""Mistakes in input features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import features
from nnspec_reference.scalars import Matrix, Vector, concat, sigmoid, stop_gradient


@variant("features.pos_window", "the window is read from right to left")
def next_word_first(**given: Any) -> Any:
    return features.pos_window(**{**given, "words": given["words"][::-1]})


@variant("features.pos_window", "the current word comes first")
def current_word_first(**given: Any) -> Any:
    before, current, after = given["words"]
    return features.pos_window(**{**given, "words": (current, before, after)})


@variant("features.pos_window", "the other features stand before the words")
def features_first(**given: Any) -> Any:
    E, f, words = given["E"], given["features"], given["words"]
    whole = concat(f, *(E[w] for w in words))
    D = len(E[0])
    table = Matrix(Vector(whole[k * D : (k + 1) * D]) for k in range(3))
    return features.pos_window(**{**given, "E": table, "words": (0, 1, 2), "features": whole[3 * D :]})


@variant("features.pos_window", "the weights do not depend on the position: a bag of three words")
def one_block_for_all_positions(**given: Any) -> Any:
    D = len(given["E"][0])
    W = Matrix(concat(row[:D], row[:D], row[:D], row[3 * D :]) for row in given["W"])
    return features.pos_window(**{**given, "W": W})


@variant("features.pos_window", "the hidden bias is left out")
def no_hidden_bias(**given: Any) -> Any:
    return features.pos_window(**{**given, "b": None})


@variant("features.pos_window", "each tag is a sigmoid: they do not sum to 1")
def independent_tags(**given: Any) -> Any:
    z, _ = features.pos_window(**given)
    return z, sigmoid(z)


@variant("features.pos_window", "no activation")
def linear_hidden_layer(**given: Any) -> Any:
    return features.pos_window(**{**given, "activation": "identity"})


@variant("features.pos_window", "the derivative of ReLU at 0 follows the other convention")
def other_slope_at_zero(**given: Any) -> Any:
    return features.pos_window(**{**given, "grad_at_zero": 1 - given.get("grad_at_zero", 1)})


@variant(
    "features.pos_window",
    "a repeated word keeps the gradient of its last position alone",
    source="PyTorch #1528",
)
def overwritten_embedding_gradient(**given: Any) -> Any:
    E, words = given["E"], given["words"]
    rows = [E[w] if w not in words[k + 1 :] else stop_gradient(E[w]) for k, w in enumerate(words)]
    return features.pos_window(**{**given, "E": Matrix(rows), "words": (0, 1, 2)})


def _bucketed(distance: int, starts: tuple[int, ...]) -> tuple[int, Vector]:
    bucket = sum(distance >= start for start in starts)
    return bucket, Vector((*(int(k == bucket) for k in range(10)), distance))


@variant("features.distance_bucket", "5 has a bucket of its own with 4: 4–5, 6–7")
def edge_after_five(distance: int) -> tuple[int, Vector]:
    return _bucketed(distance, (1, 2, 3, 4, 6, 8, 16, 32, 64))


@variant("features.distance_bucket", "upper ends are exclusive: 8 and 64 fall below their buckets")
def edges_exclusive(distance: int) -> tuple[int, Vector]:
    return _bucketed(distance, (1, 2, 3, 4, 5, 9, 17, 33, 65))


@variant("features.distance_bucket", "0 and 1 share a bucket: distances count from 1")
def counted_from_one(distance: int) -> tuple[int, Vector]:
    return features.distance_bucket(max(distance - 1, 0))


@variant("features.distance_bucket", "the raw value is left out")
def no_raw_value(distance: int) -> tuple[int, Vector]:
    bucket, vector = features.distance_bucket(distance)
    return bucket, Vector((*vector[:10], 0))


@variant("features.distance_bucket", "the raw value is capped at 64")
def capped_value(distance: int) -> tuple[int, Vector]:
    bucket, vector = features.distance_bucket(distance)
    return bucket, Vector((*vector[:10], min(distance, 64)))


@variant("features.distance_bucket", "powers of two from the start: 3 falls in with 2", source="bit length")
def bit_length(distance: int) -> tuple[int, Vector]:
    bucket = min(int(distance).bit_length(), 9)
    return bucket, Vector((*(int(k == bucket) for k in range(10)), distance))


@variant("features.coref_input", "the averages stand before the words")
def averages_first(**given: Any) -> Vector:
    h_0, D = features.coref_input(**given), len(given["words"][0])
    return concat(h_0[8 * D : 13 * D], h_0[: 8 * D], h_0[13 * D :])


@variant("features.coref_input", "sentence and mention distance are exchanged")
def exchanged_distances(**given: Any) -> Vector:
    swapped = {"sentence_distance": given["mention_distance"], "mention_distance": given["sentence_distance"]}
    return features.coref_input(**{**given, **swapped})


@variant("features.coref_input", "words side by side by dimension, not by word")
def words_by_dimension(**given: Any) -> Vector:
    h_0, n = features.coref_input(**given), 8 * len(given["words"][0])
    return concat(*given["words"].T, h_0[n:])


@variant("features.coref_input", "position and containment are exchanged")
def exchanged_position(**given: Any) -> Vector:
    return features.coref_input(**{**given, "position": given["contained"], "contained": given["position"]})


@gradient_variant("features.coref_input", "the embeddings of the words are not trained")
def frozen_words(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "words": gradients["words"] * 0}
