"""A target in any language: a child process that answers JSON lines (the protocol: ``docs/protocol.md``).

The child is never trusted. A request has a time limit, the child a memory limit; after a crash, a hang or an
answer that is not the protocol's, that case has its verdict and the next one a new child.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from nnspec_conformance import wire
from nnspec_conformance.answers import Answer, Errored, Fault, Hung, NotCovered, TargetError
from nnspec_conformance.cases import Case
from nnspec_conformance.report import spec_version
from nnspec_conformance.wire import WireError, shorten
from nnspec_reference.catalogue import Equation, catalogue

__all__ = ["PROTOCOL", "Child", "CommandTarget", "Description", "answer", "described", "request"]

PROTOCOL = 1
SECONDS = 30.0
"""The time limit of a request where no run says otherwise, and the least for a child to start in."""
MEMORY = "NNSPEC_CHILD_MEMORY_MIB"
"""The environment variable that sets the child's memory limit (0: none); Linux only."""
_MEMORY_MIB = 4096
_LONGEST = 2**28  # bytes in a line
_STDERR_LINES = 5


# ---------------------------------------------------------------------------------------- the process
class Child:
    """One process that reads a line and writes a line."""

    def __init__(self, command: str) -> None:
        argv: Any = command if sys.platform == "win32" else shlex.split(command)
        if not argv:
            raise TargetError("the command is empty")
        pipe = subprocess.PIPE
        try:
            self.process = subprocess.Popen(
                argv, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=sys.platform != "win32"
            )
        except OSError as error:
            raise TargetError(f"{command}: {error.strerror or error}") from error
        _limit_memory(self.process.pid)
        assert self.process.stderr is not None
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        heard = (self.process.stderr, self._stderr)
        self._listener = threading.Thread(target=_listen, args=heard, daemon=True)
        self._listener.start()

    def ask(self, message: Mapping[str, Any], seconds: float) -> str:
        """Send a line and return the line that answers it; on any trouble the child is dead afterwards."""
        data = json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        answers: list[bytes] = []
        # in a thread, for both ends can block: a child that does not read, and one that does not write
        exchange = threading.Thread(target=_exchange, args=(self.process, data, answers), daemon=True)
        exchange.start()
        try:
            exchange.join(seconds)
            if exchange.is_alive():
                raise Hung(f"no answer within {seconds:g} s{self._said()}")
            line = answers[0] if answers else b""
            if not line:
                raise Fault(f"{self._ending()}{self._said()}")
            if not line.endswith(b"\n"):
                what = "a line without an end" if len(line) >= _LONGEST else "half a line"
                raise self.malformed(what, line.decode("utf-8", "replace"))
            return line.decode("utf-8", "replace").rstrip("\r\n")
        except BaseException:
            self.kill()
            raise

    def malformed(self, why: str, line: str) -> Fault:
        """An answer that is not the protocol's; the line is quoted."""
        return Fault(f"{why}; the line was {shorten(line)!r}{self._said()}")

    def stop(self) -> None:
        """Ask the child to end; it may take a second."""
        with contextlib.suppress(OSError, ValueError):
            assert self.process.stdin is not None
            self.process.stdin.write(b'{"cmd":"stop"}\n')
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        self.kill()

    def kill(self) -> None:
        """End the child and what it started."""
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        self._listener.join(1.0)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def _ending(self) -> str:
        try:
            status = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "the process closed its output without an answer"
        if status < 0:
            with contextlib.suppress(ValueError):
                return f"the process was killed by {signal.Signals(-status).name}"
        return f"the process ended with status {status} instead of an answer"

    def _said(self) -> str:
        if self.process.poll() is not None:
            self._listener.join(1.0)
        lines = [shorten(line.strip()) for line in self._stderr if line.strip()]
        return f"; its last words: {' | '.join(lines)}" if lines else ""


def _exchange(process: subprocess.Popen[bytes], data: bytes, answers: list[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError, ValueError):  # a broken pipe shows as an end of the output
        process.stdin.write(data)
        process.stdin.flush()
    with contextlib.suppress(OSError, ValueError):
        answers.append(process.stdout.readline(_LONGEST))


def _listen(stream: IO[bytes], lines: deque[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while line := stream.readline(4096):
            lines.append(line.decode("utf-8", "replace"))


def _limit_memory(pid: int) -> None:
    """Bound the child's private memory (V8, Go and the JVM reserve address space at will)."""
    try:
        mib = int(os.environ.get(MEMORY, _MEMORY_MIB))
    except ValueError:
        raise TargetError(f"{MEMORY}: expected a number of MiB, received {os.environ[MEMORY]!r}") from None
    if mib <= 0 or sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):  # it may have ended already
        resource.prlimit(pid, resource.RLIMIT_DATA, (mib << 20, mib << 20))


# --------------------------------------------------------------------------------------- the protocol
@dataclass(frozen=True)
class Implemented:
    """What a child says of one equation."""

    gradient: bool
    lengths: bool
    options: Mapping[str, Sequence[Any]]
    results: Sequence[str]


@dataclass(frozen=True)
class Description:
    """What a child says of itself in its answer to `start`."""

    name: str
    encoding: str
    dtypes: Sequence[str]
    equations: Mapping[str, Implemented]


_KEYS = {"protocol", "name", "version", "language", "issues", "arrays", "dtypes", "equations"}
_EQUATION_KEYS = {"gradient", "lengths", "options", "results"}


def described(document: Mapping[str, Any]) -> Description:
    """Read a child's description of itself; raises `WireError`."""
    result = document.get("result")
    if not isinstance(result, dict):
        raise WireError('start must be answered by {"result": {...}}')
    _only(result, _KEYS, "start")
    if result.get("protocol") != PROTOCOL:
        raise WireError(f"it speaks protocol {result.get('protocol')!r}, this is {PROTOCOL}")
    encoding = result.get("arrays", "hex")
    if encoding not in wire.ENCODINGS:
        raise WireError(f'arrays: expected "hex" or "base64", received {encoding!r}')
    dtypes = result.get("dtypes", ["float64"])
    if not isinstance(dtypes, list) or not dtypes or not all(d in ("float64", "float32") for d in dtypes):
        raise WireError(f'dtypes: expected "float64", "float32" or both, received {dtypes!r}')
    equations = result.get("equations")
    if not isinstance(equations, dict) or not equations:
        raise WireError("equations: expected an object with at least one equation's id")
    known = {ident: _implemented(ident, about) for ident, about in equations.items()}
    return Description(str(result.get("name", "")), encoding, tuple(dtypes), known)


def _implemented(ident: str, about: Any) -> Implemented:
    record = catalogue().get(ident)
    if record is None or not record.arrays:
        raise WireError(f"equations: {ident!r} is no equation on arrays; `nnspec list` prints them")
    if not isinstance(about, dict):
        raise WireError(f"{ident}: expected an object, received {about!r}")
    _only(about, _EQUATION_KEYS, ident)
    for key in ("gradient", "lengths"):
        if not isinstance(about.get(key, False), bool):
            raise WireError(f"{ident}: {key} must be true or false")
    given = about.get("options", {})
    names = [r.name for r in record.results]
    results = about.get("results", names)
    if not isinstance(given, dict) or set(given) - {o.name for o in record.options}:
        known = ", ".join(o.name for o in record.options) or "none"
        raise WireError(f"{ident}: options must be among {known}, not {given!r}")
    if not isinstance(results, list) or not results or not all(r in names for r in results):
        raise WireError(f"{ident}: results must be among {', '.join(names)}, not {results!r}")
    options = {}
    for option in record.options:
        values = given.get(option.name, option.default)
        values = values if isinstance(values, list) else [values]
        if not values or not all(v in option.values for v in values):
            raise WireError(f"{ident}: {option.name} must be among {option.values}, not {values!r}")
        options[option.name] = tuple(values)
    return Implemented(about.get("gradient", False), about.get("lengths", False), options, tuple(results))


def _only(document: Mapping[str, Any], keys: set[str], where: str) -> None:
    unknown = sorted(set(document) - keys)
    if unknown:
        raise WireError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(keys))}")


def request(case: Case, gradient: bool, seq: int, encoding: str = "hex") -> dict[str, Any]:
    """The message that puts a case to a child."""
    arguments: dict[str, Any] = {}
    for name, value in case.poisoned().items():
        packed = wire.pack(value, encoding) if case.record.argument(name).is_array else wire.number(value)
        arguments[name] = packed
    message = {
        "cmd": "vjp" if gradient else "run",
        "seq": seq,
        "equation": case.equation,
        "dtype": case.dtype,
        "sizes": dict(case.sizes),
        "options": dict(case.options),
        "arguments": arguments,
        "lengths": None if case.lengths is None else wire.pack(case.lengths, encoding),
    }
    if gradient:
        message["cotangents"] = {n: wire.pack(c, encoding) for n, c in case.cotangents.items()}
    return message


def answer(document: Mapping[str, Any], record: Equation, results: Sequence[str], gradient: bool) -> Answer:
    """Read a child's answer to a case; raises `NotCovered`, `Errored`, or `WireError` if it is none."""
    if "skipped" in document:
        raise NotCovered(str(document["skipped"]))
    if "errored" in document:
        issue = document.get("issue")
        raise Errored(f"{document['errored']}" + (f" (known: {issue})" if issue else ""))
    result = document.get("result")
    if not isinstance(result, dict):
        raise WireError("expected one of result, skipped, errored")
    _only(result, {"outputs", "gradients"}, "result")
    outputs, gradients = result.get("outputs"), result.get("gradients")
    if not isinstance(outputs, dict) or set(outputs) != set(results):
        shown = ", ".join(outputs) if isinstance(outputs, dict) else json.dumps(outputs)
        raise WireError(f"outputs: expected {', '.join(results)}, received {shorten(shown) or 'none'}")
    found = {n: wire.unpack(v, n) for n, v in outputs.items()}
    if not gradient:
        return Answer(found, None)
    if not isinstance(gradients, dict) or set(gradients) - set(record.smooth):
        shown = ", ".join(gradients) if isinstance(gradients, dict) else json.dumps(gradients)
        raise WireError(f"gradients: expected {', '.join(record.smooth)}, received {shorten(shown)}")
    return Answer(found, {n: wire.unpack(v, f"gradient of {n}") for n, v in gradients.items()})


# ------------------------------------------------------------------------------------------ the target
class CommandTarget:
    """An implementation behind a command."""

    def __init__(self, spec: str, seconds: float | None = None) -> None:
        self.name = spec
        self.command = spec.removeprefix("command:")
        self.seconds = SECONDS if seconds is None else seconds
        self._running: list[Child] = []  # at most one
        self._hung: set[tuple[str, bool]] = set()
        self._seq = 0
        weakref.finalize(self, _stop, self._running)
        try:
            self.description = self._start()
        except Fault as fault:
            raise TargetError(f"{self.command}: {fault}") from None
        self.options = {
            ident: {name: values[0] for name, values in about.options.items() if len(values) == 1}
            for ident, about in self.description.equations.items()
        }

    def _start(self) -> Description:
        child = Child(self.command)
        self._running.append(child)
        line = ""
        try:
            hello = {"cmd": "start", "protocol": PROTOCOL, "spec_version": spec_version()}
            line = child.ask(hello, max(self.seconds, SECONDS))
            return described(wire.parse(line))
        except WireError as error:
            self._drop()
            raise child.malformed(str(error), line) from None
        except BaseException:
            self._drop()
            raise

    def covers(self, record: Equation) -> tuple[bool, bool]:
        """What the child says."""
        about = self.description.equations.get(record.id)
        return about is not None, about is not None and about.gradient and bool(record.smooth)

    def dtypes(self) -> Sequence[str]:
        """What the child says."""
        return self.description.dtypes

    def answer(self, case: Case, gradient: bool) -> Answer:
        """Put the case to the child; a hang is not provoked twice."""
        about = self.description.equations[case.equation]
        for name, values in about.options.items():
            if case.options[name] not in values:
                raise NotCovered(f"follows {name}={', '.join(map(repr, values))}")
        if case.lengths is not None and not about.lengths:
            raise NotCovered("takes no lengths")
        if {(case.equation, False), (case.equation, gradient)} & self._hung:
            raise Hung("an earlier request of this equation hung: it is not asked again")
        if not self._running or self._running[0].process.poll() is not None:
            self._drop()
            self.description = self._start()
        child, self._seq = self._running[0], self._seq + 1
        line = ""
        try:
            line = child.ask(request(case, gradient, self._seq, self.description.encoding), self.seconds)
            document = wire.parse(line)
            if document.get("seq") != self._seq:
                raise WireError(f"expected the answer to seq {self._seq}, received {document.get('seq')!r}")
            return answer(document, case.record, about.results, gradient)
        except WireError as error:
            self._drop()
            raise child.malformed(str(error), line) from None
        except Hung:
            self._hung.add((case.equation, gradient))
            self._drop()
            raise
        except (NotCovered, Errored):
            raise
        except BaseException:  # a fault, or an interruption in the middle of an exchange
            self._drop()
            raise

    def _drop(self) -> None:
        while self._running:
            self._running.pop().kill()


def _stop(running: list[Child]) -> None:
    while running:
        running.pop().stop()
