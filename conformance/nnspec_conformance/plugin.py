"""The suite under pytest, on your own implementation.

    pytest -p nnspec_conformance.plugin --pyargs nnspec_conformance --backend mypkg.cells:backend

The plugin is opt-in: a plugin that loads itself and claims ``--backend`` would break other projects' suites. A backend
that is missing here is skipped loudly, and with ``--require-backend`` (or ``NNSPEC_REQUIRE_BACKEND=1``) a failure. A
run in which not one equation was checked fails.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

pytest.register_assert_rewrite("nnspec_conformance.suite")

_checked = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite."""
    group = parser.getgroup("nnspec", "nnspec conformance")
    group.addoption(
        "--backend",
        default=os.environ.get("NNSPEC_BACKEND") or "numpy",
        help="what to check: a backend, module:attr, path.py[:attr] (default: NNSPEC_BACKEND, or numpy)",
    )
    group.addoption(
        "--require-backend",
        action="store_true",
        default=os.environ.get("NNSPEC_REQUIRE_BACKEND", "") not in ("", "0"),
        help="a backend that is missing here is a failure, not a skip",
    )
    group.addoption("--nnspec-profile", choices=["quick", "ci", "thorough"], default="quick")
    group.addoption("--nnspec-examples", type=int, default=None, help="random examples per equation")
    group.addoption("--nnspec-seed", type=int, default=0)
    group.addoption("--nnspec-deviations", default=None, metavar="FILE", help="declared deviations (TOML)")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, so that a `--strict-markers` holds."""
    config.addinivalue_line("markers", "nnspec_equation(id): a check of one equation of the catalogue")
    config.stash[_checked] = {"passed": 0, "seen": 0}


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is checked."""
    return f"nnspec: backend {config.getoption('--backend')}, profile {config.getoption('--nnspec-profile')}"


@pytest.fixture(scope="session")
def nnspec_target(request: pytest.FixtureRequest) -> Any:
    """The implementation that is checked."""
    import nnspec
    from nnspec_conformance import targets

    try:
        return targets.load(request.config.getoption("--backend"))
    except nnspec.BackendUnavailable as error:
        if request.config.getoption("--require-backend"):
            pytest.fail(f"required, but missing: {error}", pytrace=False)
        pytest.skip(f"NOT RUN: {error}")


@pytest.fixture(scope="session")
def nnspec_settings(request: pytest.FixtureRequest) -> Any:
    """How much is checked."""
    from pathlib import Path

    from nnspec_conformance import deviations, runner

    option = request.config.getoption
    file = option("--nnspec-deviations")
    return runner.Settings(
        profile=option("--nnspec-profile"),
        examples=option("--nnspec-examples"),
        seed=option("--nnspec-seed"),
        deviations=deviations.read(Path(file)) if file else (),
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the equations that were really checked."""
    if "nnspec_equation" in report.keywords and _config:
        counts = _config[-1].stash[_checked]
        counts["seen"] += report.when == "setup"
        counts["passed"] += report.when == "call" and not report.skipped


_config: list[pytest.Config] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember the session's configuration (they nest under pytester)."""
    _config.append(session.config)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run that looked at equations and checked none of them is no success."""
    if _config:
        _config.pop()
    if hasattr(session.config, "workerinput"):
        return
    counts = session.config.stash[_checked]
    if not counts["seen"] or counts["passed"] or exitstatus != pytest.ExitCode.OK:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    missing = _absent(session)
    if missing and reporter is not None:
        name = session.config.getoption("--backend")
        reporter.write_line(f"nnspec: NOT RUN: the backend {name} is missing here", yellow=True)
    if session.config.getoption("--require-backend") or not missing:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if reporter is not None:
            reporter.write_line("nnspec: not one equation was checked", red=True)


def _absent(session: pytest.Session) -> bool:
    """True if the backend is one of ours whose library or device is missing here: not run, and said so."""
    import nnspec

    name = session.config.getoption("--backend").partition("@")[0]
    if name not in nnspec.backends():
        return False
    try:
        nnspec.backend(name)
    except nnspec.BackendUnavailable:
        return True
    return False
