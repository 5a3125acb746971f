"""Mistakes in losses and likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import loss as right
from nnspec_reference.scalars import (
    Vector,
    argmax,
    dot,
    exp,
    log,
    maximum,
    mid,
    relu,
    sigmoid,
    square,
    stop_gradient,
    total,
    xlogy,
)
from nnspec_reference.softmax import log_total, logits, softmax

_MASK = float("-inf")


# ----------------------------------------------------------------------------------------------------- binary
@variant(
    "loss.binary_cross_entropy",
    "the positive class only: −y log ŷ",
    source="the categorical form on one node",
)
def positive_term_only(y_hat: Any, y: Any) -> Any:
    return -xlogy(y, y_hat)


@variant(
    "loss.binary_cross_entropy",
    "0·log 0 is NaN, for the factor is multiplied after the logarithm",
    source="E67",
)
def zero_times_infinity(y_hat: Any, y: Any) -> Any:
    return -(y * log(y_hat) + (1 - y) * log(1 - y_hat))


@variant("loss.binary_cross_entropy", "the logarithm is cut at −100", source="PyTorch #103316")
def clamped_logarithm(y_hat: Any, y: Any) -> Any:
    def cut(p: Any) -> Any:
        return maximum(log(p), -100) if mid(p) > 0 else p * 0 - 100

    return -(y * cut(y_hat) + (1 - y) * cut(1 - y_hat))


@variant("loss.binary_cross_entropy", "ŷ and y are exchanged")
def exchanged(y_hat: Any, y: Any) -> Any:
    return -(xlogy(y_hat, y + (1 - y) / 1024) + xlogy(1 - y_hat, 1 - y + y / 1024))


@variant("loss.binary_cross_entropy", "a certain prediction is made the least float", source="DyNet 0808914b")
def certain_becomes_worst(y_hat: Any, y: Any) -> Any:
    if mid(y_hat) == 1:
        return right.binary_cross_entropy(y_hat / 2**120, y)
    return right.binary_cross_entropy(y_hat, y)


@gradient_variant("loss.binary_cross_entropy", "the gradient is ŷ − y, that of the logit")
def gradient_of_the_logit(gradients: Gradients, arguments: Any) -> Gradients:
    p = arguments["y_hat"]
    return {"y_hat": gradients["y_hat"] * (p * (1 - p))}


@variant("loss.binary_cross_entropy_logits", "the logit is taken for a probability's: log of σ computed first")
def log_of_the_sigmoid(z: Any, y: Any) -> Any:
    p = sigmoid(z)
    return -(y * log(p) + (1 - y) * log(1 - p))


@variant("loss.binary_cross_entropy_logits", "the target's sign is lost: max(z, 0) + z y + log(1 + e^{−|z|})")
def target_added(z: Any, y: Any) -> Any:
    return right.binary_cross_entropy_logits(z, y) + 2 * (z * y)


@variant("loss.binary_cross_entropy_logits", "the hinge max(z, 0) − z y, without the logarithm")
def hinge(z: Any, y: Any) -> Any:
    return relu(z) - z * y


@variant("loss.binary_cross_entropy_logits", "softplus is cut off to z beyond 20", source="torch.nn.Softplus")
def early_threshold(z: Any, y: Any) -> Any:
    return z - z * y if mid(z) > 20 else right.binary_cross_entropy_logits(z, y)


@gradient_variant("loss.binary_cross_entropy_logits", "the sign of the gradient: y − σ(z)", source="E70")
def ascent(gradients: Gradients, arguments: Any) -> Gradients:
    return {"z": -gradients["z"]}


# ------------------------------------------------------------------------------------------------ categorical
@variant("loss.categorical_cross_entropy", "0·log 0 is NaN", source="E67, optax #898")
def nothing_times_infinity(y_hat: Any, y: Any) -> Any:
    return -total(y_i * log(p_i) for y_i, p_i in zip(y, y_hat, strict=True))


@variant("loss.categorical_cross_entropy", "log(ŷ + 1e−7)", source="log(softmax + ε)")
def guarded(y_hat: Any, y: Any) -> Any:
    return -total(xlogy(y_i, (p_i * 10**7 + 1) / 10**7) for y_i, p_i in zip(y, y_hat, strict=True))


@variant("loss.categorical_cross_entropy", "takes probabilities for logits: softmax twice", source="burn #4829")
def softmax_twice(y_hat: Any, y: Any) -> Any:
    return right.categorical_cross_entropy_logits(y_hat, y)


@variant("loss.categorical_cross_entropy", "the mean over the classes")
def mean_over_classes(y_hat: Any, y: Any) -> Any:
    return right.categorical_cross_entropy(y_hat, y) / len(y)


@variant("loss.categorical_cross_entropy", "the target is normalised first")
def target_normalised(y_hat: Any, y: Any) -> Any:
    weight = total(y)
    return right.categorical_cross_entropy(y_hat, y) / weight if mid(weight) else y_hat[0] * 0


@gradient_variant("loss.categorical_cross_entropy", "the gradient is ŷ − y, that of the logits")
def gradient_of_the_logits(gradients: Gradients, arguments: Any) -> Gradients:
    p = arguments["y_hat"]
    return {"y_hat": Vector(g * p_i for g, p_i in zip(gradients["y_hat"], p, strict=True))}


@variant(
    "loss.categorical_cross_entropy_logits",
    "the gradient is p − y though y does not sum to 1",
    source="TensorFlow #60314",
)
def gradient_for_distributions(z: Any, y: Any) -> Any:
    L, log_Z = right.categorical_cross_entropy_logits(z, y), log_total(logits(z))
    return L + (1 - total(y)) * (log_Z - stop_gradient(log_Z))


@variant("loss.categorical_cross_entropy_logits", "a masked class counts 0·∞", source="optax #898")
def masked_class_counts(z: Any, y: Any) -> Any:
    log_Z = log_total(logits(z))
    return total(y_i * (log_Z - z_i) for y_i, z_i in zip(y, z, strict=True))


@variant("loss.categorical_cross_entropy_logits", "log Z once, whatever the weights: log Z − Σ y z")
def one_log_z(z: Any, y: Any) -> Any:
    log_Z = log_total(logits(z))
    return log_Z - total(y_i * z_i for y_i, z_i in zip(y, z, strict=True) if y_i != 0)


@variant("loss.categorical_cross_entropy_logits", "the logarithm of a softmax, which underflows", source="E20")
def log_of_a_softmax(z: Any, y: Any) -> Any:
    return right.categorical_cross_entropy(softmax(logits(z)), y)


@variant("loss.hard_nll", "the probability itself: 1 − ŷ_i")
def linear_cost(y_hat: Any, i: int) -> Any:
    return 1 - y_hat[i]


@variant("loss.hard_nll", "−ŷ_i: the input is taken for log-probabilities", source="torch.nn.functional.nll_loss")
def logarithm_expected(y_hat: Any, i: int) -> Any:
    return -y_hat[i]


@variant("loss.hard_nll", "log(ŷ + 1e−12)")
def guarded_probability(y_hat: Any, i: int) -> Any:
    return -log((y_hat[i] * 10**12 + 1) / 10**12)


@gradient_variant("loss.hard_nll", "every class gets the gold class's gradient")
def gradient_to_every_class(gradients: Gradients, arguments: Any) -> Gradients:
    return {"y_hat": gradients["y_hat"] * 0 + total(gradients["y_hat"])}


@variant("loss.softmax_cross_entropy", "the logarithm of a softmax, which underflows", source="WX's code, E20")
def log_of_the_softmax(z: Any, i: int) -> Any:
    return -log(softmax(logits(z))[i])


@variant("loss.softmax_cross_entropy", "no shift: e^z overflows")
def unshifted_scores(z: Any, i: int) -> Any:
    return log(total(exp(z_j) for z_j in z)) - z[i]


@variant("loss.softmax_cross_entropy", "the gradient is e_i − p", source="WX's err(root), E70")
def err_root(z: Any, i: int) -> Any:
    L = right.softmax_cross_entropy(z, i)
    return stop_gradient(L) * 2 - L if mid(L) - mid(L) == 0 else L


@variant("loss.softmax_cross_entropy", "the denominator is a constant of the gradient: −e_i")
def constant_normaliser(z: Any, i: int) -> Any:
    return stop_gradient(log_total(logits(z))) - z[i]


@variant("loss.softmax_cross_entropy", "squared distance to the one-hot vector", source="Brier score")
def brier(z: Any, i: int) -> Any:
    return total(square(p - int(j == i)) for j, p in enumerate(softmax(logits(z))))


# ------------------------------------------------------------------------------------------------ likelihoods
@variant("loss.log_likelihood", "negated: a cost", source="E12")
def cost(W: Any, z: Any, i: int) -> Any:
    return -right.log_likelihood(W, z, i)


@variant("loss.log_likelihood", "the score alone: the log-sum-exp is left out")
def unnormalised(W: Any, z: Any, i: int) -> Any:
    return dot(W[i], z)


@variant("loss.log_likelihood", "the probability, without its logarithm")
def likelihood(W: Any, z: Any, i: int) -> Any:
    return softmax(W @ z)[i]


@variant("loss.log_likelihood", "only the gold class's weights learn: z e_iᵀ without −z Pᵀ", source="E06, E70")
def gold_row_only(W: Any, z: Any, i: int) -> Any:
    others = W.map(stop_gradient)
    log_Z = log_total(others @ z)
    return dot(W[i], z) - log_Z


@variant("loss.dataset_log_likelihood", "sum and mean are exchanged", source="E63")
def other_reduction(w: Any, f: Any, y: Sequence[int], reduction: str = "sum") -> Any:
    if not y:
        return right.dataset_log_likelihood(w, f, y, reduction)
    return right.dataset_log_likelihood(w, f, y, "mean" if reduction == "sum" else "sum")


@variant("loss.dataset_log_likelihood", "negated: a cost", source="E12")
def dataset_cost(w: Any, f: Any, y: Sequence[int], reduction: str = "sum") -> Any:
    L, terms = right.dataset_log_likelihood(w, f, y, reduction)
    return -L, -terms


@variant("loss.dataset_log_likelihood", "the normaliser runs over classes and examples together")
def one_normaliser(w: Any, f: Any, y: Sequence[int], reduction: str = "sum") -> Any:
    right.dataset_log_likelihood(w, f, y, reduction)
    scores = [Vector(dot(w, row) for row in f_j) for f_j in f]
    everything = Vector(s for z in scores for s in z)
    terms = Vector(z[y_j] - log_total(everything) for z, y_j in zip(scores, y, strict=True))
    return total(terms) / (len(y) if reduction == "mean" else 1), terms


@variant("loss.dataset_log_likelihood", "the gradient forgets the expectation under the model")
def observed_only(w: Any, f: Any, y: Sequence[int], reduction: str = "sum") -> Any:
    right.dataset_log_likelihood(w, f, y, reduction)
    terms = Vector(
        dot(w, f_j[y_j]) - stop_gradient(log_total(Vector(dot(w, row) for row in f_j)))
        for f_j, y_j in zip(f, y, strict=True)
    )
    return total(terms) / (len(y) if reduction == "mean" else 1), terms


@variant("loss.mean_cost", "sum and mean are exchanged", source="E63")
def sum_for_mean(costs: Any, reduction: str = "mean") -> Any:
    return right.mean_cost(costs, "sum" if reduction == "mean" else "mean")


@variant("loss.mean_cost", "divides by N − 1")
def unbiased_mean(costs: Any, reduction: str = "mean") -> Any:
    return total(costs) / (max(1, len(costs) - 1) if reduction == "mean" else 1)


@variant("loss.mean_cost", "the gradient of the mean is not divided by N", source="student error S13")
def undivided_gradient(costs: Any, reduction: str = "mean") -> Any:
    s = total(costs)
    return stop_gradient(right.mean_cost(costs, reduction)) + (s - stop_gradient(s))


# -------------------------------------------------------------------------------------------------- sequences
@variant("loss.sequence_nll", "the mean over time", source="E63, thinc 5618ab9c")
def mean_over_time(target: Any, y: Any) -> Any:
    return right.sequence_nll(target, y) / max(1, len(y))


@variant("loss.sequence_nll", "the last step only")
def last_step_only(target: Any, y: Any) -> Any:
    return right.sequence_nll(target[-1:], y[-1:])


@variant("loss.sequence_nll", "the first word is not predicted", source="conditional on the first word")
def first_word_free(target: Any, y: Any) -> Any:
    return right.sequence_nll(target[1:], y[1:])


@variant("loss.sequence_nll", "target and prediction are one step apart")
def one_step_late(target: Any, y: Any) -> Any:
    return right.sequence_nll(target[1:], y[:-1])


@variant("loss.sequence_nll", "0·log 0 is NaN", source="E67")
def zero_times_log_zero(target: Any, y: Any) -> Any:
    return -total(t * log(p) for rows in zip(target, y, strict=True) for t, p in zip(*rows, strict=True))


@variant("loss.sequence_accumulated", "the mean over time", source="E63")
def averaged(losses: Any) -> Any:
    return total(losses) / max(1, len(losses))


@variant("loss.sequence_accumulated", "the last step's loss only")
def last_loss(losses: Any) -> Any:
    return losses[-1] if len(losses) else 0


@variant("loss.sequence_accumulated", "only the last step sends a gradient back")
def gradient_of_the_last_step(losses: Any) -> Any:
    return total(stop_gradient(L) for L in losses[:-1]) + (losses[-1] if len(losses) else 0)


@variant("loss.sequence_accumulated", "the first step is skipped")
def first_loss_skipped(losses: Any) -> Any:
    return total(losses[1:])


def _final(h: Any, h0: Any, W: Any) -> Any:
    return h[-1] if len(h) else Vector(0 for _ in W[0]) if h0 is None else h0


@variant("loss.sequence_final_only", "the mean of the states is classified", source="mean pooling")
def mean_state(h: Any, h0: Any, W: Any, b: Any, y: int) -> Any:
    states = list(h) or [_final(h, h0, W)]
    mean = total(states) / len(states)
    return right.sequence_final_only(h[:0], mean, W, b, y)


@variant("loss.sequence_final_only", "the first state is classified")
def first_state(h: Any, h0: Any, W: Any, b: Any, y: int) -> Any:
    return right.sequence_final_only(h[:1], h0, W, b, y)


@variant("loss.sequence_final_only", "the bias is left out")
def no_bias(h: Any, h0: Any, W: Any, b: Any, y: int) -> Any:
    return right.sequence_final_only(h, h0, W, None if b is None else b * 0, y)


@variant("loss.sequence_final_only", "every step is judged")
def every_step(h: Any, h0: Any, W: Any, b: Any, y: int) -> Any:
    if not len(h):
        return right.sequence_final_only(h, h0, W, b, y)
    return total(right.sequence_final_only(h[t : t + 1], h0, W, b, y) for t in range(len(h)))


@variant("loss.sequence_final_only", "the empty sequence is classified by zeros, whatever its initial state")
def initial_state_ignored(h: Any, h0: Any, W: Any, b: Any, y: int) -> Any:
    return right.sequence_final_only(h, None if h0 is None else h0 * 0, W, b, y)


# ----------------------------------------------------------------------------------- squares and the 0–1 loss
@variant("loss.squared_error", "(y − t)², without the ½")
def whole_square(y: Any, t: Any) -> Any:
    return square(y - t)


@variant("loss.squared_error", "|y − t| / 2")
def absolute_error(y: Any, t: Any) -> Any:
    return abs(y - t) / 2


@gradient_variant("loss.squared_error", "the gradient keeps a factor 2: 2 (y − t)")
def doubled_gradient(gradients: Gradients, arguments: Any) -> Gradients:
    return {"y": gradients["y"] * 2}


@gradient_variant("loss.squared_error", "the gradient is t − y", source="delta rule, E12")
def delta_rule(gradients: Gradients, arguments: Any) -> Gradients:
    return {"y": -gradients["y"]}


@variant("loss.logistic_least_squares", "the identity instead of σ")
def linear_output(z: Any, t: Any) -> Any:
    return right.squared_error(z, t)


@variant("loss.logistic_least_squares", "the gradient is σ − t, that of the cross-entropy")
def no_plateau(z: Any, t: Any) -> Any:
    slope = stop_gradient(sigmoid(z) - t)
    return stop_gradient(right.logistic_least_squares(z, t)) + slope * (z - stop_gradient(z))


@variant("loss.logistic_least_squares", "(σ − t)², without the ½")
def no_half(z: Any, t: Any) -> Any:
    return square(sigmoid(z) - t)


@variant(
    "loss.logistic_least_squares",
    "the slope of σ is taken at σ(z): σ(σ)(1 − σ(σ))",
    source="student error S3",
)
def slope_at_the_output(z: Any, t: Any) -> Any:
    y = sigmoid(z)
    s = sigmoid(y)
    slope = stop_gradient((y - t) * s * (1 - s))
    return stop_gradient(right.logistic_least_squares(z, t)) + slope * (z - stop_gradient(z))


@variant("loss.zero_one", "1 where the prediction is right: accuracy")
def accuracy(z: Any, y: int) -> Any:
    return 1 - right.zero_one(z, y)


@variant("loss.zero_one", "a tie goes to the highest index")
def highest_index(z: Any, y: int) -> Any:
    return int(len(z) - 1 - argmax(tuple(reversed(z))) != y)


@variant("loss.zero_one", "a tie with the gold class is no error")
def gold_wins_ties(z: Any, y: int) -> Any:
    return int(any(z_c > z[y] for z_c in z))
