"""Properties of gradients and of clipping."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same, within
from nnspec_conformance.laws.backprop import complex_step


@law("P46", on=["gradient.simple_cases"])
def mean_gradient_is_the_gradient_of_the_mean(nn: Any, draw: Draw) -> None:
    """The examples' gradients, averaged, are the slope of the mean cross-entropy, in both cases."""
    B, D, K = draw.size(), draw.size(), draw.size(2, 4)
    x, y, W, b = draw.reals(B, D), draw.simplex(B, K), draw.reals(K, D), draw.reals(K)
    for output in ("softmax", "sigmoid"):

        def cost(W: Any, b: Any, output: str = output) -> Any:
            z = x @ W.T + b
            if output == "softmax":
                return (np.log(np.exp(z).sum(1)) - (y * z).sum(1)).mean()
            return (y * np.log(1 + np.exp(-z)) + (1 - y) * np.log(1 + np.exp(z))).sum(1).mean()

        found = nn("gradient.simple_cases", x=x, y=y, W=W, b=b, output=output)
        W_bar, b_bar = complex_step(cost, W, b)
        same(found.W_bar.sum(0) * (1.0 / B), W_bar, f"W, {output}")
        same(found.b_bar.sum(0) * (1.0 / B), b_bar, f"b, {output}")


def _gradient(draw: Draw) -> np.ndarray[Any, Any]:
    return draw.reals(draw.size(), draw.size(), scale=draw.choice([1e-3, 1.0, 10.0, 1e6]))


@law("P98", on=["gradient.clip_norm"])
def clipped_norm_is_bounded_and_the_direction_kept(nn: Any, draw: Draw) -> None:
    g, bound = _gradient(draw), draw.choice([1e-3, 0.25, 1.0, 5.0])
    clipped = nn("gradient.clip_norm", g=g, max_norm=bound).clipped
    at_most((clipped * clipped).sum(), bound * bound * (1 + 2.0**-51), "‖g'‖ ≤ η")
    flat, before = clipped.map(np.ravel), g.ravel()
    pivot = int(np.abs(before).argmax())
    for i, entry in enumerate(before):
        same(flat[i] * before[pivot], flat[pivot] * entry, "g' is parallel to g")
        assert flat.value[i] * entry >= 0, "and not reversed"
    if np.linalg.norm(g) > 1.001 * bound:
        same((clipped * clipped).sum(), np.asarray(bound * bound), "‖g'‖ = η where it was above")
    same(nn("gradient.clip_norm", g=clipped.value, max_norm=bound).clipped, clipped, "idempotent")


@law("P98", on=["gradient.clip_norm"])
def below_the_threshold_nothing_changes(nn: Any, draw: Draw) -> None:
    """Bit for bit; the norm η itself and 0 included. Per tensor each row has its own threshold."""
    g = _gradient(draw)
    norm = float(np.linalg.norm(g))
    exactly(nn("gradient.clip_norm", g=g, max_norm=2.0 * norm + 1.0).clipped, g, "below")
    exactly(nn("gradient.clip_norm", g=0.0 * g, max_norm=1.0).clipped, 0.0 * g, "g = 0")
    three_four = 2.0 ** draw.size(1, 9) * np.array([[3.0, 0.0], [0.0, -4.0]])
    bound = float(np.abs(three_four).max() / 4 * 5)
    exactly(nn("gradient.clip_norm", g=three_four, max_norm=bound).clipped, three_four, "‖g‖ = η")
    rows = np.array([[6.0, 8.0], [0.3, 0.4]])
    clipped = nn("gradient.clip_norm", g=rows, max_norm=1.0, scope="tensor").clipped
    exactly(clipped[1], rows[1], "a small tensor beside a large one")
    same(clipped[0], rows[0] / 10.0, "the large one has the norm η")


@law("P98", on=["gradient.clip_norm"])
def clipping_does_not_depend_on_the_scale(nn: Any, draw: Draw) -> None:
    """clip(s g, s η) = s clip(g, η), also where squares would overflow or vanish."""
    g = draw.integers(2, 3)
    clipped = nn("gradient.clip_norm", g=g, max_norm=1.0).clipped
    for scale in (2.0**600, 2.0**-600):
        same(
            nn("gradient.clip_norm", g=scale * g, max_norm=scale).clipped * (1.0 / scale),
            clipped,
            f"× {scale}",
        )


@law("P99", on=["gradient.clip_value"])
def every_entry_is_bounded(nn: Any, draw: Draw) -> None:
    """Each |g_i| ≤ c; entries within keep their value, and so the direction is not kept."""
    g, c = draw.reals(6, scale=draw.choice([1.0, 10.0])), draw.choice([0.25, 1.0, 3.0])
    clipped = nn("gradient.clip_value", g=g, max_value=c).clipped
    within(clipped, -c, c, "|g_i| ≤ c")
    inside = np.abs(g) <= c
    exactly(clipped.value[inside], g[inside], "unchanged within")
    exactly(clipped.value[~inside], c * np.sign(g[~inside]), "the bound outside")
    turned = nn("gradient.clip_value", g=np.array([4.0 * c, c / 2]), max_value=c).clipped.value
    assert turned[1] / turned[0] == 0.5 != 1 / 8, "another direction"


@law("P128", on=["gradient.clip_norm", "gradient.clip_value"])
def clipped_gradients_are_biased(nn: Any, draw: Draw) -> None:
    """g ∈ {3, −1} and η = 1: the clipped average to 0, the clipped average is 1."""

    def norm(g: float) -> Measured:
        clipped: Measured = nn("gradient.clip_norm", g=np.array([[g]]), max_norm=1.0).clipped
        return clipped[0, 0]

    def value(g: float) -> Measured:
        clipped: Measured = nn("gradient.clip_value", g=np.array([g]), max_value=1.0).clipped
        return clipped[0]

    large = float(draw.size(3, 9))
    for clip in (norm, value):
        same((clip(large) + clip(-1.0)) * 0.5, np.asarray(0.0), "the mean of the clipped")
        same(clip((large - 1.0) / 2), np.asarray(1.0), "the clipped mean")
