"""Worked numbers about threshold logic and XOR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import tanh
from typing import Any

from nnspec_conformance.golden import golden, near
from nnspec_reference import logic, unit
from nnspec_reference.scalars import Vector

INPUTS = [Vector(bits) for bits in product((0, 1), repeat=2)]  # 00, 01, 10, 11
AND, OR, XOR = [0, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0]


def _table(f: Callable[[Vector], Any]) -> list[Any]:
    return [f(x) for x in INPUTS]


@golden("W01", "W02", "W03")
def tables() -> None:
    """AND 0001, OR 0111, XOR 0110 over 00, 01, 10, 11, the same in all three notes."""
    assert [list(column) for column in zip(*_table(logic.truth_tables), strict=True)] == [AND, OR, XOR]


@golden("W04", "X13")
def xor_is_not_linearly_separable() -> None:
    """A perceptron for XOR is impossible: the four conditions on (w_1, w_2, b) add up to 0 > 0.

    Each input demands z > 0 or z ≤ 0 (under "ge": z ≥ 0 or z < 0). As linear forms that must not be negative,
    the demands sum to the zero form, although at least one of them is strict.
    """
    forms = [[s * v for v in (*x, 1)] for x, y in zip(INPUTS, XOR, strict=True) for s in [1 if y else -1]]
    assert [sum(column) for column in zip(*forms, strict=True)] == [0, 0, 0]
    assert {0, 1} <= set(XOR), "so that some demand is strict: z > 0 where y = 1, or z < 0 where y = 0"
    # AND and OR have witnesses
    for w, b, wanted in ((Vector((2, 2)), -3, AND), (Vector((2, 2)), -1, OR)):
        for tie in ("gt", "ge"):
            assert [unit.perceptron(x, w, b, tie) for x in INPUTS] == wanted
    # nor does any perceptron on a grid
    for w_1, w_2, b in product(range(-6, 7), repeat=3):
        for tie in ("gt", "ge"):
            assert [unit.perceptron(x, Vector((w_1, w_2)), b, tie) for x in INPUTS] != XOR


@golden("W05", "W05b", "E08")
def textbook_weights_need_the_strict_rule() -> None:
    """AND (1, 1, −1) and OR (1, 1, 0) hold under z > 0; under z ≥ 0 they compute 0111 and 1111."""

    def both(weights: str, tie: str) -> tuple[list[Any], list[Any]]:
        columns = zip(*_table(lambda x: logic.perceptron_and_or(x, weights, tie)), strict=True)
        first, second = (list(column) for column in columns)
        return first, second

    assert both("textbook", "gt") == (AND, OR)
    assert both("textbook", "ge") == ([0, 1, 1, 1], [1, 1, 1, 1])
    assert both("tie_free", "gt") == both("tie_free", "ge") == (AND, OR)
    # the tie-free weights as the ledger gives them
    for b, wanted in ((-1.5, AND), (-0.5, OR)):
        for tie in ("gt", "ge"):
            assert [unit.perceptron(x, Vector((1, 1)), b, tie) for x in INPUTS] == wanted


@golden("W06", "E19")
def the_printed_tanh_instance_is_xor_only_after_a_threshold() -> None:
    """−x_1 − x_2 + 2 tanh(x_1 + x_2) gives 0, 0.523, 0.523, −0.072, marked as working."""
    values = _table(lambda x: logic.xor_linear_tanh(x, Vector((-1, -1, 2))))
    assert near(values, [0, 0.5231883119115297, 0.5231883119115297, -0.0719448398483662])
    assert not near(values, XOR, 0.1), "the values are not XOR"
    assert [int(y > 0) for y in values] == [int(y > 0.5) for y in values] == XOR
    assert [int(y >= 0) for y in values] == [1, 1, 1, 0], "00 gives exactly 0"


@golden("W07")
def the_linear_model_fails() -> None:
    """a_1 x_1 + a_2 x_2 would need a_1 = a_2 = 1 and a_1 + a_2 = 0."""
    at_01, at_10 = (logic.xor_linear_tanh(x, Vector((1, 1, 0))) for x in INPUTS[1:3])
    assert (at_01, at_10) == (1, 1)
    assert logic.xor_linear_tanh(INPUTS[3], Vector((1, 1, 0))) == 2 != XOR[3]


@golden("W07b", "E19")
def exact_coefficients() -> None:
    """a_1 = a_2 = −a_3 tanh(2)/2 and a_3 = 1/(tanh 1 − tanh(2)/2) give 0, 1, 1, 0."""
    a_3 = 1 / (tanh(1) - tanh(2) / 2)
    a_1 = -a_3 * tanh(2) / 2
    assert near(a_1, -1.7240616609663109)
    assert near(a_3, 3.5767890807246827)
    assert near(_table(lambda x: logic.xor_linear_tanh(x, Vector((a_1, a_1, a_3)))), XOR)


@golden("W08", "E18")
def the_last_formula_is_good_and_not_not() -> None:
    """−2x_1 − x_2 + 2 tanh(x_1 + x_2) stands under the title XOR; its signs are 0, +, −, −."""
    values = _table(logic.not_good_score)
    expected = [0, 0.5231883119115297, -0.4768116880884703, -1.0719448398483662]
    assert near(values, expected)
    positive = [int(y > 0) for y in values]
    assert positive != XOR
    assert positive == [int(good and not no) for no, good in INPUTS]


@golden("W09")
def two_layers_of_relu() -> None:
    """Goodfellow's network gives 0, 1, 1, 0, exactly in floating point too."""
    assert _table(lambda x: logic.xor_relu_network(x)[1]) == XOR
    assert [logic.xor_relu_network(Vector(map(float, x)))[1] for x in INPUTS] == XOR


@golden("W10")
def threshold_units() -> None:
    """(y', x) = 00, 01, 10, 11: h_1 = 0001, h_2 = 0111, y = 0110."""
    columns: Sequence[tuple[Any, ...]] = list(zip(*_table(lambda x: logic.xor_threshold_network(*x)), strict=True))
    assert [list(c) for c in columns] == [AND, OR, XOR]
