"""Mistakes in gradients of simple models and in clipping."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import variant
from nnspec_reference.gradient import clip_norm, clip_value, simple_cases
from nnspec_reference.scalars import (
    Matrix,
    absolute,
    concat,
    detach,
    largest,
    maximum,
    minimum,
    outer,
    sigmoid,
    softmax,
    sqrt,
    square,
    total,
)


# --------------------------------------------------------------------------------------- simple cases
@variant("gradient.simple_cases", "the sign of the likelihood's gradient: y − ŷ", source="WX's err(root); E70")
def of_the_likelihood(x: Any, y: Any, W: Any, b: Any = None, output: str = "softmax") -> Any:
    W_bar, b_bar = simple_cases(x, y, W, b, output)
    return -W_bar, -b_bar


@variant("gradient.simple_cases", "sigmoid and softmax are exchanged")
def other_output(x: Any, y: Any, W: Any, b: Any = None, output: str = "softmax") -> Any:
    return simple_cases(x, y, W, b, "sigmoid" if output == "softmax" else "softmax")


@variant("gradient.simple_cases", "least squares: the slope ŷ (1 − ŷ) is still there")
def of_least_squares(x: Any, y: Any, W: Any, b: Any = None, output: str = "softmax") -> Any:
    z = W @ x if b is None else W @ x + b
    p = softmax(z) if output == "softmax" else sigmoid(z)
    error = (p - y) * p * (1 - p)
    return outer(error, x), error


@variant("gradient.simple_cases", "the bias is left out of the prediction")
def prediction_without_bias(x: Any, y: Any, W: Any, b: Any = None, output: str = "softmax") -> Any:
    return simple_cases(x, y, W, None, output)


# ---------------------------------------------------------------------------------------- clip by norm
def _norm(g: Any) -> Any:
    m = detach(largest(absolute(g)))
    return 0 if m == 0 else m * sqrt(total(square(g / m)))


def _per_scope(g: Any, scope: str, factor: Any) -> Any:
    if scope == "tensor":
        return Matrix(row * factor(row) for row in g)
    return g * factor(concat(*g))


def _is_zero(g: Any) -> bool:
    return all(g_i == 0 for g_i in g)


@variant("gradient.clip_norm", "one norm per tensor where a global one is asked for, and the reverse", source="E59")
def other_scope(g: Any, max_norm: Any, scope: str = "global") -> Any:
    return clip_norm(g, max_norm, "tensor" if scope == "global" else "global")


@variant("gradient.clip_norm", "also scales up to the norm η", source="student error S17")
def scales_up(g: Any, max_norm: Any, scope: str = "global") -> Any:
    return _per_scope(g, scope, lambda v: 1 if _is_zero(v) else max_norm / _norm(v))


@variant("gradient.clip_norm", "divides by ‖g‖ + 10⁻⁶", source="torch.nn.utils.clip_grad_norm_")
def epsilon_in_the_norm(g: Any, max_norm: Any, scope: str = "global") -> Any:
    def factor(v: Any) -> Any:
        norm = _norm(v)
        epsilon = (max_norm / max_norm) / 10**6
        return 1 if _is_zero(v) else minimum(max_norm / (norm + epsilon), max_norm / max_norm)

    return _per_scope(g, scope, factor)


@variant("gradient.clip_norm", "divides by the squared norm: the root is missing")
def root_missing(g: Any, max_norm: Any, scope: str = "global") -> Any:
    return _per_scope(g, scope, lambda v: max_norm / maximum(max_norm, total(square(v))))


@variant("gradient.clip_norm", "the norm is Σ|g|")
def norm_of_absolutes(g: Any, max_norm: Any, scope: str = "global") -> Any:
    return _per_scope(g, scope, lambda v: max_norm / maximum(max_norm, total(absolute(v))))


@variant("gradient.clip_norm", "the norm is max|g|")
def largest_entry(g: Any, max_norm: Any, scope: str = "global") -> Any:
    return _per_scope(g, scope, lambda v: max_norm / maximum(max_norm, largest(absolute(v))))


@variant("gradient.clip_norm", "the norm counts as a constant of the derivative", source="torch.no_grad around it")
def norm_detached(g: Any, max_norm: Any, scope: str = "global") -> Any:
    return _per_scope(g, scope, lambda v: 1 if _is_zero(v) else detach(max_norm / maximum(max_norm, _norm(v))))


@variant("gradient.clip_norm", "clips every entry instead: clip_value", source="WX; E59")
def by_value(g: Any, max_norm: Any, scope: str = "global") -> Any:
    return maximum(minimum(g, max_norm), -max_norm)


# --------------------------------------------------------------------------------------- clip by value
@variant("gradient.clip_value", "only large positive entries are clipped", source="WX: 'a max value'")
def only_above(g: Any, max_value: Any) -> Any:
    return minimum(g, max_value)


@variant("gradient.clip_value", "the whole vector is scaled by c / max|g|")
def scales_all(g: Any, max_value: Any) -> Any:
    return g * (max_value / maximum(max_value, largest(absolute(g))))


@variant("gradient.clip_value", "clips the norm", source="DR, G15; E59")
def by_norm(g: Any, max_value: Any) -> Any:
    return g * (max_value / maximum(max_value, _norm(g))) if not _is_zero(g) else g


@variant("gradient.clip_value", "the derivative of a clipped entry is 1: straight through")
def straight_through(g: Any, max_value: Any) -> Any:
    return detach(clip_value(g, max_value)) + (g - detach(g))
