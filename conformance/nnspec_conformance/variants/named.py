"""Mistakes in the methods that the notes only name."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import named, optimizer, scalars
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    absolute,
    concat,
    dot,
    exp,
    log,
    maximum,
    minimum,
    power,
    softmax,
    sqrt,
    square,
    step,
    stop_gradient,
    tanh,
    total,
)

Gradients = dict[str, Any]


# ---------------------------------------------------------------------------------- learning a single unit
@variant("named.perceptron_learning_rule", "moves away from the example: ŷ − y")
def away(x: Any, y: Any, w: Any, lr: Any, tie: str = "gt") -> Any:
    y_hat, update, _ = named.perceptron_learning_rule(x, y, w, lr, tie)
    return y_hat, -update, w - update


@variant("named.perceptron_learning_rule", "right answers move w too: the error is y − w · x", source="Adaline")
def error_before_the_threshold(x: Any, y: Any, w: Any, lr: Any, tie: str = "gt") -> Any:
    return step(dot(w, x), tie), *named.adaline_madaline(x, y, w, lr)


@variant("named.perceptron_learning_rule", "at w · x = 0 the other answer", source="E08")
def other_tie(x: Any, y: Any, w: Any, lr: Any, tie: str = "gt") -> Any:
    return named.perceptron_learning_rule(x, y, w, lr, "ge" if tie == "gt" else "gt")


@variant("named.perceptron_learning_rule", "mistakes on y = 0 are not unlearned")
def only_additions(x: Any, y: Any, w: Any, lr: Any, tie: str = "gt") -> Any:
    y_hat = step(dot(w, x), tie)
    update = lr * (y - y * y_hat) * x
    return y_hat, update, w + update


@variant("named.adaline_madaline", "the error is taken after the threshold", source="the perceptron's rule")
def error_after_the_threshold(x: Any, t: Any, w: Any, lr: Any) -> Any:
    update = lr * (t - step(dot(w, x))) * x
    return update, w + update


@variant("named.adaline_madaline", "the step of (t − w·x)², twice as long")
def factor_two(x: Any, t: Any, w: Any, lr: Any) -> Any:
    return named.adaline_madaline(x, t, w, 2 * lr)


@variant("named.adaline_madaline", "normalised by ‖x‖²", source="NLMS")
def normalised(x: Any, t: Any, w: Any, lr: Any) -> Any:
    update = optimizer.quotient(lr * (t - dot(w, x)) * x, x.map(lambda _: dot(x, x)))
    return update, w + update


# ---------------------------------------------------------------------------------- optimisers
@variant("named.rmsprop", "ε on the other side of the root")
def eps_misplaced(theta: Any, v: Any, g: Any, lr: Any, rho: Any, eps: Any, eps_placement: str = "outside") -> Any:
    other = "inside" if eps_placement == "outside" else "outside"
    return named.rmsprop(theta, v, g, lr, rho, eps, other)


@variant("named.rmsprop", "ρ and 1 − ρ are exchanged")
def forgets_too_fast(theta: Any, v: Any, g: Any, lr: Any, rho: Any, eps: Any, eps_placement: str = "outside") -> Any:
    return named.rmsprop(theta, v, g, lr, 1 - rho, eps, eps_placement)


@variant("named.rmsprop", "the squares are summed: v ← ρ v + g²")
def undamped(theta: Any, v: Any, g: Any, lr: Any, rho: Any, eps: Any, eps_placement: str = "outside") -> Any:
    v = rho * v + square(g)
    update = -(lr * optimizer.quotient(g, optimizer.denominator(v, eps, eps_placement)))
    return update, v, theta + update


@variant("named.rmsprop", "the step is taken with the average of before")
def stale_average(theta: Any, v: Any, g: Any, lr: Any, rho: Any, eps: Any, eps_placement: str = "outside") -> Any:
    update = -(lr * optimizer.quotient(g, optimizer.denominator(v, eps, eps_placement)))
    return update, rho * v + (1 - rho) * square(g), theta + update


@variant("named.adadelta", "the numerator has the average after this update")
def numerator_too_new(theta: Any, v: Any, d: Any, g: Any, rho: Any, eps: Any) -> Any:
    _, v, d, _ = named.adadelta(theta, v, d, g, rho, eps)
    update = -(sqrt(d + eps) / sqrt(v + eps) * g)
    return update, v, d, theta + update


@variant("named.adadelta", "ε only below: nothing ever moves from d = 0")
def no_eps_above(theta: Any, v: Any, d: Any, g: Any, rho: Any, eps: Any) -> Any:
    v = rho * v + (1 - rho) * square(g)
    update = -(sqrt(d) / sqrt(v + eps) * g)
    return update, v, rho * d + (1 - rho) * square(update), theta + update


@variant("named.adadelta", "d averages the squared gradients, as v does")
def averages_the_gradient(theta: Any, v: Any, d: Any, g: Any, rho: Any, eps: Any) -> Any:
    update, v, _, theta = named.adadelta(theta, v, d, g, rho, eps)
    return update, v, rho * d + (1 - rho) * square(g), theta


@variant("named.adamax", "u is corrected as Adam's v is")
def corrected_maximum(theta: Any, m: Any, u: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any) -> Any:
    update, m, u, _ = named.adamax(theta, m, u, g, t, lr, beta_1, beta_2)
    update = update * (1 - power(beta_2, t))
    return update, m, u, theta + update


@variant("named.adamax", "the maximum does not decay")
def undecayed_maximum(theta: Any, m: Any, u: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any) -> Any:
    m = beta_1 * m + (1 - beta_1) * g
    u = maximum(u, absolute(g))
    update = -(lr / (1 - power(beta_1, t)) * optimizer.quotient(m, u))
    return update, m, u, theta + update


@variant("named.adamax", "no correction of m")
def uncorrected(theta: Any, m: Any, u: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any) -> Any:
    update, m, u, _ = named.adamax(theta, m, u, g, t, lr, beta_1, beta_2)
    update = update * (1 - power(beta_1, t))
    return update, m, u, theta + update


@variant("named.nesterov_lookahead", "looks back: θ − ρ v")
def behind(theta: Any, v: Any, rho: Any) -> Any:
    return theta - rho * v


@variant("named.nesterov_lookahead", "looks ahead by the whole velocity")
def too_far(theta: Any, v: Any, rho: Any) -> Any:
    return theta + v


@variant(
    "named.nesterov_momentum",
    "the look-ahead is kept, and then added again",
    source="M17 (simd_neuralnet #17)",
)
def probe_kept(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    new = rho * v - lr * g
    update = rho * v + new
    return update, new, theta + update


@variant("named.nesterov_momentum", "the velocity of plain momentum: without the rate and the sign")
def plain_velocity(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    return optimizer.momentum(theta, v, g, lr, rho)


@variant("named.nesterov_momentum", "the libraries' rewriting: θ moves by ρ v − lr g of the new v")
def rewritten(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    v = rho * v - lr * g
    update = rho * v - lr * g
    return update, v, theta + update


@variant("named.iterate_averaging", "starts at 0: θ̄_1 = θ_1 / 2", source="Q3 (Keras 6998dee9)")
def counts_the_start(theta_bar: Any, theta: Any, t: int) -> Any:
    return named.iterate_averaging(theta_bar, theta, t + 1)


@variant("named.iterate_averaging", "(t θ̄ + θ) / (t + 1) on t that counts from 1", source="Q1 (keras-swa #10)")
def old_average_overweight(theta_bar: Any, theta: Any, t: int) -> Any:
    return (t * theta_bar + theta) / (t + 1)


@variant("named.iterate_averaging", "halves the distance each time, for every t")
def halves(theta_bar: Any, theta: Any, t: int) -> Any:
    return theta_bar + (theta - theta_bar) / 2


@variant("named.iterate_averaging", "the sum is not divided")
def running_sum(theta_bar: Any, theta: Any, t: int) -> Any:
    return theta_bar + theta / t


# ---------------------------------------------------------------------------------- units and layers
@variant("named.leaky_relu", "the slope applies on both sides", source="A1 (candle #898)")
def linear(x: Any, alpha: Any) -> Any:
    return alpha * x


@variant("named.leaky_relu", "not leaky")
def not_leaky(x: Any, alpha: Any) -> Any:
    return scalars.relu(x)


@variant("named.leaky_relu", "min for max")
def smaller(x: Any, alpha: Any) -> Any:
    return minimum(x, alpha * x)


@variant("named.leaky_relu", "the derivative at 0 is α", source="torch.nn.functional.leaky_relu; E09")
def derivative_at_zero(x: Any, alpha: Any) -> Any:
    return maximum(alpha * x, x)


@variant("named.multiplicative_interactions", "the factors are added", source="an ordinary recurrent unit")
def added(x: Any, h: Any, F: Any, G: Any, activation: str = "tanh") -> Any:
    z = F @ x + G @ h
    return tanh(z) if activation == "tanh" else scalars.sigmoid(z)


@variant("named.multiplicative_interactions", "each factor is squashed, not the product")
def squashed_early(x: Any, h: Any, F: Any, G: Any, activation: str = "tanh") -> Any:
    g = tanh if activation == "tanh" else scalars.sigmoid
    return g(F @ x) * g(G @ h)


@variant("named.multiplicative_interactions", "no gradient through the input's factor")
def input_fixed(x: Any, h: Any, F: Any, G: Any, activation: str = "tanh") -> Any:
    z = stop_gradient(F @ x) * (G @ h)
    return tanh(z) if activation == "tanh" else scalars.sigmoid(z)


@variant("named.tree_structured_networks", "the children are exchanged")
def exchanged_children(c_1: Any, c_2: Any, W: Any, b: Any = None, activation: str = "tanh") -> Any:
    return named.tree_structured_networks(c_2, c_1, W, b, activation)


@variant("named.tree_structured_networks", "the children are averaged, each through its half of W")
def averaged_children(c_1: Any, c_2: Any, W: Any, b: Any = None, activation: str = "tanh") -> Any:
    mean = (c_1 + c_2) / 2
    return named.tree_structured_networks(mean, mean, W, b, activation)


@variant("named.tree_structured_networks", "no bias")
def no_bias(c_1: Any, c_2: Any, W: Any, b: Any = None, activation: str = "tanh") -> Any:
    return named.tree_structured_networks(c_1, c_2, W, None, activation)


@gradient_variant("named.tree_structured_networks", "the right child gets no gradient")
def left_only(gradients: Gradients, arguments: Any) -> Gradients:
    return {**gradients, "c_2": scalars.zeros_like(gradients["c_2"])}


@variant("named.convnet_alexnet", "the filter is turned round", source="convolution against cross-correlation")
def turned_round(x: Any, w: Any, b: Any = None) -> Any:
    return named.convnet_alexnet(x, w[::-1], b)


@variant("named.convnet_alexnet", "the bias is added for every filter weight")
def bias_in_the_sum(x: Any, w: Any, b: Any = None) -> Any:
    return named.convnet_alexnet(x, w, None if b is None else b * len(w))


@gradient_variant("named.convnet_alexnet", "the filter's gradient is averaged over the places")
def averaged_filter_gradient(gradients: Gradients, arguments: Any) -> Gradients:
    return {**gradients, "w": gradients["w"] / (len(arguments["x"]) - len(arguments["w"]) + 1)}


@variant("named.cnn_sentence_classifiers", "the mean over time, not the maximum")
def mean_over_time(x: Any, W: Any, b: Any = None, activation: str = "tanh") -> Any:
    c, _ = named.cnn_sentence_classifiers(x, W, b, activation)
    return c, total(c) / len(c)


@variant("named.cnn_sentence_classifiers", "the last window, not the largest value")
def last_window(x: Any, W: Any, b: Any = None, activation: str = "tanh") -> Any:
    c, _ = named.cnn_sentence_classifiers(x, W, b, activation)
    return c, c[-1]


@variant("named.cnn_sentence_classifiers", "the window is read backwards")
def window_backwards(x: Any, W: Any, b: Any = None, activation: str = "tanh") -> Any:
    return named.cnn_sentence_classifiers(x, tuple(Matrix(tuple(w)[::-1]) for w in W), b, activation)


@variant("named.cnn_sentence_classifiers", "the gradient of the maximum goes to the last of the largest")
def last_of_the_largest(x: Any, W: Any, b: Any = None, activation: str = "tanh") -> Any:
    N, K = len(x), len(W[0])
    c, _ = named.cnn_sentence_classifiers(x, W, b, activation)
    top: Any = None
    for i in range(N - K + 1):
        z = Vector(dot(concat(*w), concat(*x[i : i + K])) for w in W)
        z = z if b is None else z + b
        top = z if top is None else maximum(z, top)
    return c, (tanh(top) if activation == "tanh" else scalars.relu(top))


@variant("named.scrn", "the input is not scaled by 1 − α")
def unscaled_input(x: Any, s0: Any, B: Any, alpha: Any) -> Any:
    return _scrn(x, s0, lambda x_t, s: B @ x_t + alpha * s)


@variant("named.scrn", "α and 1 − α are exchanged")
def exchanged_rates(x: Any, s0: Any, B: Any, alpha: Any) -> Any:
    return named.scrn(x, s0, B, 1 - alpha)


@variant("named.scrn", "the context is squashed")
def squashed_context(x: Any, s0: Any, B: Any, alpha: Any) -> Any:
    return _scrn(x, s0, lambda x_t, s: tanh((1 - alpha) * (B @ x_t) + alpha * s))


@variant("named.scrn", "the gradient ends at each step")
def cut_context(x: Any, s0: Any, B: Any, alpha: Any) -> Any:
    return _scrn(x, s0, lambda x_t, s: (1 - alpha) * (B @ x_t) + alpha * stop_gradient(s))


def _scrn(x: Any, s: Any, update: Any) -> Any:
    states = []
    for x_t in x:
        s = update(x_t, s)
        states.append(s)
    return Matrix(states), s


# ---------------------------------------------------------------------------------- attention, words, labels
def _attend(h: Any, scores: Any) -> Any:
    alpha = softmax(Vector(scores))
    return alpha, total(a * h_i for a, h_i in zip(alpha, h, strict=True))


@variant("named.attention", "the scores are divided by √A", source="scaled dot-product attention")
def scaled_scores(s: Any, h: Any, W: Any, U: Any, v: Any) -> Any:
    scale = sqrt(scalars.constant(len(v), v[0]))
    return _attend(h, [dot(v, tanh(W @ s + U @ h_i)) / scale for h_i in h])


@variant("named.attention", "no tanh: W s then shifts all scores alike, and cancels")
def linear_scores(s: Any, h: Any, W: Any, U: Any, v: Any) -> Any:
    return _attend(h, [dot(v, W @ s + U @ h_i) for h_i in h])


@variant("named.attention", "the weights are not normalised by their sum but by the number of words")
def averaged_weights(s: Any, h: Any, W: Any, U: Any, v: Any) -> Any:
    e = [exp(dot(v, tanh(W @ s + U @ h_i))) for h_i in h]
    alpha = Vector(e_i / len(h) for e_i in e)
    return alpha, total(a * h_i for a, h_i in zip(alpha, h, strict=True))


@variant("named.attention", "the query is left out")
def without_query(s: Any, h: Any, W: Any, U: Any, v: Any) -> Any:
    return _attend(h, [dot(v, tanh(U @ h_i)) for h_i in h])


@variant("named.attention", "no gradient through the weights")
def weights_fixed(s: Any, h: Any, W: Any, U: Any, v: Any) -> Any:
    alpha, _ = named.attention(s, h, W, U, v)
    return alpha, total(stop_gradient(a) * h_i for a, h_i in zip(alpha, h, strict=True))


@variant("named.skip_gram", "centre and context vectors are exchanged")
def tables_exchanged(w: Any, c: Any, v: Any, u: Any) -> Any:
    return named.skip_gram(w, c, u, v)


@variant("named.skip_gram", "one table for centre and context")
def one_table(w: Any, c: Any, v: Any, u: Any) -> Any:
    return named.skip_gram(w, c, v, v)


@variant("named.skip_gram", "the centre is predicted from the context")
def words_exchanged(w: Any, c: Any, v: Any, u: Any) -> Any:
    return named.skip_gram(c, w, v, u)


@variant("named.skip_gram", "the logarithm of p + 10⁻³", source="S11, coarser")
def log_of_softmax(w: Any, c: Any, v: Any, u: Any) -> Any:
    p, _ = named.skip_gram(w, c, v, u)
    return p, -log(p[c] + scalars.constant(1, p[c]) / 1000)


@variant("named.neural_crf", "A is transposed: from the tag to its predecessor")
def transposed(psi: Any, y: Any, A: Any) -> Any:
    return named.neural_crf(psi, y, A.T)


@variant("named.neural_crf", "normalised at every step", source="a maximum-entropy Markov model: label bias")
def normalised_locally(psi: Any, y: Any, A: Any) -> Any:
    if not psi:
        return 0
    found = _log_softmax(psi[0])[y[0]]
    for t in range(1, len(psi)):
        found = found + _log_softmax(psi[t] + A[y[t - 1]])[y[t]]
    return found


@variant("named.neural_crf", "no transitions")
def tags_alone(psi: Any, y: Any, A: Any) -> Any:
    return named.neural_crf(psi, y, A * 0)


@variant(
    "named.neural_crf",
    "the best sequence for the sum over all",
    source="Viterbi in place of the forward algorithm",
)
def best_for_all(psi: Any, y: Any, A: Any) -> Any:
    if not psi:
        return 0
    best, score = psi[0], psi[0][y[0]]
    for t in range(1, len(psi)):
        score = score + psi[t][y[t]] + A[y[t - 1]][y[t]]
        best = Vector(psi_j + _max(best + into) for psi_j, into in zip(psi[t], A.T, strict=True))
    return score - _max(best)


@variant("named.neural_crf", "the last step is not normalised")
def normaliser_too_short(psi: Any, y: Any, A: Any) -> Any:
    if not psi:
        return 0
    t = len(psi) - 1
    before = named.neural_crf(psi[:-1], y[:-1], A)
    return before + psi[t][y[t]] + (A[y[t - 1]][y[t]] if t else 0)


def _log_softmax(z: Any) -> Any:
    m = scalars.detach(scalars.largest(z))
    return z - (m + log(total(exp(z_i - m) for z_i in z)))


def _max(z: Any) -> Any:
    top = z[0]
    for z_i in z[1:]:
        top = maximum(top, z_i)
    return top
