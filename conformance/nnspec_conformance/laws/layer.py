"""Properties of layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, exactly, law, same

_ACTIVATIONS = ["sigmoid", "tanh", "relu", "identity"]


def _layer(draw: Draw) -> dict[str, Any]:
    B, m, n = draw.size(), draw.size(), draw.size()
    return {"x": draw.reals(B, n), "W": draw.reals(m, n), "b": draw.reals(m)}


@law("P15", on=["layer.affine", "layer.dense", "unit.weighted_sum", "unit.neuron"])
def the_matrix_form_is_the_units_one_by_one(nn: Any, draw: Draw) -> None:
    given, activation = _layer(draw), draw.choice(_ACTIVATIONS)
    z, h = nn("layer.affine", **given).z, nn("layer.dense", **given, activation=activation).h
    for i, w in enumerate(given["W"]):
        one = {"x": given["x"], "w": w, "b": given["b"][i]}
        same(z[:, i], nn("unit.weighted_sum", **one).z, f"unit {i}: row {i} of W")
        same(h[:, i], nn("unit.neuron", **one, activation=activation).y, f"unit {i} with its activation")


@law("P15", on=["layer.affine", "unit.weighted_sum"])
def the_gradient_of_a_layer_is_that_of_its_units(nn: Any, draw: Draw) -> None:
    given = _layer(draw)
    z_bar = draw.reals(given["x"].shape[0], given["W"].shape[0])
    whole = nn.gradient("layer.affine", {"z": z_bar}, **given)
    units = [
        nn.gradient("unit.weighted_sum", {"z": z_bar[:, i]}, x=given["x"], w=w, b=given["b"][i])
        for i, w in enumerate(given["W"])
    ]
    for i, one in enumerate(units):
        same(whole.W[i], one.w, "W̄ = z̄ xᵀ")
        same(whole.b[i], one.b, "b̄ = z̄")
    fan_out = units[0].x
    for one in units[1:]:
        fan_out = fan_out + one.x
    same(whole.x, fan_out, "x̄ = Wᵀ z̄")


@law("P19", on=["layer.affine", "layer.dense"])
def a_batch_is_a_stack_of_examples(nn: Any, draw: Draw) -> None:
    given, activation = _layer(draw), draw.choice(_ACTIVATIONS)
    x = given.pop("x")
    z, h = nn("layer.affine", x=x, **given).z, nn("layer.dense", x=x, **given, activation=activation).h
    h_bar = draw.reals(*h.value.shape)
    batch = nn.gradient("layer.dense", {"h": h_bar}, x=x, **given, activation=activation)
    W_bar, b_bar = None, None
    for row in range(len(x)):
        one = slice(row, row + 1)
        same(z[one], nn("layer.affine", x=x[one], **given).z, f"example {row}")
        same(h[one], nn("layer.dense", x=x[one], **given, activation=activation).h, f"example {row}")
        found = nn.gradient("layer.dense", {"h": h_bar[one]}, x=x[one], **given, activation=activation)
        same(batch.x[one], found.x, f"gradient of example {row}")
        W_bar = found.W if W_bar is None else W_bar + found.W
        b_bar = found.b if b_bar is None else b_bar + found.b
    same(batch.W, W_bar, "W̄ is the sum over the examples")
    same(batch.b, b_bar, "b̄ is the sum over the examples")


@law("P122", on=["layer.dense", "unit.sigmoid_neuron"])
def a_sigmoid_layer_is_a_bank_of_logistic_regressions(nn: Any, draw: Draw) -> None:
    given = _layer(draw)
    h = nn("layer.dense", **given, activation="sigmoid").h
    i = int(draw.index(below=h.value.shape[1]))
    one = {"x": given["x"], "w": given["W"][i], "b": given["b"][i]}
    same(h[:, i], nn("unit.sigmoid_neuron", **one).y, "h_i = σ(w_i · x + b_i)")
    h_bar = np.zeros_like(h.value)
    h_bar[:, i] = draw.reals(len(h_bar))
    whole = nn.gradient("layer.dense", {"h": h_bar}, **given, activation="sigmoid")
    alone = nn.gradient("unit.sigmoid_neuron", {"y": h_bar[:, i]}, **one)
    same(whole.W[i], alone.w, "each learns from its own output")
    same(whole.b[i], alone.b, "each learns from its own output")
    exactly(np.delete(whole.W.value, i, 0), np.zeros_like(np.delete(given["W"], i, 0)), "and the others do not")
