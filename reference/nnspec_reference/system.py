"""NLP systems built of the parts of the other modules (ledger section 15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec_reference.activation import by_name
from nnspec_reference.catalogue import choice, data, equation, parameter, real
from nnspec_reference.embedding import average, onehot_lookup
from nnspec_reference.scalars import Matrix, Vector, dot, softmax

_GRAD_AT_ZERO = choice("grad_at_zero", 1, 0)


@equation(
    data("words", "m", "index", of="V"),
    data("mask", "m", "bit", optional=True),
    parameter("E", "V n[0]"),
    parameter("W", "n[l+1] n[l]", each="L"),
    parameter("b", "n[l+1]", each="L"),
    parameter("U", "C n[L]"),
    parameter("c", "C"),
    options=[choice("activation", "relu", "tanh", "sigmoid"), _GRAD_AT_ZERO],
    results=[real("z", "C"), real("p", "C")],
    least={"m": 0},
)
def deep_averaging_network(
    words: Sequence[int],
    mask: Vector | None,
    E: Matrix,
    W: Sequence[Matrix],
    b: Sequence[Vector],
    U: Matrix,
    c: Vector,
    activation: str = "relu",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    """Deep averaging network (Iyyer et al. 2015).

        av = (1/m) Σ_i E_{w_i},   h_1 = g(W_1 av + b_1),  h_2 = g(W_2 h_1 + b_2), …
        z = U h_L + c,   p = softmax(z)

    A bag of words: their order has no influence. The words where `mask` is 0 are left out; a text of none has
    av = 0 (E80). WX leaves g open.

    Source: WX "Sentiment Analysis".
    Errata: E80.
    """
    h = average(onehot_lookup(words, E), mask)
    if not h:
        h = Vector(0 for _ in E[0])
    h = _hidden_layers(h, W, b, activation, grad_at_zero)
    z = U @ h + c
    return z, softmax(z)


@equation(
    data("h_0", "n[0]"),
    parameter("W", "n[l+1] n[l]", each="L"),
    parameter("b", "n[l+1]", each="L"),
    parameter("u", "n[L]"),
    parameter("c", ""),
    options=[_GRAD_AT_ZERO],
    results=[real("score")],
)
def coref_scorer(
    h_0: Vector, W: Sequence[Matrix], b: Sequence[Vector], u: Vector, c: Any, grad_at_zero: int = 1
) -> Any:
    """Scorer of a coreference arc: a feedforward network on `features.coref_input`.

        h_i = ReLU(W_i h_{i−1} + b_i),   score = u · h_L + c

    The excerpt breaks off at its input; the layers are those of the paper that it is taken from.

    Source: WX "Coreference Resolution" (named).
    """
    return dot(u, _hidden_layers(h_0, W, b, "relu", grad_at_zero)) + c


def _hidden_layers(h: Vector, W: Sequence[Matrix], b: Sequence[Vector], activation: str, grad_at_zero: int) -> Vector:
    for W_l, b_l in zip(W, b, strict=True):
        h = by_name(activation, W_l @ h + b_l, grad_at_zero)
    return h
