"""Sequence architectures: recurrent networks stacked, bidirectional, and put to use (ledger section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnspec_reference.catalogue import algorithm, choice, data, equation, flag, index, parameter, real
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    argmax,
    concat,
    detach,
    exp,
    gate_sigmoid,
    largest,
    log,
    relu,
    sigmoid,
    softmax,
    tanh,
    total,
)

_ACTIVATIONS = {"tanh": tanh, "sigmoid": gate_sigmoid, "relu": relu, "identity": lambda z: z}


def _plus(z: Vector, b: Vector | None) -> Vector:
    """z + b, where the bias is optional."""
    return z if b is None else z + b


def _elman(x: Iterable[Vector], h0: Vector, W: Matrix, U: Matrix, b: Vector | None, g: Any = tanh) -> list[Vector]:
    """The hidden states h_0, h_1, …, h_T of h_t = g(W x_t + U h_{t−1} + b)."""
    h = [h0]
    for x_t in x:
        h.append(g(_plus(W @ x_t + U @ h[-1], b)))
    return h


def _log_softmax(z: Vector) -> Vector:
    """log softmax(z), shifted by the largest score."""
    m = detach(largest(z))
    log_Z = log(total(z.map(lambda z_k: exp(z_k - m))))
    return z.map(lambda z_k: z_k - m - log_Z)


def _feedforward(h: Vector, W_1: Matrix, b_1: Vector, W_2: Matrix, b_2: Vector | None) -> Vector:
    """L14's feedforward classifier: softmax(W_2 σ(W_1 h + b_1) + b_2)."""
    return softmax(_plus(W_2 @ (W_1 @ h + b_1).map(sigmoid), b_2))


# --------------------------------------------------------------------------------- stacked and bidirectional
@equation(
    data("x", "T n[0]"),
    parameter("W", "n[l+1] n[l]", each="L"),
    parameter("U", "n[l+1] n[l+1]", each="L"),
    data("h0", "n[l+1]", each="L"),
    parameter("b", "n[l+1]", each="L", optional=True),
    options=[choice("activation", "tanh", "sigmoid", "relu", "identity")],
    results=[real("h", "T n[L]")],
    time="T",
    least={"L": 0},
)
def stacked_rnn(x: Any, W: Any, U: Any, h0: Any, b: Any = None, activation: str = "tanh") -> Any:
    """Stacked RNN: the entire output sequence of one network is the input sequence of the next.

        h_t^{(0)} = x_t
        h_t^{(l)} = g(W^{(l)} h_t^{(l−1)} + U^{(l)} h_{t−1}^{(l)} + b^{(l)})

    "Why not use the entire sequence of outputs from one RNN as the input of another?" (X15): nothing is
    against it, and this is it. The output of a layer is its sequence of hidden states; widths may differ;
    without a layer the result is x.

    Source: L14 "STACKED RNN".
    """
    h = x
    for layer in range(len(W)):
        bias = None if b is None else b[layer]
        h = Matrix(_elman(h, h0[layer], W[layer], U[layer], bias, _ACTIVATIONS[activation])[1:])
    return h


_BIRNN = (
    data("x", "T D"),
    data("h0_f", "H"),
    data("h0_b", "K"),
    parameter("W_f", "H D"),
    parameter("U_f", "H H"),
    parameter("W_b", "K D"),
    parameter("U_b", "K K"),
    parameter("b_f", "H"),
    parameter("b_b", "K"),
)


def _birnn(x: Any, h0_f: Any, h0_b: Any, W_f: Any, U_f: Any, W_b: Any, U_b: Any, b_f: Any, b_b: Any) -> Any:
    """The forward states h_0…h_n and the backward states h_{n+1}…h_1."""
    return _elman(x, h0_f, W_f, U_f, b_f), _elman(reversed(x), h0_b, W_b, U_b, b_b)


@equation(
    *_BIRNN,
    results=[real("h", "T H+K"), real("h_n", "H"), real("h_1", "K")],
    time="T",
)
def birnn(x: Any, h0_f: Any, h0_b: Any, W_f: Any, U_f: Any, W_b: Any, U_b: Any, b_f: Any, b_b: Any) -> Any:
    """Bidirectional RNN: two independent networks, one from start to end, one from end to start.

        h_t^f = tanh(W_f x_t + U_f h_{t−1}^f + b_f)     t = 1 … n     the context on the left, x_1 … x_t
        h_t^b = tanh(W_b x_t + U_b h_{t+1}^b + b_b)     t = n … 1     the context on the right, x_t … x_n
        h_t   = [h_t^f ; h_t^b]

    One slide says that the outputs are "combined", the next that they are concatenated (E76): concatenated.
    The backward states stand at the position that they describe, so the last one computed is h_1^b; it is
    returned beside h_n^f. `h0_b` is the state h_{n+1}^b from which the backward network starts. n = 0 returns
    the initial states.

    Source: L14 "BIDIRECTIONAL RNN (BI-RNN)", "BI-RNN".
    Errata: E76.
    """
    forward, backward = _birnn(x, h0_f, h0_b, W_f, U_f, W_b, U_b, b_f, b_b)
    pairs = zip(forward[1:], reversed(backward[1:]), strict=True)
    return Matrix(concat(f, b) for f, b in pairs), forward[-1], backward[-1]


@equation(
    *_BIRNN,
    parameter("W_1", "M H+K"),
    parameter("b_1", "M"),
    parameter("W_2", "C M"),
    parameter("b_2", "C", optional=True),
    results=[real("y", "C")],
    time="T",
)
def birnn_classifier(
    x: Any,
    h0_f: Any,
    h0_b: Any,
    W_f: Any,
    U_f: Any,
    W_b: Any,
    U_b: Any,
    b_f: Any,
    b_b: Any,
    W_1: Any,
    b_1: Any,
    W_2: Any,
    b_2: Any = None,
) -> Any:
    """Sequence classification from both ends.

        y = FFN([h_n^f ; h_1^b])        FFN(h) = softmax(W_2 σ(W_1 h + b_1) + b_2)

    The final state of the backward network is the one at position 1 (E76); at position n it has seen x_n
    alone.

    Source: L14 "BI-RNN".
    Errata: E76.
    """
    forward, backward = _birnn(x, h0_f, h0_b, W_f, U_f, W_b, U_b, b_f, b_b)
    return _feedforward(concat(forward[-1], backward[-1]), W_1, b_1, W_2, b_2)


# ---------------------------------------------------------------------------------- classifying and tagging
@equation(
    data("x", "T D"),
    data("h0", "H"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("b", "H"),
    parameter("W_1", "M H"),
    parameter("b_1", "M"),
    parameter("W_2", "C M"),
    parameter("b_2", "C", optional=True),
    results=[real("y", "C")],
    time="T",
)
def rnn_classifier(x: Any, h0: Any, W: Any, U: Any, b: Any, W_1: Any, b_1: Any, W_2: Any, b_2: Any = None) -> Any:
    """Sequence classification: an RNN, and a feedforward classifier on its last hidden state.

        h_t = tanh(W x_t + U h_{t−1} + b)
        y   = FFN(h_n)                  FFN(h) = softmax(W_2 σ(W_1 h + b_1) + b_2)

    No loss is attached to the words before the last; the error reaches each of them through h_n. L14 lists V
    among the three matrices that it reaches; a network that is read at its last state has none. An empty
    sequence is classified from h0.

    Source: L14 "DEEP NEURAL NETWORK".
    """
    return _feedforward(_elman(x, h0, W, U, b)[-1], W_1, b_1, W_2, b_2)


@equation(
    data("x", "T D"),
    data("h0", "H"),
    parameter("W", "H D"),
    parameter("U", "H H"),
    parameter("b", "H"),
    parameter("V", "C H"),
    parameter("b_y", "C", optional=True),
    results=[real("p", "T C"), index("tag", "T")],
    time="T",
)
def rnn_tagger(x: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any = None) -> Any:
    """Sequence labelling: forward inference, then the most likely tag at each step.

        h_t = tanh(W x_t + U h_{t−1} + b)
        p_t = softmax(V h_t + b_y)
        tag_t = argmax p_t

    A tie goes to the lowest index. L14's example is "Janet will back the bill", NNP MD VB DT NN.

    Source: L14 [after "RNN APPLICATIONS"].
    """
    z = [_plus(V @ h_t, b_y) for h_t in _elman(x, h0, W, U, b)[1:]]
    return Matrix(softmax(z_t) for z_t in z), [argmax(z_t) for z_t in z]


# --------------------------------------------------------------------------------------------- translating
@equation(
    data("x", "S D"),
    data("n", "", "index", of="S+1"),
    data("h0", "H"),
    parameter("end", "D"),
    parameter("W_e", "H D"),
    parameter("U_e", "H H"),
    parameter("b_e", "H"),
    parameter("W_d", "H N"),
    parameter("U_d", "H H"),
    parameter("b_d", "H"),
    parameter("V", "N H"),
    parameter("b_y", "N"),
    data("y", "T", "index", of="N"),
    parameter("stop", "", "index", of="N"),
    options=[flag("reverse")],
    results=[real("log_p", "T"), index("greedy", "T")],
    time="T",
    least={"S": 0},
)
def seq2seq(
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
) -> Any:
    """Sequence to sequence: an encoder reads the sentence, another network writes the translation.

        s_1 = the last state of the encoder, having read x_1 … x_n and the end token
        s_t = tanh(W_d e(y_{t−1}) + U_d s_{t−1} + b_d)        t ≥ 2, e one-hot
        log p(y_t | y_{<t}, x) = log softmax(V s_t + b_y)_{y_t}

    "When it sees the end token, it starts outputting": the step that reads the end token already emits y_1.
    `log_p` scores a given translation, fed back to the decoder (teacher forcing), whose last word should be
    the `stop` token. `greedy` is the translation that the network writes itself, the likeliest word at each
    step, for at most T words; after `stop` it is `stop`. `reverse` feeds the sentence as x_n … x_1, so that
    the first words of both sides are close.

    `n` is the number of words in the sentence (the batch may be padded to S); it may be 0. Tagging word for
    word is no substitute (X19): the translation need not have the same length or order, and a word may only
    become clear later in the sentence.

    Source: DR "Neural Machine Translation", "Keeping Things Stable", "Overview"; L14 "RNN APPLICATIONS".
    """
    read = list(x[:n])
    if reverse:
        read.reverse()
    s_1 = _elman([*read, end], h0, W_e, U_e, b_e)[-1]

    def step(s: Vector, word: int) -> Vector:
        a: Vector = Vector(row[word] for row in W_d) + U_d @ s + b_d
        return a.map(tanh)

    log_p, s = [], s_1
    for t, y_t in enumerate(y):
        if t > 0:
            s = step(s, y[t - 1])
        log_p.append(_log_softmax(V @ s + b_y)[y_t])

    greedy: list[int] = []
    s = s_1
    for _ in y:
        if greedy:
            s = step(s, greedy[-1])
        greedy.append(stop if greedy and greedy[-1] == stop else argmax(V @ s + b_y))
    return Vector(log_p), greedy


# --------------------------------------------------------------------------------------- language modelling
_LANGUAGE_MODEL = (
    data("h0", "H"),
    parameter("W", "H N+1"),
    parameter("U", "H H"),
    parameter("b", "H"),
    parameter("V", "N H"),
    parameter("b_y", "N"),
)


@equation(
    data("w", "T", "index", of="N"),
    *_LANGUAGE_MODEL,
    results=[real("log_p", "T"), real("p", "T N")],
    time="T",
)
def rnn_language_model(w: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any) -> Any:
    """Language model on a recurrent network: indicator vectors in, distributions over the next word out.

        x_1 = the start token,   x_t = onehot(w_{t−1})
        h_t = tanh(W x_t + U h_{t−1} + b)
        p_t = softmax(V h_t + b_y)
        log p(w_t | w_{<t}) = log p_t[w_t]

    The start token is lost with DR's figure; here it is the (N+1)-th input, which is never predicted: the
    last column of W. The cross-entropy that trains it is `loss.sequence_nll`. Whether that is supervised
    (X16): each word is the target of those before it, so the text labels itself (self-supervised). The model
    is autoregressive although its memory is not finite (E44). What it has to carry, L14 shows by "The flights
    the airline was cancelling were full": the verb agrees with the distant noun, not with the near one (W64).

    Source: DR "Language Modeling"; L14 "RNN APPLICATIONS".
    Errata: E44.
    """
    log_p, p = [], []
    for h_t, w_t in zip(_elman(_onehots(teacher_forcing(w, len(V)), len(V)), h0, W, U, b)[1:], w, strict=True):
        z = V @ h_t + b_y
        log_p.append(_log_softmax(z)[w_t])
        p.append(softmax(z))
    return Vector(log_p), Matrix(p)


def _onehots(words: Iterable[int], N: int) -> list[Vector]:
    """Indicator vectors of size N+1: the N words and the start token."""
    return [Vector(1 if k == word else 0 for k in range(N + 1)) for word in words]


@algorithm()
def char_rnn(text: str, alphabet: str, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any) -> Any:
    """Language model over characters: log p of each character of a text, given those before it.

        log p(text) = Σ_t log p(character_t | character_{<t})

    `rnn_language_model` whose words are the N characters of `alphabet`. No word is unseen, since every word
    is spelt; a character outside the alphabet is a ValueError. DR adds that modelling characters well needs
    multiplicative interactions, which it leaves out.

    Source: DR "Language Modeling".
    """
    if len(set(alphabet)) != len(alphabet):
        raise ValueError("the alphabet repeats a character")
    places = {character: place for place, character in enumerate(alphabet)}
    unknown = sorted(set(text) - set(alphabet))
    if unknown:
        raise ValueError(f"not in the alphabet: {unknown}")
    log_p, _ = rnn_language_model([places[c] for c in text], h0, W, U, b, V, b_y)
    return log_p


@equation(
    data("w", "T", "count"),
    parameter("start", "", "count"),
    results=[index("inputs", "T")],
    gradient=False,
    time="T",
)
def teacher_forcing(w: Any, start: Any) -> Any:
    """The inputs of training: the tokens of the training set, not the network's outputs.

        input_1 = start,   input_t = w_{t−1}

    Input t knows nothing of w_t or later; the last token is an input to no step.

    Source: DR "Language Modeling".
    """
    return [start, *w][: len(w)]


@equation(
    data("u", "T", "probability"),
    *_LANGUAGE_MODEL,
    parameter("stop", "", "index", of="N"),
    results=[index("w", "T")],
    gradient=False,
    time="T",
)
def autoregressive_sampling(u: Any, h0: Any, W: Any, U: Any, b: Any, V: Any, b_y: Any, stop: Any) -> Any:
    """A sample from `rnn_language_model`: each word is drawn, then fed back as the next input.

        p_t = softmax(V h_t + b_y)
        w_t = min {k : u_t < p_t[0] + … + p_t[k]}       the inverse of the distribution function
        x_{t+1} = onehot(w_t)

    The uniform draws u_t ∈ [0, 1) are an input, so that a sample can be repeated; where u_t equals a partial
    sum the next word is taken, and where rounding (or u_t = 1) leaves none, the last. After `stop` every word
    is `stop`; T bounds the length.

    Source: DR "Language Modeling".
    """
    N = len(V)
    h, word, sample = h0, N, []
    for u_t in u:
        if word != stop:
            (x_t,) = _onehots([word], N)
            h = tanh(W @ x_t + U @ h + b)
            word = _inverse_cdf(softmax(V @ h + b_y), u_t)
        sample.append(word)
    return sample


def _inverse_cdf(p: Vector, u: Any) -> int:
    """The first k with u < p_0 + … + p_k."""
    below: Any = 0
    for k, p_k in enumerate(p):
        below = below + p_k
        if u < below:
            return k
    return len(p) - 1


# ------------------------------------------------------------------------------- of section 7
@equation(
    data("x", "T D"),
    results=[real("reversed", "T D"), index("lag", "T")],
    time="T",
)
def reverse_input(x: Any) -> Any:
    """The input of an encoder in reverse order.

        feed x_n, …, x_1, then decode y_1, …, y_n
        lag between x_i and y_i:  2i − 1, instead of n

    Now one step lies between the first words of input and output. The mean lag stays n. `lag` is listed in
    the order of the words, i = 1 … n.

    Source: DR "Keeping Things Stable".
    """
    n = len(x)
    return Matrix(reversed(x)), tuple(2 * i - 1 for i in range(1, n + 1))
