"""Numbers, vectors and matrices on which every equation of the reference is written.

The same equation runs on a `float` (to read it, and fast), on a variable that remembers how it was made
(`autodiff.Var`, for gradients) and on the exact numbers of the conformance suite. The functions below
choose by one rule: on a `float` or `int` they use `math`; on a `Vector` or `Matrix` they act on each
element; on anything else they call the number's own method of the same name.

>>> W = Matrix([Vector([1.0, 2.0]), Vector([3.0, 4.0])])
>>> relu(W @ Vector([1.0, -1.0]) + 1.0)
(0.0, 0.0)
>>> sigmoid(Vector([0.0, 1000.0]))
(0.5, 1.0)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain
from typing import Any, Self, TypeAlias, overload

Scalar: TypeAlias = Any
"""A float, an int, or any number with arithmetic and the methods named in this module."""

_INF = math.inf


# ---------------------------------------------------------------------------- vectors and matrices
class _Elementwise(tuple[Any, ...]):
    """What `Vector` and `Matrix` share: `+ - * /` act element by element; lengths must agree."""

    __slots__ = ()
    __array_ufunc__ = None  # a NumPy number on the left leaves the operation to us

    def zip_with(self, other: Any, f: Callable[[Any, Any], Any]) -> Self:
        """f(x, y) for each pair of elements; a scalar `other` pairs with every element."""
        if isinstance(other, type(self)):
            return type(self)(f(x, y) for x, y in zip(self, other, strict=True))
        if isinstance(other, (tuple, list)):
            raise TypeError(f"a {type(self).__name__} does not combine with a {type(other).__name__}")
        return type(self)(f(x, other) for x in self)

    def __add__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: x + y)

    def __radd__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: y + x)

    def __sub__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: x - y)

    def __rsub__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: y - x)

    def __mul__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: x * y)

    def __rmul__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: y * x)

    def __truediv__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: x / y)

    def __rtruediv__(self, other: Any) -> Self:
        return self.zip_with(other, lambda x, y: y / x)

    def __neg__(self) -> Self:
        return type(self)(-x for x in self)

    @overload  # type: ignore[override]
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Any:
        part = tuple.__getitem__(self, index)
        return type(self)(part) if isinstance(index, slice) else part


class Vector(_Elementwise):
    """A tuple of scalars with elementwise arithmetic; `a @ b` is the dot product."""

    __slots__ = ()

    def map(self, f: Callable[[Scalar], Scalar]) -> Vector:
        """f of each element."""
        return Vector(f(x) for x in self)

    def __matmul__(self, other: Vector | Matrix) -> Any:
        return other.T @ self if isinstance(other, Matrix) else dot(self, other)


class Matrix(_Elementwise):
    """A tuple of rows, each a `Vector`; `W @ x` is the matrix product, `W.T` the transpose."""

    __slots__ = ()

    def map(self, f: Callable[[Scalar], Scalar]) -> Matrix:
        """f of each entry."""
        return Matrix(row.map(f) for row in self)

    @overload
    def __matmul__(self, other: Vector) -> Vector: ...
    @overload
    def __matmul__(self, other: Matrix) -> Matrix: ...
    def __matmul__(self, other: Vector | Matrix) -> Vector | Matrix:
        if isinstance(other, Matrix):
            columns = other.T
            return Matrix(Vector(dot(row, column) for column in columns) for row in self)
        return Vector(dot(row, other) for row in self)

    @property
    def T(self) -> Matrix:
        """The transpose: columns become rows."""
        return Matrix(Vector(column) for column in zip(*self, strict=True))


def total(xs: Iterable[Any]) -> Any:
    """x₁ + x₂ + …, from left to right; 0 if there are none."""
    rest: Iterator[Any] = iter(xs)
    s = next(rest, 0)
    for x in rest:
        s = s + x
    return s


def mean(xs: Sequence[Any], n: Any) -> Any:
    """(x₁ + x₂ + …) / n, which some compute as x₁/n + x₂/n + …."""
    return either(total(xs) / n, total(x / n for x in xs))


def product(xs: Iterable[Scalar]) -> Scalar:
    """x₁ · x₂ · …, in no order that an implementation must keep; 1 if there are none."""
    factors = list(xs)
    for x in factors:
        if not isinstance(x, (float, int)):
            z = x.product(factors)
            if z is not NotImplemented:
                return z
    return reduce(operator.mul, factors, 1)


def dot(a: Iterable[Scalar], b: Iterable[Scalar]) -> Scalar:
    """Σᵢ aᵢ bᵢ."""
    return total(x * y for x, y in zip(a, b, strict=True))


def outer(a: Iterable[Scalar], b: Sequence[Scalar]) -> Matrix:
    """The matrix with entries aᵢ bⱼ."""
    return Matrix(Vector(x * y for y in b) for x in a)


def concat(*vectors: Iterable[Scalar]) -> Vector:
    """One vector of all the elements, in order."""
    return Vector(chain(*vectors))


def zeros_like(v: Any) -> Any:
    """Zeros in the shape of v: the whole number 0, which mixes with every kind of scalar."""
    return v.map(lambda _: 0) if isinstance(v, (Vector, Matrix)) else 0


# --------------------------------------------------------------------------------------- dispatch
def _apply(name: str, native: Callable[..., Any], x: Any, *options: Any) -> Any:
    """The one rule: `math` for floats, elementwise for vectors, else the number's own method."""
    if isinstance(x, (float, int)):
        return native(x, *options)
    if isinstance(x, (Vector, Matrix)):
        return x.map(lambda e: _apply(name, native, e, *options))
    method = getattr(x, name, None)
    if method is None:
        raise TypeError(f"{name} is not defined for {type(x).__name__}")
    return method(*options)


def _apply2(name: str, native: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """The same rule for a symmetric function of two numbers."""
    if isinstance(a, (float, int)) and isinstance(b, (float, int)):
        return native(a, b)
    if isinstance(a, _Elementwise):
        return a.zip_with(b, lambda x, y: _apply2(name, native, x, y))
    if isinstance(b, _Elementwise):
        return b.zip_with(a, lambda y, x: _apply2(name, native, x, y))
    for p, q in ((a, b), (b, a)):
        method = getattr(p, name, None)
        y = NotImplemented if method is None else method(q)
        if y is not NotImplemented:
            return y
    raise TypeError(f"{name} is not defined for {type(a).__name__} and {type(b).__name__}")


def constant(n: int, like: Scalar) -> Scalar:
    """The whole number n as a number of the kind of `like`, without derivative: √6 is not rounded first."""
    return detach(like) * 0 + n


# ---------------------------------------------------------------------------- elementary functions
def exp(x: Any) -> Any:
    """eˣ; on floats ∞ where it overflows."""
    return _apply("exp", _exp, x)


def log(x: Any) -> Any:
    """The natural logarithm; log 0 = −∞, a negative float is a ValueError."""
    return _apply("log", _log, x)


def sqrt(x: Any) -> Any:
    """The square root; a negative float is a ValueError."""
    return _apply("sqrt", math.sqrt, x)


def square(x: Any) -> Any:
    """x²."""
    return _apply("square", lambda v: v * v, x)


def power(x: Any, a: Any) -> Any:
    """xᵃ for a real exponent a and x ≥ 0 (any x if a is an int); 0ᵃ = 0 for a > 0."""
    return _apply("power", _power, x, a)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return _apply("tanh", math.tanh, x)


def sigmoid(x: Any) -> Any:
    """σ(x) = 1 / (1 + e⁻ˣ), accurate also where it is nearly 0."""
    return _apply("sigmoid", _sigmoid, x)


def gate_sigmoid(x: Any) -> Any:
    """σ(x) as the gate of a cell: the same number, but an implementation may err by a few u absolutely.

    Inside a cell ½ (1 + tanh(x/2)) is a legitimate way to compute it.
    """
    return _apply("gate_sigmoid", _sigmoid, x)


def log_sigmoid(x: Any) -> Any:
    """log σ(x) = −log(1 + e⁻ˣ), without overflow."""
    return _apply("log_sigmoid", _log_sigmoid, x)


def softplus(x: Any) -> Any:
    """log(1 + eˣ), without overflow."""
    return _apply("softplus", _softplus, x)


def relu(x: Any, grad_at_zero: int = 1) -> Any:
    """max(x, 0). Its derivative at 0 is a choice: `grad_at_zero` is 1 or 0."""
    if grad_at_zero not in (0, 1):
        raise ValueError(f"grad_at_zero must be 0 or 1, not {grad_at_zero!r}")
    return _apply("relu", _relu, x, grad_at_zero)


def step(x: Any, tie: str = "gt") -> Any:
    """1 if x > 0 (with tie="ge": if x ≥ 0), else 0. Its derivative is 0 everywhere."""
    if tie not in ("gt", "ge"):
        raise ValueError(f"tie must be 'gt' or 'ge', not {tie!r}")
    return _apply("step", _step, x, tie)


def absolute(x: Any) -> Any:
    """|x|; the derivative at 0 is 0."""
    return _apply("absolute", abs, x)


def maximum(a: Any, b: Any) -> Any:
    """The larger of a and b, element by element; at a tie the derivative goes to a."""
    return _apply2("maximum", lambda x, y: y if y > x or y != y else x, a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of a and b, element by element; at a tie the derivative goes to a."""
    return _apply2("minimum", lambda x, y: y if y < x or y != y else x, a, b)


def xlogy(x: Any, y: Any) -> Any:
    """x log y, and 0 where x is exactly 0 (so 0 log 0 = 0)."""
    if isinstance(x, _Elementwise):
        return x.zip_with(y, xlogy)
    if isinstance(y, _Elementwise):
        return y.zip_with(x, lambda b, a: xlogy(a, b))
    if isinstance(x, (float, int)):
        if x == 0 and y == y:
            return _zero(x)
    elif (method := getattr(x, "xlogy", None)) is not None:
        z = method(y)
        if z is not NotImplemented:
            return z
    return x * log(y)


def softmax(z: Vector) -> Vector:
    """e^{z_i} / Σ_k e^{z_k}, shifted by the largest score, so that nothing overflows."""
    m = detach(largest(z))
    e = z.map(lambda z_i: exp(z_i - m))
    p: Vector = e / total(e)
    return p


# ------------------------------------------------------------------------ constants and comparison
def detach(x: Any) -> Any:
    """x as an exact constant: no derivative and no rounding error flows through it."""
    return _apply("detach", lambda v: v, x)


def stop_gradient(x: Any) -> Any:
    """x as a constant of the differentiation; unlike `detach` it keeps the rounding error of x."""
    if isinstance(x, (Vector, Matrix)):
        return x.map(stop_gradient)
    return x.stop_gradient() if hasattr(x, "stop_gradient") else x


def mid(x: Scalar) -> float:
    """The float nearest to x (to the middle of x, if x is a ball)."""
    return float(x)


def largest(xs: Iterable[Scalar]) -> Scalar:
    """The element with the largest value; the first of them at a tie."""
    return max(xs, key=mid)


def argmax(xs: Iterable[Scalar]) -> int:
    """The index of the largest element; the lowest index wins a tie."""
    best, at = None, -1
    for i, x in enumerate(xs):
        if at < 0 or x > best:
            best, at = x, i
    if at < 0:
        raise ValueError("argmax of nothing")
    return at


def either(x: Any, y: Any) -> Any:
    """x, which some compute as y: the same real number, and the roundings of both are granted."""
    if isinstance(x, _Elementwise):
        return x.zip_with(y, either)
    rounds = hasattr(x, "either") or hasattr(y, "either")  # a Fraction does not
    return _apply2("either", lambda a, b: a, x, y) if rounds else x


# ------------------------------------------------------------------------------ the case of a float
def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return _INF


def _log(x: float) -> float:
    return -_INF if x == 0 else math.log(x)


def _power(x: float, a: Any) -> float:
    if isinstance(x, int) and isinstance(a, int) and a >= 0:
        return int(x**a)  # a whole number stays one
    if not isinstance(a, (float, int)):
        raise TypeError(f"power: the base is a {type(x).__name__}, the exponent a {type(a).__name__}")
    if x == 0 and a < 0:
        return _INF
    try:
        return math.pow(x, a)
    except OverflowError:
        return _INF if x > 0 or a % 2 == 0 else -_INF


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)  # never overflows here
    return e / (1 + e)


def _softplus(x: float) -> float:
    return _relu(x) + math.log1p(math.exp(-abs(x)))


def _log_sigmoid(x: float) -> float:
    return -_relu(-x) - math.log1p(math.exp(-abs(x)))


def _relu(x: float, grad_at_zero: int = 1) -> float:
    return x if x > 0 or x != x else _zero(x)


def _step(x: float, tie: str) -> float:
    if x != x:
        return x
    one = x >= 0 if tie == "ge" else x > 0
    return _zero(x) + one


def _zero(x: float) -> float:
    return 0.0 if isinstance(x, float) else 0
