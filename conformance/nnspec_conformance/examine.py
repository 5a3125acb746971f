"""One case put to one candidate: its answer, its refusal or its error, judged."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from nnspec_conformance.answers import Answer, Foreign, Hung, NotCovered, Target
from nnspec_conformance.cases import Case
from nnspec_conformance.judge import Expectation, Judgement

__all__ = ["Finding", "ask", "examine", "told"]


@dataclass
class Finding:
    """What one case said about one aspect."""

    judgement: Judgement | None = None
    error: str | None = None
    not_covered: str | None = None
    hung: bool = False

    @classmethod
    def of_error(cls, error: Exception) -> Finding:
        """No numbers: the candidate raised, crashed or hung."""
        return cls(error=told(error), hung=isinstance(error, Hung))

    @property
    def bad(self) -> bool:
        """True if the candidate is wrong here."""
        return self.error is not None or (self.judgement is not None and bool(self.judgement.misses))


def ask(candidate: Target, case: Case, gradient: bool) -> Answer:
    """The candidate's answer; its warnings are its own business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return candidate.answer(case, gradient)


def examine(candidate: Target, expected: Expectation, aspects: Sequence[str]) -> dict[str, Finding]:
    """Run one case and judge the aspects."""
    case = expected.case
    if expected.undecided is not None:
        return {a: Finding(Judgement(entries=1, inconclusive=1)) for a in aspects}
    if expected.refusal is not None:
        return {a: Finding(Judgement()) for a in aspects}  # what must be refused is a matter of structure
    gradient = "gradient" in aspects and bool(expected.ball and expected.ball.gradients)
    try:
        answer = ask(candidate, case, gradient)
    except (NotCovered, NotImplementedError) as reason:
        found = {a: Finding(not_covered=str(reason)) for a in aspects}
        if gradient and "forward" in aspects:  # it may be the gradient alone that is not covered
            found["forward"] = examine(candidate, expected, ["forward"])["forward"]
        return found
    except Exception as error:
        found = {a: Finding.of_error(error) for a in aspects}
        if gradient and "forward" in aspects:  # the forward values may still be right
            try:
                answer = ask(candidate, case, False)
                found["forward"] = Finding(expected.judge_forward(answer.outputs))
            except Exception as again:
                found["forward"] = Finding.of_error(again)
        return found
    found = {}
    if "forward" in aspects:
        found["forward"] = Finding(expected.judge_forward(answer.outputs))
    if "gradient" in aspects:
        found["gradient"] = Finding(expected.judge_gradient(answer.gradients or {}) if gradient else Judgement())
    return found


def told(error: BaseException) -> str:
    """An exception in one line, with the candidate's own line of code."""
    if isinstance(error, Foreign):
        return _printable(str(error))
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return _printable(f"{type(error).__name__}: {error}{place}")


def _printable(text: str) -> str:
    """Somebody else's text as a terminal, JSON and XML may have it: on one line, control characters spelt out."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in " ".join(text.split()))
