"""Mistakes in backpropagation through time."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import variant
from nnspec_reference import bptt
from nnspec_reference.recurrent import phi, preactivation, slope
from nnspec_reference.scalars import Matrix, Vector, outer, total, zeros_like


def _univariate_states(given: Any) -> list[Any]:
    """h^(0) … h^(T) of the univariate network."""
    hs = [given["h0"]]
    for x_t in given["x"]:
        z = given["u"] * x_t + given["w"] * hs[-1]
        hs.append(phi(given["activation"], z if given["b_h"] is None else z + given["b_h"]))
    return hs


@variant("bptt.univariate", "w̄ leaves out z̄^(1) h^(0)", source="E55: DR, to the letter")
def boundary_term_missing(**given: Any) -> Any:
    right = bptt.univariate(**given)
    z_bar, hs = right[2], _univariate_states(given)
    w_bar = total(z_bar[t] * hs[t] for t in range(1, len(z_bar)))
    return (*right[:5], w_bar, *right[6:])


@variant("bptt.univariate", "w̄ = Σ z̄^(t) h^(t): the state of the same step")
def state_of_the_same_step(**given: Any) -> Any:
    right = bptt.univariate(**given)
    z_bar, hs = right[2], _univariate_states(given)
    return (*right[:5], total(z * h for z, h in zip(z_bar, hs[1:], strict=True)), *right[6:])


@variant("bptt.univariate", "nothing comes back from the next step: h̄ = r̄ v", source="Flux.jl #2185")
def no_time(**given: Any) -> Any:
    x, y_bar, h0 = (given.pop(n) for n in ("x", "y_bar", "h0"))
    hs = _univariate_states({**given, "x": x, "h0": h0})
    steps = [bptt.univariate(x=x[t : t + 1], y_bar=y_bar[t : t + 1], h0=hs[t], **given) for t in range(len(x))]
    along = (Vector(s[i][0] for s in steps) for i in range(3))
    return (*along, *(total(s[i] for s in steps) for i in range(3, 8)))


@variant("bptt.univariate", "b̄_h is Σ h̄: before the activation's slope", source="deepcourse #9")
def bias_before_the_slope(**given: Any) -> Any:
    right = bptt.univariate(**given)
    return (*right[:6], total(right[1]), right[7])


def _deltas(
    x: Any,
    h0: Any,
    delta_out: Any,
    W: Any,
    U: Any,
    V: Any,
    b_h: Any,
    activation: str,
    relu_grad_at_zero: int,
    back: Any,
) -> Any:
    """δ_h by ``back(δ_next, slope here, slope of the next step)``, and the sums over time."""
    hs, zs = [h0], []
    for x_t in x:
        zs.append(preactivation(W, x_t, U, hs[-1], b_h))
        hs.append(phi(activation, zs[-1]))
    slopes = [slope(activation, z, relu_grad_at_zero) for z in zs]
    delta, delta_h = zeros_like(h0), []
    for t in reversed(range(len(zs))):
        after = slopes[t + 1] if t + 1 < len(zs) else zeros_like(h0)
        delta = slopes[t] * (V.T @ delta_out[t]) + back(delta, slopes[t], after)
        delta_h.append(delta)
    return _sums(x, hs, delta_h[::-1], delta_out, W, U, V)


def _sums(x: Any, hs: Any, delta_h: Any, delta_out: Any, W: Any, U: Any, V: Any, inputs: Any = None) -> Any:
    inputs = hs if inputs is None else inputs
    if not delta_h:
        zeros = (zeros_like(W), zeros_like(U), zeros_like(V))
        return Matrix(()), *zeros, Vector([0] * len(U)), Vector([0] * len(V))
    T = len(delta_h)
    return (
        Matrix(delta_h),
        total(outer(delta_h[t], x[t]) for t in range(T)),
        total(outer(delta_h[t], inputs[t]) for t in range(T)),
        total(outer(delta_out[t], hs[t + 1]) for t in range(T)),
        total(delta_h),
        total(delta_out),
    )


@variant("bptt.vector_deltas", "δ_next takes the slope of the step that emits it", source="E05: L14")
def slope_of_the_sender(**given: Any) -> Any:
    U = given["U"]
    return _deltas(back=lambda delta, here, after: after * (U.T @ delta), **given)


@variant("bptt.vector_deltas", "δ_next = g'(z) U δ_h without the transpose", source="E05: L14")
def recurrence_not_transposed(**given: Any) -> Any:
    U = given["U"]
    return _deltas(back=lambda delta, here, after: here * (U @ delta), **given)


@variant("bptt.vector_deltas", "δ_next has no slope at all")
def no_slope_in_time(**given: Any) -> Any:
    U = given["U"]
    return _deltas(back=lambda delta, here, after: U.T @ delta, **given)


@variant("bptt.vector_deltas", "no error passes from one step to the one before", source="Flux.jl #2185")
def one_step_only(**given: Any) -> Any:
    return bptt.truncated(T1=1, T2=1, **given)


def _states(given: Any) -> list[Any]:
    hs = [given["h0"]]
    for x_t in given["x"]:
        z = preactivation(given["W"], x_t, given["U"], hs[-1], given["b_h"])
        hs.append(phi(given["activation"], z))
    return hs


@variant("bptt.vector_deltas", "Ū at the first step reads the last state: index −1", source="student error S9")
def wraps_around(**given: Any) -> Any:
    delta_h = bptt.vector_deltas(**given)[0]
    hs = _states(given)
    inputs = [hs[-1], *hs[1:]]
    weights = (given["W"], given["U"], given["V"])
    return _sums(given["x"], hs, list(delta_h), given["delta_out"], *weights, inputs)


@variant("bptt.vector_deltas", "the gradients are those of the last step: Σ_t is missing", source="E05: L14")
def no_sum_over_time(x: Any, h0: Any, delta_out: Any, **rest: Any) -> Any:
    right = bptt.vector_deltas(x=x, h0=h0, delta_out=delta_out, **rest)
    if not len(x):
        return right
    before = _states({"x": x[:-1], "h0": h0, **rest})[-1]
    last = bptt.vector_deltas(x=x[-1:], h0=before, delta_out=delta_out[-1:], **rest)
    return right[0], *last[1:]


@variant("bptt.two_pass", "the loss is the mean over time", source="thinc 5618ab9c")
def mean_over_time(**given: Any) -> Any:
    loss, *rest = bptt.two_pass(**given)
    return loss / max(1, len(given["x"])), *rest


@variant("bptt.two_pass", "δ_out = e − y: the gradient of the log-likelihood", source="E11, E12")
def ascends(**given: Any) -> Any:
    loss, h, *gradients = bptt.two_pass(**given)
    return loss, h, *(-g for g in gradients)


@variant("bptt.two_pass", "the second pass forgets what later steps send back")
def second_pass_without_time(**given: Any) -> Any:
    loss, h, delta_out, *_ = bptt.two_pass(**given)
    rest = {n: v for n, v in given.items() if n not in ("target", "b_y")}
    return loss, h, delta_out, *bptt.truncated(delta_out=delta_out, T1=1, T2=1, **rest)


@variant("bptt.two_pass", "the second pass starts at the last step but one")
def last_loss_without_gradient(**given: Any) -> Any:
    loss, h, delta_out, *_ = bptt.two_pass(**given)
    rest = {n: v for n, v in given.items() if n not in ("target", "b_y")}
    kept = Matrix([*delta_out[:-1], *(zeros_like(d) for d in delta_out[-1:])])
    return loss, h, kept, *bptt.vector_deltas(delta_out=kept, **rest)


@variant("bptt.truncated", "the window walks T_2 + 1 steps", source="rnn-tutorial-rnnlm")
def window_one_too_long(T2: Any, **rest: Any) -> Any:
    return bptt.truncated(T2=T2 + 1, **rest)


@variant("bptt.truncated", "T_1 and T_2 are exchanged")
def periods_exchanged(T1: Any, T2: Any, **rest: Any) -> Any:
    return bptt.truncated(T1=T2, T2=T1, **rest)


@variant("bptt.truncated", "full backpropagation: nothing is truncated")
def not_truncated(T1: Any, T2: Any, **rest: Any) -> Any:
    return bptt.vector_deltas(**rest)


@variant("bptt.truncated", "the steps after the last multiple of T_1 are dropped", source="E78: the other choice")
def rest_dropped(x: Any, delta_out: Any, T1: Any, **rest: Any) -> Any:
    whole = len(x) // T1 * T1
    kept = Matrix([*delta_out[:whole], *(zeros_like(d) for d in delta_out[whole:])])
    return bptt.truncated(x=x, delta_out=kept, T1=T1, **rest)


@variant("bptt.truncated", "every run takes all losses of its window, also those of earlier runs", source="E78")
def losses_counted_again(x: Any, h0: Any, delta_out: Any, T1: Any, T2: Any, **rest: Any) -> Any:
    hs, T = _states({"x": x, "h0": h0, **rest}), len(x)
    if not T:
        return bptt.truncated(x=x, h0=h0, delta_out=delta_out, T1=T1, T2=T2, **rest)
    delta_h, runs = [zeros_like(h0)] * T, []
    for end in [*range(T1, T, T1), T]:
        start = max(0, end - T2)
        run = bptt.vector_deltas(x=x[start:end], h0=hs[start], delta_out=delta_out[start:end], **rest)
        runs.append(run)
        delta_h[start:end] = [a + b for a, b in zip(delta_h[start:end], run[0], strict=True)]
    return Matrix(delta_h), *(total(run[i] for run in runs) for i in range(1, 6))


@variant("bptt.truncated", "the state is set back to 0 after every update", source="student error S7")
def state_set_back(x: Any, h0: Any, delta_out: Any, T1: Any, T2: Any, **rest: Any) -> Any:
    if not len(x):
        return bptt.truncated(x=x, h0=h0, delta_out=delta_out, T1=T1, T2=T2, **rest)
    runs = [
        bptt.truncated(
            x=x[start : start + T1],
            h0=zeros_like(h0) if start else h0,
            delta_out=delta_out[start : start + T1],
            T1=T1,
            T2=T2,
            **rest,
        )
        for start in range(0, len(x), T1)
    ]
    delta_h = Matrix([d for run in runs for d in run[0]])
    return delta_h, *(total(run[i] for run in runs) for i in range(1, 6))
