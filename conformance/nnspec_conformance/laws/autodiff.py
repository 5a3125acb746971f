"""Properties of differentiation, of arrays and of the reference's own tape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from nnspec_conformance.laws import Draw, law, same
from nnspec_reference import autodiff
from nnspec_reference.scalars import Vector, dot, tanh


@law("P42", on=["autodiff.forward_dual"])
def dual_is_a_central_difference(nn: Any, draw: Draw) -> None:
    """Of a product the central difference is exact for any step: f(x + d) − f(x − d) = 2 dy."""
    u, du, v, dv = (draw.integers(2, 4) for _ in range(4))
    zero = 0.0 * u
    ahead = nn("autodiff.forward_dual", u=u + du, du=zero, v=v + dv, dv=zero).y
    behind = nn("autodiff.forward_dual", u=u - du, du=zero, v=v - dv, dv=zero).y
    same(ahead - behind, 2.0 * nn("autodiff.forward_dual", u=u, du=du, v=v, dv=dv).dy, "the product rule")


@law("P42", "P43", on=["autodiff.computation_graph"])
def backward_is_forward(nn: Any, draw: Draw) -> None:
    """Jᵀ·L̄, entry by entry, against differences: they are exact, since L is linear in each input."""
    at = {name: draw.integers(3) for name in "abc"}
    seeds = {name: draw.integers(3) for name in ("d", "e", "L")}
    gradient = nn.gradient("autodiff.computation_graph", seeds, **at)
    for name in at:
        ahead = nn("autodiff.computation_graph", **{**at, name: at[name] + 1.0})
        behind = nn("autodiff.computation_graph", **{**at, name: at[name] - 1.0})
        change = sum((getattr(ahead, s) - getattr(behind, s)) * seeds[s] for s in seeds)
        same(2.0 * getattr(gradient, name), change, f"∂/∂{name}")


def _random_graph(draw: Draw, inputs: int, nodes: int, smooth: bool) -> Callable[..., Any]:
    """A function whose nodes take earlier nodes, often the same ones: fan-out everywhere."""
    steps = []
    for place in range(inputs, inputs + nodes):
        kind = draw.choice(["add", "subtract", "multiply", "tanh"] if smooth else ["add", "subtract", "multiply"])
        steps.append((kind, draw.size(0, place - 1), draw.size(max(0, place - 2), place - 1)))

    def f(*xs: Any) -> Any:
        values = list(xs)
        for kind, i, j in steps:
            x, y = values[i], values[j]
            if kind == "add":
                values.append(x + y)
            elif kind == "subtract":
                values.append(2 * x - y)
            else:
                values.append(tanh(x) * y if kind == "tanh" else x * y)
        return values[-1] + values[len(values) // 2] * values[-1]

    return f


@law("P43", on=[])
def reverse_is_forward_on_graphs_with_fan_out(draw: Draw) -> None:
    """Exactly, on whole numbers: row by row, what goes backward is what goes forward."""
    inputs = draw.size(1, 4)
    f = _random_graph(draw, inputs, draw.size(1, 7), smooth=False)
    at = tuple(int(x) for x in draw.integers(inputs, low=-2, high=2))
    backward = autodiff.grad(f, at)
    for i in range(inputs):
        direction = tuple(int(k == i) for k in range(inputs))
        assert autodiff.jvp(f, at, direction)[1] == backward[i]


@law("P42", "P43", on=[])
def both_modes_are_the_limit_of_differences(draw: Draw) -> None:
    """(f(x + h) − f(x − h)) / 2h errs like h²: two steps give the limit to many digits."""
    inputs = draw.size(1, 3)
    f = _random_graph(draw, inputs, draw.size(1, 4), smooth=True)
    at = tuple(float(x) for x in draw.reals(inputs, scale=0.5))
    backward = autodiff.grad(f, at)
    for i in range(inputs):

        def difference(h: float, i: int = i) -> float:
            ahead, behind = ([x + s * h * (k == i) for k, x in enumerate(at)] for s in (1, -1))
            return float((f(*ahead) - f(*behind)) / (2 * h))

        limit = (4 * difference(2.0**-11) - difference(2.0**-10)) / 3
        assert abs(limit - backward[i]) <= 1e-7 * max(1.0, abs(limit)), (limit, backward[i])


@law("P46", on=[])
def gradient_of_the_mean_is_the_mean_of_the_gradients(draw: Draw) -> None:
    """Exactly, on fractions, for the squared error of a linear model."""
    n, d = draw.size(), draw.size(1, 3)
    xs = [Vector(Fraction(int(v)) for v in draw.integers(d)) for _ in range(n)]
    ts = [Fraction(int(v)) for v in draw.integers(n)]
    w = Vector(Fraction(int(v), 4) for v in draw.integers(d))

    def cost(w: Vector, x: Vector, t: Fraction) -> Any:
        return (dot(w, x) - t) * (dot(w, x) - t)

    def mean(w: Vector) -> Any:
        return sum(cost(w, x, t) for x, t in zip(xs, ts, strict=True)) / n

    each = [autodiff.grad(lambda w, x=x, t=t: cost(w, x, t), (w,))[0] for x, t in zip(xs, ts, strict=True)]
    assert autodiff.grad(mean, (w,))[0] == sum(each[1:], each[0]) / n


@dataclass(frozen=True)
class _Counted:
    """A number that counts the operations done with its kind."""

    value: float
    done: ClassVar[list[int]] = [0]

    def _do(self, other: Any, f: Callable[[float, float], float]) -> _Counted:
        self.done[0] += 1
        return _Counted(f(self.value, getattr(other, "value", other)))

    def __add__(self, other: Any) -> _Counted:
        return self._do(other, lambda x, y: x + y)

    def __mul__(self, other: Any) -> _Counted:
        return self._do(other, lambda x, y: x * y)

    def __sub__(self, other: Any) -> _Counted:
        return self._do(other, lambda x, y: x - y)

    def __rsub__(self, other: Any) -> _Counted:
        return self._do(other, lambda x, y: y - x)

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self) -> _Counted:
        """One operation."""
        return self._do(0.0, lambda x, _: float(tanh(x)))

    def __neg__(self) -> _Counted:
        return self._do(0.0, lambda x, _: -x)


@law("P124", on=[])
def a_gradient_costs_a_few_evaluations(draw: Draw) -> None:
    """However many inputs: each operation forward asks for at most four more (a product: two × and two +)."""

    def f(*xs: Any) -> Any:
        h = xs[0]
        for x in xs[1:]:
            h = tanh(h * x) * x + h
        return h * h

    for n in (2, 8, 8 * draw.size(2, 8)):
        at = tuple(_Counted(float(x)) for x in draw.reals(n))
        _Counted.done[0] = 0
        f(*at)
        forward = _Counted.done[0]
        _Counted.done[0] = 0
        autodiff.grad(f, at)
        assert forward >= 4 * (n - 1)
        assert _Counted.done[0] <= 5 * forward, (n, forward, _Counted.done[0])
