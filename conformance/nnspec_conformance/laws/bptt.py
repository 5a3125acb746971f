"""Properties of backpropagation through time: its printed equations are the gradients of the forward ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, exactly, law, same
from nnspec_conformance.laws.recurrent import EXACT, _network


def _without(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {n: v for n, v in given.items() if n not in names}


@law("P49", on=["bptt.univariate", "recurrent.univariate"])
def printed_univariate_gradient(nn: Any, draw: Draw) -> None:
    T, activation = draw.size(1, 4), draw.choice([*EXACT, "tanh", "sigmoid"])
    weights = {n: draw.integers(low=-2, high=2) for n in ("u", "v", "w", "b_h", "b_y")}
    x, h0, y_bar = draw.integers(1, T), draw.integers(1, low=1, high=3), draw.integers(1, T)
    printed = nn("bptt.univariate", x=x, h0=h0, y_bar=y_bar, **weights, activation=activation)
    tape = nn.gradient("recurrent.univariate", {"y": y_bar}, x=x, h0=h0, **weights, activation=activation)
    for name in weights:
        same(getattr(printed, f"{name}_bar")[0], getattr(tape, name), f"{name}: printed and derived")
    same(printed.z_bar[:, 0] * weights["w"], tape.h0, "h̄^(0) = z̄^(1) w")


@law("P49", on=["bptt.vector_deltas", "recurrent.elman"])
def printed_error_terms(nn: Any, draw: Draw) -> None:
    T, activation = draw.size(1, 3), draw.choice([*EXACT, "tanh", "sigmoid"])
    network = _network(draw, T, B=3, integers=activation in EXACT)
    delta_out = draw.integers(3, T, 5)
    printed = nn("bptt.vector_deltas", **_without(network, "b_y"), delta_out=delta_out, activation=activation)
    tape = nn.gradient("recurrent.elman", {"y": delta_out}, **network, activation=activation)
    for name in ("W", "U", "V", "b_h", "b_y"):
        per_example = getattr(printed, f"{name}_bar")
        same(
            per_example.sum(axis=0),
            getattr(tape, name),
            f"{name}: printed, summed over the batch, and derived",
        )


@law("P49", on=["bptt.two_pass", "bptt.vector_deltas", "recurrent.elman"])
def second_pass_is_the_error_terms(nn: Any, draw: Draw) -> None:
    """A bias of 2^40 makes the first class certain, so that δ_out is exact, whatever the states."""
    T, activation = draw.size(1, 4), draw.choice(EXACT)
    network = _network(draw, T)
    network["b_y"][0] = 2.0**40
    target = draw.index(2, T, below=5)
    found = nn("bptt.two_pass", **network, target=target, activation=activation)
    delta_out = np.eye(5)[np.zeros_like(target)] - np.eye(5)[target]
    exactly(found.delta_out, delta_out, "δ_out = y − e_target")
    printed = nn("bptt.vector_deltas", **_without(network, "b_y"), delta_out=delta_out, activation=activation)
    for name in ("delta_h", "W_bar", "U_bar", "V_bar", "b_h_bar", "b_y_bar"):
        exactly(getattr(found, name), getattr(printed, name), name)
    forward = nn("recurrent.elman", **network, activation=activation)
    exactly(found.h, forward.h, "the first pass stores h_t")
    losses = (forward.y.value * delta_out).sum(axis=(1, 2))  # the first score minus the target's
    exactly(found.loss, losses, "the loss is −Σ_t log y_t[target_t]")


@law("P50", on=["bptt.truncated", "bptt.vector_deltas"])
def a_long_window_truncates_nothing(nn: Any, draw: Draw) -> None:
    T, activation = draw.size(1, 6), draw.choice(EXACT)
    network = _without(_network(draw, T), "b_y")
    delta_out = draw.integers(2, T, 5)
    full = nn("bptt.vector_deltas", **network, delta_out=delta_out, activation=activation)
    for T1 in {T, draw.size(1, T)}:  # all losses once, windows to the start: the sum of the runs is the whole
        cut = nn(
            "bptt.truncated",
            **network,
            delta_out=delta_out,
            T1=T1,
            T2=T + draw.size(0, 2),
            activation=activation,
        )
        for name in ("delta_h", "W_bar", "U_bar", "V_bar", "b_h_bar", "b_y_bar"):
            exactly(getattr(cut, name), getattr(full, name), f"{name} with T_1 = {T1}, T_2 ≥ T = {T}")


@law("P50", on=["bptt.truncated", "recurrent.elman"])
def truncation_is_a_constant_state(nn: Any, draw: Draw) -> None:
    T, T1, T2, activation = 7, draw.size(1, 4), draw.size(1, 4), draw.choice(EXACT)
    network = _network(draw, T)
    delta_out = draw.integers(2, T, 5)
    cut = nn(
        "bptt.truncated",
        **_without(network, "b_y"),
        delta_out=delta_out,
        T1=T1,
        T2=T2,
        activation=activation,
    )
    h = nn("recurrent.elman", **network, activation=activation).h.value
    states = np.concatenate([network["h0"][:, None], h], axis=1)
    names = ("W", "U", "V", "b_h", "b_y")
    sums: dict[str, Any] = {n: 0.0 for n in names}
    for begin in range(0, T, T1):
        end = min(begin + T1, T)
        start = max(0, end - T2)
        seeds = delta_out[:, start:end].copy()
        seeds[:, : max(0, begin - start)] = 0.0  # the losses of earlier runs
        window = {**network, "x": network["x"][:, start:end], "h0": states[:, start]}
        gradient = nn.gradient("recurrent.elman", {"y": seeds}, **window, activation=activation)
        for n in names:
            sums[n] = sums[n] + getattr(gradient, n).value
    for n in names:
        exactly(getattr(cut, f"{n}_bar").sum(axis=0).value, sums[n], f"{n}: h_(t−T_2) as a constant")
