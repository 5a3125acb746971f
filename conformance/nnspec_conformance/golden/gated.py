"""Worked numbers, errata and questions about gated cells."""

from __future__ import annotations

from itertools import product
from typing import Any

from nnspec_conformance.golden import golden
from nnspec_conformance.variants import gated as mistakes
from nnspec_reference import gated
from nnspec_reference.autodiff import grad
from nnspec_reference.catalogue import catalogue
from nnspec_reference.scalars import Matrix, Vector, gate_sigmoid, tanh

_OPEN, _SHUT = 1000.0, -1000.0  # pre-activations at which a gate is exactly 1 and 0


def _constant_gates(i: float, f: float, o: float, candidate: Any = 0.0) -> dict[str, Any]:
    """An LSTM of one unit whose gates and candidate ignore everything but their biases."""
    zero = Matrix((Vector((0.0,)),))
    weights = {f"{matrix}_{k}": zero for matrix in "WU" for k in "icfo"}
    biases = {f"b_{k}": Vector((a,)) for k, a in {"i": i, "c": candidate, "f": f, "o": o}.items()}
    return {**weights, **biases, "V_o": zero}


def _steps(n: int) -> Matrix:
    return Matrix(Vector((1.0,)) for _ in range(n))


# ----------------------------------------------------------------------------------------------------- counts
def _parameters(name: str, axes: int) -> set[str]:
    """The parameters with so many axes that a gated equation takes."""
    record = catalogue()[f"gated.{name}"]
    return {a.name for a in record.arguments if a.role == "parameter" and len(a.shape) == axes}


@golden("W45", "W46", "W47", "W49", "E27", "E28")
def matrices_of_a_cell() -> None:
    """8 matrices in an LSTM (L14), 9 with V_o (DS17, G15), 6 in a GRU (G15), one for DR's four blocks."""
    count = gated.parameter_count
    assert count("lstm", 2, 3).matrices == len(_parameters("lstm_jm_names", 2)) == 8
    assert count("lstm_peephole", 2, 3).matrices == len(_parameters("lstm_peephole", 2)) == 9
    assert count("gru", 2, 3).matrices == len(_parameters("gru", 2)) == 6
    assert count("lstm_stacked", 2, 3).matrices == len(_parameters("lstm", 2)) == 1
    assert count("elman", 2, 3, O=5).matrices == 3
    # L14's 8 are "for each of the 4 gates", of which it names three: forget, add, output. g is the candidate.
    assert {name[-1] for name in _parameters("lstm_jm_names", 2)} == {"f", "i", "o"} | {"g"}
    # G15 lists the biases b_o, b_f, b_c, b_o: three different ones. There are four.
    assert _parameters("lstm_peephole", 1) - {"b_o", "b_f", "b_c"} == {"b_i"}


@golden("W49b", "W49")
def numbers_in_a_cell() -> None:
    """H = 3, D = 2 with biases: LSTM 72, with V_o 81, GRU 54, Elman 18; DR's matrix is 12 × 5."""
    scalars = {
        cell: gated.parameter_count(cell, D=2, H=3).scalars for cell in ("lstm", "lstm_peephole", "gru", "elman")
    }
    assert scalars == {"lstm": 72, "lstm_peephole": 81, "gru": 54, "elman": 18}
    assert gated.parameter_count("lstm_stacked", D=2, H=3) == (1, 72)
    rows, columns = catalogue()["gated.lstm"].argument("W").shape
    assert (rows.value({"D": 2, "H": 3}), columns.value({"D": 2, "H": 3})) == (12, 5)
    assert gated.parameter_count("lstm", D=2, H=3, bias=False).scalars == 12 * 5


# ------------------------------------------------------------------------------------------------------- LSTM
@golden("W58", "E29")
def corners_of_the_cell() -> None:
    """(i, f): (0, 1) remembers, (1, 1) adds, (0, 0) erases, (1, 0) overwrites: one cell, and an LSTM."""
    c, g = 3.0, tanh(0.5)
    expected = {(0, 1): c, (1, 1): c + g, (0, 0): 0.0, (1, 0): g}
    for i, f in product((0, 1), repeat=2):
        assert gated.lstm_scalar_cell(c, f, g, i) == expected[i, f]
        gates = _constant_gates((_SHUT, _OPEN)[i], (_SHUT, _OPEN)[f], _OPEN, candidate=0.5)
        _, _, C_T = gated.lstm_peephole(_steps(1), Vector((0.0,)), Vector((c,)), **gates)
        assert (expected[i, f],) == C_T
    # G15: "the forget gate will be closed and carry information": 0 would carry nothing
    assert gated.lstm_scalar_cell(c, 0, g, 0) == 0 != c


@golden("E01")
def previous_cell_not_previous_candidate() -> None:
    """DS17 prints C_t = i C̃_t + f C̃_{t−1}: with i = 0, f = 1 nothing would be remembered."""
    gates = _constant_gates(_SHUT, _OPEN, _OPEN, candidate=0.5)
    start = (_steps(3), Vector((0.0,)), Vector((3.0,)))
    assert gated.lstm_peephole(*start, **gates)[2] == (3.0,)
    x, h0, C0 = start
    printed = mistakes.printed_candidate(x=x, h0=h0, C0=C0, **gates)[2]
    assert printed == (tanh(0.5),), "the old candidate in place of the memory"


@golden("E26")
def masked_information_is_added() -> None:
    """L14's add gate "adds mask to context vector": that could never lower the context."""
    zero = Matrix((Vector((0.0,)),))
    weights = {f"{matrix}_{k}": zero for matrix in "UW" for k in "fgio"} | {"W_g": Matrix((Vector((-1.0,)),))}
    state = (Vector((1.0,)), Vector((0.0,)), Vector((0.0,)))
    k, g, j, c, _ = gated.lstm_jm_names(*state, **weights)
    assert g == (tanh(-1.0),) and j == (g[0] / 2,) and c == j and c[0] < 0
    x, h_prev, c_prev = state
    assert mistakes.mask_is_added(x, h_prev, c_prev, **weights)[3] == (0.5,), "k + i"
    assert k == (0.0,)


@golden("E30")
def output_gate_only_yields() -> None:
    """G15's two readings of the output gate: it weights what h gets; the memory is modified by none of it."""
    start = (_steps(4), Vector((0.0,)), Vector((0.5,)))
    h_open, _, C_open = gated.lstm_peephole(*start, **_constant_gates(1.0, 1.0, _OPEN, candidate=0.5))
    h_shut, _, C_shut = gated.lstm_peephole(*start, **_constant_gates(1.0, 1.0, _SHUT, candidate=0.5))
    assert C_open == C_shut != (0.5,)
    assert all(h == (0.0,) for h in h_shut) and all(h[0] > 0 for h in h_open)


@golden("E56", "E61")
def dr_cell_is_the_biased_cell_with_bias_zero() -> None:
    """DR's cell, without bias and with its input called y_t: on numbers worked out by hand."""
    W = Matrix(Vector((a, b)) for a, b in ((1.0, 0.5), (0.0, -1.0), (2.0, 0.0), (-1.0, 1.0)))  # i, f, o, g
    h, h_T, c_T = gated.lstm(Matrix((Vector((1.0,)),)), Vector((0.5,)), Vector((2.0,)), W)
    c = gate_sigmoid(-0.5) * 2.0 + gate_sigmoid(1.25) * tanh(-0.5)
    assert c_T == (c,) and h_T == h[0] == (gate_sigmoid(2.0) * tanh(c),)
    assert (h, h_T, c_T) == gated.lstm(Matrix((Vector((1.0,)),)), Vector((0.5,)), Vector((2.0,)), W, Vector((0.0,) * 4))


@golden("X03", "E57")
def cell_gradient_passes_unmodified() -> None:
    """DR's exercise: f_{t+1} = 1, i_{t+1} = 0, o_t = 0 give c̄_t = c̄_{t+1}. i_{t+1} = 0 is not needed."""
    for i in (_SHUT, 0.0, _OPEN):
        gates = _constant_gates(i, _OPEN, _SHUT, candidate=0.5)

        def cell_after(C0: Vector, n: int, gates: dict[str, Any] = gates) -> Any:
            return gated.lstm_peephole(_steps(n), Vector((0.0,)), C0, **gates)[2][0]

        for n in (1, 5, 50):
            assert grad(lambda C0, n=n: cell_after(C0, n), (Vector((0.25,)),)) == ((1.0,),)
    # with f < 1 it fades
    half = _constant_gates(_SHUT, 0.0, _SHUT)
    faded = grad(lambda C0: gated.lstm_peephole(_steps(3), Vector((0.0,)), C0, **half)[2][0], (Vector((0.25,)),))
    assert faded == ((0.125,),)


@golden("E65")
def peephole_is_a_full_matrix_on_the_new_cell() -> None:
    """V_o C_t as printed: off-diagonal weights count, the cell is the new one, and i and f do not see it."""
    zero = Matrix((Vector((0.0, 0.0)),) * 2)
    weights: dict[str, Any] = {f"{m}_{k}": zero for m in "WU" for k in "icfo"}
    weights |= {f"b_{k}": Vector((0.0, 0.0)) for k in "ico"} | {"b_f": Vector((_OPEN, _SHUT))}
    x, h0, C0 = Matrix((Vector((0.0, 0.0)),)), Vector((0.0, 0.0)), Vector((1.0, 1.0))
    V_o = Matrix((Vector((0.0, 3.0)), Vector((2.0, 0.0))))
    h, _, C = gated.lstm_peephole(x, h0, C0, **weights, V_o=V_o)
    assert C == (1.0, 0.0)
    assert h[0][0] == gate_sigmoid(3.0 * C[1]) * tanh(1.0) == tanh(1.0) / 2, "unit 2 was just erased"
    old = mistakes.peephole_on_previous(x=x, h0=h0, C0=C0, **weights, V_o=V_o)[0][0][0]
    assert old == gate_sigmoid(3.0) * tanh(1.0) != h[0][0]
    assert gated.lstm_peephole(x, h0, C0, **weights, V_o=zero)[2] == C, "the cell does not see V_o"


@golden("E73")
def forget_gate_is_an_addition() -> None:
    """Three notes date this cell to 1997. That cell had no forget gate: it could not forget."""
    gates = _constant_gates(_SHUT, _SHUT, _OPEN)
    start: dict[str, Any] = {"x": _steps(2), "h0": Vector((0.0,)), "C0": Vector((3.0,))}
    assert gated.lstm_peephole(**start, **gates)[2] == (0.0,)
    assert mistakes.no_forget_gate(**start, **gates)[2] == (3.0,)


@golden("X23")
def one_network_helps_another() -> None:
    """DS17: what if another network helped the first to learn long-distance relationships?

    A gate is that network: here it keeps the first of twenty inputs, which a plain unit would have lost.
    """
    first = Vector((1.0, 1.0))  # the input, and the sign by which the helper knows that it matters
    later = [Vector(((-1.0) ** t, 0.0)) for t in range(19)]
    rows = [[0.0, 2000.0], [0.0, -2000.0], [0.0, 0.0], [0.5, 0.0]]  # i, f, o, g see input and sign
    W = Matrix(Vector((*row, 0.0)) for row in rows)
    b = Vector((_SHUT, _OPEN, _OPEN, 0.0))
    _, _, c_T = gated.lstm(Matrix((first, *later)), Vector((0.0,)), Vector((0.0,)), W, b)
    assert c_T == (tanh(0.5),)
    changed = gated.lstm(Matrix((first, *later[::-1])), Vector((0.0,)), Vector((7.0,)), W, b)[2]
    assert changed == c_T, "neither what came before it nor what came after it is seen"


# -------------------------------------------------------------------------------------------------------- GRU
def _gru(h: float, z: float, r: float, **options: Any) -> float:
    """One step of a unit: candidate tanh(½ + what U_H = 2 recalls), gates with pre-activations z and r."""
    zero, one = Matrix((Vector((0.0,)),)), Matrix((Vector((1.0,)),))
    new: float = gated.gru(
        Matrix((Vector((0.5,)),)),
        Vector((h,)),
        W_z=zero,
        U_z=zero,
        W_r=zero,
        U_r=zero,
        W_H=one,
        U_H=one * 2,
        b_z=Vector((z,)),
        b_r=Vector((r,)),
        **options,
    )[1][0]
    return new


@golden("E31")
def polarities_and_reset_placements() -> None:
    """G15: z is how much the unit updates, z = 1 takes the candidate. Cho et al. mean the opposite."""
    h, candidate = -0.25, tanh(0.5 + 2 * -0.25)
    assert _gru(h, _OPEN, _OPEN) == candidate == _gru(h, _SHUT, _OPEN, update="previous")
    assert _gru(h, _SHUT, _OPEN) == h == _gru(h, _OPEN, _OPEN, update="previous")
    # on one unit the reset commutes with the product: its bias tells the placements apart, or a second unit
    assert _gru(h, _OPEN, 0.0) == _gru(h, _OPEN, 0.0, reset="after")
    bias = Vector((1.0,))
    before, after = (_gru(h, _OPEN, 0.0, c_H=bias, reset=place) for place in ("before", "after"))
    assert before == tanh(0.5 + (2 * (0.5 * h) + 1.0)) != after == tanh(0.5 + 0.5 * (2 * h + 1.0))
    U_H, zero = Matrix((Vector((0.0, 1.0)), Vector((0.0, 0.0)))), Matrix((Vector((0.0, 0.0)),) * 2)
    cell: dict[str, Any] = {"W_z": zero, "U_z": zero, "W_r": zero, "U_r": zero, "W_H": zero, "U_H": U_H}
    cell |= {"b_z": Vector((_OPEN, _OPEN)), "b_r": Vector((_OPEN, _SHUT))}
    given = (Matrix((Vector((0.0, 0.0)),)), Vector((0.0, 1.0)))
    assert gated.gru(*given, **cell)[1][0] == 0.0
    assert gated.gru(*given, **cell, reset="after")[1][0] == tanh(1.0)


@golden("E32")
def a_reset_unit_still_remembers() -> None:
    """G15: with r ≈ 0 a unit acts as if reading the first symbol. Its candidate does; its state if z = 1."""
    assert _gru(0.75, _OPEN, _SHUT) == _gru(0.0, _OPEN, _SHUT) == tanh(0.5)
    assert _gru(0.75, 0.0, _SHUT) == 0.375 + tanh(0.5) / 2 != _gru(0.0, 0.0, _SHUT)
