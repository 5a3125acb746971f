"""Frozen vectors: the same bytes every time, by the schema, and judged as `check` judges."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nnspec_conformance import targets, variants, vectors, wire
from nnspec_conformance.cli import main
from nnspec_conformance.judge import expect
from nnspec_conformance.targets import Target
from nnspec_conformance.zoo import implementation

HANDFUL = ["activation.relu", "layer.affine", "softmax.log_sum_exp", "loss.hard_nll", "loss.sequence_nll"]


def export(directory: Path, *equations: str) -> Path:
    call = ["vectors", "export", str(directory), *(f"--equation={e}" for e in equations)]
    result = CliRunner().invoke(main, call, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return directory


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("vectors"), *HANDFUL)


BOTH = ("float64", "float32")


def answers(directory: Path, target: Target, dtypes: tuple[str, ...] = BOTH) -> list[dict[str, Any]]:
    found = []
    for ident, vector in vectors.read(directory).items():
        case = vector.case
        if case.dtype not in dtypes or not target.covers(case.record)[0]:
            continue
        gradient = bool(vector.expected.ball and vector.expected.ball.gradients)
        answer = target.answer(case, gradient)
        result = {"outputs": {n: wire.pack(np.asarray(v)) for n, v in answer.outputs.items()}}
        if gradient:
            result["gradients"] = {n: wire.pack(g) for n, g in (answer.gradients or {}).items()}
        found.append({"vector": ident, "result": result})
    return found


def check(directory: Path, lines: list[Any], tmp_path: Path, *more: str) -> Result:
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines), encoding="utf-8")
    call = ["vectors", "check", str(file), "--vectors", str(directory), *more]
    return CliRunner().invoke(main, call, catch_exceptions=False)


# ------------------------------------------------------------------------------------------- export
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_writes_the_same_bytes(directory: Path, tmp_path: Path, hash_seed: str) -> None:
    call = [sys.executable, "-m", "nnspec_conformance", "vectors", "export", str(tmp_path)]
    globs = [f"--equation={e}" for e in HANDFUL]
    subprocess.run([*call, *globs], check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
    names = sorted(p.name for p in directory.iterdir())
    assert names == sorted(p.name for p in tmp_path.iterdir())
    for name in names:
        assert (tmp_path / name).read_bytes() == (directory / name).read_bytes(), name


def test_the_files_keep_to_their_schema(directory: Path) -> None:
    import jsonschema

    schema = json.loads((directory / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for equation in HANDFUL:
        validator.validate(json.loads((directory / f"{equation}.json").read_text()))


@pytest.mark.parametrize("equation", HANDFUL)
def test_the_minimal_vectors_reject_every_known_mistake(directory: Path, equation: str) -> None:
    document = json.loads((directory / f"{equation}.json").read_text())
    minimal = [v for v in document["vectors"] if v["minimal"]]
    known = {v.id for v in variants.of(equation)}
    assert known
    assert {r for v in minimal for r in v["rejects"]} == known == set(document["mistakes"])
    assert len(minimal) <= len(known)


def test_a_frozen_ball_holds_the_live_one_and_little_more(directory: Path) -> None:
    from nnspec_conformance.oracle import enclosure, is_meaningful

    for vector in vectors.read(directory).values():
        live, frozen = expect(vector.case).ball, vector.expected.ball
        assert live is not None
        assert frozen is not None
        for name, balls in live.results.items():
            for index in np.ndindex(balls.shape):
                if not isinstance(balls[index], float) and is_meaningful(balls[index]):
                    a, b = enclosure(balls[index]), enclosure(frozen.results[name][index])
                    assert b.contains(a)
                    if a.is_finite():
                        assert float(b.rad()) <= float(a.rad()) * 1.001 + abs(float(a.mid())) * 2.0**-52


def test_an_earlier_export_is_replaced_but_nothing_else(tmp_path: Path) -> None:
    export(tmp_path, "activation.relu", "activation.tanh")
    export(tmp_path, "activation.relu")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["activation.relu.json", "index.json", "schema.json"]
    (tmp_path / "index.json").unlink()
    result = CliRunner().invoke(main, ["vectors", "export", str(tmp_path), "--equation=activation.relu"])
    assert result.exit_code == 2
    assert "neither empty nor a folder of vectors" in result.output


# -------------------------------------------------------------------------------------------- check
def test_right_answers_conform(directory: Path, tmp_path: Path) -> None:
    result = check(directory, answers(directory, targets.load("numpy")), tmp_path)
    assert result.exit_code == 0, result.output
    assert "conforms" in result.output


def test_a_known_mistake_is_rejected_and_named(directory: Path, tmp_path: Path) -> None:
    mistake = variants.of("layer.affine")[0]
    result = check(directory, answers(directory, implementation(mistake), ("float64",)), tmp_path)
    assert result.exit_code == 1
    assert "FAIL" in result.output
    assert mistake.title in result.output
    assert "nnspec replay" not in result.output


def test_one_wrong_number_is_found(directory: Path, tmp_path: Path) -> None:
    lines = answers(directory, targets.load("numpy"))
    line = next(x for x in lines if x["vector"].startswith("softmax"))
    values = line["result"]["outputs"]["log_Z"]["values"]
    values[-1] = (float.fromhex(values[-1]) * (1 + 1e-13)).hex()
    result = check(directory, lines, tmp_path)
    assert result.exit_code == 1
    assert "log_Z[" in result.output


def test_a_skip_is_allowed_and_a_gap_is_not(directory: Path, tmp_path: Path) -> None:
    lines = answers(directory, targets.load("numpy"))
    skipped = [{"vector": lines[0]["vector"], "skipped": "no"}, *lines[1:]]
    assert check(directory, skipped, tmp_path).exit_code == 0
    result = check(directory, lines[1:], tmp_path)
    assert result.exit_code == 1
    assert "vectors have no answer" in result.output


def test_equations_without_answers_are_not_implemented(directory: Path, tmp_path: Path) -> None:
    lines = [x for x in answers(directory, targets.load("numpy")) if x["vector"].startswith("layer.affine/")]
    for line in lines:
        line["result"].pop("gradients", None)
    report = tmp_path / "report.json"
    assert check(directory, lines, tmp_path, "--json", str(report)).exit_code == 0
    verdicts = {(r["equation"], r["aspect"]): r["verdict"] for r in json.loads(report.read_text())["results"]}
    assert verdicts["layer.affine", "forward"] == "pass"
    assert verdicts["layer.affine", "gradient"] == "not implemented"
    assert verdicts["loss.hard_nll", "forward"] == "not implemented"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "answers.jsonl:1: not JSON"),
        ('{"vector": "layer.affine/0"}', "is no vector"),
        ('{"vector": "layer.affine/1"}\n{"vector": "layer.affine/1"}', "answered twice"),
    ],
)
def test_a_bad_file_is_a_usage_error(directory: Path, tmp_path: Path, line: str, message: str) -> None:
    result = check(directory, [line], tmp_path)
    assert result.exit_code == 2
    assert message in result.output


def test_an_answer_of_the_wrong_form_is_an_error(directory: Path, tmp_path: Path) -> None:
    lines = answers(directory, targets.load("numpy"))
    lines[0] = {"vector": lines[0]["vector"], "result": {"outputs": {"y": [1]}}}
    result = check(directory, lines, tmp_path)
    assert result.exit_code == 1
    assert "expected dtype, shape and values" in result.output


def test_changed_vectors_are_refused(tmp_path: Path) -> None:
    export(tmp_path, "activation.relu")
    file = tmp_path / "activation.relu.json"
    file.write_text(file.read_text().replace("0x1.8", "0x1.9"))
    result = check(tmp_path, [], tmp_path)
    assert result.exit_code == 2
    assert "SHA-256" in result.output
