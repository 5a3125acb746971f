"""The command line at its edges: what it refuses, with which status, and what it prints where nobody draws boxes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nnspec_conformance.cli import main

ONE = ("--equation", "activation.tanh", "--aspect", "forward", "--dtype", "float64", "--examples", "1")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "nowhere.py"),
        ("check", "no_such_backend"),
        ("check", "numpy", "--equation", "nope.*"),
        ("check", "numpy", "--dtype", "float16"),
        ("check", "numpy", "--examples", "0"),
        ("check", "numpy", "--workers", "0"),
        ("check", "numpy", "--seed", "-1"),
        ("check", "numpy", *ONE, "--json", "no/such/folder.json"),
        ("check", "numpy", *ONE, "--html", "no/such/folder.html"),
        ("check", "numpy", *ONE, "--junit", "no/such/folder.xml"),
        ("check", "numpy", *ONE, "--deviations", "nowhere.toml"),
        ("replay", "nowhere.json"),
        ("show", "nope"),
    ],
    ids=" ".join,
)
def test_a_fault_of_the_command_is_no_verdict(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Error: " in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("text", ["{", "[]", "{}", "\ufeff", '{"results": []}'])
def test_a_broken_report_is_not_replayed(text: str) -> None:
    Path("broken.json").write_text(text, encoding="utf-8")
    assert run("replay", "--here", "broken.json").exit_code == 2


def test_a_replay_of_what_is_not_there_is_refused() -> None:
    Path("mine.py").write_text("def tanh(x): return x", encoding="utf-8")
    assert run("check", "mine.py", *ONE, "--json", "report.json").exit_code == 1
    found = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert found
    assert "it holds 1, not 9" in run("replay", "--here", "--number", "9", "report.json").output
    assert run("replay", "--here", "--target", "mine.py:nothing", "report.json").exit_code == 2


def test_piped_text_is_neither_wrapped_nor_coloured() -> None:
    result = run("list")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert len(lines) == len(json.loads(run("list", "--json").output)) + 2
    assert "…" not in run("zoo", "--equation", "lm.corpus_likelihood").output


def test_brackets_of_a_message_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    import nnspec
    from nnspec_conformance import targets

    def missing(*_: object) -> None:
        raise nnspec.BackendUnavailable("pip install 'nnspec[cupy-cuda13x]'")

    monkeypatch.setattr(targets, "load", missing)
    result = run("check", "cupy", "--require-backend")
    assert result.exit_code == 1
    assert "nnspec[cupy-cuda13x]" in result.output
