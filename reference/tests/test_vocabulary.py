from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnspec_reference import vocabulary
from nnspec_reference.vocabulary import (
    alias_table,
    balanced,
    balanced_class_scores,
    balanced_classes,
    balanced_depth,
    class_factored_scores,
    draw,
    draw_by_inverse,
    huffman,
    noise_distribution,
    paths,
)

weights = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)


def leaves(tree: Any) -> list[int]:
    return [tree] if isinstance(tree, int) else leaves(tree[0]) + leaves(tree[1])


def follow(tree: Any, turns: Any) -> Any:
    for turn in turns:
        tree = tree[0 if turn == 1 else 1]
    return tree


@st.composite
def trees(draw_: Any) -> Any:
    forest: list[Any] = list(draw_(st.permutations(range(draw_(st.integers(1, 12))))))
    while len(forest) > 1:
        i = draw_(st.integers(0, len(forest) - 2))
        forest[i : i + 2] = [(forest[i], forest[i + 1])]
    return forest[0]


@given(trees())
def test_paths_lead_to_the_leaves(tree: Any) -> None:
    way = paths(tree)
    words = len(leaves(tree))
    used = set()
    for w in range(words):
        d = way.depth[w]
        assert follow(tree, way.signs[w][:d]) == w
        assert len(set(way.nodes[w][:d])) == d  # no node twice
        assert d == 0 or way.nodes[w][0] == 0  # from the root
        used |= set(way.nodes[w][:d])
    assert used == set(range(words - 1))  # |V| − 1 inner nodes
    assert sum(Fraction(1, 2**d) for d in way.depth) == 1  # Kraft: the tree is full


@pytest.mark.parametrize("tree", [(0, 0), (1, 2), (0, (1,)), (0, 2), ((0, 1, 2), 3), "01", ()])
def test_what_is_no_tree_of_words(tree: Any) -> None:
    with pytest.raises(ValueError, match="word"):
        paths(tree)


def test_a_chain_is_no_recursion() -> None:
    chain: Any = 0
    for w in range(1, 1500):
        chain = (w, chain)
    assert max(paths(chain).depth) == 1499


@given(st.integers(1, 300))
def test_balanced(size: int) -> None:
    depth = paths(balanced(size)).depth
    assert max(depth) == balanced_depth(size)
    assert max(depth) - min(depth) <= 1
    classes = balanced_classes(size)
    sizes = Counter(classes)
    assert list(sizes) == list(range(len(sizes)))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    assert max(class_factored_scores(classes, w) for w in range(size)) == balanced_class_scores(size)


def all_trees(words: tuple[int, ...]) -> list[Any]:
    if len(words) == 1:
        return [words[0]]
    return [
        (left, right)
        for mask in range(1, 2 ** (len(words) - 1))
        for left in all_trees(tuple(w for i, w in enumerate(words) if not mask >> i & 1))
        for right in all_trees(tuple(w for i, w in enumerate(words) if mask >> i & 1))
    ]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_huffman_is_optimal(counts: list[int]) -> None:
    def cost(tree: Any) -> int:
        return sum(c * d for c, d in zip(counts, paths(tree).depth, strict=True))

    assert cost(huffman(counts)) == min(map(cost, all_trees(tuple(range(len(counts))))))


@given(weights)
def test_alias_table_is_exact(counts: list[int]) -> None:
    table = alias_table([Fraction(c) for c in counts])
    n, q = len(counts), [Fraction(0)] * len(counts)
    for slot, (keep, alias) in enumerate(zip(*table, strict=True)):
        assert 0 <= keep <= 1
        q[slot] += Fraction(keep) / n
        q[alias] += (1 - Fraction(keep)) / n
    assert q == [Fraction(c, sum(counts)) for c in counts]


@given(weights, st.floats(0.0, 1.0, exclude_max=True))
def test_both_samplers_draw_words_that_occur(counts: list[int], u: float) -> None:
    q = [c / sum(counts) for c in counts]
    assert counts[draw(alias_table(q), u)] > 0
    assert counts[draw_by_inverse(q, u)] > 0


@given(weights)
def test_samplers_have_the_distribution(counts: list[int]) -> None:
    n = sum(counts) * len(counts)  # every boundary is a multiple of 1/n
    grid = [Fraction(2 * i + 1, 2 * n) for i in range(n)]
    table, exact = alias_table([Fraction(c) for c in counts]), [Fraction(c) for c in counts]
    for drawn in (Counter(draw(table, u) for u in grid), Counter(draw_by_inverse(exact, u) for u in grid)):
        assert [drawn[w] * sum(counts) for w in range(len(counts))] == [c * n for c in counts]
    inverse = [draw_by_inverse(exact, u) for u in grid]
    assert all(a <= b for a, b in pairwise(inverse))  # monotone in u


def test_noise_distribution() -> None:
    assert noise_distribution([1, 0, 3]) == (0.25, 0.0, 0.75)
    assert noise_distribution([16, 0, 81], 0.75) == (8 / 35, 0.0, 27 / 35)
    assert noise_distribution([1, 0, 2], -1) == (2 / 3, 0.0, 1 / 3)  # gensim #3250: a whole negative exponent
    assert noise_distribution([5, 0, 7], 0) == (0.5, 0.0, 0.5)


@pytest.mark.parametrize("bad", [[], [0, 0], [-1, 2]])
def test_no_noise_of_nothing(bad: list[int]) -> None:
    for make in (noise_distribution, alias_table):
        with pytest.raises(ValueError, match=r"weight|count|occurs"):
            make(bad)


@pytest.mark.parametrize("u", [-0.1, 1.0, float("nan")])
def test_uniforms_are_below_one(u: float) -> None:
    with pytest.raises(ValueError, match="uniform"):
        draw(alias_table([1]), u)
    with pytest.raises(ValueError, match="uniform"):
        draw_by_inverse([1], u)


def test_nothing_has_no_tree() -> None:
    with pytest.raises(ValueError, match="at least one"):
        balanced(0)
    with pytest.raises(ValueError, match="at least one"):
        huffman([])
    with pytest.raises(ValueError, match="at least one"):
        balanced_classes(0)


def test_counts() -> None:
    assert vocabulary.full_scores(7) == 7
    assert vocabulary.noise_contrastive_scores(5) == 6
