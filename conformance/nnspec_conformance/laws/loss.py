"""Properties of losses and likelihoods."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same
from nnspec_conformance.laws.softmax import as_exact, exponential, logits


def _targets(draw: Draw, B: int, C: int) -> tuple[Any, Any]:
    i = draw.index(B, below=C)
    return i, np.eye(C)[i]


def _probabilities(draw: Draw, B: int, C: int) -> np.ndarray[Any, Any]:
    """Distributions without zeros."""
    return (1.0 - 2.0**-10) * draw.simplex(B, C) + 2.0**-10 / C


# ------------------------------------------------------------------------------------------------- identities
@law(
    "P34",
    on=["loss.hard_nll", "loss.categorical_cross_entropy", "loss.binary_cross_entropy"],
)
def the_cross_entropies_are_one(nn: Any, draw: Draw) -> None:
    B, C = draw.size(), draw.size(2, 5)
    (i, onehot), y_hat = _targets(draw, B, C), _probabilities(draw, B, C)
    hard = nn("loss.hard_nll", y_hat=y_hat, i=i).L
    as_exact(hard, nn("loss.categorical_cross_entropy", y_hat=y_hat, y=onehot).L, "hard NLL = one-hot CE")
    p, y = draw.index(B, below=33) / 32.0, draw.index(B, below=5) / 4.0
    y = np.where((p == 0.0) | (p == 1.0), p, y)  # certain and right; otherwise any label, hard or soft
    pair = np.stack([p, 1.0 - p], axis=1), np.stack([y, 1.0 - y], axis=1)
    two = nn("loss.categorical_cross_entropy", y_hat=pair[0], y=pair[1]).L
    as_exact(nn("loss.binary_cross_entropy", y_hat=p, y=y).L, two, "binary CE = 2-class CE")


@law(
    "P34",
    on=[
        "loss.softmax_cross_entropy",
        "loss.categorical_cross_entropy_logits",
        "loss.binary_cross_entropy_logits",
        "softmax.vector",
        "activation.sigmoid",
    ],
)
def logits_or_probabilities(nn: Any, draw: Draw) -> None:
    B, C = draw.size(), draw.size(2, 5)
    z, (i, onehot) = draw.integers(B, C), _targets(draw, B, C)
    L = nn("loss.softmax_cross_entropy", z=z, i=i).L
    same(exponential(-L), nn("softmax.vector", z=z).p[np.arange(B), i], "softmax CE is the NLL of the softmax")
    as_exact(nn("loss.categorical_cross_entropy_logits", z=z, y=onehot).L, L, "one-hot target")
    score, y = draw.integers(B, low=-9, high=9), draw.index(B, below=2).astype(float)
    binary = nn("loss.binary_cross_entropy_logits", z=score, y=y).L
    right = np.where(y == 1.0, score, -score)
    same(
        exponential(-binary),
        nn("activation.sigmoid", x=right[:, None]).y[:, 0],
        "logistic CE is the NLL of σ",
    )
    pair = np.stack([score, np.zeros(B)], axis=1)
    two = nn("loss.softmax_cross_entropy", z=pair, i=(1.0 - y).astype(int)).L
    as_exact(binary, two, "logistic CE is the softmax CE of (z, 0)")


@law("P35", on=["loss.softmax_cross_entropy", "softmax.vector"])
def gradient_of_the_softmax_cross_entropy(nn: Any, draw: Draw) -> None:
    B, C = draw.size(), draw.size(2, 6)
    z, (i, onehot) = logits(draw, B, C), _targets(draw, B, C)
    z_bar = nn.gradient("loss.softmax_cross_entropy", {"L": np.ones(B)}, z=z, i=i).z
    as_exact(z_bar, nn("softmax.vector", z=z).p - onehot, "p − e_i, and not WX's e_i − p")
    same(z_bar.sum(axis=1), np.zeros(B), "which sums to 0")


@law("P35", on=["loss.categorical_cross_entropy_logits", "softmax.vector"])
def targets_that_do_not_sum_to_one(nn: Any, draw: Draw) -> None:
    B, C = draw.size(), draw.size(2, 5)
    z, y = draw.integers(B, C), draw.integers(B, C, low=0, high=3)
    z_bar = nn.gradient("loss.categorical_cross_entropy_logits", {"L": np.ones(B)}, z=z, y=y).z
    p = nn("softmax.vector", z=z).p
    as_exact(z_bar, p * y.sum(1, keepdims=True) - y, "(Σ y) p − y")


@law("P36", on=["loss.dataset_log_likelihood", "loss.softmax_cross_entropy"])
def most_likely_is_least_surprised(nn: Any, draw: Draw) -> None:
    m, C, D = draw.size(), draw.size(2, 4), draw.size()
    f, y = draw.integers(m, C, D), draw.index(m, below=C)
    likelihood, cost = [], []
    for _ in range(3):
        w = draw.integers(D)
        likelihood.append(nn("loss.dataset_log_likelihood", w=w, f=f, y=y).L)
        cost.append(nn("loss.softmax_cross_entropy", z=f @ w, i=y).L.sum())
        as_exact(-likelihood[-1], cost[-1], "𝓛 = −Σ CE")
    best = min(range(3), key=lambda n: float(cost[n].value))
    for other in likelihood:
        at_most(other, likelihood[best], "the least cross-entropy is the greatest likelihood")


@law("P37", on=["loss.categorical_cross_entropy", "loss.categorical_cross_entropy_logits"])
def cross_entropy_vanishes_at_the_target(nn: Any, draw: Draw) -> None:
    B, C = draw.size(), draw.size(2, 5)
    _, onehot = _targets(draw, B, C)
    exactly(nn("loss.categorical_cross_entropy", y_hat=onehot, y=onehot).L, np.zeros(B), "= 0 if p = target")
    p = _probabilities(draw, B, C)
    assert (nn("loss.categorical_cross_entropy", y_hat=p, y=onehot).L.value > 0.0).all(), "> 0 otherwise"
    soft = draw.simplex(B, C)
    own, other = (nn("loss.categorical_cross_entropy", y_hat=q, y=soft).L for q in (soft, p))
    at_most(own, other, "least at p = target, for a soft target too")
    z = np.where(onehot == 1.0, draw.integers(B, C), -np.inf)
    same(nn("loss.categorical_cross_entropy_logits", z=z, y=onehot).L, np.zeros(B), "all else masked")


@law("P38", on=["loss.sequence_nll", "loss.sequence_accumulated"])
def log_of_a_product(nn: Any, draw: Draw) -> None:
    B, T, V = draw.size(), draw.size(0, 5), draw.size(2, 4)
    halvings, words = draw.index(B, T, V, below=4), draw.index(B, T, below=V)
    y, target = 0.5**halvings, np.eye(V)[words]
    nll = nn("loss.sequence_nll", target=target, y=y).nll
    product = np.take_along_axis(y, words[:, :, None], axis=2).prod((1, 2))  # exact: powers of two
    same(exponential(-nll), product, "−log Π p = −Σ log p")
    steps = np.take_along_axis(halvings, words[:, :, None], axis=2)[:, :, 0].astype(float)
    exactly(nn("loss.sequence_accumulated", losses=steps).L, steps.sum(1), "Σ_t L_t")
    long = nn("loss.sequence_nll", target=np.ones((1, 40, 1)), y=np.full((1, 40, 1), 2.0**-40)).nll
    same(long, Measured(np.array([1600.0 * np.log(2.0)]), np.array([1e-12])), "where the product underflows")


@law("P39", on=["loss.sequence_nll", "loss.hard_nll", "loss.softmax_cross_entropy"])
def surprise_is_not_negative(nn: Any, draw: Draw) -> None:
    B, C = draw.size(), draw.size(1, 5)
    (i, onehot), p = _targets(draw, B, C), draw.simplex(B, C)
    for L in (
        nn("loss.hard_nll", y_hat=p, i=i).L,
        nn("loss.sequence_nll", target=onehot[:, None, :], y=p[:, None, :]).nll,
        nn("loss.softmax_cross_entropy", z=logits(draw, B, C), i=i).L,
    ):
        at_most(np.zeros(B), L, "−log p ≥ 0")


# -------------------------------------------------------------------------------------------------- convexity
def _below_its_chord(
    nn: Any, ident: str, result: str, argument: str, a: Any, b: Any, sign: float = 1.0, **rest: Any
) -> None:
    """f((a+b)/2) ≤ (f(a)+f(b))/2; a and b are even whole numbers, so that the middle is exact."""
    at_a, at_b, middle = (sign * getattr(nn(ident, **{argument: x}, **rest), result) for x in (a, b, (a + b) / 2.0))
    at_most(middle, 0.5 * (at_a + at_b), f"{ident} lies below its chords")


def _even(draw: Draw, *shape: int) -> np.ndarray[Any, Any]:
    return 2.0 * draw.integers(*shape, low=-4, high=4)


@law("P40", on=["loss.squared_error"])
def squared_error_is_convex_in_the_output(nn: Any, draw: Draw) -> None:
    B = draw.size()
    a, b, t = _even(draw, B), _even(draw, B), draw.integers(B)
    _below_its_chord(nn, "loss.squared_error", "L", "y", a, b, t=t)
    slopes = [nn.gradient("loss.squared_error", {"L": np.ones(B)}, y=y, t=t).y for y in (a, a + 1.0)]
    exactly(slopes[1] - slopes[0], np.ones(B), "its second derivative is 1")


@law("P40", on=["loss.binary_cross_entropy_logits", "activation.sigmoid"])
def logistic_cross_entropy_is_convex_in_the_logit(nn: Any, draw: Draw) -> None:
    B = draw.size()
    a, b, y = _even(draw, B), _even(draw, B), draw.index(B, below=5) / 4.0
    _below_its_chord(nn, "loss.binary_cross_entropy_logits", "L", "z", a, b, y=y)
    h = 2.0**-10
    low, high = (nn.gradient("loss.binary_cross_entropy_logits", {"L": np.ones(B)}, z=z, y=y).z for z in (a - h, a + h))
    s = nn("activation.sigmoid", x=a[:, None]).y[:, 0]
    curvature = s * (1.0 - s)
    # the central difference of σ errs by h²/6 |σ'''| ≤ h²/48
    second = (high - low) * (0.5 / h)
    same(second, curvature + Measured(np.zeros(B), np.full(B, h * h / 48.0)), "its second derivative is σ(1−σ)")


@law("P40", on=["loss.softmax_cross_entropy", "softmax.vector"])
def softmax_cross_entropy_is_convex_in_the_logits(nn: Any, draw: Draw) -> None:
    B, C = draw.size(), draw.size(2, 5)
    a, b, i = _even(draw, B, C), _even(draw, B, C), draw.index(B, below=C)
    _below_its_chord(nn, "loss.softmax_cross_entropy", "L", "z", a, b, i=i)
    g_a, g_b = (nn.gradient("loss.softmax_cross_entropy", {"L": np.ones(B)}, z=z, i=i).z for z in (a, b))
    at_most(np.zeros(B), ((g_b - g_a) * (b - a)).sum(axis=1), "its gradient is monotone")
    h, v = 2.0**-10, draw.integers(B, C)
    low, high = (
        nn.gradient("loss.softmax_cross_entropy", {"L": np.ones(B)}, z=z, i=i).z for z in (a - h * v, a + h * v)
    )
    p = nn("softmax.vector", z=a).p
    mean = (p * v).sum(axis=1)
    hessian = p * (v - mean.map(lambda m: m[:, None]))  # (diag(p) − ppᵀ) v
    # the third derivative of log-sum-exp along v is a third central moment: at most (max v − min v)³
    slack = h * h / 6.0 * (2.0 * np.abs(v).max(1, keepdims=True)) ** 3 * np.ones((1, C))
    same(
        (high - low) * (0.5 / h),
        hessian + Measured(np.zeros((B, C)), slack),
        "its Hessian is diag(p) − ppᵀ ⪰ 0",
    )


@law("P40", on=["loss.logistic_least_squares"])
def least_squares_of_a_logistic_unit_is_not_convex(nn: Any, draw: Draw) -> None:
    """E75: for t = 1 the slope falls where σ(z) < 1/3 and rises where it is greater."""
    turn = -np.log(2.0)
    for side, rises in ((-1.0, False), (1.0, True)):
        near = turn + side * (0.0625 + draw.positive(5))
        far = near + side * 0.25
        left, right = (near, far) if rises else (far, near)
        slopes = [
            nn.gradient("loss.logistic_least_squares", {"L": np.ones(5)}, z=z, t=np.ones(5)).z for z in (left, right)
        ]
        change = slopes[1] - slopes[0]
        assert ((change.value > change.radius) if rises else (change.value < -change.radius)).all(), (
            f"the slope must {'rise' if rises else 'fall'} where σ(z) {'>' if rises else '<'} 1/3"
        )


@law("P41", on=["loss.squared_error", "loss.binary_cross_entropy_logits"])
def regression_is_convex_in_its_weights(nn: Any, draw: Draw) -> None:
    B, D = draw.size(), draw.size()
    x = np.concatenate([draw.integers(B, D), np.ones((B, 1))], axis=1)  # the last weight is the bias
    w0, w1 = _even(draw, D + 1), _even(draw, D + 1)
    _below_its_chord(nn, "loss.squared_error", "L", "y", x @ w0, x @ w1, t=draw.integers(B))
    y = draw.index(B, below=2).astype(float)
    _below_its_chord(nn, "loss.binary_cross_entropy_logits", "L", "z", x @ w0, x @ w1, y=y)


@law("P41", on=["loss.log_likelihood", "loss.dataset_log_likelihood"])
def softmax_regression_is_convex_in_its_weights(nn: Any, draw: Draw) -> None:
    B, C, D = draw.size(), draw.size(2, 4), draw.size()
    z, i = np.concatenate([draw.integers(B, D), np.ones((B, 1))], axis=1), draw.index(B, below=C)
    W0, W1 = _even(draw, C, D + 1), _even(draw, C, D + 1)
    _below_its_chord(nn, "loss.log_likelihood", "log_p", "W", W0, W1, sign=-1.0, z=z, i=i)
    f, w0, w1 = draw.integers(B, C, D), _even(draw, D), _even(draw, D)
    _below_its_chord(nn, "loss.dataset_log_likelihood", "L", "w", w0, w1, sign=-1.0, f=f, y=i)
