"""Optimisers: how a gradient moves the parameters (ledger section 13).

Everything descends: the objective is a cost, and its gradient is subtracted (N2). An optimiser is one step:
it takes the parameters, its state and the gradient, and returns `update`, the increment that is added; then
the new state; then the moved parameters. Nothing is changed in place, and the step count t is an argument:
it counts steps, not parameter tensors. A tensor of any shape is taken flattened, since every step here acts
on each coordinate by itself. α, η and `learning_rate` are all `lr` (N12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from nnspec_reference import autodiff
from nnspec_reference.catalogue import algorithm, choice, equation, hyper, parameter, real
from nnspec_reference.scalars import Matrix, Scalar, Vector, constant, dot, mean, power, sqrt, square, total

ALSO_EMPTY = {"n": 0}


def tensor(name: str, kind: Any = "real") -> Any:
    """A parameter tensor, its gradient or a state of the optimiser, flattened."""
    return parameter(name, "n", kind, draw=("tiny",))


LR = hyper("lr", 0.01, 1.0, 0.1, 0.001, low=0.0, open_low=True)
EPS = hyper("eps", 1e-8, 1e-7, 1e-3, 0.01, 0.0, low=0.0)
STEP = hyper("t", 1, 2, 5, 10, low=1, whole=True)
RHO = hyper("rho", 0.9, 0.5, 0.99, 0.0, low=0.0, high=1.0, open_high=True)


def decay_rate(name: str, *draw: float) -> Any:
    """The rate of an exponentially decaying average: 0 forgets at once, 1 would never learn."""
    return hyper(name, *draw, low=0.0, high=1.0, open_high=True)


BETAS = (decay_rate("beta_1", 0.9, 0.5, 0.0), decay_rate("beta_2", 0.999, 0.9, 0.99, 0.0))
OUTSIDE_FIRST = choice("eps_placement", "outside", "inside")
INSIDE_FIRST = choice("eps_placement", "inside", "outside")


# ------------------------------------------------------------------------------------ gradient descent
@equation(
    tensor("theta"),
    tensor("g"),
    LR,
    results=[real("update", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def gradient_descent(theta: Vector, g: Vector, lr: Any) -> tuple[Vector, Vector]:
    """Gradient descent, or batch training.

        θ ← θ − α ∇J(θ)

    g = ∇J(θ), the mean over all N training examples; WX's batch update is for a log-likelihood, of which J is
    the negative (E12). α is `lr` here (E68); every backend refuses α ≤ 0, and gradients that are
    not finite.

    Source: DR "Stochastic Gradient Descent"; G15 (weights change in proportion to the negative gradient);
    WX "Optimization".
    Errata: E12, E68.
    """
    update = -(lr * g)
    return update, theta + update


@equation(
    tensor("theta"),
    tensor("g"),
    LR,
    results=[real("update", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def sgd(theta: Vector, g: Vector, lr: Any) -> tuple[Vector, Vector]:
    """Stochastic gradient descent.

        θ ← θ − α ∇J^(i)(θ)

    The same step on the gradient of one training example (WX: w ← w − α g, g = ∂𝓛/∂w). WX's code adds
    instead, `x += learning_rate * dx` (E11), which descends only if dx is the gradient of a log-likelihood,
    as 𝓛 was a few slides before (E12). The cost is −𝓛, and we subtract. "First-order": of the cost, the
    step sees the gradient alone.

    Source: WX "Optimization", "Momentum"; DR "Stochastic Gradient Descent".
    Errata: E11, E12, E68.
    """
    return gradient_descent(theta, g, lr)


@equation(
    parameter("g", "S n", draw=("tiny",)),
    options=[choice("reduction", "mean", "sum")],
    results=[real("mean", "n")],
    least=ALSO_EMPTY,
)
def minibatch(g: Matrix, reduction: str = "mean") -> Vector:
    """The gradient of a mini-batch.

        g = (1/S) Σ_{i∈B} ∇J^(i)

    Row i is the gradient of one example of the batch. A last, short batch is divided by its own size. DR
    takes S = 10 or 100 (W50). Adam's line 5 in WX prints a sum, up to N instead of N_B (E15), and so does
    WX's code ("Batching"): reduction="sum", which is S times the mean and calls for a learning rate S times
    smaller.

    Source: DR "Stochastic Gradient Descent"; WX "Batching".
    Errata: E15.
    """
    found: Vector = mean(g, len(g)) if reduction == "mean" else total(g)
    return found


@equation(
    parameter("theta_0", "n"),
    parameter("x", "K n", scale=0.25),
    parameter("t", "K"),
    LR,
    options=[choice("gradient_at", "current", "start")],
    results=[real("theta", "K n")],
    gradient=False,
)
def minibatch_loop(theta_0: Vector, x: Matrix, t: Vector, lr: Any, gradient_at: str = "current") -> Matrix:
    """K updates on one example each, against one update on all K, both as a loop.

        S = 1:  for k = 1 … K:  θ_k ← θ_{k−1} − α ∇J^(k)(θ_{k−1})        gradient_at="current"
        S = K:  for k = 1 … K:  θ_k ← θ_{k−1} − (α/K) ∇J^(k)(θ_0)        gradient_at="start"

    K = 100 in DR. Row k of the result is θ_k. The notes speak of any cost; here J^(k)(θ) = ½ (θ·x^(k) −
    t^(k))², the smallest that depends on θ and on the example. Both loops evaluate K gradients (W51), and
    with the frozen θ_0 the loop is a single step on the batch's mean gradient (P91). That S = 1 "is
    better", because its gradients are fresher, compares steps of different total length: α each against α/K
    each (E54).

    Source: DR "Stochastic Gradient Descent: Batch Size".
    Errata: E54.
    """
    theta, path = theta_0, []
    for x_k, t_k in zip(x, t, strict=True):
        at = theta if gradient_at == "current" else theta_0
        gradient = (dot(at, x_k) - t_k) * x_k
        theta = theta - (lr * gradient if gradient_at == "current" else lr * gradient / len(x))
        path.append(theta)
    return Matrix(path)


# ---------------------------------------------------------------------------------- with a state
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
def momentum(theta: Vector, v: Vector, g: Vector, lr: Any, rho: Any) -> tuple[Vector, Vector, Vector]:
    """Gradient descent with momentum.

        v ← ρ v + g,  θ ← θ − lr · v,  v_0 = 0

    The velocity accumulates the gradients of past steps; for a constant gradient it grows to g / (1 − ρ).
    The gradient is not damped by 1 − ρ, and the learning rate is not part of the velocity. ρ = 0 is SGD;
    the notes give no value. WX's code adds lr · vx: ascent, if dx is the gradient of a cost (E11).

    Source: WX "Momentum".
    Errata: E11.
    """
    v = rho * v + g
    update = -(lr * v)
    return update, v, theta + update


@equation(
    tensor("theta"),
    tensor("G", "nonnegative"),
    tensor("g"),
    LR,
    EPS,
    options=[OUTSIDE_FIRST],
    results=[real("update", "n"), real("G", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def adagrad(
    theta: Vector, G: Vector, g: Vector, lr: Any, eps: Any, eps_placement: str = "outside"
) -> tuple[Vector, Vector, Vector]:
    """AdaGrad: a learning rate per parameter.

        G ← G + g ⊙ g,  θ ← θ − lr · g / (√G + ε)        eps_placement="outside"
        G ← G + g ⊙ g,  θ ← θ − lr · g / √(ε + G)        eps_placement="inside"

    WX prints both, on two slides of one title, with ε = 1e−7 in the first; they differ where the gradients
    are not large against √ε (E13, W37). The second one adds: ascent on a log-likelihood (E12). The sum
    includes the current gradient, and never decreases. A coordinate whose denominator is 0 does not move: g
    = 0 from the first step on, and ε = 0.

    Source: WX "AdaGrad (Adaptive Gradient)" (two slides).
    Errata: E12, E13.
    """
    G = G + square(g)
    update = -(lr * quotient(g, denominator(G, eps, eps_placement)))
    return update, G, theta + update


@equation(
    tensor("theta"),
    tensor("m"),
    tensor("v", "nonnegative"),
    tensor("g"),
    STEP,
    LR,
    *BETAS,
    EPS,
    options=[INSIDE_FIRST],
    results=[real("update", "n"), real("m", "n"), real("v", "n"), real("theta", "n")],
    gradient=False,
    least=ALSO_EMPTY,
)
def adam(
    theta: Vector,
    m: Vector,
    v: Vector,
    g: Vector,
    t: int,
    lr: Any,
    beta_1: Any,
    beta_2: Any,
    eps: Any,
    eps_placement: str = "inside",
) -> tuple[Vector, Vector, Vector, Vector]:
    """Adam: adaptive moment estimation.

        m_t = β₁ m_{t−1} + (1 − β₁) g_t,   m̂_t = m_t / (1 − β₁ᵗ)
        v_t = β₂ v_{t−1} + (1 − β₂) g_t²,  v̂_t = v_t / (1 − β₂ᵗ)
        θ_t = θ_{t−1} − η m̂_t / √(v̂_t + ε)        eps_placement="inside"
        θ_t = θ_{t−1} − η m̂_t / (√v̂_t + ε)        eps_placement="outside"

    m_0 = v_0 = 0, and t counts the steps from 1. WX prints ε inside the root; the paper and the libraries
    add it outside. At ε = 1e−8 and |g| = 1e−4 the two differ by 30 % (E14, W38). WX lists ε among the decay
    rates and sums the gradient to N (E15): it is the mean over the batch of N_B that is meant
    (`minibatch`). β₁ and β₂ lie in [0, 1): at 1 the correction would be 0/0. The notes give no values but
    lr = 0.01 (W39).

    The first step of ε = 0 is −η sign(g). "Approximately bounded by the stepsize hyperparameter", says the
    quoted abstract; the bound that holds is |Δ| ≤ η (1 − β₁) / √((1 − β₂)(1 − β₁²/β₂)), 7.27 η at the usual
    rates (E16). A coordinate whose denominator is 0 does not move.

    Source: WX "Adam (Adaptive Moment Estimation)" (Algorithm 1; abstract), "Optimizer".
    Errata: E14, E15, E16.
    """
    m = averaged(m, g, beta_1)
    v = averaged(v, square(g), beta_2)
    m_hat = m / (1 - power(beta_1, t))
    v_hat = v / (1 - power(beta_2, t))
    update = -(lr * quotient(m_hat, denominator(v_hat, eps, eps_placement)))
    return update, m, v, theta + update


def averaged(average: Vector, x: Vector, beta: Any) -> Vector:
    """β a + (1 − β) x.

    Libraries also compute a + (1 − β) (x − a), which rounds otherwise; the c − c grants it its tolerance.
    """
    c = average + (1 - beta) * (x - average)
    found: Vector = beta * average + (1 - beta) * x + (c - c)
    return found


def denominator(squares: Vector, eps: Any, eps_placement: str) -> Any:
    """√G + ε, or √(G + ε)."""
    return sqrt(squares + eps) if eps_placement == "inside" else sqrt(squares) + eps


def quotient(numerator: Vector, divisor: Vector) -> Vector:
    """a / d for each coordinate, and 0 where d is exactly 0."""
    return numerator.zip_with(divisor, lambda a, d: a * 0 if d == 0 else a / d)


@equation(
    parameter("theta", "L n", draw=("tiny",)),
    parameter("g", "T L n", draw=("tiny",)),
    LR,
    RHO,
    *BETAS,
    EPS,
    options=[choice("method", "sgd", "momentum", "adagrad", "adam"), OUTSIDE_FIRST],
    results=[real("updates", "T L n"), real("theta", "L n")],
    gradient=False,
    least={"T": 0},
)
def trajectory(
    theta: Matrix,
    g: Sequence[Matrix],
    lr: Any,
    rho: Any,
    beta_1: Any,
    beta_2: Any,
    eps: Any,
    method: str = "sgd",
    eps_placement: str = "outside",
) -> tuple[tuple[Matrix, ...], Matrix]:
    """T steps of an optimiser on L parameter tensors, with its own state.

        for t = 1 … T:  for each tensor l:  θ_l ← θ_l + update(g_{t,l}, state_l, t)

    This is how optimisers are used, and where their states go wrong: every tensor has a state of its own,
    which starts at 0; t is one for all the tensors of a step; nothing of a corrected moment flows back into
    the state. g_t is given, so that no model takes part; `rho` is momentum's, the betas are Adam's. ε stands
    outside the root by default, as in AdaGrad's code; WX's Adam has it inside (`adam`, E14).

    Source: WX "Momentum", "AdaGrad (Adaptive Gradient)", "Adam (Adaptive Moment Estimation)" (their loops).
    Errata: E13, E14.
    """
    zero = Vector(0 for _ in theta[0])
    tensors, states, updates = list(theta), [(zero, zero)] * len(theta), []
    for t, gradients in enumerate(g, 1):
        row = []
        for place, g_l in enumerate(gradients):
            theta_l, (first, second) = tensors[place], states[place]
            if method == "sgd":
                update, theta_l = sgd(theta_l, g_l, lr)
            elif method == "momentum":
                update, first, theta_l = momentum(theta_l, first, g_l, lr, rho)
            elif method == "adagrad":
                update, second, theta_l = adagrad(theta_l, second, g_l, lr, eps, eps_placement)
            else:
                update, first, second, theta_l = adam(
                    theta_l, first, second, g_l, t, lr, beta_1, beta_2, eps, eps_placement
                )
            tensors[place], states[place] = theta_l, (first, second)
            row.append(update)
        updates.append(Matrix(row))
    return tuple(updates), Matrix(tensors)


# ---------------------------------------------------------------------------------- the learning rate
@equation(
    parameter("alpha_0", "", "positive"),
    parameter("k", "n", "count"),
    hyper("rate", 0.1, 0.01, 0.5, 0.0, low=0.0, high=1.0, open_high=True),
    options=[choice("schedule", "inverse_time", "geometric")],
    results=[real("alpha", "n")],
)
def lr_decay(alpha_0: Scalar, k: Sequence[int], rate: Any, schedule: str = "inverse_time") -> Vector:
    """A decaying learning rate: large early in training, gradually reduced.

        α_k = α_0 / (1 + γ k)        schedule="inverse_time"
        α_k = α_0 (1 − γ)ᵏ           schedule="geometric"

    After k updates (or epochs). DR gives the strategy and no schedule; these two are the usual ones, and
    agree to first order in γ = `rate`. A smaller rate reduces the fluctuations of SGD, "which can appear to
    make the loss drop suddenly. But this can come at the expense of long-run performance": of the two, only
    the first lets Σ α_k grow without bound.

    Source: DR "SGD Learning Rate".
    """
    one = constant(1, alpha_0)
    if schedule == "geometric":
        return Vector(alpha_0 * power(one - rate, k_i) for k_i in k)
    return Vector(alpha_0 / (one + rate * k_i) for k_i in k)


LEARNING_RATES = tuple(Fraction(n, 1000) for n in (100, 30, 10, 3, 1))
"""DR's grid, 0.1, 0.03, 0.01, …, down to 0.001: "good values are typically between 0.001 and 0.1"."""


@algorithm()
def lr_grid(dev_cost: Callable[[Any], Scalar] | None = None, grid: Sequence[Any] = LEARNING_RATES) -> tuple[Any, ...]:
    """Grid search for the learning rate.

        0.1, 0.03, 0.01, …

    The candidates with the best first. `dev_cost(α)` trains with α and returns the cost on the development
    set; a run that diverged (NaN or ∞) comes last, and of two that are equally good the larger rate, which
    is earlier in the grid, comes first. Without a cost, the grid as it is.

    Source: DR "Learning Rate"; L14 "NN LEARNING" (tune on the devset).
    """
    if dev_cost is None:
        return tuple(grid)
    costs = [dev_cost(alpha) for alpha in grid]
    order = sorted(range(len(grid)), key=lambda i: costs[i] if costs[i] == costs[i] else float("inf"))
    return tuple(grid[i] for i in order)


# -------------------------------------------------------------------------------------------- training
Step = Callable[[Vector, Vector, Any, int], tuple[Vector, Any]]
"""One step of an optimiser: θ, g, its state and t, to the moved θ and the new state."""


class Epoch(NamedTuple):
    """One point of the training curves: the cost on the fixed training subset, and on the dev set."""

    training: Scalar
    dev: Scalar


class Training(NamedTuple):
    """The parameters after the last epoch, their training curves, and the parameters at the best dev cost."""

    theta: Vector
    curve: tuple[Epoch, ...]
    best: Vector
    steps: int


@algorithm()
def training_loop(
    J: Callable[[Vector, Any], Scalar],
    theta: Vector,
    batches: Callable[[int], Iterable[Any]],
    step: Step,
    state: Any,
    epochs: int,
    monitor: Any,
    dev: Any,
) -> Training:
    """Training a model.

        define a computation graph
        for each epoch:
            for each batch of data:
                compute the loss on the batch
                autograd to compute gradients and take a step
            check performance on the dev set

    `J(θ, batch)` is the graph: the mean cost of the examples of a batch. `batches(epoch)` yields the
    batches of an epoch, one "entire pass over the dataset". The gradient of a batch is a new one ("clear
    gradient variables"), and t counts the batches over all epochs. `monitor` is a fixed subset of the
    training data: another batch every time "adds a lot of noise to the curve" (DR). The parameters of the
    best epoch by dev cost are kept: the dev set is checked "to identify overfitting". Before the first step
    the curve has the cost of the initial parameters.

    Source: WX "Training a Model", "Computation Graphs in Pytorch"; DR "Training Curves", "Stochastic
    Gradient Descent"; L14 "NN LEARNING".
    """
    t, best = 0, theta
    curve = [Epoch(J(theta, monitor), J(theta, dev))]
    for epoch in range(epochs):
        for batch in batches(epoch):
            t += 1
            (g,) = autodiff.grad(lambda point, batch=batch: J(point, batch), (theta,))
            theta, state = step(theta, g, state, t)
        curve.append(Epoch(J(theta, monitor), J(theta, dev)))
        if all(curve[-1].dev < earlier.dev for earlier in curve[:-1]):
            best = theta
    return Training(theta, tuple(curve), best, t)
