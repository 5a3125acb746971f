"""Mistakes in optimisers. Mutated gradients and aliased states (M19, S19) are a matter of structure."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import optimizer, scalars
from nnspec_reference.scalars import Matrix, Vector, exp, power, sqrt, square, total

Gradients = dict[str, Any]


# ------------------------------------------------------------------------------------ gradient descent
@variant("optimizer.gradient_descent", "ascends: the gradient is added", source="WX code (E11)")
def ascent(theta: Any, g: Any, lr: Any) -> Any:
    return lr * g, theta + lr * g


@variant("optimizer.gradient_descent", "the update is positive although θ descends")
def update_of_the_wrong_sign(theta: Any, g: Any, lr: Any) -> Any:
    return lr * g, theta - lr * g


@variant("optimizer.gradient_descent", "only the direction of the gradient counts, not its size")
def normalised(theta: Any, g: Any, lr: Any) -> Any:
    size = sqrt(total(square(g))) if g else 1
    update = -(lr * optimizer.quotient(g, g.map(lambda _: size)))
    return update, theta + update


@variant("optimizer.sgd", "ascends: x += learning_rate * dx", source="WX code (E11)")
def code_as_printed(theta: Any, g: Any, lr: Any) -> Any:
    return lr * g, theta + lr * g


@variant("optimizer.sgd", "each coordinate moves by lr, whatever the size of its gradient (sign SGD)")
def sign_only(theta: Any, g: Any, lr: Any) -> Any:
    update = -(lr * optimizer.quotient(g, scalars.absolute(g)))
    return update, theta + update


@variant("optimizer.sgd", "θ decays as well, by a hundredth of a step", source="weight decay left on")
def decays(theta: Any, g: Any, lr: Any) -> Any:
    update = -(lr * (g + theta / 100))
    return update, theta + update


@variant("optimizer.minibatch", "sums where a mean is meant, and averages where a sum is", source="E15; S13")
def sum_for_mean(g: Any, reduction: str = "mean") -> Any:
    return optimizer.minibatch(g, "sum" if reduction == "mean" else "mean")


@variant("optimizer.minibatch", "a short batch is divided by the nominal batch size, 10")
def nominal_size(g: Any, reduction: str = "mean") -> Any:
    return total(g) / 10 if reduction == "mean" else total(g)


@gradient_variant("optimizer.minibatch", "the gradient of the mean is not divided by S", source="S13")
def gradient_of_the_sum(gradients: Gradients, arguments: Any) -> Gradients:
    return {"g": gradients["g"] * len(arguments["g"])}


@variant("optimizer.minibatch_loop", "the frozen loop steps by α, not by α/K", source="E54")
def undivided(theta_0: Any, x: Any, t: Any, lr: Any, gradient_at: str = "current") -> Any:
    if gradient_at == "start":
        lr = lr * len(x)
    return optimizer.minibatch_loop(theta_0, x, t, lr, gradient_at)


@variant("optimizer.minibatch_loop", "fresh and frozen gradients are exchanged")
def exchanged(theta_0: Any, x: Any, t: Any, lr: Any, gradient_at: str = "current") -> Any:
    return optimizer.minibatch_loop(theta_0, x, t, lr, "start" if gradient_at == "current" else "current")


@variant("optimizer.minibatch_loop", "the gradient of the squared error has a factor 2")
def twice(theta_0: Any, x: Any, t: Any, lr: Any, gradient_at: str = "current") -> Any:
    return optimizer.minibatch_loop(theta_0, x, t, 2 * lr, gradient_at)


# ------------------------------------------------------------------------------------ momentum
@variant("optimizer.momentum", "ascends: x += learning_rate * vx", source="WX code (E11)")
def momentum_ascends(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    v = rho * v + g
    return lr * v, v, theta + lr * v


@variant("optimizer.momentum", "the gradient is damped: v = ρv + (1 − ρ)g", source="M15 (dampening = ρ)")
def dampened(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    v = rho * v + (1 - rho) * g
    return -(lr * v), v, theta - lr * v


@variant("optimizer.momentum", "the learning rate is part of the velocity: v = ρv + lr g")
def rate_in_the_velocity(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    v = rho * v + lr * g
    return -v, v, theta - v


@variant("optimizer.momentum", "Nesterov's step: θ moves by g + ρ v", source="the nesterov flag of libraries")
def nesterov(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    v = rho * v + g
    update = -(lr * (g + rho * v))
    return update, v, theta + update


@variant("optimizer.momentum", "θ moves by the velocity of the step before")
def stale_velocity(theta: Any, v: Any, g: Any, lr: Any, rho: Any) -> Any:
    return -(lr * v), rho * v + g, theta - lr * v


# ------------------------------------------------------------------------------------ AdaGrad
@variant("optimizer.adagrad", "ε on the other side of the root", source="E13")
def eps_misplaced(theta: Any, G: Any, g: Any, lr: Any, eps: Any, eps_placement: str = "outside") -> Any:
    return optimizer.adagrad(theta, G, g, lr, eps, _other(eps_placement))


def _other(placement: str) -> str:
    return "outside" if placement == "inside" else "inside"


@variant("optimizer.adagrad", "the step is taken before g² is added to G", source="S21")
def before_adding(theta: Any, G: Any, g: Any, lr: Any, eps: Any, eps_placement: str = "outside") -> Any:
    update = -(lr * optimizer.quotient(g, optimizer.denominator(G, eps, eps_placement)))
    return update, G + square(g), theta + update


@variant("optimizer.adagrad", "ε is added to the stored sum", source="M11")
def eps_stays(theta: Any, G: Any, g: Any, lr: Any, eps: Any, eps_placement: str = "outside") -> Any:
    update, G, theta = optimizer.adagrad(theta, G, g, lr, eps, eps_placement)
    return update, G + eps, theta


@variant("optimizer.adagrad", "no root: divided by the sum of the squares")
def no_root(theta: Any, G: Any, g: Any, lr: Any, eps: Any, eps_placement: str = "outside") -> Any:
    G = G + square(g)
    update = -(lr * optimizer.quotient(g, G + eps))
    return update, G, theta + update


@variant("optimizer.adagrad", "adds the step", source="WX second slide (E12)")
def adagrad_ascends(theta: Any, G: Any, g: Any, lr: Any, eps: Any, eps_placement: str = "outside") -> Any:
    update, G, _ = optimizer.adagrad(theta, G, g, lr, eps, eps_placement)
    return -update, G, theta - update


@variant("optimizer.adagrad", "one rate for all: G is summed over the coordinates")
def one_rate(theta: Any, G: Any, g: Any, lr: Any, eps: Any, eps_placement: str = "outside") -> Any:
    summed = total(square(g)) if g else 0
    G = G + summed
    update = -(lr * optimizer.quotient(g, optimizer.denominator(G, eps, eps_placement)))
    return update, G, theta + update


# ------------------------------------------------------------------------------------ Adam
def _adam(
    theta: Any,
    m: Any,
    v: Any,
    g: Any,
    lr: Any,
    rates: tuple[Any, Any],
    corrections: tuple[Any, Any],
    divisor: Any,
    stored: bool = False,
) -> Any:
    """Adam with its parts exchanged: the decay rates, what the moments are divided by, the divisor of m̂."""
    m = rates[0] * m + (1 - rates[0]) * g
    v = rates[1] * v + (1 - rates[1]) * square(g)
    m_hat, v_hat = m / corrections[0], v / corrections[1]
    update = -(lr * optimizer.quotient(m_hat, divisor(v_hat)))
    return update, *((m_hat, v_hat) if stored else (m, v)), theta + update


def _right(beta_1: Any, beta_2: Any, t: int) -> tuple[Any, Any]:
    return 1 - power(beta_1, t), 1 - power(beta_2, t)


def _divisor(eps: Any, placement: str) -> Any:
    return lambda v_hat: optimizer.denominator(v_hat, eps, placement)


@variant("optimizer.adam", "ε on the other side of the root", source="E14: the paper and the libraries against WX")
def adam_eps_misplaced(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    return optimizer.adam(theta, m, v, g, t, lr, beta_1, beta_2, eps, _other(eps_placement))


@variant("optimizer.adam", "no bias correction", source="M25 (EurekaLabsAI/micrograd #2)")
def uncorrected(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    return _adam(theta, m, v, g, lr, (beta_1, beta_2), (1, 1), _divisor(eps, eps_placement))


@variant("optimizer.adam", "the correction is 1 − β, without the power t", source="M5 (ML-From-Scratch #35)")
def no_power(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    return _adam(theta, m, v, g, lr, (beta_1, beta_2), (1 - beta_1, 1 - beta_2), _divisor(eps, eps_placement))


@variant("optimizer.adam", "minus one applied twice: divided by βᵗ", source="M3 (pytorch_optimizer #308)")
def twice_one_minus(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    powers = [power(beta, t) if beta > 0 else 1 for beta in (beta_1, beta_2)]
    return _adam(theta, m, v, g, lr, (beta_1, beta_2), (powers[0], powers[1]), _divisor(eps, eps_placement))


@variant("optimizer.adam", "ε before the correction of v: m̂ √(1 − β₂ᵗ) / (√v + ε)", source="M9 (epsilon-hat)")
def epsilon_hat(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    corrections = _right(beta_1, beta_2, t)
    return _adam(
        theta,
        m,
        v,
        g,
        lr * sqrt(corrections[1]),
        (beta_1, beta_2),
        (corrections[0], 1),
        _divisor(eps, eps_placement),
    )


@variant("optimizer.adam", "ε is added to the stored second moment", source="M11 (AdaBelief #61)")
def eps_in_the_state(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    update, m, v, theta = optimizer.adam(theta, m, v, g, t, lr, beta_1, beta_2, eps, eps_placement)
    return update, m, v + eps, theta


@variant("optimizer.adam", "the corrected moments become the state", source="M7 (optax 12057134)")
def corrected_state(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    corrections = _right(beta_1, beta_2, t)
    return _adam(theta, m, v, g, lr, (beta_1, beta_2), corrections, _divisor(eps, eps_placement), stored=True)


@variant("optimizer.adam", "t counts from 0, where it should count from 1 (from the second step on)")
def late_by_one(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    return optimizer.adam(theta, m, v, g, max(1, t - 1), lr, beta_1, beta_2, eps, eps_placement)


@variant("optimizer.adam", "the two decay rates are exchanged")
def rates_exchanged(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    return optimizer.adam(theta, m, v, g, t, lr, beta_2, beta_1, eps, eps_placement)


@variant("optimizer.adam", "ε is subtracted", source="bug-families: detection rates")
def minus_eps(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    return _adam(theta, m, v, g, lr, (beta_1, beta_2), _right(beta_1, beta_2, t), lambda v_hat: sqrt(v_hat) - eps)


@variant("optimizer.adam", "no ε at all")
def without_eps(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    return optimizer.adam(theta, m, v, g, t, lr, beta_1, beta_2, 0, eps_placement)


@variant("optimizer.adam", "the raw gradient moves θ, not its average")
def raw_gradient(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    _, m, v, _ = optimizer.adam(theta, m, v, g, t, lr, beta_1, beta_2, eps, eps_placement)
    v_hat = v / (1 - power(beta_2, t))
    update = -(lr * optimizer.quotient(g, optimizer.denominator(v_hat, eps, eps_placement)))
    return update, m, v, theta + update


@variant("optimizer.adam", "θ decays as well, unscaled by the learning rate", source="M21 (Flux.jl AdamW)")
def decays_unscaled(
    theta: Any, m: Any, v: Any, g: Any, t: int, lr: Any, beta_1: Any, beta_2: Any, eps: Any,
    eps_placement: str = "inside",
) -> Any:  # fmt: skip
    update, m, v, _ = optimizer.adam(theta, m, v, g, t, lr, beta_1, beta_2, eps, eps_placement)
    update = update - theta / 100
    return update, m, v, theta + update


# ------------------------------------------------------------------------------------ many steps
def _steps(
    theta: Any,
    g: Any,
    method: str,
    hypers: tuple[Any, ...],
    count: Any = None,
    keep: bool = True,
    own: bool = True,
) -> Any:
    """`trajectory` with another step count (`count(t, l)`), with states forgotten, or one state for all."""
    lr, rho, beta_1, beta_2, eps, placement = hypers
    zero = Vector(0 for _ in theta[0])
    tensors, states, updates = list(theta), [(zero, zero)] * len(theta), []
    for t, gradients in enumerate(g, 1):
        row = []
        for place, g_l in enumerate(gradients):
            at = place if own else 0
            first, second = states[at] if keep else (zero, zero)
            if method == "sgd":
                update, _ = optimizer.sgd(zero, g_l, lr)
            elif method == "momentum":
                update, first, _ = optimizer.momentum(zero, first, g_l, lr, rho)
            elif method == "adagrad":
                update, second, _ = optimizer.adagrad(zero, second, g_l, lr, eps, placement)
            else:
                step = t if count is None else count(t, place)
                update, first, second, _ = optimizer.adam(
                    zero, first, second, g_l, step, lr, beta_1, beta_2, eps, placement
                )
            states[at] = first, second
            tensors[place] = tensors[place] + update
            row.append(update)
        updates.append(Matrix(row))
    return tuple(updates), Matrix(tensors)


@variant("optimizer.trajectory", "Adam's t counts parameter tensors, not steps", source="M1 (tinygrad fc6f355c)")
def step_per_tensor(
    theta: Any, g: Any, lr: Any, rho: Any, beta_1: Any, beta_2: Any, eps: Any,
    method: str = "sgd", eps_placement: str = "outside",
) -> Any:  # fmt: skip
    def count(t: int, place: int) -> int:
        return (t - 1) * len(theta) + place + 1

    return _steps(theta, g, method, (lr, rho, beta_1, beta_2, eps, eps_placement), count)


@variant("optimizer.trajectory", "Adam's t stays 1")
def step_never_counted(
    theta: Any, g: Any, lr: Any, rho: Any, beta_1: Any, beta_2: Any, eps: Any,
    method: str = "sgd", eps_placement: str = "outside",
) -> Any:  # fmt: skip
    return _steps(theta, g, method, (lr, rho, beta_1, beta_2, eps, eps_placement), lambda t, place: 1)


@variant("optimizer.trajectory", "tensors of equal shape share one state")
def shared_state(
    theta: Any, g: Any, lr: Any, rho: Any, beta_1: Any, beta_2: Any, eps: Any,
    method: str = "sgd", eps_placement: str = "outside",
) -> Any:  # fmt: skip
    return _steps(theta, g, method, (lr, rho, beta_1, beta_2, eps, eps_placement), own=False)


@variant("optimizer.trajectory", "the state is forgotten after each step")
def forgotten_state(
    theta: Any, g: Any, lr: Any, rho: Any, beta_1: Any, beta_2: Any, eps: Any,
    method: str = "sgd", eps_placement: str = "outside",
) -> Any:  # fmt: skip
    return _steps(theta, g, method, (lr, rho, beta_1, beta_2, eps, eps_placement), keep=False)


@variant("optimizer.trajectory", "gradients pile up: never reset between steps", source="M13 (ConvNetSharp #29)")
def never_zeroed(
    theta: Any, g: Any, lr: Any, rho: Any, beta_1: Any, beta_2: Any, eps: Any,
    method: str = "sgd", eps_placement: str = "outside",
) -> Any:  # fmt: skip
    sums: list[Any] = []
    for g_t in g:
        sums.append(g_t if not sums else sums[-1] + g_t)
    return optimizer.trajectory(theta, tuple(sums), lr, rho, beta_1, beta_2, eps, method, eps_placement)


@variant("optimizer.trajectory", "ε is never below 10⁻⁸", source="a floor hidden in the implementation")
def hidden_floor(
    theta: Any, g: Any, lr: Any, rho: Any, beta_1: Any, beta_2: Any, eps: Any,
    method: str = "sgd", eps_placement: str = "outside",
) -> Any:  # fmt: skip
    floor = scalars.maximum(eps, scalars.constant(1, eps) / 10**8)
    return optimizer.trajectory(theta, g, lr, rho, beta_1, beta_2, floor, method, eps_placement)


@variant("optimizer.trajectory", "θ is returned before the last step")
def last_step_lost(
    theta: Any, g: Any, lr: Any, rho: Any, beta_1: Any, beta_2: Any, eps: Any,
    method: str = "sgd", eps_placement: str = "outside",
) -> Any:  # fmt: skip
    hypers = (lr, rho, beta_1, beta_2, eps, method, eps_placement)
    updates, _ = optimizer.trajectory(theta, g, *hypers)
    return updates, optimizer.trajectory(theta, g[:-1], *hypers)[1]


# ------------------------------------------------------------------------------------ the learning rate
@variant("optimizer.lr_decay", "the schedules are exchanged")
def schedules_exchanged(alpha_0: Any, k: Any, rate: Any, schedule: str = "inverse_time") -> Any:
    return optimizer.lr_decay(alpha_0, k, rate, "geometric" if schedule == "inverse_time" else "inverse_time")


@variant("optimizer.lr_decay", "k counts from 1: the first rate has decayed already")
def early_by_one(alpha_0: Any, k: Any, rate: Any, schedule: str = "inverse_time") -> Any:
    return optimizer.lr_decay(alpha_0, [k_i + 1 for k_i in k], rate, schedule)


@variant("optimizer.lr_decay", "geometric decay by e^{−γk}")
def exponential(alpha_0: Any, k: Any, rate: Any, schedule: str = "inverse_time") -> Any:
    if schedule == "inverse_time":
        return optimizer.lr_decay(alpha_0, k, rate, schedule)
    return Vector(alpha_0 * exp(-(scalars.constant(k_i, alpha_0) * rate)) for k_i in k)


@variant("optimizer.lr_decay", "1/√(1 + γk), AdaGrad's decay, for 1/(1 + γk)")
def square_root(alpha_0: Any, k: Any, rate: Any, schedule: str = "inverse_time") -> Any:
    if schedule == "geometric":
        return optimizer.lr_decay(alpha_0, k, rate, schedule)
    return Vector(alpha_0 / sqrt(scalars.constant(1, alpha_0) + rate * k_i) for k_i in k)


@variant("optimizer.lr_decay", "the gradient does not decay")
def undecayed(alpha_0: Any, k: Any, rate: Any, schedule: str = "inverse_time") -> Any:
    alpha = scalars.stop_gradient(optimizer.lr_decay(alpha_0, k, rate, schedule))
    return alpha + (alpha_0 - scalars.stop_gradient(alpha_0))
