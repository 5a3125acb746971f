"""Recurrent networks (ledger section 7): the forward equations.

Time is a `for` loop. h^(0) is an argument: L14 sets it to 0, and a state carried over from an earlier piece
of the sequence is not 0. A sequence of no steps leaves the state as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nnspec_reference import scalars
from nnspec_reference.catalogue import algorithm, bit, choice, data, equation, parameter, real
from nnspec_reference.scalars import Matrix, Vector, step

ACTIVATIONS = (choice("activation", "tanh", "sigmoid", "relu", "identity"), choice("relu_grad_at_zero", 1, 0))
"""The options of every hidden unit here: the notes write g, σ, f and φ."""

_OUTPUT = choice("output", "identity", "softmax", "sigmoid")


def phi(activation: str, z: Any, relu_grad_at_zero: int = 1) -> Any:
    """φ(z), by its name."""
    if activation == "tanh":
        return scalars.tanh(z)
    if activation == "sigmoid":
        return scalars.gate_sigmoid(z)
    if activation == "relu":
        return scalars.relu(z, relu_grad_at_zero)
    if activation == "identity":
        return z
    raise ValueError(f"no activation {activation!r}")


def slope(activation: str, z: Any, relu_grad_at_zero: int = 1) -> Any:
    """φ'(z), by the name of φ."""
    if isinstance(z, Vector):
        return z.map(lambda e: slope(activation, e, relu_grad_at_zero))
    if activation == "relu":
        return step(z, "ge" if relu_grad_at_zero else "gt")
    if activation == "identity":
        return 1
    a = phi(activation, z)
    return 1 - a * a if activation == "tanh" else a * (1 - a)


def preactivation(W: Any, x: Any, U: Any, h: Any, b: Any = None) -> Any:
    """z = W x + U h + b, without b if there is none."""
    z = W @ x + U @ h
    return z if b is None else z + b


def readout(output: str, V: Any, h: Any, b: Any = None) -> Any:
    """y = f(V h + b)."""
    r = V @ h if b is None else V @ h + b
    if output == "identity":
        return r
    return scalars.softmax(r) if output == "softmax" else scalars.sigmoid(r)


# ----------------------------------------------------------------------------------------- the simple network
@equation(
    data("x", "T D"),
    data("h0", "H"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("V", "O H"),
    parameter("b_h", "H", optional=True),
    parameter("b_y", "O", optional=True),
    options=[*ACTIVATIONS, _OUTPUT],
    results=[real("h", "T H"), real("y", "T O"), real("h_T", "H")],
    time="T",
    carry={"h0": "h_T"},
)
def elman(
    x: Any,
    h0: Any,
    W: Any,
    U: Any,
    V: Any,
    b_h: Any = None,
    b_y: Any = None,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
    output: str = "identity",
) -> Any:
    """Elman network, the simple recurrent network.

        z_t = W x_t + U h_{t−1} + b_h,   h_t = g(z_t)
        y_t = f(V h_t + b_y)

    G15 writes h_t = σ(W x_t + U h_{t−1}) and y_t = f(V h_t) with the logistic σ; L14 writes rows, h_t =
    g{(x_t * W) + (h_{t−1} * U)} and y_t = softmax(h_t * V); neither has a bias, DR has them (E35). Here
    vectors are columns and W[i, j] goes from input j to unit i.

    DS17 copies the hidden layer to a context layer, "overwriting the existing weights": the activations
    h_{t−1} are copied, the weights U stay (E23). L14 puts the output into words as "y_t = x_t + activation
    value for h_t": y_t is f(V h_t), and x_t reaches it through h_t only (E38).

    T = 0: no outputs, h_T = h0.

    Source: G15 "RECURRENT NEURAL NETWORKS"; L14 [after "RECURRENT LINK"]; DS17 "Recurrent Neural Networks";
    DR "Recurrent neural nets".
    Errata: E23, E35, E38.
    """
    h, hs, ys = h0, [], []
    for x_t in x:
        h = phi(activation, preactivation(W, x_t, U, h, b_h), relu_grad_at_zero)
        hs.append(h)
        ys.append(readout(output, V, h, b_y))
    return Matrix(hs), Matrix(ys), h


@equation(
    data("x", "T D"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("V", "O H"),
    options=[
        choice("g", "tanh", "sigmoid", "relu", "identity"),
        choice("f", "softmax", "identity", "sigmoid"),
    ],
    results=[real("y", "T O")],
    time="T",
)
def forward_algorithm(x: Any, W: Any, U: Any, V: Any, g: str = "tanh", f: str = "softmax") -> Any:
    """Forward inference in a simple recurrent network, from h_0 = 0 and without biases.

        h_0 ← 0
        for i ← 1 to LENGTH(x):  h_i ← g(U h_{i−1} + W x_i),  y_i ← f(V h_i)
        return y

    An empty x gives an empty y.

    Source: L14 [after "RECURRENT LINK"].
    """
    h = Vector([0] * len(U))
    y = []
    for x_i in x:
        h = phi(g, U @ h + W @ x_i)
        y.append(readout(f, V, h))
    return Matrix(y)


@equation(
    data("x", "T D"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("b", "H"),
    parameter("b_first", "H"),
    options=ACTIVATIONS,
    results=[real("h", "T H")],
    time="T",
)
def first_step_bias(
    x: Any, W: Any, U: Any, b: Any, b_first: Any, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    """A recurrent layer with a separate bias for the first step.

        z^(1) = W x^(1) + b_first
        z^(t) = W x^(t) + U h^(t−1) + b,   t ≥ 2

    There is no h^(0): b_first stands for U h^(0) + b. DR has such biases "typically", L14 has h_0 = 0; an
    initial state that is learned says the same where U is invertible (E79). b is not used if T = 1.

    Source: DR "Recurrent neural nets"; DR "Example: Parity".
    Errata: E79.
    """
    hs: list[Any] = []
    for x_t in x:
        z = preactivation(W, x_t, U, hs[-1], b) if hs else W @ x_t + b_first
        hs.append(phi(activation, z, relu_grad_at_zero))
    return Matrix(hs)


@equation(
    data("x", "T"),
    data("h0"),
    parameter("u"),
    parameter("v"),
    parameter("w"),
    parameter("b_h", optional=True),
    parameter("b_y", optional=True),
    options=ACTIVATIONS,
    results=[real("h", "T"), real("y", "T"), real("h_T")],
    time="T",
    carry={"h0": "h_T"},
)
def univariate(
    x: Any,
    h0: Any,
    u: Any,
    v: Any,
    w: Any,
    b_h: Any = None,
    b_y: Any = None,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    """Recurrent network of one hidden and one output unit.

        z^(t) = u x^(t) + w h^(t−1) + b_h,   h^(t) = φ(z^(t))
        r^(t) = v h^(t) + b_y,               y^(t) = φ(r^(t))

    The figure that defines it is lost; this is what DR's printed backward equations imply
    (`bptt.univariate`). They have no biases, which are optional here.

    Source: DR "Backprop Through Time".
    """
    h, hs, ys = h0, [], []
    for x_t in x:
        z = u * x_t + w * h
        h = phi(activation, z if b_h is None else z + b_h, relu_grad_at_zero)
        r = v * h
        hs.append(h)
        ys.append(phi(activation, r if b_y is None else r + b_y, relu_grad_at_zero))
    return Vector(hs), Vector(ys), h


# ------------------------------------------------------------------------------------------ other views of it
@algorithm()
def transition_map(f: Callable[[Any, Any], Any], h: Any, xs: Iterable[Any]) -> Any:
    """The state as an iterated function of the first state and the inputs.

        h^(t) = f(h^(t−1), x^(t)),   h^(4) = f(f(f(h^(1), x^(2)), x^(3)), x^(4))

    `h` is the state before the first of `xs`; without inputs it is returned.

    Source: DR "Why Gradients Explode or Vanish".
    """
    for x in xs:
        h = f(h, x)
    return h


@equation(
    data("x", "k D"),
    data("h0", "H"),
    parameter("W", "H D", each="k"),
    parameter("U", "H H", each="k"),
    parameter("b", "H", each="k", optional=True),
    options=ACTIVATIONS,
    results=[real("h", "k H")],
)
def unroll(x: Any, h0: Any, W: Any, U: Any, b: Any = None, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    """The recurrent network unrolled for k steps: k hidden layers, each with an input of its own.

        h_l = φ(W_l x_l + U_l h_{l−1} + b_l),   l = 1 … k

    A feedforward network, and the recurrent one if the weights are tied, W_1 = … = W_k. Here every layer has
    its own, so that their gradients are the contributions of the steps; the gradient of the tied weight is
    the sum. DS17's example unrolls the last 3 states, τ = 3.

    Source: DS17 "Training RNNs with BPTT"; G15 [after "RECURRENT NEURAL NETWORKS"]; DR "Recurrent neural
    nets"; L14 last summary slides.
    """
    h, layers = h0, []
    for layer, x_l in enumerate(x):
        bias = None if b is None else b[layer]
        h = phi(activation, preactivation(W[layer], x_l, U[layer], h, bias), relu_grad_at_zero)
        layers.append(h)
    return Matrix(layers)


@equation(
    data("x", "T D"),
    data("h0", "H"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("b", "H", optional=True),
    options=ACTIVATIONS,
    results=[real("influence", "T H D")],
    gradient=False,
    time="T",
)
def hidden_as_memory(
    x: Any, h0: Any, W: Any, U: Any, b: Any = None, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    """What the last hidden state remembers of each input.

        influence_s = ∂h_T/∂x_s = (Π_{t=T…s+1} diag(φ'(z_t)) U) diag(φ'(z_s)) W

    L14 says that the context in h_T "includes info all the way back to the beginning": no influence is 0 by
    the architecture, whatever T is. A network on a window of K inputs has influence exactly 0 beyond it. The
    product is derived, the notes state it in words.

    Source: L14 "RECURRENT LINK"; contrast DS17 "Neural Networks for Sequential Data", G15 [after "POPULAR
    ACTIVATION FUNCTIONS"].
    """
    h, zs = h0, []
    for x_t in x:
        zs.append(preactivation(W, x_t, U, h, b))
        h = phi(activation, zs[-1], relu_grad_at_zero)
    through = Matrix(Vector(int(i == j) for j in range(len(U))) for i in range(len(U)))
    influence = []
    for z in reversed(zs):
        phi_prime = slope(activation, z, relu_grad_at_zero)
        through = Matrix(row * phi_prime for row in through)
        influence.append(through @ W)
        through = through @ U
    return tuple(reversed(influence))


@equation(
    data("x", "T", kind="bit"),
    data("y0", kind="bit"),
    results=[bit("h1", "T"), bit("h2", "T"), bit("y", "T"), bit("parity")],
    gradient=False,
    time="T",
    carry={"y0": "parity"},
)
def parity_rnn(x: Any, y0: Any) -> Any:
    """Parity of a sequence of bits, by threshold units that see the previous *output*.

        h_1^(t) = 1[x^(t) + y^(t−1) − 3/2 > 0]     AND
        h_2^(t) = 1[x^(t) + y^(t−1) − 1/2 > 0]     OR
        y^(t)   = 1[h_2^(t) − h_1^(t) − 1/2 > 0]   OR but not AND: x^(t) XOR y^(t−1)

    The weights stood in lost figures; these are the usual ones. The recurrence is from the output (Jordan's),
    unlike that of the networks of the BPTT slides (E58). y0 is 0 at the start of a sequence: with these
    weights the biases of the first step are those of all steps, for y^(0) = 0 adds nothing. `parity` is
    y^(T), y0 if T = 0.

    Source: DR "Example: Parity".
    Errata: E58.
    """
    y, h1s, h2s, ys = y0, [], [], []
    for x_t in x:
        h1 = step(2 * x_t + 2 * y - 3)
        h2 = step(2 * x_t + 2 * y - 1)
        y = step(2 * h2 - 2 * h1 - 1)
        h1s.append(h1)
        h2s.append(h2)
        ys.append(y)
    return Vector(h1s), Vector(h2s), Vector(ys), y
