"""Backpropagation's printed equations, and what is wrong with them."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.golden import golden
from nnspec_reference import backprop
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Matrix, Vector, dot, exp, log, outer, softmax, tanh, total

_F = Vector([1.0, -2.0, 0.5])
_V = Matrix([Vector([0.5, 0.25, -1.0]), Vector([-0.5, 1.0, 0.75])])
_W = Matrix([Vector([1.0, 0.5]), Vector([-1.0, 0.25]), Vector([0.0, -0.75]), Vector([0.5, 0.5])])
_GOLD = 2


def _likelihood(s: Vector) -> Any:
    """WX: 𝓛 = Wz · e_{i*} − log Σ_j exp(Wz) · e_j."""
    return s[_GOLD] - log(total(exp(s)))


def _close(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_close, a, b))
    return bool(abs(a - b) < 1e-14)


@golden("E06")
def output_weights_are_classes_by_units() -> None:
    """The gradient of W has W's shape (C, d) = (4, 2) and is err zᵀ; the printed z err is (d, C)."""
    z = tanh(_V @ _F)
    p = softmax(_W @ z)
    W_bar = backprop.softmax_output_weights(z, p, _GOLD)
    assert _close(W_bar, grad(lambda W: _likelihood(W @ z), (_W,))[0])
    assert _close(W_bar, outer(backprop.err_root(p, _GOLD), z))
    printed = outer(z, backprop.err_root(p, _GOLD))
    assert (len(W_bar), len(W_bar[0])) == (4, 2) == (len(printed[0]), len(printed))
    assert _close(W_bar, printed.T)


@golden("E70")
def err_root_is_of_the_likelihood() -> None:
    """err(root) is the gradient of 𝓛; that of the cost −𝓛 is its negative, P − e."""
    s = Vector([0.5, -1.0, 2.0, 0.0])
    err = backprop.err_root(softmax(s), _GOLD)
    assert _close(err, grad(_likelihood, (s,))[0])
    assert not _close(err, grad(lambda s: -_likelihood(s), (s,))[0])
    assert err[_GOLD] > 0 and all(e < 0 for i, e in enumerate(err) if i != _GOLD)
    assert abs(total(err)) < 1e-15


@golden("E06", "E70", "X11")
def steps_of_the_algorithm() -> None:
    """Steps 1 to 5 on softmax(W tanh(V f)) are the tape's gradients of 𝓛, the early layer's included."""
    err, W_bar, err_z, V_bar, err_f = backprop.algorithm(_F, _GOLD, _V, _W)

    def forward(f: Any, V: Any, W: Any) -> Any:
        return _likelihood(W @ tanh(V @ f))

    assert _close((err_f, V_bar, W_bar), grad(forward, (_F, _V, _W)))
    z = tanh(_V @ _F)
    assert _close(err_z, grad(lambda z: _likelihood(_W @ z), (z,))[0])
    assert _close(err, grad(_likelihood, (_W @ z,))[0])


@golden("E52")
def slope_has_the_index_of_its_unit() -> None:
    """z = (0, 2): φ′(z_i) for tanh is 1 and 0.0707; with the index dropped one slope would serve both."""
    h_bar, z, x = Vector([1.0, 1.0]), Vector([0.0, 2.0]), Vector([3.0])
    z_bar, w_bar = backprop.unit_equations(h_bar, z, x)
    tape = grad(lambda z: dot(h_bar, tanh(z)), (z,))[0]
    assert _close(z_bar, tape) and abs(z_bar[1] - 0.0707) < 1e-4
    assert not _close(z_bar, Vector([z_bar[0], z_bar[0]]))
    assert _close(w_bar, ((3.0,), (3.0 * z_bar[1],)))
