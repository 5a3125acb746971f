"""The examples, run as a user would: third parties conform but for what is declared, and that is exact."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DEVIATIONS = EXAMPLES / "deviations.toml"

Rows = list[dict[str, Any]]


def nnspec(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, Rows]:
    """Exit status, output and results of ``nnspec check``."""
    report = folder / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "nnspec_conformance", "check", *arguments, "--json", str(report)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=500,
    )
    results = json.loads(report.read_text())["results"] if report.exists() else []
    return done.returncode, done.stdout + done.stderr, results


def bad(rows: Rows) -> set[tuple[str, str, str]]:
    """What is no pass: (equation or law, aspect, verdict)."""
    fine = ("pass", "not implemented")
    return {(r["law"] or r["equation"], r["aspect"], r["verdict"]) for r in rows if r["verdict"] not in fine}


def diagnosed(rows: Rows, equation: str, aspect: str) -> set[str]:
    """The mistakes that explain an equation's failures."""
    return {
        d["variant"].partition("/")[2]
        for r in rows
        if r["equation"] == equation and r["aspect"] == aspect
        for d in r["diagnosis"]
    }


def both(equation: str, verdict: str = "fail") -> Iterable[tuple[str, str, str]]:
    return ((equation, aspect, verdict) for aspect in ("forward", "gradient"))


# ---------------------------------------------------------------------------------------------- PyTorch
def test_pytorch_conforms_but_for_what_is_declared(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    status, output, rows = nnspec(tmp_path, f"{EXAMPLES}/torch_nn.py", "--deviations", str(DEVIATIONS))
    assert status == 0, output
    passed = {r["equation"] for r in rows if r["verdict"] == "pass" and r["aspect"] == "forward"}
    assert {
        "layer.affine",
        "loss.softmax_cross_entropy",
        "embedding.onehot_lookup",
        "optimizer.sgd",
    } <= passed


def test_what_pytorch_does_differently(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    globs = ("activation.*", "loss.*", "gradient.*", "embedding.*", "softmax.*")
    chosen = [part for glob in globs for part in ("--equation", glob)]
    aspects = ("--aspect", "forward", "--aspect", "gradient", "--dtype", "float64")
    status, output, rows = nnspec(tmp_path, f"{EXAMPLES}/torch_nn.py", *chosen, *aspects)
    assert status == 1, output
    assert bad(rows) == {
        ("activation.relu", "gradient", "fail"),
        ("softmax.log_sum_exp", "gradient", "fail"),
        *both("loss.binary_cross_entropy"),
        ("loss.categorical_cross_entropy_logits", "forward", "fail"),
        ("loss.hard_nll", "gradient", "fail"),
        ("gradient.clip_norm", "forward", "fail"),
        ("embedding.cosine_similarity", "gradient", "fail"),
    }, output
    assert diagnosed(rows, "activation.relu", "gradient") == {"derivative_at_zero"}
    assert "clamped_logarithm" in diagnosed(rows, "loss.binary_cross_entropy", "forward")
    assert "epsilon_in_the_norm" in diagnosed(rows, "gradient.clip_norm", "forward")


NAIVE = """
import sys
sys.path.insert(0, {folder!r})
from torch_nn import gru

autodiff = "torch"

class after:
    autodiff = "torch"
    options = {{"gated.gru": {{"reset": "after"}}}}
    gru = staticmethod(gru)
"""


@pytest.mark.parametrize(("attribute", "mistake"), [("", "other_polarity_and_reset"), (":after", "other_polarity")])
def test_a_gru_of_another_convention_is_named(attribute: str, mistake: str, tmp_path: Path) -> None:
    """torch.nn.GRU taken for the cell of the notes: z weights the other state, r acts on the other side."""
    pytest.importorskip("torch")
    candidate = tmp_path / "naive.py"
    candidate.write_text(NAIVE.format(folder=str(EXAMPLES)))
    cut = ("--equation", "gated.gru", "--aspect", "forward", "--dtype", "float64", "--examples", "5")
    declared = ("--deviations", str(_refusals(tmp_path)))
    status, output, rows = nnspec(tmp_path, f"{candidate}{attribute}", *cut, *declared)
    assert status == 1 and bad(rows) == {("gated.gru", "forward", "fail")}, output
    assert diagnosed(rows, "gated.gru", "forward") == {mistake}, output


def _refusals(folder: Path) -> Path:
    file = folder / "refusals.toml"
    file.write_text(
        '[[deviation]]\nequation = "gated.gru"\n'
        'error = "to be larger than 0"\nreason = "refuses a sequence of length 0"\n'
    )
    return file


# ------------------------------------------------------------------------------------------------ others
def test_jax_conforms_but_for_what_is_declared(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    few = {"JAX_CELLS_SHAPES": "few", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    options = ("--dtype", "float64", "--examples", "5", "--deviations", str(DEVIATIONS))
    status, output, rows = nnspec(tmp_path, f"{EXAMPLES}/jax_cells.py", *options, **few)
    assert status == 0, output
    passed = {(r["equation"], r["aspect"]) for r in rows if r["verdict"] == "pass"}
    assert {(e, a) for e in ("gated.lstm", "gated.gru") for a in ("forward", "gradient")} <= passed
    assert bad(rows) == {
        ("activation.relu", "gradient", "declared deviation"),
        ("P06/slope_of_relu", "law", "declared deviation"),
        ("P26/log_of_an_empty_sum", "law", "declared deviation"),
    }


@pytest.mark.parametrize("evaluator", ["runtime", "reference"])
def test_onnx_conforms_but_for_what_is_declared(evaluator: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    target = f"{EXAMPLES}/onnx_ops.py:{evaluator}"
    status, output, rows = nnspec(tmp_path, target, "--deviations", str(DEVIATIONS))
    assert status == 0, output
    examined = {r["equation"]: r["examples"] for r in rows if r["aspect"] == "forward" and r["dtype"] == "float32"}
    assert examined["gated.lstm_peephole"] >= 10


def test_a_crash_of_onnx_runtime_is_a_verdict(tmp_path: Path) -> None:
    """It aborts on an empty batch. If this fails, it does no longer: take the guard out of the example."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    target = f"{EXAMPLES}/onnx_ops.py:runtime_unguarded"
    chosen = (
        "--equation",
        "gated.lstm",
        "--equation",
        "softmax.vector",
        "--aspect",
        "forward",
        "--workers",
        "2",
    )
    status, output, rows = nnspec(tmp_path, target, *chosen)
    assert status == 1 and bad(rows) == {("gated.lstm", "forward", "error")}, output
    assert ("softmax.vector", "pass") in {(r["equation"], r["verdict"]) for r in rows}


# ------------------------------------------------------------------------------------------- robustness
CANDIDATE = """
import os, signal
import numpy as np

def tanh(x):
    return np.tanh(x)

activation_tanh = tanh

def relu(x):
    os.abort()

def activation_sigmoid(x):
    while True:
        pass

def activation_identity(x):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as deaf as a loop in native code
    while True:
        pass
"""


def test_a_candidate_that_crashes_or_hangs_is_judged_and_so_are_the_others(tmp_path: Path) -> None:
    candidate = tmp_path / "deadly.py"
    candidate.write_text(CANDIDATE)
    chosen = ("--equation", "activation.*", "--aspect", "forward", "--workers", "2", "--timeout", "3")
    status, output, rows = nnspec(tmp_path, str(candidate), *chosen)
    assert status == 1, output
    assert bad(rows) == {
        ("activation.relu", "forward", "error"),
        ("activation.sigmoid", "forward", "timeout"),
        ("activation.identity", "forward", "timeout"),
    }, output
    assert "the process died" in output
    assert ("activation.tanh", "pass") in {(r["equation"], r["verdict"]) for r in rows}


DEVIATION = '[[deviation]]\nequation = "activation.tanh"\nreason = "none"\n'


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("", 0),
        (DEVIATION, 1),
        (f"{DEVIATION}case = 'special values'\n", 1),
        (f"{DEVIATION}within = 1.0\n", 1),
    ],
)
def test_a_deviation_that_matches_nothing_fails_the_run(more: str, status: int, tmp_path: Path) -> None:
    file = tmp_path / "deviations.toml"
    file.write_text(more)
    chosen = ("--equation", "activation.tanh", "--examples", "3", "--deviations", str(file))
    found, output, _ = nnspec(tmp_path, "numpy", *chosen)
    assert found == status, output
    assert ("matched nothing" in output) == bool(more)


WRONG = """
import numpy as np

def activation_tanh(x):
    return np.tanh(x)

def relu(x):
    return np.where(x > 0, x, {negative})
"""


@pytest.mark.parametrize(("negative", "status"), [("x / 100", 0), ("x / 50", 1)])
def test_a_declared_mistake_excuses_no_other(negative: str, status: int, tmp_path: Path) -> None:
    candidate, file = tmp_path / "leaky.py", tmp_path / "deviations.toml"
    candidate.write_text(WRONG.format(negative=negative))
    file.write_text('[[deviation]]\nequation = "activation.relu"\nvariant = "leaky"\nreason = "leaks on purpose"\n')
    chosen = ("--aspect", "forward", "--examples", "5", "--deviations", str(file))
    found, output, _ = nnspec(tmp_path, str(candidate), "--equation", "activation.*", *chosen)
    assert found == status, output
