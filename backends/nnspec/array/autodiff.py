"""Computation graphs and dual numbers on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Ops

Array = Any


def computation_graph(ops: Ops, a: Array, b: Array, c: Array) -> Any:
    """L = c (a + 2b), node by node."""
    d = 2.0 * b
    e = a + d
    L = c * e

    def pullback(d_bar: Array, e_bar: Array, L_bar: Array) -> dict[str, Array]:
        e_bar = e_bar + L_bar * c
        return {"a": e_bar, "b": 2.0 * (d_bar + e_bar), "c": L_bar * e}

    return (d, e, L), pullback


def forward_dual(ops: Ops, u: Array, du: Array, v: Array, dv: Array) -> Any:
    """(u, du)(v, dv) = (uv, u dv + v du)."""

    def pullback(y_bar: Array, dy_bar: Array) -> dict[str, Array]:
        return {
            "u": y_bar * v + dy_bar * dv,
            "du": dy_bar * v,
            "v": y_bar * u + dy_bar * du,
            "dv": dy_bar * u,
        }

    return (u * v, u * dv + v * du), pullback
