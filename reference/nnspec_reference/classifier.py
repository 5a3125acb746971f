"""Linear classification (ledger section 3)."""

from __future__ import annotations

from nnspec_reference.catalogue import data, equation, index, parameter, real
from nnspec_reference.scalars import Matrix, Vector, argmax


@equation(
    data("f", "C D", draw=("ties",)),
    parameter("w", "D", draw=("ties",)),
    results=[real("scores", "C"), index("y")],
)
def linear_argmax(f: Matrix, w: Vector) -> tuple[Vector, int]:
    """Linear classification with features of input and label.

        ŷ = argmax_y wᵀ f(x, y)

    Row y of `f` is f(x, y). Of labels with equal scores the first is chosen, which the notes leave open;
    without any label there is no answer.

    Source: WX "Neural Networks: motivation".
    """
    scores = f @ w
    return scores, argmax(scores)
