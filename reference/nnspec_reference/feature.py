"""Features of a text (ledger section 3)."""

from __future__ import annotations

from collections.abc import Iterable

from nnspec_reference.catalogue import algorithm


@algorithm()
def conjunction_indicator(sentence: Iterable[str], words: Iterable[str] = ("not", "good")) -> int:
    """Conjunctive feature of a sentence, given as its words.

        1[contains *not* ∧ contains *good*]

    The example, "the movie was not all that good", has it. Words are compared as they are, wherever they
    stand; the conjunction of no words is 1.

    Source: WX "Neural Networks: motivation".
    """
    present = set(sentence)
    return int(all(word in present for word in words))
