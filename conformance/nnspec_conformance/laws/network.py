"""Properties of feedforward networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, exactly, law, same
from nnspec_reference import network

_ACTIVATIONS = ["sigmoid", "tanh", "relu", "identity"]


def _as_exact(a: Measured, b: Measured, why: str) -> None:
    """Two ways to the same numbers: what the equation as a whole may err by, either of them may."""
    same(a, Measured(b.value, np.maximum(a.radius, b.radius)), why)


def _two_layers(draw: Draw) -> dict[str, Any]:
    D, H, C = draw.size(), draw.size(), draw.size()
    return {"W": draw.reals(H, D), "V": draw.reals(C, H), "b": draw.reals(H), "c": draw.reals(C)}


@law("P10", on=["network.linear_composition", "network.two_layer_composition", "layer.affine"])
def linear_layers_collapse(nn: Any, draw: Draw) -> None:
    given = _two_layers(draw)
    x = draw.reals(draw.size(), given["W"].shape[1])
    found = nn("network.linear_composition", x=x, **given)
    same(found.z, found.collapsed, "V(Wx + b) + c = (VW)x + (Vb + c)")
    same(
        found.z,
        nn("network.two_layer_composition", x=x, **given, activation="identity").z,
        "g is the identity",
    )
    whole = {k: draw.integers(*v.shape) for k, v in given.items()}
    x = draw.integers(*x.shape)
    one = nn("layer.affine", x=x, W=whole["V"] @ whole["W"], b=whole["V"] @ whole["b"] + whole["c"]).z
    found = nn("network.linear_composition", x=x, **whole)
    exactly(found.z, one, "one layer, exact on whole numbers")
    exactly(found.collapsed, one, "one layer, exact on whole numbers")


@law("P10", on=["network.linear_composition"])
def both_sides_of_the_collapse_learn_alike(nn: Any, draw: Draw) -> None:
    given = _two_layers(draw)
    x = draw.reals(draw.size(), given["W"].shape[1])
    z_bar = draw.reals(len(x), len(given["V"]))
    left = nn.gradient("network.linear_composition", {"z": z_bar}, x=x, **given)
    right = nn.gradient("network.linear_composition", {"collapsed": z_bar}, x=x, **given)
    for name in ("x", "W", "V", "b", "c"):
        same(getattr(left, name), getattr(right, name), f"gradient of {name}")


@law("P16", on=["network.deep_feedforward", "layer.dense"])
def the_loop_is_a_nested_composition(nn: Any, draw: Draw) -> None:
    n = [draw.size() for _ in range(draw.size(2, 5))]
    L, activation, output = len(n) - 1, draw.choice(_ACTIVATIONS), draw.choice(_ACTIVATIONS)
    W, b = [draw.reals(n[i + 1], n[i]) for i in range(L)], [draw.reals(n[i + 1]) for i in range(L)]
    x = draw.reals(draw.size(), n[0])
    y = nn("network.deep_feedforward", x=x, W=W, b=b, activation=activation, output=output).y
    a = Measured(x, np.zeros_like(x))
    for i in range(L):
        g = output if i == L - 1 else activation
        a = nn("layer.dense", x=a.value, W=W[i], b=b[i], activation=g).h
    _as_exact(y, a, "layer by layer")
    exactly(nn("network.deep_feedforward", x=x, W=[]).y, x, "no layers")


@law("P16", on=["network.two_layer_composition", "network.deep_feedforward", "layer.dense"])
def two_layers_are_the_composed_formula(nn: Any, draw: Draw) -> None:
    given, g = _two_layers(draw), draw.choice(_ACTIVATIONS)
    x = draw.reals(draw.size(), given["W"].shape[1])
    found = nn("network.two_layer_composition", x=x, **given, activation=g)
    y = nn("layer.dense", x=x, W=given["W"], b=given["b"], activation=g).h
    same(found.y, y, "y = g(Wx + b)")
    _as_exact(found.z, nn("layer.dense", x=y.value, W=given["V"], b=given["c"], activation=g).h, "z = g(Vy + c)")
    W, b = [given["W"], given["V"]], [given["b"], given["c"]]
    deep = nn("network.deep_feedforward", x=x, W=W, b=b, activation=g, output=g).y
    _as_exact(found.z, deep, "a deep network of two layers")


@law("P17", on=["network.mlp_softmax", "network.binary_relu_sigmoid", "network.softmax_hidden_classifier"])
def nothing_returns_to_a_lower_layer(nn: Any, draw: Draw) -> None:
    D, H, C = draw.size(), draw.size(), draw.size(2, 5)
    x, W, b = draw.reals(draw.size(), D), draw.reals(H, D), draw.reals(H)
    upper, other = draw.reals(C, H), draw.reals(C, H)

    def run(U: Any) -> list[Measured]:
        mlp = nn("network.mlp_softmax", x=x, W=W, U=U, b=b)
        binary = nn("network.binary_relu_sigmoid", x=x, W1=W, W2=U, b1=b)
        classifier = nn("network.softmax_hidden_classifier", f=x, V=W, W=U, b=b)
        return [mlp.h, binary.z1, binary.a1, classifier.z]

    for one, two in zip(run(upper), run(other), strict=True):
        exactly(one, two, "another upper layer leaves the lower ones alone")
    h_bar = draw.reals(len(x), H)
    found = nn.gradient("network.mlp_softmax", {"h": h_bar}, x=x, W=W, U=upper, b=b)
    exactly(found.U, np.zeros_like(upper), "and what is asked of the lower layer asks nothing of the upper")


@law("P17", on=["network.layered_skip", "network.deep_feedforward"])
def layers_are_set_from_the_bottom_upward(nn: Any, draw: Draw) -> None:
    n = [draw.size(1, 3) for _ in range(4)]
    below = [sum(n[: layer + 1]) for layer in range(3)]
    W = [draw.reals(n[layer + 1], below[layer]) for layer in range(3)]
    b = [draw.reals(n[layer + 1]) for layer in range(3)]
    x = draw.reals(draw.size(), n[0])
    states = x
    for layer in range(3):  # the network cut off after each layer gives the states of that layer
        top = nn("network.layered_skip", x=x, W=W[: layer + 1], b=b[: layer + 1]).y
        single = nn("network.layered_skip", x=states, W=[W[layer]], b=[b[layer]]).y
        _as_exact(top, single, f"layer {layer + 1} reads the states of all layers below")
        states = np.concatenate([states, top.value], 1)
    adjacent = [w.copy() for w in W]
    for layer in range(1, 3):
        adjacent[layer][:, : below[layer - 1]] = 0.0
    chain = [w[:, -n[layer] :] for layer, w in enumerate(adjacent)]
    plain = nn("network.deep_feedforward", x=x, W=chain, b=b, activation="sigmoid", output="sigmoid").y
    same(nn("network.layered_skip", x=x, W=adjacent, b=b).y, plain, "without skip links: a chain of layers")


@law("P17", on=[])
def feedforward_is_acyclic(draw: Draw) -> None:
    units = list(range(draw.size(2, 7)))
    upward = [(i, j) for i in units for j in units if i < j and draw.choice([True, False])]
    order = [int(u) for u in draw.rng.permutation(units)]
    net = network.composition_view(order, upward)
    assert net.feedforward, "links that all lead upward close no cycle"
    place = {u: depth for depth, layer in enumerate(net.layers) for u in layer}
    assert set(place) == set(units) and all(place[i] < place[j] for i, j in upward)
    assert all(place[j] == 1 + max((place[i] for i, k in upward if k == j), default=-1) for j in units)
    if upward:
        i, j = upward[int(draw.index(below=len(upward)))]
        assert not network.composition_view(order, [*upward, (j, i)]).feedforward, "a link back closes a cycle"
    assert not network.composition_view(order, [*upward, (0, 0)]).feedforward, "a unit that reads itself"


@law("P18", on=["network.softmax_hidden_classifier", "network.mlp_softmax", "network.deep_feedforward"])
def logistic_regression_on_the_hidden_layer(nn: Any, draw: Draw) -> None:
    n, d, C = draw.size(), draw.size(), draw.size(2, 5)
    f, V, W = draw.reals(draw.size(), n), draw.reals(d, n), draw.reals(C, d)
    b, c = draw.reals(d), draw.reals(C)
    found = nn("network.softmax_hidden_classifier", f=f, V=V, W=W, b=b, c=c, activation="sigmoid")
    regression = nn("network.deep_feedforward", x=found.z.value, W=[W], b=[c], output="softmax").y
    _as_exact(found.p, regression, "softmax(W z + c) of the network's own z")
    mlp = nn("network.mlp_softmax", x=f, W=V, U=W, b=b, c=c)
    same(mlp.h, found.z, "the same hidden layer")
    same(mlp.y, found.p, "the same classifier, in L14's letters")


@law("P19", on=["network.mlp_softmax", "network.deep_feedforward", "network.layered_skip"])
def batching_changes_nothing(nn: Any, draw: Draw) -> None:
    D, H, C = draw.size(), draw.size(), draw.size()
    x, W, U, b = draw.reals(draw.size(2, 4), D), draw.reals(H, D), draw.reals(C, H), draw.reals(H)
    skip = draw.reals(C, D + H)

    def run(rows: Any) -> list[Measured]:
        mlp = nn("network.mlp_softmax", x=rows, W=W, U=U, b=b)
        deep = nn("network.deep_feedforward", x=rows, W=[W, U], activation="tanh")
        return [mlp.h, mlp.z, mlp.y, deep.y, nn("network.layered_skip", x=rows, W=[W, skip]).y]

    batch = run(x)
    for row in range(len(x)):
        for whole, one in zip(batch, run(x[row : row + 1]), strict=True):
            same(whole[row : row + 1], one, f"example {row}")
