"""One layer of units (ledger section 3)."""

from __future__ import annotations

from nnspec_reference import activation as activations
from nnspec_reference.catalogue import choice, data, equation, parameter, real
from nnspec_reference.scalars import Matrix, Vector

_EMPTY = {"m": 0, "n": 0}


@equation(
    data("x", "n"),
    parameter("W", "m n"),
    parameter("b", "m", optional=True),
    results=[real("z", "m")],
    least=_EMPTY,
)
def affine(x: Vector, W: Matrix, b: Vector | None = None) -> Vector:
    """Affine map.

        z = W x + b,   z_i = Σ_j W_{ij} x_j + b_i

    W[i, j] goes from input j to unit i, as the product Wx requires. L14 defines W_{ij} as the weight from
    input i to unit j, the transpose, and numbers units by j in W but by i in b (E04); Rumelhart's w_{ji} and
    DR's w_{ij} are to–from, like here.

    Source: L14 "HIDDEN LAYER" (steps 1 and 2); WX "Neural Networks"; DS17 "Good Morning!".
    Errata: E04, E61.
    """
    z = W @ x
    return z if b is None else z + b


@equation(
    data("x", "n"),
    parameter("W", "m n"),
    parameter("b", "m", optional=True),
    options=[choice("activation", "sigmoid", "tanh", "relu", "identity"), choice("grad_at_zero", 1, 0)],
    results=[real("h", "m")],
    least=_EMPTY,
)
def dense(x: Vector, W: Matrix, b: Vector | None = None, activation: str = "sigmoid", grad_at_zero: int = 1) -> Vector:
    """Fully connected layer.

        h = g(W x + b),   g element by element

    g is σ in L14, tanh in DS17, left open in WX; G15 has no bias (E61). One matrix holds the weights of all
    units because the whole layer then is one product, equal to its units one by one (L14's question). A layer
    of sigmoid units is a bank of independent logistic regressions. DR's gradient is z̄_i = h̄_i φ'(z_i),
    w̄_{ij} = z̄_i x_j, printed without the index of z (E52).

    Source: L14 "HIDDEN LAYER" (steps 1 to 3); DS17 "Good Morning!"; WX "Neural Networks", "Deep Neural
    Networks"; G15 [after "NEURAL NETWORKS: INTUITION"]; DR "Plateaux".
    Errata: E52, E61.
    """
    h: Vector = activations.by_name(activation, affine(x, W, b), grad_at_zero)
    return h
