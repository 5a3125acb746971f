"""Mistakes in computation graphs and dual numbers."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import variant
from nnspec_reference.autodiff import computation_graph
from nnspec_reference.scalars import detach


@variant("autodiff.computation_graph", "the factor 2 sits on a: c (2a + b)")
def two_on_a(a: Any, b: Any, c: Any) -> Any:
    e = 2 * a + b
    return 2 * a, e, c * e


@variant("autodiff.computation_graph", "L = c + e: the last node adds")
def last_node_adds(a: Any, b: Any, c: Any) -> Any:
    d, e, _ = computation_graph(a, b, c)
    return d, e, c + e


@variant(
    "autodiff.computation_graph",
    "an adjoint is assigned instead of added: what e and d had received is lost",
    source="karpathy/nn-zero-to-hero #52; L14 omits the sum (E62)",
)
def adjoints_overwrite(a: Any, b: Any, c: Any) -> Any:
    d, e, L = computation_graph(a, b, c)
    return detach(d), detach(e), L


@variant("autodiff.computation_graph", "the local derivative ∂d/∂b is 1: its factor 2 is lost backwards")
def local_derivative_lost(a: Any, b: Any, c: Any) -> Any:
    d = detach(b) + b
    return d, a + d, c * (a + d)


@variant("autodiff.forward_dual", "half of the product rule: u dv alone")
def half_a_product_rule(u: Any, du: Any, v: Any, dv: Any) -> Any:
    return u * v, u * dv


@variant("autodiff.forward_dual", "the derivative of a product is the product of the derivatives: du dv")
def product_of_derivatives(u: Any, du: Any, v: Any, dv: Any) -> Any:
    return u * v, du * dv


@variant("autodiff.forward_dual", "2 u du, which is right for a square alone", source="WX prints the square")
def square_rule(u: Any, du: Any, v: Any, dv: Any) -> Any:
    return u * v, 2 * u * du


@variant("autodiff.forward_dual", "the factors u and v count as constants of dy", source="detached values")
def derivative_detached(u: Any, du: Any, v: Any, dv: Any) -> Any:
    return u * v, detach(u) * dv + detach(v) * du
