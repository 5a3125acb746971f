"""One record per equation: what it takes, what it returns, where it is printed.

A reference function is declared once, by a decorator::

    @equation(data("x", "D"), parameter("W", "H D"), parameter("b", "H", optional=True), results=[real("z", "H")])
    def affine(W, x, b=None): ...

Everything else is derived from the record: the backends' validation and error messages, the cases that
conformance draws, the listing, the documentation. The id is the address: ``layer.affine`` is the function
``affine`` of the module ``layer``. Title, equation, sources and errata are read from the docstring.

Shapes are symbolic: ``"T D"`` is a sequence of T vectors of size D. A size may be linear in the symbols
(``"4H D+H"``). ``data`` arguments gain a leading batch axis in the backends; ``parameter`` arguments do not, and
their gradients are summed over the batch. An argument with ``each="L"`` is a list of L arrays, whose sizes may
depend on the layer: ``"n[l+1] n[l]"``, or on all layers up to it: ``"n[:l+1]"`` is n[0] + … + n[l].
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar

__all__ = [
    "FAMILIES",
    "Argument",
    "Dim",
    "Equation",
    "Mismatch",
    "Option",
    "Result",
    "algorithm",
    "bit",
    "catalogue",
    "choice",
    "data",
    "equation",
    "families",
    "flag",
    "hyper",
    "index",
    "parameter",
    "real",
    "solve",
    "static",
]

FAMILIES: tuple[str, ...] = (
    "unit",
    "logic",
    "activation",
    "layer",
    "network",
    "classifier",
    "feature",
    "softmax",
    "output",
    "loss",
    "autodiff",
    "gradient",
    "backprop",
    "recurrent",
    "bptt",
    "dynamics",
    "gated",
    "sequence",
    "lm",
    "embedding",
    "landscape",
    "optimizer",
    "estimator",
    "init",
    "regularization",
    "preprocess",
    "features",
    "system",
    "eval",
    "advice",
    "named",
)
"""The modules that hold equations, in the order of the notes' ledger."""

Kind = Literal[
    "real",  # any finite number (and what `allows` adds)
    "positive",  # > 0
    "nonnegative",  # >= 0
    "probability",  # in [0, 1]
    "simplex",  # the last axis is a distribution
    "onehot",  # the last axis is one 1 among 0s
    "bit",  # 0 or 1, held as a real number
    "sign",  # -1 or +1, held as a real number
    "index",  # an integer in [0, of)
    "count",  # an integer >= 0
    "hyper",  # a Python number, no array
    "static",  # a Python object, no array (a tree, a list of words)
]
_REAL_KINDS = frozenset({"real", "positive", "nonnegative", "probability", "simplex", "onehot", "bit", "sign"})
_SMOOTH_KINDS = frozenset({"real", "positive", "nonnegative", "probability", "simplex"})


# ------------------------------------------------------------------------------------------------ sizes
_TERM = re.compile(r"([+-]?)(\d*)\*?([A-Za-z_]\w*(?:\[[\w+:]+\])?)?")
_LAYERS_BELOW = re.compile(r"(\w+)\[:l\+1\]")


@dataclass(frozen=True)
class Dim:
    """A size that is linear in the symbols: ``4H``, ``D+H``, ``V-1``, ``n[l+1]``, ``3``."""

    text: str
    terms: tuple[tuple[str, int], ...]
    constant: int

    @classmethod
    def parse(cls, text: str) -> Dim:
        """Read a size; ValueError if it is not a sum of multiples of symbols."""
        terms: dict[str, int] = {}
        constant = at = 0
        while at < len(text):
            match = _TERM.match(text, at)
            if match is None or match.end() == at or not (match[2] or match[3]):
                raise ValueError(f"not a size: {text!r}")
            number = int(match[1] + (match[2] or "1"))
            if match[3]:
                terms[match[3]] = terms.get(match[3], 0) + number
            else:
                constant += number
            at = match.end()
        return cls(text, tuple(terms.items()), constant)

    def at_layer(self, layer: int, layers: int | None = None) -> Dim:
        """The size in layer `l`: ``[l]``, ``[l+1]``, ``[L]`` as numbers, ``n[:l+1]`` as the sum n[0] + … + n[l]."""
        text = _LAYERS_BELOW.sub(lambda m: "+".join(f"{m[1]}[{k}]" for k in range(layer + 1)), self.text)
        text = text.replace("[l+1]", f"[{layer + 1}]").replace("[l]", f"[{layer}]")
        if layers is not None:
            text = text.replace("[L]", f"[{layers}]")
        return self if text == self.text else Dim.parse(text)

    def unknown(self, sizes: Mapping[str, int]) -> list[str]:
        """The symbols that `sizes` does not settle."""
        return [symbol for symbol, _ in self.terms if symbol not in sizes]

    def value(self, sizes: Mapping[str, int]) -> int:
        """The size, given the symbols'."""
        return self.constant + sum(times * sizes[symbol] for symbol, times in self.terms)

    def __str__(self) -> str:
        return self.text


Shape = tuple[Dim, ...]


def _shape(text: str) -> Shape:
    return tuple(Dim.parse(token) for token in text.split())


# ---------------------------------------------------------------------------- arguments, options, results
@dataclass(frozen=True)
class Argument:
    """One input of an equation.

    `allows` names the non-finite values that are defined inputs ("nan", "inf", "-inf"); any other is an error on
    every backend. `draw` lists value modes that conformance should use beside its usual ones ("large", "tiny",
    "ties", ...), or for a hyperparameter the numbers to try. `scale` is the usual magnitude of a random entry.
    """

    name: str
    shape: Shape
    kind: Kind = "real"
    role: Literal["data", "parameter", "static"] = "parameter"
    of: Dim | None = None
    optional: bool = False
    each: str | None = None
    differentiable: bool = True
    allows: frozenset[str] = frozenset()
    draw: tuple[Any, ...] = ()
    scale: float = 1.0
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    whole: bool = False

    @property
    def is_array(self) -> bool:
        """False for Python numbers (hyperparameters) and static objects."""
        return self.kind not in ("hyper", "static")

    @property
    def is_real(self) -> bool:
        """True for arrays of floating-point numbers, False for integers and non-arrays."""
        return self.kind in _REAL_KINDS

    @property
    def smooth(self) -> bool:
        """True where a gradient with respect to the argument is defined."""
        return self.differentiable and self.kind in _SMOOTH_KINDS

    def described(self, batched: bool) -> str:
        """The expected shape in words, e.g. ``(B, T, D)``."""
        dims = [str(d) for d in self.shape]
        if batched and self.role == "data":
            dims.insert(0, "B")
        text = "(" + ", ".join(dims) + ("," if len(dims) == 1 else "") + ")"
        return f"a list of {self.each} arrays {text}" if self.each else text


@dataclass(frozen=True)
class Option:
    """A choice that the literature leaves open, as a keyword with named values."""

    name: str
    values: tuple[Any, ...]
    default: Any


@dataclass(frozen=True)
class Result:
    """One output of an equation."""

    name: str
    shape: Shape
    kind: Literal["real", "index", "bit"] = "real"
    batched: bool = True


def data(name: str, shape: str = "", kind: Kind = "real", *, of: str | None = None, **more: Any) -> Argument:
    """An argument that differs from example to example: it gains a leading batch axis in the backends."""
    return _argument(name, shape, kind, "data", of, more)


def parameter(name: str, shape: str = "", kind: Kind = "real", *, of: str | None = None, **more: Any) -> Argument:
    """An argument shared by all examples; its gradient is summed over the batch."""
    return _argument(name, shape, kind, "parameter", of, more)


def hyper(name: str, *draw: float, low: float | None = None, high: float | None = None, **more: Any) -> Argument:
    """A hyperparameter: a Python number, the same on every backend; `draw` are values worth trying.

    ``whole=True`` admits an `int` only; ``open_low=True`` and ``open_high=True`` exclude the ends.
    """
    return _argument(name, "", "hyper", "static", None, {"draw": draw, "low": low, "high": high, **more})


def static(name: str, draw: str = "", **more: Any) -> Argument:
    """A Python object that is no array; `draw` names the conformance strategy that makes one."""
    return _argument(name, "", "static", "static", None, {"draw": (draw,), **more})


def _argument(name: str, shape: str, kind: Kind, role: Any, of: str | None, more: Mapping[str, Any]) -> Argument:
    options = dict(more)
    allows = options.pop("allows", ())
    if isinstance(allows, str):
        allows = allows.split()
    return Argument(
        name,
        _shape(shape),
        kind,
        role,
        None if of is None else Dim.parse(of),
        allows=frozenset(allows),
        draw=tuple(options.pop("draw", ())),
        **options,
    )


def choice(name: str, *values: Any) -> Option:
    """An option; the first value is the default."""
    return Option(name, values, values[0])


def flag(name: str, default: bool = False) -> Option:
    """A yes/no option."""
    return Option(name, (default, not default), default)


def real(name: str, shape: str = "", *, batched: bool = True) -> Result:
    """A real-valued result."""
    return Result(name, _shape(shape), "real", batched)


def index(name: str, shape: str = "", *, batched: bool = True) -> Result:
    """An integer result (a class, a position): exact, without gradient."""
    return Result(name, _shape(shape), "index", batched)


def bit(name: str, shape: str = "", *, batched: bool = True) -> Result:
    """A 0/1 result held as a real number: without gradient unless the equation says so."""
    return Result(name, _shape(shape), "bit", batched)


# --------------------------------------------------------------------------------------------- the record
@dataclass(frozen=True)
class Equation:
    """All that is known of one entry of the ledger."""

    id: str
    function: Callable[..., Any] = field(repr=False)
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    results: tuple[Result, ...]
    title: str
    text: str = field(repr=False)
    sources: str
    errata: tuple[str, ...]
    arrays: bool
    gradient: bool
    time: str | None
    carry: Mapping[str, str]
    least: Mapping[str, int]
    relations: tuple[str, ...]

    @property
    def family(self) -> str:
        """The module that holds the equation on every floor."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The function's name in that module."""
        return self.id.partition(".")[2]

    @property
    def batched(self) -> bool:
        """True if the arrays of a backend carry a leading batch axis."""
        return any(a.role == "data" for a in self.arguments)

    @property
    def smooth(self) -> tuple[str, ...]:
        """The arguments that a gradient is defined for."""
        return tuple(a.name for a in self.arguments if a.smooth) if self.gradient else ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """The size symbols, in order of appearance (``n[...]`` families by their bare name)."""
        seen: dict[str, None] = {}
        for argument in self.arguments:
            if argument.each:
                seen.setdefault(argument.each)
            for dim in (*argument.shape, *((argument.of,) if argument.of else ())):
                for symbol, _ in dim.terms:
                    seen.setdefault(symbol.partition("[")[0])
        return tuple(seen)

    def argument(self, name: str) -> Argument:
        """The argument of that name; KeyError if there is none."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        raise KeyError(name)

    def minimum(self, symbol: str) -> int:
        """The least admissible size of a symbol."""
        return self.least.get(symbol.partition("[")[0], 0 if symbol == self.time else 1)

    def has_time(self, item: Argument | Result) -> bool:
        """True if the first axis (after the batch) is the time axis."""
        return self.time is not None and bool(item.shape) and item.shape[0].text == self.time


_registry: dict[str, Equation] = {}
_F = TypeVar("_F", bound=Callable[..., Any])
_SECTION = re.compile(r"^(Source|Errata):\s*(.*?)(?=\n\s*\n|\n(?:Source|Errata):|\Z)", re.S | re.M)


def equation(
    *arguments: Argument,
    results: Sequence[Result],
    options: Sequence[Option] = (),
    gradient: bool = True,
    time: str | None = None,
    carry: Mapping[str, str] | None = None,
    least: Mapping[str, int] | None = None,
    relations: Sequence[str] = (),
) -> Callable[[_F], _F]:
    """Declare an equation that backends implement on arrays.

    `time` names the symbol of the sequence length (the backends then take `lengths`); `carry` maps an initial
    state's argument to the result that holds the state after the last step; `least` gives the least size of a
    symbol where it is not 1 (0 for time); `relations` are conditions between sizes that conformance must keep when
    it draws them (``"k <= d"``).
    """

    def declare(function: _F) -> _F:
        _record(
            function,
            tuple(arguments),
            tuple(options),
            tuple(results),
            arrays=True,
            gradient=gradient,
            time=time,
            carry=dict(carry or {}),
            least=dict(least or {}),
            relations=tuple(relations),
        )
        return function

    return declare


def algorithm() -> Callable[[_F], _F]:
    """Declare an entry that is executable in the reference alone: it works on words, trees, tables or functions."""

    def declare(function: _F) -> _F:
        _record(function, (), (), (), arrays=False, gradient=False, time=None, carry={}, least={}, relations=())
        return function

    return declare


def _record(
    function: Callable[..., Any],
    arguments: tuple[Argument, ...],
    options: tuple[Option, ...],
    results: tuple[Result, ...],
    **more: Any,
) -> None:
    module = function.__module__.rpartition(".")[2]
    ident = f"{module}.{function.__name__}"
    text = inspect.cleandoc(function.__doc__ or "")
    sections = {m[1]: " ".join(m[2].split()) for m in _SECTION.finditer(text)}
    if "Source" not in sections:
        raise ValueError(f"{ident}: the docstring has no 'Source:' line")
    if ident in _registry and _registry[ident].function is not function:
        raise ValueError(f"{ident} is declared twice")
    if more["arrays"]:
        declared = [a.name for a in arguments] + [o.name for o in options]
        written = list(inspect.signature(function).parameters)
        if declared != written:
            raise ValueError(f"{ident}: declared {declared}, but the function takes {written}")
    _registry[ident] = Equation(
        id=ident,
        function=function,
        arguments=arguments,
        options=options,
        results=results,
        title=text.partition("\n")[0],
        text=_SECTION.sub("", text).strip(),
        sources=sections["Source"],
        errata=tuple(re.findall(r"E\d+", sections.get("Errata", ""))),
        **more,
    )


def families(names: Iterable[str] = FAMILIES) -> dict[str, Any]:
    """The modules that hold equations, by name."""
    package = __name__.rpartition(".")[0]
    return {name: importlib.import_module(f"{package}.{name}") for name in names}


@cache
def catalogue() -> Mapping[str, Equation]:
    """Every declared equation and algorithm, by id, in the order of the ledger."""
    families()
    order = {name: place for place, name in enumerate(FAMILIES)}
    records = [r for r in _registry.values() if r.family in order]
    return {r.id: r for r in sorted(records, key=lambda r: order[r.family])}


# ---------------------------------------------------------------------------------------- solving for sizes
class Mismatch(Exception):
    """A shape that contradicts the record: which argument, what was expected, and the symbol that disagrees."""

    def __init__(self, argument: str, expected: str, received: str, symbol: str | None = None) -> None:
        super().__init__(f"{argument}: expected {expected}, received {received}")
        self.argument, self.expected, self.received, self.symbol = argument, expected, received, symbol


def solve(record: Equation, shapes: Mapping[str, Any]) -> dict[str, int]:
    """The size of every symbol, from the arguments' shapes (batch axis included where the record has one).

    `shapes` maps an argument to its shape, or to a list of shapes for an ``each`` argument; absent optional
    arguments are left out. Raises `Mismatch`.
    """
    sizes: dict[str, int] = {}
    origin: dict[str, str] = {}
    present = [a for a in record.arguments if a.is_array and a.name in shapes]
    for a in present:
        if a.each:
            _settle(
                Dim.parse(a.each),
                len(shapes[a.name]),
                a,
                a.name,
                a.described(record.batched),
                f"{len(shapes[a.name])} arrays",
                sizes,
                origin,
                record,
            )
    layers = {a.each: sizes[a.each] for a in present if a.each}
    for a in present:
        received = list(shapes[a.name]) if a.each else [shapes[a.name]]
        for layer, shape in enumerate(received):
            label = f"{a.name}[{layer}]" if a.each else a.name
            count = layers.get(a.each) if a.each else next(iter(layers.values()), None)
            dims = tuple(d.at_layer(layer, count) for d in a.shape)
            if record.batched and a.role == "data":
                dims = (Dim.parse("B"), *dims)
            expected = "(" + ", ".join(map(str, dims)) + ("," if len(dims) == 1 else "") + ")"
            if len(shape) != len(dims):
                raise Mismatch(label, f"{len(dims)} axes {expected}", f"{len(shape)} axes {tuple(shape)}")
            for dim, size in zip(dims, shape, strict=True):
                _settle(dim, size, a, label, expected, str(tuple(shape)), sizes, origin, record)
    return sizes


def _settle(
    dim: Dim,
    size: int,
    argument: Argument,
    label: str,
    expected: str,
    received: str,
    sizes: dict[str, int],
    origin: dict[str, str],
    record: Equation,
) -> None:
    unknown = dim.unknown(sizes)
    if len(unknown) == 1:
        symbol, times = unknown[0], dict(dim.terms)[unknown[0]]
        rest = size - dim.constant - sum(t * sizes[s] for s, t in dim.terms if s != symbol)
        value, left = divmod(rest, times)
        if left or value < 0:
            raise Mismatch(label, f"{expected} with {dim} of some whole {symbol}", received, symbol)
        least = record.minimum(symbol) if symbol != "B" else 0
        if value < least:
            raise Mismatch(label, f"{expected} with {symbol} >= {least}", received, symbol)
        sizes[symbol], origin[symbol] = value, label
    elif unknown:
        raise ValueError(f"{record.id}: the size {dim} of {argument.name} cannot be solved for {unknown}")
    elif dim.value(sizes) != size:
        known = ", ".join(f"{s} = {sizes[s]} (from {origin[s]})" for s, _ in dim.terms)
        raise Mismatch(
            label, f"{expected} with {known}" if known else expected, received, dim.terms[0][0] if dim.terms else None
        )
