"""What the speed-ups of the softmax are made of: partitions, trees, noise, and counts of evaluated scores.

Words are the indices 0 … |V|−1. A full binary tree is a nested pair: a leaf is a word, an inner node is
``(left, right)``, and the tree of one word is that word.

>>> tree = huffman([5, 1, 1, 2])
>>> tree
((3, (1, 2)), 0)
>>> paths(tree).depth
(1, 3, 3, 2)
>>> [draw(alias_table([1, 0, 3]), u) for u in (0.0, 0.3, 0.5, 0.9)]
[0, 2, 2, 2]
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from nnspec_reference.scalars import Vector, power, total

Tree = Any
"""A word, or a pair (left, right) of trees."""


# ---------------------------------------------------------------------------------------------------- classes
def balanced_classes(size: int) -> tuple[int, ...]:
    """About √|V| classes of about √|V| words: the class of every word.

    >>> balanced_classes(5)
    (0, 0, 0, 1, 1)
    """
    if size < 1:
        raise ValueError("a vocabulary has at least one word")
    classes = math.isqrt(size)
    return tuple(word * classes // size for word in range(size))


# ------------------------------------------------------------------------------------------------------ trees
class Paths(NamedTuple):
    """A tree as the arrays of `softmax.hierarchical`, padded beyond `depth` by node 0 and sign 1."""

    nodes: tuple[tuple[int, ...], ...]
    signs: tuple[tuple[int, ...], ...]
    depth: tuple[int, ...]


def balanced(words: int | Sequence[int]) -> Tree:
    """The tree whose leaves, in order, are halved at every node; no leaf is deeper than ⌈log2 |V|⌉.

    >>> balanced(5)
    ((0, 1), (2, (3, 4)))
    """
    words = range(words) if isinstance(words, int) else words
    if not words:
        raise ValueError("a tree has at least one leaf")
    half = len(words) // 2
    return words[0] if len(words) == 1 else (balanced(words[:half]), balanced(words[half:]))


def huffman(counts: Sequence[Any]) -> Tree:
    """Huffman's tree: the least mean depth Σ counts[w] · depth[w].

    The two lightest trees are joined, the lighter one to the left; at a tie the older one comes first, words
    being in order. Other ways to break ties give other, equally good trees.
    """
    if not counts:
        raise ValueError("a tree has at least one leaf")
    heap: list[tuple[Any, int, Tree]] = [(count, word, word) for word, count in enumerate(counts)]
    heapq.heapify(heap)
    for age in range(len(counts), 2 * len(counts) - 1):
        m, _, left = heapq.heappop(heap)
        n, _, right = heapq.heappop(heap)
        heapq.heappush(heap, (m + n, age, (left, right)))
    return heap[0][2]


def paths(tree: Tree) -> Paths:
    """The way to every leaf: the inner nodes passed, numbered in preorder, and the turns, +1 to the left.

    ValueError unless the leaves are the words 0 … |V|−1, each once, and every inner node has two children.

    >>> paths((0, (1, 2)))
    Paths(nodes=((0, 0), (0, 1), (0, 1)), signs=((1, 1), (-1, 1), (-1, -1)), depth=(1, 2, 2))
    """
    ways = dict(sorted(_ways(tree)))
    if len(ways) != sum(1 for _ in _ways(tree)) or list(ways) != list(range(len(ways))):
        raise ValueError("the leaves must be the words 0 to |V|-1, each once")
    longest = max(map(len, ways.values()))
    padded = [(*way, *((0, 1),) * (longest - len(way))) for way in ways.values()]
    return Paths(
        nodes=tuple(tuple(node for node, _ in way) for way in padded),
        signs=tuple(tuple(sign for _, sign in way) for way in padded),
        depth=tuple(map(len, ways.values())),
    )


def _ways(tree: Tree) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    """Every leaf with its way, from left to right; without recursion, for a tree may be a chain."""
    nodes = 0
    stack: list[tuple[Tree, tuple[tuple[int, int], ...]]] = [(tree, ())]
    while stack:
        part, way = stack.pop()
        if isinstance(part, int):
            yield part, way
        elif isinstance(part, tuple) and len(part) == 2:
            stack += [(part[1], (*way, (nodes, -1))), (part[0], (*way, (nodes, 1)))]
            nodes += 1
        else:
            raise ValueError(f"neither a word nor a pair of trees: {part!r}")


# ------------------------------------------------------------------------------------------------------ noise
def noise_distribution(counts: Sequence[Any], exponent: Any = 1) -> Vector:
    """q(w) = counts[w]^a / Σ counts^a; a = 1 is the unigram distribution, word2vec uses ¾.

    A word that never occurs is never noise, whatever the exponent.

    >>> noise_distribution([1.0, 0.0, 4.0], 0.5)
    (0.3333333333333333, 0.0, 0.6666666666666666)
    >>> noise_distribution([1, 2], -1)
    (0.6666666666666666, 0.3333333333333333)
    """
    if any(c < 0 for c in counts):
        raise ValueError("a count is negative")
    weights = Vector(power(c, exponent) if c != 0 else 0 for c in counts)
    if not any(w != 0 for w in weights):
        raise ValueError("no word occurs")
    q: Vector = weights / total(weights)
    return q


class AliasTable(NamedTuple):
    """For each of n equal slots: the share that its own word keeps, and the word that takes the rest."""

    keep: tuple[Any, ...]
    alias: tuple[int, ...]


def alias_table(weights: Sequence[Any]) -> AliasTable:
    """Walker's alias table of the distribution weights / Σ weights, in O(n); exact on exact numbers.

    >>> from fractions import Fraction
    >>> alias_table([Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)])
    AliasTable(keep=(1, Fraction(1, 2), Fraction(1, 2)), alias=(0, 0, 1))
    """
    n, whole = len(weights), sum(weights)
    if not whole > 0 or any(w < 0 for w in weights):
        raise ValueError("weights must be >= 0, and not all 0")
    share = [w * n / whole for w in weights]  # 1 on average
    keep, alias = list(share), list(range(n))
    small = [i for i in range(n) if share[i] < 1]
    large = [i for i in range(n) if share[i] >= 1]
    while small and large:
        needy, rich = small.pop(), large[-1]
        keep[needy], alias[needy] = share[needy], rich
        share[rich] = share[rich] - (1 - share[needy])
        if share[rich] < 1:
            small.append(large.pop())
    # the slots left over are full, but for rounding: their words keep them; a word of weight 0 keeps nothing
    heaviest = max(range(n), key=lambda i: weights[i])
    for i in small + large:
        keep[i], alias[i] = (1, i) if weights[i] > 0 else (0, heaviest)
    return AliasTable(tuple(keep), tuple(alias))


def draw(table: AliasTable, u: Any) -> int:
    """A word, from one uniform u in [0, 1): ⌊n u⌋ chooses the slot, the rest of n u keeps or passes on."""
    if not 0 <= u < 1:
        raise ValueError(f"not a uniform in [0, 1): {u!r}")
    n = len(table.keep)
    slot = min(int(n * u), n - 1)
    return slot if n * u - slot < table.keep[slot] else table.alias[slot]


def draw_by_inverse(q: Sequence[Any], u: Any) -> int:
    """A word, from one uniform u in [0, 1): the first whose cumulative probability exceeds u · Σ q.

    >>> [draw_by_inverse([0.25, 0.0, 0.75], u) for u in (0.0, 0.2, 0.25, 0.99)]
    [0, 0, 2, 2]
    """
    if not 0 <= u < 1:
        raise ValueError(f"not a uniform in [0, 1): {u!r}")
    cumulative = list(accumulate(q))
    if not cumulative or not cumulative[-1] > 0:
        raise ValueError("no word has a positive probability")
    found = bisect_right(cumulative, u * cumulative[-1])
    return min(found, max(i for i, p in enumerate(q) if p > 0))


# ----------------------------------------------------------------------------------------------------- counts
def full_scores(size: int) -> int:
    """Scores for one prediction of the plain softmax: |V|."""
    return size


def class_factored_scores(classes: Sequence[int], w: int) -> int:
    """Scores for P(w|h): one for each class, and one for each word in the class of w.

    >>> class_factored_scores(balanced_classes(10**4), 0)
    200
    """
    return len(set(classes)) + sum(c == classes[w] for c in classes)


def balanced_class_scores(size: int) -> int:
    """The most scores for one prediction with `balanced_classes`, about 2√|V|.

    >>> [balanced_class_scores(n) for n in (1, 10**4, 10**7)]
    [2, 200, 6325]
    """
    classes = math.isqrt(size)
    return classes + -(-size // classes)


def hierarchical_scores(way: Paths, w: int) -> int:
    """Scores for P(w|h): the depth of w's leaf.

    >>> max(hierarchical_scores(paths(balanced(1000)), w) for w in range(1000))
    10
    """
    return way.depth[w]


def balanced_depth(size: int) -> int:
    """⌈log2 |V|⌉: the depth of the deepest leaf of a balanced tree, in whole numbers."""
    return (size - 1).bit_length()


def noise_contrastive_scores(k: int) -> int:
    """Scores for one term of noise contrastive estimation or negative sampling: the word and the k draws."""
    return k + 1


def training_terms(size: int, tokens: int, epochs: int) -> int:
    """Exponentials for training with the plain softmax: |V| for every token in every epoch."""
    return size * tokens * epochs
