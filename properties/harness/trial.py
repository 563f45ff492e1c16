"""What happened while a law ran: the calls of each example, the last failing example and the worst one."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import pytest
from hypothesis.errors import HypothesisException, StopTest, UnsatisfiedAssumption

from properties.closeness import Mismatch

SHRINK_SECONDS = 20.0


@dataclass(frozen=True)
class Call:
    """One call of a function under test, with what it was handed and what it gave back, or raised."""

    name: str
    arguments: dict[str, Any]
    result: Any


@dataclass(frozen=True)
class Failure:
    """One example that broke the law."""

    inputs: dict[str, Any]
    calls: tuple[Call, ...]
    exception: BaseException

    @property
    def error(self) -> float:
        return self.exception.error if isinstance(self.exception, Mismatch) else float("inf")


@dataclass
class Trial:
    """The record of one run of one law. Hypothesis replays the smallest failing example last."""

    calls: list[Call] = field(default_factory=list)
    last: Failure | None = None
    worst: Failure | None = None
    shrink_seconds: float = SHRINK_SECONDS
    shrink_until: float = float("inf")

    def note(self, inputs: dict[str, Any], exception: BaseException) -> None:
        if self.last is None:
            self.shrink_until = time.monotonic() + self.shrink_seconds
        self.last = Failure(inputs, tuple(self.calls), exception)
        if self.worst is None or self.last.error > self.worst.error:
            self.worst = self.last


class CannotExpress(BaseException):
    """An adapter raised NotImplementedError. Not an Exception, so that Hypothesis does not shrink the example."""


class _SmallEnough(BaseException):
    """Shrinking has had its time. Not an Exception, so that Hypothesis ends; the last failing example stands."""


class _Broken(BaseException):
    """A law does not hold. Not an Exception, so that Hypothesis neither replays nor prints the example."""


_current: Trial | None = None
_fail_fast = False


@contextlib.contextmanager
def failing_fast() -> Iterator[None]:
    """Where only the verdict matters: the first failing example ends the run."""
    global _fail_fast
    before, _fail_fast = _fail_fast, True
    try:
        yield
    finally:
        _fail_fast = before


@contextlib.contextmanager
def recording(limit: float = float("inf")) -> Iterator[Trial]:
    """Makes a new trial the current one, of which shrinking may take a third of the limit."""
    global _current
    before, _current = _current, Trial(shrink_seconds=min(SHRINK_SECONDS, limit / 3))
    try:
        yield _current
    finally:
        _current = before


def record(call: Call) -> None:
    """Adds a call to the current example, if a trial is on."""
    if _current is not None:
        _current.calls.append(call)


def tracked(example: Callable[..., None], not_inputs: frozenset[str]) -> Callable[..., None]:
    """The body of a law, which tells the current trial where an example begins and how it failed."""

    @functools.wraps(example)
    def run(*args: Any, **kwargs: Any) -> None:
        if _fail_fast:
            return _or_broken(example, *args, **kwargs)
        if _current is None:
            return example(*args, **kwargs)
        _current.calls.clear()
        if time.monotonic() > _current.shrink_until:
            raise _SmallEnough
        try:
            example(*args, **kwargs)
        except NotImplementedError as missing:
            if _current.last is not None:  # the law is broken already: shrink among what can be expressed
                hypothesis.reject()
            raise CannotExpress(*missing.args) from missing
        except (StopTest, UnsatisfiedAssumption):  # Hypothesis gives the example up: that is no failure
            raise
        except BaseException as exception:
            _current.note({name: value for name, value in kwargs.items() if name not in not_inputs}, exception)
            raise

    return run


def _or_broken(example: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    try:
        example(*args, **kwargs)
    except HypothesisException:
        raise
    except (Exception, pytest.fail.Exception) as exception:
        raise _Broken from exception
