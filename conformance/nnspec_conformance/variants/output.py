"""Mistakes in reading the output layer."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import variant
from nnspec_reference import output as right
from nnspec_reference.scalars import argmax, mid, sigmoid, stop_gradient, tanh


@variant("output.argmax_decode", "a tie goes to the highest index")
def last_of_the_tied(z: Any) -> Any:
    return tuple(len(z_t) - 1 - argmax(tuple(reversed(z_t))) for z_t in z)


@variant("output.argmax_decode", "the largest in size, not in value")
def largest_magnitude(z: Any) -> Any:
    return tuple(argmax([abs(mid(x)) for x in z_t]) for z_t in z)


@variant("output.argmax_decode", "counts classes from 1")
def classes_from_one(z: Any) -> Any:
    return tuple(y + 1 for y in right.argmax_decode(z))


@variant("output.argmax_decode", "rounds the probabilities first: what is nearly equal is tied")
def rounded_probabilities(z: Any) -> Any:
    return tuple(argmax([round(mid(x), 2) for x in z_t]) for z_t in z)


@variant("output.task_heads", "σ on every node: classes that do not exclude each other", source="multi-label heads")
def sigmoid_for_classes(z: Any, task: str = "multinomial") -> Any:
    return right.task_heads(z, "binary" if task == "multinomial" else task)


@variant("output.task_heads", "the binary node is squashed by tanh")
def binary_tanh(z: Any, task: str = "multinomial") -> Any:
    return tanh(z) if task == "binary" else right.task_heads(z, task)


@variant("output.task_heads", "regression is squashed")
def bounded_regression(z: Any, task: str = "multinomial") -> Any:
    return sigmoid(z) if task == "regression" else right.task_heads(z, task)


@variant("output.task_heads", "the gradient passes straight through, as if every task were a regression")
def straight_through(z: Any, task: str = "multinomial") -> Any:
    return stop_gradient(right.task_heads(z, task)) + (z - stop_gradient(z))
