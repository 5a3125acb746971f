"""The suite measured: every named mistake as a whole implementation."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nnspec_conformance import variants
from nnspec_conformance.cases import Case, Plan, build, corners, plans
from nnspec_conformance.diagnose import diagnose
from nnspec_conformance.examine import examine
from nnspec_conformance.judge import expect
from nnspec_conformance.targets import ReferenceTarget
from nnspec_reference.catalogue import Equation, catalogue

__all__ = ["Killing", "implementation", "measure"]


@dataclass(frozen=True)
class Killing:
    """What became of one mistake."""

    variant: str
    title: str
    forward: bool
    gradient: bool
    cases: int
    named: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """True if some aspect rejects it."""
        return self.forward or self.gradient

    @property
    def diagnosed(self) -> bool:
        """True if its own name is among the probable mistakes."""
        return self.variant in self.named

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**asdict(self), "killed": self.killed, "diagnosed": self.diagnosed}


def implementation(variant: variants.Variant) -> ReferenceTarget:
    """The mistake as an implementation of its equation, on floats."""
    rules = {variant.equation: variant.gradients} if variant.gradients is not None else {}
    return ReferenceTarget(variant.id, {variant.equation: variant.function}, rules)


def measure(globs: Sequence[str] = ("*",), examples: int = 20, seed: int = 0) -> list[Killing]:
    """Hold every mistake to the suite."""
    chosen = [v for v in variants.variants().values() if any(fnmatch.fnmatchcase(v.equation, g) for g in globs)]
    return [kill(v, examples, seed) for v in chosen]


def kill(variant: variants.Variant, examples: int = 20, seed: int = 0) -> Killing:
    """Run cases until both aspects have rejected the mistake, or there are no more."""
    record = catalogue()[variant.equation]
    candidate = implementation(variant)
    dead = {"forward": False, "gradient": False}
    first = 0
    named: tuple[str, ...] = ()
    for number, case in enumerate(_cases(record, examples, seed), 1):
        expected = expect(case, bool(record.smooth))
        # a case that rejects a mistake need not be one that tells it from others: the next may name it
        unnamed = variant.id not in named
        wanted = [a for a in dead if (unnamed or not dead[a]) and (a == "forward" or record.smooth)]
        for aspect, finding in examine(candidate, expected, wanted).items():
            if finding.bad:
                dead[aspect] = True
                first = first or number
                if variant.id not in named and finding.error is None:
                    named = tuple(d.variant for d in diagnose(candidate, case, aspect)) or named
        if (all(dead.values()) and variant.id in named) or (any(dead.values()) and number > first + 5):
            break
    return Killing(variant.id, variant.title, dead["forward"], dead["gradient"], first, named)


def _cases(record: Equation, examples: int, seed: int) -> Iterator[Case]:
    for note, plan in corners(record):
        yield build(record, plan, "float64", note)
    for plan in itertools.islice(_random_plans(record, seed), examples):
        yield build(record, plan)


def _random_plans(record: Equation, seed: int) -> Iterator[Plan]:
    """The plans that a run with this many examples draws."""
    import warnings

    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis import seed as hypothesis_seed

    found: list[Plan] = []

    @hypothesis_seed(seed)
    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(plans(record))
    def collect(plan: Plan) -> None:
        found.append(plan)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    rng = np.random.default_rng(seed)
    rng.shuffle(found)
    return iter(found)
