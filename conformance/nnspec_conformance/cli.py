"""The command `nnspec`."""

from __future__ import annotations

import fnmatch
import io
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from nnspec_conformance.report import Report, Row

_LAST = Path(".nnspec") / "last.json"
"""Where a run with counterexamples leaves its report, if it is not told where: what `nnspec replay` reads."""

_CONFORMS = 90
"""Exit status of the process that replays a case: unlike 0 no candidate's own end is taken for it."""

_CONTEXT = {"help_option_names": ["-h", "--help"]}


def _console(stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 10_000  # piped: no wrapping at a terminal's edge that is not there
    return console


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="nnspec")
def main() -> None:
    """The classical neural-network equations as an executable specification, and the check of implementations."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without σ shall read on


# ---------------------------------------------------------------------------------------------- list
@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with sources and per-backend support.")
@click.option("--equation", "globs", multiple=True, default=("*",), metavar="GLOB", help="Only these ids.")
def list_command(as_json: bool, globs: tuple[str, ...]) -> None:
    """Every id of the ledger: its kind, where it is printed, what runs it."""
    from nnspec_conformance import inventory

    entries = inventory.inventory(globs)
    if as_json:
        click.echo(json.dumps([e.to_json() for e in entries], ensure_ascii=False, indent=1))
        return
    table = Table("id", "kind", "title", "backends", box=None, header_style="bold")
    for e in entries:
        table.add_row(e.id, e.kind, e.title, " ".join(b for b, has in e.backends.items() if has))
    console = _console()
    console.print(table)
    unaccounted = [e.id for e in entries if not e.accounted]
    console.print(f"{len(entries)} ids, {len(unaccounted)} unaccounted for")


# ---------------------------------------------------------------------------------------------- show
@main.command()
@click.argument("ident", metavar="ID")
def show(ident: str) -> None:
    """One entry: the equation, shapes, sources, options, reference code, errata, known mistakes."""
    from nnspec_conformance import inventory

    try:
        text = inventory.shown(ident)
    except KeyError:
        raise click.UsageError(f"no id {ident!r} in the ledger; `nnspec list` prints them all") from None
    _console().print(text, markup=False)


# --------------------------------------------------------------------------------------------- check
@main.command()
@click.argument("target_names", metavar="[TARGET]...", nargs=-1)
@click.option(
    "--command", "commands", multiple=True, metavar="CMD", help="A program that speaks the JSON-lines protocol."
)
@click.option("--equation", "globs", multiple=True, default=("*",), metavar="GLOB", help="Only these equations.")
@click.option("--aspect", "aspects", multiple=True, type=click.Choice(["forward", "gradient", "structure", "law"]))
@click.option("--dtype", "dtypes", default="float64,float32", show_default=True, metavar="LIST")
@click.option("--profile", type=click.Choice(["quick", "ci", "thorough"]), default="quick", show_default=True)
@click.option("--examples", type=click.IntRange(1), help="Random examples per equation, in place of the profile's.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=None, help="Processes; by default one per core.")
@click.option("--timeout", type=click.FloatRange(0.1), default=300.0, show_default=True, help="Seconds per equation.")
@click.option("--deviations", "deviations_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the JSON report.")
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML report.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit report.")
@click.option("--require-backend", is_flag=True, help="A backend that is missing here is a failure, not a skip.")
def check(
    target_names: tuple[str, ...],
    commands: tuple[str, ...],
    globs: tuple[str, ...],
    aspects: tuple[str, ...],
    dtypes: str,
    profile: str,
    examples: int | None,
    seed: int,
    workers: int | None,
    timeout: float,
    deviations_file: Path | None,
    json_file: Path | None,
    html_file: Path | None,
    junit_file: Path | None,
    require_backend: bool,
) -> None:
    """Hold implementations to the specification.

    TARGET is a backend (numpy, torch, cupy, torch@cuda), reference, module:attr, or path.py[:attr]. Exit status: 0 all
    conform, 1 something does not, 2 the command or the environment is at fault.
    """
    _need_test_extra()
    import nnspec
    from nnspec_conformance import deviations as deviations_module
    from nnspec_conformance import runner, targets

    sys.path.insert(0, os.getcwd())  # module:attr means the reader's own folder
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
    _writable(json_file, html_file, junit_file)
    console = _console()
    specs = [*target_names, *(f"command:{c}" for c in commands)]
    if not specs:
        raise click.UsageError("name a target: a backend, module:attr, path.py, or --command")
    chosen_dtypes = tuple(d.strip() for d in dtypes.split(",") if d.strip())
    if not chosen_dtypes or set(chosen_dtypes) - {"float32", "float64"}:
        raise click.UsageError(f"--dtype: expected float64, float32 or both, received {dtypes!r}")
    try:
        declared = deviations_module.read(deviations_file) if deviations_file else ()
    except deviations_module.DeviationError as error:
        raise click.UsageError(str(error)) from None
    runnable = []
    for spec in specs:
        try:
            targets.load(spec)
            runnable.append(spec)
        except nnspec.BackendUnavailable as error:
            console.print(f"[yellow]not run[/]  {escape(f'{spec}: {error}')}")
            if require_backend:
                sys.exit(1)
        except targets.TargetError as error:
            raise click.UsageError(str(error)) from None
    if not runnable:
        console.print("nothing was run")
        sys.exit(2)
    chosen = runner.Settings(
        equations=globs,
        aspects=aspects or runner.ASPECTS,
        dtypes=chosen_dtypes,
        profile=profile,
        examples=examples,
        seed=seed,
        workers=workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or 1,
        timeout=timeout,
        deviations=declared,
    )
    try:
        report = _run(console, runnable, chosen)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    _conclude(console, report, json_file)
    _write(report, json_file, html_file, junit_file)
    sys.exit(0 if report.ok else 1)


def _writable(*files: Path | None) -> None:
    """Refuse at once what would fail after an hour."""
    for file in files:
        folder = file.parent if file is not None else Path()
        if not folder.is_dir() or (file is not None and not os.access(folder, os.W_OK)):
            raise click.UsageError(f"{file} cannot be written: {folder} is no folder to write to")


def _write(report: Report, json_file: Path | None, html_file: Path | None, junit_file: Path | None) -> None:
    try:
        _write_all(report, json_file, html_file, junit_file)
    except OSError as error:
        raise click.UsageError(f"a report could not be written: {error}") from None


def _write_all(report: Report, json_file: Path | None, html_file: Path | None, junit_file: Path | None) -> None:
    if json_file:
        report.write_json(json_file)
    if junit_file:
        report.write_junit(junit_file)
    if html_file:
        from nnspec_conformance import html

        html.write(report, html_file)


def _need_test_extra() -> None:
    # Hypothesis would leave a folder of constants where the command is run
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "nnspec-hypothesis"))
    try:
        import flint
        import hypothesis
    except ImportError as error:
        raise click.UsageError(f"{error.name} is not installed: pip install 'nnspec[test]'") from None
    del flint, hypothesis


def _run(console: Console, specs: list[str], chosen: Any) -> Report:
    from nnspec_conformance import inventory, runner

    total = inventory.tasks(chosen)
    if not console.is_terminal:
        return runner.check(specs, chosen)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("checking", total=total)

        def advance(task: str, rows: list[tuple[str, Row]]) -> None:
            progress.update(bar, advance=1, description=task)
            for name, row in rows:
                if row.verdict in ("fail", "error", "timeout"):
                    progress.console.print(
                        f"[red]{row.verdict}[/] {escape(name)} {row.equation} {row.aspect} {row.dtype}"
                    )

        return runner.check(specs, chosen, advance)


def _conclude(console: Console, report: Report, json_file: Path | None) -> None:
    from nnspec_conformance import failures

    file = json_file or _LAST
    numbered = [r for t in report.targets for r in report.rows[t] if r.counterexample is not None]
    if numbered and json_file is None:
        try:
            _LAST.parent.mkdir(exist_ok=True)
            report.write_json(_LAST)
        except OSError as error:
            console.print(escape(f"nothing to replay: {error}"))
    for target in report.targets:
        bad = [r for r in report.rows[target] if r.verdict in ("fail", "error", "timeout", "inconclusive", "not run")]
        for place, row in enumerate(bad):
            if place == 0 and row.counterexample is not None:
                number = next(n for n, r in enumerate(numbered, 1) if r is row)
                again: str | None = f"nnspec replay {shlex.quote(str(file))}" + (
                    f" --number {number}" if number > 1 else ""
                )
                if target.startswith("vectors:"):
                    again = None  # answers in a file cannot be asked again
                console.print(failures.explained(target, row, again), markup=False)
            else:
                console.print(failures.line(target, row), markup=False)
        deviating = [r for r in report.rows[target] if r.verdict == "declared deviation"]
        for row in deviating:
            console.print(f"declared deviation  {target}  {row.equation}  {row.aspect}: {row.message}", markup=False)
    table = Table(box=None, header_style="bold")
    for heading in (
        "target",
        "pass",
        "fail",
        "error",
        "inconclusive",
        "deviation",
        "not implemented",
        "not run",
        "undecided",
    ):
        table.add_column(heading, justify="left" if heading == "target" else "right")
    for target in report.targets:
        s = report.summary(target)
        share = s["undecided_entries"] / s["entries"] if s["entries"] else 0.0
        table.add_row(
            target,
            str(s["pass"]),
            str(s["fail"]),
            str(s["error"] + s["timeout"]),
            str(s["inconclusive"]),
            str(s["declared deviation"]),
            str(s["not implemented"]),
            str(s["not run"]),
            f"{share:.3%}",
        )
    console.print(table)
    for target in report.targets:
        word = "conforms" if report.conforms(target) else "does not conform"
        if all(r.verdict == "not implemented" for r in report.rows[target]):
            word += ": it has no function with the name of an equation that was asked for; `nnspec list` prints them"
        console.print(f"{target}: {word}  (profile {report.profile}, seed {report.seed}, {report.seconds:.1f} s)")
    for unused in report.unused_deviations:
        console.print(f"[red]declared deviation that matched nothing:[/] {escape(str(unused))}")


# -------------------------------------------------------------------------------------------- replay
@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=_LAST)
@click.option("--target", "spec", help="Another target than the one that failed.")
@click.option("--number", type=click.IntRange(1), default=1, show_default=True, help="Which failure of a report.")
@click.option("--here", is_flag=True, hidden=True)
def replay(file: Path, spec: str | None, number: int, here: bool) -> None:
    """Run one counterexample again, from its JSON (a report, or one of its rows), in a fresh process.

    Exit status: 0 the case conforms now, 1 it still fails.
    """
    _need_test_extra()
    if not here:
        call = [sys.executable, "-m", "nnspec_conformance", "replay", "--here", "--number", str(number)]
        status = subprocess.run([*call, *(["--target", spec] if spec else []), str(file)], check=False).returncode
        if status not in (_CONFORMS, 1, 2):
            click.echo(f"the process ended before there was a verdict (status {status})")
        sys.exit({_CONFORMS: 0, 2: 2}.get(status, 1))
    import nnspec
    from nnspec_conformance import failures, targets

    sys.path.insert(0, os.getcwd())
    try:
        outcome = failures.replay(json.loads(file.read_text(encoding="utf-8")), spec, number)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise click.UsageError(f"{file}: no counterexample to replay ({error})") from None
    except (targets.TargetError, nnspec.BackendUnavailable) as error:
        raise click.UsageError(str(error)) from None
    _console().print(outcome.text, markup=False)
    sys.exit(_CONFORMS if outcome.conforms else 1)


# ------------------------------------------------------------------------------------------- vectors
@main.group()
def vectors() -> None:
    """Frozen vectors as JSON, for an implementation that no process can be started for."""


@vectors.command("export")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--equation", "globs", multiple=True, default=("*",), metavar="GLOB", help="Only these equations.")
def vectors_export(directory: Path, globs: tuple[str, ...]) -> None:
    """Write the vectors, an index with their hashes, and their JSON schema to DIR."""
    _need_test_extra()
    from nnspec_conformance import vectors as vectors_module
    from nnspec_reference.catalogue import catalogue

    records = [r for r in catalogue().values() if r.arrays and any(fnmatch.fnmatchcase(r.id, g) for g in globs)]
    if not records:
        raise click.UsageError(f"no equation matches {', '.join(globs)}")
    try:
        index = vectors_module.export(directory, records, lambda ident, n: click.echo(f"{n:5} {ident}"))
    except vectors_module.VectorError as error:
        raise click.UsageError(str(error)) from None
    total = sum(about["vectors"] for about in index["files"].values())
    click.echo(f"{total:5} vectors of {len(index['files'])} equations in {directory}")


@vectors.command("check")
@click.argument("answers", metavar="ANSWERS", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--vectors",
    "directory",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that `vectors export` wrote.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the JSON report.")
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML report.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit report.")
def vectors_check(
    answers: Path, directory: Path, json_file: Path | None, html_file: Path | None, junit_file: Path | None
) -> None:
    """Judge ANSWERS, a file with one JSON object a line; verdicts and exit status as those of `check`."""
    _need_test_extra()
    from nnspec_conformance import vectors as vectors_module

    try:
        report = vectors_module.check(directory, answers)
    except vectors_module.VectorError as error:
        raise click.UsageError(str(error)) from None
    _conclude(_console(), report, json_file)
    _write(report, json_file, html_file, junit_file)
    sys.exit(0 if report.ok else 1)


# ----------------------------------------------------------------------------------------------- zoo
@main.command()
@click.option("--equation", "globs", multiple=True, default=("*",), metavar="GLOB", help="Only these equations.")
@click.option("--examples", type=click.IntRange(1), default=20, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False))
def zoo(globs: tuple[str, ...], examples: int, seed: int, json_file: Path | None) -> None:
    """Measure the suite: every known mistake as a whole implementation, and who kills it.

    Exit status: 0 every one is rejected and named, 1 otherwise.
    """
    _need_test_extra()
    from nnspec_conformance import zoo as zoo_module

    console = _console()
    outcomes = zoo_module.measure(globs, examples, seed)
    if not outcomes:
        raise click.UsageError(f"no variant matches {', '.join(globs)}")
    table = Table(
        "variant", "mistake", "forward", "gradient", "cases to kill", "diagnosed as", box=None, header_style="bold"
    )
    for o in outcomes:
        named = "itself" if o.diagnosed else ", ".join(o.named) or "[red]nothing[/]"
        killed = {True: "killed", False: "·"}
        cases = str(o.cases) if o.killed else "[red]survives[/]"
        table.add_row(o.variant, o.title, killed[o.forward], killed[o.gradient], cases, named)
    console.print(table)
    alive = [o for o in outcomes if not o.killed]
    unnamed = [o for o in outcomes if o.killed and not o.diagnosed]
    console.print(f"{len(outcomes)} mistakes, {len(alive)} survive, {len(unnamed)} not named")
    if json_file:
        json_file.write_text(json.dumps([o.to_json() for o in outcomes], indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if alive or unnamed else 0)


# -------------------------------------------------------------------------------------------- errata
@main.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the page to this file.")
def errata(output: Path | None) -> None:
    """What the notes print, what is right, and the command that shows it, as Markdown."""
    from nnspec_conformance import errata as errata_module

    text = errata_module.markdown()
    if output is None:
        click.echo(text)
    else:
        output.write_text(text, encoding="utf-8")
