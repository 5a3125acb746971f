"""What a case is answered with: numbers, or one of the ways of having none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nnspec_conformance.cases import Case
from nnspec_reference.catalogue import Equation

__all__ = ["Answer", "Errored", "Fault", "Foreign", "Hung", "NotCovered", "Target", "TargetError"]


class TargetError(Exception):
    """A target that cannot be loaded."""


class NotCovered(Exception):
    """The target does not claim this case (another option, no `lengths`, no optional bias)."""


class Foreign(Exception):
    """Something that happened in another process, told completely: no line of ours explains it."""


class Errored(Foreign):
    """The target's own answer that it cannot compute a case: a refusal, where the input is to be refused."""


class Fault(Foreign):
    """No answer: a crash, a hang, or nonsense."""


class Hung(Fault):
    """No answer in time."""


@dataclass(frozen=True)
class Answer:
    """A target's outputs and gradients by name, as NumPy arrays."""

    outputs: Mapping[str, Any]
    gradients: Mapping[str, Any] | None


class Target(Protocol):
    """Anything that answers cases."""

    name: str

    def covers(self, record: Equation) -> tuple[bool, bool]:
        """Whether it implements the forward values, and the gradient."""

    def dtypes(self) -> Sequence[str]:
        """The dtypes it claims."""

    def answer(self, case: Case, gradient: bool) -> Answer:
        """Run the case; any exception is the target's own. Raises `NotCovered`."""
