"""Published results, as data (ledger section 15)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nnspec_reference.catalogue import algorithm


class TaggerResult(NamedTuple):
    """A row of the part-of-speech table: accuracy in %, weights, megabytes, operations per token."""

    accuracy: float
    weights: int
    megabytes: float | None
    operations: int


class SentimentResult(NamedTuple):
    """A row of the sentiment table: accuracies in % and seconds; None where the paper has a dash."""

    rt: float | None
    sst_fine: float | None
    sst_binary: float | None
    imdb: float | None
    seconds: int | None


class PublishedTables(NamedTuple):
    """Both tables, by model, in the order of the slides."""

    tagging: Mapping[str, TaggerResult]
    sentiment: Mapping[str, SentimentResult]


@algorithm()
def published_tables() -> PublishedTables:
    """Tables of results in the notes.

    Multilingual part-of-speech tagging and sentiment analysis. WX: "Gillick used LSTMs; this is smaller,
    faster, and better" is false of Small FF, 94.76 against 95.06; the other two rows are better (E21). In the
    sentiment table the conversion of the slide has shifted columns, and the value is put back under its
    heading (E69): DAN has 89.4 on IMDB. The slide does not say what its asterisks mean; they are left out.

    Source: WX "NLP with Feedforward Networks", "Sentiment Analysis".
    Errata: E21, E69.
    """
    tagging = {
        "Gillick et al. (2016)": TaggerResult(95.06, 900_000, None, 6_630_000),
        "Small FF": TaggerResult(94.76, 241_000, 0.6, 270_000),
        "+Clusters": TaggerResult(95.56, 261_000, 1.0, 310_000),
        "1/2 Dim.": TaggerResult(95.39, 143_000, 0.7, 180_000),
    }
    sentiment = {
        "DAN-ROOT": SentimentResult(None, 46.9, 85.7, None, 31),
        "DAN-RAND": SentimentResult(77.3, 45.4, 83.2, 88.8, 136),
        "DAN": SentimentResult(80.3, 47.7, 86.3, 89.4, 136),
        "NBOW-RAND": SentimentResult(76.2, 42.3, 81.4, 88.9, 91),
        "NBOW": SentimentResult(79.0, 43.6, 83.6, 89.0, 91),
        "BiNB": SentimentResult(None, 41.9, 83.1, None, None),
        "NBSVM-bi": SentimentResult(79.4, None, None, 91.2, None),
        "RecNN": SentimentResult(77.7, 43.2, 82.4, None, None),
        "RecNTN": SentimentResult(None, 45.7, 85.4, None, None),
        "DRecNN": SentimentResult(None, 49.8, 86.6, None, 431),
        "TreeLSTM": SentimentResult(None, 50.6, 86.9, None, None),
        "DCNN": SentimentResult(None, 48.5, 86.9, 89.4, None),
        "PVEC": SentimentResult(None, 48.7, 87.8, 92.6, None),
        "CNN-MC": SentimentResult(81.1, 47.4, 88.1, None, 2452),
        "WRRBM": SentimentResult(None, None, None, 89.2, None),
    }
    return PublishedTables(MappingProxyType(tagging), MappingProxyType(sentiment))
