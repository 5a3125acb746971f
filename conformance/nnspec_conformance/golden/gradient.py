"""Clipping: what the notes leave open, and where it bites."""

from __future__ import annotations

from nnspec_conformance.golden import golden
from nnspec_reference.autodiff import grad
from nnspec_reference.gradient import clip_norm, clip_value, simple_cases, vector
from nnspec_reference.scalars import Matrix, Vector, dot, log_sigmoid


@golden("E59")
def norm_and_value_differ() -> None:
    """g = (3, 4), η = c = 1: DR's norm gives (0.6, 0.8), WX's maximal value (1, 1), another direction."""
    (by_norm,) = clip_norm(Matrix([Vector([3.0, 4.0])]), 1)
    assert all(abs(x - y) < 1e-15 for x, y in zip(by_norm, (0.6, 0.8), strict=True))
    assert clip_value(Vector([3.0, 4.0]), 1) == (1, 1)


@golden("E59")
def global_and_per_tensor_differ() -> None:
    """(3, 0), (0, 4), η = 2.5: together of norm 5, halved; each by itself (2.5, 0), (0, 2.5)."""
    g = Matrix([Vector([3.0, 0.0]), Vector([0.0, 4.0])])
    assert clip_norm(g, 2.5) == ((1.5, 0.0), (0.0, 2.0))
    assert clip_norm(g, 2.5, "tensor") == ((2.5, 0.0), (0.0, 2.5))


@golden("E59")
def edges_of_clipping() -> None:
    """The norm η itself and 0 are unchanged; nothing over- or underflows; ∞ and NaN spoil all."""
    on_the_threshold = Matrix([Vector([3.0, -4.0])])
    assert clip_norm(on_the_threshold, 5.0) == on_the_threshold
    zero = Matrix([Vector([0.0, 0.0])])
    assert clip_norm(zero, 1.0) == zero
    assert grad(lambda g: dot(clip_norm(g, 1.0)[0], Vector([1, 1])), (zero,))[0] == ((1, 1),)
    huge, tiny = Matrix([Vector([1e200, 1e200])]), Matrix([Vector([3e-200, 4e-200])])
    assert all(abs(x - 0.5**0.5) < 1e-15 for x in clip_norm(huge, 1.0)[0])
    assert clip_norm(tiny, 1.0) == tiny
    assert all(abs(x / y - 1) < 1e-15 for x, y in zip(clip_norm(tiny, 1e-200)[0], (6e-201, 8e-201), strict=True))
    for entries in ([1.0, float("inf")], [1.0, float("nan")], [0.0, float("nan")], [float("nan"), 0.0]):
        (spoiled,) = clip_norm(Matrix([Vector(entries)]), 1.0)
        assert all(x != x for x in spoiled)


@golden("X11")
def early_layers_need_the_chain_rule() -> None:
    """The last layer's gradient in closed form is the tape's; the tape also gives the early layer's."""
    x, h_weights, w = Vector([1.0, -2.0]), Matrix([Vector([0.5, 0.25])]), Matrix([Vector([2.0])])

    def cost(early: Matrix, last: Matrix) -> object:
        return -dot(log_sigmoid(last @ (early @ x)), Vector([1]))

    early_bar, last_bar = vector(lambda theta: cost(*theta), (h_weights, w))
    closed, _ = simple_cases(h_weights @ x, Vector([1.0]), w, None, "sigmoid")
    assert abs(last_bar[0][0] - closed[0][0]) < 1e-15
    # h = 0, so z = 0 and ŷ − y = −½: the early gradient is −½ · w · x
    assert early_bar == ((-1.0, 2.0),)
