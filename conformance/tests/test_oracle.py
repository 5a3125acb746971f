"""The oracle is strict, sound on machines that are right, and sharp enough to see machines that are not."""

import math
import random
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec_conformance.oracle import (
    FLOAT16,
    FLOAT32,
    FLOAT64,
    Exact,
    Rounded,
    Undecided,
    contains,
    enclosure,
    is_meaningful,
    lift,
    ratio,
)
from nnspec_reference import scalars as s
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Vector

DTYPES: dict[str, tuple[Any, Any]] = {
    "float16": (np.float16, FLOAT16),
    "float32": (np.float32, FLOAT32),
    "float64": (np.float64, FLOAT64),
}
EXACT: list[Any] = [Exact.of, Rounded.of(FLOAT32), Rounded.of(FLOAT64)]
INF, NAN = math.inf, math.nan


def inside(ball: Any, value: Any) -> Any:
    return is_meaningful(ball) and contains(ball, float(value))


# ---------------------------------------------------------------------------------------- strictness
BINARY: dict[str, Any] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "maximum": s.maximum, "minimum": s.minimum,
    "power": s.power,
}  # fmt: skip


@pytest.mark.parametrize("make", EXACT)
@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("foreign", [0.5, 1.0, 0.0, np.float64(0.5), np.float32(0.5), "1", None])
def test_only_whole_numbers_mix(op: Any, make: Any, foreign: Any) -> None:
    f = BINARY[op]
    if op in ("==", "!=") and not isinstance(foreign, float):
        assert f(make(1.5), foreign) is (op == "!=")  # equality with a stranger is plain Python
        return
    for args in ((make(1.5), foreign), (foreign, make(1.5))):
        with pytest.raises(TypeError):
            f(*args)


@pytest.mark.parametrize("make", EXACT)
def test_whole_numbers_mix_exactly(make: Any) -> None:
    x = make(1.5)
    for y, expected in ((x + 2, 3.5), (2 + x, 3.5), (x - 1, 0.5), (1 - x, -0.5), (2 * x, 3), (x / 2, 0.75),
                        (x * 0, 0), (3 / make(2.0), 1.5), (s.maximum(x, 2), 2),
                        (s.minimum(1, x), 1)):  # fmt: skip
        assert enclosure(y) == arb(expected)


def test_the_two_kinds_do_not_mix() -> None:
    with pytest.raises(TypeError):
        Exact.of(1.0) + Rounded.of(FLOAT32)(1.0)


def test_a_third_is_the_third_of_the_exact_type() -> None:
    assert (enclosure(3 * (Exact.of(1.0) / 3)) - 1).contains(0)
    assert float(enclosure(Exact.of(1.0) / 3).rad()) < 2.0**-120


# --------------------------------------------------------------------------------------- comparisons
@pytest.mark.parametrize("make", EXACT)
def test_decided_comparisons(make: Any) -> None:
    a, b = make(1.5), make(2.0)
    assert a < b and a <= b and b > a and b >= a and a != b and (a == b) is False and not a > b
    assert a == make(1.5) and a <= make(1.5) and not a < make(1.5) and bool(a) and not make(0.0)
    assert s.argmax([a, b, make(2.0)]) == 1
    assert make(-INF) < a < make(INF)


def test_undecided_comparisons_raise() -> None:
    x = Rounded.of(FLOAT32)(0.1) * Rounded.of(FLOAT32)(0.1)
    y = Rounded.of(FLOAT32)(0.1) * Rounded.of(FLOAT32)(0.1)
    for op in ("<", "<=", ">", ">=", "==", "!="):
        with pytest.raises(Undecided):
            BINARY[op](x, y)
    with pytest.raises(Undecided):
        bool(x - y)
    with pytest.raises(Undecided):
        Exact.of(NAN) < Exact.of(1.0)  # noqa: B015


def test_undecided_kinks_give_the_hull() -> None:
    x = Rounded.of(FLOAT32)(0.1) * Rounded.of(FLOAT32)(0.1) - Rounded.of(FLOAT32)(0.1) * Rounded.of(FLOAT32)(0.1)
    assert contains(s.step(x), 0.0) and contains(s.step(x), 1.0) and not contains(s.step(x), 1.1)
    (g,) = grad(s.relu, (x,))
    assert contains(g, 0.0) and contains(g, 1.0) and not contains(g, -0.1)
    assert contains(s.relu(x), 0.0) and not contains(s.relu(x), -1e-9)


# ------------------------------------------------------------------------------ NumPy lies in the ball
def numpy_sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype)


def numpy_softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


ONE: dict[str, list[Any]] = {
    "exp": [np.exp],
    "log": [np.log],
    "sqrt": [np.sqrt, lambda x: x * (1 / np.sqrt(x)) if x > 0 else x],
    "square": [np.square],
    "tanh": [np.tanh],
    "sigmoid": [numpy_sigmoid],
    "gate_sigmoid": [numpy_sigmoid, lambda x: x.dtype.type(0.5) * (1 + np.tanh(x.dtype.type(0.5) * x))],
    "softplus": [numpy_softplus, lambda x: np.logaddexp(x, x.dtype.type(0))],
    "log_sigmoid": [lambda x: -numpy_softplus(-x)],
    "relu": [lambda x: np.maximum(x, 0)],
    "step": [lambda x: x.dtype.type(x > 0)],
    "absolute": [np.abs],
}
TWO: dict[str, list[Any]] = {
    "+": [lambda a, b: a + b],
    "-": [lambda a, b: a - b],
    "*": [lambda a, b: a * b],
    "/": [lambda a, b: a / b, lambda a, b: a * (1 / b)],
    "maximum": [np.maximum],
    "minimum": [np.minimum],
}


def numbers(dtype: Any) -> Any:
    info = np.finfo(dtype)
    width: Any = {np.float16: 16, np.float32: 32, np.float64: 64}[dtype]
    tiny, smallest = float(info.tiny), float(info.smallest_subnormal)
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 88.0, -88.0, 1e-3, tiny, -tiny, tiny / 2, smallest]
    special += [1 + float(info.eps), 1 - float(info.epsneg)]
    ordinary = st.floats(-100, 100, width=width, allow_subnormal=True)
    return st.one_of(st.sampled_from(special).map(dtype).map(float), ordinary, st.floats(-1, 1, width=width))


@pytest.mark.parametrize("name", DTYPES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_operation_of_numpy_lies_in_its_ball(name: Any, data: Any) -> None:
    dtype, fmt = DTYPES[name]
    make = Rounded.of(fmt)
    x, y = data.draw(numbers(dtype)), data.draw(numbers(dtype))
    with np.errstate(all="ignore"):
        for op, machines in ONE.items():
            if op in ("log", "sqrt") and x < 0:
                continue
            ball = getattr(s, op)(make(x))
            for machine in machines:
                if op == "sqrt" and machine is not np.sqrt and 0 < x < float(np.finfo(dtype).tiny):
                    continue  # subnormal inputs are the machine's own affair in composed forms
                value = float(machine(dtype(x)))
                if is_meaningful(ball):
                    assert contains(ball, value), (op, x, value, ball)
                else:
                    assert abs(float(getattr(s, op)(Exact.of(x)))) > 0.99 * float(np.finfo(dtype).max), (
                        op,
                        x,
                    )
        for op, machines in TWO.items():
            if op == "/" and (y == 0 or abs(y) < float(np.finfo(dtype).tiny)):
                continue
            f = BINARY[op]
            ball = f(make(x), make(y))
            for machine in machines:
                value = float(machine(dtype(x), dtype(y)))
                if is_meaningful(ball):
                    assert contains(ball, value), (op, x, y, value, ball)
                else:
                    assert abs(float(f(Exact.of(x), Exact.of(y)))) > 0.99 * float(np.finfo(dtype).max), (
                        op,
                        x,
                        y,
                    )


@pytest.mark.parametrize("name", DTYPES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_powers_of_numpy_lie_in_their_ball(name: Any, data: Any) -> None:
    dtype, fmt = DTYPES[name]
    x = data.draw(st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(2.0**-6, 32, width=16)))
    a = data.draw(st.sampled_from([0.75, 0.5, 1.5, 1, 2, 3]))
    exponent = a if isinstance(a, int) else Rounded.of(FLOAT64)(a)
    ball = s.power(Rounded.of(fmt)(x), exponent)
    values = [np.power(dtype(x), dtype(a))]
    if x > 0:
        values.append(np.exp(dtype(a) * np.log(dtype(x))))
    if isinstance(a, int):
        product = dtype(1)
        for _ in range(a):
            product = product * dtype(x)
        values.append(product)
    with np.errstate(all="ignore"):
        for value in values:
            assert inside(ball, value) or not is_meaningful(ball), (x, a, value, ball)


@pytest.mark.parametrize("name", DTYPES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_dot_products_in_any_order_lie_in_the_ball(name: Any, data: Any) -> None:
    dtype, fmt = DTYPES[name]
    n = data.draw(st.integers(1, 12))
    pick = st.lists(numbers(dtype), min_size=n, max_size=n)
    a, b = np.array(data.draw(pick), dtype), np.array(data.draw(pick), dtype)
    bias = dtype(data.draw(numbers(dtype)))
    ball = lift(a, Rounded.of(fmt)) @ lift(b, Rounded.of(fmt)) + Rounded.of(fmt)(float(bias))
    products = list(a * b)
    rng = random.Random(n)
    orders = [
        [*products, bias],
        [bias, *products],
        sorted([*products, bias]),
        rng.sample([*products, bias], n + 1),
    ]
    values = [dtype(a @ b) + bias]
    with np.errstate(all="ignore"):
        for order in orders:
            acc = dtype(0)
            for term in order:
                acc = acc + term
            values.append(acc)
        while len(products) > 1:  # pairwise
            products = [sum(products[i : i + 2], dtype(0)) for i in range(0, len(products), 2)]
        values.append(products[0] + bias)
        exact = sum(map(lambda p, q: arb(float(p)) * arb(float(q)), a, b), arb(float(bias)))
        values.append(dtype(float(exact.mid())))  # as if fused throughout
    for value in values:
        assert inside(ball, value), (a, b, bias, value, ball)


def test_whole_number_sums_are_exact_in_any_order() -> None:
    make = Rounded.of(FLOAT32)
    assert enclosure(lift([3, 5, -8, 2], make) @ lift([1, 2, 1, 4], make)) == 13
    assert enclosure(make(1 + 2.0**-23) - make(1.0)) == arb(2.0**-23)


# ----------------------------------------------------------------------------------------- sharpness
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_the_ball_is_a_few_ulps_wide_and_no_more(name: Any) -> None:
    _, fmt = DTYPES[name]
    make, u = Rounded.of(fmt), fmt.u
    x, y = make(1.375), make(0.6875 + 2 * u * 3)
    for ball, ulps in ((x * y, 1), (x / make(3.0), 2), (x + y, 1), (s.exp(x), 10), (s.tanh(x), 9),
                       (s.sigmoid(x), 9), (s.sqrt(x), 9), (s.softplus(x), 20), (s.log(x), 13)):  # fmt: skip
        x_ball = enclosure(ball)
        relative = float(x_ball.rad()) / abs(float(x_ball.mid())) / u
        assert 0 < relative <= ulps * 1.01


def test_a_number_one_ball_away_is_rejected() -> None:
    ball = Rounded.of(FLOAT64)(0.1) * Rounded.of(FLOAT64)(3.0)
    truth = float(enclosure(ball).mid())
    assert contains(ball, truth) and ratio(ball, truth) < 1
    wrong = truth * (1 + 4 * FLOAT64.u)
    assert not contains(ball, wrong) and ratio(ball, wrong) > 1
    assert not contains(ball, NAN) and not contains(ball, INF)


def test_sigmoid_by_tanh_is_granted_to_gates_only() -> None:
    x = np.float32(-20.0)
    by_tanh = np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))
    make = Rounded.of(FLOAT32)
    assert not contains(s.sigmoid(make(float(x))), float(by_tanh))
    assert contains(s.gate_sigmoid(make(float(x))), float(by_tanh))


def test_a_ball_that_touches_zero_leaves_the_tie_open() -> None:
    radius = float(arb(0, 0.5).rad())  # which flint rounds up
    below = Rounded(FLOAT32, arb(-radius, 0.5))
    assert enclosure(below).upper() == 0
    assert contains(s.step(below, "ge"), 0.0) and contains(s.step(below, "ge"), 1.0)
    assert enclosure(s.step(below, "gt")) == 0


@pytest.mark.parametrize("make", EXACT)
def test_infinity_plus_a_ball_is_infinity(make: Any) -> None:
    score = make(-INF) + s.exp(make(1.0))
    assert is_meaningful(score) and ratio(score, -INF) == 0 and enclosure(s.exp(score)) == 0
    assert enclosure(s.exp(s.exp(make(1.0)) - make(INF))) == 0 and enclosure(s.exp(1 - make(INF))) == 0


def test_ratio_of_exact_and_meaningless_balls() -> None:
    make = Rounded.of(FLOAT32)
    assert ratio(make(1.0), 1.0) == 0 and ratio(make(1.0), 1.5) == INF and ratio(0, 0.0) == 0
    assert ratio(make(-INF), -INF) == 0 and ratio(make(-INF), 0.0) == INF and ratio(make(1.0), NAN) == INF
    assert math.isnan(ratio(make(NAN), 1.0)) and not contains(make(NAN), NAN) and not is_meaningful(make(NAN))
    assert is_meaningful(make(INF)) and is_meaningful(make(1.0))


# -------------------------------------------------------------------------------------------- corners
@pytest.mark.parametrize("make", EXACT)
def test_zeros_and_infinities(make: Any) -> None:
    zero, inf = make(0.0), make(INF)
    points = [
        (s.exp(-inf), 0.0), (s.log(zero), -INF), (s.log(inf), INF), (s.sqrt(zero), 0.0), (s.tanh(-inf), -1.0),
        (s.sigmoid(-inf), 0.0), (s.sigmoid(inf), 1.0), (s.softplus(-inf), 0.0), (s.log_sigmoid(-inf), -INF),
        (zero / make(3.0), 0.0), (make(3.0) / inf, 0.0), (s.xlogy(zero, zero), 0.0),
        (-inf + s.exp(make(1.0)), -INF),
        (s.xlogy(make(2.0), zero), -INF), (s.power(zero, 2), 0.0), (s.square(-inf), INF), (s.relu(-inf), 0.0),
        (s.maximum(-inf, make(1.0)), 1.0), (s.tanh(zero), 0.0),
    ]  # fmt: skip
    for ball, value in points:
        assert enclosure(ball) == arb(value)
    for nothing in (
        inf - inf,
        zero * inf,
        zero / zero,
        s.log(make(-1.0)),
        s.sqrt(make(-1.0)),
        s.relu(make(NAN)),
    ):
        assert not is_meaningful(nothing)


@pytest.mark.parametrize("make", EXACT)
def test_a_masked_score_gets_probability_zero_and_a_finite_gradient(make: Any) -> None:
    def softmax(z: Any) -> Any:
        e = s.exp(z - s.detach(s.largest(z)))
        return e / s.total(e)

    z = lift([1.0, -INF, 2.0], make)
    p = softmax(z)
    assert enclosure(p[1]) == 0
    assert contains(p[0] + p[2], 1.0) if make is not Exact.of else (enclosure(p[0] + p[2]) - 1).contains(0)
    (g,) = grad(softmax, (z,), Vector([1, 2, 3]))
    assert enclosure(g[1]) == 0
    e = math.exp(-1.0)
    expected = -2 * e / (1 + e) ** 2
    assert abs(float(g[0]) - expected) < 1e-6 and is_meaningful(g[0]) and is_meaningful(g[2])


def test_overflow_is_infinite_if_sure_and_decides_nothing_if_not() -> None:
    make = Rounded.of(FLOAT32)
    largest = float(np.finfo(np.float32).max)
    assert contains(s.exp(make(100.0)), INF) and contains(make(-1e30) * make(1e30), -INF)
    assert not is_meaningful(make(largest) * make(1 + 2.0**-23)) or contains(make(largest) * make(1 + 2.0**-23), INF)
    assert contains(make(largest) * 1, largest)


def test_flush_to_zero_is_allowed_and_results_stay_nonnegative() -> None:
    make = Rounded.of(FLOAT32)
    product = make(1e-30) * make(1e-10)
    assert contains(product, 0.0) and contains(product, float(np.float32(1e-30) * np.float32(1e-10)))
    assert contains(s.exp(make(-100.0)), 0.0) and not contains(s.exp(make(-100.0)), -1e-45)
    entropy = s.xlogy(p := s.exp(make(-100.0)), p)
    assert is_meaningful(entropy) and contains(entropy, 0.0) and not contains(entropy, -1e-30)


def test_flush_to_zero_inside_sums_and_divisions() -> None:
    make, tiny = Rounded.of(FLOAT32), 2.0**-126
    pairs = s.total(make(1.875 * tiny) - make(tiny) for _ in range(3))  # 2.625 tiny; each difference is flushed
    assert contains(pairs, 0.0) and contains(pairs, 2.625 * tiny) and not contains(pairs, 10 * tiny)
    quotient = make(1e38) / make(1.5 * 2.0**127)  # x * (1/y), and 1/y is flushed
    assert contains(quotient, 0.0) and contains(quotient, 1e38 / (1.5 * 2.0**127))


def test_the_argument_of_exp_may_be_off_by_one_rounding() -> None:
    ball = s.exp(Rounded.of(FLOAT32)(80.5))
    beside, far = (float(np.float32(math.exp(80.5 * (1 - d)))) for d in (2.0**-24, 2.0**-22))
    assert contains(ball, beside) and not contains(ball, far)


def test_x_log_x_on_a_ball_that_contains_zero() -> None:
    top = 2.0**-20
    p = Rounded(FLOAT32, arb(top / 2, top / 2))
    slack = 1 - 6 * FLOAT32.u  # a logarithm 3 ulps off
    assert contains(s.xlogy(p, p), top * math.log(top) / slack) and contains(s.xlogy(p, p), 0.0)
    assert not contains(s.xlogy(p, p), 1.001 * top * math.log(top)) and not contains(s.xlogy(p, p), 1e-6)
    assert contains(s.xlogy(Exact(p.settle()), Exact(p.settle())), 0.0) is False  # two unrelated balls
    q = Exact(p.settle())
    assert contains(s.xlogy(q, q), 0.0) and contains(s.xlogy(q, q), top * math.log(top))


def test_a_double_constant_is_rounded_once_when_it_meets_float32() -> None:
    rate = Rounded.of(FLOAT64)(0.1)
    product = rate * Rounded.of(FLOAT32)(3.0)
    assert contains(product, float(np.float32(0.1) * np.float32(3.0)))
    assert float(enclosure(product).rad()) < 0.3 * 2.1 * FLOAT32.u
    assert float(enclosure(1 - Rounded.of(FLOAT64)(0.999)).rad()) < 1e-16  # not 1000 u of float32


def test_adam_at_zero_gradient_is_meaningful() -> None:
    make = Rounded.of(FLOAT32)
    m, v, eps = make(0.0), make(0.0), Rounded.of(FLOAT64)(1e-8)
    assert enclosure(m / (s.sqrt(v) + eps)) == 0


def test_lift_keeps_rank() -> None:
    assert lift(2.0, float) == 2.0
    assert type(lift([1.0], float)) is Vector and lift(np.zeros((2, 3), np.float32), float).T == ((0, 0),) * 3
    cube = lift(np.arange(24.0).reshape(2, 3, 4), float)
    assert type(cube) is tuple and cube[1][2][3] == 23.0 and type(cube[0]).__name__ == "Matrix"
    assert lift(np.zeros((0, 3)), float) == () and type(lift(np.zeros((0, 3)), float)).__name__ == "Matrix"
    tenth = lift(np.array(0.1, np.float32), Rounded.of(FLOAT32))
    assert enclosure(tenth) == arb(float(np.float32(0.1)))
