"""Mistakes in recurrent networks."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import recurrent
from nnspec_reference.recurrent import phi, preactivation, readout
from nnspec_reference.scalars import Matrix, Vector, detach, step, zeros_like


def _elman(
    x: Any,
    h0: Any,
    W: Any,
    U: Any,
    V: Any,
    b_h: Any,
    b_y: Any,
    activation: str,
    relu_grad_at_zero: int,
    output: str,
    remember: Any = lambda h: h,
    weights: Any = lambda t, W, U, b: (W, U, b),
) -> Any:
    """The right network, save for what is remembered of a state and the weights that step t uses."""
    h, hs, ys = h0, [], []
    for t, x_t in enumerate(x):
        W_t, U_t, b_t = weights(t, W, U, b_h)
        h = phi(activation, preactivation(W_t, x_t, U_t, remember(h), b_t), relu_grad_at_zero)
        hs.append(h)
        ys.append(readout(output, V, h, b_y))
    return Matrix(hs), Matrix(ys), h


@variant("recurrent.elman", "every step starts from h0: the state is not carried")
def state_not_carried(h0: Any, **rest: Any) -> Any:
    return _elman(h0=h0, remember=lambda h: h0, **rest)


@variant("recurrent.elman", "U is transposed, as if states were rows", source="E35: L14 writes h * U")
def transposed_recurrence(U: Any, **rest: Any) -> Any:
    return recurrent.elman(U=U.T, **rest)


@variant("recurrent.elman", "the copied hidden layer overwrites the weights", source="E23: DS17, to the letter")
def overwrites_the_weights(h0: Any, **rest: Any) -> Any:
    copied = [h0]

    def remember(h: Any) -> Any:
        copied.append(h)
        return h

    def weights(t: int, W: Any, U: Any, b: Any) -> Any:
        return W, Matrix(copied[-1] for _ in U) if t else U, b

    return _elman(h0=h0, remember=remember, weights=weights, **rest)


@variant("recurrent.elman", "y_t is computed from h_{t−1}")
def output_lags(h0: Any, V: Any, b_y: Any, output: str, **rest: Any) -> Any:
    h, _, h_T = recurrent.elman(h0=h0, V=V, b_y=b_y, output=output, **rest)
    before = [h0, *h][: len(h)]
    return h, Matrix(readout(output, V, h_t, b_y) for h_t in before), h_T


@variant("recurrent.elman", "the hidden bias is added after the activation")
def bias_after_activation(b_h: Any, **rest: Any) -> Any:
    def shifted(h: Any) -> Any:
        return h if b_h is None else h + b_h

    h0 = rest.pop("h0")
    x, W, U, V, b_y = (rest[n] for n in ("x", "W", "U", "V", "b_y"))
    h, hs, ys = h0, [], []
    for x_t in x:
        h = shifted(phi(rest["activation"], W @ x_t + U @ h, rest["relu_grad_at_zero"]))
        hs.append(h)
        ys.append(readout(rest["output"], V, h, b_y))
    return Matrix(hs), Matrix(ys), h


@variant("recurrent.elman", "the first step has no bias", source="mlx #3252, of the GRU")
def first_step_without_bias(**given: Any) -> Any:
    return _elman(weights=lambda t, W, U, b: (W, U, b if t else None), **given)


@variant("recurrent.elman", "the output has no bias")
def output_without_bias(b_y: Any, **rest: Any) -> Any:
    return recurrent.elman(b_y=None, **rest)


@variant("recurrent.elman", "h_T is the state before the last step")
def final_state_one_early(h0: Any, **rest: Any) -> Any:
    h, y, _ = recurrent.elman(h0=h0, **rest)
    return h, y, [h0, *h][max(0, len(h) - 1)]


@variant("recurrent.elman", "no gradient flows from a state to the one before", source="AllenNLP #2530")
def detached_state(**given: Any) -> Any:
    return _elman(remember=detach, **given)


@variant("recurrent.elman", "the gradient of the weights is that of the last step alone", source="Flux.jl #2185")
def last_step_gradient(x: Any, **rest: Any) -> Any:
    def weights(t: int, W: Any, U: Any, b: Any) -> Any:
        return (W, U, b) if t == len(x) - 1 else (detach(W), detach(U), None if b is None else detach(b))

    return _elman(x=x, weights=weights, **rest)


@variant("recurrent.elman", "the bias gradient misses the first step")
def bias_gradient_misses_a_step(**given: Any) -> Any:
    def weights(t: int, W: Any, U: Any, b: Any) -> Any:
        return W, U, b if t or b is None else detach(b)

    return _elman(weights=weights, **given)


@variant("recurrent.elman", "the gradient that arrives at h_T is dropped")
def final_state_without_gradient(**given: Any) -> Any:
    h, y, h_T = recurrent.elman(**given)
    return h, y, detach(h_T)


@variant("recurrent.elman", "ReLU' at 0 follows the other convention", source="E09")
def other_relu_slope(relu_grad_at_zero: int, **rest: Any) -> Any:
    return recurrent.elman(relu_grad_at_zero=1 - relu_grad_at_zero, **rest)


@gradient_variant("recurrent.elman", "the initial state gets no gradient", source="student error S5")
def no_gradient_of_h0(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, "h0": zeros_like(gradients["h0"])}


@gradient_variant("recurrent.elman", "Ū is transposed: Σ h_{t−1} δ_tᵀ")
def recurrent_gradient_transposed(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, "U": gradients["U"].T}


# --------------------------------------------------------------------------------- other forward equations
@variant("recurrent.forward_algorithm", "h_0 is 1")
def starts_at_one(x: Any, W: Any, U: Any, V: Any, g: str, f: str) -> Any:
    one = Vector([1] * len(U))
    return recurrent.elman(x, one, W, U, V, activation=g, output=f)[1]


@variant("recurrent.forward_algorithm", "y_i is computed from h_{i−1}")
def output_of_the_state_before(x: Any, W: Any, U: Any, V: Any, g: str, f: str) -> Any:
    zero = Vector([0] * len(U))
    h = recurrent.elman(x, zero, W, U, V, activation=g)[0]
    return Matrix(readout(f, V, h_i) for h_i in [zero, *h][: len(h)])


@variant("recurrent.forward_algorithm", "a feedforward network: U is not used", source="P51")
def no_recurrence(U: Any, **rest: Any) -> Any:
    return recurrent.forward_algorithm(U=zeros_like(U), **rest)


@variant("recurrent.forward_algorithm", "the hidden layer is σ whatever g is", source="E35: G15's form")
def always_logistic(g: str, **rest: Any) -> Any:
    return recurrent.forward_algorithm(g="sigmoid", **rest)


@variant("recurrent.first_step_bias", "the first bias is added to the usual one")
def both_biases(b: Any, b_first: Any, **rest: Any) -> Any:
    return recurrent.first_step_bias(b=b, b_first=b_first + b, **rest)


@variant("recurrent.first_step_bias", "the first bias is ignored: h_0 = 0", source="E79: L14's convention")
def zero_state_instead(b: Any, b_first: Any, **rest: Any) -> Any:
    return recurrent.first_step_bias(b=b, b_first=b, **rest)


@variant("recurrent.first_step_bias", "the first bias is used at every step")
def first_bias_everywhere(b: Any, b_first: Any, **rest: Any) -> Any:
    return recurrent.first_step_bias(b=b_first, b_first=b_first, **rest)


@gradient_variant("recurrent.first_step_bias", "b gets the first step's gradient too")
def bias_gets_the_first_step(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, "b": gradients["b"] + gradients["b_first"]}


@variant("recurrent.univariate", "the recurrence is from the output", source="E58: Jordan's network")
def output_recurrence(
    x: Any, h0: Any, u: Any, v: Any, w: Any, b_h: Any, b_y: Any, activation: str, relu_grad_at_zero: int
) -> Any:
    fed, h, hs, ys = h0, h0, [], []
    for x_t in x:
        z, r = u * x_t + w * fed, None
        h = phi(activation, z if b_h is None else z + b_h, relu_grad_at_zero)
        r = v * h
        fed = phi(activation, r if b_y is None else r + b_y, relu_grad_at_zero)
        hs.append(h)
        ys.append(fed)
    return Vector(hs), Vector(ys), h


@variant("recurrent.univariate", "u and w are exchanged")
def weights_exchanged(u: Any, w: Any, **rest: Any) -> Any:
    return recurrent.univariate(u=w, w=u, **rest)


@variant("recurrent.univariate", "the output unit is linear")
def linear_output(v: Any, b_y: Any, **rest: Any) -> Any:
    h, _, h_T = recurrent.univariate(v=v, b_y=b_y, **rest)
    return h, h.map(lambda h_t: v * h_t if b_y is None else v * h_t + b_y), h_T


@variant("recurrent.univariate", "no gradient flows from a state to the one before", source="AllenNLP #2530")
def detached_unit(**given: Any) -> Any:
    x, h0 = given.pop("x"), given.pop("h0")
    h, hs, ys = h0, [], []
    for t in range(len(x)):
        h_t, y_t, h = recurrent.univariate(x=x[t : t + 1], h0=detach(h), **given)
        hs.append(h_t[0])
        ys.append(y_t[0])
    return Vector(hs), Vector(ys), h


@variant("recurrent.unroll", "all layers use the first one's weights: they are tied", source="P48")
def tied_weights(W: Any, U: Any, b: Any, **rest: Any) -> Any:
    k = len(W)
    return recurrent.unroll(W=W[:1] * k, U=U[:1] * k, b=None if b is None else b[:1] * k, **rest)


@variant("recurrent.unroll", "the layers' recurrent weights are taken in reverse order")
def reversed_layers(U: Any, **rest: Any) -> Any:
    return recurrent.unroll(U=tuple(reversed(U)), **rest)


@variant("recurrent.unroll", "only the first layer has an input")
def one_input(x: Any, **rest: Any) -> Any:
    return recurrent.unroll(x=Matrix([x[0], *(zeros_like(x_l) for x_l in x[1:])]), **rest)


@gradient_variant("recurrent.unroll", "every layer's W gets the sum that is the tied weight's gradient")
def tied_gradient(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    tied = gradients["W"][0]
    for W_bar in gradients["W"][1:]:
        tied = tied + W_bar
    return {**gradients, "W": tuple(tied for _ in gradients["W"])}


@variant("recurrent.hidden_as_memory", "a product with U too many")
def one_step_too_many(x: Any, U: Any, **rest: Any) -> Any:
    influence = recurrent.hidden_as_memory(x=x, U=U, **rest)
    return tuple(U @ J for J in influence)


@variant("recurrent.hidden_as_memory", "U is transposed in the product")
def memory_through_the_transpose(**given: Any) -> Any:
    return _memory(lambda through, phi_prime, U: Matrix(row * phi_prime for row in through) @ U.T, **given)


@variant("recurrent.hidden_as_memory", "the activation's slope is left out: U^{T−s} W")
def linear_memory(activation: str, **rest: Any) -> Any:
    x, W, U = rest["x"], rest["W"], rest["U"]
    J, found = W, []
    for _ in x:
        found.append(J)
        J = U @ J
    return tuple(reversed(found))


@variant("recurrent.hidden_as_memory", "the influences are listed from the last input to the first")
def memory_backwards(**given: Any) -> Any:
    return tuple(reversed(recurrent.hidden_as_memory(**given)))


def _memory(step_back: Any, **given: Any) -> Any:
    x, h, W, U, b = (given[n] for n in ("x", "h0", "W", "U", "b"))
    activation, grad_at_zero = given["activation"], given["relu_grad_at_zero"]
    zs = []
    for x_t in x:
        zs.append(preactivation(W, x_t, U, h, b))
        h = phi(activation, zs[-1])
    through = Matrix(Vector(int(i == j) for j in range(len(U))) for i in range(len(U)))
    found = []
    for z in reversed(zs):
        phi_prime = recurrent.slope(activation, z, grad_at_zero)
        found.append(Matrix(row * phi_prime for row in through) @ W)
        through = step_back(through, phi_prime, U)
    return tuple(reversed(found))


@variant("recurrent.parity_rnn", "the recurrence is from the hidden OR unit", source="E58")
def hidden_recurrence(x: Any, y0: Any) -> Any:
    fed, y, found = y0, y0, []
    for x_t in x:
        h1, h2 = step(2 * x_t + 2 * fed - 3), step(2 * x_t + 2 * fed - 1)
        y, fed = step(2 * h2 - 2 * h1 - 1), h2
        found.append((h1, h2, y))
    h1s, h2s, ys = (Vector(f[i] for f in found) for i in range(3))
    return h1s, h2s, ys, y


@variant("recurrent.parity_rnn", "AND and OR change places")
def hidden_units_exchanged(x: Any, y0: Any) -> Any:
    h1, h2, y, parity = recurrent.parity_rnn(x, y0)
    return h2, h1, y, parity


@variant("recurrent.parity_rnn", "the bit before the sequence is ignored")
def always_starts_even(x: Any, y0: Any) -> Any:
    return recurrent.parity_rnn(x, 0 * y0)


@variant("recurrent.parity_rnn", "no memory: each bit is combined with the bit before", source="P131")
def two_bit_window(x: Any, y0: Any) -> Any:
    before = [y0, *x][: len(x)]
    parts = [recurrent.parity_rnn(Vector([x_t]), b) for x_t, b in zip(x, before, strict=True)]
    h1, h2, y = (Vector(part[i][0] for part in parts) for i in range(3))
    return h1, h2, y, y[-1] if parts else y0
