"""Worked numbers about backpropagation through time."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.golden import golden, refuses
from nnspec_conformance.golden.recurrent import H0, U, V, W, X
from nnspec_reference import bptt, recurrent
from nnspec_reference.autodiff import grad
from nnspec_reference.recurrent import preactivation
from nnspec_reference.scalars import Matrix, Vector, outer, tanh, total

DELTA_OUT = Matrix([Vector([1.0, -0.5]), Vector([0.25, 1.0]), Vector([-0.75, 0.5]), Vector([0.5, -1.0])])


def _distance(A: Any, B: Any) -> float:
    """The largest difference of two vectors or matrices."""
    if isinstance(A, Matrix):
        return max(_distance(a, b) for a, b in zip(A, B, strict=True))
    return max(float(abs(a - b)) for a, b in zip(A, B, strict=True))


def _tape(T: int) -> Any:
    """The gradients of Σ_t δ_out,t · (V h_t) by the tape: W̄, Ū, V̄ over the first T steps."""

    def loss(W: Any, U: Any, V: Any) -> Any:
        y = recurrent.elman(X[:T], H0, W, U, V)[1]
        return total(a * b for y_t, d in zip(y, DELTA_OUT, strict=False) for a, b in zip(y_t, d, strict=True))

    return grad(loss, (W, U, V))


@golden("E05")
def slope_of_the_receiving_step() -> None:
    """δ_next with the slope of step t−1, which receives it, is the gradient; with the sender's it is not."""
    T = len(X)
    _, W_bar, U_bar, V_bar, _, _ = bptt.vector_deltas(X, H0, DELTA_OUT, W, U, V)
    for printed, tape in zip((W_bar, U_bar, V_bar), _tape(T), strict=True):
        assert _distance(printed, tape) < 1e-15

    hs, slopes = [H0], []
    for x in X:
        hs.append(tanh(preactivation(W, x, U, hs[-1])))
        slopes.append(1 - hs[-1] * hs[-1])
    sent, deltas = Vector([0.0] * 3), []  # L14: δ_h = g'(z) V δ_out + δ_next, δ_next = g'(z) U δ_h, one z
    for t in reversed(range(T)):
        delta = slopes[t] * (V.T @ DELTA_OUT[t]) + sent
        sent = slopes[t] * (U.T @ delta)
        deltas.append(delta)
    wrong = total(outer(d, x) for d, x in zip(reversed(deltas), X, strict=True))
    assert _distance(wrong, _tape(T)[0]) > 0.1


@golden("X14")
def what_the_gradients_at_step_two_need() -> None:
    """V needs δ_out,2 alone; W and U need δ_h,2, which contains δ_h,3."""
    moved = Matrix([*DELTA_OUT[:2], DELTA_OUT[2] + 1.0, DELTA_OUT[3]])
    before, after = (bptt.vector_deltas(X[:3], H0, d[:3], W, U, V) for d in (DELTA_OUT, moved))
    assert before[0][1] != after[0][1]
    h = recurrent.elman(X[:3], H0, W, U, V)[0]
    assert _distance(after[3] - before[3], outer(Vector([1.0, 1.0]), h[2])) < 1e-15
    truncated = bptt.truncated(X[:3], H0, DELTA_OUT[:3], W, U, V, 1, 1)  # nothing from step 3
    assert truncated[0][1] != before[0][1]
    assert truncated[0][2] == before[0][2]


@golden("E55")
def boundary_terms_of_the_univariate_gradient() -> None:
    """w̄ contains z̄^(1) h^(0); z̄^(T+1) = 0. Without the first it is wrong unless h^(0) = 0."""
    x, y_bar, u, v, w = Vector([0.5, -1.0, 0.75]), Vector([1.0, -0.5, 0.25]), 0.75, -0.5, 1.25

    def loss(h0: Any, w: Any) -> Any:
        y = recurrent.univariate(x, h0, u, v, w)[1]
        return total(a * b for a, b in zip(y, y_bar, strict=True))

    for h0 in (0.0, 0.5):
        right = bptt.univariate(x, h0, y_bar, u, v, w)
        z_bar, w_bar = right[2], right[5]
        h = recurrent.univariate(x, h0, u, v, w)[0]
        tape = grad(lambda w, h0=h0: loss(h0, w), (w,))[0]
        printed = total(z_bar[t + 1] * h[t] for t in range(2))  # Σ_t z̄^(t+1) h^(t) from t = 1
        assert abs(w_bar - tape) < 1e-15
        assert abs(printed + z_bar[0] * h0 - tape) < 1e-15
        assert (abs(printed - tape) < 1e-15) == (h0 == 0)
    one_step = bptt.univariate(x[:1], 0.5, y_bar[:1], u, v, w)
    assert one_step[5] == one_step[2][0] * 0.5


class _Counted:
    """A number that counts the multiplications it takes part in."""

    products = 0

    def __mul__(self, other: Any) -> _Counted:
        _Counted.products += 1
        return self

    def __add__(self, other: Any) -> _Counted:
        return self


@golden("W23")
def thousand_layers() -> None:
    """A gradient over 1000 steps costs a pass through 1000 layers; the counts are those of a run."""
    assert bptt.cost(1000, 1, 1, 1).layers == 1000
    D, H, O = 3, 4, 2  # noqa: E741
    for T in (1, 7):
        _Counted.products = 0
        x, h0 = Matrix([Vector([_Counted()] * D)] * T), Vector([_Counted()] * H)
        W, U, V = (Matrix([Vector([_Counted()] * n)] * m) for m, n in ((H, D), (H, H), (O, H)))
        recurrent.elman(x, h0, W, U, V, activation="identity")
        cost = bptt.cost(T, D, H, O)
        assert cost.forward == _Counted.products
        assert cost.backward <= 2 * cost.forward
    assert bptt.cost(1000, D, H, O).forward == 1000 * bptt.cost(1, D, H, O).forward


@golden("E34")
def increasing_lengths_are_a_curriculum() -> None:
    """G15's loop orders the sequences; the gradient of each is full BPTT, in this order or in any other."""
    sequences = ["aaa", "b", "cc", "d", "eee"]
    assert bptt.incremental_lengths(lambda seen, s: [*seen, s], [], sequences) == [
        "b",
        "d",
        "cc",
        "aaa",
        "eee",
    ]

    def gradient(T: int) -> Any:
        return bptt.vector_deltas(X[:T], H0, DELTA_OUT[:T], W, U, V)[2]

    def accumulate(state: Any, T: Any) -> Any:
        return state + gradient(len(T))

    start = U * 0.0
    ordered = bptt.incremental_lengths(accumulate, start, [X[:3], X[:1], X[:2]])
    assert _distance(ordered, gradient(3) + gradient(1) + gradient(2)) < 1e-15


@golden("E78")
def choices_of_truncated_bptt() -> None:
    """The window moves over the losses since the last run, each once; what T_1 leaves over is flushed."""
    full = bptt.vector_deltas(X, H0, DELTA_OUT, W, U, V)
    assert bptt.truncated(X, H0, DELTA_OUT, W, U, V, 4, 4) == full
    assert bptt.truncated(X, H0, DELTA_OUT, W, U, V, 9, 9) == full
    flushed = bptt.truncated(X, H0, DELTA_OUT, W, U, V, 3, 4)
    assert _distance(flushed[0], full[0]) < 1e-15  # windows reach back to the start: only the order of sums differs
    dropped = bptt.vector_deltas(X[:3], H0, DELTA_OUT[:3], W, U, V)
    assert _distance(flushed[3], dropped[3]) > 0.1
    skipping = bptt.truncated(X, H0, DELTA_OUT, W, U, V, 2, 1)  # T_1 > T_2: steps 1 and 3 get nothing
    assert [any(d) for d in skipping[0]] == [False, True, False, True]
    overlapping = bptt.truncated(X, H0, DELTA_OUT, W, U, V, 1, 2)
    assert _distance(overlapping[5], total(DELTA_OUT)) == 0  # every loss once
    assert all(refuses(bptt.truncated, X, H0, DELTA_OUT, W, U, V, *steps) for steps in ((0, 1), (1, 0), (1, 1.5)))
