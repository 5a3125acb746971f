"""Properties of backpropagation's printed equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, law, same

Array = np.ndarray[Any, Any]

_ROUNDING = 2.0**-40
"""A complex step has no truncation error; what remains is rounding, some units of 2⁻⁵³."""


def complex_step(f: Callable[..., Any], *at: Array) -> list[Measured]:
    """The gradient of a real analytic function of arrays: Im f(x + ih) / h for a tiny h."""
    h, found = 2.0**-500, []
    for place, x in enumerate(at):
        slope = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            moved = x.astype(complex)
            moved[index] += 1j * h
            slope[index] = np.imag(f(*at[:place], moved, *at[place + 1 :])) / h
        found.append(Measured(slope, np.full(x.shape, _ROUNDING * max(1.0, float(np.abs(slope).max(initial=0.0))))))
    return found


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.where(np.real(a) > 0, a, 0),
    "identity": lambda a: a,
}


def _network(draw: Draw) -> tuple[Array, int, Array, Array]:
    m, d, C = draw.size(), draw.size(), draw.size(2, 4)
    return draw.reals(m), int(draw.index(below=C)), draw.reals(d, m), draw.reals(C, d)


@law("P44", on=["backprop.algorithm"])
def the_steps_are_the_slopes_of_the_likelihood(nn: Any, draw: Draw) -> None:
    """W̄, V̄, err(z), err(root) and err(f) against 𝓛 = Wz · e_{i*} − log Σ exp(Wz), early layer included."""
    f, gold, V, W = _network(draw)
    for name, g in _ACTIVATIONS.items():

        def likelihood(s: Any) -> Any:
            return s[gold] - np.log(np.exp(s).sum())

        found = nn("backprop.algorithm", f=f[None], gold=np.array([gold]), V=V, W=W, activation=name)
        f_bar, V_bar, W_bar = complex_step(lambda f, V, W, g=g: likelihood(W @ g(V @ f)), f, V, W)
        z = g(V @ f)
        (err_z,) = complex_step(lambda z: likelihood(W @ z), z)
        (err,) = complex_step(likelihood, W @ z)
        pairs = {"W_bar": W_bar, "V_bar": V_bar, "err_f": f_bar, "err_z": err_z, "err_root": err}
        for printed, slope in pairs.items():
            same(getattr(found, printed)[0], slope, f"{printed}, {name}")


@law("P44", on=["backprop.err_root", "backprop.softmax_output_weights"])
def output_weights_by_cases_are_the_outer_product(nn: Any, draw: Draw) -> None:
    """(1 − P) z_j or −P z_j, row by row, is err(root) zᵀ; the rows of err(root) add up to 0."""
    z, p, gold = draw.reals(3, 4), draw.simplex(3, 5), draw.index(3, below=5)
    err = nn("backprop.err_root", p=p, gold=gold).err_root
    W_bar = nn("backprop.softmax_output_weights", z=z, p=p, gold=gold).W_bar
    same(W_bar, err.map(lambda e: e[:, :, None]) * z[:, None, :], "(e − P) zᵀ")
    same(err.sum(1), np.zeros(3), "Σ err(root) = 0")
    for row, i in enumerate(gold):
        assert err.value[row, i] >= 0, "towards the gold class"


@law(
    "P45",
    on=[
        "backprop.algorithm",
        "backprop.err_root",
        "backprop.softmax_output_weights",
        "backprop.hidden_error",
        "backprop.hidden_weights",
        "backprop.unit_equations",
    ],
)
def the_recursion_reproduces_every_signal(nn: Any, draw: Draw) -> None:
    """Step by step, each from the results before it, the separate equations are the algorithm's."""
    m, d, C, B = draw.size(), draw.size(), draw.size(2, 4), 2
    f, gold, V, W = draw.reals(B, m), draw.index(B, below=C), draw.reals(d, m), draw.reals(C, d)
    name = draw.choice(["tanh", "sigmoid", "identity"])
    whole = nn("backprop.algorithm", f=f, gold=gold, V=V, W=W, activation=name)
    # the values remembered from the forward computation; P is recovered from err(root)
    a = f @ V.T
    z = _ACTIVATIONS[name](a)
    p = np.eye(C)[gold] - whole.err_root.value
    p = np.abs(p) / np.abs(p).sum(1, keepdims=True)
    slack = Measured(np.zeros(()), np.asarray(_ROUNDING))  # a, z and P were rounded here, and W̄ and V̄ there
    same(nn("backprop.err_root", p=p, gold=gold).err_root + slack, whole.err_root, "step 1")
    same(nn("backprop.softmax_output_weights", z=z, p=p, gold=gold).W_bar + slack, whole.W_bar, "step 2")
    err_z = nn("backprop.hidden_error", W=W, err_root=whole.err_root.value).err_z
    same(err_z + slack, whole.err_z, "step 3")
    V_bar = nn("backprop.hidden_weights", f=f, err_z=err_z.value, V=V, activation=name).V_bar
    same(V_bar + slack, whole.V_bar, "step 4")
    unit = nn("backprop.unit_equations", h_bar=err_z.value, z=a, x=f, activation=name)
    same(unit.w_bar + slack, whole.V_bar, "step 4, by DR's equations")
    same(nn("backprop.hidden_error", W=V, err_root=unit.z_bar.value).err_z + slack, whole.err_f, "step 5")


@law("P82", on=["backprop.unit_equations"])
def saturated_tanh_units_have_small_gradients(nn: Any, draw: Draw) -> None:
    """|z̄| ≤ 4e^{−2|z|} |h̄|, and the weights' gradient with it."""
    z, h_bar, x = draw.reals(2, 4, scale=15.0), draw.reals(2, 4), draw.reals(2, 3)
    found = nn("backprop.unit_equations", h_bar=h_bar, z=z, x=x, activation="tanh")
    bound = np.abs(h_bar) * 4 * np.exp(-2 * np.abs(z)) * (1 + 2.0**-50)
    at_most(found.z_bar.map(np.abs), bound, "z̄")
    at_most(found.w_bar.map(np.abs), bound[:, :, None] * np.abs(x)[:, None, :] * (1 + 2.0**-50), "w̄")


@law("P127", on=["backprop.unit_equations", "backprop.hidden_error"])
def signals_superpose(nn: Any, draw: Draw) -> None:
    """The backward pass is linear in the incoming gradient, whatever the activation is."""
    one, two, factor = draw.integers(2, 4), draw.integers(2, 4), float(draw.size(2, 5))
    z, x, W = draw.reals(2, 4), draw.integers(2, 3), draw.integers(4, 3)
    for name in _ACTIVATIONS:

        def through(h_bar: Array, name: str = name) -> Any:
            return nn("backprop.unit_equations", h_bar=h_bar, z=z, x=x, activation=name)

        a, b, both = through(one), through(two), through(one + factor * two)
        same(both.z_bar, a.z_bar + factor * b.z_bar, name)
        same(both.w_bar, a.w_bar + factor * b.w_bar, name)

    def error(signal: Array) -> Measured:
        err_z: Measured = nn("backprop.hidden_error", W=W, err_root=signal).err_z
        return err_z

    same(error(one + factor * two), error(one) + factor * error(two), "err(z)")


@law("P127", on=["backprop.algorithm"])
def pullbacks_superpose(nn: Any, draw: Draw) -> None:
    """Also of the algorithm itself: its pullback (a second derivative) is linear in its cotangents."""
    f, gold, V, W = _network(draw)
    call = {"f": f[None], "gold": np.array([gold]), "V": V, "W": W}
    one, two = {"V_bar": draw.integers(1, *V.shape)}, {"W_bar": draw.integers(1, *W.shape)}
    a, b, both = (nn.gradient("backprop.algorithm", seeds, **call) for seeds in (one, two, {**one, **two}))
    for name in ("f", "V", "W"):
        same(getattr(both, name), getattr(a, name) + getattr(b, name), name)
