"""Mistakes in NLP systems."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import variant
from nnspec_reference import system
from nnspec_reference.scalars import Vector, log, relu, softmax, stop_gradient, total


@variant("system.deep_averaging_network", "the embeddings are added, not averaged", source="NBOW")
def sum_of_embeddings(**given: Any) -> Any:
    mask = given.get("mask")
    m = len(given["words"]) if mask is None else total(mask)
    return system.deep_averaging_network(**{**given, "E": given["E"] * m})


@variant("system.deep_averaging_network", "masked words count in the denominator")
def padding_counts(**given: Any) -> Any:
    mask = given.get("mask")
    if mask is None or not mask:
        return system.deep_averaging_network(**given)
    return system.deep_averaging_network(**{**given, "E": given["E"] * total(mask) / len(mask)})


@variant("system.deep_averaging_network", "the mask is ignored")
def unmasked(**given: Any) -> Any:
    return system.deep_averaging_network(**{**given, "mask": None})


@variant("system.deep_averaging_network", "a repeated word counts once: a set of words")
def set_of_words(**given: Any) -> Any:
    words, mask = given["words"], given.get("mask")
    kept = [k for k, w in enumerate(words) if w not in words[:k]]
    mask = None if mask is None else Vector(mask[k] for k in kept)
    return system.deep_averaging_network(**{**given, "words": [words[k] for k in kept], "mask": mask})


@variant("system.deep_averaging_network", "the layers have no bias")
def no_hidden_biases(**given: Any) -> Any:
    return system.deep_averaging_network(**{**given, "b": [b * 0 for b in given["b"]]})


@variant("system.deep_averaging_network", "a single hidden layer's gradient: the lower ones are constants")
def top_layer_only(**given: Any) -> Any:
    lower = {name: [*map(stop_gradient, given[name][:-1]), given[name][-1]] for name in ("W", "b")}
    return system.deep_averaging_network(**{**given, **lower})


@variant("system.deep_averaging_network", "log-probabilities")
def log_probabilities(**given: Any) -> Any:
    z, p = system.deep_averaging_network(**given)
    return z, log(p)


@variant("system.deep_averaging_network", "the softmax twice")
def softmax_of_softmax(**given: Any) -> Any:
    z, p = system.deep_averaging_network(**given)
    return z, softmax(p)


@variant("system.deep_averaging_network", "every word gets the whole gradient of the average", source="gensim #697")
def undivided_gradient(**given: Any) -> Any:
    mask, E = given.get("mask"), given["E"]
    m = len(given["words"]) if mask is None else total(mask)
    fixed = stop_gradient(E)
    return system.deep_averaging_network(**{**given, "E": fixed + (E - fixed) * m})


@variant("system.coref_scorer", "the score too goes through a ReLU")
def rectified_score(**given: Any) -> Any:
    return relu(system.coref_scorer(**given))


@variant("system.coref_scorer", "the last bias is left out")
def no_output_bias(**given: Any) -> Any:
    return system.coref_scorer(**{**given, "c": given["c"] * 0})


@variant("system.coref_scorer", "the layers are linear")
def linear_layers(**given: Any) -> Any:
    h = given["h_0"]
    for W, b in zip(given["W"], given["b"], strict=True):
        h = W @ h + b
    return total(x * y for x, y in zip(given["u"], h, strict=True)) + given["c"]


@variant("system.coref_scorer", "the derivative of ReLU at 0 follows the other convention")
def other_slope_at_zero(**given: Any) -> Any:
    return system.coref_scorer(**{**given, "grad_at_zero": 1 - given.get("grad_at_zero", 1)})


@variant("system.coref_scorer", "no gradient reaches the input")
def input_held_constant(**given: Any) -> Any:
    return system.coref_scorer(**{**given, "h_0": stop_gradient(given["h_0"])})


@variant("system.coref_scorer", "only the first layer has a bias", source="MXNet #17872")
def bias_of_the_first_layer_only(**given: Any) -> Any:
    b = [b_l if layer == 0 else b_l * 0 for layer, b_l in enumerate(given["b"])]
    return system.coref_scorer(**{**given, "b": b})
