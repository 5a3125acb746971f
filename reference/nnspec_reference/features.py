"""Input features of NLP systems (ledger section 15)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from nnspec_reference.activation import by_name
from nnspec_reference.catalogue import algorithm, choice, data, equation, index, parameter, real
from nnspec_reference.embedding import onehot_lookup
from nnspec_reference.scalars import Matrix, Vector, concat, softmax

BUCKETS = ("0", "1", "2", "3", "4", "5-7", "8-15", "16-31", "32-63", "64+")
"""The bins of distances and of mention lengths."""

_STARTS = (1, 2, 3, 4, 5, 8, 16, 32, 64)  # where each bucket but the first begins


@equation(
    data("words", "3", "index", of="V"),
    data("features", "F"),
    parameter("E", "V D"),
    parameter("W", "H 3D+F"),
    parameter("b", "H", optional=True),
    parameter("U", "C H"),
    parameter("c", "C", optional=True),
    options=[choice("activation", "relu", "tanh", "sigmoid"), choice("grad_at_zero", 1, 0)],
    results=[real("z", "C"), real("p", "C")],
    least={"F": 0},
)
def pos_window(
    words: tuple[int, ...],
    features: Vector,
    E: Matrix,
    W: Matrix,
    b: Vector | None,
    U: Matrix,
    c: Vector | None,
    activation: str = "relu",
    grad_at_zero: int = 1,
) -> tuple[Vector, Vector]:
    """Part-of-speech tagging with a feedforward network on a window of words.

        f(x) = [E_{previous}; E_{current}; E_{next}; features]
        h = g(W f(x) + b),   z = U h + c,   p(tag | x) = softmax(z)

    For "Fed raises *interest* rates" the words are *raises*, *interest*, *rates*. W has a block of its own
    for each position, so that it "learns position-dependent processing of the words", and the hidden layer
    mixes the signals; the table E is shared. `features` are "other words, feats, etc."; WX counts about 1000
    in all, and every one fires on every example. WX leaves g open.

    Source: WX "NLP with Feedforward Networks".
    """
    f = concat(*onehot_lookup(words, E), features)
    z_h = W @ f
    h = by_name(activation, z_h if b is None else z_h + b, grad_at_zero)
    z = U @ h if c is None else U @ h + c
    return z, softmax(z)


@equation(data("distance", "", "count"), results=[index("bucket"), index("features", "11")], gradient=False)
def distance_bucket(distance: int) -> tuple[int, Vector]:
    """Bucket of a distance or of a mention's length.

        [0, 1, 2, 3, 4, 5–7, 8–15, 16–31, 32–63, 64+]

    `features` are the ten one-hot slots, "in addition to being included as continuous features" the raw
    value. A negative or fractional distance is an error.

    Source: WX "Coreference Resolution".
    """
    if distance < 0 or distance != int(distance):
        raise ValueError(f"a distance is a whole number >= 0, not {distance!r}")
    bucket = sum(distance >= start for start in _STARTS)
    return bucket, Vector((*(int(k == bucket) for k in range(10)), distance))


@algorithm()
def mention_position(mention: int, mentions: int) -> Fraction:
    """A mention's position in its document.

        index of the mention / number of mentions in the document

    The notes do not say where indices begin (E80): at 0 here, so that positions lie in [0, 1). An index
    outside the document, which includes any in a document without mentions, is an error.

    Source: WX "Coreference Resolution".
    Errata: E80.
    """
    if not 0 <= mention < mentions:
        raise ValueError(f"mention {mention} of {mentions}")
    return Fraction(mention, mentions)


@equation(
    data("words", "8 D"),
    data("averages", "5 D"),
    data("mention_type", "4", "onehot"),
    data("position", "", "probability"),
    data("contained", "", "bit"),
    data("length", "11"),
    data("genre", "G", "onehot"),
    data("sentence_distance", "11"),
    data("mention_distance", "11"),
    data("overlap", "", "bit"),
    data("speaker", "2", "bit"),
    data("string_match", "3", "bit"),
    results=[real("h_0", "13D+G+45")],
)
def coref_input(
    words: Matrix,
    averages: Matrix,
    mention_type: Vector,
    position: Any,
    contained: Any,
    length: Vector,
    genre: Vector,
    sentence_distance: Vector,
    mention_distance: Vector,
    overlap: Any,
    speaker: Vector,
    string_match: Vector,
) -> Vector:
    """Input layer of a coreference network: all that is known of a mention and of its pair with another.

        h_0 = [words; averages; type; position; contained; length; genre;
               sentence distance; mention distance; overlap; speaker; string match] ∈ R^I,   I = 13 D + G + 45

    In the order of the excerpt:

    - `words`, embeddings: head word, dependency parent, first, last, two preceding, two following words;
    - `averages` of embeddings (`embedding.average`; the vector 0 for an empty group): five preceding words,
      five following, the mention, its sentence, its document;
    - `mention_type`: pronoun, nominal, proper, list; `position`: `features.mention_position`; `contained` in
      another mention; `length` in words, as `features.distance_bucket` (ten slots and the value);
    - `genre` of the document; `sentence_distance` and `mention_distance` (intervening mentions) as buckets;
      whether the mentions `overlap`;
    - `speaker`: the same; one mention is the other's speaker;
    - `string_match`: head, exact, partial.

    The excerpt ends in mid-sentence, before it says how the features of the two mentions of a pair are
    combined.

    Source: WX "Coreference Resolution".
    Errata: E80.
    """
    return concat(
        *words,
        *averages,
        mention_type,
        (position, contained),
        length,
        genre,
        sentence_distance,
        mention_distance,
        (overlap,),
        speaker,
        string_match,
    )
