"""Worked numbers about recurrent networks."""

from __future__ import annotations

import math
from itertools import product

from nnspec_conformance.golden import golden
from nnspec_reference import recurrent
from nnspec_reference.catalogue import catalogue
from nnspec_reference.scalars import Matrix, Vector, sigmoid, softmax, step, tanh

W = Matrix([Vector([0.5, -1.0]), Vector([0.25, 0.75]), Vector([-0.5, 0.125])])
U = Matrix([Vector([0.5, 0.25, -0.75]), Vector([-1.0, 0.5, 0.0]), Vector([0.25, 1.0, -0.5])])
V = Matrix([Vector([1.0, -0.5, 0.25]), Vector([0.0, 0.75, -1.0])])
X = Matrix([Vector([1.0, 0.5]), Vector([-0.25, 1.0]), Vector([0.75, -1.0]), Vector([0.5, 0.25])])
H0 = Vector([0.25, -0.5, 1.0])
ZERO = Vector([0.0, 0.0, 0.0])


@golden("W16", "X21")
def parity_of_the_slides_sequence() -> None:
    """DR prints the first six parity bits of 0101101011."""
    *_, y, parity = recurrent.parity_rnn(Vector([0, 1, 0, 1, 1, 0, 1, 0, 1, 1]), 0)
    assert list(y[:6]) == [0, 1, 1, 0, 1, 1]
    assert list(y) == [0, 1, 1, 0, 1, 1, 0, 0, 1, 0]
    assert parity == 0


@golden("W17")
def parity_first_step() -> None:
    """The network starts as if the previous output was 0: (h_1, h_2) = (0, 0) for 0 and (0, 1) for 1."""
    for x, hidden in ((0, (0, 0)), (1, (0, 1))):
        h1, h2, _, _ = recurrent.parity_rnn(Vector([x]), 0)
        assert (h1[0], h2[0]) == hidden
    assert recurrent.parity_rnn(Vector([]), 0)[-1] == 0


@golden("W18", "X21")
def parity_truth_table() -> None:
    """The slides' table of (y, x) → (h_1, h_2, y'); and every sequence of up to eight bits."""
    table = {(0, 0): (0, 0, 0), (0, 1): (0, 1, 1), (1, 0): (0, 1, 1), (1, 1): (1, 1, 0)}
    for (y, x), row in table.items():
        h1, h2, after, _ = recurrent.parity_rnn(Vector([x]), y)
        assert (h1[0], h2[0], after[0]) == row
    for T in range(9):
        for bits in product((0, 1), repeat=T):
            assert recurrent.parity_rnn(Vector(bits), 0)[-1] == sum(bits) % 2


@golden("E58")
def parity_recurs_from_the_output() -> None:
    """Fed back from the hidden units (OR, or AND), the same weights do not count beyond two ones."""

    def fed_back(bits: list[int], unit: int) -> int:
        fed, y = 0, 0
        for x in bits:
            hidden = step(2 * x + 2 * fed - 3), step(2 * x + 2 * fed - 1)
            y, fed = step(2 * hidden[1] - 2 * hidden[0] - 1), hidden[unit]
        return int(y)

    assert recurrent.parity_rnn(Vector([1, 1, 1]), 0)[-1] == 1
    assert fed_back([1, 1, 1], unit=1) == 0
    assert fed_back([1, 1], unit=0) == 1


@golden("W48")
def three_matrices() -> None:
    """L14: the weights are W, from the input; U, from the previous hidden layer; V, to the output."""
    matrices = [a for a in catalogue()["recurrent.elman"].arguments if a.role == "parameter" and len(a.shape) == 2]
    assert [a.name for a in matrices] == ["W", "U", "V"]
    assert [a.described(True) for a in matrices] == ["(H, D)", "(H, H)", "(O, H)"]


@golden("W61")
def last_three_states_unrolled() -> None:
    """DS17 unrolls the last 3 states, τ = 3 (the letter is lost): three layers on the state before."""
    h, _, _ = recurrent.elman(X, H0, W, U, V)
    layers = recurrent.unroll(X[1:], h[0], (W,) * 3, (U,) * 3)
    assert len(layers) == 3
    assert layers == h[1:]
    assert recurrent.transition_map(lambda h, x: tanh(W @ x + U @ h), h[0], X[1:]) == h[3]


@golden("E23")
def the_copy_takes_activations() -> None:
    """DS17 copies the hidden layer "overwriting the existing weights"; the activations are copied."""
    h1 = tanh(W @ X[0] + U @ H0)
    right = tanh(W @ X[1] + U @ h1)
    overwritten = Matrix(h1 for _ in U)
    assert recurrent.elman(X, H0, W, U, V)[0][1] == right
    assert max(abs(a - b) for a, b in zip(tanh(W @ X[1] + overwritten @ h1), right, strict=True)) > 0.3


@golden("E35")
def forms_of_the_elman_network() -> None:
    """L14's rows, G15's logistic without bias, DR's biases: one equation with options."""
    y = recurrent.forward_algorithm(X, W, U, V)
    rows, h = [], ZERO
    for x in X:  # h_t = g{(x_t * W) + (h_{t−1} * U)}, y_t = softmax(h_t * V), with W, U, V from input to unit
        h = tanh(x @ W.T + h @ U.T)
        rows.append(softmax(h @ V.T))
    assert rows == list(y)
    wrong = tanh(X[0] @ W.T + tanh(X[0] @ W.T) @ U)  # one of the two left as it is
    assert wrong != recurrent.elman(Matrix([X[0], X[0]]), ZERO, W, U, V)[0][1]
    logistic = recurrent.elman(X, ZERO, W, U, V, activation="sigmoid")[0]
    assert logistic[0] == sigmoid(W @ X[0])
    assert logistic[1] == sigmoid(W @ X[1] + U @ logistic[0])
    biased, y_biased, _ = recurrent.elman(X, ZERO, W, U, V, H0, Vector([0.5, -0.5]))
    assert biased[0] == tanh(W @ X[0] + U @ ZERO + H0)
    assert y_biased[0] == V @ biased[0] + Vector([0.5, -0.5])


@golden("E38")
def output_is_no_sum_of_input_and_activation() -> None:
    """L14 says that y_t is input plus activation, whose sizes need not even agree; y_t = f(V h_t)."""
    h, y, _ = recurrent.elman(X, H0, W, U, V)
    assert y == Matrix(V @ h_t for h_t in h)
    assert len({len(X[0]), len(h[0]), len(y[0])}) == 2  # D = O = 2, H = 3: x_t + h_t does not exist
    narrow = recurrent.univariate(Vector([0.5]), 0.0, 1.0, 1.0, 1.0)
    assert math.isclose(narrow[1][0], math.tanh(math.tanh(0.5)))
    assert abs(narrow[1][0] - (0.5 + narrow[0][0])) > 0.5


@golden("E79")
def first_bias_is_a_learned_initial_state() -> None:
    """b_first = U h^(0) + b is the initial state h^(0); b_first = b is h^(0) = 0."""
    b = Vector([0.25, -0.125, 0.5])
    h, _, _ = recurrent.elman(X, H0, W, U, V, b)
    for one, other in zip(recurrent.first_step_bias(X, W, U, b, U @ H0 + b), h, strict=True):
        assert max(abs(p - q) for p, q in zip(one, other, strict=True)) < 1e-15
    assert recurrent.first_step_bias(X, W, U, b, b) == recurrent.elman(X, ZERO, W, U, V, b)[0]
    assert recurrent.first_step_bias(X, W, U, b, ZERO) != recurrent.elman(X, ZERO, W, U, V, b)[0]
