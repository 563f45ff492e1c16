"""Runs a function in a child process, so that a subject that hangs, crashes or exits takes nothing with it."""

import gc
import os
import pickle
import select
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What came of a run: its value, or why there is none."""

    value: Any = None
    problem: str = ""


@dataclass
class Child:
    """A forked process that runs one function and sends back what it returns."""

    pid: int
    pipe: int

    @classmethod
    def start(cls, function: Callable[[], Any]) -> "Child":
        gc.freeze()  # a collection in the child would touch, and so copy, every page of this process
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
            return cls(pid, reader)
        os.close(reader)
        os.setsid()
        status = 1
        try:
            with os.fdopen(writer, "wb") as stream:
                stream.write(pickle.dumps(function()))
            status = 0
        finally:
            os._exit(status)

    def wait(self, deadline: float, limit: float) -> Outcome:
        """The child's outcome; past the deadline it is killed, with everything that it started."""
        received = b""
        while select.select([self.pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            chunk = os.read(self.pipe, 1 << 16)
            if not chunk:
                return self._end(received)
            received += chunk
        os.killpg(self.pid, signal.SIGKILL)
        self._reap()
        return Outcome(problem=f"did not return within {limit:g} s")

    def _end(self, received: bytes) -> Outcome:
        status = self._reap()
        if received and status == 0:
            return Outcome(pickle.loads(received))
        if status < 0:
            return Outcome(problem=f"crashed the process ({signal.Signals(-status).name})")
        return Outcome(problem=f"ended the process with exit status {status}")

    def _reap(self) -> int:
        os.close(self.pipe)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def run_isolated(function: Callable[[], Any], limit: float) -> Outcome:
    """Runs one function in a child process, for at most `limit` seconds."""
    return Child.start(function).wait(time.monotonic() + limit, limit)


def run_all_isolated(functions: Mapping[str, Callable[[], Any]], limit: float) -> dict[str, Outcome]:
    """Runs every function in a child of its own, all at once, under one time limit."""
    children = {name: Child.start(function) for name, function in functions.items()}
    deadline = time.monotonic() + limit
    return {name: child.wait(deadline, limit) for name, child in children.items()}
