"""Gated cells: LSTM and GRU, their gates and their corners (ledger section 8)."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnspec_reference.catalogue import algorithm, choice, data, equation, parameter, real
from nnspec_reference.scalars import Matrix, Vector, concat, gate_sigmoid, tanh


def _plus(z: Vector, b: Vector | None) -> Vector:
    """z + b, where the bias is optional."""
    return z if b is None else z + b


@equation(
    data("x", "D"),
    data("h_prev", "H"),
    data("v", "M"),
    parameter("W", "M D"),
    parameter("U", "M H"),
    parameter("b", "M", optional=True, draw=("large",)),
    results=[real("mask", "M"), real("gated", "M")],
)
def gate(x: Any, h_prev: Any, v: Any, W: Any, U: Any, b: Any = None) -> Any:
    """A soft gate: a feedforward layer, the logistic function, a product with the layer being gated.

        mask  = σ(W x_t + U h_{t−1} + b)
        gated = mask ⊙ v

    σ pushes the mask towards 0 or 1, so that it acts as a soft binary mask: values of v near a 1 pass, those
    near a 0 are erased. What one network helping another buys (X23) is just this: the second one's output
    decides, step by step, what the first one keeps. G15 says that a *closed* forget gate carries
    information on, where DS17's f = 1 does (E29); here a gate of 1 passes.

    Source: L14 "LSTM GATES", "GRU GATES"; DS17 [after "Long Short-term Memory"].
    Errata: E29, E61.
    """
    mask = gate_sigmoid(_plus(W @ x + U @ h_prev, b))
    return mask, mask * v


@equation(
    data("x", "T D"),
    data("h0", "H"),
    data("C0", "H"),
    parameter("W_i", "H D"),
    parameter("U_i", "H H"),
    parameter("b_i", "H", draw=("large",)),
    parameter("W_c", "H D"),
    parameter("U_c", "H H"),
    parameter("b_c", "H"),
    parameter("W_f", "H D"),
    parameter("U_f", "H H"),
    parameter("b_f", "H", draw=("large",)),
    parameter("W_o", "H D"),
    parameter("U_o", "H H"),
    parameter("V_o", "H H"),
    parameter("b_o", "H", draw=("large",)),
    results=[real("h", "T H"), real("h_T", "H"), real("C_T", "H")],
    time="T",
    carry={"h0": "h_T", "C0": "C_T"},
)
def lstm_peephole(
    x: Any,
    h0: Any,
    C0: Any,
    W_i: Any,
    U_i: Any,
    b_i: Any,
    W_c: Any,
    U_c: Any,
    b_c: Any,
    W_f: Any,
    U_f: Any,
    b_f: Any,
    W_o: Any,
    U_o: Any,
    V_o: Any,
    b_o: Any,
) -> Any:
    """Long short-term memory, whose output gate also sees the new cell.

        i_t = σ(W_i x_t + U_i h_{t−1} + b_i)                input gate
        C̃_t = tanh(W_c x_t + U_c h_{t−1} + b_c)             candidate memory state
        f_t = σ(W_f x_t + U_f h_{t−1} + b_f)                forget gate
        C_t = i_t ⊙ C̃_t + f_t ⊙ C_{t−1}                     memory state
        o_t = σ(W_o x_t + U_o h_{t−1} + V_o C_t + b_o)      output gate
        h_t = o_t ⊙ tanh(C_t)                               output

    DS17 prints f_t ⊙ C̃_{t−1}, the previous *candidate*, on both slides that give C_t; its own prose means
    the previous memory state (E01). The peephole V_o C_t is a full matrix on the *new* cell and reaches the
    output gate alone, as printed; the classic ones are diagonal and reach every gate (E65). G15 lists the
    biases as b_o, b_f, b_c, b_o: the first is b_i (E28). f = 1 keeps the cell and f = 0 erases it, whatever
    G15 calls closed (E29); the output gate weights what is yielded to h, it modifies nothing (E30). Two of
    the notes date this cell to 1997; its forget gate came later (E73).

    T = 0 returns no outputs and h0, C0 unchanged. A gate whose pre-activation is ±1000 is exactly 1 or 0.

    Source: DS17 "Long Short-term Memory"; G15 [after "LONG SHORT-TERM MEMORY"].
    Errata: E01, E27, E28, E29, E30, E65, E73.
    """
    h, C, outputs = h0, C0, []
    for x_t in x:
        i = gate_sigmoid(W_i @ x_t + U_i @ h + b_i)
        C_tilde = tanh(W_c @ x_t + U_c @ h + b_c)
        f = gate_sigmoid(W_f @ x_t + U_f @ h + b_f)
        C = i * C_tilde + f * C
        o = gate_sigmoid(W_o @ x_t + U_o @ h + V_o @ C + b_o)
        h = o * tanh(C)
        outputs.append(h)
    return Matrix(outputs), h, C


@equation(
    data("x", "T D"),
    data("h0", "H"),
    data("c0", "H"),
    parameter("W", "4H D+H"),
    parameter("b", "4H", optional=True, draw=("large",)),
    results=[real("h", "T H"), real("h_T", "H"), real("c_T", "H")],
    time="T",
    carry={"h0": "h_T", "c0": "c_T"},
)
def lstm(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    """Long short-term memory with one stacked weight matrix.

        (i_t; f_t; o_t; g_t) = (σ; σ; σ; tanh)( W [x_t; h_{t−1}] + b )
        c_t = f_t ∘ c_{t−1} + i_t ∘ g_t
        h_t = o_t ∘ tanh(c_t)

    The four blocks of rows are in the order i, f, o, g (libraries differ: PyTorch has i, f, g, o). DR calls
    the block's input y_t, writes W in lower case and no bias, and titles the slide "Long-Term Short Term
    Memory" (E56); the bias is optional here (E61). It is `lstm_peephole` with V_o = 0.

    Where f_{t+1} = 1 and o_t = 0 the cell's gradient passes unmodified, c̄_t = c̄_{t+1}: what the exercise
    asks to show (X03). Its third condition, i_{t+1} = 0, is not needed for that (E57).

    Source: DR "Long-Term Short Term Memory".
    Errata: E56, E57, E61, E73.
    """
    H = len(h0)
    h, c, outputs = h0, c0, []
    for x_t in x:
        a = _plus(W @ concat(x_t, h), b)
        i, f, o, g = (a[k * H : (k + 1) * H] for k in range(4))
        c = gate_sigmoid(f) * c + gate_sigmoid(i) * tanh(g)
        h = gate_sigmoid(o) * tanh(c)
        outputs.append(h)
    return Matrix(outputs), h, c


@equation(
    data("c"),
    data("forget", "", "probability"),
    data("new_input"),
    data("input_gate", "", "probability"),
    results=[real("c_next")],
)
def lstm_scalar_cell(c: Any, forget: Any, new_input: Any, input_gate: Any) -> Any:
    """One memory cell.

        c_{t+1} = c_t · forget gate + new input · input gate

        i = 0, f = 1   remember the previous value
        i = 1, f = 1   add to the previous value
        i = 0, f = 0   erase the value
        i = 1, f = 0   overwrite the value

    Source: DR "Long-Term Short Term Memory".
    """
    return c * forget + new_input * input_gate


@equation(
    data("x", "D"),
    data("h_prev", "H"),
    data("c_prev", "H"),
    parameter("U_f", "H H"),
    parameter("W_f", "H D"),
    parameter("U_g", "H H"),
    parameter("W_g", "H D"),
    parameter("U_i", "H H"),
    parameter("W_i", "H D"),
    parameter("U_o", "H H"),
    parameter("W_o", "H D"),
    results=[real("k", "H"), real("g", "H"), real("j", "H"), real("c", "H"), real("h", "H")],
)
def lstm_jm_names(
    x: Any,
    h_prev: Any,
    c_prev: Any,
    U_f: Any,
    W_f: Any,
    U_g: Any,
    W_g: Any,
    U_i: Any,
    W_i: Any,
    U_o: Any,
    W_o: Any,
) -> Any:
    """One step of the LSTM in Jurafsky and Martin's names.

        f_t = σ(U_f h_{t−1} + W_f x_t)       k_t = c_{t−1} ⊙ f_t     forget gate: what is left of the context
        g_t = tanh(U_g h_{t−1} + W_g x_t)                            the information extracted from this step
        i_t = σ(U_i h_{t−1} + W_i x_t)       j_t = g_t ⊙ i_t         add gate: what is selected to be added
        c_t = j_t + k_t                                              the new context
        o_t = σ(U_o h_{t−1} + W_o x_t)       h_t = o_t ⊙ tanh(c_t)   output gate

    L14 says that the add gate "adds mask to context vector": c = k + i. What is added is the masked
    information j = g ⊙ i (E26). It counts 8 weights for "each of the 4 gates"; the fourth pair is the
    candidate's (E27).

    Source: L14 "LONG SHORT-TERM MEMORY (LSTM)", "LSTM GATES".
    Errata: E26, E27, E61.
    """
    f = gate_sigmoid(U_f @ h_prev + W_f @ x)
    k = c_prev * f
    g = tanh(U_g @ h_prev + W_g @ x)
    i = gate_sigmoid(U_i @ h_prev + W_i @ x)
    j = g * i
    c = j + k
    o = gate_sigmoid(U_o @ h_prev + W_o @ x)
    h = o * tanh(c)
    return k, g, j, c, h


@equation(
    data("c0", "H"),
    data("f", "T H", "probability"),
    data("boundary", "T", "bit"),
    results=[real("c", "T H"), real("c_T", "H")],
    time="T",
    carry={"c0": "c_T"},
)
def cell_reset(c0: Any, f: Any, boundary: Any) -> Any:
    """Reset of a memory cell into which nothing is written, hard and soft.

        c_t = 0               where a new document begins at t (hard reset)
        c_t = f_t ⊙ c_{t−1}   elsewhere (with 0 < f < 1 a soft reset, the cell fades)

    With one f for all steps the fade is geometric, c_t = f^t ⊙ c_0. G15 says that the *closed* forget gate
    preserves; in the equations f = 1 does (E29).

    Source: G15 [after "LONG SHORT-TERM MEMORY"]; DS17 [after "Long Short-term Memory"].
    Errata: E29.
    """
    c, cells = c0, []
    for f_t, begins in zip(f, boundary, strict=True):
        c = c.map(lambda _: 0) if begins == 1 else f_t * c
        cells.append(c)
    return Matrix(cells), c


@equation(
    data("x", "T D"),
    data("h0", "H"),
    parameter("W_z", "H D"),
    parameter("U_z", "H H"),
    parameter("W_r", "H D"),
    parameter("U_r", "H H"),
    parameter("W_H", "H D"),
    parameter("U_H", "H H"),
    parameter("b_z", "H", optional=True, draw=("large",)),
    parameter("b_r", "H", optional=True, draw=("large",)),
    parameter("b_H", "H", optional=True),
    parameter("c_H", "H", optional=True),
    options=[choice("update", "candidate", "previous"), choice("reset", "before", "after")],
    results=[real("h", "T H"), real("h_T", "H")],
    time="T",
    carry={"h0": "h_T"},
)
def gru(
    x: Any,
    h0: Any,
    W_z: Any,
    U_z: Any,
    W_r: Any,
    U_r: Any,
    W_H: Any,
    U_H: Any,
    b_z: Any = None,
    b_r: Any = None,
    b_H: Any = None,
    c_H: Any = None,
    update: str = "candidate",
    reset: str = "before",
) -> Any:
    """Gated recurrent unit.

        z_t = σ(W_z x_t + U_z h_{t−1} + b_z)                      update gate
        r_t = σ(W_r x_t + U_r h_{t−1} + b_r)                      reset gate
        H_t = tanh(W_H x_t + b_H + U_H (r_t ⊙ h_{t−1}) + c_H)     candidate, reset="before" the product
        H_t = tanh(W_H x_t + b_H + r_t ⊙ (U_H h_{t−1} + c_H))     candidate, reset="after" it
        h_t = (1 − z_t) ⊙ h_{t−1} + z_t ⊙ H_t                     update="candidate": the weight of H_t
        h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ H_t                     update="previous": the weight of h_{t−1}

    The notes give the six matrices and prose only, and the two papers that G15 cites give z opposite meanings
    (E31). The default is G15's and L14's wording. update="previous" with reset="after" is the cell of PyTorch
    and cuDNN. The two polarities turn into each other when W_z, U_z, b_z change sign; the two placements of r
    are different functions. c_H is the recurrent bias of the candidate; apart from reset="after" it only adds
    to b_H.

    "r close to 0 makes the unit act as if it read the first symbol" holds for the candidate alone (E32): for
    the new state, z = 1 is needed too. In these names a GRU is the LSTM with i = z, f = 1 − z and its cell
    exposed.

    Source: G15 "GATED RECURRENT UNIT"; L14 "GATED RECURRENT UNIT (GRU)", "GRU GATES"; DS17 "Gated Recurrent
    Units (GRUs)".
    Errata: E31, E32, E61.
    """
    h, outputs = h0, []
    for x_t in x:
        z = gate_sigmoid(_plus(W_z @ x_t + U_z @ h, b_z))
        r = gate_sigmoid(_plus(W_r @ x_t + U_r @ h, b_r))
        recalled = _plus(U_H @ (r * h), c_H) if reset == "before" else r * _plus(U_H @ h, c_H)
        H = tanh(_plus(W_H @ x_t, b_H) + recalled)
        h = (1 - z) * h + z * H if update == "candidate" else z * h + (1 - z) * H
        outputs.append(h)
    return Matrix(outputs), h


class Count(NamedTuple):
    """How many weight matrices a cell has, and how many numbers in all of its parameters."""

    matrices: int
    scalars: int


@algorithm()
def parameter_count(cell: str, D: int, H: int, O: int | None = None, bias: bool = True) -> Count:  # noqa: E741
    """Parameters of a recurrent cell with D inputs and H units, and of its output layer if it has O outputs.

        elman           W, U                                       HD + H² + H
        lstm            W, U for i, f, o and the candidate         4 (HD + H² + H)
        lstm_peephole   and V_o                                    4 (HD + H² + H) + H²
        lstm_stacked    one matrix for the four (DR)               4 (HD + H² + H)
        gru             W, U for z, r and the candidate            3 (HD + H² + H)

    `bias=False` leaves the biases out. L14 counts 8 matrices "for each of the 4 gates" of an LSTM and names
    three gates: the fourth pair belongs to the candidate; DS17 and G15 have a ninth, V_o (E27). L14's and
    G15's plain RNN has three: W, U and the output layer's V. G15's list of biases names b_o twice and b_i
    never (E28).

    >>> parameter_count("lstm_peephole", D=2, H=3)
    Count(matrices=9, scalars=81)

    Source: L14 "GATED RECURRENT UNIT (GRU)", "TRAINING"; DS17 "Long Short-term Memory"; G15 [after "LONG
    SHORT-TERM MEMORY"], "GATED RECURRENT UNIT"; DR "Long-Term Short Term Memory".
    Errata: E27, E28.
    """
    blocks = {"elman": 1, "lstm": 4, "lstm_peephole": 4, "lstm_stacked": 4, "gru": 3}
    if cell not in blocks:
        raise ValueError(f"cell must be one of {', '.join(blocks)}, not {cell!r}")
    if min(D, H, 1 if O is None else O) < 1:
        raise ValueError("sizes must be at least 1")
    shapes = [(H, D), (H, H)] * blocks[cell]
    if cell == "lstm_stacked":
        shapes = [(4 * H, D + H)]
    if cell == "lstm_peephole":
        shapes.append((H, H))
    biases = blocks[cell] * H
    if O is not None:
        shapes.append((O, H))
        biases += O
    return Count(len(shapes), sum(rows * columns for rows, columns in shapes) + (biases if bias else 0))
