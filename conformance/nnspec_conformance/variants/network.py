"""Mistakes in feedforward networks."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec_conformance.variants import variant
from nnspec_reference import network, softmax
from nnspec_reference.activation import by_name
from nnspec_reference.layer import affine, dense
from nnspec_reference.scalars import Matrix, Vector, concat, log, sigmoid, stop_gradient

Bias = Vector | None
Biases = Sequence[Vector] | None


@variant("network.fnn_bias_free", "the hidden layer is linear")
def linear_hidden_layer(
    x: Vector,
    W: Matrix,
    V: Matrix,
    activation: str = "sigmoid",
    output: str = "identity",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    return network.fnn_bias_free(x, W, V, "identity", output)


@variant("network.fnn_bias_free", "the output layer has the hidden layer's activation")
def output_activated_like_hidden(
    x: Vector,
    W: Matrix,
    V: Matrix,
    activation: str = "sigmoid",
    output: str = "identity",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    h, _ = network.fnn_bias_free(x, W, V, activation, output, grad_at_zero)
    return h, by_name(activation, V @ h, grad_at_zero)


@variant("network.fnn_bias_free", "the output layer stops the gradient")
def gradient_stops_at_the_hidden_layer(
    x: Vector,
    W: Matrix,
    V: Matrix,
    activation: str = "sigmoid",
    output: str = "identity",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    h, _ = network.fnn_bias_free(x, W, V, activation, output, grad_at_zero)
    z = V @ stop_gradient(h)
    return h, softmax.vector(z) if output == "softmax" else z


@variant("network.mlp_softmax", "the hidden layer is tanh", source="DS17's layer instead of L14's")
def tanh_hidden_layer(x: Vector, W: Matrix, U: Matrix, b: Bias = None, c: Bias = None) -> tuple[Vector, Vector, Vector]:
    h = dense(x, W, b, "tanh")
    z = affine(h, U, c)
    return h, z, softmax.vector(z)


@variant("network.mlp_softmax", "each output is a sigmoid: they do not sum to 1")
def sigmoid_outputs(x: Vector, W: Matrix, U: Matrix, b: Bias = None, c: Bias = None) -> tuple[Vector, Vector, Vector]:
    h, z, _ = network.mlp_softmax(x, W, U, b, c)
    return h, z, sigmoid(z)


@variant("network.mlp_softmax", "the optional output bias is ignored")
def output_bias_ignored(
    x: Vector, W: Matrix, U: Matrix, b: Bias = None, c: Bias = None
) -> tuple[Vector, Vector, Vector]:
    return network.mlp_softmax(x, W, U, b)


@variant("network.mlp_softmax", "the softmax gradient is its diagonal, p (1 − p)")
def diagonal_softmax_gradient(
    x: Vector, W: Matrix, U: Matrix, b: Bias = None, c: Bias = None
) -> tuple[Vector, Vector, Vector]:
    h, z, y = network.mlp_softmax(x, W, U, b, c)
    p = stop_gradient(y)
    return h, z, p + (z - stop_gradient(z)) * (p * (1 - p))


@variant("network.mlp_softmax", "the hidden gradient lacks h (1 − h)")
def hidden_slope_missing(
    x: Vector, W: Matrix, U: Matrix, b: Bias = None, c: Bias = None
) -> tuple[Vector, Vector, Vector]:
    a = affine(x, W, b)
    h = stop_gradient(sigmoid(a)) + (a - stop_gradient(a))
    z = affine(h, U, c)
    return h, z, softmax.vector(z)


@variant("network.deep_feedforward", "the last layer has the hidden layers' activation")
def hidden_activation_everywhere(
    x: Vector,
    W: Sequence[Matrix],
    b: Biases = None,
    activation: str = "relu",
    output: str = "softmax",
    grad_at_zero: int = 1,
) -> Vector:
    return network.deep_feedforward(x, W, b, activation, activation, grad_at_zero)


@variant("network.deep_feedforward", "every layer has the output's activation")
def output_activation_everywhere(
    x: Vector,
    W: Sequence[Matrix],
    b: Biases = None,
    activation: str = "relu",
    output: str = "softmax",
    grad_at_zero: int = 1,
) -> Vector:
    return network.deep_feedforward(x, W, b, output, output, grad_at_zero)


@variant("network.deep_feedforward", "only the first layer has a bias", source="MXNet #17872")
def bias_of_the_first_layer_only(
    x: Vector,
    W: Sequence[Matrix],
    b: Biases = None,
    activation: str = "relu",
    output: str = "softmax",
    grad_at_zero: int = 1,
) -> Vector:
    if b is not None:
        b = [b_i if i == 0 else b_i - b_i for i, b_i in enumerate(b)]
    return network.deep_feedforward(x, W, b, activation, output, grad_at_zero)


@variant("network.deep_feedforward", "the gradient stops below the last layer")
def gradient_of_the_last_layer_only(
    x: Vector,
    W: Sequence[Matrix],
    b: Biases = None,
    activation: str = "relu",
    output: str = "softmax",
    grad_at_zero: int = 1,
) -> Vector:
    if len(W) < 2:
        return network.deep_feedforward(x, W, b, activation, output, grad_at_zero)
    below = None if b is None else b[:-1]
    a = network.deep_feedforward(x, W[:-1], below, activation, activation, grad_at_zero)
    above = None if b is None else b[-1:]
    return network.deep_feedforward(stop_gradient(a), W[-1:], above, activation, output, grad_at_zero)


@variant("network.deep_feedforward", "ReLU's derivative at 0 follows the other convention", source="E09")
def derivative_at_zero(
    x: Vector,
    W: Sequence[Matrix],
    b: Biases = None,
    activation: str = "relu",
    output: str = "softmax",
    grad_at_zero: int = 1,
) -> Vector:
    return network.deep_feedforward(x, W, b, activation, output, 1 - grad_at_zero)


@variant("network.binary_relu_sigmoid", "ReLU's derivative at 0 follows the other convention", source="E09")
def relu_derivative_at_zero(
    x: Vector, W1: Matrix, W2: Matrix, b1: Bias = None, b2: Bias = None, grad_at_zero: int = 1
) -> tuple[Vector, Vector, Vector, Vector]:
    return network.binary_relu_sigmoid(x, W1, W2, b1, b2, 1 - grad_at_zero)


@variant("network.binary_relu_sigmoid", "the second layer reads z[1], not a[1]")
def second_layer_reads_z1(
    x: Vector, W1: Matrix, W2: Matrix, b1: Bias = None, b2: Bias = None, grad_at_zero: int = 1
) -> tuple[Vector, Vector, Vector, Vector]:
    z1, a1, _, _ = network.binary_relu_sigmoid(x, W1, W2, b1, b2, grad_at_zero)
    z2 = affine(z1, W2, b2)
    return z1, a1, z2, sigmoid(z2)


@variant("network.binary_relu_sigmoid", "the hidden layer is sigmoid too")
def sigmoid_hidden_layer(
    x: Vector, W1: Matrix, W2: Matrix, b1: Bias = None, b2: Bias = None, grad_at_zero: int = 1
) -> tuple[Vector, Vector, Vector, Vector]:
    z1 = affine(x, W1, b1)
    a1 = sigmoid(z1)
    z2 = affine(a1, W2, b2)
    return z1, a1, z2, sigmoid(z2)


@variant(
    "network.binary_relu_sigmoid",
    "the gradient lacks σ' at the output",
    source="ŷ − y without its loss",
)
def output_slope_missing(
    x: Vector, W1: Matrix, W2: Matrix, b1: Bias = None, b2: Bias = None, grad_at_zero: int = 1
) -> tuple[Vector, Vector, Vector, Vector]:
    z1, a1, z2, a2 = network.binary_relu_sigmoid(x, W1, W2, b1, b2, grad_at_zero)
    return z1, a1, z2, stop_gradient(a2) + (z2 - stop_gradient(z2))


@variant("network.two_layer_composition", "the upper layer is linear")
def upper_layer_linear(
    x: Vector,
    W: Matrix,
    V: Matrix,
    b: Bias = None,
    c: Bias = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    y = dense(x, W, b, activation, grad_at_zero)
    return y, affine(y, V, c)


@variant("network.two_layer_composition", "the lower layer is linear")
def lower_layer_linear(
    x: Vector,
    W: Matrix,
    V: Matrix,
    b: Bias = None,
    c: Bias = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    y, _ = network.two_layer_composition(x, W, V, b, c, activation, grad_at_zero)
    return y, dense(affine(x, W, b), V, c, activation, grad_at_zero)


@variant("network.two_layer_composition", "the upper layer's bias is left out")
def upper_bias_ignored(
    x: Vector,
    W: Matrix,
    V: Matrix,
    b: Bias = None,
    c: Bias = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    return network.two_layer_composition(x, W, V, b, None, activation, grad_at_zero)


@variant("network.linear_composition", "the lower bias does not pass the upper layer: (VW)x + c")
def lower_bias_lost(x: Vector, W: Matrix, V: Matrix, b: Bias = None, c: Bias = None) -> tuple[Vector, Vector]:
    z, _ = network.linear_composition(x, W, V, b, c)
    return z, affine(x, V @ W, c)


@variant("network.linear_composition", "the upper bias is added once too often")
def upper_bias_twice(x: Vector, W: Matrix, V: Matrix, b: Bias = None, c: Bias = None) -> tuple[Vector, Vector]:
    z, collapsed = network.linear_composition(x, W, V, b, c)
    return z, collapsed if c is None else collapsed + c


@variant(
    "network.linear_composition",
    "there is a nonlinearity between the layers",
    source="WX's z = g(V g(Wx + b) + c)",
)
def with_nonlinearity(x: Vector, W: Matrix, V: Matrix, b: Bias = None, c: Bias = None) -> tuple[Vector, Vector]:
    _, collapsed = network.linear_composition(x, W, V, b, c)
    return affine(dense(x, W, b, "tanh"), V, c), collapsed


@variant("network.linear_composition", "the product of the weights gets no gradient")
def product_held_constant(x: Vector, W: Matrix, V: Matrix, b: Bias = None, c: Bias = None) -> tuple[Vector, Vector]:
    z, collapsed = network.linear_composition(x, W, V, b, c)
    product = V @ W
    return z, collapsed - product @ x + stop_gradient(product) @ x


@variant("network.softmax_hidden_classifier", "returns log-probabilities", source="log softmax")
def log_probabilities(
    f: Vector,
    V: Matrix,
    W: Matrix,
    b: Bias = None,
    c: Bias = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    z, p = network.softmax_hidden_classifier(f, V, W, b, c, activation, grad_at_zero)
    return z, log(p)


@variant("network.softmax_hidden_classifier", "no nonlinearity: logistic regression on f(x)")
def linear_classifier(
    f: Vector,
    V: Matrix,
    W: Matrix,
    b: Bias = None,
    c: Bias = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    return network.softmax_hidden_classifier(f, V, W, b, c, "identity")


@variant("network.softmax_hidden_classifier", "the formula's: biases are ignored", source="E20")
def biases_ignored(
    f: Vector,
    V: Matrix,
    W: Matrix,
    b: Bias = None,
    c: Bias = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    return network.softmax_hidden_classifier(f, V, W, None, None, activation, grad_at_zero)


@variant(
    "network.softmax_hidden_classifier",
    "the softmax is applied twice",
    source="softmax before a loss that has one",
)
def softmax_twice(
    f: Vector,
    V: Matrix,
    W: Matrix,
    b: Bias = None,
    c: Bias = None,
    activation: str = "tanh",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    z, p = network.softmax_hidden_classifier(f, V, W, b, c, activation, grad_at_zero)
    return z, softmax.vector(p)


@variant("network.layered_skip", "a layer reads only the layer below")
def adjacent_layers_only(x: Vector, W: Sequence[Matrix], b: Biases = None) -> Vector:
    y = x
    for layer, W_l in enumerate(W):
        near = Matrix(row[len(row) - len(y) :] for row in W_l)
        y = sigmoid(affine(y, near, None if b is None else b[layer]))
    return y


@variant("network.layered_skip", "the states are stacked from the top downward")
def states_in_reverse_order(x: Vector, W: Sequence[Matrix], b: Biases = None) -> Vector:
    y = states = x
    for layer, W_l in enumerate(W):
        y = sigmoid(affine(states, W_l, None if b is None else b[layer]))
        states = concat(y, states)
    return y


@variant("network.layered_skip", "skip connections pass no gradient", source="the fan-out sum misses terms")
def no_gradient_over_skips(x: Vector, W: Sequence[Matrix], b: Biases = None) -> Vector:
    y = states = x
    for layer, W_l in enumerate(W):
        y = sigmoid(affine(states, W_l, None if b is None else b[layer]))
        states = concat(stop_gradient(states), y)
    return y


@variant("network.layered_skip", "the biases are ignored", source="eq. 1 as printed")
def biases_left_out(x: Vector, W: Sequence[Matrix], b: Biases = None) -> Vector:
    return network.layered_skip(x, W)
