"""What the notes name and do not print (ledger section 17): those methods that have one standard equation.

The equations are the ledger's, from general knowledge rather than from the notes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnspec_reference import scalars
from nnspec_reference.catalogue import (
    algorithm,
    bit,
    choice,
    data,
    equation,
    hyper,
    parameter,
    real,
)
from nnspec_reference.optimizer import (
    ALSO_EMPTY,
    BETAS,
    EPS,
    LR,
    OUTSIDE_FIRST,
    RHO,
    STEP,
    decay_rate,
    denominator,
    quotient,
    tensor,
)
from nnspec_reference.scalars import (
    Matrix,
    Scalar,
    Vector,
    absolute,
    concat,
    detach,
    dot,
    exp,
    largest,
    log,
    maximum,
    power,
    relu,
    softmax,
    sqrt,
    square,
    step,
    tanh,
    total,
)

_TIE = choice("tie", "gt", "ge")


# ---------------------------------------------------------------------------------- learning a single unit
@equation(
    data("x", "D"),
    data("y", "", "bit"),
    parameter("w", "D"),
    LR,
    options=[_TIE],
    results=[bit("y_hat"), real("update", "D"), real("w", "D")],
    gradient=False,
)
def perceptron_learning_rule(
    x: Vector, y: Scalar, w: Vector, lr: Any, tie: str = "gt"
) -> tuple[Scalar, Vector, Vector]:
    """Perceptron learning rule, on one example.

        ŷ = 1 if w · x > 0 (tie="gt"), or ≥ 0 (tie="ge"); otherwise 0
        w ← w + η (y − ŷ) x

    Nothing moves on a right answer. A bias is the weight of an input that is always 1. Each example of a
    batch is an update of the same w. `perceptron_convergence` is the procedure.

    Source: WX "A Bit of History" (named there: "the first implementation of the perceptron algorithm").
    """
    y_hat = step(dot(w, x), tie)
    update = lr * (y - y_hat) * x
    return y_hat, update, w + update


@algorithm()
def perceptron_convergence(
    examples: Sequence[tuple[Vector, int]], w: Vector, lr: Any = 1, epochs: int = 100, tie: str = "gt"
) -> tuple[Vector, int | None]:
    """Perceptron convergence procedure: the rule, example after example, until a whole epoch has no mistake.

        repeat: for each (x, y): w ← w + η (y − ŷ) x

    The weights, and the epoch without a mistake; None if none of `epochs` was. It ends if and only if some
    w separates the examples (with a bias as an input of 1).

    Source: WX "A Bit of History" (named there).
    """
    for epoch in range(1, epochs + 1):
        mistakes = 0
        for x, y in examples:
            y_hat, _, w = perceptron_learning_rule(x, y, w, lr, tie)
            mistakes += y_hat != y
        if not mistakes:
            return w, epoch
    return w, None


@equation(
    data("x", "D"),
    data("t"),
    parameter("w", "D"),
    LR,
    results=[real("update", "D"), real("w", "D")],
    gradient=False,
)
def adaline_madaline(x: Vector, t: Scalar, w: Vector, lr: Any) -> tuple[Vector, Vector]:
    """Adaline's learning rule (Widrow and Hoff), on one example.

        w ← w + η (t − w · x) x

    A step of gradient descent on ½ (t − w · x)²: the error is taken before the threshold, so that right
    answers move w as well. Madaline ("Madeline" in WX) is a network of Adalines, and has no such equation.

    Source: WX "A Bit of History" (named there).
    """
    update = lr * (t - dot(w, x)) * x
    return update, w + update


# ---------------------------------------------------------------------------------- optimisers
@equation(
    tensor("theta"),
    tensor("v", "nonnegative"),
    tensor("g"),
    LR,
    decay_rate("rho", 0.9, 0.99, 0.5, 0.0),
    EPS,
    options=[OUTSIDE_FIRST],
    results=[real("update", "n"), real("v", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def rmsprop(
    theta: Vector, v: Vector, g: Vector, lr: Any, rho: Any, eps: Any, eps_placement: str = "outside"
) -> tuple[Vector, Vector, Vector]:
    """RMSProp: AdaGrad with a decaying average of the squares.

        v ← ρ v + (1 − ρ) g²,  θ ← θ − lr · g / (√v + ε)

    ε may stand inside the root. The average is not corrected for its start at v_0 = 0, which makes the
    first steps 1/√(1 − ρ) times as long. A coordinate whose denominator is 0 does not move.

    Source: WX "Adam (Adaptive Moment Estimation)" (introduction, named there).
    """
    v = rho * v + (1 - rho) * square(g)
    update = -(lr * quotient(g, denominator(v, eps, eps_placement)))
    return update, v, theta + update


@equation(
    tensor("theta"),
    tensor("v", "nonnegative"),
    tensor("d", "nonnegative"),
    tensor("g"),
    decay_rate("rho", 0.95, 0.9, 0.5, 0.0),
    hyper("eps", 1e-6, 1e-3, 0.01, low=0.0, open_low=True),
    results=[real("update", "n"), real("v", "n"), real("d", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def adadelta(
    theta: Vector, v: Vector, d: Vector, g: Vector, rho: Any, eps: Any
) -> tuple[Vector, Vector, Vector, Vector]:
    """AdaDelta: the learning rate is the typical size of past updates.

        v ← ρ v + (1 − ρ) g²
        Δ = −(√(d + ε) / √(v + ε)) g
        d ← ρ d + (1 − ρ) Δ²,  θ ← θ + Δ

    v is E[g²] and d is E[Δ²], both 0 at first. The numerator has the average before this update. ε is in
    both roots, and must be positive: with ε = 0 nothing ever moves.

    Source: WX "Why didn't they work before?" (named there).
    """
    v = rho * v + (1 - rho) * square(g)
    update = -(sqrt(d + eps) / sqrt(v + eps) * g)
    d = rho * d + (1 - rho) * square(update)
    return update, v, d, theta + update


@equation(
    tensor("theta"),
    tensor("m"),
    tensor("u", "nonnegative"),
    tensor("g"),
    STEP,
    hyper("lr", 0.002, 1.0, 0.1, low=0.0, open_low=True),
    *BETAS,
    results=[real("update", "n"), real("m", "n"), real("u", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def adamax(
    theta: Vector, m: Vector, u: Vector, g: Vector, t: int, lr: Any, beta_1: Any, beta_2: Any
) -> tuple[Vector, Vector, Vector, Vector]:
    """AdaMax: Adam with the infinity norm.

        m ← β₁ m + (1 − β₁) g,  u ← max(β₂ u, |g|),  θ ← θ − (η / (1 − β₁ᵗ)) m / u

    Of the two averages only m is corrected: u is not biased towards its start. There is no ε: a coordinate
    with u = 0, which has never had a gradient, does not move.

    Source: WX "Adam (Adaptive Moment Estimation)" (abstract, named there).
    """
    m = beta_1 * m + (1 - beta_1) * g
    u = maximum(beta_2 * u, absolute(g))
    update = -(lr / (1 - power(beta_1, t)) * quotient(m, u))
    return update, m, u, theta + update


@equation(
    tensor("theta"),
    tensor("v"),
    RHO,
    results=[real("ahead", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def nesterov_lookahead(theta: Vector, v: Vector, rho: Any) -> Vector:
    """The point at which Nesterov's momentum takes the gradient.

        θ + ρ v

    Source: WX "Momentum" (Sutskever et al. 2013 cited).
    """
    ahead: Vector = theta + rho * v
    return ahead


@equation(
    tensor("theta"),
    tensor("v"),
    tensor("g"),
    LR,
    RHO,
    results=[real("update", "n"), real("v", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def nesterov_momentum(theta: Vector, v: Vector, g: Vector, lr: Any, rho: Any) -> tuple[Vector, Vector, Vector]:
    """Nesterov's accelerated momentum, in the form of Sutskever et al.

        v ← ρ v − lr · ∇f(θ + ρ v),  θ ← θ + v

    g is the gradient at the point ahead (`nesterov_lookahead`). Unlike the velocity of
    `optimizer.momentum`, this one holds the learning rate and the sign. The look-ahead is a probe: θ moves
    by v once, from where it was.

    Source: WX "Momentum" (Sutskever et al. 2013 cited).
    """
    v = rho * v - lr * g
    return v, v, theta + v


@equation(
    tensor("theta_bar"),
    tensor("theta"),
    STEP,
    results=[real("theta_bar", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def iterate_averaging(theta_bar: Vector, theta: Vector, t: int) -> Vector:
    """Iterate averaging: the running mean of the parameters.

        θ̄_t = θ̄_{t−1} + (θ_t − θ̄_{t−1}) / t

    t counts the averaged iterates from 1, so that θ̄_1 = θ_1 whatever θ̄_0 was, and θ̄_t is (θ_1 + … + θ_t)
    / t.

    Source: DR "Recap" (named there, against fluctuations).
    """
    return theta_bar + (theta - theta_bar) / t


@algorithm()
def second_order_optimization(theta: Vector, g: Vector, H: Matrix) -> Vector:
    """Newton's step.

        θ ← θ − H⁻¹ ∇J

    H is the Hessian at θ; the linear system is solved by elimination with the largest pivot, no inverse is
    formed. One step ends in the critical point of a quadratic cost, from anywhere: the minimum if H is
    positive definite, but a saddle just as well. A singular H is a ValueError. L-BFGS ("second-order opt.")
    estimates H⁻¹ from past gradients, and has no single equation.

    Source: DR "Recap" (named there, against ill-conditioning).
    """
    rows = [[*row, g_i] for row, g_i in zip(H, g, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        if rows[pivot][k] == 0:
            raise ValueError("the Hessian is singular")
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    d = [0 for _ in rows]
    for i in reversed(range(n)):
        d[i] = (rows[i][n] - dot(rows[i][i + 1 : n], d[i + 1 :])) / rows[i][i]
    return theta - Vector(d)


@algorithm()
def finite_differences(J: Callable[[Vector], Scalar], theta: Vector, h: Any) -> Vector:
    """The gradient by finite differences, to check one by hand or by autodiff.

        ∂J/∂θ_j ≈ (J(θ + h e_j) − J(θ − h e_j)) / 2h

    The error is h²/6 times the third derivative, plus the rounding of J divided by h: exact for a quadratic
    cost in exact arithmetic. It takes two evaluations of J for every parameter.

    Source: DR "Recap" (named there, against incorrect gradients).
    """

    def moved(j: int, by: Any) -> Vector:
        return Vector(x + by if i == j else x for i, x in enumerate(theta))

    return Vector((J(moved(j, h)) - J(moved(j, -h))) / (2 * h) for j in range(len(theta)))


# ---------------------------------------------------------------------------------- units and layers
@equation(
    data("x", "n", allows="nan inf -inf", draw=("tiny",)),
    hyper("alpha", 0.01, 0.2, 0.5, low=0.0, high=1.0, open_low=True, open_high=True),
    results=[real("y", "n")],
)
def leaky_relu(x: Any, alpha: Any) -> Any:
    """Leaky rectified linear unit.

        max(x, αx),  0 < α < 1

    Never dead: the slope is α for x < 0. At 0 it is that of the first argument, 1, as the notes have it for
    ReLU (E09).

    Source: WX "Activation Functions" (panel (d) of a lost figure, inferred).
    Errata: E09.
    """
    return maximum(x, alpha * x)


@equation(
    data("x", "D"),
    data("h", "H"),
    parameter("F", "K D"),
    parameter("G", "K H"),
    options=[choice("activation", "tanh", "sigmoid")],
    results=[real("h_next", "K")],
)
def multiplicative_interactions(x: Vector, h: Vector, F: Matrix, G: Matrix, activation: str = "tanh") -> Any:
    """A hidden state with multiplicative interactions.

        h' = g((F x) ⊙ (G h))

    The input chooses, factor by factor, how the state is carried on: each x has a transition matrix of its
    own, diag(F x) G. An affine Wx + Uh has the same U for all.

    Source: DR "Language Modeling" (named there: "modeling language well at the character level requires
    multiplicative interactions").
    """
    return _g(activation, (F @ x) * (G @ h))


def _g(activation: str, z: Any) -> Any:
    """The activation that an option names."""
    return {"tanh": tanh, "sigmoid": scalars.sigmoid, "relu": relu}[activation](z)


@equation(
    data("c_1", "D"),
    data("c_2", "D"),
    parameter("W", "D 2D"),
    parameter("b", "D", optional=True),
    options=[choice("activation", "tanh", "sigmoid")],
    results=[real("p", "D")],
)
def tree_structured_networks(
    c_1: Vector, c_2: Vector, W: Matrix, b: Vector | None = None, activation: str = "tanh"
) -> Any:
    """The composition of a tree-structured recursive network: a parent from its two children.

        p = g(W [c_1; c_2] + b)

    Parent and children have the same size, so that the parent can be a child (`recursive_network`). RecNTN,
    TreeLSTM and the deep variants replace this composition by others.

    Source: WX "2008-2013: A glimmer of light..." (Socher), "Sentiment Analysis" (named there).
    """
    z = W @ concat(c_1, c_2)
    return _g(activation, z if b is None else z + b)


@algorithm()
def recursive_network(tree: Any, W: Matrix, b: Vector | None = None, activation: str = "tanh") -> Vector:
    """A recursive network on a binary tree: the composition, from the leaves up.

        p(leaf) = its vector,  p((left, right)) = g(W [p(left); p(right)] + b)

    A leaf is a `Vector`, an inner node a pair. W is the same at every node.

    Source: WX "2008-2013: A glimmer of light..." (Socher), "Sentiment Analysis" (named there).
    """
    if isinstance(tree, Vector):
        return tree
    left, right = (recursive_network(child, W, b, activation) for child in tree)
    composed: Vector = tree_structured_networks(left, right, W, b, activation)
    return composed


@equation(
    data("x", "N"),
    parameter("w", "K"),
    parameter("b", optional=True),
    results=[real("y", "N-K+1")],
    relations=["K <= N"],
)
def convnet_alexnet(x: Vector, w: Vector, b: Scalar | None = None) -> Vector:
    """Convolution in one dimension, the layer of a convolutional network.

        y_i = Σ_k w_k x_{i+k} + b

    Only where the filter fits ("valid"): N − K + 1 values. The filter is not turned round, so that a
    mathematician would say cross-correlation. A filter longer than the signal is a ValueError.

    Source: WX "History: NN 'dark ages'" (ConvNets), "2008-2013: A glimmer of light..." (AlexNet).
    """
    N, K = len(x), len(w)
    if K > N:
        raise ValueError(f"a filter of {K} for a signal of {N}")
    y = Vector(dot(w, x[i : i + K]) for i in range(N - K + 1))
    return y if b is None else y + b


@equation(
    data("x", "N D"),
    parameter("W", "F K D"),
    parameter("b", "F", optional=True),
    options=[choice("activation", "tanh", "relu")],
    results=[real("c", "N-K+1 F"), real("c_max", "F")],
    relations=["K <= N"],
)
def cnn_sentence_classifiers(
    x: Matrix, W: Sequence[Matrix], b: Vector | None = None, activation: str = "tanh"
) -> tuple[Matrix, Vector]:
    """Convolution over the words of a sentence, and the maximum over time (Kim 2014).

        c_i = g(w · x_{i:i+h−1} + b),  ĉ = max_i c_i

    F filters w of a window of h = K words, each a D-dimensional vector. Since g does not decrease, ĉ is
    g(max_i (w · x_{i:i+h−1} + b)), and its gradient goes to the first window that attains that maximum. A
    sentence shorter than the window is a ValueError: pad it.

    Source: WX "2014: Stuff starts working", "Sentiment Analysis" (Kim; Kalchbrenner et al. named there).
    """
    N, K = len(x), len(W[0])
    if K > N:
        raise ValueError(f"a window of {K} words in a sentence of {N}")
    zero: Any = b if b is not None else Vector(0 for _ in W)
    z = [
        Vector(dot(concat(*w), concat(*x[i : i + K])) + b_f for w, b_f in zip(W, zero, strict=True))
        for i in range(N - K + 1)
    ]
    top = z[0]
    for z_i in z[1:]:
        top = maximum(top, z_i)
    return Matrix(_g(activation, z_i) for z_i in z), _g(activation, top)


@equation(
    data("x", "T D"),
    data("s0", "S"),
    parameter("B", "S D"),
    hyper("alpha", 0.95, 0.5, 0.0, 1.0, low=0.0, high=1.0),
    results=[real("s", "T S"), real("s_T", "S")],
    time="T",
    carry={"s0": "s_T"},
)
def scrn(x: Matrix, s0: Vector, B: Matrix, alpha: Any) -> tuple[Matrix, Vector]:
    """The context units of a structurally constrained recurrent network.

        s_t = (1 − α) B x_t + α s_{t−1}

    Linear and without a nonlinearity: a memory that fades by α a step (an exponentially decaying average),
    where a gated cell learns when to forget. α = 1 keeps s_0 for ever.

    Source: DS17 "Further Reading" (a link named there).
    """
    s, states = s0, []
    for x_t in x:
        s = (1 - alpha) * (B @ x_t) + alpha * s
        states.append(s)
    return Matrix(states), s


# ---------------------------------------------------------------------------------- attention, words, labels
@equation(
    data("s", "S"),
    data("h", "T H"),
    parameter("W", "A S"),
    parameter("U", "A H"),
    parameter("v", "A"),
    results=[real("alpha", "T"), real("c", "H")],
    time="T",
    least={"T": 1},
)
def attention(s: Vector, h: Matrix, W: Matrix, U: Matrix, v: Vector) -> tuple[Vector, Vector]:
    """Attention (Bahdanau et al.): where the decoder looks in the source sentence.

        α_i ∝ exp(vᵀ tanh(W s + U h_i)),  c = Σ_i α_i h_i

    s is the decoder's state, h_i the annotation of source word i. The weights α sum to 1, and the context c
    is a convex combination of the annotations. Words beyond the sentence's length have weight 0 (N11); of
    no words no average can be taken.

    Source: WX "2014: Stuff starts working" (Bahdanau et al., named there).
    """
    if not h:
        raise ValueError("attention over no words")
    query = W @ s
    alpha = softmax(Vector(dot(v, tanh(query + U @ h_i)) for h_i in h))
    return alpha, total(a * h_i for a, h_i in zip(alpha, h, strict=True))


@equation(
    data("w", "", "index", of="V"),
    data("c", "", "index", of="V"),
    parameter("v", "V D", scale=0.25),
    parameter("u", "V D", scale=0.25),
    results=[real("p", "V"), real("nll")],
)
def skip_gram(w: int, c: int, v: Matrix, u: Matrix) -> tuple[Vector, Scalar]:
    """Skip-gram (word2vec): a word predicts the words around it.

        p(c | w) = softmax_c(u_cᵀ v_w),  nll = −log p(c | w)

    Every word has two vectors: v_w as the centre, u_c as context. `p` is over all contexts, `nll` is the
    cost of the pair (w, c), computed from the scores. Its speed-up is `softmax.negative_sampling`.

    Source: DR "Word Analogies"; DS17 (named there).
    """
    z = u @ v[w]
    return softmax(z), _log_sum_exp(z) - z[c]


@equation(
    data("psi", "T K"),
    data("y", "T", "index", of="K"),
    parameter("A", "K K"),
    results=[real("log_p")],
    time="T",
)
def neural_crf(psi: Matrix, y: Sequence[int], A: Matrix) -> Scalar:
    """Log-likelihood of a tag sequence under a neural conditional random field.

        p(y | x) ∝ exp Σ_t (ψ_t(y_t) + A[y_{t−1}, y_t])

    ψ_t is the network's score of every tag at step t, A[i, j] the score of tag j after tag i; the first tag
    has no predecessor. The normaliser sums over all K^T sequences, by the forward algorithm in the
    logarithm:

        a_1 = ψ_1,  a_t(j) = ψ_t(j) + log Σ_i exp(a_{t−1}(i) + A[i, j]),  log Z = log Σ_j exp a_T(j)

    With A = 0 it is a softmax at every step. A sequence of no steps has log p = 0.

    Source: WX "2008-2013: A glimmer of light..." (Collobert and Weston, named there).
    """
    if not psi:
        return 0
    score = psi[0][y[0]] + total(psi[t][y[t]] + A[y[t - 1]][y[t]] for t in range(1, len(psi)))
    a = psi[0]
    for psi_t in psi[1:]:
        a = Vector(psi_tj + _log_sum_exp(a + into_j) for psi_tj, into_j in zip(psi_t, A.T, strict=True))
    return score - _log_sum_exp(a)


def _log_sum_exp(z: Vector) -> Scalar:
    m = detach(largest(z))
    return m + log(total(exp(z_i - m) for z_i in z))
