"""The README is true: its Python runs, its commands exist, its two commands are what CI runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nnspec_conformance.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def test_ci_runs_the_two_commands() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [b.strip() for b in blocks("bash") if "venv" in b]
    assert len(commands) == 2
    for command in commands:
        assert command in ci


def test_the_library_example_runs() -> None:
    (example,) = [b for b in blocks("python") if "nnspec.backend" in b]
    subprocess.run([sys.executable, "-c", example], check=True)


def test_the_module_example_fails_as_shown(tmp_path: Path) -> None:
    (example,) = [b for b in blocks("python") if "sigmoid_vjp" in b]
    (tmp_path / "my_layers.py").write_text(example, encoding="utf-8")
    command = [sys.executable, "-m", "nnspec_conformance", "check", "my_layers.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (shown,) = blocks("console")
    for line in shown.splitlines():
        if line.strip() and not line.startswith("$") and "..." not in line:
            assert line.strip() in done.stdout, line
    again = subprocess.run(
        [sys.executable, "-m", "nnspec_conformance", "replay", ".nnspec/last.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    mended = example.replace("(1 - x)", "(1 - s)")
    (tmp_path / "my_layers.py").write_text(mended, encoding="utf-8")
    again = subprocess.run(
        [sys.executable, "-m", "nnspec_conformance", "replay", ".nnspec/last.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stdout


@pytest.mark.parametrize("command", [c for b in blocks("bash") for c in b.splitlines() if c.startswith("nnspec ")])
def test_a_shown_command_works(command: str) -> None:
    done = CliRunner().invoke(main, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z]+)", README))))
def test_an_option_that_is_mentioned_exists(option: str) -> None:
    texts = [CliRunner().invoke(main, [name, "--help"]).output for name in main.commands]
    assert any(option in text for text in texts)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_a_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_nothing_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout")
    forbidden = re.compile("/wor" + "k/|/opt/py" + "pi|pypi" + r"\.org")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".ini", ".txt") and path.exists():
            assert not forbidden.search(path.read_text(encoding="utf-8")), name
