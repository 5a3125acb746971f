"""Worked numbers and questions about feedforward networks."""

from __future__ import annotations

from itertools import product

from nnspec_conformance.golden import golden, refuses
from nnspec_reference import classifier, feature, logic, network, unit
from nnspec_reference.scalars import Matrix, Vector


@golden("X04")
def without_nonlinearity_nothing_is_gained() -> None:
    """WX: what happens without nonlinearity? V(Wx + b) + c is one affine map: XOR stays out of reach."""
    W, b = Matrix((Vector((1, 2)), Vector((-3, 4)), Vector((5, -1)))), Vector((1, -2, 3))
    V, c = Matrix((Vector((2, -1, 3)),)), Vector((7,))
    z = {}
    for bits in product((0, 1), repeat=2):
        z[bits], collapsed = network.linear_composition(Vector(bits), W, V, b, c)
        assert z[bits] == collapsed
    # an affine map cannot have XOR's second difference
    assert z[0, 0][0] - z[0, 1][0] - z[1, 0][0] + z[1, 1][0] == 0
    assert 0 - 1 - 1 + 0 != 0
    hidden = Matrix((Vector((1, 1)), Vector((1, 1)))), Matrix((Vector((1, -2)),)), Vector((0, -1))
    for bits in product((0, 1), repeat=2):
        W1, W2, b1 = hidden
        y = network.deep_feedforward(Vector(bits), (W1, W2), (b1, Vector((0,))), "relu", "identity")
        assert y == (logic.truth_tables(Vector(bits))[2],), "one nonlinearity is enough"


@golden("X12", "E66")
def mlp_of_threshold_units_is_another_network() -> None:
    """L14 asks whether feedforward networks are multi-layer perceptrons; those have threshold units.

    The network of threshold units for XOR is a feedforward network, but no network of sigmoid units has its
    outputs, which are 0 and 1.
    """
    for a, b in product((0, 1), repeat=2):
        h_1, h_2, y = logic.xor_threshold_network(a, b)
        assert (h_1, h_2, y) == (a & b, a | b, a ^ b)
        assert {h_1, h_2, y} <= {0, 1}
        soft, _, _ = network.mlp_softmax(
            Vector((a, b)),
            Matrix((Vector((2, 2)), Vector((2, 2)))),
            Matrix((Vector((-2, 2)),)),
            Vector((-3, -1)),
        )
        assert all(0 < h < 1 for h in soft)


@golden("E61")
def bias_free_networks_are_networks() -> None:
    """G15's y = f(V g(W x)) is L14's network without its biases."""
    x = Vector((1.0, -0.5))
    W, V = (
        Matrix((Vector((0.5, 2.0)), Vector((-1.0, 0.25)), Vector((1.0, 1.0)))),
        Matrix((Vector((1.0, -2.0, 3.0)),)),
    )
    h, y = network.fnn_bias_free(x, W, V, output="softmax")
    assert (h, y) == network.mlp_softmax(x, W, V)[::2]
    zero = Vector((0.0, 0.0, 0.0))
    assert (h, y) == network.mlp_softmax(x, W, V, zero, Vector((0.0,)))[::2]


@golden()
def recurrent_networks_are_those_with_a_cycle() -> None:
    """L14: a recurrent network is "any network that contains a cycle", through h or from its output."""
    net = network.composition_view(
        ("x1", "x2", "h1", "h2", "y"),
        [("x1", "h1"), ("x1", "h2"), ("x2", "h1"), ("x2", "h2"), ("h1", "y"), ("h2", "y")],
    )
    assert net.feedforward and net.fully_connected
    assert net.layers == (("x1", "x2"), ("h1", "h2"), ("y",))
    assert (net.inputs, net.hidden, net.outputs) == (("x1", "x2"), ("h1", "h2"), ("y",))
    skip = network.composition_view(("x", "h", "y"), [("x", "h"), ("h", "y"), ("x", "y")])
    assert skip.feedforward and skip.layers == (("x",), ("h",), ("y",)) and not skip.fully_connected
    elman = network.composition_view(("x", "h", "y"), [("x", "h"), ("h", "h"), ("h", "y")])
    assert not elman.feedforward and elman.layers == () and elman.outputs == ("y",)
    through = network.composition_view(("x", "h", "y"), [("x", "h"), ("h", "y"), ("y", "h")])
    assert not through.feedforward
    assert refuses(network.composition_view, ("x",), [("x", "y")]), "y is no unit"


@golden()
def skip_connections_reach_every_layer_above() -> None:
    """Rumelhart's layered network: with the skip weights at 0 it is the plain chain of sigmoid layers."""
    x = Vector((1.0, -2.0))
    W1, W2 = Matrix((Vector((0.5, 1.0)), Vector((1.0, 1.0)))), Matrix((Vector((2.0, -1.0)),))
    padded = Matrix((Vector((0.0, 0.0, 2.0, -1.0)),))
    chain = network.deep_feedforward(x, (W1, W2), None, "sigmoid", "sigmoid")
    assert network.layered_skip(x, (W1, padded)) == chain
    direct = network.layered_skip(x, (W1, Matrix((Vector((3.0, 4.0, 0.0, 0.0)),))))
    assert direct == (unit.sigmoid_neuron(x, Vector((3.0, 4.0))),)
    assert network.layered_skip(x, ()) == network.deep_feedforward(x, ()) == x


@golden()
def conjunctive_features_and_a_linear_classifier() -> None:
    """WX's example sentence has the feature; of equal scores the first label wins."""
    sentence = ["the", "movie", "was", "not", "all", "that", "good"]
    assert feature.conjunction_indicator(sentence) == 1
    assert feature.conjunction_indicator([w for w in sentence if w != "not"]) == 0
    assert feature.conjunction_indicator([]) == 0
    rows = Matrix((Vector((1, 0)), Vector((0, 2)), Vector((2, 1))))
    assert classifier.linear_argmax(rows, Vector((1, 1))) == ((1, 2, 3), 2)
    assert classifier.linear_argmax(rows, Vector((2, 1))) == ((2, 2, 5), 2)
    assert classifier.linear_argmax(rows, Vector((-2, -1))) == ((-2, -2, -5), 0)
    assert refuses(classifier.linear_argmax, Matrix(()), Vector((1, 1))), "there is no label"
