"""A child process may return, raise, hang, exit or crash; the parent learns which."""

import os
import signal
import time

import pytest

from properties.harness.isolation import run_all_isolated, run_isolated


def test_value_comes_back():
    assert run_isolated(lambda: {"answer": 42}, 10).value == {"answer": 42}


def test_large_value_comes_back():
    assert len(run_isolated(lambda: b"x" * 10_000_000, 30).value) == 10_000_000


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: time.sleep(60), "did not return within 0.5 s"),
        (lambda: os._exit(3), "exit status 3"),
        (lambda: os.kill(os.getpid(), signal.SIGUSR1), "crashed the process (SIGUSR1)"),
    ],
)
def test_problem_is_named(function, words):
    assert words in run_isolated(function, 0.5 if "within" in words else 10).problem


def test_all_run_at_once_under_one_limit():
    began = time.monotonic()
    outcomes = run_all_isolated({"a": lambda: time.sleep(60), "b": lambda: time.sleep(60), "c": lambda: 1}, 2.0)
    assert time.monotonic() - began < 10
    assert outcomes["c"].value == 1
    assert outcomes["a"].problem
    assert outcomes["b"].problem
