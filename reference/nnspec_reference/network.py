"""Feedforward networks (ledger section 3). A network is a composition of layers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from nnspec_reference import activation as activations
from nnspec_reference import softmax
from nnspec_reference.catalogue import algorithm, choice, data, equation, parameter, real
from nnspec_reference.layer import affine, dense
from nnspec_reference.scalars import Matrix, Vector, concat

_HIDDEN = ("sigmoid", "tanh", "relu", "identity")
_GRAD_AT_ZERO = choice("grad_at_zero", 1, 0)


def _output(name: str, z: Vector, grad_at_zero: int) -> Any:
    """The activation of an output layer: softmax takes the layer as a whole, the others unit by unit."""
    return softmax.vector(z) if name == "softmax" else activations.by_name(name, z, grad_at_zero)


@equation(
    data("x", "D"),
    parameter("W", "H D"),
    parameter("V", "C H"),
    options=[choice("activation", *_HIDDEN), choice("output", "identity", "softmax"), _GRAD_AT_ZERO],
    results=[real("h", "H"), real("y", "C")],
)
def fnn_bias_free(
    x: Vector,
    W: Matrix,
    V: Matrix,
    activation: str = "sigmoid",
    output: str = "identity",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    """Feedforward network without biases.

        h = g(W x),   y = f(V h)

    f is most commonly the identity (regression) or softmax (classification). The other notes' layers carry
    biases (E61); there they are optional.

    Source: G15 [after "NEURAL NETWORKS: INTUITION"].
    Errata: E61.
    """
    h = activations.by_name(activation, W @ x, grad_at_zero)
    return h, _output(output, V @ h, grad_at_zero)


@equation(
    data("x", "D"),
    parameter("W", "H D"),
    parameter("U", "C H"),
    parameter("b", "H", optional=True),
    parameter("c", "C", optional=True),
    results=[real("h", "H"), real("z", "C"), real("y", "C")],
)
def mlp_softmax(
    x: Vector, W: Matrix, U: Matrix, b: Vector | None = None, c: Vector | None = None
) -> tuple[Vector, Vector, Vector]:
    """Feedforward classifier with one hidden layer.

        h = σ(W x + b),   z = U h (+ c),   y = softmax(z)

    z is a vector of real numbers, not yet of probabilities; "bias vector optional". L14 asks whether such a
    network is a multi-layer perceptron: by use of the words yes, literally not, for a perceptron is a
    threshold unit (E66).

    Source: L14 "FEEDFORWARD NN", [after "HIDDEN LAYER"].
    Errata: E61, E66.
    """
    h = dense(x, W, b, "sigmoid")
    z = affine(h, U, c)
    return h, z, softmax.vector(z)


@equation(
    data("x", "n[0]"),
    parameter("W", "n[l+1] n[l]", each="L"),
    parameter("b", "n[l+1]", each="L", optional=True),
    options=[
        choice("activation", "relu", "sigmoid", "tanh", "identity"),
        choice("output", "softmax", "sigmoid", "tanh", "relu", "identity"),
        _GRAD_AT_ZERO,
    ],
    results=[real("y", "n[L]")],
    least={"L": 0},
)
def deep_feedforward(
    x: Vector,
    W: Sequence[Matrix],
    b: Sequence[Vector] | None = None,
    activation: str = "relu",
    output: str = "softmax",
    grad_at_zero: int = 1,
) -> Vector:
    """Feedforward network of any depth.

        a[0] = x
        for i in 1..n:
            z[i] = W[i] a[i−1] + b[i]
            a[i] = g[i](z[i])
        ŷ = a[n]

    g[i] is `activation` in the hidden layers and `output` in the last. A network without layers is x itself.
    The list counts from 0: W[0] here is the notes' W[1].

    Source: L14 "FEEDFORWARD NN", [after "FEEDFORWARD NN"].
    """
    a = x
    for i in range(len(W)):
        z = affine(a, W[i], None if b is None else b[i])
        a = _output(output if i == len(W) - 1 else activation, z, grad_at_zero)
    return a


@equation(
    data("x", "D"),
    parameter("W1", "H D"),
    parameter("W2", "C H"),
    parameter("b1", "H", optional=True),
    parameter("b2", "C", optional=True),
    options=[_GRAD_AT_ZERO],
    results=[real("z1", "H"), real("a1", "H"), real("z2", "C"), real("a2", "C")],
)
def binary_relu_sigmoid(
    x: Vector,
    W1: Matrix,
    W2: Matrix,
    b1: Vector | None = None,
    b2: Vector | None = None,
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector, Vector, Vector]:
    """Two-layer network for binary classification.

        z[1] = W[1] x + b[1],      a[1] = ReLU(z[1])
        z[2] = W[2] a[1] + b[2],   a[2] = σ(z[2]) = ŷ

    One output, C = 1, is the binary case; with more, each is a question of its own. L14 prints ReLU' = 1 at 0
    (E09).

    Source: L14 "BACKWARD DIFFERENTIATION FOR NN".
    Errata: E09.
    """
    z1 = affine(x, W1, b1)
    a1 = activations.relu(z1, grad_at_zero)
    z2 = affine(a1, W2, b2)
    return z1, a1, z2, activations.sigmoid(z2)


@equation(
    data("x", "D"),
    parameter("W", "H D"),
    parameter("V", "C H"),
    parameter("b", "H", optional=True),
    parameter("c", "C", optional=True),
    options=[choice("activation", "tanh", "sigmoid", "relu", "identity"), _GRAD_AT_ZERO],
    results=[real("y", "H"), real("z", "C")],
)
def two_layer_composition(
    x: Vector,
    W: Matrix,
    V: Matrix,
    b: Vector | None = None,
    c: Vector | None = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    """Two layers with the same activation.

        y = g(W x + b),   z = g(V y + c) = g(V g(W x + b) + c)

    Source: WX "Deep Neural Networks".
    """
    y = dense(x, W, b, activation, grad_at_zero)
    return y, dense(y, V, c, activation, grad_at_zero)


@equation(
    data("x", "D"),
    parameter("W", "H D"),
    parameter("V", "C H"),
    parameter("b", "H", optional=True),
    parameter("c", "C", optional=True),
    results=[real("z", "C"), real("collapsed", "C")],
)
def linear_composition(
    x: Vector, W: Matrix, V: Matrix, b: Vector | None = None, c: Vector | None = None
) -> tuple[Vector, Vector]:
    """Two layers without nonlinearity are one.

        z = V (W x + b) + c = (V W) x + (V b + c)

    WX asks whether they are more powerful than a basic linear model: no, they are one. `collapsed` is the
    right-hand side.

    Source: WX "Deep Neural Networks" (posed as a check).
    """
    z = affine(affine(x, W, b), V, c)
    bias = None if b is None else V @ b
    if c is not None:
        bias = c if bias is None else bias + c
    return z, affine(x, V @ W, bias)


@equation(
    data("f", "n"),
    parameter("V", "d n"),
    parameter("W", "C d"),
    parameter("b", "d", optional=True),
    parameter("c", "C", optional=True),
    options=[choice("activation", "tanh", "sigmoid", "relu", "identity"), _GRAD_AT_ZERO],
    results=[real("z", "d"), real("p", "C")],
)
def softmax_hidden_classifier(
    f: Vector,
    V: Matrix,
    W: Matrix,
    b: Vector | None = None,
    c: Vector | None = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    """Logistic regression on features that the network develops.

        z = g(V f(x)),   P(y|x) = softmax(W z)

    The formula has no biases (E61); WX's PyTorch class, two linear maps with tanh between and softmax after,
    has both. Its Softmax(dim=0) is right for one example; on a batch it would run over the examples (E20).

    Source: WX "Logistic Regression with NNs", "Neural Networks for Classification", "Training Neural
    Networks", "Computation Graphs in Pytorch".
    Errata: E20, E61.
    """
    z = dense(f, V, b, activation, grad_at_zero)
    return z, softmax.vector(affine(z, W, c))


@equation(
    data("x", "n[0]"),
    parameter("W", "n[l+1] n[:l+1]", each="L"),
    parameter("b", "n[l+1]", each="L", optional=True),
    results=[real("y", "n[L]")],
    least={"L": 0},
)
def layered_skip(x: Vector, W: Sequence[Matrix], b: Sequence[Vector] | None = None) -> Vector:
    """Layered network whose connections may skip layers.

        x_j = Σ_i y_i w_{ji}   over the units i of all lower layers
        y_j = 1 / (1 + e^{−x_j})

    Connections within a layer or downward are forbidden. The states of a layer's units are set in parallel,
    the layers one after the other from the bottom, where the states of the input units are given. Column i of
    W[l] is for unit i, counted upward from the first input unit. A unit's gradient is the sum over all units
    above that read it.

    Source: WX "A Bit of History" (Rumelhart et al., eqs. 1 and 2).
    Errata: E04.
    """
    y = states = x
    for layer in range(len(W)):
        y = activations.sigmoid(affine(states, W[layer], None if b is None else b[layer]))
        states = concat(states, y)
    return y


class Composition(NamedTuple):
    """A network as a directed graph; `layers` is empty where there is a cycle."""

    feedforward: bool
    layers: tuple[tuple[Hashable, ...], ...]
    inputs: tuple[Hashable, ...]
    hidden: tuple[Hashable, ...]
    outputs: tuple[Hashable, ...]
    fully_connected: bool


@algorithm()
def composition_view(units: Iterable[Hashable], links: Iterable[tuple[Hashable, Hashable]]) -> Composition:
    """A network as a composition of functions along a directed graph.

        a link (i, j) carries the output of unit i to unit j
        feedforward ⇔ no cycle;   recurrent ⇔ a cycle (a unit that reads itself is one)

    A unit's layer is the length of the longest path that leads to it, so that evaluating layer by layer is
    the chain of compositions. Input units read nothing, output units are read by nobody, the others are
    hidden. In a fully connected network every unit reads exactly the units of the layer below.

    Source: G15 "NEURAL NETWORKS: INTUITION"; L14 "FEED FORWARD NEURAL NETWORKS", "RNN & LSTM" (garbled).
    """
    reads: dict[Hashable, set[Hashable]] = {unit: set() for unit in units}
    read: set[Hashable] = set()
    for i, j in links:
        for unit in (i, j):
            if unit not in reads:
                raise ValueError(f"the link {(i, j)!r} names {unit!r}, which is no unit")
        reads[j].add(i)
        read.add(i)
    layers: list[tuple[Hashable, ...]] = []
    placed: set[Hashable] = set()
    while ready := tuple(u for u in reads if u not in placed and reads[u] <= placed):
        layers.append(ready)
        placed.update(ready)
    feedforward = len(placed) == len(reads)
    return Composition(
        feedforward,
        tuple(layers) if feedforward else (),
        inputs=tuple(u for u in reads if not reads[u]),
        hidden=tuple(u for u in reads if reads[u] and u in read),
        outputs=tuple(u for u in reads if reads[u] and u not in read),
        fully_connected=feedforward and all(reads[u] == set(below) for below, layer in pairwise(layers) for u in layer),
    )
