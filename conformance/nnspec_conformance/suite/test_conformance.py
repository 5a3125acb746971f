"""Every equation of the catalogue, and every law, on the implementation that ``--backend`` names."""

from typing import Any

import pytest

from nnspec_conformance import failures, laws, runner
from nnspec_reference.catalogue import catalogue

EQUATIONS = [r.id for r in catalogue().values() if r.arrays]
LAWS = [key for key, w in laws.laws().items() if w.on]
_BAD = ("fail", "error", "timeout", "inconclusive", "not run")


def test_there_is_something_to_check() -> None:
    """An empty parametrisation would pass."""
    assert len(EQUATIONS) > 100
    assert len(LAWS) > 50


@pytest.mark.nnspec_equation
@pytest.mark.parametrize("ident", EQUATIONS)
def test_equation(ident: str, nnspec_target: Any, nnspec_settings: Any) -> None:
    """Forward values, gradients and structure."""
    rows = [row for _, row in runner.check_equation(catalogue()[ident], [nnspec_target], nnspec_settings)]
    wrong = [r for r in rows if r.verdict in _BAD]
    if wrong:
        texts = [
            failures.explained(nnspec_target.name, r) if r.counterexample else failures.line(nnspec_target.name, r)
            for r in wrong
        ]
        pytest.fail("\n".join(texts), pytrace=False)
    if all(r.verdict == "not implemented" for r in rows):
        pytest.skip(f"not implemented: {ident}")


@pytest.mark.parametrize("key", LAWS)
def test_law(key: str, nnspec_target: Any, nnspec_settings: Any) -> None:
    """A property of the notes."""
    law = laws.laws()[key]
    if not all(nnspec_target.covers(catalogue()[i])[0] for i in law.on):
        pytest.skip(f"not implemented: {', '.join(law.on)}")
    row = runner.laws_row(law, nnspec_target, nnspec_settings)
    if row.verdict == "not run" and "not covered" in row.message:
        pytest.skip(row.message)
    assert row.verdict == "pass", row.message
