"""The two numbers that decide whether an implementation is right. Nothing here is tuned.

`Exact`
    A ball of 128 bits that is proved to contain the real result: the truth.
`Rounded`
    A ball that contains every number a conforming machine may compute: the tolerance. After each operation
    it is widened by what the machine may add.

What a machine of a given `Format` may add, u = 2^-bits, tiny = its smallest normal number:

====================== ================================================================================
operation              the ball gains
====================== ================================================================================
x · y                  a factor 1 ± u, and ± tiny (flush to zero); nothing if the result is a number of
                       the format; only ± tiny if x or y is a power of two
x / y                  two roundings (x · (1/y) is allowed); as above if y is a power of two
product of n factors   the factor (1 ± u)^(n-1), whatever the order, and ± tiny for each
sum of n terms         ((1+u)^(n-1) - 1) · Σ|term|, whatever the order, with or without fused multiply-add;
                       one rounding of the result if n = 2; nothing if every partial sum is exact
exp, log, tanh, √, σ   the argument may be off by one rounding, the result by `ulps` (4) ulps
softplus, log σ        as max(z, 0) + log1p(exp(-|z|)), each step as above
xᵃ                     as exp(a log x); for a whole a also |a| multiplications
σ of a gate            moreover ± 4u, for it may be computed as (1 + tanh(x/2)) / 2
max, |x|, relu, step   nothing; the hull of both branches where the ball leaves them undecided
constants              one rounding if the format cannot hold them
an incoming gradient   one rounding, for it may be multiplied in last: c (p - 1) as well as c p - c
two usual formulas     the hull of both (`either`)
a result too large     ±∞ if every machine overflows; NaN, which decides nothing, if only some may
====================== ================================================================================

Sums are lazy: `+` collects terms and only the use of the sum rounds it, so `W @ x + U @ h + b` written as in
the notes also covers a fused product with bias. Whole numbers are the only Python numbers that mix with
these two types: a float would have been rounded by Python already, and is a TypeError. Comparisons that the
balls leave open raise `Undecided`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, Self

from flint import arb, ctx

from nnspec_reference.scalars import Matrix, Vector

PRECISION = 128
"""Bits of every ball."""

ctx.prec = PRECISION  # flint's own setting, of this process; nothing else here uses flint

_ZERO, _ONE, _INF, _NAN = arb(0), arb(1), arb("inf"), arb("nan")


class Undecided(ArithmeticError):  # it is an answer, not a fault
    """The balls overlap, so the comparison has no answer that holds for all their numbers."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with this many bits inside the `with` block."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


# ------------------------------------------------------------------------ functions of a plain ball
def _over_ends(f: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """A monotone f; of a wide ball the hull of f at both ends, where f of the ball would be far too wide."""

    def g(x: arb) -> arb:
        if x.is_exact() or x.rel_accuracy_bits() > 12 or not x.is_finite():
            return f(x)
        return f(x.lower()).union(f(x.upper()))

    return g


def _log_of(x: arb) -> arb:
    if x.is_zero():
        return -_INF
    return x.log() if x > 0 else _NAN


def _sqrt(x: arb) -> arb:
    if x > 0:
        return _positive_sqrt(x)
    return _NAN if x < 0 or x.is_nan() else _ZERO.union(x.upper().sqrt())


def _softplus_of(x: arb) -> arb:
    return _relu(x) + (-abs(x)).exp().log1p()


_exp = _over_ends(arb.exp)
_log = _over_ends(_log_of)
_positive_sqrt = _over_ends(arb.sqrt)
_tanh = _over_ends(arb.tanh)
_sigmoid = _over_ends(lambda x: 1 / (1 + (-x).exp()))
_softplus = _over_ends(_softplus_of)


def _relu(x: arb) -> arb:
    if x >= 0:
        return x
    if x <= 0:
        return _ZERO
    return x if x.is_nan() else _ZERO.union(x.upper())


def _step(x: arb, tie: str) -> arb:
    if x > 0 or (tie == "ge" and x >= 0):
        return _ONE
    if x < 0 or (tie == "gt" and x <= 0):
        return _ZERO
    return x if x.is_nan() else arb(0.5, 0.5)


def _power(x: arb, a: arb) -> arb:
    """x^a for x >= 0, or for any x if a is a whole number."""
    if a.is_integer() or x > 0:
        if a > 0 and x.is_finite() and not x.is_exact() and x.mid().is_zero():
            return arb(0, x.upper() ** a)  # flint says NaN of a ball around exactly 0
        return x**a
    if x.is_zero() and a > 0:
        return _ZERO
    if x < 0 or x.is_nan() or not a > 0:
        return _NAN
    return _ZERO.union(x.upper() ** a)  # a ball around 0


def _x_log_x(x: arb) -> arb:
    """x log x on a ball of numbers >= 0 that contains 0."""
    b = x.upper()
    return (b * _log_of(b)).union(_ZERO) if b * 3 < 1 else _NAN  # decreasing up to 1/e


def _square(x: arb) -> arb:
    return x * x  # flint says that x**2 is NaN for a ball around exactly 0


def _infinity(x: arb) -> arb:
    """Flint's ∞ ± 0.1, made by adding a ball to ∞, is ∞."""
    return _INF if x.lower() == _INF else -_INF if x.upper() == -_INF else x


def _is_infinite(x: arb) -> bool:
    return not x.is_finite() and x.is_exact() and not x.is_nan()


def _refuse(x: Any) -> Any:
    """What a binary operation answers to an operand it does not know; a float is refused at once."""
    if isinstance(x, float):
        _no_float(x)
    return NotImplemented


def _no_float(x: float) -> NoReturn:
    raise TypeError(f"{x!r} met an exact number: a Python float is already rounded, so lift it first")


# ------------------------------------------------------------------------- what both numbers share
class Ball:
    """Comparisons and conversions of a number that is known up to a ball."""

    __slots__ = ()
    __array_ufunc__ = None  # a NumPy number on the left leaves the operation to us

    def settle(self) -> arb:
        """The ball of this number as a finished result."""
        raise NotImplementedError

    def _other(self, x: Any) -> Any:
        if isinstance(x, type(self)):
            return x.settle()
        return arb(x) if isinstance(x, int) else _refuse(x)

    def _decide(self, other: Any, yes: Callable[[arb, arb], bool], no: Callable[[arb, arb], bool]) -> Any:
        b = self._other(other)
        if b is NotImplemented:
            return b
        a = self.settle()
        if yes(a, b):
            return True
        if no(a, b):
            return False
        raise Undecided(f"{a} against {b}")

    def __lt__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a < b, lambda a, b: a >= b)  # type: ignore[no-any-return]

    def __le__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a <= b, lambda a, b: a > b)  # type: ignore[no-any-return]

    def __gt__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a > b, lambda a, b: a <= b)  # type: ignore[no-any-return]

    def __ge__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a >= b, lambda a, b: a < b)  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return self._decide(other, lambda a, b: a == b, lambda a, b: a != b)  # type: ignore[no-any-return]

    def __ne__(self, other: object) -> bool:
        return self._decide(other, lambda a, b: a != b, lambda a, b: a == b)  # type: ignore[no-any-return]

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return self != 0

    def __float__(self) -> float:
        return float(self.settle().mid())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.settle()})"


# ------------------------------------------------------------------------------------------ the truth
class Exact(Ball):
    """A ball that contains the real result of exact arithmetic."""

    __slots__ = ("ball",)

    def __init__(self, ball: arb) -> None:
        self.ball = ball

    @classmethod
    def of(cls, c: float) -> Self:
        """The number c itself, which may be a float."""
        return cls(arb(c))

    @staticmethod
    def _sum(x: arb) -> Exact:
        return Exact(x if x.is_finite() else _infinity(x))

    def settle(self) -> arb:
        """The ball."""
        return self.ball

    def __add__(self, other: Any) -> Exact:
        b = other.ball if type(other) is Exact else self._other(other)
        return b if b is NotImplemented else Exact._sum(self.ball + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Exact:
        b = other.ball if type(other) is Exact else self._other(other)
        return b if b is NotImplemented else Exact._sum(self.ball - b)

    def __rsub__(self, other: Any) -> Exact:
        b = self._other(other)
        return b if b is NotImplemented else Exact._sum(b - self.ball)

    def __mul__(self, other: Any) -> Exact:
        b = other.ball if type(other) is Exact else self._other(other)
        return b if b is NotImplemented else Exact(self.ball * b)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Exact:
        b = other.ball if type(other) is Exact else self._other(other)
        return b if b is NotImplemented else Exact(self.ball / b)

    def __rtruediv__(self, other: Any) -> Exact:
        b = self._other(other)
        return b if b is NotImplemented else Exact(b / self.ball)

    def __neg__(self) -> Exact:
        return Exact(-self.ball)

    def __abs__(self) -> Exact:
        return self.absolute()

    def exp(self) -> Exact:
        """e^x."""
        return Exact(_exp(self.ball))

    def log(self) -> Exact:
        """log x."""
        return Exact(_log(self.ball))

    def sqrt(self) -> Exact:
        """The square root."""
        return Exact(_sqrt(self.ball))

    def square(self) -> Exact:
        """x²."""
        return Exact(_square(self.ball))

    def power(self, a: Any) -> Exact:
        """x^a."""
        b = self._other(a)
        if b is NotImplemented:
            raise TypeError(f"the exponent is a {type(a).__name__}")
        return Exact(_power(self.ball, b))

    def tanh(self) -> Exact:
        """The hyperbolic tangent."""
        return Exact(_tanh(self.ball))

    def sigmoid(self) -> Exact:
        """σ(x)."""
        return Exact(_sigmoid(self.ball))

    gate_sigmoid = sigmoid

    def softplus(self) -> Exact:
        """log(1 + e^x)."""
        return Exact(_softplus(self.ball))

    def log_sigmoid(self) -> Exact:
        """log σ(x)."""
        return Exact(-_softplus(-self.ball))

    def relu(self, grad_at_zero: int = 1) -> Exact:
        """max(x, 0)."""
        return Exact(_relu(self.ball))

    def step(self, tie: str = "gt") -> Exact:
        """1 if x > 0, else 0."""
        return Exact(_step(self.ball, tie))

    def absolute(self) -> Exact:
        """|x|."""
        return Exact(abs(self.ball))

    def maximum(self, other: Any) -> Exact:
        """The larger."""
        b = self._other(other)
        return b if b is NotImplemented else Exact(self.ball.max(b))

    def minimum(self, other: Any) -> Exact:
        """The smaller."""
        b = self._other(other)
        return b if b is NotImplemented else Exact(self.ball.min(b))

    def product(self, factors: list[Any]) -> Exact:
        """The product."""
        z = _ONE
        for x in factors:
            y = self._other(x)
            if y is NotImplemented:
                return y  # type: ignore[no-any-return]
            z = z * y
        return Exact(z)

    def xlogy(self, other: Any) -> Exact:
        """x log y, 0 where x is exactly 0."""
        b = self._other(other)
        if self.ball.is_zero():
            return self
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        if other is self and self.ball.contains(0):
            return Exact(_x_log_x(self.ball))
        return Exact(self.ball * _log(b))

    def detach(self) -> Exact:
        """The middle of the ball, as an exact number."""
        return Exact(self.ball.mid())

    def either(self, other: Any) -> Exact:
        """This number: the other is the same."""
        return self


# ----------------------------------------------------------------------------------------- the machine
class Format:
    """What is assumed of a machine's numbers: `bits` of significand, exponents `emin` to `emax`, and
    elementary functions good to `ulps` ulps.
    """

    def __init__(self, name: str, bits: int, emin: int, emax: int, ulps: int = 4) -> None:
        self.name, self.bits, self.emin, self.emax, self.ulps = name, bits, emin, emax, ulps
        self.u = 2.0**-bits
        self.tiny = 2.0**emin
        self.largest = (arb(2) - arb(2) ** (1 - bits)) * arb(2) ** emax
        self.one_rounding = arb(1, self.u)
        self.elementary = arb(1, 2 * ulps * self.u)
        self.under = arb(0, self.tiny)
        self.gate = arb(0, 4 * self.u)
        self._tiny, self._one_over_tiny = arb(self.tiny), 1 / arb(self.tiny)
        self._surely_too_large = self.largest * arb(1 + 4 * self.u)
        self._sums: dict[int, arb] = {}

    def __repr__(self) -> str:
        return f"Format({self.name})"

    def represents(self, x: arb) -> bool:
        """Is x exactly a number of this format, subnormal ones included?"""
        if not x.is_exact():
            return False
        if x.is_zero() or not x.is_finite():
            return True
        return x.bits() <= self.bits and _grain(x) > self.emin - self.bits and abs(x) <= self.largest

    def holds(self, x: arb) -> bool:
        """Is x exactly a number of this format that no machine flushes to zero?"""
        if not x.is_exact() or x.bits() > self.bits:
            return False
        return x.is_zero() or not x.is_finite() or self._tiny <= abs(x) <= self.largest

    def round(self, x: arb) -> arb:
        """What one rounding may make of x."""
        return x if self.holds(x) else self.limit(x * self.one_rounding + self.under)

    def limit(self, x: arb) -> arb:
        """x, or what becomes of it where it is too large for the format."""
        if abs(x) <= self.largest or _is_infinite(x):
            return x
        if abs(x) > self._surely_too_large:
            return _INF if x > 0 else -_INF
        return _NAN

    def scaled(self, x: arb) -> arb:
        """x, the product with a power of two: exact unless it leaves the range."""
        return self.limit(x if abs(x) >= self._tiny or x.is_zero() else x + self.under)

    def sum_of(self, n: int) -> arb:
        """The ball ± ((1+u)^(n-1) - 1): the relative error of adding n terms in any order."""
        g = self._sums.get(n)
        if g is None:
            bound = math.expm1((n - 1) * math.log1p(self.u)) * (1 + 1e-9)  # Python's own error is less
            g = self._sums[n] = arb(0, bound)
        return g


FLOAT16 = Format("float16", 11, -14, 15)
BFLOAT16 = Format("bfloat16", 8, -126, 127)
FLOAT32 = Format("float32", 24, -126, 127)
FLOAT64 = Format("float64", 53, -1022, 1023)
FORMATS = {f.name: f for f in (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)}


def _grain(x: arb) -> int:
    """The exact finite x ≠ 0 is a whole multiple of 2^grain."""
    return int(x.man_exp()[1])


class Rounded(Ball):
    """Every number that a conforming machine may compute: an unevaluated sum of n computed terms.

    `ball` is the exact sum of all possible values of the terms, `size` at least the sum of their absolute
    values, and `grain` an exponent such that every term is a multiple of 2^grain, if all are exact.
    """

    __slots__ = ("_settled", "ball", "fmt", "grain", "n", "size")

    def __init__(self, fmt: Format, ball: arb, n: int = 1, size: arb | None = None, grain: int | None = None) -> None:
        self.fmt, self.ball, self.n, self.size, self.grain = fmt, ball, n, size, grain
        self._settled = ball if n == 1 else None

    @classmethod
    def of(cls, fmt: Format) -> Callable[[float], Rounded]:
        """The function that makes a constant of this format; one rounding if the format cannot hold it."""

        def make(c: float) -> Rounded:
            return _constant(fmt, arb(c))

        return make

    def settle(self) -> arb:
        """The ball of the sum, once it is rounded because it is used."""
        s = self._settled
        if s is None:
            s = self._settled = self._round_sum()
        return s

    def _round_sum(self) -> arb:
        x, fmt = self.ball, self.fmt
        if not x.is_finite():
            return _infinity(x)
        if self.grain is not None and self.grain >= fmt.emin and self.size <= _two_to(self.grain + fmt.bits):
            return fmt.limit(x)  # every partial sum is exact
        if self.n == 2:
            return fmt.round(x)
        if not self.size <= fmt.largest:
            return _NAN  # a partial sum may overflow
        return fmt.limit(x + (self.n - 1) * fmt.under + self.size * fmt.sum_of(self.n))

    def _operand(self, x: Any) -> Any:
        """x as a Rounded, or NotImplemented."""
        if type(x) is Rounded:
            return x
        return _constant(self.fmt, arb(x)) if isinstance(x, int) else _refuse(x)

    def _in(self, fmt: Format) -> Rounded:
        """This number in a coarser format: a double that meets a float32 array is rounded once."""
        return self if fmt is self.fmt else _constant(fmt, self.settle())

    def __add__(self, other: Any) -> Rounded:
        b = self._operand(other)
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        a, fmt = self, self.fmt
        if b.fmt is not fmt:
            fmt = _coarser(fmt, b.fmt)
            a, b = a._in(fmt), b._in(fmt)
        if a.ball.is_zero() and a.n == 1:
            return b  # type: ignore[no-any-return]
        if b.ball.is_zero() and b.n == 1:
            return a
        p, q = a._sum_grain(), b._sum_grain()
        grain = None if p is None or q is None else min(p, q)
        return Rounded(fmt, a.ball + b.ball, a.n + b.n, a._sum_size() + b._sum_size(), grain)

    __radd__ = __add__

    def _sum_grain(self) -> int | None:
        if self.n > 1:
            return self.grain
        return _grain(self.ball) if self.ball.is_exact() and self.ball.is_finite() else None

    def _sum_size(self) -> arb:
        return self.size if self.n > 1 else abs(self.ball)

    def __neg__(self) -> Rounded:
        return Rounded(self.fmt, -self.ball, self.n, self.size, self.grain)

    def __sub__(self, other: Any) -> Rounded:
        b = self._operand(other)
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        return self + -b  # type: ignore[no-any-return]

    def __rsub__(self, other: Any) -> Rounded:
        return -self + other  # type: ignore[no-any-return]

    def __mul__(self, other: Any) -> Rounded:
        b = self._operand(other)
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        a, fmt = self, self.fmt
        if b.fmt is not fmt:
            fmt = _coarser(fmt, b.fmt)
            a, b = a._in(fmt), b._in(fmt)
        x, y = a.settle(), b.settle()
        z = x * y
        if _is_power_of_two(x) or _is_power_of_two(y):
            return Rounded(fmt, z if fmt.holds(z) else fmt.scaled(z))
        return Rounded(fmt, fmt.round(z))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Rounded:
        b = self._operand(other)
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        fmt = _coarser(self.fmt, b.fmt)
        x, y = self._in(fmt).settle(), b._in(fmt).settle()
        if x.is_zero():
            return Rounded(fmt, _NAN if y.contains(0) else x)
        z = x / y
        if _is_infinite(x) or _is_infinite(y):
            return Rounded(fmt, z)
        if _is_power_of_two(y):
            return Rounded(fmt, z if fmt.holds(z) else fmt.scaled(z))
        if not abs(y) <= fmt._one_over_tiny:
            z = z + x * fmt.under  # 1/y is flushed to zero
        return Rounded(fmt, fmt.limit(z * fmt.one_rounding * fmt.one_rounding + fmt.under))

    def __rtruediv__(self, other: Any) -> Rounded:
        b = self._operand(other)
        return b if b is NotImplemented else b / self

    def __abs__(self) -> Rounded:
        return self.absolute()

    def _elementary(self, f: Callable[[arb], arb], positive: bool = False, more: arb = _ZERO) -> Rounded:
        """f with its argument off by one rounding and its result by a few ulps, plus the ball `more`.

        `positive`: no machine makes its result negative.
        """
        x, fmt = self.settle(), self.fmt
        if _is_infinite(x):
            return Rounded(fmt, f(x))
        if x.is_zero() and f(x).is_zero():
            return self if self.n == 1 else Rounded(fmt, x)
        y = f(x * fmt.one_rounding) * fmt.elementary + fmt.under + more
        if positive and not y >= 0 and not y.is_nan():
            y = y.nonnegative_part()
        return Rounded(fmt, fmt.limit(y))

    def exp(self) -> Rounded:
        """e^x."""
        return self._elementary(_exp, positive=True)

    def log(self) -> Rounded:
        """log x."""
        x = self.settle()
        return Rounded(self.fmt, -_INF) if x.is_zero() else self._elementary(_log)

    def sqrt(self) -> Rounded:
        """The square root, which need not be correctly rounded."""
        return self._elementary(_sqrt, positive=True)

    def tanh(self) -> Rounded:
        """The hyperbolic tangent, with relative accuracy."""
        return self._elementary(_tanh)

    def sigmoid(self) -> Rounded:
        """σ(x), with relative accuracy."""
        return self._elementary(_sigmoid, positive=True)

    def gate_sigmoid(self) -> Rounded:
        """σ(x), moreover with an absolute error of 4u."""
        return self._elementary(_sigmoid, more=self.fmt.gate)

    def softplus(self) -> Rounded:
        """max(x, 0) + log1p(exp(-|x|))."""
        x, fmt = self.settle(), self.fmt
        if _is_infinite(x):
            return Rounded(fmt, _softplus(x))
        # exp, log1p, and the sum of two terms >= 0: relative errors stay relative
        factor = fmt.elementary * fmt.elementary * fmt.one_rounding * fmt.one_rounding
        y = _softplus(x * fmt.one_rounding) * factor + fmt.under
        return Rounded(fmt, fmt.limit(y if y >= 0 or y.is_nan() else y.nonnegative_part()))

    def log_sigmoid(self) -> Rounded:
        """-softplus(-x)."""
        return -(Rounded(self.fmt, -self.settle()).softplus())

    def square(self) -> Rounded:
        """x · x."""
        x, fmt = self.settle(), self.fmt
        y = fmt.round(_square(x))
        return Rounded(fmt, y if y >= 0 or y.is_nan() else y.nonnegative_part())

    def power(self, a: Any) -> Rounded:
        """x^a, as exp(a log x) or, for a whole a, by multiplications."""
        b = self._operand(a)
        if b is NotImplemented:
            raise TypeError(f"the exponent is a {type(a).__name__}")
        fmt = _coarser(self.fmt, b.fmt)
        x, e = self._in(fmt).settle(), b._in(fmt).settle()
        z = _power(x, e)
        if e.is_zero() or _is_infinite(x):
            return Rounded(fmt, z)
        if x.is_zero():
            return Rounded(fmt, z if e > 0 else _NAN if not e < 0 else _INF)
        if e.is_integer():  # |a| - 1 multiplications, and perhaps a division
            n = int(abs(e).unique_fmpz())
            products = fmt.limit(z + z * fmt.sum_of(n + 2) + fmt.under)
            return Rounded(fmt, products if not x > 0 else products.union(_exp_form(fmt, x, e)))
        if x > 0:
            return Rounded(fmt, _exp_form(fmt, x, e))
        if z.is_nan():
            return Rounded(fmt, z)
        top = _exp_form(fmt, x.upper(), e)  # a ball around 0, a > 0
        return Rounded(fmt, _ZERO.union(top))

    def relu(self, grad_at_zero: int = 1) -> Rounded:
        """max(x, 0)."""
        return Rounded(self.fmt, _relu(self.settle()))

    def step(self, tie: str = "gt") -> Rounded:
        """1 if x > 0, else 0; [0, 1] where the ball does not say."""
        return Rounded(self.fmt, _step(self.settle(), tie))

    def absolute(self) -> Rounded:
        """|x|."""
        return Rounded(self.fmt, abs(self.settle()))

    def maximum(self, other: Any) -> Rounded:
        """The larger."""
        return self._choose(other, arb.max)

    def minimum(self, other: Any) -> Rounded:
        """The smaller."""
        return self._choose(other, arb.min)

    def _choose(self, other: Any, f: Callable[[arb, arb], arb]) -> Rounded:
        b = self._operand(other)
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        fmt = _coarser(self.fmt, b.fmt)
        return Rounded(fmt, f(self._in(fmt).settle(), b._in(fmt).settle()))

    def product(self, factors: list[Any]) -> Rounded:
        """x₁ · x₂ · …, in any order: n − 1 roundings, and what underflows on the way may be multiplied again.

        A product that is exact gets its roundings too: pulled back, another factor may come between.
        """
        operands = []
        for x in factors:
            operand = self._operand(x)
            if operand is NotImplemented:
                return operand  # type: ignore[no-any-return]
            operands.append(operand)
        fmt = self.fmt
        for x in operands:
            fmt = _coarser(fmt, x.fmt)
        z, grown, n = _ONE, _ONE, 0
        for x in operands:
            y = x._in(fmt).settle()
            z, grown, n = z * y, grown * abs(y).max(_ONE), n + (not _is_power_of_two(y))
        if z.is_zero() or n < 2:
            return Rounded(fmt, z if fmt.holds(z) else fmt.scaled(z))
        return Rounded(fmt, fmt.limit(z + z * fmt.sum_of(n) + n * grown * fmt.under))

    def xlogy(self, other: Any) -> Rounded:
        """x log y, 0 where x is exactly 0."""
        x, fmt = self.settle(), self.fmt
        if x.is_zero():
            return self
        b = self._operand(other)
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        if other is self and x.contains(0):
            y = _x_log_x(x) * fmt.elementary * fmt.one_rounding + x * fmt.under + fmt.under
            return Rounded(fmt, y + abs(x) * arb(0, fmt.u))
        return self * b.log()  # type: ignore[no-any-return]

    def detach(self) -> Rounded:
        """The middle of the ball, as an exact number."""
        return Rounded(self.fmt, self.settle().mid())

    def either(self, other: Any) -> Rounded:
        """What one or the other way to compute the same real number may give."""
        b = self._operand(other)
        if b is NotImplemented:
            return b  # type: ignore[no-any-return]
        x, y = self.settle(), b.settle()
        return Rounded(_coarser(self.fmt, b.fmt), x.union(y) if x.is_finite() and y.is_finite() else x)

    def as_factor(self) -> Rounded:
        """This exact number, if it may be multiplied in at any place: c (p − 1), or c p − c, a rounding less."""
        x, fmt = self.settle(), self.fmt
        if x.is_zero() or _is_power_of_two(x) or not x.is_finite():
            return self
        return Rounded(fmt, x * fmt.one_rounding)


def _exp_form(fmt: Format, x: arb, a: arb) -> arb:
    """exp(a log x) for x > 0, as a machine computes it."""
    log_x = Rounded(fmt, x).log()
    return (log_x * Rounded(fmt, a)).exp().settle()


def _coarser(a: Format, b: Format) -> Format:
    return a if a is b or a.u >= b.u else b


def _constant(fmt: Format, x: arb) -> Rounded:
    return Rounded(fmt, x if fmt.represents(x) else fmt.limit(x * fmt.one_rounding + fmt.under))


def _is_power_of_two(x: arb) -> bool:
    return bool(x.bits() == 1 and x.is_exact())


def _two_to(e: int) -> arb:
    return arb(2) ** e


# ------------------------------------------------------------------------------ lifting and judging
def lift(value: Any, make: Callable[[Any], Any]) -> Any:
    """An array or nested list of rank 0, 1, 2, 3 … as a number, Vector, Matrix, tuple of Matrix …"""
    if hasattr(value, "tolist"):
        return _lift(value.tolist(), len(value.shape), make)
    rank, inner = 0, value
    while isinstance(inner, (list, tuple)):
        rank += 1
        if not inner:
            break
        inner = inner[0]
    return _lift(value, rank, make)


def _lift(value: Any, rank: int, make: Callable[[Any], Any]) -> Any:
    if rank == 0:
        return make(value)
    shape: Callable[[Any], Any] = {1: Vector, 2: Matrix}.get(rank, tuple)
    return shape(_lift(part, rank - 1, make) for part in value)


def enclosure(x: Any) -> arb:
    """The ball of a Rounded or Exact; an int is the ball of that number alone."""
    if isinstance(x, Ball):
        return x.settle()
    if isinstance(x, int):
        return arb(x)
    raise TypeError(f"{type(x).__name__} has no ball")


def is_meaningful(ball: Any) -> bool:
    """Does the ball decide anything: is it bounded, or exactly ∞ or −∞?"""
    x = enclosure(ball)
    return bool(x.is_finite()) or _is_infinite(x)


def contains(ball: Any, value: float) -> bool:
    """Is the value one that the ball allows? A ball that is not meaningful allows nothing."""
    x = enclosure(ball)
    if not is_meaningful(ball) or math.isnan(value):
        return False
    return bool(x.contains(arb(value)))


def ratio(ball: Any, value: float) -> float:
    """|value − middle| / radius: at most 1 if and only if the ball contains the value.

    0 where they are equal, ∞ where the ball is exact and the value another, NaN if it decides nothing.
    """
    x = enclosure(ball)
    if not is_meaningful(ball):
        return math.nan
    inside = contains(ball, value)
    if x.is_exact() or not math.isfinite(value):
        return 0.0 if inside else math.inf
    r = float((abs(arb(value) - x.mid()) / arb(x.rad())).mid())
    return min(r, 1.0) if inside else max(r, math.nextafter(1.0, 2.0))
