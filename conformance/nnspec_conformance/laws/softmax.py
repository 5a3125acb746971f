"""Properties of the softmax and of what speeds it up."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec_conformance.laws import Draw, Measured, at_most, exactly, law, same, within
from nnspec_reference import vocabulary

_U = 2.0**-53


def as_exact(a: Any, b: Any, why: str) -> None:
    """Two ways to the same numbers: what either may err by, both may."""
    u, v = _measured(a), _measured(b)
    same(u, Measured(v.value, np.maximum(u.radius, v.radius)), why)


def _measured(a: Any) -> Measured:
    return a if isinstance(a, Measured) else Measured(np.asarray(a, float), np.zeros_like(np.asarray(a, float)))


def exponential(a: Measured) -> Measured:
    """The exponential, its argument off by the radius and its result by a few ulps."""
    value = np.exp(a.value)
    return Measured(value, value * np.expm1(a.radius + 8 * _U))


def logits(draw: Draw, rows: int, d: int) -> np.ndarray[Any, Any]:
    """Scores of any size and sign: near 0, spread out, or all far above or below it."""
    scale, offset = float(draw.choice([1.0, 0.25, 8.0])), float(draw.choice([0.0, 0.0, 1000.0, -1000.0]))
    return draw.integers(rows, d) * scale + offset


# ------------------------------------------------------------------------------------------------ the softmax
@law("P20", on=["softmax.vector", "softmax.loglinear", "softmax.linear_features", "softmax.partition_function"])
def softmax_is_a_distribution(nn: Any, draw: Draw) -> None:
    B, d, D = draw.size(), draw.size(1, 9), draw.size()
    W, x = draw.reals(d, D), draw.reals(B, D, scale=3.0)
    for p in (
        nn("softmax.vector", z=logits(draw, B, d)).p,
        nn("softmax.loglinear", w=draw.reals(D), f=draw.reals(B, d, D)).p,
        nn("softmax.linear_features", W=W, f=x).p,
        nn("softmax.partition_function", W=W, x=x).p,
    ):
        within(p, 0.0, np.inf, "entries from 0")
        at_most(p, np.ones((B, d)), "to 1")
        same(Measured(p.value.sum(-1), np.full(B, 4 * d * 2 * _U)), np.ones(B), "the sum is 1")


@law("P20", on=["softmax.vector"])
def masked_classes_are_impossible(nn: Any, draw: Draw) -> None:
    B, d = draw.size(), draw.size(2, 6)
    z, keep = logits(draw, B, d), draw.rng.random((B, d)) < 0.5
    keep[np.arange(B), draw.index(B, below=d)] = True
    p = nn("softmax.vector", z=np.where(keep, z, -np.inf)).p
    exactly(p.value[~keep], np.zeros((~keep).sum()), "a masked class has probability 0")
    for row in range(B):
        alone = nn("softmax.vector", z=z[row : row + 1, keep[row]]).p
        as_exact(p[row, keep[row]], alone[0], "masking is leaving out")
    p_bar = draw.reals(B, d)
    z_bar = nn.gradient("softmax.vector", {"p": p_bar}, z=np.where(keep, z, -np.inf)).z
    exactly(z_bar.value[~keep], np.zeros((~keep).sum()), "a masked class has no gradient")


@law("P21", on=["softmax.vector"])
def softmax_ignores_a_shift(nn: Any, draw: Draw) -> None:
    B, d = draw.size(), draw.size()
    z, c = draw.integers(B, d), draw.integers(B, 1, low=-1000, high=1000)
    as_exact(nn("softmax.vector", z=z).p, nn("softmax.vector", z=z + c).p, "softmax(z + c) = softmax(z)")


@law("P22", on=["softmax.vector", "output.argmax_decode"])
def softmax_keeps_the_order(nn: Any, draw: Draw) -> None:
    B, d = draw.size(), draw.size(2, 6)
    z, order = logits(draw, B, d), draw.rng.permutation(d)
    p = nn("softmax.vector", z=z).p
    as_exact(p[:, order], nn("softmax.vector", z=z[:, order]).p, "permuted scores, permuted probabilities")
    for i in range(d):
        for j in range(d):
            rising = z[:, i] <= z[:, j]
            at_most(p[rising, i], p[rising, j], "a larger score is no less probable")
    best = nn("output.argmax_decode", z=z[:, None, :]).y.value[:, 0].astype(int)
    exactly(best, z.argmax(1), "the most probable class, the lowest index at a tie")
    at_most(p.value.max(1), p[np.arange(B), best], "argmax z = argmax p")


@law("P23", on=["softmax.vector", "activation.sigmoid"])
def equal_scores_and_two_classes(nn: Any, draw: Draw) -> None:
    B, d = draw.size(), draw.size(1, 9)
    level = np.broadcast_to(draw.reals(B, 1, scale=900.0), (B, d))
    same(nn("softmax.vector", z=level).p, np.full((B, d), 1.0 / d), "equal scores, equal chances")
    z = draw.integers(B, 2, low=-20, high=20)
    p = nn("softmax.vector", z=z).p
    as_exact(p[:, 0], nn("activation.sigmoid", x=(z[:, :1] - z[:, 1:])).y[:, 0], "two classes: σ(z1 − z2)")


@law("P24", on=["softmax.vector"])
def softmax_jacobian(nn: Any, draw: Draw) -> None:
    d = draw.size(2, 5)
    z = np.repeat(draw.integers(1, d), d, axis=0)
    p = nn("softmax.vector", z=z).p
    J = nn.gradient("softmax.vector", {"p": np.eye(d)}, z=z).z
    as_exact(J, J.map(np.transpose), "symmetric")
    same(J.sum(axis=1), np.zeros(d), "rows sum to 0")
    off = Measured(-p.value * p.value.T, p.radius * p.value.T + p.value * p.radius.T + 2 * _U)
    diagonal = Measured(np.eye(d) * p.value, np.eye(d) * p.radius)
    same(J, diagonal + off, "diag(p) − ppᵀ")
    v = draw.reals(d)
    form = (J * v[None, :]).sum(axis=1) * v
    at_most(np.zeros(()), form.sum(), "positive semidefinite")


@law("P25", on=["softmax.partition_function"])
def unnormalised_scores_are_positive(nn: Any, draw: Draw) -> None:
    B, V, D = draw.size(), draw.size(2, 6), draw.size()
    W, x = draw.integers(V, D), draw.integers(B, D)
    scores = x @ W.T
    all_words, fewer = (nn("softmax.partition_function", W=w, x=x) for w in (W, W[1:]))
    assert (all_words.Z.value > 0.0).all(), "Z > 0"
    same(all_words.Z, fewer.Z + exponential(_measured(scores[:, 0])), "every word adds e^score > 0 to Z")
    unnormalised = all_words.p * Measured(all_words.Z.value[:, None], all_words.Z.radius[:, None])
    same(unnormalised, exponential(_measured(scores)), "P Z = e^score")
    same(exponential(all_words.log_Z), all_words.Z, "Z = exp(log Z)")


@law(
    "P26",
    on=["softmax.log_sum_exp", "softmax.onehot_select", "loss.log_likelihood", "loss.softmax_cross_entropy"],
)
def log_softmax_is_score_less_log_sum(nn: Any, draw: Draw) -> None:
    B, C, D = draw.size(), draw.size(2, 5), draw.size()
    W, x, i = draw.integers(C, D), draw.integers(B, D), draw.index(B, below=C)
    scores = x @ W.T
    found = nn("softmax.onehot_select", v=scores, i=i).v_i - nn("softmax.log_sum_exp", a=scores).log_Z
    as_exact(nn("loss.log_likelihood", W=W, z=x, i=i).log_p, found, "log softmax·e_i = z_i − log-sum-exp")
    far = scores + draw.choice([1000.0, -1000.0])
    found = nn("softmax.onehot_select", v=far, i=i).v_i - nn("softmax.log_sum_exp", a=far).log_Z
    as_exact(-nn("loss.softmax_cross_entropy", z=far, i=i).L, found, "the same, for scores beyond exp")


@law("P26", on=["softmax.log_sum_exp"])
def log_of_an_empty_sum(nn: Any, draw: Draw) -> None:
    d = draw.size()
    a = np.concatenate([np.full((1, d), -np.inf), draw.integers(1, d)])
    log_Z = nn("softmax.log_sum_exp", a=a).log_Z
    exactly(log_Z[0], np.array(-np.inf), "log 0 = −∞")
    a_bar = nn.gradient("softmax.log_sum_exp", {"log_Z": np.ones(2)}, a=a).a
    exactly(a_bar[0], np.zeros(d), "which nothing can change")


@law("P27", on=["softmax.loglinear", "loss.dataset_log_likelihood"])
def likelihood_of_a_data_set(nn: Any, draw: Draw) -> None:
    m, C, D = draw.size(), draw.size(2, 4), draw.size()
    w, f, y = draw.reals(D), draw.reals(m, C, D), draw.index(m, below=C)
    p = nn("softmax.loglinear", w=w, f=f).p
    found = nn("loss.dataset_log_likelihood", w=w, f=f, y=y)
    same(exponential(found.terms), p[np.arange(m), y], "each term is log P(y*|x)")
    same(found.L, found.terms.sum(), "𝓛 is their sum")
    w_bar = nn.gradient("loss.dataset_log_likelihood", {"L": np.ones(())}, w=w, f=f, y=y).w
    expected = (p.map(lambda q: q[:, :, None]) * f).sum(axis=1)
    observed = f[np.arange(m), y]
    as_exact(w_bar, (observed - expected).sum(axis=0), "Σ_j f(x_j,y_j*) − E_P[f(x_j,Y)]")
    with_mean = nn("loss.dataset_log_likelihood", w=w, f=f, y=y, reduction="mean").L
    same(with_mean * float(m), found.L, "m times the mean is the sum")


# ---------------------------------------------------------------------------------------------- the speed-ups
def _partition(draw: Draw, V: int) -> tuple[int, ...]:
    """Any partition of the words: balanced, all in one class, all alone, or random."""
    G = draw.size(1, V)
    shuffled = draw.rng.permutation(np.concatenate([np.arange(G), draw.index(V - G, below=G)]))
    kinds = [vocabulary.balanced_classes(V), (0,) * V, tuple(range(V)), tuple(int(c) for c in shuffled)]
    return kinds[draw.size(0, 3)]


def _tree(draw: Draw, V: int) -> Any:
    """Any full binary tree over the words: balanced, Huffman's, a chain, or joined at random."""
    kind = draw.choice(["balanced", "huffman", "chain", "random"])
    if kind == "balanced":
        return vocabulary.balanced(V)
    if kind == "huffman":
        return vocabulary.huffman([int(c) for c in draw.rng.integers(0, 50, V)])
    trees: list[Any] = [int(w) for w in draw.rng.permutation(V)]
    while len(trees) > 1:
        i = 0 if kind == "chain" else int(draw.rng.integers(len(trees) - 1))
        trees[i : i + 2] = [(trees[i], trees[i + 1])]
    return trees[0]


def _path_arrays(way: vocabulary.Paths) -> dict[str, Any]:
    V, L = len(way.depth), max(way.depth)
    return {
        "nodes": np.array(way.nodes, np.int64).reshape(V, L),
        "signs": np.array(way.signs, float).reshape(V, L),
        "depth": np.array(way.depth),
    }


def _rows_touched(table_bar: Measured) -> int:
    return int((table_bar.value != 0.0).any(-1).sum())


@law("P28", on=["softmax.class_factored"])
def class_factored_words_sum_to_one(nn: Any, draw: Draw) -> None:
    V, D = draw.size(1, 8), draw.size()
    classes = _partition(draw, V)
    h = np.repeat(draw.reals(1, D, scale=2.0), V, axis=0)
    given = {"A": draw.reals(max(classes) + 1, D, scale=2.0), "B": draw.reals(V, D, scale=2.0)}
    found = nn("softmax.class_factored", **given, classes=np.array(classes), h=h, w=np.arange(V))
    same(found.p.sum(), np.ones(()), f"Σ_w P(w|h) = 1 for the classes {classes}")
    same(exponential(found.log_p), found.p, "P = exp(log P)")


@law("P29", on=["softmax.hierarchical"])
def leaves_of_any_tree_sum_to_one(nn: Any, draw: Draw) -> None:
    V, D = draw.size(1, 9), draw.size()
    tree = _tree(draw, V)
    h = np.repeat(draw.reals(1, D, scale=2.0), V, axis=0)
    v = draw.reals(V - 1, D, scale=2.0)
    found = nn("softmax.hierarchical", v=v, **_path_arrays(vocabulary.paths(tree)), h=h, w=np.arange(V))
    same(found.p.sum(), np.ones(()), f"Σ_w P(w|h) = 1 for the tree {tree}")
    same(exponential(found.log_p), found.p, "P = exp(log P)")


@law("P30", on=["softmax.class_factored"])
def class_factored_reads_its_classes_and_one_of_them(nn: Any, draw: Draw) -> None:
    V, D = draw.size(1, 8), draw.size()
    classes, w = _partition(draw, V), int(draw.index(below=V))
    G, size = max(classes) + 1, classes.count(classes[w])
    given = {"A": draw.positive(G, D), "B": draw.positive(V, D), "classes": np.array(classes)}
    given |= {"h": draw.positive(1, D), "w": np.array([w])}
    found = nn.gradient("softmax.class_factored", {"log_p": np.ones(1)}, **given)
    assert vocabulary.class_factored_scores(classes, w) == G + size
    read = _rows_touched(found.A), _rows_touched(found.B)
    assert read[0] <= G, "at most the classes"
    assert read[1] <= size, "at most the words of one class"
    if G > 1 and size > 1:  # one choice is no choice: its gradient is 0
        assert read == (G, size), f"{sum(read)} scores, not {G + size}"
    other = [v for v in range(V) if classes[v] != classes[w]]
    moved = {**given, "B": given["B"].copy()}
    moved["B"][other] += 1.0
    exactly(
        nn("softmax.class_factored", **moved).p,
        nn("softmax.class_factored", **given).p,
        "other classes unread",
    )


@law("P30", on=["softmax.hierarchical"])
def hierarchical_reads_as_many_nodes_as_the_leaf_is_deep(nn: Any, draw: Draw) -> None:
    V, D = draw.size(1, 9), draw.size()
    way, w = vocabulary.paths(_tree(draw, V)), int(draw.index(below=V))
    given = {"v": draw.positive(V - 1, D), **_path_arrays(way), "h": draw.positive(1, D), "w": np.array([w])}
    found = nn.gradient("softmax.hierarchical", {"log_p": np.ones(1)}, **given)
    assert _rows_touched(found.v) == way.depth[w], f"{_rows_touched(found.v)} nodes, not {way.depth[w]}"
    balanced = vocabulary.paths(vocabulary.balanced(V))
    assert max(balanced.depth) == vocabulary.balanced_depth(V), "⌈log2 |V|⌉"
    off_path = [j for j in range(V - 1) if j not in way.nodes[w][: way.depth[w]]]
    moved = {**given, "v": given["v"].copy()}
    moved["v"][off_path] += 1.0
    exactly(
        nn("softmax.hierarchical", **moved).p,
        nn("softmax.hierarchical", **given).p,
        "nodes off the way unread",
    )


@law("P31", on=["softmax.noise_contrastive", "softmax.negative_sampling"])
def noise_that_counts_as_one(nn: Any, draw: Draw) -> None:
    k, B, D = draw.choice([1, 2, 4, 8]), draw.size(), draw.size()
    given = {"W": draw.reals(k, D), "b": draw.reals(k), "h": draw.reals(B, D), "w": draw.index(B, below=k)}
    given["noise"] = draw.index(B, k, below=k)
    q = np.full(k, 1.0 / k)  # |V| = k words, so that k q(w) = 1
    J = nn("softmax.negative_sampling", **given).J
    as_exact(nn("softmax.noise_contrastive", q=q, **given).J, J, "k q = 1: NCE is negative sampling")
    seeds = {"J": draw.reals(B)}
    left = nn.gradient("softmax.noise_contrastive", seeds, q=q, **given)
    right = nn.gradient("softmax.negative_sampling", seeds, **given)
    for name in ("W", "b", "h"):
        as_exact(getattr(left, name), getattr(right, name), f"gradient of {name}")


@law("P32", on=["softmax.noise_contrastive"])
def noise_contrastive_reads_the_word_and_its_draws(nn: Any, draw: Draw) -> None:
    V, k, D, more = draw.choice([1, 2, 4, 8]), draw.size(1, 4), draw.size(), draw.size(1, 50)
    q, w, noise = (draw.simplex(V) + 1.0 / V) / 2.0, draw.index(1, below=V), draw.index(1, k, below=V)
    given = {
        "W": draw.positive(V, D),
        "b": draw.positive(V),
        "q": q,
        "h": draw.positive(1, D),
        "w": w,
        "noise": noise,
    }
    found = nn.gradient("softmax.noise_contrastive", {"J": np.ones(1)}, **given)
    read = len({int(w[0]), *map(int, noise[0])})
    assert _rows_touched(found.W) <= read <= vocabulary.noise_contrastive_scores(k), "at most k + 1 scores"
    large = {**given, "W": np.pad(given["W"], ((0, more), (0, 0)), constant_values=7.0)}
    large |= {"b": np.pad(given["b"], (0, more), constant_values=7.0), "q": np.pad(q, (0, more))}
    exactly(
        nn("softmax.noise_contrastive", **large).J,
        nn("softmax.noise_contrastive", **given).J,
        "words that nobody drew do not matter",
    )


@law("P33", on=["softmax.self_normalized", "loss.softmax_cross_entropy", "softmax.log_sum_exp"])
def self_normalisation(nn: Any, draw: Draw) -> None:
    B, V = draw.size(), draw.size(2, 5)
    s, w, alpha = draw.integers(B, V), draw.index(B, below=V), float(draw.choice([0.125, 0.5, 2.0]))
    nll = nn("loss.softmax_cross_entropy", z=s, i=w).L
    as_exact(nn("softmax.self_normalized", s=s, w=w, alpha=0.0).J, nll, "α = 0: the plain NLL")
    shift = draw.integers(B, 1)
    moved = nn("softmax.self_normalized", s=s + shift, w=w, alpha=0.0).J
    as_exact(moved, nll, "the NLL does not see a shift")
    found = nn("softmax.self_normalized", s=s, w=w, alpha=alpha)
    as_exact(found.log_Z, nn("softmax.log_sum_exp", a=s).log_Z, "log Z")
    as_exact(found.J, nll + alpha * (found.log_Z * found.log_Z), "J = NLL + α (log Z)²")
    at_most(nll, found.J, "Z ≠ 1 costs more")
    s_bar = nn.gradient("softmax.self_normalized", {"J": np.ones(B)}, s=s, w=w, alpha=alpha).s
    as_exact(s_bar.sum(axis=1), 2.0 * alpha * found.log_Z, "a shift of all scores is pulled towards log Z = 0")
