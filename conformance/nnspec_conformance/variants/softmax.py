"""Mistakes in the softmax and in what speeds it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import softmax as right
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    detach,
    dot,
    exp,
    largest,
    log,
    log_sigmoid,
    maximum,
    mid,
    sigmoid,
    square,
    stop_gradient,
    total,
    zeros_like,
)

_MASK = float("-inf")


# ------------------------------------------------------------------------------------------------ the softmax
@variant("softmax.vector", "no shift: e^z overflows, or all of it underflows", source="NNlib.jl #43 and folklore")
def unshifted(z: Any) -> Any:
    return _quotients(z.map(exp))


@variant("softmax.vector", "the shift is max(0, max z): all scores far below 0 underflow", source="NNlib.jl #43")
def shift_starts_at_zero(z: Any) -> Any:
    m = detach(maximum(largest(z), 0))
    return _quotients(z.map(lambda z_i: exp(z_i - m)))


def _quotients(e: Vector) -> Vector:
    """e / Σ e, and NaN where Python would refuse to divide 0 by 0."""
    p: Vector = e * exp(-log(total(e)))
    return p


@variant("softmax.vector", "the denominator leaves out the score's own term")
def odds(z: Any) -> Any:
    p = right.softmax(right.logits(z))
    return Vector(p_i / (1 - p_i) for p_i in p) if len(z) > 1 else p


@variant("softmax.vector", "e^{−z}: a Boltzmann distribution of energies")
def negated(z: Any) -> Any:
    return right.softmax(Vector(-z_i for z_i in right.logits(z)))


@variant("softmax.vector", "powers of 2")
def base_two(z: Any) -> Any:
    two = z[0] * 0 + 2
    return right.softmax(right.logits(z) * detach(log(two)))


@variant("softmax.vector", "each score by itself: σ(z_i)", source="softmax(z_i) as printed in L14, E36")
def elementwise(z: Any) -> Any:
    return sigmoid(z)


@variant("softmax.vector", "the gradient takes the sum for a constant: p ⊙ (1−p) without the −p_i p_j")
def diagonal_jacobian(z: Any) -> Any:
    p = right.softmax(right.logits(z))
    slope = stop_gradient(p * (1 - p))
    return stop_gradient(p) + slope * (z - stop_gradient(z))


@variant("softmax.vector", "the gradient is that of the log-softmax", source="NNlib.jl 958a6d4, reversed")
def gradient_of_the_logarithm(z: Any) -> Any:
    log_Z = right.log_total(right.logits(z))
    log_p = Vector(z_i - log_Z for z_i in z)
    return stop_gradient(right.softmax(z)) + (log_p - stop_gradient(log_p))


@variant("softmax.vector", "masks with −∞ after the softmax, without normalising again")
def masked_too_late(z: Any) -> Any:
    scale = next(z_i for z_i in z if mid(z_i) != _MASK)
    seen = Vector(scale - scale if mid(z_i) == _MASK else z_i for z_i in z)
    return Vector(0 if mid(z_i) == _MASK else p_i for z_i, p_i in zip(z, right.softmax(seen), strict=True))


# ---------------------------------------------------------------------------------------- partition function
@variant("softmax.partition_function", "Z is divided by |V|: a mean")
def mean_of_scores(W: Any, x: Any) -> Any:
    Z, log_Z, p = right.partition_function(W, x)
    return Z / len(W), log_Z, p


@variant("softmax.partition_function", "log Z is the shifted sum's: the shift is not added back")
def shift_not_added(W: Any, x: Any) -> Any:
    Z, log_Z, p = right.partition_function(W, x)
    return Z, log_Z - largest(W @ x), p


@variant("softmax.partition_function", "Z leaves out the last word")
def one_word_short(W: Any, x: Any) -> Any:
    z = (W @ x)[:-1]
    rest = total(exp(s) for s in z) if z else (W @ x)[0] * 0
    _, log_Z, p = right.partition_function(W, x)
    return rest, log_Z, p


@variant("softmax.partition_function", "P is not divided by Z")
def not_normalised(W: Any, x: Any) -> Any:
    Z, log_Z, _ = right.partition_function(W, x)
    return Z, log_Z, (W @ x).map(exp)


@variant("softmax.partition_function", "log Z is a constant of the gradient")
def constant_log_z(W: Any, x: Any) -> Any:
    Z, log_Z, p = right.partition_function(W, x)
    return Z, stop_gradient(log_Z), p


# ------------------------------------------------------------------------------- linear and log-linear models
@variant("softmax.loglinear", "normalises over the features instead of the classes")
def over_the_features(w: Any, f: Any) -> Any:
    weighted = Matrix(Vector(w_k * f_yk for w_k, f_yk in zip(w, row, strict=True)) for row in f)
    return Vector(total(right.softmax(row)) / len(f) for row in weighted)


@variant("softmax.loglinear", "unnormalised scores")
def raw_scores(w: Any, f: Any) -> Any:
    return Vector(exp(dot(w, row)) for row in f)


@variant("softmax.loglinear", "the gradient to the weights forgets the expected features: f(x,y) without −E_P[f]")
def observed_features_only(w: Any, f: Any) -> Any:
    p = right.loglinear(w, f)
    return Vector(
        stop_gradient(p_y) + stop_gradient(p_y) * (dot(w, row) - stop_gradient(dot(w, row)))
        for p_y, row in zip(p, f, strict=True)
    )


@variant("softmax.loglinear", "each class by itself: σ(wᵀf)")
def one_against_all(w: Any, f: Any) -> Any:
    return Vector(sigmoid(dot(w, row)) for row in f)


@variant(
    "softmax.linear_features",
    "Softmax over the wrong axis: over the inputs of each class",
    source="WX, dim=0, E20",
)
def over_the_inputs(W: Any, f: Any) -> Any:
    return Vector(dot(right.softmax(row), f) for row in W)


@variant("softmax.linear_features", "the first class is fixed to the score 0, and its weights ignored")
def reference_class(W: Any, f: Any) -> Any:
    z = W @ f
    return right.softmax(Vector(0 * s if i == 0 else s for i, s in enumerate(z)))


@gradient_variant("softmax.linear_features", "the gradient of the features is not sent back")
def features_are_constants(gradients: Gradients, arguments: Any) -> Gradients:
    return {**gradients, "f": zeros_like(gradients["f"])}


# ------------------------------------------------------------------------------------------------ log-sum-exp
@variant("softmax.log_sum_exp", "no shift: log Σ e^a of large scores is infinite")
def unshifted_sum(a: Any) -> Any:
    return log(total(exp(x) for x in a))


@variant("softmax.log_sum_exp", "the largest score stands for the sum")
def hard_maximum(a: Any) -> Any:
    return largest(a)


@variant("softmax.log_sum_exp", "the shift is subtracted but not added back")
def not_shifted_back(a: Any) -> Any:
    return right.log_sum_exp(a) - detach(largest(a))


@variant("softmax.log_sum_exp", "log of the mean: less log C")
def log_of_the_mean(a: Any) -> Any:
    e = total(exp(x) for x in a)
    return right.log_sum_exp(a) + (log(e / len(a)) - log(e))


@variant("softmax.log_sum_exp", "a small constant in the logarithm", source="log(softmax + 1e-12) and its kin")
def guarded_logarithm(a: Any) -> Any:
    if not any(mid(x) != _MASK for x in a):
        return right.log_sum_exp(a)
    m = detach(largest(a))
    s = total(exp(x - m) for x in a if mid(x) != _MASK)
    return m + log(s + s / 10**7)


@variant("softmax.log_sum_exp", "the gradient is e^{a − max a}, not normalised")
def gradient_not_normalised(a: Any) -> Any:
    log_Z = right.log_sum_exp(a)
    possible = [x for x in a if mid(x) != _MASK]
    if not possible:
        return log_Z
    m = detach(largest(possible))
    return stop_gradient(log_Z) + total(stop_gradient(exp(x - m)) * (x - stop_gradient(x)) for x in possible)


@variant("softmax.onehot_select", "multiplies by the one-hot vector: 0·∞ is NaN", source="tinygrad #11760")
def multiplied_out(v: Any, i: int) -> Any:
    return total(v_j * (v_j * 0 + int(j == i) if mid(v_j) - mid(v_j) == 0 else int(j == i)) for j, v_j in enumerate(v))


@variant("softmax.onehot_select", "counts from 1")
def counts_from_one(v: Any, i: int) -> Any:
    return v[i - 1]


@gradient_variant("softmax.onehot_select", "the gradient goes to every entry")
def gradient_to_all(gradients: Gradients, arguments: Any) -> Gradients:
    return {"v": gradients["v"] * 0 + total(gradients["v"])}


# --------------------------------------------------------------------------------------------- class-factored
def _factored(A: Any, B: Any, h: Any, members: list[int], place: int, c: int, h_class: Any = None) -> Any:
    class_scores = A @ (h if h_class is None else h_class)
    word_scores = Vector(dot(B[v], h) for v in members)
    p = right.softmax(class_scores)[c] * right.softmax(word_scores)[place]
    log_p = class_scores[c] - right.log_total(class_scores) + word_scores[place] - right.log_total(word_scores)
    return p, log_p


@variant("softmax.class_factored", "the word's softmax runs over the whole vocabulary")
def whole_vocabulary(A: Any, B: Any, classes: Sequence[int], h: Any, w: int) -> Any:
    return _factored(A, B, h, list(range(len(B))), w, classes[w])


@variant(
    "softmax.class_factored",
    "the place within the class is the word's index modulo the number of classes",
    source="Theano 8037a997",
)
def place_modulo_classes(A: Any, B: Any, classes: Sequence[int], h: Any, w: int) -> Any:
    members = [v for v, c in enumerate(classes) if c == classes[w]]
    return _factored(A, B, h, members, w % len(A) % len(members), classes[w])


@variant("softmax.class_factored", "the class's probability is left out")
def word_factor_only(A: Any, B: Any, classes: Sequence[int], h: Any, w: int) -> Any:
    z = Vector(dot(B[v], h) for v, c in enumerate(classes) if c == classes[w])
    place = [v for v, c in enumerate(classes) if c == classes[w]].index(w)
    return right.softmax(z)[place] * 1, z[place] - right.log_total(z)


@variant("softmax.class_factored", "the words are taken as sorted by class, though they are not")
def classes_taken_as_contiguous(A: Any, B: Any, classes: Sequence[int], h: Any, w: int) -> Any:
    ordered, members = sorted(classes), [v for v, c in enumerate(classes) if c == classes[w]]
    first = ordered.index(classes[w])
    taken = list(range(first, first + len(members)))
    return _factored(A, B, h, taken, members.index(w), classes[w])


@variant("softmax.class_factored", "no gradient goes through the class scores to h")
def no_gradient_through_the_class(A: Any, B: Any, classes: Sequence[int], h: Any, w: int) -> Any:
    members = [v for v, c in enumerate(classes) if c == classes[w]]
    return _factored(A, B, h, members, members.index(w), classes[w], h_class=stop_gradient(h))


# ----------------------------------------------------------------------------------------------- hierarchical
def _climb(v: Any, nodes: Any, signs: Any, h: Any, w: int, steps: Sequence[int], turn: Any = None) -> Any:
    p, log_p = 1, 0
    for j in steps:
        z = dot(v[nodes[w][j]], h)
        z = turn(signs[w][j], z) if turn else signs[w][j] * z
        p, log_p = p * sigmoid(z), log_p + log_sigmoid(z)
    return p, log_p


@variant("softmax.hierarchical", "every turn is taken to the right: −1.0**code is always −1", source="gensim #653")
def always_right(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    return _climb(v, nodes, signs, h, w, range(depth[w]), lambda s, z: -z)


@variant("softmax.hierarchical", "left and right are exchanged: sign −1 to the left", source="sign convention")
def other_hand(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    return _climb(v, nodes, signs, h, w, range(depth[w]), lambda s, z: -s * z)


@variant("softmax.hierarchical", "the padding of short ways is multiplied in")
def padding_counts(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    return _climb(v, nodes, signs, h, w, range(len(nodes[w])))


@variant(
    "softmax.hierarchical",
    "the product is divided by its sum over all leaves, which is 1: every node is read",
)
def normalised_again(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    leaves = [_climb(v, nodes, signs, h, leaf, range(depth[leaf])) for leaf in range(len(depth))]
    p, log_p = leaves[w]
    Z = total(p_leaf for p_leaf, _ in leaves)
    return p / Z, log_p - (log(Z) if not isinstance(Z, int) else 0)


@variant("softmax.hierarchical", "the root is left out")
def rootless(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    return _climb(v, nodes, signs, h, w, range(1, depth[w]))


@variant("softmax.hierarchical", "log P is the logarithm of the product, which underflows")
def log_of_the_product(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    p, _ = right.hierarchical(v, nodes, signs, depth, h, w)
    return p, log(p) if depth[w] else 0


@variant("softmax.hierarchical", "nodes with |v·h| ≥ 6 get no gradient", source="tmikolov/word2vec #29")
def saturated_nodes_skipped(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    return _climb(
        v, nodes, signs, h, w, range(depth[w]), lambda s, z: s * (stop_gradient(z) if abs(mid(z)) >= 6 else z)
    )


@variant(
    "softmax.hierarchical",
    "a node met twice keeps the gradient of the last visit only",
    source="PyTorch #1528",
)
def last_visit_only(v: Any, nodes: Any, signs: Any, depth: Any, h: Any, w: int) -> Any:
    p, log_p = 1, 0
    way = nodes[w][: depth[w]]
    for j, node in enumerate(way):
        row = v[node] if node not in way[j + 1 :] else stop_gradient(v[node])
        z = signs[w][j] * dot(row, h)
        p, log_p = p * sigmoid(z), log_p + log_sigmoid(z)
    return p, log_p


# ------------------------------------------------------------------------------------ noise and its relatives
def _apart(W: Any, b: Any, h: Any, w: int, noise: Sequence[int], offset: Any) -> Any:
    def delta(v: int) -> Any:
        s = dot(W[v], h)
        return (s if b is None else s + b[v]) - offset(v)

    return -log_sigmoid(delta(w)) - total(log_sigmoid(-delta(v)) for v in noise)


def _known(q: Any, w: int, noise: Sequence[int]) -> None:
    if any(q[v] == 0 for v in (w, *noise)):
        raise ValueError("q(w) = 0 for an observed or drawn word")


@variant("softmax.noise_contrastive", "the scores are normalised over the whole vocabulary first: log P for s")
def normalised_scores(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    _known(q, w, noise)
    k, log_Z = len(noise), right.log_total(W @ h if b is None else W @ h + b)
    return _apart(W, b, h, w, noise, lambda v: log(k * q[v]) + log_Z) if k else 0


@variant("softmax.noise_contrastive", "log q(w) without the factor k")
def without_k(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    _known(q, w, noise)
    return _apart(W, b, h, w, noise, lambda v: log(q[v])) if noise else 0


@variant(
    "softmax.noise_contrastive",
    "negative sampling: the noise's probabilities are left out",
    source="word2vec",
)
def without_noise_probabilities(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    _known(q, w, noise)
    return right.negative_sampling(W, b, h, w, noise) if noise else 0


@variant("softmax.noise_contrastive", "the mean over the draws, not their sum")
def mean_over_draws(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    J, k = right.noise_contrastive(W, b, q, h, w, noise), len(noise)
    if k == 0:
        return J
    s = dot(W[w], h) if b is None else dot(W[w], h) + b[w]
    own = -log_sigmoid(s - log(k * q[w]))
    return own + (J - own) / k


@variant("softmax.noise_contrastive", "draws equal to the observed word are dropped", source="word2vec.c")
def collisions_dropped(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    _known(q, w, noise)
    k = len(noise)
    return _apart(W, b, h, w, [v for v in noise if v != w], lambda v: log(k * q[v])) if k else 0


@variant("softmax.noise_contrastive", "repeated draws count once")
def draws_as_a_set(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    _known(q, w, noise)
    k = len(noise)
    return _apart(W, b, h, w, sorted(set(noise)), lambda v: log(k * q[v])) if k else 0


@variant("softmax.noise_contrastive", "the correction is added instead of subtracted")
def correction_added(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    _known(q, w, noise)
    k = len(noise)
    return _apart(W, b, h, w, noise, lambda v: -log(k * q[v])) if k else 0


@variant(
    "softmax.noise_contrastive",
    "a repeated word keeps the gradient of the last draw only",
    source="PyTorch #1528",
)
def last_draw_only(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    _known(q, w, noise)
    if not noise:
        return 0
    words, k, J = (w, *noise), len(noise), 0
    for place, v in enumerate(words):
        row = stop_gradient(W[v]) if v in words[place + 1 :] else W[v]
        delta = dot(row, h) - log(k * q[v]) if b is None else dot(row, h) + b[v] - log(k * q[v])
        J = J - log_sigmoid(delta if place == 0 else -delta)
    return J


@variant("softmax.negative_sampling", "the noise is told from itself: σ(s) instead of σ(−s)")
def noise_taken_for_data(W: Any, b: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    scores = [dot(W[v], h) if b is None else dot(W[v], h) + b[v] for v in (w, *noise)]
    return -total(log_sigmoid(s) for s in scores)


@variant("softmax.negative_sampling", "the mean over the draws, not their sum")
def mean_over_the_noise(W: Any, b: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    own = right.negative_sampling(W, b, h, w, ())
    J = right.negative_sampling(W, b, h, w, noise)
    return own + (J - own) / max(1, len(noise))


@variant("softmax.negative_sampling", "draws equal to the observed word are dropped", source="word2vec.c")
def same_word_dropped(W: Any, b: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    return right.negative_sampling(W, b, h, w, [v for v in noise if v != w])


@variant("softmax.negative_sampling", "the bias is left out")
def unbiased(W: Any, b: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    return right.negative_sampling(W, None if b is None else b * 0, h, w, noise)


@variant("softmax.negative_sampling", "only the observed word sends a gradient to h")
def noise_does_not_reach_h(W: Any, b: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    kept = right.negative_sampling(W, b, stop_gradient(h), w, ())
    return right.negative_sampling(W, b, h, w, ()) + right.negative_sampling(W, b, stop_gradient(h), w, noise) - kept


@variant("softmax.self_normalized", "the penalty is α |log Z|, not its square")
def absolute_penalty(s: Any, w: int, alpha: Any) -> Any:
    log_Z = right.log_total(right.logits(s))
    return log_Z - s[w] + alpha * abs(log_Z), log_Z


@variant("softmax.self_normalized", "the penalty pulls Z, not log Z, to one")
def penalty_on_z(s: Any, w: int, alpha: Any) -> Any:
    log_Z = right.log_total(right.logits(s))
    return log_Z - s[w] + alpha * square(exp(log_Z) - 1), log_Z


@variant("softmax.self_normalized", "the likelihood is not normalised while training either: −s_w + α (log Z)²")
def never_normalised(s: Any, w: int, alpha: Any) -> Any:
    log_Z = right.log_total(right.logits(s))
    return -s[w] + alpha * square(log_Z), log_Z


@variant("softmax.self_normalized", "the gradient of the penalty lacks the factor 2")
def half_a_penalty_gradient(s: Any, w: int, alpha: Any) -> Any:
    log_Z = right.log_total(right.logits(s))
    penalty = alpha * stop_gradient(log_Z) * (log_Z - stop_gradient(log_Z))
    return log_Z - s[w] + stop_gradient(alpha * square(log_Z)) + penalty, log_Z


@variant("softmax.self_normalized", "Z is a constant of the penalty: α (log Z)² teaches nothing")
def penalty_without_gradient(s: Any, w: int, alpha: Any) -> Any:
    log_Z = right.log_total(right.logits(s))
    return log_Z - s[w] + alpha * square(stop_gradient(log_Z)), log_Z
