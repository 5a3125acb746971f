"""Scalars, vectors and derivatives: on floats against `math`, and against 512-bit differences."""

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec_conformance.oracle import Exact, enclosure, lift, precision
from nnspec_reference import scalars as s
from nnspec_reference.autodiff import Dual, Var, backward, grad, jvp, values, variables, vjp
from nnspec_reference.scalars import Matrix, Vector

INF, NAN = math.inf, math.nan
UNARY = ("exp", "log", "sqrt", "square", "tanh", "sigmoid", "gate_sigmoid", "log_sigmoid", "softplus",
         "relu", "step", "absolute")  # fmt: skip


# ------------------------------------------------------------------------------------------ floats
@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (s.sigmoid, -710.0, 4.47628622567513e-309),
        (s.sigmoid, -INF, 0.0),
        (s.sigmoid, INF, 1.0),
        (s.exp, 1e3, INF),
        (s.exp, -INF, 0.0),
        (s.log, 0.0, -INF),
        (s.log, -0.0, -INF),
        (s.log, INF, INF),
        (s.softplus, 1e300, 1e300),
        (s.softplus, -INF, 0.0),
        (s.softplus, -40.0, math.exp(-40.0)),
        (s.log_sigmoid, -1e300, -1e300),
        (s.log_sigmoid, INF, 0.0),
        (s.log_sigmoid, 40.0, -math.exp(-40.0)),
        (s.relu, -INF, 0.0),
        (s.relu, INF, INF),
        (s.step, 0.0, 0.0),
        (s.step, -INF, 0.0),
        (s.step, 5e-324, 1.0),
    ],
)
def test_float_extremes(f: Any, x: Any, expected: Any) -> None:
    assert f(x) == expected


@pytest.mark.parametrize("name", UNARY)
def test_nan_propagates(name: Any) -> None:
    assert math.isnan(getattr(s, name)(NAN))


@pytest.mark.parametrize("f", [s.maximum, s.minimum])
def test_nan_propagates_from_either_side(f: Any) -> None:
    assert math.isnan(f(NAN, 1.0)) and math.isnan(f(1.0, NAN))


def test_relu_of_minus_zero_is_plus_zero() -> None:
    assert math.copysign(1.0, s.relu(-0.0)) == 1.0


@pytest.mark.parametrize("f", [s.log, s.sqrt])
def test_a_negative_float_is_a_value_error(f: Any) -> None:
    with pytest.raises(ValueError):
        f(-1.0)


def test_ties_and_conventions() -> None:
    assert (s.step(0.0), s.step(0.0, "ge"), s.step(-0.0, "ge")) == (0.0, 1.0, 1.0)
    assert s.xlogy(0.0, 0.0) == 0.0 and s.xlogy(2.0, 0.0) == -INF and math.isnan(s.xlogy(0.0, NAN))
    assert s.power(0.0, 0.75) == 0.0 and s.power(0.0, 0) == 1.0 and s.power(0.0, -0.5) == INF
    assert s.power(2.0, 5000) == INF and s.power(-2.0, 5001) == -INF and s.power(2, 3) == 8
    assert s.argmax([1.0, 3.0, 3.0]) == 1 and s.largest([1.0, 3.0, 2.0]) == 3.0
    for wrong in (lambda: s.step(1.0, "lt"), lambda: s.relu(1.0, 2), lambda: s.argmax([])):
        with pytest.raises(ValueError):
            wrong()


def test_an_unknown_type_is_a_type_error_that_names_it() -> None:
    with pytest.raises(TypeError, match="exp is not defined for str"):
        s.exp("1")


# ---------------------------------------------------------------------------- vectors and matrices
def test_vector_arithmetic() -> None:
    a, b = Vector([1, 2, 3]), Vector([4, 5, 7])
    assert a + b == (5, 7, 10) and b - a == (3, 3, 4) and a * b == (4, 10, 21) and b / a == (4, 2.5, 7 / 3)
    assert 2 * a == a * 2 == (2, 4, 6) and 1 - a == (0, -1, -2) and 6 / a == (6, 3, 2) and 1 + a == a + 1
    assert -a == (-1, -2, -3) and a @ b == 35 and a.map(lambda x: x * x) == (1, 4, 9)
    assert type(a[1:]) is Vector and a[1:] == (2, 3) and a[-1] == 3
    assert s.concat(a, b[:1]) == (1, 2, 3, 4) and s.zeros_like(a) == (0, 0, 0)
    assert s.maximum(a, Vector([3, 2, 1])) == (3, 2, 3) and s.minimum(2, a) == (1, 2, 2)
    assert s.total([]) == 0 and s.total([a, b]) == (5, 7, 10)


def test_matrix_arithmetic() -> None:
    W = Matrix([Vector([1, 2, 3]), Vector([4, 5, 6])])
    assert W @ Vector([1, 0, -1]) == (-2, -2) and Vector([1, -1]) @ W == (-3, -3, -3)
    assert W @ W.T == ((14, 32), (32, 77)) and W + W == 2 * W == W * 2 and s.zeros_like(W) == W - W
    assert W.T == ((1, 4), (2, 5), (3, 6)) and type(W.T[0]) is Vector
    assert -W == -1 * W and type(W[:1]) is Matrix and W * W == ((1, 4, 9), (16, 25, 36))
    assert s.outer(Vector([1, 2]), Vector([3, 4, 5])) == ((3, 4, 5), (6, 8, 10))
    assert s.relu(-W) == s.zeros_like(W)


def test_lengths_must_agree_and_kinds_must_match() -> None:
    a, W = Vector([1, 2]), Matrix([Vector([1, 2, 3])])
    for wrong in (lambda: a + Vector([1]), lambda: a @ Vector([1]), lambda: W @ a, lambda: W + W[:0]):
        with pytest.raises(ValueError):
            wrong()
    for wrong in (lambda: a + W, lambda: W * a, lambda: a * (1, 2), lambda: (1, 2) - a):
        with pytest.raises(TypeError):
            wrong()


# ------------------------------------------------------------------------------------ derivatives
def random_function(seed: Any, size: int = 25) -> Any:
    """A smooth random function of three numbers: a graph in which every node may be used repeatedly."""
    rng = random.Random(seed)
    one = (s.tanh, s.sigmoid, s.gate_sigmoid, s.softplus, s.log_sigmoid, lambda x: s.exp(s.tanh(x)),
           lambda x: s.log(2 + s.square(x)), lambda x: s.sqrt(1 + x * x), lambda x: -x,
           lambda x: s.power(1 + x * x, -2), s.relu, s.absolute)  # fmt: skip
    two = (lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / (2 + y * y),
           lambda x, y: 3 / (1 + x * x) - y, s.maximum, s.minimum,
           lambda x, y: s.xlogy(x, 1 + y * y), lambda x, y: s.power(2 + s.tanh(x), s.tanh(y)))  # fmt: skip
    plan: list[Any] = []
    for n in range(3, 3 + size):
        if rng.random() < 0.4:
            plan.append((rng.choice(one), (rng.randrange(n),)))
        else:
            plan.append((rng.choice(two), tuple(rng.sample(range(n), 2))))  # never max(x, x), a kink

    def f(*xs: Any) -> Any:
        nodes = list(xs)
        for op, at in plan:
            nodes.append(s.tanh(op(*(nodes[i] for i in at))))
        return s.total(nodes[-4:])

    return f


@pytest.mark.parametrize("seed", range(30))
def test_tape_and_dual_agree_with_central_differences_of_512_bits(seed: Any) -> None:
    f, rng = random_function(seed), random.Random(-seed)
    with precision(512):
        x = [Exact.of(rng.uniform(-2, 2)) for _ in range(3)]
        d = [Exact.of(rng.uniform(-1, 1)) for _ in range(3)]
        h = Exact.of(2.0**-120)
        ahead, behind = Vector(x) + h * Vector(d), Vector(x) - h * Vector(d)
        central = (f(*ahead) - f(*behind)) / (2 * h)
        slope = s.dot(grad(f, tuple(x)), d)
        y, dy = jvp(f, tuple(x), tuple(d))
        assert abs(float(slope - central)) < 1e-60
        assert abs(float(dy - central)) < 1e-60
        assert abs(float(y - f(*x))) < 1e-60
        assert float(enclosure(slope).rad()) < 1e-100  # the balls are not just wide enough to agree


def test_the_hessian_of_a_known_function() -> None:
    # f = x²y + exp(xy): the Hessian is [[2y + y²e, 2x + (1+xy)e], [., x²e]] with e = exp(xy)
    def f(x: Any, y: Any) -> Any:
        return x * x * y + s.exp(x * y)

    x, y = 0.5, -1.25
    e = math.exp(x * y)
    rows = [grad(lambda a, b, i=i: grad(f, (a, b))[i], (x, y)) for i in range(2)]
    assert rows[0] == pytest.approx((2 * y + y * y * e, 2 * x + (1 + x * y) * e), rel=1e-14)
    assert rows[1] == pytest.approx((2 * x + (1 + x * y) * e, x * x * e), rel=1e-14)
    a, b = Var(Var(x)), Var(Var(y))  # the same by hand: a tape over a tape
    first = backward(f(a, b)).of(a)
    assert backward(first).of((a.value, b.value)) == pytest.approx(rows[0], rel=1e-14)
    assert jvp(lambda a: grad(f, (a, y))[0], (x,), (1.0,))[1] == pytest.approx(rows[0][0], rel=1e-14)


def test_an_outer_variable_is_a_constant_of_the_inner_gradient() -> None:
    assert grad(lambda x: x * grad(lambda y: x * y, (1.0,))[0], (3.0,)) == (6.0,)


def test_repeated_use_accumulates_and_unused_inputs_get_zero() -> None:
    x, unused = Var(3.0), Var(4.0)
    y = x * x
    z = y + y * x  # x² + x³
    assert backward(z).of((x, unused)) == (2 * 3 + 3 * 9, 0)
    assert backward((z, y), (2.0, -1.0)).of(x) == 2 * 33 - 6
    assert backward((x, x), (2.0, 5.0)).of(x) == 7.0
    assert backward((x, 5.0), (2.0, 1.0)).of(x) == 2.0  # an output that is a constant
    with pytest.raises(ValueError):
        backward((x, y), (1.0,))


def test_shapes_of_gradients_and_pullbacks() -> None:
    W, x = lift([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], float), lift([1.0, -1.0, 2.0], float)
    y, pullback = vjp(lambda W, x: {"y": W @ x}, {"W": W, "x": x})
    assert y == {"y": (5.0, 11.0)}
    g = pullback({"y": Vector([1.0, 10.0])})
    assert g == {"W": s.outer(Vector([1.0, 10.0]), x), "x": W.T @ Vector([1.0, 10.0])}
    assert type(g["W"]) is Matrix and type(g["x"]) is Vector
    assert values(variables(W)) == W


def test_a_long_graph_does_not_recurse() -> None:
    x = Var(1.0)
    y = x
    for _ in range(50_000):
        y = y * 1.0 + x
    assert backward(y).of(x) == 50_001.0


def test_kinks_take_the_chosen_side() -> None:
    for at, ge, gt in ((1.0, 1, 1), (0.0, 1, 0), (-1.0, 0, 0)):
        assert grad(lambda x: s.relu(x), (at,)) == (ge,)
        assert grad(lambda x: s.relu(x, grad_at_zero=0), (at,)) == (gt,)
        assert grad(lambda x: s.step(x), (at,)) == (0,)
    assert grad(lambda a, b: s.maximum(a, b), (2.0, 2.0)) == (1, 0)
    assert grad(lambda a, b: s.minimum(a, b), (2.0, 2.0)) == (1, 0)
    assert grad(s.absolute, (0.0,)) == (0,)


def test_xlogy_at_zero() -> None:
    assert grad(lambda p, q: s.xlogy(p, q), (0.0, 2.0)) == (math.log(2.0), 0)
    assert grad(lambda q: s.xlogy(0.0, q) + s.xlogy(1.0, q), (0.5,)) == (2.0,)
    assert grad(lambda q: s.xlogy(0.0, q), (0.0,)) == (0,)


def test_detach_stops_the_derivative_and_comparisons_see_values() -> None:
    assert grad(lambda x: x * s.detach(x), (3.0,)) == (3.0,)
    assert jvp(lambda x: x * s.detach(x), (3.0,), (1.0,)) == (9.0, 3.0)
    x = Var(Var(2.0))
    assert x > 1 and x >= 2 and x < 3 and x <= 2 and x == 2 and x != 1 and not x > 2
    assert s.largest([Var(1.0), x]) is x and s.mid(x) == 2.0
    with pytest.raises(TypeError):
        Var(1.0) + Dual(1.0)


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_two_branch_sigmoid_and_friends_agree_with_128_bits(x: Any, y: Any) -> None:
    for name in ("sigmoid", "softplus", "log_sigmoid", "tanh"):
        f = getattr(s, name)
        assert f(x) == pytest.approx(float(f(Exact.of(x))), rel=4e-15, abs=1e-322)
    assert s.maximum(x, y) == max(x, y) and s.minimum(x, y) == min(x, y)
