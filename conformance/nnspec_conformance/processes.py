"""Jobs in processes of their own: a candidate that crashes or hangs ends its process, which is an answer, not the run.

`concurrent.futures` gives up the whole pool when one process dies, and cannot end one that hangs in native code.
"""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

__all__ = ["Lost", "run"]

Job = tuple[Any, ...]


@dataclass(frozen=True)
class Lost:
    """No answer: the process died, or it was ended because it hung."""

    hung: bool


@dataclass(frozen=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def run(waiting: deque[Job], workers: int, function: Callable[..., Any], seconds: float) -> Iterator[tuple[Job, Any]]:
    """The answers ``function(*job)`` as they come, `Lost` where there is none in time; what a job raises is raised.

    The caller may add jobs while it takes answers. `function` is found by its name in the new processes.
    """
    idle: list[_Worker] = []
    busy: dict[Connection, tuple[_Worker, Job, float]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                worker = idle.pop() if idle else _start(function)
                job = waiting.popleft()
                worker.connection.send(job)
                busy[worker.connection] = worker, job, time.monotonic() + seconds
            left = min(deadline for _, _, deadline in busy.values()) - time.monotonic()
            for connection in wait(list(busy), max(left, 0.0)):
                assert isinstance(connection, Connection)
                worker, job, _ = busy.pop(connection)
                try:
                    raised, answer = connection.recv()
                except (EOFError, OSError):
                    worker.kill()
                    yield job, Lost(hung=False)
                    continue
                idle.append(worker)
                if raised:
                    raise RuntimeError(f"{job[0]}: {answer}")
                yield job, answer
            for worker, job, deadline in list(busy.values()):
                if time.monotonic() > deadline:
                    del busy[worker.connection]
                    worker.kill()
                    yield job, Lost(hung=True)
    finally:
        for worker in idle:
            worker.connection.close()  # it goes when there is nobody to ask
        for worker, _, _ in busy.values():
            worker.kill()
        for worker in idle:
            worker.process.join(5.0)
            worker.process.kill()


def _start(function: Callable[..., Any]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, function))
    process.start()
    theirs.close()  # so that its end is the end
    return _Worker(process, ours)


def _serve(connection: Connection, function: Callable[..., Any]) -> None:
    """Answer jobs until nobody asks."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    try:
        while True:
            job = connection.recv()
            try:
                answer = False, function(*job)
            except Exception:
                answer = True, traceback.format_exc()
            connection.send(answer)
    except (EOFError, OSError, KeyboardInterrupt):
        pass
