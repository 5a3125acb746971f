"""The inputs that find mistakes: plans drawn from an equation's record, and the arrays that a plan stands for.

Hypothesis draws a `Plan` (sizes, options, which optional arguments are there, a value mode, one seed); the arrays are
filled from the seed, which costs a fifteenth of drawing every element, and a plan shrinks to tiny sizes and small
integers. `corners` are the cases that every run starts with, because chance seldom finds them.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from hypothesis import strategies as st

from nnspec_reference.catalogue import Argument, Dim, Equation, Option, Result, catalogue

__all__ = ["MODES", "Case", "Plan", "Seeded", "Source", "build", "corners", "draw_one", "plans", "static_values"]

Array = np.ndarray[Any, Any]

MODES = ("integers", "uniform", "wide", "logarithmic", "sparse", "ties")
"""How real arrays are filled: -3…3; ±1; ±10; magnitudes over six decades; half zeros; few repeated values.

Corners know more: zeros, rows of zeros among others, one value everywhere, a row of −∞, and what a record asks for."""

_BATCH = "B"

_BEYOND_TILES = (257, 65, 33, 17)
"""Sizes that no vector, warp or tile divides, and that no eight bits count."""

_MOST_NUMBERS = 2000
"""How many numbers a case of such a size may take in and give out: its cost is a few microseconds each."""


@dataclass(frozen=True)
class Plan:
    """What is drawn of a case: everything else follows."""

    sizes: tuple[tuple[str, int], ...]
    options: tuple[tuple[str, Any], ...] = ()
    absent: frozenset[str] = frozenset()
    mode: str = "integers"
    seed: int = 0
    lengths: tuple[int, ...] | None = None

    def size(self, symbol: str) -> int:
        """The size of a symbol."""
        return dict(self.sizes)[symbol]


@dataclass(frozen=True, eq=False)
class Case:
    """One call of an equation: arguments as NumPy arrays (batch first), options, and the outputs' cotangents.

    Reals are float64 or float32, indices int64; hyperparameters and static objects are as they are. `arguments` has
    random numbers beyond `lengths`, for the oracle never reads them; `poisoned` has NaN there.
    """

    equation: str
    dtype: str
    sizes: Mapping[str, int]
    arguments: Mapping[str, Any]
    options: Mapping[str, Any]
    cotangents: Mapping[str, Array]
    lengths: Array | None = None
    note: str = ""
    plan: Plan | None = field(default=None, repr=False)

    @property
    def record(self) -> Equation:
        """The equation's record."""
        return catalogue()[self.equation]

    def poisoned(self) -> dict[str, Any]:
        """The arguments with NaN in the padding: an implementation must not read it."""
        if self.lengths is None:
            return dict(self.arguments)
        poisoned = dict(self.arguments)
        for a in self.record.arguments:
            value = poisoned.get(a.name)
            if a.is_real and self.record.has_time(a) and isinstance(value, np.ndarray):
                value = value.copy()
                for row, length in enumerate(self.lengths):
                    value[row, length:] = np.nan
                poisoned[a.name] = value
        return poisoned

    def special(self) -> bool:
        """True if some input is NaN or infinite."""
        return any(not np.isfinite(x).all() for x in self.real_arrays())

    def real_arrays(self) -> Iterator[Array]:
        """Every array of reals among the arguments."""
        for a in self.record.arguments:
            value = self.arguments.get(a.name)
            if a.is_real and value is not None:
                yield from value if a.each else [value]

    def result_shape(self, result: Result) -> tuple[int, ...]:
        """The shape that a result must have, batch axis included."""
        layers = next((self.sizes[a.each] for a in self.record.arguments if a.each and a.each in self.sizes), None)
        dims = tuple(d.at_layer(0, layers).value(self.sizes) for d in result.shape)
        batched = self.record.batched and result.batched
        return (self.sizes[_BATCH], *dims) if batched else dims


# ------------------------------------------------------------------------------------------------- drawing
Options = Mapping[str, Any]
Sizes = Mapping[str, int | str]
"""Sizes that a candidate is bound to: a number, or the symbol whose size is to be the same."""


class Source(Protocol):
    """Where a plan's choices come from."""

    def integer(self, least: int, most: int) -> int:
        """A whole number between the two, both included."""

    def one_of(self, values: Sequence[Any]) -> Any:
        """One of the values."""


@dataclass(frozen=True)
class _Drawn:
    """Choices that Hypothesis makes, and shrinks."""

    draw: Callable[[st.SearchStrategy[Any]], Any]

    def integer(self, least: int, most: int) -> int:
        return int(self.draw(st.integers(least, most)))

    def one_of(self, values: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(values))


@dataclass(frozen=True)
class Seeded:
    """Choices that follow from a seed alone, whatever version of Hypothesis is installed."""

    rng: np.random.Generator

    def integer(self, least: int, most: int) -> int:
        """A whole number between the two, both included."""
        return int(self.rng.integers(least, most + 1))

    def one_of(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return values[int(self.rng.integers(len(values)))]


def plans(record: Equation, fixed: Options | None = None, bound: Sizes | None = None) -> st.SearchStrategy[Plan]:
    """Plans for an equation, simplest first: tiny sizes, default options, small integers; some of it may be fixed."""

    def draw_plan(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Plan:
        return draw_one(_Drawn(draw), record, fixed or {}, bound or {})

    return st.composite(draw_plan)()


def draw_one(source: Source, record: Equation, fixed: Options, bound: Sizes) -> Plan:
    """One plan, of the source's choices."""
    sizes: dict[str, int] = {}
    if record.batched:
        sizes[_BATCH] = source.integer(1, 3)
    for symbol in _drawn_symbols(record):
        least = record.minimum(symbol)
        sizes[symbol] = source.integer(least, max(least, _LARGEST.get(symbol, 4)))
    for symbol in _layered_symbols(record):
        for layer in range(_layers(record, sizes) + 1):
            sizes[f"{symbol}[{layer}]"] = source.integer(record.minimum(symbol), 4)
    _bind(sizes, bound)
    _keep_relations(record, sizes)
    options = tuple((o.name, source.one_of(_values(o, fixed))) for o in record.options)
    optional = [a.name for a in record.arguments if a.optional]
    absent = frozenset(name for name in optional if source.one_of((False, True)))
    mode = source.one_of(_modes(record))
    seed = source.integer(0, 2**16 - 1)
    lengths = None
    if record.time and source.one_of((False, True)):
        least, most = record.minimum(record.time), sizes[record.time]
        lengths = tuple(source.integer(least, most) for _ in range(sizes[_BATCH]))
    return Plan(tuple(sizes.items()), options, absent, mode, seed, lengths)


def _bind(sizes: dict[str, int], bound: Sizes) -> None:
    """Set the sizes that are bound, in their order; those of layers that are not there are left out."""
    for symbol, value in bound.items():
        if symbol in sizes:
            sizes[symbol] = sizes[value] if isinstance(value, str) else value


def _values(option: Option, fixed: Options) -> tuple[Any, ...]:
    return (fixed[option.name],) if option.name in fixed else option.values


_LARGEST = {"T": 4, "V": 7, "L": 3}


def _drawn_symbols(record: Equation) -> list[str]:
    layered = set(_layered_symbols(record))
    return [s for s in record.symbols if s not in layered]


def _layered_symbols(record: Equation) -> list[str]:
    found: dict[str, None] = {}
    for a in record.arguments:
        for dim in a.shape:
            for symbol, _ in dim.terms:
                if "[" in symbol:
                    found.setdefault(symbol.partition("[")[0])
    return list(found)


def _layers(record: Equation, sizes: Mapping[str, int]) -> int:
    return next((sizes[a.each] for a in record.arguments if a.each), 0)


_RELATION = re.compile(r"\s*(\S+)\s*(<=|<|=)\s*(\S+)\s*")


def _keep_relations(record: Equation, sizes: dict[str, int]) -> None:
    """Raise (or set) the right-hand symbol of each relation until it holds."""
    for relation in record.relations:
        match = _RELATION.fullmatch(relation)
        if match is None:
            raise ValueError(f"{record.id}: not a relation: {relation!r}")
        left, right = Dim.parse(match[1]), Dim.parse(match[3])
        needed = left.value(sizes) + (match[2] == "<")
        if right.value(sizes) < needed or match[2] == "=":
            (symbol, times), *more = right.terms
            if more or times != 1:
                raise ValueError(f"{record.id}: the right of {relation!r} is not one symbol")
            sizes[symbol] = needed - right.constant


def _modes(record: Equation) -> tuple[str, ...]:
    extra = [m for a in record.arguments if a.is_real for m in a.draw]
    steep = ["steep"] if "large" in extra else []
    special = ["special"] if any(a.allows for a in record.arguments) else []
    return tuple(dict.fromkeys([*MODES, *extra, *special, *steep]))


def corners(record: Equation, fixed: Options | None = None, bound: Sizes | None = None) -> list[tuple[str, Plan]]:
    """The plans that every run starts with, and why each is there."""
    found: list[tuple[str, Plan]] = []
    fixed, bound = fixed or {}, bound or {}
    options = tuple((o.name, fixed.get(o.name, o.default)) for o in record.options)
    optional = frozenset(a.name for a in record.arguments if a.optional)

    def plan(sizes: dict[str, int], **more: Any) -> Plan:
        sizes = dict(sizes)
        _bind(sizes, bound)
        _keep_relations(record, sizes)
        return replace(Plan(tuple(sizes.items()), options), **more)

    distinct = _sizes(record, itertools.count(2), batch=3)
    found.append(("pairwise different sizes", plan(distinct, mode="uniform", seed=1)))
    found.append(("all sizes 1", plan(_sizes(record, itertools.repeat(1), batch=1), mode="uniform", seed=2)))
    # where sizes differ, an axis taken for another is an error; where they agree, it is only a wrong number
    counts = {a.each for a in record.arguments}
    size = max([3, *(record.minimum(s) for s in distinct if s != _BATCH)])
    alike = {s: n if s in counts else size for s, n in distinct.items()}
    found.append(("all sizes alike", plan(alike, mode="uniform", seed=6)))
    if any(record.minimum(s) == 0 for s in record.symbols):
        empty = {s: record.minimum(s.partition("[")[0]) if s != _BATCH else 2 for s in distinct}
        found.append(("the least sizes", plan(empty, mode="uniform", seed=3)))
    if record.batched:
        found.append(("an empty batch", plan({**distinct, _BATCH: 0}, mode="uniform", seed=4)))
    if optional:
        found.append(("no optional argument", plan(distinct, mode="uniform", seed=5, absent=optional)))
        for place, name in enumerate(sorted(optional) if len(optional) > 1 else []):
            found.append((f"no {name}", plan(distinct, mode="uniform", seed=120 + place, absent=frozenset({name}))))
    for place, combination in enumerate(itertools.product(*(_values(o, fixed) for o in record.options))):
        if place and place < 64:
            chosen = tuple(zip((o.name for o in record.options), combination, strict=True))
            seed = 10 + place if place < 24 else 200 + place
            found.append(("options", replace(plan(distinct, mode="uniform", seed=seed), options=chosen)))
            found.append(("options and ties", replace(plan(distinct, mode="ties", seed=seed), options=chosen)))
    for place, mode in enumerate(_modes(record)):
        found.append((f"{mode} values", plan(distinct, mode=mode, seed=50 + place)))
    found.append(("all zeros", plan(distinct, mode="zeros", seed=70)))
    if record.time:
        T = 4
        ragged = {**distinct, record.time: T, _BATCH: 5}
        # sorting these by length is no involution: a permutation applied twice, or its inverse, shows
        least = record.minimum(record.time)
        if not {record.time, _BATCH} & set(bound):
            found.append(("ragged lengths", plan(ragged, mode="uniform", seed=80, lengths=(3, 4, 2, least, 1))))
        found.append(("one step", plan({**distinct, record.time: 1}, mode="uniform", seed=81)))
        if not {record.time, _BATCH} & set(bound):
            full, none = {**distinct, record.time: T}, (least,) * distinct[_BATCH]
            found.append(("lengths that cut nothing", plan(full, mode="uniform", seed=82, lengths=(T,) * full[_BATCH])))
            found.append(("the least lengths", plan(full, mode="uniform", seed=83, lengths=none)))
    one = _sizes(record, itertools.repeat(1), batch=1)
    found.append(("all sizes 1, all zeros", plan(one, mode="zeros", seed=71)))
    found.append(("empty rows", plan(distinct, mode="rows", seed=72)))
    # five or more: the mean of equal numbers may round
    found.append(("all equal", plan(_sizes(record, itertools.count(5), batch=7), mode="equal", seed=73)))
    if any("-inf" in a.allows for a in record.arguments):
        found.append(("a masked row", plan(distinct, mode="masked", seed=74)))
    for a in record.arguments:
        if a.kind == "hyper" and len(a.draw) > 1:
            for value in a.draw:
                place = next(n for n in itertools.count(300) if _hyper(_stream(n, a.name), a, n) == value)
                for chosen in _combinations(record, fixed, 8):
                    ordinary, tiny = plan(distinct, mode="uniform", seed=place), plan(one, mode="zeros", seed=place)
                    found.append((f"{a.name} {value:g}", replace(ordinary, options=chosen)))
                    found.append((f"{a.name} {value:g}, all sizes 1, all zeros", replace(tiny, options=chosen)))
    for place, chosen in enumerate(_combinations(record, fixed, 64)[1:], 1):
        for mode, seed in (("rows", 400), ("wide", 500)):
            crossed = plan(distinct, mode=mode, seed=seed + place)
            found.append((f"options and {mode}", replace(crossed, options=chosen)))
    for place, symbol in enumerate(distinct):
        large = _beyond_tiles(record, symbol, bound)
        if large is not None:
            sizes, n = large
            found.append((f"{symbol} = {n}", plan(sizes, mode="uniform", seed=90 + place)))
            if "tiny" in _modes(record):  # a threshold somewhere between 1e-3 and 1e-30 has numbers on both sides
                found.append((f"{symbol} = {n}, tiny values", plan(sizes, mode="tiny", seed=180 + place)))
    return found


def _combinations(record: Equation, fixed: Options, most: int) -> list[tuple[tuple[str, Any], ...]]:
    """Every combination of the options' values, the default first; it alone if there are too many."""
    found = [
        tuple(zip((o.name for o in record.options), values, strict=True))
        for values in itertools.product(*(_values(o, fixed) for o in record.options))
    ]
    return found if len(found) <= most else found[:1]


def is_beyond_tiles(note: str) -> bool:
    """True if a corner is there for its size alone."""
    return " = " in note


def _beyond_tiles(record: Equation, symbol: str, bound: Sizes) -> tuple[dict[str, int], int] | None:
    """Tiny sizes but for one, which is as large as the budget admits; None where that is not worth a case."""
    if symbol.partition("[")[0] == "L" or (symbol == record.time and record.carry):
        return None  # layers are few, and a long sequence has its own cases
    for n in _BEYOND_TILES[-1:] if symbol == record.time else _BEYOND_TILES:  # balls grow with time
        sizes = _sizes(record, itertools.repeat(2), batch=1)
        if symbol not in sizes:
            return None
        sizes[symbol] = n
        _bind(sizes, bound)
        _keep_relations(record, sizes)
        if sizes[symbol] == n and _numbers(record, sizes) <= _MOST_NUMBERS:
            return sizes, n
    return None


def _numbers(record: Equation, sizes: Mapping[str, int]) -> int:
    """How many numbers a case has."""
    total = 0
    for a in record.arguments:
        if a.is_array:
            for layer in range(sizes[a.each]) if a.each else (0,):
                total += int(np.prod(_dims(record, a, sizes, layer, sizes[a.each] if a.each else None)))
    blank = Case(record.id, "float64", sizes, {}, {}, {})
    return total + sum(int(np.prod(blank.result_shape(r))) for r in record.results)


def _sizes(record: Equation, numbers: Iterator[int] | Any, batch: int) -> dict[str, int]:
    sizes: dict[str, int] = {}
    if record.batched:
        sizes[_BATCH] = batch
    numbers = iter(numbers)
    for symbol in _drawn_symbols(record):
        value = max(next(numbers), record.minimum(symbol))
        if batch > 1 and value == batch and record.batched:
            value = max(next(numbers), record.minimum(symbol))
        sizes[symbol] = min(value, _LARGEST[symbol]) if symbol in ("L",) else value
    for symbol in _layered_symbols(record):
        for layer in range(_layers(record, sizes) + 1):
            sizes[f"{symbol}[{layer}]"] = 1 if batch == 1 else 2 + (layer * 3 + 1) % 4
    return sizes


# ------------------------------------------------------------------------------------------------- filling
def build(record: Equation, plan: Plan, dtype: str = "float64", note: str = "") -> Case:
    """The case that a plan stands for."""
    sizes = dict(plan.sizes)
    # every argument has its own stream: leaving one out does not change the others
    arguments: dict[str, Any] = {}
    for a in record.arguments:
        rng = _stream(plan.seed, a.name)
        if a.name in plan.absent:
            arguments[a.name] = None
        elif a.kind == "static":
            arguments[a.name] = static_values[str(a.draw[0])](rng, sizes)
        elif a.kind == "hyper":
            arguments[a.name] = _hyper(rng, a, plan.seed)
        elif a.each:
            count = sizes[a.each]
            arguments[a.name] = [
                _fill(rng, a, plan.mode, _dims(record, a, sizes, layer, count), sizes, dtype) for layer in range(count)
            ]
        else:
            # asarray: NumPy makes a number, not an array, of an operation on arrays without axes
            arguments[a.name] = np.asarray(_fill(rng, a, plan.mode, _dims(record, a, sizes), sizes, dtype))
    lengths = None if plan.lengths is None else np.array(plan.lengths, dtype=np.int64)
    case = Case(record.id, dtype, sizes, arguments, dict(plan.options), {}, lengths, note or plan.mode, plan)
    cotangents = {}
    for result in record.results:
        if result.kind == "real":
            rng = _stream(plan.seed, f"cotangent of {result.name}")
            shape = case.result_shape(result)
            mode = plan.mode if plan.mode in ("integers", "sparse") else "uniform"
            cotangents[result.name] = np.asarray(_reals(rng, mode, shape), dtype)
    return replace(case, cotangents=cotangents)


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _dims(
    record: Equation, a: Argument, sizes: Mapping[str, int], layer: int = 0, count: int | None = None
) -> tuple[int, ...]:
    layers = count if count is not None else _layers(record, sizes)
    dims = tuple(d.at_layer(layer, layers).value(sizes) for d in a.shape)
    return (sizes[_BATCH], *dims) if record.batched and a.role == "data" else dims


def _hyper(rng: np.random.Generator, a: Argument, seed: int) -> float | int:
    values = a.draw or (0.5,)
    chosen = values[0] if seed == 0 else values[int(rng.integers(len(values)))]
    return chosen if isinstance(chosen, int) else float(chosen)


def _fill(
    rng: np.random.Generator, a: Argument, mode: str, shape: tuple[int, ...], sizes: Mapping[str, int], dtype: str
) -> Array:
    if a.kind == "index":
        assert a.of is not None
        limit = a.of.value(sizes)
        if "onto" in a.draw:  # every value occurs: a partition has no empty part
            values = np.concatenate([np.arange(limit), rng.integers(0, limit, int(np.prod(shape)))])
            return rng.permutation(values[: int(np.prod(shape))]).reshape(shape)
        if not limit:
            return np.zeros(shape, np.int64)
        # few distinct values: repeats must happen
        pool = rng.integers(0, limit, max(1, limit // 2)) if mode in ("ties", "sparse") else np.arange(limit)
        chosen = pool[rng.integers(0, len(pool), shape)].astype(np.int64)
        if limit > _BEYOND_TILES[-1] - 2 and chosen.size:
            chosen.flat[-1] = limit - 1  # of many, the last must be among the few that are asked for
        return chosen
    if a.kind == "count":
        small, large = rng.integers(0, 9, shape), rng.integers(0, 150, shape)
        edges = 2 ** rng.integers(2, 8, shape) + rng.integers(-1, 2, shape)  # where thresholds like to be
        kind = rng.random(shape)
        return np.where(kind < 0.5, small, np.where(kind < 0.8, edges, large)).astype(np.int64)
    if a.kind == "onehot":
        d = shape[-1]
        return np.eye(d)[rng.integers(0, d, shape[:-1])].astype(dtype)
    if a.kind == "bit":
        return (np.zeros(shape) if mode == "zeros" else rng.integers(0, 2, shape)).astype(dtype)
    if a.kind == "sign":
        return (2.0 * rng.integers(0, 2, shape) - 1.0).astype(dtype)
    if a.kind == "simplex":
        return _simplex(rng, mode, shape).astype(dtype)
    if a.kind == "probability":
        if mode in ("integers", "ties"):
            return (rng.integers(1, 8, shape) / 8.0).astype(dtype)
        if mode in ("zeros", "sparse"):
            return (rng.integers(0, 3, shape) / 2.0).astype(dtype)
        return rng.uniform(2.0**-10, 1.0 - 2.0**-10, shape).astype(dtype)
    scale = a.scale
    if mode in ("large", "tiny", "steep") and ("large" if mode == "steep" else mode) not in a.draw:
        mode = "uniform"
    # infinite scores need weights that are 0
    values = _reals(rng, "sparse" if mode == "special" and a.kind == "nonnegative" else mode, shape)
    if mode == "masked":
        if "-inf" in a.allows and a.kind == "real" and values.size:
            values[(0,) * (values.ndim - 1)] = -np.inf
    elif mode == "special":
        values = _sprinkle(rng, values, a)
    elif mode != "integers":
        values = values * scale
    if a.kind in ("positive", "nonnegative"):
        values = np.abs(values)
        if a.kind == "positive":
            values = np.where(values == 0.0, 1.0, values)
    return values.astype(dtype)


def _reals(rng: np.random.Generator, mode: str, shape: tuple[int, ...]) -> Array:
    if mode == "zeros":
        return np.zeros(shape)
    if mode == "integers":
        return rng.integers(-3, 4, shape).astype(np.float64)
    if mode == "ties":
        values = rng.integers(-1, 2, shape) / 2.0
        odd = np.arange(values.size).reshape(shape) % 2 == 1
        return np.where((values == 0.0) & odd, -0.0, values)  # either zero is a tie
    values = rng.uniform(-1.0, 1.0, shape)
    if mode == "sparse":
        return np.where(rng.random(shape) < 0.5, 0.0, values)
    if mode == "rows":
        return np.where(rng.random((*shape[:-1], 1) if shape else ()) < 0.5, 0.0, values)
    if mode == "equal":
        return np.full(shape, values.flat[0] if values.size else 0.0)
    if mode == "wide":
        return 10.0 * values
    if mode == "logarithmic":
        return np.sign(values) * 10.0 ** rng.uniform(-4.0, 2.0, shape)
    if mode == "large":  # far beyond the range of exp, and (per example) all of one sign
        sign = rng.choice([-1.0, 1.0], (*shape[:1], *(1,) * (len(shape) - 1))) if shape else 1.0
        return sign * (1000.0 + rng.integers(0, 8, shape) + values)
    if mode == "steep":  # the same with both signs in a row: no shift but the maximum saves exp
        return 1000.0 * rng.integers(-1, 2, shape) + values
    if mode == "tiny":
        return values * 10.0 ** rng.uniform(-30.0, -3.0, shape)
    return values


def _simplex(rng: np.random.Generator, mode: str, shape: tuple[int, ...]) -> Array:
    """Distributions in multiples of 2^-20: they sum to 1 exactly, in float32 too."""
    weights = rng.random(shape) + 2.0**-10
    if mode in ("sparse", "zeros"):
        weights = weights * (rng.random(shape) < 0.5)
        weights[..., 0] += 2.0**-10
    grid: Array = np.floor(weights / weights.sum(-1, keepdims=True) * 2**20)
    grid[..., -1] += 2**20 - grid.sum(-1)
    return grid / 2**20


def _sprinkle(rng: np.random.Generator, values: Array, a: Argument) -> Array:
    """Put the non-finite values that the record allows among the others (never the whole of a row for −∞)."""
    if not a.allows:
        return values
    chosen = np.array([float(v) for v in sorted(a.allows)])
    special = chosen[rng.integers(0, len(chosen), values.shape)]
    where: Array = np.asarray(rng.random(values.shape) < 0.4)
    if where.ndim and where.shape[-1]:
        where[..., 0] &= len(a.allows) > 1
        where[..., 1:] |= not where.any()  # some must be there
    return np.where(where, special, values)


static_values: dict[str, Callable[[np.random.Generator, Mapping[str, int]], Any]] = {}
"""How to draw a static argument, by the name in its record."""
