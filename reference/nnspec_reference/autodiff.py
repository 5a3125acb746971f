"""Derivatives of any equation written on scalars, by the chain rule, backward or forward.

Each operation below states its value and its *local derivatives*, once. What becomes of them is the
difference between the two modes:

* `Var` (reverse mode) remembers them: the tape, a computation graph. `backward` walks it from the outputs
  to the inputs and adds up derivative × adjoint along every edge.
* `Dual` (forward mode) applies them at once: it carries a number y and its derivative dy together.

Both work over every scalar, and over each other, so the gradient of a gradient is a second derivative.
Where implementations compute a derivative from the output (1 − t² for t = tanh x, s (1 − s) for s = σ(x)),
so does this file: their rounding is what the conformance suite bounds.

>>> from nnspec_reference.scalars import Vector, dot
>>> grad(lambda x: dot(x, x), (Vector([3.0, 4.0]),))
((6.0, 8.0),)
>>> grad(lambda x: grad(lambda y: y * y * y, (x,))[0], (2.0,))
(12.0,)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from nnspec_reference import scalars
from nnspec_reference.catalogue import algorithm, data, equation, real
from nnspec_reference.scalars import Scalar, either, log, mid, power, sigmoid, step, xlogy

Edge = tuple[Any, Scalar]
"""An operand, and the derivative of the result with respect to it."""


# ------------------------------------------------------------------- the rules of differentiation
class Traced:
    """A number whose operations also state their local derivatives.

    `level` says which differentiation it belongs to: inside a gradient of a gradient, the numbers of the
    outer one are constants of the inner one.
    """

    __slots__ = ("level", "value")
    __array_ufunc__ = None  # a NumPy number on the left leaves the operation to us

    value: Scalar
    level: int

    def _chain(self, value: Scalar, edges: Iterable[Edge]) -> Any:
        """The result of an operation: its value, and (operand, local derivative) for each operand."""
        raise NotImplementedError

    # y = f(x): the derivative is written in terms of x and y
    def _unary(self, f: Callable[[Any], Any], dy_dx: Callable[[Any, Any], Any]) -> Any:
        x = self.value
        y = f(x)
        return self._chain(y, ((self, dy_dx(x, y)),))

    def exp(self) -> Any:
        """(eˣ)′ = eˣ."""
        return self._unary(scalars.exp, lambda x, y: y)

    def log(self) -> Any:
        """(log x)′ = 1/x."""
        return self._unary(log, lambda x, y: _inverse(x))

    def sqrt(self) -> Any:
        """(√x)′ = 1 / (2√x)."""
        return self._unary(scalars.sqrt, lambda x, y: _inverse(2 * y))

    def square(self) -> Any:
        """(x²)′ = 2x."""
        return self._unary(scalars.square, lambda x, y: 2 * x)

    def tanh(self) -> Any:
        """(tanh x)′ = 1 − tanh² x = 1 / cosh² x = 4 σ(2x) σ(−2x)."""
        return self._unary(scalars.tanh, _tanh_slope)

    def sigmoid(self) -> Any:
        """σ′ = σ (1 − σ)."""
        return self._unary(sigmoid, lambda x, y: y * (1 - y))

    def gate_sigmoid(self) -> Any:
        """σ′ = σ (1 − σ)."""
        return self._unary(scalars.gate_sigmoid, lambda x, y: y * (1 - y))

    def log_sigmoid(self) -> Any:
        """(log σ(x))′ = σ(−x)."""
        return self._unary(scalars.log_sigmoid, lambda x, y: sigmoid(-x))

    def softplus(self) -> Any:
        """(log(1 + eˣ))′ = σ(x)."""
        return self._unary(scalars.softplus, lambda x, y: sigmoid(x))

    def relu(self, grad_at_zero: int = 1) -> Any:
        """1 for x > 0, 0 for x < 0, and at 0 as chosen."""
        tie = "ge" if grad_at_zero else "gt"
        return self._unary(scalars.relu, lambda x, y: step(x, tie))

    def absolute(self) -> Any:
        """The sign of x."""
        return self._unary(scalars.absolute, lambda x, y: step(x) - step(-x))

    def step(self, tie: str = "gt") -> Any:
        """The derivative is 0."""
        return self._chain(step(self.value, tie), ())

    def __neg__(self) -> Any:
        return self._chain(-self.value, ((self, -1),))

    def __abs__(self) -> Any:
        return self.absolute()

    # z = f(x, y): the derivatives are written in terms of x, y and z
    def __add__(self, other: Any) -> Any:
        return _binary(self, other, operator.add, lambda x, y, z: 1, lambda x, y, z: 1)

    def __radd__(self, other: Any) -> Any:
        return _binary(other, self, operator.add, lambda x, y, z: 1, lambda x, y, z: 1)

    def __sub__(self, other: Any) -> Any:
        return _binary(self, other, operator.sub, lambda x, y, z: 1, lambda x, y, z: -1)

    def __rsub__(self, other: Any) -> Any:
        return _binary(other, self, operator.sub, lambda x, y, z: 1, lambda x, y, z: -1)

    def __mul__(self, other: Any) -> Any:
        return _binary(self, other, operator.mul, lambda x, y, z: y, lambda x, y, z: x)

    def __rmul__(self, other: Any) -> Any:
        return _binary(other, self, operator.mul, lambda x, y, z: y, lambda x, y, z: x)

    def __truediv__(self, other: Any) -> Any:
        return _binary(self, other, operator.truediv, _reciprocal, lambda x, y, z: -z / y)

    def __rtruediv__(self, other: Any) -> Any:
        return _binary(other, self, operator.truediv, _reciprocal, lambda x, y, z: -z / y)

    def product(self, factors: list[Any]) -> Any:
        """∂(x₁ x₂ …)/∂xᵢ is the product of the others; xᵢ/xᵢ is there for those who divide the whole by xᵢ ≠ 0."""
        top = max(factors, key=_level)
        here = [_level(x) == top.level for x in factors]
        values = [x.value if h else x for x, h in zip(factors, here, strict=True)]
        mine = [i for i, h in enumerate(here) if h]
        edges = [(factors[i], scalars.product([*values[:i], *values[i + 1 :], *_one(values[i])])) for i in mine]
        return top._chain(scalars.product(values), edges)

    def power(self, a: Any) -> Any:
        """∂xᵃ/∂x = a xᵃ⁻¹, 0 where a is exactly 0, and ∂xᵃ/∂a = xᵃ log x."""
        return _binary(
            self,
            a,
            power,
            lambda x, a, z: 0 if _is_zero(a) else a * power(x, a - 1),
            lambda x, a, z: xlogy(z, x),
        )

    def xlogy(self, other: Any) -> Any:
        """∂(x log y)/∂x = log y and ∂(x log y)/∂y = x/y, 0 where x is exactly 0."""
        return _binary(self, other, xlogy, lambda x, y, z: log(y), lambda x, y, z: 0 if _is_zero(x) else x / y)

    def maximum(self, other: Any) -> Any:
        """The derivative goes to the larger; to the first at a tie."""
        return _binary(
            self,
            other,
            scalars.maximum,
            lambda x, y, z: step(x - y, "ge"),
            lambda x, y, z: step(y - x, "gt"),
        )

    def minimum(self, other: Any) -> Any:
        """The derivative goes to the smaller; to the first at a tie."""
        return _binary(
            self,
            other,
            scalars.minimum,
            lambda x, y, z: step(y - x, "ge"),
            lambda x, y, z: step(x - y, "gt"),
        )

    # comparisons are of values: they choose a branch and have no derivative
    def __lt__(self, other: Any) -> bool:
        return bool(plain(self) < plain(other))

    def __le__(self, other: Any) -> bool:
        return bool(plain(self) <= plain(other))

    def __gt__(self, other: Any) -> bool:
        return bool(plain(self) > plain(other))

    def __ge__(self, other: Any) -> bool:
        return bool(plain(self) >= plain(other))

    def __eq__(self, other: object) -> bool:
        return bool(plain(self) == plain(other))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(plain(self) != 0)

    def __float__(self) -> float:
        return mid(self.value)

    def either(self, other: Any) -> Any:
        """The derivative is that of the first way."""
        return self._chain(either(self.value, plain(other)), ((self, 1),))

    def detach(self) -> Scalar:
        """The value as an exact constant of every differentiation."""
        return scalars.detach(self.value)

    def stop_gradient(self) -> Scalar:
        """The value as a constant of every differentiation, with the error that it has."""
        return plain(self)


def _binary(
    a: Any,
    b: Any,
    f: Callable[[Any, Any], Any],
    dz_dx: Callable[[Any, Any, Any], Any],
    dz_dy: Callable[[Any, Any, Any], Any],
) -> Any:
    if type(a) is type(b) and a.level == b.level:  # by far the most frequent case
        x, y = a.value, b.value
        z = f(x, y)
        return a._chain(z, ((a, dz_dx(x, y, z)), (b, dz_dy(x, y, z))))
    if isinstance(a, tuple) or isinstance(b, tuple):
        return NotImplemented  # a Vector takes it element by element
    p, q = _level(a), _level(b)
    if p == q and type(a) is not type(b):
        raise TypeError(f"a {type(a).__name__} and a {type(b).__name__} of the same level do not mix")
    x = a.value if p >= q else a
    y = b.value if q >= p else b
    z = f(x, y)
    edges: list[Edge] = []
    if p >= q:
        edges.append((a, dz_dx(x, y, z)))
    if q >= p:
        edges.append((b, dz_dy(x, y, z)))
    return (a if p >= q else b)._chain(z, edges)


def _level(x: Any) -> int:
    return x.level if isinstance(x, Traced) else 0


def _reciprocal(x: Scalar, y: Scalar, z: Scalar) -> Scalar:
    """∂(x/y)/∂x = 1/y; for a whole number y of the kind of x: Python would round 1/y to a float."""
    return 1 / y if type(y) is not int or isinstance(x, (float, int)) else (0 * x + 1) / y


def _inverse(x: Scalar) -> Scalar:
    """1/x, and ∞ for 0."""
    return -log(x) if _is_zero(x) else 1 / x


def _tanh_slope(x: Scalar, y: Scalar) -> Scalar:
    slope = 1 - y * y
    return either(slope, 4 * sigmoid(2 * x) * sigmoid(-2 * x)) if hasattr(plain(x), "either") else slope


def _one(x: Scalar) -> list[Scalar]:
    """x/x with its two roundings, as a factor; none for 0."""
    return [] if _is_zero(x) or isinstance(x, (float, int)) else [x / x]


def _is_zero(x: Scalar) -> bool:
    try:
        return bool(x == 0)
    except ArithmeticError:  # a ball around 0 that is not exactly 0
        return False


def _times(a: Scalar, d: Scalar) -> Scalar:
    """a × d, where the whole numbers 0, 1 and −1 cost no rounding."""
    if type(a) is int:
        a, d = d, a
    if type(d) is not int:
        return a * d
    if -1 <= d <= 1:
        return a if d == 1 else -a if d else 0
    return a * d


def _plus(a: Scalar, b: Scalar) -> Scalar:
    return b if type(a) is int and a == 0 else a + b


def plain(x: Any) -> Any:
    """The plain number inside x, however many differentiations it takes part in."""
    while isinstance(x, Traced):
        x = x.value
    return x


# -------------------------------------------------------------------------------- reverse mode
_serial = count()


class Var(Traced):
    """A node of the computation graph: a value, and an edge to each operand it was made from."""

    __slots__ = ("id", "parents")

    def __init__(self, value: Scalar, parents: Iterable[Edge] = (), level: int | None = None) -> None:
        self.value = value
        self.parents = tuple(parents)
        self.level = _level(value) + 1 if level is None else level
        self.id = next(_serial)

    def _chain(self, value: Scalar, edges: Iterable[Edge]) -> Var:
        return Var(value, edges, self.level)

    def __repr__(self) -> str:
        return f"Var({self.value!r})"


class Adjoints(dict[int, Any]):
    """The adjoint ∂(Σ seed · output) / ∂v of every node v, by `v.id`; 0 where v was not used."""

    def __missing__(self, key: int) -> int:
        return 0

    def of(self, inputs: Any) -> Any:
        """The adjoints in the shape of `inputs` (a Var, or nested vectors, matrices, tuples, dicts)."""
        return _map(lambda v: self[v.id], inputs)


def backward(outputs: Any, seeds: Any = 1) -> Adjoints:
    """The adjoints of all nodes, from the adjoints (`seeds`) of the outputs; both of the same shape.

    >>> x = Var(3.0)
    >>> y = x * x + x
    >>> backward(y)[x.id]
    7.0
    """
    pairs: list[tuple[Any, Any]] = []
    _map(lambda v, seed: pairs.append((v, seed)), outputs, seeds)
    roots = [(v, seed) for v, seed in pairs if isinstance(v, Var)]
    graph: dict[int, Var] = {}
    stack = [v for v, _ in roots]
    while stack:
        v = stack.pop()
        if v.id not in graph:
            graph[v.id] = v
            stack.extend(operand for operand, _ in v.parents)
    adjoint = Adjoints()
    for v, seed in roots:
        adjoint[v.id] = _plus(adjoint[v.id], seed)
    for i in sorted(graph, reverse=True):  # a node is always younger than its operands
        if i in adjoint:
            for operand, derivative in graph[i].parents:
                part, at = _times(adjoint[i], derivative), operand.id
                adjoint[at] = adjoint[at] + part if at in adjoint else part
    return adjoint


def variables(inputs: Any) -> Any:
    """A Var for every number in `inputs`, in the same shape."""
    return _map(Var, inputs)


def values(outputs: Any) -> Any:
    """The values of Vars or Duals, in the same shape."""
    return _map(lambda v: v.value if isinstance(v, Traced) else v, outputs)


def vjp(f: Callable[..., Any], inputs: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The outputs of f, and the function that takes their adjoints to those of the inputs.

    `inputs` is the tuple of arguments of f, or a dict of its keyword arguments.
    """
    with _deeper(inputs) as level:
        nodes = _map(lambda x: Var(x, (), level), inputs)
        outputs = _call(f, nodes)

    def here(v: Any) -> Any:
        return v if _level(v) == level else None

    def pullback(seeds: Any) -> Any:
        return backward(_map(here, outputs), seeds).of(nodes)

    return _map(lambda v: v.value if _level(v) == level else v, outputs), pullback


def grad(f: Callable[..., Any], inputs: Any, seeds: Any = 1) -> Any:
    """The gradient of f (of Σ seed · output), in the shape of `inputs`.

    `inputs` is the tuple of arguments of f, or a dict of its keyword arguments.
    """
    return vjp(f, inputs)[1](seeds)


# -------------------------------------------------------------------------------- forward mode
class Dual(Traced):
    """A number y together with its derivative dy in one direction.

    >>> x = Dual(3.0, 1.0)
    >>> x * x + x
    Dual(12.0, 7.0)
    """

    __slots__ = ("dy",)

    def __init__(self, y: Scalar, dy: Scalar = 0, level: int | None = None) -> None:
        self.value = y
        self.dy = dy
        self.level = max(_level(y), _level(dy)) + 1 if level is None else level

    @property
    def y(self) -> Scalar:
        """The number itself."""
        return self.value

    def _chain(self, value: Scalar, edges: Iterable[Edge]) -> Dual:
        dy: Scalar = 0
        for operand, derivative in edges:
            if type(operand.dy) is not int or operand.dy != 0:  # a constant has no part in it
                dy = _plus(dy, _times(operand.dy, derivative))
        return Dual(value, dy, self.level)

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.dy!r})"


def jvp(f: Callable[..., Any], inputs: Any, tangents: Any) -> tuple[Any, Any]:
    """The outputs of f, and their derivative when `inputs` moves in the direction `tangents`."""
    with _deeper((inputs, tangents)) as level:
        outputs = _call(f, _map(lambda x, t: Dual(x, t, level), inputs, tangents))
    return (
        _map(lambda v: v.value if _level(v) == level else v, outputs),
        _map(lambda v: v.dy if _level(v) == level else 0, outputs),
    )


# ------------------------------------------------------------------------------ the notes' equations
@equation(data("a"), data("b"), data("c"), results=[real("d"), real("e"), real("L")])
def computation_graph(a: Scalar, b: Scalar, c: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """The forward pass over a computation graph, one operation a node.

        L(a, b, c) = c (a + 2b):  d = 2b,  e = a + d,  L = c e

    Source: L14 "BACKGROUND: COMPUTATION GRAPHS", "COMPUTATION GRAPHS".
    """
    d = 2 * b
    e = a + d
    L = c * e
    return d, e, L


@algorithm()
def reverse_mode(f: Callable[..., Any], inputs: Any, seeds: Any = 1) -> Any:
    """Backward differentiation on a computation graph.

        1   for each node, the local derivative with respect to each of its operands
        2   times the derivative received from downstream, v̄ = ∂L/∂v
        3   is passed to the operand, which *adds* what it receives
        L̄ = 1 starts it

    On L = c (a + 2b): ∂L/∂c = e; ∂L/∂a = (∂L/∂e)(∂e/∂a); ∂L/∂b = (∂L/∂e)(∂e/∂d)(∂d/∂b), with the local
    derivatives ∂L/∂e = c and ∂e/∂a = ∂e/∂d = 1 and ∂d/∂b = 2. L14's example is a tree, and its steps omit the
    sum of step 3 (E62): where a value is used twice, its derivative is the sum over the uses.

    `inputs` is the tuple of arguments of f, or a dict of its keyword arguments. An input that f does not use
    gets 0.

    Source: L14 "BACKWARD DIFFERENTIATION ON COMPUTATION GRAPHS"; DR "Backprop Through Time".
    Errata: E62.
    """
    return grad(f, inputs, seeds)


@equation(
    data("u", "n"),
    data("du", "n"),
    data("v", "n"),
    data("dv", "n"),
    results=[real("y", "n"), real("dy", "n")],
)
def forward_dual(u: Any, du: Any, v: Any, dv: Any) -> tuple[Any, Any]:
    """Forward differentiation: code that keeps track of derivatives.

        (u, du)(v, dv) = (uv, u dv + v du),  and so  y = x·x  ↦  (y, dy) = (x·x, 2·x·dx)

    The notes print the square, u = v = x; it is the product rule. `Dual` does this for every operation.

    Source: WX "Computation Graphs".
    """
    return u * v, u * dv + v * du


# ------------------------------------------------------------------------- levels and nested shapes
_depth: ContextVar[int] = ContextVar("depth", default=0)


@contextmanager
def _deeper(inputs: Any) -> Iterator[int]:
    """A level above that of every enclosing differentiation and of every input."""
    level = 1 + max([_depth.get(), *map(_level, _leaves(inputs))])
    token = _depth.set(level)
    try:
        yield level
    finally:
        _depth.reset(token)


def _call(f: Callable[..., Any], inputs: Any) -> Any:
    return f(**inputs) if isinstance(inputs, Mapping) else f(*inputs)


def _map(f: Callable[..., Any], x: Any, *more: Any) -> Any:
    """f of every number in nested tuples, lists, vectors, matrices, dicts; the shape stays."""
    if isinstance(x, Mapping):
        return {k: _map(f, x[k], *(m[k] for m in more)) for k in x}
    if isinstance(x, (tuple, list)):
        parts = (_map(f, *xs) for xs in zip(x, *more, strict=True))
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return f(x, *more)


def _leaves(x: Any) -> Iterator[Any]:
    """Every number in nested tuples, lists, vectors, matrices, dicts."""
    if isinstance(x, Mapping):
        x = tuple(x.values())
    if isinstance(x, (tuple, list)):
        for part in x:
            yield from _leaves(part)
    else:
        yield x
