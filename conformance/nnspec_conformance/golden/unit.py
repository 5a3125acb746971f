"""Worked numbers about single units."""

from __future__ import annotations

from itertools import product

from nnspec_conformance.golden import golden, refuses
from nnspec_reference import unit
from nnspec_reference.layer import affine
from nnspec_reference.scalars import Matrix, Vector


@golden("E07")
def mcculloch_pitts_with_threshold_zero_always_fires() -> None:
    """WX prints Σ_{i=0}^n x_i ≥ 0, on bits always true. With x_0 = −θ it is the neuron that is meant."""
    for bits in product((0, 1), repeat=3):
        printed = unit.mcculloch_pitts(Vector(bits), 0)
        assert printed == 1
        for theta in range(5):
            with_x_0 = unit.mcculloch_pitts(Vector((-theta, *bits)), 0)
            assert unit.mcculloch_pitts(Vector(bits), theta) == with_x_0 == (sum(bits) >= theta)
    assert unit.mcculloch_pitts(Vector(()), 0) == 1


@golden("E08")
def the_perceptron_at_zero() -> None:
    """L14 answers 0 at w · x + b = 0 and WX answers 1."""
    x, w = Vector((2, 1)), Vector((1, -2))
    assert unit.weighted_sum(x, w) == 0
    assert unit.perceptron(x, w) == unit.perceptron(x, w, tie="gt") == 0
    assert unit.perceptron(x, w, tie="ge") == 1


@golden("E10")
def the_step_of_a_perceptron_is_not_linear() -> None:
    """L14: "no non-linear activation function". The unit is not linear (not even affine), its boundary is."""

    def y(x: int) -> int:
        return int(unit.perceptron(Vector((x,)), Vector((1,)), -1))

    assert [y(0), y(1), y(2), y(3)] == [0, 0, 1, 1]
    assert y(0) - 2 * y(1) + y(2) != 0, "an affine function has no second difference"


@golden("E39")
def the_sum_is_of_weighted_inputs() -> None:
    """L14's recap: a unit fires "if the sum of weights > threshold"; that sum does not even see the input."""
    w, threshold = Vector((1, 1)), 1
    answers = {bits: unit.perceptron(Vector(bits), w, -threshold) for bits in product((0, 1), repeat=2)}
    assert set(answers.values()) == {0, 1}
    assert (sum(w) > threshold) is True  # as printed: always


@golden("E71")
def a_bias_is_a_threshold_of_the_opposite_sign() -> None:
    """Rumelhart's bias is −θ; WX's older units have all thresholds at 0, which x_0 = 1 makes no loss."""
    w = Vector((2, -1, 3))
    for bits in product((0, 1), repeat=3):
        x = Vector(bits)
        for theta in range(-2, 6):
            fires = sum(a * b for a, b in zip(w, x, strict=True)) > theta
            x_augmented, z = unit.bias_as_unit_input(x, w, -theta)
            assert unit.perceptron(x, w, -theta) == fires == (z > 0)
            assert unit.perceptron(x_augmented, Vector((*w, -theta))) == fires


@golden("E04")
def weights_go_from_input_j_to_unit_i() -> None:
    """L14 defines W_ij from input i to unit j but computes Wx: its own W has the wrong shape for that."""
    x = Vector((1, 10))
    W = Matrix((Vector((1, 2)), Vector((3, 4)), Vector((5, 6))))  # 3 units, 2 inputs
    z = affine(x, W)
    assert z == (21, 43, 65) == tuple(unit.weighted_sum(x, row) for row in W)
    assert tuple(sum(x[i] * W.T[i][j] for i in range(2)) for j in range(3)) == z  # L14's letters: W transposed
    assert refuses(affine, x, W.T), "the printed W does not fit x"


@golden("E61")
def without_a_bias_is_with_a_bias_of_zero() -> None:
    """G15 and part of DR print no biases; leaving them out is not another model."""
    x, w = Vector((2, 3)), Vector((5, -7))
    assert unit.weighted_sum(x, w) == unit.weighted_sum(x, w, 0) == -11
