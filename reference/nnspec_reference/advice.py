"""Advice on training, as data where it is no equation (ledger section 16)."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnspec_reference.catalogue import algorithm, data, equation, hyper, real
from nnspec_reference.scalars import Vector, maximum


class Advice(NamedTuple):
    """A row of the recap: an optimisation problem, how to recognise it, what to do about it."""

    problem: str
    diagnostic: str
    workarounds: tuple[str, ...]


@algorithm()
def recap_table() -> tuple[Advice, ...]:
    """The recap of optimisation problems.

    Nine rows of problem, diagnostic and workarounds. α is the learning rate (N12; L14 and WX write η, which
    for DR is a clipping threshold, E68).

    Source: DR "Recap".
    Errata: E68.
    """
    return (
        Advice("incorrect gradients", "finite differences", ("fix them", "use autodiff")),
        Advice("local optima", "(hard)", ("random restarts",)),
        Advice("symmetries", "visualize W", ("initialize W randomly",)),
        Advice("slow progress", "slow, linear training curve", ("increase α", "momentum")),
        Advice("instability", "cost increases", ("decrease α",)),
        Advice("oscillations", "fluctuations in training curve", ("decrease α", "momentum")),
        Advice("fluctuations", "fluctuations in training curve", ("decay α", "iterate averaging")),
        Advice("dead/saturated units", "activation histograms", ("initial scale of W", "ReLU")),
        Advice("ill-conditioning", "(hard)", ("normalization", "momentum", "Adam", "second-order opt.")),
    )


@equation(
    data("S", "n", "positive"),
    hyper("S_saturated", 1, 2, 0.5, 4, low=0.0, open_low=True),
    results=[real("cost", "n")],
)
def batch_hardware(S: Vector, S_saturated: Any) -> Vector:
    """Cost of one update with a mini-batch of size S, in units of the cost of a small one.

        cost(S) = max(S / S_saturated, 1)

    The cartoon in words: "an update with S = 10 isn't much more expensive than an update with S = 1", and
    "once S is large enough to saturate the hardware efficiencies, the cost becomes linear in S". GPUs
    saturate later and so favour larger batches, whose benefit diminishes as the noise of the gradient does.
    Were the cost proportional to S from the start, S = 1 would be optimal, DR claims; the 100 steps of size α
    at S = 1 and the one at S = 100 cover different distances (E54). At S = S_saturated the derivative is that
    of the right side, 1 / S_saturated.

    Source: DR "Stochastic Gradient Descent: Batch Size".
    Errata: E54.
    """
    return S.map(lambda s: maximum(s / S_saturated, 1))


@algorithm()
def training_curves() -> tuple[str, ...]:
    """What training curves can tell.

    The curve is the training cost against the iteration.

    Source: DR "Training Curves".
    """
    return (
        "Monitor a fixed subset of the training data: another batch in each iteration adds a lot of noise.",
        "Curves can reveal major problems, but they cannot guarantee convergence.",
    )
