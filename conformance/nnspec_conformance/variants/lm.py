"""Mistakes in language models."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import lm
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    constant,
    dot,
    exp,
    largest,
    log,
    maximum,
    power,
    product,
    sigmoid,
    stop_gradient,
    total,
)


# ------------------------------------------------------------------------------------- Bayes' rule
@variant("lm.bayes_posterior", "not normalised: prior × likelihood")
def joint_instead_of_posterior(prior: Vector, likelihood: Vector) -> Vector:
    lm.bayes_posterior(prior, likelihood)
    return prior * likelihood


@variant("lm.bayes_posterior", "the prior is left out")
def likelihood_alone(prior: Vector, likelihood: Vector) -> Vector:
    return lm.bayes_posterior(prior * 0 + 1, likelihood)


@variant("lm.bayes_posterior", "normalised by Σ p(a|s), without the prior")
def evidence_without_prior(prior: Vector, likelihood: Vector) -> Any:
    lm.bayes_posterior(prior, likelihood)
    return prior * likelihood / total(likelihood)


@variant("lm.bayes_posterior", "the gradient takes the denominator for a constant")
def constant_evidence(prior: Vector, likelihood: Vector) -> Any:
    joint = prior * likelihood
    lm.bayes_posterior(prior, likelihood)
    return joint / stop_gradient(total(joint))


# ------------------------------------------------------------------------------------ likelihoods
@variant("lm.corpus_likelihood", "as exp Σ log p: the gradient at p = 0 is 0 · ∞")
def through_the_logarithm(p: Vector) -> Any:
    return exp(total(log(p_i) for p_i in p)) if p else 1


@variant(
    "lm.corpus_likelihood",
    "the gradient is the product divided by p_i: 0/0 where p_i = 0",
    source="torch.prod",
)
def gradient_by_division(p: Vector) -> Any:
    q, logs = stop_gradient(product(p)), [log(stop_gradient(p_i)) for p_i in p]
    # ∞ − ∞ is NaN on floats and on balls alike
    rates = [q / p_i if p_i != 0 else log_i - log_i for p_i, log_i in zip(stop_gradient(p), logs, strict=True)]
    return q + total((p_i - stop_gradient(p_i)) * r_i for p_i, r_i in zip(p, rates, strict=True))


@variant("lm.corpus_likelihood", "an empty corpus has likelihood 0")
def nothing_is_impossible(p: Vector) -> Any:
    return lm.corpus_likelihood(p) if p else 0


@variant("lm.corpus_likelihood", "the probabilities are added")
def sum_of_probabilities(p: Vector) -> Any:
    return total(p)


@variant("lm.corpus_log_likelihood", "the mean over sentences, not the sum")
def mean_of_logs(p: Vector, negated: bool = False) -> Any:
    return lm.corpus_log_likelihood(p, negated) / max(len(p), 1)


@variant("lm.corpus_log_likelihood", "the sign is the other one")
def opposite_sign(p: Vector, negated: bool = False) -> Any:
    return lm.corpus_log_likelihood(p, not negated)


@variant("lm.corpus_log_likelihood", "logarithms to the base 2")
def bits(p: Vector, negated: bool = False) -> Any:
    log_likelihood = lm.corpus_log_likelihood(p, negated)
    return log_likelihood / log(constant(2, log_likelihood))


@variant("lm.corpus_log_likelihood", "p is clipped at 1e-12, so that p = 0 has a finite log")
def clipped_logs(p: Vector, negated: bool = False) -> Any:
    return lm.corpus_log_likelihood(p.map(lambda p_i: maximum(p_i, constant(1, p_i) / 10**12)), negated)


@variant("lm.chain_rule", "step t is scored with the word before it")
def shifted_words(y: Matrix, w: Any) -> Any:
    return lm.chain_rule(y, [*w[:1], *w[:-1]])


@variant("lm.chain_rule", "the first word is not scored")
def first_word_free(y: Matrix, w: Any) -> Any:
    return lm.chain_rule(y[1:], w[1:])


@variant("lm.chain_rule", "the negative log is averaged over time")
def mean_over_time(y: Matrix, w: Any) -> Any:
    p, nll = lm.chain_rule(y, w)
    return p, nll / max(len(y), 1)


@variant("lm.chain_rule", "the negative log misses a step's gradient: all but the last are constants")
def last_step_only(y: Matrix, w: Any) -> Any:
    p, _ = lm.chain_rule(y, w)
    logs = [log(y_t[w_t]) for y_t, w_t in zip(y, w, strict=True)]
    return p, -total([*map(stop_gradient, logs[:-1]), *logs[-1:]])


@variant("lm.chain_rule", "−log(p + 1e-12)")
def shielded_log(y: Matrix, w: Any) -> Any:
    p, _ = lm.chain_rule(y, w)
    return p, -total(log(y_t[w_t] + constant(1, y_t[w_t]) / 10**12) for y_t, w_t in zip(y, w, strict=True))


# ---------------------------------------------------------------------------------------- n-grams
@variant("lm.ngram_mle", "columns are normalised, not rows")
def normalised_columns(count: Matrix, unseen: str = "error") -> Matrix:
    return lm.ngram_mle(count.T, unseen).T


@variant("lm.ngram_mle", "joint frequencies: divided by the count of all n-grams")
def joint_frequencies(count: Matrix, unseen: str = "error") -> Any:
    p = lm.ngram_mle(count, unseen)
    everything = total(map(total, count))
    return p if everything == 0 else Matrix(row / everything for row in count)


@variant(
    "lm.ngram_mle",
    "one occurrence too many: the context is also counted at the end of the corpus",
    source="E72",
)
def context_counted_at_the_end(count: Matrix, unseen: str = "error") -> Matrix:
    lm.ngram_mle(count, unseen)
    return Matrix(row / (total(row) + 1) for row in count)


@variant("lm.ngram_mle", "an unseen context has probability 0 for every word")
def zeros_if_unseen(count: Matrix, unseen: str = "error") -> Matrix:
    return Matrix(row if all(c == 0 for c in row) else row / total(row) for row in count)


@variant("lm.ngram_mle", "the gradient takes the denominator for a constant")
def constant_row_sum(count: Matrix, unseen: str = "error") -> Matrix:
    right = lm.ngram_mle(count, unseen)
    return Matrix(
        stop_gradient(p) if all(c == 0 for c in row) else row / stop_gradient(total(row))
        for row, p in zip(count, right, strict=True)
    )


@variant("lm.additive_smoothing", "the denominator has α, not α V")
def one_alpha_below(count: Matrix, alpha: Any) -> Matrix:
    lm.additive_smoothing(count, alpha)
    return Matrix((row + alpha) / (total(row) + alpha) for row in count)


@variant("lm.additive_smoothing", "V is the number of words seen after the context")
def vocabulary_of_the_row(count: Matrix, alpha: Any) -> Matrix:
    lm.additive_smoothing(count, alpha)
    seen = [max(sum(c > 0 for c in row), 1) for row in count]
    return Matrix((row + alpha) / (total(row) + alpha * V) for row, V in zip(count, seen, strict=True))


@variant("lm.additive_smoothing", "V is the number of contexts")
def contexts_for_words(count: Matrix, alpha: Any) -> Matrix:
    lm.additive_smoothing(count, alpha)
    return Matrix((row + alpha) / (total(row) + alpha * len(count)) for row in count)


@variant("lm.additive_smoothing", "always add-one, whatever α")
def laplace(count: Matrix, alpha: Any) -> Matrix:
    return lm.additive_smoothing(count, 1)


@variant("lm.additive_smoothing", "the gradient takes the denominator for a constant")
def constant_smoothed_sum(count: Matrix, alpha: Any) -> Matrix:
    lm.additive_smoothing(count, alpha)
    return Matrix((row + alpha) / stop_gradient(total(row) + alpha * len(row)) for row in count)


@variant("lm.ngram_ensemble", "the plain mean: the weights are ignored")
def equal_weights(p: Matrix, weights: Vector) -> Vector:
    return Vector(total(column) / len(p) for column in p.T)


@variant("lm.ngram_ensemble", "a geometric mixture, Π p_n^λ_n: it does not sum to 1")
def geometric_mixture(p: Matrix, weights: Vector) -> Vector:
    return Vector(product(power(q, stop_gradient(w)) for q, w in zip(column, weights, strict=True)) for column in p.T)


@variant("lm.ngram_ensemble", "the weights are in the opposite order")
def reversed_weights(p: Matrix, weights: Vector) -> Vector:
    return lm.ngram_ensemble(p, weights[::-1])


@variant("lm.ngram_ensemble", "the most confident model is taken")
def best_member(p: Matrix, weights: Vector) -> Vector:
    return Vector(largest(column) for column in p.T)


@variant("lm.ngram_ensemble", "no gradient reaches the weights")
def fixed_weights(p: Matrix, weights: Vector) -> Vector:
    return Vector(dot(stop_gradient(weights), column) for column in p.T)


# ------------------------------------------------------------------------------- the neural model
@variant("lm.neural_probabilistic", "the context is read backwards: newest word first")
def newest_word_first(**given: Any) -> Any:
    return lm.neural_probabilistic(**{**given, "context": given["context"][::-1]})


@variant("lm.neural_probabilistic", "the blocks of W are tied too: every position uses the first")
def one_block_for_all(**given: Any) -> Any:
    return lm.neural_probabilistic(**{**given, "W": given["W"][:1] * len(given["W"])})


@variant("lm.neural_probabilistic", "a bag of words: the mean embedding at every position")
def averaged_context(**given: Any) -> Any:
    R, context = given["R"], given["context"]
    mean = Vector(total(column) / len(context) for column in Matrix(R[w] for w in context).T)
    return lm.neural_probabilistic(**{**given, "R": Matrix([mean]), "context": (0,) * len(context)})


@variant("lm.neural_probabilistic", "the hidden bias is left out")
def no_hidden_bias(**given: Any) -> Any:
    return lm.neural_probabilistic(**{**given, "b": None})


@variant("lm.neural_probabilistic", "the output bias is left out")
def no_output_bias(**given: Any) -> Any:
    return lm.neural_probabilistic(**{**given, "c": None})


@variant("lm.neural_probabilistic", "no activation: the model is log-linear")
def linear_hidden_layer(**given: Any) -> Any:
    return lm.neural_probabilistic(**{**given, "activation": "identity"})


@variant("lm.neural_probabilistic", "each output is a sigmoid: they do not sum to 1")
def independent_outputs(**given: Any) -> Any:
    z, _ = lm.neural_probabilistic(**given)
    return z, sigmoid(z)


@variant("lm.neural_probabilistic", "the derivative of ReLU at 0 follows the other convention")
def other_slope_at_zero(**given: Any) -> Any:
    return lm.neural_probabilistic(**{**given, "grad_at_zero": 1 - given.get("grad_at_zero", 1)})


@variant(
    "lm.neural_probabilistic",
    "a repeated word keeps the gradient of its last position alone",
    source="PyTorch #1528",
)
def overwritten_embedding_gradient(**given: Any) -> Any:
    context, R = given["context"], given["R"]
    rows = [R[w] if w not in context[k + 1 :] else stop_gradient(R[w]) for k, w in enumerate(context)]
    return lm.neural_probabilistic(**{**given, "R": Matrix(rows), "context": range(len(context))})


@gradient_variant("lm.neural_probabilistic", "the embeddings are not trained")
def frozen_embeddings(gradients: Gradients, arguments: Any) -> Gradients:
    return {**gradients, "R": gradients["R"] * 0}
