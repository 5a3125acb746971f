"""The softmax and what speeds it up (ledger section 4).

Scores (logits) may be −∞: such a class is masked and has probability exactly 0. A row of nothing but −∞ has
no distribution and is an error, and so are +∞ and NaN.

In the speed-ups words are indices into a vocabulary V; what a tree, a partition into classes or a noise
distribution is made from words, and the counts of evaluated scores, is the module `vocabulary`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec_reference import scalars
from nnspec_reference.catalogue import Argument, data, equation, hyper, parameter, real
from nnspec_reference.scalars import (
    Vector,
    detach,
    dot,
    exp,
    largest,
    log,
    log_sigmoid,
    mid,
    sigmoid,
    square,
    total,
)

_INFINITY = float("inf")


def scores(name: str, shape: str) -> Argument:
    """An argument of logits: a masked one is −∞."""
    return data(name, shape, allows="-inf", draw=("large", "ties"))


@equation(scores("z", "d"), results=[real("p", "d")])
def vector(z: Any) -> Any:
    """Softmax of a vector.

        softmax(z)_i = e^{z_i} / Σ_{j=1}^{d} e^{z_j}        1 ≤ i ≤ d

    Every e^{z_i} is divided by e^{max z} first: the quotients stay the same, and nothing overflows, whatever
    the sign of the scores. L14 writes softmax(z_i) and DS17 softmax(W_y·x), as if of one number; it is a
    function of the whole vector, whose size the notes call d, K or C (E36). In a batch the sum runs over the
    classes, the last axis, and not over the batch as in the snippet of WX, Softmax(dim=0) (E20). This is what
    is wrong with z itself (X10): its entries neither lie in [0, 1] nor sum to 1.

    Source: L14 "SOFTMAX"; WX "Logistic Regression with NNs"; G15; DS17 "Second things second".
    Errata: E20, E36.
    """
    return softmax(logits(z))


@equation(
    parameter("W", "V D"),
    data("x", "D"),
    results=[real("Z"), real("log_Z"), real("p", "V")],
)
def partition_function(W: Any, x: Any) -> Any:
    """Partition function: the normalising constant of the softmax.

        Z = Σ_h e^{W_h·x}
        P(y|x) = e^{W_y·x} / Z

    Z takes |V| exponentials for every prediction, which is the whole trouble. It leaves the range of
    floating-point numbers long before log Z = log-sum-exp(Wx) does, which is therefore returned too; P is
    computed without Z.

    Source: DS17 "Second things second", "Softmax Normalization".
    Errata: E36.
    """
    z = W @ x
    return total(exp(z_h) for z_h in z), log_total(z), softmax(z)


@equation(parameter("w", "D"), data("f", "C D"), results=[real("p", "C")])
def loglinear(w: Any, f: Any) -> Any:
    """Log-linear model: multiclass logistic regression on features of input and class.

        P_w(y|x) = exp(wᵀf(x,y)) / Σ_{y'∈Y} exp(wᵀf(x,y')) = softmax([wᵀf(x,y)]_{y∈Y})

    Row y of f holds f(x,y). WX's worked example prints exp(2.2) = 6.05, which is e^{1.80}; e^{2.2} is 9.03,
    and with it the probabilities are .284, .699, .017 and not .21, .77, .02 (E02).

    Source: WX "Recap: Multiclass Logistic Regression", "Logistic Regression with NNs", "Optimization".
    Errata: E02.
    """
    return softmax(Vector(dot(w, features) for features in f))


@equation(parameter("W", "C n"), data("f", "n"), results=[real("p", "C")])
def linear_features(W: Any, f: Any) -> Any:
    """Softmax of a linear function of the features, one weight vector for each class.

        P(y|x) = softmax(W f(x))        W is [num classes × num feats]

    Source: WX "Logistic Regression with NNs".
    """
    return softmax(W @ f)


@equation(scores("a", "C"), results=[real("log_Z")])
def log_sum_exp(a: Any) -> Any:
    """Log of the sum of exponentials, the second half of the log-softmax.

        log softmax(Wz)·e_{i*} = (Wz)·e_{i*} − log Σ_j exp(Wz)·e_j

    Here a = Wz and log Σ_j e^{a_j} is returned; the difference is `loss.log_likelihood`. WX's second term
    reads: exp of each element, the dot product with e_j selects one, then the sum, then the log. With m = max
    a it is m + log Σ_j e^{a_j − m}, never the logarithm of a softmax, which may have underflowed to 0 (E20).
    All a_j = −∞ is an empty sum: log 0 = −∞, with the gradient 0.

    Source: WX "Training Neural Networks", "Computing Gradients".
    Errata: E20.
    """
    _refuse_infinite(a)
    return log_total(a) if any(not _masked(x) for x in a) else -_INFINITY


@equation(data("v", "n", allows="inf -inf"), data("i", kind="index", of="n"), results=[real("v_i")])
def onehot_select(v: Any, i: int) -> Any:
    """Selection of one entry by a one-hot vector.

        v · e_i = v_i

    e_i is 1 in row i and 0 elsewhere. The entry is looked up, not multiplied out: 0·∞ would be NaN.

    Source: WX "Training Neural Networks".
    """
    return v[_within(i, v)]


@equation(
    parameter("A", "G D"),
    parameter("B", "V D"),
    parameter("classes", "V", "index", of="G", draw=("onto",)),
    data("h", "D"),
    data("w", kind="index", of="V"),
    results=[real("p"), real("log_p")],
    relations=["G <= V"],
)
def class_factored(A: Any, B: Any, classes: Sequence[int], h: Any, w: int) -> Any:
    """Class-based decomposition: first the class of the word, then the word within its class.

        P(w|h) = P(c(w)|h) · P(w|c(w),h) = softmax(A h)_{c(w)} · softmax(B_c h)_w

    `classes` gives c(w) for every word, and B_c are those rows of B whose words are in the class c: only they
    are scored, so a prediction takes #classes + |class of w| scores instead of |V|; that is O(√|V|) if there
    are about √|V| classes of about √|V| words (E25). It is listed under "we can approximate Z", but it is
    another model, and exactly normalised (E24). The only word of a class has P(w|c,h) = 1; a class without
    words would take probability away from all words, and is an error.

    Source: DS17 [after "Softmax Normalization"].
    Errata: E24, E25.
    """
    c = classes[_within(w, classes)]
    if set(classes) != set(range(len(A))):
        raise ValueError("a class has no words")
    members = [v for v, class_of_v in enumerate(classes) if class_of_v == c]
    class_scores, word_scores = A @ h, Vector(dot(B[v], h) for v in members)
    place = members.index(w)
    p = softmax(class_scores)[c] * softmax(word_scores)[place]
    log_p = (class_scores[c] - log_total(class_scores)) + (word_scores[place] - log_total(word_scores))
    return p, log_p


@equation(
    parameter("v", "N D"),
    parameter("nodes", "V L", "index", of="N"),
    parameter("signs", "V L", "sign"),
    parameter("depth", "V", "index", of="L+1"),
    data("h", "D"),
    data("w", kind="index", of="V"),
    results=[real("p"), real("log_p")],
    least={"L": 0, "N": 0},
    relations=["L <= N"],
)
def hierarchical(v: Any, nodes: Sequence[Sequence[int]], signs: Any, depth: Sequence[int], h: Any, w: int) -> Any:
    """Hierarchical softmax: words are the leaves of a binary tree, each turn on the way is a yes/no question.

        P(w|h) = Π_{j∈path(w)} σ(s_j v_jᵀ h)        s_j = +1 to the left, −1 to the right

    The tree comes as arrays, which `vocabulary.paths` makes of any full binary tree: nodes[w] are the inner
    nodes from the root to w, signs[w] the turns taken there, and only the first depth[w] of them count. A
    tree of |V| words has |V| − 1 inner nodes; a prediction takes depth[w] scores, ⌈log2 |V|⌉ at most if the
    tree is balanced (E25). The leaves' probabilities sum to 1 in every full binary tree: it is a model of its
    own, not an approximation of Z (E24). |V| = 1 has the empty path, P = 1. A long product underflows, and
    log P = Σ_j log σ(s_j v_jᵀ h) does not.

    Source: DS17 [after "Softmax Normalization"].
    Errata: E24, E25.
    """
    p, log_p = 1, 0
    for j in range(depth[_within(w, depth)]):
        turn = signs[w][j] * dot(v[nodes[w][j]], h)
        p = p * sigmoid(turn)
        log_p = log_p + log_sigmoid(turn)
    return p, log_p


@equation(
    parameter("W", "V D"),
    parameter("b", "V", optional=True),
    parameter("q", "V", "simplex", differentiable=False),
    data("h", "D"),
    data("w", kind="index", of="V"),
    data("noise", "k", "index", of="V"),
    results=[real("J")],
    least={"k": 0},
)
def noise_contrastive(W: Any, b: Any, q: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    """Noise contrastive estimation: tell the observed word from k words drawn from the noise distribution q.

        s(w,h) = W_w·h + b_w
        Δ(w) = s(w,h) − log(k q(w))
        J = −log σ(Δ(w_0)) − Σ_{i=1}^{k} log σ(−Δ(w_i))

    The draws w_1 … w_k are inputs; they may repeat, and may be the observed word w_0, and each counts. k + 1
    scores are computed, independent of |V|, which is what O(1) means (E25). A word with q(w) = 0 is never
    noise, so its Δ would be +∞: if it is observed or drawn, q is wrong for these data, and that is an error.
    Without draws (k = 0) there is nothing to tell apart and J = 0.

    Source: DS17 [after "Softmax Normalization"].
    Errata: E24, E25.
    """
    k = len(noise)
    if any(q[_within(v, q)] == 0 for v in (w, *noise)):
        raise ValueError("q(w) = 0 for an observed or drawn word")
    if k == 0:
        return 0

    def delta(v: int) -> Any:
        return _score(W, b, h, v) - log(k * q[v])

    return -log_sigmoid(delta(w)) - total(log_sigmoid(-delta(v)) for v in noise)


@equation(
    parameter("W", "V D"),
    parameter("b", "V", optional=True),
    data("h", "D"),
    data("w", kind="index", of="V"),
    data("noise", "k", "index", of="V"),
    results=[real("J")],
    least={"k": 0},
)
def negative_sampling(W: Any, b: Any, h: Any, w: int, noise: Sequence[int]) -> Any:
    """Negative sampling: noise contrastive estimation without the noise's probabilities.

        J = −log σ(s(w_0,h)) − Σ_{i=1}^{k} log σ(−s(w_i,h))        s(w,h) = W_w·h + b_w

    It is `noise_contrastive` with Δ = s, to which that reduces when k q(w) = 1 for every word. Without draws
    (k = 0) the first term is left.

    Source: DS17 [after "Softmax Normalization"].
    Errata: E25.
    """
    _within(w, W)
    drawn = total(log_sigmoid(-_score(W, b, h, v)) for v in noise if _within(v, W) >= 0)
    return -log_sigmoid(_score(W, b, h, w)) - drawn


@equation(
    scores("s", "V"),
    data("w", kind="index", of="V"),
    hyper("alpha", 0.5, 0.0, 0.125, 3.0, low=0.0),
    results=[real("J"), real("log_Z")],
)
def self_normalized(s: Any, w: int, alpha: Any) -> Any:
    """Self-normalisation: teach the scores to have Z = 1, so that nobody has to compute Z later.

        J = −log P(w|h) + α (log Z(h))²        log P(w|h) = s_w − log Z(h)

    Training still sums over V (slow); at query time e^{s_w} is taken for P(w|h) without dividing (fast). α is
    not given in the notes; α = 0 is the plain negative log-likelihood.

    Source: DS17 [after "Softmax Normalization"].
    Errata: E24.
    """
    log_Z = log_total(logits(s))
    return log_Z - s[_within(w, s)] + alpha * square(log_Z), log_Z


# --------------------------------------------------------------------------------- shared with other families
def logits(z: Any) -> Any:
    """z itself, if it is a row of scores that has a softmax: not empty, no NaN, no +∞, not all −∞."""
    _refuse_infinite(z)
    if not any(not _masked(x) for x in z):
        raise ValueError("the scores are all −∞: no class is possible")
    return z


def softmax(z: Any) -> Vector:
    """softmax(z); a masked score gives exactly 0."""
    possible = iter(scalars.softmax(Vector(x for x in z if not _masked(x))))
    return Vector(0 if _masked(x) else next(possible) for x in z)


def log_total(z: Any) -> Any:
    """log Σ_j e^{z_j}, shifted by the largest score."""
    m = detach(largest(z))
    return m + log(total(exp(x - m) for x in z if not _masked(x)))


def _masked(x: Any) -> bool:
    return mid(x) == -_INFINITY


def _refuse_infinite(z: Any) -> None:
    if not all(mid(x) < _INFINITY for x in z):
        raise ValueError("a score is +∞ or NaN")


def _within(i: int, items: Any) -> int:
    """i, if it is an index of `items`."""
    if not 0 <= i < len(items):
        raise ValueError(f"{i} is not an index from 0 to {len(items) - 1}")
    return i


def _score(W: Any, b: Any, h: Any, v: int) -> Any:
    """s(v,h) = W_v·h + b_v."""
    s = dot(W[v], h)
    return s if b is None else s + b[v]
