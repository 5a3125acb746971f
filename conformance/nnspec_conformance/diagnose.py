"""The probable mistake by name: which wrong variants reproduce the candidate's numbers on a failing case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnspec_conformance import evaluate, variants
from nnspec_conformance.answers import Target
from nnspec_conformance.cases import Case
from nnspec_conformance.examine import ask
from nnspec_conformance.judge import Expectation
from nnspec_conformance.oracle import FLOAT64, FORMATS, Rounded, Undecided
from nnspec_conformance.report import Diagnosis

__all__ = ["Diagnosis", "diagnose", "explains", "variant_balls"]


def variant_balls(case: Case, variant: variants.Variant, gradient: bool) -> evaluate.Evaluation:
    """What a machine may compute that makes this mistake."""
    make, make_hyper = Rounded.of(FORMATS[case.dtype]), Rounded.of(FLOAT64)
    if variant.gradients is not None and gradient:
        return evaluate.with_rule(case, variant.gradients, make, make_hyper)
    return evaluate.evaluate(case, variant.function, make, make_hyper, gradient)


def explains(candidate: Target, case: Case, aspect: str, variant: str) -> bool:
    """Whether that variant of the equation, by its name, reproduces the candidate's numbers."""
    known = [v for v in variants.of(case.equation) if v.name == variant]
    return bool(_reproducing(known, candidate, case, aspect))


def diagnose(candidate: Target, case: Case, aspect: str) -> list[Diagnosis]:
    """The variants of the equation whose balls hold the candidate's numbers, in the aspect that failed.

    Where there is none, the mistakes that can befall any equation are tried: a sign, a mean for a sum, a transposition.
    """
    return _reproducing(variants.of(case.equation), candidate, case, aspect) or _general(candidate, case, aspect)


def _reproducing(known: Sequence[variants.Variant], candidate: Target, case: Case, aspect: str) -> list[Diagnosis]:
    if not known:
        return []
    gradient = aspect == "gradient"
    try:
        answer = ask(candidate, case, gradient)
    except Exception:
        return []
    found = []
    for variant in known:
        try:
            ball = variant_balls(case, variant, gradient)
            # a mistake may be known by its NaN, of which balls say nothing
            by_rule = gradient and variant.gradients is not None
            plain = None if by_rule else evaluate.floats(case, variant.function, gradient)
            expected = Expectation(case, ball, plain)
        except (Undecided, ValueError, ZeroDivisionError, IndexError, TypeError):
            continue
        judged = expected.judge_gradient(answer.gradients or {}) if gradient else expected.judge_forward(answer.outputs)
        if judged.entries and not judged.misses and not judged.inconclusive:
            found.append(Diagnosis(variant.id, variant.title, variant.source))
    return found


# ----------------------------------------------------------------- mistakes that can befall any equation
Balls = Any
_Change = Callable[[Balls, Case], Balls]


def _divided(symbol: str) -> _Change:
    return lambda balls, case: balls / case.sizes[symbol]


def _changes(case: Case) -> list[tuple[str, str, _Change]]:
    """What an array may have become: (name, title, change)."""
    found: list[tuple[str, str, _Change]] = [
        ("zeros", "it is all zeros", lambda balls, case: np.zeros_like(balls)),
        ("sign", "its sign is flipped", lambda balls, case: -balls),
    ]
    if case.sizes.get("B", 1) > 1:
        found.append(("batch_mean", "it is averaged over the batch instead of summed", _divided("B")))
    time = case.record.time
    if time and case.sizes[time] > 1:
        found.append(("time_mean", "it is averaged over the steps instead of summed", _divided(time)))
        found.append(("time_reversed", "its steps are in reverse order", lambda balls, case: np.flip(balls, axis=1)))
    found += [
        ("transposed", "it is transposed", lambda balls, case: balls.swapaxes(-1, -2)),
        ("doubled", "it is twice the right value", lambda balls, case: 2 * balls),
        ("halved", "it is half the right value", lambda balls, case: balls / 2),
    ]
    return found


def _general(candidate: Target, case: Case, aspect: str) -> list[Diagnosis]:
    gradient = aspect == "gradient"
    try:
        answer = ask(candidate, case, gradient)
        balls = evaluate.balls(case, gradient=gradient)
    except Exception:
        return []
    right = balls.gradients if gradient else balls.results
    received = (answer.gradients or {}) if gradient else answer.outputs

    def holds(names: Sequence[str], changed: Mapping[str, Balls]) -> bool:
        part = {n: changed[n] for n in names}
        ball = evaluate.Evaluation({}, part) if gradient else evaluate.Evaluation({**right, **part}, {})
        expected = Expectation(case, ball, None)
        got = {n: received[n] for n in names}
        judged = expected.judge_gradient(got) if gradient else expected.judge_forward(got)
        return bool(judged.entries) and not judged.misses and not judged.inconclusive

    exact = {r.name for r in case.record.results if r.kind != "real"} if not gradient else set()
    wrong = [n for n in right if n in received and not holds([n], right)]
    if not wrong or exact & set(wrong) or any(isinstance(right[n], list) for n in wrong):
        return []
    label = ("gradient of " if gradient else "") + ", ".join(wrong)
    for name, title, change in _changes(case):
        try:
            changed = {n: np.asarray(change(right[n], case), dtype=object) for n in wrong}  # a 0-d array stays one
        except (ValueError, TypeError, np.exceptions.AxisError):
            continue
        if all(changed[n].shape == right[n].shape for n in wrong) and holds(wrong, changed):
            return [Diagnosis(f"any/{name}", f"{label}: {title}", "")]
    alike = len(wrong) == 2 and right[wrong[0]].shape == right[wrong[1]].shape
    if alike and holds(wrong, {wrong[0]: right[wrong[1]], wrong[1]: right[wrong[0]]}):
        return [Diagnosis("any/exchanged", f"{label}: they have changed places", "")]
    if case.dtype == "float64" and all(_single(np.asarray(received[n]), right[n]) for n in wrong):
        return [Diagnosis("any/float32", f"{label}: computed in float32", "")]
    return []


def _single(values: Any, right: Balls) -> bool:
    """Whether these doubles are the right ones but for the digits that a float32 lacks."""
    middle, _ = evaluate.spread(right)
    if values.shape != middle.shape or values.dtype.kind != "f" or not np.isfinite(values).all():
        return False
    if not np.isfinite(middle).all() or not np.array_equal(values, values.astype(np.float32)):
        return False
    largest = float(np.abs(middle).max(initial=0.0))
    return bool(np.any(middle != middle.astype(np.float32)) and np.abs(values - middle).max() <= 2.0**-12 * largest)
