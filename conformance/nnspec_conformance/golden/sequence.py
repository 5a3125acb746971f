"""Worked examples, errata and questions about sequence architectures."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.golden import golden, refuses
from nnspec_conformance.variants import sequence as mistakes
from nnspec_reference import gated, sequence
from nnspec_reference.scalars import Matrix, Vector, concat, log, tanh, total


def _matrix(*rows: list[float]) -> Matrix:
    return Matrix(Vector(row) for row in rows)


def _identity(n: int, scale: float = 1.0) -> Matrix:
    return Matrix(Vector(scale * (k == j) for j in range(n)) for k in range(n))


def _zeros(rows: int, columns: int | None = None) -> Any:
    return Vector([0.0] * rows) if columns is None else Matrix(_zeros(columns) for _ in range(rows))


# ----------------------------------------------------------------------------------------------- the examples
@golden("W26")
def janet_will_back_the_bill() -> None:
    """L14's tag sequence: NNP MD VB DT NN, one tag a word, by the mode of a softmax.

    "back" is a verb or a noun: the tagger must look at what came before it, so a word's tag also depends on
    U.
    """
    words, tags = ["Janet", "will", "back", "the", "bill"], ["NNP", "MD", "VB", "DT", "NN"]
    W, b = _identity(5), _zeros(5)
    U = Matrix(Vector(3.0 * ((k, j) == (2, 1)) for j in range(5)) for k in range(5))  # "will" excites "back"
    V = Matrix((*_identity(5, 4.0)[:2], Vector([0.0, 0.0, 20.0, 0.0, 0.0]), *_identity(5, 4.0)[3:]))
    V = Matrix((*V[:4], V[4] + Vector([0.0, 0.0, 1.0, 0.0, 0.0])))  # "back" alone is a noun
    b_y = Vector([0.0, 0.0, -18.0, 0.0, 0.0])

    def tagged(text: list[str]) -> list[str]:
        x = Matrix(Vector(1.0 if w == word else 0.0 for w in words) for word in text)
        p, places = sequence.rnn_tagger(x, _zeros(5), W, U, b, V, b_y)
        assert all(abs(total(row) - 1) < 1e-15 for row in p)
        return [tags[k] for k in places]

    assert tagged(words) == tags
    assert tagged(["the", "back"]) == ["DT", "NN"]


@golden("W64")
def the_flights_the_airline_was_cancelling_were_full() -> None:
    """L14: "was" agrees with the near "airline", "were" with the distant "flights".

    The last noun before "were" has the wrong number. A cell with gates holds the right one: it stores a noun
    where none is held, and is emptied by its verb.
    """
    sentence = ["the", "flights", "the", "airline", "was", "cancelling", "were", "full"]
    number = {"flights": -1.0, "airline": 1.0}
    verb = {"was": 1.0, "were": -1.0}
    before = sentence[: sentence.index("were")]
    assert [number[w] for w in before if w in number][-1] != verb["were"]
    # two cells, one for each noun; features: a noun of the main clause, of the relative clause, its number
    clause = {"flights": 0, "airline": 1}
    W = _matrix(
        *([2000.0 * (k == j) for j in range(2)] + [0.0] * 3 for k in range(2)),  # i: a noun of that clause
        *([0.0] * 5 for _ in range(2)),  # f: keep
        *([0.0] * 5 for _ in range(2)),  # o: show
        *([0.0, 0.0, 1.0, 0.0, 0.0] for _ in range(2)),  # g: the number
    )
    b = Vector([-1000.0] * 2 + [1000.0] * 4 + [0.0] * 2)
    x = [Vector([float(clause.get(w) == 0), float(clause.get(w) == 1), number.get(w, 0.0)]) for w in sentence]
    h, _, _ = gated.lstm(Matrix(x), _zeros(2), _zeros(2), W, b)
    for word, cell in (("was", 1), ("were", 0)):
        assert h[sentence.index(word) - 1][cell] * verb[word] > 0


# --------------------------------------------------------------------------------------- errata and questions
@golden("E76")
def final_backward_state_is_at_position_one() -> None:
    """BiRNN states are concatenated; the backward network ends at position 1, it begins at position n."""
    x = _matrix([1.0], [2.0], [-1.0])
    one = _matrix([0.5])
    zero = _zeros(1)
    network: dict[str, Any] = dict.fromkeys(("W_f", "U_f", "W_b", "U_b"), one)
    network |= dict.fromkeys(("h0_f", "h0_b", "b_f", "b_b"), zero)
    h, h_n, h_1 = sequence.birnn(x, **network)
    at_3 = tanh(-0.5)
    at_2 = tanh(1.0 + 0.5 * at_3)
    at_1 = tanh(0.5 + 0.5 * at_2)
    assert [row[1] for row in h] == [at_1, at_2, at_3] and h_1 == (at_1,) != (at_3,)
    assert h_n == (h[2][0],)
    assert [len(row) for row in h] == [2, 2, 2]
    changed = sequence.birnn(_matrix([5.0], [2.0], [-1.0]), **network)[0]
    assert changed[2][1] == h[2][1] and changed[0][1] != h[0][1], "the end of the backward half has not seen x_1"
    assert mistakes.backward_state_at_the_end(x=x, **network)[2] == (at_3,)
    classifier: dict[str, Any] = {"W_1": _matrix([1.0, 1.0]), "b_1": _zeros(1), "W_2": _matrix([3.0], [0.0])}
    y = sequence.birnn_classifier(x, **network, **classifier)
    ends = {"h0": concat(h_n, h_1), "W": _zeros(2, 1), "U": _zeros(2, 2), "b": _zeros(2)}
    assert y == sequence.rnn_classifier(Matrix(), **ends, **classifier)


@golden("X15")
def an_output_sequence_as_input() -> None:
    """L14: why not use the entire sequence of outputs from one RNN as the input sequence of another?"""
    x = _matrix([1.0, -1.0], [0.5, 2.0])
    W = [_matrix([1.0, 0.0], [0.5, -1.0], [0.0, 2.0]), _matrix([1.0, -1.0, 0.5])]
    U = [_identity(3, 0.5), _identity(1, -1.0)]
    h0 = [_zeros(3), _zeros(1)]
    lower = sequence.stacked_rnn(x, W[:1], U[:1], h0[:1])
    assert sequence.stacked_rnn(x, W, U, h0) == sequence.stacked_rnn(lower, W[1:], U[1:], h0[1:])
    assert sequence.stacked_rnn(x, [], [], []) == x


def _copier(N: int) -> dict[str, Any]:
    """A language model whose next word is the last one plus 1, modulo N; the first word is 0."""
    W = Matrix(Vector(20.0 * (k == (j + 1) % (N + 1) % N) for j in range(N + 1)) for k in range(N))
    return {
        "h0": _zeros(N),
        "W": W,
        "U": _zeros(N, N),
        "b": _zeros(N),
        "V": _identity(N, 40.0),
        "b_y": _zeros(N),
    }


@golden("X16")
def a_text_labels_itself() -> None:
    """DR: is training a language model supervised? Each word is the target of those before: no labels.

    The model's score of a text is made of the text alone: inputs and targets are the same tokens, one step
    apart.
    """
    text = [0, 1, 2, 0, 1]
    inputs = sequence.teacher_forcing(text, 3)
    assert inputs == [3, 0, 1, 2, 0]
    log_p, p = sequence.rnn_language_model(text, **_copier(3))
    assert list(log_p) == [log(row[target]) for row, target in zip(p, text, strict=True)]
    assert all(row[target] > 0.999 for row, target in zip(p[:3], text, strict=False))


@golden("E44")
def autoregressive_is_not_memoryless() -> None:
    """DR calls an autoregressive model memoryless; its RNN language model is autoregressive and is not."""
    model = _copier(3) | {"U": _identity(3, 0.5)}
    after = [sequence.rnn_language_model([first, 1, 1, 2], **model)[1][3] for first in (0, 2)]
    assert after[0] != after[1], "the word three back counts"
    bigrams = [sequence.rnn_language_model([first, 1, 1, 2], **_copier(3))[1][3] for first in (0, 2)]
    assert bigrams[0] == bigrams[1]


@golden("X19")
def translation_is_not_tagging() -> None:
    """DR: what is wrong with translating word for word? Lengths differ, and a word may need later ones.

    Two sentences with the same first word are translated into more words than they have, and differ from the
    first: the encoder had read the last word. A tagger's first tag cannot differ.
    """
    sentences = [_matrix([1.0, 0.0], [0.0, 1.0]), _matrix([1.0, 0.0], [0.0, -1.0])]
    network: dict[str, Any] = {
        "h0": _zeros(2),
        "end": _zeros(2),
        "W_e": _identity(2, 3.0),
        "U_e": _identity(2),
        "b_e": _zeros(2),
        "W_d": _matrix([0.0, 0.0, 2.0], [1.0, -1.0, 0.0]),
        "U_d": _identity(2),
        "b_d": _zeros(2),
        "V": _matrix([0.0, 2.0], [0.0, -2.0], [-1.0, 0.0]),
        "b_y": _zeros(3),
    }
    outputs = [sequence.seq2seq(x, 2, **network, y=[0, 0, 0, 2], stop=2) for x in sentences]
    firsts = [greedy[0] for _, greedy in outputs]
    assert firsts == [0, 1] and all(
        len(greedy) == 4 > len(x) for (_, greedy), x in zip(outputs, sentences, strict=True)
    )
    tags = [
        sequence.rnn_tagger(x, _zeros(2), _identity(2), _identity(2), _zeros(2), _identity(2))[1][0] for x in sentences
    ]
    assert tags[0] == tags[1]


@golden()
def a_character_model_has_no_unseen_words() -> None:
    """DR: characters solve the problem of unseen words; an unknown character is still refused."""
    model = _copier(3)
    assert list(sequence.char_rnn("abca", "abc", **model)) == list(
        sequence.rnn_language_model([0, 1, 2, 0], **model)[0]
    )
    assert len(sequence.char_rnn("", "abc", **model)) == 0
    assert refuses(sequence.char_rnn, "abd", "abc", **model)
    assert refuses(sequence.char_rnn, "ab", "aba", **model)


@golden()
def a_draw_at_a_partial_sum_takes_the_next_word() -> None:
    """The contract of the uniform draws: u < p_0 + … + p_k, strictly; 1 goes to the last word."""
    flat = _copier(2) | {"V": _zeros(2, 2)}  # p = (½, ½)
    assert sequence.autoregressive_sampling([0.0, 0.4999, 0.5, 1.0], **flat, stop=1) == [0, 0, 1, 1]
    assert sequence.autoregressive_sampling([0.5, 0.0, 0.0], **flat, stop=1) == [1, 1, 1], "stopped"


# ------------------------------------------------------------------------------------- the reversed input
@golden("W22", "W24")
def lags_in_a_sentence_of_twenty_words() -> None:
    """In order, every word waits 20 steps for its translation; reversed 1, 3, …, 39: 20 on average."""
    n = 20
    assert {(n + i) - i for i in range(1, n + 1)} == {20}  # word i comes at time i, its translation at n + i
    backwards, lag = sequence.reverse_input(Matrix(Vector([float(i)]) for i in range(1, n + 1)))
    assert [w[0] for w in backwards] == list(range(n, 0, -1))
    assert lag == tuple(range(1, 40, 2))
    assert sum(lag) == n * n
