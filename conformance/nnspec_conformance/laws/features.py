"""Properties of input features."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, exactly, law, same


@law("P117", on=["features.distance_bucket"])
def buckets_are_monotone_and_total(nn: Any, draw: Draw) -> None:
    distance = np.sort(np.concatenate([np.arange(70), draw.index(20, below=10**6)]))
    found = nn("features.distance_bucket", distance=distance)
    bucket, features = found.bucket.value, found.features.value
    assert (np.diff(bucket) >= 0).all(), "monotone"
    exactly(np.unique(bucket), np.arange(10.0), "each of the ten is used")
    exactly(features[:, :10], np.eye(10)[bucket.astype(int)], "one-hot")
    exactly(features[:, 10], distance, "and the value itself")


@law("P118", on=["recurrent.elman", "layer.dense", "features.pos_window"])
def a_recurrent_network_reads_any_length(nn: Any, draw: Draw) -> None:
    D, H, C = draw.size(1, 3), draw.size(1, 3), draw.size(1, 3)
    W, U, V = draw.reals(H, D), draw.reals(H, H), draw.reals(C, H)
    x, h0 = draw.reals(2, 5, D), np.zeros((2, H))
    whole = nn("recurrent.elman", x=x, h0=h0, W=W, U=U, V=V).y
    for T in range(6):
        y = nn("recurrent.elman", x=x[:, :T], h0=h0, W=W, U=U, V=V).y
        assert y.value.shape == (2, T, C), "one output for every input, however many"
        same(y, whole[:, :T], "by the same parameters")
    assert nn("layer.dense", x=x[:, 0], W=W).h.value.shape == (2, H), "a layer: one output of one size"
    given = {"E": draw.reals(4, D), "W": draw.reals(H, 3 * D), "U": V, "features": np.zeros((2, 0))}
    z = nn("features.pos_window", words=draw.index(2, 3, below=4), **given).z
    assert z.value.shape == (2, C), "a window: three words, one tag"
    try:
        nn("features.pos_window", words=draw.index(2, 4, below=4), **given)
    except Exception:
        return
    raise AssertionError("a window of three accepted four words")


@law("P118", on=["features.coref_input"])
def features_keep_their_places(nn: Any, draw: Draw) -> None:
    D, G = draw.size(1, 3), draw.size(1, 4)
    shapes = {
        "words": (8, D),
        "averages": (5, D),
        "length": (11,),
        "sentence_distance": (11,),
        "mention_distance": (11,),
    }
    parts: dict[str, Any] = {name: draw.integers(2, *shape) for name, shape in shapes.items()}
    parts |= {name: draw.integers(2, *s, low=0, high=1) for name, s in (("speaker", (2,)), ("string_match", (3,)))}
    parts |= {name: draw.integers(2, low=0, high=1) for name in ("contained", "overlap")}
    parts |= {"mention_type": np.eye(4)[draw.index(2, below=4)], "genre": np.eye(G)[draw.index(2, below=G)]}
    parts["position"] = np.array([0.25, 0.5])
    order = ["words", "averages", "mention_type", "position", "contained", "length", "genre"]
    order += ["sentence_distance", "mention_distance", "overlap", "speaker", "string_match"]
    h_0 = nn("features.coref_input", **parts).h_0
    exactly(h_0, np.concatenate([parts[n].reshape(2, -1) for n in order], 1), "in the order of the excerpt")
    assert h_0.value.shape == (2, 13 * D + G + 45), "I = 13 D + G + 45"
