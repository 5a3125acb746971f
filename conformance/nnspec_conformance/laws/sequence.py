"""Properties of sequence architectures."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same

_BIRNN, _MODEL, _SAMPLER = "sequence.birnn", "sequence.rnn_language_model", "sequence.autoregressive_sampling"


def _as_exact(a: Measured, b: Measured, why: str) -> None:
    """Two ways to the same numbers: what the equation as a whole may err by, either of them may."""
    radius = np.maximum(a.radius, b.radius)
    same(Measured(a.value, radius), Measured(b.value, radius), why)


# -------------------------------------------------------------------------------------------------- stacked
@law("P114", on=["sequence.stacked_rnn"])
def an_identity_layer_changes_nothing(nn: Any, draw: Draw) -> None:
    B, T, D, H = draw.size(1, 3), draw.size(1, 4), draw.size(), draw.size()
    activation = draw.choice(["relu", "identity"])
    given = {"x": draw.reals(B, T, D), "activation": activation}
    lower = {"W": [draw.reals(H, D)], "U": [draw.reals(H, H)], "h0": [draw.reals(B, H)], "b": [draw.reals(H)]}
    upper = {"W": [np.eye(H)], "U": [np.zeros((H, H))], "h0": [draw.reals(B, H)], "b": [np.zeros(H)]}
    both = {name: lower[name] + upper[name] for name in lower}
    one, two = nn("sequence.stacked_rnn", **given, **lower), nn("sequence.stacked_rnn", **given, **both)
    _as_exact(one.h, two.h, "an identity layer on top")
    h_bar = draw.reals(B, T, H)
    if activation == "identity":  # a ReLU's derivative is another question
        left = nn.gradient("sequence.stacked_rnn", {"h": h_bar}, **given, **lower)
        right = nn.gradient("sequence.stacked_rnn", {"h": h_bar}, **given, **both)
        _as_exact(left.x, right.x, "gradient of x")
        _as_exact(left.U[0], right.U[0], "gradient of U")


@law("P114", on=["sequence.stacked_rnn"])
def layers_compose(nn: Any, draw: Draw) -> None:
    """What the second layer makes of the first one's outputs, it makes of them when it stands alone."""
    B, T, n = draw.size(1, 3), draw.size(1, 3), [draw.size(1, 3) for _ in range(3)]
    given = {
        "W": [draw.reals(n[k + 1], n[k]) for k in range(2)],
        "U": [draw.reals(n[k + 1], n[k + 1]) for k in range(2)],
        "h0": [draw.reals(B, n[k + 1]) for k in range(2)],
        "b": [draw.reals(n[k + 1]) for k in range(2)],
    }
    x = draw.reals(B, T, n[0])
    whole = nn("sequence.stacked_rnn", x=x, **given).h
    below = nn("sequence.stacked_rnn", x=x, **{name: v[:1] for name, v in given.items()}).h
    above = nn("sequence.stacked_rnn", x=below.value, **{name: v[1:] for name, v in given.items()}).h
    same(Measured(above.value, above.radius + whole.radius), whole, "layer by layer")
    exactly(nn("sequence.stacked_rnn", x=x, W=[], U=[], h0=[]).h, x, "without a layer")


# -------------------------------------------------------------------------------------------- bidirectional
def _birnn(draw: Draw, B: int, T: int) -> dict[str, Any]:
    D, H, K = draw.size(1, 3), draw.size(1, 3), draw.size(1, 3)
    return {
        "x": draw.reals(B, T, D),
        "h0_f": draw.reals(B, H),
        "h0_b": draw.reals(B, K),
        "W_f": draw.reals(H, D),
        "U_f": draw.reals(H, H),
        "W_b": draw.reals(K, D),
        "U_b": draw.reals(K, K),
        "b_f": draw.reals(H),
        "b_b": draw.reals(K),
    }


def _reversed(a: Any, lengths: Any) -> Any:
    """Every row reversed within its length."""
    a = np.array(a)
    for row, n in enumerate(lengths):
        a[row, :n] = a[row, :n][::-1]
    return a


@law("P112", on=[_BIRNN])
def reversal_exchanges_the_directions(nn: Any, draw: Draw) -> None:
    """Reverse the sequence and exchange the networks: the same states, halves exchanged, time reversed."""
    B, T = draw.size(1, 4), draw.size(1, 4)
    given, lengths = _birnn(draw, B, T), draw.rng.integers(0, T + 1, B)
    H = given["h0_f"].shape[1]
    swapped = {name: given[name[:-1] + ("b" if name[-1] == "f" else "f")] for name in given if name != "x"}
    one = nn(_BIRNN, **given, lengths=lengths)
    two = nn(_BIRNN, x=_reversed(given["x"], lengths), **swapped, lengths=lengths)
    halves = two.h.map(lambda a: np.concatenate([a[..., -H:], a[..., :-H]], axis=-1))
    _as_exact(one.h, halves.map(lambda a: _reversed(a, lengths)), "h")
    _as_exact(one.h_n, two.h_1, "the final forward state is the final backward state")
    _as_exact(one.h_1, two.h_n, "and the other way round")


@law("P113", on=[_BIRNN])
def each_half_sees_its_own_side(nn: Any, draw: Draw) -> None:
    B, T = draw.size(1, 3), draw.size(2, 4)
    given = _birnn(draw, B, T)
    H, t = given["h0_f"].shape[1], draw.size(1, T) - 1
    h = nn(_BIRNN, **given).h
    later, earlier = np.array(given["x"]), np.array(given["x"])
    later[:, t + 1 :] += draw.positive(*later[:, t + 1 :].shape)
    earlier[:, :t] += draw.positive(*earlier[:, :t].shape)
    _as_exact(nn(_BIRNN, **{**given, "x": later}).h[:, t, :H], h[:, t, :H], "forward: x_{>t} unseen")
    _as_exact(nn(_BIRNN, **{**given, "x": earlier}).h[:, t, H:], h[:, t, H:], "backward: x_{<t} unseen")
    bar = np.zeros(h.value.shape)
    bar[:, t, :H] = draw.reals(B, H)
    x_bar = nn.gradient(_BIRNN, {"h": bar}, **given).x
    exactly(x_bar[:, t + 1 :], 0.0 * later[:, t + 1 :], "no gradient of x_{>t} from the forward half")
    bar = np.zeros(h.value.shape)
    bar[:, t, H:] = draw.reals(B, h.value.shape[-1] - H)
    x_bar = nn.gradient(_BIRNN, {"h": bar}, **given).x
    exactly(x_bar[:, :t], 0.0 * earlier[:, :t], "no gradient of x_{<t} from the backward half")


# ----------------------------------------------------------------------------------- classifying and tagging
def _elman(draw: Draw, B: int, T: int) -> dict[str, Any]:
    D, H = draw.size(1, 3), draw.size(1, 3)
    return {
        "x": draw.reals(B, T, D),
        "h0": draw.reals(B, H),
        "W": draw.reals(H, D),
        "U": draw.reals(H, H),
        "b": draw.reals(H),
    }


@law("P115", on=["sequence.rnn_tagger"])
def one_tag_a_word(nn: Any, draw: Draw) -> None:
    B, T, C = draw.size(1, 3), draw.size(1, 5) - 1, draw.size()
    given = _elman(draw, B, T)
    H = given["h0"].shape[1]
    V, b_y = draw.reals(C, H), draw.reals(C)
    found = nn("sequence.rnn_tagger", **given, V=V, b_y=b_y)
    assert found.tag.value.shape == (B, T), "as many tags as words"
    tags = found.tag.value.astype(np.int64)
    best = found.p.map(lambda a: np.take_along_axis(a, tags[..., None], axis=-1))
    at_most(found.p, best, "the tag is the mode")
    same(found.p.sum(axis=-1), np.ones((B, T)), "a distribution")
    tied = nn("sequence.rnn_tagger", **given, V=0.0 * V, b_y=0.0 * b_y).tag
    exactly(tied, np.zeros((B, T)), "a tie goes to the lowest index")


@law("P116", on=["sequence.rnn_classifier"])
def the_last_state_teaches_every_word(nn: Any, draw: Draw) -> None:
    B, T, M, C = draw.size(1, 3), draw.size(1, 4), draw.size(2, 4), draw.size(2, 4)
    given = _elman(draw, B, T)
    H = given["h0"].shape[1]
    weights = {"W_1": draw.reals(M, H), "b_1": draw.reals(M), "W_2": draw.reals(C, M), "b_2": draw.reals(C)}
    lengths = draw.rng.integers(1, T + 1, B)
    y_bar = draw.reals(B, C)
    found = nn.gradient("sequence.rnn_classifier", {"y": y_bar}, **given, **weights, lengths=lengths)
    for row, n in enumerate(lengths):
        x_bar = found.x[row]
        reached = (np.abs(x_bar.value[:n]) > x_bar.radius[:n]).any(axis=-1)
        assert reached.all(), f"no error reaches word {int(np.argmin(reached)) + 1} of {n}"
        exactly(x_bar[n:], 0.0 * x_bar.value[n:], "the padding takes no part")
    same(found.b_2.sum(), 0.0, "a softmax's scores are shifted for nothing")


# ---------------------------------------------------------------------------------------- language modelling
def _model(draw: Draw, N: int) -> dict[str, Any]:
    H = draw.size(1, 3)
    return {
        "h0": draw.reals(1, H),
        "W": draw.reals(H, N + 1),
        "U": draw.reals(H, H),
        "b": draw.reals(H),
        "V": draw.reals(N, H, scale=2.0),
        "b_y": draw.reals(N),
    }


@law("P109", on=["sequence.teacher_forcing"])
def inputs_are_the_tokens_one_step_late(nn: Any, draw: Draw) -> None:
    B, T = draw.size(), draw.size(1, 6) - 1
    w, start, lengths = draw.index(B, T, below=9), draw.index(below=99), draw.rng.integers(0, T + 1, B)
    late = np.concatenate([np.full((B, 1), start), w], axis=1)[:, :T]
    exactly(nn("sequence.teacher_forcing", w=w, start=start).inputs, late)
    expected = np.where(np.arange(T) < lengths[:, None], late, 0)
    exactly(nn("sequence.teacher_forcing", w=w, start=start, lengths=lengths).inputs, expected)


@law("P109", on=[_MODEL])
def teacher_forcing_scores_the_sequence(nn: Any, draw: Draw) -> None:
    """log p(w_t | w_{<t}) is what the model says after reading w_{<t}, all of it and nothing else."""
    N, T = draw.size(2, 4), draw.size(1, 4)
    model, w = _model(draw, N), draw.index(1, T, below=N)
    whole = nn(_MODEL, w=w, **model)
    same(whole.p.sum(axis=-1), np.ones((1, T)), "distributions")
    for t in range(T):
        for word in range(N):
            other = np.array(w[:, : t + 1])
            other[:, t] = word
            found = nn(_MODEL, w=other, **model)
            _as_exact(found.p[:, t], whole.p[:, t], "what is to be predicted is not read")
            radius = found.log_p.radius[0, t] + whole.p.radius[0, t, word] / whole.p.value[0, t, word]
            radius += 2.0**-52 * (1.0 + abs(found.log_p.value[0, t]))  # of NumPy's log
            expected = np.log(whole.p.value[0, t, word])
            same(Measured(found.log_p.value[0, t], radius), np.asarray(expected), "log p_t[w_t]")
    if T > 1:
        other = np.array(w)
        other[:, 0] = (other[:, 0] + 1) % N
        p = nn(_MODEL, w=other, **model).p
        moved = np.abs(p.value - whole.p.value) > p.radius + whole.p.radius
        assert moved[:, 1:].any(axis=-1).all(), "what was read counts, however the model would have gone on"


@law("P109", on=[_MODEL])
def all_sequences_share_one(nn: Any, draw: Draw) -> None:
    """The probabilities of all sequences of a length sum to 1: the scores are those of one distribution."""
    N, T = draw.size(2, 3), draw.size(1, 3)
    model = _model(draw, N)
    w = np.stack(np.meshgrid(*[np.arange(N)] * T, indexing="ij"), axis=-1).reshape(-1, T)
    log_p = nn(_MODEL, w=w, **{**model, "h0": np.repeat(model["h0"], len(w), axis=0)}).log_p
    scores = log_p.sum(axis=1)
    p = np.exp(scores.value)
    off = p * (scores.radius + 2.0**-52 * (1.0 + np.abs(scores.value)))  # of the score, and of NumPy's exp
    same(Measured(p, off).sum(), 1.0, "Σ p(w_1 … w_T)")


@law("P109", on=[_MODEL, _SAMPLER])
def samples_are_distributed_as_the_model_says(nn: Any, draw: Draw) -> None:
    """Evenly spaced draws hit every word in proportion: M p of M draws, give or take one."""
    N, M, T = draw.size(2, 4), 200, draw.size(1, 3)
    model = _model(draw, N)
    model["V"], stop = model["V"] * 0.5, N - 1
    prefix = nn(_SAMPLER, u=draw.rng.random((1, T)) * 0.999, **model, stop=stop).w.value.astype(np.int64)
    if (prefix[0, :-1] == stop).any():
        return
    before = nn(_MODEL, w=prefix, **model).p
    # draws in the middle of an interval reproduce the prefix; those of the last step are spread evenly
    u = np.empty((M, T))
    for t in range(T - 1):
        below = before.value[0, t].cumsum()
        u[:, t] = below[prefix[0, t]] - 0.5 * before.value[0, t, prefix[0, t]]
    u[:, -1] = (np.arange(M) + 0.5) / M
    many = {**model, "h0": np.repeat(model["h0"], M, axis=0)}
    words = nn(_SAMPLER, u=u, **many, stop=stop).w.value.astype(np.int64)
    assert (words[:, :-1] == prefix[:, :-1]).all(), "equal draws, equal words"
    counts = np.bincount(words[:, -1], minlength=N)
    at_most(np.abs(counts - M * before.value[0, -1]), np.ones(N), "frequencies")
    assert (np.diff(words[:, -1]) >= 0).all(), "a larger draw gives no earlier word"


@law("P109", on=[_SAMPLER])
def after_the_stop_token_nothing_comes(nn: Any, draw: Draw) -> None:
    N, T, B = draw.size(2, 4), 6, 8
    model, stop = _model(draw, N), draw.index(below=N)
    words = nn(
        _SAMPLER, u=draw.rng.random((B, T)), **{**model, "h0": np.repeat(model["h0"], B, axis=0)}, stop=stop
    ).w.value
    stopped = np.maximum.accumulate(words == stop, axis=1)
    exactly(np.where(stopped, words, stop), np.full((B, T), stop), "only the stop token after it")


@law("P109", on=["sequence.seq2seq"])
def the_greedy_translation_is_its_own_teacher(nn: Any, draw: Draw) -> None:
    """Scored with teacher forcing, each greedy word is at least as likely as any other in its place."""
    B, S, D, H, N, T = draw.size(1, 3), draw.size(1, 3), 2, draw.size(1, 3), draw.size(2, 4), draw.size(1, 4)
    n, stop = draw.rng.integers(0, S + 1, B), draw.index(below=N)
    given: dict[str, Any] = {
        "x": draw.reals(B, S, D),
        "n": n,
        "h0": draw.reals(B, H),
        "end": draw.reals(D),
        "W_e": draw.reals(H, D),
        "U_e": draw.reals(H, H),
        "b_e": draw.reals(H),
        "W_d": draw.reals(H, N, scale=2.0),
        "U_d": draw.reals(H, H),
        "b_d": draw.reals(H),
        "V": draw.reals(N, H, scale=2.0),
        "b_y": draw.reals(N),
        "stop": stop,
    }
    greedy = nn("sequence.seq2seq", **given, y=np.zeros((B, T), np.int64)).greedy.value.astype(np.int64)
    best = nn("sequence.seq2seq", **given, y=greedy).log_p
    ended = np.cumsum(greedy == stop, axis=1) - (greedy == stop) > 0
    assert (greedy[ended] == stop).all(), "nothing comes after the stop token"
    for t in range(T):
        for word in range(N):
            other = np.array(greedy)
            other[:, t] = word
            rival = nn("sequence.seq2seq", **given, y=other).log_p
            running = ~ended[:, t]
            at_most(rival[running, t], best[running, t], "the greedy word is the likeliest")
            _as_exact(rival[:, :t], best[:, :t], "words to come do not matter")
    turned = nn("sequence.seq2seq", **{**given, "x": _reversed(given["x"], n)}, y=greedy, reverse=True).log_p
    _as_exact(turned, best, "a reversed sentence, reversed")


# ------------------------------------------------------------------------------------- the reversed input
@law("P132", on=["sequence.reverse_input"])
def twice_reversed_is_as_it_was(nn: Any, draw: Draw) -> None:
    x, lengths = draw.reals(5, 4, 3), [3, 4, 2, 0, 1]
    once = nn("sequence.reverse_input", x=x).reversed
    exactly(once, x[:, ::-1], "x_n, …, x_1")
    exactly(nn("sequence.reverse_input", x=once.value).reversed, x, "reversed twice")
    ragged = nn("sequence.reverse_input", x=x, lengths=lengths).reversed
    for row, n in enumerate(lengths):
        exactly(ragged[row, :n], x[row, :n][::-1], "each sequence within its own length")
        exactly(ragged[row, n:], 0.0 * x[row, n:], "nothing beyond it")
    back = nn("sequence.reverse_input", x=ragged.value, lengths=lengths).reversed
    for row, n in enumerate(lengths):
        exactly(back[row, :n], x[row, :n], "reversed twice, ragged")
    seed = draw.reals(5, 4, 3)
    gradient = nn.gradient("sequence.reverse_input", {"reversed": seed}, x=x).x
    exactly(gradient, seed[:, ::-1], "a permutation: the gradient goes back the way it came")


@law("P100", on=["sequence.reverse_input"])
def reversing_keeps_the_mean_lag(nn: Any, draw: Draw) -> None:
    n = draw.size(1, 30)
    lag = nn("sequence.reverse_input", x=draw.reals(2, n, 1)).lag.value
    # word i is fed at time n − i + 1, and its translation comes at time n + i
    assert (lag == [(n + i) - (n - i + 1) for i in range(1, n + 1)]).all(), "lag 2i − 1"
    assert (lag.min(axis=1) == 1).all(), "the first words are neighbours"
    assert (lag.sum(axis=1) == n * n).all(), "the mean lag is n, as without reversing"
