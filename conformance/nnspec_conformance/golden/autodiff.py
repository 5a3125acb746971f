"""Worked numbers of computation graphs and dual numbers."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.golden import golden
from nnspec_reference.autodiff import Dual, Var, backward, computation_graph, forward_dual, reverse_mode


@golden("W14")
def forward_pass() -> None:
    """L(3, 1, −2): d = 2, e = 5, L = −10."""
    assert computation_graph(3, 1, -2) == (2, 5, -10)


@golden("W15")
def backward_pass() -> None:
    """∂L/∂a, ∂L/∂b, ∂L/∂c, ∂L/∂d, ∂L/∂e = −2, −4, 5, −2, −2: by the tape, and by the printed chain."""
    a, b, c = Var(3), Var(1), Var(-2)
    d, e, L = computation_graph(a, b, c)
    adjoints = backward(L)
    assert [adjoints[v.id] for v in (a, b, c, d, e)] == [-2, -4, 5, -2, -2]
    assert reverse_mode(lambda a, b, c: computation_graph(a, b, c)[2], (3, 1, -2)) == (-2, -4, 5)
    L_e, e_a, e_d, d_b = -2, 1, 1, 2  # ∂L/∂e = c and the printed local derivatives
    assert (L_e * e_a, L_e * e_d * d_b) == (-2, -4)


@golden("W19b")
def square_of_three() -> None:
    """y = x·x at x = 3, dx = 1: (9, 6)."""
    assert forward_dual(3, 1, 3, 1) == (9, 6)
    x = Dual(3, 1)
    assert ((x * x).y, (x * x).dy) == (9, 6)


@golden("E62")
def contributions_add_at_fan_out() -> None:
    """L = e·e with e = a + b: L14's steps, which pass on one contribution, give e; the sum is 2e."""

    def L(a: Any, b: Any) -> Any:
        e = a + b
        return e * e

    assert reverse_mode(L, (3, 4)) == (14, 14)
    e = Var(7)
    assert [local for _, local in (e * e).parents] == [7, 7]  # two edges, of which one alone gives 7
    # an input without a use has the sum over no uses
    assert reverse_mode(lambda a, b: a * a, (3, 4)) == (6, 0)
