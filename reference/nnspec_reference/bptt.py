"""Backpropagation through time (ledger section 7): the notes' backward equations, as they are printed.

These functions compute gradients as their results: v̄ = ∂𝓛/∂v. The same numbers follow from `recurrent` by
the tape (`autodiff`), and conformance holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from nnspec_reference import scalars
from nnspec_reference.catalogue import algorithm, data, equation, hyper, parameter, real
from nnspec_reference.recurrent import ACTIVATIONS, phi, preactivation, slope
from nnspec_reference.scalars import Matrix, Vector, largest, outer, total, zeros_like

State = TypeVar("State")


@equation(
    data("x", "T"),
    data("h0"),
    data("y_bar", "T"),
    parameter("u"),
    parameter("v"),
    parameter("w"),
    parameter("b_h", optional=True),
    parameter("b_y", optional=True),
    options=ACTIVATIONS,
    results=[
        real("r_bar", "T"),
        real("h_bar", "T"),
        real("z_bar", "T"),
        real("u_bar"),
        real("v_bar"),
        real("w_bar"),
        real("b_h_bar"),
        real("b_y_bar"),
    ],
    gradient=False,
    time="T",
)
def univariate(
    x: Any,
    h0: Any,
    y_bar: Any,
    u: Any,
    v: Any,
    w: Any,
    b_h: Any = None,
    b_y: Any = None,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    """Backprop through time in the univariate network, `recurrent.univariate`.

        𝓛̄ = 1,   ȳ^(t) = 𝓛̄ ∂𝓛/∂y^(t)
        r̄^(t) = ȳ^(t) φ'(r^(t))
        h̄^(t) = r̄^(t) v + z̄^(t+1) w
        z̄^(t) = h̄^(t) φ'(z^(t))
        ū = Σ_t z̄^(t) x^(t),   v̄ = Σ_t r̄^(t) h^(t),   w̄ = Σ_t z̄^(t+1) h^(t)

    DR leaves two boundary terms to the reader (E55): z̄^(T+1) = 0, and the sum of w̄ starts at t = 0, with
    z̄^(1) h^(0); without it w̄ is wrong wherever h^(0) ≠ 0. The bias gradients, not printed, are b̄_h = Σ_t
    z̄^(t) and b̄_y = Σ_t r̄^(t). The loss enters by ȳ alone. T = 1: w̄ = z̄^(1) h^(0).

    Source: DR "Backprop Through Time".
    Errata: E55.
    """
    h, zs, hs, rs = h0, [], [h0], []
    for x_t in x:
        z = u * x_t + w * h if b_h is None else u * x_t + w * h + b_h
        h = phi(activation, z)
        zs.append(z)
        hs.append(h)
        rs.append(v * h if b_y is None else v * h + b_y)
    T = len(zs)
    r_bar, h_bar, z_bar = [0] * T, [0] * T, [0] * (T + 1)
    for t in reversed(range(T)):  # z̄^(T+1) = 0
        r_bar[t] = y_bar[t] * slope(activation, rs[t], relu_grad_at_zero)
        h_bar[t] = r_bar[t] * v + z_bar[t + 1] * w
        z_bar[t] = h_bar[t] * slope(activation, zs[t], relu_grad_at_zero)
    del z_bar[T]
    u_bar = total(z_bar[t] * x[t] for t in range(T))
    v_bar = total(r_bar[t] * hs[t + 1] for t in range(T))
    w_bar = total(z_bar[t] * hs[t] for t in range(T))  # hs[0] is h^(0)
    return Vector(r_bar), Vector(h_bar), Vector(z_bar), u_bar, v_bar, w_bar, total(z_bar), total(r_bar)


@equation(
    data("x", "T D"),
    data("h0", "H"),
    data("delta_out", "T O"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("V", "O H"),
    parameter("b_h", "H", optional=True),
    options=ACTIVATIONS,
    results=[
        real("delta_h", "T H"),
        real("W_bar", "H D"),
        real("U_bar", "H H"),
        real("V_bar", "O H"),
        real("b_h_bar", "H"),
        real("b_y_bar", "O"),
    ],
    gradient=False,
    time="T",
)
def vector_deltas(
    x: Any,
    h0: Any,
    delta_out: Any,
    W: Any,
    U: Any,
    V: Any,
    b_h: Any = None,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    """The error terms δ of the simple recurrent network, `recurrent.elman`.

        δ_out,t = ∂L/∂(V h_t)
        δ_h,t = g'(z_t) ⊙ (Vᵀ δ_out,t + Uᵀ δ_h,t+1),   δ_h,T+1 = 0
        V̄ = Σ_t δ_out,t h_tᵀ,   W̄ = Σ_t δ_h,t x_tᵀ,   Ū = Σ_t δ_h,t h_{t−1}ᵀ

    L14 prints δ_h = g'(z) V δ_out + δ_next and δ_next = g'(z) U δ_h, where z has no time index, and ∂L/∂V =
    δ_out h_t, ∂L/∂W = δ_h x_t, ∂L/∂U = δ_h h_{t−1} (E05). What is meant: the derivative in δ_next is that of
    the step which *receives* it, t−1, not of the step that emits it; V and U are transposed; the products are
    outer products, and summed over t. The bias gradients, not printed, are Σ_t δ_h,t and Σ_t δ_out,t.

    So for the gradients at t = 2 one needs δ_out,2 for V, and for U and W also δ_h,2, which includes δ_h,3.

    Source: L14 "BACKPROP THROUGH TIME" and following, "U & W UPDATE".
    Errata: E05.
    """
    hs, zs = _states(x, h0, W, U, b_h, activation)
    delta_h, delta = [], zeros_like(h0)  # δ_h,T+1 = 0
    for t in reversed(range(len(zs))):
        delta = slope(activation, zs[t], relu_grad_at_zero) * (V.T @ delta_out[t] + U.T @ delta)
        delta_h.append(delta)
    return _gradients(x, hs, list(reversed(delta_h)), delta_out, W, U, V)


@equation(
    data("x", "T D"),
    data("h0", "H"),
    data("target", "T", kind="index", of="O"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("V", "O H"),
    parameter("b_h", "H", optional=True),
    parameter("b_y", "O", optional=True),
    options=ACTIVATIONS,
    results=[
        real("loss"),
        real("h", "T H"),
        real("delta_out", "T O"),
        real("delta_h", "T H"),
        real("W_bar", "H D"),
        real("U_bar", "H H"),
        real("V_bar", "O H"),
        real("b_h_bar", "H"),
        real("b_y_bar", "O"),
    ],
    gradient=False,
    time="T",
)
def two_pass(
    x: Any,
    h0: Any,
    target: Any,
    W: Any,
    U: Any,
    V: Any,
    b_h: Any = None,
    b_y: Any = None,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    """Training in two passes: forward with the loss, backward with the error terms.

        first pass:   for t = 1 … T:  compute h_t and y_t = softmax(V h_t + b_y)
                                      L ← L − log y_t[target_t]
                                      save h_t
        second pass:  for t = T … 1:  δ_out,t = y_t − e_{target_t}
                                      compute δ_h,t from δ_out,t and δ_h,t+1, and save it

    L14's two concerns: the loss at t needs the hidden layer of t−1, and h_t influences the losses at t and
    after t. The loss is summed over time. T = 0: no loss, no gradient.

    Source: L14 "TRAINING", "TRAINING SUMMARY".
    """
    hs, zs = _states(x, h0, W, U, b_h, activation)
    loss: Any = 0
    delta_out = []
    for h, i in zip(hs[1:], target, strict=True):
        r = V @ h if b_y is None else V @ h + b_y
        r = r - scalars.detach(largest(r))
        e = scalars.exp(r)
        loss = loss + (scalars.log(total(e)) - r[i])
        y = e / total(e)
        delta_out.append(Vector(p - int(k == i) for k, p in enumerate(y)))
    delta_h, delta = [], zeros_like(h0)
    for t in reversed(range(len(zs))):
        delta = slope(activation, zs[t], relu_grad_at_zero) * (V.T @ delta_out[t] + U.T @ delta)
        delta_h.append(delta)
    delta_h.reverse()
    gradients = _gradients(x, hs, delta_h, delta_out, W, U, V)
    return (loss, Matrix(hs[1:]), Matrix(delta_out), *gradients)


@equation(
    data("x", "T D"),
    data("h0", "H"),
    data("delta_out", "T O"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("V", "O H"),
    hyper("T1", 1, 2, 3, low=1, whole=True),
    hyper("T2", 1, 2, 4, low=1, whole=True),
    parameter("b_h", "H", optional=True),
    options=ACTIVATIONS,
    results=[
        real("delta_h", "T H"),
        real("W_bar", "H D"),
        real("U_bar", "H H"),
        real("V_bar", "O H"),
        real("b_h_bar", "H"),
        real("b_y_bar", "O"),
    ],
    gradient=False,
    time="T",
)
def truncated(
    x: Any,
    h0: Any,
    delta_out: Any,
    W: Any,
    U: Any,
    V: Any,
    T1: Any,
    T2: Any,
    b_h: Any = None,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    """Truncated backpropagation through time.

        every T_1 steps, at t = T_1, 2T_1, …, and at T:
            run BPTT over the last T_2 steps, t−T_2+1 … t, for the losses since the last time

    G15 leaves open what is back-propagated, and when the update comes (E78). Here:

    - the hidden state is carried from beginning to end; h_{t−T_2} is a constant of the run at t;
    - a run takes the losses of the steps since the last run, each once, as far as they lie in its window:
      with T_1 > T_2 the first T_1 − T_2 steps of every stretch get no gradient;
    - if T_1 does not divide T, the rest is flushed by a run at T; a window ends at the start of the sequence;
    - the parameters stay the same, and the gradients of all runs are added up: an update after every run is
      the caller's. δ_h,t is the sum of the runs', so that W̄ = Σ_t δ_h,t x_tᵀ.

    T_1 = T and T_2 ≥ T is full BPTT, `vector_deltas`. T_2 counts the steps of the window, so T_2 = 1 lets no
    error pass from one step to the one before (a common mistake walks T_2 + 1 steps).

    Source: G15 [after "RECURRENT NEURAL NETWORKS"]; DS17 "Training RNNs with BPTT".
    Errata: E78.
    """
    for name, steps in (("T1", T1), ("T2", T2)):
        if not isinstance(steps, int) or steps < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {steps!r}")
    hs, zs = _states(x, h0, W, U, b_h, activation)
    T = len(zs)
    delta_h = [zeros_like(h0)] * T
    counted = [zeros_like(V_i) for V_i in delta_out]
    for start in range(0, T, T1):
        end = min(start + T1, T)
        delta = zeros_like(h0)
        for t in reversed(range(max(0, end - T2), end)):
            error = U.T @ delta
            if t >= start:
                error = error + V.T @ delta_out[t]
                counted[t] = delta_out[t]
            delta = slope(activation, zs[t], relu_grad_at_zero) * error
            delta_h[t] = delta_h[t] + delta
    return _gradients(x, hs, delta_h, counted, W, U, V)


@algorithm()
def incremental_lengths(
    update: Callable[[State, Any], State], state: State, sequences: Iterable[Sequence[Any]]
) -> State:
    """One epoch of training on progressively longer sequences.

        for k = 1, 2, …, N:  for each sequence of length k:
            unfold the network into k hidden layers, back-propagate, update

    ``update(state, sequence)`` does the second line: it returns the state of training (the parameters) after
    one sequence, whose length is the number of layers. Sequences of equal length keep their order; lengths
    that no sequence has are passed over.

    G15 presents this as a part of BPTT; it is a curriculum, which BPTT does not need (E34).

    Source: G15 [after "RECURRENT NEURAL NETWORKS"].
    Errata: E34.
    """
    for sequence in sorted(sequences, key=len):  # stable
        state = update(state, sequence)
    return state


class Cost(NamedTuple):
    """What one gradient costs, in layers and in multiplications of matrix and vector elements."""

    layers: int
    forward: int
    backward: int


@algorithm()
def cost(T: int, D: int, H: int, O: int) -> Cost:  # noqa: E741 - the size of the output
    """Cost of one gradient over a sequence of length T.

        layers = T
        forward  = T (HD + H² + OH)      W x_t, U h_{t−1}, V h_t
        backward = T (HD + 2H² + 2OH)    the outer products of W̄, Ū, V̄, and Uᵀ δ_h, Vᵀ δ_out

    One parameter update on a sequence of length 1000 costs a forward and a backward pass through a network of
    1000 layers. The counts are derived; they grow linearly in T, and the backward pass costs at most twice
    the forward.

    Source: G15 [after "RECURRENT NEURAL NETWORKS"].
    """
    if min(T, D, H, O) < 0:
        raise ValueError(f"sizes must not be negative: {(T, D, H, O)}")
    return Cost(T, T * (H * D + H * H + O * H), T * (H * D + 2 * H * H + 2 * O * H))


# ----------------------------------------------------------------------------------------------- shared parts
def _states(x: Any, h0: Any, W: Any, U: Any, b_h: Any, activation: str) -> tuple[list[Any], list[Any]]:
    """The first pass: h_0 … h_T and z_1 … z_T."""
    hs, zs = [h0], []
    for x_t in x:
        zs.append(preactivation(W, x_t, U, hs[-1], b_h))
        hs.append(phi(activation, zs[-1]))
    return hs, zs


def _gradients(x: Any, hs: Any, delta_h: Any, delta_out: Any, W: Any, U: Any, V: Any) -> tuple[Any, ...]:
    """δ_h and the sums over time that the weights' gradients are."""
    T = len(delta_h)
    return (
        Matrix(delta_h),
        _sum_of_outer(W, delta_h, x),
        _sum_of_outer(U, delta_h, hs[:T]),
        _sum_of_outer(V, delta_out, hs[1:]),
        total(delta_h) if T else Vector([0] * len(U)),
        total(delta_out) if T else Vector([0] * len(V)),
    )


def _sum_of_outer(like: Matrix, deltas: Any, inputs: Any) -> Any:
    """Σ_t δ_t inputs_tᵀ; zeros in the shape of `like` if there is no step."""
    terms = [outer(d, a) for d, a in zip(deltas, inputs, strict=True)]
    return total(terms) if terms else zeros_like(like)
