"""Properties of recurrent networks.

Where a law asks for equality bit by bit of different computations, its numbers are small integers and the
activation is linear or ReLU: then every product and sum is exact, in any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same

EXACT = ("identity", "relu")


def _network(draw: Draw, T: int, B: int = 2, integers: bool = True) -> dict[str, Any]:
    """An Elman network, its sizes pairwise different, of small integers or else contracting."""
    D, H, O = 3, 4, 5  # noqa: E741

    def fill(*shape: int) -> Any:
        return draw.integers(*shape, low=-2, high=2) if integers else draw.reals(*shape)

    weights = {"W": fill(H, D), "U": fill(H, H), "V": fill(O, H), "b_h": fill(H), "b_y": fill(O)}
    if not integers:
        weights["U"] = weights["U"] / 8.0  # rows of absolute sum 1/2 at most: balls do not grow with T
    return {"x": fill(B, T, D), "h0": fill(B, H), **weights}


def _part(network: dict[str, Any], start: int, stop: int, h0: Any = None) -> dict[str, Any]:
    """The same network on steps start … stop−1."""
    return {
        **network,
        "x": network["x"][:, start:stop],
        "h0": network["h0"] if h0 is None else h0,
    }


@law("P47", on=["recurrent.elman"])
def the_future_has_no_influence(nn: Any, draw: Draw) -> None:
    s, T = draw.size(1, 5), 6
    for activation in (*EXACT, "tanh", "sigmoid"):
        network = _network(draw, T, integers=activation in EXACT)
        before = nn("recurrent.elman", **network, activation=activation)
        changed = network["x"].copy()
        changed[:, s:] = draw.integers(*changed[:, s:].shape, low=50, high=90)
        after = nn("recurrent.elman", **{**network, "x": changed}, activation=activation)
        exactly(after.h[:, :s], before.h[:, :s], "h_1 … h_s do not see x_{s+1}")
        exactly(after.y[:, :s], before.y[:, :s], "y_1 … y_s do not see x_{s+1}")


@law("P47", on=["recurrent.elman", "recurrent.univariate", "recurrent.forward_algorithm"])
def a_prefix_is_the_prefix(nn: Any, draw: Draw) -> None:
    s, T, activation = draw.size(0, 5), 6, draw.choice(EXACT)
    network = _network(draw, T)
    whole = nn("recurrent.elman", **network, activation=activation)
    prefix = nn("recurrent.elman", **_part(network, 0, s), activation=activation)
    exactly(prefix.h, whole.h[:, :s], "h of the prefix")
    exactly(prefix.y, whole.y[:, :s], "y of the prefix")
    exactly(prefix.h_T, whole.h[:, s - 1] if s else network["h0"], "the state after s steps")
    rest = nn("recurrent.elman", **_part(network, s, T, prefix.h_T.value), activation=activation)
    exactly(rest.h, whole.h[:, s:], "the rest from the carried state")
    exactly(rest.h_T, whole.h_T, "the last state from the carried state")

    row = {n: draw.integers(low=-2, high=2) for n in ("u", "v", "w", "b_h", "b_y")}
    x, h0 = draw.integers(2, T, low=-2, high=2), draw.integers(2)
    whole = nn("recurrent.univariate", x=x, h0=h0, **row, activation=activation)
    prefix = nn("recurrent.univariate", x=x[:, :s], h0=h0, **row, activation=activation)
    rest = nn("recurrent.univariate", x=x[:, s:], h0=prefix.h_T.value, **row, activation=activation)
    exactly(prefix.y, whole.y[:, :s], "y of the univariate prefix")
    exactly(rest.y, whole.y[:, s:], "y of the univariate rest")

    bare = {n: network[n] for n in ("x", "W", "U", "V")}
    short = {**bare, "x": bare["x"][:, :s]}
    exactly(
        nn("recurrent.forward_algorithm", **short, g=activation, f="identity").y,
        nn("recurrent.forward_algorithm", **bare, g=activation, f="identity").y[:, :s],
        "y of the algorithm's prefix",
    )


@law("P47", on=["recurrent.elman"])
def a_long_sequence_is_its_pieces(nn: Any, draw: Draw) -> None:
    T, cut = 40, draw.size(1, 39)
    network = _network(draw, T, integers=False)
    whole = nn("recurrent.elman", **network, activation="tanh", output="softmax")
    first = nn("recurrent.elman", **_part(network, 0, cut), activation="tanh", output="softmax")
    rest = nn("recurrent.elman", **_part(network, cut, T, first.h_T.value), activation="tanh", output="softmax")
    same(first.h, whole.h[:, :cut], "the first piece")
    # the second piece starts from a state that is off by its radius, and the network contracts
    slack = float(first.h_T.radius.max())
    same(rest.h, Measured(whole.h.value[:, cut:], whole.h.radius[:, cut:] + slack), "the second piece")


@law("P47", on=["recurrent.elman"])
def ragged_sequences_are_single_ones(nn: Any, draw: Draw) -> None:
    lengths, activation = [3, 4, 2, 0, 1], draw.choice(EXACT)
    network = _network(draw, 4, B=5)
    ragged = nn("recurrent.elman", **network, lengths=lengths, activation=activation)
    for row, n in enumerate(lengths):
        one = {**network, "x": network["x"][row : row + 1, :n], "h0": network["h0"][row : row + 1]}
        alone = nn("recurrent.elman", **one, activation=activation)
        exactly(ragged.h[row, :n], alone.h[0], "h of one sequence")
        exactly(ragged.h_T[row], alone.h_T[0], "the state at the length")
        exactly(ragged.y[row, n:], 0.0 * ragged.y.value[row, n:], "y beyond the length")


@law("P48", on=["recurrent.elman", "recurrent.unroll"])
def tied_layers_are_the_loop(nn: Any, draw: Draw) -> None:
    k = draw.size(1, 5)
    for activation in (*EXACT, "tanh", "sigmoid"):
        network = _network(draw, k, integers=activation in EXACT)
        tied = {n: [network[m]] * k for n, m in (("W", "W"), ("U", "U"), ("b", "b_h"))}
        layers = nn("recurrent.unroll", x=network["x"], h0=network["h0"], **tied, activation=activation).h
        h = nn("recurrent.elman", **network, activation=activation).h
        (exactly if activation in EXACT else same)(layers, h, f"{k} layers with tied weights ({activation})")


@law("P48", on=["recurrent.elman", "recurrent.unroll"])
def layers_have_their_own_weights(nn: Any, draw: Draw) -> None:
    k, activation = draw.size(1, 4), draw.choice(EXACT)
    networks = [_network(draw, 1) for _ in range(k)]
    x = np.concatenate([n["x"] for n in networks], axis=1)
    untied = {n: [net[m] for net in networks] for n, m in (("W", "W"), ("U", "U"), ("b", "b_h"))}
    layers = nn("recurrent.unroll", x=x, h0=networks[0]["h0"], **untied, activation=activation).h
    h = networks[0]["h0"]
    for layer, network in enumerate(networks):
        h = nn("recurrent.elman", **{**network, "h0": h}, activation=activation).h_T.value
        exactly(layers[:, layer], h, f"layer {layer + 1} of {k} is one step of a network of its own")


@law("P48", on=["recurrent.elman", "recurrent.forward_algorithm", "recurrent.first_step_bias"])
def the_loop_in_other_words(nn: Any, draw: Draw) -> None:
    T, activation = draw.size(0, 5), draw.choice(EXACT)
    network = _network(draw, T)
    bare = {n: network[n] for n in ("x", "W", "U", "V")}
    zero = np.zeros_like(network["h0"])
    exactly(
        nn("recurrent.forward_algorithm", **bare, g=activation, f="identity").y,
        nn("recurrent.elman", **bare, h0=zero, activation=activation).y,
        "the algorithm starts from 0 and has no biases",
    )
    h0 = np.repeat(network["h0"][:1], 2, axis=0)  # one state for all: then U h0 is one bias
    b, given = network["b_h"], {n: network[n] for n in ("x", "W", "U")}
    first = {**given, "b": b, "b_first": network["U"] @ h0[0] + b}
    state = {**network, "h0": h0}
    exactly(
        nn("recurrent.first_step_bias", **first, activation=activation).h,
        nn("recurrent.elman", **state, activation=activation).h,
        "b_first = U h_0 + b",
    )
    h_bar = draw.integers(2, T, 4)
    biased = nn.gradient("recurrent.first_step_bias", {"h": h_bar}, **first, activation=activation)
    whole = nn.gradient("recurrent.elman", {"h": h_bar}, **state, activation=activation)
    exactly(biased.b.value + biased.b_first.value, whole.b_h, "the two biases share the gradient of one")
    exactly(network["U"].T @ biased.b_first.value, whole.h0.value.sum(0), "h̄_0 = Uᵀ b̄_first")


@law("P49", on=["recurrent.elman", "recurrent.unroll"])
def a_tied_gradient_is_the_sum_over_steps(nn: Any, draw: Draw) -> None:
    k, activation = draw.size(1, 5), draw.choice(EXACT)
    network = _network(draw, k)
    h_bar = draw.integers(2, k, 4)
    whole = nn.gradient("recurrent.elman", {"h": h_bar}, **network, activation=activation)
    tied = {n: [network[m]] * k for n, m in (("W", "W"), ("U", "U"), ("b", "b_h"))}
    steps = nn.gradient(
        "recurrent.unroll", {"h": h_bar}, x=network["x"], h0=network["h0"], **tied, activation=activation
    )
    for loop, layers in (("W", "W"), ("U", "U"), ("b_h", "b")):
        exactly(sum(g.value for g in getattr(steps, layers)), getattr(whole, loop), f"the steps' {layers}")
    exactly(steps.x, whole.x, "x")
    exactly(steps.h0, whole.h0, "h0")


@law("P51", on=["recurrent.elman", "layer.dense"])
def without_recurrence_it_is_feedforward(nn: Any, draw: Draw) -> None:
    T = 5
    for activation in (*EXACT, "tanh"):
        network = _network(draw, T, integers=activation in EXACT)
        network["U"] = 0.0 * network["U"]
        h = nn("recurrent.elman", **network, activation=activation).h
        rows = network["x"].reshape(2 * T, 3)
        dense = nn("layer.dense", x=rows, W=network["W"], b=network["b_h"], activation=activation).h
        flat = h.map(lambda a: a.reshape(2 * T, 4))
        (exactly if activation in EXACT else same)(flat, dense, "each step is a layer on its own input")


@law("P52", on=["recurrent.hidden_as_memory", "recurrent.elman"])
def every_input_is_remembered(nn: Any, draw: Draw) -> None:
    network = _network(draw, draw.size(1, 5), integers=False)
    given = {n: network[m] for n, m in (("x", "x"), ("h0", "h0"), ("W", "W"), ("U", "U"), ("b", "b_h"))}
    J = nn("recurrent.hidden_as_memory", **given, activation="tanh").influence
    assert (np.abs(J.value) > J.radius).any(axis=(2, 3)).all(), "∂h_T/∂x_s is not 0, for every s"
    for i in range(4):
        seed = np.zeros((2, 4))
        seed[:, i] = 1.0
        x_bar = nn.gradient("recurrent.elman", {"h_T": seed}, **network, activation="tanh").x
        same(J[:, :, i], x_bar, "∂h_T/∂x is the gradient of h_T")


@law("P52", on=["recurrent.hidden_as_memory", "recurrent.elman"])
def memory_has_no_fixed_bound(nn: Any, draw: Draw) -> None:
    T = draw.choice([1, 7, 60])
    order = draw.rng.permutation(3)
    U, W, x, h0 = np.eye(3)[order], np.eye(3), draw.integers(1, T, 3), draw.integers(1, 3)
    J = nn("recurrent.hidden_as_memory", x=x, h0=h0, W=W, U=U, activation="identity").influence
    for s in range(T):
        exactly(J[0, s], np.linalg.matrix_power(U, T - 1 - s), "∂h_T/∂x_s = U^{T−s} W")
    moved = x.copy()
    moved[:, 0] += 1.0
    V = np.ones((1, 3))
    h, after = (nn("recurrent.elman", x=v, h0=h0, W=W, U=U, V=V, activation="identity").h_T for v in (x, moved))
    exactly(after, h.value + 1.0, "x_1 reaches h_T, however long ago")


@law("P53", on=["layer.dense"])
def a_window_forgets_what_is_older(nn: Any, draw: Draw) -> None:
    K, T, D, H = draw.size(1, 3), 9, 2, 4
    W, b = draw.reals(H, K * D), draw.reals(H)
    x = draw.reals(T, D)
    s = draw.size(0, T - 1)
    moved = x.copy()
    moved[s] += 1.0

    def outputs(x: Any) -> Measured:
        """A feedforward network on the last K inputs of every step."""
        padded = np.concatenate([np.zeros((K - 1, D)), x])
        windows = np.stack([padded[t : t + K].reshape(K * D) for t in range(T)])
        found: Measured = nn("layer.dense", x=windows, W=W, b=b, activation="tanh").h
        return found

    before, after = outputs(x), outputs(moved)
    reached = set(range(s, min(s + K, T)))
    for t in range(T):
        if t not in reached:
            exactly(after[t], before[t], f"step {t} does not see input {s}")
        else:
            assert (after.value[t] != before.value[t]).any(), f"step {t} sees input {s}"


@law("P54", on=["recurrent.parity_rnn"])
def parity_is_the_running_xor(nn: Any, draw: Draw) -> None:
    T, B = draw.choice([0, 1, 2, 5, 64, 150]), 4
    x, y0 = draw.index(B, T, below=2).astype(float), draw.index(B, below=2).astype(float)
    found = nn("recurrent.parity_rnn", x=x, y0=y0)
    running = (np.cumsum(x, axis=1) + y0[:, None]) % 2
    exactly(found.y, running, "y^(t) = x^(1) ⊕ … ⊕ x^(t)")
    exactly(found.parity, running[:, -1] if T else y0, "the last bit")
    before = np.concatenate([y0[:, None], running], axis=1)[:, :T]
    exactly(found.h1, x * before, "h_1 is AND")
    exactly(found.h2, np.maximum(x, before), "h_2 is OR")
    lengths = draw.index(B, below=T + 1)
    ragged = nn("recurrent.parity_rnn", x=x, y0=y0, lengths=lengths)
    ends = [before_or_last[n] for before_or_last, n in zip(np.c_[y0, running], lengths, strict=True)]
    exactly(ragged.parity, np.array(ends), "the bit at the length")


@law("P131", on=["recurrent.parity_rnn"])
def no_window_counts_parity(nn: Any, draw: Draw) -> None:
    K = draw.size(1, 20)
    T = K + draw.size(1, 20)
    one = draw.index(1, T, below=2).astype(float)
    other, flipped = one.copy(), draw.size(0, T - K - 1)
    other[0, flipped] = 1.0 - one[0, flipped]
    # the last K bits agree, so that no model of them alone can tell the two apart
    parities = nn("recurrent.parity_rnn", x=np.concatenate([one, other]), y0=np.zeros(2)).parity
    exactly(parities[0], 1.0 - parities.value[1], "the recurrent network can")


@law("P123", on=["recurrent.hidden_as_memory"])
def a_contraction_forgets(nn: Any, draw: Draw) -> None:
    activation, T = draw.choice(["tanh", "sigmoid"]), 30
    phi_prime = 1.0 if activation == "tanh" else 0.25  # the largest slope
    network = _network(draw, T, B=1, integers=False)
    given = {n: network[m] for n, m in (("x", "x"), ("h0", "h0"), ("W", "W"), ("U", "U"), ("b", "b_h"))}
    J = nn("recurrent.hidden_as_memory", **given, activation=activation).influence
    rows = Measured(np.abs(J.value[0]), J.radius[0]).sum(axis=2)  # (T, H): the norms that belong to max |x|
    norms = {n: float(np.abs(network[n]).sum(1).max()) * (1.0 + 1e-12) for n in "UW"}  # rounded up
    for s in range(T):
        bound = phi_prime ** (T - s) * norms["U"] ** (T - 1 - s) * norms["W"]
        at_most(rows[s], bound, "‖∂h_T/∂x_s‖ ≤ max|φ'|^{T−s+1} ‖U‖^{T−s} ‖W‖")
    assert np.abs(J.value[0, 0]).max() < 1e-6, "x_1 is forgotten"
