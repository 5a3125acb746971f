"""A target behind a command: right, wrong, crashing, hanging, babbling and skipping servers."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nnspec_conformance import command, targets, wire
from nnspec_conformance.cases import Case
from nnspec_conformance.cli import main

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "any_language"

SERVER = """
import json, math, os, sys, time
DESCRIPTION = {"protocol": 1, "name": "test", "equations": {"activation.tanh": {"gradient": True}}}
def X(request): return request["arguments"]["x"]
def floats(a): return [float.fromhex(v) for v in a["values"]]
def like(a, values): return {**a, "values": [v.hex() for v in values]}
def output(request): return like(X(request), map(math.tanh, floats(X(request))))
def gradient(request):
    g, x = floats(request["cotangents"]["y"]), X(request)
    return like(x, [a * (1 - math.tanh(v) ** 2) for a, v in zip(g, floats(x))])
def answer(request):
    result = {"outputs": {"y": output(request)}}
    if request["cmd"] == "vjp":
        result["gradients"] = {"x": gradient(request)}
    return {"seq": request["seq"], "result": result}
#MISBEHAVE
for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "stop":
        break
    found = {"result": DESCRIPTION} if request["cmd"] == "start" else answer(request)
    print(found if isinstance(found, str) else json.dumps(found), flush=True)
"""


@pytest.fixture
def server(tmp_path: Path) -> Any:
    def make(misbehaviour: str = "") -> str:
        file = tmp_path / "server.py"
        file.write_text(SERVER.replace("#MISBEHAVE", misbehaviour), encoding="utf-8")
        return shlex.join([sys.executable, str(file)])

    return make


def check(cmd: str, *more: str, equation: str = "activation.tanh") -> Result:
    call = ["check", "--command", cmd, "--equation", equation, "--examples", "5", "--workers", "1", *more]
    return CliRunner().invoke(main, call, catch_exceptions=False)


def rows(cmd: str, tmp_path: Path, *more: str) -> dict[str, Any]:
    file = tmp_path / "report.json"
    result = check(cmd, "--json", str(file), *more)
    assert result.exit_code == 1, result.output
    results = json.loads(file.read_text())["results"]
    return {r["aspect"]: r for r in results if r["verdict"] != "not implemented"}


def case(x: Any) -> Case:
    x = np.array(x, ndmin=2, dtype=np.float64)
    sizes = {"B": x.shape[0], "n": x.shape[1]}
    return Case("activation.tanh", "float64", sizes, {"x": x}, {}, {"y": np.ones_like(x)})


# ------------------------------------------------------------------------------------------- servers
def test_a_right_server_conforms(server: Any) -> None:
    result = check(server())
    assert result.exit_code == 0, result.output
    assert "conforms" in result.output


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_python_example_conforms(workers: str) -> None:
    cmd = shlex.join([sys.executable, str(EXAMPLES / "server.py")])
    result = check(cmd, "--workers", workers, "--equation", "layer.affine", equation="activation.sigmoid")
    assert result.exit_code == 0, result.output


@pytest.mark.skipif(shutil.which("node") is None, reason="NOT RUN: node is not installed")
@pytest.mark.parametrize("equation", ["activation.tanh", "softmax.vector", "layer.affine", "recurrent.first_step_bias"])
def test_the_javascript_example_conforms(equation: str) -> None:
    result = check(f"node {shlex.quote(str(EXAMPLES / 'server.mjs'))}", equation=equation)
    assert result.exit_code == 0, result.output


def test_a_wrong_gradient_is_named_and_shrunk(server: Any, tmp_path: Path) -> None:
    wrong = "right = gradient\ndef gradient(request): a = right(request); return like(a, [-v for v in floats(a)])\n"
    found = rows(server(wrong), tmp_path, "--aspect", "forward", "--aspect", "gradient", "--dtype", "float64")
    assert found["forward"]["verdict"] == "pass"
    assert found["gradient"]["verdict"] == "fail"
    assert found["gradient"]["counterexample"]["sizes"] == {"B": 1, "n": 1}
    replayed = CliRunner().invoke(main, ["replay", "--here", str(tmp_path / "report.json")])
    assert replayed.exit_code == 1
    assert "gradient of x[0, 0]" in replayed.output


def test_a_known_mistake_gets_its_name(server: Any) -> None:
    result = check(server("math.tanh = lambda x: 2 / (1 + math.exp(-x)) - 1"), "--aspect", "forward")
    assert result.exit_code == 1
    assert "the argument is not doubled" in result.output, result.output


def test_a_crash_is_an_error_and_the_rest_is_checked(server: Any, tmp_path: Path) -> None:
    crash = (
        "right = gradient\n"
        "def gradient(request):\n"
        "    if 0.0 in floats(request['arguments']['x']):\n"
        "        print('no zeros please', file=sys.stderr, flush=True); os._exit(3)\n"
        "    return right(request)\n"
    )
    found = rows(server(crash), tmp_path, "--aspect", "forward", "--aspect", "gradient")
    assert found["forward"]["verdict"] == "pass"
    assert found["gradient"]["verdict"] == "error"
    assert found["gradient"]["message"] == (
        "the process ended with status 3 instead of an answer; its last words: no zeros please"
    )
    assert found["gradient"]["counterexample"]["sizes"] == {"B": 1, "n": 1}
    assert found["gradient"]["examples"] > 5


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_signal_is_named(server: Any) -> None:
    target = targets.load("command:" + server("def output(request): os.kill(os.getpid(), 11)\n"))
    with pytest.raises(targets.Fault, match="killed by SIGSEGV"):
        target.answer(case([1.0]), False)


def test_a_hang_is_a_timeout_that_is_met_once(server: Any, tmp_path: Path) -> None:
    hang = (
        "right = gradient\n"
        "def gradient(request):\n"
        "    if request['sizes']['n'] == 1: time.sleep(1000)\n"
        "    return right(request)\n"
    )
    found = rows(server(hang), tmp_path, "--timeout", "6", "--aspect", "forward", "--aspect", "gradient")
    assert found["forward"]["verdict"] == "pass"
    assert found["gradient"]["verdict"] == "timeout"
    assert found["gradient"]["message"].startswith("no answer within 0.75 s")
    assert found["gradient"]["seconds"] < 3


def test_a_child_that_does_not_read_is_a_hang(server: Any) -> None:
    deaf = "import atexit; atexit.register(time.sleep, 60); sys.stdin = iter([sys.stdin.readline()])"
    target = targets.load("command:" + server(deaf), 0.5)
    with pytest.raises(targets.Hung):
        target.answer(case(np.ones((300, 300))), False)


@pytest.mark.parametrize(
    ("misbehaviour", "message"),
    [
        ("def answer(request): return 'tanh!'", "not JSON .*the line was 'tanh!'"),
        ("def answer(request): return '[1]'", "expected a JSON object, received list"),
        ("def answer(request): return {'seq': 99}", "expected the answer to seq 1, received 99"),
        ("def answer(request): return {'seq': 1}", "expected one of result, skipped, errored"),
        ("def answer(request): return {'seq': 1, 'result': {'outputs': {}}}", "expected y, received none"),
        ("def output(request): return [1.0]", r"y\[0\]: expected dtype, shape and values, not 1.0"),
        ("def output(request): return {**X(request), 'values': ['10']}", '"10" is no number'),
        ("def output(request): return {**X(request), 'values': []}", "needs 1 values, received 0"),
        ("def output(request): return {**X(request), 'values': '?'}", "not base64 of float64"),
        ("def output(request): return {**X(request), 'values': [math.nan]}", 'write "nan"'),
        ("def output(r): return {**X(r), 'dtype': 'float32', 'values': ['0x1.00000001p0']}", "is no float32"),
    ],
)
def test_garbage_is_quoted(server: Any, misbehaviour: str, message: str) -> None:
    target = targets.load("command:" + server(misbehaviour))
    with pytest.raises(targets.Fault, match=message):
        target.answer(case([0.5]), False)


def test_after_garbage_comes_a_new_child(server: Any) -> None:
    babble = "right = answer\ndef answer(request): return right(request) if request['sizes']['n'] > 1 else 'oops'\n"
    target = targets.load("command:" + server(babble))
    for _ in range(2):
        with pytest.raises(targets.Fault, match="oops"):
            target.answer(case([0.5]), False)
        assert target.answer(case([0.5, 1.0]), False).outputs["y"].tolist() == [np.tanh([0.5, 1.0]).tolist()]


def test_a_skip_is_no_failure(server: Any) -> None:
    skip = (
        "right = answer\n"
        "def answer(request):\n"
        "    if request['sizes']['B'] == 0: return {'seq': request['seq'], 'skipped': 'no empty batch'}\n"
        "    return right(request)\n"
    )
    result = check(server(skip))
    assert result.exit_code == 0, result.output


def test_all_skipped_is_no_success(server: Any) -> None:
    result = check(server("def answer(request): return {'seq': request['seq'], 'skipped': 'tired'}"))
    assert result.exit_code == 1
    assert "tired" in result.output


def test_an_error_of_its_own_is_told_with_its_issue(server: Any) -> None:
    own = "def answer(request): return {'seq': request['seq'], 'errored': 'not yet', 'issue': 'https://x/1'}"
    target = targets.load("command:" + server(own))
    with pytest.raises(targets.Errored, match=r"^not yet \(known: https://x/1\)$"):
        target.answer(case([0.5]), False)


@pytest.mark.skipif(sys.platform != "linux", reason="the memory limit is Linux's")
def test_memory_is_limited(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(command.MEMORY, "200")
    target = targets.load("command:" + server("def output(request): return like(request, bytearray(2**30))"))
    with pytest.raises(targets.Fault, match="MemoryError"):
        target.answer(case([0.5]), False)


# ------------------------------------------------------------------------------------------- start
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("['protocol'] = 2", "it speaks protocol 2, this is 1"),
        ("['equations'] = {'activation.tanhh': {}}", "'activation.tanhh' is no equation"),
        ("['equations']['activation.tanh'] = {'gradients': True}", "unknown key 'gradients'"),
        ("['dtypes'] = ['float16']", "dtypes: expected"),
        ("['arrays'] = 'xml'", "arrays: expected"),
        ("['equations']['activation.relu'] = {'options': {'grad_at_zero': 7}}", "grad_at_zero must be among"),
        ("['equations']['activation.relu'] = {'results': ['z']}", "results must be among y"),
    ],
)
def test_a_bad_description_is_a_usage_error(server: Any, change: str, message: str) -> None:
    result = check(server("DESCRIPTION" + change))
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize("cmd", ["/nowhere/server", "", shlex.join([sys.executable, "-c", "print('hello')"])])
def test_a_command_that_does_not_start_is_a_usage_error(cmd: str) -> None:
    assert check(cmd).exit_code == 2


def test_options_that_are_not_named_are_followed_by_default_only(server: Any) -> None:
    target = targets.load("command:" + server("DESCRIPTION['equations']['activation.relu'] = {}"))
    x = {"x": np.ones((1, 1))}
    relu = Case("activation.relu", "float64", {"B": 1, "n": 1}, x, {"grad_at_zero": 0}, {})
    with pytest.raises(targets.NotCovered, match="follows grad_at_zero=1"):
        target.answer(relu, False)


def test_a_child_ends_with_its_target(server: Any) -> None:
    target: Any = targets.load("command:" + server())
    process = target._running[0].process
    del target
    assert process.poll() is not None


# ------------------------------------------------------------------------------------ the documentation
def test_the_documented_exchange_is_what_happens() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line[:2] in ("→ ", "← ")]
    requests = [line[2:] for line in lines if line.startswith("→")]
    answers = [line[2:] for line in lines if line.startswith("←")]
    assert len(requests) == len(answers) + 1 == 4
    call = [sys.executable, str(EXAMPLES / "server.py")]
    done = subprocess.run(call, input="\n".join(requests) + "\n", capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == answers

    start, *cases, stop = map(json.loads, requests)
    assert start.keys() == {"cmd", "protocol", "spec_version"}
    assert start["protocol"] == command.PROTOCOL
    assert stop == {"cmd": "stop"}
    command.described(json.loads(answers[0]))
    for message, reply in zip(cases, map(json.loads, answers[1:]), strict=True):
        arguments = {n: wire.unpack(v) for n, v in message["arguments"].items()}
        cotangents = {n: wire.unpack(v) for n, v in message.get("cotangents", {}).items()}
        told = Case(message["equation"], message["dtype"], message["sizes"], arguments, {}, cotangents)
        gradient = message["cmd"] == "vjp"
        assert command.request(told, gradient, message["seq"]) == message
        command.answer(reply, told.record, [r.name for r in told.record.results], gradient)


@pytest.mark.parametrize("encoding", wire.ENCODINGS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_arrays_survive_the_wire(encoding: str, dtype: str) -> None:
    values = [0, -3, 2**40] if dtype == "int64" else [0.1, -0.0, np.nan, np.inf, -np.inf, 1e-310]
    array = np.array(values, dtype).reshape(-1, 1)
    back = wire.unpack(json.loads(json.dumps(wire.pack(array, encoding), allow_nan=False)))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
