"""Losses and likelihoods (ledger section 5).

Every loss is a cost to minimise (N2); a likelihood is its negative. 0 · log 0 = 0 in every sum (N7), and −log
0 = +∞. Targets are given: no gradient goes to them. Where a loss can be computed from probabilities or from
logits there is a function for each; the second never forms the probabilities, so it neither loses small ones
nor overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec_reference.catalogue import bit, choice, data, equation, parameter, real
from nnspec_reference.scalars import (
    Vector,
    argmax,
    detach,
    dot,
    log,
    mean,
    sigmoid,
    softplus,
    square,
    total,
    xlogy,
)
from nnspec_reference.softmax import log_total, logits, scores


@equation(
    data("y_hat", "", "probability"),
    data("y", "", "probability", differentiable=False),
    results=[real("L")],
)
def binary_cross_entropy(y_hat: Any, y: Any) -> Any:
    """Binary cross-entropy of a probability.

        L_CE(ŷ, y) = −log p(y|x) = −[y log ŷ + (1−y) log(1−ŷ)]

    y is 0 or 1; a soft label between them is allowed. With 0 · log 0 = 0 a certain and right prediction costs
    0 (E67), and a certain and wrong one +∞: nothing is clipped.

    Source: L14 [after "FEEDFORWARD NN"].
    Errata: E67.
    """
    return -(xlogy(y, y_hat) + xlogy(1 - y, 1 - y_hat))


@equation(
    data("z", "", draw=("large",), scale=30.0),
    data("y", "", "probability", differentiable=False),
    results=[real("L")],
)
def binary_cross_entropy_logits(z: Any, y: Any) -> Any:
    """Binary cross-entropy of a logit: `binary_cross_entropy` of ŷ = σ(z).

        L = −[y log σ(z) + (1−y) log(1−σ(z))] = max(z, 0) − z y + log(1 + e^{−|z|})

    The derivative is σ(z) − y, that of logistic regression, as L14 says without printing it. Libraries also
    write (1−y) z − log σ(z), which loses digits to cancellation where z < 0, as the form above does where z >
    0; the z − z below is that other way to round −z y, and grants it the same tolerance. So do the two sums
    that cancel for −y log σ(z) − (1−y) log σ(−z), whose derivative is computed as (1−y) σ(z) − y σ(−z).

    Source: L14 [after "FEEDFORWARD NN"], "TRAINING NN: COMPUTE GRADIENT".
    Errata: E67.
    """
    c = detach(z)
    both, again = (y * softplus(-z) + (1 - y) * softplus(z) for _ in range(2))
    return softplus(z) - z * y + (c - c) + (both - again)


@equation(
    data("y_hat", "C", "probability"),
    data("y", "C", "nonnegative", differentiable=False),
    results=[real("L")],
)
def categorical_cross_entropy(y_hat: Any, y: Any) -> Any:
    """Cross-entropy of a vector of probabilities.

        L_CE(ŷ, y) = −Σ_{i=1}^{C} y_i log ŷ_i

    y is one-hot, or any weights ≥ 0; they need not sum to 1. A class with y_i = 0 adds 0, even if ŷ_i = 0
    (E67).

    Source: L14 [after "FEEDFORWARD NN"]; DR "Neural Language Model".
    Errata: E67.
    """
    return -total(xlogy(y_i, p_i) for y_i, p_i in zip(y, y_hat, strict=True))


@equation(
    scores("z", "C"),
    data("y", "C", "nonnegative", differentiable=False),
    results=[real("L")],
)
def categorical_cross_entropy_logits(z: Any, y: Any) -> Any:
    """Cross-entropy of a vector of logits: `categorical_cross_entropy` of ŷ = softmax(z).

        L = −Σ_i y_i log softmax(z)_i = Σ_i y_i (log Σ_j e^{z_j} − z_i)

    The gradient is (Σ_i y_i) softmax(z) − y, and p − y only if y sums to 1. A masked class (z_i = −∞) with
    y_i = 0 adds 0.

    Source: L14 [after "FEEDFORWARD NN"]; DR "Neural Language Model".
    Errata: E67.
    """
    log_Z = log_total(logits(z))
    return total(y_i * (log_Z - z_i) for y_i, z_i in zip(y, z, strict=True) if y_i != 0)


@equation(
    data("y_hat", "C", "probability"),
    data("i", kind="index", of="C"),
    results=[real("L")],
)
def hard_nll(y_hat: Any, i: int) -> Any:
    """Negative log-likelihood of the one correct class.

        L_CE(ŷ, y) = −log ŷ_i        i is the gold class

    ŷ_i = 0 costs +∞.

    Source: L14 [after "FEEDFORWARD NN"].
    """
    return -log(_entry(y_hat, i))


@equation(
    scores("z", "K"),
    data("i", kind="index", of="K"),
    results=[real("L")],
)
def softmax_cross_entropy(z: Any, i: int) -> Any:
    """Cross-entropy of the softmax, from the logits.

        L = −log( e^{z_i} / Σ_{j=1}^{K} e^{z_j} ) = log Σ_j e^{z_j} − z_i

    The gradient is softmax(z) − e_i, minus the err(root) of WX, which differentiates the likelihood (E70). A
    gold class that is masked costs +∞.

    Source: L14 [after "FEEDFORWARD NN"]; WX "Training Neural Networks".
    Errata: E70.
    """
    return log_total(logits(z)) - _entry(z, i)


@equation(
    parameter("W", "C d"),
    data("z", "d"),
    data("i", kind="index", of="C"),
    results=[real("log_p")],
)
def log_likelihood(W: Any, z: Any, i: int) -> Any:
    """Log-likelihood of the gold class. It is maximised: the cost is its negative.

        𝓛(x, i*) = log P(y = i*|x) = log(softmax(Wz)·e_{i*}) = (Wz)·e_{i*} − log Σ_j exp(Wz)·e_j

    WX calls 𝓛 what is maximised and yet subtracts its gradient (E12); the code of "Computation Graphs in
    Pytorch" negates it. That code takes the log of a softmax, which is −∞, and its product with a 0 of the
    one-hot vector NaN, as soon as a probability underflows (E20): the last form is computed.

    Source: WX "Recap: Multiclass Logistic Regression", "Training Neural Networks", "Computation Graphs in
    Pytorch".
    Errata: E12, E20.
    """
    Wz = W @ z
    return _entry(Wz, i) - log_total(Wz)


@equation(
    parameter("w", "D"),
    parameter("f", "m C D"),
    parameter("y", "m", "index", of="C"),
    options=[choice("reduction", "sum", "mean")],
    results=[real("L"), real("terms", "m")],
    least={"m": 0},
)
def dataset_log_likelihood(w: Any, f: Any, y: Sequence[int], reduction: str = "sum") -> Any:
    """Log-likelihood of a data set under the log-linear model. It is maximised.

        𝓛 = Σ_{j=1}^{m} log P(y_j*|x_j) = Σ_j ( wᵀf(x_j,y_j*) − log Σ_y exp(wᵀf(x_j,y)) )

    f[j][y] holds f(x_j,y). WX sums over the examples, as here by default; the mean is 1/m of it (E63), and
    the terms themselves are the second result. No data: 𝓛 = 0, and no mean.

    Source: WX "Optimization".
    Errata: E12, E63.
    """
    terms = Vector(_log_p(f_j, w, y_j) for f_j, y_j in zip(f, y, strict=True))
    return _reduced(terms, reduction), terms


@equation(
    parameter("costs", "N"),
    options=[choice("reduction", "mean", "sum")],
    results=[real("J")],
)
def mean_cost(costs: Any, reduction: str = "mean") -> Any:
    """Cost of a data set, the mean of the costs of its examples.

        J(θ) = (1/N) Σ_{i=1}^{N} J^{(i)}(θ)        ∇J = (1/N) Σ_i ∇J^{(i)}

    DR takes the mean, WX and the minibatch code the sum: `reduction` (E63). costs[i] is J^{(i)} =
    L(y(x^{(i)},θ), t^{(i)}).

    Source: DR "Stochastic Gradient Descent".
    Errata: E63.
    """
    return _reduced(costs, reduction)


@equation(
    data("target", "T V", "probability", differentiable=False),
    data("y", "T V", "probability"),
    results=[real("nll")],
    time="T",
)
def sequence_nll(target: Any, y: Any) -> Any:
    """Negative log-likelihood of a sequence.

        −log p(s) = −Σ_{t=1}^{T} log p(w_t|w_1, …, w_{t−1}) = −Σ_t Σ_{v=1}^{V} t_{tv} log y_{tv}

    The rows of `target` are one-hot (soft ones are allowed), those of y the predicted probabilities. DR's
    prose calls them t_iv and y_iv, and t stands for both time and target (E42). The steps are summed, not
    averaged. The empty sequence costs 0.

    Source: DR "Neural Language Model".
    Errata: E42, E67.
    """
    return -total(
        xlogy(target_tv, y_tv)
        for target_t, y_t in zip(target, y, strict=True)
        for target_tv, y_tv in zip(target_t, y_t, strict=True)
    )


@equation(data("losses", "T"), results=[real("L")], time="T")
def sequence_accumulated(losses: Any) -> Any:
    """Loss accumulated over the steps of a sequence.

        L = Σ_{t=1}^{T} L_t

    A sum, not a mean over time (E63). The empty sequence costs 0.

    Source: L14 "TRAINING SUMMARY"; DR "Backprop Through Time".
    Errata: E63.
    """
    return total(losses)


@equation(
    data("h", "T H"),
    data("h0", "H", optional=True),
    parameter("W", "C H"),
    parameter("b", "C", optional=True),
    data("y", kind="index", of="C"),
    results=[real("L")],
    time="T",
)
def sequence_final_only(h: Any, h0: Any, W: Any, b: Any, y: int) -> Any:
    """Loss of a sequence classifier: only the state after the last step is judged.

        L = L_CE(FFN(h_T), y)        FFN(h) = softmax(W h + b)

    The steps before have no loss of their own; the error reaches them through the network alone. The empty
    sequence is classified by its initial state, h_T = h_0, which is 0 if it is not given.

    Source: L14 "DEEP NEURAL NETWORK".
    """
    h_T = h[-1] if len(h) else Vector(0 for _ in W[0]) if h0 is None else h0
    z = W @ h_T if b is None else W @ h_T + b
    return log_total(z) - _entry(z, y)


@equation(data("y", "", draw=("large",)), data("t", "", differentiable=False), results=[real("L")])
def squared_error(y: Any, t: Any) -> Any:
    """Squared error.

        L = ½ (y − t)²        dL/dy = y − t

    The scale ½ is not stated in the notes. It is convex in the output y, with the second derivative 1. DR's
    exercise is about this; composed with a logistic output it is not convex: see `logistic_least_squares`
    (E75).

    Source: DR "Convex Functions".
    Errata: E75.
    """
    return square(y - t) / 2


@equation(
    data("z", "", draw=("large",)),
    data("t", "", "probability", differentiable=False),
    results=[real("L")],
)
def logistic_least_squares(z: Any, t: Any) -> Any:
    """Least squares with a logistic output: an example of a plateau.

        L = ½ (σ(z) − t)²        dL/dz = (σ(z) − t) σ(z) (1 − σ(z))

    Far from 0 the derivative vanishes, however wrong the output is. Not convex in z: for t = 1 the second
    derivative is negative where σ(z) < 1/3, that is z < −log 2 (E75).

    Source: DR "Plateaux".
    Errata: E75.
    """
    return square(sigmoid(z) - t) / 2


@equation(
    data("z", "C", allows="inf -inf", draw=("large", "ties")),
    data("y", kind="index", of="C"),
    results=[bit("L")],
    gradient=False,
)
def zero_one(z: Any, y: int) -> Any:
    """0–1 loss: whether the prediction is wrong.

        L = 1[ŷ ≠ y]        ŷ = argmax_c z_c

    A tie goes to the lowest index. It is flat almost everywhere, so no gradient can train with it.

    Source: DR "Plateaux".
    """
    _entry(z, y)
    return int(argmax(z) != y)


# ------------------------------------------------------------------------------------------------------ parts
def _entry(items: Any, i: int) -> Any:
    """items[i], refusing the indices that Python would count from the end."""
    if not 0 <= i < len(items):
        raise ValueError(f"{i} is not a class from 0 to {len(items) - 1}")
    return items[i]


def _log_p(f: Any, w: Any, y: int) -> Any:
    """log P(y|x) of the log-linear model, from the features of every class."""
    z = Vector(dot(w, features) for features in f)
    return _entry(z, y) - log_total(z)


def _reduced(terms: Any, reduction: str) -> Any:
    """The sum or the mean of the terms."""
    if reduction == "sum":
        return total(terms)
    if not terms:
        raise ValueError("no mean of nothing")
    return mean(terms, len(terms))
