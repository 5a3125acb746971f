"""The suite under pytest: it passes a right implementation, fails a wrong one, and never takes nothing for a pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nnspec

RIGHT = """
import numpy as np
def activation_identity(x): return x + 0.0
def activation_identity_vjp(cotangents, x): return {"x": cotangents["y"] + 0.0}
"""
WRONG = RIGHT.replace('cotangents["y"] + 0.0', '-cotangents["y"]')
EMPTY = "nothing = 1\n"


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "nnspec_conformance.plugin", "-p", "no:cacheprovider", "-q"]
    command += ["--pyargs", "nnspec_conformance.suite.test_conformance", *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_a_right_module_passes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(RIGHT)
    done = run(tmp_path, "--backend", "mine.py", "-k", "activation.identity")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_wrong_module_fails_with_its_counterexample(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(WRONG)
    done = run(tmp_path, "--backend", "mine.py", "-k", "activation.identity")
    assert done.returncode == 1
    assert "changes its sign" in done.stdout
    assert "smallest inputs found" in done.stdout


def test_a_module_that_implements_nothing_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(EMPTY)
    done = run(tmp_path, "--backend", "mine.py", "-k", "activation")
    assert done.returncode == 1
    assert "not one equation was checked" in done.stdout


def test_a_backend_that_is_missing_is_not_run_and_may_be_required(tmp_path: Path) -> None:
    try:
        nnspec.backend("cupy")
    except nnspec.BackendUnavailable:
        pass
    else:
        pytest.skip("cupy is here")
    absent = run(tmp_path, "--backend", "cupy", "-k", "activation.identity", "-rs")
    assert absent.returncode == 0
    assert "NOT RUN" in absent.stdout
    assert "passed" not in absent.stdout
    required = run(tmp_path, "--backend", "cupy", "-k", "activation.identity", "--require-backend")
    assert required.returncode == 1
    assert "required, but missing" in required.stdout


def test_the_plugin_is_opt_in() -> None:
    from importlib.metadata import entry_points

    assert not [e for e in entry_points(group="pytest11") if "nnspec" in e.value]


def test_an_equation_without_an_executed_case_is_no_pass() -> None:
    from types import SimpleNamespace

    from nnspec_conformance import runner
    from nnspec_conformance.targets import ModuleTarget

    def never(x: object) -> None:
        raise NotImplementedError("not today")

    report = runner.check(
        [ModuleTarget("never", SimpleNamespace(activation_identity=never))],
        runner.Settings(equations=("activation.identity",), aspects=("forward",)),
    )
    (row, _) = report.rows["never"]
    assert row.verdict == "not run"
    assert not report.ok
    with pytest.raises(ValueError, match="no equation matches"):
        runner.check(["numpy"], runner.Settings(equations=("no.such",)))
