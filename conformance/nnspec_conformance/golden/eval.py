"""Published tables, and what is claimed of them."""

from __future__ import annotations

from nnspec_conformance.golden import golden
from nnspec_reference.eval import SentimentResult, TaggerResult, published_tables


@golden("W33", "E21")
def small_network_is_not_better_than_the_lstm() -> None:
    """ "Smaller, faster, and better": Small FF is not better, its two variants are."""
    tagging = published_tables().tagging
    lstm = tagging["Gillick et al. (2016)"]
    assert lstm == TaggerResult(95.06, 900_000, None, 6_630_000)
    small = {name: row for name, row in tagging.items() if row is not lstm}
    assert all(row.weights < lstm.weights and row.operations < lstm.operations for row in small.values())
    better = {name: row.accuracy > lstm.accuracy for name, row in small.items()}
    assert better == {"Small FF": False, "+Clusters": True, "1/2 Dim.": True}


@golden("W34", "E69")
def sentiment_columns_realigned() -> None:
    """15 models; the slide's conversion moved DAN's 89.4 out of the IMDB column, where its neighbours are."""
    sentiment = published_tables().sentiment
    assert len(sentiment) == 15
    assert sentiment["DAN"] == SentimentResult(80.3, 47.7, 86.3, 89.4, 136)
    assert sentiment["DAN"].imdb == 89.4 and sentiment["WRRBM"].imdb == 89.2
    for row in sentiment.values():  # each column keeps to its own range, which a shifted row would leave
        assert row.sst_fine is None or 40 < row.sst_fine < 55
        assert row.sst_binary is None or 80 < row.sst_binary < 90
        assert row.imdb is None or 88 < row.imdb < 93
        assert row.rt is None or 75 < row.rt < 82
    best = max(sentiment, key=lambda name: sentiment[name].imdb or 0)
    assert best == "PVEC"
    # a few seconds against most of an hour: the point of averaging
    assert (sentiment["DAN-ROOT"].seconds, sentiment["CNN-MC"].seconds) == (31, 2452)
