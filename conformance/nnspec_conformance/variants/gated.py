"""Mistakes in gated cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import gated, scalars
from nnspec_reference.scalars import Matrix, Vector, concat, detach, gate_sigmoid, tanh


def _plus(z: Vector, b: Vector | None) -> Vector:
    return z if b is None else z + b


# ------------------------------------------------------------------------------------------------- one gate
@variant("gated.gate", "the gate squashes with tanh")
def tanh_mask(x: Any, h_prev: Any, v: Any, W: Any, U: Any, b: Any = None) -> Any:
    mask = tanh(_plus(W @ x + U @ h_prev, b))
    return mask, mask * v


@variant("gated.gate", "the mask is added, not multiplied", source="L14 on the add gate, E26")
def added_mask(x: Any, h_prev: Any, v: Any, W: Any, U: Any, b: Any = None) -> Any:
    mask = gate_sigmoid(_plus(W @ x + U @ h_prev, b))
    return mask, mask + v


@variant("gated.gate", "a gate of 1 blocks", source="G15's closed forget gate, E29")
def closed_is_one(x: Any, h_prev: Any, v: Any, W: Any, U: Any, b: Any = None) -> Any:
    mask = gate_sigmoid(_plus(W @ x + U @ h_prev, b))
    return mask, (1 - mask) * v


@variant("gated.gate", "the gate sends no gradient back to h_{t−1}")
def no_gradient_to_the_past(x: Any, h_prev: Any, v: Any, W: Any, U: Any, b: Any = None) -> Any:
    return gated.gate(x, detach(h_prev), v, W, U, b)


# ----------------------------------------------------------------------------------------- LSTM with peephole
def _peephole(
    w: Mapping[str, Any],
    *,
    output: Callable[..., Any] = lambda a, V_o, C_prev, C: gate_sigmoid(a + V_o @ C),
    cell: Callable[..., Any] = lambda i, f, new, new_prev, C_prev: i * new + f * C_prev,
    squash: Callable[..., Any] = tanh,
    biases: str = "ifo",
    cut: str = "",
) -> Any:
    """`gated.lstm_peephole` with one habit changed; `biases` says whose biases the gates i, f, o take."""
    h, C, outputs = w["h0"], w["C0"], []
    new = C
    for x_t in w["x"]:
        h_prev = detach(h) if cut == "h" else h
        C_prev = detach(C) if cut == "C" else C
        a = {k: w[f"W_{k}"] @ x_t + w[f"U_{k}"] @ h_prev for k in "icfo"}
        i, f = (gate_sigmoid(a[k] + w[f"b_{b}"]) for k, b in zip("if", biases, strict=False))
        new_prev, new = new, tanh(a["c"] + w["b_c"])
        C = cell(i, f, new, new_prev, C_prev)
        h = output(a["o"] + w["b_o"], w["V_o"], C_prev, C) * squash(C)
        outputs.append(h)
    return Matrix(outputs), h, C


@variant(
    "gated.lstm_peephole",
    "f gates the previous candidate, not the previous cell",
    source="DS17 as printed, E01",
)
def printed_candidate(**w: Any) -> Any:
    return _peephole(w, cell=lambda i, f, new, new_prev, C_prev: i * new + f * new_prev)


@variant("gated.lstm_peephole", "the peephole reads C_{t−1}", source="Graves (2013): for i and f, never for o")
def peephole_on_previous(**w: Any) -> Any:
    return _peephole(w, output=lambda a, V_o, C_prev, C: gate_sigmoid(a + V_o @ C_prev))


@variant("gated.lstm_peephole", "the peephole is added after the sigmoid", source="Lasagne #448")
def peephole_outside(**w: Any) -> Any:
    return _peephole(w, output=lambda a, V_o, C_prev, C: gate_sigmoid(a) + V_o @ C)


@variant("gated.lstm_peephole", "the peephole reads tanh(C_t)")
def peephole_squashed(**w: Any) -> Any:
    return _peephole(w, output=lambda a, V_o, C_prev, C: gate_sigmoid(a + V_o @ tanh(C)))


@variant("gated.lstm_peephole", "only the diagonal of V_o is used", source="Gers and Schmidhuber (2000), E65")
def peephole_diagonal(**w: Any) -> Any:
    def output(a: Any, V_o: Any, C_prev: Any, C: Any) -> Any:
        return gate_sigmoid(a + Vector(row[n] for n, row in enumerate(V_o)) * C)

    return _peephole(w, output=output)


@variant("gated.lstm_peephole", "V_o is transposed")
def peephole_transposed(**w: Any) -> Any:
    return _peephole(w, output=lambda a, V_o, C_prev, C: gate_sigmoid(a + V_o.T @ C))


@variant("gated.lstm_peephole", "the peephole is left out")
def no_peephole(**w: Any) -> Any:
    return _peephole(w, output=lambda a, V_o, C_prev, C: gate_sigmoid(a))


@variant("gated.lstm_peephole", "no gradient through the peephole into the cell")
def peephole_detached(**w: Any) -> Any:
    return _peephole(w, output=lambda a, V_o, C_prev, C: gate_sigmoid(a + V_o @ detach(C)))


@variant("gated.lstm_peephole", "input and forget gate add the output gate's bias", source="numpy-ml #42")
def shared_bias(**w: Any) -> Any:
    return _peephole(w, biases="oo")


@variant("gated.lstm_peephole", "b_o stands for the missing b_i", source="G15's list of biases, E28")
def bias_list(**w: Any) -> Any:
    return _peephole(w, biases="of")


@variant("gated.lstm_peephole", "one gate decides both: f = 1 − i", source="the coupled LSTM (CIFG)")
def coupled_gates(**w: Any) -> Any:
    return _peephole(w, cell=lambda i, f, new, new_prev, C_prev: i * new + (1 - i) * C_prev)


@variant("gated.lstm_peephole", "no forget gate: C_t = C_{t−1} + i C̃_t", source="the LSTM of 1997, E73")
def no_forget_gate(**w: Any) -> Any:
    return _peephole(w, cell=lambda i, f, new, new_prev, C_prev: i * new + C_prev)


@variant("gated.lstm_peephole", "input and forget gate are exchanged")
def swapped_gates(**w: Any) -> Any:
    return _peephole(w, cell=lambda i, f, new, new_prev, C_prev: f * new + i * C_prev)


@variant("gated.lstm_peephole", "no tanh on the cell: h = o C", source="RESCAN #2")
def no_squash(**w: Any) -> Any:
    return _peephole(w, squash=lambda C: C)


@variant("gated.lstm_peephole", "h_{t−1} is detached at every step", source="AllenNLP #2530")
def hidden_cut(**w: Any) -> Any:
    return _peephole(w, cut="h")


@variant("gated.lstm_peephole", "no gradient from one cell to the one before")
def cell_cut(**w: Any) -> Any:
    return _peephole(w, cut="C")


@variant("gated.lstm_peephole", "the final cell is returned through tanh")
def squashed_final_cell(**arguments: Any) -> Any:
    h, h_T, C_T = gated.lstm_peephole(**arguments)
    return h, h_T, tanh(C_T)


@gradient_variant("gated.lstm_peephole", "every gradient is 0", source="thinc's base Ops.backprop_lstm")
def all_zero_gradient(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {name: scalars.zeros_like(g) for name, g in gradients.items()}


@gradient_variant("gated.lstm_peephole", "no gradient of the initial states", source="student error S5")
def no_initial_gradient(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {n: scalars.zeros_like(g) if n in ("h0", "C0") else g for n, g in gradients.items()}


@gradient_variant("gated.lstm_peephole", "the gradient of V_o is transposed")
def transposed_peephole_gradient(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "V_o": gradients["V_o"].T}


# ---------------------------------------------------------------------------------------------- stacked LSTM
def _lstm(
    x: Any,
    h0: Any,
    c0: Any,
    W: Any,
    b: Any,
    *,
    order: str = "ifog",
    columns: str = "xh",
    forget_bias: int = 0,
    squash: Any = tanh,
    candidate: Any = tanh,
    cut: int | None = None,
    bias_from: int = 0,
    recurrent_from: int = 0,
) -> Any:
    """`gated.lstm` with one habit changed."""
    H = len(h0)
    h, c, outputs = h0, c0, []
    for t, x_t in enumerate(x):
        if cut is not None and t and t % cut == 0:
            h, c = detach(h), detach(c)
        joined = concat(x_t, h) if columns == "xh" else concat(h, x_t)
        weights = W
        if t < recurrent_from:
            weights = Matrix(concat(row[: len(x_t)], detach(row[len(x_t) :])) for row in W)
        a = _plus(weights @ joined, detach(b) if b is not None and t < bias_from else b)
        block = {gate: a[k * H : (k + 1) * H] for k, gate in enumerate(order)}
        i, f, o = (gate_sigmoid(block[k] + (forget_bias if k == "f" else 0)) for k in "ifo")
        c = f * c + i * candidate(block["g"])
        h = o * squash(c)
        outputs.append(h)
    return Matrix(outputs), h, c


@variant("gated.lstm", "gates in the order i, f, g, o", source="PyTorch, Keras (i, f, c, o), cuDNN")
def gates_ifgo(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, order="ifgo")


@variant("gated.lstm", "gates in the order i, o, f, g", source="ONNX (i, o, f, c)")
def gates_iofg(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, order="iofg")


@variant("gated.lstm", "gates in the order f, i, o, g", source="DyNet and Lasagne put f elsewhere")
def gates_fiog(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, order="fiog")


@variant("gated.lstm", "gates in the order i, g, f, o", source="TensorFlow's BasicLSTMCell (i, j, f, o)")
def gates_igfo(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, order="igfo")


@variant("gated.lstm", "gates in the order g, i, f, o", source="Chainer (a, i, f, o)")
def gates_gifo(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, order="gifo")


@variant("gated.lstm", "gates in the order f, i, g, o")
def gates_figo(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, order="figo")


@variant("gated.lstm", "the columns of W are [h; x]", source="Stanford CS231n and others write [h, x]")
def hidden_first(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, columns="hx")


@variant("gated.lstm", "a forget bias of 1 is added unasked", source="TensorFlow's forget_bias=1.0")
def forget_bias_of_one(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, forget_bias=1)


@variant("gated.lstm", "no tanh on the cell", source="RESCAN #2")
def no_output_tanh(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, squash=lambda c: c)


@variant("gated.lstm", "the candidate is squashed by σ")
def sigmoid_candidate(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, candidate=gate_sigmoid)


@variant("gated.lstm", "backpropagation is cut at every step", source="Flux.jl #2185")
def truncated_to_one_step(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, cut=1)


@variant("gated.lstm", "the bias gradient misses the first step")
def bias_misses_a_step(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, bias_from=1)


@variant("gated.lstm", "the initial states are ignored: 0 instead")
def ignored_initial_state(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return gated.lstm(x, h0 * 0, c0 * 0, W, b)


@variant("gated.lstm", "h_T and c_T change places")
def states_swapped(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    h, h_T, c_T = gated.lstm(x, h0, c0, W, b)
    return h, c_T, h_T


@variant("gated.lstm", "the last step is left out of the final states")
def final_state_one_early(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    h, _, _ = gated.lstm(x, h0, c0, W, b)
    _, h_T, c_T = gated.lstm(x[:-1], h0, c0, W, b)
    return h, h_T, c_T


@gradient_variant("gated.lstm", "no gradient of the initial states", source="student error S5")
def no_state_gradient(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {n: scalars.zeros_like(g) if n in ("h0", "c0") else g for n, g in gradients.items()}


@variant("gated.lstm", "the gradient of the recurrent weights leaves out h_0", source="a loop from t = 2")
def recurrent_weights_miss_a_step(x: Any, h0: Any, c0: Any, W: Any, b: Any = None) -> Any:
    return _lstm(x, h0, c0, W, b, recurrent_from=1)


# ------------------------------------------------------------------------------------------------ small cells
@variant("gated.lstm_scalar_cell", "the gates change places")
def exchanged(c: Any, forget: Any, new_input: Any, input_gate: Any) -> Any:
    return c * input_gate + new_input * forget


@variant("gated.lstm_scalar_cell", "a forget gate of 1 forgets", source="its name; E29")
def forget_forgets(c: Any, forget: Any, new_input: Any, input_gate: Any) -> Any:
    return c * (1 - forget) + new_input * input_gate


@variant("gated.lstm_scalar_cell", "the gate itself is added", source="L14, E26")
def adds_the_gate(c: Any, forget: Any, new_input: Any, input_gate: Any) -> Any:
    return c * forget + input_gate


def _jm(x: Any, h_prev: Any, c_prev: Any, W: Mapping[str, Any], *, mask: bool = False, bare: bool = False) -> Any:
    f, i, o = (gate_sigmoid(W[f"U_{n}"] @ h_prev + W[f"W_{n}"] @ x) for n in "fio")
    g = tanh(W["U_g"] @ h_prev + W["W_g"] @ x)
    k, j = c_prev * f, g * i
    c = (i if mask else j) + k
    return k, g, j, c, o * (c if bare else tanh(c))


@variant("gated.lstm_jm_names", "the add gate's mask is added to the context", source="L14 as printed, E26")
def mask_is_added(x: Any, h_prev: Any, c_prev: Any, **W: Any) -> Any:
    return _jm(x, h_prev, c_prev, W, mask=True)


@variant("gated.lstm_jm_names", "no tanh on the context")
def context_unsquashed(x: Any, h_prev: Any, c_prev: Any, **W: Any) -> Any:
    return _jm(x, h_prev, c_prev, W, bare=True)


@variant("gated.lstm_jm_names", "forget and add gate change weights")
def forget_is_add(x: Any, h_prev: Any, c_prev: Any, **W: Any) -> Any:
    swapped = {**W, "U_f": W["U_i"], "W_f": W["W_i"], "U_i": W["U_f"], "W_i": W["W_f"]}
    return _jm(x, h_prev, c_prev, swapped)


@variant("gated.lstm_jm_names", "g and j change places among the results")
def g_is_j(x: Any, h_prev: Any, c_prev: Any, **W: Any) -> Any:
    k, g, j, c, h = _jm(x, h_prev, c_prev, W)
    return k, j, g, c, h


@variant("gated.lstm_jm_names", "no gradient of the context through k")
def kept_is_constant(x: Any, h_prev: Any, c_prev: Any, **W: Any) -> Any:
    return _jm(x, h_prev, detach(c_prev), W)


@variant("gated.cell_reset", "the reset acts one step late")
def late_reset(c0: Any, f: Any, boundary: Any) -> Any:
    c, cells, before = c0, [], 0
    for f_t, begins in zip(f, boundary, strict=True):
        c = (1 - before) * (f_t * c)
        cells.append(c)
        before = begins
    return Matrix(cells), c


@variant("gated.cell_reset", "a boundary resets to the initial cell, not to 0")
def reset_to_initial(c0: Any, f: Any, boundary: Any) -> Any:
    c, cells = c0, []
    for f_t, begins in zip(f, boundary, strict=True):
        c = c0 if begins == 1 else f_t * c
        cells.append(c)
    return Matrix(cells), c


@variant("gated.cell_reset", "the fade is linear in time: f times the initial cell")
def no_memory_of_fading(c0: Any, f: Any, boundary: Any) -> Any:
    cells, alive = [], 1
    for f_t, begins in zip(f, boundary, strict=True):
        alive = 0 if begins == 1 else alive
        cells.append(f_t * c0 * alive)
    return Matrix(cells), cells[-1] if cells else c0


@variant("gated.cell_reset", "the gradient passes through a boundary")
def gradient_through_boundary(c0: Any, f: Any, boundary: Any) -> Any:
    c, cells = c0, []
    for f_t, begins in zip(f, boundary, strict=True):
        kept = f_t * c
        c = kept - detach(kept) if begins == 1 else kept
        cells.append(c)
    return Matrix(cells), c


# -------------------------------------------------------------------------------------------------------- GRU
def _gru(
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
    *,
    carried: str = "h",
    reset_all: bool = False,
    cut: str = "",
    squash: Any = tanh,
    first_bias: bool = True,
    bias_outside: bool = False,
) -> Any:
    """`gated.gru` with one habit changed."""
    h, outputs = h0, []
    for t, x_t in enumerate(x):
        if "h" in cut:
            h = detach(h)
        z = gate_sigmoid(_plus(W_z @ x_t + U_z @ h, b_z))
        r = gate_sigmoid(_plus(W_r @ x_t + U_r @ h, b_r))
        if "r" in cut:
            r = detach(r)
        if "z" in cut:
            z = detach(z)
        c = c_H if first_bias or t else None
        if reset == "before":
            recalled = _plus(U_H @ (r * h), c)
        elif bias_outside:
            recalled = _plus(r * (U_H @ h), c)
        else:
            recalled = r * _plus(U_H @ h, c)
        H = squash(_plus(W_H @ x_t, b_H) + recalled)
        old = r * h if carried == "reset" else h
        h = (1 - z) * old + z * H if update == "candidate" else z * old + (1 - z) * H
        outputs.append(h)
    return Matrix(outputs), h


def _other(options: dict[str, Any], name: str, first: str, second: str) -> dict[str, Any]:
    chosen = options.get(name, first)
    return {**options, name: second if chosen == first else first}


@variant("gated.gru", "z weights the other state", source="Cho et al. against Chung et al., E31")
def other_polarity(**arguments: Any) -> Any:
    return _gru(**_other(arguments, "update", "candidate", "previous"))


@variant("gated.gru", "r acts on the other side of the product", source="cuDNN, Keras reset_after, burn #2704")
def other_reset(**arguments: Any) -> Any:
    return _gru(**_other(arguments, "reset", "before", "after"))


@variant("gated.gru", "z weights the other state, and r acts on the other side", source="torch.nn.GRU, cuDNN")
def other_polarity_and_reset(**arguments: Any) -> Any:
    return _gru(**_other(_other(arguments, "update", "candidate", "previous"), "reset", "before", "after"))


@variant("gated.gru", "update and reset gate change places", source="PyTorch has the rows r, z, n")
def gates_exchanged(x: Any, h0: Any, W_z: Any, U_z: Any, W_r: Any, U_r: Any, **more: Any) -> Any:
    biases = {**more, "b_z": more.get("b_r"), "b_r": more.get("b_z")}
    return _gru(x, h0, W_r, U_r, W_z, U_z, **biases)


@variant("gated.gru", "the reset state is carried too", source="Keras #20656 (masked carry path)")
def reset_state_carried(**arguments: Any) -> Any:
    return _gru(**arguments, carried="reset")


@variant("gated.gru", "the recurrent bias is outside the reset gate")
def recurrent_bias_outside(**arguments: Any) -> Any:
    return _gru(**arguments, bias_outside=True)


@variant("gated.gru", "the recurrent bias is left out of the first step", source="mlx #3252")
def first_step_without_bias(**arguments: Any) -> Any:
    return _gru(**arguments, first_bias=False)


@variant("gated.gru", "the candidate is squashed by σ")
def candidate_by_sigmoid(**arguments: Any) -> Any:
    return _gru(**arguments, squash=gate_sigmoid)


@variant("gated.gru", "no gradient through h_{t−1}")
def recurrence_cut(**arguments: Any) -> Any:
    return _gru(**arguments, cut="h")


@variant("gated.gru", "no gradient through the reset gate")
def reset_cut(**arguments: Any) -> Any:
    return _gru(**arguments, cut="r")


@variant("gated.gru", "no gradient through the update gate")
def update_cut(**arguments: Any) -> Any:
    return _gru(**arguments, cut="z")


@gradient_variant("gated.gru", "no gradient of the initial state")
def initial_state_forgotten(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "h0": scalars.zeros_like(gradients["h0"])}


@gradient_variant("gated.gru", "the recurrent bias gets the input bias's gradient", source="two biases, one sum")
def biases_confused(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    if "c_H" in gradients and "b_H" in gradients:
        return {**gradients, "c_H": gradients["b_H"]}
    return {name: g * 2 if name == "c_H" else g for name, g in gradients.items()}
