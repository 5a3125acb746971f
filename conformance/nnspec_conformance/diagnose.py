"""The probable mistake by name: which wrong variants reproduce the candidate's numbers on a failing case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnspec_conformance import evaluate, variants
from nnspec_conformance.cases import Case
from nnspec_conformance.examine import ask
from nnspec_conformance.judge import Expectation
from nnspec_conformance.oracle import FLOAT64, FORMATS, Rounded, Undecided
from nnspec_conformance.targets import Target

__all__ = ["Diagnosis", "diagnose", "explains", "variant_balls"]


@dataclass(frozen=True)
class Diagnosis:
    """A named mistake that explains the numbers."""

    variant: str
    title: str
    source: str


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
    """The variants of the equation whose balls hold the candidate's numbers, in the aspect that failed."""
    return _reproducing(variants.of(case.equation), candidate, case, aspect)


def _reproducing(
    known: Sequence[variants.Variant], candidate: Target, case: Case, aspect: str
) -> list[Diagnosis]:
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
            plain = None if gradient else evaluate.floats(case, variant.function, gradient=False)
            expected = Expectation(case, ball, plain)
        except (Undecided, ValueError, ZeroDivisionError, IndexError, TypeError):
            continue
        judged = (
            expected.judge_gradient(answer.gradients or {})
            if gradient
            else expected.judge_forward(answer.outputs)
        )
        if judged.entries and not judged.misses and not judged.inconclusive:
            found.append(Diagnosis(variant.id, variant.title, variant.source))
    return found
