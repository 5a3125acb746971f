"""Mistakes in sequence architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnspec_conformance.variants import Gradients, gradient_variant, variant
from nnspec_reference import scalars, sequence
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    argmax,
    concat,
    detach,
    exp,
    relu,
    sigmoid,
    softmax,
    tanh,
    total,
)


def _plus(z: Vector, b: Vector | None) -> Vector:
    return z if b is None else z + b


def _elman(x: Any, h0: Any, W: Any, U: Any, b: Any) -> list[Any]:
    """h_0 … h_T."""
    h = [h0]
    for x_t in x:
        h.append(tanh(_plus(W @ x_t + U @ h[-1], b)))
    return h


def _classify(h: Any, classifier: Sequence[Any], hidden: Any = sigmoid) -> Any:
    """The scores of the feedforward classifier."""
    W_1, b_1, W_2, b_2 = classifier
    return _plus(W_2 @ hidden(W_1 @ h + b_1), b_2)


# -------------------------------------------------------------------------------------------------- stacked
@variant("sequence.stacked_rnn", "a layer reads the one below one step late")
def late_layers(x: Any, W: Any, U: Any, h0: Any, b: Any = None, activation: str = "tanh") -> Any:
    h = x
    for n in range(len(W)):
        below = h if n == 0 else (h0[n - 1], *h[:-1])[: len(h)]
        bias = None if b is None else [b[n]]
        h = sequence.stacked_rnn(Matrix(below), [W[n]], [U[n]], [h0[n]], bias, activation)
    return h


@variant("sequence.stacked_rnn", "every layer above the first starts from 0")
def zero_start_above(x: Any, W: Any, U: Any, h0: Any, b: Any = None, activation: str = "tanh") -> Any:
    start = [h if n == 0 else h * 0 for n, h in enumerate(h0)]
    return sequence.stacked_rnn(x, W, U, start, b, activation)


@variant("sequence.stacked_rnn", "U is transposed")
def transposed_recurrence(x: Any, W: Any, U: Any, h0: Any, b: Any = None, activation: str = "tanh") -> Any:
    return sequence.stacked_rnn(x, W, [u.T for u in U], h0, b, activation)


@variant("sequence.stacked_rnn", "the activation is tanh whatever is asked for")
def always_tanh(x: Any, W: Any, U: Any, h0: Any, b: Any = None, activation: str = "tanh") -> Any:
    return sequence.stacked_rnn(x, W, U, h0, b)


@gradient_variant("sequence.stacked_rnn", "only the first layer's bias has a gradient", source="MXNet #17872")
def biases_above_stay(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    if "b" not in gradients:
        return gradients
    b = [g if n == 0 else scalars.zeros_like(g) for n, g in enumerate(gradients["b"])]
    return {**gradients, "b": b}


# -------------------------------------------------------------------------------------------- bidirectional
def _both(
    x: Any, h0_f: Any, h0_b: Any, W_f: Any, U_f: Any, W_b: Any, U_b: Any, b_f: Any, b_b: Any
) -> tuple[list[Any], list[Any]]:
    return _elman(x, h0_f, W_f, U_f, b_f), _elman(reversed(x), h0_b, W_b, U_b, b_b)


@variant(
    "sequence.birnn",
    "the backward states are not flipped back",
    source="Keras #1001",
)
def not_flipped_back(**w: Any) -> Any:
    f, b = _both(**w)
    return Matrix(map(concat, f[1:], b[1:])), f[-1], b[-1]


@variant("sequence.birnn", "the backward network reads from the start, too")
def both_forward(x: Any, h0_f: Any, h0_b: Any, W_f: Any, U_f: Any, W_b: Any, U_b: Any, b_f: Any, b_b: Any) -> Any:
    f, b = _elman(x, h0_f, W_f, U_f, b_f), _elman(x, h0_b, W_b, U_b, b_b)
    return Matrix(map(concat, f[1:], b[1:])), f[-1], b[-1]


@variant("sequence.birnn", "the halves stand in the order [backward ; forward]")
def halves_exchanged(**w: Any) -> Any:
    f, b = _both(**w)
    return Matrix(map(concat, b[:0:-1], f[1:])), f[-1], b[-1]


@variant("sequence.birnn", "the backward state at position n passes for the final one", source="E76")
def backward_state_at_the_end(**w: Any) -> Any:
    h, h_n, _ = sequence.birnn(**w)
    return h, h_n, _both(**w)[1][min(1, len(w["x"]))]


@variant("sequence.birnn", "each half leaves out the word at its own position")
def exclusive_contexts(**w: Any) -> Any:
    f, b = _both(**w)
    return Matrix(map(concat, f[:-1], b[-2::-1])), f[-1], b[-1]


@variant("sequence.birnn", "the backward network's gradient of x is not added", source="mlpack #1742")
def backward_gradient_lost(
    x: Any, h0_f: Any, h0_b: Any, W_f: Any, U_f: Any, W_b: Any, U_b: Any, b_f: Any, b_b: Any
) -> Any:
    f, b = _elman(x, h0_f, W_f, U_f, b_f), _elman(reversed(detach(x)), h0_b, W_b, U_b, b_b)
    return Matrix(map(concat, f[1:], b[:0:-1])), f[-1], b[-1]


@gradient_variant("sequence.birnn", "no gradient of the backward network's initial state")
def backward_start_is_constant(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "h0_b": scalars.zeros_like(gradients["h0_b"])}


_FNN = ("W_1", "b_1", "W_2", "b_2")


def _split(w: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The recurrent part's arguments, and the classifier's."""
    return {n: v for n, v in w.items() if n not in _FNN}, [w.get(n) for n in _FNN]


@variant("sequence.birnn_classifier", "reads the backward network at position n", source="E76")
def reads_the_last_position(**w: Any) -> Any:
    recurrent, classifier = _split(w)
    f, b = _both(**recurrent)
    return softmax(_classify(concat(f[-1], b[min(1, len(w["x"]))]), classifier))


@variant("sequence.birnn_classifier", "returns scores, not probabilities")
def birnn_scores(**w: Any) -> Any:
    recurrent, classifier = _split(w)
    f, b = _both(**recurrent)
    return _classify(concat(f[-1], b[-1]), classifier)


@variant("sequence.birnn_classifier", "the hidden layer is tanh")
def birnn_tanh_classifier(**w: Any) -> Any:
    recurrent, classifier = _split(w)
    f, b = _both(**recurrent)
    return softmax(_classify(concat(f[-1], b[-1]), classifier, hidden=tanh))


@variant("sequence.birnn_classifier", "reads [backward ; forward]")
def birnn_reversed_features(**w: Any) -> Any:
    recurrent, classifier = _split(w)
    f, b = _both(**recurrent)
    return softmax(_classify(concat(b[-1], f[-1]), classifier))


# ----------------------------------------------------------------------------------- classifying and tagging
def _classifier_states(w: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    recurrent, classifier = _split(w)
    return _elman(**recurrent), classifier


@variant("sequence.rnn_classifier", "classifies the mean of the states")
def mean_pooling(**w: Any) -> Any:
    h, classifier = _classifier_states(w)
    states = h[1:] or h
    return softmax(_classify(total(states) / len(states), classifier))


@variant("sequence.rnn_classifier", "classifies the first state")
def first_state(**w: Any) -> Any:
    h, classifier = _classifier_states(w)
    return softmax(_classify((h[1:] or h)[0], classifier))


@variant("sequence.rnn_classifier", "misses the last word")
def last_word_unread(**w: Any) -> Any:
    h, classifier = _classifier_states(w)
    return softmax(_classify((h[:-1] or h)[-1], classifier))


@variant("sequence.rnn_classifier", "returns scores, not probabilities")
def scores(**w: Any) -> Any:
    h, classifier = _classifier_states(w)
    return _classify(h[-1], classifier)


@variant("sequence.rnn_classifier", "the hidden layer is a ReLU")
def relu_classifier(**w: Any) -> Any:
    h, classifier = _classifier_states(w)
    return softmax(_classify(h[-1], classifier, hidden=relu))


@variant(
    "sequence.rnn_classifier",
    "the error stops at the last step",
    source="a backward pass that ends at the classifier",
)
def error_stops_at_the_end(**w: Any) -> Any:
    recurrent, classifier = _split(w)
    x = recurrent.pop("x")
    early = detach(x[:-1])
    constants = {n: detach(v) for n, v in recurrent.items()}
    h = _elman(early, **constants)[-1]
    return softmax(_classify(_elman(x[-1:], **{**recurrent, "h0": h})[-1], classifier))


@gradient_variant("sequence.rnn_classifier", "no gradient reaches the words")
def words_without_gradient(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "x": scalars.zeros_like(gradients["x"])}


def _tagger_scores(x: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any = None) -> list[Any]:
    return [_plus(V @ h_t, b_y) for h_t in _elman(x, h0, W, U, b)[1:]]


def _tags(z: list[Any]) -> list[int]:
    return [argmax(z_t) for z_t in z]


@variant("sequence.rnn_tagger", "a tie goes to the highest index")
def last_of_equals(**w: Any) -> Any:
    p, _ = sequence.rnn_tagger(**w)
    return p, [len(z_t) - 1 - argmax(reversed(z_t)) for z_t in _tagger_scores(**w)]


@variant("sequence.rnn_tagger", "tags come one step late: from h_{t−1}")
def one_step_late(x: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any = None) -> Any:
    z = [_plus(V @ h_t, b_y) for h_t in _elman(x, h0, W, U, b)[:-1]]
    return Matrix(softmax(z_t) for z_t in z), _tags(z)


@variant("sequence.rnn_tagger", "the softmax runs over time", source="Softmax(dim=0), E20")
def normalised_over_time(**w: Any) -> Any:
    z = _tagger_scores(**w)
    p = Matrix(softmax(column) for column in Matrix(z).T).T if z else Matrix()
    return p, _tags(z)


@variant("sequence.rnn_tagger", "the least likely tag")
def argmin(**w: Any) -> Any:
    p, _ = sequence.rnn_tagger(**w)
    return p, _tags([-z_t for z_t in _tagger_scores(**w)])


@variant("sequence.rnn_tagger", "the states do not recur: each word is tagged alone")
def no_recurrence(x: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any = None) -> Any:
    return sequence.rnn_tagger(x, h0, W, U * 0, b, V, b_y)


# --------------------------------------------------------------------------------------------- translating
def _seq2seq(
    x: Any,
    n: Any,
    h0: Any,
    end: Any,
    W_e: Any,
    U_e: Any,
    b_e: Any,
    W_d: Any,
    U_d: Any,
    b_d: Any,
    V: Any,
    b_y: Any,
    y: Any,
    stop: Any,
    reverse: bool = False,
    *,
    read: Any = lambda words, end: [*words, end],
    start: Any = None,
    first: Any = None,
    forced: bool = True,
    peek: bool = False,
    stops: bool = True,
) -> Any:
    """`sequence.seq2seq` with one habit changed."""
    words = list(x[:n])
    s_1 = _elman(read(words[::-1] if reverse else words, end), h0, W_e, U_e, b_e)[-1]
    if start is not None:
        s_1 = start(s_1)

    def step(s: Any, word: int) -> Any:
        return tanh(Vector(row[word] for row in W_d) + U_d @ s + b_d)

    def scored(feed: Any) -> tuple[list[Any], list[int]]:
        s, scores = s_1, []
        own: list[int] = []
        if first is not None:
            s = step(s, first(stop))
        for t in range(len(y)):
            if t or peek:
                s = step(s, feed(t, own))
            z = V @ s + b_y
            scores.append(z - scalars.log(total(exp(z))))
            own.append(stop if stops and own and own[-1] == stop else argmax(z))
        return scores, own

    own_scores, own = scored(lambda t, own: own[t - 1] if t else y[0])
    gold_scores, _ = scored(lambda t, _: y[t if peek else t - 1])
    chosen = gold_scores if forced else own_scores
    return Vector(z[y_t] for z, y_t in zip(chosen, y, strict=True)), own


@variant("sequence.seq2seq", "the encoder does not read the end token")
def end_token_unread(**w: Any) -> Any:
    return _seq2seq(**w, read=lambda words, end: words)


@variant("sequence.seq2seq", "the end token is read first")
def end_token_first(**w: Any) -> Any:
    return _seq2seq(**w, read=lambda words, end: [end, *words])


@variant("sequence.seq2seq", "the padding of the sentence is read, too", source="Keras #4192")
def padding_read(**w: Any) -> Any:
    return _seq2seq(**{**w, "n": len(w["x"])})


@variant("sequence.seq2seq", "`reverse` is ignored")
def never_reversed(**w: Any) -> Any:
    return _seq2seq(**{**w, "reverse": False})


@variant("sequence.seq2seq", "the decoder starts from 0")
def decoder_from_zero(**w: Any) -> Any:
    return _seq2seq(**w, start=lambda s: s * 0)


@variant("sequence.seq2seq", "no gradient reaches the encoder")
def encoder_untrained(**w: Any) -> Any:
    frozen = {n: detach(w[n]) for n in ("x", "h0", "end", "W_e", "U_e", "b_e")}
    return _seq2seq(**{**w, **frozen})


@variant(
    "sequence.seq2seq",
    "y_1 comes one step after the end token, from the stop token as input",
    source="L14, GNMT",
)
def one_step_after(**w: Any) -> Any:
    return _seq2seq(**w, first=lambda stop: stop)


@variant("sequence.seq2seq", "the decoder is fed its own words while it is scored")
def no_teacher(**w: Any) -> Any:
    return _seq2seq(**w, forced=False)


@variant("sequence.seq2seq", "the decoder sees the word that it is to predict")
def answer_given_away(**w: Any) -> Any:
    return _seq2seq(**w, peek=True)


@variant("sequence.seq2seq", "the greedy translation goes on after the stop token")
def never_stops(**w: Any) -> Any:
    return _seq2seq(**w, stops=False)


# ---------------------------------------------------------------------------------------- language modelling
def _model(inputs: Any, w: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any) -> Any:
    """log p and p of the words w where `inputs` are read (an input of −1 is the zero vector)."""
    zs = []
    h = h0
    for word in inputs:
        column = b * 0 if word < 0 else Vector(row[word] for row in W)
        h = tanh(column + U @ h + b)
        zs.append(V @ h + b_y)
    log_p = [z[k] - scalars.log(total(exp(z))) for z, k in zip(zs, w, strict=True)]
    return Vector(log_p), Matrix(softmax(z) for z in zs)


@variant("sequence.rnn_language_model", "the model reads the word that it is to predict")
def unshifted(w: Any, **model: Any) -> Any:
    return _model(w, w, **model)


@variant("sequence.rnn_language_model", "the first input is 0, there is no start token")
def no_start_token(w: Any, **model: Any) -> Any:
    return _model([-1, *w][: len(w)], w, **model)


@variant("sequence.rnn_language_model", "word 0 is the start token")
def word_zero_starts(w: Any, **model: Any) -> Any:
    return _model([0, *w][: len(w)], w, **model)


@variant("sequence.rnn_language_model", "the model is fed its likeliest word, not the text's")
def free_running(w: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any) -> Any:
    inputs = [len(V)]
    while len(inputs) < len(w):
        _, p = _model(inputs, w[: len(inputs)], h0, W, U, b, V, b_y)
        inputs.append(argmax(p[-1]))
    return _model(inputs[: len(w)], w, h0, W, U, b, V, b_y)


@variant("sequence.rnn_language_model", "the state is not carried from word to word", source="a bigram model")
def no_memory(w: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any) -> Any:
    return sequence.rnn_language_model(w, h0, W, U * 0, b, V, b_y)


@variant("sequence.rnn_language_model", "log p is negated: a loss")
def negated(w: Any, **model: Any) -> Any:
    log_p, p = sequence.rnn_language_model(w, **model)
    return -log_p, p


@gradient_variant("sequence.rnn_language_model", "the start token's column has no gradient")
def start_column_frozen(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "W": Matrix(concat(row[:-1], [0]) for row in gradients["W"])}


@gradient_variant("sequence.rnn_language_model", "every column of W gets the sum of all columns' gradients")
def columns_not_told_apart(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {**gradients, "W": Matrix(Vector(total(row) for _ in row) for row in gradients["W"])}


@variant("sequence.teacher_forcing", "the inputs are the targets")
def not_shifted(w: Any, start: Any) -> Any:
    return list(w)


@variant("sequence.teacher_forcing", "shifted the other way: the next token", source="np.roll(w, -1)")
def shifted_ahead(w: Any, start: Any) -> Any:
    return [*w, start][1:]


@variant(
    "sequence.teacher_forcing",
    "the sequence is rotated: the last token is the first input",
    source="np.roll(w, 1)",
)
def rotated(w: Any, start: Any) -> Any:
    return [*w[-1:], *w[:-1]]


@variant("sequence.teacher_forcing", "the first token is dropped, not the last")
def first_token_dropped(w: Any, start: Any) -> Any:
    return [start, *w[1:]]


def _sample(
    u: Any,
    h0: Any,
    W: Any,
    U: Any,
    b: Any,
    V: Any,
    b_y: Any,
    stop: Any,
    *,
    choose: Any,
    stops: bool = True,
    feeds: bool = True,
) -> list[int]:
    h, word, words = h0, len(V), []
    given = len(V)
    for u_t in u:
        if not (stops and word == stop):
            h = tanh(Vector(row[given] for row in W) + U @ h + b)
            word = choose(softmax(V @ h + b_y), u_t)
        given = word if feeds else given
        words.append(word)
    return words


def _inverse(p: Any, u: Any) -> int:
    below: Any = 0
    for k, p_k in enumerate(p):
        below = below + p_k
        if u < below:
            return k
    return len(p) - 1


@variant("sequence.autoregressive_sampling", "the likeliest word, not a sample")
def always_the_mode(**w: Any) -> Any:
    return _sample(**w, choose=lambda p, u: argmax(p))


@variant("sequence.autoregressive_sampling", "the sample is drawn from the upper end: 1 − u")
def mirrored_draw(**w: Any) -> Any:
    return _sample(**w, choose=lambda p, u: _inverse(p, 1 - u))


@variant("sequence.autoregressive_sampling", "the word before, by an off-by-one in the partial sums")
def exclusive_sums(**w: Any) -> Any:
    return _sample(**w, choose=lambda p, u: max(_inverse(p, u) - 1, 0))


@variant("sequence.autoregressive_sampling", "the drawn word is not fed back")
def not_fed_back(**w: Any) -> Any:
    return _sample(**w, choose=_inverse, feeds=False)


@variant("sequence.autoregressive_sampling", "sampling goes on after the stop token")
def goes_on(**w: Any) -> Any:
    return _sample(**w, choose=_inverse, stops=False)


@variant("sequence.autoregressive_sampling", "the words are drawn uniformly")
def uniform_words(**w: Any) -> Any:
    return _sample(**w, choose=lambda p, u: _inverse((p * 0 + 1) / len(p), u))


@variant("sequence.reverse_input", "the sequence is rotated by one: x_n, x_1, …, x_{n−1}")
def input_rotated(x: Any) -> Any:
    turned, lag = sequence.reverse_input(x)
    return Matrix([*turned[:1], *x[: len(x) - 1]]), lag


@variant("sequence.reverse_input", "the entries of each vector are reversed, not the steps")
def reversed_features(x: Any) -> Any:
    return Matrix(Vector(reversed(x_t)) for x_t in x), sequence.reverse_input(x)[1]


@variant("sequence.reverse_input", "the lags are those of the input that is not reversed: n")
def lags_not_reversed(x: Any) -> Any:
    return sequence.reverse_input(x)[0], tuple(len(x) for _ in x)


@gradient_variant("sequence.reverse_input", "the gradient stays in the order of the reversed input")
def gradient_not_reversed(gradients: Gradients, arguments: Mapping[str, Any]) -> Gradients:
    return {"x": Matrix(reversed(gradients["x"]))}
