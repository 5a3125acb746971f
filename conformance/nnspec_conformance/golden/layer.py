"""Worked numbers about layers."""

from __future__ import annotations

from nnspec_conformance.golden import golden
from nnspec_reference import layer, unit
from nnspec_reference.scalars import Matrix, Vector

X = Vector((0.5, -2.0, 1.5))
W = Matrix((Vector((1.0, -0.25, 2.0)), Vector((-3.0, 0.5, 0.75))))
B = Vector((0.125, -1.0))


@golden("X09")
def one_matrix_for_the_whole_layer() -> None:
    """L14 asks for the advantage of one matrix: one product computes what the units do one by one."""
    assert layer.affine(X, W, B) == tuple(unit.weighted_sum(X, w_i, b_i) for w_i, b_i in zip(W, B, strict=True))
    h = layer.dense(X, W, B, "sigmoid")
    assert h == tuple(unit.sigmoid_neuron(X, w_i, b_i) for w_i, b_i in zip(W, B, strict=True))


@golden("E61")
def bias_free_layers_are_layers() -> None:
    """G15's h = g(W x) is L14's with b = 0."""
    assert layer.dense(X, W) == layer.dense(X, W, Vector((0.0, 0.0)))
    assert layer.dense(X, W) != layer.dense(X, W, B)
