"""What people bring: modules of every make, right ones and ones that misbehave. Each gets its verdict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from nnspec_conformance import runner, targets

SIGMOID = """
import numpy as np
def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))
def sigmoid_vjp(c, x):
    return {"x": c["y"] * sigmoid(x) * sigmoid(-x)}
"""
TANH = "import numpy as np\ndef tanh(x):\n    "

RIGHT = {
    "one example at a time": f"{SIGMOID}batched = False",
    "only in float32": f"{SIGMOID}dtypes = ['float32']",
    "only forward": f"{TANH}return np.tanh(x)",
    "a list of one": f"{TANH}return [np.tanh(x)]",
    "a dict": f"{TANH}return {{'y': np.tanh(x)}}",
    "a named tuple": f"{TANH}import collections; return collections.namedtuple('R', 'y')(np.tanh(x))",
    "by keywords": "import numpy as np\ndef tanh(**given):\n    return np.tanh(given['x'])",
    "an object": "import numpy as np\nclass activation:\n    tanh = staticmethod(lambda x: np.tanh(x))",
    "printing": f"{TANH}print(x); return np.tanh(x)",
    "elsewhere": "import os; os.chdir('/')\n" + f"{TANH}return np.tanh(x)",
    "raising warnings": "import warnings\n" + f"{TANH}warnings.warn('!'); return np.tanh(x)",
}

WRONG = {
    "no array": f"{TANH}return None",
    "whole numbers": f"{TANH}return np.tanh(x).astype(int)",
    "objects": f"{TANH}return np.tanh(x).astype(object)",
    "text": f"{TANH}return np.tanh(x).astype(str)",
    "complex numbers": f"{TANH}return np.tanh(x).astype(complex)",
    "long doubles": f"{TANH}return np.tanh(x.astype(np.longdouble))",
    "NaN": f"{TANH}return np.tanh(x) * np.nan",
    "transposed": f"{TANH}return np.tanh(x).T",
    "a generator": f"{TANH}yield np.tanh(x)",
    "one result too many": f"{TANH}return {{'y': np.tanh(x), 'cache': x}}",
    "no end": "def tanh(x): return tanh(x)",
    "an exception": f"{TANH}raise RuntimeError('a\\nb \\x1b[31m \\x00 \\ud800 [bold]')",
    "sys.exit(0)": f"{TANH}raise SystemExit(0)",
    "its own BaseException": "class Stop(BaseException): pass\ndef tanh(x): raise Stop",
    "a state": f"{TANH}state.append(0); return np.tanh(x) * (1 + 1e-9 * (len(state) > 3))\nstate = []",
    "the input": f"{TANH}return np.tanh(x, out=x)",
    "a buffer": f"{TANH}return np.tanh(x, out=kept.setdefault((x.shape, x.dtype), 1 * x))\nkept = {{}}",
    "no gradient by name": SIGMOID.replace('{"x": c', "(c").replace("(-x)}", "(-x))"),
}

UNUSABLE = {
    "no such import": "import no_such_module",
    "an exception": "raise RuntimeError('here')",
    "sys.exit(0)": "raise SystemExit(0)",
    "no Python": "def tanh(x) return x",
    "no such library": "autodiff = 'tensorflow'",
    "a misspelt id": "options = {'gated.gruu': {}}",
    "a misspelt option": "options = {'gated.gru': {'updat': 'previous'}}",
    "a misspelt value": "options = {'gated.gru': {'update': 'prev'}}",
    "no such result": "results = {'gated.gru': ['hh']}",
    "no such dtype": "dtypes = ['float16']",
    "a dtype in place of a list": "dtypes = 'float64'",
    "an id in place of a list": "forward_only = 'gated.gru'",
}


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return path


def checked(path: Path) -> tuple[bool, list[str]]:
    target = targets.load(str(path))
    chosen = runner.Settings(equations=("activation.sigmoid", "activation.tanh"), examples=2, shrink_seconds=0.5)
    report = runner.check([target], chosen)
    rows = [r for r in report.rows[target.name] if r.verdict not in ("pass", "not implemented")]
    report.write_junit(path.with_suffix(".xml"))
    JUnitXml.fromfile(str(path.with_suffix(".xml")))
    assert all(r.message.isprintable() for r in rows)
    return report.ok, [f"{r.verdict} {r.aspect}: {r.message}" for r in rows]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_module_passes_however_it_is_written(name: str, tmp_path: Path) -> None:
    ok, rows = checked(written(tmp_path, RIGHT[name]))
    assert ok and not rows


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("name", WRONG)
def test_a_module_that_misbehaves_is_rejected(name: str, tmp_path: Path) -> None:
    ok, rows = checked(written(tmp_path, WRONG[name]))
    assert rows and not ok


def test_a_gradient_without_names_is_told_so(tmp_path: Path) -> None:
    _, rows = checked(written(tmp_path, WRONG["no gradient by name"]))
    assert any("sigmoid_vjp must return a dict of gradients by argument name" in row for row in rows)


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_module_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(targets.TargetError):
        targets.load(str(written(tmp_path, f"{UNUSABLE[name]}\ndef tanh(x): return x")))


def nnspec(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "nnspec_conformance", *arguments]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "import os; os._exit(0)"])
def test_no_end_of_a_candidate_is_taken_for_success(end: str, tmp_path: Path) -> None:
    written(tmp_path, f"def tanh(x):\n    {end}")
    check = ("check", "mine.py", "--equation", "activation.tanh", "--aspect", "forward", "--dtype", "float64")
    done = nnspec(tmp_path, *check, "--workers", "1", "--examples", "1")
    assert done.returncode == 1
    assert "does not conform" in done.stdout


def test_a_replayed_candidate_that_ends_does_not_conform(tmp_path: Path) -> None:
    written(tmp_path, f"{TANH}return x")
    check = ("check", "mine.py", "--equation", "activation.tanh", "--aspect", "forward", "--dtype", "float64")
    assert nnspec(tmp_path, *check, "--examples", "1").returncode == 1
    assert nnspec(tmp_path, "replay").returncode == 1
    written(tmp_path, f"{TANH}return np.tanh(x)")
    assert nnspec(tmp_path, "replay").returncode == 0
    written(tmp_path, "import os\ndef tanh(x): os._exit(0)")
    done = nnspec(tmp_path, "replay")
    assert done.returncode == 1
    assert "before there was a verdict" in done.stdout
