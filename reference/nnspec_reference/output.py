"""What is read off the output layer (ledger section 4)."""

from __future__ import annotations

from typing import Any

from nnspec_reference.catalogue import choice, data, equation, index, real
from nnspec_reference.scalars import argmax, sigmoid
from nnspec_reference.softmax import logits, softmax


@equation(
    data("z", "T C", allows="-inf", draw=("large", "ties", "tiny")),
    results=[index("y", "T")],
    gradient=False,
    time="T",
)
def argmax_decode(z: Any) -> Any:
    """Greedy decoding: the most probable class at every step.

        ŷ_t = argmax_c softmax(z_t)_c

    The softmax keeps the order, so it is left out: computed, it could round two different scores to one
    probability. A tie goes to the lowest index. A masked class (−∞) is never chosen, and a step where all are
    masked is an error.

    Source: L14 [after "RNN APPLICATIONS"].
    """
    return tuple(argmax(logits(z_t)) for z_t in z)


@equation(
    data("z", "n", draw=("large",)),
    options=[choice("task", "multinomial", "binary", "regression")],
    results=[real("y", "n")],
)
def task_heads(z: Any, task: str = "multinomial") -> Any:
    """The output layer for a task.

        multinomial:  y = softmax(z)    one node for each class, the outputs sum to 1
        binary:       y = σ(z)          one node, the probability of the positive class
        regression:   y = z             the identity

    Several binary nodes are as many independent yes/no questions.

    Source: L14 [after "HIDDEN LAYER"]; G15 [after "NEURAL NETWORKS: INTUITION"].
    """
    if task == "multinomial":
        return softmax(logits(z))
    return sigmoid(z) if task == "binary" else z
