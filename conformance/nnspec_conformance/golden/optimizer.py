"""Worked numbers and errata of optimisers."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

from nnspec_conformance.golden import golden, near
from nnspec_reference import autodiff, optimizer
from nnspec_reference.catalogue import catalogue
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    dot,
    log_sigmoid,
    sigmoid,
    softplus,
    sqrt,
    square,
    tanh,
    total,
)


def _adagrad(gradients: list[float], eps: float, placement: str = "outside") -> list[float]:
    """The updates of one parameter with lr = 1."""
    theta, G, updates = Vector([0.0]), Vector([0.0]), []
    for g in gradients:
        update, G, theta = optimizer.adagrad(theta, G, Vector([g]), 1, eps, placement)
        updates.append(update[0])
    return updates


@golden("W37", "E13")
def adagrad_with_constant_gradient() -> None:
    """Steps 1, 1/√2, 1/√3, 1/2 for g = 1; the two placements of ε differ where the gradient is small."""
    steps = _adagrad([1.0] * 4, 1e-7)
    assert near(steps, [-1 / math.sqrt(t) for t in (1, 2, 3, 4)], 2e-7)
    assert not near(steps, [-1.0] * 4, 0.1), "the sum grows: it is no average"
    (outside,), (inside,) = _adagrad([1e-8], 1e-7), _adagrad([1e-8], 1e-7, "inside")
    assert near(outside, -1 / 11) and round(-outside, 7) == 0.0909091
    assert near(inside * 1e5, -3.162277658587, 1e-12) and f"{-inside:.5g}" == "3.1623e-05"
    assert outside / inside > 2800, "the same ε, 1e−7, is another constant in the other place"


@golden("E13")
def adagrad_at_rest() -> None:
    """0/0 is 0: a coordinate that never had a gradient does not move, even with ε = 0."""
    for placement in ("outside", "inside"):
        update, G, theta = optimizer.adagrad(
            Vector([3.0, 3.0]), Vector([0.0, 0.0]), Vector([0.0, 2.0]), 1, 0, placement
        )
        assert (update, G, theta) == ((0, -1), (0, 4), (3, 2))


@golden("W38", "E14")
def epsilon_inside_or_outside_the_root() -> None:
    """The first step of Adam at η = 1, ε = 1e−8: WX's form against the paper's."""
    zero = Vector([0.0] * 3)
    g = Vector([1e-3, 1e-4, 1e-6])
    inside, outside = (
        optimizer.adam(zero, zero, zero, g, 1, 1, 0.9, 0.999, 1e-8, placement)[0] for placement in ("inside", "outside")
    )
    assert near(inside, [-x / math.sqrt(x * x + 1e-8) for x in g], 1e-12)
    assert [round(-x, 5) for x in inside[:2]] == [0.99504, 0.70711] and round(-inside[2], 7) == 0.0099995
    assert [round(-x, 6) for x in outside] == [0.99999, 0.9999, 0.990099]
    assert 1 - inside[1] / outside[1] > 0.29, "30 % at |g| = 1e−4"
    assert inside == optimizer.adam(zero, zero, zero, g, 1, 1, 0.9, 0.999, 1e-8)[0], "WX's is the default"


@golden("W39")
def learning_rates_of_the_notes() -> None:
    """WX's code takes 0.01; DR's grid 0.1, 0.03, 0.01, … stays within 0.001 to 0.1."""
    assert optimizer.lr_grid()[:3] == (Fraction(1, 10), Fraction(3, 100), Fraction(1, 100))
    assert all(Fraction(1, 1000) <= alpha <= Fraction(1, 10) for alpha in optimizer.lr_grid())
    assert Fraction(1, 100) in optimizer.lr_grid(), "the code's"
    costs = {Fraction(1, 10): math.nan, Fraction(3, 100): 2.0, Fraction(1, 100): 1.0, Fraction(1, 1000): 1.0}
    ranked = optimizer.lr_grid(lambda alpha: costs.get(alpha, math.inf))
    assert ranked[:2] == (Fraction(1, 100), Fraction(1, 1000)), "at a tie the larger rate"
    assert set(ranked[-2:]) == {Fraction(1, 10), Fraction(3, 1000)}, "diverged runs come last"


@golden("W50")
def batch_sizes_of_the_notes() -> None:
    """S = 10 or 100 (DR), 1 to 100 (WX): the mean over the batch, also of a short last one."""
    N = 103
    examples = [Vector([Fraction(i * i % 17), Fraction(i)]) for i in range(N)]
    everything = optimizer.minibatch(Matrix(examples))
    for S in (1, 10, 100):
        batches = [examples[at : at + S] for at in range(0, N, S)]
        means = [optimizer.minibatch(Matrix(batch)) for batch in batches]
        weighted = total(mean * len(batch) for mean, batch in zip(means, batches, strict=True)) / N
        assert weighted == everything, "an epoch is one entire pass over the dataset"
        if S > 1:
            assert len(batches[-1]) == 3
            assert total(means) / len(means) != everything, "short batches are not worth a long one"


class _Counted:
    """A number that counts its products with its like: of data and parameters, not with a hyperparameter."""

    products = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def __add__(self, other: _Counted) -> _Counted:
        return _Counted(self.value + other.value)

    def __sub__(self, other: _Counted) -> _Counted:
        return _Counted(self.value - other.value)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Vector):
            return NotImplemented
        if isinstance(other, _Counted):
            _Counted.products += 1
        return _Counted(self.value * getattr(other, "value", other))

    __rmul__ = __mul__

    def __truediv__(self, other: int) -> _Counted:
        return _Counted(self.value / other)


@golden("W51", "E54")
def a_hundred_updates_cost_as_much_as_one_of_a_hundred() -> None:
    """100 gradients either way. But the paths differ in length: α each against α/100 each."""
    K, n = 100, 3
    x = Matrix(Vector(math.sin(k + 2 * i) for i in range(n)) for k in range(K))
    t = Vector(math.cos(k) for k in range(K))
    products = {}
    for at in ("current", "start"):
        _Counted.products = 0
        lifted = Matrix(row.map(_Counted) for row in x)
        optimizer.minibatch_loop(Vector([_Counted(1.0)] * n), lifted, t.map(_Counted), 0.01, at)
        products[at] = _Counted.products
    assert products["current"] == products["start"] == 2 * K * n

    theta_0, alpha = Vector([1.0] * n), 0.01
    frozen = optimizer.minibatch_loop(theta_0, x, t, alpha, "start")[-1]
    gradient = total((dot(theta_0, x_k) - t_k) * x_k for x_k, t_k in zip(x, t, strict=True)) / K
    assert near(frozen, theta_0 - alpha * gradient, 1e-14), "the loop is one step of the mean gradient"
    fresh = optimizer.minibatch_loop(theta_0, x, t, alpha)[-1]

    def distance(theta: Vector) -> float:
        return float(sqrt(total(square(theta - theta_0))))

    assert distance(fresh) > 30 * distance(frozen), "'all else being equal' it is not"


@golden("E11", "E12")
def the_code_ascends() -> None:
    """WX adds `learning_rate * dx`: downhill only if dx is the gradient of the log-likelihood."""
    x, label, w, rho = Vector([2.0, -1.0]), 1, Vector([0.25, 0.5]), 0.5

    def log_likelihood(w: Vector) -> Any:
        return log_sigmoid(dot(w, x)) if label else log_sigmoid(-dot(w, x))

    def cost(w: Vector) -> Any:
        return softplus(-dot(w, x))  # −log σ(w·x)

    (up,), (g,) = autodiff.grad(log_likelihood, (w,)), autodiff.grad(cost, (w,))
    assert near(up, -g)
    _, by_formula = optimizer.sgd(w, g, 0.1)
    assert near(by_formula, w + 0.1 * up), "the code, on 𝓛"
    assert cost(by_formula) < cost(w) < cost(w + 0.1 * g), "the code, on a cost"
    # and with momentum: vx = rho * vx + dx; x += learning_rate * vx
    vx, v, code, ours = Vector([0.0, 0.0]), Vector([0.0, 0.0]), w, w
    for _ in range(3):
        vx = rho * vx + autodiff.grad(log_likelihood, (code,))[0]
        code = code + 0.1 * vx
        _, v, ours = optimizer.momentum(ours, v, autodiff.grad(cost, (ours,))[0], 0.1, rho)
        assert near(ours, code, 1e-14) and near(v, -vx, 1e-14)
    # AdaGrad's second slide adds, its first subtracts
    update, _, theta = optimizer.adagrad(w, Vector([0.0, 0.0]), g, 0.1, 1e-7, "inside")
    assert near(theta, w + 0.1 * Vector(u / math.sqrt(1e-7 + u * u) for u in up), 1e-14)
    assert cost(w + update) < cost(w) < cost(w - update)


@golden("E15")
def adam_takes_the_mean_over_the_batch() -> None:
    """Line 5 sums up to N over a batch of N_B: a sum is S times the mean, which ε > 0 can tell.

    ε is listed as a decay rate; as one, it would have to be below 1 and have a moment of its own.
    """
    g = Matrix([Vector([1e-4]), Vector([3e-4])])
    mean, summed = optimizer.minibatch(g), optimizer.minibatch(g, "sum")
    assert near(mean, [2e-4]) and near(summed, [4e-4])
    zero = Vector([0.0])
    steps = {}
    for eps in (0, 1e-8):
        for name, gradient in (("mean", mean), ("sum", summed)):
            steps[eps, name] = optimizer.adam(zero, zero, zero, gradient, 1, 1, 0.9, 0.999, eps)[0][0]
    assert near(steps[0, "mean"], steps[0, "sum"], 1e-12), "without ε Adam is blind to the factor"
    assert abs(steps[1e-8, "mean"] - steps[1e-8, "sum"]) > 0.05
    record = catalogue()["optimizer.adam"]
    assert record.argument("beta_1").high == record.argument("beta_2").high == 1
    assert record.argument("eps").high is None, "no decay rate"


@golden("E16")
def the_step_bound_of_the_abstract() -> None:
    """Neither η nor 3.16 η bounds a step at (0.9, 0.999): gradients that grow like (β₂/β₁)ᵗ reach 7.27 η."""
    b1, b2 = 0.9, 0.999
    bound = (1 - b1) / math.sqrt((1 - b2) * (1 - b1 * b1 / b2))
    assert round(bound, 2) == 7.27
    assert round((1 - b1) / math.sqrt(1 - b2), 2) == 3.16, "a gradient after a long silence"
    # the state after a long such past, at g = 1
    ratio, past = b1 / b2, 1 / (1 - b1 * b1 / b2)
    m, v = Vector([(1 - b1) * past * ratio]), Vector([(1 - b2) * past * ratio * ratio])
    update, m, v, _ = optimizer.adam(Vector([0.0]), m, v, Vector([1.0]), 10**6, 1, b1, b2, 0)
    assert near(-update[0], bound, 1e-12)
    silent = optimizer.adam(Vector([0.0]), Vector([0.0]), Vector([0.0]), Vector([1.0]), 10**6, 1, b1, b2, 0)
    assert near(-silent[0][0], (1 - b1) / math.sqrt(1 - b2), 1e-12)


@golden("E68")
def one_name_for_the_learning_rate() -> None:
    """α (DR, WX), η (L14, WX's Adam) and learning_rate (WX's code) are `lr`; DR's other η is `max_norm`."""
    takes_gradients = [
        "gradient_descent",
        "sgd",
        "minibatch_loop",
        "momentum",
        "adagrad",
        "adam",
        "trajectory",
    ]
    for name in takes_gradients:
        record = catalogue()[f"optimizer.{name}"]
        assert record.argument("lr").kind == "hyper"
        assert not {"alpha", "eta", "learning_rate"} & {a.name for a in record.arguments}
    assert catalogue()["gradient.clip_norm"].argument("max_norm").kind == "hyper"


# ------------------------------------------------------------------------------------ training
def _descend(theta: Vector, g: Vector, state: Any, t: int) -> tuple[Vector, Any]:
    return optimizer.sgd(theta, g, 0.5)[1], state


def _adam_step(theta: Vector, g: Vector, state: Any, t: int) -> tuple[Vector, Any]:
    m, v = state
    _, m, v, theta = optimizer.adam(theta, m, v, g, t, 0.01, 0.9, 0.999, 1e-8)
    return theta, (m, v)


_INPUTS = [Vector([1.0, a, b]) for a, b in ((0.0, 1.0), (2.0, 1.0), (1.0, 3.0), (-1.0, -2.0), (3.0, -1.0))]
_LABELS = (1, 0, 1, 1, 0)
_LABELS_THAT_OVERLAP = (1, 0, 0, 0, 1)


def _logistic_cost(theta: Vector, batch: Any) -> Any:
    """The mean of −log p(label), over the examples of a batch of (x, label)."""
    return total(softplus(-dot(theta, x) if label else dot(theta, x)) for x, label in batch) / len(batch)


@golden("X05")
def zeros_suffice_where_the_cost_is_convex() -> None:
    """WX, "Trivia Time": logistic regression ends in the same optimum from anywhere, so start at zero."""
    examples = list(zip(_INPUTS, _LABELS_THAT_OVERLAP, strict=True))
    found = [
        optimizer.training_loop(
            _logistic_cost, theta, lambda epoch: [examples], _descend, None, 600, examples, examples
        )
        for theta in (Vector([0.0] * 3), Vector([2.0, -1.0, 1.5]))
    ]
    assert near(found[0].theta, found[1].theta, 1e-6)
    (g,) = autodiff.grad(lambda theta: _logistic_cost(theta, examples), (found[0].theta,))
    assert near(g, [0.0] * 3, 1e-6), "a critical point, hence the minimum"
    costs = [epoch.training for epoch in found[0].curve]
    assert all(after <= before + 1e-15 for before, after in pairwise(costs))


@golden("X05")
def zeros_do_not_suffice_in_a_network() -> None:
    """From zeros a tanh network learns its output bias alone; from small unequal weights it learns XOR."""
    xor = [(Vector([float(a), float(b)]), a ^ b) for a in (0, 1) for b in (0, 1)]
    unbalanced = [*xor, xor[0]]

    def cost(theta: Vector, batch: Any) -> Any:
        """2 inputs, 3 hidden units, 1 output: V (6), b (3), w (3), c."""

        def z(x: Vector) -> Any:
            h = [tanh(theta[2 * i] * x[0] + theta[2 * i + 1] * x[1] + theta[6 + i]) for i in range(3)]
            return dot(theta[9:12], h) + theta[12]

        return total(softplus(-z(x) if label else z(x)) for x, label in batch) / len(batch)

    def train(theta: Vector, examples: Any, epochs: int) -> Vector:
        return optimizer.training_loop(
            cost, theta, lambda epoch: [examples], _descend, None, epochs, examples, examples
        ).theta

    stuck = train(Vector([0.0] * 13), unbalanced, 20)
    assert stuck[:12] == (0.0,) * 12 and stuck[12] < 0, "only the share of the labels is learned"
    learned = train(Vector(math.sin(3 * i + 1) / 2 for i in range(13)), xor, 400)
    assert near(cost(Vector([0.0] * 13), xor), math.log(2)), "a guess"
    assert cost(learned, xor) < 0.05


@golden("E15", "W39")
def the_loop_counts_steps_and_watches_the_dev_set() -> None:
    """t runs on over the epochs, the curve is of fixed examples, and the best by dev cost is kept."""
    examples = list(zip(_INPUTS, _LABELS, strict=True))
    seen: list[int] = []

    def step(theta: Vector, g: Vector, state: Any, t: int) -> tuple[Vector, Any]:
        seen.append(t)
        return _adam_step(theta, g, state, t)

    zero = Vector([0.0] * 3)
    batches = [examples[:2], examples[2:4], examples[4:]]
    dev = [(Vector([1.0, 2.0, 2.0]), 0)]
    run = optimizer.training_loop(_logistic_cost, zero, lambda epoch: batches, step, (zero, zero), 4, examples, dev)
    assert seen == list(range(1, 13)) and run.steps == 12
    assert len(run.curve) == 5 and near(run.curve[0], (math.log(2), math.log(2)))
    assert run.curve[-1] == (_logistic_cost(run.theta, examples), _logistic_cost(run.theta, dev))
    assert _logistic_cost(run.best, dev) == min(epoch.dev for epoch in run.curve)
    # the same, written out: a state that the loop hands on, and nothing else
    theta, m, v = zero, zero, zero
    for t in range(1, 13):
        x_and_label = batches[(t - 1) % 3]
        g = total((sigmoid(dot(theta, x)) - label) * x for x, label in x_and_label) / len(x_and_label)
        _, m, v, theta = optimizer.adam(theta, m, v, g, t, 0.01, 0.9, 0.999, 1e-8)
    assert near(run.theta, theta, 1e-14)


@golden("E14")
def one_step_count_for_all_tensors() -> None:
    """With a constant gradient the corrected moments are g and g² at every t: each step is −η g/√(g² + ε).

    Two tensors of equal shape: a t that counts tensors (a bug of a public project) fails at once.
    """
    g, T = Matrix([Vector([1e-3, -2.0]), Vector([5.0, 0.0])]), 6
    updates, theta = optimizer.trajectory(
        g, (g,) * T, 0.01, 0.9, 0.9, 0.999, 1e-8, method="adam", eps_placement="inside"
    )
    once = [[-0.01 * x / math.sqrt(x * x + 1e-8) for x in row] for row in g]
    for update in updates:
        assert near(update, once, 1e-12)
    assert near(theta, [[x + T * u for x, u in zip(*rows, strict=True)] for rows in zip(g, once, strict=True)], 1e-12)
    wrong = optimizer.adam(g[1], Vector([0.0] * 2), Vector([0.0] * 2), g[1], 2, 0.01, 0.9, 0.999, 1e-8)[0]
    assert not near(wrong, once[1], 1e-3), "t = 2 in the first step of the second tensor"


@golden("optimizer.lr_decay")
def decay_schedules() -> None:
    """DR's cure for fluctuations, a decaying rate: constant at γ = 0, 1/t or geometric otherwise."""
    assert near(optimizer.lr_decay(1.0, (0, 1, 2, 9), 0.5), (1, 2 / 3, 1 / 2, 2 / 11))
    assert optimizer.lr_decay(1.0, (0, 1, 3), 0.5, "geometric") == (1.0, 0.5, 0.125)
    for schedule in ("inverse_time", "geometric"):
        assert optimizer.lr_decay(0.3, (0, 7, 100), 0, schedule) == (0.3,) * 3
    # Σ α_k: without bound for 1/t, at most α_0/γ if geometric
    k = range(10_000)
    assert total(optimizer.lr_decay(1.0, k, 0.5)) > 16 > total(optimizer.lr_decay(1.0, k, 0.5, "geometric")) * 7
