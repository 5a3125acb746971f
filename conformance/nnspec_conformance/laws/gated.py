"""Properties of gated cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same, within

_SURE = 1000.0  # a bias at which a gate is exactly 1; its negative makes it 0
_PEEPHOLE, _STACKED, _GRU = "gated.lstm_peephole", "gated.lstm", "gated.gru"


def _as_exact(a: Measured, b: Measured, why: str) -> None:
    """Two ways to the same numbers: what the equation as a whole may err by, either of them may."""
    radius = np.maximum(a.radius, b.radius)
    same(Measured(a.value, radius), Measured(b.value, radius), why)


def _lstm(draw: Draw, T: int | None = None, **gates: float) -> dict[str, Any]:
    """Random arguments of `lstm_peephole`; a gate named in `gates` has that bias for all units."""
    B, D, H = draw.size(1, 3), draw.size(1, 3), draw.size(1, 3)
    given: dict[str, Any] = {"x": draw.reals(B, draw.size(1, 4) if T is None else T, D)}
    given |= {"h0": draw.reals(B, H), "C0": draw.reals(B, H, scale=2.0), "V_o": draw.reals(H, H)}
    for k in "icfo":
        given |= {f"W_{k}": draw.reals(H, D), f"U_{k}": draw.reals(H, H), f"b_{k}": draw.reals(H)}
    return {**given, **{f"b_{k}": np.full(H, bias) for k, bias in gates.items()}}


def _gru(draw: Draw, T: int | None = None, **gates: float) -> dict[str, Any]:
    B, D, H = draw.size(1, 3), draw.size(1, 3), draw.size(1, 3)
    given: dict[str, Any] = {"x": draw.reals(B, draw.size(1, 4) if T is None else T, D)}
    given |= {"h0": draw.reals(B, H), "c_H": draw.reals(H)}
    for k in "zrH":
        given |= {f"W_{k}": draw.reals(H, D), f"U_{k}": draw.reals(H, H), f"b_{k}": draw.reals(H)}
    return {**given, **{f"b_{k}": np.full(H, bias) for k, bias in gates.items()}}


def _options(draw: Draw) -> dict[str, Any]:
    return {"update": draw.choice(["candidate", "previous"]), "reset": draw.choice(["before", "after"])}


def _sign(update: str) -> float:
    """The sign of b_z that makes the unit take its candidate."""
    return 1.0 if update == "candidate" else -1.0


# ------------------------------------------------------------------------------------------------------- LSTM
@law("P60", on=[_PEEPHOLE])
def cell_gradient_passes(nn: Any, draw: Draw) -> None:
    """f = 1 and o = 0 pass C̄ on unmodified, whatever i and the peephole are."""
    given = _lstm(draw, f=_SURE, o=-_SURE)
    if draw.choice([True, False]):
        given["V_o"] = given["V_o"] * 0.0
    if draw.choice([True, False]):
        given["b_i"] = np.full_like(given["b_i"], -_SURE)
    h_bar, C_bar = draw.reals(*given["x"].shape[:2], given["h0"].shape[1]), draw.reals(*given["C0"].shape)
    found = nn.gradient(_PEEPHOLE, {"h": h_bar, "C_T": C_bar}, **given)
    exactly(found.C0, C_bar, "C̄_0 = C̄_T")
    given["b_f"] = given["b_f"] * 0.0 - _SURE
    exactly(nn.gradient(_PEEPHOLE, {"C_T": C_bar}, **given).C0, 0.0 * C_bar, "f = 0 stops it")


@law("P60", on=[_STACKED])
def stacked_cell_gradient_passes(nn: Any, draw: Draw) -> None:
    given = _stacked(_lstm(draw, f=_SURE, o=-_SURE))
    c_bar = draw.reals(*given["c0"].shape)
    exactly(nn.gradient(_STACKED, {"c_T": c_bar}, **given).c0, c_bar, "c̄_0 = c̄_T")


@law("P61", on=["gated.lstm_scalar_cell"])
def corners_of_one_cell(nn: Any, draw: Draw) -> None:
    c, g = draw.reals(5), draw.reals(5)
    for i, f, expected in ((0, 1, c), (0, 0, 0.0 * c), (1, 0, g)):
        gates = {"input_gate": np.full(5, i), "forget": np.full(5, f)}
        exactly(nn("gated.lstm_scalar_cell", c=c, new_input=g, **gates).c_next, expected, f"i={i}, f={f}")
    both = nn("gated.lstm_scalar_cell", c=c, new_input=g, input_gate=np.ones(5), forget=np.ones(5)).c_next
    same(both, Measured(c, 0 * c) + g, "i = 1, f = 1 adds")


@law("P61", "P62", on=[_PEEPHOLE])
def corners_of_the_lstm(nn: Any, draw: Draw) -> None:
    given = _lstm(draw, T=1)
    units = given["b_i"].shape

    def cell(i: int, f: int) -> Measured:
        gates = {"b_i": np.full(units, (2 * i - 1) * _SURE), "b_f": np.full(units, (2 * f - 1) * _SURE)}
        found: Measured = nn(_PEEPHOLE, **{**given, **gates}).C_T
        return found

    exactly(cell(0, 1), given["C0"], "f = 1, i = 0 keeps")
    exactly(cell(0, 0), 0.0 * given["C0"], "f = 0, i = 0 erases")
    overwritten = cell(1, 0)
    within(overwritten, -1.0, 1.0, "the candidate")
    same(cell(1, 1), overwritten + given["C0"], "f = 1, i = 1 adds")
    other = {**given, "C0": draw.reals(*given["C0"].shape, scale=5.0)}
    again = {"b_i": np.full(units, _SURE), "b_f": np.full(units, -_SURE)}
    exactly(nn(_PEEPHOLE, **{**other, **again}).C_T, overwritten, "f = 0 erases C_{t−1}")


@law("P62", on=[_PEEPHOLE, "gated.gate", "gated.cell_reset"])
def memory_decays_geometrically(nn: Any, draw: Draw) -> None:
    given = _lstm(draw, i=-_SURE)
    T, units, examples = given["x"].shape[1], len(given["b_i"]), len(given["C0"])
    given |= {"W_f": given["W_f"] * 0.0, "U_f": given["U_f"] * 0.0}
    zero = np.zeros((units, 1))
    f = nn(
        "gated.gate",
        x=np.zeros((1, 1)),
        h_prev=np.zeros((1, 1)),
        v=np.ones((1, units)),
        W=zero,
        U=zero,
        b=given["b_f"],
    ).mask[0]
    expected = Measured(given["C0"], 0.0 * given["C0"])
    for _ in range(T):
        expected = expected * f
    same(nn(_PEEPHOLE, **given).C_T, expected, "C_T = f^T C_0")
    faded = nn(
        "gated.cell_reset",
        c0=given["C0"],
        f=np.broadcast_to(f.value, (examples, T, units)),
        boundary=np.zeros((examples, T)),
    ).c_T
    power = Measured(given["C0"], 0.0 * given["C0"])
    for _ in range(T):
        power = power * f.value
    same(faded, power, "a soft reset is a geometric fade")


@law("P62", on=["gated.cell_reset"])
def reset_forgets_everything_before(nn: Any, draw: Draw) -> None:
    B, T, H = draw.size(), draw.size(2, 5), draw.size()
    f, boundary, c0 = draw.rng.random((B, T, H)), np.zeros((B, T)), draw.reals(B, H)
    at = draw.size(1, T) - 1
    boundary[:, at] = 1.0
    found = nn("gated.cell_reset", c0=c0, f=f, boundary=boundary)
    exactly(found.c[:, at:], np.zeros((B, T - at, H)), "0 from the boundary on")
    assert at == 0 or (found.c.value[:, :at] != 0.0).any(), "and not before it"
    back = nn.gradient("gated.cell_reset", {"c_T": draw.reals(B, H)}, c0=c0, f=f, boundary=boundary)
    exactly(back.c0, 0.0 * c0, "nothing passes back through it")


@law("P63", on=[_PEEPHOLE])
def lstm_is_bounded(nn: Any, draw: Draw) -> None:
    given = _lstm(draw)
    scale = draw.choice([1.0, 10.0, 300.0])
    given |= {"x": given["x"] * scale}
    found = nn(_PEEPHOLE, **given)
    within(found.h, -1.0, 1.0, "h")
    T = given["x"].shape[1]
    for t in range(T + 1):
        C = nn(_PEEPHOLE, **{**given, "x": given["x"][:, :t]}).C_T
        at_most(Measured(np.abs(C.value), C.radius), np.abs(given["C0"]) + t, "|C_t| ≤ |C_0| + t")


def _stacked(given: dict[str, Any]) -> dict[str, Any]:
    """The same cell as arguments of `lstm`: rows i, f, o, g, columns x, h."""
    W = np.concatenate([np.concatenate([given[f"W_{k}"], given[f"U_{k}"]], axis=1) for k in "ifoc"])
    b = np.concatenate([given[f"b_{k}"] for k in "ifoc"])
    return {"x": given["x"], "h0": given["h0"], "c0": given["C0"], "W": W, "b": b}


@law("P64", on=[_PEEPHOLE, _STACKED])
def without_peephole_it_is_the_stacked_lstm(nn: Any, draw: Draw) -> None:
    given = _lstm(draw, T=draw.size(1, 3))
    given["V_o"] = given["V_o"] * 0.0
    one, other = nn(_PEEPHOLE, **given), nn(_STACKED, **_stacked(given))
    for mine, theirs in (("h", "h"), ("h_T", "h_T"), ("C_T", "c_T")):
        _as_exact(getattr(one, mine), getattr(other, theirs), mine)
    bars = {"h": draw.reals(*one.h.value.shape), "h_T": draw.reals(*one.h_T.value.shape)}
    C_bar = draw.reals(*one.C_T.value.shape)
    left = nn.gradient(_PEEPHOLE, {**bars, "C_T": C_bar}, **given)
    right = nn.gradient(_STACKED, {**bars, "c_T": C_bar}, **_stacked(given))
    H, D = given["W_i"].shape
    for n, k in enumerate("ifoc"):
        rows = right.W[n * H : (n + 1) * H]
        _as_exact(getattr(left, f"W_{k}"), rows[:, :D], f"W_{k}")
        _as_exact(getattr(left, f"U_{k}"), rows[:, D:], f"U_{k}")
        _as_exact(getattr(left, f"b_{k}"), right.b[n * H : (n + 1) * H], f"b_{k}")
    for mine, theirs in (("x", "x"), ("h0", "h0"), ("C0", "c0")):
        _as_exact(getattr(left, mine), getattr(right, theirs), f"gradient of {mine}")


@law("P69", on=[_PEEPHOLE, "sequence.stacked_rnn", "activation.tanh"])
def trivial_gates_make_an_elman_unit(nn: Any, draw: Draw) -> None:
    """f = 0, i = 1, o = 1: the cell is a plain unit's activation, and the output its tanh: tanh twice."""
    given = _lstm(draw, T=1, i=_SURE, f=-_SURE, o=_SURE)
    found = nn(_PEEPHOLE, **given)
    plain = nn(
        "sequence.stacked_rnn",
        x=given["x"],
        W=[given["W_c"]],
        U=[given["U_c"]],
        h0=[given["h0"]],
        b=[given["b_c"]],
    ).h[:, 0]
    _as_exact(found.C_T, plain, "C = tanh(W x + U h + b)")
    twice = nn("activation.tanh", x=found.C_T.value).y
    _as_exact(found.h_T, twice + Measured(0.0 * found.C_T.value, found.C_T.radius), "h = tanh(C)")


@law("P64", on=["gated.lstm_jm_names", _PEEPHOLE])
def renamed_step_is_the_same_step(nn: Any, draw: Draw) -> None:
    given = _lstm(draw, T=1, i=0.0, c=0.0, f=0.0, o=0.0)
    given["V_o"] = given["V_o"] * 0.0
    jm = {f"{m}_{name}": given[f"{m}_{k}"] for m in "UW" for name, k in zip("fgio", "fcio", strict=True)}
    one = nn("gated.lstm_jm_names", x=given["x"][:, 0], h_prev=given["h0"], c_prev=given["C0"], **jm)
    other = nn(_PEEPHOLE, **given)
    _as_exact(one.c, other.C_T, "c")
    _as_exact(one.h, other.h_T, "h")
    _as_exact(one.c, one.j + one.k, "c = j + k")


# -------------------------------------------------------------------------------------------------------- GRU
@law("P65", on=[_GRU])
def a_shut_reset_gate(nn: Any, draw: Draw) -> None:
    """r = 0: the candidate does not see h_{t−1}; the new state does, unless z takes the candidate alone."""
    options = _options(draw)
    given = _gru(draw, T=1, r=-_SURE)
    other = {**given, "h0": draw.reals(*given["h0"].shape)}
    take = {"b_z": np.full_like(given["b_z"], _SURE * _sign(options["update"]))}
    exactly(
        nn(_GRU, **{**given, **take}, **options).h_T,
        nn(_GRU, **{**other, **take}, **options).h_T,
        "r = 0 and z = 1: memoryless",
    )
    half = {"W_z": given["W_z"] * 0.0, "U_z": given["U_z"] * 0.0, "b_z": given["b_z"] * 0.0}
    one, two = (nn(_GRU, **{**g, **half}, **options).h_T for g in (given, other))
    moved = 0.5 * (given["h0"] - other["h0"])
    same(one - two, Measured(moved, np.abs(moved) * 2.0**-52), "z = ½: half of the old state remains")


@law("P66", "P67", on=[_GRU])
def state_is_between_old_and_candidate(nn: Any, draw: Draw) -> None:
    options = _options(draw)
    given = _gru(draw, T=1)
    units = given["b_z"].shape
    taken = nn(_GRU, **{**given, "b_z": np.full(units, _SURE * _sign(options["update"]))}, **options).h_T
    kept = nn(_GRU, **{**given, "b_z": np.full(units, -_SURE * _sign(options["update"]))}, **options).h_T
    same(kept, given["h0"], "the old state is copied")  # n + z (h − n) with z = 1 may round
    within(taken, -1.0, 1.0, "the candidate")
    h = nn(_GRU, **given, **options).h_T
    low, high = np.minimum(taken.value, given["h0"]), np.maximum(taken.value, given["h0"])
    at_most(Measured(low, taken.radius), h, "min(h, H) ≤ h'")
    at_most(h, Measured(high, taken.radius), "h' ≤ max(h, H)")


@law("P67", on=[_GRU, "sequence.stacked_rnn"])
def sure_gates_make_an_elman_unit(nn: Any, draw: Draw) -> None:
    """z = 1 takes H_t; with r = 1 as well the GRU is the plain RNN of its candidate."""
    options = _options(draw)
    given = _gru(draw, r=_SURE, z=_SURE * _sign(options["update"]))
    given["c_H"] = given["c_H"] * 0.0
    plain = {
        "x": given["x"],
        "W": [given["W_H"]],
        "U": [given["U_H"]],
        "h0": [given["h0"]],
        "b": [given["b_H"]],
    }
    _as_exact(nn(_GRU, **given, **options).h, nn("sequence.stacked_rnn", **plain).h, "h = tanh(W x + U h + b)")


@law("P68", on=[_GRU])
def polarities_mirror_each_other(nn: Any, draw: Draw) -> None:
    given, reset = _gru(draw, T=draw.size(1, 3)), draw.choice(["before", "after"])
    mirrored = {**given, **{n: -given[n] for n in ("W_z", "U_z", "b_z")}}
    one = nn(_GRU, **given, update="candidate", reset=reset)
    other = nn(_GRU, **mirrored, update="previous", reset=reset)
    _as_exact(one.h, other.h, "h")
    _as_exact(one.h_T, other.h_T, "h_T")
    bars = {"h": draw.reals(*one.h.value.shape), "h_T": draw.reals(*one.h_T.value.shape)}
    left = nn.gradient(_GRU, bars, **given, update="candidate", reset=reset)
    right = nn.gradient(_GRU, bars, **mirrored, update="previous", reset=reset)
    for name in given:
        g = getattr(right, name)
        _as_exact(getattr(left, name), -g if name in ("W_z", "U_z", "b_z") else g, f"gradient of {name}")


@law("P121", on=[_GRU, "gated.gate", "gated.lstm_scalar_cell"])
def gru_is_an_lstm_cell_laid_open(nn: Any, draw: Draw) -> None:
    """An LSTM's cell with i = z and f = 1 − z, shown without gate or tanh, is the GRU's state."""
    given = _gru(draw, T=1)
    H = nn(_GRU, **{**given, "b_z": np.full_like(given["b_z"], _SURE)}).h_T
    z = nn(
        "gated.gate",
        x=given["x"][:, 0],
        h_prev=given["h0"],
        v=H.value,
        W=given["W_z"],
        U=given["U_z"],
        b=given["b_z"],
    ).mask
    flat = [a.reshape(-1) for a in (given["h0"], 1.0 - z.value, H.value, z.value)]
    cell = nn("gated.lstm_scalar_cell", **dict(zip(("c", "forget", "new_input", "input_gate"), flat, strict=True)))
    merged = cell.c_next.map(lambda a: a.reshape(z.value.shape))
    inexact = (1.0 - z) * given["h0"] + z * H  # z and H were rounded before the cell saw them
    expected = Measured(merged.value, merged.radius + inexact.radius)
    same(nn(_GRU, **given).h_T, expected, "h = (1 − z) h + z H")


# -------------------------------------------------------------------------------------------------- one gate
@law("P120", on=["gated.gate"])
def a_gate_is_a_soft_binary_mask(nn: Any, draw: Draw) -> None:
    B, D, H, M = (draw.size() for _ in range(4))
    given = {"x": draw.reals(B, D), "h_prev": draw.reals(B, H), "W": draw.reals(M, D), "U": draw.reals(M, H)}
    v, b = draw.reals(B, M, scale=5.0), draw.reals(M)
    exactly(nn("gated.gate", **given, v=v, b=b * 0.0 + _SURE).gated, v, "1 passes")
    exactly(nn("gated.gate", **given, v=v, b=b * 0.0 - _SURE).gated, 0.0 * v, "0 blocks")
    found = nn("gated.gate", **given, v=v, b=b)
    within(found.mask, 0.0, 1.0, "the mask")
    at_most(Measured(np.abs(found.gated.value), found.gated.radius), np.abs(v), "nothing is strengthened")
    more = nn("gated.gate", **given, v=v, b=b + draw.positive(M)).mask
    at_most(found.mask, more, "a larger bias opens it")
    near = nn("gated.gate", **given, v=v, b=b * 0.0 + 30.0)
    at_most(np.abs(near.gated.value - v), np.abs(v) * 2.0**-30, "near 1: nearly unchanged")
