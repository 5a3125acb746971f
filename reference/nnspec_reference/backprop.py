"""Backpropagation as the notes print it: error signals from the root to the first layer (ledger section 6).

The notes differentiate the log-likelihood 𝓛 = log P(y = i* | x), which is to be maximised; the gradient of a
cost is the negative of everything on WX's slides (E70).
"""

from __future__ import annotations

from typing import Any

from nnspec_reference.catalogue import choice, data, equation, parameter, real
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    outer,
    relu,
    sigmoid,
    softmax,
    step,
    tanh,
)

_ACTIVATION = choice("activation", "tanh", "sigmoid", "relu", "identity")
_TIE = choice("relu_grad_at_zero", 1, 0)


@equation(data("p", "C", "simplex"), data("gold", kind="index", of="C"), results=[real("err_root", "C")])
def err_root(p: Vector, gold: int) -> Vector:
    """The error signal at the root.

        err(root) = e_{i*} − P(y|x)

    The gradient of the log-likelihood with respect to the scores Wz. A cost has the opposite sign, P − e_{i*}
    (E70). i* is `gold`.

    Source: WX "Computing Gradients: Backpropagation", "Backpropagation".
    Errata: E70.
    """
    return Vector((1 if i == gold else 0) - p_i for i, p_i in enumerate(p))


@equation(
    data("z", "d"),
    data("p", "C", "simplex"),
    data("gold", kind="index", of="C"),
    results=[real("W_bar", "C d")],
)
def softmax_output_weights(z: Vector, p: Vector, gold: int) -> Matrix:
    """The gradient of the output weights.

        ∂𝓛/∂W_ij = (1 − P(y = i|x)) z_j  if i = i*,  otherwise −P(y = i|x) z_j

    As a matrix it is printed z (e_{i*} − P) = z · err(root), which would be (d, C) or undefined; W is (C, d)
    and the gradient err(root) zᵀ (E06).

    Source: WX "Computing Gradients", "Neural Networks for Classification".
    Errata: E06, E70.
    """
    return Matrix(z * (1 - p_i if i == gold else -p_i) for i, p_i in enumerate(p))


@equation(parameter("W", "C d"), data("err_root", "C"), results=[real("err_z", "d")])
def hidden_error(W: Matrix, err_root: Vector) -> Vector:
    """The error signal of the hidden layer.

        ∂𝓛/∂z = err(z) = Wᵀ err(root)

    Source: WX "Computing Gradients: Backpropagation", "Backpropagation".
    """
    return W.T @ err_root


@equation(
    data("f", "m", draw=("ties",)),
    data("err_z", "d"),
    parameter("V", "d m"),
    options=[_ACTIVATION, _TIE],
    results=[real("V_bar", "d m")],
)
def hidden_weights(f: Vector, err_z: Vector, V: Matrix, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Matrix:
    """The gradient of the hidden weights.

        ∂𝓛/∂V_ij = (∂𝓛/∂z)(∂z/∂V_ij),  ∂z/∂V_ij = (∂g(a)/∂a)(∂a/∂V_ij),  a = V f(x)

    which is V̄ = (err(z) ⊙ g′(a)) f(x)ᵀ; the notes stop before this form. `f` is the feature vector f(x).

    Source: WX "Computing Gradients: Backpropagation".
    Errata: E09.
    """
    return outer(err_z * _slope(V @ f, activation, relu_grad_at_zero), f)


@equation(
    data("h_bar", "H"),
    data("z", "H", draw=("ties",)),
    data("x", "D"),
    options=[_ACTIVATION, _TIE],
    results=[real("z_bar", "H"), real("w_bar", "H D")],
)
def unit_equations(
    h_bar: Vector, z: Vector, x: Vector, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> tuple[Vector, Matrix]:
    """Backpropagation through one layer of units.

        z̄_i = h̄_i φ′(z_i)
        w̄_ij = z̄_i x_j

    DR prints φ′(z), without the index (E52): each unit's slope is taken at its own input. Where φ′(z_i) is
    close to 0 the weights of the unit hardly move: a plateau.

    Source: DR "Plateaux".
    Errata: E09, E52.
    """
    z_bar = h_bar * _slope(z, activation, relu_grad_at_zero)
    return z_bar, outer(z_bar, x)


@equation(
    data("f", "m", draw=("ties",)),
    data("gold", kind="index", of="C"),
    parameter("V", "d m"),
    parameter("W", "C d"),
    options=[_ACTIVATION, _TIE],
    results=[
        real("err_root", "C"),
        real("W_bar", "C d"),
        real("err_z", "d"),
        real("V_bar", "d m"),
        real("err_f", "m"),
    ],
)
def algorithm(
    f: Vector, gold: int, V: Matrix, W: Matrix, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> tuple[Vector, Matrix, Vector, Matrix, Vector]:
    """Backpropagation of P(y|x) = softmax(W g(V f(x))), step by step.

        1   err(root) = e_{i*} − P(y|x)
        2   ∂𝓛/∂W = err(root) zᵀ
        3   err(z) = Wᵀ err(root)
        4   ∂𝓛/∂V = (err(z) ⊙ g′(a)) f(x)ᵀ
        5+  err(f(x)) = Vᵀ (err(z) ⊙ g′(a)), from which the layer below continues

    "Need to remember the values from the forward computation": a, z and P are used twice. Gradients of the
    log-likelihood; those of the cost are their negatives (E70).

    Source: WX "Backpropagation", "Backpropagation: Takeaways"; G15 [after "POPULAR ACTIVATION FUNCTIONS"].
    Errata: E06, E70.
    """
    a = V @ f
    z = activate(a, activation, relu_grad_at_zero)
    p = softmax(W @ z)

    error = err_root(p, gold)
    W_bar = outer(error, z)
    err_z = hidden_error(W, error)
    err_a = err_z * _slope(a, activation, relu_grad_at_zero)
    V_bar = outer(err_a, f)
    err_f = V.T @ err_a
    return error, W_bar, err_z, V_bar, err_f


def activate(a: Vector, activation: str, relu_grad_at_zero: int) -> Any:
    """g(a), of each element."""
    if activation == "relu":
        return relu(a, relu_grad_at_zero)
    return a if activation == "identity" else {"tanh": tanh, "sigmoid": sigmoid}[activation](a)


def _slope(a: Vector, activation: str, relu_grad_at_zero: int) -> Vector:
    """g′(a), of each element."""
    if activation == "tanh":
        return a.map(lambda x: 1 - tanh(x) * tanh(x))
    if activation == "sigmoid":
        return a.map(lambda x: sigmoid(x) * (1 - sigmoid(x)))
    if activation == "relu":
        return a.map(lambda x: step(x, "ge" if relu_grad_at_zero else "gt"))
    return a.map(lambda x: 1)
